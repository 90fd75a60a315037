"""Impedance of membranes in profile: what a small oscillation of the voltage drives through a stationary state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._broadcast import Array, Given, checked
from .constants import FARADAY
from .courses import course
from .electrochem import bernoulli
from .errors import ConvergenceError, InputError, Status
from .extrapolation import romberg
from .fields import Parameter
from .marching import Marching
from .membranes import Membrane1D
from .meshes import Mesh, graded, own
from .poisson import check_tolerance
from .refinement import LEVELS, MARGIN
from .spectra import Complex, Impedance
from .stacks import Stack, stack

_OMEGA = Parameter(1.0, "s^-1", 0.0, 1e18, "angular frequency")
#: how often the cells of the coarsest mesh are halved for the first of the meshes, and of that at most; cells at most
_FIRST, _MOST, _CELLS = 1, 7, 4000
#: a closed membrane is followed for so many times the longest time it has, with steps of this tolerance
_LONG, _CLOSELY = 100.0, 1e-8


def impedance(
    membrane: Membrane1D,
    left: Any,
    right: Any,
    V: ArrayLike,
    *,
    omega: ArrayLike,
    blocking: bool = False,
    tol: float = 1e-6,
    nodes: Any = None,
    vary: Mapping[str, ArrayLike] | None = None,
    threads: int | None = None,
) -> Impedance:
    """Z(ω) = dV/dI of the Poisson–Nernst–Planck equations, (F′ − iωM) δ = −∂F/∂V about the stationary state, with displacement.

    The finite volumes of `pnp` with the Jacobian of their fluxes and iω times the volumes: one complex block-tridiagonal system for each
    frequency, on meshes that are extrapolated as by `pnp`. At ω = 0 it is 1/(dI/dV); at high frequencies the capacitances of the layers
    in series; between blocking electrodes at low ones the double layers.

    Parameters
    ----------
    membrane, left, right, vary, threads
        As for `pnp`; with `blocking` as for `pnp_transient`.
    V : float or array
        φ(left) − φ(right) about which the voltage oscillates, V.
    omega : float or array (m,)
        Angular frequencies 2πf, 1/s; 0 only where ions pass the ends.
    blocking : bool
        No ion passes the ends.
    tol : float
        Relative error allowed for Z at every frequency; 1e-12 … 0.1.
    nodes : int or array, optional
        Instead of tol, one mesh and no extrapolation, as for `pnp`.

    Returns
    -------
    Impedance
        Named (omega, V, Z, Y, capacitance, conductance, error, status).

    Raises
    ------
    ConvergenceError
        A single problem without a solution of that accuracy; `partial` holds what there is.

    Examples
    --------
    >>> from ionflux import Cl, K, Layer, Membrane1D
    >>> film = Membrane1D(Layer(5e-9, eps_r=78.5), T=298.15)
    >>> Z = impedance(film, {K: 100.0, Cl: 100.0}, {K: 100.0, Cl: 100.0}, 0.0, omega=[0.0, 1e12])
    >>> [f"{float(C):.4g}" for C in Z.capacitance], f"{float(Z.conductance[0]):.5g}"
    (['nan', '0.139'], '2.996e+08')

    Source: M. Z. Bazant, K. Thornton & A. Ajdari, Phys. Rev. E 70, 021506 (2004), for blocking electrodes.
    """
    check_tolerance(tol)
    given = np.asarray(checked(Given("omega", omega, _OMEGA)), dtype=np.float64)
    if given.ndim > 1 or given.size == 0 or not np.all(np.isfinite(given)):
        raise InputError("omega: give one angular frequency, 1/s, or a list of them")
    if blocking and np.any(given == 0):
        raise InputError("omega = 0: between blocking electrodes no current flows for ever; give frequencies above 0")
    s = stack(membrane, left, right, V, vary, neutral=not blocking)
    assert s.V is not None
    if not np.all(np.isfinite(s.V)):
        raise InputError("V has NaN")
    signal = _Signal(s, blocking, threads)
    every, frequencies = np.arange(s.n), np.atleast_1d(given)
    Y, error = np.empty((s.n, len(frequencies)), dtype=complex), np.full((s.n, len(frequencies)), np.nan)
    if nodes is not None:
        Y[:] = signal.admittance(own(s, nodes), every, frequencies)
    else:
        for key, rows in signal.marching.alike() if blocking else signal.marching.problem.alike():
            signal.refine(key, rows, frequencies, tol, Y, error)
    lost = ~np.all(np.isfinite(Y), axis=1)
    status = np.where(lost | np.any(error > tol, axis=1), int(Status.NOT_CONVERGED), int(Status.OK)).astype(np.intc)
    result = Impedance(s.shape, given, s.V, Y, error, status)
    if s.shape == () and status[0] != int(Status.OK):
        why = "there is no stationary state" if lost[0] else f"the estimated error is {np.max(error):.2g}, tol = {tol:g}"
        raise ConvergenceError(f"impedance: {why}; try a looser tol", partial=result)
    return result


class _Signal:
    """Stationary states and what a small oscillation does to them."""

    def __init__(self, s: Stack, closed: bool, threads: int | None) -> None:
        assert s.V is not None
        self.s, self.closed, self.threads = s, closed, threads
        before = np.zeros(s.n) if closed else s.V
        self.marching = Marching(s, before, course(s.V, before, np.array([1.0])), closed, None, threads)

    def refine(self, key: Any, rows: np.ndarray, omega: Array, tol: float, Y: Complex, error: Array) -> None:
        """Halve the cells until the extrapolated admittances of each row stop to change."""
        levels = [self.admittance(graded(key, level), rows, omega) for level in range(_FIRST, _FIRST + LEVELS)]
        while len(rows):
            some: Any = np.array(levels[-LEVELS:])
            best, worse = romberg(some)
            with np.errstate(invalid="ignore", divide="ignore"):
                last, plain = np.abs(best - worse) / np.abs(best), np.abs(best - some[-1]) / np.abs(best)
                found = np.maximum(last * np.minimum(1.0, MARGIN * last / np.maximum(plain, 1e-300)), 1e-15)
            finer = graded(key, _FIRST + len(levels))
            stop = ~np.any(found > tol, axis=1) | (len(levels) > _MOST) | (len(finer.width) > _CELLS)
            Y[rows[stop]], error[rows[stop]] = best[stop], found[stop]
            rows, levels = rows[~stop], [level[~stop] for level in levels]
            if len(rows):
                levels.append(self.admittance(finer, rows, omega))

    def rest(self, mesh: Mesh, rows: np.ndarray) -> Array:
        """The stationary state, (rows, ions + 1, n + 1); a closed membrane is followed until nothing changes."""
        marching = self.marching
        if not self.closed:
            return marching.begin(mesh, rows)
        ions, given = len(self.s.ions), marching.of(marching.given, rows)
        mobility, _ = marching.problem.along(mesh)
        amount = np.sum(given[mesh.layer, 4 + 2 * ions :] * mesh.width[:, None, None], axis=0)
        resistance = np.sum(1.0 / (given[mesh.layer, 4 : 4 + ions] * mobility.T[:, :, None]), axis=0)
        scale = amount * resistance
        scale = np.where(scale < 1e9, scale, 0.0)  # what does not move at all stays where it is
        longest = np.max(scale, axis=0) * np.ones(len(rows))
        until = 4.0 ** np.ceil(np.log(_LONG * np.maximum(longest, 1e-30)) / np.log(4.0))
        y = np.empty((len(rows), ions + 1, len(mesh.at)))
        assert self.s.V is not None
        for end in np.unique(until):
            own_rows = np.flatnonzero(until == end)
            path = course(self.s.V, np.zeros(self.s.n), np.array([end]))
            follow = Marching(self.s, np.zeros(self.s.n), path, True, None, self.threads)
            y[own_rows] = follow.run(mesh, rows[own_rows], _CLOSELY).y[:, -1]
        return y

    def admittance(self, mesh: Mesh, rows: np.ndarray, omega: Array) -> Complex:
        """dI/dV on a mesh, S/m², (rows, frequencies): elimination from the left, node by node, for all rows and frequencies at once."""
        n, N = len(mesh.width), len(self.s.ions) + 1
        y = self.rest(mesh, rows)
        out, back, slope, A, Q, v = self._linear(mesh, rows, y)
        m, w = len(rows), len(omega)
        fine = np.all(np.isfinite(y), axis=(1, 2))
        # what a node is, once those on its left are gone: d = a - G d_right; on the left end u is given
        first = 0 if self.closed else 1
        a, G = np.zeros((n + 1, m, w, N), dtype=complex), np.zeros((n + 1, m, w, N, N), dtype=complex)
        a[0, :, :, -1] = 1.0
        for k in range(first, n + 1 if self.closed else n):
            M, left, right = np.zeros((m, w, N, N), dtype=complex), np.zeros((m, 1, N, N)), np.zeros((m, 1, N, N))
            inner = 0 < k < n
            for i in range(N - 1):
                M[:, :, i, i] = -1j * omega * v[:, i, k, None]
                for side, cell, leaving, entering in ((left, k - 1, back, out), (right, k, out, back)):
                    if 0 <= cell < n:
                        M[:, :, i, i] -= leaving[:, i, cell, None]
                        M[:, :, i, -1] += slope[:, i, cell, None]
                        side[:, 0, i, i] = entering[:, i, cell]
                        side[:, 0, i, -1] = -slope[:, i, cell]
                if inner:
                    M[:, :, -1, i] = Q[:, i, k, None]
            M[:, :, -1, -1] = -(A[:, k - 1] + A[:, k])[:, None] if inner else 1.0
            if inner:
                left[:, 0, -1, -1], right[:, 0, -1, -1] = A[:, k - 1], A[:, k]
            b = np.zeros((m, w, N), dtype=complex)
            if k == 0:
                b[..., -1] = 1.0
            else:
                M = M - left @ G[k - 1]
                b -= (left @ a[k - 1][..., None])[..., 0]
            M[~fine] = np.eye(N)
            found = np.linalg.solve(M, np.concatenate([np.broadcast_to(right, M.shape), b[..., None]], axis=-1))
            G[k], a[k] = found[..., :-1], found[..., -1]
        d = a
        for k in range(n - 1, -1, -1):
            d[k] = a[k] - (G[k] @ d[k + 1][..., None])[..., 0]
        total = self._current(d, omega, out, back, slope, A) * self._unit(rows)
        total[~fine] = np.nan
        return total

    def _linear(self, mesh: Mesh, rows: np.ndarray, y: Array) -> tuple[Array, Array, Array, Array, Array, Array]:
        """W B(d), W B(−d) and dJ/du_right of each cell, (rows, ions, n); A (rows, n); zQ and v of each node, (rows, ions, n + 1)."""
        s, ions = self.s, len(self.s.ions)
        given = self.marching.of(self.marching.given, rows)
        given = np.broadcast_to(given, (*given.shape[:2], len(rows)))
        mobility, rise = self.marching.problem.along(mesh)
        cells = np.empty((3, len(rows), ions, len(mesh.width)))
        nodes = np.zeros((2, len(rows), ions, len(mesh.at)))
        for i, z in enumerate(s.z):
            W = (given[mesh.layer, 4 + i] * mobility[i][:, None]).T
            d = z * np.diff(y[:, -1]) + (rise[i] if len(rise) else 0.0)
            cells[0, :, i], cells[1, :, i] = W * bernoulli(d), W * bernoulli(-d)
            cells[2, :, i] = z * W * (bernoulli(d, derivative=True) * y[:, i, :-1] + bernoulli(-d, derivative=True) * y[:, i, 1:])
            for j, row in enumerate((4 + ions + i, 4 + 2 * ions + i)):
                half = 0.5 * (given[mesh.layer, row] * mesh.width[:, None]).T
                nodes[j, :, i, :-1] += half
                nodes[j, :, i, 1:] += half
        return cells[0], cells[1], cells[2], (given[mesh.layer, 0] / mesh.width[:, None]).T, nodes[0], nodes[1]

    def _current(self, d: Complex, omega: Array, out: Array, back: Array, slope: Array, A: Array) -> Complex:
        """Σ zJ with its displacement, through the cell where it is the smallest difference of large parts, (rows, frequencies)."""
        du = d[1:, :, :, -1] - d[:-1, :, :, -1]
        through = A.T[:, :, None] * 1j * omega
        total, size = -through * du, np.abs(through) * (np.abs(d[1:, :, :, -1]) + np.abs(d[:-1, :, :, -1]))
        for i, z in enumerate(self.s.z):
            parts = [x[:, i].T[:, :, None] for x in (out, back, slope)]
            total = total + z * (parts[0] * d[:-1, :, :, i] - parts[1] * d[1:, :, :, i] + parts[2] * du)
            size = size + abs(z) * (np.abs(parts[0] * d[:-1, :, :, i]) + np.abs(parts[1] * d[1:, :, :, i]) + np.abs(parts[2] * du))
        best = np.argmin(size, axis=0)
        return np.asarray(np.take_along_axis(total, best[None], axis=0)[0])

    def _unit(self, rows: np.ndarray) -> Array:
        s = self.s
        unit = FARADAY * s.rows(self.marching.problem.c0) / s.rows(s.VT)
        return np.asarray(unit[rows][:, None])
