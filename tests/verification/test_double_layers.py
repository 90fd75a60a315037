"""Double layers against a slow twin: 50 digits, adaptive quadrature, a boundary-value solver; other salts, temperatures and sizes."""

from __future__ import annotations

import numpy as np
import pytest
from reference.poisson_boltzmann import Solution, curved, slit

import ionflux as ifx
from ionflux import SO4, Ca, Cl, IonSpecies, K, Mg, Na

LA, PO4 = IonSpecies("La", 3), IonSpecies("PO4", -3)
BATHS = {
    "1:1": {Na: 37.0, Cl: 37.0},
    "2:1": {Ca: 12.0, Cl: 24.0},
    "1:2": {K: 60.0, SO4: 30.0},
    "cytosol": {K: 140.0, Na: 12.0, Mg: 0.5, Cl: 20.0, PO4: 44.333333333333336},
    "trace of three": {Na: 100.0, LA: 1e-3, Cl: 100.003},
    "dilute": {Na: 1e-3, Cl: 1e-3},
    "brine": {Ca: 900.0, Cl: 1800.0},
}


#: one of each kind in every run, the others in a long one
SOME = [name if name == "cytosol" else pytest.param(name, marks=pytest.mark.slow) for name in BATHS]


def twin(bath: dict[IonSpecies, float], eps_r: float, T: float, a: float = 0.0) -> Solution:
    return Solution(tuple(ion.z for ion in bath), tuple(bath.values()), eps_r, T, a)


@pytest.mark.parametrize("name", BATHS)
@pytest.mark.parametrize("size", [None, 3e-10])
def test_a_plane_obeys_its_first_integral_to_rounding(name: str, size: float | None) -> None:
    bath, T, eps_r = BATHS[name], 288.0, 81.5
    slow = twin(bath, eps_r, T, size or 0.0)
    for psi in (1e-5, -0.013, 0.09, -0.25, 0.7, -4.0):
        layer = ifx.double_layer(bath, psi_0=psi, eps_r=eps_r, T=T, ion_size=size)
        sigma = float(slow.sigma(psi / slow.VT))
        assert layer.sigma == pytest.approx(sigma, rel=1e-13, abs=0)
        assert layer.capacitance == pytest.approx(slow.capacitance(psi / slow.VT), rel=1e-12)
        if abs(sigma) < 10:
            assert ifx.double_layer(bath, sigma=sigma, eps_r=eps_r, T=T, ion_size=size).psi_0 == pytest.approx(psi, rel=2e-14, abs=0)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize(
    ("psi", "size"),
    [(-0.1, None), *(pytest.param(*x, marks=pytest.mark.slow) for x in ((0.02, None), (0.3, None), (-0.9, None), (-0.4, 3e-10)))],
)
def test_the_profile_of_a_plane_is_the_quadrature_of_its_first_integral(name: str, psi: float, size: float | None) -> None:
    bath, T, eps_r = BATHS[name], 310.15, 74.0
    slow = twin(bath, eps_r, T, size or 0.0)
    layer = ifx.double_layer(bath, psi_0=psi, eps_r=eps_r, T=T, ion_size=size)
    for part in (1e-3, 0.3, 2.0, 9.0):
        x = part * layer.debye_length
        # the distance at which the potential is what it is said to be at x
        assert slow.distance(psi / slow.VT, layer.psi(x) / slow.VT) == pytest.approx(x, abs=1e-11 * layer.debye_length, rel=1e-10)


CURVED = [
    ("cytosol", "sphere", 4e-9, -0.06, None),
    *(
        pytest.param(*row, marks=pytest.mark.slow)
        for row in (
            ("1:1", "sphere", 0.5e-9, -0.11, None),
            ("1:1", "cylinder", 0.4e-9, 0.2, None),
            ("2:1", "cylinder", 8e-9, -0.15, None),
            ("2:1", "cylinder", 8e-9, 0.05, None),
            ("dilute", "sphere", 2e-9, -0.01, None),  # κa = 0.007
            ("1:2", "sphere", 3e-9, 0.12, 4e-10),
        )
    ),
]


