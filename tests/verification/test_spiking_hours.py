"""An hour of spikes with moving ions: charge and masses are kept, and the pumps keep up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, K, Na

HOUR = 3600.0


def with_more(cell: ifx.Cell, *mechanisms: ifx.Mechanism) -> ifx.Cell:
    """The cell with these, and an electrode whose current potassium carries."""
    return replace(cell, membrane=(*cell.membrane, *mechanisms, ifx.CurrentClamp(i=0.0, carrier=K)))


def cold(channel: ifx.Channel) -> ifx.Channel:
    """The channel with the rates of 6.3 °C at any temperature: at 37 °C the axon does not fire."""
    return replace(channel, gates=[replace(gate, q10=1.0, T_ref=None) for gate in channel.gates])


def reference_neuron() -> tuple[ifx.Cell, Any]:
    """Two spikes a second; leaks make room for what the gates let through at rest."""
    cell = with_more(ifx.preset("reference_neuron"), cold(ifx.HHNa(g=1200.0)), cold(ifx.HHK(g=120.0)))
    return cell.solve_leaks(for_=[Na, K]), ifx.train(0.1, 0.5, 7200, 0.002, 0.4)


def dijkstra() -> tuple[ifx.Cell, Any]:
    """A burst of three or four spikes every five seconds."""
    return with_more(ifx.preset("dijkstra2016").steady_state().resting()), ifx.train(1.0, 5.0, 720, 0.2, 0.03)


@pytest.mark.slow
@pytest.mark.parametrize(("make", "spikes"), [(reference_neuron, 20), (dijkstra, 32)])
def test_an_hour_of_spikes_keeps_the_books(make: Any, spikes: int) -> None:
    cell, current = make()
    first = cell.simulate(10.0, schedule={"CurrentClamp.i": current})
    assert len(first.spikes(0.0)) == pytest.approx(spikes, abs=2)
    run = cell.simulate(HOUR, schedule={"CurrentClamp.i": current}, at=[HOUR / 2, HOUR], rtol=1e-6, audit="full")
    assert run.stats.steps > 5e5
    assert run.audit.charge < 1e-11
    assert run.audit.fluxes is not None
    assert run.audit.fluxes < 1e-11
    # the cell has found a state that it fires in for ever, and still fires there
    for ion in (Na, K, Cl):
        np.testing.assert_allclose(run.c_in[ion][1], run.c_in[ion][0], rtol=0.02)
    last = run.cell_at(HOUR).simulate(10.0, schedule={"CurrentClamp.i": current})
    assert len(last.spikes(0.0)) == pytest.approx(spikes, abs=5)
