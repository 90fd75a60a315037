"""Published models: every value as printed, with its source, and open to change by the paper's own symbols."""

from __future__ import annotations

import copy
import importlib
import itertools
import math
import pickle

import pytest

import ionflux as ifx
from ionflux import Cl, K, Na, preset, presets
from ionflux.units import mM, mS_per_cm2, mV, uA_per_cm2, um

F = 96485.0

#: what a value is multiplied by to be the paper's symbol: pumps as current densities or as the efflux of Na, water with its molar volume
UNITS = {
    (name, symbol): s.divisor
    for name in presets()
    for symbol, s in importlib.import_module(f"ionflux.preset_library.{name}").SYMBOLS.items()
}


def variants(name: str) -> list[ifx.Cell]:
    """The preset in all its variants."""
    options = getattr(importlib.import_module(f"ionflux.preset_library.{name}"), "OPTIONS", {})
    return [preset(name, **dict(zip(options, chosen, strict=True))) for chosen in itertools.product(*options.values())]


def test_all_presets_are_listed_and_an_unknown_one_brings_the_list() -> None:
    names = "kay2017 dusterwald2018 hoppensteadt_peskin hodgkin_huxley1952 dijkstra2016 hubel2014 barreto_cressman2011 reference_neuron"
    assert presets() == tuple(names.split())
    with pytest.raises(ifx.UnknownNameError, match="did you mean 'kay2017'.*dusterwald2018"):
        preset("kay2016")


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_a_cell_like_any_other(name: str) -> None:
    cell = preset(name)
    assert preset(name) == cell
    for again in (
        eval(repr(cell), {name: getattr(ifx, name) for name in ifx.__all__}),
        copy.deepcopy(cell),
        pickle.loads(pickle.dumps(cell)),
    ):
        assert again == cell
        assert hash(again) == hash(cell)
    assert pickle.loads(pickle.dumps(cell)).sources == cell.sources
    with pytest.raises(TypeError):
        cell.sources["area"] = "nowhere"  # type: ignore[index]


@pytest.mark.parametrize("name", presets())
def test_every_value_of_a_preset_has_a_source(name: str) -> None:
    nothing = (
        ".scale",
        ".q10_g",
        "gated.share",
        "AHP.share",
        "HHK.share",
        "HHNa.share",
        ".amount_factor",
        "bath.osmolyte",
        "state.electrode_charge",
    )  # 1 or 0 unless the model says so
    for cell in variants(name):
        own = {n: p for n, p in cell.parameters().items() if not n.endswith(nothing)}
        assert {n for n, p in own.items() if not p.source} == set()


@pytest.mark.parametrize("name", presets())
def test_every_symbol_leads_to_a_parameter_and_changes_it(name: str) -> None:
    cell = preset(name)
    for symbol, dotted in cell.symbols.items():
        before = cell.parameters()[dotted].value
        unit = UNITS[name, symbol]
        value = 1.001 * before if before else 0.02
        changed = preset(name, **{symbol: value * unit})
        assert changed.parameters()[dotted].value == pytest.approx(value, rel=1e-12)
        assert changed.parameters()[dotted].source is None  # the paper no longer answers for it
        assert changed.symbols == cell.symbols
        assert changed == cell.replace({dotted: value * unit / unit})


@pytest.mark.parametrize("name", ["kay2017", "dusterwald2018", "hoppensteadt_peskin", "dijkstra2016"])
def test_dotted_names_are_symbols_too(name: str) -> None:
    cell = preset(name, **{"impermeant.z": -1.2, "impermeant.amount_factor": 1.5, "bath.K.with_Na": 6 * mM})
    assert cell.parameters()["impermeant.z"].value == -1.2
    assert cell.parameters()["impermeant.amount_factor"].value == 1.5
    assert cell.bath[K] == 6.0
    assert cell.start.V == pytest.approx(preset(name).start.V, abs=1e-9, nan_ok=cell.potential == "electroneutral")


def test_an_unknown_symbol_brings_the_list() -> None:
    with pytest.raises(ifx.UnknownNameError, match=r"no symbol or dotted name 'g_KCC2'.*g_Na, g_K, g_Cl.*leak_Na.g"):
        preset("kay2017", g_KCC2=0.1)
    with pytest.raises(ifx.UnitRangeError, match="leak_Na.g"):
        preset("kay2017", g_Na=-1)


def test_a_variant_is_chosen_by_a_word() -> None:
    assert {m.name for m in preset("hubel2014", buffer="glia").mechanisms} - {m.name for m in preset("hubel2014").mechanisms} == {
        "GlialBuffer"
    }
    assert preset("hubel2014", buffer="bath", lambda_=0.06, K_b=8.0).parameters()["BathExchange.c"].value == 8.0
    with pytest.raises(ifx.InputError, match=r"hubel2014: buffer = 'glas'; it is None or 'glia' or 'bath'"):
        preset("hubel2014", buffer="glas")
    with pytest.raises(ifx.UnknownNameError, match="no symbol or dotted name 'K_b'"):
        preset("hubel2014", K_b=8.0)  # without a bath


