"""Water through the membrane."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from ionflux.constants import WATER_MOLAR_VOLUME
from ionflux.errors import InputError
from ionflux.fields import Parameter, param
from ionflux.species import IonSpecies
from .base import Law, Mechanism, mechanism, one_of


@mechanism
class Water(Mechanism):
    """Water follows the difference of osmolarity; exactly one of `P_f`, `hydraulic` and `instant`. Without it a cell is rigid.

    dw/dt = P_f V_w A (Π_in − Π_out),  dw/dt = hydraulic · (Π_in − Π_out),  or at once w = (amount of all solutes inside)/Π_out

    Parameters
    ----------
    P_f : float, optional
        Filtration permeability, m/s.
    hydraulic : float, optional
        Of the whole cell, m³ s⁻¹ per mol/m³.
    instant : bool
        The membrane is no barrier to water.
    V_w : float
        Molar volume of water, m³/mol; used with `P_f`.

    Source: O. Kedem & A. Katchalsky, Biochim. Biophys. Acta 27, 229 (1958), with reflection coefficients of 1.
    """

    law = Law.WATER
    moves: ClassVar[Mapping[IonSpecies, int]] = MappingProxyType({})
    thermodynamics = "passive"

    P_f: float | None = param("m s^-1", None, lo=0, hi=1e-2, doc="filtration permeability to water")
    hydraulic: float | None = param("m^6 mol^-1 s^-1", None, lo=0, hi=1e-6, doc="hydraulic coefficient of the whole cell")
    instant: bool = False
    V_w: float = param("m^3 mol^-1", WATER_MOLAR_VOLUME, lo=1.7e-5, hi=2e-5, doc="molar volume of water", source="customary round value")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.instant, bool):
            raise InputError(f"Water.instant = {self.instant!r}; write True or False")
        one_of(self, "P_f", "hydraulic", "instant")

    def parameters(self) -> dict[str, Parameter]:
        """Return the numbers that matter: none where water is instant, V_w with `P_f` only."""
        own = super().parameters()
        if self.instant:
            return {}
        if self.P_f is None:
            del own["V_w"]
        return own

    @property
    def strength(self) -> str:
        """``"P_f"``, ``"hydraulic"`` or ``"instant"``."""
        return one_of(self, "P_f", "hydraulic", "instant")
