"""Functions of one variable as smooth tables: what the kernels look up; `ionflux.sampling` makes them.

A table is a polynomial of degree five on each of many short pieces. Between two *breaks* all pieces are equally long, and value and slope
are continuous; at a break both may jump. Beyond the ends the function goes on as a straight line. On a piece of index k

    u = (x - lo)/(hi - lo) * pieces,   s = u - k - 1/2  (-1/2 ... 1/2),   f = ((((c_5 s + c_4) s + c_3) s + c_2) s + c_1) s + c_0
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["DEGREE", "MAX_SEGMENTS", "Piecewise", "on_one_grid"]

DEGREE = 5
MAX_SEGMENTS = 8


@dataclass(frozen=True, eq=False)
class Piecewise:
    """A function as a table.

    Parameters
    ----------
    breaks : the borders of the segments, increasing, one more than there are segments (1 to 8).
    pieces : pieces in each segment, powers of two.
    coefficients : (2 + sum of pieces, 6), c_0 ... c_5 of every piece in order; the first and the last row go on beyond the ends.
    error : largest error found, relative to the largest magnitude.
    """

    breaks: tuple[float, ...]
    pieces: tuple[int, ...]
    coefficients: Array
    error: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.pieces) <= MAX_SEGMENTS or len(self.breaks) != len(self.pieces) + 1:
            raise InputError(f"a table has 1 to {MAX_SEGMENTS} segments and one border more, not {len(self.pieces)} and {len(self.breaks)}")
        if not (np.all(np.isfinite(self.breaks)) and np.all(np.diff(self.breaks) > 0)):
            raise InputError(f"breaks = {self.breaks!r} must be finite and increase")
        table = np.array(self.coefficients, dtype=float)
        if table.shape != (2 + sum(self.pieces), DEGREE + 1):
            raise InputError(f"coefficients have shape {table.shape}, not {(2 + sum(self.pieces), DEGREE + 1)}")
        table.setflags(write=False)
        object.__setattr__(self, "coefficients", table)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Piecewise) and hash(self) == hash(other) and self._key == other._key)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[Any, ...]:
        return self.breaks, self.pieces, self.coefficients.tobytes()

    @property
    def grid(self) -> tuple[tuple[float, float, int, int, int], ...]:
        """Per segment: its start, pieces per unit of x, the first and the last piece that may be taken in it, the row of piece 0."""
        rows, found, last = 1, [], len(self.pieces) - 1
        for i, (lo, hi, n) in enumerate(zip(self.breaks[:-1], self.breaks[1:], self.pieces, strict=True)):
            found.append((lo, n / (hi - lo), -1 if i == 0 else 0, n if i == last else n - 1, rows))
            rows += n
        return tuple(found)

    def __call__(self, x: Any) -> Any:
        """The value, as the kernels compute it but for the rounding of multiply-adds."""
        s, _, c = self._piece(x)
        value = c[..., DEGREE]
        for k in range(DEGREE - 1, -1, -1):
            value = value * s + c[..., k]
        return value if np.ndim(x) else float(value)

    def slope(self, x: Any) -> Any:
        """The derivative."""
        s, scale, c = self._piece(x)
        value = DEGREE * c[..., DEGREE]
        for k in range(DEGREE - 1, 0, -1):
            value = value * s + k * c[..., k]
        value = value * scale
        return value if np.ndim(x) else float(value)

    def _piece(self, x: Any) -> tuple[Any, Any, Any]:
        """Where on its piece each x is, pieces per unit of x, coefficients."""
        x = np.asarray(x, dtype=float)
        grid = np.array(self.grid)
        which = np.searchsorted(np.array(self.breaks[1:-1]), x, side="right")  # NaN comes after everything
        lo, scale, first, last, base = np.moveaxis(grid[which], -1, 0)
        with np.errstate(invalid="ignore"):
            u = (x - lo) * scale
            k = np.where(np.isnan(u), last, np.rint(np.clip(u - 0.5, first, last)))
            return u - (k + 0.5), scale, self.coefficients[(k + base).astype(int)]

    def refined(self, pieces: Sequence[int]) -> Piecewise:
        """The same function on a finer grid: every piece cut into equal parts, its polynomials written anew."""
        out = [self.coefficients[:1]]
        for (*_, base), n, m in zip(self.grid, self.pieces, pieces, strict=True):
            parts, rest = divmod(m, n)
            if rest or parts < 1:
                raise InputError(f"{n} pieces cannot be cut into {m}")
            out.append(_cut(self.coefficients[base : base + n], parts))
        out.append(self.coefficients[-1:])
        ends = (pieces[0] // self.pieces[0], pieces[-1] // self.pieces[-1])
        for row, at, factor in ((out[0], 0.5, ends[0]), (out[-1], -0.5, ends[1])):
            line = np.zeros((1, DEGREE + 1))
            value = row[0, 0] + at * row[0, 1]
            line[0, 1] = row[0, 1] / factor
            line[0, 0] = value - at * line[0, 1]
            out[0 if at > 0 else -1] = line
        return Piecewise(self.breaks, tuple(pieces), np.concatenate(out), self.error)


def on_one_grid(tables: Iterable[Piecewise]) -> list[Piecewise]:
    """Tables with the same breaks on the finest of their grids, so that one search serves all of them."""
    listed = list(tables)
    finest = [max(n) for n in zip(*(t.pieces for t in listed), strict=True)]
    return [t if list(t.pieces) == finest else t.refined(finest) for t in listed]


def _cut(c: Array, parts: int) -> Array:
    """Polynomials of s in -1/2 ... 1/2 as those of each of `parts` equal parts, (n, 6) -> (n parts, 6)."""
    if parts == 1:
        return c
    out = np.empty((len(c), parts, DEGREE + 1))
    for p in range(parts):
        middle = (p + 0.5) / parts - 0.5
        rest = c.copy()
        for k in range(DEGREE + 1):  # Taylor shift by repeated division
            for j in range(DEGREE - 1, k - 1, -1):
                rest[:, j] += middle * rest[:, j + 1]
        out[:, p] = rest * (1.0 / parts) ** np.arange(DEGREE + 1)
    return out.reshape(-1, DEGREE + 1)
