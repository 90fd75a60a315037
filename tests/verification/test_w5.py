"""The ouabain bench: accuracy against stored reference samples, and equal bits whatever the batch, the threads or the instruction set."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from reference import models
from verification.build import bench_cell, ouabain

import ionflux as ifx
from ionflux import Cl, K, Na

DATA = models.reference("ouabain_bench")
VARY = {"g_Na": "leak_Na.g", "g_K": "leak_K.g", "g_Cl": "leak_Cl.g", "j_max": "NaKATPase.J_max"}


def sweep(cells: int, **kw: Any) -> Any:
    vary = {VARY[k]: v for k, v in models.sweep_sizes(cells).items()}
    return ifx.sweep(bench_cell(), vary, until=36000.0, schedule=ouabain(), at=DATA["sweep_t"], **kw)


def columns(result: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    w0 = models.BENCH_VOLUME
    return np.stack([result.c_in[Na], result.c_in[K], result.c_in[Cl], np.asarray(result.volume) / w0, result.V], axis=-1)


def relative_error(got: Any, want: Any) -> float:
    return float(np.max(np.abs(np.asarray(got) / np.asarray(want) - 1)))


def test_bench_cell_meets_its_gate_at_default_tolerances() -> None:
    run = bench_cell().simulate(36000.0, schedule=ouabain(), at=DATA["t"])
    assert relative_error(columns(run), DATA["cell"]) < 1e-5
    assert run.audit.ok


def test_bench_cell_converges_to_the_reference() -> None:
    errors = [
        relative_error(columns(bench_cell().simulate(36000.0, schedule=ouabain(), at=DATA["t"], rtol=r)), DATA["cell"])
        for r in (1e-5, 1e-7, 1e-9)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-8


def test_a_sample_on_a_break_is_the_left_limit_and_samples_do_not_depend_on_each_other() -> None:
    every = bench_cell().simulate(36000.0, schedule=ouabain(), at=36.0 * np.arange(1, 1001))
    few = bench_cell().simulate(36000.0, schedule=ouabain(), at=[10800.0, 14400.0])
    index = [299, 399]
    assert np.array_equal(columns(every)[index], columns(few))
    # the pump's current is still on at 3 h, and off just after
    assert every.current["NaKATPase"][299] > 0.0 == every.current["NaKATPase"][300]


def test_sweep_meets_its_gate() -> None:
    result = sweep(20)
    assert np.all(np.asarray(result.status) == ifx.Status.OK)
    assert relative_error(columns(result), DATA["sweep"]) < 2e-5


def test_one_cell_alone_equals_its_lane_in_a_batch_bit_for_bit() -> None:
    batch = columns(sweep(67))
    sizes = models.sweep_sizes(67)
    for i in (0, 1, 7, 31, 40, 66):
        cell = bench_cell().replace({VARY[k]: float(v[i]) for k, v in sizes.items()})
        alone = columns(cell.simulate(36000.0, schedule=ouabain(), at=DATA["sweep_t"]))
        assert np.array_equal(alone, batch[i]), i
    for cells in (1, 3, 20, 33):
        assert np.array_equal(columns(sweep(cells)), batch[:cells]), cells


def test_threads_do_not_change_a_bit() -> None:
    one = columns(sweep(500, threads=1))
    for threads in (2, 3):
        assert np.array_equal(columns(sweep(500, threads=threads)), one)


HASH = """
import sys
sys.path.insert(0, {tests!r})
from verification.test_w5 import fingerprint
print(fingerprint())
"""


def fingerprint() -> str:
    """Hash of everything the kernels compute here: batch, single cell, GHK and Hill laws, rests."""
    from verification.build import as_cell, draw

    digest = hashlib.sha256()
    digest.update(np.ascontiguousarray(columns(sweep(37))).tobytes())
    for i, (pump, water) in enumerate([("constant", "instant"), ("cubic", "finite"), ("hill", "rigid"), ("hill", "finite")]):
        cell = as_cell(*draw(np.random.default_rng([5, i]), pump=pump, water=water))
        run = cell.simulate(3600.0, at=np.linspace(1, 3600, 50))
        digest.update(np.ascontiguousarray([run.c_in[Na], run.c_in[K], run.c_in[Cl], run.volume, run.V]).tobytes())
    return digest.hexdigest()


def builds() -> list[str]:
    from ionflux import _dispatch

    found = ["baseline"]
    for isa in ("v3", "v4"):
        try:
            _dispatch.choose(isa)
        except ifx.InputError:
            continue
        found.append(isa)
    return found


def test_instruction_sets_agree_bit_for_bit() -> None:
    from ionflux import _dispatch

    isas = builds()
    if len(isas) == 1:
        pytest.skip("only the baseline build runs here")
    tests = os.fspath(models.DATA.parent)
    [here] = (isa for isa in isas if _dispatch.choose(isa) is _dispatch.kernels)
    results = {here: fingerprint()}
    for isa in {*isas} - {here}:
        env = os.environ | {"IONFLUX_ISA": isa}
        done = subprocess.run([sys.executable, "-c", HASH.format(tests=tests)], env=env, capture_output=True, text=True, check=True)
        results[isa] = done.stdout.strip()
    assert len(set(results.values())) == 1, results


@pytest.mark.slow
def test_sweep_of_ten_thousand_cells_has_no_failure_and_keeps_its_gate() -> None:
    result = sweep(10_000)
    assert np.all(np.asarray(result.status) == ifx.Status.OK)
    assert relative_error(columns(result)[:20], DATA["sweep"]) < 2e-5
