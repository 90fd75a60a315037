"""A membrane as the capacitor it is: solution | charged face | dielectric | charged face | solution."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ionflux._broadcast import PERMEABILITY, Array, ByIon, Given, checked
from ionflux.constants import BODY_TEMPERATURE, FARADAY, VACUUM_PERMITTIVITY
from ionflux.electrochem import bernoulli
from ionflux.errors import ConvergenceError, InputError, Status, UnknownNameError
from ionflux.frozen import Solved
from ionflux.species import IonSpecies
from ionflux.surfaces import MEMBRANE_PERMITTIVITY, THICKNESS
from .diffuse import Plane, Wall
from .roots import increasing_root
from .screening import Screen, screen
from .solving import CHARGE, POTENTIAL

if TYPE_CHECKING:
    from ionflux._draw import Axes


class ChargedBilayer(Solved):
    """A charged membrane between two solutions, or a batch of them, as returned by `charged_bilayer`.

    Attributes
    ----------
    shape : tuple of int
        Of the batch; ``()`` for one membrane, whose quantities are numbers.
    V : float or array
        φ(inside) − φ(outside) between the two solutions, V.
    psi_in, psi_out : float or array
        Potential of each face against the solution on its side, V.
    thickness : float or array
        Of the dielectric, m.
    drop : float or array
        What the dielectric, and a voltage sensor in it, sees: V + ψ_in − ψ_out, V.
    field : float or array
        drop/thickness, V/m.
    capacitance : float or array
        dQ/dV: dielectric and both diffuse layers in series, F/m².
    c_surface_in, c_surface_out : mapping from IonSpecies to float or array
        Concentrations at the faces, mol/m³.
    """

    def __init__(
        self, inside: Screen, outside: Screen, faces: tuple[Wall, Wall], V: Array, C: Array, drop: Array, thickness: Array
    ) -> None:
        self._inside, self._outside, self._faces = inside, outside, faces
        self._V, self._C, self._drop, self._thickness = V, C, drop, thickness
        self.shape = inside.shape

    def _told(self) -> tuple[Any, ...]:
        faces = (x for wall in self._faces for x in (wall.u, wall.g, wall.slope))
        return self.shape, *self._inside.told(), *self._outside.told(), *faces, self._V, self._C, self._drop, self._thickness

    def _shaped(self, rows: Array) -> Any:
        return float(rows[0]) if self.shape == () else rows.reshape(self.shape)

    @property
    def thickness(self) -> Any:
        """Of the dielectric, m."""
        return self._shaped(self._thickness)

    def profile(self, points: int = 200) -> tuple[Array, Array]:
        """Return places and potentials through one membrane and the diffuse layers on both sides.

        Parameters
        ----------
        points : int
            In each of the three parts.

        Returns
        -------
        (3 points,) arrays
            Place, m, from the inner face outward; potential against the outside, V.
        """
        if self.shape:
            raise InputError(f"a batch of shape {self.shape} has no single profile")
        parts = []
        for s, wall, rest in zip((self._inside, self._outside), self._faces, (self._V[0], 0.0), strict=True):
            x, psi = np.linspace(0.0, 6.0 / s.kappa[0], points), np.empty((1, points))
            Plane(s).profile(wall, x, s.VT, psi)
            parts.append((x, psi[0] + rest))
        (x_in, V_in), (x_out, V_out) = parts
        d = self._thickness[0]
        x = np.concatenate([-x_in[::-1], np.linspace(0.0, d, points), d + x_out])
        return x, np.concatenate([V_in[::-1], np.linspace(V_in[0], V_out[0], points), V_out])

    @property
    def V(self) -> Any:
        """φ(inside) − φ(outside), V."""
        return self._shaped(self._V)

    @cached_property
    def psi_in(self) -> Any:
        """Potential of the inner face against the inside, V."""
        return self._shaped(self._faces[0].u * self._inside.VT)

    @cached_property
    def psi_out(self) -> Any:
        """Potential of the outer face against the outside, V."""
        return self._shaped(self._faces[1].u * self._outside.VT)

    @cached_property
    def drop(self) -> Any:
        """V + ψ_in − ψ_out, V."""
        return self._shaped(self._drop)

    @cached_property
    def field(self) -> Any:
        """Field in the dielectric from inside to outside, V/m."""
        return self._shaped(self._drop / self._thickness)

    @cached_property
    def capacitance(self) -> Any:
        """dQ/dV, F/m²."""
        diffuse = sum(1.0 / (wall.slope * s.capacitance_unit) for wall, s in zip(self._faces, (self._inside, self._outside), strict=True))
        return self._shaped(1.0 / (1.0 / self._C + diffuse))

    @cached_property
    def c_surface_in(self) -> ByIon:
        """Concentrations at the inner face, mol/m³."""
        return self._at_face(self._inside, self._faces[0])

    @cached_property
    def c_surface_out(self) -> ByIon:
        """Concentrations at the outer face, mol/m³."""
        return self._at_face(self._outside, self._faces[1])

    def _at_face(self, s: Screen, wall: Wall) -> ByIon:
        return ByIon({ion: self._shaped(c * s.enrichment(ion.z, wall.u)) for ion, c in s.bulk.items() if ion is not None})

    def ghk_current(self, ion: IonSpecies, P: ArrayLike) -> Any:
        """Return P zF [c_in B(−zFΔ/RT) − c_out B(zFΔ/RT)] with the concentrations at the faces and Δ = `drop`, A/m² outward.

        Parameters
        ----------
        ion : IonSpecies
            One that either side has; zero concentration where a side has none.
        P : float or array
            Permeability, m/s.
        """
        if ion not in self._inside.bulk and ion not in self._outside.bulk:
            names = {k.name: None for s in (self._inside, self._outside) for k in s.bulk if k is not None}
            raise UnknownNameError.among("neither side has", getattr(ion, "name", ion), names)
        x = ion.z * self._drop / self._inside.VT
        c_in, c_out = (
            s.bulk.get(ion, np.zeros(s.n)) * s.enrichment(ion.z, wall.u)
            for wall, s in zip(self._faces, (self._inside, self._outside), strict=True)
        )
        net = self._shaped(ion.z * FARADAY * (c_in * bernoulli(-x) - c_out * bernoulli(x)))
        result = checked(Given("P", P, PERMEABILITY)) * net
        return result if isinstance(result, float) else np.asarray(result)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the potential from one solution to the other; returns the axes."""
        from ionflux.layer_plots import plot_bilayer

        return plot_bilayer(self, ax)

    def __repr__(self) -> str:
        if self.shape:
            return f"<ChargedBilayer: batch of shape {self.shape}>"
        return (
            f"<ChargedBilayer: psi_in = {self.psi_in * 1e3:.4g} mV, psi_out = {self.psi_out * 1e3:.4g} mV, drop = {self.drop * 1e3:.4g} mV>"
        )


