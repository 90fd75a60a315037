"""Steady states: the closed form where one exists, otherwise Newton in (V, ln n, ln w), with eigenvalues.

Newton works on logarithms of amounts and volume and on V itself: in raw amounts it loses the digits of V, because V is a
small difference of large charges.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .closed_forms import PumpLeak
from .errors import ConvergenceError, InputError, NoClosedForm, NoSteadyState, SolveError
from .lowering import Lowered, lower
from .observation import Observed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell

__all__ = ["ClosedForm", "SteadyState", "closed_form", "steady_state"]

# (1 - 1e-9) of the capacitance gone: the electroneutral limit to nine digits beyond its own deviation of about 1e-5
ELECTRONEUTRAL = 1e-9


class SteadyState(Observed):
    """A cell at rest. Quantities of `Observed` are numbers.

    Attributes
    ----------
    eigenvalues : 1/s, of the Jacobian in the cell's own states (amounts, volume where it takes time, charge), most negative first
    stable : all real parts negative. residual : largest relative rate of change, 1/s. iterations, method. cell : the input
    """

    def __init__(
        self, cell: Cell, lowered: Lowered, values: dict[str, Any], y: NDArray[np.float64], *, iterations: int, method: str
    ) -> None:
        self.cell, self.iterations, self.method = cell, iterations, method
        self._y = y
        self._set(lowered, values, np.array(lowered.parameters(values), dtype=float))

    @property
    def shape(self) -> tuple[int, ...]:
        return ()

    @property
    def _states(self) -> NDArray[np.float64]:
        return self._y[None]

    @cached_property
    def _parameters(self) -> tuple[NDArray[np.intc], NDArray[np.float64]]:
        return np.empty(0, np.intc), np.empty((1, 0))

    @property
    def osmolarity(self) -> float:
        return float(self.osmolarity_in)

    @cached_property
    def _linear(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        f, J = self.lowered.derivatives(self._y[None], self._base)
        return f[0], J[0]

    @cached_property
    def eigenvalues(self) -> NDArray[Any]:
        # similarity by the states' sizes first: amounts of 1e-13 mol beside volumes of 1e-15 m^3
        size = np.abs(self._y) + 1e-300
        values = np.linalg.eigvals(self._linear[1] * size[None, :] / size[:, None])
        values = values[np.argsort(values.real)]
        return values.real if np.all(values.imag == 0) else values

    @property
    def stable(self) -> bool:
        return bool(np.all(np.real(self.eigenvalues) < 0))

    @cached_property
    def residual(self) -> float:
        return float(np.max(np.abs(self._linear[0]) / _sizes(self.lowered, self.values, self._y)))

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


def closed_form(cell: Cell) -> ClosedForm:
    """The electroneutral steady state by formula (see `closed_forms`).

    Raises
    ------
    NoClosedForm
        Naming the part of the cell that has none.
    """
    problem = PumpLeak(cell)
    lowered = lower(cell)
    values = _electroneutral(lowered.defaults)
    balance = problem.solve()
    exists = balance.X > 0.0 and bool(np.all(np.isfinite(balance.c_in)))
    w = problem.n_X / balance.X if exists else float("nan")
    V = balance.u * cell.thermal_voltage if exists else float("nan")
    y = _state(lowered, values, {i.name: c * w for i, c in zip(cell.ions, balance.c_in, strict=True)}, w, V)
    form = ClosedForm(cell, lowered, values, y, iterations=0, method="closed form" if problem.constant_pump else "scalar root")
    form.problem, form.exists = problem, exists
    return form


def steady_state(cell: Cell, start: Cell | SteadyState | None = None, *, electroneutral: bool = False, tol: float = 1e-12) -> SteadyState:
    """The steady state that the cell reaches from its start (or from `start`).

    Parameters
    ----------
    start : a cell or steady state whose state is the first guess; default the closed form where there is one, else the
        cell's own start followed for as long as it takes.
    electroneutral : the limit C_m -> 0, in which closed forms are exact.
    tol : relative size of the last Newton step.

    Raises
    ------
    NoSteadyState
        With the reason: the volume diverges, or no state was found and why.
    """
    if not 0.0 < tol < 1.0:
        raise InputError(f"tol = {tol!r} is a relative step between 0 and 1; 1e-12 is the default")
    form = None
    try:
        form = closed_form(cell)
    except NoClosedForm:
        pass
    if form is not None and not form.exists:
        raise NoSteadyState(
            "no steady state: the volume diverges. The impermeant ions draw in more water than the pump can keep out "
            f"(osmolarity of the permeant ions alone would have to exceed the bath's {cell.bath.osmolarity:.6g} mM); "
            "raise the pump rate or lower the leaks"
        )
    if form is not None and electroneutral and start is None:
        return form
    lowered = lower(cell)
    values = _electroneutral(lowered.defaults) if electroneutral else lowered.defaults
    if start is None:
        guess = form._y if form is not None else None
        if form is not None:
            guess = _state(lowered, values, {i.name: float(form.amount[i]) for i in cell.ions}, float(form.volume), float(form.V))
    else:
        seen = start.start if hasattr(start, "start") else start
        guess = _state(lowered, values, {i.name: float(seen.amount[i]) for i in cell.ions}, float(seen.volume), float(seen.V))
    base = np.array(lowered.parameters(values), dtype=float)
    if guess is not None:
        found = _newton(lowered, values, base, guess, tol)
        if found is not None:
            return SteadyState(cell, lowered, values, found[0], iterations=found[1], method="newton")
    return _follow(cell, lowered, values, base, tol)


def _electroneutral(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "C_m": values["C_m"] * ELECTRONEUTRAL}


def _state(lowered: Lowered, values: dict[str, Any], amount: dict[str, float], volume: float, V: float) -> NDArray[np.float64]:
    named = {f"_amount.{k}": n for k, n in amount.items()} | {"_volume": volume, "_V": V}
    return np.array(lowered.initial({**values, **named}), dtype=float)


def _sizes(lowered: Lowered, values: dict[str, Any], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each state is measured against: itself, or for the charge that of 25 mV."""
    charge = values["C_m"] * values["area"] / lowered.cell.faraday * 0.025
    return np.array([charge if name == "charge" else abs(x) + 1e-300 for name, x in zip(lowered.state_names, y, strict=True)])


