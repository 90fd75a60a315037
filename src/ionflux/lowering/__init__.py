"""From a description to flat tables: the only place that knows both the objects and the kernels.

`model` builds `compartments` and membranes (`rates`, `nonideal` solutions, charged `faces`) as one `program`: a graph of `operations`,
which differentiates itself. `encoding` numbers it as registers and has the `elimination` of its Jacobian ordered; `lowered` is where
dotted names meet registers.
"""

from __future__ import annotations

from .lowered import Lowered, lower

__all__ = ["Lowered", "lower"]
