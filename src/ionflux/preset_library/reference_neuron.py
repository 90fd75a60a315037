"""A composite neuron in which every statement of a textbook on membranes can be tried: leaks, pumps, exchange, buffers, water, ATP.

    J      = J_max ([Na]_in/([Na]_in + 10))³ ([K]_out/([K]_out + 1.5))² [ATP]/([ATP] + 0.2)          Na/K pump, net current density
    j_2    = U (E_Cl − E_K)                                                                    KCC2: that much K and Cl leave
    I_NCX  = k ([Na]_in³ [Ca]_out e^{0.35 u} − [Na]_out³ [Ca]_in e^{−0.65 u})                    3 I of Na, −2 I of Ca
    I_PMCA = 5e-5 A/m² [Ca]_in/([Ca]_in + 2e-4) [ATP]/([ATP] + 0.2)                              one ATP per Ca
    leaks of Goldman for Na, K, Cl and Ca; a Ca buffer of 0.06 mM with K_d = 0.5 µM, in equilibrium; dw/dt = L (Π_in − Π_out)
    V = F Σ z n/(C A), the buffer and what it binds at the start being neutral together
    d[ATP]/dt = production − J/F · A/w − I_PMCA/(2F) · A/w − other · [ATP]/(3 mM)                         atp="pool"

The rest is imposed, −72 mV with 10 mM of Na, 135 of K, E_Cl at −80 mV and 0.1 µM of Ca, and the sizes follow from it: the pump carries
1 µA/cm², each leak balances its ion, KCC2 is such that the slope conductance of the membrane is 2.5 S/m² (so that a stopped pump
depolarises by 4 mV, with the time constant of 4 ms), the impermeant makes the inside neutral and as osmotic as the bath, and all use of ATP
is 1.5 times that of the Na/K pump. ATP is held at 3 mM (``atp="held"``), or a pool that the production keeps up with (``atp="pool"``);
production and other use count per volume of the cell, and swelling does not dilute ATP.

Source: composed for this package; the laws are those of the mechanisms that it is made of.
"""

from __future__ import annotations

from math import exp, expm1, log, pi

from ionflux.baths import Bath, Impermeant
from ionflux.cells import Cell, Pool
from ionflux.constants import BODY_TEMPERATURE, FARADAY, GAS_CONSTANT
from ionflux.mechanisms import KCC2, NCX, PMCA, ATPNaKATPase, ATPSupply, ATPUse, CaBuffer, Leak, Mechanism, Water
from ionflux.preset_library import Symbol
from ionflux.species import Ca, Cl, IonSpecies, K, Na
from ionflux.units import mM, mV, uA_per_cm2, uF_per_cm2, uM, um

RADIUS = 10 * um
V_REST, VT = -72 * mV, GAS_CONSTANT * BODY_TEMPERATURE / FARADAY
INSIDE = {Na: 10 * mM, K: 135 * mM, Cl: 7.648841 * mM, Ca: 1e-4 * mM}
OUTSIDE = {Na: 145 * mM, K: 4 * mM, Cl: 152.6 * mM, Ca: 1.8 * mM}
ATP, K_ATP = 3 * mM, 0.2 * mM
PUMP_REST, SLOPE = 1 * uA_per_cm2, 2.5
J_MAX = PUMP_REST / ((10 / 20) ** 3 * (4 / 5.5) ** 2 * (ATP / (ATP + K_ATP)))
K_NCX, GAMMA = 3e-8, 0.35
PMCA_MAX, K_CA = 5e-5, 2e-4 * mM
#: ATP of the Na/K pump, and of the Ca pump, at rest, mol m⁻³ s⁻¹ of the cell
NKA_USE = PUMP_REST / FARADAY * 3 / RADIUS
PMCA_USE = PMCA_MAX * INSIDE[Ca] / (INSIDE[Ca] + K_CA) * ATP / (ATP + K_ATP) / (2 * FARADAY) * 3 / RADIUS

#: what `preset` takes beside symbols, the first being the default
OPTIONS = {"atp": ("held", "pool")}

SYMBOLS = {
    "pump_scale": Symbol("NaKATPase.scale"),
    "J_max": Symbol("NaKATPase.J_max", FARADAY),  # net current density at saturation
    "P_Na": Symbol("leak_Na.P"),
    "P_K": Symbol("leak_K.P"),
    "P_Cl": Symbol("leak_Cl.P"),
    "P_Ca": Symbol("leak_Ca.P"),
    "U": Symbol("KCC2.g"),
    "k": Symbol("NCX.k", FARADAY),  # A m⁻² per mM⁴
    "L": Symbol("Water.hydraulic"),
}

