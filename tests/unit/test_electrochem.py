"""Nernst and Goldman on numbers and arrays: exact, regular everywhere, and clear about mistakes."""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ionflux as ifx
from ionflux import Ca, Cl, IonSpecies, K, Mg, Na, _kernels
from ionflux.constants import FARADAY, GAS_CONSTANT

VT = GAS_CONSTANT * 310.15 / FARADAY
#: the three-valent ion that physiology lacks
LA = IonSpecies("La", 3)
PO4 = IonSpecies("PO4", -3)
GHK = (ifx.ghk_flux, ifx.ghk_current, ifx.ghk_conductance)

concentration = st.floats(1e-6, 6e4)
voltage = st.floats(-1.0, 1.0)
charged = st.sampled_from([Na, Cl, Ca, ifx.SO4, LA, PO4])


def cases(*functions: str) -> list[Any]:
    rows = json.loads((Path(__file__).parents[1] / "data/formulas.json").read_text())["cases"]
    return [pytest.param(row, id=row["id"]) for row in rows if row["function"] in functions]


@pytest.mark.parametrize("row", cases("nernst", "ghk_current", "ghk_conductance", "bernoulli", "born_energy"))
def test_reference_values(row: dict[str, Any]) -> None:
    arguments = dict(row["arguments"])
    first = [arguments.pop(name) for name in row["positional"]]
    assert getattr(ifx, row["function"])(*first, **arguments) == pytest.approx(row["value"], rel=row["rtol"], abs=0)


# ---- Goldman --------------------------------------------------------------------------------------------------------------------


def reference(z: int, P: Any, V: Any, c_in: Any, c_out: Any, T: Any) -> tuple[Any, Any, Any]:
    """Net and larger one-way flux, and the reduced potential, in the 64-bit mantissa of x86's long double."""
    ld = np.longdouble
    x = z * ld("96485.3321233100184") * V / (ld("8.31446261815324") * T)
    a = np.abs(x)
    small = np.where(a > 0, a / np.expm1(np.where(a > 0, a, 1)), ld(1))
    plus, minus = np.where(x >= 0, small, small + a), np.where(x >= 0, small + a, small)
    efflux, influx = P * minus * c_in.astype(ld), P * plus * c_out.astype(ld)
    return efflux - influx, np.maximum(efflux, influx), x


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="the reference needs an extended long double")
@pytest.mark.parametrize("z", [1, -1, 2, -2, 3])
def test_the_flux_is_exact_to_four_units_in_the_last_place_of_the_larger_one_way_flux(z: int) -> None:
    rng = np.random.default_rng(z + 10)
    n = 20_000
    V = np.concatenate([rng.uniform(-25, 25, n), rng.uniform(-0.3, 0.3, n), 10.0 ** rng.uniform(-18, -2, n) * rng.choice([-1, 1], n)])
    c_in, c_out = 10.0 ** rng.uniform(-6, 4.7, (2, len(V)))
    c_in[::13], c_out[::17] = 0.0, 0.0
    P, T = 10.0 ** rng.uniform(-12, -3, len(V)), rng.uniform(273, 330, len(V))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        J = ifx.ghk_flux(z, P=P, V=V, c_in=c_in, c_out=c_out, T=T)
    exact, larger, x = reference(z, P, V, c_in, c_out, T)
    assert np.all(np.isfinite(J))
    seen = larger > 1e-290
    error = np.abs(J - exact)[seen] / np.spacing(larger[seen].astype(float))
    assert np.max(error / (1 + np.abs(x[seen]))) <= 4.0


@given(charged, concentration, concentration, st.floats(1e-12, 1e-3))
def test_at_zero_voltage_the_flux_is_ficks(ion: IonSpecies, c_in: float, c_out: float, P: float) -> None:
    assert ifx.ghk_flux(ion, P=P, V=0.0, c_in=c_in, c_out=c_out) == pytest.approx(P * (c_in - c_out), rel=1e-15, abs=1e-15 * P * c_in)
    around = [ifx.ghk_flux(ion, P=P, V=V, c_in=c_in, c_out=c_out) for V in (-1e-300, 1e-300, -0.0)]
    assert around == [ifx.ghk_flux(ion, P=P, V=0.0, c_in=c_in, c_out=c_out)] * 3


@given(charged, concentration, concentration)
def test_the_flux_vanishes_at_the_nernst_potential(ion: IonSpecies, c_in: float, c_out: float) -> None:
    E = ifx.nernst(ion, c_in=c_in, c_out=c_out)
    one_way = ifx.unidirectional_fluxes(ion, P=1.0, V=E, c_in=c_in, c_out=c_out)
    scale = 1e-15 * (1 + abs(ion.z * E / VT)) * one_way.efflux
    assert ifx.ghk_flux(ion, P=1.0, V=E, c_in=c_in, c_out=c_out) == pytest.approx(0.0, abs=4 * scale)


