"""From schedules to what the kernel runs: segments between break points, and the parameters of each.

Within a segment every scheduled quantity is constant or a straight line in time. All segments are lowered in one pass: a
scheduled name becomes an array over segments, a swept name an array over cells, and the slots' formulas broadcast over both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .constants import GAS_CONSTANT
from .errors import InputError, UnitRangeError, UnknownNameError
from .fields import plain
from .lowering import Lowered, lower
from .lowering.model import TIGHT
from .schedules import Piece, Schedule, pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell

NOT_SCHEDULABLE = (
    "V", "volume", "area", "C_m", "outside_volume", "inside.", "pools.", "impermeant.", "bath.impermeant.", "constants.", "state.",
)  # fmt: skip


class Stacked(NamedTuple):
    """A piece of the courses of many cells: values in columns (cells, 1)."""

    t0: float
    t1: float
    y0: NDArray[np.float64]
    y1: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Protocol:
    """Everything a run needs beside its states: parameters, segments, what changes between them."""

    lowered: Lowered
    values: dict[str, Any]
    until: float
    base: NDArray[np.float64]  # (n_par,)
    vary_slot: NDArray[np.intc]  # (v,) parameters that differ from cell to cell
    vary: NDArray[np.float64]  # (n_cells or 0, v)
    segment_start: NDArray[np.float64]
    segment_end: NDArray[np.float64]
    sched_slot: NDArray[np.intc]  # (s,) parameters that a schedule moves
    sched: NDArray[np.float64]  # (n_cells or 1, segments, s, 2): value at the segment's start, slope
    scheduled: dict[str, NDArray[np.float64]]  # dotted name -> (segments, 2) value at start and end, for reports

    def segment_of(self, t: NDArray[np.float64]) -> NDArray[np.intp]:
        """Segment of each time; a break point belongs to the segment that it ends."""
        return np.clip(np.searchsorted(self.segment_end, t, side="left"), 0, len(self.segment_end) - 1)

    @cached_property
    def slots(self) -> NDArray[np.intc]:
        """Parameters that differ from `base` in some cell or at some time."""
        return np.concatenate([self.vary_slot, self.sched_slot])

    @cached_property
    def idle(self) -> dict[Any, list[Any]]:
        """Runs of one cell that are done and can be used again, by what they were made for."""
        return {}

    @cached_property
    def explicit(self) -> dict[float, bool]:
        """Which method suits it, by rtol, once that has been found out."""
        return {}

    @cached_property
    def start(self) -> NDArray[np.float64]:
        """States at the start of the first cell, (1, n)."""
        y = np.array([[float(np.asarray(x).flat[0]) for x in self.lowered.initial(self.values)]])
        return self.lowered.begin(y, self.base, self.slots, lambda: self.rows_at(np.zeros(1)))

    def rows_at(self, t: NDArray[np.float64], cell: int = 0, segment: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Their values at times t of one cell, (len(t), slots)."""
        k = self.segment_of(t) if segment is None else segment
        x = self.sched[cell if len(self.sched) > 1 else 0][k]
        moved: NDArray[np.float64] = x[..., 0] + x[..., 1] * (t - self.segment_start[k])[:, None]
        if not len(self.vary_slot):
            return moved
        fixed = np.broadcast_to(self.vary[cell], (len(t), len(self.vary_slot)))
        return np.concatenate([fixed, moved], axis=1)


def tolerance_values(rtol: float, atol: float | Mapping[str, float] | None, *, excitable: bool = False) -> dict[str, float]:
    """Absolute tolerances: concentrations (mol/m^3 at the starting volume), V (volts), relative volume, gates.

    V is slaved to the ions in a quiet cell and may be off by more than they are. Where it fires, errors of V and of its gates become one of
    the phase of the spikes, which stays and grows: there both are held tighter, so that what the spikes leave behind in the concentrations
    is right to some hundred rtol after a minute of bursts.
    """
    rtol = plain(rtol, "1", "rtol")
    if not 1e-13 <= rtol <= 0.1:
        raise InputError(f"rtol = {rtol!r} is outside 1e-13...0.1; 1e-6 is the default")
    chosen = {"c": 1e-3 * rtol, "V": (TIGHT if excitable else 4.0) * rtol, "volume": 1e-3 * rtol, "gate": 1e-2 * TIGHT * rtol}
    if isinstance(atol, Mapping):
        if unknown := set(atol) - set(chosen):
            raise InputError(
                f"atol has no part {sorted(unknown)[0]!r}; its parts are 'c' (mol/m^3), 'V' (volts), 'volume' (relative), 'gate'"
            )
        chosen |= {k: plain(v, "1", f"atol[{k!r}]") for k, v in atol.items()}
    elif atol is not None:
        chosen["c"] = plain(atol, "1", "atol")
    for name, value in chosen.items():
        if not (0.0 <= value < np.inf) or (name == "V" and value == 0.0):
            raise InputError(f"atol[{name!r}] = {value!r} must be a positive finite number")
    return {"_atol_c": chosen["c"], "_atol_V": chosen["V"], "_atol_w": chosen["volume"], "_atol_gate": chosen["gate"]}


