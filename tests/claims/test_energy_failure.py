"""What happens in which order when a cell cannot pump: pump, sodium, exchanger and calcium, chloride and water."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Ca, Cl, K, Na

BLOCK = {"NaKATPase.scale": ifx.step(0.0, 0.0)}
ISCHAEMIA = {"ATPSupply.scale": ifx.step(0.0, 0.0)}


def neuron(**symbols: Any) -> ifx.Cell:
    return ifx.preset("reference_neuron", **symbols)


@cache
def course(name: str) -> Any:
    """An hour without the pump, or without the supply of ATP."""
    if name == "block":
        return neuron().simulate(3600.0, schedule=BLOCK, rtol=1e-7)
    return neuron(atp="pool").simulate(3600.0, schedule=ISCHAEMIA, rtol=1e-7)


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


@pytest.mark.slow
def test_claim_0_19_cytotoxic_oedema() -> None:
    """Dijkstra et al. 2016: from 2280 to 5586 µm³ between 5 and 60 min without a pump."""
    run = ifx.preset("dijkstra2016").steady_state().resting().simulate(3600.0, schedule=BLOCK, at=[300.0, 3600.0], rtol=1e-5)
    np.testing.assert_allclose(run.volume, [2280.5e-18, 5586.4e-18], rtol=5e-3)


# ---- a weaker pump --------------------------------------------------------------------------------------------------------------


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
