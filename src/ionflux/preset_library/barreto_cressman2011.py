"""Barreto & Cressman 2011: spikes, potassium outside and sodium inside; bursts and seizures as the potassium of the bath rises.

    C dV/dt = −I_Na − I_K − I_Cl
    I_Na = (g_Na m³h + g_Na,l)(V − E_Na),  I_K = [g_K n⁴ + g_AHP Ca/(1 + Ca) + g_K,l](V − E_K),  I_Cl = g_Cl (V − E_Cl)
    d[K]_out/dt = γβ I_K − 2β I_p − I_glia − I_diff,   d[Na]_in/dt = −γ I_Na − 3 I_p
    [K]_in = 158 mM − [Na]_in,  [Na]_out = 144 mM − β ([Na]_in − 18 mM),  [Cl]_in = 6 mM, [Cl]_out = 130 mM
    dCa/dt = −0.002 g_Ca (V − 120)/(1 + e^{−(V + 25)/2.5}) − Ca/80                                     (mM, ms, mV, mS/cm²)
    I_p = ρ/{[1 + e^{(25 − [Na]_in)/3}][1 + e^{5.5 − [K]_out}]}, I_glia = G/(1 + e^{(18 − [K]_out)/2.5}), I_diff = ε ([K]_out − K_b)

The pump moves its ions and leaves V alone, sodium and potassium are tied to each other, chloride is constant, and Ca carries no charge: V
and the charge go separate ways, as the audit says. γ = area/(F volume), 1/s per A/m²; β = 7 is the ratio of the volumes.

variant="reduced" leaves out V and gates: the two concentrations follow the mean currents of the spikes, fitted to the two ratios,

    d[K]_out/dt = 0.33 ⟨I_K⟩ − 14 I_p − I_glia − I_diff,   d[Na]_in/dt = 0.04714 ⟨I_Na⟩ − 3 I_p,   ⟨I⟩ as in `AverageFiring`

with G = 66 mM/s and ε = 1.2 s⁻¹; its V means nothing. In print g₂, g₃ and the sign of the potassium equation are wrong; the erratum
has them right.

``bath.K`` is the K_b of the paper, the potassium that the solution outside exchanges with; the solution itself starts at 7.8 mM.

Source: J. R. Cressman, G. Ullah, J. Ziburkus, S. J. Schiff, E. Barreto, J. Comput. Neurosci. 26, 159 (2009), with its erratum; E. Barreto,
J. R. Cressman, "Ion concentration dynamics as a mechanism for neuronal bursting", J. Biol. Phys. 37, 361 (2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import Any

from ionflux.baths import Bath, Impermeant
from ionflux.cells import Cell, Constants, Slaved
from ionflux.constants import celsius
from ionflux.mechanisms import AverageFiring, BathExchange, Channel, Gate, GlialUptake, Leak, Mechanism, Rate, SigmoidNaKATPase
from ionflux.preset_library import Symbol
from ionflux.preset_library.hubel2014 import ALPHA_H, ALPHA_M, ALPHA_N, BETA_H, BETA_M, BETA_N
from ionflux.species import Cl, K, Na
from ionflux.units import mM, ms, mS_per_cm2, mV, uF_per_cm2, um

FARADAY = 96485.0
BETA = 7.0
VOLUME = 4 / 3 * pi * (7 * um) ** 3
#: γ = 0.044494542 mM/s per µA/cm² is area/(F volume)
AREA = 4.4494542 * FARADAY * VOLUME

#: the value itself: its exponential is 0 wherever x > −0.5
ITSELF = Rate(0.0, 1.0, 1.0, 1.0, -1e-3)

#: what `preset` takes beside symbols, the first being the default
OPTIONS = {"variant": ("full", "reduced")}

SYMBOLS = {
    "bath.K": Symbol("BathExchange.c"),
    "K_b": Symbol("BathExchange.c"),
    "eps": Symbol("BathExchange.rate"),
    "G": Symbol("GlialUptake.G"),
    "rho": Symbol("NaKATPase.J_max", AREA / VOLUME),  # mM/s of the cell's volume
    "g_Na": Symbol("Na_gated.g"),
    "g_Na_l": Symbol("leak_Na.g"),
    "g_K": Symbol("K_gated.g"),
    "g_AHP": Symbol("AHP.g"),
    "g_K_l": Symbol("leak_K.g"),
    "g_Cl": Symbol("leak_Cl.g"),
    "C": Symbol("C_m"),
}


def with_gamma(cell: Cell, gamma: float) -> dict[str, float]:
    """Return the area at which currents change concentrations by `gamma` (mol m⁻³ s⁻¹ per A/m²), the pump staying what it is."""
    area = gamma * cell.faraday * cell.volume
    return {"area": area, "NaKATPase.J_max": cell.parameters()["NaKATPase.J_max"].value * cell.area / area}


#: symbols that stand for several values
TOGETHER = {"gamma": with_gamma}

REDUCED = "Cressman et al. 2009, J Comput Neurosci 26:159, with its erratum"
PAPER = "Barreto & Cressman 2011, J Biol Phys 37:361"
SOURCES = {
    "area": f"{PAPER}: γ = 0.044494542 mM/s per µA/cm², area = γ F volume",
    "volume": f"{PAPER}: sphere of radius 7 µm",
    "outside_volume": f"{PAPER}: β = 7",
    "C_m": f"{PAPER}: 1 µF/cm²",
    "V": f"{PAPER}: start",
    "constants.F": "96485 C/mol, in γ = area/(F volume)",
    "constants.RT_F": f"{PAPER}: 26.64 mV",
    **{f"inside.{ion}": f"{PAPER}: start" for ion in ("Na", "K", "Cl")},
    **{f"bath.{ion}": f"{PAPER}: start" for ion in ("Na", "K", "Cl")},
    **{f"bath.impermeant.{x}": "makes the solution outside neutral" for x in "zc"},
    "slaved.c_in.K": f"{PAPER}: [K]_in = 140 mM + (18 mM − [Na]_in)",
    "slaved.c_out.Na": f"{PAPER}: [Na]_out = 144 mM − β ([Na]_in − 18 mM)",
    "slaved.c_out.Cl": f"{PAPER}: 130 mM",
    "leak_Na.g": f"{PAPER}: 0.0175 mS/cm²",
    "leak_K.g": f"{PAPER}: 0.05 mS/cm²",
    "leak_Cl.g": f"{PAPER}: 0.05 mS/cm²",
    "Na_gated.g": f"{PAPER}: 100 mS/cm²",
    "K_gated.g": f"{PAPER}: 40 mS/cm²",
    "AHP.g": f"{PAPER}: 0.01 mS/cm²",
    "NaKATPase.J_max": f"{PAPER}: ρ = 1.25 mM/s, J_max = ρ volume/area",
    "NaKATPase.Na_half": f"{PAPER}: 25 mM",
    "NaKATPase.Na_width": f"{PAPER}: 3 mM",
    "NaKATPase.K_half": f"{PAPER}: 5.5 mM",
    "NaKATPase.K_width": f"{PAPER}: 1 mM",
    "AverageFiring_Na.rate": f"{REDUCED}: 0.04714",
    "AverageFiring_Na.background": f"{REDUCED}: 1.5",
    "AverageFiring_K.rate": f"{REDUCED}: 0.33 · 0.94 outside, over β",
    "AverageFiring_K.background": f"{REDUCED}: 2.6",
    "AverageFiring_K.slope": f"{REDUCED}: 32.5",
    "GlialUptake.G": f"{PAPER}: 200/3 mM/s; 66 mM/s in the average",
    "GlialUptake.c_half": f"{PAPER}: 18 mM",
    "GlialUptake.width": f"{PAPER}: 2.5 mM",
    "BathExchange.rate": f"{PAPER}: ε = 4/3 s⁻¹; 1.2 s⁻¹ in the average",
    "BathExchange.c": f"{PAPER}: 4 mM",
    **{f"state.{gate}": f"{PAPER}: start" for gate in ("K_gated.n", "Na_gated.h", "AHP.Ca")},
}


def cell(variant: str = "full") -> Cell:
    """Return the cell with the published values: at the published start, or the average near its rest."""
    return spiking() if variant == "full" else average()


def surroundings(G: float, eps: float) -> tuple[Mechanism, ...]:
    """Return the pump, the glia and the bath."""
    pump = SigmoidNaKATPase(J_max=1.25 * VOLUME / AREA, silent=True)
    return (pump, GlialUptake(K, G=G), BathExchange(K, rate=eps, c=4 * mM))


def made(Na_in: float, K_out: float, membrane: Sequence[Mechanism], **more: Any) -> Cell:
    """Return a cell at these two concentrations, from which the others follow."""
    labels = {m.name for m in membrane}
    Na_out = 144.0 - BETA * (Na_in - 18.0)
    return Cell(
        area=AREA,
        volume=VOLUME,
        outside_volume=VOLUME / BETA,
        C_m=1 * uF_per_cm2,
        T=celsius(36),
        inside={Na: Na_in * mM, K: (158.0 - Na_in) * mM, Cl: 6 * mM},
        bath=Bath({Na: Na_out * mM, K: K_out * mM, Cl: 130 * mM}, impermeant=Impermeant(z=-1, c=(Na_out + K_out - 130.0) * mM)),
        membrane=membrane,
        pools=[
            Slaved("c_in.K", 158.0, {"c_in.Na": -1.0}),
            Slaved("c_out.Na", 144.0 + 18.0 * BETA, {"c_in.Na": -BETA}),
            Slaved("c_out.Cl", 130.0, {}),
        ],
        hold=("c_in.Cl",),
        potential="current",
        constants=Constants(F=FARADAY, RT_F=26.64 * mV),
        sources=SOURCES,
        symbols={symbol: s.name for symbol, s in SYMBOLS.items() if s.name == "C_m" or s.name.partition(".")[0] in labels},
        **more,
    )


def average() -> Cell:
    """Return the two-variable average."""
    firing = (
        AverageFiring(Na, rate=0.04714, background=1.5, silent=True),
        AverageFiring(K, rate=0.33 * 0.94 / BETA, background=2.6, slope=32.5, silent=True),
    )
    return made(19.0, 3.8, [*firing, *surroundings(66.0, 1.2)], V=-70 * mV)


def spiking() -> Cell:
    """Return the full model."""
    m, h = Gate("m", 3, alpha=ALPHA_M, beta=BETA_M, instant=True), Gate("h", 1, alpha=ALPHA_H, beta=BETA_H)
    # 80 ms · 0.002 g_Ca (120 mV − V)/(1 + …) with g_Ca = 0.1 mS/cm²; no ion of the books, mM
    calcium = Gate("Ca", 0, inf=Rate(1.92, -16.0, 1.0, 0.025, -0.0025), tau=80 * ms)
    bound = Gate("open", 1, alpha=ITSELF, beta=1.0, instant=True, of="AHP.Ca")
    membrane = [
        Leak(Na, g=0.0175 * mS_per_cm2),
        Leak(K, g=0.05 * mS_per_cm2),
        Leak(Cl, g=0.05 * mS_per_cm2),
        Channel("Na_gated", permeates={Na: 1}, g=100 * mS_per_cm2, gates=[m, h]),
        Channel("K_gated", permeates={K: 1}, g=40 * mS_per_cm2, gates=[Gate("n", 4, alpha=ALPHA_N, beta=BETA_N)]),
        Channel("AHP", permeates={K: 1}, g=0.01 * mS_per_cm2, gates=[calcium, bound]),
        *surroundings(200 / 3, 4 / 3),
    ]
    state = {"K_gated.n": 0.08553, "Na_gated.h": 0.96859, "AHP.Ca": 0.0}
    return made(15.5, 7.8, membrane, V=-50 * mV, state=state)
