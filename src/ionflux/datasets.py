"""Results as labelled arrays: the quantities of a result, their dimensions and units, for xarray, files and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ._extras import need
from .errors import InputError
from .quantities import QUANTITIES
from .records import record
from .rests import SteadyState
from .results import Trajectory
from .sweeps import Sweep

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: what `restored` needs of each kind of result, and whether it is always there
ARRAYS: Mapping[str, Mapping[str, bool]] = {
    "Trajectory": {"t": True, "y": True, "steps": False},
    "SteadyState": {"y": True, "start": True},
    "ClosedForm": {"y": True, "start": True},
    "Sweep": {"y": True, "status": True, "t_reached": True, "t": False},
}
_ENERGY = {
    "free_energy": ("J", "free energy of gradients, volume and membrane capacitance"),
    "dissipation": ("W", "power dissipated by passive mechanisms"),
    "pump_work": ("W", "power put into gradients by the other mechanisms"),
}
_RAW = {
    "y": ("SI units of the state", "states as integrated"),
    "steps": ("SI units of the state", "dense output: t, t_new, y, y_new, 3 coefficients"),
    "start": ("SI units of the state", "states whose conserved combinations are kept"),
    "status": ("1", "how each cell ended, see ionflux.Status"),
    "t_reached": ("s", "time that each cell reached"),
}


def base_of(result: Any) -> tuple[str, ...]:
    """The dimensions that every quantity of a result has."""
    if isinstance(result, Trajectory):
        return ("t",)
    if isinstance(result, Sweep):
        return ("cell", "t")[: len(result.shape)]
    if isinstance(result, SteadyState):
        return ()
    raise InputError(f"{result!r} is no result; a Trajectory, a SteadyState and a Sweep are")


def present(result: Any) -> list[str]:
    """The quantities that a result has."""
    absent = {name for name in ("volume_out", "gate") if name not in result.lowered.groups}
    return [name for name in QUANTITIES if name not in absent]


def dataset(result: Any) -> Any:
    """Return the quantities of a result as an `xarray.Dataset`, cell axis first and time last, SI units in the attributes."""
    xarray = need("xarray", to="make a Dataset")
    base = base_of(result)
    names = {"ion": list(dict.fromkeys([*result.c_in, *result.c_out])), "mechanism": list(result.current)}
    if "gate" in present(result):
        names["gate_name"] = list(result.gate)
    first, last = [d for d in base if d == "cell"], [d for d in base if d == "t"]
    data: dict[str, Any] = {}

    def add(name: str, dims: tuple[str, ...], values: Any, unit: str, what: str) -> None:
        data[name] = (dims, values, {"units": unit, "long_name": what})

    for name in present(result):
        q = QUANTITIES[name]
        values = _stacked(getattr(result, name), [names[kind] for kind in q.over], result.shape, 0.0 if name == "flux" else np.nan)
        if first and q.over:  # stacked before the base; the cell comes first
            values = np.moveaxis(values, len(q.over), 0)
        add(name, (*first, *q.over, *last), values, q.unit, q.doc)
    for name, (unit, what) in _ENERGY.items():
        add(name, base, np.asarray(getattr(result.energy, name), dtype=float), unit, what)
    if isinstance(result, SteadyState):
        eigenvalues = np.asarray(result.eigenvalues)
        for part in ("real", "imag"):
            add(f"eigenvalues_{part}", ("mode",), np.array(getattr(eigenvalues, part), dtype=float), "s^-1", f"eigenvalues, {part} part")
        add("residual", (), float(result.residual), "s^-1", "largest relative rate of change")
    kept = record(result)
    for name, values in kept.arrays.items():
        if name != "t" and not name.startswith("vary."):
            add(name, _dims(kept.kind, name, base), values, *_RAW[name])
    return xarray.Dataset(data, coords=_coordinates(result, base, names, kept))


def _dims(kind: str, name: str, base: tuple[str, ...]) -> tuple[str, ...]:
    if name == "y":
        return (*(("cell", "t" if "t" in base else "end") if kind == "Sweep" else base), "state")
    return {"steps": ("step", "column"), "start": ("state",)}.get(name, ("cell",))


def _coordinates(result: Any, base: tuple[str, ...], names: Mapping[str, list[str]], kept: Any) -> dict[str, Any]:
    found: dict[str, Any] = {name: (name, labels, {"long_name": name}) for name, labels in names.items()}
    found["state"] = ("state", list(result.lowered.state_names), {"long_name": "state as integrated"})
    if "t" in base:
        found["t"] = ("t", np.asarray(result.t, dtype=float), {"units": "s", "long_name": "time"})
    if "cell" in base:
        parameters = result.model.parameters()
        for name, values in kept.arrays.items():
            if name.startswith("vary."):
                p = parameters[name.removeprefix("vary.")]
                found[name] = ("cell", values, {"units": p.unit, "long_name": p.doc})
    return found


def _stacked(values: Any, names: list[list[str]], shape: tuple[int, ...], absent: float) -> NDArray[np.float64]:
    """One row per name; `absent` where the mapping has none of that name."""
    if not names:
        return np.array(np.broadcast_to(values, shape), dtype=float)
    rows = [_stacked(values.get(name, absent), names[1:] if name in values else [], shape, absent) for name in names[0]]
    if len(names) == 2:  # a mechanism without fluxes has no ions: zeros for every ion
        rows = [row if row.ndim == 1 + len(shape) else np.full((len(names[1]), *shape), absent) for row in rows]
    return np.array(rows, dtype=float).reshape(len(names[0]), *([len(names[1])] if len(names) == 2 else []), *shape)


def columns(result: Any) -> dict[str, tuple[str, NDArray[np.float64]]]:
    """Every quantity by its dotted name, with its unit; arrays of the shape of the result."""
    found: dict[str, tuple[str, NDArray[np.float64]]] = {}
    for name in present(result):
        value, q = getattr(result, name), QUANTITIES[name]
        for key, x in _leaves(name, value, len(q.over)):
            found[key] = (q.unit, np.array(np.broadcast_to(x, result.shape), dtype=float))
    for name, (unit, _) in _ENERGY.items():
        found[name] = (unit, np.array(np.broadcast_to(getattr(result.energy, name), result.shape), dtype=float))
    return found


def _leaves(name: str, value: Any, depth: int) -> list[tuple[str, Any]]:
    if not depth:
        return [(name, value)]
    return [leaf for key in value for leaf in _leaves(f"{name}.{key}", value[key], depth - 1)]


def same_V(result: Any, V: NDArray[np.float64]) -> bool:
    """Whether the potential in a file is that of the result read from it."""
    return bool(np.allclose(result.V, V, rtol=1e-6, atol=1e-9, equal_nan=True))
