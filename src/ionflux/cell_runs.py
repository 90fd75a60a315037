"""One cell through the kernel: its arrays, the events on its way, a change of method, and the trajectory that comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._dispatch import kernels
from .errors import Status
from .events import Crossing, Event, Finder, interpolate, shortened
from .kernel_arrays import kernel_arrays
from .methods import LOOK, turned
from .results import Stats, Trajectory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell
    from .protocols import Protocol

__all__ = ["CellRun", "Watched"]


class Watched:
    """Looks for events in the steps of a run as they come, and knows when to stop it."""

    def __init__(self, protocol: Protocol, events: Sequence[Crossing], stop: Sequence[Crossing]) -> None:
        self.stop = frozenset(stop)
        self._finder = Finder(protocol, list(dict.fromkeys([*events, *stop])))
        self._seen = 0
        self.found: list[Event] = []
        self.stopped: float | None = None

    def look(self, chunks: Sequence[NDArray[np.float64]]) -> bool:
        """Scan what was recorded since the last call; True once the run is to stop."""
        start = 0
        for chunk in chunks:
            new = chunk[max(self._seen - start, 0) :]
            start += len(chunk)
            if self.stopped is None and len(new):
                fresh = self._finder.scan(new)
                self.found += fresh
                self._seen = start
                ends = [event.t for event in fresh if event.crossing in self.stop] if self.stop else []
                if ends:
                    self.stopped = min(ends)
                    self.found = [event for event in self.found if event.t <= self.stopped]
        return self.stopped is not None


class CellRun:
    """One cell through the kernel: arrays, the run, the trajectory."""

    def __init__(
        self,
        protocol: Protocol,
        rtol: float,
        times: NDArray[np.float64] | None,
        fixed_step: float = 0.0,
        watched: Watched | None = None,
        explicit: bool = False,
        turning: bool = False,
    ) -> None:
        # events need every step, and then the samples are read from those
        self.protocol, self.asked, self.watched = protocol, times, watched
        # the method may change on the way: looked at after so many steps, and so the same wherever it is run
        self._rtol, self._turning, self._polls, self._last = rtol, turning, 0, (0.0, 0)
        self._before: list[NDArray[np.float64]] = []
        self._better = False
        self._methods = ["Tsitouras 5(4)" if explicit else "Rodas5P"]
        self._implicit = 0  # steps tried with the implicit method, up to the last look
        self.times = times = None if watched is not None else times
        self.seconds = 0.0
        self.start = protocol.start[0]
        self.kind = (rtol, explicit) if times is not None and fixed_step == 0.0 and not turning else None
        idle = protocol.idle.get(self.kind)
        if idle and times is not None:
            out = np.empty((1, len(times), len(self.start)))
            self.run = idle.pop()
            self.run.again(self.start, times, out)
            self.arrays: dict[str, Any] = self.run.arrays
            self.arrays["sample_time"], self.arrays["out"] = times, out
            return
        self.arrays = kernel_arrays(protocol, protocol.start.copy(), times, steps=512 if times is None else 0)
        self.run = kernels.Run(protocol.lowered.plan, self.arrays, rtol, fixed_step, explicit)

    def release(self) -> None:
        """Leave the run to the next one of its kind; its results must have been taken."""
        if self.kind is not None:
            self.run.rest()
            self.protocol.idle.setdefault(self.kind, []).append(self.run)

    def go(self, watch: Callable[[float], None]) -> None:
        began = time.perf_counter()
        try:
            while True:
                self._look = False
                self.run.work(False, lambda: self._poll(watch))
                if not self._look or self.arrays["status"][0] != Status.CANCELLED:
                    break
                self._turn()
        finally:
            self.seconds = time.perf_counter() - began

    def _turn(self) -> None:
        """Go on from where the run was halted, with the other method if it is the better one now."""
        a = self.arrays
        t, taken = float(a["t"][0]), int(a["steps"][0])
        step = (t - self._last[0]) / max(taken - self._last[1], 1)
        explicit = bool(self.run.explicit)
        self._implicit += 0 if explicit else taken - self._last[1]
        before, self._better = self._better, turned(self.protocol, explicit, a["y"][0], t, step)
        if before and self._better:
            explicit, self._better = not explicit, False
            a["h"][0, 1:] = 0.0  # what the other method's control remembers
            self._methods.append("Tsitouras 5(4)" if explicit else "Rodas5P")
        self._last = (t, taken)
        self._before = self._chunks()
        a["status"][0] = kernels.PENDING
        a["record"] = np.empty((16384 if len(a["record"]) else 0, a["record"].shape[1]))
        self.run = kernels.Run(self.protocol.lowered.plan, a, self._rtol, 0.0, explicit)

    def _poll(self, watch: Callable[[float], None]) -> None:
        watch(self.reached)
        if self.watched is not None and self.watched.look(self._chunks()):
            self.run.cancel()
        elif self._turning:
            self._polls += 1
            if self._polls % LOOK == 0:
                self._look = True
                self.run.cancel()

    def _chunks(self) -> list[NDArray[np.float64]]:
        return [*self._before, *self.run.full_records, self.arrays["record"][: self.run.recorded]]

    @property
    def reached(self) -> float:
        if self.times is None and (chunks := [x for x in self._chunks() if len(x)]):
            return float(chunks[-1][-1, 1])
        return float(self.arrays["t"][0])

    def trajectory(self, cell: Cell, schedule: Mapping[str, Any], tolerances: Mapping[str, float]) -> Trajectory:
        a = self.arrays
        tried, rejected = int(a["steps"][0]), int(a["rejected"][0])
        implicit = self._implicit + (0 if self.run.explicit else tried - self._last[1])
        stats = Stats(tried - rejected, rejected, self.seconds, " and ".join(dict.fromkeys(self._methods)), implicit)
        status = Status(int(a["status"][0]))
        if self.times is None:
            return self._recorded(cell, schedule, tolerances, status, stats)
        done = int(a["sample"][0])
        return Trajectory(cell, self.protocol, schedule, self.times[:done], a["out"][0, :done], status, stats, None, tolerances)

    def _recorded(
        self, cell: Cell, schedule: Mapping[str, Any], tolerances: Mapping[str, float], status: Status, stats: Stats
    ) -> Trajectory:
        chunks = self._chunks()
        events: tuple[Event, ...] = ()
        if self.watched is not None:
            self.watched.look(chunks)
            events = tuple(self.watched.found)
            if (t := self.watched.stopped) is not None:
                steps = np.concatenate(chunks)
                steps = steps[steps[:, 0] < t]
                chunks, status = [np.concatenate([steps[:-1], shortened(steps[-1], t)[None]])], Status.OK
        run = Trajectory(cell, self.protocol, schedule, np.zeros(1), self.start[None], status, stats, chunks, tolerances, events)
        if self.asked is None:
            return run
        times = self.asked[self.asked <= run.t[-1]]
        y = interpolate(np.concatenate(chunks), self.start[None], times)
        return Trajectory(cell, self.protocol, schedule, times, y, status, stats, None, tolerances, events)
