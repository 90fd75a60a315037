"""What every description is made of: frozen objects whose fields know their unit, their plausible range and their source.

A class of descriptions::

    @described
    class Film(Described):
        thickness: float = param("m", lo=1e-10, hi=1e-2, doc="thickness")
        eps_r: float = param("1", 2.0, lo=1, hi=200, doc="relative permittivity")

gets checking (``Film(thickness=5)`` says what to write instead), quantities of pint and astropy at the door, value ``==`` and ``hash``, an
evaluable ``repr``, ``_repr_html_``, ``copy`` and ``pickle``. The ranges are guards against slips of units, not physiology.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, Self, TypeVar, dataclass_transform

from .errors import InputError, UnitRangeError, UnknownNameError

T = TypeVar("T")

#: what to multiply a bare number with, by the unit of the field; the first that brings the number into range is proposed
_MULTIPLIERS = {
    "V": ("mV", "uV"),
    "m": ("um", "nm", "angstrom"),
    "m^2": ("um2", "cm2"),
    "m^3": ("pL", "um3", "fL", "nL"),
    "s": ("ms", "us"),
    "F m^-2": ("uF_per_cm2",),
    "S m^-2": ("mS_per_cm2", "uS_per_cm2", "pS_per_um2"),
    "A": ("pA", "nA"),
    "A m^-2": ("uA_per_cm2", "nA_per_cm2"),
    "m s^-1": ("cm_per_s", "um_per_s", "nm_per_s"),
    "m^2 s^-1": ("cm2_per_s",),
    "mol m^-3": ("uM", "nM"),
    "mol m^-2 s^-1": ("nmol_per_cm2_s", "pmol_per_cm2_s"),
}


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One number of a model, with what is known about it.

    Parameters
    ----------
    value : float
        In `unit`.
    unit : str
        SI, written ``"mol m^-2 s^-1"``; ``"1"`` for a pure number.
    lo, hi : float
        The plausible range, both ends included. A guard against slips of units.
    doc : str
        What it is.
    source : str or None
        Where the value comes from.
    """

    value: float
    unit: str
    lo: float
    hi: float
    doc: str
    source: str | None = None

    def check(self, name: str, value: object) -> float:
        """Return `value` as a float in the unit of this parameter; raise `UnitRangeError` naming `name` where it does not fit."""
        return _check(name, value, self.unit, self.lo, self.hi)


REQUIRED: Any = dataclasses.MISSING


def param(
    unit: str,
    default: Any = REQUIRED,
    *,
    lo: float,
    hi: float,
    doc: str,
    source: str | None = None,
    hint: Callable[[float], str] | None = None,
) -> Any:
    """Declare a number of a description.

    Parameters
    ----------
    unit : str
        SI unit, ``"1"`` for a pure number.
    default : float or None, optional
        Left out, the field must be given. With None the field may stay open.
    lo, hi : float
        Plausible range, both ends included.
    doc : str
        What it is, in a few words.
    source : str, optional
        Where the default comes from.
    hint : callable, optional
        From a value outside the range to the sentence that says what to write. Without it a multiplier of the unit is proposed.
    """
    return dataclasses.field(default=default, kw_only=True, metadata=about(unit, lo=lo, hi=hi, doc=doc, source=source, hint=hint))


def about(
    unit: str, *, lo: float, hi: float, doc: str, source: str | None = None, hint: Callable[[float], str] | None = None
) -> dict[str, Any]:
    """Return what `param` attaches to a field, for fields that are declared in another way (positional ones)."""
    return {"unit": unit, "lo": lo, "hi": hi, "doc": doc, "source": source, "hint": hint}


def bare(value: Any, unit: str | None) -> Any:
    """Return a quantity with the interface of pint or astropy as what it is in `unit` (None: its own SI base units); others as they are."""
    if hasattr(value, "m_as"):  # pint
        return value.to_base_units().magnitude if unit is None else value.m_as(unit)
    if hasattr(value, "to_value"):  # astropy
        return value.si.value if unit is None else value.to_value(unit)
    return value


def plain(value: Any, unit: str | None, name: str) -> float:
    """Return a number, or a quantity with the interface of pint or astropy, as a plain float.

    Parameters
    ----------
    value : float or quantity
        A bare number is taken to be in `unit`.
    unit : str or None
        The SI unit to convert to; None takes the quantity's own SI base units.
    name : str
        For the message.

    Raises
    ------
    InputError
        When it is text, no number, or a quantity of another dimension.
    """
    if type(value) is float:
        return value
    target = "" if unit == "1" else unit
    try:
        if isinstance(value, (str, bytes, bool)):
            raise TypeError(f"it is a {type(value).__name__}")
        value = bare(value, target)
        return float(value)
    except Exception as error:  # units packages raise their own classes, which must not be imported here
        wanted = "a number" if unit is None else f"a number in {unit}" if unit != "1" else "a pure number"
        raise InputError(f"{name} = {value!r} is not {wanted}: {error}") from error


