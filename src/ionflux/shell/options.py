"""Options that the verbs share, and what every verb does with files and failures."""

from __future__ import annotations

import json as json_module
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ionflux.cli import tell
from ionflux.errors import InputError, Interrupted, SolveError, StorageError

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output, SI units.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help='Another value by dotted name, with its unit: --set volume="2 pL". Repeat for more.', metavar="NAME=VALUE"),
]


def overrides(sets: list[str] | None) -> dict[str, str]:
    """The options ``--set NAME=VALUE`` as a mapping."""
    found: dict[str, str] = {}
    for text in sets or ():
        name, sign, value = text.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise InputError(f'--set {text}: write --set NAME=VALUE, such as --set volume="2 pL"')
        found[name.strip()] = value.strip()
    return found


def print_json(value: Any) -> None:
    """Tell a program."""
    typer.echo(json_module.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: null and text."""
    if isinstance(value, float):
        return value if value - value == 0.0 else None if value != value else str(value)
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


def free(path: Path, force: bool, *, remedy: str = "--out") -> Path:
    """Where to write, known to be possible before anything is computed."""
    if path.exists() and not force:
        raise InputError(f"{path} exists; --force replaces it, {remedy} writes elsewhere")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{path.parent} cannot be made: {error.strerror or error}") from error
    return path


def keep(error: Interrupted | SolveError, path: Path) -> None:
    """Save what was reached before the error."""
    if error.partial is None or not hasattr(error.partial, "save") or (hasattr(error.partial, "__len__") and not len(error.partial)):
        return
    error.partial.save(path)
    tell(f"what was reached is in {path}")
