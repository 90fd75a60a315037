"""Results: equal, picklable, kept in files that are whole or absent, and told in tables."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from copy import copy, deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, K, Na, files

xarray = pytest.importorskip("xarray")
pytest.importorskip("h5netcdf")


def everything() -> ifx.Cell:
    """A cell with a pool, a finite outside, an electrode and an ion that is held."""
    return ifx.Cell.sphere(
        8e-6,
        C_m=0.01,
        V=-0.06,
        inside={Na: 12.0, K: 135.0, Cl: 8.0},
        bath=ifx.Bath({Na: 145.0, K: 4.0, Cl: 149.0}),
        impermeant=ifx.Impermeant(),
        pools=[ifx.Pool("ATP", 3.0)],
        hold=["c_in.Cl"],
        outside_volume=1e-14,
        membrane=[
            ifx.Leak(Na, g=0.1), ifx.Leak(K, g=1.0), ifx.Leak(Cl, P=1e-9), ifx.NaKATPase(J_max=1e-8),
            ifx.CurrentClamp(i=1e-3), ifx.Water(P_f=2e-5),
        ],
        potential="current",
    )  # fmt: skip


def made() -> dict[str, Any]:
    cell = ifx.preset("dusterwald2018")
    block = {"NaKATPase.scale": [ifx.step(10.0, to=0.0), ifx.ramp(20.0, 30.0, to=1.0)], "bath.osmolyte": ifx.step(5.0, to=8.0)}
    return {
        "run": cell.simulate(60.0, schedule=block, events=ifx.crosses("V", -0.07, "both")),
        "samples": cell.simulate(60.0, samples=4),
        "full audit": cell.simulate(60.0, audit="full"),
        "everything": everything().simulate(30.0),
        "rest": cell.steady_state(),
        "held rest": cell.steady_state(electroneutral=True, hold=["c_in.K"]),
        "electroneutral": ifx.preset("hoppensteadt_peskin").steady_state(),
        "closed form": ifx.preset("kay2017").closed_form(),
        "sweep": ifx.sweep(cell, {"KCC2.g": [0.1, 0.2], "volume": [1e-15, 2e-15]}, until=60.0, threads=1),
        "sweep with a cell that has no start": ifx.sweep(cell, {"impermeant.z": [-0.85, 5.0]}, until=1.0, threads=1),
        "sweep in time": ifx.sweep(cell, {"KCC2.g": [0.1, 0.2, 0.3]}, until=60.0, at=[5.0, 60.0], schedule=block, threads=1),
    }


RESULTS = made()
results = pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)


@results
def test_a_result_comes_back_from_pickle_copy_and_file_as_it_was(result: Any, tmp_path: Path) -> None:
    result.save(tmp_path / "result.nc")
    every_variable_has_its_unit(result, tmp_path / "result.nc")
    back = ifx.load(tmp_path / "result.nc")
    for other in (back, pickle.loads(pickle.dumps(result)), copy(result), deepcopy(result)):
        assert type(other) is type(result)
        assert other == result
        assert hash(other) == hash(result)
        for name in ("V", "volume", "atp", "osmolarity_out", "electrode_charge"):
            assert np.array_equal(getattr(other, name), getattr(result, name), equal_nan=True), name
        assert all(np.array_equal(other.c_in[name], result.c_in[name]) for name in result.c_in)
    assert back.provenance == json.loads(json.dumps(result.provenance))


def every_variable_has_its_unit(result: Any, path: Path) -> None:
    with xarray.open_dataset(path, engine="h5netcdf", decode_times=False) as found:
        assert [name for name, x in found.data_vars.items() if not (x.attrs["units"] and x.attrs["long_name"])] == []
        first = "cell" if type(result).__name__ == "Sweep" else None
        for name, x in found.data_vars.items():
            assert "t" not in x.dims or x.dims[-1] == "t" or "state" in x.dims, name
            assert first is None or x.dims[0] == first, name
        assert np.array_equal(found["V"].values, np.asarray(result.V))


def test_what_is_new_in_a_cell_is_in_its_file() -> None:
    found = RESULTS["everything"].to_xarray()
    assert found["c_in"].sel(ion="ATP").values == pytest.approx(RESULTS["everything"].c_in["ATP"])
    assert np.all(found["volume_out"] == 1e-14)
    assert found["electrode_charge"].values[-1] > 0
    assert [e.t for e in RESULTS["run"].events] == [e[0] for e in json.loads(RESULTS["run"].to_xarray().attrs["settings"])["events"]]
    assert RESULTS["run"].events
    assert "fluxes" in json.loads(RESULTS["full audit"].to_xarray().attrs["audit"])


def test_other_results_are_not_equal() -> None:
    cell, run = RESULTS["run"].cell, RESULTS["run"]
    assert run != cell.simulate(60.0)
    assert run != RESULTS["rest"]
    assert RESULTS["sweep"] != RESULTS["sweep in time"]
    assert cell.simulate(60.0) == cell.simulate(60.0)
    assert cell.simulate(60.0) != cell.replace({"KCC2.g": 0.3}).simulate(60.0)
    assert len({cell.simulate(60.0), cell.simulate(60.0)}) == 1


@pytest.mark.parametrize("name", ["run", "rest", "sweep in time"])
def test_two_files_of_one_question_differ_in_the_provenance_alone(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RESULTS[name].save(tmp_path / "a.nc")
    again = pickle.loads(pickle.dumps(RESULTS[name]))
    again.__dict__["provenance"] = {**again.provenance, "platform": "another computer", "numpy": "9.9.9.dev0+somewhere"}

    class Later(files.datetime):  # type: ignore[misc,name-defined]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return super().now(tz).replace(year=2031)

    monkeypatch.setattr(files, "datetime", Later)
    again.save(tmp_path / "b.nc")
    a, b = (np.frombuffer((tmp_path / f"{n}.nc").read_bytes(), np.uint8) for n in "ab")
    assert a.shape == b.shape
    differ = np.flatnonzero(a != b)
    assert 0 < len(differ)
    begin = a.tobytes().index(b'{"created"')
    assert begin <= differ[0] <= differ[-1] < begin + files.BLOCK


SAVING = """
import sys, ionflux as ifx
runs = [ifx.preset("dusterwald2018").simulate(600.0 * k) for k in (1, 2)]
print("ready", flush=True)
k = 0
while True:
    runs[k % 2].save(sys.argv[1])
    k += 1
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.slow
def test_a_process_killed_while_it_saves_leaves_a_whole_file_or_none(tmp_path: Path) -> None:
    runs = [ifx.preset("dusterwald2018").simulate(600.0 * k) for k in (1, 2)]
    path, found = tmp_path / "run.nc", 0
    with subprocess.Popen([sys.executable, "-c", SAVING, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        until = time.monotonic() + 20.0
        while found < 5 and time.monotonic() < until:  # what stands under the name is whole at any moment, not only at the last
            time.sleep(0.01)
            with contextlib.suppress(FileNotFoundError):
                (tmp_path / "seen.nc").write_bytes(path.read_bytes())
                found += ifx.load(tmp_path / "seen.nc") in runs
        process.send_signal(signal.SIGKILL)
    assert found == 5
    assert ifx.load(path) in runs


def test_a_run_as_text_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    run = RESULTS["everything"]
    run.to_csv(tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(encoding="utf-8") as opened:
        head, *rows = csv.reader(opened)
    table = {name: np.array(column, dtype=float) for name, column in zip(head, zip(*rows, strict=True), strict=True)}
    assert np.array_equal(table["t (s)"], run.t)
    assert np.array_equal(table["c_in.ATP (mol m^-3)"], run.c_in["ATP"])
    assert np.array_equal(table["flux.NaKATPase.Na (mol m^-2 s^-1)"], run.flux["NaKATPase"][Na])
    with pytest.raises(ifx.StorageError, match="exists"):
        run.to_csv(tmp_path / "run.csv", overwrite=False)


def test_a_sweep_and_a_rest_as_text(tmp_path: Path) -> None:
    RESULTS["sweep in time"].to_csv(tmp_path / "sweep.csv")
    with (tmp_path / "sweep.csv").open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    assert [(r["cell"], r["status"], float(r["KCC2.g (S m^-2)"]), float(r["t (s)"])) for r in rows[:3]] == [
        ("0", "OK", 0.1, 5.0), ("0", "OK", 0.1, 60.0), ("1", "OK", 0.2, 5.0),
    ]  # fmt: skip
    RESULTS["rest"].to_csv(tmp_path / "rest.csv")
    with (tmp_path / "rest.csv").open(encoding="utf-8") as opened:
        values = {name: (float(value), unit) for name, value, unit in list(csv.reader(opened))[1:]}
    assert values["E.K"] == (RESULTS["rest"].E[K], "V")


@results
def test_a_notebook_shows_a_table(result: Any) -> None:
    shown = result._repr_html_()
    assert shown.startswith(f"<table><caption>{type(result).__name__}</caption>")
    assert "mV" in shown
    assert repr(result).startswith(f"<{type(result).__name__}" if type(result).__name__ != "ClosedForm" else "<")
    if hasattr(result, "audit"):
        assert "kept" in result.audit._repr_html_()


def test_failures_are_counted_in_the_table_of_a_sweep() -> None:
    swept = pickle.loads(pickle.dumps(RESULTS["sweep"]))
    swept.status[1] = ifx.Status.STEP_TOO_SMALL
    assert "the first is cell 1" in swept._repr_html_()


def test_progress_that_returns_false_ends_the_computation_and_keeps_what_was_reached() -> None:
    cell = ifx.preset("dusterwald2018")
    with pytest.raises(ifx.Interrupted) as caught:
        cell.simulate(1e7, schedule={"bath.osmolyte": ifx.train(0.0, 10.0, 20_000, 5.0, 5.0)}, progress=lambda done: done < 1e-3)
    assert 0 < len(caught.value.partial) < 1_000_000
    assert caught.value.partial.status is ifx.Status.CANCELLED