@given(charged, voltage, concentration, concentration)
def test_the_ratio_of_one_way_fluxes_is_that_of_ussing(ion: IonSpecies, V: float, c_in: float, c_out: float) -> None:
    efflux, influx = ifx.unidirectional_fluxes(ion, P=1e-8, V=V, c_in=c_in, c_out=c_out)
    assert influx / efflux == pytest.approx(c_out / c_in * math.exp(-ion.z * V / VT), rel=1e-13)
    assert efflux - influx == pytest.approx(ifx.ghk_flux(ion, P=1e-8, V=V, c_in=c_in, c_out=c_out), abs=1e-15 * max(efflux, influx))


@given(charged, voltage, concentration, concentration)
def test_the_conductance_is_the_slope_of_the_current(ion: IonSpecies, V: float, c_in: float, c_out: float) -> None:
    h = 1e-5
    now = {"P": 1e-8, "c_in": c_in, "c_out": c_out}
    g = ifx.ghk_conductance(ion, V=V, **now)
    above, below = (ifx.ghk_current(ion, V=V + d, **now) for d in (h, -h))
    noise = 1e-14 * (abs(above) + abs(below)) / h
    assert g >= 0
    assert g == pytest.approx((above - below) / (2 * h), rel=1e-6, abs=noise)


@given(charged, voltage, concentration, concentration)
def test_swapping_the_sides_and_the_sign_of_v_turns_the_current_round(ion: IonSpecies, V: float, c_in: float, c_out: float) -> None:
    one = ifx.ghk_current(ion, P=1e-8, V=V, c_in=c_in, c_out=c_out)
    other = ifx.ghk_current(ion, P=1e-8, V=-V, c_in=c_out, c_out=c_in)
    larger = max(ifx.unidirectional_fluxes(ion, P=1e-8, V=V, c_in=c_in, c_out=c_out))
    assert other == pytest.approx(-one, abs=1e-15 * abs(ion.z) * FARADAY * larger)


@given(charged, voltage, concentration, concentration, st.sampled_from([0.5, 2.0, 1024.0]))
def test_fluxes_scale_with_permeability_and_concentrations(ion: IonSpecies, V: float, c_in: float, c_out: float, a: float) -> None:
    J = ifx.ghk_flux(ion, P=1e-8, V=V, c_in=c_in / 2048, c_out=c_out / 2048)
    assert ifx.ghk_flux(ion, P=1e-8, V=V, c_in=a * (c_in / 2048), c_out=a * (c_out / 2048)) == a * J
    assert ifx.ghk_flux(ion, P=a * 1e-8, V=V, c_in=c_in / 2048, c_out=c_out / 2048) == a * J


@pytest.mark.parametrize("V", [-25.0, -2.0, 2.0, 25.0])
def test_at_tens_of_volts_the_current_is_ohmic_with_the_ions_of_one_side(V: float) -> None:
    x = V / VT
    source = 140.0 if V > 0 else 5.0
    assert ifx.ghk_flux(K, P=1e-8, V=V, c_in=140.0, c_out=5.0) == pytest.approx(1e-8 * x * source, rel=1e-14)
    assert ifx.ghk_flux(K, P=1e-8, V=V, c_in=0.0 if V > 0 else 140.0, c_out=0.0 if V < 0 else 5.0) == pytest.approx(0.0, abs=1e-35)


def test_a_neutral_solute_diffuses_whatever_the_voltage() -> None:
    glucose = IonSpecies("glucose", 0)
    assert ifx.ghk_flux(glucose, P=1e-8, V=-0.07, c_in=2.0, c_out=5.0) == pytest.approx(-3e-8, rel=1e-15)
    assert ifx.ghk_current(glucose, P=1e-8, V=-0.07, c_in=2.0, c_out=5.0) == 0.0


# ---- Nernst ---------------------------------------------------------------------------------------------------------------------


@given(charged, concentration, st.floats(1e-12, 0.999))
def test_nernst_keeps_its_relative_accuracy_where_the_concentrations_are_nearly_equal(ion: IonSpecies, c: float, d: float) -> None:
    c_out = c * (1 - d)
    # the difference of neighbours is exact, and log1p of a small number is, too
    exact = VT / ion.z * (math.log1p((c_out - c) / c) if d < 0.3 else math.log(c_out / c))
    if c_out != c:
        assert ifx.nernst(ion, c_in=c, c_out=c_out) == pytest.approx(exact, rel=2e-15)
        assert ifx.nernst(ion, c_in=c_out, c_out=c) == pytest.approx(-exact, rel=2e-15)


