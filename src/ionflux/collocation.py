"""Poisson–Nernst–Planck to round-off: collocation at Gauss points on elements that are halved until nothing changes any more."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._broadcast import Array
from .elements import POINTS, Elements, State, lagrange, rule
from .extrapolation import difference
from .meshes import Key, Mesh, graded, mesh_of
from .profiles import Profile, ProfileAudit
from .volumes import Answer, Found, Problem

#: wanted; how often elements may be halved; what no longer improves below this is round-off
_WANTED, _MOST, _ROUND_OFF = 1e-12, 5, 1e-8
#: of the finite volumes that are the start
_START = 1e-4
#: how often the cells of the coarsest mesh are halved for the first elements
_COARSEST = 1
#: numbers in the matrices of elements that are in memory at once
_PIECE = 3e6


def solve(problem: Problem, start: Profile | None) -> list[Answer]:
    """Solve all rows, those that share their meshes together. The estimate of the error is the change of the fluxes with the last halving.

    Returns
    -------
    list of Answer
        Their meshes have a cell for each two neighbours among the ends and Gauss points of the elements; `plain.J` and `plain.dJ` hold
        what the audit of the elements found.
    """
    found: list[Answer] = []
    for key, rows in problem.alike():
        for first in problem.refine(key, rows, _START, start):
            nothing = np.full((len(first.rows), len(problem.s.ions)), np.nan)
            every = Before(np.arange(len(first.rows)), nothing, np.full(len(first.rows), np.inf), None, None)
            _halve(problem, key, first, every, 0, found)
    return found


@dataclass
class Before:
    """Of the level before: which rows of the finite volumes, their fluxes and errors, the elements and the solution on them."""

    some: np.ndarray
    J: Array
    error: Array
    elements: Elements | None
    y: State | None

    def take(self, keep: Any) -> Before:
        """Some of the rows."""
        if self.elements is None or self.y is None:
            return Before(self.some[keep], self.J[keep], self.error[keep], None, None)
        return Before(self.some[keep], self.J[keep], self.error[keep], self.elements.some(keep), self.y.take(keep))


def _halve(problem: Problem, key: Key, first: Answer, before: Before, level: int, done: list[Answer]) -> None:
    """Solve on the elements of a level, few enough rows at a time, and go on with those that are not done."""
    mesh = _mesh(problem, key, level)
    size = max(1, int(_PIECE / (len(mesh.width) * (POINTS * len(problem.s.ions)) ** 2)))
    for begin in range(0, len(before.some), size):
        old = before.take(np.arange(begin, min(begin + size, len(before.some))))
        e = Elements(problem, mesh, first.rows[old.some])
        y = _begin(problem, e, first, old.some)
        if old.elements is not None and old.y is not None:
            new = np.any(np.isnan(old.J), axis=1)
            y = State(
                *(np.where(new.reshape(-1, *[1] * (a.ndim - 1)), a, b) for a, b in zip(y, _finer(old.elements, old.y, e), strict=True))
            )
        y, tangent, failed = e.newton(y)
        J, dJ = fluxes(problem, e, y, tangent)
        J[failed] = np.nan
        same, other = (problem.balance(x, dJ, e.rows) for x in (J, old.J))
        change = difference(same, other, problem.s.z, problem.unit(e.rows))
        change = np.maximum(np.where(np.isfinite(change), change, np.inf), problem.unresolved(mesh))
        lost = first.failed[old.some] | (failed & (level > 3))
        stop = lost | (change <= _WANTED) | ((change > 0.1 * old.error) & (old.error < _ROUND_OFF)) | (level == _MOST)
        if np.any(stop):
            done.append(_answer(problem, e, y, J, dJ, change, failed, stop))
        if not np.all(stop):
            _halve(problem, key, first, Before(old.some, J, change, e, y).take(~stop), level + 1, done)


def _mesh(problem: Problem, key: Key, level: int) -> Mesh:
    """Elements: the cells of a coarse mesh, halved `level` times in the place itself."""
    coarse, parts = graded(key, _COARSEST), []
    for k in range(len(problem.s.thickness)):
        of = np.flatnonzero(coarse.layer == k)
        s = np.concatenate([np.minimum(coarse.at[of] - k, 1.0), [1.0]])
        for _ in range(level):
            finer = np.empty(2 * len(s) - 1)
            finer[::2], finer[1::2] = s, 0.5 * (s[1:] + s[:-1])
            s = finer
        parts.append(s)
    return mesh_of(parts)


def places(mesh: Mesh) -> Mesh:
    """Return the mesh of all ends and Gauss points of elements."""
    c = np.concatenate([[0.0], rule().c])
    at = np.concatenate([(mesh.at[:-1, None] + mesh.width[:, None] * c).reshape(-1), mesh.at[-1:]])
    width = (mesh.width[:, None] * np.diff(np.concatenate([c, [1.0]]))).reshape(-1)
    return Mesh(np.repeat(mesh.layer, len(c)).astype(np.intc), width, at)


def _begin(problem: Problem, e: Elements, first: Answer, some: np.ndarray) -> State:
    """Where Newton's method starts: the finite volumes, by cubic interpolation within each layer."""
    volumes, all_ = first.mesh, places(e.mesh)
    u, b = first.u[some], first.b[some]
    m, ions = len(u), len(e.z)
    at_u, at_b, at_delta = np.empty((m, len(all_.at))), np.empty((m, ions, len(all_.at))), np.empty((m, len(e.mesh.at)))
    given = problem.given if problem.given.shape[2] == 1 else problem.given[:, :, first.rows[some]]
    for k in range(len(given)):
        of = np.flatnonzero(volumes.layer == k)
        of = np.concatenate([of, of[-1:] + 1])
        s = np.minimum(volumes.at[of] - k, 1.0)
        for mesh, to in ((all_, (at_u, at_b)), (e.mesh, None)):
            into = np.flatnonzero(mesh.layer == k)
            into = np.concatenate([into, into[-1:] + 1])
            index, weight = _cubic(s, np.minimum(mesh.at[into] - k, 1.0))
            if to is not None:
                at_u[:, into] = np.sum(weight * u[:, of][:, index], axis=-1)
                at_b[:, :, into] = np.sum(weight * b[:, :, of][:, :, index], axis=-1)
            else:
                # δ of the middle of the cells, moved to their ends by half the charge between them
                A, X, Q = (x.T for x in (given[k, 0], given[k, 1], given[k, 4 + ions :]))
                charge = np.sum(Q[:, :, None] * b[:, :, of], axis=1) + X[:, None]
                middle, h = -A[:, None] * np.diff(u[:, of]) / np.diff(s), np.diff(s)
                ends = np.concatenate([
                    middle - h * (3 * charge[:, :-1] + charge[:, 1:]) / 8,
                    (middle[:, -1:] + h[-1] * (charge[:, -2:-1] + 3 * charge[:, -1:]) / 8),
                ], axis=1)  # fmt: skip
                last = len(into) if k == len(given) - 1 else len(into) - 1
                at_delta[:, into[:last]] = np.sum(weight[:last] * ends[:, index[:last]], axis=-1)
    P, n = POINTS + 1, len(e.mesh.width)
    B = at_b[:, :, :-1].reshape(m, ions, n, P)[..., 1:].transpose(0, 2, 1, 3) * e.e
    j = first.J[some] * e.whole / (problem.c0 if len(problem.c0) == 1 else problem.c0[e.rows])[:, None]
    return State(at_b[:, :, ::P].transpose(0, 2, 1).copy(), at_u[:, ::P].copy(), at_delta, B, j)


