"""Which method a run takes when nobody says: from what its first steps cost and what they would cost the other one.

Pumps against leaks are stiff: the potential follows in milliseconds what the ions do in minutes, and only the implicit method can take
steps of minutes. A membrane that fires needs short steps for its spikes whatever the method, and then an explicit step, which has no
matrix to make and solve, costs less. So a cell whose gates have time courses of their own starts with the implicit method. If that has not
arrived after two thousand steps, the spectral radius ρ of the Jacobian along them says how many explicit steps the same stretch needs:
as many where ρh is small, ρh/3 of them where stability limits the step. What comes after may be quiet; the explicit pair is taken only if
even then it would not cost much more than the implicit method would if nothing changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._dispatch import kernels
from .errors import InputError, Status
from .kernel_arrays import kernel_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cells import Cell
    from .protocols import Protocol

__all__ = ["METHODS", "check_method", "excitable", "prefers_explicit"]

METHODS = ("auto", "implicit", "explicit")
#: accepted steps of the trial
TRIAL = 2048
#: of these, one in so many is looked at
EVERY = 16
#: cost of a step in evaluations of the right-hand side: six; eight, with a Jacobian, its factors and eight solutions
EXPLICIT, IMPLICIT = 6.0, 14.0
#: ρh that the explicit pair bears on the negative axis, less what its step control wastes near it
STABLE = 3.0
#: how much more a run that turns quiet may cost
REGRET = 2.0
#: ρh of explicit steps that are as long as stability lets them be
LIMITED = (2.1, 3.0)
#: polls of the kernel, each after the same number of steps, between two looks at a run
LOOK = 64


def check_method(method: str, protocol: Protocol | None = None) -> None:
    """Refuse what is no method, and an explicit one for this protocol where it cannot be."""
    if method not in METHODS:
        raise InputError(f"method = {method!r}; choose 'auto', 'implicit' or 'explicit'")
    if method == "explicit" and protocol is not None and protocol.lowered.model.algebraic:
        raise InputError("method = 'explicit' cannot find potentials without a capacitor (electroneutral, charged faces); use 'implicit'")


def excitable(cell: Cell) -> bool:
    """Whether the cell has gates with time courses of their own."""
    found = cell._cache.get("excitable")
    if found is None:
        found = cell._cache["excitable"] = any(not gate.at_once for gate in cell.gates.values())
    return bool(found)


def prefers_explicit(protocol: Protocol, rtol: float) -> bool:
    """Whether the explicit pair is the cheaper one for this run; the same answer however often and wherever it is asked."""
    lowered = protocol.lowered
    if lowered.model.algebraic or not excitable(lowered.cell):
        return False
    if rtol not in protocol.explicit:
        steps = _first_steps(protocol, rtol)
        protocol.explicit[rtol] = steps is not None and _pays(protocol, steps)
    return protocol.explicit[rtol]


def turned(protocol: Protocol, explicit: bool, y: NDArray[np.float64], t: float, step: float) -> bool:
    """Whether a run looks as if the other method were the better one: where it stands, with the mean of its last steps (s).

    One look may fall on a spike; two in a row count.

    A membrane that has fallen quiet leaves the explicit pair at the limit of its stability, and the implicit method could go on in strides;
    one that fires again needs short steps of both.
    """
    _, J = protocol.lowered.derivatives(y[None], protocol.base, protocol.slots, protocol.rows_at(np.array([t])))
    if not np.all(np.isfinite(J)):
        return False
    stiffness = step * float(np.max(np.abs(np.linalg.eigvals(J[0]))))
    # more than the pair bears cannot be its mean: the look fell on a spike
    return LIMITED[0] < stiffness < LIMITED[1] if explicit else stiffness < STABLE


def _first_steps(protocol: Protocol, rtol: float) -> NDArray[np.float64] | None:
    """t, t_new, y of the first implicit steps; None if the run is over before."""
    n = len(protocol.lowered.state_names)
    arrays = kernel_arrays(protocol, protocol.start.copy(), steps=TRIAL)
    run = kernels.Run(protocol.lowered.plan, arrays, rtol)
    run.work(False, lambda: run.cancel() if run.full_records else None)
    if not run.full_records or int(arrays["status"][0]) == Status.OK:
        return None
    return np.asarray(run.full_records[0][::EVERY, : 2 + n])


def _pays(protocol: Protocol, steps: NDArray[np.float64]) -> bool:
    """Whether the explicit pair costs less over these steps, and not much more in the quietest future."""
    t, h, y = steps[:, 0], steps[:, 1] - steps[:, 0], np.ascontiguousarray(steps[:, 2:])
    _, J = protocol.lowered.derivatives(y, protocol.base, protocol.slots, protocol.rows_at(t))
    if not np.all(np.isfinite(J)):
        return False
    radius = np.max(np.abs(np.linalg.eigvals(J)), axis=1)
    implicit = IMPLICIT * len(steps)
    explicit = EXPLICIT * np.sum(np.maximum(1.0, h * radius / STABLE))
    # per second of the run, the steps looked at standing for all of them
    going_on = EVERY * implicit / (steps[-1, 1] - steps[0, 0])
    quiet = EXPLICIT * float(np.quantile(radius, 0.1)) / STABLE
    return bool(explicit < implicit and quiet < REGRET * going_on)
