"""Whole current–voltage curves on one mesh: a few voltages first, all others from where these lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from ._broadcast import Array
from ._dispatch import films
from .meshes import own
from .sharing import share
from .stacks import Stack, stack
from .volumes import STEPS, Problem

#: how many voltages come first at least, V from one of them to the next at most, and how many of them lead to another
_FIRST, _APART, _WIDTH = 8, 0.05, 4
#: of |du| in the last step: what is left after it is this times the error of the concentrations before it, which a start from other
#: voltages may have made larger than that of u
_CLOSE = 1e-10
#: curves that a thread takes at a time
_CURVES = 16


@lru_cache(maxsize=64)
def _plan(volts: bytes) -> tuple[np.ndarray, np.ndarray, Array]:
    """Which voltages come first, which follow, and the weights of the former and of their slopes for each of the latter (Hermite)."""
    V = np.frombuffer(volts)
    known, where = np.unique(V, return_index=True)
    wanted = np.linspace(known[0], known[-1], max(_FIRST, 1 + int(np.ceil((known[-1] - known[0]) / _APART))))
    first = np.unique(np.argmin(np.abs(known[:, None] - wanted), axis=0))
    x, pivots = known[first], where[first].astype(np.intc)
    others = np.setdiff1d(np.arange(len(V)), pivots).astype(np.intc)
    others = others[np.argsort(V[others], kind="stable")]
    weights, width = np.zeros((2, len(others), len(pivots))), min(_WIDTH, len(pivots))
    start = np.clip(np.searchsorted(x, V[others]) - width // 2, 0, len(x) - width)
    near = start[:, None] + np.arange(width)
    nodes, t, rows = x[near], V[others, None], np.arange(len(others))
    for j in range(width):
        apart = [k for k in range(width) if k != j]
        gap = nodes[:, [j]] - nodes[:, apart]
        basis = np.prod((t - nodes[:, apart]) / gap, axis=1)
        away = t[:, 0] - nodes[:, j]
        weights[0, rows, near[:, j]] = (1.0 - 2.0 * away * np.sum(1.0 / gap, axis=1)) * basis**2
        weights[1, rows, near[:, j]] = away * basis**2
    return pivots, others, weights


def on_nodes(
    s: Stack, volts: Array, nodes: Any, threads: int | None, points: Callable[[], Mapping[str, Any]]
) -> tuple[Array, Array, np.ndarray]:
    """Fluxes, their derivatives with u and which failed, (curves × voltages, ions), of a batch of curves on given nodes.

    Parameters
    ----------
    s : Stack
        One row for each curve.
    points : callable
        What `stack` wants for all points, should one of them need the long way.
    """
    problem, mesh, ions = Problem(s, threads), own(s, nodes), len(s.ions)
    pivots, others, weights = _plan(volts.tobytes())
    mobility, rise = problem.along(mesh)
    VT = s.rows(s.VT)
    out, turns = np.empty((s.n, len(volts), 2, ions)), np.empty((s.n, len(volts)), dtype=np.intc)

    def some(a: int, b: int) -> None:
        films.pnp_curves(
            s.z, mesh.layer, mesh.width, mobility, rise, problem.given, problem.ends, problem.equilibrium, VT, volts, pivots, others,
            weights, out, turns, STEPS, _CLOSE, a, b,
        )  # fmt: skip

    share(s.n, threads, some, _CURVES)
    found = out.reshape(-1, 2, ions)
    unit = problem.c0[:, None] if len(problem.c0) == 1 else np.repeat(problem.c0, len(volts))[:, None]
    J, dJ = found[:, 0] * unit, found[:, 1] * unit
    failed = (turns.reshape(-1) < 0) | ~np.isfinite(J + dJ).all(axis=1)
    lost = np.flatnonzero(failed)
    if len(lost):
        again = Problem(stack(**points()), threads).solve(mesh, lost)
        J[lost], dJ[lost], failed[lost] = again.J, again.dJ, again.failed
    if s.blocked.any():
        shut = np.repeat(np.broadcast_to(s.blocked.T, (s.n, ions)), len(volts), axis=0)
        J, dJ = np.where(shut, 0.0, J), np.where(shut, 0.0, dJ)
    return J, dJ, failed
