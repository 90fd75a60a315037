"""Dijkstra et al. 2016: a spiking neuron that swells, in an infinite bath; ms, mV, 10^3 um^3, fmol, pA, mM.

    I_Na = (P_NaG m^3 h + P_Na) GHK + 3 I_p,   I_K = (P_KG n^2 + P_K) GHK - 2 I_p,   I_Cl = [P_ClG/(1 + e^(-(V + 10)/10)) + P_Cl] GHK
    J_2  = U (RT/F) ln(K_i Cl_i/(K_o Cl_o))                 KCC2, outward
    Na' = -I_Na/F,   K' = -I_K/F - J_2,   Cl' = I_Cl/F - J_2,   V = F (Na + K - Cl - A)/C
    w'  = L R T (Na + K + Cl + A - Pi_o)                    concentrations; A: impermeant anion
    I_p = s 54.5 pA {0.62/[1 + (6.7/Na_i)^3] + 0.38/[1 + (67.6/Na_i)^3]}

K. Dijkstra, J. Hofmeijer, S. A. van Gils & M. J. A. M. van Putten, J. Neurosci. 36, 11881 (2016); the pump's two sites after A. J. Hamada,
S. Sahu et al. (2003), whose factors a later re-use misprints.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, expm1, log
from typing import Any

import numpy as np
from scipy.optimize import root

from .courses import Course, integrate, linoid
from .radau import Array

R, F, T = 8.3144598, 96485.333, 310.0
VT = 1e3 * R * T / F
MV_PER_FMOL = F * 1e-15 / 20e-12 * 1e3


def goldman(P: float, V: float, c_in: float, c_out: float, z: int) -> float:
    """Outward current, pA."""
    x = z * V / VT
    B = 1 - x / 2 + x * x / 12 if abs(x) < 1e-6 else x / expm1(x)
    return P * z * F * ((B + x) * c_in - B * c_out)


@dataclass(frozen=True)
class Swelling:
    P_Na: float = 0.2e-5
    P_K: float = 2e-5
    P_Cl: float = 0.25e-5
    P_NaG: float = 8e-4
    P_KG: float = 4e-4
    P_ClG: float = 1.95e-5
    U: float = 1.3e-6
    pump: float = 54.5
    s: float = 1.0
    L: float = 2e-14
    bath: tuple[float, float, float] = (152.0, 3.0, 135.0)
    osmolarity: float = 310.0067886
    anion: float = 296.0135772

    def rates(self, V: float) -> tuple[tuple[float, float], ...]:
        """alpha and beta of m, h, n, per ms."""
        return (
            (0.32 * 4 * linoid((V + 52) / 4), 0.28 * 5 * linoid(-(V + 25) / 5)),
            (0.128 * exp(-(V + 53) / 18), 4 / (1 + exp(-(V + 30) / 5))),
            (0.016 * 5 * linoid((V + 35) / 5), 0.25 * exp(-(V + 50) / 40)),
        )

    def start(self) -> Array:
        V, w = -65.5, 2.0
        return np.array([V, *(a / (a + b) for a, b in self.rates(V)), 145 * w, 7 * w, w])

    def seen(self, y: Any) -> dict[str, float]:
        V, m, h, n, K, Cl, w = (float(x) for x in y)
        Na_i, K_i, Cl_i = (self.anion + Cl - K + V / MV_PER_FMOL) / w, K / w, Cl / w
        Na_o, K_o, Cl_o = self.bath
        pump = self.s * self.pump * (0.62 / (1 + (6.7 / Na_i) ** 3) + 0.38 / (1 + (67.6 / Na_i) ** 3))
        gated = self.P_ClG / (1 + exp(-(V + 10) / 10))
        return {
            "V": V, "m": m, "h": h, "n": n, "Na": Na_i, "K": K_i, "Cl": Cl_i, "w": w, "pump": pump,
            "I_Na": goldman(self.P_NaG * m**3 * h + self.P_Na, V, Na_i, Na_o, 1) + 3 * pump,
            "I_K": goldman(self.P_KG * n**2 + self.P_K, V, K_i, K_o, 1) - 2 * pump,
            "I_Cl": goldman(gated + self.P_Cl, V, Cl_i, Cl_o, -1),
            "KCC2": self.U * VT * log(K_i * Cl_i / (K_o * Cl_o)),
        }  # fmt: skip

    def rhs(self, y: Any) -> list[float]:
        x = self.seen(y)
        Na = -x["I_Na"] / F
        K, Cl = -x["I_K"] / F - x["KCC2"], x["I_Cl"] / F - x["KCC2"]
        gates = [a * (1 - x[g]) - b * x[g] for g, (a, b) in zip("mhn", self.rates(x["V"]), strict=True)]
        inside = x["Na"] + x["K"] + x["Cl"] + self.anion / x["w"]
        return [MV_PER_FMOL * (Na + K - Cl), *gates, K, Cl, self.L * 1e3 * R * T * (inside - self.osmolarity)]

    def rest(self, near: Any = None) -> Array:
        """The fixed point near ``near`` (the published start)."""
        first = self.start() if near is None else np.asarray(near, float)

        def residual(x: Any) -> Any:
            V = float(first[0] + 10 * x[0])
            y = [V, *(a / (a + b) for a, b in self.rates(V)), *(first[4:] * np.exp(x[1:]))]
            slopes = self.rhs(y)
            return [slopes[0], *(np.array(slopes[4:]) / [1e-4, 1e-5, 1e-8])]

        x = np.zeros(4)
        for _ in range(4):
            x = root(residual, x, options={"xtol": 1e-15}).x
        V = float(first[0] + 10 * x[0])
        assert np.max(np.abs(residual(x))) < 1e-8, residual(x)
        return np.array([V, *(a / (a + b) for a, b in self.rates(V)), *(first[4:] * np.exp(x[1:]))])

    def run(self, parts: list[tuple[float, dict[str, Any]]], y0: Any = None, rtol: float = 1e-10) -> Course:
        """Through ``parts``, each (end in ms, what differs until then)."""
        pieces = []
        for end, changes in parts:
            model = replace(self, **changes)
            pieces.append((end, lambda t, y, model=model: model.rhs(y)))
        return integrate(pieces, self.rest() if y0 is None else y0, rtol=rtol, atol=1e-11)
