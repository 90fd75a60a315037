"""Membranes without space charge: Planck's film, and Teorell's, Meyer's and Sievers' membrane, for any ions and layers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._broadcast import VOLTAGE, Array, Given, checked
from .baths import NEUTRAL_WITHIN
from .constants import FARADAY
from .errors import ConvergenceError, InputError, Status
from .fields import Parameter
from .membranes import Membrane1D
from .neutral_profiles import evaluate, neutral, steady
from .neutrality import Along, Films, Solver
from .profiles import Profile, ProfileAudit
from .refining import Answer, solve
from .sharing import share
from .slices import called, energy_at
from .stacks import NOTHING, Stack, stack

_CURRENT = Parameter(0.0, "A m^-2", -1e12, 1e12, "current")
#: places of a layer in a profile, profiles that are evaluated at once
_PLACES, _AT_ONCE = 51, 256
#: what is as good as nothing, for partition and diffusivity: it leaves room for the exponentials
_LEAST = 1e-60
#: F|V|/RT at which a current no longer rises, where it has a limit
_FAR_AWAY = 25.0


def electroneutral(
    membrane: Membrane1D,
    left: Any,
    right: Any,
    *,
    V: ArrayLike | None = None,
    I: ArrayLike | None = None,
    vary: Mapping[str, ArrayLike] | None = None,
    threads: int | None = None,
) -> Profile:
    """Σ zc + X = 0 with J = −D(c′ + zcu′ + cw′) constant, u = Fφ/RT: films much thicker than the Debye length.

    The limit of `pnp` in which double layers have no thickness: at every face of a layer ions are in equilibrium, with a step of the
    potential (Donnan) and of concentrations; within layers the solution is Planck's. Any valences, any number of ions and layers.

    Parameters
    ----------
    membrane : Membrane1D
        Layers with their fixed charges, diffusivities, partitions and energies. Permittivities do not matter, nor do surface charges:
        the ions that screen them take no room.
    left, right : Bath or mapping from ion to float or array
        Concentrations of the solutions, mol/m³, without net charge (a thousandth of Σ|z|c is taken off cations and anions in
        proportion). An ion may be missing on one side.
    V : float or array
        φ(left) − φ(right), V; or
    I : float or array
        the current, A/m², positive from left to right. With 0 `V` of the result is the potential of the junction or the membrane.
    vary : mapping from dotted name to array, optional
        Parameters of the membrane (``"layers.1.fixed_charge"``) and of the solutions (``"left.K"``) that differ within the batch.
    threads : int, optional
        Threads to share a batch among; default 1. The result does not depend on it.

    Returns
    -------
    Profile
        Interfaces stand twice in `x`, also both ends: the solution beside the membrane, and what is in equilibrium with it inside. `error`
        is the estimated relative error of the fluxes, by discretisation and rounding; `audit.charge` what is left of Σ zc + X.

    Raises
    ------
    InputError
        Neither or both of V and I; a solution with a net charge, or without ions.
    ConvergenceError
        A single problem that has no solution, or none that was found: a current beyond what a depleted layer lets through, a fixed charge
        that no ion can balance. In a batch its status is `NOT_CONVERGED`, its values are NaN.

    Examples
    --------
    >>> from ionflux import Cl, K, Layer, Membrane1D
    >>> gel = Membrane1D(Layer(1e-6, fixed_charge=-100.0), T=298.15)
    >>> film = electroneutral(gel, {K: 10.0, Cl: 10.0}, {K: 100.0, Cl: 100.0}, I=0.0)
    >>> round(film.V, 9)
    0.046664764

    Source: M. Planck, Ann. Phys. 276, 561 (1890); T. Teorell, Prog. Biophys. 3, 305 (1953); K. H. Meyer & J.-F. Sievers, Helv. Chim. Acta
    19, 649 (1936).
    """
    if (V is None) == (I is None):
        raise InputError("give exactly one of V and I; I=0.0 asks for the potential at which no current flows")
    current = None if I is None else np.asarray(checked(Given("I", I, _CURRENT)), dtype=np.float64)
    if np.any(np.isnan(checked(Given("V", V, VOLTAGE)) if current is None else current)):
        raise InputError(f"{'V' if current is None else 'I'} has NaN")
    s = stack(membrane, left, right, V, vary, leading=() if current is None else current.shape)
    order, films, places = _films(s, current)
    answers: list[Answer] = []
    with np.errstate(all="ignore"):
        share(s.n, threads, lambda a, b: answers.extend(solve(films, np.arange(a, b))))
    call: dict[str, Any] = {"membrane": membrane, "left": left, "right": right, "vary": vary, "threads": threads}
    result = _profile(s, order, films, places, answers, call, functools.partial(electroneutral, **call, V=V, I=I))
    if s.shape == () and result.status != int(Status.OK):
        raise ConvergenceError(f"electroneutral: {_why(films)}", partial=result)
    return result


def _films(s: Stack, current: Array | None) -> tuple[np.ndarray, Films, list[tuple[int, float, float]]]:
    """The batch in the order of the ions' names, so that the result does not depend on theirs; layers cut where an energy has kinks."""
    order = np.array(sorted(range(len(s.ions)), key=lambda i: (s.ions[i].name, s.ions[i].z)))
    z, ions = s.z[order], [s.ions[i] for i in order]
    sides = [_neutralised(name, z, s.rows(c[order])) for name, c in (("left", s.left), ("right", s.right))]
    pieces: list[tuple[int, float, float]] = []
    along: list[Along | None] = []
    for j, layer in enumerate(s.membrane.layers):
        energies = [None if layer.energy is None else layer.energy.of(ion) for ion in ions]
        mobilities = [None if layer.D is None else layer.D.of(ion) for ion in ions]
        kinks = {0.0, 1.0}.union(*(np.linspace(0.0, 1.0, len(e)) for e in energies if isinstance(e, tuple)))
        cuts = sorted(kinks)
        for a, b in pairwise(cuts):
            pieces.append((j, a, b))
            plain = not any(callable(D) for D in mobilities) and all(e is None for e in energies)
            along.append(None if plain else _landscape(mobilities, energies, a, b))
    of = [j for j, _, _ in pieces]
    part = np.array([b - a for _, a, b in pieces])
    first, last = (
        np.tile([float(energy_at(None if q.energy is None else q.energy.of(ion), np.array([end]))[0]) for ion in ions], (s.n, 1))
        for q, end in ((s.membrane.layers[0], 0.0), (s.membrane.layers[-1], 1.0))
    )
    if current is None:
        assert s.V is not None
        given = s.V / s.VT
    else:
        given = np.broadcast_to(current, s.shape).reshape(-1) / FARADAY
    D, k = (np.ascontiguousarray(s.rows(np.maximum(x[order], _LEAST)).transpose(2, 0, 1)[:, :, of]) for x in (s.D, s.k))
    films = Films(
        z=z, left=sides[0], right=sides[1], first=first, last=last, thickness=np.ascontiguousarray(s.rows(s.thickness).T[:, of] * part),
        X=np.ascontiguousarray(s.rows(s.X).T[:, of]), D=D, k=k, given=np.ascontiguousarray(given), clamped=current is not None,
        along=tuple(along),
    )  # fmt: skip
    return order, films, pieces


