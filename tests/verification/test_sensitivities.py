"""Derivatives of fluxes, currents and potentials against differences of the solver itself; currents given instead of V."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ionflux import (
    Cl,
    ConvergenceError,
    InputError,
    IonSpecies,
    K,
    Layer,
    Membrane1D,
    Na,
    NotNeutralWarning,
    Status,
    UnknownNameError,
    nernst,
    nernst_planck,
    pnp,
    pnp_iv,
)
from ionflux.constants import FARADAY

approx = pytest.approx
IN, OUT = {K: 140.0, Na: 12.0, Cl: 152.0}, {K: 5.0, Na: 145.0, Cl: 150.0}
WATER = Layer(10e-9, eps_r=74.0)
LIPID = Membrane1D(
    [WATER, Layer(4e-9, eps_r=2.0, D_factor=0.1, partition={"K": 1e-3, "Na": 4e-5, "Cl": 4.5e-4}), WATER], surface_charge=[-0.05, -0.02]
)
GEL = Membrane1D([WATER, Layer(5e-9, eps_r=40.0, D_factor=0.1, fixed_charge=-500.0), WATER])
SIX = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
WEIGHTS = np.array([-1.0, 9.0, -45.0, 45.0, -9.0, 1.0]) / 60

NUMBERS = {
    "T": (310.15, 310.15), "left.K": (140.0, 140.0), "right.Na": (145.0, 145.0), "layers.0.thickness": (10e-9, 10e-9),
    "layers.1.thickness": (4e-9, 5e-9), "layers.0.eps_r": (74.0, 74.0), "layers.1.eps_r": (2.0, 40.0), "layers.1.D.K": (K.D, K.D),
    "layers.2.D_factor": (1.0, 1.0), "layers.1.partition.K": (1e-3, 1.0), "layers.1.fixed_charge": (0.0, -500.0),
    "surface_charge.0": (-0.05, 0.0),
}  # fmt: skip


def slopes(solve: Any, value: float, step: float) -> tuple[Any, ...]:
    """Sixth-order central differences: dJ of each ion, dI, dV. solve: a batch for an array of the parameter."""
    batch = solve(value + step * SIX)
    assert np.all(batch.status == Status.OK)
    return {ion: batch.J[ion] @ WEIGHTS / step for ion in IN}, batch.I @ WEIGHTS / step, batch.V @ WEIGHTS / step


def close(found: Any, expected: float, rounding: float) -> None:
    """To 1e-8, or to what six values with a relative error of 1e-13 leave over in their difference."""
    assert found == approx(expected, rel=1e-8, abs=rounding)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("which", [0, 1], ids=["lipid", "gel"])
@pytest.mark.parametrize("more", [{"nodes": 30}, pytest.param({"tol": 1e-11}, marks=pytest.mark.slow)], ids=["nodes", "tol"])
@pytest.mark.parametrize("given", [{"V": -0.06}, {"I": 50.0}], ids=["V", "I"])
def test_by_every_number_the_derivative_is_the_limit_of_differences(name: str, which: int, more: dict[str, Any], given: Any) -> None:
    membrane, value = (LIPID, GEL)[which], NUMBERS[name][which]
    step = 1e-3 * (abs(value) or (0.05 if name == "surface_charge.0" else 100.0))
    step *= 0.3 if name in ("left.K", "right.Na") else 1.0  # neutral within what is remarked upon
    J, I, V = slopes(lambda q: pnp(membrane, IN, OUT, **given, vary={name: q}, **more), value, step)
    film = pnp(membrane, IN, OUT, **given, **more)
    found, noise = film.sensitivity(name), 3e-13 / step
    for ion in IN:
        close(found.J[ion], J[ion], noise * max(abs(film.J[ion]), 1e-3 * max(abs(film.J[other]) for other in IN)))
    close(found.I, I, noise * sum(abs(96485 * ion.z * film.J[ion]) for ion in IN))
    close(found.V, V, noise * 0.027)
    if "I" in given:
        assert found.I == 0.0
    else:
        assert found.V == 0.0


@pytest.mark.parametrize("membrane", [LIPID, GEL], ids=["lipid", "gel"])
def test_by_the_voltage_it_is_the_conductance_and_by_the_current_the_resistance(membrane: Membrane1D) -> None:
    J, I, _ = slopes(lambda V: pnp(membrane, IN, OUT, V, tol=1e-9), -0.03, 1e-4)
    film = pnp(membrane, IN, OUT, -0.03, tol=1e-9)
    found = film.sensitivity("V")
    assert found.I == approx(I, rel=1e-8)
    assert found.I == approx(film.dI_dV, rel=1e-8)
    assert [found.J[ion] for ion in IN] == approx([J[ion] for ion in IN], rel=1e-8)
    assert found.V == 1.0
    other = pnp(membrane, IN, OUT, I=film.I, tol=1e-9).sensitivity("I")
    assert other.I == 1.0
    assert other.V == approx(1.0 / film.dI_dV, rel=1e-8)
    assert other.J[K] == approx(found.J[K] / film.dI_dV, rel=1e-7)


@pytest.mark.parametrize("name", ["V", *NUMBERS])
@pytest.mark.parametrize("velocity", [0.0, 0.2])
def test_in_a_given_potential_too(name: str, velocity: float) -> None:
    humps = Membrane1D(
        [Layer(2e-9, eps_r=40.0, energy={K: lambda s: 3 * np.exp(-(((s - 0.4) / 0.2) ** 2))}), GEL.layers[1], WATER],
        surface_charge=[0.1, 0.0],
    )
    known = {"layers.0.thickness": 2e-9, "layers.0.eps_r": 40.0, "surface_charge.0": 0.1, "V": 0.03}
    value = known[name] if name in known else NUMBERS[name][1]
    step = 3e-3 * abs(value)

    def solve(q: Any) -> Any:
        return nernst_planck(humps, IN, OUT, q if name == "V" else 0.03, vary=None if name == "V" else {name: q}, velocity=velocity)

    J, I, _ = slopes(solve, value, step)
    film = nernst_planck(humps, IN, OUT, 0.03, velocity=velocity)
    found = film.sensitivity(name)
    for ion in IN:
        close(found.J[ion], J[ion], 3e-13 / step * abs(film.J[ion]))
    close(found.I, I, 3e-13 / step * abs(film.I))


def test_values_of_a_potential_leave_what_does_not_depend_on_lengths() -> None:
    film = nernst_planck(Membrane1D(Layer(5e-9)), IN, OUT, potential=np.array([-0.06, -0.09, 0.02, 0.0]))
    J = [nernst_planck(Membrane1D(Layer(5e-9), T=310.15 + k), IN, OUT, potential=film.phi).J[K] for k in 0.2 * SIX]
    assert film.sensitivity("T").J[K] == approx(np.array(J) @ WEIGHTS / 0.2, rel=1e-8)
    assert film.sensitivity("layers.0.fixed_charge").I == 0.0
    for name in ("V", "layers.0.thickness"):
        with pytest.raises(InputError, match="given"):
            film.sensitivity(name)


def test_a_batch_is_its_rows() -> None:
    V, X = np.array([-0.05, 0.0, 0.05])[:, None], np.array([-400.0, -100.0])
    batch = pnp(GEL, IN, {**OUT, K: 7.0, Cl: 152.0}, V, vary={"layers.1.fixed_charge": X}).sensitivity("layers.1.fixed_charge")
    assert batch.I.shape == batch.V.shape == batch.J[K].shape == (3, 2)
    for i, j in ((0, 0), (2, 1)):
        one = pnp(GEL.replace({"layers.1.fixed_charge": X[j]}), IN, {**OUT, K: 7.0, Cl: 152.0}, float(V[i, 0])).sensitivity(
            "layers.1.fixed_charge"
        )
        assert one.I == batch.I[i, j]
        assert one.J["Na"] == batch.J["Na"][i, j]


@pytest.mark.parametrize("closed", [{"D_factor": 0.0}, {"D": {"K": 0.0}}, {"partition": {"K": 0.0}}])
def test_what_opens_a_closed_layer(closed: dict[str, Any]) -> None:
    """The derivative at zero is the flux per opening: with respect to anything else a closed layer keeps its ion back."""
    shut = Membrane1D([WATER, Layer(4e-9, eps_r=10.0, **closed), WATER])
    name = {"D_factor": "layers.1.D_factor", "D": "layers.1.D.K", "partition": "layers.1.partition.K"}[next(iter(closed))]
    film, small = pnp(shut, IN, OUT, -0.05, tol=1e-10), 1e-6 * (1e-9 if "D.K" in name else 1.0)
    opened = pnp(shut, IN, OUT, -0.05, tol=1e-10, vary={name: small})
    assert film.J[K] == 0.0
    assert film.sensitivity(name).J[K] == approx(opened.J[K] / small, rel=1e-5)
    assert film.sensitivity("left.K").J[K] == film.sensitivity("layers.0.D.K").J[K] == 0.0


def test_slips_are_named() -> None:
    film = pnp(GEL, IN, OUT, 0.0)
    with pytest.raises(UnknownNameError, match=r"layers\.1\.fixed_charge"):
        film.sensitivity("layers.1.fixed_charg")
    with pytest.raises(UnknownNameError):
        film.sensitivity("I")
    ion = IonSpecies("Q", 1)
    pore = Membrane1D(Layer(5e-9, D={ion: lambda s: 1e-9 + 0 * s}))
    with pytest.raises(InputError, match="D_factor"):
        nernst_planck(pore, {ion: 1.0}, {ion: 2.0}, 0.0).sensitivity("layers.0.D.Q")
    flat = nernst_planck(pore, {ion: 1.0}, {ion: 2.0}, 0.0, vary={"layers.0.D.Q": [1e-9, 2e-9]})
    assert flat.J[ion] == approx([-0.2, -0.4], rel=1e-12)  # the number takes the function's place
    assert flat.sensitivity("layers.0.D.Q").J[ion] == approx([-2e8, -2e8], rel=1e-12)
    with pytest.warns(NotNeutralWarning):
        assert pnp(pore, {ion: 1.0}, {ion: 1.0}, 0.0, vary={"layers.0.D.Q": 1e-9}).I == 0.0


# ---- the current given -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("I", [-5e3, -10.0, 0.0, 300.0, 1e4])
def test_the_voltage_of_a_current_has_that_current(I: float) -> None:
    film = pnp(LIPID, IN, OUT, I=I)
    assert pnp(LIPID, IN, OUT, film.V, tol=1e-9).I == approx(I, rel=2e-6, abs=2e-8 * film.dI_dV)
    assert film.I == approx(I, abs=1e-9 * film.dI_dV)
    assert film.phi[0] - film.phi[-1] == film.V


def test_currents_concentrations_and_parameters_make_a_batch_of_voltages() -> None:
    I, k = np.array([-1e6, 0.0, 2e6])[:, None], np.array([4.0, 9.0])
    right = {K: k, Na: 145.0, Cl: 145.0 + k}
    batch = pnp(GEL, IN, right, I=I, vary={"layers.1.fixed_charge": [-500.0, -50.0]}, threads=2)
    assert batch.V.shape == (3, 2)
    assert np.all(batch.status == Status.OK)
    one = pnp(GEL.replace({"layers.1.fixed_charge": -50.0}), IN, {ion: c if ion is Na else c[1] for ion, c in right.items()}, I=-1e6)
    assert one.V == batch.V[0, 1]
    assert np.array_equal(one.c[K], batch.c[K][0, 1, : len(one.x)])  # others needed more places


def test_at_rest_the_voltage_is_known_to_two_hundredths_of_a_microvolt() -> None:
    for membrane in (LIPID, GEL, Membrane1D(Layer(200e-9, eps_r=78.5))):
        rough, fine = (pnp(membrane, IN, OUT, I=0.0, tol=tol) for tol in (1e-6, 1e-11))
        assert rough.V == approx(fine.V, abs=2e-8)
        assert rough.V == approx(fine.V, abs=3 * rough.error * 0.0267)
        assert pnp_iv(membrane, IN, OUT, [-0.1, 0.1]).reversal == approx(fine.V, abs=2e-8)


def test_large_currents_through_a_rectifier() -> None:
    sides = {K: 10.0, Cl: 10.0}
    bipolar = Membrane1D([WATER, Layer(20e-9, eps_r=78.5, fixed_charge=200.0), Layer(20e-9, eps_r=78.5, fixed_charge=-200.0), WATER])
    V = np.array([-0.4, -0.1, 0.1, 0.4])
    there = pnp(bipolar, sides, sides, V)
    back = pnp(bipolar, sides, sides, I=there.I)
    assert back.V == approx(V, abs=2e-6 * 0.4 + 3e-6 * np.max(np.abs(there.I / there.dI_dV)))


@pytest.mark.parametrize("X", [-100.0, 0.0, 300.0])
def test_what_is_in_equilibrium_stays_at_rest(X: float) -> None:
    """K⁺ and Cl⁻ pass, their products are equal, Na⁺ does not: Donnan's potential, and nothing flows."""
    filter_ = Membrane1D([WATER, Layer(5e-9, D={Na: 0.0}, fixed_charge=X), WATER])
    left, right = {K: 100.0, Na: 20.0, Cl: 120.0}, {K: 80.0, Na: 70.0, Cl: 150.0}
    film = pnp(filter_, left, right, I=0.0, tol=1e-8)
    assert film.V == approx(nernst(K, c_in=100.0, c_out=80.0), rel=1e-14)
    assert all(abs(film.J[ion]) < 1e-15 * film.dI_dV / FARADAY * 0.0267 for ion in film.ions)
    same = pnp(filter_, left, left, I=0.0, tol=1e-8)
    assert abs(same.V) < 1e-17


def test_a_current_that_cannot_flow_is_refused() -> None:
    shut = Membrane1D(Layer(5e-9, D_factor=0.0))
    for I in (0.0, 1.0):  # without a current, too, any voltage would do
        with pytest.raises(ConvergenceError, match="no ion passes") as caught:
            pnp(shut, IN, OUT, I=I)
        assert np.isnan(caught.value.partial.V)
    open_and_shut = pnp(shut, IN, OUT, I=0.0, vary={"layers.0.D_factor": [1.0, 0.0]})
    assert list(open_and_shut.status) == [Status.OK, Status.NOT_CONVERGED]
    assert list(np.isnan(open_and_shut.V)) == [False, True]
    assert np.isnan(pnp_iv(shut, IN, OUT, [-0.1, 0.1]).reversal)
    for given in ({}, {"V": 0.0, "I": 0.0}):
        with pytest.raises(InputError, match="exactly one"):
            pnp(GEL, IN, OUT, **given)
    with pytest.raises(InputError):
        pnp(GEL, IN, OUT, I=float("nan"))
