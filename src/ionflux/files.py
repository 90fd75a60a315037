"""Results on disk: NetCDF with units and provenance, written whole or not at all, read without unpickling anything.

A file is NetCDF-4 (HDF5), so xarray, MATLAB, R and ncdump read it without ionflux. What was computed is in it too, next to the text of
the cell and of its schedules, so `load` returns the same result, not a picture of it. Two files of the same question differ in one
attribute, `provenance`, which always has the same length.
"""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ._atomic import atomic, target_of
from ._extras import need
from ._rebuild import rebuild
from .datasets import ARRAYS, dataset, same_V
from .errors import InputError, IonfluxWarning, ModelError, SolveError, StorageError
from .records import KINDS, Record, record, restored
from .results import Trajectory

#: raised whenever other versions of `load` would misread what is written
SCHEMA = 2
#: the length of the provenance is a multiple of this, so that what follows it in the file stays where it is
BLOCK = 4096


def to_xarray(result: Any) -> Any:
    """Return a result as an `xarray.Dataset`: dimensions ``cell``, ``ion``, ``mechanism``, ``gate_name``, ``t``: cells first, time last.

    Parameters
    ----------
    result : Trajectory, SteadyState or Sweep

    Raises
    ------
    MissingExtra
        When xarray is not installed.
    """
    return dataset(result).assign_attrs(_attributes(result, record(result)))


def save(result: Any, path: str | Path, *, overwrite: bool = True) -> Path:
    """Write a result as NetCDF-4, whole or not at all.

    Parameters
    ----------
    result : Trajectory, SteadyState or Sweep
    path : str or Path
        Where to; the folder must exist.
    overwrite : bool
        Whether a file of that name may be replaced. It stays as it is until the new one is complete.

    Returns
    -------
    Path
        Where it is. A warning says so where `load` will not be able to make the cell again, because functions are among its gates, or
        tables of fluxes among its channels.

    Raises
    ------
    StorageError
        The file exists and may not be replaced, or cannot be written.
    MissingExtra
        When xarray, h5netcdf or h5py is not installed.
    """
    for module in ("h5py", "h5netcdf"):
        need(module, to="write NetCDF")
    target = target_of(path, overwrite=overwrite)
    made = to_xarray(result)
    try:
        rebuild(made.attrs["cell"])
    except (InputError, ModelError) as error:
        text = (
            f"{target} is for xarray.open_dataset, not for ionflux.load: a function or a table of fluxes has no text to be kept ({error})"
        )
        warnings.warn(text, IonfluxWarning, stacklevel=3)
    with atomic(target) as scratch:
        made.to_netcdf(scratch, engine="h5netcdf", format="NETCDF4")
    return target


def load(path: str | Path) -> Any:
    """Read a result that `save` wrote, or a table of fluxes (``.npz``). Nothing in the file is executed or unpickled.

    Parameters
    ----------
    path : str or Path
        The file. Mechanisms of one's own have to be defined before.

    Returns
    -------
    Trajectory, SteadyState, Sweep or FluxTable
        Equal to the one saved; its `provenance` is that of the computer which made it.

    Raises
    ------
    StorageError
        The file is missing, truncated, no NetCDF-4, not written by ionflux, or written by another version that stores otherwise.
    MissingExtra
        When h5py is not installed.
    """
    if Path(path).suffix == ".npz":
        from .flux_tables import FluxTable

        return FluxTable.load(path)
    attributes, arrays = _read(Path(path))
    try:
        result = restored(_record(attributes, arrays))
        agrees = same_V(result, arrays["V"])
    except (InputError, ModelError, SolveError) as error:
        raise StorageError(f"{path}: the cell in it cannot be made again ({error}); xarray.open_dataset still shows the numbers") from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise StorageError(f"{path}: written by ionflux, but incomplete ({type(error).__name__}: {error})") from error
    if not agrees:
        warnings.warn("V in the file differs from V of the cell in it: a definition has changed since", IonfluxWarning, stacklevel=2)
    return result


