"""A run on disk is whole or absent, carries units and provenance, and comes back the same without anything being executed."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import random
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import ionflux as ifx
from ionflux import K, Na, files
from ionflux._atomic import atomic
from ionflux._rebuild import rebuild
from ionflux.fields import param
from ionflux.mechanisms import mechanism
from ionflux.results import Trajectory
from ionflux.units import minute

xarray = pytest.importorskip("xarray")
h5netcdf = pytest.importorskip("h5netcdf")
h5py = pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def run() -> Trajectory:
    schedule = {
        "NaKATPase.scale": [ifx.step(5 * minute, to=0.0), ifx.ramp(20 * minute, 30 * minute, to=1.0)],
        "bath.K": ifx.step(2400.0, to=8.0),
    }
    return ifx.preset("dusterwald2018").simulate(3600.0, schedule=schedule)


@pytest.fixture(scope="module")
def saved(run: Trajectory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run.save(tmp_path_factory.mktemp("saved") / "run.nc")


@pytest.fixture
def path(saved: Path, tmp_path: Path) -> Path:
    shutil.copy(saved, tmp_path / "run.nc")
    return tmp_path / "run.nc"


def rewrite(path: Path, **attributes: object) -> None:
    with h5py.File(path, "r+") as found:
        for name, value in attributes.items():
            found.attrs[name] = value


def test_a_run_comes_back_the_same(run: Trajectory, path: Path) -> None:
    back = ifx.load(path)
    assert (back.cell, back.schedule, back.until, back.status, back.stats) == (run.cell, run.schedule, run.until, run.status, run.stats)
    for name in ("t", "V", "volume", "osmolarity_in", "atp"):
        assert np.array_equal(getattr(back, name), getattr(run, name)), name
    for ion in run.cell.ions:
        assert np.array_equal(back.c_in[ion], run.c_in[ion])
        assert np.array_equal(back.E[ion], run.E[ion])
    for label in run.cell.labels:
        assert np.array_equal(back.current[label], run.current[label])
    assert back.provenance == json.loads(json.dumps(run.provenance))
    assert back.audit == run.audit
    assert back.cell.parameters() == run.cell.parameters()
    assert back.cell.symbols == run.cell.symbols


def test_a_run_that_came_back_can_be_looked_at_in_between_and_goes_on(run: Trajectory, path: Path) -> None:
    back = ifx.load(path)
    assert np.array_equal(back.at(1234.5).V, run.at(1234.5).V)
    assert back.cell_at(1234.5) == run.cell_at(1234.5)


def test_a_run_with_given_times_comes_back_too(run: Trajectory, tmp_path: Path) -> None:
    sampled = run.cell.simulate(60.0, samples=5)
    sampled.save(tmp_path / "sampled.nc")
    assert np.array_equal(ifx.load(tmp_path / "sampled.nc").V, sampled.V)


@pytest.mark.parametrize("name", ["hodgkin_huxley1952", "hubel2014"])
def test_cells_with_gates_are_kept_at_rest_and_on_their_way(name: str, tmp_path: Path) -> None:
    cell = ifx.preset(name)
    for i, result in enumerate((cell.simulate(0.01), cell.steady_state(), ifx.sweep(cell, {"V": [-0.07, -0.06]}, until=0.001))):
        back = ifx.load(result.save(tmp_path / f"{i}.nc"))
        assert back == pickle.loads(pickle.dumps(result)) == result
        gates = result.to_xarray()["gate"]
        for gate, value in result.gate.items():
            assert np.array_equal(gates.sel(gate_name=gate), value)


def test_a_cell_whose_text_is_not_all_of_it_is_saved_with_a_warning(tmp_path: Path) -> None:
    own = ifx.Channel("own", permeates={K: 1}, g=1.0, gates=[ifx.Gate("q", inf=lambda V: 0.5 - V, tau=1.0)])
    cell = ifx.preset("reference_neuron")
    run = cell.replace({"membrane": [*cell.membrane, own]}).simulate(0.01)
    with pytest.warns(ifx.IonfluxWarning, match="not for ionflux.load"):
        run.save(tmp_path / "run.nc")
    with xarray.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as numbers:
        assert np.array_equal(numbers["V"], run.V)


def test_every_quantity_has_its_unit_and_time_comes_last(run: Trajectory) -> None:
    dataset = run.to_xarray()
    for name, values in {**dataset.data_vars, "t": dataset["t"]}.items():
        assert values.attrs["units"], name
        assert values.attrs["long_name"], name
        if "t" in values.dims and name != "y":
            assert values.dims[-1] == "t", name
    assert dataset["c_in"].sel(ion="K").values == pytest.approx(run.c_in[K])
    assert dataset["current"].sel(mechanism="NaKATPase").values == pytest.approx(run.current["NaKATPase"])
    assert dataset["flux"].sel(mechanism="NaKATPase", ion="Na").values == pytest.approx(run.flux["NaKATPase"][Na])
    assert np.all(dataset["flux"].sel(mechanism="leak_K", ion="Na").values == 0.0)


def test_the_file_tells_other_programs_where_it_comes_from(run: Trajectory, path: Path) -> None:
    with h5netcdf.File(path, "r") as plain:
        assert plain.attrs["ionflux_schema"] == files.SCHEMA
        assert plain.attrs["ionflux_version"] == ifx.__version__
        provenance = json.loads(plain.attrs["provenance"])
        assert plain.variables["V"].attrs["units"] == "V"
        parameters = json.loads(plain.attrs["parameters"])
    assert {"created", "seconds", "ionflux", "platform"} <= provenance.keys()
    assert parameters.keys() == run.cell.parameters().keys()
    assert json.loads(run.to_xarray().attrs["audit"])["ok"] is True


def test_a_file_cut_short_is_named_as_such(path: Path) -> None:
    whole = path.read_bytes()
    for length in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ifx.StorageError, match=r"run\.nc.*cut short"):
            ifx.load(path)


def test_files_of_others_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ifx.StorageError, match="no such file"):
        ifx.load(tmp_path / "nothing.nc")
    text = tmp_path / "notes.nc"
    text.write_text("not a NetCDF file")
    with pytest.raises(ifx.StorageError, match="of another kind"):
        ifx.load(text)
    foreign = tmp_path / "weather.nc"
    xarray.Dataset({"wind": ("t", [1.0, 2.0])}).to_netcdf(foreign, engine="h5netcdf")
    with pytest.raises(ifx.StorageError, match="not one of ionflux"):
        ifx.load(foreign)


def test_a_file_of_the_future_says_that_it_needs_an_upgrade(path: Path) -> None:
    rewrite(path, ionflux_schema=files.SCHEMA + 1, ionflux_version="99.0")
    with pytest.raises(ifx.StorageError, match=r"99\.0.*upgrade"):
        ifx.load(path)


def test_a_file_with_a_part_missing_is_incomplete(path: Path) -> None:
    with h5py.File(path, "r+") as found:
        del found["y"]
    with pytest.raises(ifx.StorageError, match="incomplete"):
        ifx.load(path)


def test_a_file_of_another_schema_says_what_can_be_done(path: Path) -> None:
    rewrite(path, ionflux_schema=files.SCHEMA - 1)
    with pytest.raises(ifx.StorageError, match=r"schema 1.*xarray"):
        ifx.load(path)


def test_a_changed_definition_is_remarked_upon(path: Path) -> None:
    with h5py.File(path, "r+") as found:
        found["V"][...] += 1e-3
    with pytest.warns(ifx.IonfluxWarning, match="V in the file"):
        ifx.load(path)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').mkdir('caught')",
        "Leak.__init__.__globals__['os'].mkdir('caught')",
        "(lambda: 1)()",
        "Na(1)",
        "Leak(Na, **{'g': 1.0})",
        "[x for x in (1, 2)]",
        "open('caught', 'w')",
        "'a' * 10**9",
        "-'a'",
        "Leak(Na, g=-1.0)",
        "(" * 5000,
        "",
        "Leak(Na, g=",
    ],
)
def test_nothing_in_a_file_is_executed(path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    rewrite(path, cell=text)
    with pytest.raises(ifx.StorageError, match=r"cannot be made again|incomplete"):
        ifx.load(path)
    assert not Path("caught").exists()


def test_descriptions_come_back_from_their_text(run: Trajectory) -> None:
    for thing in (run.cell, run.cell.bath, *run.schedule.values(), (Na, K), {"a": [1, -2.5, None]}):
        assert rebuild(repr(thing)) == thing


def test_a_mechanism_of_ones_own_comes_back_while_it_is_defined(run: Trajectory, tmp_path: Path) -> None:
    @mechanism
    class ProtonFreePump(ifx.Mechanism):
        law = ifx.Law.PRODUCT
        moves: ClassVar[Mapping[ifx.IonSpecies, int]] = {K: 1}
        strength = "J_max"
        thermodynamics = "published"
        J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles")

    with pytest.raises(ifx.UnknownNameError, match="ProtonFreePump"):
        rebuild("ProtonFreePumpp(J_max=1e-9)")
    assert rebuild("ProtonFreePump(J_max=1e-9)") == ProtonFreePump(J_max=1e-9)


def test_a_failure_while_writing_leaves_what_was_there(path: Path, run: Trajectory, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(dataset: object, target: Path, **options: object) -> None:
        Path(target).write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xarray.Dataset, "to_netcdf", full)
    with pytest.raises(ifx.StorageError, match="No space left on device"):
        run.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["run.nc"]


def test_an_interrupt_while_writing_leaves_no_scratch_file(tmp_path: Path) -> None:
    def stopped() -> None:
        with atomic(tmp_path / "a.png") as scratch:
            scratch.write_bytes(b"half of it")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_if_allowed_and_needs_a_folder(path: Path, run: Trajectory) -> None:
    with pytest.raises(ifx.StorageError, match="exists"):
        run.save(path, overwrite=False)
    run.save(path)
    with pytest.raises(ifx.StorageError, match="cannot be written"):
        run.save(path.parent / "nowhere" / "run.nc")


@pytest.mark.skipif(os.name != "posix", reason="rights as on POSIX")
def test_a_result_has_the_rights_of_any_new_file(path: Path, tmp_path: Path) -> None:
    ordinary = tmp_path / "ordinary"
    ordinary.write_bytes(b"")
    assert path.stat().st_mode == ordinary.stat().st_mode


@pytest.mark.parametrize("package", ["xarray", "h5netcdf", "h5py"])
def test_a_missing_package_names_the_extra(package: str, run: Trajectory, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(ifx.MissingExtra, match=rf"{package}.*pip install 'ionflux\[app\]'"):
        run.save(path)
    if package == "h5py":
        with pytest.raises(ifx.MissingExtra, match=r"ionflux\[app\]"):
            ifx.load(path)
    else:  # reading needs no more than HDF5
        assert ifx.load(path) == run


def test_a_byte_that_flipped_is_a_clear_error_or_does_no_harm(path: Path) -> None:
    whole = path.read_bytes()
    dice = random.Random(1)
    for _ in range(60):
        at = dice.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << dice.randrange(8))]) + whole[at + 1 :])
        with contextlib.suppress(ifx.StorageError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ifx.load(path)
