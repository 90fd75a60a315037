"""Calcium: the steepest gradient of all, what keeps it, and what becomes of it when sodium no longer pays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Ca, Cl, K, Na

FREE = 1e-4  # mM


def value(cell: ifx.Cell, name: str) -> float:
    return float(cell.parameters()[name].value)


def neuron(atp: str = "held", /, **factors: float) -> ifx.Cell:
    """The composite neuron at its rest, with some of its sizes multiplied."""
    cell = ifx.preset("reference_neuron", atp=atp)
    names = {label: label.replace("__", ".") for label in factors}
    changed = cell.replace({name: factors[label] * value(cell, name.partition(".with")[0]) for label, name in names.items()})
    return changed.steady_state().resting() if factors else cell


def exchanging(sodium: float, V: float = -0.070, calcium_out: float = 1.8) -> ifx.Cell:
    """A cell with the gradients of the textbook but for its sodium, an exchanger, and leaks of all ions, of a size still to be found."""
    K_out = 4.8269663
    return ifx.Cell.sphere(
        10e-6, C_m=0.01, V=V, inside={Na: sodium, K: 140.0, Cl: 9.0, Ca: FREE},
        bath=ifx.Bath({Na: 145.0, K: K_out, Ca: calcium_out, Cl: 145.0 + K_out + 2 * calcium_out}), impermeant=ifx.Impermeant(),
        membrane=[
            *(ifx.Leak(ion, P=1e-9) for ion in (Na, K, Ca)), ifx.NCX(k=3e-13), ifx.ConstantNaKATPase(J_max=1e-7),
        ],
    )  # fmt: skip


def critical(V: float, calcium_out: float = 1.8, free: float = FREE) -> float:
    """Return the sodium at which 3 E_Na − 2 E_Ca = V."""
    VT = float(ifx.nernst(K, c_in=1.0, c_out=np.e))
    return float(145.0 * np.exp(-(V + 2 * ifx.nernst(Ca, c_in=free, c_out=calcium_out)) / (3 * VT)))


# ---- 3.22: at rest ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factors", [{}, {"leak_Ca__P": 3.0}, {"NCX__k": 3.0}, {"bath__Ca__with_Cl": 0.6}, {"PMCA__J_max": 0.3}], ids=str)
def test_claim_3_22_calcium_at_rest_is_far_from_its_equilibrium(factors: dict[str, float]) -> None:
    """0.1 µM against 1.8 mM: E_Ca far positive, beyond E_Na; leaks bring it in, exchanger and pump take it out."""
    cell = neuron(**factors)
    rest = cell.steady_state()
    assert rest.E[Ca] > rest.E[Na] + 0.04 > 0.1
    assert rest.flux["leak_Ca"][Ca] < 0 < rest.flux["PMCA"][Ca]
    total = sum(flux[Ca] for flux in rest.flux.values() if Ca in flux)
    assert total == pytest.approx(0.0, abs=1e-9 * abs(rest.flux["leak_Ca"][Ca]))
    if not factors:
        assert rest.c_in[Ca] == pytest.approx(1e-4, rel=1e-6)
        assert rest.E[Ca] == pytest.approx(0.1309356, abs=1e-7)
        assert rest.flux["NCX"][Ca] > rest.flux["PMCA"][Ca]  # the larger part leaves against sodium


@pytest.mark.parametrize("stopped", ["NCX", "PMCA"])
def test_claim_3_22_each_way_out_holds_calcium_down(stopped: str) -> None:
    cell = ifx.preset("reference_neuron")
    rest = cell.replace({f"{stopped}.scale": 0.0}).steady_state()
    assert rest.c_in[Ca] > 1.05 * cell.start.c_in[Ca]
    # with calcium the other works harder
    other = {"NCX": "PMCA", "PMCA": "NCX"}[stopped]
    assert rest.flux[other][Ca] > cell.steady_state().flux[other][Ca]


# ---- 0.18: the sodium of a textbook is too much for the exchanger ----------------------------------------------------------------


@pytest.mark.parametrize(("V", "calcium_out"), [(-0.070, 1.8), (-0.070, 1.2), (-0.060, 1.8), (-0.085, 1.8)])
def test_claim_0_18_a_rest_with_the_exchanger_needs_little_sodium_and_is_refused_above(V: float, calcium_out: float) -> None:
    """Below 3 E_Na − 2 E_Ca = V a leak of calcium balances the exchanger; above it there is none, and the cell says so."""
    limit = critical(V, calcium_out)
    rest = exchanging(0.9 * limit, V, calcium_out).solve_leaks(for_=[Na, K, Ca])
    assert value(rest, "leak_Ca.P") > 0
    run = rest.simulate(1.0, at=[1.0], rtol=1e-9)
    assert run.V[0] == pytest.approx(V, abs=1e-9)
    assert run.current["NCX"][0] < 0  # three Na in for one Ca out
    with pytest.raises(ifx.ModelError, match=r"no leak_Ca makes this a rest.*move Ca into the cell"):
        exchanging(1.1 * limit, V, calcium_out).solve_leaks(for_=[Na, K, Ca])


def test_claim_0_18_with_the_sodium_of_the_textbook_calcium_comes_in() -> None:
    assert critical(-0.070) == pytest.approx(13.25, abs=0.01)
    with pytest.raises(ifx.ModelError, match="leak_Ca"):
        exchanging(15.360269).solve_leaks(for_=[Na, K, Ca])
    assert exchanging(15.360269).simulate(1e-3, at=[1e-3]).flux["NCX"][Ca][0] < 0


# ---- 0.17: the exchanger fails and turns round -----------------------------------------------------------------------------------


@pytest.mark.parametrize("factors", [{}, {"leak_Na__P": 1.5}, {"NCX__k": 0.5}, {"NCX__k": 3.0}, {"CaBuffer__total": 3.0}], ids=str)
def test_claim_0_17_calcium_comes_in_by_the_way_it_left(factors: dict[str, float]) -> None:
    """The first reversal comes within minutes, sooner in a block than in ischaemia; calcium rises a hundredfold in twenty."""
    first = {}
    for name, atp, befalls in (("block", "held", ifx.ouabain), ("ischaemia", "pool", ifx.ischaemia)):
        cell = neuron(atp, **factors)
        run = cell.simulate(1200.0, schedule=befalls(cell), rtol=1e-7)
        reversal = 3 * run.E[Na] - 2 * run.E[Ca]
        i = int(np.nonzero(run.V > reversal)[0][0])
        first[name] = run.t[i]
        assert np.all(run.current["NCX"][:i] < 0)
        assert run.current["NCX"][i] > 0
        # until then sodium rises, and what it can pay for falls
        assert np.all(np.diff(run.E[Na][: i + 1]) < 0)
        assert np.all(np.diff(reversal[: i + 1]) < 0)
        # the sodium of that moment is the critical one for its potential and calcium
        assert run.c_in[Na][i] >= critical(run.V[i], cell.bath[Ca], run.c_in[Ca][i])
        assert run.c_in[Na][i - 1] < critical(run.V[i - 1], cell.bath[Ca], run.c_in[Ca][i - 1])
        assert run.c_in[Ca][-1] > 100 * run.c_in[Ca][0]
    assert 1.0 < first["block"] < first["ischaemia"] < 900.0


def test_claim_0_17_there_is_a_critical_sodium_for_each_potential() -> None:
    """The more depolarised the membrane, the less: at 0 mV next to nothing of E_Na is left to pay with."""
    exchanger = ifx.NCX(k=1e-13)
    V = np.linspace(-0.1, 0.0, 11)
    limits = np.array([critical(v) for v in V])
    assert np.all(np.diff(limits) < 0)
    outside: dict[str, Any] = {"c_out": {Na: 145.0, Ca: 1.8}}
    at_limit = exchanger.evaluate(V=V, c_in={Na: limits, Ca: FREE}, **outside)
    beyond = exchanger.evaluate(V=V, c_in={Na: 1.01 * limits, Ca: FREE}, **outside)
    assert np.all(np.abs(at_limit.rate) < 1e-10 * np.abs(beyond.rate))
    assert np.all(beyond.flux["Ca"] < 0)
    assert np.all(exchanger.evaluate(V=V, c_in={Na: 0.99 * limits, Ca: FREE}, **outside).flux["Ca"] > 0)
