"""Figures of results: each function takes and returns axes, every label carries its unit, and matplotlib is loaded on first use.

Lines carry their names at their right end; grey marks when a scheduled parameter was away from its value, the darker the farther.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ._atomic import atomic
from ._draw import BLACK, DPI, GREY, IONS, OTHERS, Axes, Grid, Line, curves, name_ends, new_axes, one_of
from ._text import ion_text, prefixed
from .errors import InputError, UnknownNameError
from .mechanisms import Law
from .stimuli import departures, name_stimuli, shade_stimuli

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .evaluation import IV
    from .results import Trajectory
    from .species import IonSpecies


def plot_voltage(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Membrane potential against time, mV."""
    run = _smooth(run)
    return _panel(run, ax, [Line("", run.V * 1e3)], "membrane potential (mV)")


def plot_reversals(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Nernst potential of each ion and the membrane potential (dashed) against time, mV."""
    run = _smooth(run)
    lines = [Line(f"E {_ion(ion)}", run.E[ion] * 1e3, _ion_colour(ion)) for ion in run.cell.ions]
    return _panel(run, ax, [*lines, Line("V", run.V * 1e3, BLACK, "--")], "reversal potentials (mV)")


def plot_driving_forces(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Driving force V − E of each ion against time, mV: positive drives cations out."""
    run = _smooth(run)
    lines = [Line(_ion(ion), (run.V - run.E[ion]) * 1e3, _ion_colour(ion)) for ion in run.cell.ions if ion.name in run.E]
    ax = _panel(run, ax, lines, "driving force, V − E (mV)")
    ax.axhline(0.0, color=BLACK, linewidth=0.4, zorder=-1)
    return ax


def plot_concentrations(run: Trajectory, ax: Axes | None = None, *, side: str = "in") -> Axes:
    """Concentrations inside (``side="in"``, with the impermeants X) or outside (``"out"``) against time, mM."""
    if side not in ("in", "out"):
        raise InputError(f'side = {side!r}: write side="in" or side="out"')
    c = run.c_in if side == "in" else run.c_out
    lines = [Line(_ion(ion), c[ion], _ion_colour(ion)) for ion in run.cell.ions]
    if side == "in" and np.any(run.c_impermeant):
        lines.append(Line("X", run.c_impermeant, GREY))
    return _panel(run, ax, lines, "inside (mM)" if side == "in" else "outside (mM)", zero=True)


def plot_volume(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Cell volume over the volume the cell was described with, against time."""
    run = _smooth(run)
    return _panel(run, ax, [Line("", run.volume / run.cell.volume)], "volume, w / w₀")


def plot_osmolarity(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Osmolarity inside less outside against time, mM: what drives the water."""
    run = _smooth(run)
    difference = run.osmolarity_in - run.osmolarity_out
    factor, prefix = prefixed(_size(difference) * 1e-3)  # in mol/L, so that the prefix of mM is chosen too
    return _panel(run, ax, [Line("", difference * 1e-3 / factor)], f"osmolarity, in − out ({prefix}M)")


def plot_currents(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Current density of each mechanism that moves charge against time, outward positive (of a current clamp: into the cell)."""
    run = _smooth(run)
    moving = [label for label in run.current if np.any(run.current[label])]
    factor, prefix = prefixed(max((_size(run.current[label]) for label in moving), default=0.0))
    lines = [Line(label, run.current[label] / factor, _label_colour(run, label)) for label in moving]
    ax = _panel(run, ax, lines, f"outward current ({prefix}A/m²)")
    ax.axhline(0.0, color=BLACK, linewidth=0.4, zorder=-1)
    return ax


def plot_atp(run: Trajectory, ax: Axes | None = None) -> Axes:
    """ATP used by the whole cell against time, mol/s."""
    run = _smooth(run)
    factor, prefix = prefixed(_size(run.atp))
    return _panel(run, ax, [Line("", run.atp / factor)], f"ATP use ({prefix}mol/s)", zero=True)


def plot_energy(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Free energy in gradients, volume and membrane capacitance, less that at the start (its zero is arbitrary), against time, J."""
    run = _smooth(run)
    change = run.energy.free_energy - run.energy.free_energy[:1]
    factor, prefix = prefixed(_size(change))
    return _panel(run, ax, [Line("", change / factor)], f"free energy, change ({prefix}J)")


def plot_power(run: Trajectory, ax: Axes | None = None) -> Axes:
    """Power dissipated by passive mechanisms and power put into gradients by the others against time, W."""
    run = _smooth(run)
    spent, gained = run.energy.dissipation, run.energy.pump_work
    factor, prefix = prefixed(max(_size(spent), _size(gained)))
    return _panel(run, ax, [Line("dissipated", spent / factor, OTHERS[0]), Line("pumped", gained / factor)], f"power ({prefix}W)")


def plot_audit(run: Trajectory, ax: Axes | None = None) -> Axes:
    """How far the books have been out so far, relative, on a logarithmic scale: charge, impermeants; and the bound (dashed)."""
    impermeant = run.c_impermeant * run.volume
    out = {"charge": np.abs(run.charge_imbalance), "impermeant": np.abs(impermeant / impermeant[:1] - 1.0) if np.any(impermeant) else None}
    # what is nought to the last bit is drawn where the rounding of doubles begins
    lines = [
        Line(name, np.maximum.accumulate(np.maximum(x, 1e-17)), colour)
        for (name, x), colour in zip(out.items(), (BLACK, OTHERS[0]), strict=True)
        if x is not None and not (name == "charge" and run.cell.potential == "current")
    ]
    lines.append(Line("bound", np.full(len(run.t), run.audit.bound), GREY, "--"))
    ax = one_of(ax)
    ax.set_yscale("log")
    return _panel(run, ax, lines, "out of balance so far (relative)")


PANELS: Mapping[str, Callable[..., Axes]] = {
    "V": plot_voltage,
    "E": plot_reversals,
    "driving force": plot_driving_forces,
    "c_in": plot_concentrations,
    "volume": plot_volume,
    "current": plot_currents,
    "osmolarity": plot_osmolarity,
    "energy": plot_energy,
    "atp": plot_atp,
    "power": plot_power,
    "audit": plot_audit,
}
USUAL = tuple(name for name in PANELS if name not in ("driving force", "power", "audit"))


def overview(run: Trajectory, axes: Grid | None = None, *, panels: Sequence[str] | None = None) -> Grid:
    """All of a run on one page.

    Parameters
    ----------
    run : Trajectory
        What `Cell.simulate` returned.
    axes : 2-D array of axes, optional
        At least as many as panels; the rest is hidden. Default: a new figure, two panels a row.
    panels : sequence of str, optional
        From ``V E driving force c_in volume current osmolarity energy atp power audit`` (one name is "driving force"). Default: what
        this cell has (a rigid cell has no volume to show, a cell without pumps no use of ATP) but driving forces, power and audit.

    Returns
    -------
    2-D array of axes
        Those given, or the new ones.

    Raises
    ------
    UnknownNameError
        When there is no such panel.
    MissingExtra
        When matplotlib is not installed.
    """
    run = _smooth(run)
    names = tuple(panels) if panels is not None else _worth_showing(run)
    for name in names:
        if name not in PANELS:
            raise UnknownNameError.among("overview has no panel", name, PANELS)
    grid = new_axes((len(names) + 1) // 2, min(2, len(names))) if axes is None else axes
    every = list(grid.flat)
    if len(every) < len(names):
        raise InputError(f"{len(names)} panels do not fit on {len(every)} axes")
    for name, ax in zip(names, every, strict=False):
        PANELS[name](run, ax)
    columns = grid.shape[-1]
    for i, ax in enumerate(every):
        if i >= len(names):
            ax.set_visible(False)
        elif i + columns < len(names):
            ax.set_xlabel("")
        else:
            ax.tick_params(labelbottom=True)
    name_stimuli(run, every[0])
    every[0].figure.align_ylabels()
    return grid


def save_overview(run: Trajectory, path: str | Path, *, panels: Sequence[str] | None = None) -> Path:
    """Write the overview as an image (the kind follows from the name: .png, .pdf, .svg), whole or not at all; needs no display.

    Parameters
    ----------
    run : Trajectory
        What `Cell.simulate` returned.
    path : str or Path
        Where to; a file of that name is replaced.
    panels : sequence of str, optional
        As in `overview`.

    Raises
    ------
    InputError
        The name has no ending that matplotlib knows.
    """
    target = Path(path)
    names = tuple(panels) if panels is not None else _worth_showing(run)
    grid = new_axes((len(names) + 1) // 2, min(2, len(names)), window=False)
    kinds = grid[0, 0].figure.canvas.get_supported_filetypes()
    if target.suffix.lstrip(".").lower() not in kinds:
        raise InputError(f"{target}: the name of a figure ends in one of .{', .'.join(sorted(kinds))}")
    overview(run, grid, panels=names)
    with atomic(target) as scratch:
        grid[0, 0].figure.savefig(scratch, dpi=DPI)
    return target


def _panel(run: Trajectory, ax: Axes | None, lines: Sequence[Line], ylabel: str, *, zero: bool = False) -> Axes:
    """Lines against time, their names, and grey where something was scheduled; `zero` starts the y axis at 0."""
    ax = curves(ax, run.t, lines, ylabel)
    if zero:
        ax.set_ylim(bottom=0.0)
    shade_stimuli(run, ax)
    name_ends(ax, lines)
    return ax


def _smooth(run: Trajectory) -> Trajectory:
    """The run at its steps and in between (they are far apart where little happens), and just after each jump of a schedule."""
    if run._steps is None or len(run.t) < 2:
        return run
    first, last = run.t[0], run.t[-1]
    jumps = [t for away in departures(run) for t in away.times if first <= t < last]
    after = np.nextafter(np.array(jumps), np.inf)
    return run.at(np.unique(np.concatenate([run.t, np.linspace(first, last, 500), after])))


def _worth_showing(run: Trajectory) -> tuple[str, ...]:
    """The panels that have something to say about this cell."""
    absent = set() if run.cell.water is not None else {"volume", "osmolarity"}
    if not np.any(run.atp):
        absent.add("atp")
    return tuple(name for name in USUAL if name not in absent)


def _size(values: NDArray[np.float64]) -> float:
    return float(np.max(np.abs(values), initial=0.0))


def _ion(ion: IonSpecies) -> str:
    return ion_text(ion.name, ion.z)


def _ion_colour(ion: IonSpecies) -> str:
    # an ion without a colour of its own takes one by its name, so that it is the same in every figure
    return IONS.get(ion.name) or OTHERS[sum(map(ord, ion.name)) % len(OTHERS)]


def _label_colour(run: Trajectory, label: str) -> str:
    """A leak has the colour of its ion; the others take theirs in order."""
    moved = {m.name: tuple(m.moves) for m in run.cell.mechanisms if m.law is not Law.CURRENT}
    if len(moved.get(label, ())) == 1:
        return _ion_colour(moved[label][0])
    several = [name for name in run.current if len(moved.get(name, ())) != 1]
    return BLACK if several[0] == label else OTHERS[several.index(label) % len(OTHERS)]


def iv_curve(iv: IV, ax: Axes | None = None) -> Axes:
    """Current of one mechanism against potential: A/m^2 against mV, with the axes through zero."""
    ax = new_axes(size=(3.4, 2.6))[0, 0] if ax is None else ax
    ax.axhline(0.0, color=GREY, linewidth=0.6)
    ax.axvline(0.0, color=GREY, linewidth=0.6)
    ax.plot(iv.V * 1e3, iv.current, color=BLACK, linewidth=1.2, label=iv.label)
    ax.set_xlabel("membrane potential (mV)")
    ax.set_ylabel(f"current of {iv.label} (A m$^{{-2}}$)")
    return ax
