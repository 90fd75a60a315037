"""What a cell spends, and what happens in which order when it cannot: pump, sodium, exchanger and calcium, chloride and water."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from reference import models

import ionflux as ifx
from ionflux import Ca, Cl, K, Na

BLOCK = {"NaKATPase.scale": ifx.step(0.0, 0.0)}
ISCHAEMIA = {"ATPSupply.scale": ifx.step(0.0, 0.0)}
IONS = (Na, K, Cl)


def neuron(**symbols: Any) -> ifx.Cell:
    return ifx.preset("reference_neuron", **symbols)


@cache
def course(name: str) -> Any:
    """An hour without the pump, or without the supply of ATP."""
    if name == "block":
        return neuron().simulate(3600.0, schedule=BLOCK, rtol=1e-7)
    return neuron(atp="pool").simulate(3600.0, schedule=ISCHAEMIA, rtol=1e-7)


# ---- what it costs --------------------------------------------------------------------------------------------------------------


def test_claim_0_5_two_thirds_of_the_energy_go_into_the_pump() -> None:
    """And 3.10: it is a main part of basal metabolism."""
    cell = neuron(atp="pool")
    rest = cell.steady_state()
    pump = rest.current["NaKATPase"] / cell.faraday * cell.area / cell.volume
    total = rest.atp / cell.volume
    assert pump == pytest.approx(0.0310928, rel=1e-5)
    assert total == pytest.approx(0.0466392, rel=1e-5)
    assert pump / total == pytest.approx(2 / 3, rel=1e-6)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_claim_3_10_leakier_membranes_cost_more_and_the_share_of_the_pump_grows_with_them(factor: float) -> None:
    cell = neuron(atp="pool")
    before = cell.steady_state()
    rest = cell.replace({"leak_Na.P": factor * cell.parameters()["leak_Na.P"].value}).steady_state()
    assert (rest.current["NaKATPase"] > before.current["NaKATPase"]) is (factor > 1)


# ---- block ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hours"), [("reference_neuron", 400.0), ("dusterwald2018", 60.0), ("kay2017", 30.0), ("hoppensteadt_peskin", 400.0)]
)
def test_claims_0_11_and_2_2_without_the_pump_all_gradients_fade(name: str, hours: float) -> None:
    """Over minutes to hours, not at once: what separates the Nernst potentials falls below a tenth, and V below 10 mV."""
    cell = ifx.preset(name)
    rest = cell.steady_state()
    times = [1.0, 600.0, 3600.0 * hours]
    run = rest.resting().simulate(times[-1], schedule=BLOCK, at=times, rtol=1e-6)

    def spread(E: Any, i: int | None = None) -> float:
        return float(np.ptp([E[ion] if i is None else E[ion][i] for ion in IONS]))

    assert spread(run.E, 0) > 0.99 * spread(rest.E)
    assert spread(run.E, 2) < 0.1 * spread(rest.E)
    assert abs(run.V[2]) < 0.010


def test_claim_0_13_as_a_run_block_depolarises_at_once_by_four_millivolts() -> None:
    """The pump's current over the slope conductance, with the time constant of capacity over conductance, 4 ms."""
    t = np.array([0.001, 0.002, 0.004, 0.008, 0.05])
    run = neuron().simulate(0.05, schedule=BLOCK, at=t, rtol=1e-9)
    step = 0.004 * (1.0 - np.exp(-t / 0.004))
    # the conductance falls by 2 % on the way; the end is that of the exact balance
    np.testing.assert_allclose(run.V + 0.072, step, rtol=0.03)
    assert run.V[-1] == pytest.approx(-0.06810826, abs=1e-6)


# ---- ischaemia, stage by stage --------------------------------------------------------------------------------------------------


