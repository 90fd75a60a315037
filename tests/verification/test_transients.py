"""Membranes in profile followed in time: reference values, limits, orders, and what must be kept whatever the numbers."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference.films_in_time import Film, charging
from scipy.integrate import cumulative_trapezoid

import ionflux as ifx
from ionflux import IonSpecies, Layer, Membrane1D, Status, marching, pnp, pnp_transient, pulse, ramp, step, table
from ionflux.constants import FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY

approx = pytest.approx
CASES = json.loads((Path(__file__).parents[1] / "data/blocking.json").read_text())["cases"]
K, Na, Cl = IonSpecies("K", 1, D=1.957e-9), IonSpecies("Na", 1, D=1.334e-9), IonSpecies("Cl", -1, D=2.032e-9)
PLUS, MINUS = IonSpecies("plus", 1, D=2e-9), IonSpecies("minus", -1, D=2e-9)
IN, OUT = {K: 140.0, Na: 12.0, Cl: 152.0}, {K: 5.0, Na: 145.0, Cl: 150.0}
VT = GAS_CONSTANT * 298.15 / FARADAY


def lipid(sigma: Any = (-0.05, -0.02)) -> Membrane1D:
    """Water, a lipid membrane with charged faces, water."""
    water = Layer(10e-9, eps_r=74.0)
    core = Layer(4e-9, eps_r=2.0, D_factor=0.1, partition={"K": 1e-3, "Na": 4e-5, "Cl": 4.5e-4})
    return Membrane1D([water, core, water], surface_charge=sigma)


def gel() -> Membrane1D:
    """A charged layer between water."""
    return Membrane1D([Layer(5e-9), Layer(5e-9, eps_r=40.0, D_factor=0.1, fixed_charge=-300.0), Layer(5e-9)])


def gap(epsilon: float, *, c0: float = 100.0, eps_r: float = 78.5) -> tuple[Membrane1D, dict[IonSpecies, float], float, float]:
    """A layer between electrodes that is 2 Debye lengths over epsilon thick, its salt, half its thickness, and the time λL/D."""
    debye = np.sqrt(VACUUM_PERMITTIVITY * eps_r * VT / (2 * FARADAY * c0))
    L = float(debye / epsilon)
    return Membrane1D(Layer(2 * L, eps_r=eps_r), T=298.15), {PLUS: c0, MINUS: c0}, L, float(debye * L / 2e-9)


def half(run: Any, c0: float, L: float) -> Any:
    """(c₊ − c₋)/2c₀ over the left half, over half the gap, straight between the places."""
    n = len(run.x) // 2 + 1
    return np.trapezoid((run.c[PLUS] - run.c[MINUS])[..., :n] / (2 * c0), run.x[:n]) / L


# ---- values --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"epsilon={case['epsilon']}")
def test_blocking_electrodes_charge_as_published(case: dict[str, Any]) -> None:
    membrane = Membrane1D(Layer(2 * case["half_gap"], eps_r=case["eps_r"]), T=case["T"])
    salt = {PLUS: case["c0"], MINUS: case["c0"]}
    run = pnp_transient(membrane, salt, salt, case["V"], t=case["t"], blocking=True)
    assert np.all(run.error <= 1e-6)
    assert half(run, case["c0"], case["half_gap"]) == approx(np.array(case["q"]), rel=6e-6)  # of the sum over places: 4e-6
    if case["wall"]:
        assert run.c[PLUS][:, 0] / case["c0"] == approx(np.array(case["wall"]), rel=3e-9)


@pytest.mark.parametrize("epsilon", [0.3, 0.01])
def test_a_small_step_is_answered_linearly(epsilon: float) -> None:
    membrane, salt, L, tau = gap(epsilon)
    t = np.array([0.02, 0.2, 1.0, 3.0])
    run = pnp_transient(membrane, salt, salt, -2e-6 * VT, t=t * tau, blocking=True)
    assert half(run, 100.0, L) / 1e-6 == approx(np.array([charging(epsilon, x) for x in t]), rel=6e-6)


def test_the_charge_of_an_electrode_is_that_of_gouy_and_chapman_in_the_end() -> None:
    membrane, salt, L, tau = gap(0.01)
    run = pnp_transient(membrane, salt, salt, 0.05, t=[2000 * tau], blocking=True)
    debye = 0.01 * L
    c = run.c[PLUS][0, len(run.x) // 2]  # the bulk has lost what the double layers hold
    assert run.Q[0] == approx(np.sqrt(c / 100) * 2 * VACUUM_PERMITTIVITY * 78.5 * VT / debye * np.sinh(0.05 / (4 * VT)), rel=1e-6)


@pytest.mark.parametrize("closed", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_reference_twin_agrees(closed: bool) -> None:
    membrane, t, n = lipid(), np.array([1e-10, 3e-9, 1e-7]), 5
    run = pnp_transient(membrane, IN, OUT, -0.07, t=t, nodes=n, blocking=closed)
    k = np.repeat([[1, 1e-3, 1], [1, 4e-5, 1], [1, 4.5e-4, 1]], n, axis=1)
    D = np.array([[K.D], [Na.D], [Cl.D]]) * np.repeat([1, 0.1, 1], n)
    sigma = np.zeros(3 * n + 1)
    sigma[[n, 2 * n]] = -0.05, -0.02
    h = np.repeat([10e-9, 4e-9, 10e-9], n) / n
    film = Film(h, np.repeat([74.0, 2.0, 74.0], n), np.zeros(3 * n), np.array([1.0, 1.0, -1.0]), D, k, sigma, 310.15)
    keep = np.delete(np.arange(3 * n + 3), [n + 1, 2 * n + 2])
    k_at = np.concatenate([k[:, :1], k], axis=1)
    if closed:
        x = np.concatenate([[0.0], np.cumsum(h)]) / np.sum(h)
        begin = np.array([IN[i] + (OUT[i] - IN[i]) * x for i in IN])
    else:
        rest = pnp(membrane, IN, OUT, 0.0, nodes=n)
        begin = np.array([rest.c[i][keep] for i in IN]) / k_at
    slow = film.follow(begin, -0.07, t, closed=closed)
    for i, ion in enumerate(IN):
        assert run.c[ion][:, keep] == approx(slow[:, i] * k_at[i], rel=2e-6)
    assert run.phi[-1][keep] == approx(film.potential(slow[-1], -0.07), abs=1e-8)


# ---- limits and orders -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("membrane", [lipid(), gel()], ids=["lipid", "gel"])
def test_after_a_long_time_it_is_the_stationary_state(membrane: Membrane1D) -> None:
    run, still = (f(membrane, IN, OUT, -0.07, nodes=24, **more) for f, more in ((pnp_transient, {"t": [1.0]}), (pnp, {})))
    assert run.I[0] == approx(still.I, rel=1e-9)
    for ion in IN:
        assert run.J_left[ion][0] == approx(still.J[ion], rel=1e-9)
        assert run.J_right[ion][0] == approx(still.J[ion], rel=1e-9)
        assert run.c[ion][0] == approx(still.c[ion], rel=1e-11)
    assert run.phi[0] == approx(still.phi, abs=1e-14)


def test_what_is_at_rest_stays_at_rest() -> None:
    run = pnp_transient(lipid(), IN, OUT, -0.03, start=-0.03, t=[0.0, 1e-9, 1e-3], nodes=20)
    assert np.ptp(run.phi, axis=0) == approx(0.0, abs=1e-14)
    assert run.stats["steps"] < 60


def test_nothing_happens_at_rest_and_little_to_little() -> None:
    call = {"t": [1e-9, 1e-7], "tol": 1e-5}
    rest, small, ten = (pnp_transient(gel(), IN, OUT, V, **call) for V in (0.0, 1e-6, 1e-5))
    assert np.all(rest.error < 1e-5)
    assert (ten.Q - rest.Q) / (small.Q - rest.Q) == approx(10.0, rel=1e-4)


def test_the_error_of_the_volumes_is_of_second_order() -> None:
    membrane, salt, _, tau = gap(0.2)
    Q = [pnp_transient(membrane, salt, salt, 0.05, t=[0.5 * tau], blocking=True, nodes=n).Q[0] for n in (40, 80, 160)]
    assert np.log2((Q[1] - Q[0]) / (Q[2] - Q[1])) == approx(2.0, abs=0.05)


def test_the_fluxes_right_after_a_jump_are_known_as_well_as_all_others() -> None:
    """At t = 0 the field has jumped and no ion moved: J at the ends is that of the profile before in the new field."""
    runs = [pnp_transient(gel(), IN, OUT, -0.05, t=[0.0], nodes=n) for n in (24, 48, 96, 192)]
    run = pnp_transient(gel(), IN, OUT, -0.05, t=np.linspace(0.0, 1e-7, 6))
    assert run.status == Status.OK
    for side in ("J_left", "J_right"):
        J = np.array([[getattr(one, side)[ion][0] for ion in (K, Na)] for one in runs])
        change = np.diff(J, axis=0)
        assert np.all(np.abs(np.log2(change[:-1] / change[1:]) - 2.0) < 0.1)
        np.testing.assert_allclose([getattr(run, side)[ion][0] for ion in (K, Na)], J[-1] + change[-1] / 3, rtol=1e-5)


def test_the_error_of_the_steps_is_of_fifth_order_or_nearly(monkeypatch: pytest.MonkeyPatch) -> None:
    c, steps = [], []
    for rtol in (1e-11, 1e-9, 1e-5):
        monkeypatch.setattr("ionflux.transients._GIVEN", rtol)
        run = pnp_transient(gel(), IN, OUT, ramp(0.0, 1e-7, to=0.1), t=[1e-7], nodes=24)
        c.append(run.c[K][0])
        steps.append(run.stats["steps"])
    order = np.log(np.max(np.abs(c[2] - c[0])) / np.max(np.abs(c[1] - c[0]))) / np.log(steps[1] / steps[2])
    assert 4.3 < order < 6.0


@pytest.mark.parametrize("n", [4, pytest.param(64, marks=pytest.mark.slow)])
def test_the_estimate_is_honest(n: int) -> None:
    rng = np.random.default_rng(7)
    V, X = rng.uniform(-0.15, 0.15, n), rng.uniform(-300, 300, n)
    call = {"t": [1e-9, 1e-8, 1e-7], "vary": {"layers.1.fixed_charge": X}, "nodes": None}
    run, better = (pnp_transient(gel(), IN, OUT, V, tol=tol, **call) for tol in (1e-4, 1e-7))
    assert np.all(run.status == Status.OK)
    assert np.all(run.error <= 1e-4)
    error = np.max(np.abs(run.I - better.I) / np.abs(better.I), axis=-1)
    assert np.mean(error <= 3 * np.max(run.error, axis=-1)) >= 0.95


# ---- what must be kept -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocking", [False, True])
def test_mass_charge_and_current_are_kept(blocking: bool) -> None:
    V = [step(1e-9, to=0.1), ramp(5e-9, 8e-9, to=-0.2)]
    run = pnp_transient(lipid(), IN, OUT, V, t=np.linspace(0.0, 2e-8, 9), blocking=blocking, nodes=20)
    assert run.audit.mass < 1e-13
    assert run.audit.charge < 1e-13
    assert run.audit.current < 1e-9  # of small differences between large amounts


def test_no_ion_leaves_between_blocking_electrodes() -> None:
    membrane, salt, _, tau = gap(0.1)
    run = pnp_transient(membrane, salt, salt, 0.2, t=np.array([0.1, 1.0, 50.0]) * tau, blocking=True, nodes=60)
    amount = np.trapezoid(run.c[PLUS], run.x)
    assert amount == approx(100.0 * membrane.thickness, rel=1e-13)
    assert np.all(run.J_left[PLUS] == 0)


def test_a_closed_membrane_is_filled_straight_from_one_side_to_the_other() -> None:
    thick = np.array([5e-9, 1e-8])
    run = pnp_transient(lipid(), IN, OUT, 0.0, t=[0.0], blocking=True, nodes=10, vary={"layers.0.thickness": thick})
    for row, d in enumerate(thick):
        x = run.x[row, :11]
        assert run.c[K][row, 0, :11] == approx(140.0 + (5.0 - 140.0) * x / (d + 14e-9))
    assert np.all(run.c[K] > 0)


def test_the_current_is_what_charges_the_electrode() -> None:
    membrane, salt, _, tau = gap(0.1)
    t = np.linspace(0.0, 2.0, 201) * tau
    run = pnp_transient(membrane, salt, salt, ramp(0.0, t[-1], to=0.05), t=t, blocking=True, nodes=60)
    assert run.Q - run.Q[0] == approx(cumulative_trapezoid(run.I, t, initial=0.0), abs=1e-5 * run.Q[-1])


def test_a_film_that_no_ion_crosses_is_a_capacitor() -> None:
    film = Membrane1D(Layer(5e-9, eps_r=2.0, D=0.0))
    run = pnp_transient(film, IN, IN, ramp(0.0, 1e-3, to=0.1), t=[5e-4, 1e-3, 2e-3])
    C = VACUUM_PERMITTIVITY * 2.0 / 5e-9
    assert run.I == approx(np.array([C * 100.0, C * 100.0, 0.0]), rel=1e-12, abs=1e-12)
    assert run.Q[1] - run.Q[0] == approx(C * 0.05, rel=1e-9)


def test_a_mirrored_membrane_carries_the_mirrored_current() -> None:
    membrane = lipid((-0.05, -0.02))
    a = pnp_transient(membrane, IN, OUT, -0.07, t=[1e-9, 1e-7], nodes=16)
    b = pnp_transient(lipid((-0.02, -0.05)), OUT, IN, 0.07, t=[1e-9, 1e-7], nodes=16)
    assert b.I == approx(-a.I, rel=1e-7)


# ---- schedules and starts --------------------------------------------------------------------------------------------------------


def test_a_step_later_is_the_same_step_later() -> None:
    now = pnp_transient(gel(), IN, OUT, 0.1, t=[1e-9, 1e-8], nodes=16)
    late = pnp_transient(gel(), IN, OUT, step(1e-6, to=0.1), t=[1e-6, 1e-6 + 1e-9, 1e-6 + 1e-8], nodes=16)
    assert late.V == approx(np.array([0.0, 0.1, 0.1]))  # the left limit at a jump
    assert late.I[1:] == approx(now.I, rel=1e-6)


def test_a_pulse_jumps_by_the_capacitance_and_is_forgotten() -> None:
    t = [0.0, 1e-9, 2e-9, 1e-4]
    run = pnp_transient(lipid(), IN, OUT, pulse(1e-9, 2e-9, to=0.05), t=t, nodes=16)
    assert run.V == approx(np.array([0.0, 0.0, 0.05, 0.0]))
    assert run.phi[-1] == approx(run.phi[0], abs=1e-12)
    assert run.c[K][-1] == approx(run.c[K][0], rel=1e-9)


def test_a_table_of_straight_pieces_is_its_ramps() -> None:
    call = {"t": [1e-8, 3e-8], "nodes": 16}
    one = pnp_transient(gel(), IN, OUT, table([0.0, 1e-8, 2e-8], [0.0, 0.1, -0.1]), **call)
    two = pnp_transient(gel(), IN, OUT, [ramp(0.0, 1e-8, to=0.1), ramp(1e-8, 2e-8, to=-0.1)], **call)
    assert np.array_equal(one.I, two.I)


def test_a_run_goes_on_where_another_ended() -> None:
    whole = pnp_transient(gel(), IN, OUT, 0.1, t=[1e-8, 3e-8])
    first = pnp_transient(gel(), IN, OUT, 0.1, t=[1e-8])
    rest = pnp_transient(gel(), IN, OUT, 0.1, t=[2e-8], start=first.profile(-1), tol=1e-5)
    assert rest.I[0] == approx(whole.I[1], rel=1e-5)
    assert whole.at(1e-8).I == approx(first.profile(0).I, rel=1e-6)


def test_a_membrane_begins_at_the_voltage_before() -> None:
    before = pnp(gel(), IN, OUT, -0.05, nodes=16)
    run = pnp_transient(gel(), IN, OUT, step(1e-9, to=0.0), start=-0.05, t=[0.0, 1e-9], nodes=16)
    assert run.phi[0] == approx(before.phi, abs=1e-14)
    same = pnp_transient(gel(), IN, OUT, step(1e-9, to=0.0), start=before, t=[0.0, 1e-9], nodes=16)
    assert same.phi == approx(run.phi, abs=1e-12)


# ---- batches -----------------------------------------------------------------------------------------------------------------------

BUILDS = [
    importlib.import_module(f"ionflux.{name}")
    for name, level in {"_transients": 0, "_transients_v3": 3, "_transients_v4": 4}.items()
    if importlib.util.find_spec(f"ionflux.{name}") is not None and ifx._kernels.cpu_level() >= level
]


def test_a_batch_is_its_rows_bit_by_bit_with_any_build_and_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    V, c = np.linspace(-0.1, 0.1, 11), np.linspace(2.0, 20.0, 11)
    call = {"t": [1e-9, 1e-7], "vary": {"right.K": c, "right.Cl": 145.0 + c}}
    whole = pnp_transient(gel(), IN, OUT, V, nodes=16, **call)
    assert whole.I.shape == (11, 2)
    assert whole.c[K].shape == (11, 2, whole.x.shape[-1])
    for build in BUILDS:
        monkeypatch.setattr(marching, "transients", build)
        again = pnp_transient(gel(), IN, OUT, V, nodes=16, threads=2, **call)
        assert np.array_equal(again.I, whole.I)
        assert np.array_equal(again.phi, whole.phi)


def test_a_row_of_a_batch_is_refined_as_if_it_were_alone() -> None:
    V = np.array([-0.1, 0.0, 0.1])
    whole = pnp_transient(gel(), IN, OUT, V, t=[1e-8], tol=1e-4)
    one = pnp_transient(gel(), IN, OUT, 0.1, t=[1e-8], tol=1e-4)
    assert np.array_equal(one.I, whole.I[2])
    assert np.array_equal(one.Q, whole.Q[2])
    assert np.array_equal(one.error, whole.error[2])
