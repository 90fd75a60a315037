"""What takes ions out of the solution outside, or brings them, without passing the membrane: a bath, glia.

Each acts on a finite outside (`Cell.outside_volume`), and counts mol per second of all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import ClassVar

from ionflux.errors import InputError
from ionflux.fields import param
from ionflux.species import IonSpecies
from .base import Law, Mechanism, mechanism


@mechanism
class Surroundings(Mechanism):
    """Base of what exchanges an ion between the solution outside and something further away; no mechanism of the membrane.

    Parameters
    ----------
    ion : IonSpecies
        What is exchanged.
    """

    law = Law.OUTSIDE
    moves: ClassVar[Mapping[IonSpecies, int]] = MappingProxyType({})
    strength = "scale"
    thermodynamics = "published"

    ion: IonSpecies = field(kw_only=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.ion, IonSpecies):
            raise InputError(
                f"{type(self).__name__}: {self.ion!r} is no ion; write {type(self).__name__}(K, ...) with `from ionflux import K`"
            )

    @property
    def outside(self) -> Mapping[IonSpecies, int]:
        """One ion into the solution outside per cycle."""
        return {self.ion: 1}

    @property
    def reads(self) -> frozenset[str]:
        """Its concentration outside."""
        return frozenset({f"c_out.{self.ion.name}"})


@mechanism
class BathExchange(Surroundings):
    """Diffusion between a finite outside and a bath of constant concentration: dc_out/dt = rate · (c − c_out).

    Parameters
    ----------
    ion : IonSpecies
        What diffuses.
    rate : float
        1/s.
    c : float
        Concentration in the bath, mol/m³.

    Source: the form of J. R. Cressman et al., J. Comput. Neurosci. 26, 159 (2009).

    Examples
    --------
    >>> from ionflux import K
    >>> BathExchange(K, rate=4 / 3, c=4.0).outside
    {K: 1}
    """

    rate: float = param("s^-1", lo=0, hi=1e9, doc="exchange with the bath")
    c: float = param("mol m^-3", lo=0, hi=6e4, doc="concentration in the bath")


@mechanism
class GlialUptake(Surroundings):
    """Glia that take up more, the more there is: dc_out/dt = −G/(1 + exp((c_half − c_out)/width)); they never fill.

    Parameters
    ----------
    ion : IonSpecies
        What they take up; K⁺.
    G : float
        Largest uptake, mol m⁻³ s⁻¹ of the volume outside.
    c_half, width : float
        Half-saturation and width, mol/m³.

    Source: J. R. Cressman et al., J. Comput. Neurosci. 26, 159 (2009).

    Examples
    --------
    >>> from ionflux import K
    >>> GlialUptake(K, G=200 / 3).c_half
    18.0
    """

    G: float = param("mol m^-3 s^-1", lo=0, hi=1e7, doc="largest uptake")
    c_half: float = param("mol m^-3", 18.0, lo=-1e3, hi=1e3, doc="half-saturation", source="Cressman et al. 2009")
    width: float = param("mol m^-3", 2.5, lo=1e-3, hi=1e3, doc="width", source="Cressman et al. 2009")


@mechanism
class GlialBuffer(Surroundings):
    """Glia that bind what they take up, and give it back: dc_out/dt = dB/dt = k (B_0 − B) − k₂ c_out B.

    B is the free buffer, mol/m³ of the volume outside, and k₂ = k/(1 + exp((c_half − c_out)/width)).
    The cell needs ``Pool("glial_buffer", B, side="out")``: B = B_0 where nothing is bound.

    Parameters
    ----------
    ion : IonSpecies
        What they take up; K⁺.
    k : float
        1/s: of release; times c in mol/m³, of binding at high c.
    B_0 : float
        All of the buffer, mol/m³.
    c_half, width : float
        Half-saturation and width of the binding, mol/m³.

    Source: N. Hübel & M. A. Dahlem, PLoS Comput. Biol. 10, e1003941 (2014).

    Examples
    --------
    >>> from ionflux import K
    >>> GlialBuffer(K, k=5e-5, B_0=500.0).uses
    mappingproxy({'glial_buffer': -1})
    """

    uses = {"glial_buffer": -1}

    k: float = param("s^-1", lo=0, hi=1e9, doc="release")
    B_0: float = param("mol m^-3", lo=0, hi=6e4, doc="all of the buffer")
    c_half: float = param("mol m^-3", 15.0, lo=-1e3, hi=1e3, doc="half-saturation", source="Hübel & Dahlem 2014")
    width: float = param("mol m^-3", 1.09, lo=1e-3, hi=1e3, doc="width", source="Hübel & Dahlem 2014")

    @property
    def reads(self) -> frozenset[str]:
        """The ion outside, and the free buffer."""
        return super().reads | {"c_out.glial_buffer"}


__all__ = ["BathExchange", "GlialBuffer", "GlialUptake", "Surroundings"]
