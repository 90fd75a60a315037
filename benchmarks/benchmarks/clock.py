"""Timing for figures that are ratios: both sides are measured in turns, within milliseconds of one another."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds(call: Callable[[], object]) -> float:
    """Return how long one call takes, s."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def ratio(one: Callable[[], object], other: Callable[[], object], repeats: int = 9) -> float:
    """Return the time of `one` over that of `other`: the median of the ratios of neighbouring calls, after an untimed call of each."""
    one(), other()
    return statistics.median(seconds(one) / seconds(other) for _ in range(repeats))