def test_claim_0_15_first_the_pump_stops() -> None:
    """ATP falls to a tenth within minutes, never below zero; the pump's current follows, and never turns round."""
    run = course("ischaemia")
    ATP, pump = run.c_in["ATP"], run.current["NaKATPase"]
    assert run.t[ATP < 0.3][0] < 300.0
    assert np.all(ATP >= 0.0)
    assert np.all(pump >= 0.0)
    assert pump[-1] < 0.01 * pump[0]


@pytest.mark.parametrize("name", ["block", "ischaemia"])
def test_claim_0_16_then_sodium_comes_in_and_potassium_goes(name: str) -> None:
    run = course(name)
    late = run.t > 1.0
    rises = np.diff(run.c_in[Na][late])
    falls = np.diff(run.c_in[K][late])
    if name == "ischaemia":  # while ATP lasts little happens, and the pump with more sodium holds against it
        begun = run.c_in["ATP"][late][1:] < 0.3
        rises, falls = rises[begun], falls[begun]
    assert np.all(rises > 0)
    assert np.all(falls < 0)
    assert run.V[-1] > run.V[0] + 0.030


@pytest.mark.slow
def test_claim_0_16_with_gates_it_fires_at_once_and_is_silent_within_a_minute() -> None:
    run = ifx.preset("dijkstra2016").steady_state().resting().simulate(120.0, schedule=BLOCK, rtol=1e-5)
    spikes = run.spikes(0.0)
    assert spikes[0] < 0.1
    assert len(spikes) > 1000
    assert 30.0 < spikes[-1] < 70.0
    assert run.V[-1] > -0.040


def reversal(run: Any) -> Any:
    """What the exchanger's reversal lies above V by; negative: it brings calcium in."""
    return 3 * run.E[Na] - 2 * run.E[Ca] - run.V


def test_claim_0_17_then_the_exchanger_turns_round_and_calcium_comes_in() -> None:
    """3 E_Na − 2 E_Ca falls as sodium comes in, and passes V within minutes: in a block sooner than while ATP lasts."""
    first = {}
    for name in ("block", "ischaemia"):
        run = course(name)
        ahead = reversal(run)
        assert ahead[0] > 0
        first[name] = run.t[np.nonzero(ahead < 0)[0][0]]
        at = int(np.searchsorted(run.t, 1200.0))
        assert run.c_in[Ca][at] > 100 * run.c_in[Ca][0]
        # the current follows the affinity until calcium has caught up, where both are nothing
        early = (run.t < 60.0) & (np.abs(ahead) > 1e-4)
        assert np.all((run.current["NCX"][early] > 0) == (ahead[early] < 0))
    assert first["block"] < first["ischaemia"] < 600.0


@pytest.mark.parametrize("V", [-0.080, -0.060, -0.040])
def test_claim_0_17_there_is_a_critical_sodium_for_each_potential(V: float) -> None:
    """At 0.1 µM of calcium; the more depolarised the cell, the less sodium it takes."""
    VT = ifx.ghk_voltage({K: 1e-8}, c_in={K: 1.0}, c_out={K: np.e})
    critical = 145.0 * np.exp(-(V + 2 * ifx.nernst(Ca, c_in=1e-4, c_out=1.8)) / (3 * VT))
    exchanger = ifx.NCX(k=1e-13)
    for factor, inward in ((0.99, False), (1.01, True)):
        found = exchanger.evaluate(V=V, c_in={Na: factor * critical, Ca: 1e-4}, c_out={Na: 145.0, Ca: 1.8})
        assert (found.flux["Ca"] < 0) is inward
    assert 5.0 < critical < 20.0


@pytest.mark.parametrize("name", ["block", "ischaemia"])
def test_claim_0_19_at_last_sodium_with_chloride_brings_water(name: str) -> None:
    run = course(name)
    assert np.all(np.diff(run.volume[run.t > 300.0]) > 0)
    assert run.volume[-1] > 1.3 * run.volume[0]
    assert run.amount[Cl][-1] > 3 * run.amount[Cl][0]


