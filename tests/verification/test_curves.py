"""Whole curves on one mesh: what they start from must not be seen in what they give."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, K, Layer, Membrane1D, Na, Status, curves, pnp, pnp_iv, sensitivities, volumes

approx = pytest.approx
IN, OUT = {K: 140.0, Na: 12.0, Cl: 152.0}, {K: 5.0, Na: 145.0, Cl: 150.0}
WATER = Layer(10e-9, eps_r=74.0)
GEL = Membrane1D([WATER, Layer(5e-9, eps_r=40.0, D_factor=0.1, fixed_charge=-500.0), WATER])
BUILDS = [
    importlib.import_module(f"ionflux.{name}")
    for name, level in {"_films": 0, "_films_v3": 3, "_films_v4": 4}.items()
    if importlib.util.find_spec(f"ionflux.{name}") is not None and ifx._kernels.cpu_level() >= level
]


@pytest.mark.parametrize("V", [
    np.linspace(-0.1, 0.1, 41), np.array([0.03]), np.linspace(0.2, -0.2, 9), np.array([0.1, 0.0, 0.1, -0.05, 0.0]),
    np.linspace(-0.6, 0.5, 31), np.concatenate([np.linspace(-0.1, -0.09, 20), np.linspace(0.3, 0.31, 20)]),
], ids=["even", "one", "falling", "twice", "wide", "two heaps"])  # fmt: skip
@pytest.mark.parametrize("X", [-500.0, 30.0])
def test_a_curve_is_its_points(V: np.ndarray, X: float) -> None:
    membrane = GEL.replace({"layers.1.fixed_charge": X})
    curve, points = pnp_iv(membrane, IN, OUT, V, nodes=30), pnp(membrane, IN, OUT, V, nodes=30)
    assert np.all(curve.status == Status.OK)
    size = np.max(np.abs(points.I))
    assert curve.I == approx(points.I, rel=1e-12, abs=1e-13 * size)
    assert curve.conductance == approx(points.dI_dV, rel=1e-10)
    for ion in IN:
        assert curve.J[ion] == approx(points.J[ion], rel=1e-12, abs=1e-14 * size)


def test_a_curve_in_a_batch_is_the_curve_alone_bit_by_bit_with_any_build_and_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    V, n = np.linspace(-0.1, 0.1, 23), 37
    rng = np.random.default_rng(3)
    k, vary = rng.uniform(2.0, 30.0, n), {"layers.1.fixed_charge": rng.uniform(-600.0, 600.0, n), "T": rng.uniform(290.0, 315.0, n)}
    whole = pnp_iv(GEL, IN, {K: k, Na: 150.0 - k, Cl: 150.0}, V, nodes=12, vary=vary)
    for build in BUILDS:
        monkeypatch.setattr(curves, "films", build)
        again = pnp_iv(GEL, IN, {K: k, Na: 150.0 - k, Cl: 150.0}, V, nodes=12, vary=vary, threads=2)
        assert np.array_equal(again.I, whole.I)
        assert np.array_equal(again.conductance, whole.conductance)
    for i in (0, 16, 36):
        own = GEL.replace({name: values[i] for name, values in vary.items()})
        one = pnp_iv(own, IN, {K: k[i], Na: 150.0 - k[i], Cl: 150.0}, V, nodes=12)
        assert np.array_equal(one.I, whole.I[i])


def test_currents_given_and_derivatives_are_the_same_with_any_build(monkeypatch: pytest.MonkeyPatch) -> None:
    I = np.linspace(-1e5, 1e6, 11)

    def run(threads: int | None = None) -> Any:
        film = pnp(GEL, IN, OUT, I=I, nodes=12, threads=threads)
        return film.V, film.sensitivity("layers.1.eps_r").V

    whole = run()
    for build in BUILDS:
        monkeypatch.setattr(volumes, "films", build)
        monkeypatch.setattr(sensitivities, "films", build)
        assert all(np.array_equal(a, b) for a, b in zip(run(2), whole, strict=True))


@pytest.mark.parametrize("V", [-0.15, 0.0, 1e-9, 0.08])
def test_where_ions_are_too_few_to_bend_the_field_it_is_goldmans_on_any_mesh(V: float) -> None:
    rng, L = np.random.default_rng(5), 3e-9
    x = np.sort(np.concatenate([[0.0, L], L * rng.random(23)]))
    few = [{ion: 1e-16 * c for ion, c in side.items()} for side in (IN, OUT)]
    film = pnp(Membrane1D(Layer(L, eps_r=80.0)), *few, V, nodes=x)
    for ion in IN:
        assert film.J[ion] == approx(ifx.ghk_flux(ion, P=ion.D / L, V=V, c_in=few[0][ion], c_out=few[1][ion]), rel=1e-13)


def test_a_layer_that_is_shut_stays_shut_on_curves() -> None:
    shut = GEL.replace({"layers.1.partition.Na": 0.0})
    curve = pnp_iv(shut, IN, OUT, np.linspace(-0.1, 0.1, 12), nodes=12)
    assert np.all(curve.J[Na] == 0.0)
    assert np.all(curve.J[K] != 0.0)


def test_what_eight_voltages_cannot_lead_to_is_approached_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that is of no use: the points are still found."""
    V = np.linspace(-0.1, 0.1, 20)
    right = pnp_iv(GEL, IN, OUT, V, nodes=12)
    pivots, others, weights = curves._plan(V.tobytes())
    monkeypatch.setattr(curves, "_plan", lambda volts: (pivots, others, np.full_like(weights, np.nan)))
    assert pnp_iv(GEL, IN, OUT, V, nodes=12).I == approx(right.I, rel=1e-12)
