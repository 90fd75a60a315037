"""References of exactly what a model or a result used: the papers of its values and mechanisms, the method, ionflux itself.

Values carry the text of their source, and classes name theirs in the docstring. Where such a text names one of `publications` it is told
in full, otherwise as it stands.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from .cells import Cell
from .errors import InputError
from .mechanisms import Leak, Mechanism
from .publications import RODAS5P, SELF, TABLE, TSITOURAS, Reference, tex

__all__ = ["TABLE", "Reference", "cite", "references"]


def references(thing: Any) -> tuple[dict[Reference, list[str]], dict[str, list[str]]]:
    """Return the publications that a cell or a result used, and source texts that name none of the table, each with what for.

    Parameters
    ----------
    thing : Cell, Trajectory, SteadyState or Sweep
    """
    cell = thing if isinstance(thing, Cell) else getattr(thing, "model", None) or getattr(thing, "cell", None)
    if not isinstance(cell, Cell):
        raise InputError(f"{thing!r} cites nothing; a Cell and the results of its verbs do")
    found: dict[Reference, list[str]] = {}
    texts: dict[str, list[str]] = {}
    for source, what in _sources(cell):
        named = [r for r in TABLE if re.search(r.pattern, source)]
        for reference in named:
            found.setdefault(reference, []).append(what)
        if not named and re.search(r"\b(?:1[89]|20)\d\d\b", source):  # a year makes it a publication; "solved from the start" is none
            texts.setdefault(source, []).append(what)
    for reference, what in _methods(thing):
        found.setdefault(reference, []).append(what)
    found.setdefault(SELF, []).append("the computation")
    return found, texts


def _sources(cell: Cell) -> Iterable[tuple[str, str]]:
    for name, p in cell.parameters().items():
        if p.source:
            yield p.source, name
    if cell.constants is None:
        yield "CODATA 2022", "constants"
    for m in cell.membrane:
        if isinstance(m, Leak) and m.P is None:
            continue  # Ohm's law; the papers that the class names are those of the Goldman leak
        yield _stated(type(m)), m.name


def _stated(cls: type[Mechanism]) -> str:
    """The paragraph of a docstring that begins with ``Source:``."""
    found = re.search(r"^Source: (.*?)(?:\n\n|\Z)", inspect.getdoc(cls) or "", re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def _methods(thing: Any) -> Iterable[tuple[Reference, str]]:
    method = getattr(getattr(thing, "stats", None), "method", "")
    if "Rodas5P" in method:
        yield RODAS5P, "integration in time"
    if "Tsitouras" in method:
        yield TSITOURAS, "integration in time"


def cite(thing: Any, style: str = "text") -> str:
    """Return the references of exactly what a cell or a result used.

    Parameters
    ----------
    thing : Cell, Trajectory, SteadyState or Sweep
    style : {"text", "bibtex"}

    Examples
    --------
    >>> import ionflux as ifx
    >>> "eLife" in cite(ifx.preset("dusterwald2018"))
    True
    """
    if style not in ("text", "bibtex"):
        raise InputError(f'style = {style!r}; it is "text" or "bibtex"')
    found, texts = references(thing)
    if style == "text":
        lines = [f"{r.text()}\n    for {_for(uses)}" for r, uses in found.items()]
        return "\n".join([*lines, *(f"{text}\n    for {_for(uses)}" for text, uses in texts.items())])
    entries = [r.bibtex(f"For {_for(uses)}") for r, uses in found.items()]
    for i, (text, uses) in enumerate(texts.items(), 1):
        entries.append(Reference(f"source{i}", "misc", "", {"title": tex(text)}).bibtex(f"For {_for(uses)}"))
    return "\n\n".join(entries)


def _for(uses: list[str]) -> str:
    once = list(dict.fromkeys(uses))
    return ", ".join(once[:12]) + (f" and {len(once) - 12} more" if len(once) > 12 else "")