def with_derived(cell: Cell, values: dict[str, Any]) -> dict[str, Any]:
    """Values after a change, with what follows from them (RT/F from T) brought up to date."""
    if cell.constants is None or cell.constants.RT_F is None:
        values["_VT"] = GAS_CONSTANT * values["T"] / cell.faraday
    return values


def prepare(
    cell: Cell,
    until: float,
    schedule: Mapping[str, Any] | None,
    tolerances: Mapping[str, float],
    swept: Mapping[str, Any] | None = None,
    *,
    counting: bool = False,
) -> Protocol:
    """Lower a schedule (and swept values, arrays over cells) to segments and parameters; `counting` as in `Model`.

    Raises
    ------
    UnknownNameError, InputError
        A name that the cell does not have, that cannot be scheduled, or a value outside its range.
    """
    plain = lower(cell, counting=counting)
    values: dict[str, Any] = {**plain.defaults, **tolerances}
    for name, x in (swept or {}).items():
        values[name] = np.asarray(x, dtype=float)[:, None]
    if any(getattr(m, "shared", None) for m in cell.mechanisms):  # a conductance is shared once and for all
        values |= {f"_start.{name}": x for name, x in values.items() if name == "_VT" or name.startswith("bath.")}
    n_cells = max((len(x) for x in (swept or {}).values()), default=1)
    lines = _lines(cell, values, schedule or {}, until)
    breaks = sorted({0.0, until, *(t for pieces_ in lines.values() for p in pieces_ for t in (p.t0, p.t1) if 0 < t < until)})
    start, end = np.array(breaks[:-1]), np.array(breaks[1:])
    ends: list[dict[str, Any]] = [dict(values), dict(values), dict(values)]
    scheduled: dict[str, NDArray[np.float64]] = {}
    moving = set()
    for name, pieces_ in lines.items():
        a, b = _on_segments(pieces_, start, end)
        for target, x in zip(ends, (a, b, 0.5 * (a + b)), strict=True):
            target[name] = x
        _check_range(cell, name, a, b)
        scheduled[name] = np.stack(np.broadcast_arrays(a, b), axis=-1)
        if np.any(a != b):
            moving.add(name)
    lowered = lower(cell, frozenset(n for n in moving if n.startswith("bath.")), counting=counting) if moving else plain
    ends = [with_derived(cell, v) for v in ends]
    at_start = lowered.parameters(ends[0])
    at_end = lowered.parameters(ends[1]) if moving else at_start
    if moving:
        _check_linear(lowered, at_start, at_end, lowered.parameters(ends[2]), moving)
    shape = (n_cells, len(start))
    base = np.empty(len(at_start))
    vary, sched = [], []
    for i, (a, b) in enumerate(zip(at_start, at_end, strict=True)):
        base[i] = np.asarray(a, dtype=float).flat[0]
        if np.ndim(a) == 0:
            continue
        in_time = np.shape(a)[-1] > 1 or np.any(np.asarray(a) != np.asarray(b))
        if in_time and np.any((np.asarray(a) != base[i]) | (np.asarray(b) != base[i])):
            sched.append((i, a, b))
        elif np.ndim(a) == 2 and np.shape(a)[0] > 1:
            vary.append((i, np.asarray(a)[:, 0]))
    per_cell = n_cells > 1 and any(np.ndim(a) == 2 and np.shape(a)[0] > 1 for _, a, _ in sched)
    rows = n_cells if per_cell else 1
    table = np.empty((rows, len(start), len(sched), 2))
    for k, (_, a, b) in enumerate(sched):
        a, b = np.broadcast_to(a, shape)[:rows], np.broadcast_to(b, shape)[:rows]
        table[:, :, k, 0] = a
        table[:, :, k, 1] = (b - a) / (end - start)
    return Protocol(
        lowered,
        values,
        until,
        base,
        np.array([i for i, _ in vary], dtype=np.intc),
        np.ascontiguousarray(np.stack([x for _, x in vary], axis=1)) if vary else np.empty((0, 0)),
        start,
        end,
        np.array([i for i, _, _ in sched], dtype=np.intc),
        table,
        scheduled,
    )


