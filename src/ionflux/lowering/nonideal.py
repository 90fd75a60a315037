"""Activity coefficients as nodes of a program: what enters Nernst potentials, GHK fluxes and affinities beside concentrations."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from ionflux.activities import debye_hueckel_constants
from .rates import value

if TYPE_CHECKING:
    from .compartments import Inside
    from .outsides import Outside
    from .program import Node, Program
    from .rates import Values

MODELS = ("limiting", "davies")
LN10 = log(10.0)
MOLAR = 1e3  # mol/m^3 in a mol/L
LINEAR = 0.3  # Davies 1962


class Activities:
    """ln(gamma) = -ln(10) A z^2 f(I) of each ion on both sides of one membrane, by the ionic strength I of that side.

    f is the square root of I ("limiting") or sqrt(I)/(1 + sqrt(I)) - 0.3 I ("davies"), I in mol/L, impermeants with their mean valence.
    A bath that stays as it is within a segment is worked out once per segment.

    Parameters
    ----------
    c : from "c_in.K" to the node of the concentration.
    """

    def __init__(self, program: Program, slot: Any, inside: Inside, outside: Outside, c: Callable[[str], Node]) -> None:
        self.program, self.slot, self.inside, self.outside, self.c = program, slot, inside, outside, c
        self.model: str = str(inside.cell.activity)
        self.x = inside.prefix
        self.valence = {i.name: i.z for i in (*inside.cell.bath, *inside.cell.ions)}
        self.still = not (outside.finite or outside.moving or any(n.startswith("c_out.") for n in inside.cell.slaved))

    def log_gamma(self, name: str) -> Node | None:
        """Node of ln(gamma) for "c_in.K" or "c_out.K"; None for a neutral solute."""
        side, _, what = name.partition(".")
        z = self.valence.get(what, 0)
        if z == 0:
            return None
        if side == "c_out" and self.still:
            still: Node = self.slot(
                f"{self.x}ln gamma {name}", lambda v: -LN10 * z**2 * self._slope(v) * _f(self.model, self._strength_out(v))
            )
            return still
        slope = self.slot(f"{self.x}Debye-Hueckel slope", self._slope)
        node: Node = self.program.linear(slope, {self._f_node(side): -LN10 * z**2})
        return node

    def effective(self, name: str) -> Node:
        """gamma c."""
        gamma = self.log_gamma(name)
        return self.c(name) if gamma is None else self.program.product(self.c(name), self.program.exp(gamma))

    def _slope(self, v: Values) -> Any:
        return debye_hueckel_constants(T=v.get(f"{self.x}T", self.inside.cell.T)).A

    def _strength_out(self, v: Values) -> Any:
        bath, x = self.inside.cell.bath, self.outside.prefix
        fixed = bath.impermeant
        total = 0.0 if fixed is None else v[f"{x}bath.impermeant.z"] ** 2 * v[f"{x}bath.impermeant.c"]
        for ion in bath:
            total = total + ion.z**2 * v[f"{x}bath.{ion.name}"]
        return 0.5 * total

    def _strength(self, side: str) -> Node:
        """Ionic strength of a side, mol/m^3."""
        p, x, cell = self.program, self.x, self.inside.cell
        if side == "c_in":
            fixed = p.divide(self.slot(f"{x}impermeant z2", value(f"{x}_impermeant_z2")), self.inside.volume)
            return p.sum({**{self.c(f"c_in.{i.name}"): 0.5 * i.z**2 for i in cell.ions if i.z}, fixed: 0.5})
        terms = {self.c(f"c_out.{i.name}"): 0.5 * i.z**2 for i in cell.bath if i.z}
        if cell.bath.impermeant is not None:
            valence = f"{self.outside.prefix}bath.impermeant.z"
            z2 = self.slot(f"{valence} squared", lambda v: v[valence] ** 2)
            terms[p.product(z2, self.outside.impermeant())] = 0.5
        return p.sum(terms)

    def _f_node(self, side: str) -> Node:
        p = self.program
        strength = self._strength(side)
        half = self.slot("half ln 1000", lambda v: 0.5 * log(MOLAR))
        root = p.exp(p.sum({p.log(strength): 0.5, half: -1.0}))
        if self.model == "limiting":
            return root
        one = self.slot("one", lambda v: 1.0)
        return p.sum({p.divide(root, p.sum({root: 1.0, one: 1.0})): 1.0, strength: -LINEAR / MOLAR})


def _f(model: str, strength: Any) -> Any:
    root = np.sqrt(strength / MOLAR)
    return root if model == "limiting" else root / (1.0 + root) - LINEAR * strength / MOLAR
