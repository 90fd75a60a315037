"""Buffers inside a cell, and pools that a change of the volume does not dilute."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Ca, Cl, H, K, Na
from ionflux.units import mV, um

BATH = ifx.Bath({Na: 145.0, K: 4.0, Ca: 1.8, Cl: 152.6})
LEAKS = [ifx.Leak(Na, P=7.4e-10), ifx.Leak(K, P=4.6e-9), ifx.Leak(Cl, P=1.8e-8), ifx.Leak(Ca, P=4.2e-11), ifx.Water(hydraulic=2e-14)]


def cell(*more: Any, **changes: Any) -> ifx.Cell:
    fields: dict[str, Any] = {
        "V": -72 * mV, "C_m": 0.01, "inside": {Na: 10.0, K: 135.0, Cl: 7.6, Ca: 1e-4}, "bath": BATH, "impermeant": ifx.Impermeant(),
        "membrane": [*LEAKS, *more],
    }  # fmt: skip
    return ifx.Cell.sphere(10 * um, **{**fields, **changes})


@pytest.mark.parametrize(("total", "K_d"), [(0.06, 5e-4), (2.0, 1e-5), (1e-3, 0.5), (20.0, 1e-3)])
def test_what_is_free_is_in_equilibrium_with_what_is_bound_at_every_time(total: float, K_d: float) -> None:
    buffered = cell(ifx.CaBuffer(total=total, K_d=K_d))
    run = buffered.simulate(600.0, samples=40)
    free = run.c_in[Ca]
    bound = run.amount[Ca] / run.volume - free
    left = total * run.volume[0] / run.volume - bound
    np.testing.assert_allclose(free * left, K_d * bound, rtol=1e-9)
    assert np.all(np.diff(free) > 0)
    assert run.audit.ok


def test_a_buffer_changes_neither_the_charge_nor_the_osmolarity_of_the_start() -> None:
    plain, buffered = cell(), cell(ifx.CaBuffer(total=0.06, K_d=5e-4))
    for name in ("impermeant.z", "impermeant.c"):
        assert buffered.parameters()[name].value == plain.parameters()[name].value
    now, then = (x.simulate(1e-6, at=[1e-6]) for x in (plain, buffered))
    assert then.osmolarity_in[0] == pytest.approx(now.osmolarity_in[0], rel=1e-12)
    assert buffered.start.amount[Ca] == pytest.approx((1e-4 + 0.06 * 1e-4 / 6e-4) * buffered.volume, rel=1e-14)


def test_a_buffer_slows_the_rise_of_calcium_by_its_capacity() -> None:
    """d[Ca]/dt falls by 1 + B K/(K + c)^2."""
    t = 1e-3
    rise = [x.simulate(t, at=[t]).c_in[Ca][0] - 1e-4 for x in (cell(), cell(ifx.CaBuffer(total=0.06, K_d=5e-4)))]
    assert rise[0] / rise[1] == pytest.approx(1 + 0.06 * 5e-4 / (6e-4) ** 2, rel=5e-3)  # calcium rises meanwhile


def test_binding_with_rates_tends_to_binding_at_once() -> None:
    at_once = cell(ifx.CaBuffer(total=0.06, K_d=5e-4)).simulate(100.0, at=[100.0], rtol=1e-9)
    away = []
    for k_on in (1e3, 1e4, 1e5):
        run = cell(ifx.CaBuffer(total=0.06, K_d=5e-4, k_on=k_on)).simulate(100.0, at=[100.0], rtol=1e-9)
        away.append(run.c_in[Ca][0] / at_once.c_in[Ca][0] - 1)
        assert run.audit.ok
    assert away[0] / away[1] == pytest.approx(10.0, rel=0.05)
    assert away[1] / away[2] == pytest.approx(10.0, rel=0.05)


@pytest.mark.parametrize("k_on", [None, 2e4])
def test_a_buffered_cell_goes_on_from_where_it_was_and_a_sweep_has_its_bits(k_on: float | None) -> None:
    whole = cell(ifx.CaBuffer(total=0.06, K_d=5e-4, k_on=k_on))
    run = whole.simulate(80.0, at=[40.0, 80.0], rtol=1e-9)
    again = run.cell_at(40.0).simulate(40.0, at=[40.0], rtol=1e-9)
    assert again.V[0] == pytest.approx(run.V[1], abs=1e-8)
    assert again.c_in[Ca][0] == pytest.approx(run.c_in[Ca][1], rel=1e-7)
    swept = ifx.sweep(whole, {"CaBuffer.total": np.array([0.02, 0.06])}, until=80.0, rtol=1e-9)
    assert swept.c_in[Ca][1] == whole.simulate(80.0, at=[80.0], rtol=1e-9).c_in[Ca][0]
    assert swept.c_in[Ca][0] > swept.c_in[Ca][1]


def test_protons_are_buffered_likewise_and_a_bad_buffer_is_refused() -> None:
    acid = cell(
        ifx.Leak(H, P=1e-6), ifx.Buffer(H, total=20.0, K_d=1e-4),
        inside={Na: 10.0, K: 135.0, Cl: 7.6, Ca: 1e-4, H: 6e-5}, bath=ifx.Bath({Na: 145.0, K: 4.0, Ca: 1.8, Cl: 152.6, H: 4e-5}),
    )  # fmt: skip
    run = acid.simulate(100.0)
    assert np.all(run.c_in[H] > 0)
    assert run.audit.ok
    with pytest.raises(ifx.ModelError, match="both bind Ca at once; give one of them its rate"):
        cell(ifx.CaBuffer(total=1.0, K_d=1e-3), ifx.CaBuffer(total=1.0, K_d=1e-3, label="other"))
    with pytest.raises(ifx.InputError, match="which is not inside"):
        cell(ifx.Buffer(H, total=1.0, K_d=1e-3))
    with pytest.raises(ifx.ModelError, match="take Water"):
        cell(ifx.CaBuffer(total=1.0, K_d=1e-3), membrane=[*LEAKS[:-1], ifx.Water(instant=True), ifx.CaBuffer(total=1.0, K_d=1e-3)])


def test_a_pool_that_is_not_diluted_keeps_its_concentration_while_the_cell_swells() -> None:
    pools = {diluted: cell(pools=(ifx.Pool("ATP", 3.0, diluted=diluted),)) for diluted in (True, False)}
    for diluted, of in pools.items():
        run = of.simulate(1800.0, at=[1800.0])
        swollen = run.volume[0] / of.volume
        assert swollen > 1.1
        assert run.c_in["ATP"][0] == pytest.approx(3.0 / swollen if diluted else 3.0, rel=1e-9)
        assert run.amount["ATP"][0] == pytest.approx(run.c_in["ATP"][0] * run.volume[0], rel=1e-12)
    assert dataclasses.replace(ifx.Pool("ATP", 3.0), diluted=False).diluted is False
