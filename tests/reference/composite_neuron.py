"""A neuron put together for one purpose: that every statement of a textbook on membranes can be tried on it; SI units.

    J      = J_max [Na/(Na + 10)]^3 [K_o/(K_o + 1.5)]^2 ATP/(ATP + 0.2)          Na/K pump, net current density
    j_2    = U (E_Cl - E_K)                                                    KCC2: that much K and Cl leave
    I_NCX  = k [Na^3 Ca_o e^(0.35 u) - Na_o^3 Ca e^(-0.65 u)]                  net current; 3 I of Na, -2 I of Ca
    I_PMCA = 5e-5 Ca/(Ca + 2e-4) ATP/(ATP + 0.2)                               of Ca, outward; one ATP a Ca
    leaks of Goldman for Na, K, Cl and Ca, sized by the rest;   Ca bound at once: B Ca/(K_d + Ca)
    dw/dt  = L (Na + K + Cl + X + Ca - Pi_o)
    V      = F (n_Na + n_K - n_Cl + 2 n_Ca - 2 n_Ca,bound(rest) + z n_X)/(C A)
    dATP/dt = production - [J/F + I_PMCA/(2F)] A/w - other ATP/3 mM             (`pool`; otherwise ATP stays)

The rest is imposed: z from the charge, X from osmosis, J_max from J = 1 uA/cm^2, the leaks from the balance of each ion, U from the slope
conductance of the membrane (leaks and exchanger), 2.5 S/m^2.

Rate laws as in the pump, exchanger and cotransporter literature (Mullins 1977 for NCX; Fraser & Huang 2004 for the composition).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import exp, expm1, log, pi, sqrt
from typing import Any

import numpy as np
from scipy.optimize import brentq, root

from .courses import Course, integrate
from .pump_leak import F_CODATA as F
from .pump_leak import R_CODATA
from .radau import Array

VT = R_CODATA * 310.15 / F
AREA, VOLUME = 4 * pi * 1e-5**2, 4 / 3 * pi * 1e-5**3
CHARGE = {"Na": 1, "K": 1, "Cl": -1, "Ca": 2}
REST = {"Na": 10.0, "K": 135.0, "Cl": 7.648841, "Ca": 1e-4}
BATH = {"Na": 145.0, "K": 4.0, "Cl": 152.6, "Ca": 1.8}


def goldman(z: int, V: float, c_in: float, c_out: float) -> float:
    """Current density per permeability, A/m^2 per m/s."""
    x = z * V / VT
    B = 1 - x / 2 + x * x / 12 if abs(x) < 1e-5 else x / expm1(x)
    return z * F * ((B + x) * c_in - B * c_out)


@dataclass(frozen=True)
class Neuron:
    P: dict[str, float]
    U: float
    J_max: float
    z: float
    X: float
    production: float
    other: float
    pump: float = 1.0
    energy: float = 1.0  # factor on the production of ATP
    pool: bool = False
    k: float = 3e-8
    p_max: float = 5e-5
    buffer: float = 0.06
    K_d: float = 5e-4
    L: float = 2e-14
    C: float = 0.01
    bath: dict[str, float] = field(default_factory=lambda: dict(BATH))

    def but(self, **changes: Any) -> Neuron:
        return replace(self, **changes)

    @property
    def osmolarity(self) -> float:
        return sum(BATH.values())

    def bound(self, Ca: float) -> float:
        return self.buffer * Ca / (self.K_d + Ca)

    def start(self) -> Array:
        """V, amounts of K, Cl and all Ca (of the resting content), volume (of rest), ATP."""
        return np.array([-0.072, REST["K"], REST["Cl"], REST["Ca"] + self.bound(REST["Ca"]), 1.0, 3.0])

    def seen(self, y: Any) -> dict[str, float]:
        V, K, Cl, Ca, w, ATP = (float(x) for x in y)
        # free Ca per resting volume: x + B x/(K_d w + x) = Ca, with the buffer's amount constant
        b = self.K_d * w + self.buffer - Ca
        q = 4 * self.K_d * w * Ca
        root_ = sqrt(b * b + q)
        free = 2 * self.K_d * w * Ca / (b + root_) if b > 0 else (root_ - b) / 2
        Na = self.C * AREA * V / (F * VOLUME) - (K - Cl + 2 * Ca - 2 * self.bound(REST["Ca"]) + self.z * self.X)
        return {"V": V, "Na": Na / w, "K": K / w, "Cl": Cl / w, "Ca": free / w, "X": self.X / w, "w": w, "ATP": ATP}

    def currents(self, s: dict[str, float]) -> dict[str, float]:
        V, o = s["V"], self.bath
        u, ready = V / VT, s["ATP"] / (s["ATP"] + 0.2)
        return {
            **{f"leak_{x}": self.P[x] * goldman(z, V, s[x], o[x]) for x, z in CHARGE.items()},
            "NKA": self.pump * self.J_max * (s["Na"] / (s["Na"] + 10)) ** 3 * (o["K"] / (o["K"] + 1.5)) ** 2 * ready,
            "KCC2": self.U * VT * (log(s["Cl"] / o["Cl"]) - log(o["K"] / s["K"])),
            "NCX": self.k * (s["Na"] ** 3 * o["Ca"] * exp(0.35 * u) - o["Na"] ** 3 * s["Ca"] * exp(-0.65 * u)),
            "PMCA": self.p_max * s["Ca"] / (s["Ca"] + 2e-4) * ready,
        }

    def outward(self, i: dict[str, float]) -> dict[str, float]:
        """Current density of each ion, A/m^2."""
        return {
            "Na": i["leak_Na"] + 3 * i["NKA"] + 3 * i["NCX"],
            "K": i["leak_K"] - 2 * i["NKA"] + i["KCC2"],
            "Cl": i["leak_Cl"] - i["KCC2"],
            "Ca": i["leak_Ca"] - 2 * i["NCX"] + i["PMCA"],
        }

    def uses(self, i: dict[str, float], s: dict[str, float]) -> dict[str, float]:
        """ATP, mol m^-3 s^-1 of the cell."""
        per = AREA / (VOLUME * s["w"]) / F
        return {"NKA": i["NKA"] * per, "PMCA": i["PMCA"] / 2 * per, "other": self.other * s["ATP"] / 3}

    def rhs(self, y: Any) -> list[float]:
        s = self.seen(y)
        i = self.currents(s)
        out = self.outward(i)
        per = AREA / (F * VOLUME)
        used = sum(self.uses(i, s).values())
        return [
            -sum(out.values()) / self.C,
            -per * out["K"],
            per * out["Cl"],
            -per / 2 * out["Ca"],
            self.L / VOLUME * (s["Na"] + s["K"] + s["Cl"] + s["X"] + s["Ca"] - self.osmolarity),
            self.energy * self.production - used if self.pool else 0.0,
        ]

    def run(self, parts: list[tuple[float, dict[str, Any]]], y0: Any = None, rtol: float = 1e-11) -> Course:
        """Through ``parts``, each (end in s, what differs until then)."""
        pieces = []
        for end, changes in parts:
            model = self.but(**changes)
            pieces.append((end, lambda t, y, model=model: model.rhs(y)))
        size = np.array([0.1, 100.0, 10.0, 1e-2, 1.0, 1.0])
        return integrate(pieces, self.start() if y0 is None else y0, rtol=rtol, atol=1e-2 * rtol * size, method="Radau")

    def rest(self, near: Any = None) -> Array:
        first = self.start() if near is None else np.asarray(near, float)
        size = np.array([0.1, 100.0, 10.0, 1e-2, 1.0, 1.0])
        rate = np.array([1.0, 1e-2, 1e-2, 1e-5, 1e-2, 1e-2])

        def residual(x: Any) -> Any:
            slopes = np.array(self.rhs(first + x * size)) / rate
            return slopes if self.pool else np.append(slopes[:-1], x[-1])

        x = np.zeros(6)
        for _ in range(4):
            x = root(residual, x, options={"xtol": 1e-15}).x
        assert np.max(np.abs(residual(x))) < 1e-10, residual(x)
        return np.asarray(first + x * size)


def neuron(slope: float = 2.5, J: float = 0.01, **changes: Any) -> Neuron:
    """The neuron whose rest is the imposed one; changes replace constants before the sizes are found."""
    c, V = REST, -0.072
    X = sum(BATH.values()) - sum(c.values())
    z = (0.01 * AREA * V / (F * VOLUME) - sum(CHARGE[x] * c[x] for x in c)) / X
    J_max = J / ((c["Na"] / (c["Na"] + 10)) ** 3 * (4 / 5.5) ** 2 * 3 / 3.2)
    at = {"V": V, **c, "X": X, "w": 1.0, "ATP": 3.0}
    bare = Neuron(P=dict.fromkeys(CHARGE, 0.0), U=1.0, J_max=J_max, z=z, X=X, production=0.0, other=0.0, **changes)

    def sized(U: float) -> Neuron:
        model = bare.but(U=U)
        need = model.outward(model.currents(at))
        return model.but(P={x: -need[x] / goldman(CHARGE[x], V, c[x], BATH[x]) for x in CHARGE})

    def conductance(U: float) -> float:
        model, h = sized(U), 1e-5
        ends = [sum(model.outward(model.currents(at | {"V": V + d})).values()) for d in (-2 * h, -h, h, 2 * h)]
        return (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * h)

    model = sized(brentq(lambda U: conductance(U) - slope, 0.0, 10.0, xtol=1e-14, rtol=1e-14))
    i = model.currents(at)
    used = model.uses(i, at)
    other = 1.5 * used["NKA"] - used["NKA"] - used["PMCA"]
    return model.but(other=other, production=1.5 * used["NKA"])


def without_chloride(model: Neuron) -> Neuron:
    """No pathway for chloride; the K leak rebalanced so that the rest stays."""
    s = model.seen(model.start())
    bare = model.but(U=0.0, P=model.P | {"Cl": 0.0, "K": 0.0})
    need = bare.outward(bare.currents(s))["K"]
    return bare.but(P=bare.P | {"K": -need / goldman(1, s["V"], s["K"], BATH["K"])})
