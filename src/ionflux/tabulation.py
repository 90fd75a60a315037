"""How a table of fluxes is made: states solved at Chebyshev's points, factors of one variable each, pieces; then checked in between."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._broadcast import CONCENTRATION, VOLTAGE, Array
from ._version import __version__
from .baths import NEUTRAL_WITHIN, _outside
from .errors import ConvergenceError, InputError, NotNeutralWarning
from .flux_axes import Axis, chain, quintics
from .flux_states import Sampler
from .flux_tables import FluxTable
from .membranes import Membrane1D
from .piecewise import DEGREE
from .poisson import check_tolerance
from .species import IonSpecies

LEVELS = ("pnp", "nernst_planck", "electroneutral")
#: a state is solved to this share of tol; the states that check a table to less
_SOLVED, _CHECKED = 0.02, 0.01
#: points per axis that are tried, and states that a table may cost
_TRIED, _MOST_STATES = (9, 17, 33, 65, 129, 257, 513), 300_000
_MOST_PIECES = 2048
_CHECKS = 96
#: of tol, what products may leave out; in the norm that bounds every single value, which is far from reached at any of them
_LEFT_OUT = 1.0


@dataclass(frozen=True)
class Variable:
    """A variable of the table before it has functions."""

    name: str
    lo: float
    hi: float
    log: bool

    def at(self, t: Array) -> Array:
        """The variable at t in −1 … 1."""
        if self.log:
            a, b = np.log(self.lo), np.log(self.hi)
            x = np.exp(0.5 * (a + b) + 0.5 * (b - a) * t)
        else:
            x = 0.5 * (self.lo + self.hi) + 0.5 * (self.hi - self.lo) * t
        return np.asarray(np.clip(x, self.lo, self.hi))


def tabulate(
    membrane: Membrane1D,
    left: Any,
    right: Any,
    *,
    V: tuple[float, float],
    vary: Mapping[str, tuple[float, float]] | None = None,
    tol: float = 1e-6,
    level: str = "pnp",
    threads: int | None = None,
) -> FluxTable:
    """Make a table of fluxes; see `Membrane1D.table`."""
    check_tolerance(tol)
    if level not in LEVELS:
        raise InputError(f"level = {level!r} is none of {', '.join(LEVELS)}")
    if len(vary or {}) > 3:
        raise InputError(f"vary has {len(vary or {})} concentrations; a table takes up to three")
    names = list(vary or {})
    sampler = Sampler(membrane, left, right, names, level, threads)
    moved = [(side, ion) for side, ion, _ in sampler.moved]
    if len(set(moved)) < len(moved):
        raise InputError(f"vary: the same concentration twice in {names}")
    ranges = [("V", *_range("V", V, VOLTAGE)), *((name, *_range(name, vary[name], CONCENTRATION)) for name in names)]  # type: ignore[index]
    if level != "nernst_planck":
        _remark(sampler, ranges)
    if not sampler.open:
        raise InputError("no ion gets through this membrane")
    variables, counts = _resolved(sampler, ranges, tol)
    off, table = np.inf, None
    for turn in range(4):
        if prod(counts) > _MOST_STATES:
            raise InputError(
                f"a table of {' × '.join(map(str, counts))} states, more than {_MOST_STATES}: narrow a range or ask for a larger tol"
            )
        table = _made(sampler, variables, counts, tol, _LEFT_OUT * 0.25**turn)
        off = _checked(sampler, table, variables, tol)
        if off <= 0.5 * tol:
            break
        counts = [n if n == 1 else int(np.ceil(1.25 * n)) + 2 for n in counts]
    assert table is not None
    facts = {
        "T": membrane.T, "level": level, "tol": tol, "error": off, "points": sampler.count, "membrane": repr(membrane),
        "ionflux": __version__,
    }  # fmt: skip
    whole = {ion: table[1].get(ion, ()) for ion in sampler.ions}
    made = FluxTable(table[0], whole, sampler.base[0], sampler.base[1], facts)
    if off > tol:
        raise ConvergenceError(f"table: the error found is {off:.2g}, tol = {tol:g}; narrow a range or ask for a larger tol", partial=made)
    return made


def _range(name: str, given: Any, kind: Any) -> tuple[float, float]:
    try:
        lo, hi = given
    except (TypeError, ValueError):
        raise InputError(f"{name} = {given!r}: give a range, ({kind.lo:g}, {kind.hi:g}) at most") from None
    lo, hi = kind.check(f"{name}[0]", lo), kind.check(f"{name}[1]", hi)
    if not lo < hi:
        raise InputError(f"{name} = {given!r}: the first end of the range must be below the second")
    return lo, hi


def _remark(sampler: Sampler, ranges: list[Any]) -> None:
    """Warn once where solutions of the table are not neutral."""
    corners = np.array(np.meshgrid(*[[lo, hi] for _, lo, hi in ranges], indexing="ij")).reshape(len(ranges), -1)
    for side, c in zip(("left", "right"), sampler.solutions(corners), strict=True):
        if np.any(np.abs(sampler.z @ c) > NEUTRAL_WITHIN * (np.abs(sampler.z) @ c)):
            text = (
                f"the solution on the {side} is not neutral everywhere in the table (more than {NEUTRAL_WITHIN:g} of Σ|z|c): layers of "
                "space charge screen it; vary 'left.K.with_Cl' to add the salt"
            )
            warnings.warn(text, NotNeutralWarning, stacklevel=_outside())


def spread(n: int, d: int, first: int = 1) -> Array:
    """n points that fill −1 … 1 in d dimensions evenly, (d, n): multiples of powers of the root of g^(d+1) = g + 1, modulo 1."""
    g = 2.0
    for _ in range(40):
        g = (1.0 + g) ** (1.0 / (d + 1))
    alpha = g ** -np.arange(1.0, d + 1)
    return np.asarray(2.0 * ((0.5 + alpha[:, None] * np.arange(first, first + n)) % 1.0) - 1.0)


def nodes(n: int) -> Array:
    """Chebyshev's points with both ends, ascending."""
    return np.asarray(-np.cos(np.pi * np.arange(n) / max(n - 1, 1)) if n > 1 else np.zeros(1))


