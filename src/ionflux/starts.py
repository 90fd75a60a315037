"""The starts of many cells at once: what `Cell.start` is after `Cell.replace`, as arrays.

The arithmetic is that of `cells.start` and `cells.replacing` in the same order, so a row is the start of its cell to the last bit. What is
out of the ordinary in a row (a start that cannot be, an ion that is not there) is left to the cell itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .baths import NEUTRAL_WITHIN, added, remark, unjudged
from .cells.charges import Balance, gross_charge, net_charge
from .cells.dotted import prefixes
from .cells.replacing import SIZES
from .cells.start import CHARGE_WITHIN, V_MAX, Z_MAX, Start
from .constants import GAS_CONSTANT
from .errors import IonfluxError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell
    from .species import IonSpecies

__all__ = ["Starts", "decides_start", "start_arrays"]

Column = Any  # a number, or an array (n,)


class Starts(NamedTuple):
    """The starts of n cells.

    Attributes
    ----------
    start : Start
        Every number an array (n,); NaN where the start cannot be. `volume_out` may be None.
    faraday, thermal_voltage : (n,)
        C/mol and V.
    failed : mapping from int to IonfluxError
        Why there is no start, by row.
    """

    start: Start
    faraday: NDArray[np.float64]
    thermal_voltage: NDArray[np.float64]
    failed: Mapping[int, IonfluxError]


def decides_start(cell: Cell, name: str) -> bool:
    """Return whether a parameter may change what a cell starts from, or its temperature."""
    parts = ("inside.", "bath.", "impermeant.", "constants.", "state.", "pools.", "slaved.")
    clamp = cell.clamp is not None and cell.V is None and name == f"{cell.clamp.name}.V"
    binds = any(name.startswith(f"{m.name}.") for m in cell.buffers)
    return binds or clamp or name in (*SIZES, "T", "outside_volume") or name.startswith(parts)


def start_arrays(cell: Cell, vary: Mapping[str, Any]) -> Starts:
    """Return the starts of the cells that `cell.replace` makes of each row.

    Parameters
    ----------
    cell : Cell
    vary : mapping from dotted name to array (n,)
        Names of `Cell.parameters`, SI; those that do not decide the start are passed over.

    Warns
    -----
    NotNeutralWarning
        Once, where baths have a net charge.
    """
    names = [name for name in vary if decides_start(cell, name)]
    columns = {name: np.asarray(vary[name], dtype=float) for name in names}
    n = len(next(iter(vary.values())))
    _judge(cell, columns)
    ordinary = not cell.slaved and not cell.buffers and not cell.stores and cell.clamp is None
    if cell.water is not None and cell.water.instant:
        ordinary = ordinary and cell.area_law == "fixed" and not cell.held
    # a row that the arithmetic below does not settle is NaN until its cell is asked
    odd = np.ones(n, dtype=bool)
    if ordinary:
        known = cell.parameters()
        with np.errstate(all="ignore"):
            start, odd = _Rows(cell, columns, n).solve()
            for name, x in columns.items():
                odd |= ~((x >= known[name].lo) & (x <= known[name].hi))
    else:
        start = _full(cell.start, n)
    faraday = np.array(np.broadcast_to(columns.get("constants.F", cell.faraday), n), dtype=float)
    failed: dict[int, IonfluxError] = {}
    for i in map(int, np.flatnonzero(odd)):
        with unjudged():
            try:
                row = cell.replace({name: float(x[i]) for name, x in columns.items()}).start
            except IonfluxError as error:
                failed[i], row = error, None
        _put(start, i, row)
    RT_F = columns.get("constants.RT_F", None if cell.constants is None else cell.constants.RT_F)
    thermal = GAS_CONSTANT * columns.get("T", cell.T) / faraday if RT_F is None else RT_F
    return Starts(start, faraday, np.array(np.broadcast_to(thermal, n), dtype=float), failed)


class _Rows:
    """What rows of parameters make of a cell whose start takes no search."""

    def __init__(self, cell: Cell, columns: Mapping[str, NDArray[np.float64]], n: int) -> None:
        self.cell, self.columns, self.n = cell, columns, n
        self.odd = np.zeros(n, dtype=bool)
        self.of_kinds = prefixes(cell)
        get = self._get
        self.c_in: dict[IonSpecies, Column] = {ion: get(f"inside.{ion.name}", c) for ion, c in cell.inside.items()}
        self.c_out: dict[IonSpecies, Column] = {ion: get(f"bath.{ion.name}", c) for ion, c in cell.bath.items()}
        for ion in [*self.c_in, *self.c_out]:
            if f"inside.{ion.name}" in columns or f"bath.{ion.name}" in columns:
                self.odd |= (self.c_in.get(ion, 1.0) == 0) | (self.c_out.get(ion, 1.0) == 0)
        self.osmolyte = get("bath.osmolyte", cell.bath.osmolyte)
        x = cell.bath.impermeant
        self.fixed = None if x is None else get("bath.impermeant.c", x.c)
        self.osmolarity = added(self.c_out.values()) + (0.0 if self.fixed is None else self.fixed) + self.osmolyte
        factors = [get(f"{p}.amount_factor", k.amount_factor) for p, k in zip(self.of_kinds, cell.impermeants, strict=True)]
        self.factor: Column = factors[0] if factors else 1.0
        for other in factors[1:]:
            self.odd |= other != self.factor
        self.volume_given = get("volume", cell.volume)
        self.volume = self.volume_given * self.factor
        self.area_given = get("area", cell.area)
        self.area = self.area_given
        if cell.area_law == "sphere":
            self.area = self.area_given * (self.volume / self.volume_given) ** (2 / 3)
        self.electrode = get("state.electrode_charge", cell.state.get("electrode_charge", 0.0))
        faraday = get("constants.F", cell.faraday)
        self.balance = Balance(cell.potential, get("C_m", cell.C_m) * self.area_given, self.volume_given, faraday, self.electrode)
        self.V: Column | None = np.nan if self.balance.neutral else get("V", cell.V)

    def _get(self, name: str, value: float | None) -> Column:
        """The column of that name, or the value of the cell, as a number that divides by zero without complaint."""
        return self.columns[name] if name in self.columns else None if value is None else np.float64(value)

    def solve(self) -> tuple[Start, NDArray[np.bool_]]:
        """Return the starts, and the rows that are none."""
        solutes = self._solutes()
        self._keep_balance(solutes)
        cell, balance = self.cell, self.balance
        is_open = [i for i, (z, c) in enumerate(solutes) if z is None or c is None]
        for i in is_open:
            solutes[i] = self._opened(solutes[i], [s for k, s in enumerate(solutes) if k != i])
        given = self.V is not None
        if self.V is None:
            self.V = (net_charge(self.c_in, solutes) + balance.electrode) / balance.per_volt
            self.odd |= ~(np.abs(self.V) <= V_MAX)
        elif not is_open and balance.bound:
            missing = balance.charge(self.V) - net_charge(self.c_in, solutes)
            self.odd |= ~(np.abs(missing) <= CHARGE_WITHIN * gross_charge(self.c_in, solutes))
        scaled = np.broadcast_to(self.factor != 1.0, self.n)
        if balance.bound and ((given and not is_open) or scaled.any()):
            rows = np.ones(self.n, dtype=bool) if given and not is_open else scaled
            self._take_up(balance.charge(self.V, self.factor, self.area / self.area_given) - net_charge(self.c_in, solutes), rows, ())
        return self._amounts(cell, solutes), self.odd

    def _solutes(self) -> list[tuple[Column | None, Column | None]]:
        """(z, c) of every impermeant, None for what is open."""
        found: list[tuple[Column | None, Column | None]] = []
        kinds = self.cell.impermeants
        for i, (prefix, kind) in enumerate(zip(self.of_kinds, kinds, strict=True)):
            z, c = (self._get(f"{prefix}.{name}", getattr(kind, name)) for name in ("z", "c"))
            if kind.z is None and kind.c is None and z is not None and c is None:
                # what osmosis had given stays, by way of its amount
                c = self._osmotic([k.c or 0.0 for j, k in enumerate(kinds) if j != i])
                c = self.volume * c / (self.volume_given * self.factor)
            found.append((z, c))
        return found

    def _osmotic(self, others: Iterable[Column]) -> Column:
        c = self.osmolarity - added(self.c_in.values()) - added(others)
        self.odd |= np.logical_not(c > 0)
        return c

    def _keep_balance(self, solutes: list[tuple[Column | None, Column | None]]) -> None:
        """Let an ion make up the charge where `replace` does: see `cells.replacing`."""
        cell, names = self.cell, set(self.columns)
        if cell.potential == "current" or any(z is None or c is None for z, c in solutes):
            return
        changed = any(f"{prefix}.{name}" in names for prefix in self.of_kinds for name in ("z", "c"))
        kept = tuple(ion for ion in self.c_in if f"inside.{ion.name}" in names)
        sizes = names.intersection(SIZES)
        if cell.potential == "electroneutral":
            moved = bool(changed or kept or sizes)
        else:
            moved = changed or (bool(sizes) and not (cell.V is None and "state.electrode_charge" in sizes))
        if not moved:
            return
        V = self.V
        if V is None:
            V = cell.start.V
        gap = self.balance.charge(V) - net_charge(self.c_in, solutes)
        rows = np.ones(self.n, dtype=bool)
        if kept:
            rows = ~(np.abs(gap) <= CHARGE_WITHIN * gross_charge(self.c_in, solutes))
        self._take_up(gap, rows, kept)

    def _opened(self, solute: tuple[Column | None, Column | None], others: list[tuple[Any, Any]]) -> tuple[Column, Column]:
        z, c = solute
        missing = self.balance.charge(self.V) - net_charge(self.c_in, others)
        if z is not None:
            self.odd |= np.logical_not(missing / z >= 0)
            return z, np.abs(missing / z)
        if c is None:
            c = self._osmotic(c for _, c in others)
        z = missing / c
        self.odd |= ~(np.abs(z) <= Z_MAX)
        return z, c

    def _take_up(self, gap: Column, rows: NDArray[np.bool_], kept: tuple[IonSpecies, ...]) -> None:
        """Add the charge `gap` (mol/m³) to the ion that `charge_carrier` would choose, in these rows."""
        best_class = np.full(self.n, 2)
        best_c = np.full(self.n, -1.0)
        chosen = np.full(self.n, -1)
        ions = list(self.c_in)
        for k, ion in enumerate(ions):
            if not ion.z or ion in kept:
                continue
            c = np.broadcast_to(self.c_in[ion], self.n)
            kind = int(abs(ion.z) != 1)
            better = (c + gap / ion.z >= 0) & ((kind < best_class) | ((kind == best_class) & (c > best_c)))
            best_class = np.where(better, kind, best_class)
            best_c = np.where(better, c, best_c)
            chosen = np.where(better, k, chosen)
        self.odd |= rows & (chosen < 0)
        for k, ion in enumerate(ions):
            if (here := rows & (chosen == k)).any():
                self.c_in[ion] = np.where(here, self.c_in[ion] + gap / ion.z, self.c_in[ion])

    def _amounts(self, cell: Cell, solutes: list[tuple[Any, Any]]) -> Start:
        volume, area, get = self.volume, self.area, self._get
        amount = {ion: volume * c for ion, c in self.c_in.items()}
        impermeants = tuple((z, volume * c) for z, c in solutes)
        pools = {f"{p.side}.{p.name}": get(f"pools.{p.name}", p.c) * volume for p in cell.extra_pools if p.side == "in"}
        volume_out = get("outside_volume", cell.outside_volume)
        amount_out: dict[IonSpecies, Column] = {}
        solutes_out: Column = 0.0
        if volume_out is not None:
            amount_out = {ion: c * volume_out for ion, c in self.c_out.items()}
            solutes_out = (self.osmolyte + (0.0 if self.fixed is None else self.fixed)) * volume_out
            pools |= {f"{p.side}.{p.name}": get(f"pools.{p.name}", p.c) * volume_out for p in cell.extra_pools if p.side == "out"}
        c_in = self.c_in
        if cell.water is not None and cell.water.instant:
            particles = added(amount.values()) + added(amount for _, amount in impermeants)
            rest = particles / self.osmolarity
            if volume_out is not None and cell.volume_law == "conserved":
                rest = (volume + volume_out) * particles / (particles + self.osmolarity * volume_out)
                volume_out = volume_out + (volume - rest)
            self.odd |= np.logical_not(rest > 0)
            volume = rest
            c_in = {ion: x / volume for ion, x in amount.items()}
        made = Start(self.V, volume, c_in, amount, impermeants, self.electrode, area, volume_out, amount_out, solutes_out, pools)  # type: ignore[arg-type]
        return _full(made, self.n)


def _full(start: Start, n: int) -> Start:
    """The start with every number as an array (n,) that can be written to."""

    def column(x: Column) -> Any:
        return np.array(np.broadcast_to(np.asarray(x, dtype=float), n))

    def of(x: Any) -> Any:
        if x is None:
            return None
        if isinstance(x, Mapping):
            return {key: column(value) for key, value in x.items()}
        if isinstance(x, tuple):
            return tuple((column(z), column(amount)) for z, amount in x)
        return column(x)

    return Start(*map(of, start))


def _put(starts: Start, i: int, start: Start | None) -> None:
    """Write the start of one cell, or NaN, into row i."""
    columns: tuple[Any, ...] = starts
    for field, column in zip(Start._fields, columns, strict=True):
        one: Any = None if start is None else getattr(start, field)
        if isinstance(column, Mapping):
            for key, x in column.items():
                x[i] = np.nan if start is None else one[key]
        elif isinstance(column, tuple):
            for k, (z, amount) in enumerate(column):
                z[i], amount[i] = (np.nan, np.nan) if start is None else one[k]
        elif column is not None:
            column[i] = np.nan if start is None else one


def _judge(cell: Cell, columns: Mapping[str, NDArray[np.float64]]) -> None:
    """Say once what every single bath would have said."""
    if not any(name.startswith("bath.") for name in columns):
        return
    c = {ion: columns.get(f"bath.{ion.name}", x) for ion, x in cell.bath.items()}
    x = cell.bath.impermeant
    solutes: list[Any] = [] if x is None else [[columns.get(f"bath.impermeant.{name}", getattr(x, name)) for name in ("z", "c")]]
    charge, total = np.atleast_1d(net_charge(c, solutes)), np.atleast_1d(gross_charge(c, solutes))
    charged = np.abs(charge) > NEUTRAL_WITHIN * total
    if charged.any():
        worst = int(np.argmax(np.abs(charge)))
        remark(f"{charged.sum()} of {len(charge)} baths have a net charge, up to {charge[worst]:+.4g} mol/m³ (cell {worst})")
