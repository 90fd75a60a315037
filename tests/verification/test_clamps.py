"""Electrodes: what they bring, where it is booked, and what V does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from verification.build import bench_cell

import ionflux as ifx
from ionflux import Cl, IonSpecies, K, Na

IONS = (Na, K, Cl)
LEAKS = (ifx.Leak(Na, g=0.1), ifx.Leak(K, g=1.0), ifx.Leak(Cl, g=0.5))
G = 1.6  # S/m^2, of all leaks


def cell_with(*more: Any, membrane: tuple[Any, ...] = LEAKS, **changes: Any) -> ifx.Cell:
    return bench_cell().replace({"membrane": [*membrane, *more], **changes})


def resting(*more: Any) -> ifx.Cell:
    """At a rest, so that what happens is the electrode's doing."""
    cell = bench_cell().steady_state().resting()
    return cell.replace({"membrane": [*cell.membrane, *more]})


def integral(f: Any, t: Any) -> float:
    """Simpson's rule on evenly spaced times, an odd number of them."""
    h = float(t[1] - t[0])
    return float(np.sum((f[:-2:2] + 4 * f[1:-1:2] + f[2::2]) * h / 3))


# ----------------------------------------------------------------------------------------------------------------- current clamp


@pytest.mark.parametrize("form", ["I", "i"])
def test_a_step_of_current_charges_the_membrane_with_the_time_constant_c_over_g(form: str) -> None:
    """V(t) - V(0) = i/g (1 - exp(-t g/C)): concentrations hardly move meanwhile."""
    i = 2e-3
    cell = resting(ifx.CurrentClamp(**{form: i * 7e-10 if form == "I" else i}))
    g = float(sum(m.evaluate(V=cell.start.V, c_in=cell.start.c_in, c_out=cell.bath).dI_dV for m in cell.mechanisms))
    tau = cell.C_m / g
    run = cell.simulate(6 * tau, rtol=1e-10)
    want = i / g * -np.expm1(-run.t / tau)
    np.testing.assert_allclose(run.V - run.V[0], want, atol=2e-4 * i / g)
    assert i / g > 1e-3  # a millivolt, upwards: positive is into the cell
    np.testing.assert_allclose(run.current["CurrentClamp"], i, rtol=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
def test_without_a_carrier_the_charge_is_the_electrodes_alone(sign: int) -> None:
    current = sign * 2e-14
    cell = cell_with(ifx.CurrentClamp(current), ifx.Water(P_f=2e-5))
    run = cell.simulate(300.0, rtol=1e-9, audit="full")
    np.testing.assert_allclose(run.electrode_charge, current * run.t, rtol=1e-12, atol=1e-30)
    assert run.audit.ok
    # in V, and in no osmolarity
    net = sum(ion.z * run.amount[ion] for ion in IONS) + sum(z * n for z, n in cell.start.impermeants)
    np.testing.assert_allclose(run.V, (cell.faraday * net + run.electrode_charge) / (cell.C_m * cell.area), atol=1e-8)
    np.testing.assert_allclose(run.osmolarity_in, sum(run.c_in[ion] for ion in IONS) + run.c_impermeant, rtol=1e-13)
    assert run.flux["CurrentClamp"] == {}


@pytest.mark.parametrize("carrier", [K, Cl])
def test_a_carrier_is_moved_by_exactly_what_the_current_says(carrier: IonSpecies) -> None:
    """With nothing else for that ion to move through, n(t) - n(0) = I t/(zF)."""
    current = 3e-13
    leaks = tuple(m for m in LEAKS if m.ion != carrier)
    run = cell_with(ifx.CurrentClamp(current, carrier=carrier), membrane=leaks).simulate(200.0, rtol=1e-9, audit="full")
    moved = run.amount[carrier] - run.amount[carrier][0]
    np.testing.assert_allclose(moved, current * run.t / (carrier.z * run.cell.faraday), rtol=1e-9, atol=1e-15 * run.amount[carrier][0])
    assert np.all(run.electrode_charge == 0.0)
    np.testing.assert_allclose(run.current["CurrentClamp"] * run.area, current, rtol=1e-12)
    # the flux of an ion is outward positive, that of the electrode too: an inward current of K is a negative flux
    np.testing.assert_allclose(run.flux["CurrentClamp"][carrier] * run.area, -current / (carrier.z * run.cell.faraday), rtol=1e-12)
    assert run.audit.ok


def test_pulses_bring_what_they_last() -> None:
    """A train of ten pulses of 2 s and 20 fA beside a ramp of the same electrode later."""
    cell = cell_with(ifx.CurrentClamp(0.0))
    schedule = {"CurrentClamp.I": [ifx.train(1.0, 5.0, 10, 2.0, to=2e-14), ifx.ramp(60.0, 80.0, to=1e-14)]}
    run = cell.simulate(100.0, schedule=schedule, rtol=1e-9)
    assert float(run.electrode_charge[-1]) == pytest.approx(10 * 2 * 2e-14 + 0.5 * 20 * 1e-14 + 20 * 1e-14, rel=1e-12)
    assert float(run.at(2.0).current["CurrentClamp"][0]) * cell.area == pytest.approx(2e-14, rel=1e-12)
    assert float(run.at(4.0).current["CurrentClamp"][0]) == 0.0
    # goes on from there
    later = run.cell_at(100.0)
    assert later.start.electrode_charge == pytest.approx(float(run.electrode_charge[-1]), rel=1e-12)
    assert later.start.V == pytest.approx(float(run.V[-1]), abs=1e-9)
    assert float(later.simulate(1.0).electrode_charge[0]) == pytest.approx(later.start.electrode_charge, rel=1e-12)


def test_charge_brought_before_the_start_counts_without_any_electrode_now() -> None:
    q = 2e-13
    cell = bench_cell().replace({"V": None, "impermeant": ifx.Impermeant(z=-1.0, c=140.0), "state": {"electrode_charge": q}})
    run = cell.simulate(100.0, rtol=1e-9)
    for ion in IONS:
        assert float(run.amount[ion][0]) == pytest.approx(cell.start.amount[ion], rel=1e-13)
    np.testing.assert_allclose(run.electrode_charge, q, rtol=1e-12)
    assert run.audit.ok
    swept = ifx.sweep(
        bench_cell().replace({"V": None, "impermeant": ifx.Impermeant(z=-1.0, c=140.0)}), {"state.electrode_charge": [0, q]}, until=1.0
    )
    np.testing.assert_allclose(swept.electrode_charge, [0.0, q])
    for ion in IONS:
        assert float(swept.amount[ion][1]) == float(cell.simulate(1.0, at=[1.0]).amount[ion][0])


def test_a_steady_current_without_a_carrier_has_no_rest() -> None:
    with pytest.raises(ifx.NoSteadyState, match="an electrode without a carrier does that"):
        cell_with(ifx.CurrentClamp(1e-14)).steady_state()


# ----------------------------------------------------------------------------------------------------------------- voltage clamp


@pytest.mark.parametrize("carrier", [None, K, Cl])
def test_a_clamped_v_is_what_the_schedule_says(carrier: IonSpecies | None) -> None:
    cell = cell_with(ifx.VoltageClamp(-0.07, carrier=carrier), ifx.Water(P_f=2e-5))
    schedule = {"VoltageClamp.V": [ifx.step(1.0, to=-0.04), ifx.ramp(2.0, 3.0, to=0.02), ifx.step(4.0, to=-0.08)]}
    run = cell.simulate(5.0, schedule=schedule, rtol=1e-8)
    t = run.t
    want = np.select([t <= 1.0, t <= 2.0, t <= 3.0, t <= 4.0], [-0.07, -0.04, -0.04 + 0.06 * (t - 2.0), 0.02], -0.08)
    np.testing.assert_allclose(run.V, want, rtol=0, atol=1e-16)
    assert run.audit.ok
    assert float(run.at(1.0).V[0]) == -0.07  # the left limit
    assert float(run.at(np.nextafter(1.0, 2.0)).V[0]) == -0.04


@pytest.mark.parametrize("carrier", [None, K])
def test_the_current_of_a_voltage_clamp_balances_all_others(carrier: IonSpecies | None) -> None:
    run = cell_with(ifx.VoltageClamp(-0.02, carrier=carrier)).simulate(100.0, rtol=1e-8)
    others = sum(run.current[m.name] for m in run.cell.mechanisms)
    np.testing.assert_allclose(run.current["VoltageClamp"], -others, rtol=1e-12)
    # depolarised, the membrane lets current out, and the clamp brings it in: inward is negative
    assert run.current["VoltageClamp"][0] < 0


def test_without_a_carrier_a_clamp_charges_the_electrode_by_its_current() -> None:
    cell = cell_with(ifx.VoltageClamp(-0.07))
    run = cell.simulate(200.0, rtol=1e-10, schedule={"VoltageClamp.V": ifx.step(50.0, to=-0.03)})
    t = np.linspace(50.0, 200.0, 2001)[1:]
    seen = run.at(t)
    brought = -integral(seen.current["VoltageClamp"][1:], t[1:]) * cell.area
    assert seen.electrode_charge[-1] - seen.electrode_charge[1] == pytest.approx(brought, rel=1e-8)
    # at the step it brings what the capacitor takes
    jump = float(run.at(np.nextafter(50.0, 51.0)).electrode_charge[0] - run.at(50.0).electrode_charge[0])
    assert jump == pytest.approx(cell.C_m * cell.area * 0.04, rel=1e-6)
    net = sum(ion.z * run.amount[ion] for ion in IONS) + sum(z * n for z, n in cell.start.impermeants)
    held = cell.C_m * run.area * run.V - cell.faraday * net
    np.testing.assert_allclose(run.electrode_charge, held, rtol=1e-9, atol=1e-20)


def test_a_carrier_takes_the_place_of_the_electrode() -> None:
    """All charge that the clamp moves is K: the cell gains it beside what its own leak moves."""
    cell = cell_with(ifx.VoltageClamp(-0.07, carrier=K))
    run = cell.simulate(200.0, rtol=1e-10)
    t = np.linspace(0.0, 200.0, 4001)
    seen = run.at(t)
    inward = -(seen.current["VoltageClamp"] + seen.current["leak_K"]) * cell.area / cell.faraday
    assert run.amount[K][-1] - run.amount[K][0] == pytest.approx(integral(inward, t), rel=1e-8)
    assert np.all(run.electrode_charge == run.electrode_charge[0])
    assert run.audit.ok


def test_a_clamped_cell_rests_where_its_ions_do() -> None:
    """V given, and every ion with a leak alone: c_in = c_out exp(-z V/VT), whatever the conductances."""
    cell = cell_with(ifx.VoltageClamp(-0.05))
    rest = cell.steady_state()
    assert rest.V == pytest.approx(-0.05, abs=1e-15)
    for ion in IONS:
        assert rest.c_in[ion] == pytest.approx(cell.bath[ion] * np.exp(0.05 * ion.z / cell.thermal_voltage), rel=1e-10)
    assert rest.stable
    assert rest.current["VoltageClamp"] == pytest.approx(0.0, abs=1e-10)


# ------------------------------------------------------------------------------------------------------------------------ sweeps


@pytest.mark.parametrize(
    ("name", "values", "clamp"),
    [
        ("CurrentClamp.I", [-1e-12, 0.0, 1e-12], ifx.CurrentClamp(I=0.0)),
        ("CurrentClamp.i", [-1e-3, 0.0, 1e-3], ifx.CurrentClamp(i=0.0, carrier=K)),
        ("VoltageClamp.V", [-0.09, -0.05, 0.02], ifx.VoltageClamp(-0.07)),
        ("VoltageClamp.V", [-0.09, -0.05, 0.02], ifx.VoltageClamp(-0.07, carrier=K)),
        ("CurrentClamp.scale", [0.0, 1.0, 2.0], ifx.CurrentClamp(I=1e-12)),
    ],
    ids=["I", "i by K", "V", "V by K", "scale"],
)
@pytest.mark.parametrize("given", [True, False], ids=["V given", "V left out"])
def test_a_swept_clamp_is_that_of_each_cell(name: str, values: list[float], clamp: Any, given: bool) -> None:
    cell = cell_with(clamp)
    if not given:
        cell = cell.replace({"impermeant": ifx.Impermeant(z=-1.0, c=140.0), "V": None})
    swept = ifx.sweep(cell, {name: np.array(values)}, until=2.0, at=[0.0, 0.1, 2.0])
    for i in range(3):
        run = swept.cell(i).simulate(2.0, at=[0.0, 0.1, 2.0])
        np.testing.assert_array_equal(swept.V[i], run.V)
        np.testing.assert_array_equal(swept.electrode_charge[i], run.electrode_charge)
        for ion in IONS:
            np.testing.assert_array_equal(swept.amount[ion][i], run.amount[ion])
    assert float(np.ptp(swept.V[:, 2])) > 1e-4


def test_a_patch_under_voltage_clamp_between_fixed_solutions_has_its_current() -> None:
    """Nothing in it is a state; a step of V is answered at once."""
    patch = ifx.Cell(
        area=1e-11, volume=1e-16, C_m=0.01, inside={Na: 12.0, K: 138.0, Cl: 8.0}, bath=ifx.Bath({Na: 145.0, K: 5.0, Cl: 150.0}),
        impermeant=ifx.Impermeant(), membrane=[ifx.Leak(K, g=2.0), ifx.VoltageClamp(-0.05)], hold=("c_in.Na", "c_in.K", "c_in.Cl"),
    )  # fmt: skip
    run = patch.simulate(1.0, at=[0.4, 1.0], schedule={"VoltageClamp.V": ifx.step(0.5, to=0.02)})
    np.testing.assert_allclose(run.current["leak_K"], 2.0 * (np.array([-0.05, 0.02]) - run.E[K]), rtol=1e-12)
    assert run.audit.ok
