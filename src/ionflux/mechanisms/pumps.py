"""Pumps that spend ATP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ionflux.fields import param
from ionflux.species import IonSpecies, K, Na
from .base import Law, Mechanism, mechanism, power, saturation


@mechanism
class NaKATPase(Mechanism):
    """Na⁺/K⁺-ATPase, 3 Na⁺ out for 2 K⁺ in and one ATP; the net charge out is one.

    J = J_max · ([Na]_in/(K_Na + [Na]_in))³ · ([K]_out/(K_K + [K]_out))²        mol m⁻² s⁻¹ of cycles

    Irreversible: it does not run backwards however steep the gradients.

    Parameters
    ----------
    J_max : float
        Cycles at saturation, mol m⁻² s⁻¹. A pump current density P (A/m²) is F · J_max.
    K_Na, K_K : float
        Concentrations at which one site is half occupied, mol/m³: Na inside, K outside.

    Source: independent equal sites, R. P. Garay & P. J. Garrahan, J. Physiol. 231, 297 (1973); half-saturations of C.-H. Luo & Y. Rudy,
    Circ. Res. 74, 1071 (1994), K_m,Nai 10 mM and K_m,Ko 1.5 mM.
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "irreversible"
    factors = (saturation("c_in.Na", "K_Na", 3), saturation("c_out.K", "K_K", 2))

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
    K_Na: float = param("mol m^-3", 10.0, lo=0.1, hi=200, doc="half-saturation by Na inside", source="Luo & Rudy 1994")
    K_K: float = param("mol m^-3", 1.5, lo=0.05, hi=50, doc="half-saturation by K outside", source="Luo & Rudy 1994")


@mechanism
class ConstantNaKATPase(Mechanism):
    """Na⁺/K⁺-ATPase at a constant rate, J = J_max, whatever the concentrations; labelled ``NaKATPase``.

    Parameters
    ----------
    J_max : float
        Cycles, mol m⁻² s⁻¹; a pump current density P (A/m²) is F · J_max.

    Source: J. Keener & J. Sneyd, Mathematical Physiology, ch. 2; A. R. Kay, Front. Cell Dev. Biol. 5, 41 (2017).
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "published"
    default_label = "NaKATPase"

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles")


@mechanism
class CubicNaKATPase(Mechanism):
    """Na⁺/K⁺-ATPase that follows the cube of the sodium ratio, J = J_max ([Na]_in/[Na]_out)³; labelled ``NaKATPase``.

    Parameters
    ----------
    J_max : float
        Cycles were Na inside as high as outside, mol m⁻² s⁻¹; far above the rate at rest.

    Source: K. M. Düsterwald et al., eLife 7, e39575 (2018), "Methods", J_p = p ([Na]_i/[Na]_o)³.
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "published"
    default_label = "NaKATPase"
    factors = (power("c_in.Na", 3), power("c_out.Na", -3))

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-1, doc="cycles were Na inside as high as outside")


@mechanism
class LinearNaKATPase(Mechanism):
    """Na⁺/K⁺-ATPase in proportion to the sodium inside, J = k [Na]_in; labelled ``NaKATPase``.

    Papers that write the efflux of Na per area as λ [Na]_in have k = λ/3, because a cycle takes three.

    Parameters
    ----------
    k : float
        Cycles per area and concentration, m/s.

    Source: D. C. Tosteson & J. F. Hoffman, J. Gen. Physiol. 44, 169 (1960); F. C. Hoppensteadt & C. S. Peskin, Modeling and Simulation in
    Medicine and the Life Sciences (2nd ed., Springer, 2002).
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "k"
    thermodynamics = "published"
    default_label = "NaKATPase"
    factors = (power("c_in.Na", 1),)

    k: float = param("m s^-1", lo=0, hi=1e-4, doc="cycles per membrane area and concentration of Na inside")
