"""From the description of a membrane and its two solutions to arrays: one row for each profile of a batch.

Whatever may vary has the shape (..., rows) or, where all rows share it, (..., 1).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ._broadcast import CONCENTRATION, VOLTAGE, Array, Given, checked
from .baths import NEUTRAL_WITHIN, Bath, _outside
from .constants import FARADAY, GAS_CONSTANT
from .errors import InputError, NotNeutralWarning, ShapeError, UnknownNameError
from .fields import Parameter
from .membranes import Membrane1D
from .species import IonSpecies

#: what does not let an ion through at all is computed with this, and its flux set to zero
NOTHING = 1e-200


@dataclass(frozen=True)
class Stack:
    """Layers, ions and solutions as arrays.

    shape : of the batch; n : rows
    V : (rows,) or None. VT : RT/F (1 or rows). z : (ions,)
    thickness, eps, X : (layers, 1 or rows); sigma : (layers - 1, 1 or rows)
    D, k : (ions, layers, 1 or rows), never zero; D is 1 where it is a function of s: then `functions` holds it
    blocked : (ions, 1 or rows) whether there is a layer that lets nothing through
    left, right : (ions, 1 or rows), mol/m³
    varied : what differs within the batch, by name, (rows,) or (1,)
    """

    membrane: Membrane1D
    shape: tuple[int, ...]
    ions: tuple[IonSpecies, ...]
    V: Array | None
    VT: Array
    z: Array
    thickness: Array
    eps: Array
    X: Array
    sigma: Array
    D: Array
    k: Array
    blocked: np.ndarray
    left: Array
    right: Array
    varied: Mapping[str, Array]

    @property
    def n(self) -> int:
        """Rows."""
        return prod(self.shape)

    def rows(self, x: Array) -> Array:
        """Return (..., rows), contiguous."""
        if x.shape[-1] == self.n:
            return np.ascontiguousarray(x)
        return np.ascontiguousarray(np.broadcast_to(x, (*np.shape(x)[:-1], self.n)))


def stack(
    membrane: Membrane1D,
    left: Any,
    right: Any,
    V: Any,
    vary: Mapping[str, Any] | None,
    *,
    leading: tuple[int, ...] = (),
    neutral: bool = False,
) -> Stack:
    """Make the arrays: V, concentrations, varied parameters and `leading` broadcast against each other.

    Raises
    ------
    InputError
        Something is no membrane, no solution, or an ion has no diffusivity.
    UnknownNameError
        A name in `vary`, or a name of an ion in a layer, that does not exist.
    """
    if not isinstance(membrane, Membrane1D):
        raise InputError(f"{membrane!r} is no membrane; write Membrane1D([Layer(5e-9)])")
    solutions = [_solution(left, "left"), _solution(right, "right")]
    ions = tuple(dict.fromkeys(ion for solution in solutions for ion in solution))
    if not ions:
        raise InputError("there is no ion in either solution")
    names = [ion.name for ion in ions]
    if len(set(names)) < len(names):
        raise InputError(f"two ions have the same name: {', '.join(names)}")
    varied = _varied(membrane, ions, solutions, vary or {})
    volts = None if V is None else np.asarray(checked(Given("V", V, VOLTAGE)))
    given = [*varied.values(), *(np.asarray(c) for solution in solutions for c in solution.values())]
    given += [] if volts is None else [volts]
    try:
        shape = np.broadcast_shapes(leading, *(a.shape for a in given))
    except ValueError:
        names = [*varied, *(f"{side}[{ion.name}]" for side, of in zip(("left", "right"), solutions, strict=True) for ion in of), "V"]
        sizes = ", ".join(f"{name} {a.shape}" for name, a in zip(names, given, strict=False) if a.shape)
        raise ShapeError(f"these shapes do not broadcast: {sizes}{f', others {leading}' if leading else ''}") from None
    if volts is None or volts.size:
        refuse_empty(shape)

    def rows(x: Any) -> Array:
        values: Array = np.asarray(x, dtype=np.float64)
        if values.ndim == 0:
            return values.reshape(1)
        return np.ascontiguousarray(values if values.shape == shape else np.broadcast_to(values, shape)).reshape(-1)

    def table(values: Sequence[Any]) -> Array:
        if not any(type(value) is not float and np.ndim(value) for value in values):
            return np.array(values, dtype=np.float64).reshape(len(values), 1)
        arrays = [rows(value) for value in values]
        width = max(len(a) for a in arrays)
        return np.array([a if len(a) == width else np.broadcast_to(a, width) for a in arrays]).reshape(len(arrays), width)

    T = rows(varied.get("T", membrane.T))
    eps, thickness, X, D, k = [], [], [], [], []
    for i, layer in enumerate(membrane.layers):
        thickness.append(varied.get(f"layers.{i}.thickness", layer.thickness))
        X.append(varied.get(f"layers.{i}.fixed_charge", layer.fixed_charge))
        if len(T) > 1 and layer.eps_r is None:
            eps.append(varied.get(f"layers.{i}.eps_r", np.array([layer.permittivity(float(t)) for t in T]).reshape(shape)))
        else:
            eps.append(varied.get(f"layers.{i}.eps_r", layer.permittivity(float(T[0]))))
        factor = varied.get(f"layers.{i}.D_factor", layer.D_factor)
        for ion in ions:
            own = None if layer.D is None else layer.D.of(ion)
            D.append(factor * varied.get(f"layers.{i}.D.{ion.name}", 1.0 if callable(own) else _diffusivity(i, ion, own)))
            part = None if layer.partition is None else layer.partition.of(ion)
            k.append(varied.get(f"layers.{i}.partition.{ion.name}", 1.0 if part is None else part))
        _known_ions(i, layer, names)
    sigma = [varied.get(f"surface_charge.{i}", s) for i, s in enumerate(membrane.sigma)]
    by_ion = (len(membrane.layers), len(ions), -1)
    D_, k_ = (table(values).reshape(by_ion).transpose(1, 0, 2) for values in (D, k))
    blocked = np.any((D_ == 0) | (k_ == 0), axis=1)
    ends = [
        table([varied.get(f"{side}.{ion.name}", solution.get(ion, 0.0)) for ion in ions])
        for side, solution in zip(("left", "right"), solutions, strict=True)
    ]
    if neutral:
        for side, c, given_side in zip(("left", "right"), ends, (left, right), strict=True):
            _remark(side, c, np.array([float(ion.z) for ion in ions]), given_side)
    return Stack(
        membrane=membrane,
        shape=shape,
        ions=ions,
        V=None if volts is None else np.broadcast_to(volts, shape).reshape(-1).astype(np.float64),
        VT=GAS_CONSTANT * T / FARADAY,
        z=np.array([float(ion.z) for ion in ions]),
        thickness=table(thickness),
        eps=table(eps),
        X=table(X),
        sigma=table(sigma),
        D=np.maximum(D_, np.where(k_ > 0, NOTHING, 1e-12)),  # one of the two is enough to let nothing through
        k=np.maximum(k_, NOTHING),
        blocked=blocked,
        left=ends[0],
        right=ends[1],
        varied={name: rows(values) for name, values in varied.items()},
    )


def refuse_empty(shape: tuple[int, ...]) -> None:
    """Raise `ShapeError` for a batch without any problem."""
    if not prod(shape):
        raise ShapeError(f"the batch is empty, its shape is {shape}: give one voltage or membrane at least")


def along_ions(J: Array, weight: Array) -> Array:
    """Σ weight J over the last axis, always in the same order: a product of matrices would round by the size of the batch."""
    total = np.zeros(J.shape[:-1])
    for i, w in enumerate(weight):
        total = total + w * J[..., i]
    return total


def balancing(J: Array, dJ: Array, z: Array) -> np.ndarray:
    """Which ion is what the others leave of a current, (rows,): the one whose charge is moved most by V. J, dJ : (rows, ions)."""
    return np.asarray(np.argmax(np.where(z != 0, np.abs(z) * np.maximum(np.abs(J), np.abs(dJ)), -1.0), axis=1))


def balanced(J: Array, dJ: Array, z: Array, total: Array) -> Array:
    """Fluxes (rows, ions) with Σ zJ = total, (rows,); see `balancing`."""
    which, rows = balancing(J, dJ, z), np.arange(len(J))
    J = J.copy()
    J[rows, which] = 0.0
    J[rows, which] = (total - along_ions(J, z)) / np.where(z[which] == 0, 1.0, z[which])
    return J


def _solution(given: Any, side: str) -> dict[IonSpecies, Any]:
    if isinstance(given, Bath):
        return dict(given.items())
    if not isinstance(given, Mapping):
        raise InputError(f"{side} = {given!r}: give a Bath, or a mapping from ion to concentration, {{K: 140*mM}}")
    found: dict[IonSpecies, Any] = {}
    for ion, c in given.items():
        if not isinstance(ion, IonSpecies):
            raise InputError(f"{side}: {ion!r} is no ion; write {{K: 140*mM}} with `from ionflux import K`, or IonSpecies(name, z)")
        found[ion] = checked(Given(f"{side}[{ion.name}]", c, CONCENTRATION))
        if np.any(np.isnan(found[ion])):
            raise InputError(f"{side}[{ion.name}] has NaN")
    return found


def _varied(membrane: Membrane1D, ions: Sequence[IonSpecies], solutions: Sequence[Any], vary: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays by name, checked."""
    found = {}
    for name, values in vary.items():
        side, _, ion = name.partition(".")
        kind: Parameter
        if side in ("left", "right"):
            if ion not in [one.name for one in ions]:
                raise UnknownNameError.among("the solutions have no ion", ion, [one.name for one in ions])
            kind = CONCENTRATION
        else:
            kind = membrane.kind(name)
        found[name] = np.asarray(checked(Given(name, values, kind)), dtype=np.float64)
        if np.any(np.isnan(found[name])):
            raise InputError(f"{name} has NaN")
    return found


