"""Compare ionflux with its peers on the pump-leak workload, in one run on one machine: `python benchmarks/compare/run.py`.

All contestants take turns in every round; ratios are taken within a round. Only ratios from one run mean anything: absolute times
depend on the machine and on who else uses it. Peers that are not installed are left out with a note. Beside them run a C program
written for this one model and, if --ceiling-dir or IONFLUX_CEILING names the folder of its source, another one (`limits.Ceiling`
says what it must print).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from contest import Contestant, as_json, compete, table  # noqa: E402
from limits import Ceiling, OneModel  # noqa: E402
from peers import PEERS  # noqa: E402

#: the columns of ratios
RIVALS = ("C ceiling", "C, one model", "numbalsoda")


def machine() -> str:
    """Return one line on what this ran on."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        processor = next((line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line), processor)
    versions = [f"Python {platform.python_version()}"]
    for package in ("ionflux", "numpy", "scipy", "numba", "numbalsoda"):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    load = f"load {os.getloadavg()[0]:.2f} at the start" if hasattr(os, "getloadavg") else "load unknown"
    return f"{processor}, {os.cpu_count()} CPUs, {load}; {', '.join(versions)}"


def gather(arguments: argparse.Namespace, scratch: Path) -> list[Contestant]:
    """Return who can take part here; say who cannot, and why."""
    found: list[Contestant] = []
    if arguments.ceiling_dir:
        found += Ceiling(Path(arguments.ceiling_dir), scratch).contestants(arguments.threads)
    try:
        found += [] if "one-model" in arguments.without else OneModel(scratch).contestants(arguments.threads)
    except OSError as reason:
        say(f"C, one model: left out ({reason})")
    for name in set(PEERS) - set(arguments.without):
        make = PEERS[name]
        try:
            found += make(arguments.threads, arguments.cells)
        except ImportError as missing:
            say(f"{name}: left out ({missing})")
    if "ionflux" not in arguments.without:
        import ours

        found += ours.contestants(arguments.threads, arguments.cells)
    order = {"cell": 0, "sweep": 1}
    return sorted(found, key=lambda one: (order[one.workload], one.threads))


def say(text: str) -> None:
    """Print a remark where it does not disturb the table."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Run the comparison and print the table; return 1 if ionflux misses an accuracy gate."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--ceiling-dir", default=os.environ.get("IONFLUX_CEILING"), help="folder of another C program for this model")
    parse.add_argument("--rounds", type=int, default=5)
    parse.add_argument("--cells", type=int, default=10_000, help="cells of the sweep; fewer are scaled up")
    parse.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parse.add_argument("--only", choices=("cell", "sweep"), help="one workload instead of both")
    parse.add_argument("--without", nargs="*", default=[], help="who stays out: " + ", ".join(("ionflux", "one-model", *PEERS)))
    parse.add_argument("--json", type=Path, help="also write every timing, one JSON object per contestant and line")
    arguments = parse.parse_args()
    arguments.threads = tuple(arguments.threads)
    with tempfile.TemporaryDirectory(prefix="ionflux-compare-") as scratch:
        contestants = [one for one in gather(arguments, Path(scratch)) if arguments.only in (None, one.workload)]
        print(machine() + "\n")
        compete(contestants, arguments.rounds, say)
    present = {one.name for one in contestants}
    print(table(contestants, [rival for rival in RIVALS if rival in present]))
    if arguments.json:
        arguments.json.write_text(as_json(contestants))
    missed = [one for one in contestants if one.name.startswith("ionflux") and not one.error <= one.gate]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
