"""How contestants are timed and tabulated; knows nothing of ionflux, of its peers or of any workload."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Contestant:
    """One way of doing a workload, and its timings, one list per round.

    `measure` returns the seconds of each repeat and the error of the answer; `scale` turns the time of a part into that of the whole.
    """

    workload: str
    name: str
    threads: int
    measure: Callable[[], tuple[list[float], float]]
    gate: float = float("inf")
    scale: float = 1.0
    rounds: list[list[float]] = field(default_factory=list)
    error: float = float("nan")

    def once_more(self) -> None:
        """Take part in one more round."""
        seconds, self.error = self.measure()
        self.rounds.append([self.scale * s for s in seconds])

    @property
    def seconds(self) -> list[float]:
        """All repeats of all rounds."""
        return [s for a_round in self.rounds for s in a_round]

    @property
    def median(self) -> float:
        """Median over all repeats of all rounds, s."""
        return statistics.median(self.seconds)

    def times(self, rival: Contestant) -> float:
        """Return how many times the rival's time this one takes: the median over rounds of the ratio within a round; drifts cancel."""
        pairs = zip(self.rounds, rival.rounds, strict=True)
        return statistics.median(statistics.median(own) / statistics.median(other) for own, other in pairs)


def stopwatch(
    call: Callable[[], np.ndarray], error: Callable[[np.ndarray], float], repeats: int
) -> Callable[[], tuple[list[float], float]]:
    """Return a `measure` that times `call`, Python overhead and output arrays included, but not the first calls.

    A short call also gets an untimed one at the start of every later round, because others have had the caches since.
    """
    first = float("nan")

    def measure() -> tuple[list[float], float]:
        nonlocal first
        seconds = []
        if not first > 0.1:
            start = time.perf_counter()
            call()
            first = time.perf_counter() - start
        for _ in range(repeats):
            start = time.perf_counter()
            answer = call()
            seconds.append(time.perf_counter() - start)
        return seconds, error(answer)

    return measure


def compete(contestants: Sequence[Contestant], rounds: int, say: Callable[[str], None]) -> None:
    """Let all take turns, every round beginning with another one: what disturbs the machine for a while disturbs them all."""
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        first = number % len(contestants)
        for one in [*contestants[first:], *contestants[:first]]:
            one.once_more()


def readable(seconds: float) -> str:
    """Return a time with three digits and a fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"


def table(contestants: Iterable[Contestant], rivals: Sequence[str]) -> str:
    """Return a Markdown table: median, range, error, and the ratio to each rival of the same workload at the same number of threads."""
    rows = list(contestants)
    lines = ["| workload | who | threads | median | min - max | n | error | " + " | ".join(f"x {r}" for r in rivals) + " |"]
    lines.append("|---|---|---|---|---|---|---|" + "---|" * len(rivals))
    for one in rows:
        ratios = []
        for name in rivals:
            rival = [r for r in rows if (r.workload, r.name, r.threads) == (one.workload, name, one.threads)]
            ratios.append(f"{one.times(rival[0]):.3g}" if rival else "")
        extent = f"{readable(min(one.seconds))} - {readable(max(one.seconds))}"
        error = f"{one.error:.1e}" + ("" if one.error <= one.gate else " (misses the gate)")
        name = one.name + (f" (part x {one.scale:g})" if one.scale != 1.0 else "")
        cells = [one.workload, name, str(one.threads), readable(one.median), extent, str(len(one.seconds)), error, *ratios]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def as_json(contestants: Iterable[Contestant]) -> str:
    """Return one JSON object per line and contestant, all timings included."""
    keys = ("workload", "name", "threads", "error", "gate", "scale", "rounds")
    return "".join(json.dumps({key: getattr(one, key) for key in keys} | {"median": one.median}) + "\n" for one in contestants)
