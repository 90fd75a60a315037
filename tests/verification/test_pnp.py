"""Poisson–Nernst–Planck: reference values, limits, orders of convergence, and laws that hold whatever the numbers."""

from __future__ import annotations

import importlib
import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl as Chloride
from ionflux import ConvergenceError, InputError, IonSpecies, K, Layer, Membrane1D, Na, NotNeutralWarning, Status, pnp, pnp_iv, volumes
from ionflux.constants import FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY

approx = pytest.approx
CASES = json.loads((Path(__file__).parents[1] / "data/films.json").read_text())["cases"]
T = 298.15
IONS = {"K": IonSpecies("K", 1, D=1.957e-9), "Na": IonSpecies("Na", 1, D=1.334e-9), "Cl": IonSpecies("Cl", -1, D=2.032e-9)}
KCl = IONS["K"], IONS["Cl"]
IN = {IONS["K"]: 140.0, IONS["Na"]: 12.0, IONS["Cl"]: 152.0}
OUT = {IONS["K"]: 5.0, IONS["Na"]: 145.0, IONS["Cl"]: 150.0}


def lipid(sigma: Any = (-0.05, -0.02), **more: Any) -> Membrane1D:
    """Water, a lipid membrane with charged faces, water."""
    water = Layer(10e-9, eps_r=74.0)
    core = {"eps_r": 2.0, "D_factor": 0.1, "partition": {"K": 1e-3, "Na": 4e-5, "Cl": 4.5e-4}} | more
    return Membrane1D([water, Layer(4e-9, **core), water], surface_charge=sigma, T=310.15)


def gel(X: float = -500.0, *, T: float = 310.15) -> Membrane1D:
    """Water, a charged layer, water."""
    water = Layer(10e-9, eps_r=74.2)
    return Membrane1D([water, Layer(5e-9, eps_r=40.0, D_factor=0.1, fixed_charge=X), water], T=T)


# ---- values --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_reference(case: dict[str, Any]) -> None:
    ions = {name: IonSpecies(name, z, D=1e-9) for name, z in case["z"].items()}
    membrane = Membrane1D([Layer(**layer) for layer in case["layers"]], surface_charge=case["surface_charge"] or None, T=case["T"])
    sides = [{ions[name]: c for name, c in case[side].items()} for side in ("left", "right")]
    want = case["value"]
    if case["what"] == "reversal":
        assert pnp_iv(membrane, *sides, np.linspace(-0.1, 0.1, 9), tol=1e-7).reversal == approx(want, rel=1e-6, abs=2e-9)
        return
    film = pnp(membrane, *sides, case["V"], tol=1e-7)
    assert film.error <= 1e-7
    if case["what"] == "phi":
        got = film.at(case["x"]).phi[0]
    else:
        got = {"I": film.I, "dI_dV": film.dI_dV, **{ion.name: film.J[ion] for ion in ions.values()}}[case["what"]]
    assert got == approx(want, rel=1e-7)


# ---- limits ------------------------------------------------------------------------------------------------------------------------


def thin(L: float) -> tuple[Membrane1D, Any, Any]:
    left = {IONS["K"]: 100.0, IONS["Na"]: 1.0, IONS["Cl"]: 101.0}
    right = {IONS["K"]: 2.0, IONS["Na"]: 8.0, IONS["Cl"]: 10.0}
    return Membrane1D(Layer(L, eps_r=78.5), T=T), left, right


def test_a_thin_film_approaches_goldman_with_the_square_of_its_thickness() -> None:
    off = []
    for L in (0.2e-9, 0.1e-9, 0.05e-9):
        membrane, left, right = thin(L)
        goldman = sum(ifx.ghk_current(ion, P=ion.D / L, V=-0.05, c_in=left[ion], c_out=right[ion], T=T) for ion in left)
        off.append(pnp(membrane, left, right, -0.05, tol=1e-9).I / goldman - 1)
    assert np.log2(off[0] / off[1]) == approx(2, abs=0.1)
    assert np.log2(off[1] / off[2]) == approx(2, abs=0.05)


