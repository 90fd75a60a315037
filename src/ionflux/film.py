"""The stationary electroneutral film of Nernst and Planck without net current, solved exactly for any valences.

In a film c′ = −z c u′ − j (j = J/D) with Σ zc constant, hence u′ = −Σ zj/Q, Q = Σ z²c. With a new coordinate s, dx = Q ds, scaled so that s
runs from 0 to 1, the potential is linear, u = −a s, a = Σ zj, and the concentrations obey a *linear* equation with constant coefficients:

    dc_i/ds = a z_i c_i − j_i Q

Ions of one valence add up: with C, j the sums over a valence, dC/ds = (a diag(ζ) − j ⊗ ζ²) C, and each ion follows from its class,
c_i(1) = e^{a z_i} c_i(0) − j_i K, K = ∫ e^{a z (1−s)} Q ds. What is left are as many unknowns as there are valences: the class sums must
arrive at the other side, and the current Σ z_i D_i j_i must vanish. Matrix exponentials do the rest, with Jacobians by complex steps.

Sources: M. Planck (1890) and K. Schlögl, Z. phys. Chem. N.F. 1, 305 (1954) for the classes; the linear form is our own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import ConvergenceError

MAX_STEPS = 60
#: of the residuals, relative to what they are made of
CLOSE = 1e-13


class Film(NamedTuple):
    """F(φ_left − φ_right)/RT, (n,); J times thickness of each ion left to right, (ions, n), mol m⁻¹ s⁻¹."""

    u: NDArray[np.float64]
    flux: NDArray[np.float64]


def solve_film(
    z: NDArray[np.float64],
    D: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    guess: NDArray[np.float64],
    *,
    single: bool = False,
) -> Film:
    """Solve n films.

    Parameters
    ----------
    z, D : (ions,) valences, diffusivities m²/s
    left, right : (ions, n) concentrations, of the same Σ zc
    guess : (n,) a first F(φ_left − φ_right)/RT
    single : bool
        Raise where there is no convergence, instead of giving NaN.

    Raises
    ------
    ConvergenceError
        One film that could not be solved.
    """
    n = left.shape[1]
    u, flux = np.full(n, np.nan), np.full(left.shape, np.nan)
    for b in range(n):
        a, b_right = left[:, b], right[:, b]
        if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b_right)) and np.any(a) and np.any(b_right)):
            continue
        for way in _ways(z, a, b_right):
            problem = _Problem(z, D / np.max(D), *((a, b_right) if way > 0 else (b_right, a)))
            j = problem.solve(way * float(guess[b]))
            if j is not None:
                break
        if j is None and single:
            raise ConvergenceError("the film between the two solutions could not be solved; use method='henderson' for an estimate")
        if j is not None:
            u[b] = way * float(problem.slope(j).real)
            flux[:, b] = way * np.max(D) * problem.fluxes(j)
    return Film(u, flux)


def _ways(z: NDArray[np.float64], left: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    """Which way to go first (1: left to right): to the side of more ions, because rounding errors grow against what falls. Between sides
    of like strength (a charged membrane) the ions of one sign alone may fall by orders of magnitude; then away from those.
    """
    ratio = float((z**2 @ left) / (z**2 @ right))
    if not 0.5 < ratio < 2.0:
        return (1.0, -1.0) if ratio < 1.0 else (-1.0, 1.0)
    sums = [(np.sum(left[z == zeta]), np.sum(right[z == zeta])) for zeta in np.unique(z)]
    falls = [float(np.log(a / b)) for a, b in sums if a > 0 and b > 0]
    return (1.0, -1.0) if max(falls, default=0.0) <= max((-fall for fall in falls), default=0.0) else (-1.0, 1.0)


def exponential(M: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """e^M of small matrices, by its series at a 2⁻ˢ of the argument and s squarings.

    For matrices of this size it takes a tenth of the time of a general routine, which looks at many, solves a system and may start threads.
    """
    size = float(np.max(np.sum(np.abs(M), axis=-1), initial=0.0))
    if not np.isfinite(size):
        return np.full_like(M, np.nan)
    squarings = max(0, int(np.ceil(np.log2(size))) + 1) if size > 0 else 0
    A = M * 0.5**squarings  # its norm is at most 1/2: the first term left out is below 2⁻⁵⁵
    one = np.eye(M.shape[-1])
    total = one + A / 14.0
    for k in range(13, 0, -1):
        total = one + (A @ total) / k
    for _ in range(squarings):
        total = total @ total
    return np.asarray(total)


class _Problem:
    """One film; the unknowns are the class sums of j."""

    def __init__(self, z: NDArray[np.float64], D: NDArray[np.float64], left: NDArray[np.float64], right: NDArray[np.float64]) -> None:
        present = (left > 0) | (right > 0)
        self.present = present
        self.z, self.D, self.left, self.right = z[present], D[present], left[present], right[present]
        self.zeta = np.unique(self.z)
        self.of = self.zeta[:, None] == self.z[None, :]  # (classes, ions)

    def slope(self, j: NDArray[np.complex128] | NDArray[np.float64]) -> NDArray[np.complex128]:
        """a = Σ ζj = F(φ_left − φ_right)/RT."""
        return np.asarray(j @ self.zeta, dtype=complex)

    def through(self, j: NDArray[np.complex128], start: NDArray[np.float64]) -> tuple[NDArray[np.complex128], ...]:
        """From rows of j and class sums at the left: class sums at the right, K of each class, ∫ Q ds."""
        m = len(self.zeta)
        a = self.slope(j)
        M = np.zeros((len(j), 2 * m + 1, 2 * m + 1), dtype=complex)
        k = np.arange(m)
        M[:, :m, :m] = -j[:, :, None] * self.zeta**2
        M[:, k, k] += a[:, None] * self.zeta
        M[:, m : 2 * m, :m] = self.zeta**2
        M[:, m + k, m + k] = a[:, None] * self.zeta
        M[:, 2 * m, :m] = self.zeta**2
        end = exponential(M)[:, :, :m] @ start
        return end[:, :m], end[:, m : 2 * m], end[:, 2 * m]

    def residual(self, j: NDArray[np.complex128], right: NDArray[np.float64]) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
        """(rows, classes + 1): what the class sums miss at the right, and the current; and the size of the terms of each."""
        start, goal = self.of @ self.left, self.of @ right
        end, K, _ = self.through(j, start)
        lifted = np.exp(self.slope(j)[:, None] * self.z) * self.left
        K_of_ion = K @ self.of
        carried = self.z * self.D / K_of_ion
        current = np.sum(carried * (lifted - right), axis=1)
        scale = np.sum(np.abs(carried[0]) * (np.abs(lifted[0]) + right))
        sizes = np.abs(np.exp(self.slope(j)[0] * self.zeta)) * start + np.abs(j[0] * K[0]) + goal
        return np.concatenate([end - goal, current[:, None]], axis=1), np.append(sizes, scale)

    def newton(self, j: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Gauss-Newton with halved steps; the equations are one more than the unknowns, because charge is conserved by itself."""
        m, h = len(j), 1e-30
        best = np.inf
        for _ in range(MAX_STEPS):
            with np.errstate(all="ignore"):
                rows = np.concatenate([j[None, :].astype(complex), j + 1j * h * np.eye(m)])
                r, scale = self.residual(rows, right)
            if not np.all(np.isfinite(r)) or not np.all(scale > 0):
                return None
            f = r[0].real / scale
            size = float(np.max(np.abs(f)))
            step = -np.linalg.lstsq(r[1:].imag.T / h / scale[:, None], f, rcond=None)[0]
            tiny = float(np.max(np.abs(step))) <= CLOSE * (1.0 + float(np.max(np.abs(j))))
            if tiny and size < 1e-9:
                return np.asarray(j + step)
            if size < 1e-12 and size >= 0.5 * best:  # rounding is all that is left
                return j
            best = min(best, size)
            j = self._damped(j, step, right, float(np.linalg.norm(f)))
        return None

    def _damped(self, j: NDArray[np.float64], step: NDArray[np.float64], right: NDArray[np.float64], norm: float) -> NDArray[np.float64]:
        """The largest of the halved steps after which the residuals are smaller."""
        share = 1.0
        for _ in range(30):
            trial = j + share * step
            with np.errstate(all="ignore"):
                r, scale = self.residual(trial[None, :].astype(complex), right)
                reached = float(np.linalg.norm(r[0].real / scale))
            if reached < norm or norm < 1e-9:
                return trial
            share *= 0.5
        return trial

    def solve(self, guess: float) -> NDArray[np.float64] | None:
        """From Henderson's potential at once, or else on a path from equal solutions."""
        if np.array_equal(self.left, self.right):
            return np.zeros(len(self.zeta))
        j = self.newton(self._start(guess, self.right), self.right)
        return j if j is not None else self._path()

    def _start(self, a: float, right: NDArray[np.float64]) -> NDArray[np.float64]:
        """Class sums of j for a potential, with Q between its ends as an exponential."""
        Q = self.z**2 @ self.left, self.z**2 @ right
        rate = np.log(Q[1] / Q[0]) - a * self.zeta
        with np.errstate(all="ignore"):
            mean = np.where(rate == 0.0, 1.0, np.expm1(rate) / np.where(rate == 0.0, 1.0, rate))
            j = (np.exp(a * self.zeta) * (self.of @ self.left) - self.of @ right) / (Q[0] * np.exp(a * self.zeta) * mean)
        # the smallest change that makes the sum of ζj the potential
        return np.asarray(j + self.zeta * (a - j @ self.zeta) / (self.zeta @ self.zeta))

    def _path(self) -> NDArray[np.float64] | None:
        """Follow the solution while the right side changes from the left's composition to its own, in steps as long as they succeed."""
        j, at, step = np.zeros(len(self.zeta)), 0.0, 0.05
        while at < 1.0:
            to = min(1.0, at + step)
            found = self.newton(j * (to / at if at else 1.0), self._between(to))
            if found is None:
                step *= 0.5
                if step < 1e-9:
                    return None
            else:
                j, at, step = found, to, 2.0 * step
        return j

    def _between(self, t: float) -> NDArray[np.float64]:
        """A solution on the way from left to right: geometric in the total where both are neutral, linear in the composition."""
        mixed = (1 - t) * self.left + t * self.right
        if abs(self.z @ self.left) > 1e-9 * (np.abs(self.z) @ self.left):
            return np.asarray(mixed)
        totals = np.sum(self.left), np.sum(self.right)
        return np.asarray(((1 - t) * self.left / totals[0] + t * self.right / totals[1]) * totals[0] ** (1 - t) * totals[1] ** t)

    def fluxes(self, j: NDArray[np.float64]) -> NDArray[np.float64]:
        """D j ∫ Q ds of each ion: its flux times the thickness."""
        _, K, length = self.through(j[None, :].astype(complex), self.of @ self.left)
        a = float(self.slope(j).real)
        own = (np.exp(a * self.z) * self.left - self.right) / (K[0].real @ self.of)
        flux = np.zeros(len(self.present))
        flux[self.present] = self.D * own * length[0].real
        return flux
