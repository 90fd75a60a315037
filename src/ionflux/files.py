"""Runs on disk: NetCDF with units and provenance, written whole or not at all, read without unpickling anything.

A file is NetCDF-4 (HDF5), so xarray, MATLAB, R and ncdump read it without ionflux. The states as integrated are in it too,
next to the text of the cell and of its schedules, so `load` returns the same run, not a picture of it.
"""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._atomic import atomic
from ._extras import need
from ._rebuild import rebuild
from .errors import InputError, IonfluxWarning, Status, StorageError
from .protocols import prepare
from .results import Stats, Trajectory

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: raised whenever older versions of `load` would misread what is written
SCHEMA = 1

# quantities over time that every run has: name -> (unit, what it is); times are last, as everywhere
_OVER_TIME = {
    "V": ("V", "membrane potential, inside minus outside"),
    "volume": ("m3", "cell volume"),
    "area": ("m2", "membrane area"),
    "c_impermeant": ("mol m-3", "concentration of impermeant solutes inside"),
    "osmolarity_in": ("mol m-3", "osmolarity inside"),
    "osmolarity_out": ("mol m-3", "osmolarity outside"),
    "atp": ("mol s-1", "ATP used by the whole cell"),
}
_BY_ION = {
    "c_in": ("mol m-3", "concentration inside"),
    "c_out": ("mol m-3", "concentration outside"),
    "amount": ("mol", "amount inside"),
    "E": ("V", "Nernst potential"),
}
_ENERGY = {
    "free_energy": ("J", "free energy of gradients, volume and membrane capacitance"),
    "dissipation": ("W", "power dissipated by passive mechanisms"),
    "pump_work": ("W", "power put into gradients by the other mechanisms"),
}


def to_xarray(run: Trajectory) -> Any:
    """Return a run as an `xarray.Dataset`: dimensions ``ion``, ``mechanism`` and ``t``, time last; SI units in the attributes.

    Parameters
    ----------
    run : Trajectory
        What `Cell.simulate` returned.

    Raises
    ------
    MissingExtra
        When xarray is not installed.
    """
    xarray = need("xarray", to="make a Dataset")
    ions = list(dict.fromkeys([*run.c_in, *run.c_out]))
    labels = list(run.current)
    data: dict[str, Any] = {}

    def add(name: str, dims: tuple[str, ...], values: Any, unit: str, what: str) -> None:
        data[name] = (dims, np.asarray(values, dtype=float), {"units": unit, "long_name": what})

    for name, (unit, what) in _OVER_TIME.items():
        add(name, ("t",), getattr(run, name), unit, what)
    for name, (unit, what) in _BY_ION.items():
        add(name, ("ion", "t"), _stack(getattr(run, name), ions, run.t), unit, what)
    for name, (unit, what) in _ENERGY.items():
        add(name, ("t",), getattr(run.energy, name), unit, what)
    add("current", ("mechanism", "t"), _stack(run.current, labels, run.t), "A m-2", "current density, outward positive")
    fluxes = [_stack(run.flux[label], ions, run.t, absent=0.0) for label in labels]
    add(
        "flux",
        ("mechanism", "ion", "t"),
        np.array(fluxes).reshape(len(labels), len(ions), len(run.t)),
        "mol m-2 s-1",
        "flux, outward positive",
    )
    # what was integrated: all the rest follows from it
    add("y", ("t", "state"), run._y, "SI units of the state", "states as integrated")
    if run._steps is not None:
        add(
            "steps",
            ("step", "column"),
            run._steps,
            "SI units of the state",
            "dense output: t, t_new, y, y_new, 3 coefficients",
        )
    coordinates = {
        "t": ("t", np.asarray(run.t, dtype=float), {"units": "s", "long_name": "time"}),
        "ion": ("ion", ions, {"long_name": "ion"}),
        "mechanism": ("mechanism", labels, {"long_name": "mechanism"}),
        "state": ("state", list(run.lowered.state_names), {"long_name": "state as integrated"}),
    }
    return xarray.Dataset(data, coords=coordinates, attrs=_attributes(run))


def save(run: Trajectory, path: str | Path, *, overwrite: bool = True) -> Path:
    """Write a run as NetCDF-4, whole or not at all.

    Parameters
    ----------
    run : Trajectory
        What `Cell.simulate` returned.
    path : str or Path
        Where to; the folder must exist.
    overwrite : bool
        Whether a file of that name may be replaced. It stays as it is until the new one is complete.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    StorageError
        The file exists and may not be replaced, or cannot be written.
    MissingExtra
        When xarray, h5netcdf or h5py is not installed.
    """
    for module in ("h5py", "h5netcdf"):
        need(module, to="write NetCDF")
    dataset = to_xarray(run)
    target = Path(path)
    if not overwrite and target.exists():
        raise StorageError(f"{target} exists; choose another name or overwrite=True")
    with atomic(target) as scratch:
        dataset.to_netcdf(scratch, engine="h5netcdf", format="NETCDF4")
    return target


