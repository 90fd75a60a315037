"""Factors as nodes of a program, with exact derivatives.

Powers and saturations by whole numbers that multiply a strength are one operation of the kernels; everything else is made of sums,
products, reciprocals, exponentials, logarithms and the half of a two-state equilibrium.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ionflux.mechanisms.factors import POTENTIALS, FactorKind
from .slots import Values, kernel_exp, kernel_log

if TYPE_CHECKING:
    from ionflux.cells import Cell
    from ionflux.mechanisms import Mechanism
    from ionflux.mechanisms.factors import Factor
    from .program import Node
    from .rates import Env

#: what the kernels multiply by themselves
OF_THE_KERNEL = (FactorKind.POWER, FactorKind.SATURATION)


def concentrations(cell: Cell) -> frozenset[str]:
    """Names of all concentrations of a cell, of ions and of pools."""
    inner = [*(ion.name for ion in cell.ions), *(pool.name for pool in cell.extra_pools if pool.side == "in")]
    outer = [*(ion.name for ion in cell.bath), *(pool.name for pool in cell.extra_pools if pool.side == "out")]
    return frozenset([*(f"c_in.{name}" for name in inner), *(f"c_out.{name}" for name in outer)])


@dataclass
class Factors:
    """The factors of one mechanism in one membrane; `_seen` holds nodes by name that stand for what would be read."""

    env: Env
    m: Mechanism
    _seen: dict[str, Node] = field(default_factory=dict)

    # ---- what they read ----------------------------------------------------------------------------------------------------
    def present(self, factor: Factor) -> bool:
        """Whether the cell has all that an optional factor reads."""
        return not factor.optional or all(self.env.has(name) for name in factor.reads() if "." in name)

    def read(self, name: str) -> Node:
        """A concentration, a potential, or a parameter of the mechanism."""
        if name not in self._seen:
            env, prefix = self.env, self.env.prefix
            if name in POTENTIALS:
                node = env.u if name in ("u", "V") else self._drive()
                if name.startswith("V"):
                    node = env.program.product(node, env.slot(f"{prefix}VT", lambda v: v[f"{prefix}_VT"]))
            elif "." in name:
                node = env.c(name)
            else:
                node = self.parameter(name)
            self._seen[name] = node
        return self._seen[name]

    def _drive(self) -> Node:
        """(V - E) F/RT of the ion that passes."""
        from .rates import affinity  # which needs factors itself

        return self.env.program.sum({node: -w / self.m.charge for node, w in affinity(self.env, self.m).items()})

    def read_all(self, factors: Iterable[Factor]) -> list[Node]:
        """Make the nodes of all that varies, and return them."""
        names = {name for f in factors for name in f.reads()}
        there = sorted(name for name in names if name in POTENTIALS or self.env.has(name))
        return [self.read(name) for name in there]

    def parameter(self, number: float | str) -> Node:
        """A parameter by name, or a number."""
        if isinstance(number, str):
            name = f"{self.env.prefix}{self.m.name}.{number}"
            return self.env.slot(name, lambda v: v[name])
        constant = float(number)
        return self.env.slot(f"number {constant!r}", lambda v: constant)

    def _inverse(self, number: float | str | None) -> Node:
        """One over a parameter, computed once per segment."""
        assert number is not None
        if isinstance(number, str):
            name = f"{self.env.prefix}{self.m.name}.{number}"
            return self.env.slot(f"1/{name}", lambda v: 1.0 / v[name])
        return self.parameter(1.0 / number)

    def _constant_power(self, number: float | str, n: int) -> Node:
        """A parameter to a whole power, once per segment; by products, which have the same bits for a number and in an array."""
        if n == 1 or not isinstance(number, str):
            return self.parameter(number if n == 1 else float(number) ** n)
        name = f"{self.env.prefix}{self.m.name}.{number}"

        def formula(v: Values) -> Any:
            whole = v[name] * 0.0 + 1.0
            for _ in range(abs(n)):
                whole = whole * v[name]
            return whole if n >= 0 else 1.0 / whole

        return self.env.slot(f"{name}^{n}", formula)

    def _constant_exponential(self, f: Factor) -> Node:
        name, by, origin = f"{self.env.prefix}{self.m.name}.{f.of}", f.scale, f.constant
        assert isinstance(by, int | float)
        assert isinstance(origin, int | float)
        return self.env.slot(f"exp({by!r} ({name} - {origin!r}))", lambda v: kernel_exp((v[name] - origin) * by))

    def _logarithm(self, number: float | str) -> Node:
        name = f"{self.env.prefix}{self.m.name}.{number}"
        if isinstance(number, str):
            return self.env.slot(f"ln {name}", lambda v: kernel_log(v[name]))
        return self.env.slot(f"ln {number!r}", lambda v: kernel_log(number))

    # ---- products ----------------------------------------------------------------------------------------------------------
    def times(self, strength: Node, factors: Iterable[Factor]) -> Node:
        """`strength` times all factors."""
        p = self.env.program
        there = [f for f in factors if self.present(f)]
        simple = [f for f in there if f.kind in OF_THE_KERNEL and "." in f.of]
        constants = [None if f.constant is None else self.parameter(f.constant) for f in simple]
        node = p.factors(strength, [(f.kind, int(f.power), self.read(f.of), K) for f, K in zip(simple, constants, strict=True)])
        for f in there:
            if f not in simple:
                node = p.product(node, self.node(f))
        return node

    def _product(self, factors: Iterable[Factor]) -> Node | None:
        node = None
        for f in factors:
            if self.present(f):
                made = self.node(f)
                node = made if node is None else self.env.program.product(node, made)
        return node

    def _power(self, x: Node, n: int) -> Node:
        """x^n by products, for n >= 1."""
        node = x
        for _ in range(n - 1):
            node = self.env.program.product(node, x)
        return node

    # ---- each kind ---------------------------------------------------------------------------------------------------------
    def node(self, f: Factor) -> Node:
        """One factor by itself."""
        p = self.env.program
        if f.kind in (FactorKind.TOTAL, FactorKind.RECIPROCAL):
            whole = self._sum(f)
            return whole if f.kind is FactorKind.TOTAL else p.reciprocal(whole)
        if f.kind is FactorKind.EITHER:
            return self.read(f.of) if self.env.has(f.of) else self.node(f.parts[0][1][0])
        given = "." not in f.of and f.of not in POTENTIALS  # a parameter: what it makes changes with it only
        if given and f.kind is FactorKind.POWER:
            return self._constant_power(f.of, int(f.power))
        if given and f.kind is FactorKind.EXPONENTIAL and not isinstance(f.constant, str) and not isinstance(f.scale, str):
            return self._constant_exponential(f)
        x = self.read(f.of)
        if f.kind is FactorKind.POWER:
            n = int(f.power)
            if n == 0:
                return self.parameter(1.0)
            return self._power(x, n) if n > 0 else p.reciprocal(self._power(x, -n))
        if f.kind is FactorKind.EXPONENTIAL:
            return self._exponential(f, x)
        if f.kind is FactorKind.SIGMOID:
            return self._sigmoid(f, x)
        assert f.constant is not None
        if f.kind is FactorKind.SATURATION:
            return self._power(p.divide(x, p.sum({self.parameter(f.constant): 1.0, x: 1.0})), int(f.power))
        return self._hill(f, x)

    def _sum(self, f: Factor) -> Node:
        p = self.env.program
        terms: dict[Node, float] = {}
        for weight, inner in f.parts:
            product = self._product(inner)
            if isinstance(weight, str) or product is None:
                node = self.parameter(weight)
                product, weight = node if product is None else p.product(node, product), 1.0
            terms[product] = terms.get(product, 0.0) + weight
        return p.sum(terms)

    def _shifted(self, f: Factor, x: Node) -> Node:
        """x less the middle or the origin."""
        assert f.constant is not None
        return x if f.constant == 0.0 else self.env.program.sum({x: 1.0, self.parameter(f.constant): -1.0})

    def _exponential(self, f: Factor, x: Node) -> Node:
        p, shifted = self.env.program, self._shifted(f, x)
        assert f.scale is not None
        if isinstance(f.scale, str):
            return p.exp(p.product(shifted, self.parameter(f.scale)))
        return p.exp(p.sum({shifted: float(f.scale)}))

    def _sigmoid(self, f: Factor, x: Node) -> Node:
        assert f.constant is not None
        p, steep = self.env.program, self._inverse(f.scale)
        middle = {} if f.constant == 0.0 else {p.product(self.parameter(f.constant), steep): 1.0}  # apart: it is known before x is
        return p.logistic(p.sum({**middle, p.product(x, steep): -1.0}))

    def _hill(self, f: Factor, x: Node) -> Node:
        """c^n/(K^n + c^n); for a whole n by products, otherwise a sigmoid of ln c."""
        p, n = self.env.program, f.power
        assert f.constant is not None
        if not isinstance(n, str) and float(n).is_integer() and n >= 1:
            whole = int(n)
            above, K = self._power(x, whole), self._constant_power(f.constant, whole)
            return p.divide(above, p.sum({K: 1.0, above: 1.0}))
        # no number that a concentration can be is changed by the summand; at zero it keeps the value 0 and the slope what they are
        distance = p.sum({p.log(p.sum({x: 1.0, self.parameter(1e-300): 1.0})): -1.0, self._logarithm(f.constant): 1.0})
        return p.logistic(p.product(self.parameter(n), distance))
