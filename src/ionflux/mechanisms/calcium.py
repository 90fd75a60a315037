"""Pumps of calcium."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ionflux.errors import InputError
from ionflux.fields import param
from ionflux.species import Ca, IonSpecies
from .base import Law, Mechanism, mechanism
from .factors import Factor, hill, saturation


@mechanism
class PMCA(Mechanism):
    """Ca²⁺-ATPase of the plasma membrane, one Ca²⁺ out per ATP; two charges leave, and it does not run backwards.

    J = J_max · [Ca]_in^n/(K_Ca^n + [Ca]_in^n) · [ATP]/(K_ATP + [ATP])        mol m⁻² s⁻¹ of cycles

    A current density of Ca (A/m²) is 2 F J.

    Parameters
    ----------
    J_max : float
        Cycles at saturation, mol m⁻² s⁻¹.
    K_Ca : float
        Free Ca inside at half of the rate, mol/m³.
    n_Ca : int
        Hill exponent n, 1 or 2.
    K_ATP : float, optional
        Half-saturation by ATP, mol/m³; with it the cell needs a pool of ATP, without it ATP does not count.

    Source: saturation by free Ca and one Ca per ATP, E. Carafoli, Physiol. Rev. 71, 129 (1991).
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Ca: -1}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "irreversible"

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
    K_Ca: float = param("mol m^-3", lo=1e-6, hi=1.0, doc="half-saturation by free Ca inside")
    n_Ca: int = 1
    K_ATP: float | None = param("mol m^-3", None, lo=1e-4, hi=10, doc="half-saturation by ATP")

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.n_Ca) is not int or self.n_Ca not in (1, 2):
            raise InputError(f"PMCA.n_Ca = {self.n_Ca!r}: a Hill exponent; it is 1 or 2")

    @property
    def factors(self) -> tuple[Factor, ...]:  # type: ignore[override]
        """Saturation by Ca, and by ATP where `K_ATP` is given."""
        Ca_bound = saturation("c_in.Ca", "K_Ca") if self.n_Ca == 1 else hill("c_in.Ca", "K_Ca", self.n_Ca)
        return (Ca_bound,) if self.K_ATP is None else (Ca_bound, saturation("c_in.ATP", "K_ATP"))
