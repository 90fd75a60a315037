"""Schedules turn a value into a course: straight pieces, contiguous, right-continuous."""

from __future__ import annotations

import copy
import pickle
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ionflux as ifx
from ionflux.schedules import Piece, Schedule, pieces, pulse, ramp, step, table, train

EXAMPLES = [
    step(10.0, to=0.0),
    step(10.0, factor=0.5),
    ramp(1.0, 2.0, to=8.0),
    pulse(1.0, 2.0, to=0.0),
    train(1.0, 2.0, 3, 0.5, to=0.0),
    table([1, 2, 3], [0, 1, 0]),
    table([1, 2, 3], [0, 1, 0], kind="hold"),
    table([1, 2], factor=[1.0, 0.2]),
]


def value(course: list[Piece], t: float) -> float:
    """The value at t, the new one at a jump."""
    return next(p for p in reversed(course) if p.t0 <= t).at(t)


def constant(course: list[Piece]) -> list[tuple[float, float]]:
    assert all(p.y0 == p.y1 for p in course)
    return [(p.t0, p.y0) for p in course]


@pytest.mark.parametrize("schedule", EXAMPLES, ids=repr)
def test_a_schedule_is_a_value(schedule: Schedule) -> None:
    for again in (eval(repr(schedule)), copy.copy(schedule), copy.deepcopy(schedule), pickle.loads(pickle.dumps(schedule))):
        assert again == schedule
        assert hash(again) == hash(schedule)
    assert schedule != step(99.0, to=1.0)
    assert schedule._repr_html_()


def test_a_step_holds_from_its_time_on() -> None:
    assert constant(pieces(step(10, to=0), 1.0, 30)) == [(0, 1), (10, 0)]
    assert constant(pieces(step(0, to=0), 1.0, 30)) == [(0, 0)]
    assert constant(pieces(step(30, to=0), 1.0, 30)) == [(0, 1)]  # the end is the left limit


def test_a_pulse_returns_to_the_value_before() -> None:
    assert constant(pieces(pulse(10, 20, to=0), 1.0, 30)) == [(0, 1), (10, 0), (20, 1)]
    assert constant(pieces(pulse(10, 20, factor=3), 2.0, 15)) == [(0, 2), (10, 6)]


def test_a_train_is_so_many_pulses() -> None:
    assert constant(pieces(train(1, 2, 2, 0.5, to=9), 1.0, 10)) == [(0, 1), (1, 9), (1.5, 1), (3, 9), (3.5, 1)]


def test_pulses_that_fill_their_period_leave_no_gap() -> None:
    course = pieces(train(0.1, 0.1, 20, 0.1, to=9), 1.0, 10)
    assert {p.y0 for p in course[1:-1]} == {9.0}


def test_a_ramp_starts_where_the_value_is_and_stays_where_it_ends() -> None:
    assert pieces(ramp(10, 20, to=8), 3.0, 30) == [(0, 10, 3, 3), (10, 20, 3, 8), (20, 30, 8, 8)]
    assert pieces(ramp(10, 20, factor=2), 3.0, 15) == [(0, 10, 3, 3), (10, 15, 3, 4.5)]
    assert pieces([step(5, to=4), ramp(10, 20, to=8)], 3.0, 12)[-1] == (10, 12, 4, 4.8)


def test_a_table_is_straight_or_held_between_its_points_and_holds_its_last() -> None:
    assert pieces(table([1, 2, 4], [0, 1, 0]), 7.0, 5) == [(0, 1, 7, 7), (1, 2, 0, 1), (2, 4, 1, 0), (4, 5, 0, 0)]
    assert constant(pieces(table([0, 2], [3, 5], "hold"), 7.0, 5)) == [(0, 3), (2, 5)]
    assert pieces(table([1, 2], factor=[1, 0.5]), 4.0, 3) == [(0, 1, 4, 4), (1, 2, 4, 2), (2, 3, 2, 2)]


