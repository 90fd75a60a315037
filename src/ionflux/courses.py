"""The voltage across a membrane in time, cut into straight segments that end where a state is wanted or where the course breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._broadcast import VOLTAGE, Array, Given, checked
from .errors import InputError
from .fields import Parameter
from .schedules import Piece, Schedule, pieces

_TIME = Parameter(0.0, "s", 0.0, 1e12, "time")


@dataclass(frozen=True)
class Course:
    """Segments of time with a straight course of V in each.

    t : (nt,) the times asked for. stops : (m,) ends of segments, s. V : (m, 2, rows or 1) at the beginning and the end of each, V
    slot : (m,) which of the times (from 1) a segment ends at, -1 none of them; fresh : (m,) whether it begins at a break
    """

    t: Array
    stops: Array
    V: Array
    slot: np.ndarray
    fresh: np.ndarray

    def at(self, slot: int) -> tuple[Array, Array]:
        """V and dV/dt at a slot of the results, (rows or 1) each: on its left, but for slot 0, which is just after t = 0."""
        j = 0 if slot == 0 else int(np.flatnonzero(self.slot == slot)[0])
        begins = self.stops[j - 1] if j else 0.0
        slope = (self.V[j, 1] - self.V[j, 0]) / (self.stops[j] - begins)
        return self.V[j, 0 if slot == 0 else 1], slope


def times(t: ArrayLike) -> Array:
    """Check the times at which profiles are wanted: one or more, ascending, in seconds.

    Raises
    ------
    InputError
        They are not a list of ascending finite times.
    UnitRangeError
        One is negative or longer than 1e12 s.
    """
    wanted = np.atleast_1d(np.asarray(checked(Given("t", t, _TIME)), dtype=np.float64))
    if wanted.ndim != 1 or len(wanted) == 0 or not np.all(np.isfinite(wanted)) or not np.all(np.diff(wanted) > 0):
        raise InputError(f"t = {t!r}: give the times at which profiles are wanted, s, ascending")
    return wanted


def is_schedule(V: Any) -> bool:
    """Whether V is a schedule, or a list of them."""
    return isinstance(V, Schedule) or (isinstance(V, Sequence) and not isinstance(V, str) and any(isinstance(v, Schedule) for v in V))


def course(V: Any, before: Array, t: Array) -> Course:
    """Return the course of V(t) after `before` (rows,), V; V is a schedule, a list of them, or the values (rows,) from t = 0 on."""
    until = max(float(t[-1]), 1e-18)
    if is_schedule(V):
        own = {base: pieces(V, base, until) for base in dict.fromkeys(before.tolist())}
        rows = [own[base] for base in (before.tolist() if len(own) > 1 else before[:1].tolist())]
    else:
        rows = [[Piece(0.0, until, float(v), float(v))] for v in (V if len(set(V.tolist())) > 1 else V[:1])]
    breaks = sorted({p.t1 for row in rows for p in row})
    stops = np.array(sorted({*breaks, *(x for x in t.tolist() if x > 0)}))
    V_ = np.empty((len(stops), 2, len(rows)))
    for k, row in enumerate(rows):
        begins, i = 0.0, 0
        for j, ends in enumerate(stops.tolist()):
            while row[i].t1 <= begins:
                i += 1
            V_[j, :, k] = row[i].at(begins), row[i].at(ends)
            begins = ends
    checked(Given("V", V_, VOLTAGE))
    slot = np.full(len(stops), -1, dtype=np.intc)
    first = 0 if t[0] > 0 else 1
    slot[np.searchsorted(stops, t[first:])] = np.arange(1, len(t) - first + 1)
    fresh = np.zeros(len(stops), dtype=np.intc)
    fresh[np.searchsorted(stops, [b for b in breaks if b < stops[-1]]) + 1] = 1
    return Course(t, stops, V_, slot, fresh)