def _lines(cell: Cell, values: Mapping[str, Any], schedule: Mapping[str, Any], until: float) -> dict[str, Any]:
    out = {}
    known = cell.parameters()
    if not isinstance(schedule, Mapping):
        raise InputError(f"schedule = {schedule!r}; give a mapping from dotted name to schedule, {{'NaKATPase.scale': step(600, to=0)}}")
    for name, what in schedule.items():
        if name not in known:
            raise UnknownNameError.among("schedule: the cell has no parameter", name, known)
        if _of_the_start(cell, name):
            raise InputError(f"{name} is part of the start of a cell and cannot be scheduled; give it to replace() or sweep() instead")
        for one in what if isinstance(what, Sequence) else (what,):
            if not isinstance(one, Schedule):
                raise InputError(f"schedule of {name}: {one!r} is no schedule; write step(0, to={one!r}), or ramp, pulse, train, table")
        base = values[name]
        out[name] = pieces(what, base, until) if np.ndim(base) == 0 else _stacked([pieces(what, float(x), until) for x in base[:, 0]])
    return out


def _of_the_start(cell: Cell, name: str) -> bool:
    """Whether a name belongs to the start of a run; held pools do not, and the concentrations of a finite outside do."""
    part, _, what = name.partition(".")
    if part in ("inside", "pools") and f"c_in.{what}" in cell.held:
        return False
    if part == "bath" and cell.outside_volume is not None:
        return True
    return any(name == n or (n.endswith(".") and name.startswith(n)) for n in NOT_SCHEDULABLE)


def _stacked(courses: list[list[Piece]]) -> list[Stacked]:
    """Courses of many cells, which break at the same times, as one with columns of values."""
    rows = zip(*courses, strict=True)
    return [Stacked(p[0].t0, p[0].t1, np.array([[q.y0] for q in p]), np.array([[q.y1] for q in p])) for p in rows]


def _on_segments(lines: Any, start: NDArray[np.float64], end: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Value of a chain of straight pieces at the start and at the end of each segment, (segments,) or (cells, segments)."""
    t0 = np.array([p.t0 for p in lines])
    k = np.searchsorted(t0, 0.5 * (start + end), side="right") - 1
    a, b = [], []
    for s, e, j in zip(start, end, k, strict=True):
        p = lines[j]
        slope = (p.y1 - p.y0) / (p.t1 - p.t0) if p.t1 > p.t0 else 0.0
        flat = not np.any(np.asarray(p.y1) != np.asarray(p.y0))
        a.append(np.asarray(p.y0 if flat or s == p.t0 else p.y0 + slope * (s - p.t0), dtype=float))
        b.append(np.asarray(p.y0 if flat else p.y1 if e == p.t1 else p.y0 + slope * (e - p.t0), dtype=float))
    if all(x.ndim == 0 for x in a):
        return np.array(a), np.array(b)
    columns = [np.broadcast_arrays(*x) for x in (a, b)]
    return np.concatenate(columns[0], axis=-1), np.concatenate(columns[1], axis=-1)


def _check_range(cell: Cell, name: str, *values: NDArray[np.float64]) -> None:
    p = cell.parameters()[name]
    for x in values:
        low, high = float(np.min(x)), float(np.max(x))
        if not (p.lo <= low and high <= p.hi):
            bad = low if not p.lo <= low else high
            unit = "" if p.unit == "1" else f" {p.unit}"
            raise UnitRangeError(f"schedule of {name} reaches {bad:g}{unit}, outside {p.lo:g}...{p.hi:g}{unit}")


def _check_linear(lowered: Lowered, a: list[Any], b: list[Any], middle: list[Any], moving: set[str]) -> None:
    """A ramp reaches the kernel as a straight line in each slot; refuse one that is not."""
    for slot, x, y, m in zip(lowered.slots, a, b, middle, strict=True):
        mean = 0.5 * (np.asarray(x) + np.asarray(y))
        if np.any(np.abs(mean - m) > 1e-12 * (np.abs(x) + np.abs(y))):
            raise InputError(
                f"{', '.join(sorted(moving))}: a ramp of it is not supported ({slot.name} is not linear in it); use a table of steps"
            )
