"""M10: the composite reference neuron; its published numbers, other sizes and protocols against the twin, and its books."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from reference import models
from reference.composite_neuron import VOLUME, Neuron, without_chloride
from reference.composite_neuron import neuron as twin

import ionflux as ifx
from ionflux import Ca, Cl, K, Na

ROWS = models.reference("m10")["entries"]
BLOCK = {"NaKATPase.scale": ifx.step(0.0, 0.0)}


@cache
def neuron(**symbols: Any) -> ifx.Cell:
    return ifx.preset("reference_neuron", **symbols)


def rows(*heads: str) -> Any:
    return pytest.mark.parametrize("row", [r for r in ROWS if r["id"].partition(".")[2].startswith(heads)], ids=lambda r: r["id"])


def agrees(got: float, row: dict[str, Any]) -> None:
    assert got == pytest.approx(row["value"], rel=row["rtol"], abs=row.get("atol", 0.0))


@rows("derived")
def test_sizes_follow_from_the_rest(row: dict[str, Any]) -> None:
    cell = neuron()
    p = {name: q.value for name, q in cell.parameters().items()}
    read = {f"P_{ion}": p[f"leak_{ion}.P"] for ion in ("Na", "K", "Cl", "Ca")} | {"U_KCC2": p["KCC2.g"]}
    read |= {"J_max": p["NaKATPase.J_max"] * cell.faraday}
    read |= {"impermeant concentration": p["impermeant.c"], "impermeant valence": p["impermeant.z"]}
    agrees(read[row["quantity"]], row)


@pytest.mark.parametrize("atp", ["held", "pool"])
def test_rest_is_the_imposed_one_and_stays(atp: str) -> None:
    cell = neuron(atp=atp)
    run = cell.simulate(3600.0, rtol=1e-8)
    np.testing.assert_allclose(run.V, -0.072, rtol=0, atol=1e-9)
    np.testing.assert_allclose(run.c_in["ATP"], 3.0, rtol=1e-9)
    np.testing.assert_allclose(run.volume, cell.volume, rtol=1e-9)
    rest = cell.steady_state()
    assert rest.stable
    assert rest.V == pytest.approx(-0.072, abs=1e-9)


@cache
def blocked() -> Any:
    return neuron().simulate(3600.0, schedule=BLOCK, at=[0.004, 0.02, 0.05, 0.1, 600.0, 1800.0, 3600.0], rtol=1e-8)


@rows("block")
def test_pump_block_is_the_published_one(row: dict[str, Any]) -> None:
    run = blocked()
    i = list(run.t).index(float(row["id"].removeprefix("m10.block.").partition("s.")[0]))
    read = {"V": run.V[i], "volume / rest": run.volume[i] / neuron().volume, "free [Ca]_in": run.c_in[Ca][i]}
    agrees(read[row["quantity"]], row)


@rows("noCl")
def test_sodium_without_chloride_does_not_swell(row: dict[str, Any]) -> None:
    cell = neuron(P_Cl=0.0, U=0.0).solve_leaks(for_=[K])
    run = cell.simulate(3600.0, schedule=BLOCK, at=[0.05, 3600.0], rtol=1e-8)
    agrees(run.V[0] if row["quantity"].startswith("V") else run.volume[1] / cell.volume, row)


@rows("atp")
def test_use_of_atp_is_the_published_one(row: dict[str, Any]) -> None:
    cell = neuron(atp="pool")
    rest = cell.steady_state()
    pump = rest.current["NaKATPase"] / cell.faraday * cell.area / cell.volume
    total = rest.atp / cell.volume
    read = {"NKA ATP use per volume at rest": pump, "total ATP use per volume at rest": total, "NKA share of ATP use": pump / total}
    agrees(read[row["quantity"]], row)
    assert cell.parameters()["ATPSupply.production"].value == pytest.approx(total, rel=1e-12)


@rows("pump0.5")
def test_half_a_pump_settles_where_published(row: dict[str, Any]) -> None:
    rest = neuron(pump_scale=0.5).steady_state()
    agrees({"V": rest.V, "[Na]_in": rest.c_in[Na], "volume / rest": rest.volume / neuron().volume}[row["quantity"]], row)


def test_half_a_pump_with_its_own_supply_settles_where_published() -> None:
    rest = neuron(pump_scale=0.5, atp="pool").steady_state()
    assert rest.V == pytest.approx(-0.07099453, rel=1e-6)
    assert rest.c_in[Na] == pytest.approx(16.76120, rel=1e-6)
    assert rest.c_in["ATP"] == pytest.approx(3.10328, rel=2e-6)


# ---- against the twin -----------------------------------------------------------------------------------------------------------


def follows(run: Any, model: Neuron, parts: list[Any], rel: float = 1e-6) -> None:
    course = model.run(parts, rtol=1e-10)
    for i, y in enumerate(course.at(list(run.t))):
        s = model.seen(y)
        assert run.V[i] == pytest.approx(s["V"], abs=1e-7)
        assert run.volume[i] / VOLUME == pytest.approx(s["w"], rel=rel)
        for ion in (Na, K, Cl, Ca):
            assert run.c_in[ion][i] == pytest.approx(s[ion.name], rel=rel)
        assert run.c_in["ATP"][i] == pytest.approx(s["ATP"], rel=rel)


def test_ischaemia_follows_the_twin() -> None:
    """Production stops: ATP is gone in minutes, and all that a block does follows."""
    times = [30.0, 60.0, 120.0, 300.0, 1200.0, 3600.0]
    run = neuron(atp="pool").simulate(3600.0, schedule={"ATPSupply.scale": ifx.step(0.0, 0.0)}, at=times, rtol=1e-8)
    follows(run, twin().but(pool=True), [(3600.0, {"energy": 0.0})])
    assert np.all(run.c_in["ATP"] >= 0.0)
    assert run.c_in["ATP"][3] < 0.3  # a tenth
    assert run.c_in[Ca][4] > 100 * 1e-4


@pytest.mark.parametrize("atp", ["held", pytest.param("pool", marks=pytest.mark.slow)])
def test_block_and_return_in_another_bath_follow_the_twin(atp: str) -> None:
    cell = neuron(atp=atp).replace({"bath.K.with_Na": 8.0, "leak_Na.P": 1.2e-9, "KCC2.g": 0.5, "NCX.k": 5e-8 / neuron().faraday})
    model = twin().but(pool=atp == "pool", U=0.5, k=5e-8)
    model = model.but(P=model.P | {"Na": 1.2e-9}, bath=model.bath | {"K": 8.0, "Na": 141.0})
    times = [0.01, 1.0, 300.0, 600.0, 900.0, 2400.0]
    run = cell.simulate(2400.0, schedule={"NaKATPase.scale": ifx.pulse(300.0, 900.0, 0.0)}, at=times, rtol=1e-8)
    follows(run, model, [(300.0, {}), (900.0, {"pump": 0.0}), (2400.0, {})])


@pytest.mark.parametrize("own", [{"pump": 0.3}, {"pump": 2.0, "pool": True}, {"U": 0.2}, {"k": 1e-7, "pump": 0.7}], ids=str)
def test_rest_at_other_parameters(own: dict[str, Any]) -> None:
    model = twin().but(**own)
    want = model.seen(model.rest())
    names = {"pump": "pump_scale", "U": "U", "k": "k"}
    got = neuron(atp="pool" if own.get("pool") else "held", **{names[k]: v for k, v in own.items() if k in names}).steady_state()
    assert got.V == pytest.approx(want["V"], abs=1e-9)
    assert got.volume / VOLUME == pytest.approx(want["w"], rel=1e-8)
    for ion in (Na, K, Cl, Ca):
        assert got.c_in[ion] == pytest.approx(want[ion.name], rel=1e-7)


# ---- the books ------------------------------------------------------------------------------------------------------------------


def test_charge_and_masses_are_kept_through_an_hour_of_block() -> None:
    run = neuron().simulate(3600.0, schedule=BLOCK, rtol=1e-6, audit="full")
    assert run.audit.charge < 1e-11
    assert run.audit.fluxes is not None
    assert run.audit.fluxes < 1e-11


def test_exchanger_reverses_sooner_in_a_block_than_in_ischaemia() -> None:
    """The first reversal is where V passes 3 E_Na − 2 E_Ca; the ATP that is left delays it."""
    first = {}
    for name, atp, schedule in (("block", "held", BLOCK), ("ischaemia", "pool", {"ATPSupply.scale": ifx.step(0.0, 0.0)})):
        run = neuron(atp=atp).simulate(1200.0, schedule=schedule, rtol=1e-7)
        ahead = run.V - (3 * run.E[Na] - 2 * run.E[Ca])
        assert ahead[0] < 0
        first[name] = run.t[np.nonzero(ahead > 0)[0][0]]
    assert first["block"] < first["ischaemia"] < 600.0


def test_twin_without_chloride_agrees_with_back_solving() -> None:
    cell = neuron(P_Cl=0.0, U=0.0).solve_leaks(for_=[K])
    assert cell.parameters()["leak_K.P"].value == pytest.approx(without_chloride(twin()).P["K"], rel=1e-9)
