"""What a run returns: a trajectory with its statistics, its audit and its provenance."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ._dispatch import kernels
from ._version import __version__
from .audit import Audit
from .audit import audit as audited
from .baths import Bath, Impermeant, unjudged
from .cells import Pool, Store
from .cells.checks import MAX_CHARGE
from .errors import InputError, Status
from .events import Crossing, Event, Finder, crosses, interpolate
from .kept import Kept
from .mechanisms import Buffer
from .observation import Observed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell
    from .protocols import Protocol

__all__ = ["Audit", "Stats", "Trajectory", "restarted"]


@dataclass(frozen=True)
class Stats:
    """What a run cost. steps are accepted ones; one tried costs 8 evaluations, one Jacobian and one factorisation, or with the explicit
    pair 6 evaluations. Where both methods had their turn, `factorisations` says how many were Rodas5P's.
    """

    steps: int
    rejected: int
    seconds: float
    method: str = "Rodas5P"
    factorisations: int = -1  # as many as all steps are, or none, by the method

    def __post_init__(self) -> None:
        if self.factorisations < 0:
            object.__setattr__(self, "factorisations", self.steps + self.rejected if self.method == "Rodas5P" else 0)

    @property
    def evaluations(self) -> int:
        return 6 * (self.steps + self.rejected) + 2 * self.factorisations


def origin(cell: Cell, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Where a result comes from: version, machine, what was asked for, and every parameter of the cell with value, unit and source."""
    return {
        "ionflux": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "instruction_set": kernels.isa(),
        **asked,
        "parameters": {name: {"value": p.value, "unit": p.unit, "source": p.source} for name, p in cell.parameters().items()},
    }