def test_a_list_applies_in_order() -> None:
    both = [step(5, to=10), pulse(3, 8, factor=0.5)]
    assert constant(pieces(both, 1.0, 10)) == [(0, 1), (3, 0.5), (5, 5), (8, 10)]
    assert constant(pieces(both[::-1], 1.0, 10)) == [(0, 1), (3, 0.5), (5, 10)]


def test_a_ramp_of_factors_over_a_ramp_is_refused() -> None:
    with pytest.raises(ifx.InputError, match="no straight line"):
        pieces([ramp(0, 10, to=5), ramp(5, 15, factor=2)], 1.0, 20)


times = st.floats(0, 100, allow_subnormal=False)
levels = st.floats(-10, 10)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    a, length, y = draw(times), draw(st.floats(0.01, 100)), draw(levels)
    kind = draw(st.sampled_from(["step", "ramp", "pulse", "train", "table"]))
    how: dict[str, float] = {draw(st.sampled_from(["to", "factor"])) if kind != "ramp" else "to": y}
    if kind == "step":
        return step(a, **how)
    if kind == "ramp":
        return ramp(a, a + length, **how)
    if kind == "pulse":
        return pulse(a, a + length, **how)
    if kind == "train":
        return train(a, length, draw(st.integers(1, 5)), length * draw(st.floats(0.1, 1)), **how)
    return table([a, a + length, a + 2 * length], draw(st.lists(levels, min_size=3, max_size=3)), draw(st.sampled_from(["linear", "hold"])))


@given(protocol=st.lists(schedules(), max_size=4), base=levels, until=st.floats(1, 150))
def test_every_course_is_contiguous_from_zero_to_the_end(protocol: list[Schedule], base: float, until: float) -> None:
    course = pieces(protocol, base, until)
    assert (course[0].t0, course[-1].t1) == (0.0, until)
    assert all(p.t1 == q.t0 for p, q in pairwise(course))
    assert all(p.t0 < p.t1 for p in course)


@given(first=schedules(), at=times, y=levels, base=levels, t=times)
def test_a_later_step_wins_over_everything_after_it(first: Schedule, at: float, y: float, base: float, t: float) -> None:
    course = pieces([first, step(at, to=y)], base, 101.0)
    assert value(course, t) == (y if t >= at else pytest.approx(value(pieces(first, base, 101.0), t), abs=1e-12))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: step(10), "either to= .* or factor="),
        (lambda: step(10, to=1, factor=1), "either to= .* or factor="),
        (lambda: step(-1, to=0), r"step.at = -1 s is outside"),
        (lambda: step(float("nan"), to=0), "not a finite number"),
        (lambda: step(1, to=float("nan")), "not a finite number"),
        (lambda: step(1, to="0"), "not a number"),
        (lambda: pulse(2, 1, to=0), "stop = 1 s must come after start = 2 s"),
        (lambda: ramp(2, 2, to=0), "must come after"),
        (lambda: train(0, 1, 0, 0.5, to=0), "at least one"),
        (lambda: train(0, 1, 2.5, 0.5, to=0), "whole number"),
        (lambda: train(0, 1, 2, 1.5, to=0), "within the period"),
        (lambda: table([1, 2], [1]), "2 times and 1 values"),
        (lambda: table([], []), "at least one"),
        (lambda: table([2, 1], [0, 0]), "must increase"),
        (lambda: table([1, 2]), "either y"),
        (lambda: table([1, 2], [0, 1], kind="cubic"), "'linear' or 'hold'"),
        (lambda: table(3, [0]), "no sequence"),
        (lambda: pieces(0.5, 1.0, 10.0), "no schedule"),
        (lambda: pieces([0.5], 1.0, 10.0), "no schedule"),
        (lambda: pulse(1, 2, off=0), "takes no argument 'off'"),
    ],
)
def test_a_protocol_that_makes_no_sense_is_refused(make: Any, match: str) -> None:
    with pytest.raises(ifx.InputError, match=match):
        make()
