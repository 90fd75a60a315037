"""Membranes without space charge, by initial value problems from the left solution, given the fluxes: for checking, not for solving.

c' = -z c u' - c w' - J/D with u' from sum z c' = 0; at faces c e^(w + zu) is continuous and sum zc + X = 0 on the far side. In x, by an
explicit Runge-Kutta method of order 8; one root in one unknown at each face.

Source: M. Planck, Ann. Phys. 275, 161 (1890); T. Teorell, Prog. Biophys. 3, 305 (1953).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Slab:
    """One layer: functions of s in [0, 1] for D and w of every ion, and for dw/ds."""

    thickness: float
    X: float
    D: Callable[[float], Array]
    w: Callable[[float], Array]
    slope: Callable[[float], Array]


def uniform(thickness: float, X: float, D: Sequence[float], k: Sequence[float]) -> Slab:
    D_, w, zero = np.array(D), -np.log(np.array(k)), np.zeros(len(D))
    return Slab(thickness, X, lambda s: D_, lambda s: w, lambda s: zero)


def step_at_face(z: Array, c: Array, dw: Array, X: float) -> float:
    """Rise of u on the way into a layer."""
    b = np.where(c > 1e-11 * np.max(c), c, 0.0) * np.exp(-dw)  # what should be zero may be less by rounding
    return float(brentq(lambda y: float(np.sum(z * b * np.exp(-z * y)) + X), -200.0, 200.0, xtol=1e-15, rtol=1e-15))


def arrive(
    z: Array, slabs: Sequence[Slab], left: Array, u: float, J: Array, ends: tuple[Array, Array] | None = None
) -> tuple[Array, float]:
    """Concentrations in the right solution, and u there, from those on the left; ends: energies of the ions in both solutions."""
    c, w = np.array(left), np.zeros(len(z)) if ends is None else ends[0]
    for slab in slabs:
        y = step_at_face(z, c, slab.w(0.0) - w, slab.X)
        c, u = c * np.exp(w - slab.w(0.0) - z * y), u + y

        def rhs(s: float, state: Array, slab: Slab = slab) -> Array:
            c, g = state[:-1], J * slab.thickness / slab.D(s)
            du = -np.sum(z * (g + c * slab.slope(s))) / np.sum(z * z * c)
            return np.append(-z * c * du - c * slab.slope(s) - g, du)

        end = solve_ivp(rhs, (0.0, 1.0), np.append(c, u), method="DOP853", rtol=1e-13, atol=1e-14 * np.max(c)).y[:, -1]
        c, u, w = end[:-1], float(end[-1]), slab.w(1.0)
    last = np.zeros(len(z)) if ends is None else ends[1]
    y = step_at_face(z, c, last - w, 0.0)
    return c * np.exp(w - last - z * y), u + y


def planck_monovalent(U: tuple[float, float], W: tuple[float, float], c: tuple[float, float]) -> float:
    """u_left - u_right of ions with |z| = 1 by Planck's equation; U = sum D c of cations, W of anions, c all cations.

    The root is not one of the trivial ones, xi = c_right/c_left and c_left/c_right, where the equation has 0/0.
    """
    r = np.log(c[1] / c[0])

    def off(x: float) -> float:  # xi = e^x
        xi = np.exp(x)
        lhs = (xi * U[1] - U[0]) * (r + x) * (c[1] - xi * c[0])
        rhs = (W[1] - xi * W[0]) * (r - x) * (xi * c[1] - c[0])
        return float((lhs - rhs) / ((x - r) * (x + r)))

    grid = np.linspace(-abs(r) * 0.999, abs(r) * 0.999, 400)
    values = [off(x) for x in grid]
    crossing = next(i for i in range(len(grid) - 1) if values[i] * values[i + 1] < 0)
    return -float(brentq(off, grid[crossing], grid[crossing + 1], xtol=1e-15))
