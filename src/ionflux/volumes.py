"""A batch of membranes as finite volumes: what the kernel is given, and the sequence of meshes whose results are extrapolated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ._broadcast import Array
from ._dispatch import films
from .constants import FARADAY
from .extrapolation import MESHES, Values, change, estimate, romberg, rounding, slope_change
from .meshes import Interpolation, Key, Mesh, graded, keys, own
from .profiles import Profile
from .scaling import Scaled
from .sharing import share
from .stacks import NOTHING, Stack, along_ions, balanced, refuse_empty

#: of |du| in the last step of Newton's method; it converges quadratically, but what is left is this times the error that c had
_CLOSE = 1e-9
STEPS = 60
#: RT/F, how far V is looked for where the current is given
_FURTHEST = 1000.0
#: mol m⁻² s⁻¹ in each RT/F: what carries no more lets nothing through, and no voltage belongs to a current
_SHUT = NOTHING**0.5
#: the finest meshes from which potential and concentrations are extrapolated, and how often cells may be halved
_FINEST, _MOST = 3, 8
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

    def put(self, rows: np.ndarray, other: Found) -> None:
        """Replace some of the rows."""
        for name in ("u", "b", "J", "dJ", "failed"):
            getattr(self, name)[rows] = getattr(other, name)


@dataclass
class Answer:
    """Rows of a batch with the finest mesh, the solution on it, the extrapolated values there and the estimated error.

    levels : the meshes and solutions that were extrapolated, from the coarsest to the finest
    slope_error : what the last of them has changed of Σ z dJ, relative, (rows,)
    """

    rows: np.ndarray
    mesh: Mesh
    plain: Found
    u: Array
    b: Array
    J: Array
    dJ: Array
    error: Array
    failed: np.ndarray
    levels: Sequence[tuple[Mesh, Found]] = ()
    slope_error: Array | None = None


class Points(NamedTuple):
    """Of each row: fluxes and their derivatives with u, (rows, ions), u, estimated errors of J and of Σ z dJ, whether it failed."""

    J: Array
    dJ: Array
    u: Array
    error: Array
    slope_error: Array
    failed: np.ndarray


class Problem(Scaled):
    """A batch of membranes: V is given, or the current."""

    def __init__(self, s: Stack, threads: int | None, I: Array | None = None) -> None:
        refuse_empty(s.shape)
        super().__init__(s)
        self.threads = threads
        #: whether answers come with the solutions on all meshes
        self.keeps = True
        #: Σ zJ in the units of the kernel where it is known, (rows,), and where V is to be found from it
        self.known_current = self.given_current = None if I is None else I / (FARADAY * self.c0)

    def solve(self, mesh: Mesh, rows: np.ndarray, y: Array | None = None) -> Found:
        """Solve some rows on a mesh, from y if there is one; with the current given, V in y is where to start."""
        if self.given_current is None:
            return self._at(mesh, rows, y, self.ends[0, -1][rows])
        if y is None:
            y = self._state(self._at(mesh, rows, None, np.zeros(len(rows))))
        target = self.given_current[rows]
        line = np.array([np.zeros(len(rows)), np.ones(len(rows)), target])
        found = self._run(mesh, rows, y, 1.0, y[:, -1, 0], line)
        lost = np.flatnonzero(found.failed)
        if len(lost):
            y = self._state(self._search(mesh, rows[lost], target[lost]))
            found.put(lost, self._run(mesh, rows[lost], y, 1.0, y[:, -1, 0], np.ascontiguousarray(line[:, lost])))
        found.J = self.balance(found.J, found.dJ, rows)
        found.failed |= self.shut(found.dJ)
        return found

    def balance(self, J: Array, dJ: Array, rows: np.ndarray) -> Array:
        """Fluxes that carry the current where it is known.

        V is then known to rounding only, and what is near equilibrium no better than that moves it: the flux that V moves most follows
        from the others.
        """
        if self.known_current is None:
            return J
        return balanced(J, dJ, self.s.z, self.known_current[rows] * self.scale(rows))

    def shut(self, dJ: Array) -> np.ndarray:
        """Whether a current is given to what lets nothing through. dJ : (rows, ions)."""
        return np.asarray((np.abs(along_ions(dJ, self.s.z)) <= _SHUT) & (self.given_current is not None))

    def solve_at(self, mesh: Mesh, rows: np.ndarray, u: Array) -> Found:
        """Solve at u = FV/RT, (rows,)."""
        return self._at(mesh, rows, None, u)

    def solve_on(self, mesh: Mesh, rows: np.ndarray, y: Array, line: Array) -> Found:
        """Solve with V unknown and a u + b ΣzJ = target; line : (3, rows), those numbers. y : where to start."""
        return self._run(mesh, rows, y.copy(), 1.0, y[:, -1, 0], line)

    def _at(self, mesh: Mesh, rows: np.ndarray, y: Array | None, u: Array) -> Found:
        """Solve at given u = FV/RT."""
        found = self._run(mesh, rows, y, 1.0, u)
        lost = np.flatnonzero(found.failed)
        if len(lost):
            found.put(lost, self._approach(mesh, rows[lost], u[lost]))
        return found

    def _approach(self, mesh: Mesh, rows: np.ndarray, u: Array) -> Found:
        """From small charges to the real ones and then to V, in steps of about one RT/F."""
        none = np.zeros(len(rows))
        found = self._run(mesh, rows, None, 1e-3, none)
        for charge in (0.003, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0):
            found = self._run(mesh, rows, self._state(found), charge, none)
        found.failed |= ~np.isfinite(u)
        for step in range(1, 1 + max(1, int(np.ceil(np.max(np.abs(u), initial=0.0, where=np.isfinite(u)))))):
            open_ = np.flatnonzero(np.abs(u) > step - 1)  # a row takes its own steps, whoever is solved along with it
            there = np.clip(u[open_], -step, step)
            found.put(open_, self._run(mesh, rows[open_], self._state(found.take(open_)), 1.0, there))
        return found

    def _search(self, mesh: Mesh, rows: np.ndarray, target: Array) -> Found:
        """Where the current is the one that is wanted, by Newton's method on V within what it has left open."""
        lo, hi, u = np.full(len(rows), -_FURTHEST), np.full(len(rows), _FURTHEST), np.zeros(len(rows))
        found, open_ = self._at(mesh, rows, None, u), np.arange(len(rows))
        for _ in range(STEPS):
            some, old = found.take(open_), u[open_]
            scale = self.scale(rows[open_])
            rest, slope = target[open_] - along_ions(some.J, self.s.z) / scale, along_ions(some.dJ, self.s.z) / scale
            lo[open_], hi[open_] = np.where(rest > 0, old, lo[open_]), np.where(rest < 0, old, hi[open_])
            with np.errstate(divide="ignore", invalid="ignore"):
                new = old + np.clip(rest / slope, -2.0, 2.0)
            new = np.where((new >= lo[open_]) & (new <= hi[open_]), new, 0.5 * (lo[open_] + hi[open_]))
            on = (np.abs(new - old) > 1e-6) & ~some.failed
            u[open_] = new
            open_ = open_[on]
            if not len(open_):
                break
            found.put(open_, self._at(mesh, rows[open_], self._state(found.take(open_)), u[open_]))
        return found

    @staticmethod
    def _state(found: Found) -> Array:
        return np.concatenate([found.b, found.u[:, None, :]], axis=1)

    def _run(self, mesh: Mesh, rows: np.ndarray, y: Array | None, charge: float, u: Array, line: Array | None = None) -> Found:
        """Newton's method. charge : a factor on all fixed charges, for continuation. u : at the left, (rows,). line : see `_films.pnp`."""
        s, ions, n = self.s, len(self.s.ions), len(mesh.width)
        m = len(rows)
        every = m == s.n
        given = self.given if self.given.shape[2] == 1 or every else np.ascontiguousarray(self.given[:, :, rows])
        ends = self.ends if every else np.ascontiguousarray(self.ends[:, :, rows])
        start = self.equilibrium if self.equilibrium.shape[1] == 1 or every else np.ascontiguousarray(self.equilibrium[:, rows])
        if charge != 1.0:
            given = given.copy()
            given[:, 1:3] *= charge
            start = start * charge
        if not np.array_equal(ends[0, -1], u):
            ends = ends.copy()
            ends[0, -1] = u
        state = np.empty((m, ions + 1, n + 1)) if y is None else np.ascontiguousarray(y)
        out, slopes, turns = np.empty((m, 2, ions)), np.empty((m, n + 1)), np.empty(m, dtype=np.intc)
        mobility, rise = self.along(mesh)
        if line is None:
            line = np.empty((0, m))

        def some(a: int, b: int) -> None:
            films.pnp(
                s.z, mesh.layer, mesh.width, mobility, rise, given, ends, start, line, state, out, slopes, turns, y is not None, STEPS,
                _CLOSE, a, b,
            )  # fmt: skip

        share(m, self.threads, some)
        unit = self.scale(rows)[:, None]
        failed = (turns < 0) | ~np.all(np.isfinite(out), axis=(1, 2))
        return Found(state[:, -1].copy(), state[:, :-1], out[:, 0] * unit, out[:, 1] * unit, failed)

    def alike(self) -> list[tuple[Key, np.ndarray]]:
        """The rows that share their meshes; how a row is solved does not depend on the others."""
        wanted = keys(self.s, self.equilibrium)
        found: dict[Key, list[int]] = {}
        for row, key in enumerate(wanted):
            found.setdefault(key, []).append(row)
        return [(key, np.array(rows)) for key, rows in found.items()]

    def points(self, tol: float) -> Points:
        """What flows at V, to an accuracy; no profiles are kept."""
        found = self._points(tol, None)
        shut = np.broadcast_to(self.s.blocked.T, found.J.shape)
        return found._replace(J=np.where(shut, 0.0, found.J), dJ=np.where(shut, 0.0, found.dJ))

    def voltages(self, tol: float, nodes: Any) -> tuple[Array, Array]:
        """V where the current is given, NaN where there is none, and the errors (0 on given nodes); no profiles are kept."""
        found = self._points(tol, nodes)
        return np.where(found.failed, np.nan, found.u * self.s.VT), found.error if nodes is None else np.zeros(self.s.n)

    def _points(self, tol: float, nodes: Any) -> Points:
        s, mesh = self.s, None if nodes is None else own(self.s, nodes)
        J, dJ = np.empty((2, s.n, len(s.ions)))
        u, error, slope = np.full((3, s.n), np.nan)
        p = Points(J, dJ, u, error, slope, np.zeros(s.n, dtype=bool))
        self.keeps = False
        for key, rows in self.alike() if mesh is None else [((), np.arange(s.n))]:
            for first in range(0, len(rows), _PIECE):
                some = rows[first : first + _PIECE]
                if mesh is None:
                    for a in self.refine(key, some, tol, None):
                        for values, own_ in zip(p, (a.J, a.dJ, a.u[:, 0], a.error, a.slope_error, a.failed), strict=True):
                            values[a.rows] = own_
                else:
                    found = self.solve(mesh, some)
                    p.J[some], p.dJ[some], p.u[some], p.failed[some] = found.J, found.dJ, found.u[:, 0], found.failed
        return p

    def refine(self, key: Key, rows: np.ndarray, tol: float, start: Profile | None) -> list[Answer]:
        """Halve the cells until the extrapolated fluxes of each row stop to change."""
        done: list[Answer] = []
        meshes, clamped = [graded(key, 0)], self.given_current is not None
        y = self.guess(meshes[0], start)
        levels = [self.solve(meshes[0], rows, None if y is None else y[rows])]
        best, last = _best(levels), np.full(len(rows), np.nan)
        while True:
            finer = graded(key, len(meshes))
            levels.append(self.solve(finer, rows, self._halved(levels[-1])))
            meshes.append(finer)
            before, best = best, _best(levels)
            if len(levels) < MESHES - 1:
                continue
            earlier, last = last, change(best, before, self.s.z, self.unit(rows), len(levels), clamped)
            if len(levels) < MESHES:
                continue
            error = np.maximum(estimate(earlier, last, len(levels)), self.unresolved(finer))
            least = rounding(best, self.s.z, self.unit(rows)) if clamped and self.keeps else np.zeros(len(rows))  # of V alone it is none
            error = np.maximum(error, least)
            failed = np.any([level.failed for level in levels[-_FINEST:]], axis=0)
            stop = (error <= tol) | (least > tol) | (len(levels) > _MOST) | failed
            if np.any(stop):
                kept = [(m, level.take(stop)) for m, level in zip(meshes, levels, strict=True)]
                plain = kept[-1][1]
                u, b = _profiles(kept[-_FINEST:])
                u[:, 0] = best.u[stop]  # of all meshes, as the fluxes
                given = kept if self.keeps else []
                J, dJ = best.J[stop], best.dJ[stop]
                slope = slope_change(dJ, before.dJ[stop], self.s.z)
                done.append(Answer(rows[stop], finer, plain, u, b, J, dJ, error[stop], failed[stop], given, slope))
            if np.all(stop):
                return done
            keep = ~stop
            rows, levels, best, last = rows[keep], [level.take(keep) for level in levels], best.take(keep), last[keep]

    @staticmethod
    def _halved(found: Found) -> Array:
        """The solution at the nodes and half-way between them."""
        y = np.where(found.failed[:, None, None], 0.0, Problem._state(found))
        finer = np.empty((*y.shape[:2], 2 * y.shape[2] - 1))
        finer[..., ::2], finer[..., 1::2] = y, 0.5 * (y[..., 1:] + y[..., :-1])
        return finer


