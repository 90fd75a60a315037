"""Python functions of one variable as tables (`ionflux.piecewise`).

The six coefficients are those that take the function's value at the ends of the piece and at its thirds, and at both ends a slope shared
with the neighbour: the derivative of the polynomial through the nine nearest of those points. So the error is of order six in the length
of a piece and relative to the function *nearby*: a rate that falls exponentially keeps its digits, and its sign, where it is small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InputError
from .piecewise import DEGREE, MAX_SEGMENTS, Piecewise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["sampled", "spread"]

MAX_PIECES = 2048  # per segment: 96 kB per function at most, of which a run touches a few lines
#: share of the largest magnitude below which a value counts as zero where errors are relative to the values nearby
FLOOR = 1e-5
#: what is smaller has lost digits to underflow
TINY = 1e-290
#: rounding of the function itself, in units of its largest magnitude: below zero by this much is zero
ROUNDING = 1e-14


def sampled(
    function: Callable[[Any], Any],
    lo: float,
    hi: float,
    *,
    error: float = 1e-9,
    breaks: Iterable[float] = (),
    name: str = "function",
) -> Piecewise:
    """A Python function as a table.

    Parameters
    ----------
    function : takes an array if it can, else one number at a time.
    lo, hi : range to sample; beyond it the table goes on as a straight line (level, if that would take it below a range without
        negative values).
    error : largest error, relative to the largest magnitude. What can be had is an error relative to the values nearby.
    breaks : where the function or its slope jumps, 7 at most.
    name : of the argument, for messages.

    Raises
    ------
    InputError
        The function has no finite value somewhere (a single point between finite values is filled in: the removable singularity of
        x/(1 - e^-x)), or cannot be represented to that error: most likely a kink or a jump that `breaks` does not name.
    """
    if not (np.isfinite(lo) and np.isfinite(hi) and lo < hi):
        raise InputError(f"{name}: sampled from {lo!r} to {hi!r}; the range must be finite and increase")
    if not 1e-14 <= error < 1.0:
        raise InputError(f"{name}: error = {error!r} is outside 1e-14...1; 1e-9 is the default")
    inner = sorted({float(b) for b in breaks if lo < b < hi})
    if len(inner) >= MAX_SEGMENTS:
        raise InputError(f"{name}: {len(inner)} breaks; a table has {MAX_SEGMENTS - 1} at most")
    borders = (float(lo), *inner, float(hi))
    call = _caller(function, np.linspace(lo, hi, 37), name)
    size = float(np.max(np.abs(np.concatenate([_values(call, x, name) for x in _spread(borders, 64)]))))
    fits = [_fit(call, a, b, error, size, i, len(borders) - 1, name) for i, (a, b) in enumerate(pairwise(borders))]
    size = max(size, *(fit.size for fit in fits))
    worst = max(fits, key=lambda fit: fit.error)
    if worst.error > error * size:
        raise InputError(
            f"{name} cannot be represented to {error:g} of its largest magnitude: the error is {worst.error / size:.2g} near "
            f"{worst.where:.6g} "
            f"(kinks and jumps belong into breaks=; a larger error can be asked for)"
        )
    table = np.concatenate([fit.coefficients for fit in fits])
    positive = all(fit.lowest >= 0.0 for fit in fits)
    ends = [_beyond(table[0], -0.5, positive), _beyond(table[-1], 0.5, positive)]
    pieces = tuple(len(fit.coefficients) for fit in fits)
    return Piecewise(borders, pieces, np.concatenate([ends[:1], table, ends[1:]]), worst.error / size if size else 0.0)


def spread(function: Callable[[Array], Array], lo: float, hi: float, pieces: int, error: float) -> Piecewise | None:
    """A smooth function on so many equal pieces, if each of them is right to `error` of the values nearby; else None.

    For functions that span many orders of magnitude, like e^(V/F) over the whole range of potentials. Unlike `sampled` it asks nothing of
    the function where that is not finite: there is no such table.
    """
    with np.errstate(all="ignore"):
        f = function(np.linspace(lo, hi, 3 * pieces + 1))
        if not np.all(np.isfinite(f)):
            return None
        c = _quintics(f)
        tested = slice(None, None, max(1, pieces // 512))
        places = np.arange(pieces)[tested, None] + _TEST
        exact = function((lo + (hi - lo) * places / pieces).ravel()).reshape(places.shape)
        size = np.max(np.abs(exact), axis=1, keepdims=True)
        off = np.where(size > TINY, np.abs(_at(c[tested], _TEST - 0.5) - exact) / size, 0.0)
        if not np.max(off) <= error:
            return None
    positive = bool(np.all(f >= 0.0))
    ends = [_beyond(c[0], -0.5, positive), _beyond(c[-1], 0.5, positive)]
    return Piecewise((lo, hi), (pieces,), np.concatenate([ends[:1], c, ends[1:]]), error)


@dataclass(frozen=True, eq=False)
class _Fit:
    """Pieces of one segment: coefficients, largest error and where, smallest sample, largest magnitude."""

    coefficients: Array
    error: float
    where: float
    lowest: float
    size: float


#: where a piece is tested, away from where it was sampled
_TEST = np.array([0.021, 0.137, 0.262, 0.418, 0.543, 0.741, 0.893, 0.971])


def _fit(call: Callable[[Array], Array], a: float, b: float, error: float, size: float, segment: int, segments: int, name: str) -> _Fit:
    """The fewest pieces that reach the error relative to the values nearby, else those that come closest to it."""
    best: _Fit | None = None
    closest, n = np.inf, 4
    nudge = 16 * np.finfo(float).eps * max(abs(a), abs(b))
    while n <= MAX_PIECES:
        x = np.linspace(a, b, 3 * n + 1)
        if segment > 0:
            x[0] += nudge  # the side of a jump that belongs to this segment
        if segment < segments - 1:
            x[-1] -= nudge
        f = _values(call, x, name)
        c = _quintics(f)
        probe = a + (b - a) * (np.arange(n)[:, None] + _TEST) / n
        exact = _values(call, probe.ravel(), name).reshape(n, -1)
        got = _at(c, _TEST - 0.5)
        off = np.abs(got - exact)
        near = np.max(np.abs(exact), axis=1, keepdims=True)
        size = max(size, float(np.max(near)))
        lowest = min(float(np.min(f)), float(np.min(exact)))
        relative = float(np.max(off / (near + FLOOR * size))) if size else 0.0
        at = int(np.argmax(off))
        # a finer grid must earn its keep: what cannot be reached is rounding, or a kink
        if relative < 0.5 * closest and not (lowest >= 0.0 and float(np.min(got)) < -ROUNDING * size):
            closest, best = relative, _Fit(c, float(off.flat[at]), float(probe.flat[at]), lowest, size)
        if relative <= error and best is not None and closest == relative:
            return best
        n *= 2
    if best is None:
        raise InputError(f"{name} is never negative, but a smooth table of it would be; kinks and jumps belong into breaks=")
    return best


def _at(c: Array, s: Array) -> Array:
    """Every piece at each s, (pieces, len(s))."""
    value = c[:, DEGREE, None]
    for k in range(DEGREE - 1, -1, -1):
        value = value * s + c[:, k, None]
    return value


@lru_cache(maxsize=1)
def _weights() -> tuple[Array, Array]:
    """Derivative at each of nine equidistant points from the values there, and the quintic from values and slopes."""
    x = np.arange(9.0)
    slopes = np.empty((9, 9))
    for i in range(9):
        powers = (x - i) ** np.arange(9)[:, None]
        wanted = np.zeros(9)
        wanted[1] = 1.0
        slopes[i] = np.linalg.solve(powers, wanted)
    k = np.arange(DEGREE + 1)
    s = np.array([-0.5, -1 / 6, 1 / 6, 0.5])
    rows = np.concatenate([s[:, None] ** k, k * s[[0, 3], None] ** np.maximum(k - 1, 0)])
    return slopes, np.linalg.inv(rows)


def _quintics(f: Array) -> Array:
    """Coefficients of n pieces from 3 n + 1 equidistant values."""
    slopes, quintic = _weights()
    node = np.arange(0, len(f), 3)
    first = np.clip(node - 4, 0, len(f) - 9)
    near = f[first[:, None] + np.arange(9)] - f[node, None]  # differences: what is level stays level to the last bit
    d = 3.0 * np.einsum("ij,ij->i", slopes[node - first], near)  # per piece
    start = f[:-1:3]
    known = np.stack([start - start, f[1::3] - start, f[2::3] - start, f[3::3] - start, d[:-1], d[1:]], axis=1)
    c = known @ quintic.T
    c[:, 0] += start
    return c


def _beyond(c: Array, s: float, positive: bool) -> Array:
    """The straight line that continues a piece from its end at s; its own end there is at -s."""
    value = slope = 0.0
    for k in range(DEGREE, -1, -1):
        slope = slope * s + value
        value = value * s + c[k]
    if positive and slope * s < 0.0:
        slope = 0.0
    out = np.zeros(DEGREE + 1)
    out[0], out[1] = value + s * slope, slope
    return out


def _spread(borders: Sequence[float], n: int) -> list[Array]:
    return [np.linspace(a, b, n + 2)[1:-1] for a, b in pairwise(borders)]


def _caller(function: Callable[[Any], Any], x: Array, name: str) -> Callable[[Array], Array]:
    """The function on arrays: as it is where it takes them and agrees with itself, else point by point."""
    if not callable(function):
        raise InputError(f"{name} = {function!r} is not a function")

    def one(v: float) -> float:
        try:
            with np.errstate(all="ignore"):
                return float(function(v))
        except (ZeroDivisionError, OverflowError):
            return np.nan
        except (TypeError, ValueError) as reason:
            raise InputError(f"{name} does not give a number at {v!r}: {reason}") from reason

    def each(v: Array) -> Array:
        return np.array([one(float(i)) for i in v])

    want = each(x[::6])
    try:
        with np.errstate(all="ignore"):
            got = np.asarray(function(x), dtype=float)
    except Exception:  # whatever a function of one number does with an array
        return each
    if got.shape != x.shape or not np.allclose(got[::6], want, rtol=1e-12, atol=0.0, equal_nan=True):
        return each

    def whole(v: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(v), dtype=float)

    return whole


def _values(call: Callable[[Array], Array], x: Array, name: str) -> Array:
    """Finite values; a single hole is filled from both sides where these agree."""
    f = np.array(call(x))
    bad = np.flatnonzero(~np.isfinite(f))
    if not len(bad):
        return f
    step = (1e-3 * np.min(np.diff(x)) if len(x) > 1 else 1e-6 * abs(x[0])) or 1e-9
    around = np.array(call((x[bad, None] + step * np.array([-2.0, -1.0, 1.0, 2.0])).ravel())).reshape(-1, 4)
    filled = (4.0 * (around[:, 1] + around[:, 2]) - around[:, 0] - around[:, 3]) / 6.0
    typical = np.max(np.abs(f[np.isfinite(f)]), initial=0.0)
    smooth = np.abs(around[:, 1] - around[:, 2]) <= 1e-2 * np.abs(filled) + 1e-6 * typical
    if not np.all(np.isfinite(filled) & smooth):
        at = x[bad[np.flatnonzero(~(np.isfinite(filled) & smooth))[0]]]
        raise InputError(f"{name} is not finite at {at:.9g}; give a function that is finite over the range that is sampled")
    f[bad] = filled
    return f
