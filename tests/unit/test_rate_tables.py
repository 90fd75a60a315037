"""Tables of rates: as good as the rate itself, or none."""

from __future__ import annotations

import numpy as np
import pytest

from ionflux import Channel, Gate, K, Rate
from ionflux.lowering.rate_tables import of_rate, share

V = np.random.default_rng(7).uniform(-0.999, 0.999, 400)


def drawn(rng: np.random.Generator, narrowest: float) -> tuple[Rate, Rate, Rate]:
    """The three shapes of Hodgkin and Huxley, positive, `narrowest` V or wider."""
    width, place, size = rng.choice([-1, 1]) * rng.uniform(narrowest, 0.1), rng.uniform(-0.1, 0.1), 10 ** rng.uniform(0, 5)
    slope = size * np.sign(width)
    return Rate(size, 0.0, 0.0, place, width), Rate(size, 0.0, 1.0, place, width), Rate(slope * place, slope, -1.0, place, width)


@pytest.mark.parametrize("seed", range(6))
def test_a_rate_from_its_table_is_right_to_1e_12_of_its_value_within_a_volt(seed: int) -> None:
    for rate in drawn(np.random.default_rng(seed), 0.006):
        table = of_rate(rate)
        assert table is not None
        np.testing.assert_allclose(table(V), [rate(v) for v in V], rtol=1e-12, atol=0)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("narrowest", "power"), [(0.009, 1), (0.009, 2), (0.009, 3), (0.009, 4), (0.003, 1)])
def test_a_gate_open_at_once_comes_from_a_table_right_to_1e_11_of_its_value(narrowest: float, power: int, seed: int) -> None:
    """No steeper than those of nerve at every power, steeper ones at power one."""
    rng = np.random.default_rng(100 + seed)
    for first, second in [(0, 1), (1, 2), (2, 0), (2, 2)]:
        alpha, beta = drawn(rng, narrowest)[first], drawn(rng, narrowest)[second]
        table = share(alpha, beta, power)
        assert table is not None, (alpha, beta)
        gate = Gate("m", alpha=alpha, beta=beta, instant=True)
        np.testing.assert_allclose(table(V), [gate.steady(v) ** power for v in V], rtol=1e-11, atol=1e-290)


def test_beyond_the_tables_a_channel_follows_its_rates() -> None:
    """Potentials to 25 V may be asked for, and those within a volt are what they are by themselves."""
    gate = Gate("m", 3, alpha=Rate(100.0, 0.0, 0.0, 0.03, 0.05), beta=Rate(50.0, 0.0, 1.0, 0.01, -0.1))
    volts = np.array([-3.0, -1.2, -0.5, 0.5, 1.2, 3.0])
    channel = Channel("own", permeates={K: 1}, g=1.0, gates=[gate])
    current = channel.evaluate(V=volts, c_in={K: 10.0}, c_out={K: 10.0}).current
    np.testing.assert_allclose(current, [v * gate.steady(v) ** 3 for v in volts], rtol=1e-11)
    assert current[3] == channel.evaluate(V=0.5, c_in={K: 10.0}, c_out={K: 10.0}).current


def test_a_rate_too_steep_for_a_table_has_none() -> None:
    assert of_rate(Rate(100.0, 0.0, 1.0, 0.03, 0.001)) is None


def test_a_share_of_what_is_no_rate_has_no_table() -> None:
    assert share(Rate(100.0, 0.0, 1.0, 0.03, 0.02), "transmitter", 1) is None
    assert share(1.0, 2.0, 1) is None
