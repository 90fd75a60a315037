"""Tables of fluxes as a block of numbers: the same fluxes from C, C++, Cython and NumPy, and no harm from a damaged one."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Ca, Cl, FluxTable, IonSpecies, K, Layer, Membrane1D, Na
from ionflux._dispatch import choose_films, films
from ionflux.flux_axes import chain
from ionflux.flux_blocks import pack

IN, OUT = {K: 140.0, Na: 12.0, Cl: 152.0}, {K: 5.0, Na: 145.0, Cl: 150.0}
NOT_FINITE, OUTSIDE, NEGATIVE, NO_TABLE = 1, 2, 4, 8
UREA, BIG = IonSpecies("urea", 0, D=1.4e-9), IonSpecies("a_very_large_ion_a_polymer", -1, D=1e-10)
WATER = Layer(10e-9, eps_r=74.0)
LIPID = Membrane1D(
    [WATER, Layer(4e-9, eps_r=2.0, D_factor=0.1, partition={K: 1e-3, Na: 4e-5, Cl: 4.5e-4}), WATER], surface_charge=[-0.05, -0.02]
)


@functools.cache
def salt() -> FluxTable:
    return LIPID.table(IN, OUT, V=(-0.15, 0.15), vary={"left.K.with_Cl": (50.0, 250.0)}, tol=1e-4)


@functools.cache
def three() -> FluxTable:
    return LIPID.table(IN, OUT, V=(-0.1, 0.08), vary={"left.K.with_Na": (100.0, 150.0), "right.K.with_Na": (2.0, 20.0)}, tol=1e-4)


@functools.cache
def calcium() -> FluxTable:
    """Ions of all kinds: divalent, neutral, blocked, and one that is not there but for its name."""
    film = Membrane1D(Layer(5e-9, eps_r=40.0, fixed_charge=-30.0, partition={BIG: 0.0}))
    left = {K: 100.0, Ca: 0.5, Cl: 96.0, BIG: 5.0, UREA: 3.0}
    return film.table(left, {Ca: 2.0, Na: 100.0, Cl: 104.0, UREA: 1.0}, V=(-0.1, 0.1), tol=1e-4)


@pytest.fixture(scope="module", params=[salt, three, calcium], ids=["merged", "chain", "V alone"])
def table(request: pytest.FixtureRequest) -> FluxTable:
    made = request.param()
    assert isinstance(made, FluxTable)
    return made


def states(table: FluxTable, n: int, seed: int = 0) -> tuple[Any, Any, Any]:
    """Voltages (n,) and concentrations (ions, n), anywhere in the table and far from what it was made for beside that."""
    random = np.random.default_rng(seed)
    V = random.uniform(*table.V, n)
    sides = [10.0 ** random.uniform(-6, 3, (len(table.ions), n)) for _ in range(2)]
    for axis in table.axes[1:]:
        side, name = axis.name.split(".")[:2]
        sides[side == "right"][[ion.name for ion in table.ions].index(name)] = random.uniform(axis.lo, axis.hi, n)
    return V, sides[0], sides[1]


def by_ion(table: FluxTable, c: Any) -> dict[IonSpecies, Any]:
    return dict(zip(table.ions, c, strict=True))


def one_way(table: FluxTable, V: Any, c_in: Any, c_out: Any) -> Any:
    """What an ion's flux is the difference of, roughly: the scale of rounding."""
    P = table.permeability(V=V, c_in=by_ion(table, c_in), c_out=by_ion(table, c_out))
    u = np.array([abs(ion.z) for ion in table.ions])[:, None] * np.abs(V) * 96485.33212331002 / (8.31446261815324 * table.T)
    return np.array([P[ion] for ion in table.ions]) * (c_in + c_out) * (1.0 + u)


def call(function: Any, block: Any, V: float, c_in: Any, c_out: Any, ions: int) -> tuple[int, Any, float, float]:
    """One state by way of the address of the compiled function."""
    J, I, slope = np.full(ions, 7.0), np.full(1, 7.0), np.full(1, 7.0)
    c_in, c_out = (None if c is None else np.ascontiguousarray(c, dtype=np.float64) for c in (c_in, c_out))
    at = [None if x is None else x.ctypes.data for x in (c_in, c_out)]
    status = function(None if block is None else block.ctypes.data, V, *at, J.ctypes.data, I.ctypes.data, slope.ctypes.data)
    return status, J, float(I[0]), float(slope[0])


