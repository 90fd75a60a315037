"""What a user gets wrong, and what is said then: the right class of error, with the field, the value, its unit and what to write."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import (
    Cl,
    ElectroneutralityError,
    InputError,
    IonSpecies,
    K,
    Leak,
    ModelError,
    Na,
    ShapeError,
    UnitRangeError,
    UnknownNameError,
)

NAN, INF = math.nan, math.inf


def cell(**changes: Any) -> ifx.Cell:
    fields: dict[str, Any] = {
        "area": 7e-10,
        "volume": 1.75e-15,
        "C_m": 0.01,
        "V": -0.07,
        "inside": {Na: 10.0, K: 140.0, Cl: 10.0},
        "bath": ifx.Bath({Na: 145.0, K: 5.0, Cl: 150.0}),
        "impermeant": ifx.Impermeant(c=140.0),
        "membrane": [*membrane(), ifx.Water(P_f=2e-5)],
    }
    return ifx.Cell(**{**fields, **changes})


def membrane() -> list[Any]:
    return [Leak(Na, g=0.1), Leak(K, g=1.0), Leak(Cl, g=0.5), ifx.CubicNaKATPase(J_max=1e-4)]


def run(until: Any = 10.0, **options: Any) -> Any:
    return cell().simulate(until, **options)


def scheduled(name: str, what: Any) -> Any:
    return run(schedule={name: what})


def swept(**arrays: Any) -> Any:
    return ifx.sweep(cell(), {name.replace("__", "."): x for name, x in arrays.items()}, until=1.0)


def evaluate(V: Any = -0.06, **sides: Any) -> Any:
    return Leak(K, g=1.0).evaluate(**{"V": V, "c_in": {K: 140.0}, "c_out": {K: 5.0}, **sides})


#: (what is wrong, the call, class of the error, what the message has to contain)
Row = tuple[str, Callable[[], Any], type[Exception], tuple[str, ...]]

UNIT_SLIPS: list[Row] = [
    ("T in degrees Celsius", lambda: cell(T=37), UnitRangeError, ("Cell.T = 37 K", "celsius(37)")),
    ("V in mV", lambda: cell(V=-70), UnitRangeError, ("Cell.V = -70 V", "-1 … 1 V", "-70*mV")),
    ("C_m in uF/cm2", lambda: cell(C_m=1), UnitRangeError, ("Cell.C_m = 1 F m^-2", "1*uF_per_cm2")),
    ("area in um2", lambda: cell(area=700), UnitRangeError, ("Cell.area = 700 m^2", "700*um2")),
    ("volume in pL", lambda: cell(volume=1.75), UnitRangeError, ("Cell.volume = 1.75 m^3", "1.75*pL")),
    ("outside volume in pL", lambda: cell(outside_volume=5), UnitRangeError, ("Cell.outside_volume = 5 m^3", "5*pL")),
    ("radius in um", lambda: ifx.Cell.sphere(5), UnitRangeError, ("radius = 5 m", "5*um")),
    ("g in pS/um2 and more", lambda: Leak(K, g=1e6), UnitRangeError, ("Leak.g = 1e+06 S m^-2", "1e+06*uS_per_cm2")),
    ("P in cm/s", lambda: Leak(K, P=0.1), UnitRangeError, ("Leak.P = 0.1 m s^-1", "0.1*cm_per_s")),
    ("E in mV", lambda: Leak(K, g=1.0, E=-90), UnitRangeError, ("Leak.E = -90 V", "-90*mV")),
    ("J_max", lambda: ifx.NaKATPase(J_max=1), UnitRangeError, ("NaKATPase.J_max = 1 mol m^-2 s^-1", "1*nmol_per_cm2_s")),
    ("k in um/s", lambda: ifx.LinearNaKATPase(k=1), UnitRangeError, ("LinearNaKATPase.k = 1 m s^-1", "1*um_per_s")),
    ("P_f in um/s", lambda: ifx.Water(P_f=20), UnitRangeError, ("Water.P_f = 20 m s^-1", "20*um_per_s")),
    ("I in pA", lambda: ifx.CurrentClamp(100), UnitRangeError, ("CurrentClamp.I = 100 A", "100*pA")),
    ("clamp in mV", lambda: ifx.VoltageClamp(-70), UnitRangeError, ("VoltageClamp.V = -70 V", "-70*mV")),
    ("RT/F in mV", lambda: ifx.Constants(RT_F=25.7), UnitRangeError, ("Constants.RT_F = 25.7 V", "25.7*mV")),
    ("bath in uM", lambda: ifx.Bath({Na: 145e3}), UnitRangeError, ("Bath[Na] = 145000 mol m^-3", "145000*uM")),
    ("pool in uM", lambda: ifx.Pool("ATP", 3e6), UnitRangeError, ("Pool.c = 3e+06 mol m^-3", "3e+06*uM")),
    ("electrode charge in pC", lambda: cell(state={"electrode_charge": 1}), UnitRangeError, ("electrode_charge'] = 1 C", "fC")),
    ("evaluated in mV", lambda: evaluate(V=-70.0), UnitRangeError, ("V = -70 V", "-70*mV")),
    ("replaced in mV", lambda: cell().replace({"V": -65}), UnitRangeError, ("V = -65 V", "-65*mV")),
    ("swept in mV", lambda: swept(V=np.array([-0.06, -65.0])), InputError, ("vary['V'][1] = -65 V", "-1...1 V", "1 of 2")),
    (
        "scheduled past its range",
        lambda: scheduled("NaKATPase.scale", ifx.step(1, to=-1.0)),
        UnitRangeError,
        ("NaKATPase.scale reaches -1",),
    ),
]

NOT_NUMBERS: list[Row] = [
    ("T nan", lambda: cell(T=NAN), UnitRangeError, ("Cell.T = nan K", "not a finite number")),
    ("V nan", lambda: cell(V=NAN), UnitRangeError, ("Cell.V = nan V",)),
    ("g nan", lambda: Leak(K, g=NAN), UnitRangeError, ("Leak.g = nan S m^-2",)),
    ("g infinite", lambda: Leak(K, g=INF), UnitRangeError, ("Leak.g = inf S m^-2", "not a finite number")),
    ("inside nan", lambda: cell(inside={Na: NAN, K: 140.0, Cl: 10.0}), UnitRangeError, ("Cell.inside[Na] = nan mol m^-3",)),
    ("bath infinite", lambda: ifx.Bath({Na: INF}), UnitRangeError, ("Bath[Na] = inf mol m^-3",)),
    ("schedule nan", lambda: ifx.step(NAN, to=0.0), UnitRangeError, ("step.at = nan s",)),
    ("level nan", lambda: ifx.crosses("V", NAN), UnitRangeError, ("level = nan",)),
    ("until nan", lambda: run(NAN), InputError, ("until = nan s", "2*hour")),
    ("until infinite", lambda: run(INF), InputError, ("until = inf s", "2*hour")),
    ("at nan", lambda: run(at=[1.0, NAN]), InputError, ("at[1] = nan s", "0...10 s")),
    ("sweep nan", lambda: swept(leak_K__g=np.array([1.0, NAN, NAN])), InputError, ("vary['leak_K.g'][1] = nan S m^-2", "2 of 3")),
    ("text", lambda: Leak(K, g="1 S/m2"), InputError, ("Leak.g = '1 S/m2'", "S m^-2", "str")),
    ("truth", lambda: Leak(K, g=True), InputError, ("Leak.g = True", "bool")),
    ("nothing", lambda: cell(area=None), InputError, ("Cell.area = None", "m^2")),
    ("complex", lambda: Leak(K, g=1j), InputError, ("Leak.g = 1j",)),
    ("array", lambda: Leak(K, g=np.array([1.0, 2.0])), InputError, ("Leak.g = array([1., 2.])",)),
    ("until as text", lambda: run("2 h"), InputError, ("until = '2 h'", "2*hour")),
]

NEGATIVE: list[Row] = [
    ("volume", lambda: cell(volume=-1e-15), UnitRangeError, ("Cell.volume = -1e-15 m^3",)),
    ("no volume", lambda: cell(volume=0), UnitRangeError, ("Cell.volume = 0 m^3", "1e-26")),
    ("area", lambda: cell(area=-1e-10), UnitRangeError, ("Cell.area = -1e-10 m^2",)),
    ("outside volume", lambda: cell(outside_volume=-1e-15), UnitRangeError, ("Cell.outside_volume = -1e-15 m^3",)),
    ("radius", lambda: ifx.Cell.sphere(-5e-6), UnitRangeError, ("radius = -5e-06 m",)),
    ("concentration", lambda: cell(inside={Na: -1.0, K: 140.0, Cl: 10.0}), UnitRangeError, ("Cell.inside[Na] = -1 mol m^-3",)),
    ("conductance", lambda: Leak(K, g=-1), UnitRangeError, ("Leak.g = -1 S m^-2", "0 …")),
    ("scale", lambda: Leak(K, g=1.0, scale=-1), UnitRangeError, ("Leak.scale = -1",)),
    ("until", lambda: run(-5), InputError, ("until = -5.0 s", "positive")),
    ("sweep", lambda: swept(leak_K__g=np.array([1.0, -1.0])), InputError, ("vary['leak_K.g'][1] = -1 S m^-2", "1 of 2")),
    (
        "opening rate",
        lambda: ifx.Gate("m", alpha=ifx.Rate(3e3, 1e5, -1.0, 0.03, -0.01), beta=1.0),
        InputError,
        ("Gate('m').alpha", "signs of A and B"),
    ),
    (
        "closing rate",
        lambda: ifx.Gate("m", alpha=1.0, beta=ifx.Rate(-1.0, 0.0, 1.0, 0.03, 0.01)),
        InputError,
        ("Gate('m').beta", "negative everywhere"),
    ),
    ("evaluated", lambda: evaluate(c_in={K: np.array([1.0, -2.0])}), UnitRangeError, ("c_in[K][1] = -2 mol/m^3", "1 of 2")),
    ("tolerance", lambda: run(rtol=0), InputError, ("rtol = 0", "1e-6 is the default")),
    ("tolerance as text", lambda: run(rtol="1e-6"), InputError, ("rtol = '1e-6'", "pure number")),
    ("absolute tolerance as text", lambda: run(atol={"V": "1 mV"}), InputError, ("atol['V'] = '1 mV'", "pure number")),
    ("absolute tolerance", lambda: run(atol=-1), InputError, ("atol['c'] = -1.0", "positive")),
]

NAMES: list[Row] = [
    ("field of a cell", lambda: cell(volum=1e-15), UnknownNameError, ("Cell takes no argument 'volum'", "did you mean 'volume'")),
    ("field of a leak", lambda: Leak(K, G=1.0), UnknownNameError, ("'G'", "did you mean 'g'")),
    ("replace", lambda: cell().replace({"leak_K.G": 1.0}), UnknownNameError, ("'leak_K.G'", "did you mean 'leak_K.g'")),
    ("replace in lower case", lambda: cell().replace({"bath.k": 1.0}), UnknownNameError, ("did you mean 'bath.K'",)),
    ("preset", lambda: ifx.preset("kay"), UnknownNameError, ("'kay'", "did you mean 'kay2017'", "hoppensteadt_peskin")),
    ("symbol", lambda: ifx.preset("kay2017", gNa=1.0), UnknownNameError, ("'gNa'", "did you mean 'g_Na'")),
    ("record", lambda: run(record=("c_im.K",)), UnknownNameError, ("'c_im.K'", "did you mean 'c_in'")),
    ("record a mechanism", lambda: run(record=("current.NaKATPas",)), UnknownNameError, ("did you mean 'NaKATPase'",)),
    ("schedule", lambda: scheduled("NaKATPase.scal", ifx.step(1, to=0)), UnknownNameError, ("did you mean 'NaKATPase.scale'",)),
    ("event", lambda: run(events=[ifx.crosses("Vv", 0.0)]), UnknownNameError, ("'Vv'", "did you mean 'V'")),
    ("result", lambda: run().c_in["Mg"], UnknownNameError, ("there is no ion 'Mg'", "Na, K, Cl")),
    ("current of", lambda: run().current["leak_Mg"], UnknownNameError, ("'leak_Mg'", "did you mean 'leak_K'")),
    ("sweep", lambda: swept(leak_K__gg=np.ones(3)), UnknownNameError, ("'leak_K.gg'", "did you mean 'leak_K.g'")),
    ("hold", lambda: cell(hold=("c_in.Mg",)), UnknownNameError, ("'c_in.Mg'", "c_in.Na, c_in.K, c_in.Cl")),
    ("state", lambda: cell(state={"HHNa.m": 0.1}), UnknownNameError, ("'HHNa.m'", "electrode_charge")),
    ("steady state", lambda: cell().steady_state(hold=("c_in.Mg",)), UnknownNameError, ("'c_in.Mg'",)),
    ("tolerance of", lambda: run(atol={"W": 1.0}), InputError, ("'W'", "'c' (mol/m^3), 'V' (volts), 'volume'")),
    ("method", lambda: run(method="euler"), InputError, ("method = 'euler'", "'implicit'")),
    ("audit", lambda: run(audit="all"), InputError, ("audit = 'all'", "'light' or 'full'")),
    ("potential", lambda: cell(potential="ohmic"), InputError, ("'ohmic'", "'charge' or 'electroneutral' or 'current'")),
    ("area law", lambda: cell(area_law="cube"), InputError, ("'cube'", "'fixed' or 'sphere'")),
    ("volume law", lambda: cell(volume_law="open"), InputError, ("'open'", "'fixed' or 'conserved'")),
    ("direction", lambda: ifx.crosses("V", 0.0, "sideways"), InputError, ("'sideways'", "'up', 'down' or 'both'")),
]

TWICE: list[Row] = [
    ("label", lambda: cell(membrane=[*membrane(), Leak(K, P=1e-9)]), InputError, ("'leak_K'", "label='leak_K_2'")),
    ("water", lambda: cell(membrane=[*membrane(), ifx.Water(P_f=1e-5), ifx.Water(instant=True)]), ModelError, ("one Water",)),
    (
        "voltage clamp",
        lambda: cell(membrane=[*membrane(), ifx.VoltageClamp(-0.07), ifx.VoltageClamp(-0.06, label="b")]),
        ModelError,
        ("one VoltageClamp", "schedule"),
    ),
    ("ion", lambda: ifx.Bath({K: 1.0, IonSpecies("K", 2): 3.0}), InputError, ("two ions are called 'K'",)),
    ("pool", lambda: cell(pools=(ifx.Pool("ATP", 1.0), ifx.Pool("ATP", 2.0))), InputError, ("two pools are called 'ATP'",)),
    ("pool and ion", lambda: cell(pools=(ifx.Pool("K", 1.0),)), InputError, ("Pool('K', 1.0)", "ion of this cell")),
    ("name of a part", lambda: cell(membrane=[*membrane(), Leak(K, g=1.0, label="bath")]), InputError, ("'bath'", "another label=")),
    ("size of a leak", lambda: Leak(K, g=1.0, P=1e-9), InputError, ("exactly one of g= or P=", "not both")),
    ("times", lambda: run(at=[1.0], samples=3), InputError, ("at=", "samples=", "not both")),
    ("value and factor", lambda: ifx.step(1.0, to=0.0, factor=2.0), InputError, ("to=", "factor=")),
    (
        "held and slaved",
        lambda: cell(hold=("c_in.K",), pools=(ifx.Slaved("c_in.K", 150.0, {"c_in.Na": -1.0}),)),
        ModelError,
        ("c_in.K is slaved", "leave one of the two out"),
    ),
]

CHARGE: list[Row] = [
    (
        "contradiction",
        lambda: cell(impermeant=ifx.Impermeant(z=-1.0, c=100.0)),
        ElectroneutralityError,
        ("-40.0029 mM", "Leave out z", "change [K] inside by -40.0029"),
    ),
    ("absurd V", lambda: cell(V=None, impermeant=ifx.Impermeant(z=-1.0, c=100.0)), ElectroneutralityError, ("-40 mM", "964.9 V")),
    ("sign of z", lambda: cell(impermeant=ifx.Impermeant(z=1.0)), ElectroneutralityError, ("z = 1 cannot supply it", "Leave out z")),
    (
        "not neutral",
        lambda: cell(V=None, potential="electroneutral", impermeant=ifx.Impermeant(z=-1.0, c=100.0)),
        ElectroneutralityError,
        ("-40 mM", "Σzc = 0"),
    ),
    ("absurd z", lambda: ifx.Impermeant(z=-500), UnitRangeError, ("Impermeant.z = -500",)),
    (
        "two unknowns",
        lambda: cell(impermeant=[ifx.Impermeant(), ifx.Impermeant()]),
        ModelError,
        ("2 impermeants", "give both for the others"),
    ),
    ("nothing to solve from", lambda: cell(V=None), ModelError, ("needs V=", "give both z and c")),
    (
        "no room",
        lambda: cell(inside={Na: 100.0, K: 140.0, Cl: 100.0}, impermeant=ifx.Impermeant()),
        ModelError,
        ("300 mol/m³ by 40", "raise bath.osmolyte"),
    ),
    ("V where it follows", lambda: cell(potential="electroneutral"), ModelError, ("Cell.V = -0.07 V", "leave V out")),
    ("no V where nothing gives it", lambda: cell(V=None, potential="current"), ModelError, ("potential='current'", "give V=")),
    ("bath that no cation balances", lambda: ifx.Bath({Na: 10.0, Cl: 2.0}).balanced_with(K), ElectroneutralityError, ("[K] would be -8",)),
    ("bath without room", lambda: cell().replace({"bath.K.with_Na": 500.0}), InputError, ("bath[K] = 500", "-350 mol/m³ of Na")),
]

SCHEDULES: list[Row] = [
    ("in the past", lambda: scheduled("NaKATPase.scale", ifx.step(-1.0, to=0.0)), UnitRangeError, ("step.at = -1 s", "0 …")),
    ("table in the past", lambda: ifx.table([-1.0, 2.0], [1.0, 0.0]), InputError, ("times", "negative")),
    ("backwards", lambda: ifx.ramp(5.0, 3.0, to=1.0), InputError, ("stop = 3 s", "start = 5 s")),
    ("empty pulse", lambda: ifx.pulse(5.0, 5.0, to=0.0), InputError, ("stop = 5 s", "start = 5 s")),
    ("wide pulses", lambda: ifx.train(0.0, 1.0, 3, 2.0, to=0.0), InputError, ("width = 2 s", "period of 1 s")),
    ("no order", lambda: ifx.table([0.0, 2.0, 1.0], [1.0, 2.0, 3.0]), InputError, ("times must increase",)),
    ("of a state", lambda: scheduled("inside.K", ifx.step(1.0, to=3.0)), InputError, ("inside.K", "start", "replace()")),
    ("of V", lambda: scheduled("V", ifx.step(1.0, to=-0.05)), InputError, ("V is part of the start", "replace()")),
    ("a number", lambda: scheduled("NaKATPase.scale", 0.0), InputError, ("NaKATPase.scale: 0.0", "step(0, to=0.0)")),
    ("no mapping", lambda: run(schedule=[ifx.step(0.0, to=1.0)]), InputError, ("mapping from dotted name to schedule",)),
    ("a finite outside", lambda: outside_scheduled(), InputError, ("bath.K", "start", "replace()")),
    ("samples before the start", lambda: run(at=[-1.0]), InputError, ("at[0] = -1 s", "0...10 s")),
    ("samples after the end", lambda: run(at=[1.0, 50.0]), InputError, ("at[1] = 50 s", "0...10 s")),
    ("samples backwards", lambda: run(at=[5.0, 3.0]), InputError, ("at[1] = 3 s", "5 s")),
    ("no event", lambda: run(events=["V"]), InputError, ("'V' is no event", 'crosses("V", -40*mV)')),
    ("read outside the run", lambda: run().at(50.0), InputError, ("outside the run", "10 s")),
]


def outside_scheduled() -> Any:
    return cell(outside_volume=1e-14).simulate(10.0, schedule={"bath.K": ifx.step(1.0, to=8.0)})


SHAPES: list[Row] = [
    ("lengths of a sweep", lambda: swept(leak_K__g=np.ones(3), leak_Na__g=np.ones(4)), ShapeError, ("leak_K.g 3", "leak_Na.g 4")),
    ("a table of values", lambda: swept(leak_K__g=np.ones((3, 2))), ShapeError, ("vary['leak_K.g']", "(3, 2)", "one value per cell")),
    ("an empty sweep", lambda: swept(), InputError, ("vary is empty", "{dotted name: array}")),
    ("a table of times", lambda: run(at=np.ones((2, 2))), InputError, ("(2, 2)", "one-dimensional")),
    ("one sample", lambda: run(samples=1), InputError, ("samples = 1", "2")),
    ("half a sample", lambda: run(samples=2.5), InputError, ("samples = 2.5", "whole number")),
    ("times and values", lambda: ifx.table([0.0, 1.0], [1.0, 2.0, 3.0]), InputError, ("2 times", "3 values")),
    ("what does not broadcast", lambda: evaluate(V=np.zeros(3), c_in={K: np.ones(4)}), ShapeError, ("V (3,)", "c_in.K (4,)")),
    ("no thread", lambda: ifx.sweep(cell(), {"leak_K.g": np.ones(3)}, until=1.0, threads=0), InputError, ("threads = 0",)),
    ("a curve of one point", lambda: Leak(K, g=1.0).iv(V=[0.1], c_in={K: 1.0}, c_out={K: 1.0}), ShapeError, ("(1,)",)),
]

MODELS: list[Row] = [
    (
        "fixed E on a moving ion",
        lambda: cell(membrane=[*membrane(), Leak(Na, g=1.0, E=0.05, label="fix")]),
        ModelError,
        ("label='fix'", "[Na] inside moves", "Leave E out", "hold=('c_in.Na',)", "potential='current'"),
    ),
    ("E of a Goldman leak", lambda: Leak(K, P=1e-9, E=-0.09), InputError, ("give g= with E=",)),
    ("E without a size", lambda: Leak(K, E=-0.09), InputError, ("exactly one of g= or P=",)),
    ("conductance of a neutral", lambda: Leak(IonSpecies("urea", 0), g=1.0), InputError, ("urea is neutral", "give P=")),
    ("ion as text", lambda: Leak("K", g=1.0), InputError, ("'K' is no ion", "from ionflux import K")),
    ("ion missing outside", lambda: cell(bath=ifx.Bath({Na: 145.0, K: 5.0})), InputError, ("does not list", "0 if there is none")),
    ("ion missing inside", lambda: cell(inside={Na: 10.0, K: 140.0}), InputError, ("leak_Cl needs [Cl] inside",)),
    ("no Nernst potential", lambda: cell(inside={Na: 10.0, K: 140.0, Cl: 0.0}), ModelError, ("[Cl] inside is 0", "use P=")),
    ("volume shared with nothing", lambda: cell(volume_law="conserved"), ModelError, ("needs outside_volume=",)),
    (
        "volume shared without water",
        lambda: cell(volume_law="conserved", outside_volume=1e-14, membrane=membrane()),
        ModelError,
        ("needs Water",),
    ),
    (
        "clamped and without a capacitor",
        lambda: cell(V=None, potential="electroneutral", membrane=[*membrane(), ifx.VoltageClamp(-0.07)]),
        ModelError,
        ("VoltageClamp", "potential='charge'"),
    ),
    ("slaved to itself", lambda: slaved("c_in.K", {"c_in.K": -1.0}), ModelError, ("c_in.K", "itself")),
    ("slaved to nothing", lambda: slaved("c_in.K", {"c_in.Nax": -1.0}), UnknownNameError, ("'c_in.Nax'", "did you mean 'c_in.Na'")),
    ("slaved below zero", lambda: slaved("c_in.K", {"c_in.Na": -20.0}), ModelError, ("c_in.K = -50 mol/m³", "raise its constant")),
    ("pool of the bath", lambda: cell(pools=(ifx.Pool("O2", 0.1, side="out"),)), ModelError, ("infinite bath", "outside_volume=")),
    ("side of a pool", lambda: ifx.Pool("ATP", 1.0, side="inside"), InputError, ("'inside'", "'in' or 'out'")),
    ("carrier as text", lambda: ifx.CurrentClamp(1e-12, carrier="K"), InputError, ("'K' is no ion", "carrier=K")),
    ("membrane without a list", lambda: cell(membrane=Leak(K, g=1.0)), InputError, ("give a list",)),
    ("membrane of numbers", lambda: cell(membrane=[1.0]), InputError, ("1.0 is no Mechanism", "Leak(K, g=1.0)")),
    ("bath as a mapping", lambda: cell(bath={Na: 1.0}), InputError, ("is no Bath", "Bath(...)")),
    ("inside as a number", lambda: cell(inside=140.0), InputError, ("mapping from ion", "{K: 140*mM}")),
    ("T where the paper gives RT/F", lambda: ifx.preset("kay2017").replace({"T": 300}), InputError, ("constants.RT_F",)),
    ("water by itself", lambda: ifx.Water(P_f=1e-5).evaluate(V=0.0, c_in={}, c_out={}), ModelError, ("Water", "nothing to evaluate")),
    ("a formula that does not exist", lambda: ifx.preset("hoppensteadt_peskin").closed_form(), ifx.NoClosedForm, ("leak_Na",)),
    ("no pump", lambda: ifx.preset("kay2017", P=0.0).steady_state(), ifx.NoSteadyState, ("the volume diverges", "raise the pump rate")),
    ("size without its temperature", lambda: ifx.K2P(g=1.0, T_ref=None), InputError, ("K2P.T_ref = None", "leave it out for 310.15")),
    (
        "size of a channel without its temperature",
        lambda: ifx.Channel("x", permeates={K: 1}, g=1.0, q10_g=2.0),
        InputError,
        ("q10_g = 2", "T_ref=", "q10_g=1"),
    ),
    ("rates without their temperature", lambda: ifx.Gate("m", alpha=1.0, beta=1.0, q10=3.0), InputError, ("q10 = 3", "T_ref=", "q10=1")),
    ("a gate more than open", lambda: ifx.Gate("q", inf=1.5), InputError, ("Gate('q').inf = 1.5", "0 … 1")),
    ("a gate that never moves", lambda: ifx.Gate("q", alpha=0.0, beta=0.0), InputError, ("alpha and beta are both 0", "inf=0.5")),
    ("a gate without its parameter", lambda: gated(alpha="openin", beta=1.0), UnknownNameError, ("own: gate 'q'", "'openin'")),
    ("a jump in a gate", lambda: gated(inf=lambda V: float(V > -0.05)).simulate(1.0), InputError, ("own.q.inf", "breaks=")),
    ("no time to move", lambda: gated(inf=0.5, tau=lambda V: V).simulate(1.0), InputError, ("own.q.tau falls to -0.25 s", "positive")),
    (
        "a gate that nothing moves",
        lambda: gated(alpha=lambda V: -1.0, beta=1.0).simulate(1.0),
        ifx.NonFiniteError,
        ("gate.own.q has no value", "state="),
    ),
    ("half a valence", lambda: IonSpecies("X", 1.5), InputError, ("IonSpecies.z = 1.5", "whole number")),
]


def gated(**moved: Any) -> ifx.Cell:
    return cell(membrane=[*membrane(), ifx.Channel("own", permeates={K: 1}, g=1.0, gates=[ifx.Gate("q", **moved)])])


def slaved(name: str, weights: dict[str, float]) -> ifx.Cell:
    return cell(pools=(ifx.Slaved(name, 150.0, weights),))


TABLE = {
    "unit slip": UNIT_SLIPS,
    "no number": NOT_NUMBERS,
    "negative": NEGATIVE,
    "unknown name": NAMES,
    "twice": TWICE,
    "charge": CHARGE,
    "schedule": SCHEDULES,
    "shape": SHAPES,
    "model": MODELS,
}
EVERY = [pytest.param(*row[1:], id=f"{kind}: {row[0]}") for kind, rows in TABLE.items() for row in rows]


@pytest.mark.filterwarnings("ignore::ionflux.errors.NotNeutralWarning")
@pytest.mark.parametrize(("call", "error", "says"), EVERY)
def test_bad_input_is_a_clear_error_of_the_right_class(call: Callable[[], Any], error: type[Exception], says: tuple[str, ...]) -> None:
    with pytest.raises(ifx.IonfluxError) as caught:
        call()
    message = str(caught.value)
    assert type(caught.value) is error, message
    for words in says:
        assert words in message, message
    # one sentence for a person, not a dump
    assert 15 < len(message) < 900
    assert "\n" not in message


def test_errors_are_what_python_people_catch() -> None:
    """Bad values are ValueErrors, numerical failures RuntimeErrors, and all of them IonfluxErrors."""
    for _, call, error, _ in UNIT_SLIPS + NOT_NUMBERS + NEGATIVE:
        assert issubclass(error, ValueError)
        with pytest.raises(ValueError):
            call()
    with pytest.raises(RuntimeError):
        ifx.preset("kay2017", P=0.0).steady_state()


def test_a_missing_charge_is_a_number_too() -> None:
    with pytest.raises(ElectroneutralityError) as caught:
        cell(impermeant=ifx.Impermeant(z=-1.0, c=100.0))
    assert caught.value.missing == pytest.approx(-40.0029, abs=1e-3)


def test_what_is_refused_leaves_the_object_as_it_was() -> None:
    good = cell()
    before = repr(good)
    for changes in ({"leak_K.g": -1.0}, {"leak_K.G": 1.0}, {"T": 37}, {"volume": -1.0}):
        with pytest.raises(InputError):
            good.replace(changes)
    assert repr(good) == before
    assert good.simulate(1.0).status is ifx.Status.OK
