"""What the solvers of membranes in profile return."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._broadcast import Array, ByIon
from .constants import FARADAY
from .errors import ConvergenceError, InputError
from .frozen import Solved
from .species import IonSpecies

if TYPE_CHECKING:
    from ._draw import Axes
    from .levels import Levels
    from .sensitivities import Sensitivity


class ProfileAudit(NamedTuple):
    """How well a profile keeps what must be kept.

    flux : largest difference between the flux through a cell and the reported one, over D max(c)/min(h)
    charge : surface and space charge against the difference of the displacement at the ends, over the sum of their sizes; NaN where
        the potential was prescribed

    Of a solution of Poisson's equation both are those of the finite volumes on the finest mesh.
    """

    flux: Any
    charge: Any


class Profile(Solved):
    """Concentrations and potential through a membrane, or through a batch of them. x comes last.

    At inner interfaces x stands twice, for the values on either side; but for those x that were asked for.

    Attributes
    ----------
    shape : tuple of int
        Of the batch; ``()`` for one profile.
    x : array
        Places, m; (n,), or (..., n) where thicknesses vary.
    phi : array
        Potential, V, zero at the right end; (..., n).
    c : mapping from ion to array
        Concentrations, mol/m³; (..., n).
    J : mapping from ion to float or array
        Fluxes, mol m⁻² s⁻¹, positive from left to right.
    I, V : float or array
        Current F Σ zJ, A/m², and φ(left) − φ(right), V.
    dI_dV : float or array
        Conductance, S/m²; NaN where the potential was prescribed point by point.
    dI_dV_error : float or array
        What the last mesh has changed of dI_dV, relative; NaN where there was one mesh, or none.
    error : float or array
        Estimated relative error of the fluxes by discretisation.
    status : int or array
        `Status`.
    audit : ProfileAudit
        What is conserved, checked on the profile itself.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        ions: tuple[IonSpecies, ...],
        x: Array,
        phi: Array | None,
        c: Array | None,
        J: Array,
        V: Array,
        error: Array,
        status: np.ndarray,
        slope: Callable[[], Array],
        audit: Callable[[], ProfileAudit],
        label: Mapping[str, Any],
        call: Mapping[str, Any] | None = None,
        sensitivities: Callable[[str], Sensitivity] | None = None,
        exact: Callable[[Array | None], tuple[Array, Array]] | None = None,
        asked: Callable[[], Profile] | None = None,
        slope_error: Array | None = None,
    ) -> None:
        self.shape, self.ions, self.x = shape, ions, x if x.ndim == 1 else x.reshape(*shape, -1)
        self._J, self._V, self._error, self._status = J, V, error, status
        self._slope, self._audit, self._label = slope, audit, dict(label)
        #: what was asked: membrane, left, right, vary, …; None where that is more than a membrane between two solutions
        self._call = call
        self._sensitivities = sensitivities
        #: φ and c at any places, at those of the profile for None; such a profile is computed when somebody looks at it
        self._exact = exact
        #: the whole question, for what cannot be sent to another process
        self._asked = asked
        self._slope_error = slope_error
        if phi is not None and c is not None:
            self._both = phi, c

    @cached_property
    def _both(self) -> tuple[Array, Array]:
        assert self._exact is not None
        return self._exact(None)

    @property
    def _phi(self) -> Array:
        return self._both[0]

    @property
    def _c(self) -> Array:
        return self._both[1]

    def _told(self) -> tuple[Any, ...]:
        return self.shape, self.ions, self.x, self._phi, self._c, self._J, self._V, self._error, self._status

    def __getstate__(self) -> dict[str, Any]:
        """With what is computed when somebody asks; derivatives and other places of `electroneutral` are solved for again."""
        kept = (
            "shape",
            "ions",
            "x",
            "_J",
            "_V",
            "_error",
            "_slope_error",
            "_status",
            "_label",
            "_call",
            "_asked",
            "_both",
            "dI_dV",
            "audit",
        )
        whether = {name: getattr(self, name) is not None for name in ("_sensitivities", "_exact")}
        return {name: getattr(self, name) for name in (*kept, "_made")} | whether

    def __setstate__(self, state: dict[str, Any]) -> None:
        again = {name: functools.partial(self._solved_again, name) if state[name] else None for name in ("_sensitivities", "_exact")}
        slope, audit = np.reshape(state["dI_dV"], -1), state["audit"]
        vars(self).update(state | again, _slope=lambda: slope, _audit=lambda: audit)

    def _solved_again(self, name: str, given: Any) -> Any:
        """Answer with the same result, found once more."""
        assert self._asked is not None
        try:
            found = self._asked()
        except ConvergenceError as error:
            found = error.partial
        return getattr(found, name)(given)

    def _shaped(self, rows: Array) -> Any:
        return rows[0].item() if self.shape == () else rows.reshape(self.shape)

    @cached_property
    def phi(self) -> Array:
        """Potential, V."""
        return self._phi.reshape(*self.shape, -1)

    @cached_property
    def c(self) -> Mapping[IonSpecies, Array]:
        """Concentrations by ion, mol/m³."""
        n = self._c.shape[-1]
        return ByIon({ion: self._c[:, i, :].reshape(*self.shape, n) for i, ion in enumerate(self.ions)})

    @cached_property
    def J(self) -> Mapping[IonSpecies, Any]:
        """Fluxes by ion, mol m⁻² s⁻¹."""
        return ByIon({ion: self._shaped(self._J[:, i]) for i, ion in enumerate(self.ions)})

    @cached_property
    def I(self) -> Any:  # noqa: E743  the current's name
        """Current, A/m²."""
        total = np.zeros(len(self._J))
        for i, ion in enumerate(self.ions):
            total = total + ion.z * self._J[:, i]
        return self._shaped(FARADAY * total)

    @cached_property
    def V(self) -> Any:
        """φ(left) − φ(right), V."""
        return self._shaped(self._V)

    @cached_property
    def dI_dV(self) -> Any:
        """Conductance, S/m²."""
        return self._shaped(self._slope())

    @property
    def dI_dV_error(self) -> Any:
        """What the last mesh has changed of dI_dV, relative; NaN where there was one mesh, or none.

        `error` and `tol` are about fluxes, which follow from the potential alone. A derivative comes from one solution of the linearised
        equations: the same order in the cells, but a rounding that grows with their number; below `tol` as a rule, 1e-4 and more in
        membranes that rectify strongly. Of random membranes the true error was at most three times this in 99.7 %.
        """
        return self._shaped(np.full(len(self._J), np.nan) if self._slope_error is None else self._slope_error)

    @property
    def error(self) -> Any:
        """Estimated relative error of the fluxes by discretisation."""
        return self._shaped(self._error)

    @property
    def status(self) -> Any:
        """`Status` of each profile."""
        return self._shaped(self._status)

    @cached_property
    def audit(self) -> ProfileAudit:
        """What is conserved, checked on the profile itself."""
        return self._audit()

    def sensitivity(self, name: str) -> Sensitivity:
        """Return the derivatives of the fluxes and of the current with respect to one number of the description, at the solution.

        From the linearised equations, one solution on each of the meshes, not from differences.

        Parameters
        ----------
        name : str
            ``"V"`` (``"I"`` where the current was given), ``"left.K"``, ``"right.Na"``, ``"T"``, ``"layers.1.fixed_charge"``, also
            ``thickness``, ``eps_r``, ``D_factor``, ``D.K`` and ``partition.K`` of a layer, ``"surface_charge.0"``. Everything else stays:
            V, or the current where that was given; a change of T does not change diffusivities.

        Returns
        -------
        Sensitivity
            ``J`` by ion, ``I`` and ``V``, in SI units over that of the parameter.

        Raises
        ------
        UnknownNameError
            There is no such parameter, with the nearest name.
        InputError
            This profile cannot be differentiated by it.

        Examples
        --------
        >>> from ionflux import Cl, K, Layer, Membrane1D, pnp
        >>> film = Membrane1D(Layer(5e-9, eps_r=78.5, fixed_charge=-50.0), T=298.15)
        >>> rest = pnp(film, {K: 100.0, Cl: 100.0}, {K: 10.0, Cl: 10.0}, I=0.0)
        >>> round(rest.sensitivity("layers.0.fixed_charge").V * 1e6)  # µV per mol/m³
        217
        """
        if self._sensitivities is None:
            raise InputError("derivatives are those of the finite volumes of pnp, and of nernst_planck; this profile has none")
        return self._sensitivities(name)

    def at(self, x: ArrayLike) -> Profile:
        """Return the profile at other places, between nodes by cubic interpolation of the potential and of ln c.

        That of `electroneutral` is evaluated there from its own polynomials, to some nine digits.

        Parameters
        ----------
        x : float or array (m,)
            m, 0 … thickness. At an interface the value on its left.
        """
        where = np.atleast_1d(np.asarray(x, dtype=np.float64))
        if where.ndim != 1 or not np.all((where >= 0) & (where <= np.max(self.x) * (1 + 1e-12))):
            raise InputError(f"x: give one number or a list of them within 0 … {np.max(self.x):g} m")
        n = len(self._J)
        if self._exact is not None:
            return self._elsewhere(where, *self._exact(where))
        nodes = np.broadcast_to(self.x.reshape(-1, self.x.shape[-1]), (n, self.x.shape[-1]))
        phi, c = np.empty((n, len(where))), np.empty((n, len(self.ions), len(where)))
        for row in range(n):
            both = np.vstack([self._phi[row], self._c[row]])
            values = interpolated(nodes[row], both, np.minimum(where, nodes[row, -1]))
            phi[row], c[row] = values[0], values[1:]
        return self._elsewhere(where, phi, c)

    def _elsewhere(self, where: Array, phi: Array, c: Array) -> Profile:
        return Profile(
            self.shape, self.ions, where, phi, c, self._J, self._V, self._error, self._status, self._slope, self._audit, self._label,
            self._call, self._sensitivities, self._exact, self._asked, self._slope_error,
        )  # fmt: skip

    def compare_levels(self, *, tol: float = 0.01) -> Levels:
        """Ask the same of cheaper and of better descriptions, from Goldman's formula to Poisson–Nernst–Planck; see `compare_levels`.

        Parameters
        ----------
        tol : float
            Relative difference from "pnp" that is allowed for `Levels.choice`.

        Raises
        ------
        InputError
            The profile is not that of a membrane at a voltage: its potential or the velocity of the solvent was prescribed.
        """
        from .comparison import compare_levels

        if self._call is None:
            raise InputError("levels can be compared for a membrane at a voltage, not for a given potential, velocity or moment")
        own = {name: self._call[name] for name in ("membrane", "left", "right", "vary", "threads")}
        return compare_levels(own.pop("membrane"), own.pop("left"), own.pop("right"), self.V, tol=tol, **own)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw concentrations and potential against the place; returns the axes. Of one profile, not of a batch."""
        from .profile_plots import plot_profile

        return plot_profile(self, ax)

    def __repr__(self) -> str:
        said = ", ".join(f"{name} = {value}" for name, value in self._label.items())
        if self.shape:
            return f"<Profile {said}: batch of shape {self.shape}>"
        return f"<Profile {said}: V = {self.V * 1e3:.4g} mV, I = {self.I:.6g} A/m², {self.x.shape[-1]} places>"


def interpolated(x: Array, y: Array, where: Array) -> Array:
    """Cubic interpolation on four neighbours within a layer; rows of y after the first in logarithms where they are positive."""
    out = np.empty((len(y), len(where)))
    ends = np.flatnonzero(np.diff(x) == 0)
    starts, stops = np.concatenate([[0], ends + 1]), np.concatenate([ends, [len(x) - 1]])
    for lo, hi in zip(starts, stops, strict=True):
        inside = (where >= x[lo]) & (where <= x[hi]) if lo == 0 else (where > x[lo]) & (where <= x[hi])
        if not np.any(inside):
            continue
        t, nodes, part = where[inside], x[lo : hi + 1], y[:, lo : hi + 1]
        positive = np.all(part[1:] > 0, axis=1)
        part = part.copy()
        part[1:][positive] = np.log(part[1:][positive])
        width = min(4, len(nodes))
        first = np.clip(np.searchsorted(nodes, t) - width // 2, 0, len(nodes) - width)
        pick = first[:, None] + np.arange(width)
        near = nodes[pick]
        value = np.zeros((len(y), len(t)))
        for j in range(width):
            weight = np.ones(len(t))
            for m in range(width):
                if m != j:
                    weight = weight * (t - near[:, m]) / (near[:, j] - near[:, m])
            value += weight * part[:, pick[:, j]]
        value[1:][positive] = np.exp(value[1:][positive])
        out[:, inside] = value
    return out
