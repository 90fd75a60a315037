"""The explicit pair: its order, its dense output, and the same cells as the implicit method."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, K, Na
from ionflux.cell_runs import CellRun
from ionflux.protocols import prepare, tolerance_values


def clamped() -> ifx.Cell:
    """Düsterwald's cell far from rest with its V held: without the capacitor's mode nothing is stiff."""
    cell = ifx.preset("dusterwald2018")
    return replace(cell, membrane=(*cell.membrane, ifx.VoltageClamp(V=-0.02)))


def at_end(cell: ifx.Cell, h: float, steps: int, schedule: Any, at: float | None = None) -> Any:
    until = h * steps
    protocol = prepare(cell, until, schedule, tolerance_values(1e-6, None))
    run = CellRun(protocol, 1e-6, np.array([until if at is None else at]), fixed_step=h, explicit=True)
    run.go(lambda t: None)
    end = run.trajectory(cell, schedule, {})
    return np.array([*(end.c_in[i][-1] for i in (Na, K, Cl)), end.volume[-1] * 1e15])


@pytest.mark.parametrize("schedule", [{}, {"leak_K.g": ifx.ramp(0.0, 16.0, to=2.0)}], ids=["constant", "ramp"])
def test_fixed_steps_show_order_five(schedule: Any) -> None:
    cell = clamped()
    want = at_end(cell, 16 / 4096, 4096, schedule)
    errors = [np.max(np.abs(at_end(cell, 16 / n, n, schedule) / want - 1)) for n in (16, 32, 64)]
    # relaxing cells are almost linear, where the pair comes close to order six; test_programs.py has a model that is not
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all((orders > 4.9) & (orders < 6.1))
    assert orders[1] < orders[0]


def test_dense_output_has_order_four_or_more() -> None:
    cell = clamped()
    want = at_end(cell, 12.3 / 512, 512, {})
    # the middle of a step that shrinks with h: local error of order 5 beside the global one
    errors = [np.max(np.abs(at_end(cell, h, round(16 / h), {}, at=12.3) / want - 1)) for h in (2.0, 1.0, 0.5)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 3.5)


def test_both_methods_follow_a_pump_block() -> None:
    cell, times = ifx.preset("dusterwald2018"), np.linspace(0, 120, 13)
    schedule = {"NaKATPase.scale": ifx.pulse(30, 60, to=0)}
    a = cell.simulate(120.0, schedule=schedule, at=times, rtol=1e-9)
    b = cell.simulate(120.0, schedule=schedule, at=times, rtol=1e-9, method="explicit", audit="full")
    for ion in (Na, K, Cl):
        assert np.max(np.abs(a.c_in[ion] / b.c_in[ion] - 1)) < 1e-8
    assert np.max(np.abs(a.V - b.V)) < 1e-7
    assert b.audit.ok
    assert b.stats.method == "Tsitouras 5(4)"
    assert b.stats.factorisations == 0


def test_global_error_follows_the_tolerance() -> None:
    cell = clamped()
    want = cell.simulate(200.0, at=[200.0], rtol=1e-12)
    for rtol in (1e-4, 1e-6, 1e-8):
        got = cell.simulate(200.0, at=[200.0], rtol=rtol, method="explicit")
        assert max(abs(got.c_in[i][-1] / want.c_in[i][-1] - 1) for i in (Na, K, Cl)) <= 3 * rtol


def test_a_potential_without_capacitor_needs_the_implicit_method() -> None:
    with pytest.raises(ifx.InputError, match="use 'implicit'"):
        ifx.preset("hoppensteadt_peskin").simulate(10.0, method="explicit")


# -------------------------------------------------------------------------------------------------------- which method, by itself


def bursting() -> ifx.Cell:
    """Barreto and Cressman's neuron in 8 mM potassium: bursts of spikes."""
    return ifx.preset("barreto_cressman2011", K_b=8.0)


def test_a_cell_that_keeps_firing_takes_the_explicit_pair_and_says_so() -> None:
    cell, times = bursting(), [1.0, 6.0]
    run = cell.simulate(6.0, at=times)
    assert run.stats.method == "Tsitouras 5(4)"
    assert run.provenance["method"] == "Tsitouras 5(4)"
    again = cell.simulate(6.0, at=times, method="explicit")
    assert np.array_equal(run.c_out[K], again.c_out[K])
    assert again.stats.steps == run.stats.steps
    other = cell.simulate(6.0, at=times, method="implicit", rtol=1e-7)
    assert other.stats.method == "Rodas5P"
    np.testing.assert_allclose(run.c_out[K], other.c_out[K], rtol=2e-4)
    np.testing.assert_allclose(run.c_in[Na], other.c_in[Na], rtol=2e-4)


def test_what_falls_quiet_turns_to_the_implicit_method_whether_its_steps_are_recorded_or_not() -> None:
    cell, schedule = ifx.preset("hodgkin_huxley1952"), {"CurrentClamp.i": [ifx.pulse(0.0, 3.0, to=0.1)]}
    sampled = cell.simulate(30.0, schedule=schedule, at=[3.0, 30.0])
    recorded = cell.simulate(30.0, schedule=schedule)
    assert sampled.stats.method == recorded.stats.method == "Tsitouras 5(4) and Rodas5P"
    assert sampled.stats.steps == recorded.stats.steps
    assert sampled.V[-1] == recorded.V[-1]
    assert 0 < sampled.stats.factorisations < 100
    tried = sampled.stats.steps + sampled.stats.rejected
    assert sampled.stats.evaluations == 6 * tried + 2 * sampled.stats.factorisations


def test_a_cell_that_fires_once_and_rests_stays_with_the_implicit_method() -> None:
    cell = ifx.preset("barreto_cressman2011")
    run = cell.simulate(600.0, at=[600.0])
    assert run.stats.method == "Rodas5P"
    assert run.stats.steps < 2000


def test_a_quiet_cell_is_not_even_tried() -> None:
    cell = ifx.preset("dusterwald2018")
    a, b = (cell.simulate(600.0, at=[300.0, 600.0], method=m) for m in ("auto", "implicit"))
    assert a.stats.method == b.stats.method == "Rodas5P"
    assert np.array_equal(a.V, b.V)


def test_cells_of_a_sweep_fire_as_each_one_does_alone() -> None:
    cell, bath = bursting(), np.linspace(7.0, 9.0, 5)
    many = ifx.sweep(cell, {"BathExchange.c": bath}, until=1.0, method="explicit")
    assert many.stats.method == "Tsitouras 5(4)"
    for i in (0, 3):
        alone = many.cell(i).simulate(1.0, at=[1.0], method="explicit")
        assert many.c_out[K][i] == alone.c_out[K][-1]
        assert many.V[i] == alone.V[-1]
    by_itself = ifx.sweep(cell, {"BathExchange.c": bath}, until=6.0)
    assert by_itself.stats.method == "Tsitouras 5(4)"
    with pytest.raises(ifx.InputError, match="method"):
        ifx.sweep(cell, {"BathExchange.c": bath}, until=1.0, method="newton")
