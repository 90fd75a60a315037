"""What the steps of a cycle must keep, whatever their rates: a turn of the ring is the transport that `moves` says, and nothing else.

The product of the rates forward over that of the rates backward is e^A, where A is what drives one turn, in units of RT. A potential drives
it by the charge it moves, concentrations outside by the ions it moves; and where nothing but ions drives it, A is theirs alone: the loop
has the product one where they are at equilibrium.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import TYPE_CHECKING

from ionflux.errors import ModelError

if TYPE_CHECKING:
    from .base import Mechanism

#: how well a product of dozens of factors is to agree with a sum of logarithms
WITHIN = 1e-9


def check_ring(m: Mechanism) -> None:
    """Refuse steps that do not fit what the mechanism moves.

    Raises
    ------
    ModelError
        With what the steps move, and what `moves` says.
    """
    names = sorted({name for f in m.all_factors for name in f.reads() if "." in name} | _moved(m))
    c = {name: 1.5 + 0.7 * i for i, name in enumerate(names)}
    more = {name: 3.0 * x if name.startswith("c_out") else x for name, x in c.items()}
    here, driven, fuller = _turn(m, c, 0.1), _turn(m, c, 1.1), _turn(m, more, 0.1)
    if here is None or driven is None or fuller is None:
        return  # a step that never happens: nothing turns
    where, size = type(m).__name__, WITHIN * (1.0 + abs(here))
    if abs(driven - here + m.charge) > size:
        raise ModelError(
            f"{where}: the steps of a turn move {here - driven:.6g} charges into the cell, and `moves` {m.charge}; let the exponents of u "
            "in them make up the charge"
        )
    outside = log(3.0) * sum(m.moves.values())
    if abs(fuller - here - outside) > size:
        raise ModelError(
            f"{where}: the steps of a turn take {(fuller - here) / log(3.0):.6g} ions from outside, and `moves` {sum(m.moves.values())}; "
            "each ion belongs into one of the steps as often as it is moved, and what binds it into both rates of that site"
        )
    ions = sum(nu * log(c[f"c_out.{ion.name}"] / c[f"c_in.{ion.name}"]) for ion, nu in m.moves.items()) - 0.1 * m.charge
    if m.thermodynamics == "passive" and abs(here - ions) > size:
        raise ModelError(
            f"{where} is passive, and a turn of its steps has a drive of {here - ions:+.6g} RT where its ions are at equilibrium: the "
            "product of the rates forward must be that of the rates backward there"
        )


def _moved(m: Mechanism) -> set[str]:
    return {f"{side}.{ion.name}" for ion in m.moves for side in ("c_in", "c_out")}


def _turn(m: Mechanism, c: Mapping[str, float], u: float) -> float | None:
    """ln of the product of the rates forward over that of the rates backward; None where one of them is zero."""

    def read(what: float | str) -> float:
        if not isinstance(what, str):
            return float(what)
        if what in ("u", "V"):
            return u if what == "u" else 0.0267 * u
        return c[what] if "." in what else float(getattr(m, what))

    drive = 0.0
    for forward, backward in m.steps:
        up, down = forward.value(read), backward.value(read)
        if up <= 0.0 or down <= 0.0:
            return None
        drive += log(up / down)
    return drive