def coefficients(f: Array) -> Array:
    """Of the Chebyshev series through values at `nodes`, along the last axis."""
    n = f.shape[-1]
    V = np.polynomial.chebyshev.chebvander(nodes(n), n - 1)
    return np.asarray(np.linalg.solve(V, f.reshape(-1, n).T).T.reshape(f.shape))


def _resolved(sampler: Sampler, ranges: list[Any], tol: float) -> tuple[list[Variable], list[int]]:
    """How many points each variable needs, and whether concentrations are best told by their logarithms: along a few lines."""
    d = len(ranges)
    lines = np.concatenate([np.zeros((d, 1)), -np.ones((d, 1)), np.ones((d, 1)), spread(3, d)], axis=1) if d > 1 else np.zeros((1, 1))
    plain = [Variable(name, lo, hi, name != "V" and lo > 0) for name, lo, hi in ranges]
    chosen, counts = list(plain), []
    for i, (name, lo, hi) in enumerate(ranges):
        trials = [Variable(name, lo, hi, log) for log in ([False] if name == "V" or lo == 0 else [True, False])]
        needed = [_needed(sampler, [*plain[:i], trial, *plain[i + 1 :]], i, lines, tol) for trial in trials]
        best = int(np.argmin(needed))
        if needed[best] > _TRIED[-1]:
            raise ConvergenceError(
                f"table: {name} is not resolved by {_TRIED[-1]} points between {lo:g} and {hi:g}; narrow the range or loosen tol"
            )
        chosen[i] = trials[best]
        counts.append(needed[best])
    return chosen, counts


def _needed(sampler: Sampler, variables: list[Variable], i: int, lines: Array, tol: float) -> int:
    """Points along a variable for which what is left out is a tenth of tol."""
    known: Array | None = None
    for n in _TRIED:
        t = nodes(n)
        fresh = np.ones(n, dtype=bool)
        if known is not None:
            fresh[::2] = False
        at = np.repeat(lines[:, :, None], int(np.sum(fresh)), axis=2)
        at[i] = t[fresh]
        x = np.array([v.at(a.reshape(-1)) for v, a in zip(variables, at, strict=True)])
        P = sampler(x, _SOLVED * tol).reshape(len(sampler.open), lines.shape[1], -1)
        f = np.empty((*P.shape[:2], n))
        f[..., fresh] = P
        if known is not None:
            f[..., ::2] = known
            guess = np.polynomial.chebyshev.chebval(t[fresh], np.moveaxis(coefficients(known), -1, 0))
            if np.max(np.abs(guess / P - 1.0)) <= 0.2 * tol:
                left_out = np.abs(coefficients(f)) / np.min(f, axis=-1, keepdims=True)
                return min(n, max(3, 1 + int(np.max(np.flatnonzero(np.max(left_out, axis=(0, 1)) > 0.1 * tol), initial=1)) + 1))
        known = f
    return _TRIED[-1] + 1


