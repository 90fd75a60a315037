"""M2 and M2b: KCC2, cubic pump, finite water permeability, NKCC1 (Duesterwald et al. 2018, eLife 7:e39575), and other parameters."""

from __future__ import annotations

from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from drawn import first
from reference import models
from reference.pump_leak import IONS, PumpLeak, Rest, charge_rest, closed_form, eigenvalues, fluxes
from reference.transients import integrate
from scipy.optimize import brentq
from verification.build import as_cell, draw
from verification.observe import assert_same_rest, assert_same_spectrum, observed

import ionflux as ifx
from ionflux import Cl, K, Na

ROWS = [r for r in models.reference("m1_m2")["entries"] if r["preset"] == "dusterwald2018"]
DRAWS = range(24)


@cache
def dusterwald(**symbols: float) -> ifx.Cell:
    return ifx.preset("dusterwald2018", **symbols)


@pytest.mark.parametrize("row", [r for r in ROWS if r["form"] == "closed"], ids=lambda r: r["id"])
def test_closed_form_gives_the_published_number(row: dict[str, Any]) -> None:
    symbols = dict(row["overrides"])
    factor = symbols.pop("impermeant.amount_factor", None)
    cell = dusterwald(**symbols)
    if factor is not None:
        cell = cell.replace({"impermeant.amount_factor": factor})
    for rest in (cell.closed_form(), cell.steady_state(electroneutral=True)):
        assert observed(rest, row["quantity"]) == pytest.approx(row["value"], rel=row["rtol"])


@pytest.mark.parametrize("row", [r for r in ROWS if r["form"] == "steady"], ids=lambda r: r["id"])
def test_charge_difference_rest_gives_the_published_number(row: dict[str, Any]) -> None:
    got = observed(dusterwald(**row["overrides"]).steady_state(), row["quantity"])
    assert got == pytest.approx(row["value"], rel=row["rtol"])


def test_published_start_is_the_rest_to_its_four_digits() -> None:
    rest = dusterwald().closed_form()
    for ion in (Na, K, Cl):
        assert rest.c_in[ion] == pytest.approx(models.DUSTERWALD_START[ion.name], rel=4e-4)
    assert rest.c_impermeant == pytest.approx(154.962, rel=1e-4)


def test_impermeant_amount_changes_the_volume_only() -> None:
    base = dusterwald().closed_form()
    more = dusterwald().replace({"impermeant.amount_factor": 1.5}).closed_form()
    assert more.volume == pytest.approx(1.5 * base.volume, rel=1e-12)
    assert pytest.approx(base.V, rel=1e-12) == more.V
    for ion in (Na, K, Cl):
        assert more.c_in[ion] == pytest.approx(base.c_in[ion], rel=1e-12)


def test_the_misprinted_sign_would_be_noticed() -> None:
    """With - g_KCC2 g_Cl in 1/beta, as printed, K_i comes out 32 % off; the closed form must follow the balance instead."""
    rest = dusterwald().closed_form()
    g_K, g_Cl, g_2, J = 0.7, 0.2, 0.2, rest.current["NaKATPase"]
    for sign, agrees in ((+1, True), (-1, False)):
        beta = 1 / (g_K * g_Cl + g_K * g_2 + sign * g_Cl * g_2)
        drop = 2 * J * (g_Cl + g_2) * beta
        assert (rest.V - rest.E[K] == pytest.approx(drop, rel=1e-9)) is agrees


# ----------------------------------------------------------------------------------------------------- M2b: the GABA switch


def driving_force(g_2: float, g_N: float = 0.02) -> float:
    rest = dusterwald(g_NKCC1=g_N, g_KCC2=g_2).closed_form()
    return float(rest.V - rest.E[Cl])


def test_gaba_switches_once_as_kcc2_replaces_nkcc1() -> None:
    g_2 = np.linspace(0.0, 0.4, 30)
    force = np.array([driving_force(g) for g in g_2])
    assert np.all(np.diff(force) > 0)
    assert force[0] < 0 < force[-1]
    assert np.count_nonzero(np.diff(np.sign(force))) == 1
    switch = brentq(driving_force, 0.0, 0.2, xtol=1e-14, rtol=1e-13)

    def twin_force(g: Any) -> Any:
        p = models.dusterwald2018(g_NKCC1=0.02, g_KCC2=g)
        rest = closed_form(p)
        assert rest is not None
        return float(rest.V - rest.E(p.but(VT=mp.mpf(p.VT)))["Cl"])

    assert switch == pytest.approx(brentq(twin_force, 0.0, 0.2, xtol=1e-14, rtol=1e-13), rel=1e-9)