# ---- one formula -----------------------------------------------------------------------------------------------------------------


def test_the_fluxes_of_a_block_are_permeabilities_times_goldmans_drive(table: FluxTable) -> None:
    V, c_in, c_out = states(table, 4000)
    got = table(V=V, c_in=by_ion(table, c_in), c_out=by_ion(table, c_out))
    columns = [V]
    for axis in table.axes[1:]:
        side, name = axis.name.split(".")[:2]
        columns.append((c_out if side == "right" else c_in)[[ion.name for ion in table.ions].index(name)])
    known = [axis(x) for axis, x in zip(table.axes, columns, strict=True)]
    scale, current = one_way(table, V, c_in, c_out), 0.0
    for i, (ion, cores) in enumerate(table.chains.items()):
        P = chain(cores, known) if cores else np.zeros_like(V)
        J = ifx.ghk_flux(ion, P=1.0, V=V, c_in=c_in[i], c_out=c_out[i], T=table.T) * P if ion.z else P * (c_in[i] - c_out[i])
        assert np.max(np.abs(got.J[ion] - J) / np.maximum(scale[i], 1e-300)) < 1e-14
        current = current + ion.z * 96485.33212331002 * J
    assert np.max(np.abs(got.I - current) / (96485 * np.sum(scale, axis=0))) < 1e-13


def test_the_derivative_is_that_of_the_current(table: FluxTable) -> None:
    V, c_in, c_out = states(table, 500, seed=1)
    V, h = 0.98 * V, 1e-5
    at = {"c_in": by_ion(table, c_in), "c_out": by_ion(table, c_out)}
    I = [table(V=V + k * h, **at).I for k in (-2, -1, 1, 2)]
    slope = (8 * (I[2] - I[1]) - (I[3] - I[0])) / (12 * h)
    size = 96485 * np.sum(one_way(table, V, c_in, c_out), axis=0) / 0.0267
    assert np.max(np.abs(table(V=V, **at).dI_dV - slope) / size) < 1e-9


def test_the_channel_of_a_cell_gives_the_same_fluxes_and_conductance(table: FluxTable) -> None:
    V, c_in, c_out = states(table, 500, seed=3)
    at = {"c_in": by_ion(table, c_in), "c_out": by_ion(table, c_out)}
    got, seen, scale = table(V=V, **at), ifx.Channel("pore", table=table).evaluate(V=V, **at), one_way(table, V, c_in, c_out)
    for ion, size in zip(table.ions, scale, strict=True):
        assert np.max(np.abs(got.J[ion] - seen.flux[ion.name]) / np.maximum(size, 1e-300)) < 3e-15
    np.testing.assert_allclose(got.dI_dV, seen.dI_dV, rtol=1e-14)


def test_no_ion_flows_up_its_gradient_in_any_language(table: FluxTable) -> None:
    V, c_in, c_out = states(table, 3000, seed=2)
    function, block, n = FluxTable.function(), table.packed(), len(table.ions)
    drive = np.array([ion.z for ion in table.ions])[:, None] * V * 96485.33212331002 / (8.31446261815324 * table.T) + np.log(c_in / c_out)
    all_at_once = table(V=V, c_in=by_ion(table, c_in), c_out=by_ion(table, c_out))
    for k in range(0, 3000, 3):
        status, J, I, slope = call(function, block, V[k], c_in[:, k], c_out[:, k], n)
        assert status == 0
        assert all(j == 0 or np.sign(j) == np.sign(d) for j, d in zip(J, drive[:, k], strict=True))
        assert (I, slope) == (all_at_once.I[k], all_at_once.dI_dV[k])  # alone and in an array to the last bit
        assert list(J) == [x[k] for x in all_at_once.J.values()]


def test_two_axes_multiplied_out_are_the_same_as_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    table = salt()
    merged = table.packed()
    monkeypatch.setattr("ionflux.flux_blocks._MERGED", 0)
    apart = pack(table.axes, table.chains, table.left, table.right, T=table.T, tol=table.tol, error=table.error)
    assert (merged[10], apart[10]) == (1.0, 0.0)
    assert films.flux_table_check(apart) == 0
    V, c_in, c_out = states(table, 1000)
    found = []
    for block in (merged, apart):
        J, P, I, slope = np.empty((3, 1000)), np.empty((3, 1000)), np.empty(1000), np.empty(1000)
        films.flux_table(block, V, c_in, c_out, J, P, I, slope)
        found.append(P)
    np.testing.assert_allclose(*found, rtol=3e-15)


