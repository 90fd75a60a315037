"""Channels: conductances or permeabilities for one ion or several, behind gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ionflux.errors import InputError, UnknownNameError
from ionflux.fields import param, plain
from ionflux.species import TEMPERATURE, IonSpecies, K, Na
from .base import Law, Mechanism, mechanism, one_of
from .gates import Gate, Rate, as_gates


class Weights(Mapping[IonSpecies, float]):
    """How well each ion passes, relative to the others; read-only, equal and hashed by value."""

    def __init__(self, values: Mapping[IonSpecies, float], what: str = "permeates") -> None:
        if not isinstance(values, Mapping):
            raise InputError(f"{what} = {values!r}; write {{Na: 1, K: 1}}, the ions that pass and how well")
        self._values = {}
        for ion, weight in values.items():
            if not isinstance(ion, IonSpecies):
                raise InputError(f"{what}: {ion!r} is no ion; write {{K: 1}} with `from ionflux import K`")
            self._values[ion] = plain(weight, "1", f"{what}[{ion.name}]")
            if not 0 < self._values[ion] <= 1e6:
                raise InputError(f"{what}[{ion.name}] = {weight!r}; it is a positive number, relative to the other ions")

    def __getitem__(self, ion: IonSpecies) -> float:
        return self._values[ion]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self) == dict(other)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return repr(self._values)


@dataclass(frozen=True, eq=False)
class Way:
    """What one ion of a channel does: a mechanism of its own as far as rows and rates are concerned.

    of : the channel. ion : None for a fixed reversal potential that names no ion. weight : of that ion.
    """

    of: Channel
    ion: IonSpecies | None
    weight: float

    @property
    def name(self) -> str:
        """The channel's, with the ion where it has several."""
        return self.of.name if len(self.of.permeates) < 2 else f"{self.of.name}.{self.ion.name}"  # type: ignore[union-attr]

    @property
    def moves(self) -> Mapping[IonSpecies, int]:
        """One ion; none with a fixed reversal potential."""
        return {} if self.fixed or self.ion is None else {self.ion: 1}

    @property
    def charge(self) -> int:
        """Of that ion; 1 where none is named."""
        return 1 if self.ion is None else self.ion.z

    @property
    def fixed(self) -> bool:
        """As of the channel."""
        return self.of.fixed

    @property
    def law(self) -> Law:
        """As of the channel."""
        return self.of.law

    @property
    def strength(self) -> str:
        """As of the channel."""
        return self.of.strength

    @property
    def thermodynamics(self) -> str:
        """As of the channel."""
        return self.of.thermodynamics

    @property
    def within(self) -> None:
        """It sits in the membrane of the cell."""

    @property
    def silent(self) -> bool:
        """As of the channel."""
        return self.of.silent

    @property
    def uses(self) -> Mapping[str, int]:
        """Nothing."""
        return {}

    @property
    def outside(self) -> Mapping[IonSpecies, int]:
        """Nothing."""
        return {}


