"""Physical constants, once.

Source: CODATA 2022 (E. Tiesinga, P. J. Mohr, D. B. Newell, B. N. Taylor, NIST 2024). k_B, N_A and e are exact by the definition of the SI;
F and R are their products, rounded to double precision.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "AVOGADRO",
    "BODY_TEMPERATURE",
    "BOLTZMANN",
    "ELEMENTARY_CHARGE",
    "FARADAY",
    "GAS_CONSTANT",
    "ROOM_TEMPERATURE",
    "VACUUM_PERMITTIVITY",
    "WATER_MOLAR_VOLUME",
    "ZERO_CELSIUS",
    "celsius",
]

#: charge of a mole of elementary charges, C/mol
FARADAY: Final = 96485.33212331002
#: molar gas constant, J/(mol K)
GAS_CONSTANT: Final = 8.31446261815324
#: permittivity of the vacuum, F/m
VACUUM_PERMITTIVITY: Final = 8.8541878188e-12
#: charge of a proton, C
ELEMENTARY_CHARGE: Final = 1.602176634e-19
#: particles in a mole, 1/mol
AVOGADRO: Final = 6.02214076e23
#: J/K
BOLTZMANN: Final = 1.380649e-23

#: 0 °C in K
ZERO_CELSIUS: Final = 273.15
#: the temperature of everything that is not told otherwise, K (37 °C)
BODY_TEMPERATURE: Final = 310.15
#: the temperature of tabulated diffusivities, K (25 °C)
ROOM_TEMPERATURE: Final = 298.15
#: volume of a mole of liquid water, m^3/mol. 18 cm^3/mol is the customary value of the pump-leak literature; density and molar mass give
#: 18.07 at 25 °C and 18.14 at 37 °C
WATER_MOLAR_VOLUME: Final = 1.8e-5


def celsius(t: float) -> float:
    """T = t + 273.15: a temperature in kelvin from degrees Celsius.

    A function and no multiplier, because the Celsius scale has its own zero.

    Examples
    --------
    >>> celsius(37)
    310.15
    """
    return t + ZERO_CELSIUS
