"""A finite solution outside: against a twin that keeps both sides as states, its totals, its equilibrium, its free energy."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from reference.pump_leak import IONS, PumpLeak
from reference.two_sided import Course, World, donnan, integrate
from verification.build import ION, as_cell, draw

import ionflux as ifx
from ionflux import Cl, K, Na

KINDS = [
    ("cubic", "rigid", "fixed"),
    ("hill", "finite", "fixed"),
    ("cubic", "finite", "conserved"),
    ("hill", "finite", "conserved"),
    ("constant", "instant", "fixed"),
    ("cubic", "instant", "conserved"),
]
TIMES = (1e-3, 1.0, 60.0, 900.0, 7200.0)


def drawn(seed: int, pump: str, water: str, law: str, ratio: float) -> tuple[World, dict[str, float], ifx.Cell]:
    p, c_in, volume = draw(np.random.default_rng([21, seed]), pump=pump, water=water)
    world = World(p, volume, ratio * volume, conserved=law == "conserved")
    return world, c_in, as_cell(p, c_in, volume).replace({"outside_volume": ratio * volume, "volume_law": law})


def assert_follows(run: Any, twin: Course, rel: float) -> None:
    for name in IONS:
        np.testing.assert_allclose(run.c_in[name], twin.c[name], rtol=rel, err_msg=f"[{name}] inside")
        np.testing.assert_allclose(run.c_out[name], twin.c_out[name], rtol=rel, err_msg=f"[{name}] outside")
    np.testing.assert_allclose(run.volume, twin.w, rtol=rel)
    np.testing.assert_allclose(run.volume_out, twin.w_out, rtol=rel)
    np.testing.assert_allclose(run.V, twin.V, atol=0.1 * rel)


def assert_totals_kept(run: Any) -> None:
    """Inside + outside from the concentrations and volumes that a reader sees."""
    for ion in (Na, K, Cl):
        total = run.c_in[ion] * run.volume + run.c_out[ion] * run.volume_out
        assert float(np.ptp(total)) <= 1e-12 * float(np.max(total)), ion
    assert run.audit.totals <= 1e-12
    assert run.audit.ok


@pytest.mark.parametrize(("pump", "water", "law"), KINDS)
# at draw 4 a cubic pump on 100 mM of Na is too fast for the full steps of the twin's Newton
@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 2, 3, 5, 6))])
def test_a_cell_in_a_finite_outside_follows_the_twin_that_counts_both_sides(pump: str, water: str, law: str, seed: int) -> None:
    # pumps that do not heed K outside would use it up in a smaller one
    world, c_in, cell = drawn(seed, pump, water, law, ratio=(3.0 if pump == "hill" else 30.0) + seed)
    twin = integrate(world, c_in, TIMES)
    run = cell.simulate(TIMES[-1], at=TIMES, rtol=1e-10)
    assert_follows(run, twin, rel=2e-8)
    assert_totals_kept(run)
    # the twin keeps them too, though it was not told to
    for name in IONS:
        assert float(np.ptp(twin.n[name] + twin.m[name])) <= 1e-9 * float(np.max(twin.n[name] + twin.m[name]))
    # and the outside matters: a cell this crowded changes its own bath
    assert max(abs(run.c_out[name][-1] / world.p.c_out[name] - 1) for name in IONS) > 1e-3


@pytest.mark.parametrize("law", ["fixed", "conserved"])
def test_a_large_outside_is_an_infinite_bath(law: str) -> None:
    """The difference falls as one over its volume."""
    p, c_in, volume = draw(np.random.default_rng([22, 1]), pump="cubic", water="finite")
    cell = as_cell(p, c_in, volume)
    infinite = cell.simulate(1800.0, at=[1800.0], rtol=1e-10)
    gaps = []
    for ratio in (1e3, 1e4):
        run = cell.replace({"outside_volume": ratio * volume, "volume_law": law}).simulate(1800.0, at=[1800.0], rtol=1e-10)
        gaps.append(abs(float(run.c_in[Na][0] / infinite.c_in[Na][0]) - 1))
    assert gaps[0] < 0.02
    assert gaps[0] / gaps[1] == pytest.approx(10.0, rel=0.05)


def held_cell(law: str) -> ifx.Cell:
    """Cl is held inside, by what else does not matter; the outside must then count it by itself."""
    cell = drawn(3, "cubic", "finite", law, ratio=2.0)[2]
    return cell.replace({"hold": ("c_in.Cl",)})


@pytest.mark.parametrize("law", ["fixed", "conserved"])
def test_beside_a_held_ion_the_outside_counts_what_passes_the_membrane(law: str) -> None:
    run = held_cell(law).simulate(3600.0, rtol=1e-8, audit="full")
    np.testing.assert_allclose(run.c_in[Cl], run.c_in[Cl][0], rtol=1e-14)
    out = run.c_out[Cl] * run.volume_out
    inward = sum(f[Cl] * -1 for f in run.flux.values() if "Cl" in f) * run.area
    t = np.linspace(0.0, 3600.0, 4001)
    seen = run.at(t)
    rate = -seen.area * sum(f[Cl] for f in seen.flux.values() if "Cl" in f)
    simpson = float(np.sum((rate[:-2:2] + 4 * rate[1:-1:2] + rate[2::2]) * (t[1] - t[0]) / 3))
    assert out[-1] - out[0] == pytest.approx(-simpson, rel=1e-4)
    assert abs(float(out[-1] / out[0]) - 1) > 1e-3
    assert len(inward) == len(run.t)
    # the others keep their totals
    for ion in (Na, K):
        total = run.c_in[ion] * run.volume + run.c_out[ion] * run.volume_out
        assert float(np.ptp(total)) <= 1e-12 * float(np.max(total))
    assert "c_in.Cl" in run.audit.unaccounted


def quiet(pump: str, water: str, law: str, seed: int = 0, ratio: float = 2.0) -> tuple[PumpLeak, ifx.Cell]:
    world, _, cell = drawn(seed, pump, water, law, ratio)
    return world.p, cell.replace({"NaKATPase.scale": 0.0})


@pytest.mark.parametrize(("pump", "water", "law"), [k for k in KINDS if k[2] == "conserved"])
@pytest.mark.parametrize("seed", range(3))
def test_the_free_energy_of_a_closed_system_falls_to_its_rest(pump: str, water: str, law: str, seed: int) -> None:
    _, cell = quiet(pump, water, law, seed)
    run = cell.simulate(2e4, rtol=1e-9)
    G = np.asarray(run.energy.free_energy)
    scale = cell.thermal_voltage * cell.faraday * sum(float(n) for n in cell.start.amount.values())
    assert np.all(np.diff(G) <= 1e-12 * scale)
    assert G[0] - G[-1] > 1e-3 * scale
    assert np.all(np.asarray(run.energy.dissipation) >= 0)


@pytest.mark.parametrize(("pump", "seed"), itertools.product(["cubic", "hill"], range(3)))
def test_a_closed_rigid_cell_without_pumps_ends_at_donnan_equilibrium(pump: str, seed: int) -> None:
    """c_in = c_out theta^z with one theta, at the totals; found by Newton, and after a long run."""
    p, cell = quiet(pump, "rigid", "fixed", seed)
    # the capacitor shifts the equilibrium by its share of the charge; as good as without it
    cell = cell.replace({"potential": "electroneutral"})
    start = cell.start
    n, m = ({k: float(x[ION[k]]) for k in IONS} for x in (start.amount, start.amount_out))
    [(z_x, n_x)] = start.impermeants
    assert start.volume_out is not None
    theta = donnan(n, m, n_x, z_x, start.volume, start.volume_out)
    rest = cell.steady_state()
    end = 200.0 / float(np.min(np.abs(np.real(rest.eigenvalues))))
    run = cell.simulate(end, at=[end], rtol=1e-10)
    for seen in (rest, run):
        for k in IONS:
            assert float(np.squeeze(seen.c_in[k] / seen.c_out[k])) == pytest.approx(theta ** ION[k].z, rel=1e-9)
            total = float(np.squeeze(seen.c_in[k])) * start.volume + float(np.squeeze(seen.c_out[k])) * start.volume_out
            assert total == pytest.approx(n[k] + m[k], rel=1e-12)
        assert float(np.squeeze(seen.V)) == pytest.approx(-p.VT * np.log(theta), rel=1e-9)
    assert rest.stable


@pytest.mark.parametrize(("water", "law"), sorted({k[1:] for k in KINDS}))
def test_the_rest_of_a_closed_system_is_where_a_long_run_ends(water: str, law: str) -> None:
    """With a pump that stops where K outside is used up; the others drain a finite outside."""
    _, _, cell = drawn(5, "hill", water, law, ratio=3.0)
    rest = cell.steady_state()
    end = 80.0 / float(np.min(np.abs(np.real(rest.eigenvalues))))
    run = cell.simulate(end, at=[end], rtol=1e-10)
    for ion in (Na, K, Cl):
        assert float(run.c_in[ion][0]) == pytest.approx(float(rest.c_in[ion]), rel=1e-8)
        assert float(run.c_out[ion][0]) == pytest.approx(float(rest.c_out[ion]), rel=1e-8)
    assert float(run.volume[0]) == pytest.approx(rest.volume, rel=1e-8)
    assert float(run.V[0]) == pytest.approx(rest.V, abs=1e-9)
    # of each ion what one side loses the other gains: no rate is zero because a total stays
    assert rest.stable
    assert np.all(np.real(rest.eigenvalues) < -1e-7)
