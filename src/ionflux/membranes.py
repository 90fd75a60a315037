"""Membranes in profile as descriptions: layers with what ions find in them. Pure data; the verbs are elsewhere.

x runs from the left (inside) to the right (outside), V = φ(left) − φ(right), fluxes and currents are positive from left to right.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from .constants import BODY_TEMPERATURE
from .errors import InputError, UnknownNameError
from .fields import Described, Parameter, about, described, param
from .landscapes import Landscape, PerIon, per_ion
from .solvent import permittivity
from .species import TEMPERATURE

if TYPE_CHECKING:
    from .flux_tables import FluxTable

DIFFUSIVITY = Parameter(1e-9, "m^2 s^-1", 0.0, 1e-3, "diffusivity")
PARTITION = Parameter(1.0, "1", 0.0, 1e100, "partition coefficient, layer over bath")
ENERGY = Parameter(0.0, "1", -500.0, 500.0, "energy in RT")
SURFACE_CHARGE = Parameter(0.0, "C m^-2", -10.0, 10.0, "surface charge of an interface")


def _length(number: float) -> str:
    """What to write for a thickness that is no length in metres."""
    return f"write {number:g}*nm (ionflux.units) if that is what is meant" if 0.01 <= number <= 1e8 else ""


@described
class Layer(Described):
    """One layer of a membrane, or a solution beside it.

    Parameters
    ----------
    thickness : float
        m.
    eps_r : float, optional
        Relative permittivity; default that of water at the membrane's T, 249.21 − 0.79069 T + 7.2997e-4 T² (CRC Handbook).
    D : mapping from ion to number or function, optional
        Diffusivities, m²/s; a function takes s, the place in the layer from 0 to 1 (arrays). Ions not named have their own, of water at
        25 °C. A number or function stands for all ions.
    D_factor : float
        Multiplies all of them: 0.1 for a layer where ions are ten times slower.
    partition : mapping from ion to number, optional
        Concentration in the layer over that in a bath in equilibrium at the same potential, k = e^{−w}; default 1.
    fixed_charge : float
        Elementary charges of the material as mol/m³, with sign.
    energy : mapping from ion to array or function of s, optional
        Further energy of the ion along the layer, in RT: a barrier, a well, a potential of mean force. An array is piecewise linear on
        equal steps of s. At the outer ends of a membrane the bath has the energy of the end that it touches: its concentrations are those
        at the end.

    Examples
    --------
    >>> from ionflux import Cl, K
    >>> lipid = Layer(4e-9, eps_r=2.0, D_factor=0.1, partition={K: 1e-3, Cl: 4.5e-4})
    """

    thickness: float = field(kw_only=False, metadata=about("m", lo=1e-11, hi=0.1, doc="thickness", hint=_length))
    eps_r: float | None = param("1", None, lo=1.0, hi=1e3, doc="relative permittivity")
    D: Any = None
    D_factor: float = param("1", 1.0, lo=0.0, hi=1e6, doc="factor on all diffusivities")
    partition: Any = None
    fixed_charge: float = param("mol m^-3", 0.0, lo=-6e4, hi=6e4, doc="fixed charge of the material")
    energy: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, kind in (("D", DIFFUSIVITY), ("partition", PARTITION), ("energy", ENERGY)):
            object.__setattr__(self, name, per_ion(f"Layer.{name}", getattr(self, name), kind, arrays=name == "energy"))
        if self.partition is not None and any(callable(value) for value in self.partition.values()):
            raise InputError("Layer.partition is a number per ion; what changes along the layer goes into energy= = −ln k(s)")

    def parameters(self) -> dict[str, Parameter]:
        """Return the numbers by name; of those by ion ``D.K``, ``partition.K``."""
        own = super().parameters()
        for name, kind in (("D", DIFFUSIVITY), ("partition", PARTITION)):
            for ion, value in (getattr(self, name) or {}).items():
                if ion is not None and isinstance(value, float):
                    own[f"{name}.{getattr(ion, 'name', ion)}"] = dataclasses.replace(kind, value=value)
        return own

    def permittivity(self, T: float) -> float:
        """Return the relative permittivity, that of water at T where none was given."""
        return permittivity(T) if self.eps_r is None else self.eps_r


@described
class Membrane1D(Described):
    """Layers from left (inside) to right (outside): a film, a charged membrane, a lipid membrane with the solutions on both sides.

    Parameters
    ----------
    layers : Layer or sequence of Layer
        From left to right.
    surface_charge : sequence of float, optional
        C/m² at each inner interface, one fewer than layers; default none.
    T : float
        Temperature, K.

    Examples
    --------
    >>> bath, lipid = Layer(10e-9, eps_r=74.0), Layer(4e-9, eps_r=2.0, D_factor=0.1, partition=1e-3)
    >>> membrane = Membrane1D([bath, lipid, bath], surface_charge=[-0.05, -0.02])
    >>> membrane.thickness
    2.4e-08
    """

    layers: Sequence[Layer] = field(kw_only=False)
    surface_charge: Sequence[float] | None = None
    T: float = param("K", BODY_TEMPERATURE, lo=TEMPERATURE.lo, hi=TEMPERATURE.hi, doc="temperature")

    def __post_init__(self) -> None:
        super().__post_init__()
        layers = (self.layers,) if isinstance(self.layers, Layer) else tuple(self.layers)
        if not layers or not all(isinstance(layer, Layer) for layer in layers):
            raise InputError(f"Membrane1D.layers = {self.layers!r}: give one Layer or several, from left to right")
        charges = self.surface_charge
        if charges is not None:
            given = list(charges) if hasattr(charges, "__len__") else [charges]
            if len(given) != len(layers) - 1:
                raise InputError(
                    f"Membrane1D.surface_charge has {len(given)} values; {len(layers)} layers have {len(layers) - 1} interfaces"
                )
            checked = tuple(SURFACE_CHARGE.check(f"Membrane1D.surface_charge[{i}]", c) for i, c in enumerate(given))
            charges = checked if any(checked) else None
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "surface_charge", charges)

    @property
    def thickness(self) -> float:
        """Of all layers, m."""
        return float(sum(layer.thickness for layer in self.layers))

    @property
    def sigma(self) -> tuple[float, ...]:
        """C/m² at each inner interface."""
        return tuple(self.surface_charge or (0.0,) * (len(self.layers) - 1))

    def parameters(self) -> dict[str, Parameter]:
        """Return the numbers by dotted name: ``layers.0.thickness``, ``layers.1.D.K``, ``surface_charge.0``, ``T``."""
        own = {f"layers.{i}.{name}": p for i, layer in enumerate(self.layers) for name, p in layer.parameters().items()}
        own |= {f"surface_charge.{i}": dataclasses.replace(SURFACE_CHARGE, value=c) for i, c in enumerate(self.sigma)}
        return own | super().parameters()

    def check(self, name: str, value: Any) -> float:
        """Return a value for a parameter in SI; also for those by ion (``layers.1.partition.K``) and eps_r that were left at their default.

        Raises
        ------
        UnknownNameError
            There is no such parameter, with the nearest name.
        UnitRangeError
            The value is outside its range.
        """
        return self.kind(name).check(name, value)

    def kind(self, name: str) -> Parameter:
        """Return what is known about a parameter, by dotted name."""
        known = self.parameters()
        if name in known:
            return known[name]
        found = re.fullmatch(r"layers\.(\d+)\.(?:(D|partition)\.[^.]+|(eps_r))", name)
        if found is None or int(found[1]) >= len(self.layers):
            raise UnknownNameError.among("this membrane has no parameter", name, known)
        return {"D": DIFFUSIVITY, "partition": PARTITION, None: Parameter(78.4, "1", 1.0, 1e3, "relative permittivity")}[found[2]]

    def replace(self, changes: Mapping[str, Any]) -> Membrane1D:
        """Return the membrane with other values.

        Parameters
        ----------
        changes : mapping from dotted name to value
            Names of `parameters`, or ``layers``, ``surface_charge`` as a whole.

        Raises
        ------
        UnknownNameError
            With the nearest name.
        UnitRangeError
            A value outside its range.
        """
        whole = {name: changes[name] for name in ("layers", "surface_charge") if name in changes}
        membrane = dataclasses.replace(self, **whole) if whole else self
        layers, sigma, T = list(membrane.layers), list(membrane.sigma), membrane.T
        for name, value in changes.items():
            if name in whole:
                continue
            number = membrane.check(name, value)
            match name.split("."):
                case ["T"]:
                    T = number
                case ["surface_charge", i]:
                    sigma[int(i)] = number
                case ["layers", i, what]:
                    layers[int(i)] = dataclasses.replace(layers[int(i)], **{what: number})
                case ["layers", i, what, ion]:
                    layers[int(i)] = _with_ion(layers[int(i)], what, ion, number)
        return Membrane1D(layers, surface_charge=sigma or None, T=T)

    def table(
        self,
        left: Any,
        right: Any,
        *,
        V: tuple[float, float],
        vary: Mapping[str, tuple[float, float]] | None = None,
        tol: float = 1e-6,
        level: str = "pnp",
        threads: int | None = None,
    ) -> FluxTable:
        """Return the fluxes as a function of V and of up to three concentrations that costs next to nothing, with a checked error.

        What is tabulated is P > 0 of J = P [c_L B(−zu) − c_R B(zu)], u = FV/RT: each ion flows down the difference of its own
        electrochemical potential, exactly. P is a sum of products of functions of one variable each, polynomials of degree five with two
        continuous derivatives.

        Parameters
        ----------
        left, right : Bath or mapping from ion to float
            Concentrations, mol/m³.
        V : (float, float)
            Range of φ(left) − φ(right), V.
        vary : mapping from name to (float, float), optional
            Ranges of up to three concentrations, mol/m³: ``"left.K"`` changes K alone, ``"left.K.with_Cl"`` adds the salt,
            ``"left.K.with_Na"`` replaces Na.
        tol : float
            Error allowed for each flux, relative to itself.
        level : {"pnp", "nernst_planck", "electroneutral"}
            What is solved.
        threads : int, optional
            Threads for the states that are solved; default 1.

        Returns
        -------
        FluxTable
            `table(V=…, c_in=…, c_out=…)` gives fluxes, current and dI/dV; `table.packed()` the same to C, C++ and Cython.

        Raises
        ------
        ConvergenceError
            The error was not reached, at points that are not those of the table; `partial` holds the table.
        InputError
            It would take too many states; a concentration that keeps the charge would be negative.

        Examples
        --------
        >>> from ionflux import Cl, K
        >>> film = Membrane1D(Layer(5e-9, eps_r=78.5))
        >>> table = film.table({K: 100.0, Cl: 100.0}, {K: 10.0, Cl: 10.0}, V=(-0.1, 0.1), tol=1e-5)
        >>> round(table(V=0.05).I / 1e6, 3), table.error < 1e-5
        (6.601, True)
        """
        from .tabulation import tabulate

        return tabulate(self, left, right, V=V, vary=vary, tol=tol, level=level, threads=threads)


def _with_ion(layer: Layer, what: str, ion: str, value: float) -> Layer:
    """The layer with another D or partition of one ion."""
    given: dict[Any, Landscape] = dict((getattr(layer, what) or PerIon({})).items())
    key = next((k for k in given if k is not None and getattr(k, "name", k) == ion), ion)
    changed: Any = {what: PerIon({**given, key: value})}
    return dataclasses.replace(layer, **changed)
