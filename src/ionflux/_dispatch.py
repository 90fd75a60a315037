"""Choose the build of the kernels that this CPU runs fastest.

The kernels exist as one module per instruction set (AVX-512, AVX2, baseline), all compiled from the same source and equal
to the last bit in what they compute. Everything above takes them from here::

    from ._dispatch import kernels

The environment variable ``IONFLUX_ISA`` (``v4``, ``v3`` or ``baseline``), read once at import, forces one of them: for
tests, and for measuring what the wider registers bring.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import TYPE_CHECKING

from . import _kernels as _baseline
from .errors import InputError

__all__ = ["choose", "kernels"]

# x86-64 level -> module, widest first; level 2 and everything that is not x86-64 is the baseline
_BUILDS = {"v4": (4, "_kernels_v4"), "v3": (3, "_kernels_v3")}


def _load(name: str) -> ModuleType | None:
    """The build of that name, None where the compiler could not make it."""
    try:
        return importlib.import_module(f"{__package__}.{name}")
    except ModuleNotFoundError:
        return None


def choose(isa: str | None = None) -> ModuleType:
    """Import and return the kernels for an instruction set.

    Parameters
    ----------
    isa : {"v4", "v3", "baseline"}, optional
        Default: the best that both this CPU and this installation have.

    Raises
    ------
    InputError
        `isa` is unknown, was not built, or this CPU cannot run it.
    """
    level = _baseline.cpu_level()
    if not isa:
        for needed, name in _BUILDS.values():
            if level >= needed and (module := _load(name)) is not None:
                return module
        return _baseline
    if isa == "baseline":
        return _baseline
    if isa not in _BUILDS:
        raise InputError(f"IONFLUX_ISA = {isa!r} is none of {', '.join(map(repr, [*_BUILDS, 'baseline']))}")
    needed, name = _BUILDS[isa]
    if level < needed:
        raise InputError(f"IONFLUX_ISA = {isa!r}, but this CPU has no x86-64-{isa} instructions; unset it to let ionflux choose")
    module = _load(name)
    if module is None:
        raise InputError(f"IONFLUX_ISA = {isa!r}, but ionflux.{name} was not built here; unset it to let ionflux choose")
    return module


if TYPE_CHECKING:  # all builds have the same functions; the stub describes them once
    from . import _kernels as kernels
else:
    kernels = choose(os.environ.get("IONFLUX_ISA"))
