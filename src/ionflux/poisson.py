"""Poisson–Nernst–Planck: potential and concentrations from each other, with an estimate of the error."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from . import collocation
from ._broadcast import Given, checked
from .constants import FARADAY
from .electrochem import bernoulli
from .errors import ConvergenceError, InputError, Status
from .fields import Parameter
from .membranes import Membrane1D
from .meshes import own
from .profiles import Profile, ProfileAudit
from .sensitivities import of_volumes
from .stacks import along_ions, stack
from .volumes import Answer, Problem

#: how it can be solved
METHODS = "finite volumes", "collocation"
_CURRENT = Parameter(0.0, "A m^-2", -1e12, 1e12, "current")


def pnp(
    membrane: Membrane1D,
    left: Any,
    right: Any,
    V: ArrayLike | None = None,
    *,
    I: ArrayLike | None = None,
    tol: float = 1e-6,
    nodes: Any = None,
    method: str = "finite volumes",
    start: Profile | None = None,
    vary: Mapping[str, ArrayLike] | None = None,
    threads: int | None = None,
) -> Profile:
    """−(εφ′)′ = F(Σ zc + X) with J = −D(c′ + zcu′ + cw′) constant, u = Fφ/RT: the stationary state, to a given accuracy.

    Scharfetter–Gummel finite volumes and Newton's method on a sequence of meshes, each with every cell of the one before halved. Fluxes,
    potential and concentrations are extrapolated to cells of no size (Richardson), and what the last mesh has changed, at V and beside it,
    says how far off they still are.

    Parameters
    ----------
    membrane : Membrane1D
        Layers with their fixed charges; surface charges at the interfaces between them.
    left, right : Bath or mapping from ion to float or array
        Concentrations at the ends, mol/m³. Ends that are not neutral make a layer of space charge there, with a warning.
    V : float or array, optional
        φ(left) − φ(right), V.
    I : float or array, optional
        Instead of V: the current, A/m², positive from left to right; V is then found together with the profile. I = 0 gives the
        potential of a membrane that is connected to nothing.
    tol : float
        Relative error allowed for each flux and for the current; 1e-12 … 0.1. `dI_dV` has an estimate of its own, `dI_dV_error`.
    nodes : int or array, optional
        Instead of tol, one mesh and no extrapolation: cells in each layer, one number or a list of them, or the places x themselves,
        m, with all interfaces.
    method : str
        ``"collocation"``: to round-off, whatever tol, and some ten times as slow: eight Gauss points in each of a few elements, which are
        halved until the fluxes no longer change. For reference; started from the finite volumes. `error` is the last change.
    start : Profile, optional
        Where to start from, for the coarsest mesh: a solution of the same membrane nearby.
    vary : mapping from dotted name to array, optional
        Parameters of the membrane (``"layers.1.fixed_charge"``) and of the solutions (``"left.K"``) that differ within the batch.
    threads : int, optional
        Threads to share a batch among; default 1. The result does not depend on it.

    Returns
    -------
    Profile
        Its `error` is the estimate, NaN with `nodes`; where V was to be found, also of V over RT/F. `sensitivity` differentiates it by any
        number of the description. In a batch `status` says which problems were not solved.

    Raises
    ------
    InputError
        Neither or both of V and I; more than 8 ions or 50 layers; a batch without anything in it.
    ConvergenceError
        A single problem without a solution of that accuracy; `partial` holds what there is.

    Examples
    --------
    >>> from ionflux import Cl, K, Layer, Membrane1D
    >>> film = Membrane1D(Layer(5e-9, eps_r=78.5), T=298.15)
    >>> round(pnp(film, {K: 100.0, Cl: 100.0}, {K: 10.0, Cl: 10.0}, 0.0).I)
    -130255

    Source: D. L. Scharfetter & H. K. Gummel, IEEE Trans. Electron Devices 16, 64 (1969); W. Nernst, Z. phys. Chem. 4, 129 (1889);
    M. Planck, Ann. Phys. 39, 161 (1890).
    """
    check_tolerance(tol)
    if method not in METHODS or (nodes is not None and method != METHODS[0]):
        raise InputError(f"method = {method!r}: write one of {', '.join(METHODS)}; nodes are those of the finite volumes")
    if (V is None) == (I is None):
        raise InputError("give exactly one of V and I")
    currents = None if I is None else np.asarray(checked(Given("I", I, _CURRENT)))
    s = stack(membrane, left, right, V, vary, neutral=True, leading=() if currents is None else currents.shape)
    if currents is not None and np.any(np.isnan(currents)):
        raise InputError("I has NaN")
    problem, audited = Problem(s, threads, None if currents is None else np.broadcast_to(currents, s.shape).reshape(-1)), _audit
    if method == "collocation":
        answers = collocation.solve(problem, start) if I is None else _with_current(problem, start)
        audited = collocation.audited
    elif nodes is not None:
        mesh = own(s, nodes)
        found = problem.solve(mesh, np.arange(s.n), problem.guess(mesh, start))
        answers = [
            Answer(np.arange(s.n), mesh, found, found.u, found.b, found.J, found.dJ, np.full(s.n, np.nan), found.failed, [(mesh, found)])
        ]
    else:
        answers = [a for key, rows in problem.alike() for a in problem.refine(key, rows, tol, start)]
    call: dict[str, Any] = {"membrane": membrane, "left": left, "right": right, "vary": vary, "threads": threads}
    asked = functools.partial(pnp, **call, V=V, I=I, tol=tol, nodes=nodes, method=method, start=start)
    return _profile(problem, answers, tol if nodes is None else np.inf, audited, call, asked)


def _with_current(problem: Problem, start: Profile | None) -> list[Answer]:
    """Collocation with the current given: a Newton iteration for V around it, from what the finite volumes say."""
    target, s = problem.given_current, problem.s
    u = problem.voltages(1e-6, None)[0] / s.VT
    problem.given_current = None  # V is given to what is solved here
    for _ in range(5):
        problem.ends[0, -1] = np.where(np.isfinite(u), u, 0.0)
        answers = collocation.solve(problem, start)
        J, dJ, failed = np.empty((s.n, len(s.ions))), np.empty((s.n, len(s.ions))), ~np.isfinite(u)
        for answer in answers:
            J[answer.rows], dJ[answer.rows] = answer.J, answer.dJ
            answer.failed |= failed[answer.rows]
            answer.J = problem.balance(answer.J, answer.dJ, answer.rows)
        step = (target - along_ions(J, s.z) / problem.c0) / (along_ions(dJ, s.z) / problem.c0)
        if not np.any(np.abs(step) > 1e-13 * np.maximum(1.0, np.abs(u))):
            break
        u = u + step
    problem.given_current = target
    return answers


def check_tolerance(tol: float) -> None:
    """Raise `InputError` unless tol can be met and means something."""
    if not isinstance(tol, (int, float, np.floating)) or not 1e-12 <= tol <= 0.1:
        raise InputError(f"tol = {tol!r} is outside 1e-12 … 0.1")


Audited: TypeAlias = Callable[[Problem, list[Answer]], ProfileAudit]


def _profile(
    problem: Problem, answers: list[Answer], tol: float, audited: Audited, call: Mapping[str, Any], asked: Callable[[], Profile]
) -> Profile:
    """Bring everything onto the places of results: every interface twice."""
    s, ions = problem.s, len(problem.s.ions)
    finest = max(answers, key=lambda a: len(a.mesh.at)).mesh
    same = all(np.array_equal(a.mesh.at, finest.at) for a in answers)
    mesh = finest if same else None
    pieces = []
    for answer in answers:
        m = answer.mesh
        pick = np.sort(np.concatenate([np.arange(len(m.at)), np.flatnonzero(np.diff(m.layer)) + 1]))
        layer = np.minimum(m.at[pick].astype(int), len(s.thickness) - 1)
        second = np.flatnonzero(np.diff(pick) == 0)  # the first of two belongs to the layer on the left
        layer[second] -= 1
        pieces.append((answer, m, pick, layer))
    n = max(len(pick) for _, _, pick, _ in pieces)
    phi, c, x = np.empty((s.n, n)), np.empty((s.n, ions, n)), np.empty((s.n, n))
    J, dJ, error, failed = np.empty((s.n, ions)), np.empty((s.n, ions)), np.empty(s.n), np.zeros(s.n, dtype=bool)
    slope_error = np.full(s.n, np.nan)
    kappa, VT, c0 = s.rows(problem.kappa), s.rows(s.VT), s.rows(problem.c0)
    for answer, m, pick, layer in pieces:
        rows = answer.rows
        nodes = m.nodes(s.thickness)
        nodes = (nodes if len(nodes) == 1 else nodes[rows])[:, pick]
        own_phi = answer.u[:, pick] * VT[rows, None]
        own_c = answer.b[:, :, pick] * kappa[:, layer][:, :, rows].transpose(2, 0, 1) * c0[rows, None, None]
        if len(pick) < n:  # others needed more places: the last one stands more than once
            more = np.minimum(np.arange(n), len(pick) - 1)
            nodes, own_phi, own_c = nodes[:, more], own_phi[:, more], own_c[:, :, more]
        x[rows], phi[rows], c[rows] = nodes, own_phi, own_c
        J[rows], dJ[rows], error[rows], failed[rows] = answer.J, answer.dJ, answer.error, answer.failed
        if answer.slope_error is not None:
            slope_error[rows] = answer.slope_error
    J, dJ = (np.where(np.broadcast_to(s.blocked.T, J.shape), 0.0, a) for a in (J, dJ))
    status = np.where(failed | (error > tol), int(Status.NOT_CONVERGED), int(Status.OK)).astype(np.intc)
    phi[failed], c[failed], J[failed], error[failed], slope_error[failed] = np.nan, np.nan, np.nan, np.nan, np.nan
    slope = FARADAY * along_ions(dJ, s.z) / VT
    label = {"layers": len(s.thickness), "ions": " ".join(ion.name for ion in s.ions)}
    shared = mesh is not None and s.thickness.shape[1] == 1
    if s.V is None:
        V = np.full(s.n, np.nan)
        for answer in answers:
            V[answer.rows] = answer.u[:, 0] * VT[answer.rows]
        V[failed] = np.nan
    else:
        V = s.V
    places = x[0] if shared and s.n else x
    audit = lambda: audited(problem, answers)  # noqa: E731
    levels = [(answer.rows, answer.levels) for answer in answers]
    slopes = (lambda name: of_volumes(problem, levels, failed, name)) if answers[0].levels else None
    result = Profile(
        s.shape, s.ions, places, phi, c, J, V, error, status, lambda: slope, audit, label, call, slopes, None, asked, slope_error
    )  # fmt: skip
    if s.shape == () and status[0] != int(Status.OK):
        why = "the iteration did not converge" if failed[0] else f"the estimated error is {error[0]:.2g}, tol = {tol:g}"
        why += "; try a looser tol, or start= from a solution nearby"
        if failed[0] and problem.shut(dJ)[0]:
            why = "no ion passes through this membrane, so that no voltage belongs to a current; give V"
        raise ConvergenceError(f"pnp: {why}", partial=result)
    return result


def _audit(problem: Problem, answers: list[Answer]) -> ProfileAudit:
    """Fluxes through cells, and the charge against the displacement at the ends, of the finite volumes on the finest mesh."""
    s = problem.s
    flux, charge = np.empty(s.n), np.empty(s.n)
    given = s.rows(problem.given)
    for answer in answers:
        rows, layer, u, b = answer.rows, answer.mesh.layer, answer.plain.u, answer.plain.b
        own, width = given[:, :, rows], answer.mesh.width
        mobility, rise = problem.along(answer.mesh)
        held, size, worst = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows))
        for i, z in enumerate(s.z):
            W, Q = (own[layer, 4 + k].T for k in (i, len(s.z) + i))
            d = z * np.diff(u) + (rise[i] if len(rise) else 0.0)
            through = W * mobility[i] * (bernoulli(d) * b[:, i, :-1] - bernoulli(-d) * b[:, i, 1:])
            J = answer.plain.J[:, i] / (problem.c0[rows] if len(problem.c0) > 1 else problem.c0)
            unit = np.max(W * mobility[i], axis=1) * np.max(b[:, i], axis=1)
            worst = np.maximum(worst, np.max(np.abs(through - J[:, None]), axis=1) / np.where(unit > 0, unit, 1.0))
            inner = 0.5 * Q * width
            parts = inner[:, :-1] * b[:, i, 1:-1] + inner[:, 1:] * b[:, i, 1:-1]
            held += np.sum(parts, axis=1)
            size += np.sum(np.abs(parts), axis=1)
        X = 0.5 * own[layer, 1].T * width
        fixed = np.sum(X[:, :-1] + X[:, 1:], axis=1) + np.sum(own[:-1, 2], axis=0)
        A = own[layer, 0].T / width
        field = A[:, 0] * (u[:, 0] - u[:, 1]), A[:, -1] * (u[:, -1] - u[:, -2])
        size += np.sum(np.abs(X[:, :-1] + X[:, 1:]), axis=1) + np.sum(np.abs(own[:-1, 2]), axis=0) + np.abs(field[0]) + np.abs(field[1])
        flux[rows], charge[rows] = worst, np.abs(held + fixed + field[0] + field[1]) / np.where(size > 0, size, 1.0)
    return ProfileAudit(*(float(a[0]) if s.shape == () else a.reshape(s.shape) for a in (flux, charge)))
