"""Leaks: the ways through a membrane that are always open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from ionflux.errors import InputError
from ionflux.fields import param
from ionflux.species import IonSpecies
from .base import Law, Mechanism, mechanism, one_of


@mechanism
class Leak(Mechanism):
    """A leak for one ion, ohmic (`g`) or after Goldman, Hodgkin and Katz (`P`); exactly one of the two.

    Outward current, A/m²:  I = g (V − E),  E = RT/(zF) ln(c_out/c_in) or the number given,  or
    I = P z F [B(−zu) c_in − B(zu) c_out],  B(x) = x/(eˣ − 1), u = V F/RT.

    Parameters
    ----------
    ion : IonSpecies
        What passes.
    g : float, optional
        Conductance, S/m². The Nernst potential follows the concentrations.
    P : float, optional
        Permeability, m/s.
    E : float, optional
        With `g`: a fixed reversal potential, V, in place of the Nernst potential. The leak then moves charge and no ion, so a cell takes
        it only where that ion is held or slaved, or where V does not follow from the charge (``potential="current"``).

    Source: D. E. Goldman, J. Gen. Physiol. 27, 37 (1943); A. L. Hodgkin & B. Katz, J. Physiol. 108, 37 (1949).

    Examples
    --------
    >>> from ionflux import K
    >>> Leak(K, g=1.0).name
    'leak_K'
    """

    thermodynamics = "passive"

    ion: IonSpecies = field(kw_only=False)
    g: float | None = param("S m^-2", None, lo=0, hi=1e5, doc="conductance")
    P: float | None = param("m s^-1", None, lo=0, hi=1e-2, doc="permeability")
    E: float | None = param("V", None, lo=-1, hi=1, doc="fixed reversal potential")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.ion, IonSpecies):
            raise InputError(f"Leak: {self.ion!r} is no ion; write Leak(K, ...) with `from ionflux import K`")
        if one_of(self, "g", "P") == "g" and self.ion.z == 0:
            raise InputError(f"Leak({self.ion!r}, g=...): {self.ion.name} is neutral and carries no current; give P=")
        if self.E is not None and self.g is None:
            raise InputError(f"Leak({self.ion!r}, P=..., E=...): a Goldman leak reverses where its concentrations say; give g= with E=")

    @property
    def law(self) -> Law:
        """Law.OHMIC with `g`, Law.GHK with `P`."""
        return Law.OHMIC if self.P is None else Law.GHK

    @property
    def strength(self) -> str:
        """``"g"`` or ``"P"``."""
        return "g" if self.P is None else "P"

    @property
    def fixed(self) -> bool:
        """Whether `E` is given."""
        return self.E is not None

    @property
    def moves(self) -> Mapping[IonSpecies, int]:
        """One ion; none with a fixed `E`."""
        return MappingProxyType({} if self.fixed else {self.ion: 1})

    @property
    def charge(self) -> int:
        """The valence of the ion."""
        return self.ion.z

    @property
    def name(self) -> str:
        """The label, or ``leak_<ion>``."""
        return self.label or f"leak_{self.ion.name}"
