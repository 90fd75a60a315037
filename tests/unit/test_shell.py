"""The verbs on scenarios and results: what they tell, what they leave behind, and the exit code that a script relies on."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import progress, simulation
from ionflux.cli import Exit, main

pytest.importorskip("typer")
pytest.importorskip("pydantic")
pytest.importorskip("h5netcdf")

SCENARIO = """title = "An hour of ouabain"

[cell]
preset = "dusterwald2018"

[schedule]
NaKATPase.scale = { type = "pulse", start = "10 min", stop = "70 min", to = 0 }

[run]
until = "2 h"
"""
SWEEP = """
[cell]
preset = "dusterwald2018"
[sweep]
until = "1 min"
save = "many.nc"
[sweep.vary]
KCC2.g = ["10 uS/cm^2", "20 uS/cm^2"]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "neuron.toml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "many.toml").write_text(SWEEP, encoding="utf-8")
    return Path("neuron.toml")


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command; return (exit code, stdout, stderr)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return (code, *capsys.readouterr())

    return run


def test_a_scenario_is_run_and_saved(file: Path, told: Any) -> None:
    code, out, err = told("run", str(file))
    assert (code, err) == (Exit.OK, "")
    assert "An hour of ouabain" in out
    assert "kept" in out
    assert ifx.load("neuron.nc") == ifx.Scenario.read(file).simulate()
    code, out, err = told("run", str(file))
    assert (code, out) == (Exit.BAD_INPUT, "")
    assert "--force" in err
    assert told("run", str(file), "--force")[0] == Exit.OK


@pytest.mark.slow
def test_json_and_set_go_with_every_verb(file: Path, told: Any) -> None:
    half = ("--set", "KCC2.g=10 uS/cm^2", "--json")
    code, out, _ = told("run", str(file), "--out", "other.nc", *half)
    assert code == Exit.OK
    run = ifx.load("other.nc")
    assert run.cell.parameters()["KCC2.g"].value == 0.1
    ran = json.loads(out)
    assert (ran["end"]["V"], ran["data"], ran["units"]["c_in.K"]) == (run.V[-1], "other.nc", "mol m^-3")
    checked = json.loads(told("check", str(file), *half)[1])
    assert checked["parameters"]["KCC2.g"] == {"value": 0.1, "unit": "S m^-2", "source": None, "override": "10 uS/cm^2"}
    assert json.loads(told("show", str(file), *half)[1])["cell"]["membrane"][4]["g"] == "0.1 S m^-2"
    assert json.loads(told("plot", str(file), *half)[1]) == {"ionflux": ifx.__version__, "figure": "neuron.png"}
    assert json.loads(told("params", "list", str(file), *half)[1])["KCC2.g"]["value"] == 0.1
    assert json.loads(told("params", "show", str(file), "KCC2.g", *half)[1])["KCC2.g"]["value"] == 0.1
    assert json.loads(told("params", "diff", "dusterwald2018", str(file), *half)[1]).keys() == {"KCC2.g"}
    assert "Dusterwald2018" in {r.get("key") for r in json.loads(told("cite", str(file), *half)[1])["references"]}
    assert json.loads(told("show", "other.nc", "--json")[1])["end"] == ran["end"]
    swept = json.loads(told("sweep", "many.toml", "--set", "leak_K.g=0.08 mS/cm^2", "--json")[1])
    assert (swept["cells"], len(swept["V"])) == (2, 2)
    demo = json.loads(told("demo", *half)[1])
    assert ifx.load(demo["files"]["data"]).cell.parameters()["KCC2.g"].value == 0.1


def test_check_tells_parameters_charge_currents_time_scales_and_cost(file: Path, told: Any) -> None:
    code, out, err = told("check", str(file), "--set", "leak_K.g=0.08 mS/cm^2")
    assert (code, err) == (Exit.OK, "")
    assert 'set to "0.08 mS/cm^2"' in out
    assert "eLife" in out
    report = json.loads(told("check", str(file), "--json")[1])
    cell = ifx.preset("dusterwald2018")
    run = cell.simulate(7200.0, schedule={"NaKATPase.scale": ifx.pulse(600, 4200, to=0)})
    assert report["currents"] == pytest.approx({label: run.current[label][0] for label in cell.labels})
    assert report["charge"]["relative"] < 1e-12
    assert report["charge"]["ions"] == pytest.approx(cell.C_m * cell.area * cell.start.V, rel=1e-9)
    # the fastest is the membrane: capacitance over conductance
    assert report["time_scales"][0] == pytest.approx(cell.C_m / 1.1, rel=0.2)
    assert 0.3 < report["cost"]["steps"] / run.stats.steps < 3.0
    assert "time_scales" in json.loads(told("check", "hoppensteadt_peskin", "--json")[1])


