"""Finished programs as arrays: what is needed, where it stands, and in which order it is computed.

`Encoding` numbers what is alive in a `Program` as registers, puts the entries of the Jacobian together from the derivatives of the rows,
has the `elimination` made into lists, and returns the arrays that `ionflux._kernels.Plan` takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ionflux.piecewise import Piecewise, on_one_grid
from .elimination import elimination, sums
from .operations import Node, Op, Operation, Terms
from .packing import packed

if TYPE_CHECKING:
    from .program import Program


class Encoding:
    """One finished program: what is alive, its numbering, the Jacobian, the elimination.

    Parameters
    ----------
    program : Program
        Its rows and tolerances need what they are made of.
    wanted : set of nodes
        What is needed beside that.
    reading : bool
        `wanted` alone, without rows, tolerances and Jacobian.
    """

    def __init__(self, program: Program, wanted: set[Node], *, reading: bool = False) -> None:
        self.p = p = program
        self.states = [*p.states, *p.counters]
        self.rows: dict[Node, dict[Node, float]] = {s: {} if reading else p.rows[s] for s in self.states}
        self.tolerances = [] if reading else p.tolerances
        self.entries = self._jacobian()
        live = set(wanted)
        for terms in self.rows.values():
            live |= set(terms)
        for terms, value, atol, _, _ in self.tolerances:
            live |= {*terms, value, atol}
        live |= {f for terms in self.entries.values() for key in terms for f in key}
        late, rates = _alive(p.late, live), _alive(p.ops, live)  # in this order: the late ones read the others
        self.rates, results = _together(rates, p.ops)
        self.late, late_results = _together(late, p.late)
        order = [*self.states, *p.parameters, *results, *late_results]
        self.register = {node: i for i, node in enumerate(order)}
        self.n_reg = len(order)
        self.factors: list[tuple[int, int, int, int]] = []
        self.terms: list[tuple[int, float]] = []
        self.tables: dict[tuple[Piecewise, ...], int] = {}

    def _jacobian(self) -> dict[tuple[int, int], Terms]:
        p = self.p
        position = {s: i for i, s in enumerate(self.states)}
        entries: dict[tuple[int, int], Terms] = {}
        for state in self.states:
            for node, weight in self.rows[state].items():
                for other, polynomial in p.derivatives(node).items():
                    entry = entries.setdefault((position[state], position[other]), {})
                    for key, w in polynomial.items():
                        entry[key] = entry.get(key, 0.0) + w * weight
        cleaned = {rc: {k: w for k, w in terms.items() if w != 0.0} for rc, terms in entries.items()}
        if any(column >= len(p.states) for (_, column), terms in cleaned.items() if terms):
            raise ValueError("a row depends on a counter; make it a state")
        return {rc: terms for rc, terms in cleaned.items() if terms}

    def arrays(self) -> tuple[dict[str, object], dict[Node, int]]:
        p, reg = self.p, self.register
        n = len(p.states)
        mass = [p.mass[s] for s in self.states]
        rates = _logarithms_of_products([self._encode(node, what) for node, what in self.rates.items()])
        slopes = [self._encode(node, what) for node, what in self.late.items()]
        entries = self._entries(slopes)
        out = elimination(n, len(p.counters), entries)
        out |= {"n": len(self.states), "n_solved": n, "n_algebraic": mass.count(0.0), "n_par": len(p.parameters), "n_reg": self.n_reg}
        out["mass"] = np.array(mass)
        out["rates"], out["slopes"] = (np.array(ops, dtype=np.intc).reshape(-1, 8) for ops in (rates, slopes))
        out["factors"] = np.array(self.factors, dtype=np.intc).reshape(-1, 4)
        out["term_index"] = np.array([i for i, _ in self.terms], dtype=np.intc)
        out["term_weight"] = np.array([w for _, w in self.terms], dtype=float)
        out["tables"] = [(t[0].grid, _side_by_side(t)) for t in self.tables]
        rows = [{reg[k]: w for k, w in self.rows[s].items()} for s in self.states]
        out |= sums("rows", rows)
        out |= self._tolerance_rows()
        # and the right-hand side once more, as one cell alone takes it
        widths = [len(t) for t in self.tables]
        of = [reg[v] for _, v, _, _, _ in self.tolerances] + [reg[a] for _, _, a, _, _ in self.tolerances]
        out |= packed(len(self.states), len(p.parameters), rates, self.terms, self.factors, widths, rows, of)
        return out, dict(reg)

    def _encode(self, node: Node, what: Operation) -> tuple[int, ...]:
        """Eight integers: code, dst, a, b, c, d, e, extra (see Op in core/tables.pxd)."""
        reg = self.register
        reads = [reg[r] for r in what.reads]
        if what.op in (Op.SUM, Op.LINEAR):
            first = len(self.terms)
            self.terms += [(reg[k], w) for k, w in what.terms]
            fields = [first, len(self.terms), *reads]
        elif what.op in (Op.FACTORS, Op.FACTOR_SLOPES):
            first = len(self.factors)
            self.factors += [(kind, power, reg[c], reg[K]) for kind, power, c, K in what.factors]
            fields = [first, len(self.factors), *reads]
        else:
            fields = reads
        if what.tables:
            extra = self.tables.setdefault(what.tables, len(self.tables))
        else:
            extra = int(what.width > {Op.GHK_SLOPES: 3, Op.FACTOR_SLOPES: len(what.factors)}.get(what.op, what.width))
        return (what.op, reg[node], *fields, *[0] * (5 - len(fields)), extra)

    def _entries(self, ops: list[tuple[int, ...]]) -> dict[tuple[int, int], dict[int, float]]:
        """Jacobian entries as sums over registers, adding the products they need to the program."""
        made: dict[tuple[int, ...], int] = {}

        def product(key: tuple[int, ...]) -> int:
            if len(key) == 1:
                return key[0]
            if key not in made:
                head = product(key[:-1])
                made[key] = self.n_reg
                self.n_reg += 1
                ops.append((Op.PRODUCT, made[key], head, key[-1], 0, 0, 0, 0))
            return made[key]

        result: dict[tuple[int, int], dict[int, float]] = {}
        for rc, terms in self.entries.items():
            row: dict[int, float] = {}
            for key, weight in terms.items():
                if not key:
                    raise ValueError("a row with a constant derivative needs a parameter that holds one")
                register = product(tuple(sorted(self.register[f] for f in key)))
                row[register] = row.get(register, 0.0) + weight
            result[rc] = row
        return result

    def _tolerance_rows(self) -> dict[str, object]:
        p, reg, rows = self.p, self.register, self.tolerances
        position = {s: i for i, s in enumerate(p.states)}
        out: dict[str, object] = {"n_tol": len(rows)}
        out["tol_value"] = np.array([reg[v] for _, v, _, _, _ in rows], dtype=np.intc)
        out["tol_atol"] = np.array([reg[a] for _, _, a, _, _ in rows], dtype=np.intc)
        out["tol_rtol"] = np.array([r for _, _, _, r, _ in rows], dtype=float)
        out["tol_positive"] = np.array([q for _, _, _, _, q in rows], dtype=np.intc)
        return out | sums("tol", [{position[s]: w for s, w in terms.items()} for terms, _, _, _, _ in rows[len(p.states) :]])


def _alive(ops: Mapping[Node, Operation], live: set[Node]) -> list[Node]:
    """Nodes of `ops` that something alive reads, in order; what they read comes alive too."""
    kept = []
    for node in reversed(list(ops)):
        if any(n in live for n in range(node, node + ops[node].width)):
            kept.append(node)
            live |= ops[node].all_reads
    return kept[::-1]


def _together(nodes: list[Node], ops: Mapping[Node, Operation]) -> tuple[dict[Node, Operation], list[Node]]:
    """The operations, tables of one variable with the same breaks as one, where the first of them stands; and their results in order."""
    members: dict[object, list[Node]] = {}
    for node in nodes:
        what = ops[node]
        members.setdefault((what.op, what.reads, what.tables[0].breaks) if what.tables else node, []).append(node)
    made: dict[Node, Operation] = {}
    results: list[Node] = []
    for of in members.values():
        first = ops[of[0]]
        if len(of) > 1:
            tables = tuple(on_one_grid(t for node in of for t in ops[node].tables))
            first = Operation(first.op, first.reads, width=len(tables), tables=tables)
        made[of[0]] = first
        results += [k for node in of for k in range(node, node + ops[node].width)]
    return made, results


def _logarithms_of_products(ops: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """ln(a b) where a b is made: one operation instead of two, the second of which waits for the first."""
    made = {op[1]: i for i, op in enumerate(ops) if op[0] == Op.PRODUCT}
    fused: dict[int, tuple[int, ...]] = {}
    for i, (code, dst, a, *_) in enumerate(ops):
        if code == Op.LOG and a in made and made[a] not in fused:
            k = made[a]
            fused[k] = (Op.LOG_PRODUCT, *ops[k][1:4], dst, 0, 0, 0)
            fused[i] = ()
    return [op for op in (fused.get(i, op) for i, op in enumerate(ops)) if op]


@lru_cache(maxsize=16)
def _side_by_side(tables: tuple[Piecewise, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Coefficients of functions on one grid, (rows, degree + 1, functions); cells of one kind share them."""
    together = np.stack([one.coefficients for one in tables], axis=2)
    together.setflags(write=False)
    return together
