"""Düsterwald et al. 2018: leaks, KCC2, a pump that follows the cube of sodium, water of finite permeability; optionally NKCC1.

    J = p ([Na]_in/[Na]_out)³                                      pump current density
    dn_Na/dt = −(A/F)[g_Na (V − E_Na) + 3J]
    dn_K /dt = −(A/F)[g_K  (V − E_K ) − 2J − g_KCC2 (E_K − E_Cl)]
    dn_Cl/dt = +(A/F)[g_Cl (V − E_Cl) + g_KCC2 (E_K − E_Cl)]
    dw/dt    = v_w p_w A (Π_in − Π_out),    V = F (n_Na + n_K − n_Cl + z n_X)/(C A)

NKCC1, g_NKCC1 (E_Na + E_K − 2 E_Cl) of Na, of K and twice of Cl inwards, is not part of the paper. It stands in the membrane with g = 0, so
that one model serves the developmental switch from NKCC1 to KCC2 and its size can be swept; at 0 it changes no number.

Source: K. M. Düsterwald, C. B. Currin, R. J. Burman, C. J. Akerman, A. R. Kay, J. V. Raimondo, "Biophysical models reveal the relative
importance of transporter proteins and impermeant anions in chloride homeostasis", eLife 7, e39575 (2018).
"""

from __future__ import annotations

from ionflux.baths import Bath, Impermeant
from ionflux.cells import Cell, Constants
from ionflux.constants import celsius
from ionflux.mechanisms import KCC2, NKCC1, CubicNaKATPase, Leak, Water
from ionflux.preset_library import Symbol
from ionflux.species import Cl, K, Na
from ionflux.units import mM, mS_per_cm2, mV, uA_per_cm2, uF_per_cm2, um

FARADAY = 96485.0

SYMBOLS = {
    "p": Symbol("NaKATPase.J_max", FARADAY),  # the pump constant, as a current density
    "g_Na": Symbol("leak_Na.g"),
    "g_K": Symbol("leak_K.g"),
    "g_Cl": Symbol("leak_Cl.g"),
    "g_KCC2": Symbol("KCC2.g"),
    "g_NKCC1": Symbol("NKCC1.g"),
    "p_w": Symbol("Water.P_f"),
    "v_w": Symbol("Water.V_w"),
    "C": Symbol("C_m"),
    "z": Symbol("impermeant.z"),
    "K_o": Symbol("bath.K"),
    "Na_o": Symbol("bath.Na"),
    "Cl_o": Symbol("bath.Cl"),
}

PAPER = "Düsterwald et al. 2018, eLife 7:e39575"
SOURCES = {
    "area": f"{PAPER}: cylinder of radius 5 µm and length 25 µm, mantle 2πrL",
    "volume": f"{PAPER}: cylinder of radius 5 µm and length 25 µm",
    "C_m": f"{PAPER}: 2 µF/cm²",
    "constants.F": f"{PAPER}: 96485 C/mol",
    "constants.RT_F": f"{PAPER}: 26.725 mV",
    "inside.Na": f"{PAPER}: published rest",
    "inside.K": f"{PAPER}: published rest",
    "inside.Cl": f"{PAPER}: published rest",
    "impermeant.z": f"{PAPER}: −0.85",
    "impermeant.c": f"{PAPER}: 154.962 mM at the published rest",
    "bath.Na": f"{PAPER}: 145 mM",
    "bath.K": f"{PAPER}: 3.5 mM",
    "bath.Cl": f"{PAPER}: 119 mM",
    "bath.impermeant.z": f"{PAPER}: −1",
    "bath.impermeant.c": f"{PAPER}: 29.5 mM, so that the bath is neutral with 297 mM",
    "leak_Na.g": f"{PAPER}: 0.02 mS/cm²",
    "leak_K.g": f"{PAPER}: 0.07 mS/cm²",
    "leak_Cl.g": f"{PAPER}: 0.02 mS/cm²",
    "KCC2.g": f"{PAPER}: 0.02 mS/cm²",
    "NKCC1.g": "absent from the paper",
    "NaKATPase.J_max": f"{PAPER}: p = 0.1 C dm⁻² s⁻¹ (1000 µA/cm²), J_max = p/F",
    "Water.P_f": f"{PAPER}: p_w = 0.0015 dm/s",
    "Water.V_w": f"{PAPER}: v_w = 0.018 L/mol",
}


def cell() -> Cell:
    """Return the cell with the published values, at the published rest."""
    return Cell.cylinder(
        5 * um,
        25 * um,
        C_m=2 * uF_per_cm2,
        T=celsius(37),
        inside={Na: 14.002 * mM, K: 122.873 * mM, Cl: 5.163 * mM},
        bath=Bath({Na: 145 * mM, K: 3.5 * mM, Cl: 119 * mM}, impermeant=Impermeant(z=-1, c=29.5 * mM)),
        impermeant=Impermeant(z=-0.85, c=154.962 * mM),
        membrane=[
            Leak(Na, g=0.02 * mS_per_cm2),
            Leak(K, g=0.07 * mS_per_cm2),
            Leak(Cl, g=0.02 * mS_per_cm2),
            CubicNaKATPase(J_max=1000 * uA_per_cm2 / FARADAY),
            KCC2(g=0.02 * mS_per_cm2),
            NKCC1(g=0.0),
            Water(P_f=1.5e-4, V_w=1.8e-5),
        ],
        constants=Constants(F=FARADAY, RT_F=26.725 * mV),
        sources=SOURCES,
        symbols={symbol: s.name for symbol, s in SYMBOLS.items()},
    )
