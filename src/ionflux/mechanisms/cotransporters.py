"""Cotransporters: several ions in one cycle, driven by all their gradients together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ionflux.fields import param
from ionflux.species import Cl, IonSpecies, K, Na
from .base import Law, Mechanism, mechanism


@mechanism
class KCC2(Mechanism):
    """K⁺-Cl⁻ cotransporter, one K and one Cl per cycle, electroneutral.

    J = (g/F) (E_K − E_Cl)        mol m⁻² s⁻¹ into the cell; outward in most neurons, where E_K < E_Cl

    Parameters
    ----------
    g : float
        Conductance of the law, S/m²; no charge flows.

    Source: K. M. Düsterwald et al., eLife 7, e39575 (2018).
    """

    law = Law.COTRANSPORT
    moves: ClassVar[Mapping[IonSpecies, int]] = {K: +1, Cl: +1}
    strength = "g"
    thermodynamics = "passive"

    g: float = param("S m^-2", lo=0, hi=1e4, doc="conductance of the cotransport law")


@mechanism
class NKCC1(Mechanism):
    """Na⁺-K⁺-2Cl⁻ cotransporter, electroneutral.

    J = (g/F) (E_Na + E_K − 2 E_Cl)        mol m⁻² s⁻¹ of cycles into the cell

    Parameters
    ----------
    g : float
        Conductance of the law, S/m²; no charge flows.

    Source: linear in its affinity, as KCC2 of K. M. Düsterwald et al., eLife 7, e39575 (2018).
    """

    law = Law.COTRANSPORT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: +1, K: +1, Cl: +2}
    strength = "g"
    thermodynamics = "passive"

    g: float = param("S m^-2", lo=0, hi=1e4, doc="conductance of the cotransport law")