@mechanism
class Channel(Mechanism):
    """A channel for one ion or several: open · weight · g (V − E) of each, or open · weight · P with Goldman's flux.

    open = Π x^power over the gates; E = RT/(zF) ln(c_out/c_in), or the number given.

    Parameters
    ----------
    label : str
        Its name in dotted names and results.
    permeates : mapping from IonSpecies to float
        Which ions pass, and how well relative to each other; may be left empty with `E`.
    g, P : float
        Conductance, S/m², or permeability, m/s, of an ion of weight 1 with all gates open; exactly one of the two.
    table : FluxTable, optional
        Instead of g and P: fluxes of a membrane in profile, from ``Membrane1D.table``, which runs from the inside (left) to the outside.
        The ions are those of the table.
    share : float
        Of the membrane that a table stands for.
    gates : sequence of Gate
        None: always open.
    E : float, optional
        With `g`: a fixed reversal potential, V, in place of the Nernst potential. The channel then moves charge and no ion, so a cell
        takes it only where that ion is held or slaved, or where V does not follow from the charge (``potential="current"``).
    q10_g, T_ref : float
        The size is multiplied by q10_g^((T − T_ref)/10 K).

    Examples
    --------
    >>> from ionflux import K
    >>> slow = Gate("w", inf=Rate(1.0, 0.0, 1.0, 0.035, -0.010), tau=0.1)
    >>> Channel("KM", permeates={K: 1}, g=0.5, gates=[slow]).name
    'KM'
    """

    thermodynamics = "passive"

    label: str | None = field(kw_only=False, default=None)
    permeates: Mapping[IonSpecies, float] = field(default_factory=dict)
    g: float | None = param("S m^-2", None, lo=0, hi=1e5, doc="conductance with all gates open")
    P: float | None = param("m s^-1", None, lo=0, hi=1e-2, doc="permeability with all gates open")
    table: Any = None
    share: float = param("1", 1.0, lo=0, hi=1, doc="part of the membrane that a table stands for")
    gates: Sequence[Gate] = ()  # type: ignore[assignment]
    E: float | None = param("V", None, lo=-1, hi=1, doc="fixed reversal potential")
    q10_g: float = param("1", 1.0, lo=0.01, hi=100.0, doc="factor on the size for 10 K")
    T_ref: float | None = param("K", None, lo=TEMPERATURE.lo, hi=TEMPERATURE.hi, doc="temperature of the size")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.table is not None:
            if not hasattr(self.table, "chains"):
                raise InputError(f"{self.name}.table = {self.table!r} is no FluxTable; make one with Membrane1D(...).table(...)")
            object.__setattr__(self, "permeates", dict.fromkeys(self.table.chains, 1.0))
        object.__setattr__(self, "permeates", Weights(self.permeates, f"{self.name}.permeates"))
        object.__setattr__(self, "gates", as_gates(self.gates, f"{self.name}.gates"))
        for gate in self.gates:
            for part in (gate.alpha, gate.beta, gate.drive):
                if isinstance(part, str) and part not in self.parameters():
                    raise UnknownNameError.among(
                        f"{self.name}: gate {gate.name!r} reads a parameter that is not there,", part, self.parameters()
                    )
        if not self.permeates and self.E is None:
            raise InputError(f"{self.name}: permeates= names the ions that pass, {{K: 1}}")
        if self.E is not None and (self.g is None or len(self.permeates) > 1):
            raise InputError(f"{self.name}: a fixed reversal potential E= goes with g= and one ion at most")
        if one_of(self, "g", "P", "table") == "g":
            for ion in self.permeates:
                if ion.z == 0:
                    raise InputError(f"{self.name}: {ion.name} is neutral and carries no current; give P=")
        if self.q10_g != 1.0 and self.T_ref is None:
            raise InputError(f"{self.name}: q10_g = {self.q10_g:g} needs T_ref=, the temperature of the size, celsius(22); or q10_g=1")

    @property
    def ways(self) -> tuple[Way, ...]:
        """One for each ion."""
        if not self.permeates:
            return (Way(self, None, 1.0),)
        return tuple(Way(self, ion, weight) for ion, weight in self.permeates.items())

    @property
    def shared(self) -> tuple[IonSpecies, IonSpecies] | None:
        """Two ions that share the conductance so as to reverse at a potential that is given; see `Synapse`."""
        return getattr(self, "between", None)

    @property
    def ion(self) -> IonSpecies | None:
        """The ion, where there is one alone."""
        return next(iter(self.permeates)) if len(self.permeates) == 1 else None

    @property
    def law(self) -> Law:
        """Law.OHMIC with `g`, Law.GHK with `P` or a table."""
        return Law.GHK if self.g is None else Law.OHMIC

    @property
    def strength(self) -> str:
        """``"g"``, ``"P"`` or ``"share"``."""
        return "g" if self.g is not None else "P" if self.P is not None else "share"

    @property
    def fixed(self) -> bool:
        """Whether `E` is given."""
        return self.E is not None

    @property
    def moves(self) -> Mapping[IonSpecies, int]:
        """Each ion by itself; none with a fixed `E`."""
        return MappingProxyType({} if self.fixed else dict.fromkeys(self.permeates, 1))

    @property
    def charge(self) -> int:
        """Of one ion; of several there is no one cycle."""
        return self.ways[0].charge

    @property
    def reads(self) -> frozenset[str]:
        """Concentrations that gates and factors follow beside those of the ions that pass."""
        drives = {gate.of.partition(".")[2] for gate in self.gates if gate.of.startswith(("V-E.", "drive."))}
        tabled = frozenset() if self.table is None else {axis.variable for axis in self.table.axes if axis.variable.startswith("c_")}
        both = {f"{side}.{ion}" for ion in drives for side in ("c_in", "c_out")}
        return super().reads | both | tabled | {gate.of for gate in self.gates if gate.of.startswith("c_")}


