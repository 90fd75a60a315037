"""Every rate law as its equation, one function per mechanism class, for NumPy arrays or 40-digit numbers.

A twin gives the rate of a mechanism, cycles per membrane area and time (mol m^-2 s^-1; positive in the direction that its ``moves`` is
written in, into the cell), and beside it the size of the terms that the rate is the sum of, which is what round-off is measured against.

    ohmic leak       g (E - V)/(z F),  E = (RT/zF) ln(c_o/c_i), or E given
    channel          a leak times the openness of its gates, times q10^((T - T_ref)/10)
    Goldman leak     P [B(zu) c_o - B(-zu) c_i],  B(x) = x/(e^x - 1),  u = V F/RT
    KCC2             (g/F) (E_K - E_Cl);  NKCC1  (g/F) (E_Na + E_K - 2 E_Cl)
    Na/K pumps       J_max;  J_max (Na_i/Na_o)^3;  k Na_i;  J_max (Na_i/(K_Na + Na_i))^3 (K_o/(K_K + K_o))^2
    current clamp    i/(zF) of its carrier, or I/(zF A); without a carrier of single positive charges

Written from the papers named in the mechanisms' docstrings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

from .pump_leak import F_CODATA, R_CODATA


@dataclass(frozen=True)
class Point:
    """Where a rate is asked for; arrays or single numbers. c_in, c_out by name of the ion (or pool); area where a law needs it."""

    V: Any
    c_in: dict[str, Any]
    c_out: dict[str, Any]
    T: Any = 310.15
    area: Any = 1.0
    math: Any = np

    @property
    def F(self) -> Any:
        return self.exactly(F_CODATA)

    @property
    def VT(self) -> Any:
        return self.exactly(R_CODATA) * self.T / self.F

    def exactly(self, x: Any) -> Any:
        return mp.mpf(x) if self.math is not np else x

    def E(self, ion: Any) -> Any:
        return self.VT / ion.z * self.math.log(self.c_out[ion.name] / self.c_in[ion.name])


Rate = tuple[Any, Any]


def bernoulli(x: Any, m: Any) -> Any:
    if m is not np:
        return mp.mpf(1) if x == 0 else x / mp.expm1(x)
    x = np.asarray(x)
    small = np.abs(x) < 1e-5
    safe = np.where(small, 1.0, x)
    with np.errstate(over="ignore"):
        return np.where(small, 1 - x / 2 + x * x / 12, safe / np.expm1(safe))


def leak(m: Any, at: Point) -> Rate:
    z = m.ion.z
    if m.P is not None:
        P, u = at.exactly(m.P), at.V / at.VT
        into, out = bernoulli(z * u, at.math) * at.c_out[m.ion.name], bernoulli(-z * u, at.math) * at.c_in[m.ion.name]
        return P * (into - out), P * (into + out) * (1 + abs(z * u))
    g = at.exactly(m.g)
    if m.E is not None:
        E = at.exactly(m.E) + 0 * at.V
        return g * (E - at.V) / (z * at.F), g * (abs(E) + abs(at.V)) / at.F
    logs = abs(at.math.log(at.c_out[m.ion.name])) + abs(at.math.log(at.c_in[m.ion.name]))
    return g * (at.E(m.ion) - at.V) / (z * at.F), g * (at.VT * logs + abs(at.V)) / at.F


def channel(m: Any, at: Point) -> Rate:
    """A leak whose size follows the temperature."""
    rate, size = leak(m, at)
    if m.T_ref is None:
        return rate, size
    q = at.exactly(m.q10_g) ** ((at.T - at.exactly(m.T_ref)) / 10)
    return q * rate, q * size * (1 + abs(at.T - m.T_ref))


def hodgkin_huxley(gates: tuple[str, ...]) -> Callable[[Any, Point], Rate]:
    """A channel of the squid axon, gates at their steady values; per ms and mV as printed (in the modern sign)."""

    def twin(m: Any, at: Point) -> Rate:
        v, exp = at.V * 1000, at.math.exp
        steep = 1 + abs(v)
        alpha = {
            "m": bernoulli(-(v + 40) / 10, at.math),
            "h": 7 * exp(-(v + 65) / 20) / 100,
            "n": bernoulli(-(v + 55) / 10, at.math) / 10,
        }
        beta = {"m": 4 * exp(-(v + 65) / 18), "h": 1 / (1 + exp(-(v + 35) / 10)), "n": exp(-(v + 65) / 80) / 8}
        rate, size = leak(m, at)
        for gate in gates:
            open_ = alpha[gate] / (alpha[gate] + beta[gate])
            rate, size = rate * open_, size * open_
        return rate, size * (1 + len(gates) * steep)

    return twin


def cotransport(g: Any, at: Point, terms: tuple[tuple[int, str, int], ...]) -> Rate:
    """(g/F) sum of n E over (n, ion, z); the log of each concentration is a term of its own."""
    g = at.exactly(g)
    total, size = 0 * at.V, 0 * at.V
    for n, name, z in terms:
        into, out = at.math.log(at.c_out[name]), at.math.log(at.c_in[name])
        total = total + n * at.VT / z * (into - out)
        size = size + abs(n) * at.VT * (abs(into) + abs(out))
    return g / at.F * total, g / at.F * size


def kcc2(m: Any, at: Point) -> Rate:
    """(g/F)(E_K - E_Cl)."""
    return cotransport(m.g, at, ((1, "K", 1), (-1, "Cl", -1)))


def nkcc1(m: Any, at: Point) -> Rate:
    """(g/F)(E_Na + E_K - 2 E_Cl)."""
    return cotransport(m.g, at, ((1, "Na", 1), (1, "K", 1), (-2, "Cl", -1)))


def hill_pump(m: Any, at: Point) -> Rate:
    Na, K = at.c_in["Na"], at.c_out["K"]
    rate = at.exactly(m.J_max) * (Na / (at.exactly(m.K_Na) + Na)) ** 3 * (K / (at.exactly(m.K_K) + K)) ** 2
    return rate, abs(rate)


def constant_pump(m: Any, at: Point) -> Rate:
    rate = at.exactly(m.J_max) + 0 * at.V
    return rate, abs(rate)


def cubic_pump(m: Any, at: Point) -> Rate:
    rate = at.exactly(m.J_max) * (at.c_in["Na"] / at.c_out["Na"]) ** 3
    return rate, abs(rate)


def linear_pump(m: Any, at: Point) -> Rate:
    rate = at.exactly(m.k) * at.c_in["Na"]
    return rate, abs(rate)


def current_clamp(m: Any, at: Point) -> Rate:
    """Positive into the cell; a carrier of negative charge moves the other way."""
    z = 1 if m.carrier is None else m.carrier.z
    i = at.exactly(m.i) if m.i is not None else at.exactly(m.I) / at.exactly(at.area)
    rate = i / (z * at.F) + 0 * at.V
    return rate, abs(rate)


#: by the name of the class. What has no rate of its own (water, voltage clamp) is tested where it acts: see tests/conformance
RATES: dict[str, Callable[[Any, Point], Rate]] = {
    "Leak": leak,
    "Channel": channel,
    "HHNa": hodgkin_huxley(("m", "m", "m", "h")),
    "HHK": hodgkin_huxley(("n", "n", "n", "n")),
    "KCC2": kcc2,
    "NKCC1": nkcc1,
    "NaKATPase": hill_pump,
    "ConstantNaKATPase": constant_pump,
    "CubicNaKATPase": cubic_pump,
    "LinearNaKATPase": linear_pump,
    "CurrentClamp": current_clamp,
}


def affinity(moves: Any, charge: int, at: Point) -> Rate:
    """J per mol of cycles: A = RT sum of nu ln(c_o/c_i) - q F V, set free by a passive cycle into the cell; and its size."""
    RT = at.exactly(R_CODATA) * at.T
    total, size = -charge * at.F * at.V, abs(charge * at.F * at.V)
    for ion, nu in moves.items():
        into, out = at.math.log(at.c_out[ion.name]), at.math.log(at.c_in[ion.name])
        total, size = total + RT * nu * (into - out), size + RT * abs(nu) * (abs(into) + abs(out))
    return total, size


def water(m: Any, inside: Any, outside: Any, area: Any) -> Any:
    """dw/dt, m^3/s: P_f V_w A (Pi_in - Pi_out), or hydraulic (Pi_in - Pi_out)."""
    strength = m.hydraulic if m.P_f is None else m.P_f * m.V_w * area
    return strength * (inside - outside)
