"""Published models, one file each, every value with its unit and its source."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ionflux.cells import Cell
from ionflux.errors import UnknownNameError
from ionflux.fields import plain

_NAMES = ("kay2017", "dusterwald2018", "hoppensteadt_peskin")


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
        every value with its unit and source.

    Raises
    ------
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
    cell: Cell = module.cell()
    table: Mapping[str, Symbol] = module.SYMBOLS
    changes: dict[str, Any] = {}
    for key, value in symbols.items():
        if key in table:
            symbol = table[key]
            changes[symbol.name] = value if symbol.divisor == 1.0 else plain(value, None, key) / symbol.divisor
        elif key in cell.parameters() or ".with_" in key:
            changes[key] = value
        else:
            raise UnknownNameError.among(f"{name} has no symbol or dotted name", key, [*table, *cell.parameters()])
    return cell.replace(changes)
