"""Programs of the kernels by themselves, without a cell: exponentials, algebraic rows, counters."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ionflux._dispatch import kernels
from ionflux.errors import Status
from ionflux.lowering.program import Program
from ionflux.piecewise import Piecewise
from ionflux.sampling import sampled

Array = np.ndarray[Any, np.dtype[np.float64]]
NONE = np.empty(0, np.intc)


def builds() -> list[Any]:
    """The kernels for every instruction set that was built and that this CPU has."""
    found = [importlib.import_module("ionflux._kernels")]
    for name, level in (("ionflux._kernels_v3", 3), ("ionflux._kernels_v4", 4)):
        if found[0].cpu_level() >= level:
            try:
                found.append(importlib.import_module(name))
            except ImportError:
                continue
    return found


def integrate(
    program: Program,
    y0: list[float],
    parameters: list[float],
    times: list[float],
    *,
    rtol: float = 1e-6,
    fixed_step: float = 0.0,
    change: tuple[float, int, float] | None = None,
    module: Any = kernels,
    record: bool = False,
    cells: int = 1,
    wide: bool = False,
    explicit: bool = False,
) -> dict[str, Any]:
    """Samples at `times`; `change` is (when, which parameter, to what)."""
    tables, _ = program.finish()
    tables.pop("pattern")
    until, n = times[-1], int(str(tables["n"]))
    edges = [0.0, until] if change is None else [0.0, change[0], until]
    slots, course = (NONE, np.empty((1, 1, 0, 2))) if change is None else (np.array([change[1]], np.intc), np.zeros((1, 2, 1, 2)))
    if change is not None:
        course[0, :, 0, 0] = parameters[change[1]], change[2]
    arrays: dict[str, Any] = {
        "y": np.tile(y0, (cells, 1)).astype(float),
        "t": np.zeros(cells),
        "h": np.zeros((cells, 3)),
        "status": np.full(cells, module.PENDING, np.intc),
        **{name: np.zeros(cells, np.longlong) for name in ("steps", "rejected", "sample")},
        "base": np.array(parameters),
        "vary_slot": NONE,
        "vary": np.empty((1, 0)),
        "segment_start": np.array(edges[:-1]),
        "segment_end": np.array(edges[1:]),
        "sched_slot": slots,
        "sched": course,
        "sample_time": np.array(times),
        "out": np.full((cells, len(times), n), np.nan),
        "record": np.empty((4096 if record else 0, 2 + 5 * n)),
    }
    run = module.Run(module.Plan(tables), arrays, rtol, fixed_step, explicit)
    run.work(wide)
    arrays["record"] = arrays["record"][: run.recorded]
    return arrays


# ---------------------------------------------------------------------------------------------------------------- derivatives


def derivatives(program: Program, y: Array, parameters: list[float]) -> tuple[Array, Array]:
    tables, _ = program.finish()
    pattern = np.array(tables.pop("pattern"))
    plan = kernels.Plan(tables)
    m, n = y.shape
    f, entries = np.empty((m, n)), np.empty((m, plan.n_entry))
    plan.evaluate(np.ascontiguousarray(y), np.array(parameters), NONE, np.empty((m, 0)), NONE, np.empty((0, m)), f, entries)
    J = np.zeros((m, n, n))
    J[:, pattern[:, 0], pattern[:, 1]] = entries
    return f, J


def all_operations() -> Program:
    """Four states, an algebraic one and a counter, through every operation."""
    p = Program()
    x, y, z = p.state(), p.state(), p.state()
    v = p.state(mass=0.0)
    g, K, one = p.parameter(), p.parameter(), p.parameter()
    total = p.counter()
    ratio = p.divide(x, y)
    growth = p.exp(p.sum({v: -0.7, p.product(x, z): 0.3}))
    law = p.linear(g, {p.log(ratio): 1.0, p.log(z): -2.0, v: 0.4})
    flux = p.ghk(g, x, y, p.sum({v: 2.0}))
    pump = p.factors(growth, [(1, 3, x, K), (0, 2, z, None)])
    p.row(x, {law: -1.0, flux: 2.0})
    p.row(y, {growth: 1.0, pump: -3.0})
    p.row(z, {p.reciprocal(p.product(y, y)): -0.2, flux: -1.0})
    p.row(v, {law: 1.0, pump: 0.5, p.product(one, v): -1.0})
    p.row(total, {pump: 1.0, p.exp(ratio): 0.1, flux: -0.5})
    return p


def test_every_derivative_is_that_of_finite_differences() -> None:
    rng = np.random.default_rng(5)
    parameters = [0.7, 1.3, 1.0]
    for y in rng.uniform(0.4, 2.0, (6, 5)):
        h = 1e-6 * np.diag(np.abs(y))
        _, J = derivatives(all_operations(), y[None], parameters)
        up, down = (derivatives(all_operations(), y + s * h, parameters)[0] for s in (1, -1))
        numeric = ((up - down) / (2e-6 * np.abs(y)[:, None])).T
        np.testing.assert_allclose(J[0], numeric, rtol=2e-8, atol=2e-8)
        assert np.all(J[0][:, 4] == 0)
        assert np.any(J[0][4] != 0)


def test_an_exponential_is_its_own_derivative() -> None:
    p = Program()
    x, one = p.state(), p.parameter()
    p.row(x, {p.exp(p.product(one, x)): 1.0})
    y = np.linspace(-30.0, 30.0, 50)[:, None]
    f, J = derivatives(p, y, [1.0])
    np.testing.assert_allclose(f, np.exp(y), rtol=4e-16)
    assert np.array_equal(f[:, 0], J[:, 0, 0])


# --------------------------------------------------------------------------------------------------- tables, powers, two-state halves


def tabulated() -> tuple[Program, list[Piecewise]]:
    """Three functions of x, two of them on one grid, and one of a parameter."""
    tables = [
        sampled(lambda v: 3.0 * np.exp(-v / 0.4), -2.0, 2.0),
        sampled(lambda v: 1.0 / (1.0 + np.exp(-v / 0.1)), -2.0, 2.0),
        sampled(lambda v: np.where(v < 0.3, 1.0 + v, 2.0 - v), -2.0, 2.0, breaks=(0.3,)),
    ]
    p = Program()
    states = [p.state() for _ in range(4)]
    k = p.parameter()
    x = p.sum({states[0]: 1.0, states[1]: -0.5})
    for state, node in zip(states, [*p.table(x, tables), *p.table(k, tables[:1])], strict=True):
        p.row(state, {node: 1.0})
    return p, tables


def test_the_kernels_look_up_what_the_table_says() -> None:
    p, tables = tabulated()
    x = np.concatenate([np.random.default_rng(1).uniform(-3.0, 3.0, 999), [-2.0, 2.0, 0.3, np.nextafter(0.3, 0), 1e9, -1e9]])
    y = np.zeros((len(x), 4))
    y[:, 0] = x
    f, J = derivatives(p, y, [0.25])
    for i, t in enumerate(tables):
        size = np.max(np.abs(t(x[:999])))
        np.testing.assert_allclose(f[:, i], t(x), rtol=1e-14, atol=1e-15 * size)
        np.testing.assert_allclose(J[:, i, 0], t.slope(x), rtol=1e-12, atol=1e-12 * size)
        np.testing.assert_allclose(J[:, i, 1], -0.5 * t.slope(x), rtol=1e-12, atol=1e-12 * size)
    assert np.all(f[:, 3] == pytest.approx(tables[0](0.25), rel=1e-14))
    assert not np.any(J[:, 3])


def test_a_table_takes_any_number_and_a_run_on_it_ends_with_a_status() -> None:
    p, _ = tabulated()
    y = np.zeros((3, 4))
    y[:, 0] = np.nan, np.inf, -np.inf
    f, _ = derivatives(p, y, [np.inf])
    assert not np.any(np.isfinite(f[:, :3]))
    q = Program()
    x, tiny = q.state(), q.parameter()
    (node,) = q.table(x, [sampled(lambda v: v, 0.0, 1.0)])
    q.row(x, {q.product(node, q.exp(node)): 1.0})
    q.tolerance({x: 1.0}, x, tiny)
    run = integrate(q, [0.5], [1e-9], [100.0])
    assert run["status"][0] in (Status.STEP_TOO_SMALL, Status.NOT_FINITE)


def test_tables_have_the_same_bits_on_every_instruction_set() -> None:
    p, _ = tabulated()
    tables, _ = p.finish()
    tables.pop("pattern")
    y = np.random.default_rng(2).uniform(-3.0, 3.0, (77, 4))
    found = []
    for module in builds():
        for rows in (slice(None), slice(0, 5)):
            f = np.empty((len(y[rows]), 4))
            plan = module.Plan(tables)
            plan.evaluate(np.ascontiguousarray(y[rows]), np.array([0.1]), NONE, np.empty((len(f), 0)), NONE, np.empty((0, len(f))), f)
            found.append(f[:5])
    assert all(np.array_equal(f, found[0]) for f in found)


def test_a_run_through_a_table_is_that_through_the_function() -> None:
    """dx/dt = -k x/(1 - e^-x) from its formula and from a table of it."""
    ends = []
    for table in (False, True):
        p = Program()
        x, one, zero, tiny = p.state(), p.parameter(), p.parameter(), p.parameter()
        if table:
            (node,) = p.table(x, [sampled(lambda v: v / (1.0 - np.exp(-v)), -5.0, 20.0, error=1e-11)])
        else:
            node = p.ghk(one, zero, one, p.sum({x: -1.0}))
        p.row(x, {node: -1.0})
        p.tolerance({x: 1.0}, x, tiny)
        ends.append(integrate(p, [8.0], [1.0, 0.0, 1e-9], [1.0, 5.0, 9.0], rtol=1e-9)["out"][0, :, 0])
    np.testing.assert_allclose(ends[1], ends[0], rtol=3e-8)


def test_powers_and_halves_and_their_derivatives() -> None:
    p = Program()
    x, y = p.state(), p.state()
    p.row(x, {p.power(x, 2.5): 1.0, p.power(p.product(x, y), 0.5): 1.0})
    p.row(y, {p.logistic(y): 1.0})
    at = np.array([[0.0, 800.0], [0.7, -800.0], [2.0, 3.0], [9.0, -3.0], [5.0, 40.0]])
    f, J = derivatives(p, at, [])
    a, b = at.T
    np.testing.assert_allclose(f[1:, 0], (a**2.5 + np.sqrt(np.maximum(a * b, 0)))[1:] * np.where(a * b < 0, np.nan, 1)[1:], rtol=1e-14)
    half = np.array([0.0, 1.0, 1 / (1 + np.exp(3)), 1 / (1 + np.exp(-3)), np.exp(-40.0)])
    np.testing.assert_allclose(f[:, 1], half, rtol=1e-15, atol=1e-300)
    np.testing.assert_allclose(J[:, 1, 1], -half * (1 - half), rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(J[2, 0], [2.5 * 2**1.5 + 0.5 * np.sqrt(3 / 2), 0.5 * np.sqrt(2 / 3)], rtol=1e-14)
    square = Program()
    z = square.state()
    square.row(z, {square.power(z, 1.5): 1.0})
    f, J = derivatives(square, np.zeros((1, 1)), [])
    assert f[0, 0] == J[0, 0, 0] == 0.0


def test_what_cannot_be_lowered_is_refused() -> None:
    p = Program()
    x, k = p.state(), p.parameter()
    total = p.counter()
    p.row(x, {p.product(k, total): 1.0})
    with pytest.raises(ValueError, match="depends on a counter"):
        p.finish()


# ------------------------------------------------------------------------------------------------------------- algebraic rows
#
# dq/dt = a exp(-2V), 0 = s (q - exp V): V = ln q and q^3 = q_0^3 + 3 a t; the counter adds up q.


def film(*, counted: bool = False, parts: int = 1) -> Program:
    """`parts` copies, so that the matrix is dense for one and sparse for several."""
    p = Program()
    pairs = [(p.state(), p.state(mass=0.0)) for _ in range(parts)]
    a, s, one = p.parameter(), p.parameter(), p.parameter()
    tiny = p.parameter()
    for q, V in pairs:
        p.row(q, {p.product(a, p.exp(p.sum({V: -2.0}))): 1.0})
        p.row(V, {p.product(s, q): 1.0, p.product(s, p.exp(V)): -1.0})
    for q, V in pairs:
        p.tolerance({q: 1.0}, q, tiny, positive=True)
        p.tolerance({V: 1.0}, V, tiny)
    if counted:
        for q, _ in pairs:
            p.row(p.counter(), {p.product(one, q): 1.0})
    return p


FILM = [0.5, 3.0, 1.0, 1e-9]


def q_of(t: Any, q0: float = 1.5, a: float = 0.5) -> Any:
    return np.cbrt(q0**3 + 3 * a * np.asarray(t))


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_algebraic_states_keep_order_five(parts: int) -> None:
    errors = []
    for steps in (32, 64, 128):
        run = integrate(film(parts=parts), [1.5, np.log(1.5)] * parts, FILM, [20.0], fixed_step=20.0 / steps)
        got = run["out"][0, 0].reshape(parts, 2)
        errors.append(max(np.max(np.abs(got[:, 0] / q_of(20.0) - 1)), np.max(np.abs(got[:, 1] - np.log(q_of(20.0))))))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders[-1] == pytest.approx(5, abs=0.2), (orders, errors)


@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-8])
def test_algebraic_states_start_consistent_however_far_the_guess(rtol: float) -> None:
    times = [0.0, 0.1, 1.0, 7.0, 20.0]
    run = integrate(film(), [1.5, -0.6], FILM, times, rtol=rtol)
    assert run["status"][0] == Status.OK
    assert run["out"][0, 0, 1] == pytest.approx(np.log(1.5), abs=1e-12)
    np.testing.assert_allclose(run["out"][0, :, 0], q_of(times), rtol=3 * rtol)
    np.testing.assert_allclose(run["out"][0, :, 1], np.log(q_of(times)), atol=10 * rtol)


def test_a_jump_of_an_algebraic_state_is_seen_after_the_break_and_not_at_it() -> None:
    """The film's own parameter jumps at 10 s: V follows at once by ln 2, q does not jump."""
    p = Program()
    q, V = p.state(), p.state(mass=0.0)
    a, s, one, tiny = p.parameter(), p.parameter(), p.parameter(), p.parameter()
    p.row(q, {p.product(a, one): 1.0})
    p.row(V, {p.product(s, q): 1.0, p.exp(V): -1.0})
    p.tolerance({q: 1.0}, q, tiny)
    p.tolerance({V: 1.0}, V, tiny)
    run = integrate(p, [1.5, 0.0], [0.5, 1.0, 1.0, 1e-9], [0.0, 10.0, 20.0], change=(10.0, 1, 2.0), record=True)
    assert run["out"][0, :, 1] == pytest.approx([np.log(1.5), np.log(6.5), np.log(2 * 11.5)], abs=1e-6)
    first = run["record"][run["record"][:, 0] == 10.0][0]
    assert first[2 + 1] == pytest.approx(np.log(2 * 6.5), abs=1e-6)
    assert first[2] == pytest.approx(6.5, rel=1e-12)


