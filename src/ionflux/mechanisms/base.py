"""What a transporter is: stoichiometry, one of a handful of rate laws, and parameters.

A new one is a class of a few lines, and nothing is compiled for it::

    @mechanism
    class NaKATPase(Mechanism):
        law = Law.PRODUCT
        moves = {Na: -3, K: +2}          # into the cell, per cycle; the charge moved follows from it
        uses = {"ATP": 1}
        strength = "J_max"               # what the rate is proportional to
        thermodynamics = "irreversible"  # or "passive", "cycle", "published": see `Mechanism`
        factors = (saturation("c_in.Na", "K_Na", 3), saturation("c_out.K", "K_K", 2))
        J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
        ...

The rate counts cycles per membrane area and time (mol m⁻² s⁻¹), positive in the direction that `moves` is written in: *into* the cell for a
positive entry. With u = V F/RT, B(x) = x/(eˣ − 1) and q = Σ z ν the laws are

    OHMIC         g/(z F) · (E − V),  E = RT/(zF) ln(c_out/c_in)             one ion; `g`, S/m²
    GHK           P · [B(zu) c_out − B(−zu) c_in]                            one ion; `P`, m/s
    COTRANSPORT   g · RT/F² · [Σ ν ln(c_out/c_in) − q u]                     any ions; `g`, S/m²
    PRODUCT       J_max                                                      any ions; `J_max`, mol m⁻² s⁻¹
    EXCHANGE      k · [Π_in(outside) e^(−(1−γ)qu) − Π_in(inside) e^(γqu)]    any ions; `k`; see `Mechanism.split`
    CYCLE         N · (Π α⁺ − Π α⁻)/Σ                                        a ring of states; `N`, mol/m²; see `Mechanism.steps`
    WATER         see `Water`
    CURRENT       I/(q F A) or i/(q F)                                       of an electrode; `I`, A, or `i`, A/m²
    OUTSIDE       see `surroundings`
    BUFFER        see `buffers`
    FIRING        see `averages`
    VOLTAGE       what keeps V where it is asked to be                       of an electrode; `V`, V

and every rate is multiplied by `scale` and by the `factors` of its class (see `ionflux.mechanisms.factors`). In EXCHANGE each product
takes c^abs(ν): of the side that an ion comes from when the cycle runs in the direction of `moves`, less those of the other direction.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import Field, field, fields
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast, dataclass_transform

from ionflux.errors import InputError, ModelError
from ionflux.fields import Described, check_name, described, param
from ionflux.species import IonSpecies
from .factors import Factor, FactorKind, check_factors, power, saturation, total
from .rings import check_ring

if TYPE_CHECKING:
    from ionflux.evaluation import IV, Evaluation

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
    EXCHANGE = 7
    CYCLE = 8
    OUTSIDE = 20
    BUFFER = 21
    FIRING = 22


@described
class Mechanism(Described):
    """Base of everything that sits in a membrane. See the head of this module for what a subclass states.

    Parameters
    ----------
    scale : float
        Multiplies the rate; 0 blocks.
    label : str, optional
        Its name in dotted names and results; default `name`.
    silent : bool
        Moves its ions and leaves V alone, for published models that forgot its current; needs ``potential="current"``.
    """

    #: what it spends per cycle, by pool, negative for what it makes; where a cell has pools of ADP and Pi, each ATP spent becomes one of
    #: both: ``{"ATP": 1}``; a cell need not have the pools
    uses: ClassVar[Mapping[str, int]] = MappingProxyType({})
    #: "passive" (its rate is zero where its gradients balance, and it dissipates), "cycle" (coupled to ATP, reversible: zero where
    #: gradients and ATP balance), "irreversible" (never runs backwards), or "published" (as printed, whatever thermodynamics says)
    thermodynamics: ClassVar[str] = ""
    #: what the rate is multiplied by
    factors: ClassVar[tuple[Factor, ...]] = ()
    #: of EXCHANGE: the part γ of the charge's energy that speeds up the cycle against the direction of `moves`; a parameter, or a number
    split: ClassVar[float | str] = 0.5
    #: of CYCLE: (rate forward, rate backward), 1/s, of each step around the ring, as terms of `factors.total`; a turn through all of them
    #: forward is one cycle in the direction of `moves`
    steps: ClassVar[tuple[tuple[Any, Any], ...]] = ()
    #: what the strength is counted per: "area" of the membrane, or "volume" of the cell
    per: ClassVar[str] = "area"
    #: the label where none is given; the class name where this is empty
    default_label: ClassVar[str] = ""

    scale: float = param("1", 1.0, lo=0, hi=1e3, doc="factor on the rate; 0 blocks")
    label: str | None = None
    silent: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.label is not None:
            check_name(self.label, f"{type(self).__name__}.label")
        if self.steps:
            check_ring(self)

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
    def gates(self) -> tuple[Any, ...]:
        """What opens and closes it: of channels."""
        return ()

    @property
    def outside(self) -> Mapping[IonSpecies, int]:
        """Ions brought into the solution outside per cycle that come from no cell: from a bath, from glia."""
        return {}

    @property
    def within(self) -> str | None:
        """The store within the cell that it works on; None for what sits in the membrane of the cell."""
        return None

    @property
    def ways(self) -> tuple[Any, ...]:
        """What has a rate of its own: the mechanism itself, or each ion that passes a channel."""
        return (self,)

    @property
    def reads(self) -> frozenset[str]:
        """Concentrations that the rate follows beside those of the ions moved: ``"c_in.ATP"``."""
        return frozenset(name for f in self.all_factors for name in f.reads(needed=True) if "." in name)

    @property
    def all_factors(self) -> tuple[Factor, ...]:
        """Its factors, and those of the steps of a cycle."""
        return (*self.factors, *(f for step in self.steps for f in step))

    @property
    def charge(self) -> int:
        """Σ z ν: elementary charges moved into the cell per cycle."""
        return sum(ion.z * n for ion, n in self.moves.items())

    @property
    def name(self) -> str:
        """The label, or the default one: ``leak_Na`` for leaks, the name of the class for the rest."""
        return self.label or self.default_label or type(self).__name__

    def evaluate(self, **state: Any) -> Evaluation:
        """Return rate, fluxes, current and energetics at given V, c_in, c_out, T (arrays); see `ionflux.evaluation.evaluate`."""
        from ionflux.evaluation import evaluate

        return evaluate(self, **state)

    def iv(self, **state: Any) -> IV:
        """Return the current-voltage curve at given c_in, c_out, T; see `ionflux.evaluation.iv`."""
        from ionflux.evaluation import iv

        return iv(self, **state)


@dataclass_transform(frozen_default=True, eq_default=False, kw_only_default=True, field_specifiers=(field,))
def mechanism(cls: type[T]) -> type[T]:
    """Make a class a mechanism: fields as in `described`, and what the class states is checked and frozen.

    Raises
    ------
    ModelError
        At the definition of the class: something is not stated (`law`, `moves`, `strength`, `thermodynamics`); `strength` or a factor names
        what does not exist; `moves` is no mapping from IonSpecies to whole numbers; or the law cannot have the thermodynamics declared.
    """
    where = cls.__name__
    if not (isinstance(cls, type) and issubclass(cls, Mechanism)):
        raise ModelError(f"{where} is no subclass of Mechanism; write class {where}(Mechanism)")
    _check_fields(cls)
    made: Any = described(cls)
    if made.thermodynamics not in THERMODYNAMICS:
        raise ModelError(f"{where}.thermodynamics must be one of {', '.join(map(repr, THERMODYNAMICS))}")
    missing = [(name, example) for name, example in _STATED.items() if getattr(made, name) is getattr(Mechanism, name)]
    if missing:
        raise ModelError(f"{where} does not state its {missing[0][0]}; write {missing[0][1]}")
    moves, names = made.moves, {f.name for f in fields(made)}
    if isinstance(moves, Mapping):
        for ion, n in moves.items():
            if not isinstance(ion, IonSpecies) or type(n) is not int or not n:
                raise ModelError(f"{where}.moves: {ion!r}: {n!r}; write whole numbers of ions per cycle, {{Na: -3, K: +2}}")
        made.moves = MappingProxyType(dict(moves))
    if isinstance(made.strength, str) and made.strength not in names:
        raise ModelError(f"{where}.strength: there is no parameter {made.strength!r}; declare it, {made.strength}: float = param(...)")
    of_each = isinstance(made.uses, property)  # what an object uses depends on its fields
    listed = isinstance(made.uses, Mapping) and all(isinstance(k, str) and type(n) is int for k, n in made.uses.items())
    if not of_each and not listed:
        raise ModelError(f'{where}.uses = {made.uses!r}; write whole numbers per cycle, {{"ATP": 1}}, negative for what it makes')
    if not of_each:
        made.uses = MappingProxyType(dict(made.uses))
    if not isinstance(made.factors, property):
        made.factors = tuple(made.factors) if isinstance(made.factors, list | tuple) else (made.factors,)
        check_factors(where, made.factors, names)
    made.steps = tuple(tuple(map(total, step)) for step in made.steps)
    check_factors(where, [factor for step in made.steps for factor in step], names)
    if made.law is Law.CYCLE and (len(made.steps) < 2 or any(len(step) != 2 for step in made.steps)):
        raise ModelError(f"{where}.steps: a cycle has at least two steps, each (forward, backward): steps = (('k_1', 'k_1_back'), ...)")
    if made.per not in ("area", "volume"):
        raise ModelError(f"{where}.per = {made.per!r}; it is 'area' or 'volume'")
    if isinstance(made.split, str) and made.split not in names:
        raise ModelError(f"{where}.split: there is no parameter {made.split!r}")
    _check_thermodynamics(made)
    return cast("type[T]", made)


#: what every class states, with an example
_STATED = {
    "law": "law = Law.PRODUCT",
    "moves": "moves = {Na: -3, K: +2}, into the cell per cycle",
    "strength": "strength = 'J_max', the name of the parameter that the rate is proportional to",
}
#: laws whose rate is zero where the driving forces are, and turns round with them
_REVERSIBLE = ("OHMIC", "GHK", "COTRANSPORT", "WATER", "EXCHANGE", "CYCLE")


def _check_fields(cls: type) -> None:
    """Refuse what is stated as if it were a field, and numbers without unit."""
    where = cls.__name__
    for name, annotation in inspect.get_annotations(cls).items():
        text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
        if name in (*_STATED, "thermodynamics", "factors", "uses", "steps", "split", "per") and "ClassVar" not in str(annotation):
            raise ModelError(f"{where}.{name} belongs to the class and not to each of its objects; write {name} = ... without `: {text}`")
        value = vars(cls).get(name)
        if text in ("float", "float | None") and not (isinstance(value, Field) and "unit" in value.metadata):
            raise ModelError(f'{where}.{name} has no unit and no range; write {name}: float = param("mol m^-3", lo=..., hi=..., doc="...")')


def _check_thermodynamics(made: Any) -> None:
    """Refuse a thermodynamic class that the law cannot have; laws and ions that depend on the object are taken on trust."""
    where, law, declared = made.__name__, made.law, made.thermodynamics
    if not isinstance(law, Law):
        return
    if law in (Law.OHMIC, Law.GHK) and isinstance(made.moves, Mapping) and list(made.moves.values()) != [1]:
        raise ModelError(f"{where}: Law.{law.name} moves one ion, moves = {{Na: 1}}; Law.COTRANSPORT moves several")
    if declared == "passive" and made.uses:
        raise ModelError(
            f"{where} is declared passive and uses {', '.join(made.uses)}; declare thermodynamics = 'irreversible' or 'published'"
        )
    reversible = law.name in _REVERSIBLE
    if declared in ("passive", "cycle") and not reversible:
        raise ModelError(
            f"{where} is declared {declared!r}, and a rate by Law.{law.name} does not vanish where its gradients balance: nothing turns it "
            "round. Declare thermodynamics = 'irreversible' (a pump that never runs backwards) or 'published' (as printed), or take "
            "Law.COTRANSPORT, which is driven by the gradients"
        )
    if declared == "irreversible" and reversible:
        raise ModelError(
            f"{where} is declared irreversible, and a rate by Law.{law.name} turns round with its gradients; declare thermodynamics = "
            "'passive' or 'published'"
        )


def one_of(mechanism: Mechanism, *names: str) -> str:
    """Return which of several alternative parameters is given; raise `InputError` unless exactly one is."""
    given = [name for name in names if (value := getattr(mechanism, name)) is not None and value is not False]
    if len(given) == 1:
        return given[0]
    choice = " or ".join(f"{name}=" for name in names)
    raise InputError(f"{type(mechanism).__name__}: give exactly one of {choice}, not {'both' if given else 'none'}")


def ions_read(mechanism: Mechanism, *, needed: bool = True) -> dict[str, set[str]]:
    """Return the names of the ions and pools that a mechanism needs, by side (``"c_in"``, ``"c_out"``).

    Without `needed` also those that it reads only where they are.
    """
    names = {ion.name for ion in mechanism.moves}
    found = {"c_in": set(names), "c_out": set(names)}
    read = set(mechanism.reads)
    if not needed:
        read |= {name for factor in mechanism.all_factors for name in factor.reads()}
    for name in read:
        side, _, solute = name.partition(".")
        if solute:
            found[side].add(solute)
    return found


__all__ = ["Factor", "FactorKind", "Law", "Mechanism", "ions_read", "mechanism", "one_of", "power", "saturation"]
