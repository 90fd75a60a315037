"""The two-compartment pump-leak cell with Na, K, Cl and one impermeant, as plain equations.

    dn_k/dt = -A Phi_k                                    Phi_k: outward flux of ion k, mol m^-2 s^-1
    dw/dt   = P_f V_w A (Pi_i - Pi_o)                     or w = (sum n)/Pi_o (instant), or w constant (rigid)
    V       = F (n_Na + n_K - n_Cl + z n_X)/(C A)

    ohmic leak   Phi = g (V - E)/(z F),  E = (RT/zF) ln(c_o/c_i)
    GHK leak     Phi = P [B(-zu) c_i - B(zu) c_o],  B(x) = x/(e^x - 1),  u = V F/RT
    pump         3 j of Na out, 2 j of K in;  j constant | J (Na_i/Na_o)^3 | J (Na_i/(K_Na+Na_i))^3 (K_o/(K_K+K_o))^2
    KCC2         inward  g (E_K - E_Cl)/F of K and of Cl
    NKCC1        inward  g (E_Na + E_K - 2 E_Cl)/F of Na and of K, twice that of Cl

Sources: Kay 2017 (Front Cell Dev Biol 5:41); Duesterwald et al. 2018 (eLife 7:e39575) with the sign of 1/beta corrected;
Keener & Sneyd, Mathematical Physiology, ch. 2-3 for GHK and the pump-leak balance.

Every function takes the mathematics as an argument (``np`` or ``mpmath.mp``), so one text is both the vectorised NumPy twin and
the arbitrary-precision one. Fields may be floats, mpf, or arrays with one entry per cell.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import mpmath as mp
import numpy as np

IONS = ("Na", "K", "Cl")
Z = {"Na": 1, "K": 1, "Cl": -1}
F_CODATA = 96485.33212331002
R_CODATA = 8.31446261815324


@dataclass(frozen=True)
class PumpLeak:
    """Parameters, SI. ``g``/``P``/``kcc2``/``nkcc1`` absent (missing key or None) means the mechanism does not exist."""

    area: Any
    C: Any
    c_out: dict[str, Any]
    n_x: Any
    z_x: Any
    osm_out: Any
    j_max: Any = 0.0  # mol m^-2 s^-1 of cycles
    pump: str = "constant"  # "constant" | "cubic" | "hill"
    K_Na: Any = 10.0
    K_K: Any = 1.5
    g: dict[str, Any] = field(default_factory=dict)  # S/m^2
    P: dict[str, Any] = field(default_factory=dict)  # m/s
    kcc2: Any = None  # S/m^2
    nkcc1: Any = None  # S/m^2
    water: str = "instant"  # "instant" | "rigid" | "finite"
    P_f: Any = None  # m/s
    V_w: Any = 1.8e-5  # m^3/mol
    F: Any = F_CODATA
    VT: Any = R_CODATA * 310.15 / F_CODATA  # RT/F, V

    def but(self, **changes: Any) -> PumpLeak:
        return replace(self, **changes)


# ---------------------------------------------------------------------------------------------------------------- equations


def bernoulli(x: Any, m: Any = np) -> Any:
    """B(x) = x/(e^x - 1), regular at 0."""
    if m is np:
        x = np.asarray(x)
        small = np.abs(x) < 1e-6
        safe = np.where(small, 1.0, x)
        return np.where(small, 1 - x / 2 + x * x / 12, safe / np.expm1(safe))
    return 1 - x / 2 + x**2 / 12 if abs(x) < mp.mpf(10) ** (-mp.mp.dps // 3) else x / mp.expm1(x)


def nernst(p: PumpLeak, c: dict[str, Any], m: Any = np) -> dict[str, Any]:
    return {k: p.VT / Z[k] * m.log(p.c_out[k] / c[k]) for k in IONS}


def pump_rate(p: PumpLeak, c: dict[str, Any]) -> Any:
    """Cycles per area, mol m^-2 s^-1."""
    if p.pump == "constant":
        return p.j_max + 0 * c["Na"]
    if p.pump == "cubic":
        return p.j_max * (c["Na"] / p.c_out["Na"]) ** 3
    if p.pump == "hill":
        return p.j_max * (c["Na"] / (p.K_Na + c["Na"])) ** 3 * (p.c_out["K"] / (p.K_K + p.c_out["K"])) ** 2
    raise ValueError(p.pump)


def fluxes(p: PumpLeak, c: dict[str, Any], V: Any, m: Any = np) -> dict[str, dict[str, Any]]:
    """Outward flux of every ion by every mechanism, mol m^-2 s^-1: ``{mechanism: {ion: flux}}``."""
    E, u, out = nernst(p, c, m), V / p.VT, {}
    for k in IONS:
        if p.g.get(k) is not None:
            out[f"leak_{k}"] = {k: p.g[k] * (V - E[k]) / (Z[k] * p.F)}
        if p.P.get(k) is not None:
            out[f"ghk_{k}"] = {k: p.P[k] * (bernoulli(-Z[k] * u, m) * c[k] - bernoulli(Z[k] * u, m) * p.c_out[k])}
    j = pump_rate(p, c)
    out["pump"] = {"Na": 3 * j, "K": -2 * j}
    if p.kcc2 is not None:
        s = -p.kcc2 * (E["K"] - E["Cl"]) / p.F
        out["KCC2"] = {"K": s, "Cl": s}
    if p.nkcc1 is not None:
        s = -p.nkcc1 * (E["Na"] + E["K"] - 2 * E["Cl"]) / p.F
        out["NKCC1"] = {"Na": s, "K": s, "Cl": 2 * s}
    return out


def potential(p: PumpLeak, n: dict[str, Any]) -> Any:
    return p.F * (n["Na"] + n["K"] - n["Cl"] + p.z_x * p.n_x) / (p.C * p.area)


def instant_volume(p: PumpLeak, n: dict[str, Any]) -> Any:
    return (n["Na"] + n["K"] + n["Cl"] + p.n_x) / p.osm_out


def rhs(p: PumpLeak, n: dict[str, Any], w: Any, V: Any, m: Any = np) -> tuple[dict[str, Any], Any, Any]:
    """(dn/dt mol/s, dw/dt m^3/s, dV/dt V/s) at amounts n, volume w and potential V."""
    c = {k: n[k] / w for k in IONS}
    flux = fluxes(p, c, V, m)
    dn = {k: -p.area * sum(f[k] for f in flux.values() if k in f) for k in IONS}
    if p.water == "finite":
        dw = p.P_f * p.V_w * p.area * (c["Na"] + c["K"] + c["Cl"] + p.n_x / w - p.osm_out)
    elif p.water == "instant":
        dw = (dn["Na"] + dn["K"] + dn["Cl"]) / p.osm_out
    else:
        dw = 0 * w
    return dn, dw, p.F * (dn["Na"] + dn["K"] - dn["Cl"]) / (p.C * p.area)


def free_energy(p: PumpLeak, n: dict[str, Any], w: Any, V: Any, m: Any = np) -> Any:
    """G = RT sum[n ln(c/c_o) - n] + Pi_o RT w + C A V^2/2, J; X against 1 mol/m^3, which only moves the zero."""
    RT = p.VT * p.F
    G = p.osm_out * RT * w + p.C * p.area * V * V / 2 + RT * p.n_x * (m.log(p.n_x / w) - 1)
    return G + sum(RT * n[k] * (m.log(n[k] / w / p.c_out[k]) - 1) for k in IONS)


# ------------------------------------------------------------------------------------------------- closed forms, any precision


@dataclass(frozen=True)
class Rest:
    """A steady state: concentrations mol/m^3, volume m^3, potential V, pump cycles mol m^-2 s^-1."""

    V: Any
    c: dict[str, Any]
    X: Any
    w: Any
    j: Any

    def E(self, p: PumpLeak) -> dict[str, Any]:
        return nernst(p, self.c, mp.mp)


def exact(p: PumpLeak) -> PumpLeak:
    """The same cell with every number as an mpf, for the functions below."""

    def lift(x: Any) -> Any:
        if isinstance(x, dict):
            return {k: lift(v) for k, v in x.items()}
        return mp.mpf(float(x)) if isinstance(x, (int, float, np.floating)) else x

    return p.but(**{k: lift(v) for k, v in vars(p).items()})


def drops(p: PumpLeak, j: Any) -> dict[str, Any]:
    """x_k = V - E_k at which the conductances carry the pump flux j away: a 3x3 linear system (M2b), in closed form M1 and M2."""
    g = {k: p.g.get(k) or mp.mpf(0) for k in IONS}
    g2, gN, J = p.kcc2 or mp.mpf(0), p.nkcc1 or mp.mpf(0), j * p.F
    M = mp.matrix(
        [
            [g["Na"] + gN, gN, -2 * gN],
            [gN, g["K"] + g2 + gN, -g2 - 2 * gN],
            [-2 * gN, -g2 - 2 * gN, g["Cl"] + g2 + 4 * gN],
        ]
    )
    x = mp.lu_solve(M, mp.matrix([-3 * J, 2 * J, mp.mpf(0)]))
    return dict(zip(IONS, x, strict=True))


def electroneutral_at(p: PumpLeak, j: Any) -> Rest:
    """The electroneutral, iso-osmotic root of the ohmic cell whose pump runs at j. A state only where X > 0; else the volume diverges.

    (1 - z) a theta^2 + z Pi_o theta - (1 + z) b = 0 with theta = e^{-u}. For z < -1 or z > 1 both roots are positive: their product is
    b/a (z + 1)/(z - 1), and X has the sign of z (sqrt(b/a) - theta), so the larger (z < -1) or the smaller (z > 1) can be a state.
    """
    x = drops(p, j)
    a_Na = p.c_out["Na"] * mp.exp(x["Na"] / p.VT)
    a_K = p.c_out["K"] * mp.exp(x["K"] / p.VT)
    b = p.c_out["Cl"] * mp.exp(-x["Cl"] / p.VT)
    qa, qb, qc = (1 - p.z_x) * (a_Na + a_K), p.z_x * p.osm_out, -(1 + p.z_x) * b
    root = mp.sqrt(max(qb * qb - 4 * qa * qc, mp.mpf(0)))
    theta = (-qb + root) / (2 * qa) if qa != 0 else -qc / qb
    c = {"Na": a_Na * theta, "K": a_K * theta, "Cl": b / theta}
    X = p.osm_out - c["Na"] - c["K"] - c["Cl"]
    return Rest(-p.VT * mp.log(theta), c, X, p.n_x / X if X > 0 else mp.inf, j)


def closed_form(p: PumpLeak) -> Rest | None:
    """The electroneutral steady state of an ohmic cell: the quadratic, and a scalar root in j where the pump depends on Na_i.

    None where the volume diverges.
    """
    p = exact(p)
    j = p.j_max
    if p.pump != "constant":
        # Na_i falls as j rises, so rate(Na(j)) - j has one sign change; bisection, first in ln j to find the scale
        def slow(j: Any) -> bool:
            return bool(pump_rate(p, electroneutral_at(p, j).c) > j)

        lo, hi = mp.mpf(10) ** -30, pump_rate(p, {"Na": p.c_out["Na"]})
        for _ in range(60):
            mid = mp.sqrt(lo * hi)
            lo, hi = (mid, hi) if slow(mid) else (lo, mid)
        for _ in range(int(3.4 * mp.mp.dps)):
            mid = (lo + hi) / 2
            lo, hi = (mid, hi) if slow(mid) else (lo, mid)
        j = (lo + hi) / 2
    rest = electroneutral_at(p, j)
    return rest if rest.X > 0 else None


def growth(p: PumpLeak, j: Any) -> Any:
    """Negative exactly where a stable volume exists at pump rate j, for the cell without cotransport.

    X = 0 means a theta = Cl_o/theta = Pi_o/2, so X > 0 iff a < Pi_o^2/(4 Cl_o); that is Na_o + K_o for a bath of the three ions alone.
    """
    p = exact(p)
    J = mp.mpf(j) * p.F
    a = p.c_out["Na"] * mp.exp(-3 * J / (p.g["Na"] * p.VT)) + p.c_out["K"] * mp.exp(2 * J / (p.g["K"] * p.VT))
    return a - p.osm_out**2 / (4 * p.c_out["Cl"])


def pump_of_minimal_volume(p: PumpLeak) -> Any:
    """P* = (RT/F) ln[3 Na_o g_K/(2 K_o g_Na)]/(3/g_Na + 2/g_K), A/m^2."""
    p = exact(p)
    return p.VT * mp.log(3 * p.c_out["Na"] * p.g["K"] / (2 * p.c_out["K"] * p.g["Na"])) / (3 / p.g["Na"] + 2 / p.g["K"])


def largest_pump(p: PumpLeak) -> Any:
    """P_max: the larger root of `growth`, A/m^2 (a falls to P*, then rises)."""
    p = exact(p)
    lo = pump_of_minimal_volume(p)
    hi = 2 * lo
    while growth(p, hi / p.F) < 0:
        hi *= 2
    for _ in range(int(3.5 * mp.mp.dps)):
        mid = (lo + hi) / 2
        lo, hi = (mid, hi) if growth(p, mid / p.F) < 0 else (lo, mid)
    return (lo + hi) / 2


# ---------------------------------------------------------------------------------------- charge-difference rest and spectrum


def charge_rest(p: PumpLeak, start: Rest) -> Rest:
    """The exact steady state with the capacitor charge kept, by Newton in (V, ln c, ln w) from ``start`` at the working precision."""
    p = exact(p)
    rigid = p.water == "rigid"

    def unpack(x: Any) -> tuple[Any, dict[str, Any], Any]:
        w = mp.mpf(start.w) if rigid else mp.exp(x[4])
        return x[0] * p.VT, {k: mp.exp(x[1 + i]) for i, k in enumerate(IONS)}, w

    scale = max(abs(v) for f in fluxes(p, start.c, start.V, mp.mp).values() for v in f.values())

    def residual(*x: Any) -> list[Any]:
        V, c, w = unpack(x)
        flux = fluxes(p, c, V, mp.mp)
        r = [sum(f[k] for f in flux.values() if k in f) / scale for k in IONS]
        r.append(((c["Na"] + c["K"] - c["Cl"] + p.z_x * p.n_x / w) - p.C * p.area * V / (p.F * w)) / p.osm_out)
        if not rigid:
            r.append((c["Na"] + c["K"] + c["Cl"] + p.n_x / w) / p.osm_out - 1)
        return r

    x0 = [start.V / p.VT, *[mp.log(start.c[k]) for k in IONS]] + ([] if rigid else [mp.log(start.w)])
    x = mp.findroot(residual, x0, tol=mp.mpf(10) ** (-2 * mp.mp.dps + 12), maxsteps=60)
    V, c, w = unpack(x)
    return Rest(V, c, p.n_x / w, w, pump_rate(p, c))


def eigenvalues(p: PumpLeak, rest: Rest) -> list[Any]:
    """Spectrum (1/s) of the reduced Jacobian: amounts, and the volume where water is finite; central differences in high precision."""
    p = exact(p)
    names = [*IONS, "w"] if p.water == "finite" else list(IONS)
    y0 = [rest.c[k] * rest.w for k in IONS] + ([mp.mpf(rest.w)] if p.water == "finite" else [])

    def f(y: list[Any]) -> list[Any]:
        n = dict(zip(IONS, y[:3], strict=True))
        w = y[3] if p.water == "finite" else instant_volume(p, n) if p.water == "instant" else mp.mpf(rest.w)
        dn, dw, _ = rhs(p, n, w, potential(p, n), mp.mp)
        return [dn[k] for k in IONS] + ([dw] if p.water == "finite" else [])

    J = mp.matrix(len(names))
    for j, y in enumerate(y0):
        h = y * mp.mpf(10) ** (-mp.mp.dps // 3)
        up, down = f([*y0[:j], y + h, *y0[j + 1 :]]), f([*y0[:j], y - h, *y0[j + 1 :]])
        for i in range(len(names)):
            # scaled by the sizes of the states: amounts and volumes differ by three orders
            J[i, j] = (up[i] - down[i]) / (2 * h) * y / y0[i]
    values = mp.eig(J, left=False, right=False)
    return sorted(values, key=lambda s: mp.re(s))