def test_activity_coefficients_shift_the_nernst_potential_by_their_ratio() -> None:
    plain = ifx.nernst(K, c_in=140.0, c_out=5.0)
    assert ifx.nernst(K, c_in=140.0, c_out=5.0, gamma_in=0.81, gamma_out=0.75) - plain == pytest.approx(
        VT * math.log(0.75 / 0.81), rel=1e-12
    )
    assert ifx.nernst(Ca, c_in=140.0, c_out=5.0, gamma_in=0.4, gamma_out=0.4) == pytest.approx(
        ifx.nernst(Ca, c_in=140.0, c_out=5.0), rel=1e-14
    )


def test_an_empty_side_gives_an_infinite_potential_and_two_give_none() -> None:
    E = ifx.nernst(K, c_in=np.array([0.0, 5.0, 0.0]), c_out=np.array([5.0, 0.0, 0.0]))
    assert E[0] == math.inf
    assert E[1] == -math.inf
    assert math.isnan(E[2])
    with pytest.raises(ifx.InputError, match="neutral"):
        ifx.nernst(IonSpecies("glucose", 0), c_in=1.0, c_out=2.0)


@given(charged, voltage, concentration, concentration)
def test_forces_on_ions_add_up(ion: IonSpecies, V: float, c_in: float, c_out: float) -> None:
    chemical, electrical, total = ifx.electrochemical_difference(ion, V=V, c_in=c_in, c_out=c_out)
    assert chemical == pytest.approx(GAS_CONSTANT * 310.15 * math.log(c_in / c_out), rel=1e-10, abs=1e-12)
    assert electrical == ion.z * FARADAY * V
    assert total == chemical + electrical
    assert ifx.driving_force(ion, V=V, c_in=c_in, c_out=c_out) == pytest.approx(total / (ion.z * FARADAY), abs=1e-15)


# ---- the potential without current ------------------------------------------------------------------------------------------------

MIXTURES: list[dict[IonSpecies, tuple[float, float, float]]] = [
    {K: (1.0, 140.0, 5.0), Na: (0.04, 12.0, 145.0), Cl: (0.45, 10.0, 110.0)},
    {K: (1.0, 140.0, 5.0), Ca: (3.0, 1e-4, 1.8)},
    {K: (1.0, 140.0, 5.0), Na: (1.0, 10.0, 145.0), Ca: (20.0, 1e-4, 10.0), Cl: (0.1, 8.0, 150.0), ifx.SO4: (2.0, 3.0, 1.0)},
    {LA: (1e-3, 2.0, 7.0), PO4: (5.0, 9.0, 0.3), Mg: (1.0, 1.0, 30.0), Na: (0.2, 15.0, 150.0)},
    {Ca: (1.0, 1e-7, 2.0), ifx.SO4: (1e-6, 50.0, 1e-3)},
    {K: (1e-200, 100.0, 1e-100), Ca: (1e50, 1e-60, 1.0)},
    {LA: (1.0, 100.0, 3.0)},
    # Newton's method alone goes to and fro between the slopes of the potassium and the lanthanum part for ever
    {K: (2.6e-11, 4.3e-9, 2.6e-9), ifx.SO4: (1.2e-10, 0.0, 0.0154), LA: (13.5, 0.0, 0.93)},
]


def split(mixture: dict[IonSpecies, tuple[Any, Any, Any]]) -> tuple[dict[IonSpecies, Any], dict[str, dict[IonSpecies, Any]]]:
    P = {ion: row[0] for ion, row in mixture.items()}
    return P, {"c_in": {ion: row[1] for ion, row in mixture.items()}, "c_out": {ion: row[2] for ion, row in mixture.items()}}


def total_current(mixture: dict[IonSpecies, tuple[float, float, float]], V: float) -> tuple[float, float]:
    """Σ I over Σ |one-way currents|, and its slope on the same scale per RT/F."""
    net = scale = slope = 0.0
    largest = max(p for p, _, _ in mixture.values())
    for ion, (p, c_in, c_out) in mixture.items():
        film = {"P": p / largest, "V": V, "c_in": c_in, "c_out": c_out}
        net += ifx.ghk_current(ion, **film)
        scale += abs(ion.z) * FARADAY * sum(ifx.unidirectional_fluxes(ion, **film))
        slope += ifx.ghk_conductance(ion, **film)
    return net / scale, slope * VT / scale


@pytest.mark.parametrize("mixture", MIXTURES, ids=lambda m: "+".join(ion.name for ion in m))
def test_no_current_flows_at_the_goldman_potential_whatever_the_valences(mixture: dict[IonSpecies, tuple[float, float, float]]) -> None:
    P, sides = split(mixture)
    V = ifx.ghk_voltage(P, **sides)
    net, slope = total_current(mixture, V)
    assert abs(net / slope) < 4e-15 * (1 + abs(V / VT)) * max(abs(ion.z) for ion in mixture)


ions_of_a_mixture = st.lists(
    st.tuples(charged, st.floats(1e-6, 1e3), concentration, concentration), min_size=1, max_size=6, unique_by=lambda t: t[0]
)


