"""What textbooks say of action potentials: little current at rest, a surge, an undershoot, and how few ions it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from claims.excitable import WARM, living

import ionflux as ifx
from ionflux import K, Na
from ionflux.constants import ELEMENTARY_CHARGE, FARADAY
from ionflux.units import mV, um


def axon(**symbols: Any) -> ifx.Cell:
    return ifx.preset("hodgkin_huxley1952", **symbols)


def spike(cell: ifx.Cell, i: float = 0.2, until: float = 0.03) -> ifx.Trajectory:
    """A pulse of 1 ms from rest, every 5 µs."""
    start = cell.steady_state().resting()
    return start.simulate(until, schedule={"CurrentClamp.i": ifx.pulse(0.0, 1e-3, to=i)}, at=np.arange(0.0, until, 5e-6), rtol=1e-8)


@pytest.mark.parametrize("E", [None, -0.03])
def test_claim_1_8_the_current_of_an_ohmic_channel_is_g_times_the_driving_force(E: float | None) -> None:
    V = np.linspace(-0.15, 0.1, 26)
    sides: Any = {"c_in": {K: 140.0, Na: 15.0}, "c_out": {K: 4.8, Na: 145.0}}
    for n in (0.1, 0.5, 1.0):
        for g in (0.3, 36.0):
            E_K = ifx.nernst(K, c_in=140.0, c_out=4.8) if E is None else E
            leak, gated = ifx.Leak(K, g=g, E=E), ifx.HHK(g=g, E=E)
            np.testing.assert_allclose(leak.evaluate(V=V, **sides).current, g * (V - E_K), rtol=1e-12, atol=1e-14 * g)
            np.testing.assert_allclose(
                gated.evaluate(V=V, **sides, gates={"n": n}).current, g * n**4 * (V - E_K), rtol=1e-12, atol=1e-14 * g
            )


@pytest.mark.parametrize(("T", "i"), [(279.45, 0.2), (279.45, 0.6), (WARM, 0.3)])
def test_claim_1_9_a_large_force_makes_no_current_until_the_channels_open(T: float, i: float) -> None:
    """At rest the force on sodium is the larger, and its conductance next to nothing; in a spike the conductance surges."""
    run = spike(axon(T=T), i)
    open_ = run.gate["HHNa.m"] ** 3 * run.gate["HHNa.h"]
    force = {ion: abs(run.V[0] - E) for ion, E in ((Na, 50 * mV), (K, -77 * mV))}
    assert force[Na] > 5 * force[K]
    assert open_[0] / open_.max() < 1e-3
    assert run.current["HHNa"].min() < 100 * run.current["HHNa"][0] < 0
    assert 0.0 < run.V.max() < 50 * mV
    if (T, i) == (279.45, 0.2):
        assert run.V.max() == pytest.approx(40.50 * mV, abs=0.01 * mV)


def test_claim_1_10_a_pump_that_fails_takes_all_signals_with_it() -> None:
    """E_Na and E_K run towards 0, V with them; after that a pulse charges the membrane and nothing answers."""
    cell = ifx.preset("dijkstra2016")
    rest = cell.replace({"membrane": [*cell.membrane, ifx.CurrentClamp(0.0)]}).steady_state()
    blocked, later = {"NaKATPase.scale": ifx.step(0.0, to=0.0)}, [60.0, 120.0, 300.0, 900.0, 3600.0]
    run = rest.resting().simulate(3600.0, schedule=blocked, at=later, rtol=1e-4)  # thousands of spikes in the first minute
    assert np.all(np.diff(np.append(rest.E[K], run.E[K])) > 0)
    assert np.all(np.diff(np.append(rest.E[Na], run.E[Na])[:4]) < 0)
    assert max(abs(run.E[K][-1]), abs(run.E[Na][-1]), abs(run.V[-1])) < 6 * mV

    def answers(neuron: ifx.Cell, I: float) -> bool:
        """Whether V still rises when the pulse is over."""
        pulsed = neuron.simulate(0.03, schedule={"CurrentClamp.I": ifx.pulse(2e-3, 3e-3, to=I)})
        return bool(pulsed.t[np.argmax(pulsed.V)] > 3.05e-3 and pulsed.V.max() > 0.0)

    assert answers(rest.resting(), 4e-10)
    for t in (300.0, 3600.0):
        late = run.cell_at(t).replace({"NaKATPase.scale": 0.0})
        assert not any(answers(late, I) for I in (4e-10, 1e-9, 2e-9))
    # the same without channels that fire, and slower
    quiet = ifx.preset("dusterwald2018").steady_state().resting().simulate(
        20000.0, schedule=blocked, at=np.linspace(100.0, 20000.0, 50)
    )  # fmt: skip
    assert np.all(np.diff(quiet.E[K]) > 0)
    assert np.all(np.diff(quiet.E[Na]) < 0)


@pytest.mark.parametrize("r", [5 * um, 10 * um, 100 * um])
def test_claim_1_11_an_action_potential_moves_hardly_any_ions(r: float) -> None:
    """C A ΔV/F is what charging takes; a spike costs several times that, for the currents overlap, and is still next to nothing."""
    area, volume, dV = 4 * np.pi * r**2, 4 / 3 * np.pi * r**3, 110 * mV
    moved = ifx.membrane_charge(area, 0.01, dV)
    assert moved == pytest.approx(0.01 * area * dV / ELEMENTARY_CHARGE, rel=1e-12)
    if r >= 10 * um:
        assert moved / ifx.ions_in(volume, 140.0) < 1e-4
        assert moved / ifx.ions_in(volume, 15.0) < 1e-3
    smallest = 0.01 * dV / FARADAY
    for T, times in ((279.45, (8.0, 20.0)), (WARM, (2.5, 8.0))):
        run = spike(axon(T=T))
        entered = -float(np.trapezoid(run.current["HHNa"] - run.current["HHNa"][0], run.t)) / FARADAY
        assert times[0] < entered / smallest < times[1]
        if r >= 10 * um:
            assert entered * area / (volume * 15.0) < 5e-3


def peaks(run: ifx.Trajectory, period: float, n: int) -> np.ndarray:
    """The highest V after each of n stimuli."""
    which = np.floor(run.t / period).astype(int)
    return np.array([run.V[which == k].max() for k in range(n)])


def test_claim_1_13_a_cell_without_its_pump_fires_hundreds_of_times_on_its_gradients() -> None:
    """100 spikes: less than 1 % of the potassium and 1 mV of the peak; how many until 10 mV are gone grows with the radius."""
    period, lost = 0.02, {}
    for r, n in ((5 * um, 220), (10 * um, 420), (40 * um, 101)):
        blocked = living(r).replace({"NaKATPase.scale": 0.0})
        run = blocked.simulate(n * period, schedule={"CurrentClamp.i": ifx.train(0.0, period, n, 1e-3, to=0.2)})
        top = peaks(run, period, n)
        if r == 40 * um:
            assert len(run.spikes(0.0)) == n
            hundred = np.searchsorted(run.t, 100 * period)
            assert 1 - run.c_in[K][hundred] / run.c_in[K][0] < 0.01
            assert 0.0 < top[1] - top[100] < 1 * mV
        else:
            lost[r] = int(np.argmax(top < top[1] - 10 * mV))
    assert lost[10 * um] > 200
    assert lost[10 * um] == pytest.approx(2 * lost[5 * um], rel=0.05)


@pytest.mark.parametrize(("T", "r", "rise"), [
    (WARM, 10 * um, 0.0704576), (WARM, 1 * um, 0.704576), (279.45, 10 * um, 0.194305), (279.45, 1 * um, 1.94305),
])  # fmt: skip
def test_claim_2_15_each_action_potential_releases_potassium(T: float, r: float, rise: float) -> None:
    """Into an outside of a quarter of the cell's volume: exit · 3/(r F · 0.25), the exit counted over 40 ms, those of rest included."""
    run = spike(axon(T=T), until=0.04)
    exit_ = float(np.trapezoid(run.current["HHK"], run.t)) + run.current["HHK"][-1] * (0.04 - run.t[-1])
    assert exit_ * 3 / (r * FARADAY * 0.25) == pytest.approx(rise, rel=1e-4)


