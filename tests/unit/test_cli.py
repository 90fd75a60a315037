"""The shell: results on stdout, everything else on stderr, and an exit code that a script can rely on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ionflux as ifx
from ionflux import demo
from ionflux.cli import Exit, main

pytest.importorskip("typer")
pytest.importorskip("h5netcdf")
pytest.importorskip("matplotlib")

FILES = ["ionflux-demo.nc", "ionflux-demo.png"]


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_the_demo_tells_a_story_and_leaves_a_figure_and_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path / "new")]) == Exit.OK
    out, err = capsys.readouterr()
    assert err == ""
    assert names(tmp_path / "new") == FILES
    for word in ("time", "mV", "nJ", "amol/s", "audit", "Düsterwald", "ouabain", "ifx.preset"):
        assert word in out
    run = ifx.load(tmp_path / "new" / "ionflux-demo.nc")
    assert run.audit.ok
    assert run.V[-1] == pytest.approx(run.at(demo.OUABAIN).V[0], abs=2e-6)


def test_the_table_is_aligned() -> None:
    *lines, legend = demo.table(demo.run_demo()).splitlines()
    assert legend.startswith("energy")
    assert len(lines) == 3 + len(demo.TOLD)
    assert len({len(line) for line in lines}) == 1
    assert max(map(len, lines)) <= 80


def test_the_story_is_that_of_a_poisoned_neuron() -> None:
    run = demo.run_demo()
    poisoned = run.at(demo.WASHOUT)
    assert poisoned.V[0] > -0.025
    assert poisoned.volume[0] > 1.25 * run.volume[0]
    assert run.V.min() < -0.085
    told = demo.story(run)
    assert "−91 mV" in told
    assert "30 %" in told
    assert max(map(len, told.splitlines())) <= 100


def test_the_same_in_three_lines_is_the_same() -> None:
    assert len(demo.THREE_LINES.splitlines()) == 3
    assert demo.THREE_LINES.endswith(".plot()")
    scope: dict[str, Any] = {}
    *first, last = demo.THREE_LINES.removesuffix(".plot()").splitlines()
    exec("\n".join([*first, f"run = {last}"]), scope)
    assert scope["run"].cell == demo.run_demo().cell
    assert scope["run"].schedule == demo.SCHEDULE
    assert scope["run"].until == demo.END


@pytest.mark.slow
def test_the_demo_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path), "--json"]) == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert told["audit"]["ok"] is True
    assert [row["t"] for row in told["rows"]] == list(demo.TOLD)
    assert {key.partition(".")[0] for key in told["rows"][0]} == told["units"].keys()
    assert sorted(Path(p).name for p in told["files"].values()) == FILES


def test_files_that_are_there_are_replaced_only_by_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ionflux-demo.nc").write_text("mine")
    assert main(["demo", "--out", str(tmp_path)]) == Exit.BAD_INPUT
    out, err = capsys.readouterr()
    assert out == ""
    assert "--force" in err
    assert names(tmp_path) == ["ionflux-demo.nc"]
    assert (tmp_path / "ionflux-demo.nc").read_text() == "mine"
    assert main(["demo", "--out", str(tmp_path), "--force"]) == Exit.OK
    assert ifx.load(tmp_path / "ionflux-demo.nc").audit.ok


def test_a_folder_that_cannot_be_made_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["demo", "--out", str(tmp_path / "file" / "below")]) == Exit.BAD_INPUT
    assert "cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [(ifx.Interrupted, Exit.INTERRUPTED), (ifx.StepSizeError, Exit.NUMERICAL_FAILURE)],
)
def test_what_was_reached_is_saved(
    error: Any, code: Exit, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    partial = ifx.preset("dusterwald2018").simulate(60.0)

    def stopped(cell: Any) -> Any:
        raise error("stopped at t = 60 s", partial=partial)

    monkeypatch.setattr(demo, "run_demo", stopped)
    assert main(["demo", "--out", str(tmp_path)]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "stopped at t = 60 s" in err
    assert "ionflux-demo.partial.nc" in err
    assert ifx.load(tmp_path / "ionflux-demo.partial.nc").until == 60.0


def test_ctrl_c_before_anything_was_reached_is_130_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(cell: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run_demo", stopped)
    assert main(["demo", "--out", str(tmp_path)]) == Exit.INTERRUPTED
    assert names(tmp_path) == []


def test_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["presets"], ["presets", "list"]):
        assert main(arguments) == Exit.OK
        assert "dusterwald2018" in capsys.readouterr().out
    assert main(["presets", "--json"]) == Exit.OK
    assert tuple(json.loads(capsys.readouterr().out)) == ifx.presets()


def test_a_preset_is_shown_with_its_equations_its_source_and_the_symbols_of_its_paper(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets", "show", "dusterwald2018"]) == Exit.OK
    out = capsys.readouterr().out
    assert "dn_Na/dt" in out
    assert "Source:" in out
    assert ["g_KCC2", "KCC2.g"] in [line.split() for line in out.splitlines()]
    assert main(["presets", "show", "dusterwald2018", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["symbols"]["g_KCC2"] == "KCC2.g"


def test_parameters_are_listed_with_value_unit_and_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["params", "list", "dusterwald2018"]) == Exit.OK
    out = capsys.readouterr().out
    line = next(line for line in out.splitlines() if line.startswith("KCC2.g "))
    assert line.split()[1:4] == ["0.2", "S", "m^-2"]
    assert main(["params", "list", "dusterwald2018", "--json"]) == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == ifx.preset("dusterwald2018").parameters().keys()
    assert told["KCC2.g"]["unit"] == "S m^-2"


def test_one_parameter_is_shown_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["params", "show", "dusterwald2018", "KCC2.g"]) == Exit.OK
    out = capsys.readouterr().out
    assert "0.2 S m^-2" in out
    assert "eLife" in out
    assert "g_KCC2" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["params", "show", "dusterwald2018", "KCC2.gg"], "did you mean 'KCC2.g'"),
        (["params", "list", "dusterwald"], "dusterwald2018"),
        (["demo", "--frobnicate"], "--frobnicate"),
        (["no-such-verb"], "no-such-verb"),
        (["params", "show"], "Missing argument"),
    ],
)
def test_bad_input_is_2_and_says_what_is_meant_on_stderr(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == Exit.BAD_INPUT
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_without_typer_the_extra_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typer", None)
    assert main(["demo"]) == Exit.BAD_INPUT
    assert "pip install 'ionflux[app]'" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["matplotlib", "h5py"])
def test_a_missing_extra_is_named_before_anything_is_written(
    package: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["demo", "--out", str(tmp_path)]) == Exit.BAD_INPUT
    assert "pip install 'ionflux[app]'" in capsys.readouterr().err
    assert names(tmp_path) == []


def test_the_module_is_the_command() -> None:
    run = subprocess.run([sys.executable, "-m", "ionflux", "--version"], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == (f"ionflux {ifx.__version__}\n", "")


@pytest.mark.slow
def test_a_terminal_of_plain_ascii_is_served(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "ionflux", "demo", "--out", str(tmp_path)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, b"")
    assert names(tmp_path) == FILES
