"""Factors as data: each kind is its formula, reads what it says, and has exact derivatives; nonsense is refused where it is written."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Ca, K, Mechanism, Na
from ionflux.fields import param
from ionflux.mechanisms import (
    Factor,
    Law,
    either,
    exponential,
    hill,
    mechanism,
    optional,
    power,
    reciprocal,
    saturation,
    sigmoid,
    total,
)

VT = 0.025

#: name: (factor, formula of Na inside c, K outside k, V, a = 3, b = 0.7, n = 2.5)
KINDS: dict[str, tuple[Factor, Any]] = {
    "power": (power("c_in.Na", 2), lambda c, k, V: c**2),
    "inverse power": (power("c_in.Na", -3), lambda c, k, V: c**-3),
    "power of nothing": (power("c_in.Na", 0), lambda c, k, V: 1.0),
    "parameter": (power("a", 2), lambda c, k, V: 9.0),
    "saturation": (saturation("c_in.Na", "a", 2), lambda c, k, V: (c / (3 + c)) ** 2),
    "saturation at a number": (saturation("c_in.Na", 5.0), lambda c, k, V: c / (5 + c)),
    "whole Hill": (hill("c_in.Na", "a", 3), lambda c, k, V: c**3 / (27 + c**3)),
    "real Hill": (hill("c_in.Na", "a", 1.5), lambda c, k, V: c**1.5 / (3**1.5 + c**1.5)),
    "Hill by a parameter": (hill("c_out.K", 2.0, "n"), lambda c, k, V: k**2.5 / (2**2.5 + k**2.5)),
    "sigmoid": (sigmoid("c_in.Na", "a", "b"), lambda c, k, V: 1 / (1 + exp((3 - c) / 0.7))),
    "falling sigmoid": (sigmoid("c_in.Na", "a", -2.0), lambda c, k, V: 1 / (1 + exp((c - 3) / 2))),
    "exponential of V": (exponential("V", 20.0, -0.05), lambda c, k, V: exp(20 * (V + 0.05))),
    "exponential of u": (exponential("u", "b"), lambda c, k, V: exp(0.7 * V / VT)),
    "sum": (total(power("c_in.Na", 1), ("b", power("c_out.K", 2)), -0.5, "n"), lambda c, k, V: c + 0.7 * k**2 + 2.0),
    "one over a sum": (
        reciprocal(1.0, (0.3, power("c_in.Na", 1), exponential("u", -0.1))),
        lambda c, k, V: 1 / (1 + 0.3 * c * exp(-0.1 * V / VT)),
    ),
    "either, there": (either("c_in.Na", "a"), lambda c, k, V: c),
    "either, not there": (either("c_in.ATP", "a"), lambda c, k, V: 3.0),
    "either, another factor": (either("c_in.ATP", exponential("b", 2.0)), lambda c, k, V: exp(1.4)),
    "optional, not there": (optional(saturation("c_in.ATP", "a")), lambda c, k, V: 1.0),
    "optional in a sum": (total(1.0, (2.0, optional(power("c_in.ATP", 1)))), lambda c, k, V: 3.0),
    "nested": (
        reciprocal((1.0, total(1.0, power("c_in.Na", 1)), total(1.0, power("c_in.Na", 1))), -0.5),
        lambda c, k, V: 1 / ((1 + c) ** 2 - 0.5),
    ),
}


def with_factors(*factors: Factor, **stated: Any) -> Mechanism:
    body = {
        "law": Law.PRODUCT, "moves": {Na: -1}, "strength": "J", "thermodynamics": "published", "factors": factors,
        "J": param("mol m^-2 s^-1", 1e-3, lo=0, hi=1, doc="rate"), "a": param("1", 3.0, lo=0, hi=9, doc="a"),
        "b": param("1", 0.7, lo=0, hi=9, doc="b"), "n": param("1", 2.5, lo=0, hi=9, doc="n"),
        "__annotations__": dict.fromkeys("Jabn", float), **stated,
    }  # fmt: skip
    made: Mechanism = mechanism(type("Pump", (Mechanism,), body))()
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_each_factor_is_its_formula(kind: str) -> None:
    factor, formula = KINDS[kind]
    m = with_factors(factor)
    T = VT * 96485.33212331002 / 8.31446261815324
    for c, k, V in ((0.3, 2.0, -0.07), (4.0, 5.0, 0.02), (60.0, 0.4, -0.1)):
        seen = m.evaluate(V=V, c_in={Na: c}, c_out={Na: 100.0, K: k}, T=T)
        assert seen.rate == pytest.approx(1e-3 * formula(c, k, V), rel=1e-13)
        h = 1e-4
        slope = -96485.33212331002 * 1e-3 * -1 * (formula(c, k, V + h) - formula(c, k, V - h)) / (2 * h)
        assert seen.dI_dV == pytest.approx(slope, rel=1e-5, abs=1e-6)

        def read(what: float | str, c: float = c, k: float = k, V: float = V) -> float:
            named = {"c_in.Na": c, "c_out.K": k, "V": V, "u": V / VT, "a": 3.0, "b": 0.7, "n": 2.5}
            return named[what] if isinstance(what, str) else float(what)

        if "ATP" not in str(factor):
            assert factor.value(read) == pytest.approx(formula(c, k, V), rel=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_each_factor_has_exact_derivatives_in_a_cell(kind: str) -> None:
    """By every state, against central differences of fourth order."""
    from ionflux.lowering import lower

    cell = ifx.Cell(
        area=1e-9, volume=1e-15, C_m=0.01, V=-0.05, inside={Na: 4.0, K: 100.0},
        bath=ifx.Bath({Na: 100.0, K: 3.0, ifx.Cl: 103.0}), impermeant=ifx.Impermeant(),
        membrane=[with_factors(KINDS[kind][0], moves={Na: -1, K: 2}), ifx.Water(P_f=1e-5)], outside_volume=3e-15, T=290.0,
    )  # fmt: skip
    lowered = lower(cell)
    base = np.array(lowered.parameters(lowered.defaults), dtype=float)
    y = np.array([lowered.initial(lowered.defaults)], dtype=float)
    _, J = lowered.derivatives(y, base)
    for j in range(y.shape[1]):
        h = 1e-3 * abs(y[0, j])

        def at(step: float, j: int = j, h: float = h) -> Any:
            moved = y.copy()
            moved[0, j] += step * h
            return lowered.derivatives(moved, base)[0][0]

        slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h)
        assert np.all(np.abs(J[0, :, j] - slope) <= 1e-8 * np.max(np.abs(J[0] * y[0]), axis=1) / abs(y[0, j]))


def test_a_factor_knows_what_it_reads_and_what_a_cell_may_lack() -> None:
    f = total(either("c_in.ATP", "a"), ("b", saturation("c_out.K", "n")), optional(power("c_in.ADP", 1)), exponential("u", 1.0))
    assert f.reads() == {"c_in.ATP", "c_in.ADP", "c_out.K", "u"}
    assert f.reads(needed=True) == {"c_out.K", "u"}
    assert f.parameters == {"a", "b", "n"}


def test_a_sigmoid_stays_regular_where_its_exponential_overflows() -> None:
    m = with_factors(sigmoid("V", 0.0, 1e-3), moves={Na: 1})
    seen = m.evaluate(V=np.array([-20.0, -1.0, 0.0, 20.0]), c_in={Na: 1.0}, c_out={Na: 1.0})
    np.testing.assert_array_equal(seen.rate, [0.0, 0.0, 5e-4, 1e-3])
    assert np.all(np.isfinite(seen.dI_dV))


@pytest.mark.parametrize(
    ("factors", "match"),
    [
        ((sigmoid("c_in.Na", "half", "b"),), "no parameter 'half'"),
        ((hill("c_in.Na", "a", "h"),), "no parameter 'h'"),
        ((exponential("v", 1.0),), "'v'; a factor reads 'c_in.<ion>' or 'c_out.<ion>', 'V', 'u', or a parameter"),
        ((total(1.0, ("weight", power("c_in.Na", 1))),), "no parameter 'weight'"),
        ((reciprocal(1.0, saturation("store.Na", "a")),), "'store.Na'; a factor reads"),
        ((either("c_in.ATP", "ATP"),), "'ATP'; a factor reads"),
        ((3.0,), "3.0 is no factor"),
    ],
)
def test_a_factor_of_nothing_is_refused_where_the_class_is_written(factors: Any, match: str) -> None:
    with pytest.raises(ifx.ModelError, match=match):
        with_factors(*factors)


@pytest.mark.parametrize("term", [(1.0, 2.0, power("c_in.Na", 1)), ([1.0],), (True,), None])
def test_what_is_no_term_of_a_sum_is_refused(term: Any) -> None:
    with pytest.raises(ifx.ModelError, match="is no term of a sum"):
        total(term)


@pytest.mark.parametrize(
    ("stated", "match"),
    [
        ({"per": "cell"}, "per = 'cell'; it is 'area' or 'volume'"),
        ({"law": Law.CYCLE, "thermodynamics": "cycle"}, "at least two steps"),
        ({"law": Law.CYCLE, "thermodynamics": "cycle", "steps": (("a", "b"), ("n",))}, "at least two steps"),
        ({"law": Law.CYCLE, "thermodynamics": "cycle", "steps": (("a", "b"), ("n", "k_back"))}, "no parameter 'k_back'"),
        ({"law": Law.EXCHANGE, "thermodynamics": "passive", "split": "gamma"}, "split: there is no parameter 'gamma'"),
        ({"law": Law.EXCHANGE, "thermodynamics": "irreversible"}, "turns round with its gradients"),
    ],
)
def test_laws_are_checked_where_the_class_is_written(stated: dict[str, Any], match: str) -> None:
    with pytest.raises(ifx.ModelError, match=match):
        with_factors(**stated)


def ring_of(thermodynamics: str = "passive", **stated: Any) -> Mechanism:
    """A carrier of two states for one Na, as it should be; `stated` may spoil it."""

    def side(name: str) -> tuple[tuple[Factor, ...], Factor]:
        site = (power(f"{name}.Na", 1), power("a", -1))
        empty = reciprocal(1.0, (1.0, *site))
        return (*site, empty), empty

    bound, empty = zip(side("c_in"), side("c_out"), strict=True)
    steps = (
        ((*bound[1], exponential("u", -0.5)), (*bound[0], exponential("u", 0.5))),
        (("b", empty[0]), ("b", empty[1])),
    )
    return with_factors(**{"law": Law.CYCLE, "thermodynamics": thermodynamics, "moves": {Na: 1}, "steps": steps, **stated})


def test_a_carrier_of_ones_own_is_a_ring_of_steps_and_rests_at_the_nernst_potential() -> None:
    m = ring_of()
    E = ifx.nernst(Na, c_in=12.0, c_out=145.0)
    seen = m.evaluate(V=np.array([E - 0.01, E, E + 0.01]), c_in={Na: 12.0}, c_out={Na: 145.0})
    assert seen.rate[0] > 0 > seen.rate[2]
    assert abs(seen.rate[1]) < 1e-12 * seen.rate[0]
    np.testing.assert_allclose(seen.affinity, 96485.33212331002 * np.array([0.01, 0.0, -0.01]), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(
    ("stated", "match"),
    [
        ({"moves": {Na: 2}}, "move 1 charges into the cell, and `moves` 2"),
        ({"moves": {Na: 1, ifx.Cl: -1}}, "move 1 charges into the cell, and `moves` 2"),
        ({"moves": {Na: 1, K: 1, ifx.Cl: 1}}, "take 1 ions from outside, and `moves` 3"),
        (
            {"steps": ((("a", power("c_out.Na", 1), exponential("u", -1.0)), ("b", power("c_in.Na", 1))), ("n", "n"))},
            r"drive of \+",
        ),
    ],
)
def test_steps_that_are_not_the_transport_that_is_stated_are_refused(stated: dict[str, Any], match: str) -> None:
    """The product of a loop is one where its ions are at equilibrium."""
    with pytest.raises(ifx.ModelError, match=match):
        ring_of(**stated)


def test_a_pump_of_ones_own_is_less_than_ten_lines() -> None:
    @mechanism
    class Pump(Mechanism):
        law, moves, uses, strength, thermodynamics = Law.PRODUCT, {Ca: -1}, {"ATP": 1}, "J_max", "irreversible"
        factors = (hill("c_in.Ca", "K_Ca", 2), optional(saturation("c_in.ATP", "K_ATP")), sigmoid("V", 0.0, 0.05))
        J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
        K_Ca: float = param("mol m^-3", 2e-4, lo=1e-6, hi=1e-2, doc="half-saturation by Ca")
        K_ATP: float = param("mol m^-3", 0.2, lo=1e-3, hi=10, doc="half-saturation by ATP")

    pump = Pump(J_max=1e-9)
    alone = pump.evaluate(V=0.0, c_in={Ca: 2e-4}, c_out={Ca: 1.8})
    assert alone.rate == pytest.approx(1e-9 * 0.5 * 0.5)
    assert pump.evaluate(V=0.0, c_in={Ca: 2e-4}, c_out={Ca: 1.8}, extra={"ATP": 0.2}).rate == pytest.approx(alone.rate / 2)
    assert alone.current == pytest.approx(2 * 96485.33212331002 * alone.rate)
