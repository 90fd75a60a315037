"""What a scenario asks for: a run, a rest, many cells; and what happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ionflux.errors import InputError
from ionflux.events import Crossing
from ionflux.fields import Described, described, param
from ionflux.schedules import Schedule

__all__ = ["Courses", "RestSettings", "RunSettings", "SweepSettings"]


class Courses(Mapping[str, tuple[Any, ...]]):
    """An unchangeable mapping from dotted name to schedules, or to values, that is equal and hashes by value."""

    __slots__ = ("_courses",)

    def __init__(self, courses: Mapping[str, Any] = {}, *, kind: type = Schedule) -> None:
        self._courses: dict[str, tuple[Any, ...]] = {}
        for name, given in dict(courses).items():
            listed = (given,) if isinstance(given, kind) else tuple(given)
            for one in listed:
                if not isinstance(one, kind):
                    raise InputError(f"{name}: {one!r} is no {kind.__name__}")
            self._courses[str(name)] = listed

    def __getitem__(self, name: str) -> tuple[Any, ...]:
        return self._courses[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._courses)

    def __len__(self) -> int:
        return len(self._courses)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self._courses == dict(other.items())

    def __hash__(self) -> int:
        return hash(tuple(self._courses.items()))

    def __repr__(self) -> str:
        return repr(self._courses)


@described
class RunSettings(Described):
    """What `Cell.simulate` is asked for.

    Parameters
    ----------
    until : float
        s.
    at : sequence of float, optional
        s. The times to keep; or `samples`, that many evenly spaced ones. Default: every accepted step.
    rtol : float
        Relative tolerance.
    method, audit : str
        As in `Cell.simulate`.
    events, stop : sequence of Crossing
        As in `Cell.simulate`.
    save : str, optional
        Name of the result file, in the folder of the scenario or below.
    """

    until: float = param("s", lo=0.0, hi=1e15, doc="end of the run")
    at: Sequence[float] | None = None
    samples: int | None = None
    rtol: float = param("1", 1e-6, lo=1e-13, hi=0.1, doc="relative tolerance")
    method: str = "auto"
    audit: str = "light"
    events: Sequence[Crossing] = ()
    stop: Sequence[Crossing] = ()
    save: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.until <= 0.0:
            raise InputError("until must be later than 0 s")
        if self.at is not None and self.samples is not None:
            raise InputError("give at (times) or samples (how many), not both")
        object.__setattr__(self, "at", None if self.at is None else tuple(float(t) for t in self.at))
        for name in ("events", "stop"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def options(self) -> dict[str, Any]:
        """The keyword arguments of `Cell.simulate`."""
        return {
            "at": self.at, "samples": self.samples, "rtol": self.rtol, "method": self.method, "audit": self.audit,
            "events": self.events, "stop": self.stop,
        }  # fmt: skip


@described
class RestSettings(Described):
    """What `Cell.steady_state` is asked for.

    Parameters
    ----------
    electroneutral : bool
        In the limit C_m → 0.
    hold : sequence of str
        Concentrations, or ``"volume"``, that something else keeps.
    tol : float
        Relative size of the last Newton step.
    save : str, optional
        Name of the result file.
    """

    electroneutral: bool = False
    hold: Sequence[str] = ()
    tol: float = param("1", 1e-12, lo=1e-15, hi=0.1, doc="relative size of the last Newton step")
    save: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "hold", tuple(self.hold))


@described
class SweepSettings(Described):
    """What `sweep` is asked for.

    Parameters
    ----------
    until : float
        s.
    vary : mapping from dotted name to sequence of float
        Values in SI; one cell for each, or with `grid` for each combination.
    grid : bool
        Every combination of the values, the last name fastest.
    at : sequence of float, optional
        s. The times to keep beside the end.
    rtol : float
        Relative tolerance.
    save : str, optional
        Name of the result file.
    """

    until: float = param("s", lo=0.0, hi=1e15, doc="end of every run")
    vary: Mapping[str, Sequence[float]]
    grid: bool = False
    at: Sequence[float] | None = None
    rtol: float = param("1", 1e-6, lo=1e-13, hi=0.1, doc="relative tolerance")
    save: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.until <= 0.0:
            raise InputError("until must be later than 0 s")
        rows = Courses({name: [float(x) for x in values] for name, values in self.vary.items()}, kind=float)
        object.__setattr__(self, "vary", rows)
        object.__setattr__(self, "at", None if self.at is None else tuple(float(t) for t in self.at))
        lengths = {name: len(values) for name, values in rows.items()}
        if not lengths or not all(lengths.values()):
            raise InputError("vary needs at least one dotted name with its values")
        if not self.grid and len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {n}" for name, n in lengths.items())
            raise InputError(f"vary has different numbers of values ({told}); give as many of each, or grid = true for every combination")
        if self.cells > 10_000_000:
            raise InputError(f"vary asks for {self.cells:g} cells; ten million are the limit of a file")

    @property
    def cells(self) -> int:
        """How many cells that is."""
        n = 1
        for values in self.vary.values():
            n = n * len(values) if self.grid else len(values)
        return n

    def rows(self) -> dict[str, Any]:
        """The argument `vary` of `sweep`: {dotted name: array (cells,)}."""
        import numpy as np

        columns = [np.array(values) for values in self.vary.values()]
        if self.grid:
            columns = [column.ravel() for column in np.meshgrid(*columns, indexing="ij")]
        return dict(zip(self.vary, columns, strict=True))