def _newton(
    lowered: Lowered, values: dict[str, Any], base: NDArray[np.float64], y: NDArray[np.float64], tol: float
) -> tuple[NDArray[np.float64], int] | None:
    """Damped Newton in (ln amount, ln volume, V); None where it does not converge.

    Rows are divided by the largest term of their own, so that a fast row does not hide a slow one.
    """
    charge = np.array([name == "charge" for name in lowered.state_names])
    replaced = lowered.model.replaced
    previous = np.inf
    for iteration in range(1, 101):
        f, J = lowered.derivatives(y[None], base)
        size = _sizes(lowered, values, y)
        A = J[0] * size[None, :]
        rows = np.max(np.abs(A), axis=1)
        if not (np.all(np.isfinite(A)) and np.all(rows > 0)):
            return None
        try:
            step = -np.linalg.solve(A / rows[:, None], f[0] / rows)
        except np.linalg.LinAlgError:
            return None
        length = float(np.max(np.abs(step)))
        step *= min(1.0, 0.7 / length) if length > 0 else 1.0
        for _ in range(40):
            trial = np.where(charge, y + step * size, y * np.exp(np.where(charge, 0.0, step)))
            left = lowered.observe([f"amount.{replaced.name}"], trial[None], base, np.empty(0, np.intc), np.empty((1, 0)))
            if float(left[f"amount.{replaced.name}"][0]) > 0.0:
                break
            step *= 0.5
        y = trial
        # one more step once it is small enough: quadratic convergence then leaves round-off only
        if length <= tol or (length < 1e-8 and length >= 0.5 * previous):
            return y, iteration
        previous = length
    return None


def _follow(cell: Cell, lowered: Lowered, values: dict[str, Any], base: NDArray[np.float64], tol: float) -> SteadyState:
    """Follow the cell in time, trying Newton on the way; say so when the volume runs away."""
    from .simulation import simulate

    reached, volume = cell, cell.start.volume
    for k in range(3, 11):
        try:
            run = simulate(reached, 10.0**k, at=[10.0**k], rtol=1e-6)
        except SolveError as error:
            raise NoSteadyState(f"no steady state: following the cell in time failed ({error})", partial=error.partial) from error
        reached = run.cell_at(10.0**k)
        seen = reached.start
        found = _newton(
            lowered, values, base, _state(lowered, values, {i.name: seen.amount[i] for i in cell.ions}, seen.volume, seen.V), tol
        )
        if found is not None:
            at_rest = SteadyState(cell, lowered, values, found[0], iterations=found[1], method="newton")
            if abs(np.log(at_rest.volume / seen.volume)) < 1.0:
                return at_rest
        if seen.volume > 50.0 * cell.start.volume and seen.volume > volume:
            raise NoSteadyState(
                f"no steady state: the volume diverges (x {seen.volume / cell.start.volume:.3g} after {10.0**k:.3g} s and still growing)"
            )
        volume = seen.volume
    raise ConvergenceError("no steady state found: the cell still changes after 1e10 s")
