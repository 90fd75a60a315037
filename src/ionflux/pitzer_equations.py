"""Pitzer's equations for the activity of one salt in water, and the parameters of common ones.

Every set of parameters below is printed in two places that agree to their last digit: K. S. Pitzer & G. Mayorga, J. Phys. Chem. 77,
2300 (1973), tables I and VI (which print 4/3 β and 2^{5/2}/3 Cᵠ for salts with a divalent ion: here they are plain), and the database of
the program PHRQPITZ, L. N. Plummer, D. L. Parkhurst, G. W. Fleming & S. A. Dunkle, U.S. Geological Survey Water-Resources Investigations
Report 88-4153 (1988), most of it after C. E. Harvie, N. Møller & J. H. Weare, Geochim. Cosmochim. Acta 48, 723 (1984).
"""

from __future__ import annotations

import dataclasses
from math import pi
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import solvent
from ._broadcast import Given, checked, temperature
from .activities import bjerrum_length
from .constants import AVOGADRO, BODY_TEMPERATURE
from .errors import InputError, UnknownNameError
from .fields import Described, Parameter, about, described, param

_MOLALITY = Parameter(1.0, "mol kg^-1", 0.0, 30.0, "molality")


_VIRIAL = about("kg mol^-1", lo=-100, hi=100, doc="second virial coefficient")


@described
class PitzerParameters(Described):
    """The numbers of one salt in Pitzer's equations.

    Parameters
    ----------
    beta0, beta1 : float
        Second virial coefficients, kg/mol; the plain ones, not times 4/3.
    C_phi : float
        Third virial coefficient, kg²/mol².
    z_cation, z_anion : float
        Valences.
    nu_cation, nu_anion : float
        Ions per formula.
    A_phi : float, optional
        Debye-Hückel slope of the osmotic coefficient, (kg/mol)^½; default from first principles at T, 0.3915 at 25 °C.
    b, alpha : float
        (kg/mol)^½; 1.2 and 2 for all salts with a monovalent ion.
    """

    beta0: float = dataclasses.field(kw_only=False, metadata=_VIRIAL)
    beta1: float = dataclasses.field(kw_only=False, metadata=_VIRIAL)
    C_phi: float = dataclasses.field(
        kw_only=False, default=0.0, metadata=about("kg^2 mol^-2", lo=-100, hi=100, doc="third virial coefficient")
    )
    z_cation: float = param("1", 1.0, lo=1, hi=6, doc="valence of the cation")
    z_anion: float = param("1", -1.0, lo=-6, hi=-1, doc="valence of the anion")
    nu_cation: float = param("1", 1.0, lo=1, hi=6, doc="cations per formula")
    nu_anion: float = param("1", 1.0, lo=1, hi=6, doc="anions per formula")
    A_phi: float | None = param("kg^0.5 mol^-0.5", None, lo=0.1, hi=2, doc="Debye-Hückel slope of the osmotic coefficient")
    b: float = param("kg^0.5 mol^-0.5", 1.2, lo=0.1, hi=10, doc="b of Pitzer's equations")
    alpha: float = param("kg^0.5 mol^-0.5", 2.0, lo=0.1, hi=20, doc="alpha of Pitzer's equations")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nu_cation * self.z_cation + self.nu_anion * self.z_anion:
            raise InputError(f"{self!r}: a formula has no charge; nu_cation z_cation + nu_anion z_anion must be 0")


class Pitzer(NamedTuple):
    """Mean activity coefficient (molal) and osmotic coefficient."""

    gamma: Any
    osmotic_coefficient: Any


def _divalent_cation(beta0: float, beta1: float, C_phi: float) -> PitzerParameters:
    return PitzerParameters(beta0, beta1, C_phi, z_cation=2, nu_anion=2)


def _divalent_anion(beta0: float, beta1: float, C_phi: float) -> PitzerParameters:
    return PitzerParameters(beta0, beta1, C_phi, z_anion=-2, nu_cation=2)


#: salt -> parameters at 25 °C
SALTS: dict[str, PitzerParameters] = {
    "NaCl": PitzerParameters(0.0765, 0.2664, 0.00127),
    "KCl": PitzerParameters(0.04835, 0.2122, -0.00084),
    "LiCl": PitzerParameters(0.1494, 0.3074, 0.00359),
    "HCl": PitzerParameters(0.1775, 0.2945, 0.00080),
    "NaBr": PitzerParameters(0.0973, 0.2791, 0.00116),
    "KBr": PitzerParameters(0.0569, 0.2212, -0.00180),
    "LiBr": PitzerParameters(0.1748, 0.2547, 0.0053),
    "HBr": PitzerParameters(0.1960, 0.3564, 0.00827),
    "NaOH": PitzerParameters(0.0864, 0.2530, 0.0044),
    "KOH": PitzerParameters(0.1298, 0.3200, 0.0041),
    "MgCl2": _divalent_cation(0.35235, 1.6815, 0.00519),
    "CaCl2": _divalent_cation(0.3159, 1.6140, -0.00034),
    "SrCl2": _divalent_cation(0.28575, 1.66725, -0.00130),
    "BaCl2": _divalent_cation(0.2628, 1.49625, -0.01938),
    "CaBr2": _divalent_cation(0.3816, 1.61325, -0.00257),
    "BaBr2": _divalent_cation(0.31455, 1.56975, -0.01596),
    "Na2SO4": _divalent_anion(0.01958, 1.1130, 0.00497),
    "K2SO4": _divalent_anion(0.04995, 0.77925, 0.0),
    "Li2SO4": _divalent_anion(0.136275, 1.2705, -0.00399),
}


