"""What textbooks say of excitability: threshold and gain, synapses between excitation and inhibition, potassium and glia, plasticity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from claims.excitable import E_K, E_NA, WARM, at_rest, axon, living, rheobase
from scipy.optimize import brentq

import ionflux as ifx
from ionflux import Cl, K, Na
from ionflux.constants import FARADAY, GAS_CONSTANT
from ionflux.units import hour, mV

VT = GAS_CONSTANT * 310.15 / FARADAY
IN, OUT = {K: 140.0, Na: 15.360269}, {K: 4.8269663, Na: 145.0}
IN_CL, OUT_CL = {**IN, Cl: 120.0 * np.exp(-70 * mV / VT)}, {**OUT, Cl: 120.0}
P = {K: 1.0, Na: 0.037354083, Cl: 0.31497035}


def test_claim_2_11_part_of_the_potassium_leak_closes_and_the_rest_goes_to_minus_62() -> None:
    rests = {
        "S1 with Cl, GHK": lambda left: ifx.ghk_voltage({**P, K: left}, c_in=IN_CL, c_out=OUT_CL),
        "S1, GHK": lambda left: ifx.ghk_voltage({K: left, Na: P[Na]}, c_in=IN, c_out=OUT),
        "S2, chord": lambda left: ifx.chord_voltage([25.5882 * left, 1.0], [-75.08046 * mV, E_NA]),
    }
    left = {name: brentq(lambda x, rest=rest: rest(x) + 62 * mV, 0.05, 1.0, xtol=1e-14) for name, rest in rests.items()}
    for name, rest in rests.items():
        assert rest(1.0) == pytest.approx(-70 * mV, abs=1e-6)
        assert rest(left[name]) == pytest.approx(-62 * mV, abs=1e-9)
        assert 0.2 < left[name] < 1
        assert np.all(np.diff([rest(x) for x in np.linspace(1.0, left[name], 20)]) > 0)


@pytest.mark.parametrize("T", [279.45, 291.65])
def test_claim_2_11_the_same_synaptic_potential_then_fires(T: float) -> None:
    """Closer to threshold, and less leak to shunt it: below threshold it is larger, and what was below is above."""
    cells = [at_rest(V, ifx.AMPA(g=0.5), T=T) for V in (-70 * mV, -62 * mV)]
    leaks = [cell.parameters()["leak_K.g"].value for cell in cells]
    assert 0.2 < leaks[1] / leaks[0] < 1
    arrives = {"AMPA.transmitter": ifx.pulse(2e-3, 3e-3, to=1.0)}
    for cell, V in zip(cells, (-70 * mV, -62 * mV), strict=True):
        assert cell.simulate(0.1, at=[0.1]).V[0] == pytest.approx(V, abs=1e-6)
    small = [cell.simulate(0.03, schedule=arrives).V.max() - cell.start.V for cell in cells]
    assert 0 < small[0] < small[1] < 10 * mV
    spikes = [len(cell.replace({"AMPA.g": 2.0}).simulate(0.03, schedule=arrives).spikes(0.0)) for cell in cells]
    assert spikes == [0, 1]
    assert rheobase(cells[1]) < rheobase(cells[0])


@pytest.mark.parametrize("E_rev", [-53 * mV, -30 * mV, 0.0])
def test_claim_2_22_a_synapse_for_sodium_and_potassium_reverses_between_them(E_rev: float) -> None:
    g_Na = (E_rev - E_K) / (E_NA - E_rev)
    P_Na = brentq(lambda p: ifx.ghk_voltage({K: 1.0, Na: p}, c_in=IN, c_out=OUT) - E_rev, 1e-3, 10.0, xtol=1e-14)
    if E_rev == -53 * mV:
        assert g_Na == pytest.approx(0.327434, abs=1e-6)
        assert P_Na == pytest.approx(0.101088, abs=1e-6)
    assert ifx.chord_voltage([1.0, g_Na], [E_K, E_NA]) == pytest.approx(E_rev, abs=1e-15)
    by_g = ifx.Channel("syn", permeates={K: 1.0, Na: g_Na}, g=1.0)
    by_P = ifx.Channel("syn", permeates={K: 1.0, Na: P_Na}, P=1e-8)
    sides: Any = {"c_in": IN, "c_out": OUT}
    for channel in (by_g, by_P):
        I = np.array([channel.evaluate(V=E_rev + off, **sides).current for off in (-1e-3, 0.0, 1e-3)])
        assert abs(I[1]) < 1e-4 * I[2]
        assert I[0] < 0 < I[2]


def leaky(V: float, *more: ifx.Mechanism) -> ifx.Cell:
    """S1 in a cell whose conductances rest at V."""
    return ifx.Cell(
        area=1e-9, volume=1e-15, C_m=0.01, V=V, inside=IN, bath=ifx.Bath(OUT, impermeant=ifx.Impermeant(z=-1, c=149.8269663)),
        impermeant=ifx.Impermeant(), membrane=[ifx.Leak(K, g=(E_NA - V) / (V - E_K)), ifx.Leak(Na, g=1.0), *more],
        hold=("c_in.K", "c_in.Na"),
    )  # fmt: skip


@pytest.mark.parametrize("E_rev", [-53 * mV, -45 * mV])
def test_claim_2_22_and_2_23_the_rest_decides_whether_it_excites(E_rev: float) -> None:
    """Up from -70 mV, down from -40; at -50 mV a synapse that reverses at -53 inhibits. The sign is that of E_rev - V."""
    for V in (-75 * mV, -70 * mV, -50 * mV, -40 * mV):
        cell = leaky(V, ifx.Synapse(E_rev=E_rev, between=(Na, K), g=2.0))
        run = cell.simulate(0.02, schedule={"Synapse.transmitter": ifx.pulse(1e-3, 2e-3, to=1.0)})
        off = run.V - V
        peak = off[np.argmax(np.abs(off))]
        assert np.sign(peak) == np.sign(E_rev - V)
        assert 0.3 * mV < abs(peak) < abs(E_rev - V)


def test_claim_2_22_a_synapse_that_reverses_below_threshold_shunts() -> None:
    """By itself it depolarises; open wide, it keeps a current from firing the cell that fires it without."""
    for E_rev in (-60 * mV, -63 * mV):
        cell = at_rest(-65 * mV, ifx.Synapse(E_rev=E_rev, between=(Na, K), g=200.0))
        opens, current = {"Synapse.transmitter": ifx.step(1e-3, to=1.0)}, {"CurrentClamp.i": ifx.pulse(5e-3, 6e-3, to=0.3)}
        alone, shunted = cell.simulate(0.02, schedule=current), cell.simulate(0.02, schedule=opens | current)
        assert cell.simulate(4e-3, schedule=opens).V[-1] > -65 * mV + 0.5 * mV
        assert len(alone.spikes(0.0)) == 1
        assert len(shunted.spikes(0.0)) == 0


def test_claim_2_16_potassium_in_the_bath_makes_a_silent_cell_burst() -> None:
    """Barreto and Cressman 2011: a rest at 4 mM; at 8 mM bursts, with long pauses between them."""
    calm = ifx.preset("barreto_cressman2011").steady_state()
    assert calm.stable
    run = calm.resting().simulate(65.0, schedule={"BathExchange.c": ifx.step(0.5, to=8.0)}, rtol=1e-4)
    spikes = run.spikes(0.0)
    assert spikes[0] > 0.5
    pauses = np.diff(spikes)
    assert len(spikes) > 100
    assert np.sum(pauses > 100 * np.median(pauses)) >= 1
    # the potassium that the spikes leave outside: above what the bath alone would bring
    assert run.c_out[K].max() > 8.0 + 1.0


def test_claim_2_16_the_average_of_those_bursts_swings_at_8_mM() -> None:
    """At rest at 4 mM; at 8 mM the rest is unstable and potassium outside goes up and down, again and again."""
    calm = ifx.preset("barreto_cressman2011", variant="reduced").steady_state()
    assert calm.stable
    up = ifx.crosses("c_out.K", 8.0, "up")
    run = calm.resting().simulate(300.0, schedule={"BathExchange.c": ifx.step(1.0, to=8.0)}, events=up)
    periods = np.diff([event.t for event in run.events])
    assert len(periods) >= 4
    assert periods[-1] == pytest.approx(38.0609, rel=1e-3)
    late = run.c_out[K][run.t > 200.0]
    assert late.max() - late.min() > 2.0


@pytest.mark.parametrize("weaker", ["G", pytest.param("eps", marks=pytest.mark.slow)])
def test_claim_2_18_weaker_glia_leave_more_potassium_and_more_spikes(weaker: str) -> None:
    """Barreto and Cressman 2011: less uptake by glia, or less exchange with the bath."""
    normal = {"G": 200 / 3, "eps": 4 / 3}[weaker]
    rests = [ifx.preset("barreto_cressman2011", **{weaker: f * normal}).steady_state() for f in (1.6, 1.0, 0.6, 0.3)]
    if weaker == "G":  # exchange with the bath drives towards it, from either side
        assert np.all(np.diff([r.c_out[K] for r in rests]) > 0)
        assert np.all(np.diff([r.V for r in rests]) > 0)
    runs = [ifx.preset("barreto_cressman2011", **{weaker: f * normal, "bath.K": 7.0}).simulate(5.0, rtol=1e-5) for f in (1.6, 1.0, 0.5)]
    assert np.all(np.diff([run.c_out[K].max() for run in runs]) > 0)
    assert np.all(np.diff([len(run.spikes(0.0)) for run in runs]) > 0)


def test_claim_2_24_more_potassium_channels_calm_a_cell() -> None:
    V = ifx.ghk_voltage({K: np.array([1.0, 2.0, 5.0, 100.0]), Na: P[Na]}, c_in=IN, c_out=OUT)
    assert np.all(np.diff(V) < 0)
    assert np.all(V > E_K)
    cells = [axon(g_K=g).steady_state().resting() for g in (10.0, 12.0, 16.0, 24.0)]
    assert np.all(np.diff([cell.start.V for cell in cells]) < 0)
    assert np.all(np.diff([rheobase(cell, hi=2.0) for cell in cells]) > 0)


@pytest.mark.parametrize("most", [1.0, 4.0])
def test_claim_2_30_channels_inserted_over_a_day_calm_a_cell(most: float) -> None:
    """A ramp of 24 h in one call: V follows its quasi-steady value, E_K hardly moves, the current it takes to fire grows."""
    cell = living(more=[ifx.Channel("inserted", permeates={K: 1}, g=0.0), ifx.Water(P_f=1e-5)], T=WARM)
    rest = cell.steady_state()
    assert rest.V == pytest.approx(-70 * mV, abs=1e-6)
    day = 24 * hour
    run = rest.resting().simulate(day, schedule={"inserted.g": ifx.ramp(0.0, day, to=most)}, at=np.linspace(0.0, day, 25))
    assert np.all(np.diff(run.V) < 0)
    assert np.ptp(run.E[K]) < 2 * mV
    for hours in (8, 16, 24):
        steady = run.cell_at(hours * hour).replace({"inserted.g": most * hours / 24}).steady_state()
        assert run.V[hours] == pytest.approx(steady.V, abs=0.2 * mV)
    needed = [rheobase(run.cell_at(h * hour).replace({"inserted.g": most * h / 24})) for h in (0, 12, 24)]
    assert np.all(np.diff(needed) > 0)
    assert run.V[-1] < run.V[0] - 0.5 * mV
