"""Forces on ions, the potentials at which they vanish, and the small sums that go with them.

V = φ(inside) − φ(outside). Arguments are numbers, arrays that broadcast, or quantities of pint or astropy; numbers give a float,
arrays an array. NaN in is NaN out; a number outside its range raises, naming the first one and how many there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._broadcast import ANY, CONCENTRATION, RATIO, REDUCED, VOLTAGE, WEIGHT, Array, Given, Number, checked, evaluate, temperature, valence
from .constants import AVOGADRO, BODY_TEMPERATURE, ELEMENTARY_CHARGE, FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY
from .errors import InputError, ShapeError, UnknownNameError
from .fields import Parameter
from .species import IonSpecies

_VALENCE = Parameter(1.0, "1", -20.0, 20.0, "valence")
_RADIUS = Parameter(2e-10, "m", 1e-11, 1e-6, "radius of an ion")
_PERMITTIVITY = Parameter(78.4, "1", 1.0, 1e3, "relative permittivity")
_MOLAR_ENERGY = Parameter(0.0, "J mol^-1", -1e6, 1e6, "molar energy")
_AREA = Parameter(1e-9, "m^2", 0.0, 1.0, "area")
_VOLUME = Parameter(1e-15, "m^3", 0.0, 1.0, "volume")
_CAPACITANCE = Parameter(0.01, "F m^-2", 1e-4, 1.0, "capacitance per area")


class ElectrochemicalDifference(NamedTuple):
    """μ(inside) − μ(outside) of an ion and its two parts, J/mol."""

    chemical: Any
    electrical: Any
    total: Any


def nernst(
    ion: IonSpecies | int,
    *,
    c_in: ArrayLike,
    c_out: ArrayLike,
    T: ArrayLike = BODY_TEMPERATURE,
    gamma_in: ArrayLike = 1.0,
    gamma_out: ArrayLike = 1.0,
    out: Array | None = None,
    threads: int | None = None,
) -> Any:
    """E = RT/zF ln[(γ_out c_out)/(γ_in c_in)]: the potential at which an ion is in equilibrium, V.

    Parameters
    ----------
    ion : IonSpecies or int
        The ion, or its valence.
    c_in, c_out : float or array
        Concentrations, mol/m³; 0 … 6e4.
    T : float or array
        Temperature, K.
    gamma_in, gamma_out : float or array
        Activity coefficients of this ion, for instance from `activity_coefficient`. That of a single ion is a convention: only those of
        neutral combinations can be measured.
    out : array, optional
        Where to write the result: float64 of the common shape.
    threads : int, optional
        Threads to share long arrays among; default 1. The result does not depend on it.

    Returns
    -------
    float or array
        ±inf where one concentration is zero, NaN where both are.

    Raises
    ------
    InputError
        The ion is neutral.
    UnitRangeError
        A number outside its range.

    Source: W. Nernst, Z. phys. Chem. 2, 613 (1888).

    Examples
    --------
    >>> from ionflux import K
    >>> round(nernst(K, c_in=140.0, c_out=5.0), 12)
    -0.089058694037
    """
    arguments = [
        Given("c_in", c_in, CONCENTRATION),
        Given("c_out", c_out, CONCENTRATION),
        Given("gamma_in", gamma_in, RATIO),
        Given("gamma_out", gamma_out, RATIO),
        Given("RT/zF", GAS_CONSTANT * temperature(T) / (_charged(ion) * FARADAY), REDUCED),
    ]
    return evaluate("nernst", arguments, out=(out,), threads=threads)


def driving_force(ion: IonSpecies | int, *, V: ArrayLike, c_in: ArrayLike, c_out: ArrayLike, T: ArrayLike = BODY_TEMPERATURE) -> Any:
    """V − E: the force on the charge of an ion, V. Positive: an outward current, whatever the sign of the valence.

    Parameters
    ----------
    ion, V, c_in, c_out, T
        As in `nernst`, and the membrane potential, V.
    """
    return checked(Given("V", V, VOLTAGE)) - nernst(ion, c_in=c_in, c_out=c_out, T=T)


def electrochemical_difference(
    ion: IonSpecies | int, *, V: ArrayLike, c_in: ArrayLike, c_out: ArrayLike, T: ArrayLike = BODY_TEMPERATURE
) -> ElectrochemicalDifference:
    """Δμ = RT ln(c_in/c_out) + zFV: electrochemical potential inside less that outside, J/mol.

    Negative: the ion gains by entering. It is zero at the Nernst potential.

    Parameters
    ----------
    ion, V, c_in, c_out, T
        As in `nernst`, and the membrane potential, V. The ion may be neutral.

    Returns
    -------
    ElectrochemicalDifference
        Named tuple (chemical, electrical, total).

    Source: E. A. Guggenheim, J. Phys. Chem. 33, 842 (1929).
    """
    one = Given("gamma", 1.0, RATIO)
    scale = Given("RT", -GAS_CONSTANT * temperature(T), REDUCED)
    chemical = evaluate("nernst", [Given("c_in", c_in, CONCENTRATION), Given("c_out", c_out, CONCENTRATION), one, one, scale])
    electrical = valence(ion) * FARADAY * checked(Given("V", V, VOLTAGE))
    return ElectrochemicalDifference(chemical, electrical, chemical + electrical)


def chord_voltage(g: Mapping[Any, ArrayLike] | ArrayLike, E: Mapping[Any, ArrayLike] | ArrayLike) -> Any:
    """V = Σ gE / Σ g: the mean of reversal potentials, weighted by conductance, V. There the ohmic currents g (V − E) add up to zero.

    Parameters
    ----------
    g : mapping or sequence
        Conductances, all S or all S/m²; by ion (or any key), or in order.
    E : mapping or sequence
        Reversal potentials, V, with the same keys or in the same order.

    Returns
    -------
    float or array
        NaN in arrays where all conductances are zero.

    Raises
    ------
    InputError
        All conductances are the number zero.

    Examples
    --------
    >>> round(chord_voltage([6.5, 1.0], [-0.09, 0.06]), 12)
    -0.07
    """
    if isinstance(g, Mapping) != isinstance(E, Mapping):
        raise InputError("chord_voltage: give g and E both by name, or both in order")
    if isinstance(g, Mapping) and isinstance(E, Mapping):
        if missing := [key for key in g if key not in E]:
            raise UnknownNameError.among("E has no", getattr(missing[0], "name", missing[0]), [getattr(k, "name", k) for k in E])
        pairs = [(getattr(key, "name", key), value, E[key]) for key, value in g.items()]
    else:
        weights, potentials = list(g), list(E)  # type: ignore[arg-type]
        if len(weights) != len(potentials):
            raise ShapeError(f"chord_voltage: {len(weights)} conductances and {len(potentials)} reversal potentials")
        pairs = [(i, value, potentials[i]) for i, value in enumerate(weights)]
    total: Number = 0.0
    weighted: Number = 0.0
    for name, conductance, potential in pairs:
        weight = checked(Given(f"g[{name}]", conductance, WEIGHT))
        total = total + weight
        weighted = weighted + weight * checked(Given(f"E[{name}]", potential, VOLTAGE))
    if isinstance(total, float) and total == 0.0:
        raise InputError("chord_voltage: all conductances are zero, so no potential is preferred")
    with np.errstate(divide="ignore", invalid="ignore"):
        return weighted / total


def permeability_ratio(ddG: ArrayLike, *, T: ArrayLike = BODY_TEMPERATURE) -> Any:
    """P₁/P₂ = exp(ΔΔG/RT), ΔΔG = ΔG₂ − ΔG₁: how much more permeant an ion is whose barrier is lower by ΔΔG.

    Parameters
    ----------
    ddG : float or array
        How much higher the other ion's barrier is, J/mol.
    T : float or array
        Temperature, K.

    Source: H. Eyring, J. Chem. Phys. 3, 107 (1935); B. Hille, J. Gen. Physiol. 66, 535 (1975).
    """
    return _plain(np.exp(checked(Given("ddG", ddG, _MOLAR_ENERGY)) / (GAS_CONSTANT * temperature(T))))


def born_energy(z: ArrayLike, radius: ArrayLike, *, eps_from: ArrayLike, eps_to: ArrayLike) -> Any:
    """ΔG = z²e²/(8π ε₀ r) (1/ε_to − 1/ε_from): work of moving an ion from one medium into another, J per ion.

    Parameters
    ----------
    z : float or array
        Valence.
    radius : float or array
        Radius of the ion, m.
    eps_from, eps_to : float or array
        Relative permittivities of the two media.

    Source: M. Born, Z. Phys. 1, 45 (1920).
    """
    charge = checked(Given("z", z, _VALENCE)) * ELEMENTARY_CHARGE
    here, there = checked(Given("eps_from", eps_from, _PERMITTIVITY)), checked(Given("eps_to", eps_to, _PERMITTIVITY))
    return charge**2 / (8 * pi * VACUUM_PERMITTIVITY * checked(Given("radius", radius, _RADIUS))) * (1 / there - 1 / here)


def membrane_charge(area: ArrayLike, C_m: ArrayLike, V: ArrayLike) -> Any:
    """N = C_m A V/e: elementary charges on a membrane, signed like V.

    About 5.5 million on a sphere of 10 µm radius at 1 µF/cm² and −70 mV.

    Parameters
    ----------
    area : float or array
        m².
    C_m : float or array
        Capacitance per area, F/m²; 1e-4 … 1.
    V : float or array
        Membrane potential, V.
    """
    capacitance = checked(Given("area", area, _AREA)) * checked(Given("C_m", C_m, _CAPACITANCE))
    return capacitance * checked(Given("V", V, VOLTAGE)) / ELEMENTARY_CHARGE


def ions_in(volume: ArrayLike, c: ArrayLike) -> Any:
    """N = N_A · volume · c: ions in a volume (m³) at a concentration (mol/m³)."""
    return AVOGADRO * checked(Given("volume", volume, _VOLUME)) * checked(Given("c", c, CONCENTRATION))


def bernoulli(x: ArrayLike, derivative: bool = False, *, out: Array | None = None, threads: int | None = None) -> Any:
    """B(x) = x/(eˣ − 1), or B′(x) = [1 − B(−x)]/(eˣ − 1): what constant-field fluxes are made of. B(0) = 1, B′(0) = −1/2.

    Within two units in the last place over the whole range of doubles; 0 or −x where eˣ has over- or underflowed.

    Parameters
    ----------
    x : float or array
        Any number, infinities and NaN included.
    derivative : bool
        B′(x) instead of B(x).
    out, threads
        As in `nernst`.
    """
    return evaluate("bernoulli_slope" if derivative else "bernoulli", [Given("x", x, ANY)], out=(out,), threads=threads)


def _charged(ion: IonSpecies | int) -> int:
    z = valence(ion)
    if z == 0:
        raise InputError(f"{ion!r} is neutral: no potential holds it in equilibrium")
    return z


def _plain(value: Any) -> Any:
    """A float for a NumPy scalar."""
    return float(value) if np.ndim(value) == 0 else value