def test_claim_2_15_potassium_gathers_in_a_narrow_outside() -> None:
    """A cell with its outside closed: what spikes take from inside is outside, spike upon spike, and more in a narrower one."""
    rises = []
    for part in (0.5, 0.25, 0.1):
        cell = living(outside_volume=part * 4 / 3 * np.pi * (10 * um) ** 3)
        n, period = 5, 0.02
        run = cell.simulate(n * period, schedule={"CurrentClamp.i": ifx.train(0.0, period, n, 1e-3, to=0.2)}, at=period * np.arange(n + 1))
        assert np.all(np.diff(run.c_out[K]) > 0)
        np.testing.assert_allclose(part * (run.c_out[K] - 5.0), 140.0 - run.c_in[K], rtol=1e-9, atol=1e-12)
        rises.append(float(run.c_out[K][1] - 5.0))
    assert rises[1] == pytest.approx(2 * rises[0], rel=0.05)
    assert rises[2] > 4 * rises[0]
    assert 0.03 < rises[1] < 0.1


@pytest.mark.parametrize("E_K", [-77 * mV, -85 * mV])
@pytest.mark.parametrize("T", [279.45, WARM])
def test_claim_2_25_the_spike_undershoots_towards_E_K(E_K: float, T: float) -> None:
    """Potassium channels are still open when the sodium channels have closed; that is what carries V below rest."""
    run = spike(axon(T=T, E_K=E_K))
    low = int(np.argmin(run.V))
    assert E_K < run.V[low] < run.V[0] - 5 * mV
    assert run.gate["HHK.n"][low] > 1.1 * run.gate["HHK.n"][0]
    assert run.gate["HHNa.h"][low] < run.gate["HHNa.h"][0]
    if (E_K, T) == (-77 * mV, 279.45):
        assert run.V[low] == pytest.approx(-76.182 * mV, abs=0.002 * mV)
        assert run.V[0] - run.V[low] == pytest.approx(11.19 * mV, abs=0.01 * mV)


