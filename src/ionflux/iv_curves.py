"""Whole current–voltage curves of membranes in profile."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ._broadcast import VOLTAGE, Array, ByIon, Given, checked
from .arclength import Trace
from .constants import FARADAY
from .curves import on_nodes
from .errors import InputError, Status
from .folds import Fold, branch_of, traced
from .frozen import Solved
from .membranes import Membrane1D
from .poisson import check_tolerance, pnp
from .profiles import Profile
from .species import IonSpecies
from .stacks import along_ions, stack
from .volumes import Problem

if TYPE_CHECKING:
    from ._draw import Axes


class IVCurve(Solved):
    """Current against voltage of one membrane or a batch of them; voltages come last.

    Attributes
    ----------
    shape : tuple of int
        Of the batch; ``()`` for one curve.
    V : array (m,)
        φ(left) − φ(right), V.
    I : array (..., m)
        Current, A/m², positive from left to right.
    J : mapping from ion to array (..., m)
        Fluxes, mol m⁻² s⁻¹.
    conductance : array (..., m)
        dI/dV, S/m².
    conductance_error : array (..., m)
        What the last mesh has changed of it, relative; see `Profile.dI_dV_error`. NaN with `nodes`.
    error : array (..., m)
        Estimated relative error of the fluxes; NaN with `nodes`.
    status : array (..., m)
        `Status` of each point.
    reversal : float or array
        The voltage at which no current flows, V: solved for, not interpolated. NaN where it was not found.
    folds : tuple of Fold
        Where a curve turns back in V, each with V, I and its place in the batch; empty where there is one state at each voltage.
    branch : array of int (..., m)
        How many folds lie between each point and the lowest voltage.
    """

    def __init__(self, call: Mapping[str, Any], V: Array, shape: tuple[int, ...], ions: tuple[IonSpecies, ...], found: Any) -> None:
        self._call, self.V, self.shape, self.ions = dict(call), V, shape, ions
        J, dJ, error, slope_error, status, VT = found
        whole = (*shape, len(V))
        z = np.array([float(ion.z) for ion in ions])
        self.J = ByIon({ion: J[:, i].reshape(whole) for i, ion in enumerate(ions)})
        self.I = (FARADAY * along_ions(J, z)).reshape(whole)
        self.conductance = (FARADAY * along_ions(dJ, z) / VT).reshape(whole)
        self.error, self.conductance_error, self.status = (a.reshape(whole) for a in (error, slope_error, status))

    def _told(self) -> tuple[Any, ...]:
        return self.shape, self.ions, self.V, *self.J.values(), self.conductance, self.conductance_error, self.error, self.status

    @cached_property
    def reversal(self) -> Any:
        """The voltage at which no current flows, V."""
        call = self._call
        s = stack(call["membrane"], call["left"], call["right"], None, call["vary"], leading=self.shape)
        V, error = Problem(s, call["threads"], np.zeros(s.n)).voltages(call["tol"], call["nodes"])
        V = np.where(error <= (call["tol"] if call["nodes"] is None else np.inf), V, np.nan)
        return float(V[0]) if self.shape == () else V.reshape(self.shape)

    @cached_property
    def _traces(self) -> list[Trace[Array]]:
        """Each curve followed from its lowest voltage to its highest, on a mesh of moderate fineness or on the nodes that were given."""
        call = self._call
        s = stack(call["membrane"], call["left"], call["right"], None, call["vary"], leading=self.shape)
        return traced(Problem(s, None), float(np.min(self.V)), float(np.max(self.V)), call["nodes"])

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """Where V turns back along a curve, so that there is more than one state at a voltage; no more than an empty tuple as a rule.

        The curve is followed from its lowest voltage along its own length (pseudo-arclength); each fold has ``V``, ``I`` and ``curve``,
        its place in the batch. On a mesh of moderate fineness, or on the nodes that were given.
        """
        places = list(np.ndindex(self.shape))
        return tuple(Fold(f.x, f.y, places[i]) for i, trace in enumerate(self._traces) for f in trace.folds)

    @cached_property
    def branch(self) -> np.ndarray:
        """Which state each point is: how many folds lie between it and the lowest voltage along the curve; −1 where it is on none of it."""
        I = self.I.reshape(-1, len(self.V))
        return np.array([branch_of(trace, self.V, i) for trace, i in zip(self._traces, I, strict=True)]).reshape(self.I.shape)

    def profile(self, i: int) -> Profile:
        """Return the profiles at the i-th voltage."""
        if not isinstance(i, (int, np.integer)) or not -len(self.V) <= i < len(self.V):
            raise InputError(f"there is no profile {i!r}: there are {len(self.V)} voltages")
        return pnp(V=float(self.V[i]), **self._call)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curve, A/m² against mV; returns the axes. Of one membrane, not of a batch."""
        from .profile_plots import plot_iv

        return plot_iv(self, ax)

    def __repr__(self) -> str:
        many = f"batch of shape {self.shape}, " if self.shape else ""
        return f"<IVCurve {' '.join(ion.name for ion in self.ions)}: {many}{len(self.V)} voltages, {self.V[0]:g} … {self.V[-1]:g} V>"


