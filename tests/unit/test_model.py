"""The tables are those of a graph: several cells in one solution; and starts that are no numbers end with a status."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Bath, Cell, Cl, CubicNaKATPase, Impermeant, K, Leak, Na, NaKATPase, Water
from ionflux._dispatch import kernels
from ionflux.lowering import lower
from ionflux.lowering.beginnings import start_values, values_of_members
from ionflux.lowering.model import Model

IONS = (Na, K, Cl)
BATH = Bath({Na: 145.0, K: 5.0, Cl: 150.0}, osmolyte=5.0)
OUTSIDE = 6e-15


def first(**changes: Any) -> Cell:
    given: dict[str, Any] = {
        "area": 7e-10,
        "volume": 1.75e-15,
        "C_m": 0.01,
        "V": -0.07,
        "inside": {Na: 10.0, K: 140.0, Cl: 10.0},
        "bath": BATH,
        "impermeant": Impermeant(c=140.0),
        "membrane": [Leak(Na, g=0.1), Leak(K, g=1.0), Leak(Cl, g=0.5), NaKATPase(J_max=1e-6), Water(P_f=2e-5)],
        "outside_volume": OUTSIDE,
        "volume_law": "conserved",
    }
    return Cell(**{**given, **changes})


def second(**changes: Any) -> Cell:
    """Another kind of cell: other sizes, Goldman leaks, another pump, Na the ion that is most abundant inside."""
    given: dict[str, Any] = {
        "area": 3e-10,
        "volume": 0.6e-15,
        "V": -0.02,
        "inside": {Na: 80.0, K: 60.0, Cl: 60.0},
        "impermeant": Impermeant(c=100.0),
        "membrane": [Leak(Na, P=1e-9), Leak(K, P=1e-8), Leak(Cl, P=5e-9), CubicNaKATPase(J_max=1e-5), Water(P_f=1e-5)],
    }
    return first(**{**given, **changes})


class Together:
    """Cells of one model, straight through the kernel."""

    def __init__(self, members: dict[str, Cell], until: float, samples: int = 41) -> None:
        self.members, self.model = members, Model(members)
        tables, registers = self.model.program.finish(wanted=self.model.observables.values())
        tables.pop("pattern")
        values: dict[str, Any] = {f"{x}{name}": p.value for x, cell in members.items() for name, p in cell.parameters().items()}
        values |= values_of_members(members)
        self.base = np.array([slot.formula(values) for slot in self.model.slots], dtype=float)
        y = np.array([self.model.initial(values)], dtype=float)
        self.t = np.linspace(0.0, until, samples)
        self.plan = kernels.Plan(tables)
        arrays: dict[str, Any] = {
            "y": y,
            "t": np.zeros(1),
            "h": np.zeros((1, 3)),
            "status": np.full(1, kernels.PENDING, np.intc),
            "steps": np.zeros(1, np.longlong),
            "rejected": np.zeros(1, np.longlong),
            "sample": np.zeros(1, np.longlong),
            "base": self.base,
            "vary_slot": np.empty(0, np.intc),
            "vary": np.empty((1, 0)),
            "segment_start": np.zeros(1),
            "segment_end": np.array([until]),
            "sched_slot": np.empty(0, np.intc),
            "sched": np.empty((1, 1, 0, 2)),
            "sample_time": self.t,
            "out": np.empty((1, samples, y.shape[1])),
            "record": np.empty((0, 2 + 5 * y.shape[1])),
        }
        kernels.Run(self.plan, arrays, 1e-9).work(False)
        assert arrays["status"][0] == ifx.Status.OK
        self._states, self._registers = arrays["out"][0], registers

    def __getitem__(self, name: str) -> Any:
        out = np.empty((1, len(self.t)))
        want = np.array([self._registers[self.model.observables[name]]], np.intc)
        none = np.empty(0, np.intc)
        self.plan.evaluate(np.ascontiguousarray(self._states), self.base, none, np.empty((len(self.t), 0)), want, out)
        return out[0]


@pytest.mark.parametrize("law", ["conserved", "fixed"])
def test_two_cells_in_one_solution_share_every_ion_and_the_water(law: str) -> None:
    run = Together({"a.": first(volume_law=law), "b.": second(volume_law=law)}, 7200.0)
    for ion in IONS:
        inside = sum(run[f"{x}c_in.{ion.name}"] * run[f"{x}volume"] for x in ("a.", "b."))
        outside = run[f"a.c_out.{ion.name}"] * run["a.volume_out"]
        want = float(sum(c.start.amount[ion] for c in (first(), second())) + BATH[ion] * OUTSIDE)
        np.testing.assert_allclose(inside + outside, want, rtol=1e-12)
        np.testing.assert_array_equal(run[f"a.c_out.{ion.name}"], run[f"b.c_out.{ion.name}"])
        assert abs(run[f"a.c_out.{ion.name}"][-1] / BATH[ion] - 1) > 5e-4
    water = run["a.volume"] + run["b.volume"] + run["a.volume_out"]
    if law == "conserved":
        np.testing.assert_allclose(water, 1.75e-15 + 0.6e-15 + OUTSIDE, rtol=1e-12)
    else:
        np.testing.assert_allclose(run["a.volume_out"], OUTSIDE, rtol=1e-15)
    # each keeps its own charge
    for x, cell in run.members.items():
        net = sum(ion.z * run[f"{x}amount.{ion.name}"] for ion in IONS) + sum(z * n for z, n in cell.start.impermeants)
        np.testing.assert_allclose(run[f"{x}V"], cell.faraday * net / (cell.C_m * cell.area), atol=1e-8)


def test_a_cell_beside_its_own_like_is_one_cell_with_half_the_solution() -> None:
    both = Together({"a.": first(), "b.": first()}, 3600.0)
    alone = first(outside_volume=OUTSIDE / 2).simulate(3600.0, at=both.t, rtol=1e-9)
    for x in ("a.", "b."):
        np.testing.assert_allclose(both[f"{x}V"], alone.V, atol=1e-8)
        np.testing.assert_allclose(both[f"{x}volume"], alone.volume, rtol=1e-8)
        np.testing.assert_allclose(both[f"{x}c_in.Na"], alone.c_in[Na], rtol=1e-7)
    np.testing.assert_allclose(both["a.c_out.K"], alone.c_out[K], rtol=1e-7)


def test_far_from_each_other_cells_do_not_notice() -> None:
    """In a large solution each does what it does by itself."""
    ocean = 1e-7
    both = Together({"a.": first(outside_volume=ocean), "b.": second(outside_volume=ocean)}, 3600.0)
    for x, cell in {"a.": first(outside_volume=None, volume_law="fixed"), "b.": second(outside_volume=None, volume_law="fixed")}.items():
        alone = cell.simulate(3600.0, at=both.t, rtol=1e-9)
        np.testing.assert_allclose(both[f"{x}V"], alone.V, atol=1e-6)
        np.testing.assert_allclose(both[f"{x}c_in.Na"], alone.c_in[Na], rtol=1e-5)


def test_one_cell_with_a_prefix_has_the_bits_of_the_cell_without() -> None:
    run = Together({"a.": first()}, 3600.0)
    alone = first().simulate(3600.0, at=run.t, rtol=1e-9, atol={"c": 1e-9, "V": 1e-6, "volume": 1e-9})
    np.testing.assert_array_equal(run["a.V"], alone.V)
    np.testing.assert_array_equal(run["a.c_out.K"], alone.c_out[K])


def test_a_held_ion_of_one_cell_is_counted_outside_for_both() -> None:
    run = Together({"a.": first(hold=("c_in.Cl",)), "b.": second()}, 3600.0)
    np.testing.assert_allclose(run["a.c_in.Cl"], 10.0, rtol=1e-14)
    for ion in (Na, K):
        inside = sum(run[f"{x}c_in.{ion.name}"] * run[f"{x}volume"] for x in ("a.", "b."))
        total = inside + run[f"a.c_out.{ion.name}"] * run["a.volume_out"]
        assert float(np.ptp(total)) <= 1e-12 * float(total[0])
    # Cl: what b has and what is outside change by what a's membrane passes
    total = run["b.c_in.Cl"] * run["b.volume"] + run["a.c_out.Cl"] * run["a.volume_out"]
    rate = -run["a.rate.leak_Cl"]
    h = float(run.t[1] - run.t[0])
    passed = np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2 * h)])
    # but for the first seconds, which these samples do not resolve
    np.testing.assert_allclose((total - total[1])[2:], (passed - passed[1])[2:], rtol=0.02)


def test_names_of_states_and_values_carry_the_prefix_of_their_cell() -> None:
    members = {"a.": first(), "b.": second()}
    model = Model(members)
    assert {name[:2] for name in model.state_names} == {"a.", "b."}
    assert len(set(model.state_names)) == len(model.state_names)
    assert lower(first()).state_names == [name[2:] for name in model.state_names if name.startswith("a.")]
    values = values_of_members(members)
    assert values["a._total.K"] == pytest.approx(sum(c.start.amount[K] for c in members.values()) + 5.0 * OUTSIDE, rel=1e-14)
    assert start_values(first())["_total.K"] < values["a._total.K"]


# ------------------------------------------------------------------------------------------------------ starts that are no numbers


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 5e-324, 1e-310, 1e300, 0.0, -1e-13])
@pytest.mark.parametrize("state", [0, 1, -2, -1])
@pytest.mark.parametrize("kind", ["charge", "electroneutral"])
def test_a_start_that_is_no_state_ends_with_a_status(kind: str, state: int, bad: float) -> None:
    """Amounts, volume or charge that are not finite, vanish or explode: a status within a moment, beside a neighbour that is well."""
    cell = first(outside_volume=None, volume_law="fixed", potential=kind, V=None if kind == "electroneutral" else -0.07)
    lowered = lower(cell)
    y = np.tile(np.array(lowered.initial(lowered.defaults), dtype=float), (2, 1))
    y[1, state] = bad
    n = y.shape[1]
    arrays: dict[str, Any] = {
        "y": y,
        "t": np.zeros(2),
        "h": np.zeros((2, 3)),
        "status": np.full(2, kernels.PENDING, np.intc),
        "steps": np.zeros(2, np.longlong),
        "rejected": np.zeros(2, np.longlong),
        "sample": np.zeros(2, np.longlong),
        "base": np.array(lowered.parameters(lowered.defaults), dtype=float),
        "vary_slot": np.empty(0, np.intc),
        "vary": np.empty((2, 0)),
        "segment_start": np.zeros(1),
        "segment_end": np.array([100.0]),
        "sched_slot": np.empty(0, np.intc),
        "sched": np.empty((1, 1, 0, 2)),
        "sample_time": np.empty(0),
        "out": np.empty((2, 0, n)),
        "record": np.empty((0, 2 + 5 * n)),
    }
    run = kernels.Run(lowered.plan, arrays, 1e-6)
    polls: list[None] = []

    def give_up() -> None:
        polls.append(None)
        if len(polls) > 300:  # some 3 s: a hang
            raise TimeoutError

    run.work(False, give_up)
    assert arrays["status"][0] == ifx.Status.OK
    assert ifx.Status(int(arrays["status"][1])) in tuple(ifx.Status)
    if not np.isfinite(bad):
        assert arrays["status"][1] != ifx.Status.OK or (kind == "electroneutral" and lowered.state_names[state] == "V")
