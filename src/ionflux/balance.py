"""Newton for the balance of a cell: all rows zero, at the totals that nothing can change.

Unknowns are ln(amount), ln(volume) and the potential: in raw amounts Newton loses the digits of V, a small difference of large charges.
A linear combination of states that no mechanism changes (the total of an ion that cannot leave, the charge that is tied to the amounts)
makes the balance singular; it is found from the integers of the rows, and its row is replaced by its value at the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ModelError, NoSteadyState
from .lowering import lower

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .lowering import Lowered

Array = Any


class Balance:
    """The equations of a rest.

    Parameters
    ----------
    values : parameters and start by dotted name; conserved combinations keep their value at `start` (default: the states of `values`).
    """

    def __init__(self, lowered: Lowered, values: Mapping[str, Any], start: NDArray[np.float64] | None = None) -> None:
        if any(inside.by_currents_alone for inside in lowered.model.insides.values()):
            raise ModelError(
                "with potential='current' and an area that moves, V depends on the way the cell took and not on its state, so a rest is "
                "not determined; follow the cell in time with simulate(), or take area_law='fixed'"
            )
        self.lowered, self.values = lowered, dict(values)
        self.base = np.array(lowered.parameters(values), dtype=float)
        self.potential = np.zeros(len(lowered.state_names), dtype=bool)
        self.potential[lowered.model.potentials] = True
        self.start = self.state() if start is None else start
        self._positive = [n for n in lowered.model.observables if n.partition(".")[0] in ("amount", "amount_out", "volume", "volume_out")]

    def state(self, **named: Any) -> NDArray[np.float64]:
        """States at the start, with other amounts (``{"amount.K": mol}``), volume, V."""
        return np.array(self.lowered.initial({**self.values, **{f"_{k}": x for k, x in named.items()}}), dtype=float)

    def state_of(self, seen: Any) -> NDArray[np.float64]:
        """States of something observed (amount, volume, V)."""
        named: dict[str, Any] = {f"amount.{i.name}": float(seen.amount[i]) for i in self.lowered.cell.ions}
        if np.isfinite(V := float(seen.V)):
            named["V"] = V
        # of a `Start`; a steady state has none of them beside what `amount` holds
        for name, n in getattr(seen, "pools", {}).items():
            side, _, pool = name.partition(".")
            named[f"amount.{pool}" if side == "in" else f"amount_out.{pool}"] = n
        named |= {f"amount_out.{ion.name}": n for ion, n in getattr(seen, "amount_out", {}).items()}
        return self.state(**named, volume=float(seen.volume))

    @cached_property
    def ledgers(self) -> NDArray[np.bool_]:
        """States that nothing reads: what an electrode has brought, where V has a row of its own."""
        model, kept = self.lowered.model, set()
        if self.lowered.cell.potential == "current":
            kept = {inside.electrode for inside in model.insides.values()}
        return np.array([state in kept for state in model.program.states[: len(self.potential)]])

    # ---- what is conserved -----------------------------------------------------------------------------------------------
    @cached_property
    def conserved(self) -> NDArray[np.float64]:
        """Rows L with L·dy/dt = 0 whatever the rates, (k, n)."""
        model = self.lowered.model
        register = {node: i for i, node in enumerate(model.program.parameters)}
        columns: dict[int, int] = {}
        rows = []
        for state, ledger in zip(model.program.states[: len(self.potential)], self.ledgers, strict=True):
            terms = {} if ledger else model.program.rows[state]
            constant = {node: w for node, w in terms.items() if node in register}
            if constant and len(constant) == len(terms) and (inflow := sum(w * self.base[register[n]] for n, w in constant.items())):
                name = self.lowered.state_names[model.program.states.index(state)]
                raise NoSteadyState(
                    f"no steady state: {name} changes by {inflow:.3g} mol/s for ever; an electrode without a carrier does that"
                )
            rows.append({node: w for node, w in terms.items() if node not in constant})
        idle = {node for terms, still in zip(rows, self._still, strict=True) if still for node in terms}
        rows = [{node: w for node, w in terms.items() if node not in idle} for terms in rows]
        for terms in rows:
            for node in terms:
                columns.setdefault(node, len(columns))
        S = np.zeros((len(rows), max(len(columns), 1)))
        for i, terms in enumerate(rows):
            for node, w in terms.items():
                S[i, columns[node]] = w
        left, sizes, _ = np.linalg.svd(S)
        rank = int(np.sum(sizes > 1e-10 * max(sizes.max(initial=0.0), 1.0)))
        return _reduced(left[:, rank:].T)

    @cached_property
    def _still(self) -> NDArray[np.bool_]:
        """States that nothing changes with these sizes, at the start and about it: all that would is blocked, or has the size 0."""
        y = self.state()
        least = 1e-3 * float(np.mean(np.abs(y[~self.potential]))) if not np.all(self.potential) else 0.0
        still = np.ones(len(y), dtype=bool)
        for k in (0.0, 1.0, 2.0):
            by = 0.01 * k * np.cos(k + np.arange(len(y)))  # another direction each time
            f, J = self.rates(np.where(self.potential, y + by * self.sizes(y), y + np.abs(by) * np.maximum(np.abs(y), least)))
            still &= (f == 0.0) & ~np.any(J != 0.0, axis=1)
        return still

    @cached_property
    def replaced(self) -> list[int]:
        """For each conserved combination the row that it stands in for."""
        taken: list[int] = []
        for row in self.conserved:
            order = np.argsort(-np.abs(row) - 10.0 * (np.abs(row) > 0.5) * ~self.potential)
            taken.append(next(int(i) for i in order if int(i) not in taken and row[i] != 0.0))
        return taken

    # ---- Newton ----------------------------------------------------------------------------------------------------------
    def sizes(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each state is measured against: itself, or for a potential 25 mV."""
        charge = self.values["C_m"] * self.values["area"] / self.lowered.cell.faraday * 0.025
        at_25_mV = {"charge": charge, "electrode": charge, "V": 0.025, "psi_in": 0.025, "psi_out": 0.025}
        at_25_mV |= {name: 1.0 for name in self.lowered.state_names if name.startswith("gate.")}
        return np.array([at_25_mV.get(name, abs(x) + 1e-300) for name, x in zip(self.lowered.state_names, y, strict=True)])

    def rates(self, y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """dy/dt and its Jacobian."""
        f, J = self.lowered.derivatives(y[None], self.base)
        return f[0], J[0]

    def newton(
        self, y: NDArray[np.float64], tol: float, *, fixed: int | None = None, most: int = 100
    ) -> tuple[NDArray[np.float64], int] | None:
        """Damped Newton from y; None where it does not converge. `fixed` keeps one state and leaves out its row.

        Rows are divided by the largest term of their own, so that a fast row does not hide a slow one.
        """
        keep = np.array([i for i in range(len(y)) if i != fixed])
        previous = np.inf
        for iteration in range(1, most + 1):
            f, J = self.rates(y)
            for at, row in zip(self.replaced, self.conserved, strict=True):
                f[at], J[at] = row @ (y - self.start), row
            size = self.sizes(y)
            A = (J * size[None, :])[np.ix_(keep, keep)]
            rows = np.max(np.abs(A), axis=1)
            if not (np.all(np.isfinite(A)) and np.all(rows > 0)):
                return None
            step = np.zeros(len(y))
            try:
                step[keep] = -np.linalg.solve(A / rows[:, None], f[keep] / rows)
            except np.linalg.LinAlgError:
                return None
            length = float(np.max(np.abs(step)))
            if not np.isfinite(length):
                return None
            step *= min(1.0, 0.7 / length) if length > 0 else 1.0
            y = self._moved(y, step, size)
            # one more step once it is small enough: quadratic convergence then leaves round-off only
            if length <= tol or (length < 1e-8 and length >= 0.5 * previous):
                return y, iteration
            previous = length
        return None

    def _moved(self, y: NDArray[np.float64], step: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
        """y after a step, which is halved until no amount or volume that is not a state falls below zero."""
        for _ in range(40):
            trial = np.where(self.potential, y + step * size, y * np.exp(np.where(self.potential, 0.0, step)))
            seen = self.lowered.observe(self._positive, trial[None], self.base)
            if all(float(x[0]) > 0.0 or float(x[0]) == 0.0 == float(self._at_start[n]) for n, x in seen.items()):
                break
            step = step * 0.5
        return trial

    @cached_property
    def _at_start(self) -> dict[str, float]:
        seen = self.lowered.observe(self._positive, self.start[None], self.base)
        return {n: float(x[0]) for n, x in seen.items()}

    def eigenvalues(self, y: NDArray[np.float64]) -> NDArray[Any]:
        """Of the Jacobian (1/s), most negative first: at fixed totals, potentials without a capacitor following at once."""
        whole = lower(self.lowered.cell)
        if len(whole.state_names) != len(self.lowered.state_names):  # gates are states again
            known = dict(zip(self.lowered.state_names, y, strict=True))
            open_ = [name for name in whole.state_names if name not in known]
            known |= {name: x[0] for name, x in self.lowered.observe(open_, y[None], self.base).items()}
            return Balance(whole, self.values, self.start).eigenvalues(np.array([known[name] for name in whole.state_names]))
        J = self.rates(y)[1]
        slow = np.array([i for i in range(len(y)) if i not in self.lowered.model.algebraic])
        fast = np.array(self.lowered.model.algebraic, dtype=int)
        A = J[np.ix_(slow, slow)]
        if len(fast):
            A = A - J[np.ix_(slow, fast)] @ np.linalg.solve(J[np.ix_(fast, fast)], J[np.ix_(fast, slow)])
        # similarity by the states' sizes first: amounts of 1e-13 mol beside volumes of 1e-15 m^3
        size = self.sizes(y)[slow]
        A = A * size[None, :] / size[:, None]
        L = self.conserved[:, slow] * size[None, :]
        L = L[np.any(L != 0.0, axis=1)]
        if len(L):
            within = np.linalg.svd(L / np.max(np.abs(L), axis=1, keepdims=True))[2][len(L) :].T
            A = within.T @ A @ within
        values = np.linalg.eigvals(A)
        values = values[np.argsort(values.real)]
        return values.real if np.all(values.imag == 0) else values


def _reduced(L: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row echelon form of a basis: small whole numbers where the combinations are such."""
    L = np.array(L)
    row = 0
    for column in range(L.shape[1]):
        if row == len(L):
            break
        pivot = row + int(np.argmax(np.abs(L[row:, column])))
        if abs(L[pivot, column]) < 1e-9:
            continue
        L[[row, pivot]] = L[[pivot, row]]
        L[row] /= L[row, column]
        for other in range(len(L)):
            if other != row:
                L[other] -= L[other, column] * L[row]
        row += 1
    L[np.abs(L) < 1e-9] = 0.0
    whole = np.round(L * 60.0) / 60.0
    return np.where(np.abs(L - whole) < 1e-9, whole, L)
