"""Gauss's collocation on panels: places, integrals over panels and up to each place, polynomials between meshes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ._broadcast import Array


@lru_cache(maxsize=8)
def gauss(points: int) -> tuple[Array, Array, Array]:
    """Places and weights of Gauss's rule on [0, 1], and the integrals from 0 to each place of what is known at all of them."""
    x, w = np.polynomial.legendre.leggauss(points)
    V = np.polynomial.legendre.legvander(x, points - 1)
    # ∫ P_n = (P_{n+1} − P_{n−1})/(2n + 1)
    W = np.polynomial.legendre.legvander(x, points)
    integral = np.empty_like(V)
    integral[:, 0] = 0.5 * (x + 1.0)
    for n in range(1, points):
        integral[:, n] = 0.5 * (W[:, n + 1] - W[:, n - 1]) / (2 * n + 1)
    return 0.5 * (1.0 + x), 0.5 * w, integral @ np.linalg.inv(V)


class Mesh:
    """Panels of pieces; t runs from 0 to 1 in each piece."""

    def __init__(self, panels: tuple[int, ...], points: int) -> None:
        at, w, A = gauss(points)
        self.panels, self.points = panels, points
        self.start = np.concatenate([np.arange(P) / P for P in panels])  # t where panels begin
        self.width = np.repeat([1.0 / P for P in panels], panels)
        self.piece = np.repeat(np.arange(len(panels)), panels)  # of panels
        self.of = np.repeat(self.piece, points)
        self.t = (self.start[:, None] + self.width[:, None] * at).ravel()
        self.w, self.ahead, self.behind = w, A, w - A
        self.slices = [slice(a * points, b * points) for a, b in zip(np.cumsum((0, *panels)), np.cumsum(panels), strict=False)]

    def integrals(self, f: Array) -> tuple[Array, Array, Array]:
        """∫ f dt over each panel, (…, panels), and to each place from the left end and from it to the right end, (…, panels, points).

        Both sides are sums of their own: neither is what is left of the other.
        """
        f = f.reshape(*f.shape[:-1], -1, self.points) * self.width[:, None]
        whole, own, rest = f @ self.w, f @ self.ahead.T, f @ self.behind.T
        before, after = np.zeros_like(whole), np.zeros_like(whole)
        np.cumsum(whole[..., :-1], axis=-1, out=before[..., 1:])
        after[..., :-1] = np.cumsum(whole[..., :0:-1], axis=-1)[..., ::-1]
        return whole, before[..., None] + own, after[..., None] + rest

    def onto(self, other: Mesh) -> Array:
        """Matrix that brings values at these places to those of another mesh of the same pieces, by the polynomial of each panel."""
        at, _, _ = gauss(self.points)
        first = np.cumsum((0, *self.panels))[other.of]
        inside = other.t * np.array(self.panels)[other.of]
        panel = np.minimum(inside.astype(int), np.array(self.panels)[other.of] - 1)
        own = np.polynomial.legendre.legvander(2.0 * (inside - panel) - 1.0, self.points - 1)
        weights = own @ np.linalg.inv(np.polynomial.legendre.legvander(2.0 * at - 1.0, self.points - 1))
        matrix = np.zeros((len(other.t), len(self.t)))
        columns = ((first + panel) * self.points)[:, None] + np.arange(self.points)
        np.put_along_axis(matrix, columns, weights, axis=1)
        return matrix

    def by_piece(self, values: Array) -> Array:
        """(…, pieces) → (…, places); contiguous, because exponentials of strided arrays have other last bits."""
        return np.ascontiguousarray(values[..., self.of])


@lru_cache(maxsize=64)
def grid(panels: tuple[int, ...], points: int) -> Mesh:
    """The mesh of these panels, made once."""
    return Mesh(panels, points)
