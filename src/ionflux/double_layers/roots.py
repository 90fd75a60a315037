"""Roots of increasing functions, many at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ionflux._broadcast import Array

_STEPS = 200


def increasing_root(f: Callable[[Array], tuple[Array, Array]], start: Array, lo: Array, hi: Array) -> Array:
    """Return x with f(x) = 0, element by element, by Newton's method kept inside a bracket that shrinks.

    Parameters
    ----------
    f : callable
        From x (n,) to values and derivatives (n,); increasing. Elements must not depend on each other.
    start, lo, hi : (n,) arrays
        First guess and bracket, f(lo) <= 0 <= f(hi).

    Returns
    -------
    (n,) array
        To rounding; NaN where 200 steps were not enough or f is not finite.
    """
    x, lo, hi = start.copy(), lo.copy(), hi.copy()
    busy = np.ones(x.shape, dtype=bool)
    nothing = 1e-16 * (hi - lo)
    for _ in range(_STEPS):
        y, slope = f(x)
        bad = busy & ~np.isfinite(y)
        x[bad] = np.nan
        busy &= ~bad
        lo = np.where(busy & (y <= 0), x, lo)
        hi = np.where(busy & (y >= 0), x, hi)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = x - y / slope
        new = np.where((new >= lo) & (new <= hi), new, 0.5 * (lo + hi))
        step = np.abs(new - x)
        x = np.where(busy, new, x)
        # after a step that small, Newton's next one would be below rounding
        busy &= (step > np.maximum(1e-9 * np.abs(new), nothing)) & (y != 0) & (hi > lo)
        if not busy.any():
            return x
    x[busy] = np.nan
    return x
