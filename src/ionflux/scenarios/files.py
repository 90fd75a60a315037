"""Scenario files: from text to a `Scenario`, or to an error that names the line, shows it, and says what to write."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ionflux._atomic import atomic
from ionflux._extras import need
from ionflux.errors import InputError, ModelError, ScenarioError, StorageError
from .positions import LARGEST, Excess, Place, Places
from .writing import to_toml

if TYPE_CHECKING:
    from .scenario import Scenario

#: how many errors are told at once
MOST = 10


class Problem(NamedTuple):
    """One error of a file."""

    place: Place | None
    message: str


class Source:
    """A text with its name, its places and its data."""

    def __init__(self, text: str, name: str) -> None:
        self.name, self.lines = name, text.split("\n")
        if len(text.encode("utf-8", "replace")) > LARGEST:
            raise ScenarioError(f"{name}: larger than {LARGEST // 1024} KiB, which is the limit of a scenario")
        try:
            self.places = Places(text)
            self.data: dict[str, Any] = tomllib.loads(text)
        except Excess as excess:
            self.fail([Problem(excess.place, f"{excess.what}, which is the limit of a scenario")])
        except tomllib.TOMLDecodeError as error:
            self.fail([self._syntax(str(error))])
        except (ValueError, RecursionError) as error:  # a number of thousands of digits
            self.fail([Problem(None, f"not TOML: {error}")])

    def _syntax(self, message: str) -> Problem:
        found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", message, re.DOTALL)
        if found is None:
            return Problem(None, f"not TOML: {message}")
        last = len(self.lines)
        line, column = (int(found[2]), int(found[3])) if found[2] else (last, len(self.lines[-1]) + 1)
        return Problem(Place(min(line, last), column, 1), f"not TOML: {found[1][:200]}")

    def fail(self, problems: list[Problem]) -> NoReturn:
        """Raise the error that tells these, in the order of the file."""
        ordered = sorted(problems, key=lambda p: p.place or Place(0, 0, 0))
        shown = [self._shown(p) for p in ordered[:MOST]]
        if len(ordered) > MOST:
            shown.append(f"and {len(ordered) - MOST} more")
        raise ScenarioError("\n".join(shown), problems=tuple(tuple(p) for p in ordered))

    def _shown(self, problem: Problem) -> str:
        place = problem.place
        if place is None:
            return f"{self.name}: {problem.message}"
        line = self.lines[place.line - 1].rstrip("\r") if place.line <= len(self.lines) else ""
        number, column = str(place.line), min(place.column, len(line) + 1)
        length = max(1, min(place.length, len(line) - column + 1))
        if len(line) > 160:  # a window around the place
            first = max(0, column - 60)
            line, column, length = line[first : first + 160], column - first, min(length, 60)
        # what cannot be printed would move the caret
        line = "".join(c if c.isprintable() else " " for c in line)
        gutter = " " * len(number)
        return (
            f"{self.name}:{place.line}:{place.column}: {problem.message}\n"
            f" {number} | {line}\n {gutter} | {' ' * (column - 1)}{'^' * length}"
        )  # fmt: skip

    def attempt(self, make: Callable[[], Any], base: tuple[str | int, ...] = ()) -> Any:
        """Make something from a part of the data; what is wrong with it is told at its place."""
        from pydantic import ValidationError
        from pydantic_core import PydanticCustomError

        try:
            return make()
        except ValidationError as error:
            self.fail(
                [
                    self._problem((*base, *e["loc"]), e["msg"], key=e["type"] == "key")
                    for e in error.errors(include_url=False, include_input=False)
                ]
            )
        except PydanticCustomError as error:
            self.fail([self._problem(base, error.message())])
        except (InputError, ModelError) as error:
            self.fail([self._problem(base, str(error))])

    def _problem(self, path: tuple[str | int, ...], message: str, *, key: bool = False) -> Problem:
        return Problem(self.places.nearest(path, key=key), message)


def read(path: Path, overrides: Mapping[str, str]) -> Scenario:
    """Read a scenario file; see `Scenario.read`."""
    try:
        if path.stat().st_size > LARGEST:
            raise ScenarioError(f"{path}: larger than {LARGEST // 1024} KiB, which is the limit of a scenario")
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ScenarioError(f"{path}:{line}: not text in UTF-8") from error
    return parse(text, overrides, name=str(path))


def parse(text: str, overrides: Mapping[str, str], *, name: str) -> Scenario:
    """Make a scenario of the text of a file."""
    _need()
    from .parts import scenario

    return scenario(Source(text.removeprefix("\ufeff"), name), overrides)


def from_toml(text: str) -> Any:
    """Make the description that a text describes; see `from_toml`."""
    _need()
    from .parts import scenario, thing

    source = Source(text, "text")
    return thing(source) if "type" in source.data else scenario(source, {})


def write(scenario: Scenario, path: Path, *, overwrite: bool) -> Path:
    """Write a scenario file, whole or not at all; see `Scenario.write`."""
    if path.exists() and not overwrite:
        raise StorageError(f"{path} exists; choose another name or overwrite=True")
    text = to_toml(scenario)
    with atomic(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
    return path


def inside(folder: Path, name: str) -> Path:
    """Where a file that a scenario names is: in the folder of the scenario, or below it.

    Raises
    ------
    ScenarioError
        The name leads out of the folder.
    """
    home = folder.resolve()
    path = Path(name)
    if (
        path.is_absolute()
        or not name
        or "\0" in name
        or not (home / path).resolve().is_relative_to(home)
        or (home / path).resolve() == home
    ):
        raise ScenarioError(f"{name!r} leads out of the folder of the scenario, {folder}; a scenario writes there or below only")
    return home / path


def _need() -> None:
    for module in ("pydantic", "pint"):
        need(module, to="read scenario files")


__all__ = ["Problem", "Source", "from_toml", "inside", "parse", "read", "write"]
