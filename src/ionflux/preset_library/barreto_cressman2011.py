"""Barreto & Cressman 2011: spikes, potassium outside and sodium inside; bursts and seizures as the potassium of the bath rises.

    C dV/dt = −I_Na − I_K − I_Cl
    I_Na = (g_Na m³h + g_Na,l)(V − E_Na),  I_K = [g_K n⁴ + g_AHP Ca/(1 + Ca) + g_K,l](V − E_K),  I_Cl = g_Cl (V − E_Cl)
    d[K]_out/dt = γβ I_K − 2β I_p − I_glia − I_diff,   d[Na]_in/dt = −γ I_Na − 3 I_p
    [K]_in = 158 mM − [Na]_in,  [Na]_out = 144 mM − β ([Na]_in − 18 mM),  [Cl]_in = 6 mM, [Cl]_out = 130 mM
    dCa/dt = −0.002 g_Ca (V − 120)/(1 + e^{−(V + 25)/2.5}) − Ca/80                                     (mM, ms, mV, mS/cm²)
    I_p = ρ/{[1 + e^{(25 − [Na]_in)/3}][1 + e^{5.5 − [K]_out}]}, I_glia = G/(1 + e^{(18 − [K]_out)/2.5}), I_diff = ε ([K]_out − K_b)

The pump moves its ions and leaves V alone, sodium and potassium are tied to each other, chloride is constant, and Ca carries no charge: V
and the charge go separate ways, as the audit says. γ = area/(F volume), 1/s per A/m²; β = 7 is the ratio of the volumes.

``bath.K`` is the K_b of the paper, the potassium that the solution outside exchanges with; the solution itself starts at 7.8 mM.

Source: J. R. Cressman, G. Ullah, J. Ziburkus, S. J. Schiff, E. Barreto, J. Comput. Neurosci. 26, 159 (2009), with its erratum; E. Barreto,
J. R. Cressman, "Ion concentration dynamics as a mechanism for neuronal bursting", J. Biol. Phys. 37, 361 (2011).
"""

from __future__ import annotations

from math import pi

from ionflux.baths import Bath, Impermeant
from ionflux.cells import Cell, Constants, Slaved
from ionflux.constants import celsius
from ionflux.mechanisms import BathExchange, Channel, Gate, GlialUptake, Leak, Rate, SigmoidNaKATPase
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
    "GlialUptake.G": f"{PAPER}: 200/3 mM/s",
    "GlialUptake.c_half": f"{PAPER}: 18 mM",
    "GlialUptake.width": f"{PAPER}: 2.5 mM",
    "BathExchange.rate": f"{PAPER}: ε = 4/3 s⁻¹",
    "BathExchange.c": f"{PAPER}: 4 mM",
    **{f"state.{gate}": f"{PAPER}: start" for gate in ("K_gated.n", "Na_gated.h", "AHP.Ca")},
}


def cell() -> Cell:
    """Return the cell with the published values, at the published start."""
    m, h = Gate("m", 3, alpha=ALPHA_M, beta=BETA_M, instant=True), Gate("h", 1, alpha=ALPHA_H, beta=BETA_H)
    # 80 ms · 0.002 g_Ca (120 mV − V)/(1 + …) with g_Ca = 0.1 mS/cm²; no ion of the books, mM
    calcium = Gate("Ca", 0, inf=Rate(1.92, -16.0, 1.0, 0.025, -0.0025), tau=80 * ms)
    bound = Gate("open", 1, alpha=ITSELF, beta=1.0, instant=True, of="AHP.Ca")
    return Cell(
        area=AREA,
        volume=VOLUME,
        outside_volume=VOLUME / BETA,
        C_m=1 * uF_per_cm2,
        T=celsius(36),
        V=-50 * mV,
        state={"K_gated.n": 0.08553, "Na_gated.h": 0.96859, "AHP.Ca": 0.0},
        inside={Na: 15.5 * mM, K: 142.5 * mM, Cl: 6 * mM},
        bath=Bath({Na: 161.5 * mM, K: 7.8 * mM, Cl: 130 * mM}, impermeant=Impermeant(z=-1, c=39.3 * mM)),
        membrane=[
            Leak(Na, g=0.0175 * mS_per_cm2),
            Leak(K, g=0.05 * mS_per_cm2),
            Leak(Cl, g=0.05 * mS_per_cm2),
            Channel("Na_gated", permeates={Na: 1}, g=100 * mS_per_cm2, gates=[m, h]),
            Channel("K_gated", permeates={K: 1}, g=40 * mS_per_cm2, gates=[Gate("n", 4, alpha=ALPHA_N, beta=BETA_N)]),
            Channel("AHP", permeates={K: 1}, g=0.01 * mS_per_cm2, gates=[calcium, bound]),
            SigmoidNaKATPase(J_max=1.25 * VOLUME / AREA, silent=True),
            GlialUptake(K, G=200 / 3),
            BathExchange(K, rate=4 / 3, c=4 * mM),
        ],
        pools=[
            Slaved("c_in.K", 158.0, {"c_in.Na": -1.0}),
            Slaved("c_out.Na", 144.0 + 18.0 * BETA, {"c_in.Na": -BETA}),
            Slaved("c_out.Cl", 130.0, {}),
        ],
        hold=("c_in.Cl",),
        potential="current",
        constants=Constants(F=FARADAY, RT_F=26.64 * mV),
        sources=SOURCES,
        symbols={symbol: s.name for symbol, s in SYMBOLS.items()},
    )
