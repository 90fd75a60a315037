"""From a description to flat tables: the only file that knows both a `Cell` and the kernels.

What becomes of a cell:

- **states** are the amounts of its ions (mol), its volume where water takes time, and the charge on its membrane,
  Q/F = C_m A V/F (mol). One amount, that of the most abundant ion, is not a state: the charge balance
  Q/F = sum(z n) + sum(z_X n_X) gives it, so charge holds to round-off and V does not suffer from cancellation.
- **parameters** of the kernel are products of the user's numbers that no kernel need form twice (`Slot`); each is a
  function of dotted names, so a sweep or a schedule changes dotted names and the slots follow.
- **rates** are cycles per second of the whole membrane (mol/s); rows hold the stoichiometry as integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ._dispatch import kernels
from .errors import InputError
from .mechanisms import Law
from .program import Node, Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell
    from .mechanisms import Mechanism
    from .species import IonSpecies

Values = Mapping[str, Any]  # dotted name -> number, or array over cells


def kernel_log(x: Any) -> Any:
    """ln x by the kernels' own function, so that a number and an array of numbers agree to the last bit."""
    flat = np.atleast_1d(np.asarray(x, dtype=float)).ravel()
    out = np.empty_like(flat)
    kernels.vmath("log", flat, out)
    return out.reshape(np.shape(x)) if np.ndim(x) else float(out[0])


@dataclass(frozen=True)
class Slot:
    """One parameter of the kernel and how the user's numbers make it."""

    name: str
    formula: Callable[[Values], Any]


