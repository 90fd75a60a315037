"""Crossings of levels: when, which way, and runs that end at one."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Bath, Cell, Cl, CurrentClamp, IonSpecies, K, Leak, Na, VoltageClamp, crosses

#: neutral, so that it moves by permeability alone: d(c_in)/dt = P A/w (c_out - c_in)
Urea = IonSpecies("Urea", 0)
RATE = 0.04  # P A/w, 1/s


def cell_of(*more: Any, urea: float = 1.0, **changes: Any) -> Cell:
    """A rigid cell in which urea rises from 1 to 5 mM with a known exponential, and an electrode without any leak charges V straight."""
    given: dict[str, Any] = {
        "area": 7e-10,
        "volume": 1.75e-15,
        "C_m": 0.01,
        "V": -0.07,
        "inside": {Na: 10.0, K: 140.0, Cl: 10.0, Urea: urea},
        "bath": Bath({Na: 145.0, K: 5.0, Cl: 150.0, Urea: 5.0}),
        "impermeant": ifx.Impermeant(c=140.0),
        "membrane": [Leak(Urea, P=RATE * 1.75e-15 / 7e-10), *more],
    }
    return Cell(**{**given, **changes})


def test_a_gate_is_half_open_when_its_exponential_says() -> None:
    own = ifx.Channel("own", permeates={K: 1}, g=0.0, gates=[ifx.Gate("q", inf=1.0, tau=2.0)])
    run = cell_of(own, state={"own.q": 0.0}).simulate(5.0, events=[crosses("gate.own.q", 0.5)], rtol=1e-9)
    assert [event.t for event in run.events] == pytest.approx([2.0 * np.log(2.0)], rel=1e-8)
    with pytest.raises(ifx.UnknownNameError, match=r"there is no gate 'own\.m'"):
        cell_of(own).simulate(5.0, events=[crosses("gate.own.m", 0.5)])


def urea_reaches(c: float) -> float:
    return float(np.log(4.0 / (5.0 - c)) / RATE)


SAW = [ifx.ramp(10.0, 20.0, to=0.03), ifx.ramp(20.0, 30.0, to=-0.07), ifx.ramp(30.0, 35.0, to=0.03), ifx.step(40.0, to=-0.07)]


def saw(**options: Any) -> Any:
    """V goes up and down in straight lines, then falls at once."""
    return cell_of(VoltageClamp(-0.07)).simulate(60.0, schedule={"VoltageClamp.V": SAW}, **options)


@pytest.mark.parametrize("level", [1.001, 2.0, 3.7, 4.9])
def test_an_exponential_crosses_a_level_when_its_logarithm_says(level: float) -> None:
    run = cell_of().simulate(200.0, events=crosses("c_in.Urea", level), rtol=1e-11)
    [event] = run.events
    assert event.t == pytest.approx(urea_reaches(level), rel=1e-9)
    assert event.direction == 1
    assert run.c_in["Urea"][-1] > 4.99  # events do not end a run
    assert float(run.at(event.t).c_in["Urea"][0]) == pytest.approx(level, rel=1e-11)


def test_directions_are_told_apart() -> None:
    up, down, both = (crosses("V", 0.01, way) for way in ("up", "down", "both"))
    run = saw(events=[up, down, both])
    rising, falling = [18.0, 34.0], [22.0, 40.0]
    np.testing.assert_allclose(run.times_of(up), rising, rtol=1e-9)
    np.testing.assert_allclose(run.times_of(down), falling, rtol=1e-9)
    np.testing.assert_allclose(run.times_of(both), sorted(rising + falling), rtol=1e-9)
    assert [e.direction for e in run.events if e.crossing == both] == [1, -1, 1, -1]
    times = [e.t for e in run.events]
    assert times == sorted(times)


def test_a_jump_at_a_break_of_the_schedule_is_an_event_at_the_break() -> None:
    run = saw(events=crosses("V", 0.0, "down"))
    assert run.times_of(crosses("V", 0.0, "down"))[-1] == 40.0
    pump = ifx.CubicNaKATPase(J_max=1e-4)
    run = cell_of(pump).simulate(
        10.0, schedule={"NaKATPase.scale": ifx.pulse(3.0, 6.0, to=0)}, events=crosses("current.NaKATPase", 1e-6, "both")
    )
    assert [(e.t, e.direction) for e in run.events] == [(3.0, -1), (6.0, 1)]


def test_a_straight_line_of_charge_crosses_where_it_should() -> None:
    """Without leaks of ions V rises at I/(C A)."""
    cell = cell_of(CurrentClamp(7e-14))  # 10 mV/s
    run = cell.simulate(20.0, events=[crosses("V", 0.0), crosses("electrode_charge", 3.5e-13)], rtol=1e-9)
    assert [e.t for e in run.events] == pytest.approx([5.0, 7.0], rel=1e-9)


def test_several_crossings_within_one_step_are_all_found() -> None:
    """Ten levels on each way up of a saw: the stepper takes a straight line in a few steps."""
    levels = np.linspace(-0.065, 0.025, 10)
    events = [crosses("V", float(v)) for v in levels]
    run = saw(events=events)
    rising = np.concatenate([10 + (levels + 0.07) / 0.01, 30 + (levels + 0.07) / 0.02])
    np.testing.assert_allclose(sorted(e.t for e in run.events), np.sort(rising), rtol=1e-9)
    assert run.stats.steps < len(rising) + 40  # many of them in one step


def test_a_turn_within_a_step_is_seen() -> None:
    """V that rises above a level and comes back within a step crosses it twice, where no quarter of the step lies above."""
    found = []
    for g in np.linspace(0.3, 0.8, 30):
        cell = cell_of(Leak(Na, g=float(g)), Leak(K, g=0.5), Leak(Cl, g=0.01))
        options: dict[str, Any] = {"rtol": 1e-4, "atol": {"V": 1e-4}}
        run = cell.simulate(2e4, **options)
        t, h = run.t[:-1, None], np.diff(run.t)[:, None]
        quarters, top = (float(np.max(run.at(np.minimum(t + h * np.linspace(0, 1, n), 2e4).ravel()).V)) for n in (5, 161))
        if top - quarters > 5e-7:  # far below the tolerance of this run
            events = cell.simulate(2e4, events=crosses("V", 0.5 * (quarters + top), "both"), **options).events
            found.append([e.direction for e in events])
    assert len(found) >= 3
    assert all(directions == [1, -1] for directions in found), found


@pytest.mark.parametrize("how", [{}, {"samples": 101}, {"at": np.linspace(0.0, 200.0, 101)}], ids=["steps", "samples", "at"])
def test_a_run_stops_at_the_event(how: dict[str, Any]) -> None:
    run = cell_of().simulate(200.0, stop=crosses("c_in.Urea", 3.0), rtol=1e-11, **how)
    end = urea_reaches(3.0)
    assert run.status is ifx.Status.OK
    assert run.events[-1].t == pytest.approx(end, rel=1e-9)
    assert len(run.V) == len(run.t)
    assert np.all(np.diff(run.t) > 0)
    if how:
        np.testing.assert_array_equal(run.t, [t for t in np.linspace(0.0, 200.0, 101) if t <= run.events[-1].t])
    else:
        assert run.t[-1] == run.events[-1].t
        assert float(run.c_in["Urea"][-1]) == pytest.approx(3.0, rel=1e-11)
        np.testing.assert_allclose(run.at(run.t).c_in["Urea"], run.c_in["Urea"], rtol=1e-13)
        later = run.cell_at(run.t[-1])
        assert later.inside[Urea] == pytest.approx(3.0, rel=1e-11)
        with pytest.raises(ifx.InputError, match="outside the run"):
            run.at(run.t[-1] * 1.01)
    np.testing.assert_allclose(run.c_in["Urea"], 5.0 - 4.0 * np.exp(-RATE * run.t), rtol=1e-9)
    assert run.audit.ok


def test_what_is_left_of_the_last_step_is_the_same_polynomial() -> None:
    whole = cell_of().simulate(200.0, rtol=1e-6)
    cut = cell_of().simulate(200.0, stop=crosses("c_in.Urea", 3.0), rtol=1e-6)
    t = np.linspace(cut.t[-2], cut.t[-1], 23)
    np.testing.assert_allclose(cut.at(t).c_in["Urea"], whole.at(t).c_in["Urea"], rtol=1e-12)
    np.testing.assert_allclose(cut.at(t).V, whole.at(t).V, rtol=0, atol=1e-14)


def test_the_first_of_several_stops_ends_the_run_and_later_events_are_not_listed() -> None:
    first, second, seen = crosses("V", 0.02), crosses("V", 0.0), crosses("V", -0.05, "both")
    run = saw(stop=[first, second], events=seen)
    assert run.t[-1] == pytest.approx(17.0, rel=1e-9)
    assert [e.crossing for e in run.events] == [seen, second]
    # the rest of the run goes on from there
    rest = run.cell_at(run.t[-1])
    assert rest.inside[Urea] == pytest.approx(5.0 - 4.0 * np.exp(-RATE * 17.0), rel=1e-5)


def test_a_stop_at_a_break_ends_there() -> None:
    run = saw(stop=crosses("V", 0.0, "down"), events=())
    assert run.events[-1].t == pytest.approx(23.0, rel=1e-9)
    run = cell_of(VoltageClamp(-0.07)).simulate(60.0, schedule={"VoltageClamp.V": ifx.step(40.0, to=0.01)}, stop=crosses("V", 0.0))
    assert run.t[-1] == run.events[-1].t == 40.0
    assert float(run.V[-1]) == -0.07  # the left limit, as every sample at a break


def test_a_level_that_is_never_reached_is_no_event_and_stops_nothing() -> None:
    run = cell_of().simulate(50.0, events=crosses("c_in.Urea", 6.0), stop=crosses("V", 0.5))
    assert run.events == ()
    assert run.t[-1] == 50.0
    # starting on it is no crossing; leaving it downwards is none upwards
    assert cell_of().simulate(50.0, events=crosses("c_in.Urea", 1.0)).events == ()


def test_steps_are_the_same_with_and_without_events() -> None:
    plain, watched = saw(), saw(events=crosses("V", 0.0, "both"))
    np.testing.assert_array_equal(plain.t, watched.t)
    np.testing.assert_array_equal(plain.V, watched.V)


def test_spikes_are_rises_of_v_through_a_level() -> None:
    np.testing.assert_allclose(saw().spikes(), [17.0, 33.5], rtol=1e-9)
    np.testing.assert_allclose(saw().spikes(level=0.02), [19.0, 34.5], rtol=1e-9)
    np.testing.assert_allclose(saw(samples=6001).spikes(level=0.02), [19.0, 34.5], atol=0.02)  # straight lines between samples
    assert len(saw().spikes(level=0.2)) == 0


@pytest.mark.parametrize("name", ["c_in.Ure", "c_in.Ca", "v", "current.NaKATPase", "membrane_charge", "V.x"])
@pytest.mark.parametrize("argument", ["events", "stop"])
def test_a_name_that_is_not_there_is_refused_before_anything_runs(name: str, argument: str) -> None:
    with pytest.raises(ifx.UnknownNameError):
        cell_of().simulate(1e9, **{argument: crosses(name, 0.0)})


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(ifx.InputError, match="stands for several quantities"):
        cell_of().simulate(1.0, events=crosses("c_in", 0.0))
    with pytest.raises(ifx.InputError, match="is no event; write crosses"):
        cell_of().simulate(1.0, events=["V"])
    with pytest.raises(ifx.InputError, match="choose 'up', 'down' or 'both'"):
        crosses("V", 0.0, "sideways")
    with pytest.raises(ifx.InputError):
        crosses("V", float("nan"))


def test_a_crossing_is_a_value() -> None:
    event = crosses("V", -0.04, "down")
    assert event == crosses("V", -0.04, "down") == copy.deepcopy(event) == pickle.loads(pickle.dumps(event))
    assert hash(event) == hash(crosses("V", -0.04, "down"))
    assert event != crosses("V", -0.04)
    assert eval(repr(event), {"crosses": crosses}) == event