def test_a_thick_film_has_the_liquid_junction_potential() -> None:
    off = []
    for L in (200e-9, 400e-9, 800e-9):
        membrane, left, right = thin(L)
        planck = ifx.liquid_junction(left, right, T=T)
        off.append(pnp_iv(membrane, left, right, [-0.01, 0.0, 0.01], tol=1e-8).reversal - planck)
    assert abs(off[-1]) < 1e-6
    assert np.log2(off[1] / off[2]) == approx(2, abs=0.2)


def test_a_thick_charged_membrane_has_teorells_potential() -> None:
    left, right = dict.fromkeys(KCl, 10.0), dict.fromkeys(KCl, 100.0)
    bath = Layer(100e-9, eps_r=78.5, D_factor=1000.0)
    membrane = Membrane1D([bath, Layer(1e-6, eps_r=78.5, fixed_charge=-100.0), bath], T=T)
    teorell = ifx.teorell_meyer_sievers(left, right, -100.0, T=T)
    assert pnp_iv(membrane, left, right, [0.0, 0.1], tol=1e-7).reversal == approx(teorell.V, abs=1e-4)


def test_at_equilibrium_a_charged_wall_is_screened_as_gouy_and_chapman_say() -> None:
    sigma, c, eps = -0.05, 100.0, 78.5
    water, half = Layer(20e-9, eps_r=eps), dict.fromkeys(KCl, c)
    # two solutions on both sides of a charged plane: each screens half of it
    film = pnp(Membrane1D([water, water], surface_charge=[sigma], T=T), half, half, 0.0, tol=1e-9)
    layer = ifx.double_layer(half, sigma=0.5 * sigma, eps_r=eps, T=T)
    x = 20e-9 + np.array([0.0, 0.5e-9, 1e-9, 3e-9])
    assert film.at(x).phi == approx(layer.psi(x - 20e-9), rel=1e-6, abs=2e-8)  # between nodes by cubic interpolation


# ---- laws ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("membrane", [lipid(), gel(), lipid(sigma=(0.1, -0.2), fixed_charge=300.0)], ids=["lipid", "gel", "both"])
def test_between_equal_solutions_nothing_flows(membrane: Membrane1D) -> None:
    film = pnp(membrane, IN, IN, 0.0)
    L = membrane.thickness
    for ion, c in IN.items():
        assert abs(film.J[ion]) < 1e-13 * ion.D * c / L
    assert film.audit.flux < 1e-13


def test_the_audit_holds_away_from_equilibrium() -> None:
    film = pnp(lipid(), IN, OUT, np.array([-0.1, 0.0, 0.1]))
    assert np.all(film.audit.flux < 1e-12)
    assert np.all(film.audit.charge < 1e-12)


def test_gauss_on_the_profile_itself() -> None:
    membrane = lipid()
    film = pnp(membrane, IN, OUT, -0.07, tol=1e-9)
    rho = FARADAY * sum(ion.z * c for ion, c in film.c.items())
    held = np.sum(0.5 * (rho[1:] + rho[:-1]) * np.diff(film.x)) + sum(membrane.sigma)
    eps = VACUUM_PERMITTIVITY * 74.0
    ends = [-eps * np.polyfit(film.x[s] - film.x[s][0], film.phi[s], 2)[1] for s in (slice(0, 5), slice(-1, -6, -1))]
    assert held == approx(ends[1] - ends[0], abs=3e-4 * 0.07)  # of 0.07 C/m²; by the trapezoidal rule between the places of the profile


def test_mirror_image() -> None:
    water, core = Layer(10e-9, eps_r=74.0), Layer(4e-9, eps_r=2.0, D_factor=0.1, partition=1e-3)
    one = pnp(Membrane1D([water, core, water], surface_charge=[-0.05, -0.02]), IN, OUT, -0.07)
    other = pnp(Membrane1D([water, core, water], surface_charge=[-0.02, -0.05]), OUT, IN, 0.07)
    assert other.I == approx(-one.I, rel=1e-11)
    assert other.phi[::-1] == approx(one.phi + 0.07, abs=1e-10)


