"""Laws that the finite volumes keep whatever the numbers, and the order in which their errors vanish."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from verification.random_membranes import draw

import ionflux as ifx
from ionflux import IonSpecies, Layer, Membrane1D, pnp
from ionflux.constants import FARADAY, VACUUM_PERMITTIVITY

approx = pytest.approx
K, Na, Cl = (IonSpecies(name, z, D=D) for name, z, D in (("K", 1, 1.957e-9), ("Na", 1, 1.334e-9), ("Cl", -1, 2.032e-9)))
IN, OUT = {K: 140.0, Na: 12.0, Cl: 152.0}, {K: 5.0, Na: 145.0, Cl: 150.0}
WATER = Layer(10e-9, eps_r=74.0)
CORE = Layer(4e-9, eps_r=2.0, D_factor=0.1, partition={"K": 1e-3, "Na": 4e-5, "Cl": 4.5e-4})
STACKS = {
    "neutral": Membrane1D([WATER, CORE, WATER]),
    "charged": Membrane1D([WATER, Layer(5e-9, eps_r=40.0, D_factor=0.1, fixed_charge=-500.0), WATER]),
    "charged faces": Membrane1D([WATER, CORE, WATER], surface_charge=[-0.05, -0.02]),
}
stacks = pytest.mark.parametrize("membrane", STACKS.values(), ids=STACKS)


@pytest.mark.parametrize("V", [-0.2, -1e-9, 0.0, 0.05])
@pytest.mark.parametrize("seed", range(3))
def test_in_a_constant_field_goldmans_fluxes_on_any_mesh(seed: int, V: float) -> None:
    """Solutions of equal strength: then no charge bends the field, and the fluxes through cells are exact whatever their widths."""
    L, rng = 6e-9, np.random.default_rng(seed)
    x = np.concatenate([[0.0], np.sort(rng.uniform(0, L, 3 + 20 * seed)), [L]])
    left, right = {K: 100.0, Na: 20.0, Cl: 120.0}, {K: 5.0, Na: 115.0, Cl: 120.0}
    film = pnp(Membrane1D(Layer(L)), left, right, V, nodes=x)
    for ion, c in left.items():
        want = ifx.ghk_flux(ion, P=ion.D / L, V=V, c_in=c, c_out=right[ion])
        assert film.J[ion] == approx(want, rel=1e-13, abs=1e-14 * ion.D * 100 / L)


@stacks
def test_a_mirror_turns_the_current_round(membrane: Membrane1D) -> None:
    other = Membrane1D(membrane.layers[::-1], surface_charge=membrane.sigma[::-1])
    one, two = pnp(membrane, IN, OUT, -0.07, tol=1e-8), pnp(other, OUT, IN, 0.07, tol=1e-8)
    for ion in IN:
        assert two.J[ion] == approx(-one.J[ion], rel=1e-12)


@stacks
def test_the_charge_held_is_what_the_field_changes(membrane: Membrane1D) -> None:
    """Gauss's law on the profile that is shown; its places are the ends and the eight Gauss points of elements."""
    film = pnp(membrane, IN, OUT, -0.07, method="collocation")
    held, weights = sum(membrane.sigma), 0.5 * np.polynomial.legendre.leggauss(8)[1]
    parts = np.split(np.arange(len(film.x)), np.flatnonzero(np.diff(film.x) == 0) + 1)
    for layer, part in zip(membrane.layers, parts, strict=True):
        charge = FARADAY * (sum(ion.z * film.c[ion] for ion in IN) + layer.fixed_charge)
        held += np.sum(np.diff(film.x[part[::9]]) * (charge[part[:-1].reshape(-1, 9)[:, 1:]] @ weights))
    ends = []
    for s in (slice(0, 10), slice(None, -11, -1)):
        x = (film.x[s] - film.x[s][0]) / 1e-9
        ends.append(-VACUUM_PERMITTIVITY * 74.0 * np.polyfit(x, film.phi[s], 9)[-2] / 1e-9)
    assert held == approx(ends[1] - ends[0], abs=1e-10)