#: the rates of 6.3 °C, with V at rest about −65 mV
HH_T = 279.45
HH_m = Gate("m", 3, alpha=Rate(-4e3, -1e5, -1.0, 0.040, -0.010), beta=Rate(4e3, 0.0, 0.0, 0.065, 0.018), q10=3.0, T_ref=HH_T)
HH_h = Gate("h", 1, alpha=Rate(70.0, 0.0, 0.0, 0.065, 0.020), beta=Rate(1e3, 0.0, 1.0, 0.035, -0.010), q10=3.0, T_ref=HH_T)
HH_n = Gate("n", 4, alpha=Rate(-550.0, -1e4, -1.0, 0.055, -0.010), beta=Rate(125.0, 0.0, 0.0, 0.065, 0.080), q10=3.0, T_ref=HH_T)


@mechanism
class HHNa(Channel):
    """The sodium channel of the squid giant axon, g m³h (V − E_Na), potentials in the modern sign with the rest about −65 mV.

    Per ms and mV, at 6.3 °C, all × 3^((T − 6.3 °C)/10 K):
    α_m = 0.1 (V + 40)/(1 − e^{−(V + 40)/10}), β_m = 4 e^{−(V + 65)/18}, α_h = 0.07 e^{−(V + 65)/20}, β_h = 1/(1 + e^{−(V + 35)/10}).

    Parameters
    ----------
    g, P : float
        As of `Channel`; 120 mS/cm² in the axon.
    gates : sequence of Gate
        Others in place of m and h.

    Source: A. L. Hodgkin & A. F. Huxley, J. Physiol. 117, 500 (1952).

    Examples
    --------
    >>> HHNa(g=1200.0).gates[0].name
    'm'
    """

    default_label = "HHNa"
    permeates: Mapping[IonSpecies, float] = field(default_factory=lambda: {Na: 1.0})
    gates: Sequence[Gate] = (HH_m, HH_h)


@mechanism
class HHK(Channel):
    """The delayed rectifier of the squid giant axon, g n⁴ (V − E_K), potentials in the modern sign with the rest about −65 mV.

    Per ms and mV, at 6.3 °C, all × 3^((T − 6.3 °C)/10 K): α_n = 0.01 (V + 55)/(1 − e^{−(V + 55)/10}), β_n = 0.125 e^{−(V + 65)/80}.

    Parameters
    ----------
    g, P : float
        As of `Channel`; 36 mS/cm² in the axon.
    gates : sequence of Gate
        Others in place of n.

    Source: A. L. Hodgkin & A. F. Huxley, J. Physiol. 117, 500 (1952).

    Examples
    --------
    >>> HHK(g=360.0).gates[0].power
    4
    """

    default_label = "HHK"
    permeates: Mapping[IonSpecies, float] = field(default_factory=lambda: {K: 1.0})
    gates: Sequence[Gate] = (HH_n,)


__all__ = ["HHK", "Channel", "HHNa", "Way", "Weights"]
