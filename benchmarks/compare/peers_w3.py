"""Current-voltage curves of a charged membrane in a loop compiled by Numba: the best that one gets without leaving Python.

The same finite volumes, dense 4 x 4 blocks, each voltage started from its neighbour. Imported by w3.py when Numba is there.
"""

from math import expm1, log, sqrt

import numba
import numpy as np

R, F, EPS0, T = 8.31446261815324, 96485.33212331, 8.8541878128e-12, 310.15
VT, H = R * T / F, 0.125e-9
EB, EM, DM = 74.2 * EPS0, 40.0 * EPS0, 0.1
D0, D1, D2 = 1.96e-9 / 2e-9, 1.33e-9 / 2e-9, 2.03e-9 / 2e-9


@numba.njit(fastmath=True)
def newton(V, X, KR, y, W, g):
    """One voltage: Newton's method with a block Thomas solve."""
    N = 200
    lam = F * H * H / VT
    z = (1.0, 1.0, -1.0)
    Dk = (D0, D1, D2)
    y[0, 0] = V / VT
    J0, b0, bm0, dj0 = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    J, bz, bmz, dj = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    M, dl, nw = np.empty((4, 9)), np.zeros(4), np.empty(4)
    for _it in range(40):
        for k in range(N):
            mem = 80 <= k < 120
            er = EM if mem else EB
            el = EM if 80 <= k - 1 < 120 else EB
            w = DM if mem else 1.0
            d = y[k + 1, 0] - y[k, 0]
            if abs(d) < 1e-3:
                b = 1 - d / 2 + d * d / 12
                db = -0.5 + d / 6
            else:
                em = expm1(d)
                b = d / em
                db = 1 / em - d * (em + 1) / (em * em)
            for i in range(3):
                if i < 2:
                    B, Bm, dz, dm = b, b + d, db, db + 1
                else:
                    B, Bm, dz, dm = b + d, b, db + 1, db
                ww = w * Dk[i]
                bz[i], bmz[i] = ww * B, ww * Bm
                J[i] = bz[i] * y[k, 1 + i] - bmz[i] * y[k + 1, 1 + i]
                dj[i] = ww * (dz * y[k, 1 + i] - dm * y[k + 1, 1 + i])
            if k > 0:
                xf = 1.0 if 80 < k < 120 else (0.5 if k == 80 or k == 120 else 0.0)
                M[:, :] = 0.0
                M[0, 0] = -(el + er)
                M[0, 1] = M[0, 2] = lam
                M[0, 3] = -lam
                M[0, 4] = er
                M[0, 8] = -(el * (y[k - 1, 0] - y[k, 0]) + er * d + lam * (y[k, 1] + y[k, 2] - y[k, 3] + xf * X))
                for i in range(3):
                    M[1 + i, 0] = dj0[i] + dj[i]
                    M[1 + i, 1 + i] = -bm0[i] - bz[i]
                    M[1 + i, 4] = -dj[i]
                    M[1 + i, 5 + i] = bmz[i]
                    M[1 + i, 8] = J[i] - J0[i]
                if k > 1:
                    for j in range(4):
                        gg = W[k - 1, 0, j]
                        M[0, j] -= el * gg
                        for i in range(3):
                            M[1 + i, j] -= b0[i] * W[k - 1, 1 + i, j] - dj0[i] * gg
                    M[0, 8] -= el * g[k - 1, 0]
                    for i in range(3):
                        M[1 + i, 8] -= b0[i] * g[k - 1, 1 + i] - dj0[i] * g[k - 1, 0]
                for p in range(3, -1, -1):
                    iv = 1.0 / M[p, p]
                    for j in range(9):
                        M[p, j] *= iv
                    for i in range(4):
                        if i != p:
                            c = M[i, p]
                            for j in range(9):
                                M[i, j] -= c * M[p, j]
                for i in range(4):
                    for j in range(4):
                        W[k, i, j] = M[i, 4 + j]
                    g[k, i] = M[i, 8]
            for i in range(3):
                J0[i], b0[i], bm0[i], dj0[i] = J[i], bz[i], bmz[i], dj[i]
        mx = 0.0
        dl[:] = 0.0
        for k in range(N - 1, 0, -1):
            for i in range(4):
                s = g[k, i]
                for j in range(4):
                    s -= W[k, i, j] * dl[j]
                nw[i] = s
            dl[:] = nw
            y[k, 0] += min(max(dl[0], -2.0), 2.0)
            for i in range(1, 4):
                y[k, i] = max(y[k, i] + dl[i], 0.1 * y[k, i])
            mx = max(mx, abs(dl[0]))
        if mx < 1e-7:
            break
    d = y[1, 0] - y[0, 0]
    b = d / expm1(d) if abs(d) > 1e-9 else 1 - d / 2
    s = 0.0
    for i in range(3):
        B, Bm = (b, b + d) if i < 2 else (b + d, b)
        s += z[i] * Dk[i] * (B * y[0, 1 + i] - Bm * y[1, 1 + i])
    return s * F / H * 2e-9


@numba.njit(fastmath=True)
def curve(X, KR, Vs, I):
    """One curve, from V = 0 outwards, each voltage starting from its neighbour."""
    y, y0, W, g = np.empty((201, 4)), np.empty((201, 4)), np.empty((200, 4, 4)), np.empty((200, 4))
    r = X / 300.0
    q = sqrt(1 + r * r) - r
    for k in range(201):
        s = min(max((k - 80) / 40.0, 0.0), 1.0)
        e = q if 80 < k < 120 else (sqrt(q) if k == 80 or k == 120 else 1.0)
        y[k, 0] = -log(e)
        y[k, 1] = (140.0 * (1 - s) + KR * s) * e
        y[k, 2] = (10.0 * (1 - s) + (150 - KR) * s) * e
        y[k, 3] = 150.0 / e
    I[20] = newton(0.0, X, KR, y, W, g)
    y0[:] = y
    for k in range(21, 41):
        I[k] = newton(Vs[k], X, KR, y, W, g)
    y[:] = y0
    for k in range(19, -1, -1):
        I[k] = newton(Vs[k], X, KR, y, W, g)


def curves(P, Vs, I):
    """Many curves: rows of P are the fixed charge and K on the right."""
    for i in numba.prange(P.shape[0]):
        curve(P[i, 0], P[i, 1], Vs, I[i])


in_parallel = numba.njit(curves, parallel=True)