@given(ions_of_a_mixture)
def test_the_goldman_potential_lies_between_the_nernst_potentials_and_does_not_depend_on_order(rows: list[Any]) -> None:
    mixture = {ion: (p, a, b) for ion, p, a, b in rows}
    P, sides = split(mixture)
    V = ifx.ghk_voltage(P, **sides)
    E = [ifx.nernst(ion, c_in=a, c_out=b) for ion, (_, a, b) in mixture.items()]
    assert min(E) - 1e-13 <= V <= max(E) + 1e-13
    assert ifx.ghk_voltage(dict(reversed(P.items())), **sides) == V


@given(ions_of_a_mixture)
def test_what_the_goldman_potential_does_not_depend_on(rows: list[Any]) -> None:
    mixture = {ion: (p, a, b) for ion, p, a, b in rows}
    P, sides = split(mixture)
    V = ifx.ghk_voltage(P, **sides)
    swapped = ifx.ghk_voltage(P, c_in=sides["c_out"], c_out=sides["c_in"])
    assert swapped == pytest.approx(-V, abs=1e-14)
    assert ifx.ghk_voltage({ion: 4 * p for ion, p in P.items()}, **sides) == pytest.approx(V, abs=1e-14)
    diluted = {side: {ion: c / 2 for ion, c in values.items()} for side, values in sides.items()}
    assert ifx.ghk_voltage(P, **diluted) == pytest.approx(V, abs=1e-14)
    neutral = IonSpecies("urea", 0)
    more = {side: {**values, neutral: 300.0, Mg: 1.0} for side, values in sides.items()}
    assert ifx.ghk_voltage({**P, neutral: 1.0, Mg: 0.0}, **more) == V


@pytest.mark.parametrize(
    "ions", [(K, Ca, Cl), (K, ifx.SO4, LA), (LA, PO4, Na, Cl, Mg), (Ca, ifx.SO4)], ids=lambda i: "+".join(x.name for x in i)
)
def test_the_goldman_potential_is_found_for_permeabilities_and_concentrations_of_any_size(ions: tuple[IonSpecies, ...]) -> None:
    rng, n = np.random.default_rng(3), 20_000
    P = {ion: 10.0 ** rng.uniform(-12, 3, n) for ion in ions}
    c_in, c_out = ({ion: np.where(rng.random(n) < 0.1, 0.0, 10.0 ** rng.uniform(-9, 4.5, n)) for ion in ions} for _ in range(2))
    V = ifx.ghk_voltage(P, c_in=c_in, c_out=c_out)
    u = V / VT
    found = np.abs(u) < 200
    u = np.where(found, u, 0.0)
    outward = inward = np.zeros(n)
    for ion in ions:
        a, (here, there) = abs(ion.z), (c_in, c_out) if ion.z > 0 else (c_out, c_in)
        outward = outward + P[ion] * a * ifx.bernoulli(-a * u) * here[ion]
        inward = inward + P[ion] * a * ifx.bernoulli(a * u) * there[ion]
    assert np.max(np.abs(np.log(outward[found] / inward[found])) / (1 + np.abs(u[found]))) < 5e-15
    assert not np.any(np.isfinite(V[~found]))
    can_leave, can_enter = (
        np.any([side[ion] > 0 for ion in ions for side in [(c_in if (ion.z > 0) == out else c_out)]], axis=0) for out in (True, False)
    )
    assert np.array_equal(found, can_leave & can_enter)


def test_one_permeant_ion_gives_its_nernst_potential() -> None:
    for ion in (K, Cl, Ca, ifx.SO4, LA):
        V = ifx.ghk_voltage({ion: 0.3}, c_in={ion: 140.0}, c_out={ion: 5.0})
        assert V == pytest.approx(ifx.nernst(ion, c_in=140.0, c_out=5.0), rel=1e-14)


def test_a_side_that_can_carry_no_charge_gives_an_infinite_potential() -> None:
    for ion in (K, Ca):
        assert ifx.ghk_voltage({ion: 1.0, Cl: 1.0}, c_in={ion: 0.0, Cl: 3.0}, c_out={ion: 5.0, Cl: 0.0}) == math.inf
        assert ifx.ghk_voltage({ion: 1.0, Cl: 1.0}, c_in={ion: 5.0, Cl: 0.0}, c_out={ion: 0.0, Cl: 3.0}) == -math.inf


def test_no_permeant_ion_is_an_error_for_numbers_and_nan_in_arrays() -> None:
    sides: Any = {"c_in": {K: 140.0, Na: 12.0}, "c_out": {K: 5.0, Na: 145.0}}
    with pytest.raises(ifx.InputError, match="no ion is permeant"):
        ifx.ghk_voltage({K: 0.0, Na: 0.0}, **sides)
    V = ifx.ghk_voltage({K: np.array([0.0, 1.0]), Na: 0.0}, **sides)
    assert math.isnan(V[0])
    assert V[1] == pytest.approx(ifx.nernst(K, c_in=140.0, c_out=5.0))
    with pytest.raises(ifx.InputError, match="present on either side"):
        ifx.ghk_voltage({K: 1.0}, c_in={K: 0.0}, c_out={K: 0.0})
    with pytest.raises(ifx.UnknownNameError, match="c_out has no 'Na'"):
        ifx.ghk_voltage({K: 1.0, Na: 1.0}, c_in={K: 1.0, Na: 1.0}, c_out={K: 1.0})


