"""Mappings by name whose values are read when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .errors import UnknownNameError

if TYPE_CHECKING:
    from .species import IonSpecies


class ByName(Mapping[str, Any]):
    """A lazy mapping by name; ions may also be given as `IonSpecies`."""

    def __init__(self, kind: str, names: tuple[str, ...], read: Callable[[str], Any]) -> None:
        self._kind, self._names, self._read = kind, names, read
        self._made: dict[str, Any] = {}

    def __getitem__(self, key: str | IonSpecies) -> Any:
        name = key if isinstance(key, str) else getattr(key, "name", repr(key))
        if name not in self._names:
            raise UnknownNameError.among(f"there is no {self._kind}", name, self._names)
        if name not in self._made:
            self._made[name] = self._read(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, key: object) -> bool:
        return (key if isinstance(key, str) else getattr(key, "name", None)) in self._names

    def __repr__(self) -> str:
        return f"<{self._kind}: {', '.join(self._names)}>"
