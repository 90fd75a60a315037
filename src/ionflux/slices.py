"""A membrane in cells on which the energy of each ion is linear, or made so: what a quadrature of e^ψ/D needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._broadcast import Array
from .electrochem import bernoulli
from .errors import InputError
from .stacks import NOTHING, Stack

#: cells of a layer where nobody asks for certain places
CELLS = 50
GAUSS, WEIGHTS = np.polynomial.legendre.leggauss(8)
GAUSS, WEIGHTS = 0.5 * (1.0 + GAUSS), 0.5 * WEIGHTS
#: integrals from 0 to each Gauss point of what is given at all of them
_UP_TO = np.linalg.solve(np.vander(GAUSS, 8, increasing=True).T, np.array([GAUSS ** (p + 1) / (p + 1) for p in range(8)])).T


@dataclass
class Cells:
    """n places, n − 1 cells between them; one of length zero at each interface.

    x (rows or 1, n), phi (rows or 1, n); by ion: rise (ions, rows or 1, n − 1) of w − ∫v/D in each cell, resistance h D0/D the same,
    mean (ions, rows or 1, n − 1): where in a cell the resistance sits, NaN where ψ is linear; g (rows or 1, n): φ/V, None without V
    """

    s: Stack
    x: Array
    phi: Array
    g: Array | None
    rise: Array
    resistance: Array
    mean: Array
    D0: Array
    layer: np.ndarray
    smooth: bool

    def d(self) -> Array:
        """Rise of ψ in each cell, (ions, rows, n − 1)."""
        du = np.diff(self.phi, axis=-1) / self.s.VT[:, None]
        return np.asarray(self.s.z[:, None, None] * du + self.rise)

    def totals(self) -> Array:
        """∫ e^{ψ − max ψ} D0/D dx, (ions, rows)."""
        d = self.d()
        psi = np.concatenate([np.zeros((*d.shape[:2], 1)), np.cumsum(d, axis=-1)], axis=-1)
        top = np.max(psi, axis=-1, keepdims=True)
        with np.errstate(under="ignore"):
            whole = np.sum(self.resistance * np.exp(psi[..., :-1] - top) / np.maximum(bernoulli(d), 1e-300), axis=-1)
        return np.asarray(np.broadcast_to(whole, (len(self.s.ions), self.s.n)))


class Problem:
    """What stays the same when the panels become finer."""

    def __init__(self, s: Stack, x: Array | None, values: Array | None, field: Any, drift: Array) -> None:
        self.s, self.values, self.field, self.drift = s, values, field, drift
        self.ends = np.concatenate([np.zeros((1, s.thickness.shape[1])), np.cumsum(s.thickness, axis=0)])
        if x is None and values is not None:
            x = np.linspace(0.0, float(self.ends[-1, 0]), values.shape[-1])
        self.given = x
        self.x: Array | None = None
        if x is not None:
            if self.ends.shape[1] > 1:
                raise InputError("x cannot be given where thicknesses vary: leave it out, results then have places of their own")
            length = float(self.ends[-1, 0])
            if x[0] < -1e-9 * length or x[-1] > length * (1 + 1e-9):
                raise InputError(f"x reaches from {x[0]:g} to {x[-1]:g} m, the membrane from 0 to {length:g} m")
            if values is not None and (x[0] > 1e-9 * length or x[-1] < length * (1 - 1e-9)):
                raise InputError(f"the potential must be given from 0 to {length:g} m; x reaches from {x[0]:g} to {x[-1]:g} m")
            x = np.clip(x, 0.0, length)
            ends = self.ends[:, 0]
            near = np.abs(x[:, None] - ends) <= 1e-12 * length  # an interface up to rounding
            self.x = np.where(np.any(near, axis=1), ends[np.argmax(near, axis=1)], x)

    def discretise(self, panels: int) -> Cells:
        """Make the cells: places asked for, kinks of energies, panels where something is a function."""
        s, layers = self.s, self.s.membrane.layers
        parts, smooth = [], False
        functions = [[_functions(s, i, ion, self.field) for ion in s.ions] for i in range(len(layers))]
        for i, layer in enumerate(layers):
            nodes = {0.0, 1.0}
            if any(any(f) for f in functions[i]):
                smooth = True
                nodes |= set(np.linspace(0.0, 1.0, panels + 1))
            for energy in [layer.energy.of(ion) for ion in s.ions] if layer.energy is not None else []:
                if isinstance(energy, tuple):
                    nodes |= set(np.linspace(0.0, 1.0, len(energy)))
            if self.x is None:
                nodes |= set(np.linspace(0.0, 1.0, CELLS + 1))
            else:
                lo, hi = self.ends[i, 0], self.ends[i + 1, 0]
                nodes |= set((self.x[(self.x > lo) & (self.x < hi)] - lo) / (hi - lo))
            parts.append(np.array(sorted(nodes)))
        layer_of = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
        at = np.concatenate(parts)
        x = (self.ends[:-1].T[:, layer_of] + s.thickness.T[:, layer_of] * at) if len(parts) else at
        if self.x is not None and len(layers) == 1 and len(at) == len(self.x):
            x = self.x[None, :]
        phi, g = self._potential(x, at, layer_of)
        by_ion = [self._ion(i, parts, functions, phi, x) for i in range(len(s.ions))]
        rise, resistance, mean = (_together([row[j] for row in by_ion]) for j in range(3))
        return Cells(s, x, phi, g, rise, resistance, mean, s.D[:, 0, :], layer_of, smooth)

    def _potential(self, x: Array, at: Array, layer_of: np.ndarray) -> tuple[Array, Array | None]:
        s = self.s
        if self.field is not None:
            return np.atleast_2d(called("potential", self.field, x)), None
        if self.values is not None:
            assert self.x is not None
            values = self.values.reshape(-1, self.values.shape[-1]) if self.values.shape[:-1] in ((), s.shape) else None
            if values is None:
                values = np.broadcast_to(self.values, (*s.shape, self.values.shape[-1])).reshape(s.n, -1)
            if x.shape[1] == len(self.x) and np.array_equal(x[0], self.x):
                return np.ascontiguousarray(values), None
            cell = np.clip(np.searchsorted(self.x, x[0], side="right") - 1, 0, len(self.x) - 2)
            t = (x[0] - self.x[cell]) / np.maximum(self.x[cell + 1] - self.x[cell], 1e-300)
            return np.ascontiguousarray(values[:, cell] * (1.0 - t) + values[:, cell + 1] * t), None
        assert s.V is not None
        share_ = s.thickness / s.eps
        share_ = share_ / np.sum(share_, axis=0)
        start = 1.0 - np.concatenate([np.zeros((1, share_.shape[1])), np.cumsum(share_, axis=0)])
        g = start[:-1].T[:, layer_of] - share_.T[:, layer_of] * at
        if len(share_) == 1:
            g = (1.0 - at)[None, :]
        g[:, 0], g[:, -1] = 1.0, 0.0
        return s.V[:, None] * g, g

    def _ion(self, i: int, parts: list[Array], functions: Any, phi: Array, x: Array) -> tuple[Array, Array, Array]:
        """Rise of w − ∫v/D, resistance and mean place of one ion in each cell, (rows or 1, n − 1)."""
        s, ion = self.s, self.s.ions[i]
        rises, resistances, means, before, first = [], [], [], None, 0
        for j, (nodes, layer) in enumerate(zip(parts, s.membrane.layers, strict=True)):
            h = s.thickness[j][:, None] * np.diff(nodes)
            energy = None if layer.energy is None else layer.energy.of(ion)
            w = energy_at(energy, nodes) - np.log(s.k[i, j])[:, None]
            if before is not None:
                jump = w[:, :1] - before
                rises.append(jump)
                resistances.append(np.zeros((1, 1)))
                means.append(np.full((1, 1), np.nan))
            before = w[:, -1:]
            ratio = (s.D[i, 0] / s.D[i, j])[:, None]
            drift = -(self.drift / s.D[i, j])[:, None]
            if not any(functions[j][i]):
                rises.append(np.diff(energy_at(energy, nodes))[None, :] + drift * h)
                resistances.append(h * ratio)
                means.append(np.full((1, len(nodes) - 1), np.nan))
            else:
                u = phi[:, first : first + len(nodes)] / s.VT[:, None]
                rises_, resistance, mean = self._panels(i, j, nodes, h, drift, u, x[:, first : first + len(nodes)], functions[j][i])
                rises.append(rises_)
                resistances.append(resistance * ratio)
                means.append(mean)
            first += len(nodes)
        return _beside(rises), _beside(resistances), _beside(means)

    def _panels(
        self, i: int, j: int, nodes: Array, h: Array, drift: Array, u: Array, x: Array, functions: tuple[Any, Any, Any]
    ) -> tuple[Array, Array, Array]:
        """Cells of one layer where something is a function: ∫ e^{ψ − ψ_a}/D by Gauss, as the resistance that gives it with ψ linear."""
        s = self.s
        mobility, _, field = functions
        at = nodes[:-1, None] + np.diff(nodes)[:, None] * GAUSS
        inverse = np.ones_like(at) if mobility is None else 1.0 / np.maximum(called("D", mobility, at), NOTHING)
        if np.any(inverse < 0):
            raise InputError(f"layers.{j}.D of {s.ions[i].name}: the function gives negative diffusivities")
        layer = s.membrane.layers[j]
        given = None if layer.energy is None else layer.energy.of(s.ions[i])
        w, w_nodes = (energy_at(given, at), energy_at(given, nodes)) if given is not None else (0.0 * at, 0.0 * nodes)
        if field is None:
            inside = u[:, :-1, None] * (1.0 - GAUSS) + u[:, 1:, None] * GAUSS
        else:
            where = x[:, :-1, None] + np.diff(x)[:, :, None] * GAUSS
            inside = np.asarray(called("potential", field, where)) / s.VT[:, None, None]
        dragged = drift[:, :, None] * h[:, :, None] * (inverse @ _UP_TO.T)
        swept = drift * h * (inverse @ WEIGHTS)
        z = s.z[i]
        local = z * (inside - u[:, :-1, None]) + (w - w_nodes[:-1, None]) + dragged
        rise = np.diff(w_nodes) + swept
        d = z * np.diff(u, axis=-1) + rise
        # both divided by what e^ψ is at the higher end
        high = np.maximum(d, 0.0)
        parts = WEIGHTS * np.exp(local - high[..., None]) * inverse
        whole = np.sum(parts, axis=-1)
        scale = np.where(d > 0, bernoulli(-d), bernoulli(d))  # B(d) e^{d} = B(-d)
        return rise, h * whole * scale, np.sum(parts * GAUSS, axis=-1) / whole


def _functions(s: Stack, i: int, ion: Any, field: Any) -> tuple[Any, Any, Any]:
    """What an ion finds in a layer as functions: D(s), energy(s), φ(x); None where it is not one."""
    layer = s.membrane.layers[i]
    mobility, energy = (None if given is None else given.of(ion) for given in (layer.D, layer.energy))
    as_number = f"layers.{i}.D.{ion.name}" in s.varied
    return mobility if callable(mobility) and not as_number else None, energy if callable(energy) else None, field


def energy_at(given: Any, at: Array) -> Array:
    """Return the energy of a layer at places s, RT."""
    if given is None:
        return np.zeros(at.shape)
    if callable(given):
        return called("energy", given, at)
    if isinstance(given, tuple):
        return np.interp(at, np.linspace(0.0, 1.0, len(given)), given)
    return np.full(at.shape, float(given))


def called(name: str, function: Any, at: Array) -> Array:
    """The values of somebody's function; one that takes numbers only is called place by place."""
    try:
        values = np.asarray(function(at), dtype=np.float64)
        if values.shape != at.shape:
            values = np.broadcast_to(values, at.shape) if values.ndim == 0 else np.vectorize(function, otypes=[float])(at)
    except TypeError:
        values = np.vectorize(function, otypes=[float])(at)
    if not np.all(np.isfinite(values)):
        raise InputError(f"{name}: the function gives values that are not finite")
    return np.asarray(values, dtype=np.float64)


def _beside(parts: Sequence[Array]) -> Array:
    if len(parts) == 1:
        return parts[0]
    width = max(p.shape[0] for p in parts)
    return np.concatenate([np.broadcast_to(p, (width, p.shape[1])) for p in parts], axis=1)


def _together(parts: Sequence[Array]) -> Array:
    width = max(p.shape[0] for p in parts)
    return np.array([p if p.shape[0] == width else np.broadcast_to(p, (width, p.shape[1])) for p in parts])
