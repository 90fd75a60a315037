"""Barreto & Cressman 2011 and its two-variable average: spikes, sodium inside, potassium outside; ms, mV, uA/cm^2, mM.

    C V' = -I_Na - I_K - I_Cl
    I_Na = (g_Na m^3 h + g_NaL)(V - E_Na),  I_K = [g_K n^4 + g_AHP Ca/(1 + Ca) + g_KL](V - E_K),  I_Cl = g_ClL (V - E_Cl)
    K_o' = (gamma beta I_K - 2 beta I_p - I_g - I_d)/tau,  Na_i' = -(gamma I_Na + 3 I_p)/tau,  tau = 1000 ms
    K_i  = 158 - Na_i,  Na_o = 144 - beta (Na_i - 18),  E_Cl = (RT/F) ln(6/130)
    Ca'  = -0.002 g_Ca (V - 120)/(1 + e^(-(V + 25)/2.5)) - Ca/80
    I_p  = rho/{[1 + e^((25 - Na_i)/3)][1 + e^(5.5 - K_o)]},  I_g = G/(1 + e^((18 - K_o)/2.5)),  I_d = eps (K_o - K_b)     (mM/s)

The average, with a = Na_i/Na_o and k = K_o/K_i, per s:

    K_o' = 0.33 <I_K> - 14 I_p - I_g - I_d,   Na_i' = 0.04714 <I_Na> - 3 I_p
    <I_Na> = g_1 g_2 g_3 + 1.5,   <I_K> = 0.94 (g_1 g_2 g_3 + 2.6 e^(-32.5 k))

J. R. Cressman, G. Ullah, J. Ziburkus, S. J. Schiff & E. Barreto, J. Comput. Neurosci. 26, 159 (2009), with its erratum; E. Barreto &
J. R. Cressman, J. Biol. Phys. 37, 361 (2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np
from scipy.optimize import root

from .courses import Course, integrate
from .hubel_dahlem import alpha_h, alpha_n, beta_h, beta_n, steady_m
from .radau import Array


@dataclass(frozen=True)
class Seizures:
    VT: float = 26.64
    C: float = 1.0
    phi: float = 3.0
    g_Na: float = 100.0
    g_NaL: float = 0.0175
    g_K: float = 40.0
    g_KL: float = 0.05
    g_AHP: float = 0.01
    g_Cl: float = 0.05
    g_Ca: float = 0.1
    gamma: float = 0.044494542
    beta: float = 7.0
    rho: float = 1.25
    G: float = 200 / 3
    eps: float = 4 / 3
    K_b: float = 4.0
    calcium: bool = True

    def seen(self, y: Any) -> dict[str, float]:
        V, n, h, K_o, Na = (float(x) for x in y[:5])
        Ca = float(y[5]) if self.calcium else 0.0
        K, Na_o = 158 - Na, 144 - self.beta * (Na - 18)
        return {
            "V": V, "n": n, "h": h, "K_e": K_o, "Na": Na, "Ca": Ca, "K": K, "Na_e": Na_o,
            "I_Na": (self.g_Na * steady_m(V) ** 3 * h + self.g_NaL) * (V - self.VT * log(Na_o / Na)),
            "I_K": (self.g_K * n**4 + self.g_AHP * Ca / (1 + Ca) + self.g_KL) * (V - self.VT * log(K_o / K)),
            "I_Cl": self.g_Cl * (V - self.VT * log(6 / 130)),
            "pump": self.rho / ((1 + exp((25 - Na) / 3)) * (1 + exp(5.5 - K_o))),
            "glia": self.G / (1 + exp((18 - K_o) / 2.5)),
        }  # fmt: skip

    def rhs(self, y: Any) -> list[float]:
        s = self.seen(y)
        V, pump = s["V"], s["pump"]
        slopes = [
            -(s["I_Na"] + s["I_K"] + s["I_Cl"]) / self.C,
            self.phi * (alpha_n(V) * (1 - s["n"]) - beta_n(V) * s["n"]),
            self.phi * (alpha_h(V) * (1 - s["h"]) - beta_h(V) * s["h"]),
            1e-3 * (self.beta * (self.gamma * s["I_K"] - 2 * pump) - s["glia"] - self.eps * (s["K_e"] - self.K_b)),
            1e-3 * (-self.gamma * s["I_Na"] - 3 * pump),
        ]
        if self.calcium:
            slopes.append(-0.002 * self.g_Ca * (V - 120) / (1 + exp(-(V + 25) / 2.5)) - s["Ca"] / 80)
        return slopes

    def start(self) -> Array:
        return np.array([-50.0, 0.08553, 0.96859, 7.8, 15.5, *([0.0] if self.calcium else [])])

    def rest(self, near: Any) -> Array:
        size = np.array([10.0, 0.1, 0.1, 1.0, 1.0, *([0.01] if self.calcium else [])])
        first = np.asarray(near, float)
        rate = np.array([1.0, 1.0, 1.0, 1e-3, 1e-3, *([1e-3] if self.calcium else [])])
        x = np.zeros(len(first))
        for _ in range(4):
            x = root(lambda x: np.array(self.rhs(first + x * size)) / rate, x, options={"xtol": 1e-15}).x
        return np.asarray(first + x * size)

    def run(self, until: float, y0: Any = None, rtol: float = 1e-11, method: str = "DOP853") -> Course:
        first = self.start() if y0 is None else y0
        return integrate([(until, lambda t, y: self.rhs(y))], first, rtol=rtol, atol=1e-12, method=method)


@dataclass(frozen=True)
class Average:
    """(K_o, Na_i), mM and s."""

    rho: float = 1.25
    G: float = 66.0
    eps: float = 1.2
    K_b: float = 4.0

    def rhs(self, y: Any) -> list[float]:
        K_o, Na = (float(x) for x in y)
        a, k = Na / (144 - 7 * (Na - 18)), K_o / (158 - Na)
        g_1 = 420 * (1 - 0.75 * (1 - 0.93 * exp(-2.6 * a)) ** 0.3)
        g_2 = exp((1 - 7.41 * k) / (1.94 + 1.98 * exp(-2.6 * a)))
        g_3 = (1 + exp(35.7 * (1 + 1.94 * a - 24.3 * k))) ** -5 * (1 + exp(0.88 * (1 + 1.48 * a - 24.6 * k))) ** -5
        spikes = g_1 * g_2 * g_3
        pump = self.rho / ((1 + exp((25 - Na) / 3)) * (1 + exp(5.5 - K_o)))
        glia = self.G / (1 + exp((18 - K_o) / 2.5))
        return [
            0.33 * 0.94 * (spikes + 2.6 * exp(-32.5 * k)) - 14 * pump - glia - self.eps * (K_o - self.K_b),
            0.04714 * (spikes + 1.5) - 3 * pump,
        ]

    def rest(self, near: Any = (3.8, 19.0)) -> Array:
        return np.asarray(root(self.rhs, near, options={"xtol": 1e-14}).x)

    def run(self, until: float, y0: Any) -> Course:
        return integrate([(until, lambda t, y: self.rhs(y))], y0, rtol=1e-11, atol=1e-12, method="DOP853")
