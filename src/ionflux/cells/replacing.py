"""A cell with other values: what follows from them, and which ion makes up the charge."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from math import isnan
from typing import Any

from ionflux.baths import Bath, Concentrations, Impermeant
from ionflux.errors import InputError, UnknownNameError
from ionflux.mechanisms.base import Mechanism
from ionflux.mechanisms.buffers import Buffer
from ionflux.mechanisms.clamps import VoltageClamp
from .cell import Cell, Constants
from .charges import Balance, buffered_charge, charge_carrier, gross_charge, net_charge, stored_charge
from .dotted import follows, parameters, prefixes
from .pools import Numbers, Pool, Slaved, Store
from .start import CHARGE_WITHIN

#: changes that move the charge which V takes, where V is given
SIZES = ("V", "area", "volume", "C_m", "constants.F", "state.electrode_charge")


def replace(cell: Cell, changes: Mapping[str, Any]) -> Cell:
    """Return the cell with other values; see `Cell.replace`."""
    known = parameters(cell)
    of_cell = {f.name for f in dataclasses.fields(cell)}
    whole = {name: value for name, value in changes.items() if name in of_cell and (name not in known or value is None)}
    if "potential" in whole:
        # V belongs to how it is found: it comes along, or falls away
        whole |= {"V": changes["V"]} if "V" in changes else {"V": None} if whole["potential"] == "electroneutral" else {}
    for name, why in follows(cell).items():
        if name in changes and "potential" not in whole and changes[name] is not None:
            raise InputError(f"{name} {why}")
    if whole:
        sources = {k: v for k, v in cell.sources.items() if k.partition(".")[0] not in whole}
        new = {"sources": sources, **whole}
        cell = _balanced(cell, new) if "potential" in whole else dataclasses.replace(cell, **new)
        known = parameters(cell)
    numbers: dict[str, float] = {}
    exchanged: list[tuple[str, str, float]] = []
    for name, value in changes.items():
        if name in whole:
            continue
        base, by, partner = name.partition(".with_")
        if base not in known or (by and f"bath.{partner}" not in known) or (by and not base.startswith("bath.")):
            raise UnknownNameError.among("this cell has no parameter", name, known)
        number = known[base].check(name, value)
        if by:
            exchanged.append((base.partition(".")[2], partner, number))
        else:
            numbers[name] = number
    if not numbers and not exchanged:
        return cell
    return _replaced(cell, numbers, exchanged)


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
    if (surface := below("surface")) and cell.surface is not None:
        new["surface"] = dataclasses.replace(cell.surface, **surface)
    if constants := below("constants"):
        new["constants"] = dataclasses.replace(cell.constants or Constants(), **constants)
    if state := below("state"):
        new["state"] = Numbers({**cell.state, **state})
    if (c := below("pools")) or below("slaved"):
        new["pools"] = tuple(_pool(pool, c, below("slaved")) for pool in cell.pools)
    if any(below(m.name) for m in cell.membrane):
        new["membrane"] = tuple(_but(m, below(m.name)) for m in cell.membrane)
    of_kinds = [below(prefix) for prefix in prefixes(cell)]
    if any("amount_factor" in of for of in of_kinds):
        factors = [{"amount_factor": of["amount_factor"]} if "amount_factor" in of else {} for of in of_kinds]
        new["impermeant"] = _kinds(cell, factors)
    solutes = [{name: value for name, value in of.items() if name != "amount_factor"} for of in of_kinds]
    if any(solutes):
        return _recharged(cell, new, solutes, inside)
    if cell.potential == "electroneutral" and (inside or below("slaved") or any(name in numbers for name in SIZES)):
        return _balanced(cell, new, inside)
    if any(name in numbers for name in SIZES) and cell.clamp is None and not (cell.V is None and set(numbers) & {"state.electrode_charge"}):
        return _recharged(cell, new, solutes, inside)
    return dataclasses.replace(cell, **new)


def _pool(pool: Pool | Slaved, c: Mapping[str, float], constants: Mapping[str, float]) -> Pool | Slaved:
    if isinstance(pool, Pool):
        return dataclasses.replace(pool, c=c[pool.name]) if pool.name in c else pool
    return dataclasses.replace(pool, constant=constants[pool.name]) if pool.name in constants else pool


def _but(mechanism: Mechanism, changes: Mapping[str, Any]) -> Mechanism:
    return dataclasses.replace(mechanism, **changes) if changes else mechanism


def _kinds(cell: Cell, changes: list[dict[str, float]]) -> Impermeant | tuple[Impermeant, ...] | None:
    """The impermeants with other values, in the form in which the cell has them."""
    kinds = tuple(dataclasses.replace(kind, **of) for kind, of in zip(cell.impermeants, changes, strict=True))
    return kinds if isinstance(cell.impermeant, tuple) else kinds[0] if kinds else None


def _recharged(cell: Cell, new: dict[str, Any], solutes: list[dict[str, float]], kept: Mapping[str, float]) -> Cell:
    """The cell after changes that move charge: an open z, c or V is solved again; where none is open an ion makes up the charge."""
    if any(kind.z is None or kind.c is None for kind in cell.impermeants):
        cell, new = dataclasses.replace(cell, **new), {}
        for kind, of, (_, amount) in zip(cell.impermeants, solutes, cell.start.impermeants, strict=True):
            if kind.z is None and kind.c is None and "z" in of:
                of.setdefault("c", amount / (cell.volume * kind.amount_factor))
    if any(solutes):
        new["impermeant"] = _kinds(dataclasses.replace(cell, impermeant=new["impermeant"]) if "impermeant" in new else cell, solutes)
    return _balanced(cell, new, kept)


def _balanced(cell: Cell, new: dict[str, Any], kept: Mapping[str, float] | None = None) -> Cell:
    """The cell with new fields; where its start would be over-determined, an ion that is not in `kept` makes up the charge."""
    fields = {f.name: new.get(f.name, getattr(cell, f.name)) for f in dataclasses.fields(cell)}
    kinds = fields["impermeant"]
    kinds = kinds if isinstance(kinds, tuple) else (kinds,) if kinds else ()
    if fields["potential"] not in ("charge", "electroneutral") or any(kind.z is None or kind.c is None for kind in kinds):
        return dataclasses.replace(cell, **new) if new else cell
    V = cell.start.V if fields["V"] is None else fields["V"]
    if isnan(V) and fields["potential"] == "charge":  # it was electroneutral, and V follows from the charge now
        return dataclasses.replace(cell, **new)
    clamped = any(isinstance(m, VoltageClamp) for m in fields["membrane"])
    balance = Balance(
        fields["potential"],
        fields["C_m"] * fields["area"],
        fields["volume"],
        (fields["constants"] or Constants()).F,
        # what a clamp has put on its electrode stays there while the solutes change
        (cell.start.electrode_charge if clamped else fields["state"].get("electrode_charge", 0.0))
        + stored_charge([p for p in fields["pools"] if isinstance(p, Store)]) * (fields["constants"] or Constants()).F * fields["volume"]
        + buffered_charge([m for m in fields["membrane"] if isinstance(m, Buffer)], fields["inside"], fields["state"])
        * (fields["constants"] or Constants()).F
        * fields["volume"],
    )
    c_in = dict(fields["inside"])
    if any(isinstance(pool, Slaved) for pool in fields["pools"]):
        # with this potential the start binds no charge: only the rules are followed
        c_in = dict(dataclasses.replace(cell, **{**new, "potential": "current", "V": 0.0}).inside)
    solutes = [(kind.z, kind.c) for kind in kinds]
    gap = balance.charge(V) - net_charge(c_in, solutes)
    free = c_in
    if kept:
        if abs(gap) <= CHARGE_WITHIN * gross_charge(c_in, solutes):  # all that moves charge has been given, and fits
            return dataclasses.replace(cell, **new)
        free = {ion: c for ion, c in c_in.items() if ion.name not in kept}
    carrier = charge_carrier(free, gap, {pool.name: pool for pool in fields["pools"] if isinstance(pool, Slaved)})
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