def test_a_published_model_becomes_a_scenario_of_ones_own(file: Path, told: Any) -> None:
    _, out, _ = told("show", "kay2017")
    Path("mine.toml").write_text(out, encoding="utf-8")
    assert ifx.Scenario.read("mine.toml").cell == ifx.preset("kay2017")
    code, out, err = told("run", "mine.toml")
    assert (code, out) == (Exit.BAD_INPUT, "")
    assert "asks for nothing" in err
    Path("rest.toml").write_text('[cell]\npreset = "kay2017"\n[steady_state]\n', encoding="utf-8")
    assert told("run", "rest.toml")[0] == Exit.OK
    assert ifx.load("rest.nc").V == pytest.approx(ifx.preset("kay2017").steady_state().V)


def test_a_result_is_shown_drawn_cited_and_written_as_text(file: Path, told: Any) -> None:
    told("run", str(file))
    code, out, err = told("show", "neuron.nc", "--csv", "neuron.csv")
    assert (code, err) == (Exit.OK, "")
    assert "Trajectory" in out
    assert Path("neuron.csv").read_text(encoding="utf-8").startswith("t (s),V (V)")
    assert told("plot", "neuron.nc", "--panels", "V,E", "--out", "two.svg")[:2] == (Exit.OK, "two.svg\n")
    assert "E K" in Path("two.svg").read_text(encoding="utf-8") or Path("two.svg").stat().st_size > 10_000
    assert "Steinebach" in told("cite", "neuron.nc")[1]
    assert told("cite", "neuron.nc", "--bibtex")[1].startswith("@")
    assert "no difference" in told("params", "diff", "neuron.nc", "dusterwald2018")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "nothing.toml"], "nothing.toml cannot be read"),
        (["run", "neuron.toml", "--set", "KCC2.gg=1"], "did you mean 'KCC2.g'"),
        (["run", "neuron.toml", "--set", "volume=2"], 'such as "2 pL"'),
        (["run", "neuron.toml", "--set", "volume"], "NAME=VALUE"),
        (["sweep", "neuron.toml"], "has no [sweep]"),
        (["show", "dusterwald"], "did you mean 'dusterwald2018'"),
        (["show", "broken.nc"], "cut short"),
        (["show", "dusterwald2018", "--csv", "a.csv"], "--csv writes results"),
        (["plot", "dusterwald2018"], "no run over time"),
        (["plot", "neuron.toml", "--out", "a.docx"], "ends in one of"),
        (["plot", "neuron.toml", "--panels", "W"], "overview has no panel 'W'"),
        (["run", "out.toml"], "leads out of the folder"),
    ],
)
def test_bad_input_is_2_before_anything_is_written(arguments: list[str], said: str, file: Path, told: Any) -> None:
    Path("broken.nc").write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    Path("out.toml").write_text(SCENARIO + 'save = "../out.nc"\n', encoding="utf-8")
    before = sorted(Path().iterdir())
    code, out, err = told(*arguments)
    assert (code, out) == (Exit.BAD_INPUT, "")
    assert said in err
    assert "Traceback" not in err
    assert sorted(Path().iterdir()) == before


