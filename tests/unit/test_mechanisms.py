"""Mechanisms state what they move; charge, names and checks follow from that."""

from __future__ import annotations

import copy
import pickle
from dataclasses import fields, replace
from typing import Any

import pytest

import ionflux as ifx
from ionflux import (
    KCC2,
    NKCC1,
    Ca,
    Cl,
    ConstantNaKATPase,
    CubicNaKATPase,
    CurrentClamp,
    K,
    Leak,
    Mechanism,
    Na,
    NaKATPase,
    VoltageClamp,
    Water,
)
from ionflux.fields import param
from ionflux.mechanisms import FactorKind, Law, mechanism, power, saturation
from ionflux.mechanisms.base import ions_read

EXAMPLES = [
    Leak(Na, g=0.1),
    Leak(Ca, P=1e-9),
    Leak(K, g=0.1, E=-0.09),
    CurrentClamp(I=1e-12),
    CurrentClamp(i=-0.1, carrier=K),
    VoltageClamp(-0.07),
    VoltageClamp(-0.07, carrier=Cl),
    NaKATPase(J_max=1e-6),
    ConstantNaKATPase(J_max=5e-8),
    CubicNaKATPase(J_max=1e-4),
    KCC2(g=0.2),
    NKCC1(g=0.0),
    Water(P_f=2e-5),
    Water(instant=True),
    Water(hydraulic=1e-20),
]


@pytest.mark.parametrize("m", EXAMPLES, ids=repr)
def test_a_mechanism_is_a_value(m: Mechanism) -> None:
    for again in (eval(repr(m)), copy.copy(m), copy.deepcopy(m), pickle.loads(pickle.dumps(m))):
        assert again == m
        assert hash(again) == hash(m)
        assert again.moves == m.moves
    assert m != replace(m, label="other")
    assert m.name in m._repr_html_() or m.parameters() or m.strength == "instant"


@pytest.mark.parametrize("m", EXAMPLES, ids=repr)
def test_every_mechanism_declares_its_law_its_strength_and_its_thermodynamics(m: Mechanism) -> None:
    assert isinstance(m.law, Law)
    assert m.thermodynamics in ("passive", "cycle", "irreversible", "published")
    assert m.strength in {f.name for f in fields(m)}
    assert m.scale == 1.0
    assert all(p.doc and p.lo < p.hi for p in m.parameters().values())


@pytest.mark.parametrize(
    ("m", "name", "charge"),
    [
        (Leak(Na, g=1.0), "leak_Na", 1),
        (Leak(Cl, P=1e-8), "leak_Cl", -1),
        (Leak(Ca, P=1e-9), "leak_Ca", 2),
        (NaKATPase(J_max=1e-6), "NaKATPase", -1),  # 3 Na out, 2 K in
        (ConstantNaKATPase(J_max=1e-6), "NaKATPase", -1),
        (CubicNaKATPase(J_max=1e-6), "NaKATPase", -1),
        (KCC2(g=1.0), "KCC2", 0),
        (NKCC1(g=1.0), "NKCC1", 0),
        (Water(instant=True), "Water", 0),
        (Leak(Na, g=1.0, label="background"), "background", 1),
    ],
)
def test_name_and_net_charge_follow_from_what_moves(m: Mechanism, name: str, charge: int) -> None:
    assert m.name == name
    assert m.charge == charge


def test_pumps_move_three_sodium_for_two_potassium_and_one_atp() -> None:
    for pump in (NaKATPase, ConstantNaKATPase, CubicNaKATPase):
        assert dict(pump.moves) == {Na: -3, K: 2}  # type: ignore[call-overload]
        assert pump.uses == {"ATP": 1}


def test_a_leak_is_ohmic_or_goldman() -> None:
    assert (Leak(K, g=1.0).law, Leak(K, g=1.0).strength) == (Law.OHMIC, "g")
    assert (Leak(K, P=1e-8).law, Leak(K, P=1e-8).strength) == (Law.GHK, "P")
    assert Leak(K, g=0.0).law is Law.OHMIC  # closed, but there
    assert set(Leak(K, g=1.0).parameters()) == {"g", "scale"}


def test_water_has_only_the_parameters_that_matter() -> None:
    assert set(Water(P_f=1e-5).parameters()) == {"P_f", "V_w", "scale"}
    assert set(Water(hydraulic=1e-20).parameters()) == {"hydraulic", "scale"}
    assert Water(instant=True).parameters() == {}


