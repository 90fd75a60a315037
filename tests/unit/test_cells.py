"""Cells: the start that charge and osmosis bind, dotted names, and values that refuse slips of units."""

from __future__ import annotations

import copy
import doctest
import importlib
import math
import pickle
import warnings
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import ionflux as ifx
from ionflux import Bath, Ca, Cell, Cl, Constants, CubicNaKATPase, Impermeant, K, Leak, Na, Water, celsius
from ionflux.cells.charges import charge_carrier
from ionflux.constants import FARADAY, GAS_CONSTANT
from ionflux.units import mM, mV, pL, uF_per_cm2, um

MEMBRANE = (Leak(Na, g=0.1), Leak(K, g=1.0), Leak(Cl, g=0.5), CubicNaKATPase(J_max=1e-4), Water(P_f=2e-5))


def make(**changes: Any) -> Cell:
    """The pump-leak cell of the benchmarks; the valence of its impermeant follows from V."""
    given: dict[str, Any] = {
        "area": 7e-10,
        "volume": 1.75e-15,
        "C_m": 0.01,
        "T": 310.15,
        "inside": {Na: 10.0, K: 140.0, Cl: 10.0},
        "bath": Bath({Na: 145.0, K: 5.0, Cl: 150.0}),
        "impermeant": Impermeant(c=140.0),
        "membrane": MEMBRANE,
        "V": -70 * mV,
    }
    return Cell(**{**given, **changes})


def charge_of(cell: Cell) -> float:
    """F Σ z n / (C_m area), V: what the amounts say about V."""
    s = cell.start
    charge = math.fsum([ion.z * n for ion, n in s.amount.items()] + [z * n for z, n in s.impermeants])
    return cell.faraday * charge / (cell.C_m * cell.area)


def rounding(cell: Cell) -> float:
    """A dozen roundings of Σ|z|n, as a voltage: what a sum of amounts cannot know better."""
    s = cell.start
    total = sum(abs(ion.z) * n for ion, n in s.amount.items()) + sum(abs(z) * n for z, n in s.impermeants)
    return 3e-15 * cell.faraday * total / (cell.C_m * cell.area)


# ------------------------------------------------------------------------------------------------------------------------ the start


def test_the_valence_follows_from_v() -> None:
    cell = make()
    (z, amount), *_ = cell.start.impermeants
    # 140 mM of cations more than Cl, and the charge of the capacitor
    assert z == pytest.approx(-1 - 0.01 * 7e-10 * 0.07 / (FARADAY * 1.75e-15 * 140), rel=1e-12)
    assert amount == pytest.approx(140 * 1.75e-15)
    assert charge_of(cell) == pytest.approx(-0.07, abs=rounding(cell))
    assert cell.start.V == -0.07
    assert cell.start.c_impermeant == pytest.approx(140.0)


def test_the_concentration_follows_from_v_where_the_valence_is_given() -> None:
    cell = make(impermeant=Impermeant(z=-1.25))
    assert cell.parameters()["impermeant.c"].value == pytest.approx(140 / 1.25, rel=1e-4)
    assert charge_of(cell) == pytest.approx(-0.07, abs=rounding(cell))


def test_osmosis_gives_the_concentration_where_nothing_is_given() -> None:
    cell = make(impermeant=Impermeant())
    known = cell.parameters()
    assert known["impermeant.c"].value == pytest.approx(300 - 160)
    assert known["impermeant.z"].value == pytest.approx(-1, rel=1e-4)
    assert known["impermeant.z"].source == "solved from the start"


def test_v_follows_from_the_charge_where_the_impermeant_is_given() -> None:
    cell = make(V=None, impermeant=Impermeant(z=-1, c=140.0002))
    assert cell.start.V == pytest.approx(-0.0002 * FARADAY * 1.75e-15 / (0.01 * 7e-10), rel=1e-6)
    assert cell.parameters()["V"].value == cell.start.V


