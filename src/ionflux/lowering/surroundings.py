"""What acts on the solution outside alone, as nodes of a program."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ionflux.errors import ModelError
from ionflux.mechanisms.surroundings import BathExchange, GlialBuffer, GlialUptake, Surroundings
from .rates import Env, value

if TYPE_CHECKING:
    from .program import Node


def outside_rate(env: Env, m: Any, volume: Node | None) -> Node:
    """Ions brought into the solution outside, mol/s; `volume` is its volume."""
    if volume is None:
        raise ModelError(f"{m.name} changes the solution outside, and an infinite bath does not change; give outside_volume=")
    for kind, law in _LAWS:
        if isinstance(m, kind):
            scaled = env.slot(f"{env.prefix}{m.name}.scale", value(f"{env.prefix}{m.name}.scale"))
            return env.program.product(env.program.product(law(env, m), scaled), volume)
    raise ModelError(f"{m.name}: there is no law for {type(m).__name__}")


def _parameter(env: Env, m: Any, name: str) -> Node:
    full = f"{env.prefix}{m.name}.{name}"
    return env.slot(full, value(full))


def _diffusion(env: Env, m: BathExchange) -> Node:
    """rate (c - c_out)."""
    c = env.c(f"c_out.{m.ion.name}")
    return env.program.linear(_parameter(env, m, "rate"), {_parameter(env, m, "c"): 1.0, c: -1.0})


def _half(env: Env, m: GlialUptake | GlialBuffer) -> Node:
    """1/(1 + exp((c_half - c)/width))."""
    p, c = env.program, env.c(f"c_out.{m.ion.name}")
    steep = p.reciprocal(_parameter(env, m, "width"))
    return p.logistic(p.sum({p.product(_parameter(env, m, "c_half"), steep): 1.0, p.product(c, steep): -1.0}))


def _uptake(env: Env, m: GlialUptake) -> Node:
    return env.program.sum({env.program.product(_parameter(env, m, "G"), _half(env, m)): -1.0})


def _buffer(env: Env, m: GlialBuffer) -> Node:
    """k (B_0 - B) - k half c B."""
    p, free, c = env.program, env.c("c_out.glial_buffer"), env.c(f"c_out.{m.ion.name}")
    bound = p.product(p.product(_half(env, m), c), free)
    return p.linear(_parameter(env, m, "k"), {_parameter(env, m, "B_0"): 1.0, free: -1.0, bound: -1.0})


_LAWS: tuple[tuple[type[Surroundings], Callable[[Env, Any], Any]], ...] = (
    (BathExchange, _diffusion),
    (GlialUptake, _uptake),
    (GlialBuffer, _buffer),
)
