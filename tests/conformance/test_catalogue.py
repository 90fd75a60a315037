"""The suite covers every mechanism there is, and says what to write for a new one."""

from __future__ import annotations

import pytest
from conformance.catalogue import CATALOGUE, MAKERS, cases, missing
from reference.laws import RATES

import ionflux as ifx
from ionflux import K, Mechanism
from ionflux.mechanisms import Law, mechanism, param


def test_every_mechanism_has_a_twin_and_is_made_in_every_way() -> None:
    said = missing(CATALOGUE)
    assert not said, "\n".join(said)


def test_every_mechanism_at_the_top_of_the_package_is_in_the_catalogue() -> None:
    public = {found for name in ifx.__all__ if isinstance(found := getattr(ifx, name), type) and issubclass(found, Mechanism)}
    assert public - {Mechanism} == set(CATALOGUE)


def test_a_mechanism_without_a_twin_fails_and_the_message_says_what_to_write() -> None:
    @mechanism
    class Unknown(Mechanism):
        """Nobody has written an equation for it yet."""

        law = Law.PRODUCT
        moves = {K: 1}
        strength = "J_max"
        thermodynamics = "published"
        J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles")

    said = "\n".join(missing([Unknown]))
    assert "Unknown has no twin" in said
    assert "tests/reference/laws.py" in said
    assert "MAKERS in tests/conformance/catalogue.py" in said


def test_a_parameter_that_no_example_gives_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {way: make for way, make in MAKERS["Leak"].items() if way != "Goldman"}
    monkeypatch.setitem(MAKERS, "Leak", few)
    assert missing([ifx.Leak]) == ["Leak.P is given in none of MAKERS['Leak']; add a way that gives it"]


def test_no_twin_and_no_maker_is_left_over() -> None:
    names = {cls.__name__ for cls in CATALOGUE}
    assert set(MAKERS) <= names
    assert set(RATES) <= names
    assert {case.cls for case in cases(1)} == set(CATALOGUE)


@pytest.mark.parametrize("case", cases(3), ids=str)
def test_names_charge_and_thermodynamic_class_follow_from_what_is_stated(case: object) -> None:
    m = case.mechanism  # type: ignore[attr-defined]
    assert m.thermodynamics in ("passive", "cycle", "irreversible", "published")
    if m.moves and len(m.ways) == 1 and not m.within:
        assert m.charge == sum(ion.z * nu for ion, nu in m.moves.items())
    assert isinstance(m.law, Law)
    assert m.strength in m.parameters() or m.strength == "instant"
