"""Calcium in an organelle: what goes between it and the cytosol is charged for, and only once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Ca, Cl, K, Na
from ionflux.units import mV, um

LEAKS = [ifx.Leak(Na, P=7.4e-10), ifx.Leak(K, P=4.6e-9), ifx.Leak(Cl, P=1.8e-8), ifx.Water(hydraulic=2e-14)]


def cell(*more: Any, store: ifx.Store | None = None, **changes: Any) -> ifx.Cell:
    fields: dict[str, Any] = {
        "V": -72 * mV, "C_m": 0.01, "inside": {Na: 10.0, K: 135.0, Cl: 7.6, Ca: 1e-4},
        "bath": ifx.Bath({Na: 145.0, K: 4.0, Ca: 1.8, Cl: 152.6}), "impermeant": ifx.Impermeant(),
        "pools": (store or ifx.Store("ER", 0.4, fraction=0.1, capacity=20.0), ifx.Pool("ATP", 3.0)),
        "membrane": [*LEAKS, ifx.CaBuffer(total=0.06, K_d=5e-4), *more],
    }  # fmt: skip
    return ifx.Cell.sphere(10 * um, **{**fields, **changes})


def total_calcium(run: Any) -> Any:
    return run.amount[Ca] + run.amount["ER"]


def test_a_pump_fills_the_store_with_what_the_cytosol_loses_two_for_one_atp() -> None:
    filling = cell(ifx.SERCA(J_max=2e-8), store=ifx.Store("ER", 0.01, fraction=0.1, capacity=20.0))
    run = filling.simulate(20.0, samples=50, rtol=1e-9)
    assert run.c_in["ER"][-1] > run.c_in["ER"][0]
    np.testing.assert_allclose(total_calcium(run), total_calcium(run)[0], rtol=1e-13)
    spent = 3.0 * filling.volume - run.c_in["ATP"][-1] * run.volume[-1]
    assert spent == pytest.approx((run.amount["ER"][-1] - run.amount["ER"][0]) / 2, rel=1e-9)
    np.testing.assert_allclose(run.amount["ER"], run.c_in["ER"] * 20.0 * 0.1 * filling.volume, rtol=1e-12)
    assert run.audit.ok


def test_the_rate_of_the_pump_is_that_of_its_equation() -> None:
    J, Ca_i, ATP = 3e-9, 2.5e-4, 0.7
    busy = cell(
        ifx.SERCA(J_max=J), inside={Na: 10.0, K: 135.0, Cl: 7.6, Ca: Ca_i}, pools=(ifx.Store("ER", 0.4, fraction=0.1), ifx.Pool("ATP", ATP))
    )
    run = busy.simulate(1e-9, at=[1e-9])
    want = 2 * J * Ca_i**2 / (Ca_i**2 + 2e-4**2) * ATP / (0.1 + ATP)
    assert run.flux["SERCA"][Ca][0] == pytest.approx(want, rel=1e-6)
    assert run.current["SERCA"][0] == 0.0


def test_moving_calcium_within_the_cell_leaves_its_charge_alone() -> None:
    """The store and its counter-ions are part of the inside: V changes no faster with a pump that only shifts calcium."""
    t = 0.05
    with_, without = (cell(*more).simulate(t, at=[t], rtol=1e-10) for more in ([ifx.SERCA(J_max=5e-8)], []))
    moved = with_.amount["ER"][0] - without.amount["ER"][0]
    as_charge = 2 * moved * with_.cell.faraday / (with_.cell.C_m * with_.cell.area)
    assert abs(as_charge) > 1e-3  # volts, had it crossed the membrane of the cell
    assert abs(with_.V[0] - without.V[0]) < 1e-5
    assert with_.audit.charge < 1e-12


def test_release_raises_calcium_and_the_pump_brings_it_back() -> None:
    balanced = cell(ifx.SERCA(J_max=2e-8), ifx.StoreLeak(k=1e-4))
    burst = {"StoreLeak.scale": ifx.pulse(1.0, 1.2, to=1000.0)}
    run = balanced.simulate(60.0, at=[1.0, 1.2, 60.0], schedule=burst)
    c = run.c_in[Ca]
    assert c[1] > 1.1 * c[0]
    assert c[2] < c[1]
    np.testing.assert_allclose(total_calcium(run), total_calcium(run)[0], rtol=1e-12)


def test_store_pump_and_leak_rest_where_they_balance() -> None:
    """J_max h([Ca]) · 2 A = k ([ER] - [Ca]) w, whatever the start."""
    resting = cell(ifx.SERCA(J_max=1e-10), ifx.StoreLeak(k=2e-5), ifx.NaKATPase(J_max=1e-6), hold=("c_in.ATP",))
    ends = [resting.replace({"pools.ER": c}).simulate(3e5, at=[3e5]) for c in (0.1, 0.3)]
    for run in ends:
        c, er = run.c_in[Ca][0], run.c_in["ER"][0]
        up = 2 * 1e-10 * c**2 / (c**2 + 2e-4**2) * 3.0 / 3.1 * run.area[0]
        assert up == pytest.approx(2e-5 * (er - c) * run.volume[0], rel=1e-4)


def test_a_cell_with_a_store_goes_on_from_where_it_was_and_a_sweep_has_its_bits() -> None:
    whole = cell(ifx.SERCA(J_max=2e-9), ifx.StoreLeak(k=1e-5))
    run = whole.simulate(40.0, at=[20.0, 40.0], rtol=1e-9)
    again = run.cell_at(20.0).simulate(20.0, at=[20.0], rtol=1e-9)
    assert again.c_in["ER"][0] == pytest.approx(run.c_in["ER"][1], rel=1e-8)
    assert again.V[0] == pytest.approx(run.V[1], abs=1e-8)
    swept = ifx.sweep(whole, {"pools.ER": np.array([0.2, 0.4])}, until=40.0, rtol=1e-9)
    assert swept.c_in["ER"][1] == whole.simulate(40.0, at=[40.0], rtol=1e-9).c_in["ER"][0]


def test_bad_stores_are_refused() -> None:
    with pytest.raises(ifx.UnitRangeError, match="fraction"):
        ifx.Store("ER", 0.4, fraction=2.0)
    with pytest.raises(ifx.InputError, match="leave out side="):
        ifx.Store("ER", 0.4, fraction=0.1, side="out")
    with pytest.raises(ifx.InputError, match="works on the store 'ER'; add Store"):
        cell(ifx.SERCA(J_max=1e-9), pools=())