@stacks
def test_errors_fall_with_the_square_of_the_cells_and_the_fourth_power_once_extrapolated(membrane: Membrane1D) -> None:
    V = -0.07
    exact = pnp(membrane, IN, OUT, V, method="collocation").I
    I = np.array([pnp(membrane, IN, OUT, V, nodes=n).I for n in (100, 200, 400, 800)])
    plain = np.log2(np.abs(I[:-1] - exact) / np.abs(I[1:] - exact))
    better = I[1:] + (I[1:] - I[:-1]) / 3
    assert plain[1:] == approx(2, abs=0.05)
    assert np.log2(np.abs(better[:-1] - exact) / np.abs(better[1:] - exact))[-1] == approx(4, abs=0.2)


@stacks
def test_concentrations_times_four_and_lengths_halved_leave_the_profile(membrane: Membrane1D) -> None:
    a = 4.0
    layers = [
        dataclasses.replace(layer, thickness=layer.thickness / np.sqrt(a), fixed_charge=a * layer.fixed_charge) for layer in membrane.layers
    ]
    small = Membrane1D(layers, surface_charge=[np.sqrt(a) * s for s in membrane.sigma])
    more = [{ion: a * c for ion, c in side.items()} for side in (IN, OUT)]
    one, two = pnp(membrane, IN, OUT, 0.05, tol=1e-8), pnp(small, *more, 0.05, tol=1e-8)
    assert two.I == approx(a**1.5 * one.I, rel=1e-11)
    assert two.phi == approx(one.phi, abs=1e-13)
    assert two.c[K] == approx(a * one.c[K], rel=1e-11)


@stacks
def test_the_order_of_the_ions_changes_nothing(membrane: Membrane1D) -> None:
    first = pnp(membrane, IN, OUT, -0.05)
    for order in itertools.permutations(IN):
        film = pnp(membrane, {ion: IN[ion] for ion in order}, OUT, -0.05)
        for ion in IN:
            assert film.J[ion] == approx(first.J[ion], rel=1e-11)


@stacks
def test_an_ion_without_charge_and_one_that_cannot_pass_change_nothing(membrane: Membrane1D) -> None:
    first, X = pnp(membrane, IN, OUT, -0.05), IonSpecies("X", 0, D=1e-9)
    resistance = sum(layer.thickness / (1e-9 * layer.D_factor) for layer in membrane.layers)
    more = pnp(membrane, {**IN, X: 50.0}, {**OUT, X: 10.0}, -0.05)
    assert more.J[X] == approx(40.0 / resistance, rel=1e-11)
    shut = Membrane1D([membrane.layers[0], _without(membrane.layers[1], "X"), membrane.layers[2]], surface_charge=membrane.sigma)
    blocked = pnp(shut, {**IN, X: 50.0}, {**OUT, X: 10.0}, -0.05)
    assert blocked.J[X] == 0.0
    for ion in IN:
        assert more.J[ion] == approx(first.J[ion], rel=1e-11)
        assert blocked.J[ion] == approx(first.J[ion], rel=1e-11)


def _without(layer: Layer, name: str) -> Layer:
    part: dict[Any, Any] = dict((layer.partition or {}).items())
    return Layer(
        layer.thickness, eps_r=layer.eps_r, D_factor=layer.D_factor, fixed_charge=layer.fixed_charge, partition={**part, name: 0.0}
    )


def test_conductances_are_slopes() -> None:
    """By a central difference of order six between solutions on the same mesh."""
    for batch in draw(8, 3, seed=9):
        h = 2e-3
        film = batch.solve(nodes=20)
        I = np.array([batch._replace(V=batch.V + k * h).solve(nodes=20).I for k in (-3, -2, -1, 1, 2, 3)])
        slope = (I[5] - I[0] - 9 * (I[4] - I[1]) + 45 * (I[3] - I[2])) / (60 * h)
        assert film.dI_dV == approx(slope, rel=2e-7)
