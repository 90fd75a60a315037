"""What a transporter is: stoichiometry, one of a handful of rate laws, and parameters.

A new one is a class of a few lines, and nothing is compiled for it::

    @mechanism
    class NaKATPase(Mechanism):
        law = Law.PRODUCT
        moves = {Na: -3, K: +2}          # into the cell, per cycle; the charge moved follows from it
        factors = (saturation("c_in.Na", "K_Na", 3), saturation("c_out.K", "K_K", 2))
        J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
        ...

The rate counts cycles per membrane area and time (mol m⁻² s⁻¹), positive in the direction that `moves` is written in: *into* the cell for a
positive entry. With u = V F/RT, B(x) = x/(eˣ − 1) and q = Σ z ν the laws are

    OHMIC         g/(z F) · (E − V),  E = RT/(zF) ln(c_out/c_in)             one ion; `g`, S/m²
    GHK           P · [B(zu) c_out − B(−zu) c_in]                            one ion; `P`, m/s
    COTRANSPORT   g · RT/F² · [Σ ν ln(c_out/c_in) − q u]                     any ions; `g`, S/m²
    PRODUCT       J_max · Π factors                                          any ions; `J_max`, mol m⁻² s⁻¹
    WATER         see `Water`
    CURRENT       I/(q F A) or i/(q F)                                       of an electrode; `I`, A, or `i`, A/m²
    VOLTAGE       what keeps V where it is asked to be                       of an electrode; `V`, V

and every rate is multiplied by `scale`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum
from types import MappingProxyType
from typing import ClassVar, TypeVar, dataclass_transform

from ionflux.errors import InputError, ModelError
from ionflux.fields import Described, check_name, described, param
from ionflux.species import IonSpecies

T = TypeVar("T")

THERMODYNAMICS = ("passive", "cycle", "irreversible", "published")


class Law(IntEnum):
    """The rate laws. The integers are those of the compiled kernels."""

    OHMIC = 0
    GHK = 1
    COTRANSPORT = 2
    PRODUCT = 3
    WATER = 4
    CURRENT = 5
    VOLTAGE = 6


class FactorKind(IntEnum):
    """The factors of a product law. The integers are those of the compiled kernels."""

    POWER = 0
    SATURATION = 1


@dataclass(frozen=True)
class Factor:
    """One factor of a product law: c^power, or (c/(K + c))^power.

    Parameters
    ----------
    kind : FactorKind
        POWER or SATURATION.
    of : str
        The concentration c that it reads: ``"c_in.Na"`` or ``"c_out.K"``.
    power : int
        The exponent; may be negative for POWER.
    constant : str or None
        Name of the parameter of the mechanism that is K; None for POWER.
    """

    kind: FactorKind
    of: str
    power: int
    constant: str | None = None


def power(of: str, n: int) -> Factor:
    """c^n: a factor of a product law that reads ``c_in.<ion>`` or ``c_out.<ion>``."""
    return Factor(FactorKind.POWER, of, n)


def saturation(of: str, constant: str, n: int = 1) -> Factor:
    """(c/(K + c))^n: a factor of a product law; `constant` names the parameter that is K (mol/m³)."""
    return Factor(FactorKind.SATURATION, of, n, constant)


@described
class Mechanism(Described):
    """Base of everything that sits in a membrane. See the head of this module for what a subclass states.

    Parameters
    ----------
    scale : float
        Multiplies the rate; 0 blocks.
    label : str, optional
        Its name in dotted names and results; default `name`.
    """

    #: what it spends per cycle, by pool, negative for what it makes; where a cell has pools of ADP and Pi, each ATP spent becomes one of
    #: both: ``{"ATP": 1}``; a cell need not have the pools
    uses: ClassVar[Mapping[str, int]] = MappingProxyType({})
    #: "passive" (runs down gradients), "cycle" (coupled to ATP, reversible), "irreversible", or "published" (as printed)
    thermodynamics: ClassVar[str]
    #: what the product law multiplies
    factors: ClassVar[tuple[Factor, ...]] = ()
    #: the label where none is given; the class name where this is empty
    default_label: ClassVar[str] = ""

    scale: float = param("1", 1.0, lo=0, hi=1e3, doc="factor on the rate; 0 blocks")
    label: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.label is not None:
            check_name(self.label, f"{type(self).__name__}.label")

    @property
    def law(self) -> Law:
        """The rate law."""
        raise NotImplementedError

    @property
    def moves(self) -> Mapping[IonSpecies, int]:
        """Ions moved *into* the cell per cycle."""
        raise NotImplementedError

    @property
    def strength(self) -> str:
        """Name of the parameter that the rate is proportional to."""
        raise NotImplementedError

    @property
    def fixed(self) -> bool:
        """Whether its reversal potential is a number that does not follow the concentrations; it then moves charge and no ion."""
        return False

    @property
    def charge(self) -> int:
        """Σ z ν: elementary charges moved into the cell per cycle."""
        return sum(ion.z * n for ion, n in self.moves.items())

    @property
    def name(self) -> str:
        """The label, or the default one: ``leak_Na`` for leaks, the name of the class for the rest."""
        return self.label or self.default_label or type(self).__name__


@dataclass_transform(frozen_default=True, eq_default=False, kw_only_default=True, field_specifiers=(field,))
def mechanism(cls: type[T]) -> type[T]:
    """Make a class a mechanism: fields as in `described`, and what the class states is checked and frozen.

    Raises
    ------
    ModelError
        At the definition of the class: `thermodynamics`, `strength` or a factor names what does not exist, or `moves` is no mapping from
        IonSpecies to whole numbers.
    """
    made = described(cls)
    where = cls.__name__
    if not issubclass(made, Mechanism):
        raise ModelError(f"{where} is no subclass of Mechanism")
    if getattr(made, "thermodynamics", None) not in THERMODYNAMICS:
        raise ModelError(f"{where}.thermodynamics must be one of {', '.join(map(repr, THERMODYNAMICS))}")
    names = {f.name for f in fields(made)}
    stated = vars(made)
    if isinstance(stated.get("moves"), Mapping):
        for ion, n in stated["moves"].items():
            if not isinstance(ion, IonSpecies) or not isinstance(n, int):
                raise ModelError(f"{where}.moves: {ion!r}: {n!r}; write whole numbers of ions per cycle, {{Na: -3, K: +2}}")
        made.moves = MappingProxyType(dict(stated["moves"]))  # type: ignore[assignment,method-assign]
    if isinstance(stated.get("strength"), str) and stated["strength"] not in names:
        raise ModelError(f"{where}.strength: there is no parameter {stated['strength']!r}")
    for factor in made.factors:
        side, _, ion_name = factor.of.partition(".")
        if side not in ("c_in", "c_out") or not ion_name:
            raise ModelError(f"{where}.factors: {factor.of!r}; a factor reads 'c_in.<ion>' or 'c_out.<ion>'")
        if factor.kind is FactorKind.SATURATION and factor.constant not in names:
            raise ModelError(f"{where}.factors: there is no parameter {factor.constant!r}")
    return made


def one_of(mechanism: Mechanism, *names: str) -> str:
    """Return which of several alternative parameters is given; raise `InputError` unless exactly one is."""
    given = [name for name in names if (value := getattr(mechanism, name)) is not None and value is not False]
    if len(given) == 1:
        return given[0]
    choice = " or ".join(f"{name}=" for name in names)
    raise InputError(f"{type(mechanism).__name__}: give exactly one of {choice}, not {'both' if given else 'none'}")


def ions_read(mechanism: Mechanism) -> dict[str, set[str]]:
    """Return the names of the ions whose concentration a mechanism needs, by side (``"c_in"``, ``"c_out"``)."""
    names = {ion.name for ion in mechanism.moves}
    inside, outside = set(names), set(names)
    for factor in mechanism.factors:
        side, _, ion = factor.of.partition(".")
        (inside if side == "c_in" else outside).add(ion)
    return {"c_in": inside, "c_out": outside}


__all__ = ["Factor", "FactorKind", "Law", "Mechanism", "ions_read", "mechanism", "one_of", "power", "saturation"]