def test_factors_say_which_concentrations_a_pump_reads() -> None:
    assert NaKATPase.factors == (saturation("c_in.Na", "K_Na", 3), saturation("c_out.K", "K_K", 2))
    assert CubicNaKATPase.factors[1] == power("c_out.Na", -3)
    assert NaKATPase.factors[0].kind is FactorKind.SATURATION
    assert ions_read(CubicNaKATPase(J_max=1e-6)) == {"c_in": {"Na", "K"}, "c_out": {"Na", "K"}}


def test_the_integers_of_laws_and_factors_are_stable() -> None:
    laws = "OHMIC GHK COTRANSPORT PRODUCT WATER CURRENT VOLTAGE EXCHANGE CYCLE".split()
    assert [law.name for law in sorted(Law)][:9] == laws
    assert sorted(Law)[:9] == list(range(9))
    # the first two are the kernels' own
    assert [(kind.name, int(kind)) for kind in FactorKind][:2] == [("POWER", 0), ("SATURATION", 1)]


def test_what_a_class_moves_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        NaKATPase.moves[Na] = -2  # type: ignore[index]


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Leak(Na), "exactly one of g= or P=, not none"),
        (lambda: Leak(Na, g=1, P=1e-8), "exactly one of g= or P=, not both"),
        (lambda: Leak("Na", g=1), "no ion"),
        (lambda: Leak(ifx.IonSpecies("glucose", 0), g=1), "neutral"),
        (lambda: Leak(Na, g=-1), r"Leak.g = -1 S m\^-2 is outside"),
        (lambda: Leak(Na, P=1e-1), "cm_per_s"),
        (lambda: Leak(Na, G=1), "takes no argument 'G' .did you mean 'g'"),
        (lambda: Leak(Na, g=1, label="a.b"), "without spaces, dots"),
        (lambda: Leak(Na, g=1, label=""), "without spaces, dots"),
        (lambda: NaKATPase(J_max=0.1), "NaKATPase.J_max"),
        (lambda: NaKATPase(J_max=1e-6, K_Na=float("nan")), "not a finite number"),
        (lambda: Water(), "exactly one of P_f= or hydraulic= or instant=, not none"),
        (lambda: Water(P_f=1e-5, instant=True), "exactly one"),
        (lambda: Water(instant=2), "True or False"),
        (lambda: Water(P_f=1.5), "Water.P_f = 1.5"),
    ],
)
def test_a_mechanism_that_makes_no_sense_is_refused(make: Any, match: str) -> None:
    with pytest.raises(ifx.InputError, match=match):
        make()


def test_a_new_transporter_is_one_class() -> None:
    @mechanism
    class PMCA(Mechanism):
        """Ca out against two protons' worth of nothing, half saturated at K_Ca."""

        law = Law.PRODUCT
        moves = {Ca: -1}
        uses = {"ATP": 1}
        strength = "J_max"
        thermodynamics = "irreversible"
        factors = (saturation("c_in.Ca", "K_Ca"),)

        J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
        K_Ca: float = param("mol m^-3", 2e-4, lo=1e-6, hi=1e-2, doc="half-saturation")

    pump = PMCA(J_max=1e-9)
    assert (pump.name, pump.charge, pump.K_Ca) == ("PMCA", -2, 2e-4)
    assert repr(pump) == "PMCA(J_max=1e-09)"


