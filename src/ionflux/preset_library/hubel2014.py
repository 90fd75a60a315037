"""Hübel & Dahlem 2014: spikes, ion concentrations in a closed outside, and a reservoir that takes up potassium.

    C dV/dt = −(I_Na + I_K + I_Cl) + I_stim,   dn/dt = φ [α_n (1 − n) − β_n n],   m = α_m/(α_m + β_m)
    I_Na = (g_Na,l + g_Na m³h)(V − E_Na) + 3 I_p,   I_K = (g_K,l + g_K n⁴)(V − E_K) − 2 I_p,   I_Cl = g_Cl (V − E_Cl)
    I_p  = ρ/{[1 + e^{(25 − [Na]_in)/3}] [1 + e^{5.5 − [K]_out}]}
    α_n = 0.01 (V + 34)/(1 − e^{−0.1 (V + 34)}), β_n = 0.125 e^{−(V + 44)/80}
    α_m = 0.1 (V + 30)/(1 − e^{−0.1 (V + 30)}), β_m = 4 e^{−(V + 55)/18}
    h = 1 − 1/(1 + e^{−6.5 (n − 0.35)})
    buffer="glia": d[K]_out/dt gains d(ΔK)/dt = −k₁ ΔK − k₂ [K]_out (B₀ + ΔK),  k₂ = k₁/(1 + e^{(15 − [K]_out)/1.09})
    buffer="bath": d(ΔK)/dt = λ (K_b − [K]_out);   buffer=None: ΔK stays as it is

K and Cl inside and outside follow from the currents, and so does the potassium that the reservoir has taken up, −ΔK. V does not follow from
the charge: sodium is what keeps the inside as charged as at the start, [Na]_in + [K]_in − [Cl]_in = constant, and outside the total of
sodium is constant. With `h` a gate of its own (h="dynamic") the rates are those of the seizure model that the spikes come from.

A stable depolarised state stands beside the rest: a pump that stops for some ten seconds, or a strong stimulus, sets off a spreading
depolarisation, from which only the reservoir brings the cell back.

Source: N. Hübel, M. A. Dahlem, "Dynamics from seconds to hours in Hodgkin-Huxley model with time-dependent ion concentrations and buffer
reservoirs", PLoS Comput. Biol. 10, e1003941 (2014); dynamic h: E. Barreto, J. R. Cressman, J. Biol. Phys. 37, 361 (2011).
"""

from __future__ import annotations

from ionflux.baths import Bath, Impermeant
from ionflux.cells import Cell, Constants, Pool, Slaved
from ionflux.constants import celsius
from ionflux.mechanisms import (
    BathExchange,
    Channel,
    CurrentClamp,
    Gate,
    GlialBuffer,
    Leak,
    Mechanism,
    Rate,
    SigmoidNaKATPase,
)
from ionflux.preset_library import Symbol
from ionflux.species import Cl, K, Na
from ionflux.units import mM, mS_per_cm2, mV, uA_per_cm2, uF_per_cm2, um

FARADAY = 96485.0
VOLUME, OUTSIDE = 2160 * um**3, 720 * um**3
#: κ = 9.55589e-5 mM 10³ µm³/ms per µA/cm² is area/F
AREA = 9.55589e-15 * FARADAY
NA_IN, K_IN, CL_IN = 25.231485, 129.25764, 9.900239
NA_OUT, K_OUT, CL_OUT = 125.30555, 4.0, 123.2716
PHI, B_0 = 3.0, 500.0

ALPHA_M, BETA_M = Rate(-3e3, -1e5, -1.0, 0.030, -0.010), Rate(4e3, 0.0, 0.0, 0.055, 0.018)
ALPHA_N, BETA_N = Rate(-340.0 * PHI, -1e4 * PHI, -1.0, 0.034, -0.010), Rate(125.0 * PHI, 0.0, 0.0, 0.044, 0.080)
ALPHA_H, BETA_H = Rate(70.0 * PHI, 0.0, 0.0, 0.044, 0.020), Rate(1e3 * PHI, 0.0, 1.0, 0.014, -0.010)

#: what `preset` takes beside symbols, the first being the default
OPTIONS = {"buffer": (None, "glia", "bath"), "h": ("n", "dynamic")}

SYMBOLS = {
    "rho": Symbol("NaKATPase.J_max", FARADAY),  # the largest pump current, A/m²
    "g_Na_l": Symbol("leak_Na.g"),
    "g_K_l": Symbol("leak_K.g"),
    "g_Cl": Symbol("leak_Cl.g"),
    "g_Na": Symbol("Na_gated.g"),
    "g_K": Symbol("K_gated.g"),
    "C": Symbol("C_m"),
    "I_stim": Symbol("CurrentClamp.i"),
    "k_1": Symbol("GlialBuffer.k"),
    "B_0": Symbol("GlialBuffer.B_0"),
    "lambda_": Symbol("BathExchange.rate"),
    "K_b": Symbol("BathExchange.c"),
}


def with_dK(cell: Cell, dK: float) -> dict[str, float]:
    """Return what changes with the potassium that the reservoir has given (mol/m³ of the volume outside; negative: taken up)."""
    taken = {"bath.K": K_OUT + dK}
    return taken | ({"pools.glial_buffer": B_0 + dK} if cell.extra_pools else {})


#: symbols that stand for several values
TOGETHER = {"dK": with_dK}

