"""Buffers: what binds an ion inside the cell, at once or with rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import ClassVar

from ionflux.errors import InputError
from ionflux.fields import param
from ionflux.species import Ca, IonSpecies
from .base import Law, Mechanism, mechanism


@mechanism
class Buffer(Mechanism):
    """Sites inside the cell that bind one ion each: free + site ⇌ bound, [free][site]/[bound] = K_d.

    What is bound counts in the charge and the amount of the ion, not in osmolarity; `c_in` is what is free. The amount of sites stays while
    the volume changes. Without `k_on` the sites are always in equilibrium: with T the total and B the sites, mol/m³,

        free = 2 K_d T/(q + √(q² + 4 K_d T)),  q = K_d + B − T.

    Parameters
    ----------
    ion : IonSpecies
        What is bound.
    total : float
        All sites, mol/m³ of the volume at the start.
    K_d : float
        Free concentration at which half of the sites are taken, mol/m³.
    k_on : float, optional
        Rate of binding, m³ mol⁻¹ s⁻¹; that of release is k_on K_d.
    charge_of_site : float, optional
        Elementary charges of a free site; left out, sites and what they bind at the start are neutral together.

    Examples
    --------
    >>> from ionflux import H
    >>> Buffer(H, total=20.0, K_d=1e-4).bound(1e-4)
    10.0
    """

    law = Law.BUFFER
    moves: ClassVar[Mapping[IonSpecies, int]] = MappingProxyType({})
    strength = "total"
    thermodynamics = "published"

    ion: IonSpecies = field(kw_only=False)
    total: float = param("mol m^-3", lo=0, hi=1e4, doc="sites at the volume of the start")
    K_d: float = param("mol m^-3", lo=1e-12, hi=1e4, doc="dissociation constant")
    k_on: float | None = param("m^3 mol^-1 s^-1", None, lo=0, hi=1e12, doc="rate of binding")
    charge_of_site: float | None = param("1", None, lo=-100, hi=100, doc="charge of a free site")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.ion, IonSpecies):
            raise InputError(
                f"{type(self).__name__}: {self.ion!r} is no ion; write {type(self).__name__}(Ca, ...) with `from ionflux import Ca`"
            )

    def bound(self, free: float) -> float:
        """Return what is bound in equilibrium, mol/m³."""
        return self.total * free / (self.K_d + free) if free else 0.0

    @property
    def reads(self) -> frozenset[str]:
        """What it binds."""
        return frozenset({f"c_in.{self.ion.name}"})


@mechanism
class CaBuffer(Buffer):
    """A buffer of calcium; see `Buffer`.

    Parameters
    ----------
    total, K_d, k_on, charge_of_site
        As of `Buffer`.

    Examples
    --------
    >>> CaBuffer(total=0.06, K_d=5e-4).name
    'CaBuffer'
    """

    default_label = "CaBuffer"
    ion: IonSpecies = Ca


__all__ = ["Buffer", "CaBuffer"]
