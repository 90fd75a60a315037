"""The verbs of the `ionflux` command. Imported by `cli.main` alone, once typer is known to be there."""

from __future__ import annotations

import importlib
import inspect
import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._extras import need
from ._text import text_table
from ._version import __version__
from .cli import Exit, tell, verb
from .errors import InputError, Interrupted, SolveError, StorageError, UnknownNameError

if TYPE_CHECKING:
    from .cells import Cell
    from .fields import Parameter

app = typer.Typer(
    name="ionflux",
    help="Ions at cell membranes: pumps against leaks, voltage, volume and energy.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
presets_app = typer.Typer(help="Published models.", rich_markup_mode=None, invoke_without_command=True)
params_app = typer.Typer(help="Parameters of a published model.", rich_markup_mode=None, no_args_is_help=True)
app.add_typer(presets_app, name="presets")
app.add_typer(params_app, name="params")

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output, SI units.")]
Dotted = Annotated[str, typer.Argument(help="Dotted name, as `list` shows it.", metavar="PARAMETER")]
Preset = Annotated[str, typer.Argument(help="A published model; `ionflux presets` lists them.", metavar="PRESET")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ionflux {__version__}")
        raise typer.Exit


@app.callback()
def top(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False) -> None:
    """Ions at cell membranes: pumps against leaks, voltage, volume and energy."""


@app.command()
@verb
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the figure and the data; made if need be.", metavar="DIR")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: Json = False,
) -> None:
    """An hour of ouabain and the recovery: table, figure, NetCDF."""
    from . import demo as show
    from .files import save
    from .plotting import save_overview

    for module in ("matplotlib", "xarray", "h5netcdf", "h5py"):  # before anything is written
        need(module, to="draw and save the demo")
    picture, data = _free(out, "ionflux-demo.png", force), _free(out, "ionflux-demo.nc", force)
    try:
        run = show.run_demo()
    except (Interrupted, SolveError) as error:
        _keep(error, out / "ionflux-demo.partial.nc")
        raise
    save_overview(run, picture)
    save(run, data)
    if json:
        audit = {"ok": run.audit.ok, "charge": run.audit.charge, "impermeant": run.audit.impermeant}
        files = {"figure": str(picture), "data": str(data)}
        _print_json(
            {"ionflux": __version__, "preset": show.PRESET, "units": show.UNITS, "rows": show.rows(run), "audit": audit, "files": files}
        )
    else:
        typer.echo("\n\n".join([show.title(run), show.table(run), show.story(run), show.how(run, picture, data)]))
    if not run.audit.ok:
        tell(f"a conservation law is broken: {run.audit}")
        raise typer.Exit(Exit.NUMERICAL_FAILURE)


@presets_app.callback()
@verb
def presets_top(context: typer.Context, json: Json = False) -> None:
    """Published models: list them, or show one."""
    if context.invoked_subcommand is None:
        _list_presets(json)


@presets_app.command("list")
@verb
def presets_list(json: Json = False) -> None:
    """The published models, a line each."""
    _list_presets(json)


@presets_app.command("show")
@verb
def presets_show(preset: Preset, json: Json = False) -> None:
    """One model: its equations, its source, and the paper's symbols."""
    cell, text = _preset(preset), _text_of(preset)
    if json:
        _print_json({"name": preset, "text": text, "symbols": dict(cell.symbols), "parameters": sorted(cell.parameters())})
        return
    rows = [[symbol, name] for symbol, name in cell.symbols.items()]
    typer.echo(f"{text}\n\n{text_table(['symbol', 'parameter'], rows, flush='ll')}")


@params_app.command("list")
@verb
def params_list(preset: Preset, json: Json = False) -> None:
    """All parameters of a model: dotted name, value, unit, and what each is."""
    found = _preset(preset).parameters()
    if json:
        _print_json({name: _plain(p) for name, p in found.items()})
        return
    rows = [[name, f"{p.value:.6g}", "" if p.unit == "1" else p.unit, p.doc] for name, p in found.items()]
    typer.echo(text_table(["parameter", "value", "unit", "what it is"], rows, flush="lrll"))


@params_app.command("show")
@verb
def params_show(preset: Preset, parameter: Dotted, json: Json = False) -> None:
    """One parameter of a model: value, unit, plausible range, source."""
    cell = _preset(preset)
    found = cell.parameters()
    if parameter not in found:
        raise UnknownNameError.among(f"{preset} has no parameter", parameter, found)
    p = found[parameter]
    if json:
        _print_json({parameter: _plain(p)})
        return
    unit = "" if p.unit == "1" else f" {p.unit}"
    facts = {
        "parameter": parameter,
        "what it is": p.doc,
        "value": f"{p.value!r}{unit}",
        "range": f"{p.lo:g} … {p.hi:g}{unit}",
        "source": p.source or "not stated",
        "symbol": next((symbol for symbol, name in cell.symbols.items() if name == parameter), "none in the paper"),
    }
    width = max(map(len, facts))
    typer.echo("\n".join(f"{name:<{width}}  {text}" for name, text in facts.items()))


def _list_presets(json: bool) -> None:
    from .preset_library import presets

    found = {name: _text_of(name).splitlines()[0] for name in presets()}
    if json:
        _print_json(found)
        return
    width = max(map(len, found))
    typer.echo("\n".join(f"{name:<{width}}  {text}" for name, text in found.items()))


def _preset(name: str) -> Cell:
    from .preset_library import preset

    return preset(name)


def _text_of(name: str) -> str:
    """What the file of a model says about it: a line, the equations, the source."""
    return inspect.getdoc(importlib.import_module(f"{__package__}.preset_library.{name}")) or name


def _plain(p: Parameter) -> dict[str, Any]:
    return {"value": p.value, "unit": p.unit, "lo": p.lo, "hi": p.hi, "doc": p.doc, "source": p.source}


def _print_json(value: Any) -> None:
    typer.echo(json_module.dumps(value, indent=2, ensure_ascii=False))


def _free(folder: Path, name: str, force: bool) -> Path:
    """Where to write, known to be possible before anything is computed."""
    path = folder / name
    if path.exists() and not force:
        raise InputError(f"{path} exists; --force replaces it, --out DIR writes elsewhere")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror or error}") from error
    return path


def _keep(error: Interrupted | SolveError, path: Path) -> None:
    """Save what was reached before the error."""
    if error.partial is None or not len(error.partial):
        return
    error.partial.save(path)
    tell(f"what was reached is in {path}")
