"""Conservation over a run, from the stored amounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .results import Trajectory

__all__ = ["Audit", "audit"]


@dataclass(frozen=True)
class Audit:
    """Conservation over a run; relative, each the largest over all times.

    charge : |F (sum(z n) + q_electrode) - C_m A V| / (F sum|z| n). In the full audit the amount that the charge balance gives is
        replaced by its start plus what the mechanisms moved of it, so that the balance is not its own witness.
    impermeant : change of the amount of impermeants.
    totals : inside plus outside of every solute, where the outside is finite; 0 otherwise.
    fluxes : each ion's n(t) - n(0) against the cycles that all mechanisms made, relative to what was there plus what was moved;
        None in the light audit.
    gap : where the potential is "current", |F sum(z n) - C_m A V| / (F sum|z| n) beyond that of the start: the model does not tie V to
        charge, so this is reported and is no fault. None for other cells.
    lowest : smallest amount of any ion over its own start, negative if one went below zero.
    unaccounted : labels of mechanisms that move charge and no ion, pools that are held or slaved.
    """

    charge: float
    impermeant: float
    lowest: float
    totals: float = 0.0
    fluxes: float | None = None
    gap: float | None = None
    unaccounted: tuple[str, ...] = ()
    bound: float = 1e-12
    bound_fluxes: float = 1e-11

    @property
    def worst(self) -> float:
        """The largest of charge, impermeant and totals."""
        return max(self.charge, self.impermeant, self.totals)

    @property
    def ok(self) -> bool:
        """Whether all bounds are kept."""
        return bool(self.worst <= self.bound and self.lowest >= 0.0 and (self.fluxes is None or self.fluxes <= self.bound_fluxes))

    def _repr_html_(self) -> str:
        from .tables import html

        return html(self)

    def __repr__(self) -> str:
        parts = [f"charge {self.charge:.1e}", f"impermeant {self.impermeant:.1e}"]
        if self.totals:
            parts.append(f"totals {self.totals:.1e}")
        if self.fluxes is not None:
            parts.append(f"fluxes {self.fluxes:.1e}")
        if self.gap is not None:
            parts.append(f"V and charge apart by {self.gap:.1e}, as the model has it")
        if self.unaccounted:
            parts.append(f"outside the books: {', '.join(self.unaccounted)}")
        return f"<Audit {'kept' if self.ok else 'BROKEN'}: {', '.join(parts)} (bound {self.bound:.0e})>"


def audit(run: Trajectory) -> Audit:
    """Audit a run at its stored times."""
    cell = run.cell
    if not len(run.t):
        return Audit(0.0, 0.0, 0.0)
    start = {ion: float(run.amount[ion][0]) for ion in cell.ions}
    lowest = min(float(np.min(run.amount[i])) / max(start[i], 1e-300) for i in cell.ions) if cell.ions else 1.0
    held = run.c_impermeant * run.volume
    moved = _moved(run)
    charge = float(np.max(run.charge_imbalance))
    fluxes = None
    if moved is not None:
        fluxes = _fluxes(run, moved)
        charge = max(charge, _counted_charge(run, moved))
    gap = None
    if cell.potential == "current":
        apart, size = run.charge_balance
        gap, charge = float(np.max(np.abs(apart - apart[0]) / size)), 0.0
    return Audit(
        charge,
        float(np.ptp(held) / max(np.max(held), 1e-300)),
        lowest,
        _totals(run),
        fluxes,
        gap,
        (*(m.name for m in cell.mechanisms if m.fixed or m.silent or m.outside), *sorted(cell.held), *sorted(cell.slaved)),
        # what is counted step by step collects the rounding of all of them
        bound=max(1e-12, 1e-17 * run.stats.steps if moved is not None else 0.0),
        bound_fluxes=max(1e-11, 1e-16 * run.stats.steps),
    )


def _totals(run: Trajectory) -> float:
    worst = 0.0
    if run.cell.outside_volume is not None:
        names = [n.partition(".")[2] for n in run.lowered.groups.get("amount_out", ())]
        given = {n.partition(".")[2] for n in (*run.cell.held, *run.cell.slaved)}
        given |= {ion.name for m in run.cell.mechanisms for ion in m.outside}
        for name in names:
            if name not in given and name in run.cell.bath:
                total = run._look(f"amount_out.{name}") + run.amount.get(name, 0.0)
                worst = max(worst, float(np.ptp(total) / max(np.max(np.abs(total)), 1e-300)))
    return worst


def _moved(run: Trajectory) -> dict[str, Any] | None:
    """Cycles made by each mechanism, mol; None where they were not counted."""
    names = run.lowered.state_names
    found = {n.partition(".")[2]: run._states[:, i] for i, n in enumerate(names) if n.startswith("moved.")}
    return found or None


def _balance(run: Trajectory, ion: Any, moved: dict[str, Any]) -> tuple[Any, Any]:
    """(what the mechanisms moved into the cell, the gross of it), mol."""
    net: Any = np.zeros(len(run.t))
    gross: Any = np.zeros(len(run.t))
    for m in run.cell.ways:
        if nu := m.moves.get(ion, 0):
            net = net + nu * moved[m.name]
            gross = gross + np.abs(nu * moved[m.name])
    return net, gross


def _fluxes(run: Trajectory, moved: dict[str, Any]) -> float:
    worst = 0.0
    given = {n.partition(".")[2] for n in (*run.cell.held, *run.cell.slaved)}
    cell, clamp = run.cell, run.cell.clamp
    for ion in cell.ions:
        if ion.name in given or (clamp is not None and clamp.carrier == ion):
            continue
        net, gross = _balance(run, ion, moved)
        began = cell.start.amount[ion]  # the counters began with the run, which the stored times need not
        worst = max(worst, float(np.max(np.abs(run.amount[ion] - began - net) / np.maximum(began + gross, 1e-300))))
    return worst


def _counted_charge(run: Trajectory, moved: dict[str, Any]) -> float:
    """Charge balance with the amount that it otherwise gives counted by what was moved."""
    replaced = run.lowered.model.insides[""].replaced
    if replaced is None or run.cell.clamp is not None:
        return 0.0
    n = run.amount[replaced]
    net, gross = _balance(run, replaced, moved)
    size: Any = np.abs(run.values["_impermeant_charge"]) + gross * abs(replaced.z)
    for ion in run.cell.ions:
        size = size + abs(ion.z) * run.amount[ion]
    return float(np.max(np.abs(replaced.z * (run.cell.start.amount[replaced] + net - n)) / size))
