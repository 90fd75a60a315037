"""What people write with Numba for the double layers of w4.py: rows under prange, plain loops along them."""

from __future__ import annotations

from math import asinh, exp, expm1, log, log1p, sqrt

import numpy as np
from w4 import EPS, K2, RADIUS, RT, F, H

B = sqrt(2 * K2)


def make(numba, parallel: bool) -> dict:
    """Return name of the workload -> compiled function of (sigma, dilution, out)."""
    prange = numba.prange

    @numba.njit(fastmath=True)
    def wall(g, cm, c2):
        u = -2 * asinh(g / sqrt(4 * cm))
        for _ in range(6):
            w = exp(u)
            root = sqrt(cm * w + c2)
            u -= ((1 / w - 1) * root - g) / (-root / w + (1 / w - 1) * 0.5 * cm * w / root)
        return u

    @numba.njit(fastmath=True)
    def slope(v, s):
        """d ln|u|/dx; the first integral divided by |u|, by its series where it would cancel."""
        a = exp(v)
        if a < 0.02:
            g = s * (
                150 * (0.5 + a * (1 / 6 + a * (1 / 24 + a / 120)))
                + 8 * (0.5 + 2 * a * (1 / 6 + 2 * a * (1 / 24 + 2 * a / 120)))
                + 154 * (0.5 - a * (1 / 6 - a * (1 / 24 - a / 120)))
            )
        else:
            p = expm1(a)
            g = s * (150 * p + 2 * p * (p + 2) + 154 * expm1(-a)) / (a * a)
        return -B * sqrt(g)

    def plane(sigma, dilution, out):
        for b in prange(sigma.size):
            cm, c2 = 154 * dilution[b], 2 * dilution[b]
            u = wall(-sigma[b] / sqrt(2 * EPS * RT), cm, c2)
            inner, outer = sqrt(156 * dilution[b]), sqrt(cm * exp(u) + c2)
            e = -cm * expm1(u) / (inner + outer) ** 2
            m = exp(-inner * B * H)
            for j in range(200):
                out[b, j] = log1p(-4 * 156 / 154 * e / (1 + e) ** 2)
                e *= m

    def general(sigma, dilution, out):
        for b in prange(sigma.size):
            s = dilution[b]
            v = log(-wall(-sigma[b] / sqrt(2 * EPS * RT), 154 * s, 2 * s))
            h = H / 2
            for j in range(200):
                out[b, j] = -exp(v)
                for _ in range(2):
                    k1 = slope(v, s)
                    k2 = slope(v + 0.5 * h * k1, s)
                    k3 = slope(v + 0.5 * h * k2, s)
                    k4 = slope(v + h * k3, s)
                    v += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    def sphere(sigma, dilution, out):
        """Second-order finite differences, ghost nodes at both ends, Newton with the Thomas algorithm."""
        a, n = RADIUS, 200
        for b in prange(sigma.size):
            s = dilution[b]
            kappa, up = sqrt(2 * K2 * 156 * s), -sigma[b] * F / (EPS * RT)
            u, cp, dp = np.empty(n), np.empty(n), np.empty(n)
            u0 = -2 * asinh(up / (2 * sqrt(2 * K2 * 154 * s)))
            for j in range(n):
                u[j] = u0 * exp(-kappa * j * H) * a / (a + j * H)
            for _ in range(30):
                for j in range(n):
                    r = a + j * H
                    w = exp(u[j])
                    rho = K2 * s * (154 * w - 150 / w - 4 / (w * w))
                    lo, hi = 1 / (H * H) - 1 / (r * H), 1 / (H * H) + 1 / (r * H)
                    di = -2 / (H * H) - K2 * s * (154 * w + 150 / w + 8 / (w * w))
                    if j == 0:
                        res = (lo + hi) * u[1] - 2 / (H * H) * u[0] - 2 * H * up * lo - rho
                        lo, hi = 0.0, lo + hi
                        cp[0], dp[0] = hi / di, -res / di
                        continue
                    if j == n - 1:
                        g = -(kappa + 1 / r)
                        res = (lo + hi) * u[n - 2] - 2 / (H * H) * u[j] + hi * 2 * H * g * u[j] - rho
                        di += hi * 2 * H * g
                        lo, hi = lo + hi, 0.0
                    else:
                        res = lo * u[j - 1] - 2 / (H * H) * u[j] + hi * u[j + 1] - rho
                    inverse = 1 / (di - lo * cp[j - 1])
                    cp[j] = hi * inverse
                    dp[j] = (-res - lo * dp[j - 1]) * inverse
                d, largest = 0.0, 0.0
                for j in range(n - 1, -1, -1):
                    d = dp[j] - cp[j] * d
                    u[j] += d
                    largest = max(largest, abs(d))
                if largest < 1e-6:
                    break
            for j in range(n):
                out[b, j] = u[j]

    compiled = numba.njit(parallel=parallel, fastmath=True)
    return {"plane": compiled(plane), "plane, general": compiled(general), "sphere": compiled(sphere)}
