"""The program of one cell alone: what is independent and of one kind stands side by side in the lanes of a vector.

A block of lanes does the same for many cells; with a single cell all lanes but one would idle. So the operations are sorted by what they
wait for, the elementary functions of one level go through one call together, sums and products as plain numbers in between. Every result
has the bits that a lane of a block gives it: the same elementary functions, the same order of sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ONE = -1  # the number 1 as a register
WIDEST = 8  # doubles in the widest vector there is; groups are padded to it, so that one table serves every instruction set
MAX_FUSED = 4  # longest sum that is computed inside the call of the function that reads it

#: codes of lowering.program.Op
SUM, LINEAR, PRODUCT, RECIPROCAL, LOG, BERNOULLI, GHK, FACTORS, EXP, PHI, LOG_PRODUCT, TABLE, LOGISTIC = (
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    9,
    11,
    12,
    14,
    15,
    17,
)
#: elementary functions of one argument; those of one group go through one call
CALLS = {LOG: LOG, BERNOULLI: BERNOULLI, EXP: EXP, PHI: PHI, LOGISTIC: EXP}
#: what is computed as one or several sums of weight * a * b: the sum itself, times a number, its reciprocal
SUMS = (SUM, LINEAR, RECIPROCAL)
#: results per item of those that have two
PAIRS = (BERNOULLI, LOG_PRODUCT)
#: about how many cycles a result takes, for the order within a level
CYCLES = {BERNOULLI: 70, LOG: 55, LOG_PRODUCT: 60, EXP: 45, LOGISTIC: 65, PHI: 90, TABLE: 60, RECIPROCAL: 15, FACTORS: 40, GHK: 15}


@dataclass
class _Item:
    """One operation: results and what they need, both as registers; its terms (a, b, weight), where its argument or itself is a sum."""

    code: int
    op: tuple[int, ...]
    results: tuple[int, ...]
    reads: tuple[int, ...]
    terms: tuple[tuple[int, int, float], ...] = ()
    fixed: bool = False  # made of parameters alone
    level: int = 0
    urgency: int = 0

    @property
    def all_reads(self) -> set[int]:
        return {*self.reads, *(r for term in self.terms for r in term[:2])}


@dataclass
class _Groups:
    """What the kernel walks: per group kind, count, first result, where its indices and its weights begin, extra, first pair."""

    rows: list[tuple[int, ...]] = field(default_factory=list)
    index: list[int] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)
    pairs: list[tuple[int, int]] = field(default_factory=list)  # the sums of weight * a * b
    pair_weight: list[float] = field(default_factory=list)


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
    gathered = [tuple((r, ONE, w) for r, w in row.items()) for row in rows]
    items, gathered = _fused(items, gathered, set(values))
    wanted = {r for row in gathered for term in row for r in term[:2]} | set(values)
    _order(items, n, n_par, wanted)
    padded = -(-n // WIDEST) * WIDEST
    zero = padded + n_par
    place = {i: i for i in range(n)} | {n + i: padded + i for i in range(n_par)} | {ONE: zero + 1}
    out, free = _Groups(), -(-(zero + 2) // WIDEST) * WIDEST
    grouped = _grouped(items)
    for group in grouped:
        free = _write(out, group, place, zero, free, factors)
    start, plain = [len(out.pairs)], []
    for one in gathered:
        plain.append(_pairs(out, one, place))
        start.append(len(out.pairs))
    return {
        "solo_groups": np.array(out.rows, dtype=np.intc).reshape(-1, 7),
        "solo_index": np.array(out.index, dtype=np.intc),
        "solo_weight": np.array(out.weight, dtype=float),
        "solo_pair": np.array(out.pairs, dtype=np.intc).reshape(-1, 2),
        "solo_pair_weight": np.array(out.pair_weight, dtype=float),
        "solo_rows": np.array([*start, *plain], dtype=np.intc),
        "solo_values": np.array([place[v] for v in values], dtype=np.intc),
        "solo_sizes": np.array([padded, zero + 1, free + WIDEST, sum(g[0].fixed for g in grouped)], dtype=np.intc),
    }


def _items(
    ops: Sequence[tuple[int, ...]], terms: Sequence[tuple[int, float]], factors: Sequence[tuple[int, int, int, int]], widths: Sequence[int]
) -> list[_Item]:
    items = []
    for op in ops:
        code, dst, a, b, c, d, _, extra = op
        if code in (SUM, LINEAR):
            of = tuple((r, ONE, w) for r, w in terms[a:b])
            items.append(_Item(code, op, (dst,), (c,) if code == LINEAR else (), of))
        elif code == RECIPROCAL:
            items.append(_Item(code, op, (dst,), (), ((a, ONE, 1.0),)))
        elif code == FACTORS:
            items.append(_Item(code, op, (dst,), (c, *(r for f in factors[a:b] for r in f[2:]))))
        elif code == TABLE:
            items.append(_Item(code, op, tuple(range(dst, dst + widths[extra])), (a,)))
        elif code == LOG_PRODUCT:
            items.append(_Item(code, op, (dst, c), (a, b)))
        elif code == GHK:
            items.append(_Item(code, op, (dst,), (a, b, c, d, d + 1)))
        elif code == PRODUCT:
            items.append(_Item(code, op, (dst,), (a, b)))
        elif code in CALLS:
            items.append(_Item(code, op, (dst, dst + 1) if code == BERNOULLI else (dst,), (a,)))
        else:
            raise NotImplementedError(f"one cell alone has no way to compute operation {code}")
    return items


def _fused(items: list[_Item], rows: list[tuple[tuple[int, int, float], ...]], kept: set[int]) -> tuple[list[_Item], list[Any]]:
    """Fewer results that only one other operation reads, with the same bits: each would wait in memory for that one.

    Functions of short sums compute these themselves; a sum times a number, and the reciprocal of a sum, are one operation; products
    that only sums read are made there.
    """
    made = {item.results[0]: item for item in items}
    readers: Counter[int] = Counter(kept)
    for item in items:
        readers.update({*item.reads, *(r for term in item.terms for r in term[:2])})
    readers.update(r for row in rows for term in row for r in term[:2])

    def short(register: int) -> _Item | None:
        of = made.get(register)
        return of if of is not None and of.code == SUM and 0 < len(of.terms) <= MAX_FUSED else None

    def only(register: int, code: int) -> _Item | None:
        of = made.get(register)
        return of if of is not None and of.code == code and readers[register] == 1 and register not in kept else None

    def with_products(terms: tuple[tuple[int, int, float], ...]) -> tuple[tuple[int, int, float], ...]:
        products = [only(a, PRODUCT) if b == ONE else None for a, b, _ in terms]
        return tuple(t if p is None else (p.reads[0], p.reads[1], t[2]) for t, p in zip(terms, products, strict=True))

    items = _shared(items)
    for item in items:
        if item.code in CALLS and (of := short(item.reads[0])) is not None:
            item.terms, item.reads = of.terms, ()
        elif item.code == RECIPROCAL and (of := only(item.terms[0][0], SUM)) is not None:
            item.terms = of.terms
        elif item.code == PRODUCT and item.reads[0] != item.reads[1]:
            for k in (1, 0):
                if (of := only(item.reads[k], SUM)) is not None:
                    item.code, item.reads, item.terms = LINEAR, (item.reads[1 - k],), of.terms
                    break
    for item in items:
        if item.code in SUMS:
            item.terms = with_products(item.terms)
    rows = [with_products(row) for row in rows]
    alive, left = set(kept) | {r for row in rows for term in row for r in term[:2]}, []
    for item in reversed(items):
        if not alive.isdisjoint(item.results):
            left.append(item)
            alive |= {*item.reads, *(r for term in item.terms for r in term[:2])}
    return left[::-1], rows


def _shared(items: list[_Item]) -> list[_Item]:
    """One sum for all that multiply it by a number of their own: the affinity of a leak and of the channels beside it."""
    same = Counter(item.terms for item in items if item.code == LINEAR)
    sums: dict[Any, int] = {}
    out, free = [], -2  # registers of their own, below that of the number 1
    for item in items:
        if item.code == LINEAR and same[item.terms] > 1:
            if item.terms not in sums:
                sums[item.terms] = free
                out.append(_Item(SUM, item.op, (free,), (), item.terms))
                free -= 1
            item = _Item(PRODUCT, item.op, item.results, (*item.reads, sums[item.terms]))
        out.append(item)
    return out


def _order(items: list[_Item], n: int, n_par: int, wanted: set[int]) -> None:
    """Levels from what each item waits for, urgency from how long others wait for it."""
    level = dict.fromkeys((ONE, *range(n + n_par)), 0)
    fixed = {ONE, *range(n, n + n_par)}
    for item in items:
        item.fixed = fixed.issuperset(item.all_reads)
        item.level = 1 + max((level[r] for r in item.all_reads if item.fixed or r not in fixed), default=0)
        if item.fixed:
            fixed.update(item.results)
        level |= dict.fromkeys(item.results, item.level)
    rest = dict.fromkeys(wanted, 10)
    for item in reversed(items):
        item.urgency = CYCLES.get(item.code, 12) + max(rest.get(r, 0) for r in item.results)
        for r in item.all_reads:
            rest[r] = max(rest.get(r, 0), item.urgency)


def _grouped(items: list[_Item]) -> list[list[_Item]]:
    """Items of one level and kind, the most urgent first, before them those that only parameters make; vectors hold eight."""
    found: dict[tuple[int, ...], list[_Item]] = {}
    for i, item in enumerate(items):
        kind = PRODUCT if item.code == PRODUCT else SUM if item.code in SUMS else CALLS.get(item.code, item.code)
        found.setdefault((not item.fixed, item.level, kind, i if kind == TABLE else 0), []).append(item)
    ordered = sorted(found.values(), key=lambda g: (not g[0].fixed, g[0].level, -max(i.urgency for i in g)))
    out = []
    for group in ordered:
        size = WIDEST if group[0].code in (*CALLS, LOG_PRODUCT) else len(group)
        out += [group[k : k + size] for k in range(0, len(group), size)]
    return out


def _write(
    out: _Groups, group: list[_Item], place: dict[int, int], zero: int, free: int, factors: Sequence[tuple[int, int, int, int]]
) -> int:
    """Append one group; return the next free place."""
    code, count = group[0].code, len(group)
    index, weight, extra, first = len(out.index), len(out.weight), 0, len(out.pairs)
    if code in CALLS:
        code = CALLS[code]
        halves = [1.0 if item.code == LOGISTIC else 0.0 for item in group]
        if any(halves):  # which lanes: before the weights
            code = LOGISTIC
            out.weight += [*halves, *[0.0] * (WIDEST - count)]
        extra = max(len(item.terms) for item in group)
        for t in range(max(extra, 1)):
            of = [
                item.terms[t] if t < len(item.terms) else (item.reads[0], ONE, 1.0) if not item.terms and t == 0 else None for item in group
            ]
            _lanes(out, [zero if x is None else place[x[0]] for x in of], zero)
            out.weight += [*(0.0 if x is None else x[2] for x in of), *[0.0] * (WIDEST - count)]
    elif code == LOG_PRODUCT:
        for k in range(2):
            _lanes(out, [place[item.reads[k]] for item in group], zero)
    elif code in SUMS:
        code = SUM
        for item in group:
            kind = int(item.code == RECIPROCAL) + 2 * _pairs(out, item.terms, place)
            out.index += [len(item.terms), kind, place[item.reads[0] if item.reads else ONE]]
    elif code == FACTORS:
        for item in group:
            listed = factors[item.op[2] : item.op[3]]
            out.index += [len(listed), place[item.op[4]], *(x for kind, power, c, K in listed for x in (kind, power, place[c], place[K]))]
    else:  # products, Goldman fluxes, tables
        extra = group[0].op[7]
        for item in group:
            out.index += [place[r] for r in item.reads]
    out.rows.append((code, count, free, index, weight, extra, first))
    if code == TABLE:
        place |= {r: free + i for i, r in enumerate(group[0].results)}
        return free + -(-len(group[0].results) // WIDEST) * WIDEST
    for i, item in enumerate(group):
        place |= {r: free + k * WIDEST + i for k, r in enumerate(item.results)}
    return free + (2 * WIDEST if code in PAIRS else -(-count // WIDEST) * WIDEST)


def _pairs(out: _Groups, terms: Iterable[tuple[int, int, float]], place: Mapping[int, int]) -> bool:
    """Append the terms of a sum; whether all of them are weight * a."""
    plain = True
    for a, b, w in terms:
        out.pairs.append((place[a], place[b]))
        out.pair_weight.append(w)
        plain &= b == ONE
    return plain


def _lanes(out: _Groups, places: list[int], zero: int) -> None:
    """One operand of a vector: 1 if all lanes read the same place, else 0, then the places."""
    out.index += [int(len(set(places)) == 1), *places, *[zero] * (WIDEST - len(places))]
