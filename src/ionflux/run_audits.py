"""What must be kept by a membrane followed in time, checked on the finite volumes of its finest mesh."""

from __future__ import annotations

import numpy as np

from ._broadcast import Array
from .marching import Marching
from .profile_runs import RunAudit
from .refinement import Reached


def audited(marching: Marching, reached: list[Reached]) -> RunAudit:
    """Return what was kept of mass, charge and current, each the worst of all times."""
    s = marching.s
    worst = np.full((3, s.n), np.nan)
    for r in reached:
        worst[:, r.rows] = _mass(marching, r), _charge(marching, r), _spread(marching, r)
    return RunAudit(*(float(a[0]) if s.shape == () else a.reshape(s.shape) for a in worst))


def _mass(marching: Marching, r: Reached) -> Array:
    """Of Σ v b from the start on."""
    ions, y, mesh = len(marching.s.ions), r.plain.y, r.plain.mesh
    given = marching.of(marching.given, r.rows)
    worst = np.zeros(len(r.rows))
    for i in range(ions):
        half = 0.5 * (given[mesh.layer, 4 + 2 * ions + i] * mesh.width[:, None]).T[:, None]
        amount = np.cumsum(half * (y[:, :, i, 1:] + y[:, :, i, :-1]), axis=-1)[..., -1]
        gone = r.plain.passed[:, :, 1, i] - r.plain.passed[:, :, 0, i]
        size = np.maximum(np.max(np.abs(amount), axis=1) + np.max(np.abs(r.plain.passed[..., i]), axis=(1, 2)), 1e-300)
        worst = np.maximum(worst, np.max(np.abs(amount - amount[:, :1] + gone), axis=1) / size)
    return worst


def _charge(marching: Marching, r: Reached) -> Array:
    """Of the charges at the ends with all that lies between."""
    ions, y, mesh = len(marching.s.ions), r.plain.y, r.plain.mesh
    given = marching.of(marching.given, r.rows)
    parts = [np.broadcast_to((given[mesh.layer, 1] * mesh.width[:, None]).T[:, None], (*y.shape[:2], len(mesh.width)))]
    half = [(0.5 * given[mesh.layer, 4 + ions + i] * mesh.width[:, None]).T[:, None] for i in range(ions)]
    parts += [h * (y[:, :, i, 1:] + y[:, :, i, :-1]) for i, h in enumerate(half)]
    surfaces = np.broadcast_to(given[:-1, 2].T[:, None], (*y.shape[:2], len(given) - 1))
    every = np.concatenate([*parts, surfaces, r.plain.seen[:, :, :2]], axis=-1)
    size = np.maximum(np.cumsum(np.abs(every), axis=-1)[..., -1], 1e-300)
    return np.asarray(np.max(np.abs(np.cumsum(every, axis=-1)[..., -1]) / size, axis=1))


def _spread(marching: Marching, r: Reached) -> Array:
    """Of the charge that ions and displacement have carried through each cell from one time to the next.

    What ions have carried follows from what has passed the left end and from the amounts that have changed on the way.
    """
    s, y, mesh = marching.s, r.plain.y, r.plain.mesh
    if y.shape[1] < 2:
        return np.zeros(len(r.rows))
    ions, given = len(s.ions), marching.of(marching.given, r.rows)
    carried = np.zeros((len(r.rows), y.shape[1] - 1, len(mesh.width)))
    for i, z in enumerate(s.z):
        half = 0.5 * z * (given[mesh.layer, 4 + 2 * ions + i] * mesh.width[:, None]).T
        volume = np.zeros((len(half), len(mesh.at)))
        volume[:, :-1] += half
        volume[:, 1:] += half
        if not marching.closed:
            volume[:, 0] = 0.0
        left = z * np.diff(r.plain.passed[:, :, 0, i], axis=1)
        carried += left[..., None] - np.cumsum(volume[:, None, :-1] * np.diff(y[:, :, i, :-1], axis=1), axis=-1)
    A = (given[mesh.layer, 0] / mesh.width[:, None]).T[:, None]
    total = carried - A * np.diff(np.diff(y[:, :, -1], axis=-1), axis=1)
    size = np.maximum(np.max(np.abs(carried), axis=(1, 2)), 1e-300)
    return np.asarray(np.max(np.max(total, axis=-1) - np.min(total, axis=-1), axis=1) / size)
