"""Channels that flicker, currents that fluctuate, and the ready-made schedules."""

from __future__ import annotations

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, K, Na
from ionflux.units import mV


@pytest.mark.parametrize(("N", "opening", "closing"), [(1, 30.0, 70.0), (40, 80.0, 20.0), (400, 5.0, 45.0)])
def test_mean_and_variance_of_flickering_channels_are_binomial(N: int, opening: float, closing: float) -> None:
    p, tau, until, cells = opening / (opening + closing), 1 / (opening + closing), 100.0, 4
    runs = [ifx.flicker(N, opening=opening, closing=closing, until=until, seed=3, cell=i) for i in range(cells)]
    mean, variance = np.mean([r.mean for r in runs]), np.mean([r.variance for r in runs])
    off = np.sqrt(p * (1 - p) / N * 2 * tau / (cells * until))  # of a time average with that correlation
    assert abs(mean - p) < 4 * off
    assert variance == pytest.approx(p * (1 - p) / N, rel=6 * np.sqrt(2 * tau / (cells * until)) * max(1.0, np.sqrt(1 / (N * p * (1 - p)))))
    for r in runs:
        assert np.all((r.open >= 0) & (r.open <= N))
        assert np.all(np.abs(np.diff(r.open)) == 1)


def test_the_current_through_flickering_channels_is_n_p_i_on_average() -> None:
    """N p i, and in a clamped cell the current is g times the driving force times the open fraction at every time."""
    noise = ifx.flicker(50, opening=400.0, closing=100.0, until=2.0, seed=1)
    cell = ifx.Cell(
        area=1e-9, volume=1e-15, C_m=0.01, inside={Na: 12.0, K: 138.0, Cl: 8.0}, bath=ifx.Bath({Na: 145.0, K: 5.0, Cl: 150.0}),
        impermeant=ifx.Impermeant(), membrane=[ifx.Leak(K, g=0.5), ifx.VoltageClamp(-70 * mV)], hold=("c_in.K",),
    )  # fmt: skip
    t = np.linspace(1e-3, 2.0, 400)
    run = cell.simulate(2.0, at=t, schedule={"leak_K.scale": noise.schedule(relative_to=0.8)})
    driving = -70 * mV - run.E[K]
    # a sample at a break is the left limit
    fraction = noise.open[np.searchsorted(noise.t, t, side="left") - 1] / 50
    np.testing.assert_allclose(run.current["leak_K"], 0.5 * driving * fraction / 0.8, rtol=1e-9)


def test_each_cell_has_random_numbers_of_its_own_that_do_not_depend_on_the_others() -> None:
    first = ifx.flicker(20, opening=50.0, closing=50.0, until=1.0, seed=7, cell=5)
    for other in range(5):
        ifx.flicker(20, opening=50.0, closing=50.0, until=1.0, seed=7, cell=other)
    again = ifx.flicker(20, opening=50.0, closing=50.0, until=1.0, seed=7, cell=5)
    np.testing.assert_array_equal(first.t, again.t)
    assert not np.array_equal(first.t[:5], ifx.flicker(20, opening=50.0, closing=50.0, until=1.0, seed=7, cell=6).t[:5])
    assert not np.array_equal(first.t[:5], ifx.flicker(20, opening=50.0, closing=50.0, until=1.0, seed=8, cell=5).t[:5])


def test_a_fluctuating_current_has_the_mean_the_spread_and_the_memory_asked_for() -> None:
    tau, dt = 0.004, 0.001
    x = np.array(ifx.fluctuating(2.0, 0.5, tau=tau, until=200.0, step=dt, seed=2).y)
    off = 0.5 * np.sqrt(2 * tau / 200.0)
    assert abs(x.mean() - 2.0) < 4 * off
    assert x.std() == pytest.approx(0.5, rel=0.03)
    d = x - x.mean()
    for lag in (1, 4, 8):
        assert np.mean(d[lag:] * d[:-lag]) / d.var() == pytest.approx(np.exp(-lag * dt / tau), abs=0.03)


