"""No ATP: the pump stops, sodium comes in and potassium goes, the exchanger of calcium fails and turns round."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Ca, K, Na

ISCHAEMIA = {"ATPSupply.scale": ifx.step(0.0, to=0.0)}
BLOCK = {"NaKATPase.scale": ifx.step(0.0, to=0.0)}
MINUTE = 60.0


def neuron(**changes: float) -> ifx.Cell:
    return ifx.preset("reference_neuron", atp="pool").replace(changes)


@cache
def twenty_minutes(stopped: str, use: float = 1.0) -> Any:
    """At the accepted steps; `use` multiplies what else spends ATP."""
    cell = neuron(**{"ATPUse.scale": use})
    return cell.simulate(20 * MINUTE, schedule=ISCHAEMIA if stopped == "supply" else BLOCK, rtol=1e-9)


@pytest.mark.parametrize("use", [0.5, 1.0, 2.0])
def test_claim_0_15_without_atp_the_pump_stops(use: float) -> None:
    """ATP falls to a tenth within minutes; the pump current falls to nothing and never below it, and neither does ATP."""
    run = twenty_minutes("supply", use)
    ATP, pump = run.c_in["ATP"], run.current["NaKATPase"]
    assert np.all(ATP >= 0.0)
    assert np.all(pump >= 0.0)
    tenth = run.t[np.argmax(ATP < 0.1 * ATP[0])]
    assert 0.3 * MINUTE < tenth < 5 * MINUTE
    assert pump[-1] < 1e-6 * pump[0]
    assert np.all(np.diff(ATP) <= 1e-9)  # mM, what a step may be wrong by
    assert run.audit.ok


@pytest.mark.parametrize("stopped", ["supply", "pump"])
def test_claim_0_16_sodium_comes_in_potassium_goes_and_the_membrane_depolarises(stopped: str) -> None:
    run = twenty_minutes(stopped)
    assert np.all(np.diff(run.c_in[Na]) > -1e-9 * run.c_in[Na][1:])
    assert np.all(np.diff(run.c_in[K]) < 1e-9 * run.c_in[K][1:])
    assert run.c_in[Na][-1] > 5 * run.c_in[Na][0]
    assert run.c_in[K][-1] < 0.5 * run.c_in[K][0]
    assert run.V[-1] > run.V[0] + 0.015


def first_reversal(run: Any) -> float:
    """Time at which the exchanger first lets calcium in, s."""
    return float(run.t[np.argmax(run.flux["NCX"][Ca] < 0)])


def test_claim_0_17_the_exchanger_fails_then_turns_and_calcium_comes_in() -> None:
    """E_NCX = 3 E_Na - 2 E_Ca falls as sodium rises, until V is above it: sooner where the pump is blocked."""
    starved, blocked = twenty_minutes("supply"), twenty_minutes("pump")
    for run in (starved, blocked):
        at = first_reversal(run)
        assert 0.1 * MINUTE < at < 10 * MINUTE
        before = run.t < at
        E_NCX = 3 * run.E[Na] - 2 * run.E[Ca]
        assert np.all(np.diff(E_NCX[before]) < 1e-12)
        np.testing.assert_array_equal(np.sign(E_NCX - run.V), np.sign(run.flux["NCX"][Ca]))
        assert run.c_in[Ca][-1] > 100 * run.c_in[Ca][0]
    assert first_reversal(blocked) < first_reversal(starved)


@pytest.mark.parametrize("V", [-0.08, -0.06, -0.04])
def test_claim_0_17_there_is_a_critical_sodium_for_each_potential(V: float) -> None:
    """Less of it the more the membrane is depolarised: Na_i = Na_o ((Ca_i/Ca_o) e^(-u))^(1/3)."""
    cell = neuron()
    exchanger = next(m for m in cell.membrane if isinstance(m, ifx.NCX))
    critical = 145.0 * (1e-4 / 1.8 * np.exp(-V / cell.thermal_voltage)) ** (1 / 3)
    for Na_in, sign in ((0.99 * critical, 1), (1.01 * critical, -1)):
        seen = exchanger.evaluate(V=V, c_in={Na: Na_in, Ca: 1e-4}, c_out={Na: 145.0, Ca: 1.8})
        assert np.sign(seen.flux["Ca"]) == sign


def test_claim_2_20_the_weaker_the_pump_the_less_negative_the_rest() -> None:
    rests = [neuron(**{"NaKATPase.scale": scale}).steady_state() for scale in (1.0, 0.8, 0.5, 0.35)]
    assert np.all(np.diff([rest.V for rest in rests]) > 0)
    assert np.all(np.diff([rest.c_in[Na] for rest in rests]) > 0)
