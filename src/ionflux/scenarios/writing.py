"""Descriptions as TOML. Every number is written so that it comes back to the last bit."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ionflux import species
from ionflux.baths import Bath
from ionflux.cells import Cell
from ionflux.errors import InputError
from ionflux.events import Crossing
from ionflux.fields import REQUIRED, Described, Parameter
from ionflux.landscapes import PerIon
from ionflux.membranes import SURFACE_CHARGE, Membrane1D
from ionflux.quantities import unit_of
from ionflux.schedules import Schedule, table
from ionflux.species import READY_MADE, IonSpecies
from .channels import part_of, unwritten
from .membranes import per_ion
from .units import written

#: fields of which the file says what they are in another way, or that belong to no file
_UNWRITTEN = {"Scenario": {"preset", "overrides"}}


def to_toml(thing: Described) -> str:
    """Return the text of a description; see `to_toml`."""
    if not isinstance(thing, Described):
        raise InputError(f"{thing!r} is no description; a Cell, a Bath, a mechanism, a schedule or a Scenario is")
    writer = _Writer()
    data = writer.scenario(thing) if type(thing).__name__ == "Scenario" else {"type": type(thing).__name__, **writer.tree(thing)}
    if isinstance(thing, IonSpecies):
        writer.ions.clear()
    if writer.ions:
        first = {key: value for key, value in data.items() if not isinstance(value, dict | list)}
        data = {**first, "ions": {name: writer.own(ion) for name, ion in writer.ions.items()}, **data}
    return _toml(data)


class _Writer:
    """Turns descriptions into tables, and notes the ions that are not ready made."""

    def __init__(self) -> None:
        self.ions: dict[str, IonSpecies] = {}

    def scenario(self, thing: Any) -> dict[str, Any]:
        known: Mapping[str, Parameter] = thing.cell.parameters()
        data: dict[str, Any] = {"title": thing.title} if thing.title else {}
        data["cell"] = self.tree(thing.cell)
        if thing.schedule:
            data["schedule"] = {name: self._courses(name, courses, known) for name, courses in thing.schedule.items()}
        for name in ("run", "steady_state", "sweep"):
            if (asked := getattr(thing, name)) is not None:
                data[name] = self.tree(asked)
        if thing.sweep is not None:
            data["sweep"]["vary"] = {name: _numbers(values, _known(known, name).unit) for name, values in thing.sweep.vary.items()}
        return data

    def _courses(self, name: str, courses: Sequence[Schedule], known: Mapping[str, Parameter]) -> Any:
        unit = _known(known, name).unit
        found = [_Inline({"type": type(one).__name__, **self.tree(one, unit)}) for one in courses]
        return found[0] if len(found) == 1 else found

    def tree(self, thing: Described, unit: str = "1") -> dict[str, Any]:
        """A description as a table; `unit` is that of the parameter which a schedule moves."""
        if isinstance(thing, Bath):
            own = {} if not thing.osmolyte else {"osmolyte": _text(thing.osmolyte, "mol m^-3")}
            held = {} if thing.impermeant is None else {"impermeant": self.tree(thing.impermeant)}
            return self._ions(thing) | own | held
        found: dict[str, Any] = {}
        for f in dataclasses.fields(thing):
            value = getattr(thing, f.name)
            if f.name in (*_UNWRITTEN.get(type(thing).__name__, ()), *unwritten(thing)) or value is None:
                continue
            if f.default is not REQUIRED and value == f.default and type(value) is type(f.default):
                continue
            if f.default_factory is not dataclasses.MISSING and value == f.default_factory():
                continue
            written_value = self._field(thing, f, value, unit)
            if isinstance(value, Described) or written_value not in ((), [], {}) or f.default is REQUIRED:
                found[f.name] = written_value
        return found

    def _field(self, thing: Described, f: Any, value: Any, unit: str) -> Any:
        cls = type(thing).__name__
        if isinstance(thing, Schedule) and f.name in ("to", "y"):
            return _numbers(value, unit) if f.name == "y" else _text(value, unit)
        if isinstance(thing, table) and f.name == "t":
            return _numbers(value, "s")
        if isinstance(thing, Crossing) and f.name == "level":
            return _text(value, unit_of(thing.observable) or "1")
        if (special := part_of(thing, f.name, value, self)) is not None:
            return special
        if "unit" in f.metadata:
            return _text(value, f.metadata["unit"])
        if cls in ("RunSettings", "SweepSettings") and f.name == "at":
            return _numbers(value, "s")
        if isinstance(value, PerIon):
            return per_ion(f"{cls}.{f.name}", f.name, value, self._ion)
        if isinstance(thing, Membrane1D) and f.name == "surface_charge":
            return _numbers(value, SURFACE_CHARGE.unit)
        if isinstance(thing, Cell):
            if f.name == "inside":
                return self._ions(value)
            if f.name == "state":
                return {name: _text(x, "C" if name == "electrode_charge" else "1") for name, x in value.items()}
            if f.name in ("membrane", "pools"):
                return [{"type": type(one).__name__, **self.tree(one)} for one in value]
        return self._plain(f"{cls}.{f.name}", value)

    def _plain(self, what: str, value: Any) -> Any:
        if isinstance(value, IonSpecies):
            return self._ion(value)
        if isinstance(value, Described):
            return self.tree(value)
        if isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, Mapping) and value and all(isinstance(key, IonSpecies) for key in value):
            return {self._ion(ion): written(x, "m^3 mol^-1") for ion, x in value.items()}
        if isinstance(value, Mapping):
            return {str(key): self._plain(what, item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain(what, item) for item in value]
        raise InputError(f"{what} = {value!r} cannot be written to a file")

    def _ions(self, values: Mapping[IonSpecies, float]) -> dict[str, Any]:
        return {self._ion(ion): f"{c!r} mM" for ion, c in values.items()}

    def _ion(self, ion: IonSpecies) -> str:
        ready = getattr(species, READY_MADE[ion.name]) if ion.name in READY_MADE else None
        if ready is None or (ready.z, ready.D, ready.radius) != (ion.z, ion.D, ion.radius):
            other = self.ions.setdefault(ion.name, ion)
            if other.z != ion.z:
                raise InputError(f"{ion!r} and {other!r} have one name; a file cannot tell them apart")
        return ion.name

    def own(self, ion: IonSpecies) -> dict[str, Any]:
        """The table of an ion that is not ready made, without its name."""
        return {key: value for key, value in self.tree(ion).items() if key != "name"}


def _known(known: Mapping[str, Parameter], name: str) -> Parameter:
    if name not in known:
        raise InputError(f"{name} is no parameter of the cell of this scenario")
    return known[name]


def _text(value: float, unit: str) -> Any:
    return value if unit == "1" else written(value, "mM" if unit == "mol m^-3" else unit)


def _numbers(values: Sequence[float], unit: str) -> Any:
    listed = [float(x) for x in values]
    return listed if unit == "1" else _Inline({"unit": unit, "values": listed})


class _Inline(dict[str, Any]):
    """A table that stands on one line."""


_BARE = re.compile(r"[A-Za-z0-9_-]+")


def _toml(data: Mapping[str, Any]) -> str:
    lines: list[str] = []
    _table(data, (), lines)
    return "\n".join(lines).lstrip("\n") + "\n"


def _table(data: Mapping[str, Any], at: tuple[str, ...], lines: list[str]) -> None:
    below: list[tuple[str, Any]] = []
    for key, value in data.items():
        if _is_table(value) or _is_tables(value):
            below.append((key, value))
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in below:
        name = ".".join(map(_key, (*at, key)))
        for one in value if isinstance(value, list) else [value]:
            if isinstance(value, list) or not one or any(not _is_table(v) and not _is_tables(v) for v in one.values()):
                lines += ["", f"[[{name}]]" if isinstance(value, list) else f"[{name}]"]
            _table(one, (*at, key), lines)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and not isinstance(value, _Inline)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_table(v) for v in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }" if value else "{}"
    return "[" + ", ".join(map(_value, value)) + "]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
