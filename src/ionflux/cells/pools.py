"""Pools beside the ions, and concentrations that follow from others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from math import isfinite

from ionflux.errors import InputError, ModelError, UnknownNameError
from ionflux.fields import Described, about, check_name, described, plain
from ionflux.species import Ca, IonSpecies

SIDES = {"in": "c_in", "out": "c_out"}


class Numbers(Mapping[str, float]):
    """An unchangeable mapping from name to number that is equal and hashes by value, whatever its order.

    Parameters
    ----------
    values : mapping from str to float
    of : str
        What the numbers belong to, for messages.

    Raises
    ------
    InputError
        It is no such mapping, or a number is not finite.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, float], of: str = "numbers") -> None:
        try:
            pairs = list(values.items())
        except AttributeError:
            raise InputError(f"{of} = {values!r}; give a mapping from name to number") from None
        self._values: dict[str, float] = {}
        for name, value in pairs:
            if not isinstance(name, str):
                raise InputError(f"{of}: {name!r} is no name; write it as text")
            number = plain(value, None, f"{of}[{name!r}]")
            if not isfinite(number):
                raise InputError(f"{of}[{name!r}] = {number:g} is not a finite number")
            self._values[name] = number

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self._values == dict(other.items())

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return repr(self._values)


@described
class Pool(Described):
    """A solute without charge that is no ion of the bath: ATP, ADP, Pi, O2. It counts in no osmolarity.

    Mechanisms change it by what they spend (`uses`), and read it in their factors as ``"c_in.ATP"`` or ``"c_out.O2"``.

    Parameters
    ----------
    name : str
        As in ``"c_in.ATP"``; no ion of the cell, and no other pool, may have it.
    c : float
        Concentration at the start, mol/m³ (mM).
    side : {"in", "out"}
        Inside the cell, or outside it (which needs `Cell.outside_volume`, unless the pool is held or slaved).
    diluted : bool
        Whether a change of the volume changes the concentration. False for published models whose balance leaves that term out.

    Examples
    --------
    >>> Pool("ATP", 3.0).of
    'c_in.ATP'
    """

    name: str = field(kw_only=False)
    c: float = field(kw_only=False, metadata=about("mol m^-3", lo=0, hi=6e4, doc="concentration of the pool at the start"))
    side: str = "in"
    diluted: bool = True

    def __post_init__(self) -> None:
        check_name(self.name, "Pool: the name")
        super().__post_init__()
        if self.side not in SIDES:
            raise InputError(f"Pool.side = {self.side!r}; it is 'in' or 'out'")

    @property
    def of(self) -> str:
        """``"c_in.ATP"``: the name of its concentration."""
        return f"{SIDES[self.side]}.{self.name}"


