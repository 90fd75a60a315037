"""The stepper: observed order with fixed steps, and a global error that follows the tolerance."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from reference import models
from reference.pump_leak import IONS, PumpLeak, charge_rest, closed_form
from reference.transients import integrate
from verification.build import as_cell, bench_cell, ouabain

import ionflux as ifx
from ionflux import Cl, K, Na
from ionflux.cell_runs import CellRun
from ionflux.protocols import prepare, tolerance_values

BENCH = models.reference("ouabain_bench")


def fixed_step(cell: ifx.Cell, h: float, steps: int, schedule: Any = None) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Concentrations, volume and V after so many steps of the same size."""
    until = h * steps
    run = CellRun(prepare(cell, until, schedule or {}, tolerance_values(1e-6, None)), 1e-6, np.array([until]), fixed_step=h)
    run.go(lambda t: None)
    end = run.trajectory(cell, schedule or {}, {})
    return np.array([end.c_in[Na][-1], end.c_in[K][-1], end.c_in[Cl][-1], end.volume[-1], end.V[-1]])


def settled() -> tuple[PumpLeak, tuple[dict[str, Any], Any, Any], ifx.Cell]:
    """The bench 200 s after its start: V has settled, ions and water move on their own time scales."""
    p, start = models.ouabain_bench()
    n, w, V = state = integrate(p, start, [200.0]).state(-1)
    assert V < 0
    return p, state, as_cell(p, {k: float(n[k][0] / w[0]) for k in IONS}, float(w[0]))


