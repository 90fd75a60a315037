"""Electrodes: a current that is given, and a voltage that is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import ClassVar

from ionflux.errors import InputError
from ionflux.fields import Parameter, about, param
from ionflux.species import IonSpecies
from .base import Law, Mechanism, mechanism, one_of


def _carrier(clamp: str, carrier: object) -> None:
    if carrier is not None and not (isinstance(carrier, IonSpecies) and carrier.z):
        raise InputError(f"{clamp}.carrier = {carrier!r} is no ion; write carrier=K with `from ionflux import K`, or leave it out")


@mechanism
class CurrentClamp(Mechanism):
    """A current from an electrode, positive *into* the cell (depolarising): the one current that is not counted outward.

    dQ/dt = I  or  i · area

    Parameters
    ----------
    I : float, optional
        Of the whole cell, A; exactly one of `I` and `i`.
    i : float, optional
        Per area of the membrane, A/m².
    carrier : IonSpecies, optional
        The ion that carries it: 1 A brings 1/(zF) mol/s into the cell. Without one the charge is booked as charge of the electrode: it
        counts in V and in the audit, and in no amount and no osmolarity.

    Examples
    --------
    >>> from ionflux.units import pA
    >>> CurrentClamp(100 * pA).strength
    'I'
    """

    law = Law.CURRENT
    thermodynamics = "published"

    I: float | None = field(default=None, kw_only=False, metadata=about("A", lo=-1e-3, hi=1e-3, doc="current into the cell"))
    i: float | None = param("A m^-2", None, lo=-1e4, hi=1e4, doc="current into the cell per area of the membrane")
    carrier: IonSpecies | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self, "I", "i")
        _carrier("CurrentClamp", self.carrier)

    @property
    def strength(self) -> str:
        """``"I"`` or ``"i"``."""
        return "I" if self.i is None else "i"

    @property
    def moves(self) -> Mapping[IonSpecies, int]:
        """The carrier, or no ion at all."""
        return MappingProxyType({} if self.carrier is None else {self.carrier: 1})

    @property
    def charge(self) -> int:
        """The valence of the carrier; 1 for the charge of an electrode."""
        return 1 if self.carrier is None else self.carrier.z


@mechanism
class VoltageClamp(Mechanism):
    """An electrode that prescribes V, and whose current is what that takes. A cell has at most one.

    Parameters
    ----------
    V : float
        Membrane potential, inside minus outside, V.
    carrier : IonSpecies, optional
        The ion that carries its current. Without one the charge is booked as charge of the electrode.

    Examples
    --------
    >>> VoltageClamp(-0.07).V
    -0.07
    """

    law = Law.VOLTAGE
    moves: ClassVar[Mapping[IonSpecies, int]] = MappingProxyType({})
    strength = "V"
    thermodynamics = "published"

    V: float = field(kw_only=False, metadata=about("V", lo=-1, hi=1, doc="membrane potential that the electrode holds"))
    carrier: IonSpecies | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _carrier("VoltageClamp", self.carrier)
        if self.scale != 1.0:
            raise InputError(f"VoltageClamp.scale = {self.scale:g}: a clamp prescribes V, and has nothing to scale; leave it out")

    @property
    def charge(self) -> int:
        """The valence of the carrier; 1 for the charge of an electrode."""
        return 1 if self.carrier is None else self.carrier.z

    def parameters(self) -> dict[str, Parameter]:
        """Return the numbers that matter: V."""
        return {"V": super().parameters()["V"]}
