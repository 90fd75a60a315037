"""Functions of one variable each, and the chains of their products that make a function of several."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._broadcast import Array
from .errors import InputError, UnitRangeError, UnknownNameError
from .piecewise import DEGREE, Piecewise
from .species import IonSpecies


@dataclass(frozen=True, eq=False)
class Axis:
    """One variable of a table, and functions of it: polynomials of degree five on equal pieces, with two continuous derivatives.

    With y = ln x where `log`, else y = x: u = (y − y_lo)/(y_hi − y_lo) · pieces lies on piece k = ⌊u⌋ at s = u − k − ½, and the value is
    Σ coefficients[function, k, p] s^p.

    Parameters
    ----------
    name : str
        ``"V"``, ``"left.K"``, ``"left.K.with_Cl"``.
    lo, hi : float
        Range of the variable, V or mol/m³.
    log : bool
    coefficients : (functions, pieces, 6) array
    """

    name: str
    lo: float
    hi: float
    log: bool
    coefficients: Array

    def __post_init__(self) -> None:
        kept = np.array(self.coefficients)
        kept.setflags(write=False)
        object.__setattr__(self, "coefficients", kept)

    def __reduce__(self) -> Any:  # without what was derived
        return Axis, (self.name, self.lo, self.hi, self.log, self.coefficients)

    @property
    def variable(self) -> str:
        """What a cell calls it: ``V``, ``c_in.K``, ``c_out.Na``."""
        side, _, rest = self.name.partition(".")
        return side if not rest else f"{'c_in' if side == 'left' else 'c_out'}.{rest.partition('.')[0]}"

    @property
    def span(self) -> tuple[float, float]:
        """The range of y."""
        return (float(np.log(self.lo)), float(np.log(self.hi))) if self.log else (self.lo, self.hi)

    @cached_property
    def _by_degree(self) -> Array:
        """The coefficients as (6, functions, pieces)."""
        return np.ascontiguousarray(self.coefficients.transpose(2, 0, 1))

    @cached_property
    def functions(self) -> tuple[Piecewise, ...]:
        """The functions of y as tables for the program of a cell; beyond the range they stay what they are."""
        pieces, s = self.coefficients.shape[1], np.array([[-0.5], [0.5]])
        ends = np.zeros((len(self.coefficients), 2, DEGREE + 1))
        first, last = self.coefficients[:, 0], self.coefficients[:, -1]
        ends[:, 0, 0], ends[:, 1, 0] = first @ s[0] ** np.arange(DEGREE + 1), last @ s[1] ** np.arange(DEGREE + 1)
        rows = np.concatenate([ends[:, :1], self.coefficients, ends[:, 1:]], axis=1)
        return tuple(Piecewise(self.span, (pieces,), own) for own in rows)

    def __call__(self, x: Array) -> Array:
        """Return all functions at x (m,), (functions, m). Beyond the range they stay what they are."""
        lo, hi = self.span
        pieces = self.coefficients.shape[1]
        y = np.clip(np.log(x) if self.log else x, lo, hi)
        u = (y - lo) * (pieces / (hi - lo))
        k = np.clip(np.floor(np.where(np.isnan(u), 0.0, u)), 0, pieces - 1).astype(np.intp)
        s, c = u - k - 0.5, self._by_degree
        value = np.take(c[DEGREE], k, axis=1)
        for p in range(DEGREE - 1, -1, -1):
            value *= s
            value += np.take(c[p], k, axis=1)
        return value


def chain(cores: tuple[NDArray[np.intp], ...], known: list[Array]) -> Array:
    """Multiply matrices of functions, from their values (functions, m) on each axis; (m,)."""
    row = known[0][cores[0][0]]
    for core, values in zip(cores[1:], known[1:], strict=True):
        row = np.array([np.sum(row * values[column], axis=0) for column in core.T])
    return np.asarray(row[0])


def paths(cores: tuple[NDArray[np.intp], ...]) -> tuple[tuple[int, ...], ...]:
    """All products of a chain of matrices of functions."""
    paths: list[tuple[int, tuple[int, ...]]] = [(0, ())] if cores else []
    for core in cores:
        paths = [(b, (*path, int(core[a, b]))) for a, path in paths for b in range(core.shape[1])]
    return tuple(path for _, path in paths)


def quintics(series: Array, pieces: int) -> Array:
    """Polynomials in s = −½ … ½ on equal pieces with value and two derivatives of Chebyshev series at both ends, (functions, pieces, 6)."""
    t, h = np.linspace(-1.0, 1.0, pieces + 1), 2.0 / pieces
    known: list[Array] = []
    c: Array = series.T
    for order in range(3):
        known.append(np.asarray(np.polynomial.chebyshev.chebval(t, c) * h**order, dtype=np.float64))
        c = np.asarray(np.polynomial.chebyshev.chebder(c) if len(c) > 1 else 0.0 * c)
    ends = np.stack([f[..., a] for a in (slice(None, -1), slice(1, None)) for f in known], axis=-1)
    s = np.array([-0.5, 0.5])[:, None]
    p = np.arange(DEGREE + 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = [s**p, p * s ** np.maximum(p - 1, 0), p * (p - 1) * s ** np.maximum(p - 2, 0)]
    basis = np.array([row[side] for side in (0, 1) for row in rows])
    return np.asarray(ends @ np.linalg.inv(basis).T)


def parts(name: str, ions: tuple[IonSpecies, ...]) -> tuple[str, IonSpecies, IonSpecies | None]:
    """Side, ion and the ion that keeps the charge, of a varied concentration."""
    side, _, rest = name.partition(".")
    own, _, partner = rest.partition(".with_")
    by_name = {ion.name: ion for ion in ions}
    if side not in ("left", "right") or not own:
        raise InputError(f"{name!r} is no concentration of a solution; write 'left.K', 'right.Na', or 'left.K.with_Cl' to add the salt")
    for each in (own, partner):
        if each and each not in by_name:
            raise UnknownNameError.among(f"{name}: the solutions have no ion", each, by_name)
    other = by_name.get(partner)
    if other is not None and (other.z == 0 or other == by_name[own]):
        raise InputError(f"{name}: {partner} cannot keep the charge when {own} changes")
    return side, by_name[own], other


def inside(axis: Axis, x: Array, shape: tuple[int, ...]) -> None:
    """Raise unless the variable stays within its range, up to rounding."""
    slack = 1e-9 * (axis.hi - axis.lo)
    bad = (x < axis.lo - slack) | (x > axis.hi + slack)
    if not np.any(bad):
        return
    first = int(np.argmax(bad))
    unit = "V" if axis.name == "V" else "mol m^-3"
    place = "[" + ", ".join(str(int(i)) for i in np.unravel_index(first, shape)) + "]" if shape else ""
    count = f" ({int(np.count_nonzero(bad))} of {bad.size} are)" if shape else ""
    span = f"{axis.lo:g} … {axis.hi:g} {unit}"
    raise UnitRangeError(f"{axis.variable}{place} = {x[first]:g} {unit} is outside the table, {span}{count}; make one with a wider range")
