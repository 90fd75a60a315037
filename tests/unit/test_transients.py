"""What `pnp_transient` takes, refuses and returns."""

from __future__ import annotations

import signal
import time
from typing import Any

import numpy as np
import pytest

from ionflux import (
    Cl,
    ConvergenceError,
    InputError,
    Interrupted,
    K,
    Layer,
    Membrane1D,
    Na,
    Status,
    UnitRangeError,
    marching,
    pnp,
    pnp_transient,
    step,
    table,
    time_scales,
)
from ionflux.constants import FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY

FILM, SALT = Membrane1D(Layer(5e-9, eps_r=78.5), T=298.15), {K: 100.0, Cl: 100.0}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"t": []}, "ascending"),
        ({"t": [2e-9, 1e-9]}, "ascending"),
        ({"t": [-1.0]}, "t"),
        ({"t": [np.nan]}, "ascending"),
        ({"tol": 0.5}, "tol"),
        ({"V": np.nan}, "NaN"),
        ({"V": [step(1e-9, to=0.1), 0.3]}, "no schedule"),
        ({"start": np.nan}, "before t = 0"),
        ({"start": -0.07, "blocking": True}, "give a Profile"),
        ({"nodes": 1}, "at least two cells"),
        ({"V": []}, "the batch is empty"),
        ({"vary": {"layers.0.fixed_charge": []}}, "the batch is empty"),
        ({"V": [0.0, 0.1], "vary": {"T": [290.0, 300.0, 310.0]}}, r"T \(3,\), V \(2,\)"),
        ({"threads": 0}, "threads"),
    ],
)
def test_what_means_nothing_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        pnp_transient(FILM, SALT, SALT, **{"V": 0.0, "t": [1e-9], **change})


def test_slips_of_units_are_named() -> None:
    with pytest.raises(UnitRangeError, match="V"):
        pnp_transient(FILM, SALT, SALT, -65.0, t=[1e-9])
    with pytest.raises(UnitRangeError, match="V"):
        pnp_transient(FILM, SALT, SALT, step(1e-9, to=-65.0), t=[1e-8])


def test_a_start_must_be_of_the_same_membrane_and_ions() -> None:
    longer = Membrane1D(Layer(6e-9, eps_r=78.5), T=298.15)
    with pytest.raises(InputError, match="start runs"):
        pnp_transient(FILM, SALT, SALT, 0.0, t=[1e-9], start=pnp(longer, SALT, SALT, 0.0, nodes=8))
    with pytest.raises(InputError, match="same ions"):
        pnp_transient(FILM, SALT, SALT, 0.0, t=[1e-9], start=pnp(FILM, {Na: 1.0, Cl: 1.0}, {Na: 1.0, Cl: 1.0}, 0.0, nodes=8))


def test_a_time_that_no_mesh_resolves_is_said() -> None:
    with pytest.raises(ConvergenceError, match="estimated error") as caught:
        pnp_transient(FILM, SALT, SALT, 0.1, t=[1e-19], blocking=True)
    assert caught.value.partial.error[0] > 1e-6


def test_a_run_says_what_it_is() -> None:
    run = pnp_transient(FILM, SALT, SALT, [0.0, 0.01], t=[0.0, 1e-9], nodes=8)
    assert "batch of shape (2,), 2 times" in repr(run)
    assert run.phi.shape == (2, 2, 9)
    assert run.V.tolist() == [[0.0, 0.0], [0.01, 0.01]]
    assert run.profile(-1).c["K"].shape == (2, 9)
    assert np.isnan(run.error).all()
    assert len(run) == len(list(run)) == 2
    with pytest.raises(InputError, match="no profile"):
        run.profile(2)


def test_a_single_time_is_a_list_of_one() -> None:
    assert pnp_transient(FILM, SALT, SALT, 0.01, t=1e-9, nodes=8).I.shape == (1,)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")
def test_a_run_can_be_interrupted() -> None:
    rung = []

    def ring(*_: object) -> None:
        rung.append(time.monotonic())
        raise KeyboardInterrupt

    zigzag = table(np.linspace(0.0, 1e-6, 4000), 0.05 * (np.arange(4000) % 2))
    salts = {ion: np.linspace(50.0, 100.0, 100) for ion in (K, Cl)}
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.4)
    try:
        with pytest.raises(Interrupted) as stopped:
            pnp_transient(FILM, salts, SALT, zigzag, t=[1e-9, 1e-6], nodes=24, threads=2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - rung[0] < 0.2  # a tenth of a second, and what a busy machine adds
    partial = stopped.value.partial
    assert {Status.OK, Status.CANCELLED}.issuperset(partial.status)
    cancelled = partial.status == Status.CANCELLED
    assert np.any(cancelled)
    assert np.all(np.isnan(partial.I[cancelled, -1]))


@pytest.mark.parametrize("finished", [0, 1, 4, 7])
def test_an_interrupt_keeps_the_finest_mesh_that_was_finished(finished: int, monkeypatch: pytest.MonkeyPatch) -> None:
    V, times = np.array([0.01, 0.02]), np.array([1e-9, 1e-8, 1e-7])
    whole = pnp_transient(FILM, SALT, SALT, V, t=times)
    march, left = marching.Marching.run, iter(range(finished))

    def run(self: marching.Marching, *args: Any) -> marching.Marched:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return march(self, *args)

    monkeypatch.setattr(marching.Marching, "run", run)
    try:
        partial = pnp_transient(FILM, SALT, SALT, V, t=times)
    except Interrupted as stopped:
        partial = stopped.partial
        if not finished:
            assert partial is None
            return
        assert list(partial.status) == [Status.CANCELLED] * 2
        assert np.all(np.isnan(partial.error))
    np.testing.assert_allclose(partial.I, whole.I, rtol=1e-2 if finished < 4 else 1e-3)
    np.testing.assert_allclose(partial.phi[0, :, 0], V[0])


def test_time_scales_are_those_of_debye_and_einstein() -> None:
    scales = time_scales(FILM, SALT, SALT)
    assert K.D is not None
    assert Cl.D is not None
    debye2 = VACUUM_PERMITTIVITY * 78.5 * GAS_CONSTANT * 298.15 / (FARADAY**2 * 200.0)
    D = 0.5 * (K.D + Cl.D)
    assert scales.relaxation == pytest.approx(np.array([debye2 / D]))
    assert scales.charging == pytest.approx(np.array([np.sqrt(debye2) * 5e-9 / D]))
    assert scales.diffusion == pytest.approx(np.array([25e-18 / D]))
