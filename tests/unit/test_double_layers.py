"""Double layers: reference values, what broadcasts, what is refused, and laws that hold whatever the numbers."""

from __future__ import annotations

import importlib
import importlib.util
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ionflux as ifx
from ionflux import SO4, Ca, Cl, IonSpecies, K, Mg, Na, _kernels, species
from ionflux.constants import ELEMENTARY_CHARGE, FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY

VT = GAS_CONSTANT * 310.15 / FARADAY
PHYS = {Na: 145.0, K: 5.0, Ca: 2.0, Mg: 1.0, Cl: 156.0}
LA = IonSpecies("La", 3)
X = IonSpecies("X", 0)
SALTS = [{Na: 100.0, Cl: 100.0}, {Ca: 50.0, Cl: 100.0}, {Na: 100.0, SO4: 50.0}, PHYS, {Na: 80.0, LA: 5.0, SO4: 10.0, Cl: 75.0}]
SHAPES: list[dict[str, Any]] = [
    {},
    {"geometry": "sphere", "radius": 3e-9},
    {"geometry": "cylinder", "radius": 2e-9},
    {"geometry": "slit", "separation": 3e-9},
    {"ion_size": 4e-10},
    {"ion_size": 4e-10, "geometry": "sphere", "radius": 3e-9},
]

salts = st.sampled_from(SALTS)
shapes = st.sampled_from(SHAPES)
charges = st.floats(-0.15, 0.15).filter(lambda x: abs(x) > 1e-6)


def cases(function: str) -> list[Any]:
    rows = json.loads((Path(__file__).parents[1] / "data/double_layers.json").read_text())["cases"]
    return [pytest.param(row, id=row["id"]) for row in rows if row["function"] == function]


def ion(name: str) -> IonSpecies:
    found: IonSpecies = getattr(species, name)
    return found


def as_bath(named: dict[str, float]) -> ifx.Bath:
    return ifx.Bath({ion(name): c for name, c in named.items()})


def mirrored(bath: dict[IonSpecies, float]) -> dict[IonSpecies, float]:
    return {IonSpecies(one.name, -one.z): c for one, c in bath.items()}


# ---- values ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", cases("double_layer"))
def test_reference_values(row: dict[str, Any]) -> None:
    arguments = dict(row["arguments"])
    bath, x = as_bath(arguments.pop("bath")), arguments.pop("x", None)
    if "regulation" in arguments:
        group = dict(arguments["regulation"])
        group["binds"] = {ion(name): k for name, k in group["binds"].items()}
        arguments["regulation"] = ifx.SurfaceGroup(group.pop("density"), group.pop("pK"), **group)
    layer = ifx.double_layer(bath, **arguments)
    quantity = row["quantity"]
    value = layer.psi(x) if quantity == "psi" else layer.c(Na, 0.0) if quantity == "c_Na" else getattr(layer, quantity)
    assert value == pytest.approx(row["value"], rel=row["rtol"], abs=0)


@pytest.mark.parametrize("row", cases("gating_shift"))
def test_calcium_moves_the_activation_of_channels_to_the_right(row: dict[str, Any]) -> None:
    arguments = dict(row["arguments"])
    shift = ifx.gating_shift(as_bath(arguments.pop("bath_1")), as_bath(arguments.pop("bath_2")), **arguments)
    assert shift == pytest.approx(row["value"], rel=row["rtol"], abs=0)
    assert shift > 0


@pytest.mark.parametrize("row", cases("charged_bilayer"))
def test_reference_values_of_a_charged_bilayer(row: dict[str, Any]) -> None:
    arguments = dict(row["arguments"])
    inside, outside = as_bath(arguments.pop("inside")), as_bath(arguments.pop("outside"))
    carrier, P = arguments.pop("ion", None), arguments.pop("P", None)
    membrane = ifx.charged_bilayer(inside=inside, outside=outside, **arguments)
    quantity = row["quantity"]
    value = membrane.ghk_current(ion(carrier), P) if quantity == "ghk" else getattr(membrane, quantity)
    assert value == pytest.approx(row["value"], rel=row["rtol"], abs=0)