@described
class Store(Pool):
    """An ion in an organelle: a part of the cell with a concentration of its own, which the volume of the cell does not change.

    Free in the store is c, held are capacity · c. What it holds counts in the charge of the cell, with counter-ions that make the store
    neutral at the start. Mechanisms name it: ``SERCA(store="ER")``, and read it as ``"c_in.ER"``.

    Parameters
    ----------
    name : str
        ``"ER"``.
    c : float
        Free concentration at the start, mol/m³.
    fraction : float
        Volume of the store over that of the cell at the start.
    ion : IonSpecies
        What it holds.
    capacity : float
        Held over free: 1 without buffers in the store.
    fixed_charge : float, optional
        Of the counter-ions, elementary charges per volume of the store, mol/m³; left out, the store is neutral at the start.

    Examples
    --------
    >>> Store("ER", 0.4, fraction=0.1).of
    'c_in.ER'
    """

    fraction: float = field(kw_only=True, metadata=about("1", lo=1e-6, hi=0.9, doc="volume of the store over that of the cell"))
    ion: IonSpecies = Ca
    capacity: float = field(default=1.0, kw_only=True, metadata=about("1", lo=1.0, hi=1e5, doc="held over free"))
    fixed_charge: float | None = field(
        default=None, kw_only=True, metadata=about("mol m^-3", lo=-1e5, hi=1e5, doc="charge of the counter-ions")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.side != "in" or not self.diluted:
            raise InputError(f"Store({self.name!r}): a store is inside, and its volume is its own; leave out side= and diluted=")
        if not isinstance(self.ion, IonSpecies):
            raise InputError(f"Store({self.name!r}).ion = {self.ion!r} is no ion; write ion=Ca with `from ionflux import Ca`")

    def held(self, volume: float) -> float:
        """Return what it holds, mol, in a cell of that volume at the start."""
        return self.c * self.capacity * self.fraction * volume

    def counter_ions(self, volume: float) -> float:
        """Return the charge of the counter-ions, mol."""
        if self.fixed_charge is None:
            return -self.ion.z * self.held(volume)
        return self.fixed_charge * self.fraction * volume


@described
class Slaved(Described):
    """A concentration that is an affine function of others at every moment, and so no state of its own.

    c = constant + Σ weight · c_other

    Parameters
    ----------
    name : str
        What follows: ``"c_in.K"`` or ``"c_out.Na"``, of an ion or of a `Pool`.
    constant : float
        mol/m³.
    weights : mapping from str to float
        The others, ``{"c_in.Na": -1}``; pure numbers.

    Examples
    --------
    >>> Slaved("c_in.K", 158.0, {"c_in.Na": -1})
    Slaved('c_in.K', 158.0, {'c_in.Na': -1.0})
    """

    name: str = field(kw_only=False)
    constant: float = field(
        kw_only=False, metadata=about("mol m^-3", lo=-1e6, hi=1e6, doc="what the slaved concentration is beside the sum")
    )
    weights: Mapping[str, float] = field(kw_only=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        concentration_name(self.name, "Slaved.name")
        object.__setattr__(self, "weights", Numbers(self.weights, f"Slaved({self.name!r}).weights"))
        for other in self.weights:
            concentration_name(other, f"Slaved({self.name!r}).weights:")
        if self.name in self.weights:
            raise ModelError(f"Slaved({self.name!r}, ...) follows from itself; leave it out of its own weights")

    def value(self, c: Callable[[str], float]) -> float:
        """Return what follows from the concentrations `c` (mol/m³) by name."""
        return self.constant + sum(weight * c(other) for other, weight in self.weights.items())


def concentration_name(name: object, what: str) -> str:
    """Return `name`; raise `InputError` unless it is ``"c_in.<name>"`` or ``"c_out.<name>"``."""
    side, _, solute = name.partition(".") if isinstance(name, str) else ("", "", "")
    if side not in SIDES.values() or not solute:
        raise InputError(f"{what} {name!r}: a concentration is called 'c_in.K' (inside) or 'c_out.K' (outside)")
    assert isinstance(name, str)
    return name


def slaved_values(rules: Mapping[str, Slaved], free: Mapping[str, float]) -> dict[str, float]:
    """Return the concentrations that follow from the free ones, each by its rule.

    Parameters
    ----------
    rules : mapping from str to Slaved
        By the name of what follows.
    free : mapping from str to float
        Every other concentration of the cell by name, mol/m³.

    Raises
    ------
    UnknownNameError
        A rule names what the cell does not have.
    ModelError
        Rules that go in a circle, or a concentration below zero.
    """
    values: dict[str, float] = {}

    def find(name: str, way: tuple[str, ...]) -> float:
        if name in way:
            circle = " → ".join((*way[way.index(name) :], name))
            raise ModelError(f"{circle}: what is slaved follows from itself; make one of them a state (leave its Slaved out)")
        if name not in rules:
            if name not in free:
                raise UnknownNameError.among(f"Slaved({way[-1]!r}, ...): there is no concentration", name, [*free, *rules])
            return free[name]
        if name not in values:
            c = rules[name].value(lambda other: find(other, (*way, name)))
            if c < 0:
                raise ModelError(f"{name} = {c:.6g} mol/m³ at the start, by {rules[name]!r}; raise its constant")
            values[name] = c
        return values[name]

    for name in rules:
        find(name, ())
    return values
