"""A cell as its description says, in plain Python: one function per sentence of the description, integrated by SciPy.

    dn_i/dt = sum over mechanisms of nu_i r A                       r: cycles per area, laws.RATES; A: area
    dQ/dt   = F sum over mechanisms of q r A                        q: charge moved into the cell per cycle; Q = C A V
    dw/dt   = P_f V_w A (Pi_in - Pi_out), hydraulic (Pi_in - Pi_out), or w such that Pi_in = Pi_out
    n_out   = total - n_in where the outside is finite
    dp/dt   = - sum over mechanisms of used r A                     p: pools such as ATP

and V is Q/(C A); what makes the current zero (electroneutral); a state of its own, C A dV/dt = current (current); or given (a clamp). A
clamp without a carrier books what it brings as charge of the electrode; a carrier's amount is what the charge leaves for it.

Slow, and written from the public description of a cell alone; amounts in mol, all else SI.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from .laws import RATES, Point


@dataclass(frozen=True)
class Seen:
    """What the twin knows at one time."""

    V: float
    volume: float
    area: float
    c_in: dict[str, float]
    c_out: dict[str, float]
    volume_out: float
    electrode: float


class WholeCell:
    def __init__(self, cell: Any) -> None:
        self.cell, start = cell, cell.start
        self.mechanisms = [(m, m.name, m.charge, dict(m.moves), dict(m.uses), RATES[type(m).__name__]) for m in cell.mechanisms]
        self.bath = {ion.name: c for ion, c in cell.bath.items()}
        self.F, self.VT = cell.faraday, cell.thermal_voltage
        self.charges = {ion.name: ion.z for ion in cell.ions}
        given = {name.partition(".")[2] for name in (*cell.held, *cell.slaved) if name.startswith("c_in.")}
        self.given = given
        self.free = [name for name in self.charges if name not in given]
        self.carrier = cell.clamp.carrier.name if cell.clamp is not None and cell.clamp.carrier is not None else None
        if self.carrier:
            self.free.remove(self.carrier)
        self.pools = [pool.name for pool in cell.extra_pools if pool.side == "in" and pool.name not in given]
        self.impermeant = sum(n for _, n in start.impermeants)
        self.fixed_charge = sum(z * n for z, n in start.impermeants)
        self.flows = cell.water is not None and not cell.water.instant
        self.finite = cell.outside_volume is not None
        amount = {ion.name: n for ion, n in start.amount.items()}
        self.total = {ion.name: n + amount.get(ion.name, 0.0) for ion, n in start.amount_out.items()} if self.finite else {}
        #: held inside, yet crossing the membrane: the outside counts what it has
        self.counted = [name for name in given if self.finite and name in self.total]
        out = {ion.name: n for ion, n in start.amount_out.items()}
        pool_amounts = {name.partition(".")[2]: n for name, n in start.pools.items() if name.startswith("in.")}
        Q = cell.C_m * start.area * (0.0 if np.isnan(start.V) else start.V) / self.F
        self.names = [
            *(f"n.{x}" for x in self.free),
            *(f"p.{x}" for x in self.pools),
            *(f"o.{x}" for x in self.counted),
            "w",
            "Q",
            "V",
            "q",
        ]
        first = [*(amount[x] for x in self.free), *(pool_amounts[x] for x in self.pools), *(out[x] for x in self.counted)]
        self.y0 = np.array([*first, start.volume, Q, 0.0 if np.isnan(start.V) else start.V, start.electrode_charge / self.F])
        unit = 1e-3 * cell.bath.osmolarity * start.volume
        self.size = np.array([max(abs(x), unit) for x in first] + [start.volume, cell.C_m * cell.area * 0.1 / self.F, 0.1, unit])

    # ---- what the state says ----------------------------------------------------------------------------------------------------
    def area(self, volume: float) -> float:
        return self.cell.area * (volume / self.cell.volume) ** (2 / 3) if self.cell.area_law == "sphere" else self.cell.area

    def read(self, y: Any) -> Seen:
        s = dict(zip(self.names, y, strict=True))
        cell = self.cell
        n = {x: s[f"n.{x}"] for x in self.free}
        w = s["w"]
        for _ in range(200 if self._coupled() else 1):
            before = w
            w = self._volume(s, n, w)
            area = self.area(w)
            if self.carrier:
                Q = cell.C_m * area * cell.clamp.V / self.F
                left = Q - s["q"] - self.fixed_charge - sum(self.charges[x] * m for x, m in n.items() if x != self.carrier)
                n[self.carrier] = left / self.charges[self.carrier]
            if abs(w - before) <= 1e-16 * w:
                break
        volume_out = self._volume_out(w)
        c_in = {x: m / w for x, m in n.items()} | {x: s[f"p.{x}"] / w for x in self.pools}
        c_out = dict(self.bath)
        if self.finite:
            inside = {x: n.get(x, 0.0) for x in self.total}
            c_out |= {x: (s[f"o.{x}"] if x in self.counted else self.total[x] - inside[x]) / volume_out for x in self.total}
        c_in |= {name[5:]: self._held(name[5:]) for name in cell.held if name.startswith("c_in.")}
        for _ in range(len(cell.slaved)):  # in whatever order they are given
            for name, rule in cell.slaved.items():
                value = rule.constant + sum(weight * self._named(c_in, c_out, other) for other, weight in rule.weights.items())
                (c_in if name.startswith("c_in.") else c_out)[name.partition(".")[2]] = value
        return Seen(self._potential(s, area, c_in, c_out), w, area, c_in, c_out, volume_out, s["q"])

    def _held(self, name: str) -> float:
        inside = {ion.name: c for ion, c in self.cell.start.c_in.items()}
        return inside[name] if name in inside else next(p.c for p in self.cell.extra_pools if p.name == name)

    @staticmethod
    def _named(c_in: dict[str, float], c_out: dict[str, float], name: str) -> float:
        side, _, what = name.partition(".")
        return (c_in if side == "c_in" else c_out).get(what, 0.0)

    def _coupled(self) -> bool:
        return self.carrier is not None and not self.flows and self.cell.water is not None

    def _volume_out(self, w: float) -> float:
        start = self.cell.start
        if not self.finite:
            return np.nan
        return float(start.volume_out + (start.volume - w if self.cell.volume_law == "conserved" else 0.0))

    def _volume(self, s: dict[str, float], n: dict[str, float], w: float) -> float:
        """Where water follows at once; held concentrations take their share of the osmolarity."""
        cell = self.cell
        if cell.water is None or self.flows:
            return w
        inside = sum(n.values()) + self.impermeant
        if not self.finite:
            return inside / (cell.bath.osmolarity - sum(self._held(x) for x in self.given))
        outside = sum(self.total[x] - n.get(x, 0.0) for x in self.total) + self._solutes_out()
        if cell.volume_law == "conserved":
            return (cell.start.volume + cell.start.volume_out) * inside / (inside + outside)
        return inside / (outside / cell.start.volume_out)

    def _solutes_out(self) -> float:
        bath = self.cell.bath
        return float((bath.osmolyte + (bath.impermeant.c if bath.impermeant else 0.0)) * self.cell.start.volume_out)

    def _potential(self, s: dict[str, float], area: float, c_in: dict[str, float], c_out: dict[str, float]) -> float:
        cell = self.cell
        if cell.clamp is not None:
            return float(cell.clamp.V)
        if cell.potential == "electroneutral":
            return float(brentq(lambda V: self._current(V, area, c_in, c_out), -1.0, 1.0, xtol=1e-15, rtol=1e-14))
        return float(s["V"] if cell.potential == "current" else s["Q"] * self.F / (cell.C_m * area))

    # ---- what it does -----------------------------------------------------------------------------------------------------------
    def rates(self, V: float, area: float, c_in: dict[str, float], c_out: dict[str, float]) -> dict[str, float]:
        """Cycles of every mechanism, mol/s."""
        at = Point(V, c_in, c_out, T=self.VT * self.F / (8.31446261815324), area=area)
        at = _WithConstants(at.V, at.c_in, at.c_out, at.T, at.area, at.math, self.F, self.VT)
        return {name: float(rate(m, at)[0]) * m.scale * area for m, name, _, _, _, rate in self.mechanisms}

    def _current(self, V: float, area: float, c_in: dict[str, float], c_out: dict[str, float]) -> float:
        found = self.rates(V, area, c_in, c_out)
        return sum(charge * found[name] for _, name, charge, *_ in self.mechanisms)

    def rhs(self, y: Any) -> Any:
        cell, seen = self.cell, self.read(y)
        found = self.rates(seen.V, seen.area, seen.c_in, seen.c_out)
        slope = dict.fromkeys(self.names, 0.0)
        current = 0.0
        for m, name, charge, moves, used, _ in self.mechanisms:
            rate = found[name]
            current += charge * rate
            for ion, nu in moves.items():
                if ion.name in self.free:
                    slope[f"n.{ion.name}"] += nu * rate
                if ion.name in self.counted:
                    slope[f"o.{ion.name}"] -= nu * rate
            if "ATP" in used:  # each ATP becomes one ADP and one phosphate
                used = {"ADP": -used["ATP"], "Pi": -used["ATP"]} | used
            for pool, count in used.items():
                if pool in self.pools:
                    slope[f"p.{pool}"] -= count * rate
            if not moves and not m.fixed and cell.clamp is None:
                slope["q"] += charge * rate
        if self.flows:
            water = cell.water
            inside = (self.impermeant + sum(y[i] for i, x in enumerate(self.names) if x.startswith("n."))) / seen.volume
            inside += sum(seen.c_in[x] for x in self.given if x in self.charges)
            if self.carrier:
                inside += seen.c_in[self.carrier]
            outside = cell.bath.osmolarity
            if self.finite:
                outside = sum(seen.c_out[x] for x in self.total) + self._solutes_out() / seen.volume_out
            strength = water.hydraulic if water.P_f is None else water.P_f * water.V_w * seen.area
            slope["w"] = strength * water.scale * (inside - outside)
        if cell.clamp is None and cell.potential == "charge":
            slope["Q"] = current
        if cell.clamp is None and cell.potential == "current":
            slope["V"] = current * self.F / (cell.C_m * seen.area)
        return np.array([slope[x] for x in self.names])

    def integrate(self, times: Sequence[float]) -> list[Seen]:
        solved = solve_ivp(
            lambda t, x: self.rhs(x * self.size) / self.size,
            (0.0, times[-1]),
            self.y0 / self.size,
            method="Radau",
            t_eval=list(times),
            rtol=1e-10,
            atol=1e-12,
            max_step=times[-1] / 20,
        )
        assert solved.success, solved.message
        return [self.read(x * self.size) for x in solved.y.T]


@dataclass(frozen=True)
class _WithConstants(Point):
    """A point whose F and RT/F are those of the cell."""

    own_F: float = 0.0
    own_VT: float = 0.0

    @property
    def F(self) -> Any:
        return self.own_F

    @property
    def VT(self) -> Any:
        return self.own_VT
