"""What moves calcium between the cytosol and a store within the cell; see `Store`.

Nothing crosses the membrane of the cell: these carry no current, and what the store holds counts in the charge of the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ionflux.fields import check_name, param
from ionflux.species import Ca, IonSpecies
from .base import Law, Mechanism, mechanism
from .factors import Factor, hill, optional, power, saturation, total


@mechanism
class SERCA(Mechanism):
    """Ca²⁺-ATPase of the endoplasmic reticulum: two Ca²⁺ from the cytosol into the store per ATP.

    J = J_max · [Ca]²/(K_Ca² + [Ca]²) · [ATP]/(K_ATP + [ATP]) where the cell has ATP        mol of cycles per area of the cell and time

    Parameters
    ----------
    J_max : float
        Cycles at saturation, mol m⁻² s⁻¹, per area of the cell's membrane.
    K_Ca : float
        Free Ca²⁺ at half of the rate, mol/m³.
    K_ATP : float
        Half-saturation by ATP, mol/m³.
    store : str
        Name of the `Store`.

    Source: two Ca²⁺ bind, and half of the rate is reached at some tenths of a µM, J. Lytton et al., J. Biol. Chem. 267, 14483 (1992), who
    find it to differ between isoforms; 0.2 µM is a round value.

    Examples
    --------
    >>> SERCA(J_max=1e-8).charge
    0
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Ca: -2}
    strength = "J_max"
    thermodynamics = "irreversible"

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
    K_Ca: float = param("mol m^-3", 2e-4, lo=1e-6, hi=1.0, doc="half-saturation by free Ca", source="of the size in Lytton et al. 1992")
    K_ATP: float = param("mol m^-3", 0.1, lo=0, hi=10, doc="half-saturation by ATP")
    store: str = "ER"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name(self.store, "SERCA.store")

    @property
    def charge(self) -> int:
        """None crosses the membrane of the cell."""
        return 0

    @property
    def within(self) -> str:
        """The store."""
        return self.store

    @property
    def uses(self) -> Mapping[str, int]:  # type: ignore[override]
        """One ATP, and two Ca²⁺ that the store gains."""
        return {"ATP": 1, self.store: -2}

    @property
    def factors(self) -> tuple[Factor, ...]:  # type: ignore[override]
        """Free Ca²⁺, and ATP where the cell has it."""
        return (hill("c_in.Ca", "K_Ca", 2), optional(saturation("c_in.ATP", "K_ATP")))


@mechanism
class StoreLeak(Mechanism):
    """What runs out of a store by itself, per volume of the cell: J = k ([Ca]_store − [Ca])        mol m⁻³ s⁻¹

    Release is a schedule of ``scale``.

    Parameters
    ----------
    k : float
        1/s, of the volume of the cell.
    store : str
        Name of the `Store`.

    Examples
    --------
    >>> StoreLeak(k=1e-4).moves
    mappingproxy({Ca: 1})
    """

    law = Law.PRODUCT
    moves: ClassVar[Mapping[IonSpecies, int]] = {Ca: 1}
    strength = "k"
    thermodynamics = "published"
    per = "volume"

    k: float = param("s^-1", lo=0, hi=1e6, doc="exchange with the store")
    store: str = "ER"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name(self.store, "StoreLeak.store")

    @property
    def charge(self) -> int:
        """None crosses the membrane of the cell."""
        return 0

    @property
    def within(self) -> str:
        """The store."""
        return self.store

    @property
    def uses(self) -> Mapping[str, int]:  # type: ignore[override]
        """One Ca²⁺ of the store."""
        return {self.store: 1}

    @property
    def factors(self) -> tuple[Factor, ...]:  # type: ignore[override]
        """The difference."""
        return (total(power(f"c_in.{self.store}", 1), (-1.0, power("c_in.Ca", 1))),)


__all__ = ["SERCA", "StoreLeak"]
