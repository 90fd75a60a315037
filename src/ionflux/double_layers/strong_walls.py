"""Next to strongly charged walls only the counter-ions of the highest valence count, in a layer thinner than any march resolves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ionflux._broadcast import Array
from .screening import Screen

#: fields, in RT/F per Debye length, beyond which the layer next to the wall is too thin for the marches
_STRONG = 1e10


def with_strong_walls(plane: Any, u: Array, find: Callable[[Array], Any]) -> Any:
    """Return find(u), but where the field of a plane would be beyond `_STRONG`, of the u that makes it that.

    What lies between there and the wall is thinner than 1/_STRONG. Over it the field differs from that of a plane by a constant (2m/za
    outside a sphere or a cylinder, nothing in a slit).

    Parameters
    ----------
    plane : Plane
    u : (n,) array
        Potentials of the wall, RT/F.
    find : callable
        From potentials to a `Wall`.
    """
    alone = plane.at_potential(u)
    strong = np.abs(alone.g) > _STRONG
    if not np.any(strong):
        return find(u)
    limit = plane.potential(np.sign(u) * np.minimum(np.abs(alone.g), _STRONG))
    wall = find(np.where(strong, limit, u))
    wall.g = np.where(strong, alone.g + (wall.g - np.sign(u) * _STRONG), wall.g)
    wall.u, wall.slope = np.where(strong, u, wall.u), np.where(strong, alone.slope, wall.slope)
    return wall


def near_a_strong_wall(s: Screen, u: Array) -> tuple[Array, Array, Array]:
    """Return |u| from which on only the counter-ions of the highest valence count, that valence, and where |u| has fallen to that.

    Beyond it e^{-z|u|/2} grows linearly with the distance. Infinite where u is not that large, or ions have a size.
    """
    n = len(u)
    start, valence, offset = np.full(n, np.inf), np.ones(n), np.zeros(n)
    if s.size is not None or not np.any(np.abs(u) > 30.0):
        return start, valence, offset
    for sign in (1.0, -1.0):
        rows = np.sign(u) == sign
        counter = [k for k, z in enumerate(s.z) if z * sign < 0]
        if not counter or not np.any(rows):
            continue
        c = s.w[rows] / s.z
        order = np.abs(s.z)
        present = np.where(c[:, counter] > 0, order[counter], 0.0)
        top = present.max(axis=1)
        best = np.array(counter)[present.argmax(axis=1)]
        lead = c[np.arange(len(c)), best]
        limit = np.zeros(len(c))
        for k in [*counter, None]:
            z, amount = (order[k], c[:, k]) if k is not None else (0.0, np.abs(c).sum(axis=1))
            with np.errstate(divide="ignore"):
                away = (33.0 + np.log(amount / lead)) / np.maximum(top - z, 1e-300)
            limit = np.maximum(limit, np.where((z < top) & (amount > 0), away, 0.0))
        start[rows], valence[rows] = np.maximum(limit, 30.0), top
        rate = np.sqrt(0.5 * lead) * top  # d e^{-z|u|/2}/dx
        with np.errstate(under="ignore"):
            offset[rows] = (np.exp(-0.5 * top * start[rows]) - np.exp(-0.5 * top * np.abs(u[rows]))) / rate
    return start, valence, offset
