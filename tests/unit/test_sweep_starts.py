"""A sweep in which some cells cannot be: they have a status and a reason, the others their results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from verification.build import bench_cell

import ionflux as ifx


@pytest.mark.filterwarnings("ignore::ionflux.NotNeutralWarning")
@pytest.mark.parametrize("at", [None, [0.0, 50.0, 100.0]])
def test_a_cell_without_a_start_is_bad_input_and_the_others_go_on(at: list[float] | None) -> None:
    cell = replace(bench_cell(), impermeant=ifx.Impermeant())
    K = np.array([400.0, 140.0, 150.0, 500.0])
    swept = ifx.sweep(cell, {"inside.K": K}, until=100.0, at=at)
    assert swept.failures() == {0: ifx.Status.BAD_INPUT, 3: ifx.Status.BAD_INPUT}
    assert "exceed the bath's osmolarity" in str(swept.refused[3])
    assert np.all(np.isnan(swept.V[[0, 3]]))
    one = cell.replace({"inside.K": 150.0}).simulate(100.0, at=[100.0])
    assert np.ravel(swept.V[2])[-1] == one.V[-1]


def test_a_cell_whose_current_vanishes_nowhere_does_not_stop_the_others() -> None:
    """Without a capacitor V is where the total current is zero; with all leaks shut and the pump running that is nowhere."""
    cell = ifx.preset("hoppensteadt_peskin")
    shut = {f"leak_{ion}.scale": np.array([1.0, 0.0]) for ion in ("Na", "K", "Cl")}
    swept = ifx.sweep(cell, shut, until=10.0)
    assert swept.status[0] == ifx.Status.OK
    assert swept.status[1] != ifx.Status.OK
    assert np.isfinite(swept.V[0])


@pytest.mark.parametrize(("name", "values"), [("T", [279.45, 291.65]), ("C_m", [0.01, 0.02]), ("state.HHK.n", [0.3, 0.4])])
def test_a_cell_without_impermeants_may_be_swept_over_what_decides_its_start(name: str, values: list[float]) -> None:
    axon = ifx.preset("hodgkin_huxley1952", I_ext=0.1)
    assert not axon.impermeants
    swept = ifx.sweep(axon, {name: np.array(values)}, until=0.01)
    alone = [axon.replace({name: x}).simulate(0.01, at=[0.01]) for x in values]
    np.testing.assert_array_equal(swept.V, [run.V[0] for run in alone])
    np.testing.assert_array_equal(swept.gate["HHK.n"], [run.gate["HHK.n"][0] for run in alone])
