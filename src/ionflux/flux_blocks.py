"""A table of fluxes as one block of numbers, the form in which compiled code reads it.

What each number means is said where it is read, in ``include/ionflux_flux_table.h``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ._broadcast import Array
from .constants import FARADAY, GAS_CONSTANT
from .flux_axes import Axis, parts
from .piecewise import DEGREE
from .species import IonSpecies

#: "IFXT", and the version of the layout
MAGIC, VERSION = 1229346900.0, 1.0
_HEAD, _ION, _AXIS = 16, 8, 12
#: two axes are multiplied out where that takes no more numbers than this
_MERGED = 1 << 17


def pack(
    axes: Sequence[Axis],
    cores: Mapping[IonSpecies, tuple[NDArray[np.intp], ...]],
    left: Mapping[IonSpecies, float],
    right: Mapping[IonSpecies, float],
    *,
    T: float,
    tol: float,
    error: float,
) -> Array:
    """The block of a table, (n,), read-only."""
    ions, n, d = tuple(cores), len(cores), len(axes)
    links = np.zeros((n, d, 2))
    links[:, :, 1] = [[len(core) for core in cores[ion]] or [0] * d for ion in ions]
    cells = int(np.prod([axis.coefficients.shape[1] for axis in axes])) * (DEGREE + 1) ** d * n
    merged = d == 2 and cells <= _MERGED
    written = [_products(axes, cores, links)] if merged else [_pieces(i, axis, cores, links) for i, axis in enumerate(axes)]
    head, told, of_axes = np.zeros(_HEAD), np.zeros((n, _ION)), np.zeros((d, _AXIS))
    first = head.size + told.size + of_axes.size + links.size
    for i, axis in enumerate(axes):
        lo, hi = axis.span
        pieces = axis.coefficients.shape[1]
        side, ion, partner = -1, -1, -1
        if i > 0:
            name, own, other = parts(axis.name, ions)
            side, ion, partner = int(name == "right"), ions.index(own), -1 if other is None else ions.index(other)
        inner = merged and i == 1  # its pieces are parts of those of the first
        width = written[0].shape[-1] if inner else written[i].size // pieces
        at = 0 if inner else first + sum(block.size for block in written[:i])
        of_axes[i, :11] = [axis.lo, axis.hi, axis.log, lo, pieces / (hi - lo), pieces, width, at, side, ion, partner]
    for row, species in zip(told, ions, strict=True):
        text = species.name.encode()[:24].ljust(24, b"\0")
        row[:7] = [species.z, left[species], right[species], *(int.from_bytes(text[i : i + 6], "big") for i in range(0, 24, 6))]
    length = first + sum(block.size for block in written)
    head[:11] = [MAGIC, VERSION, length, n, d, FARADAY / (GAS_CONSTANT * T), FARADAY, T, tol, error, merged]
    block = np.concatenate([np.ravel(part) for part in (head, told, of_axes, links, *written)])
    block.setflags(write=False)
    return block


def _products(axes: Sequence[Axis], cores: Mapping[IonSpecies, tuple[NDArray[np.intp], ...]], links: Array) -> Array:
    """Of two axes: (pieces, pieces, ions × powers of the second × powers of the first)."""
    found: list[Array] = []
    for i, own in enumerate(cores.values()):
        if own:
            links[i, 0, 0] = len(found) * (DEGREE + 1) ** 2
            f, g = axes[0].coefficients[own[0][0]], axes[1].coefficients[own[1][:, 0]]
            found.append(np.einsum("akp,alq->klqp", f, g))
    return np.stack(found, axis=2).reshape(*found[0].shape[:2], -1)


def _pieces(i: int, axis: Axis, cores: Mapping[IonSpecies, tuple[NDArray[np.intp], ...]], links: Array) -> Array:
    """Of one of several axes: (pieces, coefficients)."""
    pieces, width, found = axis.coefficients.shape[1], 0, []
    for row, own in zip(links, cores.values(), strict=True):
        if own:
            c = axis.coefficients[own[i]]  # (rows, columns, pieces, powers)
            c = c if i == 0 else np.concatenate([c, np.zeros((len(c) % 2, *c.shape[1:]))])
            found.append(c.transpose((2, 0, 1, 3) if i == 0 else (2, 1, 3, 0)).reshape(pieces, -1))
            row[i, 0], width = width, width + found[-1].shape[1]
    return np.concatenate(found, axis=1)
