"""From a description to flat tables: where dotted names meet the registers of the kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ionflux._dispatch import kernels
from .beginnings import start_values
from .model import Model
from .rates import Values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ionflux.cells import Cell

__all__ = ["Lowered", "lower"]

NO_SLOTS = np.empty(0, np.intc)


class Lowered:
    """A cell's program as the kernels take it, and the way from dotted names to its parameters."""

    def __init__(self, cell: Cell, moving: frozenset[str] = frozenset(), *, counting: bool = False, resting: bool = False) -> None:
        self.cell = cell
        self.model = Model({"": cell}, moving, counting=counting, resting=resting)
        self.state_names = self.model.state_names
        self.slots = self.model.slots
        tables, self.registers = self.model.program.finish()
        self.pattern: list[tuple[int, int]] = tables.pop("pattern")  # type: ignore[assignment]
        self.plan = kernels.Plan(tables)
        self._readers: dict[tuple[str, ...], Any] = {}

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Observables by the part of their name before the dot."""
        out: dict[str, list[str]] = {}
        for name in self.model.observables:
            out.setdefault(name.partition(".")[0], []).append(name)
        return out

    @cached_property
    def members(self) -> dict[str, tuple[str, ...]]:
        """What follows the dot."""
        return {head: tuple(name.partition(".")[2] for name in names) for head, names in self.groups.items()}

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Dotted name -> number, with the names that the start and the tolerances add."""
        values: dict[str, Any] = {name: p.value for name, p in self.cell.parameters().items()}
        for gate in self.model.gates[""].all:
            values[f"state.{gate}"] = self.cell.state.get(gate, np.nan)
        values.update(start_values(self.cell))
        return values

    def parameters(self, values: Values, names: Iterable[int] | None = None) -> list[Any]:
        """Slots (all, or those of these indices) at these values."""
        return [self.slots[i].formula(values) for i in (range(len(self.slots)) if names is None else names)]

    def initial(self, values: Values) -> list[Any]:
        """States at the start, in order. A potential that follows from the currents starts as a guess; see `settle`."""
        return self.model.initial(values)

    def begin(
        self, y: NDArray[np.float64], base: NDArray[np.float64], slots: NDArray[np.intc], rows: Callable[[], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """States (m, n) with what the start leaves open: gates at their steady values, potentials without a capacitor settled."""
        open_ = [i for i, name in enumerate(self.state_names) if np.isnan(y[:, i]).any() and name.partition(".")[0] == "gate"]
        algebraic = bool(self.model.algebraic)
        if not open_:
            return self.settle(y, base, slots, rows()) if algebraic else y
        given = rows()
        y = np.array(y)
        missing = np.isnan(y[:, open_])
        y[:, open_] = np.where(missing, 0.5, y[:, open_])
        names = ["steady" + self.state_names[i][4:] for i in open_]
        going = np.ones(len(y), dtype=bool)  # each row stops by itself, so that it has the same bits among others
        for _ in range(200):
            if algebraic:
                y[going] = self.settle(y, base, slots, given)[going]
            seen = self.observe(names, y, base, slots, lambda: given)
            new = np.where(missing & going[:, None], np.stack([seen[name] for name in names], axis=1), y[:, open_])
            with np.errstate(invalid="ignore"):  # a gate whose rates add up to nothing has no steady value
                going &= np.any(np.abs(new - y[:, open_]) > 1e-15, axis=1)
            y[:, open_] = new
            if not going.any():
                break
        return y

    def settle(self, y: NDArray[np.float64], base: NDArray[np.float64], slots: Any = NO_SLOTS, rows: Any = None) -> NDArray[np.float64]:
        """States (m, n) with every potential that has no capacitor at the value where its currents cancel.

        A row in which they cancel nowhere stays where it got to: the kernel finds the same and gives it a status.
        """
        free = np.array(self.model.algebraic, dtype=np.intp)
        if not len(free):
            return y
        y = np.array(y)
        going = np.ones(len(y), dtype=bool)  # each row stops by itself, so that it has the same bits among others
        for _ in range(100):
            f, J = self.derivatives(y, base, slots, rows)
            A = J[:, free[:, None], free]
            going &= np.abs(np.linalg.det(A)) > 0.0
            if not going.any():
                break
            step = np.zeros((len(y), len(free)))
            step[going] = -np.linalg.solve(A[going], f[going][:, free, None])[..., 0]
            y[:, free] += np.clip(step, -0.05, 0.05)
            going &= ~np.all(np.abs(step) <= 1e-14, axis=1)
        return y

    def observe(
        self,
        names: Iterable[str],
        y: NDArray[np.float64],
        base: NDArray[np.float64],
        slots: NDArray[np.intc] = NO_SLOTS,
        rows: Callable[[], NDArray[np.float64]] | None = None,
    ) -> dict[str, NDArray[np.float64]]:
        """Observables at states y (m, n), parameters `base` except `slots`, which follow `rows()` (m, len(slots)).

        `rows` is only called where one of the names depends on one of the slots.
        """
        wanted = tuple(names)
        reader = self._readers.get(wanted)
        if reader is None:
            reader = self._readers[wanted] = self._reader(wanted)
        plan, registers, read = reader
        out = np.empty((len(wanted), len(y)))
        if rows is None or read.isdisjoint(slots.tolist()):
            plan.evaluate(y, base, NO_SLOTS, np.empty((len(y), 0)), registers, out)
        else:
            plan.evaluate(y, base, slots, np.ascontiguousarray(rows()), registers, out)
        return dict(zip(wanted, out, strict=True))

    def _reader(self, names: tuple[str, ...]) -> tuple[Any, NDArray[np.intc], frozenset[int]]:
        """A plan that computes these observables and no more, their registers, and the slots that they depend on."""
        program, nodes = self.model.program, [self.model.observables[name] for name in names]
        tables, registers, read = program.reader(nodes)
        tables.pop("pattern")
        position = {node: i for i, node in enumerate(program.parameters)}
        return kernels.Plan(tables), np.array([registers[n] for n in nodes], np.intc), frozenset(position[n] for n in read)

    def derivatives(
        self, y: NDArray[np.float64], base: NDArray[np.float64], slots: Any = NO_SLOTS, rows: Any = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """dy/dt (m, n) and the Jacobian (m, n, n) at states y (m, n), parameters `base` except `slots`, which follow `rows`."""
        y = np.ascontiguousarray(y, dtype=float)
        m, n = y.shape
        f, entries = np.empty((m, n)), np.empty((m, self.plan.n_entry))
        rows = np.empty((m, 0)) if rows is None else np.ascontiguousarray(rows)
        self.plan.evaluate(y, base, slots, rows, NO_SLOTS, np.empty((0, m)), f, entries)
        J = np.zeros((m, n, n))
        rc, columns = np.array(self.pattern).T
        J[:, rc, columns] = entries
        return f, J


def lower(cell: Cell, moving: frozenset[str] = frozenset(), *, counting: bool = False, resting: bool = False) -> Lowered:
    """The lowered cell; made once and kept on the (frozen) cell. `resting` as in `Model`."""
    resting = resting and any(m.gates for m in cell.mechanisms)
    key = ("lowered", moving, counting, resting)
    if key not in cell._cache:
        cell._cache[key] = Lowered(cell, moving, counting=counting, resting=resting)
    lowered: Lowered = cell._cache[key]
    return lowered
