"""What `import ionflux` adds to a program that has NumPy anyway."""

from __future__ import annotations

import statistics
import subprocess
import sys

PROGRAM = """
import time
a = time.perf_counter(); import numpy
b = time.perf_counter(); import ionflux
c = time.perf_counter(); print((c - b) / (b - a), 1e3 * (c - b))
"""


class Import:
    """Measured in fresh processes."""

    def setup(self):
        runs = [
            subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True).stdout.split() for _ in range(5)
        ]
        self.share, self.extra = (statistics.median(float(value) for value in column) for column in zip(*runs, strict=True))

    def track_ionflux_over_numpy(self):
        return self.share

    def track_beyond_numpy(self):
        return self.extra

    track_ionflux_over_numpy.unit = "ratio"
    track_beyond_numpy.unit = "ms"
