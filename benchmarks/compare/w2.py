"""Compare profiles in given potentials with peers, in one run on one machine: `python benchmarks/compare/w2.py`.

10,000 profiles of K, Na and Cl through 5 nm, each in a potential of its own, linear between 201 places: three fluxes, and three
concentrations at every place. All contestants take turns in every round; ratios are taken within a round. Peers that are not installed are
left out with a note. --ceiling-dir or IONFLUX_CEILING names the folder of a C program `w2_nernst_planck.c` that prints JSON lines with
`workload`, `peer`, `threads`, `median_s`, `min_s`, `max_s` and `err`.
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

R, F, T = 8.31446261815324, 96485.33212331, 310.15
L, CELLS, N = 5e-9, 200, 10_000
D, Z = np.array([1.96e-9, 1.33e-9, 2.03e-9]), (1, 1, -1)
GATE = 1e-9


def inputs(n: int = N) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return potentials and concentrations of each row, the same on every machine."""

    def kron(j: int) -> np.ndarray:
        x = (np.arange(n) + 0.5) * np.sqrt((2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0)[j])
        return x - np.floor(x)

    s = np.arange(CELLS + 1) / CELLS
    V, A, B = -0.1 + 0.2 * kron(0), -0.1 + 0.3 * kron(1), -0.05 + 0.1 * kron(2)
    phi = V[:, None] * (1 - s) + A[:, None] * np.sin(np.pi * s) ** 2 + B[:, None] * np.sin(2 * np.pi * s)
    left = np.stack([lo + span * kron(3 + i) for i, (lo, span) in enumerate(((100, 60), (5, 25), (5, 25)))], 1)
    right = np.stack([lo + span * kron(6 + i) for i, (lo, span) in enumerate(((2, 8), (100, 60), (90, 60)))], 1)
    return phi, left, right


def solve(phi, left, right, kind=np.float64):
    """Cumulative sums in NumPy; with kind = np.longdouble the reference. Fluxes (n, 3) and concentrations (n, 3, 201)."""
    h, per_volt = kind(L) / CELLS, kind(F) / (kind(R) * kind(T))
    J, c = np.empty((len(phi), 3), kind), np.empty((len(phi), 3, CELLS + 1), kind)
    for i, z in enumerate(Z):
        psi = z * phi.astype(kind) * per_volt
        e, d = np.exp(psi), np.diff(psi, axis=1)
        S = np.zeros_like(psi)
        S[:, 1:] = np.cumsum(e[:, :-1] * np.where(d == 0, 1, np.expm1(d) / np.where(d == 0, 1, d)), axis=1)
        a, b = left[:, i] * e[:, 0], right[:, i] * e[:, -1]
        J[:, i] = kind(D[i]) / h * (a - b) / S[:, -1]
        c[:, i] = (a[:, None] - ((a - b) / S[:, -1])[:, None] * S) / e
    return J, c


def judge():
    """Return the error measure: the largest relative error of any flux or concentration, on every 97th row."""
    J, c = (a.astype(float) for a in solve(*(a[::97] for a in inputs()), np.longdouble))

    def error(answer) -> float:
        return float(max(np.max(np.abs(answer[0][::97] / J - 1)), np.max(np.abs(answer[1][::97] / c - 1))))

    return error


def ionflux(threads: tuple[int, ...], error) -> Iterator[Contestant]:
    """The public call, with its checks; concentrations go into an array that exists."""
    import ionflux as ifx

    phi, left, right = inputs()
    ions = [ifx.IonSpecies(name, z, D=d) for name, z, d in zip(("K", "Na", "Cl"), Z, D, strict=True)]
    film, x, out = ifx.Membrane1D(ifx.Layer(L), T=T), np.arange(CELLS + 1) / CELLS * L, np.empty((N, 3, CELLS + 1))
    sides = [dict(zip(ions, side.T, strict=True)) for side in (left, right)]
    for count in threads:

        def call(count=count):
            profile = ifx.nernst_planck(film, *sides, potential=phi, x=x, out=out, threads=count)
            return np.stack([profile.J[ion] for ion in ions], 1), out

        yield Contestant("W2", "ionflux", count, stopwatch(call, error, 5), GATE)


