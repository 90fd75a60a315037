"""Figures of membranes followed in time or in frequency: each function takes and returns axes, and matplotlib is loaded on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._draw import BLACK, GREY, Axes, one_of, refuse_batch
from .errors import InputError

if TYPE_CHECKING:
    from .profile_runs import ProfileRun
    from .spectra import Impedance

_MV, _OHM_CM2 = 1e3, 1e4


def plot_run(run: ProfileRun, ax: Axes | None = None) -> Axes:
    """Current against time, A/m² and s (logarithmic); the voltage on a second axis, grey, mV.

    Raises
    ------
    InputError
        A batch: choose one membrane.
    """
    refuse_batch(run.shape, "run; ask for one")
    ax = one_of(ax)
    later = run.t > 0
    ax.plot(run.t[later], run.I[later], color=BLACK, linewidth=1.2)
    ax.set_xscale("log")
    ax.set_xlabel("time (s)")
    ax.set_ylabel("current (A/m²)")
    other = ax.twinx()
    other.plot(run.t[later], run.V[later] * _MV, "--", color=GREY, linewidth=1.2)
    other.set_ylabel("voltage (mV)")
    return ax


def plot_impedance(found: Impedance, ax: Axes | None = None, kind: str = "nyquist") -> Axes:
    """−Im Z against Re Z ("nyquist"), or |Z| and the phase (grey, second axis) against frequency ("bode"); Ω cm², Hz, degrees.

    Raises
    ------
    InputError
        A batch, a single frequency, or a kind that does not exist.
    """
    if found.shape or np.ndim(found.Z) == 0:
        raise InputError("a batch, or a single frequency, is not one line; ask for one membrane at several frequencies")
    if kind not in ("nyquist", "bode"):
        raise InputError(f"kind = {kind!r}; it is 'nyquist' or 'bode'")
    ax = one_of(ax)
    Z = found.Z * _OHM_CM2
    if kind == "nyquist":
        ax.plot(Z.real, -Z.imag, color=BLACK, linewidth=1.2, marker=".")
        ax.set_xlabel("Re Z (Ω cm²)")
        ax.set_ylabel("−Im Z (Ω cm²)")
        return ax
    frequency = np.asarray(found.omega) / (2 * np.pi)
    ax.loglog(frequency, np.abs(Z), color=BLACK, linewidth=1.2)
    ax.set_xlabel("frequency (Hz)")
    ax.set_ylabel("|Z| (Ω cm²)")
    other = ax.twinx()
    other.plot(frequency, np.angle(Z, deg=True), "--", color=GREY, linewidth=1.2)
    other.set_ylabel("phase (°)")
    return ax
