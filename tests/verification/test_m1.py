"""M1: ohmic Na/K/Cl, constant 3:2 pump, water at once (Kay 2017, Front Cell Dev Biol 5:41). Published numbers, and other parameters."""

from __future__ import annotations

from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from drawn import first
from reference import models
from reference.pump_leak import IONS, charge_rest, closed_form, eigenvalues, free_energy, largest_pump, pump_of_minimal_volume
from reference.transients import integrate
from verification.build import as_cell, draw, resting
from verification.observe import assert_same_rest, assert_same_spectrum, observed

import ionflux as ifx
from ionflux import Cl, K, Na

ROWS = [r for r in models.reference("m1_m2")["entries"] if r["preset"] == "kay2017"]
VALUES = {r["id"]: r for r in ROWS}
DRAWS = range(24)


@cache
def kay(**symbols: float) -> ifx.Cell:
    return ifx.preset("kay2017", **symbols)


def random_cell(seed: int, **kw: Any) -> tuple[Any, ifx.Cell]:
    p, c_in, volume = draw(np.random.default_rng([1, seed]), **kw)
    return p, as_cell(p, c_in, volume)


@pytest.mark.parametrize("row", [r for r in ROWS if r["form"] == "closed"], ids=lambda r: r["id"])
def test_closed_form_gives_the_published_number(row: dict[str, Any]) -> None:
    cell = kay(**row["overrides"])
    for rest in (cell.closed_form(), cell.steady_state(electroneutral=True)):
        assert observed(rest, row["quantity"]) == pytest.approx(row["value"], rel=row["rtol"])


@pytest.mark.parametrize("row", [r for r in ROWS if r["form"] == "steady"], ids=lambda r: r["id"])
def test_charge_difference_rest_gives_the_published_number(row: dict[str, Any]) -> None:
    assert observed(kay(**row["overrides"]).steady_state(), row["quantity"]) == pytest.approx(row["value"], rel=row["rtol"])


def test_transient_from_the_published_start() -> None:
    run = kay().simulate(3000.0, at=[100.0, 1000.0, 3000.0])
    for row in ROWS:
        if row["form"] == "transient":
            i = [100, 1000, 3000].index(int(row["id"].split(".")[2].removesuffix("s")))
            got = run.V[i] if row["quantity"] == "V" else run.volume[i] / run.cell.volume
            assert float(got) == pytest.approx(row["value"], rel=row["rtol"]), row["id"]


def test_spectrum_at_the_rest() -> None:
    rest = kay().steady_state()
    got = sorted(np.real(rest.eigenvalues))
    assert len(got) == 3
    assert rest.stable
    for i, s in enumerate(got):
        assert s == pytest.approx(VALUES[f"m1.eig.{i}"]["value"], rel=VALUES[f"m1.eig.{i}"]["rtol"])


def test_pump_block_steps_v_at_once_by_the_pump_current_over_the_conductance() -> None:
    cell = kay()
    predicted = cell.closed_form().instant_step
    assert predicted == pytest.approx(VALUES["m1.step.predicted"]["value"], rel=VALUES["m1.step.predicted"]["rtol"])
    rest = cell.steady_state()
    blocked = resting(rest).replace({"NaKATPase.scale": 0.0}).simulate(0.02, at=[0.02], rtol=1e-9)
    assert blocked.V[-1] - rest.V == pytest.approx(VALUES["m1.step.20ms"]["value"], rel=VALUES["m1.step.20ms"]["rtol"])
    scheduled = resting(rest).simulate(1.02, schedule={"NaKATPase.scale": ifx.step(1.0, 0.0)}, at=[1.02], rtol=1e-9)
    assert scheduled.V[-1] == pytest.approx(blocked.V[-1], rel=1e-7)


def test_step_relaxes_with_the_membrane_time_constant() -> None:
    rest = kay().steady_state()
    tau, t = 0.01 / 5.1, np.linspace(2e-4, 0.012, 40)
    run = resting(rest).simulate(0.012, schedule={"NaKATPase.scale": ifx.step(0.0, 0.0)}, at=t, rtol=1e-9)
    # 4e-3: the ions begin to move within the 12 ms, m1.step.20ms - m1.step.predicted is 0.2 % of the step
    np.testing.assert_allclose(run.V - rest.V, 0.005 / 5.1 * -np.expm1(-t / tau), rtol=4e-3)


