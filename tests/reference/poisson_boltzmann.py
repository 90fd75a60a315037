"""The Poisson–Boltzmann equation the slow way: many digits, adaptive quadrature, a boundary-value solver. SI; potentials in RT/F.

Written from the equations; shares nothing with the package but the constants of nature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any

import mpmath as mp
import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad, solve_bvp
from scipy.optimize import brentq
from scipy.special import kve

F, R, EPS0, N_A = "96485.3321233100184", "8.31446261815324", "8.8541878188e-12", 6.02214076e23


@dataclass(frozen=True)
class Solution:
    """Valences and concentrations (mol/m³) far away; a: lattice size of the ions, m, 0 for points."""

    z: tuple[float, ...]
    c: tuple[float, ...]
    eps_r: float
    T: float
    a: float = 0.0

    @property
    def VT(self) -> float:
        return float(R) * self.T / float(F)

    @property
    def kappa(self) -> float:
        strength = sum(z * z * c for z, c in zip(self.z, self.c, strict=True))
        return sqrt(float(F) ** 2 * strength / (self.eps_r * float(EPS0) * float(R) * self.T))

    def excess(self, u: Any) -> Any:
        """∫ −Σ z c e^{−zu}/D du, mol/m³: the osmotic pressure over RT, in mpmath's working precision."""
        total = mp.fsum(mp.mpf(c) * (mp.expm1(-mp.mpf(z) * u) + mp.mpf(z) * u) for z, c in zip(self.z, self.c, strict=True))
        if not self.a:
            return total
        v = mp.mpf(N_A) * mp.mpf(self.a) ** 3
        return mp.log1p(v * total) / v  # Σ zc = 0 but for rounding

    def sigma(self, u: Any) -> Any:
        """Grahame: surface charge of a plane, C/m²."""
        with mp.workdps(50):
            u = mp.mpf(u)
            size = mp.sqrt(2 * mp.mpf(self.eps_r) * mp.mpf(EPS0) * mp.mpf(R) * mp.mpf(self.T) * self.excess(u))
            return size if u > 0 else -size

    def capacitance(self, u: float) -> float:
        """dσ/dψ, F/m²."""
        with mp.workdps(50):
            h = mp.mpf(10) ** -15 * abs(mp.mpf(u))
            rise = (self.sigma(mp.mpf(u) + h) - self.sigma(mp.mpf(u) - h)) / (2 * h)
            return float(rise / (mp.mpf(R) * mp.mpf(self.T) / mp.mpf(F)))

    def distance(self, u_wall: float, u: float) -> float:
        """x at which the potential of a plane has fallen from u_wall to u, m."""
        with mp.workdps(30):
            B = mp.sqrt(2 * mp.mpf(F) ** 2 / (mp.mpf(self.eps_r) * mp.mpf(EPS0) * mp.mpf(R) * mp.mpf(self.T)))
            side = 1 if u_wall > 0 else -1

            def per_log(v: Any) -> Any:
                size = mp.exp(v)
                return size / mp.sqrt(self.excess(side * size))

            lo, hi = mp.log(abs(mp.mpf(u))), mp.log(abs(mp.mpf(u_wall)))
            panels = mp.linspace(lo, hi, 2 + int((hi - lo) / mp.mpf("0.7")))
            return float(mp.quad(per_log, panels) / B)

    def force(self, u: Any) -> Any:
        """u'' in Debye lengths (a plane), double precision."""
        strength = sum(z * z * c for z, c in zip(self.z, self.c, strict=True))
        charge = sum(z * c * np.exp(-z * u) for z, c in zip(self.z, self.c, strict=True))
        if self.a:
            v = N_A * self.a**3
            charge = charge / (1.0 + v * sum(c * np.expm1(-z * u) for z, c in zip(self.z, self.c, strict=True)))
        return -charge / strength


def curved(s: Solution, bend: int, radius: float, field: float, points: Sequence[float]) -> tuple[float, NDArray[np.float64]]:
    """u at the wall and at distances x, m, outside a sphere (bend 2) or cylinder (1) whose field −du/dx is `field` per Debye length.

    A boundary-value problem on 0 … 25 Debye lengths with the decay of the linear solution at the end.
    """
    a, end = s.kappa * radius, 25.0
    r = a + end
    decay = 1.0 + 1.0 / r if bend == 2 else float(kve(1, r) / kve(0, r))

    def slope(t: Any, y: Any) -> Any:
        return np.array([y[1], s.force(y[0]) - bend / (a + t) * y[1]])

    def ends(here: Any, there: Any) -> Any:
        return np.array([here[1] + field, there[1] + decay * there[0]])

    t = np.concatenate([[0.0], np.geomspace(1e-3, end, 160)])
    flat = 2.0 * np.arcsinh(0.5 * field / (1.0 + 0.5 * bend / a))
    start = flat * np.exp(-t) * (a / (a + t)) ** (0.5 * bend)
    answer = solve_bvp(slope, ends, t, np.array([start, -start]), tol=1e-11, max_nodes=100_000)
    assert answer.status == 0, answer.message
    return float(answer.sol(0.0)[0]), answer.sol(s.kappa * np.asarray(points))[0]


def rest(y: float) -> float:
    """e^y − 1 − y."""
    return y * y * (0.5 + y * (1 / 6 + y * (1 / 24 + y * (1 / 120 + y / 720)))) if abs(y) < 1e-3 else float(np.expm1(y)) - y


def slit(s: Solution, separation: float, *, u_wall: float | None = None, field: float | None = None) -> tuple[float, float, float]:
    """u in the middle, u at the wall and field at the wall (per Debye length) by quadrature of the first integral and bisection."""
    half = 0.5 * s.kappa * separation
    strength = sum(z * z * c for z, c in zip(s.z, s.c, strict=True))

    def gap(step: float, u_mid: float) -> float:
        """(Excess at u_mid + step less excess at u_mid)/strength; no cancellation at small steps or small u_mid."""
        force = -sum(z * c * np.expm1(-z * u_mid) for z, c in zip(s.z, s.c, strict=True))
        return (sum(c * exp(-z * u_mid) * rest(-z * step) for z, c in zip(s.z, s.c, strict=True)) + step * force) / strength

    def wall(u_mid: float) -> float:
        """u at the wall: where the field is right, or as given."""
        if u_wall is not None:
            return u_wall
        assert field is not None
        side = 1.0 if field > 0 else -1.0
        return u_mid + side * brentq(lambda d: gap(side * d, u_mid) - 0.5 * field**2, 0.0, 60.0, xtol=1e-15, rtol=1e-15)

    def length(u_mid: float) -> float:
        span = wall(u_mid) - u_mid
        # u = u_mid + span s²; the root at s = 0 cancels
        return quad(lambda t: 2.0 * abs(span) * t / sqrt(2.0 * gap(span * t * t, u_mid)), 0.0, 1.0, epsabs=0, epsrel=1e-12, limit=400)[0]

    side = 1.0 if (u_wall if u_wall is not None else field or 0.0) > 0 else -1.0
    if u_wall is not None:
        top = log(abs(u_wall) * (1 - 1e-13))
    else:  # the charge between the walls is at least that of the middle everywhere
        assert field is not None
        top = brentq(lambda v: abs(s.force(side * exp(v))) * half - abs(field) * (1 - 1e-12), -60.0, log(300.0 / max(map(abs, s.z))))
    middle = side * exp(brentq(lambda v: length(side * exp(v)) - half, -40.0, top, xtol=1e-13))
    outer = wall(middle)
    return middle, outer, side * sqrt(2.0 * gap(outer - middle, middle))
