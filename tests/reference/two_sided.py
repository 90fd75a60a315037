"""A pump-leak cell in a finite outside, or with the area of a sphere: everything on both sides is a state.

    dn_k/dt     = -A Phi_k              inside                  Phi_k: outward flux of ion k, mol m^-2 s^-1, of `pump_leak.fluxes`
    dm_k/dt     = +A Phi_k              outside
    dw/dt       = P_f V_w A (Pi_i - Pi_o)
    dw_o/dt     = -dw/dt                where water is conserved, else 0
    dQ/dt       = -F A sum(z Phi)       charge on the membrane;  V = Q/(C A)
    A           = A_0, or A_0 (w/w_0)^(2/3)

Nothing is inferred from a total, so that what the totals do is a test of the integration as well. Water that follows at once:
w = n/(n + m) of all water, n and m all particles inside and outside; or n/Pi_o beside an outside of fixed volume.

Area of a sphere: A = (36 pi)^(1/3) w^(2/3). Sources as in `pump_leak`; Mori, Physica D 241, 1763 (2012) for closed systems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .pump_leak import IONS, PumpLeak, Z, fluxes
from .radau import Array, graded_solve


@dataclass(frozen=True)
class World:
    """One cell and what it is bathed in. `p.c_out` are the concentrations outside at the start; volume_out None: an infinite bath."""

    p: PumpLeak
    volume: float
    volume_out: float | None = None
    conserved: bool = False
    sphere: bool = False

    @property
    def solutes_out(self) -> float:
        """Osmolyte and impermeant outside, mol."""
        return 0.0 if self.volume_out is None else float(self.p.osm_out - sum(self.p.c_out.values())) * self.volume_out


@dataclass(frozen=True)
class Course:
    """Amounts inside and outside (mol), volumes (m^3), area (m^2), V; each (times,)."""

    n: dict[str, Array]
    m: dict[str, Array]
    w: Array
    w_out: Array
    area: Array
    V: Array

    @property
    def c(self) -> dict[str, Array]:
        return {k: self.n[k] / self.w for k in IONS}

    @property
    def c_out(self) -> dict[str, Array]:
        return {k: self.m[k] / self.w_out for k in IONS}


def integrate(world: World, c_in: dict[str, float], times: Sequence[float], *, q: float = 0.15, longest: float = 60.0) -> Course:
    """From concentrations inside, V from their charge, to `times` (s)."""
    p, w0 = world.p, world.volume
    n0 = {k: c_in[k] * w0 for k in IONS}
    wo0 = 1.0 if world.volume_out is None else world.volume_out
    m0 = {k: p.c_out[k] * wo0 for k in IONS}
    CA = p.C * p.area

    def volumes(n: Any, m: Any, w: Any) -> tuple[Any, Any, Any]:
        """(w, w_out, Pi_out)."""
        outer = sum(m.values()) + world.solutes_out
        if world.volume_out is None:
            return (w if p.water != "instant" else (sum(n.values()) + p.n_x) / p.osm_out), 1.0, p.osm_out
        if p.water == "instant":
            inner = sum(n.values()) + p.n_x
            w = (w0 + wo0) * inner / (inner + outer) if world.conserved else inner / (outer / wo0)
        w_out = w0 + wo0 - w if world.conserved else wo0
        return w, w_out, outer / w_out

    def parts(y: Array) -> tuple[Any, ...]:
        n = {k: n0[k] * np.exp(y[..., i]) for i, k in enumerate(IONS)}
        m = {k: m0[k] * np.exp(y[..., 3 + i]) for i, k in enumerate(IONS)}
        w, w_out, osm = volumes(n, m, w0 * np.exp(y[..., 7]))
        area = p.area * ((w / w0) ** (2 / 3) if world.sphere else 1.0 + 0 * w)
        return n, m, w, w_out, osm, area, y[..., 6] * p.area / area

    def f(y: Array) -> Array:
        n, m, w, w_out, osm, area, V = parts(y)
        out = {k: m[k] / w_out for k in IONS} if world.volume_out is not None else p.c_out
        inner = {k: n[k] / w for k in IONS}
        flux = fluxes(p.but(c_out=out), inner, V)
        gone = {k: area * sum(x[k] for x in flux.values() if k in x) for k in IONS}
        dw = p.P_f * p.V_w * area * (sum(inner.values()) + p.n_x / w - osm) if p.water == "finite" else 0 * w
        back = 1.0 if world.volume_out is not None else 0.0
        rates = [*(-gone[k] / n[k] for k in IONS), *(back * gone[k] / m[k] for k in IONS)]
        return np.stack([*rates, -p.F * sum(Z[k] * gone[k] for k in IONS) / CA, dw / w], axis=-1)

    net = sum(Z[k] * n0[k] for k in IONS) + p.z_x * p.n_x
    start = volumes({k: np.asarray(x) for k, x in n0.items()}, {k: np.asarray(x) for k, x in m0.items()}, np.asarray(w0))[0]
    assert abs(start / w0 - 1) < 1e-9, "where water is instant the start must be iso-osmotic"
    y0 = np.array([[0.0] * 6 + [p.F * net / CA, 0.0]])
    n, m, w, w_out, _, area, V = parts(graded_solve(f, y0, times, q=q, first=1e-4, longest=longest)[0])
    return Course(n, m, w, w_out + 0 * w, area, V)


def donnan(n: dict[str, float], m: dict[str, float], n_x: float, z_x: float, w: float, w_out: float) -> float:
    """e^(-u) at equilibrium, of what is inside and outside (mol), both volumes fixed, without a capacitor; by bisection.

    Each ion has one total, c_in = c_out theta^z, and charge inside vanishes: sum z T w theta^z/(w theta^z + w_out) + z_x n_x = 0, which
    rises with theta.
    """

    def charge(theta: float) -> float:
        return sum(Z[k] * (n[k] + m[k]) * w * theta ** Z[k] / (w * theta ** Z[k] + w_out) for k in IONS) + z_x * n_x

    low, high = 1e-8, 1e8
    assert charge(low) < 0 < charge(high)
    for _ in range(200):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if charge(middle) > 0 else (middle, high)
    return (low * high) ** 0.5
