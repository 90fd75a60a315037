"""The `ionflux` command put together. Imported by `cli.main` alone, once typer is known to be there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._extras import need
from ._version import __version__
from .cli import Exit, tell, verb
from .errors import Interrupted, SolveError
from .shell import calculators, parameters, running, showing
from .shell.options import Force, Json, Sets, free, keep, overrides, print_json


def _typer(text: str, *, alone: bool = False) -> typer.Typer:
    return typer.Typer(
        help=text, no_args_is_help=not alone, invoke_without_command=alone, rich_markup_mode=None, pretty_exceptions_enable=False,
        add_completion=False,
    )  # fmt: skip


app = _typer("Ions at cell membranes: pumps against leaks, voltage, volume and energy.")
app.info.name = "ionflux"
presets_app = _typer("Published models.", alone=True)
params_app = _typer("Parameters of a model.")


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
    sets: Sets = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """An hour of ouabain and the recovery: table, figure, NetCDF."""
    from . import demo as show
    from .files import save
    from .plotting import save_overview
    from .shell.targets import target

    for module in ("matplotlib", "xarray", "h5netcdf", "h5py"):  # before anything is written
        need(module, to="draw and save the demo")
    cell = target(show.PRESET, overrides(sets)).cell
    picture, data = free(out / "ionflux-demo.png", force), free(out / "ionflux-demo.nc", force)
    try:
        run = show.run_demo(cell)
    except (Interrupted, SolveError) as error:
        keep(error, out / "ionflux-demo.partial.nc")
        raise
    save_overview(run, picture)
    save(run, data)
    if json:
        audit = {"ok": run.audit.ok, "charge": run.audit.charge, "impermeant": run.audit.impermeant}
        files = {"figure": str(picture), "data": str(data)}
        print_json(
            {"ionflux": __version__, "preset": show.PRESET, "units": show.UNITS, "rows": show.rows(run), "audit": audit, "files": files}
        )
    else:
        # the story is that of the model as published
        story = [show.story(run)] if not sets else []
        typer.echo("\n\n".join([show.title(run), show.table(run), *story, show.how(run, picture, data)]))
    if not run.audit.ok:
        tell(f"a conservation law is broken: {run.audit}")
        raise typer.Exit(Exit.NUMERICAL_FAILURE)


for function in (running.run, running.check, running.sweep, showing.show, showing.plot, showing.cite, *calculators.CALCULATORS):
    app.command()(verb(function))

app.add_typer(presets_app, name="presets")
app.add_typer(params_app, name="params")


@presets_app.callback()
@verb
def presets_top(context: typer.Context, json: Json = False) -> None:
    """Published models: list them, or show one."""
    if context.invoked_subcommand is None:
        parameters.list_presets(json)


presets_app.command("list")(verb(parameters.presets_list))
presets_app.command("show")(verb(parameters.presets_show))
params_app.command("list")(verb(parameters.params_list))
params_app.command("show")(verb(parameters.params_show))
params_app.command("diff")(verb(parameters.params_diff))
