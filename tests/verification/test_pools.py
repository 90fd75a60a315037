"""Pools that are states, held, or slaved: what pumps spend, what stays, what follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from verification.build import bench_cell

import ionflux as ifx
from ionflux import Cl, K, Mechanism, Na, Pool, Slaved
from ionflux.fields import param
from ionflux.mechanisms import Law, mechanism, power, saturation


@mechanism
class ThirstyPump(Mechanism):
    """A pump that slows down as its ATP runs out: J = J_max [Na]_i/(10 + [Na]_i) ATP/(K_ATP + ATP)."""

    law = Law.PRODUCT
    moves = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "irreversible"
    factors = (saturation("c_in.Na", "K_Na", 1), saturation("c_in.ATP", "K_ATP", 1))

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
    K_Na: float = param("mol m^-3", 10.0, lo=0.1, hi=200, doc="half-saturation by Na inside")
    K_ATP: float = param("mol m^-3", 0.5, lo=1e-3, hi=10, doc="half-saturation by ATP")


@mechanism
class Breath(Mechanism):
    """Uptake of oxygen in proportion to what there is outside, moving no charge: J = k [O2]_o."""

    law = Law.PRODUCT
    moves = {}
    uses = {"O2": 1}
    strength = "k"
    thermodynamics = "irreversible"
    factors = (power("c_out.O2", 1),)

    k: float = param("m s^-1", lo=0, hi=1.0, doc="uptake")


def integral(f: Any, t: Any) -> float:
    h = float(t[1] - t[0])
    return float(np.sum((f[:-2:2] + 4 * f[1:-1:2] + f[2::2]) * h / 3))


def fed(*pools: Any, **changes: Any) -> ifx.Cell:
    return bench_cell().replace({"pools": pools, **changes})


ATP = (Pool("ATP", 3.0), Pool("ADP", 1.0), Pool("Pi", 2.0))


def test_atp_is_the_start_minus_what_the_pump_has_spent() -> None:
    run = fed(*ATP).simulate(100.0, rtol=1e-10)
    t = np.linspace(0.0, 100.0, 2001)
    seen = run.at(t)
    spent = integral(seen.atp, t)
    assert spent > 0.1 * seen.amount["ATP"][0]
    assert seen.amount["ATP"][0] - seen.amount["ATP"][-1] == pytest.approx(spent, rel=1e-8)
    np.testing.assert_allclose(
        seen.atp, -seen.current["NaKATPase"] * 0 + seen.current["NaKATPase"] * run.cell.area / run.cell.faraday, rtol=1e-12
    )


def test_what_is_split_is_there_as_adp_and_phosphate() -> None:
    run = fed(*ATP).simulate(100.0, rtol=1e-8, schedule={"NaKATPase.scale": ifx.pulse(20.0, 40.0, to=0.0)})
    for made in ("ADP", "Pi"):
        total = run.amount["ATP"] + run.amount[made]
        assert float(np.ptp(total)) <= 1e-12 * float(total[0])
    # none of them counts in osmolarity or charge
    assert float(run.osmolarity_in[0]) == pytest.approx(float(sum(run.c_in[i][0] for i in (Na, K, Cl)) + run.c_impermeant[0]), rel=1e-13)
    plain = bench_cell().simulate(100.0, at=[100.0], rtol=1e-10)
    assert float(fed(*ATP).simulate(100.0, at=[100.0], rtol=1e-10).V[0]) == pytest.approx(float(plain.V[0]), abs=1e-9)


def test_a_cell_need_not_have_what_its_pump_makes() -> None:
    run = fed(Pool("ATP", 3.0)).simulate(10.0)
    assert "ADP" not in run.amount
    assert run.amount["ATP"][-1] < run.amount["ATP"][0]


def test_a_held_pool_stays_and_is_named() -> None:
    run = fed(*ATP, hold=("c_in.ATP",)).simulate(100.0)
    assert np.all(run.c_in["ATP"] == 3.0)
    assert run.amount["ADP"][-1] > run.amount["ADP"][0]
    assert "c_in.ATP" in run.audit.unaccounted


def test_a_held_ion_stays_whatever_moves_and_the_volume_with_it() -> None:
    cell = bench_cell().replace({"hold": ("c_in.Cl",)})
    run = cell.simulate(3600.0, rtol=1e-8)
    np.testing.assert_allclose(run.c_in[Cl], 10.0, rtol=1e-14)
    np.testing.assert_allclose(run.amount[Cl], 10.0 * run.volume, rtol=1e-13)
    assert abs(float(run.c_in[Na][-1] / run.c_in[Na][0]) - 1) > 1e-3
    # V still follows from the charge that has passed: C dV/dt = -sum of all currents
    t = np.linspace(0.0, 1.0, 4001)
    seen = run.at(t)
    moved = -integral(sum(seen.current.values()), t) / cell.C_m
    assert float(seen.V[-1] - seen.V[0]) == pytest.approx(moved, rel=1e-4)


def test_a_pump_of_ones_own_reads_a_pool_and_starves() -> None:
    """dATP/dt = -A J_max ATP/(K + ATP) with Na saturating: the integrated Michaelis-Menten equation, ATP outlasting nothing."""
    J, half = 5e-6, 0.5
    leaks = [m for m in bench_cell().membrane if isinstance(m, ifx.Leak)]
    cell = fed(Pool("ATP", 3.0), membrane=[*leaks, ThirstyPump(J_max=J)], hold=("c_in.Na",))
    run = cell.simulate(8.0, rtol=1e-10)
    Na_factor = 10.0 / (10.0 + 10.0)
    c = run.c_in["ATP"]
    # (c0 - c) + K ln(c0/c) = J f A t / w
    left = (3.0 - c) + half * np.log(3.0 / c)
    np.testing.assert_allclose(left[1:], J * Na_factor * cell.area / cell.volume * run.t[1:], rtol=1e-8)
    assert c[-1] < 1e-2 * c[0]
    assert run.current["ThirstyPump"][-1] < 0.05 * run.current["ThirstyPump"][0]
    swept = ifx.sweep(cell, {"pools.ATP": [1.0, 3.0], "ThirstyPump.K_ATP": [0.5, 0.1]}, until=50.0)
    for i in range(2):
        assert float(swept.c_in["ATP"][i]) == float(swept.cell(i).simulate(50.0, at=[50.0]).c_in["ATP"][0])


def slaved(**changes: Any) -> ifx.Cell:
    """K inside and Na outside follow Na inside, as where a paper reduces three equations to one; V by its currents."""
    rules = (Slaved("c_in.K", 150.0, {"c_in.Na": -1}), Slaved("c_out.Na", 146.0, {"c_in.Na": -0.1}))
    leaks = [m for m in bench_cell().membrane if not isinstance(m, ifx.Water)]
    cell = bench_cell()
    return ifx.Cell(
        area=cell.area,
        volume=cell.volume,
        C_m=cell.C_m,
        V=-0.07,
        inside={Na: 10.0, Cl: 10.0},
        bath=cell.bath,
        impermeant=ifx.Impermeant(c=140.0),
        membrane=leaks,
        potential="current",
        pools=rules,
        **changes,
    )


def test_what_is_slaved_follows_its_rule_at_every_moment() -> None:
    run = slaved().simulate(600.0, rtol=1e-8)
    np.testing.assert_allclose(run.c_in[K], 150.0 - run.c_in[Na], rtol=1e-14)
    np.testing.assert_allclose(run.c_out[Na], 146.0 - 0.1 * run.c_in[Na], rtol=1e-14)
    VT = run.cell.thermal_voltage
    np.testing.assert_allclose(run.E[K], VT * np.log(run.c_out[K] / run.c_in[K]), rtol=1e-12)
    np.testing.assert_allclose(run.E[Na], VT * np.log(run.c_out[Na] / run.c_in[Na]), rtol=1e-12)
    # osmolarity outside counts what follows
    np.testing.assert_allclose(run.osmolarity_out, run.c_out[Na] + run.c_out[K] + run.c_out[Cl], rtol=1e-13)
    assert {"c_in.K", "c_out.Na"} <= set(run.audit.unaccounted)
    # Na goes as its own fluxes say
    t = np.linspace(0.0, 600.0, 4001)
    seen = run.at(t)
    rate = -sum(f[Na] for f in seen.flux.values() if "Na" in f) * run.cell.area
    assert seen.amount[Na][-1] - seen.amount[Na][0] == pytest.approx(integral(rate, t), rel=1e-6)


def test_a_rest_with_slaved_pools_is_where_a_long_run_ends() -> None:
    cell = slaved()
    rest = cell.steady_state()
    run = cell.simulate(1e5, at=[1e5], rtol=1e-10)
    assert float(run.V[0]) == pytest.approx(rest.V, abs=1e-9)
    assert float(run.c_in[Na][0]) == pytest.approx(rest.c_in[Na], rel=1e-8)
    assert rest.c_in[K] + rest.c_in[Na] == pytest.approx(150.0, rel=1e-13)


def test_the_constant_of_a_rule_is_a_parameter() -> None:
    """It may be replaced and swept, and a schedule moves what follows at once."""
    cell = slaved()
    swept = ifx.sweep(cell, {"slaved.c_in.K": [140.0, 150.0]}, until=10.0)
    for i in range(2):
        run = swept.cell(i).simulate(10.0, at=[10.0])
        assert float(swept.c_in[K][i]) == float(run.c_in[K][0])
        assert float(swept.V[i]) == float(run.V[0])
    run = cell.simulate(10.0, schedule={"slaved.c_in.K": ifx.step(5.0, to=140.0)})
    assert float(run.at(np.nextafter(5.0, 6.0)).c_in[K][0] - run.at(5.0).c_in[K][0]) == pytest.approx(-10.0, rel=1e-6)


def test_what_is_slaved_outside_cannot_rest_with_instant_water() -> None:
    with pytest.raises(ifx.ModelError, match=r"Water\(P_f=\)|instant"):
        slaved().replace({"membrane": [*slaved().membrane, ifx.Water(instant=True)]}).simulate(1.0)


def test_oxygen_outside_is_used_up() -> None:
    """A pool of the solution outside is a state too: dO2/dt = -k A O2/w_out."""
    cell = fed(Pool("O2", 0.2, side="out"), outside_volume=1e-14)
    k = 1e-7
    cell = cell.replace({"membrane": [*cell.membrane, Breath(k=k)]})
    run = cell.simulate(300.0, rtol=1e-9)
    want = 0.2 * np.exp(-k * cell.area / 1e-14 * run.t)
    np.testing.assert_allclose(run.c_out["O2"], want, rtol=1e-8)
    assert run.c_out["O2"][-1] < 0.5 * run.c_out["O2"][0]
    assert run.audit.ok
    again = run.cell_at(300.0).simulate(1.0)
    assert float(again.c_out["O2"][0]) == pytest.approx(float(run.c_out["O2"][-1]), rel=1e-12)