def columns(run: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([*(run.c[k][0, -1] for k in IONS), run.w[0, -1], run.V[0, -1]])


def observed_orders(cell: ifx.Cell, want: Any, schedule: Any = None) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Of ions and volume; the fast mode of V is already at 1e-11 here, where a stiff mode shows its own order (2) and round-off."""
    errors = [np.max(np.abs(fixed_step(cell, 800.0 / n, n, schedule)[:4] / want[:4] - 1)) for n in (16, 32, 64, 128)]
    return np.log2(np.array(errors[:-1]) / errors[1:])


def test_fixed_steps_show_order_five() -> None:
    p, state, cell = settled()
    want = columns(integrate(p, state, [800.0], q=0.05, first=1.0, longest=10.0))
    assert observed_orders(cell, want)[-1] == pytest.approx(5, abs=0.1)


def test_order_five_holds_while_parameters_move() -> None:
    """Potassium outside rises by half and the pump slows to a third, both as ramps: the right-hand side depends on time."""
    p, state, cell = settled()

    def moving(p: PumpLeak, t: Any) -> PumpLeak:
        K_out = 5.0 + 2.5 * t / 800.0
        return p.but(c_out=p.c_out | {"K": K_out}, osm_out=p.osm_out + K_out - 5.0, j_max=p.j_max * (1 - t / 1200.0))

    want = columns(integrate(p, state, [800.0], q=0.05, first=1.0, longest=10.0, moving=moving))
    schedule = {"bath.K": ifx.ramp(0.0, 800.0, to=7.5), "NaKATPase.scale": ifx.ramp(0.0, 800.0, to=1 / 3)}
    assert observed_orders(cell, want, schedule)[-1] == pytest.approx(5, abs=0.2)
    run = cell.simulate(800.0, schedule=schedule, at=[800.0], rtol=1e-9)
    assert run.c_in[K][-1] == pytest.approx(want[1], rel=1e-8)
    assert run.V[-1] == pytest.approx(want[4], abs=1e-8)


# ------------------------------------------------------------------------------------------------------- error against rtol


Reference = tuple[Any, float, dict[str, Any], Any, Any]  # cell, end, schedule, times, (5, times) c of Na, K, Cl, volume and V


@functools.cache
def bench_problem() -> Reference:
    """Ouabain from 3 h to 4 h, 1000 samples."""
    w0 = models.BENCH_VOLUME
    return bench_cell(), 36000.0, ouabain(), np.array(BENCH["t"]), np.array(BENCH["cell"]).T * [[1], [1], [1], [w0], [1]]


@functools.cache
def kay_problem() -> Reference:
    """The start of the cell, where V settles within milliseconds and K falls to a quarter within minutes; 200 samples."""
    p = models.kay2017()
    times = np.concatenate([np.geomspace(1e-3, 10.0, 40), np.linspace(20.0, 3000.0, 160)])
    want = integrate(p, models.start_of(p, models.KAY_START, models.KAY_VOLUME), list(times))
    return ifx.preset("kay2017"), 3000.0, {}, times, np.stack([*(want.c[k][0] for k in IONS), want.w[0], want.V[0]])


@functools.cache
def dusterwald_problem() -> Reference:
    """Pump off from 600 s on, 200 samples."""
    p = models.dusterwald2018()
    times = np.concatenate([np.linspace(15.0, 600.0, 40), np.linspace(615.0, 3000.0, 160)])
    on = integrate(p, models.start_of(p, models.DUSTERWALD_START, models.DUSTERWALD_VOLUME), list(times[:40]))
    off = integrate(p.but(j_max=0.0), on.state(-1), list(times[40:] - 600.0))
    parts = [np.stack([*(r.c[k][0] for k in IONS), r.w[0], r.V[0]]) for r in (on, off)]
    schedule = {"NaKATPase.scale": ifx.step(600.0, to=0)}
    return ifx.preset("dusterwald2018"), 3000.0, schedule, times, np.concatenate(parts, axis=1)


def global_error(problem: Reference, rtol: float) -> float:
    """The largest error at any sample: relative of concentrations and volume, of V in volts."""
    cell, until, schedule, times, want = problem
    run = cell.simulate(until, schedule=schedule, at=times, rtol=rtol)
    got = np.stack([*(run.c_in[k] for k in IONS), run.volume, run.V])
    return float(max(np.max(np.abs(got[:4] / want[:4] - 1)), np.max(np.abs(got[4] - want[4]))))


@pytest.mark.parametrize("problem", [bench_problem, kay_problem, dusterwald_problem])
def test_global_error_is_what_was_asked_for(problem: Any) -> None:
    """At most 3 rtol from 1e-3 to 1e-9, ten at 1e-10 where the references end; and not a hundredth of it, which would be wasted."""
    rtols = 10.0 ** -np.arange(3, 11)
    errors = np.array([global_error(problem(), r) for r in rtols])
    assert np.all(errors[:-1] <= 3 * rtols[:-1]), errors / rtols
    assert errors[-1] <= 10 * rtols[-1], errors / rtols
    assert np.all(errors >= rtols / 100), errors / rtols


@pytest.mark.parametrize("problem", [bench_problem, kay_problem, dusterwald_problem])
def test_global_error_is_what_was_asked_for_at_tolerances_in_between(problem: Any) -> None:
    """No tolerance is an exception: a step that is too long for its own error estimate shows at some tolerances only."""
    rtols = 10.0 ** -np.arange(3, 9.01, 0.0625)
    errors = np.array([global_error(problem(), r) for r in rtols])
    assert np.all(errors <= 3 * rtols), np.max(errors / rtols)


def test_a_rest_stays_a_rest() -> None:
    p = models.kay2017()
    neutral = closed_form(p)
    assert neutral is not None
    rest = charge_rest(p, neutral)
    cell = as_cell(p, {k: float(rest.c[k]) for k in IONS}, float(rest.w))
    run = cell.simulate(36000.0)
    assert np.max(np.abs(run.V - float(rest.V))) < 1e-8
    assert np.max(np.abs(run.volume / float(rest.w) - 1)) < 1e-8
    assert run.stats.steps < 200


def test_dense_output_between_steps_is_what_samples_return() -> None:
    times = np.linspace(0.0, 36000.0, 777)
    steps = bench_cell().simulate(36000.0, schedule=ouabain())
    samples = bench_cell().simulate(36000.0, schedule=ouabain(), at=times)
    between = steps.at(times)
    for ion in (Na, K, Cl):
        np.testing.assert_allclose(between.c_in[ion], samples.c_in[ion], rtol=1e-14)
    np.testing.assert_allclose(between.V, samples.V, rtol=1e-12)
    assert len(steps.t) < 400


def test_a_run_cut_in_two_goes_on_where_it_stopped() -> None:
    whole = bench_cell().simulate(7200.0, at=[7200.0], rtol=1e-9)
    half = bench_cell().simulate(3600.0, rtol=1e-9).cell_at(3600.0).simulate(3600.0, at=[3600.0], rtol=1e-9)
    for ion in (Na, K, Cl):
        assert half.c_in[ion][-1] == pytest.approx(whole.c_in[ion][-1], rel=1e-8)
    assert half.V[-1] == pytest.approx(whole.V[-1], abs=1e-9)


def test_ten_hours_keep_the_charge_to_round_off() -> None:
    beat = {"NaKATPase.scale": ifx.train(100.0, 360.0, 100, 180.0, to=0)}
    run = bench_cell().simulate(36000.0, schedule=beat)
    assert run.stats.steps > 1000
    assert run.audit.ok
    assert run.audit.charge < 1e-14
    assert run.audit.impermeant < 1e-14


# --------------------------------------------------------------------------------------------------------- runs used again


def test_runs_with_the_same_protocol_leave_each_other_alone() -> None:
    """They share memory one after the other, never results: the same bits again, alone or from several threads at once."""
    cell, until, schedule, times, _ = bench_problem()
    first = cell.simulate(until, schedule=schedule, at=times)
    V, K_in = first.V.copy(), first.c_in[K].copy()
    few = cell.simulate(until, schedule=schedule, at=times[::50])
    assert np.array_equal(few.V, V[::50])
    assert np.array_equal(first.V, V)
    with ThreadPoolExecutor(4) as pool:
        many = list(pool.map(lambda k: cell.simulate(until, schedule=schedule, at=times[k::7]), range(7)))
    for k, run in enumerate(many):
        assert np.array_equal(run.V, V[k::7])
        assert np.array_equal(run.c_in[K], K_in[k::7])
        assert run.stats.steps == first.stats.steps


def test_a_run_that_failed_leaves_nothing_behind() -> None:
    cell, until, schedule, times, _ = bench_problem()
    want = cell.simulate(until, schedule=schedule, at=times).V

    def stop(done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(ifx.Interrupted):
        cell.simulate(until, schedule=schedule, at=times, rtol=1e-12, progress=stop)
    assert np.array_equal(cell.simulate(until, schedule=schedule, at=times).V, want)
