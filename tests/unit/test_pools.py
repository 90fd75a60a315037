"""What is in a cell beside its ions, what is held, what follows from others, and how V is found."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import pytest

import ionflux as ifx
from ionflux import Bath, Ca, Cell, Cl, CubicNaKATPase, CurrentClamp, Impermeant, IonSpecies, K, Leak, Mechanism, Na, Pool, Slaved, Water
from ionflux._rebuild import rebuild
from ionflux.cells.charges import charge_carrier
from ionflux.fields import param
from ionflux.mechanisms import Law, mechanism, saturation
from ionflux.units import mM, um3

LEAKS = (Leak(Na, g=0.1), Leak(K, g=1.0), Leak(Cl, g=0.5), CubicNaKATPase(J_max=1e-4))
K_FOLLOWS_NA = Slaved("c_in.K", 150 * mM, {"c_in.Na": -1})


def make(**changes: Any) -> Cell:
    """A rigid cell; the valence of its impermeant follows from V."""
    given: dict[str, Any] = {
        "area": 7e-10,
        "volume": 1.75e-15,
        "C_m": 0.01,
        "inside": {Na: 10.0, K: 140.0, Cl: 10.0},
        "bath": Bath({Na: 145.0, K: 5.0, Cl: 150.0}),
        "impermeant": Impermeant(c=140.0),
        "membrane": LEAKS,
        "V": -0.07,
    }
    return Cell(**{**given, **changes})


def charge_of(cell: Cell) -> float:
    """F Σ z n, C."""
    s = cell.start
    return cell.faraday * math.fsum([ion.z * n for ion, n in s.amount.items()] + [z * n for z, n in s.impermeants])


# ------------------------------------------------------------------------------------------------------------------- what is slaved


def test_a_slaved_concentration_has_the_value_of_its_rule_whatever_was_given() -> None:
    assert make(pools=[K_FOLLOWS_NA], inside={Na: 12.0, K: 1.0, Cl: 10.0}).inside[K] == 138.0
    cell = make(pools=[K_FOLLOWS_NA], inside={Na: 12.0, Cl: 10.0})
    assert cell.ions == (Na, Cl, K)  # the bath says which ion is meant
    assert cell.start.amount[K] == 138.0 * cell.volume
    assert cell.slaved == {"c_in.K": K_FOLLOWS_NA}
    assert cell.replace({"inside.Na": 15.0}).inside[K] == 135.0


def test_rules_may_follow_each_other_and_reach_outside() -> None:
    rules = [Slaved("c_out.Na", 146.9, {"c_in.Na": -0.1}), Slaved("c_in.Na", 158.0, {"c_in.K": -1})]
    cell = make(pools=rules, membrane=[])
    assert cell.inside[Na] == 18.0
    assert cell.bath[Na] == pytest.approx(146.9 - 1.8)


def test_pools_may_follow_pools() -> None:
    cell = make(pools=[Pool("ATP", 3.0), Pool("ADP", 9.0), Slaved("c_in.ADP", 3.2, {"c_in.ATP": -1})])
    assert [(pool.name, pool.c) for pool in cell.extra_pools] == [("ATP", 3.0), ("ADP", pytest.approx(0.2))]
    assert cell.start.pools == {"in.ATP": 3.0 * cell.volume, "in.ADP": pytest.approx(0.2 * cell.volume)}
    assert cell.replace({"pools.ATP": 2.0}).extra_pools[1].c == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("rules", "error", "match"),
    [
        (
            [Slaved("c_in.K", 150, {"c_in.Na": -1}), Slaved("c_in.Na", 150, {"c_in.K": -1})],
            ifx.ModelError,
            "c_in.K → c_in.Na → c_in.K: what is slaved follows from itself",
        ),
        ([Slaved("c_in.K", 150, {"c_in.Ca": -1})], ifx.UnknownNameError, r"Slaved\('c_in.K', ...\): there is no concentration 'c_in.Ca'"),
        ([Slaved("c_in.Mg", 150, {"c_in.Na": -1})], ifx.UnknownNameError, "the cell has no ion or pool 'Mg'"),
        ([Slaved("c_in.K", 5, {"c_in.Na": -1})], ifx.ModelError, r"c_in.K = -5 mol/m³ at the start, by Slaved\(.*raise its constant"),
        ([K_FOLLOWS_NA, K_FOLLOWS_NA], ifx.InputError, "two rules for c_in.K"),
        ([K_FOLLOWS_NA, "c_in.Na"], ifx.InputError, "'c_in.Na' is no Pool or Slaved"),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules: list[Slaved], error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        make(pools=rules)


@pytest.mark.parametrize(
    ("make_one", "error", "match"),
    [
        (lambda: Slaved("K", 150, {"c_in.Na": -1}), ifx.InputError, "Slaved.name 'K': a concentration is called 'c_in.K'"),
        (lambda: Slaved("c_in.", 150, {}), ifx.InputError, "a concentration is called"),
        (lambda: Slaved("c_in.K", 150, {"Na": -1}), ifx.InputError, "weights: 'Na'"),
        (lambda: Slaved("c_in.K", 150, {"c_in.K": -1}), ifx.ModelError, "follows from itself"),
        (lambda: Slaved("c_in.K", 150, {"c_in.Na": math.nan}), ifx.InputError, "is not a finite number"),
        (lambda: Slaved("c_in.K", 150, {"c_in.Na": "1"}), ifx.InputError, "is not a number"),  # type: ignore[dict-item]
        (lambda: Slaved("c_in.K", 150, -1), ifx.InputError, "give a mapping from name to number"),  # type: ignore[arg-type]
        (lambda: Slaved("c_in.K", math.inf, {}), ifx.UnitRangeError, "not a finite number"),
        (lambda: Pool("ATP", 3e6), ifx.UnitRangeError, r"Pool.c = 3e\+06 mol m\^-3 is outside"),
        (lambda: Pool("ATP", -3.0), ifx.UnitRangeError, "Pool.c = -3"),
        (lambda: Pool("ATP", math.nan), ifx.UnitRangeError, "not a finite number"),
        (lambda: Pool("in.ATP", 3.0), ifx.InputError, "without spaces, dots"),
        (lambda: Pool(K, 3.0), ifx.InputError, "a name is text"),  # type: ignore[arg-type]
        (lambda: Pool("ATP", 3.0, side="inside"), ifx.InputError, "it is 'in' or 'out'"),
        (lambda: Pool("ATP", 3.0, sides="in"), ifx.UnknownNameError, "did you mean 'side'"),  # type: ignore[call-arg]
    ],
)
def test_pools_and_rules_refuse_slips(make_one: Any, error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        make_one()


# ----------------------------------------------------------------------------------------------------------------- pools and holding


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"pools": [Pool("ATP", 3), Pool("ATP", 2)]}, ifx.InputError, r"two pools are called 'ATP'.*IonSpecies\('ATP', 0\)"),
        ({"pools": [Pool("ATP", 3), Pool("ATP", 2, side="out")]}, ifx.InputError, "two pools are called 'ATP'"),
        ({"pools": [Pool("K", 3)]}, ifx.InputError, "K is an ion of this cell already"),
        ({"pools": Pool("ATP", 3)}, ifx.InputError, "give a list"),
        ({"pools": [Pool("O2", 0.1, side="out")]}, ifx.ModelError, "outside an infinite bath nothing changes; give outside_volume="),
        ({"hold": "c_in.Cl"}, ifx.InputError, r"give a list, \[.c_in.Cl., ...\]"),
        ({"hold": ["Cl"]}, ifx.InputError, "Cell.hold: 'Cl': a concentration is called 'c_in.K'"),
        ({"hold": ["c_in.Ca"]}, ifx.UnknownNameError, "no concentration 'c_in.Ca'.*it has: c_in.Na, c_in.K, c_in.Cl"),
        ({"hold": ["c_in.ATP"]}, ifx.UnknownNameError, "no concentration 'c_in.ATP'"),
        ({"hold": ["c_out.K"]}, ifx.ModelError, "the bath is infinite and stays"),
        ({"hold": ["c_out.K"], "outside_volume": 1e-15}, ifx.ModelError, "leave outside_volume out"),
        ({"hold": ["c_in.K"], "pools": [K_FOLLOWS_NA]}, ifx.ModelError, "c_in.K is slaved.*leave one of the two out"),
        ({"hold": ["c_in.K", "c_in.K"]}, ifx.InputError, "twice"),
    ],
)
def test_what_cannot_be_a_pool_or_held_is_refused(changes: dict[str, Any], error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        make(**changes)


def test_what_is_held_may_be_an_ion_or_a_pool() -> None:
    cell = make(pools=[Pool("ATP", 3.0), Pool("O2", 0.1, side="out")], hold=["c_in.Cl", "c_in.ATP", "c_out.O2"])
    assert cell.held == {"c_in.Cl", "c_in.ATP", "c_out.O2"}
    assert cell.start.pools == {"in.ATP": 3.0 * cell.volume}  # an infinite bath has no amounts


def test_a_fixed_reversal_needs_an_ion_that_does_not_move() -> None:
    fixed = Leak(Cl, g=0.1, E=-0.06, label="fixed")
    with pytest.raises(ifx.ModelError, match=r"its E is fixed, but \[Cl\] inside moves.*hold=\('c_in.Cl',\)"):
        make(membrane=[*LEAKS, fixed])
    for allowed in ({"hold": ["c_in.Cl"]}, {"pools": [Slaved("c_in.Cl", 10, {})]}, {"potential": "current"}):
        assert make(membrane=[*LEAKS, fixed], **allowed).parameters()["fixed.E"].value == -0.06
    # of a published model without ions there is nothing to move
    assert make(membrane=[fixed], inside={}, impermeant=None, potential="current").ions == ()


def test_a_factor_may_read_a_pool() -> None:
    @mechanism
    class Metabolic(Mechanism):
        law = Law.PRODUCT
        moves = {Na: -3, K: 2}
        strength = "J_max"
        thermodynamics = "irreversible"
        factors = (saturation("c_in.ATP", "K_ATP"),)
        J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles")
        K_ATP: float = param("mol m^-3", 0.5, lo=1e-3, hi=10, doc="half-saturation")

    pump = Metabolic(J_max=1e-6)
    assert make(membrane=[pump], pools=[Pool("ATP", 3.0)]).labels == ("Metabolic",)
    with pytest.raises(ifx.InputError, match=r"Metabolic needs \[ATP\] inside; add it to `inside`, or Pool\(\"ATP\", ...\) to `pools`"):
        make(membrane=[pump])


# ---------------------------------------------------------------------------------------------------------------- the solution outside


def test_a_finite_outside_has_amounts() -> None:
    bath = Bath({Na: 145.0, K: 5.0, Cl: 140.0}, osmolyte=20.0, impermeant=Impermeant(z=-1, c=10.0))
    start = make(outside_volume=1e-15, bath=bath, pools=[Pool("O2", 0.1, side="out")]).start
    assert start.volume_out == 1e-15
    assert dict(start.amount_out) == pytest.approx({Na: 145e-15, K: 5e-15, Cl: 140e-15})
    assert start.solutes_out == pytest.approx(30e-15)
    assert dict(start.pools) == pytest.approx({"out.O2": 1e-16})
    infinite = make(bath=bath).start
    assert (infinite.volume_out, dict(infinite.amount_out), infinite.solutes_out) == (None, {}, 0.0)


def test_instant_water_shares_a_conserved_volume_by_osmolarity() -> None:
    more = {Na: 10.0, K: 170.0, Cl: 10.0}
    cell = make(membrane=[Water(instant=True)], inside=more, outside_volume=1e-15, volume_law="conserved")
    s = cell.start
    assert s.volume_out is not None
    assert s.volume + s.volume_out == pytest.approx(cell.volume + 1e-15, rel=1e-15)
    inside = (sum(s.amount.values()) + sum(n for _, n in s.impermeants)) / s.volume
    assert inside == pytest.approx(sum(s.amount_out.values()) / s.volume_out, rel=1e-14)
    fixed = make(membrane=[Water(instant=True)], inside=more, outside_volume=1e-15).start
    assert fixed.volume == pytest.approx(cell.volume * 330 / 300)
    assert fixed.volume_out == 1e-15


def test_the_area_of_a_sphere_follows_the_volume() -> None:
    cell = make(area_law="sphere", impermeant=Impermeant(c=140.0, amount_factor=8.0))
    assert cell.start.area == pytest.approx(4 * cell.area)
    assert charge_of(cell) == pytest.approx(cell.C_m * 4 * cell.area * -0.07, rel=1e-9)
    instant = make(area_law="sphere", membrane=[Water(instant=True)], inside={Na: 10.0, K: 170.0, Cl: 10.0})
    s = instant.start
    assert s.area == pytest.approx(instant.area * (s.volume / instant.volume) ** (2 / 3))
    assert s.V == -0.07
    assert charge_of(instant) == pytest.approx(instant.C_m * s.area * -0.07, rel=1e-9)
    assert (sum(s.amount.values()) + sum(n for _, n in s.impermeants)) / s.volume == pytest.approx(300, rel=1e-14)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"volume_law": "conserved", "outside_volume": 1e-15}, ifx.ModelError, "needs Water in the membrane"),
        ({"volume_law": "conserved", "membrane": [Water(P_f=1e-5)]}, ifx.ModelError, "needs outside_volume="),
        ({"volume_law": "open"}, ifx.InputError, "it is 'fixed' or 'conserved'"),
        ({"area_law": "cube"}, ifx.InputError, "it is 'fixed' or 'sphere'"),
        ({"outside_volume": -1e-15}, ifx.UnitRangeError, "Cell.outside_volume = -1e-15"),
        ({"outside_volume": 700}, ifx.UnitRangeError, r"write 700\*pL"),
        ({"membrane": [Water(instant=True)], "pools": [K_FOLLOWS_NA]}, ifx.ModelError, "the volume would follow from itself"),
        ({"surface": 1.0}, ifx.InputError, "write ChargedSurface"),
        ({"activity": "pitzer"}, ifx.InputError, "'davies' or 'limiting'"),
        (
            {"membrane": [Water(instant=True)], "hold": ["c_in.Cl"], "inside": {Na: 10.0, K: 170.0, Cl: 10.0}},
            ifx.ModelError,
            "would change the volume at the start .* concentrations that are held",
        ),
    ],
)
def test_an_outside_that_makes_no_sense_is_refused(changes: dict[str, Any], error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        make(**changes)


# -------------------------------------------------------------------------------------------------------------------- how V is found


def test_an_electroneutral_start_has_no_net_charge_and_no_v() -> None:
    for impermeant in (Impermeant(), Impermeant(c=120.0), Impermeant(z=-1.5), Impermeant(z=-1.0, c=140.0)):
        cell = make(potential="electroneutral", V=None, impermeant=impermeant)
        assert math.isnan(cell.start.V)
        assert charge_of(cell) == pytest.approx(0, abs=1e-15 * 3e-13 * cell.faraday)
        assert "V" not in cell.parameters()
        assert pickle.loads(pickle.dumps(cell)).start == cell.start
    with pytest.raises(ifx.ElectroneutralityError, match=r"Σzc = 0") as caught:
        make(potential="electroneutral", V=None, impermeant=Impermeant(z=-1.0, c=130.0))
    assert caught.value.missing == pytest.approx(-10)
    with pytest.raises(ifx.ModelError, match="leave V out"):
        make(potential="electroneutral")
    with pytest.raises(ifx.InputError, match="V is where the total current is zero"):
        make(potential="electroneutral", V=None).replace({"V": -0.06})


@pytest.mark.parametrize("change", [{"impermeant.z": -1.3}, {"impermeant.c": 150.0}, {"inside.Na": 20.0}, {"inside.Cl": 5.0}])
def test_neutrality_is_kept_by_the_most_concentrated_ion(change: dict[str, float]) -> None:
    cell = make(potential="electroneutral", V=None, impermeant=Impermeant(z=-1.0, c=140.0)).replace(change)
    assert charge_of(cell) == pytest.approx(0, abs=1e-15 * 3e-13 * cell.faraday)
    others = {"inside.Na": 10.0, "inside.Cl": 10.0} | change
    assert (cell.inside[Na], cell.inside[Cl]) == (others["inside.Na"], others["inside.Cl"])
    assert cell.inside[K] != 140.0


def test_what_fits_is_left_as_it_is() -> None:
    cell = make(potential="electroneutral", V=None, impermeant=Impermeant(z=-1.0, c=140.0))
    assert dict(cell.replace({"inside.Na": 20.0, "inside.Cl": 20.0}).inside) == {Na: 20.0, K: 140.0, Cl: 20.0}
    both = cell.replace({"inside.K": 145.0, "impermeant.z": -1.1})
    assert both.inside[K] == 145.0
    assert both.inside[Na] == pytest.approx(19.0)


def test_with_current_v_is_a_number_beside_the_charge() -> None:
    cell = make(potential="current", impermeant=Impermeant(z=-1.0, c=100.0))
    assert cell.start.V == -0.07
    assert dict(cell.start.c_in) == {Na: 10.0, K: 140.0, Cl: 10.0}
    assert cell.replace({"V": -0.05, "impermeant.z": -2.0}).start.c_in == cell.start.c_in
    assert make(potential="current", impermeant=None).start.impermeants == ()
    assert make(potential="current").start.impermeants == make().start.impermeants  # what is open is still solved
    with pytest.raises(ifx.ModelError, match="give V="):
        make(potential="current", V=None, impermeant=None)


def test_the_way_to_find_v_can_be_replaced() -> None:
    cell = make(V=None, impermeant=Impermeant(z=-1.0, c=140.002))
    neutral = cell.replace({"potential": "electroneutral"})
    assert neutral.V is None
    assert neutral.inside[K] == pytest.approx(140.002)
    assert neutral.replace({"potential": "charge"}).start.V == pytest.approx(0, abs=1e-9)
    again = neutral.replace({"potential": "charge", "V": -0.07})
    assert charge_of(again) == pytest.approx(again.C_m * again.area * -0.07, rel=1e-6)
    assert neutral.replace({"potential": "current", "V": -0.07}).start.V == -0.07
    loose = make(potential="current", impermeant=Impermeant(z=-1.0, c=100.0))
    assert loose.replace({"potential": "charge"}).inside[K] == pytest.approx(100, rel=1e-4)


def test_an_ion_that_others_follow_makes_up_charge_last() -> None:
    rules = {"c_in.K": K_FOLLOWS_NA}
    assert charge_carrier({Na: 10, K: 140, Cl: 5}, +1, rules) == Cl
    assert charge_carrier({Na: 10, K: 140, Cl: 0.5}, +1, rules) == Na
    cell = make(pools=[K_FOLLOWS_NA], impermeant=Impermeant(z=-1.0, c=140.0), V=None).replace({"impermeant.z": -0.95})
    assert cell.inside[K] == 150 - cell.inside[Na]
    assert cell.inside[Cl] == pytest.approx(17.0, rel=1e-4)


# --------------------------------------------------------------------------------------------------------------- names, and a value


def full() -> Cell:
    """A cell with everything."""
    return make(
        pools=[Pool("ATP", 3.0), Pool("O2", 0.2, side="out"), Slaved("c_in.K", 150.0, {"c_in.Na": -1})],
        hold=["c_in.Cl"],
        state={"electrode_charge": 1e-14},
        outside_volume=500 * um3,
        volume_law="conserved",
        area_law="sphere",
        membrane=[*LEAKS, Water(P_f=1e-5), Leak(Cl, g=0.1, E=-0.06, label="fixed"), CurrentClamp(1e-12, carrier=K)],
    )


@pytest.mark.parametrize("thing", [Pool("ATP", 3.0), Pool("O2", 0.1, side="out"), K_FOLLOWS_NA, full()], ids=lambda x: type(x).__name__)
def test_everything_is_a_value(thing: Any) -> None:
    for again in (eval(repr(thing)), rebuild(repr(thing)), copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
        assert again == thing
        assert hash(again) == hash(thing)
    assert "<table>" in thing._repr_html_()


def test_a_rule_does_not_depend_on_the_order_of_its_weights() -> None:
    one, other = ({"c_in.Na": -1, "c_in.Cl": 1}, {"c_in.Cl": 1, "c_in.Na": -1})
    assert Slaved("c_in.K", 1, one) == Slaved("c_in.K", 1, other)
    assert hash(Slaved("c_in.K", 1, one)) == hash(Slaved("c_in.K", 1, other))
    with pytest.raises(TypeError):
        K_FOLLOWS_NA.weights["c_in.Na"] = 2  # type: ignore[index]


def test_every_new_number_has_a_name() -> None:
    known = full().parameters()
    assert {
        "pools.ATP", "pools.O2", "slaved.c_in.K", "state.electrode_charge", "outside_volume", "fixed.E", "fixed.g", "CurrentClamp.I",
        "CurrentClamp.scale", "inside.Na", "inside.Cl",
    } <= set(known)  # fmt: skip
    assert "inside.K" not in known
    assert all(p.lo <= p.value <= p.hi and p.unit and p.doc for p in known.values())
    assert "outside_volume" not in make().parameters()


@pytest.mark.parametrize("name", ["pools.ATP", "pools.O2", "slaved.c_in.K", "state.electrode_charge", "outside_volume", "fixed.E"])
def test_what_a_name_shows_is_what_replace_changes(name: str) -> None:
    cell = full()
    value = 1.01 * cell.parameters()[name].value
    changed = cell.replace({name: value})
    assert changed.parameters()[name].value == value
    assert changed.start.V == -0.07
    follows = {"impermeant.z", name}
    differ = {other for other, p in cell.parameters().items() if changed.parameters()[other].value != p.value}
    assert differ <= follows


@pytest.mark.parametrize(
    ("name", "error", "match"),
    [
        ("inside.K", ifx.InputError, "inside.K is slaved; replace slaved.c_in.K"),
        ("pools.AT", ifx.UnknownNameError, "did you mean 'pools.ATP'"),
        ("slaved.c_in.Na", ifx.UnknownNameError, "no parameter"),
        ("state.m", ifx.UnknownNameError, "no parameter"),
        ("pools.ATP", ifx.UnitRangeError, "pools.ATP = -1"),
    ],
)
def test_replace_refuses_what_is_no_parameter(name: str, error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        full().replace({name: -1.0})


def test_fields_are_replaced_whole() -> None:
    cell = make().replace({"hold": ["c_in.Cl"], "pools": [Pool("ATP", 2.0)], "area_law": "sphere", "outside_volume": 1e-15})
    assert (cell.hold, cell.pools, cell.area_law) == (("c_in.Cl",), (Pool("ATP", 2.0),), "sphere")
    assert cell.replace({"outside_volume": None}).outside_volume is None


def test_neutral_solutes_may_be_ions_on_both_sides() -> None:
    glucose = IonSpecies("glucose", 0)
    cell = make(
        inside={Na: 10.0, K: 140.0, Cl: 10.0, glucose: 1.0, Ca: 1e-4}, bath=Bath({Na: 145.0, K: 5.0, Cl: 154.0, Ca: 2.0, glucose: 5.0})
    )
    assert charge_of(cell) == pytest.approx(cell.C_m * cell.area * -0.07, rel=1e-9)
