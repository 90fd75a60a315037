"""A batch of membranes in time on one mesh: where runs start, the kernel that marches them, what is seen of their states."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ._broadcast import Array
from ._dispatch import transients
from .courses import Course
from .electrochem import bernoulli
from .errors import InputError, Status
from .meshes import Key, Mesh, equilibria, keys
from .profiles import Profile, interpolated
from .sharing import share
from .stacks import Stack, along_ions
from .volumes import Problem

#: steps allowed in a run; rows that a thread takes at a time
_STEPS, _CHUNK = 200_000, 8
#: endings of the kernel (core/pnp_time.pxd) as `Status`
ENDS = {0: Status.CANCELLED, 1: Status.OK, 2: Status.STEP_TOO_SMALL, 3: Status.NOT_FINITE}


class Found(NamedTuple):
    """States and what is seen of them (see `Marching.seen`) at the slots, and just before t = 0, on the nodes that meshes share."""

    y: Array
    seen: Array
    y_before: Array
    seen_before: Array


@dataclass
class Marched:
    """States of one mesh at the slots: y (rows, slots, ions + 1, n + 1), b and u; `seen` (rows, slots, 2 + 3 ions), see `Marching.seen`.

    before : (rows, 1, ...) the same just before t = 0. passed : (rows, slots, 2, ions). counts : (rows, 3)
    """

    mesh: Mesh
    y: Array
    seen: Array
    y_before: Array
    seen_before: Array
    passed: Array
    counts: np.ndarray

    def found(self, each: int) -> Found:
        """What was found, at every `each`-th node."""
        return Found(self.y[..., ::each], self.seen, self.y_before[..., ::each], self.seen_before)

    def take(self, keep: np.ndarray) -> Marched:
        """Some of the rows."""
        return Marched(self.mesh, *(a[keep] for a in (self.y, self.seen, self.y_before, self.seen_before, self.passed, self.counts)))


class Marching:
    """A batch in the units of the kernel, along a course of V."""

    def __init__(self, s: Stack, before: Array, course: Course, closed: bool, start: Profile | None, threads: int | None) -> None:
        self.course, self.closed, self.start, self.threads = course, closed, start, threads
        self.s = replace(s, V=before)
        self.problem = Problem(self.s, threads)
        volumes = (self.problem.kappa * s.thickness).transpose(1, 0, 2)
        width = max(self.problem.given.shape[2], volumes.shape[2])
        parts = [np.broadcast_to(a, (*a.shape[:2], width)) for a in (self.problem.given, volumes)]
        self.given = np.ascontiguousarray(np.concatenate(parts, axis=1))
        self.V = course.V / s.VT
        self.halfway: Marched | None = None  # of an interrupted run

    # ---- one mesh --------------------------------------------------------------------------------------------------------------

    def begin(self, mesh: Mesh, rows: np.ndarray) -> Array:
        """b and u before t = 0, (rows, ions + 1, n + 1); NaN where there is no steady state."""
        problem, ions = self.problem, len(self.s.ions)
        ends = problem.ends[:, :, rows].transpose(2, 1, 0)
        y = np.empty((len(rows), ions + 1, len(mesh.at)))
        if self.start is not None:
            y[:] = self._of_profile(mesh, rows, self.start)
            if not self.closed:
                y[:, :-1, [0, -1]] = ends[:, :-1]
        elif self.closed:
            x = mesh.nodes(self.s.thickness)
            x = (x / x[:, -1:])[rows if len(x) > 1 else slice(0, 1), None]
            y[:, :-1] = ends[:, :-1, :1] + (ends[:, :-1, 1:] - ends[:, :-1, :1]) * x
            y[:, -1] = 0.0
        else:
            found = problem.solve(mesh, rows)
            y[:, :-1], y[:, -1] = found.b, found.u
            y[found.failed] = np.nan
        return y

    def _of_profile(self, mesh: Mesh, rows: np.ndarray, start: Profile) -> Array:
        """A profile at the nodes, between its own by cubic interpolation within each layer."""
        s, problem = self.s, self.problem
        if not isinstance(start, Profile) or start.ions != s.ions or len(start._phi) not in (1, s.n):
            raise InputError("start: give a Profile of the same ions, a single one or as many as there are problems")
        nodes, there = s.rows(mesh.nodes(s.thickness).T).T, start.x.reshape(-1, start.x.shape[-1])
        layer = np.concatenate([mesh.layer[:1], mesh.layer])
        kappa, c0, VT = s.rows(problem.kappa), s.rows(problem.c0), s.rows(s.VT)
        y = np.empty((len(rows), len(s.ions) + 1, len(mesh.at)))
        for k, row in enumerate(rows):
            i = min(row, len(start._phi) - 1)
            x = there[min(i, len(there) - 1)]
            if abs(x[0]) > 1e-9 * nodes[row, -1] or abs(x[-1] - nodes[row, -1]) > 1e-9 * nodes[row, -1]:
                raise InputError(
                    f"start runs from {x[0]:g} to {x[-1]:g} m, the membrane to {nodes[row, -1]:g} m: give a profile of all of it"
                )
            values = interpolated(x, np.vstack([start._phi[i], start._c[i]]), np.clip(nodes[row], x[0], x[-1]))
            y[k, -1] = values[0] / VT[row]
            y[k, :-1] = values[1:] / kappa[:, layer, row] / c0[row]
        return y

    def run(self, mesh: Mesh, rows: np.ndarray, rtol: float) -> Marched:
        """March some rows on a mesh."""
        s, ions, n = self.s, len(self.s.ions), len(mesh.width)
        before = self.begin(mesh, rows)
        given = self.of(self.given, rows)
        V = self.of(self.V, rows)
        mobility, rise = self.problem.along(mesh)
        # what the fastest ion needs to cross the smallest cell, less than which nothing happens
        D = np.max(given[mesh.layer, 4 : 4 + ions] * mobility.T[:, :, None] / given[mesh.layer, 4 + 2 * ions :], axis=1)
        with np.errstate(divide="ignore", over="ignore"):
            first = np.ascontiguousarray(0.1 * np.min(mesh.width[:, None] / D, axis=0))
        slots, m = max(int(np.max(self.course.slot)), 0) + 1, len(rows)
        y, passed = np.full((m, slots, ions + 1, n + 1), np.nan), np.zeros((m, slots, 2, ions))
        counts, cancelled = np.zeros((m, 3), dtype=np.int64), np.zeros(1, dtype=np.intc)
        bad = ~np.all(np.isfinite(before), axis=(1, 2))
        start = np.where(bad[:, None, None], 1.0, before)

        def some(a: int, b: int) -> None:
            transients.march(
                s.z, mesh.layer, mesh.width, mobility, rise, given, start, self.course.stops, V, self.course.slot, self.course.fresh,
                self.closed, rtol, first, _STEPS, cancelled, y, passed, counts, a, b,
            )  # fmt: skip

        try:
            share(m, self.threads, some, _CHUNK)
            counts[bad, 2] = 3
            y[counts[:, 2] != 1] = np.nan
            return self._marched(mesh, rows, y, before, passed, counts)
        except KeyboardInterrupt:
            counts[~np.isin(counts[:, 2], (1, 3)), 2] = 0
            self.halfway = self._marched(mesh, rows, y, before, passed, counts)
            raise

    def _marched(self, mesh: Mesh, rows: np.ndarray, y: Array, before: Array, passed: Array, counts: np.ndarray) -> Marched:
        return Marched(mesh, y, self.seen(mesh, rows, y), before[:, None], self.seen(mesh, rows, before[:, None]), passed, counts)

    @staticmethod
    def of(values: Array, rows: np.ndarray) -> Array:
        return values if values.shape[-1] == 1 else np.ascontiguousarray(values[..., rows])

    def cells(self, mesh: Mesh, rows: np.ndarray, y: Array) -> tuple[Array, Array]:
        """J of each ion through each cell, (rows, slots, ions, n), and A of the cells, (rows or 1, n), in the units of the kernel."""
        given, (mobility, rise) = self.of(self.given, rows), self.problem.along(mesh)
        J = np.empty((*y.shape[:2], len(self.s.ions), len(mesh.width)))
        du = np.diff(y[:, :, -1])
        for i, z in enumerate(self.s.z):
            W = (given[mesh.layer, 4 + i] * mobility[i][:, None]).T[:, None]
            d = z * du + (rise[i] if len(rise) else 0.0)
            J[:, :, i] = W * (bernoulli(d) * y[:, :, i, :-1] - bernoulli(-d) * y[:, :, i, 1:])
        return J, (given[mesh.layer, 0] / mesh.width[:, None]).T

    def seen(self, mesh: Mesh, rows: np.ndarray, y: Array) -> Array:
        """Charge on the left and on the right, current, then fluxes on the left and on the right of each ion, in the units of the kernel.

        The current is the mean over the membrane, each cell with its share of the potential that a displacement would drop there
        (Shockley 1938, Ramo 1939): it needs no derivative of the potential but that of V.
        """
        ions, given = len(self.s.ions), self.of(self.given, rows)
        J, A = self.cells(mesh, rows, y)
        out = np.empty((*y.shape[:2], 3 + 2 * ions))
        u = y[:, :, -1]
        for k, (j, cell, sign) in enumerate(((0, 0, 1.0), (-1, -1, -1.0))):
            half = 0.5 * mesh.width[cell]
            inside = given[mesh.layer[cell], 1][:, None] * half
            for i in range(ions):
                inside = inside + given[mesh.layer[cell], 4 + ions + i][:, None] * half * y[:, :, i, j]
            out[:, :, k] = sign * A[:, cell][:, None] * (u[:, :, j if k == 0 else -2] - u[:, :, 1 if k == 0 else -1]) - inside
        resistance = np.cumsum(1.0 / A, axis=1)[:, -1:]
        carried = np.cumsum(along_ions(np.moveaxis(J, 2, -1), self.s.z) / A[:, None], axis=-1)[..., -1]
        slopes = np.zeros((1, 1)) if y.shape[1] == 1 else np.array([self.slope(k, rows) for k in range(y.shape[1])]).T
        out[:, :, 2] = (carried + slopes) / resistance
        if self.closed:
            out[:, :, 3:] = 0.0
            return out
        out[:, :, 3 : 3 + ions], out[:, :, 3 + ions :] = J[..., 0], J[..., -1]
        # from the first moment on the balance of the half cell at a held end makes its flux that of its face; at t = 0, after a jump of
        # V, nothing has moved yet and J still changes with x
        for side, cells in ((3, slice(None, None)), (3 + ions, slice(None, None, -1))):
            weight = _outwards(mesh.width[cells], mesh.layer[cells])
            out[:, 0, side : side + ions] = J[:, 0, :, cells][..., : len(weight)] @ weight
        return out

    def slope(self, slot: int, rows: np.ndarray) -> Array:
        return self.of(self.course.at(slot)[1] / self.s.VT, rows) * np.ones(len(rows))

    def alike(self) -> list[tuple[Key, np.ndarray]]:
        """The rows that share their meshes; at an electrode cells are as fine as the ions it attracts will need them."""
        wanted = keys(self.s, equilibria(self.s))
        if self.closed:
            top = np.max(np.abs(self.V), axis=(0, 1)) * np.ones(self.s.n)
            more = 1 + np.ceil(top / (4 * np.log(2.0))).astype(int)
            wanted = [self._to_ends(key, int(m)) for key, m in zip(wanted, more, strict=True)]
        found: dict[Key, list[int]] = {}
        for row, key in enumerate(wanted):
            found.setdefault(key, []).append(row)
        return [(key, np.array(rows)) for key, rows in found.items()]

    @staticmethod
    def _to_ends(key: Key, more: int) -> Key:
        last = len(key) - 1
        layers = enumerate(key)
        return tuple((0, min(24, fine + more), kinks) if i in (0, last) else (sides, fine, kinks) for i, (sides, fine, kinks) in layers)


def _outwards(width: Array, layer: Array) -> Array:
    """Weights of the first few cells of a layer, whose values stand at their middles, that give the value at its end: cubic."""
    n = min(4, int(np.argmax(layer != layer[0])) or len(layer))
    x = np.cumsum(width[:n]) - 0.5 * width[:n]
    apart = x[None, :] - x[:, None] + np.eye(n)
    return np.asarray(np.prod(np.where(np.eye(n, dtype=bool), 1.0, x[None, :] / apart), axis=1))
