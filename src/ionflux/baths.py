"""Solutions: concentrations by ion, and the bath around a cell.

Concentrations are in mol/m³, which is mM. Ions index by themselves or by name: ``bath[K]``, ``bath["K"]``.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from math import sqrt
from typing import Any

from .constants import BODY_TEMPERATURE, FARADAY, GAS_CONSTANT, VACUUM_PERMITTIVITY
from .errors import ElectroneutralityError, InputError, NotNeutralWarning, UnknownNameError
from .fields import Described, Parameter, described, param
from .solvent import permittivity
from .species import TEMPERATURE, IonSpecies

#: an infinite bath whose net charge is more than this fraction of Σ|z|c is remarked upon
NEUTRAL_WITHIN = 1e-3
#: whether baths are made that nobody has written
_UNJUDGED: ContextVar[bool] = ContextVar("unjudged", default=False)
_PERMITTIVITY = Parameter(78.4, "1", 1.0, 1e3, "relative permittivity")
_CONCENTRATION = Parameter(0.0, "mol m^-3", 0.0, 6e4, "concentration")


class Concentrations(Mapping[IonSpecies, float]):
    """An unchangeable mapping from ion to concentration (mol/m³) that is equal and hashes by value, whatever the order of its ions.

    Parameters
    ----------
    values : mapping from IonSpecies to float
        mol/m³ (mM), 0 … 6e4.
    of : str
        What the concentrations belong to, for messages.

    Raises
    ------
    InputError
        A key is no ion, or two ions have the same name.
    UnitRangeError
        A concentration is negative, too large or not finite.
    """

    __slots__ = ("_by_name",)
    _by_name: dict[str, tuple[IonSpecies, float]]

    def __init__(self, values: Mapping[IonSpecies, float], of: str = "concentration") -> None:
        self._by_name = {}
        try:
            pairs = list(values.items())
        except AttributeError:
            raise InputError(f"{of}: give a mapping from ion to concentration, {{K: 140*mM}}, not {values!r}") from None
        for ion, value in pairs:
            if not isinstance(ion, IonSpecies):
                raise InputError(f"{of}: {ion!r} is no ion; write {{K: 140*mM}} with `from ionflux import K`, or IonSpecies(name, z)")
            if ion.name in self._by_name:
                raise InputError(f"{of}: two ions are called {ion.name!r}")
            self._by_name[ion.name] = ion, _CONCENTRATION.check(f"{of}[{ion.name}]", value)

    def __getitem__(self, ion: IonSpecies | str) -> float:
        name = ion.name if isinstance(ion, IonSpecies) else ion
        entry = self._by_name.get(name)
        if entry is None or (isinstance(ion, IonSpecies) and ion != entry[0]):
            raise UnknownNameError.among("there is no ion", ion, self._by_name)
        return entry[1]

    def __iter__(self) -> Iterator[IonSpecies]:
        return (ion for ion, _ in self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self.items()) == dict(other.items())

    def __hash__(self) -> int:
        return hash(frozenset(self.items()))

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{ion!r}: {c!r}" for ion, c in self.items()) + "}"

    def ion(self, name: IonSpecies | str) -> IonSpecies:
        """Return the ion of that name."""
        self[name]
        return self._by_name[name.name if isinstance(name, IonSpecies) else name][0]

    def with_(
        self, ion: IonSpecies | str, c: float, *, exchanging: IonSpecies | str | None = None, of: str = "concentration"
    ) -> Concentrations:
        """Return a copy in which one ion has another concentration (mol/m³), and the ion `exchanging` keeps the charge."""
        moving = self.ion(ion)
        c = _CONCENTRATION.check(f"{of}[{moving.name}]", c)
        values = {**self, moving: c}
        if exchanging is not None:
            partner = self.ion(exchanging)
            if partner.z == 0 or partner == moving:
                raise InputError(f"{partner!r} cannot keep the charge when {moving!r} changes")
            values[partner] -= moving.z * (c - self[moving]) / partner.z
            if values[partner] < 0:
                raise InputError(f"{of}[{moving.name}] = {c:g} mol/m³ would need {values[partner]:.6g} mol/m³ of {partner.name}")
        return Concentrations(values, of)

    @property
    def charge(self) -> float:
        """Σ z c, mol of elementary charges per m³."""
        return float(added(ion.z * c for ion, c in self.items()))


def added(values: Iterable[Any]) -> Any:
    """Σ values from left to right, also of arrays; the built-in `sum` rounds otherwise since Python 3.12, and many cells would differ."""
    total: Any = 0.0
    for value in values:
        total = total + value
    return total


@contextmanager
def unjudged() -> Iterator[None]:
    """Make baths without a word about their net charge: who makes many of a kind says it once (`remark`)."""
    token = _UNJUDGED.set(True)
    try:
        yield
    finally:
        _UNJUDGED.reset(token)


def remark(what: str) -> None:
    """Warn of a net charge outside, at the line that uses ionflux."""
    warnings.warn(
        f"{what}; it does not enter V. To balance it use bath.balanced_with(ion) or impermeant=Impermeant(z=, c=)",
        NotNeutralWarning,
        stacklevel=_outside(),
    )


def _outside() -> int:
    """How many calls up the code stands that uses ionflux: where a warning belongs."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "ionflux":
        frame, level = frame.f_back, level + 1
    return level


