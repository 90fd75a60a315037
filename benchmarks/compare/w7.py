"""Compare ionflux with its peers on a neuron that bursts: `python benchmarks/compare/w7.py`.

    cell     60 s of Barreto & Cressman's neuron in 8 mM potassium, 444 spikes, 6,000 samples
    sweep    256 such cells in 4 ... 12 mM potassium, with 0.8 ... 1.2 of the pump, their end

The gate is the error of potassium outside and sodium inside, 2e-4 for the cell and 1e-3 for the sweep, against numbalsoda's dop853 at a
tolerance of 1e-13. "rates" are closed forms, "functions" Python functions of V that become tables. All contestants take turns in every
round; ratios are taken within a round. --ceiling-dir or IONFLUX_CEILING names the folder of a C program `w7_spiking.c` that prints JSON
lines with `workload` ("W7", "W7s"), `threads`, `median_s`, `min_s`, `max_s` and `err`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from contest import Contestant, as_json, compete, stopwatch, table  # noqa: E402
from limits import build  # noqa: E402
from run import machine  # noqa: E402

GATES = {"cell": 2e-4, "sweep": 1e-3}
CELLS, CHECKED = 256, 16
TIMES = np.arange(1, 6001) * 0.01
START = np.array([-50.0, 0.08553, 0.96859, 7.8, 15.5])  # V, n, h, potassium outside, sodium inside


def strengths(n: int = CELLS) -> tuple[np.ndarray, np.ndarray]:
    """Return potassium of the bath (mM) and the pump's ρ (mM/s) of each cell, the same on every machine."""

    def kron(prime: float) -> np.ndarray:
        x = (np.arange(n) + 0.5) * np.sqrt(prime)
        return x - np.floor(x)

    return 4 + 8 * kron(2.0), 1.25 * (0.8 + 0.4 * kron(3.0))


def derivatives(y, f, K_bath, rho):
    """The model in mV, ms and mM, as its authors write it."""
    V, n, h, Ko, Na = y[0], y[1], y[2], y[3], y[4]
    E_Na, E_K = 26.64 * math.log((270 - 7 * Na) / Na), 26.64 * math.log(Ko / (158 - Na))
    x, z = V + 30.0, V + 34.0
    a_m = 1 + 0.05 * x if abs(x) < 1e-6 else 0.1 * x / (1 - math.exp(-0.1 * x))
    a_n = 0.1 + 0.005 * z if abs(z) < 1e-6 else 0.01 * z / (1 - math.exp(-0.1 * z))
    m = a_m / (a_m + 4 * math.exp(-(V + 55) / 18))
    I_Na = -(100 * m**3 * h + 0.0175) * (V - E_Na)
    I_K = -(40 * n**4 + 0.05) * (V - E_K)
    pump = rho / ((1 + math.exp((25 - Na) / 3)) * (1 + math.exp(5.5 - Ko)))
    glia = 66.666 / (1 + math.exp((18 - Ko) / 2.5))
    f[0] = I_Na + I_K - 0.05 * (V - 26.64 * math.log(6 / 130))
    f[1] = 3 * (a_n * (1 - n) - 0.125 * math.exp(-(V + 44) / 80) * n)
    f[2] = 3 * (0.07 * math.exp(-(V + 44) / 20) * (1 - h) - h / (1 + math.exp(-0.1 * (V + 14))))
    f[3] = 1e-3 * (-0.3115 * I_K - 14 * pump - glia - 1.333 * (Ko - K_bath))
    f[4] = 1e-3 * (0.0445 * I_Na - 3 * pump)


def neuron(*, functions: bool = False):
    """Return the preset with the numbers of this workload, without the current that calcium opens."""
    import ionflux as ifx

    whole = ifx.preset("barreto_cressman2011", K_b=8.0, eps=1.333, G=66.666, gamma=4.45)

    def course(gate):
        if not functions or gate.alpha is None:
            return gate
        a, b = gate.alpha, gate.beta
        if gate.instant:
            return replace(gate, alpha=None, beta=None, instant=False, inf=lambda V: a(V) / (a(V) + b(V)))
        return replace(gate, alpha=lambda V: a(V), beta=lambda V: b(V))

    membrane = [
        m if not getattr(m, "gates", ()) else replace(m, gates=tuple(map(course, m.gates))) for m in whole.membrane if m.name != "AHP"
    ]
    kept = [{k: v for k, v in of.items() if "AHP" not in k} for of in (whole.state, whole.sources)]
    return replace(whole, membrane=tuple(membrane), state=kept[0], sources=kept[1], symbols={})


def ionflux(threads: tuple[int, ...], errors) -> Iterator[Contestant]:
    """The public calls; reading both concentrations is part of the time."""
    import ionflux as ifx
    from ionflux import K, Na

    K_bath, rho = strengths()
    for kind in ("rates", "functions"):
        cell = neuron(functions=kind == "functions")
        per_rho = cell.parameters()["NaKATPase.J_max"].value / 1.25
        vary = {"BathExchange.c": K_bath, "NaKATPase.J_max": rho * per_rho}

        def one(cell=cell):
            run = cell.simulate(60.0, at=TIMES)
            return np.stack([run.c_out[K], run.c_in[Na]], axis=1)

        def many(count, cell=cell, vary=vary):
            run = ifx.sweep(cell, vary, until=60.0, threads=count, method="explicit")
            return np.stack([run.c_out[K], run.c_in[Na]], axis=1)

        yield Contestant("cell", f"ionflux, {kind}", 1, stopwatch(one, errors["cell"], 9), GATES["cell"])
        for count in threads:
            yield Contestant(
                "sweep", f"ionflux, {kind}", count, stopwatch(lambda c=count, f=many: f(c), errors["sweep"], 1), GATES["sweep"]
            )


