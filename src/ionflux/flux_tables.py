"""The fluxes through a membrane as a function that costs next to nothing: tables of one-dimensional polynomials.

Every flux obeys J = P [c_L B(−zu) − c_R B(zu)], u = FV/RT, with some P > 0 that depends on V and on the solutions: J has the sign of the
difference of the ion's electrochemical potential, whatever the other ions do. So P is what is tabulated, and whatever error there is in it,
no table pumps an ion uphill or lets it flow in equilibrium.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._atomic import atomic
from ._broadcast import CONCENTRATION, VOLTAGE, Array, ByIon, Given, checked
from ._text import text_table
from .constants import FARADAY, GAS_CONSTANT
from .electrochem import bernoulli
from .errors import ShapeError, StorageError, UnknownNameError
from .flux_axes import Axis, chain, inside, parts, paths
from .piecewise import Piecewise
from .species import IonSpecies

if TYPE_CHECKING:
    from ._draw import Axes

#: raised whenever other versions would misread a file
SCHEMA = 1
#: points that are evaluated at once
_CHUNK = 1 << 11


class TableFluxes(NamedTuple):
    """Fluxes, mol m⁻² s⁻¹, current, A/m², and its derivative with V, S/m², all of the common shape."""

    J: Mapping[IonSpecies, Any]
    I: Any
    dI_dV: Any


class FluxTable:
    """Fluxes through a membrane over ranges of the voltage and of up to three concentrations, made by `Membrane1D.table`.

    `table(V=…, c_in=…, c_out=…)` returns fluxes, current and dI/dV, on arrays.

    Attributes
    ----------
    ions : tuple of IonSpecies
    axes : tuple of Axis
        The variables; the first is V.
    left, right : mapping from ion to float
        Concentrations where they are not varied, mol/m³.
    T : float
        K.
    level : str
        What was tabulated: "pnp", "nernst_planck" or "electroneutral".
    tol : float
        What was asked for: error of each flux relative to itself.
    error : float
        The largest found, at points that lie between those sampled.
    points : int
        How many states were solved for the table, and to check it.
    terms : mapping from ion to tuple of products
        The permeability P as sums of products of polynomials of one variable each.
    """

    def __init__(
        self,
        axes: tuple[Axis, ...],
        cores: Mapping[IonSpecies, tuple[NDArray[np.intp], ...]],
        left: Mapping[IonSpecies, float],
        right: Mapping[IonSpecies, float],
        facts: Mapping[str, Any],
    ) -> None:
        self.axes, self._cores, self._facts = axes, dict(cores), dict(facts)
        self.ions = tuple(cores)
        self.left, self.right = ByIon(left), ByIon(right)

    T = property(lambda self: float(self._facts["T"]), doc="Temperature, K.")
    level = property(lambda self: str(self._facts["level"]), doc="What was tabulated.")
    tol = property(lambda self: float(self._facts["tol"]), doc="Error of each flux asked for, relative to itself.")
    error = property(lambda self: float(self._facts["error"]), doc="The largest found.")
    points = property(lambda self: int(self._facts["points"]), doc="States solved for it.")
    membrane = property(lambda self: str(self._facts["membrane"]), doc="The text of the membrane.")

    @property
    def V(self) -> tuple[float, float]:
        """The range of voltages, V."""
        return self.axes[0].lo, self.axes[0].hi

    @property
    def chains(self) -> Mapping[IonSpecies, tuple[NDArray[np.intp], ...]]:
        """For each ion a matrix for each axis; its entries say which function of the axis stands there. P is their product, 1 × 1, m/s."""
        return ByIon(self._cores)

    @property
    def terms(self) -> Mapping[IonSpecies, tuple[tuple[Piecewise, ...], ...]]:
        """For each ion the products whose sum is P, m/s: one function of each axis."""
        chosen = {ion: paths(cores) for ion, cores in self._cores.items()}
        return ByIon({
            ion: tuple(tuple(axis.functions[i] for axis, i in zip(self.axes, path, strict=True)) for path in found)
            for ion, found in chosen.items()
        })  # fmt: skip

    def permeability(
        self, *, V: ArrayLike, c_in: Mapping[Any, ArrayLike] | None = None, c_out: Mapping[Any, ArrayLike] | None = None
    ) -> Mapping[IonSpecies, Any]:
        """P of each ion, m/s, with which Goldman's formula gives its flux. Parameters as in a call."""
        shape, columns, _ = self._columns(V, c_in, c_out)
        P, _ = self._values(columns)
        return ByIon({ion: _shaped(P[ion], shape) for ion in self.ions})

    def __call__(
        self, *, V: ArrayLike, c_in: Mapping[Any, ArrayLike] | None = None, c_out: Mapping[Any, ArrayLike] | None = None
    ) -> TableFluxes:
        """Fluxes, current and its derivative with V; the derivative is that of the table itself, exactly.

        Parameters
        ----------
        V : float or array
            φ(left) − φ(right), V.
        c_in, c_out : mapping from ion (or its name) to float or array
            Concentrations left and right, mol/m³; those not given are those of the table. An ion that keeps the charge of a varied one
            (``"left.K.with_Cl"``) follows it. What was not varied enters the driving force of its own ion alone.

        Returns
        -------
        TableFluxes
            Named tuple (J, I, dI_dV). NaN in, NaN out.

        Raises
        ------
        UnitRangeError
            Outside the table.
        """
        shape, columns, sides = self._columns(V, c_in, c_out)
        P, slope = self._values(columns)
        VT = GAS_CONSTANT * self.T / FARADAY
        u, J = columns[0] / VT, {}
        total: Any = 0.0
        conductance: Any = 0.0
        known = {z: _bernoulli(z * u) for z in {abs(ion.z) for ion in self.ions}}
        for ion in self.ions:
            z, (left, right) = ion.z, (sides[side][ion] for side in (0, 1))
            (ahead, slope_ahead), (back, slope_back) = known[abs(z)] if z > 0 else known[abs(z)][::-1]
            drive = left * back - right * ahead
            steep = -z / VT * (left * slope_back + right * slope_ahead)
            J[ion] = P[ion] * drive
            total = total + z * FARADAY * J[ion]
            conductance = conductance + z * FARADAY * (slope[ion] * drive + P[ion] * steep)
        return TableFluxes(ByIon({i: _shaped(j, shape) for i, j in J.items()}), _shaped(total, shape), _shaped(conductance, shape))

    def _columns(self, V: Any, c_in: Any, c_out: Any) -> tuple[tuple[int, ...], list[Array], tuple[dict[IonSpecies, Any], ...]]:
        """The common shape, the variables (m,) and the concentrations on both sides."""
        given: list[dict[IonSpecies, Any]] = []
        for side, asked, own in (("c_in", c_in, self.left), ("c_out", c_out, self.right)):
            found = {}
            for key, c in (asked or {}).items():
                name = getattr(key, "name", key)
                if name not in [ion.name for ion in self.ions]:
                    raise UnknownNameError.among(f"{side}: the table has no ion", name, [ion.name for ion in self.ions])
                ion = next(ion for ion in self.ions if ion.name == name)
                found[ion] = np.asarray(checked(Given(f"{side}[{name}]", c, CONCENTRATION)), dtype=np.float64)
            given.append({ion: found.get(ion) for ion in own})
        volts = np.asarray(checked(Given("V", V, VOLTAGE)), dtype=np.float64)
        arrays = [volts, *(c for side in given for c in side.values() if c is not None)]
        try:
            shape = np.broadcast_shapes(*(a.shape for a in arrays))
        except ValueError:
            raise ShapeError(f"these shapes do not broadcast: {[a.shape for a in arrays]}") from None

        def column(x: Any) -> Array:  # (m,), or (1,) for what is one number
            x = np.asarray(x)
            return x.reshape(1) if x.ndim == 0 else np.broadcast_to(x, shape).reshape(-1)

        columns = [column(volts)]
        sides = zip(given, (self.left, self.right), strict=True)
        full = [{ion: column(own[ion] if c is None else c) for ion, c in some.items()} for some, own in sides]
        for axis in self.axes[1:]:
            side, ion, partner = parts(axis.name, self.ions)
            which = 0 if side == "left" else 1
            columns.append(full[which][ion])
            if partner is not None and given[which][partner] is None:
                base = (self.left, self.right)[which][ion]
                full[which][partner] = full[which][partner] - ion.z * (full[which][ion] - base) / partner.z
        for axis, x in zip(self.axes, columns, strict=True):
            inside(axis, x, shape)
        return shape, columns, tuple(full)

    def _values(self, columns: list[Array]) -> tuple[dict[IonSpecies, Array], dict[IonSpecies, Array]]:
        """P and dP/dV of each ion at m points."""
        m = max(len(x) for x in columns)
        P, slope = ({ion: np.zeros(m) for ion in self.ions} for _ in range(2))
        alone = [axis(x) if len(x) == 1 else None for axis, x in zip(self.axes, columns, strict=True)]
        for first in range(0, m, _CHUNK):
            some = slice(first, first + _CHUNK)
            known = [axis(x[some]) if one is None else one for axis, x, one in zip(self.axes, columns, alone, strict=True)]
            others = [values for values, _ in known[1:]]
            for ion, cores in self._cores.items():
                if cores:
                    for out, first_row in zip((P, slope), known[0], strict=True):
                        out[ion][some] = chain(cores, [first_row, *others])
        return P, slope

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw current and each ion's share against V at the concentrations of the table; returns the axes."""
        from .profile_plots import plot_table

        return plot_table(self, ax)

    def save(self, path: str | Path, *, overwrite: bool = True) -> Path:
        """Write the table as ``.npz``, whole or not at all; `FluxTable.load` (and `ionflux.load`) reads it.

        Raises
        ------
        StorageError
            The file exists and may not be replaced, or cannot be written.
        """
        target = Path(path)
        if not overwrite and target.exists():
            raise StorageError(f"{target} exists; choose another name or overwrite=True")
        text, arrays = self._record()
        with atomic(target) as scratch, scratch.open("wb") as opened:
            np.savez(opened, text=np.array(text), **arrays)
        return target

    @classmethod
    def load(cls, path: str | Path) -> FluxTable:
        """Read a table that `save` wrote. Nothing in the file is executed or unpickled.

        Raises
        ------
        StorageError
            The file is missing, incomplete, or not a table of ionflux.
        """
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
            return cls(axes, cores, left, right, told["facts"])
        except (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
            if isinstance(error, StorageError):
                raise
            raise StorageError(f"{path}: no complete table of fluxes ({error})") from error

    def _record(self) -> tuple[str, dict[str, Any]]:
        """What the table is, as text and arrays."""
        told = {
            "schema": SCHEMA,
            "ions": [(ion.name, ion.z) for ion in self.ions],
            "axes": [(a.name, a.lo, a.hi, a.log) for a in self.axes],
            "cores": [len(cores) for cores in self._cores.values()],
            "left": {ion.name: c for ion, c in self.left.items()},
            "right": {ion.name: c for ion, c in self.right.items()},
            "facts": self._facts,
        }
        arrays: dict[str, Any] = {f"axis.{i}": axis.coefficients for i, axis in enumerate(self.axes)}
        arrays |= {f"core.{ion.name}.{i}": core for ion, cores in self._cores.items() for i, core in enumerate(cores)}
        return json.dumps(told), arrays

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        text, arrays = self._record()
        return text, tuple((name, x.shape, x.tobytes()) for name, x in arrays.items())

    def __reduce__(self) -> Any:  # without what was derived
        return FluxTable, (self.axes, self._cores, dict(self.left), dict(self.right), self._facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FluxTable) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def _rows(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [a.name, f"{a.lo:g} … {a.hi:g}", "V" if a.name == "V" else "mol/m³", "ln" if a.log else "", str(a.coefficients.shape[1])]
            for a in self.axes
        ]
        return ["variable", "range", "unit", "", "pieces"], rows

    def __repr__(self) -> str:
        products = ", ".join(f"{ion.name} {len(paths(cores))}" for ion, cores in self._cores.items())
        head = f"<FluxTable {self.level}: error {self.error:.2g} (tol {self.tol:g}), {self.points} states; products: {products}>"
        return head + "\n" + text_table(*self._rows(), flush="lll")

    def _repr_html_(self) -> str:
        from html import escape

        titles, rows = self._rows()
        lines = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in [titles, *rows])
        return f"<table><caption>FluxTable {escape(self.level)}, error {self.error:.2g} (tol {self.tol:g})</caption>{lines}</table>"


def _shaped(x: Array, shape: tuple[int, ...]) -> Any:
    return (x if x.size != 1 else np.broadcast_to(x.reshape(()), shape).copy()).reshape(shape) if shape else float(x[0])


def _bernoulli(x: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """B and B′ of x and of −x, both halves from the one at |x|, in which nothing cancels."""
    size = np.abs(x)
    B, slope = bernoulli(size), bernoulli(size, derivative=True)
    other, other_slope, up = B + size, -1.0 - slope, x >= 0
    return (np.where(up, B, other), np.where(up, slope, other_slope)), (np.where(up, other, B), np.where(up, other_slope, slope))
