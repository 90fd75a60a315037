"""The published pumps at the numbers of their papers, and what a thermodynamic cycle must keep everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import ionflux as ifx
from ionflux import K, Na
from ionflux.constants import FARADAY, GAS_CONSTANT

#: the temperature at which RT/F is that of 310 K with R = 8.314, F = 96485, the constants of the paper
T_PAN = 310.0 * (8.314 / 96485.0) / (GAS_CONSTANT / FARADAY)
PUMP = ifx.CyclePump(density=1.0e-6)
AT_REST: dict[str, Any] = {"c_in": {Na: 10.0, K: 145.0}, "c_out": {Na: 140.0, K: 5.4}, "T": T_PAN}


@pytest.mark.parametrize(("outside", "v"), [(1.5, 48.580709), (50.0, 47.513531), (100.0, 41.200093), (150.0, 30.282445)])
def test_the_cycle_turns_as_often_as_published_with_no_products_inside(outside: float, v: float) -> None:
    seen = PUMP.evaluate(
        V=-0.08, c_in={Na: 50.0, K: 0.0}, c_out={Na: outside, K: 5.4}, T=T_PAN, extra={"ATP": 10.0, "ADP": 0.0, "Pi": 0.0, "H": 3.9811e-5}
    )
    assert seen.rate / PUMP.density == pytest.approx(v, rel=2e-8)


@pytest.mark.parametrize(("V", "v"), [(-0.08, 6.7221089), (0.0, 9.0280879)])
def test_the_cycle_turns_as_often_as_published_in_a_cell(V: float, v: float) -> None:
    seen = PUMP.evaluate(V=V, **AT_REST)
    assert seen.rate / PUMP.density == pytest.approx(v, rel=1e-8)
    assert seen.current == pytest.approx(FARADAY * seen.rate, rel=1e-14)  # one charge leaves per cycle
    assert seen.atp == seen.rate


def test_the_affinity_is_the_published_one_and_its_slope_is_one_charge() -> None:
    published = 16570.7 / (8.314 / GAS_CONSTANT * 310.0 / T_PAN)  # RT of the paper is not that of the same RT/F
    assert PUMP.evaluate(V=-0.08, **AT_REST).affinity == pytest.approx(published, rel=2e-6)
    V = np.linspace(-0.2, 0.2, 41)
    A = PUMP.evaluate(V=V, **AT_REST).affinity
    np.testing.assert_allclose(np.diff(A) / np.diff(V) / FARADAY, 1.0, rtol=1e-12)


def test_what_atp_brings_is_the_affinity_less_that_of_the_ions_and_does_not_depend_on_v_or_ions() -> None:
    """Phosphate is bound by K and Na, so these stay; all else is free."""
    rng = np.random.default_rng(4)
    n = 2000
    c_out = {Na: rng.uniform(1, 200, n), K: rng.uniform(0.5, 20, n)}
    seen = PUMP.evaluate(V=rng.uniform(-0.2, 0.1, n), c_in=AT_REST["c_in"], c_out=c_out, T=310.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ions = -seen.work / seen.rate
    ATP = seen.affinity - ions
    np.testing.assert_allclose(ATP, ATP[0], rtol=1e-12)
    assert 50e3 < ATP[0] < 65e3  # J/mol


def test_the_cycle_saturates_at_absurd_potentials_and_stays_a_number() -> None:
    V = np.array([-25.0, -10.0, -3.0, 3.0, 10.0, 25.0])
    rate = PUMP.evaluate(V=V, **AT_REST).rate
    assert rate[0] == pytest.approx(rate[1], rel=1e-6)
    assert rate[5] == pytest.approx(rate[4], rel=1e-6)
    assert rate[0] < 0 < rate[5]
    assert np.all(np.diff(rate) >= -1e-12 * np.abs(rate[1:]))


@pytest.mark.parametrize("pools", [{}, {"ATP": 3.0, "ADP": 0.3, "Pi": 5.0, "H": 1e-4}, {"ATP": 0.05, "ADP": 3.0, "Pi": 20.0}])
def test_the_cycle_reverses_where_the_affinity_does(pools: dict[str, float]) -> None:
    def at(V: float) -> Any:
        return PUMP.evaluate(V=V, **AT_REST, extra=pools)

    V = brentq(lambda V: at(V).affinity, -1.0, 1.0, xtol=1e-15, rtol=1e-15)
    below, here, above = at(V - 1e-3), at(V), at(V + 1e-3)
    assert below.rate < 0 < above.rate
    assert below.affinity < 0 < above.affinity
    assert below.atp < 0  # it makes ATP
    assert abs(here.rate) < 1e-10 * above.rate
    # more ADP, or less ATP, moves the reversal up
    assert PUMP.evaluate(V=V, **AT_REST, extra={**pools, "ADP": 2 * pools.get("ADP", PUMP.ADP)}).rate < 0


def test_a_cell_with_atp_reads_its_pools_and_one_without_the_parameters() -> None:
    def cell(**changes: Any) -> ifx.Cell:
        leaks = [ifx.Leak(Na, P=4e-10), ifx.Leak(K, P=5e-9), ifx.Leak(ifx.Cl, P=1e-9)]
        return ifx.Cell.sphere(
            8e-6, C_m=0.01, V=-0.07, inside={Na: 12.0, K: 135.0, ifx.Cl: 7.0}, bath=ifx.Bath({Na: 145.0, K: 4.0, ifx.Cl: 149.0}),
            impermeant=ifx.Impermeant(), membrane=[*leaks, ifx.CyclePump(density=1e-8)], **changes,
        )  # fmt: skip

    pools = [ifx.Pool("ATP", 9.8), ifx.Pool("ADP", 0.05), ifx.Pool("Pi", 2.0)]
    held = cell(pools=pools, hold=("c_in.ATP", "c_in.ADP", "c_in.Pi")).simulate(50.0, at=[50.0], rtol=1e-10)
    alone = cell().simulate(50.0, at=[50.0], rtol=1e-10)
    assert held.V[0] == pytest.approx(alone.V[0], abs=1e-9)
    free = cell(pools=pools).simulate(3600.0, rtol=1e-8)
    # without supply it spends what there is until the cycle rests, and then the gradients make ATP as fast as the pump spends it
    assert free.c_in["ATP"][-1] < 0.05 * free.c_in["ATP"][0]
    np.testing.assert_allclose(free.c_in["ATP"] + free.c_in["ADP"], 9.85, rtol=1e-12)
    assert free.V[-1] > free.V[0]
    assert free.audit.ok


def test_the_pump_of_two_populations_at_the_rest_of_its_model() -> None:
    """54.5 pA times 0.62/(1 + (6.7/Na)^3) + 0.38/(1 + (67.6/Na)^3) is 26.105695 pA at 10.034074 mM."""
    seen = ifx.HamadaNaKATPase(J_max=54.5e-12 / 1e-9 / FARADAY).evaluate(
        V=-0.065, c_in={Na: 10.034074, K: 145.0}, c_out={Na: 152.0, K: 3.0}
    )
    assert seen.current * 1e-9 == pytest.approx(26.105695e-12, rel=1e-7)


def test_the_sigmoid_pump_at_the_rest_of_its_model() -> None:
    """rho 6.8 uA/cm2 gives I_p 0.645965778 uA/cm2 at Na 25.2290968, K_o 4.00388492 mM."""
    seen = ifx.SigmoidNaKATPase(J_max=0.068 / FARADAY).evaluate(
        V=-0.067, c_in={Na: 25.2290968, K: 129.256345}, c_out={Na: 125.0, K: 4.00388492}
    )
    assert seen.current == pytest.approx(0.645965778e-2, rel=1e-7)


def test_the_pump_of_luo_and_rudy_slows_down_with_hyperpolarisation() -> None:
    m = ifx.LuoRudyNaKATPase(J_max=1e-6, K_Na=13.0, K_K=0.2)
    V = np.array([-0.2, -0.0655, 0.0, 0.06])
    seen = m.evaluate(V=V, c_in={Na: 13.0, K: 145.0}, c_out={Na: 152.0, K: 3.0}, T=310.0)
    u = V * FARADAY / (GAS_CONSTANT * 310.0)
    f = 1 / (1 + 0.1245 * np.exp(-0.1 * u) + 0.0365 * (np.exp(152.0 / 67.3) - 1) / 7 * np.exp(-u))
    np.testing.assert_allclose(seen.rate, 1e-6 * f * 0.5 * 3.0 / 3.2, rtol=1e-13)
    assert np.all(np.diff(seen.rate) > 0)
    assert np.all(seen.dI_dV > 0)


@pytest.mark.parametrize("make", [ifx.HillNaKATPase, ifx.HamadaNaKATPase, ifx.SigmoidNaKATPase])
def test_the_rest_by_a_scalar_root_takes_any_pump_that_follows_concentrations(make: Any) -> None:
    """As with a cubic pump: the closed form with the pump's rate found by a scalar root, and what a long run comes to."""
    leaks = [ifx.Leak(Na, g=0.2), ifx.Leak(K, g=0.7), ifx.Leak(ifx.Cl, g=0.2), ifx.Water(P_f=1e-4)]
    cell = ifx.Cell.sphere(
        8e-6, C_m=0.01, V=-0.07, inside={Na: 14.0, K: 122.0, ifx.Cl: 7.0}, bath=ifx.Bath({Na: 145.0, K: 4.0, ifx.Cl: 149.0}),
        impermeant=ifx.Impermeant(), membrane=[*leaks, make(J_max=4e-7)],
    )  # fmt: skip
    closed, rest = cell.closed_form(), cell.steady_state(electroneutral=True)
    assert closed.exists
    assert rest.V == pytest.approx(closed.V, abs=1e-9)
    assert rest.c_in[Na] == pytest.approx(closed.c_in[Na], rel=1e-7)
    assert cell.simulate(2e5, at=[2e5], rtol=1e-9).V[0] == pytest.approx(cell.steady_state().V, abs=1e-8)


