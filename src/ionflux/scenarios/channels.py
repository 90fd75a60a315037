"""Channels in files: what passes them, and their gates."""

from __future__ import annotations

from typing import Any

from ionflux.errors import InputError
from ionflux.mechanisms.channels import Channel
from ionflux.mechanisms.gates import Gate, Rate
from ionflux.mechanisms.synapses import Synapse
from .schema import SPECIAL, Context, Reader, describe, ion, mapping, number, plain_number, plain_numbers, sequence, text
from .units import written

#: units of the numbers of a gate; its Rates and what it is sampled over are bare numbers in SI
UNITS = {"alpha": "s^-1", "beta": "s^-1", "inf": "1", "tau": "s", "slaved": "1"}


def _course(part: str) -> Reader:
    """A number with its unit, a `Rate`, or for alpha and beta the name of a parameter of the channel."""
    one = number(f"Gate.{part}", UNITS[part])

    def read(value: Any, context: Context) -> Any:
        if isinstance(value, dict):
            return describe(value, Rate, context)
        if isinstance(value, str) and part in ("alpha", "beta") and value.isidentifier():
            return text(value, context)
        return one(value, context)

    return read


def _gates(value: Any, context: Context) -> list[Any]:
    return sequence(value, context, lambda v, c: describe(v, Gate, c))


def unwritten(thing: Any) -> tuple[str, ...]:
    """Fields that follow from others."""
    if not isinstance(thing, Synapse):
        return ()
    return ("gates", "permeates") if thing.between else ("gates",)


def part_of(thing: Any, name: str, value: Any, writer: Any) -> Any:
    """What stands in a file for a field of a channel or of a gate; None where nothing special does."""
    if isinstance(thing, Channel) and name == "permeates":
        return {writer._ion(ion): weight for ion, weight in value.items()}
    if isinstance(thing, Channel) and name == "gates":
        return [writer.tree(gate) for gate in value]
    if isinstance(thing, Channel) and name == "table" and value is not None:
        raise InputError(f"{thing.name}.table is a table of fluxes, which no scenario file can hold; save it by itself, table.save(path)")
    if isinstance(thing, Gate) and name in UNITS:
        if callable(value) and not isinstance(value, Rate):
            raise InputError(f"Gate({thing.name!r}).{name} = {value!r} is a function, which no file can hold; give a Rate or a number")
        if isinstance(value, float):
            return value if UNITS[name] == "1" else written(value, UNITS[name])
    return None


SPECIAL.update(
    {
        ("Channel", "permeates"): lambda v, c: {c.ions.get(key, key): x for key, x in mapping(v, c, lambda key: plain_number).items()},
        ("Channel", "gates"): _gates,
        ("Synapse", "between"): lambda v, c: sequence(v, c, ion),
        ("Gate", "between"): plain_numbers,
        ("Gate", "breaks"): plain_numbers,
        **{("Gate", part): _course(part) for part in UNITS},
    }
)