def _landscape(mobilities: list[Any], energies: list[Any], a: float, b: float) -> Along:
    """D over that of the piece, and energy, along a piece of a layer from s = a to b."""

    def along(_: int, at: Array) -> tuple[Array, Array]:
        s = a + (b - a) * at
        D = [np.maximum(called("D", f, s), NOTHING) if callable(f) else np.ones_like(s) for f in mobilities]
        return np.stack(D, axis=1), np.stack([energy_at(e, s) for e in energies], axis=1)

    return along


def _neutralised(name: str, z: Array, c: Array) -> Array:
    """(ions, rows) → (rows, ions); a small net charge is taken off cations and anions in proportion, a large one refused."""
    c = np.ascontiguousarray(c.T)
    charge, total = np.sum(z * c, axis=1), np.sum(np.abs(z) * c, axis=1)
    if np.any(np.abs(charge) > NEUTRAL_WITHIN * total):
        raise InputError(
            f"{name} has a net charge of more than {NEUTRAL_WITHIN:g} of Σ|z|c, and solutions without space charge have none; balance it, "
            "for instance with Bath(...).balanced_with(Cl), or vary the concentrations of a salt together"
        )
    if np.any(total == 0.0):
        raise InputError(f"{name} has no ions: its potential is not defined; give it a trace of salt")
    return np.asarray(c * (1.0 - np.sign(z) * (charge / total)[:, None]))


