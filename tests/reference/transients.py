"""Reference trajectories of the pump-leak twin: Radau IIA of order 9 in (ln n_Na, ln n_K, ln n_Cl, V, [ln w,] [t]).

Logarithms are those of ratios to the start.

V is integrated beside the amounts (dV/dt = F sum z dn/dt / CA, the area being constant), so its digits are not lost in a difference of
amounts; that it still agrees with the charge is a check on the integration.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from .pump_leak import IONS, PumpLeak, instant_volume, potential, rhs
from .radau import Array, graded_solve


@dataclass(frozen=True)
class Transient:
    """Samples with shape (cells, times): amounts mol, volume m^3, V."""

    n: dict[str, Array]
    w: Array
    V: Array

    @property
    def c(self) -> dict[str, Array]:
        return {k: self.n[k] / self.w for k in IONS}

    def state(self, i: int) -> tuple[dict[str, Array], Array, Array]:
        return {k: self.n[k][:, i] for k in IONS}, self.w[:, i], self.V[:, i]


def _columns(p: PumpLeak) -> PumpLeak:
    """Parameters with one value per cell become columns, to broadcast over the stages."""

    def column(x: object) -> object:
        if isinstance(x, dict):
            return {k: column(v) for k, v in x.items()}
        return x[:, None] if isinstance(x, np.ndarray) and x.ndim == 1 else x

    return p.but(**{f.name: column(getattr(p, f.name)) for f in fields(p)})


def integrate(
    p: PumpLeak,
    start: tuple[dict[str, Array], Array, Array],
    times: Sequence[float],
    *,
    q: float = 0.15,
    first: float = 1e-4,
    longest: float = 60.0,
    moving: Callable[[PumpLeak, Array], PumpLeak] | None = None,
) -> Transient:
    """From ``start`` = (amounts, volume, V), each with one entry per cell, to ``times`` (s).

    Parameters are constant, or ``moving(p, t)`` gives them at time t, which then is one state more.
    """
    pc, rigid, finite = _columns(p), p.water == "rigid", p.water == "finite"
    n0, w0, V0 = (
        {k: np.atleast_1d(np.asarray(v, float)) for k, v in start[0].items()},
        *(np.atleast_1d(np.asarray(a, float)) for a in start[1:]),
    )

    def parts(y: Array) -> tuple[PumpLeak, dict[str, Array], Array, Array]:
        now = pc if moving is None else moving(pc, y[..., -1])
        n = {k: n0[k][:, None] * np.exp(y[..., i]) for i, k in enumerate(IONS)}
        w = w0[:, None] * np.exp(y[..., 4]) if finite else w0[:, None] + 0 * y[..., 0] if rigid else instant_volume(now, n)
        return now, n, w, y[..., 3]

    def f(y: Array) -> Array:
        now, n, w, V = parts(y)
        dn, dw, dV = rhs(now, n, w, V)
        clock = [] if moving is None else [np.ones_like(V)]
        return np.stack([*(dn[k] / n[k] for k in IONS), dV, *([dw / w] if finite else []), *clock], axis=-1)

    zero = 0 * w0
    y0 = np.stack([zero, zero, zero, V0, *([zero] if finite else []), *([] if moving is None else [zero])], axis=-1)
    return Transient(*parts(graded_solve(f, y0, times, q=q, first=first, longest=longest))[1:])


def charge_gap(p: PumpLeak, run: Transient) -> float:
    """Largest |V - V from charge|, V."""
    return float(np.max(np.abs(run.V - potential(_columns(p), run.n))))