def test_scaling_of_concentrations_and_lengths() -> None:
    a = 4.0
    small = Membrane1D([Layer(L / np.sqrt(a), eps_r=e, fixed_charge=a * X) for L, e, X in ((8e-9, 80, 0), (4e-9, 20, -100), (8e-9, 80, 0))])
    large = Membrane1D([Layer(L, eps_r=e, fixed_charge=X) for L, e, X in ((8e-9, 80, 0), (4e-9, 20, -100), (8e-9, 80, 0))])
    many = [{ion: a * c for ion, c in side.items()} for side in (IN, OUT)]
    assert pnp(small, *many, 0.05).I == approx(pnp(large, IN, OUT, 0.05).I * a**1.5, rel=1e-10)


def test_the_order_of_ions_and_ions_that_do_nothing_change_nothing() -> None:
    film, X = pnp(gel(), IN, OUT, -0.05), IonSpecies("X", 0, D=1e-9)
    turned = pnp(gel(), dict(reversed(IN.items())), OUT, -0.05)
    more = pnp(gel(), {**IN, X: 50.0}, OUT, -0.05)
    water, core = gel().layers[0], Layer(5e-9, eps_r=40.0, D_factor=0.1, fixed_charge=-500.0, partition={"X": 0.0})
    shut = pnp(Membrane1D([water, core, water]), {**IN, X: 50.0}, OUT, -0.05)
    assert turned.I == approx(film.I, rel=1e-11)
    assert more.I == approx(film.I, rel=1e-11)
    assert more.J[X] == approx(1e-9 * 50.0 / (10e-9 + 50e-9 + 10e-9), rel=1e-12)
    assert shut.I == approx(film.I, rel=1e-11)
    assert shut.J[X] == 0.0


@pytest.mark.parametrize("V", [-0.1, 0.02])
@pytest.mark.parametrize("membrane", [lipid(), gel()], ids=["lipid", "gel"])
def test_conductance_is_the_slope_of_the_curve(membrane: Membrane1D, V: float) -> None:
    h = 1e-3
    I = pnp(membrane, IN, OUT, V + h * np.array([-2, -1, 1, 2]), nodes=40).I
    assert pnp(membrane, IN, OUT, V, nodes=40).dI_dV == approx((8 * (I[2] - I[1]) - (I[3] - I[0])) / (12 * h), rel=1e-8)


def test_errors_fall_with_the_square_of_the_cells_and_the_fourth_power_after_extrapolation() -> None:
    exact = pnp(lipid(), IN, OUT, -0.07, tol=1e-11).I
    I = np.array([pnp(lipid(), IN, OUT, -0.07, nodes=n).I for n in (100, 200, 400, 800)])
    plain = np.log2(np.abs(I[:-1] - exact) / np.abs(I[1:] - exact))
    better = I[1:] + (I[1:] - I[:-1]) / 3
    assert plain[1:] == approx(2, abs=0.05)
    assert np.log2(np.abs(better[0] - exact) / np.abs(better[1] - exact)) == approx(4, abs=0.3)


def membranes(n: int) -> tuple[Membrane1D, Any, Any, Any, Any]:
    """Physiological solutions, charges, permittivities, thicknesses and voltages at random."""
    rng = np.random.default_rng(6)
    vary = {
        "layers.1.fixed_charge": rng.uniform(-500, 500, n),
        "layers.1.eps_r": np.exp(rng.uniform(np.log(2), np.log(80), n)),
        "layers.1.thickness": np.exp(rng.uniform(np.log(1e-9), np.log(30e-9), n)),
    }
    k, na = rng.uniform(1, 150, (2, 2, n))
    sides = [{K: k[i], Na: na[i], Chloride: k[i] + na[i]} for i in range(2)]
    membrane = Membrane1D([Layer(10e-9), Layer(5e-9, D_factor=0.1), Layer(10e-9)])
    return membrane, *sides, rng.uniform(-0.2, 0.2, n), vary


def true_error(film: Any, better: Any) -> np.ndarray:
    J, R = (np.array([f.J[ion] for ion in (K, Na, Chloride)]) for f in (film, better))
    each = np.max(np.abs(J - R) / np.maximum(np.abs(R), 1e-6 * np.max(np.abs(R), axis=0)), axis=0)
    total = np.abs(film.I - better.I) / np.maximum(np.abs(better.I), 1e-3 * FARADAY * np.sum(np.abs(R), axis=0))
    return np.maximum(np.maximum(each, total), 1e-15)