def numpy_peer(threads: tuple[int, ...], error) -> Iterator[Contestant]:
    rows = inputs()
    yield Contestant("W2", "numpy", 1, stopwatch(lambda: solve(*rows), error, 2), GATE)


def numba_peer(threads: tuple[int, ...], error) -> Iterator[Contestant]:
    """The same sums in a loop compiled by Numba, with fastmath."""
    from math import exp, expm1

    import numba

    per_volt, h, mobility, z = F / (R * T), L / CELLS, tuple(D), tuple(float(v) for v in Z)

    def body(phi, left, right, J, c):
        for b in numba.prange(phi.shape[0]):
            S, e = np.empty(CELLS + 1), np.empty(CELLS + 1)
            for i in range(3):
                scale = z[i] * per_volt
                S[0] = 0.0
                for k in range(CELLS + 1):
                    e[k] = exp(scale * phi[b, k])
                for k in range(CELLS):
                    d = scale * (phi[b, k + 1] - phi[b, k])
                    p = 1.0
                    if d != 0.0:
                        p = expm1(d) / d
                    S[k + 1] = S[k] + e[k] * p
                a, last = left[b, i] * e[0], right[b, i] * e[CELLS]
                g = (a - last) / S[CELLS]
                J[b, i] = mobility[i] * g / h
                for k in range(CELLS + 1):
                    c[b, i, k] = (a - g * S[k]) / e[k]

    rows, J, c = inputs(), np.empty((N, 3)), np.empty((N, 3, CELLS + 1))
    for count in threads:
        function = numba.njit(body, fastmath=True, parallel=count > 1)

        def call(function=function, count=count):
            numba.set_num_threads(count)
            function(*rows, J, c)
            return J, c

        yield Contestant("W2", "numba", count, stopwatch(call, error, 5), GATE)


class Ceiling:
    """A C program written for this workload alone, from outside this repository."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.program, self.rows = scratch / "ceiling_w2", {}
        build(folder / "w2_nernst_planck.c", self.program, "-mprefer-vector-width=512")

    def take(self, threads: int) -> tuple[list[float], float]:
        """Return one round's times; the program measures one and two threads in one go."""
        if threads not in self.rows:
            printed = subprocess.run([str(self.program)], check=True, capture_output=True, text=True).stdout
            self.rows |= {row["threads"]: row for row in map(json.loads, printed.splitlines())}
        row = self.rows.pop(threads)
        return [row["min_s"], row["median_s"], row["max_s"]], row["err"]

    def contestants(self, threads: tuple[int, ...]) -> Iterator[Contestant]:
        """Yield the workload at each number of threads."""
        for count in threads:
            yield Contestant("W2", "C ceiling", count, lambda c=count: self.take(c), GATE)


def main() -> int:
    """Run the comparison and print the table; return 1 if ionflux misses the accuracy gate."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--ceiling-dir", default=os.environ.get("IONFLUX_CEILING"), help="folder of the C program")
    parse.add_argument("--rounds", type=int, default=5)
    parse.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parse.add_argument("--json", type=Path, help="also write every timing, one JSON object per contestant and line")
    arguments = parse.parse_args()
    threads, error = tuple(arguments.threads), judge()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    contestants: list[Contestant] = []
    with tempfile.TemporaryDirectory(prefix="ionflux-compare-") as scratch:
        if arguments.ceiling_dir:
            contestants += Ceiling(Path(arguments.ceiling_dir), Path(scratch)).contestants(threads)
        for make in (ionflux, numpy_peer, numba_peer):
            try:
                contestants += make(threads, error)
            except ImportError as missing:
                say(f"{make.__name__}: left out ({missing})")
        print(machine() + "\n")
        compete(contestants, arguments.rounds, say)
    present = {one.name for one in contestants}
    print(table(contestants, [name for name in ("C ceiling", "numba", "numpy") if name in present]))
    if arguments.json:
        arguments.json.write_text(as_json(contestants))
    return 1 if any(one.name == "ionflux" and not one.error <= one.gate for one in contestants) else 0


if __name__ == "__main__":
    sys.exit(main())
