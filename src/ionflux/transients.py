"""Poisson–Nernst–Planck in time: steps, ramps and pulses of the voltage, and electrodes that let no ion through."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._broadcast import VOLTAGE, Array, Given, checked
from .constants import FARADAY, VACUUM_PERMITTIVITY
from .courses import course, is_schedule, times
from .errors import ConvergenceError, InputError, Interrupted, Status, StepSizeError
from .marching import ENDS, Marching
from .membranes import Membrane1D
from .meshes import Mesh, equilibria, own
from .poisson import check_tolerance
from .profile_runs import ProfileRun, TimeScales
from .profiles import Profile
from .refinement import Reached, Refinement, as_it_is
from .run_audits import audited
from .schedules import Schedule
from .stacks import Stack, stack

#: tolerance of the time steps where the mesh is given
_GIVEN = 3e-8


def pnp_transient(
    membrane: Membrane1D,
    left: Any,
    right: Any,
    V: ArrayLike | Schedule,
    *,
    t: ArrayLike,
    start: Profile | ArrayLike | None = None,
    blocking: bool = False,
    tol: float = 1e-6,
    nodes: Any = None,
    vary: Mapping[str, ArrayLike] | None = None,
    threads: int | None = None,
) -> ProfileRun:
    """∂c/∂t = −∂J/∂x with J = −D(c′ + zcu′ + cw′) and −(εφ′)′ = F(Σ zc + X) at every moment, u = Fφ/RT.

    Scharfetter–Gummel finite volumes, of which no ion is lost, in time with Rodas5P, a stiffly accurate Rosenbrock method of order 5 with
    steps of its own choice for each problem. Every time in `t` is met exactly. Three meshes or more, each with every cell of the one
    before halved, are extrapolated to cells of no size; a run with a looser tolerance measures the error of the steps.

    Parameters
    ----------
    membrane : Membrane1D
        Layers with their fixed charges; surface charges at the interfaces between them.
    left, right : Bath or mapping from ion to float or array
        Concentrations at the ends, mol/m³, which stay. With `blocking` they say how the membrane is filled at the start: straight from
        one to the other.
    V : float, array or schedule
        φ(left) − φ(right), V. A number is applied from t = 0 on; `step`, `ramp`, `pulse`, `train`, `table` or a list of them act on the
        voltage before.
    t : array (nt,)
        Times at which profiles are wanted, s, ascending, from 0 on.
    start : Profile, float or array, optional
        What there is before t = 0: the stationary state at a voltage, default 0 V, or a profile, whose own V then is the voltage before.
        Between blocking electrodes the default is the filling, at 0 V.
    blocking : bool
        No ion passes the ends: they are electrodes, without a Stern layer.
    tol : float
        Error allowed for concentrations, potential, charge and current at each time, against how far they have moved; 1e-12 … 0.1.
    nodes : int or array, optional
        Instead of tol, one mesh and no extrapolation: cells in each layer, one number or a list of them, or the places x themselves,
        m, with all interfaces.
    vary : mapping from dotted name to array, optional
        Parameters of the membrane and of the solutions that differ within the batch, as for `pnp`.
    threads : int, optional
        Threads to share a batch among; default 1. The result does not depend on it.

    Returns
    -------
    ProfileRun
        Its `error` is the estimate at each time, NaN with `nodes`. In a batch `status` says which problems were not solved.

    Raises
    ------
    InputError
        Times, voltages or a start that mean nothing.
    ConvergenceError
        A single problem that was not solved to that accuracy; `partial` holds what there is.
    StepSizeError
        A single problem whose steps became too small.
    Interrupted
        Ctrl-C, within a tenth of a second and what it takes to hand over. Its `partial` is a ProfileRun of what was reached: finished
        problems, and of the others (status CANCELLED, error NaN) the finest mesh that was finished, or the first up to the time it had
        come to.

    Notes
    -----
    The times in which a layer answers are λ²/D, λL/D and L²/D (`ProfileRun.time_scales`): a mesh sees nothing that is faster than its
    smallest cell h²/D, and `error` says so.

    Examples
    --------
    >>> from ionflux import Cl, K, Layer, Membrane1D
    >>> gap, salt = Membrane1D(Layer(20e-9, eps_r=78.5), T=298.15), {K: 100.0, Cl: 100.0}
    >>> run = pnp_transient(gap, salt, salt, 0.01, t=[1e-9, 1e-8, 1e-7], blocking=True)
    >>> [float(f"{Q:.4g}") for Q in run.Q]
    [0.0009921, 0.003247, 0.003617]

    Source: D. L. Scharfetter & H. K. Gummel, IEEE Trans. Electron Devices 16, 64 (1969); G. Steinebach, BIT Numer. Math. 63, 27 (2023).
    """
    try:
        return _followed(membrane, left, right, V, t, start, blocking, tol, nodes, vary, threads)
    except Interrupted:
        raise
    except KeyboardInterrupt:
        raise Interrupted("pnp_transient: interrupted before anything was reached") from None


def _followed(
    membrane: Membrane1D,
    left: Any,
    right: Any,
    V: ArrayLike | Schedule,
    t: ArrayLike,
    start: Profile | ArrayLike | None,
    blocking: bool,
    tol: float,
    nodes: Any,
    vary: Mapping[str, ArrayLike] | None,
    threads: int | None,
) -> ProfileRun:
    check_tolerance(tol)
    wanted = times(t)
    scheduled = is_schedule(V)
    profile = start if isinstance(start, Profile) else None
    rest = 0.0 if start is None else profile.V if profile is not None else checked(Given("start", start, VOLTAGE))
    rest = np.asarray(rest, dtype=np.float64)
    if not np.all(np.isfinite(rest)):
        raise InputError("start: the voltage before t = 0 has to be a number")
    s = stack(membrane, left, right, rest if scheduled else V, vary, leading=rest.shape, neutral=not blocking)
    assert s.V is not None
    if not np.all(np.isfinite(s.V)):
        raise InputError("V has NaN")
    before = np.broadcast_to(rest, s.shape).reshape(-1).astype(np.float64)
    if blocking and profile is None and np.any(before != 0):
        raise InputError(f"start = {start!r}: between blocking electrodes give a Profile, as from the end of another run, or nothing")
    path = course(V if scheduled else s.V, before, wanted)
    marching = Marching(s, before, path, blocking, profile, threads)
    every, reached, refinement = np.arange(s.n), list[Reached](), Refinement(marching)
    again = functools.partial(
        pnp_transient, membrane, left, right, V, start=start, blocking=blocking, tol=tol, nodes=nodes, vary=vary, threads=threads
    )
    tolerated = tol if nodes is None else np.inf
    try:
        if nodes is not None:
            reached.append(as_it_is(every, marching.run(own(s, nodes), every, _GIVEN)))
        else:
            for key, rows in marching.alike():
                reached += refinement.refine(key, rows, tol)
    except KeyboardInterrupt:
        if nodes is not None and marching.halfway is not None:
            reached.append(as_it_is(every, marching.halfway))
        reached += refinement.kept
        partial = _run(marching, reached, tolerated, again) if reached else None
        raise Interrupted("pnp_transient: interrupted; `partial` holds what was reached, NaN where nothing was", partial=partial) from None
    run = _run(marching, reached, tolerated, again)
    if s.shape == () and run.status != int(Status.OK):
        if run.status == int(Status.STEP_TOO_SMALL):
            raise StepSizeError("pnp_transient: the steps became too small; look for a concentration near zero at that time", partial=run)
        worst = float(np.max(run.error)) if np.all(np.isfinite(run.error)) else np.nan
        why = f"the estimated error is {worst:.2g}, tol = {tol:g}" if np.isfinite(worst) else "there is no stationary state to start from"
        raise ConvergenceError(f"pnp_transient: {why}; try a looser tol, or later times", partial=run)
    return run


def time_scales(membrane: Membrane1D, left: Any, right: Any, *, vary: Mapping[str, ArrayLike] | None = None) -> TimeScales:
    """λ²/D, λL/D and L²/D of each layer: how fast charge relaxes, double layers charge, concentrations spread.

    Parameters
    ----------
    membrane, left, right, vary
        As for `pnp_transient`.

    Returns
    -------
    TimeScales
        Named (relaxation, charging, diffusion), s; (..., layers).

    Examples
    --------
    >>> from ionflux import Cl, K, Layer, Membrane1D
    >>> gap, salt = Membrane1D(Layer(20e-9, eps_r=78.5), T=298.15), {K: 100.0, Cl: 100.0}
    >>> [f"{float(x[0]):.3g}" for x in time_scales(gap, salt, salt)]
    ['4.64e-10', '9.65e-09', '2.01e-07']
    """
    return _scales(stack(membrane, left, right, None, vary))


def _scales(s: Stack) -> TimeScales:
    """Of the mean of the two solutions, in Donnan equilibrium with the charges of each layer."""
    z = s.z[:, None, None]
    c = 0.5 * (s.left + s.right)[:, None] * s.k * np.exp(-z * equilibria(s))
    strength, flow = np.sum(z**2 * c, axis=0), np.sum(z**2 * c * s.D, axis=0)
    with np.errstate(divide="ignore"):
        length = np.sqrt(VACUUM_PERMITTIVITY * s.eps * s.VT / (FARADAY * strength))
        D = flow / strength
        scales = (length**2 / D, length * s.thickness / D, s.thickness**2 / D)
    return TimeScales(*(s.rows(x).T.reshape(*s.shape, len(s.thickness)) for x in scales))


def _places(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Nodes with every inner interface twice, and the layer each of them belongs to."""
    pick = np.sort(np.concatenate([np.arange(len(mesh.at)), np.flatnonzero(np.diff(mesh.layer)) + 1]))
    layer = np.concatenate([mesh.layer, mesh.layer[-1:]])[pick]
    layer[np.flatnonzero(np.diff(pick) == 0)] -= 1
    return pick, layer


