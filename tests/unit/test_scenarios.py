"""Scenario files: every number with its unit, errors that show the line, and nothing that is ever run."""

from __future__ import annotations

import math
import pickle
import re
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ionflux as ifx
from ionflux import Cl, K, Na
from ionflux._rebuild import rebuild
from ionflux.units import celsius, hour, minute

pytest.importorskip("pydantic")
pytest.importorskip("pint")

from ionflux.scenarios import files, positions
from ionflux.scenarios.units import quantity

SHORT = """
[cell]
preset = "dusterwald2018"

[set]
KCC2.g = "10 uS/cm^2"

[schedule]
NaKATPase.scale = [
  { type = "step", at = "15 min", to = 0 },
  { type = "ramp", start = "75 min", stop = "195 min", to = 1 },
]
"bath.K" = { type = "table", t = { unit = "min", values = [1, 2.5] }, y = ["4 mM", "5 mM"], kind = "hold" }

[run]
until = "4 h"
rtol = 1e-7
events = [{ observable = "c_in.K", level = "100 mM", direction = "both" }]
save = "out/run.nc"
"""


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest) -> str:
    root: Path = request.getfixturevalue("root")
    return (root / "docs/scenarios.md").read_text(encoding="utf-8")


def test_every_scenario_of_the_page_is_read_and_every_error_is_the_one_it_shows(page: str) -> None:
    shown = re.findall(r"```toml\n(.*?)```\n(?:\n```text\n(.*?)```)?", page, re.DOTALL)
    assert [bool(message) for _, message in shown] == [False] * 3 + [True] * 4
    for text, message in shown:
        if not message:
            ifx.Scenario.parse(text)
            continue
        with pytest.raises(ifx.ScenarioError) as caught:
            ifx.Scenario.parse(text, name="neuron.toml")
        assert f"{caught.value}\n" == message


def test_a_file_says_what_python_says() -> None:
    cell = ifx.preset("dusterwald2018").replace({"KCC2.g": 0.1})
    schedule = {
        "NaKATPase.scale": [ifx.step(15 * minute, to=0.0), ifx.ramp(75 * minute, 195 * minute, to=1.0)],
        "bath.K": ifx.table([60.0, 150.0], [4.0, 5.0], kind="hold"),
    }
    scenario = ifx.Scenario.parse(SHORT)
    assert scenario.cell == cell
    assert scenario.schedule == {"NaKATPase.scale": tuple(schedule["NaKATPase.scale"]), "bath.K": (schedule["bath.K"],)}
    asked = scenario.run
    assert asked is not None
    assert (asked.until, asked.rtol, asked.save) == (4 * hour, 1e-7, "out/run.nc")
    assert asked.events == (ifx.crosses("c_in.K", 100.0, "both"),)
    assert scenario.simulate() == cell.simulate(4 * hour, schedule=schedule, rtol=1e-7, events=asked.events)


def test_overrides_come_last_and_are_remembered_as_written() -> None:
    scenario = ifx.Scenario.parse(SHORT, {"KCC2.g": "20 uS/cm^2", "g_Na": "0.03 mS/cm^2", "NaKATPase.scale": "0.5"})
    values = {name: p.value for name, p in scenario.cell.parameters().items()}
    assert (values["KCC2.g"], values["leak_Na.g"], values["NaKATPase.scale"]) == (0.2, 0.3, 0.5)
    assert scenario.overrides == {"KCC2.g": "20 uS/cm^2", "g_Na": "0.03 mS/cm^2", "NaKATPase.scale": "0.5"}
    assert scenario.preset == "dusterwald2018"


def test_a_preset_comes_in_the_variant_that_is_asked_for() -> None:
    cell = ifx.Scenario.parse('[cell]\npreset = "hubel2014"\nbuffer = "glia"\n[set]\nGlialBuffer.B_0 = "400 mM"\n').cell
    assert cell == ifx.preset("hubel2014", buffer="glia", B_0=400.0)
    with pytest.raises(ifx.ScenarioError, match=r"3:10: hubel2014 has no buffer 'glias'; did you mean 'glia'\?"):
        ifx.Scenario.parse('[cell]\npreset = "hubel2014"\nbuffer = "glias"\n')
    with pytest.raises(ifx.ScenarioError, match="has no key 'buffer'"):
        ifx.Scenario.parse('[cell]\npreset = "kay2017"\nbuffer = "glia"\n')


