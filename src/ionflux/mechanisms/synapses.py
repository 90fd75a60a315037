"""Synapses: channels that a transmitter opens.

The transmitter is a parameter, mol/m³, that a schedule moves: ``{"AMPA.transmitter": train(0.1, 0.02, 10, 1e-3, to=1*mM)}`` is ten
presynaptic spikes, each a millisecond of one millimolar. Its receptors open as ds/dt = α T (1 − s) − β s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from ionflux.errors import InputError
from ionflux.fields import param
from ionflux.species import HCO3, Cl, IonSpecies, K, Na
from .base import mechanism
from .channels import Channel
from .factors import exponential, power, reciprocal
from .gates import Gate

DMS = "A. Destexhe, Z. F. Mainen & T. J. Sejnowski, in Methods in Neuronal Modeling (1998)"


@mechanism
class Synapse(Channel):
    """A channel behind a receptor: ds/dt = α T (1 − s) − β s, open · g (V − E) for each ion.

    Parameters
    ----------
    permeates : mapping from IonSpecies to float
        As of `Channel`; or
    E_rev, between : float and two ions
        A reversal potential, V, that two ions make together: g is shared so that their currents cancel at E_rev at the concentrations of
        the start. It moves when they do.
    g, P : float
        With all receptors open.
    opening : float
        α, m³ mol⁻¹ s⁻¹.
    closing : float
        β, 1/s.
    transmitter : float
        T, mol/m³; for schedules.

    Source: A. Destexhe, Z. F. Mainen & T. J. Sejnowski, J. Comput. Neurosci. 1, 195 (1994).

    Examples
    --------
    >>> from ionflux import K, Na
    >>> Synapse(E_rev=-0.053, between=(Na, K), g=1.0).gates[0].name
    's'
    """

    default_label = "Synapse"

    gates: Sequence[Gate] = field(default=(), repr=False)
    opening: float = param("m^3 mol^-1 s^-1", 1.1e3, lo=0, hi=1e9, doc="opening by the transmitter", source=f"{DMS}, AMPA")
    closing: float = param("s^-1", 190.0, lo=1e-3, hi=1e6, doc="closing", source=f"{DMS}, AMPA")
    transmitter: float = param("mol m^-3", 0.0, lo=0, hi=1e3, doc="transmitter in the cleft")
    E_rev: float | None = param("V", None, lo=-0.5, hi=0.5, doc="reversal potential at the start")
    between: Any = None

    def __post_init__(self) -> None:
        if (self.E_rev is None) != (self.between is None):
            raise InputError(f"{self.name}: E_rev= and between= go together, E_rev=-53*mV, between=(Na, K)")
        if self.between is not None:
            if self.permeates and dict(self.permeates) != dict.fromkeys(self.between, 1.0):
                raise InputError(f"{self.name}: give permeates=, or E_rev= with between=, not both")
            if (
                len(set(self.between)) != 2
                or len(tuple(self.between)) != 2
                or not all(isinstance(i, IonSpecies) and i.z for i in self.between)
                or self.g is None
            ):
                raise InputError(f"{self.name}: between= names two ions that carry charge, (Na, K), and goes with g=")
            object.__setattr__(self, "between", tuple(self.between))
            object.__setattr__(self, "permeates", dict.fromkeys(self.between, 1.0))
        object.__setattr__(self, "gates", self._receptor())
        super().__post_init__()

    def _receptor(self) -> tuple[Gate, ...]:
        return (Gate("s", 1, alpha="opening", beta="closing", drive="transmitter"),)


@mechanism
class AMPA(Synapse):
    """Fast excitation: Na⁺ and K⁺ alike, reversing about 0 mV; see `Synapse`.

    Source: A. Destexhe, Z. F. Mainen & T. J. Sejnowski, in Methods in Neuronal Modeling (1998).

    Examples
    --------
    >>> AMPA(g=1.0).closing
    190.0
    """

    default_label = "AMPA"
    permeates: Mapping[IonSpecies, float] = field(default_factory=lambda: {Na: 1.0, K: 1.0})


@mechanism
class NMDA(Synapse):
    """Slow excitation, blocked by Mg²⁺ at rest: an AMPA synapse with slower receptors times 1/(1 + [Mg]/3.57 mM · e^{−0.062 V/mV}).

    Parameters
    ----------
    Mg : float
        Magnesium outside, mol/m³.

    Source: C. E. Jahr & C. F. Stevens, J. Neurosci. 10, 3178 (1990); rates as of `AMPA`.

    Examples
    --------
    >>> NMDA(g=1.0).Mg
    1.0
    """

    default_label = "NMDA"
    factors = (reciprocal(1.0, (1 / 3.57, power("Mg", 1), exponential("V", -62.0))),)

    permeates: Mapping[IonSpecies, float] = field(default_factory=lambda: {Na: 1.0, K: 1.0})
    opening: float = param("m^3 mol^-1 s^-1", 72.0, lo=0, hi=1e9, doc="opening by the transmitter", source=f"{DMS}, NMDA")
    closing: float = param("s^-1", 6.6, lo=1e-3, hi=1e6, doc="closing", source=f"{DMS}, NMDA")
    Mg: float = param("mol m^-3", 1.0, lo=0, hi=100, doc="magnesium outside")


@mechanism
class GABA_A(Synapse):  # noqa: N801  the receptor's name
    """Fast inhibition: Cl⁻ and a fifth as well HCO₃⁻, which must be on both sides; see `Synapse`.

    Source: J. Bormann, O. P. Hamill & B. Sakmann, J. Physiol. 385, 243 (1987); rates as of `AMPA`.

    Examples
    --------
    >>> GABA_A(P=1e-8).permeates
    {Cl: 1.0, HCO3: 0.2}
    """

    default_label = "GABA_A"
    permeates: Mapping[IonSpecies, float] = field(default_factory=lambda: {Cl: 1.0, HCO3: 0.2})
    opening: float = param("m^3 mol^-1 s^-1", 5e3, lo=0, hi=1e9, doc="opening by the transmitter", source=f"{DMS}, GABA_A")
    closing: float = param("s^-1", 180.0, lo=1e-3, hi=1e6, doc="closing", source=f"{DMS}, GABA_A")


def _made(r: float) -> float:
    """G-protein, in µM, that receptors keep up: 180/s made, 34/s lost."""
    return 180.0 / 34.0 * r


def _bound(G: float) -> float:
    """K⁺ channels that have bound four of them."""
    return G**4 / (G**4 + 100.0)


@mechanism
class GABA_B(Synapse):  # noqa: N801  the receptor's name
    """Slow inhibition through a G-protein that opens K⁺ channels: dr/dt = α T (1 − r) − β r, dG/dt = 180 r − 34 G, open G⁴/(G⁴ + 100).

    Source: A. Destexhe & T. J. Sejnowski, Proc. Natl. Acad. Sci. USA 92, 9515 (1995).

    Examples
    --------
    >>> [gate.name for gate in GABA_B(g=1.0).gates]
    ['r', 'G', 'open']
    """

    default_label = "GABA_B"
    permeates: Mapping[IonSpecies, float] = field(default_factory=lambda: {K: 1.0})
    opening: float = param("m^3 mol^-1 s^-1", 90.0, lo=0, hi=1e9, doc="opening by the transmitter", source=f"{DMS}, GABA_B")
    closing: float = param("s^-1", 1.2, lo=1e-3, hi=1e6, doc="closing", source=f"{DMS}, GABA_B")

    def _receptor(self) -> tuple[Gate, ...]:
        receptor = Gate("r", 0, alpha="opening", beta="closing", drive="transmitter")
        protein = Gate("G", 0, inf=_made, tau=1 / 34.0, of=".r")
        return (receptor, protein, Gate("open", 1, slaved=_bound, of=".G", between=(0.0, 6.0)))


__all__ = ["AMPA", "GABA_A", "GABA_B", "NMDA", "Synapse"]
