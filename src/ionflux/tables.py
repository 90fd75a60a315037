"""Results as tables: text with separators, and what a notebook shows."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ._atomic import atomic, target_of
from ._text import ion_text, minus
from .audit import Audit
from .datasets import columns
from .errors import Status
from .rests import SteadyState
from .results import Trajectory
from .sweeps import Sweep

__all__ = ["facts", "html", "summary", "to_csv"]


def to_csv(result: Any, path: str | Path, *, overwrite: bool = True) -> Path:
    """Write a result as text with commas, whole or not at all; every number comes back to the last bit.

    The first line has names and SI units, ``c_in.K (mol m^-3)``. A trajectory has one line per time, a sweep one per cell (and time) with
    what was varied and its status, a steady state one per quantity.

    Parameters
    ----------
    result : Trajectory, SteadyState or Sweep
    path : str or Path
        Where to; the folder must exist.
    overwrite : bool
        Whether a file of that name may be replaced.

    Raises
    ------
    StorageError
        The file exists and may not be replaced, or cannot be written.
    """
    target = target_of(path, overwrite=overwrite)
    with atomic(target) as scratch, scratch.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened, lineterminator="\n").writerows(_lines(result))
    return target


def _lines(result: Any) -> Iterator[Sequence[Any]]:
    found = columns(result)
    if isinstance(result, SteadyState):
        yield "quantity", "value", "unit"
        for name, (unit, x) in found.items():
            yield name, repr(float(x)), unit
        return
    head = [f"{name} ({unit})" for name, (unit, _) in found.items()]
    if isinstance(result, Trajectory):
        yield ["t (s)", *head]
        rows = [np.asarray(result.t), *(x for _, x in found.values())]
        yield from zip(*(map(repr, row.tolist()) for row in rows), strict=True)
        return
    known = result.model.parameters()
    yield ["cell", "status", *(f"{name} ({known[name].unit})" for name in result.vary), "t (s)", *head]
    times = result.t if len(result.shape) == 2 else [None]
    for i in range(len(result)):
        own = [i, Status(int(result.status[i])).name, *(repr(float(x[i])) for x in result.vary.values())]
        for k, t in enumerate(times):
            at = (i,) if t is None else (i, k)
            yield [*own, repr(float(result.t_reached[i] if t is None else t)), *(repr(float(x[at])) for _, x in found.values())]


def facts(result: Any) -> list[tuple[str, str]]:
    """What there is to say of a result in a few lines: what, and how much."""
    if isinstance(result, Trajectory):
        return _of_run(result)
    return _of_sweep(result) if isinstance(result, Sweep) else _of_rest(result)


def summary(result: Any) -> dict[str, Any]:
    """What there is to say of a result, for programs: SI, the values at its end."""
    told: dict[str, Any] = {"kind": type(result).__name__}
    if isinstance(result, Sweep):
        failed = {str(i): status.name for i, status in result.failures().items()}
        rows = {name: x.tolist() for name, (_, x) in columns(result).items() if name.partition(".")[0] in ("V", "volume", "c_in")}
        vary = {name: np.asarray(x).tolist() for name, x in result.vary.items()}
        return {**told, "cells": len(result), "failures": failed, "vary": vary, "t": result.t.tolist(), **rows}
    if isinstance(result, Trajectory):
        told |= {"status": result.status.name, "until": result.until, "t": float(result.t[-1]) if len(result) else None}
        told["events"] = [
            {"t": e.t, "observable": e.crossing.observable, "level": e.crossing.level, "direction": e.direction} for e in result.events
        ]
        told["audit"] = {"ok": result.audit.ok, **dataclasses.asdict(result.audit)}
        told["stats"] = dataclasses.asdict(result.stats)
        if not len(result):
            return told
    else:
        told |= {"stable": result.stable, "method": result.method, "iterations": result.iterations, "residual": result.residual}
        told["eigenvalues"] = [[x.real, x.imag] for x in np.asarray(result.eigenvalues, dtype=complex).tolist()]
    told["end"] = {name: float(np.reshape(x, -1)[-1]) for name, (_, x) in columns(result).items()}
    told["units"] = {name: unit for name, (unit, _) in columns(result).items()}
    return told


def _of_run(run: Trajectory) -> list[tuple[str, str]]:
    if not len(run):
        return [("status", run.status.sentence)]
    s = run.stats
    told = [
        ("time", f"{run.t[0]:g} … {run.t[-1]:g} s, {len(run)} times; {run.status.sentence}"),
        ("V", f"{1e3 * run.V[0]:.2f} → {1e3 * run.V[-1]:.2f} mV (from {1e3 * np.min(run.V):.2f} to {1e3 * np.max(run.V):.2f})"),
    ]
    if np.any(run.volume != run.volume[0]):
        told.append(("volume", f"{run.volume[0]:.4g} → {run.volume[-1]:.4g} m³, × {run.volume[-1] / run.volume[0]:.4f}"))
    told += [(_solute(run, name), f"{c[0]:.4g} → {c[-1]:.4g} mM inside") for name, c in run.c_in.items()]
    if np.any(run.atp):
        told.append(("ATP", f"{run.atp[0]:.3g} → {run.atp[-1]:.3g} mol/s"))
    if run.events:
        shown = ", ".join(f"{e.crossing.observable} through {e.crossing.level:g} at {e.t:.6g} s" for e in run.events[:5])
        told.append(("events", shown + (f" and {len(run.events) - 5} more" if len(run.events) > 5 else "")))
    told += [
        ("audit", _of_audit(run.audit)),
        ("cost", f"{s.steps} steps and {s.rejected} rejected in {1e3 * s.seconds:.3g} ms, {s.method}"),
    ]
    return told


def _of_rest(rest: SteadyState) -> list[tuple[str, str]]:
    slowest = float(np.max(np.real(rest.eigenvalues))) if len(rest.eigenvalues) else float("nan")
    return [
        ("V", f"{1e3 * rest.V:.4f} mV"),
        *((_solute(rest, name), f"{c:.5g} mM inside, E {_mV(rest.E.get(name))}") for name, c in rest.c_in.items()),
        ("impermeant", f"{rest.c_impermeant:.5g} mM"),
        ("volume", f"{rest.volume:.5g} m³"),
        ("ATP", f"{rest.atp:.3g} mol/s"),
        ("stability", f"{'stable' if rest.stable else 'unstable'}; slowest eigenvalue {slowest:.3g} s⁻¹"),
        ("found by", f"{rest.method}, {rest.iterations} iterations, residual {rest.residual:.1e} s⁻¹"),
    ]


def _mV(E: Any) -> str:
    return "—" if E is None or not np.isfinite(E) else f"{1e3 * float(E):.2f} mV"


def _of_sweep(swept: Sweep) -> list[tuple[str, str]]:
    failed, known = swept.failures(), swept.model.parameters()
    told = [("cells", f"{len(swept)}, {len(failed)} failed")]
    for name, x in swept.vary.items():
        unit = "" if known[name].unit == "1" else f" {known[name].unit}"
        told.append((name, f"{np.min(x):.4g} … {np.max(x):.4g}{unit}"))
    for status in sorted(set(failed.values())):
        which = [i for i, s in failed.items() if s is status]
        told.append((status.name, f"{len(which)}, the first is cell {which[0]}: {status.sentence}"))
    V = np.asarray(swept.V)[..., -1] if len(swept.shape) == 2 else np.asarray(swept.V)
    if np.any(np.isfinite(V)):
        told.append(("V at the end", f"{1e3 * np.nanmin(V):.2f} … {1e3 * np.nanmax(V):.2f} mV"))
    told.append(("cost", f"{swept.stats.steps} steps in {swept.stats.seconds:.3g} s, {swept.stats.method}"))
    return told


def _of_audit(audit: Audit) -> str:
    return repr(audit).removeprefix("<Audit ").removesuffix(">")


def _solute(result: Any, name: str) -> str:
    cell = result.lowered.cell
    return next((ion_text(ion.name, ion.z) for ion in cell.ions if ion.name == name), name)


def html(result: Any) -> str:
    """A table for notebooks."""
    if isinstance(result, Audit):
        name, told = "Audit", [("books", "kept" if result.ok else "BROKEN"), *_audit_rows(result)]
    else:
        name, told = type(result).__name__, [(what, minus(text)) for what, text in facts(result)]
    rows = "".join(f"<tr><th>{escape(what)}</th><td>{escape(text)}</td></tr>" for what, text in told)
    return f"<table><caption>{escape(name)}</caption>{rows}</table>"


def _audit_rows(audit: Audit) -> list[tuple[str, str]]:
    rows = [("charge", f"{audit.charge:.1e}"), ("impermeant", f"{audit.impermeant:.1e}"), ("totals", f"{audit.totals:.1e}")]
    if audit.fluxes is not None:
        rows.append(("fluxes", f"{audit.fluxes:.1e}"))
    if audit.gap is not None:
        rows.append(("V and charge apart, as the model has it", f"{audit.gap:.1e}"))
    if audit.unaccounted:
        rows.append(("outside the books", ", ".join(audit.unaccounted)))
    return [*rows, ("bound", f"{audit.bound:.0e}")]
