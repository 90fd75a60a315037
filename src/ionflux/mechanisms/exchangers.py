"""Exchangers and carriers: what goes in pays for what comes out. All are passive, and turn round with their gradients."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from ionflux.errors import InputError
from ionflux.fields import param
from ionflux.species import HCO3, Ca, Cl, Glutamate, H, IonSpecies, K, Na
from .base import Law, Mechanism, mechanism
from .factors import Factor, exponential, power, reciprocal

LUO_RUDY = "Luo & Rudy 1994"


@mechanism
class NCX(Mechanism):
    """Na⁺/Ca²⁺ exchanger by mass action, 3 Na⁺ in for one Ca²⁺ out (or the reverse); one charge goes with the sodium.

    J = k {[Na]_out³ [Ca]_in e^(−(1−γ)u) − [Na]_in³ [Ca]_out e^(γu)},  u = V F/RT;  it rests at V = 3 E_Na − 2 E_Ca

    A current density k_I (A/m² per (mol/m³)⁴) of papers is F · k.

    Parameters
    ----------
    k : float
        Cycles per membrane area and time at V = 0, per (mol/m³)⁴.
    gamma : float
        Part γ of the membrane potential that acts on the direction in which Ca enters.

    Source: the voltage dependence of C.-H. Luo & Y. Rudy, Circ. Res. 74, 1071 (1994), without saturation (see `LuoRudyNCX`).
    """

    law = Law.EXCHANGE
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: +3, Ca: -1}
    strength = "k"
    thermodynamics = "passive"
    split = "gamma"

    k: float = param("m^10 mol^-3 s^-1", lo=0, hi=1e-6, doc="cycles at V = 0 per (mol/m³)⁴")
    gamma: float = param("1", 0.35, lo=0, hi=1, doc="part of V on the entry of Ca", source=LUO_RUDY)


@mechanism
class LuoRudyNCX(Mechanism):
    """Na⁺/Ca²⁺ exchanger with saturation outside; labelled ``NCX``.

    J = J_max {[Na]_out³ [Ca]_in e^(−(1−γ)u) − [Na]_in³ [Ca]_out e^(γu)} / {(K_Na³ + [Na]_out³)(K_Ca + [Ca]_out)(1 + k_sat e^(−(1−γ)u))}

    Parameters
    ----------
    J_max : float
        mol m⁻² s⁻¹.
    K_Na, K_Ca : float
        Half-saturations outside, mol/m³.
    k_sat : float
        Saturation at very negative V.
    gamma : float
        Part γ of the membrane potential that acts on the direction in which Ca enters.

    Source: C.-H. Luo & Y. Rudy, Circ. Res. 74, 1071 (1994), I_NaCa; their 2000 µA/µF at 1 µF/cm² is J_max = 20 A/m² / F.
    """

    law = Law.EXCHANGE
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: +3, Ca: -1}
    strength = "J_max"
    thermodynamics = "passive"
    default_label = "NCX"
    split = "gamma"
    factors = (
        reciprocal(power("K_Na", 3), power("c_out.Na", 3)),
        reciprocal("K_Ca", power("c_out.Ca", 1)),
        reciprocal(1.0, ("k_sat", exponential("u", "gamma"), exponential("u", -1.0))),
    )

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-1, doc="scale of the rate")
    K_Na: float = param("mol m^-3", 87.5, lo=1, hi=500, doc="half-saturation by Na outside", source=LUO_RUDY)
    K_Ca: float = param("mol m^-3", 1.38, lo=0.01, hi=50, doc="half-saturation by Ca outside", source=LUO_RUDY)
    k_sat: float = param("1", 0.1, lo=0, hi=10, doc="saturation at very negative V", source=LUO_RUDY)
    gamma: float = param("1", 0.35, lo=0, hi=1, doc="part of V on the entry of Ca", source=LUO_RUDY)


@mechanism
class NHE(Mechanism):
    """Na⁺/H⁺ exchanger by mass action, one for one, electroneutral: J = k ([Na]_out [H]_in − [Na]_in [H]_out).

    Parameters
    ----------
    k : float
        Cycles per membrane area and time, per (mol/m³)².

    Source: the law of mass action for one site that serves both ions.
    """

    law = Law.EXCHANGE
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: +1, H: -1}
    strength = "k"
    thermodynamics = "passive"

    k: float = param("m^4 mol^-1 s^-1", lo=0, hi=1.0, doc="cycles per (mol/m³)²")


@mechanism
class AE(Mechanism):
    """Cl⁻/HCO₃⁻ exchanger by mass action, one for one, electroneutral: J = k ([Cl]_out [HCO3]_in − [Cl]_in [HCO3]_out).

    Parameters
    ----------
    k : float
        Cycles per membrane area and time, per (mol/m³)².

    Source: the law of mass action for one site that serves both ions.
    """

    law = Law.EXCHANGE
    moves: ClassVar[Mapping[IonSpecies, int]] = {Cl: +1, HCO3: -1}
    strength = "k"
    thermodynamics = "passive"

    k: float = param("m^4 mol^-1 s^-1", lo=0, hi=1e-3, doc="cycles per (mol/m³)²")


@mechanism
class NBC(Mechanism):
    """Na⁺-HCO₃⁻ cotransporter, n bicarbonates per sodium, linear in its affinity.

    J = (g/F) · {E_Na − n E_HCO3 + (n − 1) V};  n = 1 is electroneutral, and with n = 2 or 3 it rests at (E_Na − n E_HCO3)/(1 − n)

    Parameters
    ----------
    g : float
        Conductance of the law, S/m².
    n : int
        HCO₃⁻ per Na⁺: 1, 2 or 3.

    Source: linear in its affinity, as the cotransporters of K. M. Düsterwald et al., eLife 7, e39575 (2018).
    """

    law = Law.COTRANSPORT
    strength = "g"
    thermodynamics = "passive"

    g: float = param("S m^-2", lo=0, hi=1e4, doc="conductance of the cotransport law")
    n: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.n) is not int or self.n not in (1, 2, 3):
            raise InputError(f"NBC.n = {self.n!r}: bicarbonates per sodium; it is 1, 2 or 3")

    @property
    def moves(self) -> Mapping[IonSpecies, int]:
        """One Na and n HCO3 into the cell."""
        return MappingProxyType({Na: 1, HCO3: self.n})


def _carried(side: str) -> tuple[tuple[Factor, ...], tuple[Factor, ...]]:
    """(share of the carriers of one side that hold all it brings in, share that hold the potassium)."""
    bound = (("Na", 3), ("H", 1), ("Glutamate", 1))
    load = tuple(f for ion, n in bound for f in (power(f"{side}.{ion}", n), power(f"K_{ion}", -n)))
    held = (power(f"{side}.K", 1), power("K_K", -1))
    free = reciprocal(1.0, (1.0, *load), (1.0, *held))
    return (*load, free), (*held, free)


_OUT, _IN = _carried("c_out"), _carried("c_in")


@mechanism
class EAAT(Mechanism):
    """Glutamate transporter: 3 Na⁺, 1 H⁺ and 1 glutamate⁻ in, 1 K⁺ out; two charges enter per cycle.

    A carrier of two states: it crosses loaded, and returns with potassium. With binding at equilibrium,
    x = ([Na]/K_Na)³ ([H]/K_H)([Glu]/K_Glutamate), y = [K]/K_K and D = 1 + x + y on each side,

    J = J_max (α₁α₂ − β₁β₂)/(α₁ + β₁ + α₂ + β₂),  α₁ = x_o e^(−u)/D_o, β₁ = x_i e^u/D_i;  α₂ = y_i/D_i, β₂ = y_o/D_o

    It rests where its affinity, RT ln of (Na³ H Glu)_out K_in over the same of the other side less 2 F V, is zero.

    Parameters
    ----------
    J_max : float
        Scale of the rate, mol m⁻² s⁻¹.
    K_Na, K_H, K_Glutamate, K_K : float
        Dissociation constants, mol/m³, the same on both sides.

    Source: stoichiometry of N. Zerangue & M. P. Kavanaugh, Nature 383, 634 (1996).
    """

    law = Law.CYCLE
    moves: ClassVar[Mapping[IonSpecies, int]] = {Na: +3, H: +1, Glutamate: +1, K: -1}
    strength = "J_max"
    thermodynamics = "passive"
    steps = (
        ((*_OUT[0], exponential("u", -1.0)), (*_IN[0], exponential("u", 1.0))),
        (_IN[1], _OUT[1]),
    )

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-2, doc="scale of the rate")
    K_Na: float = param("mol m^-3", lo=0.1, hi=1e3, doc="dissociation constant of Na")
    K_H: float = param("mol m^-3", lo=1e-8, hi=1.0, doc="dissociation constant of H")
    K_Glutamate: float = param("mol m^-3", lo=1e-5, hi=1e2, doc="dissociation constant of glutamate")
    K_K: float = param("mol m^-3", lo=0.1, hi=1e3, doc="dissociation constant of K")
