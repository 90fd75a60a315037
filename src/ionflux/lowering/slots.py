"""Parameters of the kernels: formulas of the user's numbers, of one cell or of an array of cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ionflux._dispatch import kernels

Values = Mapping[str, Any]  # dotted name -> number, or array over cells
Formula = Callable[[Values], Any]


def value(name: str) -> Formula:
    """The formula of a parameter that is one of the user's numbers as it stands."""
    return lambda v: v[name]


def kernel_log(x: Any) -> Any:
    """ln x by the kernels' own function, so that a number and an array of numbers agree to the last bit."""
    return _by_kernel("log", x)


def kernel_exp(x: Any) -> Any:
    """e^x likewise."""
    return _by_kernel("exp", x)


def _by_kernel(name: str, x: Any) -> Any:
    flat = np.atleast_1d(np.asarray(x, dtype=float)).ravel()
    out = np.empty_like(flat)
    kernels.vmath(name, flat, out)
    return out.reshape(np.shape(x)) if np.ndim(x) else float(out[0])
