"""Descriptions check their numbers at the door and behave as values."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import FrozenInstanceError, field
from typing import Any

import pint
import pytest

import ionflux as ifx
from ionflux.fields import Described, Parameter, described, param


@described
class Film(Described):
    """A film."""

    name: str = field(kw_only=False)
    thickness: float = param("m", lo=1e-10, hi=1e-2, doc="thickness", source="a ruler")
    eps_r: float = param("1", 2.0, lo=1, hi=200, doc="relative permittivity", source="a table")
    V: float | None = param("V", None, lo=-1, hi=1, doc="potential")
    T: float = param("K", 310.15, lo=200, hi=500, doc="temperature")


def film(**changes: Any) -> Film:
    return Film("lipid", **{"thickness": 5e-9, **changes})


@pytest.mark.parametrize(
    ("slip", "advice"),
    [
        ({"T": 37}, r"Film.T = 37 K is outside 200 … 500 K; write celsius\(37\)"),
        ({"V": -65}, r"Film.V = -65 V is outside -1 … 1 V; write -65\*mV"),
        ({"thickness": 5}, r"Film.thickness = 5 m .* write 5\*um"),
        ({"eps_r": 0.5}, r"Film.eps_r = 0.5 is outside 1 … 200$"),
        ({"eps_r": math.nan}, "not a finite number"),
        ({"eps_r": math.inf}, "not a finite number"),
    ],
)
def test_a_slip_of_units_names_field_value_unit_range_and_remedy(slip: dict[str, Any], advice: str) -> None:
    with pytest.raises(ifx.UnitRangeError, match=advice):
        film(**slip)


@pytest.mark.parametrize("value", ["5 nm", b"5", True, None, 1 + 1j, [1.0]])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ifx.InputError, match=r"Film\.thickness"):
        film(thickness=value)


def test_quantities_of_pint_are_converted_at_the_door() -> None:
    q = pint.UnitRegistry().Quantity
    made = film(thickness=q(5, "nm"), T=q(37, "degC"), V=q(-65, "mV"), eps_r=q(3, ""))
    assert made.thickness == pytest.approx(5e-9, rel=1e-15)
    assert (made.T, made.V, made.eps_r) == (pytest.approx(310.15), pytest.approx(-0.065), 3.0)
    assert type(made.thickness) is float
    with pytest.raises(ifx.InputError, match=r"Film\.thickness .* a number in m"):
        film(thickness=q(5, "s"))


def test_every_unit_of_a_field_is_one_that_pint_reads() -> None:
    q = pint.UnitRegistry().Quantity
    for preset in ifx.presets():
        for p in ifx.preset(preset).parameters().values():
            q(1.0, "" if p.unit == "1" else p.unit)


class AstropyLike:
    """The part of astropy's Quantity that is used."""

    def __init__(self, metres: float) -> None:
        self.metres = metres

    def to_value(self, unit: str) -> float:
        assert unit == "m"
        return self.metres


def test_quantities_of_astropy_are_converted_at_the_door() -> None:
    assert film(thickness=AstropyLike(5e-9)).thickness == 5e-9


def test_whole_numbers_become_floats() -> None:
    assert type(film(eps_r=3).eps_r) is float


def test_a_description_is_a_value() -> None:
    one, same, other = film(), film(eps_r=2), film(eps_r=3)
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "lipid"
    assert len({one, same, other}) == 2


def test_a_description_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        film().eps_r = 3.0  # type: ignore[misc]


def test_repr_leaves_out_what_is_default_and_evaluates_to_the_same() -> None:
    assert repr(film()) == "Film('lipid', thickness=5e-09)"
    assert eval(repr(film(eps_r=3, V=0.0))) == film(eps_r=3, V=0.0)


def test_copies_and_pickles_are_equal_and_leave_the_cache_behind() -> None:
    one = film()
    one._cache["lowered"] = object()
    for again in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert again == one
        assert hash(again) == hash(one)
        assert again._cache == {}
    assert "lowered" in one._cache
    assert repr(one) == repr(film())


def test_an_unknown_argument_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ifx.UnknownNameError, match="'thicknes' .did you mean 'thickness'"):
        film(thicknes=1.0)


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(TypeError, match="thickness"):
        Film("lipid")


def test_parameters_carry_unit_range_doc_and_the_source_of_a_default() -> None:
    known = film(thickness=6e-9).parameters()
    assert known["thickness"] == Parameter(6e-9, "m", 1e-10, 1e-2, "thickness", None)
    assert known["eps_r"].source == "a table"
    assert "V" not in known


def test_html_shows_values_units_and_escapes_names() -> None:
    html = Film("<b>", thickness=5e-9)._repr_html_()
    assert "5e-09 m" in html
    assert "<b>" not in html
