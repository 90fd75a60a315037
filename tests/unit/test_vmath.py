"""exp, log, expm1 and the Bernoulli pair of the kernels: exact to two units in the last place, whatever the double."""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from numpy.typing import NDArray

from ionflux import _kernels

Array = NDArray[np.float64]

NAMES = ["exp", "log", "expm1", "bernoulli", "bernoulli_minus", "bernoulli_slope", "bernoulli_slope_minus"]
BUILDS = [
    importlib.import_module(f"ionflux.{name}")
    for name, level in {"_kernels": 0, "_kernels_v3": 3, "_kernels_v4": 4}.items()
    if _kernels.cpu_level() >= level and importlib.util.find_spec(f"ionflux.{name}")
]
BIGGEST, TINY = float(np.finfo(float).max), float(np.finfo(float).tiny)
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 2.2e-308, -2.2e-308, TINY, BIGGEST, -1e300, -1.0]
BITS = 400  # B' cancels twice next to 0; the smallest argument given to the closed form is 1e-30

every_function = pytest.mark.parametrize("name", NAMES)


def evaluate(name: str, x: Array, build: object = BUILDS[-1]) -> Array:
    out = np.full_like(x, 12345.0)
    build.vmath(name, x, out)  # type: ignore[attr-defined]
    return out


def same_bits(a: Array, b: Array) -> bool:
    """Equal including the sign of zero; every NaN is the same."""
    nan = np.isnan(a)
    return bool(np.array_equal(nan, np.isnan(b)) and np.array_equal(a[~nan].view(np.int64), b[~nan].view(np.int64)))


# ------------------------------------------------------------------------------------------------------------- arguments


def neighbours(centres: list[float], steps: int = 4) -> Array:
    """Each centre with the doubles next to it."""
    rows = [np.array(centres)]
    for direction in (-np.inf, np.inf):
        x = rows[0]
        for _ in range(steps):
            x = np.nextafter(x, direction)
            rows.append(x)
    return np.concatenate(rows)