def pnp_iv(
    membrane: Membrane1D,
    left: Any,
    right: Any,
    V: ArrayLike,
    *,
    tol: float = 1e-6,
    nodes: Any = None,
    vary: Mapping[str, ArrayLike] | None = None,
    threads: int | None = None,
) -> IVCurve:
    """I(V) of the Poisson–Nernst–Planck equations, with the conductance from the same factorisation at every voltage; see `pnp`.

    Parameters
    ----------
    membrane, left, right, tol, nodes, threads
        As for `pnp`.
    V : array (m,)
        φ(left) − φ(right), V.
    vary : mapping from dotted name to array (...), optional
        Parameters that differ from curve to curve; they broadcast with arrays of concentrations, not with V.

    Returns
    -------
    IVCurve

    Raises
    ------
    InputError
        V is not a list of numbers; or as for `pnp`.

    Examples
    --------
    >>> from ionflux import Cl, K, Layer, Membrane1D
    >>> film = Membrane1D(Layer(5e-9, eps_r=78.5), T=298.15)
    >>> curve = pnp_iv(film, {K: 100.0, Cl: 100.0}, {K: 10.0, Cl: 10.0}, [-0.1, 0.0, 0.1])
    >>> round(curve.reversal * 1e3, 3)
    0.915
    """
    check_tolerance(tol)
    volts = np.ascontiguousarray(np.atleast_1d(checked(Given("V", V, VOLTAGE))), dtype=np.float64)
    if volts.ndim != 1 or not len(volts) or np.any(np.isnan(volts)):
        raise InputError("V: give a list of voltages; what differs from curve to curve goes into vary= and the concentrations")

    def column(given: Any) -> Any:
        if isinstance(given, Mapping) and type(given) is dict:
            return {key: np.asarray(value)[..., None] if np.ndim(value) else value for key, value in given.items()}
        return given

    call = {"membrane": membrane, "left": left, "right": right, "tol": tol, "nodes": nodes, "vary": vary, "threads": threads}

    def points() -> dict[str, Any]:
        sides = {"membrane": membrane, "left": column(left), "right": column(right)}
        return {**sides, "V": volts, "vary": column(dict(vary)) if vary else None}

    if nodes is not None:
        s = stack(membrane, left, right, None, vary, neutral=True)
        J, dJ, failed = on_nodes(s, volts, nodes, threads, points)
        shape, VT = s.shape, np.repeat(s.rows(s.VT), len(volts))
        error = slope_error = np.full(len(J), np.nan)
    else:
        s = stack(**points(), neutral=True)
        J, dJ, _, error, slope_error, failed = Problem(s, threads).points(tol)
        shape, VT = s.shape[:-1], s.rows(s.VT)
    lost = failed if nodes is not None else failed | (error > tol)
    status = np.where(lost, int(Status.NOT_CONVERGED), int(Status.OK)).astype(np.intc)
    if failed.any():
        J, dJ = (np.where(failed[:, None], np.nan, x) for x in (J, dJ))
    return IVCurve(call, volts, shape, s.ions, (J, dJ, error, slope_error, status, VT))
