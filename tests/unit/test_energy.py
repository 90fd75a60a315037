"""ATP by mechanism: who spends it, how much, and which part of all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, K, Na


def neuron(**changes: float) -> ifx.Cell:
    return ifx.preset("reference_neuron", atp="pool").replace({name.replace("__", "."): x for name, x in changes.items()})


def whole(mapping: Any) -> Any:
    return sum(mapping.values())


def test_what_mechanisms_spend_adds_up_to_all_use_and_the_supply_is_not_among_them() -> None:
    rest = neuron(PMCA__scale=40.0).steady_state()
    spent = rest.energy.atp
    assert set(spent) == {"NaKATPase", "PMCA", "ATPUse"} == set(rest.energy.shares)
    assert whole(spent) == pytest.approx(rest.atp, rel=1e-14)
    assert whole(rest.energy.shares) == pytest.approx(1.0, rel=1e-14)
    # one ATP per cycle, which carries one charge out in the pump and two in the exchange of calcium
    assert spent["NaKATPase"] == pytest.approx(rest.current["NaKATPase"] * rest.area / rest.cell.faraday, rel=1e-13)
    assert spent["PMCA"] == pytest.approx(rest.current["PMCA"] * rest.area / (2 * rest.cell.faraday), rel=1e-13)
    # and at rest all that is spent is made
    assert whole(spent) == pytest.approx(rest.cell.parameters()["ATPSupply.production"].value * rest.volume, rel=1e-9)
    with pytest.raises(ifx.UnknownNameError, match="ATPSupply"):
        spent["ATPSupply"]


def test_runs_and_sweeps_have_them_in_their_own_shape() -> None:
    cell = neuron()
    run = cell.simulate(120.0, schedule=ifx.ischaemia(cell, 20.0))
    assert run.energy.shares["ATPUse"].shape == run.t.shape
    np.testing.assert_allclose(whole(run.energy.shares), 1.0, rtol=1e-13)
    swept = ifx.sweep(cell, {"leak_Na.P": np.array([6e-10, 9e-10])}, until=300.0)
    part = swept.energy.shares["NaKATPase"]
    assert part.shape == (2,)
    for i in range(2):
        alone = neuron(leak_Na__P=[6e-10, 9e-10][i]).simulate(300.0, at=[300.0])
        assert part[i] == pytest.approx(alone.energy.shares["NaKATPase"][0], rel=1e-12)


def test_shares_of_nothing_are_not_a_number() -> None:
    cell = neuron(PMCA__scale=0.0, ATPUse__scale=0.0, NaKATPase__scale=0.0)
    run = cell.simulate(1.0, at=[1.0])
    assert whole(run.energy.atp)[0] == 0.0
    assert np.isnan(run.energy.shares["NaKATPase"][0])


def test_a_pump_that_runs_backwards_gives_back() -> None:
    """Little ATP and much of what is left of it: the cyclic pump makes some, and what it spends is negative."""
    cell = ifx.Cell.sphere(
        6e-6, C_m=0.01, V=-0.07, inside={Na: 12.0, K: 135.0, Cl: 7.0}, bath=ifx.Bath({Na: 145.0, K: 4.0, Cl: 149.0}),
        impermeant=ifx.Impermeant(), membrane=[ifx.Leak(Na, P=4e-9), ifx.Leak(K, P=5e-8), ifx.CyclePump(density=1e-8)],
        pools=[ifx.Pool("ATP", 1e-4), ifx.Pool("ADP", 3.0), ifx.Pool("Pi", 20.0)],
    )  # fmt: skip
    run = cell.simulate(0.01, at=[0.01])
    assert run.energy.atp["NaKATPase"][0] < 0
    assert run.energy.atp["NaKATPase"][0] == run.atp[0]
    assert run.energy.shares["NaKATPase"][0] == 1.0