def _run(marching: Marching, reached: list[Reached], tol: float, again: Any) -> ProfileRun:
    """Bring everything onto the places of results."""
    s, problem, path = marching.s, marching.problem, marching.course
    ions, slots = len(s.ions), slice(0 if path.t[0] == 0 else 1, None)
    nt = len(path.t)
    places = [_places(r.shown) for r in reached]
    n = max((len(pick) for pick, _ in places), default=1)
    # an interrupted run may not have come to some of the rows
    f: dict[str, Any] = {name: np.full((s.n, nt), np.nan) for name in ("I", "V", "Q", "error")}
    f |= {name: np.full((s.n, ions, nt), np.nan) for name in ("J_left", "J_right")}
    f |= {"status": np.full(s.n, int(Status.CANCELLED), dtype=np.intc), "stats": np.zeros((s.n, 3), dtype=np.int64)}
    x = np.full((s.n, n), np.nan)
    kappa, VT, c0 = s.rows(problem.kappa), s.rows(s.VT), s.rows(problem.c0)

    def profiles(which: slice) -> tuple[Array, Array]:
        """phi and c at some of the times, (rows, nt, n) and (rows, ions, nt, n)."""
        inner = slice(slots.start + which.start, slots.start + which.stop)
        phi = np.full((s.n, which.stop - which.start, n), np.nan)
        c = np.full((s.n, ions, which.stop - which.start, n), np.nan)
        for r, (pick, layer) in zip(reached, places, strict=True):
            rows, pad = r.rows, np.minimum(np.arange(n), len(pick) - 1)
            y = r.at_places(inner)[..., pick[pad]]
            phi[rows] = y[:, :, -1] * VT[rows, None, None]
            for i in range(ions):
                c[rows, i] = y[:, :, i] * (kappa[i][layer[pad]][:, rows].T * c0[rows][:, None])[:, None, :]
        return phi, c

    for r, (pick, _) in zip(reached, places, strict=True):
        rows, pad = r.rows, np.minimum(np.arange(n), len(pick) - 1)  # others needed more places: the last one stands more than once
        nodes, unit = r.shown.nodes(s.thickness), c0[rows][:, None]
        x[rows] = (nodes if len(nodes) == 1 else nodes[rows])[:, pick[pad]]
        seen = r.seen[:, slots]
        f["Q"][rows], f["I"][rows] = seen[..., 0] * FARADAY * unit, seen[..., 2] * FARADAY * unit
        shut = np.broadcast_to(s.blocked.T, (s.n, ions))[rows][:, :, None]
        for k, name in ((3, "J_left"), (3 + ions, "J_right")):
            f[name][rows] = np.where(shut, 0.0, seen[..., k : k + ions].transpose(0, 2, 1) * unit[:, :, None])
        error = r.error[:, slots]
        f["error"][rows] = error
        ends = np.array([int(ENDS[int(e)]) for e in r.plain.counts[:, 2]], dtype=np.intc)
        late = (ends == int(Status.OK)) & ~(np.all(error <= tol, axis=1) | (tol == np.inf))
        why = np.where(np.all(np.isnan(error), axis=1), int(Status.CANCELLED), int(Status.NOT_CONVERGED))
        f["status"][rows] = np.where(late, why, ends)
        f["stats"][rows] = np.column_stack([r.plain.counts[:, :2], np.full(len(rows), len(r.plain.mesh.width))])
    first = 0 if path.t[0] == 0 else 1
    for k in range(nt):
        f["V"][:, k] = path.at(k + first)[0]
    same = s.thickness.shape[1] == 1 and len({len(pick) for pick, _ in places}) == 1 and bool(np.all(x == x[:1]))
    label = {"layers": len(s.thickness), "ions": " ".join(ion.name for ion in s.ions)}
    return ProfileRun(
        s.shape,
        s.ions,
        path.t,
        x[0] if same and s.n else x,
        f,
        profiles,
        lambda: audited(marching, reached),
        lambda: _scales(s),
        again,
        label,
    )
