"""Figures of double layers and of charged membranes."""

from __future__ import annotations

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, K, Na
from ionflux._draw import new_axes

pytest.importorskip("matplotlib")

SALT = {K: 140.0, Na: 10.0, Cl: 150.0}


def test_the_profile_stands_beside_linear_theory_in_millivolts_and_nanometres() -> None:
    layer = ifx.double_layer(SALT, sigma=-0.1)
    given = new_axes(window=False)[0, 0]
    ax = layer.plot(given)
    assert ax is given
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("distance from the surface (nm)", "potential (mV)")
    (full, linear) = ax.lines
    x, psi = full.get_data()
    assert psi[0] == pytest.approx(1e3 * layer.psi_0)
    assert psi[30] == pytest.approx(1e3 * layer.psi(1e-9 * x[30]))
    beside = linear.get_ydata()
    assert beside[0] == pytest.approx(psi[0])
    assert abs(psi[100]) < abs(beside[100])  # a strongly charged surface is screened faster than linear theory says
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Poisson–Boltzmann", "linear"]


def test_a_slit_is_drawn_from_wall_to_wall() -> None:
    slit = ifx.double_layer(SALT, sigma=-0.1, geometry="slit", separation=3e-9)
    (line,) = slit.plot(new_axes(window=False)[0, 0]).lines
    x, psi = line.get_data()
    assert x[-1] == pytest.approx(3.0)
    np.testing.assert_allclose(psi, psi[::-1], rtol=1e-9)


def test_the_membrane_is_drawn_from_one_solution_to_the_other() -> None:
    membrane = ifx.charged_bilayer(inside=SALT, outside=SALT, sigma_in=-0.05, sigma_out=-0.02, V=-0.07, thickness=3e-9)
    ax = membrane.plot(new_axes(window=False)[0, 0])
    x, psi = ax.lines[0].get_data()
    assert psi[0] == pytest.approx(-70, abs=0.5)
    assert psi[-1] == pytest.approx(0, abs=0.5)
    assert psi[np.argmin(np.abs(x))] == pytest.approx(1e3 * (membrane.V + membrane.psi_in))
    assert psi[np.argmin(np.abs(x - 3))] == pytest.approx(1e3 * membrane.psi_out)
    assert "inside | membrane | outside" in ax.get_xlabel()


def test_a_batch_is_no_curve() -> None:
    with pytest.raises(ifx.InputError, match="not one curve"):
        ifx.double_layer(SALT, sigma=np.array([0.1, 0.2])).plot()
    with pytest.raises(ifx.InputError, match="not one curve"):
        ifx.charged_bilayer(inside=SALT, outside=SALT, sigma_in=0.0, sigma_out=0.0, V=[0.0, 0.1], thickness=3e-9).plot()
