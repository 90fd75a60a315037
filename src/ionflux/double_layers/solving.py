"""The layer of ions that screens a charged surface (Gouy, Chapman, Stern, Grahame, Bikerman), in four geometries.

One call does a batch: every number may be an array, and so may the concentrations of a bath given as a mapping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ionflux._broadcast import Array, Given, checked
from ionflux.constants import BODY_TEMPERATURE
from ionflux.errors import ConvergenceError, InputError, Status, UnknownNameError
from ionflux.fields import Parameter
from ionflux.surfaces import SurfaceGroup
from .diffuse import Curved, Plane, Slit
from .results import DoubleLayer
from .screening import screen
from .surface_laws import behind_stern, regulated

__all__ = ["DoubleLayer", "double_layer", "gating_shift"]

CHARGE = Parameter(0.0, "C m^-2", -10.0, 10.0, "surface charge")
POTENTIAL = Parameter(0.0, "V", -10.0, 10.0, "surface potential")
_LENGTH = Parameter(1e-9, "m", 1e-11, 1.0, "radius or separation")
_STERN = Parameter(0.2, "F m^-2", 1e-6, 1e4, "capacitance of the Stern layer")
_PH = Parameter(7.4, "1", -5.0, 20.0, "pH")


def double_layer(
    bath: Any,
    *,
    sigma: ArrayLike | None = None,
    psi_0: ArrayLike | None = None,
    eps_r: ArrayLike | None = None,
    T: ArrayLike = BODY_TEMPERATURE,
    geometry: str = "plane",
    radius: ArrayLike | None = None,
    separation: ArrayLike | None = None,
    stern: ArrayLike | None = None,
    ion_size: ArrayLike | None = None,
    regulation: SurfaceGroup | Sequence[SurfaceGroup] | None = None,
    pH: ArrayLike = 7.4,
    threads: int | None = None,
) -> DoubleLayer:
    """Solve ε∇²ψ = −F Σ z c e^{−zFψ/RT} at a charged surface: the Poisson–Boltzmann equation.

    Parameters
    ----------
    bath : Bath, mapping from IonSpecies to number or array, or list of Bath
        The salt far away (of a slit: outside), mol/m³. An impermeant of a bath screens with its mean valence. What the ions lack in
        charge is taken as a uniform background that does not move.
    sigma, psi_0, regulation : float or array, float or array, SurfaceGroup or several
        Exactly one: surface charge, C/m²; potential of the surface against the bath, V; or the groups whose binding makes the charge.
    eps_r : float or array, optional
        Relative permittivity; default that of water at T, 249.21 − 0.79069 T + 7.2997e-4 T² (CRC Handbook; 74.20 at 37 °C).
    T : float or array
        Temperature, K.
    geometry : {"plane", "sphere", "cylinder", "slit"}
        Outside a sphere or a cylinder of `radius`; between two equal walls at `separation`.
    radius, separation : float or array
        m; separation from plate to plate.
    stern : float or array, optional
        Capacitance of a layer without ions before the diffuse layer, F/m². `psi_0` is then the potential behind it.
    ion_size : float or array, optional
        Lattice size of all ions, m: no more than 1/(a³ N_A) of them fit (Bikerman). Default: points.
    pH : float or array
        Of the bath, for `regulation`; H⁺ and OH⁻ do not count among the ions that screen.
    threads : int, optional
        Threads to share a batch among; default 1. The result does not depend on it.

    Returns
    -------
    DoubleLayer

    Raises
    ------
    InputError
        Not exactly one of sigma, psi_0 and regulation; a size that the geometry lacks or has no use for; a bath that screens nothing.
    UnitRangeError
        A number outside its range.
    ConvergenceError
        No solution was found for a single surface (in a batch: NaN, and a `status`).

    Notes
    -----
    Plane: first integral (Grahame) and its inverse to rounding. Profiles in closed form for ions of valence ±1, ±2 with partner ∓1, by
    Taylor series of order 20 else; sphere, cylinder and slit by shooting with the same series, to about 1e-12.

    Examples
    --------
    >>> from ionflux import Cl, Na
    >>> layer = double_layer({Na: 150.0, Cl: 150.0}, sigma=-0.02, eps_r=78.5, T=298.15)
    >>> round(layer.psi_0, 6)
    -0.02193

    Source: D. C. Grahame, Chem. Rev. 41, 441 (1947); J. J. Bikerman, Phil. Mag. 33, 384 (1942); O. Stern, Z. Elektrochem. 30, 508
    (1924); B. W. Ninham & V. A. Parsegian, J. Theor. Biol. 31, 405 (1971).
    """
    if sum(x is not None for x in (sigma, psi_0, regulation)) != 1:
        raise InputError("give exactly one of sigma= (C/m²), psi_0= (V) and regulation= (surface groups)")
    numbers = {
        "sigma": _optional("sigma", sigma, CHARGE),
        "psi_0": _optional("psi_0", psi_0, POTENTIAL),
        "radius": _optional("radius", radius, _LENGTH),
        "separation": _optional("separation", separation, _LENGTH),
        "stern": _optional("stern", stern, _STERN),
        "pH": checked(Given("pH", pH, _PH)) if regulation is not None else None,
    }
    _fits(geometry, numbers)
    s = screen(bath, eps_r=eps_r, T=T, ion_size=ion_size, others=[x for x in numbers.values() if x is not None])

    def rows(name: str) -> Array:
        return np.ascontiguousarray(np.broadcast_to(numbers[name], s.shape), dtype=np.float64).reshape(s.n)

    if geometry == "plane":
        solver: Any = Plane(s, threads)
    elif geometry == "slit":
        solver = Slit(s, rows("separation"), threads)
    else:
        solver = Curved(s, rows("radius"), 2 if geometry == "sphere" else 1, threads)
    capacity = rows("stern") if stern is not None else np.full(s.n, np.inf)
    per_field = s.capacitance_unit / capacity  # potential across the Stern layer for a field of one
    if sigma is not None:
        wall = solver.at_field(rows("sigma") / s.charge_unit)
    elif psi_0 is None:
        groups = list(regulation) if isinstance(regulation, (list, tuple)) else [regulation]
        wall = regulated(solver, s, groups, rows("pH"), per_field)
    elif stern is None:
        wall = solver.at_potential(rows("psi_0") / s.VT)
    else:
        wall = behind_stern(solver, rows("psi_0") / s.VT, per_field)
    u_0 = wall.u + per_field * wall.g
    if s.shape == () and wall.failed[0]:
        raise ConvergenceError(f"no double layer was found: {Status.NOT_CONVERGED.sentence}")
    label = {"geometry": geometry} | {k: v for k, v in numbers.items() if v is not None and np.ndim(v) == 0}
    return DoubleLayer(s, solver, wall, u_0, capacity, label)


def gating_shift(
    before: Any, after: Any, *, sigma: ArrayLike, eps_r: ArrayLike | None = None, T: ArrayLike = BODY_TEMPERATURE, **more: Any
) -> Any:
    """ψ₀(after) − ψ₀(before): how far the outer surface potential moves when the bath changes, V.

    A voltage sensor sees V − ψ₀(outside): its activation curve moves by this much along V, so Ca, which screens better than Na, moves it
    to the right.

    Parameters
    ----------
    before, after : Bath or mapping from IonSpecies to number or array
        The two baths.
    sigma : float or array
        Surface charge outside, C/m².
    eps_r, T, **more
        As for `double_layer`.

    Source: B. Frankenhaeuser & A. L. Hodgkin, J. Physiol. 137, 218 (1957); S. McLaughlin, Annu. Rev. Biophys. Biophys. Chem. 18, 113
    (1989).
    """
    return (
        double_layer(after, sigma=sigma, eps_r=eps_r, T=T, **more).psi_0 - double_layer(before, sigma=sigma, eps_r=eps_r, T=T, **more).psi_0
    )


def _optional(name: str, value: Any, kind: Parameter) -> Any:
    if value is None:
        return None
    number = checked(Given(name, value, kind))
    if np.any(np.isnan(number)):
        raise InputError(f"{name} has NaN")
    return number


def _fits(geometry: str, numbers: Mapping[str, Any]) -> None:
    needs = {"plane": None, "sphere": "radius", "cylinder": "radius", "slit": "separation"}
    if geometry not in needs:
        raise UnknownNameError.among("there is no geometry", geometry, needs)
    for name in ("radius", "separation"):
        if (numbers[name] is not None) != (needs[geometry] == name):
            verb = "needs" if needs[geometry] == name else "has no"
            raise InputError(f"a {geometry} {verb} {name}=")
