"""Membranes in profile followed in time, and their impedance."""

from __future__ import annotations

import numpy as np

from .clock import ratio

SIZES = (1, 8, 64)
TIMES = (1e-10, 1e-9, 1e-8, 1e-7)


def charging(n, **more):
    """Charge n gaps between blocking electrodes by steps of 1 to 100 mV."""
    import ionflux as ifx
    from ionflux import Cl, K

    gap, salt = ifx.Membrane1D(ifx.Layer(20e-9, eps_r=78.5)), {K: 100.0, Cl: 100.0}
    V = 0.001 + 0.099 * ((np.arange(n) + 0.5) * np.sqrt(2.0) % 1.0)
    return ifx.pnp_transient(gap, salt, salt, V if n > 1 else float(V[0]), t=TIMES, blocking=True, nodes=200, **more)


def answers(n):
    """Impedance of a film at n frequencies."""
    import ionflux as ifx
    from ionflux import Cl, K

    film = ifx.Membrane1D(ifx.Layer(20e-9, eps_r=78.5, fixed_charge=-50.0))
    return ifx.impedance(film, {K: 100.0, Cl: 100.0}, {K: 10.0, Cl: 10.0}, 0.05, omega=np.logspace(3, 12, n))


class Runs:
    """On one mesh of 200 cells."""

    params = (SIZES,)
    param_names = ("gaps",)

    def setup(self, n):
        charging(n)

    def time_charging(self, n):
        charging(n)


class Spectra:
    """To the default tolerance."""

    params = ((1, 64),)
    param_names = ("frequencies",)

    def setup(self, n):
        answers(n)

    def time_impedance(self, n):
        answers(n)


class Ratios:
    """Figures that hold on any machine."""

    def track_eight_over_one(self):
        """Eight lanes cost little more than one."""
        return ratio(lambda: charging(8), lambda: charging(1))

    def track_steps(self):
        return float(charging(1).stats["steps"])

    track_eight_over_one.unit = "ratio"
    track_steps.unit = "steps"
