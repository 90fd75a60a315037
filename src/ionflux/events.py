"""Events: where an observable of a run crosses a level, located on the stepper's own dense output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .errors import InputError
from .fields import Described, about, described, plain
from .observation import Observed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .protocols import Protocol

__all__ = ["Crossing", "Event", "Finder", "crosses", "crossings", "interpolate", "shortened"]

#: points within a step at which an observable is looked at; where a parabola through three of them turns near the level, there too
LOOKS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
#: for each interval between them the first of the three
TRIPLE = np.array([0, 0, 2, 2])
DIRECTIONS = {"up": (1,), "down": (-1,), "both": (1, -1)}


@described
class Crossing(Described):
    """An observable passing a level.

    Parameters
    ----------
    observable : str
        A name as in `record=`: ``"V"``, ``"c_in.K"``, ``"current.NaKATPase"``.
    level : float
        In the SI unit of the observable.
    direction : {"up", "down", "both"}
        From below to the level or above it, or the other way.
    """

    observable: str = field(kw_only=False)
    level: float = field(kw_only=False, metadata=about("1", lo=-1e300, hi=1e300, doc="level"))
    direction: str = field(default="up", kw_only=False)

    def __post_init__(self) -> None:
        if not isinstance(self.observable, str):
            raise InputError(f"crosses: observable = {self.observable!r} must be a name, as 'V' or 'c_in.K'")
        object.__setattr__(self, "level", plain(self.level, None, "crosses: level"))
        super().__post_init__()
        if self.direction not in DIRECTIONS:
            raise InputError(f"crosses: direction = {self.direction!r}; choose 'up', 'down' or 'both'")

    def __repr__(self) -> str:
        return f"crosses({self.observable!r}, {self.level!r}, {self.direction!r})"


def crosses(observable: str, level: float, direction: str = "up") -> Crossing:
    """Return an event for `events=` or `stop=` of `Cell.simulate`; see `Crossing`.

    Examples
    --------
    >>> crosses("V", -0.04)
    crosses('V', -0.04, 'up')
    """
    return Crossing(observable, level, direction)


class Event(NamedTuple):
    """One crossing that happened: when (s), what, and which way (+1 up, -1 down)."""

    t: float
    crossing: Crossing
    direction: int


def crossings(name: str, given: Any) -> tuple[Crossing, ...]:
    """The argument `events=` or `stop=` as a tuple."""
    listed = (given,) if isinstance(given, Crossing) else tuple(given or ())
    for c in listed:
        if not isinstance(c, Crossing):
            raise InputError(f'{name}: {c!r} is no event; write crosses("V", -40*mV)')
    return listed


class _States(Observed):
    """Any states at any times, for reading one observable."""

    def __init__(self, protocol: Protocol, t: NDArray[np.float64], y: NDArray[np.float64], segment: NDArray[np.intp]) -> None:
        self._t, self._y, self._segment, self._protocol = t, y, segment, protocol
        self._set(protocol.lowered, protocol.values, protocol.base)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._t.shape

    @property
    def _states(self) -> NDArray[np.float64]:
        return self._y

    @property
    def _slots(self) -> NDArray[np.intc]:
        return self._protocol.slots

    def _rows(self) -> NDArray[np.float64]:
        return self._protocol.rows_at(self._t, segment=self._segment)


class Finder:
    """Finds crossings in steps as they are recorded."""

    def __init__(self, protocol: Protocol, wanted: Sequence[Crossing]) -> None:
        self.protocol, self.wanted = protocol, tuple(wanted)
        self._last: dict[Crossing, float] = {}
        nothing = np.empty(0)
        y = np.empty((0, len(protocol.lowered.state_names)))
        for c in self.wanted:  # an unknown name is refused before anything runs
            x = _States(protocol, nothing, y, np.empty(0, np.intp)).observable(c.observable)
            if not isinstance(x, np.ndarray):
                raise InputError(f"crosses: {c.observable!r} stands for several quantities; name one, as {c.observable}.{next(iter(x))}")

    def scan(self, steps: NDArray[np.float64]) -> list[Event]:
        """Events of steps (t, t_new, y, y_new, p_2, p_3, p_4) that follow those scanned before, in order of time."""
        if not len(steps) or not self.wanted:
            return []
        found = [event for c in self.wanted for event in self._of(c, steps)]
        return sorted(found, key=lambda event: event.t)

    def _of(self, c: Crossing, steps: NDArray[np.float64]) -> Iterable[Event]:
        m = len(steps)
        segment = self.protocol.segment_of(0.5 * (steps[:, 0] + steps[:, 1]))
        theta = np.tile(LOOKS, m)
        of = np.repeat(np.arange(m), len(LOOKS))
        g = self._values(c, steps, segment, of, theta).reshape(m, len(LOOKS))
        if c not in self._last and abs(g[0, 0]) <= 1e-14 * abs(c.level):
            g[0, 0] = 0.0  # starting on the level, but for rounding, is no crossing
        # between steps: at a break point of the schedule the observable may jump
        before = np.concatenate([[self._last.get(c, g[0, 0])], g[:-1, -1]])
        self._last[c] = float(g[-1, -1])
        of, low, high, g_low, g_high = self._intervals(c, steps, segment, g)
        for sign in DIRECTIONS[c.direction]:
            for k in np.flatnonzero((sign * before < 0.0) & (sign * g[:, 0] >= 0.0)):
                yield Event(float(steps[k, 0]), c, sign)
            at = np.flatnonzero((sign * g_low < 0.0) & (sign * g_high >= 0.0))
            if len(at):
                which = of[at]
                theta = self._root(c, steps, segment, which, low[at], high[at], sign)
                for t in steps[which, 0] + theta * (steps[which, 1] - steps[which, 0]):
                    yield Event(float(t), c, sign)

    def _intervals(self, c: Crossing, steps: Any, segment: Any, g: NDArray[np.float64]) -> tuple[NDArray[Any], ...]:
        """Parts of steps: which step, from, to, and the values there; one in which the observable turns near the level is cut in two."""
        m = len(g)
        of = np.repeat(np.arange(m), len(TRIPLE))
        low, high = np.tile(LOOKS[:-1], m), np.tile(LOOKS[1:], m)
        g_low, g_high = g[:, :-1].ravel(), g[:, 1:].ravel()
        y0, y1, y2 = (g[:, TRIPLE + i].ravel() for i in range(3))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            slope, curve = 0.5 * (y2 - y0), y0 - 2.0 * y1 + y2
            theta = np.tile(LOOKS[TRIPLE + 1], m) - 0.25 * slope / curve
            turn = y1 - 0.5 * slope**2 / curve
            sticks_out = np.maximum(np.abs(turn - g_low), np.abs(turn - g_high))
            near = (turn * g_low <= 0.0) | (np.abs(turn) <= np.minimum(4.0 * sticks_out, np.minimum(np.abs(g_low), np.abs(g_high))))
            cut = np.flatnonzero((theta > low) & (theta < high) & (g_low * g_high > 0.0) & near)
        if not len(cut):
            return of, low, high, g_low, g_high
        between = self._values(c, steps, segment, of[cut], theta[cut])
        return (
            np.concatenate([of, of[cut]]),
            np.concatenate([low, theta[cut]]),
            np.concatenate([_with(high, cut, theta[cut]), high[cut]]),
            np.concatenate([g_low, between]),
            np.concatenate([_with(g_high, cut, between), g_high[cut]]),
        )

    def _values(self, c: Crossing, steps: Any, segment: Any, of: NDArray[np.intp], theta: NDArray[np.float64]) -> NDArray[np.float64]:
        y = dense(steps[of], theta)
        t = steps[of, 0] + theta * (steps[of, 1] - steps[of, 0])
        x: NDArray[np.float64] = _States(self.protocol, t, y, segment[of]).observable(c.observable)
        return x - c.level

    def _root(self, c: Crossing, steps: Any, segment: Any, of: Any, low: Any, high: Any, sign: int) -> NDArray[np.float64]:
        """Bisection safeguarding the secant, all crossings at once."""
        low, high = low.copy(), high.copy()
        g_low, g_high = (sign * self._values(c, steps, segment, of, x) for x in (low, high))
        for i in range(60):
            with np.errstate(invalid="ignore", divide="ignore"):
                middle = high - g_high * (high - low) / (g_high - g_low)
            middle = np.where((i % 3 == 2) | ~((middle > low) & (middle < high)), 0.5 * (low + high), middle)
            g = sign * self._values(c, steps, segment, of, middle)
            up = g >= 0.0
            low, g_low = np.where(up, low, middle), np.where(up, g_low, g)
            high, g_high = np.where(up, middle, high), np.where(up, g, g_high)
            if np.all((high - low <= 1e-12) | (g_high == 0.0)):
                break
        root: NDArray[np.float64] = high
        return root


def _with(x: NDArray[np.float64], at: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    x = x.copy()
    x[at] = values
    return x


def dense(steps: NDArray[np.float64], theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """States at t + theta h of recorded steps, row by row."""
    n = (steps.shape[1] - 2) // 5
    y0, y1, p2, p3, p4 = (steps[:, 2 + i * n : 2 + (i + 1) * n] for i in range(5))
    x = theta[:, None]
    inner: NDArray[np.float64] = (1 - x) * y0 + x * (y1 + (1 - x) * (p2 + x * (p3 + x * p4)))
    return np.where(x == 1.0, y1, inner)


def interpolate(steps: NDArray[np.float64], y: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Dense output of recorded steps (t, t_new, y, y_new, p_2, p_3, p_4) at times t; at a break point its left limit."""
    if not len(steps):
        return np.repeat(y[:1], len(t), axis=0)
    k = np.clip(np.searchsorted(steps[:, 1], t, side="left"), 0, len(steps) - 1)
    s = steps[k]
    out = dense(s, (t - s[:, 0]) / (s[:, 1] - s[:, 0]))
    return np.where((t <= steps[0, 0])[:, None], y[0], out)


def shortened(step: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """A recorded step that ends at t: the same polynomial over the part of the step that is left."""
    n = (len(step) - 2) // 5
    y0, y1, p2, p3, p4 = step[2:].reshape(5, n)
    x = (t - step[0]) / (step[1] - step[0])
    a1, a2, a3, a4 = (y1 - y0 + p2) * x, (p3 - p2) * x**2, (p4 - p3) * x**3, -p4 * x**4
    q4 = -a4
    q3 = q4 - a3
    q2 = q3 - a2
    return np.concatenate([[step[0], t], y0, y0 + a1 + a2 + a3 + a4, q2, q3, q4])
