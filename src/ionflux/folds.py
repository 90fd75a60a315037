"""Current–voltage curves followed along their own length, so that a turn back in V is seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._broadcast import Array
from .arclength import Point, Trace, follow
from .constants import FARADAY
from .meshes import Mesh, graded, own
from .stacks import along_ions
from .volumes import Found, Problem

#: how often the coarsest mesh is halved for this; how close to the followed curve a point lies on it, of the largest current
_LEVEL, _ON = 3, 0.02


class Fold(NamedTuple):
    """A turn of a current–voltage curve: V, V; I, A/m²; curve, the place in the batch."""

    V: float
    I: float
    curve: tuple[int, ...]


def traced(problem: Problem, start: float, stop: float, nodes: Any) -> list[Trace[Array]]:
    """Follow each curve of a batch from one voltage to another. problem : one row for each curve, without V."""
    if nodes is not None:
        mesh = own(problem.s, nodes)
        return [_follow(problem, mesh, row, start, stop) for row in range(problem.s.n)]
    found = {int(row): graded(key, _LEVEL) for key, rows in problem.alike() for row in rows}
    return [_follow(problem, found[row], row, start, stop) for row in range(problem.s.n)]


def _follow(problem: Problem, mesh: Mesh, row: int, start: float, stop: float) -> Trace[Array]:
    s, rows = problem.s, np.array([row])
    VT, unit = (float(np.broadcast_to(a, s.n)[row]) for a in (s.VT, problem.c0))

    def point(found: Found) -> Point[Array]:
        I, G = (FARADAY * float(along_ions(a, s.z)[0]) for a in (found.J, found.dJ))
        return Point(float(found.u[0, 0]) * VT, I, G / VT, np.concatenate([found.b, found.u[:, None, :]], axis=1))

    def on_line(near: Point[Array], a: float, b: float, target: float) -> Point[Array] | None:
        line = np.array([[a * VT], [b * FARADAY * unit], [target]])
        found = problem.solve_on(mesh, rows, near.state, line)
        return None if found.failed[0] else point(found)

    here = problem.solve_at(mesh, rows, np.array([start / VT]))
    if here.failed[0] or not np.any(here.dJ):
        return Trace((), (), False)
    first = point(here)
    return follow(on_line, first, stop, (VT, abs(first.slope) * VT))


def branch_of(trace: Trace[Array], V: Array, I: Array) -> np.ndarray:
    """How many folds of a trace lie before each of some points; −1 where it does not pass there."""
    branch = np.full(len(V), -1)
    if not trace.points:
        return branch
    x, y, slope = (np.array([getattr(p, name) for p in trace.points]) for name in ("x", "y", "slope"))
    pieces = np.concatenate([[0], np.cumsum(np.diff(np.sign(np.diff(x))) != 0)]) if len(x) > 1 else np.zeros(0, dtype=int)
    most = np.max(np.abs(y))
    for i, h in enumerate(np.diff(x)):
        t = (V - x[i]) / h if h else np.full(len(V), np.nan)
        inside = (t >= -1e-9) & (t <= 1 + 1e-9) & (branch < 0)
        there = (1 + 2 * t) * (1 - t) ** 2 * y[i] + t**2 * (3 - 2 * t) * y[i + 1]
        there = there + h * t * (1 - t) * ((1 - t) * slope[i] - t * slope[i + 1])
        branch[inside & (np.abs(there - I) <= _ON * most)] = pieces[i]
    return branch