def pitzer(salt: str, molality: ArrayLike, *, parameters: PitzerParameters | None = None, T: ArrayLike = BODY_TEMPERATURE) -> Pitzer:
    """``ln γ± = |z₊z₋| f + m (2ν₊ν₋/ν) B + m² (2(ν₊ν₋)^{3/2}/ν) C``: one salt in water, up to several mol/kg.

    f = −A_φ [√I/(1 + b√I) + (2/b) ln(1 + b√I)], B = 2β⁰ + 2β¹/(α²I) [1 − (1 + α√I − α²I/2) e^(−α√I)], C = 3/2 Cᵠ, and for the osmotic
    coefficient φ − 1 the same with f = −A_φ √I/(1 + b√I), B = β⁰ + β¹ e^(−α√I), C = Cᵠ.

    Parameters
    ----------
    salt : str
        One of NaCl KCl LiCl HCl NaBr KBr LiBr HBr NaOH KOH MgCl2 CaCl2 SrCl2 BaCl2 CaBr2 BaBr2 Na2SO4 K2SO4 Li2SO4, or any name when
        `parameters` are given.
    molality : float or array
        mol per kg of water.
    parameters : PitzerParameters, optional
        Instead of those in the table.
    T : float or array
        Temperature, K. It changes A_φ only: the virial coefficients of the table are those of 25 °C.

    Returns
    -------
    Pitzer
        Named tuple (gamma, osmotic_coefficient): the mean activity coefficient on the molal scale; it is measurable, unlike those of
        its ions.

    Raises
    ------
    UnknownNameError
        The salt is not in the table.

    Source: K. S. Pitzer, J. Phys. Chem. 77, 268 (1973); K. S. Pitzer & G. Mayorga, J. Phys. Chem. 77, 2300 (1973).

    Examples
    --------
    >>> gamma, phi = pitzer("NaCl", 1.0, T=298.15)
    >>> round(gamma, 3), round(phi, 3)
    (0.655, 0.936)
    """
    if parameters is None:
        if salt not in SALTS:
            raise UnknownNameError.among("pitzer has no salt", salt, SALTS)
        parameters = SALTS[salt]
    p = parameters
    m = np.asarray(checked(Given("molality", molality, _MOLALITY)))
    A_phi = np.asarray(osmotic_slope(T) if p.A_phi is None else p.A_phi)
    nu = p.nu_cation + p.nu_anion
    I = 0.5 * m * (p.nu_cation * p.z_cation**2 + p.nu_anion * p.z_anion**2)
    root = np.sqrt(I)
    charges = p.z_cation * abs(p.z_anion)
    second, third = 2 * p.nu_cation * p.nu_anion / nu, 2 * (p.nu_cation * p.nu_anion) ** 1.5 / nu
    x = p.alpha * root
    f_phi = -A_phi * root / (1 + p.b * root)
    f = f_phi - A_phi * 2 / p.b * np.log1p(p.b * root)
    B_phi = p.beta0 + p.beta1 * np.exp(-x)
    B = 2 * p.beta0 + 2 * p.beta1 * _excess(x)
    ln_gamma = charges * f + m * second * B + m**2 * third * 1.5 * p.C_phi
    phi = 1 + charges * f_phi + m * second * B_phi + m**2 * third * p.C_phi
    gamma = np.exp(ln_gamma)
    return Pitzer(gamma, phi) if np.ndim(gamma) else Pitzer(float(gamma), float(phi))


def osmotic_slope(T: ArrayLike = BODY_TEMPERATURE) -> Any:
    """A_φ = ⅓ √(2π N_A ρ) l_B^{3/2}: Debye-Hückel slope of the osmotic coefficient in water, (kg/mol)^½; 0.3915 at 25 °C."""
    return np.sqrt(2 * pi * AVOGADRO * solvent.density(temperature(T))) * bjerrum_length(T=T) ** 1.5 / 3  # type: ignore[arg-type]


def _excess(x: Any) -> Any:
    """[1 − (1 + x − x²/2) e^(−x)]/x², 1 at x = 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        far = (-np.expm1(-x) - x * np.exp(-x)) / x**2 + 0.5 * np.exp(-x)
    near = 1 - x * (5 / 6 - x * (3 / 8 - x * 7 / 60))  # the next term is x⁴/36
    return np.where(x < 1e-3, near, far)
