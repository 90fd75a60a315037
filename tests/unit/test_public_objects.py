"""Every public object: equal by value, hashable, unchangeable, copied, pickled, written as Python and as TOML, and the same again."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from typing import Any

import pytest

import ionflux as ifx
from ionflux import Cl, K, Na
from ionflux._rebuild import rebuild
from ionflux.fields import Described
from ionflux.scenarios import RestSettings, RunSettings, SweepSettings

pytest.importorskip("pydantic")


def cells() -> dict[str, ifx.Cell]:
    plain: dict[str, Any] = {
        "area": 8.1e-10, "volume": 1.9e-15, "C_m": 0.01, "T": 300.0, "bath": ifx.Bath({Na: 145.0, K: 5.0, Cl: 150.0}),
        "inside": {Na: 10.0, K: 140.1, Cl: 1 / 3},
        "membrane": [ifx.Leak(Na, g=0.1), ifx.Leak(K, P=math.pi * 1e-9), ifx.NaKATPase(J_max=1e-8)],
    }  # fmt: skip
    water = [*plain["membrane"], ifx.Water(P_f=2e-5)]
    return {
        **{name: ifx.preset(name) for name in ifx.presets()},
        "solved": ifx.Cell(**plain, V=-0.07, impermeant=ifx.Impermeant()),
        "several impermeants": ifx.Cell(**plain, V=-0.07, impermeant=[ifx.Impermeant(z=-2.0, c=3.0), ifx.Impermeant(c=30.0)]),
        "clamped": ifx.Cell(
            **plain | {"membrane": [*water, ifx.VoltageClamp(-0.05, carrier=K), ifx.CurrentClamp(i=1e-4, label="stimulus")]},
            impermeant=ifx.Impermeant(z=-1.0, c=100.0), state={"electrode_charge": 1e-13}, area_law="sphere",
        ),
        "pools": ifx.Cell(
            **plain | {"membrane": water}, V=-0.07, impermeant=ifx.Impermeant(c=120.0), outside_volume=1e-14, volume_law="conserved",
            hold=["c_in.Cl", "c_in.ATP"],
            pools=[ifx.Pool("ATP", 3.0), ifx.Pool("O2", 0.1, side="out"), ifx.Slaved("c_in.K", 150.0, {"c_in.Na": -1.0})],
            potential="current", constants=ifx.Constants(F=96485.0),
        ),
        "own ions": ifx.Cell(
            **plain | {"inside": {ifx.IonSpecies("Tl", 1, D=1.9e-9): 1.0, K: 140.0}, "membrane": [ifx.Leak(K, g=1.0)],
                       "bath": ifx.Bath({ifx.IonSpecies("Tl", 1, D=1.9e-9): 1.0, K: 4.0, Cl: 5.0}, osmolyte=12.5)},
            V=-0.05, impermeant=ifx.Impermeant(c=141.0),
        ),
    }  # fmt: skip


CELLS = cells()
TRAIN = ifx.train(1.0, 2.0, 3, 0.5, to=1 / 7)
THINGS: dict[str, Any] = {
    **CELLS,
    "ion": K, "own ion": ifx.IonSpecies("Tl", 1, D=1.989e-9, radius=1.4e-10), "bath": CELLS["kay2017"].bath,
    "bath with all": ifx.Bath({Na: 100.0, Cl: 95.0}, osmolyte=0.1, impermeant=ifx.Impermeant(z=-1.0, c=5.0)),
    "impermeant": ifx.Impermeant(z=-1.5), "constants": ifx.Constants(RT_F=0.0267), "pool": ifx.Pool("O2", 0.1, side="out"),
    "slaved": ifx.Slaved("c_in.K", 158.0, {"c_in.Na": -1.0}), "step": ifx.step(1.5, to=0.1), "factor": ifx.ramp(1.0, 2.0, factor=0.3),
    "pulse": ifx.pulse(0.0, 1e-3, to=1e-300), "train": TRAIN, "table": ifx.table([0.0, 1.0], [1 / 3, 2.0], kind="hold"),
    "table of factors": ifx.table([0.5, 1.0], factor=[0.5, 1.0]), "crossing": ifx.crosses("c_in.K", 100.0, "both"),
    **{type(m).__name__ + " " + str(i): m for i, m in enumerate(
        [m for cell in CELLS.values() for m in cell.membrane] + [
            ifx.NKCC1(g=0.1, scale=0.5, label="other"), ifx.Water(hydraulic=1e-20), ifx.Water(instant=True), ifx.Leak(K, g=1.0, E=-0.09),
            ifx.CurrentClamp(1e-12), ifx.CyclePump(density=1e-8 / 3, pH=7.3), ifx.HATPase(J_max=1e-7, K_in=1e-4, K_out=0.1, K_ATP=0.3),
            ifx.HillNaKATPase(J_max=1e-7), ifx.LuoRudyNaKATPase(J_max=1e-7, K_K=0.2), ifx.SigmoidNaKATPase(J_max=1e-7, K_half=3.5),
            ifx.HamadaNaKATPase(J_max=1e-7), ifx.ATPNaKATPase(J_max=1e-7, K_ATP=0.2), ifx.KCC2(U=1e-7), ifx.NKCC1(U=1e-7 / 3),
            ifx.GatedNKCC1(U=1e-7), ifx.MassActionKCC2(k=1e-11), ifx.MassActionNKCC1(k=1e-16), ifx.NCX(k=1e-13, gamma=1 / 3),
            ifx.LuoRudyNCX(J_max=1e-7), ifx.NHE(k=1e-9), ifx.AE(k=1e-11), ifx.NBC(g=0.1, n=3), ifx.PMCA(J_max=1e-10, K_Ca=2e-4, n_Ca=2),
            ifx.EAAT(J_max=1e-8, K_Na=50.0, K_H=1e-5, K_Glutamate=0.02, K_K=10.0), ifx.ATPSupply(k=0.1, rest=3.0, K_ADP=0.1),
            ifx.ATPSupply(production=0.05), ifx.ATPUse(rate=0.04, at=3.0),
        ]
    )},
    "surface": ifx.ChargedSurface(-0.02, -0.05 / 3, 3e-9), "group": ifx.SurfaceGroup(1 / 2.1e-18, 3.6, binds={Na: 0.6e-3, K: 1e-4 / 3}),
    "layer": ifx.Layer(4e-9 / 3), "water": ifx.Layer(10e-9, D=1e-9 / 3, fixed_charge=-500.0),
    "lipid": ifx.Layer(
        4e-9, eps_r=2.0, D_factor=0.1, D={K: 1e-10 / 3, "Tl": 2e-10}, partition={"K": 1e-3, None: 1e-4}, energy={Na: (0.0, 5.5, 1 / 3)}
    ),
    "membrane": ifx.Membrane1D(
        [ifx.Layer(1e-8), ifx.Layer(4e-9, eps_r=2.0, partition={Cl: 4.5e-4}), ifx.Layer(1e-8)], surface_charge=[-0.05 / 3, -0.02], T=298.15
    ),
    "film": ifx.Membrane1D(ifx.Layer(5e-9, partition=0.5, energy=(0.0, 1.0))),
    "run settings": RunSettings(until=60.0, at=[1.0, 60.0], events=[ifx.crosses("V", -0.04)], audit="full", save="a.nc"),
    "rest settings": RestSettings(electroneutral=True, hold=["volume"]),
    "scenario": ifx.Scenario(
        cell=CELLS["dusterwald2018"],
        schedule={"NaKATPase.scale": [TRAIN, ifx.step(9.0, factor=0.5)], "bath.osmolyte": ifx.step(1.0, to=1 / 3)},
        run=RunSettings(until=1e5 / 3, samples=7, stop=[ifx.crosses("volume", 2e-15)]), title='a "title" with é',
        sweep=SweepSettings(until=60.0, vary={"KCC2.g": [0.1, 1 / 3], "bath.osmolyte": [0.0, 1.0]}, grid=True, at=[60.0]),
    ),
}  # fmt: skip

things = pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)


@things
def test_it_comes_back_the_same(thing: Described) -> None:
    ways = {
        "pickle": pickle.loads(pickle.dumps(thing)), "copy": copy.copy(thing), "deepcopy": copy.deepcopy(thing),
        "repr": rebuild(repr(thing)),
    }  # fmt: skip
    if not isinstance(thing, SweepSettings):
        ways["toml"] = ifx.from_toml(ifx.to_toml(thing))
    for way, other in ways.items():
        assert type(other) is type(thing), way
        assert other == thing, way
        assert hash(other) == hash(thing), way
        assert repr(other) == repr(thing), way  # every number to the last bit, and every order
    assert thing != object()


@things
def test_it_is_unchangeable_and_shows_itself_in_a_notebook(thing: Described) -> None:
    name = dataclasses.fields(thing)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(thing, name, getattr(thing, name))
    assert thing._repr_html_().startswith("<table>")


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_cell_in_a_scenario_keeps_every_bit_and_every_source(cell: ifx.Cell) -> None:
    back = ifx.from_toml(ifx.to_toml(ifx.Scenario(cell=cell))).cell
    assert back == cell
    assert back.start == cell.start or math.isnan(cell.start.V)
    assert {n: (p.value.hex(), p.source) for n, p in back.parameters().items()} == {
        n: (p.value.hex(), p.source) for n, p in cell.parameters().items()
    }
    assert (back.sources, back.symbols) == (cell.sources, cell.symbols)


@pytest.mark.parametrize(
    "thing", [ifx.Status.OK, CELLS["kay2017"].parameters()["C_m"], ifx.crosses("V", 0.0)], ids=["Status", "Parameter", "Crossing"]
)
def test_small_values_are_values(thing: Any) -> None:
    assert pickle.loads(pickle.dumps(thing)) == thing
    assert copy.deepcopy(thing) == thing
    assert hash(thing) == hash(copy.copy(thing))


@pytest.mark.parametrize(
    "error", [e for e in vars(ifx).values() if isinstance(e, type) and issubclass(e, BaseException)] or [ifx.InputError]
)
def test_errors_travel_between_processes(error: type[BaseException]) -> None:
    back = pickle.loads(pickle.dumps(error("what happened")))
    assert type(back) is error
    assert str(back) == "what happened"


def test_a_class_of_ones_own_is_no_part_of_a_file_it_does_not_know() -> None:
    with pytest.raises(ifx.InputError, match="no description"):
        ifx.to_toml("text")  # type: ignore[arg-type]
    with pytest.raises(ifx.InputError, match="no parameter of the cell"):
        ifx.to_toml(ifx.Scenario(cell=CELLS["kay2017"], schedule={"KCC2.g": ifx.step(1.0, to=2.0)}))


def test_what_a_layer_has_for_an_ion_is_found_by_ion_and_by_name() -> None:
    layer = ifx.Layer(4e-9, partition={"K": 1e-3, Na: 1e-5})
    assert layer == ifx.Layer(4e-9, partition={K: 1e-3, "Na": 1e-5})
    assert layer.partition["K"] == layer.partition[K] == 1e-3
    with pytest.raises(ifx.InputError, match="is a function"):
        ifx.to_toml(ifx.Membrane1D(ifx.Layer(4e-9, D={K: lambda s: 1e-9 * s})))
    with pytest.raises(ifx.ScenarioError, match=r"did you mean 'D'|has no key 'd'"):
        ifx.from_toml('type = "Layer"\nthickness = "4 nm"\nd = "1e-9 m^2/s"')
    written = ifx.from_toml('type = "Layer"\nthickness = "4 nm"\nenergy = [0, 6, 0]\n[D]\nK = "1e-9 m^2/s"\nothers = "1 um^2/ms"')
    assert written == ifx.Layer(4e-9, D={K: 1e-9, None: 1e-9}, energy=[0.0, 6.0, 0.0])
