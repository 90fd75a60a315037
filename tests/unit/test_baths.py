"""Baths: mappings of concentrations that know their charge, osmolarity and screening length."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ionflux as ifx
from ionflux import Bath, Ca, Cl, Impermeant, K, Na, celsius
from ionflux.baths import Concentrations
from ionflux.units import M, mM, nm

RINGER = {Na: 145 * mM, K: 5 * mM, Cl: 150 * mM}


def test_a_bath_is_a_mapping_by_ion_and_by_name() -> None:
    bath = Bath(RINGER)
    assert bath[K] == bath["K"] == 5.0
    assert dict(bath) == RINGER
    assert K in bath
    assert Ca not in bath
    assert bath.get(Ca) is None
    with pytest.raises(ifx.UnknownNameError, match="did you mean 'Na'"):
        bath["na"]


def test_a_bath_is_a_value() -> None:
    one, turned = Bath(RINGER), Bath(dict(reversed(RINGER.items())))
    assert one == turned
    assert hash(one) == hash(turned)
    assert one != Bath(RINGER, osmolyte=1.0)
    full = Bath({Na: 145, K: 3.5, Cl: 119}, osmolyte=2.0, impermeant=Impermeant(z=-1, c=29.5))
    for again in (eval(repr(full)), copy.copy(full), copy.deepcopy(full), pickle.loads(pickle.dumps(full))):
        assert again == full
        assert hash(again) == hash(full)
    assert "145" in full._repr_html_()


def test_ionic_strength_osmolarity_and_charge_of_a_calcium_salt() -> None:
    bath = Bath({Ca: 2.0, Cl: 4.0}, osmolyte=3.0)
    assert bath.ionic_strength == pytest.approx(6.0)
    assert bath.osmolarity == pytest.approx(9.0)
    assert bath.charge_density == 0.0


def test_the_impermeant_counts_in_osmolarity_and_charge() -> None:
    bath = Bath({Na: 145, K: 3.5, Cl: 119}, impermeant=Impermeant(z=-1, c=29.5))
    assert bath.osmolarity == pytest.approx(297.0)
    assert bath.charge_density == pytest.approx(0.0, abs=1e-8)


# 150 mM of a 1:1 salt; permittivities 78.4 and 74.2
@pytest.mark.parametrize(("eps_r", "t", "length"), [(78.4, 25, 0.784955), (74.2, 37, 0.778856)])
def test_the_debye_length_of_ringer_is_0_78_nm(eps_r: float, t: float, length: float) -> None:
    assert Bath(RINGER).debye_length(eps_r, T=celsius(t)) / nm == pytest.approx(length, rel=2e-6)
    assert Bath(RINGER).debye_length(T=celsius(t)) / nm == pytest.approx(length, rel=5e-4)


def test_a_debye_length_in_degrees_is_refused() -> None:
    with pytest.raises(ifx.UnitRangeError, match=r"celsius\(37\)"):
        Bath(RINGER).debye_length(T=37)
    with pytest.raises(ifx.UnitRangeError, match="eps_r"):
        Bath(RINGER).debye_length(0)


def test_without_ions_nothing_is_screened() -> None:
    assert Bath({}).debye_length() == float("inf")


def test_a_forgotten_ion_is_remarked_upon() -> None:
    with pytest.warns(ifx.NotNeutralWarning, match=r"\+10 mol/m³ of net charge") as caught:
        Bath({Na: 145, K: 5, Cl: 140})
    assert caught[0].filename == __file__
    Bath({Na: 145, K: 5, Cl: 150.2})  # 0.07 %


@given(c=st.lists(st.floats(0.1, 300), min_size=3, max_size=3), salt=st.floats(0, 300))
def test_a_balanced_bath_is_neutral(c: list[float], salt: float) -> None:
    neutral = Bath({Na: c[0], K: c[1], Ca: c[2], Cl: c[0] + c[1] + 2 * c[2]})
    assert neutral.balanced_with(Cl)[Cl] == pytest.approx(neutral[Cl])
    more = neutral.with_(K, c[1] + salt, exchanging=Cl)
    assert more[Cl] - neutral[Cl] == pytest.approx(salt, abs=1e-9)
    assert abs(more.charge_density) < 1e-6


def test_balancing_adds_the_ion_where_the_bath_lacks_it() -> None:
    with pytest.warns(ifx.NotNeutralWarning):
        open_bath = Bath({Na: 145, K: 5})
    assert open_bath.balanced_with(Cl) == Bath(RINGER)
    with pytest.raises(ifx.ElectroneutralityError, match="other sign"):
        open_bath.balanced_with(Ca)


def test_potassium_can_replace_sodium_or_come_as_a_salt() -> None:
    bath = Bath(RINGER)
    assert bath.with_(K, 8, exchanging=Na) == Bath({Na: 142, K: 8, Cl: 150})
    assert bath.with_("K", 8, exchanging="Cl") == Bath({Na: 145, K: 8, Cl: 153})
    with pytest.raises(ifx.InputError, match="would need -"):
        bath.with_(K, 200, exchanging=Na)
    with pytest.raises(ifx.InputError, match="cannot keep the charge"):
        bath.with_(K, 8, exchanging=K)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Bath({Na: -1.0}), r"Bath\[Na\] = -1 mol m\^-3 is outside 0"),
        (lambda: Bath({Na: 145 * M}), r"Bath\[Na\] = 145000"),
        (lambda: Bath({Na: float("nan")}), "not a finite number"),
        (lambda: Bath({"Na": 145.0}), "no ion"),
        (lambda: Bath([145.0]), "mapping from ion"),
        (lambda: Bath({ifx.IonSpecies("K", 1): 1.0, ifx.IonSpecies("K", -1): 1.0}), "two ions are called 'K'"),
        (lambda: Bath({}, impermeant=Impermeant(z=-1)), "both given"),
        (lambda: Bath({}, impermeant=29.5), "both given"),
        (lambda: Bath({}, osmolite=1.0), "did you mean 'osmolyte'"),
        (lambda: Impermeant(z=-1000), "outside -100 … 100"),
        (lambda: Impermeant(c=-1), "outside"),
    ],
)
def test_what_is_no_bath_is_refused(make: Any, match: str) -> None:
    with pytest.raises(ifx.InputError, match=match):
        make()


def test_concentrations_compare_with_any_mapping() -> None:
    c = Concentrations({Na: 1.0, K: 2.0})
    assert c == {K: 2.0, Na: 1.0}
    assert c != {K: 2.0}
    assert repr(c) == "{Na: 1.0, K: 2.0}"
    assert pickle.loads(pickle.dumps(c)) == copy.deepcopy(c) == c
