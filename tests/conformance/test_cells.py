"""What every mechanism does to a cell: amounts, charge, volume, the Jacobian, and one lane among many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conformance.catalogue import ACTING_ON_THE_CELL, Case, cases, has_rate, some
from reference.laws import RATES, Point, water

import ionflux as ifx
from ionflux import SO4, Ca, Cl, K, Na
from ionflux.cell_runs import CellRun
from ionflux.lowering import Lowered, lower
from ionflux.mechanisms.base import ions_read
from ionflux.protocols import prepare, tolerance_values

IONS = (Na, K, Cl, Ca, SO4)
INSIDE = {Na: 12.0, K: 135.0, Cl: 9.0, Ca: 0.02, SO4: 1.5}
every = pytest.mark.parametrize("case", some(cases(2), of_each_class=True))


#: ions that only some mechanisms move: inside, outside, mol/m^3
RARE = {"H": (6e-5, 4e-5), "HCO3": (12.0, 24.0), "Glutamate": (5.0, 1e-3)}
POOLS = {"ATP": 3.0, "ADP": 0.2, "Pi": 2.0}


def cell_with(m: ifx.Mechanism | None, pools: bool = False, **changes: Any) -> ifx.Cell:
    """A cell of five ions whose Goldman leaks keep it alive, with one mechanism more and what it needs; `pools` with what it may read."""
    read = {"c_in": set[str](), "c_out": set[str]()} if m is None else ions_read(m, needed=not pools)
    rare = {ion: RARE[ion.name] for ion in (m.moves if m is not None else ()) if ion.name in RARE}
    leaks: list[Any] = [ifx.Leak(ion, P=P, label=f"way_{ion.name}") for ion, P in zip(IONS, (2e-10, 4e-9, 3e-9, 1e-12, 1e-11), strict=True)]
    leaks += [ifx.Leak(ion, P=1e-9, label=f"way_{ion.name}") for ion in rare]
    fixed = m is not None and m.fixed
    fields: dict[str, Any] = {
        "area": 7e-10,
        "volume": 1.8e-15,
        "C_m": 0.01,
        "T": 305.0,
        "V": None if isinstance(m, ifx.VoltageClamp) else -0.06,
        "inside": INSIDE | {ion: c for ion, (c, _) in rare.items()},
        "bath": ifx.Bath(
            {Na: 140.0, K: 4.0, Cl: 145.6 + sum(ion.z * c for ion, (_, c) in rare.items()), Ca: 1.8, SO4: 1.0}
            | {ion: c for ion, (_, c) in rare.items()},
            osmolyte=10.0,
        ),
        "pools": [
            ifx.Pool(name, c)
            for name, c in POOLS.items()
            if name in read["c_in"] or (name == "ATP" and m is not None and m.per == "volume")
        ],
        "impermeant": ifx.Impermeant(),
        "membrane": [*leaks, *([] if m is None else [m]), *([] if isinstance(m, ifx.Water) else [ifx.Water(P_f=2e-5)])],
        "hold": tuple(f"c_in.{m.ion.name}" for m in [m] if fixed and isinstance(m, ifx.Leak | ifx.Channel)),
    }
    if m is not None and m.within:
        fields["pools"] = (ifx.Store("ER", 0.3, fraction=0.1, capacity=20.0), ifx.Pool("ATP", 3.0))
    if m is not None and m.outside:
        fields |= {"outside_volume": 6e-16, "pools": (ifx.Pool("glial_buffer", 300.0, side="out"),)}
    return ifx.Cell(**{**fields, **changes})


def states(lowered: Lowered, rng: np.random.Generator, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """States around the start: amounts within a few per cent, charge within 100 mV."""
    y0 = np.array(lowered.initial(lowered.defaults), dtype=float)
    y = y0 * rng.uniform(0.97, 1.03, (count, len(y0)))
    for k, name in enumerate(lowered.state_names):
        if name == "charge":
            cell = lowered.cell
            y[:, k] = cell.C_m * cell.area / cell.faraday * rng.uniform(-0.1, 0.05, count)
        elif name.startswith("gate."):
            y[:, k] = rng.uniform(0.0, 1.0, count)
        elif name == "electrode":
            y[:, k] = 1e-3 * rng.uniform(-1, 1, count) * cell_charge(lowered)
    return y


def cell_charge(lowered: Lowered) -> float:
    return lowered.cell.C_m * lowered.cell.area / lowered.cell.faraday * 0.06


def look(lowered: Lowered, names: list[str], y: Any) -> dict[str, Any]:
    base = np.array(lowered.parameters(lowered.defaults), dtype=float)
    return lowered.observe(names, y, base, np.empty(0, np.intc), np.empty((len(y), 0)))


def at_rest(lowered: Lowered, y: Any) -> Any:
    """The states with every gate at its steady value, where the twins have them."""
    gates = [k for k, name in enumerate(lowered.state_names) if name.startswith("gate.")]
    steady = look(lowered, ["steady" + lowered.state_names[k][4:] for k in gates], y)
    y[:, gates] = np.array(list(steady.values())).reshape(len(gates), len(y)).T
    return y


def derivatives(lowered: Lowered, y: Any) -> tuple[Any, Any]:
    return lowered.derivatives(y, np.array(lowered.parameters(lowered.defaults), dtype=float))


@pytest.mark.parametrize("case", some(cases(2, has_rate)))
def test_a_cell_gains_what_its_mechanism_moves(case: Case) -> None:
    """The derivative of every amount and of the charge, with and without the mechanism, differs by stoichiometry x rate of the twin."""
    m = case.mechanism
    cell = cell_with(m, case.way == "pools")
    # scale 0 leaves the same states; the difference is the mechanism's own
    blocked = cell.replace({f"{m.name}.scale": 0.0})
    y = at_rest(lower(cell), states(lower(cell), case.rng, 20))
    gained = derivatives(lower(cell), y)[0] - derivatives(lower(blocked), y)[0]
    total = np.abs(derivatives(lower(cell), y)[0]) + np.abs(derivatives(lower(blocked), y)[0])
    names = lower(cell).state_names
    inside = [*(ion.name for ion in cell.ions), *(pool.name for pool in cell.extra_pools)]
    seen = look(lower(cell), [f"c_in.{name}" for name in inside] + ["V"], y)
    at = Point(
        seen["V"],
        {name: seen[f"c_in.{name}"] for name in inside},
        {ion.name: np.full(20, cell.bath[ion]) for ion in cell.bath},
        cell.T,
        area=cell.area,
    )
    whole = cell.area if m.per == "area" else seen["V"] * 0 + look(lower(cell), ["volume"], y)["volume"]
    rate, size = (whole * x for x in RATES[case.cls.__name__](m, at))
    split = m.uses.get("ATP", 0)  # into ADP and phosphate
    for k, name in enumerate(names):
        kind, _, ion_name = name.partition(".")
        nu = {ion.name: n for ion, n in m.moves.items()} | {"ATP": -split, "ADP": split, "Pi": split}
        count = nu.get(ion_name, 0) if kind == "amount" else m.charge if kind == "charge" else 0
        if kind == "electrode":
            count = 0 if m.moves or m.fixed else m.charge
        np.testing.assert_array_less(np.abs(gained[:, k] - count * rate), 1e-13 * (abs(count) * size + total[:, k]) + 1e-300, err_msg=name)


@every
def test_jacobian_is_the_derivative_of_the_right_hand_side(case: Case) -> None:
    """Central differences of fourth order, which leave about 1e-11 of a column."""
    lowered = lower(cell_with(case.mechanism, case.way == "pools"))
    y = states(lowered, case.rng, 6)
    _, J = derivatives(lowered, y)
    n = y.shape[1]
    unit = np.abs(y) + np.array([cell_charge(lowered) if name in ("charge", "electrode") else 0.0 for name in lowered.state_names])
    for j in range(n):
        h = 1e-3 * unit[:, j]

        def shifted(steps: float, j: int = j, h: Any = h) -> Any:
            moved = y.copy()
            moved[:, j] += steps * h
            return derivatives(lowered, moved)[0]

        slope = (8 * (shifted(1) - shifted(-1)) - (shifted(2) - shifted(-2))) / (12 * h[:, None])
        scale = np.max(np.abs(J * unit[:, None, :]), axis=2) / unit[:, j, None]
        assert np.all(np.abs(J[:, :, j] - slope) <= 1e-8 * scale), lowered.state_names[j]


@every
def test_a_lane_of_a_sweep_has_the_bits_of_the_cell_alone(case: Case) -> None:
    """In whichever lane and whatever its neighbours are."""
    cell = cell_with(case.mechanism, case.way == "pools")
    P, alike = np.geomspace(1e-9, 1e-8, 9), (0, 4, 8)
    P[list(alike)] = cell.parameters()["way_K.P"].value
    many = ifx.sweep(cell, {"way_K.P": P}, until=20.0)
    assert np.all(many.status == ifx.Status.OK)
    one = cell.simulate(20.0, at=[20.0])
    for i in alike:
        assert one.V[-1] == many.V[i]
        assert one.volume[-1] == many.volume[i]
        for ion in IONS:
            assert one.c_in[ion][-1] == many.c_in[ion][i]


HOSTILE = [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e300, -1e300]


@pytest.mark.parametrize("case", some(cases(1), of_each_class=True))
def test_hostile_states_end_with_a_status_and_never_as_silent_nonsense(case: Case) -> None:
    cell = cell_with(case.mechanism, case.way == "pools")
    protocol = prepare(cell, 60.0, {}, tolerance_values(1e-6, None))
    names = protocol.lowered.state_names
    for j, name in enumerate(names):
        for value in HOSTILE:
            run = CellRun(protocol, 1e-6, np.array([60.0]))
            run.arrays["y"][0, j] = value
            run.go(lambda t: None)
            status = ifx.Status(int(run.arrays["status"][0]))
            if not np.isfinite(value):
                assert status in (ifx.Status.NOT_FINITE, ifx.Status.BAD_INPUT), (name, value, status)
            if status is ifx.Status.OK:
                end = run.arrays["y"]
                assert np.all(np.isfinite(end)), (name, value)
                seen = look(protocol.lowered, [f"c_in.{ion.name}" for ion in IONS] + ["V", "volume"], end)
                assert all(seen[f"c_in.{ion.name}"][0] >= 0.0 for ion in IONS), (name, value)
                assert seen["volume"][0] > 0.0
                assert np.isfinite(seen["V"][0])


# ------------------------------------------------------------------------------------------- what has no rate of its own


def test_what_acts_on_the_cell_has_its_tests_below() -> None:
    below = {"Water", "VoltageClamp", "BathExchange", "GlialUptake", "GlialBuffer"}
    assert below <= ACTING_ON_THE_CELL
    for name in ACTING_ON_THE_CELL - below:  # buffers, stores, synapses, metabolism and averages have files of their own
        assert any(f"ifx.{name}(" in page.read_text() for page in (Path(__file__).parents[1] / "verification").glob("test_*.py")), name


MANY = 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize("case", [c for c in cases(1) if c.cls is ifx.Water], ids=str)
def test_water_follows_the_difference_of_osmolarity_in_a_million_states(case: Case) -> None:
    m = case.mechanism
    cell = cell_with(m)
    lowered = lower(cell)
    y = np.tile(states(lowered, case.rng, 1000), (MANY // 1000, 1)) if not m.instant else states(lowered, case.rng, 1000)
    if not m.instant:
        y[:, lowered.state_names.index("volume")] *= case.rng.uniform(0.5, 1.6, MANY)
    seen = look(lowered, ["osmolarity_in", "osmolarity_out", "volume"], y)
    inside, outside = seen["osmolarity_in"], seen["osmolarity_out"]
    np.testing.assert_allclose(outside, cell.bath.osmolarity, rtol=1e-15)
    if m.instant:
        assert "volume" not in lowered.state_names
        np.testing.assert_allclose(inside, outside, rtol=1e-14)
        # w = all that is inside over what is outside
        amounts = look(lowered, [f"amount.{ion.name}" for ion in IONS], y)
        solutes = sum(amounts.values()) + sum(n for _, n in cell.start.impermeants)
        np.testing.assert_allclose(seen["volume"], solutes / outside, rtol=1e-13)
        return
    dw = derivatives(lowered, y)[0][:, lowered.state_names.index("volume")]
    np.testing.assert_allclose(dw, water(m, inside, outside, cell.area), rtol=1e-12, atol=1e-15 * np.max(np.abs(dw)))
    assert np.all(dw * (inside - outside) >= 0.0)
    assert np.count_nonzero(dw > 0) > MANY // 100 < np.count_nonzero(dw < 0)
    # and none moves between equal osmolarities
    for row in y[:50]:
        volume = row[lowered.state_names.index("volume")]
        equal = row.copy()
        equal[lowered.state_names.index("volume")] = volume * float(
            look(lowered, ["osmolarity_in"], row[None])["osmolarity_in"][0] / outside[0]
        )
        still = derivatives(lowered, equal[None])[0][0, lowered.state_names.index("volume")]
        assert abs(still) <= 1e-15 * abs(water(m, outside[0], 0.0, cell.area))


@pytest.mark.parametrize("scale", [0.0, 0.4])
def test_scale_multiplies_the_flow_of_water(scale: float) -> None:
    for m in (ifx.Water(P_f=3e-5), ifx.Water(hydraulic=1e-20)):
        cell = cell_with(m)
        other = cell.replace({"Water.scale": scale})
        y = states(lower(cell), np.random.default_rng(5), 10)
        at = lower(cell).state_names.index("volume")
        np.testing.assert_allclose(derivatives(lower(other), y)[0][:, at], scale * derivatives(lower(cell), y)[0][:, at], rtol=1e-14)


@pytest.mark.parametrize("case", [c for c in cases(3) if c.cls is ifx.VoltageClamp], ids=str)
def test_a_voltage_clamp_holds_v_and_its_current_is_what_that_takes(case: Case) -> None:
    """V is exact at every time; the electrode brings the charge that all mechanisms carry away, so the books balance."""
    m = case.mechanism
    cell = cell_with(m)
    run = cell.simulate(600.0, rtol=1e-9, audit="full")
    np.testing.assert_array_equal(run.V, m.V)
    out = sum(run.current[label] for label in run.current if label != m.name)
    np.testing.assert_allclose(run.current[m.name], -out, rtol=1e-12, atol=1e-12)
    assert run.audit.ok, run.audit
    t = np.linspace(0.0, 600.0, 2001)
    seen, middle = run.at(t), run.at((t[1:] + t[:-1]) / 2)
    I, between = seen.current[m.name], middle.current[m.name]
    brought = -cell.area * np.sum((I[1:] + I[:-1] + 4 * between) / 6 * np.diff(t))
    if m.carrier is None:
        assert run.electrode_charge[-1] - run.electrode_charge[0] == pytest.approx(brought, rel=1e-6)
    else:
        np.testing.assert_array_equal(run.electrode_charge, run.electrode_charge[0])


@pytest.mark.parametrize("carrier", [None, K, Cl], ids=str)
def test_a_current_clamp_charges_the_membrane_and_brings_its_carrier(carrier: ifx.IonSpecies | None) -> None:
    """Positive into the cell: V rises at I/(C A), whatever carries it; the carrier's amount changes by I t/(z F), or none does."""
    I, t = 2e-11, 1e-4
    clamp = ifx.CurrentClamp(I, carrier=carrier)
    with_current, without = (cell_with(clamp).replace({"CurrentClamp.scale": s}).simulate(t, at=[t], rtol=1e-10) for s in (1.0, 0.0))
    cell = with_current.cell
    assert with_current.V[-1] - without.V[-1] == pytest.approx(I * t / (cell.C_m * cell.area), rel=2e-2)  # leaks answer within 1e-4 s
    for ion in IONS:
        brought = with_current.amount[ion][-1] - without.amount[ion][-1]
        want = I * t / (ion.z * cell.faraday) if ion == carrier else 0.0
        assert brought == pytest.approx(want, abs=3e-3 * I * t / cell.faraday), ion
    assert with_current.electrode_charge[-1] == pytest.approx(0.0 if carrier else I * t, rel=1e-12, abs=1e-30)
    assert with_current.current["CurrentClamp"][-1] == pytest.approx(I / cell.area)


