"""Slow twins of membranes followed in time: finite volumes written down once more, given to an integrator of SciPy; a Laplace transform."""

from __future__ import annotations

from dataclasses import dataclass

import mpmath
import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from ionflux.constants import FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY

Array = NDArray[np.float64]


@dataclass
class Film:
    """Cells (n,) with width h, eps_r, fixed charge X; ions with z (S,), D and k (S, n); surface charge sigma (n + 1,) at nodes."""

    h: Array
    eps_r: Array
    X: Array
    z: Array
    D: Array
    k: Array
    sigma: Array
    T: float

    def potential(self, c: Array, V: float) -> Array:
        """Poisson's equation, dense: φ at the nodes from c/k, with V on the left and 0 on the right."""
        n = len(self.h)
        eps = VACUUM_PERMITTIVITY * self.eps_r / self.h
        A, b = np.zeros((n + 1, n + 1)), np.zeros(n + 1)
        A[0, 0] = A[n, n] = 1.0
        b[0] = V
        for k in range(1, n):
            A[k, k - 1], A[k, k], A[k, k + 1] = -eps[k - 1], eps[k - 1] + eps[k], -eps[k]
            for j in (k - 1, k):
                b[k] += FARADAY * 0.5 * self.h[j] * (self.X[j] + np.sum(self.z * self.k[:, j] * c[:, k]))
            b[k] += self.sigma[k]
        return np.linalg.solve(A, b)

    def fluxes(self, c: Array, phi: Array) -> Array:
        """Scharfetter and Gummel, (S, n)."""
        d = self.z[:, None] * np.diff(phi) * FARADAY / (GAS_CONSTANT * self.T)
        with np.errstate(divide="ignore", invalid="ignore"):
            B = np.where(np.abs(d) < 1e-6, 1 - d / 2, d / np.expm1(d))
            back = np.where(np.abs(d) < 1e-6, 1 + d / 2, -d / np.expm1(-d))
        return self.D * self.k / self.h * (B * c[:, :-1] - back * c[:, 1:])

    def follow(self, c: Array, V: float, t: Array, *, closed: bool = False) -> Array:
        """c/k (nt, S, n + 1) at times after V was applied to a film with c/k; the potential is eliminated, the rest is an ODE."""
        S, n = self.D.shape
        volume = np.zeros((S, n + 1))
        volume[:, :-1] += 0.5 * self.h * self.k
        volume[:, 1:] += 0.5 * self.h * self.k

        def rate(_: float, y: Array) -> Array:
            now = y.reshape(S, n + 1)
            J = self.fluxes(now, self.potential(now, V))
            gain = np.zeros((S, n + 1))
            gain[:, 1:] += J
            gain[:, :-1] -= J
            if not closed:
                gain[:, [0, -1]] = 0.0
            return (gain / volume).ravel()

        found = solve_ivp(rate, (0.0, t[-1]), c.ravel(), method="Radau", t_eval=t, rtol=1e-9, atol=1e-9 * np.max(c))
        return np.asarray(found.y.T.reshape(len(t), S, n + 1))


def charging(epsilon: float, t: float) -> float:
    """q/v of a linear blocking cell, of the Debye length epsilon in halves of the gap, t in λL/D: Bazant, Thornton & Ajdari (2004)."""

    def transform(s: mpmath.mpf) -> mpmath.mpf:
        k = mpmath.sqrt(s / epsilon + 1 / mpmath.mpf(epsilon) ** 2)
        field = mpmath.sinh(k) / (epsilon * k) ** 2 + k * mpmath.cosh(k) * (1 - 1 / (epsilon * k) ** 2)
        return (mpmath.cosh(k) - 1) / k / field / s

    with mpmath.workdps(30):
        return float(mpmath.invertlaplace(transform, t, method="talbot", degree=24))


def blocking_impedance(omega: Array, L: float, D: float, debye: float, eps_r: float) -> NDArray[np.complex128]:
    """Of a gap of 2L with a 1:1 salt of equal D, linear, Ω m²: the transform of the Debye–Falkenhagen equation."""
    k = np.sqrt(1 / debye**2 + 1j * omega / D)
    eps = VACUUM_PERMITTIVITY * eps_r
    return np.asarray(2 / (1j * omega * eps * k**2) * (np.tanh(k * L) / (debye**2 * k) + 1j * omega * L / D))
