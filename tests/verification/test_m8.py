"""M8: seizures and bursts (Barreto & Cressman 2011, with Cressman et al. 2009); published numbers, other baths and constants."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from reference import models
from reference.seizures import Average, Seizures

import ionflux as ifx
from ionflux import K, Na
from ionflux.units import mV

ROWS = models.reference("m8")["entries"]
RUNS = models.reference("spiking_runs")["runs"]
#: constants as rounded in print, and no calcium: what the benchmarks run
ROUNDED = {"gamma": 4.45, "eps": 1.333, "G": 66.666, "g_AHP": 0.0}


@cache
def neuron(**symbols: Any) -> ifx.Cell:
    return ifx.preset("barreto_cressman2011", **symbols)


def rows(head: str) -> Any:
    return pytest.mark.parametrize("row", [r for r in ROWS if r["id"].startswith(f"m8.{head}")], ids=lambda r: r["id"])


@rows("full")
def test_rest_is_the_published_one(row: dict[str, Any]) -> None:
    rest = neuron(**row["overrides"]).steady_state()
    gates = {"n": "K_gated.n", "h": "Na_gated.h"}
    read = {"V": rest.V, "[K]_out": rest.c_out[K], "[Na]_in": rest.c_in[Na]} | {k: rest.gate[g] for k, g in gates.items()}
    assert rest.stable
    assert read[row["quantity"]] == pytest.approx(row["value"], rel=row["rtol"])


@pytest.mark.parametrize("own", [{"K_b": 3.0}, {"K_b": 5.0, "rho": 1.6}, {"G": 40.0, "eps": 2.0, "g_AHP": 0.5}, {"gamma": 0.06}], ids=str)
def test_rest_at_other_parameters(own: dict[str, float]) -> None:
    model = Seizures(**own)
    want = model.seen(model.rest([-68.0, 0.065, 0.98, 3.8, 20.0, 0.0]))
    si = {"K_b": 1.0, "rho": 1.0, "G": 1.0, "eps": 1.0, "g_AHP": 10.0, "gamma": 100.0}
    got = neuron(**{k: v * si[k] for k, v in own.items()}).steady_state()
    assert got.V == pytest.approx(want["V"] * 1e-3, abs=1e-10)
    assert got.c_out[K] == pytest.approx(want["K_e"], rel=1e-8)
    assert got.c_in[Na] == pytest.approx(want["Na"], rel=1e-8)
    assert got.gate["AHP.Ca"] == pytest.approx(want["Ca"], rel=1e-6)


@pytest.mark.parametrize("name", ["m8.w7", "m8.burst", "m8.other"])
def test_spikes_and_ions_follow_the_twin(name: str) -> None:
    want = RUNS[name]
    cell = neuron(**want["symbols"], **(ROUNDED if name == "m8.w7" else {}))
    run = cell.simulate(2.0, rtol=1e-8)
    np.testing.assert_allclose(run.spikes(0.0), [t for t in want["spikes"] if t < 2.0], rtol=0, atol=1e-6)
    at = cell.simulate(2.0, at=[1.0, 2.0], rtol=1e-8)
    np.testing.assert_allclose(at.c_out[K], want["K_e"][:2], rtol=3e-6)
    np.testing.assert_allclose(at.c_in[Na], want["Na"][:2], rtol=1e-7)
    if name != "m8.w7":
        np.testing.assert_allclose(at.gate["AHP.Ca"], want["Ca"][:2], rtol=1e-4)


@pytest.mark.slow
def test_a_minute_of_bursts() -> None:
    """444 spikes; an error of a spike's time is an error of K beside it, so that concentrations agree to 2e-4 where spikes do."""
    run = neuron(**{"bath.K": 8.0}, **ROUNDED).simulate(60.0, rtol=1e-9)
    spikes = run.spikes(0.0)
    assert len(spikes) == 444
    assert spikes[-1] == pytest.approx(59.959557, abs=2e-5)
    every = np.arange(1, 6001) * 0.01
    at = neuron(**{"bath.K": 8.0}, **ROUNDED).simulate(60.0, at=every, rtol=1e-9)
    # of samples; within a spike potassium is 0.05 mM higher for an instant
    assert at.c_out[K].min() == pytest.approx(6.69, abs=0.005)
    assert at.c_out[K].max() == pytest.approx(10.56, abs=0.005)
    K_out, Na_in, V = (x[[99, 2999, 5999]] for x in (at.c_out[K], at.c_in[Na], at.V))
    np.testing.assert_allclose(K_out, [9.98575430593, 7.37953916607, 8.02303771082], rtol=2e-6)
    np.testing.assert_allclose(Na_in, [16.28891493486, 16.37012987720, 16.49704664783], rtol=2e-7)
    np.testing.assert_allclose(V[:2], np.array([-54.016504107, -54.964404957]) * mV, rtol=0, atol=2e-7)