# ------------------------------------------------------------------------------------------------------- other parameter values


@pytest.mark.parametrize("seed", first(15, DRAWS))
def test_closed_form_at_other_parameters(seed: int) -> None:
    p, cell = random_cell(seed)
    want = closed_form(p)
    assert want is not None
    got = cell.closed_form()
    assert got.exists
    assert_same_rest(got, want, rel=1e-10)
    assert_same_rest(cell.steady_state(electroneutral=True), want, rel=1e-10)
    assert got.instant_step == pytest.approx(p.j_max * p.F / sum(p.g.values()), rel=1e-12)
    assert got.P_star == pytest.approx(float(pump_of_minimal_volume(p)), rel=1e-12)
    assert got.P_max == pytest.approx(float(largest_pump(p)), rel=1e-10)


@pytest.mark.parametrize("seed", first(6, DRAWS))
@pytest.mark.parametrize("water", ["instant", "finite"])
def test_charge_difference_rest_and_spectrum_at_other_parameters(seed: int, water: str) -> None:
    p, cell = random_cell(seed, water=water)
    with mp.workdps(40):
        neutral = closed_form(p)
        assert neutral is not None
        want = charge_rest(p, neutral)
        spectrum = eigenvalues(p, want)
    got = cell.steady_state()
    assert_same_rest(got, want, rel=1e-9)
    # the slowest mode is a small difference of large entries: 1e-16 times the stiffness of up to 1e6 leaves 1e-8 and less
    assert_same_spectrum(got.eigenvalues, spectrum, rel=1e-7)
    assert got.stable


@pytest.mark.parametrize("seed", first(2, range(6)))
@pytest.mark.parametrize("water", ["instant", "finite", "rigid"])
def test_transient_at_other_parameters(seed: int, water: str) -> None:
    p, c_in, volume = draw(np.random.default_rng([2, seed]), water=water)
    times = [0.01, 1.0, 60.0, 900.0, 7200.0]
    want = integrate(p, models.start_of(p, c_in, volume), times)
    run = as_cell(p, c_in, volume).simulate(7200.0, at=times, rtol=1e-8)
    for k in IONS:
        np.testing.assert_allclose(run.c_in[k], want.c[k][0], rtol=1e-7)
    np.testing.assert_allclose(run.volume, want.w[0], rtol=1e-7)
    np.testing.assert_allclose(run.V, want.V[0], rtol=0, atol=1e-7)


# ------------------------------------------------------------------------------------------------------------- exact statements


@pytest.mark.parametrize("factor", [0.01, 0.3, 7.0, 200.0])
def test_chloride_conductance_does_not_change_the_rest(factor: float) -> None:
    base, other = kay().closed_form(), kay(g_Cl=2.0 * factor).closed_form()
    assert (other.V, other.volume) == pytest.approx((base.V, base.volume), rel=1e-13)
    for ion in (Na, K, Cl):
        assert other.c_in[ion] == pytest.approx(base.c_in[ion], rel=1e-13)
    charged, charged_other = kay().steady_state(), kay(g_Cl=2.0 * factor).steady_state()
    assert pytest.approx(charged.V, rel=1e-10) == charged_other.V


@pytest.mark.parametrize("factor", [0.05, 3.0, 40.0])
def test_scaling_leaks_and_pump_together_does_not_change_the_rest(factor: float) -> None:
    base, other = kay().closed_form(), kay(g_Na=0.1 * factor, g_K=3.0 * factor, P=0.005 * factor).closed_form()
    assert (other.V, other.volume) == pytest.approx((base.V, base.volume), rel=1e-12)
    for ion in (Na, K, Cl):
        assert other.c_in[ion] == pytest.approx(base.c_in[ion], rel=1e-12)
    assert other.atp == pytest.approx(base.atp * factor, rel=1e-12)