def test_claim_0_19_without_a_way_for_chloride_the_cell_does_not_swell() -> None:
    cell = neuron(P_Cl=0.0, U=0.0).solve_leaks(for_=[K])
    run = cell.simulate(3600.0, schedule=BLOCK, at=[3600.0], rtol=1e-8)
    assert run.volume[-1] / cell.volume == pytest.approx(0.9944829, rel=1e-5)


@pytest.mark.slow
def test_claim_0_19_cytotoxic_oedema() -> None:
    """Dijkstra et al. 2016: from 2280 to 5586 µm³ between 5 and 60 min without a pump."""
    run = ifx.preset("dijkstra2016").steady_state().resting().simulate(3600.0, schedule=BLOCK, at=[300.0, 3600.0], rtol=1e-5)
    np.testing.assert_allclose(run.volume, [2280.5e-18, 5586.4e-18], rtol=5e-3)


def test_claim_3_19_the_more_chloride_passes_the_faster_it_swells() -> None:
    """In the reference neuron, and in the spiking one with its gate for chloride closed."""
    swollen = []
    for factor in (0.3, 1.0, 3.0):
        cell = neuron()
        cell = cell.replace({"leak_Cl.P": factor * cell.parameters()["leak_Cl.P"].value}).steady_state().resting()
        run = cell.simulate(1800.0, schedule=BLOCK, at=[1800.0], rtol=1e-7)
        swollen.append(run.volume[-1] / cell.volume)
    assert swollen[0] < swollen[1] < swollen[2]
    open_, closed = (models.reference("spiking_runs")["runs"][f"m11.{name}"] for name in ("stopped", "no Cl gate"))
    assert open_["w"][-1] > closed["w"][-1]


# ---- a weaker pump --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("atp", ["held", "pool"])
def test_claim_2_20_the_weaker_the_pump_the_less_polarised_the_rest(atp: str) -> None:
    V = [neuron(atp=atp, pump_scale=s).steady_state().V for s in (2.0, 1.0, 0.5, 0.25)]
    assert np.all(np.diff(V) > 0)
    assert V[1] == pytest.approx(-0.072, abs=1e-9)
    assert V[2] == pytest.approx(-0.07098988 if atp == "held" else -0.07099453, rel=1e-6)


def test_claim_2_20_a_mitochondrial_deficit_lowers_atp_and_with_it_the_pump() -> None:
    """Less is made, so there is less, so less is pumped."""
    rests = [neuron(atp="pool").replace({"ATPSupply.scale": s}).steady_state() for s in (1.0, 0.8, 0.6)]
    ATP, V = [float(r.c_in["ATP"]) for r in rests], [r.V for r in rests]
    assert np.all(np.diff(ATP) < 0)
    assert np.all(np.diff(V) > 0)


def test_claim_2_20_below_a_tipping_point_a_spiking_cell_has_no_rest() -> None:
    """Followed down from the rest at full pump, the polarised rest depolarises little by little and then is no more."""
    rest, V = ifx.preset("dijkstra2016").steady_state(), []
    for s in np.arange(1.0, 0.0, -0.05):
        rest = ifx.preset("dijkstra2016", s=float(s)).steady_state(start=rest)
        V.append(rest.V)
        if rest.V > -0.050 or not rest.stable:
            break
    assert np.all(np.diff(V) > 0)
    assert V[-1] > -0.030 > -0.055 > V[-2]
    assert s == pytest.approx(0.6)  # and 0.65 still has one


# ---- calcium at rest ------------------------------------------------------------------------------------------------------------


def test_claim_3_22_calcium_is_further_from_equilibrium_than_any_other_ion() -> None:
    rest = neuron().steady_state()
    assert rest.c_in[Ca] == pytest.approx(1e-4, rel=1e-6)
    assert rest.E[Ca] > 0.120 > rest.E[Na] > 0.0 > rest.V