def charged_bilayer(
    *,
    inside: Any,
    outside: Any,
    sigma_in: ArrayLike,
    sigma_out: ArrayLike,
    V: ArrayLike,
    thickness: ArrayLike,
    eps_membrane: ArrayLike = 2.0,
    eps_r: ArrayLike | None = None,
    T: ArrayLike = BODY_TEMPERATURE,
) -> ChargedBilayer:
    """Solve for both faces of a charged membrane: g(ψ_in) + C_m Δ = σ_in, g(ψ_out) − C_m Δ = σ_out, Δ = V + ψ_in − ψ_out.

    g is the charge of a diffuse layer after Grahame, C_m = ε_m ε₀/d.

    Parameters
    ----------
    inside, outside : Bath, mapping from IonSpecies to number or array, or list of Bath
        The solutions, mol/m³.
    sigma_in, sigma_out : float or array
        Fixed charge of the faces, C/m².
    V : float or array
        φ(inside) − φ(outside), V.
    thickness : float or array
        Of the dielectric, m.
    eps_membrane, eps_r : float or array
        Relative permittivity of the dielectric, and of the solutions (default: water at T, 249.21 − 0.79069 T + 7.2997e-4 T², CRC
        Handbook; 74.20 at 37 °C).
    T : float or array
        Temperature, K.

    Returns
    -------
    ChargedBilayer
        Everything broadcasts.

    Raises
    ------
    UnitRangeError
        A number outside its range.
    InputError
        A side without ions.

    Examples
    --------
    >>> from ionflux import Cl, K, Na
    >>> membrane = charged_bilayer(
    ...     inside={K: 140.0, Na: 10.0, Cl: 150.0}, outside={K: 5.0, Na: 145.0, Cl: 150.0},
    ...     sigma_in=-0.05, sigma_out=-0.02, V=-0.07, thickness=3e-9,
    ... )
    >>> membrane.drop < membrane.V
    True

    Source: S. McLaughlin, Annu. Rev. Biophys. Biophys. Chem. 18, 113 (1989).
    """
    given = [
        checked(Given(name, value, kind))
        for name, value, kind in (
            ("sigma_in", sigma_in, CHARGE),
            ("sigma_out", sigma_out, CHARGE),
            ("V", V, POTENTIAL),
            ("thickness", thickness, THICKNESS),
            ("eps_membrane", eps_membrane, MEMBRANE_PERMITTIVITY),
        )
    ]
    i = screen(inside, eps_r=eps_r, T=T, others=given)
    o = screen(outside, eps_r=eps_r, T=T, others=[*given, np.empty(i.shape)])
    if o.shape != i.shape:
        i = screen(inside, eps_r=eps_r, T=T, others=[*given, np.empty(o.shape)])
    charge_in, charge_out, volts, d, eps = (np.ascontiguousarray(np.broadcast_to(x, i.shape), dtype=np.float64).reshape(i.n) for x in given)
    C = VACUUM_PERMITTIVITY * eps / d
    planes, units = (Plane(i), Plane(o)), (i.charge_unit, o.charge_unit)

    def faces(drop: Array) -> tuple[Wall, Wall]:
        held = C * drop  # charge that the dielectric puts on the inner face
        return planes[0].at_field((charge_in - held) / units[0]), planes[1].at_field((charge_out + held) / units[1])

    def mismatch(drop: Array) -> tuple[Array, Array]:
        inner, outer = faces(drop)
        slope = 1.0 + C / (inner.slope * i.capacitance_unit) + C / (outer.slope * o.capacitance_unit)
        return drop - (volts + inner.u * i.VT - outer.u * o.VT), slope

    # with no charge on the dielectric the drop would be `free`; charging it brings the faces nearer, never past zero
    free = -mismatch(np.zeros(i.n))[0]
    drop = increasing_root(mismatch, free.copy(), np.minimum(free, 0.0), np.maximum(free, 0.0))
    if i.shape == () and not np.isfinite(drop[0]):
        raise ConvergenceError(f"no charged bilayer was found: {Status.NOT_CONVERGED.sentence}")
    return ChargedBilayer(i, o, faces(drop), volts, C, drop, d)
