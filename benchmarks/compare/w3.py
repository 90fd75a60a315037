"""Compare current-voltage curves of a charged membrane with peers, in one run on one machine: `python benchmarks/compare/w3.py`.

Poisson-Nernst-Planck on 200 even cells, K, Na and Cl, 41 voltages from -100 to 100 mV: one curve (W3), and 1,000 curves with a fixed charge
and a K outside of their own (W3b). All contestants take turns in every round; ratios are taken within a round. Peers that are not installed
are left out with a note. --ceiling-dir or IONFLUX_CEILING names the folder of a C program `w3_pnp_iv.c` that prints JSON lines with
`workload`, `peer`, `threads`, `median_s`, `min_s`, `max_s` and `err`; it reads ../reference/w3.bin and w3b_first20.bin.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from contest import Contestant, as_json, compete, stopwatch, table  # noqa: E402
from limits import build  # noqa: E402
from run import machine  # noqa: E402

V, X = np.linspace(-0.1, 0.1, 41), np.arange(201) * 0.125e-9
#: the discrete answer at every tenth voltage, from three independent implementations that agree to 1e-12
EXPECTED = np.array([-2698872.3803811, -1270603.2466315, 234910.93094352, 1868085.7764199, 3608599.4170034])
GATE = 1e-9
CURVES = 1000


def parameters(n: int = CURVES) -> tuple[np.ndarray, np.ndarray]:
    """Return the fixed charge and K on the right of each curve, the same on every machine."""

    def kron(prime: float) -> np.ndarray:
        x = (np.arange(n) + 0.5) * np.sqrt(prime)
        return x - np.floor(x)

    return -500 * (0.2 + 1.8 * kron(2.0)), 2 + 28 * kron(3.0)


def error_of_one(I: np.ndarray) -> float:
    """Largest difference over the largest current."""
    return float(np.max(np.abs(I[::10] - EXPECTED)) / np.max(np.abs(EXPECTED)))


def error_of_many(own: Path | None):
    """Return the measure for W3b: against the first 20 curves where their file is at hand, else that nothing is missing."""
    reference = None if own is None or not own.exists() else np.fromfile(own).reshape(-1, 41)

    def error(I: np.ndarray) -> float:
        if reference is None:
            return 0.0 if np.all(np.isfinite(I)) else float("inf")
        return float(np.max(np.abs(I[: len(reference)] - reference)) / np.max(np.abs(reference)))

    return error


def ionflux(threads: tuple[int, ...], many) -> Iterator[Contestant]:
    """The public calls."""
    import ionflux as ifx

    K, Na, Cl = (ifx.IonSpecies(name, z, D=D) for name, z, D in (("K", 1, 1.96e-9), ("Na", 1, 1.33e-9), ("Cl", -1, 2.03e-9)))
    bath = ifx.Layer(10e-9, eps_r=74.2)
    membrane = ifx.Membrane1D([bath, ifx.Layer(5e-9, eps_r=40.0, D_factor=0.1, fixed_charge=-500.0), bath])
    left, right = {K: 140.0, Na: 10.0, Cl: 150.0}, {K: 5.0, Na: 145.0, Cl: 150.0}
    charge, k = parameters()
    yield Contestant("W3", "ionflux", 1, stopwatch(lambda: ifx.pnp_iv(membrane, left, right, V, nodes=X).I, error_of_one, 9), GATE)
    for count in threads:

        def call(count=count):
            varied = {"layers.1.fixed_charge": charge}
            return ifx.pnp_iv(membrane, left, {K: k, Na: 150 - k, Cl: 150.0}, V, nodes=X, vary=varied, threads=count).I

        yield Contestant("W3b", "ionflux", count, stopwatch(call, many, 1), GATE)


def numba_peer(threads: tuple[int, ...], many) -> Iterator[Contestant]:
    """Hand-written loops; see peers_w3.py."""
    import numba
    from peers_w3 import curve, in_parallel

    one, all_of_them, P = np.empty(41), np.empty((CURVES, 41)), np.stack(parameters(), 1)

    def single():
        curve(-500.0, 5.0, V, one)
        return one

    yield Contestant("W3", "numba", 1, stopwatch(single, error_of_one, 9), GATE)
    for count in threads:

        def call(count=count):
            numba.set_num_threads(count)
            in_parallel(P, V, all_of_them)
            return all_of_them

        yield Contestant("W3b", "numba", count, stopwatch(call, many, 1), GATE)


class Ceiling:
    """A C program written for these workloads alone, from outside this repository."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder, self.program, self.rows = folder, scratch / "ceiling_w3", {}
        build(folder / "w3_pnp_iv.c", self.program, "-mprefer-vector-width=512")

    def take(self, workload: str, threads: int) -> tuple[list[float], float]:
        """Return one round's times; the program measures all in one go."""
        if (workload, threads) not in self.rows:
            printed = subprocess.run([str(self.program)], cwd=self.folder, check=True, capture_output=True, text=True).stdout
            self.rows |= {(row["workload"], row["threads"]): row for row in map(json.loads, printed.splitlines())}
        row = self.rows.pop((workload, threads))
        return [row["min_s"], row["median_s"], row["max_s"]], row["err"]

    def contestants(self, threads: tuple[int, ...]) -> Iterator[Contestant]:
        """Yield both workloads; one curve on one thread."""
        yield Contestant("W3", "C ceiling", 1, lambda: self.take("W3", 1), GATE)
        for count in threads:
            yield Contestant("W3b", "C ceiling", count, lambda c=count: self.take("W3b", c), GATE)


def main() -> int:
    """Run the comparison and print the table; return 1 if ionflux misses the accuracy gate."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--ceiling-dir", default=os.environ.get("IONFLUX_CEILING"), help="folder of the C program")
    parse.add_argument("--rounds", type=int, default=5)
    parse.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parse.add_argument("--json", type=Path, help="also write every timing, one JSON object per contestant and line")
    arguments = parse.parse_args()
    threads = tuple(arguments.threads)
    many = error_of_many(Path(arguments.ceiling_dir) / "../reference/w3b_first20.bin" if arguments.ceiling_dir else None)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    contestants: list[Contestant] = []
    with tempfile.TemporaryDirectory(prefix="ionflux-compare-") as scratch:
        if arguments.ceiling_dir:
            contestants += Ceiling(Path(arguments.ceiling_dir), Path(scratch)).contestants(threads)
        for make in (ionflux, numba_peer):
            try:
                contestants += make(threads, many)
            except ImportError as missing:
                say(f"{make.__name__}: left out ({missing})")
        contestants.sort(key=lambda one: (one.workload, one.threads))
        print(machine() + "\n")
        compete(contestants, arguments.rounds, say)
    present = {one.name for one in contestants}
    print(table(contestants, [name for name in ("C ceiling", "numba") if name in present]))
    if arguments.json:
        arguments.json.write_text(as_json(contestants))
    return 1 if any(one.name == "ionflux" and not one.error <= one.gate for one in contestants) else 0


if __name__ == "__main__":
    sys.exit(main())
