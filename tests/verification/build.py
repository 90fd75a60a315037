"""Twins as cells of the package, and random pump-leak cells."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from reference.models import BENCH_START, BENCH_VOLUME, HOUR
from reference.pump_leak import IONS, PumpLeak, growth, pump_of_minimal_volume

import ionflux as ifx
from ionflux import Cl, K, Na

ION = {"Na": Na, "K": K, "Cl": Cl}


def as_cell(p: PumpLeak, c_in: dict[str, float], volume: float) -> ifx.Cell:
    """The cell with the equations of ``p`` at concentrations ``c_in``; its V follows from the charge."""
    charge = p.c_out["Na"] + p.c_out["K"] - p.c_out["Cl"]
    rest = p.osm_out - sum(p.c_out.values()) - abs(charge)
    fixed = None if charge == 0 else ifx.Impermeant(z=-1.0 if charge > 0 else 1.0, c=abs(charge))
    membrane: list[Any] = [ifx.Leak(ION[k], g=g) for k, g in p.g.items()] + [ifx.Leak(ION[k], P=P) for k, P in p.P.items()]
    if p.pump == "constant":
        membrane.append(ifx.ConstantNaKATPase(J_max=p.j_max))
    elif p.pump == "cubic":
        membrane.append(ifx.CubicNaKATPase(J_max=p.j_max))
    else:
        membrane.append(ifx.NaKATPase(J_max=p.j_max, K_Na=p.K_Na, K_K=p.K_K))
    if p.kcc2 is not None:
        membrane.append(ifx.KCC2(g=p.kcc2))
    if p.nkcc1 is not None:
        membrane.append(ifx.NKCC1(g=p.nkcc1))
    if p.water != "rigid":
        membrane.append(ifx.Water(instant=True) if p.water == "instant" else ifx.Water(P_f=p.P_f))
    return ifx.Cell(
        area=p.area,
        volume=volume,
        C_m=p.C,
        T=310.15,
        inside={ION[k]: c_in[k] for k in IONS},
        bath=ifx.Bath({ION[k]: p.c_out[k] for k in IONS}, osmolyte=max(rest, 0.0), impermeant=fixed),
        impermeant=ifx.Impermeant(z=p.z_x, c=p.n_x / volume),
        membrane=membrane,
        constants=ifx.Constants(F=p.F, RT_F=p.VT),
    )


def resting(rest: Any) -> ifx.Cell:
    """The cell of a steady state, starting at it: concentrations, volume and impermeant given, V from the charge."""
    cell = rest.cell
    ((z, n_x),) = cell.start.impermeants
    return ifx.Cell(
        area=cell.area,
        volume=float(rest.volume),
        C_m=cell.C_m,
        T=cell.T,
        inside={ion: float(rest.c_in[ion]) for ion in cell.ions},
        bath=cell.bath,
        impermeant=ifx.Impermeant(z=z, c=n_x / float(rest.volume)),
        membrane=cell.membrane,
        constants=cell.constants,
    )


@cache
def bench_cell() -> ifx.Cell:
    """The ouabain bench cell: V(0) = -70 mV given, the valence of its impermeant solved from the charge."""
    return ifx.Cell(
        area=7.0e-10,
        volume=BENCH_VOLUME,
        C_m=0.01,
        T=310.15,
        V=-0.07,
        inside={ION[k]: BENCH_START[k] for k in IONS},
        bath=ifx.Bath({Na: 145.0, K: 5.0, Cl: 150.0}),
        impermeant=ifx.Impermeant(c=140.0),
        membrane=[ifx.Leak(Na, g=0.1), ifx.Leak(K, g=1.0), ifx.Leak(Cl, g=0.5), ifx.CubicNaKATPase(J_max=1e-4), ifx.Water(P_f=2e-5)],
    )


def ouabain() -> dict[str, Any]:
    return {"NaKATPase.scale": ifx.pulse(3 * HOUR, 4 * HOUR, to=0)}


def draw(
    rng: np.random.Generator, pump: str = "constant", water: str = "instant", plain_bath: bool = False
) -> tuple[PumpLeak, dict[str, float], float]:
    """(twin, starting concentrations, volume) of a random cell with a stable volume; the start is neutral and iso-osmotic.

    Outside there may be impermeants and osmolyte, unless ``plain_bath``.
    """
    Na_o, K_o, osmolyte = rng.uniform(120, 160), rng.uniform(2, 8), rng.choice([0.0, rng.uniform(1, 20)])
    Cl_o = Na_o + K_o - rng.choice([0.0, rng.uniform(5, 35)])
    if plain_bath:
        osmolyte, Cl_o = 0.0, Na_o + K_o
    c_out = {"Na": Na_o, "K": K_o, "Cl": Cl_o}
    radius, C, z = rng.uniform(3e-6, 2e-5), rng.uniform(0.005, 0.03), rng.uniform(-1.6, -0.3)
    volume, area = 4 / 3 * np.pi * radius**3, 4 * np.pi * radius**2
    osm_out = 2 * (Na_o + K_o) + osmolyte
    V = rng.uniform(-0.09, 0.0)
    Cl = rng.uniform(4, 60)
    cations = (Cl * (1 + z) - z * osm_out + C * area * V / (96485.33 * volume)) / (1 - z)
    Na_i = cations * rng.uniform(0.05, 0.8)
    c_in = {"Na": Na_i, "K": cations - Na_i, "Cl": Cl}
    p = PumpLeak(
        area=area,
        C=C,
        c_out=c_out,
        n_x=(osm_out - cations - Cl) * volume,
        z_x=z,
        osm_out=osm_out,
        pump=pump,
        g={"Na": rng.uniform(0.02, 0.4), "K": rng.uniform(0.4, 5.0), "Cl": rng.uniform(0.05, 3.0)},
        water=water,
        P_f=10 ** rng.uniform(-5.5, -3.5),
    )
    if pump == "constant":
        limit = float(pump_of_minimal_volume(p))
        J = limit * rng.uniform(0.15, 1.3) / p.F
        assert growth(p, J) < 0
        return p.but(j_max=J), c_in, volume
    if pump == "cubic":
        return (
            p.but(j_max=10 ** rng.uniform(0.3, 1.7) / p.F, kcc2=rng.uniform(0, 1), nkcc1=rng.choice([None, rng.uniform(0, 0.05)])),
            c_in,
            volume,
        )
    permeabilities = {"Na": 10 ** rng.uniform(-9.7, -9), "K": 10 ** rng.uniform(-8.7, -8), "Cl": 10 ** rng.uniform(-9, -7.5)}
    K_half = {"K_Na": rng.uniform(5, 20), "K_K": rng.uniform(0.8, 3)}
    return p.but(g={}, P=permeabilities, j_max=10 ** rng.uniform(-6.3, -5.5), **K_half), c_in, volume
