"""Results on a sequence of meshes, each with every cell halved, extrapolated to cells of no size; how far off that may still be."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from ._broadcast import Array
from .stacks import along_ions, balancing

#: fluxes are compared with no less than this of the largest of them, and of what diffuses; the current, with this of all that is carried
_SMALLEST, _NOTHING, _CARRIED = 1e-6, 1e-13, 1e-3
#: the rounding of V over RT/F, or over V where that is larger; what this many of it drive is nothing, as is a flux of less, mol m⁻² s⁻¹
_EPSILON, _FEW, _SHUT = 2.2e-16, 5.0, 1e-100
#: RT/F on either side of V where changes count, too, and of how many meshes
_BESIDE, _BY_DERIVATIVES = 2.0, 5
#: of what the last mesh has changed, the share that counts as the error: of four meshes and of more, times the third, fourth … root of the
#: change, and the greatest; of any, times the last contraction
_ROOT, _ROOT_OF_MORE, _GREATEST, _OF_MORE, _CONTRACTED = 8.0, 2.0, 0.25, 0.05, 2.0
#: the last change is not believed to be less than this of the one before: results have met by chance
_BELIEVED = 1.5e-3
#: relative error of derivatives: they are those before the last step of Newton's method
_TANGENT = 1e-9
#: relative size of rounding; meshes for an estimate
_ROUNDING, MESHES = 1e-15, 4


class Values(NamedTuple):
    """What is extrapolated: fluxes and their derivatives with u = FV/RT, (..., rows, ions), and u at the left, (..., rows)."""

    J: Array
    dJ: Array
    u: Array

    def take(self, keep: np.ndarray) -> Values:
        """Some of the rows."""
        return Values(self.J[keep], self.dJ[keep], self.u[keep])


def romberg(levels: Array) -> tuple[Array, Array]:
    """Extrapolate to cells of no size what has an error in even powers of theirs: the best value, and the one of an order less."""
    column, best = list(levels), levels[-1]
    worse = best
    for order in range(1, len(levels)):
        column = [b + (b - a) / (4.0**order - 1.0) for a, b in itertools.pairwise(column)]
        worse, best = best, column[-1]
    return best, worse


def difference(J: Array, other: Array, z: Array, unit: Array) -> Array:
    """Largest relative difference of two sets of fluxes and of their currents. J, other, unit = D c/L : (rows, ions)."""
    each, current = _sizes(J, z, unit)
    apart = J - other
    return _largest(np.abs(apart) / each, np.abs(along_ions(apart, z)) / current)


def change(new: Values, old: Values, z: Array, unit: Array, meshes: int, clamped: bool = False) -> Array:
    """By how much the last of so many meshes has changed fluxes and current, relative, the largest at V and beside it; and u.

    At one voltage a change may pass through zero, of all fluxes at once where their errors have one cause. It does not do so over some
    RT/F: a flux is P times a difference of electrochemical potentials, which is exact, and how ln P has changed beside V follows from the
    derivatives. They come from one solution of the linear equations, whose rounding grows with the cells: of many meshes they say nothing.

    clamped : the current is given, and V may have changed. Beside it is then at a current beside the given one: to keep that, what fluxes
    at one V have changed by, δJ, moves V by δu = −Σ z δJ/Σ z dJ/du and fluxes by dJ/du δu more. Fluxes are compared with what they are
    there, their size and what has been added to it, and V with RT/F and what has been added to that.
    """
    each, current = _sizes(new.J, z, unit)
    apart, moved = new.J - old.J, new.u - old.u
    here = apart - new.dJ * moved[:, None]  # at the same V
    if clamped:
        still = (_still(new) & _still(old))[:, None]
        apart, here = np.where(still, 0.0, apart), np.where(still, 0.0, here)
    ions, total = np.abs(apart) / each, np.abs(along_ions(apart, z)) / current
    far = np.abs(moved)
    if meshes <= _BY_DERIVATIVES:
        tilt = new.dJ - old.dJ - new.dJ * np.where(new.J < 0, -here, here) / each  # J times what d ln P/du has changed by
        slope = along_ions(new.dJ, z)
        if clamped:
            lag = -along_ions(tilt, z) / np.where(slope == 0.0, 1.0, slope)
            ions = ions + _BESIDE * np.abs(tilt + new.dJ * lag[:, None]) / (each + _BESIDE * np.abs(new.dJ))
            far = far + _BESIDE * np.abs(lag) / (1.0 + _BESIDE)
        else:
            # where an ion is near its equilibrium, or the current near zero, against what a change of V does
            ions = ions + _BESIDE * np.abs(tilt) / np.maximum(each, np.abs(new.dJ))
            total = total + _BESIDE * np.abs(along_ions(tilt, z)) / np.maximum(current, np.abs(slope))
    return np.maximum(_largest(ions, total), far)


def estimate(before: Array, last: Array, meshes: int) -> Array:
    """Relative error of the best values of so many meshes, from what the last two of these have changed; see `change`.

    With cells of relative size h the last of m meshes changes what is of order h^2(m−1), and leaves h^2m: h² is the (m−1)-th root of the
    change. The factors were found on some three thousand random membranes, by collocation, and hold on fifteen thousand others.
    """
    believed = np.maximum(last, _BELIEVED * before)
    root, greatest = (_ROOT, _GREATEST) if meshes == MESHES else (_ROOT_OF_MORE, _OF_MORE)
    share = np.minimum(root * believed ** (1.0 / (meshes - 1)), greatest)
    share = np.maximum(share, np.minimum(1.0, _CONTRACTED * last / before))
    return np.asarray(np.maximum(share * believed, _ROUNDING))


def slope_change(dJ: Array, old: Array, z: Array) -> Array:
    """By how much the last mesh has changed Σ z dJ, relative: the changes of all ions together, so that they do not hide one another."""
    apart, slope = along_ions(np.abs(dJ - old), np.abs(z)), np.abs(along_ions(dJ, z))
    return np.asarray(np.maximum(apart / np.where(slope == 0.0, 1.0, slope), _TANGENT))


def rounding(best: Values, z: Array, unit: Array) -> Array:
    """Relative error of fluxes that carry a given current by the rounding of V alone, the largest, (rows,): no mesh makes it smaller.

    An ion near its equilibrium is moved by the last digit of V as it would be by that of a concentration. See `stacks.balanced` for the
    ion that has its flux from the others.
    """
    each, _ = _sizes(best.J, z, unit)
    off = np.where(_still(best)[:, None], 0.0, _driven(best))
    which, rows = balancing(best.J, best.dJ, z), np.arange(len(off))
    off[rows, which] = 0.0
    off[rows, which] = along_ions(off, np.abs(z)) / np.maximum(np.abs(z[which]), 1.0)
    return np.asarray(np.max(off / each, axis=1))


def _driven(values: Values) -> Array:
    """What the rounding of V drives, (rows, ions)."""
    return np.asarray((_EPSILON * np.maximum(1.0, np.abs(values.u)))[:, None] * np.abs(values.dJ))


def _still(values: Values) -> np.ndarray:
    """Whether nothing flows but what the rounding of V drives, as between equal solutions or in Donnan's equilibrium, (rows,)."""
    return np.asarray(np.all(np.abs(values.J) <= np.maximum(_FEW * _driven(values), _SHUT), axis=1))


def _sizes(J: Array, z: Array, unit: Array) -> tuple[Array, Array]:
    """What changes of fluxes, (rows, ions), and of the current, (rows,), are compared with."""
    size = np.abs(J)
    # what carries no charge changes nothing for the others
    largest = np.max(size * (z != 0), axis=1, keepdims=True)
    floor = np.maximum(np.maximum(_SMALLEST * largest, _NOTHING * unit), 1e-300)
    current = np.maximum(np.abs(along_ions(J, z)), _CARRIED * along_ions(size, np.abs(z)))
    return np.maximum(size, floor), np.maximum(current, np.max(floor, axis=1))


def _largest(ions: Array, current: Array) -> Array:
    return np.asarray(np.maximum(np.maximum(np.max(ions, axis=1), current), _ROUNDING))
