"""Factors: what a rate is multiplied by, as data.

A factor reads a concentration (``"c_in.Na"``, ``"c_out.K"``, of an ion or a pool), the potential (``"V"``, volts, or ``"u"``, V F/RT),
the driving force on the ion that passes (``"V-E"``, volts, or ``"drive"``, times F/RT) or a
parameter of its mechanism (``"K_Na"``). Numbers in it may be numbers or names of parameters::

    power("c_in.Na", 3)                          c³
    saturation("c_in.Na", "K_Na", 3)             (c/(K + c))³
    hill("c_in.Na", "K_Na", 1.5)                 c^1.5/(K^1.5 + c^1.5)
    sigmoid("c_in.Na", "Na_half", "Na_width")    1/(1 + e^((Na_half − c)/Na_width))
    exponential("u", -0.1)                       e^(−0.1 u)
    total(f, (0.3, g, h), "x")                   f + 0.3 g h + x
    reciprocal(1.0, ("a", f))                    1/(1 + a f)
    optional(f)                                  f, or 1 where the cell has nothing of what f reads
    either("c_in.ATP", "ATP")                    the concentration, or where the cell has none the parameter

They nest. A factor that is never negative keeps the thermodynamics of the law that it multiplies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from math import exp
from typing import Any, TypeAlias

from ionflux.errors import ModelError

__all__ = [
    "Factor",
    "FactorKind",
    "check_factors",
    "either",
    "exponential",
    "hill",
    "optional",
    "power",
    "reciprocal",
    "saturation",
    "sigmoid",
    "total",
]

Number: TypeAlias = "float | str"


class FactorKind(IntEnum):
    """The kinds of factors. The first two are those of the compiled kernels, with their integers; the others are made of operations."""

    POWER = 0
    SATURATION = 1
    HILL = 2
    SIGMOID = 3
    EXPONENTIAL = 4
    TOTAL = 5
    RECIPROCAL = 6
    EITHER = 7


@dataclass(frozen=True)
class Factor:
    """One factor of a rate; made by the functions of this module.

    Parameters
    ----------
    kind : FactorKind
        What is computed.
    of : str
        What it reads: a concentration, ``"V"``, ``"u"``, or a parameter of the mechanism; ``""`` for a sum.
    power : float or str
        The exponent n: a whole number for a saturation, any number or the name of a parameter for HILL.
    constant : float or str, optional
        K of a saturation, the middle of a sigmoid, the origin of an exponential.
    scale : float or str, optional
        The width of a sigmoid; of an exponential what multiplies x − origin.
    parts : tuple of (weight, factors)
        The terms of a sum; of EITHER the factor that stands in.
    optional : bool
        Left out where the cell lacks what it reads.
    """

    kind: FactorKind
    of: str
    power: Number = 1
    constant: Number | None = None
    scale: Number | None = None
    parts: tuple[tuple[Number, tuple[Factor, ...]], ...] = ()
    optional: bool = False

    def walk(self) -> Iterator[Factor]:
        """Yield the factor and all within it."""
        yield self
        for _, inner in self.parts:
            for factor in inner:
                yield from factor.walk()

    @property
    def parameters(self) -> set[str]:
        """Names of the parameters of the mechanism that it needs, and of what it reads that is neither concentration nor potential."""
        found: set[Number | None] = set()
        for f in self.walk():
            found |= {f.power, f.constant, f.scale, *(weight for weight, _ in f.parts)}
            if f.of and "." not in f.of and f.of not in POTENTIALS:
                found.add(f.of)
        return {name for name in found if isinstance(name, str)}

    def reads(self, *, needed: bool = False) -> set[str]:
        """Concentrations that it reads, ``"c_in.Na"``, and potentials; with `needed` without those that a cell may lack."""
        found = set() if (self.optional and needed) or not self.of else {self.of}
        if self.kind is FactorKind.EITHER and needed:
            found = set()
        if not (self.optional and needed):
            for _, inner in self.parts:
                found |= {name for f in inner for name in f.reads(needed=needed)}
        return {name for name in found if "." in name or name in POTENTIALS}

    def value(self, read: Callable[[Number], float]) -> float:
        """Return the number that it is, with `read` for concentrations and parameters by name (numbers as they are)."""
        kind, parts = self.kind, self.parts
        if kind in (FactorKind.TOTAL, FactorKind.RECIPROCAL):
            whole = 0.0
            for weight, inner in parts:
                term = read(weight)
                for f in inner:
                    term *= f.value(read)
                whole += term
            return whole if kind is FactorKind.TOTAL else 1.0 / whole
        x = read(self.of)
        if kind is FactorKind.EITHER:
            return x
        n = read(self.power)
        if kind is FactorKind.POWER:
            return float(x**n)
        assert self.constant is not None
        K = read(self.constant)
        if kind is FactorKind.SATURATION:
            return float((x / (K + x)) ** n)
        if kind is FactorKind.HILL:
            return float(x**n / (K**n + x**n))
        assert self.scale is not None
        if kind is FactorKind.EXPONENTIAL:
            return exp((x - K) * read(self.scale))
        y = (x - K) / read(self.scale)
        return 1.0 / (1.0 + exp(-y)) if y > 0 else exp(y) / (1.0 + exp(y))


#: what a factor may read beside concentrations and parameters
POTENTIALS = ("V", "u", "V-E", "drive")

Term: TypeAlias = "Factor | Number | tuple[Factor | Number, ...]"


def power(of: str, n: int) -> Factor:
    """c^n, n a whole number."""
    return Factor(FactorKind.POWER, of, n)


def saturation(of: str, constant: Number, n: int = 1) -> Factor:
    """(c/(K + c))^n; `constant` is K, usually the name of a parameter (mol/m³)."""
    return Factor(FactorKind.SATURATION, of, n, constant)


def hill(of: str, constant: Number, n: Number) -> Factor:
    """c^n/(K^n + c^n), with any n > 0, a number or the name of a parameter."""
    return Factor(FactorKind.HILL, of, n, constant)


def sigmoid(of: str, middle: Number, width: Number) -> Factor:
    """1/(1 + e^((middle − c)/width)): rises with c, falls where the width is negative."""
    return Factor(FactorKind.SIGMOID, of, 1, middle, width)


def exponential(of: str, by: Number, origin: Number = 0.0) -> Factor:
    """e^(by · (x − origin)), where x is what it reads."""
    return Factor(FactorKind.EXPONENTIAL, of, 1, origin, by)


def total(*terms: Term) -> Factor:
    """Sum of terms: factors, numbers, names of parameters, and products of these as tuples, ``("share", f, g)``."""
    return Factor(FactorKind.TOTAL, "", parts=tuple(map(_term, terms)))


def reciprocal(*terms: Term) -> Factor:
    """One over the sum of `terms`, which are as in `total`."""
    return Factor(FactorKind.RECIPROCAL, "", parts=tuple(map(_term, terms)))


def optional(factor: Factor) -> Factor:
    """Return a factor that counts only in cells that have what it reads, such as a pool of ATP."""
    return replace(factor, optional=True)


def either(of: str, otherwise: str | Factor) -> Factor:
    """Return the concentration `of`, or where the cell has none a parameter or another factor."""
    inner = otherwise if isinstance(otherwise, Factor) else Factor(FactorKind.POWER, otherwise, 1)
    return Factor(FactorKind.EITHER, of, parts=((1.0, (inner,)),))


def _term(term: Term) -> tuple[Number, tuple[Factor, ...]]:
    listed = term if isinstance(term, tuple) else (term,)
    numbers = [x for x in listed if not isinstance(x, Factor)]
    if len(numbers) > 1 or any(not isinstance(x, str | int | float) or isinstance(x, bool) for x in numbers):
        raise ModelError(f"{term!r} is no term of a sum; write a factor, a number, the name of a parameter, or (number, factor, factor)")
    factors = tuple(x for x in listed if isinstance(x, Factor))
    return (numbers[0] if numbers else 1.0, factors)


def check_factors(where: str, factors: Iterable[Any], names: set[str]) -> None:
    """Refuse what is no factor, reads nothing that there is, or needs a parameter that the class does not have."""
    for factor in factors:
        if not isinstance(factor, Factor):
            raise ModelError(f"{where}.factors: {factor!r} is no factor; write (power('c_in.Na', 3), saturation('c_out.K', 'K_K', 2))")
        for f in factor.walk():
            side, dot, ion_name = f.of.partition(".")
            if f.of in POTENTIALS or f.of in names or (not f.of and f.parts):
                continue
            if not dot or side not in ("c_in", "c_out") or not ion_name:
                raise ModelError(
                    f"{where}.factors: {f.of!r}; a factor reads 'c_in.<ion>' or 'c_out.<ion>', 'V', 'u', or a parameter of the class"
                )
        for name in sorted(factor.parameters - names):
            raise ModelError(f"{where}.factors: there is no parameter {name!r}")
