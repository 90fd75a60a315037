"""Curves that turn back: followed along their own length; and membranes, which as a rule have one state at each voltage."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ionflux import Cl, IonSpecies, K, Layer, Membrane1D, Na, pnp_iv
from ionflux.arclength import Point, follow

approx = pytest.approx
IN, OUT = {K: 140.0, Na: 12.0, Cl: 152.0}, {K: 5.0, Na: 145.0, Cl: 150.0}


def on(x_of: Callable[[float], float], rise: Callable[[float], float]) -> Callable[..., Point[None] | None]:
    """The curve x = x(y) by Newton's method on y."""

    def line(near: Point[None], a: float, b: float, target: float) -> Point[None] | None:
        y = near.y
        for _ in range(30):
            step = (target - a * x_of(y) - b * y) / (a * rise(y) + b)
            y += step
            if abs(step) < 1e-13:
                slope = rise(y)
                return Point(x_of(y), y, 1.0 / slope if slope else float("inf"), None)
        return None

    return line


@pytest.mark.parametrize("bend", [0.3, 1.0, 5.0])
@pytest.mark.parametrize("step", [1e-3, 0.5])
def test_an_s_turns_back_twice(bend: float, step: float) -> None:
    """x = y³ − 3 b² y has its folds at y = ∓b, x = ±2 b³."""
    line, y = on(lambda y: y**3 - 3 * bend**2 * y, lambda y: 3 * y**2 - 3 * bend**2), -4.0 * bend
    first = Point(y**3 - 3 * bend**2 * y, y, 1.0 / (3 * y**2 - 3 * bend**2), None)
    trace = follow(line, first, -first.x, (bend**3, bend), step)
    assert trace.ends
    assert [fold.y for fold in trace.folds] == approx([-bend, bend], rel=1e-6)
    assert [fold.x for fold in trace.folds] == approx([2 * bend**3, -2 * bend**3], rel=1e-9)
    assert np.all(np.diff([point.y for point in trace.points]) > 0)  # all of it, without a jump
    back = follow(line, trace.points[-1], first.x, (bend**3, bend), step)
    assert [fold.y for fold in back.folds] == approx([bend, -bend], rel=1e-6)


def test_a_curve_that_bends_without_turning_has_no_fold() -> None:
    line = on(lambda y: y**3 + 0.01 * y, lambda y: 3 * y**2 + 0.01)
    trace = follow(line, Point(-8.02, -2.0, 1 / 12.01, None), 8.0, (1.0, 1.0))
    assert trace.ends
    assert trace.folds == ()


def test_what_cannot_be_followed_is_given_up() -> None:
    trace = follow(lambda near, a, b, target: None, Point(0.0, 0.0, 1.0, None), 1.0, (1.0, 1.0))
    assert not trace.ends
    assert len(trace.points) == 1


def bipolar(X: float) -> Membrane1D:
    layers = [Layer(5e-9, eps_r=78.5, fixed_charge=sign * X) for sign in (1.0, -1.0, 1.0, -1.0)]
    water = Layer(5e-9, eps_r=78.5)
    return Membrane1D([water, *layers, water])


@pytest.mark.parametrize("nodes", [None, 16])
def test_membranes_have_one_state_at_each_voltage(nodes: int | None) -> None:
    salt = {IonSpecies("K", 1, D=2e-9): 10.0, IonSpecies("Cl", -1, D=2e-9): 10.0}
    curve = pnp_iv(bipolar(200.0), salt, salt, [0.2, -0.3, 0.0, 0.3], nodes=nodes)
    assert curve.folds == ()
    assert np.all(curve.branch == 0)
    gel = Membrane1D([Layer(5e-9), Layer(5e-9, fixed_charge=-300.0), Layer(5e-9)])
    many = pnp_iv(gel, IN, {**OUT, K: np.array([4.9, 5.1])}, [-0.1, 0.1], nodes=nodes)
    assert many.folds == ()
    assert many.branch.shape == (2, 2)
    assert np.all(many.branch == 0)


def test_a_curve_followed_along_its_length_passes_through_its_points() -> None:
    gel = Membrane1D([Layer(5e-9), Layer(5e-9, fixed_charge=-300.0), Layer(5e-9)])
    curve = pnp_iv(gel, IN, OUT, np.linspace(-0.1, 0.1, 11), nodes=12)
    (trace,) = curve._traces
    assert trace.ends
    V, I = (np.array([getattr(point, name) for point in trace.points]) for name in "xy")
    between = [float(pnp_iv(gel, IN, OUT, [v], nodes=12).I[0]) for v in V]
    assert I == approx(between, rel=1e-10)
