"""Every mechanism that the package exports, ways to make each, and points at which to ask it.

A new mechanism needs an entry in `MAKERS`, and its equation in tests/reference/laws.py; `missing` says so where one is not there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from reference.laws import RATES, Point

import ionflux as ifx
from ionflux import SO4, Ca, Cl, K, Mechanism, Na, mechanisms
from ionflux.mechanisms.base import ions_read

Generator = np.random.Generator
Maker = Callable[[Generator], Mechanism]

#: no rate of their own in V and concentrations; what they do to a cell is tested in test_cells.py, which has a twin for each
ACTING_ON_THE_CELL = {"Water", "VoltageClamp", "BathExchange", "GlialUptake", "GlialBuffer", "Buffer", "CaBuffer"}
#: channels of several ions that a transmitter opens: see tests/verification/test_synapses.py
ACTING_ON_THE_CELL |= {"SERCA", "StoreLeak"}  # between the cytosol and a store: see tests/verification/test_stores.py
ACTING_ON_THE_CELL |= {"Synapse", "AMPA", "NMDA", "GABA_A", "GABA_B"}


def log_uniform(rng: Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def ion(rng: Generator) -> ifx.IonSpecies:
    return [Na, K, Cl, Ca, SO4][rng.integers(5)]


#: by class, ways that differ in which parameters are given; every parameter that may be left out has to be given in one of them
MAKERS: dict[str, dict[str, Maker]] = {
    "Leak": {
        "ohmic": lambda rng: ifx.Leak(ion(rng), g=log_uniform(rng, 1e-2, 1e2)),
        "Goldman": lambda rng: ifx.Leak(ion(rng), P=log_uniform(rng, 1e-10, 1e-6)),
        "fixed reversal": lambda rng: ifx.Leak(ion(rng), g=log_uniform(rng, 1e-2, 1e2), E=rng.uniform(-0.1, 0.1)),
    },
    "Channel": {
        "ohmic": lambda rng: ifx.Channel("one", permeates={ion(rng): 1}, g=log_uniform(rng, 1e-2, 1e2)),
        "permeability": lambda rng: ifx.Channel("one", permeates={ion(rng): 1}, P=log_uniform(rng, 1e-10, 1e-6), q10_g=2.5, T_ref=300.0),
        "fixed reversal": lambda rng: ifx.Channel("one", permeates={K: 1}, g=log_uniform(rng, 1e-2, 1e2), E=rng.uniform(-0.1, 0.1)),
    },
    "K2P": {
        "ohmic": lambda rng: ifx.K2P(g=log_uniform(rng, 1e-2, 1e2)),
        "permeability": lambda rng: ifx.K2P(P=log_uniform(rng, 1e-10, 1e-6)),
        "fixed reversal": lambda rng: ifx.K2P(g=log_uniform(rng, 1e-2, 1e2), E=-0.09),
    },
    "Kir": {
        "ohmic": lambda rng: ifx.Kir(g=log_uniform(rng, 1e-1, 1e2), K_half=rng.uniform(1, 30)),
        "permeability": lambda rng: ifx.Kir(P=log_uniform(rng, 1e-10, 1e-6), q10_g=1.0, T_ref=300.0),
        "fixed reversal": lambda rng: ifx.Kir(g=1.0, E=-0.09),
    },
    "KirBoltzmann": {
        "ohmic": lambda rng: ifx.KirBoltzmann(g=log_uniform(rng, 1e-1, 1e2), V_half=rng.uniform(-0.04, 0.04)),
        "permeability": lambda rng: ifx.KirBoltzmann(P=log_uniform(rng, 1e-10, 1e-6), width=-0.02, T_ref=300.0),
        "fixed reversal": lambda rng: ifx.KirBoltzmann(g=1.0, E=-0.09),
    },
    "Synapse": {
        "two ions": lambda rng: ifx.Synapse(E_rev=rng.uniform(-0.06, 0.0), between=(Na, K), g=1.0, transmitter=0.3),
        "one ion": lambda rng: ifx.Synapse(permeates={K: 1}, P=1e-8, transmitter=0.3, T_ref=300.0),
        "fixed reversal": lambda rng: ifx.Synapse(permeates={K: 1}, g=1.0, E=-0.09, transmitter=0.3),
    },
    "AMPA": {
        "ohmic": lambda rng: ifx.AMPA(g=1.0, transmitter=0.1),
        "permeability": lambda rng: ifx.AMPA(P=1e-8, T_ref=300.0),
        "fixed": lambda rng: ifx.AMPA(permeates={Na: 1}, g=1.0, E=0.0),
        "shared": lambda rng: ifx.AMPA(permeates={}, E_rev=-0.01, between=(Na, K), g=1.0),
    },
    "NMDA": {
        "ohmic": lambda rng: ifx.NMDA(g=1.0, transmitter=0.1),
        "permeability": lambda rng: ifx.NMDA(P=1e-8, Mg=rng.uniform(0.1, 3), T_ref=300.0),
        "fixed": lambda rng: ifx.NMDA(permeates={Na: 1}, g=1.0, E=0.0),
        "shared": lambda rng: ifx.NMDA(permeates={}, E_rev=-0.01, between=(Na, K), g=1.0),
    },
    "GABA_A": {
        "ohmic": lambda rng: ifx.GABA_A(permeates={Cl: 1}, g=1.0, transmitter=0.1),
        "permeability": lambda rng: ifx.GABA_A(permeates={Cl: 1}, P=1e-8, T_ref=300.0),
        "fixed": lambda rng: ifx.GABA_A(permeates={Cl: 1}, g=1.0, E=-0.07),
        "shared": lambda rng: ifx.GABA_A(permeates={}, E_rev=-0.08, between=(K, Cl), g=1.0),
    },
    "GABA_B": {
        "ohmic": lambda rng: ifx.GABA_B(g=1.0, transmitter=0.1),
        "permeability": lambda rng: ifx.GABA_B(P=1e-8, T_ref=300.0),
        "fixed": lambda rng: ifx.GABA_B(g=1.0, E=-0.09),
        "shared": lambda rng: ifx.GABA_B(permeates={}, E_rev=-0.08, between=(K, Cl), g=1.0),
    },
    "HHNa": {
        "ohmic": lambda rng: ifx.HHNa(g=log_uniform(rng, 1e1, 1e4)),
        "permeability": lambda rng: ifx.HHNa(P=log_uniform(rng, 1e-8, 1e-5)),
        "fixed reversal": lambda rng: ifx.HHNa(g=1200.0, E=0.05, T_ref=300.0),
    },
    "HHK": {
        "ohmic": lambda rng: ifx.HHK(g=log_uniform(rng, 1e1, 1e4)),
        "permeability": lambda rng: ifx.HHK(P=log_uniform(rng, 1e-8, 1e-5)),
        "fixed reversal": lambda rng: ifx.HHK(g=360.0, E=-0.077, T_ref=300.0),
    },
    "KCC2": {
        "conductance": lambda rng: ifx.KCC2(g=log_uniform(rng, 1e-2, 1e1)),
        "logarithm": lambda rng: ifx.KCC2(U=log_uniform(rng, 1e-9, 1e-6)),
    },
    "NKCC1": {
        "conductance": lambda rng: ifx.NKCC1(g=log_uniform(rng, 1e-3, 1e1)),
        "logarithm": lambda rng: ifx.NKCC1(U=log_uniform(rng, 1e-10, 1e-7)),
    },
    "GatedNKCC1": {
        "gate": lambda rng: ifx.GatedNKCC1(U=log_uniform(rng, 1e-9, 1e-6), K_half=rng.uniform(2, 20), K_width=rng.uniform(0.5, 4))
    },
    "MassActionKCC2": {"k": lambda rng: ifx.MassActionKCC2(k=log_uniform(rng, 1e-12, 1e-10))},
    "MassActionNKCC1": {"k": lambda rng: ifx.MassActionNKCC1(k=log_uniform(rng, 1e-17, 1e-15))},
    "NCX": {"split": lambda rng: ifx.NCX(k=log_uniform(rng, 1e-14, 1e-12), gamma=rng.uniform(0, 1))},
    "LuoRudyNCX": {"saturated": lambda rng: ifx.LuoRudyNCX(J_max=log_uniform(rng, 1e-8, 1e-6), k_sat=rng.uniform(0, 1))},
    "NHE": {"k": lambda rng: ifx.NHE(k=log_uniform(rng, 1e-11, 1e-9))},
    "AE": {"k": lambda rng: ifx.AE(k=log_uniform(rng, 1e-12, 1e-10))},
    "NBC": {
        "neutral": lambda rng: ifx.NBC(g=log_uniform(rng, 1e-3, 1)),
        "electrogenic": lambda rng: ifx.NBC(g=log_uniform(rng, 1e-3, 1), n=int(rng.integers(2, 4))),
    },
    "EAAT": {
        "carrier": lambda rng: ifx.EAAT(
            J_max=log_uniform(rng, 1e-12, 1e-10),
            K_Na=rng.uniform(10, 90),
            K_H=log_uniform(rng, 1e-6, 1e-4),
            K_Glutamate=log_uniform(rng, 3e-3, 0.1),
            K_K=rng.uniform(2, 40),
        ),
    },
    "PMCA": {
        "calcium": lambda rng: ifx.PMCA(
            J_max=log_uniform(rng, 1e-11, 1e-9), K_Ca=log_uniform(rng, 1e-4, 1e-2), n_Ca=int(rng.integers(1, 3))
        ),
        "ATP": lambda rng: ifx.PMCA(J_max=log_uniform(rng, 1e-11, 1e-9), K_Ca=log_uniform(rng, 1e-4, 1e-2), K_ATP=0.2),
    },
    "ATPSupply": {
        "constant": lambda rng: ifx.ATPSupply(production=log_uniform(rng, 1e-3, 1)),
        "restoring": lambda rng: ifx.ATPSupply(k=log_uniform(rng, 1e-3, 1), rest=rng.uniform(1, 5)),
        "from ADP": lambda rng: ifx.ATPSupply(production=log_uniform(rng, 1e-3, 1), K_ADP=log_uniform(rng, 0.01, 1)),
    },
    "ATPUse": {"proportional": lambda rng: ifx.ATPUse(rate=log_uniform(rng, 1e-3, 0.1), at=rng.uniform(1, 4))},
    "NaKATPase": {
        "sites": lambda rng: ifx.NaKATPase(J_max=log_uniform(rng, 1e-8, 1e-5), K_Na=rng.uniform(3, 40), K_K=rng.uniform(0.3, 8)),
    },
    "ConstantNaKATPase": {"constant": lambda rng: ifx.ConstantNaKATPase(J_max=log_uniform(rng, 1e-8, 1e-6))},
    "CubicNaKATPase": {"cubic": lambda rng: ifx.CubicNaKATPase(J_max=log_uniform(rng, 1e-5, 1e-3))},
    "LinearNaKATPase": {"linear": lambda rng: ifx.LinearNaKATPase(k=log_uniform(rng, 1e-10, 1e-7))},
    "Buffer": {
        "at once": lambda rng: ifx.Buffer(Ca, total=log_uniform(rng, 1e-2, 1), K_d=log_uniform(rng, 1e-4, 1e-2), charge_of_site=-2.0),
        "with rates": lambda rng: ifx.Buffer(Ca, total=log_uniform(rng, 1e-2, 1), K_d=log_uniform(rng, 1e-4, 1e-2), k_on=1e3),
    },
    "SERCA": {"store": lambda rng: ifx.SERCA(J_max=log_uniform(rng, 1e-10, 1e-8))},
    "StoreLeak": {"store": lambda rng: ifx.StoreLeak(k=log_uniform(rng, 1e-5, 1e-2))},
    "CaBuffer": {
        "at once": lambda rng: ifx.CaBuffer(total=log_uniform(rng, 1e-2, 1), K_d=log_uniform(rng, 1e-4, 1e-2), charge_of_site=-2.0),
        "with rates": lambda rng: ifx.CaBuffer(total=log_uniform(rng, 1e-2, 1), K_d=log_uniform(rng, 1e-4, 1e-2), k_on=1e3),
    },
    "AverageFiring": {
        "sodium": lambda rng: ifx.AverageFiring(Na, rate=log_uniform(rng, 1e-3, 1), background=rng.uniform(0, 3)),
        "potassium": lambda rng: ifx.AverageFiring(
            K, rate=log_uniform(rng, 1e-3, 1), background=rng.uniform(0, 3), slope=rng.uniform(0, 40)
        ),
    },
    "BathExchange": {"diffusion": lambda rng: ifx.BathExchange(K, rate=log_uniform(rng, 0.1, 10), c=rng.uniform(2, 12))},
    "GlialUptake": {"sigmoid": lambda rng: ifx.GlialUptake(K, G=log_uniform(rng, 1, 100))},
    "GlialBuffer": {"binding": lambda rng: ifx.GlialBuffer(K, k=log_uniform(rng, 1e-5, 1e-3), B_0=rng.uniform(100, 600))},
    "HillNaKATPase": {
        "exponents": lambda rng: ifx.HillNaKATPase(
            J_max=log_uniform(rng, 1e-8, 1e-5),
            K_Na=rng.uniform(3, 40),
            n_Na=rng.uniform(1, 4),
            K_K=rng.uniform(0.3, 8),
            n_K=float(rng.integers(1, 4)),
        ),
    },
    "LuoRudyNaKATPase": {
        "voltage": lambda rng: ifx.LuoRudyNaKATPase(J_max=log_uniform(rng, 1e-8, 1e-5), K_Na=rng.uniform(3, 40), n_Na=rng.uniform(1, 4)),
    },
    "SigmoidNaKATPase": {
        "sigmoids": lambda rng: ifx.SigmoidNaKATPase(
            J_max=log_uniform(rng, 1e-8, 1e-5), Na_half=rng.uniform(5, 40), Na_width=rng.uniform(1, 9), K_half=rng.uniform(2, 9)
        ),
    },
    "HamadaNaKATPase": {
        "two": lambda rng: ifx.HamadaNaKATPase(J_max=log_uniform(rng, 1e-8, 1e-5), share=rng.uniform(0, 1), K_1=rng.uniform(3, 20)),
    },
    "ATPNaKATPase": {"ATP": lambda rng: ifx.ATPNaKATPase(J_max=log_uniform(rng, 1e-8, 1e-5), K_ATP=log_uniform(rng, 0.05, 2))},
    "CyclePump": {
        "parameters": lambda rng: ifx.CyclePump(density=log_uniform(rng, 1e-10, 1e-8), pH=rng.uniform(6, 8), ADP=rng.uniform(0.01, 0.2)),
        "pools": lambda rng: ifx.CyclePump(density=log_uniform(rng, 1e-10, 1e-8), delta=rng.uniform(-0.5, 0.2)),
    },
    "HATPase": {
        "parameters": lambda rng: ifx.HATPase(
            J_max=log_uniform(rng, 1e-13, 1e-11), K_in=log_uniform(rng, 1e-5, 1e-3), K_out=1e-4, K_ATP=0.3
        ),
        "pools": lambda rng: ifx.HATPase(J_max=log_uniform(rng, 1e-13, 1e-11), K_in=1e-4, K_out=log_uniform(rng, 1e-5, 1e-3), K_ATP=1.0),
    },
    "Water": {
        "filtration": lambda rng: ifx.Water(P_f=log_uniform(rng, 1e-6, 1e-4), V_w=rng.uniform(1.75e-5, 1.85e-5)),
        "hydraulic": lambda rng: ifx.Water(hydraulic=log_uniform(rng, 1e-22, 1e-18)),
        "instant": lambda rng: ifx.Water(instant=True),
    },
    "CurrentClamp": {
        "whole cell": lambda rng: ifx.CurrentClamp(rng.uniform(-1e-10, 1e-10)),
        "density": lambda rng: ifx.CurrentClamp(i=rng.uniform(-0.1, 0.1)),
        "carried": lambda rng: ifx.CurrentClamp(i=rng.uniform(-0.1, 0.1), carrier=ion(rng)),
    },
    "VoltageClamp": {
        "electrode": lambda rng: ifx.VoltageClamp(rng.uniform(-0.1, 0.05)),
        "carried": lambda rng: ifx.VoltageClamp(rng.uniform(-0.1, 0.05), carrier=[Na, K, Cl][rng.integers(3)]),
    },
}

CATALOGUE: tuple[type[Mechanism], ...] = tuple(
    found
    for name in mechanisms.__all__
    if isinstance(found := getattr(mechanisms, name), type) and issubclass(found, Mechanism) and found is not Mechanism
)


def missing(classes: Iterable[type[Mechanism]]) -> list[str]:
    """What is to be written before these mechanisms are covered."""
    said = []
    for cls in classes:
        name = cls.__name__
        if name not in RATES and name not in ACTING_ON_THE_CELL:
            said.append(
                f"{name} has no twin: write its rate as an equation, from the paper and not from the kernel, in tests/reference/laws.py "
                "and add it to RATES; or, if it has no rate in V and concentrations, add it to ACTING_ON_THE_CELL and test what it does"
            )
        ways = MAKERS.get(name, {})
        examples = [make(np.random.default_rng(i)) for i, make in enumerate(ways.values())]
        if not examples:
            said.append(f"{name}: add to MAKERS in tests/conformance/catalogue.py how to make one, for every way to give its parameters")
        left_out = (f.name for f in dataclasses.fields(cls) if f.default is None and f.name not in ("label", "table"))
        said += [
            f"{name}.{field} is given in none of MAKERS[{name!r}]; add a way that gives it"
            for field in left_out
            if examples and all(getattr(m, field) is None for m in examples)
        ]
    return said


@dataclass(frozen=True)
class Case:
    """One mechanism with random parameters."""

    cls: type[Mechanism]
    way: str
    seed: int

    def __str__(self) -> str:
        return f"{self.cls.__name__}-{self.way}-{self.seed}"

    @property
    def rng(self) -> Generator:
        return np.random.default_rng([21, self.seed, *map(ord, self.way)])

    @property
    def mechanism(self) -> Mechanism:
        return MAKERS[self.cls.__name__][self.way](self.rng)

    @property
    def others(self) -> dict[str, set[str]]:
        """What it reads beside the ions that every point has; what it reads only where there is any, in the way called "pools"."""
        return {side: names - {i.name for i in IONS} for side, names in ions_read(self.mechanism, needed=self.way != "pools").items()}

    def points(self, count: int, **span: float) -> Point:
        rng = self.rng
        at = draw_points(rng, count, **span)
        for side, names in self.others.items():
            for name in sorted(names):
                getattr(at, side)[name] = np.exp(rng.uniform(np.log(1e-4), np.log(20.0), count))
        return at


def cases(count: int, where: Callable[[type[Mechanism]], bool] = lambda cls: True) -> list[Case]:
    return [Case(cls, way, seed) for cls in CATALOGUE if where(cls) for way in MAKERS.get(cls.__name__, {}) for seed in range(count)]


def some(chosen: Iterable[Case], *, of_each_class: bool = False) -> list[Any]:
    """The cases, of which only the first of each way is not slow; or only the first of each class, whichever way that is."""
    firsts = {name: next(iter(ways)) for name, ways in MAKERS.items()}

    def daily(case: Case) -> bool:
        return case.seed == 0 and (case.way == firsts[case.cls.__name__] or not of_each_class)

    return [pytest.param(case, marks=[pytest.mark.slow] * (not daily(case)), id=str(case)) for case in chosen]


def has_rate(cls: type[Mechanism]) -> bool:
    return cls.__name__ not in ACTING_ON_THE_CELL


IONS = (Na, K, Cl, Ca, SO4)


def draw_points(rng: Generator, count: int, lowest: float = 1e-4, highest: float = 500.0) -> Point:
    """V within 300 mV either way, concentrations evenly over their orders of magnitude, one temperature each."""

    def c() -> dict[str, Any]:
        return {i.name: np.exp(rng.uniform(np.log(lowest), np.log(highest), count)) for i in IONS}

    return Point(rng.uniform(-0.3, 0.3, count), c(), c(), rng.uniform(270.0, 320.0, count))


def evaluate(m: Mechanism, at: Point) -> Any:
    return m.evaluate(V=at.V, c_in=at.c_in, c_out=at.c_out, T=at.T)
