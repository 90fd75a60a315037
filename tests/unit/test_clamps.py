"""Electrodes: what is given, what they hold, and which charge they bring."""

from __future__ import annotations

import math
from typing import Any

import pytest

import ionflux as ifx
from ionflux import Bath, Ca, Cell, Cl, CurrentClamp, Impermeant, IonSpecies, K, Leak, Na, VoltageClamp
from ionflux.mechanisms import Law
from ionflux.units import mV, nA, pA, uA_per_cm2

LEAKS = (Leak(Na, g=0.1), Leak(K, g=1.0), Leak(Cl, g=0.5))


def make(*electrodes: CurrentClamp | VoltageClamp, **changes: Any) -> Cell:
    given: dict[str, Any] = {
        "area": 7e-10,
        "volume": 1.75e-15,
        "C_m": 0.01,
        "inside": {Na: 10.0, K: 140.0, Cl: 10.0},
        "bath": Bath({Na: 145.0, K: 5.0, Cl: 150.0}),
        "impermeant": Impermeant(c=140.0),
        "membrane": (*LEAKS, *electrodes),
        "V": -0.07,
    }
    return Cell(**{**given, **changes})


def charge_of(cell: Cell) -> float:
    """F Σ z n + q, C: what is on the membrane."""
    s = cell.start
    return cell.faraday * math.fsum([ion.z * n for ion, n in s.amount.items()] + [z * n for z, n in s.impermeants]) + s.electrode_charge


def test_a_current_is_of_the_cell_or_per_area() -> None:
    whole, dense = CurrentClamp(100 * pA), CurrentClamp(i=0.5 * uA_per_cm2)
    assert (whole.law, whole.strength, whole.I, dense.strength, dense.i) == (Law.CURRENT, "I", 1e-10, "i", 0.005)
    assert CurrentClamp(I=-1 * nA).I == -1e-9  # hyperpolarising
    assert set(whole.parameters()) == {"I", "scale"}
    assert repr(CurrentClamp(1e-12, carrier=K)) == "CurrentClamp(I=1e-12, carrier=K)"


@pytest.mark.parametrize(("carrier", "moves", "charge"), [(None, {}, 1), (K, {K: 1}, 1), (Cl, {Cl: 1}, -1), (Ca, {Ca: 1}, 2)])
def test_the_carrier_is_what_moves(carrier: Any, moves: Any, charge: int) -> None:
    assert (dict(CurrentClamp(1e-12, carrier=carrier).moves), CurrentClamp(1e-12, carrier=carrier).charge) == (moves, charge)
    # what a voltage clamp brings follows, and is no rate of its own
    assert (dict(VoltageClamp(-0.07, carrier=carrier).moves), VoltageClamp(-0.07, carrier=carrier).charge) == ({}, charge)


