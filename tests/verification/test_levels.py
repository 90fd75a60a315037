"""A membrane at four levels: each is exact in its own limit, all with one sign rule, and the choice between them is honest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, H, K, Layer, Membrane1D, Na, compare_levels, nernst_planck, pnp, pnp_iv

approx = pytest.approx
IN, OUT = {K: 140.0, Na: 12.0, Cl: 152.0}, {K: 5.0, Na: 145.0, Cl: 150.0}
PART = {K: 1e-3, Na: 4e-5, Cl: 4.5e-4}


def lipid(sigma: Any = (-0.05, -0.02), **more: Any) -> Membrane1D:
    """Water, a lipid membrane with charged faces, water."""
    water = Layer(10e-9, eps_r=74.0)
    return Membrane1D([water, Layer(4e-9, **{"eps_r": 2.0, "D_factor": 0.1, "partition": PART} | more), water], surface_charge=sigma)


def sizes(level: Any) -> list[Any]:
    return [level.I, *level.J.values(), level.reversal]


# ---- each level in its own limit -----------------------------------------------------------------------------------------------


def test_goldman_holds_with_the_layers_in_series() -> None:
    level = compare_levels(lipid(), IN, OUT, -0.07)["ghk"]
    P = {ion: 1.0 / (2 * 10e-9 / ion.D + 4e-9 / (0.1 * ion.D * k)) for ion, k in PART.items()}
    for ion, p in P.items():
        assert level.J[ion] == approx(ifx.ghk_flux(ion, P=p, V=-0.07, c_in=IN[ion], c_out=OUT[ion]), rel=1e-12)
    assert approx(sum(ifx.ghk_current(ion, P=p, V=-0.07, c_in=IN[ion], c_out=OUT[ion]) for ion, p in P.items()), rel=1e-12) == level.I
    assert level.reversal == approx(ifx.ghk_voltage(P, c_in=IN, c_out=OUT), abs=1e-12)


def test_a_thin_film_needs_no_more_than_goldman_and_a_thick_one_none_of_it() -> None:
    left, right = {H: 100.0, K: 1.0, Cl: 101.0}, {H: 1.0, K: 10.0, Cl: 11.0}
    thin, thick = (compare_levels(Membrane1D(Layer(L, eps_r=78.0)), left, right, -0.03, tol=1e-3) for L in (0.05e-9, 2e-6))
    assert (thin.choice, thick.choice) == ("ghk", "electroneutral")
    assert thin["ghk"].difference < 1e-3 < thick["ghk"].difference
    assert thick["electroneutral"].difference < 1e-3 < thin["electroneutral"].difference
    assert thick["electroneutral"].reversal == approx(ifx.liquid_junction(left, right), abs=1e-8)
    assert thin["pnp"].reversal == approx(thin["ghk"].reversal, abs=1e-5)
    assert thick["pnp"].reversal == approx(thick["electroneutral"].reversal, abs=1e-6)


def test_a_thick_gel_is_that_of_teorell_meyer_and_sievers() -> None:
    left, right = {K: 10.0, Cl: 10.0}, {K: 100.0, Cl: 100.0}
    levels = compare_levels(Membrane1D(Layer(5e-6, fixed_charge=-100.0)), left, right, 0.02)
    assert levels["electroneutral"].reversal == approx(ifx.teorell_meyer_sievers(left, right, -100.0).V, abs=1e-8)
    assert levels.choice == "electroneutral"
    assert levels["ghk"].difference > 0.5


def test_between_charged_faces_the_surrogate_is_the_charged_bilayer() -> None:
    # so little enters that solutions have no resistance to speak of
    membrane = lipid(partition={K: 1e-8, Na: 1e-9, Cl: 1e-9})
    levels = compare_levels(membrane, IN, OUT, -0.07)
    bilayer = ifx.charged_bilayer(inside=IN, outside=OUT, sigma_in=-0.05, sigma_out=-0.02, V=-0.07, thickness=4e-9, eps_r=74.0)
    for ion, k in ((K, 1e-8), (Na, 1e-9), (Cl, 1e-9)):
        want = bilayer.ghk_current(ion, P=0.1 * ion.D * k / 4e-9) / (ion.z * 96485.33212331002)
        assert levels["surrogate"].J[ion] == approx(want, rel=1e-6)
    assert levels["surrogate"].difference < 0.02  # the diffuse layers end 10 nm from the faces
    assert levels.choice != "ghk"


def test_the_surrogate_comes_within_a_millivolt_of_the_full_reversal_potential() -> None:
    for sigma in ((-0.05, -0.02), (0.0, 0.0), (0.03, -0.03), (-0.02, 0.0)):
        levels = compare_levels(lipid(sigma), IN, OUT, -0.07)
        assert levels["surrogate"].reversal == approx(levels["pnp"].reversal, abs=1.1e-3)
        assert levels["surrogate"].difference <= levels["ghk"].difference


# ---- one sign rule ---------------------------------------------------------------------------------------------------------------


def test_every_level_turns_around_with_the_membrane() -> None:
    one = compare_levels(lipid(), IN, OUT, -0.07)
    other = compare_levels(lipid((-0.02, -0.05)), OUT, IN, 0.07)
    for name, level in one.items():
        assert sizes(other[name]) == approx([-x for x in sizes(level)], rel=1e-6, abs=1e-9)


def test_the_level_of_reference_is_pnp_itself() -> None:
    levels, film = compare_levels(lipid(), IN, OUT, -0.07), pnp(lipid(), IN, OUT, -0.07)
    assert approx(film.I, rel=1e-6) == levels["pnp"].I
    assert levels["pnp"].difference == 0.0
    assert levels["pnp"].reversal == approx(pnp_iv(lipid(), IN, OUT, [-0.05]).reversal, abs=1e-8)
    assert list(levels) == ["ghk", "surrogate", "electroneutral", "pnp"]


# ---- the choice --------------------------------------------------------------------------------------------------------------------


def test_the_choice_is_the_first_level_that_is_near_enough() -> None:
    levels = compare_levels(lipid(), IN, OUT, -0.07)
    off = [level.difference for level in levels.values()]
    assert levels.cheapest(1e-6) == "pnp"
    assert levels.cheapest(1.001 * off[1]) == "surrogate"
    assert levels.cheapest(100.0) == "ghk"
    assert levels.choice == levels.cheapest(0.01)


def test_a_profile_compares_itself(recwarn: Any) -> None:
    for film in (pnp(lipid(), IN, OUT, -0.07), nernst_planck(lipid(), IN, OUT, -0.07)):
        levels = film.compare_levels(tol=0.1)
        assert levels.tol == 0.1
        assert levels.V == -0.07
        assert levels.choice == "surrogate"
    given = nernst_planck(lipid(), IN, OUT, potential=lambda x: -0.07 * (1 - x / 24e-9))
    for film in (given, nernst_planck(lipid(), IN, OUT, -0.07, velocity=1e-6)):
        with pytest.raises(ifx.InputError, match="at a voltage"):
            film.compare_levels()
    assert not recwarn


def test_a_batch_chooses_for_each_of_its_membranes() -> None:
    sigma, V = np.array([0.0, -0.01, -0.05]), np.array([[-0.07], [0.03]])
    many = compare_levels(lipid(), IN, OUT, V, tol=0.05, vary={"surface_charge.0": sigma, "surface_charge.1": 0.4 * sigma})
    assert many.shape == many.choice.shape == many["ghk"].I.shape == many["surrogate"].reversal.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        one = compare_levels(lipid((sigma[j], 0.4 * sigma[j])), IN, OUT, float(V[i, 0]), tol=0.05)
        assert many.choice[i, j] == one.choice
        for name in many:
            each = [many[name].I[i, j], *(J[i, j] for J in many[name].J.values()), many[name].reversal[i, j]]
            assert each == approx(sizes(one[name]), rel=1e-9, abs=1e-9)
    assert "batch of shape (2, 3)" in repr(many)
    salts = compare_levels(
        lipid(), {K: np.array([100.0, 140.0]), Cl: np.array([100.0, 140.0])}, {K: 5.0, Cl: 5.0}, -0.07, vary={"T": 300.0}
    )
    assert salts.choice.shape == (2,)
    assert np.all(np.diff(salts["ghk"].reversal) < 0)


@pytest.mark.parametrize(
    ("membrane", "why"),
    [
        (Membrane1D(Layer(5e-9)), "1 layers"),
        (lipid(fixed_charge=-100.0), "fixed charge"),
        (Membrane1D([Layer(1e-8, partition=0.5), Layer(4e-9, eps_r=2.0), Layer(1e-8)]), "plain solutions"),
        (Membrane1D([Layer(1e-8, eps_r=70.0), Layer(4e-9, eps_r=2.0), Layer(1e-8)]), "same permittivity"),
        (Membrane1D([Layer(1e-8), Layer(4e-9), Layer(1e-8)]), "lower permittivity"),
    ],
)
def test_a_level_that_does_not_apply_says_why(membrane: Membrane1D, why: str) -> None:
    levels = compare_levels(membrane, IN, OUT, -0.07)
    level = levels["surrogate"]
    assert not level.applicable
    assert why in level.why
    assert why in repr(levels)
    assert np.isnan([level.I, level.J[K], level.reversal, level.difference]).all()
    assert levels.choice in ("ghk", "electroneutral", "pnp")


def test_blocked_ions_and_barriers_are_the_same_at_every_level() -> None:
    closed = compare_levels(lipid(partition={K: 1e-3, Na: 0.0, Cl: 0.0}), IN, OUT, -0.07)
    for level in closed.values():
        assert (level.J[Na], level.J[Cl]) == (0.0, 0.0)
    for name in ("ghk", "surrogate", "pnp"):
        assert closed[name].reversal == approx(ifx.nernst(K, c_in=140.0, c_out=5.0), abs=1e-7)
    assert closed["electroneutral"].J[K] == approx(0.0, abs=1e-20)  # one ion alone cannot be neutral: it is not there
    assert np.isnan(closed["electroneutral"].reversal)
    barrier = Membrane1D(Layer(1e-10, eps_r=78.0, energy={K: (0.0, 3.0, 0.0)}))
    levels = compare_levels(barrier, IN, OUT, 0.0, tol=0.1)
    assert levels["ghk"].difference < 0.1
    assert levels["ghk"].J[K] == approx(nernst_planck(barrier, IN, OUT, 0.0).J[K], rel=1e-12)


def test_levels_show_themselves() -> None:
    levels = compare_levels(lipid(), IN, OUT, -0.07)
    shown = repr(levels)
    assert all(name in shown for name in levels)
    assert "-132.61" in shown
    assert levels._repr_html_().startswith("<table>")
    with pytest.raises(ifx.UnknownNameError, match="ghk"):
        levels["gkh"]
    with pytest.raises(ifx.InputError, match="tol"):
        compare_levels(lipid(), IN, OUT, -0.07, tol=1.0)
