"""Transporters: what moves ions and water through a membrane. The one place for new types."""

from __future__ import annotations

from ionflux.fields import param
from .base import Factor, FactorKind, Law, Mechanism, mechanism, power, saturation
from .clamps import CurrentClamp, VoltageClamp
from .cotransporters import KCC2, NKCC1
from .leaks import Leak
from .pumps import ConstantNaKATPase, CubicNaKATPase, LinearNaKATPase, NaKATPase
from .water import Water

__all__ = [
    "KCC2",
    "NKCC1",
    "ConstantNaKATPase",
    "CubicNaKATPase",
    "CurrentClamp",
    "Factor",
    "FactorKind",
    "Law",
    "Leak",
    "LinearNaKATPase",
    "Mechanism",
    "NaKATPase",
    "VoltageClamp",
    "Water",
    "mechanism",
    "param",
    "power",
    "saturation",
]