def test_rows_without_a_solution_end_with_a_status() -> None:
    p = Program()
    q, V = p.state(), p.state(mass=0.0)
    a, one, tiny = p.parameter(), p.parameter(), p.parameter()
    p.row(q, {p.product(a, q): -1.0})
    p.row(V, {p.exp(V): 1.0, one: 1.0})
    p.tolerance({q: 1.0}, q, tiny)
    p.tolerance({V: 1.0}, V, tiny)
    run = integrate(p, [1.0, 0.0], [1.0, 1.0, 1e-9], [1.0])
    assert run["status"][0] == Status.NOT_CONVERGED
    assert run["t"][0] == 0.0


# ------------------------------------------------------------------------------------------------------------------- counters


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_a_counter_is_the_integral_and_changes_no_step(parts: int) -> None:
    times = [0.0, 2.5, 20.0]
    y0 = [1.5, 0.0] * parts
    plain = integrate(film(parts=parts), y0, FILM, times)
    counted = integrate(film(parts=parts, counted=True), [*y0, *[0.0] * parts], FILM, times)
    n = 2 * parts
    assert np.array_equal(counted["out"][:, :, :n], plain["out"])
    assert counted["steps"][0] == plain["steps"][0]
    assert counted["rejected"][0] == plain["rejected"][0]
    want = (q_of(times) ** 4 - 1.5**4) / (4 * 0.5)
    for c in range(parts):
        np.testing.assert_allclose(counted["out"][0, :, n + c], want, rtol=3e-6)


