"""Numbers, times, ions and tables as a person reads them."""

from __future__ import annotations

import pytest

from ionflux._text import ion_text, prefixed, text_table, time_unit


@pytest.mark.parametrize(("size", "prefix"), [(0.0, ""), (7e-17, "a"), (0.0521, "m"), (0.99951, ""), (-2500.0, "k"), (float("inf"), "")])
def test_a_prefix_keeps_numbers_between_one_and_a_thousand(size: float, prefix: str) -> None:
    factor, letter = prefixed(size)
    assert letter == prefix
    assert size in (0.0, float("inf")) or 0.999 <= abs(size) / factor < 1000


@pytest.mark.parametrize(("span", "unit"), [(4 * 3600, "h"), (5400, "min"), (30, "s"), (0.05, "ms"), (5 * 86400, "d"), (0, "ms")])
def test_time_is_told_in_a_unit_that_suits_its_span(span: float, unit: str) -> None:
    assert time_unit(span)[1] == unit


def test_ions_are_printed_with_their_charge() -> None:
    assert [ion_text("Na", 1), ion_text("Ca", 2), ion_text("Cl", -1), ion_text("SO4", -2), ion_text("O2", 0)] == [
        "Na⁺", "Ca²⁺", "Cl⁻", "SO4²⁻", "O2",
    ]  # fmt: skip


def test_tables_have_aligned_columns_and_no_trailing_blanks() -> None:
    table = text_table(["name", "V"], [["rest", "−72.6"], ["a", "1.0"]], units=["", "mV"], flush="l")
    assert table.splitlines() == ["name      V", "         mV", "───────────", "rest  −72.6", "a       1.0"]
