"""Potentials where solutions meet: at a charged gel (Donnan), without a membrane (liquid junction), across a charged membrane.

Liquid junctions and membranes follow the sign rule of membranes, V = φ(left) − φ(right), where much of the literature prints the
opposite; a Donnan potential is φ(gel) − φ(bath). No result depends on the order in which ions are written, even in its last bit.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._broadcast import CONCENTRATION, ByIon, Given, Number, checked, evaluate, of_ion, temperature, thermal_voltage
from .baths import NEUTRAL_WITHIN, Bath, _outside
from .constants import BODY_TEMPERATURE, GAS_CONSTANT
from .errors import InputError, NotNeutralWarning
from .fields import Parameter
from .film import Film, solve_film
from .species import IonSpecies

FIXED_CHARGE = Parameter(0.0, "mol m^-3", -6e4, 6e4, "fixed charge")
_DIFFUSIVITY = Parameter(1e-9, "m^2 s^-1", 1e-20, 1e-3, "diffusivity")

Solution = Mapping[IonSpecies, ArrayLike]


class Donnan(NamedTuple):
    """Potential φ(gel) − φ(bath), V; concentrations in the gel, mol/m³; osmotic pressure of the mobile ions, gel less bath, Pa."""

    phi: Any
    c: Mapping[IonSpecies, Any]
    osmotic_pressure: Any


class TeorellMeyerSievers(NamedTuple):
    """V = φ(left) − φ(right) of a charged membrane and its three parts, V."""

    V: Any
    donnan_left: Any
    diffusion: Any
    donnan_right: Any


def donnan(bath: Solution, X: ArrayLike, *, T: ArrayLike = BODY_TEMPERATURE, threads: int | None = None) -> Donnan:
    """Σ z c e^(−zy) + X = 0, y = F(φ_gel − φ_bath)/RT: equilibrium of a charged gel, or of a cell with impermeant charge, with a bath.

    Any mixture of valences; the left side falls strictly with y, and its root is found by a bracketed Newton iteration.

    Parameters
    ----------
    bath : mapping from IonSpecies to float or array
        Concentrations of the mobile ions in the bath, mol/m³. The impermeant and the osmolyte of a `Bath` stay outside.
    X : float or array
        Fixed charge of the gel, elementary charges as mol/m³, with sign; −6e4 … 6e4.
    T : float or array
        Temperature, K.
    threads : int, optional
        Threads to share long arrays among; default 1.

    Returns
    -------
    Donnan
        Named tuple (phi, c, osmotic_pressure). RT Σ(c_gel − c_bath) is that of the mobile ions: what carries the fixed charge adds its
        own particles where it is dissolved.

    Raises
    ------
    InputError
        The bath has no ion that could balance X (for numbers; ±inf in arrays).

    Source: F. G. Donnan, Z. Elektrochem. 17, 572 (1911).

    Examples
    --------
    >>> from ionflux import Cl, Na
    >>> phi, c, _ = donnan({Na: 150.0, Cl: 150.0}, -100.0, T=298.15)
    >>> round(phi, 12), round(c[Na], 9)
    (-0.008413038893, 208.113883008)
    """
    ions = _solution(bath, "bath")
    fixed = checked(Given("X", X, FIXED_CHARGE))
    mobile = [ion for ion in ions if ion.z != 0]
    if not mobile:
        raise InputError("donnan: the bath has no ions")
    _remark_on_charge(bath, ions)
    arguments = [*(Given(f"bath[{ion.name}]", ions[ion], CONCENTRATION) for ion in mobile), Given("X", fixed, FIXED_CHARGE)]
    y = evaluate("donnan", arguments, parameters=tuple(float(ion.z) for ion in mobile), k=len(mobile), threads=threads)
    if isinstance(y, float) and not isfinite(y) and not any(np.isnan(c) for c in (*ions.values(), fixed)):
        raise InputError(f"donnan: no ion of the bath can balance a fixed charge of {fixed:g} mol/m³")
    inside, excess = {}, 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        for ion, c in ions.items():
            inside[ion] = _plain(c * np.exp(-ion.z * y))
            excess = excess + c * np.expm1(-ion.z * y)
    return Donnan(thermal_voltage(T) * y, ByIon(inside), _plain(GAS_CONSTANT * temperature(T) * excess))


def liquid_junction(
    left: Solution,
    right: Solution,
    *,
    T: ArrayLike = BODY_TEMPERATURE,
    D: Mapping[Any, float] | None = None,
    method: str = "planck",
) -> Any:
    """V = φ_left − φ_right between two solutions that touch, V.

    "planck": the stationary film of Nernst and Planck without net current, c′ = −zcu′ − J/D, Σ zc = 0, Σ zJ = 0; exact for any
    valences. "henderson": concentrations that change linearly, V = RT/F · S/Q · ln(Q_right/Q_left) with S = Σ zD(c_right − c_left) and
    Q = Σ z²Dc, in the factor its difference; equal to Planck's for one salt, and for two of the same concentration with a common ion.

    Parameters
    ----------
    left, right : mapping from IonSpecies to float or array
        Concentrations, mol/m³; an ion may be on one side only.
    T : float or array
        Temperature, K.
    D : mapping from ion (or its name) to float, optional
        Diffusivities, m²/s; only their ratios matter. Default: those of the ions at 25 °C, whose ratios hardly change with temperature.
    method : {"planck", "henderson"}

    Returns
    -------
    float or array

    Raises
    ------
    InputError
        An ion has no diffusivity; a solution without electroneutrality (Planck); an unknown method.
    ConvergenceError
        The film could not be solved (NaN in arrays).

    Source: M. Planck, Ann. Phys. 276, 561 (1890); P. Henderson, Z. phys. Chem. 59, 118 (1907).

    Examples
    --------
    >>> from ionflux import Cl, H, K
    >>> round(liquid_junction({H: 100.0, Cl: 100.0}, {K: 10.0, Cl: 10.0}, T=298.15), 6)
    -0.052579
    """
    if method not in ("planck", "henderson"):
        raise InputError(f"method = {method!r} is none of 'planck', 'henderson'")
    ions, c_left, c_right, diffusivity = _two_sides(left, right, D)
    VT = thermal_voltage(T)
    if method == "henderson":
        return _plain(VT * henderson(ions, c_left, c_right, diffusivity))
    for name, c in (("left", c_left), ("right", c_right)):
        _neutralise(name, ions, c)
    return _plain(VT * _film(ions, c_left, c_right, diffusivity).u)


def teorell_meyer_sievers(
    left: Solution, right: Solution, X: ArrayLike, *, T: ArrayLike = BODY_TEMPERATURE, D: Mapping[Any, float] | None = None
) -> TeorellMeyerSievers:
    """V = −Donnan_left + diffusion + Donnan_right: φ_left − φ_right across a membrane with fixed charge X and without current, V.

    Equilibrium at both faces, and between them the film of `liquid_junction` with Σ zc + X = 0.

    Parameters
    ----------
    left, right : mapping from IonSpecies to float or array
        Concentrations in the baths, mol/m³.
    X : float or array
        Fixed charge of the membrane, mol/m³, with sign.
    T, D
        As in `liquid_junction`; D inside the membrane.

    Returns
    -------
    TeorellMeyerSievers
        Named tuple (V, donnan_left, diffusion, donnan_right). The faces are parts of V: donnan_left = φ(left bath) − φ(membrane), which
        is minus the `donnan` potential there, donnan_right = φ(membrane) − φ(right bath).

    Raises
    ------
    InputError, ConvergenceError
        As in `donnan` and `liquid_junction`.

    Source: T. Teorell, Prog. Biophys. 3, 305 (1953); K. H. Meyer & J.-F. Sievers, Helv. Chim. Acta 19, 649 (1936).
    """
    ions, c_left, c_right, diffusivity = _two_sides(left, right, D)
    for name, c in (("left", c_left), ("right", c_right)):
        _neutralise(name, ions, c)
    at_left, at_right = (donnan(dict(zip(ions, c, strict=True)), X, T=T) for c in (c_left, c_right))
    inner_left, inner_right = ([face.c[ion] for ion in ions] for face in (at_left, at_right))
    diffusion = _plain(thermal_voltage(T) * _film(ions, inner_left, inner_right, diffusivity).u)
    return TeorellMeyerSievers(-at_left.phi + diffusion + at_right.phi, -at_left.phi, diffusion, at_right.phi)


def henderson(ions: list[IonSpecies], left: list[Number], right: list[Number], D: list[float]) -> Number:
    """FV/RT after Henderson. ln(Q_right/Q_left)/(Q_right − Q_left) is log1p(q)/q/Q_left near q = 0: regular where both are equal."""
    S: Any = sum(ion.z * d * (b - a) for ion, d, a, b in zip(ions, D, left, right, strict=True))
    Q: Any = sum(ion.z**2 * d * a for ion, d, a in zip(ions, D, left, strict=True))
    other: Any = sum(ion.z**2 * d * b for ion, d, b in zip(ions, D, right, strict=True))
    change: Any = sum(ion.z**2 * d * (b - a) for ion, d, a, b in zip(ions, D, left, right, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.asarray(change / np.asarray(Q))
        near = np.abs(q) < 0.5
        mean = np.where(q == 0.0, 1.0, np.where(near, np.log1p(np.where(near, q, 0.0)), np.log(other / np.asarray(Q))) / q)
        return np.asarray(S / Q * mean)


def _film(ions: list[IonSpecies], left: list[Number], right: list[Number], D: list[float]) -> Film:
    """Solve the film for arrays that broadcast; the guess of the potential is Henderson's."""
    guess = henderson(ions, left, right, D)
    shape = np.broadcast_shapes(*(np.shape(c) for c in (*left, *right)))
    a, b = (np.stack([np.broadcast_to(c, shape).ravel() for c in side]) for side in (left, right))
    z = np.array([float(ion.z) for ion in ions])
    film = solve_film(z, np.array(D), a, b, np.broadcast_to(guess, shape).ravel(), single=not shape)
    return Film(film.u.reshape(shape), film.flux.reshape(len(ions), *shape))


