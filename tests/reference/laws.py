"""Every rate law as its equation, one function per mechanism class, for NumPy arrays or 40-digit numbers.

A twin gives the rate of a mechanism, cycles per membrane area and time (mol m^-2 s^-1; positive in the direction that its ``moves`` is
written in, into the cell), and beside it the size of the terms that the rate is the sum of, which is what round-off is measured against.

    ohmic leak       g (E - V)/(z F),  E = (RT/zF) ln(c_o/c_i), or E given
    channel          a leak times the openness of its gates, times q10^((T - T_ref)/10)
    Goldman leak     P [B(zu) c_o - B(-zu) c_i],  B(x) = x/(e^x - 1),  u = V F/RT
    KCC2             (g/F) (E_K - E_Cl);  NKCC1  (g/F) (E_Na + E_K - 2 E_Cl)
    Na/K pumps       J_max;  J_max (Na_i/Na_o)^3;  k Na_i;  J_max (Na_i/(K_Na + Na_i))^3 (K_o/(K_K + K_o))^2
    published pumps  Hill, sigmoids, two populations, dependent on V, dependent on ATP: see each
    exchangers       k [what comes in e^(-(1-g)qu) - what goes out e^(gqu)], with or without saturation
    cycles           N (prod a+ - prod a-)/(sum of the spanning products): see `cycle_pump`, `proton_pump`
    current clamp    i/(zF) of its carrier, or I/(zF A); without a carrier of single positive charges

Written from the papers named in the mechanisms' docstrings.
"""

from __future__ import annotations

import math
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
    if isinstance(x, float) and 1e-5 < abs(x) < 700.0:
        return x / math.expm1(x)
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


def rectified(openness: Callable[[Any, Point, Any], Any]) -> Callable[[Any, Point], Rate]:
    """A channel for K that closes as V rises above E_K."""

    def twin(m: Any, at: Point) -> Rate:
        rate, size = leak(m, at)
        above = at.V - (at.exactly(m.E) if m.E is not None else at.E(m.ion))
        f = openness(m, at, above)
        return rate * f, size * f * (1 + 10 * abs(above / at.VT))

    return twin


def kir(m: Any, at: Point, above: Any) -> Any:
    """1/(2 + e^(1.62 (V - E) F/RT)) K_o/(K_o + 13)."""
    Ko = at.c_out["K"]
    return Ko / (Ko + at.exactly(m.K_half)) / (2 + at.math.exp(at.exactly(1.62) * above / at.VT))


def kir_boltzmann(m: Any, at: Point, above: Any) -> Any:
    return 1 / (1 + at.math.exp(-(above - at.exactly(m.V_half)) / at.exactly(m.width)))


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


def per_logarithm(m: Any, at: Point) -> Any:
    """The conductance that is U F^2/RT, or the one given."""
    return m.g if getattr(m, "g", None) is not None else at.exactly(m.U) * at.F / at.VT


def kcc2(m: Any, at: Point) -> Rate:
    """(g/F)(E_K - E_Cl)."""
    return cotransport(per_logarithm(m, at), at, ((1, "K", 1), (-1, "Cl", -1)))


def nkcc1(m: Any, at: Point) -> Rate:
    """(g/F)(E_Na + E_K - 2 E_Cl)."""
    return cotransport(per_logarithm(m, at), at, ((1, "Na", 1), (1, "K", 1), (-2, "Cl", -1)))


def gated_nkcc1(m: Any, at: Point) -> Rate:
    """U/(1 + e^((K_half - K_o)/width)) ln(Na_o K_o Cl_o^2 / Na_i K_i Cl_i^2)."""
    y = (at.exactly(m.K_half) - at.c_out["K"]) / at.exactly(m.K_width)
    gate = 1 / (1 + at.math.exp(y))
    rate, size = nkcc1(m, at)
    return gate * rate, gate * size * (1 + abs(y))


