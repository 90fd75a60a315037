"""Conservation over long runs, the audit that reports it, and that the audit notices a fault."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from reference.pump_leak import IONS
from verification.build import ION, as_cell, draw, resting

import ionflux as ifx
from ionflux import Cl, K, Na
from ionflux.lowering import lower
from ionflux.lowering.program import Program

HOUR = 3600.0
LONG = 1e7
#: the pump is off for every second hour of 10^7 s
TOGGLED = {"NaKATPase.scale": ifx.train(0.0, 2 * HOUR, int(LONG / (2 * HOUR)) + 1, HOUR, to=0.0)}
OUTSIDE: list[Any] = [
    pytest.param({}, id="infinite", marks=pytest.mark.slow),
    pytest.param({"outside_volume": 20, "volume_law": "fixed"}, id="fixed", marks=pytest.mark.slow),
    pytest.param({"outside_volume": 20, "volume_law": "conserved"}, id="conserved"),
]


def dusterwald(outside_volume: float | None = None, **fields: Any) -> ifx.Cell:
    cell = ifx.preset("dusterwald2018")
    return cell.replace({"outside_volume": outside_volume * cell.volume, **fields}) if outside_volume else cell


def charge_from_amounts(run: Any) -> float:
    """|F sum(z n) - C A V| over F sum(|z| n), from what a reader sees."""
    cell = run.cell
    net = sum(z * n for z, n in cell.start.impermeants) - cell.C_m * run.area * run.V / cell.faraday + run.electrode_charge / cell.faraday
    size = sum(abs(z) * n for z, n in cell.start.impermeants)
    for ion in cell.ions:
        net, size = net + ion.z * run.amount[ion], size + abs(ion.z) * run.amount[ion]
    return float(np.max(np.abs(net) / size))


def totals_from_concentrations(run: Any) -> float:
    """Change of inside + outside of every ion, relative."""
    worst = 0.0
    for ion in run.cell.ions:
        total = run.c_in[ion] * run.volume + run.c_out[ion] * run.volume_out
        worst = max(worst, float(np.ptp(total) / np.max(total)))
    return worst


@pytest.mark.parametrize("outside", OUTSIDE)
def test_ten_million_seconds_of_a_pump_toggled_every_hour_keep_all_books(outside: dict[str, Any]) -> None:
    run = dusterwald(**outside).simulate(LONG, schedule=TOGGLED, at=np.arange(HOUR / 2, LONG, HOUR), audit="full")
    assert run.stats.steps >= 100_000
    assert run.audit.ok
    assert run.audit.charge <= 1e-12
    assert run.audit.impermeant <= 1e-12
    assert run.audit.totals <= 1e-12
    assert run.audit.fluxes is not None
    assert run.audit.fluxes <= 1e-11
    # and from what a reader sees
    assert charge_from_amounts(run) <= 1e-12
    held = run.c_impermeant * run.volume
    assert float(np.ptp(held) / np.max(held)) <= 1e-12
    if outside:
        assert totals_from_concentrations(run) <= 1e-12
        if outside["volume_law"] == "conserved":
            assert float(np.ptp(run.volume + run.volume_out) / run.volume_out[0]) <= 1e-12
    # the toggling is felt: Na swings, and the last cycles are like each other
    assert np.ptp(run.c_in[Na][-20:]) > 1.0
    assert run.c_in[Na][-1] == pytest.approx(run.c_in[Na][-3], rel=1e-6)


def goldman(seed: int) -> ifx.Cell:
    return as_cell(*draw(np.random.default_rng([11, seed]), pump="hill", water="finite"))


def cubic(seed: int, **changes: Any) -> ifx.Cell:
    p, c_in, volume = draw(np.random.default_rng([12, seed]), pump="cubic", water="finite")
    cell = as_cell(p, c_in, volume)
    return cell.replace({"outside_volume": changes.pop("outside") * volume, **changes}) if "outside" in changes else cell.replace(changes)


def clamped(seed: int, carrier: Any) -> ifx.Cell:
    cell = cubic(seed)
    return cell.replace({"membrane": [*cell.membrane, ifx.CurrentClamp(i=1e-3, carrier=carrier)]})


CELLS: list[Any] = [
    *(pytest.param(goldman, s, id=f"Goldman leaks, draw {s}") for s in range(3)),
    *(pytest.param(cubic, s, id=f"cotransport, draw {s}") for s in range(3)),
    *(pytest.param(lambda s: cubic(s, outside=30.0), s, id=f"finite outside, draw {s}") for s in range(3)),
    *(pytest.param(lambda s: cubic(s, outside=30.0, volume_law="conserved"), s, id=f"conserved volume, draw {s}") for s in range(3)),
    *(pytest.param(lambda s: cubic(s, area_law="sphere"), s, id=f"area of a sphere, draw {s}") for s in range(2)),
    *(pytest.param(lambda s: clamped(s, K), s, id=f"current carried by K, draw {s}") for s in range(2)),
    *(pytest.param(lambda s: clamped(s, None), s, id=f"current of an electrode, draw {s}") for s in range(2)),
    pytest.param(lambda s: ifx.preset("hoppensteadt_peskin"), 0, id="without a capacitor"),
    pytest.param(lambda s: ifx.preset("kay2017"), 0, id="water at once"),
]


@pytest.mark.parametrize(("make", "seed"), CELLS)
def test_every_kind_of_cell_keeps_its_books(make: Any, seed: int) -> None:
    schedule = {"NaKATPase.scale": ifx.train(HOUR, 2 * HOUR, 10, HOUR, to=0.2)}
    run = make(seed).simulate(20 * HOUR, schedule=schedule, audit="full")
    assert run.audit.ok, run.audit
    assert run.audit.fluxes is not None
    assert (run.audit.charge, run.audit.fluxes) <= (1e-12, 1e-11)
    if run.cell.potential == "charge":
        assert charge_from_amounts(run) <= 1e-12
    if run.cell.outside_volume is not None:
        assert totals_from_concentrations(run) <= 1e-12


def test_counting_does_not_change_the_steps() -> None:
    for cell in (dusterwald(), dusterwald(20, volume_law="conserved"), goldman(5)):
        runs = [cell.simulate(50 * HOUR, schedule=TOGGLED, audit=how) for how in ("light", "full")]
        np.testing.assert_array_equal(runs[0].t, runs[1].t)
        np.testing.assert_array_equal(runs[0].V, runs[1].V)
        for ion in (Na, K, Cl):
            np.testing.assert_array_equal(runs[0].amount[ion], runs[1].amount[ion])
        assert runs[0].audit.fluxes is None


def test_integrated_fluxes_are_the_integral_of_the_fluxes_that_a_reader_sees() -> None:
    """Simpson's rule over the dense output of a smooth run against the change of each amount."""
    cell = cubic(7)
    run = resting(cell.steady_state()).replace({"leak_Na.g": 0.5}).simulate(2 * HOUR, rtol=1e-11)
    t = np.concatenate([[0.0], np.geomspace(1e-5, 2 * HOUR, 4000)])
    middle = (t[1:] + t[:-1]) / 2
    seen, between = run.at(t), run.at(middle)
    for ion in (Na, K, Cl):
        inward = [-cell.area * sum(f[ion] for f in view.flux.values() if ion in f) for view in (seen, between)]
        moved = np.sum((inward[0][1:] + inward[0][:-1] + 4 * inward[1]) / 6 * np.diff(t))
        assert run.amount[ion][-1] - run.amount[ion][0] == pytest.approx(moved, rel=1e-6)


