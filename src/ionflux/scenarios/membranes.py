"""Layers and membranes in files: what each ion finds in a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ionflux.errors import InputError
from ionflux.landscapes import PerIon
from ionflux.membranes import DIFFUSIVITY, ENERGY, PARTITION, SURFACE_CHARGE, Layer
from ionflux.species import IonSpecies
from .schema import SPECIAL, Context, describe, mapping, number, numbers, sequence
from .units import written

#: the key of every ion that is not named
OTHERS = "others"
KINDS = {"D": DIFFUSIVITY, "partition": PARTITION, "energy": ENERGY}


def _reader(name: str) -> Any:
    kind = KINDS[name]
    one = number(f"Layer.{name}", kind.unit, kind.lo, kind.hi)

    def landscape(value: Any, context: Context) -> Any:
        return sequence(value, context, one) if name == "energy" and isinstance(value, list) else one(value, context)

    def read(value: Any, context: Context) -> Any:
        if not isinstance(value, dict):
            return landscape(value, context)
        found = mapping(value, context, lambda key: landscape)
        return {None if key == OTHERS else context.ions.get(key, key): x for key, x in found.items()}

    return read


def per_ion(what: str, name: str, values: PerIon, note: Any) -> Any:
    """What stands in a file for what a layer has for each ion; `note` tells the writer of an ion and gives its name."""

    def text(value: Any) -> Any:
        if callable(value):
            raise InputError(f"{what} = {value!r} is a function, which cannot be written to a file; give numbers")
        if isinstance(value, tuple):
            return list(value)
        return value if KINDS[name].unit == "1" else written(value, KINDS[name].unit)

    if list(values) == [None]:
        return text(values[None])
    found: dict[str, Any] = {}
    for key, value in values.items():
        found[OTHERS if key is None else note(key) if isinstance(key, IonSpecies) else key] = text(value)
    return found


def _layers(value: Any, context: Context) -> list[Any]:
    return sequence(value, context, lambda v, c: describe(v, Layer, c))


_READERS: Mapping[tuple[str, str], Any] = {
    **{("Layer", name): _reader(name) for name in KINDS},
    ("Membrane1D", "layers"): _layers,
    ("Membrane1D", "surface_charge"): numbers(
        number("Membrane1D.surface_charge", SURFACE_CHARGE.unit, SURFACE_CHARGE.lo, SURFACE_CHARGE.hi), SURFACE_CHARGE.unit
    ),
}
SPECIAL.update(_READERS)