class Model:
    """A cell's graph as a program: pools, volume, charge, mechanisms.

    `moving` names baths whose concentrations change within a segment of a schedule (ramps): what is nonlinear in them is
    then computed by the kernel instead of once per segment.
    """

    def __init__(self, cell: Cell, moving: frozenset[str] = frozenset()) -> None:
        self.cell = cell
        self.moving = moving
        self.program = Program()
        self.slots: list[Slot] = []
        self.observables: dict[str, Node] = {}
        self.state_names: list[str] = []
        self._inputs: dict[str, Node] = {}
        start = cell.start
        self.replaced: IonSpecies = max((i for i in cell.ions if i.z), key=lambda i: abs(i.z) * start.amount[i])
        self._build()

    # ---- inputs ----------------------------------------------------------------------------------------------------------
    def slot(self, name: str, formula: Callable[[Values], Any]) -> Node:
        if name not in self._inputs:
            self._inputs[name] = self.program.parameter()
            self.slots.append(Slot(name, formula))
        return self._inputs[name]

    def _state(self, name: str) -> Node:
        self.state_names.append(name)
        return self.program.state()

    # ---- the graph -------------------------------------------------------------------------------------------------------
    def _build(self) -> None:
        cell, p = self.cell, self.program
        F = cell.faraday
        self.amount: dict[IonSpecies, Node] = {i: self._state(f"amount.{i.name}") for i in cell.ions if i is not self.replaced}
        water = cell.water
        instant = water is not None and bool(water.instant)
        flowing = water is not None and not instant
        volume = self._state("volume") if flowing else None
        charge = self._state("charge")
        e = self.replaced
        terms = {charge: 1.0, self.slot("impermeant charge", lambda v: v["_impermeant_charge"]): -1.0}
        terms |= {n: -float(i.z) for i, n in self.amount.items()}
        self.amount[e] = p.sum({k: w / e.z for k, w in terms.items()})
        self._osmosis(instant, volume)
        self.V = p.product(charge, self.slot("V per charge", lambda v: F / (v["C_m"] * v["area"])))
        self.u = p.product(charge, self.slot("u per charge", lambda v: F / (v["C_m"] * v["area"] * v["_VT"])))
        self.c_in = {i: p.divide(n, self.volume) for i, n in self.amount.items()}
        self.rates: dict[str, Node] = {m.name: self._rate(m) for m in cell.mechanisms}
        for ion, n in self.amount.items():
            if ion is not e:
                p.row(n, {self.rates[m.name]: m.moves.get(ion, 0) for m in cell.mechanisms})
        p.row(charge, {self.rates[m.name]: m.charge for m in cell.mechanisms})
        if volume is not None:
            p.row(volume, {self._water_rate(): 1.0})
        self._tolerances(volume, charge, terms)
        self._observe()

    def _osmosis(self, instant: bool, volume: Node | None) -> None:
        """Volume, and the osmolarity on both sides where water moves."""
        p = self.program
        inside = dict.fromkeys(self.amount.values(), 1.0)
        self.particles = p.sum({**inside, self.slot("impermeant", lambda v: v["_impermeant"]): 1.0})
        self.osmolarity_out = self.slot("osmolarity_out", self._bath_osmolarity)
        if volume is not None:
            self.volume = volume
        elif instant:
            self.volume = (
                p.divide(self.particles, self.osmolarity_out)
                if self._bath_moves()
                else p.product(self.particles, self.slot("1/osmolarity_out", lambda v: 1.0 / self._bath_osmolarity(v)))
            )
        else:
            self.volume = self.slot("volume", lambda v: v["_volume"])

    def _bath_moves(self) -> bool:
        return any(name.startswith("bath.") for name in self.moving)

    def _bath_osmolarity(self, v: Values) -> Any:
        bath = self.cell.bath
        total = 0.0 if bath.impermeant is None else bath.impermeant.c
        for ion in bath:
            total = total + v[f"bath.{ion.name}"]
        return total + v["bath.osmolyte"]

    def _log_out(self, ion: IonSpecies) -> Node:
        name = f"bath.{ion.name}"
        if name in self.moving:
            return self.program.log(self._c_out(ion))
        return self.slot(f"ln c_out.{ion.name}", lambda v: kernel_log(v[name]))

    def _c_out(self, ion: IonSpecies) -> Node:
        return self.slot(f"c_out.{ion.name}", lambda v: v[f"bath.{ion.name}"])

    def _affinity(self, m: Mechanism) -> dict[Node, float]:
        """Affinity per cycle over RT, as terms: sum of nu (ln c_out - ln c_in) - q u. What is ready last comes last."""
        terms = {self.u: -float(m.charge)}
        terms |= {self._log_out(ion): float(nu) for ion, nu in m.moves.items()}
        terms |= {self.program.log(self.c_in[ion]): -float(nu) for ion, nu in m.moves.items()}
        return terms

    # ---- rate laws -------------------------------------------------------------------------------------------------------
    def _rate(self, m: Mechanism) -> Node:
        p, F, label = self.program, self.cell.faraday, m.name
        size = f"{label}.{m.strength}"
        scale = f"{label}.scale"
        if m.law is Law.OHMIC:
            (ion,) = m.moves
            z2F = ion.z * ion.z * F
            strength = self.slot(label, lambda v: v[size] * v["_VT"] / z2F * v["area"] * v[scale])
            return p.linear(strength, self._affinity(m))
        if m.law is Law.COTRANSPORT:
            strength = self.slot(label, lambda v: v[size] * v["_VT"] / F * v["area"] * v[scale])
            return p.linear(strength, self._affinity(m))
        strength = self.slot(label, lambda v: v[size] * v["area"] * v[scale])
        if m.law is Law.GHK:
            (ion,) = m.moves
            return p.ghk(strength, self.c_in[ion], self._c_out(ion), p.sum({self.u: float(ion.z)}))
        if m.law is Law.PRODUCT:
            return p.factors(strength, [self._factor(m, f) for f in m.factors])
        raise InputError(f"{label}: no kernel for the rate law {m.law!r}")

    def _factor(self, m: Mechanism, factor: Any) -> tuple[int, int, Node, Node | None]:
        side, _, name = factor.of.partition(".")
        ion = next(i for i in m.moves if i.name == name)
        c = self.c_in[ion] if side == "c_in" else self._c_out(ion)
        K = None
        if factor.constant is not None:
            constant = f"{m.name}.{factor.constant}"
            K = self.slot(constant, lambda v: v[constant])
        return int(factor.kind), int(factor.power), c, K

    def _water_rate(self) -> Node:
        p, water = self.program, self.cell.water
        assert water is not None
        osmolarity = p.divide(self.particles, self.volume)
        difference = {self.osmolarity_out: -1.0, osmolarity: 1.0}
        name = water.name
        if water.P_f is not None:
            strength = self.slot(name, lambda v: v[f"{name}.P_f"] * v[f"{name}.V_w"] * v["area"] * v[f"{name}.scale"])
        else:
            strength = self.slot(name, lambda v: v[f"{name}.hydraulic"] * v[f"{name}.scale"])
        return p.linear(strength, difference)

    # ---- tolerances and what can be looked at ----------------------------------------------------------------------------
    def _tolerances(self, volume: Node | None, charge: Node, balance: Mapping[Node, float]) -> None:
        """Amounts against atol_c w_0 + rtol |n|, volume likewise, charge against atol_V C_m A/F alone (V in microvolts)."""
        p, F = self.program, self.cell.faraday
        atol_n = self.slot("atol amount", lambda v: v["_atol_c"] * v["_volume"])
        rows: dict[Node, tuple[Node, float, bool]] = dict.fromkeys(self.amount.values(), (atol_n, 1.0, True))
        if volume is not None:
            rows[volume] = (self.slot("atol volume", lambda v: v["_atol_w"] * v["_volume"]), 1.0, True)
        rows[charge] = (self.slot("atol charge", lambda v: v["_atol_V"] * v["C_m"] * v["area"] / F), 0.0, False)
        for state in p.states:
            atol, rtol, positive = rows[state]
            p.tolerance({state: 1.0}, state, atol, rtol=rtol, positive=positive)
        e = self.replaced
        states = set(p.states)
        p.tolerance({k: w / e.z for k, w in balance.items() if k in states}, self.amount[e], atol_n, positive=True)

    def _observe(self) -> None:
        """Everything a result can be asked for, by name."""
        p, look = self.program, self.observables
        look["V"], look["volume"] = self.V, self.volume
        look["osmolarity_in"] = p.divide(self.particles, self.volume)
        look["osmolarity_out"] = self.osmolarity_out
        for ion in self.cell.ions:
            look[f"amount.{ion.name}"] = self.amount[ion]
            look[f"c_in.{ion.name}"] = self.c_in[ion]
            if ion in self.cell.bath:
                look[f"c_out.{ion.name}"] = self._c_out(ion)
        for m in self.cell.mechanisms:
            look[f"rate.{m.name}"] = self.rates[m.name]
            look[f"affinity.{m.name}"] = p.sum(self._affinity(m))


