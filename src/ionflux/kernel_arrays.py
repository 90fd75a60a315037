"""What `ionflux._kernels.Run` works on: the states of cells, how far each has come, and what they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._dispatch import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .protocols import Protocol

__all__ = ["kernel_arrays"]


def kernel_arrays(
    protocol: Protocol,
    y: NDArray[np.float64],
    times: NDArray[np.float64] | None = None,
    *,
    vary: NDArray[np.float64] | None = None,
    steps: int = 0,
) -> dict[str, Any]:
    """Return the arrays of a run that has not begun.

    Parameters
    ----------
    protocol : Protocol
        Parameters and segments.
    y : array (cells, n)
        States at the start; the run changes them.
    times : array, optional
        Of samples, s.
    vary : array (cells, v), optional
        Parameters that differ from cell to cell; default none.
    steps : int
        How many steps to record at a time; 0 records none.
    """
    cells, n = y.shape
    return {
        "y": y,
        "t": np.zeros(cells),
        "h": np.zeros((cells, 3)),  # step to try, and what the control of steps remembers
        "status": np.full(cells, kernels.PENDING, np.intc),
        "steps": np.zeros(cells, np.longlong),
        "rejected": np.zeros(cells, np.longlong),
        "sample": np.zeros(cells, np.longlong),
        "base": protocol.base,
        "vary_slot": protocol.vary_slot,
        "vary": np.empty((cells, 0)) if vary is None else vary,
        "segment_start": protocol.segment_start,
        "segment_end": protocol.segment_end,
        "sched_slot": protocol.sched_slot,
        "sched": protocol.sched,
        "sample_time": np.empty(0) if times is None else times,
        "out": np.empty((cells, 0 if times is None else len(times), n)),
        "record": np.empty((steps, 2 + 5 * n)),
    }