def _solution(c: Solution, name: str) -> dict[IonSpecies, Number]:
    """The concentrations, in an order of their own."""
    try:
        items = list(c.items())
    except AttributeError:
        raise InputError(f"{name}: give a mapping from ion to concentration, {{Na: 150*mM, Cl: 150*mM}}, not {c!r}") from None
    if bad := [ion for ion, _ in items if not isinstance(ion, IonSpecies)]:
        raise InputError(f"{name}: {bad[0]!r} is no ion; write {{K: 140*mM}} with `from ionflux import K`, or IonSpecies(name, z)")
    items.sort(key=lambda item: (item[0].name, item[0].z))
    return {ion: checked(Given(f"{name}[{ion.name}]", value, CONCENTRATION)) for ion, value in items}


def _two_sides(
    left: Solution, right: Solution, D: Mapping[Any, float] | None
) -> tuple[list[IonSpecies], list[Number], list[Number], list[float]]:
    """The charged ions of both sides, their concentrations left and right, and their diffusivities."""
    sides = []
    for name, side in (("left", left), ("right", right)):
        if isinstance(side, Bath) and side.impermeant is not None:
            raise InputError(f"{name}: an impermeant solute has no diffusivity; give it as an ion with D, IonSpecies(name, z, D=...)")
        sides.append(_solution(side, name))
    ions = sorted({ion for side in sides for ion in side if ion.z != 0}, key=lambda ion: (ion.name, ion.z))
    if not ions:
        raise InputError("neither solution has an ion")
    diffusivity = []
    for ion in ions:
        given = ion.D if D is None or (ion not in D and ion.name not in D) else of_ion(D, ion, "D")
        if given is None:
            raise InputError(f"{ion.name} has no diffusivity; give D={{{ion.name}: ...}} in m²/s")
        diffusivity.append(_DIFFUSIVITY.check(f"D[{ion.name}]", given))
    c_left, c_right = ([side.get(ion, 0.0) for ion in ions] for side in sides)
    return ions, c_left, c_right, diffusivity