def test_counters_are_of_order_five_too() -> None:
    want = float((q_of(20.0) ** 4 - 1.5**4) / 2)
    errors = [
        abs(integrate(film(counted=True), [1.5, np.log(1.5), 0.0], FILM, [20.0], fixed_step=20.0 / n)["out"][0, 0, 2] / want - 1)
        for n in (8, 16, 32)
    ]
    assert np.log2(errors[1] / errors[2]) == pytest.approx(5, abs=0.3), errors


def test_counters_and_ramps() -> None:
    """dx/dt = k with k from 0 to 1 over 4 s as a ramp; the counter adds up the square of x."""
    p = Program()
    x, k, one, tiny = p.state(), p.parameter(), p.parameter(), p.parameter()
    p.row(x, {p.product(k, one): 1.0})
    p.tolerance({x: 1.0}, x, tiny)
    p.row(p.counter(), {p.product(x, p.product(one, x)): 1.0})
    course = np.array([[[[0.0, 0.25]]]])
    tables, _ = p.finish()
    tables.pop("pattern")
    arrays = integrate(p, [0.0, 0.0], [0.0, 1.0, 1e-9], [4.0])
    arrays |= {"sched_slot": np.array([0], np.intc), "sched": course, "y": np.zeros((1, 2)), "t": np.zeros(1), "h": np.zeros((1, 3))}
    arrays |= {"status": np.full(1, kernels.PENDING, np.intc), "sample": np.zeros(1, np.longlong)}
    kernels.Run(kernels.Plan(tables), arrays, 1e-8).work(False)
    assert arrays["out"][0, 0] == pytest.approx([2.0, 4.0**5 / 5 / 64], rel=1e-7)