def mass_action(k: Any, at: Point, into: tuple[str, ...], out: tuple[str, ...], charge: int = 0, gamma: Any = 0) -> Rate:
    """k [prod of what comes in e^(-(1 - gamma) q u) - prod of what goes out e^(gamma q u)]; names with their side."""
    q_u, e = charge * at.V / at.VT, at.math.exp
    forward, backward = e(-(1 - gamma) * q_u), e(gamma * q_u)
    for sides, product in ((into, "forward"), (out, "backward")):
        for name in sides:
            side, ion = name.split(".")
            c = getattr(at, f"c_{side}")[ion]
            forward, backward = (forward * c, backward) if product == "forward" else (forward, backward * c)
    return k * (forward - backward), k * (forward + backward) * (len(into) + len(out) + abs(q_u))


NA_CA = ("out.Na", "out.Na", "out.Na", "in.Ca"), ("in.Na", "in.Na", "in.Na", "out.Ca")


def ncx(m: Any, at: Point) -> Rate:
    """k (Na_o^3 Ca_i e^(-(1 - gamma) u) - Na_i^3 Ca_o e^(gamma u))."""
    return mass_action(at.exactly(m.k), at, *NA_CA, 1, at.exactly(m.gamma))


def luo_rudy_ncx(m: Any, at: Point) -> Rate:
    """The same over (K_Na^3 + Na_o^3)(K_Ca + Ca_o)(1 + k_sat e^((gamma - 1) u))."""
    x, u = at.exactly, at.V / at.VT
    rate, size = mass_action(x(m.J_max), at, *NA_CA, 1, x(m.gamma))
    saturated = (x(m.K_Na) ** 3 + at.c_out["Na"] ** 3) * (x(m.K_Ca) + at.c_out["Ca"])
    saturated = saturated * (1 + x(m.k_sat) * at.math.exp((x(m.gamma) - 1) * u))
    return rate / saturated, size / saturated


def nhe(m: Any, at: Point) -> Rate:
    return mass_action(at.exactly(m.k), at, ("out.Na", "in.H"), ("in.Na", "out.H"))


def ae(m: Any, at: Point) -> Rate:
    return mass_action(at.exactly(m.k), at, ("out.Cl", "in.HCO3"), ("in.Cl", "out.HCO3"))


def mass_action_kcc2(m: Any, at: Point) -> Rate:
    return mass_action(at.exactly(m.k), at, ("out.K", "out.Cl"), ("in.K", "in.Cl"))


def mass_action_nkcc1(m: Any, at: Point) -> Rate:
    return mass_action(at.exactly(m.k), at, ("out.Na", "out.K", "out.Cl", "out.Cl"), ("in.Na", "in.K", "in.Cl", "in.Cl"))


def nbc(m: Any, at: Point) -> Rate:
    """(g/F) (E_Na - n E_HCO3 + (n - 1) V)."""
    rate, size = cotransport(m.g, at, ((1, "Na", 1), (-m.n, "HCO3", -1)))
    g = at.exactly(m.g)
    return rate + g / at.F * (m.n - 1) * at.V, size + g / at.F * (m.n - 1) * abs(at.V)


def glutamate_rates(m: Any, at: Point) -> tuple[list[Any], list[Any]]:
    x, u, e = at.exactly, at.V / at.VT, at.math.exp
    loaded, returning = [], []
    for side in (at.c_out, at.c_in):
        load = (side["Na"] / x(m.K_Na)) ** 3 * side["H"] / x(m.K_H) * side["Glutamate"] / x(m.K_Glutamate)
        back = side["K"] / x(m.K_K)
        loaded.append(load / (1 + load + back))
        returning.append(back / (1 + load + back))
    return [loaded[0] * e(-u), returning[1]], [loaded[1] * e(u), returning[0]]


def eaat(m: Any, at: Point) -> Rate:
    v, size = ring(*glutamate_rates(m, at))
    J = at.exactly(m.J_max)
    return J * v, J * size * (8 + abs(at.V / at.VT))


def pmca(m: Any, at: Point) -> Rate:
    """J_max Ca^n/(K_Ca^n + Ca^n) ATP/(K_ATP + ATP)."""
    Ca, K = at.c_in["Ca"], at.exactly(m.K_Ca)
    rate = at.exactly(m.J_max) * Ca**m.n_Ca / (K**m.n_Ca + Ca**m.n_Ca)
    if m.K_ATP is not None:
        rate = rate * at.c_in["ATP"] / (at.exactly(m.K_ATP) + at.c_in["ATP"])
    return rate, abs(rate)


