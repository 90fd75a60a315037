"""The peers on the pump-leak workload: general integrators as they are used from Python.

Every peer gets the right-hand side `pump_leak.derivatives`, compiled or plain, the tolerances of the workload and a restart at both jumps.
A peer that is not installed is reported and left out. numbalsoda is built from source by pip and needs a Fortran compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from benchmarks import pump_leak as model
from contest import Contestant, stopwatch


def segments(times: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Return per segment the times an integrator is asked for (start first, samples after) and the state of the pump."""
    return [(np.append(a, times[(times > a) & (times <= b)]), pump) for a, b, pump in model.SEGMENTS]


def numbalsoda_peer(threads: tuple[int, ...], sweep_size: int) -> Iterator[Contestant]:
    """LSODA in C++ with a right-hand side compiled by Numba, called from compiled loops: the fastest general peer from Python."""
    import numba
    from numbalsoda import lsoda, lsoda_sig

    slope = numba.njit(model.derivatives, fastmath=True)

    @numba.cfunc(lsoda_sig)
    def right_hand_side(t, u, du, p):
        du[0], du[1], du[2], du[3], du[4] = slope(t, u, p[0], p[1], p[2], p[3], p[4])

    address = right_hand_side.address
    start, rtol, atol = np.array(model.START), model.RTOL, model.ATOL

    @numba.njit
    def integrate(strengths, grids, pumps, out):
        state, row = start, 0
        parameters = np.empty(5)
        parameters[:4] = strengths
        for grid, pump in zip(grids, pumps):  # noqa: B905 (Numba has no strict=)
            parameters[4] = pump
            answer, _ = lsoda(address, state, grid, parameters, rtol=rtol, atol=atol, mxstep=100_000)
            out[row : row + grid.size - 1] = answer[1:]
            row += grid.size - 1
            state = answer[-1].copy()

    @numba.njit(parallel=True)
    def integrate_all(strengths, grids, pumps, out):
        for i in numba.prange(len(strengths)):
            integrate(strengths[i], grids, pumps, out[i])

    def plan(times):
        grids, pumps = zip(*segments(times), strict=True)
        return tuple(grids), tuple(pumps)

    one, out = np.array(list(model.STRENGTHS.values())), np.empty((1000, 5))
    grids, pumps = plan(model.cell_times())

    def cell() -> np.ndarray:
        integrate(one, grids, pumps, out)
        return out

    yield Contestant("cell", "numbalsoda", 1, stopwatch(cell, model.cell_error, 15), model.CELL_GATE)
    many = np.stack(list(model.sweep_values().values()), axis=1)
    hours, hour_pumps = plan(model.sweep_times())
    for count in threads:
        n = sweep_size if count > 1 else min(sweep_size, 2000)  # the time grows with the number of cells: a fifth is enough on one thread
        yield _numbalsoda_sweep(numba, integrate_all, many[:n], hours, hour_pumps, count)


def _numbalsoda_sweep(numba, integrate_all: Callable, strengths, grids, pumps, threads: int) -> Contestant:
    out = np.empty((len(strengths), 10, 5))

    def sweep() -> np.ndarray:
        numba.set_num_threads(threads)
        integrate_all(strengths, grids, pumps, out)
        return out

    return Contestant(
        "sweep", "numbalsoda", threads, stopwatch(sweep, model.sweep_error, 1), model.SWEEP_GATE, model.SWEEP_SIZE / len(strengths)
    )


def scipy_peer(threads: tuple[int, ...], sweep_size: int) -> Iterator[Contestant]:
    """`scipy.integrate.solve_ivp` with LSODA and a Python right-hand side: what most people write first."""
    from scipy.integrate import solve_ivp

    def integrate(strengths, plan) -> np.ndarray:
        state, rows = model.START, []
        for grid, pump in plan:
            ends = (grid[0], grid[-1])
            answer = solve_ivp(model.derivatives, ends, state, "LSODA", grid[1:], args=(*strengths, pump), rtol=model.RTOL, atol=model.ATOL)
            rows.append(answer.y.T)
            state = answer.y[:, -1]
        return np.concatenate(rows)

    one, cell_plan = tuple(model.STRENGTHS.values()), segments(model.cell_times())
    few, sweep_plan = np.stack(list(model.sweep_values(10).values()), axis=1), segments(model.sweep_times())
    yield Contestant("cell", "scipy LSODA", 1, stopwatch(lambda: integrate(one, cell_plan), model.cell_error, 3), model.CELL_GATE)
    sweep = stopwatch(lambda: np.stack([integrate(g, sweep_plan) for g in few]), model.sweep_error, 1)
    yield Contestant("sweep", "scipy LSODA", 1, sweep, model.SWEEP_GATE, model.SWEEP_SIZE / len(few))


PEERS = {"numbalsoda": numbalsoda_peer, "scipy": scipy_peer}