# ---- laws ---------------------------------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(salts, shapes, charges)
def test_the_order_of_ions_neutral_species_and_those_of_zero_concentration_change_nothing(
    bath: dict[IonSpecies, float], shape: dict[str, Any], sigma: float
) -> None:
    one = ifx.double_layer(bath, sigma=sigma, **shape)
    turned = ifx.double_layer(dict(reversed(bath.items())), sigma=sigma, **shape)
    more = ifx.double_layer({**bath, X: 30.0, IonSpecies("Y", -4): 0.0}, sigma=sigma, **shape)
    for other in (turned, more):
        assert other.psi_0 == pytest.approx(one.psi_0, rel=1e-12, abs=0)
        assert other.psi(1e-9) == pytest.approx(one.psi(1e-9), rel=1e-11, abs=0)
    assert more.enrichment(X) == pytest.approx(1.0 if "ion_size" not in shape else more.c(X, 0.0) / 30.0, rel=1e-12)


@settings(max_examples=20)
@given(salts, shapes, charges)
def test_reversing_every_charge_reverses_the_potential(bath: dict[IonSpecies, float], shape: dict[str, Any], sigma: float) -> None:
    one, other = ifx.double_layer(bath, sigma=sigma, **shape), ifx.double_layer(mirrored(bath), sigma=-sigma, **shape)
    assert other.psi_0 == pytest.approx(-one.psi_0, rel=1e-14, abs=0)
    assert other.psi(0.7e-9) == pytest.approx(-one.psi(0.7e-9), rel=1e-13, abs=0)
    assert other.capacitance == pytest.approx(one.capacitance, rel=1e-13)


@settings(max_examples=20)
@given(salts, shapes, charges)
def test_the_potential_of_a_charge_makes_that_charge(bath: dict[IonSpecies, float], shape: dict[str, Any], sigma: float) -> None:
    """Grahame and its inverse; the same both ways round a sphere and between plates."""
    back = ifx.double_layer(bath, psi_0=ifx.double_layer(bath, sigma=sigma, **shape).psi_0, **shape).sigma
    assert back == pytest.approx(sigma, rel=1e-14 if shape in ({}, {"ion_size": 4e-10}) else 1e-11, abs=0)


@settings(max_examples=20)
@given(salts, shapes, charges)
def test_the_ions_of_the_diffuse_layer_carry_the_charge_of_the_surface_with_the_other_sign(
    bath: dict[IonSpecies, float], shape: dict[str, Any], sigma: float
) -> None:
    layer = ifx.double_layer(bath, sigma=sigma, **shape)
    end, bend, a = 30.0 * layer.debye_length, 0, 1.0
    if "separation" in shape:
        end = 0.5 * shape["separation"]
    elif "radius" in shape:
        bend, a = (2 if shape["geometry"] == "sphere" else 1), shape["radius"]
    # the thickness of the layer next to a strongly charged wall is 2ε(RT/F)/σ, not λ
    start = min(layer.debye_length, 2 * VACUUM_PERMITTIVITY * 74 * VT / abs(sigma)) * 1e-2
    edges = np.concatenate([[0.0], np.geomspace(start, end, 40)])
    nodes, weights = np.polynomial.legendre.leggauss(12)
    half = 0.5 * np.diff(edges)
    x = (0.5 * (edges[1:] + edges[:-1])[:, None] + half[:, None] * nodes).ravel()
    density = sum(one.z * FARADAY * layer.c(one, x) for one in bath)
    held = np.sum(
        (half[:, None] * weights).ravel() * density * (1 + x / a) ** bend if bend else (half[:, None] * weights).ravel() * density
    )
    assert held == pytest.approx(-sigma, rel=1e-10)


