"""What textbooks say of channels that set the rest: flicker, warmth, inward rectifiers, potassium outside, the pump's own push.

S1: E_K = -90, E_Na = +60 mV at 37 °C, P_Na/P_K such that the rest is -70 mV.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, K, Na
from ionflux.constants import FARADAY, GAS_CONSTANT
from ionflux.units import mV

VT = GAS_CONSTANT * 310.15 / FARADAY
IN, OUT = {K: 140.0, Na: 15.360269}, {K: 4.8269663, Na: 145.0}
P_NA = 0.037354083
IONS = ("c_in.Na", "c_in.K", "c_in.Cl")


def goldman(P_K: Any = 1.0, K_o: Any = OUT[K], T: Any = 310.15, P_Na: float = P_NA) -> Any:
    return ifx.ghk_voltage({K: P_K, Na: P_Na}, c_in=IN, c_out={**OUT, K: K_o}, T=T)


def patch(*membrane: Any, V: float = -70 * mV, **changes: Any) -> ifx.Cell:
    """A cell whose ions stay what they are: what is seen is the membrane alone."""
    fields: dict[str, Any] = {
        "area": 1e-9, "volume": 1e-15, "C_m": 0.01, "V": V, "inside": {**IN, Cl: 9.0}, "impermeant": ifx.Impermeant(),
        "bath": ifx.Bath({**OUT, Cl: 149.8269663}), "membrane": membrane, "hold": IONS,
    }  # fmt: skip
    return ifx.Cell(**{**fields, **changes})


@pytest.mark.parametrize(("N", "p"), [(50, 0.9), pytest.param(25, 0.4, marks=pytest.mark.slow)])
def test_claim_2_4_leak_channels_flicker_and_are_open_on_average(N: int, p: float) -> None:
    """The mean current is N p i and its variance N p (1 - p) i^2; V fluctuates about what the mean conductance makes it."""
    rate, until, gamma = 500.0, 200.0 / N, 1e-11
    noise = ifx.flicker(N, opening=p * rate, closing=(1 - p) * rate, until=until, seed=4)
    E_K = ifx.nernst(K, c_in=IN[K], c_out=OUT[K])
    clamped = patch(ifx.Leak(K, g=N * gamma / 1e-9), ifx.VoltageClamp(-50 * mV), V=-50 * mV, hold=IONS[:2])
    t = np.linspace(1e-3, until, 3000)
    I = clamped.simulate(until, schedule={"leak_K.scale": noise.schedule()}, at=t).current["leak_K"] * 1e-9
    i = gamma * (-50 * mV - E_K)
    independent = until * rate / 2
    assert I.mean() == pytest.approx(N * p * i, abs=5 * i * np.sqrt(N * p * (1 - p) / independent))
    # relative error of a variance from n independent values, with the kurtosis of a binomial
    assert I.var() == pytest.approx(N * p * (1 - p) * i**2, rel=5 * np.sqrt((2 + 1 / (N * p * (1 - p))) / independent))
    free = patch(ifx.Leak(K, g=N * gamma / 1e-9), ifx.Leak(Na, g=N * p * gamma / 6.5e-9))
    V = free.simulate(until / 2, schedule={"leak_K.scale": noise.schedule()}, at=np.linspace(0.05, until / 2, 400)).V
    assert V.mean() == pytest.approx(-70 * mV, abs=3 * mV)
    assert V.min() > E_K
    assert V.std() > 0.05 * mV


@pytest.mark.parametrize("q10", [2.0, 4.0, 7.0])
def test_claim_2_12_warm_two_pore_channels_hyperpolarise_and_calm(q10: float) -> None:
    """-70 mV at 37 °C, falling with T; the warmer, the more current it takes to reach -50 mV."""
    T = 273.15 + np.arange(22.0, 43.0, 2.5)
    P_K = q10 ** ((T - 310.15) / 10)
    V = goldman(P_K, T=T)
    assert goldman(1.0) == pytest.approx(-70 * mV, abs=1e-9)
    assert np.all(np.diff(V) < 0)
    channel = ifx.K2P(P=1e-8, q10_g=q10)
    for t, v, p in zip(T, V, P_K, strict=True):
        cell = patch(channel, ifx.Leak(Na, P=P_NA * 1e-8), T=float(t))
        assert cell.steady_state().V == pytest.approx(float(v), abs=1e-9)
        own = channel.evaluate(V=-0.05, c_in=IN, c_out=OUT, T=float(t)).current
        assert own == pytest.approx(ifx.ghk_current(K, P=1e-8 * p, V=-0.05, c_in=IN[K], c_out=OUT[K], T=float(t)), rel=1e-12)
    needed = [
        sum(ifx.ghk_membrane({K: 1e-8 * p, Na: P_NA * 1e-8}, V=-0.05, c_in=IN, c_out=OUT, T=t).current.values())
        for t, p in zip(T, P_K, strict=True)
    ]
    assert np.all(np.diff(needed) > 0)
    if q10 > 2.0:  # a steeper channel makes it steeper
        slower = goldman((q10 / 2) ** ((T - 310.15) / 10), T=T)
        assert np.all(np.diff(V) < np.diff(slower))


@pytest.mark.parametrize("K_o", [2.5, 4.8269663, 12.0])
def test_claim_2_13_an_inward_rectifier_passes_inwards_more_easily(K_o: float) -> None:
    E = float(ifx.nernst(K, c_in=140.0, c_out=K_o))
    sides: Any = {"c_in": {K: 140.0}, "c_out": {K: K_o}}

    def ratio(channel: ifx.Mechanism, off: float) -> float:
        return float(-channel.evaluate(V=E - off, **sides).current / channel.evaluate(V=E + off, **sides).current)

    x = 1.62 * 40 * mV / VT
    assert ratio(ifx.Kir(g=10.0), 40 * mV) == pytest.approx((2 + np.exp(x)) / (2 + np.exp(-x)), rel=1e-9)
    assert ratio(ifx.Kir(g=10.0), 40 * mV) > 5
    for V_half, width in ((0.0, -0.01), (-0.015, -0.02), (0.01, -0.03)):
        other = ratio(ifx.KirBoltzmann(g=10.0, V_half=V_half, width=width), 40 * mV)
        want = (1 + np.exp((0.04 - V_half) / -width)) / (1 + np.exp((-0.04 - V_half) / -width))
        assert other == pytest.approx(want, rel=1e-9)
        assert other > 2
    # the conductance at E grows with the potassium outside
    g = [
        float(ifx.Kir(g=10.0).evaluate(V=ifx.nernst(K, c_in=140.0, c_out=c), c_in={K: 140.0}, c_out={K: c}).dI_dV) for c in (K_o, 1.5 * K_o)
    ]
    assert g[1] > g[0]
    assert g[0] == pytest.approx(10.0 / 3 * K_o / (K_o + 13.0), rel=1e-6)


def test_claim_2_14_a_rest_is_a_balance_of_currents_not_their_absence() -> None:
    currents = ifx.ghk_membrane({K: 1e-8, Na: P_NA * 1e-8}, V=goldman(), c_in=IN, c_out=OUT).current
    assert abs(sum(currents.values())) < 1e-12 * currents[K]
    assert currents[K] > 0 > currents[Na]
    for name in ("dusterwald2018", "dijkstra2016", "kay2017"):
        rest = ifx.preset(name).steady_state()
        total = sum(float(I) for I in rest.current.values())
        largest = max(abs(float(I)) for I in rest.current.values())
        assert abs(total) < 1e-8 * largest
        assert min(abs(float(rest.current[f"leak_{ion}"])) for ion in ("Na", "K")) > 1e-3 * largest
        for ion in (Na, K):
            moved = [float(J) for J in rest.budget[ion].values()]
            assert abs(sum(moved)) < 1e-8 * max(map(abs, moved))
            assert max(moved) > 0 > min(moved)


def test_claim_2_16_and_2_19_potassium_outside_depolarises() -> None:
    """By less than E_K moves, for sodium holds against it."""
    K_o = np.array([3.0, 4.0, 6.0, 8.0, 10.0, 15.0])
    V, E_K = goldman(K_o=K_o), ifx.nernst(K, c_in=140.0, c_out=K_o)
    np.testing.assert_allclose(V / mV, [-75.25, -72.25, -67.102, -62.788, -59.074, -51.566], atol=0.005)
    np.testing.assert_allclose(E_K / mV, [-102.71, -95.023, -84.186, -76.497, -70.533, -59.696], atol=0.005)
    for P_Na in (0.005, P_NA, 0.2):
        V = goldman(K_o=K_o, P_Na=P_Na)
        assert np.all(np.diff(V) > 0)
        assert np.all(np.diff(V) < np.diff(E_K))


@pytest.mark.parametrize("name", ["dusterwald2018", "dijkstra2016"])
@pytest.mark.parametrize("K_o", [5.0, 7.0])
def test_claim_2_19_hyperkalaemia_depolarises_a_whole_cell(name: str, K_o: float) -> None:
    rest = ifx.preset(name).steady_state()
    run = rest.resting().simulate(120.0, schedule=ifx.hyperkalaemia(K_o, 10.0, 60.0), at=[9.0, 59.0, 119.0], rtol=1e-5)
    rise = run.V[1] - run.V[0]
    shift = rest.cell.thermal_voltage * np.log(K_o / rest.cell.bath[K])
    assert 1 * mV < rise < shift
    assert run.V[2] == pytest.approx(run.V[0], abs=0.2 * rise)


@pytest.mark.parametrize("g", [(2.0, 0.3, 0.2), (6.5, 1.0, 0.0), (0.5, 0.02, 1.0)])
def test_claim_2_21_the_pump_tunes_the_rest_by_its_current_over_the_conductance(g: tuple[float, float, float]) -> None:
    cell = patch(ifx.Leak(K, g=g[0]), ifx.Leak(Na, g=g[1]), ifx.Leak(Cl, g=g[2]), ifx.ConstantNaKATPase(J_max=0.0))
    J = np.array([0.0, 2e-8, 5e-8, 1e-7])
    V = np.array([cell.replace({"NaKATPase.J_max": j}).steady_state().V for j in J])
    np.testing.assert_allclose(V - V[0], -FARADAY * J / sum(g), rtol=1e-7, atol=1e-12)
    # at once, and with the time constant of the membrane
    tau = 0.01 / sum(g)
    scaled = cell.replace({"NaKATPase.J_max": 1e-7, "V": V[-1]})
    run = scaled.simulate(5 * tau, schedule={"NaKATPase.scale": ifx.step(0.0, to=0.5)}, at=[tau, 5 * tau], rtol=1e-9)
    np.testing.assert_allclose(run.V - V[-1], 0.5 * FARADAY * 1e-7 / sum(g) * -np.expm1([-1.0, -5.0]), rtol=1e-5)