class Lowered:
    """A cell's program as the kernels take it, and the way from dotted names to its parameters."""

    def __init__(self, cell: Cell, moving: frozenset[str] = frozenset()) -> None:
        self.cell = cell
        self.model = Model(cell, moving)
        self.state_names = self.model.state_names
        self.slots = self.model.slots
        tables, self.registers = self.model.program.finish()
        self.pattern: list[tuple[int, int]] = tables.pop("pattern")  # type: ignore[assignment]
        self.plan = kernels.Plan(tables)
        self.schedules: dict[Any, Any] = {}

    @cached_property
    def _viewer(self) -> tuple[Any, dict[str, int]]:
        """A second plan that also computes what only a reader wants."""
        look = self.model.observables
        tables, registers = self.model.program.finish(wanted=look.values())
        return kernels.Plan(tables), {name: registers[node] for name, node in look.items()}

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Observables by the part of their name before the dot."""
        out: dict[str, list[str]] = {}
        for name in self.model.observables:
            out.setdefault(name.partition(".")[0], []).append(name)
        return out

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Dotted name -> number, with the names that the start and the tolerances add."""
        values: dict[str, Any] = {name: p.value for name, p in self.cell.parameters().items()}
        values.update(start_values(self.cell))
        return values

    def parameters(self, values: Values, names: Iterable[int] | None = None) -> list[Any]:
        """Slots (all, or those of these indices) at these values."""
        return [self.slots[i].formula(values) for i in (range(len(self.slots)) if names is None else names)]

    def initial(self, values: Values) -> list[Any]:
        """States at the start, in order."""
        out = []
        for name in self.state_names:
            if name == "charge":
                out.append(values["C_m"] * values["area"] * values["_V"] / self.cell.faraday)
            else:
                out.append(values["_volume"] if name == "volume" else values[f"_{name}"])
        return out

    def observe(
        self, names: Iterable[str], y: NDArray[np.float64], base: NDArray[np.float64], slots: NDArray[np.intc], rows: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Observables at states y (m, n), parameters `base` except `slots`, which follow `rows` (m, len(slots))."""
        plan, registers = self._viewer
        wanted = list(names)
        out = np.empty((len(wanted), len(y)))
        plan.evaluate(
            np.ascontiguousarray(y), base, slots, np.ascontiguousarray(rows), np.array([registers[w] for w in wanted], np.intc), out
        )
        return dict(zip(wanted, out, strict=True))

    def derivatives(self, y: NDArray[np.float64], base: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """dy/dt (m, n) and the Jacobian (m, n, n) at states y (m, n)."""
        y = np.ascontiguousarray(y, dtype=float)
        m, n = y.shape
        f, entries = np.empty((m, n)), np.empty((m, self.plan.n_entry))
        none = np.empty(0, np.intc)
        self.plan.evaluate(y, base, none, np.empty((m, 0)), none, np.empty((0, m)), f, entries)
        J = np.zeros((m, n, n))
        rows, columns = np.array(self.pattern).T
        J[:, rows, columns] = entries
        return f, J


def start_values(cell: Cell) -> dict[str, Any]:
    """What the start of a cell adds to its dotted names: amounts, volume, V, impermeants, thermal voltage, unit tolerances."""
    start = cell.start
    values: dict[str, Any] = {f"_amount.{ion.name}": n for ion, n in start.amount.items()}
    values |= {"_V": start.V, "_volume": start.volume, "_VT": cell.thermal_voltage}
    values["_impermeant"] = sum(n for _, n in start.impermeants)
    values["_impermeant_charge"] = sum(z * n for z, n in start.impermeants)
    values |= {"_atol_c": 1e-9, "_atol_V": 1e-6, "_atol_w": 1e-9}
    return values


def lower(cell: Cell, moving: frozenset[str] = frozenset()) -> Lowered:
    """The lowered cell; made once and kept on the (frozen) cell."""
    key = ("lowered", moving)
    if key not in cell._cache:
        cell._cache[key] = Lowered(cell, moving)
    lowered: Lowered = cell._cache[key]
    return lowered
