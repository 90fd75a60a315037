"""Impedance of membranes in profile: its limits, a closed form, and the answer to a small step."""

from __future__ import annotations

import numpy as np
import pytest
from reference.films_in_time import blocking_impedance
from scipy.interpolate import CubicSpline
from verification.test_transients import IN, MINUS, OUT, PLUS, VT, gap, gel, lipid

from ionflux import InputError, Layer, Membrane1D, impedance, pnp, pnp_transient
from ionflux.constants import VACUUM_PERMITTIVITY

approx = pytest.approx


@pytest.mark.parametrize("membrane", [lipid(), gel()], ids=["lipid", "gel"])
def test_at_low_frequencies_it_is_the_slope_of_the_current(membrane: Membrane1D) -> None:
    found, still = impedance(membrane, IN, OUT, -0.07, omega=[0.0, 1e-2], nodes=24), pnp(membrane, IN, OUT, -0.07, nodes=24)
    assert found.conductance == approx(still.dI_dV, rel=1e-9)


def test_at_high_frequencies_it_is_that_of_the_dielectrics_in_series() -> None:
    found = impedance(lipid(), IN, OUT, 0.02, omega=1e15)
    series = 1 / (20e-9 / (VACUUM_PERMITTIVITY * 74.0) + 4e-9 / (VACUUM_PERMITTIVITY * 2.0))
    assert found.capacitance == approx(series, rel=1e-7)
    assert found.Z.imag == approx(-1 / (1e15 * series), rel=1e-7)


@pytest.mark.parametrize("epsilon", [0.3, 0.02])
def test_blocking_electrodes_have_the_impedance_of_the_closed_form(epsilon: float) -> None:
    membrane, salt, L, tau = gap(epsilon)
    omega = np.logspace(-3, 4, 15) / tau
    found = impedance(membrane, salt, salt, 0.0, omega=omega, blocking=True)
    want = blocking_impedance(omega, L, 2e-9, epsilon * L, 78.5)
    assert np.max(np.abs(found.Z / want - 1)) < 1e-6
    assert found.error.max() < 1e-6


def test_a_double_layer_is_a_capacitor_at_low_frequencies() -> None:
    membrane, salt, L, tau = gap(0.005)
    found = impedance(membrane, salt, salt, 0.1, omega=1e-5 / tau, blocking=True)
    bulk = 1 - 4 * 0.005 * np.sinh(0.05 / (4 * VT)) ** 2  # what the two layers hold is missing between them, to first order
    one = VACUUM_PERMITTIVITY * 78.5 / (0.005 * L) * np.sqrt(bulk) * np.cosh(0.05 / (2 * VT))
    assert found.capacitance == approx(one / 2, rel=0.02)


def test_it_is_the_transform_of_the_answer_to_a_small_step() -> None:
    membrane, salt, _, tau = gap(0.1)
    t = np.concatenate([[0.0], np.geomspace(1e-4, 12.0, 90)]) * tau
    run = pnp_transient(membrane, salt, salt, 1e-6, t=t, blocking=True, nodes=80)
    omega = np.array([0.5, 2.0]) / tau
    found = impedance(membrane, salt, salt, 0.0, omega=omega, blocking=True, nodes=80)
    fine = np.linspace(0, 1, 20001) ** 3 * t[-1]
    rest = CubicSpline(np.cbrt(t), run.Q / 1e-6)(np.cbrt(fine)) - run.Q[-1] / 1e-6
    for w, Y in zip(omega, found.Y, strict=True):
        transform = run.Q[-1] / 1e-6 / (1j * w) + np.trapezoid(rest * np.exp(-1j * w * fine), fine)
        assert abs((1j * w) ** 2 * transform / Y - 1) < 1e-3  # of the spline, and of what is missing after the last time


def test_a_batch_is_its_rows() -> None:
    V = np.array([-0.05, 0.0, 0.08])
    found = impedance(gel(), IN, OUT, V, omega=[1.0, 1e9], tol=1e-4)
    assert found.Z.shape == (3, 2)
    assert np.array_equal(found.Y[2], impedance(gel(), IN, OUT, 0.08, omega=[1.0, 1e9], tol=1e-4).Y)


def test_what_has_no_answer_is_refused() -> None:
    film, salt = Membrane1D(Layer(5e-9)), {PLUS: 100.0, MINUS: 100.0}
    with pytest.raises(InputError, match="blocking electrodes no current"):
        impedance(film, salt, salt, 0.0, omega=[0.0, 1.0], blocking=True)
    with pytest.raises(InputError, match="angular frequency"):
        impedance(film, salt, salt, 0.0, omega=[[1.0]])
    with pytest.raises(InputError, match="omega"):
        impedance(film, salt, salt, 0.0, omega=-1.0)
