"""What a living cell pays: the budget of ATP, and what becomes of the rest where there is less of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import K, Na
from ionflux.constants import FARADAY

SPIKE = ifx.crosses("V", -0.010)


def neuron(atp: str = "pool", /, **changes: float) -> ifx.Cell:
    return ifx.preset("reference_neuron", atp=atp).replace({name.replace("__", "."): x for name, x in changes.items()})


def value(cell: ifx.Cell, name: str) -> float:
    return float(cell.parameters()[name].value)


# ---- 0.5, 3.10: the main part of what a cell at rest spends ----------------------------------------------------------------------


def test_claim_0_5_and_claim_3_10_a_neuron_spends_two_thirds_of_its_energy_on_the_pump() -> None:
    rest = neuron().steady_state()
    spent, shares = rest.energy.atp, rest.energy.shares
    assert shares["NaKATPase"] == pytest.approx(2 / 3, abs=1e-6)
    assert sum(shares.values()) == pytest.approx(1.0, rel=1e-14)
    assert spent["NaKATPase"] / rest.volume == pytest.approx(0.0310928, abs=5e-8)
    assert rest.atp / rest.volume == pytest.approx(0.0466392, abs=5e-8)


@pytest.mark.parametrize("more", [1.3, 2.0])
def test_claim_3_10_the_share_grows_with_the_leak_and_falls_with_other_work(more: float) -> None:
    """ATP in plenty, so that only the demand counts."""
    plain = neuron("held")
    leaky = neuron("held", leak_Na__P=more * value(plain, "leak_Na.P"))
    plain_use, leaky_use = (cell.steady_state().energy.atp for cell in (plain, leaky))
    assert leaky_use["NaKATPase"] > plain_use["NaKATPase"] * (1 + 0.5 * (more - 1))
    # ATP held: the rest of the cell's work is not written down, and ions alone are left
    assert plain_use["NaKATPase"] > 0.99 * sum(plain_use.values())

    supply = value(neuron(), "ATPSupply.production")
    other = value(neuron(), "ATPUse.rate")
    # as much more is made as is used at the concentration of before: the rest stays where it was, the shares move
    busy = neuron(ATPUse__scale=more, ATPSupply__production=supply + (more - 1) * other).steady_state()
    assert busy.c_in["ATP"] == pytest.approx(3.0, rel=1e-9)
    assert pytest.approx(-0.072, abs=1e-9) == busy.V
    assert busy.energy.shares["NaKATPase"] == pytest.approx((2 / 3) / (1 + (more - 1) * other / supply), rel=1e-9)


def test_claim_3_10_what_is_left_of_the_atp_goes_to_the_pump() -> None:
    """Supply stopped: the pump, half-saturated by 0.2 mM, holds on where other work has long been given up."""
    cell = neuron()
    run = cell.simulate(90.0, schedule=ifx.ischaemia(cell), rtol=1e-8)
    part = run.energy.shares["NaKATPase"]
    assert np.all(np.diff(part) > 0)
    assert part[0] == pytest.approx(2 / 3, abs=1e-6)
    assert part[-1] > 0.85
    # what has been spent is what is gone, all mechanisms together
    rate = run.atp / run.volume
    gone = np.trapezoid(rate, run.t)
    assert gone == pytest.approx(3.0 - run.c_in["ATP"][-1], rel=2e-3)


# ---- 2.20: less ATP, slower pump, weaker rest ------------------------------------------------------------------------------------


@pytest.mark.parametrize("leak", [1.0, 1.5])
def test_claim_2_20_a_slower_pump_leaves_a_less_negative_rest(leak: float) -> None:
    """Half of it costs a millivolt, a tenth of it the greater part of V."""
    P = value(neuron(), "leak_Na.P")
    scales = [1.0, 0.8, 0.5, 0.3, 0.2, 0.1, 0.05]
    rests = [neuron("held", leak_Na__P=leak * P, NaKATPase__scale=s).steady_state() for s in scales]
    assert all(rest.stable for rest in rests)
    assert np.all(np.diff([rest.V for rest in rests]) > 0)
    assert np.all(np.diff([rest.c_in[Na] for rest in rests]) > 0)
    if leak == 1.0:
        assert rests[2].V == pytest.approx(-0.07098988, abs=1e-8)
        assert rests[2].c_in[Na] == pytest.approx(16.79135, rel=1e-6)
    # sodium that piles up drives what is left of the pump: the first half is hardly felt, the last
    first, last = rests[2].V - rests[0].V, rests[-1].V - rests[3].V
    assert last > 5 * first


def test_claim_2_20_less_supply_of_atp_does_the_same() -> None:
    cell = neuron()
    left = [1.0, 0.8, 0.7, 0.6, 0.5, 0.3]
    rests = [neuron(ATPSupply__scale=x).steady_state() for x in left]
    assert np.all(np.diff([rest.V for rest in rests]) > 0)
    assert np.all(np.diff([rest.c_in["ATP"] for rest in rests]) < 0)
    assert rests[2].V < -0.071 < -0.066 < rests[3].V  # two thirds go to the pump: below that it starves
    # and the schedule of that name leads there
    slow = cell.simulate(2e5, schedule=ifx.mitochondrial_deficit(cell, 0.6), at=[2e5], rtol=1e-8)
    assert slow.V[0] == pytest.approx(rests[3].V, abs=1e-6)
    assert slow.c_in["ATP"][0] == pytest.approx(rests[3].c_in["ATP"], rel=1e-5)


def test_claim_2_20_a_spiking_cell_with_less_pump_has_a_weaker_rest_until_it_has_none() -> None:
    """Dijkstra et al. 2016: the rest depolarises a little with the pump; two thirds are borne in silence, half is not."""
    rests = [ifx.preset("dijkstra2016", s=s).steady_state() for s in (1.0, 0.9, 0.8, 0.7, 0.66)]
    assert all(rest.stable for rest in rests)
    assert np.all(np.diff([rest.V for rest in rests]) > 0)
    assert rests[-1].V < -0.059
    # towards the end of the branch the slowest way back to rest becomes slower
    slowest = [float(np.max(np.real(rest.eigenvalues))) for rest in rests]
    assert abs(slowest[-1]) < 0.5 * abs(slowest[0])
    cell = rests[0].resting()
    borne, not_borne = (cell.simulate(600.0, schedule=ifx.mitochondrial_deficit(cell, left), stop=SPIKE) for left in (0.7, 0.5))
    assert borne.t[-1] == 600.0
    assert borne.V[-1] < -0.060
    assert not_borne.t[-1] < 600.0


@pytest.mark.slow
def test_claim_2_20_beyond_its_tipping_point_a_spiking_cell_fires_and_stays_depolarised() -> None:
    cell = ifx.preset("dijkstra2016").steady_state().resting()
    run = cell.simulate(900.0, schedule=ifx.mitochondrial_deficit(cell, 0.5), rtol=1e-5)
    assert len(run.spikes(-0.01)) > 1000
    assert run.V[-1] > -0.030
    # a larger leak of sodium tips the cell at a pump rate that it bore before
    assert ifx.preset("dijkstra2016", s=0.75).steady_state().V < -0.063
    leaky = ifx.preset("dijkstra2016", s=0.75, P_Na=2.5e-18).steady_state()
    assert leaky.V > -0.030


# ---- 3.23: the work of a cycle and what ATP gives --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kay2017", "dusterwald2018", "hoppensteadt_peskin", "reference_neuron", "dijkstra2016", "hubel2014"])
def test_claim_3_23_at_every_published_rest_a_cycle_costs_more_than_half_of_an_atp_and_less_than_one(name: str) -> None:
    """3 F (E_Na − V) + 2 F (V − E_K) against 50 … 57 kJ/mol."""
    rest = ifx.preset(name).steady_state()
    work = rest.cell.faraday * (3 * (rest.E[Na] - rest.V) + 2 * (rest.V - rest.E[K]))
    assert 0.5 * 57e3 < work < 50e3
    # as the account of the cell has it, over the ATP spent (Ca pumps and their like spend a little more in the composite cell)
    assert rest.energy.pump_work / rest.atp == pytest.approx(work, rel=1e-3)
    assert rest.energy.dissipation == pytest.approx(rest.energy.pump_work, rel=1e-3)


def test_claim_3_23_the_work_follows_gradients_and_potential() -> None:
    """−70 mV with E_Na +60 and E_K −90: 41.5 kJ/mol; the pump works in the steepest gradients that ATP still pays for."""
    pump = ifx.NaKATPase(J_max=1e-6)

    def work(V: Any, Na_in: Any) -> Any:
        seen = pump.evaluate(V=V, c_in={Na: Na_in, K: 140.0}, c_out={Na: 145.0, K: 4.8269663})
        return seen.work / seen.rate

    assert work(-0.07, 15.360269) == pytest.approx(FARADAY * (3 * 0.130 + 2 * 0.020), rel=1e-6)
    assert np.all(np.diff(work(np.linspace(-0.12, 0.0, 7), 15.360269)) < 0)  # one charge out per cycle
    assert np.all(np.diff(work(-0.07, np.array([2.0, 5.0, 10.0, 30.0]))) < 0)
    assert work(-0.07, 5.0) < 57e3 < work(-0.07, 0.5)
