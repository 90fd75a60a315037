"""The quantities of results: unit and meaning, by the first part of their dotted name."""

from __future__ import annotations

from typing import NamedTuple


class Quantity(NamedTuple):
    """SI unit, what it is, and over what it is listed beside time: ions, mechanisms, gates or nothing."""

    unit: str
    doc: str
    over: tuple[str, ...] = ()


QUANTITIES: dict[str, Quantity] = {
    "V": Quantity("V", "membrane potential, inside minus outside"),
    "volume": Quantity("m^3", "cell volume"),
    "area": Quantity("m^2", "membrane area"),
    "c_in": Quantity("mol m^-3", "concentration inside", ("ion",)),
    "c_out": Quantity("mol m^-3", "concentration outside", ("ion",)),
    "c_impermeant": Quantity("mol m^-3", "concentration of impermeant solutes inside"),
    "amount": Quantity("mol", "amount inside", ("ion",)),
    "E": Quantity("V", "Nernst potential", ("ion",)),
    "current": Quantity("A m^-2", "current density, outward positive (of a current clamp: into the cell)", ("mechanism",)),
    "flux": Quantity("mol m^-2 s^-1", "flux, outward positive", ("mechanism", "ion")),
    "gate": Quantity("1", "open probability of a gate", ("gate_name",)),  # a variable of xarray may not bear the name of its axis
    "osmolarity_in": Quantity("mol m^-3", "osmolarity inside"),
    "osmolarity_out": Quantity("mol m^-3", "osmolarity outside"),
    "electrode_charge": Quantity("C", "charge brought by electrodes"),
    "volume_out": Quantity("m^3", "volume of the solution outside"),
    "atp": Quantity("mol s^-1", "ATP used by the whole cell"),
}


def unit_of(name: str) -> str | None:
    """The SI unit of an observable by its dotted name, ``"c_in.K"``; None where there is no such quantity."""
    found = QUANTITIES.get(name.partition(".")[0])
    return None if found is None else found.unit
