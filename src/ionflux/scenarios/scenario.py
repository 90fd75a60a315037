"""A scenario: a cell, what happens to it, and what is to be computed; in Python or in a TOML file, one as good as the other.

::

    [cell]
    preset = "dusterwald2018"

    [set]
    NaKATPase.J_max = "1.2e-4 mol m^-2 s^-1"

    [schedule]
    NaKATPase.scale = { type = "pulse", start = "10 min", stop = "70 min", to = 0 }

    [run]
    until = "3 h"

`Scenario.read` and `Scenario.write` go between the two, `to_toml` and `from_toml` do it for every description. Nothing in a file is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ionflux.cells import Cell
from ionflux.errors import InputError
from ionflux.fields import Described, described
from .settings import Courses, RestSettings, RunSettings, SweepSettings

if TYPE_CHECKING:
    from ionflux.rests import SteadyState
    from ionflux.results import Trajectory
    from ionflux.sweeps import Sweep

__all__ = ["RestSettings", "RunSettings", "Scenario", "SweepSettings", "from_toml", "to_toml"]


#: what can be computed, in order
PARTS = ("run", "steady_state", "sweep")


@described
class Scenario(Described):
    """A cell, what happens to it, and what is to be computed.

    Parameters
    ----------
    cell : Cell
        With every override applied.
    schedule : mapping from dotted name to schedule or schedules
        As in `Cell.simulate`.
    run, steady_state, sweep : RunSettings, RestSettings, SweepSettings, optional
        What is to be computed.
    title : str
        A line for people.
    preset : str
        The published model that the cell was made from; no part of ==.
    overrides : mapping from str to str
        What was set by dotted name, as it was written; no part of ==.
    """

    cell: Cell
    schedule: Mapping[str, Any] = Courses()
    run: RunSettings | None = None
    steady_state: RestSettings | None = None
    sweep: SweepSettings | None = None
    title: str = ""
    preset: str = field(default="", repr=False, compare=False)
    overrides: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.cell, Cell):
            raise InputError(f"Scenario.cell = {self.cell!r} is no Cell")
        object.__setattr__(self, "schedule", Courses(self.schedule))
        for name, kind in (("run", RunSettings), ("steady_state", RestSettings), ("sweep", SweepSettings)):
            value = getattr(self, name)
            if not isinstance(value, kind) and value is not None:
                raise InputError(f"Scenario.{name} = {value!r} is no {kind.__name__}")
        object.__setattr__(self, "overrides", dict(self.overrides))

    @classmethod
    def read(cls, path: str | Path, overrides: Mapping[str, str] | None = None) -> Scenario:
        """Read a scenario file.

        Parameters
        ----------
        path : str or Path
            TOML, at most 256 KiB.
        overrides : mapping from dotted name to text with a unit, optional
            Applied after those of the file: ``{"NaKATPase.scale": "0.5", "volume": "2 pL"}``.

        Raises
        ------
        ScenarioError
            With file, line, column and what to write instead; all errors of a part at once.
        StorageError
            The file cannot be read.
        MissingExtra
            Without pydantic and pint (the extra `app`).
        """
        from .files import read

        return read(Path(path), overrides or {})

    @classmethod
    def parse(cls, text: str, overrides: Mapping[str, str] | None = None, *, name: str = "scenario") -> Scenario:
        """Read the text of a scenario file; `name` stands for the file in messages."""
        from .files import parse

        return parse(text, overrides or {}, name=name)

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a file that `read` makes the same scenario of, to the last bit of every number."""
        from .files import write

        return write(self, Path(path), overwrite=overwrite)

    def simulate(self, *, progress: Any = None) -> Trajectory:
        """Integrate the cell in time, as [run] has it."""
        asked = self._asked("run")
        return self.cell.simulate(asked.until, schedule=dict(self.schedule), progress=progress, **asked.options())

    def rest(self) -> SteadyState:
        """Find the steady state, as [steady_state] has it (or by default)."""
        asked = self.steady_state or RestSettings()
        return self.cell.steady_state(electroneutral=asked.electroneutral, hold=asked.hold, tol=asked.tol)

    def vary(self, *, threads: int | None = None, progress: Any = None) -> Sweep:
        """Integrate many cells, as [sweep] has it."""
        from ionflux.sweeps import sweep

        asked = self._asked("sweep")
        options = {"at": asked.at, "rtol": asked.rtol, "threads": threads, "progress": progress}
        return sweep(self.cell, asked.rows(), until=asked.until, schedule=dict(self.schedule) or None, **options)

    def compute(self, part: str | None = None, *, progress: Any = None) -> Any:
        """Compute one of the parts ``"run"``, ``"steady_state"`` and ``"sweep"``; by default the first of them that there is."""
        if part is None:
            part = next((name for name in PARTS if getattr(self, name) is not None), None)
        if part == "run":
            return self.simulate(progress=progress)
        if part == "steady_state":
            return self.rest()
        if part == "sweep":
            return self.vary(progress=progress)
        raise InputError("this scenario asks for nothing: it has no [run], no [steady_state] and no [sweep]")

    def _asked(self, part: str) -> Any:
        asked = getattr(self, part)
        if asked is None:
            raise InputError(f"this scenario has no [{part}]")
        return asked


def to_toml(thing: Described) -> str:
    """Return a description as TOML: a `Scenario`, or anything else that describes (`Cell`, `Bath`, a mechanism, a schedule).

    Every number is written so that it comes back to the last bit.
    """
    from .writing import to_toml

    return to_toml(thing)


def from_toml(text: str) -> Any:
    """Return what `to_toml` wrote: the description that the key `type` names, or a `Scenario` where there is none.

    Raises
    ------
    ScenarioError
        With line, column and what to write instead.
    """
    from .files import from_toml

    return from_toml(text)