@pytest.mark.parametrize("n", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_random_membranes_are_solved_and_the_estimate_is_honest(n: int) -> None:
    membrane, left, right, V, vary = membranes(n)
    film = pnp(membrane, left, right, V, tol=1e-6, vary=vary)
    better = pnp(membrane, left, right, V, tol=1e-10, vary=vary)
    assert np.mean(film.status == Status.OK) >= 0.999
    assert np.all(film.error[film.status == Status.OK] <= 1e-6)
    error = true_error(film, better)
    both = (film.status == Status.OK) & (better.status == Status.OK)
    assert np.mean(error[both] <= 3 * film.error[both]) >= 0.99
    assert np.mean(film.error[both] <= 300 * error[both]) >= 0.9
    assert np.max(error[both]) < 3e-6


BUILDS = [
    importlib.import_module(f"ionflux.{name}")
    for name, level in {"_films": 0, "_films_v3": 3, "_films_v4": 4}.items()
    if importlib.util.find_spec(f"ionflux.{name}") is not None and ifx._kernels.cpu_level() >= level
]


def test_a_batch_is_its_rows_bit_by_bit_with_any_build_and_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    membrane, left, right, V, vary = membranes(21)
    whole = pnp(membrane, left, right, V, vary=vary)
    for build in BUILDS:
        monkeypatch.setattr(volumes, "films", build)
        again = pnp(membrane, left, right, V, vary=vary, threads=2)
        assert np.array_equal(again.I, whole.I)
        assert np.array_equal(again.phi, whole.phi)
    for row in (0, 8, 20):
        one = pnp(
            membrane.replace({name: x[row] for name, x in vary.items()}),
            *({ion: c[row] for ion, c in side.items()} for side in (left, right)), V[row],
        )  # fmt: skip
        assert one.I == whole.I[row]
        assert one.dI_dV == whole.dI_dV[row]
        assert np.array_equal(one.phi, whole.phi[row][: len(one.phi)])


# ---- hard ones, and what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("X", [3000.0, -3000.0])
def test_a_charge_thirty_thousand_times_the_salt(X: float) -> None:
    salt = dict.fromkeys(KCl, 0.1)
    water = Layer(100e-9, eps_r=78.5)
    film = pnp(Membrane1D([water, Layer(20e-9, eps_r=78.5, fixed_charge=X), water], T=T), salt, salt, 0.05, tol=1e-6)
    counter, co = KCl if X < 0 else KCl[::-1]
    middle = film.at(110e-9)
    assert middle.c[counter][0] == approx(3000.0, rel=1e-3)
    assert 0 < middle.c[co][0] < 1e-4


def test_a_bipolar_membrane_rectifies() -> None:
    layers = [Layer(10e-9, eps_r=78.5), Layer(10e-9, eps_r=78.5, fixed_charge=100.0), Layer(10e-9, eps_r=78.5, fixed_charge=-100.0)]
    salt = dict.fromkeys(KCl, 10.0)
    curve = pnp_iv(Membrane1D([*layers, layers[0]], T=T), salt, salt, np.array([-0.4, -0.2, 0.2, 0.4]), tol=1e-7)
    assert np.all(curve.status == Status.OK)
    assert -curve.I[0] > 3 * curve.I[3]  # the positive layer on the left blocks for V > 0
    assert curve.I[3] > curve.I[2] > 0


def test_an_ion_on_one_side_only() -> None:
    film = pnp(gel(), {**IN, IonSpecies("Ca", 2, D=0.8e-9): 2.0, IONS["Cl"]: 156.0}, OUT, -0.07)
    assert film.J["Ca"] > 0
    assert film.c["Ca"][-1] == 0.0


def test_an_energy_landscape_is_felt_as_in_the_prescribed_potential() -> None:
    """Far thinner than the Debye length the field is constant, and both solvers must agree."""
    layer = Layer(0.05e-9, eps_r=80.0, energy={"K": lambda s: 3.0 * np.sin(np.pi * s) ** 2}, D={"Na": lambda s: 1e-9 * (1 + s)})
    left, right = ({ion: 1e-3 * c for ion, c in side.items()} for side in (IN, OUT))
    film, given = pnp(Membrane1D(layer), left, right, -0.05, tol=1e-8), ifx.nernst_planck(Membrane1D(layer), left, right, -0.05)
    for ion in IN:
        assert film.J[ion] == approx(given.J[ion], rel=1e-7)


def test_from_a_solution_nearby_and_on_places_of_ones_own() -> None:
    x = np.linspace(0.0, 25e-9, 201)
    first = pnp(gel(), IN, OUT, -0.07, nodes=x)
    again = pnp(gel(), IN, OUT, -0.065, nodes=x, start=first)
    assert again.I == approx(pnp(gel(), IN, OUT, -0.065, nodes=x).I, rel=1e-12)
    assert np.isnan(first.error)
    assert np.delete(first.x, [81, 122]) == approx(x, rel=1e-14)


def test_solutions_that_are_not_neutral_are_remarked_upon() -> None:
    with pytest.warns(NotNeutralWarning):
        pnp(gel(), {IONS["K"]: 140.0, IONS["Cl"]: 100.0}, OUT, 0.0, nodes=10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pnp(gel(), IN, OUT, 0.0, nodes=10)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"tol": 0.0}, "tol"),
        ({"nodes": 1}, "two cells"),
        ({"nodes": [0.0, 1e-9, 25e-9]}, "interface"),
        ({"nodes": [0.0, 2e-9, 1e-9]}, "ascending"),
        ({"nodes": [4, 1, 4]}, "two cells"),
        ({"start": 3}, "Profile"),
    ],
)
def test_what_cannot_be_is_refused(more: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        pnp(gel(), IN, OUT, 0.0, **more)
    assert says in str(caught.value)


def test_what_is_not_resolved_is_said_and_never_silently_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volumes, "_MOST", 2)
    with pytest.raises(ConvergenceError) as caught:
        pnp(lipid(), IN, OUT, -0.07, tol=1e-12)
    assert "estimated error" in str(caught.value)
    assert caught.value.partial.error > 1e-12
    assert np.all(pnp(lipid(), IN, OUT, np.array([-0.07, 0.07]), tol=1e-12).status == Status.NOT_CONVERGED)


