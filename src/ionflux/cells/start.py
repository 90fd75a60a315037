"""The state a cell starts from: what its description leaves out is solved from two equations.

::

    charge    F · volume · Σ z c + q = C_m · area · V     potential="charge"; q is the charge that electrodes have brought
              F · volume · Σ z c + q = 0                  potential="electroneutral"
              nothing                                     potential="current", but for an impermeant that is left open
    osmosis   Σ c inside = Π outside                      where both z and c of the impermeant are left out

Where an electrode holds V, what is missing to the first equation is on the electrode.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ionflux.baths import added
from ionflux.errors import ElectroneutralityError, InputError, ModelError
from ionflux.species import IonSpecies
from .charges import Balance, bound_by, buffered_charge, charge_carrier, charge_of_sites, gross_charge, net_charge, stored_charge

if TYPE_CHECKING:
    from ionflux.baths import Impermeant
    from .cell import Cell

#: largest mismatch of charge, as a part of Σ|z|c, and of osmolarity, that counts as rounding
CHARGE_WITHIN = 1e-9
#: largest potential (V) and valence that a start may come to
V_MAX, Z_MAX = 1.0, 100.0


class Start(NamedTuple):
    """Where a cell starts; all equations of the start hold to rounding.

    Attributes
    ----------
    V : float
        Membrane potential, V; NaN for an electroneutral cell, where it follows from the currents.
    volume : float
        m³; `Cell.volume` times the amount factor, or where water is instant the volume at which it rests.
    c_in, amount : mapping from IonSpecies to float
        mol/m³ and mol.
    impermeants : tuple of (z, amount)
        Valence and mol of each kind of impermeant.
    electrode_charge : float
        What electrodes have brought into the cell, C.
    area : float
        Of the membrane at that volume, m².
    volume_out : float or None
        m³; None for an infinite bath.
    amount_out : mapping from IonSpecies to float
        mol; empty for an infinite bath.
    solutes_out : float
        mol of osmolyte and impermeant outside; 0 for an infinite bath.
    pools : mapping from str to float
        mol of each pool, ``"in.ATP"``, ``"out.O2"``; without the outside ones where the bath is infinite.
    buffers : mapping from str to float
        mol of charge on the sites of each buffer, by its name, without what they bind.
    bound : mapping from str to float
        mol of ions on the sites of each buffer.
    """

    V: float
    volume: float
    c_in: Mapping[IonSpecies, float]
    amount: Mapping[IonSpecies, float]
    impermeants: tuple[tuple[float, float], ...]
    electrode_charge: float
    area: float
    volume_out: float | None
    amount_out: Mapping[IonSpecies, float]
    solutes_out: float
    pools: Mapping[str, float]
    buffers: Mapping[str, float] = MappingProxyType({})
    bound: Mapping[str, float] = MappingProxyType({})

    @property
    def c_impermeant(self) -> float:
        """Concentration of all impermeants, mol/m³."""
        return float(added(amount for _, amount in self.impermeants) / self.volume)


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
    held = buffered_charge(cell.buffers, c_in, cell.state) + stored_charge(cell.stores)
    brought = cell.state.get("electrode_charge", 0.0) + held * cell.faraday * cell.volume
    balance = Balance(cell.potential, cell.C_m * cell.area, cell.volume, cell.faraday, brought)
    V, solutes = _solved(cell, kinds, balance)
    factor = amount_factor(kinds)
    volume = cell.volume * factor
    area = cell.area_at(volume)
    electrode = cell.state.get("electrode_charge", 0.0)
    closed = not any(kind.z is None or kind.c is None for kind in kinds)
    if balance.bound and cell.clamp is not None and closed:
        electrode = cell.C_m * area * V - cell.faraday * volume * (net_charge(c_in, solutes) + held)
    elif balance.bound and (factor != 1.0 or (closed and (cell.V is not None or balance.neutral))):
        # a volt takes the same charge whatever the volume (some 1e-5 of the ions), and what is given may be off by CHARGE_WITHIN
        gap = balance.charge(V, factor, area / cell.area) - net_charge(c_in, solutes)
        carrier = charge_carrier(c_in, gap, cell.slaved)
        c_in[carrier] += gap / carrier.z
    amount = {ion: volume * c for ion, c in c_in.items()}
    bound = {m.name: volume * m.scale * bound_by(m, c_in, cell.state) for m in cell.buffers}
    for m in cell.buffers:
        amount[m.ion] += bound[m.name]
    impermeants = tuple((z, volume * c) for z, c in solutes)
    pools = {f"{pool.side}.{pool.name}": pool.c * volume for pool in cell.extra_pools if pool.side == "in"}
    pools |= {f"in.{store.name}": store.held(volume) for store in cell.stores}
    volume_out, amount_out, solutes_out = cell.outside_volume, dict[IonSpecies, float](), 0.0
    if volume_out is not None:
        bath = cell.bath
        amount_out = {ion: c * volume_out for ion, c in bath.items()}
        solutes_out = (bath.osmolyte + (0.0 if bath.impermeant is None else bath.impermeant.c or 0.0)) * volume_out
        pools |= {f"{pool.side}.{pool.name}": pool.c * volume_out for pool in cell.extra_pools if pool.side == "out"}
    if cell.water is not None and cell.water.instant:
        rest = osmotic_volume(cell, added(amount.values()) + added(n for _, n in impermeants), volume)
        if balance.bound and not balance.neutral and cell.area_law == "sphere":
            if cell.V is None and cell.clamp is None:
                V *= area / cell.area_at(rest)  # the charge stays where it is
            else:  # the charge that V takes on the other area; it is some 1e-5 of the ions, so a few rounds settle it
                for _ in range(8):
                    more = cell.C_m * (cell.area_at(rest) - area) * V / cell.faraday
                    area = cell.area_at(rest)
                    carrier = charge_carrier(amount, more, cell.slaved)
                    amount[carrier] += more / carrier.z
                    rest = osmotic_volume(cell, added(amount.values()) + added(n for _, n in impermeants), volume)
        if volume_out is not None and cell.volume_law == "conserved":
            volume_out += volume - rest
        volume, area = rest, cell.area_at(rest)
        c_in = {ion: n / volume for ion, n in amount.items()}
    return Start(
        V,
        volume,
        MappingProxyType(c_in),
        MappingProxyType(amount),
        impermeants,
        electrode,
        area,
        volume_out,
        MappingProxyType(amount_out),
        solutes_out,
        MappingProxyType(pools),
        MappingProxyType(
            {m.name: volume * m.scale * charge_of_sites(m, c_in, cell.state) for m in cell.buffers}
            | {store.name: store.counter_ions(volume) for store in cell.stores}
        ),
        MappingProxyType(bound),
    )


def osmotic_volume(cell: Cell, particles: float, volume: float) -> float:
    """Return the volume (m³) at which `particles` (mol) inside, now in `volume`, rest where water is instant."""
    outside = cell.bath.osmolarity
    if not outside:
        raise ModelError("Water(instant=True): the bath has no solutes, so the cell would swell without end")
    if cell.held and abs(particles / volume - outside) > CHARGE_WITHIN * outside:
        raise ModelError(
            f"Water(instant=True) would change the volume at the start from {volume:.6g} to {particles / outside:.6g} m³, and with it "
            "concentrations that are held; leave z and c of the impermeant open, so that osmosis holds, or take Water(P_f=)"
        )
    if cell.outside_volume is not None and cell.volume_law == "conserved":
        total = volume + cell.outside_volume
        return total * particles / (particles + outside * cell.outside_volume)
    return particles / outside


def amount_factor(kinds: tuple[Impermeant, ...]) -> float:
    """Return the factor on the volume at the start; with several impermeants they must agree on it."""
    factors = {kind.amount_factor for kind in kinds} or {1.0}
    if len(factors) > 1:
        raise InputError("the impermeants of one cell must have the same amount_factor: it multiplies the volume at the start as well")
    return factors.pop()


def _solved(cell: Cell, kinds: tuple[Impermeant, ...], balance: Balance) -> tuple[float, tuple[tuple[float, float], ...]]:
    """V, and (z, c) of every impermeant."""
    open_kinds = [i for i, kind in enumerate(kinds) if kind.z is None or kind.c is None]
    if len(open_kinds) > 1:
        raise ModelError(f"{len(open_kinds)} impermeants have an open z or c, and charge can solve for one; give both for the others")
    closed = tuple((kind.z, kind.c) for kind in kinds if kind.z is not None and kind.c is not None)
    V = nan if balance.neutral else cell.V if cell.V is not None or cell.clamp is None else cell.clamp.V
    if not open_kinds:
        return _closed_start(cell, V, closed, balance), closed
    at = open_kinds[0]
    if V is None:
        raise ModelError(f"{kinds[at]!r} is to be solved from the charge, which needs V=; or give both z and c and V follows")
    missing = balance.charge(V) - net_charge(cell.inside, closed)
    z, c = kinds[at].z, kinds[at].c
    if z is not None:
        if z == 0 or missing / z < 0:
            raise _impossible(cell, missing, f"impermeant z = {z:g} cannot supply it")
        c = abs(missing / z)
    else:
        if c is None:
            c = cell.bath.osmolarity - added(cell.inside.values()) - added(amount for _, amount in closed)
            if c < 0:
                raise ModelError(
                    f"the solutes given inside exceed the bath's osmolarity of {cell.bath.osmolarity:.6g} mol/m³ by {-c:.6g}: no room for "
                    "impermeants; lower `inside`, raise bath.osmolyte, or give Impermeant(c=)"
                )
        scale = gross_charge(cell.inside, ())
        if c == 0 and abs(missing) <= CHARGE_WITHIN * scale:
            z = 0.0
        elif c == 0 or abs(missing / c) > Z_MAX:
            raise _impossible(cell, missing, f"{c:.6g} mol/m³ of impermeant would need an absurd valence")
        else:
            z = missing / c
    return V, (*closed[:at], (z, c), *closed[at:])


def _closed_start(cell: Cell, V: float | None, solutes: tuple[tuple[float, float], ...], balance: Balance) -> float:
    """V where z and c of every impermeant are given."""
    net = net_charge(cell.inside, solutes)
    if V is None:
        V = (net + balance.electrode) / balance.per_volt
        if abs(V) > V_MAX:
            raise _impossible(cell, -net, f"the net charge inside would charge the membrane to {V:.4g} V")
        return V
    if not balance.bound or cell.clamp is not None:
        return V
    missing = balance.charge(V) - net
    scale = gross_charge(cell.inside, solutes)
    if abs(missing) > CHARGE_WITHIN * scale:
        given = "`inside` and" if balance.neutral else f"V = {V * 1e3:g} mV, `inside` and"
        raise _impossible(cell, missing, f"{given} `impermeant` are all given and contradict each other")
    return V


def _impossible(cell: Cell, missing: float, why: str) -> ElectroneutralityError:
    """The error that names the missing charge and what to change."""
    sign = 1 if missing > 0 else -1
    # adding an ion of the sign of the missing charge, or taking away one of the other sign
    able = [ion for ion, c in cell.inside.items() if ion.z and (ion.z * sign > 0 or c >= abs(missing / ion.z))]
    able = [ion for ion in able if f"c_in.{ion.name}" not in cell.slaved]
    change = f" or change [{able[0].name}] inside by {missing / able[0].z:+.6g} mol/m³" if able else ""
    neutral = cell.potential == "electroneutral"
    return ElectroneutralityError(
        f"{missing:+.6g} mM (mol/m³) of charge is missing inside: {why}. "
        f"Leave out z of the impermeant{'' if neutral else ' (with V given)'} and it is solved,{change} "
        f"({'Σzc = 0' if neutral else 'F·volume·Σzc = C_m·area·V'})",
        missing=missing,
    )
