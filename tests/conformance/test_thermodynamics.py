"""Every mechanism against the thermodynamic class that it declares."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from conformance.catalogue import Case, cases, draw_points, evaluate, has_rate, some
from reference.laws import RATES, Point, affinity
from scipy.optimize import brentq

from ionflux import K, Mechanism, Na
from ionflux.mechanisms import Law, mechanism, param

EPS = 2.2e-16
MANY = 1_000_000


def many(case: Case) -> int:
    """A tenth of them every day, all of them for `make verify`."""
    return MANY if case.seed else MANY // 10


def of(thermodynamics: str) -> Any:
    return lambda cls: has_rate(cls) and cls.thermodynamics == thermodynamics


passive = pytest.mark.parametrize("case", some(cases(3, of("passive"))))


def one_of_each(thermodynamics: str) -> Any:
    return pytest.mark.parametrize("case", some(cases(3, of(thermodynamics))))


def at_equilibrium(m: Any, at: Point) -> Point:
    """The same points with V (or, where no charge moves, one concentration inside) at which the affinity is zero."""
    if m.fixed:
        return dataclasses.replace(at, V=np.full_like(at.V, m.E))
    if m.charge:
        total, _ = affinity(m.moves, m.charge, dataclasses.replace(at, V=0.0 * at.V))
        return dataclasses.replace(at, V=total / (m.charge * at.F))
    ion, nu = next(iter(m.moves.items()))
    total, _ = affinity(m.moves, m.charge, at)
    RT = at.VT * at.F
    return dataclasses.replace(at, c_in={**at.c_in, ion.name: at.c_in[ion.name] * np.exp(total / (nu * RT))})


def select(at: Point, kept: Any) -> Point:
    tables = ({name: x[kept] for name, x in side.items()} for side in (at.c_in, at.c_out))
    return Point(at.V[kept], *tables, at.T[kept])


@one_of_each("passive")
def test_passive_flux_goes_down_its_affinity_in_a_million_draws(case: Case) -> None:
    m = case.mechanism
    count = many(case)
    seen = evaluate(m, case.points(count, lowest=1e-6, highest=1e3))
    assert np.all(seen.rate * seen.affinity >= 0.0)
    assert np.all(seen.work <= 0.0)  # it dissipates, and puts nothing into the gradients
    assert np.count_nonzero(seen.rate > 0) > count // 100
    assert np.count_nonzero(seen.rate < 0) > count // 100


@passive
def test_passive_flux_vanishes_at_equilibrium_and_turns_there(case: Case) -> None:
    m = case.mechanism
    at = at_equilibrium(m, case.points(2000, lowest=1.0))
    if not m.charge:  # what balances the others may be no concentration any more
        at = select(at, at.c_in[next(iter(m.moves)).name] < 6e4)
    inside = np.abs(at.V) < 1.0
    _, size = RATES[case.cls.__name__](m, at)
    here = evaluate(m, at)
    assert np.all(np.abs(here.rate[inside]) <= 100 * EPS * size[inside])
    # either side of it: a millionth of RT/F in V, or of a concentration
    for sign in (1.0, -1.0):
        if m.charge:
            aside = evaluate(m, dataclasses.replace(at, V=at.V + sign * 1e-6 * at.VT))
            assert np.all(sign * m.charge * aside.rate[inside] < 0)
        else:
            ion, nu = next(iter(m.moves.items()))
            moved = {**at.c_in, ion.name: at.c_in[ion.name] * (1 + sign * 1e-6)}
            aside = evaluate(m, dataclasses.replace(at, c_in=moved))
            assert np.all(sign * nu * aside.rate[inside] < 0)


@passive
def test_nothing_flows_between_equal_solutions_at_zero_potential(case: Case) -> None:
    m = case.mechanism
    if m.fixed:
        pytest.skip("its reversal potential is given")
    at = case.points(200)
    seen = evaluate(m, dataclasses.replace(at, V=0.0 * at.V, c_out=at.c_in))
    if len(m.moves) == 1:
        np.testing.assert_array_equal(seen.rate, 0.0)
        np.testing.assert_array_equal(seen.affinity, 0.0)
    else:  # a sum of several logarithms, in the order of the program
        assert np.all(np.abs(seen.rate) <= 4 * EPS * RATES[case.cls.__name__](m, dataclasses.replace(at, c_out=at.c_in))[1])


@one_of_each("irreversible")
def test_irreversible_mechanisms_never_run_backwards_in_a_million_draws(case: Case) -> None:
    seen = evaluate(case.mechanism, case.points(many(case), lowest=1e-6, highest=1e3))
    assert np.all(seen.rate >= 0.0)
    assert np.all(seen.atp >= 0.0)
    # against its gradients, too: there it does work
    if case.mechanism.moves:
        assert np.any(seen.work > 0.0)


def check_cycle(m: Mechanism, at: Point) -> None:
    """A cycle coupled to ATP turns where the affinity of the whole, ions and ATP, does, and nowhere else."""
    count = len(at.V)

    def seen(V: Any, at: Point) -> Any:
        return m.evaluate(V=V, c_in=at.c_in, c_out=at.c_out, T=at.T)

    many = seen(at.V, at)
    assert np.all(many.rate * many.affinity >= 0.0)
    turned = 0
    for i in range(min(count, 40)):
        one = Point(0.0, {k: x[i] for k, x in at.c_in.items()}, {k: x[i] for k, x in at.c_out.items()}, at.T[i])

        def driving(V: float, one: Point = one) -> float:
            return float(seen(V, one).affinity)

        if not m.charge or driving(-2.0) * driving(2.0) > 0:
            continue
        V = brentq(driving, -2.0, 2.0, xtol=1e-15, rtol=1e-15)
        turned += 1
        near = 1e-3
        below, above = float(seen(V - near, one).rate), float(seen(V + near, one).rate)
        assert below * above < 0
        assert abs(float(seen(V, one).rate)) <= 1e-9 * max(abs(below), abs(above)) / near * one.VT
    assert turned or not m.charge


@one_of_each("cycle")
def test_cycles_reverse_with_their_affinity(case: Case) -> None:
    check_cycle(case.mechanism, case.points(many(case), lowest=1e-1))


def test_the_check_of_cycles_passes_what_reverses_and_fails_what_does_not() -> None:
    """The check itself, on a law that reverses, and on one that does not."""

    @mechanism
    class Exchanger(Mechanism):
        """Three Na for one K, driven by both gradients."""

        law = Law.COTRANSPORT
        moves = {Na: 3, K: -1}
        strength = "g"
        thermodynamics = "passive"
        g: float = param("S m^-2", lo=0, hi=1e4, doc="conductance")

    @mechanism
    class OneWay(Mechanism):
        """The same stoichiometry at a constant rate."""

        law = Law.PRODUCT
        moves = {Na: 3, K: -1}
        strength = "J_max"
        thermodynamics = "published"
        J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles")

    check_cycle(Exchanger(g=0.3), draw_points(np.random.default_rng(1), 100_000, lowest=1e-1))
    with pytest.raises(AssertionError):
        check_cycle(OneWay(J_max=1e-7), draw_points(np.random.default_rng(1), 100_000, lowest=1e-1))