def test_a_layer_cut_into_forty_is_the_same_layer() -> None:
    whole, cut = Layer(40e-9, eps_r=78.0, fixed_charge=-20.0), Layer(1e-9, eps_r=78.0, fixed_charge=-20.0)
    one, many = (pnp(Membrane1D(layers), IN, OUT, 0.05, tol=1e-6) for layers in (whole, [cut] * 40))
    assert many.I == approx(one.I, rel=1e-6)
    with pytest.raises(InputError, match="no more than 8 ions and 50 layers"):
        pnp(Membrane1D([cut] * 51), IN, OUT, 0.05)


def test_cells_may_be_counted_layer_by_layer() -> None:
    counted, even = pnp(gel(), IN, OUT, 0.02, nodes=[6, 12, 6]), pnp(gel(), IN, OUT, 0.02, nodes=[12, 12, 12])
    assert len(counted.x) == 6 + 12 + 6 + 3
    assert even.I == pnp(gel(), IN, OUT, 0.02, nodes=12).I
    assert counted.I == approx(even.I, rel=0.05)


def test_a_curve_has_no_profile_beyond_its_voltages() -> None:
    curve = pnp_iv(gel(), IN, OUT, [0.0, 0.1], nodes=8)
    assert curve.profile(-1).V == 0.1
    with pytest.raises(InputError, match="there are 2 voltages"):
        curve.profile(2)


# ---- curves ----------------------------------------------------------------------------------------------------------------------


