"""Panels for films without space charge: as many as each of a batch needs, and an estimate of what is still missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ._broadcast import Array
from .neutral_guesses import Guess, guess
from .neutrality import Films, Solver, State, Terms
from .panels import Mesh, grid

#: places in a panel, for a first answer and for the one that is given
FEW, MANY = 8, 12
#: largest change of a panel in ln e^ψ and ln Σz²c: of an exponential, FEW places then leave 1e-8, MANY 1e-13
CHANGE = 4.0
#: relative error of the fluxes that is asked for, what is no solution at all, and rounding
ASKED, GOOD, ROUNDING = 1e-11, 1e-8, 2e-15
#: panels of all pieces at most; numbers in the matrices that are worked on at once
MOST, AT_ONCE = 96, 1 << 18
#: panels of a piece with which a current that exists is found
ENOUGH = 4


@dataclass
class Answer:
    """Rows of a batch with their mesh, the state on it, fluxes (rows, ions), d(Σ zJ)/dv, estimated error, which rows failed."""

    rows: np.ndarray
    mesh: Mesh
    state: State
    J: Array
    slope: Array
    error: Array
    failed: np.ndarray


def solve(films: Films, rows: np.ndarray) -> list[Answer]:
    """Solve some rows; each is done as if it were alone."""
    done: list[Answer] = []
    f = films.take(rows)
    with np.errstate(all="ignore"):
        first = guess(f)
        change = np.maximum(np.max(np.abs(f.z)) * np.abs(first.u[0] - first.u[1]), np.abs(np.log(first.Q[1] / first.Q[0])))
    todo: list[tuple[tuple[int, ...], np.ndarray, State | Guess]] = [(key, own, first.take(own)) for key, own in _alike(_panels(change))]
    while todo:
        panels, own, start = todo.pop()
        for some in _chunks(len(own), sum(panels), len(films.z)):
            answers, more = _on_panels(films, rows[own[some]], panels, start.take(some))
            done += answers
            where = {row: i for i, row in zip(own[some], rows[own[some]], strict=True)}
            todo += [(key, np.array([where[row] for row in left]), state) for key, left, state in more]
    return done


def _on_panels(
    films: Films, rows: np.ndarray, panels: tuple[int, ...], start: State | Guess
) -> tuple[list[Answer], list[tuple[tuple[int, ...], np.ndarray, State | Guess]]]:
    """Solve with FEW and with MANY places in each panel; what is done, and what needs more panels."""
    f = films.take(rows)
    coarse, fine = grid(panels, FEW), grid(panels, MANY)
    with np.errstate(all="ignore"):
        solver = Solver(f, coarse)
        y, failed, _ = solver.solve(start.on(f, coarse) if isinstance(start, Guess) else start)
        lost = np.flatnonzero(failed)
        if len(lost):
            again, bad = _from_rest(f.take(lost), coarse)
            y.u[lost], y.v[lost], y.g[lost], failed[lost] = again.u, again.v, again.g, bad
        few = solver.terms(y)
        wanted = _wanted(f, coarse, y)
        wanted = np.where(failed[:, None], 2 * np.array(panels), np.maximum(wanted, panels))
        room = np.sum(wanted, axis=1) <= max(MOST, 4 * len(panels))
        # a current that is not found with panels to spare is beyond what a layer lets through
        hopeless = failed & films.clamped & (sum(panels) >= ENOUGH * len(panels))
        more = room & np.any(wanted > panels, axis=1) & ~hopeless
        finer = _moved(y, coarse, fine)
        answer = Answer(
            rows, fine, finer, np.full(f.left.shape, np.nan), np.full(f.n, np.nan), np.full(f.n, np.nan), np.ones(f.n, dtype=bool)
        )
        go = np.flatnonzero(~more & ~failed)
        if len(go):
            part = Solver(f.take(go), fine)
            state, bad, slope = part.solve(finer.take(go), near=True)
            finer.u[go], finer.v[go], finer.g[go] = state.u, state.v, state.g
            many = part.terms(state)
            answer.J[go], answer.slope[go] = _balanced(part.films, many), slope
            answer.error[go], rounding = _error(many, _balanced(part.films, few.take(go)), part)
            missing = answer.error[go] - rounding
            doubled, answer.failed[go] = bad | ~(missing <= ASKED), bad | ~(missing <= GOOD)
            wanted[go] = np.where(doubled[:, None], 2 * np.array(panels), panels)
            more[go] = doubled & (np.sum(wanted[go], axis=1) <= max(MOST, 4 * len(panels)))
    finished = np.flatnonzero(~more)
    out = [_some(answer, finished)] if len(finished) else []
    # failed rows begin anew
    begin = State(y.u.copy(), y.v.copy(), y.g.copy())
    left: list[tuple[tuple[int, ...], np.ndarray, State | Guess]] = []
    for key, own in _alike(np.where(more[:, None], wanted, 0)):
        if not any(key):
            continue
        for flag in (False, True):
            which = own[failed[own] == flag]
            if len(which):
                anew = guess(films.take(rows[which])) if flag else _moved(begin.take(which), coarse, grid(key, FEW))
                left.append((key, rows[which], anew))
    return out, left


def _from_rest(f: Films, mesh: Mesh) -> tuple[State, np.ndarray]:
    """First without current, then in strides to the voltage or the current that is given."""
    rest = replace(f, clamped=True, given=np.zeros(f.n))
    y, failed, _ = Solver(rest, mesh).solve(guess(rest).on(rest, mesh))
    if f.clamped:
        lost = failed.copy()
        for part in np.linspace(0.0, 1.0, 9)[1:]:
            y, failed, _ = Solver(replace(f, given=part * f.given), mesh).solve(y)
            lost |= failed  # one that fails on the way is beyond its limit
            if np.all(lost):
                break
        return y, lost
    y, failed, _ = Solver(f, mesh).solve(y)
    return y, failed


def _wanted(f: Films, mesh: Mesh, y: State) -> np.ndarray:
    """Panels that each piece needs, powers of two, (rows, pieces)."""
    inverse, w = Solver(f, mesh).landscape(y.g)
    psi = f.z[:, None] * y.u[:, None, :] + w + np.log(inverse)
    Q = np.log(y.g)
    change = np.empty(f.X.shape)
    for j, own in enumerate(mesh.slices):
        # from end to end: places do not reach the ends
        whole = 1.0 / (mesh.t[own][-1] - mesh.t[own][0])
        change[:, j] = np.maximum(np.max(np.ptp(psi[..., own], axis=-1), axis=-1), np.ptp(Q[:, own], axis=-1)) * whole
    return _panels(change)


def _panels(change: Array) -> np.ndarray:
    """Powers of two, for what changes by so much in each piece."""
    most = 2.0 ** int(np.log2(max(MOST / change.shape[1], 1.0)))
    change = np.where(np.isfinite(change), change, 0.0)
    return np.minimum(np.exp2(np.ceil(np.log2(np.maximum(change / CHANGE, 1.0)))), most).astype(int)


def _balanced(f: Films, q: Terms) -> Array:
    """Fluxes; where the current is given, that of the ion with the largest rounding error is what the others leave of it."""
    if not f.clamped:
        return q.J
    noise = np.abs(f.z) * (q.a + q.b) / q.total
    which, rows = np.argmax(noise, axis=1), np.arange(f.n)
    J = q.J.copy()
    J[rows, which] = 0.0
    J[rows, which] = (f.given - np.sum(f.z * J, axis=1)) / f.z[which]
    return J


def _error(q: Terms, other: Array, part: Solver) -> tuple[Array, Array]:
    """Of fluxes by MANY places, from those by FEW: where errors fall by a factor for each place more, theirs is the 3/2 power.

    The flux of an ion is compared with itself or, where it is less than a millionth of it, with the largest; what it is the difference
    of is known to rounding only. Both errors together, and the second alone.
    """
    J, f = _balanced(part.films, q), part.films
    noise = (q.a + q.b) / q.total
    if f.clamped:
        charge = np.abs(f.z) * noise
        which, rows = np.argmax(charge, axis=1), np.arange(f.n)
        charge[rows, which] = 0.0
        noise[rows, which] = np.sum(charge, axis=1) / np.abs(f.z[which])
    noise = ROUNDING * noise
    size = np.maximum(np.abs(J), np.maximum(np.max(np.abs(J), axis=1, keepdims=True) * 1e-6, 1e-13 * part.unit()))
    off = np.maximum(np.abs(J - other) - 30.0 * noise, 0.0)
    rounding = np.max(noise / size, axis=1) + ROUNDING
    return np.max((off / size) ** (MANY / FEW), axis=1) + rounding, rounding


def _moved(y: State, mesh: Mesh, other: Mesh) -> State:
    matrix = mesh.onto(other).T
    u, g = ((x[:, None, :] @ matrix)[:, 0] for x in (y.u, np.log(y.g)))  # row by row: the same bits in any batch
    return State(u, y.v.copy(), np.exp(g))


def _some(a: Answer, own: np.ndarray) -> Answer:
    return Answer(a.rows[own], a.mesh, a.state.take(own), a.J[own], a.slope[own], a.error[own], a.failed[own])


def _alike(wanted: np.ndarray) -> list[tuple[tuple[int, ...], np.ndarray]]:
    found: dict[tuple[int, ...], list[int]] = {}
    for row, key in enumerate(wanted):
        found.setdefault(tuple(int(p) for p in key), []).append(row)
    return [(key, np.array(rows)) for key, rows in found.items()]


def _chunks(n: int, panels: int, ions: int) -> Iterator[slice]:
    many = max(1, AT_ONCE // (panels * MANY * (MANY + 2 * ions) + (panels * ions) ** 2))
    for first in range(0, n, many):
        yield slice(first, min(n, first + many))
