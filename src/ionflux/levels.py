"""What the levels of description say of one membrane, side by side, and which of them is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ._broadcast import ByIon
from ._text import text_table
from .errors import ConvergenceError, UnknownNameError
from .species import IonSpecies

if TYPE_CHECKING:
    from ._draw import Axes

#: from the cheapest to the one that the others are measured by
NAMES = ("ghk", "surrogate", "electroneutral", "pnp")
MEANING = {
    "ghk": "constant field through everything, resistances of the layers in series (Goldman, Hodgkin, Katz)",
    "surrogate": "diffuse layers at both faces of a dielectric (Grahame), Goldman between the faces",
    "electroneutral": "no space charge anywhere, Donnan steps between layers (Planck; Teorell, Meyer, Sievers)",
    "pnp": "potential and ions from each other (Poisson, Nernst, Planck)",
}


class Fluxes(NamedTuple):
    """Current, A/m², and fluxes, mol m⁻² s⁻¹, of one level."""

    I: Any
    J: Mapping[IonSpecies, Any]


class Level:
    """What one level says of a membrane.

    Attributes
    ----------
    name : str
    applicable : bool
        Whether the level can say anything about this membrane.
    why : str
        What it assumes, or why it does not apply.
    I : float or array
        Current, A/m²; NaN where it does not apply.
    J : mapping from ion to float or array
        Fluxes, mol m⁻² s⁻¹.
    difference : float or array
        Largest relative difference of the current and of the fluxes from "pnp". What is less than a thousandth of the largest of them is
        measured by that thousandth.
    reversal : float or array
        Voltage without current, V; NaN where there is none.
    """

    def __init__(self, name: str, why: str, found: Fluxes | None, shape: tuple[int, ...], ions: Any, reversal: Callable[[], Any]) -> None:
        self.name, self.why, self.applicable = name, why, found is not None
        nothing = np.full(shape, np.nan) if shape else float("nan")
        self.I: Any = nothing if found is None else found.I
        self.J: Mapping[IonSpecies, Any] = ByIon(dict.fromkeys(ions, nothing)) if found is None else found.J
        self.difference: Any = nothing
        self._reversal = reversal

    @cached_property
    def reversal(self) -> Any:
        """Voltage without current, V; NaN where there is none."""
        try:
            V = np.asarray(self._reversal() if self.applicable else np.nan, dtype=np.float64)
        except ConvergenceError:
            V = np.asarray(np.nan)
        shape = np.shape(self.I)
        return np.broadcast_to(V, shape).copy() if shape else float(V)

    def __repr__(self) -> str:
        return f"<Level {self.name}: {self.why}>"


class Levels(Mapping[str, Level]):
    """A membrane at several levels, by name from the cheapest to "pnp".

    Attributes
    ----------
    tol : float
        Relative difference from "pnp" that is allowed.
    choice : str or array of str
        The cheapest level within `tol` of "pnp".
    """

    def __init__(self, levels: list[Level], tol: float, shape: tuple[int, ...], V: Any) -> None:
        self._levels, self.tol, self.shape, self.V = {level.name: level for level in levels}, tol, shape, V

    def __getitem__(self, name: str) -> Level:
        if name not in self._levels:
            raise UnknownNameError.among("there is no level", name, self._levels)
        return self._levels[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._levels)

    def __len__(self) -> int:
        return len(self._levels)

    @property
    def choice(self) -> Any:
        """The cheapest level within `tol` of "pnp"."""
        return self.cheapest(self.tol)

    def cheapest(self, tol: float) -> Any:
        """Return the name of the cheapest level whose `difference` is at most tol."""
        good = np.array([np.broadcast_to(level.difference, self.shape) <= tol for level in self.values()])
        good[-1] = True
        chosen = np.array(list(self))[np.argmax(good, axis=0)]
        return chosen if self.shape else str(chosen)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how far each level is from "pnp"; returns the axes. Of one membrane, not of a batch."""
        from .profile_plots import plot_levels

        return plot_levels(self, ax)

    def _rows(self) -> tuple[list[str], list[list[str]]]:
        ions = list(self["pnp"].J)
        head = ["level", "I (A/m²)", *(f"J {ion.name} (mol/m²s)" for ion in ions), "V at I = 0 (mV)", "difference", ""]
        rows = []
        for level in self.values():
            if not level.applicable:
                rows.append([level.name, *["–"] * (len(ions) + 3), level.why])
                continue
            numbers = [f"{level.I:.5g}", *(f"{level.J[ion]:.4g}" for ion in ions), f"{level.reversal * 1e3:.4g}"]
            mark = "← cheapest within tol" if level.name == self.choice else ""
            rows.append([level.name, *numbers, "" if level.name == "pnp" else f"{level.difference:.2g}", mark])
        return head, rows

    def __repr__(self) -> str:
        if self.shape:
            names, counts = np.unique(self.choice, return_counts=True)
            chosen = ", ".join(f"{name} {n}" for name, n in zip(names, counts, strict=True))
            return f"<Levels: batch of shape {self.shape}; cheapest within {self.tol:g}: {chosen}>"
        head, rows = self._rows()
        return f"V = {self.V * 1e3:.4g} mV, tol = {self.tol:g}\n" + text_table(head, rows, flush="l" + "r" * (len(head) - 2) + "l")

    def _repr_html_(self) -> str:
        from html import escape

        if self.shape:
            return f"<p>{escape(repr(self))}</p>"
        head, rows = self._rows()
        titles = "".join(f"<th>{escape(text)}</th>" for text in head)
        lines = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
        return f"<table><caption>V = {self.V * 1e3:.4g} mV, tol = {self.tol:g}</caption><tr>{titles}</tr>{lines}</table>"