def bath_exchange(m: Any, K_out: Any, free: Any) -> Any:
    return m.rate * (m.c - K_out)


def glial_uptake(m: Any, K_out: Any, free: Any) -> Any:
    return -m.G / (1 + np.exp((m.c_half - K_out) / m.width))


def glial_buffer(m: Any, K_out: Any, free: Any) -> Any:
    """Per volume outside, with bound = B_0 - free: released k bound, taken up k_2 K free, k_2 = k/(1 + e^((15 - K)/1.09))."""
    return m.k * (m.B_0 - free) - m.k / (1 + np.exp((m.c_half - K_out) / m.width)) * K_out * free


SURROUNDINGS = {ifx.BathExchange: bath_exchange, ifx.GlialUptake: glial_uptake, ifx.GlialBuffer: glial_buffer}


@pytest.mark.parametrize("case", [c for c in cases(3) if c.cls in SURROUNDINGS], ids=str)
def test_what_acts_outside_changes_the_solution_there_and_nothing_else(case: Case) -> None:
    m = case.mechanism
    cell = cell_with(m)
    lowered, blocked = lower(cell), lower(cell.replace({f"{m.name}.scale": 0.0}))
    y = states(lowered, case.rng, 50)
    names = lowered.state_names
    y[:, names.index("amount_out.K")] *= case.rng.uniform(0.3, 15.0, 50)
    gained = derivatives(lowered, y)[0] - derivatives(blocked, y)[0]
    size = np.abs(derivatives(blocked, y)[0])
    seen = look(lowered, ["c_out.K", "c_out.glial_buffer"], y)
    want = SURROUNDINGS[case.cls](m, seen["c_out.K"], seen["c_out.glial_buffer"]) * cell.outside_volume
    for k, name in enumerate(names):
        own = 1.0 if name == "amount_out.K" else 1.0 if name == "amount_out.glial_buffer" and m.uses else 0.0
        assert np.all(np.abs(gained[:, k] - own * want) <= 1e-12 * (np.abs(want) + size[:, k])), name


def test_a_bath_brings_back_what_was_taken_and_the_books_say_who_did_it() -> None:
    cell = cell_with(ifx.BathExchange(K, rate=0.5, c=4.0)).replace({"bath.K.with_Na": 9.0})
    run = cell.simulate(20.0, at=[0.0, 1.0, 20.0])
    assert run.c_out[K][1] == pytest.approx(4.0 + 5.0 * np.exp(-0.5), rel=1e-2)  # the cell gives about half a per cent
    assert run.c_out[K][2] == pytest.approx(4.0, abs=0.2)  # leak over exchange
    assert "BathExchange" in run.audit.unaccounted
    assert run.audit.ok
