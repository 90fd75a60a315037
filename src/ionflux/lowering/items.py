"""What one cell alone computes, one operation after the other: results, and what they are made of.

Registers are numbered as in a program: states, parameters, results.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from .operations import Op

ONE = -1  # the number 1 as a register
#: elementary functions of one argument, which may be a sum
CALLS = frozenset({Op.LOG, Op.BERNOULLI, Op.EXP, Op.PHI, Op.LOGISTIC, Op.RECIPROCAL})

Term: TypeAlias = tuple[tuple[int, ...], float]  # weight * ((a * b) * c), as ((a, b, c), weight); one to three factors
Terms: TypeAlias = tuple[Term, ...]  # their sum


@dataclass
class Item:
    """One operation: results and what they need, both as registers; its terms, where its argument or itself is a sum."""

    code: int
    op: tuple[int, ...]
    results: tuple[int, ...]
    reads: tuple[int, ...]
    terms: Terms = ()
    start: Terms = ()  # terms in front of these that are made of parameters alone
    after: Term | None = None  # of a function, what its result x is multiplied with: weight * ((a * x) * b)
    fixed: bool = False  # made of parameters alone
    level: int = 0
    urgency: int = 0

    @property
    def all_reads(self) -> set[int]:
        return {*self.reads} | read_by([self.start, self.terms, () if self.after is None else (self.after,)])


def read_by(sums: Iterable[Terms]) -> set[int]:
    """The registers that these sums read."""
    return {r for terms in sums for factors, _ in terms for r in factors}
