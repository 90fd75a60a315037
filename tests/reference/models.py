"""The published pump-leak models and the ouabain bench cell as twins, with the papers' own symbols as overrides (SI)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .pump_leak import F_CODATA, IONS, R_CODATA, PumpLeak, instant_volume, potential

DATA = Path(__file__).parents[1] / "data"
HOUR = 3600.0

# w0, and starting concentrations (mol/m^3)
KAY_VOLUME = 4 / 3 * np.pi * 5e-6**3
KAY_START = {"Na": 120.0, "K": 30.0, "Cl": 100.0}
DUSTERWALD_VOLUME = np.pi * 5e-6**2 * 25e-6
DUSTERWALD_START = {"Na": 14.002, "K": 122.873, "Cl": 5.163}
BENCH_VOLUME = 1.75e-15
BENCH_START = {"Na": 10.0, "K": 140.0, "Cl": 10.0}


def reference(name: str) -> dict[str, Any]:
    """A file of tests/data."""
    content: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    return content


def kay2017(P: float = 0.005, **overrides: float) -> PumpLeak:
    """M1: ohmic Na/K/Cl, constant 3:2 pump of current density P (A/m^2), water at once (Kay 2017)."""
    p = PumpLeak(
        area=4 * np.pi * 5e-6**2,
        C=0.01,
        c_out={"Na": 147.0, "K": 3.0, "Cl": 150.0},
        n_x=50 * KAY_VOLUME,
        z_x=-1.0,
        osm_out=300.0,
        j_max=P / 96485.0,
        g={"Na": 0.1, "K": 3.0, "Cl": 2.0},
        F=96485.0,
        VT=25.69e-3,
    )
    return with_symbols(p, **overrides)


def dusterwald2018(p: float = 10.0, **overrides: float) -> PumpLeak:
    """M2 and, with ``g_NKCC1``, M2b: KCC2, cubic pump p (Na_i/Na_o)^3 (A/m^2), finite water permeability (Duesterwald et al. 2018)."""
    cell = PumpLeak(
        area=2 * np.pi * 5e-6 * 25e-6,
        C=0.02,
        c_out={"Na": 145.0, "K": 3.5, "Cl": 119.0},
        n_x=154.962 * DUSTERWALD_VOLUME,
        z_x=-0.85,
        osm_out=297.0,
        j_max=p / 96485.0,
        pump="cubic",
        g={"Na": 0.2, "K": 0.7, "Cl": 0.2},
        kcc2=0.2,
        water="finite",
        P_f=1.5e-4,
        F=96485.0,
        VT=26.725e-3,
    )
    return with_symbols(cell, **overrides)


def with_symbols(p: PumpLeak, **overrides: float) -> PumpLeak:
    """``p`` with the papers' symbols replaced."""
    for name, value in overrides.items():
        if name in ("g_Na", "g_K", "g_Cl"):
            p = p.but(g=p.g | {name[2:]: value})
        elif name in ("g_KCC2", "g_NKCC1"):
            p = p.but(**{name[2:].lower(): value})
        elif name == "impermeant.amount_factor":
            p = p.but(n_x=p.n_x * value)
        elif name == "impermeant.z":
            p = p.but(z_x=value)
        else:
            raise KeyError(name)
    return p


def ouabain_bench(g_Na: Any = 0.1, g_K: Any = 1.0, g_Cl: Any = 0.5, j_max: Any = 1e-4) -> tuple[PumpLeak, tuple[dict[str, Any], Any, Any]]:
    """The bench cell and its start: ohmic leaks, cubic pump, finite water; the impermeant's valence makes V(0) = -70 mV the charge."""
    area, C, X = 7.0e-10, 0.01, 140.0
    cells = np.broadcast(*map(np.atleast_1d, (g_Na, g_K, g_Cl, j_max))).shape
    V = -0.07
    z = (C * area * V / (F_CODATA * BENCH_VOLUME) - (BENCH_START["Na"] + BENCH_START["K"] - BENCH_START["Cl"])) / X
    p = PumpLeak(
        area=area,
        C=C,
        c_out={"Na": 145.0, "K": 5.0, "Cl": 150.0},
        n_x=X * BENCH_VOLUME,
        z_x=z,
        osm_out=300.0,
        j_max=j_max,
        pump="cubic",
        g={"Na": g_Na, "K": g_K, "Cl": g_Cl},
        water="finite",
        P_f=2e-5,
        VT=R_CODATA * 310.15 / F_CODATA,
    )
    n = {k: np.full(cells, c * BENCH_VOLUME) for k, c in BENCH_START.items()}
    return p, (n, np.full(cells, BENCH_VOLUME), np.full(cells, V))


def sweep_sizes(cells: int) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Sizes of the sweep: the bench values times 0.5 + 1.5 frac((i + 1/2) sqrt(prime))."""
    x = np.sqrt(np.array([2.0, 3.0, 5.0, 7.0]))[:, None] * (np.arange(cells) + 0.5)
    factor = 0.5 + 1.5 * (x - np.floor(x))
    return dict(zip(("g_Na", "g_K", "g_Cl", "j_max"), np.array([0.1, 1.0, 0.5, 1e-4])[:, None] * factor, strict=True))


def start_of(p: PumpLeak, c: dict[str, float], volume: float) -> tuple[dict[str, Any], Any, Any]:
    """(amounts, volume, V) of one cell at concentrations c, V from charge."""
    n = {k: np.array([c[k] * volume]) for k in IONS}
    w = instant_volume(p, n) if p.water == "instant" else np.array([volume])
    return n, w, potential(p, n)
