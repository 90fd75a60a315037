"""Sizes of leaks from a stated rest: what each ion's leak must be so that nothing is gained or lost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InputError, ModelError, UnknownNameError
from .lowering import lower
from .mechanisms import Leak

if TYPE_CHECKING:
    from .cells import Cell

__all__ = ["solve_leaks"]


def solve_leaks(cell: Cell, *, V: float | None = None, for_: Iterable[Any] | None = None) -> Cell:
    """The cell with leaks such that its start is a rest: for each ion, leak = minus the sum of all other fluxes.

    Parameters
    ----------
    V : V, the potential of the rest; default that of the start. Where charge binds, the cell starts at this V too.
    for_ : ions whose leak is solved; default every ion inside that has a leak.

    Returns
    -------
    Cell
        With the sizes (g or P) of those leaks replaced. An ion that nothing else moves leaves no choice but 0, unless it is at
        equilibrium, to a nanovolt: then any size will do, and the leak keeps its own.

    Raises
    ------
    InputError
        An ion has no leak or several.
    ModelError
        A leak would have to be negative, or has no driving force at this V: names the ion and the sign that is wrong.
    """
    if V is not None and cell.potential != "electroneutral":
        cell = cell.replace({"V": V})
    names = {ion.name: ion for ion in cell.ions}
    if for_ is None:
        wanted = [ion for ion in cell.ions if any(isinstance(m, Leak) and not m.fixed and m.ion == ion for m in cell.mechanisms)]
    else:
        given = [key if isinstance(key, str) else getattr(key, "name", repr(key)) for key in for_]
        if unknown := [n for n in given if n not in names]:
            raise UnknownNameError.among("solve_leaks: there is no ion inside", unknown[0], names)
        wanted = [names[n] for n in given]
    changes: dict[str, float] = {}
    # one cycle per second of a leak of unit size would do; the present size serves as the unit where it is not zero
    trial = cell.replace({f"{_leak(cell, ion).name}.{_leak(cell, ion).strength}": 1e-9 for ion in wanted if not _size(_leak(cell, ion))})
    rates = _rates(trial, V)
    for ion in wanted:
        leak = _leak(trial, ion)
        other = sum(m.moves.get(ion, 0) * rates[m.name] for m in trial.ways if m.name != leak.name)
        own = rates[leak.name] / _size(leak)
        gross = sum(abs(m.moves.get(ion, 0) * rates[m.name]) for m in trial.ways if m.name != leak.name)
        if gross == 0.0:
            size = _size(_leak(cell, ion)) if _at_equilibrium(trial, leak, V, rates[leak.name]) else 0.0
        else:
            size = -other / own if own else np.inf
        if size < 0.0 or not np.isfinite(size):
            direction = "into" if other > 0 else "out of"
            down = "nowhere: it is at equilibrium" if not own else "inwards" if own > 0 else "outwards"
            raise ModelError(
                f"no {leak.name} makes this a rest: the other mechanisms move {ion.name} {direction} the cell, {abs(other):.4g} mol/s, and "
                f"its own gradient drives it {down}; change V, [{ion.name}] or what else moves {ion.name}"
            )
        changes[f"{leak.name}.{leak.strength}"] = float(size)
    return cell.replace(changes)


def _leak(cell: Cell, ion: Any) -> Leak:
    found = [m for m in cell.mechanisms if isinstance(m, Leak) and m.ion == ion and not m.fixed]
    if len(found) != 1:
        raise InputError(
            f"solve_leaks needs exactly one leak for {ion.name}, and there are {len(found)}; add Leak({ion.name}, g=0) or merge them"
        )
    return found[0]


def _size(leak: Leak) -> float:
    size = float(getattr(leak, leak.strength))
    if not leak.scale and size:
        raise InputError(f"solve_leaks: {leak.name} is blocked (scale 0)")
    return size


def _at_equilibrium(cell: Cell, leak: Leak, V: float | None, rate: float) -> bool:
    """Whether a nanovolt is all that drives the ion through its leak."""
    V = cell.start.V if V is None else V
    if not np.isfinite(V):
        return False
    slope = (_rates(cell, V + 1e-6)[leak.name] - rate) / 1e-6
    return abs(rate) <= 1e-9 * abs(slope)


def _rates(cell: Cell, V: float | None) -> dict[str, float]:
    """Cycles of every mechanism at the start (at V), mol/s."""
    lowered = lower(cell, resting=True)
    values = dict(lowered.defaults)
    if V is not None:
        values["_V"] = V
    base = np.array(lowered.parameters(values), dtype=float)
    y = np.array([lowered.initial(values)], dtype=float)
    if V is None:
        y = lowered.settle(y, base)
    seen = lowered.observe(lowered.groups["rate"], y, base)
    return {name.partition(".")[2]: float(x[0]) for name, x in seen.items()}
