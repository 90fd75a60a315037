"""What the start of a cell adds to its dotted names: amounts, volume, V, impermeants, thermal voltage, unit tolerances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ionflux.baths import added

if TYPE_CHECKING:
    from ionflux.cells import Cell, Start
    from ionflux.species import IonSpecies


def start_values(cell: Cell, prefix: str = "") -> dict[str, Any]:
    """What the start of a cell adds to its dotted names: amounts, volume, V, impermeants, thermal voltage, unit tolerances."""
    values = values_of_start(cell.start, cell.faraday, cell.thermal_voltage)
    values |= {"_atol_c": 1e-9, "_atol_V": 1e-6, "_atol_w": 1e-9, "_atol_gate": 1e-6}
    return {prefix + name: value for name, value in values.items()}


def values_of_members(members: Mapping[str, Cell]) -> dict[str, Any]:
    """What the starts of several cells in one solution add; the totals, under the first prefix, are those of all of them."""
    values = {name: x for prefix, cell in members.items() for name, x in start_values(cell, prefix).items()}
    first, *others = members
    for prefix in others:
        for ion, n in members[prefix].start.amount.items():
            if f"{first}_total.{ion.name}" in values:
                values[f"{first}_total.{ion.name}"] += n
        if f"{first}_volume_all" in values:
            values[f"{first}_volume_all"] += members[prefix].start.volume
    return values


def values_of_start(start: Start, faraday: Any, thermal_voltage: Any) -> dict[str, Any]:
    """What a start adds to the dotted names, as numbers or as arrays of cells."""
    values: dict[str, Any] = {f"_amount.{ion.name}": n for ion, n in start.amount.items()}
    values |= {f"_amount.{name.partition('.')[2]}": n for name, n in start.pools.items() if name.startswith("in.")}
    values |= {f"_bound.{name}": n for name, n in start.bound.items()}
    values |= {"_V": start.V, "_volume": start.volume, "_VT": thermal_voltage}
    values["_electrode"] = start.electrode_charge / faraday
    values["_impermeant"] = added(n for _, n in start.impermeants)
    values["_impermeant_charge"] = added(z * n for z, n in start.impermeants)
    if start.buffers:
        values["_impermeant_charge"] = values["_impermeant_charge"] + added(start.buffers.values())
    values["_impermeant_z2"] = added(z * z * n for z, n in start.impermeants)
    if start.volume_out is not None:
        outside: Mapping[IonSpecies, float] = start.amount_out
        values |= {f"_total.{ion.name}": n + start.amount.get(ion, 0.0) for ion, n in outside.items()}
        values |= {f"_amount_out.{ion.name}": n for ion, n in outside.items()}
        values |= {
            **{f"_amount_out.{name.partition('.')[2]}": n for name, n in start.pools.items() if name.startswith("out.")},
            "_volume_out": start.volume_out,
            "_volume_all": start.volume + start.volume_out,
            "_solutes_out": start.solutes_out,
        }
    return values
