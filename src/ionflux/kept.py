"""What every result can do beside being read: be kept, shown, cited, compared and sent elsewhere; other modules do the work."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from .frozen import Frozen

__all__ = ["Kept"]


class Kept(Frozen):
    """Base of results."""

    def to_xarray(self) -> Any:
        """Return the result as an `xarray.Dataset` with units and provenance (needs the `app` extra)."""
        from .files import to_xarray

        return to_xarray(self)

    def to_csv(self, path: str | Path, *, overwrite: bool = True) -> Path:
        """Write a table of text with one line per time (or cell, or quantity), names and SI units in the first line."""
        from .tables import to_csv

        return to_csv(self, path, overwrite=overwrite)

    def save(self, path: str | Path, *, overwrite: bool = True) -> Path:
        """Write NetCDF, whole or not at all (needs the `app` extra); `ionflux.load` reads it."""
        from .files import save

        return save(self, path, overwrite=overwrite)

    def cite(self, style: str = "text") -> str:
        """Return the references of exactly what was used, as ``"text"`` or ``"bibtex"``."""
        from .citations import cite

        return cite(self, style)

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Version, machine, and every parameter with value, unit and source."""
        from .records import provenance

        return provenance(self)

    def _repr_html_(self) -> str:
        from .tables import html

        return html(self)

    def __eq__(self, other: object) -> bool:
        """Whether both are the same result of the same question; what it cost in time, and where it was computed, does not matter."""
        if type(self) is not type(other):
            return NotImplemented
        from .records import record

        return record(self) == record(other)

    def __hash__(self) -> int:
        from .records import record

        return hash(record(self))

    def __reduce__(self) -> Any:
        from .records import record, restored

        return restored, (record(self),)
