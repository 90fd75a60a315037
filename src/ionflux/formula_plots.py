"""Figures of formulas: a function takes and returns axes, and matplotlib is loaded on first use."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._draw import BLACK, GREY, IONS, Axes, new_axes
from ._text import ion_text, prefixed
from .constants import BODY_TEMPERATURE
from .electrochem import nernst
from .ghk import ghk_conductance, ghk_current
from .species import IonSpecies


def plot_ghk(
    ion: IonSpecies,
    *,
    P: float,
    c_in: float,
    c_out: float,
    T: float = BODY_TEMPERATURE,
    V: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Current through a constant field against V, and beside it (dashed) Ohm's law with the same slope at the reversal potential.

    The constant field rectifies, because the current is carried by the ions of one side: on the far side of E the two part.

    Parameters
    ----------
    ion, P, c_in, c_out, T
        As in `ghk_current`, numbers.
    V : array, optional
        Membrane potentials, V; default −150 … 100 mV.
    ax : axes, optional
    """
    at: NDArray[np.float64] = np.linspace(-0.15, 0.1, 251) if V is None else np.asarray(V, dtype=float)
    film: dict[str, Any] = {"P": P, "c_in": c_in, "c_out": c_out, "T": T}
    current = ghk_current(ion, V=at, **film)
    factor, prefix = prefixed(float(np.max(np.abs(current))))
    ax = new_axes(size=(3.4, 2.6))[0, 0] if ax is None else ax
    ax.axhline(0.0, color=GREY, linewidth=0.6)
    ax.axvline(0.0, color=GREY, linewidth=0.6)
    ax.plot(at * 1e3, current / factor, color=IONS.get(ion.name, BLACK), linewidth=1.2, label="constant field")
    E = nernst(ion, c_in=c_in, c_out=c_out, T=T)
    if np.isfinite(E):
        g = ghk_conductance(ion, V=E, **film)
        ax.plot(at * 1e3, g * (at - E) / factor, "--", color=GREY, linewidth=1.2, label="Ohm")
        ax.plot([E * 1e3], [0.0], "o", color=BLACK, markersize=3.0)
    ax.set_xlabel("membrane potential (mV)")
    ax.set_ylabel(f"{ion_text(ion.name, ion.z)} current, outward ({prefix}A/m²)")
    ax.legend(frameon=False)
    return ax