def test_without_impermeants_v_follows_from_the_ions() -> None:
    cell = make(V=None, impermeant=None, inside={Na: 10.0, K: 140.0, Cl: 150.0001})
    assert cell.start.V == pytest.approx(-0.0001 * FARADAY * 1.75e-15 / (0.01 * 7e-10), rel=1e-6)
    assert cell.start.impermeants == ()


def test_of_several_impermeants_one_may_be_open() -> None:
    cell = make(impermeant=[Impermeant(z=-2, c=30.0), Impermeant(c=110.0)])
    assert [z for z, _ in cell.start.impermeants] == [-2, pytest.approx(-80 / 110, rel=1e-3)]
    assert charge_of(cell) == pytest.approx(-0.07, abs=rounding(cell))
    assert cell.parameters()["impermeant.1.z"].value == cell.start.impermeants[1][0]
    with pytest.raises(ifx.ModelError, match="2 impermeants have an open z or c"):
        make(impermeant=[Impermeant(z=-2), Impermeant(c=110.0)])


def test_everything_given_is_checked_against_the_charge() -> None:
    z = make().start.impermeants[0][0]
    exact = make(impermeant=Impermeant(z=z, c=140.0))
    assert exact.start.V == -0.07
    assert charge_of(exact) == pytest.approx(-0.07, abs=rounding(exact))
    make(impermeant=Impermeant(z=z * (1 + 1e-10), c=140.0))
    with pytest.raises(ifx.ElectroneutralityError, match=r"\+13\.997\d* mM .* is missing inside: V = -70 mV.*Leave out z") as caught:
        make(impermeant=Impermeant(z=-1.1, c=140.0))
    assert caught.value.missing == pytest.approx(14, abs=0.01)
    with pytest.raises(ifx.ElectroneutralityError):
        make(impermeant=Impermeant(z=z * (1 + 1e-8), c=140.0))


