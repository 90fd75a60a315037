"""Charged surfaces as descriptions: the groups that charge a surface, and the two faces of a membrane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from .errors import InputError
from .fields import Described, Parameter, about, described, param
from .species import IonSpecies

THICKNESS = Parameter(3e-9, "m", 1e-10, 1e-6, "thickness of the dielectric")
MEMBRANE_PERMITTIVITY = Parameter(2.0, "1", 1.0, 200.0, "relative permittivity of the membrane")
_BINDING = Parameter(0.0, "m^3 mol^-1", 0.0, 1e12, "association constant")


@described
class SurfaceGroup(Described):
    """Sites of one kind on a surface, each free, protonated, or holding an ion of the solution.

    θ_free = 1/(1 + 10^{pK − pH} e^{−Fψ₀/RT} + Σ K_i c_i e^{−z_i Fψ₀/RT}); the two other terms over the same denominator are the shares
    that hold a proton or ion i. A site has `charge` when free, one more with a proton, z_i more with ion i.

    Parameters
    ----------
    density : float
        Sites per m².
    pK : float
        Of dissociation, at the pH of the surface.
    charge : float
        Elementary charges of a site that holds nothing: −1 for an acid, 0 for an amine (+1 when protonated).
    binds : mapping from IonSpecies to float, optional
        Association constants on the concentration at the surface, m³/mol: 0.6 M⁻¹ is 0.6e-3.

    Examples
    --------
    >>> from ionflux import Na
    >>> phosphate = SurfaceGroup(1 / 2.1e-18, 3.6, binds={Na: 0.6e-3})

    Source: B. W. Ninham & V. A. Parsegian, J. Theor. Biol. 31, 405 (1971).
    """

    density: float = field(kw_only=False, metadata=about("m^-2", lo=0.0, hi=1e20, doc="sites per area"))
    pK: float = field(kw_only=False, metadata=about("1", lo=-20.0, hi=30.0, doc="pK of dissociation"))
    charge: float = param("1", -1.0, lo=-20, hi=20, doc="charge of a site that holds nothing")
    binds: Mapping[IonSpecies, float] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        given = {} if self.binds is None else self.binds
        if not isinstance(given, Mapping) or not all(isinstance(ion, IonSpecies) for ion in given):
            raise InputError(f"SurfaceGroup.binds = {self.binds!r}: give a mapping from ion to association constant, {{Na: 0.6e-3}}")
        bound = {ion: _BINDING.check(f"SurfaceGroup.binds[{ion.name}]", k) for ion, k in given.items()}
        object.__setattr__(self, "binds", MappingProxyType(bound) if bound else None)

    def __hash__(self) -> int:
        return hash((self.density, self.pK, self.charge, frozenset((self.binds or {}).items())))

    def __repr__(self) -> str:
        more = "" if self.charge == -1.0 else f", charge={self.charge!r}"
        more += f", binds={dict(self.binds)!r}" if self.binds else ""
        return f"SurfaceGroup({self.density!r}, {self.pK!r}{more})"

    def __getstate__(self) -> dict[str, object]:  # a mapping proxy does not pickle
        return {**super().__getstate__(), "binds": dict(self.binds) if self.binds else None}

    def __setstate__(self, state: dict[str, object]) -> None:
        binds = state["binds"]
        super().__setstate__({**state, "binds": MappingProxyType(binds) if isinstance(binds, dict) else None})


@described
class ChargedSurface(Described):
    """The fixed charge on the two faces of a membrane, and the dielectric between them; see `charged_bilayer`.

    Parameters
    ----------
    sigma_in, sigma_out : float
        Fixed charge of the inner and the outer face, C/m²; −0.01 … −0.05 for lipid membranes.
    thickness : float
        Of the dielectric, m.
    eps_membrane : float
        Its relative permittivity.
    """

    sigma_in: float = field(kw_only=False, metadata=about("C m^-2", lo=-10.0, hi=10.0, doc="fixed charge of the inner face"))
    sigma_out: float = field(kw_only=False, metadata=about("C m^-2", lo=-10.0, hi=10.0, doc="fixed charge of the outer face"))
    thickness: float = field(kw_only=False, metadata=about("m", lo=1e-10, hi=1e-6, doc="thickness of the dielectric"))
    eps_membrane: float = param("1", 2.0, lo=1, hi=200, doc="relative permittivity of the membrane")