def _charge(ions: list[IonSpecies], c: list[Number]) -> tuple[Any, Any]:
    """Σ zc and Σ |z|c."""
    return sum(i.z * v for i, v in zip(ions, c, strict=True)), sum(abs(i.z) * v for i, v in zip(ions, c, strict=True))


def _neutralise(name: str, ions: list[IonSpecies], c: list[Number]) -> None:
    """Take a small net charge off cations and anions in proportion; refuse a large one, with which the film has no solution."""
    charge, total = _charge(ions, c)
    if np.any(np.abs(charge) > NEUTRAL_WITHIN * total):
        where = "" if np.ndim(charge) == 0 else " somewhere"
        raise InputError(
            f"{name} has a net charge{where} of more than {NEUTRAL_WITHIN:g} of Σ|z|c, and solutions that touch have none; "
            "balance it, for instance with Bath(...).balanced_with(Cl)"
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(np.asarray(total) > 0, charge / np.where(np.asarray(total) > 0, total, 1.0), 0.0)
    for i, ion in enumerate(ions):
        c[i] = _plain(c[i] * (1.0 - np.sign(ion.z) * share))


def _remark_on_charge(bath: Solution, ions: Mapping[IonSpecies, Number]) -> None:
    """Warn about a bath that is not neutral, which a `Bath` has done itself."""
    if isinstance(bath, Bath):
        return
    charge, total = _charge(list(ions), list(ions.values()))
    if np.any(np.abs(charge) > NEUTRAL_WITHIN * total):
        warnings.warn(
            f"the bath has a net charge of more than {NEUTRAL_WITHIN:g} of Σ|z|c; its potential is then no reference",
            NotNeutralWarning,
            stacklevel=_outside(),
        )


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value
