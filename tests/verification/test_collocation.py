"""Poisson–Nernst–Planck by collocation: to round-off against reference values, closed forms, and the finite volumes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import ConvergenceError, InputError, IonSpecies, Layer, Membrane1D, Status, collocation, pnp
from ionflux.constants import FARADAY

approx = pytest.approx
CASES = json.loads((Path(__file__).parents[1] / "data/films.json").read_text())["cases"]
T = 298.15
K, Na, Cl = (IonSpecies(name, z, D=D) for name, z, D in (("K", 1, 1.957e-9), ("Na", 1, 1.334e-9), ("Cl", -1, 2.032e-9)))
Ca, glucose = IonSpecies("Ca", 2, D=0.792e-9), IonSpecies("glucose", 0, D=0.6e-9)
IN, OUT = {K: 140.0, Na: 12.0, Cl: 152.0}, {K: 5.0, Na: 145.0, Cl: 150.0}
WATER = Layer(10e-9, eps_r=74.0)
LIPID = Membrane1D(
    [WATER, Layer(4e-9, eps_r=2.0, D_factor=0.1, partition={"K": 1e-3, "Na": 4e-5, "Cl": 4.5e-4}), WATER], surface_charge=[-0.05, -0.02]
)
GEL = Membrane1D([WATER, Layer(5e-9, eps_r=40.0, D_factor=0.1, fixed_charge=-500.0), WATER])


def exactly(membrane: Membrane1D, left: Any, right: Any, V: Any, **more: Any) -> ifx.Profile:
    return pnp(membrane, left, right, V, method="collocation", **({"tol": 1e-11} | more))


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_reference(case: dict[str, Any]) -> None:
    ions = {name: IonSpecies(name, z, D=1e-9) for name, z in case["z"].items()}
    membrane = Membrane1D([Layer(**layer) for layer in case["layers"]], surface_charge=case["surface_charge"] or None, T=case["T"])
    sides = [{ions[name]: c for name, c in case[side].items()} for side in ("left", "right")]
    want = case["value"]
    if case["what"] == "reversal":
        film = exactly(membrane, *sides, want)
        assert film.I / film.dI_dV == approx(0, abs=1e-14 + 1e-11 * abs(want))
        return
    film = exactly(membrane, *sides, case["V"])
    if case["what"] == "phi":
        got = film.at(case["x"]).phi[0]
    else:
        got = {"I": film.I, "dI_dV": film.dI_dV, **{ion.name: film.J[ion] for ion in ions.values()}}[case["what"]]
    assert got == approx(want, rel=1e-11)
    assert film.audit.flux < 1e-13
    assert film.audit.charge < 1e-13


@pytest.mark.parametrize("V", [-0.2, 0.0, 0.07])
@pytest.mark.parametrize("L", [0.5e-9, 20e-9])
def test_between_solutions_of_equal_strength_the_field_is_constant(L: float, V: float) -> None:
    """Cations as a whole and anions as a whole then have even profiles: Goldman's equation is exact for any thickness."""
    left, right = {K: 100.0, Na: 20.0, Cl: 120.0}, {K: 5.0, Na: 115.0, Cl: 120.0}
    film = exactly(Membrane1D(Layer(L, eps_r=78.5), T=T), left, right, V)
    for ion, c in left.items():
        want = ifx.ghk_flux(ion, P=ion.D / L, V=V, c_in=c, c_out=right[ion], T=T)
        assert film.J[ion] == approx(want, rel=1e-12, abs=1e-15 * ion.D * 100 / L)
    assert film.phi == approx(V * (1 - film.x / L), abs=1e-15)


def test_a_charged_wall_in_equilibrium_is_screened_as_gouy_and_chapman_say() -> None:
    half, water, sigma = {K: 100.0, Cl: 100.0}, Layer(40e-9, eps_r=78.5), -0.1
    film = exactly(Membrane1D([water, water], surface_charge=[sigma], T=T), half, half, 0.0)
    layer = ifx.double_layer(half, sigma=0.5 * sigma, eps_r=78.5, T=T)
    beside = film.x >= 40e-9
    assert film.phi[beside] == approx(layer.psi(np.maximum(film.x[beside] - 40e-9, 0.0)), abs=1e-12)
    assert film.c[K] == approx(100.0 * np.exp(-film.phi * FARADAY / (8.31446261815324 * T)), rel=1e-11)
    assert abs(film.J[K]) < 1e-13 * K.D * 100.0 / 80e-9


def test_so_few_ions_that_the_field_is_the_dielectrics() -> None:
    """Energies, their kinks, diffusivities along the layer, partition: as in the prescribed potential, which needs no iteration."""
    barrier = {"K": lambda s: 6.0 * np.exp(-(((s - 0.5) / 0.15) ** 2)), "Na": (0.0, 3.0, -2.0, 1.0), "Cl": 2.0}
    layers = [
        Layer(2e-9, eps_r=80.0, energy=(1.0, 0.0)),
        Layer(4e-9, eps_r=5.0, D={"K": lambda s: 1e-9 * (1 - 0.8 * np.sin(np.pi * s) ** 2)}, energy=barrier, partition={"Na": 1e-2}),
        Layer(3e-9, eps_r=40.0, D_factor=0.2),
    ]
    few = [{ion: 1e-11 * c for ion, c in side.items()} for side in (IN, OUT)]
    film = exactly(Membrane1D(layers), *few, -0.12)
    given = ifx.nernst_planck(Membrane1D(layers), *few, -0.12, x=film.x)
    for ion in IN:
        assert film.J[ion] == approx(given.J[ion], rel=1e-11)
    assert film.dI_dV == approx(given.dI_dV, rel=1e-10)
    at = np.array([1e-9, 3.1e-9, 4e-9, 8e-9])
    assert film.at(at).c[K] == approx(ifx.nernst_planck(Membrane1D(layers), *few, -0.12, x=at).c[K], rel=1e-6)  # cubic between places