PAPER = "Hübel & Dahlem 2014, PLoS Comput Biol 10:e1003941"
SOURCES = {
    "area": f"{PAPER}: 922 µm²",
    "volume": f"{PAPER}: 2160 µm³",
    "outside_volume": f"{PAPER}: 720 µm³",
    "C_m": f"{PAPER}: 1 µF/cm²",
    "T": "does not enter: RT/F is given",
    "V": f"{PAPER}: start",
    "constants.F": "96485 C/mol, in κ = area/F",
    "constants.RT_F": f"{PAPER}: 26.64 mV",
    **{f"inside.{ion}": f"{PAPER}: start" for ion in ("Na", "K", "Cl")},
    **{f"bath.{ion}": f"{PAPER}: start, outside" for ion in ("Na", "K", "Cl")},
    "bath.impermeant.z": "makes the solution outside neutral",
    "bath.impermeant.c": "makes the solution outside neutral",
    "slaved.c_in.Na": f"{PAPER}: charge inside as at the start",
    "slaved.c_out.Na": f"{PAPER}: all of the sodium as at the start",
    "pools.glial_buffer": f"{PAPER}: 500 mM, all of it free",
    "leak_Na.g": f"{PAPER}: 0.0175 mS/cm²",
    "leak_K.g": f"{PAPER}: 0.05 mS/cm²",
    "leak_Cl.g": f"{PAPER}: 0.02 mS/cm²",
    "Na_gated.g": f"{PAPER}: 100 mS/cm²",
    "K_gated.g": f"{PAPER}: 40 mS/cm²",
    "NaKATPase.J_max": f"{PAPER}: ρ = 6.8 µA/cm², J_max = ρ/F",
    "NaKATPase.Na_half": f"{PAPER}: 25 mM",
    "NaKATPase.Na_width": f"{PAPER}: 3 mM",
    "NaKATPase.K_half": f"{PAPER}: 5.5 mM",
    "NaKATPase.K_width": f"{PAPER}: 1 mM",
    "CurrentClamp.i": "none unless asked for",
    "GlialBuffer.k": f"{PAPER}: k₁ = 5e-5 s⁻¹",
    "GlialBuffer.B_0": f"{PAPER}: 500 mM",
    "GlialBuffer.c_half": f"{PAPER}: 15 mM",
    "GlialBuffer.width": f"{PAPER}: 1.09 mM",
    "BathExchange.rate": f"{PAPER}: λ = 3e-2 s⁻¹",
    "BathExchange.c": f"{PAPER}: 4 mM",
    "state.Na_gated.h": "steady at the start",
    "state.K_gated.n": f"{PAPER}: start",
}


def cell(buffer: str | None = None, h: str = "n") -> Cell:
    """Return the cell with the published values, at the published start, with one of the reservoirs or none."""
    slaved_h = Gate("h", 1, slaved=Rate(1.0, 0.0, 1.0, -0.35, 1 / 6.5), of="K_gated.n")
    membrane: list[Mechanism] = [
        Leak(Na, g=0.0175 * mS_per_cm2),
        Leak(K, g=0.05 * mS_per_cm2),
        Leak(Cl, g=0.02 * mS_per_cm2),
        Channel(
            "Na_gated",
            permeates={Na: 1},
            g=100 * mS_per_cm2,
            gates=[
                Gate("m", 3, alpha=ALPHA_M, beta=BETA_M, instant=True),
                slaved_h if h == "n" else Gate("h", 1, alpha=ALPHA_H, beta=BETA_H),
            ],
        ),
        Channel("K_gated", permeates={K: 1}, g=40 * mS_per_cm2, gates=[Gate("n", 4, alpha=ALPHA_N, beta=BETA_N)]),
        SigmoidNaKATPase(J_max=6.8 * uA_per_cm2 / FARADAY),
        CurrentClamp(i=0.0),
    ]
    pools: list[Pool | Slaved] = [
        Slaved("c_in.Na", NA_IN + K_IN - CL_IN, {"c_in.K": -1.0, "c_in.Cl": 1.0}),
        Slaved("c_out.Na", NA_OUT + NA_IN * VOLUME / OUTSIDE, {"c_in.Na": -VOLUME / OUTSIDE}),
    ]
    if buffer == "glia":
        membrane.append(GlialBuffer(K, k=5e-5, B_0=B_0 * mM))
        pools.append(Pool("glial_buffer", B_0 * mM, side="out"))
    if buffer == "bath":
        membrane.append(BathExchange(K, rate=3e-2, c=4 * mM))
    labels = {m.name for m in membrane}
    return Cell(
        area=AREA,
        volume=VOLUME,
        outside_volume=OUTSIDE,
        C_m=1 * uF_per_cm2,
        T=celsius(36),
        V=-67.193253 * mV,
        state={"K_gated.n": 0.069410823},
        inside={Na: NA_IN * mM, K: K_IN * mM, Cl: CL_IN * mM},
        bath=Bath({Na: NA_OUT * mM, K: K_OUT * mM, Cl: CL_OUT * mM}, impermeant=Impermeant(z=-1, c=(NA_OUT + K_OUT - CL_OUT) * mM)),
        membrane=membrane,
        pools=pools,
        potential="current",
        constants=Constants(F=FARADAY, RT_F=26.64 * mV),
        sources=SOURCES,
        symbols={symbol: s.name for symbol, s in SYMBOLS.items() if s.name == "C_m" or s.name.partition(".")[0] in labels},
    )