def test_some_failures_in_a_sweep_are_3_and_nothing_but_failures_1(file: Path, told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import ionflux.scenarios.scenario as module

    whole = ifx.Scenario.read("many.toml").vary()

    def failing(cells: slice) -> Any:
        def vary(self: Any, **options: Any) -> Any:
            whole.status[:] = ifx.Status.OK
            whole.status[cells] = ifx.Status.STEP_TOO_SMALL
            return whole

        return vary

    for cells, code in ((slice(1, 2), Exit.PARTIAL), (slice(0, 2), Exit.NUMERICAL_FAILURE), (slice(0, 0), Exit.OK)):
        monkeypatch.setattr(module.Scenario, "vary", failing(cells))
        got, _, err = told("run", "many.toml", "--force")
        assert got == code
        assert ("failed" in err) is (code != Exit.OK)
        assert list(ifx.load("many.nc").status) == list(whole.status)


def test_a_numerical_failure_is_1_and_keeps_what_was_reached(file: Path, told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import ionflux.scenarios.scenario as module

    partial = ifx.preset("dusterwald2018").simulate(60.0)

    def failed(self: Any, **options: Any) -> Any:
        raise ifx.StepSizeError("the step became too small", partial=partial)

    monkeypatch.setattr(module.Scenario, "simulate", failed)
    code, out, err = told("run", str(file))
    assert (code, out) == (Exit.NUMERICAL_FAILURE, "")
    assert "neuron.partial.nc" in err
    assert ifx.load("neuron.partial.nc") == partial
    Path("none.toml").write_text('[cell]\npreset = "kay2017"\n[set]\nNaKATPase.scale = 0\n[steady_state]\n', encoding="utf-8")
    code, _, err = told("run", "none.toml")
    assert code == Exit.NUMERICAL_FAILURE
    assert "volume diverges" in err


def test_check_knows_the_time_scales_of_gates(tmp_path: Path, told: Any) -> None:
    (tmp_path / "axon.toml").write_text('[cell]\npreset = "hodgkin_huxley1952"\n', encoding="utf-8")
    code, out, err = told("check", str(tmp_path / "axon.toml"), "--json")
    assert (code, err) == (Exit.OK, "")
    rest = ifx.preset("hodgkin_huxley1952").steady_state()
    assert min(json.loads(out)["time_scales"]) == pytest.approx(-1.0 / rest.eigenvalues[0].real, rel=1e-3)


def test_warnings_are_lines_on_stderr(file: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "ionflux", "check", "neuron.toml", "--set", "bath.Cl=100 mM", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr.startswith("ionflux: warning: the bath has")
    assert json.loads(run.stdout)["parameters"]["bath.Cl"]["value"] == 100.0


def test_ctrl_c_saves_what_was_reached(file: Path, told: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    def pressed(self: Any, done: float) -> None:
        if done > 0.0:
            signal.raise_signal(signal.SIGINT)

    # a process that was started in the background ignores Ctrl-C, and so would Python
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    monkeypatch.setattr(simulation.Watch, "__call__", pressed)
    every_second = 'bath.osmolyte = { type = "train", start = "1 s", period = "2 s", width = "1 s", n = 5000, to = "5 mM" }'
    long = SCENARIO.replace("[run]", every_second + "\n[run]").replace('"2 h"', '"10000 s"')
    Path("long.toml").write_text(long, encoding="utf-8")
    code, out, err = told("run", "long.toml")
    assert (code, out) == (Exit.INTERRUPTED, "")
    assert "long.partial.nc" in err
    reached = ifx.load("long.partial.nc")
    assert reached.status is ifx.Status.CANCELLED
    assert 0.0 < reached.t[-1] < 10000.0
    assert np.all(np.isfinite(reached.V))
    assert not Path("long.nc").exists()


def test_what_takes_long_tells_how_far_it_is_on_stderr(file: Path, told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "DELAY", 0.0)
    every_second = 'bath.osmolyte = { type = "train", start = "1 s", period = "2 s", width = "1 s", n = 5000, to = "5 mM" }'
    Path("long.toml").write_text(SCENARIO.replace("[run]", every_second + "\n[run]").replace('"2 h"', '"10000 s"'), encoding="utf-8")
    code, out, err = told("run", "long.toml", "--json")
    assert code == Exit.OK
    assert json.loads(out)["status"] == "OK"
    assert re.search(r"ionflux: progress: \d+ % \(.* of 1e\+04 s\) after .*, about .* left", err)


def test_the_help_loads_none_of_the_heavy_packages() -> None:
    code = "import sys; from ionflux.cli import main; main(['--help']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert {"matplotlib", "xarray", "pydantic", "pint", "numpy", "ionflux.cells"} & set(loaded) == set()
    assert "typer" in loaded
