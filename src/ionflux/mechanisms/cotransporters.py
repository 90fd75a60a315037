"""Cotransporters: several ions in one cycle, driven by all their gradients together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ionflux.fields import param
from ionflux.species import Cl, IonSpecies, K, Na
from .base import Law, Mechanism, mechanism, one_of
from .factors import sigmoid


@mechanism
class KCC2(Mechanism):
    """K⁺-Cl⁻ cotransporter, one K and one Cl per cycle, electroneutral.

    J = (g/F) (E_K − E_Cl)  or  U ln([K]_out [Cl]_out/([K]_in [Cl]_in))        mol m⁻² s⁻¹ into the cell; outward in most neurons

    The two are one law, U = g RT/F²; that of `U` does not follow the temperature.

    Parameters
    ----------
    g : float, optional
        Conductance of the law, S/m²; no charge flows. Exactly one of `g` and `U`.
    U : float, optional
        Rate per unit of the logarithm, mol m⁻² s⁻¹. A rate per volume (mol m⁻³ s⁻¹) is U · area/volume.

    Source: K. M. Düsterwald et al., eLife 7, e39575 (2018).

    With `U` it is as in Y. Wei et al., J. Neurosci. 34, 11733 (2014) and M. J. Sætra et al., PLoS Comput. Biol. 16, e1007661 (2020).
    """

    law = Law.COTRANSPORT
    moves: ClassVar[Mapping[IonSpecies, int]] = {K: +1, Cl: +1}
    thermodynamics = "passive"

    g: float | None = param("S m^-2", None, lo=0, hi=1e4, doc="conductance of the cotransport law")
    U: float | None = param("mol m^-2 s^-1", None, lo=0, hi=1e-2, doc="rate per unit of the logarithm")

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self, "g", "U")

    @property
    def strength(self) -> str:
        """``"g"`` or ``"U"``."""
        return "g" if self.U is None else "U"


@mechanism
class NKCC1(Mechanism):
    """Na⁺-K⁺-2Cl⁻ cotransporter, electroneutral.

    J = (g/F) (E_Na + E_K − 2 E_Cl)  or  U ln([Na]_out [K]_out [Cl]_out²/([Na]_in [K]_in [Cl]_in²))    mol m⁻² s⁻¹ of cycles into the cell

    Parameters
    ----------
    g : float, optional
        Conductance of the law, S/m²; no charge flows. Exactly one of `g` and `U`.
    U : float, optional
        Rate per unit of the logarithm, mol m⁻² s⁻¹.

    Source: linear in its affinity, as KCC2 of K. M. Düsterwald et al., eLife 7, e39575 (2018).

    With `U` it is as in M. Kalia et al., PLoS Comput. Biol. 17, e1009019 (2021), whose rate per volt and cell (mol s⁻¹ V⁻¹) is
    g · area/F.
    """

    law = Law.COTRANSPORT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: +1, K: +1, Cl: +2}
    thermodynamics = "passive"

    g: float | None = param("S m^-2", None, lo=0, hi=1e4, doc="conductance of the cotransport law")
    U: float | None = param("mol m^-2 s^-1", None, lo=0, hi=1e-2, doc="rate per unit of the logarithm")

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self, "g", "U")

    @property
    def strength(self) -> str:
        """``"g"`` or ``"U"``."""
        return "g" if self.U is None else "U"


@mechanism
class GatedNKCC1(Mechanism):
    """Na⁺-K⁺-2Cl⁻ cotransporter that works where K outside is high; labelled ``NKCC1``.

    J = U ln([Na]_out [K]_out [Cl]_out²/([Na]_in [K]_in [Cl]_in²)) / (1 + e^((K_half − [K]_out)/K_width))    mol m⁻² s⁻¹ of cycles inward

    Parameters
    ----------
    U : float
        Rate per unit of the logarithm at high K outside, mol m⁻² s⁻¹.
    K_half, K_width : float
        Middle and width of the sigmoid, mol/m³.

    Source: Y. Wei et al., J. Neurosci. 34, 11733 (2014); M. J. Sætra et al., PLoS Comput. Biol. 16, e1007661 (2020).
    """

    law = Law.COTRANSPORT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: +1, K: +1, Cl: +2}
    strength = "U"
    thermodynamics = "passive"
    default_label = "NKCC1"
    factors = (sigmoid("c_out.K", "K_half", "K_width"),)

    U: float = param("mol m^-2 s^-1", lo=0, hi=1e-2, doc="rate per unit of the logarithm at high K outside")
    K_half: float = param("mol m^-3", 16.0, lo=0, hi=100, doc="K outside at half of the rate", source="Wei et al. 2014")
    K_width: float = param("mol m^-3", 1.0, lo=0.1, hi=50, doc="width of the sigmoid of K outside", source="Wei et al. 2014")


@mechanism
class MassActionKCC2(Mechanism):
    """K⁺-Cl⁻ cotransporter by mass action, J = k ([K]_out [Cl]_out − [K]_in [Cl]_in); labelled ``KCC2``.

    Parameters
    ----------
    k : float
        Cycles per membrane area and time, per (mol/m³)².

    Source: the law of mass action for binding far from saturation.
    """

    law = Law.EXCHANGE
    moves: ClassVar[Mapping[IonSpecies, int]] = {K: +1, Cl: +1}
    strength = "k"
    thermodynamics = "passive"
    default_label = "KCC2"

    k: float = param("m^4 mol^-1 s^-1", lo=0, hi=1e-3, doc="cycles per (mol/m³)²")


@mechanism
class MassActionNKCC1(Mechanism):
    """Na⁺-K⁺-2Cl⁻ cotransporter by mass action, J = k ([Na]_out [K]_out [Cl]_out² − [Na]_in [K]_in [Cl]_in²); labelled ``NKCC1``.

    Parameters
    ----------
    k : float
        Cycles per membrane area and time, per (mol/m³)⁴.

    Source: the law of mass action for binding far from saturation.
    """

    law = Law.EXCHANGE
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: +1, K: +1, Cl: +2}
    strength = "k"
    thermodynamics = "passive"
    default_label = "NKCC1"

    k: float = param("m^10 mol^-3 s^-1", lo=0, hi=1e-6, doc="cycles per (mol/m³)⁴")
