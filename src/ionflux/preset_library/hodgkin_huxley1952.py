"""Hodgkin & Huxley 1952: the action potential of the squid giant axon, in the modern sign.

    C dV/dt = I − g_Na m³h (V − E_Na) − g_K n⁴ (V − E_K) − g_L (V − E_L)
    dx/dt   = Q [α_x (1 − x) − β_x x],  Q = 3^((T − 6.3 °C)/10 K)                     x: m, h, n; rates as in `HHNa` and `HHK`

The paper counts V from rest and with the other sign; here the rest is about −65 mV and depolarisation is up. Its reversal potentials are
numbers and its concentrations none: the sodium, potassium and chloride of the cell are those of the axon and of sea water, and stay.

Source: A. L. Hodgkin & A. F. Huxley, "A quantitative description of membrane current and its application to conduction and excitation in
nerve", J. Physiol. 117, 500 (1952).
"""

from __future__ import annotations

from ionflux.baths import Bath
from ionflux.cells import Cell
from ionflux.constants import celsius
from ionflux.mechanisms import HHK, CurrentClamp, HHNa, Leak
from ionflux.preset_library import Symbol
from ionflux.species import Cl, K, Na
from ionflux.units import mM, mS_per_cm2, mV, uF_per_cm2, um

SYMBOLS = {
    "I_ext": Symbol("CurrentClamp.i"),
    "C": Symbol("C_m"),
    "g_Na": Symbol("HHNa.g"),
    "g_K": Symbol("HHK.g"),
    "g_L": Symbol("leak_Cl.g"),
    "E_Na": Symbol("HHNa.E"),
    "E_K": Symbol("HHK.E"),
    "E_L": Symbol("leak_Cl.E"),
}

PAPER = "Hodgkin & Huxley 1952, table 3"
NOMINAL = "does not enter: the model has no concentrations"
SOURCES = {
    "area": "does not enter: the model is per area",
    "volume": NOMINAL,
    "C_m": f"{PAPER}: 1 µF/cm²",
    "T": f"{PAPER}: 6.3 °C",
    "V": "rest of the model's equations",
    **{f"{side}.{ion}": NOMINAL for side in ("inside", "bath") for ion in ("Na", "K", "Cl")},
    "HHNa.g": f"{PAPER}: 120 mS/cm²",
    "HHNa.E": f"{PAPER}: 115 mV above rest",
    "HHK.g": f"{PAPER}: 36 mS/cm²",
    "HHK.E": f"{PAPER}: 12 mV below rest",
    "leak_Cl.g": f"{PAPER}: 0.3 mS/cm²",
    "leak_Cl.E": f"{PAPER}: 10.613 mV above rest, which makes the rest −65 mV to 4 µV",
    "CurrentClamp.i": "none unless asked for",
}


def cell() -> Cell:
    """Return the membrane with the published values, at rest."""
    return Cell.cylinder(
        238 * um,
        1e4 * um,
        C_m=1 * uF_per_cm2,
        T=celsius(6.3),
        inside={Na: 50 * mM, K: 400 * mM, Cl: 52 * mM},
        bath=Bath({Na: 440 * mM, K: 20 * mM, Cl: 460 * mM}),
        hold=("c_in.Na", "c_in.K", "c_in.Cl"),
        membrane=[
            HHNa(g=120 * mS_per_cm2, E=50 * mV),
            HHK(g=36 * mS_per_cm2, E=-77 * mV),
            Leak(Cl, g=0.3 * mS_per_cm2, E=-54.387 * mV),
            CurrentClamp(i=0.0),
        ],
        V=-64.99637933 * mV,
        potential="current",
        sources=SOURCES,
        symbols={symbol: s.name for symbol, s in SYMBOLS.items()},
    )
