"""What fixes the charge of a surface beside a number: a potential behind a Stern layer, or groups that bind ions.

Both are one increasing equation in the field g where the diffuse layer starts, whatever its geometry; the potential of the surface is
u(g) + per_field g, per_field = (ε/λ)/C_Stern.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ionflux._broadcast import Array
from ionflux.constants import ELEMENTARY_CHARGE
from ionflux.errors import InputError
from ionflux.surfaces import SurfaceGroup
from .diffuse import Wall
from .roots import increasing_root
from .screening import Screen


def behind_stern(solver: Any, u_0: Array, per_field: Array) -> Wall:
    """Solve u(g) + per_field g = u_0 for g, from g = 0, from where Newton's steps stay on one side while u(g) is concave."""

    def mismatch(g: Array) -> tuple[Array, Array]:
        wall = solver.at_field(g)
        return wall.u + per_field * g - u_0, 1.0 / wall.slope + per_field

    most = np.abs(u_0) / per_field * (1 + 1e-12)
    return _settled(solver, increasing_root(mismatch, np.zeros_like(u_0), -most, most))


def regulated(solver: Any, s: Screen, groups: Sequence[Any], pH: Array, per_field: Array) -> Wall:
    """Solve for the field that the groups make at the potential which that field makes."""
    if not groups or not all(isinstance(group, SurfaceGroup) for group in groups):
        raise InputError("regulation: give a SurfaceGroup or several")

    def mismatch(g: Array) -> tuple[Array, Array]:
        wall = solver.at_field(g)
        made, slope = _charge_of(groups, s, pH, wall.u + per_field * g)
        return g - made, 1.0 - slope * (1.0 / wall.slope + per_field)

    states = [[group.charge, group.charge + 1.0, *(group.charge + ion.z for ion in group.binds or ())] for group in groups]
    unit = ELEMENTARY_CHARGE / s.charge_unit
    least = unit * sum(group.density * min(z) for group, z in zip(groups, states, strict=True))
    most = unit * sum(group.density * max(z) for group, z in zip(groups, states, strict=True))
    margin = 1e-12 * (np.abs(least) + np.abs(most)) + 1e-100
    made, _ = _charge_of(groups, s, pH, np.zeros(s.n))
    return _settled(solver, increasing_root(mismatch, np.clip(made, least, most), least - margin, most + margin))


def _charge_of(groups: Sequence[SurfaceGroup], s: Screen, pH: Array, u: Array) -> tuple[Array, Array]:
    """Field that the charge of the groups makes, and its derivative, where the potential of the surface is u."""
    charge, slope = np.zeros_like(u), np.zeros_like(u)
    for group in groups:
        states: list[tuple[float, Any]] = [(0.0, np.zeros_like(u)), (1.0, np.log(10.0) * (group.pK - pH) - u)]
        for ion, k in (group.binds or {}).items():
            c = next((c for known, c in s.bulk.items() if known == ion), None)
            if c is not None and k > 0:
                with np.errstate(divide="ignore"):
                    states.append((float(ion.z), np.log(k * c) - ion.z * u))
        top = np.max([exponent for _, exponent in states], axis=0)
        weights = [np.exp(exponent - top) for _, exponent in states]
        whole = sum(weights)
        mean = sum(z * w for (z, _), w in zip(states, weights, strict=True)) / whole
        square = sum(z * z * w for (z, _), w in zip(states, weights, strict=True)) / whole
        charge += group.density * (group.charge + mean)
        slope -= group.density * (square - mean * mean)
    unit = ELEMENTARY_CHARGE / s.charge_unit
    return charge * unit, slope * unit


def _settled(solver: Any, g: Array) -> Wall:
    wall: Wall = solver.at_field(np.where(np.isfinite(g), g, 0.0))
    wall.failed = np.where(np.isfinite(g), wall.failed, 1).astype(np.intc)
    return wall
