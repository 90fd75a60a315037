"""Trajectories of the spiking twins: SciPy's integrators at tight tolerances, restarted at every change of the protocol.

Between accepted steps a course is read from the method's own continuous extension, so that crossings and extremes are not those of the
steps. Times in the unit of the right-hand side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from .radau import Array

Rhs = Callable[[float, Any], Any]


@dataclass(frozen=True)
class Course:
    """Pieces between changes of the protocol, each (accepted times, states (n, times), continuous extension)."""

    pieces: tuple[tuple[Array, Array, Callable[[Any], Any]], ...]

    @property
    def t(self) -> Array:
        return np.concatenate([t for t, _, _ in self.pieces])

    @property
    def y(self) -> Array:
        """Accepted states, (times, n)."""
        return np.concatenate([y.T for _, y, _ in self.pieces])

    @property
    def last(self) -> Array:
        return np.asarray(self.pieces[-1][1][:, -1])

    def at(self, times: Sequence[float]) -> Array:
        """States at ``times``, (times, n); the left limit at a change of the protocol."""
        ends = [t[-1] for t, _, _ in self.pieces]
        return np.stack([self.pieces[min(int(np.searchsorted(ends, s)), len(ends) - 1)][2](s) for s in times])

    def crossings(self, of: Callable[[float, Any], Any], level: float = 0.0, direction: int = 0) -> Array:
        """Times where ``of(t, y)`` passes ``level``; direction +1 upwards, -1 downwards, 0 both."""
        found = []
        for t, y, between in self.pieces:
            g = np.array([of(s, x) - level for s, x in zip(t, y.T, strict=True)])
            for i in np.nonzero((g[:-1] < 0) != (g[1:] < 0))[0]:
                if direction == 0 or (g[i] < 0) == (direction > 0):

                    def gap(s: float, between: Callable[[Any], Any] = between) -> float:
                        return float(of(s, between(s)) - level)

                    found.append(brentq(gap, t[i], t[i + 1], xtol=1e-14, rtol=1e-14) if gap(t[i]) * gap(t[i + 1]) < 0 else t[i + 1])
        return np.array(found)


def integrate(parts: Sequence[tuple[float, Rhs]], y0: Any, *, rtol: float = 1e-10, atol: Any = 1e-12, method: str = "LSODA") -> Course:
    """From ``y0`` at t = 0 through ``parts``, each (end, right-hand side until then)."""
    pieces, start, y = [], 0.0, np.asarray(y0, float)
    for end, rhs in parts:
        solved = solve_ivp(rhs, (start, end), y, method=method, rtol=rtol, atol=atol, dense_output=True)
        assert solved.success, solved.message
        pieces.append((solved.t, solved.y, solved.sol))
        start, y = end, solved.y[:, -1]
    return Course(tuple(pieces))


def linoid(x: float) -> float:
    """x/(1 - e^-x), 1 at 0 by its series: the rate form of Hodgkin and Huxley without its removable singularity."""
    return 1 + x / 2 + x * x / 12 if abs(x) < 1e-5 else float(x / -np.expm1(-x))
