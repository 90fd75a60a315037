"""Compare Goldman's formulas with peers, in one run on one machine: `python benchmarks/compare/w1.py`.

A million membranes with K, Na and Cl at 37 °C: the potential without current and the three currents at a given potential, V = 0 among
them. Two ways of asking ionflux: one call for all (`ghk_membrane`), or four (`ghk_voltage` and three `ghk_current`).

All contestants take turns in every round; ratios are taken within a round. Peers that are not installed are left out with a note.
--ceiling-dir or IONFLUX_CEILING names the folder of a C program `w1_ghk.c` that prints JSON lines with `threads`, `median_s`, `min_s`,
`max_s` and `err`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from math import expm1, log
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from contest import Contestant, as_json, compete, stopwatch, table  # noqa: E402
from limits import build  # noqa: E402
from run import machine  # noqa: E402

R, F, T = 8.31446261815324, 96485.33212331, 310.15
VT = R * T / F
K_OUT, NA_OUT, CL_OUT = 4.0, 145.0, 110.0
N, GATE, WORKLOAD = 1_000_000, 1e-12, "ghk"
LOW = (100.0, 5.0, 4.0, 0.5e-8, 0.5e-9, 0.5e-9, -0.12)
HIGH = (160.0, 30.0, 20.0, 1.5e-8, 1e-8, 1e-8, 0.08)
PRIMES = (2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0)


def inputs(n: int = N) -> list[np.ndarray]:
    """Return K, Na, Cl inside, their permeabilities, and V, the same on every machine; V = 0 at every thousandth."""
    found = []
    for low, high, prime in zip(LOW, HIGH, PRIMES, strict=True):
        x = (np.arange(n) + 0.5) * np.sqrt(prime)
        found.append(low + (high - low) * (x - np.floor(x)))
    found[6][500::1000] = 0.0
    return found


def plain(K_in, Na_in, Cl_in, P_K, P_Na, P_Cl, V):
    """The four results in NumPy, as a careful person writes them."""
    voltage = VT * np.log((P_K * K_OUT + P_Na * NA_OUT + P_Cl * Cl_in) / (P_K * K_in + P_Na * Na_in + P_Cl * CL_OUT))
    u = V / VT
    with np.errstate(divide="ignore", invalid="ignore"):
        b = np.where(u == 0, 1.0, u / np.expm1(u))
    a = b + u
    return np.stack([
        voltage, P_K * F * (a * K_in - b * K_OUT), P_Na * F * (a * Na_in - b * NA_OUT), P_Cl * F * (a * CL_OUT - b * Cl_in)
    ])  # fmt: skip


class Error:
    """Largest difference from the formulas in long double, over the larger of the value and a scale, on every seventh membrane."""

    def __init__(self) -> None:
        columns = [x[::7].astype(np.longdouble) for x in inputs()]
        self.exact = plain(*columns)
        ones = np.ones_like(columns[0])
        scale = np.stack([VT * ones, columns[3] * F * K_OUT, columns[4] * F * NA_OUT, columns[5] * F * CL_OUT])
        self.scale = np.maximum(np.abs(self.exact), scale)

    def __call__(self, answer: np.ndarray) -> float:
        return max(
            float(np.max(np.abs(got[::7] - exact) / scale)) for got, exact, scale in zip(answer, self.exact, self.scale, strict=True)
        )


def ionflux(threads: tuple[int, ...], error: Error) -> Iterator[Contestant]:
    """The public calls, with their checks; results go into arrays that exist."""
    import ionflux as ifx
    from ionflux import Cl, K, Na

    K_in, Na_in, Cl_in, P_K, P_Na, P_Cl, V = inputs()
    P, c_in, c_out = {K: P_K, Na: P_Na, Cl: P_Cl}, {K: K_in, Na: Na_in, Cl: Cl_in}, {K: K_OUT, Na: NA_OUT, Cl: CL_OUT}
    first = ifx.ghk_membrane(P, V=V, c_in=c_in, c_out=c_out, T=T)
    four = [first.reversal, *(first.current[ion] for ion in P)]

    def at_once(count):
        ifx.ghk_membrane(P, V=V, c_in=c_in, c_out=c_out, T=T, out=first, threads=count)
        return four

    def one_by_one(count):
        ifx.ghk_voltage(P, c_in=c_in, c_out=c_out, T=T, out=four[0], threads=count)
        for ion, place in zip(P, four[1:], strict=True):
            ifx.ghk_current(ion, P=P[ion], V=V, c_in=c_in[ion], c_out=c_out[ion], T=T, out=place, threads=count)
        return four

    for count in threads:
        for name, call in (("ionflux", at_once), ("ionflux, four calls", one_by_one)):
            yield Contestant(WORKLOAD, name, count, stopwatch(lambda f=call, c=count: f(c), error, 9), GATE)


def numpy_peer(threads: tuple[int, ...], error: Error) -> Iterator[Contestant]:
    columns = inputs()
    yield Contestant(WORKLOAD, "numpy", 1, stopwatch(lambda: plain(*columns), error, 5), GATE)


def numba_peer(threads: tuple[int, ...], error: Error) -> Iterator[Contestant]:
    """One fused loop compiled by Numba with fastmath."""
    import numba

    def loop(K_in, Na_in, Cl_in, P_K, P_Na, P_Cl, V, out):
        for i in numba.prange(V.size):
            inward = P_K[i] * K_OUT + P_Na[i] * NA_OUT + P_Cl[i] * Cl_in[i]
            out[0, i] = VT * log(inward / (P_K[i] * K_in[i] + P_Na[i] * Na_in[i] + P_Cl[i] * CL_OUT))
            u = V[i] / VT
            b = 1.0
            if u != 0.0:
                b = u / expm1(u)
            a = b + u
            out[1, i] = P_K[i] * F * (a * K_in[i] - b * K_OUT)
            out[2, i] = P_Na[i] * F * (a * Na_in[i] - b * NA_OUT)
            out[3, i] = P_Cl[i] * F * (a * CL_OUT - b * Cl_in[i])

    columns, out = inputs(), np.empty((4, N))
    for count in threads:
        compiled = numba.njit(fastmath=True, parallel=count > 1)(loop)

        def call(compiled=compiled, count=count):
            numba.set_num_threads(count)
            compiled(*columns, out)
            return out

        yield Contestant(WORKLOAD, "numba", count, stopwatch(call, error, 5), GATE)


def jax_peer(threads: tuple[int, ...], error: Error) -> Iterator[Contestant]:
    """JAX on the CPU, which takes all cores it finds."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy

    @jax.jit
    def compiled(K_in, Na_in, Cl_in, P_K, P_Na, P_Cl, V):
        voltage = VT * jnp.log((P_K * K_OUT + P_Na * NA_OUT + P_Cl * Cl_in) / (P_K * K_in + P_Na * Na_in + P_Cl * CL_OUT))
        u = V / VT
        b = jnp.where(u == 0, 1.0, u / jnp.expm1(jnp.where(u == 0, 1.0, u)))
        a = b + u
        return voltage, P_K * F * (a * K_in - b * K_OUT), P_Na * F * (a * Na_in - b * NA_OUT), P_Cl * F * (a * CL_OUT - b * Cl_in)

    columns = [jnp.asarray(x) for x in inputs()]
    measured = stopwatch(lambda: jax.block_until_ready(compiled(*columns)), lambda answer: error([np.asarray(x) for x in answer]), 5)
    yield Contestant(WORKLOAD, "jax", os.cpu_count() or 1, measured, GATE)


