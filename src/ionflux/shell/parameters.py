"""`presets` and `params`: published models and the numbers of any model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ionflux._text import text_table
from ionflux.errors import UnknownNameError
from .options import Json, Sets, overrides, print_json
from .targets import target, text_of

if TYPE_CHECKING:
    from ionflux.fields import Parameter

Dotted = Annotated[str, typer.Argument(help="Dotted name, as `list` shows it.", metavar="PARAMETER")]
Preset = Annotated[str, typer.Argument(help="A published model; `ionflux presets` lists them.", metavar="PRESET")]
Model = Annotated[str, typer.Argument(help="A published model, a scenario (*.toml) or a result (*.nc).", metavar="MODEL")]


def presets_list(json: Json = False) -> None:
    """The published models, a line each."""
    list_presets(json)


def list_presets(json: bool) -> None:
    """Print the published models."""
    from ionflux.preset_library import presets

    found = {name: text_of(name).splitlines()[0] for name in presets()}
    if json:
        print_json(found)
        return
    width = max(map(len, found))
    typer.echo("\n".join(f"{name:<{width}}  {text}" for name, text in found.items()))


def presets_show(preset: Preset, json: Json = False) -> None:
    """One model: its equations, its source, and the paper's symbols."""
    from ionflux.preset_library import preset as make

    cell, text = make(preset), text_of(preset)
    if json:
        print_json({"name": preset, "text": text, "symbols": dict(cell.symbols), "parameters": sorted(cell.parameters())})
        return
    rows = [[symbol, name] for symbol, name in cell.symbols.items()]
    typer.echo(f"{text}\n\n{text_table(['symbol', 'parameter'], rows, flush='ll')}")


def params_list(model: Model, sets: Sets = None, json: Json = False) -> None:
    """All parameters of a model: dotted name, value, unit, and what each is."""
    found = target(model, overrides(sets)).cell.parameters()
    if json:
        print_json({name: _plain(p) for name, p in found.items()})
        return
    rows = [[name, f"{p.value:.6g}", _unit(p), p.doc] for name, p in found.items()]
    typer.echo(text_table(["parameter", "value", "unit", "what it is"], rows, flush="lrll"))


def params_show(model: Model, parameter: Dotted, sets: Sets = None, json: Json = False) -> None:
    """One parameter of a model: value, unit, plausible range, source."""
    cell = target(model, overrides(sets)).cell
    found = cell.parameters()
    if parameter not in found:
        raise UnknownNameError.among(f"{model} has no parameter", parameter, found)
    p = found[parameter]
    if json:
        print_json({parameter: _plain(p)})
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


def params_diff(first: Model, second: Model, sets: Sets = None, json: Json = False) -> None:
    """What differs between two models; --set changes the second."""
    a, b = target(first, {}).cell.parameters(), target(second, overrides(sets)).cell.parameters()
    names = [name for name in dict.fromkeys([*a, *b]) if name not in a or name not in b or a[name].value != b[name].value]
    if json:
        print_json({name: {first: _value(a, name), second: _value(b, name), "unit": (a.get(name) or b[name]).unit} for name in names})
        return
    rows = [[name, *(f"{p[name].value:.6g}" if name in p else "" for p in (a, b)), _unit(a.get(name) or b[name])] for name in names]
    typer.echo(text_table(["parameter", first, second, "unit"], rows, flush="lrrl") if rows else "no difference")


def _value(parameters: dict[str, Parameter], name: str) -> float | None:
    return parameters[name].value if name in parameters else None


def _unit(p: Parameter) -> str:
    return "" if p.unit == "1" else p.unit


def _plain(p: Parameter) -> dict[str, Any]:
    return {"value": p.value, "unit": p.unit, "lo": p.lo, "hi": p.hi, "doc": p.doc, "source": p.source}
