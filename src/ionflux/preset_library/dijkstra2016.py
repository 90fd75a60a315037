"""Dijkstra et al. 2016: a spiking neuron that swells when its pumps stop, in an infinite bath.

    I_Na = (P_Na,gated m³h + P_Na) GHK + 3 I_p        I_p = s · 54.5 pA · {0.62/[1 + (6.7/[Na]_in)³] + 0.38/[1 + (67.6/[Na]_in)³]}
    I_K  = (P_K,gated n² + P_K) GHK − 2 I_p
    I_Cl = (P_Cl,gated/[1 + e^{−(V + 10)/10}] + P_Cl) GHK
    J_2  = U (RT/F) ln([K]_in [Cl]_in/([K]_out [Cl]_out))                        KCC2, outward
    dn_Na/dt = −I_Na/F,  dn_K/dt = −I_K/F − J_2,  dn_Cl/dt = +I_Cl/F − J_2,  V = F (n_Na + n_K − n_Cl − n_X)/C
    dw/dt = L RT (Π_in − Π_out)

The paper gives permeabilities times area and a capacitance of 20 pF; with 1 µF/cm² that is an area of 2000 µm², which changes no number.
Sodium, potassium and chloride alone would leave its bath with a net charge: 20 mM of an impermeant anion make it neutral, and 0.0067886 mM
of osmolyte make up the osmolarity of the cell at the start.

Below a critical pump rate the rest vanishes, and the cell goes to a depolarised, swollen state that stays when the pump returns.

Source: K. Dijkstra, J. Hofmeijer, S. A. van Gils, M. J. A. M. van Putten, "A biophysical model for cytotoxic cell swelling", J. Neurosci.
36, 11881 (2016).
"""

from __future__ import annotations

from ionflux.baths import Bath, Impermeant
from ionflux.cells import Cell, Constants
from ionflux.mechanisms import KCC2, Channel, Gate, HamadaNaKATPase, Leak, Rate, Water
from ionflux.preset_library import Symbol
from ionflux.species import Cl, K, Na
from ionflux.units import mM, mV, pF, um

FARADAY, GAS, TEMPERATURE = 96485.333, 8.3144598, 310.0
AREA, VOLUME = 2000 * um**2, 2000 * um**3
#: m³/s of the paper's permeabilities times area, 10³ µm³/ms
FLOW = 1e-12
#: of KCC2, S/m² of 1 fmol/(ms mV)
PER_U = 1e-9 * FARADAY / AREA

m = Gate("m", 3, alpha=Rate(-16640.0, -3.2e5, -1.0, 0.052, -0.004), beta=Rate(7e3, 2.8e5, -1.0, 0.025, 0.005))
h = Gate("h", 1, alpha=Rate(128.0, 0.0, 0.0, 0.053, 0.018), beta=Rate(4e3, 0.0, 1.0, 0.030, -0.005))
n = Gate("n", 2, alpha=Rate(-560.0, -1.6e4, -1.0, 0.035, -0.005), beta=Rate(250.0, 0.0, 0.0, 0.050, 0.040))
open_Cl = Gate("open", 1, inf=Rate(1.0, 0.0, 1.0, 0.010, -0.010))

SYMBOLS = {
    "s": Symbol("NaKATPase.scale"),
    "P_Na": Symbol("leak_Na.P", AREA),  # permeability times area, m³/s, as all of the paper's
    "P_K": Symbol("leak_K.P", AREA),
    "P_Cl": Symbol("leak_Cl.P", AREA),
    "P_Na_gated": Symbol("Na_gated.P", AREA),
    "P_K_gated": Symbol("K_gated.P", AREA),
    "P_Cl_gated": Symbol("Cl_gated.P", AREA),
    "I_p": Symbol("NaKATPase.J_max", FARADAY * AREA),  # the pump at saturation, A
    "U": Symbol("KCC2.g", AREA / FARADAY),  # mol s⁻¹ V⁻¹
    "Na_o": Symbol("bath.Na"),
    "K_o": Symbol("bath.K"),
    "Cl_o": Symbol("bath.Cl"),
}

