"""Chance: channels that flicker, and currents that fluctuate, as schedules.

Random numbers are counted, not carried on (Philox): those of cell i are the same whatever other cells there are, in which order or on
how many threads they are computed.
"""

from __future__ import annotations

from math import exp, expm1, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InputError
from .fields import plain
from .frozen import Solved
from .schedules import table

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Flicker", "flicker", "fluctuating"]

#: openings and closings of one call, at most; a schedule is a list of them
MOST = 2_000_000


class Flicker(Solved):
    """How many of N channels are open, from 0 to `until`; right-continuous.

    Attributes
    ----------
    t : array (n,)
        When the number changes, s; the first is 0.
    open : array (n,)
        How many are open from then on.
    N : int
        All of them.
    until : float
        s.
    """

    def __init__(self, t: NDArray[np.float64], open: NDArray[np.int64], N: int, until: float) -> None:
        self.t, self.open, self.N, self.until = t, open, N, until

    def _told(self) -> tuple[Any, ...]:
        return self.t, self.open, self.N, self.until

    @property
    def _stays(self) -> NDArray[np.float64]:
        return np.diff(np.append(self.t, self.until))

    @property
    def mean(self) -> float:
        """Open fraction, mean over time; p on average."""
        return float(np.sum(self.open * self._stays) / (self.N * self.until))

    @property
    def variance(self) -> float:
        """Of the open fraction over time; p (1 − p)/N on average."""
        return float(np.sum((self.open / self.N - self.mean) ** 2 * self._stays) / self.until)

    def schedule(self, *, relative_to: float = 1.0) -> table:
        """Return the open fraction over `relative_to` as a schedule, for ``"leak_K.scale"``: with p there, `g` is that of all p N open."""
        whole = self.N * _positive("relative_to", relative_to, "1")
        return table(tuple(self.t), tuple(self.open / whole), kind="hold")

    def __repr__(self) -> str:
        return f"<Flicker of {self.N} channels over {self.until:g} s: {len(self.t) - 1} changes, open {self.mean:.4g}>"


def flicker(N: int, *, opening: float, closing: float, until: float, seed: int = 0, cell: int = 0) -> Flicker:
    """N independent channels that open and close at random: exact, one exponential stay after the other.

    Each is open with probability p = opening/(opening + closing), so the open fraction has the mean p and the variance p (1 − p)/N, and
    forgets itself with 1/(opening + closing).

    Parameters
    ----------
    N : int
        Channels.
    opening, closing : float
        Rates, 1/s.
    until : float
        s.
    seed, cell : int
        Which random numbers: another seed for another experiment, and within it each cell its own.

    Returns
    -------
    Flicker
        In equilibrium from the start.

    Raises
    ------
    InputError
        More than 2,000,000 openings and closings are to be expected: take fewer channels, or their mean.

    Source: F. J. Sigworth, J. Physiol. 307, 97 (1980), for mean and variance; random numbers after J. K. Salmon et al., SC11 (2011).

    Examples
    --------
    >>> noise = flicker(100, opening=40.0, closing=10.0, until=20.0)
    >>> abs(noise.mean - 0.8) < 0.01, noise.schedule(relative_to=0.8).kind
    (True, 'hold')
    """
    a, b = _rate("opening", opening), _rate("closing", closing)
    end = _positive("until", until, "s")
    if isinstance(N, bool) or not isinstance(N, (int, np.integer)) or N < 1:
        raise InputError(f"flicker: N = {N!r}; it is a whole number of channels, 1 or more")
    expected = 2.0 * N * end * a * b / (a + b)
    if expected > MOST:
        raise InputError(
            f"flicker: {N} channels open and close about {expected:.3g} times in {end:g} s, more than {MOST}; their open fraction hardly "
            f"differs from its mean {a / (a + b):.4g} ± {sqrt(a * b / N) / (a + b):.2g}, or take a shorter time"
        )
    random = _random(seed, cell)
    is_open = random.random(N) < a / (a + b)
    first = int(is_open.sum())
    changes: list[NDArray[np.float64]] = []
    signs: list[NDArray[np.int64]] = []
    now = np.zeros(N)
    while len(now):
        now = now + random.exponential(size=len(now)) / np.where(is_open, b, a)
        going = now < end
        now, is_open = now[going], is_open[going]
        changes.append(now)
        signs.append(np.where(is_open, -1, 1))
        is_open = ~is_open
    t, sign = np.concatenate(changes), np.concatenate(signs)
    order = np.argsort(t, kind="stable")
    times, counts = np.append(0.0, t[order]), first + np.append(0, np.cumsum(sign[order]))
    return Flicker(times, counts, int(N), end)


def fluctuating(mean: float, sd: float, *, tau: float, until: float, step: float | None = None, seed: int = 0, cell: int = 0) -> table:
    """Return a schedule that fluctuates about a mean (Ornstein–Uhlenbeck): synaptic bombardment as a current, a restless conductance.

    dx = −(x − mean)/tau dt + sd √(2/tau) dW: normally distributed with standard deviation sd, correlated over tau. Sampled exactly every
    `step`, straight in between.

    Parameters
    ----------
    mean, sd : float
        In the unit of what is scheduled.
    tau : float
        s.
    until : float
        s.
    step : float, optional
        s; default tau/10.
    seed, cell : int
        As of `flicker`.

    Source: G. E. Uhlenbeck & L. S. Ornstein, Phys. Rev. 36, 823 (1930); A. Destexhe et al., Neuroscience 107, 13 (2001), as a model of
    synaptic input.

    Examples
    --------
    >>> course = fluctuating(1e-11, 5e-12, tau=0.003, until=0.5)
    >>> len(course.t)
    1668
    """
    tau, end = _positive("tau", tau, "s"), _positive("until", until, "s")
    dt = tau / 10 if step is None else _positive("step", step, "s")
    size = plain(sd, None, "sd")
    if not size >= 0:
        raise InputError(f"fluctuating: sd = {sd!r}; it is a standard deviation, 0 or more")
    n = int(np.ceil(end / dt)) + 1
    if n > MOST:
        raise InputError(f"fluctuating: {n} steps of {dt:g} s; take a longer step=")
    kick = sqrt(-expm1(-2 * dt / tau))
    keep = exp(-dt / tau)
    x = _random(seed, cell).standard_normal(n)
    for i in range(1, n):
        x[i] = keep * x[i - 1] + kick * x[i]
    return table(tuple(dt * np.arange(n)), tuple(plain(mean, None, "mean") + size * x), kind="linear")


def _random(seed: int, cell: int) -> np.random.Generator:
    for name, value in (("seed", seed), ("cell", cell)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 0 <= value < 2**64:
            raise InputError(f"{name} = {value!r}; it is a whole number, 0 or more")
    return np.random.Generator(np.random.Philox(key=np.array([seed, cell], dtype=np.uint64)))


def _positive(name: str, value: float, unit: str) -> float:
    number = plain(value, unit, name)
    if not 0 < number < np.inf:
        raise InputError(f"{name} = {number:g} {unit}; it is positive and finite")
    return number


def _rate(name: str, value: float) -> float:
    return _positive(name, value, "s^-1")
