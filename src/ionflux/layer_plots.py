"""Figures of double layers and charged membranes: each function takes and returns axes, and matplotlib is loaded on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._draw import BLACK, GREY, Axes, Line, one_of, refuse_batch

if TYPE_CHECKING:
    from .double_layers import ChargedBilayer, DoubleLayer

_NM = 1e9


def plot_double_layer(layer: DoubleLayer, ax: Axes | None = None) -> Axes:
    """Potential against the distance from where the diffuse layer starts, mV and nm; beside it ψ_d e^{−x/λ}, linear theory of a plane.

    Raises
    ------
    InputError
        A batch: choose one surface.
    """
    refuse_batch(layer.shape, "curve; make a double_layer of one surface")
    ax = one_of(ax)
    end = 6.0 * layer.debye_length if layer.separation is None else layer.separation
    x = np.linspace(0.0, end, 400)
    lines = [Line("Poisson–Boltzmann", layer.psi(x) * 1e3)]
    if layer.separation is None:
        lines.append(Line("linear", layer.psi_d * 1e3 * np.exp(-x / layer.debye_length), GREY, "--"))
    for line in lines:
        ax.plot(x * _NM, line.y, line.style, color=line.colour, linewidth=1.2, label=line.name)
    ax.set_xlim(0.0, end * _NM)
    ax.set_xlabel("distance from the surface (nm)")
    ax.set_ylabel("potential (mV)")
    if len(lines) > 1:
        ax.legend(frameon=False)
    return ax


def plot_bilayer(membrane: ChargedBilayer, ax: Axes | None = None) -> Axes:
    """Potential from the inside (left) to the outside (right) against the place, mV and nm; the outside is at zero.

    Raises
    ------
    InputError
        A batch: choose one membrane.
    """
    refuse_batch(membrane.shape, "curve; make a charged_bilayer of one membrane")
    ax = one_of(ax)
    x, V = membrane.profile()
    d = membrane.thickness
    ax.axvspan(0.0, d * _NM, color=GREY, alpha=0.25, linewidth=0)
    ax.plot(x * _NM, V * 1e3, color=BLACK, linewidth=1.2)
    ax.set_xlim(x[0] * _NM, x[-1] * _NM)
    ax.set_xlabel("place (nm): inside | membrane | outside")
    ax.set_ylabel("potential (mV)")
    return ax
