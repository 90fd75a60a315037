"""The state a cell starts from: what its description leaves out is solved from two equations.

::

    charge    F · volume · Σ z c = C_m · area · V        always
    osmosis   Σ c inside = Π outside                     where both z and c of the impermeant are left out
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ionflux.errors import ElectroneutralityError, InputError, ModelError
from ionflux.species import IonSpecies

if TYPE_CHECKING:
    from ionflux.baths import Impermeant
    from .cell import Cell

#: largest mismatch of charge, as a part of Σ|z|c, that counts as rounding
CHARGE_WITHIN = 1e-9
#: largest potential (V) and valence that a start may come to
V_MAX, Z_MAX = 1.0, 100.0


class Start(NamedTuple):
    """Where a cell starts; all equations of the start hold to rounding.

    Attributes
    ----------
    V : float
        Membrane potential, V.
    volume : float
        m³; `Cell.volume` times the amount factor, or where water is instant the volume at which it rests.
    c_in, amount : mapping from IonSpecies to float
        mol/m³ and mol.
    impermeants : tuple of (z, amount)
        Valence and mol of each kind of impermeant.
    """

    V: float
    volume: float
    c_in: Mapping[IonSpecies, float]
    amount: Mapping[IonSpecies, float]
    impermeants: tuple[tuple[float, float], ...]

    @property
    def c_impermeant(self) -> float:
        """Concentration of all impermeants, mol/m³."""
        return sum(amount for _, amount in self.impermeants) / self.volume


def solve_start(cell: Cell) -> Start:
    """Return the start of a cell.

    Raises
    ------
    ElectroneutralityError
        Everything is given and does not fit, or only an impossible valence, concentration or potential would fit.
    ModelError
        More is left out than the equations can solve, or the inside has more osmolarity than the bath already.
    """
    kinds = cell.impermeants
    c_in = dict(cell.inside)
    per_volt = cell.C_m * cell.area / (cell.faraday * cell.volume)  # mol/m³ of charge for one volt
    V, solutes = _solved(cell, kinds, per_volt)
    factor = amount_factor(kinds)
    volume = cell.volume * factor
    closed = not any(kind.z is None or kind.c is None for kind in kinds)
    if factor != 1.0 or (closed and cell.V is not None):
        # a volt takes the same charge whatever the volume (some 1e-5 of the ions), and what is given may be off by CHARGE_WITHIN
        gap = V * per_volt / factor - _charge(c_in, solutes)
        carrier = charge_carrier(c_in, gap)
        c_in[carrier] += gap / carrier.z
    amount = {ion: volume * c for ion, c in c_in.items()}
    impermeants = tuple((z, volume * c) for z, c in solutes)
    if cell.water is not None and cell.water.instant:
        if not cell.bath.osmolarity:
            raise ModelError("Water(instant=True): the bath has no solutes, so the cell would swell without end")
        volume = (sum(amount.values()) + sum(n for _, n in impermeants)) / cell.bath.osmolarity
        c_in = {ion: n / volume for ion, n in amount.items()}
    return Start(V, volume, MappingProxyType(c_in), MappingProxyType(amount), impermeants)


def amount_factor(kinds: tuple[Impermeant, ...]) -> float:
    """Return the factor on the volume at the start; with several impermeants they must agree on it."""
    factors = {kind.amount_factor for kind in kinds} or {1.0}
    if len(factors) > 1:
        raise InputError("the impermeants of one cell must have the same amount_factor: it multiplies the volume at the start as well")
    return factors.pop()


def charge_carrier(c_in: Mapping[IonSpecies, float], charge: float) -> IonSpecies:
    """Return the most concentrated ion, monovalent ones first, that can take up a charge (mol/m³) without going below zero.

    Raises
    ------
    ElectroneutralityError
        When there is none.
    """
    for ion in sorted((ion for ion in c_in if ion.z), key=lambda ion: (abs(ion.z) != 1, -c_in[ion])):
        if c_in[ion] + charge / ion.z >= 0:
            return ion
    raise ElectroneutralityError(f"no ion inside can make up {charge:+.6g} mol/m³ of charge", missing=charge)


def _charge(c_in: Mapping[IonSpecies, float], solutes: tuple[tuple[float, float], ...]) -> float:
    return sum(ion.z * c for ion, c in c_in.items()) + sum(z * c for z, c in solutes)


def _solved(cell: Cell, kinds: tuple[Impermeant, ...], per_volt: float) -> tuple[float, tuple[tuple[float, float], ...]]:
    """V, and (z, c) of every impermeant."""
    open_kinds = [i for i, kind in enumerate(kinds) if kind.z is None or kind.c is None]
    if len(open_kinds) > 1:
        raise ModelError(f"{len(open_kinds)} impermeants have an open z or c, and charge can solve for one; give both for the others")
    closed = tuple((kind.z, kind.c) for kind in kinds if kind.z is not None and kind.c is not None)
    charge = _charge(cell.inside, closed)
    if not open_kinds:
        return _closed_start(cell, closed, charge, per_volt), closed
    at = open_kinds[0]
    if cell.V is None:
        raise ModelError(f"{kinds[at]!r} is to be solved from the charge, which needs V=; or give both z and c and V follows")
    missing = cell.V * per_volt - charge
    z, c = kinds[at].z, kinds[at].c
    if z is not None:
        if z == 0 or missing / z < 0:
            raise _impossible(cell, missing, f"impermeant z = {z:g} cannot supply it")
        c = missing / z
    else:
        if c is None:
            c = cell.bath.osmolarity - sum(cell.inside.values()) - sum(amount for _, amount in closed)
            if c < 0:
                raise ModelError(
                    f"the solutes given inside exceed the bath's osmolarity of {cell.bath.osmolarity:.6g} mol/m³ by {-c:.6g}: no room for "
                    "impermeants; lower `inside`, raise bath.osmolyte, or give Impermeant(c=)"
                )
        scale = sum(abs(ion.z) * value for ion, value in cell.inside.items())
        if c == 0 and abs(missing) <= CHARGE_WITHIN * scale:
            z = 0.0
        elif c == 0 or abs(missing / c) > Z_MAX:
            raise _impossible(cell, missing, f"{c:.6g} mol/m³ of impermeant would need an absurd valence")
        else:
            z = missing / c
    return cell.V, (*closed[:at], (z, c), *closed[at:])


def _closed_start(cell: Cell, solutes: tuple[tuple[float, float], ...], charge: float, per_volt: float) -> float:
    """V where z and c of every impermeant are given."""
    if cell.V is None:
        V = charge / per_volt
        if abs(V) > V_MAX:
            raise _impossible(cell, -charge, f"the net charge inside would charge the membrane to {V:.4g} V")
        return V
    missing = cell.V * per_volt - charge
    scale = sum(abs(ion.z) * c for ion, c in cell.inside.items()) + sum(abs(z) * c for z, c in solutes)
    if abs(missing) > CHARGE_WITHIN * scale:
        raise _impossible(cell, missing, f"V = {cell.V * 1e3:g} mV, `inside` and `impermeant` are all given and contradict each other")
    return cell.V


def _impossible(cell: Cell, missing: float, why: str) -> ElectroneutralityError:
    """The error that names the missing charge and what to change."""
    sign = 1 if missing > 0 else -1
    # adding an ion of the sign of the missing charge, or taking away one of the other sign
    able = [ion for ion, c in cell.inside.items() if ion.z and (ion.z * sign > 0 or c >= abs(missing / ion.z))]
    change = f" or change [{able[0].name}] inside by {missing / able[0].z:+.6g} mol/m³" if able else ""
    return ElectroneutralityError(
        f"{missing:+.6g} mM (mol/m³) of charge is missing inside: {why}. "
        f"Leave out z of the impermeant (with V given) and it is solved,{change} (F·volume·Σzc = C_m·area·V)",
        missing=missing,
    )
