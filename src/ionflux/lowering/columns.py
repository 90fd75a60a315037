"""Sums side by side in the lanes of a vector: which term of each stands beside which terms of the others.

One instruction fetches a vector of operands from two blocks of numbers. A sum shorter than its neighbours may leave out any place, and
the first two factors of a product may change places, without a change of bits; both are chosen so that as few operands as may be need more
blocks than two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from .items import ONE, Term, Terms

AFAR = 8.0  # what a block beyond the second costs, in units of one within


def aligned(sums: Sequence[Terms], factors: int, block: Callable[[int], int]) -> list[list[Term | None]]:
    """The terms of each sum in their places, None where it has none.

    The longest sum comes first, and each takes the places that cost least beside those before it. factors : of the widest product; narrower
    ones are padded with 1. block : where a register stands.
    """
    places = max(map(len, sums), default=0)
    columns: list[list[set[int]]] = [[set() for _ in range(factors)] for _ in range(places)]
    out: list[list[Term | None]] = [[] for _ in sums]
    for of, terms in sorted(enumerate(sums), key=lambda one: -len(one[1])):
        best: dict[int, tuple[float, tuple[Term | None, ...]]] = {0: (0.0, ())}  # with so many of the terms placed: costs, places
        for at, column in enumerate(columns):
            then: dict[int, tuple[float, tuple[Term | None, ...]]] = {}
            for k, (cost, taken) in best.items():
                ways: list[tuple[int, Term | None]] = []
                if k < len(terms):
                    (a, *more), weight = terms[k]
                    ways.append((k + 1, terms[k]))
                    if more:
                        ways.append((k + 1, ((more[0], a, *more[1:]), weight)))
                if places - at > len(terms) - k:
                    ways.append((k, None))
                for placed, term in ways:
                    costs = cost + _costs(column, _blocks(term, factors, block))
                    if placed not in then or costs < then[placed][0]:
                        then[placed] = costs, (*taken, term)
            best = then
        cells = best[len(terms)][1]
        out[of] += cells
        for column, term in zip(columns, cells, strict=True):
            for blocks, one in zip(column, _blocks(term, factors, block), strict=True):
                blocks.add(one)
    return out


def _blocks(term: Term | None, factors: int, block: Callable[[int], int]) -> list[int]:
    """Where the factors of a term stand, or the ones that are in its place."""
    return [block(r) for r in chain(() if term is None else term[0], [ONE] * (factors - (0 if term is None else len(term[0]))))]


def _costs(column: Sequence[set[int]], more: Sequence[int]) -> float:
    """What it costs to fetch from these blocks too."""
    return sum((AFAR if len(blocks) > 1 else 1.0) for blocks, one in zip(column, more, strict=True) if one not in blocks)