def test_a_pump_that_depends_on_v_or_on_pools_has_no_closed_form() -> None:
    leaks = [ifx.Leak(Na, g=0.2), ifx.Leak(K, g=0.7), ifx.Leak(ifx.Cl, g=0.2), ifx.Water(P_f=1e-4)]
    cell = ifx.Cell.sphere(
        8e-6, C_m=0.01, V=-0.07, inside={Na: 14.0, K: 122.0, ifx.Cl: 7.0}, bath=ifx.Bath({Na: 145.0, K: 4.0, ifx.Cl: 149.0}),
        impermeant=ifx.Impermeant(), membrane=[*leaks, ifx.LuoRudyNaKATPase(J_max=4e-7)],
    )  # fmt: skip
    with pytest.raises(ifx.NoClosedForm, match="depends on u"):
        cell.closed_form()


def in_a_cell(pump: ifx.Mechanism, **changes: Any) -> ifx.Cell:
    leaks = [ifx.Leak(Na, P=4e-10), ifx.Leak(K, P=5e-9), ifx.Leak(ifx.Cl, P=1e-9), ifx.Water(P_f=2e-5)]
    fields: dict[str, Any] = {
        "C_m": 0.01, "V": -0.07, "inside": {Na: 12.0, K: 135.0, ifx.Cl: 7.0}, "bath": ifx.Bath({Na: 145.0, K: 4.0, ifx.Cl: 149.0}),
        "impermeant": ifx.Impermeant(), "membrane": [*leaks, pump], "pools": [ifx.Pool("ATP", 3.0)], "hold": ("c_in.ATP",),
    }  # fmt: skip
    return ifx.Cell.sphere(8e-6, **{**fields, **changes})


