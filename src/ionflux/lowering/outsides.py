"""The solution that cells are bathed in as nodes of a program: a bath, or a compartment that holds what its cells have not taken up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ionflux.errors import ModelError
from .compartments import Inside, Slot
from .program import Node, Program
from .rates import Values, kernel_log, value


class Outside:
    """The bath: infinite, or a compartment that holds what its cells have not taken up.

    A finite outside owns no states: of each solute the total is a parameter, so that what one side loses the other gains to the
    last digit. `moving` names concentrations that change within a segment of a schedule.
    """

    def __init__(
        self, program: Program, slot: Slot, members: Sequence[Inside], prefix: str, moving: frozenset[str], state: Callable[..., Node]
    ) -> None:
        self.program, self.slot, self.members, self.prefix, self.moving = program, slot, list(members), prefix, moving
        self.cell = cell = self.members[0].cell
        self.bath = cell.bath
        self.finite = cell.outside_volume is not None
        self.amount: dict[str, Node] = {}
        #: ions that something holds inside, or brings from elsewhere, so that a finite outside has to count them itself
        self.counted: dict[str, Node] = {}
        self.pool_amount: dict[str, Node] = {}
        if self.finite:
            outer = [i.name for i in self.bath if f"c_out.{i.name}" not in cell.slaved]
            brought = {ion.name for m in self.members for w in m.cell.ways for ion in w.outside}
            given = [name for name in outer if name in brought or any(m._given(name) for m in self.members)]
            self.counted = {name: state(f"{prefix}amount_out.{name}") for name in given}
            pools = [p for p in cell.extra_pools if p.side == "out" and p.of not in cell.held and p.of not in cell.slaved]
            self.pool_amount = {p.name: state(f"{prefix}amount_out.{p.name}") for p in pools}
        self.volume: Node | None = None
        self.osmolarity: Node = -1
        self._join()

    def _join(self) -> None:
        p, x, members = self.program, self.prefix, self.members
        if not self.finite:
            self.osmolarity = self.slot(f"{x}osmolarity_out", self._bath_osmolarity)
            self._finish_volumes()
            return
        solutes = {self.slot(f"{x}solutes outside", value(f"{x}_solutes_out")): 1.0}
        for ion in self.bath:  # what is slaved comes later, see `finish`
            name = ion.name
            if name in self.counted:
                self.amount[name] = self.counted[name]
            elif f"c_out.{name}" not in self.cell.slaved:
                inside = {m.amount[ion]: -1.0 for m in members if ion in m.amount}
                total = self.slot(f"{x}total.{name}", value(f"{x}_total.{name}"))
                self.amount[name] = p.sum({total: 1.0, **inside})
            if name in self.amount:
                solutes[self.amount[name]] = 1.0
        self.particles = p.sum(solutes)
        if self.cell.volume_law == "conserved":
            self._share_volume()
        else:
            self.volume = self.slot(f"{x}volume_out", value(f"{x}_volume_out"))
            self.osmolarity = p.divide(self.particles, self.volume)
            self._finish_volumes()

    def _finish_volumes(self) -> None:
        for m in self.members:
            m.finish_volume(self)

    def _share_volume(self) -> None:
        """Of a conserved volume; where water follows at once every part has its share of all particles."""
        p, x = self.program, self.prefix
        self.all_water = self.slot(f"{x}volume of all", value(f"{x}_volume_all"))
        instant = [m for m in self.members if m.instant]
        if instant and len(instant) < len(self.members):
            raise ModelError("cells of one conserved volume either all have Water(instant=True) or none")
        if instant:
            self.all_particles = p.sum({self.particles: 1.0, **{m.particles_free: 1.0 for m in self.members}})
        self._finish_volumes()
        self.volume = p.sum({self.all_water: 1.0, **{m.volume: -1.0 for m in self.members}})
        self.osmolarity = p.divide(self.particles, self.volume)

    def volume_of(self, m: Inside) -> Node:
        """The volume at which a cell with instant water rests."""
        p, x = self.program, self.prefix
        held = [m.c[i.name] for i in m.cell.ions if f"c_in.{i.name}" in m.cell.held]
        if any(name.startswith("c_in.") for name in m.cell.slaved):
            raise ModelError("Water(instant=True) and slaved pools inside: the volume would be defined by itself; give Water(P_f=)")
        if self.finite and self.cell.volume_law == "conserved":
            if held:
                raise ModelError("Water(instant=True), a conserved volume and held pools contradict each other; give Water(P_f=)")
            return p.product(self.all_water, p.divide(m.particles_free, self.all_particles))
        if held:
            return p.divide(m.particles_free, p.sum({self.osmolarity: 1.0, **dict.fromkeys(held, -1.0)}))
        if self.finite or any(name.startswith(f"{x}bath.") for name in self.moving):
            return p.divide(m.particles_free, self.osmolarity)
        return p.product(m.particles_free, self.slot(f"{x}1/osmolarity_out", lambda v: 1.0 / self._bath_osmolarity(v)))

    def _bath_osmolarity(self, v: Values) -> Any:
        x = self.prefix
        total = 0.0 if self.bath.impermeant is None else v[f"{x}bath.impermeant.c"]
        for ion in self.bath:
            if f"c_out.{ion.name}" not in self.cell.slaved:
                total = total + v[f"{x}bath.{ion.name}"]
        return total + v[f"{x}bath.osmolyte"]

    def finish(self, c: Callable[[str], Node]) -> None:
        """What follows from concentrations inside: slaved ones count in the osmolarity."""
        names = [f"c_out.{ion.name}" for ion in self.bath if f"c_out.{ion.name}" in self.cell.slaved]
        if names and any(m.instant for m in self.members):
            raise ModelError("Water(instant=True) and slaved concentrations outside: the volume would follow from itself; give Water(P_f=)")
        if names:
            self.osmolarity = self.program.sum({self.osmolarity: 1.0, **{c(name): 1.0 for name in names}})

    def c(self, name: str) -> Node:
        """Concentration outside of an ion or pool."""
        x = self.prefix
        amount = self.amount.get(name, self.pool_amount.get(name))
        if amount is not None:
            assert self.volume is not None
            return self.program.divide(amount, self.volume)
        if any(name == ion.name for ion in self.bath):
            return self.slot(f"{x}c_out.{name}", value(f"{x}bath.{name}"))
        return self.slot(f"{x}c_out.{name}", value(f"{x}pools.{name}"))

    def impermeant(self) -> Node:
        """Concentration of the impermeant outside."""
        x = self.prefix
        fixed = self.slot(f"{x}impermeant out", value(f"{x}bath.impermeant.c"))
        if not self.finite:
            return fixed
        assert self.volume is not None
        start = self.slot(f"{x}volume_out", value(f"{x}_volume_out"))
        return self.program.product(fixed, self.program.divide(start, self.volume))

    def log(self, name: str) -> Node:
        """Its logarithm: of what stays within a segment, computed once per segment."""
        x, known = self.prefix, f"{self.prefix}bath.{name}"
        if self.finite or known in self.moving:
            return self.program.log(self.c(name))
        return self.slot(f"{x}ln c_out.{name}", lambda v: kernel_log(v[known]))
