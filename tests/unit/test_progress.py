"""Progress is a bar for a person, log lines for a file, and nothing for what is over at once."""

from __future__ import annotations

import io
import logging

import pytest

from ionflux import InputError, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    hands = Clock()
    monkeypatch.setattr(progress.time, "monotonic", hands)
    return hands


def test_a_callable_is_told_the_fraction_done() -> None:
    told: list[float] = []
    watch = progress.report(told.append, 3600.0, "s")
    watch(900.0)
    watch(3600.0)
    watch.close()
    assert told == [0.25, 1.0]


def test_false_is_silent_and_anything_odd_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    watch = progress.report(False, 10.0)
    watch(5.0)
    watch.close()
    assert capsys.readouterr() == ("", "")
    with pytest.raises(InputError, match="progress"):
        progress.report("yes", 10.0)  # type: ignore[arg-type]


def test_where_nobody_looks_nothing_is_said_for_two_seconds_and_then_log_lines_tell_the_time_left(
    clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress.sys, "stderr", io.StringIO())
    with caplog.at_level(logging.INFO, logger="ionflux.progress"):
        watch = progress.report(None, 400.0, "s", label="simulate")
        clock.now += 1.9
        watch(10.0)
        assert caplog.messages == []
        clock.now += 38.1
        watch(100.0)
    assert caplog.messages == ["simulate: 25 % (100 of 400 s) after 40 s, about 2:00 min left"]


def test_log_lines_come_ever_more_rarely(clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "someone_looks", lambda: False)
    with caplog.at_level(logging.INFO, logger="ionflux.progress"):
        watch = progress.report(None, 86400.0, " cells")
        for second in range(86400):
            clock.now += 1.0
            watch(second + 1.0)
    assert 100 < len(caplog.messages) < 200


def test_at_a_terminal_a_bar_shows_what_is_left_and_clears_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    terminal = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    watch = progress.report(True, 200.0, "s", label="simulate")
    watch(100.0)
    watch._bar.refresh()  # type: ignore[attr-defined]
    watch.close()
    shown = terminal.getvalue()
    assert "simulate" in shown
    assert "50%" in shown
    assert "100 of 200 s" in shown
    assert shown.endswith("\r")


def test_a_bar_waits_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    terminal = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    watch = progress.report(None, 200.0, "s")
    watch(100.0)
    watch.close()
    assert terminal.getvalue().strip() == ""


def test_without_tqdm_a_terminal_gets_log_lines(clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    monkeypatch.setattr(progress, "someone_looks", lambda: True)
    with caplog.at_level(logging.INFO, logger="ionflux.progress"):
        watch = progress.report(True, 10.0, "s")
        clock.now += 1.0
        watch(5.0)
        watch.close()
    assert len(caplog.messages) == 1


@pytest.mark.parametrize(("seconds", "read"), [(0.2, "0 s"), (42.4, "42 s"), (187, "3:07 min"), (7500, "2:05:00 h"), (-3, "0 s")])
def test_times_are_read_as_on_a_clock(seconds: float, read: str) -> None:
    assert progress.clock(seconds) == read
