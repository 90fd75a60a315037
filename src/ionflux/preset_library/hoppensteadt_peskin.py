"""Hoppensteadt & Peskin: Goldman leaks, a pump in proportion to the sodium inside, water, and a potential without a capacitor.

Per membrane area, u = w/A, N = [Na]_in, K = [K]_in, v = V F/RT, φ(v) = v/(e^v − 1), Q the amount of impermeant (z = −1):

    d(uN)/dt = P_Na φ(v) (N_o − N e^v) − λN
    d(uK)/dt = P_K  φ(v) (K_o − K e^v) + 2λN/3
    du/dt    = L_p [2(N + K) − S]                    Cl = N + K − Q/u
    0 = (P_Na N + P_K K + P_Cl Cl_o) v e^v + (λN/3)(e^v − 1) − (P_Na N_o + P_K K_o + P_Cl Cl) v

The last line makes the total current zero, the pump's included: V follows the concentrations at once, and jumps when the pump stops. Its
cycles are J = k N with k = λ/3, since three Na leave per cycle.

The cell starts at the steady state of these equations, from which the published run without pump starts: there e^v S/2 = N_o (v + ⅔ (λ/P_K)
b)/(v + (λ/P_Na) b) + K_o with b = 1 − e^(−v), one scalar root; N and Cl below are its digits, and K, the impermeant and the volume follow.

Source: F. C. Hoppensteadt & C. S. Peskin, Modeling and Simulation in Medicine and the Life Sciences (2nd ed., Springer, 2002), with the
numbers of F. Gabbiani & S. J. Cox, Mathematics for Neuroscientists (Academic Press, 2010); the model goes back to D. C. Tosteson & J. F.
Hoffman, J. Gen. Physiol. 44, 169 (1960).
"""

from __future__ import annotations

from ionflux.baths import Bath, Impermeant
from ionflux.cells import Cell, Constants
from ionflux.constants import celsius
from ionflux.mechanisms import Leak, LinearNaKATPase, Water
from ionflux.preset_library import Symbol
from ionflux.species import Cl, K, Na
from ionflux.units import cm_per_s, mM, mV, uF_per_cm2

V_W = 1.8e-5  # m³/mol; the model knows only the product L_p = P_f V_w

SYMBOLS = {
    "lambda_": Symbol("NaKATPase.k", 3.0),  # the efflux of Na per area is λ [Na]_in, and a cycle takes three
    "P_Na": Symbol("leak_Na.P"),
    "P_K": Symbol("leak_K.P"),
    "P_Cl": Symbol("leak_Cl.P"),
    "L_p": Symbol("Water.P_f", V_W),  # m/s per mol/m³
    "A": Symbol("area"),
    "K_o": Symbol("bath.K"),
    "N_o": Symbol("bath.Na"),
    "Cl_o": Symbol("bath.Cl"),
}

PAPER = "Gabbiani & Cox 2010, after Hoppensteadt & Peskin 2002"
REST = "steady state of the model's equations"
SOURCES = {
    "area": f"{PAPER}: 0.8e-5 cm²",
    "volume": f"{REST}: impermeant amount over its concentration",
    "C_m": "does not enter: the model has no capacitor",
    "V": "follows from the concentrations",
    "constants.F": "CODATA 2022",
    "constants.RT_F": f"{PAPER}: 25.8 mV",
    "inside.Na": f"{REST}",
    "inside.K": f"{REST}: [Na] + [K] = S/2",
    "inside.Cl": f"{REST}: Cl_o e^v",
    "impermeant.z": f"{PAPER}: −1",
    "impermeant.c": f"{REST}: S/2 − [Cl]; 1.55e-6 µmol in the cell",
    "bath.Na": f"{PAPER}: 116 mM",
    "bath.K": f"{PAPER}: 4 mM",
    "bath.Cl": f"{PAPER}: 120 mM",
    "bath.osmolyte": f"{PAPER}: the solutes outside that do not pass, to make S = 308 mM in all",
    "leak_Na.P": f"{PAPER}: 5e-7 cm/s",
    "leak_K.P": f"{PAPER}: 5e-5 cm/s",
    "leak_Cl.P": f"{PAPER}: 5e-3 cm/s",
    "NaKATPase.k": f"{PAPER}: λ = 1e-5 cm/s, k = λ/3",
    "Water.P_f": f"{PAPER}: L_p = 5e-8 cm s⁻¹ mM⁻¹, P_f = L_p/V_w",
    "Water.V_w": "customary round value; only P_f V_w = L_p enters",
}


def cell() -> Cell:
    """Return the cell with the published values, at its steady state."""
    n_X, S = 1.55e-12, 308 * mM
    Na_in, Cl_in = 19.941109019346833 * mM, 4.2685161437304133 * mM
    X = S / 2 - Cl_in
    return Cell(
        area=0.8e-9,
        volume=n_X / X,
        C_m=1 * uF_per_cm2,
        T=celsius(26),
        inside={Na: Na_in, K: S / 2 - Na_in, Cl: Cl_in},
        bath=Bath({Na: 116 * mM, K: 4 * mM, Cl: 120 * mM}, osmolyte=68 * mM),
        impermeant=Impermeant(z=-1, c=X),
        membrane=[
            Leak(Na, P=5e-7 * cm_per_s),
            Leak(K, P=5e-5 * cm_per_s),
            Leak(Cl, P=5e-3 * cm_per_s),
            LinearNaKATPase(k=1e-5 * cm_per_s / 3),
            Water(P_f=5e-8 * cm_per_s / mM / V_W, V_w=V_W),
        ],
        potential="electroneutral",
        constants=Constants(RT_F=25.8 * mV),
        sources=SOURCES,
        symbols={symbol: s.name for symbol, s in SYMBOLS.items()},
    )
