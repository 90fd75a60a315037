"""Compare double layers with peers, in one run on one machine: `python benchmarks/compare/w4.py`.

10,000 surfaces in Na 145, K 5, Ca 2, Cl 154 mol/m³ times 0.2 … 2, with −2 … −50 mC/m², each a profile of 200 points over 10 nm:

    plane            by the closed form that these valences have
    plane, general   by what works for any valences
    sphere           outside a radius of 10 nm

All contestants take turns in every round; ratios are taken within a round. Peers that are not installed are left out with a note.
--ceiling-dir or IONFLUX_CEILING names the folder of a C program `w4_double_layer.c` that prints JSON lines with `workload` ("W4",
"W4b"), `peer`, `threads`, `median_s`, `min_s`, `max_s` and `err`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from contest import Contestant, as_json, compete, stopwatch, table  # noqa: E402
from limits import build  # noqa: E402
from run import machine  # noqa: E402

R, F, EPS0, T, EPS_R = 8.31446261815324, 96485.33212331, 8.8541878128e-12, 310.15, 74.2
EPS, RT = EPS_R * EPS0, R * T
N, RADIUS = 10_000, 10e-9
X = np.arange(200) * (10e-9 / 199)
H, K2 = X[1], F * F / (EPS * RT)
GATES = {"plane": 1e-7, "plane, general": 1e-7, "sphere": 1e-4}


def inputs(n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """Return charge and dilution of each row, the same on every machine."""

    def kron(prime: float) -> np.ndarray:
        x = (np.arange(n) + 0.5) * np.sqrt(prime)
        return x - np.floor(x)

    sigma, dilution = -0.002 - 0.048 * kron(2.0), 0.2 + 1.8 * kron(3.0)
    sigma[0], dilution[0] = -0.02, 1.0
    return sigma, dilution


def closed_form(sigma, dilution, kind=np.float64):
    """u = Fψ/RT at X, valences {+1, +2, −1}; with kind = np.longdouble the reference."""
    sigma, s = sigma.astype(kind), dilution.astype(kind)
    cm, c2 = 154 * s, 2 * s
    g = -sigma / np.sqrt(kind(2 * EPS * RT))
    u = -2 * np.arcsinh(g / np.sqrt(4 * cm))
    for _ in range(6 if kind is np.float64 else 12):
        w = np.exp(u)
        root = np.sqrt(cm * w + c2)
        u = u - ((1 / w - 1) * root - g) / (-root / w + (1 / w - 1) * 0.5 * cm * w / root)
    inner, outer = np.sqrt(156 * s), np.sqrt(cm * np.exp(u) + c2)
    q = -cm * np.expm1(u) / (inner + outer) ** 2
    e = q[:, None] * np.exp(-(inner * np.sqrt(kind(2 * F * F / (EPS * RT))))[:, None] * X)
    return np.log1p(-4 * kind(156) / 154 * e / (1 + e) ** 2)


def collocated(rows: int, tol: float):
    """Spheres by `scipy.integrate.solve_bvp`: u'(a) from the charge, u' = −(κ + 1/R) u at 10 nm; lengths in nm."""
    from scipy.integrate import solve_bvp

    k2, a, x = K2 * 1e-18, RADIUS * 1e9, X * 1e9
    found = []
    for sigma, s in zip(*(v[:rows] for v in inputs()), strict=True):
        kappa, slope = np.sqrt(2 * k2 * 156 * s), -sigma * F / (EPS * RT) * 1e-9
        decay = kappa + 1 / (a + x[-1])

        def fall(t, y, s=s):
            charge = -k2 * s * (150 * np.exp(-y[0]) + 4 * np.exp(-2 * y[0]) - 154 * np.exp(y[0]))
            return np.array([y[1], charge - 2 / (a + t) * y[1]])

        def ends(p, q, slope=slope, decay=decay):
            return np.array([p[1] - slope, q[1] + decay * q[0]])

        u0, mesh = -2 * np.arcsinh(slope / (2 * np.sqrt(2 * k2 * 154 * s))), x[::4]
        start = u0 * np.exp(-kappa * mesh)
        answer = solve_bvp(fall, ends, mesh, np.array([start, -kappa * start]), tol=tol, max_nodes=20_000)
        if not answer.success:
            raise RuntimeError(answer.message)
        found.append(answer.sol(x)[0])
    return np.array(found)


def errors() -> dict[str, Callable[[np.ndarray], float]]:
    """Return the error measure of each workload: the largest error over the potential of the surface, on the first rows."""
    sigma, dilution = inputs(100)
    plane, sphere = closed_form(sigma, dilution, np.longdouble).astype(float), collocated(8, 1e-9)

    def against(reference: np.ndarray) -> Callable[[np.ndarray], float]:
        def error(u: np.ndarray) -> float:
            rows = min(len(reference), len(u))
            return float(np.max(np.abs(u[:rows] - reference[:rows]) / np.abs(reference[:rows, :1])))

        return error

    return {"plane": against(plane), "plane, general": against(plane), "sphere": against(sphere)}


def ionflux(threads: tuple[int, ...], error) -> Iterator[Contestant]:
    """The public call, with its checks; results go into an array that exists."""
    import ionflux as ifx
    from ionflux import Ca, Cl, K, Na

    sigma, dilution = inputs()
    bath = {Na: 145 * dilution, K: 5 * dilution, Ca: 2 * dilution, Cl: 154 * dilution}
    # a trace of ions of valence ±3 has no closed form, and nothing else changes
    other = {**bath, ifx.IonSpecies("R", 3): 1e-9, ifx.IonSpecies("Q", -3): 1e-9}
    per_volt = F / RT
    out = ifx.double_layer(bath, sigma=sigma).psi(X)  # of the shape that is wanted; ionflux aligns long arrays of its own

    def call(bath, count, **where):
        layer = ifx.double_layer(bath, sigma=sigma, eps_r=EPS_R, T=T, threads=count, **where)
        return layer.psi(X, out=out, threads=count)

    for count in threads:
        for name, salt, where in (
            ("plane", bath, {}),
            ("plane, general", other, {}),
            ("sphere", bath, {"geometry": "sphere", "radius": RADIUS}),
        ):
            measured = stopwatch(lambda c=count, b=salt, w=where: call(b, c, **w), lambda u, e=error[name]: e(u * per_volt), 5)
            yield Contestant(name, "ionflux", count, measured, GATES[name])


def numpy_peer(threads: tuple[int, ...], error) -> Iterator[Contestant]:
    sigma, dilution = inputs()
    yield Contestant("plane", "numpy", 1, stopwatch(lambda: closed_form(sigma, dilution), error["plane"], 5), GATES["plane"])


def scipy_peer(threads: tuple[int, ...], error) -> Iterator[Contestant]:
    """The usual script: solve_bvp surface by surface."""
    yield Contestant("sphere", "scipy", 1, stopwatch(lambda: collocated(5, 1e-5), error["sphere"], 1), GATES["sphere"], N / 5)


def numba_peer(threads: tuple[int, ...], error) -> Iterator[Contestant]:
    """Loops compiled by Numba: the closed form; Runge-Kutta on ln|u|; finite differences and Newton for the sphere."""
    import numba
    from peers_w4 import make

    sigma, dilution = inputs()
    out = np.empty((N, 200))
    for count in threads:
        for name, function in make(numba, parallel=count > 1).items():

            def call(function=function, count=count):
                numba.set_num_threads(count)
                function(sigma, dilution, out)
                return out

            yield Contestant(name, "numba", count, stopwatch(call, error[name], 3), GATES[name])


class Ceiling:
    """A C program written for these workloads alone, from outside this repository."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder, self.program = folder, scratch / "ceiling_w4"
        self.rows: dict[tuple[str, int], dict] = {}
        build(folder / "w4_double_layer.c", self.program, "-mprefer-vector-width=512")

    def take(self, name: str, threads: int) -> tuple[list[float], float]:
        """Return one round's times; the program measures all in one go."""
        if (name, threads) not in self.rows:
            printed = subprocess.run([str(self.program)], cwd=self.folder, check=True, capture_output=True, text=True).stdout
            for row in map(json.loads, printed.splitlines()):
                kind = "sphere" if row["workload"] == "W4b" else "plane, general" if "generic" in row["peer"] else "plane"
                self.rows[kind, row["threads"]] = row
        row = self.rows.pop((name, threads))
        return [row["min_s"], row["median_s"], row["max_s"]], row["err"]

    def contestants(self, threads: tuple[int, ...]) -> Iterator[Contestant]:
        """Yield the three workloads at each number of threads (the program knows one and two)."""
        for count in threads:
            for name in GATES:
                yield Contestant(name, "C ceiling", count, lambda c=count, n=name: self.take(n, c), GATES[name])


