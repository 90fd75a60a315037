"""Protocols: how a parameter changes in time.

A schedule acts on a course, which is a row of straight pieces from 0 to the end of a run. ``to=`` sets the value and ``factor=`` multiplies
it; in a list each acts on what the one before it left. Courses are right-continuous: at a jump the new value counts.

    {"NaKATPase.scale": pulse(600.0, 1200.0, to=0.0), "bath.K": [step(60.0, to=8.0), ramp(300.0, 400.0, to=3.5)]}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from math import inf, isfinite
from typing import Any, NamedTuple

from .errors import InputError
from .fields import Described, about, described, plain


def _time(doc: str) -> dict[str, Any]:
    return about("s", lo=0.0, hi=1e12, doc=doc)


class Piece(NamedTuple):
    """A straight piece of a course: from y0 at t0 to y1 just before t1 (s)."""

    t0: float
    t1: float
    y0: float
    y1: float

    def at(self, t: float) -> float:
        """Return the value at t, exact at both ends."""
        if t <= self.t0 or self.y0 == self.y1:
            return self.y0
        if t >= self.t1:
            return self.y1
        return self.y0 + (self.y1 - self.y0) * ((t - self.t0) / (self.t1 - self.t0))

    def between(self, a: float, b: float) -> Piece:
        """Return the part of the piece from a to b, which lie within it."""
        return Piece(a, b, self.at(a), self.at(b))


@described
class Schedule(Described):
    """Base of the schedules.

    Parameters
    ----------
    factor : float, optional
        Multiplies the value in place of ``to``, which sets it; exactly one of the two.
    """

    factor: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        for key in ("to", "factor"):
            if getattr(self, key, None) is not None:
                object.__setattr__(self, key, _finite(getattr(self, key), f"{name}: {key}"))
        if (self._to is None) == (self.factor is None):
            raise InputError(f"{name}: give either to= (the new value) or factor= (what multiplies the value)")

    @property
    def _to(self) -> Any:
        return getattr(self, "to", None)

    @property
    def _level(self) -> float:
        """The value, or the factor."""
        level = self._to if self.factor is None else self.factor
        assert isinstance(level, float)
        return level

    def _overlay(self, course: Sequence[Piece]) -> Iterable[Piece]:
        """Values, or factors, in order and without overlap; between them the course stays."""
        raise NotImplementedError

    def apply(self, course: Sequence[Piece]) -> list[Piece]:
        """Return the course with this schedule laid over it.

        Parameters
        ----------
        course : sequence of Piece
            Contiguous from 0 to the end of the run.

        Raises
        ------
        InputError
            A ramp of factors lies over a ramp: the product is no straight line.
        """
        until = course[-1].t1
        result: list[Piece] = []
        reached, i = 0.0, 0
        for over in self._overlay(course):
            if over.t0 >= until:
                break
            kept, i = _part(course, i, reached, over.t0)
            result += kept
            over = over.between(over.t0, min(over.t1, until))
            reached = over.t1
            under, i = _part(course, i, over.t0, over.t1)
            result += [over] if self.factor is None else self._multiplied(over, under)
        rest, _ = _part(course, i, reached, until)
        return result + rest

    def _multiplied(self, over: Piece, under: list[Piece]) -> Iterator[Piece]:
        for p in under:
            a, b = over.at(p.t0), over.at(p.t1)
            if a != b and p.y0 != p.y1:
                raise InputError(f"{self!r}: a ramp of factors over a ramp is no straight line; use table() for the product")
            yield Piece(p.t0, p.t1, a * p.y0, b * p.y1)


@described
class step(Schedule):  # noqa: N801  called like a function, as `range` and `slice` are
    """From time `at` on the value is `to`.

    Parameters
    ----------
    at : float
        Time, s.
    to : float, optional
        The new value, in the SI unit of the parameter; or ``factor=``.
    """

    at: float = field(kw_only=False, metadata=_time("time of the step"))
    to: float | None = field(default=None, kw_only=False)

    def _overlay(self, course: Sequence[Piece]) -> Iterable[Piece]:
        return (Piece(self.at, inf, self._level, self._level),)


@described
class ramp(Schedule):  # noqa: N801
    """From `start` to `stop` the value runs straight from where it is to `to`, and stays there.

    Parameters
    ----------
    start, stop : float
        Times, s.
    to : float, optional
        The last value, in the SI unit of the parameter; or ``factor=``, which runs from 1.
    """

    start: float = field(kw_only=False, metadata=_time("time at which the ramp begins"))
    stop: float = field(kw_only=False, metadata=_time("time at which the ramp ends"))
    to: float | None = field(default=None, kw_only=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        _after(self, "stop", self.stop, "start", self.start)

    def _overlay(self, course: Sequence[Piece]) -> Iterable[Piece]:
        if self.start >= course[-1].t1:
            return ()
        first = 1.0 if self.factor is not None else next(p for p in course if p.t0 <= self.start < p.t1).at(self.start)
        return Piece(self.start, self.stop, first, self._level), Piece(self.stop, inf, self._level, self._level)


@described
class pulse(Schedule):  # noqa: N801
    """From `start` to `stop` the value is `to`; before and after it is what it was.

    Parameters
    ----------
    start, stop : float
        Times, s.
    to : float, optional
        The value meanwhile, in the SI unit of the parameter; or ``factor=``.
    """

    start: float = field(kw_only=False, metadata=_time("time at which the pulse begins"))
    stop: float = field(kw_only=False, metadata=_time("time at which the pulse ends"))
    to: float | None = field(default=None, kw_only=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        _after(self, "stop", self.stop, "start", self.start)

    def _overlay(self, course: Sequence[Piece]) -> Iterable[Piece]:
        return (Piece(self.start, self.stop, self._level, self._level),)


@described
class train(Schedule):  # noqa: N801
    """`n` pulses of the same width, one per period.

    Parameters
    ----------
    start : float
        Time of the first, s.
    period : float
        From the beginning of one to that of the next, s.
    n : int
        How many.
    width : float
        Duration of each, s; at most the period.
    to : float, optional
        The value during a pulse, in the SI unit of the parameter; or ``factor=``.
    """

    start: float = field(kw_only=False, metadata=_time("time at which the first pulse begins"))
    period: float = field(kw_only=False, metadata=_time("from the beginning of a pulse to that of the next"))
    n: int = field(kw_only=False)
    width: float = field(kw_only=False, metadata=_time("duration of a pulse"))
    to: float | None = field(default=None, kw_only=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.n, int) or isinstance(self.n, bool) or self.n < 1:
            raise InputError(f"train: n = {self.n!r}; a train has a whole number of pulses, at least one")
        if not 0 < self.width <= self.period:
            raise InputError(f"train: width = {self.width:g} s must lie above 0 and within the period of {self.period:g} s")

    def _overlay(self, course: Sequence[Piece]) -> Iterable[Piece]:
        y = self._level
        for k in range(self.n):
            t = self.start + k * self.period
            # the end of a pulse that fills its period is the beginning of the next, to the last bit
            stop = self.start + (k + 1) * self.period if self.width == self.period else t + self.width
            yield Piece(t, stop, y, y)


@described
class table(Schedule):  # noqa: N801
    """The value follows tabulated points from the first on; the last value stays.

    Parameters
    ----------
    t : sequence of float
        Times, s, increasing.
    y : sequence of float, optional
        Values in the SI unit of the parameter, one per time; or ``factor=``, a sequence of factors.
    kind : {"linear", "hold"}
        Straight between the points, or constant up to the next.
    """

    t: Sequence[float] = field(kw_only=False)
    y: Sequence[float] | None = field(default=None, kw_only=False)
    kind: str = field(default="linear", kw_only=False)
    factor: Sequence[float] | None = None  # type: ignore[assignment]  # of all schedules this one alone takes many

    def __post_init__(self) -> None:
        if (self.y is None) == (self.factor is None):
            raise InputError("table: give either y (the values) or factor= (what multiplies the value)")
        if self.kind not in ("linear", "hold"):
            raise InputError(f"table: kind = {self.kind!r}; it is 'linear' or 'hold'")
        for name in ("t", "y", "factor"):
            if (values := getattr(self, name)) is not None:
                object.__setattr__(self, name, _numbers(values, f"table: {name}", "s" if name == "t" else None))
        if not self.t or len(self.t) != len(self._points):
            raise InputError(f"table: {len(self.t)} times and {len(self._points)} values; there must be as many, and at least one")
        if self.t[0] < 0 or any(b <= a for a, b in zip(self.t, self.t[1:], strict=False)):
            raise InputError("table: the times must increase and may not be negative")

    @property
    def _points(self) -> Sequence[float]:
        points = self.y if self.factor is None else self.factor
        assert points is not None
        return points

    def _overlay(self, course: Sequence[Piece]) -> Iterable[Piece]:
        y = self._points
        for k, t in enumerate(self.t[:-1]):
            yield Piece(t, self.t[k + 1], y[k], y[k + 1] if self.kind == "linear" else y[k])
        yield Piece(self.t[-1], inf, y[-1], y[-1])


def pieces(schedule: Schedule | Iterable[Schedule], base: float, until: float) -> list[Piece]:
    """Return the course of a parameter.

    Parameters
    ----------
    schedule : Schedule or iterable of Schedule
        Applied in order.
    base : float
        The value without a schedule.
    until : float
        End of the run, s, above 0.

    Returns
    -------
    list of Piece
        Contiguous from 0 to `until`; a constant piece has y0 == y1.
    """
    course = [Piece(0.0, float(until), float(base), float(base))]
    for one in schedule if isinstance(schedule, Iterable) else (schedule,):
        if not isinstance(one, Schedule):
            raise InputError(f"{one!r} is no schedule; there are step, ramp, pulse, train and table")
        course = one.apply(course)
    return course


def _part(course: Sequence[Piece], i: int, a: float, b: float) -> tuple[list[Piece], int]:
    """The course from a to b, looking from its i-th piece on, and the index of the piece in which b lies."""
    part = []
    while i < len(course) and course[i].t0 < b:
        p = course[i]
        lo, hi = max(a, p.t0), min(b, p.t1)
        if lo < hi:
            part.append(p if (lo, hi) == p[:2] else p.between(lo, hi))
        if p.t1 > b:
            break
        i += 1
    return part, i


def _finite(value: object, name: str, unit: str | None = None) -> float:
    number = plain(value, unit, name)
    if not isfinite(number):
        raise InputError(f"{name} = {number:g} is not a finite number")
    return number


def _numbers(values: Any, name: str, unit: str | None) -> tuple[float, ...]:
    try:
        return tuple(_finite(value, name, unit) for value in values)
    except TypeError:
        raise InputError(f"{name} = {values!r} is no sequence of numbers") from None


def _after(schedule: Schedule, later: str, b: float, earlier: str, a: float) -> None:
    if b <= a:
        raise InputError(f"{type(schedule).__name__}: {later} = {b:g} s must come after {earlier} = {a:g} s")
