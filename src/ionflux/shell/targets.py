"""What a verb is asked about: a published model by name, a scenario file, or a result file."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ionflux.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from ionflux.cells import Cell
    from ionflux.scenarios import Scenario


class Target(NamedTuple):
    """A model, and the scenario or the result that it comes from."""

    name: str
    cell: Cell
    scenario: Scenario | None = None
    result: Any = None


def target(name: str, overrides: Mapping[str, str]) -> Target:
    """Find what a name means: a published model, ``*.toml``, or ``*.nc``.

    Raises
    ------
    UnknownNameError
        It is neither a published model nor a file.
    InputError
        Overrides for a result, which is what it is.
    """
    from ionflux.preset_library import preset, presets

    if name in presets():
        cell = preset(name)
        if overrides:
            from ionflux.scenarios.parts import override

            cell = override(cell, overrides, name)
        return Target(name, cell)
    path = Path(name)
    if path.suffix == ".toml":
        from ionflux.scenarios import Scenario

        scenario = Scenario.read(path, overrides)
        return Target(name, scenario.cell, scenario)
    if path.suffix == ".nc" or path.is_file():
        from ionflux.files import load

        if overrides:
            raise InputError(f"--set changes a model before it is computed; {name} is a result")
        result = load(path)
        return Target(name, result.lowered.cell if not hasattr(result, "model") else result.model, None, result)
    raise UnknownNameError.among("there is no published model, no scenario (*.toml) and no result (*.nc) called", name, presets())


def text_of(preset: str) -> str:
    """What the file of a model says about it: a line, the equations, the source."""
    return inspect.getdoc(import_module(f"ionflux.preset_library.{preset}")) or preset
