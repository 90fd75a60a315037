"""The states that a table of fluxes is made from: solved at one of the levels, and told as permeabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._broadcast import Array
from .electrochem import bernoulli
from .errors import ConvergenceError, InputError, Status
from .flux_axes import parts
from .membranes import Membrane1D
from .planck import electroneutral
from .prescribed import nernst_planck
from .slices import energy_at
from .species import IonSpecies
from .stacks import stack
from .volumes import Problem

#: states that are solved at once
_PIECE = 4096
#: closer to its equilibrium than this (relative) the flux of an ion is too small to tell its permeability: see `_near`
_NEAR, _STEP = 1e-4, 1e-3
#: nothing better is asked of a film without space charge: it is solved to what its error says in any case
_AS_GOOD = 1e-9
#: energies at both ends may differ by this, RT
_EVEN = 1e-11


class Sampler:
    """Permeabilities P = J / [c_L B(−zu) − c_R B(zu)] of a membrane at any states of the variables."""

    def __init__(self, membrane: Membrane1D, left: Any, right: Any, names: list[str], level: str, threads: int | None) -> None:
        s = stack(membrane, left, right, 0.0, None)
        if s.shape:
            raise InputError("a table is made for one membrane between two solutions; what varies goes into vary=")
        self.membrane, self.level, self.threads, self.ions = membrane, level, threads, s.ions
        self.base = [{ion: float(c[i, 0]) for i, ion in enumerate(s.ions)} for c in (s.left, s.right)]
        self.VT, self.thickness = float(s.VT[0]), membrane.thickness
        self.z = np.array([float(ion.z) for ion in s.ions])
        self.moved = [parts(name, s.ions) for name in names]
        _same_ends(membrane, s.ions)
        self.count = 0
        self.open = [
            ion for i, ion in enumerate(s.ions)
            if not s.blocked[i, 0] and (self.base[0][ion] or self.base[1][ion] or any(ion in (own, by) for _, own, by in self.moved))
        ]  # fmt: skip

    def solutions(self, x: Array) -> tuple[Array, Array]:
        """Concentrations (ions, m) on both sides at states x (1 + concentrations, m)."""
        c = [np.array([np.full(x.shape[1], side[ion]) for ion in self.ions]) for side in self.base]
        for (side, own, partner), values in zip(self.moved, x[1:], strict=True):
            which, row = int(side == "right"), self.ions.index(own)
            if partner is not None:
                c[which][self.ions.index(partner)] -= own.z * (values - self.base[which][own]) / partner.z
            c[which][row] = values
        for which, side in enumerate(("left", "right")):
            if np.any(c[which] < 0):
                i, j = np.unravel_index(int(np.argmin(c[which])), c[which].shape)
                raise InputError(
                    f"{side}.{self.ions[int(i)].name} would have to be {c[which][i, j]:g} mol/m³ to keep the charge: narrow a range"
                )
        # neutral solutes do not act on anything: their permeability is told by any gradient of their own
        c[0][self.z == 0], c[1][self.z == 0] = 1.0, 0.0
        nowhere = (c[0] == 0) & (c[1] == 0)
        c[0] = np.where(nowhere, 1e-9 * np.max(np.concatenate(c), axis=0), c[0])
        return c[0], c[1]

    def __call__(self, x: Array, tol: float) -> Array:
        """P of the open ions at states x (variables, m), (open ions, m)."""
        left, right = self.solutions(x)
        J = self._fluxes(x[0], left, right, tol)
        P, net = self._permeability(x[0], left, right, J)
        for j in np.flatnonzero(np.any(net < _NEAR, axis=0)):
            self._near(x[:, j], left[:, j], right[:, j], tol, P[:, j], net[:, j])
        pick = [self.ions.index(ion) for ion in self.open]
        P = P[pick]
        if not np.all(P > 0):
            i, j = np.argwhere(~(P > 0))[0]
            raise ConvergenceError(f"table: {self.level} found no flux of {self.open[i].name} at {self._said(x[:, j])}")
        return P

    def _permeability(self, V: Array, left: Array, right: Array, J: Array) -> tuple[Array, Array]:
        u = self.z[:, None] * V / self.VT
        out, into = left * bernoulli(-u), right * bernoulli(u)
        net = np.abs(out - into) / np.maximum(out + into, 1e-300)
        with np.errstate(divide="ignore", invalid="ignore"):
            return J / (out - into), net

    def _near(self, x: Array, left: Array, right: Array, tol: float, P: Array, net: Array) -> None:
        """P where an ion is nearly in equilibrium: from voltages around it, to fourth order."""
        V = x[0] + _STEP * self.VT * np.array([-2.0, -1.0, 1.0, 2.0])
        a, b = (np.repeat(side[:, None], 4, axis=1) for side in (left, right))
        around, _ = self._permeability(V, a, b, self._fluxes(V, a, b, tol))
        close = net < _NEAR
        P[close] = ((4.0 * (around[:, 1] + around[:, 2]) - around[:, 0] - around[:, 3]) / 6.0)[close]

    def _fluxes(self, V: Array, left: Array, right: Array, tol: float) -> Array:
        """Fluxes (ions, m) to a relative accuracy."""
        J, tol = np.empty(left.shape), max(tol, 1e-12)
        self.count += len(V)
        for first in range(0, len(V), _PIECE):
            some = slice(first, first + _PIECE)
            a, b = ({ion: c[i, some] for i, ion in enumerate(self.ions)} for c in (left, right))
            bad: Any
            if self.level == "pnp":
                found = Problem(stack(self.membrane, a, b, V[some], None), self.threads).points(tol)
                J[:, some], bad = found.J.T, found.failed | (found.error > tol)
            elif self.level == "nernst_planck":
                film = nernst_planck(self.membrane, a, b, V[some], x=[0.0, self.thickness], threads=self.threads)
                J[:, some], bad = np.array([film.J[ion] for ion in self.ions]), np.asarray(film.status) != int(Status.OK)
            else:
                film = electroneutral(self.membrane, a, b, V=V[some], threads=self.threads)
                J[:, some] = np.array([film.J[ion] for ion in self.ions])
                bad = (np.asarray(film.status) != int(Status.OK)) | ~(np.asarray(film.error) <= max(tol, _AS_GOOD))
            if np.any(bad):
                k = first + int(np.argmax(bad))
                raise ConvergenceError(
                    f"table: {self.level} found no solution to {tol:.2g} at V = {V[k]:g} V, left {left[:, k]}, right {right[:, k]}"
                )
        return J

    def _said(self, x: Array) -> str:
        names = ["V", *(f"{side}.{ion.name}" for side, ion, _ in self.moved)]
        return ", ".join(f"{name} = {value:g}" for name, value in zip(names, x, strict=True))


def _same_ends(membrane: Membrane1D, ions: tuple[IonSpecies, ...]) -> None:
    """Refuse energies that make the two solutions differ by more than their concentrations and their potential."""
    first, last = membrane.layers[0].energy, membrane.layers[-1].energy
    for ion in ions:
        w = [0.0 if e is None else float(energy_at(e.of(ion), np.array([s]))[0]) for e, s in ((first, 0.0), (last, 1.0))]
        if abs(w[0] - w[1]) > _EVEN:
            raise InputError(
                f"the energy of {ion.name} is {w[0]:g} RT at the left end and {w[1]:g} RT at the right one: a table needs the same at both"
            )
