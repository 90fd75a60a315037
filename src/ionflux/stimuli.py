"""What was scheduled in a run, as figures show it: grey while a parameter is away from its value, the darker the farther."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ._draw import Axes, headline, shade
from ._text import time_unit
from .schedules import pieces

if TYPE_CHECKING:
    from .results import Trajectory


class Departure(NamedTuple):
    """When a scheduled parameter was away from its own value."""

    name: str
    times: list[float]  # s; repeated at jumps
    depth: list[float]  # distance over the largest distance
    farthest: str  # the value farthest away, with its unit

    @property
    def start(self) -> float:
        """When it first leaves its value."""
        return next((t for t, after in zip(self.times, self.depth[1:], strict=False) if after > 0.0), self.times[0])


def departures(run: Trajectory) -> list[Departure]:
    """Every scheduled parameter that leaves its value."""
    found = []
    parameters = run.cell.parameters() if run.schedule else {}
    for name, schedule in run.schedule.items():
        base, unit = parameters[name].value, parameters[name].unit
        parts = pieces(schedule, base, run.until)
        values = [y for part in parts for y in (part.y0, part.y1)]
        farthest = max(values, key=lambda y: abs(y - base))
        if largest := abs(farthest - base):
            times = [t for part in parts for t in (part.t0, part.t1)]
            shown = f"{farthest:.4g}" if unit == "1" else f"{farthest:.4g} {unit}"
            found.append(Departure(name, times, [abs(y - base) / largest for y in values], shown))
    return found


def shade_stimuli(run: Trajectory, ax: Axes) -> None:
    """Grey behind the lines while something is away from its value."""
    second = second_of(run)
    for away in departures(run):
        shade(ax, [t / second for t in away.times], away.depth)


def name_stimuli(run: Trajectory, ax: Axes) -> None:
    """What was scheduled, above the axes, where it begins."""
    starts: dict[float, list[str]] = {}
    for away in departures(run):
        starts.setdefault(away.start / second_of(run), []).append(f"{away.name} → {away.farthest}")
    for at, texts in starts.items():
        headline(ax, ", ".join(texts), at)


def second_of(run: Trajectory) -> float:
    """What the time axis divides seconds by."""
    return time_unit(float(run.t[-1] - run.t[0]))[0] if len(run.t) else 1.0
