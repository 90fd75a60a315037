"""Sodium-potassium pumps as published models write them; all are labelled ``NaKATPase``, so that they may replace each other.

Papers that give a pump current density I_p (A/m²), of which 3 I_p is Na and 2 I_p is K, have J_max = I_p/F; those that give a rate ρ per
volume (mol m⁻³ s⁻¹) have J_max = ρ · volume/area.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ionflux.fields import param
from ionflux.species import IonSpecies, K, Na
from .base import Law, Mechanism, mechanism
from .factors import exponential, hill, reciprocal, saturation, sigmoid, total

LUO_RUDY = "Luo & Rudy 1994"
CRESSMAN = "Cressman et al. 2009"
HAMADA = "Hamada et al. 2003"


@mechanism
class HillNaKATPase(Mechanism):
    """Na⁺/K⁺-ATPase with Hill factors; labelled ``NaKATPase``.

    J = J_max · [Na]_in^n/(K_Na^n + [Na]_in^n) · [K]_out^m/(K_K^m + [K]_out^m)        mol m⁻² s⁻¹ of cycles

    Parameters
    ----------
    J_max : float
        Cycles at saturation, mol m⁻² s⁻¹.
    K_Na, K_K : float
        Half-saturations, mol/m³: Na inside, K outside.
    n_Na, n_K : float
        Hill exponents n and m, not necessarily whole.

    Source: C.-H. Luo & Y. Rudy, Circ. Res. 74, 1071 (1994), without its dependence on V (see `LuoRudyNaKATPase`).
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "irreversible"
    default_label = "NaKATPase"
    factors = (hill("c_in.Na", "K_Na", "n_Na"), hill("c_out.K", "K_K", "n_K"))

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
    K_Na: float = param("mol m^-3", 10.0, lo=0.1, hi=200, doc="half-saturation by Na inside", source=LUO_RUDY)
    n_Na: float = param("1", 1.5, lo=0.5, hi=6, doc="Hill exponent of Na inside", source=LUO_RUDY)
    K_K: float = param("mol m^-3", 1.5, lo=0.01, hi=50, doc="half-saturation by K outside", source=LUO_RUDY)
    n_K: float = param("1", 1.0, lo=0.5, hi=6, doc="Hill exponent of K outside", source=LUO_RUDY)


@mechanism
class LuoRudyNaKATPase(Mechanism):
    """Na⁺/K⁺-ATPase that slows down as the membrane hyperpolarises; labelled ``NaKATPase``.

    J = J_max · f(V, [Na]_out) · [Na]_in^n/(K_Na^n + [Na]_in^n) · [K]_out/(K_K + [K]_out)        mol m⁻² s⁻¹ of cycles

    f = 1/(1 + 0.1245 e^(−0.1 u) + 0.0365 σ e^(−u)),  σ = (e^([Na]_out/67.3) − 1)/7,  u = V F/RT

    Parameters
    ----------
    J_max : float
        Cycles at saturation and large V, mol m⁻² s⁻¹.
    K_Na, K_K : float
        Half-saturations, mol/m³: Na inside, K outside.
    n_Na : float
        Hill exponent n.

    Source: C.-H. Luo & Y. Rudy, Circ. Res. 74, 1071 (1994), I_NaK.

    M. Kalia et al., PLoS Comput. Biol. 17, e1009019 (2021) take K_Na 13 mM and K_K 0.2 mM.
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "irreversible"
    default_label = "NaKATPase"
    factors = (
        hill("c_in.Na", "K_Na", "n_Na"),
        saturation("c_out.K", "K_K"),
        reciprocal(
            1.0,
            (0.1245, exponential("u", -0.1)),
            (0.0365, total((1 / 7, exponential("c_out.Na", 1 / 67.3)), -1 / 7), exponential("u", -1.0)),
        ),
    )

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
    K_Na: float = param("mol m^-3", 10.0, lo=0.1, hi=200, doc="half-saturation by Na inside", source=LUO_RUDY)
    n_Na: float = param("1", 1.5, lo=0.5, hi=6, doc="Hill exponent of Na inside", source=LUO_RUDY)
    K_K: float = param("mol m^-3", 1.5, lo=0.01, hi=50, doc="half-saturation by K outside", source=LUO_RUDY)


@mechanism
class SigmoidNaKATPase(Mechanism):
    """Na⁺/K⁺-ATPase with sigmoids of Na inside and K outside; labelled ``NaKATPase``.

    J = J_max / {[1 + e^((Na_half − [Na]_in)/Na_width)] [1 + e^((K_half − [K]_out)/K_width)]}        mol m⁻² s⁻¹ of cycles

    A fit within the physiological range: the rate is small and not zero where there is no Na inside or no K outside.

    Parameters
    ----------
    J_max : float
        Cycles at saturation, mol m⁻² s⁻¹.
    Na_half, Na_width, K_half, K_width : float
        Middle and width of each sigmoid, mol/m³.

    Source: J. R. Cressman et al., J. Comput. Neurosci. 26, 159 (2009).

    N. Hübel & M. A. Dahlem, PLoS Comput. Biol. 10, e1003941 (2014) have the same numbers; Y. Wei et al., J. Neurosci. 34, 11733 (2014) and
    M. J. Sætra et al., PLoS Comput. Biol. 16, e1007661 (2020) take K_half 3.5 mM.
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "published"
    default_label = "NaKATPase"
    factors = (sigmoid("c_in.Na", "Na_half", "Na_width"), sigmoid("c_out.K", "K_half", "K_width"))

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
    Na_half: float = param("mol m^-3", 25.0, lo=0, hi=200, doc="Na inside at half of the rate", source=CRESSMAN)
    Na_width: float = param("mol m^-3", 3.0, lo=0.3, hi=100, doc="width of the sigmoid of Na inside", source=CRESSMAN)
    K_half: float = param("mol m^-3", 5.5, lo=0, hi=50, doc="K outside at half of the rate", source=CRESSMAN)
    K_width: float = param("mol m^-3", 1.0, lo=0.1, hi=50, doc="width of the sigmoid of K outside", source=CRESSMAN)


