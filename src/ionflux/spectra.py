"""What an oscillation of the voltage finds: impedances by frequency."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._broadcast import Array
from .frozen import Solved

if TYPE_CHECKING:
    from ._draw import Axes

Complex = NDArray[np.complex128]


class Impedance(Solved):
    """Impedance of one membrane or a batch of them; frequencies come last.

    Attributes
    ----------
    shape : tuple of int
        Of the batch; ``()`` for one membrane.
    omega : float or array (m,)
        Angular frequencies, 1/s.
    V : float or array (...)
        Voltage about which it oscillates, V.
    Z : complex array (..., m)
        dV/dI, Ω m², with e^{iωt}: a capacitor has −i/(ωC).
    Y : complex array (..., m)
        Admittance dI/dV, S/m².
    capacitance, conductance : array (..., m)
        Of a capacitor and a conductor in parallel with the same admittance: Im Y/ω, F/m², NaN at 0; Re Y, S/m².
    error : array (..., m)
        Estimated relative error of Z; NaN with `nodes`.
    status : int or array (...)
        `Status`.
    """

    def __init__(self, shape: tuple[int, ...], omega: Array, V: Array, Y: Complex, error: Array, status: np.ndarray) -> None:
        whole = (*shape, *omega.shape)
        self.shape, self.omega, self.Y, self.error = (
            shape,
            omega if omega.ndim else float(omega),
            Y.reshape(whole)[()],
            error.reshape(whole)[()],
        )
        self.V = float(V[0]) if shape == () else V.reshape(shape)
        self.status = int(status[0]) if shape == () else status.reshape(shape)

    def _told(self) -> tuple[Any, ...]:
        return self.shape, *(np.asarray(x) for x in (self.omega, self.V, self.Y, self.error, self.status))

    @cached_property
    def Z(self) -> Any:
        """dV/dI, Ω m²."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return 1.0 / self.Y

    @property
    def conductance(self) -> Any:
        """Re Y, S/m²."""
        return self.Y.real

    @cached_property
    def capacitance(self) -> Any:
        """Im Y/ω, F/m²; NaN at ω = 0."""
        omega = np.asarray(self.omega)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(omega > 0, self.Y.imag / omega, np.nan)[()]

    def plot(self, ax: Axes | None = None, kind: str = "nyquist") -> Axes:
        """Draw −Im Z against Re Z, Ω cm² ("nyquist"), or the size of Z against frequency ("bode"); returns the axes. Not of a batch."""
        from .run_plots import plot_impedance

        return plot_impedance(self, ax, kind)

    def __repr__(self) -> str:
        which = f"batch of shape {self.shape}, " if self.shape else f"V = {self.V * 1e3:.4g} mV, "
        omega = np.atleast_1d(self.omega)
        return f"<Impedance: {which}{len(omega)} frequencies, ω = {np.min(omega):g} … {np.max(omega):g} 1/s>"
