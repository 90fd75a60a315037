"""Numbers with units as text, ``"2 pL"``, to SI and back.

Names and prefixes of units are pint's. What stands between them is read here, so that a text can neither be slow nor be anything but a
unit, and the number is multiplied as a fraction: ``"2 uF/cm^2"`` is the double nearest to 0.02, whatever the order of factors.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from math import inf
from typing import Any

from ionflux._extras import need
from ionflux.errors import InputError
from ionflux.fields import _MULTIPLIERS

LONGEST = 80
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(.*)", re.DOTALL)
_FACTOR = re.compile(r"\s*([*/·(])?\s*(?:([^\W\d_]+|[°%Å])(?:\s*(?:\^|\*\*)?\s*([+-]?\d)(?![\d.]))?|(1)(?![\d.]))?\s*(\))?\s*")
_SUPERSCRIPTS = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹−μ", "-+0123456789-µ")
_CELSIUS = ("degC", "°C", "celsius")

#: what a unit measures, for messages
_MEASURES = {
    "V": "a potential", "m": "a length", "m^2": "an area", "m^3": "a volume", "s": "a time", "K": "a temperature", "A": "a current",
    "C": "a charge",
    "S": "a conductance",
    "F": "a capacitance",
    "Pa": "a pressure",
    "F m^-2": "a capacitance per area", "S m^-2": "a conductance per area", "A m^-2": "a current per area", "m s^-1": "a permeability",
    "m^2 s^-1": "a diffusivity", "mol m^-3": "a concentration", "mol m^-2 s^-1": "a flux", "mol": "an amount",
    "C mol^-1": "a charge per amount",
    "m^3 mol^-1": "a volume per amount",
    "C m^-2": "a charge per area",
    "m^-2": "a number per area", "m^6 mol^-1 s^-1": "a hydraulic coefficient", "mol s^-1": "an amount per time",
    "1": "a pure number",
}  # fmt: skip
#: multipliers of `ionflux.units` as they are written in text
_WRITTEN = {
    "um2": "um^2", "cm2": "cm^2", "um3": "um^3", "uF_per_cm2": "uF/cm^2", "mS_per_cm2": "mS/cm^2", "uS_per_cm2": "uS/cm^2",
    "pS_per_um2": "pS/um^2", "uA_per_cm2": "uA/cm^2", "nA_per_cm2": "nA/cm^2", "cm_per_s": "cm/s", "um_per_s": "um/s", "nm_per_s": "nm/s",
    "cm2_per_s": "cm^2/s", "nmol_per_cm2_s": "nmol/cm^2/s", "pmol_per_cm2_s": "pmol/cm^2/s",
}  # fmt: skip
_NAMES = (
    "V mV uV M mM uM nM m cm mm um nm L mL uL nL pL fL s ms us min hour day A mA uA nA pA S mS uS nS pS F mF uF nF pF mol mmol umol nmol "
    "pmol fmol C mC pC fC Pa kPa J kJ Hz K degC"
).split()

Dimension = tuple[tuple[str, int], ...]


def quantity(text: object, unit: str, lo: float = -inf, hi: float = inf) -> float:
    """Return what a text says, in the SI unit `unit`.

    Parameters
    ----------
    text : str
        ``"2 pL"``, ``"-65 mV"``, ``"0.3 mS/cm^2"``, ``"37 degC"``. Of a pure number the bare text.
    unit : str
        As `Parameter.unit` has it: ``"mol m^-2 s^-1"``, ``"1"``.
    lo, hi : float
        The plausible range. It is not checked here; where the unit is missing it tells which one was meant.

    Raises
    ------
    InputError
        It has no unit, one that is not known, or one of another dimension.
    """
    if not isinstance(text, str):
        raise InputError(
            _bare(text, unit, lo, hi)
            if isinstance(text, int | float) and not isinstance(text, bool)
            else f"{_short(text)} is not {_wanted(unit)}"
        )
    found = _NUMBER.fullmatch(text.strip().replace("−", "-")) if len(text) <= LONGEST else None
    if found is None:
        raise InputError(f"{_short(text)} is not {_wanted(unit)}")
    digits, written = found.groups()
    if not written:
        if unit == "1":
            return float(digits)
        raise InputError(_bare(float(digits), unit, lo, hi))
    if written == unit or (written == "mM" and unit == "mol m^-3"):  # as `written` has it: nothing to convert
        return float(digits)
    if unit == "K" and written in _CELSIUS:
        return float(Fraction(digits) + Fraction("273.15"))
    factor, dimension = _unit(written)
    one, wanted = _unit(unit)
    if dimension != wanted:
        raise InputError(f"{_short(text)} is {_measure(dimension)}, not {_wanted(unit)}")
    try:
        return float(Fraction(digits) * factor / one)
    except OverflowError:
        raise InputError(f"{_short(text)} is not a finite number") from None


def written(value: float, unit: str) -> str:
    """The text that `quantity` reads as exactly this number."""
    return f"{value!r} {unit}"


def _bare(number: float, unit: str, lo: float, hi: float) -> str:
    """What to write in place of a number without unit; the plausible range tells which unit is meant."""
    if unit == "1":
        return f"{number!r} is not a pure number"
    from ionflux import units

    guess = next((m for m in _MULTIPLIERS.get(unit, ()) if lo <= number * getattr(units, m) <= hi), None)
    if unit == "K" and not lo <= number <= hi and lo <= number + 273.15 <= hi:
        text = f"{number:g} degC"
    elif unit == "mol m^-3" and number >= 1e-3:
        text = f"{number:g} mM"
    elif guess is not None and not lo <= number <= hi:
        text = f"{number:g} {_WRITTEN.get(guess, guess)}"
    else:
        text = f"{number:g} {unit}"
    return f'{number:g} has no unit; write it as text, such as "{text}"'


def _wanted(unit: str) -> str:
    return "a pure number" if unit == "1" else f"{_measure_of(unit)} ({unit})"


def _measure_of(unit: str) -> str:
    return _MEASURES.get(unit, "a quantity")


def _measure(dimension: Dimension) -> str:
    return next((what for unit, what in _MEASURES.items() if _unit(unit)[1] == dimension), "a quantity of another dimension")


def _short(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= LONGEST else f'"{value[:LONGEST]}…"'
    kinds = {dict: "a table", list: "an array", bool: f"{str(value).lower()}"}
    return kinds.get(type(value), str(value)[:LONGEST])


@lru_cache(maxsize=512)
def _unit(text: str) -> tuple[Fraction, Dimension]:
    """Size in pint's root units, and the exponents of those, of ``mS/cm^2``, ``mol m^-2 s^-1``, ``mol/(m^2 s)``."""
    clean, at = text.translate(_SUPERSCRIPTS).strip(), 0
    size, exponents = Fraction(1), dict[str, int]()
    below, group = False, False  # a denominator follows; within brackets
    if clean == "1":
        return size, ()
    while at < len(clean):
        found = _FACTOR.match(clean, at)
        if found is None or found.end() == at:
            raise _no_unit(text)
        sign, name, power, one, closes = found.groups()
        if sign == "/":
            if below and group:
                raise _no_unit(text)
            below = True
            if not name and not one:
                rest = clean[found.end() :]
                if not rest.startswith("("):
                    raise _no_unit(text)
                group, at = True, found.end() + 1
                continue
        elif sign == "(" or (not name and not one and not closes):
            raise _no_unit(text)
        if name:
            base, dimension = _named(name)
            n = int(power or 1) * (-1 if below else 1)
            size *= base**n
            for root, k in dimension:
                exponents[root] = exponents.get(root, 0) + n * k
        if closes:
            if not group:
                raise _no_unit(text)
            group = False
        below = below and group
        at = found.end()
    if group:
        raise _no_unit(text)
    return size, tuple(sorted((root, k) for root, k in exponents.items() if k))


def _no_unit(text: str) -> InputError:
    return InputError(f'"{text[:LONGEST]}" is no unit; write it like "mS/cm^2" or "mol m^-2 s^-1"')


@lru_cache(maxsize=512)
def _named(name: str) -> tuple[Fraction, Dimension]:
    pint = need("pint", to="read units")
    try:
        found = _registry().Quantity(1, name).to_root_units()
        exponents: Mapping[str, Any] = dict(found._units)
        whole = {root: int(k) for root, k in exponents.items()}
        if any(whole[root] != k for root, k in exponents.items()) or not found.magnitude:
            raise pint.UndefinedUnitError(name)
        return Fraction(found.magnitude), tuple(sorted(whole.items()))
    except Exception as error:  # pint has many ways to say no
        near = difflib.get_close_matches(name, _NAMES, n=1, cutoff=0.5)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        temperature = "; a temperature in degrees Celsius stands alone" if name in _CELSIUS else ""
        raise InputError(f"there is no unit {name!r}{hint}{temperature}") from error


@lru_cache(maxsize=1)
def _registry() -> Any:
    return need("pint", to="read units").UnitRegistry(non_int_type=Fraction)
