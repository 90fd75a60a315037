"""Charged faces of a membrane as nodes of a program: surface potentials, the drop within the membrane, concentrations at the faces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ionflux.constants import VACUUM_PERMITTIVITY
from ionflux.solvent import permittivity
from .rates import value

if TYPE_CHECKING:
    from ionflux.cells import Cell
    from .compartments import Inside
    from .outsides import Outside
    from .program import Node, Program
    from .rates import Values


class Faces:
    """Both faces of one membrane: g(psi_in) + C drop = sigma_in, g(psi_out) - C drop = sigma_out, drop = V + psi_in - psi_out.

    g is the charge of a diffuse layer after Grahame, g(psi) = u sqrt(2 eps RT sum z^2 c phi(-z u)), u = psi F/RT,
    phi(x) = (e^x - 1 - x)/x^2, which is regular at u = 0; C = eps_m eps_0/d. The two potentials are states without inertia. Impermeants
    screen with their mean valence.

    Parameters
    ----------
    c : from "c_in.K" to the node of the concentration. state : makes a state.
    """

    def __init__(
        self, program: Program, slot: Any, inside: Inside, outside: Outside, c: Callable[[str], Node], state: Callable[..., Node]
    ) -> None:
        self.program, self.slot, self.inside, self.outside, self.c = program, slot, inside, outside, c
        self.x = x = inside.prefix
        self.cell = inside.cell
        p = program
        self.psi = {"c_in": state(f"{x}psi_in", mass=0.0), "c_out": state(f"{x}psi_out", mass=0.0)}
        per_VT = slot(f"{x}1/VT", lambda v: 1.0 / v[f"{x}_VT"])
        self.u = {side: p.product(psi, per_VT) for side, psi in self.psi.items()}
        #: what the membrane sees, in RT/F
        self.drop = p.sum({inside.u: 1.0, self.u["c_in"]: 1.0, self.u["c_out"]: -1.0})

    def rows(self) -> None:
        """0 = u g(u) + C drop - sigma for both faces, in units of sqrt(2 eps RT)."""
        p, x = self.program, self.x
        for side, sign, sigma in (("c_in", 1.0, "sigma_in"), ("c_out", -1.0, "sigma_out")):
            terms: dict[Node, float] = {}
            for z, c in self._solutes(side):
                weighed = p.product(c, p.phi(self._minus(z, self.u[side])))
                if isinstance(z, float):
                    terms[weighed] = terms.get(weighed, 0.0) + z * z
                else:
                    terms[p.product(z, p.product(z, weighed))] = 1.0
            root = p.exp(p.sum({p.log(p.sum(terms)): 0.5}))
            layer = p.product(self.u[side], root)
            held = p.product(self.slot(f"{x}dielectric", self._dielectric), self.drop)
            given = self.slot(f"{x}{sigma}", self._charge(sigma))
            p.row(self.psi[side], {layer: 1.0, held: sign, given: -1.0})

    def at_face(self, name: str, c: Node) -> Node:
        """c e^(-z u) at the face."""
        side, _, what = name.partition(".")
        z = next((i.z for i in (*self.cell.ions, *self.cell.bath) if i.name == what), 0)
        return self.program.product(c, self.program.exp(self.program.sum({self.u[side]: -float(z)}))) if z else c

    def _minus(self, z: float | Node, u: Node) -> Node:
        p = self.program
        return p.sum({u: -z}) if isinstance(z, float) else p.sum({p.product(z, u): -1.0})

    def _solutes(self, side: str) -> list[tuple[float | Node, Node]]:
        """(valence, concentration) of all that screens; ions of one valence together, a valence that is a parameter as a node."""
        p, x, cell = self.program, self.x, self.cell
        groups: dict[float, dict[Node, float]] = {}
        for ion in cell.ions if side == "c_in" else cell.bath:
            if ion.z:
                groups.setdefault(float(ion.z), {})[self.c(f"{side}.{ion.name}")] = 1.0
        out: list[tuple[float | Node, Node]] = [(z, p.sum(terms)) for z, terms in groups.items()]
        fixed = cell.bath.impermeant
        if side == "c_in" and cell.impermeants:
            z = self.slot(f"{x}impermeant z", lambda v: v[f"{x}_impermeant_charge"] / v[f"{x}_impermeant"])
            out.append((z, p.divide(self.slot(f"{x}impermeant", value(f"{x}_impermeant")), self.inside.volume)))
        elif side == "c_out" and fixed is not None:
            valence = f"{self.outside.prefix}bath.impermeant.z"
            out.append((self.slot(valence, value(valence)), self.outside.impermeant()))
        return out

    def _unit(self, v: Values) -> Any:
        """sqrt(2 eps RT), C m^-2 per (mol/m^3)^(1/2)."""
        RT = v[f"{self.x}_VT"] * self.cell.faraday
        return np.sqrt(2.0 * VACUUM_PERMITTIVITY * permittivity(v.get(f"{self.x}T", self.cell.T)) * RT)

    def _dielectric(self, v: Values) -> Any:
        """C RT/F over the unit of charge."""
        thickness, eps = v[f"{self.x}surface.thickness"], v[f"{self.x}surface.eps_membrane"]
        return VACUUM_PERMITTIVITY * eps / thickness * v[f"{self.x}_VT"] / self._unit(v)

    def _charge(self, sigma: str) -> Callable[[Values], Any]:
        return lambda v: v[f"{self.x}surface.{sigma}"] / self._unit(v)


def first_guess(cell: Cell, values: Values, side: str) -> Any:
    """Potential of a face as if its solution were one salt and the dielectric held no charge, V: 2 RT/F asinh(sigma/sqrt(8 eps RT I))."""
    VT = values["_VT"]
    if side == "psi_in":
        strength = values["_impermeant_z2"] / values["_volume"]
        strength = strength + sum(i.z**2 * values[f"_amount.{i.name}"] for i in cell.ions) / values["_volume"]
    else:
        # of each cell of a sweep its own: where Newton starts decides its last bit
        fixed = 0.0 if cell.bath.impermeant is None else values["bath.impermeant.z"] ** 2 * values["bath.impermeant.c"]
        strength = fixed + sum(i.z**2 * values[f"bath.{i.name}"] for i in cell.bath)
    sigma = values["surface.sigma_in" if side == "psi_in" else "surface.sigma_out"]
    unit = np.sqrt(4.0 * VACUUM_PERMITTIVITY * permittivity(values.get("T", cell.T)) * VT * cell.faraday * strength)
    return 2.0 * VT * np.arcsinh(sigma / unit)
