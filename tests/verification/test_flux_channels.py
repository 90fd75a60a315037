"""A membrane in profile as a channel of a cell, by way of its table of fluxes."""

from __future__ import annotations

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, K, Layer, Membrane1D, Na
from ionflux.units import mV, nm

INSIDE = {K: 140.0, Na: 12.0, Cl: 12.0}
OUTSIDE = {K: 5.0, Na: 145.0, Cl: 150.0}
#: thin and hardly permeable, charged, with water on both sides
PORE = Membrane1D(
    [Layer(3 * nm, eps_r=74.0), Layer(4 * nm, eps_r=4.0, D_factor=0.1, partition={K: 3e-6, Na: 2e-7, Cl: 1e-7}), Layer(3 * nm, eps_r=74.0)],
    surface_charge=[-0.01, -0.005],
)
#: ends of the membrane have no impermeant: what is missing to neutrality inside is chloride
LEFT = {K: 140.0, Na: 12.0, Cl: 152.0}


@pytest.fixture(scope="module")
def table() -> ifx.FluxTable:
    return PORE.table(LEFT, OUTSIDE, V=(-0.12, 0.08), tol=1e-7)


def cell(table: ifx.FluxTable, **fields: object) -> ifx.Cell:
    return ifx.Cell(
        area=1e-9, volume=1e-15, C_m=0.01, V=-60 * mV, inside=INSIDE, bath=ifx.Bath(OUTSIDE), impermeant=ifx.Impermeant(),
        membrane=[ifx.Channel("pore", table=table, **fields)],
    )  # fmt: skip


def test_the_fluxes_of_the_channel_are_those_of_the_membrane(table: ifx.FluxTable) -> None:
    """J = P(V) [c_in B(-zu) - c_out B(zu)] outward, with the permeability of Poisson, Nernst and Planck."""
    V = np.array([-0.11, -0.06, -0.001, 0.0, 0.03, 0.07])
    seen = ifx.Channel("pore", table=table).evaluate(V=V, c_in=LEFT, c_out=OUTSIDE)
    film = ifx.pnp(PORE, LEFT, OUTSIDE, V, tol=1e-9)
    for ion in (K, Na, Cl):
        np.testing.assert_allclose(seen.flux[ion.name], film.J[ion], rtol=1e-6)
    np.testing.assert_allclose(seen.current, film.I, rtol=1e-5, atol=1e-7 * np.max(np.abs(film.I)))
    np.testing.assert_allclose(seen.dI_dV, film.dI_dV, rtol=1e-4)


def test_a_cell_comes_to_rest_where_the_fluxes_of_its_membrane_balance(table: ifx.FluxTable) -> None:
    settled = cell(table, share=0.5).simulate(60.0)
    assert settled.audit.ok
    I = settled.current["pore"][-1]
    assert abs(I) < 1e-3 * np.max(np.abs(settled.current["pore"]))
    one, half = (cell(table, share=s).simulate(1e-6, at=[1e-6]).flux["pore"][K][0] for s in (1.0, 0.5))
    assert one == pytest.approx(2 * half, rel=1e-3)


def test_no_flux_of_a_tabulated_membrane_climbs_its_gradient(table: ifx.FluxTable) -> None:
    rng = np.random.default_rng(4)
    n = 2000
    c_in = {ion: 10 ** rng.uniform(-2, 2.5, n) for ion in (K, Na, Cl)}
    c_out = {ion: 10 ** rng.uniform(-2, 2.5, n) for ion in (K, Na, Cl)}
    V = rng.uniform(-0.3, 0.3, n)
    seen = ifx.Channel("pore", table=table).evaluate(V=V, c_in=c_in, c_out=c_out)
    for ion in (K, Na, Cl):
        force = ifx.electrochemical_difference(ion, V=V, c_in=c_in[ion], c_out=c_out[ion]).total
        assert np.all(np.sign(seen.flux[ion.name]) == np.sign(force))


def test_a_gate_may_stand_before_it_and_what_is_no_table_is_refused(table: ifx.FluxTable) -> None:
    gated = ifx.Channel("pore", table=table, gates=[ifx.Gate("a", 2, inf=0.5, tau=0.01)])
    free = ifx.Channel("pore", table=table)
    at = {"V": -0.06, "c_in": LEFT, "c_out": OUTSIDE}
    assert gated.evaluate(**at).current == pytest.approx(0.25 * free.evaluate(**at).current, rel=1e-12)
    with pytest.raises(ifx.InputError, match="no FluxTable"):
        ifx.Channel("pore", table=3.0)
    with pytest.raises(ifx.InputError, match="exactly one of"):
        ifx.Channel("pore", table=table, P=1e-8)
    with pytest.raises(ifx.InputError, match=r"table\.save"):
        ifx.to_toml(free)
