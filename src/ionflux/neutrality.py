"""Stationary Nernst–Planck films without space charge: a batch of them, each a row of layers, as one system of equations for the potential.

Where the potential u is known, the flux and the concentrations of each ion are integrals (see `prescribed`), with η = c e^ψ, ψ = zu + w:

    J = (η_left − η_right)/∫ e^ψ/D dx,        c = e^{−ψ} [η_left (1 − ω) + η_right ω],        ω(x) = ∫₀ˣ e^ψ/D ÷ ∫ e^ψ/D

η goes through faces without a jump, so partition and Donnan potentials need no equations of their own. What is left is that Σ zc + X = 0
at every place: as many equations as places, whatever the number of ions, and Newton's method solves them for u. The integrals are those
of Gauss's collocation: with p places in each panel their ends are exact to the order 2p.

Within a layer the places are equal steps of s, dx ∝ Σ z²c ds. Of constant D and X this is the coordinate in which the potential is a
straight line and concentrations are sums of exponentials, however steep they are in x.

Sources: M. Planck, Ann. Phys. 275, 161 (1890); K. Schlögl, Z. phys. Chem. N.F. 1, 305 (1954); U. M. Ascher, R. M. M. Mattheij & R. D.
Russell, Numerical Solution of Boundary Value Problems (SIAM, 1995) for collocation. The elimination of the ions is our own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._broadcast import Array
from .panels import Mesh

#: of the largest |du| in a step, from where on the places stay where they are; and where the iteration ends
NEAR, CLOSE = 0.05, 1e-10
STEPS = 40
#: largest change of the potential in a step, in RT/F
STRIDE = 2.0
#: beyond this voltage, RT/F, nothing is looked for
FAR = 1500.0

Along = Callable[[int, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Films:
    """Rows of films; pieces are parts of layers in which everything is smooth.

    z : (ions,). left, right : (rows, ions) concentrations in the solutions. first, last : (rows, ions) energies there, RT
    thickness, X : (rows, pieces). D, k : (rows, ions, pieces), positive
    given : (rows,) F(φ_left − φ_right)/RT, or I/F, mol m⁻² s⁻¹, if `clamped`
    along : (piece, places in it from 0 to 1 (rows, n)) → D over that of the piece and energy, (rows, ions, n); None for uniform pieces
    """

    z: Array
    left: Array
    right: Array
    first: Array
    last: Array
    thickness: Array
    X: Array
    D: Array
    k: Array
    given: Array
    clamped: bool
    along: tuple[Along | None, ...]

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.given)

    def take(self, rows: Any) -> Films:
        """Some of the rows."""
        names = ("left", "right", "first", "last", "thickness", "X", "D", "k", "given")
        some = {name: getattr(self, name)[rows] for name in names}
        return Films(z=self.z, clamped=self.clamped, along=self.along, **some)

    def inside(self, piece: int, at: Array) -> tuple[Array, Array]:
        """1/D and w of the ions at places of a piece, (rows, ions, n)."""
        f, w = self.along[piece], -np.log(self.k[:, :, piece, None])
        if f is None:
            return 1.0 / self.D[:, :, piece, None], w
        D, energy = f(piece, at)
        return 1.0 / (self.D[:, :, piece, None] * D), w + energy


@dataclass
class State:
    """u (rows, places) and v (rows,), RT/F; g (rows, places) dx/dt."""

    u: Array
    v: Array
    g: Array

    def take(self, rows: Any) -> State:
        """Some of the rows."""
        return State(self.u[rows], self.v[rows], self.g[rows])


@dataclass
class Terms:
    """What follows from u: h = g e^ψ/D and E = e^ψ, both over e^top; ∫ h of panels and in total; c, J; η at the ends over e^top."""

    h: Array
    E: Array
    whole: Array
    total: Array
    top: Array
    c: Array
    J: Array
    a: Array
    b: Array

    def take(self, rows: Any) -> Terms:
        """Some of the rows."""
        return Terms(*(x[rows] for x in (self.h, self.E, self.whole, self.total, self.top, self.c, self.J, self.a, self.b)))


class Solver:
    """Newton's method for some rows on one mesh."""

    def __init__(self, films: Films, mesh: Mesh) -> None:
        self.films, self.mesh, f = films, mesh, films
        self.X = mesh.by_piece(f.X)
        self.uniform = all(along is None for along in f.along)
        if self.uniform:
            self.inverse, self.w = 1.0 / mesh.by_piece(f.D), -np.log(mesh.by_piece(f.k))

    def take(self, rows: Any) -> Solver:
        """Some of the rows."""
        return Solver(self.films.take(rows), self.mesh)

    def unit(self) -> Array:
        """What fluxes are measured by, Dc over thickness, the largest of all ions; (rows, 1)."""
        f = self.films
        D = 1.0 / np.sum(f.thickness[:, None, :] / (f.D * np.minimum(f.k, 1.0)), axis=-1)
        return np.asarray(np.max(D * np.maximum(f.left, f.right), axis=1, keepdims=True))

    def places(self, g: Array) -> Array:
        """Places in their pieces from 0 to 1."""
        m, at = self.mesh, np.empty_like(g)
        whole, ahead, _ = m.integrals(g)
        for j, own in enumerate(m.slices):
            panels = np.flatnonzero(m.piece == j)
            before = np.sum(whole[:, : panels[0]], axis=-1)[:, None]
            at[:, own] = (ahead[:, panels].reshape(len(g), -1) - before) / self.films.thickness[:, j, None]
        return np.clip(at, 0.0, 1.0)

    def scaled(self, Q: Array) -> Array:
        """g in proportion to Q in each piece, so that lengths are right."""
        m, g = self.mesh, np.empty_like(Q)
        whole, _, _ = m.integrals(Q)
        for j, own in enumerate(m.slices):
            g[:, own] = Q[:, own] * (self.films.thickness[:, j] / np.sum(whole[:, m.piece == j], axis=-1))[:, None]
        return g

    def landscape(self, g: Array) -> tuple[Array, Array]:
        """1/D and w at all places."""
        if self.uniform:
            return self.inverse, self.w
        m, at = self.mesh, self.places(g)
        parts = [self.films.inside(j, at[:, own]) for j, own in enumerate(m.slices)]
        shape = (*self.films.left.shape, 1)
        lengths = [own.stop - own.start for own in m.slices]
        inverse, w = (
            np.concatenate([np.broadcast_to(p[q], (*shape[:2], n)) for p, n in zip(parts, lengths, strict=True)], axis=-1) for q in (0, 1)
        )
        return inverse, w

    def terms(self, y: State) -> Terms:
        """Fluxes and concentrations of all ions."""
        f, m, z = self.films, self.mesh, self.films.z
        inverse, w = self.landscape(y.g)
        psi = z[:, None] * y.u[:, None, :] + w
        left, right = z * y.v[:, None] + f.first, f.last
        top = np.maximum(np.max(psi, axis=-1), np.maximum(left, right))
        E = np.exp(psi - top[..., None])
        h = y.g[:, None, :] * E * inverse
        whole, ahead, behind = m.integrals(h)
        total = np.sum(whole, axis=-1)
        ahead, behind = ahead.reshape(h.shape), behind.reshape(h.shape)
        a, b = f.left * np.exp(left - top), f.right * np.exp(right - top)
        c = (a[..., None] * behind + b[..., None] * ahead) / (total[..., None] * E)
        return Terms(h, E, whole, total, top, c, (a - b) / total, a, b)

    def step(self, y: State) -> tuple[Array, Array, Array, Array]:
        """Change of u and of v, Q = Σ z²c, and d(Σ zJ)/dv.

        In a panel the changes of u are given by those of η at its left end, and of J: −K du = F + B dη + C dJ. dη then goes through the
        panels like η itself, and dη = 0 at the right end: a small system for all dη and dJ is left.
        """
        f, m = self.films, self.mesh
        q = self.terms(y)
        n, P, p = f.n, len(m.width), m.points
        Q = np.sum((f.z * f.z)[:, None] * q.c, axis=1)
        size = np.sum((f.z * f.z)[:, None] * np.abs(q.c), axis=1) + np.abs(self.X)
        F = np.sum(f.z[:, None] * q.c, axis=1) + self.X
        ions = np.flatnonzero(f.z != 0.0)
        S, z = len(ions), f.z[ions]
        by_panel = (n, S, P, p)
        h, E = (x[:, ions].reshape(by_panel).transpose(0, 2, 1, 3) for x in (q.h, q.E))  # (rows, panels, ions, points)
        h = h * m.width[:, None, None]
        J = q.J[:, None, ions]
        weight = (z * z * J)[..., None] / E
        scale = size.reshape(n, P, 1, p)
        K = -np.matmul((weight / scale).transpose(0, 1, 3, 2), h) * m.ahead
        k = np.arange(p)
        K[..., k, k] -= (Q / size).reshape(n, P, p)
        # unit of η at the left end of each panel, of J
        units = np.concatenate([E[..., 0], E[:, -1:, :, -1]], axis=1)
        unit_J = 1.0 / q.total[:, None, ions]
        rhs = np.empty((n, P, p, 1 + 2 * S))
        rhs[..., 0] = (F / size).reshape(n, P, p)
        rhs[..., 1 : 1 + S] = (z[:, None] * units[:, :-1, :, None] / (E * scale)).transpose(0, 1, 3, 2)
        rhs[..., 1 + S :] = (-z[:, None] * unit_J[..., None] * (h @ m.ahead.T) / (E * scale)).transpose(0, 1, 3, 2)
        sol = _solved(K, rhs)
        through = np.matmul((z * J)[..., None] * h * m.w, sol) / units[:, 1:, :, None]  # (rows, panels, ions, 1 + 2 ions)
        i = np.arange(S)
        through[..., i, 1 + i] += units[:, :-1] / units[:, 1:]
        through[..., i, 1 + S + i] -= q.whole[:, ions].transpose(0, 2, 1) * unit_J / units[:, 1:]
        M, small = np.zeros((n, P, S, P, S)), np.zeros((n, P, S, 2))
        for j in range(P):
            if j:
                M[:, j, :, j - 1] = -through[:, j, :, 1 : 1 + S]
            if j < P - 1:
                M[:, j, i, j, i] = 1.0
            M[:, j, :, P - 1] = -through[:, j, :, 1 + S :]
        small[..., 0] = through[..., 0]
        start = z * q.a[:, ions] / units[:, 0]  # η on the left rises with v
        small[:, 0, :, 1] = np.matmul(through[:, 0, :, 1 : 1 + S], start[..., None])[..., 0]
        found = _solved(M.reshape(n, P * S, P * S), small.reshape(n, P * S, 2)).reshape(n, P, S, 2)
        eta = np.concatenate([np.zeros((n, 1, S, 2)), found[:, :-1]], axis=1)
        eta[:, 0, :, 1] = start
        du = -np.matmul(sol[..., 1 : 1 + S], eta) - np.matmul(sol[..., 1 + S :], found[:, -1:])
        du[..., 0] -= sol[..., 0]
        du = du.reshape(n, P * p, 2)
        dJ = np.sum((z * unit_J)[:, 0, :, None] * found[:, -1], axis=1)
        if f.clamped:
            dv = (f.given - np.sum(f.z * q.J, axis=-1) - dJ[:, 0]) / dJ[:, 1]
        else:
            dv = f.given - y.v
        return du[..., 0] + du[..., 1] * dv[:, None], dv, np.where(Q > 0, Q, size), dJ[:, 1]

    def solve(self, y: State, *, near: bool = False) -> tuple[State, np.ndarray, Array]:
        """From a first guess to the solution: the state, which rows have failed, d(Σ zJ)/dv. near: places can stay where they are.

        A v that is not the one given goes there in strides, u with it along the tangent.
        """
        n = self.films.n
        state, failed, slope = State(y.u.copy(), y.v.copy(), y.g.copy()), np.ones(n, dtype=bool), np.full(n, np.nan)
        on, part, own = np.arange(n), self, y
        frozen, before, left = np.full(n, near), np.full(n, np.inf), np.full(n, STEPS)
        while len(on):
            with np.errstate(all="ignore"):
                du, dv, Q, dI = part.step(own)
                size = np.maximum(np.max(np.abs(du), axis=-1), np.abs(dv))
                share = np.minimum(1.0, STRIDE / np.maximum(np.abs(dv), 1e-300))
                du, dv = np.clip(du * share[:, None], -STRIDE, STRIDE), dv * share
                stay = frozen | (size < NEAR) | (left < STEPS // 2)
                g = own.g if np.all(stay) else np.where(stay[:, None], own.g, part.scaled(Q))
            if not self.films.clamped:
                left = np.where(share < 1.0, STEPS, left)  # still on the way
            left = left - 1
            frozen = stay
            own = State(own.u + du, own.v + dv, g)
            # rounding is all that is left where small steps stop to become smaller
            done = frozen & ((size <= CLOSE) | ((size < 1e-7) & (size > 0.3 * before)))
            stop = done | ~np.isfinite(size) | (left <= 0) | (np.abs(own.v) > FAR)
            before = size
            if np.any(stop):
                rows = on[stop]
                state.u[rows], state.v[rows], state.g[rows] = own.u[stop], own.v[stop], own.g[stop]
                failed[on[done]], slope[on[done]] = False, dI[done]
                keep = ~stop
                on, own, part = on[keep], own.take(keep), part.take(keep)
                frozen, before, left = frozen[keep], before[keep], left[keep]
        return state, failed, slope


def _solved(M: Array, rhs: Array) -> Array:
    """M⁻¹ rhs; NaN where M is singular or not finite."""
    bad = ~(np.all(np.isfinite(M), axis=(-2, -1)) & np.all(np.isfinite(rhs), axis=(-2, -1)))
    if np.any(bad):
        M[bad], rhs[bad] = np.eye(M.shape[-1]), np.nan
    try:
        return np.asarray(np.linalg.solve(M, rhs), dtype=np.float64)
    except np.linalg.LinAlgError:
        out = np.full_like(rhs, np.nan)
        for i in np.ndindex(M.shape[:-2]):
            try:
                out[i] = np.linalg.solve(M[i], rhs[i])
            except np.linalg.LinAlgError:
                continue
        return out
