"""Charge on a membrane's faces: what it changes near the membrane, and what it cannot change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import ionflux as ifx
from ionflux import Ca, Cl, IonSpecies, K, Mg, Na
from ionflux.constants import FARADAY, GAS_CONSTANT

VT = GAS_CONSTANT * 310.15 / FARADAY
INSIDE = {K: 140.0, Na: 12.0, Ca: 1e-4, Cl: 152.0002}
OUTSIDE = {Na: 145.0, K: 5.0, Ca: 2.0, Mg: 1.0, Cl: 156.0}


def membrane(V: Any, sigma_in: float = -0.05, sigma_out: float = -0.02, **more: Any) -> ifx.ChargedBilayer:
    sides = {"inside": INSIDE, "outside": OUTSIDE, "thickness": 3e-9, "eps_r": 74.0, **more}
    return ifx.charged_bilayer(sigma_in=sigma_in, sigma_out=sigma_out, V=V, **sides)


def reversal(current: Callable[[float], float]) -> float:
    found: float = brentq(current, -0.3, 0.3, xtol=1e-15)
    return found


# ---- one charged face ---------------------------------------------------------------------------------------------------------------


def test_claim_1_12_a_negative_surface_has_a_negative_potential_that_grows_with_its_charge() -> None:
    sigma = np.array([-0.01, -0.02, -0.03, -0.04, -0.05])
    layer = ifx.double_layer({K: 150.0, Cl: 150.0}, sigma=sigma, eps_r=74.2)
    assert np.all(layer.psi_0 < 0)
    assert np.all(np.diff(layer.psi_0) < 0)
    enrichment = layer.enrichment(K)
    assert np.all(enrichment > 1)
    np.testing.assert_allclose(enrichment, np.exp(-layer.psi_0 / VT), rtol=1e-13)
    assert np.all(layer.enrichment(Cl) < 1)
    np.testing.assert_allclose(layer.enrichment(Ca), enrichment**2, rtol=1e-12)  # divalents gather most


@pytest.mark.parametrize("bath", [{K: 150.0, Cl: 150.0}, OUTSIDE, {Na: 10.0, Mg: 40.0, Cl: 90.0}])
@pytest.mark.parametrize("sigma", [-0.05, 0.03])
def test_claim_1_12_the_electrochemical_potential_is_the_same_at_every_distance(bath: dict[IonSpecies, float], sigma: float) -> None:
    layer = ifx.double_layer(bath, sigma=sigma)
    x = np.linspace(0, 5e-9, 50)
    for ion, c in bath.items():
        assert np.allclose(np.log(layer.c(ion, x) / c) + ion.z * layer.psi(x) / VT, 0.0, atol=1e-12)


def test_claim_3_15_the_layer_is_thinner_than_a_nanometre_and_far_thinner_than_a_cell() -> None:
    at_25 = ifx.double_layer({K: 150.0, Cl: 150.0}, sigma=-0.01, eps_r=78.4, T=298.15).debye_length
    at_37 = ifx.double_layer({K: 150.0, Cl: 150.0}, sigma=-0.01, eps_r=74.2).debye_length
    assert at_25 == pytest.approx(0.784955e-9, rel=1e-6)
    assert at_37 == pytest.approx(0.778856e-9, rel=1e-6)
    assert 10e-6 / at_37 > 1e4
    layer = ifx.double_layer({K: 150.0, Cl: 150.0}, sigma=-0.01, eps_r=74.2)
    assert abs(layer.psi(5 * at_37)) < 0.01 * abs(layer.psi_0)


def test_calcium_outside_moves_gating_to_the_right() -> None:
    """Frankenhaeuser & Hodgkin (1957): more calcium outside acts like a hyperpolarisation of the sensor."""
    baths = [{Na: 100.0, Ca: ca, Cl: 100.0 + 2 * ca} for ca in (0.5, 2.0, 8.0, 20.0)]
    shifts = [ifx.gating_shift(baths[0], bath, sigma=-0.1) for bath in baths]
    assert np.all(np.diff(shifts) > 0)
    assert ifx.gating_shift(baths[0], baths[-1], sigma=0.0) == 0.0


# ---- a membrane with two -------------------------------------------------------------------------------------------------------------


def test_claim_1_14_the_field_in_the_membrane_is_not_v_over_d() -> None:
    charged = membrane(-0.07)
    assert charged.drop == pytest.approx(-0.0977, abs=5e-5)
    assert charged.drop == pytest.approx(charged.V + charged.psi_in - charged.psi_out, abs=1e-15)
    assert abs(charged.field) > 1.3 * abs(charged.V / 3e-9)
    assert membrane(-0.07, 0.0, 0.0).drop == pytest.approx(-0.07, rel=0.02)  # without charge the layers take a percent
    one_sided = membrane(0.0, -0.05, 0.0)
    assert one_sided.drop < -0.04  # a field at V = 0


@pytest.mark.parametrize(("sigma_in", "sigma_out"), [(-0.05, -0.02), (-0.02, -0.05), (0.03, -0.01), (0.0, -0.04), (0.0, 0.0)])
def test_claim_1_12_surface_charge_does_not_move_the_reversal_potential_of_a_single_ion(sigma_in: float, sigma_out: float) -> None:
    for ion in (K, Na, Ca, Cl):
        E = ifx.nernst(ion, c_in=INSIDE[ion], c_out=OUTSIDE[ion])
        assert reversal(lambda V, ion=ion: membrane(V, sigma_in, sigma_out).ghk_current(ion, 1e-8)) == pytest.approx(E, abs=1e-12)


def test_surface_charge_moves_the_reversal_potential_of_several_ions() -> None:
    P = {K: 1e-8, Na: 0.3e-8, Cl: 0.5e-8}

    def of(sigma_in: float, sigma_out: float) -> float:
        return reversal(lambda V: sum(membrane(V, sigma_in, sigma_out).ghk_current(ion, p) for ion, p in P.items()))

    plain = ifx.ghk_voltage(P, c_in={ion: INSIDE[ion] for ion in P}, c_out={ion: OUTSIDE[ion] for ion in P})
    assert of(0.0, 0.0) == pytest.approx(plain, abs=1e-3)
    assert abs(of(-0.05, -0.02) - plain) > 5e-3
    assert abs(of(0.05, 0.02) - plain) > 5e-3
    assert of(-0.05, -0.02) < plain < of(0.05, 0.02)  # negative faces keep chloride away, positive ones the cations


def test_surface_charge_multiplies_the_current_of_divalents_most() -> None:
    bare, charged = membrane(-0.07, 0.0, 0.0), membrane(-0.07, -0.05, -0.02)
    gain = {ion: charged.ghk_current(ion, 1e-8) / bare.ghk_current(ion, 1e-8) for ion in (Na, Ca)}
    assert gain[Ca] > gain[Na] > 1


def test_the_diffuse_layers_take_little_of_the_capacitance() -> None:
    bare = 2.0 * 8.8541878188e-12 / 3e-9
    V = np.linspace(-0.2, 0.2, 9)
    capacitance = membrane(V).capacitance
    assert np.all((0.97 * bare < capacitance) & (capacitance < bare))
    step = 1e-6
    held = [bare * membrane(V + s).drop for s in (-step, step)]  # charge of the dielectric
    np.testing.assert_allclose((held[1] - held[0]) / (2 * step), capacitance, rtol=1e-8)


def test_swapping_sides_and_the_sign_of_v_mirrors_the_membrane() -> None:
    one = membrane(-0.07)
    other = ifx.charged_bilayer(inside=OUTSIDE, outside=INSIDE, sigma_in=-0.02, sigma_out=-0.05, V=0.07, thickness=3e-9, eps_r=74.0)
    assert other.psi_in == pytest.approx(one.psi_out, rel=1e-14)
    assert other.psi_out == pytest.approx(one.psi_in, rel=1e-14)
    assert other.drop == pytest.approx(-one.drop, rel=1e-14)
    for ion in (K, Na, Ca, Cl):
        assert other.ghk_current(ion, 1e-8) == pytest.approx(-one.ghk_current(ion, 1e-8), rel=1e-13)


def test_membranes_broadcast() -> None:
    V = np.linspace(-0.1, 0.1, 5)[:, None]
    sigma = np.array([-0.05, 0.0, 0.02])
    many = ifx.charged_bilayer(inside=INSIDE, outside=OUTSIDE, sigma_in=sigma, sigma_out=-0.02, V=V, thickness=3e-9)
    assert many.drop.shape == many.c_surface_in["K"].shape == many.ghk_current(K, 1e-8).shape == (5, 3)
    for i in range(5):
        for j in range(3):
            one = ifx.charged_bilayer(inside=INSIDE, outside=OUTSIDE, sigma_in=sigma[j], sigma_out=-0.02, V=V[i, 0], thickness=3e-9)
            assert (one.drop, one.psi_in, one.c_surface_out[Ca]) == (many.drop[i, j], many.psi_in[i, j], many.c_surface_out[Ca][i, j])
    lithium = IonSpecies("Li2", 1)
    with pytest.raises(ifx.UnknownNameError, match="neither side has 'Li2'"):
        many.ghk_current(lithium, 1e-8)
