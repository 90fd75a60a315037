"""Nernst–Planck in a potential that is given: no iteration, one quadrature for each ion."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._broadcast import VOLTAGE, Array, Given, checked, number
from ._dispatch import films
from .electrochem import bernoulli
from .errors import InputError, ShapeError, Status
from .fields import Parameter
from .membranes import Membrane1D
from .profiles import Profile, ProfileAudit
from .sensitivities import of_cells
from .sharing import number_of_threads, together
from .slices import CELLS, Cells, Problem
from .stacks import NOTHING, stack

_VELOCITY = Parameter(0.0, "m s^-1", -1e3, 1e3, "velocity of the solvent")
#: functions are integrated on panels that are halved until nothing changes any more
_CLOSE, _MOST_PANELS = 2e-14, 2048
#: values of a potential of which the range is checked together with the work on them
_MANY = 65536
#: rows that are worth a thread; bytes of results from which on they are written past the caches
_FEW, _STREAMED = 256, 4 << 20


def nernst_planck(
    membrane: Membrane1D,
    left: Any,
    right: Any,
    V: ArrayLike | None = None,
    *,
    potential: Callable[[Array], ArrayLike] | ArrayLike | None = None,
    x: ArrayLike | None = None,
    velocity: ArrayLike = 0.0,
    vary: Mapping[str, ArrayLike] | None = None,
    out: Array | None = None,
    threads: int | None = None,
) -> Profile:
    """J = −D(c′ + zcu′ + cw′) + cv in a given potential φ = uRT/F: the flux and the concentrations of each ion, exactly.

    With ψ = zu + w − ∫v/D dx, J = (c(0) e^{ψ(0)} − c(L) e^{ψ(L)})/∫ e^ψ/D dx. Where ψ is linear between places this is evaluated in
    closed form; in a constant field the result is Goldman's, for any x.

    Parameters
    ----------
    membrane : Membrane1D
        Its fixed and surface charges do not matter here.
    left, right : Bath or mapping from ion to float or array
        Concentrations of the solutions, mol/m³. An ion may be missing on one side.
    V : float or array, optional
        φ(left) − φ(right), V. The field is then that of a dielectric without charges: constant in each layer, the drop shared as
        thickness/eps_r.
    potential : callable or array (..., n), optional
        Instead of V: φ(x) as a function (x in m, an array), or its values at `x`, linear between them.
    x : array (n,), optional
        Places, m, ascending. For values of a potential they reach from 0 to the thickness (default: equal steps); else they say where
        results are wanted. At an interface the value on its left. Default: 51 in each layer.
    velocity : float or array
        Of the solvent, m/s, from left to right.
    vary : mapping from dotted name to array, optional
        Parameters of the membrane (``"layers.1.D.K"``) and of the solutions (``"left.K"``) that differ from profile to profile.
    out : array, optional
        Where the concentrations are written: float64, C-contiguous, (..., ions, n).
    threads : int, optional
        Threads to share a batch among; default 1. The result does not depend on it.

    Returns
    -------
    Profile

    Raises
    ------
    InputError
        Neither or both of V and potential; places outside the membrane; an ion without a diffusivity.
    ShapeError
        Arrays that do not fit each other.

    Examples
    --------
    >>> from ionflux import K, Layer, Membrane1D
    >>> film = nernst_planck(Membrane1D(Layer(5e-9, D={K: 1e-9})), {K: 140.0}, {K: 5.0}, -0.07)
    >>> round(film.J[K], 6)
    2.938801

    Source: W. Nernst, Z. phys. Chem. 4, 129 (1889); M. Planck, Ann. Phys. 275, 161 (1890); D. E. Goldman, J. Gen. Physiol. 27, 37 (1943).
    """
    if (V is None) == (potential is None):
        raise InputError("give exactly one of V (the potential is then that of the dielectric) and potential=")
    speed = np.asarray(checked(Given("velocity", velocity, _VELOCITY)))
    places = None if x is None else np.ascontiguousarray(x, dtype=np.float64)
    if places is not None and (places.ndim != 1 or len(places) < 1 or not np.all(np.diff(places) >= 0) or np.any(np.isnan(places))):
        raise InputError("x: give a list of ascending places, m")
    values = None
    leading = speed.shape
    if potential is not None and not callable(potential):
        values = np.asarray(number(Given("potential", potential, VOLTAGE)))
        if values.size <= _MANY:
            values = np.asarray(checked(Given("potential", values, VOLTAGE)))
        if values.ndim < 1 or values.shape[-1] < 2 or (places is not None and values.shape[-1] != len(places)):
            n = "" if places is None else f", {len(places)} of them for these x"
            raise ShapeError(f"potential has the shape {values.shape}: give values at the places x, last{n}")
        leading = np.broadcast_shapes(leading, values.shape[:-1])
    s = stack(membrane, left, right, V, vary, leading=leading)
    drift = np.broadcast_to(speed, s.shape).reshape(-1) if speed.ndim else speed.reshape(1)
    field = potential if callable(potential) else None
    problem = Problem(s, places, values, field, drift)
    panels = 16
    cells = problem.discretise(panels)
    error = np.zeros(s.n)
    before = None
    while cells.smooth:
        total = cells.totals()
        if before is not None:
            error = np.max(np.abs(total / before - 1.0), axis=0)
            if np.all(error <= _CLOSE) or panels >= _MOST_PANELS:
                break
        before, panels = total, 2 * panels
        cells = problem.discretise(panels)
    plain = potential is None and not np.any(drift)
    call = {"membrane": membrane, "left": left, "right": right, "vary": vary, "threads": threads} if plain else None
    asked = functools.partial(
        nernst_planck, membrane, left, right, V, potential=potential, x=x, velocity=velocity, vary=vary, threads=threads
    )
    return _profile(problem, cells, np.broadcast_to(error, s.n), out, threads, call, asked)


def _profile(
    problem: Problem,
    cells: Cells,
    error: Array,
    out: Array | None,
    threads: int | None,
    call: Mapping[str, Any] | None,
    asked: Callable[[], Profile],
) -> Profile:
    s, n = cells.s, cells.x.shape[1]
    # the first of the places that is the one asked for up to rounding: at an interface the one on its left
    kept = np.arange(n) if problem.x is None else np.searchsorted(cells.x[0], problem.x - 1e-13 * cells.x[0, -1], side="left")
    if cells.smooth and problem.x is None:
        kept = _thinned(cells, problem)
    everything = len(kept) == n and np.array_equal(kept, np.arange(n))
    shape = (*s.shape, len(s.ions), len(kept))
    if out is not None and not (isinstance(out, np.ndarray) and out.dtype == np.float64 and out.flags.c_contiguous and out.shape == shape):
        raise ShapeError(f"out must be a C-contiguous array of float64 with the shape {shape}")
    c = out.reshape(s.n, len(s.ions), n) if out is not None and everything else np.empty((s.n, len(s.ions), n))
    J, V, status = _solve(cells, c, threads, problem.values)
    for j in range(len(s.membrane.layers) if np.any(s.blocked) else 0):
        for i in range(len(s.ions)):
            shut = s.k[i, j] <= NOTHING
            if np.any(shut):
                c[np.ix_(np.flatnonzero(np.broadcast_to(shut, s.n)), np.array([i]), np.flatnonzero(cells.layer == j))] = 0.0
    whole = c
    if not everything:
        c = np.ascontiguousarray(c[:, :, kept])
        if out is not None:
            out.reshape(c.shape)[...] = c
    phi = np.broadcast_to(cells.phi, (s.n, n))
    x = cells.x[:, kept] if len(cells.x) == 1 else np.broadcast_to(cells.x, (s.n, n))[:, kept]
    label = {"layers": len(s.membrane.layers), "ions": " ".join(ion.name for ion in s.ions)}
    shown = phi if everything else phi[:, kept]

    def slope() -> Array:
        nowhere = np.full(s.n, np.nan)
        return nowhere if cells.g is None else np.reshape(of_cells(problem, cells, J, "V").I, -1)

    return Profile(
        s.shape, s.ions, x[0] if len(x) == 1 else x, shown, c, J, V, error, status,
        slope, lambda: _audit(cells, whole, J, s.shape), label, call,
        lambda name: of_cells(problem, cells, J, name), asked=asked,
    )  # fmt: skip


def _thinned(cells: Cells, problem: Problem) -> np.ndarray:
    """The places that everybody gets who asks for none, out of those and the panels."""
    s, keep = cells.s, []
    for j in range(len(s.membrane.layers)):
        own = np.flatnonzero(cells.layer == j)
        at = (cells.x[0, own] - problem.ends[j, 0]) / s.thickness[j, 0]
        keep.append(own[np.argmin(np.abs(at[:, None] - np.linspace(0.0, 1.0, CELLS + 1)), axis=0)])
    return np.concatenate(keep)


def _solve(cells: Cells, c: Array, threads: int | None, values: Array | None) -> tuple[Array, Array, np.ndarray]:
    """Fluxes, (rows, ions), voltages and status, (rows,); concentrations are written into c."""
    s, m, many = cells.s, len(cells.s.ions), number_of_threads(threads)
    kinds: list[tuple[int, int, int]] = []
    rises: list[Array] = []
    resistances: list[Array] = []
    known: dict[Any, int] = {}
    of_ion = np.empty(m, dtype=np.intc)
    for i in range(m):
        z, flat = int(s.z[i]), not np.any(cells.rise[i])
        rise = b"" if flat else cells.rise[i].tobytes()
        key = (z, rise, cells.resistance[i].tobytes())
        if key not in known:
            which = -1
            if not flat:
                which = next((j for j, r in enumerate(rises) if np.array_equal(r, cells.rise[i])), len(rises))
                if which == len(rises):
                    rises.append(cells.rise[i])
            known[key] = len(kinds)
            kinds.append((abs(z), int(z < 0), which))
            resistances.append(cells.resistance[i])
        of_ion[i] = known[key]
    # those of the same |z| and rise beside each other: they share work
    order = sorted(range(len(kinds)), key=lambda j: (kinds[j][0], kinds[j][2], kinds[j][1] if kinds[j][2] >= 0 else 0))
    of_ion = np.array([order.index(int(j)) for j in of_ion], dtype=np.intc)
    table = np.array([kinds[j] for j in order], dtype=np.intc)
    resistance = np.ascontiguousarray(np.array([resistances[j] for j in order]))
    rise_ = np.ascontiguousarray(np.array(rises)) if rises else np.zeros((0, 1, c.shape[2] - 1))
    if len(order) > films.KINDS:
        raise InputError(f"more than {films.KINDS} ions that differ in valence, diffusivity or energy at once")
    left, right = (np.ascontiguousarray(a) for a in (s.k[:, 0] * s.left, s.k[:, -1] * s.right))
    per_volt, phi, D = np.ascontiguousarray(1.0 / s.VT), np.ascontiguousarray(cells.phi), np.ascontiguousarray(cells.D0)
    J, V, state, taken = np.empty((s.n, m)), np.empty(s.n), np.empty(s.n, dtype=np.intc), np.zeros(1, dtype=np.int64)
    streamed, largest = c.nbytes > _STREAMED, []

    def work() -> None:
        largest.append(
            films.nernst_planck(phi, per_volt, table, rise_, resistance, of_ion, left, right, D, c, J, V, state, taken, streamed)
        )

    together(work, max(1, min(many, s.n // _FEW)))
    if values is not None and max(largest, default=0.0) > VOLTAGE.hi:
        checked(Given("potential", values, VOLTAGE))
    lost = np.flatnonzero(state)
    if len(lost):
        seen = lost[np.all(np.isfinite(phi[lost if len(phi) > 1 else np.zeros_like(lost)]), axis=1)]
        if len(seen):
            _logarithms(cells, seen, (left, right), c, J)
    if np.any(s.blocked):
        J[np.broadcast_to(s.blocked.T, J.shape)] = 0.0
    status = np.full(s.n, int(Status.OK), dtype=np.intc)
    status[lost[~np.all(np.isfinite(J[lost]), axis=1)]] = int(Status.NOT_FINITE)
    return J, V, status


def _logarithms(cells: Cells, rows: np.ndarray, ends: tuple[Array, Array], c: Array, J: Array) -> None:
    """The same recursions in logarithms, for energies that double precision cannot raise e to."""
    s, n = cells.s, c.shape[2]
    d = np.broadcast_to(cells.d(), (len(s.ions), s.n, n - 1))[:, rows]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        # ln B(d) = ln B(|d|) + max(-d, 0), and ln B(a) = ln a - a - ln(1 - e^-a)
        a = np.maximum(np.abs(d), 1e-300)
        ln_b = np.where(a < 1e-8, 0.0, np.log(a / -np.expm1(-a))) - np.maximum(d, 0.0)
        r = np.log(np.broadcast_to(cells.resistance, (len(s.ions), cells.resistance.shape[1], n - 1)))
        r = np.broadcast_to(r, (len(s.ions), s.n, n - 1))[:, rows] if r.shape[1] > 1 else r
        T, R = np.full((*d.shape[:2], n), -np.inf), np.full((*d.shape[:2], n), -np.inf)
        for k in range(n - 2, -1, -1):
            T[..., k] = np.logaddexp(r[..., k] - ln_b[..., k], d[..., k] + T[..., k + 1])
        for k in range(n - 1):
            R[..., k + 1] = np.logaddexp(r[..., k] - ln_b[..., k] - d[..., k], R[..., k] - d[..., k])
        left, right = (np.broadcast_to(end, (len(s.ions), s.n))[:, rows] for end in ends)
        c[rows] = (left[..., None] * np.exp(T - T[..., :1]) + right[..., None] * np.exp(R - R[..., -1:])).transpose(1, 0, 2)
        D0 = np.broadcast_to(cells.D0, (len(s.ions), s.n))[:, rows]
        J[rows] = (D0 * (left * np.exp(-T[..., 0]) - right * np.exp(-R[..., -1]))).T


def _audit(cells: Cells, c: Array, J: Array, shape: tuple[int, ...]) -> ProfileAudit:
    s, worst = cells.s, np.zeros(cells.s.n)
    d = np.broadcast_to(cells.d(), (len(s.ions), s.n, c.shape[2] - 1))
    for i in range(len(s.ions)):
        real = np.flatnonzero(np.any(cells.resistance[i] > 0, axis=0))
        r = cells.resistance[i][:, real]
        through = (bernoulli(d[i][:, real]) * c[:, i, real] - bernoulli(-d[i][:, real]) * c[:, i, real + 1]) / r
        unit = np.max(c[:, i], axis=-1) / np.min(np.broadcast_to(r, through.shape), axis=-1)
        off = np.max(np.abs(through - (J[:, i] / cells.D0[i])[:, None]), axis=-1)
        worst = np.maximum(worst, np.where(unit > 0, off / np.where(unit > 0, unit, 1.0), 0.0))
    nan = np.full(s.n, np.nan)
    return ProfileAudit(*(float(a[0]) if shape == () else a.reshape(shape) for a in (worst, nan)))
