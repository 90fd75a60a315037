"""The Goldman flux at a million random points: against 50 digits on a part, and against an extended double, itself so checked, on all."""

from __future__ import annotations

import warnings
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

import ionflux as ifx
from ionflux._dispatch import fields

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="the reference needs an extended long double"),
]
N = 1_000_000
LD = np.longdouble
F, R = "96485.3321233100184", "8.31446261815324"


def points(seed: int) -> dict[str, Any]:
    """Everything that can happen: volts and attovolts, empty sides, equal concentrations."""
    rng = np.random.default_rng(seed)
    V = rng.uniform(-25, 25, N)
    V[: N // 2] = rng.uniform(-0.3, 0.3, N // 2)
    V[::7] = 10.0 ** rng.uniform(-18, -2, len(V[::7])) * rng.choice([-1.0, 1.0], len(V[::7]))
    V[::1001] = 0.0
    c_in, c_out = 10.0 ** rng.uniform(-6, 4.7, (2, N))
    c_in[::13], c_out[::17] = 0.0, 0.0
    c_in[5::11] = c_out[5::11]
    return {"P": 10.0 ** rng.uniform(-12, -3, N), "V": V, "c_in": c_in, "c_out": c_out, "T": rng.uniform(273, 330, N)}


def extended(x: Any, P: Any, c_in: Any, c_out: Any) -> tuple[Any, Any]:
    """Net and larger one-way flux in long double; P, c_in, c_out are exact doubles."""
    a = np.abs(x)
    small = np.where(a > 0, a / np.expm1(np.where(a > 0, a, 1)), LD(1))
    plus, minus = np.where(x >= 0, small, small + a), np.where(x >= 0, small + a, small)
    efflux, influx = P.astype(LD) * minus * c_in, P.astype(LD) * plus * c_out
    return efflux - influx, np.maximum(efflux, influx)


def exact(x: mpf, P: float, c_in: float, c_out: float) -> tuple[mpf, mpf]:
    plus, minus = (mpf(1), mpf(1)) if x == 0 else (x / mpmath.expm1(x), -x / mpmath.expm1(-x))
    return P * (minus * mpf(c_in) - plus * mpf(c_out)), max(P * minus * mpf(c_in), P * plus * mpf(c_out))


def ulps(got: Any, net: Any, larger: Any) -> Any:
    """Error in units in the last place of the larger one-way flux, where that is not next to underflow."""
    error = np.abs(got - net) / np.spacing(larger.astype(float))
    return np.where(larger > 1e-290, error, 0.0)


@pytest.mark.parametrize("z", [1, -1, 2, -2, 3, -3])
def test_four_ulp_times_one_plus_the_reduced_potential(z: int) -> None:
    p = points(z + 20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        J = ifx.ghk_flux(z, **p)
    assert np.all(np.isfinite(J))
    x = z * LD(F) * p["V"] / (LD(R) * p["T"])
    net, larger = extended(x, p["P"], p["c_in"], p["c_out"])
    assert np.max(ulps(J, net, larger) / (1 + np.abs(x))) <= 4.0
    with mp.workdps(50):
        for i in range(0, N, N // 1500):
            u = z * mpf(F) * mpf(p["V"][i]) / (mpf(R) * mpf(p["T"][i]))
            true, size = exact(u, *(float(p[name][i]) for name in ("P", "c_in", "c_out")))
            if size > 1e-290:
                high = float(net[i])
                reference = mpf(high) + mpf(float(net[i] - LD(high)))
                assert abs(mpf(float(J[i])) - true) <= 4 * (1 + abs(u)) * float(np.spacing(float(size))), i
                assert abs(reference - true) <= (1 + abs(u)) * size * mpf(2) ** -61, i


@pytest.mark.parametrize("span", [1e-15, 1e-3, 1.0, 5.0, 40.0, 1000.0])
def test_four_ulp_with_the_reduced_potential_given(span: float) -> None:
    p = points(7)
    x = np.random.default_rng(int(span)).uniform(-span, span, N)
    J = np.empty(N)
    fields.Loop("ghk", [p["P"], x, p["c_in"], p["c_out"], np.asarray(1.0)], (np.inf, np.inf), (J,), (N,), (0,), (1.0,)).work()
    net, larger = extended(x.astype(LD), p["P"], p["c_in"], p["c_out"])
    assert np.max(ulps(J, net, larger)) <= 4.0
    with mp.workdps(50):
        for i in range(0, N, N // 500):
            true, size = exact(mpf(x[i]), *(float(p[name][i]) for name in ("P", "c_in", "c_out")))
            if size > 1e-290:
                assert abs(mpf(float(J[i])) - true) <= 4 * float(np.spacing(float(size))), i