@mechanism
class HamadaNaKATPase(Mechanism):
    """Na⁺/K⁺-ATPase of two populations with different affinities for Na inside, saturated by K; labelled ``NaKATPase``.

    J = J_max · {share/[1 + (K_1/[Na]_in)³] + (1 − share)/[1 + (K_2/[Na]_in)³]}        mol m⁻² s⁻¹ of cycles

    Parameters
    ----------
    J_max : float
        Cycles at saturation, mol m⁻² s⁻¹.
    share : float
        Part of the pumps with the high affinity.
    K_1, K_2 : float
        Half-saturations of the two, mol/m³.

    Source: K. Hamada et al., Br. J. Pharmacol. 138, 1517 (2003).

    K. Dijkstra et al., J. Neurosci. 36, 11881 (2016) take it so.
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "irreversible"
    default_label = "NaKATPase"
    factors = (total(hill("c_in.Na", "K_2", 3), ("share", hill("c_in.Na", "K_1", 3)), ("share", total((-1.0, hill("c_in.Na", "K_2", 3))))),)

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
    share: float = param("1", 0.62, lo=0, hi=1, doc="part of the pumps that have a high affinity", source=HAMADA)
    K_1: float = param("mol m^-3", 6.7, lo=0.1, hi=200, doc="half-saturation by Na inside, high affinity", source=HAMADA)
    K_2: float = param("mol m^-3", 67.6, lo=0.1, hi=500, doc="half-saturation by Na inside, low affinity", source=HAMADA)


@mechanism
class ATPNaKATPase(Mechanism):
    """Na⁺/K⁺-ATPase that slows down as its ATP runs out; labelled ``NaKATPase``. The cell needs a pool of ATP.

    J = J_max · ([Na]_in/(K_Na + [Na]_in))³ · ([K]_out/(K_K + [K]_out))² · [ATP]/(K_ATP + [ATP])        mol m⁻² s⁻¹ of cycles

    Parameters
    ----------
    J_max : float
        Cycles at saturation, mol m⁻² s⁻¹.
    K_Na, K_K, K_ATP : float
        Half-saturations, mol/m³: one site of Na inside, one of K outside, ATP inside.

    Source: as `NaKATPase`, with one site for ATP.
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "irreversible"
    default_label = "NaKATPase"
    factors = (saturation("c_in.Na", "K_Na", 3), saturation("c_out.K", "K_K", 2), saturation("c_in.ATP", "K_ATP"))

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
    K_Na: float = param("mol m^-3", 10.0, lo=0.1, hi=200, doc="half-saturation by Na inside", source=LUO_RUDY)
    K_K: float = param("mol m^-3", 1.5, lo=0.05, hi=50, doc="half-saturation by K outside", source=LUO_RUDY)
    K_ATP: float = param("mol m^-3", lo=1e-4, hi=10, doc="half-saturation by ATP inside")
