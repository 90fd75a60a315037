"""Many cells at once: 1, 64, 4096 and 100 000, as people run them."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from . import pump_leak as model
from .clock import ratio, seconds

SIZES = (1, 64, 4096, 100_000)


def ten_hours(cell, n, threads=1, rtol=1e-6):
    """Sweep n cells of the pump-leak workload and return the Sweep."""
    import ionflux as ifx

    at = model.sweep_times()
    return ifx.sweep(cell, vary=model.sweep_values(n), until=model.END, schedule=model.ouabain(), at=at, threads=threads, rtol=rtol)


class TenHours:
    """Ten hours of n different cells, sampled hourly."""

    params = (SIZES, (1, 2))
    param_names = ("cells", "threads")
    timeout = 300
    number, repeat, warmup_time = 1, (2, 5, 20.0), 0.0

    def setup(self, cells, threads):
        self.cell = model.cell()
        ten_hours(self.cell, 64, threads)

    def time_sweep(self, cells, threads):
        ten_hours(self.cell, cells, threads)

    def peakmem_sweep(self, cells, threads):
        ten_hours(self.cell, cells, threads)


class Ratios:
    """Figures that hold on any machine."""

    timeout = 300

    def setup(self):
        self.cell = model.cell()

    def track_two_thread_speed_up(self):
        return ratio(lambda: ten_hours(self.cell, 4096, 1), lambda: ten_hours(self.cell, 4096, 2), repeats=5)

    def track_single_cell_over_cell_of_a_batch(self):
        at, schedule = model.sweep_times(), model.ouabain()
        alone = ratio(lambda: self.cell.simulate(model.END, schedule=schedule, at=at), lambda: ten_hours(self.cell, 4096), repeats=5)
        return 4096 * alone

    def track_sweep_of_one_over_simulate(self):
        at, schedule = model.sweep_times(), model.ouabain()
        return ratio(lambda: ten_hours(self.cell, 1), lambda: self.cell.simulate(model.END, schedule=schedule, at=at), repeats=15)

    def track_numpy_derivatives_over_sweep(self):
        """The time NumPy needs for nothing but the right-hand sides that the engine evaluates, over that of the engine for everything."""
        n = 4096
        y = np.tile(np.array(model.START)[:, None], (1, n))
        strengths = list(model.sweep_values(n).values())
        evaluations = ten_hours(self.cell, n).stats.evaluations / n
        once = min(seconds(lambda: model.derivatives(0.0, y, *strengths, 1.0)) for _ in range(20))
        return once * evaluations / min(seconds(lambda: ten_hours(self.cell, n)) for _ in range(5))

    def track_call_over_kernel(self):
        """A one-thread sweep of 4096 cells and reading its results, over the part spent in compiled code."""
        shares = []
        for _ in range(5):
            start = time.perf_counter()
            sweep = ten_hours(self.cell, 4096)
            model.observables(sweep)
            shares.append((time.perf_counter() - start) / sweep.stats.seconds)
        return statistics.median(shares)

    def track_error_over_gate(self):
        return model.sweep_error(model.observables(ten_hours(self.cell, 100))) / model.SWEEP_GATE

    track_two_thread_speed_up.unit = "ratio"
    track_single_cell_over_cell_of_a_batch.unit = "ratio"
    track_sweep_of_one_over_simulate.unit = "ratio"
    track_numpy_derivatives_over_sweep.unit = "ratio"
    track_call_over_kernel.unit = "ratio"
    track_error_over_gate.unit = "error / gate"


class Memory:
    """The peak of a fresh process during a sweep, less what it held before, over the size of the five arrays that are compared."""

    unit = "peak / output"
    timeout = 300
    cells = 100_000  # fewer would hide in what the process held before

    def track_peak_over_output(self):
        program = (
            "import resource, sys; sys.path.insert(0, sys.argv[1]); from benchmarks import bench_sweep as b; n = int(sys.argv[2])\n"
            "cell = b.model.cell(); b.ten_hours(cell, 64); peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "before = peak(); sweep = b.ten_hours(cell, n); print((peak() - before) * 1024 / (n * 10 * 5 * 8))"
        )
        folder = str(Path(__file__).resolve().parents[1])
        answer = subprocess.run([sys.executable, "-c", program, folder, str(self.cells)], check=True, capture_output=True, text=True)
        return float(answer.stdout)