def _profile(
    s: Stack,
    order: np.ndarray,
    films: Films,
    pieces: list[tuple[int, float, float]],
    answers: list[Answer],
    call: Mapping[str, Any],
    asked: Callable[[], Profile],
) -> Profile:
    ions, VT = len(s.ions), s.rows(s.VT)
    back = np.argsort(order)
    J, v, slope, error, failed = (np.full(shape, np.nan) for shape in ((s.n, ions), s.n, s.n, s.n, s.n))
    for a in answers:
        J[a.rows], v[a.rows], slope[a.rows], error[a.rows], failed[a.rows] = a.J[:, back], a.state.v, a.slope, a.error, a.failed
    unbalanced, closed = _shut(films)
    hopeless = np.any(unbalanced | (closed & films.clamped), axis=1)
    bad = hopeless | (failed > 0) | ~np.all(np.isfinite(J), axis=1)
    J[bad], v[bad], slope[bad], error[bad] = np.nan, np.nan, np.nan, np.nan
    if not films.clamped:
        v = films.given
    J = np.where(np.broadcast_to(s.blocked.T, J.shape) & ~bad[:, None], 0.0, J)
    status = np.where(bad, int(Status.NOT_CONVERGED), int(Status.OK)).astype(np.intc)
    exact = _exact(s, back, films, pieces, answers, bad, v * VT)
    label = {"layers": len(s.thickness), "ions": " ".join(ion.name for ion in s.ions)}
    return Profile(
        s.shape, s.ions, _default_places(s)[0], None, None, J, v * VT, error, status, lambda: FARADAY * slope / VT,
        lambda: _audit(s, films, answers, bad), label, call, exact=exact, asked=asked,
    )  # fmt: skip


def _default_places(s: Stack) -> tuple[Array, np.ndarray, Array]:
    """x with both ends twice, (n,) or (rows, n); for all but the outermost the layer, and the place in it from 0 to 1."""
    inner = np.linspace(0.0, 1.0, _PLACES)
    layer, at = np.repeat(np.arange(len(s.thickness)), _PLACES), np.tile(inner, len(s.thickness))
    start = np.concatenate([np.zeros((1, s.thickness.shape[1])), np.cumsum(s.thickness, axis=0)])
    x = (start[layer] + at[:, None] * s.thickness[layer]).T
    x[:, at == 1.0] = start[1:].T
    x = np.concatenate([x[:, :1], x, x[:, -1:]], axis=1)
    return x[0] if len(x) == 1 else x, layer, at


def _exact(
    s: Stack, back: np.ndarray, films: Films, pieces: list[tuple[int, float, float]], answers: list[Answer], bad: np.ndarray, V: Array
) -> Callable[[Array | None], tuple[Array, Array]]:
    """φ and c at places, computed when somebody asks."""
    ends = np.concatenate([np.zeros((1, s.thickness.shape[1])), np.cumsum(s.thickness, axis=0)])
    cut = np.array([b for _, _, b in pieces])
    of = np.array([j for j, _, _ in pieces])

    def within(layer: np.ndarray, at: Array) -> tuple[np.ndarray, Array]:
        """Piece and place in it from 0 to 1, of places in layers."""
        which = np.array([int(np.flatnonzero((of == j) & (a <= cut * (1 + 1e-12)))[0]) for j, a in zip(layer, at, strict=True)])
        low = np.array([pieces[p][1] for p in which])
        return which, np.clip((at - low) / (cut[which] - low), 0.0, 1.0)

    def compute(where: Array | None) -> tuple[Array, Array]:
        outer = None
        if where is None:
            _, layer, at = _default_places(s)
            layers, ats = np.broadcast_to(layer, (s.n, len(layer))), np.broadcast_to(at, (s.n, len(at)))
        else:
            length = ends[-1][:, None]
            x = np.broadcast_to(np.minimum(where, length), (len(length), len(where)))
            # at an interface the value on its left; the first place is that of the solution
            layers = np.sum(x[..., None] > ends[1:-1].T[:, None, :] * (1 + 1e-12), axis=-1)
            ats = np.clip((x - np.take_along_axis(ends.T, layers, axis=1)) / np.take_along_axis(s.thickness.T, layers, axis=1), 0.0, 1.0)
            outer = np.flatnonzero(where <= 0.0)
            layers, ats = (np.broadcast_to(a, (s.n, len(where))) for a in (layers, ats))
        phi, c = np.full((s.n, layers.shape[1]), np.nan), np.full((s.n, len(s.ions), layers.shape[1]), np.nan)
        VT = s.rows(s.VT)
        for a in answers:
            good = np.flatnonzero(~bad[a.rows])
            for own in _alike(layers[a.rows[good]], ats[a.rows[good]]):
                rows = a.rows[good[own]]
                piece, at = within(layers[rows[0]], ats[rows[0]])
                with np.errstate(all="ignore"):
                    u, inside = evaluate(Solver(films.take(rows), a.mesh), a.state.take(good[own]), piece, np.tile(at, (len(rows), 1)))
                phi[rows], c[rows] = u * VT[rows, None], inside[:, back]
        for j in range(len(s.thickness)):
            shut = np.broadcast_to(s.k[:, j] <= NOTHING, (len(s.ions), s.n)).T
            c[(shut[..., None] & (layers == j)[:, None]) & np.isfinite(c)] = 0.0
        sides = [np.where(bad[:, None], np.nan, side[:, back])[..., None] for side in (films.left, films.right)]
        if outer is not None:
            phi[:, outer], c[..., outer] = V[:, None], sides[0]
            return phi, c
        right = np.where(bad, np.nan, 0.0)
        return np.column_stack([V, phi, right]), np.concatenate([sides[0], c, sides[1]], axis=2)

    return compute


