"""A cell: one compartment, its membrane, and the bath around it. Pure data; the verbs live in other modules."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from math import pi
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from ionflux.baths import Bath, Concentrations, Impermeant
from ionflux.constants import FARADAY, GAS_CONSTANT
from ionflux.errors import InputError, ModelError
from ionflux.fields import Described, Parameter, described, param
from ionflux.mechanisms.base import Law, Mechanism, ions_read
from ionflux.mechanisms.water import Water
from ionflux.species import TEMPERATURE, IonSpecies
from .start import Start, solve_start

if TYPE_CHECKING:
    from ionflux.results import Trajectory
    from ionflux.steady import ClosedForm, SteadyState

#: the parts of a cell that dotted names begin with; no mechanism may be called so
PARTS = ("bath", "constants", "impermeant", "inside", "state")
_RADIUS = Parameter(0.0, "m", 1e-9, 1e-2, "radius")
_LENGTH = Parameter(0.0, "m", 1e-9, 10.0, "length")


@described
class Constants(Described):
    """Constants of a published model whose paper uses others than CODATA.

    Parameters
    ----------
    F : float
        Faraday constant, C/mol.
    RT_F : float, optional
        RT/F, V. Where it is given the temperature of the cell does not enter its equations.
    """

    F: float = param("C mol^-1", FARADAY, lo=9.6e4, hi=9.7e4, doc="Faraday constant", source="CODATA 2022")
    RT_F: float | None = param("V", None, lo=0.017, hi=0.044, doc="RT/F of the model")


@described
class Cell(Described):
    """A cell with a membrane, in an infinite bath.

    Two equations bind its start: charge, F · volume · Σ z c = C_m · area · V, and osmosis where asked for. What is left out is solved:

    ==========================  ===========================================
    ``Impermeant()``            c from osmosis, z from charge
    ``Impermeant(c=)``          z from charge
    ``Impermeant(z=)``          c from charge
    ``Impermeant(z=, c=)``      V from charge, with ``V=None``
    all of z, c and V           checked: 1e-9 of Σ|z|c
    ==========================  ===========================================

    Parameters
    ----------
    area : float
        Of the membrane, m². It stays while the volume changes.
    volume : float
        At the start, m³.
    C_m : float
        Capacitance per area, F/m².
    T : float
        Temperature, K.
    inside : mapping from IonSpecies to float
        Concentrations at the start, mol/m³ (mM); their order is that of the results.
    bath : Bath
        Must list every ion of `inside` (0 is a concentration).
    impermeant : Impermeant, or sequence of them, optional
        What never leaves. At most one may have an open z or c.
    membrane : sequence of Mechanism
        Transporters; a `Water` among them lets the volume change, without one the cell is rigid.
    V : float, optional
        Membrane potential inside minus outside at the start, V.
    potential : {"charge"}
        How V is found: from the charge inside, V = F Σ z n / (C_m area).
    constants : Constants, optional
        For published models whose papers use other values of F and RT/F.
    sources, symbols : mapping from str to str, optional
        Of presets: where each value comes from, and the paper's symbols, by dotted name. No part of == and repr.

    Raises
    ------
    UnitRangeError
        A value that is most likely in another unit.
    ElectroneutralityError, ModelError
        A start that the equations do not allow, found when the cell is made.
    InputError
        Two mechanisms of one name, an ion that the bath or the inside lacks.

    Examples
    --------
    >>> import ionflux as ifx
    >>> from ionflux import Cl, K, Na
    >>> cell = ifx.Cell(
    ...     area=7e-10,
    ...     volume=1.75e-15,
    ...     C_m=0.01,
    ...     V=-0.07,
    ...     inside={Na: 10.0, K: 140.0, Cl: 10.0},
    ...     bath=ifx.Bath({Na: 145.0, K: 5.0, Cl: 150.0}),
    ...     impermeant=ifx.Impermeant(c=140.0),
    ...     membrane=[ifx.Leak(Na, g=0.1), ifx.Leak(K, g=1.0), ifx.Leak(Cl, g=0.5), ifx.CubicNaKATPase(J_max=1e-4), ifx.Water(P_f=2e-5)],
    ... )
    >>> round(cell.parameters()["impermeant.z"].value, 6)
    -1.000021
    """

    area: float = param("m^2", lo=1e-17, hi=1.0, doc="area of the membrane")
    volume: float = param("m^3", lo=1e-26, hi=1e-5, doc="volume at the start")
    C_m: float = param("F m^-2", lo=1e-4, hi=0.5, doc="capacitance of the membrane per area")
    T: float = param("K", TEMPERATURE.value, lo=TEMPERATURE.lo, hi=TEMPERATURE.hi, doc="temperature", source="body temperature, 37 °C")
    inside: Mapping[IonSpecies, float]
    bath: Bath
    impermeant: Impermeant | Sequence[Impermeant] | None = None
    membrane: Sequence[Mechanism]
    V: float | None = param("V", None, lo=-1, hi=1, doc="membrane potential at the start, inside minus outside")
    potential: str = "charge"
    constants: Constants | None = None
    sources: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False, compare=False)
    symbols: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        put = object.__setattr__
        put(self, "inside", Concentrations(self.inside, "Cell.inside"))
        put(self, "membrane", _sequence(self.membrane, Mechanism, "membrane", "Leak(K, g=1.0)"))
        if self.impermeant is not None and not isinstance(self.impermeant, Impermeant):
            put(self, "impermeant", _sequence(self.impermeant, Impermeant, "impermeant", "Impermeant(z=-1.0)"))
        for name, kind in (("bath", Bath), ("constants", Constants)):
            value = getattr(self, name)
            if not isinstance(value, kind) and not (name == "constants" and value is None):
                raise InputError(f"Cell.{name} = {value!r} is no {kind.__name__}; write {kind.__name__}(...)")
        if self.potential in ("electroneutral", "current"):
            raise ModelError(f"Cell.potential = {self.potential!r} is not available in this version; 'charge' is")
        if self.potential != "charge":
            raise InputError(f"Cell.potential = {self.potential!r}; it is 'charge'")
        for name in ("sources", "symbols"):
            put(self, name, MappingProxyType(dict(getattr(self, name))))
        self._check_names()
        self._check_ions()
        self.start  # noqa: B018  a start that cannot be is refused here, and not when the cell is first used

    def __getstate__(self) -> dict[str, Any]:  # read-only views do not pickle
        return {**super().__getstate__(), "sources": dict(self.sources), "symbols": dict(self.symbols)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        views = {name: MappingProxyType(state[name]) for name in ("sources", "symbols")}
        super().__setstate__({**state, **views})

    @classmethod
    def sphere(cls, radius: float, **fields: Any) -> Self:
        """Return a cell with the area 4πr² and the volume 4πr³/3 of a sphere; `radius` in m, the rest as in `Cell`."""
        r = _RADIUS.check("Cell.sphere: radius", radius)
        return cls(**{"area": 4 * pi * r * r, "volume": 4 / 3 * pi * r**3, **fields})

    @classmethod
    def cylinder(cls, radius: float, length: float, **fields: Any) -> Self:
        """Return a cell with the area 2πrL of a cylinder's mantle (its ends are not counted) and the volume πr²L; lengths in m."""
        r, length = _RADIUS.check("Cell.cylinder: radius", radius), _LENGTH.check("Cell.cylinder: length", length)
        return cls(**{"area": 2 * pi * r * length, "volume": pi * r * r * length, **fields})

    # ------------------------------------------------------------------------------------------------------- what it consists of

    @property
    def ions(self) -> tuple[IonSpecies, ...]:
        """The ions inside, in the order given."""
        return tuple(self.inside)

    @property
    def impermeants(self) -> tuple[Impermeant, ...]:
        """The impermeants as given, none, one or several."""
        if self.impermeant is None:
            return ()
        return (self.impermeant,) if isinstance(self.impermeant, Impermeant) else tuple(self.impermeant)

    @property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """What moves ions, in the order of the membrane."""
        return tuple(m for m in self.membrane if not isinstance(m, Water))

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of `mechanisms`."""
        return tuple(m.name for m in self.mechanisms)

    @property
    def water(self) -> Water | None:
        """How water moves; None for a rigid cell."""
        return next((m for m in self.membrane if isinstance(m, Water)), None)

    @property
    def faraday(self) -> float:
        """F, C/mol; of `constants` where they are given."""
        return FARADAY if self.constants is None else self.constants.F

    @property
    def thermal_voltage(self) -> float:
        """RT/F, V; of `constants` where they give it, and then T does not enter."""
        if self.constants is not None and self.constants.RT_F is not None:
            return self.constants.RT_F
        return GAS_CONSTANT * self.T / self.faraday

    @property
    def start(self) -> Start:
        """The state it starts from; what was left out is solved."""
        start = self._cache.get("start")
        if start is None:
            start = self._cache.setdefault("start", solve_start(self))
        assert isinstance(start, Start)
        return start

    @property
    def initial_volume(self) -> float:
        """Volume at the start, m³: `volume` times the amount factor; where water is instant, the volume at which it rests."""
        return self.start.volume

    # -------------------------------------------------------------------------------------------------------------- dotted names

    def parameters(self) -> dict[str, Parameter]:
        """Return every number of the cell by its dotted name; what was left out stands with its solved value.

        ``area volume C_m T V``, ``inside.K``, ``bath.K``, ``bath.osmolyte``, ``impermeant.z``, ``impermeant.c``,
        ``impermeant.amount_factor`` (with several: ``impermeant.0.z`` …), ``constants.F``, ``constants.RT_F``, and ``label.field`` for each
        mechanism. T is absent where `constants` give RT/F.
        """
        from .dotted import parameters

        return parameters(self)

    def replace(self, changes: Mapping[str, Any]) -> Cell:
        """Return the cell with other values.

        Parameters
        ----------
        changes : mapping from dotted name to value
            Names of `parameters`, or of whole fields (``"bath"``, ``"membrane"``). ``bath.K`` changes K only, ``bath.K.with_Na`` replaces
            Na one for one and ``bath.K.with_Cl`` adds the salt.

        Returns
        -------
        Cell
            Where z and c of every impermeant are known, the start is over-determined: a change of `V`, `area`, `volume`, `C_m`,
            ``impermeant.z`` or ``impermeant.c`` then keeps V (or takes the new one), and the most concentrated monovalent ion inside takes
            up the charge (the next one where that would go below zero).

        Raises
        ------
        UnknownNameError
            With the nearest name.
        UnitRangeError
            A value outside its plausible range.
        """
        from .dotted import replace

        return replace(self, changes)

    # --------------------------------------------------------------------------------------------------------------------- verbs

    def simulate(self, until: float, **options: Any) -> Trajectory:
        """Integrate from the start to `until` (s); keyword arguments as in `ionflux.simulation.simulate`."""
        from ionflux.simulation import simulate

        return simulate(self, until, **options)

    def steady_state(self, start: Cell | SteadyState | None = None, **options: Any) -> SteadyState:
        """Find the steady state; keyword arguments as in `ionflux.steady.steady_state`."""
        from ionflux.steady import steady_state

        return steady_state(self, start, **options)

    def closed_form(self) -> ClosedForm:
        """Return the electroneutral steady state in closed form, where one exists; see `ionflux.steady.closed_form`."""
        from ionflux.steady import closed_form

        return closed_form(self)

    # ------------------------------------------------------------------------------------------------------------------ checking

    def _check_names(self) -> None:
        if sum(isinstance(m, Water) for m in self.membrane) > 1:
            raise ModelError("a membrane takes one Water; add their permeabilities")
        seen: dict[str, Mechanism] = {}
        for m in self.membrane:
            if m.name in seen:
                free = next(name for k in range(2, 1000) if (name := f"{m.name}_{k}") not in seen)
                raise InputError(f"two mechanisms are called {m.name!r}: {seen[m.name]!r} and {m!r}; give one label={free!r}")
            if m.name in PARTS or m.name in self.__dataclass_fields__:
                raise InputError(f"{m!r}: {m.name!r} already names a part of the cell; give another label=")
            seen[m.name] = m

    def _check_ions(self) -> None:
        for ion in self.inside:
            if ion not in self.bath:
                raise InputError(f"the bath does not list {ion!r}, which is inside; write its concentration, 0 if there is none")
        names = {ion.name for ion in self.inside}
        for m in self.membrane:
            read = ions_read(m)
            for name in sorted(read["c_in"] - names):
                raise InputError(f"{m.name} needs [{name}] inside; add it to `inside`")
            for name in sorted(read["c_out"] - {ion.name for ion in self.bath}):
                raise InputError(f"{m.name} needs [{name}] outside; add it to the bath")
            if m.law in (Law.OHMIC, Law.COTRANSPORT):
                for ion in m.moves:
                    if not self.inside[ion] or not self.bath[ion]:
                        side = "outside" if self.inside[ion] else "inside"
                        raise ModelError(
                            f"{m.name}: the Nernst potential of {ion.name} is infinite, [{ion.name}] {side} is 0; give it a small "
                            "concentration" + (", or use P= (GHK)" if m.law is Law.OHMIC else "")
                        )


def _sequence(values: Any, kind: type, what: str, example: str) -> tuple[Any, ...]:
    if not isinstance(values, Iterable):
        raise InputError(f"Cell.{what} = {values!r}; give a list, [{example}, ...]")
    found = tuple(values)
    for value in found:
        if not isinstance(value, kind):
            raise InputError(f"Cell.{what}: {value!r} is no {kind.__name__}; write {example}")
    return found
