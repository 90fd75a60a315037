"""Programs over registers: what the kernels walk, built piece by piece, differentiated exactly, eliminated symbolically.

A `Program` collects states, parameters, shared quantities, rates and rows as a graph of nodes. `finish` numbers them as
registers, derives every entry of the Jacobian by the chain rule (a sum of products of registers), makes the elimination
order into lists, and returns the arrays that `ionflux._kernels.Plan` takes. It knows nothing of cells or ions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

__all__ = ["Program", "Node"]

Node = int
Terms = dict[tuple[Node, ...], float]  # sum over products of nodes: {(a, b): weight}
Gradient = dict[Node, Terms]  # d(node)/d(state)
DENSE_SIZES = (3, 4, 5, 6)


class Op(IntEnum):
    """The same integers as OpCode in core/tables.pxd."""

    SUM = 0
    PRODUCT = 1
    RECIPROCAL = 2
    LOG = 3
    BERNOULLI = 4
    BERNOULLI_SLOPE = 5


class LawCode(IntEnum):
    """The same integers as LawCode in core/tables.pxd."""

    LINEAR = 0
    GHK = 1
    PRODUCT = 3


@dataclass
class _Rate:
    law: LawCode
    strength: Node
    args: list[tuple[str, Node | int]]  # ("node", id) or ("int", value), in the order of the kernel
    slopes: list[Node] = field(default_factory=list)


class Program:
    """A right-hand side under construction.

    Nodes are integers. `state`, `parameter` create inputs; `sum`, `product`, `reciprocal`, `divide`, `log`, `bernoulli`
    shared quantities; `linear`, `ghk`, `factors` rates; `row` says which rates a state gathers.
    """

    def __init__(self) -> None:
        self.states: list[Node] = []
        self.parameters: list[Node] = []
        self._ops: dict[Node, tuple[Op, object]] = {}  # in order of creation, which is an order of execution
        self._late: dict[Node, tuple[Op, object]] = {}  # wanted by the Jacobian only
        self._cache: dict[object, Node] = {}
        self._gradient: dict[Node, Gradient] = {}
        self._rates: dict[Node, _Rate] = {}
        self._rows: dict[Node, dict[Node, float]] = {}
        self._mass: dict[Node, float] = {}
        self._tolerances: list[tuple[dict[Node, float], Node, Node, float, bool]] = []
        self._count = 0

    # ---- nodes ---------------------------------------------------------------------------------------------------------
    def _node(self) -> Node:
        self._count += 1
        return self._count - 1

    def state(self, *, mass: float = 1.0) -> Node:
        """An unknown; `mass` 0 makes its row algebraic."""
        s = self._node()
        self.states.append(s)
        self._gradient[s] = {s: {(): 1.0}}
        self._mass[s] = mass
        self._rows[s] = {}
        return s

    def parameter(self) -> Node:
        p = self._node()
        self.parameters.append(p)
        return p

    def _make(self, op: Op, args: object, gradient: Gradient, width: int = 1) -> Node:
        key = (op, args)
        if key not in self._cache:
            node = self._cache[key] = self._node()
            for _ in range(width - 1):
                self._node()
            self._ops[node] = key
            self._gradient[node] = gradient
        return self._cache[key]

    def sum(self, terms: Mapping[Node, float]) -> Node:
        """Sum of weight times node."""
        kept = {k: float(w) for k, w in terms.items() if w != 0}
        if len(kept) == 1 and next(iter(kept.values())) == 1.0:
            return next(iter(kept))
        gradient: Gradient = {}
        for node, weight in kept.items():
            _add(gradient, self._gradient.get(node, {}), (), weight)
        return self._make(Op.SUM, tuple(kept.items()), gradient)

    def product(self, a: Node, b: Node) -> Node:
        gradient: Gradient = {}
        _add(gradient, self._gradient.get(a, {}), (b,), 1.0)
        _add(gradient, self._gradient.get(b, {}), (a,), 1.0)
        return self._make(Op.PRODUCT, (a, b), gradient)

    def reciprocal(self, a: Node) -> Node:
        node = self._make(Op.RECIPROCAL, (a,), {})
        if self._gradient.get(a) and not self._gradient[node]:
            _add(self._gradient[node], self._gradient[a], (node, node), -1.0)
        return node

    def divide(self, a: Node, b: Node) -> Node:
        """a / b, through the shared reciprocal of b."""
        inverse = self.reciprocal(b)
        node = self._make(Op.PRODUCT, (a, inverse), {})
        if not self._gradient[node]:
            _add(self._gradient[node], self._gradient.get(a, {}), (inverse,), 1.0)
            _add(self._gradient[node], self._gradient.get(b, {}), (node, inverse), -1.0)
        return node

    def log(self, a: Node) -> Node:
        gradient: Gradient = {}
        op = self._ops.get(a)
        if self._gradient.get(a):
            if op is not None and op[0] is Op.PRODUCT and self._is_reciprocal(op[1][1]):  # type: ignore[index]
                x, inverse = op[1]  # type: ignore[misc]
                y = self._ops[inverse][1][0]  # type: ignore[index]
                if self._gradient.get(x):
                    _add(gradient, self._gradient[x], (self._late_reciprocal(x),), 1.0)
                _add(gradient, self._gradient.get(y, {}), (inverse,), -1.0)
            else:
                _add(gradient, self._gradient[a], (self._late_reciprocal(a),), 1.0)
        return self._make(Op.LOG, (a,), gradient)

    def _is_reciprocal(self, node: Node) -> bool:
        return node in self._ops and self._ops[node][0] is Op.RECIPROCAL

    def _late_reciprocal(self, a: Node) -> Node:
        key = ("late", Op.RECIPROCAL, a)
        if key not in self._cache:
            self._cache[key] = self._node()
            self._late[self._cache[key]] = (Op.RECIPROCAL, (a,))
        return self._cache[key]

    def bernoulli(self, x: Node) -> tuple[Node, Node]:
        """B(x) and B(-x)."""
        node = self._make(Op.BERNOULLI, (x,), {}, width=2)
        return node, node + 1

    # ---- rates ---------------------------------------------------------------------------------------------------------
    def linear(self, strength: Node, x: Node) -> Node:
        """strength * x."""
        rate = self._rate(LawCode.LINEAR, strength, [("node", x)], 0)
        _add(self._gradient[rate], self._gradient.get(x, {}), (strength,), 1.0)
        return rate

    def ghk(self, P: Node, c_in: Node, c_out: Node, zu: Node) -> Node:
        """P (B(zu) c_out - B(-zu) c_in)."""
        plus, minus = self.bernoulli(zu)
        key = ("late", Op.BERNOULLI_SLOPE, zu)
        if key not in self._cache:
            self._cache[key] = self._node()
            self._node()
        s = self._cache[key]
        rate = self._rate(LawCode.GHK, P, [("node", x) for x in (c_in, c_out, plus, minus, s, s + 1)], 3)
        for slope, x in zip(self._rates[rate].slopes, (zu, c_in, c_out), strict=True):
            _add(self._gradient[rate], self._gradient.get(x, {}), (slope,), 1.0)
        return rate

    def factors(self, strength: Node, factors: Iterable[tuple[int, int, Node, Node | None]]) -> Node:
        """strength times factors (kind, power, c, K)."""
        listed = list(factors)
        args: list[tuple[str, Node | int]] = []
        for kind, power, c, K in listed:
            args += [("int", kind), ("int", power), ("node", c), ("node", c if K is None else K)]
        rate = self._rate(LawCode.PRODUCT, strength, args, len(listed))
        for slope, (_, _, c, _) in zip(self._rates[rate].slopes, listed, strict=True):
            _add(self._gradient[rate], self._gradient.get(c, {}), (slope,), 1.0)
        return rate

    def _rate(self, law: LawCode, strength: Node, args: list[tuple[str, Node | int]], n_slopes: int) -> Node:
        rate = self._node()
        self._rates[rate] = _Rate(law, strength, args, [self._node() for _ in range(n_slopes)])
        self._gradient[rate] = {}
        return rate

    # ---- rows and tolerances -------------------------------------------------------------------------------------------
    def row(self, state: Node, terms: Mapping[Node, float]) -> None:
        """d(state)/dt gathers these nodes, or for an algebraic row: 0 = their sum."""
        for node, weight in terms.items():
            if weight:
                self._rows[state][node] = self._rows[state].get(node, 0.0) + float(weight)

    def tolerance(self, terms: Mapping[Node, float], value: Node, atol: Node, *, rtol: float = 1.0, positive: bool = False) -> None:
        """A row of the error norm: the sum over states, against atol + rtol |value|. States come first, in their order."""
        self._tolerances.append((dict(terms), value, atol, rtol, positive))

    # ---- arrays --------------------------------------------------------------------------------------------------------
    def finish(self, wanted: Iterable[Node] = ()) -> tuple[dict[str, object], dict[Node, int]]:
        """The tables, and the register of every node that the program still holds.

        Quantities that neither a rate, a tolerance nor `wanted` needs are left out.
        """
        return _Tables(self, set(wanted)).arrays()


def _add(into: Gradient, gradient: Gradient, factors: tuple[Node, ...], weight: float) -> None:
    for state, terms in gradient.items():
        target = into.setdefault(state, {})
        for key, w in terms.items():
            product = tuple(sorted(key + factors))
            target[product] = target.get(product, 0.0) + w * weight


class _Tables:
    """One finished program: liveness, numbering, Jacobian, elimination."""

    def __init__(self, program: Program, wanted: set[Node]) -> None:
        self.p = program
        p = program
        self.entries = self._jacobian()
        live = set(wanted)
        for rate in p._rates.values():
            live.add(rate.strength)
            live |= {int(x) for kind, x in rate.args if kind == "node"}
        for terms in p._rows.values():
            live |= set(terms)
        for terms, value, atol, _, _ in p._tolerances:
            live |= {*terms, value, atol}
        factors = {f for terms in self.entries.values() for key in terms for f in key}
        live |= factors
        self.late = [n for n in p._late if n in factors]
        live |= {a for n in self.late for a in p._late[n][1]}  # type: ignore[attr-defined]
        self.shared: list[Node] = []
        for node in reversed(list(p._ops)):
            op, args = p._ops[node]
            if node in live or (op is Op.BERNOULLI and node + 1 in live):
                self.shared.append(node)
                live |= {a for a, _ in args} if op is Op.SUM else set(args)  # type: ignore[attr-defined, call-overload]
        self.shared.reverse()
        self.slopes = [k[2] for k in p._cache if isinstance(k, tuple) and k[:2] == ("late", Op.BERNOULLI_SLOPE)]
        self._number()

    def _jacobian(self) -> dict[tuple[int, int], Terms]:
        p = self.p
        position = {s: i for i, s in enumerate(p.states)}
        entries: dict[tuple[int, int], Terms] = {}
        for state, terms in p._rows.items():
            for node, weight in terms.items():
                for other, polynomial in p._gradient[node].items():
                    entry = entries.setdefault((position[state], position[other]), {})
                    for key, w in polynomial.items():
                        entry[key] = entry.get(key, 0.0) + w * weight
        cleaned = {rc: {k: w for k, w in terms.items() if w != 0.0} for rc, terms in entries.items()}
        return {rc: terms for rc, terms in cleaned.items() if terms}

    def _number(self) -> None:
        p = self.p
        order = [*p.states, *p.parameters]
        for node in self.shared:
            order += [node, node + 1] if p._ops[node][0] is Op.BERNOULLI else [node]
        for rate, r in p._rates.items():
            order += [rate, *r.slopes]
        for zu in self.slopes:
            s = p._cache[("late", Op.BERNOULLI_SLOPE, zu)]
            order += [s, s + 1]
        order += self.late
        self.register = {node: i for i, node in enumerate(order)}
        self.n_reg = len(order)

    def arrays(self) -> tuple[dict[str, object], dict[Node, int]]:
        p, reg = self.p, self.register
        n = len(p.states)
        term_index: list[int] = []
        term_weight: list[float] = []
        programs: dict[str, list[tuple[int, int, int, int]]] = {"shared": [], "slopes": [], "products": []}
        for node in self.shared:
            op, args = p._ops[node]
            if op is Op.SUM:
                first = len(term_index)
                for a, w in args:  # type: ignore[attr-defined]
                    term_index.append(reg[a])
                    term_weight.append(w)
                programs["shared"].append((op, reg[node], first, len(term_index)))
            else:
                a = [reg[x] for x in args]  # type: ignore[attr-defined]
                programs["shared"].append((op, reg[node], a[0], a[1] if len(a) > 1 else 0))
        for zu in self.slopes:
            programs["slopes"].append((Op.BERNOULLI_SLOPE, reg[p._cache[("late", Op.BERNOULLI_SLOPE, zu)]], reg[zu], 0))
        for node in self.late:
            op, args = p._late[node]
            programs["products"].append((op, reg[node], reg[args[0]], 0))  # type: ignore[index]
        entries = self._entries(programs["products"])
        out: dict[str, object] = {"n": n, "n_par": len(p.parameters), "n_law": len(p._rates)}
        out.update(_elimination(n, entries))
        out["n_reg"] = self.n_reg
        for name, ops in programs.items():
            columns = list(zip(*ops, strict=True)) if ops else [(), (), (), ()]
            for key, column in zip(("code", "dst", "a", "b"), columns, strict=True):
                out[f"{name}_{key}"] = np.array(column, dtype=np.intc)
        out["term_index"], out["term_weight"] = np.array(term_index, dtype=np.intc), np.array(term_weight, dtype=float)
        self._laws(out)
        rows = [{reg[k]: w for k, w in p._rows[s].items()} for s in p.states]
        out.update(_sums("rows", rows))
        out["mass"] = np.array([p._mass[s] for s in p.states])
        self._tolerance_rows(out)
        return out, dict(reg)

    def _entries(self, products: list[tuple[int, int, int, int]]) -> dict[tuple[int, int], dict[int, float]]:
        """Jacobian entries as sums over registers, making the products they need."""
        made: dict[tuple[int, ...], int] = {}

        def product(key: tuple[int, ...]) -> int:
            if len(key) == 1:
                return key[0]
            if key not in made:
                head = product(key[:-1])
                made[key] = self.n_reg
                self.n_reg += 1
                products.append((Op.PRODUCT, made[key], head, key[-1]))
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

    def _laws(self, out: dict[str, object]) -> None:
        reg, rates = self.register, self.p._rates
        args: list[int] = []
        start = [0]
        for r in rates.values():
            args += [reg[x] if kind == "node" else int(x) for kind, x in r.args]
            start.append(len(args))
        out["law"] = np.array([r.law for r in rates.values()], dtype=np.intc)
        out["rate"] = np.array([reg[k] for k in rates], dtype=np.intc)
        out["strength"] = np.array([reg[r.strength] for r in rates.values()], dtype=np.intc)
        out["slope"] = np.array([reg[r.slopes[0]] if r.slopes else 0 for r in rates.values()], dtype=np.intc)
        out["arg_start"], out["arg"] = np.array(start, dtype=np.intc), np.array(args, dtype=np.intc)

    def _tolerance_rows(self, out: dict[str, object]) -> None:
        p, reg = self.p, self.register
        position = {s: i for i, s in enumerate(p.states)}
        rows = p._tolerances
        out["n_tol"] = len(rows)
        out["tol_value"] = np.array([reg[v] for _, v, _, _, _ in rows], dtype=np.intc)
        out["tol_atol"] = np.array([reg[a] for _, _, a, _, _ in rows], dtype=np.intc)
        out["tol_rtol"] = np.array([r for _, _, _, r, _ in rows], dtype=float)
        out["tol_positive"] = np.array([q for _, _, _, _, q in rows], dtype=np.intc)
        out.update(_sums("tol", [{position[s]: w for s, w in terms.items()} for terms, _, _, _, _ in rows[len(p.states) :]]))


def _sums(name: str, rows: list[dict[int, float]]) -> dict[str, object]:
    start = np.cumsum([0, *(len(r) for r in rows)])
    return {
        f"{name}_start": start.astype(np.intc),
        f"{name}_index": np.array([i for r in rows for i in r], dtype=np.intc),
        f"{name}_weight": np.array([w for r in rows for w in r.values()], dtype=float),
    }


def _elimination(n: int, entries: dict[tuple[int, int], dict[int, float]]) -> dict[str, object]:
    """Where each entry of the matrix is stored, and the order in which LU and its solves visit them (no pivoting)."""
    dense = n if n in DENSE_SIZES else 0
    pattern = {(i, j) for i in range(n) for j in range(n)} if dense else {*entries, *((i, i) for i in range(n))}
    for k in range(n):
        below = [i for i in range(k + 1, n) if (i, k) in pattern]
        right = [j for j in range(k + 1, n) if (k, j) in pattern]
        pattern |= {(i, j) for i in below for j in right}
    listed = sorted(pattern)
    at = {rc: i for i, rc in enumerate(listed)}
    pivot, factor, update, target, source = [0], [], [0], [], []
    for k in range(n):
        for i in range(k + 1, n):
            if (i, k) in pattern:
                factor.append(at[i, k])
                for j in range(k + 1, n):
                    if (k, j) in pattern:
                        target.append(at[i, j])
                        source.append(at[k, j])
                update.append(len(target))
        pivot.append(len(factor))
    out: dict[str, object] = {"dense": dense, "n_entry": len(listed), "pattern": listed}
    named = {"pivot_start": pivot, "lu_factor": factor, "lu_update_start": update, "lu_target": target, "lu_source": source}
    named["diagonal"] = [at[i, i] for i in range(n)]
    for name, inside in (("lower", lambda i, j: j < i), ("upper", lambda i, j: j > i)):
        start, entry, column = [0], [], []
        for i in range(n):
            columns = [j for j in range(n) if (i, j) in pattern and inside(i, j)]
            entry += [at[i, j] for j in columns]
            column += columns
            start.append(len(entry))
        named |= {f"{name}_start": start, f"{name}_entry": entry, f"{name}_column": column}
    out.update({k: np.array(v, dtype=np.intc) for k, v in named.items()})
    out.update(_sums("entries", [entries.get(rc, {}) for rc in listed]))
    return out
