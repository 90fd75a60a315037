"""The operations of a program: what each reads, and what it computes.

A node is an integer, and may be a state, a parameter or a result. An operation with several results has as many nodes in a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from ionflux.piecewise import Piecewise

Node = int
Terms = dict[tuple[Node, ...], float]  # sum over products of nodes: {(a, b): weight}


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
class Operation:
    """One operation, known by the node of its first result.

    reads : nodes. terms : of a sum. factors : of a product law. width : how many results. tables : functions on one grid.
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
