"""What the gradients of a cell hold, what leaks take of it, what pumps put in, and the ATP that they spend."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .by_name import ByName

if TYPE_CHECKING:
    from .observation import Observed

Array = Any  # float for one state, array (t,), (cells,) or (cells, t) otherwise


class Energy:
    """Where the free energy of a cell stands and goes.

    free_energy : J. RT sum[n ln(c/c_out) - n] + RT n_X (ln c_X - 1) + Pi_out RT w + C_m A V^2/2, the function that a cell
        without pumps lowers until it rests (Mori 2012, Physica D); for a finite outside of conserved volume RT sum[n (ln c - 1)] over
        both sides. Defined up to a constant; NaN where there is no such function (a finite outside of fixed volume).
    dissipation : W. Sum over passive mechanisms of rate times affinity, >= 0: the power that pumps must replace.
    pump_work : W. What the other mechanisms put into the gradients: minus their rate times affinity.
    atp : mol/s of the whole cell, by mechanism: what each that spends ATP spends, negative while it runs backwards and makes ATP. What
        supplies ATP is not among them; an `ATPUse` is all that a cell spends on other things.
    shares : what each of them spends over what all do, 1 in all; NaN where nothing is spent.

    Examples
    --------
    >>> from ionflux import preset
    >>> rest = preset("reference_neuron", atp="pool").steady_state()
    >>> {label: round(share, 4) for label, share in rest.energy.shares.items()}
    {'NaKATPase': 0.6667, 'PMCA': 0.0005, 'ATPUse': 0.3328}
    """

    def __init__(self, seen: Observed) -> None:
        self._seen = seen

    @property
    def _RT(self) -> Array:
        return self._seen._look("VT") * self._seen.lowered.cell.faraday

    @cached_property
    def free_energy(self) -> Array:
        s, cell = self._seen, self._seen.lowered.cell
        finite, w = cell.outside_volume is not None, s.volume
        total = _mixing(s.values["_impermeant"], w, 1.0)
        if not finite:
            total = total + s.osmolarity_out * w
            for ion in cell.ions:
                total = total + _mixing(s.amount[ion], w, s.c_out[ion])
        elif cell.volume_law == "conserved":
            total = total + _mixing(s.values["_solutes_out"], s.volume_out, 1.0)
            for ion in cell.bath:
                total = total + _mixing(s._look(f"amount_out.{ion.name}"), s.volume_out, 1.0)
            for ion in cell.ions:
                total = total + _mixing(s.amount[ion], w, 1.0)
        else:
            return s._plain(np.full(s.shape, np.nan))
        stored = 0.0 if cell.potential == "electroneutral" else 0.5 * s.values["C_m"] * s.area * s.V**2
        return s._plain(self._RT * total + stored)

    @cached_property
    def dissipation(self) -> Array:
        return self._sum(lambda m: m.thermodynamics == "passive", 1.0)

    @cached_property
    def pump_work(self) -> Array:
        return self._sum(lambda m: m.thermodynamics != "passive", -1.0)

    @property
    def atp(self) -> ByName:
        s = self._seen
        per_cycle = {m.name: n for m in s.lowered.cell.mechanisms if (n := m.uses.get("ATP", 0)) > 0}
        return ByName("mechanism that spends ATP", tuple(per_cycle), lambda label: s._plain(per_cycle[label] * s._look(f"rate.{label}")))

    @property
    def shares(self) -> ByName:
        s, spent = self._seen, self.atp

        def of(label: str) -> Array:
            total = np.asarray(s.atp)
            return s._plain(np.divide(spent[label], total, out=np.full(s.shape, np.nan), where=total != 0))

        return ByName("mechanism that spends ATP", tuple(spent), of)

    def _sum(self, chosen: Callable[[Any], bool], sign: float) -> Array:
        s = self._seen
        total: Any = np.zeros(s.shape)
        for m in s.lowered.cell.ways:
            if chosen(m):
                total = total + sign * self._RT * s._look(f"rate.{m.name}") * s._look(f"affinity.{m.name}")
        return s._plain(total)


def _mixing(n: Array, w: Array, c_out: Array) -> Array:
    """n [ln(n/(w c_out)) - 1], mol; 0 where there is nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(n) > 0, n * (np.log(n / w / c_out) - 1.0), 0.0)
