"""However a scenario file is mangled: a scenario or a `ScenarioError`, soon, and without filling the memory."""

from __future__ import annotations

import contextlib
import random
import resource
import sys
import time
import tracemalloc
import warnings

import pytest

import ionflux as ifx
from ionflux.scenarios import parts

pytest.importorskip("pydantic")
pytest.importorskip("pint")

SECONDS, BYTES = 2.0, 256 * 2**20
SEEDS = [
    """[cell]
preset = "dusterwald2018"
[set]
KCC2.g = "10 uS/cm^2"
"bath.K.with_Na" = "5 mM"
[schedule]
NaKATPase.scale = [{ type = "step", at = "15 min", to = 0 }, { type = "ramp", start = "75 min", stop = "195 min", to = 1 }]
"bath.osmolyte" = { type = "train", start = "1 s", period = "2 s", n = 3, width = "1 s", to = "5 mM" }
[run]
until = "4 h"
at = { unit = "min", values = [1, 2.5] }
events = [{ observable = "c_in.K", level = "100 mM", direction = "both" }]
save = "out/run.nc"
""",
    """title = "own"
[ions.Tl]
z = 1
[cell]
radius = "8 um"
C_m = "1 uF/cm^2"
T = "37 degC"
V = "-70 mV"
inside = { Na = "12 mM", K = "135 mM", Cl = "8 mM", Tl = "0.1 mM" }
bath = { Na = "145 mM", K = "4 mM", Cl = "149.1 mM", Tl = "0.1 mM", osmolyte = "2 mM" }
hold = ["c_in.Tl"]
outside_volume = "1 nL"
[cell.impermeant]
[[cell.membrane]]
type = "Leak"
ion = "K"
g = "0.2 mS/cm^2"
[[cell.membrane]]
type = "NaKATPase"
J_max = "1e-7 mol m^-2 s^-1"
label = "pump"
[[cell.membrane]]
type = "Water"
P_f = "20 um/s"
[[cell.pools]]
type = "Pool"
name = "ATP"
c = "3 mM"
[[cell.pools]]
type = "Slaved"
name = "c_in.Cl"
constant = "8 mM"
weights = { "c_in.Na" = 0.0 }
[steady_state]
electroneutral = false
[sweep]
until = "1 h"
grid = true
[sweep.vary]
pump.J_max = { start = "1e-8 mol m^-2 s^-1", stop = "1e-6 mol m^-2 s^-1", n = 3, spacing = "log" }
"leak_K.g" = ["1 S/m^2", "2 S/m^2"]
""",
]
PIECES = [
    "[", "]", "{", "}", "=", ",", ".", '"', "'", '"""', "\\", "#", "\n", "\0", "é", "￿", "nan", "inf", "-1", "1e999", "1e-400",
    "0", "true", "[[", "]]", "999999999999999999999", "0x10", "1979-05-27", "cell", "membrane", "type", "set", "mM", "mV", "degC",
    "^", "/", "preset", "V", "z", '"" = 1\n', "[cell]\n", "[[cell.membrane]]\n", "a.b.c.d.e.f = 1\n", "n = 999999\n", "n = -5\n",
    "K = {}\n", "[cell.inside]\n", "9" * 60, "[[" * 40,
]  # fmt: skip


def mangled(seed: int) -> str:
    """A scenario file with one to eight faults, the same for every seed."""
    dice = random.Random(seed)
    text = dice.choice(SEEDS)
    for _ in range(dice.choice([1, 1, 1, 2, 3, 8])):
        at, to = sorted(dice.randrange(len(text) + 1) for _ in range(2))
        lines = text.split("\n")
        kind = dice.randrange(9)
        if kind == 0:
            text = text[:at] + dice.choice(PIECES) + text[at:]
        elif kind == 1:
            text = text[:at] + text[min(to, at + dice.randrange(1, 12)) :]
        elif kind == 2:
            text = text[:at] + chr(dice.choice([dice.randrange(32, 127), dice.randrange(1, 0x3000)])) + text[at + 1 :]
        elif kind == 3:
            i, j = dice.randrange(len(lines)), dice.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i]
            text = "\n".join(lines)
        elif kind == 4:
            del lines[dice.randrange(len(lines))]
            text = "\n".join(lines)
        elif kind == 5:
            lines.insert(dice.randrange(len(lines)), dice.choice(lines))
            text = "\n".join(lines)
        elif kind == 6:  # another value
            i = dice.randrange(len(lines))
            key, sign, _ = lines[i].partition("= ")
            lines[i] = (
                key
                + sign
                + dice.choice(["1", "-1", '"1 mV"', '"1e300 mM"', "[]", "{}", "true", '""', "[[1]]", "1.5", '"0 m"', "{ a = 1 }"])
            )
            text = "\n".join(lines)
        elif kind == 7:  # another word
            words = text.split(" ")
            words[dice.randrange(len(words))] = dice.choice(dice.choice(SEEDS).split(" "))
            text = " ".join(words)
        else:
            text = text[:at] + text[at:to] * dice.choice([2, 2, 3, 30]) + text[to:]
        text = text or "\n"
    return text


def read(text: str) -> str:
    """What becomes of it, and that it takes its time and no more."""
    began = time.process_time()  # what others do on this computer does not count
    try:
        ifx.Scenario.parse(text)
        told = "read"
    except ifx.ScenarioError:
        told = "refused"
    seconds = time.process_time() - began
    assert seconds <= SECONDS, f"{seconds:.1f} s"
    return told


@pytest.fixture(autouse=True)
def quiet() -> object:
    ifx.Scenario.parse(SEEDS[0])  # units and models are made once
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ifx.IonfluxWarning)
        yield


def test_the_seeds_are_scenarios() -> None:
    assert [read(text) for text in SEEDS] == ["read", "read"]


def test_mangled_files_are_read_or_refused() -> None:
    told = [read(mangled(seed)) for seed in range(600)]
    assert 20 < told.count("read") < 400


@pytest.mark.slow
def test_the_largest_files_do_not_fill_the_memory() -> None:
    names = "\n".join(f'"leak_K.g{i}" = "1 mS/cm^2"' for i in range(2000))
    one = '[cell]\npreset = "dusterwald2018"\n[sweep]\nuntil = "1 s"\n[sweep.vary]\n'
    texts = [
        '[cell]\npreset = "dusterwald2018"\n[set]\n' + names,
        one + f'"KCC2.g" = {{ start = "1 S/m^2", stop = "2 S/m^2", n = {parts.MOST_VALUES} }}\n',
        one + "".join(f'"{name}" = {{ start = "1 S/m^2", stop = "2 S/m^2", n = 99999 }}\n' for name in ("KCC2.g", "leak_K.g", "leak_Na.g")),
        one + '"KCC2.g" = { unit = "S/m^2", values = [' + "1," * 20_000 + "] }\n",
        SEEDS[1] + '[[cell.membrane]]\ntype = "Leak"\nion = "K"\ng = "1 S/m^2"\n' * 1500,
        "".join(f"[a{i}.b.c.d.e.f.g]\n" for i in range(3000)),
    ]
    for text in texts:
        read(text)
    tracemalloc.start()  # which takes its own time
    try:
        for text in texts[1:3]:
            with contextlib.suppress(ifx.ScenarioError):
                ifx.Scenario.parse(text)
        assert tracemalloc.get_traced_memory()[1] < BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.soak
def test_a_hundred_thousand_mangled_files_are_read_or_refused() -> None:
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    for seed in range(1000, 101_000):
        read(mangled(seed))
    # all of them together stay below what one may take
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before < BYTES
