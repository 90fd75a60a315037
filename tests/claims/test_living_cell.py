"""A living cell is a steady state away from equilibrium, paid for by the pump: claims shown by the pump-leak models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from verification.build import as_cell, draw, resting

import ionflux as ifx
from ionflux import Cl, K, Na

IONS = (Na, K, Cl)


def published(name: str) -> ifx.Cell:
    return ifx.preset(name)


def other(seed: int, pump: str) -> ifx.Cell:
    water = "instant" if pump == "constant" else "finite"
    return as_cell(*draw(np.random.default_rng([6, seed]), pump=pump, water=water))


CELLS: list[Any] = [
    pytest.param(lambda: published("kay2017"), id="M1"),
    pytest.param(lambda: published("dusterwald2018"), id="M2"),
    pytest.param(lambda: ifx.preset("dusterwald2018", g_NKCC1=0.02), id="M2b"),
    *(pytest.param(lambda s=s: other(s, "constant"), id=f"like M1, draw {s}", marks=[pytest.mark.slow] * (s > 0)) for s in range(4)),
    *(pytest.param(lambda s=s: other(s, "cubic"), id=f"like M2, draw {s}", marks=[pytest.mark.slow] * (s > 0)) for s in range(4)),
]
every_cell = pytest.mark.parametrize("make", CELLS)


def stopped(cell: ifx.Cell) -> ifx.Cell:
    return cell.replace({"NaKATPase.scale": 0.0})


@every_cell
def test_claim_0_1_a_living_cell_is_a_steady_state_that_dissipates(make: Any) -> None:
    rest = make().steady_state()
    run = resting(rest).simulate(3600.0)
    assert np.all(np.asarray(run.energy.dissipation) > 0)
    # steady: nothing moves, although every leak does
    np.testing.assert_allclose(run.volume, rest.volume, rtol=1e-7)
    for ion in IONS:
        np.testing.assert_allclose(run.c_in[ion], rest.c_in[ion], rtol=1e-7)
    leak = rest.current["leak_Na"]
    assert leak * (rest.V - rest.E[Na]) > 0
    assert pytest.approx(rest.E[Na], abs=1e-3) != rest.V
    assert pytest.approx(rest.E[K], abs=1e-6) != rest.V


@every_cell
def test_claim_0_1_without_energy_it_runs_down_to_equilibrium(make: Any) -> None:
    rest = make().steady_state()
    run = stopped(resting(rest)).simulate(5e5)
    G = np.asarray(run.energy.free_energy)
    # round-off of terms of about RT n ln c each
    noise = 2e-13 * np.max(np.abs(G))
    assert np.all(np.diff(G) <= noise)
    assert G[-1] < G[0] - 100 * noise
    spread = np.ptp([np.asarray(run.E[i]) for i in IONS], axis=0)
    assert spread[-1] < 0.2 * spread[0]


@every_cell
def test_claim_0_1_in_a_rigid_cell_the_end_is_the_donnan_state(make: Any) -> None:
    """Every ion's E equals V, and the concentrations are those of a Donnan phase with the cell's fixed charge."""
    cell = make()
    rigid = stopped(ifx.Cell(**{**fields_of(cell), "membrane": tuple(cell.mechanisms)}))
    end = rigid.steady_state()
    for ion in IONS:
        assert end.E[ion] == pytest.approx(end.V, abs=1e-9)
        assert end.flux[f"leak_{ion.name}"][ion] == pytest.approx(0.0, abs=1e-16)
    assert end.osmolarity > cell.steady_state().osmolarity * (1 - 1e-9)
    late = rigid.simulate(1e6, at=[1e6])
    assert late.V[-1] == pytest.approx(end.V, abs=1e-4)


def fields_of(cell: ifx.Cell) -> dict[str, Any]:
    return {
        "area": cell.area,
        "volume": cell.start.volume,
        "C_m": cell.C_m,
        "T": cell.T,
        "inside": dict(cell.start.c_in),
        "bath": cell.bath,
        "impermeant": ifx.Impermeant(z=cell.start.impermeants[0][0], c=cell.start.impermeants[0][1] / cell.start.volume),
        "constants": cell.constants,
    }


PUMPS = [
    ifx.NaKATPase(J_max=3e-7),
    ifx.ConstantNaKATPase(J_max=1e-7),
    ifx.CubicNaKATPase(J_max=1e-4),
    ifx.LinearNaKATPase(k=3e-8),
]


@pytest.mark.parametrize("pump", PUMPS, ids=repr)
def test_claim_0_3_three_sodium_out_two_potassium_in_one_atp(pump: Any) -> None:
    assert dict(pump.moves) == {Na: -3, K: +2}
    assert dict(pump.uses) == {"ATP": 1}
    assert pump.charge == -1  # one net charge leaves per cycle


@every_cell
def test_claim_0_3_the_fluxes_of_the_pump_keep_the_ratio(make: Any) -> None:
    cell = make()
    for result, area in ((cell.steady_state(), cell.area), (cell.simulate(600.0), cell.area)):
        out_Na, out_K = (np.asarray(result.flux["NaKATPase"][i]) for i in (Na, K))
        np.testing.assert_allclose(2 * out_Na, -3 * out_K, rtol=1e-14)
        np.testing.assert_allclose(np.asarray(result.atp), out_Na / 3 * area, rtol=1e-12)
        np.testing.assert_allclose(np.asarray(result.current["NaKATPase"]), cell.faraday * out_Na / 3, rtol=1e-12)


@every_cell
def test_claim_0_4_the_pump_matches_the_leak_without_pause(make: Any) -> None:
    """3 J_p = passive Na influx, 2 J_p = passive K loss."""
    rest = make().steady_state()
    for ion, cycles in ((Na, 3), (K, -2)):
        pump = rest.flux["NaKATPase"][ion]
        passive = sum(flux[ion] for label, flux in rest.flux.items() if label != "NaKATPase" and ion in flux)
        assert pump > 0 if cycles > 0 else pump < 0
        assert passive == pytest.approx(-pump, rel=1e-10)


def goldman(s: int) -> ifx.Cell:
    return as_cell(*draw(np.random.default_rng([6, 90 + s]), pump="hill", water="finite"))


PUMP_LEAK: list[Any] = [
    *CELLS,
    *(pytest.param(lambda s=s: goldman(s), id=f"Goldman leaks, draw {s}", marks=[pytest.mark.slow] * (s > 0)) for s in range(4)),
]


@pytest.mark.parametrize("make", PUMP_LEAK)
def test_claim_2_29_leaks_cost_energy(make: Any) -> None:
    """Doubling a cation leak raises the ATP that a rest takes; scaling every leak and the pump by one factor scales it at the same V."""
    cell = make()
    rest = cell.steady_state()
    constant = isinstance(next(m for m in cell.mechanisms if m.name == "NaKATPase"), ifx.ConstantNaKATPase)
    known = cell.parameters()
    for ion in () if constant else ("Na", "K"):  # a constant pump uses the same ATP whatever leaks
        size = next(name for name in (f"leak_{ion}.g", f"leak_{ion}.P") if name in known)
        leaky = cell.replace({size: 2 * known[size].value}).steady_state()
        assert leaky.atp > rest.atp * (1 + 1e-6), ion
    for factor in (0.3, 4.0):
        sizes = {name: p.value * factor for name, p in known.items() if name.endswith((".g", ".P", ".J_max", ".k"))}
        scaled = cell.replace(sizes).steady_state()
        assert pytest.approx(rest.V, rel=1e-9) == scaled.V
        assert scaled.volume == pytest.approx(rest.volume, rel=1e-9)
        assert scaled.atp == pytest.approx(factor * rest.atp, rel=1e-9)