def test_concentrations_may_be_a_bath_or_named() -> None:
    bath = ifx.Bath({Na: 145.0, K: 5.0, Cl: 150.0})
    named = ifx.ghk_voltage({K: 1.0, Na: 0.04}, c_in={"K": 140.0, "Na": 12.0}, c_out={"K": 5.0, "Na": 145.0})
    assert ifx.ghk_voltage({K: 1.0, Na: 0.04}, c_in={K: 140.0, Na: 12.0}, c_out=bath) == named


@given(st.floats(0.01, 100.0), st.floats(1e-3, 1.0))
def test_the_pump_multiplies_the_weight_of_potassium(ratio: float, P_Na: float) -> None:
    sides: Any = {"c_in": {K: 140.0, Na: 12.0}, "c_out": {K: 6.4, Na: 145.0}}
    V = ifx.ghk_voltage({K: 1.0, Na: P_Na}, **sides, pump_ratio=ratio)
    assert pytest.approx(VT * math.log((ratio * 6.4 + P_Na * 145.0) / (ratio * 140.0 + P_Na * 12.0)), rel=1e-13, abs=1e-15) == V


def test_the_pump_formula_has_sodium_and_potassium_only() -> None:
    sides: Any = {"c_in": {K: 140.0, Na: 12.0, Cl: 10.0}, "c_out": {K: 5.0, Na: 145.0, Cl: 110.0}}
    with pytest.raises(ifx.InputError, match="Cl is permeant"):
        ifx.ghk_voltage({K: 1.0, Na: 0.04, Cl: 0.1}, **sides, pump_ratio=1.5)
    without = ifx.ghk_voltage({K: 1.0, Na: 0.04}, **sides, pump_ratio=1.5)
    assert ifx.ghk_voltage({K: 1.0, Na: 0.04, Cl: 0.0}, **sides, pump_ratio=1.5) == without


@pytest.mark.parametrize("mixture", MIXTURES[:5], ids=lambda m: "+".join(ion.name for ion in m))
def test_all_currents_at_once_are_those_one_by_one(mixture: dict[IonSpecies, tuple[float, float, float]]) -> None:
    P, sides = split(mixture)
    V = np.linspace(-0.2, 0.2, 41)
    together = ifx.ghk_membrane(P, V=V, **sides)
    np.testing.assert_allclose(together.reversal, ifx.ghk_voltage(P, **sides), rtol=1e-14, atol=1e-16)
    for ion, (p, a, b) in mixture.items():
        larger = np.maximum(*ifx.unidirectional_fluxes(ion, P=p, V=V, c_in=a, c_out=b)) * abs(ion.z) * FARADAY
        alone = ifx.ghk_current(ion, P=p, V=V, c_in=a, c_out=b)
        assert np.all(np.abs(together.current[ion.name] - alone) <= 2e-14 * larger)


def test_the_chord_potential_is_the_mean_weighted_by_conductance() -> None:
    assert ifx.chord_voltage({K: 6.5, Na: 1.0}, {Na: 0.06, K: -0.09}) == pytest.approx(-0.07, rel=1e-15)
    assert ifx.chord_voltage([6.5, 1.0], [-0.09, 0.06]) == pytest.approx(-0.07, rel=1e-15)
    V = ifx.chord_voltage([np.array([6.5, 0.0]), np.array([1.0, 0.0])], [-0.09, 0.06])
    assert V[0] == pytest.approx(-0.07)
    assert math.isnan(V[1])
    with pytest.raises(ifx.InputError, match="all conductances are zero"):
        ifx.chord_voltage([0.0, 0.0], [-0.09, 0.06])


# ---- arrays ---------------------------------------------------------------------------------------------------------------------


def film(shape: tuple[int, ...], seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "P": rng.uniform(1e-9, 1e-8, shape),
        "V": rng.uniform(-0.1, 0.1, shape),
        "c_in": rng.uniform(1, 150, shape),
        "c_out": rng.uniform(1, 150, shape),
    }