@described
class Impermeant(Described):
    """Solutes that never cross the membrane: proteins, phosphates, organic anions.

    Inside a cell, what is left out is solved from the start (see `Cell`); in a bath both are needed.

    Parameters
    ----------
    z : float, optional
        Mean valence.
    c : float, optional
        Concentration at the start, mol/m³.
    amount_factor : float
        Multiplies the amount inside a cell and the volume at the start, so that every concentration at the start stays.
    """

    z: float | None = param("1", None, lo=-100, hi=100, doc="mean valence of the impermeant solutes")
    c: float | None = param("mol m^-3", None, lo=0, hi=6e4, doc="concentration of the impermeant solutes at the start")
    amount_factor: float = param("1", 1.0, lo=1e-6, hi=1e6, doc="factor on the amount of impermeant solutes and on the start volume")


@described
class Bath(Described, Mapping[IonSpecies, float]):
    """The solution outside a membrane; infinite, unless `Cell.outside_volume` says how much there is.

    A mapping from ion to concentration. Its net charge never enters a membrane potential; more than a thousandth of
    Σ|z|c is remarked upon by `NotNeutralWarning`, because it means that an ion has been forgotten.

    Parameters
    ----------
    concentrations : mapping from IonSpecies to float
        mol/m³ (mM).
    osmolyte : float
        Neutral solutes that do not cross, mol/m³: they count in the osmolarity only.
    impermeant : Impermeant, optional
        Charged solutes that do not cross, with `z` and `c`.

    Examples
    --------
    >>> from ionflux import Cl, K, Na
    >>> bath = Bath({Na: 145.0, K: 5.0, Cl: 150.0})
    >>> bath[K], bath.osmolarity
    (5.0, 300.0)
    """

    concentrations: Mapping[IonSpecies, float] = field(kw_only=False)
    osmolyte: float = param("mol m^-3", 0.0, lo=0, hi=6e4, doc="neutral solutes outside that do not cross")
    impermeant: Impermeant | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "concentrations", Concentrations(self.concentrations, "Bath"))
        x = self.impermeant
        if x is not None and not (isinstance(x, Impermeant) and x.z is not None and x.c is not None and x.amount_factor == 1.0):
            raise InputError(f"Bath.impermeant = {x!r}: an infinite bath needs Impermeant(z=, c=), both given and without amount_factor")
        total = self._sum(1)
        if abs(charge := self._charge) > NEUTRAL_WITHIN * total and not _UNJUDGED.get():
            remark(f"the bath has {charge:+.4g} mol/m³ of net charge ({abs(charge) / total:.2g} of its ionic charge)")

    def __getitem__(self, ion: IonSpecies | str) -> float:
        return self._map[ion]

    def __iter__(self) -> Iterator[IonSpecies]:
        return iter(self.concentrations)

    def __len__(self) -> int:
        return len(self.concentrations)

    @property
    def _map(self) -> Concentrations:
        assert isinstance(self.concentrations, Concentrations)
        return self.concentrations

    def _sum(self, power: int) -> float:
        """Σ |z|^power c over ions and impermeant."""
        x = self.impermeant
        own = float(added(float(abs(ion.z)) ** power * c for ion, c in self.items()))
        return own if x is None or x.z is None or x.c is None else own + float(abs(x.z)) ** power * x.c

    @property
    def _charge(self) -> float:
        """Σ z c, mol of elementary charges per m³."""
        x = self.impermeant
        return self._map.charge + (0.0 if x is None or x.z is None or x.c is None else x.z * x.c)

    @property
    def ionic_strength(self) -> float:
        """I = ½ Σ z² c, mol/m³; the impermeant counts with its mean valence."""
        return 0.5 * self._sum(2)

    @property
    def osmolarity(self) -> float:
        """Π = Σ c over ions, osmolyte and impermeant, mol/m³ (mOsm per litre)."""
        return self._sum(0) + self.osmolyte

    @property
    def charge_density(self) -> float:
        """F Σ z c, C/m³: 0 for a neutral bath."""
        return FARADAY * self._charge

    def debye_length(self, eps_r: float | None = None, *, T: float = BODY_TEMPERATURE) -> float:
        """λ = √(ε₀ ε_r R T / (2 F² I)), m.

        Parameters
        ----------
        eps_r : float, optional
            Relative permittivity; default that of water at T, 249.21 − 0.79069 T + 7.2997e-4 T² (CRC Handbook; 74.20 at 37 °C).
        T : float
            Temperature, K.

        Source: P. Debye & E. Hückel, Phys. Z. 24, 185 (1923).
        """
        T = TEMPERATURE.check("T", T)
        eps_r = permittivity(T) if eps_r is None else _PERMITTIVITY.check("eps_r", eps_r)
        if not self.ionic_strength:
            return float("inf")
        return sqrt(VACUUM_PERMITTIVITY * eps_r * GAS_CONSTANT * T / (2 * FARADAY**2 * self.ionic_strength))

    def balanced_with(self, ion: IonSpecies) -> Bath:
        """Return the bath in which the concentration of `ion` makes the net charge zero.

        Parameters
        ----------
        ion : IonSpecies
            Charged; added where the bath does not have it.

        Raises
        ------
        ElectroneutralityError
            When that would need a negative concentration.
        """
        if ion.z == 0:
            raise InputError(f"{ion!r} is neutral and balances nothing")
        c = self.get(ion, 0.0) - self._charge / ion.z
        if c < 0:
            raise ElectroneutralityError(
                f"[{ion.name}] would be {c:.6g} mol/m³: {self._charge:+.6g} mol/m³ of net charge need an ion of the other sign"
            )
        return self._but(concentrations={**self.concentrations, ion: c})

    def with_(self, ion: IonSpecies | str, c: float, *, exchanging: IonSpecies | str | None = None) -> Bath:
        """Return the bath with another concentration of one ion.

        Parameters
        ----------
        ion : IonSpecies or str
            One that the bath has.
        c : float
            mol/m³.
        exchanging : IonSpecies or str, optional
            The ion that keeps the charge: Na makes room for K one for one, Cl comes along with it as the salt.
        """
        return self._but(concentrations=self._map.with_(ion, c, exchanging=exchanging, of="bath"))

    def _but(self, **changes: Any) -> Bath:
        return Bath(**{"concentrations": self.concentrations, "osmolyte": self.osmolyte, "impermeant": self.impermeant, **changes})

    def parameters(self) -> dict[str, Parameter]:
        """Return the numbers of the bath: one per ion, ``osmolyte``, ``impermeant.z`` and ``impermeant.c``."""
        own = {ion.name: Parameter(c, "mol m^-3", 0.0, 6e4, f"[{ion.name}] outside") for ion, c in self.items()}
        own |= super().parameters()
        if self.impermeant is not None:
            of = self.impermeant.parameters()
            own |= {f"impermeant.{name}": of[name] for name in ("z", "c")}
        return own