def numba_solvers():
    """Return dop853 of numbalsoda for one cell and for many, from compiled loops."""
    import numba
    from numbalsoda import dop853, lsoda_sig

    slope = numba.njit(derivatives, fastmath=True)

    @numba.cfunc(lsoda_sig)
    def right_hand_side(t, u, du, p):
        slope(u, du, p[0], p[1])

    address = right_hand_side.address

    @numba.njit
    def one(times, parameters, rtol, atol):
        return dop853(address, START, times, parameters, rtol=rtol, atol=atol, mxstep=10_000_000)[0][1:, 3:]

    @numba.njit(parallel=True)
    def many(parameters, rtol, atol, out):
        times = np.array([0.0, 60_000.0])
        for i in numba.prange(len(parameters)):
            out[i] = one(times, parameters[i], rtol, atol)[0]

    return numba, one, many


def numbalsoda(threads: tuple[int, ...], errors) -> Iterator[Contestant]:
    numba, one, many = numba_solvers()
    grid, parameters, out = np.append(0.0, TIMES * 1e3), np.stack(strengths(), axis=1), np.empty((CELLS, 2))
    alone = np.array([8.0, 1.25])
    yield Contestant("cell", "numbalsoda", 1, stopwatch(lambda: one(grid, alone, 1e-6, 1e-9), errors["cell"], 9), GATES["cell"])

    def sweep(count):
        numba.set_num_threads(count)
        many(parameters, 1e-6, 1e-9, out)
        return out

    for count in threads:
        yield Contestant("sweep", "numbalsoda", count, stopwatch(lambda c=count: sweep(c), errors["sweep"], 1), GATES["sweep"])


def references():
    """Return the error measure of each workload."""
    _, one, many = numba_solvers()
    exact = one(np.append(0.0, TIMES * 1e3), np.array([8.0, 1.25]), 1e-13, 1e-16)
    ends = np.empty((CHECKED, 2))
    many(np.stack(strengths(), axis=1)[:CHECKED], 1e-13, 1e-16, ends)

    def against(reference):
        return lambda got: float(np.max(np.abs(got[: len(reference)] / reference - 1)))

    return {"cell": against(exact), "sweep": against(ends)}


class Ceiling:
    """A C program written for this model alone, from outside this repository."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder, self.program = folder, scratch / "ceiling_w7"
        self.rows: dict[tuple[str, int], dict] = {}
        build(folder / "w7_spiking.c", self.program, "-mprefer-vector-width=512")

    def take(self, workload: str, threads: int) -> tuple[list[float], float]:
        """Return one round's times; the program measures all in one go."""
        if (workload, threads) not in self.rows:
            printed = subprocess.run([str(self.program)], cwd=self.folder, check=True, capture_output=True, text=True).stdout
            for row in map(json.loads, printed.splitlines()):
                self.rows[{"W7": "cell", "W7s": "sweep"}[row["workload"]], row["threads"]] = row
        row = self.rows.pop((workload, threads))
        return [row["min_s"], row["median_s"], row["max_s"]], row["err"]

    def contestants(self, threads: tuple[int, ...]) -> Iterator[Contestant]:
        """Yield the cell, and the sweep at each number of threads (the program knows one and two)."""
        yield Contestant("cell", "C ceiling", 1, lambda: self.take("cell", 1), GATES["cell"])
        for count in threads:
            yield Contestant("sweep", "C ceiling", count, lambda c=count: self.take("sweep", c), GATES["sweep"])


def main() -> int:
    """Run the comparison and print the table; return 1 if ionflux misses an accuracy gate."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--ceiling-dir", default=os.environ.get("IONFLUX_CEILING"), help="folder of the C program")
    parse.add_argument("--rounds", type=int, default=3)
    parse.add_argument("--threads", type=int, nargs="+", default=[2])
    parse.add_argument("--only", choices=tuple(GATES), help="one workload instead of both")
    parse.add_argument("--json", type=Path, help="also write every timing, one JSON object per contestant and line")
    arguments = parse.parse_args()
    threads = tuple(arguments.threads)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    try:
        errors = references()
    except ImportError as missing:
        say(f"no reference: {missing}; install numba and numbalsoda (extra: peers)")
        return 2
    contestants: list[Contestant] = []
    with tempfile.TemporaryDirectory(prefix="ionflux-compare-") as scratch:
        if arguments.ceiling_dir:
            contestants += Ceiling(Path(arguments.ceiling_dir), Path(scratch)).contestants(threads)
        for make in (ionflux, numbalsoda):
            contestants += make(threads, errors)
        contestants = [one for one in contestants if arguments.only in (None, one.workload)]
        contestants.sort(key=lambda one: (list(GATES).index(one.workload), one.threads))
        print(machine() + "\n")
        compete(contestants, arguments.rounds, say)
    present = {one.name for one in contestants}
    print(table(contestants, [name for name in ("C ceiling", "numbalsoda") if name in present]))
    if arguments.json:
        arguments.json.write_text(as_json(contestants))
    return 1 if any(one.name.startswith("ionflux") and not one.error <= one.gate for one in contestants) else 0


if __name__ == "__main__":
    sys.exit(main())
