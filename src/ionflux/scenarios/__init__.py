"""Scenarios: what is to be computed, as objects and as TOML files.

`scenario` and `settings` describe, `writing` makes text of descriptions, and `files`, `positions`, `units`, `schema`, `cells` and
`parts` read it.
"""

from __future__ import annotations

from .scenario import Scenario, from_toml, to_toml
from .settings import Courses, RestSettings, RunSettings, SweepSettings

__all__ = ["Courses", "RestSettings", "RunSettings", "Scenario", "SweepSettings", "from_toml", "to_toml"]
