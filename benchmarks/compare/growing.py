"""Print the nanoseconds per step and cell of models of growing size: `python benchmarks/compare/growing.py`."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.growing_models import SIZES, grown, nanoseconds_per_step


def main() -> None:
    """Measure all models in turns, three rounds, and print the medians and the range."""
    cells = {name: grown(name) for name in SIZES}
    rounds = [{name: nanoseconds_per_step(cell) for name, cell in cells.items()} for _ in range(3)]
    print("| model | ns per step and cell | min - max | x smallest |\n|---|---|---|---|")
    smallest = statistics.median(one[next(iter(SIZES))] for one in rounds)
    for name in SIZES:
        figures = [one[name] for one in rounds]
        middle = statistics.median(figures)
        print(f"| {name} | {middle:.0f} | {min(figures):.0f} - {max(figures):.0f} | {middle / smallest:.2f} |")


if __name__ == "__main__":
    main()
