"""States as a reader sees them: V, concentrations, currents, energy, each computed when first asked for.

`Observed` holds states of one or many cells (rows) with the parameters that applied to each, and reads every quantity
through the same compiled program that was integrated. `Trajectory`, `SteadyState` and `Sweep` are made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import UnknownNameError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .lowering import Lowered
    from .species import IonSpecies

Array = Any  # float for one state, array (t,), (cells,) or (cells, t) otherwise


class ByName(Mapping[str, Any]):
    """A lazy mapping by name; ions may also be given as `IonSpecies`."""

    def __init__(self, kind: str, names: tuple[str, ...], read: Callable[[str], Any]) -> None:
        self._kind, self._names, self._read = kind, names, read
        self._made: dict[str, Any] = {}

    def __getitem__(self, key: str | IonSpecies) -> Any:
        name = key if isinstance(key, str) else getattr(key, "name", repr(key))
        if name not in self._names:
            raise UnknownNameError.among(f"there is no {self._kind}", name, self._names)
        if name not in self._made:
            self._made[name] = self._read(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, key: object) -> bool:
        return (key if isinstance(key, str) else getattr(key, "name", None)) in self._names

    def __repr__(self) -> str:
        return f"<{self._kind}: {', '.join(self._names)}>"


class Energy:
    """Where the free energy of a cell stands and goes.

    free_energy : J. RT sum[n ln(c/c_out) - n] + RT n_X (ln c_X - 1) + Pi_out RT w + C_m A V^2/2, the function that a cell
        without pumps lowers until it rests (Mori 2012, Physica D). Defined up to a constant.
    dissipation : W. Sum over passive mechanisms of rate times affinity, >= 0: the power that pumps must replace.
    pump_work : W. What the other mechanisms put into the gradients: minus their rate times affinity.
    """

    def __init__(self, seen: Observed) -> None:
        self._seen = seen

    @cached_property
    def free_energy(self) -> Array:
        s = self._seen
        RT = s.values["_VT"] * s.lowered.cell.faraday
        w = s.volume
        total = s.values["_impermeant"] * (np.log(s.values["_impermeant"] / w) - 1.0) + s.osmolarity_out * w
        for ion in s.lowered.cell.ions:
            n = s.amount[ion]
            with np.errstate(divide="ignore", invalid="ignore"):
                total = total + np.where(n > 0, n * np.log(n / w / s.c_out[ion]), 0.0) - n
        return s._plain(RT * total + 0.5 * s.values["C_m"] * s.values["area"] * s.V**2)

    @cached_property
    def dissipation(self) -> Array:
        return self._sum(lambda m: m.thermodynamics == "passive", 1.0)

    @cached_property
    def pump_work(self) -> Array:
        return self._sum(lambda m: m.thermodynamics != "passive", -1.0)

    def _sum(self, chosen: Callable[[Any], bool], sign: float) -> Array:
        s = self._seen
        RT = s.values["_VT"] * s.lowered.cell.faraday
        total: Any = np.zeros(s.shape)
        for m in s.lowered.cell.mechanisms:
            if chosen(m):
                total = total + sign * RT * s._look(f"rate.{m.name}") * s._look(f"affinity.{m.name}")
        return s._plain(total)


class Observed:
    """Rows of states with everything that can be read from them.

    Attributes
    ----------
    V : V. volume : m^3. area : m^2. c_in[ion], c_out[ion], c_impermeant, osmolarity_in, osmolarity_out : mol/m^3
    amount[ion] : mol. E[ion] : V. current[label] : A/m^2, outward positive. flux[label][ion] : mol m^-2 s^-1, outward
    atp : mol/s used by the whole cell. energy : `Energy`
    """

    lowered: Lowered
    values: dict[str, Any]

    def _set(self, lowered: Lowered, values: dict[str, Any], base: NDArray[np.float64]) -> None:
        self.lowered, self.values, self._base = lowered, values, base
        self._read_so_far: dict[str, Any] = {}

    def _look(self, name: str) -> Array:
        if name not in self._read_so_far:
            self._read(self.lowered.groups[name.partition(".")[0]])
        return self._read_so_far[name]

    def _read(self, names: Sequence[str]) -> None:
        seen = self.lowered.observe(names, self._states, self._base, *self._parameters)
        self._read_so_far |= {n: self._plain(x.reshape(self.shape)) for n, x in seen.items()}

    def compute(self, names: Iterable[str]) -> None:
        """Read observables now and in one go.

        Parameters
        ----------
        names : "V", "volume", "c_in", "c_in.K", "current.NaKATPase", ...

        Raises
        ------
        UnknownNameError
            With the nearest name.
        """
        groups = self.lowered.groups
        direct: list[str] = []
        for name in names:
            head, _, rest = name.partition(".")
            if head in groups and (not rest or name in groups[head]):
                direct += groups[head] if not rest else [name]
                continue
            x = getattr(self, head, None) if head in ("E", "current", "flux", "atp", "energy", "area", "c_impermeant") else None
            if x is None:
                raise UnknownNameError.among(
                    "record: there is no observable", name, [*groups, "E", "current", "flux", "atp", "area", "c_impermeant"]
                )
            if isinstance(x, Mapping):
                for key in [rest.partition(".")[0]] if rest else list(x):
                    x[key]
        if missing := [n for n in dict.fromkeys(direct) if n not in self._read_so_far]:
            self._read(missing)

    @property
    def shape(self) -> tuple[int, ...]:
        """Layout of the rows: () for one state, (times,), (cells,) or (cells, times)."""
        raise NotImplementedError

    @property
    def _states(self) -> NDArray[np.float64]:
        """The rows, (rows, n)."""
        raise NotImplementedError

    @cached_property
    def _parameters(self) -> tuple[NDArray[np.intc], NDArray[np.float64]]:
        """Parameters that differ from `_base`: their slots, and (rows, slots) values."""
        raise NotImplementedError

    @staticmethod
    def _plain(x: Any) -> Array:
        return float(x) if np.ndim(x) == 0 else x

    @property
    def _ion_names(self) -> tuple[str, ...]:
        return tuple(i.name for i in self.lowered.cell.ions)

    @property
    def V(self) -> Array:
        return self._look("V")

    @property
    def volume(self) -> Array:
        return self._look("volume")

    @cached_property
    def area(self) -> Array:
        return self._plain(np.broadcast_to(self.values["area"], self.shape))

    @property
    def osmolarity_in(self) -> Array:
        return self._look("osmolarity_in")

    @property
    def osmolarity_out(self) -> Array:
        return self._look("osmolarity_out")

    @cached_property
    def c_impermeant(self) -> Array:
        return self._plain(self.values["_impermeant"] / self.volume)

    @cached_property
    def amount(self) -> ByName:
        return ByName("ion", self._ion_names, lambda i: self._look(f"amount.{i}"))

    @cached_property
    def c_in(self) -> ByName:
        return ByName("ion", self._ion_names, lambda i: self._look(f"c_in.{i}"))

    @cached_property
    def c_out(self) -> ByName:
        names = tuple(n.partition(".")[2] for n in self.lowered.model.observables if n.startswith("c_out."))
        return ByName("ion in the bath", names, lambda i: self._look(f"c_out.{i}"))

    @cached_property
    def E(self) -> ByName:
        z = {i.name: i.z for i in self.lowered.cell.ions}
        names = tuple(n for n in self.c_out if n in z and z[n] != 0)

        def nernst(name: str) -> Array:
            with np.errstate(divide="ignore", invalid="ignore"):
                return self._plain(self.values["_VT"] / z[name] * np.log(self.c_out[name] / self.c_in[name]))

        return ByName("ion", names, nernst)

    @cached_property
    def current(self) -> ByName:
        F = self.lowered.cell.faraday
        charge = {m.name: m.charge for m in self.lowered.cell.mechanisms}
        return ByName("mechanism", tuple(charge), lambda m: self._plain(-F * charge[m] * self._look(f"rate.{m}") / self.values["area"]))

    @cached_property
    def flux(self) -> ByName:
        moves = {m.name: m.moves for m in self.lowered.cell.mechanisms}

        def of(label: str) -> ByName:
            nu = {ion.name: n for ion, n in moves[label].items()}
            return ByName("ion moved", tuple(nu), lambda i: self._plain(-nu[i] * self._look(f"rate.{label}") / self.values["area"]))

        return ByName("mechanism", tuple(moves), of)

    @cached_property
    def atp(self) -> Array:
        total: Any = np.zeros(self.shape)
        for m in self.lowered.cell.mechanisms:
            if per_cycle := m.uses.get("ATP", 0):
                total = total + per_cycle * self._look(f"rate.{m.name}")
        return self._plain(total)

    @cached_property
    def energy(self) -> Energy:
        return Energy(self)

    @cached_property
    def charge_imbalance(self) -> Array:
        """``|F sum(z n) - C_m A V|`` over ``F sum(|z| n)``, from the amounts themselves."""
        F = self.lowered.cell.faraday
        charge: Any = self.values["_impermeant_charge"]
        size: Any = np.abs(self.values["_impermeant_charge"])
        for ion in self.lowered.cell.ions:
            charge = charge + ion.z * self.amount[ion]
            size = size + abs(ion.z) * self.amount[ion]
        on_membrane = self.values["C_m"] * self.values["area"] * self.V / F
        return self._plain(np.abs(charge - on_membrane) / size)