def test_bad_noise_is_refused_with_what_to_do() -> None:
    with pytest.raises(ifx.InputError, match="whole number of channels"):
        ifx.flicker(0, opening=1.0, closing=1.0, until=1.0)
    with pytest.raises(ifx.InputError, match="take fewer channels|shorter time"):
        ifx.flicker(10**6, opening=1e3, closing=1e3, until=100.0)
    with pytest.raises(ifx.InputError, match="opening = -1"):
        ifx.flicker(1, opening=-1.0, closing=1.0, until=1.0)
    with pytest.raises(ifx.InputError, match="seed"):
        ifx.flicker(1, opening=1.0, closing=1.0, until=1.0, seed=-1)
    with pytest.raises(ifx.InputError, match="sd"):
        ifx.fluctuating(0.0, -1.0, tau=1.0, until=1.0)
    with pytest.raises(ifx.InputError, match="longer step"):
        ifx.fluctuating(0.0, 1.0, tau=1e-6, until=100.0)


def test_ready_made_schedules_stop_the_pump_its_supply_or_raise_potassium() -> None:
    cell = ifx.preset("kay2017")
    blocked = cell.simulate(1.0, schedule=ifx.ouabain(cell, 0.0))
    assert blocked.current["NaKATPase"][-1] == 0.0
    half = cell.simulate(1.0, schedule=ifx.ouabain(cell, block=0.5))
    whole = cell.simulate(1.0)
    assert half.current["NaKATPase"][-1] == pytest.approx(0.5 * whole.current["NaKATPase"][-1], rel=1e-3)
    short = cell.simulate(2.0, at=[0.5, 1.5, 2.0], schedule=ifx.ischaemia(cell, 1.0, 1.8))
    assert short.current["NaKATPase"][1] == 0.0 < short.current["NaKATPase"][0]
    assert ifx.mitochondrial_deficit(cell, 0.3)["NaKATPase.scale"] == ifx.step(0.0, factor=0.3)
    risen = cell.simulate(1.0, schedule={**ifx.hyperkalaemia(8.0, 0.5), **ifx.ouabain(cell, 0.5)})
    assert risen.c_out[K][-1] == 8.0
    bare = cell.replace({"membrane": [m for m in cell.membrane if not m.uses]})
    for condition in (ifx.ouabain, ifx.ischaemia):
        with pytest.raises(ifx.InputError, match="leak_K"):
            condition(bare)
    with pytest.raises(ifx.InputError, match="0 … 1"):
        ifx.ouabain(cell, block=2.0)


def test_an_action_potential_clamp_gives_the_currents_of_the_action_potential() -> None:
    """A spike, recorded and played back to the same membrane, needs no current from the electrode but that of the capacitor."""
    axon = ifx.preset("hodgkin_huxley1952")
    shock = {"stimulus.i": ifx.pulse(1e-3, 2e-3, to=0.2)}
    name = next(m.name for m in axon.mechanisms if isinstance(m, ifx.CurrentClamp))
    t = np.linspace(0.0, 0.02, 2001)
    spike = axon.simulate(0.02, at=t, rtol=1e-9, schedule={f"{name}.{k.partition('.')[2]}": v for k, v in shock.items()})
    rest = [m for m in axon.membrane if m.name != name]
    clamped = axon.replace({"membrane": [*rest, ifx.VoltageClamp(float(spike.V[0]))]})
    played = clamped.simulate(0.02, at=t[1:], rtol=1e-9, schedule={"VoltageClamp.V": ifx.table(tuple(t), tuple(spike.V))})
    for gate in spike.gate:
        np.testing.assert_allclose(played.gate[gate], spike.gate[gate][1:], atol=2e-4)  # straight lines between samples
    for label in played.current:
        if label != "VoltageClamp":
            size = np.max(np.abs(spike.current[label]))
            np.testing.assert_allclose(played.current[label], spike.current[label][1:], atol=2e-3 * size)
