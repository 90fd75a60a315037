"""Extrapolated results and how far off they are said to be: tables whose limits are known."""

from __future__ import annotations

import numpy as np
import pytest

from ionflux.extrapolation import MESHES, Values, change, difference, estimate, romberg, rounding, slope_change

Z, UNIT = np.array([1.0, -1.0]), np.ones((1, 2))
approx = pytest.approx
J, DJ, U = np.array([[2.0, -1.0]]), np.array([[1.0, 1.0]]), np.zeros(1)


def values(J: np.ndarray = J, dJ: np.ndarray = DJ, u: np.ndarray = U) -> Values:
    return Values(J, dJ, u)


def test_an_error_in_even_powers_of_the_cells_is_gone_after_as_many_extrapolations() -> None:
    h = 0.5 ** np.arange(4)
    assert romberg(3.0 + 2.0 * h**2 - 5.0 * h**4 + h**6)[0] == approx(3.0, abs=1e-14)
    best, worse = romberg(3.0 + h**6)
    assert abs(best - 3.0) < 1e-15 < abs(worse - 3.0)


def test_a_difference_is_that_of_the_ion_or_of_the_current_that_differs_most() -> None:
    assert difference(J, J * [1.0, 1.001], Z, UNIT) == approx(1e-3)
    near = np.array([[1.0, 0.99]])  # the current is a hundredth of what both carry
    assert difference(near, near * [1.0, 1.001], Z, UNIT) == approx(0.099)
    assert difference(J * [1.0, 1e-9], J * [1.0, 2e-9], Z, UNIT) == approx(
        1e-3 / 2
    )  # of an ion that hardly passes, a millionth of the others


def test_a_mesh_that_changes_permeabilities_alike_at_all_voltages_has_changed_fluxes_by_as_much() -> None:
    assert change(values(), values(J * 0.999, DJ * 0.999), Z, UNIT, 4) == approx(1e-3, rel=1e-6)


def test_a_mesh_that_changes_nothing_at_this_voltage_has_changed_what_is_beside_it() -> None:
    at_most = 2.0 * 1e-3 * np.max(np.abs(DJ) / np.maximum(np.abs(J), np.abs(DJ)))
    assert change(values(), values(dJ=DJ * 0.999), Z, UNIT, 4) >= at_most
    assert change(values(), values(dJ=DJ * 0.999), Z, UNIT, 6) == approx(0.0, abs=1e-14)  # by then derivatives have been rounded


def test_where_the_current_is_given_a_change_of_the_voltage_counts() -> None:
    assert change(values(u=np.full(1, 1e-3)), values(), Z, UNIT, 6) == approx(1e-3)


def test_where_the_current_is_given_what_counts_is_beside_the_current_not_beside_the_voltage() -> None:
    """Both permeabilities change alike with V: at a current that is given neither fluxes nor V know of it but by how far V has to go."""
    twice = values(np.array([[2.0, 2.0]]), np.array([[2.0, -2.0]]))
    other = values(np.array([[2.0, 2.0]]), np.array([[2.002, -2.002]]))
    at_voltage, at_current = (change(other, twice, Z, UNIT, 4, clamped) for clamped in (False, True))
    assert at_voltage == approx(2.0 * 1e-3, rel=1e-2)
    assert at_current == approx(2.0 / 3.0 * 1e-3, rel=1e-2)


def test_of_a_given_current_the_rounding_of_the_voltage_is_left_where_ions_are_near_equilibrium() -> None:
    z, unit = np.array([2.0, -1.0, -1.0]), np.ones((1, 3))
    J, dJ, u = np.array([[1e-9, 1e-9, 1e-9]]), np.array([[1e-9, -1e-2, -1.0]]), np.full(1, -0.5)
    assert rounding(values(J, dJ, u), z, unit) == approx(2.2e-16 * 1e-2 / 1e-9)
    assert rounding(values(J[:, :2], dJ[:, :2], u), z[:2], unit[:, :2]) < 1e-15  # the flux of the second is twice that of the first
    assert rounding(values(0.0 * J, dJ, u), z, unit) == 0.0  # nothing flows: in Donnan's equilibrium any digit of V would be the last


@pytest.mark.parametrize(("meshes", "last"), [(MESHES, 1e-6), (MESHES + 2, 1e-9)])
def test_of_smooth_solutions_a_smaller_share_of_the_change_is_left(meshes: int, last: float) -> None:
    """The last of m meshes changes what goes with the (m − 1)-th power of its cells squared, and leaves the m-th."""
    each = last * np.array([1.0, 1e-3])
    share = estimate(500.0 * each, each, meshes) / each
    assert share[1] / share[0] == approx(1e-3 ** (1.0 / (meshes - 1)))


def test_the_slope_of_a_curve_has_changed_by_what_those_of_all_ions_have() -> None:
    assert slope_change(np.array([[2.0, -2.0]]), np.array([[2.002, -1.998]]), Z) == approx(1e-3)  # of 4
    assert slope_change(DJ, DJ, np.array([1.0, 1.0])) > 0.0


def test_between_equal_solutions_nothing_has_changed() -> None:
    assert change(values(np.zeros((1, 2))), values(np.full((1, 2), 1e-30)), Z, UNIT, 4) < 1e-12


@pytest.mark.parametrize("meshes", [MESHES, MESHES + 1, MESHES + 4])
def test_an_estimate_is_a_share_of_the_last_change_and_all_of_it_where_meshes_do_not_help(meshes: int) -> None:
    before, last = np.array([1e-3, 1e-3, 1e-3]), np.array([1e-5, 1e-3, 2e-3])
    error = estimate(before, last, meshes)
    assert np.all(error <= last)
    assert error[0] < 0.5 * last[0]
    assert np.all(error[1:] == last[1:])


def test_results_that_meet_by_chance_have_not_converged() -> None:
    assert estimate(np.array([1e-2]), np.array([0.0]), MESHES) > 1e-6
