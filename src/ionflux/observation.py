"""States as a reader sees them: V, concentrations, currents, each computed when first asked for.

`Observed` holds states of one or many cells (rows) with the parameters that applied to each, and reads every quantity
through the same compiled program that was integrated. `Trajectory`, `SteadyState` and `Sweep` are made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .by_name import ByName
from .energy import Energy
from .errors import UnknownNameError
from .mechanisms import Law

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .lowering import Lowered

Array = Any  # float for one state, array (t,), (cells,) or (cells, t) otherwise


#: what can be asked for by name, and what only the package itself reads
QUANTITIES = (
    "V volume area c_in c_out c_impermeant amount E current flux gate osmolarity_in osmolarity_out electrode_charge volume_out atp"
).split()
INNER = ("rate", "affinity", "steady", "bound", "electrode", "membrane_charge", "amount_out", "VT")


class Observed:
    """Rows of states with everything that can be read from them.

    Attributes
    ----------
    V : V. volume : m^3. area : m^2. c_in[ion], c_out[ion], c_impermeant, osmolarity_in, osmolarity_out : mol/m^3
    amount[ion] : mol. E[ion] : V. current[label] : A/m^2, outward positive (a CurrentClamp's: into the cell).
    flux[label][ion] : mol m^-2 s^-1, outward. electrode_charge : C, brought by electrodes, in V but in no ion
    volume_out : m^3, of a finite outside. atp : mol/s used by the whole cell, what supplies it aside. energy : `Energy`
    """

    lowered: Lowered
    values: dict[str, Any]
    _base: NDArray[np.float64]
    _read_so_far: dict[str, Any]

    def _set(self, lowered: Lowered, values: dict[str, Any], base: NDArray[np.float64]) -> None:
        vars(self).update(lowered=lowered, values=values, _base=base, _read_so_far={})

    def _look(self, name: str) -> Array:
        if name not in self._read_so_far:
            self._read(self.lowered.groups[name.partition(".")[0]])
        return self._read_so_far[name]

    def _read(self, names: Sequence[str]) -> None:
        seen = self.lowered.observe(names, self._states, self._base, self._slots, self._rows)
        shape = self.shape
        if len(shape) != 1:
            seen = {n: self._plain(x.reshape(shape)) for n, x in seen.items()}
        self._read_so_far.update(seen)

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
            if head in groups and head not in INNER and (not rest or name in groups[head]):
                direct += groups[head] if not rest else [name]
            elif head in ("rate", "affinity") and name in groups[head]:
                direct.append(name)
            else:
                self.observable(name)
        if missing := [n for n in dict.fromkeys(direct) if n not in self._read_so_far]:
            self._read(missing)

    def observable(self, name: str) -> Any:
        """What a dotted name of the grammar of `record=` stands for: "V", "c_in.K", "flux.NaKATPase.Na", "gate.HHNa.m" an array, "c_in"
        a mapping.

        Raises
        ------
        UnknownNameError
            With the nearest name.
        """
        head, _, rest = name.partition(".")
        if head not in QUANTITIES or (head == "volume_out" and "volume_out" not in self.lowered.groups):
            raise UnknownNameError.among("there is no observable", name, [q for q in QUANTITIES if q != "volume_out"])
        found = getattr(self, head)
        while rest:
            if not isinstance(found, Mapping):
                raise UnknownNameError.among("there is no observable", name, [head])
            first = rest.partition(".")[0]
            key = first if first in found else rest  # gates have a dot in their names
            found, rest = found[key], rest[len(key) + 1 :]
        return found

    @property
    def shape(self) -> tuple[int, ...]:
        """Layout of the rows: () for one state, (times,), (cells,) or (cells, times)."""
        raise NotImplementedError

    @property
    def _states(self) -> NDArray[np.float64]:
        """The rows, (rows, n)."""
        raise NotImplementedError

    @property
    def _slots(self) -> NDArray[np.intc]:
        """Parameters that may differ from `_base`."""
        return np.empty(0, np.intc)

    def _rows(self) -> NDArray[np.float64]:
        """Their values, (rows, slots)."""
        raise NotImplementedError

    @staticmethod
    def _plain(x: Any) -> Array:
        return float(x) if np.ndim(x) == 0 else x

    @property
    def V(self) -> Array:
        return self._look("V")

    @property
    def volume(self) -> Array:
        return self._look("volume")

    @property
    def area(self) -> Array:
        return self._look("area")

    @property
    def volume_out(self) -> Array:
        return self._look("volume_out")

    @cached_property
    def electrode_charge(self) -> Array:
        if "electrode" not in self.lowered.model.observables:
            return self._plain(self.values["_electrode"] * self.lowered.cell.faraday + np.zeros(self.shape))
        return self._plain(self._look("electrode") * self.lowered.cell.faraday)

    @property
    def osmolarity_in(self) -> Array:
        return self._look("osmolarity_in")

    @property
    def osmolarity_out(self) -> Array:
        return self._look("osmolarity_out")

    @cached_property
    def c_impermeant(self) -> Array:
        return self._plain(self.values["_impermeant"] / self.volume)

    # Mappings are made anew each time: a result that kept them would be part of a cycle, and its arrays would stay in memory until
    # the collector of cycles comes by.

    def _group(self, kind: str, head: str) -> ByName:
        return ByName(kind, self.lowered.members.get(head, ()), lambda i: self._look(f"{head}.{i}"))

    @property
    def amount(self) -> ByName:
        return self._group("ion", "amount")

    @property
    def c_in(self) -> ByName:
        return self._group("ion", "c_in")

    @property
    def c_out(self) -> ByName:
        return self._group("ion in the bath", "c_out")

    @property
    def E(self) -> ByName:
        return self._group("ion", "E")

    @property
    def gate(self) -> ByName:
        return self._group("gate", "gate")

    @property
    def current(self) -> ByName:
        F, cell = self.lowered.cell.faraday, self.lowered.cell
        # rates are inward; a current clamp is the one whose current counts into the cell
        charge = {m.name: {w.name: (w.charge if m.law is Law.CURRENT else -w.charge) for w in m.ways} for m in cell.mechanisms}
        if cell.clamp is not None:
            charge[cell.clamp.name] = {cell.clamp.name: -1}

        def of(label: str) -> Array:
            parts = [F * z * self._look(f"rate.{way}") for way, z in charge[label].items()]
            return self._plain(sum(parts[1:], parts[0]) / self.area)

        return ByName("mechanism", tuple(charge), of)

    @property
    def flux(self) -> ByName:
        moves = {m.name: {ion.name: (n, w.name) for w in m.ways for ion, n in w.moves.items()} for m in self.lowered.cell.mechanisms}

        def of(label: str) -> ByName:
            nu = moves[label]
            return ByName("ion moved", tuple(nu), lambda i: self._plain(-nu[i][0] * self._look(f"rate.{nu[i][1]}") / self.area))

        return ByName("mechanism", tuple(moves), of)

    @cached_property
    def atp(self) -> Array:
        total: Any = np.zeros(self.shape)
        for m in self.lowered.cell.mechanisms:
            if (per_cycle := m.uses.get("ATP", 0)) > 0:  # what supplies it is no use
                total = total + per_cycle * self._look(f"rate.{m.name}")
        return self._plain(total)

    @property
    def energy(self) -> Energy:
        return Energy(self)

    @property
    def charge_imbalance(self) -> Array:
        """``|F (sum(z n) + q_electrode) - C_m A V|`` over ``F sum(|z| n)``, from the amounts themselves."""
        charge, size = self.charge_balance
        return self._plain(np.abs(charge) / size)

    @cached_property
    def charge_balance(self) -> tuple[Array, Array]:
        """``sum(z n) + (q_electrode - C_m A V)/F`` and ``sum(|z| n)``, mol, from the amounts themselves."""
        charge: Any = self.values["_impermeant_charge"] + self.electrode_charge / self.lowered.cell.faraday
        size: Any = np.abs(charge)
        for ion in self.lowered.cell.ions:
            charge = charge + ion.z * self.amount[ion]
            size = size + abs(ion.z) * self.amount[ion]
        for store in self.lowered.cell.stores:
            charge = charge + store.ion.z * self.amount[store.name]
            size = size + abs(store.ion.z) * self.amount[store.name]
        if "membrane_charge" in self.lowered.model.observables:
            charge = charge - self._look("membrane_charge")
        return charge, size