@pytest.mark.parametrize("make", [lambda: film(counted=True), lambda: film(counted=True, parts=4)], ids=["dense", "sparse"])
def test_the_same_bits_on_every_instruction_set_alone_and_in_a_batch(make: Callable[[], Program]) -> None:
    parts = len(make().counters)
    y0 = [*[1.5, -0.3] * parts, *[0.0] * parts]
    want = integrate(make(), y0, FILM, [0.0, 3.0, 20.0], change=(5.0, 0, 1.5))
    for module in builds():
        for cells, wide in ((1, False), (7, False), (41, True)):
            got = integrate(make(), y0, FILM, [0.0, 3.0, 20.0], change=(5.0, 0, 1.5), module=module, cells=cells, wide=wide)
            for name in ("out", "steps", "rejected"):
                assert np.all(got[name] == want[name][0]), (module.__name__, cells, name)


# ---------------------------------------------------------------------------------------------------------------- the explicit pair


def predators(parts: int) -> Program:
    """Volterra's cycle, dx/dt = x - x y, dy/dt = x y - y, `parts` times: x y e^-(x + y) is constant."""
    p = Program()
    pairs = [(p.state(), p.state()) for _ in range(parts)]
    one, tiny = p.parameter(), p.parameter()
    for x, y in pairs:
        meet = p.product(x, y)
        p.row(x, {p.product(one, x): 1.0, meet: -1.0})
        p.row(y, {meet: 1.0, p.product(one, y): -1.0})
    for x, y in pairs:
        p.tolerance({x: 1.0}, x, tiny, positive=True)
        p.tolerance({y: 1.0}, y, tiny, positive=True)
    return p


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_the_explicit_pair_is_of_order_five_and_its_dense_output_of_order_four(parts: int) -> None:
    start, par = [2.0, 0.5] * parts, [1.0, 1e-9]
    times = [7.3, 10.0]
    want, *ends = (integrate(predators(parts), start, par, times, fixed_step=10.0 / n, explicit=True)["out"][0] for n in (8192, 128, 512))
    errors = np.array([np.max(np.abs(end - want), axis=1) for end in ends])
    dense, order = np.log2(errors[0] / errors[1]) / 2
    # the part of order six of a method whose part of order five is small still shows
    assert 4.8 < order < 6.2
    assert dense > 3.8
    x, y = ends[-1][1, :2]
    assert x * y * np.exp(-x - y) == pytest.approx(np.exp(-2.5), rel=1e-9)


