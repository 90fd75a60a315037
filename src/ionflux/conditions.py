"""Ready-made schedules: what is done to cells, and what befalls them. Each is a mapping for `simulate` or `sweep`; join them with |."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .errors import InputError
from .schedules import pulse, step

if TYPE_CHECKING:
    from .cells import Cell
    from .schedules import Schedule

__all__ = ["hyperkalaemia", "ischaemia", "mitochondrial_deficit", "ouabain"]


def ouabain(cell: Cell, at: float = 0.0, until: float | None = None, *, block: float = 1.0) -> Mapping[str, Schedule]:
    """Block every Na⁺/K⁺-ATPase of the cell by the fraction `block` from `at` on, until washed out at `until` (s).

    Parameters
    ----------
    cell : Cell
        Whose pumps they are.
    at, until : float
        s; left out, it stays.
    block : float
        0 … 1.

    Raises
    ------
    InputError
        The cell has no such pump.

    Examples
    --------
    >>> from ionflux import preset
    >>> ouabain(preset("kay2017"), 60.0)
    {'NaKATPase.scale': step(60.0, factor=0.0)}
    """
    if not 0 <= block <= 1:
        raise InputError(f"ouabain: block = {block!r}; it is the fraction of the pumps that is blocked, 0 … 1")
    pumps = [m.name for m in cell.mechanisms if {ion.name: n for ion, n in m.moves.items()} == {"Na": -3, "K": 2}]
    if not pumps:
        raise InputError(f"ouabain: this cell has no Na/K pump, only {', '.join(cell.labels)}")
    return {f"{name}.scale": _course(at, until, 1.0 - block) for name in pumps}


def ischaemia(cell: Cell, at: float = 0.0, until: float | None = None) -> Mapping[str, Schedule]:
    """Stop the supply of ATP from `at` on, until reperfusion at `until` (s); in a cell without a pool of ATP, the pumps that use it.

    Parameters
    ----------
    cell : Cell
        What it has: an `ATPSupply`, or pumps alone.
    at, until : float
        s; left out, it stays.

    Raises
    ------
    InputError
        Nothing in the cell makes or uses ATP.

    Examples
    --------
    >>> from ionflux import preset
    >>> ischaemia(preset("kay2017"), 60.0, 360.0)
    {'NaKATPase.scale': pulse(60.0, 360.0, factor=0.0)}
    """
    return {name: _course(at, until, 0.0) for name in _powered(cell, "ischaemia")}


def mitochondrial_deficit(cell: Cell, left: float, at: float = 0.0, until: float | None = None) -> Mapping[str, Schedule]:
    """Let the supply of ATP fall to the fraction `left` from `at` on; see `ischaemia`.

    Examples
    --------
    >>> from ionflux import preset
    >>> mitochondrial_deficit(preset("kay2017"), 0.4)
    {'NaKATPase.scale': step(0.0, factor=0.4)}
    """
    if not 0 <= left <= 1:
        raise InputError(f"mitochondrial_deficit: left = {left!r}; it is the fraction of the supply that is left, 0 … 1")
    return {name: _course(at, until, left) for name in _powered(cell, "mitochondrial_deficit")}


def hyperkalaemia(K: float, at: float = 0.0, until: float | None = None) -> Mapping[str, Schedule]:
    """Let K⁺ in the bath be `K` (mol/m³) from `at` on, until `until` (s); of a bath that is infinite.

    Examples
    --------
    >>> hyperkalaemia(8.0, 60.0)
    {'bath.K': step(60.0, to=8.0)}
    """
    return {"bath.K": step(at, to=K) if until is None else pulse(at, until, to=K)}


def _course(at: float, until: float | None, factor: float) -> Schedule:
    return step(at, factor=factor) if until is None else pulse(at, until, factor=factor)


def _powered(cell: Cell, what: str) -> list[str]:
    """What makes ATP in the cell; where nothing does, what uses it."""
    made = [m.name for m in cell.mechanisms if m.uses.get("ATP", 0) < 0]
    used = [m.name for m in cell.mechanisms if m.uses.get("ATP", 0) > 0]
    if not made and not used:
        raise InputError(f"{what}: nothing in this cell makes or uses ATP, only {', '.join(cell.labels)}")
    return [f"{name}.scale" for name in made or used]
