"""Statements that hold for every cell: the way to a rest, where it lies, and the free energy on the way down."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from drawn import first
from verification.build import as_cell, draw

import ionflux as ifx
from ionflux import Cl, K, Na

IONS = (Na, K, Cl)
KINDS = [
    ("constant", "instant"),
    ("constant", "finite"),
    ("cubic", "instant"),
    ("cubic", "finite"),
    ("hill", "finite"),
    ("hill", "rigid"),
    ("cubic", "rigid"),
]
every_kind = pytest.mark.parametrize(("pump", "water"), KINDS, ids=lambda x: x)
SEEDS = first(2, range(12))


def cell_of(seed: int, pump: str, water: str) -> tuple[Any, ifx.Cell]:
    p, c_in, volume = draw(np.random.default_rng([13, seed]), pump=pump, water=water)
    return p, as_cell(p, c_in, volume)


def rest_of(cell: ifx.Cell) -> Any:
    """Its steady state; None where the volume has none, which only permeabilities drawn at random may bring about."""
    try:
        return cell.steady_state()
    except ifx.NoSteadyState:
        if "P" not in {m.strength for m in cell.mechanisms}:
            raise
        return None


def other_start(p: Any, cell: ifx.Cell, rng: np.random.Generator, most_sodium: float = 0.97) -> ifx.Cell:
    """The same cell with its impermeant in another volume, and with other ions: neutral but for the charge of another V."""
    volume = float(cell.start.volume) * (rng.uniform(0.7, 1.6) if cell.water is not None else 1.0)
    X, V = p.n_x / volume, rng.uniform(-0.1, 0.03)
    Cl_in = rng.uniform(3, 80)
    cations = Cl_in - p.z_x * X + p.C * p.area * V / (p.F * volume)
    share = rng.uniform(0.03, most_sodium)
    return as_cell(p, {"Na": share * cations, "K": (1 - share) * cations, "Cl": Cl_in}, volume)


def assert_same(a: Any, b: Any, rel: float) -> None:
    for ion in IONS:
        assert float(a.c_in[ion]) == pytest.approx(float(b.c_in[ion]), rel=rel), ion
    assert float(a.volume) == pytest.approx(float(b.volume), rel=rel)
    assert float(a.V) == pytest.approx(float(b.V), abs=rel * 0.0267)


@every_kind
@pytest.mark.parametrize("seed", SEEDS)
def test_newton_equals_the_end_of_a_long_integration(pump: str, water: str, seed: int) -> None:
    p, cell = cell_of(seed, pump, water)
    rest = rest_of(cell)
    if rest is None:
        return
    # a cubic pump at 100 mM Na drives V beyond -1 V and empties the cell of Cl
    cell = other_start(p, cell, np.random.default_rng([17, seed]), most_sodium=0.3)
    slowest = float(np.min(np.abs(np.real(rest.eigenvalues))))
    end = 60.0 / slowest
    run = cell.simulate(end, at=[end], rtol=1e-10)
    last = run.cell_at(end).start
    assert_same(last, rest, rel=1e-8)


@every_kind
@pytest.mark.parametrize("seed", SEEDS)
def test_the_steady_state_does_not_depend_on_the_start(pump: str, water: str, seed: int) -> None:
    p, cell = cell_of(seed, pump, water)
    rest = rest_of(cell)
    if rest is None:
        return
    rng = np.random.default_rng([14, seed])
    for _ in range(3):
        other = other_start(p, cell, rng)
        assert_same(other.steady_state(), rest, rel=1e-10)
        assert_same(cell.steady_state(start=other), rest, rel=1e-10)


@pytest.mark.parametrize("water", ["instant", "finite"])
@pytest.mark.parametrize("seed", first(10, [None, *range(8)]))
def test_chloride_conductance_does_not_move_the_steady_state(water: str, seed: int | None) -> None:
    """Where Cl has a leak only, it is at equilibrium, and how large that leak is does not matter."""
    cell = ifx.preset("kay2017") if seed is None else cell_of(seed, "constant", water)[1]
    if seed is None and water == "finite":
        cell = cell.replace({"membrane": [*cell.mechanisms, ifx.Water(P_f=3e-5)]})
    rest = cell.steady_state()
    size = cell.parameters()["leak_Cl.g"].value
    for factor in (0.01, 0.3, 8.0, 100.0):
        assert_same(cell.replace({"leak_Cl.g": factor * size}).steady_state(), rest, rel=1e-9)


@every_kind
@pytest.mark.parametrize("seed", first(3, range(3)))
@pytest.mark.parametrize("outside", ["infinite", "conserved"])
def test_free_energy_falls_monotonically_with_the_pump_off(pump: str, water: str, seed: int, outside: str) -> None:
    """From any start, with leaks of either law and cotransporters; in a closed system too."""
    p, cell = cell_of(seed, pump, water)
    cell = other_start(p, cell, np.random.default_rng([15, seed])).replace({"NaKATPase.scale": 0.0})
    if outside == "conserved":
        if water == "rigid":
            cell = cell.replace({"outside_volume": 3 * cell.volume})
        else:
            cell = cell.replace({"outside_volume": 3 * cell.volume, "volume_law": "conserved"})
    run = cell.simulate(3e4, rtol=1e-8)
    G = np.asarray(run.energy.free_energy)
    if outside == "conserved" and water == "rigid":
        assert np.all(np.isnan(G))  # documented: fixed volumes on both sides leave no such function
        return
    RT = cell.thermal_voltage * cell.faraday
    scale = RT * sum(float(np.max(run.amount[ion])) * 10 for ion in IONS) + abs(G[0])
    assert len(G) > 20
    assert np.all(np.diff(G) <= 1e-14 * scale)
    assert G[-1] < G[0] - 1e-6 * scale
    # and its rate is the dissipation: leaks and cotransporters, and where water takes time the water too
    assert np.all(np.asarray(run.energy.dissipation) >= 0.0)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("pump", "water"), [("cubic", "rigid"), ("hill", "rigid"), ("cubic", "instant")], ids=lambda x: x)
def test_what_free_energy_is_lost_is_what_is_dissipated(pump: str, water: str, seed: int) -> None:
    """dG/dt = -sum of rate times affinity, where water does no work of its own: rigid, or at rest all the time."""
    p, cell = cell_of(seed, pump, water)
    cell = other_start(p, cell, np.random.default_rng([16, seed])).replace({"NaKATPase.scale": 0.0})
    run = cell.simulate(600.0, rtol=1e-10)
    t = np.geomspace(1e-6, 600.0, 3000)
    seen, between = run.at(t), run.at((t[1:] + t[:-1]) / 2)
    lost, middle = np.asarray(seen.energy.dissipation), np.asarray(between.energy.dissipation)
    work = np.cumsum((lost[1:] + lost[:-1] + 4 * middle) / 6 * np.diff(t))
    G = np.asarray(seen.energy.free_energy)
    np.testing.assert_allclose(G[0] - G[1:], work, rtol=1e-5, atol=1e-7 * float(G[0] - G[-1]))


CLOSED = [
    pytest.param({"outside_volume": 4.0, "volume_law": "fixed"}, id="fixed"),
    pytest.param({"outside_volume": 4.0, "volume_law": "conserved"}, id="conserved"),
    pytest.param({"outside_volume": 0.3, "volume_law": "conserved"}, id="little outside"),
]


@pytest.mark.parametrize("outside", CLOSED)
@pytest.mark.parametrize("seed", first(3, range(10)))
@pytest.mark.parametrize("pump", [1.0, 0.0], ids=["pump", "no pump"])
def test_in_a_closed_system_newton_equals_the_end_of_a_long_integration_at_the_same_totals(
    outside: dict[str, Any], seed: int, pump: float
) -> None:
    p, cell = cell_of(seed, "hill", "finite")
    cell = other_start(p, cell, np.random.default_rng([18, seed]), most_sodium=0.4)
    changes = {"outside_volume": outside["outside_volume"] * cell.volume, "volume_law": outside["volume_law"], "NaKATPase.scale": pump}
    if cell.bath.osmolyte == 0.0 and cell.bath.impermeant is None:
        changes["bath.osmolyte"] = 15.0  # without a solute that stays outside, the cell without its pump takes up all the water there is
    cell = cell.replace(changes)
    rest = cell.steady_state()
    for ion in IONS:
        total = cell.start.amount[ion] + cell.start.amount_out[ion]
        assert rest.amount[ion] + rest.c_out[ion] * rest.volume_out == pytest.approx(total, rel=1e-12)
    slowest = float(np.min(np.abs(np.real(rest.eigenvalues))))
    end = 150.0 / slowest  # far from the rest the way is slower than the last mode
    run = cell.simulate(end, at=[end], rtol=1e-10)
    for ion in IONS:
        assert float(run.c_in[ion][-1]) == pytest.approx(float(rest.c_in[ion]), rel=1e-8), ion
        assert float(run.c_out[ion][-1]) == pytest.approx(float(rest.c_out[ion]), rel=1e-8), ion
    assert float(run.volume[-1]) == pytest.approx(float(rest.volume), rel=1e-8)
    assert float(run.V[-1]) == pytest.approx(float(rest.V), abs=1e-8 * 0.0267)
    if pump == 0.0:  # Donnan: every ion at equilibrium with V, and with as many particles on both sides
        for ion in IONS:
            assert float(rest.E[ion]) == pytest.approx(float(rest.V), abs=1e-10)
        assert float(rest.osmolarity_in) == pytest.approx(float(rest.osmolarity_out), rel=1e-10)