def _cubic(nodes: Array, at: Array) -> tuple[np.ndarray, Array]:
    """Which four of the nodes, and their weights, (places, 4)."""
    order = min(4, len(nodes))
    first = np.clip(np.searchsorted(nodes, at) - order // 2, 0, len(nodes) - order)
    index = first[:, None] + np.arange(order)
    x, weight = nodes[index], np.ones(index.shape)
    for n, m in itertools.permutations(range(order), 2):
        weight[:, n] *= (at - x[:, m]) / (x[:, n] - x[:, m])
    return index, weight


def _finer(old: Elements, y: State, new: Elements) -> State:
    """The solution on elements of half the size."""
    r, n = rule(), len(old.h)
    delta, end = old.stages(y)
    nodes = np.concatenate([[0.0], r.c, [1.0]])
    b_end = y.b[:, 1:] * old.e_end

    def values(left: Array, inner: Array, right: Array, at: Array) -> Array:
        return np.asarray(np.concatenate([left[..., None], inner, right[..., None]], axis=-1) @ lagrange(nodes, at).T)

    both = np.concatenate([0.5 * r.c, 0.5 + 0.5 * r.c, [0.5]])
    inner = values(y.b[:, :-1], y.B, b_end, both)
    u = values(y.u[:, :-1], old.potential(y, delta), y.u[:, 1:], both[-1:])[..., 0]
    middle = values(y.delta[:, :-1], delta, end, both[-1:])[..., 0]
    m, ions = y.j.shape
    shapes = (m, 2 * n + 1, ions), (m, 2 * n + 1), (m, 2 * n + 1), (m, 2 * n, ions, POINTS)
    state = State(*[*(np.empty(shape) for shape in shapes), y.j])
    state.b[:, ::2], state.u[:, ::2], state.delta[:, ::2] = y.b, y.u, y.delta
    # measured from the energies at the left ends of the new elements
    state.b[:, 1::2], state.u[:, 1::2], state.delta[:, 1::2] = inner[..., -1] / new.e_end[::2], u, middle
    state.B[:, ::2], state.B[:, 1::2] = inner[..., :POINTS], inner[..., POINTS:-1] / new.e_end[::2, :, None]
    return state


def fluxes(problem: Problem, e: Elements, y: State, tangent: State) -> tuple[Array, Array]:
    """J_i from u alone, (c e^ψ at the left − at the right)/∫ e^ψ/D, and its derivative with u at the left end."""
    delta, _ = e.stages(y)
    d_delta, _ = e.stages(tangent, fixed=0.0)
    u, du = e.potential(y, delta), e.potential(tangent, d_delta)
    with np.errstate(all="ignore"):
        psi = e.z[:, None] * u[:, :, None, :] + e.energy[:-1, :, None] + np.log(e.e)
        ends = e.z * y.u[:, [0, -1], None] + e.energy[[0, -1]]
        top = np.max(psi, axis=(1, 3))
        parts = e.rho * np.exp(psi - top[:, None, :, None]) * (e.h[:, None, None] * rule().w)
        T, dT = np.sum(parts, axis=(1, 3)), np.sum(parts * e.z[:, None] * du[:, :, None, :], axis=(1, 3))
        left, right = e.left * np.exp(ends[:, 0] - top), e.right * np.exp(ends[:, 1] - top)
        unit = (problem.c0 if len(problem.c0) == 1 else problem.c0[e.rows])[:, None] / e.whole
        J = (left - right) / T
        return J * unit, (e.z * left - J * dT) / T * unit


def _answer(problem: Problem, e: Elements, y: State, J: Array, dJ: Array, error: Array, failed: np.ndarray, stop: np.ndarray) -> Answer:
    """The rows that are done, on the ends and Gauss points of their elements."""
    e, y, J = e.some(stop), y.take(stop), J[stop]
    delta, _ = e.stages(y)
    inner, m = y.B / e.e, len(y.j)
    u = np.concatenate([np.concatenate([y.u[:, :-1, None], e.potential(y, delta)], axis=2).reshape(m, -1), y.u[:, -1:]], axis=1)
    b = np.concatenate([y.b[:, :-1, :, None], inner], axis=3).transpose(0, 2, 1, 3).reshape(m, len(e.z), -1)
    b = np.concatenate([b, y.b[:, -1, :, None]], axis=2)
    kept = np.array(_audit(problem, e, y, J)).T
    plain = Found(u, b, kept, kept, failed[stop])
    return Answer(e.rows, places(e.mesh), plain, u, b, J, dJ[stop], error[stop], failed[stop])


def _audit(problem: Problem, e: Elements, y: State, J: Array) -> ProfileAudit:
    """Fluxes through each element by the concentrations at its ends, and the charge against the displacement, (rows,)."""
    delta, end = e.stages(y)
    unit = (problem.c0 if len(problem.c0) == 1 else problem.c0[e.rows])[:, None] / e.whole
    with np.errstate(all="ignore"):
        u = e.potential(y, delta)
        rise = e.z[:, None] * (u - y.u[:, :-1, None])[:, :, None, :] + np.log(e.e)
        whole = e.z * np.diff(y.u)[:, :, None] + np.log(e.e_end)
        high = np.maximum(whole, 0.0)
        resistance = np.sum(e.rho * np.exp(rise - high[..., None]) * rule().w, axis=3) * e.h[:, None]
        through = (y.b[:, :-1] * np.exp(-high) - y.b[:, 1:] * np.exp(whole - high)) / resistance
        size = np.max(np.abs(y.b), axis=1) / np.min(e.rho[..., 0] * e.h[:, None], axis=1)
        off = np.max(np.abs(through - (J / unit)[:, None]), axis=1) / np.where(size > 0, size, 1.0)
    held = np.sum(end - y.delta[:, :-1] + e.sigma, axis=1)
    gone = y.delta[:, -1] - y.delta[:, 0]
    inner = e.h * (np.sum(np.abs(e.Q)[..., None] * np.abs(y.B) / e.e, axis=2) @ rule().w) + np.abs(e.h * e.X) + np.abs(e.sigma)
    most = np.sum(inner, axis=1) + np.abs(y.delta[:, 0]) + np.abs(y.delta[:, -1])
    return ProfileAudit(np.max(off, axis=1), np.abs(held - gone) / np.where(most > 0, most, 1.0))


def audited(problem: Problem, answers: list[Answer]) -> ProfileAudit:
    """Return the audit of a batch."""
    s, both = problem.s, np.empty((2, problem.s.n))
    for answer in answers:
        both[:, answer.rows] = answer.plain.J.T
    return ProfileAudit(*(float(a[0]) if s.shape == () else a.reshape(s.shape) for a in both))
