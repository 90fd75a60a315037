"""The program of one cell alone: what is independent and of one kind stands side by side in the lanes of a vector.

A block of lanes does the same for many cells; with a single cell all lanes but one would idle. So the operations are sorted by what they
wait for, and those of one kind and level go through one group together: elementary functions, sums of products, products of factors.
Every result has the bits that a lane of a block gives it: the same elementary functions, the same order of sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

import numpy as np

from .items import CALLS, ONE, Item, Term, Terms, read_by
from .operations import Op
from .placement import WIDEST, Writer

MAX_FUSED = 4  # longest sum that is computed inside the call of the function that reads it
MAX_FACTORS = 3  # of a term that stands alone; in sums of several, two: every lane would fetch a third
OWN = -2  # registers that are no one else's, downwards
POWER = 0  # FactorKind.POWER
#: about how many cycles a result takes, for the order within a level
CYCLES: dict[int, int] = {
    Op.BERNOULLI: 70,
    Op.LOG: 55,
    Op.EXP: 45,
    Op.LOGISTIC: 65,
    Op.PHI: 90,
    Op.TABLE: 60,
    Op.RECIPROCAL: 15,
    Op.FACTORS: 40,
    Op.GHK: 15,
}


def packed(
    n: int,
    n_par: int,
    ops: Sequence[tuple[int, ...]],
    terms: Sequence[tuple[int, float]],
    factors: Sequence[tuple[int, int, int, int]],
    widths: Sequence[int],
    rows: Sequence[Mapping[int, float]],
    values: Iterable[int],
) -> dict[str, object]:
    """Groups, indices and weights.

    Parameters
    ----------
    n, n_par : states and parameters, the first registers.
    ops, terms, factors : of the program `rates`. widths : functions in each of its tables. rows : dy/dt as {register: weight}.
    values : further registers whose place is wanted (those that the tolerances refer to).
    """
    values = list(values)
    items = _items(ops, terms, factors, widths)
    gathered: list[Terms] = [tuple(((r,), w) for r, w in row.items()) for row in rows]
    fixed = {ONE, *range(n, n + n_par)}
    items, gathered = _fused(items, gathered, set(values), fixed)
    changes = [Item(Op.SUM, (), (), (), row) for row in gathered]
    for item in (*items, *changes):
        _begin(item, fixed)
    _order(items, n, n_par, read_by(gathered) | set(values))
    written = Writer(n, n_par, factors)
    groups = _grouped(items)
    for group in groups:
        written.add(group)
    first = written.reserve(n)
    for k in range(0, n, WIDEST):
        written.add(changes[k : k + WIDEST], first + k)
    return written.arrays() | {"solo_values": np.array([written.place[v] for v in values], dtype=np.intc), "solo_changes": first}


def _items(
    ops: Sequence[tuple[int, ...]], terms: Sequence[tuple[int, float]], factors: Sequence[tuple[int, int, int, int]], widths: Sequence[int]
) -> list[Item]:
    items = []
    sums: dict[Terms, int] = {}
    own = count(OWN, -1)
    for op in ops:
        code, dst, a, b, c, d, _, extra = op
        if code in (Op.SUM, Op.LINEAR):
            of = tuple(((r,), w) for r, w in terms[a:b])
            if code == Op.SUM:
                items.append(Item(Op.SUM, op, (dst,), (), of))
                continue
            if of not in sums:  # one affinity for a leak and the channels beside it
                sums[of] = next(own)
                items.append(Item(Op.SUM, op, (sums[of],), (), of))
            items.append(Item(Op.SUM, op, (dst,), (), (((c, sums[of]), 1.0),)))
        elif code == Op.RECIPROCAL:
            items.append(Item(code, op, (dst,), (), (((a,), 1.0),)))
        elif code == Op.FACTORS:
            if all(kind == POWER and power > 0 for kind, power, _, _ in factors[a:b]):
                items += _powers(op, factors[a:b], own)
            else:
                items.append(Item(code, op, (dst,), (c, *(r for f in factors[a:b] for r in f[2:]))))
        elif code == Op.TABLE:
            items.append(Item(code, op, tuple(range(dst, dst + widths[extra])), (), (((a,), 1.0),)))
        elif code == Op.LOG_PRODUCT:
            items.append(Item(Op.LOG, op, (c,), (), (((a, b), 1.0),)))
            items.append(Item(Op.SUM, op, (dst,), (), (((a, b), 1.0),)))
        elif code == Op.GHK:
            items.append(Item(code, op, (dst,), (a, b, c, d, d + 1)))
        elif code == Op.PRODUCT:
            items.append(Item(Op.SUM, op, (dst,), (), (((a, b), 1.0),)))
        elif code in CALLS:
            items.append(Item(code, op, (dst, dst + 1) if code == Op.BERNOULLI else (dst,), (), (((a,), 1.0),)))
        else:
            raise NotImplementedError(f"one cell alone has no way to compute operation {code}")
    return items


def _powers(op: tuple[int, ...], factors: Sequence[tuple[int, int, int, int]], own: Iterator[int]) -> Iterator[Item]:
    """strength c^n ... as products, c^n being ((c c) c) ... as laws.pxd makes it."""
    out = op[4]
    for k, (_, power, c, _) in enumerate(factors):
        r = c
        for _ in range(power - 1):
            r, before = next(own), r
            yield Item(Op.SUM, op, (r,), (), (((before, c), 1.0),))
        out, before = op[1] if k == len(factors) - 1 else next(own), out
        yield Item(Op.SUM, op, (out,), (), (((before, r), 1.0),))


def _fused(items: list[Item], rows: list[Terms], kept: set[int], fixed: set[int]) -> tuple[list[Item], list[Terms]]:
    """Fewer results that others wait for, with the same bits: each would be written and read again.

    A function of a short sum computes the sum itself, and sums make the products that they add up. What is then read by nobody is left out.
    `fixed` are the registers of parameters; it gets those that only they make.
    """
    for item in items:
        item.fixed = fixed.issuperset(item.all_reads)
        fixed |= {*item.results} if item.fixed else set()
    sums = {item.results[0]: item.terms for item in items if item.code == Op.SUM and not item.fixed}

    def sum_of(terms: Terms) -> Terms:
        """The terms of the sum that is all there is in `terms`, if it is a short one."""
        ((factors, weight), *more) = terms
        of = sums.get(factors[0], ()) if len(factors) == 1 and weight == 1.0 and not more else ()
        return of if 0 < len(of) <= MAX_FUSED else terms

    def with_products(term: Term, most: int) -> Term:
        """The same with products in place of factors that are products: (a b) c, and the sign."""
        factors, weight = term
        while len(factors) < most:
            found = [r for r in factors if len(of := sums.get(r, ())) == 1 and abs(of[0][1]) == 1.0]
            found = [r for r in found if len(factors) + len(sums[r][0][0]) - 1 <= most]
            if not found:
                break
            last = max(found)
            ((inner, sign),) = sums[last]
            rest = list(factors)
            rest.remove(last)
            factors, weight = (*inner, *rest), weight * sign
        return factors, weight

    for item in items:
        if item.code in CALLS:
            item.terms = sum_of(item.terms)
        most = 2 if item.code == Op.SUM and len(item.terms) > 1 else MAX_FACTORS
        item.terms = tuple(with_products(term, most) for term in item.terms)
    rows = [tuple(with_products(term, 2) for term in row) for row in rows]
    alive, left = set(kept) | read_by(rows), []
    for item in reversed(items):
        if not alive.isdisjoint(item.results):
            left.append(item)
            alive |= item.all_reads
    return _scaled(left[::-1], rows, set(kept), fixed), rows


def _scaled(items: list[Item], rows: list[Terms], kept: set[int], fixed: set[int]) -> list[Item]:
    """Products of a function's result and parameters are made where the function is, if nobody else wants the result."""
    reads = Counter(r for item in items for r in item.all_reads)
    reads.update(r for r in kept | read_by(rows))
    made = {item.results[0]: item for item in items if item.code in CALLS and len(item.results) == 1 and not item.fixed}
    gone = set()
    for item in items:
        if item.code != Op.SUM or len(item.terms) != 1:
            continue
        ((factors, weight),) = item.terms
        some = [k for k, r in enumerate(factors) if r not in fixed]
        if len(factors) > 1 and len(some) == 1 and some[0] < 2 and reads[x := factors[some[0]]] == 1 and x in made:
            others = [r for r in factors if r != x]
            made[x].results, made[x].after = item.results, ((*others, ONE)[:2], weight)
            gone.add(id(item))
    left = [item for item in items if id(item) not in gone]
    return sorted(left, key=lambda item: not item.fixed)  # in front of functions that now read them