@pytest.mark.parametrize("f", [*GHK, lambda z, **k: ifx.nernst(z, c_in=k["c_in"], c_out=k["c_out"])])
def test_every_memory_layout_gives_the_same_numbers(f: Any) -> None:
    base = film((6, 10, 14))
    expected = f(K, **base)
    layouts = {
        "fortran": {name: np.asfortranarray(a) for name, a in base.items()},
        "mixed": {name: np.asfortranarray(a) if i % 2 else a for i, (name, a) in enumerate(base.items())},
        "strided": {name: np.repeat(np.repeat(a, 2, axis=0), 3, axis=2)[::2, :, ::3] for name, a in base.items()},
        "reversed": {name: a[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1] for name, a in base.items()},
        "transposed": {name: np.ascontiguousarray(a.transpose(2, 0, 1)).transpose(1, 2, 0) for name, a in base.items()},
        "swapped bytes": {name: a.astype(">f8") for name, a in base.items()},
        "packed records": {name: np.rec.fromarrays([a, a.astype("i1")], dtype=[("x", "f8"), ("y", "i1")])["x"] for name, a in base.items()},
    }
    for name, arguments in layouts.items():
        got = f(K, **arguments)
        assert np.array_equal(got, expected), name


def test_arguments_broadcast_like_those_of_numpy() -> None:
    a = film((7, 1, 5))
    row, column, one = np.linspace(1, 100, 5), np.linspace(-0.1, 0.1, 3)[:, None], np.array([[[4.0]]])
    got = ifx.ghk_flux(K, P=a["P"], V=column, c_in=row, c_out=one)
    assert got.shape == (7, 3, 5)
    P, V, c_in, c_out = (np.ascontiguousarray(x) for x in np.broadcast_arrays(a["P"], column, row, one))
    assert np.array_equal(got, ifx.ghk_flux(K, P=P, V=V, c_in=c_in, c_out=c_out))
    assert ifx.ghk_flux(K, P=1e-8, V=np.empty((0, 3)), c_in=1.0, c_out=2.0).shape == (0, 3)
    with pytest.raises(ifx.ShapeError, match=r"V \(3,\), c_in \(4,\)"):
        ifx.ghk_flux(K, P=1e-8, V=np.zeros(3), c_in=np.ones(4), c_out=2.0)


def test_a_float_in_gives_a_float_out_and_an_array_an_array() -> None:
    for number in (140, 140.0, np.float64(140), np.float32(140), np.int64(140), np.array(140.0)):
        assert type(ifx.nernst(K, c_in=number, c_out=5)) is float
    assert isinstance(ifx.nernst(K, c_in=[140.0], c_out=5), np.ndarray)
    assert type(ifx.bernoulli(0)) is float
    assert all(type(x) is float for x in ifx.unidirectional_fluxes(K, P=1e-8, V=0.0, c_in=1.0, c_out=2.0))
    assert ifx.nernst(K, c_in=np.full(3, 140, dtype=np.int32), c_out=5).dtype == np.float64


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 255, 256, 257, 1000, 16384, 16385, 140_001])
def test_the_place_in_an_array_and_the_number_of_threads_do_not_matter(length: int) -> None:
    a = film((140_001,))
    whole = ifx.ghk_current(Ca, **a, threads=3)
    assert np.array_equal(whole[:length], ifx.ghk_current(Ca, **{name: x[:length] for name, x in a.items()}))
    assert np.array_equal(whole[-length:], ifx.ghk_current(Ca, **{name: x[-length:] for name, x in a.items()}))
    sides: Any = {"c_in": {K: a["c_in"], Ca: a["c_out"]}, "c_out": {K: a["c_out"], Ca: 5.0}}
    V = ifx.ghk_voltage({K: a["P"], Ca: 1e-8}, **sides, threads=2)
    tail: Any = {side: {ion: x if isinstance(x, float) else x[-length:] for ion, x in values.items()} for side, values in sides.items()}
    assert np.array_equal(V[-length:], ifx.ghk_voltage({K: a["P"][-length:], Ca: 1e-8}, **tail))


@pytest.mark.parametrize("shape", [(40,), (5, 8), (300_007,)])
def test_results_can_be_written_where_one_wants_them(shape: tuple[int, ...]) -> None:
    a = film(shape)
    expected = ifx.ghk_current(K, **a)
    places = [np.empty(shape), np.empty(shape, order="F"), np.empty((*shape, 2))[..., 0], np.empty(math.prod(shape) + 1)[1:].reshape(shape)]
    for place in places:
        assert ifx.ghk_current(K, **a, out=place) is place
        assert np.array_equal(place, expected)
    for name in a:
        inputs = {key: x.copy() for key, x in a.items()}
        ifx.ghk_current(K, **inputs, out=inputs[name])
        assert np.array_equal(inputs[name], expected), f"written over {name}"
    with pytest.raises(ifx.ShapeError, match="out has the shape"):
        ifx.ghk_current(K, **a, out=np.empty(3))
    with pytest.raises(ifx.InputError, match="float64"):
        ifx.ghk_current(K, **a, out=np.empty(shape, dtype=np.float32))


