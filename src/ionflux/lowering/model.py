"""A graph of compartments and membranes as one program: states, parameters, rows, tolerances, observables.

What becomes of a cell:

- **states** are the amounts of its ions (mol), its volume where water takes time, and the charge on its membrane,
  Q/F = C_m A V/F (mol). One amount, that of the most abundant ion, is not a state: the charge balance
  Q/F = sum(z n) + sum(z_X n_X) + q_electrode gives it, so charge holds to round-off and V does not suffer from cancellation.
- **parameters** of the kernel are products of the user's numbers that no kernel need form twice (`Slot`); each is a
  function of dotted names, so a sweep or a schedule changes dotted names and the slots follow.
- **rates** are cycles per second of the whole membrane (mol/s); rows hold the stoichiometry as integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ionflux.mechanisms.channels import Way
from .compartments import Inside
from .faces import Faces, first_guess
from .factors import concentrations
from .gates import Gates, channel_rate
from .nonideal import Activities
from .outsides import Outside
from .program import Node, Program
from .rates import Env, Formula, Values, affinity, rate, value, water_rate
from .surroundings import outside_rate

#: tolerance of what makes spikes, V and gates, in parts of that of the concentrations
TIGHT = 1 / 6

if TYPE_CHECKING:
    from ionflux.cells import Cell
    from ionflux.mechanisms import Mechanism


@dataclass(frozen=True)
class Slot:
    """One parameter of the kernel and how the user's numbers make it."""

    name: str
    formula: Formula