def main() -> int:
    """Run the comparison and print the table; return 1 if ionflux misses an accuracy gate."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--ceiling-dir", default=os.environ.get("IONFLUX_CEILING"), help="folder of the C program")
    parse.add_argument("--rounds", type=int, default=5)
    parse.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parse.add_argument("--json", type=Path, help="also write every timing, one JSON object per contestant and line")
    arguments = parse.parse_args()
    threads = tuple(arguments.threads)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    error = errors()
    contestants: list[Contestant] = []
    with tempfile.TemporaryDirectory(prefix="ionflux-compare-") as scratch:
        if arguments.ceiling_dir:
            contestants += Ceiling(Path(arguments.ceiling_dir), Path(scratch)).contestants(threads)
        for make in (ionflux, numpy_peer, scipy_peer, numba_peer):
            try:
                contestants += make(threads, error)
            except ImportError as missing:
                say(f"{make.__name__}: left out ({missing})")
        contestants.sort(key=lambda one: (list(GATES).index(one.workload), one.threads))
        print(machine() + "\n")
        compete(contestants, arguments.rounds, say)
    present = {one.name for one in contestants}
    print(table(contestants, [name for name in ("C ceiling", "numba", "numpy", "scipy") if name in present]))
    for workload in GATES:
        here = [one for one in contestants if one.workload == workload and one.error <= one.gate]
        ours = [one for one in here if one.name == "ionflux"]
        rivals = [one for one in here if one.name not in ("ionflux", "C ceiling")]
        if ours and rivals:
            one, best = (min(side, key=lambda one: one.median) for side in (ours, rivals))
            who = f"{best.name}, {best.threads} threads"
            print(f"{workload}: {1 / one.times(best):.3g} times as fast as the best peer within the gate ({who})")
    if arguments.json:
        arguments.json.write_text(as_json(contestants))
    return 1 if any(one.name == "ionflux" and not one.error <= one.gate for one in contestants) else 0


if __name__ == "__main__":
    sys.exit(main())