class Ceiling:
    """A C program written for this workload alone, from outside this repository."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder, self.program = folder, scratch / "ceiling_w1"
        self.rows: dict[int, dict] = {}
        build(folder / "w1_ghk.c", self.program, "-mprefer-vector-width=512")

    def take(self, threads: int) -> tuple[list[float], float]:
        """Return one round's times; the program measures both in one go."""
        if threads not in self.rows:
            printed = subprocess.run([str(self.program)], cwd=self.folder, check=True, capture_output=True, text=True).stdout
            self.rows = {row["threads"]: row for row in map(json.loads, printed.splitlines())}
        row = self.rows.pop(threads)
        return [row["min_s"], row["median_s"], row["max_s"]], row["err"]

    def contestants(self, threads: tuple[int, ...]) -> Iterator[Contestant]:
        """Yield it at each number of threads (the program knows one and two)."""
        for count in threads:
            yield Contestant(WORKLOAD, "C ceiling", count, lambda c=count: self.take(c), GATE)


def main() -> int:
    """Run the comparison and print the table; return 1 if ionflux misses the accuracy gate."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--ceiling-dir", default=os.environ.get("IONFLUX_CEILING"), help="folder of the C program")
    parse.add_argument("--rounds", type=int, default=7)
    parse.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parse.add_argument("--json", type=Path, help="also write every timing, one JSON object per contestant and line")
    arguments = parse.parse_args()
    threads = tuple(arguments.threads)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    error = Error()
    contestants: list[Contestant] = []
    with tempfile.TemporaryDirectory(prefix="ionflux-compare-") as scratch:
        if arguments.ceiling_dir:
            contestants += Ceiling(Path(arguments.ceiling_dir), Path(scratch)).contestants(threads)
        for make in (ionflux, numpy_peer, numba_peer, jax_peer):
            try:
                contestants += make(threads, error)
            except ImportError as missing:
                say(f"{make.__name__}: left out ({missing})")
        contestants.sort(key=lambda one: one.threads)
        print(machine() + "\n")
        compete(contestants, arguments.rounds, say)
    present = {one.name for one in contestants}
    print(table(contestants, [name for name in ("C ceiling", "numba", "numpy") if name in present]))
    rivals = [one for one in contestants if not one.name.startswith(("ionflux", "C ceiling")) and one.error <= GATE]
    for count in threads:
        peers = [one for one in rivals if one.threads <= count]
        for one in contestants:
            if one.name.startswith("ionflux") and one.threads == count and peers:
                best = min(peers, key=lambda peer: peer.median)
                who = f"{best.name}, {best.threads} threads"
                print(f"{one.name}, {count} threads: {1 / one.times(best):.3g} times as fast as the best peer ({who})")
    if arguments.json:
        arguments.json.write_text(as_json(contestants))
    return 1 if any(one.name.startswith("ionflux") and not one.error <= GATE for one in contestants) else 0


if __name__ == "__main__":
    sys.exit(main())
