"""The calculators of the shell say what the formulas say, in words with units, and refuse bare numbers."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Ca, Cl, K, Na
from ionflux.cli import Exit, main
from ionflux.formula_plots import plot_ghk

pytest.importorskip("typer")
pytest.importorskip("pydantic")
SALT = ["--bath", "Na=150 mM", "--bath", "Cl=0.15 M"]
LEAKS = ["--in", "K=140 mM", "--in", "Na=12 mM", "--out", "K=5 mM", "--out", "Na=145 mM"]


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == Exit.OK
    out, err = capsys.readouterr()
    assert err == ""
    return {name: row["value"] for name, row in json.loads(out).items()}


def test_nernst(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(["nernst", "K", "--in", "140 mM", "--out", "5 mM", "--V", "-70 mV"], capsys)
    E = ifx.nernst(K, c_in=140.0, c_out=5.0)
    assert found == {"E": E, "driving force": -0.07 - E}
    real = told(["nernst", "Ca", "--in", "100 nM", "--out", "1.8 mM", "--T", "25 degC", "--gamma-in", "0.4", "--gamma-out", "0.3"], capsys)
    assert real["E"] == pytest.approx(ifx.nernst(Ca, c_in=1e-4, c_out=1.8, T=298.15, gamma_in=0.4, gamma_out=0.3), rel=1e-14)
    assert told(["nernst", "La:3", "--in", "1 mM", "--out", "2 mM"], capsys)["E"] == ifx.nernst(3, c_in=1.0, c_out=2.0)
    assert main(["nernst", "K", "--in", "140 mM", "--out", "5 mM"]) == Exit.OK
    assert "−89.0587  mV" in capsys.readouterr().out


def test_ghk(capsys: pytest.CaptureFixture[str]) -> None:
    sides: Any = {"c_in": {K: 140.0, Na: 12.0}, "c_out": {K: 5.0, Na: 145.0}}
    assert told(["ghk", "--P", "K=1", "--P", "Na=0.04", *LEAKS], capsys) == {"V": ifx.ghk_voltage({K: 1.0, Na: 0.04}, **sides)}
    pumped = told(["ghk", "--P", "K=1", "--P", "Na=4e-2", *LEAKS, "--pump-ratio", "1.5"], capsys)
    assert pumped["V"] == ifx.ghk_voltage({K: 1.0, Na: 0.04}, **sides, pump_ratio=1.5)
    found = told(["ghk", "--P", "K=1e-6 cm/s", "--P", "Na=1 nm/s", *LEAKS, "--V", "-70 mV"], capsys)
    current = ifx.ghk_membrane({K: 1e-8, Na: 1e-9}, V=-0.07, **sides).current
    assert found["I K"] == pytest.approx(current[K], rel=1e-14)
    assert found["I total"] == pytest.approx(current[K] + current[Na], rel=1e-13)


def test_donnan_debye_and_surface(capsys: pytest.CaptureFixture[str]) -> None:
    salt = {Na: 150.0, Cl: 150.0}
    found = told(["donnan", *SALT, "--X", "-100 mM"], capsys)
    exact = ifx.donnan(salt, -100.0)
    assert found == {"phi": exact.phi, "c Cl": exact.c[Cl], "c Na": exact.c[Na], "osmotic pressure": exact.osmotic_pressure}
    found = told(["debye", *SALT, "--eps", "78.5", "--T", "298.15 K"], capsys)
    assert found["Debye length"] == ifx.debye_length(150.0, eps_r=78.5, T=298.15)
    assert found["Bjerrum length"] == ifx.bjerrum_length(eps_r=78.5, T=298.15)
    assert found["gamma Na"] == found["gamma Cl"] == ifx.activity_coefficient(1, 150.0, eps_r=78.5, T=298.15)
    layer = ifx.double_layer(salt, sigma=-0.02)
    found = told(["surface", *SALT, "--sigma", "-0.02 C/m^2"], capsys)
    assert found["potential"] == layer.psi_0
    assert found["enrichment Na"] == layer.enrichment(Na)
    back = told(["surface", *SALT, "--psi", f"{layer.psi_0!r} V"], capsys)
    assert back["surface charge"] == pytest.approx(-0.02, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nernst", "K", "--in", "140", "--out", "5 mM"], "--in: 140 has no unit"),
        (["nernst", "K", "--in", "140 mV", "--out", "5 mM"], "--in"),
        (["nernst", "K", "--in=-140 mM", "--out", "5 mM"], "c_in = -140"),
        (["nernst", "Kalium", "--in", "140 mM", "--out", "5 mM"], "there is no ion 'Kalium'"),
        (["nernst", "K", "--in", "140 mM"], "--out"),
        (["nernst", "K", "--in", "140 mM", "--out", "5 mM", "--T", "37"], "--T"),
        (["ghk", "--P", "K", *LEAKS], "write --P ION=VALUE"),
        (["ghk", "--P", "K=1", "--P", "K=2", *LEAKS], "K is given twice"),
        (["ghk", "--P", "K=1", *LEAKS, "--V", "-70 mV"], "permeabilities with a unit"),
        (["ghk", "--P", "Cl=1", *LEAKS], "c_in has no 'Cl'"),
        (["ghk", "--P", "K=0", *LEAKS], "no ion is permeant"),
        (["donnan", *SALT, "--X", "-100 mV"], "--X"),
        (["surface", *SALT], "exactly one of sigma"),
    ],
)
def test_bad_input_is_2_and_names_the_option(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == Exit.BAD_INPUT
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_the_figure_of_a_constant_field_touches_ohms_law_at_the_reversal_potential() -> None:
    pytest.importorskip("matplotlib")
    ax = plot_ghk(K, P=1e-8, c_in=140.0, c_out=5.0)
    field, ohm, point = ax.lines[2:]
    E = ifx.nernst(K, c_in=140.0, c_out=5.0) * 1e3
    assert point.get_xdata()[0] == pytest.approx(E)
    V = field.get_xdata()
    difference = field.get_ydata() - ohm.get_ydata()
    near = np.abs(V - E) < 1.0
    assert np.max(np.abs(difference[near])) < 1e-2 * np.max(np.abs(field.get_ydata()[near]))
    assert np.all(difference >= -1e-12), "more potassium inside than outside: the field carries it out more easily"
    assert "K⁺" in ax.get_ylabel()
    empty = plot_ghk(K, P=1e-8, c_in=140.0, c_out=0.0, ax=plot_ghk(Na, P=1e-8, c_in=12.0, c_out=145.0))
    assert len(empty.lines) == 8
    assert math.isfinite(empty.get_ylim()[1])
