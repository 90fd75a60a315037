"""What a cell must be to make sense, beside the start: names, choices, what is read and what is held."""

from __future__ import annotations

import dataclasses
from math import log
from typing import TYPE_CHECKING, Any

from ionflux.baths import Bath, Concentrations, unjudged
from ionflux.errors import InputError, ModelError, UnitRangeError, UnknownNameError
from ionflux.mechanisms.base import Law, Mechanism, ions_read
from ionflux.mechanisms.buffers import Buffer
from ionflux.mechanisms.clamps import VoltageClamp
from ionflux.mechanisms.water import Water
from ionflux.species import IonSpecies
from ionflux.surfaces import ChargedSurface
from .pools import Pool, concentration_name, slaved_values

if TYPE_CHECKING:
    from .cell import Cell

#: the parts of a cell that dotted names begin with; no mechanism may be called so
PARTS = ("bath", "constants", "impermeant", "inside", "pools", "slaved", "state", "surface")
#: laws of activity coefficients that need nothing but valences
ACTIVITIES = (None, "davies", "limiting")
#: what each of these fields may be
CHOICES = {
    "potential": ("charge", "electroneutral", "current"),
    "area_law": ("fixed", "sphere"),
    "volume_law": ("fixed", "conserved"),
}
#: states beside the ions and pools that a start may set
STATES = ("electrode_charge",)
#: more charge than this on an electrode (C) is a slip of units
MAX_CHARGE = 1e-3


def check_names(cell: Cell) -> None:
    """Refuse two mechanisms, or two pools, of one name, and names that mean something else already."""
    for kind, advice in ((Water, "add their permeabilities"), (VoltageClamp, "give it a schedule")):
        if sum(isinstance(m, kind) for m in cell.membrane) > 1:
            raise ModelError(f"a membrane takes one {kind.__name__}; {advice}")
    seen: dict[str, Mechanism] = {}
    for m in cell.membrane:
        if m.name in seen:
            free = next(name for k in range(2, 1000) if (name := f"{m.name}_{k}") not in seen)
            raise InputError(f"two mechanisms are called {m.name!r}: {seen[m.name]!r} and {m!r}; give one label={free!r}")
        if m.name in PARTS or m.name in cell.__dataclass_fields__:
            raise InputError(f"{m!r}: {m.name!r} already names a part of the cell; give another label=")
        seen[m.name] = m
    ions = {ion.name for ion in (*cell.inside, *cell.bath)}
    pools: dict[str, Pool] = {}
    rules = set()
    for pool in cell.pools:
        if not isinstance(pool, Pool):
            if pool.name in rules:
                raise InputError(f"Cell.pools: two rules for {pool.name}; leave one of them out")
            rules.add(pool.name)
            continue
        if pool.name in ions:
            raise InputError(f"{pool!r}: {pool.name} is an ion of this cell already; leave the pool out, or give it another name")
        if pool.name in pools:
            raise InputError(
                f"Cell.pools: two pools are called {pool.name!r}: {pools[pool.name]!r} and {pool!r}; give another name. A solute that is "
                f"on both sides is IonSpecies({pool.name!r}, 0), in `inside` and in the bath"
            )
        pools[pool.name] = pool


def check_choices(cell: Cell) -> None:
    """Refuse values of the fields that choose between ways to compute, and fields that contradict them."""
    for name, choices in CHOICES.items():
        if (value := getattr(cell, name)) not in choices:
            raise InputError(f"Cell.{name} = {value!r}; it is {' or '.join(map(repr, choices))}")
    if cell.surface is not None and not isinstance(cell.surface, ChargedSurface):
        raise InputError(f"Cell.surface = {cell.surface!r}; write ChargedSurface(sigma_in, sigma_out, thickness) or leave it out")
    if cell.activity not in ACTIVITIES:
        raise InputError(
            f"Cell.activity = {cell.activity!r}; it is None (concentrations), 'davies' or 'limiting': "
            "the extended law would need a size for each ion"
        )
    gates = {f"{m.name}.{gate.name}": gate for m in cell.membrane for gate in m.gates if not gate.at_once}
    known = (*STATES, *gates, *(f"{m.name}.bound" for m in cell.buffers if m.k_on is not None))
    for name, value in cell.state.items():
        if name not in known:
            raise UnknownNameError.among("Cell.state: this cell has no state", name, known)
        if name in gates and gates[name].power and not 0.0 <= value <= 1.0:
            raise UnitRangeError(f"Cell.state[{name!r}] = {value:g}; a gate is between 0 and 1")
    if abs(charge := cell.state.get("electrode_charge", 0.0)) > MAX_CHARGE:
        raise UnitRangeError(f"Cell.state['electrode_charge'] = {charge:g} C is outside ±{MAX_CHARGE:g} C; write {charge:g}*fC or *pC")
    if cell.potential == "electroneutral":
        if cell.V is not None:
            raise ModelError(
                f"Cell.V = {cell.V:g} V with potential='electroneutral': V is where the total current is zero, and follows; leave V out"
            )
        if cell.clamp is not None:
            raise ModelError("VoltageClamp with potential='electroneutral': V is where the total current is zero; take potential='charge'")
    if cell.potential == "current" and cell.V is None and cell.clamp is None:
        raise ModelError("potential='current': V does not follow from the charge; give V= at the start")
    if cell.volume_law == "conserved" and (cell.water is None or cell.outside_volume is None):
        lacks = "Water in the membrane" if cell.water is None else "outside_volume="
        raise ModelError(f"volume_law='conserved': the volume outside changes by what the cell takes up, which needs {lacks}")
    if cell.slaved and cell.water is not None and cell.water.instant:
        raise ModelError("Water(instant=True) with what is slaved: the volume would follow from itself; take Water(P_f=)")
    if cell.outside_volume is None:
        free = {*cell.hold, *cell.slaved}
        for pool in cell.extra_pools:
            if pool.side == "out" and pool.of not in free:
                raise ModelError(f"{pool!r}: outside an infinite bath nothing changes; give outside_volume=, or hold=({pool.of!r},)")