def test_every_build_gives_the_same_bits(table: FluxTable) -> None:
    V, c_in, c_out = states(table, 1003)
    builds = []
    for isa in ("baseline", "v3", "v4"):
        try:
            builds.append(choose_films(isa))
        except ifx.InputError:
            continue
    found = []
    for build in builds:
        n = len(table.ions)
        out = np.empty((n, 1003)), np.empty((n, 1003)), np.empty(1003), np.empty(1003)
        build.flux_table(table.packed(), V, c_in, c_out, *out)
        found.append(np.concatenate([x.reshape(-1) for x in out]).tobytes())
    assert len(set(found)) == 1


# ---- what a block is -------------------------------------------------------------------------------------------------------------


def test_a_block_cannot_be_changed_and_is_the_same_after_a_file(table: FluxTable, tmp_path: Path) -> None:
    block = table.packed()
    assert block is table.packed()
    assert (block.dtype, block.ndim, block.flags.c_contiguous, block.flags.writeable) == (np.float64, 1, True, False)
    assert block[2] == len(block)
    for other in (ifx.load(table.save(tmp_path / "table.npz")), pickle.loads(pickle.dumps(table))):
        assert np.array_equal(other.packed(), block)


def test_wrong_states_are_named_and_spoil_only_what_depends_on_them(table: FluxTable) -> None:
    n, block = len(table.ions), table.packed()
    strict, held = FluxTable.function(), FluxTable.function(held=True)
    lo, hi = table.V
    assert call(strict, None, 0.0, None, None, n)[0] == NO_TABLE
    assert call(strict, np.zeros(100), 0.0, None, None, n)[0] == NO_TABLE
    for V, why in ((hi + 1e-6, OUTSIDE), (lo - 1.0, OUTSIDE), (np.nan, NOT_FINITE), (-np.inf, NOT_FINITE)):
        status, *values = call(strict, block, V, None, None, n)
        assert status == why
        assert all(np.all(np.isnan(x)) for x in values)
    # rounding of an end is no reason
    assert call(strict, block, hi * (1 + 1e-15), None, None, n)[0] == 0

    names = [ion.name for ion in table.ions]
    left = {axis.name.split(".")[1]: axis.lo for axis in table.axes if axis.name.startswith("left")}
    free = max(i for i, name in enumerate(names) if name not in left)
    for bad, why in ((np.nan, NOT_FINITE), (np.inf, NOT_FINITE), (-1e-9, NEGATIVE)):
        c = np.array([left.get(name, 10.0) for name in names])
        c[free] = bad
        status, J, I, _ = call(strict, block, 0.01, c, None, n)
        assert status == why
        assert np.array_equal(np.isnan(J), np.arange(n) == free)
        assert np.isnan(I)

    # held: the permeability of the edge, the drive of the place
    status, J, I, slope = call(held, block, hi + 0.05, None, None, n)
    assert status == OUTSIDE
    P = table.permeability(V=hi)
    for ion, j in zip(table.ions, J, strict=True):
        c = table.left[ion], table.right[ion]
        want = ifx.ghk_flux(ion, P=1.0, V=hi + 0.05, c_in=c[0], c_out=c[1], T=table.T) * P[ion] if ion.z else P[ion] * (c[0] - c[1])
        assert j == pytest.approx(want, rel=1e-12, abs=1e-30)
    h = 1e-5
    around = [call(held, block, hi + 0.05 + d, None, None, n)[2] for d in (-h, h)]
    assert slope == pytest.approx((around[1] - around[0]) / (2 * h), rel=1e-6)
    assert np.all(np.isnan(call(held, block, np.nan, None, None, n)[1]))


def test_a_concentration_beyond_the_table_is_told_and_held() -> None:
    table = salt()
    strict, held = FluxTable.function(), FluxTable.function(held=True)
    V, c = 0.02, np.array([400.0, 12.0, 412.0])
    status, J, *_ = call(strict, table.packed(), V, c, None, 3)
    assert (status, np.all(np.isnan(J))) == (OUTSIDE, True)
    status, J, *_ = call(held, table.packed(), V, c, None, 3)
    assert status == OUTSIDE
    P = table.permeability(V=V, c_in={K: 250.0})
    assert J == pytest.approx([ifx.ghk_flux(ion, P=P[ion], V=V, c_in=x, c_out=OUT[ion]) for ion, x in zip(table.ions, c, strict=True)])