class Model:
    """Cells in one outside. A lone `Cell` is the case of one member with the prefix "".

    Parameters
    ----------
    members : {prefix: cell}; the outside is that of the first.
    moving : baths whose concentrations change within a segment of a schedule (ramps): what is nonlinear in them is then computed by the
        kernel instead of once per segment.
    counting : add a counter for every mechanism, the cycles it has made (mol), for the full audit.
    resting : gates with a time course stand at their steady values and are no states: what a search for rests solves.
    """

    def __init__(
        self, members: Mapping[str, Cell], moving: frozenset[str] = frozenset(), *, counting: bool = False, resting: bool = False
    ) -> None:
        self.program = Program()
        self.slots: list[Slot] = []
        self.observables: dict[str, Node] = {}
        self.state_names: list[str] = []
        self.algebraic: list[int] = []  # positions of states that follow from the others at once
        self._inputs: dict[str, Node] = {}
        # first of all states: elimination then fills in least
        self.gates = {x: Gates(cell.gates, x, cell.T, None if resting else self._state) for x, cell in members.items()}
        self.insides = {x: Inside(self.program, self.slot, cell, x, self._state) for x, cell in members.items()}
        self.outside = Outside(self.program, self.slot, list(self.insides.values()), next(iter(members)), moving, self._state)
        self.rates: dict[str, Node] = {}
        self.activities: dict[str, Activities] = {}
        self.faces: dict[str, Faces] = {}
        self.potentials: list[int] = []  # positions of states that are potentials or charges
        for inside in self.insides.values():
            inside.finish_pools(partial(self._concentration, inside))
        self.outside.finish(partial(self._concentration, next(iter(self.insides.values()))))
        for inside in self.insides.values():
            self._membrane(inside)
        self._tolerances()
        if not self.program.states:  # a patch under voltage clamp between fixed solutions; the kernels want something to integrate
            idle = self._state("idle")
            self.program.tolerance({idle: 1.0}, idle, self.slot("1", lambda v: 1.0))
        if counting:
            for name, node in self.rates.items():
                self.state_names.append(f"moved.{name}")
                self.program.row(self.program.counter(), {node: 1.0})

    def slot(self, name: str, formula: Formula) -> Node:
        if name not in self._inputs:
            self._inputs[name] = self.program.parameter()
            self.slots.append(Slot(name, formula))
        return self._inputs[name]

    def _state(self, name: str, *, mass: float = 1.0) -> Node:
        if mass == 0.0:
            self.algebraic.append(len(self.state_names))
        self.state_names.append(name)
        return self.program.state(mass=mass)

    def initial(self, values: Values) -> list[Any]:
        """States at the start, in order. A potential that follows from the currents starts as a guess."""
        return [self._initial(name, values) for name in self.state_names]

    def _initial(self, name: str, values: Values) -> Any:
        if name.startswith("moved."):
            return 0.0
        x = next(prefix for prefix in sorted(self.insides, key=len, reverse=True) if name.startswith(prefix))
        inside, what = self.insides[x], name[len(x) :]
        cell = inside.cell
        if what.startswith("gate."):  # NaN: what is steady, see `Lowered.begin`
            return values.get(f"{x}state.{what[5:]}", np.nan)
        if what == "idle":
            return 0.0
        if what == "charge":
            charge = values[f"{x}C_m"] * values[f"{x}area"] * values[f"{x}_V"] / cell.faraday
            # on the area that the membrane has at the volume of the start
            grown = cell.area_law == "sphere" and not inside.by_currents_alone
            return charge * (values[f"{x}_volume"] / values[f"{x}volume"]) ** (2 / 3) if grown else charge
        if what == "V":
            V = values[f"{x}_V"]
            return np.where(np.isnan(V), -0.05, V)[()]
        if what in ("psi_in", "psi_out"):
            return first_guess(cell, {key[len(x) :]: v for key, v in values.items() if key.startswith(x)}, what)
        return values[f"{x}_{what}"]

    # ---- one membrane ----------------------------------------------------------------------------------------------------
    def _concentration(self, inside: Inside, name: str) -> Node:
        if name in inside.cell.slaved:
            rule = inside.cell.slaved[name]
            constant = self.slot(f"{inside.prefix}slaved {name}", value(f"{inside.prefix}slaved.{name}"))
            return self.program.sum({constant: 1.0, **{self._concentration(inside, n): w for n, w in rule.weights.items()}})
        side, _, what = name.partition(".")
        return inside.c[what] if side == "c_in" else self.outside.c(what)

    def _log(self, inside: Inside, name: str) -> Node:
        """ln of the concentration, or of the activity where the cell asks for it."""
        side, _, what = name.partition(".")
        outer = side == "c_out" and name not in inside.cell.slaved
        of_c = self.outside.log(what) if outer else self.program.log(self._concentration(inside, name))
        activities = self.activities.get(inside.prefix)
        gamma = None if activities is None else activities.log_gamma(name)
        return of_c if gamma is None else self.program.sum({of_c: 1.0, gamma: 1.0})

    def _membrane(self, inside: Inside) -> None:
        p, cell, x = self.program, inside.cell, inside.prefix
        c = partial(self._concentration, inside)
        effective: Callable[[str], Node] = c
        faces = None
        if cell.activity is not None:
            self.activities[x] = Activities(p, self.slot, inside, self.outside, c)
            effective = self.activities[x].effective
        if cell.surface is not None:
            self.faces[x] = faces = Faces(p, self.slot, inside, self.outside, c, self._state)
            faces.rows()
            effective = partial(_at_face, faces, effective)
        drop = None if faces is None else faces.drop
        has = concentrations(cell).__contains__
        log = partial(self._log, inside)
        env = Env(p, self.slot, x, cell.faraday, inside.u, c, log, inside.volume, has, inside.spread, effective, drop)
        gates = self.gates[x]
        gates.bind(env, inside.V, cell.ions)
        rates = {m: self._rate(env, gates, m) for m in cell.ways}
        gates.rows()
        self.rates |= {x + m.name: node for m, node in rates.items()}
        for ion in inside.free:
            p.row(inside.amount[ion], {rates[m]: m.moves.get(ion, 0) for m in rates})
        for name, node in inside.pool_amount.items():
            p.row(node, {inside.thinned(name, rates[m]): -_spent(m, name) for m in rates if _spent(m, name)})
        for name, node in self.outside.pool_amount.items():
            p.row(node, {rates[m]: -_spent(m, name) for m in rates})
        for name, node in self.outside.counted.items():
            p.row(node, {rates[m]: -sum(n for ion, n in m.moves.items() if ion.name == name) for m in rates})
            p.row(node, {rates[m]: sum(n for ion, n in m.outside.items() if ion.name == name) for m in rates})
        if inside.potential_state is not None:
            shared = rates
            if inside.by_currents_alone and inside.spread is not None:
                shared = {m: p.divide(node, inside.spread) for m, node in rates.items()}
            p.row(inside.potential_state, {shared[m]: 0 if m.silent else m.charge for m in rates})
        if inside.electrode is not None:
            p.row(inside.electrode, {rates[m]: m.charge for m in rates if not m.moves and not m.fixed})
        if inside.flows:
            assert cell.water is not None
            p.row(inside.volume, {water_rate(env, cell.water, inside.osmolarity, self.outside.osmolarity): 1.0})
        self._observe(inside, env, rates)

    def _rate(self, env: Env, gates: Gates, m: Any) -> Node:
        """Cycles, mol/s."""
        if isinstance(m, Way):
            return channel_rate(env, gates, m)
        return outside_rate(env, m, self.outside.volume) if m.outside else rate(env, m)

    def _observe(self, inside: Inside, env: Env, rates: Mapping[Mechanism, Node]) -> None:
        """Everything a result can be asked for, by name."""
        p, look, cell, x = self.program, self.observables, inside.cell, inside.prefix
        look[x + "V"], look[x + "volume"], look[x + "area"] = inside.V, inside.volume, inside.area
        look[x + "osmolarity_in"], look[x + "osmolarity_out"] = inside.osmolarity, self.outside.osmolarity
        if (q := inside.electrode_charge()) is not None:
            look[x + "electrode"] = q
        if (Q := inside.membrane_charge()) is not None:
            look[x + "membrane_charge"] = Q
        if self.outside.volume is not None:
            look[x + "volume_out"] = self.outside.volume
        for ion in cell.ions:
            look[f"{x}amount.{ion.name}"] = inside.amount[ion]
        look |= {f"{x}bound.{name}": node for name, node in inside.bound.items()}
        for name, node in self.outside.amount.items():
            look[f"{x}amount_out.{name}"] = node
        stores = {store.name for store in cell.stores}
        for name, node in inside.pool_amount.items():
            look[f"{x}amount.{name}"] = node if name in stores else p.product(inside.c[name], inside.volume)
        inner = [*(i.name for i in cell.ions), *(pool.name for pool in cell.extra_pools if pool.side == "in")]
        outer = [*(i.name for i in cell.bath), *(pool.name for pool in cell.extra_pools if pool.side == "out")]
        VT, name_VT = f"{x}VT", f"{x}_VT"
        look[VT] = self.slot(VT, value(name_VT))
        if x in self.faces:
            look |= {f"{x}psi_in": self.faces[x].psi["c_in"], f"{x}psi_out": self.faces[x].psi["c_out"]}
        for ion in cell.ions:
            if ion.z and ion in cell.bath:
                per_charge = self.slot(f"{x}VT/{ion.z}", _over(name_VT, ion.z))
                terms = {self._log(inside, f"c_out.{ion.name}"): 1.0, self._log(inside, f"c_in.{ion.name}"): -1.0}
                look[f"{x}E.{ion.name}"] = p.linear(per_charge, terms)
        look |= {f"{x}c_in.{name}": self._concentration(inside, f"c_in.{name}") for name in inner}
        look |= {f"{x}c_out.{name}": self._concentration(inside, f"c_out.{name}") for name in outer}
        gates = self.gates[x]
        look |= {f"{x}gate.{name}": gates.node(name) for name in gates.all}
        look |= {f"{x}steady.{name}": gates.at_rest(name) for name in gates.states}
        for m in rates:
            look[f"{x}rate.{m.name}"] = rates[m]
            look[f"{x}affinity.{m.name}"] = p.sum(affinity(env, m))
        if cell.clamp is not None:
            look[f"{x}rate.{cell.clamp.name}"] = p.sum({rates[m]: -float(m.charge) for m in rates if m.charge})
        self.observables = look

    # ---- tolerances ------------------------------------------------------------------------------------------------------
    def _tolerances(self) -> None:
        """Amounts against atol_c w_0 + rtol |n|, volume likewise, charge against atol_V C_m A/F alone (V in microvolts).

        What is no state but must stay positive (the amount that the charge balance gives, amounts and volume of a finite outside) has a
        row of its own.
        """
        p = self.program
        rows: dict[Node, tuple[Node, float, bool]] = {}
        gates = {state for of_cell in self.gates.values() for state in of_cell.states.values()}
        for x, inside in self.insides.items():
            rows |= self._rows_of(x, inside)
            rows |= dict.fromkeys(self.gates[x].states.values(), (self.slot(f"{x}atol gate", value(f"{x}_atol_gate")), TIGHT, False))
        for state in p.states:
            atol, rtol, positive = rows[state]
            p.tolerance({state: 1.0}, state, atol, rtol=rtol, positive=positive)
            if not positive and state not in gates:
                self.potentials.append(p.states.index(state))
        for x, inside in self.insides.items():
            if inside.replaced is not None:
                atol_n = self.slot(f"{x}atol amount", _times(f"{x}_atol_c", f"{x}_volume"))
                p.tolerance(self._of_states(inside.balance), inside.amount[inside.replaced], atol_n, positive=True)
        self._outer_tolerances()

    def _rows_of(self, x: str, inside: Inside) -> dict[Node, tuple[Node, float, bool]]:
        F = inside.cell.faraday
        atol_n = self.slot(f"{x}atol amount", _times(f"{x}_atol_c", f"{x}_volume"))
        states = [*(inside.amount[i] for i in inside.free), *inside.pool_amount.values()]
        states += [*inside.bound.values(), *self.outside.counted.values(), *self.outside.pool_amount.values()]
        rows: dict[Node, tuple[Node, float, bool]] = dict.fromkeys(states, (atol_n, 1.0, True))
        if inside.flows:
            rows[inside.volume] = (self.slot(f"{x}atol volume", _times(f"{x}_atol_w", f"{x}_volume")), 1.0, True)
        charge = (self.slot(f"{x}atol charge", lambda v: v[f"{x}_atol_V"] * v[f"{x}C_m"] * v[f"{x}area"] / F), 0.0, False)
        if inside.electrode is not None:
            rows[inside.electrode] = (charge[0], 1.0, False)
        if x in self.faces:
            rows |= dict.fromkeys(self.faces[x].psi.values(), (self.slot(f"{x}atol V", value(f"{x}_atol_V")), 0.0, False))
        if inside.charge is not None:
            rows[inside.charge] = charge
        elif inside.potential_state is not None:
            rows[inside.potential_state] = (self.slot(f"{x}atol V", value(f"{x}_atol_V")), 0.0, False)
        return rows

    def _of_states(self, terms: Mapping[Node, float]) -> dict[Node, float]:
        states = set(self.program.states)
        return {k: w for k, w in terms.items() if k in states}

    def _outer_tolerances(self) -> None:
        """Of a finite outside: what it holds is a total minus what the cells hold."""
        p, outside = self.program, self.outside
        if not outside.finite:
            return
        x = outside.prefix
        atol_n = self.slot(f"{x}atol outside", _times(f"{x}_atol_c", f"{x}_volume_out"))
        for name, node in outside.amount.items():
            if name in outside.counted:
                continue
            terms: dict[Node, float] = {}
            for m in outside.members:
                for ion in m.cell.ions:
                    if ion.name == name:
                        own = m.balance if ion is m.replaced else {m.amount[ion]: 1.0}
                        for k, w in self._of_states(own).items():
                            terms[k] = terms.get(k, 0.0) - w
            if terms:
                p.tolerance(terms, self._beyond(node, f"{x}_amount_out.{name}"), atol_n, positive=True)
        if outside.cell.volume_law == "conserved" and all(m.flows for m in outside.members):
            assert outside.volume is not None
            atol_w = self.slot(f"{x}atol volume out", _times(f"{x}_atol_w", f"{x}_volume_out"))
            left = self._beyond(outside.volume, f"{x}_volume_out")
            p.tolerance({m.volume: -1.0 for m in outside.members}, left, atol_w, positive=True)

    def _beyond(self, node: Node, start: str) -> Node:
        """What a finite outside has beyond 1e-10 of its start: less is the rounding of a total, in which a stepper would get lost."""
        return self.program.sum({node: 1.0, self.slot(f"margin {start}", lambda v: 1e-10 * v[start]): -1.0})


def _at_face(faces: Faces, effective: Callable[[str], Node], name: str) -> Node:
    """What a GHK law sees at a charged face: the concentration or activity there."""
    return faces.at_face(name, effective(name))


def _times(a: str, b: str) -> Formula:
    return lambda v: v[a] * v[b]


def _over(a: str, z: int) -> Formula:
    return lambda v: v[a] / z


def _spent(m: Mechanism, pool: str) -> int:
    """Of a pool per cycle; ATP that is split becomes ADP and phosphate."""
    if pool in ("ADP", "Pi") and pool not in m.uses:
        return -m.uses.get("ATP", 0)
    return m.uses.get(pool, 0)
