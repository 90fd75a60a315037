"""Every way to state a cell, combined at random, against a slow twin that reads the same description."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from drawn import first
from reference.whole_cell import WholeCell

import ionflux as ifx
from ionflux import Cl, K, Na

IONS = (Na, K, Cl)
TIMES = [0.002, 0.05, 3.0, 120.0, 1200.0]


def ways(rng: np.random.Generator) -> list[Any]:
    """Leaks of either law for every ion, cotransporters, one of the pumps."""
    leaks: list[Any] = []
    for ion, g, P in ((Na, 0.1, 3e-10), (K, 1.0, 4e-9), (Cl, 0.5, 2e-9)):
        factor = float(np.exp(rng.uniform(-1, 1)))
        leaks.append(ifx.Leak(ion, g=g * factor) if rng.random() < 0.5 else ifx.Leak(ion, P=P * factor))
    pump = [
        ifx.ConstantNaKATPase(J_max=2e-8),
        ifx.CubicNaKATPase(J_max=5e-5),
        ifx.LinearNaKATPase(k=1e-9),
        ifx.NaKATPase(J_max=3e-7, K_Na=12.0),
    ][rng.integers(4)]
    more = [
        m
        for m in (ifx.KCC2(g=0.2), ifx.NKCC1(g=0.02), ifx.CurrentClamp(i=2e-3), ifx.CurrentClamp(1e-12, carrier=K, label="carried"))
        if rng.random() < 0.35
    ]
    return [*leaks, pump, *more]


def describe(seed: int) -> ifx.Cell:
    rng = np.random.default_rng([23, seed])
    potential = ["charge", "charge", "electroneutral", "current"][rng.integers(4)]
    membrane = ways(rng)
    if potential == "electroneutral":  # no capacitor to keep what an electrode without a carrier brings
        membrane = [m for m in membrane if m.name != "CurrentClamp"]
    water = [ifx.Water(P_f=2e-5), ifx.Water(hydraulic=2e-19), ifx.Water(instant=True), None][rng.integers(4)]
    clamped = potential != "electroneutral" and rng.random() < 0.2
    if clamped:
        membrane = [m for m in membrane if not isinstance(m, ifx.CurrentClamp)]
        membrane.append(ifx.VoltageClamp(-0.05, carrier=[None, K, Cl][rng.integers(3)] if potential == "charge" else None))
    fields: dict[str, Any] = {
        "area": 7e-10,
        "volume": 1.8e-15,
        "C_m": 0.01,
        "T": rng.uniform(290, 312),
        "inside": {Na: rng.uniform(8, 25), K: rng.uniform(110, 140), Cl: rng.uniform(5, 20)},
        "bath": ifx.Bath({Na: 140.0, K: 5.0, Cl: 140.0}, osmolyte=10.0, impermeant=ifx.Impermeant(z=-1, c=5.0)),
        "impermeant": ifx.Impermeant(),
        "membrane": [*membrane, *([] if water is None else [water])],
        "potential": potential,
        "area_law": ["fixed", "sphere"][rng.integers(2)],
        "constants": [None, ifx.Constants(F=96480.0, RT_F=0.0258)][rng.integers(2)],
    }
    circular = clamped and membrane[-1].carrier is not None and water is not None and bool(water.instant)
    if potential == "current" or circular:  # see below
        fields["area_law"] = "fixed"
    if potential != "electroneutral" and not clamped:
        fields["V"] = rng.uniform(-0.08, -0.03)
    if rng.random() < 0.5:
        fields["outside_volume"] = rng.uniform(3, 20) * 1.8e-15
        if water is not None and rng.random() < 0.5:
            fields["volume_law"] = "conserved"
    instant = water is not None and bool(water.instant)
    pools: list[Any] = []
    if rng.random() < 0.4:
        pools += [ifx.Pool("ATP", 60.0), ifx.Pool("ADP", 0.3)]
    choice = rng.random()
    if not clamped and not instant and choice < 0.2:
        fields["hold"] = (["c_in.Na", "c_in.K", "c_in.Cl"][rng.integers(3)],)
    elif not clamped and not instant and choice < 0.35 and potential != "electroneutral":
        pools.append(ifx.Slaved("c_in.K", fields["inside"][Na] + fields["inside"][K], {"c_in.Na": -1.0}))
    if pools:
        fields["pools"] = pools
    return ifx.Cell(**fields)


def outline(cell: ifx.Cell) -> str:
    water = cell.water
    parts = [cell.potential, "rigid" if water is None else water.strength, cell.area_law]
    parts += [cell.volume_law + " outside"] if cell.outside_volume is not None else []
    parts += [*sorted(cell.held), *(f"{name} slaved" for name in sorted(cell.slaved))]
    parts += ["clamped"] if cell.clamp is not None else []
    return ", ".join([*parts, *(m.name for m in cell.mechanisms)])


SEEDS = first(10, range(150))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cell_does_what_its_description_says(seed: int) -> None:
    cell = describe(seed)
    what = outline(cell)
    # a clamp may empty its cell of the carrier within half a minute
    times = TIMES if cell.clamp is None else [*TIMES[:3], 8.0]
    want = WholeCell(cell).integrate(times)
    run = cell.simulate(times[-1], at=times, rtol=1e-8)
    for i, seen in enumerate(want):
        at = f"{what}; t = {times[i]} s"
        assert float(run.V[i]) == pytest.approx(seen.V, abs=3e-7), at
        assert float(run.volume[i]) == pytest.approx(seen.volume, rel=1e-6), at
        assert float(run.area[i]) == pytest.approx(seen.area, rel=1e-6), at
        for ion in IONS:
            assert float(run.c_in[ion][i]) == pytest.approx(seen.c_in[ion.name], rel=1e-6), (ion, at)
            assert float(run.c_out[ion][i]) == pytest.approx(seen.c_out[ion.name], rel=1e-6), (ion, at)
        for pool in cell.extra_pools:
            assert float(run.c_in[pool.name][i]) == pytest.approx(seen.c_in[pool.name], rel=1e-6), (pool.name, at)
        if cell.outside_volume is not None:
            assert float(run.volume_out[i]) == pytest.approx(seen.volume_out, rel=1e-6), at
        if cell.clamp is None and not cell.held and not cell.slaved:
            assert float(run.electrode_charge[i]) == pytest.approx(seen.electrode * cell.faraday, rel=1e-6, abs=1e-22), at


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lane_of_a_sweep_has_the_bits_of_the_cell_alone(seed: int) -> None:
    cell = describe(seed)
    leak = cell.mechanisms[0]
    name = f"{leak.name}.{leak.strength}"
    sizes = cell.parameters()[name].value * np.array([1.0, 1.1, 1.3, 0.9, 0.8])
    many = ifx.sweep(cell, {name: sizes}, until=8.0)
    for i in (0, 3):
        one = cell.replace({name: float(sizes[i])}).simulate(8.0, at=[8.0])
        assert one.V[-1] == many.V[i], outline(cell)
        assert one.volume[-1] == many.volume[i], outline(cell)
        for ion in IONS:
            assert one.c_in[ion][-1] == many.c_in[ion][i], outline(cell)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_explicit_pair_gives_the_same_answer(seed: int) -> None:
    cell = describe(seed)
    if cell.potential == "electroneutral":
        with pytest.raises(ifx.InputError, match="implicit"):
            cell.simulate(3.0, method="explicit")
        return
    runs = [cell.simulate(3.0, at=[0.01, 3.0], rtol=1e-9, method=method) for method in ("implicit", "explicit")]
    # where the charge holds V the tolerance of a step is 4 nV, and the pair stands at the limit of its stability for thousands of steps
    np.testing.assert_allclose(runs[1].V, runs[0].V, rtol=0, atol=5e-8, err_msg=outline(cell))
    for ion in IONS:
        np.testing.assert_allclose(runs[1].c_in[ion], runs[0].c_in[ion], rtol=2e-8, err_msg=outline(cell))


def test_the_draws_reach_every_way_to_state_a_cell() -> None:
    """The plain and the slow seeds together: every potential, water, area and outside law, held, slaved, pools, clamps, mechanisms."""
    cells = [describe(seed) for seed in range(150)]
    assert {c.potential for c in cells} == {"charge", "electroneutral", "current"}
    assert {None if c.water is None else c.water.strength for c in cells} == {"P_f", "hydraulic", "instant", None}
    assert {(c.area_law, c.outside_volume is None, c.volume_law) for c in cells} >= {
        ("sphere", False, "conserved"),
        ("sphere", False, "fixed"),
    }
    assert any(c.held for c in cells)
    assert any(c.slaved for c in cells)
    assert any(c.extra_pools for c in cells)
    assert {c.clamp.carrier for c in cells if c.clamp is not None} == {None, K, Cl}
    assert len({type(m) for c in cells for m in c.mechanisms}) == 8


def spherical(**changes: Any) -> ifx.Cell:
    """A cell of which only water can change the volume, in a bath that makes it swell."""
    fields: dict[str, Any] = {
        "area": 7e-10,
        "volume": 1.8e-15,
        "C_m": 0.01,
        "V": -0.07,
        "inside": {Na: 10.0, K: 130.0, Cl: 10.0},
        "bath": ifx.Bath({Na: 100.0, K: 5.0, Cl: 105.0}),
        "impermeant": ifx.Impermeant(c=100.0),
        "membrane": [ifx.Leak(K, P=0.0), ifx.Water(P_f=2e-5)],
        "area_law": "sphere",
    }
    return ifx.Cell(**{**fields, **changes})


def test_where_v_follows_from_the_charge_a_larger_membrane_holds_it_at_less_potential() -> None:
    run = spherical().simulate(600.0)
    assert run.area[-1] > 1.05 * run.area[0]
    np.testing.assert_allclose(run.V * run.area, run.V[0] * run.area[0], rtol=1e-12)


def test_where_v_is_a_state_of_its_own_it_stays_while_no_current_flows() -> None:
    """potential="current": C dV/dt = -sum of currents per area, whatever the area does."""
    run = spherical(potential="current").simulate(600.0)
    assert run.area[-1] > 1.05 * run.area[0]
    np.testing.assert_allclose(run.V, -0.07, rtol=1e-12)


def test_a_carrier_of_a_clamp_follows_the_area_of_the_membrane() -> None:
    """V is held while the membrane grows: the carrier brings the charge that the larger capacitor takes, C dA V/(z F)."""
    clamp = ifx.VoltageClamp(-0.06, carrier=Cl)
    cell = spherical(V=None, membrane=[ifx.Leak(K, P=0.0), ifx.Water(P_f=2e-5), clamp], impermeant=ifx.Impermeant())
    run = cell.simulate(600.0, audit="full")
    assert run.audit.ok, run.audit
    brought = run.amount[Cl][-1] - run.amount[Cl][0]
    # a difference of amounts of which it is 1e-5: 1e-10 of it is round-off
    assert brought == pytest.approx(-cell.C_m * (run.area[-1] - run.area[0]) * -0.06 / cell.faraday, rel=1e-8)


def test_what_would_define_itself_is_refused() -> None:
    cell = spherical(
        V=None, membrane=[ifx.Leak(K, P=1e-9), ifx.Water(instant=True), ifx.VoltageClamp(-0.06, carrier=K)], impermeant=ifx.Impermeant()
    )
    with pytest.raises(ifx.ModelError, match=r"carrier=, area_law='sphere' and Water\(instant=True\)"):
        cell.simulate(1.0)


def test_a_potential_that_depends_on_the_way_has_no_determined_rest() -> None:
    with pytest.raises(ifx.ModelError, match="follow the cell in time"):
        spherical(potential="current").steady_state()


def test_a_potential_by_currents_starts_where_it_is_given_whatever_the_volume_of_the_start() -> None:
    run = spherical(potential="current", impermeant=ifx.Impermeant(z=-1.0, c=130.0, amount_factor=1.4)).simulate(1.0, at=[0.0, 1.0])
    np.testing.assert_allclose(run.V, -0.07, rtol=1e-12)
