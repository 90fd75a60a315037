"""Steady states that can be written down: linear leaks and cotransporters against a pump, with osmosis, for monovalent ions.

With a_i = ln(c_out/c_in) - z_i u the affinity of ion i over RT, linear mechanisms give a flux G a, and the balance of each
ion with a pump of rate J and stoichiometry nu reads G a = -nu J: all affinities follow from J. What is left is one unknown,
theta = e^(-u), with alpha = sum of c_out e^(-a) over cations and beta the same over anions:

    osmosis   alpha theta + beta/theta + X = Pi,     charge (C -> 0)   alpha theta - beta/theta + z X = 0
    together  (1 - z) alpha theta^2 + z Pi theta - (1 + z) beta = 0

and, where the pump depends on what it pumps, one monotone scalar equation for J. A steady state exists where X > 0.
Sources: Mori 2012 (Physica D), Kay 2017 (Front Cell Dev Biol 5:41), Duesterwald et al. 2018 (eLife 7:e39575), appendix; the
matrix form, which holds for any set of linear mechanisms, is our own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .errors import NoClosedForm
from .mechanisms import Law

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell
    from .mechanisms import Mechanism
    from .species import IonSpecies

LINEAR = (Law.OHMIC, Law.COTRANSPORT)


@dataclass(frozen=True)
class Balance:
    """One solution of the quadratic for a given pump rate."""

    J: float
    u: float
    c_in: NDArray[np.float64]
    X: float


class PumpLeak:
    """The reduced problem of a cell: G, nu, baths, impermeants.

    Raises
    ------
    NoClosedForm
        Naming the part of the cell that has none.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        if cell.water is None:
            raise NoClosedForm("the closed form needs osmosis: the cell is rigid; add Water(...)")
        for given, what in (
            (cell.potential == "current", "V is not tied to charge"),
            (cell.outside_volume is not None, "the outside is finite"),
            (bool(cell.held or cell.slaved), "pools are held or slaved"),
            (cell.clamp is not None, "V is prescribed by a VoltageClamp"),
            (cell.activity is not None, "activities depend on the solution"),
            (cell.surface is not None, "the membrane is charged"),
            (bool(cell.buffers), "ions are bound"),
            (len(cell.ways) > len(cell.mechanisms) or bool(cell.gates), "channels have gates, or pass several ions"),
        ):
            if given:
                raise NoClosedForm(f"there is no closed form: {what}")
        self.ions: tuple[IonSpecies, ...] = cell.ions
        if bad := [i.name for i in self.ions if abs(i.z) != 1]:
            raise NoClosedForm(f"the closed form is for monovalent ions; {bad[0]} is not")
        linear = [m for m in cell.mechanisms if m.law in LINEAR]
        pumps = [m for m in cell.mechanisms if m.law not in LINEAR]
        if bent := [m for m in pumps if m.law is not Law.PRODUCT]:
            raise NoClosedForm(f"the closed form takes one pump beside ohmic leaks and cotransporters; {bent[0].name} is neither")
        if len(pumps) > 1:
            raise NoClosedForm(f"the closed form takes one pump beside ohmic leaks and cotransporters; {pumps[-1].name} is another")
        if bent := [m for m in linear if m.factors or m.parameters()[m.strength].unit != "S m^-2"]:
            raise NoClosedForm(f"there is no closed form: {bent[0].name} has no conductance that is a number")
        self.pump: Mechanism | None = pumps[0] if pumps else None
        if self.pump is not None:
            known = {f"{side}.{i.name}" for i in self.ions for side in ("c_in", "c_out")}
            if strange := sorted({name for f in self.pump.factors for name in f.reads()} - known):
                raise NoClosedForm(f"there is no closed form: {self.pump.name} depends on {strange[0]}")
        VT, F = cell.thermal_voltage, cell.faraday
        self.z = np.array([float(i.z) for i in self.ions])
        self.c_out = np.array([cell.bath.get(i, 0.0) for i in self.ions])
        self.G = np.zeros((len(self.ions), len(self.ions)))
        self.conductance = 0.0
        for m in linear:
            nu = self._stoichiometry(m)
            g = float(getattr(m, m.strength)) * m.scale
            L = g * VT / F  # an ohmic leak has g VT/(z^2 F), and z^2 = 1
            self.G += L * np.outer(nu, nu)
            self.conductance += F / VT * L * m.charge**2
        self.nu = self._stoichiometry(self.pump) if self.pump else np.zeros(len(self.ions))
        if np.any(self.c_out <= 0) or np.linalg.matrix_rank(self.G) < len(self.ions):
            raise NoClosedForm("every ion needs a leak and a concentration outside for the closed form")
        self.slope = -np.linalg.solve(self.G, self.nu)  # da/dJ
        start = cell.start
        self.n_X = sum(n for _, n in start.impermeants)
        self.z_X = sum(z * n for z, n in start.impermeants) / self.n_X if self.n_X else 0.0
        self.Pi = cell.bath.osmolarity

    def _stoichiometry(self, m: Mechanism) -> NDArray[np.float64]:
        return np.array([float(m.moves.get(i, 0)) for i in self.ions])

    def at(self, J: float) -> Balance:
        """The balance at a pump rate J (mol m^-2 s^-1); X <= 0 where no steady state exists."""
        alpha, beta = self._sums(J)
        A, B, C = (1.0 - self.z_X) * alpha, self.z_X * self.Pi, -(1.0 + self.z_X) * beta
        discriminant = B * B - 4.0 * A * C
        if discriminant < 0.0:  # z_X < -1 and more permeant anions than the balance can hold
            return Balance(J, float("nan"), np.full(len(self.c_out), np.nan), -self.Pi)
        root = np.sqrt(discriminant)
        # the larger root where A > 0 (z_X < 1), written without cancellation
        if A > 0:
            theta = (root - B) / (2.0 * A) if B <= 0 else -2.0 * C / (B + root)
        else:
            theta = -C / B if A == 0 else -2.0 * C / (B + root)
        with np.errstate(over="ignore", invalid="ignore"):
            c = self.c_out * np.exp(-self.slope * J) * theta**self.z
        return Balance(J, float(-np.log(theta)), c, float(self.Pi - np.sum(c)))

    def _sums(self, J: float) -> tuple[float, float]:
        with np.errstate(over="ignore"):
            e = self.c_out * np.exp(-self.slope * J)
        return float(np.sum(e[self.z > 0])), float(np.sum(e[self.z < 0]))

    def pump_rate(self, c_in: NDArray[np.float64]) -> float:
        """The pump's own rate at inside concentrations."""
        if self.pump is None:
            return 0.0
        rate = float(getattr(self.pump, self.pump.strength)) * self.pump.scale
        names = [i.name for i in self.ions]

        def read(what: float | str) -> float:
            if not isinstance(what, str):
                return float(what)
            side, _, name = what.partition(".")
            if not name:
                return float(getattr(self.pump, side))
            return float((c_in if side == "c_in" else self.c_out)[names.index(name)])

        for f in self.pump.factors:
            rate *= f.value(read)
        return rate

    @cached_property
    def constant_pump(self) -> bool:
        return self.pump is None or not any(name.startswith("c_in.") for f in self.pump.factors for name in f.reads())

    def solve(self) -> Balance:
        """The balance at which the pump's rate is the one its own concentrations give."""
        if self.constant_pump:
            return self.at(self.pump_rate(self.c_out))
        from scipy.optimize import brentq

        def mismatch(J: float) -> float:
            return J - self.pump_rate(self.at(J).c_in)

        if mismatch(0.0) >= 0.0:
            return self.at(0.0)
        high = 1e-3 / float(np.max(np.abs(self.slope)))
        while mismatch(high) <= 0.0:  # the pump empties the cell of what it pumps exponentially, so this ends before exp overflows
            high *= 2.0
        J = brentq(mismatch, 0.0, high, xtol=1e-300, rtol=8.9e-16, maxiter=500)
        return self.at(float(J))

    # ---- how the volume depends on the pump -----------------------------------------------------------------------------
    def _dX(self, J: float) -> float:
        """dX/dJ along the balance, by implicit differentiation of the quadratic."""
        alpha, beta = self._sums(J)
        theta = float(np.exp(-self.at(J).u))
        if np.isnan(theta):
            return float("nan")
        e = self.c_out * np.exp(-self.slope * J) * -self.slope
        da, db = float(np.sum(e[self.z > 0])), float(np.sum(e[self.z < 0]))
        z = self.z_X
        dtheta = -((1 - z) * da * theta**2 - (1 + z) * db) / (2 * (1 - z) * alpha * theta + z * self.Pi)
        return -(da * theta + alpha * dtheta) - (db / theta - beta * dtheta / theta**2)

    def _first(self, low: float, ends: Callable[[float], bool]) -> tuple[float, float] | None:
        """Neighbouring pump rates, the first at which it has not ended yet and the next, until an ion has grown e^300-fold."""
        J, unit = low, 1.0 / float(np.max(np.abs(self.slope)))
        while J < 300.0 / float(np.max(-self.slope, initial=1.0 / unit if np.all(self.slope >= 0) else 0.0)):
            following = max(1.1 * J, 1e-3 * unit)
            if ends(following):
                return J, following
            J = following
        return None

    def minimal_volume(self) -> float:
        """Pump rate of the smallest steady volume, mol m^-2 s^-1; NaN without a pump."""
        from scipy.optimize import brentq

        if not np.any(self.nu) or not self._dX(0.0) > 0.0:
            return float("nan")
        bracket = self._first(0.0, lambda J: not self._dX(J) > 0.0)
        if bracket is None or not np.isfinite(self._dX(bracket[1])):
            return float("nan")
        return float(brentq(self._dX, *bracket, xtol=1e-300, rtol=8.9e-16))

    def largest(self) -> float:
        """Pump rate above which the volume diverges, mol m^-2 s^-1; NaN where there is none."""
        from scipy.optimize import brentq

        best = self.minimal_volume()
        if not np.isfinite(best) or self.at(best).X <= 0.0:
            return float("nan")
        bracket = self._first(best, lambda J: self.at(J).X <= 0.0)
        return float("nan") if bracket is None else float(brentq(lambda J: self.at(J).X, *bracket, xtol=1e-300, rtol=8.9e-16))