def test_a_preset_takes_mechanisms_that_are_added_or_take_the_place_of_its_own() -> None:
    more = '[[cell.membrane]]\ntype = "CurrentClamp"\nI = "1 pA"\ncarrier = "K"\n[[cell.membrane]]\ntype = "KCC2"\ng = "1 S/m^2"\n'
    cell = ifx.Scenario.parse('[cell]\npreset = "dusterwald2018"\n' + more).cell
    published = ifx.preset("dusterwald2018")
    assert [m.name for m in cell.membrane] == [*(m.name for m in published.membrane), "CurrentClamp"]
    assert cell.parameters()["KCC2.g"].value == 1.0
    assert cell.parameters()["KCC2.g"].source is None
    assert "eLife" in str(cell.parameters()["leak_K.g"].source)


def test_ions_of_ones_own_stand_in_the_file() -> None:
    text = SHORT.replace("[set]", '[ions.Tl]\nz = 1\nD = "1.989e-9 m^2/s"\n\n[set]')
    assert ifx.Scenario.parse(text).cell == ifx.Scenario.parse(SHORT).cell
    thallium = ifx.IonSpecies("Tl", 1, D=1.989e-9)
    bath = ifx.Bath({thallium: 1.0, Cl: 1.0})
    back = ifx.from_toml(ifx.to_toml(bath))
    assert back == bath
    assert next(iter(back)).D == 1.989e-9
    with pytest.raises(ifx.ScenarioError, match=r"unknown ion 'Tm'.*\[ions\.Tm\]"):
        ifx.from_toml(ifx.to_toml(bath).replace('Tl = "1.0', 'Tm = "1.0'))


def test_sweeps_are_lists_ranges_and_grids() -> None:
    text = '[cell]\npreset = "dusterwald2018"\n[sweep]\nuntil = "1 min"\ngrid = true\n[sweep.vary]\n'
    text += 'KCC2.g = { start = "1 S/m^2", stop = "100 S/m^2", n = 3, spacing = "log" }\n"bath.osmolyte" = ["3 mM", "4 mM"]\n'
    scenario = ifx.Scenario.parse(text)
    assert scenario.sweep is not None
    rows = scenario.sweep.rows()
    assert list(rows["KCC2.g"]) == pytest.approx([1, 1, 10, 10, 100, 100])
    assert list(rows["bath.osmolyte"]) == [3, 4] * 3
    assert scenario.vary(threads=1).shape == (6,)
    with pytest.raises(ifx.ScenarioError, match=r"KCC2\.g 3, bath\.osmolyte 2.*grid"):
        ifx.Scenario.parse(text.replace("grid = true", "grid = false"))


def test_a_scenario_is_written_and_read_to_the_last_bit(tmp_path: Path) -> None:
    scenario = ifx.Scenario.parse(SHORT, {"leak_Na.g": "0.0201 mS/cm^2"})
    scenario.write(tmp_path / "again.toml")
    back = ifx.Scenario.read(tmp_path / "again.toml")
    assert back == scenario
    assert [p.value.hex() for p in back.cell.parameters().values()] == [p.value.hex() for p in scenario.cell.parameters().values()]
    assert back.cell.parameters() == scenario.cell.parameters()  # sources, too
    with pytest.raises(ifx.StorageError, match="exists"):
        scenario.write(tmp_path / "again.toml")


