"""What a spiking membrane does on average, for models that follow ions and leave out the spikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from ionflux.errors import InputError
from ionflux.fields import param
from ionflux.species import IonSpecies, K, Na
from .base import Law, Mechanism, mechanism


@mechanism
class AverageFiring(Mechanism):
    """Na⁺ that enters, or K⁺ that leaves, a cell on the average over its spikes; a fit to a membrane with fast spikes.

    J = rate · (g₁ g₂ g₃ + background · e^{−slope k}),  a = [Na]_in/[Na]_out, k = [K]_out/[K]_in                mol m⁻³ s⁻¹ of the cell
    g₁ = 420 [1 − 0.75 (1 − 0.93 e^{−2.6 a})^0.3],  g₂ = exp[(1 − 7.41 k)/(1.94 + 1.98 e^{−2.6 a})]
    g₃ = [1 + e^{35.7 (1 + 1.94 a − 24.3 k)}]⁻⁵ [1 + e^{0.88 (1 + 1.48 a − 24.6 k)}]⁻⁵

    It says nothing of V: published models have it ``silent=True``.

    Parameters
    ----------
    ion : IonSpecies
        Na, which comes in, or K, which goes out.
    rate : float
        Of a mean current of 1 µA/cm² in the fit, mol m⁻³ s⁻¹.
    background : float
        What flows without spikes, in the unit of g₁ g₂ g₃.
    slope : float, optional
        How it falls with k; left out, it does not.

    Source: J. R. Cressman et al., J. Comput. Neurosci. 26, 159 (2009), eqs. of the reduced model, as corrected in its erratum.

    Examples
    --------
    >>> AverageFiring(K, rate=0.0443, background=2.6, slope=32.5).moves
    mappingproxy({K: -1})
    """

    law = Law.FIRING
    strength = "rate"
    thermodynamics = "published"
    per = "volume"

    ion: IonSpecies = field(kw_only=False)
    rate: float = param("mol m^-3 s^-1", lo=0, hi=1e4, doc="flux of a mean current of 1 µA/cm²")
    background: float = param("1", 0.0, lo=0, hi=1e3, doc="flux without spikes, in the unit of the fit")
    slope: float | None = param("1", None, lo=-1e3, hi=1e3, doc="fall of the background with [K]_out/[K]_in")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ion not in (Na, K):
            raise InputError(f"AverageFiring: {self.ion!r} is neither Na nor K, which the fit is of")

    @property
    def name(self) -> str:
        """``AverageFiring_Na`` where no label is given."""
        return self.label or f"AverageFiring_{self.ion.name}"

    @property
    def moves(self) -> Mapping[IonSpecies, int]:
        """Na into the cell, K out of it."""
        return MappingProxyType({self.ion: 1 if self.ion == Na else -1})

    @property
    def reads(self) -> frozenset[str]:
        """Na and K on both sides."""
        return frozenset({"c_in.Na", "c_out.Na", "c_in.K", "c_out.K"})


__all__ = ["AverageFiring"]
