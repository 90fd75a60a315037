"""What makes ATP, and what else spends it. Both act on the pools of a cell and move no ion."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from ionflux.errors import InputError
from ionflux.fields import param
from ionflux.species import IonSpecies
from .base import Law, Mechanism, mechanism, one_of
from .factors import Factor, power, saturation, total


@mechanism
class ATPSupply(Mechanism):
    """Production of ATP, per volume of the cell: constant, or what brings it back to its rest.

    J = production  or  k (rest − [ATP]),  times [ADP]/(K_ADP + [ADP]) where K_ADP is given        mol m⁻³ s⁻¹

    Where the cell has pools of ADP and phosphate, each ATP made takes one of both. Ischaemia is ``scale`` 0.

    Parameters
    ----------
    production : float, optional
        mol m⁻³ s⁻¹ of cell volume; exactly one of `production` and `k`.
    k : float, optional
        1/s.
    rest : float, optional
        Where `k` brings it, mol/m³.
    K_ADP : float, optional
        Half-saturation by ADP, mol/m³: without it the production goes on when there is no ADP left.

    Source: the balance of ATP; no law of its own.

    Examples
    --------
    >>> ATPSupply(production=0.0466).uses
    mappingproxy({'ATP': -1})
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = MappingProxyType({})
    uses = {"ATP": -1}
    thermodynamics = "published"
    per = "volume"

    production: float | None = param("mol m^-3 s^-1", None, lo=0, hi=1e4, doc="ATP made per volume of the cell")
    k: float | None = param("s^-1", None, lo=0, hi=1e6, doc="rate of return to the rest")
    rest: float | None = param("mol m^-3", None, lo=0, hi=100, doc="ATP at rest")
    K_ADP: float | None = param("mol m^-3", None, lo=1e-6, hi=10, doc="half-saturation by ADP")

    def __post_init__(self) -> None:
        super().__post_init__()
        if (one_of(self, "production", "k") == "k") != (self.rest is not None):
            raise InputError("ATPSupply: k= and rest= go together: k (rest − [ATP])")

    @property
    def strength(self) -> str:
        """``"production"`` or ``"k"``."""
        return "production" if self.k is None else "k"

    @property
    def factors(self) -> tuple[Factor, ...]:  # type: ignore[override]
        """What is missing to the rest, and ADP."""
        back = () if self.k is None else (total("rest", (-1.0, power("c_in.ATP", 1))),)
        return back if self.K_ADP is None else (*back, saturation("c_in.ADP", "K_ADP"))


@mechanism
class ATPUse(Mechanism):
    """What else spends ATP, in proportion to what there is, per volume of the cell: J = rate · [ATP]/at        mol m⁻³ s⁻¹

    Parameters
    ----------
    rate : float
        ATP used where its concentration is `at`, mol m⁻³ s⁻¹ of cell volume.
    at : float
        mol/m³.

    Source: the balance of ATP; no law of its own.
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = MappingProxyType({})
    uses = {"ATP": 1}
    strength = "rate"
    thermodynamics = "irreversible"
    per = "volume"
    factors = (power("c_in.ATP", 1), power("at", -1))

    rate: float = param("mol m^-3 s^-1", lo=0, hi=1e4, doc="ATP used per volume of the cell at the concentration `at`")
    at: float = param("mol m^-3", lo=1e-6, hi=100, doc="concentration of ATP at which `rate` is used")