def busy() -> Program:
    """Ten states on a torus of every operation that an explicit step can meet, some of them more than eight times."""
    p = Program()
    states = [p.state() for _ in range(10)]
    one, tiny, K = p.parameter(), p.parameter(), p.parameter()
    total = p.counter()
    table = [sampled(lambda v, k=k: np.exp(-v) / (1 + k), -2.0, 6.0) for k in range(3)]
    inverse_K = p.reciprocal(K)
    for i, x in enumerate(states):
        y, z = states[i - 1], states[i - 2]
        apart = p.sum({x: 1.0, y: -1.0})
        log = p.log(p.divide(x, y))
        open_ = p.logistic(p.sum({apart: 2.0, one: 0.3}))
        looked = p.table(apart, table)
        rates = {
            p.linear(K, {log: -1.0, p.log(z): 0.2}): 0.3,
            p.linear(one, {log: -1.0, p.log(z): 0.2}): 0.1,
            p.ghk(K, x, y, apart): 0.1,
            p.factors(open_, [(1, 2, x, K), (0, 3, y, None), (0, -1, z, None)]): -0.2,
            p.product(p.exp(p.sum({x: -1.0})), p.phi(apart)): 0.5,
            p.product(p.power(y, 0.7), inverse_K): 0.05,
            p.product(p.reciprocal(p.sum({x: 1.0, one: 2.0})), p.sum({y: 1.0, z: -1.0})): 0.4,
            p.product(looked[i % 3], p.product(x, x)): -0.02,
            p.product(p.product(K, p.logistic(p.sum({y: 1.0, one: -1.5}))), inverse_K): 0.03,
            # a parameter that is made after the function that it multiplies
            p.product(p.product(p.exp(p.sum({z: -0.5})), p.reciprocal(p.sum({K: 1.0, one: 1.0}))), y): 0.02,
        }
        p.row(x, {**rates, p.product(one, x): -0.05, one: 0.05})
        p.row(total, {p.product(open_, x): 1.0})
        p.tolerance({x: 1.0}, x, tiny, positive=True)
    sums = p.sum({states[0]: 1.0, states[1]: 1.0})
    p.tolerance({states[0]: 1.0, states[1]: 1.0}, sums, tiny, positive=True)
    return p


