"""The stepper: observed order with fixed steps, and a global error that follows the tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference import models
from reference.pump_leak import IONS, charge_rest, closed_form
from reference.transients import integrate
from verification.build import as_cell, bench_cell, ouabain

import ionflux as ifx
from ionflux import Cl, K, Na
from ionflux.simulation import _fixed_step

BENCH = models.reference("ouabain_bench")


def concentrations(run: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([run.c_in[Na][-1], run.c_in[K][-1], run.c_in[Cl][-1], run.volume[-1]])


def test_fixed_steps_show_order_five() -> None:
    """A smooth stretch (the slow modes of the bench after its first 200 s): halving the step divides the error by 2^5."""
    p, start = models.ouabain_bench()
    warm = integrate(p, start, [200.0])
    n, w, V = warm.state(-1)
    want = integrate(p, (n, w, V), [800.0], q=0.05, first=1.0, longest=10.0)
    exact = np.array([*(want.c[k][0, -1] for k in IONS), want.w[0, -1]])
    cell = as_cell(p, {k: float(n[k][0] / w[0]) for k in IONS}, float(w[0]))
    errors = []
    for steps in (8, 16, 32, 64):
        got = concentrations(_fixed_step(cell, 800.0 / steps, steps))
        errors.append(np.max(np.abs(got / exact - 1)))
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert rates[-1] == pytest.approx(5, abs=0.3), (errors, rates)


# ------------------------------------------------------------------------------------------------------- error against rtol


def bench_error(rtol: float) -> float:
    run = bench_cell().simulate(36000.0, schedule=ouabain(), at=BENCH["t"], rtol=rtol)
    got = np.stack([run.c_in[Na], run.c_in[K], run.c_in[Cl], run.volume / models.BENCH_VOLUME], axis=-1)
    return float(np.max(np.abs(got / np.array(BENCH["cell"])[:, :4] - 1)))


def kay_error(rtol: float) -> float:
    p = models.kay2017()
    times = [1.0, 100.0, 1000.0, 3000.0]
    want = integrate(p, models.start_of(p, models.KAY_START, models.KAY_VOLUME), times)
    run = ifx.preset("kay2017").simulate(3000.0, at=times, rtol=rtol)
    return float(max(np.max(np.abs(run.c_in[k] / want.c[k][0] - 1)) for k in IONS))


def dusterwald_error(rtol: float) -> float:
    """Pump off from 600 s to 3000 s."""
    p = models.dusterwald2018()
    on = integrate(p, models.start_of(p, models.DUSTERWALD_START, models.DUSTERWALD_VOLUME), [300.0, 600.0])
    off = integrate(p.but(j_max=0.0), on.state(-1), [100.0, 2400.0])
    back = integrate(p, off.state(-1), [50.0, 3000.0])
    want = {k: np.concatenate([r.c[k][0] for r in (on, off, back)]) for k in IONS}
    schedule = {"NaKATPase.scale": ifx.pulse(600.0, 3000.0, to=0)}
    run = ifx.preset("dusterwald2018").simulate(6000.0, schedule=schedule, at=[300.0, 600.0, 700.0, 3000.0, 3050.0, 6000.0], rtol=rtol)
    return float(max(np.max(np.abs(run.c_in[k] / want[k] - 1)) for k in IONS))


@pytest.mark.parametrize("problem", [bench_error, kay_error, dusterwald_error])
def test_global_error_follows_the_tolerance(problem: Any) -> None:
    """Within ten times what was asked for, at every tolerance from 1e-4 to 1e-9, and falling with it."""
    rtols = 10.0 ** -np.arange(4, 10)
    errors = np.array([problem(r) for r in rtols])
    assert np.all(errors <= 10 * rtols), dict(zip(rtols, errors, strict=True))
    slope = np.polyfit(np.log10(rtols), np.log10(errors), 1)[0]
    assert 0.6 < slope < 1.4, (slope, errors)


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
