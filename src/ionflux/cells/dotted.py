"""Dotted names of a cell: every number by the name that sweeps, schedules, `replace` and reports use."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ionflux.baths import Bath, Concentrations, Impermeant
from ionflux.errors import InputError, UnknownNameError
from ionflux.fields import Described, Parameter
from ionflux.mechanisms.base import Mechanism
from .cell import Cell, Constants
from .start import charge_carrier

#: changes that move the charge of the start
_CHARGED = ("V", "area", "volume", "C_m", "constants.F")


def parameters(cell: Cell) -> dict[str, Parameter]:
    """Return every number of a cell by dotted name; see `Cell.parameters`."""
    known = cell._cache.get("parameters")
    if known is None:
        known = cell._cache.setdefault("parameters", _collected(cell))
    return dict(known)


def _collected(cell: Cell) -> dict[str, Parameter]:
    own = Described.parameters(cell)
    start = cell.start
    if "V" not in own and cell.potential != "electroneutral":
        f = Cell.__dataclass_fields__["V"].metadata
        own["V"] = Parameter(start.V, f["unit"], f["lo"], f["hi"], f["doc"], "solved from the charge")
    if cell.constants is not None:
        if cell.constants.RT_F is not None:
            del own["T"]
        own |= {f"constants.{name}": p for name, p in cell.constants.parameters().items()}
    own |= {f"inside.{ion.name}": Parameter(c, "mol m^-3", 0.0, 6e4, f"[{ion.name}] inside at the start") for ion, c in cell.inside.items()}
    own |= {f"bath.{name}": p for name, p in cell.bath.parameters().items()}
    for prefix, kind, (z, amount) in zip(_prefixes(cell), cell.impermeants, start.impermeants, strict=True):
        meta = Impermeant.__dataclass_fields__
        solved = {"z": z, "c": amount / (cell.volume * kind.amount_factor), "amount_factor": kind.amount_factor}
        for name, value in solved.items():
            given, m = getattr(kind, name), meta[name].metadata
            source = "solved from the start" if given is None else None
            own[f"{prefix}.{name}"] = Parameter(value if given is None else given, m["unit"], m["lo"], m["hi"], m["doc"], source)
    for m in cell.membrane:
        own |= {f"{m.name}.{name}": p for name, p in m.parameters().items()}
    return {name: dataclasses.replace(p, source=cell.sources.get(name, p.source)) for name, p in own.items()}


def _prefixes(cell: Cell) -> list[str]:
    if isinstance(cell.impermeant, tuple):
        return [f"impermeant.{i}" for i in range(len(cell.impermeant))]
    return ["impermeant"] * len(cell.impermeants)


def replace(cell: Cell, changes: Mapping[str, Any]) -> Cell:
    """Return the cell with other values; see `Cell.replace`."""
    known = parameters(cell)
    of_cell = {f.name for f in dataclasses.fields(cell)}
    whole = {name: value for name, value in changes.items() if name in of_cell and (name not in known or value is None)}
    if "T" in whole and "T" not in known:
        raise InputError("T does not enter the equations of this cell, because its constants give RT/F; replace constants.RT_F")
    if whole:
        sources = {k: v for k, v in cell.sources.items() if k.partition(".")[0] not in whole}
        cell = dataclasses.replace(cell, **{"sources": sources, **whole})
        known = parameters(cell)
    numbers: dict[str, float] = {}
    exchanged: list[tuple[str, str, float]] = []
    for name, value in changes.items():
        if name in whole:
            continue
        base, by, partner = name.partition(".with_")
        if base not in known or (by and not _exchangeable(cell, base, partner)):
            raise UnknownNameError.among("this cell has no parameter", name, known)
        number = known[base].check(name, value)
        if by:
            exchanged.append((base.partition(".")[2], partner, number))
        else:
            numbers[name] = number
    if not numbers and not exchanged:
        return cell
    return _replaced(cell, numbers, exchanged)


def _exchangeable(cell: Cell, name: str, partner: str) -> bool:
    part, _, ion = name.partition(".")
    return part == "bath" and ion in cell.bath and partner in cell.bath


def _replaced(cell: Cell, numbers: dict[str, float], exchanged: list[tuple[str, str, float]]) -> Cell:
    def below(part: str) -> dict[str, float]:
        return {name[len(part) + 1 :]: value for name, value in numbers.items() if name.startswith(part + ".")}

    new: dict[str, Any] = {name: value for name, value in numbers.items() if "." not in name}
    gone = {*numbers, *(f"bath.{ion}" for pair in exchanged for ion in pair[:2])}
    new["sources"] = {name: source for name, source in cell.sources.items() if name not in gone}
    if inside := below("inside"):
        new["inside"] = {ion: inside.get(ion.name, c) for ion, c in cell.inside.items()}
    if exchanged or below("bath"):
        new["bath"] = _bath(cell.bath, below("bath"), exchanged)
    if constants := below("constants"):
        new["constants"] = dataclasses.replace(cell.constants or Constants(), **constants)
    if any(below(m.name) for m in cell.membrane):
        new["membrane"] = tuple(_but(m, below(m.name)) for m in cell.membrane)
    of_kinds = [below(prefix) for prefix in _prefixes(cell)]
    if any("amount_factor" in of for of in of_kinds):
        factors = [{"amount_factor": of["amount_factor"]} if "amount_factor" in of else {} for of in of_kinds]
        new["impermeant"] = _kinds(cell, factors)
    solutes = [{name: value for name, value in of.items() if name != "amount_factor"} for of in of_kinds]
    if any(solutes) or any(name in numbers for name in _CHARGED):
        return _recharged(cell, new, solutes)
    return dataclasses.replace(cell, **new)


def _but(mechanism: Mechanism, changes: Mapping[str, Any]) -> Mechanism:
    return dataclasses.replace(mechanism, **changes) if changes else mechanism


def _kinds(cell: Cell, changes: list[dict[str, float]]) -> Impermeant | tuple[Impermeant, ...] | None:
    """The impermeants with other values, in the form in which the cell has them."""
    kinds = tuple(dataclasses.replace(kind, **of) for kind, of in zip(cell.impermeants, changes, strict=True))
    return kinds if isinstance(cell.impermeant, tuple) else kinds[0] if kinds else None


def _recharged(cell: Cell, new: dict[str, Any], solutes: list[dict[str, float]]) -> Cell:
    """The cell after changes that move charge: an open z, c or V is solved again; where none is open an ion makes up the charge."""
    if any(kind.z is None or kind.c is None for kind in cell.impermeants):
        cell, new, V = dataclasses.replace(cell, **new), {}, None
        for kind, of, (_, amount) in zip(cell.impermeants, solutes, cell.start.impermeants, strict=True):
            if kind.z is None and kind.c is None and "z" in of:
                of.setdefault("c", amount / (cell.volume * kind.amount_factor))
    V = new.get("V", cell.start.V)
    if any(solutes):
        new["impermeant"] = _kinds(dataclasses.replace(cell, impermeant=new["impermeant"]) if "impermeant" in new else cell, solutes)
    changed = {f.name: new.get(f.name, getattr(cell, f.name)) for f in dataclasses.fields(cell)}
    kinds = changed["impermeant"]
    kinds = kinds if isinstance(kinds, tuple) else (kinds,) if kinds else ()
    if any(kind.z is None or kind.c is None for kind in kinds):
        return dataclasses.replace(cell, **new)
    c_in = dict(changed["inside"])
    faraday = (changed["constants"] or Constants()).F
    gap = V * changed["C_m"] * changed["area"] / (faraday * changed["volume"])
    gap -= sum(ion.z * c for ion, c in c_in.items()) + sum(kind.z * kind.c for kind in kinds)
    carrier = charge_carrier(c_in, gap)
    c_in[carrier] += gap / carrier.z
    return dataclasses.replace(cell, **{**new, "inside": c_in})


def _bath(bath: Bath, numbers: dict[str, float], exchanged: list[tuple[str, str, float]]) -> Bath:
    """One new bath for all changes, so that it is judged once."""
    c = Concentrations({ion: numbers.get(ion.name, value) for ion, value in bath.items()}, "bath")
    for ion, partner, value in exchanged:
        c = c.with_(ion, value, exchanging=partner, of="bath")
    impermeant = bath.impermeant
    if impermeant is not None:
        own = {name.partition(".")[2]: value for name, value in numbers.items() if name.startswith("impermeant.")}
        impermeant = dataclasses.replace(impermeant, **own)
    return Bath(c, osmolyte=numbers.get("osmolyte", bath.osmolyte), impermeant=impermeant)
