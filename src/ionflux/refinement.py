"""Membranes in time on meshes whose cells are halved until their extrapolated results stop to change, and the error that is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._broadcast import Array
from .extrapolation import romberg
from .marching import Found, Marched, Marching
from .meshes import Interpolation, Key, Mesh, graded

#: tolerance of the time steps over that of the result, how much looser the run is that measures their error, and the bounds
_SHARE, _LOOSER, _TIGHTEST, _LOOSEST = 0.1, 10.0, 1e-11, 1e-4
#: how often the cells of the coarsest mesh are halved for the first of the meshes that are always run, and at most; cells at most
_FIRST, LEVELS, _MOST, _CELLS = 2, 3, 7, 4000
#: points of interpolations; places of results between electrodes, at least; how little the error is taken to have fallen
_POINTS, _PLACES, MARGIN = 8, 2800, 10.0
#: relative size of rounding, with a margin
_ROUNDING = 1e-13


@dataclass
class Reached:
    """Rows of a batch, what was found on their finest mesh, the extrapolated states and quantities, the error of each slot, and the mesh
    of the places where they are shown.
    """

    rows: np.ndarray
    plain: Marched
    y: Array
    seen: Array
    error: Array
    shown: Mesh

    def at_places(self, slots: Any) -> Array:
        """The extrapolated states of some slots at the nodes of `shown`."""
        y = self.y[:, slots]
        return y if self.shown is self.plain.mesh else Interpolation(self.plain.mesh, self.shown, _POINTS)(y)


def as_it_is(rows: np.ndarray, found: Marched) -> Reached:
    """One mesh, not extrapolated."""
    return Reached(rows, found, found.y, found.seen, np.full(found.y.shape[:2], np.nan), found.mesh)


class Refinement:
    """A batch, and what an interrupt has left of it: `kept`, the coarsest first."""

    def __init__(self, marching: Marching) -> None:
        self.marching = marching
        self.kept: list[Reached] = []

    def refine(self, key: Key, rows: np.ndarray, tol: float, rtol: float | None = None) -> list[Reached]:
        """Halve the cells until the extrapolated states of each row stop to change; first of all the steps, on the coarsest mesh.

        What an interrupt leaves is in `kept`: finished rows, and of the others the finest mesh that was finished, or the first as far as it
        came.
        """
        done: list[Reached] = []
        levels: list[Marched] = []
        try:
            self._refine(key, rows, tol, rtol, levels, done)
        except KeyboardInterrupt:
            last = levels[-1] if levels else self.marching.halfway
            open_ = ~np.isin(rows, np.concatenate([rows[:0], *(r.rows for r in done)]))
            if last is not None and np.any(open_):
                self.kept.insert(0, as_it_is(rows[open_], last.take(open_) if len(last.y) == len(rows) else last))
            self.kept += done
            raise
        return done

    def _refine(self, key: Key, rows: np.ndarray, tol: float, rtol: float | None, levels: list[Marched], done: list[Reached]) -> None:
        rtol = float(np.clip(_SHARE * tol, _TIGHTEST, _LOOSEST)) if rtol is None else rtol
        levels += [self.marching.run(graded(key, _FIRST), rows, rtol)]
        loose = self.marching.run(levels[0].mesh, rows, _LOOSER * rtol)
        in_time = 2.0 / _LOOSER * self._difference(levels[0].mesh, rows, levels[0].found(1), loose.found(1), tol)
        late = np.any(in_time[:, self._asked()] > 0.5 * tol, axis=1)
        if np.any(late) and rtol > _TIGHTEST:
            tighter = max(0.1 * rtol, _TIGHTEST)
            if not np.all(late):
                done += self.refine(key, rows[~late], tol, rtol)
            done += self.refine(key, rows[late], tol, tighter)
            return
        for level in range(_FIRST + 1, _FIRST + LEVELS):
            levels.append(self.marching.run(graded(key, level), rows, rtol))
        while True:
            some = levels[-LEVELS:]
            common = [level.found(1 << k) for k, level in enumerate(some)]
            column = [romberg(np.array(values)) for values in zip(*common, strict=True)]
            here, worse = (Found(*values) for values in zip(*column, strict=True))
            last, plain = (self._difference(some[-1].mesh, rows, here, other, tol) for other in (worse, common[-1]))
            # what the last extrapolation changed is the error of the one before; by how much that was smaller than that of the mesh says
            # how much smaller the error now is, with a margin
            with np.errstate(invalid="ignore", divide="ignore"):
                error = in_time + last * np.minimum(1.0, MARGIN * last / np.maximum(plain, 1e-300))
            failed = np.any([level.counts[:, 2] != 1 for level in some], axis=0)
            finer = graded(key, _FIRST + len(levels))
            stop = np.all(error[:, self._asked()] <= tol, axis=1) | failed | (len(levels) + _FIRST > _MOST) | (len(finer.width) > _CELLS)
            if np.any(stop):
                best = some[-1].take(stop)
                fill = Interpolation(some[0].mesh, best.mesh, _POINTS)
                at = best.y[..., :: 1 << (LEVELS - 1)]
                # places so close that sums over them are sums over the profile, too
                shown = best.mesh
                while self.marching.closed and len(shown.width) < _PLACES:
                    shown = graded(key, _level(key, shown) + 1)
                done.append(Reached(rows[stop], best, best.y + fill(here.y[stop] - at), here.seen[stop], error[stop], shown))
            if np.all(stop):
                return
            keep = ~stop
            rows, in_time, levels[:] = rows[keep], in_time[keep], [level.take(keep) for level in levels]
            levels.append(self.marching.run(finer, rows, rtol))

    def _asked(self) -> slice:
        return slice(0 if self.marching.course.t[0] == 0 else 1, None)

    def _difference(self, mesh: Mesh, rows: np.ndarray, one: Found, other: Found, tol: float) -> Array:
        """Largest difference of two results at each slot, (rows, slots): of each quantity relative to its size, and of how far it has moved
        since before t = 0 relative to that; currents and fluxes, which are rates, relative to their size.

        What has moved by less than a thousandth of its largest excursion counts as if it had moved by that, and nothing counts that
        rounding could have done.
        """
        ions, rounding = len(self.marching.s.ions), _ROUNDING / tol
        with np.errstate(invalid="ignore", divide="ignore"):
            size = np.max(np.abs(one.y), axis=(1, 3))[:, None] + 1e-300
            change, moved = (one.y - one.y_before) - (other.y - other.y_before), np.max(np.abs(one.y - one.y_before), axis=-1)
            scale = np.maximum(np.maximum(moved, 1e-3 * np.max(moved, axis=1, keepdims=True)), rounding * size)
            worst = np.max(np.max(np.abs(change), axis=-1) / scale, axis=-1)
            worst = np.maximum(worst, np.max(np.max(np.abs(one.y - other.y), axis=-1) / size, axis=-1))
            # charges, which are differences of potential over the first and the last cell
            given, (mobility, _) = self.marching.of(self.marching.given, rows), self.marching.problem.along(mesh)
            A = np.max((given[mesh.layer, 0] / mesh.width[:, None])[[0, -1]], axis=0)[:, None, None] * size[..., -1:]
            Q, was = one.seen[..., :2], one.seen_before[..., :2]
            moved = np.abs(Q - was)
            scale = np.maximum(np.maximum(moved, 1e-3 * np.max(moved, axis=1, keepdims=True)), rounding * A)
            change = np.abs((Q - was) - (other.seen[..., :2] - other.seen_before[..., :2]))
            worst = np.maximum(worst, np.max(change / scale, axis=-1))
            scale = np.maximum(np.max(np.abs(Q), axis=1, keepdims=True), rounding * A)
            worst = np.maximum(worst, np.max(np.abs(Q - other.seen[..., :2]) / scale, axis=-1))
            # rates: an ion that hardly passes, and a current that is the rest of large fluxes, against the largest of the fluxes
            J, noise = one.seen[..., 2:], np.zeros((len(rows), 1, 1 + 2 * ions))
            for i in range(ions):
                W = given[mesh.layer, 4 + i] * mobility[i][:, None] * size[:, 0, i]
                noise[:, 0, 1 + i], noise[:, 0, 1 + ions + i] = W[0], W[-1]
            noise[:, 0, 0] = np.max(noise[:, 0, 1:], axis=-1)
            large = np.maximum(np.abs(J), 1e-6 * np.max(np.abs(J), axis=-1, keepdims=True))
            scale = np.maximum(np.maximum(large, 1e-3 * np.max(large, axis=1, keepdims=True)), rounding * noise + 1e-300)
            return np.asarray(np.maximum(worst, np.max(np.abs(J - other.seen[..., 2:]) / scale, axis=-1)))


def _level(key: Key, mesh: Mesh) -> int:
    """How often the cells of the coarsest mesh of a key were halved."""
    return (len(mesh.width) // len(graded(key, 0).width)).bit_length() - 1
