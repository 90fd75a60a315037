"""Exchangers, cotransporters, calcium and proton pumps, the supply of ATP: what they do to cells, and where they come to rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import HCO3, Ca, Cl, Glutamate, H, K, Na
from ionflux.constants import FARADAY, GAS_CONSTANT

VT = GAS_CONSTANT * 310.15 / FARADAY


def cell(*membrane: ifx.Mechanism, inside: dict[Any, float], bath: dict[Any, float], **fields: Any) -> ifx.Cell:
    return ifx.Cell.sphere(
        10e-6,
        **{
            "C_m": 0.01,
            "V": -0.07,
            "inside": inside,
            "bath": ifx.Bath(bath),
            "impermeant": ifx.Impermeant(),
            "membrane": membrane,
            **fields,
        },
    )


def test_the_current_of_the_sodium_calcium_exchanger_is_the_one_of_the_reference_neuron() -> None:
    """I = k [Na_i^3 Ca_o e^(0.35u) - Na_o^3 Ca_i e^(-0.65u)], k 3e-8 A m^-2 mM^-4, outward."""
    m = ifx.NCX(k=3e-8 / FARADAY)
    V = np.linspace(-0.12, 0.06, 7)
    seen = m.evaluate(V=V, c_in={Na: 10.0, Ca: 1e-4}, c_out={Na: 145.0, Ca: 1.8})
    u = V / VT
    want = 3e-8 * (10.0**3 * 1.8 * np.exp(0.35 * u) - 145.0**3 * 1e-4 * np.exp(-0.65 * u))
    np.testing.assert_allclose(seen.current, want, rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(seen.flux["Na"] * FARADAY, 3 * want, rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(2 * seen.flux["Ca"] * FARADAY, -2 * want, rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("m", [ifx.NCX(k=1e-13), ifx.NCX(k=1e-13, gamma=0.8), ifx.LuoRudyNCX(J_max=1e-6)], ids=repr)
def test_calcium_rests_where_three_sodium_pay_for_it(m: ifx.Mechanism) -> None:
    """Alone with calcium, at given V and sodium: V = 3 E_Na - 2 E_Ca, so Ca_i = Ca_o (Na_i/Na_o)^3 e^(u)."""
    for V in (-0.08, -0.02):
        rest = 1.8 * (10.0 / 145.0) ** 3 * np.exp(V / VT)
        seen = m.evaluate(V=V, c_in={Na: 10.0, Ca: rest}, c_out={Na: 145.0, Ca: 1.8})
        aside = m.evaluate(V=V, c_in={Na: 10.0, Ca: 1.01 * rest}, c_out={Na: 145.0, Ca: 1.8})
        assert abs(seen.rate) <= 1e-12 * aside.rate / 0.01
        assert aside.flux["Ca"] > 0  # outward
        assert aside.current < 0  # and depolarising


def test_logarithmic_cotransport_by_conductance_and_by_rate_is_one_law() -> None:
    c_in, c_out = {Na: 18.0, K: 140.0, Cl: 6.0}, {Na: 144.0, K: 4.0, Cl: 130.0}
    for cls, ions in ((ifx.KCC2, "KCl"), (ifx.NKCC1, "all")):
        U = 3e-7
        by_rate, by_g = cls(U=U).evaluate(V=0.0, c_in=c_in, c_out=c_out), cls(g=U * FARADAY / VT).evaluate(V=0.0, c_in=c_in, c_out=c_out)
        assert by_rate.rate == pytest.approx(by_g.rate, rel=1e-13)
        log = np.log(140.0 * 6.0 / (4.0 * 130.0)) + (np.log(18.0 * 6.0 / (144.0 * 130.0)) if ions == "all" else 0.0)
        assert -by_rate.rate == pytest.approx(U * log, rel=1e-13)  # outward, as the papers count it
    gated = ifx.GatedNKCC1(U=3e-7)
    for K_out in (4.0, 16.0, 30.0):
        at = {"V": 0.0, "c_in": c_in, "c_out": {**c_out, K: K_out}}
        assert gated.evaluate(**at).rate == pytest.approx(ifx.NKCC1(U=3e-7).evaluate(**at).rate / (1 + np.exp(16.0 - K_out)), rel=1e-13)


def test_electrically_silent_carriers_move_no_charge() -> None:
    for m in (
        ifx.NHE(k=1e-9),
        ifx.AE(k=1e-11),
        ifx.NBC(g=0.1),
        ifx.MassActionKCC2(k=1e-11),
        ifx.MassActionNKCC1(k=1e-16),
        ifx.GatedNKCC1(U=1e-8),
    ):
        assert m.charge == 0
    assert (ifx.NCX(k=1e-13).charge, ifx.NBC(g=0.1, n=3).charge, ifx.PMCA(J_max=1e-9, K_Ca=1e-4).charge) == (1, -2, -2)
    assert ifx.EAAT(J_max=1e-8, K_Na=50, K_H=1e-5, K_Glutamate=0.02, K_K=10).charge == 2


def test_a_membrane_of_exchangers_alone_brings_every_affinity_to_zero() -> None:
    """pH, bicarbonate and chloride in a voltage-clamped cell: each carrier comes to rest with the others, and so does the cell."""
    membrane = [ifx.NHE(k=3e-7), ifx.AE(k=3e-9), ifx.NBC(g=0.5, n=2), ifx.VoltageClamp(-0.06)]
    start = cell(
        *membrane, inside={Na: 12.0, K: 130.0, Cl: 20.0, HCO3: 12.0, H: 1e-4}, bath={Na: 145.0, K: 4.0, Cl: 125.0, HCO3: 24.0, H: 4e-5},
        V=None, impermeant=ifx.Impermeant(z=-1.0, c=110.0), hold=("c_in.Na",),
    )  # fmt: skip
    run = start.simulate(3e4, rtol=1e-10)
    at_end = {
        ion: (float(run.c_in[ion][-1]), float(run.c_out[ion][-1]) if np.ndim(run.c_out[ion]) else float(run.c_out[ion]))
        for ion in (Na, Cl, HCO3, H)
    }
    for m in membrane[:3]:
        seen = m.evaluate(V=-0.06, c_in={i: c for i, (c, _) in at_end.items()}, c_out={i: c for i, (_, c) in at_end.items()})
        assert abs(seen.affinity) < 1e-3  # J/mol
    # Na/H: H_i = H_o Na_i/Na_o
    assert at_end[H][0] == pytest.approx(4e-5 * 12.0 / 145.0, rel=1e-6)


def test_glutamate_can_be_gathered_ten_thousandfold_and_more() -> None:
    """3 Na and a proton in, K out, with two charges: what is left outside at the rest of the carrier."""
    m = ifx.EAAT(J_max=1e-7, K_Na=50.0, K_H=1e-5, K_Glutamate=0.02, K_K=10.0)
    c_in, c_out = {Na: 10.0, K: 140.0, H: 6e-5, Glutamate: 5.0}, {Na: 145.0, K: 4.0, H: 4e-5, Glutamate: 1.0}
    V = -0.08
    rest = 5.0 * (10.0 / 145.0) ** 3 * (6e-5 / 4e-5) * (4.0 / 140.0) * np.exp(2 * V / VT)
    assert 5.0 / rest > 1e4
    at = {"V": V, "c_in": c_in}
    assert m.evaluate(**at, c_out={**c_out, Glutamate: rest * 1.001}).rate > 0
    assert m.evaluate(**at, c_out={**c_out, Glutamate: rest * 0.999}).rate < 0
    # with little K outside pulled up by an ischaemic membrane it runs backwards and lets glutamate go
    assert m.evaluate(V=-0.02, c_in={**c_in, Na: 60.0, K: 90.0}, c_out={**c_out, K: 60.0, Na: 60.0, Glutamate: 1e-3}).rate < 0


def test_supply_and_use_of_atp_settle_where_they_balance() -> None:
    """dc/dt = production - rate c/at: c = at production/rate, reached exponentially; scale 0 is ischaemia."""
    made = cell(
        ifx.Leak(K, P=1e-9), ifx.ATPSupply(production=0.06), ifx.ATPUse(rate=0.04, at=3.0),
        inside={K: 140.0}, bath={K: 140.0, Cl: 140.0}, pools=[ifx.Pool("ATP", 3.0)], V=0.0,
    )  # fmt: skip
    t = np.array([0.0, 50.0, 300.0])
    np.testing.assert_allclose(made.simulate(300.0, at=t, rtol=1e-10).c_in["ATP"], 4.5 - 1.5 * np.exp(-t * 0.04 / 3.0), rtol=1e-8)
    dark = made.simulate(300.0, at=t, rtol=1e-10, schedule={"ATPSupply.scale": ifx.step(0.0, to=0.0)})
    np.testing.assert_allclose(dark.c_in["ATP"], 3.0 * np.exp(-t * 0.04 / 3.0), rtol=1e-8)
    assert dark.atp[0] == pytest.approx(0.04 * made.volume, rel=1e-12)  # what is used, supply aside
    back = made.replace({"membrane": [made.membrane[0], ifx.ATPSupply(k=0.02, rest=5.0)]}).simulate(300.0, at=t, rtol=1e-10)
    np.testing.assert_allclose(back.c_in["ATP"], 5.0 - 2.0 * np.exp(-0.02 * t), rtol=1e-8)


def test_supply_stops_where_no_adp_is_left_to_make_atp_of() -> None:
    pools = [ifx.Pool("ATP", 2.0), ifx.Pool("ADP", 1.0), ifx.Pool("Pi", 4.0)]
    made = cell(
        ifx.Leak(K, P=1e-9), ifx.ATPSupply(production=0.5, K_ADP=0.05), inside={K: 140.0}, bath={K: 140.0, Cl: 140.0}, pools=pools, V=0.0
    )
    run = made.simulate(100.0, rtol=1e-8)
    np.testing.assert_allclose(run.c_in["ATP"] + run.c_in["ADP"], 3.0, rtol=1e-12)
    np.testing.assert_allclose(run.c_in["ATP"] + run.c_in["Pi"], 6.0, rtol=1e-12)
    assert run.c_in["ATP"][-1] == pytest.approx(3.0, rel=1e-3)
    assert np.all(run.c_in["ADP"] >= 0.0)


def test_a_calcium_pump_and_a_leak_share_the_calcium_as_their_rates_say() -> None:
    """At rest the leak lets in what the pump throws out."""
    pump, leak = ifx.PMCA(J_max=2.6e-10, K_Ca=2e-4, K_ATP=0.2), ifx.Leak(Ca, P=4e-12)
    made = cell(
        pump, leak, ifx.VoltageClamp(-0.07), inside={K: 140.0, Ca: 1e-3}, bath={K: 4.0, Na: 140.0, Cl: 147.6, Ca: 1.8}, V=None,
        impermeant=ifx.Impermeant(z=-1.0, c=140.0), pools=[ifx.Pool("ATP", 3.0)], hold=("c_in.ATP",),
    )  # fmt: skip
    end = float(made.simulate(1e5, at=[1e5], rtol=1e-10).c_in[Ca][0])
    at = {"V": -0.07, "c_in": {Ca: end}, "c_out": {Ca: 1.8}}
    assert pump.evaluate(**at, extra={"ATP": 3.0}).rate == pytest.approx(leak.evaluate(**at).rate, rel=1e-6)
    with pytest.raises(ifx.InputError, match=r"PMCA needs \[ATP\] inside"):
        made.replace({"pools": [], "hold": ()})


@pytest.mark.parametrize(
    "fields", [{"activity": "davies"}, {"surface": ifx.ChargedSurface(-0.02, -0.05, 4e-9)}], ids=["activity", "surface"]
)
def test_carriers_go_down_their_affinity_where_activities_or_charged_membranes_count(fields: dict[str, Any]) -> None:
    """And at the end of a long run, without pumps, all rest together."""
    membrane = [
        ifx.NCX(k=3e-11), ifx.MassActionKCC2(k=1e-10), ifx.EAAT(J_max=1e-8, K_Na=50.0, K_H=1e-5, K_Glutamate=0.02, K_K=10.0),
        ifx.Leak(Cl, P=1e-8), ifx.Leak(H, P=1e-7), ifx.Leak(K, P=1e-8), ifx.Leak(Na, P=1e-8),
    ]  # fmt: skip
    made = cell(
        *membrane, inside={Na: 12.0, K: 130.0, Cl: 20.0, Ca: 1e-3, Glutamate: 3.0, H: 1e-4},
        bath={Na: 145.0, K: 4.0, Cl: 152.59004, Ca: 1.8, Glutamate: 0.01, H: 4e-5}, **fields,
    )  # fmt: skip
    run = made.simulate(1e7, rtol=1e-8)
    for m in made.mechanisms:
        rate, affinity = run._look(f"rate.{m.name}"), run._look(f"affinity.{m.name}")
        assert np.all(rate * affinity >= -1e-13 * np.max(np.abs(rate * affinity))), m.name
        assert abs(affinity[-1]) < 1e-3 * np.max(np.abs(affinity))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: ifx.KCC2(), "exactly one of g= or U="),
        (lambda: ifx.KCC2(g=1.0, U=1e-7), "exactly one of g= or U="),
        (lambda: ifx.NCX(k=1.0), r"NCX.k = 1 m\^10 mol\^-3 s\^-1 is outside"),
        (lambda: ifx.NCX(k=1e-13, gamma=1.2), "NCX.gamma = 1.2 is outside 0 … 1"),
        (lambda: ifx.NBC(g=1.0, n=4), "bicarbonates per sodium; it is 1, 2 or 3"),
        (lambda: ifx.NBC(g=1.0, n=2.0), "bicarbonates per sodium"),
        (lambda: ifx.PMCA(J_max=1e-9, K_Ca=1e-4, n_Ca=3), "it is 1 or 2"),
        (lambda: ifx.ATPSupply(), "exactly one of production= or k="),
        (lambda: ifx.ATPSupply(k=1.0), "k= and rest= go together"),
        (lambda: ifx.ATPSupply(production=1.0, rest=3.0), "k= and rest= go together"),
        (lambda: ifx.SigmoidNaKATPase(J_max=1e-7, Na_width=0.0), "SigmoidNaKATPase.Na_width"),
        (lambda: ifx.CyclePump(), "density"),
        (lambda: ifx.CyclePump(density=1e-8, pH=7.1e-8), "CyclePump.pH"),
    ],
)
def test_a_transporter_that_makes_no_sense_is_refused(make: Any, match: str) -> None:
    with pytest.raises((ifx.InputError, TypeError), match=match):
        make()