@pytest.mark.parametrize(
    ("clamp", "error", "match"),
    [
        (lambda: CurrentClamp(), ifx.InputError, "exactly one of I= or i=, not none"),
        (lambda: CurrentClamp(1e-12, i=1.0), ifx.InputError, "exactly one of I= or i=, not both"),
        (lambda: CurrentClamp(100), ifx.UnitRangeError, r"CurrentClamp.I = 100 A is outside .*; write 100\*pA"),
        (lambda: CurrentClamp(math.nan), ifx.UnitRangeError, "not a finite number"),
        (lambda: CurrentClamp(1e-12, carrier="K"), ifx.InputError, "'K' is no ion; write carrier=K"),  # type: ignore[arg-type]
        (lambda: CurrentClamp(1e-12, carrier=IonSpecies("glucose", 0)), ifx.InputError, "is no ion"),
        (lambda: VoltageClamp(-65), ifx.UnitRangeError, r"VoltageClamp.V = -65 V is outside .*; write -65\*mV"),
        (lambda: VoltageClamp(math.inf), ifx.UnitRangeError, "not a finite number"),
        (lambda: VoltageClamp(), TypeError, "V"),  # type: ignore[call-arg]
        (lambda: VoltageClamp(-0.065, scale=0.5), ifx.InputError, "nothing to scale"),
        (lambda: VoltageClamp(-0.065, carrier=1), ifx.InputError, "is no ion"),  # type: ignore[arg-type]
    ],
)
def test_clamps_refuse_slips(clamp: Any, error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        clamp()


def test_a_cell_takes_one_voltage_clamp_and_any_number_of_currents() -> None:
    cell = make(CurrentClamp(1e-12), CurrentClamp(2e-12, carrier=K, label="second"), VoltageClamp(-0.05))
    assert cell.clamp == VoltageClamp(-0.05)
    assert cell.labels == ("leak_Na", "leak_K", "leak_Cl", "CurrentClamp", "second")
    assert make().clamp is None
    assert {"CurrentClamp.I", "second.I", "VoltageClamp.V"} <= set(cell.parameters())
    assert "VoltageClamp.scale" not in cell.parameters()
    with pytest.raises(ifx.ModelError, match="one VoltageClamp; give it a schedule"):
        make(VoltageClamp(-0.05), VoltageClamp(-0.06, label="other"))
    with pytest.raises(ifx.InputError, match="label='CurrentClamp_2'"):
        make(CurrentClamp(1e-12), CurrentClamp(2e-12))
    with pytest.raises(ifx.InputError, match="its carrier Ca is not inside"):
        make(VoltageClamp(-0.05, carrier=Ca))
    with pytest.raises(ifx.InputError, match=r"CurrentClamp needs \[Ca\] inside"):
        make(CurrentClamp(1e-12, carrier=Ca))
    with pytest.raises(ifx.ModelError, match="VoltageClamp with potential='electroneutral'"):
        make(VoltageClamp(-0.05), potential="electroneutral", V=None)


def test_a_clamped_cell_starts_at_its_own_v_or_at_that_of_the_clamp() -> None:
    assert make(VoltageClamp(-0.05)).start.V == -0.07
    cell = make(VoltageClamp(-0.05), V=None)
    assert cell.start.V == -0.05
    assert cell.parameters()["V"].source == "held by the clamp"
    assert cell.start.electrode_charge == 0  # the open valence of the impermeant has taken it
    assert charge_of(cell) == pytest.approx(cell.C_m * cell.area * -0.05, rel=1e-8)


@pytest.mark.parametrize("V", [None, -0.07])
def test_what_is_missing_to_the_charge_is_on_the_electrode(V: float | None) -> None:
    cell = make(VoltageClamp(-0.05), V=V, impermeant=Impermeant(z=-1.0, c=140.0))
    V = -0.05 if V is None else V
    assert dict(cell.start.c_in) == {Na: 10.0, K: 140.0, Cl: 10.0}
    assert cell.start.electrode_charge == pytest.approx(cell.C_m * cell.area * V, rel=1e-12)
    assert charge_of(cell) == pytest.approx(cell.C_m * cell.area * V, rel=1e-12)
    assert "state.electrode_charge" not in cell.parameters()
    with pytest.raises(ifx.InputError, match="what the clamp needs for its V"):
        cell.replace({"state.electrode_charge": 1e-14})


def test_under_a_clamp_sizes_change_the_electrode_and_solutes_change_an_ion() -> None:
    cell = make(VoltageClamp(-0.05), V=None, impermeant=Impermeant(z=-1.0, c=140.0))
    other = cell.replace({"VoltageClamp.V": -0.08})
    assert dict(other.inside) == dict(cell.inside)
    assert other.start.electrode_charge == pytest.approx(1.6 * cell.start.electrode_charge)
    assert cell.replace({"C_m": 0.02}).start.electrode_charge == pytest.approx(2 * cell.start.electrode_charge)
    changed = cell.replace({"impermeant.z": -1.1})
    assert changed.inside[K] == pytest.approx(154.0)
    assert changed.start.electrode_charge == pytest.approx(cell.start.electrode_charge, rel=1e-6)


def test_charge_that_electrodes_have_brought_counts_in_v() -> None:
    q = 2e-13
    cell = make(V=None, impermeant=Impermeant(z=-1.0, c=140.0), state={"electrode_charge": q})
    assert cell.start.electrode_charge == q
    assert cell.start.V == pytest.approx(q / (cell.C_m * cell.area))
    assert cell.replace({"state.electrode_charge": 2 * q}).start.V == pytest.approx(2 * cell.start.V)
    given = make(V=-0.07, state={"electrode_charge": q})
    assert charge_of(given) == pytest.approx(given.C_m * given.area * -0.07, rel=1e-8)
    neutral = make(V=None, state={"electrode_charge": q}, potential="electroneutral")
    assert charge_of(neutral) == pytest.approx(0, abs=1e-8 * q)


@pytest.mark.parametrize(
    ("state", "error", "match"),
    [
        ({"electrode": 1e-14}, ifx.UnknownNameError, "no state 'electrode' .did you mean 'electrode_charge'"),
        ({"electrode_charge": 100.0}, ifx.UnitRangeError, r"100 C is outside .*; write 100\*fC"),
        ({"electrode_charge": math.nan}, ifx.InputError, "not a finite number"),
        ({"electrode_charge": "1 fC"}, ifx.InputError, "is not a number"),
        ({K: 1.0}, ifx.InputError, "is no name"),
        (1e-14, ifx.InputError, "give a mapping from name to number"),
    ],
)
def test_a_state_that_makes_no_sense_is_refused(state: Any, error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        make(state=state)


def test_a_fixed_reversal_moves_charge_and_no_ion() -> None:
    leak = Leak(K, g=1.0, E=-90 * mV)
    assert (leak.fixed, dict(leak.moves), leak.charge, leak.law, leak.strength) == (True, {}, 1, Law.OHMIC, "g")
    assert (Leak(Ca, g=1.0, E=0.1).charge, Leak(K, g=1.0).fixed) == (2, False)
    assert set(leak.parameters()) == {"g", "E", "scale"}
    with pytest.raises(ifx.InputError, match="give g= with E="):
        Leak(K, P=1e-8, E=-0.09)
    with pytest.raises(ifx.UnitRangeError, match=r"write -90\*mV"):
        Leak(K, g=1.0, E=-90)
