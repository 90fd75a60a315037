"""Membranes without space charge: one, and many with their potentials at rest."""

from __future__ import annotations

import numpy as np

SIZES = (1, 64, 4096)


def problems(n):
    """Return a membrane between unstirred layers, and concentrations of n pairs of solutions, the same on every machine."""
    import ionflux as ifx
    from ionflux import Ca, Cl, K, Na

    x = np.arange(n) + 0.5
    s, r = 0.5 + x * np.sqrt(2.0) % 1.0, 0.5 + x * np.sqrt(3.0) % 1.0
    if n == 1:
        s, r = float(s[0]), float(r[0])
    water = ifx.Layer(10e-6)
    membrane = ifx.Membrane1D([water, ifx.Layer(50e-6, D_factor=0.1, fixed_charge=-500.0), water])
    return membrane, {K: 140 * s, Na: 10 * s, Cl: 150 * s}, {K: 5 * r, Na: 141 * r, Ca: 2 * r, Cl: 150 * r}


class Membranes:
    """At rest, and at a voltage."""

    params = (SIZES,)
    param_names = ("membranes",)

    def setup(self, n):
        from ionflux import electroneutral

        self.membrane, self.left, self.right = problems(n)
        self.solve = electroneutral
        self.solve(self.membrane, self.left, self.right, V=-0.02)

    def time_at_rest(self, n):
        self.solve(self.membrane, self.left, self.right, I=0.0)

    def time_at_a_voltage(self, n):
        self.solve(self.membrane, self.left, self.right, V=-0.05)
