"""What a table of a scenario file may hold: a pydantic model for every class of descriptions, made from its fields.

A description says of each field which unit and range it has; the model of its table asks for exactly that. Nothing here knows any one
mechanism, so a mechanism of one's own can be written in files as soon as its class is defined.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from math import inf
from typing import Annotated, Any, NamedTuple, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model
from pydantic_core import InitErrorDetails, PydanticCustomError

from ionflux.errors import InputError, ModelError
from ionflux.fields import REQUIRED, Described, _check
from ionflux.species import IonSpecies
from .units import quantity

Reader = Callable[[Any, "Context"], Any]
#: what a table may hold: key, whether it must be there, how it is read
Entries = tuple[tuple[str, tuple[bool, Reader]], ...]


class Context(NamedTuple):
    """What a value may refer to: ions by name, classes by name, and the unit and range of a scheduled parameter."""

    ions: Mapping[str, IonSpecies]
    classes: Mapping[str, type[Described]]
    unit: str = "1"
    lo: float = -inf
    hi: float = inf


def refuse(message: str) -> NoReturn:
    """Say what is wrong with the value that is being read."""
    raise PydanticCustomError("scenario", "{message}", {"message": message})


def attempt(make: Callable[[], Any]) -> Any:
    """Make something; what it refuses is an error of the value that is being read."""
    try:
        return make()
    except (InputError, ModelError) as error:
        refuse(str(error))


# ---- single values


def number(name: str, unit: str, lo: float = -inf, hi: float = inf, hint: Any = None) -> Reader:
    """A number: text with a unit, or a bare number where the unit is 1."""

    def read(value: Any, context: Context) -> float:
        if unit == "1" and type(value) in (int, float):
            found = attempt(lambda: _float(value))
        else:
            found = attempt(lambda: quantity(value, unit, lo, hi))
        return float(attempt(lambda: _check(name, found, unit, lo, hi, hint)))

    return read


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise InputError("a number that large is not finite") from None


def scheduled(value: Any, context: Context) -> float:
    """A value of the parameter that a schedule or a sweep moves."""
    return float(number("the value", context.unit, context.lo, context.hi)(value, context))


def text(value: Any, context: Context) -> str:
    """Text."""
    return value if isinstance(value, str) else refuse("text is wanted here, in quotation marks")


def flag(value: Any, context: Context) -> bool:
    """True or false."""
    return value if isinstance(value, bool) else refuse("true or false is wanted here")


def whole(value: Any, context: Context) -> int:
    """A whole number."""
    return value if type(value) is int and abs(value) < 10**9 else refuse("a whole number is wanted here")


def ion(value: Any, context: Context) -> IonSpecies:
    """An ion by its name."""
    name = text(value, context)
    return context.ions[name] if name in context.ions else refuse(unknown_ion(name, context))


def unknown_ion(name: str, context: Context) -> str:
    """What to say of an ion that is not there."""
    return f"{nearest('unknown ion', name, context.ions)}; ions of one's own stand in [ions.{name}] with z = ..."


def nearest(what: str, name: str, known: Iterable[str]) -> str:
    """A name that does not exist, and the one that was probably meant."""
    names = list(known)
    folded = {k.lower(): k for k in reversed(names)}
    near = difflib.get_close_matches(name.lower()[:60], list(folded), n=1, cutoff=0.5)
    hint = f"; did you mean {folded[near[0]]!r}?" if near else f"; there is {', '.join(names[:24])}" if names else ""
    return f"{what} {name[:60]!r}{hint}"


# ---- many values


def mapping(value: Any, context: Context, read: Callable[[str], Reader]) -> dict[str, Any]:
    """A table whose keys are free; `read` gives the reader of each."""
    if not isinstance(value, dict):
        refuse("a table is wanted here")
    return _gather(((key, partial(_read_key, read, key, item, context)) for key, item in value.items()), "table")


def _read_key(read: Callable[[str], Reader], key: str, item: Any, context: Context) -> Any:
    return read(key)(item, context)


def sequence(value: Any, context: Context, read: Reader) -> list[Any]:
    """An array, read item by item."""
    if not isinstance(value, list):
        refuse("an array is wanted here, [ ... ]")
    return list(_gather(((i, partial(read, item, context)) for i, item in enumerate(value)), "array").values())


def numbers(read: Reader, unit: str | None = None) -> Reader:
    """Numbers: an array of texts with units, or ``{ unit = "mM", values = [1, 2, 3] }``."""

    def all_of(value: Any, context: Context) -> list[float]:
        if not isinstance(value, dict):
            return sequence(value, context, read)
        given = table(value, _UNIT_AND_VALUES, "an array with a unit", context)
        return sequence([f"{x!r} {given['unit']}" for x in given["values"]], context, read)

    return all_of


def plain_number(value: Any, context: Context) -> float:
    """A bare number."""
    if type(value) not in (int, float):
        refuse("a bare number is wanted here: the unit stands in `unit`")
    return float(attempt(lambda: _float(value)))


def plain_numbers(value: Any, context: Context) -> list[float]:
    """Bare numbers."""
    return sequence(value, context, plain_number)


_UNIT_AND_VALUES: Entries = (("unit", (True, text)), ("values", (True, plain_numbers)))


def _gather(items: Iterable[tuple[str | int, Callable[[], Any]]], title: str) -> dict[Any, Any]:
    """Read everything before complaining, so that all errors are told at once."""
    found: dict[Any, Any] = {}
    wrong: list[InitErrorDetails] = []
    for key, make in items:
        try:
            found[key] = make()
        except ValidationError as error:
            wrong += _within(error, (key,))
        except PydanticCustomError as error:
            wrong.append(InitErrorDetails(type=error, loc=(key,), input=None))
        if len(wrong) >= 20:
            break
    if wrong:
        raise ValidationError.from_exception_data(title, wrong)
    return found


def _within(error: ValidationError, base: tuple[str | int, ...] = ()) -> list[InitErrorDetails]:
    return [
        InitErrorDetails(
            type=PydanticCustomError("key" if e["type"] == "key" else "scenario", "{message}", {"message": e["msg"]}),
            loc=(*base, *e["loc"]),
            input=None,
        )
        for e in error.errors(include_url=False, include_input=False)
    ]


# ---- tables


def table(value: Any, entries: Entries, what: str, context: Context) -> dict[str, Any]:
    """A table with known keys. What is not in the file is not in the answer."""
    if not isinstance(value, dict):
        refuse("a table is wanted here")
    try:
        made = _model(what, entries).model_validate(value, context=context)
    except ValidationError as error:
        told = [_told(e, [key for key, _ in entries], what) for e in error.errors(include_url=False, include_input=False)]
        raise ValidationError.from_exception_data(what, told) from None
    return {key: getattr(made, f"f{i}") for i, (key, _) in enumerate(entries) if f"f{i}" in made.model_fields_set}


def _told(error: Any, entries: Iterable[str], what: str) -> InitErrorDetails:
    loc, message, kind = error["loc"], error["msg"], "scenario"
    if error["type"] == "extra_forbidden":
        kind, message = "key", nearest(f"{what} has no key", str(loc[-1]), entries)
    elif error["type"] == "missing":
        message = f"{what} needs {loc[-1]!r}"
    elif error["type"] == "key":
        kind = "key"
    return InitErrorDetails(type=PydanticCustomError(kind, "{message}", {"message": message}), loc=loc, input=None)


@lru_cache(maxsize=256)
def _model(name: str, entries: Entries) -> type[BaseModel]:
    def validator(read: Reader) -> BeforeValidator:
        return BeforeValidator(lambda value, info: read(value, info.context))

    fields: dict[str, Any] = {}
    for i, (key, (required, read)) in enumerate(entries):
        # fields are numbered: any key may be asked for, also one that pydantic uses itself
        fields[f"f{i}"] = (Annotated[Any, validator(read)], Field(alias=key) if required else Field(default=None, alias=key))
    return create_model(name, __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=True), **fields)


# ---- descriptions


#: what cannot be seen from a field alone: (class, field) -> reader; filled by `cells` and `parts`
SPECIAL: dict[tuple[str, str], Reader] = {}


def describe(value: Any, cls: type[Described], context: Context, what: str = "") -> Any:
    """A description from its table."""
    if not isinstance(value, dict):
        refuse("a table is wanted here")
    made = table(value, entries_of(cls), what or cls.__name__, context)
    return attempt(lambda: cls(**made))


def entries_of(cls: type[Described]) -> Entries:
    """What the table of a class may hold."""
    if cls not in _ENTRIES:
        _ENTRIES[cls] = _entries(cls)
    return _ENTRIES[cls]


_ENTRIES: dict[type[Described], Entries] = {}


def _entries(cls: type[Described]) -> Entries:
    found = []
    for f in dataclasses.fields(cls):
        read = reader(cls, f)
        if read is not None:
            required = f.default is REQUIRED and f.default_factory is dataclasses.MISSING
            found.append((f.name, (required, read)))
    return tuple(found)


def reader(cls: type[Described], f: Any) -> Reader | None:
    """How a field is read; None for one that no file can set."""
    for base in cls.__mro__:
        if (base.__name__, f.name) in SPECIAL:
            return SPECIAL[base.__name__, f.name]
    if "unit" in f.metadata:
        m = f.metadata
        return number(f"{cls.__name__}.{f.name}", m["unit"], m["lo"], m["hi"], m["hint"])
    kind = (f.type if isinstance(f.type, str) else getattr(f.type, "__name__", "")).removesuffix(" | None")
    simple: dict[str, Reader] = {
        "str": text, "bool": flag, "int": whole, "IonSpecies": ion, "float": number(f"{cls.__name__}.{f.name}", "1"),
        "Mapping[str, str]": lambda v, c: mapping(v, c, lambda key: text),
        "Mapping[str, float]": lambda v, c: mapping(v, c, lambda key: number(f"{cls.__name__}.{f.name}.{key}", "1")),
        "Sequence[str]": lambda v, c: sequence(v, c, text),
    }  # fmt: skip
    return simple.get(kind)


def one_of_kind(kind: type[Described], what: str) -> Reader:
    """A table that says in `type` which class of that kind it describes."""

    def read(value: Any, context: Context) -> Any:
        if not isinstance(value, dict):
            refuse("a table is wanted here")
        known = {name: cls for name, cls in context.classes.items() if issubclass(cls, kind) and cls is not kind}
        if "type" not in value:
            refuse(f"{what} needs 'type', one of {', '.join(known)}")
        name = value["type"]
        if not isinstance(name, str) or name not in known:
            raise ValidationError.from_exception_data(
                what,
                [InitErrorDetails(
                    type=PydanticCustomError("scenario", "{message}", {"message": nearest("there is no " + what, str(name), known)}),
                    loc=("type",), input=None,
                )],
            )  # fmt: skip
        return describe({k: v for k, v in value.items() if k != "type"}, known[name], context)

    return read