@given(st.floats(1e-17, 1.0), st.floats(0.0, 6e4), st.floats(200.0, 500.0))
def test_every_number_comes_back_to_the_last_bit(area: float, c: float, T: float) -> None:
    for text, unit, x in ((f"{area!r} m^2", "m^2", area), (f"{c!r} mM", "mol m^-3", c), (f"{T!r} K", "K", T)):
        assert quantity(text, unit).hex() == x.hex()


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("2 uF/cm^2", "F m^-2", 0.02), ("-65mV", "V", -0.065), ("−65 mV", "V", -0.065), ("37 degC", "K", celsius(37)),
        ("0.3 mS/cm2", "S m^-2", 3.0), ("145 mM", "mol m^-3", 145.0),
        ("1.1 nmol/(cm^2 s)", "mol m^-2 s^-1", 1.1e-5), ("5 µm²", "m^2", 5e-12),
        ("1.5 h", "s", 5400.0), ("0.018 L/mol", "m^3 mol^-1", 1.8e-5), ("0.5", "1", 0.5),
        ("1 m**2", "m^2", 1.0), ("2e-5 m·s⁻¹", "m s^-1", 2e-5),
    ],
)  # fmt: skip
def test_units_are_read_as_people_write_them_and_rounded_once(text: str, unit: str, value: float) -> None:
    assert quantity(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        (-65, "V", "-65 mV"), (5, "m^3", "5 pL"),
        (140, "mol m^-3", "140 mM"), ("5", "K", "no unit"),
        ("5 pL", "V", "a volume, not a potential"),
        ("5 uMM", "mol m^-3", "did you mean 'uM'"), ("1 m^99", "m", "no unit"), ("1 m/", "m", "no unit"), ("1 (m", "m", "no unit"),
        ("x", "V", "not a"),
        (True, "V", "true is not"), ([1], "V", "an array"), ("1e400 mV", "V", "not a finite"), ("1 __import__('os')", "V", "no unit"),
        ("1 degC/m", "K", "of another dimension"), ("9" * 100, "1", "not a pure number"), ("1 2**999999", "1", "no unit"),
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_refused_with_advice(text: object, unit: str, said: str) -> None:
    with pytest.raises(ifx.InputError, match=re.escape(said)):
        quantity(text, unit, -1.0, 1.0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("KCC2.g", "KCC2.gg", "6:1: this cell has no parameter 'KCC2.gg'; did you mean 'KCC2.g'?"),
        ("to = 0", "too = 0", "10:35: step has no key 'too'; did you mean 'to'?"),
        ('"15 min"', "15", '10:25: 15 has no unit; write it as text, such as "15 s"'),
        ('"dusterwald2018"', '"dusterwald"', "3:10: there is no preset 'dusterwald'; did you mean 'dusterwald2018'?"),
        ('"4 h"', '"-4 h"', "16:9: RunSettings.until = -14400 s is outside"),
        ("[run]", "[runn]", "15:1: a scenario has no key 'runn'; did you mean 'run'?"),
        ("c_in.K", "conc.K", "18:26: there is no observable 'conc.K'"),
        ("[run]", "[run", "15:5: not TOML"),
        ('"step"', '"stepp"', "10:12: there is no schedule 'stepp'; did you mean 'step'?"),
        ("rtol = 1e-7", "rtol = 7", "17:8: RunSettings.rtol = 7 is outside"),
        ("KCC2.g", "area.x", "6:1: this cell has no parameter 'area.x'"),
        ('until = "4 h"', "", "15:1: [run] needs 'until'"),
        ("rtol = 1e-7", 'rtol = 1e-7\nsamples = 5\nat = ["1 s"]', "15:1: give at"),
        ('"10 uS/cm^2"', '"10 MS/cm^2"', "KCC2.g = 1e+11 S m^-2 is outside"),
    ],
)
def test_an_error_says_where_and_what(old: str, new: str, said: str) -> None:
    with pytest.raises(ifx.ScenarioError, match=re.escape(said)) as caught:
        ifx.Scenario.parse(SHORT.replace(old, new, 1))
    assert "\n" in str(caught.value)
    assert "^" in str(caught.value).splitlines()[-1]
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_all_errors_of_a_part_are_told_at_once_in_the_order_of_the_file() -> None:
    cell = 'cell = { area = 1, volume = "1 m", Cm = 2 }'
    with pytest.raises(ifx.ScenarioError) as caught:
        ifx.Scenario.parse(cell)
    told = [message for _, message in caught.value.problems]
    assert any("'inside'" in m for m in told)
    assert [place.column for place, _ in caught.value.problems if place] == sorted(
        place.column for place, _ in caught.value.problems if place
    )
    assert {m.split(";")[0] for m in told} >= {"1 has no unit", "cell has no key 'Cm'", '"1 m" is a length, not a volume (m^3)'}


def test_an_override_that_is_wrong_is_named() -> None:
    with pytest.raises(ifx.ScenarioError, match=r'--set leak_K\.g="0\.08 mS": "0\.08 mS" is a conductance, not a conductance per area'):
        ifx.Scenario.parse(SHORT, {"leak_K.g": "0.08 mS"})
    with pytest.raises(ifx.ScenarioError, match="p of the paper is 96485 times NaKATPase.J_max"):
        ifx.Scenario.parse(SHORT, {"p": "10 A/m^2"})