def load(path: str | Path) -> Trajectory:
    """Read a run that `Trajectory.save` wrote. Nothing in the file is executed or unpickled.

    Parameters
    ----------
    path : str or Path
        The file. Mechanisms of one's own have to be defined before.

    Returns
    -------
    Trajectory
        Equal to the one saved; its `provenance` is that of the computer which made it.

    Raises
    ------
    StorageError
        The file is missing, truncated, no NetCDF-4, not written by ionflux, or written by a newer version.
    MissingExtra
        When xarray, h5netcdf or h5py is not installed.
    """
    for module in ("h5py", "h5netcdf", "xarray"):
        need(module, to="read NetCDF")
    dataset = _read(Path(path))
    try:
        return _restore(dataset)
    except InputError as error:
        raise StorageError(f"{path}: the cell in it cannot be made again ({error}); xarray.open_dataset still shows the numbers") from error
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise StorageError(f"{path}: written by ionflux, but incomplete ({type(error).__name__}: {error})") from error


def _attributes(run: Trajectory) -> dict[str, Any]:
    return {
        "title": "ionflux trajectory of one cell",
        "ionflux_schema": SCHEMA,
        "ionflux_version": str(run.provenance["ionflux"]),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "status": run.status.name,
        "until": float(run.until),
        "cell": repr(run.cell),
        "sources": _json(dict(run.cell.sources)),
        "symbols": _json(dict(run.cell.symbols)),
        "schedule": _json({name: repr(what) for name, what in run.schedule.items()}),
        "stats": _json(
            {"steps": run.stats.steps, "rejected": run.stats.rejected, "seconds": run.stats.seconds, "method": run.stats.method}
        ),
        "audit": _json({"ok": run.audit.ok, **dataclasses.asdict(run.audit)}),
        "tolerances": _json(run._tolerances),
        "provenance": _json(run.provenance),
    }


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def _stack(by_name: Mapping[str, Any], names: list[str], t: NDArray[np.float64], absent: float = float("nan")) -> NDArray[np.float64]:
    """One row per name, as long as t; `absent` where the mapping has none of that name."""
    rows = [np.broadcast_to(by_name.get(name, absent), t.shape) for name in names]
    return np.array(rows, dtype=float).reshape(len(names), len(t))


def _read(path: Path) -> Any:
    xarray = need("xarray", to="read NetCDF")
    if not path.is_file():
        raise StorageError(f"{path}: there is no such file")
    try:
        dataset = xarray.load_dataset(path, engine="h5netcdf", decode_times=False)
    except Exception as error:  # h5py, h5netcdf and xarray each have their own ways to choke on a broken file
        raise StorageError(f"{path}: no complete NetCDF-4 file; cut short, or of another kind ({error})") from error
    schema = dataset.attrs.get("ionflux_schema")
    if schema is None:
        raise StorageError(f"{path}: a NetCDF file, but not one of ionflux (it has no attribute ionflux_schema)")
    if int(schema) > SCHEMA:
        version = dataset.attrs.get("ionflux_version", "?")
        raise StorageError(
            f"{path}: written by ionflux {version} (schema {schema}); this version reads up to schema {SCHEMA}: upgrade ionflux"
        )
    return dataset


def _restore(dataset: Any) -> Trajectory:
    attributes = dataset.attrs
    described = rebuild(attributes["cell"])
    # where the values come from is no part of the cell's text
    fields = {f.name: getattr(described, f.name) for f in dataclasses.fields(described)}
    cell = type(described)(**{**fields, **{name: json.loads(attributes[name]) for name in ("sources", "symbols")}})
    schedule = {name: rebuild(text) for name, text in json.loads(attributes["schedule"]).items()}
    tolerances = json.loads(attributes["tolerances"])
    protocol = prepare(cell, float(attributes["until"]), schedule, {f"_{k}": v for k, v in tolerances.items() if k != "rtol"})
    if list(dataset["state"].values) != list(protocol.lowered.state_names):
        raise InputError("its states are not those that this version of ionflux integrates")
    stats = Stats(**json.loads(attributes["stats"]))
    steps = np.ascontiguousarray(dataset["steps"].values) if "steps" in dataset else None
    t, y = np.ascontiguousarray(dataset["t"].values), np.ascontiguousarray(dataset["y"].values)
    run = Trajectory(cell, protocol, schedule, t, y, Status[attributes["status"]], stats, steps, tolerances)
    run.__dict__["provenance"] = json.loads(attributes["provenance"])
    stored = dataset["V"].values
    if not np.allclose(run.V, stored, rtol=1e-6, atol=1e-9, equal_nan=True):
        warnings.warn("V in the file differs from V of the cell in it: a definition has changed since", IonfluxWarning, stacklevel=3)
    return run
