"""electroneutral: what it takes, what it gives back, what it refuses."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, ConvergenceError, InputError, IonSpecies, K, Layer, Membrane1D, Na, UnknownNameError, electroneutral

LEFT, RIGHT = {K: 100.0, Na: 10.0, Cl: 110.0}, {K: 10.0, Na: 100.0, Cl: 110.0}
GEL = Membrane1D([Layer(1e-6), Layer(1e-7, fixed_charge=-200.0)])


def test_interfaces_and_both_ends_stand_twice() -> None:
    film = electroneutral(GEL, LEFT, RIGHT, V=-0.02)
    assert film.x.shape == (104,)
    assert film.x[[0, 1, 51, 52, 102, 103]] == pytest.approx([0.0, 0.0, 1e-6, 1e-6, 1.1e-6, 1.1e-6], rel=1e-14)
    assert film.c[K][0] == 100.0
    assert film.c[K][-1] == 10.0
    assert film.phi[0] == -0.02
    assert film.phi[-1] == 0.0
    assert film.phi[102] < -0.02  # Donnan's step at the right face, where the charged layer ends
    assert film.at(0.0).c[K][0] == 100.0
    assert "layers = 2" in repr(film)
    assert film.plot().get_xlabel()


def test_shapes_of_a_batch() -> None:
    film = electroneutral(GEL, {**LEFT, K: [100.0, 50.0], Cl: [110.0, 60.0]}, RIGHT, I=np.zeros((3, 1)))
    assert film.V.shape == film.I.shape == film.error.shape == film.status.shape == film.audit.charge.shape == (3, 2)
    assert film.c[Na].shape == (3, 2, 104)
    assert film.at([1e-7, 2e-7]).c[Na].shape == (3, 2, 2)
    thick = electroneutral(GEL, LEFT, RIGHT, V=0.0, vary={"layers.0.thickness": [1e-6, 2e-6]})
    assert thick.x.shape == (2, 104)
    assert thick.at([0.0, 1e-6]).phi.shape == (2, 2)
    assert electroneutral(GEL, LEFT, RIGHT, V=np.zeros(0)).V.shape == (0,)


def test_surface_charges_and_permittivities_do_not_matter() -> None:
    plain = electroneutral(GEL, LEFT, RIGHT, V=0.01)
    other = Membrane1D([Layer(1e-6, eps_r=5.0), Layer(1e-7, fixed_charge=-200.0)], surface_charge=[-0.1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert electroneutral(other, LEFT, RIGHT, V=0.01).I == plain.I


def test_a_small_net_charge_is_shared_out() -> None:
    film = electroneutral(GEL, {**LEFT, Cl: 110.1}, RIGHT, V=0.0)
    assert film.c[K][0] == pytest.approx(100.0, rel=1e-3)
    assert film.audit.charge < 1e-12


@pytest.mark.parametrize(
    ("sides", "more", "says"),
    [
        ((LEFT, RIGHT), {}, "exactly one"),
        ((LEFT, RIGHT), {"V": 0.0, "I": 0.0}, "exactly one"),
        (({K: 100.0, Cl: 50.0}, RIGHT), {"V": 0.0}, "net charge"),
        ((LEFT, {K: 0.0, Cl: 0.0}), {"V": 0.0}, "no ions"),
        ((LEFT, RIGHT), {"I": np.nan}, "I"),
        ((LEFT, RIGHT), {"I": 1e15}, "A m^-2"),
        ((LEFT, RIGHT), {"V": -70.0}, "mV"),
        ((LEFT, RIGHT), {"V": 0.0, "vary": {"layers.1.fixed_chrage": [1.0]}}, "fixed_charge"),
        ((LEFT, RIGHT), {"V": 0.0, "vary": {"left.K": [1.0, 2.0]}}, "net charge"),
        ((LEFT, RIGHT), {"V": [0.0, 0.1], "vary": {"T": [300.0, 301.0, 302.0]}}, "broadcast"),
        ((LEFT, RIGHT), {"V": 0.0, "threads": 0}, "threads"),
    ],
)
def test_what_cannot_be_is_refused(sides: Any, more: dict[str, Any], says: str) -> None:
    with pytest.raises((InputError, UnknownNameError)) as caught:
        electroneutral(GEL, *sides, **more)
    assert says in str(caught.value)


def test_a_charge_that_no_ion_can_balance_is_named() -> None:
    film = Membrane1D(Layer(1e-6, fixed_charge=-100.0, partition={"K": 0.0, "Na": 0.0}))
    with pytest.raises(ConvergenceError, match="balance") as caught:
        electroneutral(film, LEFT, RIGHT, V=0.0)
    assert np.isnan(caught.value.partial.I)
    both = electroneutral(film, LEFT, RIGHT, V=0.0, vary={"layers.0.fixed_charge": [-100.0, 100.0]})
    assert both.status.tolist() == [int(ifx.Status.NOT_CONVERGED), int(ifx.Status.OK)]


def test_ions_without_diffusivity_are_named() -> None:
    with pytest.raises(InputError, match="diffusivity"):
        electroneutral(GEL, {IonSpecies("X", 1): 1.0, Cl: 1.0}, RIGHT, V=0.0)
