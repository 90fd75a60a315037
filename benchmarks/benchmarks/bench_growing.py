"""How the cost of a step grows with the model."""

from __future__ import annotations

from .growing_models import SIZES, grown, nanoseconds_per_step


class Growing:
    """Each model against the smallest one, in the same process."""

    params = (tuple(SIZES)[1:],)
    param_names = ("model",)
    timeout = 300

    def setup(self, name):
        self.smallest, self.cell = grown(next(iter(SIZES))), grown(name)

    def track_step_over_step_of_the_smallest(self, name):
        return nanoseconds_per_step(self.cell) / nanoseconds_per_step(self.smallest)

    track_step_over_step_of_the_smallest.unit = "ratio"