@pytest.mark.parametrize("factor", [0.2, 1.5, 6.0])
def test_volume_is_proportional_to_the_impermeant(factor: float) -> None:
    cell = kay()
    base, other = cell.closed_form(), cell.replace({"impermeant.amount_factor": factor}).closed_form()
    assert other.volume == pytest.approx(factor * base.volume, rel=1e-13)
    assert pytest.approx(base.V, rel=1e-13) == other.V
    charged, charged_other = cell.steady_state(), cell.replace({"impermeant.amount_factor": factor}).steady_state()
    # the charge on the capacitor is 1e-5 of the ions
    assert charged_other.volume == pytest.approx(factor * charged.volume, rel=3e-4)
    assert pytest.approx(charged.V, rel=3e-4) == charged_other.V


def test_rest_does_not_depend_on_the_start() -> None:
    p = models.kay2017()
    rest = kay().steady_state()
    for Na_i, K_i, shrink in ((20.0, 130.0, 1.0), (140.0, 10.0, 2.0), (75.0, 75.0, 0.5)):
        volume = models.KAY_VOLUME * shrink
        X = p.n_x / volume
        Cl_i = 300.0 - X - Na_i - K_i
        # neutral: cations - Cl - X = 0 and the sum is 300
        cations = 150.0
        Na_s, K_s, Cl_s = Na_i * cations / (Na_i + K_i), K_i * cations / (Na_i + K_i), 150.0 - X
        assert Cl_i == pytest.approx(Cl_s)
        other = as_cell(p, {"Na": Na_s, "K": K_s, "Cl": Cl_s}, volume)
        got = other.steady_state()
        assert (got.V, got.volume) == pytest.approx((rest.V, rest.volume), rel=1e-9)
        end = other.simulate(20000.0, at=[20000.0], rtol=1e-9)
        assert (end.V[-1], end.volume[-1]) == pytest.approx((rest.V, rest.volume), rel=1e-7)


@pytest.mark.parametrize("start", ["published", "rest"])
def test_free_energy_falls_monotonically_with_the_pump_off(start: str) -> None:
    cell = kay() if start == "published" else resting(kay().steady_state())
    run = cell.replace({"NaKATPase.scale": 0.0}).simulate(20000.0, rtol=1e-9)
    G = np.asarray(run.energy.free_energy)
    # round-off of a sum of terms of about RT n each
    noise = 1e-15 * 25.69e-3 * 96485 * sum(np.max(run.amount[k]) for k in IONS) * 300
    assert len(G) > 20
    assert np.all(np.diff(G) <= noise)
    assert G[-1] < G[0]
    p = models.kay2017(P=0.0)
    twin = np.array([float(free_energy(p, {k: run.amount[k][i] for k in IONS}, run.volume[i], run.V[i])) for i in range(len(G))])
    np.testing.assert_allclose(G - G[0], twin - twin[0], rtol=1e-7, atol=noise)


def test_without_a_pump_the_volume_diverges_and_the_error_says_so() -> None:
    for cell in (kay(P=0.0), kay().replace({"NaKATPase.scale": 0.0})):
        assert not cell.closed_form().exists
        for electroneutral in (True, False):
            with pytest.raises(ifx.NoSteadyState, match="volume diverges"):
                cell.steady_state(electroneutral=electroneutral)


def test_above_the_largest_pump_the_volume_diverges() -> None:
    limit = float(largest_pump(models.kay2017()))
    assert kay(P=limit * 0.999).closed_form().exists
    over = kay(P=limit * 1.001)
    assert not over.closed_form().exists
    with pytest.raises(ifx.NoSteadyState, match="volume diverges"):
        over.steady_state()


def test_volume_has_its_minimum_at_p_star() -> None:
    best = kay().closed_form().P_star
    w = [kay(P=best * f).closed_form().volume for f in (0.9, 0.99, 1.0, 1.01, 1.1)]
    assert min(w) == w[2]
    assert w == [*sorted(w[:3], reverse=True), *sorted(w[3:])]


@pytest.mark.parametrize("P", [0.0005, 0.001, 0.005, 0.02, 0.1])
def test_rest_is_neutral_and_iso_osmotic_at_every_pump_rate(P: float) -> None:
    rest = kay(P=P).closed_form()
    ions = rest.c_in[Na] + rest.c_in[K]
    assert ions - rest.c_in[Cl] - rest.c_impermeant == pytest.approx(0.0, abs=1e-10)
    assert ions + rest.c_in[Cl] + rest.c_impermeant == pytest.approx(300.0, rel=1e-13)