def _made(
    sampler: Sampler, variables: list[Variable], counts: list[int], tol: float, left_out: float
) -> tuple[tuple[Axis, ...], dict[IonSpecies, tuple[NDArray[np.intp], ...]]]:
    """The axes with their functions, and the chains of matrices of functions for each ion."""
    grid = np.array(np.meshgrid(*[nodes(n) for n in counts], indexing="ij")).reshape(len(counts), -1)
    x = np.array([v.at(t) for v, t in zip(variables, grid, strict=True)])
    P = sampler(x, _SOLVED * tol).reshape(len(sampler.open), *counts)
    functions: list[list[Array]] = [[] for _ in counts]
    cores: dict[IonSpecies, tuple[NDArray[np.intp], ...]] = {}
    for ion, values in zip(sampler.open, P, strict=True):
        indices = []
        for known, core in zip(functions, _train(values, left_out * tol), strict=True):
            a, n, b = core.shape
            indices.append(np.arange(len(known), len(known) + a * b).reshape(a, b))
            known.extend(core.transpose(0, 2, 1).reshape(a * b, n))
        cores[ion] = tuple(indices)
    series = [coefficients(np.array(f)) for f in functions]
    axes = [Axis(v.name, v.lo, v.hi, v.log, np.empty((0, 1, DEGREE + 1))) for v in variables]
    return tuple(_in_pieces(axis, c, series, i, cores, tol) for i, (axis, c) in enumerate(zip(axes, series, strict=True))), cores


def _train(values: Array, tol: float) -> list[Array]:
    """A tensor as a chain of cores (rank, points, rank): truncated singular value decompositions, one variable after the other.

    The main effect of every variable is taken out first, so that what is left out is small where the values are small, too.
    """
    logs, effects = np.log(values), []
    for i in range(values.ndim):
        effect = np.mean(logs, axis=tuple(j for j in range(values.ndim) if j != i))
        effects.append(effect - (np.mean(effect) if i else 0.0))
    scaled = values.copy()
    for i, effect in enumerate(effects):
        scaled = scaled / np.exp(effect).reshape([-1 if j == i else 1 for j in range(values.ndim)])
    least, cores, rest, rank = tol * float(np.min(scaled)), [], scaled, 1
    for i, n in enumerate(values.shape):
        if i == values.ndim - 1:
            core = rest.reshape(rank, n, 1)
        else:
            U, s, W = np.linalg.svd(rest.reshape(rank * n, -1), full_matrices=False)
            kept = max(1, int(np.sum(s > least)))
            # the size is shared by both sides
            root = np.sqrt(s[:kept])
            core, rest = (U[:, :kept] * root).reshape(rank, n, kept), root[:, None] * W[:kept]
            rank = kept
        cores.append(core * np.exp(effects[i])[:, None])
    return cores


def _in_pieces(
    axis: Axis, own: Array, series: list[Array], which: int, cores: Mapping[IonSpecies, tuple[NDArray[np.intp], ...]], tol: float
) -> Axis:
    """Functions given by Chebyshev series as polynomials of degree five on pieces, short enough that P changes by a fraction of tol."""
    d = len(series)
    t = spread(400, d)
    exact = [np.polynomial.chebyshev.chebval(t[i], c.T) for i, c in enumerate(series)]
    want = [chain(core, exact) for core in cores.values()]
    pieces = 4
    while True:
        made = quintics(own, pieces)
        u = 0.5 * (t[which] + 1.0) * pieces
        k = np.clip(np.floor(u), 0, pieces - 1).astype(np.intp)
        s, c = u - k - 0.5, made[:, k]
        value = c[..., DEGREE]
        for p in range(DEGREE - 1, -1, -1):
            value = value * s + c[..., p]
        got = [chain(core, [value if i == which else e for i, e in enumerate(exact)]) for core in cores.values()]
        if max(float(np.max(np.abs(g / w - 1.0))) for g, w in zip(got, want, strict=True)) <= 0.05 * tol or pieces >= _MOST_PIECES:
            return Axis(axis.name, axis.lo, axis.hi, axis.log, made)
        pieces *= 2


def _checked(sampler: Sampler, table: Any, variables: list[Variable], tol: float) -> float:
    """Largest relative error of any permeability, at points between those sampled and on the edges."""
    axes, cores = table
    d = len(variables)
    t = spread(_CHECKS * d, d, first=1000)
    edges = np.sign(spread(8 * d, d, first=5000))
    t = np.concatenate(
        [t, edges, np.where(spread(16 * d, d, first=7000) > 0, edges.repeat(2, axis=1), spread(16 * d, d, first=9000))], axis=1
    )
    x = np.array([v.at(a) for v, a in zip(variables, t, strict=True)])
    want = sampler(x, _CHECKED * tol)
    known = [axis(values) for axis, values in zip(axes, x, strict=True)]
    return max(float(np.max(np.abs(chain(cores[ion], known) / P - 1.0))) for ion, P in zip(sampler.open, want, strict=True))