# ------------------------------------------------------------------------------------------------------ other parameter values


def random_cell(seed: int, water: str = "finite") -> tuple[PumpLeak, ifx.Cell, dict[str, float], float]:
    p, c_in, volume = draw(np.random.default_rng([3, seed]), pump="cubic", water=water)
    return p, as_cell(p, c_in, volume), c_in, volume


@pytest.mark.parametrize("seed", first(15, DRAWS))
def test_closed_form_at_other_parameters(seed: int) -> None:
    p, cell, *_ = random_cell(seed)
    want = closed_form(p)
    assert want is not None
    got = cell.closed_form()
    assert got.exists
    assert_same_rest(got, want, rel=1e-9)
    assert_same_rest(cell.steady_state(electroneutral=True), want, rel=1e-9)


@pytest.mark.parametrize("seed", first(6, DRAWS))
@pytest.mark.parametrize("water", ["finite", "instant"])
def test_charge_difference_rest_and_spectrum_at_other_parameters(seed: int, water: str) -> None:
    p, cell, *_ = random_cell(seed, water)
    with mp.workdps(40):
        neutral = closed_form(p)
        assert neutral is not None
        want = charge_rest(p, neutral)
        spectrum = eigenvalues(p, want)
    got = cell.steady_state()
    assert_same_rest(got, want, rel=1e-9)
    assert_same_spectrum(got.eigenvalues, spectrum, rel=1e-7)
    assert got.stable


@pytest.mark.parametrize("seed", first(2, range(6)))
@pytest.mark.parametrize("water", ["finite", "instant", "rigid"])
def test_transient_at_other_parameters(seed: int, water: str) -> None:
    p, cell, c_in, volume = random_cell(seed, water)
    times = [0.01, 1.0, 60.0, 900.0, 7200.0]
    want = integrate(p, models.start_of(p, c_in, volume), times)
    run = cell.simulate(7200.0, at=times, rtol=1e-8)
    for k in IONS:
        np.testing.assert_allclose(run.c_in[k], want.c[k][0], rtol=1e-7)
    np.testing.assert_allclose(run.volume, want.w[0], rtol=1e-7)
    np.testing.assert_allclose(run.V, want.V[0], rtol=0, atol=1e-7)


@pytest.mark.parametrize("seed", first(1, range(6)))
@pytest.mark.parametrize("water", ["finite", "rigid"])
def test_goldman_leaks_and_hill_pump_at_other_parameters(seed: int, water: str) -> None:
    """No closed form: the twin integrates, then finds the root at 40 digits."""
    p, c_in, volume = draw(np.random.default_rng([4, seed]), pump="hill", water=water)
    cell = as_cell(p, c_in, volume)
    times = [0.01, 60.0, 3600.0]
    start = models.start_of(p, c_in, volume)
    want = integrate(p, start, times)
    run = cell.simulate(3600.0, at=times, rtol=1e-8)
    for k in IONS:
        np.testing.assert_allclose(run.c_in[k], want.c[k][0], rtol=1e-7)
    np.testing.assert_allclose(run.V, want.V[0], rtol=0, atol=1e-7)
    late = integrate(p, start, [4e6], longest=4e4)
    n, w, V = late.state(-1)
    if late.w[0, -1] > 100 * volume:
        with pytest.raises(ifx.NoSteadyState, match="volume diverges"):
            cell.steady_state()
        return
    near = Rest(float(V[0]), {k: mp.mpf(float(n[k][0] / w[0])) for k in IONS}, None, float(w[0]), None)
    with mp.workdps(40):
        rest = charge_rest(p, near)
    got = cell.steady_state()
    assert_same_rest(got, rest, rel=1e-9)
    for label, flux in fluxes(p, {k: float(rest.c[k]) for k in IONS}, float(rest.V)).items():
        for ion, value in flux.items():
            name = label.replace("ghk_", "leak_").replace("pump", "NaKATPase")
            assert got.flux[name][ion] == pytest.approx(float(value), rel=1e-7)