def follow_rules(cell: Cell) -> dict[str, Any]:
    """Return `inside`, `bath` and `pools` with the values that the rules of what is slaved give; nothing where there are none."""
    if not cell.slaved:
        return {}
    known = {f"c_in.{ion.name}": c for ion, c in cell.inside.items()} | {f"c_out.{ion.name}": c for ion, c in cell.bath.items()}
    values = slaved_values(cell.slaved, known | {pool.of: pool.c for pool in cell.extra_pools})
    ions = {ion.name: ion for ion in (*cell.bath, *cell.inside)}
    inside, outside = dict(cell.inside), dict(cell.bath)
    pools = {pool.of for pool in cell.extra_pools}
    for name, c in values.items():
        side, _, solute = name.partition(".")
        if name in pools:
            continue
        if solute not in ions:
            raise UnknownNameError.among(
                f"Slaved({name!r}, ...): the cell has no ion or pool", solute, [*ions, *(p.name for p in cell.extra_pools)]
            )
        (inside if side == "c_in" else outside)[ions[solute]] = c
    new: dict[str, Any] = {"inside": Concentrations(inside, "Cell.inside")}
    new["pools"] = tuple(dataclasses.replace(p, c=values[p.of]) if isinstance(p, Pool) and p.of in values else p for p in cell.pools)
    if outside != dict(cell.bath):
        with unjudged():  # the rules say what is outside
            new["bath"] = Bath(outside, osmolyte=cell.bath.osmolyte, impermeant=cell.bath.impermeant)
    return new


def check_held(cell: Cell) -> None:
    """Refuse to hold what is not there, what follows a rule, and what an ion outside is."""
    pools = [pool.of for pool in cell.extra_pools]
    known = [f"c_in.{ion.name}" for ion in cell.inside] + pools
    for name in cell.hold:
        concentration_name(name, "Cell.hold:")
        if name.startswith("c_out.") and name not in pools and name.partition(".")[2] in {ion.name for ion in cell.bath}:
            infinite = cell.outside_volume is None
            remedy = "the bath is infinite and stays as it is; leave this out" if infinite else "leave outside_volume out"
            raise ModelError(f"Cell.hold: {name} is outside; {remedy}")
        if name not in known:
            raise UnknownNameError.among("Cell.hold: the cell has no concentration", name, known)
        if name in cell.slaved:
            raise ModelError(f"Cell.hold: {name} is slaved, {cell.slaved[name]!r}; leave one of the two out")
        if cell.hold.count(name) > 1:
            raise InputError(f"Cell.hold names {name!r} twice")