@pytest.mark.parametrize(("name", "geometry", "radius", "sigma", "size"), CURVED)
def test_curved_layers_agree_with_a_boundary_value_solver(
    name: str, geometry: str, radius: float, sigma: float, size: float | None
) -> None:
    bath = BATHS[name]
    slow = twin(bath, 78.5, 298.15, size or 0.0)
    layer = ifx.double_layer(bath, sigma=sigma, geometry=geometry, radius=radius, eps_r=78.5, T=298.15, ion_size=size)
    x = np.array([0.05, 0.5, 2.0, 6.0]) * layer.debye_length
    field = sigma / (78.5 * 8.8541878188e-12 * slow.VT * slow.kappa)
    wall, u = curved(slow, 2 if geometry == "sphere" else 1, radius, field, x)
    assert layer.psi_0 == pytest.approx(wall * slow.VT, rel=1e-9)  # the twin's own tolerance per step is 1e-11
    np.testing.assert_allclose(layer.psi(x), u * slow.VT, rtol=1e-8)
    step = 1e-5
    near = [
        ifx.double_layer(bath, sigma=sigma * (1 + s), geometry=geometry, radius=radius, eps_r=78.5, T=298.15, ion_size=size).psi_0
        for s in (-step, step)
    ]
    assert layer.capacitance == pytest.approx(2 * step * sigma / (near[1] - near[0]), rel=1e-8)


@pytest.mark.parametrize("name", ["1:1", "2:1", "cytosol", "dilute"])
@pytest.mark.parametrize("separation", [4e-10, 3e-9, 15e-9])
def test_slits_agree_with_quadrature(name: str, separation: float) -> None:
    bath = BATHS[name]
    slow = twin(bath, 78.5, 298.15)
    unit = 78.5 * 8.8541878188e-12 * slow.VT * slow.kappa
    for psi in (0.03, -0.12):
        layer = ifx.double_layer(bath, psi_0=psi, geometry="slit", separation=separation, eps_r=78.5, T=298.15)
        middle, _, field = slit(slow, separation, u_wall=psi / slow.VT)
        assert layer.psi_mid == pytest.approx(middle * slow.VT, rel=2e-11)
        if abs(middle) < 0.9 * abs(psi) / slow.VT:  # else the field is the difference of two potentials that are nearly one
            assert layer.sigma == pytest.approx(field * unit, rel=1e-9)
    for sigma in (0.01, -0.08):
        layer = ifx.double_layer(bath, sigma=sigma, geometry="slit", separation=separation, eps_r=78.5, T=298.15)
        middle, wall, _ = slit(slow, separation, field=sigma / unit)
        assert layer.psi_mid == pytest.approx(middle * slow.VT, rel=2e-11)
        assert layer.psi_0 == pytest.approx(wall * slow.VT, rel=2e-11)
        excess = float(slow.excess(middle)) * 8.31446261815324 * 298.15
        assert layer.pressure == pytest.approx(excess, rel=1e-10)
        assert layer.psi(0.5 * separation) == pytest.approx(layer.psi_mid, rel=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("geometry", ["sphere", "cylinder", "slit"])
@pytest.mark.parametrize("size", [None, 2e-10])
def test_every_one_of_thousands_of_surfaces_is_solved_and_there_and_back_is_the_same(geometry: str, size: float | None) -> None:
    rng = np.random.default_rng(11)
    n = 3000
    na, ca, so4 = 10 ** rng.uniform(-1, 3, n), 10 ** rng.uniform(-3, 2, n), 10 ** rng.uniform(-3, 2, n)
    la = np.where(rng.random(n) < 0.5, 10 ** rng.uniform(-6, 1, n), 0.0)
    bath = {Na: na + 2 * so4, Ca: ca, LA: la, SO4: so4, Cl: na + 2 * ca + 3 * la}
    length = 10 ** rng.uniform(-9.5, -6, n)
    where = {"separation": length} if geometry == "slit" else {"radius": length}
    one = ifx.double_layer(bath, sigma=rng.uniform(-0.3, 0.3, n), geometry=geometry, ion_size=size, **where)
    assert np.all(one.status == 0)
    back = ifx.double_layer(bath, psi_0=one.psi_0, geometry=geometry, ion_size=size, **where)
    assert np.all(back.status == 0)
    np.testing.assert_allclose(back.sigma, one.sigma, rtol=1e-11)