def _diffusivity(i: int, ion: IonSpecies, own: Any) -> float:
    if own is not None:
        return float(own)
    if ion.D is None:
        raise InputError(f"{ion.name} has no diffusivity: give it one, IonSpecies(…, D=), or Layer(…, D={{{ion.name}: …}}) (layer {i})")
    return ion.D


def _known_ions(i: int, layer: Any, names: Sequence[str]) -> None:
    """A layer may know of more ions than there are, but a name that is nearly one of them is a slip."""
    for what in ("D", "partition", "energy"):
        for key in getattr(layer, what) or ():
            if isinstance(key, str) and key not in names and key.lower() in [name.lower() for name in names]:
                raise UnknownNameError.among(f"layers.{i}.{what}: there is no ion", key, names)


def _remark(side: str, c: Array, z: Array, given: Any) -> None:
    """Warn about a solution that is not neutral, which a `Bath` has done itself."""
    if not isinstance(given, Bath) and np.any(np.abs(z @ c) > NEUTRAL_WITHIN * (np.abs(z) @ c)):
        text = f"the solution on the {side} has a net charge of more than {NEUTRAL_WITHIN:g} of Σ|z|c: a layer of space charge screens it"
        warnings.warn(text, NotNeutralWarning, stacklevel=_outside())
