"""M3: Goldman leaks for Na, K and Cl, a pump in proportion to the sodium inside, water of finite permeability, and no capacitor.

Per membrane area, u = w/A, N = [Na]_in, K = [K]_in, X = Q/u, v = V F/RT, B(x) = x/(e^x - 1):

    d(uN)/dt = P_Na [B(v) N_o - B(-v) N] - lambda N
    d(uK)/dt = P_K  [B(v) K_o - B(-v) K] + 2 lambda N/3
    du/dt    = L_p [N + K + Cl + X - S],            Cl = N + K + z X                      (electroneutrality)
    0        = a B(-v) - b B(v) + lambda N/3,       a = P_Na N + P_K K + P_Cl Cl_o,  b = P_Na N_o + P_K K_o + P_Cl Cl

The last line, the total current, gives v at every moment; it rises with v, so it has one root. Papers write it multiplied by e^v - 1, and
z = -1, for which N + K + Cl + X = 2 (N + K).

Sources: D. C. Tosteson & J. F. Hoffman, J. Gen. Physiol. 44, 169 (1960); F. C. Hoppensteadt & C. S. Peskin, Modeling and Simulation in
Medicine and the Life Sciences (2nd ed., Springer, 2002); F. Gabbiani & S. J. Cox, Mathematics for Neuroscientists (Academic Press, 2010).

All in SI. The steady state is a scalar root in arbitrary precision; transients go by Radau IIA, with v solved inside the right-hand side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import mpmath as mp
import numpy as np

from .pump_leak import bernoulli
from .radau import Array, graded_solve


@dataclass(frozen=True)
class GoldmanCell:
    """Parameters, SI: m/s, mol/m^3, Q in mol/m^2, L_p in m/s per mol/m^3. The defaults are the published ones."""

    P_Na: Any = 5e-9
    P_K: Any = 5e-7
    P_Cl: Any = 5e-5
    lambda_: Any = 1e-7
    N_o: Any = 116.0
    K_o: Any = 4.0
    Cl_o: Any = 120.0
    S: Any = 308.0
    Q: Any = 1.55e-12 / 8e-10
    z: Any = -1.0
    L_p: Any = 5e-10
    area: Any = 8e-10
    VT: Any = 25.8e-3

    def but(self, **changes: Any) -> GoldmanCell:
        return replace(self, **changes)


@dataclass(frozen=True)
class Rest:
    v: Any
    N: Any
    K: Any
    Cl: Any
    X: Any
    u: Any


def exact(p: GoldmanCell) -> GoldmanCell:
    return GoldmanCell(**{name: mp.mpf(float(value)) for name, value in vars(p).items()})


def rest_at(p: GoldmanCell, v: Any) -> tuple[Any, Any, Any, Any]:
    """(N, K, Cl, X) at which Na, K and Cl are balanced and the osmolarity is S, for a given v."""
    e = mp.expm1(v)
    N = p.N_o * v / (p.lambda_ / p.P_Na * e + v * mp.exp(v))
    K = (p.K_o * v * p.P_K + 2 * p.lambda_ / 3 * N * e) / (v * mp.exp(v) * p.P_K)
    Cl = p.Cl_o * mp.exp(v)
    return N, K, Cl, p.S - N - K - Cl


def steady(p: GoldmanCell) -> Rest | None:
    """The steady state, by bisection of the charge N + K - Cl + z X, which falls as v rises; None where the volume diverges."""
    p = exact(p)

    def charge(v: Any) -> Any:
        N, K, Cl, X = rest_at(p, v)
        return N + K - Cl + p.z * X

    low, high = mp.mpf(-15), mp.mpf(4)
    assert charge(low) > 0 > charge(high)
    for _ in range(int(3.4 * mp.mp.dps) + 10):
        middle = (low + high) / 2
        if middle == 0:  # removable in rest_at
            middle = high / 1024
        low, high = (middle, high) if charge(middle) > 0 else (low, middle)
    v = (low + high) / 2
    N, K, Cl, X = rest_at(p, v)
    return Rest(v, N, K, Cl, X, p.Q / X) if X > 0 else None


def potential(p: GoldmanCell, N: Any, K: Any, Cl: Any) -> Any:
    """v of zero total current (NumPy); Newton from the pump-free answer, real first, then twice more with any imaginary part."""
    a, b, pump = p.P_Na * N + p.P_K * K + p.P_Cl * p.Cl_o, p.P_Na * p.N_o + p.P_K * p.K_o + p.P_Cl * Cl, p.lambda_ * N / 3

    def newton(v: Any, a: Any, b: Any, pump: Any) -> Any:
        # (e^v - 1) of the current has no cancellation at any v, but its derivative vanishes at v = 0: step with that of the current
        value = a * _b(-v) - b * _b(v) + pump
        slope = -a * _b_prime(-v) - b * _b_prime(v)
        return value / slope

    v = np.log(b.real / a.real)
    for _ in range(60):
        step = newton(v, a.real, b.real, pump.real)
        v = v - np.clip(step, -1.0, 1.0)
        if np.max(np.abs(step)) < 1e-14:
            break
    for _ in range(2):
        v = v - newton(v, a, b, pump)
    return v


def _b(x: Any) -> Any:
    small = np.abs(x) < 1e-4
    safe = np.where(small, 1.0, x)
    return np.where(small, 1 - x / 2 + x**2 / 12, safe / np.expm1(safe))


def _b_prime(x: Any) -> Any:
    small = np.abs(x) < 1e-3
    safe = np.where(small, 1.0, x)
    e = np.expm1(safe)
    return np.where(small, -0.5 + x / 6 - x**3 / 180, (e - safe * (e + 1)) / e**2)


def rhs(p: GoldmanCell, u: Any, N: Any, K: Any) -> tuple[Any, Any, Any, Any, Any]:
    """(d(uN)/dt, d(uK)/dt, du/dt, v, Cl)."""
    X = p.Q / u
    Cl = N + K + p.z * X
    v = potential(p, N, K, Cl)
    dN = p.P_Na * (_b(v) * p.N_o - _b(-v) * N) - p.lambda_ * N
    dK = p.P_K * (_b(v) * p.K_o - _b(-v) * K) + 2 * p.lambda_ * N / 3
    return dN, dK, p.L_p * (N + K + Cl + X - p.S), v, Cl


@dataclass(frozen=True)
class Transient:
    """One cell at the times asked for."""

    N: Array
    K: Array
    Cl: Array
    w: Array
    V: Array


def integrate(p: GoldmanCell, start: tuple[float, float, float], times: Sequence[float], *, q: float = 0.1) -> Transient:
    """From start = (N, K, w) to times, s; states are ln of uN, uK, u over their start."""
    N0, K0, w0 = start
    u0 = w0 / p.area

    def parts(y: Array) -> tuple[Any, Any, Any]:
        u = u0 * np.exp(y[..., 2])
        return u, u0 * N0 * np.exp(y[..., 0]) / u, u0 * K0 * np.exp(y[..., 1]) / u

    def f(y: Array) -> Array:
        u, N, K = parts(y)
        dN, dK, du, _, _ = rhs(p, u, N, K)
        return np.stack([dN / (u * N), dK / (u * K), du / u], axis=-1)

    y = graded_solve(f, np.zeros((1, 3)), times, q=q, first=1e-3, longest=2000.0 * q)[0]
    u, N, K = parts(y)
    *_, v, Cl = rhs(p, u, N, K)
    return Transient(N, K, Cl, u * p.area, v * p.VT)


def spectrum(p: GoldmanCell, rest: Rest) -> list[Any]:
    """Eigenvalues (1/s) at the steady state of (uN, uK, u), central differences in high precision, v by root."""
    p = exact(p)

    def f(y: list[Any]) -> list[Any]:
        u, N, K = y[2], y[0] / y[2], y[1] / y[2]
        X = p.Q / u
        Cl = N + K + p.z * X
        a, b = p.P_Na * N + p.P_K * K + p.P_Cl * p.Cl_o, p.P_Na * p.N_o + p.P_K * p.K_o + p.P_Cl * Cl

        def current(v: Any) -> Any:
            return a * bernoulli(-v, mp.mp) - b * bernoulli(v, mp.mp) + p.lambda_ * N / 3

        v = mp.findroot(current, rest.v, tol=mp.mpf(10) ** (-2 * mp.mp.dps + 40))
        return [
            p.P_Na * (bernoulli(v, mp.mp) * p.N_o - bernoulli(-v, mp.mp) * N) - p.lambda_ * N,
            p.P_K * (bernoulli(v, mp.mp) * p.K_o - bernoulli(-v, mp.mp) * K) + 2 * p.lambda_ * N / 3,
            p.L_p * (N + K + Cl + X - p.S),
        ]

    y0 = [rest.u * rest.N, rest.u * rest.K, rest.u]
    return _eigenvalues(f, y0)


def _eigenvalues(f: Callable[[list[Any]], list[Any]], y0: list[Any]) -> list[Any]:
    J = mp.matrix(len(y0))
    for j, y in enumerate(y0):
        h = y * mp.mpf(10) ** (-mp.mp.dps // 3)
        up, down = f([*y0[:j], y + h, *y0[j + 1 :]]), f([*y0[:j], y - h, *y0[j + 1 :]])
        for i in range(len(y0)):
            J[i, j] = (up[i] - down[i]) / (2 * h) * y / y0[i]
    return sorted(mp.eig(J, left=False, right=False), key=lambda s: mp.re(s))


def free_energy(p: GoldmanCell, N: Any, K: Any, Cl: Any, w: Any, RT: float) -> Any:
    """G = RT sum[n ln(c/c_o) - n] + S RT w, J; without a capacitor there is no electric energy, and charge is balanced."""
    n_X = p.Q * p.area
    G = p.S * RT * w + RT * n_X * (np.log(n_X / w) - 1)
    return G + sum(RT * c * w * (np.log(c / out) - 1) for c, out in ((N, p.N_o), (K, p.K_o), (Cl, p.Cl_o)))
