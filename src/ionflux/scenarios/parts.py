"""The sections of a scenario file, each read once what it refers to is known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ionflux.cells import Cell
from ionflux.errors import ScenarioError
from .cells import bath, cell, changes, context, crossing, crossings, flat, schedule, times
from .files import Source
from .scenario import Scenario
from .schema import SPECIAL, Context, Entries, describe, mapping, nearest, numbers, refuse, scheduled, sequence, table, text
from .settings import Courses, RestSettings, RunSettings, SweepSettings
from .units import quantity

#: how many values the ranges of a file may stand for
MOST_VALUES = 100_000


def _any(value: Any, context: Context) -> Any:
    return value


def _tables(value: Any, context: Context) -> dict[str, Any]:
    return value if isinstance(value, dict) else refuse("a table is wanted here")


SECTIONS: Entries = (
    ("title", (False, text)), ("ions", (False, _tables)), ("cell", (True, _tables)), ("set", (False, _tables)),
    ("schedule", (False, _tables)), ("run", (False, _tables)), ("steady_state", (False, _tables)), ("sweep", (False, _tables)),
)  # fmt: skip


def _values(value: Any, context: Context) -> list[float]:
    """Values of one parameter: an array, with ``unit`` and ``values``, or from ``start`` to ``stop`` in ``n`` steps."""
    if not isinstance(value, dict) or "values" in value:
        return list(numbers(scheduled)(value, context))
    made = table(value, _RANGE, "a range of values", context)
    n, start, stop = int(made["n"]), made["start"], made["stop"]
    spacing = made.get("spacing", "linear")
    if spacing not in ("linear", "log"):
        refuse(f"spacing = {spacing!r}; it is 'linear' or 'log'")
    if n < 2:
        refuse("a range has at least two values")
    if spacing == "log":
        if start * stop <= 0:
            refuse("a range with spacing = 'log' does not reach or pass 0")
        ratio = stop / start
        return [start, *(start * ratio ** (i / (n - 1)) for i in range(1, n - 1)), stop]
    return [start, *(start + (stop - start) * (i / (n - 1)) for i in range(1, n - 1)), stop]


def _whole(value: Any, context: Context) -> int:
    return value if type(value) is int else refuse("a whole number is wanted here")


_RANGE: Entries = (("start", (True, scheduled)), ("stop", (True, scheduled)), ("n", (True, _whole)), ("spacing", (False, text)))

SPECIAL.update(
    {
        ("RunSettings", "at"): times,
        ("RunSettings", "events"): crossings,
        ("RunSettings", "stop"): crossings,
        ("SweepSettings", "at"): times,
        ("SweepSettings", "vary"): _any,
        ("Scenario", "cell"): _any,
    }
)


def scenario(source: Source, overrides: Mapping[str, str]) -> Scenario:
    """A scenario from its file, with other values by dotted name from outside."""
    if "cell" not in source.data and not set(source.data) & {name for name, _ in SECTIONS}:
        known = ", ".join(f"[{name}]" for name, _ in SECTIONS if name != "title")
        raise ScenarioError(f"{source.name}: no scenario: it has none of {known}")
    parts = source.attempt(lambda: table(source.data, SECTIONS, "a scenario", context()))
    known = source.attempt(lambda: context(parts.get("ions", {})), ("ions",))
    made: Cell = source.attempt(lambda: cell(parts["cell"], known), ("cell",))
    preset = parts["cell"].get("preset", "")
    set_here = parts.get("set", {})
    new = source.attempt(lambda: changes(made, preset, set_here, known), ("set",))
    if new:
        made = source.attempt(lambda: made.replace(new), ("set",))
    made = override(made, overrides, preset)
    courses = source.attempt(lambda: _courses(parts.get("schedule", {}), made, known), ("schedule",))
    asked: dict[str, Any] = {}
    for name, kind in (("run", RunSettings), ("steady_state", RestSettings)):
        if name in parts:
            asked[name] = source.attempt(partial(describe, parts[name], kind, known, f"[{name}]"), (name,))
    if "sweep" in parts:
        asked["sweep"] = source.attempt(lambda: _sweep(parts["sweep"], made, known), ("sweep",))
    told = {name: str(item) for name, _, item in flat(set_here)} | dict(overrides)
    result: Scenario = source.attempt(
        lambda: Scenario(cell=made, schedule=courses, title=parts.get("title", ""), preset=preset, overrides=told, **asked)
    )
    return result


def override(cell: Cell, overrides: Mapping[str, str], preset: str = "") -> Cell:
    """The cell with other values by dotted name, as text with units: what ``--set`` does.

    Raises
    ------
    ScenarioError
        Naming the override.
    """
    if not overrides:
        return cell
    found: dict[str, float] = {}
    for name, value in overrides.items():
        one = _Outside(name, value)
        found |= one.attempt(partial(changes, cell, preset, {name: _bare(value)}, context()))
    return _Outside(*next(iter(overrides.items()))).attempt(lambda: cell.replace(found)) if found else cell


def _bare(text: str) -> Any:
    """Text from a command line: a pure number stands for itself."""
    try:
        return quantity(text, "1")
    except ValueError:
        return text


class _Outside(Source):
    """An override, which has no file."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__("", f'--set {name}="{value}"')


