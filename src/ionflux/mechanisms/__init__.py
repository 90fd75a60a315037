"""Transporters: what moves ions and water through a membrane. The one place for new types."""

from __future__ import annotations

from ionflux.fields import param
from .averages import AverageFiring
from .base import Law, Mechanism, mechanism
from .buffers import Buffer, CaBuffer
from .calcium import PMCA
from .channels import HHK, Channel, HHNa
from .clamps import CurrentClamp, VoltageClamp
from .cotransporters import KCC2, NKCC1, GatedNKCC1, MassActionKCC2, MassActionNKCC1
from .cycles import CyclePump, HATPase
from .exchangers import AE, EAAT, NBC, NCX, NHE, LuoRudyNCX
from .factors import Factor, FactorKind, either, exponential, hill, optional, power, reciprocal, saturation, sigmoid, total
from .gates import Gate, Rate
from .leaks import Leak
from .metabolism import ATPSupply, ATPUse
from .organelles import SERCA, StoreLeak
from .published_pumps import ATPNaKATPase, HamadaNaKATPase, HillNaKATPase, LuoRudyNaKATPase, SigmoidNaKATPase
from .pumps import ConstantNaKATPase, CubicNaKATPase, LinearNaKATPase, NaKATPase
from .rectifiers import K2P, Kir, KirBoltzmann
from .surroundings import BathExchange, GlialBuffer, GlialUptake
from .synapses import AMPA, GABA_A, GABA_B, NMDA, Synapse
from .water import Water

__all__ = [
    "AE",
    "AMPA",
    "EAAT",
    "GABA_A",
    "GABA_B",
    "HHK",
    "K2P",
    "KCC2",
    "NBC",
    "NCX",
    "NHE",
    "NKCC1",
    "NMDA",
    "PMCA",
    "SERCA",
    "ATPNaKATPase",
    "ATPSupply",
    "ATPUse",
    "AverageFiring",
    "BathExchange",
    "Buffer",
    "CaBuffer",
    "Channel",
    "ConstantNaKATPase",
    "CubicNaKATPase",
    "CurrentClamp",
    "CyclePump",
    "Factor",
    "FactorKind",
    "Gate",
    "GatedNKCC1",
    "GlialBuffer",
    "GlialUptake",
    "HATPase",
    "HHNa",
    "HamadaNaKATPase",
    "HillNaKATPase",
    "Kir",
    "KirBoltzmann",
    "Law",
    "Leak",
    "LinearNaKATPase",
    "LuoRudyNCX",
    "LuoRudyNaKATPase",
    "MassActionKCC2",
    "MassActionNKCC1",
    "Mechanism",
    "NaKATPase",
    "Rate",
    "SigmoidNaKATPase",
    "StoreLeak",
    "Synapse",
    "VoltageClamp",
    "Water",
    "either",
    "exponential",
    "hill",
    "mechanism",
    "optional",
    "param",
    "power",
    "reciprocal",
    "saturation",
    "sigmoid",
    "total",
]
