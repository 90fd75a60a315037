"""Poisson–Nernst–Planck by collocation at Gauss points of elements: the equations, their linearisation, Newton's method.

In an element of a layer, s from 0 to 1 through the layer, with u = Fφ/RT, the displacement δ over F c0 and b_i e^{w_i} measured from the
energy at the element's left end (so that it is b_i there; b is continuous, see `volumes`):

    u′ = −δ/A        (b e^w)_i′ = z_i (b e^w)_i δ/A − j_i ρ_i e^{w_i}        δ′ = Σ Q_i b_i + X

ρ_i is the resistance D κ leaves to ion i per s, over that of the whole membrane, so that j_i = J_i · resistance/c0. The collocation
polynomials of u and δ are known once b is known at the Gauss points: only these are unknowns of an element, and they are eliminated.
What is left is one row of blocks (b, δ, u at both ends; all j): j is carried along as a further constant of each node, which makes the
whole a band matrix with separated boundary conditions, solved with exchange of rows.

Source: U. M. Ascher, R. M. M. Mattheij & R. D. Russell, Numerical Solution of Boundary Value Problems for Ordinary Differential
Equations, SIAM (1995), chapters 5 and 7.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ._broadcast import Array
from .errors import InputError
from .meshes import Mesh
from .slices import called, energy_at
from .stacks import NOTHING
from .volumes import Problem

#: Gauss points of an element: order twice that at the nodes
POINTS = 8
#: of |du|: then one more step is the last
_NEAR, _STEPS = 1e-5, 12


class Rule(NamedTuple):
    """Gauss points c, weights w and the integrals a[m, n] of the n-th Lagrange polynomial from 0 to c_m."""

    c: Array
    w: Array
    a: Array


@lru_cache(maxsize=8)
def rule(points: int = POINTS) -> Rule:
    """Return the Gauss–Legendre rule on 0 … 1."""
    c, w = np.polynomial.legendre.leggauss(points)
    c, w = 0.5 * (1.0 + c), 0.5 * w
    inner = lagrange(c, (c[:, None] * c).reshape(-1)).reshape(points, points, points)
    return Rule(c, w, c[:, None] * np.einsum("q,mqn->mn", w, inner))


def lagrange(nodes: Array, at: Array) -> Array:
    """Lagrange polynomials of the nodes at places, (places, nodes)."""
    values = np.ones((len(at), len(nodes)))
    for n, node in enumerate(nodes):
        for m, other in enumerate(nodes):
            if m != n:
                values[:, n] *= (at - other) / (node - other)
    return values


class State(NamedTuple):
    """A solution: b (rows, n + 1, ions), u, δ (rows, n + 1; δ on the right of a node), B (rows, n, ions, points), j (rows, ions)."""

    b: Array
    u: Array
    delta: Array
    B: Array
    j: Array

    def take(self, keep: Any) -> State:
        """Some of the rows."""
        return State(*(a[keep] for a in self))


class Elements:
    """Some rows of a problem on the elements of a mesh.

    Of each element: A (rows or 1, n), Q, rho (…, n, ions, points), X, sigma: at its right end; e, e_end: e^w at the points and at the
    right end over that at its left; energy: w at its left end over that of the membrane's.
    """

    def __init__(self, problem: Problem, mesh: Mesh, rows: np.ndarray) -> None:
        s, ions = problem.s, len(problem.s.ions)
        self.mesh, self.z, self.m, self.rows = mesh, s.z, len(rows), rows
        given = problem.given if problem.given.shape[2] == 1 else problem.given[:, :, rows]
        own = given[mesh.layer].transpose(1, 2, 0)  # (quantity, rows or 1, n)
        c = rule().c
        self.h, n = mesh.width, len(mesh.width)
        self.A, self.X = own[0], own[1]
        last = np.concatenate([np.diff(mesh.layer), [0]]) > 0
        self.sigma = np.where(last, own[2], 0.0)
        self.Q = np.moveaxis(own[4 + ions :], 0, -1)
        self.e, self.e_end, self.D = np.ones((n, ions, len(c))), np.ones((n, ions)), np.ones((n, ions, len(c)))
        start = np.concatenate([mesh.at[:1], mesh.at[1:-1]]) - mesh.layer
        at = start[:, None] + self.h[:, None] * c
        for k, layer in enumerate(s.membrane.layers):
            of = np.flatnonzero(mesh.layer == k)
            for i, ion in enumerate(s.ions):
                D = None if layer.D is None else layer.D.of(ion)
                if callable(D) and f"layers.{k}.D.{ion.name}" not in s.varied:
                    values = called("D", D, at[of])
                    if np.any(values < 0):
                        raise InputError(f"layers.{k}.D of {ion.name}: the function gives negative diffusivities")
                    self.D[of, i] = np.maximum(values, NOTHING)
                energy = None if layer.energy is None else layer.energy.of(ion)
                if energy is not None:
                    ends = energy_at(energy, np.concatenate([start[of], [1.0]]))
                    self.e[of, i] = np.exp(energy_at(energy, at[of]) - ends[:-1, None])
                    self.e_end[of, i] = np.exp(np.diff(ends))
        self.energy = np.concatenate([np.zeros((1, ions)), np.cumsum(np.log(self.e_end), axis=0)])
        resistance = 1.0 / np.maximum(np.moveaxis(own[4 : 4 + ions], 0, -1), 1e-300)[..., None] / self.D  # (rows or 1, n, ions, points)
        self.whole = np.sum(resistance * (self.h[:, None, None] * rule().w), axis=(1, 3))
        self.rho = resistance / self.whole[:, None, :, None]
        ends = problem.ends[:, :, rows]
        self.left, self.right = ends[0, :-1].T, ends[1, :-1].T
        self.V = ends[0, -1]

    def stages(self, y: State, fixed: float = 1.0) -> tuple[Array, Array]:
        """δ at the Gauss points and what it is at the right end of each element without the surface charge."""
        r = rule()
        rho = np.sum(self.Q[..., None] * y.B / self.e, axis=2) + fixed * self.X[..., None]
        return y.delta[:, :-1, None] + self.h[:, None] * (rho @ r.a.T), y.delta[:, :-1] + self.h * (rho @ r.w)

    def potential(self, y: State, delta: Array) -> Array:
        """Return u at the Gauss points."""
        return np.asarray(y.u[:, :-1, None] - (self.h / self.A)[..., None] * (delta @ rule().a.T))

    def newton(self, y: State) -> tuple[State, State, np.ndarray]:
        """Solve from y: the solution, its derivative with u at the left end, and which rows failed."""
        m = self.m
        failed, on = np.zeros(m, dtype=bool), np.arange(m)
        done, slope = y.take(np.arange(m)), y.take(np.arange(m))
        final = np.zeros(m, dtype=bool)
        part = self
        for _ in range(_STEPS):
            with np.errstate(all="ignore"):
                step, tangent, lost = part._linear(y)
                size = np.max(np.abs(step.u), axis=1)
                y = State(*(a + b for a, b in zip(y, step, strict=True)))
            lost |= ~(size < 1e6) | ~np.all(np.isfinite(y.j), axis=1)
            out = lost | final
            if np.any(out):
                failed[on[lost]] = True
                for whole, own in zip((*done, *slope), (*y, *tangent), strict=True):
                    whole[on[out]] = own[out]
            final = size <= _NEAR
            keep = ~out
            if not np.any(keep):
                return done, slope, failed
            if np.any(out):
                part, y, on, final = part.some(keep), y.take(keep), on[keep], final[keep]
        failed[on] = True
        return done, slope, failed

    def some(self, keep: np.ndarray) -> Elements:
        """The same for some of the rows."""
        part = object.__new__(Elements)
        part.__dict__.update(self.__dict__)
        part.m, part.rows = int(np.count_nonzero(keep)), self.rows[keep]
        part.left, part.right, part.V = self.left[keep], self.right[keep], self.V[keep]
        for name in ("A", "X", "sigma", "Q", "rho", "whole"):
            if len(getattr(self, name)) > 1:
                setattr(part, name, getattr(self, name)[keep])
        return part

    def _eliminated(self, y: State, delta: Array) -> Array:
        """Change of B with (−residual | b left | δ left | j), (rows, n, ions, points, 2 ions + 2)."""
        r, ions, points = rule(), len(self.z), POINTS
        m, n = y.B.shape[:2]
        h, A = self.h, self.A
        pull = self.z[:, None] / A[:, :, None, None]  # z/A
        source = y.j[:, None, :, None] * self.rho * self.e
        f = pull * y.B * delta[:, :, None, :] - source
        right = np.zeros((m, n, ions, points, 2 * ions + 2))
        right[..., 0] = y.b[:, :-1, :, None] + h[:, None, None] * (f @ r.a.T) - y.B
        moved = h[:, None, None] * ((pull * y.B) @ r.a.T)
        right[..., ions + 1] = moved
        driven = -h[:, None, None] * ((self.rho * self.e) @ r.a.T)
        for i in range(ions):
            right[:, :, i, :, 1 + i] = 1.0
            right[:, :, i, :, ions + 2 + i] = driven[:, :, i]
        G = np.zeros((m, n, ions, points, ions, points))
        own = -(h[:, None, None, None] * r.a) * (pull * delta[:, :, None, :])[..., None, :]
        own[..., np.arange(points), np.arange(points)] += 1.0
        through = -(h**2)[:, None, None, None] * np.matmul(r.a * (pull * y.B)[..., None, :], r.a)
        charge = self.Q[..., None] / self.e
        for i in range(ions):
            for k in range(ions):
                G[:, :, i, :, k, :] = through[:, :, i] * charge[:, :, k, None, :]
            G[:, :, i, :, i, :] += own[:, :, i]
        size = ions * points
        x = np.linalg.solve(G.reshape(m, n, size, size), right.reshape(m, n, size, 2 * ions + 2))
        return np.asarray(x.reshape(right.shape))

    def _linear(self, y: State) -> tuple[State, State, np.ndarray]:
        """One step of Newton's method and the derivative of the solution with u at the left end."""
        r, ions = rule(), len(self.z)
        m, n = y.B.shape[:2]
        h, A = self.h, self.A
        delta, end = self.stages(y)
        lost = np.zeros(m, dtype=bool)
        try:
            X = self._eliminated(y, delta)
        except np.linalg.LinAlgError:
            nothing = State(*(np.full(a.shape, np.nan) for a in y))
            return nothing, nothing, ~lost
        charge = np.sum((self.Q[..., None] / self.e)[..., None] * X, axis=2)  # (rows, n, points, columns)
        d_delta = h[:, None, None] * np.matmul(r.a, charge)
        d_delta[..., ions + 1] += 1.0
        pull = (self.z[:, None] / A[:, :, None, None])[..., None]
        df = pull * (X * delta[:, :, None, :, None] + y.B[..., None] * d_delta[:, :, None])
        source = self.rho * self.e
        for i in range(ions):
            df[:, :, i, :, ions + 2 + i] -= source[:, :, i]
        f = pull[..., 0] * y.B * delta[:, :, None, :] - y.j[:, None, :, None] * source
        d_b = h[:, None, None] * np.einsum("p,meipc->meic", r.w, df)
        d_end = h[:, None] * np.einsum("p,mepc->mec", r.w, charge)
        d_u = -(h / A)[..., None] * np.einsum("p,mepc->mec", r.w, d_delta)
        N = 2 * ions + 2
        block, rest = np.zeros((m, n, N, N)), np.zeros((m, n, N))  # new = block old + rest
        block[:, :, :ions, : ions + 1], block[:, :, :ions, ions + 2 :] = d_b[..., 1 : ions + 2], d_b[..., ions + 2 :]
        block[:, :, ions, : ions + 1], block[:, :, ions, ions + 2 :] = d_end[..., 1 : ions + 2], d_end[..., ions + 2 :]
        block[:, :, ions + 1, : ions + 1], block[:, :, ions + 1, ions + 2 :] = d_u[..., 1 : ions + 2], d_u[..., ions + 2 :]
        block[:, :, np.arange(N), np.arange(N)] += 1.0
        block[:, :, :ions] /= self.e_end[:, :, None]
        rest[:, :, :ions] = (y.b[:, :-1] + h[:, None] * (f @ r.w) + d_b[..., 0]) / self.e_end - y.b[:, 1:]
        rest[:, :, ions] = end + self.sigma + d_end[..., 0] - y.delta[:, 1:]
        rest[:, :, ions + 1] = y.u[:, :-1] - (h / A) * (delta @ r.w) + d_u[..., 0] - y.u[:, 1:]
        steps = self._band(y, block, rest, lost)
        both = []
        for q in range(2):
            nodes = steps[:, q].reshape(m, n + 1, N)
            left = nodes[:, :-1]
            along = np.concatenate([np.full((m, n, 1), 1.0 - q), left[..., : ions + 1], left[..., ions + 2 :]], axis=-1)
            B = np.einsum("meipc,mec->meip", X, along)
            both.append(State(nodes[..., :ions], nodes[..., ions + 1], nodes[..., ions], B, nodes[:, 0, ions + 2 :]))
        return both[0], both[1], lost

    def _band(self, y: State, block: Array, rest: Array, lost: np.ndarray) -> Array:
        """Steps of all nodes, (rows, 2, (n + 1) N): Newton's and the derivative with u at the left end."""
        from scipy.linalg.lapack import dgbsv

        ions = len(self.z)
        m, n, N, _ = block.shape
        wide = 3 * ions + 2
        first = ions + 1
        # rows and columns in units of their own; an ion that is rare somewhere keeps its digits
        unit = np.ones((m, n + 1, N))
        size = np.abs(y.b)
        unit[..., :ions] = np.maximum(size, 1e-12 * np.max(size, axis=1, keepdims=True))
        unit[..., ions] = (np.max(np.abs(y.delta), axis=1) + 1.0 / np.sum(self.h / self.A, axis=1))[:, None]
        inverse = 1.0 / unit
        band = np.zeros((m, (n + 1) * N, 3 * wide + 1))
        e, i, k = np.ogrid[:n, :N, :N]
        rows, columns = first + N * e + i, N * e + k
        band[:, columns, 2 * wide + rows - columns] = -block * inverse[:, 1:, :, None] * unit[:, :-1, None, :]
        known = np.concatenate([np.arange(ions), [ions + 1]])  # of a node at the ends of the membrane: b and u
        line = np.concatenate([np.arange(first), first + np.arange(n * N), first + n * N + np.arange(first)])
        column = np.concatenate([known, N + np.arange(n * N), n * N + known])
        band[:, column, 2 * wide + line - column] = 1.0
        right = np.zeros((m, 2, (n + 1) * N))
        right[:, 0, first : first + n * N] = (rest * inverse[:, 1:]).reshape(m, -1)
        right[:, 0, :ions] = (self.left - y.b[:, 0]) * inverse[:, 0, :ions]
        right[:, 0, ions] = self.V - y.u[:, 0]
        right[:, 0, first + n * N : -1] = (self.right - y.b[:, -1]) * inverse[:, -1, :ions]
        right[:, 0, -1] = -y.u[:, -1]
        right[:, 1, ions] = 1.0
        ok = np.all(np.isfinite(band), axis=(1, 2)) & np.all(np.isfinite(right), axis=(1, 2))
        for q in range(m):
            if ok[q]:
                _, _, x, info = dgbsv(wide, wide, band[q].T, right[q].T, overwrite_ab=1, overwrite_b=1)
                right[q], ok[q] = x.T, info == 0
        lost |= ~ok
        return np.asarray(right * unit.reshape(m, 1, -1))