@pytest.mark.parametrize("name", ["../x.nc", "/tmp/x.nc", "a/../../x.nc", "", ".", "link/x.nc", "x\0.nc"])
def test_no_path_leads_out_of_the_folder_of_a_scenario(name: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "link").symlink_to(tmp_path)
    with pytest.raises(ifx.ScenarioError, match="leads out of the folder"):
        files.inside(home, name)
    assert files.inside(home, "below/x.nc") == home.resolve() / "below/x.nc"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" * positions.LARGEST + "a", "larger than 256 KiB"),
        ("a." * 50_000 + "b = 1", "deeper than 12"),
        ("a = " + "[" * 50_000, "deeper than 12"),
        ("a = {" + "b = {" * 5000, "deeper than 12"),
        ("a = 1" + "0" * 100_000, "not TOML"),
        ("\0", "not TOML"),
        ("", "no scenario"),
        ('type = "Nothing"', "there is no 'Nothing'"),
        ('type = "CellX"', "did you mean 'Cell'"),
        ("[cell]\n", "needs 'area'"),
    ],
)
def test_what_is_too_large_too_deep_or_nothing_at_all_is_refused_at_once(text: str, said: str) -> None:
    with pytest.raises(ifx.ScenarioError, match=said):
        ifx.from_toml(text)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ifx.StorageError, match="nothing.toml cannot be read"):
        ifx.Scenario.read(tmp_path / "nothing.toml")
    (tmp_path / "odd.toml").write_bytes(b"\n\xff\xfe")
    with pytest.raises(ifx.ScenarioError, match=r"odd\.toml:2: not text in UTF-8"):
        ifx.Scenario.read(tmp_path / "odd.toml")


VALUES = st.recursive(
    st.one_of(st.integers(-5, 5), st.text(max_size=5), st.booleans(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(min_size=1, max_size=4), inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=4))
def test_the_place_of_every_value_is_where_it_stands(data: dict[str, Any]) -> None:
    from ionflux.scenarios.writing import _toml

    try:
        text = _toml(data)
        text.encode()
    except UnicodeEncodeError:
        return
    places, lines = positions.Places(text), text.split("\n")
    assert tomllib.loads(text) == data
    for path, place in places.values.items():
        value: Any = data
        for part in path:
            value = value[part]
        shown = lines[place.line - 1][place.column - 1 : place.column - 1 + place.length]
        assert tomllib.loads(f"x = {shown}")["x"] == value

    def leaves(value: Any, path: tuple[Any, ...]) -> set[tuple[Any, ...]]:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return {path}.union(*(leaves(v, (*path, k)) for k, v in inner)) if path else set().union(*(leaves(v, (k,)) for k, v in inner))

    # a table that only others stand in has no line of its own
    assert {path for path in leaves(data, ()) if places.nearest(path) is None} == set()


def test_a_scenario_that_asks_for_nothing_says_so() -> None:
    scenario = ifx.Scenario(cell=ifx.preset("kay2017"))
    with pytest.raises(ifx.InputError, match=r"no \[run\]"):
        scenario.compute()
    with pytest.raises(ifx.InputError, match=r"no \[sweep\]"):
        scenario.vary()
    assert scenario.rest().V == pytest.approx(ifx.preset("kay2017").steady_state().V)


def test_a_warning_of_a_bath_is_a_warning_of_the_file() -> None:
    text = '[cell]\npreset = "dusterwald2018"\n[set]\nbath.Cl = "100 mM"'
    with pytest.warns(ifx.NotNeutralWarning):
        ifx.Scenario.parse(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert math.isclose(ifx.Scenario.parse(text).cell.bath[Cl], 100.0)


def test_channels_gates_and_synapses_go_through_a_file_and_come_back() -> None:
    gate = ifx.Gate("w", 2, inf=ifx.Rate(1.0, 0.0, 1.0, 0.035, -0.01), tau=0.1, q10=2.5, T_ref=300.0)
    rates = ifx.Gate("m", 3, alpha=ifx.Rate(-4e3, -1e5, -1.0, 0.04, -0.01), beta=120.0)
    for thing in (
        ifx.HHNa(g=1200.0), ifx.Channel("KM", permeates={K: 1, Na: 0.1}, P=1e-8, gates=[gate, rates]), ifx.Kir(g=3.0), ifx.K2P(P=1e-8),
        ifx.Synapse(E_rev=-0.053, between=(Na, K), g=1.0), ifx.GABA_B(g=1.0), ifx.NMDA(g=2.0, Mg=0.5),
        ifx.Gate("q", slaved=0.5, of="HHK.n", breaks=(0.1,), between=(0.0, 2.0)), gate, rates,
    ):  # fmt: skip
        assert ifx.from_toml(ifx.to_toml(thing)) == thing
        assert rebuild(repr(thing)) == thing
    with pytest.raises(ifx.InputError, match="function, which no file can hold"):
        ifx.to_toml(ifx.Channel("x", permeates={K: 1}, g=1.0, gates=[ifx.Gate("w", inf=lambda V: 0.5, tau=1.0)]))
