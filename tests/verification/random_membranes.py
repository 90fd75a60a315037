"""Membranes at random: one to four layers, two to five ions, charged inside and on their faces, between physiological solutions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

import ionflux as ifx
from ionflux import HCO3, SO4, Ca, IonSpecies, K, Layer, Membrane1D, Mg, Na
from ionflux import Cl as Chloride
from ionflux.constants import FARADAY

CATIONS, ANIONS = (K, Na, Ca, Mg), (Chloride, HCO3, SO4)
#: of the solutions, mM
MOST = {K: 150.0, Na: 150.0, Ca: 5.0, Mg: 5.0, SO4: 20.0, HCO3: 30.0}


class Drawn(NamedTuple):
    """A batch of membranes of the same layers and ions: what `pnp` is called with."""

    membrane: Membrane1D
    left: dict[IonSpecies, np.ndarray]
    right: dict[IonSpecies, np.ndarray]
    V: np.ndarray
    vary: dict[str, np.ndarray]
    I: np.ndarray | None = None

    def solve(self, **more: Any) -> ifx.Profile:
        """Solve all of them, at their currents where these are given."""
        given = {"V": self.V} if self.I is None else {"I": self.I}
        return ifx.pnp(self.membrane, self.left, self.right, **given, vary=self.vary, **more)

    def one(self, row: int, **more: Any) -> ifx.Profile:
        """Solve one of them by itself."""
        sides = [{ion: c[row] for ion, c in side.items()} for side in (self.left, self.right)]
        given = {"V": self.V[row]} if self.I is None else {"I": self.I[row]}
        return ifx.pnp(self.membrane.replace({name: x[row] for name, x in self.vary.items()}), *sides, **given, **more)


def log_uniform(rng: np.random.Generator, lo: float, hi: float, n: int) -> np.ndarray:
    return np.asarray(np.exp(rng.uniform(np.log(lo), np.log(hi), n)))


def draw(groups: int, rows: int, seed: int = 6) -> Iterator[Drawn]:
    """Yield so many batches of so many membranes each."""
    for group in range(groups):
        yield nth(group, rows, seed)


def nth(group: int, rows: int, seed: int) -> Drawn:
    """Draw one batch of those of `draw`."""
    return drawn(np.random.default_rng([seed, group]), 1 + group % 4, 2 + (group // 4) % 4, rows)


def drawn(rng: np.random.Generator, layers: int, ions: int, n: int) -> Drawn:
    """Draw one batch."""
    cations = list(rng.permutation(np.array(CATIONS, dtype=object)))[: max(1, ions - 1 - int(rng.integers(0, 2)))]
    others = ions - 1 - len(cations)
    anions = [Chloride, *list(rng.permutation(np.array(ANIONS[1:], dtype=object)))[:others]]
    sides = []
    for _ in range(2):
        c = {ion: log_uniform(rng, 0.03 * MOST[ion], MOST[ion], n) for ion in cations}
        charge = sum(ion.z * x for ion, x in c.items())
        for ion in anions[1:]:
            c[ion] = np.minimum(log_uniform(rng, 0.03 * MOST[ion], MOST[ion], n), 0.4 * charge / abs(ion.z))
        sides.append({**c, Chloride: sum(ion.z * x for ion, x in c.items())})
    vary: dict[str, np.ndarray] = {}
    built = []
    for k in range(layers):
        outer = layers > 1 and k in (0, layers - 1)
        slow = float(log_uniform(rng, 1e-3, 1.0, 1)[0])
        built.append(Layer(5e-9, eps_r=78.0) if outer else Layer(5e-9, D_factor=slow, partition=dict.fromkeys(cations + anions, 1.0)))
        vary[f"layers.{k}.thickness"] = log_uniform(rng, 1e-9, 30e-9, n)
        if not outer:
            vary[f"layers.{k}.eps_r"] = log_uniform(rng, 2.0, 80.0, n)
            vary[f"layers.{k}.fixed_charge"] = rng.uniform(-500, 500, n) * (rng.random(n) < 0.8)
            if rng.random() < 0.5:
                for ion in cations + anions:
                    vary[f"layers.{k}.partition.{ion.name}"] = log_uniform(rng, 1e-5, 1.0, n)
    for k in range(layers - 1):
        if rng.random() < 0.5:
            vary[f"surface_charge.{k}"] = rng.uniform(-0.1, 0.1, n)
    return Drawn(Membrane1D(built), *sides, rng.uniform(-0.2, 0.2, n), vary)


def difference(film: Any, better: Any) -> np.ndarray:
    """The largest relative error of a flux or of the current; fluxes below 1e-6 of the largest count against that."""
    J, R = (np.array([f.J[ion] for ion in f.ions]) for f in (film, better))
    z = np.array([ion.z for ion in film.ions])
    each = np.max(np.abs(J - R) / np.maximum(np.abs(R), 1e-6 * np.max(np.abs(R), axis=0)), axis=0)
    total = np.abs(film.I - better.I) / np.maximum(np.abs(better.I), 1e-3 * FARADAY * (np.abs(z) @ np.abs(R)))
    return np.asarray(np.maximum(np.maximum(each, total), 1e-15))
