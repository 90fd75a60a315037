"""What can be known of a scenario before it is computed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ionflux._text import minus, prefixed, text_table, time_unit
from ionflux.balance import Balance
from ionflux.errors import ConvergenceError, Interrupted, ModelError, NoSteadyState, SolveError
from ionflux.lowering import lower
from ionflux.rests import SteadyState

if TYPE_CHECKING:
    from ionflux.cells import Cell
    from ionflux.scenarios import Scenario

#: seconds that the trial run may take
TRIAL = 0.5


def report(cell: Cell, scenario: Scenario | None) -> dict[str, Any]:
    """Everything there is to say, SI units: parameters, charge, currents, time scales, cost."""
    found: dict[str, Any] = {"parameters": _parameters(cell, scenario), "charge": _charge(cell)}
    try:
        start = _start(cell)
        found["start"] = _state(start)
        found["currents"] = {label: float(current) for label, current in start.current.items()}
        found["time_scales"] = sorted(-1.0 / x.real for x in np.atleast_1d(start.eigenvalues) if x.real < 0.0)
        found["growing"] = int(np.sum(np.real(start.eigenvalues) > 0.0))
    except (ConvergenceError, ModelError, NoSteadyState) as error:
        found["trouble"] = str(error)
    if scenario is not None and (scenario.run or scenario.sweep):
        found["cost"] = _cost(cell, scenario)
    return found


def _start(cell: Cell) -> SteadyState:
    """The start, gates and all, as if it were a rest: what is read of one can be read of the other."""
    lowered = lower(cell)
    balance = Balance(lowered, lowered.defaults)
    y = lowered.begin(balance.start[None], balance.base, np.empty(0, np.intc), lambda: np.empty((1, 0)))
    return SteadyState(balance, y[0], iterations=0, method="start")


def _parameters(cell: Cell, scenario: Scenario | None) -> dict[str, Any]:
    written: Mapping[str, str] = scenario.overrides if scenario is not None else {}
    dotted = {cell.symbols.get(name, name).partition(".with_")[0]: text for name, text in written.items()}
    return {
        name: {"value": p.value, "unit": p.unit, "source": p.source, "override": dotted.get(name)} for name, p in cell.parameters().items()
    }


def _charge(cell: Cell) -> dict[str, float]:
    """Both sides of F·volume·Σzc + q = C_m·area·V, C."""
    start = cell.start
    ions = cell.faraday * (sum(ion.z * n for ion, n in start.amount.items()) + sum(z * n for z, n in start.impermeants))
    gross = cell.faraday * (sum(abs(ion.z) * n for ion, n in start.amount.items()) + sum(abs(z) * n for z, n in start.impermeants))
    membrane = 0.0 if cell.potential == "electroneutral" else cell.C_m * start.area * start.V
    missing = membrane - ions - start.electrode_charge
    return {
        "ions": ions, "electrode": start.electrode_charge, "membrane": membrane, "missing": missing,
        "relative": abs(missing) / gross if gross else 0.0,
    }  # fmt: skip


def _state(start: SteadyState) -> dict[str, float]:
    own = {f"c_in.{name}": float(c) for name, c in start.c_in.items()} | {f"E.{name}": float(E) for name, E in start.E.items()}
    return {"V": float(start.V), "volume": float(start.volume), "osmolarity_in": float(start.osmolarity_in),
            "osmolarity_out": float(start.osmolarity_out), "atp": float(start.atp), **own}  # fmt: skip


def _cost(cell: Cell, scenario: Scenario) -> dict[str, Any]:
    """From a trial at a loose tolerance: a method of order five takes (loose/asked)^(1/5) as many steps."""
    asked = scenario.run or scenario.sweep
    assert asked is not None
    loose, began = max(asked.rtol, 1e-3), time.perf_counter()

    def enough(done: float) -> None:
        if time.perf_counter() - began > TRIAL:
            raise KeyboardInterrupt

    try:
        trial = cell.simulate(asked.until, schedule=dict(scenario.schedule), rtol=loose, progress=enough)
        share = 1.0
    except (Interrupted, SolveError) as error:
        trial = error.partial
        if trial is None or len(trial) < 2:
            return {"trouble": str(error)}
        share = float(trial.t[-1]) / asked.until
    steps = trial.stats.steps / max(share, 1e-12) * (loose / asked.rtol) ** 0.2
    cells = scenario.sweep.cells if scenario.sweep is not None and scenario.run is None else 1
    return {"steps": round(steps), "cells": cells, "seconds": steps * cells * trial.stats.seconds / max(trial.stats.steps, 1)}


def text(name: str, found: dict[str, Any]) -> str:
    """The report for a person."""
    parts = [name, _parameter_table(found["parameters"])]
    charge = found["charge"]
    parts.append(
        f"charge      {charge['ions']:.4g} C of ions and {charge['electrode']:.3g} C from electrodes against {charge['membrane']:.4g} C on "
        f"the membrane: {charge['relative']:.1e} of all charge is missing"
    )
    if "start" in found:
        parts += [_start_text(found["start"]), _current_table(found["currents"]), _time_text(found)]
    if "trouble" in found:
        parts.append(f"trouble     {found['trouble']}")
    if "cost" in found:
        cost = found["cost"]
        about = cost.get("trouble") or (
            f"about {cost['steps']} steps"
            + (f" for each of {cost['cells']} cells" if cost["cells"] > 1 else "")
            + f", {_time(cost['seconds'])}"
        )
        parts.append(f"cost        {about}")
    return "\n\n".join(parts)


def _parameter_table(parameters: Mapping[str, Any]) -> str:
    rows = []
    for name, p in parameters.items():
        source = f'set to "{p["override"]}"' if p["override"] is not None else p["source"] or ""
        rows.append([name, minus(f"{p['value']:.6g}"), "" if p["unit"] == "1" else p["unit"], source])
    return text_table(["parameter", "value", "unit", "source"], rows, flush="lrll")


def _start_text(start: Mapping[str, float]) -> str:
    return minus(
        f"start       V {1e3 * start['V']:.2f} mV; osmolarity {start['osmolarity_in']:.2f} mM inside, "
        f"{start['osmolarity_out']:.2f} mM outside; ATP {start['atp']:.3g} mol/s"
    )


def _current_table(currents: Mapping[str, float]) -> str:
    factor, prefix = prefixed(max((abs(x) for x in currents.values()), default=0.0))
    rows = [[label, minus(f"{x / factor:.4f}")] for label, x in currents.items()]
    rows.append(["total", minus(f"{sum(currents.values()) / factor:.4f}")])
    return text_table(["outward current", f"{prefix}A/m²"], rows, flush="lr")


def _time_text(found: Mapping[str, Any]) -> str:
    scales = found["time_scales"]
    told = ", ".join(_time(t) for t in scales) if scales else "none"
    growing = f"; {found['growing']} grow from the start" if found["growing"] else ""
    return f"time scales {told}{growing}"


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        factor, prefix = prefixed(seconds)
        return f"{seconds / factor:.3g} {prefix}s"
    size, unit = time_unit(seconds)
    return f"{seconds / size:.3g} {unit}"