def _attributes(result: Any, kept: Record) -> dict[str, Any]:
    cell, provenance = kept.cell, dict(result.provenance)
    parameters = provenance.pop("parameters")
    for name in ("method", "tolerances", "schedule"):
        provenance.pop(name, None)
    more = {"audit": _json({"ok": result.audit.ok, **dataclasses.asdict(result.audit)})} if isinstance(result, Trajectory) else {}
    block = _json({"created": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": kept.cost.get("seconds"), **provenance})
    return {
        "title": f"ionflux {kept.kind}",
        "ionflux_schema": SCHEMA,
        "ionflux_version": str(result.provenance["ionflux"]),
        "kind": kept.kind,
        "cell": repr(cell),
        "sources": _json(dict(cell.sources)),
        "symbols": _json(dict(cell.symbols)),
        "schedule": _json({name: repr(what) for name, what in kept.schedule.items()}),
        "settings": _json(dict(kept.settings)),
        "parameters": _json(parameters),
        **more,
        "provenance": block.ljust(-(-len(block) // BLOCK) * BLOCK),
    }


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=True)  # a letter is a byte, so that lengths are what they seem


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes of a file, and the arrays that `restored` needs."""
    h5py = need("h5py", to="read NetCDF")
    if not path.is_file():
        raise StorageError(f"{path}: there is no such file")
    try:
        with h5py.File(path, "r") as found:
            attributes = {name: _plain(value) for name, value in found.attrs.items()}
            wanted = {"V", *(name for names in ARRAYS.values() for name in names), *(name for name in found if name.startswith("vary."))}
            arrays = {name: found[name][()] for name in wanted if "ionflux_schema" in attributes and name in found}
    except Exception as error:  # HDF5 has many ways to choke on a broken file
        raise StorageError(f"{path}: no complete NetCDF-4 file; cut short, or of another kind ({error})") from error
    schema = attributes.get("ionflux_schema")
    if schema is None:
        raise StorageError(f"{path}: a NetCDF file, but not one of ionflux (it has no attribute ionflux_schema)")
    if str(schema) != str(SCHEMA):
        version = attributes.get("ionflux_version", "?")
        raise StorageError(
            f"{path}: written by ionflux {version} (schema {schema}); this version reads schema {SCHEMA}: "
            + ("upgrade ionflux" if str(schema).isdigit() and int(schema) > SCHEMA else "xarray.open_dataset still shows the numbers")
        )
    return attributes, arrays


def _plain(value: Any) -> Any:
    """An attribute as Python has it: NetCDF keeps a number as an array of one."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if getattr(value, "size", 0) == 1 else value


def _record(attributes: Mapping[str, Any], found: Mapping[str, Any]) -> Record:
    kind = attributes["kind"]
    if kind not in KINDS:
        raise ValueError(f"there is no kind {kind!r}")
    described = rebuild(attributes["cell"])
    # where the values come from is no part of the cell's text
    cell = dataclasses.replace(described, **{name: json.loads(attributes[name]) for name in ("sources", "symbols")})
    schedule = {name: rebuild(text) for name, text in json.loads(attributes["schedule"]).items()}
    settings = json.loads(attributes["settings"])
    arrays = {name: x for name, x in found.items() if name in ARRAYS[kind] or name.startswith("vary.")}
    if missing := {name for name, needed in ARRAYS[kind].items() if needed} - arrays.keys():
        raise KeyError(min(missing))
    block = json.loads(attributes["provenance"])
    seconds = block.pop("seconds", None) or 0.0
    block.pop("created", None)
    method = {"method": settings["method"]} if "method" in settings else {}
    tolerances = {"tolerances": settings["tolerances"]} if "tolerances" in settings else {}
    texts = {"schedule": json.loads(attributes["schedule"])} if kind in ("Trajectory", "Sweep") else {}
    provenance = {**block, **method, **tolerances, **texts, "parameters": json.loads(attributes["parameters"])}
    return Record(kind, cell, schedule, settings, arrays, {"seconds": seconds, "provenance": provenance})
