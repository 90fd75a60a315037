"""Programs under construction: a right-hand side as a graph of nodes that knows its exact derivatives.

A `Program` collects states, parameters, shared quantities, rates and rows. Every node is made together with its derivatives by the
states, by the chain rule: sums of products of nodes. What only the Jacobian needs is kept apart (`late`), so that the right-hand side
alone does not compute it. It knows nothing of cells or ions, and nothing of arrays: `encoding` makes those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ionflux.piecewise import Piecewise, on_one_grid
from .encoding import Encoding
from .operations import Node, Op, Operation, Terms

__all__ = ["Node", "Program"]

Gradient = dict[Node, Terms]  # d(node)/d(state)


class Program:
    """A right-hand side under construction.

    Nodes are integers. `state`, `parameter` create inputs, `counter` an integral over time; `sum`, `product`, `reciprocal`,
    `divide`, `log`, `exp` shared quantities; `linear`, `ghk`, `factors` rates; `row` says which rates a state gathers.
    """

    def __init__(self) -> None:
        self.states: list[Node] = []
        self.counters: list[Node] = []
        self.parameters: list[Node] = []
        self.ops: dict[Node, Operation] = {}  # in order of creation, which is an order of execution
        self.late: dict[Node, Operation] = {}  # wanted by the Jacobian only, run before its products
        self._cache: dict[object, Node] = {}
        self._gradient: dict[Node, Gradient] = {}
        self.rows: dict[Node, dict[Node, float]] = {}
        self.mass: dict[Node, float] = {}
        self.tolerances: list[tuple[dict[Node, float], Node, Node, float, bool]] = []
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
        self.mass[s] = mass
        self.rows[s] = {}
        return s

    def parameter(self) -> Node:
        p = self._node()
        self.parameters.append(p)
        return p

    def _make(self, what: Operation, gradient: Gradient | None = None, *, late: bool = False) -> Node:
        key = (late, what.op, what.reads, what.terms, what.factors, what.tables)
        if key not in self._cache:
            node = self._cache[key] = self._node(what.width)
            (self.late if late else self.ops)[node] = what
            self._gradient[node] = gradient or {}
        return self._cache[key]

    def derivatives(self, node: Node) -> Gradient:
        """Return d(node)/d(state) for the states and counters that a node depends on."""
        return self._gradient.get(node, {})

    def _flat(self, terms: Mapping[Node, float]) -> tuple[tuple[Node, float], ...]:
        """Sums of sums as one: fewer operations that wait for each other."""
        flat: dict[Node, float] = {}
        for node, weight in terms.items():
            of = self.ops.get(node)
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
            _add(gradient, self.derivatives(node), (), weight)
        return self._make(Operation(Op.SUM, (), kept), gradient)

    def product(self, a: Node, b: Node) -> Node:
        gradient: Gradient = {}
        _add(gradient, self.derivatives(a), (b,), 1.0)
        _add(gradient, self.derivatives(b), (a,), 1.0)
        return self._make(Operation(Op.PRODUCT, (a, b)), gradient)

    def reciprocal(self, a: Node) -> Node:
        node = self._make(Operation(Op.RECIPROCAL, (a,)))
        if not self._gradient[node]:
            _add(self._gradient[node], self.derivatives(a), (node, node), -1.0)
        return node

    def divide(self, a: Node, b: Node) -> Node:
        """a / b, through the shared reciprocal of b."""
        inverse = self.reciprocal(b)
        node = self._make(Operation(Op.PRODUCT, (a, inverse)))
        if not self._gradient[node]:
            _add(self._gradient[node], self.derivatives(a), (inverse,), 1.0)
            _add(self._gradient[node], self.derivatives(b), (node, inverse), -1.0)
        return node

    def log(self, a: Node) -> Node:
        """ln a; of a quotient x/y its derivative is dx/x - dy/y."""
        gradient: Gradient = {}
        of = self.ops.get(a)
        below = self.ops.get(of.reads[1]) if of is not None and of.op is Op.PRODUCT else None
        if below is not None and below.op is Op.RECIPROCAL:
            assert of is not None
            self._add_relative(gradient, of.reads[0])
            _add(gradient, self.derivatives(below.reads[0]), (of.reads[1],), -1.0)
        else:
            self._add_relative(gradient, a)
        return self._make(Operation(Op.LOG, (a,)), gradient)

    def exp(self, a: Node) -> Node:
        """e^a."""
        node = self._make(Operation(Op.EXP, (a,)))
        if not self._gradient[node]:
            _add(self._gradient[node], self.derivatives(a), (node,), 1.0)
        return node

    def bernoulli(self, a: Node) -> Node:
        """a/(e^a - 1)."""
        gradient: Gradient = {}
        if self.derivatives(a):
            _add(gradient, self.derivatives(a), (self._make(Operation(Op.BERNOULLI_SLOPE, (a,), width=2), late=True),), 1.0)
        pair = self._make(Operation(Op.BERNOULLI, (a,), width=2))
        self._gradient[pair] = gradient
        return pair

    def phi(self, a: Node) -> Node:
        """(e^a - 1 - a)/a^2, the mean excess of an exponential: 1/2 at a = 0."""
        gradient: Gradient = {}
        if self.derivatives(a):
            _add(gradient, self.derivatives(a), (self._make(Operation(Op.PHI_SLOPE, (a,)), late=True),), 1.0)
        return self._make(Operation(Op.PHI, (a,)), gradient)

    def logistic(self, a: Node) -> Node:
        """1/(1 + e^a): the open half of a two-state channel. Its derivative is minus the product of both halves."""
        node = self._make(Operation(Op.LOGISTIC, (a,)))
        if self.derivatives(a) and not self._gradient[node]:
            rest = self._make(Operation(Op.LOGISTIC, (self._opposite(a),)), late=True)
            _add(self._gradient[node], self.derivatives(a), (node, rest), -1.0)
        return node

    def power(self, a: Node, exponent: float) -> Node:
        """a^exponent for any real exponent and a >= 0, by logarithms; so is its derivative: regular at 0 where it exists."""
        if exponent == 1.0:
            return a
        log = self.log(a)
        node = self._make(Operation(Op.EXP, (self.sum({log: exponent}),)))
        if self.derivatives(a) and not self._gradient[node]:
            less = self._make(Operation(Op.SUM, (), ((log, exponent - 1.0),)), late=True)
            slope = self._make(Operation(Op.EXP, (less,)), late=True)
            _add(self._gradient[node], self.derivatives(a), (slope,), exponent)
        return node

    def table(self, x: Node, tables: Sequence[Piecewise]) -> list[Node]:
        """Tabulated functions of x, in the order given. Those with the same breaks share the search for the piece x is on."""
        found: list[Node] = [0] * len(tables)
        groups: dict[tuple[float, ...], list[int]] = {}
        for i, t in enumerate(tables):
            groups.setdefault(t.breaks, []).append(i)
        for places in groups.values():
            group = tuple(on_one_grid(tables[i] for i in places))
            node = self._make(Operation(Op.TABLE, (x,), width=len(group), tables=group))
            if self.derivatives(x) and not self._gradient[node]:
                slopes = self._make(Operation(Op.TABLE_SLOPES, (x,), width=len(group), tables=group), late=True)
                for k in range(len(group)):
                    gradient: Gradient = {}
                    _add(gradient, self.derivatives(x), (slopes + k,), 1.0)
                    self._gradient[node + k] = gradient
            for k, i in enumerate(places):
                found[i] = node + k
        return found

    def _opposite(self, a: Node) -> Node:
        """-a, for the Jacobian only."""
        return self._make(Operation(Op.SUM, (), ((a, -1.0),)), late=True)

    def _add_relative(self, gradient: Gradient, x: Node) -> None:
        """d(ln x), with a reciprocal of x that only the Jacobian computes."""
        if self.derivatives(x):
            inverse = self._make(Operation(Op.RECIPROCAL, (x,)), late=True)
            _add(gradient, self.derivatives(x), (inverse,), 1.0)

    # ---- derivatives in stages -------------------------------------------------------------------------------------------
    def chain(self, node: Node, slopes: Mapping[Node, Terms]) -> Node:
        """`node` with these derivatives by what it is made of: sums of products of nodes, each one node that only the Jacobian computes."""
        gradient: Gradient = {}
        for x, terms in slopes.items():
            if self.derivatives(x):
                if constant := terms.get((), 0.0):
                    _add(gradient, self.derivatives(x), (), constant)
                if rest := {key: w for key, w in terms.items() if key and w}:
                    _add(gradient, self.derivatives(x), (self._slope(rest),), 1.0)
        self._gradient[node] = gradient
        return node

    def isolated(self, inputs: Iterable[Node], build: Callable[[], Node]) -> Node:
        """What `build` makes, differentiated by `inputs` and only then by states: for what is long between few inputs and one result.

        Without this every state would have the whole length of the derivative for itself.
        """
        own = {x: self.derivatives(x) for x in inputs}
        cache, self._cache = self._cache, {}  # nodes within have derivatives of another kind, and are for no one else
        self._gradient |= {x: {x: {(): 1.0}} for x, gradient in own.items() if gradient}
        node = build()
        within = self.derivatives(node)
        self._gradient |= own
        self._cache = cache
        return node if node in own else self.chain(node, within)

    def _slope(self, terms: Terms) -> Node:
        """A sum of products as one node that only the Jacobian computes."""
        summed: dict[Node, float] = {}
        for key, weight in terms.items():
            node = key[0]
            for other in key[1:]:
                node = self._make(Operation(Op.PRODUCT, (node, other)), late=True)
            summed[node] = summed.get(node, 0.0) + weight
        if list(summed.values()) == [1.0]:
            return next(iter(summed))
        return self._make(Operation(Op.SUM, (), tuple(summed.items())), late=True)

    # ---- rates ---------------------------------------------------------------------------------------------------------
    def linear(self, strength: Node, terms: Mapping[Node, float]) -> Node:
        """strength times a sum: the law of everything that runs on its affinity."""
        kept = self._flat(terms)
        gradient: Gradient = {}
        for node, weight in kept:
            _add(gradient, self.derivatives(node), (strength,), weight)
        if self.derivatives(strength):
            _add(gradient, self.derivatives(strength), (self.sum(terms),), 1.0)
        return self._make(Operation(Op.LINEAR, (strength,), kept), gradient)

    def ghk(self, P: Node, c_in: Node, c_out: Node, zu: Node) -> Node:
        """P (B(zu) c_out - B(-zu) c_in)."""
        pair = self._make(Operation(Op.BERNOULLI, (zu,), width=2))
        pair_slopes = self._make(Operation(Op.BERNOULLI_SLOPE, (zu,), width=2), late=True)
        rate = self._make(Operation(Op.GHK, (c_in, c_out, P, pair)))
        by_strength = bool(self.derivatives(P))
        slopes = self._make(Operation(Op.GHK_SLOPES, (c_in, c_out, P, pair, pair_slopes), width=3 + by_strength), late=True)
        gradient: Gradient = {}
        for k, x in enumerate((zu, c_in, c_out, P) if by_strength else (zu, c_in, c_out)):
            _add(gradient, self.derivatives(x), (slopes + k,), 1.0)
        self._gradient[rate] = gradient
        return rate

    def factors(self, strength: Node, factors: Iterable[tuple[int, int, Node, Node | None]]) -> Node:
        """strength times factors (kind, power, c, K)."""
        listed = tuple((int(kind), int(power), c, c if K is None else K) for kind, power, c, K in factors)
        if not listed:
            return strength
        rate = self._make(Operation(Op.FACTORS, (strength,), (), listed))
        read = [c for _, _, c, _ in listed] + ([strength] if self.derivatives(strength) else [])
        slopes = self._make(Operation(Op.FACTOR_SLOPES, (strength,), (), listed, width=len(read)), late=True)
        gradient: Gradient = {}
        for k, c in enumerate(read):
            _add(gradient, self.derivatives(c), (slopes + k,), 1.0)
        self._gradient[rate] = gradient
        return rate

    # ---- rows and tolerances -------------------------------------------------------------------------------------------
    def row(self, state: Node, terms: Mapping[Node, float]) -> None:
        """d(state)/dt gathers these nodes, or for an algebraic row: 0 = their sum."""
        for node, weight in terms.items():
            if weight:
                self.rows[state][node] = self.rows[state].get(node, 0.0) + float(weight)

    def tolerance(self, terms: Mapping[Node, float], value: Node, atol: Node, *, rtol: float = 1.0, positive: bool = False) -> None:
        """A row of the error norm: the sum over states, against atol + rtol |value|. States come first, in their order."""
        self.tolerances.append((dict(terms), value, atol, rtol, positive))

    # ---- arrays --------------------------------------------------------------------------------------------------------
    def finish(self, wanted: Iterable[Node] = ()) -> tuple[dict[str, object], dict[Node, int]]:
        """The tables, and the register of every node that the program still holds.

        Quantities that neither a rate, a tolerance nor `wanted` needs are left out.
        """
        return Encoding(self, set(wanted)).arrays()

    def reader(self, wanted: Iterable[Node]) -> tuple[dict[str, object], dict[Node, int], set[Node]]:
        """Tables that compute `wanted` and nothing else (no rows, no Jacobian), the registers, and the parameters they read."""
        made = Encoding(self, set(wanted), reading=True)
        read = {n for what in made.rates.values() for n in what.all_reads} | set(wanted)
        tables, register = made.arrays()
        return tables, register, read & set(self.parameters)


def _add(into: Gradient, gradient: Gradient, factors: tuple[Node, ...], weight: float) -> None:
    for state, terms in gradient.items():
        target = into.setdefault(state, {})
        for key, w in terms.items():
            product = tuple(sorted(key + factors))
            target[product] = target.get(product, 0.0) + w * weight
