"""A cell: one compartment, its membrane, and the bath around it. Pure data.

`cell` has the class, `start` solves for what its description leaves out, `dotted` names every number.
"""

from __future__ import annotations

from .cell import Cell, Constants
from .start import Start

__all__ = ["Cell", "Constants", "Start"]
