"""Parameters of tests, of which the first few are for every day and the others for `make verify`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

#: share of the first draws that a plain run takes: all of it stays below two minutes
DAILY = 0.4


def first(count: int, values: Iterable[Any]) -> list[Any]:
    """All of these values; those after the first, `DAILY` of `count`, are slow."""
    return [value if i < max(1, round(DAILY * count)) else pytest.param(value, marks=pytest.mark.slow) for i, value in enumerate(values)]
