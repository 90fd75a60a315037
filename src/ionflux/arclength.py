"""A curve in a plane followed along its own length, also where it turns back: pseudo-arclength continuation.

Source: H. B. Keller, in Applications of Bifurcation Theory, ed. P. H. Rabinowitz, Academic Press (1977), 359.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import hypot, isfinite
from typing import Generic, TypeVar

State = TypeVar("State")

#: the tangent may turn by so much from point to point (cosines: a step is repeated, is made longer)
_TURN, _STRAIGHT = 0.9, 0.985
#: steps in units of the scales: the shortest, the longest
_SHORTEST, _LONGEST = 1e-6, 0.5
#: points at most, and trials for one fold
_POINTS, _TRIALS = 2000, 60


@dataclass(frozen=True)
class Point(Generic[State]):
    """A point of the curve: x, y, dy/dx and whatever belongs to it."""

    x: float
    y: float
    slope: float
    state: State


@dataclass(frozen=True)
class Trace(Generic[State]):
    """What was followed. points : from the first to the last; folds : where x turns back; ends : whether the other end was reached."""

    points: tuple[Point[State], ...]
    folds: tuple[Point[State], ...]
    ends: bool


def follow(
    on_line: Callable[[Point[State], float, float, float], Point[State] | None],
    first: Point[State],
    end: float,
    scale: tuple[float, float],
    step: float = 0.1,
) -> Trace[State]:
    """Follow a curve from a point until x reaches the end.

    Parameters
    ----------
    on_line : callable
        ``on_line(near, a, b, target)``: the point of the curve next to `near` with a x + b y = target, None if there is none to be found.
    first : Point
        Where to begin.
    end : float
        The x at which to stop; it also says in which direction to set out.
    scale : (float, float)
        Sizes of x and y that count the same.
    step : float
        The first step, in units of the scales.
    """
    direction = 1.0 if end >= first.x else -1.0
    points: list[Point[State]] = [first]
    folds: list[Point[State]] = []
    at, tangent = first, _tangent(first, scale, (direction, direction * first.slope * scale[0] / scale[1]))
    while len(points) < _POINTS:
        new = _advance(on_line, at, tangent, step, scale)
        turned = _tangent(new, scale, tangent) if new is not None else tangent
        straight = tangent[0] * turned[0] + tangent[1] * turned[1]
        if new is None or straight < _TURN:
            step *= 0.5
            if step < _SHORTEST:
                return Trace(tuple(points), tuple(folds), False)
            continue
        if turned[0] * tangent[0] < 0:
            folds.append(_fold(on_line, at, tangent, step, scale))
        at, tangent = new, turned
        points.append(at)
        if (at.x - end) * direction >= 0:
            return Trace(tuple(points), tuple(folds), True)
        if straight > _STRAIGHT:
            step = min(1.6 * step, _LONGEST)
    return Trace(tuple(points), tuple(folds), False)


def _tangent(point: Point[State], scale: tuple[float, float], before: tuple[float, float]) -> tuple[float, float]:
    """Of length one, and no turn of more than a right angle from the one before."""
    rise = point.slope * scale[0] / scale[1]
    t = (1.0 / hypot(1.0, rise), rise / hypot(1.0, rise)) if abs(rise) < 1e150 else (0.0, 1.0)
    sign = 1.0 if t[0] * before[0] + t[1] * before[1] >= 0 else -1.0
    return sign * t[0], sign * t[1]


def _advance(
    on_line: Callable[[Point[State], float, float, float], Point[State] | None],
    at: Point[State],
    tangent: tuple[float, float],
    step: float,
    scale: tuple[float, float],
) -> Point[State] | None:
    """The point on the line across the tangent, so far ahead; none if it is far off the tangent."""
    a, b = tangent[0] / scale[0], tangent[1] / scale[1]
    new = on_line(at, a, b, a * at.x + b * at.y + step)
    if new is None or not (isfinite(new.x) and isfinite(new.y) and new.slope == new.slope):
        return None
    aside = hypot((new.x - at.x) / scale[0] - step * tangent[0], (new.y - at.y) / scale[1] - step * tangent[1])
    return new if aside <= 0.5 * step else None


def _fold(
    on_line: Callable[[Point[State], float, float, float], Point[State] | None],
    at: Point[State],
    tangent: tuple[float, float],
    step: float,
    scale: tuple[float, float],
) -> Point[State]:
    """Where dx is zero, between a point and the one a step ahead: the step halved again and again."""
    best, lo, hi = at, 0.0, step
    for _ in range(_TRIALS):
        middle = 0.5 * (lo + hi)
        new = _advance(on_line, at, tangent, middle, scale)
        if new is None:
            break
        best = new
        if _tangent(new, scale, tangent)[0] * tangent[0] > 0:
            lo = middle
        else:
            hi = middle
        if hi - lo <= 1e-9 * step:
            break
    return best
