"""Reference trajectories of the pump-leak twin: Radau IIA of order 9 in (ln n_Na, ln n_K, ln n_Cl, [ln w,] V).

Logarithms are those of ratios to the start.

V is integrated beside the amounts (dV/dt = F sum z dn/dt / CA, the area being constant), so its digits are not lost in a difference of
amounts; that it still agrees with the charge is a check on the integration.
"""

from __future__ import annotations

from collections.abc import Sequence
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
) -> Transient:
    """From ``start`` = (amounts, volume, V), each with one entry per cell, to ``times`` (s) at constant parameters."""
    pc, rigid, finite = _columns(p), p.water == "rigid", p.water == "finite"
    n0, w0, V0 = (
        {k: np.atleast_1d(np.asarray(v, float)) for k, v in start[0].items()},
        *(np.atleast_1d(np.asarray(a, float)) for a in start[1:]),
    )

    def parts(y: Array) -> tuple[dict[str, Array], Array, Array]:
        n = {k: n0[k][:, None] * np.exp(y[..., i]) for i, k in enumerate(IONS)}
        w = w0[:, None] * np.exp(y[..., 3]) if finite else w0[:, None] + 0 * y[..., 0] if rigid else instant_volume(pc, n)
        return n, w, y[..., -1]

    def f(y: Array) -> Array:
        n, w, V = parts(y)
        dn, dw, dV = rhs(pc, n, w, V)
        return np.stack([*(dn[k] / n[k] for k in IONS), *([dw / w] if finite else []), dV], axis=-1)

    y0 = np.stack([*([0 * w0] * (4 if finite else 3)), V0], axis=-1)
    n, w, V = parts(graded_solve(f, y0, times, q=q, first=first, longest=longest))
    return Transient(n, w, V)


def charge_gap(p: PumpLeak, run: Transient) -> float:
    """Largest |V - V from charge|, V."""
    return float(np.max(np.abs(run.V - potential(_columns(p), run.n))))
