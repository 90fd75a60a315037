"""`show`, `plot` and `cite`: results, and what models and results rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ionflux._text import minus
from ionflux._version import __version__
from ionflux.errors import InputError
from .options import Force, Json, Sets, free, overrides, print_json
from .targets import Target, target

What = Annotated[str, typer.Argument(help="A result (*.nc), a scenario (*.toml), or a published model.", metavar="WHAT")]


def show(
    what: What,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write a result as a table of text, too.", metavar="PATH")] = None,
    sets: Sets = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Show a result in a few lines; a scenario or a published model as a scenario file with every value."""
    found = target(what, overrides(sets))
    if csv is not None:
        if found.result is None:
            raise InputError(f"--csv writes results; {what} is none (ionflux run makes one)")
        found.result.to_csv(free(csv, force, remedy="--csv"))
    if found.result is None:
        _show_scenario(found, json)
        return
    from ionflux.tables import facts, summary

    if json:
        print_json({"file": what, **summary(found.result), "provenance": found.result.provenance})
        return
    provenance = found.result.provenance
    told = [
        (type(found.result).__name__, what),
        *facts(found.result),
        ("made by", f"ionflux {provenance['ionflux']} on {provenance['platform']}"),
    ]
    width = max(len(name) for name, _ in told)
    typer.echo("\n".join(f"{name:<{width}}  {minus(text) if name not in ('made by', told[0][0]) else text}" for name, text in told))


def _show_scenario(found: Target, json: bool) -> None:
    from ionflux.scenarios import Scenario, to_toml

    text = to_toml(found.scenario or Scenario(cell=found.cell))
    if json:
        import tomllib

        print_json({"ionflux": __version__, **tomllib.loads(text)})
    else:
        typer.echo(text, nl=False)


def plot(
    what: Annotated[str, typer.Argument(help="A result (*.nc), or a scenario (*.toml), which is then computed.", metavar="WHAT")],
    out: Annotated[Path | None, typer.Option("--out", help="The figure: .png, .pdf or .svg; default WHAT.png.", metavar="PATH")] = None,
    panels: Annotated[str | None, typer.Option("--panels", help="Which, with commas: V,E,current.", metavar="NAMES")] = None,
    sets: Sets = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Draw a run over time."""
    from ionflux._extras import need
    from ionflux.plotting import save_overview
    from ionflux.results import Trajectory

    need("matplotlib", to="plot")
    figure = free(out or Path(what).with_suffix(".png"), force)
    found = target(what, overrides(sets))
    run: Any = found.result if found.scenario is None else found.scenario.simulate()
    if not isinstance(run, Trajectory):
        raise InputError(f"{what} is no run over time; a scenario with [run], or its result, is")
    save_overview(run, figure, panels=None if panels is None else [name.strip() for name in panels.split(",")])
    if json:
        print_json({"ionflux": __version__, "figure": str(figure)})
    else:
        typer.echo(str(figure))


def cite(
    what: What,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="As BibTeX.")] = False,
    sets: Sets = None,
    json: Json = False,
) -> None:
    """List the references of exactly what a model or a result used."""
    from ionflux.citations import cite as citation
    from ionflux.citations import references

    found = target(what, overrides(sets))
    thing = found.cell if found.result is None else found.result
    if json:
        used, texts = references(thing)
        listed = [{"key": r.key, **r.fields, "used_for": uses} for r, uses in used.items()]
        print_json({"ionflux": __version__, "references": listed + [{"text": text, "used_for": uses} for text, uses in texts.items()]})
    else:
        typer.echo(citation(thing, "bibtex" if bibtex else "text"))
