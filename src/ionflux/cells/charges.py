"""The charge inside a cell: of ions, impermeants, buffers and stores; what it must be, and who makes up for what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ionflux.baths import added
from ionflux.errors import ElectroneutralityError
from ionflux.species import IonSpecies

if TYPE_CHECKING:
    from ionflux.mechanisms.buffers import Buffer
    from .pools import Slaved, Store


class Balance:
    """The charge that Σ z c inside must be, mol/m³ at `volume`; numbers, or arrays of cells.

    Parameters
    ----------
    potential : str
        How V is found, as in `Cell`.
    capacitance : float
        Of the membrane, F.
    volume : float
        m³.
    faraday : float
        C/mol.
    electrode : float
        What electrodes have brought, C.
    """

    def __init__(self, potential: str, capacitance: Any, volume: Any, faraday: Any, electrode: Any) -> None:
        self.bound = potential != "current"
        self.neutral = potential == "electroneutral"
        #: mol/m³ for one volt, and for what electrodes have brought
        self.per_volt = capacitance / (faraday * volume)
        self.electrode = electrode / (faraday * volume)

    def charge(self, V: Any, factor: Any = 1.0, area: Any = 1.0) -> Any:
        """Return it for this potential, with `factor` on the volume and `area` on the area of the membrane."""
        held = 0.0 if self.neutral else V * self.per_volt * area
        return (held - self.electrode) / factor


def net_charge(c_in: Mapping[IonSpecies, Any], solutes: Iterable[tuple[Any, Any]]) -> Any:
    """Return Σ z c, mol/m³, of numbers or arrays of cells."""
    return added(ion.z * c for ion, c in c_in.items()) + added(z * c for z, c in solutes)


def gross_charge(c_in: Mapping[IonSpecies, Any], solutes: Iterable[tuple[Any, Any]]) -> Any:
    """Return Σ |z| c, mol/m³."""
    return added(abs(ion.z) * c for ion, c in c_in.items()) + added(abs(z) * c for z, c in solutes)


def stored_charge(stores: Iterable[Store]) -> float:
    """Return the charge of stores with their counter-ions, mol/m³ of the cell."""
    return float(added(store.ion.z * store.held(1.0) + store.counter_ions(1.0) for store in stores))


def bound_by(m: Buffer, c_in: Mapping[IonSpecies, float], state: Mapping[str, float]) -> float:
    """Return what a buffer has bound at the start, mol/m³: as given, or in equilibrium."""
    return state.get(f"{m.name}.bound", m.bound(c_in[m.ion]))


def charge_of_sites(m: Buffer, c_in: Mapping[IonSpecies, float], state: Mapping[str, float]) -> float:
    """Return the charge of the sites of a buffer without what they bind, mol/m³; where none is given it is what is bound, with minus."""
    return -m.ion.z * bound_by(m, c_in, state) if m.charge_of_site is None else m.charge_of_site * m.total


def buffered_charge(buffers: Iterable[Buffer], c_in: Mapping[IonSpecies, float], state: Mapping[str, float]) -> float:
    """Return the charge of sites and what they bind together, mol/m³."""
    return float(added(m.scale * (charge_of_sites(m, c_in, state) + m.ion.z * bound_by(m, c_in, state)) for m in buffers))


def charge_carrier(c_in: Mapping[IonSpecies, float], charge: float, slaved: Mapping[str, Slaved] = MappingProxyType({})) -> IonSpecies:
    """Return the most concentrated ion, monovalent ones first, that can take up a charge (mol/m³) without going below zero.

    An ion that is slaved cannot, and one that others follow comes last.

    Raises
    ------
    ElectroneutralityError
        When there is none.
    """
    led = {other for rule in slaved.values() for other in rule.weights}
    able = [ion for ion in c_in if ion.z and f"c_in.{ion.name}" not in slaved]
    for ion in sorted(able, key=lambda ion: (f"c_in.{ion.name}" in led, abs(ion.z) != 1, -c_in[ion])):
        if c_in[ion] + charge / ion.z >= 0:
            return ion
    raise ElectroneutralityError(f"no ion inside can make up {charge:+.6g} mol/m³ of charge", missing=charge)
