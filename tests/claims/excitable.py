"""Cells that fire, for claims."""

from __future__ import annotations

from typing import Any

import numpy as np

import ionflux as ifx
from ionflux import Cl, K, Na
from ionflux.constants import FARADAY, GAS_CONSTANT
from ionflux.units import mV, um

WARM = 291.65  # 18.5 °C, the other temperature of Hodgkin and Huxley
E_K, E_NA = -90 * mV, 60 * mV


def living(r: float = 10 * um, V: float = -70 * mV, T: float = WARM, J_max: float = 2e-6, more: Any = (), **fields: Any) -> ifx.Cell:
    """A sphere with the axon's channels whose ions move, at rest by a pump and two leaks."""
    cell = ifx.Cell.sphere(
        r, C_m=0.01, T=T, V=V, inside={Na: 12.0, K: 140.0, Cl: 150.0 * np.exp(V / (GAS_CONSTANT * T / FARADAY))},
        bath=ifx.Bath({Na: 145.0, K: 5.0, Cl: 150.0}), impermeant=ifx.Impermeant(),
        membrane=[
            ifx.HHNa(g=1200.0), ifx.HHK(g=360.0), ifx.Leak(Na, g=1.0), ifx.Leak(K, g=1.0), ifx.Leak(Cl, g=1.0),
            ifx.NaKATPase(J_max=J_max), ifx.CurrentClamp(i=0.0), *more,
        ], **fields,
    )  # fmt: skip
    return cell.solve_leaks(V=V, for_=[Na, K])


def axon(*more: ifx.Mechanism, g_K: float = 0.0, V: float = -65 * mV, T: float = 279.45) -> ifx.Cell:
    """The axon's channels with a sodium leak of 2 S/m² and a potassium leak, E_K −90 mV, in place of the mixed one."""
    cell = ifx.preset("hodgkin_huxley1952", T=T)
    kept = [m for m in cell.membrane if m.name != "leak_Cl"]
    return cell.replace({"membrane": [*kept, ifx.Leak(Na, g=2.0, E=E_NA), ifx.Leak(K, g=g_K, E=E_K), *more], "V": V})


def at_rest(V: float, *more: ifx.Mechanism, T: float = 279.45) -> ifx.Cell:
    """That axon with the potassium leak which makes V its rest."""
    cell = axon(*more, V=V, T=T)
    others = sum(float(I[0]) for name, I in cell.simulate(1e-9, at=[0.0]).current.items() if name != "leak_K")
    return cell.replace({"leak_K.g": -others / (V - E_K)})


def rheobase(cell: ifx.Cell, hi: float = 1.0) -> float:
    """The smallest step of current, A/m², that makes the cell fire within 30 ms; to a thousandth of hi."""
    lo = 0.0
    for _ in range(2):
        i = np.linspace(lo, hi, 33)
        fired = ifx.sweep(cell, {"CurrentClamp.i": i}, until=0.03, at=np.linspace(1e-4, 0.03, 300)).V.max(axis=1) > -0.02
        assert fired[-1]
        first = int(np.argmax(fired))
        lo, hi = float(i[max(first - 1, 0)]), float(i[first])
    return hi