def atp_supply(m: Any, at: Point) -> Rate:
    """Per volume: production, or k (rest - ATP); times ADP/(K_ADP + ADP)."""
    x = at.exactly
    if m.k is None:
        rate, size = x(m.production) + 0 * at.V, x(m.production) + 0 * at.V
    else:
        rate, size = x(m.k) * (x(m.rest) - at.c_in["ATP"]), x(m.k) * (x(m.rest) + at.c_in["ATP"])
    bound = 1 if m.K_ADP is None else at.c_in["ADP"] / (x(m.K_ADP) + at.c_in["ADP"])
    return rate * bound, size * bound


def atp_use(m: Any, at: Point) -> Rate:
    rate = at.exactly(m.rate) * at.c_in["ATP"] / at.exactly(m.at)
    return rate, abs(rate)


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


def hill(c: Any, K: Any, n: Any) -> Any:
    return 1 / (1 + (K / c) ** n)


def hill_exponents(m: Any, at: Point) -> Rate:
    """J_max Na^n/(K_Na^n + Na^n) K^m/(K_K^m + K^m)."""
    J, K_Na, n, K_K, k = map(at.exactly, (m.J_max, m.K_Na, m.n_Na, m.K_K, m.n_K))
    Na, K = at.c_in["Na"], at.c_out["K"]
    rate = J * hill(Na, K_Na, n) * hill(K, K_K, k)
    return rate, rate * (1 + n * abs(at.math.log(Na)) + k * abs(at.math.log(K)))  # the exponents are those of an exponential


def luo_rudy_pump(m: Any, at: Point) -> Rate:
    """J_max f Na^n/(K_Na^n + Na^n) K/(K_K + K), f = 1/(1 + 0.1245 e^(-0.1u) + 0.0365 sigma e^-u), sigma = (e^(Na_o/67.3) - 1)/7."""
    x, u = at.exactly, at.V / at.VT
    Na, K, out = at.c_in["Na"], at.c_out["K"], at.c_out["Na"]
    sigma = (at.math.exp(out / x(67.3)) - 1) / 7
    f = 1 / (1 + x(0.1245) * at.math.exp(x(-0.1) * u) + x(0.0365) * sigma * at.math.exp(-u))
    rate = x(m.J_max) * f * hill(Na, x(m.K_Na), x(m.n_Na)) * K / (x(m.K_K) + K)
    return rate, rate * (1 + x(m.n_Na) * abs(at.math.log(Na)) + abs(u) + out / 67)


def sigmoid_pump(m: Any, at: Point) -> Rate:
    """J_max / {[1 + e^((Na_half - Na)/width)] [1 + e^((K_half - K)/width)]}."""
    x = at.exactly
    y, z = (x(m.Na_half) - at.c_in["Na"]) / x(m.Na_width), (x(m.K_half) - at.c_out["K"]) / x(m.K_width)
    rate = x(m.J_max) / ((1 + at.math.exp(y)) * (1 + at.math.exp(z)))
    return rate, rate * (1 + abs(y) + abs(z))


def hamada_pump(m: Any, at: Point) -> Rate:
    """J_max {share/[1 + (K_1/Na)^3] + (1 - share)/[1 + (K_2/Na)^3]}."""
    x, Na = at.exactly, at.c_in["Na"]
    rate = x(m.J_max) * (x(m.share) / (1 + (x(m.K_1) / Na) ** 3) + (1 - x(m.share)) / (1 + (x(m.K_2) / Na) ** 3))
    return rate, abs(rate)


def atp_pump(m: Any, at: Point) -> Rate:
    rate, _ = hill_pump(m, at)
    rate = rate * at.c_in["ATP"] / (at.exactly(m.K_ATP) + at.c_in["ATP"])
    return rate, abs(rate)


def or_parameter(m: Any, at: Point, name: str) -> Any:
    """What is inside, or the parameter where nothing is said of it."""
    return at.c_in[name] if name in at.c_in else at.exactly(getattr(m, name)) + 0 * at.V