def test_one_cell_alone_computes_what_a_lane_computes_to_the_last_bit() -> None:
    start = [*np.linspace(0.5, 2.0, 10), 0.0]
    want = integrate(busy(), start, [1.0, 1e-9, 0.8], [0.0, 1.0, 9.0, 30.0], change=(5.0, 2, 1.1), explicit=True, cells=2)
    assert want["status"][0] == Status.OK
    assert want["steps"][0] > 20
    for module in builds():
        got = integrate(busy(), start, [1.0, 1e-9, 0.8], [0.0, 1.0, 9.0, 30.0], change=(5.0, 2, 1.1), explicit=True, module=module)
        for name in ("out", "steps", "rejected", "y", "h"):
            assert np.all(got[name][0] == want[name][0]), (module.__name__, name)
    other = integrate(busy(), start, [1.0, 1e-9, 0.8], [0.0, 1.0, 9.0, 30.0], change=(5.0, 2, 1.1))
    np.testing.assert_allclose(want["out"][0], other["out"][0], rtol=2e-5)


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_explicit_steps_have_the_same_bits_everywhere(parts: int) -> None:
    """Alone, among others, on every instruction set, across a break: the first stage is the last one of the step before, or anew."""
    start, par, change = [2.0, 0.5] * parts, [1.0, 1e-9], (5.0, 0, 1.5)
    want = integrate(predators(parts), start, par, [0.0, 3.0, 20.0], change=change, explicit=True)
    assert np.all(want["rejected"] > 0)
    for module in builds():
        for cells, wide in ((1, False), (7, False), (41, True)):
            got = integrate(
                predators(parts), start, par, [0.0, 3.0, 20.0], change=change, explicit=True, module=module, cells=cells, wide=wide
            )
            for name in ("out", "steps", "rejected"):
                assert np.all(got[name] == want[name][0]), (module.__name__, cells, name)