def test_the_remedy_of_the_error_is_one() -> None:
    with pytest.raises(ifx.ElectroneutralityError) as caught:
        make(impermeant=Impermeant(z=-1.1, c=140.0))
    assert caught.value.missing is not None
    assert "change [Na] inside by +13.99" in str(caught.value)
    mended = make(impermeant=Impermeant(z=-1.1, c=140.0), inside={Na: 10.0 + caught.value.missing, K: 140.0, Cl: 10.0})
    assert mended.start.V == -0.07


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"V": None}, ifx.ModelError, "needs V="),
        ({"V": None, "impermeant": Impermeant(z=-1, c=100.0)}, ifx.ElectroneutralityError, "would charge the membrane to"),
        ({"impermeant": Impermeant(z=+1)}, ifx.ElectroneutralityError, r"z = 1 cannot supply it"),
        ({"impermeant": Impermeant(z=0)}, ifx.ElectroneutralityError, "cannot supply it"),
        ({"impermeant": Impermeant(c=0)}, ifx.ElectroneutralityError, "absurd valence"),
        ({"impermeant": Impermeant(c=0.5)}, ifx.ElectroneutralityError, "absurd valence"),
        (
            {"impermeant": Impermeant(), "inside": {Na: 10, K: 200, Cl: 100}},
            ifx.ModelError,
            "exceed the bath's osmolarity of 300 mol/m³ by 10",
        ),
    ],
)
def test_a_start_that_cannot_be_is_refused_when_the_cell_is_made(changes: dict[str, Any], error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        make(**changes)


@given(
    V=st.floats(-0.12, 0.06),
    c=st.tuples(st.floats(1, 50), st.floats(50, 160), st.floats(2, 60)),
    radius=st.floats(1e-6, 5e-5),
    known=st.sampled_from(["c", "z", "nothing"]),
    factor=st.floats(0.5, 2),
)
def test_the_amounts_of_every_start_carry_its_potential(
    V: float, c: tuple[float, float, float], radius: float, known: str, factor: float
) -> None:
    assume(c[0] + c[1] - c[2] > 5)
    x = {
        "c": Impermeant(c=120, amount_factor=factor),
        "z": Impermeant(z=-1, amount_factor=factor),
        "nothing": Impermeant(amount_factor=factor),
    }
    cell = Cell.sphere(
        radius,
        C_m=0.01,
        V=V,
        inside=dict(zip((Na, K, Cl), c, strict=True)),
        bath=Bath({Na: 145.0, K: 5.0, Cl: 150.0}),
        impermeant=x[known],
        membrane=[Water(P_f=1e-5)],
    )
    assert charge_of(cell) == pytest.approx(V, abs=rounding(cell))
    assert cell.start.volume == pytest.approx(factor * cell.volume)
    # the factor leaves the concentrations, but for the charge of the membrane, which does not grow with the volume
    membrane = 2 * cell.C_m * cell.area * abs(V) / (FARADAY * cell.start.volume)
    for ion, value in cell.inside.items():
        assert cell.start.c_in[ion] == pytest.approx(value, rel=1e-12, abs=membrane)
    if known == "nothing":
        assert sum(cell.start.c_in.values()) + cell.start.c_impermeant == pytest.approx(300, rel=1e-12, abs=membrane)


def test_instant_water_starts_at_the_volume_that_osmosis_asks_for() -> None:
    cell = make(membrane=[*MEMBRANE[:-1], Water(instant=True)], inside={Na: 10.0, K: 170.0, Cl: 10.0})
    assert cell.start.volume == pytest.approx(1.75e-15 * 330 / 300)
    assert cell.start.c_in[K] == pytest.approx(170 * 300 / 330)
    assert cell.start.amount[K] == pytest.approx(170 * 1.75e-15)
    assert cell.initial_volume == cell.start.volume


def test_sphere_and_cylinder_have_their_areas_and_volumes() -> None:
    common: dict[str, Any] = {
        "C_m": 0.01, "V": -0.07, "inside": {K: 140.0}, "bath": Bath({K: 5.0, Cl: 5.0}), "impermeant": Impermeant(c=140), "membrane": []
    }  # fmt: skip
    ball = Cell.sphere(5 * um, **common)
    assert (ball.area, ball.volume) == (pytest.approx(4 * math.pi * 25e-12), pytest.approx(4 / 3 * math.pi * 125e-18))
    rod = Cell.cylinder(5 * um, 25 * um, **common)
    assert (rod.area, rod.volume) == (pytest.approx(2 * math.pi * 125e-12), pytest.approx(math.pi * 625e-18))
    with pytest.raises(ifx.UnitRangeError, match=r"radius = 5 m .* write 5\*um"):
        Cell.sphere(5, **common)


# ----------------------------------------------------------------------------------------------------------- what is refused at the door


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"T": 37}, r"Cell\.T = 37 K is outside 200 … 500 K; write celsius\(37\) for 37 degrees Celsius"),
        ({"V": -65}, r"Cell\.V = -65 V is outside -1 … 1 V; write -65\*mV"),
        ({"C_m": 1}, r"Cell\.C_m = 1 F m\^-2 is outside .*; write 1\*uF_per_cm2"),
        ({"area": 700}, r"Cell\.area = 700 m\^2 .*; write 700\*um2"),
        ({"volume": 1.75}, r"Cell\.volume = 1\.75 m\^3 .*; write 1\.75\*pL"),
        ({"area": math.nan}, "not a finite number"),
        ({"V": math.nan}, "not a finite number"),
        ({"inside": {K: 140e3}}, r"Cell\.inside\[K\] = 140000"),
        ({"inside": {K: math.nan}}, r"Cell\.inside\[K\] = nan"),
        ({"inside": {K: -1.0}}, r"Cell\.inside\[K\] = -1"),
    ],
)
def test_slips_of_units_say_what_to_write(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ifx.UnitRangeError, match=match):
        make(**changes)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"holds": ("c_in.Cl",)}, ifx.UnknownNameError, "Cell takes no argument 'holds' .did you mean 'hold'"),
        ({"volum": 1e-15}, ifx.UnknownNameError, "did you mean 'volume'"),
        ({"membrane": [Leak(Na, g=1), Leak(Na, g=2)]}, ifx.InputError, "called 'leak_Na'.*label='leak_Na_2'"),
        ({"membrane": [Water(P_f=1e-5), Water(instant=True)]}, ifx.ModelError, "one Water"),
        ({"membrane": [Leak(Na, g=1, label="bath")]}, ifx.InputError, "already names a part"),
        ({"membrane": [Leak(Na, g=1, label="volume")]}, ifx.InputError, "already names a part"),
        ({"membrane": [Water]}, ifx.InputError, "is no Mechanism"),
        ({"membrane": Leak(Na, g=1)}, ifx.InputError, "give a list"),
        ({"membrane": [Leak(Ca, P=1e-9)]}, ifx.InputError, r"leak_Ca needs \[Ca\] inside"),
        ({"bath": Bath({Na: 150.0, Cl: 150.0})}, ifx.InputError, "does not list K"),
        ({"bath": {Na: 145.0}}, ifx.InputError, "is no Bath; write Bath"),
        ({"impermeant": 140.0}, ifx.InputError, "give a list"),
        ({"constants": 96485.0}, ifx.InputError, "is no Constants"),
        ({"potential": "current", "V": None}, ifx.ModelError, "give V= at the start"),
        ({"potential": "magic"}, ifx.InputError, "it is 'charge' or 'electroneutral' or 'current'"),
        ({"inside": {Na: 10, K: 140, Cl: 0.0}}, ifx.ModelError, r"Nernst potential of Cl is infinite, \[Cl\] inside is 0.* use P="),
        ({"inside": 140.0}, ifx.InputError, "mapping from ion"),
    ],
)
def test_a_cell_that_makes_no_sense_is_refused(changes: dict[str, Any], error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        make(**changes)


def test_a_label_makes_room_for_a_second_leak() -> None:
    cell = make(membrane=[Leak(Na, g=0.1), Leak(Na, g=0.2, label="leak_Na_2")])
    assert cell.labels == ("leak_Na", "leak_Na_2")
    assert cell.parameters()["leak_Na_2.g"].value == 0.2


# ----------------------------------------------------------------------------------------------------------------------------- a value


def test_a_cell_is_a_value() -> None:
    one, same = make(), make()
    assert one == same
    assert hash(one) == hash(same)
    assert one != make(V=-0.071)
    for again in (eval(repr(one)), copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert again == one
        assert hash(again) == hash(one)
        assert again.ions == one.ions
        assert again.start == one.start
    one._cache["lowered"] = "something derived"
    assert "lowered" not in copy.deepcopy(one)._cache
    assert "lowered" not in pickle.loads(pickle.dumps(one))._cache
    assert "NaKATPase.J_max" in one._repr_html_()


def test_constants_of_a_paper_are_a_value_and_stand_for_codata() -> None:
    own = Constants(F=96485, RT_F=25.69 * mV)
    assert pickle.loads(pickle.dumps(own)) == eval(repr(own)) == own
    assert make().faraday == FARADAY
    assert make(T=celsius(25)).thermal_voltage == pytest.approx(GAS_CONSTANT * 298.15 / FARADAY)
    cell = make(constants=own)
    assert (cell.faraday, cell.thermal_voltage) == (96485, 25.69e-3)


def test_the_parts_of_a_cell() -> None:
    cell = make()
    assert cell.ions == (Na, K, Cl)
    assert cell.labels == ("leak_Na", "leak_K", "leak_Cl", "NaKATPase")
    assert cell.water == Water(P_f=2e-5)
    assert make(membrane=[]).water is None
    assert cell.bath[K] == 5.0
    assert cell.T == make().replace({}).T == 310.15
    assert make(C_m=1 * uF_per_cm2, volume=1.75 * pL) == cell


# ------------------------------------------------------------------------------------------------------------------------- dotted names


def test_every_number_has_a_dotted_name_with_unit_range_and_meaning() -> None:
    known = make().parameters()
    assert set(known) == {
        "area", "volume", "C_m", "T", "V", "inside.Na", "inside.K", "inside.Cl", "bath.Na", "bath.K", "bath.Cl", "bath.osmolyte",
        "impermeant.z", "impermeant.c", "impermeant.amount_factor", "leak_Na.g", "leak_Na.scale", "leak_K.g", "leak_K.scale",
        "leak_Cl.g", "leak_Cl.scale", "NaKATPase.J_max", "NaKATPase.scale", "Water.P_f", "Water.V_w", "Water.scale",
        "state.electrode_charge",
    }  # fmt: skip
    assert all(p.lo <= p.value <= p.hi and p.unit and p.doc for p in known.values())


@pytest.mark.parametrize("name", list(make().parameters()))
def test_what_a_name_shows_is_what_replace_changes(name: str) -> None:
    cell = make()
    p = cell.parameters()[name]
    value = {"bath.osmolyte": 5.0, "inside.Cl": 10.5, "V": -0.065, "state.electrode_charge": 1e-15}.get(name, 1.01 * p.value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ifx.NotNeutralWarning)
        changed = cell.replace({name: value})
    assert changed.parameters()[name].value == pytest.approx(value, rel=1e-12)
    assert changed != cell
    others = set(cell.parameters()) - {name}
    # what was solved from the start, and the ion that makes up the charge of an over-determined one, follow along
    follows = {"impermeant.z", "impermeant.c"} | ({"inside.K"} if name.startswith("impermeant.") else set())
    assert [o for o in others - follows if changed.parameters()[o].value != cell.parameters()[o].value] == []
    assert changed.start.V == (value if name == "V" else cell.start.V)


def test_replacing_nothing_is_the_same_cell() -> None:
    cell = make()
    assert cell.replace({}) is cell


def test_whole_parts_can_be_replaced() -> None:
    cell = make().replace({"membrane": [Leak(K, g=2.0)], "leak_K.g": 3.0, "bath": Bath({Na: 140, K: 10, Cl: 150})})
    assert cell.membrane == (Leak(K, g=3.0),)
    assert cell.bath[K] == 10


def test_v_can_be_left_open_again() -> None:
    cell = make(impermeant=make().replace({"impermeant.z": -1.0}).impermeant, inside={Na: 10.0, K: 139.9971, Cl: 10.0}, V=None)
    assert cell.replace({"V": -0.05}).V == -0.05
    assert cell.replace({"V": -0.05}).replace({"V": None}).start.V == pytest.approx(-0.05, abs=1e-9)


def test_bath_potassium_changes_alone_or_with_a_partner() -> None:
    cell = make()
    with pytest.warns(ifx.NotNeutralWarning) as caught:
        alone = cell.replace({"bath.K": 8 * mM})
    assert caught[0].filename == __file__
    assert dict(alone.bath) == {Na: 145, K: 8, Cl: 150}
    assert dict(cell.replace({"bath.K.with_Na": 8 * mM}).bath) == {Na: 142, K: 8, Cl: 150}
    assert dict(cell.replace({"bath.K.with_Cl": 8 * mM}).bath) == {Na: 145, K: 8, Cl: 153}
    for wrong in ("bath.K.with_Ca", "bath.K.with_", "inside.K.with_Na", "bath.Ca"):
        with pytest.raises(ifx.UnknownNameError):
            cell.replace({wrong: 8 * mM})


@pytest.mark.parametrize(
    ("name", "value", "error", "match"),
    [
        ("NaKATPase.Jmax", 1e-5, ifx.UnknownNameError, "did you mean 'NaKATPase.J_max'"),
        ("nakatpase.j_max", 1e-5, ifx.UnknownNameError, "did you mean 'NaKATPase.J_max'"),
        ("leak_Ca.g", 1, ifx.UnknownNameError, "this cell has no parameter 'leak_Ca.g'"),
        ("T", 37, ifx.UnitRangeError, r"celsius\(37\)"),
        ("V", -65, ifx.UnitRangeError, r"-65\*mV"),
        ("leak_Na.g", -1, ifx.UnitRangeError, "leak_Na.g = -1"),
        ("leak_Na.g", math.nan, ifx.UnitRangeError, "not a finite number"),
        ("leak_Na.g", "1 S/m2", ifx.InputError, "leak_Na.g = '1 S/m2' is not a number"),
    ],
)
def test_replace_refuses_what_a_cell_would(name: str, value: Any, error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        make().replace({name: value})


@given(z=st.floats(-2, -0.3))
def test_another_valence_keeps_v_and_an_ion_makes_up_the_charge(z: float) -> None:
    cell = make()
    changed = cell.replace({"impermeant.z": z})
    assert changed.start.V == -0.07
    assert changed.start.impermeants == ((z, pytest.approx(cell.start.impermeants[0][1])),)
    assert changed.start.c_in[Na] == 10.0
    assert charge_of(changed) == pytest.approx(-0.07, abs=rounding(changed))
    assert changed.replace({"impermeant.z": cell.parameters()["impermeant.z"].value}).start.c_in[K] == pytest.approx(140, rel=1e-12)


def test_the_ion_that_makes_up_the_charge_is_the_most_concentrated_that_can() -> None:
    assert charge_carrier({Na: 10, K: 140, Cl: 20, Ca: 500}, -100) == K
    assert charge_carrier({Na: 10, K: 140, Cl: 20}, -150) == Cl  # K would become negative, Cl may grow
    assert charge_carrier({Ca: 500, K: 140}, -150) == Ca
    with pytest.raises(ifx.ElectroneutralityError, match="no ion inside can make up"):
        charge_carrier({Na: 10, K: 140}, -150)


@pytest.mark.parametrize("change", [{"area": 1e-9}, {"C_m": 0.02}, {"volume": 2e-15}, {"V": -0.05}, {"constants.F": 96480.0}])
def test_a_change_of_size_keeps_the_potential_of_an_over_determined_start(change: dict[str, float]) -> None:
    cell = make(V=None, impermeant=Impermeant(z=-1, c=140.0002), constants=Constants())
    changed = cell.replace(change)
    assert changed.start.V == pytest.approx(change.get("V", cell.start.V), abs=1e-9)
    assert changed.start.c_in[K] == pytest.approx(140, rel=1e-4)
    assert charge_of(changed) == pytest.approx(changed.start.V, abs=rounding(changed))


def test_the_amount_factor_scales_impermeants_and_volume_together() -> None:
    cell = make().replace({"impermeant.amount_factor": 1.5})
    assert cell.start.volume == pytest.approx(1.5 * cell.volume)
    assert cell.start.impermeants[0][1] == pytest.approx(1.5 * 140 * cell.volume)
    assert cell.start.V == -0.07
    assert dict(cell.start.c_in) == pytest.approx({Na: 10, K: 140, Cl: 10}, rel=1e-4)
    with pytest.raises(ifx.InputError, match="same amount_factor"):
        make(impermeant=[Impermeant(z=-1, c=10), Impermeant(c=130, amount_factor=2)])


def test_names_of_several_impermeants_carry_their_number() -> None:
    cell = make(impermeant=[Impermeant(z=-2, c=30.0), Impermeant(c=110.0)])
    changed = cell.replace({"impermeant.0.c": 20.0})
    assert changed.start.impermeants[0] == (-2, pytest.approx(20 * 1.75e-15))
    assert changed.start.impermeants[1][0] == pytest.approx(-100 / 110, rel=1e-3)  # still solved


def test_temperature_has_no_name_where_the_paper_fixes_rt_over_f() -> None:
    cell = make(constants=Constants(RT_F=25.69 * mV))
    assert "T" not in cell.parameters()
    with pytest.raises(ifx.InputError, match="replace constants.RT_F"):
        cell.replace({"T": 300})
    assert cell.replace({"constants.RT_F": 26 * mV}).thermal_voltage == pytest.approx(0.026)


@pytest.mark.parametrize("name", ["cells.cell", "baths", "species", "constants", "mechanisms.leaks", "preset_library"])
def test_the_examples_in_the_docstrings_run(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(f"ionflux.{name}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0
