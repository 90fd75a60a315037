"""Ions are equal by name and valence; their numbers are those of the tables."""

from __future__ import annotations

import copy
import pickle

import pytest

import ionflux as ifx
from ionflux import Ca, Choline, Cl, IonSpecies, K, Na, celsius, species
from ionflux.units import angstrom

READY = "Na K Cl Ca Mg H OH HCO3 Li Rb Cs Ba Sr NH4 SO4 Br I_ F_ NO3 TMA Choline Gluconate Glutamate".split()


@pytest.mark.parametrize("spelling", READY)
def test_ready_made_ions_are_written_as_they_are_called(spelling: str) -> None:
    ion = getattr(ifx, spelling)
    assert repr(ion) == spelling
    assert ion.name == spelling.rstrip("_")
    assert pickle.loads(pickle.dumps(ion)) == copy.deepcopy(ion) == ion
    assert repr(pickle.loads(pickle.dumps(ion))) == spelling
    assert 5e-10 < ion.D < 1e-8
    assert ion.radius is None or 0.5e-10 < ion.radius < 2.5e-10


def test_every_ready_made_ion_is_public() -> None:
    assert sorted(species.READY_MADE.values()) == sorted(READY)


def test_two_ions_are_equal_when_name_and_valence_are() -> None:
    mine = IonSpecies("K", 1, D=2e-9)
    assert mine == K
    assert hash(mine) == hash(K)
    assert {K: 1.0}[mine] == 1.0
    assert IonSpecies("Fe", 2) != IonSpecies("Fe", 3)


def test_an_ion_of_ones_own_has_an_evaluable_repr() -> None:
    for mine in (IonSpecies("K", 1, D=2e-9), IonSpecies("Tl", 1, D=1.989e-9), IonSpecies("X", -2)):
        again = eval(repr(mine))
        assert (again, again.D, again.radius) == (mine, mine.D, mine.radius)


@pytest.mark.parametrize("z", [0.5, "1", None, 99, float("nan")])
def test_a_valence_is_a_whole_number(z: object) -> None:
    with pytest.raises(ifx.InputError, match="whole number"):
        IonSpecies("Na", z)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "Na in", "Na.x", "a>b", 3])
def test_the_name_of_an_ion_can_stand_in_a_dotted_name(name: object) -> None:
    with pytest.raises(ifx.InputError, match="name"):
        IonSpecies(name, 1)  # type: ignore[arg-type]


def test_diffusion_follows_temperature_over_viscosity() -> None:
    assert K.D is not None
    assert K.D_at(celsius(25)) == K.D
    # T eta(25)/(298.15 eta(37)) with the viscosities 0.8901 and 0.6913 mPa s of the tables
    assert K.D_at(celsius(37)) / K.D == pytest.approx(310.15 / 298.15 * 0.8901 / 0.6913, rel=2e-3)
    with pytest.raises(ifx.UnitRangeError, match=r"celsius\(37\)"):
        K.D_at(37)
    with pytest.raises(ifx.InputError, match="no diffusivity"):
        IonSpecies("X", 1).D_at(300)


def test_potassium_is_larger_than_sodium_on_both_scales_of_radii() -> None:
    assert (K.radius, Na.radius) == (1.33 * angstrom, 0.95 * angstrom)
    assert (species.SHANNON_RADII[K], species.SHANNON_RADII[Na]) == (pytest.approx(1.38 * angstrom), pytest.approx(1.02 * angstrom))


def test_a_slip_in_diffusivity_proposes_cm2_per_s() -> None:
    with pytest.raises(ifx.UnitRangeError, match="cm2_per_s"):
        IonSpecies("X", 1, D=1.957e-5)


def test_valences() -> None:
    assert [ion.z for ion in (Na, K, Cl, Ca, Choline)] == [1, 1, -1, 2, 1]