def _courses(value: Mapping[str, Any], made: Cell, known: Context) -> Courses:
    parameters = made.parameters()
    nested = flat(value, lambda v: "type" in v)

    def read(name: str) -> Any:
        if name not in parameters:
            return lambda item, c: refuse(nearest("this cell has no parameter", name, parameters))
        p = parameters[name]
        unit = known._replace(unit=p.unit, lo=p.lo, hi=p.hi)
        return lambda item, c: sequence(item, unit, schedule) if isinstance(item, list) else [schedule(item, unit)]

    return Courses(_by_path(list(nested), read, known))


def _by_path(items: list[tuple[str, tuple[str | int, ...], Any]], read: Any, known: Context) -> dict[str, Any]:
    """Read values by dotted name; errors stand at the path in the file, whichever way the name is written there."""
    tree: dict[Any, Any] = {}
    for name, path, item in items:
        here = tree
        for part in path[:-1]:
            here = here.setdefault(part, {})
        here[path[-1]] = (name, item)

    found: dict[str, Any] = {}

    def walk(value: Any, c: Context) -> Any:
        if isinstance(value, tuple):
            found[value[0]] = read(value[0])(value[1], c)
            return None
        return mapping(value, c, lambda key: walk)

    walk(tree, known)
    return found


def _sweep(value: Any, made: Cell, known: Context) -> SweepSettings:
    parameters = made.parameters()

    def read(name: str) -> Any:
        if name not in parameters:
            return lambda item, c: refuse(nearest("this cell has no parameter", name, parameters))
        p = parameters[name]
        return lambda item, c: _values(item, c._replace(unit=p.unit, lo=p.lo, hi=p.hi))

    def vary(item: Any, c: Context) -> Any:
        if not isinstance(item, dict):
            refuse("a table is wanted here: dotted names with their values")
        named = list(flat(item, lambda v: "values" in v or "start" in v))
        asked = sum(n for _, _, v in named if isinstance(v, dict) and type(n := v.get("n")) is int and n > 0)
        if asked > MOST_VALUES:
            refuse(f"these ranges have {asked:g} values; {MOST_VALUES:g} are the limit of a file")
        return _by_path(named, read, c)

    given = dict(value)
    if isinstance(given.get("vary"), dict):
        rows = mapping({"vary": given["vary"]}, known, lambda key: vary)
        made_settings: SweepSettings = describe(given | rows, SweepSettings, known, "[sweep]")
        return made_settings
    found: SweepSettings = describe(given, SweepSettings, known, "[sweep]")
    return found


def thing(source: Source) -> Any:
    """The description that a text with a key `type` describes."""
    known = source.attempt(lambda: context(source.data.get("ions", {})), ("ions",))
    data = {key: value for key, value in source.data.items() if key not in ("type", "ions")}

    def make() -> Any:
        name = source.data["type"]
        if not isinstance(name, str) or name not in known.classes:
            refuse(nearest("there is no", str(name), known.classes))
        readers = {"Bath": bath, "Cell": cell, "Crossing": crossing}
        if name in readers:
            return readers[name](data, known)
        return describe(data, known.classes[name], known)

    return source.attempt(make)


__all__ = ["override", "scenario", "thing"]
