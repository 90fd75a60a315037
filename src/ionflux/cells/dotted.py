"""Dotted names of a cell: every number by the name that sweeps, schedules, `replace` and reports use."""

from __future__ import annotations

import dataclasses
from math import nan

from ionflux.baths import Impermeant
from ionflux.fields import Described, Parameter
from ionflux.mechanisms.gates import Gate
from .cell import Cell
from .checks import MAX_CHARGE
from .pools import Pool


def parameters(cell: Cell) -> dict[str, Parameter]:
    """Return every number of a cell by dotted name; see `Cell.parameters`."""
    known = cell._cache.get("parameters")
    if known is None:
        known = cell._cache.setdefault("parameters", _collected(cell))
    return dict(known)


def _collected(cell: Cell) -> dict[str, Parameter]:
    own = Described.parameters(cell)
    start = cell.start
    if "V" not in own:
        meta = Cell.__dataclass_fields__["V"].metadata
        source = "solved from the charge" if cell.clamp is None else "held by the clamp"
        own["V"] = Parameter(start.V, meta["unit"], meta["lo"], meta["hi"], meta["doc"], source)
    if cell.constants is not None:
        own |= {f"constants.{name}": p for name, p in cell.constants.parameters().items()}
    if cell.surface is not None:
        own |= {f"surface.{name}": p for name, p in cell.surface.parameters().items()}
    own |= {f"inside.{ion.name}": Parameter(c, "mol m^-3", 0.0, 6e4, f"[{ion.name}] inside at the start") for ion, c in cell.inside.items()}
    own |= {f"bath.{name}": p for name, p in cell.bath.parameters().items()}
    for prefix, kind, (z, amount) in zip(prefixes(cell), cell.impermeants, start.impermeants, strict=True):
        solved = {"z": z, "c": amount / (cell.volume * kind.amount_factor), "amount_factor": kind.amount_factor}
        for name, value in solved.items():
            given, m = getattr(kind, name), Impermeant.__dataclass_fields__[name].metadata
            origin = "solved from the start" if given is None else None
            own[f"{prefix}.{name}"] = Parameter(value if given is None else given, m["unit"], m["lo"], m["hi"], m["doc"], origin)
    for pool in cell.pools:
        name = f"pools.{pool.name}" if isinstance(pool, Pool) else f"slaved.{pool.name}"
        own[name] = pool.parameters()["c" if isinstance(pool, Pool) else "constant"]
    brought = None if "electrode_charge" in cell.state else "none has been brought before the start"
    own["state.electrode_charge"] = Parameter(start.electrode_charge, "C", -MAX_CHARGE, MAX_CHARGE, "charge from electrodes", brought)
    for m in cell.mechanisms:
        for gate in m.gates:
            if not gate.at_once:
                own[f"state.{m.name}.{gate.name}"] = _gate(cell, m.name, gate)
    for m in cell.membrane:
        own |= {f"{m.name}.{name}": p for name, p in m.parameters().items()}
    for name in follows(cell):
        own.pop(name, None)
    return {name: dataclasses.replace(p, source=cell.sources.get(name, p.source)) for name, p in own.items()}


def _gate(cell: Cell, of: str, gate: Gate) -> Parameter:
    """A gate at the start; at its steady value where it is not given."""
    name = f"{of}.{gate.name}"
    if name in cell.state:
        return Parameter(cell.state[name], "1", 0.0, 1.0, f"gate {gate.name} of {of} at the start")
    return Parameter(nan, "1", 0.0, 1.0, f"gate {gate.name} of {of} at the start", "steady where the cell starts")


def follows(cell: Cell) -> dict[str, str]:
    """Return the names that look like parameters and are none, because their values follow from others, with the reason."""
    found = {}
    if cell.constants is not None and cell.constants.RT_F is not None:
        found["T"] = "does not enter the equations of this cell, because its constants give RT/F; replace constants.RT_F"
    if cell.potential == "electroneutral":
        found["V"] = "is where the total current is zero, with potential='electroneutral'"
    elif cell.potential == "charge" and cell.clamp is not None and closed(cell):
        found["state.electrode_charge"] = "is what the clamp needs for its V; replace V, or the concentrations"
    parts = {"c_in": "inside", "c_out": "bath"}
    pools = {pool.of for pool in cell.extra_pools}
    for name in cell.slaved:
        side, _, solute = name.partition(".")
        found[f"{'pools' if name in pools else parts[side]}.{solute}"] = f"is slaved; replace slaved.{name}, or what it follows"
    return found


def closed(cell: Cell) -> bool:
    """Whether z and c of every impermeant are given."""
    return not any(kind.z is None or kind.c is None for kind in cell.impermeants)


def prefixes(cell: Cell) -> list[str]:
    """Return what the names of the impermeants begin with, one for each."""
    if isinstance(cell.impermeant, tuple):
        return [f"impermeant.{i}" for i in range(len(cell.impermeant))]
    return ["impermeant"] * len(cell.impermeants)
