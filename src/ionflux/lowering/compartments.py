"""What a cell holds as nodes of a program: amounts, volume and potential. Nothing here knows a rate law."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ionflux.cells.pools import Store
from ionflux.errors import ModelError
from .buffers import binding, free_at_once
from .program import Node, Program
from .rates import Formula, Values, kernel_log, value

if TYPE_CHECKING:
    from ionflux.cells import Cell
    from ionflux.species import IonSpecies
    from .outsides import Outside

Slot = Callable[[str, Formula], Node]


class Inside:
    """One cell: its pools, its volume, the charge on its membrane.

    Which of its numbers are states: every amount that is neither held nor slaved, but for the ion with the largest abs(z) n, which the
    charge balance gives (`replaced`) wherever it binds; the volume where water takes time; and for the potential the charge
    Q/F = C_m A V/F (mol), or V itself where there is no capacitor ("electroneutral"), or nothing where an electrode prescribes it.
    """

    def __init__(self, program: Program, slot: Slot, cell: Cell, prefix: str, state: Callable[..., Node]) -> None:
        self.program, self.slot, self.cell, self.prefix = program, slot, cell, prefix
        self.replaced = self._replaced()
        p, F, x = program, cell.faraday, prefix
        free = [i for i in cell.ions if not self._given(i.name)]
        self.amount: dict[IonSpecies, Node] = {i: state(f"{x}amount.{i.name}") for i in free if i is not self.replaced}
        self.free = tuple(self.amount)  # ions whose amount is a state
        self.pool_amount: dict[str, Node] = {
            pool.name: state(f"{x}amount.{pool.name}") for pool in cell.extra_pools if pool.side == "in" and not self._given(pool.name)
        }
        water = cell.water
        self.instant = water is not None and bool(water.instant)
        self.volume: Node = state(f"{x}volume") if water is not None and not self.instant else -1
        self.flows = self.volume >= 0
        if not self.flows and not self.instant:
            self.volume = slot(f"{x}volume", value(f"{x}_volume"))
        #: area over the area that is a parameter, None where it stays
        self.spread: Node | None = None if self.instant else self._spread()
        electrodes = any(m.law.name == "CURRENT" and not m.moves for m in cell.mechanisms)
        #: charge brought by electrodes without a carrier, mol; a state only where the balance needs it
        self.electrode: Node | None = state(f"{x}electrode") if electrodes and (self.replaced or cell.potential == "current") else None
        self.charge: Node | None = None
        self.potential_state: Node | None = None
        if cell.clamp is None:
            if cell.potential == "electroneutral":
                self.potential_state = state(f"{x}V", mass=0.0)
            else:
                self.charge = self.potential_state = state(f"{x}charge")
        elif self.replaced is not None:
            clamp = f"{x}{cell.clamp.name}.V"
            self.charge = slot(f"{x}charge", lambda v: v[f"{x}C_m"] * v[f"{x}area"] * v[clamp] / F)
            if cell.area_law == "sphere":
                if self.spread is None:
                    raise ModelError(
                        f"{cell.clamp.name}: carrier=, area_law='sphere' and Water(instant=True) define each other in a circle: the "
                        "charge, the area, the volume and the amount of the carrier; give Water(P_f=), or no carrier"
                    )
                self.charge = p.product(self.charge, self.spread)
        self.c: dict[str, Node] = {}
        #: terms of the amount that is no state: charge balance over z
        self.balance: dict[Node, float] = {}
        if self.replaced is not None:
            self._balance_charge()
        for ion in cell.ions:
            if f"c_in.{ion.name}" in cell.held:
                name = f"{x}inside.{ion.name}"
                self.c[ion.name] = slot(name, value(name))
        for pool in cell.extra_pools:
            if pool.side == "in" and pool.of in cell.held:
                name = f"{x}pools.{pool.name}"
                self.c[pool.name] = slot(name, value(name))
        buffered = {m.ion for m in cell.buffers}
        #: what is bound, mol, by name of the buffer: of those that take time
        self.bound = {m.name: state(f"{x}bound.{m.name}") for m in cell.buffers if m.k_on is not None}
        loose = [n for ion, n in self.amount.items() if ion not in buffered]
        self.particles_free = p.sum({**dict.fromkeys(loose, 1.0), slot(f"{x}impermeant", value(f"{x}_impermeant")): 1.0})

    def _given(self, name: str) -> bool:
        return f"c_in.{name}" in self.cell.held or f"c_in.{name}" in self.cell.slaved

    def _replaced(self) -> IonSpecies | None:
        """The ion whose amount follows from the charge; None where charge does not bind the amounts."""
        cell = self.cell
        if cell.potential == "current" or any(self._given(i.name) for i in cell.ions):
            return None
        if cell.clamp is not None:
            carrier: IonSpecies | None = cell.clamp.carrier
            return carrier
        amount = cell.start.amount
        return max((i for i in cell.ions if i.z), key=lambda i: abs(i.z) * amount[i], default=None)

    def _balance_charge(self) -> None:
        e = self.replaced
        assert e is not None
        terms = {self._given_charge(): -1.0}
        if self.charge is not None:
            terms = {self.charge: 1.0, **terms}
        if self.electrode is not None:
            terms[self.electrode] = -1.0
        terms |= {n: -float(i.z) for i, n in self.amount.items()}
        terms |= self._stored(-1.0)
        self.balance = {k: w / e.z for k, w in terms.items()}
        self.amount[e] = self.program.sum(self.balance)

    def _stored(self, sign: float) -> dict[Node, float]:
        """What stores hold, by charge; without their counter-ions."""
        return {self.pool_amount[s.name]: sign * s.ion.z for s in self.cell.stores if s.name in self.pool_amount}

    def _given_charge(self) -> Node:
        """Of impermeants, and what electrodes had brought before the start where none brings any now; mol."""
        x = self.prefix
        if self.electrode is not None:
            return self.slot(f"{x}impermeant charge", value(f"{x}_impermeant_charge"))
        return self.slot(f"{x}given charge", lambda v: v[f"{x}_impermeant_charge"] + v[f"{x}_electrode"])

    def finish_volume(self, outside: Outside) -> None:
        """The volume where water follows at once, then what depends on it."""
        if self.instant:
            self.volume = outside.volume_of(self)
        p = self.program
        for ion, n in list(self.amount.items()):
            self.c[ion.name] = self._free(ion, n)
        for name, n in self.pool_amount.items():
            self.c[name] = p.divide(n, self._solvent(name))

    def _solvent(self, pool: str) -> Node:
        """What the amount of a pool is divided by."""
        held = next(p for p in self.cell.extra_pools if p.name == pool)
        if isinstance(held, Store):
            x, room = self.prefix, held.fraction * held.capacity
            return self.slot(f"{x}{pool} volume", lambda v: room * v[f"{x}_volume"])
        return self.volume if held.diluted else self._volume_at_start()

    def _diluted(self, pool: str) -> bool:
        return next(p.diluted for p in self.cell.extra_pools if p.name == pool)

    def _volume_at_start(self) -> Node:
        return self.slot(f"{self.prefix}volume at start", value(f"{self.prefix}_volume"))

    def thinned(self, pool: str, rate: Node) -> Node:
        """What a rate, mol/s, does to the state of a pool: concentration at the volume of the start where it is not diluted."""
        if self._diluted(pool):
            return rate
        return self.program.product(rate, self.program.divide(self._volume_at_start(), self.volume))

    def _free(self, ion: IonSpecies, n: Node) -> Node:
        """Concentration of what is not bound."""
        p, x = self.program, self.prefix
        buffers = [m for m in self.cell.buffers if m.ion == ion]
        slow = [self.bound[m.name] for m in buffers if m.k_on is not None]
        c = p.divide(p.sum({n: 1.0, **dict.fromkeys(slow, -1.0)}) if slow else n, self.volume)
        for m in buffers:
            if m.k_on is None:
                c = free_at_once(p, self.slot, x, m, c, self.volume)
        for m in buffers:
            if m.k_on is not None:
                p.row(self.bound[m.name], {binding(p, self.slot, x, m, c, self.bound[m.name], self.volume): 1.0})
        return c

    def finish_pools(self, c: Callable[[str], Node]) -> None:
        """Slaved pools, then amounts of all that is given as a concentration, the area, V."""
        p, x, cell = self.program, self.prefix, self.cell
        for ion in cell.ions:
            if ion not in self.amount:
                self.c[ion.name] = c(f"c_in.{ion.name}")
                self.amount[ion] = p.product(self.c[ion.name], self.volume)
        buffered = {m.ion for m in cell.buffers}
        given = [self.c[i.name] for i in cell.ions if self._given(i.name) or i in buffered]
        osmolarity = p.divide(self.particles_free, self.volume)
        self.osmolarity = p.sum({osmolarity: 1.0, **dict.fromkeys(given, 1.0)}) if given else osmolarity
        if self.instant:
            self.spread = self._spread()
        area = self.slot(f"{x}area", value(f"{x}area"))
        self.area = area if self.spread is None else p.product(area, self.spread)
        self._finish_potential()

    def _spread(self) -> Node | None:
        """(w/w_0)^(2/3), the area over that at the volume which is a parameter."""
        p, x = self.program, self.prefix
        if self.cell.area_law != "sphere":
            return None
        reference = self.slot(f"{x}ln volume * 2/3", lambda v: kernel_log(v[f"{x}volume"]) * (2.0 / 3.0))
        return p.exp(p.sum({p.log(self.volume): 2.0 / 3.0, reference: -1.0}))

    def _finish_potential(self) -> None:
        p, x, cell, F = self.program, self.prefix, self.cell, self.cell.faraday
        if cell.clamp is not None:
            clamp = f"{x}{cell.clamp.name}.V"
            self.V = self.slot(f"{x}V", lambda v: v[clamp])
            self.u = self.slot(f"{x}u", lambda v: v[clamp] / v[f"{x}_VT"])
        elif cell.potential == "electroneutral":
            assert self.potential_state is not None
            self.V = self.potential_state
            self.u = p.product(self.V, self.slot(f"{x}1/VT", lambda v: 1.0 / v[f"{x}_VT"]))
        else:
            assert self.charge is not None
            # where V is a state of its own, the state is the charge that it would take at the area of the start
            own = self.spread is None or cell.potential == "current"
            Q = self.charge if own or self.spread is None else p.divide(self.charge, self.spread)
            self.V = p.product(Q, self.slot(f"{x}V per charge", lambda v: F / (v[f"{x}C_m"] * v[f"{x}area"])))
            self.u = p.product(Q, self.slot(f"{x}u per charge", lambda v: F / (v[f"{x}C_m"] * v[f"{x}area"] * v[f"{x}_VT"])))

    @property
    def by_currents_alone(self) -> bool:
        """C_m A dV/dt = -sum of currents while the area moves: V is then tied to no charge, not even that of the membrane."""
        return self.cell.potential == "current" and self.spread is not None

    def membrane_charge(self) -> Node | None:
        """Q/F, mol; None where there is no capacitor."""
        if self.cell.potential == "electroneutral":
            return None
        if self.cell.clamp is None and not self.by_currents_alone:
            return self.charge
        return self.program.product(self.V, self.program.product(self.area, self.slot(f"{self.prefix}C_m/F", self._per_area)))

    def _per_area(self, v: Values) -> Any:
        return v[f"{self.prefix}C_m"] / self.cell.faraday

    def electrode_charge(self) -> Node | None:
        """Charge that no ion of the cell accounts for, mol: of electrodes, and of what holds pools; None where it stays as it was."""
        if self.electrode is not None or self.replaced is not None:
            return self.electrode
        if self.cell.potential == "current":
            return None
        terms = {self.slot(f"{self.prefix}impermeant charge", value(f"{self.prefix}_impermeant_charge")): -1.0}
        Q = self.membrane_charge()
        if Q is not None:
            terms[Q] = 1.0
        return self.program.sum(terms | {n: -float(i.z) for i, n in self.amount.items() if i.z} | self._stored(-1.0))
