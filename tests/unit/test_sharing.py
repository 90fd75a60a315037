"""Work shared among threads: every piece once, nobody waited for in vain, nothing swallowed."""

from __future__ import annotations

import threading
import time

import pytest

from ionflux import InputError, sharing
from ionflux.sharing import number_of_threads, share, together


@pytest.mark.parametrize("threads", [None, 1, 2, 5])
@pytest.mark.parametrize("n", [0, 1, 7, 64, 1000])
def test_every_row_is_done_once(threads, n) -> None:
    done: list[int] = []
    share(n, threads, lambda first, last: done.extend(range(first, last)), 7)
    assert sorted(done) == list(range(n))


def test_others_do_their_part() -> None:
    meeting = threading.Barrier(3, timeout=20.0)
    together(meeting.wait, 3)  # each waits for the other two


@pytest.mark.parametrize("late", [True, False])
def test_who_has_not_begun_is_not_waited_for_and_finds_nothing_to_do(monkeypatch, late) -> None:
    waiting = []

    def start(function, arguments):
        if not late:
            raise RuntimeError("can't start new thread")
        waiting.append(function)

    monkeypatch.setattr(sharing._thread, "start_new_thread", start)
    done: list[int] = []
    share(100, 3, lambda first, last: done.append(first), 10)
    assert done == list(range(0, 100, 10))
    for function in waiting:
        function()
    assert len(done) == 10


@pytest.mark.parametrize("where", ["here", "there"])
def test_what_any_of_them_raises_is_raised_and_nobody_goes_on(where) -> None:
    here, begun, done = threading.get_ident(), threading.Event(), []

    def work(first: int, last: int) -> None:
        mine = threading.get_ident() == here
        if not mine:
            begun.set()
        elif not begun.wait(20.0):
            raise TimeoutError
        if mine == (where == "here"):
            raise ZeroDivisionError(first)
        done.append(first)
        time.sleep(0.001)

    with pytest.raises(ZeroDivisionError):
        share(100_000, 2, work, 1)
    assert len(done) < 10_000


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_threads_are_a_positive_whole_number(threads) -> None:
    with pytest.raises(InputError, match="positive whole number"):
        number_of_threads(threads)
