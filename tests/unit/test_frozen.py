"""Results stay as they are, are equal by what they tell, and come back from copies and other processes able to answer everything."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Cl, K, Layer, Membrane1D

FILM = Membrane1D([Layer(5e-9, eps_r=78.5), Layer(4e-9, eps_r=10.0, D_factor=0.1, fixed_charge=-20.0)], T=298.15)
LEFT, RIGHT = {K: 100.0, Cl: 100.0}, {K: 10.0, Cl: 10.0}
CELL = ifx.preset("kay2017")

RESULTS: dict[str, Callable[[float], Any]] = {
    "pnp": lambda V: ifx.pnp(FILM, LEFT, RIGHT, V, tol=1e-3),
    "pnp, many": lambda V: ifx.pnp(FILM, LEFT, RIGHT, [V, -V], nodes=8),
    "nernst_planck": lambda V: ifx.nernst_planck(FILM, LEFT, RIGHT, V),
    "nernst_planck, points": lambda V: ifx.nernst_planck(FILM, LEFT, RIGHT, potential=[V, 0.0]),
    "electroneutral": lambda V: ifx.electroneutral(FILM, LEFT, RIGHT, V=V),
    "pnp_iv": lambda V: ifx.pnp_iv(FILM, LEFT, RIGHT, [V, 0.1], nodes=8),
    "pnp_transient": lambda V: ifx.pnp_transient(FILM, LEFT, RIGHT, V, t=[1e-9, 1e-8], nodes=8),
    "a moment": lambda V: ifx.pnp_transient(FILM, LEFT, RIGHT, V, t=[1e-9, 1e-8], nodes=8)[1],
    "impedance": lambda V: ifx.impedance(FILM, LEFT, RIGHT, V, omega=[1e3, 1e9], nodes=8),
    "table": lambda V: FILM.table(LEFT, RIGHT, V=(-V, V), tol=1e-2, level="nernst_planck"),
    "double layer": lambda V: ifx.double_layer(LEFT, psi_0=V, geometry="sphere", radius=5e-9),
    "slit": lambda V: ifx.double_layer(LEFT, psi_0=[V, -V], geometry="slit", separation=5e-9),
    "bilayer": lambda V: ifx.charged_bilayer(inside=LEFT, outside=RIGHT, sigma_in=-0.01, sigma_out=-0.02, V=V, thickness=4e-9),
    "flicker": lambda V: ifx.flicker(5, opening=90.0, closing=10.0, until=V),
    "run": lambda V: CELL.replace({"V": V}).simulate(1.0),
    "rest": lambda V: CELL.replace({"V": V}).steady_state(electroneutral=True),
}


@pytest.fixture(params=RESULTS)
def make(request: pytest.FixtureRequest) -> Callable[[float], Any]:
    return RESULTS[request.param]


def test_equal_questions_have_equal_answers_here_and_in_another_process(make: Callable[[float], Any]) -> None:
    one = make(0.02)
    for again in (make(0.02), copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert again == one
        assert hash(again) == hash(one)
    assert one != make(0.03)
    assert one != "something else"
    assert one._repr_html_().startswith("<")


def test_nothing_of_a_result_can_be_set(make: Callable[[float], Any]) -> None:
    for result in (make(0.02), pickle.loads(pickle.dumps(make(0.02)))):
        for name in ("V", "shape", "status", "voltage"):
            with pytest.raises(AttributeError):
                setattr(result, name, 0.0)


@pytest.mark.parametrize("name", ["pnp", "pnp, many", "nernst_planck", "electroneutral"])
def test_a_profile_that_comes_back_still_answers(name: str) -> None:
    film = RESULTS[name](0.02)
    back = pickle.loads(pickle.dumps(film))
    assert np.array_equal(back.dI_dV, film.dI_dV)
    assert np.array_equal(np.ravel(back.audit), np.ravel(film.audit), equal_nan=True)
    assert np.array_equal(back.at([1e-9, 6e-9]).c[K], film.at([1e-9, 6e-9]).c[K])
    assert pickle.loads(pickle.dumps(back.at(1e-9))) == film.at(1e-9)
    if name != "electroneutral":
        assert np.array_equal(back.sensitivity("left.K").I, film.sensitivity("left.K").I)
    if name == "pnp":
        assert back.compare_levels().choice == film.compare_levels().choice


def test_a_run_of_profiles_that_comes_back_still_answers() -> None:
    run = RESULTS["pnp_transient"](0.02)
    back = pickle.loads(pickle.dumps(run))
    assert back[0] == run[0]
    assert back.at(3e-9) == run.at(3e-9)
    assert (back.audit, back.stats) == (run.audit, run.stats)
    assert np.array_equal(back.time_scales.charging, run.time_scales.charging)
