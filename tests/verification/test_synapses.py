"""Synapses: receptors that a transmitter opens, and what passes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import HCO3, Cl, K, Na
from ionflux.constants import FARADAY
from ionflux.units import mM, mV

INSIDE = {Na: 12.0, K: 138.0, Cl: 8.0, HCO3: 15.0}
BATH = ifx.Bath({Na: 145.0, K: 4.8, Cl: 126.8, HCO3: 23.0})


def cell(*membrane: Any, **changes: Any) -> ifx.Cell:
    fields: dict[str, Any] = {
        "area": 1e-9, "volume": 1e-15, "C_m": 0.01, "V": -70 * mV, "inside": INSIDE, "bath": BATH, "impermeant": ifx.Impermeant(),
        "membrane": membrane,
    }  # fmt: skip
    return ifx.Cell(**{**fields, **changes})


@pytest.mark.parametrize("T", [1e-3, 0.3, 1.0])
@pytest.mark.parametrize("kind", [ifx.AMPA, ifx.GABA_B])
def test_receptors_open_and_close_as_a_two_state_scheme(kind: type[ifx.Synapse], T: float) -> None:
    """s(t) = s_inf (1 - e^(-(αT + β) t)) while there is transmitter, then s e^(-β t)."""
    synapse = kind(g=1e-3)
    name = f"{synapse.name}.{synapse.gates[0].name}"
    t = np.array([0.011, 0.0115, 0.012, 0.015, 0.03])
    run = cell(synapse).simulate(
        0.03, at=t, rtol=1e-9, schedule={f"{synapse.name}.transmitter": ifx.pulse(0.01, 0.012, to=T * mM)}, method="implicit"
    )
    opening, closing = synapse.opening * T, synapse.closing
    top = opening / (opening + closing)
    while_there = top * -np.expm1(-(opening + closing) * np.minimum(t - 0.01, 0.002))
    want = while_there * np.exp(-closing * np.maximum(t - 0.012, 0.0))
    np.testing.assert_allclose(run.gate[name], want, rtol=1e-6)


def test_a_synapse_between_two_ions_reverses_where_it_was_asked_to() -> None:
    """At the concentrations of the start; each ion runs down its own gradient, so at rest they pass each other."""
    for E_rev in (-0.075, -0.053, 0.0, 0.04):
        synapse = ifx.Synapse(E_rev=E_rev, between=(Na, K), g=2.0, transmitter=1.0)
        at = cell(synapse, V=E_rev).simulate(1e-9, at=[1e-9])
        open_ = at.gate["Synapse.s"][0]
        assert at.current["Synapse"][0] == pytest.approx(0.0, abs=1e-6)
        assert at.flux["Synapse"][Na][0] < 0 < at.flux["Synapse"][K][0]
        other = cell(synapse, V=E_rev + 0.01).simulate(1e-9, at=[1e-9])
        assert other.current["Synapse"][0] == pytest.approx(2.0 * open_ * 0.01, rel=1e-4)


def test_what_two_ions_share_is_settled_at_the_start() -> None:
    """More potassium outside later on moves the reversal potential, to the mean of the new equilibria with the old weights."""
    open_ = ifx.Synapse(E_rev=-0.053, between=(Na, K), g=2.0, transmitter=1.0)
    clamped = cell(open_, ifx.VoltageClamp(-70 * mV), hold=("c_in.Na", "c_in.K"))
    run = clamped.simulate(2.0, schedule={"bath.K": ifx.step(1.0, to=15 * mM)}, at=[0.5, 1.5])
    g = {ion: run.flux["Synapse"][ion] * FARADAY / (run.V - run.E[ion]) for ion in (Na, K)}
    for ion in (Na, K):
        assert g[ion][0] == pytest.approx(g[ion][1], rel=1e-9)
    reverses = ifx.chord_voltage({ion: g[ion][1] for ion in g}, {ion: run.E[ion][1] for ion in g})
    assert reverses > -0.053 + 5 * mV
    # cells of a sweep each have the start of their own
    swept = ifx.sweep(clamped, {"bath.K": np.array([4.8, 5.0])}, until=1.0)
    assert swept.flux["Synapse"][K][1] < 0.995 * swept.flux["Synapse"][K][0]
    for i, c in enumerate((4.8, 5.0)):
        alone = clamped.replace({"bath.K": c}).simulate(1.0, at=[1.0])
        assert swept.flux["Synapse"][K][i] == pytest.approx(alone.flux["Synapse"][K][0], rel=1e-12)


@pytest.mark.parametrize("outside", [{}, {"outside_volume": 2e-15}])
def test_a_cell_taken_up_again_keeps_what_its_synapses_share(outside: dict[str, Any]) -> None:
    """A rest is a rest, and a run in two parts is the run."""
    open_ = ifx.Synapse(E_rev=-0.05, between=(Na, K), g=1.0, transmitter=1.0)
    living = cell(
        ifx.Leak(Na, g=0.2), ifx.Leak(K, g=2.0), ifx.Leak(Cl, g=1.0), ifx.NaKATPase(J_max=2e-6), open_,
        inside={Na: 12.0, K: 140.0, Cl: 9.0}, bath=ifx.Bath({Na: 145.0, K: 5.0, Cl: 150.0}), **outside,
    )  # fmt: skip
    whole = living.simulate(200.0, at=[100.0, 200.0], rtol=1e-9)
    rest_of_it = living.simulate(100.0, rtol=1e-9).cell_at(100.0).simulate(100.0, at=[0.0, 100.0], rtol=1e-9)
    np.testing.assert_allclose(rest_of_it.V, whole.V, rtol=0, atol=1e-8)
    assert rest_of_it.c_in[Na][1] == pytest.approx(whole.c_in[Na][1], rel=1e-7)
    rest = living.steady_state()
    assert rest.resting().simulate(100.0, at=[100.0], rtol=1e-9).V[0] == pytest.approx(rest.V, abs=1e-8)


def test_two_ions_cannot_reverse_beyond_their_equilibria() -> None:
    """One of them would flow against its gradient."""
    for E_rev in (-0.095, 0.07):
        synapse = ifx.Synapse(E_rev=E_rev, between=(Na, K), g=2.0)
        with pytest.raises(ifx.InputError, match=r"Synapse.E_rev = .* mV; Na and K together reverse between -89.* and 66.* mV"):
            cell(synapse)
        with pytest.raises(ifx.InputError, match="outside the Nernst potentials"):
            synapse.evaluate(V=0.0, c_in=INSIDE, c_out=dict(BATH))
    with pytest.raises(ifx.InputError, match="two ions"):
        ifx.Synapse(E_rev=0.0, between=(K, K), g=1.0)


@pytest.mark.parametrize("E_rev", [-0.08, -0.053, 0.03])
def test_a_shared_synapse_by_itself_reverses_where_asked(E_rev: float) -> None:
    V = E_rev + np.array([-0.01, 0.0, 0.01])
    I = ifx.Synapse(E_rev=E_rev, between=(Na, K), g=2.0).evaluate(V=V, c_in=INSIDE, c_out=dict(BATH), gates={"s": 0.25}).current
    np.testing.assert_allclose(I, 0.5 * (V - E_rev), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("E_rev", [-0.053, 0.0])
def test_the_sign_of_the_answer_is_that_of_reversal_minus_rest(E_rev: float) -> None:
    """The same synapse excites a cell at -70 mV and inhibits one at -40 mV."""
    for V in (-0.07, -0.04):
        leaky = cell(ifx.Synapse(E_rev=E_rev, between=(Na, K), g=0.5), V=V)
        run = leaky.simulate(0.01, at=[0.0, 0.005], schedule={"Synapse.transmitter": ifx.pulse(0.001, 0.002, to=1 * mM)})
        assert np.sign(run.V[1] - run.V[0]) == np.sign(E_rev - V)


def test_gaba_with_bicarbonate_reverses_between_the_two() -> None:
    synapse = ifx.GABA_A(P=1e-7, transmitter=1.0)
    E = ifx.ghk_voltage({Cl: 1.0, HCO3: 0.2}, c_in=INSIDE, c_out=dict(BATH))
    assert ifx.nernst(Cl, c_in=INSIDE[Cl], c_out=BATH[Cl]) < E < ifx.nernst(HCO3, c_in=INSIDE[HCO3], c_out=BATH[HCO3])
    assert synapse.evaluate(V=E, c_in=INSIDE, c_out=dict(BATH)).current == pytest.approx(0.0, abs=1e-12)
    above = synapse.evaluate(V=E + 1e-3, c_in=INSIDE, c_out=dict(BATH)).current
    assert above > 0


def test_magnesium_blocks_nmda_receptors_at_rest_and_not_above() -> None:
    """1/(1 + [Mg]/3.57 e^(-0.062 V/mV))."""
    V = np.array([-0.09, -0.07, -0.02, 0.03])
    c: dict[str, Any] = {"c_in": INSIDE, "c_out": dict(BATH), "V": V, "gates": {"s": 1.0}}
    for Mg in (0.2, 1.0, 2.5):
        blocked, free = (ifx.NMDA(g=1.0, Mg=x).evaluate(**c).current for x in (Mg, 0.0))
        np.testing.assert_allclose(blocked / free, 1 / (1 + Mg / 3.57 * np.exp(-62 * V)), rtol=1e-12)
    swept = ifx.sweep(cell(ifx.NMDA(g=1.0, transmitter=1.0)), {"NMDA.Mg": np.array([0.0, 1.0])}, until=1e-6)
    assert swept.current["NMDA"][1] / swept.current["NMDA"][0] == pytest.approx(1 / (1 + np.exp(62 * 0.07) / 3.57), rel=1e-3)


def test_gaba_b_is_slow_and_wants_many_spikes() -> None:
    """Through a G-protein: the fourth power makes one spike count for little."""
    synapse = cell(ifx.Leak(K, g=0.5), ifx.Leak(Na, g=0.05), ifx.GABA_B(g=1.0))
    peaks = []
    for n in (1, 10):
        run = synapse.simulate(1.0, samples=1000, schedule={"GABA_B.transmitter": ifx.train(0.01, 0.005, n, 1e-3, to=1 * mM)})
        open_ = run.gate["GABA_B.open"]
        peaks.append(open_.max())
        assert run.t[np.argmax(open_)] > 0.05
    assert peaks[1] > 20 * peaks[0]


def test_trains_add_up_and_what_is_wrong_is_said() -> None:
    run = cell(ifx.AMPA(g=0.01)).simulate(0.2, samples=2000, schedule={"AMPA.transmitter": ifx.train(0.05, 0.02, 5, 1e-3, to=1 * mM)})
    s = run.gate["AMPA.s"]
    assert np.sum((s[1:-1] > s[:-2]) & (s[1:-1] >= s[2:])) == 5
    assert run.audit.ok
    with pytest.raises(ifx.InputError, match="go together"):
        ifx.Synapse(E_rev=-0.05, g=1.0)
    with pytest.raises(ifx.InputError, match="not both"):
        ifx.Synapse(permeates={Na: 1}, E_rev=-0.05, between=(Na, K), g=1.0)
    with pytest.raises(ifx.InputError, match="HCO3"):
        cell(ifx.GABA_A(P=1e-8), inside={Na: 12.0, K: 138.0, Cl: 8.0})
