"""One cell at a time: what somebody at a notebook waits for."""

from __future__ import annotations

import statistics
import time

import numpy as np

from . import pump_leak as model
from .clock import ratio


class TenHours:
    """Ten hours of the pump-leak cell with ouabain, a thousand samples, at the default tolerance and at a looser one."""

    params = ((1e-6, 1e-5),)
    param_names = ("rtol",)

    def setup(self, rtol):
        self.cell, self.schedule, self.at = model.cell(), model.ouabain(), model.cell_times()
        self.simulate(rtol)

    def simulate(self, rtol):
        return self.cell.simulate(model.END, schedule=self.schedule, at=self.at, record=("c_in", "volume", "V"), rtol=rtol)

    def time_simulate(self, rtol):
        self.simulate(rtol)

    def time_simulate_and_read(self, rtol):
        model.observables(self.simulate(rtol))

    def track_steps(self, rtol):
        return self.simulate(rtol).stats.steps

    def track_call_over_kernel(self, rtol):
        """The whole call over the part spent in compiled code: 1 plus what Python adds."""
        shares = []
        for _ in range(31):
            start = time.perf_counter()
            run = self.simulate(rtol)
            shares.append((time.perf_counter() - start) / run.stats.seconds)
        return statistics.median(shares)

    def track_error_over_gate(self, rtol):
        return model.cell_error(model.observables(self.simulate(rtol))) / model.CELL_GATE

    track_steps.unit = "steps"
    track_call_over_kernel.unit = "ratio"
    track_error_over_gate.unit = "error / gate"


class SingleCall:
    """What a call costs before it computes anything."""

    def setup(self):
        self.cell, self.schedule = model.cell(), model.ouabain()
        self.instant, self.at = np.array([1e-6]), model.cell_times()
        self.next_to_nothing()

    def next_to_nothing(self):
        return self.cell.simulate(1e-6, at=self.instant, record=("V",))

    def ten_hours(self):
        return self.cell.simulate(model.END, schedule=self.schedule, at=self.at, record=("c_in", "volume", "V"))

    def time_one_microsecond(self):
        self.next_to_nothing()

    def track_one_microsecond_over_ten_hours(self):
        return ratio(self.next_to_nothing, self.ten_hours, repeats=31)

    track_one_microsecond_over_ten_hours.unit = "ratio"


class Describing:
    """Building a description, changing it, and the first simulation of a cell never seen before (which includes lowering)."""

    def setup(self):
        self.cell, self.instant, self.count = model.cell(), np.array([1e-6]), 0
        self.cell.simulate(1e-6, at=self.instant)

    def time_build(self):
        model.cell()

    def time_replace(self):
        self.cell.replace({"NaKATPase.J_max": 9e-5})

    def time_first_simulation_of_a_new_cell(self):
        self.count += 1
        self.cell.replace({"NaKATPase.J_max": 9e-5 + 1e-12 * self.count}).simulate(1e-6, at=self.instant)


class SteadyState:
    """The state that a cell comes to."""

    def setup(self):
        self.cell = model.cell()
        self.cell.steady_state()

    def time_steady_state(self):
        self.cell.steady_state()