def _begin(item: Item, fixed: set[int]) -> None:
    """Terms of a sum that parameters alone make, as far as they come first, are added up once."""
    first = 0
    while not item.fixed and first < len(item.terms) and fixed.issuperset(item.terms[first][0]):
        first += 1
    item.start, item.terms = item.terms[:first], item.terms[first:]


def _order(items: list[Item], n: int, n_par: int, wanted: set[int]) -> None:
    """Levels from what each item waits for, urgency from how long others wait for it."""
    level = dict.fromkeys((ONE, *range(n + n_par)), 0)
    fixed = {ONE, *range(n, n + n_par)}
    for item in items:
        item.level = 1 + max((level[r] for r in item.all_reads if item.fixed or r not in fixed), default=0)
        if item.fixed:
            fixed.update(item.results)
        level |= dict.fromkeys(item.results, item.level)
    end = 1 + max((item.level for item in items), default=0)
    needed: dict[int, int] = {}  # the level before which a result must be there
    rest = dict.fromkeys(wanted, 10)
    for item in reversed(items):
        if item.code == Op.SUM and not item.fixed:  # as late as may be: more stand side by side
            item.level = min(needed.get(r, end) for r in item.results) - 1
        item.urgency = CYCLES.get(item.code, 12) + max(rest.get(r, 0) for r in item.results)
        for r in item.all_reads:
            rest[r] = max(rest.get(r, 0), item.urgency)
            needed[r] = min(needed.get(r, end), item.level)


