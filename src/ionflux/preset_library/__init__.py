"""Published models, one file each, every value with its unit and its source."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ionflux.baths import unjudged
from ionflux.cells import Cell
from ionflux.errors import InputError, UnknownNameError
from ionflux.fields import plain

_NAMES = (
    "kay2017",
    "dusterwald2018",
    "hoppensteadt_peskin",
    "hodgkin_huxley1952",
    "dijkstra2016",
    "hubel2014",
    "barreto_cressman2011",
    "reference_neuron",
)


@dataclass(frozen=True)
class Symbol:
    """What a symbol of a paper is here: its dotted name, and what the paper's quantity (in SI) is to be divided by."""

    name: str
    divisor: float = 1.0


def presets() -> tuple[str, ...]:
    """Return the names of the published models."""
    return _NAMES


def preset(name: str, **symbols: Any) -> Cell:
    """Return a published model as a cell.

    Parameters
    ----------
    name : str
        One of `presets`.
    **symbols : float
        Other values by the paper's own symbols in SI (a Python keyword gains an underscore: ``lambda_``), or by dotted name:
        ``preset("kay2017", P=0.002, **{"impermeant.z": -1.5})``. `Cell.symbols` maps the symbols to dotted names; `Cell.parameters` has
        every value with its unit and source. Some models come in variants, chosen by a word: ``buffer="glia"``.

    Raises
    ------
    InputError
        A variant that there is not.
    UnknownNameError
        No such model, or no such symbol; the message lists what there is.

    Examples
    --------
    >>> preset("dusterwald2018", g_KCC2=0.1).parameters()["KCC2.g"].value
    0.1
    """
    if name not in _NAMES:
        raise UnknownNameError.among("there is no preset", name, _NAMES)
    module = importlib.import_module(f"{__name__}.{name}")
    choices: Mapping[str, tuple[Any, ...]] = getattr(module, "OPTIONS", {})
    options = {key: _choice(name, key, symbols.pop(key), choices[key]) for key in choices if key in symbols}
    cell: Cell = module.cell(**options)
    table: Mapping[str, Symbol] = module.SYMBOLS
    together: Mapping[str, Callable[[Cell, float], dict[str, float]]] = getattr(module, "TOGETHER", {})
    changes: dict[str, Any] = {}
    known = cell.parameters()
    for key, value in symbols.items():
        if key in table and table[key].name in known:
            symbol = table[key]
            changes[symbol.name] = value if symbol.divisor == 1.0 else plain(value, None, key) / symbol.divisor
        elif key in together:
            continue
        elif key in known or ".with_" in key:
            changes[key] = value
        else:
            own = [symbol for symbol, s in table.items() if s.name in known]
            raise UnknownNameError.among(f"{name} has no symbol or dotted name", key, [*choices, *own, *together, *known])
    cell = cell.replace(changes)
    for key in together:
        if key in symbols:
            with unjudged():  # what a paper's solution lacks in charge is the paper's
                cell = cell.replace(together[key](cell, plain(symbols[key], None, key)))
    return cell


def _choice(name: str, key: str, value: Any, choices: tuple[Any, ...]) -> Any:
    if value not in choices:
        raise InputError(f"{name}: {key} = {value!r}; it is {' or '.join(map(repr, choices))}")
    return value