def _alike(layers: np.ndarray, at: Array) -> list[np.ndarray]:
    """Rows whose places are the same parts of the same layers, not too many at once."""
    n = len(layers)
    if np.all(layers == layers[:1]) and np.all(at == at[:1]):
        return [np.arange(first, min(n, first + _AT_ONCE)) for first in range(0, n, _AT_ONCE)]
    return [np.array([i]) for i in range(n)]


def _audit(s: Stack, films: Films, answers: list[Answer], bad: np.ndarray) -> ProfileAudit:
    flux, charge = np.full(s.n, np.nan), np.full(s.n, np.nan)
    for a in answers:
        good = np.flatnonzero(~bad[a.rows])
        if len(good):
            solver, state = Solver(films.take(a.rows[good]), a.mesh), a.state.take(good)
            with np.errstate(all="ignore"):
                flux[a.rows[good]], charge[a.rows[good]] = steady(solver, state), neutral(solver, state)
    return ProfileAudit(*(float(x[0]) if s.shape == () else x.reshape(s.shape) for x in (flux, charge)))


def _shut(films: Films) -> tuple[np.ndarray, np.ndarray]:
    """(rows, pieces): where no ion can balance the fixed charge; where, besides, nothing carries a current."""
    f = films
    there = (((f.left > 0) | (f.right > 0)) & (f.z != 0))[..., None] & (f.k > _LEAST)
    z, X = f.z[:, None], f.X[:, None]
    unbalanced = (f.X != 0) & ~np.any(there & (z * X < 0), axis=1)
    empty = (f.X == 0) & ~(np.any(there & (z > 0), axis=1) & np.any(there & (z < 0), axis=1))
    return unbalanced, empty | ~np.any(there & (f.D > _LEAST), axis=1)


def _why(films: Films) -> str:
    """Why a single problem has no solution."""
    unbalanced, closed = (np.flatnonzero(rows[0]) for rows in _shut(films))
    if len(unbalanced):
        return f"no ion that is there can enter the layer with the fixed charge {films.X[0, unbalanced[0]]:g} mol/m³ and balance it"
    if films.clamped:
        if len(closed):
            return "there is a layer in which nothing can carry a current: its potential is not defined; give V"
        way = float(np.sign(films.given[0]))
        far = replace(films, clamped=False, given=np.array([way * _FAR_AWAY]))
        with np.errstate(all="ignore"):
            (found,) = solve(far, np.arange(1))
        flows = float(np.sum(films.z * found.J[0])) if not found.failed[0] else np.nan
        if way * flows < way * float(films.given[0]):
            return (
                f"{FARADAY * films.given[0]:.6g} A/m² are more than a depleted layer lets through: with F|V|/RT = {_FAR_AWAY:g} across the "
                f"membrane no more than {FARADAY * flows:.6g} A/m² flow; ask for less, or give V"
            )
    return "the iteration did not converge; concentrations in a layer may fall below what can be computed: try a smaller voltage or current"
