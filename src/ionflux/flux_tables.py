"""The fluxes through a membrane as a function that costs next to nothing: tables of one-dimensional polynomials.

Every flux obeys J = P [c_L B(−zu) − c_R B(zu)], u = FV/RT, with some P > 0 that depends on V and on the solutions: J has the sign of the
difference of the ion's electrochemical potential, whatever the other ions do. So P is what is tabulated, and whatever error there is in it,
no table pumps an ion uphill or lets it flow in equilibrium.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import flux_files
from ._broadcast import CONCENTRATION, VOLTAGE, Array, ByIon, Given, checked
from ._dispatch import films
from ._text import text_table
from .errors import ShapeError, StorageError, UnknownNameError
from .flux_axes import Axis, inside, parts, paths
from .flux_blocks import pack
from .frozen import Frozen
from .piecewise import Piecewise
from .species import IonSpecies

if TYPE_CHECKING:
    from ._draw import Axes


class TableFluxes(NamedTuple):
    """Fluxes, mol m⁻² s⁻¹, current, A/m², and its derivative with V, S/m², all of the common shape."""

    J: Mapping[IonSpecies, Any]
    I: Any
    dI_dV: Any


class FluxTable(Frozen):
    """Fluxes through a membrane over ranges of the voltage and of up to three concentrations, made by `Membrane1D.table`.

    `table(V=…, c_in=…, c_out=…)` returns fluxes, current and dI/dV, on arrays; `packed` is for functions in other languages.

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
    facts = property(lambda self: dict(self._facts), doc="All that is told of it, by name.")

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
        shape, _, P, _, _ = self._evaluated(V, c_in, c_out)
        return ByIon({ion: _shaped(x, shape) for ion, x in zip(self.ions, P, strict=True)})

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
        shape, J, _, I, slope = self._evaluated(V, c_in, c_out)
        return TableFluxes(
            ByIon({ion: _shaped(x, shape) for ion, x in zip(self.ions, J, strict=True)}), _shaped(I, shape), _shaped(slope, shape)
        )

    def _evaluated(self, V: Any, c_in: Any, c_out: Any) -> tuple[tuple[int, ...], Array, Array, Array, Array]:
        """The common shape; fluxes and permeabilities (ions, m), current and its derivative (m,)."""
        shape, volts, left, right = self._states(V, c_in, c_out)
        n, m = len(self.ions), len(volts)
        J, P, I, slope = np.empty((n, m)), np.empty((n, m)), np.empty(m), np.empty(m)
        films.flux_table(self.packed(), volts, left, right, J, P, I, slope)
        return shape, J, P, I, slope

    def _states(self, V: Any, c_in: Any, c_out: Any) -> tuple[tuple[int, ...], Array, Array | None, Array | None]:
        """The common shape, voltages (m,), and concentrations (ions, m) on both sides, None where all are those of the table."""
        by_name = {ion.name: ion for ion in self.ions}
        given: list[dict[IonSpecies, Any]] = []
        for side, asked in (("c_in", c_in), ("c_out", c_out)):
            found = {}
            for key, c in (asked or {}).items():
                name = getattr(key, "name", key)
                if name not in by_name:
                    raise UnknownNameError.among(f"{side}: the table has no ion", name, list(by_name))
                found[by_name[name]] = np.asarray(checked(Given(f"{side}[{name}]", c, CONCENTRATION)), dtype=np.float64)
            given.append(found)
        volts = np.asarray(checked(Given("V", V, VOLTAGE)), dtype=np.float64)
        arrays = [volts, *(c for side in given for c in side.values())]
        try:
            shape = np.broadcast_shapes(*(a.shape for a in arrays))
        except ValueError:
            raise ShapeError(f"these shapes do not broadcast: {[a.shape for a in arrays]}") from None

        def flat(x: Any) -> Array:
            return np.ascontiguousarray(np.broadcast_to(x, shape)).reshape(-1)

        volts = flat(volts)
        inside(self.axes[0], volts, shape)
        sides = [
            np.array([flat(asked.get(ion, own[ion])) for ion in self.ions]) if asked else None
            for asked, own in zip(given, (self.left, self.right), strict=True)
        ]
        for axis in self.axes[1:]:
            side, ion, partner = parts(axis.name, self.ions)
            which = int(side == "right")
            c = sides[which]
            if c is None:  # the concentration of the table, which need not be within the range
                inside(axis, np.array([(self.left, self.right)[which][ion]]), ())
                continue
            x = c[self.ions.index(ion)]
            inside(axis, x, shape)
            if partner is not None and partner not in given[which]:
                c[self.ions.index(partner)] -= ion.z * (x - (self.left, self.right)[which][ion]) / partner.z
        return shape, volts, sides[0], sides[1]

    def packed(self) -> Array:
        """The table as one block of numbers, for functions in other languages.

        Returns
        -------
        (n,) array of float64
            Read-only, contiguous, and the same each time. ``ionflux_flux_table.h`` in the folder `get_include` says what each number is,
            and has the functions that evaluate it in C, C++ and Cython.
        """
        return self._block

    @staticmethod
    def function(*, held: bool = False) -> Any:
        """The compiled function for one state as a function of `ctypes`, which Numba can call, too.

        Parameters
        ----------
        held : bool
            Whether permeabilities beyond the table are those at its edge; else fluxes there are NaN.

        Returns
        -------
        ctypes function
            ``status = f(block, V, c_in, c_out, J, I, dI_dV)`` with V in volts and the addresses (``array.ctypes.data``) of a packed table,
            of concentrations in the order of `ions`, mol/m³ (None: those of the table), and of what is written: fluxes, mol m⁻² s⁻¹,
            current, A/m², and dI/dV, S/m² (None: not wanted). The status is 0, or a sum of 1 (not finite), 2 (beyond the table),
            4 (negative concentration), 8 (no table).
        """
        import ctypes

        pointer = ctypes.c_void_p
        kind = ctypes.CFUNCTYPE(ctypes.c_int, pointer, ctypes.c_double, pointer, pointer, pointer, pointer, pointer)
        return kind(films.flux_table_address(held))

    @cached_property
    def _block(self) -> Array:
        block = pack(self.axes, self._cores, self.left, self.right, T=self.T, tol=self.tol, error=self.error)
        if films.flux_table_check(block):
            raise StorageError("the numbers of this table are damaged; make it again")
        return block

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
        return flux_files.write(self, path, overwrite)

    @classmethod
    def load(cls, path: str | Path) -> FluxTable:
        """Read a table that `save` wrote. Nothing in the file is executed or unpickled.

        Raises
        ------
        StorageError
            The file is missing, incomplete, or not a table of ionflux.
        """
        return cls(*flux_files.read(path))

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        text, arrays = flux_files.record(self)
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
    return x.reshape(shape) if shape else float(x[0])
