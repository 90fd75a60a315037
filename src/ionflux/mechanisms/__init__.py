"""Transporters: what moves ions and water through a membrane. The one place for new types."""

from __future__ import annotations

from ionflux.fields import param
from .base import Factor, FactorKind, Law, Mechanism, mechanism, power, saturation
from .channels import HHK, Channel, HHNa
from .clamps import CurrentClamp, VoltageClamp
from .cotransporters import KCC2, NKCC1
from .gates import Gate, Rate
from .leaks import Leak
from .pumps import ConstantNaKATPase, CubicNaKATPase, LinearNaKATPase, NaKATPase
from .surroundings import BathExchange, GlialBuffer, GlialUptake
from .water import Water

__all__ = [
    "HHK",
    "KCC2",
    "NKCC1",
    "BathExchange",
    "Channel",
    "ConstantNaKATPase",
    "CubicNaKATPase",
    "CurrentClamp",
    "Factor",
    "FactorKind",
    "Gate",
    "GlialBuffer",
    "GlialUptake",
    "HHNa",
    "Law",
    "Leak",
    "LinearNaKATPase",
    "Mechanism",
    "NaKATPase",
    "Rate",
    "VoltageClamp",
    "Water",
    "mechanism",
    "param",
    "power",
    "saturation",
]
