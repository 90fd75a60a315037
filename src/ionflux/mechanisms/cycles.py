"""Pumps as rings of states: coupled to ATP, and driven backwards where the gradients are steeper than ATP can hold."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import ClassVar

from ionflux.fields import param
from ionflux.species import H, IonSpecies, K, Na
from .base import Law, Mechanism, mechanism
from .factors import Factor, either, exponential, power, reciprocal, total

PAN = "Pan et al. 2020"

_ATP, _ADP = either("c_in.ATP", "ATP"), either("c_in.ADP", "ADP")
_PROTONS = either("c_in.H", exponential("pH", -log(10.0), 3.0))  # 10^(3 - pH) mol/m^3
_PHOSPHATE = (
    either("c_in.Pi", "Pi"),
    reciprocal(
        1.0,
        (power("c_in.K", 1), power("K_Pi_K", -1)),
        (_PROTONS, power("K_Pi_H", -1)),
        (power("c_in.Na", 1), power("K_Pi_Na", -1)),
    ),
)


def _bound(side: str) -> dict[str, tuple[Factor, ...]]:
    """Occupation of one side: three Na (the first of them in the field), two K, over all that the sites may hold.

    Outside all of it is multiplied by e^(u/2), which keeps every exponential small where V is large.
    """
    end = "i" if side == "c_in" else "e"
    Na_2, K_2 = (power(f"{side}.Na", 1), power(f"Kd_Na{end}2", -1)), (power(f"{side}.K", 1), power(f"Kd_K{end}", -1))
    half = () if side == "c_in" else (exponential("u", 0.5),)
    field = reciprocal((1.0, exponential("u", "delta"), *half))
    three = (power(f"{side}.Na", 3), power(f"Kd_Na{end}1", -1), power(f"Kd_Na{end}2", -2), field)
    one_Na, one_K = total(1.0, (1.0, *Na_2)), total(1.0, (1.0, *K_2))
    empty = reciprocal((1.0, *three), (1.0, one_Na, one_Na, *half), (1.0, one_K, one_K, *half), (-1.0, *half))
    return {"Na": (*three, empty), "K": (power(f"{side}.K", 2), power(f"Kd_K{end}", -2), *half, empty)}


def _steps() -> tuple[tuple[object, object], ...]:
    inside, outside = _bound("c_in"), _bound("c_out")
    a = (_ATP, power("Kd_ATP", -1))
    free = reciprocal(1.0, (1.0, *a))
    return (
        (("k_1", *inside["Na"]), ("k_1_back", _ADP)),
        ("k_2", ("k_2_back", *outside["Na"])),
        (("k_3", *outside["K"]), ("k_3_back", *_PHOSPHATE, _PROTONS, free)),
        (("k_4", *a, free), ("k_4_back", *inside["K"])),
    )


@mechanism
class CyclePump(Mechanism):
    """Na⁺/K⁺-ATPase as a thermodynamic cycle of four states, which reverses where ATP no longer pays; labelled ``NaKATPase``.

    J = density · (Πα⁺ − Πα⁻)/Σ,  Σ the 16 spanning products of the ring;  affinity = RT ln(Πα⁺/Πα⁻)

    =====  ===============================  =================================
    step   forward                          backward
    =====  ===============================  =================================
    1      k_1 ñ_i1 ñ_i2²/D_i               k_1_back [ADP]
    2      k_2                              k_2_back ñ_e1 ñ_e2²/D_e
    3      k_3 k̃_e²/D_e                     k_3_back [Pi][H]/(1 + ã)
    4      k_4 ã/(1 + ã)                    k_4_back k̃_i²/D_i
    =====  ===============================  =================================

    Here ñ = [Na]/Kd, k̃ = [K]/Kd, ã = [MgATP]/Kd_ATP, D = ñ_1 ñ_2² + (1 + ñ_2)² + (1 + k̃)² − 1; Kd_Nai1 is multiplied by e^(delta·u) and
    Kd_Nae1 by e^((1 + delta)·u), so that one charge leaves per cycle. [Pi] is what K, Na and protons leave free of all phosphate.

    ATP (as MgATP), ADP and Pi (all phosphate) are the pools of these names where the cell has them, and H the ion; otherwise the parameters
    are taken.

    Parameters
    ----------
    density : float
        Pumps per membrane area, mol/m².
    ATP, ADP, Pi : float
        Concentrations inside, mol/m³, where the cell has no such pools.
    pH : float
        Inside, where the cell has no H.
    k_1, k_2, k_3, k_4, k_1_back, k_2_back, k_3_back, k_4_back : float
        Rate constants, 1/s; that of ADP per mol/m³, that of phosphate and protons per (mol/m³)².
    Kd_Nai1, Kd_Nai2, Kd_Nae1, Kd_Nae2, Kd_Ki, Kd_Ke, Kd_ATP : float
        Dissociation constants, mol/m³.
    delta : float
        Part of the field at the first Na.
    K_Pi_K, K_Pi_Na, K_Pi_H : float
        Dissociation constants of phosphate, mol/m³.

    Source: M. Pan et al., Physiome (2020), a re-parameterisation of J. R. Terkildsen et al., Am. J. Physiol. 293, H3036 (2007), after
    N. P. Smith & E. J. Crampin, Prog. Biophys. Mol. Biol. 85, 387 (2004).
    """

    law = Law.CYCLE
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "density"
    thermodynamics = "cycle"
    default_label = "NaKATPase"
    steps = _steps()

    density: float = param("mol m^-2", lo=0, hi=1e-5, doc="pumps per membrane area")
    ATP: float = param("mol m^-3", 9.8, lo=0, hi=100, doc="MgATP inside", source=PAN)
    ADP: float = param("mol m^-3", 0.05, lo=0, hi=100, doc="MgADP inside", source=PAN)
    Pi: float = param("mol m^-3", 2.0, lo=0, hi=100, doc="all phosphate inside", source=PAN)
    pH: float = param("1", 7.1, lo=3, hi=11, doc="pH inside", source=PAN)
    k_1: float = param("s^-1", 1423.2, lo=0, hi=1e9, doc="rate constant of step 1", source=PAN)
    k_2: float = param("s^-1", 11565.0, lo=0, hi=1e9, doc="rate constant of step 2", source=PAN)
    k_3: float = param("s^-1", 194.4506, lo=0, hi=1e9, doc="rate constant of step 3", source=PAN)
    k_4: float = param("s^-1", 30630.0, lo=0, hi=1e9, doc="rate constant of step 4", source=PAN)
    k_1_back: float = param("m^3 mol^-1 s^-1", 225.9048, lo=0, hi=1e9, doc="rate constant of step 1 backwards, with ADP", source=PAN)
    k_2_back: float = param("s^-1", 36355.0, lo=0, hi=1e9, doc="rate constant of step 2 backwards", source=PAN)
    k_3_back: float = param("m^6 mol^-2 s^-1", 2.8104e5, lo=0, hi=1e12, doc="rate constant of step 3 backwards, with Pi and H", source=PAN)
    k_4_back: float = param("s^-1", 1.5740e6, lo=0, hi=1e9, doc="rate constant of step 4 backwards", source=PAN)
    Kd_Nai1: float = param("mol m^-3", 579.7295, lo=1e-6, hi=1e6, doc="first Na inside, at V = 0", source=PAN)
    Kd_Nai2: float = param("mol m^-3", 5.6399, lo=1e-6, hi=1e6, doc="other Na inside", source=PAN)
    Kd_Nae1: float = param("mol m^-3", 0.0349, lo=1e-6, hi=1e6, doc="first Na outside, at V = 0", source=PAN)
    Kd_Nae2: float = param("mol m^-3", 1.0617e4, lo=1e-6, hi=1e6, doc="other Na outside", source=PAN)
    Kd_Ki: float = param("mol m^-3", 1.6795e4, lo=1e-6, hi=1e6, doc="K inside", source=PAN)
    Kd_Ke: float = param("mol m^-3", 1.0817, lo=1e-6, hi=1e6, doc="K outside", source=PAN)
    Kd_ATP: float = param("mol m^-3", 140.3709, lo=1e-6, hi=1e6, doc="MgATP", source=PAN)
    delta: float = param("1", -0.0550, lo=-2, hi=2, doc="part of the field at the first Na", source=PAN)
    K_Pi_K: float = param("mol m^-3", 292.0, lo=1e-3, hi=1e6, doc="phosphate and K", source=PAN)
    K_Pi_Na: float = param("mol m^-3", 224.0, lo=1e-3, hi=1e6, doc="phosphate and Na", source=PAN)
    K_Pi_H: float = param("mol m^-3", 10 ** (3 - 6.77), lo=1e-9, hi=1e3, doc="phosphate and protons", source=PAN)


@mechanism
class HATPase(Mechanism):
    """Proton pump of plants and fungi, one H⁺ out per ATP, which reverses where ATP no longer pays.

    J = J_max · (α₁α₂ − β₁β₂)/(α₁ + β₁ + α₂ + β₂), a cycle of two states, with u = V F/RT and

    α₁ = e^(u/2), β₁ = ([H]_out/K_out) e^(−u/2);  α₂ = ([H]_in/K_in) [ATP]/(K_ATP + [ATP]),
    β₂ = (K_out/K_in) [ADP][Pi]/(K_eq (K_ATP + [ATP]))

    It rests where RT ln([H]_in/[H]_out) + F V + RT ln(K_eq [ATP]/([ADP][Pi])) = 0. ATP, ADP and Pi are the pools of these names where the
    cell has them, otherwise the parameters.

    Parameters
    ----------
    J_max : float
        Scale of the rate, mol m⁻² s⁻¹.
    K_in, K_out : float
        Protons at which the site is half occupied where it faces inside and outside, mol/m³ (1e-4 is pH 7).
    K_ATP : float
        Half-saturation by ATP, mol/m³.
    ATP, ADP, Pi : float, optional
        Concentrations inside, mol/m³, where the cell has no such pools.
    K_eq : float
        [ADP][Pi]/[ATP] where the hydrolysis of ATP rests at a given pH, mol/m³.

    Source: two states after U.-P. Hansen, D. Gradmann, D. Sanders & C. L. Slayman, J. Membr. Biol. 63, 165 (1981); K_eq of the standard
    free energy of hydrolysis at pH 7, −30.5 kJ/mol at 298 K.
    """

    law = Law.CYCLE
    moves: ClassVar[Mapping[IonSpecies, int]] = {H: -1}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "cycle"
    steps = (
        (exponential("u", 0.5), (power("c_out.H", 1), power("K_out", -1), exponential("u", -0.5))),
        (
            (power("c_in.H", 1), power("K_in", -1), _ATP, reciprocal("K_ATP", _ATP)),
            (_ADP, either("c_in.Pi", "Pi"), power("K_eq", -1), power("K_out", 1), power("K_in", -1), reciprocal("K_ATP", _ATP)),
        ),
    )

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-3, doc="scale of the rate")
    K_in: float = param("mol m^-3", lo=1e-9, hi=1e2, doc="protons at which the site facing inside is half occupied")
    K_out: float = param("mol m^-3", lo=1e-9, hi=1e2, doc="protons at which the site facing outside is half occupied")
    K_ATP: float = param("mol m^-3", lo=1e-4, hi=10, doc="half-saturation by ATP inside")
    ATP: float = param("mol m^-3", 9.8, lo=0, hi=100, doc="ATP inside", source=PAN)
    ADP: float = param("mol m^-3", 0.05, lo=0, hi=100, doc="ADP inside", source=PAN)
    Pi: float = param("mol m^-3", 2.0, lo=0, hi=100, doc="phosphate inside", source=PAN)
    K_eq: float = param(
        "mol m^-3",
        2.2e8,
        lo=1e3,
        hi=1e12,
        doc="[ADP][Pi]/[ATP] at equilibrium",
        source="-30.5 kJ/mol at pH 7 and 298 K, biochemical standard",
    )
