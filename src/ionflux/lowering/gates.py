"""Gates and channels as nodes of a program: the states, what moves them, and how far they open what they guard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from ionflux.errors import InputError, ModelError, UnknownNameError
from ionflux.mechanisms import Law
from ionflux.mechanisms.gates import Rate
from .factors import Factors
from .flux_tables import permeability
from .program import Node
from .rate_tables import of_rate, share
from .rates import Env, affinity, kernel_exp, kernel_log, value

if TYPE_CHECKING:
    from ionflux.mechanisms.channels import Way
    from ionflux.mechanisms.gates import Gate
    from ionflux.piecewise import Piecewise
    from ionflux.species import IonSpecies

Terms = Mapping[Node, float]
POWER = 0  # FactorKind.POWER


class Gates:
    """The gates of one membrane.

    Parameters
    ----------
    gates : by name, ``"HHNa.m"``. T : K, where temperature is no parameter. state : makes a state, by name; None: gates with a time course
    stand at their steady values, and are no states. tabled : whether rates come from tables, which reach as far as the potentials of cells.
    """

    def __init__(
        self, gates: Mapping[str, Gate], prefix: str, T: float, state: Callable[[str], Node] | None, *, tabled: bool = True
    ) -> None:
        self.all, self.prefix, self.T, self.tabled = gates, prefix, T, tabled
        self.states: dict[str, Node] = {}
        if state is not None:
            self.states = {name: state(f"{prefix}gate.{name}") for name, gate in self.all.items() if not gate.at_once}
        self._nodes: dict[str, Node] = dict(self.states)
        self._way: list[str] = []

    def bind(self, env: Env, V: Node, ions: Iterable[IonSpecies]) -> None:
        """Say what they can follow."""
        self.env, self.p = env, env.program
        self.valences = {ion.name: ion.z for ion in ions}
        self.V = V if env.drop is None else self.p.product(env.drop, env.slot(f"{self.prefix}VT", lambda v: v[f"{self.prefix}_VT"]))

    def rows(self) -> None:
        """What moves each state."""
        for name, x in self.states.items():
            gate, p = self.all[name], self.p
            if gate.alpha is not None:
                a, b = (self._with_q10(name, gate, part) for part in (self._opening(name), self._course(name, "beta")))
                p.row(x, {**a, p.product(p.sum(_added(a, b)), x): -1.0})
            else:
                pace = self._with_q10(name, gate, {p.reciprocal(p.sum(self._course(name, "tau"))): 1.0})
                p.row(x, {p.product(p.sum({**_minus(self._course(name, "inf")), x: 1.0}), p.sum(pace)): -1.0})

    def give(self, name: str, node: Node) -> None:
        """Let a gate be what somebody else says."""
        self._nodes[name] = node

    def node(self, name: str) -> Node:
        """The value of a gate, a state or not."""
        if name not in self._nodes:
            if name not in self.all:
                raise UnknownNameError.among("a gate follows another one, and there is no", name, self.all)
            if name in self._way:
                raise ModelError(f"{' → '.join((*self._way, name))}: gates that follow each other at once, in a circle")
            self._way.append(name)
            self._nodes[name] = self.at_rest(name)
            self._way.pop()
        return self._nodes[name]

    def at_rest(self, name: str) -> Node:
        """The value that it goes to, or has at once."""
        gate, p = self.all[name], self.p
        if gate.instant and (table := self._share(gate, 1)) is not None:
            return p.table(self.V, [table])[0]
        if gate.alpha is not None:
            a, b = self._opening(name), self._course(name, "beta")
            return p.divide(p.sum(a), p.sum(_added(a, b)))
        return p.sum(self._course(name, "slaved" if gate.slaved is not None else "inf"))

    def open(self, name: str, power: int) -> tuple[Node, int]:
        """A gate that is open at once may be known to some power; the node, and the power that is left."""
        gate = self.all[name]
        if gate.instant and (table := self._share(gate, power)) is not None:
            return self.p.table(self.V, [table])[0], 1
        return self.node(name), power

    def _share(self, gate: Gate, power: int) -> Piecewise | None:
        """(α/(α + β))^power as a function of the potential, where it is one."""
        return share(gate.alpha, gate.beta, power) if self.tabled and gate.of == "V" and gate.drive is None else None

    def _with_q10(self, name: str, gate: Gate, terms: Terms) -> Terms:
        if gate.q10 == 1.0:
            return terms
        x, T = self.prefix, self.T
        q10, T_ref = gate.q10, gate.T_ref or T
        ln_q10 = 0.1 * log(q10)
        factor = self.env.slot(f"{x}q10 {q10!r} {T_ref!r}", lambda v: kernel_exp(ln_q10 * (v.get(f"{x}T", T) - T_ref)))
        return {self.p.product(self.p.sum(terms), factor): 1.0}

    # ---- functions of something ----------------------------------------------------------------------------------------
    def _course(self, name: str, part: str) -> Terms:
        """A number, a `Rate` or a function of what the gate follows, as terms of a sum."""
        gate = self.all[name]
        course = getattr(gate, part)
        if isinstance(course, str):
            return {self._parameter(name, course): 1.0}
        if not callable(course):
            return {self._one: float(course)}
        x = self._followed(name)
        if isinstance(course, Rate):
            table = of_rate(course) if self.tabled and gate.of == "V" else None
            return self._rate(course, x) if table is None else {self.p.table(x, [table])[0]: 1.0}
        return {self._table(name, part, x): 1.0}

    def _opening(self, name: str) -> Terms:
        """Alpha, times what drives it."""
        drive, terms = self.all[name].drive, self._course(name, "alpha")
        return terms if drive is None else {self.p.product(self.p.sum(terms), self._parameter(name, drive)): 1.0}

    def _parameter(self, gate: str, name: str) -> Node:
        full = f"{self.prefix}{gate.rpartition('.')[0]}.{name}"
        return self.env.slot(full, value(full))

    def _followed(self, name: str) -> Node:
        of, p, env = self.all[name].of, self.p, self.env
        if of == "V":
            return self.V
        head, _, what = of.partition(".")
        if head in ("c_in", "c_out"):
            return env.c(of)
        if head in ("V-E", "drive"):
            z = self.valences.get(what, 0)
            if not z:
                raise ModelError(f"{name} follows {of!r}: the cell has no charged ion {what}")
            u = p.sum({env.u: 1.0, env.log(f"c_out.{what}"): -1.0 / z, env.log(f"c_in.{what}"): 1.0 / z})
            VT = f"{self.prefix}_VT"
            return u if head == "drive" else p.product(u, env.slot(f"{self.prefix}VT", lambda v: v[VT]))
        return self.node(f"{name.rpartition('.')[0]}{of}" if of.startswith(".") else of.removeprefix("gate."))

    @property
    def _one(self) -> Node:
        return self.env.slot("1", lambda v: 1.0)

    def _rate(self, r: Rate, x: Node) -> Terms:
        """(A + B x)/(C + exp((x + D)/F)), by the Bernoulli function where it has a limit instead of a pole."""
        p, one = self.p, self._one
        if r.C < 0:
            if r.B == 0:
                return {}
            return {p.bernoulli(p.sum({x: 1.0 / r.F, one: -r.pole / r.F})): -r.B * r.F / r.C}
        if r.C == 0:
            shape, size = p.exp(p.sum({x: -1.0 / r.F, one: -r.D / r.F})), 1.0
        else:
            shape, size = p.logistic(p.sum({x: 1.0 / r.F, one: r.D / r.F - log(r.C)})), 1.0 / r.C
        if r.B == 0:
            return {shape: r.A * size}
        return {p.product(shape, p.sum({one: r.A, x: r.B})): size}

    def _table(self, name: str, part: str, x: Node) -> Node:
        from ionflux.sampling import sampled

        gate = self.all[name]
        key = ("sampled", part)
        if key not in gate._cache:
            lo, hi = gate.span
            table = sampled(getattr(gate, part), lo, hi, error=gate.error, breaks=gate.breaks, name=f"{name}.{part}")
            if part == "tau" and (least := float(np.min(table(np.linspace(lo, hi, 1025))))) <= 0.0:
                raise InputError(
                    f"{name}.tau falls to {least:g} s between {lo:g} and {hi:g}; a time constant is positive, or narrow between="
                )
            gate._cache[key] = table
        node: Node = self.p.table(x, [gate._cache[key]])[0]
        return node


def channel_rate(env: Env, gates: Gates, way: Way) -> Node:
    """Cycles of one ion through a channel, mol/s."""
    p, m = env.program, way.of
    if env.effective is None and any(name in ("V-E", "drive") for f in m.factors for name in f.reads()):
        # what closes as E runs to infinity carries nothing where a concentration is 0, and 0 times infinity is no number
        tiny = env.slot("tiny", lambda v: 1e-300)
        env = replace(env, log=lambda name: p.log(p.sum({env.c(name): 1.0, tiny: 1.0})))
    strength = _size(env, gates, way)
    guards = [(gate, *gates.open(f"{m.name}.{gate.name}", gate.power)) for gate in m.gates if gate.power]
    opened: list[tuple[int, int, Node, Node | None]] = [(POWER, n, node, None) for gate, node, n in guards if not gate.at_once]
    node = p.factors(strength, opened)
    for gate, at_once, n in guards:  # what follows the potential at once is known last
        if gate.at_once:
            node = p.product(node, at_once) if n == 1 else p.factors(node, [(POWER, n, at_once, None)])
    node = Factors(env, m).times(node, m.factors)
    if m.law is Law.GHK:
        assert way.ion is not None
        drop = env.u if env.drop is None else env.drop
        ion = way.ion.name
        if m.table is not None:
            P = permeability(p, m.table, way.ion, lambda name: gates.V if name == "V" else env.c(name))
            node = p.product(node, P) if P is not None else env.slot("0", lambda v: 0.0)
        node = p.ghk(node, env.seen(f"c_in.{ion}"), env.seen(f"c_out.{ion}"), p.sum({drop: float(way.ion.z)}))
    else:
        node = p.linear(node, affinity(env, way))  # type: ignore[arg-type]
    return node if env.spread is None else p.product(node, env.spread)


def _size(env: Env, gates: Gates, way: Way) -> Node:
    """All that does not change within a segment."""
    m, prefix, T_now, F = way.of, env.prefix, gates.T, env.faraday
    label = f"{prefix}{m.name}"
    size, scale, area, VT, T = f"{label}.{m.strength}", f"{label}.scale", f"{prefix}area", f"{prefix}_VT", f"{prefix}T"
    weight, q10, T_ref, z = way.weight, f"{label}.q10_g", m.T_ref, float(way.charge)

    def strength(v: Mapping[str, Any]) -> Any:
        x = v[size] * v[area] * v[scale] * (weight if m.shared is None else _share(v, prefix, m, way))
        if T_ref is not None:
            x = x * kernel_exp(kernel_log(v[q10]) * (v.get(T, T_now) - T_ref) / 10.0)
        return x if m.law is Law.GHK else x * v[VT] / (z * z * F)

    return env.slot(f"{prefix}{way.name}", strength)


def _share(v: Mapping[str, Any], prefix: str, m: Any, way: Way) -> Any:
    """Of the conductance, so that the currents of two ions cancel at E_rev: (E_rev - E of the other)/(E - E of the other).

    At the concentrations of the start, whatever a schedule makes of the bath; not a number where E_rev is not between the two.
    """

    def at_start(name: str) -> Any:
        return v.get(f"_start.{name}", v[name])

    def E(ion: IonSpecies) -> Any:
        into, out = at_start(f"{prefix}bath.{ion.name}"), v[f"{prefix}inside.{ion.name}"]
        return at_start(f"{prefix}_VT") / ion.z * (kernel_log(into) - kernel_log(out))

    assert way.ion is not None
    (other,) = (ion for ion in m.shared if ion != way.ion)
    share = (v[f"{prefix}{m.name}.E_rev"] - E(other)) / (E(way.ion) - E(other))
    return np.where((share > -1e-9) & (share < 1 + 1e-9), share, np.nan)


def _added(a: Terms, b: Terms) -> Terms:
    return {node: a.get(node, 0.0) + b.get(node, 0.0) for node in {**a, **b}}


def _minus(a: Terms) -> Terms:
    return {node: -w for node, w in a.items()}