def _grouped(items: list[Item]) -> list[list[Item]]:
    """Items of one level and kind, the most urgent first, before them those that only parameters make; vectors hold eight."""
    found: dict[tuple[int, ...], list[Item]] = {}
    for i, item in enumerate(items):
        kind = item.code
        alone = i if kind == Op.TABLE else int(kind == Op.SUM and len(item.terms) == 1)
        found.setdefault((not item.fixed, item.level, kind, alone), []).append(item)
    for key, group in list(found.items()):
        *same, alone = key
        if key[2] == Op.SUM and alone and (*same, 0) in found and _cost(group + (sums := found[*same, 0])) <= _cost(group) + _cost(sums):
            sums += found.pop(key)
    out = []
    for group in sorted(found.values(), key=lambda g: (not g[0].fixed, g[0].level, -max(i.urgency for i in g))):
        alike = sorted(group, key=lambda item: (-len(item.terms), -item.urgency))
        out += [alike[k : k + WIDEST] for k in range(0, len(alike), WIDEST)]
    return out


def _cost(group: list[Item]) -> int:
    """Vectors to fetch: every lane of a group fetches as many factors of as many terms as any of them; a group itself costs about three."""
    longest = max(len(item.terms) for item in group)
    most = max((len(factors) for item in group for factors, _ in item.terms), default=1)
    return -(-len(group) // WIDEST) * (longest * most + 3)