@pytest.mark.parametrize(
    ("pump", "name", "values"),
    [
        (ifx.HillNaKATPase(J_max=4e-7), "n_Na", [1.0, 1.5, 3.0]),
        (ifx.HillNaKATPase(J_max=4e-7), "K_Na", [5.0, 10.0, 31.0]),
        (ifx.LuoRudyNaKATPase(J_max=4e-7), "K_K", [0.2, 1.5]),
        (ifx.SigmoidNaKATPase(J_max=4e-7), "Na_width", [1.1, 3.0, 7.0]),
        (ifx.SigmoidNaKATPase(J_max=4e-7), "K_half", [3.5, 5.5]),
        (ifx.HamadaNaKATPase(J_max=4e-7), "share", [0.0, 0.62, 1.0]),
        (ifx.ATPNaKATPase(J_max=4e-7, K_ATP=0.2), "K_ATP", [0.02, 0.2, 2.0]),
        (ifx.CyclePump(density=2e-8), "delta", [-0.3, -0.055, 0.2]),
        (ifx.CyclePump(density=2e-8), "pH", [6.5, 7.1]),
        (ifx.CyclePump(density=2e-8), "k_3_back", [1e4, 2.8e5]),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, ifx.Mechanism) else str(x),
)
def test_every_number_of_a_pump_can_be_swept_and_scheduled(pump: ifx.Mechanism, name: str, values: list[float]) -> None:
    cell, dotted = in_a_cell(pump), f"NaKATPase.{name}"
    swept = ifx.sweep(cell, {dotted: values, "T": [300.0 + i for i in range(len(values))]}, until=30.0)
    assert len({float(V) for V in swept.V}) == len(values)
    for i in range(len(values)):
        assert swept.cell(i).simulate(30.0, at=[30.0]).V[0] == swept.V[i]
    late = cell.simulate(60.0, at=[60.0], rtol=1e-10, schedule={dotted: ifx.step(30.0, to=values[-1])})
    resumed = cell.simulate(30.0, rtol=1e-10).cell_at(30.0).replace({dotted: values[-1]}).simulate(30.0, at=[30.0], rtol=1e-10)
    assert late.V[0] == pytest.approx(resumed.V[0], abs=1e-8)


