"""A batch of membranes as finite volumes: what the kernel is given, and the sequence of meshes whose results are extrapolated."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._broadcast import Array
from ._dispatch import films
from .constants import FARADAY, VACUUM_PERMITTIVITY
from .double_layers.screening import share
from .errors import InputError
from .meshes import Interpolation, Mesh, equilibria, graded, keys, own
from .profiles import Profile
from .slices import called, energy_at
from .stacks import NOTHING, Stack

#: of |du| in the last step of Newton's method; it converges quadratically
_CLOSE = 1e-7
_STEPS = 60
#: the coarsest meshes that are always solved, and how often cells may be halved
_LEVELS, _MOST = 3, 7
#: rows that are in memory at once where no profile is asked for
_PIECE = 1024


@dataclass
class Found:
    """u (rows, n + 1), b (rows, ions, n + 1), J and dJ/du (rows, ions), which rows failed, of one mesh."""

    u: Array
    b: Array
    J: Array
    dJ: Array
    failed: np.ndarray

    def take(self, keep: np.ndarray) -> Found:
        """Some of the rows."""
        return Found(self.u[keep], self.b[keep], self.J[keep], self.dJ[keep], self.failed[keep])


@dataclass
class Answer:
    """Rows of a batch with the finest mesh, the solution on it, the extrapolated values there and the estimated error."""

    rows: np.ndarray
    mesh: Mesh
    plain: Found
    u: Array
    b: Array
    J: Array
    dJ: Array
    error: Array
    failed: np.ndarray


class Problem:
    """A batch in the units of the kernel."""

    def __init__(self, s: Stack, threads: int | None) -> None:
        assert s.V is not None
        if len(s.ions) > films.IONS or len(s.thickness) > films.LAYERS:
            raise InputError(f"no more than {films.IONS} ions and {films.LAYERS} layers at once")
        self.s, self.threads = s, threads
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
        self.ends[0, :-1], self.ends[0, -1], self.ends[1, :-1], self.ends[1, -1] = first, s.V / s.VT, last, 0.0
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

    def solve(self, mesh: Mesh, rows: np.ndarray, y: Array | None = None, *, charge: float = 1.0, volts: float = 1.0) -> Found:
        """Solve some rows on a mesh. charge, volts: factors on all fixed charges and on V, for continuation."""
        found = self._run(mesh, rows, y, charge, volts)
        lost = np.flatnonzero(found.failed)
        if len(lost) and charge == volts == 1.0:
            again = self._approach(mesh, rows[lost])
            for name in ("u", "b", "J", "dJ", "failed"):
                getattr(found, name)[lost] = getattr(again, name)
        return found

    def _approach(self, mesh: Mesh, rows: np.ndarray) -> Found:
        """From small charges to the real ones and then to V, in steps."""
        found = self._run(mesh, rows, None, 1e-3, 0.0)
        for charge in (0.003, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0):
            found = self._run(mesh, rows, self._state(found), charge, 0.0)
        top = float(np.max(np.abs(self.s.V[rows]))) if self.s.V is not None and len(rows) else 0.0
        for volts in np.linspace(0.0, 1.0, 1 + max(4, int(np.ceil(top / 0.025))))[1:]:
            found = self._run(mesh, rows, self._state(found), 1.0, float(volts))
        return found

    @staticmethod
    def _state(found: Found) -> Array:
        return np.concatenate([found.b, found.u[:, None, :]], axis=1)

    def _run(self, mesh: Mesh, rows: np.ndarray, y: Array | None, charge: float, volts: float) -> Found:
        s, ions, n = self.s, len(self.s.ions), len(mesh.width)
        m = len(rows)
        every = m == s.n
        given = self.given if self.given.shape[2] == 1 or every else np.ascontiguousarray(self.given[:, :, rows])
        ends = self.ends if every else np.ascontiguousarray(self.ends[:, :, rows])
        start = self.equilibrium if self.equilibrium.shape[1] == 1 or every else np.ascontiguousarray(self.equilibrium[:, rows])
        if charge != 1.0 or volts != 1.0:
            given, ends = given.copy(), ends.copy()
            given[:, 1:3] *= charge
            ends[0, -1] *= volts
            start = start * charge
        state = np.empty((m, ions + 1, n + 1)) if y is None else np.ascontiguousarray(y)
        out, slopes, turns = np.empty((m, 2, ions)), np.empty((m, n + 1)), np.empty(m, dtype=np.intc)
        mobility, rise = self.along(mesh)

        def some(a: int, b: int) -> None:
            films.pnp(
                s.z, mesh.layer, mesh.width, mobility, rise, given, ends, start, state, out, slopes, turns, y is not None, _STEPS, _CLOSE,
                a, b,
            )  # fmt: skip

        share(m, self.threads, some)
        unit = (self.c0 if len(self.c0) == 1 else self.c0[rows])[:, None]
        failed = (turns < 0) | ~np.all(np.isfinite(out), axis=(1, 2))
        return Found(state[:, -1].copy(), state[:, :-1], out[:, 0] * unit, out[:, 1] * unit, failed)

    def along(self, mesh: Mesh) -> tuple[Array, Array]:
        """D over the layer's, over width, and the rise of energies, of each cell."""
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
            for i, ion in enumerate(s.ions):
                D = None if layer.D is None else layer.D.of(ion)
                if callable(D):
                    middle = 0.5 * (nodes[1:] + nodes[:-1])
                    mobility[i, cells] *= np.maximum(called("D", D, middle), NOTHING)
                energy = None if layer.energy is None else layer.energy.of(ion)
                if energy is not None:
                    w = energy_at(energy, nodes)
                    rise[i, cells] = np.diff(w)
        return mobility, rise if np.any(rise) else np.empty((0, n))

    def alike(self) -> list[tuple[tuple[tuple[int, int], ...], np.ndarray]]:
        """The rows that share their meshes; how a row is solved does not depend on the others."""
        wanted = keys(self.s, self.equilibrium)
        found: dict[tuple[tuple[int, int], ...], list[int]] = {}
        for row, key in enumerate(wanted):
            found.setdefault(key, []).append(row)
        return [(key, np.array(rows)) for key, rows in found.items()]

    def points(self, tol: float, nodes: Any) -> tuple[Array, Array, Array, np.ndarray]:
        """Fluxes, their derivatives with u, errors, which rows failed; no profiles are kept."""
        s = self.s
        J, dJ = np.empty((s.n, len(s.ions))), np.empty((s.n, len(s.ions)))
        error, failed = np.full(s.n, np.nan), np.zeros(s.n, dtype=bool)
        mesh = None if nodes is None else own(s, nodes)
        groups = self.alike() if mesh is None else [((), np.arange(s.n))]
        for key, rows in groups:
            for first in range(0, len(rows), _PIECE):
                some = rows[first : first + _PIECE]
                if mesh is None:
                    for a in self.refine(key, some, tol, None):
                        J[a.rows], dJ[a.rows], error[a.rows], failed[a.rows] = a.J, a.dJ, a.error, a.failed
                else:
                    found = self.solve(mesh, some)
                    J[some], dJ[some], failed[some] = found.J, found.dJ, found.failed
        shut = np.broadcast_to(s.blocked.T, J.shape)
        return np.where(shut, 0.0, J), np.where(shut, 0.0, dJ), error, failed

    def refine(self, key: tuple[tuple[int, int], ...], rows: np.ndarray, tol: float, start: Profile | None) -> list[Answer]:
        """Halve the cells until the extrapolated fluxes of each row stop to change."""
        done: list[Answer] = []
        meshes = [graded(key, 0)]
        y = self.guess(meshes[0], start)
        levels = [self.solve(meshes[0], rows, None if y is None else y[rows])]
        while True:
            finer = graded(key, len(meshes))
            last = levels[-1]
            levels.append(self.solve(finer, rows, self._halved(last)))
            meshes.append(finer)
            if len(levels) < _LEVELS:
                continue
            table = [np.array([level.J for level in levels]), np.array([level.dJ for level in levels])]
            (J, coarser), (dJ, _) = (romberg(t) for t in table)
            # two estimates: the last step across the table and a share of what the last mesh has changed. Of three meshes the share is as
            # large as the next power of the cells would have it, which goes with the square root of the change; the factors were found
            # on thousands of random membranes, by collocation
            change = self._error(J, romberg(table[0][:-1])[0], rows)
            share_ = np.clip(80.0 * np.sqrt(change), 0.05, 0.22) if len(levels) == _LEVELS else 0.05
            error = np.maximum(self._error(J, coarser, rows), share_ * change)
            failed = np.any([level.failed for level in levels[-_LEVELS:]], axis=0)
            stop = (error <= tol) | (len(levels) > _MOST) | failed
            if np.any(stop):
                some, steps = levels[-_LEVELS:], [slice(None, None, 1 << k) for k in range(_LEVELS)]
                plain = some[-1].take(stop)
                u = np.array([level.u[stop][:, a] for level, a in zip(some, steps, strict=True)])
                b = np.array([level.b[stop][:, :, a] for level, a in zip(some, steps, strict=True)])
                with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                    # what the extrapolation changes is smooth: it is known at the nodes of the coarsest of three, and interpolated
                    fill = Interpolation(meshes[-_LEVELS], finer)
                    u = plain.u + fill(romberg(u)[0] - u[-1])
                    change = romberg(np.log(b))[0] - np.log(b[-1])
                    for end, beside in ((0, 1), (-1, -2)):  # an ion that is missing in a solution
                        change[..., end] = np.where(b[-1, ..., end] > 0, change[..., end], change[..., beside])
                    ratio = np.exp(fill(change))
                b = np.where(np.all(np.isfinite(change), axis=2)[:, :, None], plain.b * ratio, plain.b)
                done.append(Answer(rows[stop], finer, plain, u, b, J[stop], dJ[stop], error[stop], failed[stop]))
            if np.all(stop):
                return done
            keep = ~stop
            rows, levels = rows[keep], [level.take(keep) for level in levels]

    @staticmethod
    def _halved(found: Found) -> Array:
        """The solution at the nodes and half-way between them."""
        y = np.where(found.failed[:, None, None], 0.0, Problem._state(found))
        finer = np.empty((*y.shape[:2], 2 * y.shape[2] - 1))
        finer[..., ::2], finer[..., 1::2] = y, 0.5 * (y[..., 1:] + y[..., :-1])
        return finer

    def _error(self, J: Array, other: Array, rows: np.ndarray) -> Array:
        """Relative difference of two sets of fluxes, the largest of each ion's and of the current's."""
        z = self.s.z
        size = np.max(np.abs(J), axis=1, keepdims=True)
        floor = np.maximum(1e-6 * size, self._unit(rows) * 1e-13)
        each = np.max(np.abs(J - other) / np.maximum(np.abs(J), np.maximum(floor, 1e-300)), axis=1)
        total, most = np.abs(along_ions(J - other, z)), along_ions(np.abs(J), np.abs(z))
        current = total / np.maximum(np.maximum(np.abs(along_ions(J, z)), 1e-3 * most), np.maximum(np.max(floor, axis=1), 1e-300))
        return np.asarray(np.maximum(np.maximum(each, current), 1e-15))

    def _unit(self, rows: np.ndarray) -> Array:
        """D c/L of each ion, (rows, ions)."""
        s = self.s
        resistance = np.sum(s.thickness / (s.D * s.k), axis=1)
        unit = s.rows(np.maximum(s.left, s.right) / resistance).T
        return np.asarray(unit[rows])


def along_ions(J: Array, weight: Array) -> Array:
    """Σ weight J over the last axis, always in the same order: a product of matrices would round by the size of the batch."""
    total = np.zeros(J.shape[:-1])
    for i, w in enumerate(weight):
        total = total + w * J[..., i]
    return total


def romberg(levels: Array) -> tuple[Array, Array]:
    """Extrapolate to cells of no size what has an error in even powers of theirs: the best value, and the one of an order less."""
    column, best = list(levels), levels[-1]
    worse = best
    for order in range(1, len(levels)):
        column = [b + (b - a) / (4.0**order - 1.0) for a, b in itertools.pairwise(column)]
        worse, best = best, column[-1]
    return best, worse
