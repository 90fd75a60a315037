"""What a layer has for each ion: a number, a function of the place, or values along it. Equal and hashed by value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from . import species
from .errors import InputError
from .fields import Parameter, plain
from .species import READY_MADE, IonSpecies

Landscape: TypeAlias = "float | tuple[float, ...] | Callable[[Any], Any]"


class PerIon(Mapping[Any, Landscape]):
    """What a layer has for each ion: a number, a function of s in [0, 1], or values on equal steps of s. Equal and hashed by value.

    The key None stands for every ion that is not named.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[Any, Landscape]) -> None:
        self._values = {_key(key): value for key, value in values.items()}

    def __getitem__(self, ion: Any) -> Landscape:
        value: Landscape = self._values[_key(ion)]
        return value

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def of(self, ion: IonSpecies) -> Landscape | None:
        """Return what an ion finds, None where nothing is said about it."""
        for key, value in self._values.items():
            if key is not None and getattr(key, "name", key) == ion.name:
                return value
        return self._values.get(None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PerIon) and self._values == other._values

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        if list(self._values) == [None]:
            return repr(self._values[None])
        return repr(self._values)


def _key(ion: Any) -> Any:
    """The ready-made ion where only its name is given."""
    return getattr(species, READY_MADE[ion]) if isinstance(ion, str) and ion in READY_MADE else ion


def per_ion(name: str, given: Any, kind: Parameter, *, arrays: bool = False) -> PerIon | None:
    """Bring a mapping from ion, or one thing for all ions, into its frozen form."""
    if given is None or isinstance(given, PerIon):
        return given
    values = dict(given.items()) if isinstance(given, Mapping) else {None: given}
    for key, value in values.items():
        if not (key is None or isinstance(key, (IonSpecies, str))):
            raise InputError(f"{name}: {key!r} is no ion; write {{K: …}} with `from ionflux import K`")
        label = name if key is None else f"{name}[{getattr(key, 'name', key)}]"
        if callable(value):
            continue
        if arrays and hasattr(value, "__len__") and not isinstance(value, (str, bytes)):
            if len(value) < 2:
                raise InputError(f"{label}: give at least the values at both ends of the layer")
            values[key] = tuple(kind.check(f"{label}[{i}]", plain(float(v), kind.unit, label)) for i, v in enumerate(value))
        else:
            values[key] = kind.check(label, value)
    return PerIon(values)
