"""Files of tables of fluxes: ``.npz`` with arrays and one text."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._atomic import atomic, target_of
from .errors import StorageError
from .flux_axes import Axis
from .species import IonSpecies

if TYPE_CHECKING:
    from .flux_tables import FluxTable

#: raised whenever other versions would misread a file
SCHEMA = 1


def record(table: FluxTable) -> tuple[str, dict[str, Any]]:
    """What a table is, as text and arrays."""
    told = {
        "schema": SCHEMA,
        "ions": [(ion.name, ion.z) for ion in table.ions],
        "axes": [(a.name, a.lo, a.hi, a.log) for a in table.axes],
        "cores": [len(cores) for cores in table.chains.values()],
        "left": {ion.name: c for ion, c in table.left.items()},
        "right": {ion.name: c for ion, c in table.right.items()},
        "facts": table.facts,
    }
    arrays: dict[str, Any] = {f"axis.{i}": axis.coefficients for i, axis in enumerate(table.axes)}
    arrays |= {f"core.{ion.name}.{i}": core for ion, cores in table.chains.items() for i, core in enumerate(cores)}
    return json.dumps(told), arrays


def write(table: FluxTable, path: str | Path, overwrite: bool) -> Path:
    """Write a table, whole or not at all."""
    target = target_of(path, overwrite=overwrite)
    text, arrays = record(table)
    with atomic(target) as scratch, scratch.open("wb") as opened:
        np.savez(opened, text=np.array(text), **arrays)
    return target


def read(path: str | Path) -> tuple[Any, ...]:
    """What a FluxTable is made from: axes, cores, concentrations left and right, facts."""
    try:
        with Path(path).open("rb") as opened, np.load(opened, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        told = json.loads(str(arrays.pop("text")))
        if told["schema"] != SCHEMA:
            raise StorageError(f"{path}: a table of schema {told['schema']}; this version reads {SCHEMA}")
        ions = {name: IonSpecies(name, z) for name, z in told["ions"]}
        axes = tuple(Axis(name, lo, hi, log, arrays[f"axis.{i}"]) for i, (name, lo, hi, log) in enumerate(told["axes"]))
        cores = {
            ion: tuple(arrays[f"core.{name}.{i}"] for i in range(n)) for (name, ion), n in zip(ions.items(), told["cores"], strict=True)
        }
        left, right = ({ions[name]: c for name, c in told[side].items()} for side in ("left", "right"))
        return axes, cores, left, right, told["facts"]
    except (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"{path}: no complete table of fluxes ({error})") from error
