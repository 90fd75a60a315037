"""Say how far a long calculation has come, without getting in its way.

A bar (tqdm) where a person looks on, log lines where nobody does, nothing at all for what is over in two seconds. Whoever
calculates opens a report, tells it how much is done (not how much was added), and closes it::

    watch = report(progress, until, "s", label="simulate")
    try:
        watch(t)
    finally:
        watch.close()

The log lines go to the logger ``ionflux.progress`` at level INFO; Python shows them after ``logging.basicConfig(level="INFO")``
or the like.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from .errors import InputError

Progress = bool | Callable[[float], object] | None

DELAY = 2.0  # s: what is over sooner needs no bar
LOG_INTERVAL = 10.0  # s between log lines, doubling, so that a day-long run leaves a page of them and not a book
LONGEST_INTERVAL = 600.0

_log = logging.getLogger(__name__)


class Report(Protocol):
    """Something to tell how much is done. One thread at a time, some tens of times per second at most."""

    def __call__(self, done: float) -> None:
        """Take note that so much of the total is done."""

    def close(self) -> None:
        """Clear the bar; closing twice does no harm."""


def report(progress: Progress, total: float, unit: str = "", *, label: str = "") -> Report:
    """Open the report that an argument ``progress=`` asks for.

    Parameters
    ----------
    progress : None, bool or callable
        None: a bar at a terminal or in a notebook, log lines elsewhere, both only after 2 s. True: the same from the start.
        False: nothing. A callable gets the fraction done, 0 to 1; where it returns False the computation ends as by
        Ctrl-C, with `Interrupted`.
    total : float
        What `done` reaches at the end, in `unit`.
    unit : str
        For reading only: ``"s"`` of simulated time, ``" cells"``.
    label : str
        What is going on, in a word.

    Raises
    ------
    InputError
        When `progress` is none of the above.
    """
    if progress is False:
        return _Silent()
    if progress is None or progress is True:
        return bar(total, unit, label=label, delay=0.0 if progress else DELAY)
    if not callable(progress):
        raise InputError(f"progress = {progress!r}: give None (automatic), True, False or a function of the fraction done")
    return _Told(progress, total)


def bar(total: float, unit: str = "", *, label: str = "", delay: float = DELAY) -> Report:
    """A bar where it is seen, log lines where it is not (or tqdm is not installed: a bar is worth no error).

    Parameters
    ----------
    total, unit, label : float, str, str
        As for `report`.
    delay : float
        Seconds before the first sign.
    """
    tqdm = _tqdm() if someone_looks() else None
    return _LogLines(total, unit, label, delay) if tqdm is None else _Bar(tqdm, total, unit, label, delay)


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook (IPython is never imported to find out)."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def someone_looks() -> bool:
    """Whether a bar would be seen: stderr is a terminal, or this is a notebook."""
    stream = sys.stderr
    return in_notebook() or (stream is not None and stream.isatty())


def clock(seconds: float) -> str:
    """Seconds as a person reads them: ``42 s``, ``3:07 min``, ``2:05:00 h``."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{secs:02d} h"
    return f"{minutes}:{secs:02d} min" if minutes else f"{secs} s"


class _Silent:
    def __call__(self, done: float) -> None:
        pass

    def close(self) -> None:
        pass


class _Told(_Silent):
    def __init__(self, told: Callable[[float], object], total: float) -> None:
        self._told, self._total = told, total

    def __call__(self, done: float) -> None:
        if self._told(done / self._total if self._total else 1.0) is False:
            raise KeyboardInterrupt("stopped by progress=")


class _Bar:
    """A tqdm bar on stderr, which clears itself: the results that follow tell the same and more."""

    _SHAPE = "{desc}{percentage:3.0f}% |{bar}| {n:.4g} of {total:.4g} {unit}, {elapsed}, about {remaining} left"

    def __init__(self, tqdm: Any, total: float, unit: str, label: str, delay: float) -> None:
        self._bar = tqdm(total=total, desc=label or None, unit=unit, delay=delay, leave=False, dynamic_ncols=True, bar_format=self._SHAPE)

    def __call__(self, done: float) -> None:
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class _LogLines(_Silent):
    """A log line now and then, with the time that is left."""

    def __init__(self, total: float, unit: str, label: str, delay: float) -> None:
        self._total, self._unit, self._label = total, unit.strip(), label or "progress"
        self._began = time.monotonic()
        self._due, self._interval = self._began + delay, LOG_INTERVAL

    def __call__(self, done: float) -> None:
        now = time.monotonic()
        if now < self._due or done <= 0:
            return
        share = done / self._total if self._total else 1.0
        elapsed = now - self._began
        _log.info(
            "%s: %.0f %% (%.4g of %.4g %s) after %s, about %s left",
            self._label, 100 * share, done, self._total, self._unit, clock(elapsed), clock(elapsed * (1 / share - 1)),
        )  # fmt: skip
        self._due, self._interval = now + self._interval, min(2 * self._interval, LONGEST_INTERVAL)


def _tqdm() -> Any | None:
    try:
        if in_notebook():
            from tqdm.auto import tqdm
        else:
            from tqdm import tqdm
    except ImportError:
        return None
    return tqdm
