"""Blocking the pump does two things: a small step at once, because its own current is gone, and a slow run-down of all gradients."""

from __future__ import annotations

import numpy as np
import pytest
from verification.build import as_cell, draw, resting

import ionflux as ifx
from ionflux import Cl, K, Na

IONS = (Na, K, Cl)


def cell_of(seed: int | None) -> ifx.Cell:
    if seed is None:
        return ifx.preset("dusterwald2018")
    return as_cell(*draw(np.random.default_rng([6, seed]), pump="cubic", water="finite"))


@pytest.mark.parametrize("seed", [None, *range(6)])
def test_claim_0_14_the_immediate_step_is_distinct_from_the_later_run_down(seed: int | None) -> None:
    """|dV/dt| at 1 s is a tiny fraction of its initial value; the two time scales lie more than 1000 apart."""
    rest = cell_of(seed).steady_state()
    blocked = resting(rest).replace({"NaKATPase.scale": 0.0})
    nudge, around = 1e-7, 0.1
    speeds = np.abs(np.real(rest.eigenvalues))
    end = 10.0 / float(np.min(speeds))
    run = blocked.simulate(end, at=[nudge, 0.1, 1.0 - around, 1.0, 1.0 + around, end], rtol=1e-10)
    at_once = (run.V[0] - rest.V) / nudge
    late = (run.V[4] - run.V[2]) / (2 * around)
    # at once: the pump's current, which no longer leaves, charges the capacitor
    assert at_once == pytest.approx(float(rest.current["NaKATPase"]) / blocked.C_m, rel=1e-3)
    assert abs(late) < 1e-3 * at_once
    # the step is over after C/G; what is then left of V takes V/|dV/dt| to go at the rate of the run-down
    step, G = run.V[1] - rest.V, sum(blocked.parameters()[f"leak_{ion.name}.g"].value for ion in IONS)
    fast, slow = step / at_once, abs(run.V[3] / late)
    # to a fifth only: within the 0.1 s the gradients begin to move
    assert fast == pytest.approx(blocked.C_m / G, rel=0.2)
    assert slow > 1e3 * fast
    # the spectrum says the same before anything happens
    assert np.max(speeds) > 1e3 * np.min(speeds)
    # and the step is millivolts, the run-down tens of them
    assert 0.0 < step < 0.02
    spread = [np.ptp([float(E) for E in values]) for values in ([rest.E[i] for i in IONS], [run.E[i][-1] for i in IONS])]
    # by then the cell has swollen and all runs slower; the gradients are still on their way to nothing
    assert spread[1] < 0.8 * spread[0]
