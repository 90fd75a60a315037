"""M11: a spiking neuron that swells (Dijkstra et al. 2016, J. Neurosci. 36, 11881); published numbers, other sizes and protocols."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from reference import models
from reference.swelling_neuron import Swelling

import ionflux as ifx
from ionflux import Cl, K, Na

ROWS = models.reference("m11")["entries"]
RUNS = models.reference("spiking_runs")["runs"]
STOPPED = {"NaKATPase.scale": ifx.step(0.0, 0.0)}


@cache
def neuron(**symbols: Any) -> ifx.Cell:
    return ifx.preset("dijkstra2016", **symbols)


def rows(*heads: str) -> Any:
    return pytest.mark.parametrize("row", [r for r in ROWS if r["id"].partition(".")[2].startswith(heads)], ids=lambda r: r["id"])


@rows("rest")
def test_rest_is_the_published_one(row: dict[str, Any]) -> None:
    rest = neuron().steady_state()
    current = rest.current["NaKATPase"] * rest.area
    read = {"V": rest.V, "[Na]_in": rest.c_in[Na], "[K]_in": rest.c_in[K], "[Cl]_in": rest.c_in[Cl], "volume": rest.volume, "I_p": current}
    assert rest.stable
    assert read[row["quantity"]] == pytest.approx(row["value"], rel=row["rtol"])


@pytest.mark.parametrize(
    "own",
    [
        {"s": 0.8},
        {"P_Na": 0.25e-5, "P_Cl": 0.4e-5},
        {"P_ClG": 0.0},
        {"U": 3e-6},
        {"bath": (150.0, 5.0, 135.0)},
        {"pump": 70.0, "P_KG": 3e-4},
    ],
    ids=str,
)
def test_rest_at_other_parameters(own: dict[str, Any]) -> None:
    model = replace(Swelling(), **own)
    want = model.seen(model.rest())
    si = {"s": ("s", 1.0), "P_Na": ("P_Na", 1e-12), "P_Cl": ("P_Cl", 1e-12), "P_ClG": ("P_Cl_gated", 1e-12), "P_KG": ("P_K_gated", 1e-12)}
    si |= {"U": ("U", 1e-9), "pump": ("I_p", 1e-12)}
    symbols = {si[k][0]: v * si[k][1] for k, v in own.items() if k in si}
    if "bath" in own:
        symbols |= dict(zip(("bath.Na", "bath.K", "bath.Cl"), own["bath"], strict=True))
    got = neuron(**symbols).steady_state()
    assert got.V == pytest.approx(want["V"] * 1e-3, abs=1e-10)
    assert got.volume == pytest.approx(want["w"] * 1e-15, rel=1e-8)
    for ion in (Na, K, Cl):
        assert got.c_in[ion] == pytest.approx(want[ion.name], rel=1e-8)


def run_as(want: dict[str, Any], rtol: float) -> Any:
    """The protocol of a run of the twin, from the rest at full pump."""
    cell = neuron(**want["symbols"])
    start = cell.steady_state().resting()
    starts = [0.0, *(end for end, _ in want["protocol"][:-1])]
    gated = cell.parameters()["Na_gated.P"].value
    schedule = {
        "NaKATPase.scale": [ifx.step(t, what.get("s", 1.0)) for t, (_, what) in zip(starts, want["protocol"], strict=True)],
        "Na_gated.P": [
            ifx.step(t, what["P_NaG"] * 1e-12 / cell.area if "P_NaG" in what else gated)
            for t, (_, what) in zip(starts, want["protocol"], strict=True)
        ],
    }
    return start.simulate(want["t"][-1], schedule=schedule, at=want["t"], rtol=rtol)


def follows(run: Any, want: dict[str, Any], V: float, rel: float) -> None:
    np.testing.assert_allclose(run.V, want["V"], rtol=0, atol=V)
    np.testing.assert_allclose(run.volume, want["w"], rtol=rel)
    for ion in (Na, K, Cl):
        np.testing.assert_allclose(run.c_in[ion], want[ion.name], rtol=rel)


def test_stopped_and_restored_pump_without_spikes_follows_the_twin() -> None:
    want = RUNS["m11.no Na gate"]
    run = run_as(want, 1e-8)
    follows(run, want, 1e-8, 1e-7)
    assert run.audit.charge < 1e-11


@pytest.mark.slow
@pytest.mark.parametrize("name", ["m11.stopped", "m11.no Cl gate", "m11.restored"])
def test_spiking_runs_follow_the_twin(name: str) -> None:
    """Thousands of spikes, then block, swelling and, in the last, the second rest and the way back."""
    want = RUNS[name]
    run = run_as(want, 1e-8)
    at = np.array(want["t"]) > 100.0  # among spikes V is a matter of microseconds
    np.testing.assert_allclose(run.V[at], np.array(want["V"])[at], rtol=0, atol=1e-6)
    np.testing.assert_allclose(run.volume, want["w"], rtol=1e-6)
    assert run.audit.charge < 1e-11


def seconds(row: dict[str, Any]) -> float:
    return float(row["id"].split(".")[2].removesuffix("s"))


@cache
def stopped(**symbols: Any) -> ifx.Trajectory:
    """From the rest, at all the times that are published."""
    at = sorted({seconds(row) for row in ROWS if row["id"].partition(".")[2].startswith(("s0.", "s0_noClgate."))})
    return neuron(**symbols).steady_state().resting().simulate(at[-1], schedule=STOPPED, at=at, rtol=1e-6)


@pytest.mark.slow
@rows("s0.", "s0_noClgate.")
def test_stopped_pump_is_the_published_one(row: dict[str, Any]) -> None:
    run = stopped(**row.get("overrides", {}))
    [got] = (run.V if row["quantity"] == "V" else run.volume)[run.t == seconds(row)]
    assert got == pytest.approx(row["value"], rel=row["rtol"])


@pytest.mark.slow
def test_stopped_pump_fires_at_once_and_then_is_blocked() -> None:
    """Dijkstra et al. 2016, figure 2: a burst, block within a minute."""
    run = neuron().steady_state().resting().simulate(70.0, schedule=STOPPED, rtol=1e-5)
    spikes = run.spikes(0.0)
    want = RUNS["m11.stopped"]
    assert spikes[0] == pytest.approx(want["first and last spike"][0], abs=1e-5)
    assert len(spikes) == pytest.approx(want["spikes"], rel=0.02)
    assert 40.0 < spikes[-1] < 60.0
    assert run.V[-1] > -0.040


@pytest.mark.parametrize("s", [0.8, 1.0, 1.5])
def test_a_second_rest_is_depolarised_swollen_and_stable(s: float) -> None:
    """Dijkstra et al. 2016: the pump has returned, and the cell does not."""
    run, model = RUNS["m11.restored"], Swelling(s=s)
    near = [run["V"][1] * 1e3, *(a / (a + b) for a, b in model.rates(run["V"][1] * 1e3))]
    w = run["w"][1] * 1e15
    y = model.rest([*near, run["K"][1] * w, run["Cl"][1] * w, w])
    want = model.seen(y)
    cell = neuron(s=s)
    inside = {ion: want[ion.name] for ion in (Na, K, Cl)}
    anion = cell.start.impermeants[0][1]
    start = replace(cell, volume=want["w"] * 1e-15, inside=inside, impermeant=ifx.Impermeant(z=-1, c=anion / (want["w"] * 1e-15)))
    rest = cell.steady_state(start=start)
    assert rest.stable
    assert rest.V == pytest.approx(want["V"] * 1e-3, abs=1e-9)
    assert rest.volume == pytest.approx(want["w"] * 1e-15, rel=1e-8)
    assert rest.V > -0.045
    assert rest.volume > 1.1 * cell.volume


def test_all_three_rests_are_found() -> None:
    polarised, between, depolarised = neuron().steady_states()
    assert [r.stable for r in (polarised, between, depolarised)] == [True, False, True]
    for rest in (polarised, between, depolarised):
        gates = [float(rest.gate[g]) for g in ("Na_gated.m", "Na_gated.h", "K_gated.n")]
        w = rest.volume * 1e15
        slopes = Swelling().rhs([rest.V * 1e3, *gates, float(rest.c_in[K]) * w, float(rest.c_in[Cl]) * w, w])
        np.testing.assert_allclose(np.array(slopes) / [1.0, 1.0, 1.0, 1.0, 1e-4, 1e-5, 1e-8], 0.0, atol=1e-7)


def test_restored_pump_with_the_sodium_gate_blocked_leads_back() -> None:
    """The way out of the second rest, from the state after fifteen minutes without a pump and as many with it."""
    run = RUNS["m11.restored"]
    cell = neuron()
    inside, w = {ion: run[ion.name][1] for ion in (Na, K, Cl)}, run["w"][1]
    swollen = replace(cell, volume=w, inside=inside, impermeant=ifx.Impermeant(z=-1, c=cell.start.impermeants[0][1] / w))
    back = swollen.simulate(2700.0, schedule={"Na_gated.scale": ifx.pulse(0.0, 1800.0, 0.0)}, at=[1800.0, 2700.0], rtol=1e-8)
    np.testing.assert_allclose(back.V, run["V"][2:], rtol=0, atol=1e-8)
    np.testing.assert_allclose(back.volume, run["w"][2:], rtol=1e-7)