class Trajectory(Kept, Observed):
    """One cell over time. Cell quantities of `Observed` have the shape of `.t`.

    Attributes
    ----------
    t : (n,) s. The times asked for with `at=` or `samples=`, otherwise the start and every accepted step.
    cell, schedule, until : what was run. status : `Status`. stats, audit, provenance.
    events : tuple of `Event` (t, crossing, direction), in order of time; where the run was stopped by one, it is the last.
    """

    cell: Cell
    schedule: dict[str, Any]
    until: float
    status: Status
    stats: Stats
    events: tuple[Event, ...]
    _protocol: Protocol
    _tolerances: dict[str, float]
    _kept: tuple[NDArray[np.float64], NDArray[np.float64]]
    _recorded: NDArray[np.float64] | list[NDArray[np.float64]] | None

    def __init__(
        self,
        cell: Cell,
        protocol: Protocol,
        schedule: Mapping[str, Any],
        t: NDArray[np.float64],
        y: NDArray[np.float64],
        status: Status,
        stats: Stats,
        steps: NDArray[np.float64] | list[NDArray[np.float64]] | None,
        tolerances: Mapping[str, float],
        events: tuple[Event, ...] = (),
    ) -> None:
        # at once: short runs are asked for by the thousand, and each assignment to what is frozen costs a call
        vars(self).update(
            cell=cell,
            schedule=dict(schedule),
            until=protocol.until,
            status=status,
            stats=stats,
            events=events,
            _protocol=protocol,
            _tolerances=dict(tolerances),
            _kept=(t, y),
            _recorded=steps,
        )
        self._set(protocol.lowered, protocol.values, protocol.base)

    # the record of a long run is put together when it is first read: Ctrl-C answers at once

    @cached_property
    def _steps(self) -> NDArray[np.float64] | None:
        """Accepted steps: t, t_new, y, y_new, p_2, p_3, p_4; None where only samples were kept."""
        return np.concatenate(self._recorded) if isinstance(self._recorded, list) else self._recorded

    @cached_property
    def t(self) -> NDArray[np.float64]:
        """Times, s."""
        t, steps = self._kept[0], self._steps
        return t if steps is None or len(t) > len(steps) else np.concatenate([t, steps[:, 1]])

    @cached_property
    def _y(self) -> NDArray[np.float64]:
        y, steps = self._kept[1], self._steps
        n = y.shape[1]
        return y if steps is None or len(y) > len(steps) else np.concatenate([y, steps[:, 2 + n : 2 + 2 * n]])

    @property
    def shape(self) -> tuple[int, ...]:
        return self.t.shape

    @property
    def _states(self) -> NDArray[np.float64]:
        return self._y

    @property
    def _slots(self) -> NDArray[np.intc]:
        return self._protocol.slots

    def _rows(self) -> NDArray[np.float64]:
        return self._protocol.rows_at(self.t)

    def __len__(self) -> int:
        return len(self.t)

    @cached_property
    def audit(self) -> Audit:
        return audited(self)

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Version, machine, tolerances, and every parameter with value, unit and source."""
        schedule = {name: repr(what) for name, what in self.schedule.items()}
        return origin(self.cell, {"method": self.stats.method, "tolerances": self._tolerances, "schedule": schedule})

    def at(self, t: float | NDArray[np.float64]) -> Trajectory:
        """The run at other times, by the stepper's own dense output (order 4).

        Parameters
        ----------
        t : s, number or array within the run.

        Raises
        ------
        InputError
            Times outside the run, or a run that kept only the samples it was asked for.
        """
        times = np.atleast_1d(np.asarray(t, dtype=float))
        if self._steps is None:
            raise InputError("this run kept only the times given by at= or samples=; run it without them to look in between")
        if not len(self.t) or np.any(~((times >= self.t[0]) & (times <= self.t[-1]))):
            raise InputError(f"t is outside the run, {self.t[0] if len(self.t) else 0:g}...{self.t[-1] if len(self.t) else 0:g} s")
        y = interpolate(self._steps, self._y, times)
        return Trajectory(self.cell, self._protocol, self.schedule, times, y, self.status, self.stats, None, self._tolerances)

    def spikes(self, level: float = 0.0) -> NDArray[np.float64]:
        """Times (s) at which V rises through `level` (V).

        On the stepper's dense output; a run that kept only samples is taken as straight lines between them.
        """
        if self._steps is not None:
            found = Finder(self._protocol, [crosses("V", level)]).scan(self._steps)
            return np.array([event.t for event in found])
        below = self.V < level
        k = np.flatnonzero(below[:-1] & ~below[1:])
        part = (level - self.V[k]) / (self.V[k + 1] - self.V[k])
        times: NDArray[np.float64] = self.t[k] + part * (self.t[k + 1] - self.t[k])
        return times

    def times_of(self, crossing: Crossing) -> NDArray[np.float64]:
        """Times (s) of one of the events asked for."""
        return np.array([event.t for event in self.events if event.crossing == crossing])

    def cell_at(self, t: float) -> Cell:
        """The cell with the state it had at time t as its start, at its own (unscheduled) parameters."""
        if self._steps is not None:
            seen = self.at(t)
        else:
            index = np.flatnonzero(self.t == t)
            if not len(index):
                raise InputError(f"t = {t:g} s is not one of this run's times; run it without at= to look in between")
            k = index[:1]
            seen = Trajectory(
                self.cell, self._protocol, self.schedule, self.t[k], self._y[k], self.status, self.stats, None, self._tolerances
            )
        return restarted(self.cell, seen)

    def plot(self, *args: Any, **options: Any) -> Any:
        """Overview figure (needs the `app` extra)."""
        from .plotting import overview

        return overview(self, *args, **options)

    def __repr__(self) -> str:
        if not len(self.t):
            return f"<Trajectory: empty, {self.status.name}>"
        s = self.stats
        return (
            f"<Trajectory of {len(self.t)} times, {self.t[0]:g}...{self.t[-1]:g} s, {self.status.name}: V {1e3 * self.V[0]:.2f} -> "
            f"{1e3 * self.V[-1]:.2f} mV, volume x {self.volume[-1] / self.volume[0]:.4f}; {s.steps} steps in {1e3 * s.seconds:.3g} ms>"
        )


def restarted(cell: Cell, seen: Any) -> Cell:
    """The cell whose start is a state that was observed (`Observed` of one state, or the first of several)."""

    def first(x: Any) -> float:
        return float(np.asarray(x).flat[0])

    volume = first(seen.volume)
    held = tuple(Impermeant(z=z, c=n / volume) for z, n in cell.start.impermeants)
    new: dict[str, Any] = {"volume": volume, "inside": {ion: first(seen.c_in[ion]) for ion in cell.ions}, "impermeant": held or None}
    new["V"] = None if cell.potential == "electroneutral" else first(seen.V)
    if cell.area_law != "fixed":
        new["area"] = first(seen.area)
    state = {name: first(seen.gate[name]) for name, gate in cell.gates.items() if not gate.at_once}
    q = first(seen.electrode_charge)
    # where V does not follow from the charge that is a ledger without bounds, and nothing reads it
    if q and not (cell.potential == "current" and abs(q) > MAX_CHARGE):
        state["electrode_charge"] = q
    state |= {f"{m.name}.bound": first(seen._look(f"bound.{m.name}")) / volume for m in cell.buffers if m.k_on is not None}
    if state:
        new["state"] = {**cell.state, **state}
    if cell.buffers:
        new["membrane"] = tuple(_at_volume(cell, m, volume) if isinstance(m, Buffer) else m for m in cell.membrane)
    if cell.extra_pools:
        at = {"in": seen.c_in, "out": seen.c_out}
        new["pools"] = tuple(_pool_now(cell, p, first(at[p.side][p.name]), volume) if isinstance(p, Pool) else p for p in cell.pools)
    if cell.outside_volume is not None:
        w, before = first(seen.volume_out), cell.start.volume_out
        assert before is not None
        other = cell.bath.impermeant
        with unjudged():  # a state, and nothing that anybody has written
            new["bath"] = Bath(
                {ion: first(seen.c_out[ion]) for ion in cell.bath},
                osmolyte=cell.bath.osmolyte * before / w,
                impermeant=None if other is None else replace(other, c=(other.c or 0.0) * before / w),
            )
        new["outside_volume"] = w
    if any(getattr(m, "shared", None) for m in cell.membrane):
        now = {ion: (c, new.get("bath", cell.bath)[ion]) for ion, c in new["inside"].items()}
        new["membrane"] = tuple(_shared_as_before(cell, m, now) for m in new.get("membrane", cell.membrane))
    with unjudged():
        return replace(cell, **new)


def _shared_as_before(cell: Cell, m: Any, now: Mapping[Any, tuple[float, float]]) -> Any:
    """A channel whose two ions share its conductance as they did; with other concentrations it reverses elsewhere."""
    if not getattr(m, "shared", None):
        return m
    one, other = m.shared

    def E(ion: Any, c_in: float, c_out: float) -> float:
        return float(cell.thermal_voltage / ion.z * np.log(c_out / c_in))

    before = [E(ion, cell.inside[ion], cell.bath[ion]) for ion in m.shared]
    share = (m.E_rev - before[1]) / (before[0] - before[1])
    return replace(m, E_rev=share * E(one, *now[one]) + (1.0 - share) * E(other, *now[other]))


def _at_volume(cell: Cell, m: Buffer, volume: float) -> Buffer:
    """A buffer with the same sites and their charge in a cell of another volume."""
    sites = m.total * m.scale * cell.start.volume
    return replace(m, total=m.total * cell.start.volume / volume, charge_of_site=cell.start.buffers[m.name] / sites if sites else 0.0)


def _pool_now(cell: Cell, p: Pool, c: float, volume: float) -> Pool:
    """A pool with another concentration; a store of the same volume in a cell of another one."""
    if not isinstance(p, Store):
        return replace(p, c=c)
    fraction = p.fraction * cell.start.volume / volume
    return replace(p, c=c, fraction=fraction, fixed_charge=cell.start.buffers[p.name] / (fraction * volume))
