"""Potassium channels that are open at rest: inward rectifiers and two-pore channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ionflux.fields import param
from ionflux.species import IonSpecies, K
from .base import mechanism
from .channels import Channel
from .factors import exponential, reciprocal, saturation, sigmoid


@mechanism
class Kir(Channel):
    """Inward rectifier of glia: g/(2 + exp(1.62 (V − E_K) F/RT)) · K_o/(K_o + K_half) · (V − E_K).

    Current passes inwards more easily than outwards, and the more K⁺ there is outside, the better.

    Parameters
    ----------
    g : float
        S/m²; a third of it is open at E_K where K⁺ outside saturates.
    K_half : float
        mol/m³.

    Source: the form of M. Kalia et al., PLoS Comput. Biol. 17, e1009019 (2021), with the sign of a passive current.

    Examples
    --------
    >>> Kir(g=10.0).K_half
    13.0
    """

    default_label = "Kir"
    factors = (reciprocal(2.0, exponential("drive", 1.62)), saturation("c_out.K", "K_half"))

    permeates: Mapping[IonSpecies, float] = field(default_factory=lambda: {K: 1.0})
    K_half: float = param("mol m^-3", 13.0, lo=0, hi=500, doc="half-saturation by K outside", source="Kalia et al. 2021")


@mechanism
class KirBoltzmann(Channel):
    """Inward rectifier with Boltzmann's curve: g/(1 + exp(−(V − E_K − V_half)/w)) · (V − E_K).

    Parameters
    ----------
    g : float
        S/m², far below E_K.
    V_half : float
        Half-activation relative to E_K, V.
    width : float
        V; negative, for it closes as V rises: 1/(1 + exp(−(V − E_K − V_half)/w)).

    Source: the form of S. Hagiwara & K. Takahashi, J. Membr. Biol. 18, 61 (1974).

    Examples
    --------
    >>> KirBoltzmann(g=10.0, V_half=-0.015).name
    'Kir'
    """

    default_label = "Kir"
    factors = (sigmoid("V-E", "V_half", "width"),)

    permeates: Mapping[IonSpecies, float] = field(default_factory=lambda: {K: 1.0})
    V_half: float = param("V", 0.0, lo=-0.3, hi=0.3, doc="half-activation relative to E_K")
    width: float = param("V", -0.010, lo=-0.2, hi=-1e-4, doc="width, negative")


@mechanism
class K2P(Channel):
    """Two-pore background channel for K⁺, always open; its size follows the temperature, q10_g^((T − T_ref)/10 K).

    Parameters
    ----------
    g, P : float
        As of `Channel`, at T_ref.
    q10_g : float
        7 for TREK-1, which warms open.

    Source: F. Maingret et al., EMBO J. 19, 2483 (2000).

    Examples
    --------
    >>> K2P(P=1e-8).q10_g
    7.0
    """

    default_label = "K2P"

    permeates: Mapping[IonSpecies, float] = field(default_factory=lambda: {K: 1.0})
    q10_g: float = param("1", 7.0, lo=0.01, hi=100.0, doc="factor on the size for 10 K", source="Maingret et al. 2000, TREK-1")
    T_ref: float | None = param("K", 310.15, lo=200.0, hi=500.0, doc="temperature of the size")


__all__ = ["K2P", "Kir", "KirBoltzmann"]
