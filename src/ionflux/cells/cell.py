"""A cell: one compartment, its membrane, and the bath around it. Pure data; the verbs live in other modules."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from math import pi
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from ionflux.baths import Bath, Concentrations, Impermeant
from ionflux.constants import FARADAY, GAS_CONSTANT
from ionflux.errors import InputError
from ionflux.fields import Described, Parameter, described, param
from ionflux.mechanisms.base import Mechanism
from ionflux.mechanisms.buffers import Buffer
from ionflux.mechanisms.clamps import VoltageClamp
from ionflux.mechanisms.gates import Gate
from ionflux.mechanisms.water import Water
from ionflux.species import TEMPERATURE, IonSpecies
from ionflux.surfaces import ChargedSurface
from .checks import check_choices, check_held, check_mechanisms, check_names, follow_rules
from .pools import Numbers, Pool, Slaved, Store
from .start import Start, solve_start

if TYPE_CHECKING:
    from ionflux.rests import ClosedForm, SteadyState
    from ionflux.results import Trajectory

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
    """A cell with a membrane, in a bath.

    Two equations bind its start: charge, F · volume · Σ z c + q = C_m · area · V (q: what electrodes have brought), and osmosis where asked
    for. What is left out is solved:

    ==========================  ===========================================
    ``Impermeant()``            c from osmosis, z from charge
    ``Impermeant(c=)``          z from charge
    ``Impermeant(z=)``          c from charge
    ``Impermeant(z=, c=)``      V from charge, with ``V=None``
    all of z, c and V           checked: 1e-9 of Σ|z|c
    ==========================  ===========================================

    How V is found (`potential`):

    ====================  =================================================================================================
    ``"charge"``          V = (F Σ z n + q)/(C_m area), from the charge inside
    ``"electroneutral"``  the limit C_m → 0: F Σ z n + q = 0, and V is where the total current is zero; `V` is not given
    ``"current"``         C_m area dV/dt = −Σ I, for published models whose amounts do not carry V; `V` is given, and no closed
                          impermeant is held against it
    ====================  =================================================================================================

    With a `VoltageClamp` in the membrane V starts at `V`, or at the clamp's where it is left out, and what is missing to the balance of
    charge is on the electrode.

    Parameters
    ----------
    area : float
        Of the membrane at `volume`, m².
    volume : float
        At the start, m³ (that of the description: see `Impermeant.amount_factor` and ``Water(instant=True)``).
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
    state : mapping from str to float
        Other states at the start: ``{"electrode_charge": C, "HHNa.m": 0.05}``. Gates that are not named start at their steady values.
    potential : {"charge", "electroneutral", "current"}
        How V is found, as above.
    pools : sequence of Pool and Slaved
        Solutes beside the ions (ATP, O2), and concentrations that follow from others. What is slaved always has the value of its rule,
        whatever `inside`, `bath` or the pool says.
    hold : sequence of str
        Concentrations that stay whatever moves: ``"c_in.Cl"``, ``"c_in.ATP"``.
    area_law : {"fixed", "sphere"}
        The area while the volume changes: constant, or that of a sphere, area · (w/volume)^⅔.
    outside_volume : float, optional
        Volume of the solution outside, m³: `bath` is then what is in it at the start. Left out, the bath is infinite.
    volume_law : {"fixed", "conserved"}
        The volume outside: constant, or what the cell takes up it loses (needs `Water` and `outside_volume`).
    surface : ChargedSurface, optional
        Fixed charge on the faces of the membrane: GHK laws see the concentrations at the faces and the drop between them; ohmic laws,
        cotransporters, pumps and Nernst potentials keep those of the solutions. `C_m` stays as given.
    activity : {None, "davies", "limiting"}
        Law of the activity coefficients γ of the ions on both sides, from the ionic strength there. γc takes the place of c in Nernst
        potentials, GHK fluxes and affinities; amounts, osmosis, charge and the factors of pumps keep concentrations.
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
    state: Mapping[str, float] = Numbers({})
    potential: str = "charge"
    pools: Sequence[Pool | Slaved] = ()
    hold: Sequence[str] = ()
    area_law: str = "fixed"
    outside_volume: float | None = param("m^3", None, lo=1e-26, hi=1.0, doc="volume of the solution outside")
    volume_law: str = "fixed"
    surface: ChargedSurface | None = None
    activity: str | None = None
    constants: Constants | None = None
    sources: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False, compare=False)
    symbols: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        put = object.__setattr__
        put(self, "inside", Concentrations(self.inside, "Cell.inside"))
        put(self, "membrane", _sequence(self.membrane, Mechanism, "membrane", "Leak(K, g=1.0)"))
        put(self, "pools", _sequence(self.pools, (Pool, Slaved), "pools", 'Pool("ATP", 3*mM)'))
        put(self, "hold", _sequence(self.hold, str, "hold", '"c_in.Cl"'))
        put(self, "state", Numbers(self.state, "Cell.state"))
        if self.impermeant is not None and not isinstance(self.impermeant, Impermeant):
            put(self, "impermeant", _sequence(self.impermeant, Impermeant, "impermeant", "Impermeant(z=-1.0)"))
        for name, kind in (("bath", Bath), ("constants", Constants)):
            value = getattr(self, name)
            if not isinstance(value, kind) and not (name == "constants" and value is None):
                raise InputError(f"Cell.{name} = {value!r} is no {kind.__name__}; write {kind.__name__}(...)")
        for name in ("sources", "symbols"):
            put(self, name, MappingProxyType(dict(getattr(self, name))))
        check_names(self)
        check_choices(self)
        for name, value in follow_rules(self).items():
            put(self, name, value)
        check_held(self)
        check_mechanisms(self)
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
        """What moves ions and charge, in the order of the membrane: all but `water`, `clamp` and `buffers`."""
        return tuple(m for m in self.membrane if not isinstance(m, Water | VoltageClamp | Buffer))

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        """What binds ions inside."""
        return tuple(m for m in self.membrane if isinstance(m, Buffer))

    @property
    def ways(self) -> tuple[Any, ...]:
        """What has a rate of its own: each mechanism, and of a channel each ion."""
        ways: tuple[Any, ...] = self._cache.setdefault("ways", tuple(way for m in self.mechanisms for way in m.ways))
        return ways

    @property
    def gates(self) -> Mapping[str, Gate]:
        """The gates of its channels by name, ``"HHNa.m"``."""
        return {f"{m.name}.{gate.name}": gate for m in self.mechanisms for gate in m.gates}

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of `mechanisms`."""
        return tuple(m.name for m in self.mechanisms)

    @property
    def water(self) -> Water | None:
        """How water moves; None for a rigid cell."""
        return next((m for m in self.membrane if isinstance(m, Water)), None)

    @property
    def clamp(self) -> VoltageClamp | None:
        """The electrode that prescribes V, or None."""
        return next((m for m in self.membrane if isinstance(m, VoltageClamp)), None)

    @property
    def extra_pools(self) -> tuple[Pool, ...]:
        """The pools beside the ions."""
        return tuple(p for p in self.pools if isinstance(p, Pool))

    @property
    def stores(self) -> tuple[Store, ...]:
        """The pools that are organelles."""
        return tuple(p for p in self.pools if isinstance(p, Store))

    @property
    def slaved(self) -> Mapping[str, Slaved]:
        """The rules by the name of what follows, ``"c_in.K"``."""
        return MappingProxyType({p.name: p for p in self.pools if isinstance(p, Slaved)})

    @property
    def held(self) -> frozenset[str]:
        """What stays whatever moves, ``"c_in.Cl"``."""
        return frozenset(self.hold)

    def area_at(self, volume: float) -> float:
        """Return the area of the membrane (m²) at a volume (m³)."""
        return self.area if self.area_law == "fixed" else self.area * float((volume / self.volume) ** (2 / 3))

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

        ``area volume C_m T V outside_volume``, ``inside.K``, ``bath.K``, ``bath.osmolyte``, ``impermeant.z``, ``impermeant.c``,
        ``impermeant.amount_factor`` (with several: ``impermeant.0.z`` …), ``pools.ATP``, ``slaved.c_in.K`` (the constant of the rule),
        ``state.electrode_charge``, ``constants.F``, ``constants.RT_F``, and ``label.field`` for each mechanism. What follows from others is
        absent: T where `constants` give RT/F, V of an electroneutral cell, concentrations that are slaved.
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
            Where z and c of every impermeant are known and V is to be kept, the start is over-determined: after a change of `V`, `area`,
            `volume`, `C_m`, ``impermeant.z``, ``impermeant.c`` or ``state.electrode_charge`` the most concentrated monovalent ion inside
            takes up the charge (the next one where that would go below zero). So it does in an electroneutral cell, also after a change
            of ``inside.K`` (an ion that has not been changed) and of `potential`. Under a voltage clamp the electrode takes it up, but for
            ``impermeant.z`` and ``impermeant.c``.

        Raises
        ------
        UnknownNameError
            With the nearest name.
        UnitRangeError
            A value outside its plausible range.
        """
        from .replacing import replace

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

    def steady_states(self, **options: Any) -> tuple[SteadyState, ...]:
        """Find all steady states in a range of V; keyword arguments as in `ionflux.all_rests.steady_states`."""
        from ionflux.all_rests import steady_states

        return steady_states(self, **options)

    def solve_leaks(self, *, V: float | None = None, for_: Iterable[Any] | None = None) -> Cell:
        """Return the cell with leaks that make its start (at V) a rest; see `ionflux.back_solving.solve_leaks`."""
        from ionflux.back_solving import solve_leaks

        return solve_leaks(self, V=V, for_=for_)


def _sequence(values: Any, kinds: type | tuple[type, ...], what: str, example: str) -> tuple[Any, ...]:
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise InputError(f"Cell.{what} = {values!r}; give a list, [{example}, ...]")
    found = tuple(values)
    for value in found:
        if not isinstance(value, kinds):
            wanted = " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
            raise InputError(f"Cell.{what}: {value!r} is no {wanted}; write {example}")
    return found
