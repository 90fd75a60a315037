"""Rate laws as nodes of a program: what each mechanism of one membrane adds to the right-hand side.

A mechanism reads its `Env` (potential, concentrations, logarithms, area) and its own parameters, nothing else. Its rate counts
cycles per second of the whole membrane, mol/s, positive in the direction in which `moves` is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ionflux._dispatch import kernels
from ionflux.errors import InputError
from ionflux.mechanisms import Law
from .program import Node, Program

if TYPE_CHECKING:
    from ionflux.mechanisms import Mechanism
    from ionflux.mechanisms.water import Water

Values = Mapping[str, Any]  # dotted name -> number, or array over cells
Formula = Callable[[Values], Any]


def value(name: str) -> Formula:
    """The formula of a parameter that is one of the user's numbers as it stands."""
    return lambda v: v[name]


def kernel_log(x: Any) -> Any:
    """ln x by the kernels' own function, so that a number and an array of numbers agree to the last bit."""
    return _by_kernel("log", x)


def kernel_exp(x: Any) -> Any:
    """e^x likewise."""
    return _by_kernel("exp", x)


def _by_kernel(name: str, x: Any) -> Any:
    flat = np.atleast_1d(np.asarray(x, dtype=float)).ravel()
    out = np.empty_like(flat)
    kernels.vmath(name, flat, out)
    return out.reshape(np.shape(x)) if np.ndim(x) else float(out[0])


@dataclass(frozen=True)
class Env:
    """What the mechanisms of one membrane share.

    slot : name and formula of a parameter of the kernel -> its node, made once. prefix : of the cell's dotted names ("" for a lone
    cell). u : V F/RT. c, log : "c_in.K" -> the concentration, the logarithm of its activity. spread : area over the area that is a
    parameter, None where it stays. effective, drop : what a GHK law sees in place of a concentration and of u where activities count
    or the membrane is charged, None elsewhere.
    """

    program: Program
    slot: Callable[[str, Formula], Node]
    prefix: str
    faraday: float
    u: Node
    c: Callable[[str], Node]
    log: Callable[[str], Node]
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
    terms |= {env.log(f"c_out.{ion.name}"): float(nu) for ion, nu in m.moves.items()}
    terms |= {env.log(f"c_in.{ion.name}"): -float(nu) for ion, nu in m.moves.items()}
    return terms


def rate(env: Env, m: Mechanism) -> Node:
    """Cycles of a mechanism, mol/s."""
    whole = m.law is Law.CURRENT and m.strength == "I"  # of the cell, whatever its area
    node = _at_reference_area(env, m)
    return node if env.spread is None or whole else env.program.product(node, env.spread)


def _at_reference_area(env: Env, m: Mechanism) -> Node:
    p, F, label = env.program, env.faraday, env.prefix + m.name
    size, scale, area, VT = f"{label}.{m.strength}", f"{label}.scale", f"{env.prefix}area", f"{env.prefix}_VT"
    if m.law is Law.OHMIC:
        z2F = (m.charge if m.fixed else next(iter(m.moves)).z) ** 2 * F
        strength = env.slot(label, lambda v: v[size] * v[VT] / z2F * v[area] * v[scale])
        return p.linear(strength, affinity(env, m))
    if m.law is Law.COTRANSPORT:
        strength = env.slot(label, lambda v: v[size] * v[VT] / F * v[area] * v[scale])
        return p.linear(strength, affinity(env, m))
    if m.law is Law.CURRENT:
        qF = m.charge * F
        if m.strength == "I":
            return env.slot(label, lambda v: v[size] * v[scale] / qF)
        return env.slot(label, lambda v: v[size] * v[area] * v[scale] / qF)
    strength = env.slot(label, lambda v: v[size] * v[area] * v[scale])
    if m.law is Law.GHK:
        (ion,) = m.moves
        drop = env.u if env.drop is None else env.drop
        return p.ghk(strength, env.seen(f"c_in.{ion.name}"), env.seen(f"c_out.{ion.name}"), p.sum({drop: float(ion.z)}))
    if m.law is Law.PRODUCT:
        return p.factors(strength, [_factor(env, m, f) for f in m.factors])
    raise InputError(f"{label}: no kernel for the rate law {m.law!r}")


def _factor(env: Env, m: Mechanism, factor: Any) -> tuple[int, int, Node, Node | None]:
    K = None
    if factor.constant is not None:
        constant = f"{env.prefix}{m.name}.{factor.constant}"
        K = env.slot(constant, lambda v: v[constant])
    return int(factor.kind), int(factor.power), env.c(factor.of), K


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
