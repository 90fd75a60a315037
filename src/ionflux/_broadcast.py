"""The door of the formulas: what a person passes becomes plain arrays in SI, arrays broadcast, and mistakes are named.

Numbers, lists, arrays of any layout, quantities of pint and astropy come in; a float comes out when nothing but numbers went in,
else an array. NaN passes through. A number outside its range is most likely a slip of units and raises, naming the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf, isnan, prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._dispatch import fields
from .constants import BODY_TEMPERATURE, FARADAY, GAS_CONSTANT
from .errors import InputError, ShapeError, UnitRangeError, UnknownNameError
from .fields import Parameter, bare, plain
from .sharing import number_of_threads, together
from .species import TEMPERATURE, IonSpecies

Array: TypeAlias = "NDArray[np.float64]"
Number: TypeAlias = "float | Array"

VOLTAGE = Parameter(0.0, "V", -25.0, 25.0, "membrane potential")
CONCENTRATION = Parameter(0.0, "mol m^-3", 0.0, 6e4, "concentration")
PERMEABILITY = Parameter(0.0, "m s^-1", 0.0, float(np.finfo(float).max), "permeability")
RATIO = Parameter(1.0, "1", 0.0, float(np.finfo(float).max), "ratio that is not negative")
#: a unit of "" takes any: quantities are converted to SI base units, and only their ratios matter
WEIGHT = Parameter(1.0, "", 0.0, float(np.finfo(float).max), "relative size that is not negative")
ANY = Parameter(0.0, "1", -inf, inf, "pure number")
#: made here from what was checked
REDUCED = ANY
#: elements from which on the place in memory and a thread of its own are worth while
_LONG = 65536
#: what the kernels refuse
_LIMITS = (CONCENTRATION.hi, VOLTAGE.hi)
_NO_LIMITS = (inf, inf)


class Given(NamedTuple):
    """One argument: its name in messages, what was passed, and what it may be."""

    name: str
    value: Any
    kind: Parameter


def number(given: Given) -> Number:
    """Return the argument as a float, or as an aligned float64 array of any layout, in SI; ranges are not looked at.

    Raises
    ------
    InputError
        It is text, or a quantity of another dimension, or cannot be a number.
    """
    name, value, kind = given
    if type(value) is float:
        return value
    if type(value) is np.ndarray and value.dtype == np.float64 and value.ndim:
        return value if value.flags.aligned and value.dtype.isnative else np.array(value, dtype=np.float64)
    if isinstance(value, (int, np.floating, np.integer)) and not isinstance(value, bool):
        return float(value)
    target = "" if kind.unit == "1" else kind.unit or None
    try:
        if isinstance(value, (list, tuple)) and any(hasattr(v, "m_as") or hasattr(v, "to_value") for v in value):
            value = [plain(v, kind.unit or None, name) for v in value]
        else:
            value = bare(value, target)
        array = np.asarray(value)
        if array.dtype == object:  # exact fractions and the like; None would silently become NaN
            array = np.array([float(v) for v in array.flat]).reshape(array.shape)
        if array.dtype.kind not in "fiu":
            raise TypeError(f"it is {'text' if array.dtype.kind in 'US' else 'of type ' + str(array.dtype)}")
        array = np.require(array, dtype=np.float64, requirements="A")
    except Exception as error:  # units packages raise their own classes, which must not be imported here
        wanted = f"a number in {kind.unit}" if target else "a pure number"
        raise InputError(f"{name} = {value!r} is not {wanted}: {error}") from error
    return float(array) if array.ndim == 0 else array


def checked(given: Given) -> Number:
    """Return the argument as `number` does; raise `UnitRangeError` where it is outside its range. NaN is let through."""
    value = number(given)
    kind = given.kind
    if isinstance(value, float):
        if not kind.lo <= value <= kind.hi and not isnan(value):
            refuse(given, value)
    elif np.any((value < kind.lo) | (value > kind.hi)):
        refuse(given, value)
    return value


def refuse(given: Given, value: Number) -> None:
    """Raise the error for an argument with elements outside its range: the first of them, and how many there are."""
    name, _, kind = given
    if isinstance(value, float) or value.ndim == 0:
        kind.check(name, float(value))
        return
    bad = (value < kind.lo) | (value > kind.hi)
    first = np.unravel_index(int(np.argmax(bad)), bad.shape)
    place = ", ".join(str(int(i)) for i in first)
    try:
        kind.check(f"{name}[{place}]", float(value[first]))
    except UnitRangeError as error:
        raise UnitRangeError(f"{error} ({int(np.count_nonzero(bad))} of {bad.size} elements are outside)") from None


def temperature(T: ArrayLike) -> Number:
    """Return T in kelvin, within 200 … 500 K."""
    return checked(Given("T", T, TEMPERATURE))


def thermal_voltage(T: ArrayLike = BODY_TEMPERATURE) -> Number:
    """RT/F, V."""
    return GAS_CONSTANT * temperature(T) / FARADAY


def valence(ion: IonSpecies | int) -> int:
    """Return the valence of an ion, which may also be given as such.

    Raises
    ------
    InputError
        It is neither an ion nor a whole number.
    """
    if isinstance(ion, IonSpecies):
        return ion.z
    if isinstance(ion, (int, np.integer)) and not isinstance(ion, bool) and abs(ion) <= 20:
        return int(ion)
    raise InputError(f"{ion!r} is no ion; write `from ionflux import K`, IonSpecies(name, z), or a valence")


class ByIon(Mapping[IonSpecies, Any]):
    """Results by ion; the name of an ion finds its own, too."""

    def __init__(self, values: Mapping[IonSpecies, Any]) -> None:
        self._by_name = {ion.name: (ion, value) for ion, value in values.items()}

    def __getitem__(self, ion: IonSpecies | str) -> Any:
        found = self._by_name.get(ion if isinstance(ion, str) else getattr(ion, "name", ""))
        if found is None or not (isinstance(ion, str) or ion == found[0]):
            raise UnknownNameError.among("there is no ion", getattr(ion, "name", ion), self._by_name)
        return found[1]

    def __iter__(self) -> Iterator[IonSpecies]:
        return (ion for ion, _ in self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{ion!r}: {value!r}" for ion, value in self.items()) + "}"


def of_ion(values: Mapping[Any, Any], ion: IonSpecies, name: str) -> Any:
    """Return what a mapping from ion (or the name of an ion) holds for one ion.

    Raises
    ------
    UnknownNameError
        It holds nothing for that ion.
    """
    for key in (ion, ion.name):
        try:
            return values[key]
        except KeyError:
            continue
    raise UnknownNameError.among(f"{name} has no", ion.name, [getattr(key, "name", key) for key in values])


def evaluate(
    kernel: str,
    arguments: Sequence[Given],
    *,
    parameters: tuple[float, ...] = (),
    k: int = 0,
    outputs: int = 1,
    out: Sequence[Array | None] = (None,),
    threads: int | None = None,
) -> Any:
    """Run a compiled formula over arguments that broadcast against each other.

    Parameters
    ----------
    kernel : str
        One of `_fields.KERNELS`; the order of the arguments is that of its inputs.
    parameters, k : tuple of float, int
        Constants of the kernel.
    outputs : int
        How many results it has.
    out : arrays or None, one for each result
        Where to write: float64, of the common shape, any layout. Written directly when its axes lie in memory as those of the arguments
        and it shares none with them, by a copy else.
    threads : int, optional
        Default 1.

    Returns
    -------
    float, array, or a tuple of them when `outputs` > 1

    Raises
    ------
    UnitRangeError
        An argument has an element outside its range.
    ShapeError
        The arguments do not broadcast, or one of `out` has another shape.
    """
    values = [number(given) for given in arguments]
    arrays = [value for value in values if not isinstance(value, float)]
    shape = _common(arguments, values, arrays)
    order = _order(arrays, shape)
    given_out = list(out) if len(out) == outputs else [None] * outputs
    results = tuple(_place(wanted, values, shape, order) for wanted in given_out)
    many = number_of_threads(threads)
    if not _ran(fields.Loop(kernel, values, _LIMITS, results, shape, order, parameters, k), many, results[0].size):
        for given in arguments:
            checked(given)
        # a false alarm: -0, or a NaN with a sign
        _ran(fields.Loop(kernel, values, _NO_LIMITS, results, shape, order, parameters, k), many, results[0].size)
    for wanted, result in zip(given_out, results, strict=True):
        if wanted is not None and wanted is not result:
            wanted[...] = result
    if not arrays and given_out[0] is None:
        final: tuple[Any, ...] = tuple(float(result) for result in results)
    else:
        final = tuple(result if wanted is None else wanted for wanted, result in zip(given_out, results, strict=True))
    return final[0] if outputs == 1 else final


def _common(arguments: Sequence[Given], values: Sequence[Number], arrays: Sequence[Array]) -> tuple[int, ...]:
    """The shape to which everything broadcasts."""
    shapes = {a.shape for a in arrays}
    if len(shapes) <= 1:
        return shapes.pop() if shapes else ()
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        shown = ", ".join(f"{given.name} {np.shape(value)}" for given, value in zip(arguments, values, strict=True) if np.ndim(value))
        raise ShapeError(f"these shapes do not broadcast: {shown}") from None


def _order(inputs: Sequence[Array], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes in the order in which memory is walked: that of the first array which has all of them, C order else."""
    axes = tuple(range(len(shape)))
    if len(shape) > 1:
        for a in inputs:
            if a.shape == shape and a.size > 1:
                return axes if a.flags.c_contiguous else tuple(sorted(axes, key=lambda i: -abs(a.strides[i])))
    return axes


