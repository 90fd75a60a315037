"""Sums side by side: their terms stay in order, and as few operands as may be come from more than two blocks."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from ionflux.lowering.columns import aligned
from ionflux.lowering.items import ONE, Terms

SIZE = 8  # numbers in a block; parameters, and the number 1, are copied into one block of their own


def block(register: int) -> int:
    return -1 if register == ONE or register >= 100 else register // SIZE


def beyond(rows: list[list[object]], factors: int) -> int:
    """How many blocks beyond two the operands of all columns need."""
    more = 0
    for column in zip(*rows, strict=True):
        for k in range(factors):
            registers = [(*(() if term is None else term[0]), ONE, ONE, ONE)[k] for term in column]  # type: ignore[index]
            more += max(len({block(r) for r in registers}) - 2, 0)
    return more


def drawn(rng: np.random.Generator, sums: int, factors: int, longest: int) -> list[Terms]:
    lengths = sorted((int(rng.integers(1, longest + 1)) for _ in range(sums)), reverse=True)

    def term() -> tuple[tuple[int, ...], float]:
        return tuple(int(r) for r in rng.choice([*range(40), 100, 101, 102], int(rng.integers(1, factors + 1)))), float(rng.normal())

    return [tuple(term() for _ in range(n)) for n in lengths]


@pytest.mark.parametrize("seed", range(20))
def test_every_sum_keeps_its_terms_and_their_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sums = drawn(rng, int(rng.integers(1, 9)), int(rng.integers(1, 4)), int(rng.integers(1, 6)))
    rows = aligned(sums, 3, block)
    assert {len(row) for row in rows} == {len(sums[0])}
    for terms, row in zip(sums, rows, strict=True):
        kept = [term for term in row if term is not None]
        assert [weight for _, weight in kept] == [weight for _, weight in terms]
        for (after, _), (before, _) in zip(kept, terms, strict=True):
            assert after[2:] == before[2:]  # (a b) c: only the first two change places
            assert sorted(after[:2]) == sorted(before[:2])


def test_a_short_sum_leaves_out_the_place_that_would_need_a_third_block() -> None:
    long = (((0, 100), 1.0), ((8, 100), 1.0), ((16, 100), 1.0))
    beside = (((1, 100), 1.0), ((100, 101), 1.0), ((17, 100), 1.0))
    short = (((2, 101), 1.0), ((18, 101), 1.0))
    rows = aligned([long, beside, short], 2, block)
    assert beyond(rows, 2) == 0
    assert rows[2][1] is None


def test_factors_change_places_where_that_saves_a_block() -> None:
    sums = [(((0, 9), 1.0),), (((1, 10), 1.0),), (((11, 2), 1.0),), (((20, 3), 1.0),)]
    assert beyond(aligned(sums, 2, block), 2) == 0  # 0, 16 beside 8; as written they would be three and two


@pytest.mark.parametrize("seed", range(10))
def test_a_further_sum_stands_as_well_as_any_way_of_placing_it(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    squares: list[Terms] = [tuple(((int(r), int(r)), 1.0) for r in rng.integers(0, 40, 4)) for _ in range(2)]  # which do not turn
    (short,) = drawn(rng, 1, 2, 3)
    turns = [[t] if len(t[0]) < 2 else [t, (t[0][::-1], t[1])] for t in short]
    ways = []
    for places in combinations(range(4), len(short)):
        for turned in product(*turns):
            row: list[object] = [None] * 4
            for at, term in zip(places, turned, strict=True):
                row[at] = term
            ways.append(beyond([[*squares[0]], [*squares[1]], row], 2))
    assert beyond(aligned([*squares, short], 2, block), 2) == min(ways)
