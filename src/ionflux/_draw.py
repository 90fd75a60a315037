"""How a line, its name and a stimulus are drawn: the hands of `plotting`, which knows what to draw.

Colours are those of Okabe & Ito (2008), which the colour-blind tell apart; one ion keeps one colour in every panel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._extras import need
from ._text import time_unit
from .errors import InputError

Axes: TypeAlias = Any  # matplotlib's, which is not imported here
Grid: TypeAlias = "NDArray[Any]"  # of axes

BLACK, GREY = "#000000", "#8c8c8c"
IONS: Mapping[str, str] = {"Na": "#d55e00", "K": "#0072b2", "Cl": "#009e73", "Ca": "#cc79a7", "HCO3": "#e69f00", "H": "#56b4e9"}
OTHERS = ("#e69f00", "#cc79a7", "#56b4e9", "#8c8c8c", "#a6761d", "#000000")
STYLE: Mapping[str, Any] = {
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
}
LABEL_SIZE = 7.0  # points
DPI = 200


class Line(NamedTuple):
    """One curve: values in display units, its name at the right end ("" for none), colour and dash pattern."""

    name: str
    y: NDArray[np.float64]
    colour: str = BLACK
    style: str = "-"


def new_axes(rows: int = 1, columns: int = 1, *, size: tuple[float, float] = (3.7, 1.9), window: bool = True) -> Grid:
    """A grid of empty axes that share their time.

    Parameters
    ----------
    rows, columns : int
        Shape of the grid.
    size : (float, float)
        Width and height of one panel, in inches.
    window : bool
        True: pyplot knows the figure, so a notebook or `pyplot.show` displays it. False: a figure for a file, which no
        display, no backend and no earlier figure has to do with.
    """
    matplotlib = need("matplotlib", to="plot")
    shape: dict[str, Any] = {"figsize": (size[0] * columns, size[1] * rows), "layout": "constrained"}
    with matplotlib.rc_context(dict(STYLE)):
        make = need("matplotlib.pyplot", to="plot").figure if window else need("matplotlib.figure", to="plot").Figure
        grid: Grid = make(**shape).subplots(rows, columns, sharex=True, squeeze=False)
    return grid


def one_of(ax: Axes | None) -> Axes:
    """The axes given, or new ones."""
    return new_axes()[0, 0] if ax is None else ax


def refuse_batch(shape: tuple[int, ...], why: str) -> None:
    """Raise `InputError` where a result has a shape, and so cannot be drawn as one."""
    if shape:
        raise InputError(f"a batch of shape {shape} is not one {why}")


def curves(ax: Axes | None, t: NDArray[np.float64], lines: Sequence[Line], ylabel: str) -> Axes:
    """Draw lines against time in a unit that suits its span, each with its name at its right end."""
    ax = one_of(ax)
    span = float(t[-1] - t[0]) if len(t) else 0.0
    second, unit = time_unit(span)
    for line in lines:
        ax.plot(t / second, line.y, line.style, color=line.colour, linewidth=1.2, solid_capstyle="round", label=line.name or None)
    if span > 0:
        ax.set_xlim(t[0] / second, t[-1] / second)
    ax.set_xlabel(f"time ({unit})")
    ax.set_ylabel(ylabel)
    return ax


def name_ends(ax: Axes, lines: Iterable[Line]) -> None:
    """Write each line's name where it ends, moved apart where two would overlap; call it once the y range is final."""
    ends = sorted((float(line.y[-1]), line.name, line.colour) for line in lines if line.name and len(line.y) and np.isfinite(line.y[-1]))
    if not ends:
        return
    scale = ax.yaxis.get_transform().transform  # the axis may be logarithmic
    low, high = scale(np.array(ax.get_ylim()))
    height = ax.get_position().height * ax.figure.get_figheight() * 72.0  # points, before the layout is settled: near enough
    places = spread([(float(scale(y)) - low) / (high - low) for y, _, _ in ends], 1.15 * LABEL_SIZE / height)
    for place, (_, name, colour) in zip(places, ends, strict=True):
        ax.annotate(
            name, (1.0, place), xycoords="axes fraction", xytext=(3, 0), textcoords="offset points",
            color=colour, fontsize=LABEL_SIZE, va="center", annotation_clip=False,
        )  # fmt: skip


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Ascending places moved as little as need be to stand at least `gap` apart (groups keep their centre)."""
    groups: list[list[float]] = []  # [sum of the wanted starts, members]
    for i, place in enumerate(places):
        groups.append([place - i * gap, 1.0])
        # merge neighbours that would overlap: pooling of adjacent violators on place - i * gap
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, members = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += members
    starts = [total / members for total, members in groups for _ in range(int(members))]
    return [start + i * gap for i, start in enumerate(starts)]


def shade(ax: Axes, times: Sequence[float], depth: Sequence[float]) -> None:
    """Grey behind the lines, as dark as `depth` (0 to 1) at `times` (the axis' unit; repeated where depth jumps)."""
    if len(times) < 2 or not any(depth):
        return
    colours = need("matplotlib.colors", to="plot")
    # a full-height band per piece, blended from end to end: a ramp reads as a ramp
    greys = colours.LinearSegmentedColormap.from_list("stimulus", ["#ffffff", "#e2e2e2"])
    limits = ax.get_xlim()
    ax.pcolormesh(
        np.array([times, times]), np.array([[0.0] * len(times), [1.0] * len(times)]), np.array([depth, depth]),
        shading="gouraud", cmap=greys, vmin=0.0, vmax=1.0, transform=ax.get_xaxis_transform(), zorder=-2, rasterized=True,
    )  # fmt: skip
    ax.set_xlim(limits)


def headline(ax: Axes, text: str, at: float) -> None:
    """A word on the stimulus, above the axes, where it begins (the axis' unit)."""
    ax.annotate(
        text, (at, 1.0), xycoords=ax.get_xaxis_transform(), xytext=(0, 2), textcoords="offset points",
        fontsize=LABEL_SIZE, color="#404040", va="bottom", annotation_clip=False,
    )  # fmt: skip
