"""Load what an extra brings, or say which extra to install."""

from __future__ import annotations

import importlib
from types import ModuleType

from .errors import MissingExtra


def need(module: str, *, extra: str = "app", to: str) -> ModuleType:
    """Import `module`, or raise `MissingExtra` naming the extra to install.

    Parameters
    ----------
    module : str
        Dotted name of a module.
    extra : str
        The extra of ionflux that installs it.
    to : str
        What it is needed for, read after "to": ``"plot"``.

    Raises
    ------
    MissingExtra
        When the package is not installed. A package that is there but broken raises its own ImportError.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise MissingExtra(f"{package} is needed to {to} and is not installed: pip install 'ionflux[{extra}]'") from error
