"""C programs written for the pump-leak model alone: the practical limit on a machine, which a general engine is measured against.

`one_model.c` is part of this folder and built with the compiler at hand. Another one, the "C ceiling", may be named from outside.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from benchmarks import pump_leak as model
from contest import Contestant

COMPILER = os.environ.get("CC", "cc")
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fopenmp")


def build(source: Path, program: Path, *more: str) -> None:
    """Compile one program; raise OSError with the compiler's words if that does not work here."""
    done = subprocess.run([COMPILER, *FLAGS, *more, str(source), "-o", str(program), "-lm"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{COMPILER} cannot build {source.name}: {(done.stderr.strip() or 'no message').splitlines()[-1]}")


class OneModel:
    """The program of this folder, built in a scratch folder; one process per round."""

    def __init__(self, scratch: Path) -> None:
        self.program, self.answer = scratch / "one_model", scratch / "one_model.answer"
        build(Path(__file__).with_name("one_model.c"), self.program)

    def take(self, workload: str, threads: int, repeats: int, rtol: float) -> tuple[list[float], float]:
        """Return the times of one round, without the first, and the error."""
        call = [str(self.program), str(self.answer), workload, str(threads), str(repeats + 1), f"{rtol:g}"]
        printed = subprocess.run(call, check=True, capture_output=True, text=True).stdout
        values = np.fromfile(self.answer)
        error = model.cell_error(values.reshape(1000, 5)) if workload == "cell" else model.sweep_error(values.reshape(-1, 10, 5))
        return [float(line) for line in printed.split()[1:]], error

    def contestants(self, threads: tuple[int, ...]) -> Iterator[Contestant]:
        """Yield the single cell and the sweep at the tolerance of the peers and at ten times that."""
        for rtol, name in ((1e-6, "C, one model"), (1e-5, "C, one model, rtol 1e-5")):
            yield Contestant("cell", name, 1, lambda rtol=rtol: self.take("cell", 1, 31, rtol), model.CELL_GATE)
            for count in threads:
                yield Contestant("sweep", name, count, lambda count=count, rtol=rtol: self.take("sweep", count, 3, rtol), model.SWEEP_GATE)


class Ceiling:
    """A program from outside this repository.

    `folder` holds `w5_w6_pump_leak.c`, which takes the relative tolerance as its argument, is run inside `folder` and prints one JSON
    object per measurement with `workload` ("W5": cell, "W6": sweep), `threads`, `median_s`, `min_s`, `max_s` and `err`.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder, self.program = folder, scratch / "ceiling"
        self.rows: dict[tuple[str, int], dict] = {}
        build(folder / "w5_w6_pump_leak.c", self.program, "-mprefer-vector-width=512")

    def take(self, workload: str, threads: int) -> tuple[list[float], float]:
        """Return one round's times; the program measures all in one go, so it runs again only when a figure was already taken."""
        key = ({"cell": "W5", "sweep": "W6"}[workload], threads)
        if key not in self.rows:
            call = [str(self.program), f"{model.RTOL:g}"]
            printed = subprocess.run(call, cwd=self.folder, check=True, capture_output=True, text=True).stdout
            rows = [json.loads(line) for line in printed.splitlines()]
            self.rows = {(row["workload"], row["threads"]): row for row in rows}
        row = self.rows.pop(key)
        return [row["min_s"], row["median_s"], row["max_s"]], row["err"]

    def contestants(self, threads: tuple[int, ...]) -> Iterator[Contestant]:
        """Yield the single cell and the sweep at each number of threads (the program knows one and two)."""
        yield Contestant("cell", "C ceiling", 1, lambda: self.take("cell", 1), model.CELL_GATE)
        for count in threads:
            if count <= 2:
                yield Contestant("sweep", "C ceiling", count, lambda count=count: self.take("sweep", count), model.SWEEP_GATE)
