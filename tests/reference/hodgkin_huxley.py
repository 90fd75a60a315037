"""Hodgkin & Huxley 1952 with the resting potential at -65 mV and outward current positive; mV, ms, uA/cm^2, mS/cm^2.

    C V' = I - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K) - g_L (V - E_L),    x' = Q [alpha_x (1 - x) - beta_x x]
    alpha_m = 0.1 (V + 40)/(1 - e^(-(V + 40)/10))    beta_m = 4 e^(-(V + 65)/18)
    alpha_h = 0.07 e^(-(V + 65)/20)                  beta_h = 1/(1 + e^(-(V + 35)/10))
    alpha_n = 0.01 (V + 55)/(1 - e^(-(V + 55)/10))   beta_n = 0.125 e^(-(V + 65)/80)         Q = 3^((T - 6.3 degC)/10)

A. L. Hodgkin & A. F. Huxley, J. Physiol. 117, 500 (1952), in the modern sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
from scipy.optimize import brentq

from .courses import Course, integrate, linoid
from .radau import Array


@dataclass(frozen=True)
class HodgkinHuxley:
    C: float = 1.0
    g_Na: float = 120.0
    g_K: float = 36.0
    g_L: float = 0.3
    E_Na: float = 50.0
    E_K: float = -77.0
    E_L: float = -54.387
    celsius: float = 6.3

    def rates(self, V: float) -> dict[str, tuple[float, float]]:
        Q = 3 ** ((self.celsius - 6.3) / 10)
        return {
            "m": (Q * linoid((V + 40) / 10), Q * 4 * exp(-(V + 65) / 18)),
            "h": (Q * 0.07 * exp(-(V + 65) / 20), Q / (1 + exp(-(V + 35) / 10))),
            "n": (Q * 0.1 * linoid((V + 55) / 10), Q * 0.125 * exp(-(V + 65) / 80)),
        }

    def gates(self, V: float) -> list[float]:
        """Steady m, h, n."""
        return [a / (a + b) for a, b in self.rates(V).values()]

    def current(self, V: float, m: float, h: float, n: float) -> float:
        return self.g_Na * m**3 * h * (V - self.E_Na) + self.g_K * n**4 * (V - self.E_K) + self.g_L * (V - self.E_L)

    def rest(self, stimulus: float = 0.0) -> Array:
        V = brentq(lambda V: self.current(V, *self.gates(V)) - stimulus, self.E_K, self.E_Na - 1, xtol=1e-13, rtol=1e-14)
        return np.array([V, *self.gates(V)])

    def rhs(self, y: Any, stimulus: float) -> list[float]:
        V, m, h, n = (float(x) for x in y)
        slopes = [a * (1 - x) - b * x for x, (a, b) in zip((m, h, n), self.rates(V).values(), strict=True)]
        return [(stimulus - self.current(V, m, h, n)) / self.C, *slopes]

    def run(self, stimuli: list[tuple[float, float]], y0: Any = None, rtol: float = 1e-11) -> Course:
        """From rest (or y0) through ``stimuli``, each (end in ms, uA/cm^2 until then)."""
        parts = [(end, lambda t, y, current=current: self.rhs(y, current)) for end, current in stimuli]
        return integrate(parts, self.rest() if y0 is None else y0, rtol=rtol, atol=1e-13, method="DOP853")

    def spikes(self, course: Course) -> Array:
        """Times where V passes 0 upwards, ms."""
        return course.crossings(lambda t, y: y[0], 0.0, +1)

    def rate(self, stimulus: float, until: float = 1000.0) -> float:
        """Firing rate over the last five intervals of a step from rest, Hz."""
        spikes = self.spikes(self.run([(until, stimulus)]))
        return float(5 / (spikes[-1] - spikes[-6]) * 1e3)

    def turns(self, course: Course, stimuli: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """(time, V) wherever V turns by itself, not by a step of the stimulus."""
        found = []
        for piece, (_, stimulus) in zip(course.pieces, stimuli, strict=True):
            times = Course((piece,)).crossings(lambda t, y, stimulus=stimulus: stimulus - self.current(*y))
            found += [(float(s), float(piece[2](s)[0])) for s in times if s > piece[0][0]]
        return found