def test_results_of_a_membrane_can_be_written_over_earlier_ones() -> None:
    V = np.linspace(-0.1, 0.1, 300)
    for ions in ((K, Na), (K, Ca)):
        P = dict.fromkeys(ions, 1e-8)
        sides: Any = {"c_in": {ions[0]: 140.0, ions[1]: 10.0}, "c_out": {ions[0]: np.linspace(1, 10, 300), ions[1]: 145.0}}
        first = ifx.ghk_membrane(P, V=V, **sides)
        fresh = ifx.ghk_membrane(P, V=-V, **sides)
        again = ifx.ghk_membrane(P, V=-V, **sides, out=first)
        assert again.current[K] is first.current[K]
        assert np.array_equal(first.current[K], fresh.current[K])
        assert np.array_equal(first.reversal, fresh.reversal)


BUILDS = [
    importlib.import_module(f"ionflux.{name}")
    for name, level in {"_fields": 0, "_fields_v3": 3, "_fields_v4": 4}.items()
    if _kernels.cpu_level() >= level and importlib.util.find_spec(f"ionflux.{name}")
]


@pytest.mark.skipif(len(BUILDS) < 2, reason="one instruction set only")
@pytest.mark.parametrize("kernel", BUILDS[0].KERNELS)
def test_every_instruction_set_gives_the_same_bits(kernel: str) -> None:
    n, k = 4001, 3
    rng = np.random.default_rng(3)
    a = 10.0 ** rng.uniform(-3, 3, (12, n))
    if kernel.startswith(("ghk", "one_way")) and "voltage" not in kernel:
        a[1] = rng.uniform(-0.5, 0.5, n)
        a[4] = 37.4
    inputs = {
        "nernst": 5,
        "ghk": 5,
        "ghk_conductance": 5,
        "one_way": 5,
        "ghk_voltage_1": 10,
        "ghk_voltage": 10,
        "membrane": 12,
        "donnan": 4,
    }.get(kernel, 1)
    outputs = {"one_way": 2, "membrane": 4}.get(kernel, 1)
    parameters = {"ghk_voltage": (1.0, 2.0, 3.0), "donnan": (1.0, -2.0, 3.0)}.get(kernel, (2.0, 1.0, 1.0))
    if kernel == "donnan":
        a[3] *= rng.choice([-1.0, 1.0], n)
    results = []
    for build in BUILDS:
        out = tuple(np.zeros(n) for _ in range(outputs))
        build.Loop(kernel, list(a[:inputs]), (np.inf, np.inf), out, (n,), (0,), parameters, k).work()
        results.append(np.array(out))
    assert np.all(np.isfinite(results[0]))
    for other in results[1:]:
        assert np.array_equal(results[0], other)


# ---- mistakes ---------------------------------------------------------------------------------------------------------------------


def test_nan_in_gives_nan_out_without_a_warning() -> None:
    c = np.array([140.0, np.nan, 10.0, -np.nan])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(np.isnan(ifx.nernst(K, c_in=c, c_out=5.0)), [False, True, False, True])
        for f in GHK:
            for name in ("P", "V", "c_in", "c_out"):
                a = film((4,)) | {name: np.array([1e-9, np.nan, 1e-9, np.nan])}
                assert np.array_equal(np.isnan(f(Ca, **a)), [False, True, False, True]), (f, name)
        for ion in (Na, Ca):
            V = ifx.ghk_voltage({K: 1.0, ion: 0.04}, c_in={K: c, ion: 12.0}, c_out={K: 5.0, ion: 145.0})
            assert np.array_equal(np.isnan(V), [False, True, False, True])
        assert math.isnan(ifx.nernst(K, c_in=math.nan, c_out=5.0))
        assert math.isnan(ifx.bernoulli(math.nan))
        assert math.isnan(ifx.driving_force(K, V=math.nan, c_in=1.0, c_out=5.0))


def test_a_negative_concentration_is_named_with_its_place_and_the_count() -> None:
    c = np.full((300, 4), 140.0)
    c[17, 2] = c[200, 0] = -1.0
    with pytest.raises(ifx.UnitRangeError, match=r"c_in\[17, 2\] = -1 mol m\^-3.*\(2 of 1200 elements") as caught:
        ifx.nernst(K, c_in=c, c_out=5.0)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(ifx.UnitRangeError, match=r"c_out = -5 mol m\^-3"):
        ifx.ghk_flux(K, P=1e-8, V=0.0, c_in=1.0, c_out=-5.0)
    with pytest.raises(ifx.UnitRangeError, match=r"c_in\[Na\]\[0\] = -2 .*1 of 2"):
        ifx.ghk_voltage({K: 1.0, Na: 0.1}, c_in={K: 1.0, Na: [-2.0, 1.0]}, c_out={K: 1.0, Na: 1.0})


