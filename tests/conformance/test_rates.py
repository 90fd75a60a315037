"""Rates, currents and conductances of every mechanism against its equation, in 64 bits and in 40 digits."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from conformance.catalogue import IONS, Case, cases, evaluate, has_rate, some
from reference.laws import RATES, Point, affinity, whole_affinity

import ionflux as ifx
from ionflux.mechanisms.base import ions_read

EPS = 2.2e-16
every = pytest.mark.parametrize("case", some(cases(3, has_rate)))
#: one way to give the parameters of each
each = pytest.mark.parametrize("case", some(cases(3, has_rate), of_each_class=True))
once = pytest.mark.parametrize("case", some(cases(1, has_rate), of_each_class=True))


def sign_of(m: Any) -> int:
    """Currents are outward; that of a current clamp is into the cell."""
    return 1 if isinstance(m, ifx.CurrentClamp) else -1


def single(at: Point, i: int) -> Point:
    """Point i in 40 digits."""

    def lift(x: Any) -> Any:
        return mp.mpf(float(x[i]))

    return Point(lift(at.V), {k: lift(x) for k, x in at.c_in.items()}, {k: lift(x) for k, x in at.c_out.items()}, lift(at.T), math=mp.mp)


@every
def test_rate_is_that_of_the_equation_on_arrays(case: Case) -> None:
    m, at = case.mechanism, case.points(4000)
    want, size = RATES[case.cls.__name__](m, at)
    got = evaluate(m, at)
    assert got.rate.shape == (4000,)
    # both sides round: a few dozen units in the last place of the terms
    assert np.all(np.abs(got.rate - want) <= 100 * EPS * size)


@each
def test_rate_affinity_and_conductance_are_those_of_the_equation_in_forty_digits(case: Case) -> None:
    m, at, twin = case.mechanism, case.points(25), RATES[case.cls.__name__]
    got = evaluate(m, at)
    # rates of gates are tables, good to some 1e-14 of the value there; all else is rounding
    grain = 500 if getattr(m, "gates", ()) else 30
    with mp.workdps(40):
        for i in range(len(at.V)):
            point = single(at, i)
            want, size = twin(m, point)
            assert abs(got.rate[i] - want) <= grain * EPS * size

            def current(V: Any, point: Point = point) -> Any:
                return sign_of(m) * point.F * m.charge * twin(m, dataclasses.replace(point, V=V))[0]

            slope = mp.diff(current, point.V)
            steepest = point.F * abs(m.charge) * size / point.VT
            assert abs(got.dI_dV[i] - slope) <= max(100, 10 * (grain - 30)) * EPS * (abs(slope) + steepest)
            assert abs(got.current[i] - current(point.V)) <= (10 + grain) * EPS * point.F * abs(m.charge) * size
            if not m.fixed:
                energy, terms = whole_affinity(m, point)
                assert abs(got.affinity[i] - energy) <= 30 * EPS * terms


@pytest.mark.parametrize("case", [c for c in cases(3) if c.way == "Goldman"], ids=str)
def test_goldman_leaks_are_regular_at_v_zero_and_beyond_all_physiology(case: Case) -> None:
    m, at = case.mechanism, case.points(60)
    V = np.concatenate(
        [[0.0, 5e-324, -1e-300, 1e-18, -1e-12, 1e-9, 1e-7, -1e-6, 1e-4, -1e-4], case.rng.uniform(-1, 1, 30), [-25.0, 25.0] * 10]
    )
    at = dataclasses.replace(at, V=V)
    got = evaluate(m, at)
    with mp.workdps(40):
        for i in range(len(V)):
            point = single(at, i)
            want, size = RATES["Leak"](m, point)
            # at |zu| = 1000 the exponent itself carries 1000 units of its last place, which `size` counts
            assert abs(got.rate[i] - want) <= 30 * EPS * size


@every
def test_flux_and_current_follow_from_the_stoichiometry_alone(case: Case) -> None:
    m, at = case.mechanism, case.points(500)
    got = evaluate(m, at)
    assert set(got.flux) == {ion.name for ion in m.moves}
    carried = np.zeros(500)
    for ion, nu in m.moves.items():
        np.testing.assert_array_equal(got.flux[ion.name], -nu * got.rate)
        carried = carried + ion.z * got.flux[ion.name]
    F = 96485.33212331002
    np.testing.assert_allclose(got.current, sign_of(m) * F * m.charge * got.rate, rtol=1e-14)
    if m.moves:
        assert m.charge == sum(ion.z * nu for ion, nu in m.moves.items())
        np.testing.assert_allclose(got.current, -sign_of(m) * F * carried, rtol=1e-13, atol=1e-300)
    np.testing.assert_array_equal(got.atp, m.uses.get("ATP", 0) * got.rate)
    energy, size = affinity(m.moves, m.charge, at)
    if not m.fixed:
        assert np.all(np.abs(got.work + got.rate * energy) <= 30 * EPS * np.abs(got.rate) * size)
    if m.law is not ifx.Law.CYCLE:
        np.testing.assert_allclose(got.work, -got.rate * got.affinity, rtol=1e-14)


@each
def test_scale_multiplies_everything_but_the_affinity_and_zero_blocks(case: Case) -> None:
    m, at = case.mechanism, case.points(300)
    whole, factor = evaluate(m, at), 0.37
    part, none = (evaluate(dataclasses.replace(m, scale=s), at) for s in (factor, 0.0))
    for name in ("rate", "current", "dI_dV", "work", "atp"):
        of_whole, of_part, of_none = (np.asarray(getattr(x, name)) for x in (whole, part, none))
        np.testing.assert_allclose(of_part, factor * of_whole, rtol=1e-13, atol=1e-13 * np.max(np.abs(of_whole)))
        assert np.all(of_none == 0.0), name
    np.testing.assert_array_equal(part.affinity, whole.affinity)


@each
def test_a_number_by_itself_gives_the_bits_it_gives_in_an_array(case: Case) -> None:
    m, at = case.mechanism, case.points(37)
    many = evaluate(m, at)
    for i in range(37):
        one = m.evaluate(
            V=float(at.V[i]),
            c_in={k: float(x[i]) for k, x in at.c_in.items()},
            c_out={k: float(x[i]) for k, x in at.c_out.items()},
            T=float(at.T[i]),
        )
        for name in ("rate", "current", "dI_dV", "affinity", "work", "atp"):
            assert isinstance(getattr(one, name), float), name
            assert getattr(one, name) == np.asarray(getattr(many, name))[i], name
        for ion in m.moves:
            assert one.flux[ion.name] == many.flux[ion.name][i]


@once
def test_inputs_broadcast(case: Case) -> None:
    m = case.mechanism
    V, T = np.linspace(-0.1, 0.1, 5)[:, None], 300.0
    c_in = {ion.name: np.geomspace(1.0, 200.0, 3) for ion in IONS} | {name: np.array([2.0, 3.0, 4.0]) for name in case.others["c_in"]}
    c_out = dict.fromkeys([*c_in, *case.others["c_out"]], 30.0)
    got = m.evaluate(V=V, c_in=c_in, c_out=c_out, T=T)
    reads = {"V"} if m.charge else set()
    assert np.broadcast_shapes(np.shape(got.rate), (5, 3)) == (5, 3), reads
    again = m.evaluate(V=float(V[4, 0]), c_in={ion: float(np.ravel(x)[-2]) for ion, x in c_in.items()}, c_out=c_out, T=T)
    assert np.broadcast_to(got.rate, (5, 3))[4, 1] == again.rate


HOSTILE = [0.0, 5e-324, 1e-310, 1e-300, 6e4]


@once
def test_hostile_numbers_give_numbers_or_nan_and_never_a_warning(case: Case) -> None:
    m = case.mechanism
    at = case.points(len(HOSTILE) + 1)
    clean = evaluate(m, at)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for side in ("c_in", "c_out"):
            for name in getattr(at, side):
                values = np.array([getattr(at, side)[name][0], *HOSTILE])
                got = evaluate(m, dataclasses.replace(at, **{side: {**getattr(at, side), name: values}}))
                assert got.rate[0] == clean.rate[0]
                # at zero a logarithm is infinite, and so may the rate be; what moves no charge or spends no ATP still does neither
                assert not np.any(np.isnan(got.rate))
                for what in ([] if m.charge else [got.current, got.dI_dV]) + ([] if "ATP" in m.uses else [got.atp]):
                    assert np.all(what == 0.0)
                rough = dataclasses.replace(at, **{side: {**getattr(at, side), name: np.array([1.0, np.nan, 1.0, 1.0, 1.0, 1.0])}})
                seen = evaluate(m, rough)
                if name in read_by(case)[side]:
                    assert np.isnan(seen.rate[1])
                assert np.all(np.isfinite(seen.rate[[0, 2, 3, 4, 5]]))


def read_by(case: Case) -> dict[str, set[str]]:
    """What its rate depends on (a pump moves K inside without asking how much is there)."""
    found: dict[str, set[str]] = {"c_in": set(), "c_out": set()}
    m, at = case.mechanism, case.points(1)
    base = RATES[type(m).__name__](m, at)[0][0]
    for side in found:
        for name in getattr(at, side):
            other = {**getattr(at, side), name: getattr(at, side)[name] * 1.5}
            if RATES[type(m).__name__](m, dataclasses.replace(at, **{side: other}))[0][0] != base:
                found[side].add(name)
    return found


@once
def test_negative_concentrations_and_absurd_potentials_are_refused_with_the_place(case: Case) -> None:
    m = case.mechanism
    at = case.points(4)
    for side in ("c_in", "c_out"):
        for ion in m.moves:
            bad = {**getattr(at, side), ion.name: np.array([1.0, 2.0, -3.0, -4.0])}
            with pytest.raises(ifx.InputError, match=rf"{side}.{ion.name}.*2.*-3.*2 of 4"):
                evaluate(m, dataclasses.replace(at, **{side: bad}))
    with pytest.raises(ifx.UnitRangeError, match="V"):
        evaluate(m, dataclasses.replace(at, V=np.full(4, -65.0)))
    with pytest.raises(ifx.InputError, match="T"):
        evaluate(m, dataclasses.replace(at, T=np.full(4, 37.0)))
    if m.moves:
        needed = "|".join(sorted(ions_read(m)["c_in"]))
        with pytest.raises(ifx.InputError, match=rf"needs \[({needed})\]; add it to c_in="):
            m.evaluate(V=0.0, c_in={}, c_out=at.c_out)