PAPER = "Dijkstra et al. 2016, J Neurosci 36:11881"
SOURCES = {
    "area": f"{PAPER}: C = 20 pF, at 1 µF/cm²",
    "volume": f"{PAPER}: 2000 µm³",
    "C_m": f"{PAPER}: C = 20 pF, in all",
    "T": f"{PAPER}: 310 K",
    "V": f"{PAPER}: −65.5 mV at rest, from the charge",
    "constants.F": f"{PAPER}: 96485.333 C/mol",
    "constants.RT_F": f"{PAPER}: R = 8.3144598 J/(mol K), T = 310 K",
    "inside.Na": f"{PAPER}: 10 mM at rest",
    "inside.K": f"{PAPER}: 145 mM at rest",
    "inside.Cl": f"{PAPER}: 7 mM at rest",
    "impermeant.z": f"{PAPER}: −1",
    "impermeant.c": f"{PAPER}: 296.0136 fmol, which makes V at rest −65.5 mV",
    "bath.Na": f"{PAPER}: 152 mM",
    "bath.K": f"{PAPER}: 3 mM",
    "bath.Cl": f"{PAPER}: 135 mM",
    "bath.impermeant.z": "makes the bath neutral",
    "bath.impermeant.c": "makes the bath neutral: 20 mM",
    "bath.osmolyte": "makes the bath as osmotic as the cell at rest",
    "leak_Na.P": f"{PAPER}: 0.2e-5 · 10³ µm³/ms over the area",
    "leak_K.P": f"{PAPER}: 2e-5 · 10³ µm³/ms over the area",
    "leak_Cl.P": f"{PAPER}: 0.25e-5 · 10³ µm³/ms over the area",
    "Na_gated.P": f"{PAPER}: 8e-4 · 10³ µm³/ms over the area",
    "K_gated.P": f"{PAPER}: 4e-4 · 10³ µm³/ms over the area",
    "Cl_gated.P": f"{PAPER}: 1.95e-5 · 10³ µm³/ms over the area",
    "NaKATPase.J_max": f"{PAPER}: 54.5 pA of net current at saturation",
    "NaKATPase.share": f"{PAPER}: 0.62, after Hamada et al. 2003",
    "NaKATPase.K_1": f"{PAPER}: 6.7 mM, after Hamada et al. 2003",
    "NaKATPase.K_2": f"{PAPER}: 67.6 mM, after Hamada et al. 2003",
    "KCC2.g": f"{PAPER}: U = 1.3e-6 fmol/(ms mV), g = U F/area",
    "Water.hydraulic": f"{PAPER}: L = 2e-14 · 10³ µm³/(ms Pa), times RT",
    "Water.V_w": "does not enter with a hydraulic conductivity",
}


def cell() -> Cell:
    """Return the cell with the published values, at the published rest."""
    return Cell(
        area=AREA,
        volume=VOLUME,
        C_m=20 * pF / AREA,
        T=TEMPERATURE,
        inside={Na: 10 * mM, K: 145 * mM, Cl: 7 * mM},
        bath=Bath({Na: 152 * mM, K: 3 * mM, Cl: 135 * mM}, impermeant=Impermeant(z=-1, c=20 * mM), osmolyte=0.0067886 * mM),
        # with the charge of the capacitor at −65.5 mV
        impermeant=Impermeant(z=-1, c=148 * mM + 20 * pF * 65.5 * mV / (FARADAY * VOLUME)),
        membrane=[
            Leak(Na, P=0.2e-5 * FLOW / AREA),
            Leak(K, P=2e-5 * FLOW / AREA),
            Leak(Cl, P=0.25e-5 * FLOW / AREA),
            Channel("Na_gated", permeates={Na: 1}, P=8e-4 * FLOW / AREA, gates=[m, h]),
            Channel("K_gated", permeates={K: 1}, P=4e-4 * FLOW / AREA, gates=[n]),
            Channel("Cl_gated", permeates={Cl: 1}, P=1.95e-5 * FLOW / AREA, gates=[open_Cl]),
            HamadaNaKATPase(J_max=54.5e-12 / (FARADAY * AREA)),
            KCC2(g=1.3e-6 * PER_U),
            Water(hydraulic=2e-14 * 1e3 * GAS * TEMPERATURE * FLOW),
        ],
        constants=Constants(F=FARADAY, RT_F=GAS * TEMPERATURE / FARADAY),
        sources=SOURCES,
        symbols={symbol: s.name for symbol, s in SYMBOLS.items()},
    )