def ring(forward: list[Any], backward: list[Any]) -> Rate:
    """Turnover of a ring of four states (or two): the difference of the products over the sum of all spanning trees."""
    n, trees = len(forward), 0
    for state in range(n):
        for j in range(n):  # j steps lead forward to this state, the others but one lead back to it
            tree = 1
            for k in range(j):
                tree = tree * forward[(state - 1 - k) % n]
            for k in range(n - 1 - j):
                tree = tree * backward[(state + k) % n]
            trees = trees + tree
    up, down = 1, 1
    for a, b in zip(forward, backward, strict=True):
        up, down = up * a, down * b
    return (up - down) / trees, (up + down) / trees


def cycle_rates(m: Any, at: Point) -> tuple[list[Any], list[Any]]:
    x, u, e = at.exactly, at.V / at.VT, at.math.exp
    Na_i, Na_e, K_i, K_e = at.c_in["Na"], at.c_out["Na"], at.c_in["K"], at.c_out["K"]
    ATP, ADP, phosphate = (or_parameter(m, at, name) for name in ("ATP", "ADP", "Pi"))
    H = at.c_in["H"] if "H" in at.c_in else x(10) ** (3 - x(m.pH))
    Pi = phosphate / (1 + K_i / x(m.K_Pi_K) + H / x(m.K_Pi_H) + Na_i / x(m.K_Pi_Na))
    i1, i2, ki = Na_i / (x(m.Kd_Nai1) * e(x(m.delta) * u)), Na_i / x(m.Kd_Nai2), K_i / x(m.Kd_Ki)
    e1, e2, ke = Na_e / (x(m.Kd_Nae1) * e((1 + x(m.delta)) * u)), Na_e / x(m.Kd_Nae2), K_e / x(m.Kd_Ke)
    D_i, D_e = i1 * i2**2 + (1 + i2) ** 2 + (1 + ki) ** 2 - 1, e1 * e2**2 + (1 + e2) ** 2 + (1 + ke) ** 2 - 1
    a = ATP / x(m.Kd_ATP)
    forward = [x(m.k_1) * i1 * i2**2 / D_i, x(m.k_2) + 0 * u, x(m.k_3) * ke**2 / D_e, x(m.k_4) * a / (1 + a)]
    back = [x(m.k_1_back) * ADP, x(m.k_2_back) * e1 * e2**2 / D_e, x(m.k_3_back) * Pi * H / (1 + a), x(m.k_4_back) * ki**2 / D_i]
    return forward, back


def cycle_pump(m: Any, at: Point) -> Rate:
    v, size = ring(*cycle_rates(m, at))
    N = at.exactly(m.density)
    return N * v, N * size * (3 + abs(at.V / at.VT))


def proton_rates(m: Any, at: Point) -> tuple[list[Any], list[Any]]:
    x, u, e = at.exactly, at.V / at.VT, at.math.exp
    ATP, ADP, Pi = (or_parameter(m, at, name) for name in ("ATP", "ADP", "Pi"))
    held = x(m.K_ATP) + ATP
    inside, outside = at.c_in["H"] / x(m.K_in), at.c_out["H"] / x(m.K_out)
    return [e(u / 2), inside * ATP / held], [outside * e(-u / 2), ADP * Pi / (x(m.K_eq) * held) * x(m.K_out) / x(m.K_in)]


def proton_pump(m: Any, at: Point) -> Rate:
    v, size = ring(*proton_rates(m, at))
    J = at.exactly(m.J_max)
    return J * v, J * size * (2 + abs(at.V / at.VT))


def current_clamp(m: Any, at: Point) -> Rate:
    """Positive into the cell; a carrier of negative charge moves the other way."""
    z = 1 if m.carrier is None else m.carrier.z
    i = at.exactly(m.i) if m.i is not None else at.exactly(m.I) / at.exactly(at.area)
    rate = i / (z * at.F) + 0 * at.V
    return rate, abs(rate)