@settings(max_examples=20)
@given(salts, st.sampled_from(SHAPES[:4]), st.floats(1e-9, 1e-5))
def test_a_weakly_charged_surface_follows_linear_theory(bath: dict[IonSpecies, float], shape: dict[str, Any], psi: float) -> None:
    layer = ifx.double_layer(bath, psi_0=psi, eps_r=78.5, T=298.15, **shape)
    kappa, geometry = 1 / layer.debye_length, shape.get("geometry", "plane")
    a = shape.get("radius", 1.0)
    from scipy.special import kve

    factor = {
        "plane": 1.0,
        "sphere": 1 + 1 / (kappa * a),
        "cylinder": kve(1, kappa * a) / kve(0, kappa * a),
        "slit": np.tanh(0.5 * kappa * shape.get("separation", 1.0)),
    }[geometry]
    expected = 78.5 * VACUUM_PERMITTIVITY * kappa * factor
    assert layer.sigma / psi == pytest.approx(expected, rel=3 * psi / VT + 1e-11)
    assert layer.capacitance == pytest.approx(expected, rel=5 * psi / VT + 1e-10)


def test_an_uncharged_surface_has_no_layer() -> None:
    for shape in SHAPES:
        layer = ifx.double_layer(PHYS, sigma=0.0, **shape)
        assert layer.psi_0 == layer.psi_d == layer.sigma == 0.0
        assert np.all(layer.psi([0.0, 1e-9]) == 0.0)
        assert layer.enrichment(Ca) == 1.0
        assert layer.capacitance > 0
    slit = ifx.double_layer(PHYS, sigma=0.0, geometry="slit", separation=3e-9)
    assert slit.pressure == slit.psi_mid == 0.0


@settings(max_examples=20)
@given(salts, charges, st.sampled_from(["sphere", "cylinder"]))
def test_a_large_sphere_is_a_plane(bath: dict[IonSpecies, float], sigma: float, geometry: str) -> None:
    plane = ifx.double_layer(bath, sigma=sigma)
    away = [abs(ifx.double_layer(bath, sigma=sigma, geometry=geometry, radius=a).psi_0 / plane.psi_0 - 1) for a in (1e-6, 1e-5)]
    assert away[0] < 2e-3
    assert away[1] == pytest.approx(0.1 * away[0], rel=0.01)  # first order in the curvature


@settings(max_examples=20)
@given(salts, charges)
def test_a_wide_slit_is_two_planes(bath: dict[IonSpecies, float], sigma: float) -> None:
    plane = ifx.double_layer(bath, sigma=sigma)
    h = 24 * plane.debye_length
    slit = ifx.double_layer(bath, sigma=sigma, geometry="slit", separation=h)
    assert slit.psi_0 == pytest.approx(plane.psi_0, rel=1e-9)
    assert slit.psi_mid == pytest.approx(2 * plane.psi(0.5 * h), rel=1e-4)  # the tails add up
    wider = ifx.double_layer(bath, sigma=sigma, geometry="slit", separation=100 * plane.debye_length)  # where it is taken as two planes
    assert wider.psi_0 == plane.psi_0
    x = np.array([0.0, 1e-9, 100 * plane.debye_length - 1e-9])
    np.testing.assert_allclose(wider.psi(x), plane.psi([0.0, 1e-9, 1e-9]), rtol=1e-12)
    assert wider.psi_mid == pytest.approx(2 * plane.psi(50 * plane.debye_length), rel=1e-12)


@settings(max_examples=20)
@given(salts, charges)
def test_the_closed_form_is_what_the_series_give(bath: dict[IonSpecies, float], sigma: float) -> None:
    """A trace of an ion of another valence takes the salt to the general path."""
    x = np.linspace(0, 8e-9, 33)
    one = ifx.double_layer(bath, sigma=sigma)
    other = ifx.double_layer({**bath, IonSpecies("R", 4): 1e-13, IonSpecies("Q", -4): 1e-13}, sigma=sigma)
    np.testing.assert_allclose(other.psi(x), one.psi(x), rtol=1e-9)


