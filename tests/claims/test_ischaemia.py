"""When the pump stops, in many cells: the step at once, the slow loss of the gradients, the end of ATP, salt and water."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, IonSpecies, K, Na
from ionflux.constants import FARADAY

HOUR = 3600.0
IONS = (Na, K, Cl)


def value(cell: ifx.Cell, name: str) -> float:
    return float(cell.parameters()[name].value)


def at_rest(name: str, **symbols: Any) -> ifx.Cell:
    return ifx.preset(name, **symbols).steady_state().resting()


def spread(run: Any, ions: tuple[IonSpecies, ...] = IONS) -> Any:
    return np.ptp([np.asarray(run.E[ion]) for ion in ions], axis=0)


# ---- 0.11, 2.2: gradients fade, and V with them ----------------------------------------------------------------------------------

RUN_DOWN = [
    pytest.param("kay2017", {}, id="M1"),
    pytest.param("kay2017", {"g_Na": 0.2, "g_Cl": 4.0}, id="M1 leakier"),
    pytest.param("dusterwald2018", {}, id="M2"),
    pytest.param("dusterwald2018", {"g_KCC2": 0.1}, id="M2 with less KCC2"),
    pytest.param("hoppensteadt_peskin", {}, id="M3"),
    pytest.param("hoppensteadt_peskin", {"P_Na": 1e-8}, id="M3 leakier"),
    pytest.param("reference_neuron", {}, id="M10"),
    pytest.param("reference_neuron", {"pump_scale": 0.5}, id="M10 with half the pump"),
]


@pytest.mark.parametrize(("name", "symbols"), RUN_DOWN)
def test_claim_0_11_and_claim_2_2_without_the_pump_gradients_and_potential_fade_for_hours(name: str, symbols: dict[str, float]) -> None:
    """Ouabain: E_Na, E_K and E_Cl run towards each other, |V| below 10 mV in the end; over minutes to hours, not at once."""
    cell = at_rest(name, **symbols)
    run = cell.simulate(48 * HOUR, schedule=ifx.ouabain(cell), rtol=1e-7)
    apart = spread(run)
    assert apart[-1] < 0.1 * apart[0]
    assert abs(run.V[-1]) < 0.010 < abs(run.V[0])
    half = int(np.nonzero(apart < 0.5 * apart[0])[0][0])
    assert 60.0 < run.t[half] < 12 * HOUR
    # half way there Na still comes in and K still leaves; in the end a swelling cell takes up both
    assert np.all(run.E[K][:half] < run.V[:half])
    assert np.all(run.V[:half] < run.E[Na][:half])
    # the step at once is no part of it
    early = cell.simulate(1.0, schedule=ifx.ouabain(cell), at=[1.0])
    assert abs(early.V[0]) > 0.5 * abs(run.V[0])
    assert spread(early)[0] == pytest.approx(apart[0], rel=1e-2)


def test_claim_2_2_washed_out_in_time_the_gradients_return() -> None:
    cell = at_rest("dusterwald2018")
    run = cell.simulate(30 * HOUR, schedule=ifx.ouabain(cell, 0.0, 600.0), at=[600.0, 30 * HOUR], rtol=1e-8)
    assert run.V[0] > cell.start.V + 0.005
    assert run.V[1] == pytest.approx(cell.start.V, abs=1e-6)
    assert run.c_in[Na][1] == pytest.approx(cell.start.c_in[Na], rel=1e-5)


# ---- 0.13: the step at once, as a run --------------------------------------------------------------------------------------------


def two_ions(V: float, c_in: dict[IonSpecies, float], K_out: float, **membrane: Any) -> ifx.Cell:
    """Leaks of Na and K that a pump of 3:2 and these concentrations leave at V."""
    return ifx.Cell.sphere(
        10e-6, C_m=0.01, V=V, inside={**c_in, Cl: 9.0}, bath=ifx.Bath({Na: 145.0, K: K_out, Cl: 145.0 + K_out}),
        impermeant=ifx.Impermeant(), membrane=[*membrane["leaks"], ifx.ConstantNaKATPase(J_max=membrane["pump"] / FARADAY)],
    ).solve_leaks(for_=[Na, K])  # fmt: skip


@pytest.mark.parametrize("pump", [2e-3, 1e-2, 3e-2])
def test_claim_0_13_block_takes_the_cell_from_minus_72_to_minus_68(pump: float) -> None:
    """Goldman leaks (Mullins and Noda, r = 1.5 to 1): the same two potentials, whatever the size of pump and leaks."""
    cell = two_ions(-0.072, {Na: 12.0, K: 140.0}, 6.4011843, leaks=[ifx.Leak(Na, P=1e-10), ifx.Leak(K, P=1e-9)], pump=pump)
    P = {ion: value(cell, f"leak_{ion}.P") for ion in (Na, K)}
    assert P[Na] / P[K] == pytest.approx(0.0318830625, rel=1e-6)
    G = sum(ifx.ghk_conductance(i, P=P[i], V=-0.070, c_in=cell.start.c_in[i], c_out=cell.bath[i]) for i in P)
    run = cell.simulate(20 * cell.C_m / G, schedule=ifx.ouabain(cell), at=[20 * cell.C_m / G], rtol=1e-10)
    seen: dict[str, Any] = {"c_in": {i: run.c_in[i][0] for i in P}, "c_out": {i: cell.bath[i] for i in P}}
    assert run.V[0] == pytest.approx(-0.068, abs=2e-5)  # the gradients have begun to move
    assert run.V[0] == pytest.approx(ifx.ghk_voltage(P, **seen), abs=2e-7)  # C dV/dt of the run-down over G is left
    assert ifx.ghk_voltage(P, c_in={Na: 12.0, K: 140.0}, c_out={Na: 145.0, K: 6.4011843}) == pytest.approx(-0.068, abs=1e-9)


@pytest.mark.parametrize(("I_p", "G"), [(1e-2, 2.5), (5e-3, 2.5), (1e-2, 10.0), (3e-3, 0.5)])
def test_claim_0_13_with_conductances_the_step_is_pump_current_over_conductance(I_p: float, G: float) -> None:
    """1 µA/cm² over 0.25 mS/cm²: 4 mV, with the time constant C/G of 4 ms."""
    V, Na_in, K_out = -0.072, 12.0, 4.0
    E_Na, E_K = ifx.nernst(Na, c_in=Na_in, c_out=145.0), ifx.nernst(K, c_in=140.0, c_out=K_out)
    g_Na, g_K = 3 * I_p / (E_Na - V), 2 * I_p / (V - E_K)
    more = G - g_Na - g_K  # the rest of the conductance is that of an ion at its equilibrium
    cell = ifx.Cell.sphere(
        10e-6, C_m=0.01, V=V, inside={Na: Na_in, K: 140.0, Cl: (145.0 + K_out) * np.exp(V / ifx.nernst(Na, c_in=1.0, c_out=np.e))},
        bath=ifx.Bath({Na: 145.0, K: K_out, Cl: 145.0 + K_out}), impermeant=ifx.Impermeant(),
        membrane=[ifx.Leak(Na, g=g_Na), ifx.Leak(K, g=g_K), ifx.Leak(Cl, g=more), ifx.ConstantNaKATPase(J_max=I_p / FARADAY)],
    )  # fmt: skip
    tau, step = cell.C_m / G, I_p / G
    at = tau * np.array([0.5, 1.0, 2.0, 4.0])
    run = cell.simulate(at[-1], schedule=ifx.ouabain(cell), at=at, rtol=1e-9)
    # within 4 τ the gradients move by a thousandth
    np.testing.assert_allclose(run.V - V, step * -np.expm1(-at / tau), rtol=3e-3)


def test_claim_0_13_in_the_composite_neuron() -> None:
    cell = ifx.preset("reference_neuron")
    run = cell.simulate(0.05, schedule=ifx.ouabain(cell), at=[1e-7, 0.004, 0.05], rtol=1e-9)
    assert run.V[2] == pytest.approx(-0.06810826, abs=1e-6)
    assert (run.V[0] - cell.start.V) / 1e-7 == pytest.approx(1e-2 / cell.C_m, rel=1e-4)  # the pump's current on the capacitor
    assert (run.V[1] - cell.start.V) / (run.V[2] - cell.start.V) == pytest.approx(-np.expm1(-1.0), rel=0.03)  # τ = 4 ms
    half = cell.simulate(0.05, schedule=ifx.ouabain(cell, block=0.5), at=[0.05], rtol=1e-9)
    assert half.V[0] - cell.start.V == pytest.approx(0.5 * (run.V[2] - cell.start.V), rel=0.03)


# ---- 0.15: no ATP, no pump -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, {"leak_Na.P": 1.5e-9}, {"ATPUse.scale": 3.0}, {"bath.K.with_Na": 8.0}], ids=str)
def test_claim_0_15_without_supply_atp_is_gone_in_minutes_and_the_pump_stops(changes: dict[str, float]) -> None:
    cell = ifx.preset("reference_neuron", atp="pool").replace(changes)
    run = cell.simulate(1200.0, schedule=ifx.ischaemia(cell), rtol=1e-7)
    ATP, pump = run.c_in["ATP"], run.current["NaKATPase"]
    tenth = run.t[np.nonzero(ATP < 0.1 * ATP[0])[0][0]]
    assert 20.0 < tenth < 300.0
    assert np.all(np.diff(ATP[ATP > 1e-12]) < 0)  # below that it is nothing, and its last digits are those of the stepper
    assert np.all(ATP >= 0)
    assert np.all(pump >= 0)
    assert pump[-1] < 1e-12 * pump[0]
    # ATP that returns in time brings all of it back
    back = cell.simulate(3e5, schedule=ifx.ischaemia(cell, 0.0, tenth), at=[tenth, 3e5], rtol=1e-8)
    rest = cell.steady_state()
    assert back.c_in["ATP"][1] == pytest.approx(rest.c_in["ATP"], rel=1e-4)
    assert back.V[1] == pytest.approx(rest.V, abs=1e-6)


# ---- 0.16: sodium in, potassium out, depolarisation ------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, {"leak_Na.P": 1.5e-9}, {"leak_Cl.P": 5e-9}], ids=str)
def test_claim_0_16_sodium_comes_in_and_potassium_leaves_all_the_time(changes: dict[str, float]) -> None:
    cell = ifx.preset("reference_neuron", atp="pool").replace(changes).steady_state().resting()
    run = cell.simulate(HOUR, schedule=ifx.ischaemia(cell), rtol=1e-8)
    assert np.all(np.diff(run.c_in[Na]) > 0)
    assert np.all(np.diff(run.c_in[K]) < 0)
    assert np.all(np.diff(run.V) > 0)
    assert run.V[-1] > run.V[0] + 0.030


def test_claim_0_16_a_spiking_cell_fires_at_once() -> None:
    cell = at_rest("dijkstra2016")
    run = cell.simulate(0.5, schedule=ifx.ischaemia(cell), rtol=1e-5)
    assert run.spikes(-0.010)[0] < 0.05
    assert len(run.spikes(-0.010)) > 10


# ---- 0.19, 3.19: salt comes in, water follows ------------------------------------------------------------------------------------


def test_claim_0_19_with_sodium_and_chloride_water_comes_in() -> None:
    """Cytotoxic oedema: what the cell gains is osmotically what Na⁺ and Cl⁻ bring, less the K⁺ that leaves."""
    cell = ifx.preset("reference_neuron")
    run = cell.simulate(HOUR, schedule=ifx.ouabain(cell), at=[600.0, 1800.0, HOUR], rtol=1e-8)
    np.testing.assert_allclose(run.volume / cell.volume, [1.03567, 1.163518, 1.518456], rtol=1e-5)
    gained = {ion: run.amount[ion] - cell.start.amount[ion] for ion in IONS}
    assert np.all(gained[Na] > 0)
    assert np.all(gained[Cl] > 0)
    assert np.all(gained[K] < 0)
    # water keeps up with salt, so that osmolarity stays: all solutes grow as the volume does
    solutes = sum(cell.start.amount[ion] for ion in IONS) + cell.start.impermeants[0][1]
    np.testing.assert_allclose(1 + sum(gained.values()) / solutes, run.volume / cell.volume, rtol=1e-2)
    assert np.all(run.osmolarity_in > run.osmolarity_out)  # and lags by what drives it


@pytest.mark.parametrize("leak", [0.5, 1.0, 2.0])
def test_claim_0_19_sodium_without_chloride_brings_no_water(leak: float) -> None:
    """It only takes the place of potassium."""
    plain = ifx.preset("reference_neuron")
    shut = plain.replace({"membrane": [m for m in plain.membrane if m.name not in ("leak_Cl", "KCC2")]}).solve_leaks(for_=[K])
    cell = shut.replace({"leak_Na.P": leak * value(shut, "leak_Na.P")}).steady_state().resting()
    run = cell.simulate(HOUR, schedule=ifx.ouabain(cell), at=[HOUR], rtol=1e-8)
    assert 0.97 < run.volume[0] / cell.volume < 1.0
    assert run.c_in[Na][0] > 5 * cell.start.c_in[Na]
    if leak == 1.0:
        assert run.volume[0] / cell.volume == pytest.approx(0.9944829, abs=1e-6)


SWELLING = [
    pytest.param("dusterwald2018", {"KCC2.g": 0.0}, ["leak_Cl.g"], id="M2"),
    pytest.param("hoppensteadt_peskin", {"leak_Cl.P": 5e-7}, ["leak_Cl.P"], id="M3"),
    pytest.param("dijkstra2016", {"Na_gated.P": 0.0, "KCC2.g": 0.0}, ["leak_Cl.P", "Cl_gated.P"], id="M11"),
    pytest.param("reference_neuron", {"KCC2.g": 0.0}, ["leak_Cl.P"], id="M10"),
]


@pytest.mark.parametrize("factor", [2.0, 5.0])
@pytest.mark.parametrize(("name", "changes", "ways"), SWELLING)
def test_claim_3_19_ways_for_chloride_set_how_fast_a_blocked_cell_swells(
    name: str, changes: dict[str, float], ways: list[str], factor: float
) -> None:
    """Not where it rests: there, without a cotransporter, chloride is at its equilibrium and makes no difference."""
    few = ifx.preset(name).replace(changes)
    rests = [cell.steady_state() for cell in (few, few.replace({way: factor * value(few, way) for way in ways}))]
    assert rests[1].volume == pytest.approx(rests[0].volume, rel=1e-9)
    assert rests[1].V == pytest.approx(rests[0].V, abs=1e-10)
    for rest in rests:
        assert rest.E[Cl] == pytest.approx(rest.V, abs=1e-9)
    cells = [rest.resting() for rest in rests]
    swollen = [cell.simulate(600.0, schedule=ifx.ouabain(cell), at=[600.0], rtol=1e-8).volume[0] / cell.volume for cell in cells]
    assert 1.0 < swollen[0] < swollen[1]


@pytest.mark.parametrize(("name", "sizes"), [("reference_neuron", (0.2, 0.957, 2.0)), ("dijkstra2016", (5e-16, 1.3e-15, 4e-15))])
def test_claim_3_19_chloride_lies_below_v_only_with_kcc2(name: str, sizes: tuple[float, ...]) -> None:
    without = ifx.preset(name, U=0.0).steady_state()
    assert without.E[Cl] == pytest.approx(without.V, abs=1e-9)
    below = [(rest := ifx.preset(name, U=size).steady_state()).V - rest.E[Cl] for size in sizes]
    assert 0 < below[0] < below[1] < below[2]