def test_what_the_books_do_not_cover_is_named() -> None:
    """A fixed reversal potential, held and slaved pools: the run is as the model has it, and the audit says what that leaves out."""
    cell = dusterwald()
    leak = ifx.Leak(Cl, g=0.3, E=-0.08, label="fixed")
    loose = cell.replace({"potential": "current", "V": cell.start.V, "membrane": [*cell.membrane, leak]})
    run = loose.simulate(HOUR, audit="full")
    assert run.audit.unaccounted == ("fixed",)
    assert run.audit.gap is not None
    # what the fixed leak has carried is in V and in no ion: by a quadrature over its current
    t = np.concatenate([[0.0], np.geomspace(1e-4, HOUR, 2000)])
    seen, between = run.at(t).current["fixed"], run.at((t[1:] + t[:-1]) / 2).current["fixed"]
    carried = -cell.area * np.sum((seen[1:] + seen[:-1] + 4 * between) / 6 * np.diff(t)) / cell.faraday
    size = sum(float(run.amount[ion][-1]) for ion in (Na, K, Cl)) + sum(abs(z) * n for z, n in cell.start.impermeants)
    assert run.audit.gap == pytest.approx(abs(carried) / size, rel=1e-3)
    assert "outside the books: fixed" in repr(run.audit)

    held = cell.replace({"hold": ("c_in.Cl",)}).simulate(HOUR, audit="full")
    assert held.audit.unaccounted == ("c_in.Cl",)
    assert held.audit.ok
    np.testing.assert_allclose(held.c_in[Cl], cell.start.c_in[Cl], rtol=1e-14)
    assert abs(held.electrode_charge[-1]) > 0  # what holds it brings charge


# --------------------------------------------------------------------------------------------------------------- negative control


def run_with_a_faulty_row(monkeypatch: pytest.MonkeyPatch, cell: ifx.Cell, state: str, factor: float) -> Any:
    """A run in which one entry of the tables is off: the first mechanism's share in the derivative of one state."""
    where = lower(cell).state_names.index(state)
    cell = pickle.loads(pickle.dumps(cell))  # nothing lowered comes along
    put = Program.row

    def faulty(self: Program, node: Any, terms: Any) -> None:
        if node in self.states and self.states.index(node) == where:
            first = next(n for n, weight in terms.items() if weight)
            terms = {**terms, first: terms[first] * factor}
        put(self, node, terms)

    with monkeypatch.context() as patch:
        patch.setattr(Program, "row", faulty)
        try:
            return cell.simulate(10 * HOUR, schedule=TOGGLED, audit="full")
        except ifx.SolveError as error:  # a fault may also make the cell burst
            return error.partial


@pytest.mark.parametrize("state", ["amount.Na", "amount.Cl", "charge"])
@pytest.mark.parametrize("factor", [-1.0, 0.0, 2.0, 1.0 + 1e-6])
def test_one_faulty_row_trips_charge_and_mass(monkeypatch: pytest.MonkeyPatch, state: str, factor: float) -> None:
    """A sign, a missing entry, a wrong count, or a millionth more: K follows from the charge, and so betrays every other row."""
    run = run_with_a_faulty_row(monkeypatch, dusterwald(), state, factor)
    assert not run.audit.ok
    assert run.audit.charge > 1e-12
    assert run.audit.fluxes is not None
    assert run.audit.fluxes > 1e-11


def test_without_a_fault_the_same_run_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_with_a_faulty_row(monkeypatch, dusterwald(), "amount.Na", 1.0)
    assert run.audit.ok
    assert set(IONS) == {ion.name for ion in ION.values()}