@settings(max_examples=20)
@given(salts, st.floats(0.05, 3.0), st.booleans())
def test_ions_of_finite_size_never_exceed_the_closest_packing(bath: dict[IonSpecies, float], psi: float, positive: bool) -> None:
    a = 4e-10
    layer = ifx.double_layer(bath, psi_0=psi if positive else -psi, ion_size=a)
    packed = 1 / (a**3 * 6.02214076e23)
    assert sum(layer.c(one, 0.0) for one in bath) < packed * (1 + 1e-12)
    points = ifx.double_layer(bath, psi_0=psi if positive else -psi)
    assert abs(layer.sigma) < abs(points.sigma)
    tiny = ifx.double_layer(bath, psi_0=1e-3, ion_size=2e-11)
    assert tiny.sigma == pytest.approx(ifx.double_layer(bath, psi_0=1e-3).sigma, rel=1e-4)


@settings(max_examples=20)
@given(salts, shapes, st.floats(-2.0, 2.0).filter(lambda x: abs(x) > 1e-3), st.floats(0.02, 5.0))
def test_stern_and_diffuse_layer_share_the_potential_and_add_as_capacitors(
    bath: dict[IonSpecies, float], shape: dict[str, Any], psi: float, stern: float
) -> None:
    layer = ifx.double_layer(bath, psi_0=psi, stern=stern, **shape)
    assert layer.psi_0 == pytest.approx(psi, rel=1e-12)
    assert layer.psi_0 - layer.psi_d == pytest.approx(layer.sigma / stern, rel=1e-10)
    assert 1 / layer.capacitance == pytest.approx(1 / stern + 1 / layer.capacitance_diffuse, rel=1e-12)
    assert ifx.double_layer(bath, sigma=layer.sigma, stern=stern, **shape).psi_0 == pytest.approx(psi, rel=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("stern", [None, 0.3])
def test_charge_regulation_is_the_binding_isotherm_on_the_surface_potential(shape: dict[str, Any], stern: float | None) -> None:
    acid, amine = ifx.SurfaceGroup(4e17, 3.6, binds={Na: 0.6e-3, Ca: 12e-3}), ifx.SurfaceGroup(1e17, 9.5, charge=0)
    for pH in (1.0, 4.0, 7.4, 12.0):
        layer = ifx.double_layer(PHYS, regulation=[acid, amine], pH=pH, stern=stern, **shape)
        u = layer.psi_0 / VT
        h, na, ca = 10 ** (3.6 - pH) * np.exp(-u), 0.6e-3 * 145 * np.exp(-u), 12e-3 * 2 * np.exp(-2 * u)
        charge = -4e17 * (1 - ca) / (1 + h + na + ca) + 1e17 / (1 + 10 ** (pH - 9.5) * np.exp(u))
        assert layer.sigma == pytest.approx(ELEMENTARY_CHARGE * charge, rel=1e-9)
    acids = [ifx.double_layer(PHYS, regulation=acid, pH=pH, **shape).sigma for pH in np.linspace(0, 12, 13)]
    assert np.all(np.diff(acids) < 0)


@settings(max_examples=20)
@given(salts, charges)
def test_plates_repel_less_the_farther_apart_and_more_at_constant_charge(bath: dict[IonSpecies, float], sigma: float) -> None:
    h = np.array([1e-9, 2e-9, 4e-9, 8e-9])
    charge = ifx.double_layer(bath, sigma=sigma, geometry="slit", separation=h)
    alone = ifx.double_layer(bath, sigma=sigma)
    potential = ifx.double_layer(bath, psi_0=alone.psi_0, geometry="slit", separation=h)
    assert np.all(np.diff(charge.pressure) < 0)
    assert np.all(np.diff(potential.pressure) < 0)
    assert np.all(charge.pressure > potential.pressure)
    assert np.all(potential.pressure > 0)


def test_a_background_that_does_not_move_makes_up_for_missing_charge() -> None:
    with pytest.warns(ifx.NotNeutralWarning, match="background"):
        layer = ifx.double_layer({Na: 150.0, Cl: 140.0}, psi_0=-0.05, eps_r=78.5, T=298.15)
    u = layer.psi_0 / (GAS_CONSTANT * 298.15 / FARADAY)
    excess = 150 * (np.expm1(-u) + u) + 140 * (np.expm1(u) - u)
    assert layer.sigma == pytest.approx(-np.sqrt(2 * 78.5 * VACUUM_PERMITTIVITY * GAS_CONSTANT * 298.15 * excess), rel=1e-12)
    with pytest.warns(ifx.NotNeutralWarning), pytest.raises(ifx.ElectroneutralityError, match="neutral bath"):
        ifx.double_layer({Na: 150.0, Cl: 140.0}, psi_0=-0.05, ion_size=4e-10)


def test_an_impermeant_screens_with_its_mean_valence() -> None:
    with_x = ifx.Bath({K: 150.0, Cl: 10.0}, impermeant=ifx.Impermeant(z=-1.4, c=100.0))
    other = ifx.double_layer({K: 150.0, Cl: 10.0, IonSpecies("A", -1): 60.0, IonSpecies("B", -2): 40.0}, psi_0=0.02)
    layer = ifx.double_layer(with_x, psi_0=0.02)
    assert layer.debye_length == pytest.approx(with_x.debye_length(), rel=1e-9)
    assert other.sigma > layer.sigma > ifx.double_layer({K: 150.0, Cl: 150.0}, psi_0=0.02).sigma


# ---- arrays ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_a_batch_gives_what_each_surface_gives_alone(shape: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    sigma, c = rng.uniform(-0.1, 0.1, (4, 1)), 10 ** rng.uniform(0, 3, 7)
    x = np.array([3e-10, 0.0, 1.2e-9])
    batch = ifx.double_layer({Na: c, Ca: 0.1 * c, Cl: 1.2 * c}, sigma=sigma, **shape)
    assert batch.shape == (4, 7)
    assert batch.psi(x).shape == (4, 7, 3)
    for i in range(4):
        for j in range(7):
            one = ifx.double_layer({Na: c[j], Ca: 0.1 * c[j], Cl: 1.2 * c[j]}, sigma=sigma[i, 0], **shape)
            assert (one.psi_0, one.capacitance) == (batch.psi_0[i, j], batch.capacitance[i, j])
            assert np.array_equal(one.psi(x), batch.psi(x)[i, j])
            assert one.c(Ca, 1e-9) == batch.c(Ca, 1e-9)[i, j]
            assert isinstance(one.psi_0, float)
            assert isinstance(one.psi(1e-9), float)


@pytest.mark.parametrize("shape", SHAPES)
def test_threads_change_no_bit(shape: dict[str, Any]) -> None:
    sigma = np.linspace(-0.1, 0.1, 1001)
    x = np.linspace(0, 1.5e-9, 21)
    one, two = (ifx.double_layer(PHYS, sigma=sigma, threads=threads, **shape) for threads in (1, 3))
    assert np.array_equal(one.psi_0, two.psi_0)
    assert np.array_equal(one.psi(x), two.psi(x, threads=3))


BUILDS = [
    name
    for name, level in {"_layers": 0, "_layers_v3": 3, "_layers_v4": 4}.items()
    if importlib.util.find_spec(f"ionflux.{name}") is not None and _kernels.cpu_level() >= level
]


@pytest.mark.parametrize("name", BUILDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_build_gives_the_same_bits(name: str, shape: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from ionflux.double_layers import diffuse

    sigma, x = np.linspace(-0.2, 0.2, 37), np.linspace(0, 1.4e-9, 11)
    for bath in (SALTS[0], SALTS[4]):
        here = ifx.double_layer(bath, sigma=sigma, **shape)
        values = here.psi_0, here.capacitance, here.psi(x)
        with monkeypatch.context() as patch:
            patch.setattr(diffuse, "layers", importlib.import_module(f"ionflux.{name}"))
            there = ifx.double_layer(bath, sigma=sigma, **shape)
            assert all(np.array_equal(a, b) for a, b in zip(values, (there.psi_0, there.capacitance, there.psi(x)), strict=True))


def test_baths_in_a_list_are_a_leading_axis() -> None:
    baths = [ifx.Bath({Na: 100.0, Cl: 100.0}), ifx.Bath({Na: 100.0, Ca: 2.0, Cl: 104.0})]
    layer = ifx.double_layer(baths, sigma=-0.05)
    assert list(layer.psi_0) == [ifx.double_layer(bath, sigma=-0.05).psi_0 for bath in baths]


def test_results_go_where_they_are_asked_to() -> None:
    layer = ifx.double_layer(PHYS, sigma=np.array([-0.05, 0.02]))
    out = np.empty((2, 5))
    x = np.linspace(0, 2e-9, 5)
    assert layer.psi(x, out=out) is out
    assert np.array_equal(out, layer.psi(x))
    with pytest.raises(ifx.ShapeError, match="out must be"):
        layer.psi(x, out=np.empty((5, 2)))


def test_distances_far_beyond_the_layer_give_zero_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for shape in SHAPES:
            if "separation" not in shape:
                layer = ifx.double_layer(SALTS[4], psi_0=0.3, **shape)
                psi = layer.psi([1e-6, 1e-3, 1.0])
                assert np.all((psi >= 0) & (psi < 1e-30))


def test_potentials_of_volts_are_taken() -> None:
    for bath in SALTS:
        for psi in (-9.0, -1.0, 1.0, 9.0):
            layer = ifx.double_layer(bath, psi_0=psi)
            assert np.isfinite(layer.sigma)
            assert np.sign(layer.sigma) == np.sign(psi)
            x = np.array([0.0, 1e-12, 1e-10, 1e-9, 1e-8])
            assert layer.psi(x)[0] == pytest.approx(psi, rel=1e-9)
            assert np.all(np.diff(np.abs(layer.psi(x))) < 0)


@pytest.mark.parametrize(("bath", "psi"), [(SALTS[0], 0.2), (SALTS[1], -0.15), (SALTS[4], -0.1)])
def test_the_field_at_strongly_charged_walls_is_that_of_a_plane_but_for_a_constant(bath: dict[IonSpecies, float], psi: float) -> None:
    """g² = g(u)² − g(u_mid)² between plates; outside a sphere g exceeds that of a plane by 4/(z κa) once g is large."""
    psi_0 = psi * np.linspace(1, 6, 21)  # up to fields that no march resolves
    plane = ifx.double_layer(bath, psi_0=psi_0)
    slit = ifx.double_layer(bath, psi_0=psi_0, geometry="slit", separation=4e-9)
    middle = ifx.double_layer(bath, psi_0=slit.psi_mid)
    np.testing.assert_allclose(slit.sigma**2, plane.sigma**2 - middle.sigma**2, rtol=4e-11)
    z = max(one.z for one in bath) if psi < 0 else 1
    sphere = ifx.double_layer(bath, psi_0=psi_0, geometry="sphere", radius=2e-9)
    unit = 74.2 * VACUUM_PERMITTIVITY * VT / plane.debye_length
    field = np.abs(plane.sigma) / unit
    excess = (np.abs(sphere.sigma) - np.abs(plane.sigma)) / unit * z * 2e-9 / plane.debye_length / 4
    seen = (field > 1e2) & (field < 1e8)  # beyond, rounding hides it
    assert np.count_nonzero(seen) > 3
    np.testing.assert_allclose(excess[seen], 1.0, atol=0.02)
    for layer in (slit, sphere):
        np.testing.assert_allclose(layer.psi([0.0, 1e-9])[:, 0], psi_0, rtol=1e-15)
        # far from the wall its potential no longer matters
        np.testing.assert_allclose(layer.psi(1e-9)[-3:], layer.psi(1e-9)[-1], rtol=1e-3)


# ---- mistakes -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one of sigma"),
        ({"sigma": 0.1, "psi_0": 0.1}, "exactly one of sigma"),
        ({"psi_0": -70.0}, r"-70\*mV"),
        ({"sigma": 0.1, "T": 37.0}, "celsius"),
        ({"sigma": 0.1, "geometry": "ball"}, "no geometry 'ball'"),
        ({"sigma": 0.1, "geometry": "sphere"}, "a sphere needs radius="),
        ({"sigma": 0.1, "radius": 1e-9}, "a plane has no radius="),
        ({"sigma": 0.1, "geometry": "slit", "radius": 1e-9}, "a slit has no radius="),
        ({"sigma": 0.1, "geometry": "sphere", "radius": 5.0}, r"5\*nm|5\*um"),
        ({"sigma": 0.1, "ion_size": 3e-9}, "do not fit"),
        ({"sigma": float("nan")}, "NaN"),
        ({"regulation": 3}, "SurfaceGroup"),
        ({"sigma": np.zeros(2), "T": np.full(3, 300.0)}, "do not broadcast"),
        ({"sigma": np.zeros(1000), "threads": 0}, "positive whole number"),
    ],
)
def test_mistakes_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ifx.InputError, match=message):
        ifx.double_layer(PHYS, **arguments)