OWN = "of this model"
REST = "from the imposed rest"
SOURCES = {
    "area": f"{OWN}: sphere of radius 10 µm",
    "volume": f"{OWN}: sphere of radius 10 µm",
    "C_m": f"{OWN}: 1 µF/cm²",
    "T": "body temperature, 37 °C",
    "V": f"{OWN}: −72 mV at rest",
    **{f"inside.{ion}": f"{OWN}: rest" for ion in ("Na", "K", "Ca")},
    "inside.Cl": f"{OWN}: rest, E_Cl = −80 mV",
    **{f"bath.{ion}": OWN for ion in ("Na", "K", "Cl", "Ca")},
    "impermeant.z": f"{REST}: charge",
    "impermeant.c": f"{REST}: osmosis",
    "pools.ATP": f"{OWN}: 3 mM",
    **{f"leak_{ion}.P": f"{REST}: balance of {ion}" for ion in ("Na", "K", "Cl", "Ca")},
    "NaKATPase.J_max": f"{REST}: 1 µA/cm² of net current",
    "NaKATPase.K_Na": f"{OWN}: 10 mM",
    "NaKATPase.K_K": f"{OWN}: 1.5 mM",
    "NaKATPase.K_ATP": f"{OWN}: 0.2 mM",
    "KCC2.g": f"{REST}: slope conductance of 2.5 S/m²",
    "NCX.k": f"{OWN}: 3e-8 A m⁻² mM⁻⁴, k/F",
    "NCX.gamma": f"{OWN}: 0.35",
    "PMCA.J_max": f"{OWN}: 5e-5 A/m² of Ca current, over 2F",
    "PMCA.K_Ca": f"{OWN}: 0.2 µM",
    "PMCA.K_ATP": f"{OWN}: 0.2 mM",
    "CaBuffer.total": f"{OWN}: 0.06 mM",
    "CaBuffer.K_d": f"{OWN}: 0.5 µM",
    "Water.hydraulic": f"{OWN}: 2e-14 m³ s⁻¹ mM⁻¹",
    "Water.V_w": "does not enter with a hydraulic conductivity",
    "ATPSupply.production": f"{REST}: what is used",
    "ATPUse.rate": f"{REST}: all use is 1.5 times that of the Na/K pump",
    "ATPUse.at": f"{OWN}: 3 mM",
}


def goldman(ion: IonSpecies) -> tuple[float, float]:
    """Return current density (A/m² outward) and slope conductance (S/m²) at rest of a Goldman leak of 1 m/s."""
    x = ion.z * V_REST / VT
    B = x / expm1(x)
    slope = B / x * (1.0 - B * exp(x))
    c_in, c_out, zF = INSIDE[ion], OUTSIDE[ion], ion.z * FARADAY
    return zF * ((B + x) * c_in - B * c_out), zF * ion.z / VT * ((slope + 1.0) * c_in - slope * c_out)


def sizes(U: float) -> tuple[dict[IonSpecies, float], float]:
    """Return the permeabilities of the leaks that make the rest one, and the slope conductance of the membrane, with KCC2 of size U."""
    E_K, E_Cl = (VT / ion.z * log(OUTSIDE[ion] / INSIDE[ion]) for ion in (K, Cl))
    j_2, u = U * (E_Cl - E_K), V_REST / VT
    entry = K_NCX * INSIDE[Na] ** 3 * OUTSIDE[Ca] * exp(GAMMA * u)
    exit_ = K_NCX * OUTSIDE[Na] ** 3 * INSIDE[Ca] * exp((GAMMA - 1.0) * u)
    I_NCX, I_PMCA = entry - exit_, PMCA_USE * 2 * FARADAY * RADIUS / 3
    leak = {Na: -3 * (PUMP_REST + I_NCX), K: 2 * PUMP_REST - j_2, Cl: j_2, Ca: 2 * I_NCX - I_PMCA}
    P = {ion: current / goldman(ion)[0] for ion, current in leak.items()}
    G = sum(P[ion] * goldman(ion)[1] for ion in P) + (GAMMA * entry + (1.0 - GAMMA) * exit_) / VT
    return P, G


def kcc2() -> float:
    """Return the size of KCC2 that makes the slope conductance what it is to be; permeabilities are linear in it."""
    none, one = sizes(0.0)[1], sizes(1.0)[1]
    return (SLOPE - none) / (one - none)


def cell(atp: str = "held") -> Cell:
    """Return the neuron at its rest, with ATP held or as a pool."""
    U = kcc2()
    P = sizes(U)[0]
    membrane: list[Mechanism] = [
        *(Leak(ion, P=P[ion]) for ion in (Na, K, Cl, Ca)),
        ATPNaKATPase(J_max=J_MAX / FARADAY, K_Na=10 * mM, K_K=1.5 * mM, K_ATP=K_ATP),
        KCC2(g=U),
        NCX(k=K_NCX / FARADAY, gamma=GAMMA),
        PMCA(J_max=PMCA_MAX / (2 * FARADAY), K_Ca=K_CA, K_ATP=K_ATP),
        CaBuffer(total=0.06 * mM, K_d=0.5 * uM),
        Water(hydraulic=2e-14),
    ]
    if atp == "pool":
        membrane += [ATPSupply(production=1.5 * NKA_USE), ATPUse(rate=0.5 * NKA_USE - PMCA_USE, at=ATP)]
    return Cell(
        area=4 * pi * RADIUS**2,
        volume=4 / 3 * pi * RADIUS**3,
        C_m=1 * uF_per_cm2,
        V=V_REST,
        inside=INSIDE,
        bath=Bath(OUTSIDE),
        impermeant=Impermeant(),
        membrane=membrane,
        pools=(Pool("ATP", ATP, diluted=False),),
        hold=("c_in.ATP",) if atp == "held" else (),
        sources=SOURCES,
        symbols={symbol: s.name for symbol, s in SYMBOLS.items()},
    )
