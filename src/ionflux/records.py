"""Results as plain data: what was asked and what came out, without anything compiled. Files, pickles and comparisons are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .balance import Balance
from .cells import Cell
from .errors import InputError, Status
from .events import Crossing, Event
from .lowering import lower
from .protocols import prepare
from .rests import ClosedForm, SteadyState
from .results import Stats, Trajectory, origin
from .steady import closed_form
from .sweeps import Sweep, prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KINDS", "Record", "provenance", "record", "restored"]

KINDS = ("Trajectory", "SteadyState", "ClosedForm", "Sweep")


@dataclass(frozen=True, eq=False)
class Record:
    """A result as plain data.

    Parameters
    ----------
    kind : str
        "Trajectory", "SteadyState", "ClosedForm" or "Sweep".
    cell : Cell
    schedule : mapping from dotted name to tuple of schedules
    settings : mapping
        Numbers and texts of the question and of the answer, as JSON has them.
    arrays : mapping from name to array
    cost : mapping
        What differs between two runs of the same question: seconds, and the provenance of a run that came from elsewhere.
    """

    kind: str
    cell: Cell
    schedule: Mapping[str, Any]
    settings: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    cost: Mapping[str, Any] = field(default_factory=dict)

    def _same(self) -> tuple[Any, ...]:
        return self.kind, self.cell, {n: tuple(_listed(s)) for n, s in self.schedule.items()}, dict(self.settings)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return (
            self._same() == other._same()
            and self.arrays.keys() == other.arrays.keys()
            and all(np.array_equal(x, other.arrays[n], equal_nan=x.dtype.kind == "f") for n, x in self.arrays.items())
        )

    def __hash__(self) -> int:
        return hash((self.kind, self.cell, *((n, x.shape, x.tobytes()[:4096]) for n, x in sorted(self.arrays.items()))))


def _listed(schedules: Any) -> Any:
    return schedules if isinstance(schedules, list | tuple) else (schedules,)


def record(result: Any) -> Record:
    """Return a result as plain data."""
    if isinstance(result, Trajectory):
        return _trajectory(result)
    if isinstance(result, SteadyState):
        return _steady_state(result)
    if isinstance(result, Sweep):
        return _sweep(result)
    raise InputError(f"{result!r} is no result; a Trajectory, a SteadyState and a Sweep are")


def restored(record: Record) -> Any:
    """Return the result of which `record` was taken."""
    make = {"Trajectory": _to_trajectory, "SteadyState": _to_steady_state, "ClosedForm": _to_steady_state, "Sweep": _to_sweep}
    result = make[record.kind](record)
    if "provenance" in record.cost:
        result.__dict__["provenance"] = record.cost["provenance"]
    return result


def provenance(result: Any) -> dict[str, Any]:
    """Version, machine, and every parameter with value, unit and source."""
    kept = record(result)
    asked = {name: kept.settings[name] for name in ("method", "tolerances") if name in kept.settings}
    texts = {"schedule": {name: repr(what) for name, what in kept.schedule.items()}} if kept.kind == "Sweep" else {}
    return origin(kept.cell, asked | texts)


def _cost(result: Any, **more: Any) -> dict[str, Any]:
    kept = result.__dict__.get("provenance")
    return more | ({} if kept is None else {"provenance": kept})


def _trajectory(run: Trajectory) -> Record:
    arrays = {"t": np.asarray(run.t), "y": np.asarray(run._y)}
    if run._steps is not None:
        arrays["steps"] = run._steps
    names = run.lowered.state_names
    settings = {
        "until": float(run.until), "status": run.status.name, "tolerances": dict(run._tolerances), "states": list(names),
        "counting": any(n.startswith("moved.") for n in names), "events": [[e.t, *e.crossing._values(), e.direction] for e in run.events],
        "steps": run.stats.steps, "rejected": run.stats.rejected, "method": run.stats.method, "factorisations": run.stats.factorisations,
    }  # fmt: skip
    return Record("Trajectory", run.cell, dict(run.schedule), settings, arrays, _cost(run, seconds=run.stats.seconds))


def _to_trajectory(record: Record) -> Trajectory:
    s = record.settings
    protocol = prepare(record.cell, s["until"], record.schedule, _prefixed(s["tolerances"]), counting=s["counting"])
    _check_states(protocol.lowered, s)
    stats = Stats(s["steps"], s["rejected"], record.cost.get("seconds", 0.0), s["method"], s.get("factorisations", -1))
    a, events = record.arrays, tuple(Event(t, Crossing(*crossing), direction) for t, *crossing, direction in s["events"])
    return Trajectory(
        record.cell, protocol, record.schedule, a["t"], a["y"], Status[s["status"]], stats, a.get("steps"), s["tolerances"], events
    )


def _prefixed(tolerances: Mapping[str, float]) -> dict[str, float]:
    return {f"_{k}": v for k, v in tolerances.items() if k != "rtol"}


def _check_states(lowered: Any, settings: Mapping[str, Any]) -> None:
    if list(settings["states"]) != list(lowered.state_names):
        raise InputError("its states are not those that this version of ionflux integrates")


def _steady_state(rest: SteadyState) -> Record:
    balance = rest._balance
    defaults = balance.lowered.defaults
    changed = {name: float(x) for name, x in balance.values.items() if name not in defaults or not _equal(x, defaults[name])}
    settings = {"iterations": rest.iterations, "method": rest.method, "states": list(balance.lowered.state_names), "changed": changed}
    kind = "ClosedForm" if isinstance(rest, ClosedForm) else "SteadyState"
    return Record(kind, rest.cell, {}, settings, {"y": np.array(rest._y), "start": np.array(balance.start)}, _cost(rest))


def _equal(x: Any, y: Any) -> bool:
    return bool(x == y or (x != x and y != y))


def _to_steady_state(record: Record) -> SteadyState:
    if record.kind == "ClosedForm":
        return closed_form(record.cell)
    lowered, s = lower(record.cell, resting=True), record.settings
    _check_states(lowered, s)
    balance = Balance(lowered, {**lowered.defaults, **s["changed"]}, record.arrays["start"])
    return SteadyState(balance, record.arrays["y"], iterations=s["iterations"], method=s["method"])


def _sweep(swept: Sweep) -> Record:
    layout = swept._flat.reshape(len(swept), -1, swept._flat.shape[1])
    arrays = {f"vary.{name}": np.asarray(x, dtype=float) for name, x in swept.vary.items()}
    arrays |= {"y": layout, "status": swept.status, "t_reached": swept.t_reached}
    if len(swept.shape) == 2:
        arrays["t"] = swept.t
    settings = {
        "until": float(swept.until), "tolerances": dict(swept._tolerances), "states": list(swept.lowered.state_names),
        "steps": swept.stats.steps, "rejected": swept.stats.rejected, "method": swept.stats.method,
    }  # fmt: skip
    return Record("Sweep", swept.model, dict(swept.schedule), settings, arrays, _cost(swept, seconds=swept.stats.seconds))


def _to_sweep(record: Record) -> Sweep:
    s, a = record.settings, record.arrays
    vary = {name.removeprefix("vary."): x for name, x in a.items() if name.startswith("vary.")}
    protocol, n_cells, refused = prepared(record.cell, vary, s["until"], record.schedule or None, _prefixed(s["tolerances"]))
    _check_states(protocol.lowered, s)
    times = a.get("t")
    arrays: dict[str, Any] = {"status": a["status"], "t": a["t_reached"], "y": a["y"][:, -1, :], "out": np.array(a["y"])}
    arrays["sample"] = np.full(n_cells, len(times) if times is not None else 0)
    stats = Stats(s["steps"], s["rejected"], record.cost.get("seconds", 0.0), s["method"])
    return Sweep(record.cell, vary, protocol, arrays, times, stats, record.schedule, s["tolerances"], refused)