#: by the name of the class. What has no rate of its own (water, voltage clamp) is tested where it acts: see tests/conformance
def average_firing(m: Any, at: Point) -> Rate:
    """Cressman et al. 2009, erratum; every term is positive but the 1 that g_1 is taken from."""
    e, x = at.math.exp, at.exactly
    a, k = at.c_in["Na"] / at.c_out["Na"], at.c_out["K"] / at.c_in["K"]
    g_1 = 420 * (1 - x(0.75) * (1 - x(0.93) * e(x(-2.6) * a)) ** x(0.3))
    g_2 = e((1 - x(7.41) * k) / (x(1.94) + x(1.98) * e(x(-2.6) * a)))
    with np.errstate(over="ignore"):  # an infinite denominator is right
        g_3 = ((1 + e(x(35.7) * (1 + x(1.94) * a - x(24.3) * k))) * (1 + e(x(0.88) * (1 + x(1.48) * a - x(24.6) * k)))) ** -5
    slope = 0 if m.slope is None else x(m.slope)
    rate = x(m.rate) * (g_1 * g_2 * g_3 + x(m.background) * e(-slope * k))
    return rate, x(m.rate) * (420 * g_2 * g_3 * (200 + 400 * a + 5000 * k) + x(m.background) * (1 + slope * k))


RATES: dict[str, Callable[[Any, Point], Rate]] = {
    "Leak": leak,
    "Channel": channel,
    "K2P": channel,
    "Kir": rectified(kir),
    "KirBoltzmann": rectified(kir_boltzmann),
    "HHNa": hodgkin_huxley(("m", "m", "m", "h")),
    "HHK": hodgkin_huxley(("n", "n", "n", "n")),
    "KCC2": kcc2,
    "NKCC1": nkcc1,
    "NaKATPase": hill_pump,
    "ConstantNaKATPase": constant_pump,
    "CubicNaKATPase": cubic_pump,
    "LinearNaKATPase": linear_pump,
    "HillNaKATPase": hill_exponents,
    "LuoRudyNaKATPase": luo_rudy_pump,
    "SigmoidNaKATPase": sigmoid_pump,
    "HamadaNaKATPase": hamada_pump,
    "ATPNaKATPase": atp_pump,
    "AverageFiring": average_firing,
    "CyclePump": cycle_pump,
    "HATPase": proton_pump,
    "GatedNKCC1": gated_nkcc1,
    "MassActionKCC2": mass_action_kcc2,
    "MassActionNKCC1": mass_action_nkcc1,
    "NCX": ncx,
    "LuoRudyNCX": luo_rudy_ncx,
    "NHE": nhe,
    "AE": ae,
    "NBC": nbc,
    "EAAT": eaat,
    "PMCA": pmca,
    "ATPSupply": atp_supply,
    "ATPUse": atp_use,
    "CurrentClamp": current_clamp,
}


#: rates of the steps of those that are cycles
STEPS: dict[str, Callable[[Any, Point], tuple[list[Any], list[Any]]]] = {
    "CyclePump": cycle_rates,
    "HATPase": proton_rates,
    "EAAT": glutamate_rates,
}


def affinity(moves: Any, charge: int, at: Point) -> Rate:
    """J per mol of cycles: A = RT sum of nu ln(c_o/c_i) - q F V, set free by a passive cycle into the cell; and its size."""
    RT = at.exactly(R_CODATA) * at.T
    total, size = -charge * at.F * at.V, abs(charge * at.F * at.V)
    for ion, nu in moves.items():
        into, out = at.math.log(at.c_out[ion.name]), at.math.log(at.c_in[ion.name])
        total, size = total + RT * nu * (into - out), size + RT * abs(nu) * (abs(into) + abs(out))
    return total, size


def whole_affinity(m: Any, at: Point) -> Rate:
    """Of all that drives a mechanism: of a cycle RT ln(prod a+/prod a-), of the ions otherwise."""
    if type(m).__name__ not in STEPS:
        return affinity(m.moves, m.charge, at)
    RT = at.exactly(R_CODATA) * at.T
    total, size = 0 * at.V, RT + 0 * at.V
    for a, b in zip(*STEPS[type(m).__name__](m, at), strict=True):
        logs = at.math.log(a), at.math.log(b)
        total, size = total + RT * (logs[0] - logs[1]), size + RT * (1 + abs(logs[0]) + abs(logs[1]))
    return total, size + RT * abs(at.V / at.VT)


def water(m: Any, inside: Any, outside: Any, area: Any) -> Any:
    """dw/dt, m^3/s: P_f V_w A (Pi_in - Pi_out), or hydraulic (Pi_in - Pi_out)."""
    strength = m.hydraulic if m.P_f is None else m.P_f * m.V_w * area
    return strength * (inside - outside)
