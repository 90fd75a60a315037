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
from .baths import Impermeant
from .errors import InputError, Status
from .observation import Observed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from .cells import Cell
    from .protocols import Protocol

__all__ = ["Audit", "Stats", "Trajectory"]


@dataclass(frozen=True)
class Stats:
    """What a run cost. steps are accepted ones; every step tried costs 8 evaluations, one Jacobian, one factorisation."""

    steps: int
    rejected: int
    seconds: float
    method: str = "Rodas5P"

    @property
    def evaluations(self) -> int:
        return 8 * (self.steps + self.rejected)

    @property
    def factorisations(self) -> int:
        return self.steps + self.rejected


@dataclass(frozen=True)
class Audit:
    """Conservation over a run, from the stored amounts.

    charge : largest |F sum(z n) - C_m A V| / (F sum|z| n). impermeant : largest relative change of the impermeant amount.
    lowest : smallest amount of any ion over its own start, negative if one went below zero.
    """

    charge: float
    impermeant: float
    lowest: float
    bound: float = 1e-12

    @property
    def worst(self) -> float:
        return max(self.charge, self.impermeant)

    @property
    def ok(self) -> bool:
        return bool(self.worst <= self.bound and self.lowest >= 0.0)

    def __repr__(self) -> str:
        verdict = "kept" if self.ok else "BROKEN"
        return f"<Audit {verdict}: charge {self.charge:.1e}, impermeant {self.impermeant:.1e} (bound {self.bound:.0e})>"


class Trajectory(Observed):
    """One cell over time. Cell quantities of `Observed` have the shape of `.t`.

    Attributes
    ----------
    t : (n,) s. The times asked for with `at=` or `samples=`, otherwise the start and every accepted step.
    cell, schedule, until : what was run. status : `Status`. stats, audit, provenance.
    """

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
    ) -> None:
        self.cell, self.schedule, self.until = cell, dict(schedule), protocol.until
        self.status, self.stats = status, stats
        self._protocol, self._tolerances = protocol, dict(tolerances)
        self._kept, self._recorded = (t, y), steps
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

    @cached_property
    def _parameters(self) -> tuple[NDArray[np.intc], NDArray[np.float64]]:
        return self._protocol.slots_at(self.t)

    def __len__(self) -> int:
        return len(self.t)

    @cached_property
    def audit(self) -> Audit:
        if not len(self.t):
            return Audit(0.0, 0.0, 0.0)
        lowest = min(float(np.min(self.amount[i])) / max(self.cell.start.amount[i], 1e-300) for i in self.cell.ions)
        held = self.c_impermeant * self.volume
        return Audit(float(np.max(self.charge_imbalance)), float(np.ptp(held) / max(np.max(held), 1e-300)), lowest)

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Version, machine, tolerances, and every parameter with value, unit and source."""
        return {
            "ionflux": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "platform": platform.platform(),
            "instruction_set": kernels.isa(),
            "tolerances": self._tolerances,
            "schedule": {name: repr(what) for name, what in self.schedule.items()},
            "parameters": {name: {"value": p.value, "unit": p.unit, "source": p.source} for name, p in self.cell.parameters().items()},
        }

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
        c_in = {ion: float(seen.c_in[ion][0]) for ion in self.cell.ions}
        volume, V = float(seen.volume[0]), float(seen.V[0])
        held = tuple(Impermeant(z=z, c=n / volume) for z, n in self.cell.start.impermeants)
        return replace(self.cell, V=V, volume=volume, inside=c_in, impermeant=held or None)

    def to_xarray(self) -> Any:
        """The run as an `xarray.Dataset` with units and provenance (needs the `app` extra)."""
        from .files import to_xarray

        return to_xarray(self)

    def save(self, path: str | Path, **options: Any) -> None:
        """Write NetCDF, whole or not at all (needs the `app` extra)."""
        from .files import save

        save(self, path, **options)

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


def interpolate(steps: NDArray[np.float64], y: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Dense output of recorded steps (t, t_new, y, y_new, p_2, p_3, p_4) at times t."""
    n = y.shape[1]
    if not len(steps):
        return np.repeat(y[:1], len(t), axis=0)
    k = np.clip(np.searchsorted(steps[:, 1], t, side="left"), 0, len(steps) - 1)
    s = steps[k]
    theta = ((t - s[:, 0]) / (s[:, 1] - s[:, 0]))[:, None]
    y0, y1, p2, p3, p4 = (s[:, 2 + i * n : 2 + (i + 1) * n] for i in range(5))
    inner: NDArray[np.float64] = (1 - theta) * y0 + theta * (y1 + (1 - theta) * (p2 + theta * (p3 + theta * p4)))
    return np.where(theta == 1.0, y1, inner)
