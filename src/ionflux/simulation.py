"""Integrate one cell in time: what is asked for, checked; `cell_runs` does the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .cell_runs import CellRun, Watched
from .errors import ConvergenceError, InputError, Interrupted, NonFiniteError, SolveError, Status, StepSizeError
from .events import crossings
from .methods import check_method, excitable, prefers_explicit
from .protocols import Protocol, prepare, tolerance_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell
    from .results import Trajectory

__all__ = ["simulate"]

FAILURES = {Status.STEP_TOO_SMALL: StepSizeError, Status.NOT_FINITE: NonFiniteError, Status.NOT_CONVERGED: ConvergenceError}


def simulate(
    cell: Cell,
    until: float,
    *,
    schedule: Mapping[str, Any] | None = None,
    record: Sequence[str] | None = None,
    at: Any = None,
    samples: int | None = None,
    events: Any = (),
    stop: Any = None,
    rtol: float = 1e-6,
    atol: float | Mapping[str, float] | None = None,
    method: str = "auto",
    audit: str = "light",
    progress: Any = None,
) -> Trajectory:
    """Integrate a cell from its start to `until`.

    Rodas5P (order 5, L-stable, analytic Jacobian) with its own step for each cell; break points of a schedule are met exactly
    and the step starts anew there.

    Parameters
    ----------
    until : s, > 0.
    schedule : {dotted name: schedule or list of schedules}, e.g. ``{"NaKATPase.scale": pulse(600, 4200, to=0)}``.
    record : observables computed at once ("V", "volume", "c_in", "c_in.K", ...); all others are computed when first read.
    at : s, increasing times within the run to return. samples : that many evenly spaced times instead. Default: every
        accepted step, with dense output in between (`Trajectory.at`). A sample at a break point is the left limit.
    events : `crosses(observable, level, direction)`, one or several, to be located on the dense output and kept in `.events`.
    stop : the same; the run ends at the first of them.
    rtol : relative tolerance on amounts and volume, 1e-13...0.1; the error at the end is seldom more than twice as large.
    atol : mol/m^3 on concentrations (at the starting volume), or {"c": , "V": volts, "volume": relative};
        default 1e-3 rtol for c and volume, 4 rtol x 1 V for V, 0.1 rtol x 1 V where gates have time courses of their own.
    method : "implicit" (Rodas5P), "explicit" (Tsitouras 5(4), for models that are not stiff: its step must stay below some 3
        divided by the fastest rate of the cell), or "auto": the implicit one, or where gates have
        time courses and the first steps are as short as spikes make them, the cheaper one. `.stats.method` says which it was.
    audit : "light", or "full" to count the cycles of every mechanism beside the amounts.
    progress : None (a bar or log lines after 2 s), True, False, or a function of the fraction done.

    Returns
    -------
    Trajectory

    Raises
    ------
    InputError
        A time, name or value that makes no sense.
    SolveError
        The integration could not go on; `.partial` holds the trajectory up to there.
    Interrupted
        Ctrl-C; `.partial` likewise.
    """
    cell_until = positive_time("until", until)
    check_method(method)
    if audit not in ("light", "full"):
        raise InputError(f"audit = {audit!r}; choose 'light' or 'full'")
    times = sample_times(at, samples, cell_until)
    tolerances = tolerance_values(rtol, atol, excitable=excitable(cell))
    protocol = _prepared(cell, cell_until, schedule or {}, tolerances, audit == "full")
    watched = Watched(protocol, crossings("events", events), crossings("stop", stop)) if events or stop else None
    check_method(method, protocol)
    explicit = method == "explicit" or (method == "auto" and prefers_explicit(protocol, rtol))
    run = CellRun(protocol, rtol, times, watched=watched, explicit=explicit, turning=explicit and method == "auto")
    meta = {"rtol": rtol, **{k.removeprefix("_"): v for k, v in tolerances.items()}}
    watch = Watch(progress, cell_until, "s")
    try:
        run.go(watch)
    except KeyboardInterrupt as interrupt:
        partial = run.trajectory(cell, schedule or {}, meta)
        raise Interrupted(f"interrupted at t = {run.reached:.6g} s of {cell_until:g} s", partial=partial) from interrupt
    finally:
        watch.close()
    result = run.trajectory(cell, schedule or {}, meta)
    run.release()
    if result.status is not Status.OK:
        lost = [name for name, x in zip(protocol.lowered.state_names, protocol.start[0], strict=True) if not np.isfinite(x)]
        why = f"; at the start {', '.join(lost)} has no value: give it in state=" if lost else ""
        raise FAILURES.get(result.status, SolveError)(
            f"{result.status.sentence} (at t = {run.reached:.6g} s of {cell_until:g} s{why})", partial=result
        )
    if record:
        result.compute((record,) if isinstance(record, str) else record)
    return result


def _prepared(cell: Cell, until: float, schedule: Mapping[str, Any], tolerances: Mapping[str, float], counting: bool = False) -> Protocol:
    """`prepare`, remembered on the cell for the last few (schedule, until, tolerances)."""
    try:
        key = (until, tuple((n, tuple(s) if isinstance(s, list) else s) for n, s in schedule.items()), tuple(tolerances.values()), counting)
        kept: dict[Any, Protocol] = cell._cache.setdefault("protocols", {})
        found = kept.get(key)
    except (TypeError, AttributeError):  # a schedule that cannot be hashed is prepared every time, one that is no mapping refused
        return prepare(cell, until, schedule, tolerances, counting=counting)
    if found is None:
        found = prepare(cell, until, schedule, tolerances, counting=counting)
        if len(kept) >= 8:
            kept.pop(next(iter(kept)))
        kept[key] = found
    return found


def positive_time(name: str, value: Any) -> float:
    try:
        x = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} = {value!r} must be a time in seconds, a number; write 2*hour for two hours") from None
    if not 0.0 < x < 1e15:
        raise InputError(f"{name} = {x!r} s must be positive and finite; write 2*hour for two hours")
    return x


def sample_times(at: Any, samples: int | None, until: float) -> NDArray[np.float64] | None:
    if at is None and samples is None:
        return None
    if at is not None and samples is not None:
        raise InputError("give at= (times) or samples= (a number of them), not both")
    if samples is not None:
        if not isinstance(samples, (int, np.integer)) or isinstance(samples, bool) or samples < 2:
            raise InputError(f"samples = {samples!r} must be a whole number from 2 on: the start and the end")
        return np.linspace(0.0, until, int(samples))
    times = np.ascontiguousarray(at, dtype=float)  # (1,) from a number
    if times.ndim != 1 or not times.size:
        raise InputError(f"at has shape {times.shape}; give a one-dimensional array of times in seconds")
    if not (times[0] >= 0.0 and times[-1] <= until and (times[1:] >= times[:-1]).all()):
        outside = np.flatnonzero(~((times >= 0.0) & (times <= until)))
        k = int(outside[0]) if outside.size else int(np.flatnonzero(np.diff(times) < 0)[0]) + 1
        why = f"is outside the run, 0...{until:g} s" if outside.size else f"comes after {times[k - 1]:g} s; times increase"
        raise InputError(f"at[{k}] = {times[k]:g} s {why}")
    return times


class Watch:
    """Tells how much is done, opened at the first call: a run of a millisecond opens nothing."""

    def __init__(self, progress: Any, total: float, unit: str) -> None:
        if not (progress is None or isinstance(progress, bool) or callable(progress)):
            raise InputError(f"progress = {progress!r}: give None (automatic), True, False or a function of the fraction done")
        self._arguments = (progress, total, unit)
        self._report: Any = None

    def __call__(self, done: float) -> None:
        if self._report is None:
            from .progress import report

            self._report = report(*self._arguments)
        self._report(done)

    def close(self) -> None:
        if self._report is not None:
            self._report.close()
