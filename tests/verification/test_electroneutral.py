"""Membranes without space charge: closed forms, an independent integration, the limit of pnp, and laws that hold whatever the numbers."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference.neutral_films import Slab, arrive, planck_monovalent, uniform

import ionflux as ifx
from ionflux import IonSpecies, Layer, Membrane1D, Status, electroneutral, pnp_iv
from ionflux.constants import FARADAY, GAS_CONSTANT

approx = pytest.approx
CASES = json.loads((Path(__file__).parents[1] / "data/formulas.json").read_text())["cases"]
JUNCTIONS = [case for case in CASES if case["function"] == "liquid_junction" and case["arguments"]["method"] == "planck"]
CHARGED = [case for case in CASES if case["function"] == "teorell_meyer_sievers" and case["result"] == "V"]
T = 298.15
VT = GAS_CONSTANT * T / FARADAY
K, Na, Cl = (IonSpecies(name, z, D=D) for name, z, D in (("K", 1, 1.957e-9), ("Na", 1, 1.334e-9), ("Cl", -1, 2.032e-9)))
Ca, SO4, La, Urea = (
    IonSpecies(name, z, D=1e-9 * D) for name, z, D in (("Ca", 2, 0.792), ("SO4", -2, 1.065), ("La", 3, 0.62), ("Urea", 0, 1.4))
)
IN = {K: 140.0, Na: 10.0, Ca: 1.0, Cl: 150.0, SO4: 1.0}
OUT = {K: 5.0, Na: 145.0, Ca: 2.0, Cl: 152.0, SO4: 1.0}


def sides(case: dict[str, Any]) -> list[dict[IonSpecies, float]]:
    a, valence = case["arguments"], {"Cl": -1}
    return [{IonSpecies(name, valence.get(name, 1), D=a["D"][name]): c for name, c in a[side].items()} for side in ("left", "right")]


def three(X: float = -300.0) -> Membrane1D:
    """Water, a charged layer with partitions, water."""
    return Membrane1D(
        [Layer(1e-6), Layer(2e-7, D_factor=0.1, fixed_charge=X, partition={"K": 0.3, "Cl": 0.5, "Ca": 0.1}), Layer(5e-7)], T=T
    )


# ---- values ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", JUNCTIONS, ids=lambda case: case["id"])
def test_a_film_without_current_has_the_junction_potential(case: dict[str, Any]) -> None:
    film = electroneutral(Membrane1D(Layer(1e-6), T=T), *sides(case), I=0.0)
    assert film.V == approx(case["value"], rel=1e-12)


@pytest.mark.parametrize("case", CHARGED, ids=lambda case: case["id"])
def test_a_charged_film_without_current_has_teorells_potential(case: dict[str, Any]) -> None:
    film = electroneutral(Membrane1D(Layer(1e-6, fixed_charge=case["arguments"]["X"]), T=T), *sides(case), I=0.0)
    assert film.V == approx(case["value"], rel=1e-12)


def test_one_salt_in_a_charged_film_at_any_contrast() -> None:
    """Teorell, Meyer & Sievers for |X|/c from 1e-3 to 1e5."""
    X, a, b = (x.ravel() for x in np.meshgrid([-1e3, -30.0, 1.0, 5e3], [0.05, 3.0, 900.0], [0.05, 20.0, 1000.0]))
    V = electroneutral(Membrane1D(Layer(1e-6), T=T), {K: a, Cl: a}, {K: b, Cl: b}, I=0.0, vary={"layers.0.fixed_charge": X}).V
    r = [np.sqrt(4 * c**2 + X**2) for c in (a, b)]
    share = (K.D - Cl.D) / (K.D + Cl.D)
    inside = share * np.log((r[1] - share * X) / (r[0] - share * X))
    assert VT * (np.arcsinh(X / (2 * b)) - np.arcsinh(X / (2 * a)) + inside) == approx(V, rel=1e-12, abs=1e-15)


def test_monovalent_ions_fulfil_plancks_equation() -> None:
    rng = np.random.default_rng(7)
    for _ in range(20):
        left, right = ({K: k, Na: n, Cl: k + n} for k, n in 10 ** rng.uniform(-1, 2.5, (2, 2)))
        U, W, c = (tuple(f(side) for side in (left, right)) for f in (
            lambda s: K.D * s[K] + Na.D * s[Na], lambda s: Cl.D * s[Cl], lambda s: s[Cl]
        ))  # fmt: skip
        V = electroneutral(Membrane1D(Layer(1e-6), T=T), left, right, I=0.0).V
        assert V == approx(VT * planck_monovalent(U, W, c), rel=1e-9, abs=1e-13)


def test_one_salt_without_charges_conducts_as_diffusion_and_ohm_say() -> None:
    """c is a straight line whatever the current; J of each ion then is a closed form in V."""
    a, b, L, V = 10.0, 300.0, 2e-6, np.array([-0.5, -0.08, 0.0, 0.02, 0.4])
    film = electroneutral(Membrane1D(Layer(L), T=T), {K: a, Cl: a}, {K: b, Cl: b}, V=V)
    conductance = (b - a) / np.log(b / a) / L  # 1/∫dx/c
    for ion in (K, Cl):
        assert film.J[ion] == approx(ion.D * ((a - b) / L + ion.z * V / VT * conductance), rel=1e-11)
    # at their ends panels are exact to twice the order that they have within
    assert film.at([0.5e-6]).c[K][:, 0] == approx(np.full(5, 0.75 * a + 0.25 * b), rel=1e-9)
    assert film.dI_dV == approx(np.full(5, FARADAY / VT * (K.D + Cl.D) * conductance), rel=1e-11)


# ---- an independent integration ------------------------------------------------------------------------------------------------------


def check(membrane: Membrane1D, slabs: list[Slab], left: Any, right: Any, film: ifx.Profile, ends: Any = None, rel: float = 1e-8) -> None:
    """From the left solution, with the fluxes found, one arrives at the right solution, at its potential zero."""
    ions = film.ions
    z, J = np.array([float(i.z) for i in ions]), np.array([film.J[i] for i in ions])
    begin, goal = (np.array([side.get(i, 0.0) for i in ions]) for side in (left, right))
    c, u = arrive(z, slabs, begin, film.V / VT, J, ends)
    assert c == approx(goal, rel=rel, abs=rel * 1e-2 * np.max(goal))
    assert u == approx(0.0, abs=rel)


@pytest.mark.parametrize("seed", range(6))
def test_random_membranes_against_an_integration_in_x(seed: int) -> None:
    rng = np.random.default_rng([3, seed])
    ions = [*[K, Na, Ca, La, Cl, SO4][: rng.integers(2, 6)], IonSpecies("A", -1, D=1e-9)]
    layers = rng.integers(1, 4)
    left, right = ({i: float(10 ** rng.uniform(0, 2)) for i in ions} for _ in range(2))
    for side in (left, right):
        rest = sum(i.z * c for i, c in side.items())
        side[ions[-1] if rest > 0 else ions[0]] += abs(rest)
    D, k = 10 ** rng.uniform(-10, -9, (layers, len(ions))), 10 ** rng.uniform(-0.5, 0, (layers, len(ions)))
    thick, X = 10 ** rng.uniform(-8, -6, layers), rng.uniform(-300, 300, layers)
    names = [i.name for i in ions]
    by_name = [[dict(zip(names, map(float, values), strict=True)) for values in rows] for rows in (D, k)]
    each = zip(thick, X, *by_name, strict=True)
    membrane = Membrane1D([Layer(float(t), fixed_charge=float(x), D=d, partition=p) for t, x, d, p in each], T=T)
    slabs = [uniform(t, x, d, p) for t, x, d, p in zip(thick, X, D, k, strict=True)]
    for asked in ({"V": 0.0}, {"V": float(rng.uniform(-0.06, 0.06))}, {"I": 0.0}):
        film = electroneutral(membrane, left, right, **asked)
        assert film.error < 1e-9
        check(membrane, slabs, left, right, film)


def test_functions_of_place_against_an_integration_in_x() -> None:
    wave = lambda s: 1.5 * np.sin(np.pi * np.asarray(s)) + 0.5 * np.asarray(s)  # noqa: E731
    D = {"K": lambda s: 1e-9 * (1 + s**2), "Na": 1e-9, "Cl": lambda s: 2e-9 * np.exp(-s)}
    membrane = Membrane1D(Layer(1e-6, fixed_charge=60.0, D=D, energy={"K": wave}), T=T)
    left, right = {K: 100.0, Na: 20.0, Cl: 120.0}, {K: 5.0, Na: 60.0, Cl: 65.0}
    slab = Slab(
        1e-6, 60.0, lambda s: np.array([1e-9 * (1 + s**2), 1e-9, 2e-9 * np.exp(-s)]), lambda s: np.array([float(wave(s)), 0.0, 0.0]),
        lambda s: np.array([1.5 * np.pi * np.cos(np.pi * s) + 0.5, 0.0, 0.0]),
    )  # fmt: skip
    film = electroneutral(membrane, left, right, V=0.03)
    assert film.error < 1e-11
    check(membrane, [slab], left, right, film, (slab.w(0.0), slab.w(1.0)))


def test_an_energy_of_straight_pieces_is_cut_at_its_kinks() -> None:
    left, right = {K: 100.0, Cl: 100.0}, {K: 20.0, Cl: 20.0}
    steps = [0.0, 2.0, -1.0, 0.5]
    film = electroneutral(Membrane1D(Layer(3e-6, energy={"K": steps}), T=T), left, right, V=-0.02)
    D, zero = np.array([K.D, Cl.D]), 0.0
    slabs = [
        Slab(1e-6, 0.0, lambda s: D, lambda s, a=a, b=b: np.array([a + (b - a) * s, zero]), lambda s, a=a, b=b: np.array([b - a, zero]))
        for a, b in pairwise(steps)
    ]
    check(Membrane1D(Layer(3e-6)), slabs, left, right, film, (np.array([0.0, 0.0]), np.array([0.5, 0.0])))


# ---- the limit of Poisson's equation ---------------------------------------------------------------------------------------------------


def test_thick_films_of_poisson_approach_it_with_the_square_of_their_thickness() -> None:
    left, right = {K: 100.0, Na: 1.0, Cl: 101.0}, {K: 2.0, Na: 8.0, Cl: 10.0}
    limit, rest = (electroneutral(Membrane1D(Layer(1.0e-9), T=T), left, right, **asked) for asked in ({"V": -0.05}, {"I": 0.0}))
    off, away = [], []
    for L in (800e-9, 1.6e-6, 3.2e-6):
        film = Membrane1D(Layer(L, eps_r=78.5), T=T)
        curve = pnp_iv(film, left, right, [-0.05, 0.0, 0.05], tol=1e-9)
        off.append(curve.I[0] * L / (limit.I * 1e-9) - 1.0)
        away.append(curve.reversal - rest.V)
    for gaps in (off, away):
        assert abs(gaps[-1]) < 1e-5
        orders = np.log2(np.array(gaps[:-1]) / np.array(gaps[1:]))
        assert orders == approx([2.0, 2.0], abs=0.1)  # 1.93, 1.96: rising to 2 with the thickness
        assert orders[1] > orders[0]


# ---- laws ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [{"V": 0.0}, {"I": 0.0}])
def test_between_equal_solutions_nothing_flows(asked: dict[str, float]) -> None:
    film = electroneutral(three(), IN, IN, **asked)
    for ion, c in IN.items():
        assert abs(film.J[ion]) < 1e-13 * ion.D * c / 1.7e-6
    assert film.V == approx(0.0, abs=1e-15)


@pytest.mark.parametrize("asked", [{"V": -0.06}, {"V": 0.1}, {"I": 0.0}, {"I": 1000.0}])
def test_mirror_image_and_order_of_the_ions(asked: dict[str, float]) -> None:
    membrane = three()
    film = electroneutral(membrane, IN, OUT, **asked)
    mirrored = electroneutral(Membrane1D(membrane.layers[::-1], T=T), OUT, IN, **{name: -x for name, x in asked.items()})
    turned = electroneutral(membrane, dict(reversed(IN.items())), OUT, **asked)
    assert mirrored.V == approx(-film.V, rel=1e-12, abs=1e-15)
    assert turned.V == film.V
    for ion in IN:
        assert mirrored.J[ion] == approx(-film.J[ion], rel=1e-11)
        assert turned.J[ion] == film.J[ion]
        assert turned.c[ion] == approx(film.c[ion], rel=1e-13)


def test_conductance_is_the_slope_of_the_current() -> None:
    h, V = 1e-5, np.array([-0.12, -0.03, 0.0, 0.08])
    film = electroneutral(three(), IN, OUT, V=V)
    up, down = (electroneutral(three(), IN, OUT, V=V + d).I for d in (h, -h))
    assert film.dI_dV == approx((up - down) / (2 * h), rel=1e-7)
    again = electroneutral(three(), IN, OUT, I=film.I)
    assert again.V == approx(V, rel=1e-11, abs=1e-14)
    assert again.dI_dV == approx(film.dI_dV, rel=1e-10)
    assert np.array_equal(electroneutral(three(), IN, OUT, I=0.0).I, 0.0) or abs(electroneutral(three(), IN, OUT, I=0.0).I) < 1e-9


def test_neutral_and_blocked_ions_change_nothing_for_the_others() -> None:
    plain = electroneutral(three(), IN, OUT, V=-0.03)
    more = electroneutral(three(), {**IN, Urea: 30.0}, OUT, V=-0.03)
    for ion in IN:
        assert more.J[ion] == plain.J[ion]
    resist = 1e-6 + 2e-7 / 0.1 + 5e-7
    assert more.J[Urea] == approx(Urea.D * 30.0 / resist, rel=1e-12)
    exchanger = Membrane1D([Layer(1e-6), Layer(1e-7, fixed_charge=-100.0, partition={"Cl": 0.0}), Layer(1e-6)], T=T)
    shut = electroneutral(exchanger, {K: 10.0, Cl: 10.0}, {K: 50.0, Cl: 50.0}, I=0.0)
    assert shut.J[Cl] == 0.0
    assert shut.J[K] == approx(0.0, abs=1e-18)
    assert shut.V == approx(VT * np.log(5.0), rel=1e-12)  # what passes alone has its Nernst potential
    assert np.all(shut.c[Cl][(shut.x > 1.0001e-6) & (shut.x < 1.0999e-6)] == 0.0)


def test_an_ion_on_one_side_only_and_up_to_eight_of_them() -> None:
    ions = [IonSpecies(f"I{i}", z, D=(0.5 + 0.2 * i) * 1e-9) for i, z in enumerate((1, 1, 2, 3, -1, -1, -2))]
    left = dict(zip(ions, (10.0, 0.0, 3.0, 1.0, 5.0, 10.0, 2.0), strict=True))
    right = dict(zip(ions, (0.0, 20.0, 0.0, 2.0, 26.0, 0.0, 0.0), strict=True))
    membrane = Membrane1D([Layer(1e-6), Layer(5e-7, fixed_charge=-40.0, D_factor=0.3)], T=T)
    D = np.array([i.D for i in (*ions, Urea)])
    slabs = [uniform(1e-6, 0.0, D, np.ones(8)), uniform(5e-7, -40.0, 0.3 * D, np.ones(8))]
    for asked in ({"V": 0.02}, {"I": 0.0}):
        film = electroneutral(membrane, {**left, Urea: 1.0}, right, **asked)
        assert film.c[ions[1]][0] == 0.0
        assert film.c[ions[0]][-1] == 0.0
        check(membrane, slabs, {**left, Urea: 1.0}, right, film)


def test_nothing_is_for_free() -> None:
    """Ions go down in the sum: Σ J Δμ >= 0, in thirty random batteries."""
    rng = np.random.default_rng(2)
    a, b, d, e = 10 ** rng.uniform(-1, 2.5, (4, 30))
    V = rng.uniform(-0.15, 0.15, 30)
    film = electroneutral(three(), {K: a, Na: b, Cl: a + b}, {K: d, Na: e, Cl: d + e}, V=V)
    assert np.all(film.status == Status.OK)
    mu = {K: np.log(a / d), Na: np.log(b / e), Cl: np.log((a + b) / (d + e))}
    assert np.all(sum(film.J[ion] * (mu[ion] + ion.z * V / VT) for ion in mu) > 0.0)


def test_faces_are_in_equilibrium_and_every_place_is_neutral() -> None:
    membrane = three()
    film = electroneutral(membrane, IN, OUT, V=-0.04)
    X = np.repeat([0.0, 0.0, -300.0, 0.0, 0.0], [1, 51, 51, 51, 1])
    net, size = X.copy(), np.abs(X)
    for ion in IN:
        net, size = net + ion.z * film.c[ion], size + abs(ion.z) * film.c[ion]
    assert np.max(np.abs(net) / size) < 1e-14
    assert film.audit.charge < 1e-12
    assert film.audit.flux < 1e-13
    k = {K: 0.3, Cl: 0.5, Ca: 0.1}
    for ion in IN:  # ln(c/k) + zu is continuous at 1.0 µm, the place 51 | 52, and 1.2 µm
        mu = np.log(film.c[ion]) + ion.z * film.phi / VT
        assert mu[52] - np.log(k.get(ion, 1.0)) == approx(mu[51], abs=1e-12)
        assert mu[102] - np.log(k.get(ion, 1.0)) == approx(mu[103], abs=1e-12)
    assert film.phi[[0, -1]] == approx([-0.04, 0.0], abs=1e-16)
    where = np.array([0.0, 0.3e-6, 1.0e-6, 1.11e-6, 1.7e-6])
    some = film.at(where)
    assert some.phi[[0, 2]] == approx(film.phi[[0, 51]], rel=1e-12)
    assert film.at(film.x[60]).c[K][0] == approx(film.c[K][60], rel=1e-12)


def test_a_current_beyond_the_limit_is_refused_and_just_below_it_found() -> None:
    """Two unstirred layers beside an ideal exchanger: 2 F D c/δ, when the salt in one of them is used up at the face."""
    film = Membrane1D([Layer(1e-5), Layer(1e-6, fixed_charge=-1000.0), Layer(1e-5)], T=T)
    salt = {K: 1.0, Cl: 1.0}
    limit = 2 * FARADAY * K.D * 1.0 / 1e-5
    found = electroneutral(film, salt, salt, I=np.array([0.5, 0.9, 1.0, 1.5]) * limit)
    assert found.status.tolist()[:3] == [Status.OK] * 3
    assert found.status[3] == Status.NOT_CONVERGED
    assert np.isnan(found.V[3])
    assert np.isnan(found.J[K][3])
    with pytest.raises(ifx.ConvergenceError, match="depleted") as caught:
        electroneutral(film, salt, salt, I=2 * limit)
    assert np.isnan(caught.value.partial.V)
    saturated = electroneutral(film, salt, salt, V=np.array([0.5, 1.0]))
    assert saturated.I[1] == approx(saturated.I[0], rel=1e-3)
    assert saturated.I[1] == approx(limit, rel=0.05)  # some chloride leaks through


def test_members_of_a_batch_are_what_they_are_alone() -> None:
    X, V = np.array([-500.0, 0.0, 3.0, 2000.0]), np.linspace(-0.2, 0.2, 5)[:, None]
    batch = electroneutral(three(), IN, OUT, V=V, vary={"layers.1.fixed_charge": X})
    assert batch.I.shape == (5, 4)
    two = electroneutral(three(), IN, OUT, V=V, vary={"layers.1.fixed_charge": X}, threads=2)
    assert np.array_equal(batch.I, two.I)
    for i, j in ((0, 0), (2, 1), (4, 3)):
        alone = electroneutral(three(float(X[j])), IN, OUT, V=float(V[i, 0]))
        assert batch.I[i, j] == alone.I  # to the last bit
        assert batch.c[K][i, j] == approx(alone.c[K], rel=1e-12)