@pytest.mark.parametrize(
    ("stated", "match"),
    [
        ({"thermodynamics": "magic"}, "thermodynamics must be one of"),
        ({"strength": "J"}, "no parameter 'J'"),
        ({"moves": {"Na": 1}}, "whole numbers of ions"),
        ({"moves": {Na: 0.5}}, "whole numbers of ions"),
        ({"moves": {Na: 0}}, "whole numbers of ions"),
        ({"moves": {Na: True}}, "whole numbers of ions"),
        ({"uses": {"ATP": 0.5}}, "uses = .* write whole numbers per cycle"),
        ({"uses": "ATP"}, "uses = 'ATP'; write whole numbers"),
        ({"factors": ("c_in.Na",)}, "'c_in.Na' is no factor; write .power"),
        ({"law": Law.OHMIC, "moves": {Na: 1, K: 1}}, "Law.OHMIC moves one ion, moves = {Na: 1}; Law.COTRANSPORT moves several"),
        (
            {"thermodynamics": "passive"},
            "declared 'passive', and a rate by Law.PRODUCT .* Declare thermodynamics = 'irr",
        ),
        ({"thermodynamics": "cycle"}, "declared 'cycle', and a rate by Law.PRODUCT does not vanish"),
        ({"thermodynamics": "passive", "law": Law.GHK, "uses": {"ATP": 1}}, "declared passive and uses ATP"),
        ({"thermodynamics": "irreversible", "law": Law.COTRANSPORT}, "declared irreversible, and a rate by Law.COTRANSPORT turns round"),
        ({"factors": (power("Na", 1),)}, "reads 'c_in"),
        ({"factors": (saturation("c_in.Na", "K_Na"),)}, "no parameter 'K_Na'"),
    ],
)
def test_a_new_transporter_is_checked_where_it_is_written(stated: dict[str, Any], match: str) -> None:
    body = {"law": Law.PRODUCT, "moves": {Na: 1}, "strength": "scale", "thermodynamics": "published", **stated}
    with pytest.raises(ifx.ModelError, match=match):
        mechanism(type("Pump", (Mechanism,), body))


@pytest.mark.parametrize("name", ["law", "moves", "strength", "thermodynamics"])
def test_what_a_new_transporter_leaves_out_is_named(name: str) -> None:
    body = {"law": Law.PRODUCT, "moves": {Na: 1}, "strength": "scale", "thermodynamics": "published"}
    del body[name]
    with pytest.raises(ifx.ModelError, match=f"Pump.*{name}"):
        mechanism(type("Pump", (Mechanism,), body))


def test_numbers_without_unit_and_facts_written_as_fields_are_refused() -> None:
    with pytest.raises(ifx.ModelError, match=r'Pump.J_max has no unit and no range; write J_max: float = param\("mol m\^-3"'):

        @mechanism
        class Pump(Mechanism):
            law = Law.PRODUCT
            moves = {Na: -1}
            strength = "J_max"
            thermodynamics = "published"
            J_max: float = 1e-6

    with pytest.raises(ifx.ModelError, match="Carrier.strength belongs to the class .* without `: str`"):

        @mechanism
        class Carrier(Mechanism):
            law = Law.COTRANSPORT
            moves = {Na: -1}
            strength: str = "scale"
            thermodynamics = "passive"


def test_a_new_transporter_is_ten_lines_and_runs_without_compiling() -> None:
    @mechanism
    class NaH(Mechanism):
        law = Law.COTRANSPORT
        moves = {Na: 1, ifx.H: -1}
        strength = "g"
        thermodynamics = "passive"
        g: float = param("S m^-2", lo=0, hi=1e3, doc="conductance of the exchange")

    cell = ifx.Cell(
        area=7e-10, volume=1.75e-15, C_m=0.01, V=-0.07, inside={Na: 10.0, K: 140.0, Cl: 10.0, ifx.H: 6e-5},
        bath=ifx.Bath({Na: 145.0, K: 5.0, Cl: 150.0, ifx.H: 4e-5}), impermeant=ifx.Impermeant(c=140.0), membrane=[NaH(g=0.1)],
    )  # fmt: skip
    assert (cell.parameters()["NaH.g"].value, cell.mechanisms[0].charge) == (0.1, 0)
    run = cell.simulate(10.0)
    assert run.c_in[Na][-1] > 10.0  # sodium comes in and drives protons out
    assert run.c_in[ifx.H][-1] < 6e-5
    with pytest.raises(ifx.InputError, match=r"NaH needs \[H\] inside"):
        cell.replace({"inside": {Na: 10.0, K: 140.0, Cl: 10.0}})
    double = ifx.IonSpecies("Na", 2)
    with pytest.raises(ifx.InputError, match="moves Na, and inside there is .IonSpecies.*; an ion has one valence"):
        cell.replace(
            {"inside": {double: 10.0, K: 140.0, Cl: 10.0, ifx.H: 1e-4}, "bath": ifx.Bath({double: 72.5, K: 5.0, Cl: 150.0, ifx.H: 1e-4})}
        )


def test_only_mechanisms_are_mechanisms() -> None:
    with pytest.raises(ifx.ModelError, match="no subclass"):
        mechanism(type("Pump", (), {}))
