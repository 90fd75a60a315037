"""What was built, what is shipped, and how the build of the kernels is chosen."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

import ionflux
from ionflux import InputError, _dispatch, _kernels

PACKAGE = Path(ionflux.__file__).parent
SHIPPED = ("*.pxd", "*.pyx", "*.pyi", "*.h", "py.typed")
LEVELS = {"baseline": 0, "v3": 3, "v4": 4}
MODULES = {"baseline": "_kernels", "v3": "_kernels_v3", "v4": "_kernels_v4"}
#: every compiled module: kernels of cells, of formulas, of layers, each in three builds
COMPILED = sorted(path.stem for path in PACKAGE.glob("_*.pyx"))


def sources(root: Path) -> set[str]:
    """Return the files under src/ionflux that a wheel must hold beside the modules."""
    folder = root / "src/ionflux"
    return {path.relative_to(folder).as_posix() for pattern in SHIPPED for path in folder.rglob(pattern)}


def built() -> list[str]:
    """Return the instruction sets whose kernels are installed and run on this CPU."""
    found = [isa for isa, module in MODULES.items() if importlib.util.find_spec(f"ionflux.{module}") is not None]
    return [isa for isa in found if _kernels.cpu_level() >= LEVELS[isa]]


def load(isa: str) -> ModuleType:
    return importlib.import_module(f"ionflux.{MODULES[isa]}")


# ---- the choice --------------------------------------------------------------------------------------------------------


def test_without_a_wish_the_widest_build_that_this_cpu_runs_is_chosen() -> None:
    assert _dispatch.choose().__name__ == f"ionflux.{MODULES[built()[-1]]}"
    assert _dispatch.choose("") is _dispatch.choose()


@pytest.mark.parametrize("isa", built())
def test_the_environment_chooses_the_build_and_no_other_wide_one_is_loaded(isa: str) -> None:
    code = "import sys, ionflux._dispatch as d; print(d.kernels.__name__, *(m for m in sys.modules if m.startswith('ionflux._kernels_v')))"
    run = subprocess.run([sys.executable, "-c", code], env={**os.environ, "IONFLUX_ISA": isa}, capture_output=True, text=True, check=True)
    chosen, *wide = run.stdout.split()
    assert chosen == f"ionflux.{MODULES[isa]}"
    assert wide == ([] if isa == "baseline" else [chosen])


def test_an_unknown_instruction_set_is_named_with_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"IONFLUX_ISA = 'avx2' is none of 'v4', 'v3', 'baseline'"):
        _dispatch.choose("avx2")


def test_an_instruction_set_that_the_cpu_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Old:
        cpu_level = staticmethod(lambda: 2)

    monkeypatch.setattr(_dispatch, "_baseline", Old)
    assert _dispatch.choose() is Old
    with pytest.raises(InputError, match="this CPU has no x86-64-v4 instructions"):
        _dispatch.choose("v4")


def test_a_build_that_is_missing_is_passed_over_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dispatch._baseline, "cpu_level", lambda: 4)
    monkeypatch.setattr(_dispatch, "_load", lambda name: None)
    assert _dispatch.choose() is _dispatch._baseline
    with pytest.raises(InputError, match="_kernels_v3 was not built here"):
        _dispatch.choose("v3")


# ---- the builds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("isa", built())
def test_every_build_has_the_same_functions(isa: str) -> None:
    def names(module: ModuleType) -> set[str]:
        return {name for name in vars(module) if not name.startswith("__")}

    assert names(load(isa)) == names(_kernels)


def test_the_wider_builds_hold_more_lanes_per_register() -> None:
    lengths = [load(isa).vector_length() for isa in built()]
    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize("isa", built())
def test_the_flags_never_ask_for_fast_math_and_optimise_last(isa: str) -> None:
    flags = load(isa).build_flags().split()
    assert not {"-ffast-math", "-Ofast"} & set(flags)
    assert flags[-1] in ("-O3", "/fp:precise")


@pytest.mark.parametrize("isa", built())
def test_the_machine_code_uses_the_registers_it_was_built_for_and_no_wider_ones(isa: str) -> None:
    objdump = shutil.which("objdump")
    if objdump is None or importlib.import_module("platform").machine() != "x86_64":
        pytest.skip("needs objdump on x86-64")
    code = subprocess.run([objdump, "-d", "--no-show-raw-insn", str(load(isa).__file__)], capture_output=True, text=True, check=True).stdout
    # packed double arithmetic only: memcpy and the like use wide registers too
    packed = r"v?(?:mul|add|sub|div|fn?m(?:add|sub)\d+)pd\s.*%"
    arithmetic = {width: len(re.findall(packed + width, code)) for width in ("xmm", "ymm", "zmm")}
    widest = {"baseline": "xmm", "v3": "ymm", "v4": "zmm"}[isa]
    assert arithmetic[widest] > 500, arithmetic
    wider = {"baseline": r"%[yz]mm", "v3": r"%zmm", "v4": r"$^"}[isa]
    assert re.search(wider, code) is None


# ---- what is shipped ---------------------------------------------------------------------------------------------------


def test_headers_stubs_and_the_typing_marker_are_installed(root: Path) -> None:
    assert {path for path in sources(root) if not (PACKAGE / path).is_file()} == set()


def test_there_is_no_generated_c_in_the_source_tree(root: Path) -> None:
    assert list((root / "src").rglob("*.c")) == []


def test_each_wider_build_repeats_the_directives_of_the_source_it_includes(root: Path) -> None:
    folder = root / "src/ionflux"
    directives = {(folder / f"{name}.pyx").read_text().splitlines()[0] for name in COMPILED}
    assert len(directives) == 1
    baselines = {name for name in COMPILED if not name.endswith(("_v3", "_v4"))}
    assert set(COMPILED) == {name + ending for name in baselines for ending in ("", "_v3", "_v4")}
    assert directives.pop().startswith("# cython: ")
    has_declarations = {(folder / f"{name}.pxd").is_file() for name in MODULES.values()}
    assert len(has_declarations) == 1, "a _kernels.pxd needs a _kernels_v3.pxd and a _kernels_v4.pxd that include it"


def test_one_version_number_everywhere(root: Path) -> None:
    assert ionflux.__version__ == version("ionflux")
    assert f'version: "{ionflux.__version__}"' in (root / "CITATION.cff").read_text()
    assert f"## {ionflux.__version__}" in (root / "CHANGELOG.md").read_text()


# ---- building ----------------------------------------------------------------------------------------------------------


def copied(root: Path, to: Path) -> Path:
    """Return a copy of the sources, without what was built from them."""
    built_or_private = shutil.ignore_patterns(".*", "build", "dist", "_build", "generated", "*.egg-info", "*.so", "*.pyd", "__pycache__")
    shutil.copytree(root, to, ignore=built_or_private)
    shutil.copytree(root / ".ci", to / ".ci")
    return to


def setup(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "setup.py", *command]
    return subprocess.run(run, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("fault", ["missing", "broken"])
def test_without_a_compiler_the_build_says_what_to_install(root: Path, tmp_path: Path, fault: str) -> None:
    pytest.importorskip("setuptools", "77")
    compiler = "/nonexistent/cc" if fault == "missing" else "false"
    run = setup(root, "build_ext", f"--build-temp={tmp_path}/temp", f"--build-lib={tmp_path}/lib", CC=compiler)
    assert run.returncode != 0
    assert "apt-get install build-essential" in run.stderr
    assert "dnf install gcc" in run.stderr
    assert "xcode-select --install" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_an_sdist_in_a_path_with_spaces_builds_twice_and_leaves_its_sources_alone(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("setuptools", "77")
    pytest.importorskip("Cython")
    # one instruction set stands for all, which every installation builds; it is not run, and need not be fast
    monkeypatch.setenv("IONFLUX_BUILD_ONLY", "_v3")
    (compiler := tmp_path / "cc").write_text(f'#!/bin/sh\nexec {os.environ.get("CC", "cc")} "$@" -O0\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    checkout = copied(root, tmp_path / "a check out")
    assert (run := setup(checkout, "-q", "sdist")).returncode == 0, run.stderr
    [archive] = (checkout / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "un packed", filter="data")
    [unpacked] = (tmp_path / "un packed").iterdir()
    assert sources(unpacked) == sources(checkout)

    def content() -> dict[str, bytes]:
        return {str(p.relative_to(unpacked)): p.read_bytes() for p in sorted(unpacked.rglob("*")) if p.is_file() and "build" not in p.parts}

    before = content()
    assert (run := setup(unpacked, "bdist_wheel", "--dist-dir", str(tmp_path / "wheels"))).returncode == 0, run.stderr
    after = {name: text for name, text in content().items() if ".egg-info" not in name}
    assert after == {name: text for name, text in before.items() if ".egg-info" not in name}

    [wheel] = (tmp_path / "wheels").glob("*.whl")
    held = {name.removeprefix("ionflux/") for name in zipfile.ZipFile(wheel).namelist()}
    assert sources(checkout) <= held
    assert not [name for name in held if name.endswith((".c", ".o"))]
    compiled = {name.partition(".")[0] for name in held if name.endswith((".so", ".pyd"))}
    assert compiled == {name for name in COMPILED if name.endswith("_v3") and importlib.util.find_spec(f"ionflux.{name}") is not None}

    again = setup(unpacked, "build_ext")
    assert again.returncode == 0, again.stderr
    assert "Cythonizing" not in again.stdout
    assert "-shared" not in again.stdout


def test_the_stub_names_every_public_function_of_the_kernels() -> None:
    stub = (PACKAGE / "_kernels.pyi").read_text()
    declared = set(re.findall(r"^(?:def|class) (\w+)", stub, re.MULTILINE)) | set(re.findall(r"^(\w+)\s*[:=]", stub, re.MULTILINE))
    here = {name for name, value in vars(_kernels).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert here <= declared
