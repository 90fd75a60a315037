"""Choose the build of the kernels that this CPU runs fastest.

The kernels of cells, of formulas, of double layers and of films exist as one module per instruction set (AVX-512, AVX2, baseline), all
compiled from the same source and equal to the last bit in what they compute. Everything above takes them from here::

    from ._dispatch import fields, films, kernels, layers, transients

(those of films in time are loaded when somebody asks for them.)

The environment variable ``IONFLUX_ISA`` (``v4``, ``v3`` or ``baseline``), read once at import, forces one of them: for
tests, and for measuring what the wider registers bring.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import TYPE_CHECKING

from . import _fields as _baseline_fields
from . import _films as _baseline_films
from . import _kernels as _baseline
from . import _layers as _baseline_layers
from .errors import InputError

__all__ = [
    "choose",
    "choose_fields",
    "choose_films",
    "choose_layers",
    "choose_transients",
    "fields",
    "films",
    "kernels",
    "layers",
    "transients",
]

# x86-64 level -> ending of the module's name, widest first; level 2 and everything that is not x86-64 is the baseline
_BUILDS = {"v4": (4, "_v4"), "v3": (3, "_v3")}


def _load(name: str) -> ModuleType | None:
    """The build of that name, None where the compiler could not make it."""
    try:
        return importlib.import_module(f"{__package__}.{name}")
    except ModuleNotFoundError:
        return None


def choose(isa: str | None = None) -> ModuleType:
    """Import and return the kernels of cells for an instruction set.

    Parameters
    ----------
    isa : {"v4", "v3", "baseline"}, optional
        Default: the best that both this CPU and this installation have.

    Raises
    ------
    InputError
        `isa` is unknown, was not built, or this CPU cannot run it.
    """
    return _choose(isa, "_kernels", _baseline)


def choose_fields(isa: str | None = None) -> ModuleType:
    """Import and return the kernels of formulas for an instruction set; see `choose`."""
    return _choose(isa, "_fields", _baseline_fields)


def choose_films(isa: str | None = None) -> ModuleType:
    """Import and return the kernels of films for an instruction set; see `choose`."""
    return _choose(isa, "_films", _baseline_films)


def choose_layers(isa: str | None = None) -> ModuleType:
    """Import and return the kernels of double layers for an instruction set; see `choose`."""
    return _choose(isa, "_layers", _baseline_layers)


def choose_transients(isa: str | None = None) -> ModuleType:
    """Import and return the kernels of films in time for an instruction set; see `choose`."""
    return _choose(isa, "_transients", None)


def _choose(isa: str | None, family: str, loaded: ModuleType | None) -> ModuleType:
    level = _baseline.cpu_level()
    if not isa:
        for needed, ending in _BUILDS.values():
            if level >= needed and (module := _load(family + ending)) is not None:
                return module
    if not isa or isa == "baseline":
        return loaded or importlib.import_module(f"{__package__}.{family}")
    if isa not in _BUILDS:
        raise InputError(f"IONFLUX_ISA = {isa!r} is none of {', '.join(map(repr, [*_BUILDS, 'baseline']))}")
    needed, ending = _BUILDS[isa]
    if level < needed:
        raise InputError(f"IONFLUX_ISA = {isa!r}, but this CPU has no x86-64-{isa} instructions; unset it to let ionflux choose")
    module = _load(family + ending)
    if module is None:
        raise InputError(f"IONFLUX_ISA = {isa!r}, but ionflux.{family}{ending} was not built here; unset it to let ionflux choose")
    return module


if TYPE_CHECKING:  # all builds have the same functions; the stubs describe them once
    from . import _fields as fields
    from . import _films as films
    from . import _kernels as kernels
    from . import _layers as layers
    from . import _transients as transients
else:
    kernels = choose(os.environ.get("IONFLUX_ISA"))
    fields = choose_fields(os.environ.get("IONFLUX_ISA"))
    films = choose_films(os.environ.get("IONFLUX_ISA"))
    layers = choose_layers(os.environ.get("IONFLUX_ISA"))


def __getattr__(name: str) -> ModuleType:
    if name != "transients":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = choose_transients(os.environ.get("IONFLUX_ISA"))
    globals()[name] = module
    return module
