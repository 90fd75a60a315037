"""From a description to flat tables: the only place that knows both the objects and the kernels.

`model` builds a graph of `compartments` and membranes (`rates`, `nonideal` solutions, charged `faces`) as one `program` over registers,
which differentiates itself and orders its `elimination`; `lowered` is where dotted names meet registers.
"""

from __future__ import annotations

from .lowered import Lowered, lower

__all__ = ["Lowered", "lower"]
