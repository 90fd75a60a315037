"""M3: Goldman leaks, a pump in proportion to Na inside, and V from zero total current (Hoppensteadt & Peskin; Gabbiani & Cox)."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from drawn import first
from reference import models
from reference.electroneutral import GoldmanCell, Rest, free_energy, integrate, potential, spectrum, steady
from verification.observe import assert_same_spectrum

import ionflux as ifx
from ionflux import Cl, K, Na

ROWS = models.reference("m3")["entries"]
STEADY = [r for r in ROWS if r["form"] == "steady"]
SWELLING = [r for r in ROWS if r["form"] == "transient"]
TIMES = [r["t"] for r in SWELLING]
V_W = 1.8e-5
OFF = {"NaKATPase.scale": 0.0}


@cache
def goldman(**symbols: float) -> ifx.Cell:
    return ifx.preset("hoppensteadt_peskin", **symbols)


def twin_rest(p: GoldmanCell) -> Rest | None:
    with mp.workdps(40):
        return steady(p)


def as_cell(p: GoldmanCell, N: float, K_in: float, volume: float, **changes: Any) -> ifx.Cell:
    """The cell with the equations of ``p``; chloride inside follows from the charge."""
    X = p.Q * p.area / volume
    gap = p.N_o + p.K_o - p.Cl_o
    fields = {
        "area": p.area,
        "volume": volume,
        "C_m": 0.01,
        "inside": {Na: N, K: K_in, Cl: N + K_in + p.z * X},
        "bath": ifx.Bath(
            {Na: p.N_o, K: p.K_o, Cl: p.Cl_o},
            osmolyte=p.S - p.N_o - p.K_o - p.Cl_o - gap,
            impermeant=ifx.Impermeant(z=-1, c=gap) if gap else None,
        ),
        "impermeant": ifx.Impermeant(z=p.z, c=X),
        "membrane": [
            ifx.Leak(Na, P=p.P_Na),
            ifx.Leak(K, P=p.P_K),
            ifx.Leak(Cl, P=p.P_Cl),
            ifx.LinearNaKATPase(k=p.lambda_ / 3),
            ifx.Water(P_f=p.L_p / V_W, V_w=V_W),
        ],
        "potential": "electroneutral",
        "constants": ifx.Constants(RT_F=p.VT),
    }
    return ifx.Cell(**{**fields, **changes})


def draw(seed: int) -> tuple[GoldmanCell, tuple[float, float, float]]:
    """(twin, (N, K, volume) of a neutral start that is not iso-osmotic) of a random cell."""
    rng = np.random.default_rng([9, seed])
    N_o, K_o, gap = rng.uniform(100, 150), rng.uniform(2, 8), rng.choice([0.0, rng.uniform(1, 20)])
    Cl_o = N_o + K_o - gap
    S = 2 * (N_o + K_o) + rng.uniform(5, 80)
    volume = 10 ** rng.uniform(-16, -13.5)
    z, X, Cl_in = rng.choice([-1.0, rng.uniform(-1, -0.3)]), rng.uniform(0.3, 0.55) * S, rng.uniform(4, 50)
    cations = Cl_in - z * X
    N = cations * rng.uniform(0.05, 0.7)
    area = 5 * volume ** (2 / 3)
    p = GoldmanCell(
        P_Na=10 ** rng.uniform(-9, -8),
        P_K=10 ** rng.uniform(-7, -6),
        P_Cl=10 ** rng.uniform(-7, -4),
        lambda_=10 ** rng.uniform(-7.7, -6.3),
        N_o=N_o,
        K_o=K_o,
        Cl_o=Cl_o,
        S=S,
        Q=X * volume / area,
        z=z,
        L_p=10 ** rng.uniform(-10, -8.5),
        area=area,
        VT=rng.uniform(0.024, 0.027),
    )
    return p, (N, cations - N, volume)


def assert_rest(got: Any, p: GoldmanCell, want: Rest, rel: float) -> None:
    for ion, c in ((Na, want.N), (K, want.K), (Cl, want.Cl)):
        assert float(got.c_in[ion]) == pytest.approx(float(c), rel=rel), ion
    assert float(got.c_impermeant) == pytest.approx(float(want.X), rel=rel)
    assert float(got.volume) == pytest.approx(float(want.u * p.area), rel=rel)
    assert float(got.V) == pytest.approx(float(want.v) * p.VT, rel=0, abs=rel * p.VT)


def quantities(rest: Any) -> dict[str, float]:
    return {
        "VF/RT": rest.V / 0.0258,
        "V": rest.V,
        "[Na]_in": rest.c_in[Na],
        "[K]_in": rest.c_in[K],
        "[Cl]_in": rest.c_in[Cl],
        "[Na]_in + [K]_in": rest.c_in[Na] + rest.c_in[K],
        "volume": rest.volume,
    }


# ---------------------------------------------------------------------------------------- the twin alone, without the package


@pytest.mark.parametrize("row", STEADY, ids=lambda r: r["id"])
def test_twin_reproduces_the_steady_state(row: dict[str, Any]) -> None:
    p = GoldmanCell()
    rest = twin_rest(p)
    assert rest is not None
    got = {"VF/RT": rest.v, "V": rest.v * p.VT, "[Na]_in": rest.N, "[K]_in": rest.K, "[Cl]_in": rest.Cl}
    got |= {"[Na]_in + [K]_in": rest.N + rest.K, "volume": rest.u * p.area}
    assert float(got[row["quantity"]]) == pytest.approx(row["value"], rel=row["rtol"])


def test_twin_satisfies_the_printed_equation_of_the_steady_state() -> None:
    p = GoldmanCell()
    rest = twin_rest(p)
    assert rest is not None
    v, b = rest.v, 1 - mp.exp(-rest.v)
    na = p.N_o * (v + mp.mpf(2) / 3 * p.lambda_ / p.P_K * b) / (v + p.lambda_ / p.P_Na * b)
    assert float(mp.exp(v) * p.S / 2 - na - p.K_o) == pytest.approx(0.0, abs=1e-13)


def test_twin_reproduces_the_swelling_without_the_pump() -> None:
    p = GoldmanCell()
    rest = twin_rest(p)
    assert rest is not None
    start = float(rest.N), float(rest.K), float(rest.u) * p.area
    runs = [integrate(p.but(lambda_=0.0), start, TIMES, q=q) for q in (0.3, 0.2)]
    np.testing.assert_allclose(runs[0].w, runs[1].w, rtol=1e-9)
    for row, w in zip(SWELLING, runs[1].w, strict=True):
        assert w / start[2] == pytest.approx(row["value"], rel=1e-6)


# ------------------------------------------------------------------------------------------------------------ published numbers


@pytest.mark.parametrize("row", STEADY, ids=lambda r: r["id"])
def test_steady_state_gives_the_published_number(row: dict[str, Any]) -> None:
    assert quantities(goldman().steady_state())[row["quantity"]] == pytest.approx(row["value"], rel=row["rtol"])


def test_the_published_cell_starts_at_its_steady_state() -> None:
    rest = goldman().steady_state()
    start = goldman().start
    for ion in (Na, K, Cl):
        assert start.c_in[ion] == pytest.approx(rest.c_in[ion], rel=1e-14)
    assert start.volume == pytest.approx(rest.volume, rel=1e-14)
    assert start.impermeants == ((-1.0, pytest.approx(1.55e-12, rel=1e-15)),)
    run = goldman().simulate(36000.0)
    np.testing.assert_allclose(run.volume, rest.volume, rtol=1e-9)
    np.testing.assert_allclose(run.V, rest.V, rtol=1e-9)


@pytest.mark.parametrize("how", ["symbol", "scale", "schedule"])
def test_swelling_without_the_pump_gives_the_published_numbers(how: str) -> None:
    cell, schedule = goldman(), {}
    if how == "symbol":
        cell = goldman(lambda_=0.0)
    elif how == "scale":
        cell = cell.replace(OFF)
    else:
        schedule = {"NaKATPase.scale": ifx.step(0.0, to=0.0)}
    run = cell.simulate(36000.0, schedule=schedule, at=TIMES)
    for row, w in zip(SWELLING, run.volume, strict=True):
        assert w / cell.volume == pytest.approx(row["value"], rel=row["rtol"])


# ------------------------------------------------------------------------------------------------------- other parameter values


@pytest.mark.parametrize("seed", first(6, range(24)))
def test_steady_state_and_spectrum_at_other_parameters(seed: int) -> None:
    p, start = draw(seed)
    want = twin_rest(p)
    cell = as_cell(p, *start)
    if want is None:
        with pytest.raises(ifx.NoSteadyState, match="volume diverges"):
            cell.steady_state()
        return
    got = cell.steady_state()
    assert_rest(got, p, want, rel=1e-10)
    with mp.workdps(40):
        assert_same_spectrum(got.eigenvalues, spectrum(p, want), rel=1e-8)
    assert got.stable


@pytest.mark.parametrize("seed", first(3, range(12)))
@pytest.mark.parametrize("pump", ["on", "off"])
def test_transient_at_other_parameters(seed: int, pump: str) -> None:
    p, start = draw(seed)
    cell = as_cell(p, *start)
    if pump == "off":
        cell, p = cell.replace(OFF), p.but(lambda_=0.0)
    times = [0.01, 1.0, 60.0, 900.0, 7200.0, 36000.0]
    want = integrate(p, start, times, q=0.3)
    run = cell.simulate(36000.0, at=times, rtol=1e-8)
    for ion, c in ((Na, want.N), (K, want.K), (Cl, want.Cl)):
        np.testing.assert_allclose(run.c_in[ion], c, rtol=2e-7)
    np.testing.assert_allclose(run.volume, want.w, rtol=1e-7)
    # V is held to rtol x 1 V in each step, and may be off by a few times that after many
    np.testing.assert_allclose(run.V, want.V, rtol=0, atol=5e-8)


@pytest.mark.parametrize("seed", first(5, [None, *range(5)]))
def test_a_perturbed_cell_returns_to_its_steady_state(seed: int | None) -> None:
    """w + 5 %, Na + 5 %, K - 5 %, and the cell comes back to rounding."""
    p = GoldmanCell() if seed is None else draw(seed)[0]
    want = twin_rest(p)
    assert want is not None
    cell = as_cell(p, 1.05 * float(want.N), 0.95 * float(want.K), 1.05 * float(want.u) * p.area)
    slowest = min(abs(s) for s in spectrum(p, want))
    end = cell.simulate(float(50 / slowest), samples=2, rtol=1e-10)
    assert float(end.volume[-1]) == pytest.approx(float(want.u * p.area), rel=1e-11)
    assert float(end.V[-1]) == pytest.approx(float(want.v) * p.VT, abs=1e-11 * p.VT)
    for ion, c in ((Na, want.N), (K, want.K), (Cl, want.Cl)):
        assert float(end.c_in[ion][-1]) == pytest.approx(float(c), rel=1e-11), ion


def test_the_steady_state_does_not_depend_on_the_start() -> None:
    p = GoldmanCell()
    want = twin_rest(p)
    assert want is not None
    for N, K_in, volume in ((100.0, 60.0, 1.2e-14), (10.0, 200.0, 0.8e-14), (75.0, 80.0, 3e-14)):
        assert_rest(as_cell(p, N, K_in, volume).steady_state(), p, want, rel=1e-11)


# ------------------------------------------------------------------------------------------------------------- exact statements


def zero_current(p: GoldmanCell, c_in: Any, i: int) -> float:
    N, K_in, Cl_in = (np.array([c_in[ion][i]]) for ion in (Na, K, Cl))
    return float(potential(p, N, K_in, Cl_in)[0]) * p.VT


@pytest.mark.parametrize("seed", first(5, [None, *range(5)]))
def test_v_jumps_in_zero_time_when_the_pump_stops(seed: int | None) -> None:
    p, start = (GoldmanCell(), None) if seed is None else draw(seed)
    cell = goldman() if start is None else as_cell(p, *start)
    eps = 1e-9
    run = cell.simulate(
        200.0, schedule={"NaKATPase.scale": ifx.pulse(100.0, 150.0, to=0.0)}, at=[100.0, 100.0 + eps, 150.0, 150.0 + eps], rtol=1e-9
    )
    stopped = p.but(lambda_=0.0)
    # a sample at the break point is the left limit; nothing but V has moved within the nanosecond
    for i, twin in enumerate((p, stopped, stopped, p)):
        assert run.V[i] == pytest.approx(zero_current(twin, run.c_in, i), abs=1e-10)
    for left, right in ((0, 1), (2, 3)):
        assert abs(run.V[right] - run.V[left]) > 1e-6
        for ion in (Na, K, Cl):
            assert run.c_in[ion][left] == pytest.approx(run.c_in[ion][right], rel=1e-9)


@pytest.mark.parametrize("seed", first(4, range(4)))
@pytest.mark.parametrize("rtol", [1e-5, 1e-9])
def test_total_current_is_zero_and_charge_stays_balanced_at_every_moment(seed: int, rtol: float) -> None:
    p, start = draw(seed)
    run = as_cell(p, *start).simulate(7200.0, schedule={"NaKATPase.scale": ifx.pulse(600.0, 3000.0, to=0.0)}, rtol=rtol)
    off = (run.t > 600.0) & (run.t <= 3000.0)
    for i in range(0, len(run), 3):
        want = zero_current(p.but(lambda_=0.0) if off[i] else p, run.c_in, i)
        assert run.V[i] == pytest.approx(want, abs=3 * rtol)  # V is held to rtol x 1 V
    net = run.c_in[Na] + run.c_in[K] - run.c_in[Cl] + p.z * run.c_impermeant
    assert np.max(np.abs(net)) <= 1e-13 * np.max(run.c_in[Na] + run.c_in[K])
    assert run.audit.charge <= 1e-14


def test_capacitance_does_not_enter() -> None:
    p, start = draw(0)
    runs = [as_cell(p, *start, C_m=C).simulate(3600.0, samples=20) for C in (1e-3, 0.1)]
    np.testing.assert_array_equal(runs[0].V, runs[1].V)
    np.testing.assert_array_equal(runs[0].volume, runs[1].volume)


@pytest.mark.parametrize("seed", first(4, range(4)))
def test_the_charged_membrane_tends_to_it_as_the_capacitance_vanishes(seed: int) -> None:
    """The deviation of a cell that keeps its capacitor charge is of first order in C."""
    p, start = draw(seed)
    want = as_cell(p, *start).steady_state()
    got = [as_cell(p, *start, C_m=C, potential="charge").steady_state() for C in (0.02, 0.01, 0.005)]
    for read in (lambda s: s.V, lambda s: s.volume, lambda s: s.c_in[Na]):
        gap = [float(read(s)) - float(read(want)) for s in got]
        assert gap[0] / gap[1] == pytest.approx(2.0, rel=1e-2)
        assert gap[1] / gap[2] == pytest.approx(2.0, rel=1e-2)


@pytest.mark.parametrize("seed", first(5, [None, *range(4)]))
def test_without_the_pump_it_ends_in_the_donnan_state_that_solutes_outside_allow(seed: int | None) -> None:
    """lambda = 0: every ion is at equilibrium with one v; z = -1: e^v = 2 (Na_o + K_o)/S, and water stays out only for S > 2 Cl_o e^v."""
    p, start = (GoldmanCell(), (100.0, 60.0, 1.2e-14)) if seed is None else draw(seed)
    end = as_cell(p.but(lambda_=0.0), *start).steady_state()
    u = end.V / p.VT
    for ion, out in ((Na, p.N_o), (K, p.K_o), (Cl, p.Cl_o)):
        assert end.c_in[ion] == pytest.approx(out * np.exp(-ion.z * u), rel=1e-11)
    assert end.c_in[Na] + end.c_in[K] + end.c_in[Cl] + end.c_impermeant == pytest.approx(p.S, rel=1e-12)
    if p.z == -1.0:
        assert np.exp(u) == pytest.approx(2 * (p.N_o + p.K_o) / p.S, rel=1e-12)


def test_without_pump_and_without_solutes_outside_that_stay_there_the_volume_diverges() -> None:
    bare = goldman(lambda_=0.0).replace({"bath.osmolyte": 0.0})
    with pytest.raises(ifx.NoSteadyState, match="volume diverges"):
        bare.steady_state()
    swollen = bare.simulate(1e6, at=[1e5, 1e6]).volume
    assert bare.volume < 3 * bare.volume < swollen[0] < swollen[1]


@pytest.mark.parametrize("seed", first(5, [None, *range(4)]))
def test_free_energy_falls_monotonically_with_the_pump_off(seed: int | None) -> None:
    p, start = (GoldmanCell(), None) if seed is None else draw(seed)
    cell = (goldman() if start is None else as_cell(p, *start)).replace(OFF)
    run = cell.simulate(2e5, rtol=1e-9)
    G = np.asarray(run.energy.free_energy)
    RT = p.VT * cell.faraday
    twin = free_energy(p, run.c_in[Na], run.c_in[K], run.c_in[Cl], run.volume, RT)
    noise = 1e-13 * np.max(np.abs(twin))
    assert len(G) > 20
    assert np.all(np.diff(G) <= noise)
    assert G[-1] < G[0] - 100 * noise
    np.testing.assert_allclose(G - G[0], twin - twin[0], rtol=1e-7, atol=10 * noise)


def test_every_symbol_of_the_paper_reaches_the_twin() -> None:
    """Each symbol changed by itself: the preset and the twin move to the same steady state."""
    base = asdict(GoldmanCell())
    changed = {
        "lambda_": 1.7e-7,
        "P_Na": 8e-9,
        "P_K": 3e-7,
        "P_Cl": 2e-6,
        "L_p": 8e-10,
        "A": 9e-10,
        "K_o": 6.0,
        "N_o": 130.0,
        "Cl_o": 121.0,
    }
    for symbol, value in changed.items():
        # the bath's osmolarity follows its ions; Q is the amount per area, so another area changes it
        shift = value - base[symbol] if symbol.endswith("_o") else 0.0
        p = GoldmanCell(S=308.0 + shift)
        p = p.but(area=value, Q=1.55e-12 / value) if symbol == "A" else p.but(**{symbol: value})
        want = twin_rest(p)
        assert want is not None
        with pytest.warns(ifx.NotNeutralWarning) if shift else nullcontext():
            cell = goldman(**{symbol: value})
        assert_rest(cell.steady_state(), p, want, rel=1e-10)
