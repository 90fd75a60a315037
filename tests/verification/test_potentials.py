"""The three ways to find V: from the charge, without a capacitor, and from the currents alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from verification.build import as_cell, draw

import ionflux as ifx
from ionflux import Cl, K, Na

IONS = (Na, K, Cl)
WAYS = ("charge", "electroneutral", "current")
BLOCK = {"NaKATPase.scale": ifx.pulse(10.0, 50.0, to=0.0)}


def cell_of(seed: int, way: str = "charge", pump: str = "cubic", water: str = "finite") -> ifx.Cell:
    """The same cell three ways: neutral but for the charge of its V, or V given beside it, or neutral altogether."""
    p, c_in, volume = draw(np.random.default_rng([41, seed]), pump=pump, water=water)
    cell = as_cell(p, c_in, volume)
    return cell if way == "charge" else cell.replace({"potential": way, **({"V": cell.start.V} if way == "current" else {})})


@pytest.mark.parametrize(("pump", "water"), [("cubic", "finite"), ("hill", "finite"), ("hill", "rigid"), ("cubic", "instant")])
@pytest.mark.parametrize("seed", range(3))
def test_currents_that_start_from_the_charge_stay_with_it(pump: str, water: str, seed: int) -> None:
    """C dV/dt = -sum I is d(charge)/dt: the same numbers, though V is integrated beside all amounts."""
    cells = [cell_of(seed, way, pump, water) for way in ("charge", "current")]
    runs = [c.simulate(600.0, at=np.geomspace(1e-3, 600.0, 40), rtol=1e-9, schedule=BLOCK) for c in cells]
    np.testing.assert_allclose(runs[0].V, runs[1].V, atol=1e-8)
    for ion in IONS:
        np.testing.assert_allclose(runs[0].c_in[ion], runs[1].c_in[ion], rtol=1e-7)
    assert runs[1].audit.gap is not None
    assert runs[1].audit.gap <= 1e-10  # nothing comes apart
    assert runs[0].audit.gap is None


def test_a_gap_between_v_and_charge_stays_what_it_was_and_is_named() -> None:
    cell = cell_of(1, "current").replace({"V": 0.01})
    run = cell.simulate(600.0, rtol=1e-9)
    assert "as the model has it" in repr(run.audit)
    assert run.audit.ok
    assert run.audit.gap is not None
    assert run.audit.gap <= 1e-10
    assert float(run.V[0]) == pytest.approx(0.01, rel=1e-15)


@pytest.mark.parametrize("seed", range(2))
def test_without_a_capacitor_is_the_limit_of_a_small_one(seed: int) -> None:
    """Gaps in V and in the ions fall in proportion to C_m."""
    C = cell_of(seed).C_m
    times = [20.0, 30.0, 49.0, 300.0]
    limit = cell_of(seed, "electroneutral").simulate(300.0, at=times, rtol=1e-11, schedule=BLOCK)
    gaps = []
    for factor in (1.0, 0.5, 0.25):
        # the start is that of the cell without a capacitor; its charge is the one of the V found there
        small = cell_of(seed, "electroneutral").replace({"potential": "charge", "V": float(limit.V[0])}).replace({"C_m": factor * C})
        run = small.simulate(300.0, at=times, rtol=1e-11, schedule=BLOCK)
        gaps.append([np.max(np.abs(run.V - limit.V)), *(np.max(np.abs(run.c_in[i] / limit.c_in[i] - 1)) for i in IONS)])
    orders = np.log2(np.array(gaps)[:-1] / np.array(gaps)[1:])
    np.testing.assert_allclose(orders, 1.0, atol=0.1)
    assert np.max(gaps[0]) < 1e-2


def test_the_step_of_v_at_a_block_is_the_pump_current_over_the_conductance() -> None:
    """Ohmic leaks without cotransport: dV = I_pump / sum(g), at once, and back again at the end of the block."""
    p, c_in, volume = draw(np.random.default_rng([42, 0]), pump="constant", water="instant")
    charged = as_cell(p, c_in, volume)
    cell = charged.replace({"potential": "electroneutral"})
    pump, g = p.F * p.j_max, sum(p.g.values())
    run = cell.simulate(100.0, schedule=BLOCK, rtol=1e-10)
    before, after = (float(run.at(t).V[0]) for t in (10.0, np.nextafter(10.0, 11.0)))
    assert after - before == pytest.approx(pump / g, rel=1e-6)
    before, after = (float(run.at(t).V[0]) for t in (50.0, np.nextafter(50.0, 51.0)))
    assert after - before == pytest.approx(-pump / g, rel=1e-6)
    assert charged.closed_form().instant_step == pytest.approx(pump / g, rel=1e-9)


def test_a_sample_at_a_break_is_the_left_limit_and_the_next_one_the_right() -> None:
    cell = cell_of(0, "electroneutral")
    times = [10.0 - 1e-9, 10.0, 10.0 + 1e-9]
    sampled = cell.simulate(60.0, at=times, schedule=BLOCK)
    looked = cell.simulate(60.0, schedule=BLOCK).at(times)
    for run in (sampled, looked):
        assert abs(run.V[1] - run.V[0]) < 1e-9
        assert run.V[2] - run.V[1] > 1e-4
        assert run.current["NaKATPase"][1] > 0.0  # the pump that still ran, and not the one that is off
        assert run.current["NaKATPase"][2] == 0.0


@pytest.mark.parametrize("water", ["finite", "instant"])
def test_a_ramp_of_the_bath_moves_v_with_it(water: str) -> None:
    """At every moment the total current is zero, on a ramp too; and the end of the ramp is where small steps lead."""
    cell = cell_of(2, "electroneutral", water=water)
    K_o = float(cell.bath[K])
    schedule = {"bath.K": ifx.ramp(5.0, 25.0, to=3 * K_o)}
    run = cell.simulate(40.0, schedule=schedule, rtol=1e-9)
    seen = run.at(np.linspace(0.0, 40.0, 400))
    total = sum(seen.current.values())
    assert np.max(np.abs(total)) <= 1e-6 * np.max(np.abs(seen.current["leak_K"]))
    on = (run.t > 5.0) & (run.t <= 25.0)
    np.testing.assert_allclose(run.c_out[K][on], K_o * (1 + 2 * (run.t[on] - 5.0) / 20.0), rtol=1e-12)
    n = 400
    edges = np.linspace(5.0, 25.0, n + 1)
    stairs = ifx.table([0.0, *edges], [K_o, *(K_o * (1 + 2 * (np.arange(n + 1) + 0.5) / n).clip(max=3.0))], kind="hold")
    walked = cell.simulate(40.0, schedule={"bath.K": stairs}, rtol=1e-9)
    assert float(walked.V[-1]) == pytest.approx(float(run.V[-1]), abs=1e-6)
    assert run.V[-1] > run.V[0] + 0.005


SCHEDULES: dict[str, Any] = {
    "none": None,
    "pump off": BLOCK,
    "ramp": {"NaKATPase.scale": ifx.ramp(10.0, 60.0, to=0.3)},
}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("way", WAYS)
def test_one_cell_of_a_batch_has_the_bits_of_that_cell_alone(way: str, schedule: str) -> None:
    cell, rng, n = cell_of(0, way), np.random.default_rng(43), 19
    vary = {
        "leak_Na.g": rng.uniform(0.01, 0.5, n),
        "leak_K.g": rng.uniform(0.1, 5.0, n),
        "NaKATPase.J_max": 10 ** rng.uniform(-5, -3.7, n),
    }
    at = [0.0, 1.0, 10.0, 30.0, 100.0]
    swept = ifx.sweep(cell, vary, until=100.0, at=at, schedule=SCHEDULES[schedule])
    assert not swept.failures()
    for i in range(0, n, 3):
        run = swept.cell(i).simulate(100.0, at=at, schedule=SCHEDULES[schedule])
        np.testing.assert_array_equal(swept.V[i], run.V)
        for ion in IONS:
            np.testing.assert_array_equal(swept.amount[ion][i], run.amount[ion])


def test_where_no_potential_stops_the_current_one_cell_says_so_and_a_batch_goes_on() -> None:
    cell = cell_of(0, "electroneutral")
    leaks = [f"leak_{ion.name}.scale" for ion in IONS]
    with pytest.raises(ifx.ConvergenceError) as failed:
        cell.replace(dict.fromkeys(leaks, 0.0)).simulate(10.0)
    assert failed.value.partial is not None
    swept = ifx.sweep(cell, {name: [0.0, 1.0] for name in leaks}, until=10.0)
    assert swept.failures() == {0: ifx.Status.NOT_CONVERGED}
    assert np.isfinite(swept.V[1])
