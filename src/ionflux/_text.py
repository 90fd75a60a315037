"""What a person reads: tables in plain text, SI prefixes, and the unit in which a stretch of time is best told."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PREFIXES = ((1e-18, "a"), (1e-15, "f"), (1e-12, "p"), (1e-9, "n"), (1e-6, "µ"), (1e-3, "m"), (1.0, ""), (1e3, "k"), (1e6, "M"))
_TIMES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"))
_MINUS = re.compile(r"(?<![\w^)])-(?=[\d.]|inf)|(?<=\de)-(?=\d)")
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def prefixed(largest: float) -> tuple[float, str]:
    """The SI prefix, as (factor, letter), under which a quantity of that size reads between 1 and 1000."""
    size = abs(largest)
    if not 0.0 < size < float("inf"):
        return 1.0, ""
    chosen = _PREFIXES[0]
    for factor, letter in _PREFIXES:
        # 0.9995: what rounds to 1000 in three digits is told in the next unit
        if size >= 0.9995 * factor:
            chosen = (factor, letter)
    return chosen


def time_unit(span: float) -> tuple[float, str]:
    """The unit of time, as (seconds, name), in which `span` seconds are two or more."""
    for seconds, name in _TIMES:
        if span >= 2.0 * seconds:
            return seconds, name
    return _TIMES[-1]


def ion_text(name: str, z: int) -> str:
    """An ion as it is printed: ``Na⁺``, ``Ca²⁺``, ``Cl⁻``; the bare name where the charge is zero."""
    if z == 0:
        return name
    size = "" if abs(z) == 1 else str(abs(z)).translate(_SUPERSCRIPT)
    return f"{name}{size}{'⁺' if z > 0 else '⁻'}"


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, units: Sequence[str] | None = None, flush: str = "") -> str:
    """A table in plain text with aligned columns.

    Parameters
    ----------
    head : sequence of str
        One title per column.
    rows : sequence of sequences of str
        The cells, already formatted.
    units : sequence of str, optional
        A second line under the titles.
    flush : str
        ``l`` or ``r`` per column: flush left or right. Columns beyond are flush right.

    Returns
    -------
    str
        Lines without trailing blanks, without a final line break.
    """
    lines = [head, *([units] if units is not None else []), *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]

    def shape(line: Sequence[str]) -> str:
        cells = (text.ljust(w) if flush[i : i + 1] == "l" else text.rjust(w) for i, (text, w) in enumerate(zip(line, widths, strict=True)))
        return "  ".join(cells).rstrip()

    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    top = 1 if units is None else 2
    return "\n".join([*(shape(line) for line in lines[:top]), rule, *(shape(line) for line in lines[top:])])


def minus(text: str) -> str:
    """The text with true minus signs, which are as wide as a plus, in its numbers (but not in exponents of units)."""
    return _MINUS.sub("−", text)
