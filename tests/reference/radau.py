"""Radau IIA of any number of stages, full Newton, vectorised over cells; for reference answers, not for speed.

Collocation at the right Radau points; s stages give order 2s - 1 (Hairer & Wanner, Solving ODEs II, ch. IV.5). The Jacobian is
taken by the complex step, so the right-hand side must be analytic NumPy code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@cache
def tableau(stages: int) -> tuple[Array, Array]:
    """(c, A) of Radau IIA: c are the roots of P_s - P_{s-1} on [0, 1], A integrates the Lagrange polynomials."""
    with mp.workdps(50):
        series = np.zeros(stages + 1)
        series[-2:] = -1.0, 1.0

        def difference(x: mp.mpf) -> mp.mpf:
            return mp.legendre(stages, 2 * x - 1) - mp.legendre(stages - 1, 2 * x - 1)

        c = [mp.findroot(difference, (1 + mp.mpf(float(x))) / 2) for x in np.sort(np.polynomial.legendre.legroots(series))]
        powers = mp.matrix(stages)
        integrals = mp.matrix(stages)
        for i in range(stages):
            for k in range(stages):
                powers[i, k], integrals[i, k] = c[i] ** k, c[i] ** (k + 1) / (k + 1)
        A = integrals * powers**-1
        return np.array([float(x) for x in c]), np.array([[float(A[i, j]) for j in range(stages)] for i in range(stages)])


def graded_solve(
    f: Callable[[Array], Array], y: Array, times: Sequence[float], *, q: float, first: float, longest: float, stages: int = 5
) -> Array:
    """y at ``times`` (measured from the start of this smooth segment), shape (cells, times, states).

    f maps (cells, any, states) to the same shape.

    Steps grow with the age of the segment, h = clip(q t, first, longest), and end on every time asked for.
    """
    _, A = tableau(stages)
    cells, n = y.shape
    out, t = [], 0.0
    for end in times:
        while t < end:
            h = min(max(q * t, first), longest)
            steps = max(1, int(np.ceil((end - t) / h - 1e-9)))
            h = (end - t) / steps
            y = _step(f, y, h, A, cells, n, stages)
            t = end if steps == 1 else t + h
        out.append(y)
    return np.stack(out, axis=1)


def _step(f: Callable[[Array], Array], y: Array, h: float, A: Array, cells: int, n: int, s: int) -> Array:
    J = complex_jacobian(f, y)
    M = np.eye(s * n) - h * np.einsum("ij,cab->ciajb", A, J).reshape(cells, s * n, s * n)
    inverse = np.linalg.inv(M)
    stage = np.zeros((cells, s, n))
    last = np.inf
    for _ in range(60):
        slopes = f(y[:, None] + stage)
        residual = h * np.einsum("ij,cja->cia", A, slopes) - stage
        change = np.einsum("cab,cb->ca", inverse, residual.reshape(cells, s * n)).reshape(cells, s, n)
        stage = stage + change
        size = float(np.max(np.abs(change)))
        if size < 4e-16 or (size < 1e-13 and size >= last):
            return y + stage[:, -1]
        last = size
    raise ArithmeticError(f"simplified Newton did not converge with h = {h} s: last change {last:.2g}")


def complex_jacobian(f: Callable[[Array], Array], y: Array) -> Array:
    """df_a/dy_b (cells, a, b), every column from one evaluation of them all."""
    shifted = y[:, None, :] + 1e-30j * np.eye(y.shape[1])
    return np.swapaxes(f(shifted).imag, 1, 2) / 1e-30
