"""The `ionflux` command: ``ionflux`` and ``python -m ionflux``.

Exit codes: 0 ok, 1 numerical failure, 2 bad input (also an extra that is not installed), 3 partial, 130 interrupted with the
state saved. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from typing import ParamSpec, TypeVar

from ._extras import need
from .errors import IonfluxError, MissingExtra, SolveError

P = ParamSpec("P")
T = TypeVar("T")


class Exit(IntEnum):
    """What the shell is told."""

    OK = 0
    NUMERICAL_FAILURE = 1
    BAD_INPUT = 2
    PARTIAL = 3
    INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; `arguments` default to those of the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without µ shows a ?, not a traceback
    try:
        need("typer", to="run the ionflux command")
    except MissingExtra as error:
        tell(str(error))
        return Exit.BAD_INPUT
    from .commands import app

    with _diagnostics():
        try:
            app(args=None if arguments is None else list(arguments), prog_name="ionflux")
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else Exit.OK if end.code is None else Exit.NUMERICAL_FAILURE
    return Exit.OK


@contextlib.contextmanager
def _diagnostics() -> Iterator[None]:
    """Warnings and log lines as lines on stderr, as long as the command runs."""

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tell(record.getMessage())

    log, handler = logging.getLogger("ionflux"), Told(logging.INFO)
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: tell(f"warning: {message}")
            yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def tell(message: str) -> None:
    """Say something on stderr."""
    print(f"ionflux: {message}", file=sys.stderr)


def exit_code(error: BaseException) -> Exit:
    """The exit code of an error that a verb ended with."""
    if isinstance(error, KeyboardInterrupt):
        return Exit.INTERRUPTED
    return Exit.NUMERICAL_FAILURE if isinstance(error, SolveError) else Exit.BAD_INPUT


def verb(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function a verb: its errors become one line on stderr and an exit code; errors of ionflux itself stay tracebacks."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except (IonfluxError, KeyboardInterrupt) as error:
            tell(str(error) or "interrupted")
            raise SystemExit(exit_code(error)) from error

    return guarded
