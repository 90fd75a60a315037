"""M4: spikes, ions in a closed outside, spreading depolarisation (Huebel & Dahlem 2014); published numbers, other protocols and sizes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from reference import models
from reference.hubel_dahlem import HubelDahlem

import ionflux as ifx
from ionflux import Cl, K, Na

ROWS = models.reference("m4")["entries"]
RUNS = models.reference("spiking_runs")["runs"]
FARADAY = 96485.0


@cache
def neuron(**symbols: Any) -> ifx.Cell:
    return ifx.preset("hubel2014", **symbols)


def rows(*heads: str) -> Any:
    return pytest.mark.parametrize("row", [r for r in ROWS if r["id"].partition(".")[2].startswith(heads)], ids=lambda r: r["id"])


def at_rest(**symbols: Any) -> ifx.Cell:
    """The preset with its reservoir, at the rest that it has while the reservoir stays as it is."""
    closed = {k: v for k, v in symbols.items() if k not in ("buffer", "K_b")}
    rest = neuron(**closed).steady_state()
    gates = {"K_gated.n": "K_gated.n"} | ({"Na_gated.h": "Na_gated.h"} if symbols.get("h") == "dynamic" else {})
    state = {f"state.{name}": float(rest.gate[name]) for name in gates}
    inside = {f"inside.{ion.name}": float(rest.c_in[ion]) for ion in (K, Cl)}
    outside = {f"bath.{ion.name}": float(rest.c_out[ion]) for ion in (K, Cl)}
    outside["bath.impermeant.c"] = neuron().bath[Na] + float(rest.c_out[K] - rest.c_out[Cl])  # enters nowhere
    return neuron(**symbols).replace({"V": rest.V, **inside, **outside, **state})


def schedule(protocol: list[Any], rho: float) -> dict[str, Any]:
    starts = [0.0, *(end for end, _ in protocol[:-1])]
    return {
        "NaKATPase.J_max": [ifx.step(t, what.get("rho", rho) / FARADAY) for t, (_, what) in zip(starts, protocol, strict=True)],
        "CurrentClamp.i": [ifx.step(t, what.get("stimulus", 0.0)) for t, (_, what) in zip(starts, protocol, strict=True)],
    }


@rows("rest")
def test_rest_is_the_published_one(row: dict[str, Any]) -> None:
    rest = neuron().steady_state()
    read = {
        "V": rest.V,
        "n": rest.gate["K_gated.n"],
        "[K]_in": rest.c_in[K],
        "[Cl]_in": rest.c_in[Cl],
        "[K]_out": rest.c_out[K],
        "[Na]_in": rest.c_in[Na],
        "I_p": rest.current["NaKATPase"],
    }
    assert rest.stable
    assert read[row["quantity"]] == pytest.approx(row["value"], rel=row["rtol"])


@pytest.mark.parametrize(
    "own",
    [
        {"rho": 3.0},
        {"rho": 5.25, "g_Cl": 0.05},
        {"g_NaL": 0.02, "g_KL": 0.06, "dynamic": True},
        {"K_b": 6.0, "buffer": "bath"},
        {"buffer": "glia"},
    ],
    ids=str,
)
def test_rest_at_other_parameters(own: dict[str, Any]) -> None:
    model = HubelDahlem(**{"buffer": None, **own})
    free = model.buffer is not None
    near = model.start()
    if model.buffer == "bath":
        near = HubelDahlem(buffer=None).rest()
    want = model.seen(model.rest(near, free_reservoir=free))
    si = {"rho": ("rho", 0.01), "g_Cl": ("g_Cl", 10.0), "g_NaL": ("g_Na_l", 10.0), "g_KL": ("g_K_l", 10.0), "K_b": ("K_b", 1.0)}
    symbols = {si[k][0]: v * si[k][1] for k, v in own.items() if k in si}
    symbols |= {"buffer": model.buffer, "h": "dynamic" if model.dynamic else "n"}
    got = neuron(**symbols).steady_state()
    assert got.V == pytest.approx(want["V"] * 1e-3, abs=1e-10)
    for ion in (Na, K, Cl):
        assert got.c_in[ion] == pytest.approx(want[ion.name], rel=1e-8)
        assert got.c_out[ion] == pytest.approx(want[f"{ion.name}_e"], rel=1e-8)


@pytest.mark.parametrize("rho", [6.8, 4.0, 12.0])
def test_a_depolarised_rest_stands_beside_the_other_and_both_are_stable(rho: float) -> None:
    """The pump runs at full speed there, and what it moves leaks through the channels that the depolarisation opens."""
    polarised, between, depolarised = neuron(rho=rho * 0.01).steady_states()
    assert polarised.stable
    assert depolarised.stable
    assert not between.stable
    assert depolarised.current["NaKATPase"] == pytest.approx(rho * 0.01, rel=1e-2)
    model = HubelDahlem(rho=rho, buffer=None)
    for rest in (polarised, between, depolarised):
        y = [rest.V * 1e3, float(rest.gate["K_gated.n"]), float(rest.c_in[K]), float(rest.c_in[Cl]), 0.0]
        np.testing.assert_allclose(np.array(model.rhs(y)) / [1.0, 1.0, 1e-4, 1e-4, 1.0], 0.0, atol=1e-8)


# ---- spreading depolarisation ---------------------------------------------------------------------------------------------------

PROTOCOLS = {
    "m4.off9.5glia": {"NaKATPase.scale": ifx.pulse(20.0, 29.5, 0.0)},
    "m4.off8glia": {"NaKATPase.scale": ifx.pulse(20.0, 28.0, 0.0)},
    "m4.off5glia": {"NaKATPase.scale": ifx.pulse(20.0, 25.0, 0.0)},
    "m4.stim": {"CurrentClamp.i": ifx.pulse(20.0, 20.5, 1.0)},
}


@cache
def depolarised(name: str) -> Any:
    until = 35.0 if name in ("m4.off8glia", "m4.off5glia") else 500.0
    return at_rest(buffer="glia").simulate(until, schedule=PROTOCOLS[name], at=np.arange(0.0, until + 0.01, 0.02), rtol=1e-6)


@rows("off", "stim")
def test_spreading_depolarisation_is_the_published_one(row: dict[str, Any]) -> None:
    name, what = row["id"].rpartition(".")[0], row["quantity"]
    run = depolarised(name)
    K_out, over = run.c_out[K], run.t[run.c_out[K] > 20.0]
    if what.startswith("last time V"):
        # The depolarised branch loses its stability by a Hopf bifurcation and ends four seconds later. The solution stays on it to the end,
        # as does an L-stable method with long steps; rounding makes others leave it earlier, the published figure among them.
        ends = RUNS["m4.branch"]["stimulus" if name == "m4.stim" else "off"]
        last = run.t[run.V > -0.040][-1]
        assert ends["loses stability"] < row["value"] < ends["ends"]
        assert ends["loses stability"] < last < ends["ends"] + 0.1
        return
    read = {
        "max [K]_out": lambda: K_out.max(),
        "time of max [K]_out": lambda: run.t[np.argmax(K_out)],
        "first time [K]_out > 20": lambda: over[0],
        "last time [K]_out > 20": lambda: over[-1],
        "V at 500 s": lambda: run.V[-1],
        "[K]_out at 500 s": lambda: K_out[-1],
    }
    assert read[what]() == pytest.approx(row["value"], rel=row["rtol"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["m4.off9.5glia", "m4.stim"])
def test_the_time_of_the_return_is_the_published_one_at_the_tolerance_that_it_was_computed_with(name: str) -> None:
    """It depends on the logarithm of the tolerance: 108.9, 108.5, 108.2 and 107.6 s at 1e-6, 1e-7, 1e-8 and 1e-9; in print 108.33 s."""
    (row,) = [r for r in ROWS if r["id"] == f"{name}.last_time_V_40_mV"]
    last = []
    for rtol in (1e-6, 1e-7, 1e-8):
        run = at_rest(buffer="glia").simulate(115.0, schedule=PROTOCOLS[name], rtol=rtol, method="implicit")
        last.append(run.t[run.V > -0.040][-1])
    assert last[0] > last[1] > last[2]
    assert last[2] == pytest.approx(row["value"], rel=row["rtol"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["m4.glia", "m4.bath", "m4.closed", "m4.stimulus", "m4.dynamic", "m4.other"])
def test_runs_follow_the_twin(name: str) -> None:
    want = RUNS[name]
    cell = at_rest(**want["symbols"])
    rho = want["symbols"].get("rho", 0.068)
    run = cell.simulate(want["t"][-1], schedule=schedule(want["protocol"], rho), at=want["t"], rtol=1e-8)
    np.testing.assert_allclose(run.V, want["V"], rtol=0, atol=5e-6)
    for got, key in ((run.c_out[K], "K_e"), (run.c_in[Na], "Na"), (run.c_in[K], "K"), (run.c_in[Cl], "Cl")):
        np.testing.assert_allclose(got, want[key], rtol=1e-6)


def test_the_bath_calms_like_the_glia_but_keeps_its_own_time() -> None:
    """Huebel & Dahlem 2014: the two reservoirs end the depolarisation alike, at different times."""
    late = {}
    for buffer in ("glia", "bath", None):
        run = at_rest(buffer=buffer).simulate(400.0, schedule=PROTOCOLS["m4.stim"], rtol=1e-6)
        late[buffer] = run.t[run.V > -0.040][-1]
        assert run.c_out[K].max() > 60.0
    assert late[None] == 400.0
    assert late["bath"] < late["glia"] - 5.0


def test_reservoir_gives_back_what_it_took() -> None:
    """Potassium inside, outside and in the glia is a constant."""
    cell = at_rest(buffer="glia")
    run = cell.simulate(60.0, schedule=PROTOCOLS["m4.stim"], rtol=1e-6)
    held = run.c_out["glial_buffer"] - 500.0  # what the reservoir has given, per volume outside
    total = run.amount[K] + (run.c_out[K] - held) * cell.outside_volume
    np.testing.assert_allclose(total, total[0], rtol=1e-12)


def test_sodium_inside_keeps_the_charge_and_the_audit_says_what_the_model_leaves_out() -> None:
    run = at_rest(buffer="glia").simulate(30.0, schedule=PROTOCOLS["m4.stim"])
    charge = run.c_in[Na] + run.c_in[K] - run.c_in[Cl]
    np.testing.assert_allclose(charge, charge[0], rtol=1e-12)
    assert run.audit.gap is not None
    assert 0.0 < run.audit.gap < 0.02
    assert {"GlialBuffer", "c_in.Na", "c_out.Na"} <= set(run.audit.unaccounted)


def test_dK_shifts_the_potassium_outside() -> None:
    assert neuron(dK=-1.5).start.amount_out[K] == pytest.approx(2.5 * neuron().outside_volume)
    taken = neuron(dK=-1.5).steady_state()
    model = HubelDahlem(buffer=None)
    near = model.start()
    near[-1] = -1.5
    want = model.seen(model.rest(near))
    assert taken.V == pytest.approx(want["V"] * 1e-3, abs=1e-10)