def test_a_symbol_may_stand_for_several_values() -> None:
    taken_up = preset("hubel2014", buffer="glia", dK=-2.0)
    assert taken_up.bath[K] == 2.0
    assert taken_up.parameters()["pools.glial_buffer"].value == 498.0
    cell, other = preset("barreto_cressman2011", rho=1.0), preset("barreto_cressman2011", gamma=4.45, rho=1.0)
    F = cell.faraday
    assert other.area / (F * other.volume) == pytest.approx(4.45, rel=1e-12)
    rate = [c.parameters()["NaKATPase.J_max"].value * c.area / c.volume for c in (cell, other)]
    assert rate == pytest.approx([1.0, 1.0], rel=1e-12)


def test_kay_2017_is_a_neutral_iso_osmotic_sphere() -> None:
    cell = preset("kay2017")
    p = {name: q.value for name, q in cell.parameters().items()}
    assert (cell.area, cell.volume) == (pytest.approx(4 * math.pi * (5 * um) ** 2), pytest.approx(4 / 3 * math.pi * (5 * um) ** 3))
    assert (cell.faraday, cell.thermal_voltage, cell.C_m) == (F, pytest.approx(25.69e-3), 0.01)
    assert dict(cell.inside) == {Na: 120, K: 30, Cl: 100}
    assert dict(cell.bath) == {Na: 147, K: 3, Cl: 150}
    assert (p["leak_Na.g"], p["leak_K.g"], p["leak_Cl.g"]) == (pytest.approx(0.1), pytest.approx(3.0), pytest.approx(2.0))
    assert p["NaKATPase.J_max"] == pytest.approx(0.5 * uA_per_cm2 / F)
    assert cell.start.V == 0.0
    assert cell.start.volume == pytest.approx(cell.volume, rel=1e-15)
    assert cell.start.impermeants == ((-1.0, pytest.approx(50 * cell.volume)),)
    assert cell.water == ifx.Water(instant=True)


def test_dusterwald_2018_starts_at_its_published_rest() -> None:
    cell = preset("dusterwald2018")
    p = {name: q.value for name, q in cell.parameters().items()}
    assert (cell.area, cell.volume) == (pytest.approx(2 * math.pi * 5e-6 * 25e-6), pytest.approx(math.pi * 25e-12 * 25e-6))
    assert (cell.faraday, cell.thermal_voltage, cell.C_m) == (F, pytest.approx(26.725e-3), 0.02)
    assert dict(cell.inside) == {Na: 14.002, K: 122.873, Cl: 5.163}
    assert cell.bath.osmolarity == pytest.approx(297.0)
    assert cell.bath.charge_density == pytest.approx(0.0, abs=1e-9)
    assert [p[f"leak_{ion}.g"] for ion in ("Na", "K", "Cl")] == [pytest.approx(g * mS_per_cm2) for g in (0.02, 0.07, 0.02)]
    assert (p["KCC2.g"], p["NKCC1.g"]) == (pytest.approx(0.2), 0.0)
    assert p["NaKATPase.J_max"] * F == pytest.approx(1000 * uA_per_cm2)
    assert (p["Water.P_f"], p["Water.V_w"]) == (1.5e-4, 1.8e-5)
    assert cell.start.impermeants == ((-0.85, pytest.approx(154.962 * cell.volume)),)
    # the printed digits leave 5.7 µM of charge, which is -68.7 mV; the rest itself lies at -72.6 mV
    assert cell.start.V / mV == pytest.approx(-68.7456, abs=1e-3)


def test_hoppensteadt_peskin_has_the_published_values_and_starts_at_their_steady_state() -> None:
    cell = preset("hoppensteadt_peskin")
    p = {name: q.value for name, q in cell.parameters().items()}
    assert (cell.area, cell.thermal_voltage, cell.potential) == (pytest.approx(0.8e-5 * 1e-4), pytest.approx(25.8e-3), "electroneutral")
    assert dict(cell.bath) == {Na: 116, K: 4, Cl: 120}
    assert cell.bath.osmolarity == pytest.approx(308.0)
    assert [p[f"leak_{ion}.P"] for ion in ("Na", "K", "Cl")] == [pytest.approx(P * 1e-2) for P in (5e-7, 5e-5, 5e-3)]
    assert 3 * p["NaKATPase.k"] == pytest.approx(1e-5 * 1e-2)
    assert p["Water.P_f"] * p["Water.V_w"] == pytest.approx(5e-8 * 1e-2)
    assert cell.start.impermeants == ((-1.0, pytest.approx(1.55e-6 * 1e-6, rel=1e-15)),)
    inside = cell.start.c_in
    assert inside[Na] + inside[K] == pytest.approx(154.0, rel=1e-15)
    assert inside[Na] + inside[K] - inside[Cl] - cell.start.c_impermeant == pytest.approx(0.0, abs=1e-12)
    assert "V" not in p  # it follows from the currents
    assert preset("hoppensteadt_peskin", lambda_=3e-8).parameters()["NaKATPase.k"].value == pytest.approx(1e-8)
