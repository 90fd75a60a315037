"""The permeabilities of a table of fluxes as nodes of a program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .program import Node, Program


def permeability(p: Program, table: Any, ion: Any, variable: Callable[[str], Node]) -> Node | None:
    """P of one ion, m/s, with which Goldman's flux is that of the table; None where the ion does not get through.

    Parameters
    ----------
    p : Program
    table : FluxTable
    ion : IonSpecies or its name
    variable : callable
        From ``"V"``, ``"c_in.K"``, ``"c_out.Na"`` to the node that holds it, V and mol/m³.
    """
    chain = table.chains[ion]
    if not chain:
        return None
    inputs = [variable(axis.variable) for axis in table.axes]

    def build() -> Node:
        known: list[dict[int, Node]] = []
        for axis, x, core in zip(table.axes, inputs, chain, strict=True):
            used = sorted({int(i) for i in np.ravel(core)})
            known.append(dict(zip(used, p.table(p.log(x) if axis.log else x, [axis.functions[i] for i in used]), strict=True)))
        row = [known[0][int(i)] for i in chain[0][0]]
        for core, nodes in zip(chain[1:], known[1:], strict=True):
            row = [p.sum({p.product(a, nodes[int(i)]): 1.0 for a, i in zip(row, column, strict=True)}) for column in core.T]
        return row[0]

    return p.isolated(inputs, build) if len(inputs) > 1 else build()