@pytest.mark.slow
def test_little_potassium_in_the_bath_leaves_the_cell_silent_and_much_makes_it_fire_for_ever() -> None:
    """Barreto & Cressman 2011, figure 2: silent at 6 mM after a transient, tonic firing from about 9.5 mM, bursts between."""
    calm = neuron(**{"bath.K": 6.0}).simulate(60.0, rtol=1e-6).spikes(0.0)
    assert not len(calm[calm > 40.0])
    tonic = neuron(**{"bath.K": 10.5}).simulate(60.0, rtol=1e-6).spikes(0.0)
    late = np.diff(tonic[tonic > 40.0])
    assert len(late) > 100
    assert late.max() < 1.5 * late.min()


def test_audit_names_what_the_model_leaves_out() -> None:
    audit = neuron(**{"bath.K": 8.0}).simulate(1.0).audit
    assert audit.gap is not None
    assert {"NaKATPase", "GlialUptake", "BathExchange", "c_in.K", "c_in.Cl", "c_out.Na"} <= set(audit.unaccounted)


# ---- the two-variable average ---------------------------------------------------------------------------------------------------


@rows("red.rest")
def test_average_rests_where_published(row: dict[str, Any]) -> None:
    rest = neuron(variant="reduced", **row["overrides"]).steady_state()
    assert rest.stable
    got = rest.c_out[K] if row["quantity"] == "[K]_out" else rest.c_in[Na]
    assert got == pytest.approx(row["value"], rel=row["rtol"])


def test_average_swings_as_published() -> None:
    start = neuron(variant="reduced").steady_state().resting()
    cell = start.replace({"BathExchange.c": 8.0})
    events = [ifx.crosses("c_out.K", 8.0, "up")]
    run = cell.simulate(620.0, at=np.arange(500.0, 620.0, 0.002), events=events, rtol=1e-9)
    up = [e.t for e in run.events if e.t > 500.0]
    found = {"period": up[-1] - up[-2]}
    for what, c in (("[K]_out", run.c_out[K]), ("[Na]_in", run.c_in[Na])):
        found |= {f"min {what}": float(c.min()), f"max {what}": float(c.max())}
    for row in ROWS:
        if row["id"].startswith("m8.red.osc"):
            assert found[row["quantity"]] == pytest.approx(row["value"], rel=row["rtol"])


@pytest.mark.parametrize("own", [{"K_b": 4.5}, {"K_b": 12.0, "rho": 1.0}, {"K_b": 8.0, "G": 40.0, "eps": 2.0}], ids=str)
def test_average_at_other_parameters(own: dict[str, float]) -> None:
    model = Average(**own)
    want = model.run(40.0, [3.8, 19.0])
    run = neuron(variant="reduced", **own).simulate(40.0, at=[1.0, 5.0, 20.0, 40.0], rtol=1e-9)
    at = want.at([1.0, 5.0, 20.0, 40.0])
    np.testing.assert_allclose(run.c_out[K], at[:, 0], rtol=1e-7)
    np.testing.assert_allclose(run.c_in[Na], at[:, 1], rtol=1e-7)


def test_average_gains_its_swing_as_the_bath_rises() -> None:
    """Two Hopf bifurcations, one on either side of 8 mM."""
    rests = {c: neuron(variant="reduced", K_b=c).steady_state() for c in (4.0, 25.0)}
    assert all(rest.stable for rest in rests.values())
    assert not neuron(variant="reduced", K_b=8.0).steady_state(start=rests[4.0]).stable
