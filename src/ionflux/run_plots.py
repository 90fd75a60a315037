"""Figures of membranes followed in time or in frequency: each function takes and returns axes, and matplotlib is loaded on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._draw import BLACK, GREY, Axes, new_axes
from .errors import InputError

if TYPE_CHECKING:
    from .profile_runs import ProfileRun

_MV = 1e3


def plot_run(run: ProfileRun, ax: Axes | None = None) -> Axes:
    """Current against time, A/m² and s (logarithmic); the voltage on a second axis, grey, mV.

    Raises
    ------
    InputError
        A batch: choose one membrane.
    """
    if run.shape:
        raise InputError(f"a batch of shape {run.shape} is not one run; ask for one")
    ax = new_axes()[0, 0] if ax is None else ax
    later = run.t > 0
    ax.plot(run.t[later], run.I[later], color=BLACK, linewidth=1.2)
    ax.set_xscale("log")
    ax.set_xlabel("time (s)")
    ax.set_ylabel("current (A/m²)")
    other = ax.twinx()
    other.plot(run.t[later], run.V[later] * _MV, "--", color=GREY, linewidth=1.2)
    other.set_ylabel("voltage (mV)")
    return ax
