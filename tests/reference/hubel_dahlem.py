"""Huebel & Dahlem 2014: spikes and ion concentrations in a closed outside, with a reservoir of potassium; ms, mV, uA/cm^2, mM, 10^3 um^3.

    C V'  = -(I_Na + I_K + I_Cl - I_stim)                    n' = phi [alpha_n (1 - n) - beta_n n],   m = alpha_m/(alpha_m + beta_m)
    K_i'  = -kappa I_K/w_i,  Cl_i' = kappa I_Cl/w_i          Na_i = Na_i0 + K_i0 - K_i - Cl_i0 + Cl_i
    c_e   = c_e0 + (c_i0 - c_i) w_i/w_e,   K_e with dK added
    I_Na  = (g_NaL + g_Na m^3 h)(V - E_Na) + 3 I_p,  I_K = (g_KL + g_K n^4)(V - E_K) - 2 I_p,  I_Cl = g_ClL (V - E_Cl)
    I_p   = rho/{[1 + e^((25 - Na_i)/3)] [1 + e^(5.5 - K_e)]}
    glia: dK' = -k_1 dK - k_2 K_e (B_0 + dK),  k_2 = k_1/(1 + e^((15 - K_e)/1.09));      bath: dK' = lambda (K_b - K_e)

h is a function of n, 1 - 1/(1 + e^(-6.5 (n - 0.35))), or a gate of its own (`dynamic`), with the rates of the seizure model that the
spikes come from. V does not follow from the charge.

N. Huebel & M. A. Dahlem, PLoS Comput. Biol. 10, e1003941 (2014); dynamic h: E. Barreto & J. R. Cressman, J. Biol. Phys. 37, 361 (2011).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log
from typing import Any

import numpy as np
from scipy.optimize import root

from .courses import Course, integrate, linoid
from .radau import Array


def alpha_n(V: float) -> float:
    return 0.1 * linoid(0.1 * (V + 34))


def beta_n(V: float) -> float:
    return 0.125 * exp(-(V + 44) / 80)


def steady_m(V: float) -> float:
    a, b = linoid(0.1 * (V + 30)), 4 * exp(-(V + 55) / 18)
    return a / (a + b)


def alpha_h(V: float) -> float:
    return 0.07 * exp(-(V + 44) / 20)


def beta_h(V: float) -> float:
    return 1 / (1 + exp(-0.1 * (V + 14)))


@dataclass(frozen=True)
class HubelDahlem:
    VT: float = 26.64
    C: float = 1.0
    phi: float = 3.0
    g_NaL: float = 0.0175
    g_Na: float = 100.0
    g_KL: float = 0.05
    g_K: float = 40.0
    g_Cl: float = 0.02
    rho: float = 6.8
    kappa: float = 9.55589e-5
    w_i: float = 2.16
    w_e: float = 0.72
    inside: tuple[float, float, float] = (25.231485, 129.25764, 9.900239)  # Na, K, Cl
    outside: tuple[float, float, float] = (125.30555, 4.0, 123.2716)
    k_1: float = 5e-8
    B_0: float = 500.0
    exchange: float = 3e-5  # lambda
    K_b: float = 4.0
    buffer: str | None = "glia"  # or "bath", or None: dK stays
    dynamic: bool = False

    def start(self) -> Array:
        V = -67.193253
        gates = [0.069410823, *([alpha_h(V) / (alpha_h(V) + beta_h(V))] if self.dynamic else [])]
        return np.array([V, *gates, self.inside[1], self.inside[2], 0.0])

    def seen(self, y: Any) -> dict[str, float]:
        """What the state says: concentrations, currents, gates."""
        V, n = float(y[0]), float(y[1])
        K, Cl, dK = (float(x) for x in y[-3:])
        Na0, K0, Cl0 = self.inside
        Na = Na0 + K0 - K - Cl0 + Cl
        ratio = self.w_i / self.w_e
        Na_e, K_e, Cl_e = (e + (i0 - i) * ratio for e, i0, i in zip(self.outside, self.inside, (Na, K, Cl), strict=True))
        K_e += dK
        h = float(y[2]) if self.dynamic else 1 - 1 / (1 + exp(-6.5 * (n - 0.35)))
        pump = self.rho / ((1 + exp((25 - Na) / 3)) * (1 + exp(5.5 - K_e)))
        I_Na = (self.g_NaL + self.g_Na * steady_m(V) ** 3 * h) * (V - self.VT * log(Na_e / Na)) + 3 * pump
        I_K = (self.g_KL + self.g_K * n**4) * (V - self.VT * log(K_e / K)) - 2 * pump
        I_Cl = self.g_Cl * (V - self.VT * log(Cl / Cl_e))
        return {
            "V": V, "n": n, "h": h, "Na": Na, "K": K, "Cl": Cl, "Na_e": Na_e, "K_e": K_e, "Cl_e": Cl_e,
            "pump": pump, "I_Na": I_Na, "I_K": I_K, "I_Cl": I_Cl, "dK": dK,
        }  # fmt: skip

    def rhs(self, y: Any, stimulus: float = 0.0) -> list[float]:
        s = self.seen(y)
        V, K_e, dK = s["V"], s["K_e"], s["dK"]
        slopes = [
            -(s["I_Na"] + s["I_K"] + s["I_Cl"] - stimulus) / self.C,
            self.phi * (alpha_n(V) * (1 - s["n"]) - beta_n(V) * s["n"]),
        ]
        if self.dynamic:
            slopes.append(self.phi * (alpha_h(V) * (1 - s["h"]) - beta_h(V) * s["h"]))
        exchange = 0.0
        if self.buffer == "glia":
            k_2 = self.k_1 / (1 + exp((15 - K_e) / 1.09))
            exchange = -self.k_1 * dK - k_2 * K_e * (self.B_0 + dK)
        elif self.buffer == "bath":
            exchange = self.exchange * (self.K_b - K_e)
        return [*slopes, -self.kappa * s["I_K"] / self.w_i, self.kappa * s["I_Cl"] / self.w_i, exchange]

    def rest(self, near: Any = None, free_reservoir: bool = False) -> Array:
        """The fixed point near ``near`` (the published start) at its dK, or with dK free."""
        first = self.start() if near is None else np.asarray(near, float)
        size = np.array([10.0, *[0.1] * (len(first) - 4), 10.0, 10.0, 10.0])

        def residual(x: Any) -> Any:
            slopes = np.array(self.rhs(first + x * size)) / [1.0, *[1.0] * (len(first) - 4), 1e-4, 1e-4, 1e-7]
            return slopes if free_reservoir else np.append(slopes[:-1], x[-1])

        x = np.zeros(len(first))
        for _ in range(4):
            x = root(residual, x, method="hybr", options={"xtol": 1e-15}).x
        assert np.max(np.abs(residual(x))) < 1e-8, residual(x)
        return np.asarray(first + x * size)

    def run(self, parts: list[tuple[float, dict[str, Any]]], y0: Any = None, rtol: float = 1e-10) -> Course:
        """Through ``parts``, each (end in ms, what differs until then: rho, ... or ``stimulus``)."""
        pieces = []
        for end, changes in parts:
            stimulus = changes.get("stimulus", 0.0)
            model = replace(self, **{k: v for k, v in changes.items() if k != "stimulus"})
            pieces.append((end, lambda t, y, model=model, stimulus=stimulus: model.rhs(y, stimulus)))
        return integrate(pieces, self.rest() if y0 is None else y0, rtol=rtol, atol=1e-11)
