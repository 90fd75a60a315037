"""Solutions as a whole: ionic strength, screening, and the activity coefficients that follow from them.

The activity coefficient of a single ion is a convention (only those of neutral combinations can be measured): here it is the one of
Debye and Hückel, in which ions of the same valence and size have the same coefficient in the same solution.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log, pi
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import solvent
from ._broadcast import CONCENTRATION, Given, Number, checked, temperature
from .baths import Bath
from .constants import AVOGADRO, BODY_TEMPERATURE, BOLTZMANN, ELEMENTARY_CHARGE, VACUUM_PERMITTIVITY
from .errors import InputError
from .fields import Parameter
from .species import IonSpecies

EPS_R = Parameter(78.4, "1", 1.0, 1e3, "relative permittivity")
_STRENGTH = Parameter(150.0, "mol m^-3", 0.0, 1e6, "ionic strength")
_SIZE = Parameter(4e-10, "m", 0.0, 1e-8, "distance of closest approach")
_A = Parameter(0.51, "1", 0.0, 10.0, "Debye-Hückel slope (log10, per (mol/L)^½)")
_B = Parameter(3.3e9, "m^-1", 0.0, 1e12, "inverse Debye length at 1 mol/L")
_DAVIES = Parameter(0.3, "1", 0.0, 1.0, "linear term of Davies")
_VALENCE = Parameter(1.0, "1", -20.0, 20.0, "valence")
#: mol/m³ in a mol/L
_MOLAR = 1e3


class DebyeHueckel(NamedTuple):
    """A, log₁₀ slope per (mol/L)^½, and B, inverse Debye length per (mol/L)^½, m⁻¹."""

    A: Any
    B: Any


def water_permittivity(T: ArrayLike = BODY_TEMPERATURE) -> Any:
    """ε_r = 249.21 − 0.79069 T + 7.2997e-4 T²: relative static permittivity of water; 78.36 at 25 °C, 74.20 at 37 °C.

    Parameters
    ----------
    T : float or array
        Temperature, K. Fitted between 273 and 372 K; used as it stands outside.

    Source: CRC Handbook of Chemistry and Physics, "Permittivity (Dielectric Constant) of Liquids", entry of water.
    """
    return solvent.permittivity(temperature(T))  # type: ignore[arg-type]


def ionic_strength(c: Mapping[IonSpecies, ArrayLike]) -> Any:
    """I = ½ Σ z² c, mol/m³.

    Parameters
    ----------
    c : mapping from IonSpecies to float or array
        Concentrations, mol/m³. A `Bath` counts its impermeant with its mean valence.

    Source: G. N. Lewis & M. Randall, J. Am. Chem. Soc. 43, 1112 (1921).
    """
    if isinstance(c, Bath):
        return c.ionic_strength
    total: Number = 0.0
    for ion, value in _by_ion(c).items():
        total = total + ion.z**2 * checked(Given(f"c[{ion.name}]", value, CONCENTRATION))
    return 0.5 * total


def debye_length(c: Mapping[IonSpecies, ArrayLike] | ArrayLike, *, eps_r: ArrayLike | None = None, T: ArrayLike = BODY_TEMPERATURE) -> Any:
    """λ = √(ε₀ ε_r k_B T/(2 e² N_A I)): the length over which a charge is screened, m. About 0.78 nm at 150 mM.

    Parameters
    ----------
    c : mapping from IonSpecies to float or array, or float or array
        Concentrations, or the ionic strength itself, mol/m³.
    eps_r : float or array, optional
        Relative permittivity; default that of water at T (`water_permittivity`).
    T : float or array
        Temperature, K.

    Returns
    -------
    float or array
        +inf without ions.

    Source: P. Debye & E. Hückel, Phys. Z. 24, 185 (1923).
    """
    strength = ionic_strength(c) if isinstance(c, Mapping) else checked(Given("ionic strength", c, _STRENGTH))
    product = 8 * pi * AVOGADRO * bjerrum_length(eps_r=eps_r, T=T) * strength
    with np.errstate(divide="ignore"):
        return _plain(1 / np.sqrt(product))


def bjerrum_length(*, eps_r: ArrayLike | None = None, T: ArrayLike = BODY_TEMPERATURE) -> Any:
    """l_B = e²/(4π ε₀ ε_r k_B T): where two elementary charges attract or repel with k_B T, m. About 0.7 nm in water.

    Parameters
    ----------
    eps_r, T
        As in `debye_length`.

    Source: N. Bjerrum, K. Dan. Vidensk. Selsk. Mat.-fys. Medd. 7 (9), 1 (1926).
    """
    return ELEMENTARY_CHARGE**2 / (4 * pi * VACUUM_PERMITTIVITY * BOLTZMANN * (permittivity(eps_r, T) * temperature(T)))


def debye_hueckel_constants(*, eps_r: ArrayLike | None = None, T: ArrayLike = BODY_TEMPERATURE) -> DebyeHueckel:
    """A = l_B κ₁/(2 ln 10), B = κ₁ with κ₁ the inverse Debye length at 1 mol/L: the two constants of `activity_coefficient`.

    0.5096 and 3.287e9 m⁻¹ for ε_r = 78.5 at 25 °C.

    Parameters
    ----------
    eps_r, T
        As in `debye_length`.

    Returns
    -------
    DebyeHueckel
        Named tuple (A, B).
    """
    B = 1 / debye_length(_MOLAR, eps_r=eps_r, T=T)
    return DebyeHueckel(bjerrum_length(eps_r=eps_r, T=T) * B / (2 * log(10)), B)


def activity_coefficient(
    z: ArrayLike | IonSpecies,
    I: ArrayLike,
    *,
    model: str = "davies",
    size: ArrayLike | None = None,
    A: ArrayLike | None = None,
    B: ArrayLike | None = None,
    T: ArrayLike = BODY_TEMPERATURE,
    eps_r: ArrayLike | None = None,
    davies: ArrayLike = 0.3,
) -> Any:
    """log₁₀ γ = −A z² f(I): activity coefficient of an ion, molar scale.

    "limiting": f = √I; "extended": f = √I/(1 + B a √I) with the ion size a; "davies": f = √I/(1 + √I) − 0.3 I; I in mol/L inside these.

    Parameters
    ----------
    z : float or array or IonSpecies
        Valence.
    I : float or array
        Ionic strength, mol/m³ (see `ionic_strength`).
    model : {"davies", "limiting", "extended"}
        Limiting holds up to about 5 mol/m³, extended to 100, Davies to 500.
    size : float or array
        Ion size a of the extended law, m; 3e-10 … 9e-10 are usual. Needed there, refused elsewhere.
    A, B : float or array, optional
        Constants; default from first principles at T (`debye_hueckel_constants`). A is that of log₁₀, per (mol/L)^½; B in m⁻¹ per
        (mol/L)^½.
    T : float or array
        Temperature, K.
    eps_r : float or array, optional
        Relative permittivity; default that of water at T.
    davies : float or array
        Coefficient of the linear term; 0.3 is Davies' of 1962, 0.2 that of 1938.

    Returns
    -------
    float or array
        γ; 1 for a neutral solute and at I = 0.

    Raises
    ------
    InputError
        The model is unknown, or `size` is missing or superfluous.

    Source: P. Debye & E. Hückel, Phys. Z. 24, 185 (1923); C. W. Davies, Ion Association (Butterworths, London, 1962).

    Examples
    --------
    >>> round(activity_coefficient(1, 100.0, A=0.509), 12)
    0.781593943947
    """
    charge = z.z if isinstance(z, IonSpecies) else checked(Given("z", z, _VALENCE))
    strength = checked(Given("I", I, _STRENGTH)) / _MOLAR
    if model not in ("davies", "limiting", "extended"):
        raise InputError(f"model = {model!r} is none of 'davies', 'limiting', 'extended'")
    if (size is None) == (model == "extended"):
        raise InputError("the extended law needs size=, the distance of closest approach in m" if size is None else f"{model} has no size")
    slope = checked(Given("A", A, _A)) if A is not None else debye_hueckel_constants(eps_r=eps_r, T=T).A
    root = np.sqrt(strength)
    if model == "limiting":
        f = root
    elif model == "extended":
        inverse = checked(Given("B", B, _B)) if B is not None else debye_hueckel_constants(eps_r=eps_r, T=T).B
        f = root / (1 + inverse * checked(Given("size", size, _SIZE)) * root)
    else:
        f = root / (1 + root) - checked(Given("davies", davies, _DAVIES)) * strength
    return _plain(10.0 ** (-slope * charge**2 * f))


def permittivity(eps_r: ArrayLike | None, T: ArrayLike) -> Number:
    """The permittivity given, or water's at T."""
    return water_permittivity(T) if eps_r is None else checked(Given("eps_r", eps_r, EPS_R))


def _by_ion(c: Mapping[IonSpecies, ArrayLike]) -> dict[IonSpecies, ArrayLike]:
    """The items in an order of their own, so that sums do not depend, even in the last bit, on how they were written."""
    if bad := [key for key in c if not isinstance(key, IonSpecies)]:
        raise InputError(f"c: {bad[0]!r} is no ion; write {{K: 140*mM}} with `from ionflux import K`, or IonSpecies(name, z)")
    return dict(sorted(c.items(), key=lambda item: (item[0].name, item[0].z)))


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value
