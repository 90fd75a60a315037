"""Figures of membranes in profile: each function takes and returns axes, and matplotlib is loaded on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._draw import BLACK, GREY, IONS, OTHERS, Axes, one_of, refuse_batch
from .constants import FARADAY

if TYPE_CHECKING:
    from .flux_tables import FluxTable
    from .iv_curves import IVCurve
    from .levels import Levels
    from .profiles import Profile

_NM, _MV = 1e9, 1e3


def plot_profile(profile: Profile, ax: Axes | None = None) -> Axes:
    """Concentrations (logarithmic) against the place, mM and nm, one line for each ion; the potential on a second axis, grey, mV.

    Raises
    ------
    InputError
        A batch: choose one profile.
    """
    refuse_batch(profile.shape, "profile; ask for one")
    ax = one_of(ax)
    for ion, c in profile.c.items():
        if (c > 0).any():
            ax.plot(profile.x * _NM, c, linewidth=1.2, label=ion.name)
    ax.set_yscale("log")
    ax.set_xlim(profile.x[0] * _NM, profile.x[-1] * _NM)
    ax.set_xlabel("place (nm): inside → outside")
    ax.set_ylabel("concentration (mM)")
    ax.legend(frameon=False)
    other = ax.twinx()
    other.plot(profile.x * _NM, profile.phi * _MV, "--", color=GREY, linewidth=1.2)
    other.set_ylabel("potential (mV)")
    return ax


def plot_iv(curve: IVCurve, ax: Axes | None = None) -> Axes:
    """Current against voltage, A/m² and mV.

    Raises
    ------
    InputError
        A batch: choose one membrane.
    """
    refuse_batch(curve.shape, "curve; ask for one")
    ax = one_of(ax)
    ax.axhline(0.0, color=GREY, linewidth=0.6)
    ax.plot(curve.V * _MV, curve.I, color=BLACK, linewidth=1.2)
    ax.set_xlabel("voltage (mV)")
    ax.set_ylabel("current (A/m²)")
    return ax


def plot_table(table: FluxTable, ax: Axes | None = None) -> Axes:
    """Current (black) and what each ion carries of it against voltage, at the concentrations of the table, A/m² and mV."""
    ax = one_of(ax)
    V = np.linspace(*table.V, 301)
    found = table(V=V)
    ax.axhline(0.0, color=GREY, linewidth=0.6)
    spare = iter(OTHERS)
    for ion in [ion for ion in table.ions if ion.z]:
        colour = IONS.get(ion.name) or next(spare, GREY)
        ax.plot(V * _MV, ion.z * FARADAY * found.J[ion], color=colour, linewidth=1.0, label=ion.name)
    ax.plot(V * _MV, found.I, color=BLACK, linewidth=1.2, label="all")
    ax.set_xlim(V[0] * _MV, V[-1] * _MV)
    ax.set_xlabel("voltage (mV)")
    ax.set_ylabel("current (A/m²)")
    ax.legend(frameon=False)
    return ax


def plot_levels(levels: Levels, ax: Axes | None = None) -> Axes:
    """How far each level is from "pnp", relative and logarithmic; black is within the tolerance (dashed).

    Raises
    ------
    InputError
        A batch: choose one membrane.
    """
    refuse_batch(levels.shape, "membrane; ask for one")
    ax = one_of(ax)
    shown = [level for level in levels.values() if level.applicable and level.name != "pnp"]
    ax.set_yscale("log")
    ax.bar(
        [level.name for level in shown], [max(level.difference, 1e-12) for level in shown], width=0.6,
        color=[BLACK if level.difference <= levels.tol else GREY for level in shown],
    )  # fmt: skip
    ax.axhline(levels.tol, color=GREY, linestyle="--", linewidth=0.6)
    ax.set_ylabel("difference from pnp (relative)")
    return ax