def test_damaged_blocks_are_recognised_or_at_least_stay_within_themselves(table: FluxTable) -> None:
    block, n = table.packed(), len(table.ions)
    assert films.flux_table_check(block) == 0
    assert films.flux_table_check(np.empty(0)) == films.flux_table_check(block[:10]) == -1
    assert films.flux_table_check(block.byteswap()) == -1
    assert films.flux_table_check(block[:-1]) == films.flux_table_check(np.append(block, 0.0)) == -3
    newer = block.copy()
    newer[1] = 2.0
    assert films.flux_table_check(newer) == -2
    random, function = np.random.default_rng(5), FluxTable.function()
    V, c_in, c_out = states(table, 8)
    front = 16 + 8 * n + 12 * len(table.axes) + 2 * n * len(table.axes)
    noticed = 0
    values = (np.nan, np.inf, -np.inf, -1.0, 0.5, 1e300, 1e9, 2.0**31, 640.0, 5e-324)
    for i in range(front):
        for value in (*values, block[i] + 1.0, 2.0 * block[i], random.normal()):
            hurt = block.copy()
            hurt[i] = value
            if films.flux_table_check(hurt):
                noticed += 1
                continue
            for k in range(8):
                call(function, hurt, V[k], c_in[:, k], c_out[:, k], n)
    assert noticed > 4 * front
    hurt = block.copy()
    hurt[-1] = np.nan
    assert films.flux_table_check(hurt) == -4
    with pytest.raises(ValueError, match="arrays of a table"):
        films.flux_table(block[:-1], V, c_in, c_out, *[np.empty((n, 8))] * 2, *[np.empty(8)] * 2)


def test_the_headers_are_where_a_compiler_is_told_to_look() -> None:
    folder = Path(ifx.get_include())
    for name in ("ionflux_flux_table.h", "ionflux_flux_table_check.h", "ionflux_numbers.h"):
        text = (folder / name).read_text()
        code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        code = re.sub(r'^#include.*$|"[^"]*"|0x[0-9a-f]+|\b\d[\w.]*(?:e-\d+)?', "", code, flags=re.MULTILINE)
        words = set(re.findall(r"[A-Za-z_]\w*", code))
        language = {
            "static", "inline", "const", "double", "int", "void", "char", "unsigned", "return", "if", "else", "for", "continue", "enum",
            "sizeof", "size_t", "ptrdiff_t", "uint64_t", "uint32_t", "int64_t", "memcpy", "NULL", "UINT64_C", "define", "ifndef", "endif",
            "defined", "__GNUC__", "__clang__", "__attribute__", "always_inline", "unused", "IONFLUX_NUMBERS_H", "IONFLUX_FLUX_TABLE_H",
            "IONFLUX_FLUX_TABLE_CHECK_H",
        }  # fmt: skip
        assert {w for w in words if not w.lower().startswith("ifx_")} <= language


# ---- other languages -------------------------------------------------------------------------------------------------------------

