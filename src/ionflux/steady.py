"""How steady states are found: the closed form where one exists, otherwise Newton, otherwise the cell followed in time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .balance import Balance
from .closed_forms import PumpLeak
from .errors import ConvergenceError, InputError, NoClosedForm, NoSteadyState, SolveError, UnknownNameError
from .lowering import lower
from .mechanisms import Water
from .rests import ClosedForm, SteadyState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell
    from .species import IonSpecies

__all__ = ["closed_form", "steady_state"]

# (1 - 1e-9) of the capacitance gone: the electroneutral limit to nine digits beyond its own deviation of about 1e-5
ELECTRONEUTRAL = 1e-9
# of a cell on its way to rest, at most, for the next stretch of time
MOST_STEPS = 1_000_000


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
    balance = Balance(lower(cell, resting=True), _electroneutral(lower(cell).defaults))
    amount = {f"amount.{i.name}": c * w for i, c in zip(cell.ions, solved.c_in, strict=True)}
    y = balance.state(**amount, volume=w, V=V)
    form = ClosedForm(balance, y, iterations=0, method="closed form" if problem.constant_pump else "scalar root")
    vars(form).update(problem=problem, exists=exists)
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
    lowered = lower(cell, resting=True)
    values = _with_totals(cell, _electroneutral(lowered.defaults) if electroneutral else lowered.defaults, totals or {})
    balance = Balance(lowered, values)
    guess = None
    if start is not None:
        seen = start if isinstance(start, SteadyState) else getattr(start, "start", None)
        if seen is None:
            raise InputError(f"steady_state: start = {start!r} is neither a Cell nor a SteadyState")
        guess = balance.state_of(seen)
    elif form is not None:
        guess = balance.state_of(form)
    if guess is not None:
        found = balance.newton(guess, tol)
        if found is not None:
            return SteadyState(balance, found[0], iterations=found[1], method="newton")
    return _follow(cell, balance, tol)


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
    given = {key if isinstance(key, str) else getattr(key, "name", repr(key)): total for key, total in totals.items()}
    for name, total in given.items():
        if name not in known:
            raise UnknownNameError.among("totals: there is no ion", name, known)
        amount = float(total)
        if not 0.0 < amount < 1.0:
            raise InputError(f"totals[{name!r}] = {total!r} mol must be positive; amounts of a cell are around 1e-13 mol")
        if cell.outside_volume is None:
            _let_follow(cell, values, given, known[name], amount)
            values[f"_amount.{name}"] = amount
        else:
            share = values[f"_amount.{name}"] / values[f"_total.{name}"]
            values |= {f"_total.{name}": amount, f"_amount.{name}": share * amount}
    return values


def _let_follow(cell: Cell, values: dict[str, Any], given: Mapping[str, float], ion: IonSpecies, amount: float) -> None:
    """Where the amount of this ion is the one that the charge gives: another, which can move, makes room for it at the start."""
    if ion is not lower(cell).model.insides[""].replaced:
        return
    more = ion.z * (amount - values[f"_amount.{ion.name}"])
    able = [i for i in cell.ions if i.z and i is not ion and i.name not in given and any(i in m.moves for m in cell.mechanisms)]
    able = [i for i in able if values[f"_amount.{i.name}"] - more / i.z > 0.0]
    if not able:
        raise InputError(
            f"totals[{ion.name!r}]: no other ion can leave or enter to make up the charge of {more:.4g} mol; give their totals too"
        )
    other = max(able, key=lambda i: values[f"_amount.{i.name}"])
    values[f"_amount.{other.name}"] -= more / other.z


def _follow(cell: Cell, balance: Balance, tol: float) -> SteadyState:
    """Follow the cell in time, trying Newton on the way; say so when the volume runs away.

    What Newton finds close by, and stable, is where the cell is going. What it finds further off may belong to another start: it
    counts where the way there cannot be followed, or takes too long: a cell that fires for ever never gets anywhere.
    """
    from .simulation import simulate

    further: SteadyState | None = None
    reached, volume, y = cell, cell.start.volume, balance.start
    first, taken = (-2, 0) if cell.gates else (2, 0)
    for k in range(first, 11):
        found = balance.newton(y, tol)
        if found is not None and abs(np.log(_volume(balance, found[0]) / reached.start.volume)) < 1.0:
            rest = SteadyState(balance, found[0], iterations=found[1], method="newton")
            away = np.max(np.abs(found[0] - y) / np.maximum(balance.sizes(y), balance.sizes(found[0])))
            if rest.stable and away < 0.2:
                return rest
            if further is None or (rest.stable and not further.stable):
                further = rest
        if taken > MOST_STEPS:
            if further is not None:
                return further
            raise ConvergenceError(
                f"no steady state found: the cell is still far from rest after {10.0 ** (k - 1):g} s; it may fire for ever"
            )
        if k == first:
            balance.conserved  # noqa: B018  says at once where something is added for ever
            continue
        try:
            run = simulate(reached, 10.0**k, at=[10.0**k], rtol=1e-6)
        except SolveError as error:
            if further is not None and further.stable:
                return further
            raise NoSteadyState(f"no steady state: {_used_up(reached, 10.0**k, error)}", partial=error.partial) from error
        # ten times as long takes ten times as many steps where a cell does not come to rest
        taken = 10 * run.stats.steps
        reached = run.cell_at(10.0**k)
        y = balance.state_of(reached.start)
        if reached.start.volume > 50.0 * cell.start.volume and reached.start.volume > volume:
            raise NoSteadyState(
                f"no steady state: the volume diverges (x {reached.start.volume / cell.start.volume:.3g} after {10.0**k:.3g} s and still "
                "growing)"
            )
        volume = reached.start.volume
    if further is not None:
        return further
    raise ConvergenceError("no steady state found: the cell still changes after 1e10 s")


def _used_up(cell: Cell, until: float, error: SolveError) -> str:
    """Why a cell could not be followed in time: what has run out, if anything has."""
    from .simulation import simulate

    try:
        run = simulate(cell, until, rtol=1e-6)  # with every step: the samples asked for say nothing of the end
    except SolveError as again:
        run = again.partial
    if cell.outside_volume is not None and float(run.volume_out[-1]) < 1e-3 * cell.outside_volume:
        return "the cell takes up all the water outside"
    for where, c in (("inside", run.c_in), ("outside", run.c_out)):
        for name in c:
            if 0.0 < float(c[name][0]) and float(c[name][-1]) < 1e-3 * float(c[name][0]):
                return f"{name} {where} is used up ({error})"
    return f"following the cell in time failed ({error})"


def _volume(balance: Balance, y: NDArray[np.float64]) -> float:
    seen = balance.lowered.observe(["volume"], y[None], balance.base)
    return float(seen["volume"][0])