def check_name(name: object, what: str) -> str:
    """Return `name`; raise `InputError` unless it can stand between the dots of a dotted name."""
    if not isinstance(name, str) or not name or any(c in ".,:<>=[]()'\"" or c.isspace() for c in name):
        raise InputError(f"{what} {name!r}: a name is text without spaces, dots, brackets or comparison signs")
    return name


def _check(name: str, value: object, unit: str, lo: float, hi: float, hint: Callable[[float], str] | None = None) -> float:
    number = plain(value, unit, name)
    if lo <= number <= hi:
        return number
    shown = f"{number:g}" if unit == "1" else f"{number:g} {unit}"
    if not isfinite(number):
        raise UnitRangeError(f"{name} = {shown} is not a finite number")
    advice = hint(number) if hint is not None else _advice(number, unit, lo, hi)
    span = f"{lo:g} … {hi:g}" if unit == "1" else f"{lo:g} … {hi:g} {unit}"
    raise UnitRangeError(f"{name} = {shown} is outside {span}{'; ' + advice if advice else ''}")


def _advice(number: float, unit: str, lo: float, hi: float) -> str:
    """What to write instead, where a multiplier brings the number into its range."""
    if unit == "K" and lo <= (kelvin := number + 273.15) <= hi:
        return f"write celsius({number:g}) for {number:g} degrees Celsius ({kelvin:g} K)"
    from . import units  # only a mistake needs them

    for multiplier in _MULTIPLIERS.get(unit, ()):
        if lo <= number * getattr(units, multiplier) <= hi:
            return f"write {number:g}*{multiplier} (ionflux.units) if that is what is meant"
    return ""


@dataclass_transform(frozen_default=True, eq_default=False, kw_only_default=True, field_specifiers=(dataclasses.field,))
def described(cls: type[T]) -> type[T]:
    """Make a class of descriptions: a frozen dataclass with keyword-only fields whose ==, hash and repr come from `Described`."""
    return dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)(cls)


@described
class Described:
    """Base of every description. Subclasses are decorated with `described` (mechanisms with `mechanism`)."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuse unknown keywords with the nearest name; dataclasses would only say that it is unexpected."""
        if unknown := kwargs.keys() - (known := {f.name: None for f in dataclasses.fields(cls)}).keys():
            raise UnknownNameError.among(f"{cls.__name__} takes no argument", min(unknown), known)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            meta = f.metadata
            value = getattr(self, f.name)
            if "unit" in meta and not (value is None and f.default is None):
                if value is None:
                    remedy = "it must be given" if f.default is REQUIRED else f"leave it out for {f.default!r}"
                    unit = "a pure number" if meta["unit"] == "1" else f"a number in {meta['unit']}"
                    raise InputError(f"{type(self).__name__}.{f.name} = None is not {unit}; {remedy}")
                number = _check(f"{type(self).__name__}.{f.name}", value, meta["unit"], meta["lo"], meta["hi"], meta["hint"])
                object.__setattr__(self, f.name, number)

    def parameters(self) -> dict[str, Parameter]:
        """Return the numbers of this description by field name; those left open are absent."""
        return dict(_numbers(self))

    @property
    def _cache(self) -> dict[Any, Any]:
        """A place for what was derived from this object; no part of ==, hash, repr, copy or pickle."""
        cache: dict[Any, Any] = self.__dict__.setdefault("_derived", {})
        return cache

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, f.name) for f in dataclasses.fields(self) if f.compare)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Described) or type(self) is not type(other):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self).__qualname__, self._values()))

    def __repr__(self) -> str:
        bare, named = [], []
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if not f.repr or value == f.default:
                continue
            if f.kw_only or f.default is not REQUIRED:
                named.append(f"{f.name}={value!r}")
            else:
                bare.append(repr(value))
        return f"{type(self).__name__}({', '.join(bare + named)})"

    def _repr_html_(self) -> str:
        from html import escape

        def row(name: str, p: Parameter) -> str:
            unit = "" if p.unit == "1" else p.unit
            cells = (name, f"{p.value:.6g} {unit}", p.doc, p.source or "")
            return "<tr>" + "".join(f"<td>{escape(c)}</td>" for c in cells) + "</tr>"

        rows = "".join(row(name, p) for name, p in self.parameters().items())
        return f"<table><caption>{escape(type(self).__name__)}</caption>{rows}</table>"

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: self.__dict__[f.name] for f in dataclasses.fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def _numbers(described: Described) -> Iterator[tuple[str, Parameter]]:
    for f in dataclasses.fields(described):
        meta = f.metadata
        if "unit" in meta and (value := getattr(described, f.name)) is not None:
            source = meta["source"] if value == f.default else None
            yield f.name, Parameter(value, meta["unit"], meta["lo"], meta["hi"], meta["doc"], source)
