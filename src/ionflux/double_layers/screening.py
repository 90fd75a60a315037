"""The salt that screens a charged surface, in the units of the kernels: one row for each surface of a batch."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ionflux._broadcast import CONCENTRATION, Array, Given, checked, temperature
from ionflux._dispatch import layers
from ionflux.baths import NEUTRAL_WITHIN, Bath
from ionflux.constants import AVOGADRO, FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY
from ionflux.errors import ElectroneutralityError, InputError, NotNeutralWarning, ShapeError
from ionflux.fields import Parameter
from ionflux.solvent import permittivity
from ionflux.species import IonSpecies

PERMITTIVITY = Parameter(78.4, "1", 1.0, 1e3, "relative permittivity")
ION_SIZE = Parameter(5e-10, "m", 1e-11, 1e-8, "lattice size of the ions")
#: net charge, over Σ|z|c, that is no more than rounding
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Screen:
    """Salts, one row per surface.

    shape : of the batch. bulk : ion (None for an impermeant) -> concentration (n,), mol/m³. z : (k,) valences; w : (n, k) z c/Σz²c
    strength : Σz²c, mol/m³. kappa : 1/λ, 1/m. VT : RT/F, V. eps : F/m. size : a³ N_A Σz²c (ions of finite size) or None
    net : Σzc/Σ|z|c
    """

    shape: tuple[int, ...]
    bulk: Mapping[IonSpecies | None, Array]
    z: Array
    w: Array
    strength: Array
    kappa: Array
    VT: Array
    eps: Array
    size: Array | None
    net: Array

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.kappa)

    def told(self) -> tuple[Any, ...]:
        """Return what tells two of them apart: ions, and arrays."""
        return tuple(self.bulk), *self.bulk.values(), self.VT, self.eps, self.kappa

    @property
    def charge_unit(self) -> Array:
        """ε (RT/F)/λ: surface charge for a field of one, C/m²."""
        return self.eps * self.VT * self.kappa

    @property
    def capacitance_unit(self) -> Array:
        """ε/λ, F/m²."""
        return self.eps * self.kappa

    @property
    def pressure_unit(self) -> Array:
        """RT Σz²c, Pa."""
        return FARADAY * self.VT * self.strength

    @property
    def neutral(self) -> bool:
        """Whether no salt has more net charge than rounding makes."""
        return bool(np.all(np.abs(self.net) <= _ROUNDING))

    def take(self, rows: Any) -> Screen:
        """Return some of the rows."""
        names = ("w", "strength", "kappa", "VT", "eps", "net")
        part = {name: np.ascontiguousarray(getattr(self, name)[rows]) for name in names}
        size = None if self.size is None else np.ascontiguousarray(self.size[rows])
        return replace(self, shape=part["kappa"].shape, bulk={ion: c[rows] for ion, c in self.bulk.items()}, size=size, **part)

    def enrichment(self, z: float, u: Array, rows: Any = slice(None)) -> Array:
        """Return c/c_bulk of an ion of valence z where the potential is u (RT/F); u has one axis of rows, maybe more."""
        with np.errstate(over="ignore"):
            if self.size is None:
                return np.exp(-z * u)
            extra = (slice(None), *(None,) * (u.ndim - 1))
            top = np.maximum(np.max([-zk * u for zk in self.z], axis=0), 0.0)
            one = np.exp(-top)
            crowd = sum(self.w[rows, k][extra] / zk * (np.exp(-zk * u - top) - one) for k, zk in enumerate(self.z))
            result: Array = np.exp(-z * u - top) / (one + self.size[rows][extra] * crowd)
            return result


def screen(bath: object, *, eps_r: object, T: object, ion_size: object = None, others: Sequence[Any] = ()) -> Screen:
    """Make the rows: everything broadcasts against everything, also against the arrays `others`.

    Raises
    ------
    InputError
        No bath, or one without ions.
    ElectroneutralityError
        A bath with net charge whose ions have a size.
    """
    ions = {ion: (z, checked(Given(f"bath[{name}]", c, CONCENTRATION))) for ion, name, z, c in _members(bath)}
    T_ = temperature(T)  # type: ignore[arg-type]
    eps = permittivity(T_) if eps_r is None else checked(Given("eps_r", eps_r, PERMITTIVITY))  # type: ignore[arg-type]
    a = None if ion_size is None else checked(Given("ion_size", ion_size, ION_SIZE))
    arrays = [*(c for _, c in ions.values()), T_, eps, 0.0 if a is None else a, *others]
    try:
        shape = np.broadcast_shapes(*(np.shape(x) for x in arrays))
    except ValueError:
        raise ShapeError(f"these shapes do not broadcast: {[np.shape(x) for x in arrays]}") from None
    n = int(np.prod(shape))

    def rows(x: Any) -> Array:
        return np.ascontiguousarray(np.broadcast_to(x, shape), dtype=np.float64).reshape(n)

    bulk = {ion: rows(c) for ion, (_, c) in ions.items()}
    valences = sorted({z for z, c in ions.values() if z != 0 and np.any(np.asarray(c) != 0)})
    if len(valences) > layers.GROUPS:
        raise InputError(f"more than {layers.GROUPS} different valences in one bath")
    c = np.array([sum((bulk[ion] for ion, (z, _) in ions.items() if z == valence), np.zeros(n)) for valence in valences])
    z = np.array(valences, dtype=np.float64)
    strength = _sum(z * z, c, n)  # in this order for any number of rows: the last bits of one must not depend on the others
    if n and not np.all(strength > 0):
        raise InputError("a bath without charged ions screens nothing: its Debye length is infinite")
    net = _sum(z, c, n) / _sum(np.abs(z), c, n)
    if not isinstance(bath, Bath) and np.any(np.abs(net) > NEUTRAL_WITHIN):
        text = (
            f"a bath has net charge, {np.max(np.abs(net)):.2g} of its ionic charge; a uniform background that does not move makes up for it"
        )
        warnings.warn(text, NotNeutralWarning, stacklevel=4)
    VT, eps = rows(GAS_CONSTANT * T_ / FARADAY), VACUUM_PERMITTIVITY * rows(eps)
    size = None
    if a is not None:
        if np.any(np.abs(net) > 1e-9):
            raise ElectroneutralityError("ions of finite size need a neutral bath; use bath.balanced_with(ion)")
        volume = AVOGADRO * rows(a) ** 3
        if np.any(volume * _sum(np.ones(len(z)), c, n) >= 1.0):
            raise InputError("the ions of the bath do not fit: ion_size³ N_A Σc is one or more")
        size = volume * strength
    kappa = np.sqrt(FARADAY * strength / (eps * VT))
    w = np.ascontiguousarray((z[:, None] * c / strength).T)
    return Screen(shape, bulk, z, w, strength, kappa, VT, eps, size, net)


def _sum(weights: Array, c: Array, n: int) -> Array:
    total = np.zeros(n)
    for weight, row in zip(weights, c, strict=True):
        total = total + weight * row
    return total


def _members(bath: object) -> list[tuple[IonSpecies | None, str, float, Any]]:
    """The ions of a bath, of a mapping, or of a sequence of baths (a leading axis): ion, name, valence, concentration."""
    if isinstance(bath, Bath):
        found: list[tuple[IonSpecies | None, str, float, Any]] = [(ion, ion.name, float(ion.z), c) for ion, c in bath.items()]
        x = bath.impermeant
        return found if x is None or x.z is None else [*found, (None, "impermeant", x.z, x.c)]
    if isinstance(bath, Mapping):
        for ion in bath:
            if not isinstance(ion, IonSpecies):
                raise InputError(f"bath: {ion!r} is no ion; write {{Na: 145*mM}} with `from ionflux import Na`, or IonSpecies(name, z)")
        return [(ion, ion.name, float(ion.z), c) for ion, c in bath.items()]
    if isinstance(bath, (list, tuple)) and bath and all(isinstance(one, Bath) and one.impermeant is None for one in bath):
        ions = dict.fromkeys(ion for one in bath for ion in one)
        return [(ion, ion.name, float(ion.z), np.array([one.get(ion, 0.0) for one in bath])) for ion in ions]
    raise InputError(f"bath = {bath!r}: give a Bath, a mapping from ion to concentration (numbers or arrays), or a list of baths")


def aligned(shape: tuple[int, ...]) -> Array:
    """Return an empty array that begins at a multiple of the widest register, which writes it faster."""
    size = int(np.prod(shape))
    memory = np.empty(size + 7)
    start = -memory.ctypes.data // 8 % 8
    return memory[start : start + size].reshape(shape)
