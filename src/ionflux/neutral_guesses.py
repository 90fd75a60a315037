"""Where the solution of a film without space charge is looked for first."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._broadcast import Array
from .neutrality import Films, Solver, State
from .panels import Mesh


def at_faces(z: Array, b: Array, X: Array) -> Array:
    """Root y of Σ z b e^{−zy} + X = 0, b = kc: the potential of a layer against a solution; (rows, ions), (rows,) → (rows,).

    ln of the positive terms less ln of the negative ones falls with y, nearly as a straight line. NaN where no ion can balance X.
    """
    plus, minus = np.maximum(X, 0.0), np.maximum(-X, 0.0)
    zb, z2 = z * b, z * z
    up, down = zb * (z > 0), -zb * (z < 0)
    mean = np.sum(np.abs(zb), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        y = np.arcsinh(X / mean)
        y = np.where(np.isfinite(y), y, 0.0)
        on, step = np.ones(y.shape, dtype=bool), np.zeros(y.shape)
        for _ in range(100):
            e = np.exp(-z * y[:, None])
            P, N = np.sum(up * e, axis=-1) + plus, np.sum(down * e, axis=-1) + minus
            slope = np.sum(z2 * b * (z > 0) * e, axis=-1) / P + np.sum(z2 * b * (z < 0) * e, axis=-1) / N
            step = np.where(on, np.log(P / N) / slope, step)
            y = np.where(on, y + np.clip(step, -3.0, 3.0), y)
            on = on & (np.abs(step) > 4e-15 * (1.0 + np.abs(y)))  # each row as if it were alone
            if not np.any(on):
                break
    return np.where(np.abs(step) < 1e-9, y, np.nan)


class Guess(NamedTuple):
    """u and Q = Σ z²c at the left and right ends of pieces, (rows, pieces); v (rows,)."""

    u: tuple[Array, Array]
    Q: tuple[Array, Array]
    v: Array

    def on(self, films: Films, mesh: Mesh) -> State:
        """u as a straight line in t, Q as an exponential: what they are in a film of one salt."""
        (u0, u1), (Q0, Q1) = ([mesh.by_piece(end) for end in ends] for ends in (self.u, self.Q))
        t = mesh.t
        return State(u0 * (1.0 - t) + u1 * t, self.v.copy(), Solver(films, mesh).scaled(Q0 ** (1.0 - t) * Q1**t))

    def take(self, rows: Any) -> Guess:
        """Some of the rows."""
        (u0, u1), (Q0, Q1) = self.u, self.Q
        return Guess((u0[rows], u1[rows]), (Q0[rows], Q1[rows]), self.v[rows])


def guess(films: Films) -> Guess:
    """A first guess: solutions mixed in the order of resistances, Donnan's potential at faces and Henderson's within layers.

    What is missing to the voltage, or what the current needs, is shared among the layers as their resistances.
    """
    f, z = films, films.z
    n, pieces = f.X.shape
    ends = [f.inside(j, np.tile([0.0, 1.0], (n, 1))) for j in range(pieces)]
    shape = (*f.left.shape, 2)
    inverse, w = (np.stack([np.broadcast_to(e[q], shape) for e in ends], axis=1).transpose(0, 1, 3, 2) for q in (0, 1))
    w = w - np.stack([f.first, f.last], axis=1)[:, None]  # (rows, pieces, ends, ions)
    share = np.tile(np.linspace(0.0, 1.0, pieces + 1), (n, 1))
    z2, X = z * z, np.repeat(f.X.ravel(), 2)
    for _ in range(3 if pieces > 1 else 1):
        part = np.stack([share[:, :-1], share[:, 1:]], axis=2)[..., None]
        mixed = ((1.0 - part) * f.left[:, None, None] + part * f.right[:, None, None]) * np.exp(-w)
        y = at_faces(z, mixed.reshape(-1, len(z)), X).reshape(n, pieces, 2)
        c = mixed * np.exp(-z * y[..., None])
        Q, conduct = np.sum(z2 * c, axis=3), np.sum(z2 * c / inverse, axis=3)
        resist = f.thickness * 0.5 * np.sum(1.0 / np.maximum(conduct, 1e-300), axis=2)
        share[:, 1:] = np.cumsum(resist / np.sum(resist, axis=1, keepdims=True), axis=1)
    # Henderson's drop in each layer, left less right
    S = np.sum(z * (c[:, :, 1] - c[:, :, 0]) / inverse[:, :, 0], axis=2)
    ratio, change = np.log(conduct[..., 1] / conduct[..., 0]), conduct[..., 1] - conduct[..., 0]
    drop = np.where(np.abs(ratio) < 1e-6, S / conduct[..., 0], S * ratio / np.where(change == 0.0, 1.0, change))
    drop = np.where(np.isfinite(drop), drop, 0.0)
    jumps = np.sum(y[:, :, 1] - y[:, :, 0], axis=1)  # at all faces
    if f.clamped:
        drop = drop + np.clip(f.given[:, None] * resist, -5.0, 5.0)
        v = np.sum(drop, axis=1) + jumps
    else:
        missing = f.given - np.sum(drop, axis=1) - jumps
        drop = drop + missing[:, None] * resist / np.sum(resist, axis=1, keepdims=True)
        v = f.given.copy()
    # from the right, where the potential is zero: a face, a layer, a face
    behind = np.cumsum((drop + y[:, :, 1] - y[:, :, 0])[:, ::-1], axis=1)[:, ::-1]
    u1 = np.concatenate([behind[:, 1:], np.zeros((n, 1))], axis=1) + y[:, :, 1]
    return Guess((u1 + drop, u1), (Q[..., 0], Q[..., 1]), v)
