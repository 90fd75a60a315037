"""`run`, `sweep` and `check`: scenario files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ionflux._text import minus
from ionflux._version import __version__
from ionflux.cli import Exit, tell
from ionflux.errors import InputError, Interrupted, SolveError
from .options import Force, Json, Sets, free, keep, overrides, print_json

if TYPE_CHECKING:
    from ionflux.scenarios import Scenario

File = Annotated[Path, typer.Argument(help="A scenario (*.toml).", metavar="FILE")]
Out = Annotated[
    Path | None, typer.Option("--out", help="Where the result goes; default: `save` of the scenario, or FILE.nc.", metavar="PATH")
]
PARTS = ("run", "steady_state", "sweep")


def run(file: File, out: Out = None, sets: Sets = None, force: Force = False, json: Json = False) -> None:
    """Compute what a scenario asks for, and save it."""
    scenario = _read(file, sets)
    part = next((name for name in PARTS if getattr(scenario, name) is not None), None)
    if part is None:
        raise InputError(f"{file} asks for nothing: it has no [run], no [steady_state] and no [sweep]")
    _compute(scenario, part, file, out, force, json)


def sweep(file: File, out: Out = None, sets: Sets = None, force: Force = False, json: Json = False) -> None:
    """Compute the [sweep] of a scenario, and save it."""
    scenario = _read(file, sets)
    if scenario.sweep is None:
        raise InputError(f"{file} has no [sweep]")
    _compute(scenario, "sweep", file, out, force, json)


def check(
    target: Annotated[str, typer.Argument(help="A scenario (*.toml), or a published model.", metavar="FILE")],
    sets: Sets = None,
    json: Json = False,
) -> None:
    """Say what a scenario amounts to before it is computed: parameters, charge, currents, time scales, cost."""
    from . import checking
    from .targets import target as find

    found = find(target, overrides(sets))
    report = checking.report(found.cell, found.scenario)
    if json:
        print_json({"ionflux": __version__, "file": target, **report})
    else:
        typer.echo(checking.text((found.scenario.title if found.scenario else "") or target, report))


def _read(file: Path, sets: list[str] | None) -> Scenario:
    from ionflux.scenarios import Scenario

    return Scenario.read(file, overrides(sets))


def _compute(scenario: Scenario, part: str, file: Path, out: Path | None, force: bool, json: bool) -> None:
    from ionflux._extras import need
    from ionflux.scenarios.files import inside

    for module in ("xarray", "h5netcdf", "h5py"):  # before anything is computed
        need(module, to="save the result")
    asked = getattr(scenario, part)
    suffix = ".nc" if part == next(name for name in PARTS if getattr(scenario, name) is not None) else f".{part}.nc"
    data = free(out or (inside(file.parent, asked.save) if asked.save else file.with_suffix(suffix)), force)
    try:
        result: Any = scenario.compute(part)
    except (Interrupted, SolveError) as error:
        keep(error, data.with_suffix(".partial.nc"))
        raise
    result.save(data)
    _tell(result, scenario, file, data, json)
    _judge(result)


def _tell(result: Any, scenario: Scenario, file: Path, data: Path, json: bool) -> None:
    from ionflux.tables import facts, summary

    if json:
        print_json({"ionflux": __version__, "file": str(file), "data": str(data), **summary(result)})
        return
    told = [*facts(result), ("data", str(data))]
    width = max(len(what) for what, _ in told)
    title = [scenario.title, ""] if scenario.title else []
    typer.echo("\n".join([*title, *(f"{what:<{width}}  {minus(text) if what != 'data' else text}" for what, text in told)]))


def _judge(result: Any) -> None:
    """The exit code of a result that was reached."""
    if (audit := getattr(result, "audit", None)) is not None and not audit.ok:
        tell(f"a conservation law is broken: {audit}")
        raise typer.Exit(Exit.NUMERICAL_FAILURE)
    if hasattr(result, "failures") and (failed := result.failures()):
        first = next(iter(failed))
        tell(f"{len(failed)} of {len(result)} cells failed; the first is cell {first}: {failed[first].sentence}")
        raise typer.Exit(Exit.NUMERICAL_FAILURE if len(failed) == len(result) else Exit.PARTIAL)
