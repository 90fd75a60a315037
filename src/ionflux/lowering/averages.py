"""Averages over spikes as nodes of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .program import Node
    from .rates import Env


def firing(env: Env, m: Any) -> Node:
    """g_1 g_2 g_3 + background e^(-slope k), of `AverageFiring`."""
    p, label = env.program, f"{env.prefix}{m.name}"
    ions = [env.c(f"{side}.{ion}") for ion in ("Na", "K") for side in ("c_in", "c_out")]

    def build() -> Node:
        Na_in, Na_out, K_in, K_out = ions
        one = env.slot("1", lambda v: 1.0)
        a, k = p.divide(Na_in, Na_out), p.divide(K_out, K_in)
        decay = p.exp(p.sum({a: -2.6}))
        g_1 = p.sum({one: 420.0, p.power(p.sum({one: 1.0, decay: -0.93}), 0.3): -315.0})
        g_2 = p.exp(p.divide(p.sum({one: 1.0, k: -7.41}), p.sum({one: 1.94, decay: 1.98})))
        halves = [
            p.logistic(p.sum({one: 35.7, a: 35.7 * 1.94, k: -35.7 * 24.3})),
            p.logistic(p.sum({one: 0.88, a: 0.88 * 1.48, k: -0.88 * 24.6})),
        ]
        half = p.product(halves[0], halves[1])
        square = p.product(half, half)
        g_3 = p.product(p.product(square, square), half)
        rest = env.slot(f"{label}.background", lambda v: v[f"{label}.background"])
        if m.slope is not None:
            slope = env.slot(f"{label}.slope", lambda v: v[f"{label}.slope"])
            rest = p.product(rest, p.exp(p.sum({p.product(slope, k): -1.0})))
        return p.sum({p.product(p.product(g_1, g_2), g_3): 1.0, rest: 1.0})

    return p.isolated(ions, build)
