"""Several steady states of one cell, by scanning: where the last balance vanishes along all the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .balance import Balance
from .errors import ConvergenceError, InputError, NoSteadyState
from .lowering import lower
from .rests import SteadyState
from .steady import steady_state

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell

__all__ = ["steady_states"]


def steady_states(
    cell: Cell, *, between: tuple[float, float] = (-0.15, 0.06), points: int = 106, tol: float = 1e-12
) -> tuple[SteadyState, ...]:
    """All steady states with a potential in a range, in order of V.

    At each of `points` potentials all other balances are solved, so that the total current is left as a function of V; its zeros are
    the steady states. The same is done along every amount and the volume, from a thirtieth of the start to thirty times it, because a
    branch that folds back over V may be a plain function of [Na]. What lies on a branch that Newton can follow along none of them is
    missed.

    Parameters
    ----------
    between : V. points : number of potentials, and half as many of every amount. tol : as in `steady_state`.

    Raises
    ------
    InputError
        A voltage-clamped cell has no current to balance.
    """
    low, high = between
    if not (-1.0 <= low < high <= 1.0 and points >= 3):
        raise InputError(
            f"steady_states: between = {between!r} V with {points} points; give (low, high) within -1...1 V, at least 3 points"
        )
    lowered = lower(cell, resting=True)
    at = [i for i in lowered.model.potentials if lowered.state_names[i] in ("charge", "V")]
    if not at:
        raise InputError("steady_states: V is prescribed by a VoltageClamp; take it out")
    balance = Balance(lowered, lowered.defaults)
    found: list[SteadyState] = []

    def add(y: NDArray[np.float64]) -> None:
        solved = balance.newton(y, tol)
        if solved is not None:
            new = SteadyState(balance, solved[0], iterations=solved[1], method="newton")
            sizes = balance.sizes(new._y)
            if all(np.max(np.abs(new._y - old._y) / sizes) > 1e-6 for old in found):
                found.append(new)

    seeds = [balance.start]
    try:
        first = steady_state(cell, tol=tol)
        found.append(first)
        seeds.insert(0, first._y)
    except (NoSteadyState, ConvergenceError):
        pass
    unit = balance.state(V=1.0)[at[0]] - balance.state(V=0.0)[at[0]]
    lines = {at[0]: unit * np.linspace(low, high, points)}
    wide = np.geomspace(1 / 30, 30.0, max(points // 2, 3))
    lines |= {i: x * wide for i, x in enumerate(balance.start) if not balance.potential[i] and i not in balance.replaced and x > 0.0}
    for i, values in lines.items():
        for path in (values, values[::-1]):
            for guess in _zeros(balance, i, path, seeds):
                add(guess)
    inside = [rest for rest in found if low <= float(rest.V) <= high]
    return tuple(sorted(inside, key=lambda rest: float(rest.V)))


def _zeros(balance: Balance, i: int, path: NDArray[np.float64], seeds: Sequence[NDArray[np.float64]]) -> Iterator[NDArray[np.float64]]:
    """Where the rate of state i passes through zero along the other balances, as guesses."""
    last: tuple[float, NDArray[np.float64]] | None = None
    for value in path:
        solved = None
        for seed in [*([last[1]] if last is not None else []), *seeds]:
            guess = np.array(seed)
            guess[i] = value
            solved = balance.newton(guess, 1e-9, fixed=i, most=25)
            if solved is not None:
                break
        if solved is None:
            last = None
            continue
        y = solved[0]
        rate = float(balance.rates(y)[0][i])
        if last is not None and np.sign(rate) != np.sign(last[0]):
            part = last[0] / (last[0] - rate)
            yield last[1] + part * (y - last[1])
        last = (rate, y)
