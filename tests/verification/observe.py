"""Reading the published quantities from a result, and comparing a rest with the twin's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference.pump_leak import Rest

from ionflux import Cl, K, Na

FARADAY = 96485.0  # of the two published models


def observed(rest: Any, quantity: str) -> float:
    """A quantity of tests/data/m1_m2.json from a steady state or closed form; volumes relative to the published start."""
    read = {
        "V": lambda: rest.V,
        "[Na]_in": lambda: rest.c_in[Na],
        "[K]_in": lambda: rest.c_in[K],
        "[Cl]_in": lambda: rest.c_in[Cl],
        "impermeant concentration": lambda: rest.c_impermeant,
        "volume / initial volume": lambda: rest.volume / rest.cell.volume,
        "E_Na": lambda: rest.E[Na],
        "E_K": lambda: rest.E[K],
        "E_Cl": lambda: rest.E[Cl],
        "V - E_Cl": lambda: rest.V - rest.E[Cl],
        # net outward current of the pump: one charge a cycle
        "pump current density J": lambda: rest.current["NaKATPase"],
    }
    return float(read[quantity]())


def assert_same_rest(got: Any, want: Rest, rel: float) -> None:
    for ion in (Na, K, Cl):
        assert float(got.c_in[ion]) == pytest.approx(float(want.c[ion.name]), rel=rel), ion
    assert float(got.c_impermeant) == pytest.approx(float(want.X), rel=rel)
    assert float(got.volume) == pytest.approx(float(want.w), rel=rel)
    # V = sum of ion charges over C: relative to RT/F, not to a V that may be near 0
    assert float(got.V) == pytest.approx(float(want.V), rel=0, abs=rel * 0.0267)


def assert_same_spectrum(got: Any, want: list[Any], rel: float) -> None:
    """Eigenvalues in any order; a complex pair may lie close to a double real one, so its distance is relative to its size."""
    got, rest = np.asarray(got), [complex(s) for s in want]
    assert len(got) == len(rest)
    for s in got:
        nearest = min(rest, key=lambda r: abs(r - s))
        assert abs(s - nearest) <= rel * abs(nearest), (got, want)
        rest.remove(nearest)