def _best(levels: Sequence[Found]) -> Values:
    """Fluxes, derivatives and V over RT/F, which differs between meshes where the current is given."""
    J, dJ, u = (romberg(np.array(values))[0] for values in zip(*((level.J, level.dJ, level.u[:, 0]) for level in levels), strict=True))
    return Values(J, dJ, u)


def _profiles(levels: Sequence[tuple[Mesh, Found]]) -> tuple[Array, Array]:
    """Extrapolated u and b on the finest mesh: what changes is smooth, known at the nodes of the coarsest, and interpolated."""
    (coarse, _), (finer, plain) = levels[0], levels[-1]
    steps = [slice(None, None, 1 << k) for k in range(len(levels))]
    u = np.array([level.u[:, a] for (_, level), a in zip(levels, steps, strict=True)])
    b = np.array([level.b[:, :, a] for (_, level), a in zip(levels, steps, strict=True)])
    fill = Interpolation(coarse, finer)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log = np.log(b)
        step = romberg(log)[0] - log[-1]
        for end, beside in ((0, 1), (-1, -2)):  # an ion that is missing in a solution
            step[..., end] = np.where(b[-1, ..., end] > 0, step[..., end], step[..., beside])
        ratio = np.exp(fill(step))
    known = np.all(np.isfinite(step), axis=2)[:, :, None]
    return plain.u + fill(romberg(u)[0] - u[-1]), np.where(known, plain.b * ratio, plain.b)
