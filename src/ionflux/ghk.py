"""Constant-field fluxes, currents and the potential at which they balance (Goldman, Hodgkin, Katz)."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._broadcast import (
    CONCENTRATION,
    PERMEABILITY,
    RATIO,
    REDUCED,
    VOLTAGE,
    WEIGHT,
    Array,
    ByIon,
    Given,
    Number,
    checked,
    evaluate,
    number,
    of_ion,
    temperature,
    thermal_voltage,
    valence,
)
from .constants import BODY_TEMPERATURE, FARADAY, GAS_CONSTANT
from .errors import InputError
from .species import IonSpecies, K, Na


class MembraneCurrents(NamedTuple):
    """All constant-field currents through a membrane, A/m² outward, and the potential at which they add up to zero, V."""

    reversal: Any
    current: Mapping[IonSpecies, Any]


class OneWayFluxes(NamedTuple):
    """The two halves of a flux, both positive, mol m⁻² s⁻¹."""

    efflux: Any
    influx: Any


def ghk_flux(
    ion: IonSpecies | int,
    *,
    P: ArrayLike,
    V: ArrayLike,
    c_in: ArrayLike,
    c_out: ArrayLike,
    T: ArrayLike = BODY_TEMPERATURE,
    out: Array | None = None,
    threads: int | None = None,
) -> Any:
    """J = P [B(−x) c_in − B(x) c_out], x = zFV/RT, B(x) = x/(eˣ − 1): net outward flux through a constant field, mol m⁻² s⁻¹.

    Regular at V = 0, at any zV, and at zero concentration; for a neutral solute J = P (c_in − c_out).

    Parameters
    ----------
    ion : IonSpecies or int
        The ion, or its valence.
    P : float or array
        Permeability, m/s.
    V : float or array
        Membrane potential, φ(inside) − φ(outside), V; −25 … 25.
    c_in, c_out : float or array
        Concentrations, mol/m³; 0 … 6e4.
    T : float or array
        Temperature, K.
    out : array, optional
        Where to write the result: float64 of the common shape.
    threads : int, optional
        Threads to share long arrays among; default 1. The result does not depend on it.

    Returns
    -------
    float or array

    Raises
    ------
    UnitRangeError
        A number outside its range; of an array the first one is named, and how many there are.

    Notes
    -----
    The error is at most ``4 ulp · (1 + |x|)`` of the larger one-way flux: the rounding of x alone makes the second term.

    Source: D. E. Goldman, J. Gen. Physiol. 27, 37 (1943); A. L. Hodgkin & B. Katz, J. Physiol. 108, 37 (1949), appendix.

    Examples
    --------
    >>> from ionflux import K
    >>> ghk_flux(K, P=1e-8, V=0.0, c_in=140.0, c_out=5.0)
    1.35e-06
    """
    return evaluate("ghk", _film(ion, P, V, c_in, c_out, T), parameters=(1.0,), out=(out,), threads=threads)


def ghk_current(
    ion: IonSpecies | int,
    *,
    P: ArrayLike,
    V: ArrayLike,
    c_in: ArrayLike,
    c_out: ArrayLike,
    T: ArrayLike = BODY_TEMPERATURE,
    out: Array | None = None,
    threads: int | None = None,
) -> Any:
    """I = zF P [B(−x) c_in − B(x) c_out], x = zFV/RT: outward current through a constant field, A/m².

    Parameters, errors and sources are those of `ghk_flux`.

    Examples
    --------
    >>> from ionflux import K
    >>> round(ghk_current(K, P=1e-8, V=-0.07, c_in=140.0, c_out=5.0), 12)
    0.014177561577
    """
    return evaluate("ghk", _film(ion, P, V, c_in, c_out, T), parameters=(valence(ion) * FARADAY,), out=(out,), threads=threads)


def ghk_conductance(
    ion: IonSpecies | int,
    *,
    P: ArrayLike,
    V: ArrayLike,
    c_in: ArrayLike,
    c_out: ArrayLike,
    T: ArrayLike = BODY_TEMPERATURE,
    out: Array | None = None,
    threads: int | None = None,
) -> Any:
    """dI/dV = −P (zF)²/RT [B′(−x) c_in + B′(x) c_out]: slope conductance of `ghk_current`, S/m², never negative.

    Parameters, errors and sources are those of `ghk_flux`.
    """
    return evaluate("ghk_conductance", _film(ion, P, V, c_in, c_out, T), parameters=(valence(ion) * FARADAY,), out=(out,), threads=threads)


def unidirectional_fluxes(
    ion: IonSpecies | int,
    *,
    P: ArrayLike,
    V: ArrayLike,
    c_in: ArrayLike,
    c_out: ArrayLike,
    T: ArrayLike = BODY_TEMPERATURE,
    threads: int | None = None,
) -> OneWayFluxes:
    """J_out = P B(−x) c_in, J_in = P B(x) c_out: what a tracer on one side alone would carry, mol m⁻² s⁻¹.

    Their difference is `ghk_flux`, their ratio J_in/J_out = (c_out/c_in) e^(−x) that of Ussing: 1 at the Nernst potential.
    Parameters and errors are those of `ghk_flux`.

    Returns
    -------
    OneWayFluxes
        Named tuple (efflux, influx).

    Source: H. H. Ussing, Acta Physiol. Scand. 19, 43 (1949).
    """
    return OneWayFluxes(*evaluate("one_way", _film(ion, P, V, c_in, c_out, T), outputs=2, threads=threads))


def ghk_voltage(
    P: Mapping[IonSpecies, ArrayLike],
    *,
    c_in: Mapping[Any, ArrayLike],
    c_out: Mapping[Any, ArrayLike],
    T: ArrayLike = BODY_TEMPERATURE,
    pump_ratio: ArrayLike | None = None,
    out: Array | None = None,
    threads: int | None = None,
) -> Any:
    """V at which Σ zF P [B(−x) c_in − B(x) c_out] = 0 over all ions: the potential without net current, V.

    Where all valences are ±1 it is V = RT/F ln[(Σ P⁺c_out + Σ P⁻c_in)/(Σ P⁺c_in + Σ P⁻c_out)] over cations (+) and anions (−). Other
    valences have no closed form; the total current rises strictly with V, and its root is found by a bracketed Newton iteration that
    cannot fail.

    Parameters
    ----------
    P : mapping from IonSpecies to float or array
        Permeabilities; only their ratios matter.
    c_in, c_out : mapping from ion (or its name) to float or array
        Concentrations, mol/m³; a `Bath` is one. Ions that are not in `P` are ignored.
    T : float or array
        Temperature, K.
    pump_ratio : float or array, optional
        Na⁺ moved per K⁺ by an electrogenic pump in a steady state, 1.5 for 3:2: V = RT/F ln[(r P_K K_out + P_Na Na_out)/(r P_K K_in +
        P_Na Na_in)]. Only Na and K may then be permeant.
    out, threads
        As in `ghk_flux`.

    Returns
    -------
    float or array
        −inf where nothing can carry charge inwards, +inf where nothing can carry it outwards; NaN in arrays where all P (or all
        concentrations) are zero.

    Raises
    ------
    InputError
        Every permeability, or every concentration of a permeant ion, is the number zero; or `pump_ratio` with another permeant ion.
    UnknownNameError
        A permeant ion has no concentration.

    Source: A. L. Hodgkin & B. Katz, J. Physiol. 108, 37 (1949); pump: L. J. Mullins & K. Noda, J. Gen. Physiol. 47, 117 (1963).

    Examples
    --------
    >>> from ionflux import K, Na
    >>> round(ghk_voltage({K: 1.0, Na: 0.037354083}, c_in={K: 140.0, Na: 15.360269}, c_out={K: 4.8269663, Na: 145.0}), 9)
    -0.07
    """
    permeant = {ion: p for ion, p in _permeabilities(P).items() if not (isinstance(p, float) and p == 0.0)}
    if not permeant:
        raise InputError("ghk_voltage: no ion is permeant (every P of a charged ion is 0), so any potential is one without current")
    if pump_ratio is not None:
        permeant = _with_pump(permeant, pump_ratio)
    arguments = [*_sides(permeant, c_in, c_out), Given("RT/F", thermal_voltage(T), REDUCED)]
    sizes = tuple(float(abs(ion.z)) for ion in permeant)
    kernel = "ghk_voltage_1" if set(sizes) == {1.0} else "ghk_voltage"
    V = evaluate(kernel, arguments, parameters=sizes, k=len(permeant), out=(out,), threads=threads)
    if isinstance(V, float) and isnan(V) and not any(isnan(float(number(given))) for given in arguments):
        raise InputError("ghk_voltage: no permeant ion is present on either side, so any potential is one without current")
    return V


def ghk_membrane(
    P: Mapping[IonSpecies, ArrayLike],
    *,
    V: ArrayLike,
    c_in: Mapping[Any, ArrayLike],
    c_out: Mapping[Any, ArrayLike],
    T: ArrayLike = BODY_TEMPERATURE,
    out: MembraneCurrents | None = None,
    threads: int | None = None,
) -> MembraneCurrents:
    """I = zF P [B(−x) c_in − B(x) c_out] for every ion, and V at Σ I = 0: `ghk_current` and `ghk_voltage` in one pass over memory.

    Parameters
    ----------
    P : mapping from IonSpecies to float or array
        Permeabilities, m/s; ions without charge are left out.
    V : float or array
        Membrane potential, V.
    c_in, c_out, T, threads
        As in `ghk_voltage`.
    out : MembraneCurrents, optional
        An earlier result of the same ions and shape, to be overwritten: saves the time of finding new memory.

    Returns
    -------
    MembraneCurrents
        Named tuple (reversal, current); `current` is a mapping by ion or name.

    Examples
    --------
    >>> from ionflux import K, Na
    >>> membrane = ghk_membrane({K: 1e-8, Na: 1e-9}, V=-0.07, c_in={K: 140.0, Na: 12.0}, c_out={K: 5.0, Na: 145.0})
    >>> round(membrane.current["K"], 12), round(membrane.reversal, 9)
    (0.014177561577, -0.052912447)
    """
    sizes = _permeabilities(P)
    if not sizes:
        raise InputError("ghk_membrane: no ion of P has a charge")
    if {abs(ion.z) for ion in sizes} != {1}:
        current = {
            ion: ghk_current(
                ion, P=p, V=V, c_in=of_ion(c_in, ion, "c_in"), c_out=of_ion(c_out, ion, "c_out"), T=T,
                out=None if out is None else out.current[ion], threads=threads,
            )
            for ion, p in sizes.items()
        }  # fmt: skip
        reversal = ghk_voltage(P, c_in=c_in, c_out=c_out, T=T, out=None if out is None else out.reversal, threads=threads)
        return MembraneCurrents(reversal, ByIon(current))
    VT = thermal_voltage(T)
    arguments = [*_sides(sizes, c_in, c_out), Given("V", V, VOLTAGE), Given("F/RT", 1 / VT, REDUCED), Given("RT/F", VT, REDUCED)]
    places = (None,) * (1 + len(sizes)) if out is None else (out.reversal, *(out.current[ion] for ion in sizes))
    results = evaluate("membrane", arguments, parameters=(FARADAY,), k=len(sizes), outputs=1 + len(sizes), out=places, threads=threads)
    return MembraneCurrents(results[0], ByIon(dict(zip(sizes, results[1:], strict=True))))


def _permeabilities(P: Mapping[IonSpecies, ArrayLike]) -> dict[IonSpecies, Number]:
    """The permeabilities of the charged ions, in an order of their own: the last bit does not depend on how they were written."""
    try:
        items = list(P.items())
    except AttributeError:
        raise InputError(f"P: give a mapping from ion to permeability, {{K: 1.0, Na: 0.04}}, not {P!r}") from None
    for ion, _ in items:
        if not isinstance(ion, IonSpecies):
            raise InputError(f"P: {ion!r} is no ion; write {{K: 1.0}} with `from ionflux import K`, or IonSpecies(name, z)")
    items.sort(key=lambda item: (item[0].name, item[0].z))
    return {ion: number(Given(f"P[{ion.name}]", p, WEIGHT)) for ion, p in items if ion.z != 0}


def _sides(P: Mapping[IonSpecies, Number], c_in: Mapping[Any, ArrayLike], c_out: Mapping[Any, ArrayLike]) -> list[Given]:
    """For each ion P and its concentrations: first on the side from which it carries positive charge outwards."""
    arguments: list[Given] = []
    for ion, p in P.items():
        inside = Given(f"c_in[{ion.name}]", of_ion(c_in, ion, "c_in"), CONCENTRATION)
        outside = Given(f"c_out[{ion.name}]", of_ion(c_out, ion, "c_out"), CONCENTRATION)
        arguments += [Given(f"P[{ion.name}]", p, WEIGHT), *((inside, outside) if ion.z > 0 else (outside, inside))]
    return arguments


def _with_pump(permeant: dict[IonSpecies, Number], pump_ratio: ArrayLike) -> dict[IonSpecies, Number]:
    """Multiply the permeability of K by the ratio of the pump."""
    others = [ion.name for ion in permeant if ion not in (Na, K)]
    if others:
        raise InputError(f"pump_ratio: the formula of Mullins and Noda has only Na and K; {others[0]} is permeant, too")
    ratio = checked(Given("pump_ratio", pump_ratio, RATIO))
    if np.any(np.asarray(ratio) == 0.0):
        raise InputError("pump_ratio = 0: give the Na moved per K, 1.5 for a 3:2 pump")
    return {ion: p * ratio if ion == K else p for ion, p in permeant.items()}


def _film(ion: IonSpecies | int, P: ArrayLike, V: ArrayLike, c_in: ArrayLike, c_out: ArrayLike, T: ArrayLike) -> list[Given]:
    return [
        Given("P", P, PERMEABILITY),
        Given("V", V, VOLTAGE),
        Given("c_in", c_in, CONCENTRATION),
        Given("c_out", c_out, CONCENTRATION),
        Given("zF/RT", valence(ion) * FARADAY / (GAS_CONSTANT * temperature(T)), REDUCED),
    ]