def test_claim_2_26_a_cell_that_rests_at_E_K_has_no_undershoot() -> None:
    depth = {}
    for E_L in (-77.0, -65.0, -54.387):
        run = spike(axon(E_L=E_L * mV), 0.6)
        depth[E_L] = run.V[0] - run.V.min()
        assert run.V.max() > 30 * mV
        assert run.V.min() > -77 * mV
        if E_L == -77.0:
            assert run.V.min() == pytest.approx(-76.999 * mV, abs=0.001 * mV)
    for E_L, want in ((-77.0, 0.0720), (-65.0, 8.00), (-54.387, 11.20)):
        assert depth[E_L] == pytest.approx(want * mV, abs=0.005 * mV)


@pytest.mark.parametrize(("V", "T", "J_max"), [(-70 * mV, WARM, 2e-6), (-65 * mV, WARM, 4e-6), (-75 * mV, 285.0, 1e-6)])
def test_claim_2_27_potassium_sets_the_floor(V: float, T: float, J_max: float) -> None:
    """Where all other currents but the pump's lead upwards V stays above E_K - I_p/G; a current that holds it lower may go lower."""
    cell = living(V=V, T=T, J_max=J_max).replace({"leak_Cl.g": 0.0})
    run = cell.simulate(0.3, schedule={"CurrentClamp.i": ifx.train(0.0, 0.015, 20, 1e-3, to=0.4)}, rtol=1e-8)
    G = 360.0 * run.gate["HHK.n"] ** 4 + cell.parameters()["leak_K.g"].value
    pump = run.current["NaKATPase"]
    assert np.all(pump > 0)
    floor = run.E[K].min() - (pump / G).max()
    assert run.V.min() > floor
    assert len(run.spikes(0.0)) > 0
    stopped = cell.replace({"NaKATPase.scale": 0.0}).simulate(0.3, schedule={"CurrentClamp.i": ifx.train(0.0, 0.015, 20, 1e-3, to=0.4)})
    assert np.all(stopped.V > stopped.E[K] - 1e-6)
    held = cell.simulate(0.05, schedule={"CurrentClamp.i": ifx.step(0.0, to=-0.3)})
    assert held.V.min() < held.E[K].min()
