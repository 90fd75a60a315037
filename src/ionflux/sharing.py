"""Work shared among threads that live as long as a call: whoever is free takes the next piece.

The calling thread begins at once and works until nothing is left. Others come along as soon as the machine lets them; who has not begun by
then is not waited for, and finds nothing to do: on a busy machine that may be milliseconds.
"""

from __future__ import annotations

import _thread
import itertools
import threading
from collections.abc import Callable

import numpy as np

from .errors import InputError

#: rows that are worth a piece of their own
_CHUNK = 256


def number_of_threads(threads: object) -> int:
    """Return how many threads are asked for; None stands for one.

    Raises
    ------
    InputError
        It is not a positive whole number.
    """
    if threads is None:
        return 1
    if not isinstance(threads, (int, np.integer)) or isinstance(threads, bool) or threads < 1:
        raise InputError(f"threads = {threads!r} is not a positive whole number")
    return int(threads)


def together(work: Callable[[], object], threads: int) -> None:
    """Call work() in this thread and in others, each of which returns when nothing is left to be taken.

    What one of them raises is raised here.
    """
    if threads == 1:
        work()
        return
    gate, trouble, busy, closed = threading.Condition(), list[BaseException](), 0, False

    def help_out() -> None:
        nonlocal busy
        with gate:
            if closed:
                return
            busy += 1
        try:
            work()
        except BaseException as error:  # it belongs to whoever called
            trouble.append(error)
        finally:
            with gate:
                busy -= 1
                gate.notify()

    try:
        for _ in range(threads - 1):
            _thread.start_new_thread(help_out, ())  # threading.Thread.start() would wait until it has begun
    except RuntimeError:
        pass  # the machine has no more of them
    try:
        work()
    finally:
        with gate:
            closed = True
            while busy:
                gate.wait()
    if trouble:
        raise trouble[0]


def share(n: int, threads: int | None, work: Callable[[int, int], None], chunk: int = _CHUNK) -> None:
    """Call work(first, last) for pieces of n rows from as many threads as asked for; one by default. The results do not depend on it."""
    many = min(number_of_threads(threads), -(-n // chunk))
    if many <= 1:
        work(0, n)
        return
    pieces, failed = itertools.count(0, chunk), list[bool]()  # one count at a time: the lock of the interpreter or of its own

    def take() -> None:
        try:
            while not failed and (first := next(pieces)) < n:
                work(first, min(n, first + chunk))
        except BaseException:
            failed.append(True)  # nobody goes on
            raise

    together(take, many)
