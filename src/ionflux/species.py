"""Ions: what they are called, their valence, how fast they diffuse in water and how large they are.

Ready made: ``Na K Cl Ca Mg H OH HCO3 Li Rb Cs Ba Sr NH4 SO4 Br I_ F_ NO3 TMA Choline Gluconate Glutamate``. The underscore keeps ``I`` free
for a current and ``F`` for the Faraday constant; the ions are called ``"I"`` and ``"F"``.

Diffusivities: limiting values in water at 25 °C. Source: CRC Handbook of Chemistry and Physics, "Ionic Conductivity and Diffusion at
Infinite Dilution" (P. Vanýsek). Choline and gluconate from their mobilities relative to K, 0.51 and 0.33: P. H. Barry & J. W. Lynch,
J. Membr. Biol. 121, 101 (1991). Glutamate from L. G. Longsworth, J. Am. Chem. Soc. 75, 5705 (1953).

Radii: Pauling's crystal radii (L. Pauling, The Nature of the Chemical Bond, 3rd ed., 1960), as in B. Hille, Ion Channels of Excitable
Membranes; ions that are no spheres have none, except ammonium, which Pauling lists. Other scales differ by several per cent: R. D.
Shannon's effective radii for six neighbours (Acta Cryst. A32, 751, 1976) are 1.38 Å for K and 1.02 Å for Na, where Pauling's are 1.33 and
0.95 Å. Arguments about the selectivity filter usually quote Shannon's: `SHANNON_RADII` has them for the alkali and alkaline earth ions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from .constants import BODY_TEMPERATURE, ROOM_TEMPERATURE
from .errors import InputError
from .fields import Described, Parameter, check_name, described, param
from .solvent import viscosity

#: what a temperature may be, anywhere
TEMPERATURE = Parameter(BODY_TEMPERATURE, "K", 200.0, 500.0, "temperature")


@described
class IonSpecies(Described):
    """An ion. Two ions are equal when name and valence are.

    Parameters
    ----------
    name : str
        As in results and dotted names: ``"Na"``.
    z : int
        Valence, with sign.
    D : float, optional
        Limiting diffusivity in water at 25 °C, m²/s.
    radius : float, optional
        Crystal radius, m.

    Examples
    --------
    >>> IonSpecies("Tl", +1, D=1.989e-9)
    IonSpecies('Tl', 1, D=1.989e-09)
    """

    name: str = field(kw_only=False)
    z: int = field(kw_only=False)
    D: float | None = param("m^2 s^-1", None, lo=1e-13, hi=1e-7, doc="limiting diffusivity in water at 25 °C")
    radius: float | None = param("m", None, lo=1e-11, hi=1e-8, doc="crystal radius")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name(self.name, "the name of an ion,")
        try:
            z = int(self.z)
        except (TypeError, ValueError):
            z = 99
        if z != self.z or abs(z) > 20:
            raise InputError(f"IonSpecies.z = {self.z!r}: the valence of an ion is a whole number; a mean valence belongs to Impermeant")
        object.__setattr__(self, "z", z)

    def D_at(self, T: float = BODY_TEMPERATURE) -> float:
        """D(T) = D(25 °C) · (T / 298.15 K) · η(25 °C)/η(T): the diffusivity at another temperature by Stokes and Einstein, m²/s.

        Parameters
        ----------
        T : float
            Temperature, K.

        Raises
        ------
        InputError
            When the ion has no diffusivity, or T is outside 200 … 500 K.

        Source: A. Einstein, Ann. Phys. 17, 549 (1905); viscosity of water after Kestin, Sokolov & Wakeham (1978).
        """
        T = TEMPERATURE.check("T", T)
        if self.D is None:
            raise InputError(f"{self!r} has no diffusivity; write IonSpecies({self.name!r}, {self.z}, D=...)")
        return self.D * (T / ROOM_TEMPERATURE) * (viscosity(ROOM_TEMPERATURE) / viscosity(T))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IonSpecies) and self.name == other.name and self.z == other.z

    def __hash__(self) -> int:
        return hash((self.name, self.z))

    def __repr__(self) -> str:
        spelling = READY_MADE.get(self.name)
        if spelling is not None:
            ready = globals()[spelling]
            if self == ready and (self.D, self.radius) == (ready.D, ready.radius):
                return spelling
        return super().__repr__()


#: name of an ion -> what it is called in Python
READY_MADE: dict[str, str] = {}

Na = IonSpecies("Na", +1, D=1.334e-9, radius=0.95e-10)
K = IonSpecies("K", +1, D=1.957e-9, radius=1.33e-10)
Cl = IonSpecies("Cl", -1, D=2.032e-9, radius=1.81e-10)
Ca = IonSpecies("Ca", +2, D=0.792e-9, radius=0.99e-10)
Mg = IonSpecies("Mg", +2, D=0.706e-9, radius=0.65e-10)
H = IonSpecies("H", +1, D=9.311e-9)
OH = IonSpecies("OH", -1, D=5.273e-9)
HCO3 = IonSpecies("HCO3", -1, D=1.185e-9)
Li = IonSpecies("Li", +1, D=1.029e-9, radius=0.60e-10)
Rb = IonSpecies("Rb", +1, D=2.072e-9, radius=1.48e-10)
Cs = IonSpecies("Cs", +1, D=2.056e-9, radius=1.69e-10)
Ba = IonSpecies("Ba", +2, D=0.847e-9, radius=1.35e-10)
Sr = IonSpecies("Sr", +2, D=0.791e-9, radius=1.13e-10)
NH4 = IonSpecies("NH4", +1, D=1.957e-9, radius=1.48e-10)
SO4 = IonSpecies("SO4", -2, D=1.065e-9)
Br = IonSpecies("Br", -1, D=2.080e-9, radius=1.95e-10)
I_ = IonSpecies("I", -1, D=2.045e-9, radius=2.16e-10)
F_ = IonSpecies("F", -1, D=1.475e-9, radius=1.36e-10)
NO3 = IonSpecies("NO3", -1, D=1.902e-9)
TMA = IonSpecies("TMA", +1, D=1.196e-9)
Choline = IonSpecies("Choline", +1, D=1.00e-9)
Gluconate = IonSpecies("Gluconate", -1, D=0.65e-9)
Glutamate = IonSpecies("Glutamate", -1, D=0.76e-9)

#: effective radii of R. D. Shannon (1976) for six neighbours, m
SHANNON_RADII: Mapping[IonSpecies, float] = MappingProxyType(
    {
        ion: angstroms * 1e-10
        for ion, angstroms in ((Li, 0.76), (Na, 1.02), (K, 1.38), (Rb, 1.52), (Cs, 1.67), (Mg, 0.72), (Ca, 1.00), (Sr, 1.18), (Ba, 1.35))
    }
)

READY_MADE.update({ion.name: spelling for spelling, ion in globals().items() if isinstance(ion, IonSpecies)})
