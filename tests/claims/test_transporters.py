"""What the pumps and exchangers of a living cell do, and what they cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import ionflux as ifx
from ionflux import Ca, Cl, H, K, Na
from ionflux.constants import FARADAY

#: 37 °C: E_K -90 mV, E_Na +60 mV
S1: dict[str, Any] = {"c_in": {K: 140.0, Na: 15.360269}, "c_out": {K: 4.8269663, Na: 145.0}}
PUMPS = [
    ifx.NaKATPase(J_max=1e-6), ifx.ConstantNaKATPase(J_max=1e-7), ifx.CubicNaKATPase(J_max=1e-4), ifx.LinearNaKATPase(k=1e-9),
    ifx.HillNaKATPase(J_max=1e-6), ifx.LuoRudyNaKATPase(J_max=1e-6), ifx.SigmoidNaKATPase(J_max=1e-6), ifx.HamadaNaKATPase(J_max=1e-6),
    ifx.ATPNaKATPase(J_max=1e-6, K_ATP=0.2), ifx.CyclePump(density=1e-8),
]  # fmt: skip


@pytest.mark.parametrize("pump", PUMPS, ids=lambda pump: type(pump).__name__)
def test_claim_0_3_three_sodium_leave_for_two_potassium_and_one_atp(pump: ifx.Mechanism) -> None:
    """And so one charge leaves per cycle."""
    seen = pump.evaluate(V=-0.07, **S1, extra={"ATP": 5.0})
    assert seen.rate > 0
    assert (seen.flux["Na"], seen.flux["K"]) == (pytest.approx(3 * seen.rate, rel=1e-14), pytest.approx(-2 * seen.rate, rel=1e-14))
    assert seen.current == pytest.approx(FARADAY * seen.rate, rel=1e-14)
    assert seen.atp == seen.rate


@pytest.mark.parametrize("pump", PUMPS, ids=lambda pump: type(pump).__name__)
def test_claim_3_23_the_work_of_a_cycle_is_below_what_atp_gives_and_above_half_of_it(pump: ifx.Mechanism) -> None:
    """3 F (E_Na - V) + 2 F (V - E_K) at -70 mV, against 50 to 57 kJ/mol."""
    seen = pump.evaluate(V=-0.07, **S1, extra={"ATP": 5.0})
    work = seen.work / seen.rate
    assert work == pytest.approx(FARADAY * (3 * 0.130 + 2 * 0.020), rel=1e-6)
    assert 0.5 * 57e3 < work < 50e3
    if pump.thermodynamics == "cycle":  # and where gradients cost more than ATP gives it makes ATP
        ATP = seen.affinity + work
        assert work < ATP
        steep = {"c_in": {K: 140.0, Na: 15.36}, "c_out": {K: 4.8269663, Na: 145.0}}
        V = brentq(lambda V: pump.evaluate(V=V, **steep, extra={"ATP": 5.0}).affinity, -0.5, 0.0)
        assert pump.evaluate(V=V - 0.02, **steep, extra={"ATP": 5.0}).atp < 0


@pytest.mark.parametrize("Ca_out", [1.2, 1.8])
def test_claim_0_18_with_the_sodium_of_the_textbook_the_exchanger_runs_backwards_already(Ca_out: float) -> None:
    """At -70 mV with 100 nM Ca: its reversal, 3 E_Na - 2 E_Ca, is below V; at a smaller Na_i, and no larger one, it rests."""
    exchanger = ifx.NCX(k=1e-13)

    def rate(Na_in: float, V: float = -0.07) -> float:
        return float(exchanger.evaluate(V=V, c_in={Na: Na_in, Ca: 1e-4}, c_out={Na: 145.0, Ca: Ca_out}).rate)

    E_NCX = 3 * ifx.nernst(Na, c_in=S1["c_in"][Na], c_out=145.0) - 2 * ifx.nernst(Ca, c_in=1e-4, c_out=Ca_out)
    assert abs(rate(S1["c_in"][Na], E_NCX)) < 1e-12 * abs(rate(S1["c_in"][Na], E_NCX - 0.01))
    if Ca_out == 1.8:
        assert E_NCX < -0.07
        assert rate(S1["c_in"][Na]) < 0  # calcium comes in
    critical = brentq(rate, 1.0, 40.0, xtol=1e-12)
    VT = ifx.nernst(Na, c_in=1.0, c_out=np.e)
    assert critical == pytest.approx(145.0 * np.exp(-(-0.07 + 2 * ifx.nernst(Ca, c_in=1e-4, c_out=Ca_out)) / (3 * VT)), rel=1e-9)
    assert rate(0.9 * critical) > 0 > rate(1.1 * critical)


def plant(**changes: Any) -> ifx.Cell:
    """A plant cell: a proton pump, ways for K and H; K and H inside are held, as a vacuole and buffers do."""
    fields: dict[str, Any] = {
        "C_m": 0.01, "V": -0.15, "inside": {K: 100.0, H: 10**-4.4, Cl: 20.0}, "impermeant": ifx.Impermeant(),
        "bath": ifx.Bath({K: 1.0, H: 10**-2.5, Cl: 1.0 + 10**-2.5}, osmolyte=300.0), "hold": ("c_in.K", "c_in.H"), "T": 298.15,
        "membrane": [
            ifx.Leak(K, P=2e-9), ifx.Leak(H, P=2e-7), ifx.HATPase(J_max=2e-6, K_in=1e-4, K_out=0.1, K_ATP=0.3),
        ],
    }  # fmt: skip
    return ifx.Cell.sphere(20e-6, **{**fields, **changes})


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_claim_2_28_the_same_physics_holds_in_plants(factor: float) -> None:
    """K_o 1 and K_i 100 mM: the proton pump takes V below E_K and below -120 mV; without it V is the diffusion potential of K and H."""
    cell = plant()
    rest = cell.simulate(60.0, at=[60.0], rtol=1e-9)
    assert rest.V[0] < min(-0.12, rest.E[K][0] if np.ndim(rest.E[K]) else rest.E[K])
    more = cell.replace({"HATPase.J_max": factor * cell.membrane[2].J_max}).simulate(60.0, at=[60.0], rtol=1e-9)  # type: ignore[attr-defined]
    assert np.sign(more.V[0] - rest.V[0]) == np.sign(1 - factor)
    blocked = cell.simulate(60.0, at=[60.0], rtol=1e-9, schedule={"HATPase.scale": ifx.step(10.0, to=0.0)})
    diffusion = ifx.ghk_voltage({K: 2e-9, H: 2e-7}, c_in={K: 100.0, H: 10**-4.4}, c_out={K: 1.0, H: 10**-2.5}, T=298.15)
    assert blocked.V[0] == pytest.approx(diffusion, abs=1e-6)
    assert blocked.V[0] > rest.V[0] + 0.02


def test_a_closed_cell_without_atp_ends_at_the_equilibrium_of_donnan() -> None:
    """A rigid cell whose cyclic pump finds neither ATP nor ADP: every ion at its Nernst potential, the same for all."""
    cell = ifx.Cell.sphere(
        6e-6, C_m=0.01, V=-0.07, inside={Na: 12.0, K: 135.0, Cl: 7.0},
        bath=ifx.Bath({Na: 145.0, K: 4.0, Cl: 149.0}), impermeant=ifx.Impermeant(),
        membrane=[ifx.Leak(Na, P=4e-9), ifx.Leak(K, P=5e-8), ifx.Leak(Cl, P=1e-8), ifx.CyclePump(density=1e-8)],
        pools=[ifx.Pool("ATP", 0.0), ifx.Pool("ADP", 0.0), ifx.Pool("Pi", 2.0)],
    )  # fmt: skip
    rest = cell.steady_state()
    for ion in (Na, K, Cl):
        assert rest.E[ion] == pytest.approx(rest.V, abs=1e-9 * abs(rest.V))
        assert rest.c_in[ion] == pytest.approx(cell.bath[ion] * np.exp(-ion.z * rest.V / cell.thermal_voltage), rel=1e-9)
    long = cell.simulate(3e6, at=[3e6], rtol=1e-10)
    assert long.V[0] == pytest.approx(rest.V, rel=1e-9)
