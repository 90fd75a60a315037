"""What textbooks say of ions at rest, as formulas: equilibria, driving forces, the weighted mean, activities, screening, Donnan.

S1: E_K = −90, E_Na = +60 mV at 37 °C; S1 with chloride at equilibrium at −70 mV; S2: two conductances with E_K −75.08; S3: a 3:2 pump.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import ionflux as ifx
from ionflux import Ca, Cl, IonSpecies, K, Na
from ionflux.constants import BOLTZMANN, ELEMENTARY_CHARGE, FARADAY, GAS_CONSTANT
from ionflux.species import SHANNON_RADII
from ionflux.units import mV

VT = GAS_CONSTANT * 310.15 / FARADAY
IN, OUT = {K: 140.0, Na: 15.360269}, {K: 4.8269663, Na: 145.0}
P_NA = 0.037354083
E_K, E_NA = -90 * mV, 60 * mV
#: chloride with E_Cl = −70 mV
IN_CL, OUT_CL = {**IN, Cl: 120.0 * math.exp(-70 * mV / VT)}, {**OUT, Cl: 120.0}
P_CL = 0.31497035


def goldman(P_K: float = 1.0, P_Na: float = P_NA, **more: Any) -> float:
    return float(ifx.ghk_voltage({K: P_K, Na: P_Na}, c_in=IN, c_out=OUT, **more))


def with_chloride(P_K: float = 1.0) -> float:
    return float(ifx.ghk_voltage({K: P_K, Na: P_NA, Cl: P_CL}, c_in=IN_CL, c_out=OUT_CL))


def force(ion: IonSpecies, V: float = -70 * mV) -> float:
    return float(ifx.driving_force(ion, V=V, c_in=IN[ion], c_out=OUT[ion]))


def test_claim_0_2_a_membrane_leaky_to_everything_has_almost_no_potential() -> None:
    c_in, c_out = {**IN, Cl: 8.74}, {**OUT, Cl: 120.0}
    assert ifx.ghk_voltage({K: 1.0, Na: 1.0, Cl: 1.0}, c_in=c_in, c_out=c_out) == pytest.approx(-14.75 * mV, abs=5e-6)
    assert goldman(P_Na=1.0) == pytest.approx(-0.96926 * mV, abs=1e-8)
    # as the gradients vanish so does the potential
    mixed = {ion: [(1 - s) * c_in[ion] + s * c_out[ion] for s in np.linspace(0, 1, 11)] for ion in c_in}
    V = ifx.ghk_voltage({K: 1.0, Na: 1.0, Cl: 1.0}, c_in=mixed, c_out=c_out)
    assert V[-1] == pytest.approx(0.0, abs=1e-16)
    assert np.all(np.diff(np.abs(V)) < 0)


def test_claim_0_6_and_2_1_and_3_5_the_usual_numbers() -> None:
    assert ifx.nernst(K, c_in=IN[K], c_out=OUT[K]) == pytest.approx(E_K, abs=1e-9)
    assert ifx.nernst(Na, c_in=IN[Na], c_out=OUT[Na]) == pytest.approx(E_NA, abs=1e-9)
    assert goldman() == pytest.approx(-70 * mV, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_claim_0_7_and_2_8_the_rest_is_a_weighted_mean(seed: int) -> None:
    rng = np.random.default_rng(seed)
    g, E = rng.uniform(0.1, 10, 4), rng.uniform(-0.1, 0.1, 4)
    assert ifx.chord_voltage(g, E) == pytest.approx(float(np.sum(g * E) / np.sum(g)), rel=1e-14, abs=1e-17)
    assert ifx.chord_voltage({K: 6.5, Na: 1.0}, {K: E_K, Na: E_NA}) == pytest.approx(-70 * mV, rel=1e-14)
    P = dict(zip((K, Na, Cl), rng.uniform(0.001, 1, 3), strict=True))
    V = ifx.ghk_voltage(P, c_in=IN_CL, c_out=OUT_CL)
    assert E_K < V < E_NA
    two = VT * math.log((OUT[K] + 0.2 * OUT[Na]) / (IN[K] + 0.2 * IN[Na]))
    assert goldman(P_Na=0.2) == pytest.approx(two, rel=1e-14)


def test_claim_0_8_a_little_sodium_leak_lifts_the_potential() -> None:
    V = ifx.ghk_voltage({K: 1.0, Na: np.linspace(0, P_NA, 50)}, c_in=IN, c_out=OUT)
    assert V[0] == pytest.approx(E_K, abs=1e-9)
    assert V[-1] == pytest.approx(-70 * mV, abs=1e-9)
    assert np.all(np.diff(V) > 0)


def test_claim_0_9_a_cell_of_potassium_channels_alone_is_nearly_at_its_equilibrium() -> None:
    astrocyte = goldman(P_Na=0.00687868)
    assert astrocyte == pytest.approx(-85 * mV, abs=1e-8)
    assert E_K < astrocyte < goldman()


def test_claim_0_10_more_potassium_channels_make_it_more_negative() -> None:
    V = ifx.ghk_voltage({K: np.array([1.0, 2.0, 5.0, 100.0, 1e9]), Na: P_NA}, c_in=IN, c_out=OUT)
    assert np.all(np.diff(V) < 0)
    assert np.all(V > E_K - 1e-9)
    assert V[-1] == pytest.approx(E_K, abs=1e-8)


@pytest.mark.parametrize("P_Na", [1e-4, 0.01, 0.0319, 0.3, 10.0])
def test_claim_0_12_the_pump_adds_at_most_its_limit(P_Na: float) -> None:
    with_pump, without = goldman(P_Na=P_Na, pump_ratio=1.5), goldman(P_Na=P_Na, pump_ratio=1.0)
    assert without == pytest.approx(goldman(P_Na=P_Na), abs=1e-15)
    assert -VT * math.log(1.5) < with_pump - without < 0
    assert pytest.approx(10.8367 * mV, abs=1e-7) == VT * math.log(1.5)


def test_claim_0_13_block_of_the_pump_is_a_small_step_at_once() -> None:
    sides: Any = {"c_in": {K: 140.0, Na: 12.0}, "c_out": {K: 6.4011843, Na: 145.0}}
    before, after = (ifx.ghk_voltage({K: 1.0, Na: 0.0318830625}, **sides, pump_ratio=r) for r in (1.5, 1.0))
    assert before == pytest.approx(-72 * mV, abs=1e-9)
    assert after == pytest.approx(-68 * mV, abs=1e-9)
    assert ifx.nernst(K, c_in=140.0, c_out=6.4011843) == pytest.approx(-82.456 * mV, abs=1e-6)
    # S1 with the permeabilities that rest at −72 with the pump gives another step
    P_Na = brentq(lambda p: goldman(P_Na=p, pump_ratio=1.5) + 72 * mV, 1e-4, 1.0)
    assert goldman(P_Na=P_Na, pump_ratio=1.0) == pytest.approx(-66.17 * mV, abs=1e-5)


def test_claim_1_1_the_two_forces_add_up_to_the_electrochemical_one() -> None:
    for ion in (K, Na):
        chemical, electrical, total = ifx.electrochemical_difference(ion, V=-0.07, c_in=IN[ion], c_out=OUT[ion])
        assert chemical == pytest.approx(GAS_CONSTANT * 310.15 * math.log(IN[ion] / OUT[ion]), rel=1e-14)
        assert electrical == pytest.approx(FARADAY * -0.07, rel=1e-15)
        assert total == chemical + electrical


def test_claim_1_2_and_1_3_which_way_the_forces_point() -> None:
    def parts(ion: IonSpecies, c_in: float, c_out: float) -> Any:
        return ifx.electrochemical_difference(ion, V=-0.07, c_in=c_in, c_out=c_out)

    assert parts(Na, IN[Na], OUT[Na]).chemical < 0 < parts(K, IN[K], OUT[K]).chemical
    electrical = {ion: parts(ion, 1.0, 1.0).electrical for ion in (Na, Cl, Ca)}
    assert electrical[Ca] / electrical[Na] == 2.0
    assert electrical[Na] < 0 < electrical[Cl]


@pytest.mark.parametrize("ion", [K, Na, Cl, Ca])
def test_claim_1_4_and_1_5_equilibrium_is_dynamic(ion: IonSpecies) -> None:
    E = ifx.nernst(ion, c_in=20.0, c_out=3.0)
    assert pytest.approx(VT / ion.z * math.log(3.0 / 20.0), rel=1e-14) == E
    efflux, influx = ifx.unidirectional_fluxes(ion, P=1e-8, V=E, c_in=20.0, c_out=3.0)
    assert influx / efflux == pytest.approx(1.0, abs=1e-14)
    assert ifx.ghk_flux(ion, P=1e-8, V=E, c_in=20.0, c_out=3.0) == pytest.approx(0.0, abs=1e-14 * efflux)
    efflux, influx = ifx.unidirectional_fluxes(ion, P=1e-8, V=-0.05, c_in=20.0, c_out=3.0)
    assert influx / efflux == pytest.approx(3.0 / 20.0 * math.exp(-ion.z * -0.05 / VT), rel=1e-13)


def test_claim_1_6_driving_forces_at_minus_seventy() -> None:
    assert force(Na) == pytest.approx(-130 * mV, abs=1e-9)
    assert force(K) == pytest.approx(20 * mV, abs=1e-9)


@pytest.mark.parametrize("ion", [K, Na, Cl, Ca, ifx.SO4])
def test_claim_1_7_and_3_6_the_current_turns_at_the_reversal_potential(ion: IonSpecies) -> None:
    film = {"P": 1e-8, "c_in": 20.0, "c_out": 3.0}
    E = ifx.nernst(ion, c_in=20.0, c_out=3.0)
    V = np.linspace(-0.15, 0.15, 301)
    I, J = ifx.ghk_current(ion, V=V, **film), ifx.ghk_flux(ion, V=V, **film)
    assert np.array_equal(np.sign(I), np.sign(V - E))
    assert np.array_equal(np.sign(J), np.sign(V - E) * np.sign(ion.z)), "an anion moves the other way"
    crossing = brentq(lambda v: ifx.ghk_current(ion, V=v, **film), -0.15, 0.15, xtol=1e-15)
    assert pytest.approx(crossing, abs=1e-12) == E
    assert I[0] < 0 < I[-1]


def test_claim_2_3_without_permeability_no_gradient_makes_a_potential() -> None:
    """With every permeability zero any potential is without current: the formula says so instead of choosing one."""
    with pytest.raises(ifx.InputError, match="any potential"):
        goldman(P_K=0.0, P_Na=0.0)
    for V in (-0.1, 0.0, 0.05):
        assert ifx.ghk_current(K, P=0.0, V=V, c_in=140.0, c_out=5.0) == 0.0


def test_claim_2_5_a_potassium_leak_alone_gives_the_potassium_potential_and_moves_hardly_any_ion() -> None:
    assert goldman(P_Na=0.0) == pytest.approx(E_K, abs=1e-9)
    area, volume = 4 * math.pi * 1e-10, 4 / 3 * math.pi * 1e-15
    assert abs(ifx.membrane_charge(area, 0.01, E_K)) / ifx.ions_in(volume, 140.0) < 1e-4


def test_claim_2_6_the_rest_is_where_the_two_currents_cancel() -> None:
    g = {K: 25.5882, Na: 1.0}
    E = {K: -75.08046 * mV, Na: 60 * mV}
    V = ifx.chord_voltage(g, E)
    assert sum(g[ion] * (V - E[ion]) for ion in g) == pytest.approx(0.0, abs=1e-15)
    root = brentq(lambda v: sum(g[ion] * (v - E[ion]) for ion in g), -0.1, 0.1, xtol=1e-16)
    assert pytest.approx(root, abs=1e-15) == V
    assert pytest.approx(-70 * mV, abs=1e-8) == V


def test_claim_2_7_tens_of_times_more_permeable_to_potassium() -> None:
    assert 1 / P_NA == pytest.approx(26.77, abs=0.005)
    needed = brentq(lambda g: ifx.chord_voltage([g, 1.0], [-75.08046 * mV, 60 * mV]) + 70 * mV, 1.0, 100.0)
    assert needed == pytest.approx(25.5882, abs=1e-4)
    # as conductances, with S1's potentials, it is not tens but exactly 6.5
    assert brentq(lambda g: ifx.chord_voltage([g, 1.0], [E_K, E_NA]) + 70 * mV, 1.0, 100.0) == pytest.approx(6.5, rel=1e-12)


def test_claim_2_9_equal_permeabilities_give_nearly_nothing() -> None:
    assert goldman(P_Na=1.0) == pytest.approx(-0.96926 * mV, abs=1e-8)
    assert ifx.chord_voltage([1.0, 1.0], [E_K, E_NA]) == pytest.approx(-15 * mV, rel=1e-13)


def test_claim_2_10_a_transmitter_that_closes_four_fifths_of_the_potassium_leak() -> None:
    S2 = {"E": [-75.08046 * mV, 60 * mV]}
    assert ifx.chord_voltage([25.5882, 1.0], **S2) == pytest.approx(-70 * mV, abs=1e-8)
    assert ifx.chord_voltage([0.2 * 25.5882, 1.0], **S2) == pytest.approx(-53 * mV, abs=1e-6)
    E = [E_K, E_NA, -70 * mV]
    assert ifx.chord_voltage([1.0, 1 / 6.5, 0.587330], E) == pytest.approx(-70 * mV, abs=1e-9)
    assert ifx.chord_voltage([0.2, 1 / 6.5, 0.587330], E) == pytest.approx(-53 * mV, abs=1e-7)
    assert with_chloride() == pytest.approx(-70 * mV, abs=1e-8)
    assert with_chloride(0.2) == pytest.approx(-53 * mV, abs=1e-6)
    # S1 without chloride goes much farther: which numbers belong together has to be said
    assert goldman(P_K=0.2) == pytest.approx(-40.06 * mV, abs=1e-5)
    assert ifx.chord_voltage([0.2 * 6.5, 1.0], E[:2]) == pytest.approx(-24.78 * mV, abs=1e-5)


@pytest.mark.parametrize("ion", [K, Na, Cl, Ca])
def test_claim_3_1_every_flux_runs_down_its_electrochemical_potential(ion: IonSpecies) -> None:
    rng = np.random.default_rng(ion.z + 3)
    c_in, c_out, V = rng.uniform(0.1, 150, 2000), rng.uniform(0.1, 150, 2000), rng.uniform(-0.2, 0.2, 2000)
    J = ifx.ghk_flux(ion, P=1e-8, V=V, c_in=c_in, c_out=c_out)
    assert np.all(J * ifx.electrochemical_difference(ion, V=V, c_in=c_in, c_out=c_out).total >= 0)


def test_claim_3_2_activity_coefficients_of_the_body() -> None:
    I = ifx.ionic_strength({Na: 145.0, K: 5.0, Cl: 150.0})
    assert I == 150.0
    for davies in (ifx.activity_coefficient(1, I, A=0.509), ifx.activity_coefficient(1, I, eps_r=74.2)):
        assert davies == pytest.approx(0.75, abs=0.015)
        extended = ifx.activity_coefficient(1, I, model="extended", size=3e-10, T=298.15)
        assert 0.0 < davies - extended < 0.06
    gamma = ifx.activity_coefficient(1, np.linspace(1, 150, 100))
    assert np.all(gamma < 1)
    assert np.all(np.diff(gamma) < 0)


@pytest.mark.parametrize(("inside", "shift"), [(0.80, -1.7249), (0.82, -2.3849), (0.84, -3.0289)])
def test_claim_3_3_activities_make_the_potassium_potential_a_little_more_negative(inside: float, shift: float) -> None:
    plain = ifx.nernst(K, c_in=IN[K], c_out=OUT[K])
    real = ifx.nernst(K, c_in=IN[K], c_out=OUT[K], gamma_in=inside, gamma_out=0.75)
    assert real - plain == pytest.approx(shift * mV, abs=1e-7)
    assert real - plain == pytest.approx(VT * math.log(0.75 / inside), rel=1e-12)


def test_claim_3_3_what_davies_alone_would_need() -> None:
    """A shift of −2.5 mV against 150 mM outside needs an ionic strength inside of 41 mM."""
    outside = ifx.activity_coefficient(1, 150.0)
    wanted = outside * math.exp(2.5 * mV / VT)
    assert brentq(lambda I: ifx.activity_coefficient(1, I) - wanted, 1.0, 150.0) == pytest.approx(41.3, abs=0.05)


@pytest.mark.parametrize("ion", [K, Cl, Ca])
def test_claim_3_4_a_constant_field_gives_goldman(ion: IonSpecies) -> None:
    """J = −D (c′ + z c u′) through a film with a linear potential, by the integral over it, against the formula."""
    D, L, V, c_in, c_out = 1e-9, 5e-9, -0.05, 20.0, 3.0
    x, w = np.polynomial.legendre.leggauss(40)
    u = ion.z * V / VT * (1 - 0.5 * (x + 1))
    J = (c_in * math.exp(ion.z * V / VT) - c_out) / (L / D * float(np.sum(0.5 * w * np.exp(u))))
    assert ifx.ghk_flux(ion, P=D / L, V=V, c_in=c_in, c_out=c_out) == pytest.approx(J, rel=1e-13)
    boltzmann = c_in * math.exp(ion.z * V / VT)
    assert ifx.ghk_flux(ion, P=D / L, V=V, c_in=c_in, c_out=boltzmann) == pytest.approx(0.0, abs=1e-13 * D / L * c_in)


def test_claim_3_7_and_3_8_rest_is_no_equilibrium() -> None:
    V = goldman()
    assert abs(V - E_K) < abs(V - E_NA)
    assert min(abs(V - E_K), abs(V - E_NA)) > 10 * mV
    currents = ifx.ghk_membrane({K: 1e-8, Na: P_NA * 1e-8}, V=V, c_in=IN, c_out=OUT).current
    assert currents[K] > 0 > currents[Na]
    assert currents[K] + currents[Na] == pytest.approx(0.0, abs=1e-13 * currents[K])
    chord = ifx.chord_voltage([6.5, 1.0], [E_K, E_NA])
    assert abs(chord - E_K) < abs(chord - E_NA)


def test_claim_3_9_the_sodium_a_pump_carries_is_three_times_its_current() -> None:
    leak = 0.3e-9 * force(Na)
    assert leak == pytest.approx(-39.0e-12, abs=1e-18)
    sodium_of_the_pump = -leak
    assert sodium_of_the_pump / 3 == pytest.approx(13.0e-12, abs=1e-18)


def test_claim_3_11_bringing_a_charge_into_a_cell() -> None:
    RT = GAS_CONSTANT * 310.15
    electrical = ifx.electrochemical_difference(K, V=-0.07, c_in=1.0, c_out=1.0).electrical
    assert electrical == pytest.approx(-6753.9732, abs=1e-4)
    assert pytest.approx(2578.7306, abs=1e-4) == RT
    assert -electrical / RT == pytest.approx(2.61911, abs=1e-5)


def test_claim_3_12_and_3_13_a_barrier_difference_makes_a_filter_selective() -> None:
    assert SHANNON_RADII[K] == pytest.approx(1.38e-10)
    assert SHANNON_RADII[Na] == pytest.approx(1.02e-10)
    assert ifx.permeability_ratio(12e3) == pytest.approx(104.947, abs=5e-4)
    assert ifx.permeability_ratio(12e3, T=298.15) == pytest.approx(126.564, abs=5e-4)
    assert brentq(lambda d: ifx.permeability_ratio(d) - 100.0, 1e3, 2e4) == pytest.approx(11875.5, abs=0.1)
    with_barriers = math.exp(-30e3 / (GAS_CONSTANT * 310.15)) / math.exp(-42e3 / (GAS_CONSTANT * 310.15))
    assert ifx.permeability_ratio(12e3) == pytest.approx(with_barriers, rel=1e-13)


def test_claim_3_14_the_charge_that_is_separated_is_tiny() -> None:
    area, volume = 4 * math.pi * 1e-10, 4 / 3 * math.pi * 1e-15
    charges, ions = ifx.membrane_charge(area, 0.01, 70 * mV), ifx.ions_in(volume, 150.0)
    assert charges == pytest.approx(5.490318e6, rel=1e-6)
    assert charges / ions == pytest.approx(1.451e-5, abs=5e-9)
    assert charges / ions == pytest.approx(0.01 * area * 70 * mV / (FARADAY * volume * 150.0), rel=1e-12)
    # "a million" charges would need less than a fifth of the capacitance
    assert brentq(lambda C: ifx.membrane_charge(area, C, 70 * mV) - 1e6, 1e-4, 0.01) == pytest.approx(0.182e-2, abs=1e-5)


def test_claim_3_15_the_field_is_confined_to_the_membrane() -> None:
    assert ifx.debye_length(150.0, eps_r=78.4, T=298.15) == pytest.approx(0.784955e-9, abs=1e-15)
    body = ifx.debye_length(150.0, eps_r=74.2)
    assert body == pytest.approx(0.778856e-9, abs=1e-15)
    assert 10e-6 / body > 1e4


def test_claim_3_16_impermeant_anions_make_a_donnan_potential_and_a_surplus_of_particles() -> None:
    phi, c, pressure = ifx.donnan({K: 150.0, Cl: 150.0}, -100.0)
    assert c[K] == pytest.approx(208.11388, abs=1e-5)
    assert c[Cl] == pytest.approx(108.11388, abs=1e-5)
    assert phi == pytest.approx(-8.7516485 * mV, abs=1e-10)
    mobile = c[K] + c[Cl] - 300.0
    assert pressure == pytest.approx(GAS_CONSTANT * 310.15 * mobile, rel=1e-12)
    assert mobile + 100.0 == pytest.approx(116.22777, abs=1e-5)
    assert pressure + GAS_CONSTANT * 310.15 * 100.0 == pytest.approx(299.72e3, abs=5.0)


def test_claim_3_24_sodium_is_dearer_to_dehydrate() -> None:
    def born(ion: IonSpecies) -> float:
        return float(ifx.born_energy(ion.z, SHANNON_RADII[ion], eps_from=78.5, eps_to=1.0))

    assert born(Na) > born(K) > 0
    assert born(Na) / born(K) == pytest.approx(1.38 / 1.02, rel=1e-12)
    assert born(K) / (BOLTZMANN * 310.15) > 100
    assert born(K) == pytest.approx(ELEMENTARY_CHARGE**2 / (8 * math.pi * 8.8541878188e-12 * 1.38e-10) * (1 - 1 / 78.5), rel=1e-12)
