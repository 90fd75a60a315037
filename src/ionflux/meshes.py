"""Graded meshes: smooth maps of each layer, so that halving every cell divides the error by four and extrapolation works."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from ._broadcast import Array
from .constants import FARADAY, VACUUM_PERMITTIVITY
from .errors import InputError
from .membranes import Layer
from .species import IonSpecies
from .stacks import Stack

#: cells of a layer without a double layer, on the coarsest mesh; one more for each factor of two in thickness over Debye length
_FEWEST = 4

#: how the layers of a membrane are graded, see `keys`
Key: TypeAlias = tuple[tuple[int, int, tuple[float, ...]], ...]


@dataclass(frozen=True)
class Mesh:
    """Cells from left to right. layer : (n,) of each cell; width : (n,) over that of its layer; at : (n + 1,) place in layers, i + s."""

    layer: np.ndarray
    width: Array
    at: Array

    def nodes(self, thickness: Array) -> Array:
        """Return x, (rows or 1, n + 1)."""
        ends = np.concatenate([np.zeros((1, thickness.shape[1])), np.cumsum(thickness, axis=0)])
        i = np.minimum(self.at.astype(int), len(thickness) - 1)
        return np.asarray((ends[i] + thickness[i] * (self.at - i)[:, None]).T)


def mesh_of(parts: list[Array]) -> Mesh:
    """Make a mesh from places s in 0 … 1 of each layer."""
    layer = np.repeat(np.arange(len(parts), dtype=np.intc), [len(p) - 1 for p in parts])
    at = np.concatenate([parts[0][:1], *(i + p[1:] for i, p in enumerate(parts))])
    return Mesh(layer, np.concatenate([np.diff(p) for p in parts]), at)


@lru_cache(maxsize=256)
def graded(key: Key, level: int) -> Mesh:
    """Return the mesh of a key, see `keys`, every cell halved `level` times."""
    mesh = mesh_of([_pieces(sides, fine, kinks, level) for sides, fine, kinks in key])
    for array in (mesh.layer, mesh.width, mesh.at):  # shared by all who ask for it
        array.flags.writeable = False
    return mesh


def _pieces(sides: int, fine: int, kinks: tuple[float, ...], level: int) -> Array:
    """s of the nodes of a layer. Between kinks the map is smooth, and on all levels a kink is a node."""
    n = _FEWEST + fine
    if not kinks:
        return _map(sides, fine, np.linspace(0.0, 1.0, (n << level) + 1))
    t = np.linspace(0.0, 1.0, 4097)
    ends = np.array([0.0, *kinks, 1.0])
    at = np.interp(ends, _map(sides, fine, t), t)
    parts = [np.zeros(1)]
    for (a, b), (left, right) in zip(itertools.pairwise(at), itertools.pairwise(ends), strict=True):
        s = _map(sides, fine, np.linspace(a, b, (max(1, round(n * (b - a))) << level) + 1))
        parts.append((left + (right - left) * (s - s[0]) / (s[-1] - s[0]))[1:])
    return np.concatenate(parts)


def _map(sides: int, fine: int, t: Array) -> Array:
    """s at t from 0 to 1. sides: 0 both ends are fine, −1 the left, +1 the right; fine: their cells are 3/2^fine of an even share."""
    slope = min(1.0, 3.0 * 0.5**fine)
    if slope > 0.95:
        return t
    if sides == 0:
        beta = _root(lambda b: 2 * b / np.sinh(2 * b), slope)
        s = 0.5 * (1.0 + np.tanh(beta * (2 * t - 1)) / np.tanh(beta))
    else:
        gamma = _root(lambda g: g / np.expm1(g), slope)
        s = np.expm1(gamma * t) / np.expm1(gamma) if sides < 0 else 1.0 - np.expm1(gamma * (1.0 - t)) / np.expm1(gamma)
    return np.asarray(np.where(t == 0.0, 0.0, np.where(t == 1.0, 1.0, s)))


def _root(falling: Any, value: float) -> float:
    lo, hi = 1e-3, 300.0
    for _ in range(80):
        middle = 0.5 * (lo + hi)
        lo, hi = (middle, hi) if falling(middle) > value else (lo, middle)
    return lo


class Interpolation:
    """From the nodes of a mesh to those of one with its cells halved, halved again: a polynomial (cubic) in the number of the node through
    the nearest so many points, within each layer.
    """

    def __init__(self, coarse: Mesh, fine: Mesh, points: int = 4) -> None:
        ratio = len(fine.width) // len(coarse.width)
        self.index, self.weight = np.zeros((points, len(fine.at)), dtype=int), np.zeros((points, len(fine.at)))
        for j in np.unique(coarse.layer):
            first, n = int(np.flatnonzero(coarse.layer == j)[0]), int(np.count_nonzero(coarse.layer == j))
            t, order = np.arange(n * ratio + 1) / ratio, min(points, n + 1)
            start = np.clip(np.floor(t).astype(int) + 1 - points // 2, 0, n + 1 - order)
            here = first * ratio + np.arange(len(t))
            for k in range(order):
                weight = np.ones(len(t))
                for m in range(order):
                    if m != k:
                        weight = weight * (t - start - m) / (k - m)
                self.index[k, here], self.weight[k, here] = first + start + k, weight

    def __call__(self, values: Array) -> Array:
        """Return values (..., coarse nodes) at the fine nodes; each row by itself, so that it does not depend on the others."""
        return np.asarray(sum(w * values[..., i] for i, w in zip(self.index, self.weight, strict=True)))


def keys(s: Stack, potentials: Array) -> list[Key]:
    """Return how each row wants its layers graded; potentials: (layers, rows or 1) of each layer in equilibrium, RT/F.

    Of each layer: which sides, how fine, see `_map`, and where energies given as arrays have their kinks.
    """
    layers = len(s.thickness)
    fine = np.zeros((layers, s.n), dtype=int)
    z2 = (s.z**2)[:, None]
    sigma = np.zeros((layers + 1, max(s.sigma.shape[1], 1)))
    if layers > 1:
        sigma[1:-1] = s.sigma
    for i in range(layers):
        eps = VACUUM_PERMITTIVITY * s.eps[i]
        c = np.maximum(s.left, s.right) * np.exp(np.clip(-s.z[:, None] * potentials[i], -50, 50)) * s.k[:, i]
        strength = np.sum(z2 * c, axis=0)
        # next to a surface charge there are more (Grahame), of ions with a charge
        surface = np.maximum(np.abs(sigma[i]), np.abs(sigma[i + 1]))
        strength = strength + surface**2 / (2 * eps * s.VT * FARADAY) * np.max(s.k[:, i] * (z2 > 0), axis=0)
        length = np.sqrt(eps * s.VT / (FARADAY * np.maximum(strength, 1e-30)))
        fine[i] = np.clip(np.ceil(np.log2(s.thickness[i] / length)), 0, 24).astype(int)
    sides = [0] * layers
    charged = np.any(s.X != 0, axis=1)
    if layers > 1:
        sides[0] = 0 if charged[0] else 1
        sides[-1] = 0 if charged[-1] else -1
    kinks = [kinks_of(layer, s.ions) for layer in s.membrane.layers]
    return [tuple(zip(sides, (int(f) for f in column), kinks, strict=True)) for column in fine.T]


def kinks_of(layer: Layer, ions: Sequence[IonSpecies]) -> tuple[float, ...]:
    """Return where energies given as arrays have their kinks, s."""
    if layer.energy is None:
        return ()
    given = [layer.energy.of(ion) for ion in ions]
    every = sorted({i / (len(energy) - 1) for energy in given if isinstance(energy, tuple) for i in range(1, len(energy) - 1)})
    return tuple(b for a, b in itertools.pairwise([0.0, *every]) if b - a > 1e-9)


def equilibria(s: Stack) -> Array:
    """Return a Donnan potential of each layer against the mean of the two solutions, (layers, rows or 1), RT/F.

    Exact for ions of |z| = 1; otherwise no more than a place to start from.
    """
    charge = np.abs(s.z)[:, None, None] * (0.5 * (s.left + s.right))[:, None, :] * s.k
    whole = charge[0]
    for part in charge[1:]:
        whole = whole + part
    return np.asarray(np.arcsinh(np.clip(s.X / np.maximum(whole, 1e-12 * np.abs(s.X) + 1e-300), -1e12, 1e12)))


def own(s: Stack, nodes: Any) -> Mesh:
    """The mesh that somebody asks for: so many cells in each layer, one number for all or one for each, or the places x themselves.

    Raises
    ------
    InputError
        The places do not begin and end with the membrane, or an interface is not among them.
    """
    layers = len(s.thickness)
    if isinstance(nodes, (int, np.integer)) and not isinstance(nodes, bool):
        nodes = [int(nodes)] * layers
    if np.shape(nodes) == (layers,) and np.asarray(nodes).dtype.kind in "iu":
        if min(nodes) < 2:
            raise InputError(f"nodes = {min(nodes)}: at least two cells in each layer")
        return mesh_of([np.linspace(0.0, 1.0, int(cells) + 1) for cells in nodes])
    x = np.ascontiguousarray(nodes, dtype=np.float64)
    if x.ndim != 1 or len(x) < 3 or not np.all(np.diff(x) > 0):
        raise InputError("nodes: give a whole number of cells in every layer, one for each layer, or a list of ascending places, m")
    if s.thickness.shape[1] > 1:
        raise InputError("nodes as places cannot be given where thicknesses vary; give a number")
    ends = np.concatenate([[0.0], np.cumsum(s.thickness[:, 0])])
    where = np.searchsorted(x, ends - 1e-9 * ends[-1])
    where = np.minimum(where, len(x) - 1)
    if np.any(np.abs(x[where] - ends) > 1e-9 * ends[-1]) or where[0] != 0 or where[-1] != len(x) - 1:
        raise InputError(f"nodes must begin at 0, end at {ends[-1]:g} m and hold every interface: {', '.join(f'{e:g}' for e in ends)} m")
    parts = []
    for i, (a, b) in enumerate(itertools.pairwise(where)):
        part = (x[a : b + 1] - ends[i]) / (ends[i + 1] - ends[i])
        part[0], part[-1] = 0.0, 1.0
        parts.append(part)
    return mesh_of(parts)
