"""Programs over registers: what the kernels walk, built piece by piece, differentiated exactly, eliminated symbolically.

A `Program` collects states, parameters, shared quantities, rates and rows as a graph of nodes. `finish` numbers them as
registers, derives every entry of the Jacobian by the chain rule (a sum of products of registers), makes the elimination
order into lists, and returns the arrays that `ionflux._kernels.Plan` takes. It knows nothing of cells or ions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ionflux.piecewise import Piecewise, on_one_grid
from .elimination import elimination, sums
from .packing import packed

__all__ = ["Node", "Program"]

Node = int
Terms = dict[tuple[Node, ...], float]  # sum over products of nodes: {(a, b): weight}
Gradient = dict[Node, Terms]  # d(node)/d(state)


class Op(IntEnum):
    """The same integers as OpCode in core/tables.pxd."""

    SUM = 0
    LINEAR = 1
    PRODUCT = 2
    RECIPROCAL = 3
    LOG = 4
    BERNOULLI = 5
    BERNOULLI_SLOPE = 6
    GHK = 7
    GHK_SLOPES = 8
    FACTORS = 9
    FACTOR_SLOPES = 10
    EXP = 11
    PHI = 12
    PHI_SLOPE = 13
    LOG_PRODUCT = 14
    TABLE = 15
    TABLE_SLOPES = 16
    LOGISTIC = 17


@dataclass
class _Operation:
    """One op as a node: what it reads, what it computes, and where its derivatives are.

    reads : nodes. terms : of a sum. factors : of a product law. tables : functions on one grid. d(node)/d(read[i])
    is slope node i where there is one.
    """

    op: Op
    reads: tuple[Node, ...]
    terms: tuple[tuple[Node, float], ...] = ()
    factors: tuple[tuple[int, int, Node, Node], ...] = ()
    width: int = 1
    tables: tuple[Piecewise, ...] = ()

    @property
    def all_reads(self) -> set[Node]:
        return {*self.reads, *(n for n, _ in self.terms), *(n for f in self.factors for n in f[2:])}


class Program:
    """A right-hand side under construction.

    Nodes are integers. `state`, `parameter` create inputs, `counter` an integral over time; `sum`, `product`, `reciprocal`,
    `divide`, `log`, `exp` shared quantities; `linear`, `ghk`, `factors` rates; `row` says which rates a state gathers.
    """

    def __init__(self) -> None:
        self.states: list[Node] = []
        self.counters: list[Node] = []
        self.parameters: list[Node] = []
        self._ops: dict[Node, _Operation] = {}  # in order of creation, which is an order of execution
        self._late: dict[Node, _Operation] = {}  # wanted by the Jacobian only, run before its products
        self._cache: dict[object, Node] = {}
        self._gradient: dict[Node, Gradient] = {}
        self._rows: dict[Node, dict[Node, float]] = {}
        self._mass: dict[Node, float] = {}
        self._tolerances: list[tuple[dict[Node, float], Node, Node, float, bool]] = []
        self._count = 0

    # ---- nodes ---------------------------------------------------------------------------------------------------------
    def _node(self, width: int = 1) -> Node:
        self._count += width
        return self._count - width

    def state(self, *, mass: float = 1.0) -> Node:
        """An unknown; `mass` 0 makes its row algebraic, 0 = its sum, and the unknown a potential (V)."""
        return self._unknown(self.states, mass)

    def counter(self) -> Node:
        """A state that only gathers: d(counter)/dt is its row, and no row may depend on it.

        Counters come after the states. They take no part in the choice of steps and have no tolerance, so a run with
        counters has the same steps as one without.
        """
        return self._unknown(self.counters, 1.0)

    def _unknown(self, among: list[Node], mass: float) -> Node:
        s = self._node()
        among.append(s)
        self._gradient[s] = {s: {(): 1.0}}
        self._mass[s] = mass
        self._rows[s] = {}
        return s

    def parameter(self) -> Node:
        p = self._node()
        self.parameters.append(p)
        return p

    def _make(self, what: _Operation, gradient: Gradient | None = None, *, late: bool = False) -> Node:
        key = (late, what.op, what.reads, what.terms, what.factors, what.tables)
        if key not in self._cache:
            node = self._cache[key] = self._node(what.width)
            (self._late if late else self._ops)[node] = what
            self._gradient[node] = gradient or {}
        return self._cache[key]

    def _depends(self, node: Node) -> Gradient:
        return self._gradient.get(node, {})

    def _flat(self, terms: Mapping[Node, float]) -> tuple[tuple[Node, float], ...]:
        """Sums of sums as one: fewer operations that wait for each other."""
        flat: dict[Node, float] = {}
        for node, weight in terms.items():
            of = self._ops.get(node)
            for inner, w in of.terms if of is not None and of.op is Op.SUM else ((node, 1.0),):
                flat[inner] = flat.get(inner, 0.0) + weight * w
        return tuple((node, w) for node, w in flat.items() if w != 0.0)

    def sum(self, terms: Mapping[Node, float]) -> Node:
        """Sum of weight times node."""
        kept = self._flat(terms)
        if len(kept) == 1 and kept[0][1] == 1.0:
            return kept[0][0]
        gradient: Gradient = {}
        for node, weight in kept:
            _add(gradient, self._depends(node), (), weight)
        return self._make(_Operation(Op.SUM, (), kept), gradient)

    def product(self, a: Node, b: Node) -> Node:
        gradient: Gradient = {}
        _add(gradient, self._depends(a), (b,), 1.0)
        _add(gradient, self._depends(b), (a,), 1.0)
        return self._make(_Operation(Op.PRODUCT, (a, b)), gradient)

    def reciprocal(self, a: Node) -> Node:
        node = self._make(_Operation(Op.RECIPROCAL, (a,)))
        if not self._gradient[node]:
            _add(self._gradient[node], self._depends(a), (node, node), -1.0)
        return node

    def divide(self, a: Node, b: Node) -> Node:
        """a / b, through the shared reciprocal of b."""
        inverse = self.reciprocal(b)
        node = self._make(_Operation(Op.PRODUCT, (a, inverse)))
        if not self._gradient[node]:
            _add(self._gradient[node], self._depends(a), (inverse,), 1.0)
            _add(self._gradient[node], self._depends(b), (node, inverse), -1.0)
        return node

    def log(self, a: Node) -> Node:
        """ln a; of a quotient x/y its derivative is dx/x - dy/y."""
        gradient: Gradient = {}
        of = self._ops.get(a)
        below = self._ops.get(of.reads[1]) if of is not None and of.op is Op.PRODUCT else None
        if below is not None and below.op is Op.RECIPROCAL:
            assert of is not None
            self._add_relative(gradient, of.reads[0])
            _add(gradient, self._depends(below.reads[0]), (of.reads[1],), -1.0)
        else:
            self._add_relative(gradient, a)
        return self._make(_Operation(Op.LOG, (a,)), gradient)

    def exp(self, a: Node) -> Node:
        """e^a."""
        node = self._make(_Operation(Op.EXP, (a,)))
        if not self._gradient[node]:
            _add(self._gradient[node], self._depends(a), (node,), 1.0)
        return node

    def bernoulli(self, a: Node) -> Node:
        """a/(e^a - 1)."""
        gradient: Gradient = {}
        if self._depends(a):
            _add(gradient, self._depends(a), (self._make(_Operation(Op.BERNOULLI_SLOPE, (a,), width=2), late=True),), 1.0)
        pair = self._make(_Operation(Op.BERNOULLI, (a,), width=2))
        self._gradient[pair] = gradient
        return pair

    def phi(self, a: Node) -> Node:
        """(e^a - 1 - a)/a^2, the mean excess of an exponential: 1/2 at a = 0."""
        gradient: Gradient = {}
        if self._depends(a):
            _add(gradient, self._depends(a), (self._make(_Operation(Op.PHI_SLOPE, (a,)), late=True),), 1.0)
        return self._make(_Operation(Op.PHI, (a,)), gradient)

    def logistic(self, a: Node) -> Node:
        """1/(1 + e^a): the open half of a two-state channel. Its derivative is minus the product of both halves."""
        node = self._make(_Operation(Op.LOGISTIC, (a,)))
        if self._depends(a) and not self._gradient[node]:
            rest = self._make(_Operation(Op.LOGISTIC, (self._opposite(a),)), late=True)
            _add(self._gradient[node], self._depends(a), (node, rest), -1.0)
        return node

    def power(self, a: Node, exponent: float) -> Node:
        """a^exponent for any real exponent and a >= 0, by logarithms; so is its derivative: regular at 0 where it exists."""
        if exponent == 1.0:
            return a
        log = self.log(a)
        node = self._make(_Operation(Op.EXP, (self.sum({log: exponent}),)))
        if self._depends(a) and not self._gradient[node]:
            less = self._make(_Operation(Op.SUM, (), ((log, exponent - 1.0),)), late=True)
            slope = self._make(_Operation(Op.EXP, (less,)), late=True)
            _add(self._gradient[node], self._depends(a), (slope,), exponent)
        return node

    def table(self, x: Node, tables: Sequence[Piecewise]) -> list[Node]:
        """Tabulated functions of x, in the order given. Those with the same breaks share the search for the piece x is on."""
        found: list[Node] = [0] * len(tables)
        groups: dict[tuple[float, ...], list[int]] = {}
        for i, t in enumerate(tables):
            groups.setdefault(t.breaks, []).append(i)
        for places in groups.values():
            group = tuple(on_one_grid(tables[i] for i in places))
            node = self._make(_Operation(Op.TABLE, (x,), width=len(group), tables=group))
            if self._depends(x) and not self._gradient[node]:
                slopes = self._make(_Operation(Op.TABLE_SLOPES, (x,), width=len(group), tables=group), late=True)
                for k in range(len(group)):
                    gradient: Gradient = {}
                    _add(gradient, self._depends(x), (slopes + k,), 1.0)
                    self._gradient[node + k] = gradient
            for k, i in enumerate(places):
                found[i] = node + k
        return found

    def _opposite(self, a: Node) -> Node:
        """-a, for the Jacobian only."""
        return self._make(_Operation(Op.SUM, (), ((a, -1.0),)), late=True)

    def _add_relative(self, gradient: Gradient, x: Node) -> None:
        """d(ln x), with a reciprocal of x that only the Jacobian computes."""
        if self._depends(x):
            inverse = self._make(_Operation(Op.RECIPROCAL, (x,)), late=True)
            _add(gradient, self._depends(x), (inverse,), 1.0)

    # ---- derivatives in stages -------------------------------------------------------------------------------------------
    def chain(self, node: Node, slopes: Mapping[Node, Terms]) -> Node:
        """`node` with these derivatives by what it is made of: sums of products of nodes, each one node that only the Jacobian computes."""
        gradient: Gradient = {}
        for x, terms in slopes.items():
            if self._depends(x):
                if constant := terms.get((), 0.0):
                    _add(gradient, self._depends(x), (), constant)
                if rest := {key: w for key, w in terms.items() if key and w}:
                    _add(gradient, self._depends(x), (self._slope(rest),), 1.0)
        self._gradient[node] = gradient
        return node

    def isolated(self, inputs: Iterable[Node], build: Callable[[], Node]) -> Node:
        """What `build` makes, differentiated by `inputs` and only then by states: for what is long between few inputs and one result.

        Without this every state would have the whole length of the derivative for itself.
        """
        own = {x: self._depends(x) for x in inputs}
        cache, self._cache = self._cache, {}  # nodes within have derivatives of another kind, and are for no one else
        self._gradient |= {x: {x: {(): 1.0}} for x, gradient in own.items() if gradient}
        node = build()
        within = self._depends(node)
        self._gradient |= own
        self._cache = cache
        return node if node in own else self.chain(node, within)

    def _slope(self, terms: Terms) -> Node:
        """A sum of products as one node that only the Jacobian computes."""
        summed: dict[Node, float] = {}
        for key, weight in terms.items():
            node = key[0]
            for other in key[1:]:
                node = self._make(_Operation(Op.PRODUCT, (node, other)), late=True)
            summed[node] = summed.get(node, 0.0) + weight
        if list(summed.values()) == [1.0]:
            return next(iter(summed))
        return self._make(_Operation(Op.SUM, (), tuple(summed.items())), late=True)

    # ---- rates ---------------------------------------------------------------------------------------------------------
    def linear(self, strength: Node, terms: Mapping[Node, float]) -> Node:
        """strength times a sum: the law of everything that runs on its affinity."""
        kept = self._flat(terms)
        gradient: Gradient = {}
        for node, weight in kept:
            _add(gradient, self._depends(node), (strength,), weight)
        if self._depends(strength):
            _add(gradient, self._depends(strength), (self.sum(terms),), 1.0)
        return self._make(_Operation(Op.LINEAR, (strength,), kept), gradient)

    def ghk(self, P: Node, c_in: Node, c_out: Node, zu: Node) -> Node:
        """P (B(zu) c_out - B(-zu) c_in)."""
        pair = self._make(_Operation(Op.BERNOULLI, (zu,), width=2))
        pair_slopes = self._make(_Operation(Op.BERNOULLI_SLOPE, (zu,), width=2), late=True)
        rate = self._make(_Operation(Op.GHK, (c_in, c_out, P, pair)))
        by_strength = bool(self._depends(P))
        slopes = self._make(_Operation(Op.GHK_SLOPES, (c_in, c_out, P, pair, pair_slopes), width=3 + by_strength), late=True)
        gradient: Gradient = {}
        for k, x in enumerate((zu, c_in, c_out, P) if by_strength else (zu, c_in, c_out)):
            _add(gradient, self._depends(x), (slopes + k,), 1.0)
        self._gradient[rate] = gradient
        return rate

    def factors(self, strength: Node, factors: Iterable[tuple[int, int, Node, Node | None]]) -> Node:
        """strength times factors (kind, power, c, K)."""
        listed = tuple((int(kind), int(power), c, c if K is None else K) for kind, power, c, K in factors)
        if not listed:
            return strength
        rate = self._make(_Operation(Op.FACTORS, (strength,), (), listed))
        read = [c for _, _, c, _ in listed] + ([strength] if self._depends(strength) else [])
        slopes = self._make(_Operation(Op.FACTOR_SLOPES, (strength,), (), listed, width=len(read)), late=True)
        gradient: Gradient = {}
        for k, c in enumerate(read):
            _add(gradient, self._depends(c), (slopes + k,), 1.0)
        self._gradient[rate] = gradient
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

    def reader(self, wanted: Iterable[Node]) -> tuple[dict[str, object], dict[Node, int], set[Node]]:
        """Tables that compute `wanted` and nothing else (no rows, no Jacobian), the registers, and the parameters they read."""
        made = _Tables(self, set(wanted), reading=True)
        read = {n for node in made.rates for n in self._ops[node].all_reads} | set(wanted)
        tables, register = made.arrays()
        return tables, register, read & set(self.parameters)


def _add(into: Gradient, gradient: Gradient, factors: tuple[Node, ...], weight: float) -> None:
    for state, terms in gradient.items():
        target = into.setdefault(state, {})
        for key, w in terms.items():
            product = tuple(sorted(key + factors))
            target[product] = target.get(product, 0.0) + w * weight


def _together(nodes: list[Node], ops: Mapping[Node, _Operation]) -> tuple[list[Node], dict[Node, _Operation], list[Node]]:
    """Tables of one variable with the same breaks as one operation, where the first of them stands; operations, and results in order."""
    members: dict[object, list[Node]] = {}
    for node in nodes:
        what = ops[node]
        members.setdefault((what.op, what.reads, what.tables[0].breaks) if what.tables else node, []).append(node)
    made, results = {}, []
    for of in members.values():
        first = ops[of[0]]
        if len(of) > 1:
            tables = tuple(on_one_grid(t for node in of for t in ops[node].tables))
            first = _Operation(first.op, first.reads, width=len(tables), tables=tables)
        made[of[0]] = first
        results += [k for node in of for k in range(node, node + ops[node].width)]
    return list(made), made, results


class _Tables:
    """One finished program: what is alive, its numbering, the Jacobian, the elimination."""

    def __init__(self, program: Program, wanted: set[Node], *, reading: bool = False) -> None:
        self.p = p = program
        self.states = [*p.states, *p.counters]
        self.rows: dict[Node, dict[Node, float]] = {s: {} if reading else p._rows[s] for s in self.states}
        self.tolerances = [] if reading else p._tolerances
        self.entries = self._jacobian()
        live = set(wanted)
        for terms in self.rows.values():
            live |= set(terms)
        for terms, value, atol, _, _ in self.tolerances:
            live |= {*terms, value, atol}
        live |= {f for terms in self.entries.values() for key in terms for f in key}
        self.late = self._alive(p._late, live)
        self.rates = self._alive(p._ops, live)
        order = [*self.states, *p.parameters]
        self.rates, self.ops, results = _together(self.rates, p._ops)
        order += results
        self.late, self.late_ops, results = _together(self.late, p._late)
        order += results
        self.register = {node: i for i, node in enumerate(order)}
        self.n_reg = len(order)
        self.factors: list[tuple[int, int, int, int]] = []
        self.terms: list[tuple[int, float]] = []
        self.tables: dict[tuple[Piecewise, ...], int] = {}

    @staticmethod
    def _alive(ops: dict[Node, _Operation], live: set[Node]) -> list[Node]:
        """Nodes of `ops` that something alive reads, in order; what they read comes alive too."""
        kept = []
        for node in reversed(list(ops)):
            if any(n in live for n in range(node, node + ops[node].width)):
                kept.append(node)
                live |= ops[node].all_reads
        return kept[::-1]

    def _jacobian(self) -> dict[tuple[int, int], Terms]:
        p = self.p
        position = {s: i for i, s in enumerate(self.states)}
        entries: dict[tuple[int, int], Terms] = {}
        for state in self.states:
            for node, weight in self.rows[state].items():
                for other, polynomial in p._depends(node).items():
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
        mass = [p._mass[s] for s in self.states]
        rates = self._logarithms_of_products([self._encode(node, self.ops[node]) for node in self.rates])
        slopes = [self._encode(node, self.late_ops[node]) for node in self.late]
        entries = self._entries(slopes)
        out = elimination(n, len(p.counters), entries)
        out |= {"n": len(self.states), "n_solved": n, "n_algebraic": mass.count(0.0), "n_par": len(p.parameters), "n_reg": self.n_reg}
        out["mass"] = np.array(mass)
        out["rates"], out["slopes"] = (np.array(ops, dtype=np.intc).reshape(-1, 8) for ops in (rates, slopes))
        out["factors"] = np.array(self.factors, dtype=np.intc).reshape(-1, 4)
        out["term_index"] = np.array([i for i, _ in self.terms], dtype=np.intc)
        out["term_weight"] = np.array([w for _, w in self.terms], dtype=float)
        out["tables"] = [(t[0].grid, np.stack([one.coefficients for one in t], axis=2)) for t in self.tables]
        out.update(sums("rows", [{reg[k]: w for k, w in self.rows[s].items()} for s in self.states]))
        self._tolerance_rows(out)
        self._solo(out, rates)
        return out, dict(reg)

    def _solo(self, out: dict[str, object], rates: list[tuple[int, ...]]) -> None:
        """The same for one cell alone."""
        reg, rows = self.register, [{self.register[k]: w for k, w in self.rows[s].items()} for s in self.states]
        widths = [len(t) for t in self.tables]
        of = [reg[v] for _, v, _, _, _ in self.tolerances] + [reg[a] for _, _, a, _, _ in self.tolerances]
        out |= packed(len(self.states), len(self.p.parameters), rates, self.terms, self.factors, widths, rows, of)

    @staticmethod
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

    def _encode(self, node: Node, what: _Operation) -> tuple[int, ...]:
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

    def _tolerance_rows(self, out: dict[str, object]) -> None:
        p, reg = self.p, self.register
        position = {s: i for i, s in enumerate(p.states)}
        rows = self.tolerances
        out["n_tol"] = len(rows)
        out["tol_value"] = np.array([reg[v] for _, v, _, _, _ in rows], dtype=np.intc)
        out["tol_atol"] = np.array([reg[a] for _, _, a, _, _ in rows], dtype=np.intc)
        out["tol_rtol"] = np.array([r for _, _, _, r, _ in rows], dtype=float)
        out["tol_positive"] = np.array([q for _, _, _, _, q in rows], dtype=np.intc)
        out.update(sums("tol", [{position[s]: w for s, w in terms.items()} for terms, _, _, _, _ in rows[len(p.states) :]]))
