"""Scenarios: what is to be computed, as objects and as TOML files.

`scenario` and `settings` describe, `writing` makes text of descriptions, and `files`, `positions`, `units`, `schema`, `cells` and
`parts` read it. The names are loaded when they are first used: the shell reads units and needs no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .scenario import Scenario as Scenario
    from .scenario import from_toml as from_toml
    from .scenario import to_toml as to_toml
    from .settings import Courses as Courses
    from .settings import RestSettings as RestSettings
    from .settings import RunSettings as RunSettings
    from .settings import SweepSettings as SweepSettings

_HOMES = {"scenario": ("Scenario", "from_toml", "to_toml"), "settings": ("Courses", "RestSettings", "RunSettings", "SweepSettings")}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
