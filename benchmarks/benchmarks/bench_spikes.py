"""A neuron that bursts: one cell whose steps are as short as its spikes make them, and many."""

from __future__ import annotations

import numpy as np

SECONDS = 3.0


class Bursts:
    """Three seconds of Barreto and Cressman's neuron in 8 mM potassium, by the method that it takes by itself."""

    def setup(self):
        import ionflux as ifx

        self.cell = ifx.preset("barreto_cressman2011", K_b=8.0)
        self.simulate()

    def simulate(self):
        return self.cell.simulate(SECONDS, at=[SECONDS])

    def time_simulate(self):
        self.simulate()

    def track_steps(self):
        return self.simulate().stats.steps

    def track_implicit_over_chosen(self):
        """Time of the implicit method over that of the chosen one: above 1 if the choice was right."""
        implicit = self.cell.simulate(SECONDS, at=[SECONDS], method="implicit").stats.seconds
        return implicit / min(self.simulate().stats.seconds for _ in range(3))

    track_steps.unit = "steps"
    track_implicit_over_chosen.unit = "ratio"


class ManyBursts:
    """n such cells in 7 ... 9 mM potassium for a second, on one thread."""

    params = ((8, 64),)
    param_names = ("cells",)

    def setup(self, n):
        import ionflux as ifx

        self.cell, self.vary = ifx.preset("barreto_cressman2011", K_b=8.0), {"BathExchange.c": np.linspace(7.0, 9.0, n)}
        self.sweep = ifx.sweep

    def time_sweep(self, n):
        self.sweep(self.cell, self.vary, until=1.0, threads=1, method="explicit")
