"""Multipliers are the correctly rounded size of their unit in SI."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ionflux import units
from ionflux.units import mM, mV

PREFIX = {"": 0, "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "c": -2, "d": -1, "k": 3, "M": 6}
#: exponents of ten of the units that prefixes stand before
BASE = {
    "V": 0,
    "M": 3,
    "m": 0,
    "L": -3,
    "s": 0,
    "A": 0,
    "S": 0,
    "F": 0,
    "farad": 0,
    "mol": 0,
    "C": 0,
    "coulomb": 0,
    "Pa": 0,
    "J": 0,
    "Hz": 0,
}
OTHER = {"minute": 60, "hour": 3600, "day": 86400, "angstrom": Fraction(1, 10**10)}
NAMES = [name for name in units.__all__ if name != "celsius"]


def size(name: str) -> Fraction:
    """The exact size in SI of a unit, read from its name alone."""
    if name.startswith("per_"):
        return 1 / size(name[4:])
    first, _, rest = name.partition("_per_")
    exact = power(first)
    for part in filter(None, rest.split("_")):
        exact /= power(part)
    return exact


def power(name: str) -> Fraction:
    exponent = int(name[-1]) if name[-1].isdigit() else 1
    return simple(name.rstrip("23")) ** exponent


def simple(name: str) -> Fraction:
    if name in OTHER:
        return Fraction(OTHER[name])
    candidates = [(p, b) for p in PREFIX for b in BASE if p + b == name]
    prefix, base = max(candidates, key=lambda pair: len(pair[1]))
    return Fraction(10) ** (PREFIX[prefix] + BASE[base])


@pytest.mark.parametrize("name", NAMES)
def test_a_multiplier_is_the_double_nearest_to_its_unit(name: str) -> None:
    assert getattr(units, name) == float(size(name))


def test_writing_and_reading_a_unit_are_inverse() -> None:
    assert -65 * mV / mV == -65
    assert 140 * mM == 140  # mM is mol/m^3


def test_every_multiplier_is_public() -> None:
    assert {n for n, x in vars(units).items() if isinstance(x, float)} == set(NAMES)
    assert len(set(units.__all__)) == len(units.__all__)
