"""A cell: one compartment, its membrane, and the bath around it. Pure data.

`cell` has the class, `pools` what is in it beside ions, `start` solves for what its description leaves out, `checks` refuses what makes no
sense, `dotted` names every number.
"""

from __future__ import annotations

from .cell import Cell, Constants
from .pools import Pool, Slaved, Store
from .start import Start

__all__ = ["Cell", "Constants", "Pool", "Slaved", "Start", "Store"]
