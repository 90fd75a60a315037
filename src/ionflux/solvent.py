"""Water: its permittivity, viscosity and density as functions of temperature. Plain arithmetic: arrays pass through as well as floats."""

from __future__ import annotations

from .constants import ZERO_CELSIUS


def permittivity(T: float) -> float:
    """ε_r = 249.21 − 0.79069 T + 7.2997e-4 T²: relative static permittivity of water at 1 bar.

    78.36 at 25 °C, 74.20 at 37 °C. Fitted between 273 and 372 K; used as it stands outside.

    Parameters
    ----------
    T : float
        Temperature, K.

    Source: CRC Handbook of Chemistry and Physics, "Permittivity (Dielectric Constant) of Liquids", entry of water.
    """
    return 249.21 + T * (-0.79069 + 7.2997e-4 * T)


def viscosity(T: float) -> float:
    """η(T), viscosity of water at 1 bar, Pa s: 8.90e-4 at 25 °C, 6.91e-4 at 37 °C.

    log₁₀(η/η₂₀) = x/(t + 96) · [1.2378 − 1.303e-3 x + 3.06e-6 x² + 2.55e-8 x³], x = 20 − t, t in °C, η₂₀ = 1.002e-3 Pa s; −8 to 150 °C.

    Parameters
    ----------
    T : float
        Temperature, K.

    Source: J. Kestin, M. Sokolov, W. A. Wakeham, J. Phys. Chem. Ref. Data 7, 941 (1978).
    """
    t = T - ZERO_CELSIUS
    x = 20.0 - t
    eta: float = 1.002e-3 * 10.0 ** (x / (t + 96.0) * (1.2378 + x * (-1.303e-3 + x * (3.06e-6 + x * 2.55e-8))))
    return eta


def density(T: float) -> float:
    """ρ(T), density of water at 1 bar, kg/m³: 997.05 at 25 °C, 993.33 at 37 °C.

    ρ = (999.83952 + 16.945176 t − 7.9870401e-3 t² − 46.170461e-6 t³ + 105.56302e-9 t⁴ − 280.54253e-12 t⁵)/(1 + 16.87985e-3 t), t in °C;
    0 to 150 °C.

    Parameters
    ----------
    T : float
        Temperature, K.

    Source: G. S. Kell, J. Chem. Eng. Data 20, 97 (1975).
    """
    t = T - ZERO_CELSIUS
    top = 999.83952 + t * (16.945176 + t * (-7.9870401e-3 + t * (-46.170461e-6 + t * (105.56302e-9 + t * -280.54253e-12))))
    return top / (1.0 + 16.87985e-3 * t)
