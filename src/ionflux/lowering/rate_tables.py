"""Rates of gates as tables of the potential: `Rate` is exact, and a table of it is as good within the range of potentials.

A rate of Hodgkin and Huxley costs an exponential and often a division, and what waits for it waits long. On pieces of a quarter of a
millivolt a polynomial of degree five takes its place, with an error of some 1e-14 in parts of the value there, however small that is; the
functions of all gates are then found with one search. A rate so steep that a table would be worse than 1e-12 stays what it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ionflux.mechanisms.gates import Rate
from ionflux.sampling import spread

if TYPE_CHECKING:
    from ionflux.piecewise import Piecewise

    Array = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["of_rate", "share"]

VOLTS = 1.0  # the range of potentials that cells take
PIECES = 8192
EXACT, CLOSE = 1e-12, 1e-11  # of a rate, of what is made of two


def of_rate(rate: Rate) -> Piecewise | None:
    """The rate itself; None if no table is good enough."""
    return _table(rate, None, 1)


def share(alpha: Any, beta: Any, power: int) -> Piecewise | None:
    """(α/(α + β))^power of rates and numbers; None if these are anything else."""
    given = (alpha, beta)
    if not any(isinstance(x, Rate) for x in given) or not all(isinstance(x, (Rate, float)) for x in given):
        return None
    return _table(alpha, beta, power)


@lru_cache(maxsize=128)
def _table(alpha: Rate | float, beta: Rate | float | None, power: int) -> Piecewise | None:
    """Tables are remembered: cells share their rates."""

    def values(course: Rate | float, V: Array) -> Array:
        return _at(course, V) if isinstance(course, Rate) else np.full(V.shape, course)

    def function(V: Array) -> Array:
        a = values(alpha, V)
        return a if beta is None else np.asarray((a / (a + values(beta, V))) ** power)

    return spread(function, -VOLTS, VOLTS, PIECES, EXACT if beta is None else CLOSE)


def _at(rate: Rate, V: Array) -> Array:
    """The rate at each V, as `Rate` itself computes it at one."""
    if rate.C < 0:
        z = (V - rate.pole) / rate.F
        size = -rate.B * rate.F / rate.C
        return np.asarray(size * np.where(np.abs(z) < 1e-8, 1.0 - 0.5 * z, np.where(z < 700, z / np.expm1(z), 0.0)))
    return np.asarray((rate.A + rate.B * V) / (rate.C + np.exp(np.minimum((V + rate.D) / rate.F, 700.0))))
