"""What happens in which order when a cell cannot pump: pump, sodium, chloride and water; test_calcium.py has the exchanger."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, K, Na

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


@pytest.mark.slow
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
