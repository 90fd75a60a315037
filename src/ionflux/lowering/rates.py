"""Rate laws as nodes of a program: what each mechanism of one membrane adds to the right-hand side.

A mechanism reads its `Env` (potential, concentrations, logarithms, area) and its own parameters, nothing else. Its rate counts
cycles per second of the whole membrane, mol/s, positive in the direction in which `moves` is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ionflux.errors import InputError
from ionflux.mechanisms import Law
from .averages import firing
from .factors import Factors
from .program import Node, Program
from .slots import Formula as Formula
from .slots import Values as Values
from .slots import kernel_exp as kernel_exp
from .slots import kernel_log as kernel_log
from .slots import value as value

if TYPE_CHECKING:
    from ionflux.mechanisms import Mechanism
    from ionflux.mechanisms.water import Water


@dataclass(frozen=True)
class Env:
    """What the mechanisms of one membrane share.

    slot : name and formula of a parameter of the kernel -> its node, made once. prefix : of the cell's dotted names ("" for a lone
    cell). u : V F/RT. c, log : "c_in.K" -> the concentration, the logarithm of its activity. volume : of the cell. has : whether there
    is such a concentration. spread : area over the area that is a parameter, None where it stays. effective, drop : what a GHK law sees
    in place of a concentration and of u where activities count or the membrane is charged, None elsewhere.
    """

    program: Program
    slot: Callable[[str, Formula], Node]
    prefix: str
    faraday: float
    u: Node
    c: Callable[[str], Node]
    log: Callable[[str], Node]
    volume: Node
    has: Callable[[str], bool]
    spread: Node | None = None
    effective: Callable[[str], Node] | None = None
    drop: Node | None = None

    def seen(self, name: str) -> Node:
        """Concentration, or activity, that a GHK law reads."""
        return (self.effective or self.c)(name)


def affinity(env: Env, m: Mechanism) -> dict[Node, float]:
    """Affinity per cycle over RT, as terms: sum of nu (ln c_out - ln c_in) - q u. What is ready last comes last."""
    terms = {env.u: -float(m.charge)}
    if m.fixed:
        E, VT, z = f"{env.prefix}{m.name}.E", f"{env.prefix}_VT", float(m.charge)
        return terms | {env.slot(f"{env.prefix}{m.name} E/VT", lambda v: v[E] / v[VT]): z}
    there = "c_out.{}" if m.within is None else f"c_in.{m.within}"
    terms |= {env.log(there.format(ion.name)): float(nu) for ion, nu in m.moves.items()}
    terms |= {env.log(f"c_in.{ion.name}"): -float(nu) for ion, nu in m.moves.items()}
    return terms


def rate(env: Env, m: Mechanism) -> Node:
    """Cycles of a mechanism, mol/s."""
    if m.per == "volume":
        return env.program.product(_at_reference_area(env, m), env.volume)
    whole = m.law is Law.CURRENT and m.strength == "I"  # of the cell, whatever its area
    node = _at_reference_area(env, m)
    return node if env.spread is None or whole else env.program.product(node, env.spread)


def _at_reference_area(env: Env, m: Mechanism) -> Node:
    """Of the membrane at the area that is a parameter; where the strength is per volume, of one cubic metre."""
    p, F, label = env.program, env.faraday, env.prefix + m.name
    size, scale, area, VT = f"{label}.{m.strength}", f"{label}.scale", f"{env.prefix}area", f"{env.prefix}_VT"
    factors = Factors(env, m)
    if m.law is Law.OHMIC:
        z2F = (m.charge if m.fixed else next(iter(m.moves)).z) ** 2 * F
        strength = env.slot(label, lambda v: v[size] * v[VT] / z2F * v[area] * v[scale])
        return p.linear(factors.times(strength, m.factors), affinity(env, m))
    if m.law is Law.COTRANSPORT and m.parameters()[m.strength].unit == "S m^-2":
        strength = env.slot(label, lambda v: v[size] * v[VT] / F * v[area] * v[scale])
        return p.linear(factors.times(strength, m.factors), affinity(env, m))
    if m.law is Law.CURRENT:
        qF = m.charge * F
        if m.strength == "I":
            return env.slot(label, lambda v: v[size] * v[scale] / qF)
        return env.slot(label, lambda v: v[size] * v[area] * v[scale] / qF)
    if m.per == "volume":
        strength = env.slot(label, lambda v: v[size] * v[scale])
    else:
        strength = env.slot(label, lambda v: v[size] * v[area] * v[scale])
    if m.law is Law.GHK:
        (ion,) = m.moves
        drop = env.u if env.drop is None else env.drop
        P = factors.times(strength, m.factors)
        return p.ghk(P, env.seen(f"c_in.{ion.name}"), env.seen(f"c_out.{ion.name}"), p.sum({drop: float(ion.z)}))
    strength = factors.times(strength, m.factors)
    if m.law is Law.PRODUCT:
        return strength
    if m.law is Law.FIRING:
        return p.product(strength, firing(env, m))
    if m.law is Law.COTRANSPORT:
        return p.linear(strength, affinity(env, m))
    if m.law is Law.EXCHANGE:
        return p.product(strength, exchange(env, m))
    if m.law is Law.CYCLE:
        return p.product(strength, Ring(env, m).turnover())
    raise InputError(f"{label}: no kernel for the rate law {m.law!r}")


def active(env: Env, name: str) -> Node:
    """What a carrier has of an ion in the solutions, also beside a charged membrane: the activity, where the cell asks for activities."""
    return env.seen(name) if env.drop is None else env.program.exp(env.log(name))


def exchange(env: Env, m: Mechanism) -> Node:
    """Mass action in the direction of `moves` less that against it, each with its part of the membrane potential."""
    p, q = env.program, float(m.charge)
    forward = [(f"{'c_out' if nu > 0 else 'c_in'}.{ion.name}", abs(nu)) for ion, nu in m.moves.items()]
    backward = [(f"{'c_in' if nu > 0 else 'c_out'}.{ion.name}", abs(nu)) for ion, nu in m.moves.items()]
    seen = {name: active(env, name) for name, _ in forward + backward}
    split = Factors(env, m).parameter(m.split)
    energy = p.product(split, p.sum({env.u: q})) if q else None  # the part of q u against which the cycle runs forward

    def build() -> Node:
        sides = []
        for names in (forward, backward):
            whole = [seen[name] for name, n in names for _ in range(n)]
            node = whole[0]
            for other in whole[1:]:
                node = p.product(node, other)
            sides.append(node)
        if energy is None:
            return p.sum({sides[0]: 1.0, sides[1]: -1.0})
        out = p.exp(energy)
        into = p.exp(p.sum({energy: 1.0, env.u: -q}))
        return p.sum({p.product(sides[0], into): 1.0, p.product(sides[1], out): -1.0})

    varying = [*seen.values(), env.u] + ([] if energy is None else [energy])
    return p.isolated(varying, build)


class Ring:
    """A ring of states: what it moves per second, and what drives it round.

    What it moves counts by its activity where the cell asks for activities, so that it rests with all else.

    v = (prod a+ - prod a-)/(sum over states and over the step left out of the product of all other rates, each towards that state)

    Source: T. L. Hill, Free Energy Transduction and Biochemical Cycle Kinetics (Springer, 1989), the diagram method for one cycle.
    """

    def __init__(self, env: Env, m: Mechanism) -> None:
        self.program = env.program
        moved = {f"{side}.{ion.name}" for ion in m.moves for side in ("c_in", "c_out")}
        factors = Factors(env, m, {name: active(env, name) for name in moved})
        self.rates: list[tuple[Node, Node]] = []
        for step in m.steps:
            inputs = factors.read_all(step)
            forward, backward = (self.program.isolated(inputs, lambda f=f: factors.node(f)) for f in step)  # type: ignore[misc]
            self.rates.append((forward, backward))

    def turnover(self) -> Node:
        """Turns per second, 1/s."""
        p = self.program

        def product(nodes: list[Node]) -> Node:
            node = nodes[0]
            for other in nodes[1:]:
                node = p.product(node, other)
            return node

        def build() -> Node:
            n = len(self.rates)
            above = {product([a for a, _ in self.rates]): 1.0, product([b for _, b in self.rates]): -1.0}
            trees: dict[Node, float] = {}
            for state in range(n):
                for left_out in range(n):
                    # from the step that is left out forward to the state, and from there backwards round to it
                    ahead = [(left_out + 1 + k) % n for k in range((state - left_out - 1) % n)]
                    back = [k for k in range(n) if k != left_out and k not in ahead]
                    tree = product([self.rates[k][0] for k in ahead] + [self.rates[k][1] for k in back])
                    trees[tree] = trees.get(tree, 0.0) + 1.0
            return p.divide(p.sum(above), p.sum(trees))

        return p.isolated([node for pair in self.rates for node in pair], build)

    def affinity(self) -> dict[Node, float]:
        """ln prod a+/prod a-, as terms."""
        terms: dict[Node, float] = {}
        for forward, backward in self.rates:
            terms[self.program.log(forward)] = terms.get(self.program.log(forward), 0.0) + 1.0
            terms[self.program.log(backward)] = terms.get(self.program.log(backward), 0.0) - 1.0
        return terms


def water_rate(env: Env, water: Water, osmolarity_in: Node, osmolarity_out: Node) -> Node:
    """dw/dt, m^3/s."""
    name, area = env.prefix + water.name, f"{env.prefix}area"
    difference = {osmolarity_out: -1.0, osmolarity_in: 1.0}
    if water.P_f is None:
        strength = env.slot(name, lambda v: v[f"{name}.hydraulic"] * v[f"{name}.scale"])
        return env.program.linear(strength, difference)
    strength = env.slot(name, lambda v: v[f"{name}.P_f"] * v[f"{name}.V_w"] * v[area] * v[f"{name}.scale"])
    node = env.program.linear(strength, difference)
    return node if env.spread is None else env.program.product(node, env.spread)
