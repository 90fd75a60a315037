"""Potential and concentrations of films without space charge, at any place: the polynomials of the panels, and neutrality itself."""

from __future__ import annotations

import numpy as np

from ._broadcast import Array
from .neutral_guesses import at_faces
from .neutrality import Solver, State, Terms
from .panels import Mesh, gauss

#: steps of Newton's method from a place to the coordinate of its panel
_STEPS = 12


def evaluate(solver: Solver, y: State, piece: np.ndarray, at: Array) -> tuple[Array, Array]:
    """φ in RT/F (rows, n) and c (rows, ions, n) at places 0 … 1 (rows, n) of pieces (n,)."""
    f, m, q = solver.films, solver.mesh, solver.terms(y)
    panel, t = _panels(f.thickness, m, y, piece, at)
    rows = np.arange(f.n)[:, None]
    values, ahead = _basis(m, t)
    own = panel[..., None] * m.points + np.arange(m.points)  # places of the panel, (rows, n, points)
    u = np.sum(values * y.u[rows[..., None], own], axis=-1)
    h = np.sum(ahead[:, None] * np.take_along_axis(q.h[:, :, None, :], own[:, None], axis=3), axis=-1) * m.width[panel][:, None]
    before, after = _sides(q)
    whole = _of_panel(q.whole, panel)
    h = np.clip(np.where(t[:, None] >= 1.0, whole, h), 0.0, whole)
    eta = q.a[..., None] * (_of_panel(after, panel) + whole - h) + q.b[..., None] * (_of_panel(before, panel) + h)
    eta = eta / q.total[..., None]
    w = np.empty(eta.shape)
    for j in np.unique(piece):
        w[..., piece == j] = f.inside(int(j), at[:, piece == j])[1]
    z, top = f.z[:, None], q.top[..., None]
    with np.errstate(over="ignore"):
        c = eta * np.exp(top - w - z * u[:, None])
    # what is left of Σ zc + X is taken away as at a face: η is known to a higher order than u
    flat = np.ascontiguousarray(c.transpose(0, 2, 1)).reshape(-1, len(f.z))
    more = at_faces(f.z, flat, f.X[:, piece].ravel()).reshape(u.shape)
    more = np.where(np.isfinite(more), more, 0.0)
    return u + more, c * np.exp(-z * more[:, None])


def neutral(solver: Solver, y: State) -> Array:
    """|Σ zc + X| over Σ|z|c + |X|, the largest of all places."""
    z, c = solver.films.z[:, None], solver.terms(y).c
    off = np.abs(np.sum(z * c, axis=1) + solver.X)
    return np.asarray(np.max(off / (np.sum(np.abs(z) * c, axis=1) + np.abs(solver.X)), axis=1))


def steady(solver: Solver, y: State) -> Array:
    """Largest difference of the flux through a panel from that through all of them, over D max(c)/min(h)."""
    q, f, m = solver.terms(y), solver.films, solver.mesh
    _, after = _sides(q)
    ends = np.concatenate([after + q.whole, np.zeros((*q.a.shape, 1))], axis=-1)
    eta = (q.a[..., None] * ends + q.b[..., None] * (q.total[..., None] - ends)) / q.total[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.abs(-np.diff(eta, axis=-1) / q.whole - q.J[..., None])
        unit = np.max(f.D, axis=-1) * np.max(q.c, axis=-1) / np.min(f.thickness[:, m.piece] * m.width, axis=-1)[:, None]
        return np.asarray(np.nanmax(np.where(unit[..., None] > 0, off / unit[..., None], 0.0), axis=(1, 2)))


def _sides(q: Terms) -> tuple[Array, Array]:
    """∫ h over the panels before, and after, each."""
    before, after = np.zeros_like(q.whole), np.zeros_like(q.whole)
    np.cumsum(q.whole[..., :-1], axis=-1, out=before[..., 1:])
    after[..., :-1] = np.cumsum(q.whole[..., :0:-1], axis=-1)[..., ::-1]
    return before, after


def _of_panel(values: Array, panel: np.ndarray) -> Array:
    """(rows, ions, panels) at the panels (rows, n)."""
    return np.take_along_axis(values, np.broadcast_to(panel[:, None], (*values.shape[:2], panel.shape[1])), axis=2)


def _panels(thickness: Array, m: Mesh, y: State, piece: np.ndarray, at: Array) -> tuple[np.ndarray, Array]:
    """Panel and place in it from 0 to 1, for places in pieces."""
    whole, _, _ = m.integrals(y.g)
    ends = np.cumsum(whole, axis=-1)
    first = np.cumsum((0, *m.panels))[:-1]
    start = np.concatenate([np.zeros((len(at), 1)), ends], axis=1)
    x = start[:, first[piece]] + at * thickness[:, piece]
    last = (first + np.array(m.panels) - 1)[piece]
    panel = np.clip(np.sum(x[..., None] > ends[:, None, :], axis=-1), first[piece], last)
    rows = np.arange(len(at))[:, None]
    inside = np.clip((x - start[rows, panel]) / whole[rows, panel], 0.0, 1.0)
    own = panel[..., None] * m.points + np.arange(m.points)
    g = y.g[rows[..., None], own] * (m.width[panel] / whole[rows, panel])[..., None]
    t = inside
    for _ in range(_STEPS):
        values, ahead = _basis(m, t)
        t = np.clip(t - (np.sum(ahead * g, axis=-1) - inside) / np.sum(values * g, axis=-1), 0.0, 1.0)
    # the ends themselves
    t = np.where(at <= 0.0, 0.0, np.where((at >= 1.0) & (panel == last), 1.0, t))
    return panel, t


def _basis(m: Mesh, t: Array) -> tuple[Array, Array]:
    """Lagrange's polynomials of the places of a panel at t, and their integrals from 0 to t."""
    at, _, _ = gauss(m.points)
    p, x = m.points, 2.0 * t - 1.0
    inverse = np.linalg.inv(np.polynomial.legendre.legvander(2.0 * at - 1.0, p - 1))
    P = np.polynomial.legendre.legvander(x, p)
    integral = np.empty((*t.shape, p))
    integral[..., 0] = t
    n = np.arange(1, p)
    integral[..., 1:] = 0.5 * (P[..., 2:] - P[..., :-2]) / (2 * n + 1)
    return P[..., :p] @ inverse, integral @ inverse
