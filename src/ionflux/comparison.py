"""One membrane at four levels of description, with one sign rule: Goldman, charged capacitor, electroneutral, Poisson–Nernst–Planck."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._broadcast import Array, ByIon
from .constants import FARADAY, GAS_CONSTANT
from .double_layers import ChargedBilayer, charged_bilayer
from .electrochem import bernoulli
from .errors import IonfluxError, Status
from .ghk import ghk_voltage
from .levels import MEANING, Fluxes, Level, Levels
from .membranes import Membrane1D
from .planck import electroneutral
from .poisson import check_tolerance, pnp
from .prescribed import nernst_planck
from .species import IonSpecies
from .stacks import Stack, stack

#: what is smaller than this share of the largest is measured by it, else a current near its reversal would never be near enough
_SMALL = 1e-3
#: of Newton's method for the reversal potential of the surrogate: steps, the longest one and where it ends, V
_STEPS, _STRIDE, _CLOSE = 60, 0.05, 1e-11


def compare_levels(
    membrane: Membrane1D,
    left: Any,
    right: Any,
    V: ArrayLike,
    *,
    tol: float = 0.01,
    vary: Mapping[str, ArrayLike] | None = None,
    threads: int | None = None,
) -> Levels:
    """The same membrane and solutions at four levels, from Goldman's formula to Poisson–Nernst–Planck, and what each leaves out.

    "ghk": J = P [c_L B(−zu) − c_R B(zu)], 1/P = Σ ∫dx/(Dk) over the layers, u = FV/RT. "surrogate", for solution | dielectric | solution:
    the surface potentials of both faces after Grahame, coupled by the dielectric (`charged_bilayer`), then Goldman between the faces with
    the solutions in series. "electroneutral": `electroneutral`. "pnp": `pnp`, to 1e-6 or a thousandth of tol.

    Parameters
    ----------
    membrane, left, right, vary, threads
        As for `pnp`.
    V : float or array
        φ(left) − φ(right), V.
    tol : float
        Relative difference from "pnp" that is allowed for `Levels.choice`; 1e-9 … 0.1.

    Returns
    -------
    Levels
        Mapping from name to `Level`. A level that does not apply says why.

    Examples
    --------
    >>> from ionflux import Cl, K, Layer, Membrane1D
    >>> water, lipid = Layer(10e-9, eps_r=74.0), Layer(4e-9, eps_r=2.0, D_factor=0.1, partition=1e-3)
    >>> charged = Membrane1D([water, lipid, water], surface_charge=[-0.05, -0.02])
    >>> levels = compare_levels(charged, {K: 140.0, Cl: 140.0}, {K: 5.0, Cl: 5.0}, -0.07)
    >>> levels["ghk"].difference > 10 * levels["surrogate"].difference
    True

    Source: A. L. Hodgkin & B. Katz, J. Physiol. 108, 37 (1949); S. McLaughlin, Annu. Rev. Biophys. Biophys. Chem. 18, 113 (1989).
    """
    check_tolerance(tol)
    s = stack(membrane, left, right, V, vary)
    question = _Question(s, membrane, left, right, vary, threads, max(min(1e-6, 1e-3 * tol), 1e-12))
    levels = [question.goldman(), question.surrogate(), question.electroneutral(), question.poisson()]
    best = levels[-1]
    for level in levels:
        level.difference = _difference(level, best, s)
    return Levels(levels, tol, s.shape, question.V)


def _difference(level: Level, best: Level, s: Stack) -> Any:
    """Largest relative difference of current and fluxes."""
    J, want = (np.array([np.broadcast_to(each.J[ion], s.shape) for ion in s.ions]) for each in (level, best))
    z = np.abs(s.z).reshape(-1, *[1] * len(s.shape))
    size = np.maximum(np.abs(want), _SMALL * np.max(np.abs(want), axis=0))
    total = np.maximum(np.abs(best.I), _SMALL * FARADAY * np.sum(z * np.abs(want), axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.where(J == want, 0.0, np.abs(J - want) / size)
        off = np.maximum(np.max(each, axis=0), np.where(level.I == best.I, 0.0, np.abs(level.I - best.I) / total))
    return off if s.shape else float(off)


class _Question:
    """One membrane between two solutions, or a batch, and how each level answers."""

    def __init__(
        self, s: Stack, membrane: Membrane1D, left: Any, right: Any, vary: Mapping[str, ArrayLike] | None, threads: int | None, tol: float
    ) -> None:
        self.s, self.membrane, self.left, self.right, self.tol = s, membrane, left, right, tol
        self.call: dict[str, Any] = {"vary": vary, "threads": threads}
        # of the membrane alone; what belongs to the solutions is in s.left and s.right
        self.inside = {name: values for name, values in (vary or {}).items() if name.partition(".")[0] not in ("left", "right")}
        self.T = self.shaped(s.VT * (FARADAY / GAS_CONSTANT))
        assert s.V is not None
        self.V = self.shaped(s.V)

    def shaped(self, x: Array) -> Any:
        """What belongs to rows, or to all of them, in the shape of the batch."""
        return float(x[0]) if (len(x) == 1 and self.s.n != 1) or not self.s.shape else x.reshape(self.s.shape)

    def level(self, name: str, J: Mapping[IonSpecies, Any] | None, reversal: Callable[[], Any] = float, why: str = "") -> Level:
        """Put the answer of a level together; the current follows from the fluxes."""
        found = None
        if J is not None:
            own = {ion: np.broadcast_to(J[ion], self.s.shape) + 0.0 for ion in self.s.ions}
            total: Any = sum(ion.z * FARADAY * flux for ion, flux in own.items())
            single = not self.s.shape
            found = Fluxes(float(total) if single else total, ByIon({i: float(f) if single else f for i, f in own.items()}))
        return Level(name, why or MEANING[name], found, self.s.shape, self.s.ions, reversal)

    @cached_property
    def solutions(self) -> tuple[dict[IonSpecies, Any], dict[IonSpecies, Any]]:
        """Concentrations left and right of every ion."""
        left, right = ({ion: self.shaped(c[i]) for i, ion in enumerate(self.s.ions)} for c in (self.s.left, self.s.right))
        return left, right

    def permeabilities(self, *which: int) -> tuple[Mapping[IonSpecies, Any], Mapping[IonSpecies, Any]]:
        """Flux of each ion without a field through some of the layers, from 1 mol/m³ on the left, and from as much on the right.

        They are equal but where energies at the two ends differ.
        """
        part = Membrane1D([self.membrane.layers[i] for i in which], T=self.membrane.T)
        vary = {}
        for name, values in self.inside.items():
            found = name.split(".", 2)
            if found[0] == "layers" and int(found[1]) in which:
                vary[f"layers.{which.index(int(found[1]))}.{found[2]}"] = values
        some, none = dict.fromkeys(self.s.ions, 1.0), dict.fromkeys(self.s.ions, 0.0)
        forth, back = nernst_planck(part, some, none, 0.0, vary=vary).J, nernst_planck(part, none, some, 0.0, vary=vary).J
        return forth, {ion: -back[ion] for ion in self.s.ions}

    def goldman(self) -> Level:
        """A constant field through everything."""
        forth, back = self.permeabilities(*range(len(self.membrane.layers)))
        left, right = self.solutions
        u = self.V / self.shaped(self.s.VT)
        J = {i: forth[i] * left[i] * bernoulli(-i.z * u) - back[i] * right[i] * bernoulli(i.z * u) for i in self.s.ions}
        return self.level("ghk", J, lambda: self._reversal({i: forth[i] * left[i] for i in J}, {i: back[i] * right[i] for i in J}))

    def _reversal(self, out: Mapping[IonSpecies, Any], into: Mapping[IonSpecies, Any]) -> Any:
        """Goldman's voltage from P c on both sides; only ratios matter."""
        charged = [ion for ion in self.s.ions if ion.z]
        size = max((float(np.max(x[ion])) for x in (out, into) for ion in charged), default=0.0)
        if size == 0.0:
            return np.nan
        c_in, c_out = ({ion: x[ion] / size for ion in charged} for x in (out, into))
        return ghk_voltage(dict.fromkeys(charged, 1.0), c_in=c_in, c_out=c_out, T=self.T)

    def surrogate(self) -> Level:
        """Two charged faces of a dielectric."""
        if why := self._no_capacitor():
            return self.level("surrogate", None, why=why)
        P, baths = self.permeabilities(1)[0], (self.permeabilities(0)[0], self.permeabilities(2)[0])
        s, (left, right) = self.s, self.solutions
        sigma = [self.shaped(each) for each in s.sigma]
        cores = {"thickness": self.shaped(s.thickness[1]), "eps_membrane": self.shaped(s.eps[1]), "eps_r": self.shaped(s.eps[0])}
        wanted = sorted(s.ions, key=lambda ion: ion.name)

        def capacitor(V: Any) -> ChargedBilayer:
            sides = ({ion: c[ion] for ion in wanted} for c in (left, right))
            inside, outside = sides
            return charged_bilayer(inside=inside, outside=outside, sigma_in=sigma[0], sigma_out=sigma[1], V=V, T=self.T, **cores)

        def fluxes(V: Any) -> dict[IonSpecies, Any]:
            found, VT, J = capacitor(V), self.shaped(s.VT), {}
            for ion in s.ions:
                x = ion.z * found.drop / VT
                # one-way fluxes through the dielectric from 1 mol/m³ in either solution; these stand in series with it
                out = P[ion] * np.exp(-ion.z * found.psi_in / VT) * bernoulli(-x)
                into = P[ion] * np.exp(-ion.z * found.psi_out / VT) * bernoulli(x)
                with np.errstate(invalid="ignore", divide="ignore"):
                    J[ion] = np.where(
                        (P[ion] > 0) & (baths[0][ion] > 0) & (baths[1][ion] > 0),
                        (left[ion] * out - right[ion] * into) / (1.0 + out / baths[0][ion] + into / baths[1][ion]), 0.0,
                    )  # fmt: skip
            return J

        def current(V: Any) -> Any:
            return sum(ion.z * FARADAY * J for ion, J in fluxes(V).items())

        def reversal() -> Any:
            V = np.asarray(np.broadcast_to(self.V, s.shape) * 0.0)
            for _ in range(_STEPS):
                h = 1e-4
                low, here, high = (np.asarray(current(V + d)) for d in (-h, 0.0, h))
                with np.errstate(invalid="ignore", divide="ignore"):
                    step = np.clip(here * (2 * h) / (high - low), -_STRIDE, _STRIDE)
                V = V - step
                if np.all(~(np.abs(step) > _CLOSE)):
                    break
            return np.where(np.abs(step) <= _CLOSE, V, np.nan)

        return self.level("surrogate", fluxes(self.V), reversal)

    def _no_capacitor(self) -> str:
        """Why the membrane is not two solutions with a dielectric between them; "" if it is."""
        s = self.s
        if len(s.thickness) != 3:
            return f"needs solution | dielectric | solution; there are {len(s.thickness)} layers"
        if np.any(s.X):
            return "needs layers without fixed charge; only faces may be charged"
        if np.any(s.k[:, ::2] != 1.0) or any(layer.energy is not None for layer in self.membrane.layers[::2]):
            return "needs plain solutions in the outer layers, without partition or energy"
        if np.any(s.eps[0] != s.eps[2]):
            return "needs the same permittivity in both solutions"
        if not np.all(s.eps[1] < s.eps[0]):
            return "needs a middle layer of lower permittivity than the solutions"
        return ""

    def electroneutral(self) -> Level:
        """No space charge."""
        try:
            found = electroneutral(self.membrane, self.left, self.right, V=self.V, **self.call)
        except IonfluxError as error:
            return self.level("electroneutral", None, why=str(error))

        def reversal() -> Any:
            return electroneutral(self.membrane, self.left, self.right, I=0.0, **self.call).V

        ok = np.asarray(found.status) == int(Status.OK)
        return self.level("electroneutral", {ion: np.where(ok, found.J[ion], np.nan) for ion in self.s.ions}, reversal)

    def poisson(self) -> Level:
        """Nothing left out."""
        sides = self.membrane, self.left, self.right
        found = pnp(*sides, self.V, tol=self.tol, **self.call)
        return self.level("pnp", found.J, lambda: pnp(*sides, I=0.0, tol=self.tol, **self.call).V)