def test_slips_of_units_are_told_what_to_write() -> None:
    with pytest.raises(ifx.UnitRangeError, match=r"-70\*mV"):
        ifx.ghk_current(K, P=1e-8, V=-70, c_in=140.0, c_out=5.0)
    with pytest.raises(ifx.UnitRangeError, match=r"celsius\(37\)"):
        ifx.nernst(K, c_in=140.0, c_out=5.0, T=37)
    with pytest.raises(ifx.UnitRangeError, match=r"V\[1\] = -70 V .*1 of 3"):
        ifx.ghk_current(K, P=1e-8, V=np.array([0.0, -70.0, 0.0]), c_in=140.0, c_out=5.0)
    for bad in (math.inf, 1e5):
        with pytest.raises(ifx.UnitRangeError, match="c_in"):
            ifx.nernst(K, c_in=bad, c_out=5.0)
    with pytest.raises(ifx.UnitRangeError, match=r"P = -1e-08"):
        ifx.ghk_flux(K, P=-1e-8, V=0.0, c_in=1.0, c_out=1.0)


def test_minus_zero_is_zero() -> None:
    assert ifx.ghk_flux(K, P=1e-8, V=0.0, c_in=np.array([-0.0, 1.0]), c_out=-0.0).tolist() == pytest.approx([0.0, 1e-8])


@pytest.mark.parametrize("wrong", ["140", b"140", [1, [2, 3]], {"K": 1}, True, 1j, None, np.array(["a"])])
def test_what_is_no_number_is_refused(wrong: Any) -> None:
    with pytest.raises(ifx.InputError, match="c_in"):
        ifx.nernst(K, c_in=wrong, c_out=5.0)


def test_quantities_of_pint_are_converted_at_the_door() -> None:
    u = pytest.importorskip("pint").UnitRegistry()
    E = ifx.nernst(K, c_in=140 * u.mmol / u.L, c_out=np.array([5.0, 10.0]) * u.mol / u.m**3, T=310.15 * u.K)
    assert np.allclose(E, ifx.nernst(K, c_in=140.0, c_out=np.array([5.0, 10.0])), rtol=1e-14)
    I = ifx.ghk_current(K, P=1e-6 * u.cm / u.s, V=[-70 * u.mV, 0 * u.V], c_in=0.14 * u.mol / u.L, c_out=5.0)
    assert np.allclose(I, ifx.ghk_current(K, P=1e-8, V=[-0.07, 0.0], c_in=140.0, c_out=5.0), rtol=1e-13)
    assert ifx.chord_voltage([6.5 * u.nS, 1.0 * u.nS], [-90 * u.mV, 60 * u.mV]) == pytest.approx(-0.07)
    with pytest.raises(ifx.InputError, match="c_in"):
        ifx.nernst(K, c_in=140 * u.mV, c_out=5.0)


def test_anything_with_the_interface_of_astropy_is_converted_at_the_door() -> None:
    class Quantity:
        def __init__(self, volts: float) -> None:
            self.volts = volts
            self.si = SimpleNamespace(value=volts)

        def to_value(self, unit: str) -> float:
            assert unit == "V"
            return self.volts

    expected = ifx.ghk_current(K, P=1e-8, V=-0.07, c_in=140.0, c_out=5.0)
    assert ifx.ghk_current(K, P=1e-8, V=Quantity(-0.07), c_in=140.0, c_out=5.0) == expected


def test_the_ion_may_be_a_valence_but_nothing_else() -> None:
    assert ifx.nernst(1, c_in=140.0, c_out=5.0) == ifx.nernst(K, c_in=140.0, c_out=5.0)
    for wrong in ("K", 1.0, None, True):
        with pytest.raises(ifx.InputError, match="is no ion"):
            ifx.nernst(wrong, c_in=140.0, c_out=5.0)  # type: ignore[arg-type]
    with pytest.raises(ifx.InputError, match="threads"):
        ifx.bernoulli(1.0, threads=0)


# ---- the small sums ---------------------------------------------------------------------------------------------------------------


def test_charges_on_a_membrane_and_ions_in_a_cell() -> None:
    area, volume = 4 * math.pi * 1e-10, 4 / 3 * math.pi * 1e-15
    assert ifx.membrane_charge(area, 0.01, -0.07) == pytest.approx(-5490318.13557919, rel=1e-12)
    assert ifx.ions_in(volume, 150.0) == pytest.approx(378382263409.993, rel=1e-12)
    assert ifx.permeability_ratio(12e3) == pytest.approx(104.946678320981, rel=1e-12)
    assert ifx.permeability_ratio(-12e3) * ifx.permeability_ratio(12e3) == pytest.approx(1.0, rel=1e-14)
    assert ifx.born_energy(2, 2e-10, eps_from=78.5, eps_to=2.0) == pytest.approx(
        4 * ifx.born_energy(-1, 2e-10, eps_from=78.5, eps_to=2.0), rel=1e-15
    )
    assert ifx.born_energy(1, 2e-10, eps_from=2.0, eps_to=78.5) < 0
    with pytest.raises(ifx.UnitRangeError, match="C_m"):
        ifx.membrane_charge(area, 1.0e-6 * 2, -0.07)
