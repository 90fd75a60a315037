"""Films between Goldman's and Planck's equations, rectifiers, and charges far above the salt: against limits and collocation."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import InputError, IonSpecies, Layer, Membrane1D, Status, pnp, pnp_iv

approx = pytest.approx
T = 298.15
K, Na, Cl = (IonSpecies(name, z, D=D) for name, z, D in (("K", 1, 1.957e-9), ("Na", 1, 1.334e-9), ("Cl", -1, 2.032e-9)))
Ca, glucose = IonSpecies("Ca", 2, D=0.792e-9), IonSpecies("glucose", 0, D=0.6e-9)
SIDES = {
    "salts": ({K: 100.0, Na: 1.0, Cl: 101.0}, {K: 2.0, Na: 8.0, Cl: 10.0}),
    "physiological": ({K: 140.0, Na: 12.0, Cl: 152.0}, {K: 5.0, Na: 145.0, Cl: 150.0}),
}
sides = pytest.mark.parametrize("solutions", SIDES.values(), ids=SIDES)
IN, OUT = SIDES["physiological"]


def film(L: float) -> Membrane1D:
    return Membrane1D(Layer(L, eps_r=78.5), T=T)


def orders(values: list[float]) -> np.ndarray:
    """Powers of two by which successive values fall."""
    size = np.abs(values)
    return np.asarray(np.log2(size[:-1] / size[1:]))


@sides
@pytest.mark.parametrize("V", [-0.07, 0.05])
def test_currents_and_fluxes_of_a_thin_film_are_goldmans_but_for_the_square_of_its_thickness(solutions: Any, V: float) -> None:
    left, right = solutions
    off: dict[Any, list[float]] = {}
    for L in (0.2e-9, 0.1e-9, 0.05e-9, 0.025e-9):
        found = pnp(film(L), left, right, V, tol=1e-10)
        goldman = {ion: ifx.ghk_flux(ion, P=ion.D / L, V=V, c_in=left[ion], c_out=right[ion], T=T) for ion in left}
        for ion in left:
            off.setdefault(ion, []).append(found.J[ion] / goldman[ion] - 1)
        off.setdefault("I", []).append(found.I / sum(ifx.constants.FARADAY * ion.z * J for ion, J in goldman.items()) - 1)
    for errors in off.values():
        assert np.abs(errors[-1]) < 1e-3
        assert orders(errors)[-1] == approx(2, abs=0.05)


@sides
def test_the_reversal_of_a_thin_film_is_goldmans(solutions: Any) -> None:
    left, right = solutions
    goldman = ifx.ghk_voltage({ion: ion.D for ion in left}, c_in=left, c_out=right, T=T)
    off = [pnp_iv(film(L), left, right, [-0.02, 0.02], tol=1e-10).reversal - goldman for L in (0.2e-9, 0.1e-9, 0.05e-9)]
    assert orders(off)[-1] == approx(2, abs=0.05)


@pytest.mark.parametrize(("solutions", "L"), zip(SIDES.values(), (1.6e-6, 0.2e-6), strict=True), ids=SIDES)
def test_the_reversal_of_a_thick_film_is_plancks_but_for_the_square_of_the_debye_length(solutions: Any, L: float) -> None:
    """Of the second pair the difference is so small from the start that thicker films show rounding only."""
    left, right = solutions
    planck = ifx.liquid_junction(left, right, T=T)
    off = [pnp_iv(film(a * L), left, right, [-0.01, 0.01], tol=1e-9).reversal - planck for a in (1, 2, 4)]
    assert abs(off[-1]) < 1e-8
    assert orders(off)[-1] == approx(2, abs=0.05)


def test_the_current_of_a_thick_film_settles_with_the_square_of_the_debye_length() -> None:
    """I·L at a voltage: differences between films twice as thick fall by four."""
    left, right = SIDES["salts"]
    I = np.array([pnp(film(L), left, right, -0.05, tol=1e-10).I * L for L in (1.6e-6, 3.2e-6, 6.4e-6)])
    assert orders(list(np.diff(I)))[-1] == approx(2, abs=0.05)


# ---- rectifiers and charged layers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("L", "X", "salt"), [(10e-9, 100.0, 10.0), (5e-9, 1000.0, 10.0), (20e-9, -100.0, 1.0), (20e-9, 5000.0, 1.0)])
def test_a_bipolar_membrane_blocks_and_lets_through_to_a_millionth(L: float, X: float, salt: float) -> None:
    """Also the blocked current, at several tenths of a volt, with space charge inside the layers."""
    bath, solution = Layer(10e-9, eps_r=78.5), {K: salt, Cl: salt}
    layers = [bath, Layer(L, eps_r=78.5, fixed_charge=X), Layer(L, eps_r=78.5, fixed_charge=-X), bath]
    V = np.array([-0.6, -0.3, -0.1, 0.1, 0.3, 0.6])
    rough, exact = (pnp(Membrane1D(layers, T=T), solution, solution, V, **more) for more in ({"tol": 1e-7}, {"method": "collocation"}))
    assert np.all(rough.status == Status.OK)
    assert np.all(exact.error < 1e-11)
    assert rough.I == approx(exact.I, rel=1e-6)
    assert rough.J[K] == approx(exact.J[K], rel=1e-6)
    forward, blocked = np.abs(exact.I[::-1] if X > 0 else exact.I)[3:], np.abs(exact.I if X > 0 else exact.I[::-1])[3:]
    assert np.all(forward[1:] > 10 * blocked[1:])


MIXED = {Na: 150.0, Ca: 2.0, Cl: 154.0}, {Na: 15.0, Ca: 0.2, Cl: 15.4}


@pytest.mark.parametrize("X", [-500.0, 500.0, -50.0])
def test_a_charged_layer_between_solutions_with_calcium_at_all_voltages(X: float) -> None:
    bath = Layer(15e-9, eps_r=78.5)
    membrane = Membrane1D([bath, Layer(20e-9, eps_r=40.0, D_factor=0.2, fixed_charge=X), bath], T=T)
    V = np.array([-0.2, -0.1, 0.0, 0.1, 0.2, 0.3])
    rough, exact = pnp(membrane, *MIXED, V, tol=1e-7), pnp(membrane, *MIXED, V, method="collocation", tol=1e-11)
    for ion in MIXED[0]:
        assert rough.J[ion] == approx(exact.J[ion], rel=1e-6)
    rest = pnp_iv(membrane, *MIXED, V, tol=1e-7).reversal
    there = pnp(membrane, *MIXED, rest, method="collocation")
    assert there.I / there.dI_dV == approx(0, abs=2e-8)


@pytest.mark.parametrize("sigma", [(-0.05, -0.02), (0.05, 0.02), (0.1, -0.1), None])
@pytest.mark.parametrize("V", [-0.1, 0.0, 0.08])
def test_fluxes_and_potentials_at_the_faces_of_a_lipid_membrane(sigma: Any, V: float) -> None:
    water = Layer(10e-9, eps_r=74.0)
    lipid = Layer(4e-9, eps_r=2.0, D_factor=0.1, partition={"K": 1e-3, "Na": 4e-5, "Cl": 4.5e-4})
    membrane = Membrane1D([water, lipid, water], surface_charge=sigma)
    rough, exact = pnp(membrane, IN, OUT, V, tol=1e-8), pnp(membrane, IN, OUT, V, method="collocation")
    for ion in IN:
        assert rough.J[ion] == approx(exact.J[ion], rel=1e-7)
    faces = [10e-9, 14e-9]
    assert rough.at(faces).phi == approx(exact.at(faces).phi, abs=1e-9)
    assert rough.at(faces).c[K] == approx(exact.at(faces).c[K], rel=1e-7)


@pytest.mark.parametrize("ratio", [1e3, *(pytest.param(r, marks=pytest.mark.slow) for r in (-1e4, 3e4, 1e5)), -1e5])
def test_a_fixed_charge_up_to_a_hundred_thousand_times_the_salt(ratio: float) -> None:
    salt, bath = {K: 0.1, Cl: 0.1}, Layer(30e-9, eps_r=78.5)
    membrane = Membrane1D([bath, Layer(10e-9, eps_r=78.5, fixed_charge=0.1 * ratio), bath], T=T)
    V = np.array([-0.2, 0.05])
    rough, exact = pnp(membrane, salt, salt, V, tol=1e-6), pnp(membrane, salt, salt, V, method="collocation")
    assert np.all(rough.status == Status.OK)
    for ion in salt:
        assert rough.J[ion] == approx(exact.J[ion], rel=3e-6)
    counter, co = (K, Cl) if ratio < 0 else (Cl, K)
    middle = exact.at(35e-9)
    assert middle.c[counter][:, 0] == approx(0.1 * abs(ratio), rel=1e-2 if abs(ratio) > 1e3 else 0.1)
    assert np.all(exact.c[co] > 0)


# ---- energies, diffusivities along a layer, ions on one side -------------------------------------------------------------------------


def between(layer: Layer) -> Membrane1D:
    return Membrane1D([Layer(5e-9, eps_r=74.0), layer, Layer(5e-9, eps_r=74.0)])


LANDSCAPES = {
    "kinks": Layer(4e-9, energy={"K": (0.0, 3.0, -2.0, 1.0), "Na": (0.0, 1.0, 5.0, 0.0, 0.0, -1.0)}, fixed_charge=-50.0),
    "many values": Layer(4e-9, energy={"K": tuple(4 * np.sin(np.linspace(0, np.pi, 41)))}, eps_r=10.0),
    "barrier": Layer(
        4e-9, energy={"K": lambda s: 8 * np.exp(-(((s - 0.4) / 0.1) ** 2)), "Cl": lambda s: -3 * np.sin(np.pi * s)}, eps_r=20.0
    ),
    "diffusivity": Layer(4e-9, D={"K": lambda s: 1e-9 * (1 - 0.8 * np.sin(np.pi * s) ** 2)}, fixed_charge=200.0),
    "kink of a function": Layer(4e-9, energy={"K": lambda s: 5 * np.abs(s - 0.37)}),
}


@pytest.mark.parametrize("layer", [pytest.param(a, id=i, marks=[pytest.mark.slow] * ("function" in i)) for i, a in LANDSCAPES.items()])
def test_the_estimate_holds_in_landscapes(layer: Layer) -> None:
    left, right = {**IN, Ca: 2.0, Cl: 156.0}, {**OUT, Ca: 0.0}
    V = np.array([-0.1, 0.0, 0.1])
    rough, exact = pnp(between(layer), left, right, V, tol=1e-6), pnp(between(layer), left, right, V, method="collocation", tol=1e-7)
    assert np.all(rough.status == Status.OK)
    for ion in left:
        assert np.all(np.abs(rough.J[ion] / exact.J[ion] - 1) < 3e-6)


def test_a_diffusivity_that_jumps_inside_a_layer_is_no_silent_error() -> None:
    """As a function of the place, where two layers would be right: halved cells may miss it again and again, so it is looked for."""
    V = -0.1
    for place in (0.3, 0.7305):
        one = between(Layer(4e-9, D={"K": lambda s, p=place: np.where(s < p, 1e-9, 1e-10)}))
        parts = [Layer(4e-9 * place, D={"K": 1e-9}), Layer(4e-9 * (1 - place), D={"K": 1e-10})]
        exact = pnp(Membrane1D([one.layers[0], *parts, one.layers[2]]), IN, OUT, V, method="collocation")
        for tol in (1e-4, 1e-6):
            rough = pnp(one, IN, OUT, np.array([V]), tol=tol)
            true = np.abs(rough.J[K] / exact.J[K] - 1)
            assert np.all(true < 30 * rough.error + 1e-9)
            assert np.all((true < 5 * tol) | (rough.status != Status.OK))


# ---- what somebody may try -----------------------------------------------------------------------------------------------------------

WATER = Layer(10e-9, eps_r=74.0)
GEL = Membrane1D([WATER, Layer(5e-9, eps_r=40.0, D_factor=0.1, fixed_charge=-500.0), WATER])
ODD: dict[str, tuple[Membrane1D, Any, Any]] = {
    "volts": (GEL, IN, OUT),
    "an empty side": (GEL, IN, dict.fromkeys(OUT, 0.0)),
    "one ion is missing": (GEL, {K: 0.0, Na: 100.0, Cl: 100.0}, OUT),
    "only neutral ones": (GEL, {glucose: 10.0}, {glucose: 1.0}),
    "one ion": (GEL, {K: 100.0}, {K: 10.0}),
    "huge charge": (Membrane1D([WATER, Layer(5e-9, eps_r=40.0, fixed_charge=6e4), WATER]), IN, OUT),
    "huge surface charge": (Membrane1D([WATER, WATER], surface_charge=[-10.0]), IN, OUT),
    "tight": (Membrane1D([WATER, Layer(4e-9, eps_r=2.0, partition=0.0), WATER]), IN, OUT),
    "frozen": (Membrane1D([WATER, Layer(4e-9, eps_r=2.0, D=0.0), WATER]), IN, OUT),
    "tight and frozen": (Membrane1D([WATER, Layer(4e-9, D={"K": 0.0}, partition={"K": 0.0, "Na": 1e-30}), WATER]), IN, OUT),
    "a millimetre": (Membrane1D([Layer(1e-3)]), IN, OUT),
    "an atom": (Membrane1D([Layer(1e-11)]), IN, OUT),
}


@pytest.mark.parametrize("method", ["finite volumes", "collocation"])
@pytest.mark.parametrize("case", ODD.values(), ids=ODD)
def test_whatever_is_asked_ends_soon_with_an_answer_or_a_status(case: tuple[Membrane1D, Any, Any], method: str) -> None:
    membrane, left, right = case
    V = np.array([-2.0, -0.3, 0.0, 1e-15, 0.3, 2.0]) if method != "collocation" else np.array([-0.3, 0.0, 0.3])
    begun = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ifx.NotNeutralWarning)
        found = pnp(membrane, left, right, V, method=method)
    assert time.process_time() - begun < 20
    solved = found.status == Status.OK
    assert np.all(solved[np.abs(V) <= 2.0])
    assert np.all(found.error[solved] <= 1e-6)
    for ion in found.ions:
        assert np.all(np.isfinite(found.J[ion][solved]))
        assert np.all(found.c[ion][solved] >= 0)


@pytest.mark.parametrize("method", ["finite volumes", "collocation"])
@pytest.mark.parametrize(
    ("left", "V"),
    [({**IN, K: np.nan}, 0.0), ({**IN, K: np.inf}, 0.0), ({**IN, K: -1.0}, 0.0), (IN, np.inf), (IN, 1e3), (dict.fromkeys(IN, 0.0), 0.0)],
)
def test_what_is_no_number_or_no_solution_is_refused(left: Any, V: float, method: str) -> None:
    right = OUT if any(np.any(c) for c in left.values()) else left
    with pytest.raises(InputError):
        pnp(GEL, left, right, V, method=method)


@pytest.mark.parametrize("method", ["finite volumes", "collocation"])
def test_a_voltage_that_is_no_number_is_one_problem_without_an_answer(method: str) -> None:
    found = pnp(GEL, IN, OUT, np.array([-0.05, np.nan, 0.05]), method=method)
    assert list(found.status == Status.OK) == [True, False, True]
    assert np.isnan(found.I[1])
    assert found.I[0] == pnp(GEL, IN, OUT, -0.05, method=method).I
