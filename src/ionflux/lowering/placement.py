"""Where the numbers of one cell alone stand, and how vectors of them are fetched: the lists that core/solo.pxd walks.

Numbers stand in blocks of eight, the width of the widest vector. A vector of operands comes from the lanes of two blocks, or of four, in
any order (one instruction each with AVX-512; narrower vectors pick numbers one by one). Parameters stand in the order of their registers,
anywhere; so those that one operand needs are copied next to each other, once per segment, after what parameters alone make.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .columns import aligned
from .items import ONE, Item
from .operations import Op

WIDEST = 8  # doubles in the widest vector there is; groups are padded to it, so that one table serves every instruction set
LONGEST = 5  # terms of a sum for which the kernel has code without a loop
SATURATION = 1  # FactorKind.SATURATION
TWO, FOUR, ANYWHERE = 0, 1, 2  # blocks that an operand comes from
OPERAND = 24  # integers that say how


@dataclass
class _Group:
    """What the kernel reads of one group."""

    code: int
    count: int
    first: int = 0  # where its results stand
    start: int = 0  # where the vector stands that its sums begin with
    shape: int = 0  # of sums: how many factors and terms, and from where; see core/operands.h
    extra: int = 0  # terms, or which operands come from four blocks; factors; or which table
    after: int = 0  # where in `index` the operands stand that multiply a function's result, if there are any
    index: list[int] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)


class Writer:
    """Groups one after the other: first those that only parameters make, then the others."""

    def __init__(self, n: int, n_par: int, factors: Sequence[tuple[int, int, int, int]]) -> None:
        self.states, self.factors = -(-n // WIDEST) * WIDEST, factors
        self.one = self.states + n_par
        self.place = {i: i for i in range(n)} | {n + i: self.states + i for i in range(n_par)} | {ONE: self.one}
        self.free = -(-(self.one + 1) // WIDEST) * WIDEST
        self._fixed = {ONE, *range(n, n + n_par)}
        self.zero = self.reserve(WIDEST)  # never written
        self._starts: list[_Group] = []
        self._copies: dict[int, list[int]] = {}  # blocks of copies: where, and of which registers
        self._done: list[_Group] = []
        self._n_fixed = 0
        self._may_copy = False

    def arrays(self) -> dict[str, object]:
        """The lists."""
        copies = [self._copy(at, registers) for at, registers in self._copies.items()]
        self._done[self._n_fixed : self._n_fixed] = [*copies, *self._starts]
        rows, index, weight = [], [0] * WIDEST, [0.0] * WIDEST
        for g in self._done:
            at = len(index), len(weight), len(weight) + len(g.weight) - WIDEST
            rows.append((g.code, g.count, g.start, g.first, g.shape, g.extra, g.after, *at))
            index += g.index + [0] * (-len(g.index) % WIDEST)  # every vector of them begins a line of the cache
            weight += g.weight
        return {
            "solo_groups": np.array(rows, dtype=np.intc).reshape(-1, 10),
            "solo_index": np.array(index, dtype=np.int64),
            "solo_weight": np.array(weight, dtype=float),
            "solo_sizes": np.array([self.states, self.one, self.free, self._n_fixed + len(copies) + len(self._starts)], dtype=np.intc),
        }

    def reserve(self, numbers: int) -> int:
        """Room for so many, in whole blocks; where it begins."""
        at = self.free
        self.free += -(-numbers // WIDEST) * WIDEST
        return at

    def add(self, items: Sequence[Item], at: int | None = None) -> None:
        """Append one group of items of one kind, with its results from `at` on or anywhere."""
        code = items[0].code
        group = _Group(code, len(items), start=self.zero)
        self._may_copy = not items[0].fixed
        if code == Op.TABLE:
            group.extra = items[0].op[7]
            ((factors, _),) = items[0].terms
            group.index += [self.place[r] for r in (*factors, ONE, ONE)[:3]]
        elif code == Op.FACTORS:
            self._products(group, items)
        elif code == Op.GHK:
            for k in range(5):
                group.index += self._operand([item.reads[k] for item in items])
        else:
            self._sums(group, items)
        self._done.append(group)
        results = len(items[0].results) or 1
        group.first = self.reserve(results if code == Op.TABLE else results * WIDEST) if at is None else at
        for lane, item in enumerate(items):
            self.place |= {r: group.first + (k if code == Op.TABLE else k * WIDEST + lane) for k, r in enumerate(item.results)}
        if items[0].fixed:
            self._fixed.update(r for item in items for r in item.results)
            self._n_fixed += 1

    def _sums(self, group: _Group, items: Sequence[Item]) -> None:
        """Sums, and the functions of sums."""
        sums = [item.terms for item in items]
        if any(item.start for item in items):
            may_copy, self._may_copy = self._may_copy, False
            starts = _Group(Op.SUM, len(items), first=self.reserve(WIDEST), start=self.zero)
            self._sums(starts, [Item(Op.SUM, (), (), (), item.start) for item in items])
            self._may_copy = may_copy
            self._starts.append(starts)
            group.start = starts.first
        group.extra = max(map(len, sums), default=0)
        most = max((len(factors) for terms in sums for factors, _ in terms), default=1)
        rows = aligned(sums, most, lambda r: -1 if r in self._fixed else self.place[r] // WIDEST)
        for of in zip(*rows, strict=True):
            for k in range(most):
                group.index += self._operand([ONE if x is None else (*x[0], ONE, ONE)[k] for x in of])
            group.weight += _padded(-0.0 if x is None else x[1] for x in of)
        kinds = group.index[::OPERAND]
        if ANYWHERE in kinds or group.extra > LONGEST:
            group.shape = 6 * LONGEST + most
        else:
            group.shape = (3 * any(kinds) + most - 1) * LONGEST + group.extra
            group.extra = sum(kind << k for k, kind in enumerate(kinds))
        if any(item.after for item in items):
            after = [((ONE, ONE), 1.0) if item.after is None else item.after for item in items]
            group.after = len(group.index)
            group.index += [number for k in (0, 1) for number in self._operand([factors[k] for factors, _ in after])]
            group.weight += _padded(weight for _, weight in after)

    def _products(self, group: _Group, items: Sequence[Item]) -> None:
        """Strength times factors: of each its powers, which of them saturate, which powers are negative."""
        listed = [self.factors[item.op[2] : item.op[3]] for item in items]
        group.extra = max(len(of) for of in listed)
        group.index += self._operand([item.op[4] for item in items])
        for k in range(group.extra):
            of = [factors[k] if k < len(factors) else None for factors in listed]
            powers = [0 if f is None else f[1] for f in of]
            full = [f is not None and f[0] == SATURATION for f in of]
            below = [p < 0 for p in powers]
            group.index += self._operand([ONE if f is None else f[2] for f in of], max(map(abs, powers)), any(full) + 2 * any(below))
            if any(full):
                group.index += self._operand([None if f is None else f[3] for f in of])
            for numbers in (map(abs, powers), full, below):
                group.weight += _padded(map(float, numbers))

    def _operand(self, registers: Sequence[int | None], *flags: int) -> list[int]:
        """How a vector of these registers is fetched; what stands in the other lanes is of no interest."""
        some = next(r for r in registers if r is not None)
        wanted = [some if r is None else r for r in registers]
        wanted += [some] * (WIDEST - len(wanted))
        place = [self.place[r] for r in wanted]
        near, blocks = place, sorted({p // WIDEST for p in place})
        if len(blocks) > 2 and self._may_copy:
            block, where = self._copied({r for r in wanted if r in self._fixed})
            near = [block + where[r] if r in where else p for r, p in zip(wanted, place, strict=True)]
            blocks = sorted({p // WIDEST for p in near})
        kind = TWO if len(blocks) <= 2 else FOUR if len(blocks) <= 4 else ANYWHERE
        blocks = [*blocks, *[blocks[-1]] * 3][:4]
        number = [blocks.index(p // WIDEST) if p // WIDEST in blocks else 0 for p in near]
        lanes = [p % WIDEST + WIDEST * (k % 2) for p, k in zip(near, number, strict=True)]
        beyond = sum(1 << lane for lane, k in enumerate(number) if k > 1)
        return [kind, *(b * WIDEST for b in blocks), beyond, *flags, *[0] * (2 - len(flags)), *place, *lanes]

    def _copied(self, registers: set[int]) -> tuple[int, dict[int, int]]:
        """A block that holds these, and where: one that holds them already, or has room for those it lacks, or a new one."""
        if not registers:
            return 0, {}
        at, held = min(
            ((at, held) for at, held in self._copies.items() if len({*held} | registers) <= WIDEST),
            key=lambda one: len(registers - {*one[1]}),
            default=(-1, []),
        )
        if at < 0:
            at, held = self.reserve(WIDEST), []
            self._copies[at] = held
        held += sorted(registers - {*held})
        return at, {r: held.index(r) for r in registers}

    def _copy(self, at: int, registers: Sequence[int]) -> _Group:
        """1 * each of them."""
        place = [self.place[r] for r in registers] + [self.place[registers[0]]] * (WIDEST - len(registers))
        index = [ANYWHERE, *[0] * 7, *place, *[0] * WIDEST]
        return _Group(Op.SUM, WIDEST, at, start=self.zero, shape=6 * LONGEST + 1, extra=1, index=index, weight=[1.0] * WIDEST)


def _padded(numbers: Iterable[float]) -> list[float]:
    listed = list(numbers)
    return [*listed, *[0.0] * (WIDEST - len(listed))]
