"""What `double_layer` returns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ionflux._broadcast import Array, Given, checked
from ionflux.errors import InputError, ShapeError, Status, UnknownNameError
from ionflux.fields import Parameter
from ionflux.frozen import Solved
from ionflux.species import IonSpecies
from .diffuse import Slit, Wall
from .screening import Screen, aligned

if TYPE_CHECKING:
    from ionflux._draw import Axes

_DISTANCE = Parameter(0.0, "m", 0.0, 10.0, "distance from the surface")


class DoubleLayer(Solved):
    """A screened surface, or a batch of them, as returned by `double_layer`. Numbers for one surface, arrays of `shape` for a batch.

    Attributes
    ----------
    shape : tuple of int
        Of the batch; ``()`` for one surface.
    status : int or array
        `Status.OK`, or `Status.NOT_CONVERGED` where the numbers are NaN.
    psi_0, psi_d : float or array
        Potential of the surface and where the diffuse layer starts (behind the Stern layer; the same without one), V, against the bath.
    sigma : float or array
        Surface charge, C/m²; in a slit that of one wall.
    capacitance, capacitance_diffuse : float or array
        dσ/dψ₀, and dσ/dψ_d of the diffuse layer alone, F/m².
    debye_length : float or array
        λ, m.
    pressure, psi_mid : float or array
        Slit only: disjoining pressure RT Σ c (e^{−zu} − 1) in the middle, Pa; potential in the middle, V.
    separation : float, array or None
        From wall to wall of a slit, m.
    """

    def __init__(self, screen: Screen, geometry: Any, wall: Wall, u_0: Array, stern: Array, label: Mapping[str, Any]) -> None:
        self._screen, self._geometry, self._wall, self._u_0, self._stern, self._label = screen, geometry, wall, u_0, stern, dict(label)
        self.shape = screen.shape

    def _told(self) -> tuple[Any, ...]:
        s, wall = self._screen, self._wall
        return type(self._geometry), self.shape, *s.told(), wall.u, wall.g, wall.slope, wall.failed, self._u_0, np.asarray(self._stern)

    def _shaped(self, rows: Array) -> Any:
        if self.shape == ():
            return float(rows[0])
        failed = self._wall.failed != 0
        if np.any(failed):
            rows = np.where(failed, np.nan, rows)
        return rows.reshape(self.shape)

    @property
    def status(self) -> Any:
        """`Status` of each surface."""
        codes = np.where(self._wall.failed != 0, int(Status.NOT_CONVERGED), int(Status.OK)).astype(np.intc)
        return int(codes[0]) if self.shape == () else codes.reshape(self.shape)

    @cached_property
    def psi_0(self) -> Any:
        """Potential of the surface, V."""
        return self._shaped(self._u_0 * self._screen.VT)

    @cached_property
    def psi_d(self) -> Any:
        """Potential where the diffuse layer starts, V."""
        return self._shaped(self._wall.u * self._screen.VT)

    @cached_property
    def sigma(self) -> Any:
        """Surface charge, C/m²."""
        return self._shaped(self._wall.g * self._screen.charge_unit)

    @cached_property
    def capacitance_diffuse(self) -> Any:
        """dσ/dψ_d, F/m²."""
        return self._shaped(self._wall.slope * self._screen.capacitance_unit)

    @cached_property
    def capacitance(self) -> Any:
        """dσ/dψ₀: Stern layer and diffuse layer in series, F/m²."""
        diffuse = self._wall.slope * self._screen.capacitance_unit
        return self._shaped(1.0 / (1.0 / diffuse + 1.0 / self._stern))

    @cached_property
    def debye_length(self) -> Any:
        """λ = √(ε RT/(F² Σz²c)), m."""
        lengths = 1.0 / self._screen.kappa
        return float(lengths[0]) if self.shape == () else lengths.reshape(self.shape)

    @cached_property
    def psi_mid(self) -> Any:
        """Potential in the middle of a slit, V."""
        return self._shaped(self._middle("psi_mid") * self._screen.VT)

    @cached_property
    def pressure(self) -> Any:
        """Disjoining pressure of a slit, Pa: osmotic pressure in its middle less that of the bath."""
        middle = self._middle("pressure")
        field = self._geometry.plane.at_potential(middle).g  # ∫F du = g²/2 of a single plane
        return self._shaped(0.5 * field**2 * self._screen.pressure_unit)

    @property
    def separation(self) -> Any:
        """From wall to wall of a slit, m; None for one wall."""
        return self._shaped(self._geometry.separation) if isinstance(self._geometry, Slit) else None

    def _middle(self, name: str) -> Array:
        if not isinstance(self._geometry, Slit):
            raise InputError(f'{name} belongs to two walls: geometry="slit" with separation=')
        return self._geometry.middle(self._wall)

    def psi(self, x: ArrayLike, *, out: Array | None = None, threads: int | None = None) -> Any:
        """Return the potential at a distance from where the diffuse layer starts, V.

        Parameters
        ----------
        x : float or array
            m; in a slit from either wall, 0 … separation.
        out : array, optional
            Where to write: float64, C-contiguous, of the shape of the result.
        threads : int, optional
            Threads to share a batch among; default 1. The result does not depend on it.

        Returns
        -------
        float or array
            Of the shape of the layer, followed by that of x.
        """
        points = np.asarray(checked(Given("x", x, _DISTANCE)))
        if np.isnan(points).any():
            raise InputError("x has NaN")
        shape = self.shape + points.shape
        n, m = self._screen.n, points.size
        if out is not None and not (
            isinstance(out, np.ndarray) and out.dtype == np.float64 and out.flags.c_contiguous and out.shape == shape
        ):
            raise ShapeError(f"out must be a C-contiguous array of float64 with the shape {shape}")
        values = aligned((n, m)) if out is None else out.reshape(n, m)
        flat = np.ascontiguousarray(points, dtype=np.float64).reshape(m)
        self._profile(flat, values, threads)
        if np.any(self._wall.failed):
            values[self._wall.failed != 0] = np.nan
        if out is not None:
            return out
        return float(values[0, 0]) if shape == () else values.reshape(shape)

    def _profile(self, x: Array, values: Array, threads: int | None) -> None:
        geometry, factor = self._geometry, self._screen.VT
        if isinstance(geometry, Slit) and not (len(x) and x.max() <= 0.5 * geometry.separation.min()):
            for separation in np.unique(geometry.separation):
                rows = np.flatnonzero(geometry.separation == separation)
                if len(x) and x.max() > separation * (1 + 1e-12):
                    raise InputError(f"x = {x.max():g} m is beyond the other wall of a slit of {separation:g} m")
                part = Slit(self._screen.take(rows), geometry.separation[rows], threads)
                wall = Wall(*(np.ascontiguousarray(getattr(self._wall, name)[rows]) for name in ("u", "g", "slope", "start", "failed")))
                some = np.empty((len(rows), len(x)))
                self._sorted(part, wall, np.clip(np.minimum(x, separation - x), 0.0, None), factor[rows], some, rows)
                values[rows] = some
            return
        self._sorted(geometry.with_threads(threads), self._wall, x, factor, values, np.arange(len(factor)))

    def _sorted(self, geometry: Any, wall: Wall, x: Array, factor: Array, values: Array, rows: np.ndarray) -> None:
        if len(x) < 2 or np.all(x[1:] >= x[:-1]):
            failed = geometry.profile(wall, x, factor, values)
        else:
            order = np.argsort(x, kind="stable")
            some = np.empty_like(values)
            failed = geometry.profile(wall, np.ascontiguousarray(x[order]), factor, some)
            values[:, order] = some
        values[failed != 0] = np.nan

    def c(self, ion: IonSpecies, x: ArrayLike) -> Any:
        """Return the concentration of an ion at a distance from where the diffuse layer starts, mol/m³; shape as of `psi`."""
        bulk = self._bulk(ion)
        psi = np.asarray(self.psi(x))
        u = psi.reshape(self._screen.n, -1) / self._screen.VT[:, None]
        c = bulk[:, None] * self._screen.enrichment(ion.z, u)
        return float(c[0, 0]) if psi.shape == () else c.reshape(psi.shape)

    def enrichment(self, ion: IonSpecies) -> Any:
        """Return concentration where the diffuse layer starts over that of the bath: e^{−zFψ_d/RT} for point ions; of any ion."""
        return self._shaped(self._screen.enrichment(ion.z, self._wall.u))

    def _bulk(self, ion: IonSpecies) -> Array:
        for known, c in self._screen.bulk.items():
            if known == ion:
                return c
        raise UnknownNameError.among("the bath has no", getattr(ion, "name", ion), [k.name for k in self._screen.bulk if k is not None])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the potential against the distance, with linear theory beside it; returns the axes."""
        from ionflux.layer_plots import plot_double_layer

        return plot_double_layer(self, ax)

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self._label.items())
        if self.shape:
            return f"<DoubleLayer {said}: batch of shape {self.shape}>"
        return f"<DoubleLayer {said}: psi_0 = {self.psi_0 * 1e3:.4g} mV, sigma = {self.sigma:.4g} C/m²>"
