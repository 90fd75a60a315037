"""How fluxes and currents of membranes in profile move with every number of their description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ._broadcast import Array, ByIon
from ._dispatch import films
from .constants import FARADAY, GAS_CONSTANT
from .electrochem import bernoulli
from .errors import InputError, UnknownNameError
from .extrapolation import romberg
from .meshes import Mesh
from .sharing import share
from .slices import Cells
from .slices import Problem as Slices
from .stacks import NOTHING, Stack, along_ions
from .volumes import Found, Problem


class Sensitivity(NamedTuple):
    """Derivatives with respect to one parameter, each in its own SI unit over that of the parameter.

    J : mapping from ion to float or array, mol m⁻² s⁻¹ per unit
    I : float or array, A/m² per unit; 0 where the current was given
    V : float or array, V per unit; 0 where V was given
    """

    J: Mapping[Any, Any]
    I: Any
    V: Any


def names_of(s: Stack, given: str) -> list[str]:
    """Return everything that a profile can be differentiated by. given: ``"V"`` or ``"I"``."""
    ions = [ion.name for ion in s.ions]
    names = [given, "T", *(f"{side}.{ion}" for side in ("left", "right") for ion in ions)]
    for i in range(len(s.thickness)):
        names += [f"layers.{i}.{what}" for what in ("thickness", "eps_r", "fixed_charge", "D_factor")]
        names += [f"layers.{i}.{what}.{ion}" for what in ("D", "partition") for ion in ions]
    return names + [f"surface_charge.{i}" for i in range(len(s.thickness) - 1)]


@dataclass
class Change:
    """What a parameter does to a description: logarithmic changes of what is positive, plain ones of the rest, all over `scale`.

    eps, thickness : (layers, 1 or rows). D, k : (ions, layers, 1 or rows). T : (1 or rows,). X, sigma, left, right, V: as in `Stack`
    moves : (ions, layers) which ions' D or k it is: their flux moves even where they are blocked
    """

    eps: Array
    thickness: Array
    D: Array
    k: Array
    T: Array
    X: Array
    sigma: Array
    left: Array
    right: Array
    V: Array
    scale: Array
    moves: np.ndarray


def change_of(s: Stack, name: str, given: str) -> Change:
    """Return the change of a description with one of its parameters.

    Raises
    ------
    UnknownNameError
        There is no such parameter, with the nearest name.
    InputError
        A diffusivity that is a function has no derivative by a number.
    """
    known = names_of(s, given)
    if name not in known:
        raise UnknownNameError.among("a profile has no derivative by", name, known)
    ions, layers, n = len(s.ions), len(s.thickness), s.n

    def none(*shape: int) -> Array:
        return np.zeros((*shape, n))

    c = Change(
        none(layers), none(layers), none(ions, layers), none(ions, layers), none(), none(layers), none(max(layers - 1, 0)), none(ions),
        none(ions), none(), np.ones(n), np.zeros((ions, layers), dtype=bool),
    )  # fmt: skip
    match name.split(".", 3):
        case ["V" | "I"]:
            c.V[:] = 1.0
        case ["T"]:
            T = s.VT * FARADAY / GAS_CONSTANT
            c.T[:] = 1.0 / T
            for i, layer in enumerate(s.membrane.layers):
                if layer.eps_r is None and f"layers.{i}.eps_r" not in s.varied:
                    # a quadratic: its central difference is its derivative
                    c.eps[i] = [(layer.permittivity(t + 1.0) - layer.permittivity(t - 1.0)) / 2.0 for t in T.tolist()] / s.eps[i]
        case ["surface_charge", i]:
            c.sigma[int(i)] = 1.0
        case [("left" | "right") as side, ion]:
            getattr(c, side)[_ion(s, ion)] = 1.0
        case ["layers", i, "fixed_charge"]:
            c.X[int(i)] = 1.0
        case ["layers", i, "thickness"]:
            c.thickness[int(i)] = 1.0 / s.thickness[int(i)]
        case ["layers", i, "eps_r"]:
            c.eps[int(i)] = 1.0 / s.eps[int(i)]
        case ["layers", i, *what]:
            _mobility(s, c, int(i), what)
    return c


def _ion(s: Stack, name: str) -> int:
    return [ion.name for ion in s.ions].index(name)


def _mobility(s: Stack, c: Change, i: int, what: Sequence[str]) -> None:
    """D_factor, D or partition; where it is zero its effect is found for what stands for nothing, and both are tiny alike."""
    layer = s.membrane.layers[i]
    factor = s.varied.get(f"layers.{i}.D_factor", np.array([layer.D_factor]))
    if what == ["D_factor"]:
        c.moves[:, i] = True
        c.scale[:] = np.where(factor > 0, factor, NOTHING)
        for j, ion in enumerate(s.ions):
            own = None if layer.D is None else layer.D.of(ion)
            D = s.varied.get(f"layers.{i}.D.{ion.name}", np.array([1.0 if callable(own) else ion.D if own is None else own], dtype=float))
            c.D[j, i] = np.where(factor > 0, 1.0, D)
        return
    j = _ion(s, what[1])
    c.moves[j, i] = True
    if what[0] == "partition":
        c.k[j, i], c.scale[:] = 1.0, s.k[j, i]
        return
    if layer.D is not None and callable(layer.D.of(s.ions[j])) and f"layers.{i}.D.{what[1]}" not in s.varied:
        raise InputError(f"layers.{i}.D.{what[1]} is a function; the derivative by layers.{i}.D_factor says what a factor on it does")
    open_ = s.D[j, i] > NOTHING
    c.scale[:] = np.where(open_ & (factor > 0), s.D[j, i] / np.maximum(factor, NOTHING), NOTHING)
    c.D[j, i] = np.where(factor > 0, np.where(open_, 1.0, factor), 0.0)


def finished(s: Stack, c: Change, J: Array, dJ_dV: Array | None, failed: np.ndarray) -> Sensitivity:
    """From derivatives of fluxes at given V, (rows, ions), to what is returned; dJ_dV: where the current was given, else None."""
    shut = (s.D <= NOTHING) | (s.k <= NOTHING)
    shut = np.broadcast_to(shut, (*shut.shape[:2], s.n))
    for i in range(len(s.ions)):
        elsewhere = np.any(shut[i] & ~c.moves[i][:, None], axis=0)
        J[:, i] = np.where(elsewhere | (np.any(shut[i], axis=0) & ~np.isfinite(J[:, i])), 0.0, J[:, i])
    V = np.zeros(s.n)
    if dJ_dV is None:
        V = c.V * 1.0
    else:
        slope = along_ions(dJ_dV, s.z)
        with np.errstate(divide="ignore", invalid="ignore"):
            V = (c.V / FARADAY - along_ions(J, s.z)) / slope
        J = J + V[:, None] * dJ_dV
    I = c.V * 1.0 if dJ_dV is not None else FARADAY * along_ions(J, s.z)

    def shaped(rows: Array) -> Any:
        rows = np.where(failed, np.nan, rows)
        return float(rows[0]) if s.shape == () else rows.reshape(s.shape)

    return Sensitivity(ByIon({ion: shaped(J[:, i]) for i, ion in enumerate(s.ions)}), shaped(I), shaped(V))


def of_volumes(
    problem: Problem, parts: Sequence[tuple[np.ndarray, Sequence[tuple[Mesh, Found]]]], failed: np.ndarray, name: str
) -> Sensitivity:
    """Differentiate what `pnp` has found: one solution of the linearised equations on each mesh, extrapolated like the fluxes.

    Parameters
    ----------
    parts : list of (rows, levels)
        Rows of the batch, and their meshes with the solutions.
    """
    s = problem.s
    bound = problem.given_current is not None
    change = change_of(s, name, "I" if bound else "V")
    J, along_V = np.zeros((s.n, len(s.ions))), np.zeros((s.n, len(s.ions))) if bound else None
    for rows, levels in parts:
        if name != "I":
            J[rows] = _extrapolated(problem, rows, levels, change)
        if along_V is not None:
            along_V[rows] = _extrapolated(problem, rows, levels, change_of(s, "V", "V"))
    return finished(s, change, J, along_V, failed)


def _extrapolated(problem: Problem, rows: np.ndarray, levels: Sequence[tuple[Mesh, Found]], change: Change) -> Array:
    """dJ at given V, (rows, ions)."""
    best: Array = romberg(np.array(list(_on_each(problem, rows, levels, change))))[0]
    return best / change.scale[rows, None]


def _on_each(problem: Problem, rows: np.ndarray, levels: Sequence[tuple[Mesh, Found]], c: Change) -> Iterator[Array]:
    s, m, ions = problem.s, len(rows), len(problem.s.ions)
    given, ends = (np.ascontiguousarray(s.rows(a)[..., rows]) for a in (problem.given, problem.ends))
    c0, VT = (np.broadcast_to(a, s.n)[rows] for a in (problem.c0, s.VT))
    eps, L, D, k, T, X, sigma, left, right, V = (
        a[..., rows] for a in (c.eps, c.thickness, c.D, c.k, c.T, c.X, c.sigma, c.left, c.right, c.V)
    )
    moved, moved_ends = np.zeros_like(given), np.zeros_like(ends)
    moved[:, 0] = given[:, 0] * (eps + T - L)
    moved[:, 1] = given[:, 1] * L + X * s.rows(s.thickness)[:, rows] / c0
    moved[:-1, 2] = sigma / (FARADAY * c0)
    for i in range(ions):
        moved[:, 4 + i] = given[:, 4 + i] * (D[i] + k[i] - L)
        moved[:, 4 + ions + i] = given[:, 4 + ions + i] * (k[i] + L)
    moved_ends[0, :-1] = left / c0
    moved_ends[1, :-1] = right * s.rows(s.k[:, -1] / problem.kappa[:, -1])[:, rows] / c0
    for mesh, found in levels:
        ends[0, -1] = found.u[:, 0]
        moved_ends[0, -1] = V / VT - found.u[:, 0] * T
        y = np.concatenate([found.b, found.u[:, None, :]], axis=1)
        mobility, rise = problem.along(mesh)
        out = np.empty((m, ions))

        def some(a: int, b: int, mesh: Mesh = mesh, mobility: Array = mobility, rise: Array = rise, y: Array = y, out: Array = out) -> None:
            films.pnp_slopes(s.z, mesh.layer, mesh.width, mobility, rise, given, ends, moved, moved_ends, y, out, a, b)

        share(m, problem.threads, some)
        yield out * c0[:, None]


def of_cells(problem: Slices, cells: Cells, J: Array, name: str) -> Sensitivity:
    """Differentiate fluxes in a given potential, J = D (c_left e^{ψ(0)} − c_right e^{ψ(L)})/∫ e^ψ D₀/D dx: in closed form, too."""
    s = problem.s
    if cells.g is None and name == "V":
        raise InputError("V was not given, but the potential at every place")
    c = change_of(s, name, "V")
    functions = any(callable(f) for layer in s.membrane.layers for f in (layer.D or {}).values())
    if (cells.g is None and np.any(c.thickness)) or (problem.field is not None and np.any(c.T)) or (functions and np.any(problem.drift)):
        raise InputError(
            f"{name}: no derivative where a potential is given place by place, or where a solvent flows through a D that changes"
        )
    d, own = np.broadcast_to(cells.d(), (len(s.ions), s.n, cells.x.shape[1] - 1)), cells.layer[:-1]
    jump = np.diff(cells.layer) > 0
    phi = np.diff(cells.phi, axis=-1) / s.VT[:, None]
    moved = -phi * c.T[:, None]
    if cells.g is not None:
        part = s.thickness / s.eps / np.sum(s.thickness / s.eps, axis=0)
        shares = c.thickness - c.eps - np.sum(part * (c.thickness - c.eps), axis=0)
        moved = moved + np.diff(cells.g) * (c.V / s.VT)[:, None] + phi * shares[own].T
    mobile = c.D + c.k
    resist = np.where(jump, 0.0, (c.thickness - c.D)[:, own].transpose(0, 2, 1))
    swept = np.where(
        jump, 0.0, problem.drift[:, None] * _lengths(cells, jump) / np.broadcast_to(s.D, mobile.shape)[:, own].transpose(0, 2, 1)
    )
    rise = np.where(jump, -np.diff(c.k[:, cells.layer], axis=1).transpose(0, 2, 1), -swept * resist)
    rise = rise + s.z[:, None, None] * moved
    psi, up = (np.concatenate([np.zeros((*d.shape[:2], 1)), np.cumsum(a, axis=-1)], axis=-1) for a in (d, rise))
    top = np.max(psi, axis=-1, keepdims=True)
    B = np.maximum(bernoulli(d), 1e-300)
    inside = np.where(np.isnan(cells.mean), -bernoulli(d, derivative=True) / B, cells.mean)
    parts = cells.resistance * np.exp(psi[..., :-1] - top) / B
    whole = np.sum(parts, axis=-1)
    share_ = np.sum(parts * (resist + up[..., :-1] + inside * rise), axis=-1) / whole
    left = s.k[:, 0] * (c.left + s.left * c.k[:, 0]) * np.exp(-top[..., 0])
    right = s.k[:, -1] * (c.right + s.right * (c.k[:, -1] + up[..., -1])) * np.exp(psi[..., -1] - top[..., 0])
    slope = (cells.D0 * (left - right) / whole - J.T * share_) / c.scale
    return finished(s, c, np.ascontiguousarray(slope.T), None, np.zeros(s.n, dtype=bool))


def _lengths(cells: Cells, jump: np.ndarray) -> Array:
    return np.where(jump, 0.0, np.diff(cells.x, axis=-1))