def _empty(shape: tuple[int, ...], order: tuple[int, ...]) -> Array:
    """An array whose memory is walked in that order; a long one begins at a multiple of the widest register, which writes it faster."""
    lengths = [shape[i] for i in order]
    size = prod(lengths)
    if size < _LONG:
        array = np.empty(lengths)
    else:
        memory = np.empty(size + 7)
        start = -memory.ctypes.data // 8 % 8
        array = memory[start : start + size].reshape(lengths)
    return array if order == tuple(range(len(shape))) else array.transpose(np.argsort(order))


def _place(out: Array | None, values: list[Number], shape: tuple[int, ...], order: tuple[int, ...]) -> Array:
    """Where the loop writes: `out` itself where results can go into it one after the other, else an array of our own."""
    if out is None:
        return _empty(shape, order)
    if not isinstance(out, np.ndarray) or out.dtype != np.float64 or not out.flags.writeable:
        raise InputError("out must be a writeable array of float64")
    if out.shape != shape:
        raise ShapeError(f"out has the shape {out.shape}, the arguments have {shape}")
    flags = out.flags if len(shape) < 2 else out.transpose(order).flags
    walks = flags.c_contiguous and flags.aligned and out.dtype.isnative
    return out if walks and not fields.overlap(out, values) else _empty(shape, order)


def _ran(loop: fields.Loop, threads: int, size: int) -> bool:
    """Share the chunks among threads, a short array not being worth one; False when the loop saw something to be looked into."""
    together(loop.work, min(threads, 1 + size // _LONG))
    return not loop.refused
