"""Impermeant anions pull water without end; the pump, with little chloride entering, holds the volume."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from drawn import first
from reference import models
from reference.pump_leak import closed_form, growth
from verification.build import as_cell, draw, resting
from verification.observe import observed

import ionflux as ifx
from ionflux import Cl, K, Na


def like_m1(seed: int, water: str = "instant") -> tuple[ifx.Cell, object]:
    p, c_in, volume = draw(np.random.default_rng([7, seed]), water=water, plain_bath=True)
    return as_cell(p, c_in, volume), p


@pytest.mark.parametrize("seed", first(6, [None, *range(6)]))
def test_claim_3_17_without_the_pump_the_cell_swells_without_end(seed: int | None) -> None:
    cell = (ifx.preset("kay2017") if seed is None else like_m1(seed)[0]).replace({"NaKATPase.scale": 0.0})
    with pytest.raises(ifx.NoSteadyState, match="volume diverges"):
        cell.steady_state()
    hours = 3600.0 * np.array([5.0, 20.0, 100.0, 400.0])
    run = cell.simulate(float(hours[-1]), at=hours)
    assert np.all(np.diff(run.volume) > 0)
    assert run.volume[-1] > 1.05 * cell.start.volume
    assert np.all(np.diff(run.c_impermeant) < 0)


@pytest.mark.parametrize("seed", first(8, [None, *range(8)]))
def test_claim_3_18_a_rest_exists_exactly_where_sodium_is_kept_out(seed: int | None) -> None:
    """Steady iff Na_o e^{-3PF/g_Na RT} + K_o e^{2PF/g_K RT} < Na_o + K_o: from P = 0 (excluded) to P_max."""
    cell, p = like_m1(0 if seed is None else seed)
    if seed is None:
        cell = ifx.preset("kay2017")
        g = {"Na": 0.1, "K": 3.0}
        out, VT, F = {"Na": 147.0, "K": 3.0}, 25.69e-3, 96485.0
    else:
        g, out, VT, F = p.g, p.c_out, p.VT, p.F  # type: ignore[attr-defined]
    limit = cell.closed_form().P_max
    for P in limit * np.array([0.02, 0.2, 0.9, 0.999999, 1.000001, 1.5]):
        a = out["Na"] * np.exp(-3 * P / (g["Na"] * VT)) + out["K"] * np.exp(2 * P / (g["K"] * VT))
        other = cell.replace({"NaKATPase.J_max": P / F})
        assert other.closed_form().exists == (a < out["Na"] + out["K"]), P / limit
        if a >= out["Na"] + out["K"]:
            with pytest.raises(ifx.NoSteadyState, match="volume diverges"):
                other.steady_state()
        elif 0.3 * limit > P:
            assert other.steady_state().stable


@pytest.mark.parametrize("seed", first(6, range(6)))
def test_claim_3_18_agrees_with_the_twin(seed: int) -> None:
    cell, p = like_m1(seed)
    for factor in (0.05, 1.0, 3.0, 30.0, 300.0):
        twin = p.but(j_max=p.j_max * factor)  # type: ignore[attr-defined]
        exists = bool(growth(twin, twin.j_max) < 0)
        assert exists == (closed_form(twin) is not None)
        assert cell.replace({"NaKATPase.J_max": twin.j_max}).closed_form().exists == exists


@pytest.mark.parametrize("g_Cl", [0.2, 0.7, 2.0, 6.0])
def test_claim_3_19_chloride_conductance_sets_how_fast_a_cell_swells_not_where_it_rests(g_Cl: float) -> None:
    base, more = ifx.preset("kay2017", g_Cl=g_Cl), ifx.preset("kay2017", g_Cl=2 * g_Cl)
    assert more.steady_state().volume == pytest.approx(base.steady_state().volume, rel=1e-9)

    def swelling(cell: ifx.Cell) -> float:
        run = resting(cell.steady_state()).replace({"NaKATPase.scale": 0.0}).simulate(600.0, at=[600.0])
        return float(run.volume[-1])

    assert swelling(more) > swelling(base)


@pytest.mark.parametrize("g_KCC2", [0.05, 0.2, 1.0])
def test_claim_3_19_chloride_lies_below_v_only_with_kcc2(g_KCC2: float) -> None:
    without, with_kcc2 = (ifx.preset("dusterwald2018", g_KCC2=g).steady_state() for g in (0.0, g_KCC2))
    assert without.E[Cl] == pytest.approx(without.V, abs=1e-10)
    assert with_kcc2.E[Cl] < with_kcc2.V - 1e-3


@pytest.mark.parametrize("what", ["water", "salt", "exchange"])
@pytest.mark.parametrize("factor", [0.8, 1.2])
@pytest.mark.parametrize("seed", first(5, [None, 0, 1, 2]))
def test_claim_3_20_volume_is_a_fixed_point_recovered_from_perturbations(what: str, factor: float, seed: int | None) -> None:
    """w = n_X/X(z, J); 20 % more or less water, KCl, or Na in exchange for K, and the cell comes back."""
    cell = ifx.preset("dusterwald2018") if seed is None else as_cell(*draw(np.random.default_rng([8, seed]), pump="cubic", water="finite"))
    rest = cell.steady_state()
    z, n_x = rest.cell.start.impermeants[0]
    assert rest.volume == pytest.approx(n_x / rest.c_impermeant, rel=1e-12)
    volume, n = float(rest.volume), {ion: float(rest.amount[ion]) for ion in (Na, K, Cl)}
    if what == "water":
        volume *= factor
    elif what == "salt":
        added = (factor - 1) * n[Cl]
        n |= {Cl: n[Cl] + added, K: n[K] + added}
    else:
        moved = (factor - 1) * n[Na]
        n |= {Na: n[Na] + moved, K: n[K] - moved}
    start = ifx.Cell(
        area=cell.area,
        volume=volume,
        C_m=cell.C_m,
        T=cell.T,
        inside={ion: n[ion] / volume for ion in n},
        bath=cell.bath,
        impermeant=ifx.Impermeant(z=z, c=n_x / volume),
        membrane=cell.membrane,
        constants=cell.constants,
    )
    assert pytest.approx(rest.V, abs=1e-8) == start.start.V  # these perturbations are neutral
    run = start.simulate(2e5, at=[2e5], rtol=1e-8)
    assert run.volume[-1] == pytest.approx(rest.volume, rel=1e-6)
    assert run.V[-1] == pytest.approx(rest.V, abs=1e-7)
    for ion in (Na, K, Cl):
        assert run.c_in[ion][-1] == pytest.approx(rest.c_in[ion], rel=1e-6)


@pytest.mark.parametrize("g_N", [0.005, 0.02, 0.1])
def test_claim_3_21_the_two_cotransporters_pull_chloride_to_their_own_limits(g_N: float) -> None:
    """KCC2 alone E_Cl -> E_K; NKCC1 alone E_Cl -> (E_Na + E_K)/2; V - E_Cl changes sign once as KCC2 rises."""
    strong = ifx.preset("dusterwald2018", g_KCC2=1e3).closed_form()
    assert strong.E[Cl] == pytest.approx(strong.E[K], abs=1e-5)
    alone = ifx.preset("dusterwald2018", g_KCC2=0.0, g_NKCC1=1e2, g_Cl=1e-3).closed_form()
    assert alone.E[Cl] == pytest.approx((alone.E[Na] + alone.E[K]) / 2, abs=1e-5)
    force = []
    for g in np.linspace(0, 2.0, 25):
        rest = ifx.preset("dusterwald2018", g_NKCC1=g_N, g_KCC2=float(g)).closed_form()
        force.append(rest.V - rest.E[Cl])
    assert np.count_nonzero(np.diff(np.sign(force))) == 1
    assert force[0] < 0 < force[-1]


@pytest.mark.parametrize("row", [r for r in models.reference("m1_m2")["entries"] if r["id"].startswith("m2b.")], ids=lambda r: r["id"])
def test_claim_3_21_gaba_turns_from_depolarising_to_hyperpolarising(row: dict[str, Any]) -> None:
    """NKCC1 alone (immature): E_Cl above V; with KCC2 (mature, adult): below."""
    cell = ifx.preset("dusterwald2018", **row["overrides"])
    rest = cell.closed_form() if row["form"] == "closed" else cell.steady_state()
    assert observed(rest, row["quantity"]) == pytest.approx(row["value"], rel=row["rtol"])
    assert (rest.E[Cl] > rest.V) is ("immature" in row["id"])


@pytest.mark.parametrize("seed", first(6, range(6)))
def test_claim_3_21_holds_for_other_cells(seed: int) -> None:
    p, c_in, volume = draw(np.random.default_rng([10, seed]), pump="cubic", water="finite")
    alone = p.but(kcc2=0.0, nkcc1=0.0)

    def rest(**sizes: float) -> Any:
        return as_cell(alone.but(**sizes), c_in, volume).closed_form()

    limit = rest(kcc2=1e4)
    assert limit.E[Cl] == pytest.approx(limit.E[K], abs=1e-5)
    limit = rest(nkcc1=1e3, g=p.g | {"Cl": 1e-3})
    assert limit.E[Cl] == pytest.approx((limit.E[Na] + limit.E[K]) / 2, abs=1e-5)
    force = np.array([(r := rest(nkcc1=0.03, kcc2=g)).V - r.E[Cl] for g in np.geomspace(1e-3, 100.0, 25)])
    assert np.all(np.diff(force) > 0)
    assert force[0] < 0 < force[-1]