def test_a_curve_on_two_hundred_even_cells() -> None:
    ions = [IonSpecies(name, z, D=D) for name, z, D in (("K", 1, 1.96e-9), ("Na", 1, 1.33e-9), ("Cl", -1, 2.03e-9))]
    sides = [dict(zip(ions, c, strict=True)) for c in ((140.0, 10.0, 150.0), (5.0, 145.0, 150.0))]
    curve = pnp_iv(gel(), *sides, np.linspace(-0.1, 0.1, 5), nodes=np.linspace(0.0, 25e-9, 201))
    assert curve.I == approx([-2698872.3803811, -1270603.2466315, 234910.93094352, 1868085.7764199, 3608599.4170034], rel=1e-9)
    fine = pnp_iv(gel(), *sides, np.linspace(-0.1, 0.1, 5), tol=1e-8)
    assert fine.I == approx([-2699062.1156126, -1270726.4840876, 234990.91506674, 1868408.2650692, 3609073.5704550], rel=2e-8)


def test_curves_are_their_points_and_reversals_carry_no_current() -> None:
    V, X = np.linspace(-0.1, 0.1, 7), np.array([-300.0, 0.0, 400.0])
    curve = pnp_iv(gel(), IN, OUT, V, vary={"layers.1.fixed_charge": X})
    assert curve.I.shape == (3, 7)
    assert curve.reversal.shape == (3,)
    for i, x in enumerate(X):
        film = pnp(gel(x), IN, OUT, V)
        assert np.array_equal(film.I, curve.I[i])
        assert np.array_equal(film.dI_dV, curve.conductance[i])
        assert np.array_equal(film.dI_dV_error, curve.conductance_error[i])
        at_rest = pnp(gel(x), IN, OUT, curve.reversal[i])
        assert abs(at_rest.I) < 1e-9 * np.max(np.abs(curve.I[i]))
    single = pnp_iv(gel(), IN, OUT, V)
    assert single.profile(3).I == single.I[3]
    assert single.plot().get_xlabel()
    assert single.profile(3).plot().get_xlabel()


def test_the_reversal_is_found_beyond_the_voltages_asked_for() -> None:
    salt = [dict.fromkeys(KCl, c) for c in (10.0, 100.0)]
    inside = pnp_iv(gel(-2000.0), *salt, np.linspace(-0.1, 0.1, 5)).reversal
    assert pnp_iv(gel(-2000.0), *salt, [-0.1, -0.09]).reversal == approx(inside, abs=1e-9)


# ---- claims ----------------------------------------------------------------------------------------------------------------------


def test_the_cheap_surrogate_of_a_charged_membrane_agrees_within_two_millivolts() -> None:
    """Two double layers coupled by the dielectric, then Goldman with the drop inside: the potential that the full equations give."""
    V, sides = -0.07, (ifx.Bath({K: 140.0, Na: 12.0, Chloride: 152.0}), ifx.Bath({K: 5.0, Na: 145.0, Chloride: 150.0}))
    cheap = ifx.charged_bilayer(
        inside=sides[0], outside=sides[1], sigma_in=-0.05, sigma_out=-0.02, V=V, thickness=4e-9, eps_membrane=2.0, eps_r=74.0, T=310.15
    )
    film = pnp(lipid(), *sides, V)
    faces = film.at([10e-9, 14e-9]).phi
    assert faces[0] - faces[1] == approx(cheap.drop, abs=2e-3)
    assert faces[0] - V == approx(cheap.psi_in, abs=2e-3)
    assert faces[1] == approx(cheap.psi_out, abs=2e-3)
    assert abs(cheap.drop - V) > 0.02  # the field inside is not V/d


def test_flux_is_diffusion_and_drift_and_vanishes_at_boltzmanns_profile() -> None:
    V = 0.03
    u = FARADAY * V / (GAS_CONSTANT * 310.15)
    given = ifx.nernst_planck(Membrane1D(Layer(5e-9)), {K: 10.0}, {K: 10.0 * np.exp(u)}, V, x=np.linspace(0, 5e-9, 401))
    assert abs(given.J[K]) < 1e-13 * K.D * 30.0 / 5e-9
    away = ifx.nernst_planck(Membrane1D(Layer(5e-9)), {K: 10.0}, {K: 100.0}, V, x=np.linspace(0, 5e-9, 401))
    dc, c = np.gradient(away.c[K], away.x), away.c[K]
    drift = -K.D * FARADAY / (GAS_CONSTANT * 310.15) * c * np.gradient(away.phi, away.x)
    assert (-K.D * dc + drift)[2:-2] == approx(np.full(397, away.J[K]), rel=1e-4)
