"""The area of a sphere while the volume changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference import models
from reference.pump_leak import IONS
from reference.two_sided import World, integrate
from verification.build import as_cell, draw

import ionflux as ifx
from ionflux import Cl, K, Na

TIMES = (1e-3, 1.0, 60.0, 900.0, 7200.0)


def swelling(seed: int, pump: str, water: str, outside: float | None = None) -> tuple[World, dict[str, float], ifx.Cell]:
    p, c_in, volume = draw(np.random.default_rng([31, seed]), pump=pump, water=water)
    world = World(p, volume, None if outside is None else outside * volume, conserved=outside is not None, sphere=True)
    cell = as_cell(p, c_in, volume).replace({"area_law": "sphere"})
    if outside is not None:
        cell = cell.replace({"outside_volume": outside * volume, "volume_law": "conserved"})
    return world, c_in, cell


@pytest.mark.parametrize(("pump", "water", "outside"), [("cubic", "finite", None), ("hill", "finite", None), ("hill", "finite", 4.0)])
# at draw 1 a cubic pump is too fast for the full steps of the twin's Newton
@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (2, 3, 4, 5))])
def test_a_sphere_that_swells_follows_the_twin(pump: str, water: str, outside: float | None, seed: int) -> None:
    world, c_in, cell = swelling(seed, pump, water, outside)
    twin = integrate(world, c_in, TIMES)
    run = cell.simulate(TIMES[-1], at=TIMES, rtol=1e-10)
    for name in IONS:
        np.testing.assert_allclose(run.c_in[name], twin.c[name], rtol=2e-8)
    np.testing.assert_allclose(run.volume, twin.w, rtol=2e-8)
    np.testing.assert_allclose(run.area, twin.area, rtol=2e-8)
    np.testing.assert_allclose(run.V, twin.V, atol=2e-9)
    assert abs(run.area[-1] / run.area[0] - 1) > 1e-3
    assert run.audit.ok


@pytest.mark.parametrize("water", ["finite", "instant"])
def test_the_area_is_that_of_a_sphere_at_every_moment(water: str) -> None:
    cell = swelling(2, "cubic", water)[2].replace({"NaKATPase.scale": 0.0})
    run = cell.simulate(3600.0, rtol=1e-8)
    radius = np.cbrt(3 * run.volume / (4 * np.pi))
    np.testing.assert_allclose(run.area, 4 * np.pi * radius**2, rtol=1e-9)
    assert run.volume[-1] > 1.05 * run.volume[0]
    # V is the charge over the capacitance of that area
    charge = sum(ion.z * run.amount[ion] for ion in (Na, K, Cl)) + sum(z * n for z, n in cell.start.impermeants)
    np.testing.assert_allclose(run.V, cell.faraday * charge / (cell.C_m * run.area), atol=1e-8)
    assert run.audit.charge <= 1e-12


def test_a_leak_per_area_grows_with_the_area() -> None:
    """Current densities are g (V - E) whatever the area; what the cell gains in all is that times the area it has now."""
    run = swelling(3, "cubic", "finite")[2].simulate(3600.0, rtol=1e-11, schedule={"NaKATPase.scale": ifx.step(10.0, to=0.0)})
    g = run.cell.parameters()["leak_Na.g"].value
    np.testing.assert_allclose(run.current["leak_Na"], g * (run.V - run.E[Na]), rtol=1e-9)
    t = np.linspace(100.0, 3600.0, 2001)
    seen = run.at(t)
    rate = -seen.area * sum(f[Na] for f in seen.flux.values() if "Na" in f)
    moved = float(np.sum((rate[:-2:2] + 4 * rate[1:-1:2] + rate[2::2]) * (t[1] - t[0]) / 3))
    assert seen.amount[Na][-1] - seen.amount[Na][0] == pytest.approx(moved, rel=1e-7)
    assert seen.area[-1] > 1.02 * seen.area[0]


def test_a_current_of_the_whole_cell_does_not_grow_with_the_area_and_one_per_area_does() -> None:
    cell = swelling(4, "hill", "finite")[2]
    per_area = 1e-4
    brought = {}
    for name, clamp in {"I": ifx.CurrentClamp(I=per_area * cell.area), "i": ifx.CurrentClamp(i=per_area)}.items():
        run = cell.replace({"membrane": [*cell.membrane, clamp]}).simulate(200.0, rtol=1e-10)
        brought[name] = run
    run = brought["I"]
    np.testing.assert_allclose(run.electrode_charge, per_area * cell.area * run.t, rtol=1e-9, atol=1e-30)
    np.testing.assert_allclose(run.current["CurrentClamp"] * run.area, per_area * cell.area, rtol=1e-12)
    run = brought["i"]
    np.testing.assert_allclose(run.current["CurrentClamp"], per_area, rtol=1e-12)
    t = np.linspace(0.0, 200.0, 2001)
    area = run.at(t).area
    integral = float(np.sum((area[:-2:2] + 4 * area[1:-1:2] + area[2::2]) * (t[1] - t[0]) / 3))
    assert run.electrode_charge[-1] == pytest.approx(per_area * integral, rel=1e-8)


@pytest.mark.parametrize("water", [{"instant": True}, {"P_f": 1e-4}], ids=["at once", "in time"])
def test_the_rest_of_a_cell_whose_mechanisms_are_all_per_area_does_not_know_its_area(water: dict[str, Any]) -> None:
    """Kay's cell: every flux is per area, so concentrations and volume at rest are those of a fixed area; V differs by the capacitor."""
    cell = ifx.preset("kay2017")
    cell = cell.replace({"membrane": [*cell.mechanisms, ifx.Water(**water)]})
    plain, sphere = cell.steady_state(), cell.replace({"area_law": "sphere"}).steady_state()
    # in the limit without a capacitor they are the same to rounding
    closed = [c.steady_state(electroneutral=True) for c in (cell, cell.replace({"area_law": "sphere"}))]
    assert closed[0].volume == pytest.approx(closed[1].volume, rel=1e-9)
    assert closed[0].V == pytest.approx(closed[1].V, abs=1e-11)
    for ion in (Na, K, Cl):
        assert sphere.c_in[ion] == pytest.approx(plain.c_in[ion], rel=1e-4)
    assert sphere.area == pytest.approx(cell.area * (sphere.volume / cell.volume) ** (2 / 3), rel=1e-12)
    assert sphere.stable
    assert abs(sphere.residual) < 1e-9
    run = sphere.resting().simulate(1e4)
    assert float(run.V[-1]) == pytest.approx(sphere.V, abs=1e-8)
    assert float(run.area[-1]) == pytest.approx(sphere.area, rel=1e-8)
    assert models.KAY_VOLUME == pytest.approx(cell.volume, rel=1e-12)
