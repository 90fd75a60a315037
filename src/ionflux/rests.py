"""Cells at rest: what a steady state is, with its eigenvalues; and one that is written down."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .by_name import ByName
from .kept import Kept
from .observation import Observed
from .results import restarted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .balance import Balance
    from .cells import Cell
    from .closed_forms import PumpLeak

__all__ = ["ClosedForm", "SteadyState"]


class SteadyState(Kept, Observed):
    """A cell at rest. Quantities of `Observed` are numbers.

    Attributes
    ----------
    eigenvalues : 1/s, of the Jacobian in the cell's own states (amounts, volume where it takes time, charge) at fixed totals, most
        negative first
    stable : all real parts negative. residual : largest relative rate of change, 1/s. iterations, method. cell : the input
    budget : for each ion what every mechanism moves out, mol m^-2 s^-1; their sum is zero
    """

    def __init__(self, balance: Balance, y: NDArray[np.float64], *, iterations: int, method: str) -> None:
        self.cell, self.iterations, self.method = balance.lowered.cell, iterations, method
        self._y, self._balance = y, balance
        self._set(balance.lowered, balance.values, balance.base)

    @property
    def shape(self) -> tuple[int, ...]:
        return ()

    @property
    def _states(self) -> NDArray[np.float64]:
        return self._y[None]

    @property
    def osmolarity(self) -> float:
        return float(self.osmolarity_in)

    @cached_property
    def eigenvalues(self) -> NDArray[Any]:
        return self._balance.eigenvalues(self._y)

    @property
    def stable(self) -> bool:
        return bool(np.all(np.real(self.eigenvalues) < 0))

    @cached_property
    def residual(self) -> float:
        rates = np.abs(self._balance.rates(self._y)[0]) / self._balance.sizes(self._y)
        return float(np.max(rates[~self._balance.ledgers]))

    @cached_property
    def budget(self) -> ByName:
        def of(name: str) -> dict[str, float]:
            return {label: float(moved[name]) for label, moved in self.flux.items() if name in moved}

        return ByName("ion", tuple(i.name for i in self.cell.ions), of)

    @cached_property
    def state(self) -> dict[str, float]:
        """What `Cell(state=)` takes beside amounts, volume and V: the electrode charge (C) where there is one, and gates."""
        charge = {"electrode_charge": float(self.electrode_charge)} if self.electrode_charge else {}
        return charge | {name: float(self.gate[name]) for name, gate in self.cell.gates.items() if not gate.at_once}

    def resting(self) -> Cell:
        """The cell with this state as its start."""
        return restarted(self.cell, self)

    def __repr__(self) -> str:
        ions = ", ".join(f"{i.name} {self.c_in[i]:.4g}" for i in self.cell.ions)
        verdict = "stable" if self.stable else "unstable"
        return f"<SteadyState V {1e3 * self.V:.4f} mV; {ions} mM; volume {self.volume:.4g} m^3; {verdict}; {self.method}>"


class ClosedForm(SteadyState):
    """The electroneutral steady state written down, and what else the formula tells.

    Attributes
    ----------
    exists : X > 0. Without it all quantities of the state are NaN.
    P_star, P_max : A/m^2, net pump current density of the smallest volume, and above which the volume diverges.
    instant_step : V, depolarisation right after the pump stops: pump current over membrane conductance.
    """

    problem: PumpLeak
    exists: bool

    @cached_property
    def _per_rate(self) -> float:
        return -self.cell.faraday * self.problem.pump.charge if self.problem.pump else 0.0

    @cached_property
    def P_star(self) -> float:
        return self._per_rate * self.problem.minimal_volume()

    @cached_property
    def P_max(self) -> float:
        return self._per_rate * self.problem.largest()

    @property
    def instant_step(self) -> float:
        pump = self.problem.pump
        return 0.0 if pump is None else float(self.current[pump.name]) / self.problem.conductance
