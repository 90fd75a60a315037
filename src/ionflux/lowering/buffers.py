"""What is free of an ion that is bound: nodes of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .rates import value

if TYPE_CHECKING:
    from .compartments import Slot
    from .program import Node, Program


def sites(slot: Slot, prefix: str, m: Any) -> Node:
    """All sites of a buffer, mol; their amount does not change with the volume."""
    total, scale, volume = f"{prefix}{m.name}.total", f"{prefix}{m.name}.scale", f"{prefix}_volume"
    return slot(f"{prefix}{m.name} sites", lambda v: v[total] * v[scale] * v[volume])


def free_at_once(p: Program, slot: Slot, prefix: str, m: Any, total: Node, volume: Node) -> Node:
    """2 K T/(q + sqrt(q^2 + 4 K T)), q = K + B - T: the root without cancellation where little is bound."""
    K = slot(f"{prefix}{m.name}.K_d", value(f"{prefix}{m.name}.K_d"))
    B = p.divide(sites(slot, prefix, m), volume)
    q = p.sum({K: 1.0, B: 1.0, total: -1.0})
    KT = p.product(K, total)
    root = p.power(p.sum({p.product(q, q): 1.0, KT: 4.0}), 0.5)
    return p.divide(p.sum({KT: 2.0}), p.sum({q: 1.0, root: 1.0}))


def binding(p: Program, slot: Slot, prefix: str, m: Any, free: Node, bound: Node, volume: Node) -> Node:
    """k_on (c (n_sites - n_bound) - K_d n_bound), mol/s."""
    K = slot(f"{prefix}{m.name}.K_d", value(f"{prefix}{m.name}.K_d"))
    k = slot(f"{prefix}{m.name}.k_on", value(f"{prefix}{m.name}.k_on"))
    left = p.sum({sites(slot, prefix, m): 1.0, bound: -1.0})
    return p.linear(k, {p.product(free, left): 1.0, p.product(K, bound): -1.0})