# ---------------------------------------------------------------------------------------------------------- an excitable membrane


def squid_axon(current: float, rtol: float, atol_V: float) -> tuple[Program, list[float]]:
    """Hodgkin & Huxley 1952 in V and s, with the resting potential at -65 mV; current in uA/cm^2."""
    p = Program()
    n, m, h, V = (p.state() for _ in range(4))
    one, small, volts, injected, zero = (p.parameter() for _ in range(5))

    def scaled(offset: float, k: float) -> int:
        """k (V + offset), V in mV."""
        return p.sum({V: 1e3 * k, one: offset * k})

    def linoid(offset: float, width: float) -> int:
        """x/(1 - exp(-x)) with x = (V + offset)/width."""
        return p.ghk(p.product(one, one), zero, one, scaled(offset, -1 / width))

    closing_h = p.reciprocal(p.sum({one: 1.0, p.exp(scaled(35.0, -0.1)): 1.0}))
    gates = (
        (n, linoid(55.0, 10.0), 0.1, p.exp(scaled(65.0, -1 / 80)), 0.125),
        (m, linoid(40.0, 10.0), 1.0, p.exp(scaled(65.0, -1 / 18)), 4.0),
        (h, p.exp(scaled(65.0, -1 / 20)), 0.07, closing_h, 1.0),
    )
    for gate, opening, a, closing, b in gates:
        p.row(gate, {opening: 1e3 * a, p.product(opening, gate): -1e3 * a, p.product(closing, gate): -1e3 * b})
    n2, m2 = p.product(n, n), p.product(m, m)
    sodium, potassium = p.product(p.product(m2, m), h), p.product(n2, n2)
    leak = p.product(one, scaled(54.387, 1.0))
    currents = {p.product(sodium, scaled(-50.0, 1.0)): -120.0, p.product(potassium, scaled(77.0, 1.0)): -36.0, leak: -0.3}
    p.row(V, {injected: 1.0, **currents})
    for gate in (n, m, h):
        p.tolerance({gate: 1.0}, gate, small)
    p.tolerance({V: 1.0}, V, volts, rtol=0.0)
    return p, [1.0, 1e-3 * rtol, atol_V, current, 0.0]


def spikes(rtol: float, atol_V: float) -> tuple[Array, int]:
    times = list(np.linspace(0.0, 0.1, 1001)[1:])
    program, parameters = squid_axon(10.0, rtol, atol_V)
    run = integrate(program, [0.3177, 0.0529, 0.5961, -0.065], parameters, times, rtol=rtol)
    return run["out"][0, :, 3], int(run["steps"][0])


def test_spikes_are_as_accurate_as_their_own_amplification_allows() -> None:
    """Seven spikes: an error of phase shows where V rises at 400 V/s, so V is some ten times less accurate than what varies slowly."""
    want, _ = spikes(1e-12, 4e-12)
    assert np.sum((want[:-1] < 0) & (want[1:] >= 0)) == 7
    for rtol in (1e-4, 1e-5, 1e-6, 1e-7, 1e-8):
        V, steps = spikes(rtol, 4 * rtol)
        assert np.max(np.abs(V - want)) < 30 * rtol, rtol
        # the tolerance on V is four times that on the gates, which need the small steps themselves
        assert steps == pytest.approx(spikes(rtol, rtol)[1], rel=0.05)