#: macros like those of a mod file, then the header alone
PROGRAM = r"""
#define v _v
#define t _nt_t
#define nai _p[0]
#define ko _p[1]
#define celsius _celsius
#define exp hoc_Exp
#include "ionflux_flux_table.h"
#undef v
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    double *block = (double *)malloc(1 << 22), x[64], J[32], I, dI_dV;
    FILE *file = fopen(argv[1], "rb");
    size_t n = fread(block, sizeof(double), 1 << 19, file);
    int ions = ifx_flux_table_ions(block), i, code = ifx_flux_table_check(block, n);
    if (argc < 3 || code || ifx_flux_table_find(block, argv[2]) != ions - 1 || ifx_flux_table_find(block, "Zn") != -1) return 1;
    while (fread(x, sizeof(double), 1 + 2 * (size_t)ions, stdin) > 0) {
        printf("%d", ifx_flux_table(block, x[0], x + 1, x + 1 + ions, J, &I, &dI_dV));
        for (i = 0; i < ions; ++i) printf(" %.17g", J[i]);
        printf(" %.17g %.17g\n", I, dI_dV);
    }
    fclose(file);
    free(block);
    return 0;
}
"""
WARNINGS = ("-O1", "-ffp-contract=off", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")


def compiled(folder: Path, *flags: str) -> Path:
    (folder / "host.c").write_text(PROGRAM)
    command = [*flags, *WARNINGS, f"-I{ifx.get_include()}", "host.c", "-o", "host"]
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return folder / "host"


@pytest.mark.parametrize("flags", [("cc", "-std=c99"), ("c++", "-std=c++11", "-xc++")], ids=["C99", "C++11"])
def test_a_program_that_has_the_header_and_a_file_alone_gives_the_same_fluxes(flags: tuple[str, ...], tmp_path: Path) -> None:
    host = compiled(tmp_path, *flags)
    for made in (salt(), calcium()):
        made.packed().tofile(tmp_path / "block")
        V, c_in, c_out = states(made, 300)
        asked = np.concatenate([V[None], c_in, c_out]).T.tobytes()
        last = made.ions[-1].name
        run = subprocess.run([host, tmp_path / "block", last], input=asked, capture_output=True, check=True)
        found = np.array([[float(x) for x in line.split()] for line in run.stdout.splitlines()]).T
        want = made(V=V, c_in=by_ion(made, c_in), c_out=by_ion(made, c_out))
        assert not np.any(found[0])
        assert np.array_equal(found[1:], [*want.J.values(), want.I, want.dI_dV])


NUMBERS = """
#include "ionflux_numbers.h"
void numbers(const double *x, double *out, int n) {
    int i;
    for (i = 0; i < n; ++i, out += 5) {
        out[0] = ifx_log(x[i] < 0 ? -x[i] : x[i]);
        ifx_bernoulli(x[i], out + 1, out + 2);
        ifx_bernoulli_slopes(x[i], out[1], out[2], out + 3, out + 4);
    }
}
"""


def test_the_header_s_own_functions_are_good_to_a_few_units_in_the_last_place(tmp_path: Path) -> None:
    exact: Any = np.longdouble
    if np.finfo(exact).eps > 1e-18:
        pytest.skip("needs a long double that is longer")
    if shutil.which("cc") is None:
        pytest.skip("needs cc")
    (tmp_path / "numbers.c").write_text(NUMBERS)
    command = ["cc", "-O1", "-shared", "-fPIC", f"-I{ifx.get_include()}", "numbers.c", "-o", "numbers.so"]
    subprocess.run(command, cwd=tmp_path, check=True)
    random = np.random.default_rng(6)
    x = np.concatenate([random.uniform(-s, s, 20_000) for s in (1.0, 4.0, 50.0, 700.0)] + [10.0 ** random.uniform(-300, 2, 20_000)])
    out = np.empty((len(x), 5))
    ctypes.CDLL(str(tmp_path / "numbers.so")).numbers(ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(out.ctypes.data), len(x))
    a, up = np.abs(x.astype(exact)), x > 0
    B, slope = a / np.expm1(a), (np.expm1(a) - a * np.exp(a)) / np.expm1(a) ** 2
    slope = np.where(a < 0.05, -0.5 + a / 6 - a**3 / 180 + a**5 / 5040 - a**7 / 151200, slope)
    want = [np.log(a), np.where(up, B, B + a), np.where(up, B + a, B), np.where(up, slope, -1 - slope), np.where(up, -1 - slope, slope)]
    worst = [float(np.max(np.abs(y - w) / np.spacing(np.abs(w.astype(float))))) for y, w in zip(out.T.astype(exact), want, strict=True)]
    assert max(worst[:3]) < 2.5
    assert max(worst[3:]) < 6.0


@pytest.mark.slow
def test_no_damage_that_the_check_lets_pass_reads_or_writes_beyond_the_block(tmp_path: Path) -> None:
    code = r"""
#include "ionflux_flux_table.h"
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    FILE *file = fopen(argv[argc - 1], "rb");
    double *all = (double *)malloc(1 << 22), c[64], J[20000], *block;
    size_t n = fread(all, sizeof(double), 1 << 19, file), i, passed = 0;
    unsigned long k;
    for (i = 0; i < 64; ++i) c[i] = 120.0;
    srand(1);
    block = (double *)malloc(n * sizeof(double));
    for (k = 0; k < 60000; ++k) {
        memcpy(block, all, n * sizeof(double));
        for (i = 0; i < 1 + k % 2; ++i) {
            size_t at = (size_t)rand() % (k % 4 ? 170 : n);
            double was = block[at];
            switch (rand() % 7) {
                case 0: block[at] = (double)(rand() % 1000); break;
                case 1: block[at] = was + (double)(rand() % 20 - 10); break;
                case 2: block[at] = -was; break;
                case 3: block[at] = was * 1e6; break;
                case 4: block[at] = (double)rand() / 7.0; break;
                case 5: ((unsigned char *)(block + at))[rand() % 8] ^= (unsigned char)(1 << rand() % 8); break;
                default: block[at] = 0.0;
            }
        }
        if (ifx_flux_table_check(block, n) || ifx_flux_table_ions(block) > 32) continue;
        ++passed;
        for (i = 0; i < 4; ++i) ifx_flux_table_held(block, -0.4 + 0.25 * (double)i, c, c, J, J + 10000, J + 10001);
        ifx_flux_table_find(block, "Na");
    }
    printf("%zu", passed);
    free(all);
    free(block);
    return fclose(file);
}
"""
    (tmp_path / "fuzz.c").write_text(code)
    command = [
        "cc",
        "-O1",
        "-g",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        f"-I{ifx.get_include()}",
        "fuzz.c",
        "-o",
        "fuzz",
    ]
    if shutil.which("cc") is None or subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode:
        pytest.skip("needs a C compiler with sanitizers")
    for made in (salt(), three(), calcium()):
        made.packed().tofile(tmp_path / "block")
        run = subprocess.run([tmp_path / "fuzz", tmp_path / "block"], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr[:2000]
        assert int(run.stdout) > 1000


CYTHON = """# cython: language_level=3
from ionflux.core.flux_table cimport IFX_FLUX_TABLE_OK, ifx_flux_table, ifx_flux_table_check


def total(const double[::1] block, const double[::1] V, const double[:, ::1] c_in, const double[:, ::1] c_out, double[:, ::1] J):
    cdef Py_ssize_t k, good = 0
    if ifx_flux_table_check(&block[0], block.shape[0]):
        raise ValueError("no table")
    with nogil:
        for k in range(V.shape[0]):
            good += ifx_flux_table(&block[0], V[k], &c_in[k, 0], &c_out[k, 0], &J[k, 0], NULL, NULL) == IFX_FLUX_TABLE_OK
    return good
"""


@pytest.mark.slow
def test_a_module_of_somebody_else_cimports_it(tmp_path: Path) -> None:
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools")
    (tmp_path / "host.pyx").write_text(CYTHON)
    (tmp_path / "setup.py").write_text(
        "import ionflux\nfrom Cython.Build import cythonize\nfrom setuptools import Extension, setup\n"
        "setup(ext_modules=cythonize([Extension('host', ['host.pyx'], include_dirs=[ionflux.get_include()])]))\n"
    )
    run = subprocess.run([sys.executable, "setup.py", "build_ext", "-i"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    [path] = tmp_path.glob("host*.so")
    spec = importlib.util.spec_from_file_location("host", path)
    assert spec is not None
    assert spec.loader is not None
    host = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(host)
    table = salt()
    V, c_in, c_out = states(table, 200)
    J = np.empty((200, 3))
    assert host.total(table.packed(), V, c_in.T.copy(), c_out.T.copy(), J) == 200
    want = table(V=V, c_in=by_ion(table, c_in), c_out=by_ion(table, c_out))
    np.testing.assert_allclose(J.T, [*want.J.values()], rtol=1e-13, atol=1e-14 * np.max(np.abs(J)))


@pytest.mark.hosts
def test_numba_calls_it() -> None:
    numba = pytest.importorskip("numba")
    table, f = salt(), FluxTable.function()
    block, V = table.packed(), np.linspace(-0.1, 0.1, 50)
    at = block.ctypes.data

    @numba.njit
    def currents(V: Any) -> Any:
        out = np.empty_like(V)
        for k in range(len(V)):
            f(at, V[k], 0, 0, 0, out[k:].ctypes.data, 0)
        return out

    assert np.array_equal(currents(V), table(V=V).I)


def test_an_address_is_enough_for_other_programs() -> None:
    f = FluxTable.function()
    assert isinstance(f, ctypes._CFuncPtr)  # type: ignore[attr-defined]
    table = salt()
    current = ctypes.c_double()
    assert f(table.packed().ctypes.data, -0.03, None, None, None, ctypes.byref(current), None) == 0
    assert current.value == table(V=-0.03).I