def arguments(name: str, n: int, seed: int = 1) -> Array:
    """About 8 n doubles: any bits, dense where something changes over, and the thresholds with their neighbours."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 0x7FF0_0000_0000_0000, n).view(np.float64)
    small = 10.0 ** rng.uniform(-320, 0, n)
    if name == "log":
        denormal = rng.integers(1, 0x0010_0000_0000_0000, n).view(np.float64)
        near_one = 1 + rng.choice([-1.0, 1.0], n) * 10.0 ** rng.uniform(-16, -0.3, n)
        parts = [bits, small, denormal, near_one, rng.uniform(0.7, 1.6, 2 * n), 10.0 ** rng.uniform(-3, 3, n), rng.uniform(0, 800, n)]
        edges = neighbours([0.75, 1.0, 1.5, 2.0, 3.0, math.sqrt(0.5), math.sqrt(2), math.e, 2.2250738585072014e-308, 1e308])
        return np.concatenate([SPECIAL, edges, *parts])
    sign = rng.choice([-1.0, 1.0], n)
    turning = (rng.integers(0, 1100, n) + 0.5) * math.log(2) * (1 + rng.uniform(-1e-3, 1e-3, n))  # the exponent changes here
    first = (rng.integers(0, 6, n) + 0.5) * math.log(2) * (1 + rng.uniform(-0.1, 0.1, n))
    parts = [bits, small, turning, first, rng.uniform(0, 800, n), rng.uniform(0, 2, n), rng.uniform(0.99, 1.01, n), rng.uniform(0, 45, n)]
    edges = neighbours([0.5 * math.log(2), 1.0, 36.7368, 37.42995, 708.3964185322641, 709.782712893384, 745.1332191019412, 751.76, 40.0])
    edges = np.concatenate([edges, -edges, neighbours([0.0]), neighbours([1e-300, 1e-16, 760.0])])
    return np.concatenate([SPECIAL, edges, *(sign * p for p in parts)])


# ------------------------------------------------------------------------------------------------------------- references


def exact_bernoulli(x: mpf) -> mpf:
    return x / mpmath.expm1(x) if x else mpf(1)


def exact_slope(x: mpf) -> mpf:
    if abs(x) < mpf("1e-30"):  # B = 1 - x/2 + x²/12 - x⁴/720 + ...
        return -mpf(1) / 2 + x / 6
    grown = mpmath.expm1(x)
    return (grown - x * (grown + 1)) / grown**2


EXACT: dict[str, Callable[[mpf], mpf]] = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "expm1": mpmath.expm1,
    "bernoulli": exact_bernoulli,
    "bernoulli_minus": lambda x: exact_bernoulli(-x),
    "bernoulli_slope": exact_slope,
    "bernoulli_slope_minus": lambda x: exact_slope(-x),
}
AT_INFINITY = {  # (at inf, at -inf)
    "exp": (np.inf, 0.0),
    "log": (np.inf, np.nan),
    "expm1": (np.inf, -1.0),
    "bernoulli": (0.0, np.inf),
    "bernoulli_minus": (np.inf, 0.0),
    "bernoulli_slope": (0.0, -1.0),
    "bernoulli_slope_minus": (-1.0, 0.0),
}


def ulps(got: float, exact: mpf) -> float:
    """Distance in units in the last place of the exact value, which below 2^-1022 is the smallest denormal."""
    _, exponent = mpmath.frexp(exact)
    return float(abs(mpf(got) - exact) / mpmath.ldexp(1, max(int(exponent) - 53, -1074)))


def errors(name: str, x: Array, got: Array) -> Array:
    """Error of every element against mpmath; 0 where an infinity is due and given, inf where one is missing."""
    result = np.zeros(len(x))
    with mp.workprec(BITS):
        overflow = mpf(BIGGEST) * (1 + mpf(2) ** -54)  # half a unit beyond the biggest double
        for i, (point, value) in enumerate(zip(x.tolist(), got.tolist(), strict=True)):
            exact = EXACT[name](mpf(point))
            if math.isinf(value) and exact * value > 0 and abs(exact) > BIGGEST:
                result[i] = 0.0
            else:
                result[i] = ulps(value, exact) if math.isfinite(value) and abs(exact) < overflow else np.inf
    return result


# ------------------------------------------------------------------------------------------------------------------ tests


@pytest.mark.parametrize("n", [300, pytest.param(3000, marks=pytest.mark.slow)])
@every_function
def test_two_units_in_the_last_place_hold_for_every_double(name: str, n: int) -> None:
    x = arguments(name, n)
    x = x[np.isfinite(x) & ((x > 0) | (name != "log"))]
    error = errors(name, x, evaluate(name, x))
    worst = int(error.argmax())
    assert error[worst] <= 2.0, (float(x[worst]), error[worst])


@every_function
def test_zero_infinity_and_what_is_no_number(name: str) -> None:
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0])
    got = evaluate(name, x)
    at_zero = {"exp": 1.0, "log": -np.inf, "expm1": 0.0, "bernoulli": 1.0, "bernoulli_minus": 1.0}.get(name, -0.5)
    np.testing.assert_array_equal(got, [*AT_INFINITY[name], np.nan, at_zero, at_zero])
    if name == "expm1":
        assert not np.signbit(got[3]), "expm1(+0) is +0"
        assert np.signbit(got[4]), "expm1(-0) is -0"


def test_the_logarithm_of_a_negative_number_is_not_a_number() -> None:
    x = np.array([-5e-324, -2.2e-308, -1.0, -1e300])
    assert np.all(np.isnan(evaluate("log", x)))


def test_exp_and_the_bernoulli_function_underflow_gradually() -> None:
    x = np.array([-708.5, -720.0, -740.0, -745.1332191019411, -745.1332191019412, -746.0])
    below = evaluate("exp", x)
    assert np.all(below[:4] > 0)
    assert below[3] == 5e-324
    assert np.all(below[4:] == 0)
    falling = evaluate("bernoulli", np.linspace(700.0, 760.0, 4000))
    assert np.all(np.diff(falling) <= 0)
    assert np.any((falling > 0) & (falling < TINY))
    assert falling[-1] == 0


@every_function
@pytest.mark.skipif(len(BUILDS) < 2, reason="one instruction set only")
def test_every_instruction_set_gives_the_same_bits(name: str) -> None:
    x = arguments(name, 20_000, seed=2)
    first, *others = (evaluate(name, x, build) for build in BUILDS)
    for other in others:
        assert same_bits(first, other)


@every_function
@pytest.mark.parametrize("build", BUILDS, ids=lambda b: b.__name__.rpartition(".")[2])
def test_an_element_does_not_depend_on_its_place_nor_on_its_neighbours(name: str, build: object) -> None:
    x = arguments(name, 3)
    together = evaluate(name, x, build)
    alone = np.concatenate([evaluate(name, x[i : i + 1], build) for i in range(len(x))])
    assert same_bits(together, alone)


def test_the_bernoulli_pair_differs_by_its_argument() -> None:
    x = arguments("bernoulli", 500, seed=3)
    x = x[np.isfinite(x)]
    plus, minus = evaluate("bernoulli", x), evaluate("bernoulli_minus", x)
    large, small = np.maximum(plus, minus), np.minimum(plus, minus)
    assert np.array_equal(large, small + np.abs(x)), "B(-x) = B(x) + x, rounded once"
    assert same_bits(minus, evaluate("bernoulli", -x))
    slope, other = evaluate("bernoulli_slope", x), evaluate("bernoulli_slope_minus", x)
    assert np.array_equal(np.minimum(slope, other), -1 - np.maximum(slope, other)), "B'(-x) = -1 - B'(x), rounded once"
    assert same_bits(other, evaluate("bernoulli_slope", -x))


def test_the_slope_is_the_derivative_of_the_bernoulli_function() -> None:
    rng = np.random.default_rng(4)
    x = np.concatenate([rng.uniform(-4, 4, 300), rng.uniform(-700, 740, 200), rng.uniform(-1e-3, 1e-3, 100), [1e-12, -1e-12, 1.0, -1.0]])
    got = evaluate("bernoulli_slope", x)
    with mp.workprec(BITS):
        h = mpf("1e-25")  # the difference is off by h² B''' / 6, far below an ulp
        for point, value in zip(x.tolist(), got.tolist(), strict=True):
            difference = (exact_bernoulli(point + h) - exact_bernoulli(point - h)) / (2 * h)
            assert ulps(value, difference) <= 2.0, point


def test_the_bernoulli_function_has_neither_a_jump_nor_a_kink() -> None:
    # the polynomial for |x| < 1 hands over to the quotient; around 0 and ln(2)/2 nothing but the exponent changes
    for centre in (0.0, 0.5 * math.log(2), 1.0, 1.5 * math.log(2)):
        x = np.sort(neighbours([centre], steps=50))
        for name in NAMES[3:]:
            y = evaluate(name, x)
            assert np.ptp(y) <= 5 * np.spacing(np.abs(y).max()) + np.ptp(x), (name, centre)


# ------------------------------------------------------------------------------------------------ millions of points: slow


def extended(name: str, x: Array) -> NDArray[np.longdouble]:
    """The same in the 64-bit mantissa of x87, good to about a thousandth of a double's last place."""
    y = x.astype(np.longdouble)
    if name.endswith("_minus"):
        return extended(name.removesuffix("_minus"), -x)
    if name in ("exp", "log", "expm1"):
        return getattr(np, name)(y)  # type: ignore[no-any-return]
    if name == "bernoulli":
        return np.where(y == 0, 1, y / np.where(y == 0, 1, np.expm1(y)))
    a = np.abs(y)
    shrunk = -np.expm1(-a)
    far = -(a - shrunk) * np.exp(-a) / shrunk**2
    with mp.workprec(200):  # below 1 from the series: B' = -1/2 + sum over even k of k B_k x^(k-1)/k!
        terms = [np.longdouble(mpmath.nstr(k * mpmath.bernoulli(k) / mpmath.factorial(k), 30)) for k in range(2, 50, 2)]
    near = a * np.polynomial.polynomial.polyval(np.minimum(a, 1) ** 2, terms) - np.longdouble("0.5")
    slope = np.where(a < 1, near, far)
    return np.where(x > 0, slope, -1 - slope)


@every_function
@pytest.mark.slow
@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long double is no wider than double")
def test_two_units_in_the_last_place_hold_at_millions_of_points(name: str) -> None:
    x = arguments(name, 260_000, seed=5)
    x = x[np.isfinite(x) & (x != 0) & ((x > 0) | (name != "log"))]
    assert len(x) > 2_000_000
    got = evaluate(name, x)
    with np.errstate(all="ignore"):
        exact = extended(name, x)
        rounded = exact.astype(float)
        finite = np.isfinite(rounded) & np.isfinite(got)
        error = np.abs(got.astype(np.longdouble) - exact)[finite] / np.spacing(np.abs(rounded[finite])).astype(np.longdouble)
    beyond = np.isfinite(rounded) != np.isfinite(got)  # only where rounding alone decides
    assert np.all(np.abs(rounded[beyond & np.isfinite(rounded)]) >= BIGGEST * (1 - 1e-15))
    worst = int(error.argmax())
    assert error[worst] <= 2.0, (float(x[finite][worst]), float(error[worst]))
