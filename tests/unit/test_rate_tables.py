"""Tables of rates: as good as the rate itself, or none."""

from __future__ import annotations

import numpy as np
import pytest

from ionflux import Rate
from ionflux.lowering.rate_tables import of_rate, share

V = np.random.default_rng(7).uniform(-0.999, 0.999, 400)


@pytest.mark.parametrize("seed", range(6))
def test_a_rate_from_its_table_is_right_to_1e_12_of_its_value_within_a_volt(seed: int) -> None:
    rng = np.random.default_rng(seed)
    width, place, size = rng.choice([-1, 1]) * rng.uniform(0.006, 0.1), rng.uniform(-0.1, 0.1), 10 ** rng.uniform(0, 5)
    shapes = (Rate(size, 0.0, 0.0, place, width), Rate(size, 0.0, 1.0, place, width), Rate(size * place, size, -1.0, place, width))
    for rate in shapes:
        table = of_rate(rate)
        assert table is not None
        np.testing.assert_allclose(table(V), [rate(v) for v in V], rtol=1e-12, atol=0)


def test_a_rate_too_steep_for_a_table_has_none() -> None:
    assert of_rate(Rate(100.0, 0.0, 1.0, 0.03, 0.001)) is None


def test_a_share_of_what_is_no_rate_has_no_table() -> None:
    assert share(Rate(100.0, 0.0, 1.0, 0.03, 0.02), "transmitter", 1) is None
    assert share(1.0, 2.0, 1) is None
