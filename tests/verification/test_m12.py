"""M12: the axon of Hodgkin & Huxley 1952, J. Physiol. 117, 500; published numbers, and other temperatures, currents and sizes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from reference import models
from reference.hodgkin_huxley import HodgkinHuxley
from scipy.optimize import brentq

import ionflux as ifx

ROWS = models.reference("m12")["entries"]
RUNS = models.reference("spiking_runs")["runs"]


@cache
def axon(**symbols: Any) -> ifx.Cell:
    return ifx.preset("hodgkin_huxley1952", **symbols)


def rows(head: str) -> Any:
    return pytest.mark.parametrize("row", [r for r in ROWS if r["id"].startswith(f"m12.{head}")], ids=lambda r: r["id"])


def steps(protocol: list[list[float]]) -> list[Any]:
    """The current of a protocol of [end, A/m^2], as a schedule."""
    starts = [0.0, *(end for end, _ in protocol[:-1])]
    return [ifx.step(start, current) for start, (_, current) in zip(starts, protocol, strict=True)]


@rows("rest")
def test_rest_is_the_published_one(row: dict[str, Any]) -> None:
    rest = axon().steady_state()
    got = rest.V if row["quantity"] == "V" else rest.gate[{"m": "HHNa.m", "h": "HHNa.h", "n": "HHK.n"}[row["quantity"]]]
    assert got == pytest.approx(row["value"], rel=row["rtol"])


@rows("rate")
def test_firing_rate_after_a_step_is_the_published_one(row: dict[str, Any]) -> None:
    spikes = axon(**row["overrides"]).simulate(1.0, rtol=1e-8).spikes(0.0)
    assert 5 / (spikes[-1] - spikes[-6]) == pytest.approx(row["value"], rel=row["rtol"])


@rows("HB")
def test_rest_loses_its_stability_at_the_published_current(row: dict[str, Any]) -> None:
    rest = axon().steady_state()

    def growth(I: float) -> float:
        return float(np.max(axon(I_ext=I).steady_state(start=rest).eigenvalues.real))

    assert brentq(growth, 0.05, 0.15, xtol=1e-12) == pytest.approx(row["value"], rel=row["rtol"])


def turn(run: Any, top: bool) -> tuple[float, float]:
    """(time, V) of the highest or lowest V, from a parabola through the three samples about it."""
    t, V = run.t, run.V
    i = int(np.argmax(V) if top else np.argmin(V))
    a, b, c = np.polyfit(t[i - 1 : i + 2] - t[i], V[i - 1 : i + 2], 2)
    return float(t[i] - b / (2 * a)), float(c - b * b / (4 * a))


@rows("ap6.3")
def test_action_potential_is_the_published_one(row: dict[str, Any]) -> None:
    schedule = {"CurrentClamp.i": ifx.pulse(0.0, 1e-3, 0.2)}
    run = axon().simulate(0.01, schedule=schedule, at=np.linspace(0.0, 0.01, 2001), rtol=1e-8)
    (peak, highest), (trough, lowest) = turn(run, top=True), turn(run, top=False)
    got = {"peak V": highest, "time of the peak": peak, "minimum V": lowest, "time of the minimum": trough}[row["quantity"]]
    assert got == pytest.approx(row["value"], rel=row["rtol"])


@pytest.mark.parametrize("method", ["implicit", "explicit"])
def test_spike_times_over_one_second_are_right_to_a_microsecond(method: str) -> None:
    want = RUNS["m12.step"]
    run = axon(I_ext=0.1).simulate(1.0, rtol=1e-8, method=method)
    np.testing.assert_allclose(run.spikes(0.0), want["spikes"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["m12.pulse", "m12.warm", "m12.other"])
def test_other_temperatures_sizes_and_currents_follow_the_twin(name: str) -> None:
    want = RUNS[name]
    cell = axon(**want["symbols"])
    own = {"E_L": "E_L", "g_K": "g_K", "C": "C"}
    si = {"E_L": 1e3, "g_K": 0.1, "C": 100.0}
    twin = HodgkinHuxley(
        celsius=want["symbols"].get("T", 279.45) - 273.15, **{own[k]: v * si[k] for k, v in want["symbols"].items() if k in own}
    )
    V, m, h, n = twin.rest()
    rest = cell.steady_state()
    assert rest.V == pytest.approx(V * 1e-3, abs=1e-12)
    assert rest.gate["HHK.n"] == pytest.approx(n, rel=1e-9)
    start = cell.replace({"V": V * 1e-3, "state.HHNa.m": m, "state.HHNa.h": h, "state.HHK.n": n})
    end = want["protocol"][-1][0]
    run = start.simulate(end, schedule={"CurrentClamp.i": steps(want["protocol"])}, at=want["t"], rtol=1e-9)
    np.testing.assert_allclose(run.V, want["V"], rtol=0, atol=2e-8)
    for label, gate in (("m", "HHNa.m"), ("h", "HHNa.h"), ("n", "HHK.n")):
        np.testing.assert_allclose(run.gate[gate], want[label], rtol=0, atol=2e-7)
    spikes = start.simulate(end, schedule={"CurrentClamp.i": steps(want["protocol"])}, rtol=1e-9).spikes(0.0)
    np.testing.assert_allclose(spikes, want["spikes"], rtol=0, atol=1e-8)


def test_warmth_makes_the_spike_lower_and_shorter_and_cheaper() -> None:
    """Hodgkin & Huxley 1952, part IV: action potentials at 18.5 and 6.3 degrees; the sodium that enters follows."""
    width, top, entered = {}, {}, {}
    for T in (279.45, 291.65):
        run = axon(T=T).simulate(0.02, schedule={"CurrentClamp.i": ifx.pulse(0.0, 1e-3, 0.2)}, at=np.linspace(0.0, 0.02, 8001), rtol=1e-8)
        above = run.t[run.V > -0.02]
        width[T], top[T] = above[-1] - above[0], float(np.max(run.V))
        inward = np.minimum(run.current["HHNa"], 0.0)
        entered[T] = -float(np.trapezoid(inward, run.t))
    assert top[291.65] < top[279.45] - 0.005
    assert width[291.65] < 0.5 * width[279.45]
    assert entered[291.65] < 0.6 * entered[279.45]


def test_a_membrane_without_sodium_channels_does_not_spike() -> None:
    quiet = axon(g_Na=0.0, I_ext=0.2)
    assert not len(quiet.simulate(0.1).spikes(-0.02))


def test_audit_names_what_the_model_leaves_out() -> None:
    audit = axon(I_ext=0.1).simulate(0.05).audit
    assert audit.gap is not None
    assert {"HHNa", "HHK", "leak_Cl"} <= set(audit.unaccounted)
