"""The benchmarks exist in the expected number, every one of them runs, and what is timed gives the right answer."""

from __future__ import annotations

import importlib
import inspect
import itertools
import math
import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
PREFIXES = ("time_", "timeraw_", "mem_", "peakmem_", "track_")

#: module -> (benchmarks, cases: benchmarks times their parameters)
EXPECTED = {
    "bench_cell": (11, 16),
    "bench_formulas": (6, 14),
    "bench_growing": (1, 7),
    "bench_import": (2, 2),
    "bench_layers": (5, 13),
    "bench_neutral": (2, 6),
    "bench_runs": (4, 7),
    "bench_spikes": (4, 5),
    "bench_sweep": (9, 23),
}

if not FOLDER.is_dir():  # an installed package is tested without its repository
    pytest.skip("the benchmarks are not here", allow_module_level=True)
sys.path[:0] = [str(FOLDER), str(FOLDER / "compare")]


def discovered() -> list[tuple[str, type, str]]:
    """Return (module, class, method) of every benchmark, by the naming rules of asv."""
    found = []
    for path in sorted((FOLDER / "benchmarks").glob("bench_*.py")):
        module = importlib.import_module(f"benchmarks.{path.stem}")
        for _, suite in inspect.getmembers(module, inspect.isclass):
            if suite.__module__ == module.__name__:
                found += [(path.stem, suite, name) for name in vars(suite) if name.startswith(PREFIXES)]
    return found


def cases(suite: type) -> list[tuple]:
    """Return the combinations of parameters of a suite, the smallest first."""
    return list(itertools.product(*getattr(suite, "params", ())))


def test_the_expected_number_of_benchmarks_is_discovered():
    found = discovered()
    benchmarks = Counter(module for module, _, _ in found)
    combinations = Counter()
    for module, suite, _ in found:
        combinations[module] += len(cases(suite))
    assert {module: (benchmarks[module], combinations[module]) for module in benchmarks} == EXPECTED


def test_asv_discovers_the_same_benchmarks():
    discovery = pytest.importorskip("asv_runner.discovery")
    names = {f"{module}.{suite.__name__}.{name}" for module, suite, name in discovered()}
    assert {benchmark.name for benchmark in discovery.disc_benchmarks(str(FOLDER / "benchmarks"))} == names


@pytest.mark.slow
@pytest.mark.parametrize(("module", "suite", "name"), discovered(), ids=lambda part: getattr(part, "__name__", part))
def test_every_benchmark_runs_at_its_smallest_size(module, suite, name):
    smallest = cases(suite)[0]
    benchmark = suite()
    if hasattr(benchmark, "setup"):
        benchmark.setup(*smallest)
    figure = getattr(benchmark, name)(*smallest)
    if name.startswith("track_"):
        assert math.isfinite(figure)
        assert figure >= 0.0


def test_the_timed_cell_meets_its_accuracy_gate():
    from benchmarks import bench_cell
    from benchmarks import pump_leak as model

    benchmark = bench_cell.TenHours()
    for (rtol,) in cases(bench_cell.TenHours):
        benchmark.setup(rtol)
        assert model.cell_error(model.observables(benchmark.simulate(rtol))) < model.CELL_GATE


@pytest.mark.parametrize("threads", [1, 2])
def test_the_timed_sweep_meets_its_accuracy_gate(threads):
    from benchmarks import bench_sweep
    from benchmarks import pump_leak as model

    answer = model.observables(bench_sweep.ten_hours(model.cell(), 100, threads))
    assert answer.shape == (100, 10, 5)
    assert model.sweep_error(answer) < model.SWEEP_GATE


def test_every_growing_model_comes_through_its_ten_hours():
    from benchmarks import growing_models as models
    from benchmarks import pump_leak as model

    for name in models.SIZES:
        run = models.grown(name).simulate(model.END, schedule=model.ouabain(), at=model.sweep_times())
        assert np.all(np.isfinite(run.V)), name


def test_the_stored_reference_is_what_its_generator_computes():
    # Steps four times as wide as those behind the stored answer: quick, and still far more accurate than the gate needs.
    from benchmarks import pump_leak as model
    from make_reference import solve

    answer = solve(np.array([list(model.STRENGTHS.values())]), model.cell_times(), growth=0.5)[0]
    assert model.cell_error(answer) < 1e-3 * model.CELL_GATE


@pytest.mark.skipif(shutil.which(os.environ.get("CC", "cc")) is None, reason="needs a C compiler")
@pytest.mark.slow
def test_the_c_program_for_this_one_model_meets_the_gates(tmp_path):
    from benchmarks import pump_leak as model
    from limits import OneModel

    try:
        program = OneModel(tmp_path)
    except OSError as reason:
        pytest.skip(str(reason))
    assert program.take("cell", 1, 1, 1e-6)[1] < model.CELL_GATE
    assert program.take("sweep", 2, 1, 1e-6)[1] < model.SWEEP_GATE


def test_the_comparison_states_ratios_within_rounds_and_marks_a_missed_gate():
    from contest import Contestant, table

    def contestant(name: str, rounds: list[list[float]], error: float) -> Contestant:
        return Contestant("cell", name, 1, lambda: ([], 0.0), gate=1e-5, rounds=rounds, error=error)

    rival = contestant("rival", [[1.0], [4.0], [1.0]], 1e-6)
    slow_and_wrong = contestant("us", [[2.0], [8.0], [2.0]], 1e-3)
    rows = table([rival, slow_and_wrong], ("rival",)).splitlines()
    assert "misses the gate" not in rows[2]
    assert "1.0e-03 (misses the gate)" in rows[3]
    assert rows[3].endswith("| 2 |")
