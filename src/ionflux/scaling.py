"""Membranes and solutions in the units of the kernel: one coefficient per layer, one factor per cell."""

from __future__ import annotations

import numpy as np

from ._broadcast import Array
from ._dispatch import films
from .constants import FARADAY, VACUUM_PERMITTIVITY
from .errors import InputError
from .meshes import Mesh, equilibria, kinks_of
from .profiles import Profile
from .slices import GAUSS, WEIGHTS, called, energy_at
from .stacks import NOTHING, Stack

#: of a layer, to see whether a function is smooth; odd, so that no mesh is nested in them
_PANELS = 999


class Scaled:
    """A batch in the units of the kernel: u = Fφ/RT, b = c/κ/c0, x over the thickness of each layer.

    given, ends, equilibrium : see `_films.pnp`. kappa : (ions, layers, rows or 1). c0 : (rows or 1,), mol/m³
    """

    def __init__(self, s: Stack) -> None:
        if len(s.ions) > films.IONS or len(s.thickness) > films.LAYERS:
            raise InputError(f"no more than {films.IONS} ions and {films.LAYERS} layers at once")
        self.s = s
        ions, layers = len(s.ions), len(s.thickness)
        self.equilibrium = equilibria(s)
        # kappa: concentrations over what is continuous, also where an energy jumps between layers
        self.kappa = s.k
        if any(layer.energy is not None for layer in s.membrane.layers):
            self.kappa = s.k * np.exp(-self._jumps())[:, :, None]
        self.c0 = np.max(np.maximum(s.left, s.right), axis=0)
        if np.any(self.c0 == 0):
            raise InputError("there are no ions in the solutions")
        first, last = s.left / self.c0, s.right * s.k[:, -1] / self.kappa[:, -1] / self.c0
        self.ends = np.empty((2, ions + 1, s.n))
        self.ends[0, :-1], self.ends[0, -1], self.ends[1, :-1], self.ends[1, -1] = first, 0.0 if s.V is None else s.V / s.VT, last, 0.0
        eps = VACUUM_PERMITTIVITY * s.eps
        sigma = np.concatenate([s.sigma, np.zeros((1, s.sigma.shape[1] if layers > 1 else 1))]) if layers > 1 else np.zeros((1, 1))
        conduct = np.sum((s.z**2)[:, None, None] * s.D * s.k * (s.left + s.right)[:, None, :], axis=0)
        resist = s.thickness / np.maximum(conduct, 1e-300)
        per_layer = [
            eps * s.VT / (FARADAY * self.c0 * s.thickness), s.X * s.thickness / self.c0, sigma / (FARADAY * self.c0),
            resist / np.sum(resist, axis=0), *(s.D[i] * self.kappa[i] / s.thickness for i in range(ions)),
            *(s.z[i] * self.kappa[i] * s.thickness for i in range(ions)),
        ]  # fmt: skip
        width = max(p.shape[1] for p in per_layer)
        self.given = np.empty((layers, len(per_layer), width))
        for i, values in enumerate(per_layer):
            self.given[:, i] = values

    def _jumps(self) -> Array:
        """By how much the energy of each ion has jumped at the interfaces left of each layer, (ions, layers), RT."""
        s = self.s
        jumps = np.zeros((len(s.ions), len(s.thickness)))
        for i, ion in enumerate(s.ions):
            ends = [energy_at(None if a.energy is None else a.energy.of(ion), np.array([0.0, 1.0])) for a in s.membrane.layers]
            for j in range(1, len(ends)):
                jumps[i, j] = jumps[i, j - 1] + ends[j][0] - ends[j - 1][1]
        return jumps

    def scale(self, rows: np.ndarray) -> Array:
        """c0 of some rows, (rows or 1,)."""
        return np.asarray(self.c0 if len(self.c0) == 1 else self.c0[rows])

    def unit(self, rows: np.ndarray) -> Array:
        """D c/L of each ion, (rows, ions)."""
        s = self.s
        resistance = np.sum(s.thickness / (s.D * s.k), axis=1)
        unit = s.rows(np.maximum(s.left, s.right) / resistance).T
        return np.asarray(unit[rows])

    def guess(self, mesh: Mesh, start: Profile | None) -> Array | None:
        """Where to start on a mesh: the profile that somebody has, None for the kernel's own guess."""
        if start is None:
            return None
        s = self.s
        x = mesh.nodes(s.thickness)
        y = np.empty((s.n, len(s.ions) + 1, x.shape[1]))
        if not isinstance(start, Profile) or start.ions != s.ions or start._phi.shape[0] not in (1, s.n):
            raise InputError("start: give a Profile of the same ions, a single one or as many as there are problems")
        for row in range(s.n):
            source = min(row, len(start._phi) - 1)
            there = start.x.reshape(-1, start.x.shape[-1])
            there = there[min(source, len(there) - 1)]
            here = x[min(row, len(x) - 1)]
            # what is known on the right of an interface counts there: b is continuous
            scale = there[-1] / here[-1]
            phi = start._phi[source] / (s.VT[row] if len(s.VT) > 1 else s.VT[0])
            own_layer = np.searchsorted(np.cumsum(s.thickness[:, min(row, s.thickness.shape[1] - 1)])[:-1] * scale, there, side="right")
            twice = np.flatnonzero(np.diff(there) == 0)
            own_layer[twice] = np.maximum(own_layer[twice + 1] - 1, 0)
            y[row, -1] = np.interp(here * scale, there, phi)
            kappa = self.kappa[:, :, min(row, self.kappa.shape[2] - 1)]
            c0 = self.c0[min(row, len(self.c0) - 1)]
            for i in range(len(s.ions)):
                y[row, i] = np.interp(here * scale, there, start._c[source, i] / kappa[i, own_layer] / c0)
        return y

    def along(self, mesh: Mesh) -> tuple[Array, Array]:
        """D over the layer's, over width, and the rise of energies, of each cell.

        D is such that the resistance of the cell is right, ∫ e^{w}/D against a w that is linear, also where a function is not smooth.
        """
        s, n = self.s, len(mesh.width)
        mobility = np.empty((len(s.ions), n))
        mobility[:] = 1.0 / mesh.width
        if not any(layer.D is not None or layer.energy is not None for layer in s.membrane.layers):
            return mobility, np.empty((0, n))
        rise = np.zeros((len(s.ions), n))
        at = mesh.at - np.concatenate([mesh.layer, mesh.layer[-1:]])
        for j, layer in enumerate(s.membrane.layers):
            cells = np.flatnonzero(mesh.layer == j)
            nodes = np.concatenate([at[cells], [1.0]])
            inner = nodes[:-1, None] + np.diff(nodes)[:, None] * GAUSS
            for i, ion in enumerate(s.ions):
                D = None if layer.D is None else layer.D.of(ion)
                energy = None if layer.energy is None else layer.energy.of(ion)
                resistance = np.ones(inner.shape)
                if callable(D) and f"layers.{j}.D.{ion.name}" not in s.varied:
                    own = called("D", D, inner)
                    if np.any(own < 0):
                        raise InputError(f"layers.{j}.D of {ion.name}: the function gives negative diffusivities")
                    resistance /= np.maximum(own, NOTHING)
                if energy is not None:
                    w = energy_at(energy, nodes)
                    rise[i, cells] = np.diff(w)
                    if callable(energy):
                        resistance *= np.exp(energy_at(energy, inner) - w[:-1, None] - np.diff(w)[:, None] * GAUSS)
                if callable(D) or callable(energy):
                    mobility[i, cells] /= resistance @ WEIGHTS
        return mobility, rise if np.any(rise) else np.empty((0, n))

    def unresolved(self, mesh: Mesh) -> float:
        """How far ∫ e^w/D of a layer is off on a mesh, relative, the largest: functions that are not smooth need more than halved cells.

        Against panels whose ends and points are not among those of any mesh: what falls between the points of a mesh is not between theirs.
        """
        s, worst = self.s, 0.0
        at = mesh.at - np.concatenate([mesh.layer, mesh.layer[-1:]])
        for j, layer in enumerate(s.membrane.layers):
            own = np.concatenate([at[:-1][mesh.layer == j], [1.0]])
            panels = np.unique([*np.linspace(0.0, 1.0, _PANELS + 1), *kinks_of(layer, s.ions)])
            for ion in s.ions:
                D = None if layer.D is None or f"layers.{j}.D.{ion.name}" in s.varied else layer.D.of(ion)
                energy = None if layer.energy is None else layer.energy.of(ion)
                if not (callable(D) or callable(energy)):
                    continue  # the mesh has what kinks there are
                total: list[float] = []
                top = float(np.max(energy_at(energy, panels)))
                for nodes in (panels, own):
                    inner = nodes[:-1, None] + np.diff(nodes)[:, None] * GAUSS
                    w = energy_at(energy, inner)
                    parts = np.exp(w - top) / np.maximum(called("D", D, inner) if callable(D) else np.ones(inner.shape), NOTHING)
                    total.append(float(np.sum(np.diff(nodes) * (parts @ WEIGHTS))))
                worst = max(worst, abs(total[1] / total[0] - 1.0))
        return worst if worst > 1e-13 else 0.0
