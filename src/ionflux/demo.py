"""`ionflux demo`: a neuron under an hour of ouabain, and how it recovers.

The pump returns over two hours, as ouabain leaves its sites slowly. (Were it back at once, with 130 mM Na inside, the cubic pump law of
this model would ask for 700 times its resting current, and V would reach volts.)
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ._text import minus, text_table
from .preset_library import preset
from .schedules import ramp, step
from .units import hour, minute

if TYPE_CHECKING:
    from pathlib import Path

    from .cells import Cell
    from .results import Trajectory

PRESET = "dusterwald2018"
OUABAIN, WASHOUT, BACK, END = 15 * minute, 75 * minute, 195 * minute, 240 * minute
SCHEDULE = {"NaKATPase.scale": [step(OUABAIN, 0.0), ramp(WASHOUT, BACK, 1.0)]}
TOLD = np.array([15, 15.5, 30, 45, 60, 75, 77, 80, 90, 105, 135, 195, 240]) * minute

THREE_LINES = """\
import ionflux as ifx
ouabain = {"NaKATPase.scale": [ifx.step(900, to=0), ifx.ramp(4500, 11700, to=1)]}
ifx.preset("dusterwald2018").simulate(14400, schedule=ouabain).plot()"""


def run_demo(cell: Cell | None = None, progress: Any = None) -> Trajectory:
    """Return four hours of the cell: 15 min of rest, an hour of ouabain, two hours of washout, rest."""
    run: Trajectory = (cell or preset(PRESET)).simulate(END, schedule=SCHEDULE, progress=progress)
    return run


def rows(run: Trajectory) -> list[dict[str, float]]:
    """The run at the times that are told, SI units."""
    at = run.at(TOLD[run.t[-1] >= TOLD])
    columns = {
        "t": at.t,
        "V": at.V,
        **{f"c_in.{ion.name}": at.c_in[ion] for ion in run.cell.ions},
        "relative_volume": at.volume / run.cell.volume,
        "free_energy_change": at.energy.free_energy - run.energy.free_energy[0],
        "atp": at.atp,
        "charge_imbalance": at.charge_imbalance,
    }
    return [{name: float(values[i]) for name, values in columns.items()} for i in range(len(at.t))]


UNITS = {
    "t": "s",
    "V": "V",
    "c_in": "mol m^-3",
    "relative_volume": "1",
    "free_energy_change": "J",
    "atp": "mol s^-1",
    "charge_imbalance": "1",
}


def table(run: Trajectory) -> str:
    """The run as a table for a person."""
    ions = [ion.name for ion in run.cell.ions]
    head = ["time", "V", *ions, "w/w0", "energy", "ATP", "charge"]
    units = ["min", "mV", *["mM"] * len(ions), "", "nJ", "amol/s", "audit"]
    cells = [
        [
            f"{row['t'] / minute:g}",
            minus(f"{row['V'] * 1e3:.2f}"),
            *(f"{row[f'c_in.{name}']:.2f}" for name in ions),
            f"{row['relative_volume']:.4f}",
            minus(f"{row['free_energy_change'] * 1e9 + 0.0:.3f}"),
            f"{row['atp'] * 1e18:.1f}",
            f"{row['charge_imbalance']:.0e}",
        ]
        for row in rows(run)
    ]
    legend = "energy: stored in the gradients, against the start; audit: |FΣzn − C A V| / FΣ|z|n"
    return f"{text_table(head, cells, units=units)}\n{legend}"


def story(run: Trajectory) -> str:
    """What the run shows, in the physiologist's words and this run's numbers."""
    washout = np.linspace(WASHOUT, BACK, 7201)
    trough = washout[np.argmin(run.at(washout).V)]
    # V settles within C/g = 20 ms of the pump's stop, long before any concentration moves
    at = run.at(np.array([OUABAIN, OUABAIN + 0.2, WASHOUT, trough, END]))
    rest, stopped, poisoned, lowest, end = range(5)
    V, w = at.V * 1e3, at.volume
    leaving = run.at(washout[washout <= WASHOUT + 0.5 * hour]).flux
    by_KCC2, by_leak = (float(np.sum(leaving[label]["Cl"])) for label in ("KCC2", "leak_Cl"))
    swelling, atp = 100 * (w[poisoned] / w[rest] - 1), float(at.atp[rest]) * hour
    text = (
        f"Without its pump the cell loses the pump's current at once ({V[stopped] - V[rest]:+.1f} mV) and its gradients within the hour: "
        f"Na comes in, K leaves and V goes with E_K; Cl follows V, water follows Cl, and the cell swells by {swelling:.0f} %. "
        f"The returning pump finds {at.c_in['Na'][poisoned]:.0f} mM Na and, being electrogenic, drives V to {V[lowest]:.0f} mV, "
        f"beyond E_K ({at.E['K'][lowest] * 1e3:.0f} mV); within half an hour Cl leaves, "
        f"{100 * by_KCC2 / (by_KCC2 + by_leak):.0f} % of it through KCC2, and takes the water along, "
        f"and in the end V is within {max(abs(V[end] - V[rest]) * 1e3, 0.1):.1f} µV of where it was. "
        f"At rest the pump uses {atp * 1e15:.0f} fmol of ATP an hour, {atp / w[rest]:.0f} mM of the cell's volume."
    )
    return minus(textwrap.fill(text, 100))


def title(run: Trajectory) -> str:
    """What was run, and what it cost."""
    s, kept = run.stats, "kept" if run.audit.ok else "NOT KEPT"
    return (
        "A neuron under ouabain from 15 to 75 min, its pump back by 195 min (model of Düsterwald et al. 2018)\n"
        f"{s.steps} steps in {s.seconds * 1e3:.1f} ms; charge and impermeants {kept} to {run.audit.worst:.0e}"
    )


def how(run: Trajectory, picture: Path, data: Path) -> str:
    """Where the files are, and how to do the same in Python."""
    code = "\n".join(f"    {line}" for line in THREE_LINES.splitlines())
    return f"Figure: {picture}\nData:   {data}   (ionflux.load, xarray, ncdump)\n\nThe same in Python:\n\n{code}"
