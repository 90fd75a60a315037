"""Activities in a cell: gamma enters Nernst potentials, GHK fluxes and affinities, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Ca, Cl, K, Na
from ionflux.activities import activity_coefficient
from ionflux.constants import FARADAY, GAS_CONSTANT
from ionflux.lowering import lower


def strength_inside(cell: ifx.Cell, c_in: dict[Any, float], volume: float) -> float:
    """Ionic strength, impermeants with their mean valence."""
    fixed = sum(z * z * n for z, n in cell.start.impermeants) / volume
    return 0.5 * (sum(i.z**2 * c for i, c in c_in.items()) + fixed)


@pytest.mark.parametrize("model", ["limiting", "davies"])
@pytest.mark.parametrize("outside", [None, 3e-14])
def test_nernst_potentials_are_those_of_activities(model: str, outside: float | None) -> None:
    cell = replace(ifx.preset("dusterwald2018"), activity=model, outside_volume=outside)
    run = cell.simulate(900.0, schedule={"NaKATPase.scale": ifx.step(100, to=0.3)}, at=[900.0])
    c_in = {i: run.c_in[i][0] for i in cell.ions}
    c_out = {i: run.c_out[i][0] for i in cell.bath}
    I_in = strength_inside(cell, c_in, run.volume[0])
    I_out = 0.5 * (sum(i.z**2 * c for i, c in c_out.items()) + 29.5)  # the impermeant outside has z = -1
    for ion in cell.ions:
        gamma = [activity_coefficient(ion, I, model=model, T=cell.T) for I in (I_in, I_out)]
        E = ifx.nernst(ion, c_in=c_in[ion], c_out=c_out[ion], gamma_in=gamma[0], gamma_out=gamma[1], T=310.15)
        own_RT_F = cell.thermal_voltage / (GAS_CONSTANT * 310.15 / FARADAY)
        assert run.E[ion][0] == pytest.approx(E * own_RT_F, rel=1e-12)


def calcium_cell(model: str | None) -> ifx.Cell:
    """GHK leaks for ions of three valences."""
    return ifx.Cell(
        area=7e-10,
        volume=1.75e-15,
        C_m=0.01,
        V=-0.06,
        inside={Na: 12.0, K: 140.0, Cl: 8.0, Ca: 1e-4},
        bath=ifx.Bath({Na: 140.0, K: 5.0, Cl: 149.0, Ca: 2.0}),
        impermeant=ifx.Impermeant(c=130.0),
        membrane=[ifx.Leak(i, P=1e-9) for i in (Na, K, Cl, Ca)] + [ifx.Water(P_f=1e-5)],
        activity=model,
    )


def test_ghk_flux_is_that_of_activities() -> None:
    cell = calcium_cell("davies")
    start = cell.start
    run = cell.simulate(1e-3, at=[0.0])
    I_in = strength_inside(cell, dict(start.c_in), start.volume)
    for ion in cell.ions:
        a_in = start.c_in[ion] * activity_coefficient(ion, I_in, T=cell.T)
        a_out = cell.bath[ion] * activity_coefficient(ion, cell.bath.ionic_strength, T=cell.T)
        want = ifx.ghk_flux(ion, P=1e-9, V=start.V, c_in=a_in, c_out=a_out, T=cell.T)
        assert run.flux[f"leak_{ion.name}"][ion.name][0] == pytest.approx(want, rel=1e-12)


def test_passive_fluxes_never_climb_their_own_gradient() -> None:
    cell = calcium_cell("davies")
    run = cell.simulate(1e4, rtol=1e-8)
    for m in cell.mechanisms:
        assert np.all(run._look(f"rate.{m.name}") * run._look(f"affinity.{m.name}") >= -1e-30)


@pytest.mark.parametrize("model", ["limiting", "davies"])
def test_analytic_jacobian_matches_finite_differences(model: str) -> None:
    cell = replace(calcium_cell(model), outside_volume=2e-14, volume_law="conserved")
    lowered = lower(cell)
    base = np.array(lowered.parameters(lowered.defaults), dtype=float)
    y = np.array(lowered.initial(lowered.defaults), dtype=float)
    _, J = lowered.derivatives(y[None], base)
    for j in range(len(y)):
        h = 1e-6 * max(abs(y[j]), 1e-20)
        up, down = (lowered.derivatives((y + s * h * np.eye(len(y))[j])[None], base)[0][0] for s in (1, -1))
        scale = np.max(np.abs(J[0]) * np.abs(y)[None, :], axis=1) / abs(y[j])
        assert np.all(np.abs((up - down) / (2 * h) - J[0][:, j]) <= 1e-7 * scale)


def test_osmosis_and_charge_keep_concentrations() -> None:
    run = calcium_cell("davies").simulate(3600.0, at=[3600.0])
    assert run.audit.ok
    assert run.osmolarity_in[0] == pytest.approx(sum(run.c_in[i][0] for i in run.cell.ions) + run.c_impermeant[0], rel=1e-14)
    assert run.osmolarity_out[0] == pytest.approx(run.cell.bath.osmolarity, rel=1e-14)


def test_there_is_no_closed_form_and_the_extended_law_is_refused() -> None:
    with pytest.raises(ifx.NoClosedForm, match="activities"):
        replace(ifx.preset("kay2017"), activity="davies").closed_form()
    with pytest.raises(ifx.InputError, match="size for each ion"):
        replace(ifx.preset("kay2017"), activity="extended")
