"""Double layers: one, and many with their profiles; the workload of compare/w4.py."""

from __future__ import annotations

import numpy as np

from .clock import ratio

SIZES = (1, 64, 4096)
X = np.linspace(0.0, 10e-9, 200)
WAYS = ("closed form", "any valences", "sphere")


def surfaces(n):
    """Return charges and salts of n surfaces, the same on every machine."""
    x = np.arange(n) + 0.5
    sigma, dilution = -0.002 - 0.048 * (x * np.sqrt(2.0) % 1.0), 0.2 + 1.8 * (x * np.sqrt(3.0) % 1.0)
    return sigma, dilution


def profiles(way, n, threads=1):
    """Solve n surfaces and return their profiles, V."""
    import ionflux as ifx
    from ionflux import Ca, Cl, K, Na

    sigma, s = surfaces(n)
    bath = {Na: 145 * s, K: 5 * s, Ca: 2 * s, Cl: 154 * s}
    if way == "any valences":
        bath |= {ifx.IonSpecies("R", 3): 1e-9, ifx.IonSpecies("Q", -3): 1e-9}
    where = {"geometry": "sphere", "radius": 10e-9} if way == "sphere" else {}
    return ifx.double_layer(bath, sigma=sigma, threads=threads, **where).psi(X, threads=threads)


def closed_form(n):
    """The closed form in NumPy, V: Newton for the wall, then the profile."""
    from ionflux.constants import BODY_TEMPERATURE, FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY
    from ionflux.solvent import permittivity

    sigma, s = surfaces(n)
    RT, eps = GAS_CONSTANT * BODY_TEMPERATURE, VACUUM_PERMITTIVITY * permittivity(BODY_TEMPERATURE)
    cm, c2, g = 154 * s, 2 * s, -sigma / np.sqrt(2 * eps * RT)
    u = -2 * np.arcsinh(g / np.sqrt(4 * cm))
    for _ in range(6):
        w = np.exp(u)
        root = np.sqrt(cm * w + c2)
        u = u - ((1 / w - 1) * root - g) / (-root / w + (1 / w - 1) * 0.5 * cm * w / root)
    inner, outer = np.sqrt(156 * s), np.sqrt(cm * np.exp(u) + c2)
    q = -cm * np.expm1(u) / (inner + outer) ** 2
    e = q[:, None] * np.exp(-(inner * FARADAY * np.sqrt(2 / (eps * RT)))[:, None] * X)
    return RT / FARADAY * np.log1p(-4 * 156 / 154 * e / (1 + e) ** 2)


class Profiles:
    """Surfaces and profiles of 200 points."""

    params = (WAYS, SIZES)
    param_names = ("way", "surfaces")

    def setup(self, way, n):
        profiles(way, n)

    def time_profiles(self, way, n):
        profiles(way, n)


class Ratios:
    """Figures that hold on any machine."""

    def track_numpy_over_closed_form(self):
        return ratio(lambda: closed_form(4096), lambda: profiles("closed form", 4096))

    def track_any_valences_over_closed_form(self):
        return ratio(lambda: profiles("any valences", 4096), lambda: profiles("closed form", 4096))

    def track_sphere_over_closed_form(self):
        return ratio(lambda: profiles("sphere", 4096), lambda: profiles("closed form", 4096))

    def track_error_against_numpy(self):
        """Largest difference over the potential of the surface."""
        reference = closed_form(64)
        worst = [np.max(np.abs(profiles(way, 64) - reference) / np.abs(reference[:, :1])) for way in WAYS[:2]]
        return float(max(worst))

    track_numpy_over_closed_form.unit = "ratio"
    track_any_valences_over_closed_form.unit = "ratio"
    track_sphere_over_closed_form.unit = "ratio"
    track_error_against_numpy.unit = "error"