#: one of them on one side only, one without charge
MIXED = {**IN, Ca: 2.0, Cl: 156.0, glucose: 5.0}, {**OUT, Ca: 0.0, glucose: 0.0}
LANDSCAPE = Membrane1D(
    [
        Layer(5e-9, eps_r=70.0, energy={"K": (0.0, 1.0)}),
        Layer(
            3e-9, eps_r=10.0, D={"Na": lambda s: 1e-10 * (1 + s)}, partition=0.1, fixed_charge=200.0, energy={"Cl": lambda s: s * (1 - s)}
        ),
        Layer(2e-9, eps_r=20.0, D={"K": 0.0}, fixed_charge=-400.0),
        Layer(5e-9, eps_r=70.0),
    ],
    surface_charge=[0.02, -0.03, 0.01],
)


@pytest.mark.parametrize("V", [-0.1, 0.06])
@pytest.mark.parametrize("membrane", [LIPID, GEL, LANDSCAPE], ids=["lipid", "gel", "landscape"])
def test_the_finite_volumes_come_to_the_same(membrane: Membrane1D, V: float) -> None:
    film, volumes = exactly(membrane, *MIXED, V), pnp(membrane, *MIXED, V, tol=1e-10)
    for ion in film.ions:
        assert volumes.J[ion] == approx(film.J[ion], rel=1e-9)
    assert volumes.dI_dV == approx(film.dI_dV, rel=1e-7)  # of a linearisation that may be 1e-7 V_T away from the solution
    x = np.cumsum([layer.thickness for layer in membrane.layers])[:-1]
    assert volumes.at(x).phi == approx(film.at(x).phi, abs=1e-10)
    for ion in (Na, Cl, Ca, glucose):
        assert volumes.at(x).c[ion] == approx(film.at(x).c[ion], rel=1e-8)
    if membrane is LANDSCAPE:
        assert film.J[K] == volumes.J[K] == 0.0


@pytest.mark.parametrize("membrane", [LIPID, GEL], ids=["lipid", "gel"])
def test_conductance_is_the_slope_of_the_curve(membrane: Membrane1D) -> None:
    h, V = 2e-3, -0.05
    I = exactly(membrane, IN, OUT, V + h * np.arange(-4, 5)).I
    weights = np.array([3, -32, 168, -672, 0, 672, -168, 32, -3]) / 840  # central difference of order 8
    assert exactly(membrane, IN, OUT, V).dI_dV == approx(weights @ I / h, rel=1e-10)


def test_a_batch_is_its_rows_bit_by_bit() -> None:
    X, V = np.array([-500.0, -50.0, 0.0, 300.0]), np.array([[-0.1], [0.05]])
    whole = exactly(GEL, IN, OUT, V, vary={"layers.1.fixed_charge": X})
    assert whole.I.shape == (2, 4)
    for i, j in ((0, 0), (1, 2), (0, 3)):
        one = exactly(GEL.replace({"layers.1.fixed_charge": X[j]}), IN, OUT, V[i, 0])
        assert one.I == whole.I[i, j]
        assert one.dI_dV == whole.dI_dV[i, j]
        assert np.array_equal(one.phi, whole.phi[i, j][: len(one.phi)])


@pytest.mark.parametrize("X", [10_000.0, -10_000.0])
def test_a_charge_a_hundred_thousand_times_the_salt(X: float) -> None:
    salt, water = {K: 0.1, Cl: 0.1}, Layer(20e-9, eps_r=78.5)
    membrane = Membrane1D([water, Layer(5e-9, eps_r=78.5, fixed_charge=X), water], T=T)
    film, volumes = exactly(membrane, salt, salt, 0.1, tol=1e-9), pnp(membrane, salt, salt, 0.1, tol=1e-8)
    co = K if X > 0 else Cl
    assert volumes.J[co] == approx(film.J[co], rel=3e-8)
    assert film.at(22.5e-9).c[co][0] == approx(volumes.at(22.5e-9).c[co][0], rel=1e-6)


def test_what_is_not_resolved_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collocation, "_MOST", 0)
    with pytest.raises(ConvergenceError):
        exactly(GEL, IN, OUT, -0.07)
    assert np.all(exactly(GEL, IN, OUT, np.array([-0.07, 0.07])).status == Status.NOT_CONVERGED)


@pytest.mark.parametrize(("more", "says"), [({"method": "colocation"}, "collocation"), ({"nodes": 20}, "finite volumes")])
def test_what_cannot_be_is_refused(more: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        exactly(GEL, IN, OUT, 0.0, **more) if "method" not in more else pnp(GEL, IN, OUT, 0.0, **more)