def test_baths_that_are_none_are_refused() -> None:
    with pytest.raises(ifx.InputError, match="screens nothing"):
        ifx.double_layer({X: 100.0}, sigma=0.1)
    with pytest.raises(ifx.InputError, match="screens nothing"):
        ifx.double_layer({Na: np.array([1.0, 0.0]), Cl: np.array([1.0, 0.0])}, sigma=0.1)
    with pytest.raises(ifx.InputError, match="no ion"):
        ifx.double_layer({"Na": 100.0}, sigma=0.1)
    with pytest.raises(ifx.InputError, match="give a Bath"):
        ifx.double_layer(3.0, sigma=0.1)
    layer = ifx.double_layer(PHYS, sigma=0.1)
    with pytest.raises(ifx.InputError, match="two walls"):
        layer.pressure  # noqa: B018
    with pytest.raises(ifx.UnknownNameError, match="no 'Li'"):
        layer.c(ifx.Li, 0.0)
    with pytest.raises(ifx.InputError, match="beyond the other wall"):
        ifx.double_layer(PHYS, sigma=0.1, geometry="slit", separation=1e-9).psi(2e-9)


def test_groups_and_surfaces_are_values() -> None:
    group = ifx.SurfaceGroup(1e17, 4.0, binds={Na: 1e-3})
    surface = ifx.ChargedSurface(-0.05, -0.02, 3e-9)
    for thing in (group, surface):
        assert pickle.loads(pickle.dumps(thing)) == thing
        assert hash(pickle.loads(pickle.dumps(thing))) == hash(thing)
        assert eval(repr(thing), {**vars(ifx), "SurfaceGroup": ifx.SurfaceGroup, "ChargedSurface": ifx.ChargedSurface, "Na": Na}) == thing
    with pytest.raises(ifx.UnitRangeError, match=r"3\*nm"):
        ifx.ChargedSurface(-0.05, -0.02, 3.0)
    with pytest.raises(ifx.InputError, match="association constant"):
        ifx.SurfaceGroup(1e17, 4.0, binds={"Na": 1e-3})  # type: ignore[dict-item]
