"""Many cells at once: parameters over dotted names, lanes and threads, a status for each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ._config import usable_threads
from ._dispatch import kernels
from .errors import InputError, Interrupted, IonfluxError, ShapeError, Status, UnknownNameError
from .kept import Kept
from .kernel_arrays import kernel_arrays
from .lowering.beginnings import values_of_start
from .methods import check_method, excitable, prefers_explicit
from .observation import Observed
from .protocols import Protocol, prepare, tolerance_values
from .results import Stats
from .simulation import Watch, positive_time, sample_times
from .starts import decides_start, start_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell

__all__ = ["Sweep", "sweep"]


class Sweep(Kept, Observed):
    """Many cells after a run. Quantities of `Observed` have the shape (cells,), or (cells, times) with `at=`.

    Attributes
    ----------
    model : the cell. vary : what was varied. schedule, until : what was run. t : (times,) s, or the end. status : (cells,) integers of
        `Status`.
    stats : `Stats` over all cells. refused : why a cell has no start (its status is BAD_INPUT), by its number.
    """

    def __init__(
        self,
        cell: Cell,
        vary: Mapping[str, Any],
        protocol: Protocol,
        arrays: Mapping[str, Any],
        times: NDArray[np.float64] | None,
        stats: Stats,
        schedule: Mapping[str, Any],
        tolerances: Mapping[str, float],
        refused: Mapping[int, IonfluxError],
    ) -> None:
        self.refused = dict(refused)
        self.model, self.vary, self.stats = cell, dict(vary), stats
        self.schedule, self.until, self._tolerances = dict(schedule), protocol.until, dict(tolerances)
        self.status: NDArray[np.intc] = arrays["status"]
        self.t = np.array([protocol.until]) if times is None else times
        self.t_reached: NDArray[np.float64] = arrays["t"]
        self._protocol = protocol
        n_cells, n = arrays["y"].shape
        y = arrays["y"] if times is None else arrays["out"]
        y[list(refused)] = np.nan
        if times is not None:
            late = np.arange(len(times))[None, :] >= arrays["sample"][:, None]
            y[late] = np.nan
        self._layout = (n_cells,) if times is None else (n_cells, len(times))
        self._flat: NDArray[np.float64] = y.reshape(-1, n)
        values = {k: (x[:, 0] if times is None else x) if np.ndim(x) == 2 else x for k, x in protocol.values.items()}
        self._set(protocol.lowered, values, protocol.base)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._layout

    @property
    def _states(self) -> NDArray[np.float64]:
        return self._flat

    @property
    def _slots(self) -> NDArray[np.intc]:
        return self._protocol.slots

    def _rows(self) -> NDArray[np.float64]:
        return _rows(self._protocol, len(self), self.t)

    def __len__(self) -> int:
        return len(self.status)

    def failures(self) -> dict[int, Status]:
        """Cells that did not reach the end, and why."""
        return {int(i): Status(int(self.status[i])) for i in np.flatnonzero(self.status != Status.OK)}

    def cell(self, i: int) -> Cell:
        """The i-th cell, with its own parameters."""
        return self.model.replace({name: float(np.asarray(x)[i]) for name, x in self.vary.items()})

    def __repr__(self) -> str:
        s = self.stats
        return (
            f"<Sweep of {len(self)} cells over {', '.join(self.vary)}: {len(self.failures())} failed; {s.steps} steps in {s.seconds:.3g} s>"
        )


def sweep(
    model: Cell,
    vary: Mapping[str, Any],
    *,
    until: float,
    schedule: Mapping[str, Any] | None = None,
    save: str = "final",
    at: Any = None,
    threads: int | None = None,
    rtol: float = 1e-6,
    atol: float | Mapping[str, float] | None = None,
    method: str = "auto",
    progress: Any = None,
) -> Sweep:
    """Integrate one cell per row of `vary`.

    Every cell gets the result that `simulate` would give it by the same method, to the last bit, whatever the number of threads.

    Parameters
    ----------
    vary : {dotted name: array (cells,)}, in SI.
    until : s. schedule, at, rtol, atol, progress : as in `Cell.simulate`.
    save : "final".
    method : as in `Cell.simulate`; with "auto" all cells take the one that `model` itself takes.
    threads : default the CPUs this process may use, capped by IONFLUX_NUM_THREADS.

    Returns
    -------
    Sweep

    Raises
    ------
    UnknownNameError, ShapeError, InputError
        Bad names, lengths or values. A numerical failure of a cell is a status, never an exception.
    Interrupted
        Ctrl-C; `.partial` holds the sweep with what was done, the rest marked CANCELLED.
    """
    until = positive_time("until", until)
    if save != "final":
        raise InputError(f"save = {save!r}; 'final' is the only one yet; at= keeps values in time")
    times = sample_times(at, None, until)
    tolerances = tolerance_values(rtol, atol, excitable=excitable(model))
    protocol, n_cells, refused = prepared(model, vary, until, schedule, tolerances)
    check_method(method, protocol)
    explicit = method == "explicit" or (
        method == "auto" and excitable(model) and prefers_explicit(prepare(model, until, schedule, tolerances), rtol)
    )
    n = len(protocol.lowered.state_names)
    y = np.empty((n_cells, n))
    for k, x in enumerate(protocol.lowered.initial(protocol.values)):
        y[:, k] = np.reshape(x, -1)
    y = protocol.lowered.begin(y, protocol.base, protocol.slots, lambda: _rows(protocol, n_cells, np.zeros(1)))
    arrays = kernel_arrays(protocol, y, times, vary=protocol.vary)
    arrays["status"][list(refused)] = Status.BAD_INPUT
    run = kernels.Run(protocol.lowered.plan, arrays, rtol, 0.0, explicit)
    began = time.perf_counter()
    stop = _run(run, n_cells, _thread_count(threads, n_cells), progress)
    arrays["status"][arrays["status"] == kernels.PENDING] = Status.CANCELLED
    tried, rejected = int(arrays["steps"].sum()), int(arrays["rejected"].sum())
    stats = Stats(tried - rejected, rejected, time.perf_counter() - began, "Tsitouras 5(4)" if explicit else "Rodas5P")
    kept = {"rtol": rtol, **{k.removeprefix("_"): v for k, v in tolerances.items()}}
    result = Sweep(model, vary, protocol, arrays, times, stats, schedule or {}, kept, refused)
    if stop is not None:
        raise Interrupted(f"interrupted with {run.finished} of {n_cells} cells done", partial=result) from stop
    return result


def prepared(
    model: Cell, vary: Mapping[str, Any], until: float, schedule: Mapping[str, Any] | None, tolerances: Mapping[str, float]
) -> tuple[Protocol, int, Mapping[int, IonfluxError]]:
    """What a sweep runs, how many cells, and why some of them have no start."""
    swept, n_cells = _checked(model, vary)
    starts, refused = _starts(model, swept)
    return prepare(model, until, schedule, tolerances, {**swept, **starts}), n_cells, refused


def _run(run: Any, n_cells: int, threads: int, progress: Any) -> KeyboardInterrupt | None:
    """Work on the queue with this many threads; the first exception of any of them, or of the waiting one, ends all."""
    wide = n_cells >= 3 * kernels.vector_length() * threads  # below, one vector per block wastes fewer lanes
    watch = Watch(progress, n_cells, " cells")
    trouble: list[BaseException] = []

    def work(poll: Callable[[], Any] | None) -> None:
        try:
            run.work(wide, poll)
        except BaseException as error:
            trouble.append(error)
            run.cancel()

    if threads == 1:
        work(lambda: watch(run.finished))
    else:
        workers = [threading.Thread(target=work, args=(None,), daemon=True) for _ in range(threads)]
        try:
            for w in workers:
                w.start()
            for w in workers:
                while w.is_alive():
                    w.join(0.02)
                    watch(run.finished)
        except BaseException as error:
            trouble.append(error)
        finally:
            if trouble:
                run.cancel()
            for w in workers:
                if w.ident is not None:
                    w.join()
    watch.close()
    stops = [e for e in trouble if isinstance(e, KeyboardInterrupt)]
    if len(stops) < len(trouble):
        raise next(e for e in trouble if not isinstance(e, KeyboardInterrupt))
    return stops[0] if stops else None


def _thread_count(threads: int | None, n_cells: int) -> int:
    if threads is None:
        threads = usable_threads()
    elif not (isinstance(threads, int) and threads >= 1):
        raise InputError(f"threads = {threads!r} must be a whole number from 1 on, or None")
    return max(1, min(threads, -(-n_cells // kernels.vector_length())))


def _checked(model: Cell, vary: Mapping[str, Any]) -> tuple[dict[str, NDArray[np.float64]], int]:
    """Arrays of one length, of known names, within range."""
    if not vary:
        raise InputError("vary is empty; give {dotted name: array}")
    known = model.parameters()
    out: dict[str, NDArray[np.float64]] = {}
    for name, x in vary.items():
        if name not in known:
            raise UnknownNameError.among("vary: the cell has no parameter", name, known)
        if name == "constants.F":
            raise InputError("constants.F is one number for all cells of a sweep; give each value to replace() and run it by itself")
        a = np.ascontiguousarray(x, dtype=float)
        if a.ndim != 1 or not a.size:
            raise ShapeError(f"vary[{name!r}] has shape {a.shape}; give one value per cell, shape (cells,)")
        p = known[name]
        bad = np.flatnonzero(~((a >= p.lo) & (a <= p.hi)))
        if bad.size:
            raise InputError(
                f"vary[{name!r}][{bad[0]}] = {a[bad[0]]:g} {p.unit} is outside {p.lo:g}...{p.hi:g} {p.unit} ({bad.size} of {a.size} are)"
            )
        out[name] = a
    lengths = {name: len(a) for name, a in out.items()}
    if len(set(lengths.values())) > 1:
        raise ShapeError("vary has arrays of different lengths: " + ", ".join(f"{k} {n}" for k, n in lengths.items()))
    return out, next(iter(lengths.values()))


def _starts(model: Cell, swept: Mapping[str, NDArray[np.float64]]) -> tuple[dict[str, NDArray[np.float64]], Mapping[int, IonfluxError]]:
    """Start values per cell, where something that decides the start varies (each is the start of the replaced cell); why some have none."""
    deciding = {name: x for name, x in swept.items() if decides_start(model, name)}
    if not deciding:
        return {}, {}
    starts = start_arrays(model, deciding)
    values = values_of_start(starts.start, starts.faraday, starts.thermal_voltage)
    n = len(next(iter(deciding.values())))
    return {name: np.broadcast_to(x, n) for name, x in values.items()}, starts.failed  # without impermeants their sums are plain zeros


def _rows(protocol: Protocol, n_cells: int, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Parameters of every (cell, time), in the order of the states."""
    k = protocol.segment_of(t)
    moved = protocol.sched[:, k][..., 0] + protocol.sched[:, k][..., 1] * (t - protocol.segment_start[k])[None, :, None]
    n_fixed = len(protocol.vary_slot)
    rows = np.empty((n_cells, len(t), n_fixed + len(protocol.sched_slot)))
    if n_fixed:
        rows[:, :, :n_fixed] = protocol.vary[:, None, :]
    rows[:, :, n_fixed:] = moved
    return rows.reshape(n_cells * len(t), -1)
