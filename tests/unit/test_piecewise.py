"""Functions as tables: as accurate as asked, smooth where the function is, and honest where they cannot be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux.piecewise import Piecewise, on_one_grid
from ionflux.sampling import sampled

LO, HI = -0.25, 0.25
V = np.random.default_rng(3).uniform(LO, HI, 20_001)


def opening(v: Any) -> Any:
    """Hodgkin and Huxley's alpha_n as people write it: 0/0 at -55 mV."""
    return 1e4 * (v + 0.055) / (1.0 - np.exp(-(v + 0.055) / 0.01))


RATES: dict[str, Callable[[Any], Any]] = {
    "exponential": lambda v: 125.0 * np.exp(-(v + 0.065) / 0.018),
    "sigmoid": lambda v: 1.0 / (1.0 + np.exp(-(v + 0.04) / 0.005)),
    "bell": lambda v: 1e-3 + 5e-3 / np.cosh((v + 0.05) / 0.02),
    "straight": lambda v: 0.3 - 2.0 * v,
    "constant": lambda v: 0.5 + 0.0 * v,
    "none": lambda v: 0.0 * v,
}


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("error", [1e-6, 1e-9, 1e-12])
def test_a_table_is_as_accurate_as_asked_relative_to_the_values_nearby(name: str, error: float) -> None:
    f = RATES[name]
    t = sampled(f, LO, HI, error=error)
    size = float(np.max(np.abs(f(V))))
    off = np.abs(t(V) - f(V))
    assert np.max(off) <= 1.5 * error * size
    assert t.error <= error
    assert np.all(off <= 3 * error * (np.abs(f(V)) + 1e-5 * size))
    assert np.all(t(V) >= 0) or name == "straight"


def test_a_removable_singularity_is_filled_in() -> None:
    t = sampled(opening, LO, HI)
    v = V[np.abs(V + 0.055) > 1e-5]
    np.testing.assert_allclose(t(v), opening(v), rtol=1e-8, atol=1e-9)
    assert t(-0.055) == pytest.approx(100.0, rel=1e-8)
    one = sampled(lambda v: 1e4 * (v + 0.055) / (1.0 - math.exp(-(v + 0.055) / 0.01)), LO, HI)
    np.testing.assert_allclose(one(v), opening(v), rtol=1e-8, atol=1e-9)


def test_a_function_of_single_numbers_gives_the_same_table() -> None:
    def each(v: float) -> float:
        return 125.0 * math.exp(-(v + 0.065) / 0.018) if v > -0.5 else 0.0

    np.testing.assert_allclose(sampled(each, LO, HI)(V), sampled(RATES["exponential"], LO, HI)(V), rtol=1e-12)
    assert sampled(lambda v: 7.0, LO, HI)(0.1) == 7.0


def test_value_and_slope_are_continuous_between_breaks_and_jump_at_them() -> None:
    t = sampled(lambda v: np.where(v < -0.04, 1.0, 2.0) * np.exp(v / 0.03), LO, HI, breaks=(-0.04,))
    lo, scale, *_ = t.grid[0]
    inner = lo + np.arange(1, t.pieces[0]) / scale
    eps = 1e-14
    np.testing.assert_allclose(t(inner - eps), t(inner + eps), rtol=1e-11)
    np.testing.assert_allclose(t.slope(inner - eps), t.slope(inner + eps), rtol=1e-9)
    assert t(-0.04) == pytest.approx(2 * np.exp(-4 / 3), rel=1e-10)
    assert t(np.nextafter(-0.04, -1)) == pytest.approx(np.exp(-4 / 3), rel=1e-10)


def test_the_slope_is_that_of_the_function() -> None:
    f, slope = RATES["sigmoid"], lambda v: f(v) * (1 - f(v)) / 0.005
    t = sampled(f, LO, HI)
    np.testing.assert_allclose(t.slope(V), slope(V), rtol=1e-6, atol=1e-6)
    h = 1e-7
    np.testing.assert_allclose((t(V + h) - t(V - h)) / (2 * h), t.slope(V), rtol=1e-6, atol=1e-6)


def test_beyond_its_range_a_table_is_straight_and_no_rate_becomes_negative() -> None:
    t = sampled(RATES["straight"], LO, HI)
    far = np.array([-1e6, -3.0, LO, HI, 5.0, 1e6])
    np.testing.assert_allclose(t(far), RATES["straight"](far), rtol=1e-10)
    np.testing.assert_allclose(t.slope(far), -2.0, rtol=1e-9)
    falling = sampled(RATES["exponential"], LO, HI)
    assert falling(10.0) == pytest.approx(RATES["exponential"](HI), rel=1e-8)
    assert falling(LO - 0.01) > falling(LO)
    assert np.isnan(t(np.nan))


def test_on_a_finer_grid_it_is_the_same_function() -> None:
    coarse, fine = sampled(RATES["exponential"], LO, HI, error=1e-6), sampled(RATES["sigmoid"], LO, HI)
    assert coarse.pieces != fine.pieces
    a, b = on_one_grid([coarse, fine])
    assert a.pieces == b.pieces == fine.pieces
    wide = np.concatenate([V, [-1.0, 1.0, LO, HI]])
    np.testing.assert_allclose(a(wide), coarse(wide), rtol=1e-11)
    np.testing.assert_allclose(a.slope(wide), coarse.slope(wide), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda v: np.log(v), "not finite"),
        (lambda v: np.where(v > 0, np.nan, 1.0), "not finite"),
        (lambda v: np.where(v > 0.01234, 2.0, 1.0), "breaks="),
        (lambda v: np.abs(v - 0.01234), "breaks="),
        (lambda v: "much", "does not give a number"),
        (3.0, "not a function"),
    ],
)
def test_what_no_table_can_hold_is_refused_by_name(function: Any, message: str) -> None:
    with pytest.raises(ifx.InputError, match=message) as refused:
        sampled(function, LO, HI, name="HHK.n alpha")
    assert "HHK.n alpha" in str(refused.value)


def test_with_the_break_named_it_can() -> None:
    t = sampled(lambda v: np.abs(v - 0.01234), LO, HI, breaks=(0.01234,))
    np.testing.assert_allclose(t(V), np.abs(V - 0.01234), atol=1e-14)
    assert np.array_equal(np.sign(t.slope(V)), np.sign(V - 0.01234))


def test_tables_are_values() -> None:
    a, b = (sampled(RATES["bell"], LO, HI) for _ in range(2))
    assert a == b
    assert hash(a) == hash(b)
    assert a != sampled(RATES["sigmoid"], LO, HI)
    with pytest.raises(ValueError, match="read-only"):
        a.coefficients[0, 0] = 1.0
    with pytest.raises(ifx.InputError, match="coefficients"):
        Piecewise((0.0, 1.0), (4,), np.zeros((4, 6)))
    with pytest.raises(ifx.InputError, match="breaks"):
        sampled(RATES["bell"], LO, HI, breaks=np.linspace(-0.1, 0.1, 9))
    with pytest.raises(ifx.InputError, match="range"):
        sampled(RATES["bell"], HI, LO)
