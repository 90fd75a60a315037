"""The starts of many cells at once are those of the cells one by one."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ionflux as ifx
from ionflux import Bath, Ca, Cell, Cl, Constants, CubicNaKATPase, Impermeant, K, Leak, Na, Pool, Slaved, VoltageClamp, Water
from ionflux.starts import decides_start, start_arrays

LEAKS = (Leak(Na, g=0.1), Leak(K, g=1.0), Leak(Cl, g=0.5), CubicNaKATPase(J_max=1e-4))


def make(**changes: Any) -> Cell:
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


CELLS = {
    "open valence": make(),
    "open concentration": make(impermeant=Impermeant(z=-1.25)),
    "osmosis": make(impermeant=Impermeant()),
    "v from charge": make(V=None, impermeant=Impermeant(z=-1.0, c=140.001)),
    "v kept": make(impermeant=Impermeant(z=-1.1, c=140.0), inside={Na: 10.0, K: 153.9971, Cl: 10.0}, V=None).replace({"V": -0.07}),
    "several": make(
        impermeant=[Impermeant(z=-2, c=30.0), Impermeant()],
        inside={Na: 10.0, K: 140.0, Cl: 10.0, Ca: 1e-4},
        bath=Bath({Na: 141.0, K: 5.0, Cl: 150.0, Ca: 2.0}),
    ),
    "instant": make(membrane=[*LEAKS, Water(instant=True)], impermeant=Impermeant(c=150.0)),
    "conserved": make(
        membrane=[*LEAKS, Water(instant=True)],
        outside_volume=1e-15,
        volume_law="conserved",
        pools=[Pool("ATP", 3.0), Pool("O2", 0.1, side="out")],
    ),
    "sphere": make(area_law="sphere", impermeant=Impermeant(amount_factor=1.5)),
    "electroneutral": make(potential="electroneutral", V=None, impermeant=Impermeant(z=-1.0, c=140.0)),
    "current": make(potential="current", impermeant=Impermeant(z=-1.0, c=100.0)),
    "constants": make(constants=Constants(F=96485.0, RT_F=0.02569), state={"electrode_charge": 1e-14}),
    # by the cells themselves
    "clamped": make(V=None, membrane=[*LEAKS, VoltageClamp(-0.05)], impermeant=Impermeant(z=-1.0, c=140.0)),
    "slaved": make(pools=[Slaved("c_in.K", 150.0, {"c_in.Na": -1})]),
    "instant sphere": make(membrane=[*LEAKS, Water(instant=True)], area_law="sphere"),
}  # fmt: skip
WIDTHS = {"inside.Na": 0.3, "inside.K": 0.02, "inside.Cl": 0.3, "bath.K": 0.1, "impermeant.c": 0.02, "impermeant.z": 0.1}


def same(cell: Cell, columns: dict[str, Any]) -> int:
    """Compare every number of every row with the start of the replaced cell; return how many rows have a start."""
    n = len(next(iter(columns.values())))
    starts = start_arrays(cell, columns)
    for i in range(n):
        change = {name: float(x[i]) for name, x in columns.items()}
        if i in starts.failed:
            with pytest.raises(type(starts.failed[i]), match=re.escape(str(starts.failed[i]))):
                cell.replace(change)
            assert np.isnan(starts.start.volume)[i]
            continue
        one = cell.replace(change)
        assert (starts.faraday[i], starts.thermal_voltage[i]) == (one.faraday, one.thermal_voltage)
        for column, value in numbers(starts.start, one.start):
            assert column[i] == pytest.approx(value, rel=1e-15, abs=0.0, nan_ok=True)
    return n - len(starts.failed)


def numbers(columns: Any, values: Any) -> Iterator[tuple[Any, Any]]:
    """Every array of a start beside the number that should be in it."""
    assert (columns is None) == (values is None)
    if isinstance(values, Mapping):
        assert list(columns) == list(values)
        for key in values:
            yield columns[key], values[key]
    elif isinstance(values, tuple):
        for column, value in zip(columns, values, strict=True):
            yield from numbers(column, value)
    elif values is not None:
        yield columns, values


@pytest.mark.filterwarnings("ignore::ionflux.NotNeutralWarning")
@pytest.mark.parametrize("name", CELLS)
def test_each_parameter_alone(name: str) -> None:
    cell = CELLS[name]
    for parameter, p in cell.parameters().items():
        if decides_start(cell, parameter):
            width = WIDTHS.get(parameter, 0.2)
            values = p.value * np.array([1.0, 1 + width, 1 - width]) if p.value else np.array([0.0, 1e-15])
            assert same(cell, {parameter: np.clip(values, p.lo, p.hi)}) > 0 or "inside" in parameter or "impermeant" in parameter


@pytest.mark.filterwarnings("ignore::ionflux.NotNeutralWarning")
@pytest.mark.parametrize("name", [name for name in CELLS if name not in ("clamped", "slaved", "instant sphere")])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_several_parameters_together(name: str, data: st.DataObject) -> None:
    cell = CELLS[name]
    known = cell.parameters()
    able = [parameter for parameter in known if decides_start(cell, parameter)]
    chosen = data.draw(st.lists(st.sampled_from(able), min_size=1, max_size=4, unique=True))
    columns = {}
    for parameter in chosen:
        p, width = known[parameter], WIDTHS.get(parameter, 0.2)
        factors = np.array(data.draw(st.lists(st.floats(1 - width, 1 + width), min_size=4, max_size=4)))
        columns[parameter] = np.clip(p.value * factors if p.value else 1e-15 * (factors - 1), p.lo, p.hi)
    same(cell, columns)


def test_what_does_not_decide_the_start_is_passed_over() -> None:
    cell = make()
    assert not decides_start(cell, "leak_K.g")
    assert decides_start(cell, "inside.K")
    starts = start_arrays(cell, {"leak_K.g": np.array([1.0, 2.0])})
    assert starts.start.volume.tolist() == [cell.volume] * 2  # type: ignore[attr-defined]
    clamped = CELLS["clamped"]
    assert decides_start(clamped, "VoltageClamp.V")
    assert start_arrays(clamped, {"VoltageClamp.V": np.array([-0.05, -0.08])}).start.V.tolist() == [-0.05, -0.08]  # type: ignore[attr-defined]


def test_rows_without_a_start_are_named_and_the_others_are_kept() -> None:
    cell = make(impermeant=Impermeant())
    starts = start_arrays(cell, {"inside.K": np.array([140.0, 290.0, 0.0, -5.0, np.nan])})
    assert sorted(starts.failed) == [1, 2, 3, 4]
    assert "exceed the bath's osmolarity" in str(starts.failed[1])
    assert "Nernst potential of K is infinite" in str(starts.failed[2])
    assert isinstance(starts.failed[3], ifx.UnitRangeError)
    assert starts.start.amount[K][0] == cell.start.amount[K]  # type: ignore[index]
    assert np.isnan(starts.start.amount[K][1:]).all()  # type: ignore[index]


def test_a_bath_with_a_net_charge_is_remarked_upon_once() -> None:
    with pytest.warns(ifx.NotNeutralWarning, match=r"3 of 4 baths have a net charge, up to \+5 mol/m³ \(cell 3\)") as caught:
        start_arrays(make(impermeant=Impermeant()), {"bath.K": np.array([5.0, 8.0, 9.0, 10.0])})
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(ifx.NotNeutralWarning) as caught:
        start_arrays(CELLS["slaved"], {"bath.K": np.array([5.0, 8.0, 9.0, 10.0])})
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start_arrays(make(), {"bath.K": np.array([5.0, 8.0]), "bath.Na": np.array([145.0, 142.0])})


def test_a_start_among_many_costs_a_hundredth_of_one_alone() -> None:
    cell, n = make(impermeant=Impermeant()), 20_000
    columns = {"inside.K": np.linspace(130, 150, n), "V": np.linspace(-0.09, -0.05, n)}

    def seconds(work: Callable[[], object]) -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    alone = min(seconds(lambda: cell.replace({"inside.K": 141.0, "V": -0.06}).start) for _ in range(20))
    among = min(seconds(lambda: start_arrays(cell, columns)) for _ in range(5)) / n
    assert among < alone / 100  # some 2000