@pytest.mark.parametrize("n", [1.0, 1.5, 3.0])
def test_a_pump_with_real_exponents_starts_without_anything_to_pump(n: float) -> None:
    """At [Na] = 0 inside neither the rate nor its slope is more or less than a number."""
    pump = ifx.HillNaKATPase(J_max=4e-7, n_Na=n)
    cell = in_a_cell(pump, inside={Na: 0.0, K: 147.0, ifx.Cl: 7.0}, V=-0.06)
    run = cell.simulate(60.0, rtol=1e-8, audit="full")
    assert run.current["NaKATPase"][0] < 1e-290  # of one site, by the least that a number can be told from zero
    assert run.c_in[Na][-1] > 0.1
    assert run.audit.ok
    tiny = pump.evaluate(V=0.0, c_in={Na: 1e-9, K: 140.0}, c_out={Na: 145.0, K: 4.0})
    assert tiny.rate == pytest.approx(4e-7 * (1e-9 / 10.0) ** n * 4.0 / 5.5, rel=1e-8)


def test_a_membrane_takes_one_pump_for_another_by_its_name() -> None:
    """Blocking is the same for all: they carry one label."""
    for pump in (ifx.HillNaKATPase(J_max=4e-7), ifx.CyclePump(density=2e-8), ifx.LuoRudyNaKATPase(J_max=4e-7)):
        run = in_a_cell(pump).simulate(60.0, schedule={"NaKATPase.scale": ifx.step(10.0, to=0.0)}, rtol=1e-8, audit="full")
        assert run.audit.ok
        assert run.current["NaKATPase"][0] > 0.0 == run.current["NaKATPase"][-1]
        assert run.V[-1] > run.at(10.0).V[0]
