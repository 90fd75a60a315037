"""ionflux on the pump-leak workload, through its public interface."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import pump_leak as model
from contest import Contestant, stopwatch

import ionflux as ifx

#: the tolerance of the peers, and the one at which the error is about that of the best of them
TOLERANCES = (1e-6, 1e-5)


def contestants(threads: tuple[int, ...], sweep_size: int) -> Iterator[Contestant]:
    """Yield the single cell and the sweep at both tolerances; reading the five quantities from the result is part of the time."""
    for rtol in TOLERANCES:
        yield Contestant(
            "cell", name(rtol), 1, stopwatch(lambda rtol=rtol: model.observables(cell(rtol)), model.cell_error, 31), model.CELL_GATE
        )
        yield Contestant("cell", name(rtol) + ", kernel alone", 1, lambda rtol=rtol: kernel_alone(rtol), model.CELL_GATE)
        for count in threads:
            yield sweep_contestant(rtol, count, sweep_size)
            yield sweep_contestant(rtol, count, sweep_size, kernel_only=True)


def name(rtol: float) -> str:
    """Return the name in the table."""
    return f"ionflux, rtol {rtol:g}"


CELL, SCHEDULE = model.cell(), model.ouabain()
SAMPLES, HOURS = model.cell_times(), model.sweep_times()


def cell(rtol: float) -> ifx.Trajectory:
    """Simulate the single cell."""
    return CELL.simulate(model.END, schedule=SCHEDULE, at=SAMPLES, record=("c_in", "volume", "V"), rtol=rtol)


def kernel_alone(rtol: float) -> tuple[list[float], float]:
    """Return the part of the time that the compiled code takes, from the statistics of the same calls, and the error."""
    runs = [cell(rtol) for _ in range(32)]
    return [run.stats.seconds for run in runs[1:]], model.cell_error(model.observables(runs[-1]))


def sweep_contestant(rtol: float, threads: int, n: int, *, kernel_only: bool = False) -> Contestant:
    """Return the sweep over n cells, scaled to the full workload; in whole, or the part that the compiled code takes."""
    values = model.sweep_values(n)

    def run() -> ifx.Sweep:
        return ifx.sweep(CELL, vary=values, until=model.END, schedule=SCHEDULE, at=HOURS, threads=threads, rtol=rtol)

    def inside() -> tuple[list[float], float]:
        runs = [run() for _ in range(3)]
        return [one.stats.seconds for one in runs], model.sweep_error(model.observables(runs[0]))

    whole = stopwatch(lambda: model.observables(run()), model.sweep_error, 3)
    measure, suffix = (inside, ", kernel alone") if kernel_only else (whole, "")
    return Contestant("sweep", name(rtol) + suffix, threads, measure, model.SWEEP_GATE, model.SWEEP_SIZE / n)
