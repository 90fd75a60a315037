"""What the README, CONTRIBUTING and the pages of the documentation show works, and their commands are those that are checked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import ionflux

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *(p for p in (ROOT / "docs").rglob("*.md") if not {"_build", "generated"} & set(p.parts))})
COMMANDS = [
    "python3 -m venv .venv && .venv/bin/python -m pip install '.[app]' && .venv/bin/python -m ionflux demo",
    "python3 -m venv .venv && .venv/bin/python -m pip install '.[test]' && .venv/bin/python -m pytest",
]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def label(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


SHOWN = [pytest.param(p, marks=[pytest.mark.slow] * ("gallery" in p.parts), id=label(p)) for p in PAGES if blocks(p, "python")]


@pytest.mark.parametrize("page", SHOWN)
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for number, block in enumerate(blocks(page, "python"), 1):
        exec(compile(block, f"{label(page)}, block {number}", "exec"), namespace)
    plt.close("all")
    figures = re.findall(r"^:::\{figure\} \.\./generated/gallery/(\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in figures if not (tmp_path / name).exists()] == [], "the documentation shows what the pages save"


def test_the_readme_shows_the_two_commands_and_ci_runs_them_as_they_are() -> None:
    shown = [block.strip() for block in blocks(ROOT / "README.md", "sh")]
    assert shown == COMMANDS
    script = (ROOT / ".ci/run").read_text()
    assert [command for command in COMMANDS if command not in script] == []


@pytest.mark.slow  # what it tells is tested in test_cli.py
def test_the_demo_of_the_readme_runs(tmp_path: Path) -> None:
    pytest.importorskip("typer")
    run = [sys.executable, "-m", "ionflux", "demo"]
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_the_make_targets_a_page_names_exist(page: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make (\w+)", page.read_text(encoding="utf-8")))
    assert named <= targets


def test_the_reference_of_the_documentation_lists_every_public_name() -> None:
    listed = set(re.findall(r"\w+", (ROOT / "docs/api.md").read_text()))
    assert set(ionflux.__all__) - {"__version__"} <= listed
