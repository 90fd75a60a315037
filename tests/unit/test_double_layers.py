"""Double layers: reference values, what broadcasts, what is refused, and laws that hold whatever the numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

import ionflux as ifx
from ionflux import SO4, Ca, Cl, IonSpecies, K, Mg, Na, species
from ionflux.constants import FARADAY, GAS_CONSTANT

VT = GAS_CONSTANT * 310.15 / FARADAY
PHYS = {Na: 145.0, K: 5.0, Ca: 2.0, Mg: 1.0, Cl: 156.0}
LA = IonSpecies("La", 3)
X = IonSpecies("X", 0)
SALTS = [{Na: 100.0, Cl: 100.0}, {Ca: 50.0, Cl: 100.0}, {Na: 100.0, SO4: 50.0}, PHYS, {Na: 80.0, LA: 5.0, SO4: 10.0, Cl: 75.0}]
SHAPES: list[dict[str, Any]] = [
    {},
    {"geometry": "sphere", "radius": 3e-9},
    {"geometry": "cylinder", "radius": 2e-9},
    {"geometry": "slit", "separation": 3e-9},
    {"ion_size": 4e-10},
    {"ion_size": 4e-10, "geometry": "sphere", "radius": 3e-9},
]

salts = st.sampled_from(SALTS)
shapes = st.sampled_from(SHAPES)
charges = st.floats(-0.15, 0.15).filter(lambda x: abs(x) > 1e-6)


def cases(function: str) -> list[Any]:
    rows = json.loads((Path(__file__).parents[1] / "data/double_layers.json").read_text())["cases"]
    return [pytest.param(row, id=row["id"]) for row in rows if row["function"] == function]


def ion(name: str) -> IonSpecies:
    found: IonSpecies = getattr(species, name)
    return found


def as_bath(named: dict[str, float]) -> ifx.Bath:
    return ifx.Bath({ion(name): c for name, c in named.items()})


def mirrored(bath: dict[IonSpecies, float]) -> dict[IonSpecies, float]:
    return {IonSpecies(one.name, -one.z): c for one, c in bath.items()}


# ---- values ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", cases("double_layer"))
def test_reference_values(row: dict[str, Any]) -> None:
    arguments = dict(row["arguments"])
    bath, x = as_bath(arguments.pop("bath")), arguments.pop("x", None)
    if "regulation" in arguments:
        group = dict(arguments["regulation"])
        group["binds"] = {ion(name): k for name, k in group["binds"].items()}
        arguments["regulation"] = ifx.SurfaceGroup(group.pop("density"), group.pop("pK"), **group)
    layer = ifx.double_layer(bath, **arguments)
    quantity = row["quantity"]
    value = layer.psi(x) if quantity == "psi" else layer.c(Na, 0.0) if quantity == "c_Na" else getattr(layer, quantity)
    assert value == pytest.approx(row["value"], rel=row["rtol"], abs=0)


@pytest.mark.parametrize("row", cases("gating_shift"))
def test_calcium_moves_the_activation_of_channels_to_the_right(row: dict[str, Any]) -> None:
    arguments = dict(row["arguments"])
    shift = ifx.gating_shift(as_bath(arguments.pop("bath_1")), as_bath(arguments.pop("bath_2")), **arguments)
    assert shift == pytest.approx(row["value"], rel=row["rtol"], abs=0)
    assert shift > 0


@pytest.mark.parametrize("row", cases("charged_bilayer"))
def test_reference_values_of_a_charged_bilayer(row: dict[str, Any]) -> None:
    arguments = dict(row["arguments"])
    inside, outside = as_bath(arguments.pop("inside")), as_bath(arguments.pop("outside"))
    carrier, P = arguments.pop("ion", None), arguments.pop("P", None)
    membrane = ifx.charged_bilayer(inside=inside, outside=outside, **arguments)
    quantity = row["quantity"]
    value = membrane.ghk_current(ion(carrier), P) if quantity == "ghk" else getattr(membrane, quantity)
    assert value == pytest.approx(row["value"], rel=row["rtol"], abs=0)
