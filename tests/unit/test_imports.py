"""`import ionflux` is cheap and changes nothing about the process it happens in."""

from __future__ import annotations

import importlib.util
import inspect
import json
import subprocess
import sys
from typing import Any

import pytest

import ionflux as ifx


def python(code: str, *options: str) -> Any:
    """Run code in a fresh interpreter and return what it prints as JSON."""
    run = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_importing_costs_at_most_25_ms_more_than_importing_numpy() -> None:
    # One of seven fresh processes: noise only ever adds, so a busy machine cannot make this fail by a spike.
    code = "import time, numpy; start = time.perf_counter(); import ionflux; print(time.perf_counter() - start)"
    assert any(python(code) < 0.025 for _ in range(7))


def test_importing_loads_no_other_package_than_numpy() -> None:
    code = """
import json, sys
before = set(sys.modules)  # what site-packages' .pth files brought along
import ionflux
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(new - set(sys.stdlib_module_names))))
"""
    assert set(python(code)) <= {"ionflux", "numpy"}


STATE = """
import os, signal, sys, threading, logging, locale, json, random, warnings
import numpy as np
def threads():
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else threading.active_count()
def state():
    tiny = sys.float_info.min
    return [
        tiny / 2**52 > 0.0 and tiny / 2**52 * 2**52 == tiny,         # denormals are kept: no flush to zero
        (1.0 + 2**-53) + 2**-53 == 1.0,                             # rounding to nearest even
        [str(signal.getsignal(s)) for s in sorted(signal.valid_signals())],
        dict(os.environ), os.getcwd(), sys.path[:], threads(), locale.setlocale(locale.LC_ALL),
        [str(h) for h in logging.getLogger().handlers], logging.getLogger().level, str(warnings.filters),
        str(random.getstate()), str(np.random.get_state()), np.geterr(), str(np.get_printoptions()), sys.getrecursionlimit(),
        sys.getswitchinterval(), str(sys.excepthook), sys.flags.dev_mode,
    ]
before = json.dumps(state())
import ionflux
from ionflux._dispatch import kernels
import importlib.util
for name in ("_kernels", "_kernels_v3", "_kernels_v4"):
    level = {"_kernels": 0, "_kernels_v3": 3, "_kernels_v4": 4}[name]
    if kernels.cpu_level() >= level and importlib.util.find_spec("ionflux." + name):
        importlib.import_module("ionflux." + name)
after = json.dumps(state())
print(json.dumps([before, after]))
"""


def test_importing_leaves_denormals_signals_environment_threads_and_random_numbers_alone() -> None:
    before, after = python(STATE)
    assert json.loads(before)[:2] == [True, True]
    assert json.loads(after) == json.loads(before)


def test_importing_prints_nothing_and_warns_about_nothing() -> None:
    run = subprocess.run([sys.executable, "-W", "error", "-c", "import ionflux, ionflux._dispatch"], capture_output=True, check=True)
    assert run.stdout == b""
    assert run.stderr == b""


def test_every_public_name_comes_from_the_top() -> None:
    assert len(set(ifx.__all__)) == len(ifx.__all__)
    assert [name for name in ifx.__all__ if not hasattr(ifx, name)] == []
    assert set(ifx.__all__) <= set(dir(ifx))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = ifx.no_such_name


def test_no_module_bears_the_name_of_a_public_function() -> None:
    functions = [name for name in ifx.__all__ if inspect.isroutine(getattr(ifx, name))]
    assert "show_config" in functions
    assert [name for name in functions if importlib.util.find_spec(f"ionflux.{name}") is not None] == []


def test_show_config_says_what_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    from ionflux._config import Config

    monkeypatch.setenv("IONFLUX_NUM_THREADS", "1")
    config = ifx.show_config()
    assert config.ionflux == ifx.__version__
    assert config.threads == 1
    assert config.kernels in config.builds
    assert config.compiler
    assert "-O3" in config.flags or "/O2" in config.flags
    assert eval(repr(config), {"Config": Config}) == config
    assert config.isa in config._repr_html_()


@pytest.mark.parametrize("cap", ["0", "-1", "two", "1.5"])
def test_a_thread_cap_that_is_no_positive_number_is_named(monkeypatch: pytest.MonkeyPatch, cap: str) -> None:
    monkeypatch.setenv("IONFLUX_NUM_THREADS", cap)
    with pytest.raises(ifx.InputError, match="IONFLUX_NUM_THREADS"):
        ifx.show_config()