def check_mechanisms(cell: Cell) -> None:
    """Refuse ions that are not on both sides, mechanisms that read what is not there, and infinite Nernst potentials."""
    c_in, c_out = dict(cell.inside.items()), dict(cell.bath.items())
    for ion in c_in:
        if ion not in c_out:
            raise InputError(f"the bath does not list {ion!r}, which is inside; write its concentration, 0 if there is none")
    inside = {ion.name for ion in c_in} | {pool.name for pool in cell.extra_pools if pool.side == "in"}
    outside = {ion.name for ion in c_out} | {pool.name for pool in cell.extra_pools if pool.side == "out"}
    for buffer in cell.buffers:
        _check_buffer(cell, buffer)
    for m in cell.membrane:
        read, law = ions_read(m), m.law
        for name in sorted(read["c_in"] - inside):
            raise InputError(f"{m.name} needs [{name}] inside; add it to `inside`{_as_pool(m, name)}")
        for name in sorted(read["c_out"] - outside):
            raise InputError(f"{m.name} needs [{name}] outside; add it to the bath{_as_pool(m, name)}")
        for ion in m.moves:
            if ion not in c_in:
                there = [other for other in c_in if other.name == ion.name] or "a pool of that name"
                raise InputError(f"{m.name} moves {ion!r}, and inside there is {there}; an ion has one valence, and is in `inside`")
            if law in (Law.OHMIC, Law.COTRANSPORT) and not (c_in[ion] and c_out[ion]):
                side = "outside" if c_in[ion] else "inside"
                raise ModelError(
                    f"{m.name}: the Nernst potential of {ion.name} is infinite, [{ion.name}] {side} is 0; give it a small "
                    "concentration" + (", or use P= (GHK)" if law is Law.OHMIC else "")
                )
        if shared := getattr(m, "shared", None):
            lowest, highest = sorted(cell.thermal_voltage / ion.z * log(c_out[ion] / c_in[ion]) for ion in shared)
            if not lowest - 1e-9 <= m.E_rev <= highest + 1e-9:  # type: ignore[attr-defined]
                raise InputError(
                    f"{m.name}.E_rev = {1e3 * m.E_rev:g} mV; {shared[0].name} and {shared[1].name} together reverse between "  # type: ignore[attr-defined]
                    f"{1e3 * lowest:.4g} and {1e3 * highest:.4g} mV, their Nernst potentials here: choose E_rev= there, or other ions"
                )
        carrier = getattr(m, "carrier", None)
        if carrier is not None and carrier not in c_in:
            raise InputError(f"{m.name}: its carrier {carrier!r} is not inside; add it to `inside` and to the bath")
        if m.fixed:
            _check_fixed(cell, m)
        if m.within is not None and m.within not in [store.name for store in cell.stores]:
            raise InputError(f"{m.name} works on the store {m.within!r}; add Store({m.within!r}, c, fraction=...) to `pools`")
        if m.silent and cell.potential != "current":
            raise ModelError(f"{m.name}: silent=True leaves its current out of V, which only potential='current' allows; leave silent out")
        if m.outside and cell.outside_volume is None:
            raise ModelError(f"{m.name} changes the solution outside, and an infinite bath does not change; give outside_volume=")


def _check_buffer(cell: Cell, m: Buffer) -> None:
    """Refuse a buffer of what is not there or does not change, two that bind one ion at once, and what would define itself."""
    if m.ion not in cell.inside:
        raise InputError(f"{m.name} binds {m.ion!r}, which is not inside; add it to `inside` and to the bath")
    at_once = [other.name for other in cell.buffers if other.ion == m.ion and other.k_on is None]
    if m.k_on is None and at_once[0] != m.name:
        raise ModelError(f"{at_once[0]} and {m.name} both bind {m.ion.name} at once; give one of them its rate k_on=")
    if f"c_in.{m.ion.name}" in cell.slaved or (f"c_in.{m.ion.name}" in cell.held and m.k_on is None):
        raise ModelError(f"{m.name}: [{m.ion.name}] inside is held or slaved, and a buffer would not change it; leave the buffer out")
    if cell.water is not None and cell.water.instant:
        raise ModelError(f"{m.name} and Water(instant=True): the volume would follow from itself; take Water(P_f=)")


def _as_pool(m: Mechanism, name: str) -> str:
    """What else may be meant where a factor reads a name that no ion of the mechanism has."""
    return "" if name in {ion.name for ion in m.moves} else f', or Pool("{name}", ...) to `pools`'


def _check_fixed(cell: Cell, m: Mechanism) -> None:
    """A fixed reversal potential moves charge and no ion, so the ion must be one that does not move."""
    ion: IonSpecies | None = m.ion  # type: ignore[attr-defined]
    if ion is None:
        if cell.potential != "current":
            raise ModelError(
                f"{m!r} moves charge and names no ion: nothing would balance it. Name the ions with permeates=, or take "
                "potential='current', where V does not follow from the charge"
            )
        return
    name = f"c_in.{ion.name}"
    if cell.potential != "current" and name not in cell.held and name not in cell.slaved:
        raise ModelError(
            f"{m!r}: its E is fixed, but [{ion.name}] inside moves, so the Nernst potential would leave it behind. Leave E out; or hold "
            f"the ion, hold=({name!r},); or take potential='current', where V does not follow from the charge"
        )
