"""Cells and their parts in scenario files: what the fields of descriptions do not say of themselves."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from ionflux._rebuild import vocabulary
from ionflux.baths import Bath, Impermeant
from ionflux.cells import Cell, Constants, Pool, Slaved, Store
from ionflux.errors import ElectroneutralityError, InputError, ModelError
from ionflux.events import DIRECTIONS, Crossing
from ionflux.fields import Described, Parameter
from ionflux.mechanisms import Mechanism
from ionflux.preset_library import presets
from ionflux.quantities import QUANTITIES, unit_of
from ionflux.schedules import Schedule
from ionflux.species import READY_MADE, IonSpecies
from ionflux.surfaces import ChargedSurface
from .schema import (
    SPECIAL,
    Context,
    Entries,
    attempt,
    describe,
    entries_of,
    ion,
    mapping,
    nearest,
    number,
    numbers,
    one_of_kind,
    plain_number,
    plain_numbers,
    refuse,
    scheduled,
    sequence,
    table,
    text,
    unknown_ion,
)

Path = tuple[str | int, ...]


#: the classes of a file are those that a text of descriptions may name
def context(ions: Mapping[str, Any] | None = None) -> Context:
    """The ions that are ready made and those of a file, and every class of descriptions that is loaded."""
    words = vocabulary()
    known = {name: words[spelling] for name, spelling in READY_MADE.items()}
    classes = {name: cls for name, cls in words.items() if isinstance(cls, type) and issubclass(cls, Described)}
    plain = Context(known, classes)
    return plain._replace(ions=known | mapping(ions, plain, _own_ion)) if ions is not None else plain


_ION: Entries = tuple((key, entry) for key, entry in entries_of(IonSpecies) if key != "name")


def _own_ion(name: str) -> Any:
    def read(value: Any, context: Context) -> IonSpecies:
        made = table(value, _ION, "an ion", context)
        found: IonSpecies = attempt(lambda: IonSpecies(name, **made))
        return found

    return read


def concentrations(value: Any, context: Context) -> dict[IonSpecies, float]:
    """Ions by name with their concentrations."""
    return _by_ion(value, context, "mol m^-3", 6e4)


def _by_ion(value: Any, context: Context, unit: str, most: float) -> dict[IonSpecies, float]:
    def read(name: str) -> Any:
        if name not in context.ions:
            return lambda v, c: refuse(unknown_ion(name, c))
        return number(f"[{name}]", unit, 0.0, most)

    return {context.ions[name]: c for name, c in mapping(value, context, read).items()}


def _binds(value: Any, context: Context) -> dict[IonSpecies, float]:
    """Ions by name with their association constants."""
    return _by_ion(value, context, "m^3 mol^-1", 1e12)


_BATH: Entries = tuple((key, entry) for key, entry in entries_of(Bath) if key == "osmolyte")


def bath(value: Any, context: Context) -> Bath:
    """Concentrations of ions, with ``osmolyte`` and ``impermeant`` among them."""
    if not isinstance(value, dict):
        refuse("a table is wanted here")
    wrong: list[InitErrorDetails] = []
    parts: list[dict[Any, Any]] = []
    own = {key: v for key, v in value.items() if key in ("osmolyte", "impermeant")}
    for read in (
        lambda: concentrations({key: v for key, v in value.items() if key not in own}, context),
        lambda: table(own, (*_BATH, ("impermeant", (False, _one(Impermeant)))), "bath", context),
    ):
        try:
            parts.append(read())
        except ValidationError as error:
            wrong += [InitErrorDetails(type=_custom(e), loc=e["loc"], input=None) for e in error.errors(include_url=False)]
    if wrong:
        raise ValidationError.from_exception_data("bath", wrong)
    ions, rest = parts
    made: Bath = attempt(lambda: Bath(ions, **rest))
    return made


def _custom(error: Any) -> PydanticCustomError:
    return PydanticCustomError("key" if error["type"] == "key" else "scenario", "{message}", {"message": error["msg"]})


def _one(cls: type[Described]) -> Any:
    return _DESCRIBED.setdefault(cls, lambda value, context: describe(value, cls, context))


_DESCRIBED: dict[type[Described], Any] = {}


def _impermeants(value: Any, context: Context) -> Any:
    read = _one(Impermeant)
    return sequence(value, context, read) if isinstance(value, list) else read(value, context)


def _state(value: Any, context: Context) -> dict[str, float]:
    return mapping(value, context, lambda name: number(name, "C" if name == "electrode_charge" else "1"))


def _pools(value: Any, context: Context) -> Any:
    known = {cls.__name__: cls for cls in (Pool, Slaved, Store)}
    return sequence(value, context._replace(classes=known), one_of_kind(Described, "pool"))


def _observable(value: Any, context: Context) -> str:
    name = text(value, context)
    return name if unit_of(name) else refuse(nearest("there is no observable", name, QUANTITIES))


def _direction(value: Any, context: Context) -> str:
    name = text(value, context)
    return name if name in DIRECTIONS else refuse(nearest("there is no direction", name, DIRECTIONS))


_LEVEL = scheduled
_CROSSING: Entries = (("observable", (True, _observable)), ("level", (True, _LEVEL)), ("direction", (False, _direction)))


def crossing(value: Any, context: Context) -> Crossing:
    """An event: the level has the unit of the observable."""
    name = value.get("observable") if isinstance(value, dict) else None
    unit = (unit_of(name) if isinstance(name, str) else None) or "1"
    made = table(value, _CROSSING, "an event", context._replace(unit=unit))
    found: Crossing = attempt(lambda: Crossing(**made))
    return found


def crossings(value: Any, context: Context) -> list[Crossing]:
    """One event or several."""
    return sequence(value, context, crossing) if isinstance(value, list) else [crossing(value, context)]


mechanisms = one_of_kind(Mechanism, "mechanism")
schedule = one_of_kind(Schedule, "schedule")
times = numbers(number("a time", "s", 0.0, 1e15), "s")

SPECIAL.update(
    {
        ("Cell", "inside"): concentrations,
        ("Cell", "bath"): bath,
        ("Cell", "impermeant"): _impermeants,
        ("Cell", "membrane"): lambda v, c: sequence(v, c, mechanisms),
        ("Cell", "pools"): _pools,
        ("Cell", "state"): _state,
        ("Cell", "constants"): _one(Constants),
        ("Cell", "surface"): _one(ChargedSurface),
        ("SurfaceGroup", "binds"): _binds,
        ("step", "to"): scheduled,
        ("ramp", "to"): scheduled,
        ("pulse", "to"): scheduled,
        ("train", "to"): scheduled,
        ("table", "t"): times,
        ("table", "y"): numbers(scheduled),
        ("table", "factor"): plain_numbers,
        ("Schedule", "factor"): plain_number,
    }
)

_CELL = entries_of(Cell)
_ROUND: Entries = (
    ("radius", (True, number("Cell.radius", "m", 1e-9, 1e-2))),
    ("length", (False, number("Cell.length", "m", 1e-9, 10.0))),
    *(entry for entry in _CELL if entry[0] not in ("area", "volume")),
)


def _preset_name(value: Any, context: Context) -> str:
    name = text(value, context)
    return name if name in presets() else refuse(nearest("there is no preset", name, presets()))


_PRESET: Entries = (("preset", (True, _preset_name)), *((k, (False, read)) for k, (_, read) in _CELL if k in ("membrane", "pools", "hold")))


@cache
def _variants(name: str) -> Entries:
    """What a preset of several variants takes beside the rest: ``buffer = "glia"``."""
    options: Mapping[str, tuple[Any, ...]] = getattr(importlib.import_module(f"ionflux.preset_library.{name}"), "OPTIONS", {})

    def reader(key: str, choices: tuple[Any, ...]) -> Any:
        words = [choice for choice in choices if choice is not None]

        def read(value: Any, context: Context) -> str:
            word = text(value, context)
            return word if word in words else refuse(nearest(f"{name} has no {key}", word, words))

        return read

    return tuple((key, (False, reader(key, choices))) for key, choices in options.items())


def cell(value: Any, context: Context) -> Cell:
    """A cell: a preset, with mechanisms that are added or take the place of those of the same name; or all of it."""
    if not isinstance(value, dict):
        refuse("a table is wanted here")
    try:
        return _cell(value, context)
    except ElectroneutralityError as error:
        told = PydanticCustomError("scenario", "{message}", {"message": str(error)})
        at = next(((key,) for key in ("impermeant", "V") if key in value), ())
        raise ValidationError.from_exception_data("cell", [InitErrorDetails(type=told, loc=at, input=None)]) from error
    except (InputError, ModelError) as error:
        refuse(str(error))


def _cell(value: dict[str, Any], context: Context) -> Cell:
    if "preset" in value:
        variants = _variants(value["preset"]) if value["preset"] in presets() else ()
        made = table(value, (*_PRESET, *variants), "a cell with a preset", context)
        chosen = {key: made.pop(key) for key, _ in variants if key in made}
        published: Cell = importlib.import_module(f"ionflux.preset_library.{made.pop('preset')}").cell(**chosen)
        if not made:
            return published
        added = {m.name: m for m in made.pop("membrane", ())}
        kept = [added.pop(m.name, m) for m in published.membrane]
        sources = {
            name: s
            for name, s in published.sources.items()
            if name.partition(".")[0] not in {m.name for m in kept} - {m.name for m in published.membrane if m in kept}
        }
        membrane = (*kept, *added.values())
        pools = (*published.pools, *made.pop("pools", ()))
        return dataclasses.replace(published, membrane=membrane, pools=pools, sources=sources, **made)
    if "radius" in value:
        made = table(value, _ROUND, "a cell with a radius", context)
        radius, length = made.pop("radius"), made.pop("length", None)
        return Cell.sphere(radius, **made) if length is None else Cell.cylinder(radius, length, **made)
    return Cell(**table(value, _CELL, "cell", context))


def flat(value: Mapping[str, Any], leaf: Any = lambda v: False, at: Path = ()) -> Iterator[tuple[str, Path, Any]]:
    """Dotted names of nested tables, with the path and the value of each; `leaf` says which tables are values."""
    for key, item in value.items():
        if isinstance(item, dict) and item and not leaf(item):
            yield from ((f"{key}.{name}", path, v) for name, path, v in flat(item, leaf, (*at, key)))
        else:
            yield key, (*at, key), item


def changes(cell: Cell, preset: str, value: Mapping[str, Any], context: Context) -> dict[str, float]:
    """Other values by dotted name, or by the symbols of a preset's paper."""
    known = cell.parameters()
    symbols = importlib.import_module(f"ionflux.preset_library.{preset}").SYMBOLS if preset else {}
    found: dict[str, float] = {}
    wrong: list[InitErrorDetails] = []
    for name, path, item in flat(value):
        try:
            found.update([_change(name, item, known, symbols, context)])
        except (PydanticCustomError, ValidationError) as error:
            told = error if isinstance(error, PydanticCustomError) else _custom(error.errors()[0])
            wrong.append(InitErrorDetails(type=told, loc=path, input=None))
        if len(wrong) >= 20:
            break
    if wrong:
        raise ValidationError.from_exception_data("set", wrong)
    return found


def _change(name: str, item: Any, known: Mapping[str, Parameter], symbols: Mapping[str, Any], context: Context) -> tuple[str, float]:
    symbol = symbols.get(name) if name not in known else None
    if symbol is not None and symbol.divisor != 1.0:
        refuse(f"{name} of the paper is {symbol.divisor:g} times {symbol.name}; set that")
    dotted = name if symbol is None else symbol.name
    base = dotted.partition(".with_")[0]
    if base not in known:
        raise PydanticCustomError("key", "{message}", {"message": nearest("this cell has no parameter", name, known)})
    p = known[base]
    return dotted, number(dotted, p.unit, p.lo, p.hi)(item, context)


__all__ = ["bath", "cell", "changes", "context", "crossing", "crossings", "flat", "ion", "schedule", "times"]
