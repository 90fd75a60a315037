"""Steady states: the closed form where one exists, otherwise Newton, otherwise the cell followed in time; with eigenvalues."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .balance import Balance
from .closed_forms import PumpLeak
from .errors import ConvergenceError, InputError, NoClosedForm, NoSteadyState, SolveError, UnknownNameError
from .kept import Kept
from .lowering import lower
from .mechanisms import Water
from .observation import ByName, Observed
from .results import restarted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell

__all__ = ["ClosedForm", "SteadyState", "closed_form", "steady_state", "steady_states"]

# (1 - 1e-9) of the capacitance gone: the electroneutral limit to nine digits beyond its own deviation of about 1e-5
ELECTRONEUTRAL = 1e-9


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
        return float(np.max(np.abs(self._balance.rates(self._y)[0]) / self._balance.sizes(self._y)))

    @cached_property
    def budget(self) -> ByName:
        def of(name: str) -> dict[str, float]:
            return {label: float(moved[name]) for label, moved in self.flux.items() if name in moved}

        return ByName("ion", tuple(i.name for i in self.cell.ions), of)

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


def closed_form(cell: Cell) -> ClosedForm:
    """The electroneutral steady state by formula (see `closed_forms`).

    Raises
    ------
    NoClosedForm
        Naming the part of the cell that has none.
    """
    problem = PumpLeak(cell)
    solved = problem.solve()
    exists = solved.X > 0.0 and bool(np.all(np.isfinite(solved.c_in)))
    w = problem.n_X / solved.X if exists else float("nan")
    V = solved.u * cell.thermal_voltage if exists else float("nan")
    balance = Balance(lower(cell), _electroneutral(lower(cell).defaults))
    amount = {f"amount.{i.name}": c * w for i, c in zip(cell.ions, solved.c_in, strict=True)}
    y = balance.state(**amount, volume=w, V=V)
    form = ClosedForm(balance, y, iterations=0, method="closed form" if problem.constant_pump else "scalar root")
    form.problem, form.exists = problem, exists
    return form


def steady_state(
    cell: Cell,
    start: Cell | SteadyState | None = None,
    *,
    electroneutral: bool = False,
    hold: Sequence[str] = (),
    totals: Mapping[Any, float] | None = None,
    tol: float = 1e-12,
) -> SteadyState:
    """The steady state that the cell reaches from its start (or from `start`).

    Parameters
    ----------
    start : a cell or steady state whose state is the first guess; default the closed form where there is one, else the
        cell's own start followed for as long as it takes.
    electroneutral : the limit C_m -> 0, in which closed forms are exact.
    hold : concentrations ("c_in.Cl") or "volume" that something else keeps where they start.
    totals : {ion: mol} inside plus outside, of a closed system; default the totals of the start.
    tol : relative size of the last Newton step.

    Raises
    ------
    NoSteadyState
        With the reason: the volume diverges, or no state was found and why.
    """
    if not 0.0 < tol < 1.0:
        raise InputError(f"tol = {tol!r} is a relative step between 0 and 1; 1e-12 is the default")
    cell = _held(cell, hold)
    form = _form(cell) if not totals else None
    if form is not None and electroneutral and start is None:
        return form
    lowered = lower(cell)
    values = _with_totals(cell, _electroneutral(lowered.defaults) if electroneutral else lowered.defaults, totals or {})
    balance = Balance(lowered, values)
    guess = None
    if start is not None:
        guess = balance.state_of(start.start if hasattr(start, "start") else start)
    elif form is not None:
        guess = balance.state_of(form)
    if guess is not None:
        found = balance.newton(guess, tol)
        if found is not None:
            return SteadyState(balance, found[0], iterations=found[1], method="newton")
    return _follow(cell, balance, tol)


def steady_states(
    cell: Cell, *, between: tuple[float, float] = (-0.15, 0.06), points: int = 106, tol: float = 1e-12
) -> tuple[SteadyState, ...]:
    """All steady states with a potential in a range, in order of V.

    At each of `points` potentials all other balances are solved, so that the total current is left as a function of V; its zeros are
    the steady states. One that lies on a branch which Newton cannot follow from potential to potential is missed.

    Parameters
    ----------
    between : V. points : number of potentials. tol : as in `steady_state`.

    Raises
    ------
    InputError
        A voltage-clamped cell has no current to balance.
    """
    low, high = between
    if not (-1.0 <= low < high <= 1.0 and points >= 3):
        raise InputError(
            f"steady_states: between = {between!r} V with {points} points; give (low, high) within -1...1 V, at least 3 points"
        )
    lowered = lower(cell)
    at = [i for i in lowered.model.potentials if lowered.state_names[i] in ("charge", "V")]
    if not at:
        raise InputError("steady_states: V is prescribed by a VoltageClamp; take it out")
    balance = Balance(lowered, lowered.defaults)
    found: list[SteadyState] = []

    def add(y: NDArray[np.float64]) -> None:
        solved = balance.newton(y, tol)
        if solved is not None:
            new = SteadyState(balance, solved[0], iterations=solved[1], method="newton")
            sizes = balance.sizes(new._y)
            if all(np.max(np.abs(new._y - old._y) / sizes) > 1e-6 for old in found):
                found.append(new)

    seeds = [balance.start]
    try:
        first = steady_state(cell, tol=tol)
        found.append(first)
        seeds.insert(0, first._y)
    except (NoSteadyState, ConvergenceError):
        pass
    V = np.linspace(low, high, points)
    unit = balance.state(V=1.0)[at[0]] - balance.state(V=0.0)[at[0]]
    for path in (V, V[::-1]):
        last: tuple[float, NDArray[np.float64]] | None = None
        for v in path:
            solved = None
            for seed in [*([last[1]] if last is not None else []), *seeds]:
                guess = np.array(seed)
                guess[at[0]] = unit * v
                solved = balance.newton(guess, 1e-9, fixed=at[0], most=60)
                if solved is not None:
                    break
            if solved is None:
                last = None
                continue
            y = solved[0]
            current = float(balance.rates(y)[0][at[0]])
            if last is not None and np.sign(current) != np.sign(last[0]):
                part = last[0] / (last[0] - current)
                add(last[1] + part * (y - last[1]))
            last = (current, y)
    return tuple(sorted(found, key=lambda rest: float(rest.V)))


def _held(cell: Cell, hold: Sequence[str]) -> Cell:
    hold = (hold,) if isinstance(hold, str) else tuple(hold)
    if not hold:
        return cell
    membrane = tuple(m for m in cell.membrane if not ("volume" in hold and isinstance(m, Water)))
    more = tuple(h for h in hold if h != "volume" and h not in cell.hold)
    return dataclasses.replace(cell, hold=(*cell.hold, *more), membrane=membrane)


def _form(cell: Cell) -> ClosedForm | None:
    try:
        form = closed_form(cell)
    except NoClosedForm:
        return None
    if not form.exists:
        raise NoSteadyState(
            "no steady state: the volume diverges. The impermeant ions draw in more water than the pump can keep out "
            f"(osmolarity of the permeant ions alone would have to exceed the bath's {cell.bath.osmolarity:.6g} mM); "
            "raise the pump rate or lower the leaks"
        )
    return form


def _electroneutral(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "C_m": values["C_m"] * ELECTRONEUTRAL}


def _with_totals(cell: Cell, values: dict[str, Any], totals: Mapping[Any, float]) -> dict[str, Any]:
    values = dict(values)
    known = {i.name: i for i in cell.ions}
    for key, total in totals.items():
        name = key if isinstance(key, str) else getattr(key, "name", repr(key))
        if name not in known:
            raise UnknownNameError.among("totals: there is no ion", name, known)
        amount = float(total)
        if not 0.0 < amount < 1.0:
            raise InputError(f"totals[{name!r}] = {total!r} mol must be positive; amounts of a cell are around 1e-13 mol")
        if cell.outside_volume is None:
            values[f"_amount.{name}"] = amount
        else:
            share = values[f"_amount.{name}"] / values[f"_total.{name}"]
            values |= {f"_total.{name}": amount, f"_amount.{name}": share * amount}
    return values


def _follow(cell: Cell, balance: Balance, tol: float) -> SteadyState:
    """Follow the cell in time, trying Newton on the way; say so when the volume runs away."""
    from .simulation import simulate

    found = balance.newton(balance.start, tol)
    if found is not None and abs(np.log(_volume(balance, found[0]) / cell.start.volume)) < 1.0:
        return SteadyState(balance, found[0], iterations=found[1], method="newton")
    balance.conserved  # noqa: B018  says at once where something is added for ever
    reached, volume = cell, cell.start.volume
    for k in range(3, 11):
        try:
            run = simulate(reached, 10.0**k, at=[10.0**k], rtol=1e-6)
        except SolveError as error:
            raise NoSteadyState(f"no steady state: following the cell in time failed ({error})", partial=error.partial) from error
        reached = run.cell_at(10.0**k)
        seen = reached.start
        found = balance.newton(balance.state_of(seen), tol)
        if found is not None and abs(np.log(_volume(balance, found[0]) / seen.volume)) < 1.0:
            return SteadyState(balance, found[0], iterations=found[1], method="newton")
        if seen.volume > 50.0 * cell.start.volume and seen.volume > volume:
            raise NoSteadyState(
                f"no steady state: the volume diverges (x {seen.volume / cell.start.volume:.3g} after {10.0**k:.3g} s and still growing)"
            )
        volume = seen.volume
    raise ConvergenceError("no steady state found: the cell still changes after 1e10 s")


def _volume(balance: Balance, y: NDArray[np.float64]) -> float:
    seen = balance.lowered.observe(["volume"], y[None], balance.base)
    return float(seen["volume"][0])
