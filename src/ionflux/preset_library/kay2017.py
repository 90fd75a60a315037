"""Kay 2017: ohmic leaks for Na, K and Cl, a pump of constant rate, water that follows at once.

    dn_Na/dt = −(A/F)[g_Na (V − E_Na) + 3P]        w = (n_Na + n_K + n_Cl + n_X)/Π_out
    dn_K /dt = −(A/F)[g_K  (V − E_K ) − 2P]        V = F (n_Na + n_K − n_Cl + z n_X)/(C A)
    dn_Cl/dt = +(A/F) g_Cl (V − E_Cl)

The steady state has a closed form, and the volume a minimum in the pump rate. Without the pump the volume diverges.

Source: A. R. Kay, "How cells can control their size by pumping ions", Front. Cell Dev. Biol. 5, 41 (2017); the equations go back to J.
Keener & J. Sneyd, Mathematical Physiology, and Y. Mori, Physica D 241, 1763 (2012).
"""

from __future__ import annotations

from ionflux.baths import Bath, Impermeant
from ionflux.cells import Cell, Constants
from ionflux.constants import celsius
from ionflux.mechanisms import ConstantNaKATPase, Leak, Water
from ionflux.preset_library import Symbol
from ionflux.species import Cl, K, Na
from ionflux.units import mM, mS_per_cm2, mV, uA_per_cm2, uF_per_cm2, um

FARADAY = 96485.0

SYMBOLS = {
    "P": Symbol("NaKATPase.J_max", FARADAY),  # the pump's current density: 3P of Na out, 2P of K in
    "g_Na": Symbol("leak_Na.g"),
    "g_K": Symbol("leak_K.g"),
    "g_Cl": Symbol("leak_Cl.g"),
    "C": Symbol("C_m"),
    "z": Symbol("impermeant.z"),
    "K_o": Symbol("bath.K"),
    "Na_o": Symbol("bath.Na"),
    "Cl_o": Symbol("bath.Cl"),
}

PAPER = "Kay 2017, Front Cell Dev Biol 5:41"
SOURCES = {
    "area": f"{PAPER}: sphere of radius 5 µm",
    "volume": f"{PAPER}: sphere of radius 5 µm",
    "C_m": f"{PAPER}: 1 µF/cm²",
    "V": f"{PAPER}: start",
    "constants.F": f"{PAPER}: 96485 C/mol",
    "constants.RT_F": f"{PAPER}: 25.69 mV at 25 °C",
    "inside.Na": f"{PAPER}: start",
    "inside.K": f"{PAPER}: start",
    "inside.Cl": f"{PAPER}: start",
    "impermeant.z": f"{PAPER}: −1",
    "impermeant.c": f"{PAPER}: 50 mM at the start",
    "bath.Na": f"{PAPER}: 147 mM",
    "bath.K": f"{PAPER}: 3 mM",
    "bath.Cl": f"{PAPER}: 150 mM",
    "leak_Na.g": f"{PAPER}: 0.01 mS/cm²",
    "leak_K.g": f"{PAPER}: 0.3 mS/cm²",
    "leak_Cl.g": f"{PAPER}: 0.2 mS/cm²",
    "NaKATPase.J_max": f"{PAPER}: P = 0.5 µA/cm², J_max = P/F",
}


def cell() -> Cell:
    """Return the cell with the published values."""
    return Cell.sphere(
        5 * um,
        C_m=1 * uF_per_cm2,
        T=celsius(25),
        inside={Na: 120 * mM, K: 30 * mM, Cl: 100 * mM},
        bath=Bath({Na: 147 * mM, K: 3 * mM, Cl: 150 * mM}),
        impermeant=Impermeant(z=-1, c=50 * mM),
        membrane=[
            Leak(Na, g=0.01 * mS_per_cm2),
            Leak(K, g=0.3 * mS_per_cm2),
            Leak(Cl, g=0.2 * mS_per_cm2),
            ConstantNaKATPase(J_max=0.5 * uA_per_cm2 / FARADAY),
            Water(instant=True),
        ],
        constants=Constants(F=FARADAY, RT_F=25.69 * mV),
        sources=SOURCES,
        symbols={symbol: s.name for symbol, s in SYMBOLS.items()},
    )
