"""One mechanism by itself: its rate, currents and energetics on arrays, by the kernel that the engine runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ._dispatch import kernels
from .constants import FARADAY, GAS_CONSTANT
from .errors import InputError, ModelError, ShapeError, UnitRangeError, UnknownNameError
from .fields import plain
from .lowering.gates import Gates, channel_rate
from .lowering.program import Node, Program
from .lowering.rate_tables import VOLTS
from .lowering.rates import Env, Formula, Ring, affinity, rate
from .mechanisms import Law
from .mechanisms.base import ions_read
from .mechanisms.channels import Way
from .species import TEMPERATURE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .mechanisms import Mechanism

__all__ = ["IV", "Evaluation", "evaluate", "iv"]

Array = Any
V_MOST = 25.0  # V; a guard against slips of units
C_MOST = 6e4  # mol/m^3


class Evaluation(NamedTuple):
    """What a mechanism does; every field has the shape of the inputs broadcast together (floats for floats).

    Attributes
    ----------
    rate : cycles, mol m^-2 s^-1, positive in the direction in which `moves` is written. flux : {ion name: mol m^-2 s^-1, outward}.
    current : A/m^2, outward (of a CurrentClamp: into the cell). dI_dV : S/m^2.
    affinity : J/mol per cycle: of the ions, RT sum nu ln(c_out/c_in) - q F V; of a cycle (`Law.CYCLE`) of all that drives it, ions and ATP;
    NaN where several ions pass a channel, each by its own. work : W/m^2 put into the gradients of the ions, minus rate times their
    affinity. atp : mol m^-2 s^-1 used. For a mechanism that is counted per volume all these are per m^3 of the cell.
    """

    rate: Array
    flux: Mapping[str, Array]
    current: Array
    dI_dV: Array
    affinity: Array
    work: Array
    atp: Array


class _Alone:
    """A mechanism in a membrane of its own: V is the state, all else are parameters, gates too where they are given."""

    def __init__(self, m: Mechanism, there: frozenset[str], opened: Iterable[str], tabled: bool) -> None:
        self.program = p = Program()
        self.formulas: list[Formula] = []
        self._nodes: dict[str, Node] = {}
        V = p.state()
        u = p.product(V, self._slot("1/VT", lambda v: 1.0 / v["_VT"]))

        def c(name: str) -> Node:
            return self._slot(name, lambda v: v[name])

        one = self._slot("volume", lambda v: 1.0)
        env = Env(p, self._slot, "", FARADAY, u, c, lambda name: p.log(c(name)), one, there.__contains__)
        gates = Gates({f"{m.name}.{gate.name}": gate for gate in m.gates}, "", TEMPERATURE.value, None, tabled=tabled)
        gates.bind(env, V, m.moves)
        for name in opened:
            gates.give(f"{m.name}.{name}", self._slot(f"gate.{name}", partial(_entry, f"gate.{name}")))
        rates = {w: channel_rate(env, gates, w) if isinstance(w, Way) else rate(env, w) for w in m.ways}
        p.row(V, {node: float(w.charge) for w, node in rates.items()})
        p.tolerance({V: 1.0}, V, self._slot("atol", lambda v: 1.0))
        self.ways = tuple(rates)
        ions = [p.sum(affinity(env, w)) for w in rates]
        whole = [p.sum(Ring(env, m).affinity())] if m.law is Law.CYCLE else ions
        wanted = [*rates.values(), *ions, *whole]
        tables, register = p.finish(wanted=wanted)
        tables.pop("pattern")
        self.plan = kernels.Plan(tables)
        self.want = np.array([register[node] for node in wanted], np.intc)

    def _slot(self, name: str, formula: Formula) -> Node:
        if name not in self._nodes:
            self._nodes[name] = self.program.parameter()
            self.formulas.append(formula)
        return self._nodes[name]

    def __call__(self, V: NDArray[np.float64], values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Rates of the ways, affinities over RT of their ions and of all that drives them (3 ways, m), d(charge)/dV at m potentials."""
        m = len(V)
        slots = [np.asarray(f(values), dtype=float) for f in self.formulas]
        varying = [i for i, x in enumerate(slots) if x.ndim]
        base = np.array([x.flat[0] for x in slots])
        rows = np.ascontiguousarray(np.stack([slots[i] for i in varying], axis=1)) if varying else np.empty((m, 0))
        out, f, J = np.empty((len(self.want), m)), np.empty((m, 1)), np.empty((m, 1))
        self.plan.evaluate(np.ascontiguousarray(V)[:, None], base, np.array(varying, np.intc), rows, self.want, out, f, J)
        return (*out.reshape(3, len(self.ways), m), J[:, 0])


def evaluate(
    m: Mechanism,
    *,
    V: Array,
    c_in: Mapping[Any, Array],
    c_out: Mapping[Any, Array],
    T: Array = 310.15,
    extra: Any = None,
    gates: Any = None,
) -> Evaluation:
    """A mechanism at given potentials and concentrations.

    Parameters
    ----------
    V : V, inside minus outside. c_in, c_out : {ion: mol/m^3}. T : K. All broadcast.
    extra : {pool: mol/m^3} inside, for mechanisms that read pools such as ATP. What a mechanism reads only where it is may be left out.
    gates : {name: open probability} of a channel, ``{"m": 0.05}``; those not named stand at their steady value at V.

    Raises
    ------
    InputError
        A concentration that the mechanism needs is missing or negative.
    ModelError
        The mechanism has no rate of its own (Water, VoltageClamp).
    """
    if m.law in (Law.WATER, Law.VOLTAGE, Law.OUTSIDE, Law.BUFFER):
        raise ModelError(f"{m.name} has no rate law in V and concentrations, so there is nothing to evaluate")
    opened = {name: _checked(f"gates[{name}]", x, 0.0, 1.0, "1") for name, x in (gates or {}).items()}
    if unknown := [name for name in opened if name not in [gate.name for gate in m.gates]]:
        raise UnknownNameError.among(f"{m.name} has no gate", unknown[0], [gate.name for gate in m.gates])
    given = {"V": _checked("V", V, -V_MOST, V_MOST, "V"), "T": _checked("T", T, TEMPERATURE.lo, TEMPERATURE.hi, "K")}
    needed, read = ions_read(m), ions_read(m, needed=False)
    for side, table in (("c_in", {**_named(c_in, "c_in"), **_named(extra or {}, "extra")}), ("c_out", _named(c_out, "c_out"))):
        for name in sorted(read[side]):
            if name not in table:
                if name not in needed[side]:
                    continue
                raise InputError(f"{m.name} needs [{name}]; add it to {side}=")
            given[f"{side}.{name}"] = _checked(f"{side}[{name}]", table[name], 0.0, C_MOST, "mol/m^3")
    given |= {f"gate.{name}": x for name, x in opened.items()}
    try:
        columns = dict(zip(given, np.broadcast_arrays(*given.values()), strict=True))
    except ValueError:
        raise ShapeError("evaluate: shapes do not broadcast: " + ", ".join(f"{k} {x.shape}" for k, x in given.items())) from None
    shape = columns["V"].shape
    # what is one number stays one number: a parameter that is the same for all rows
    values: dict[str, Any] = {k: float(given[k]) if given[k].ndim == 0 else x.ravel() for k, x in columns.items()}
    values |= {f"{m.name}.{name}": p.value for name, p in m.parameters().items()}
    values |= {"area": 1.0, "_VT": GAS_CONSTANT * values["T"] / FARADAY}
    for ion in getattr(m, "shared", None) or ():  # the start of a cell is here where it stands
        values |= {f"inside.{ion.name}": values[f"c_in.{ion.name}"], f"bath.{ion.name}": values[f"c_out.{ion.name}"]}
    there = frozenset(given)
    volts = np.asarray(columns["V"], dtype=float).ravel()

    def alone(tabled: bool) -> _Alone:
        found: _Alone = m._cache.get((there, tabled)) or m._cache.setdefault((there, tabled), _Alone(m, there, opened, tabled))
        return found

    ways, found = alone(True).ways, alone(True)(volts, values)
    beyond = np.abs(volts) > VOLTS
    if m.gates and np.any(beyond):  # where the tables of a cell's gates end, the rates themselves
        found = tuple(np.where(beyond, x, y) for x, y in zip(alone(False)(volts, values), found, strict=True))
    cycles, driving, whole, slope = found

    if getattr(m, "shared", None) and np.any(np.isnan(cycles)):
        raise InputError(f"{m.name}.E_rev lies outside the Nernst potentials of the two ions at some of these concentrations")

    def shaped(x: Any) -> Any:
        x = np.asarray(x) + 0.0  # no negative zeros
        return float(x[0]) if not shape else x.reshape(shape)

    def times(n: float, x: Any) -> Any:
        return n * x if n else np.zeros_like(x)  # also where the rate is infinite, at a concentration of zero

    sign = 1.0 if m.law is Law.CURRENT else -1.0
    with np.errstate(invalid="ignore"):
        RT = GAS_CONSTANT * values["T"]
        energy = RT * whole
        work = -np.sum(cycles * (RT * driving), axis=0)
    charges = [times(sign * FARADAY * w.charge, x) for w, x in zip(ways, cycles, strict=True)]
    total = np.sum(cycles, axis=0)
    return Evaluation(
        shaped(total),
        {ion.name: shaped(-nu * x) for w, x in zip(ways, cycles, strict=True) for ion, nu in w.moves.items()},
        shaped(sum(charges[1:], charges[0])),
        shaped(sign * FARADAY * slope),
        shaped(energy[0] if len(ways) == 1 else np.full_like(total, np.nan)),
        shaped(work),
        shaped(times(m.uses.get("ATP", 0), total)),
    )


def _entry(name: str, v: Mapping[str, Any]) -> Any:
    return v[name]


@dataclass(frozen=True, eq=False)
class IV:
    """Current against potential: V (V), current (A/m^2, outward), conductance dI/dV (S/m^2), flux {ion: mol m^-2 s^-1, outward}."""

    label: str
    V: NDArray[np.float64]
    current: NDArray[np.float64]
    conductance: NDArray[np.float64]
    flux: Mapping[str, NDArray[np.float64]]

    @property
    def reversal(self) -> float:
        """Where the current changes sign, between the points by a straight line; NaN where it does not."""
        k = np.flatnonzero(np.signbit(self.current[:-1]) != np.signbit(self.current[1:]))
        if not len(k):
            return float("nan")
        i = int(k[0])
        part = self.current[i] / (self.current[i] - self.current[i + 1])
        return float(self.V[i] + part * (self.V[i + 1] - self.V[i]))

    def plot(self, ax: Any = None) -> Any:
        """Draw it on `ax` or a new figure, and return the axes (needs the `app` extra)."""
        from .plotting import iv_curve

        return iv_curve(self, ax)

    def __repr__(self) -> str:
        span = f"{1e3 * self.V[0]:g}...{1e3 * self.V[-1]:g} mV"
        return f"<IV of {self.label}: {len(self.V)} points, {span}, reversal {1e3 * self.reversal:.4g} mV>"

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        return iter((self.V, self.current))


def iv(m: Mechanism, *, V: Array = None, **state: Any) -> IV:
    """Current-voltage curve of a mechanism.

    Parameters
    ----------
    V : (n,) V; default -150 to 100 mV. c_in, c_out, T, extra : numbers, as in `evaluate`.
    """
    at = np.linspace(-0.15, 0.1, 251) if V is None else np.atleast_1d(np.asarray(V, dtype=float))
    if at.ndim != 1 or len(at) < 2:
        raise ShapeError(f"iv: V has shape {at.shape}; give a one-dimensional array of at least two potentials")
    seen = evaluate(m, V=at, **state)
    return IV(m.name, at, np.asarray(seen.current), np.asarray(seen.dI_dV), seen.flux)


def _named(given: Mapping[Any, Array], what: str) -> dict[str, Array]:
    if not isinstance(given, Mapping):
        raise InputError(f"{what} = {given!r}; give a mapping {{ion: mol/m^3}}")
    return {key if isinstance(key, str) else getattr(key, "name", repr(key)): value for key, value in given.items()}


def _checked(name: str, value: Array, lo: float, hi: float, unit: str) -> NDArray[np.float64]:
    x = np.asarray(value if isinstance(value, (np.ndarray, list, tuple)) else plain(value, None, name), dtype=float)
    bad = (x < lo) | (x > hi)  # NaN passes and comes out as NaN
    if np.any(bad):
        first = np.argwhere(bad)[0]
        where = f"[{', '.join(map(str, first))}]" if x.ndim else ""
        count = f" ({int(bad.sum())} of {x.size} are)" if x.ndim else ""
        worst = float(x[bad][0])
        write = f"; write {worst:g}*mV (ionflux.units) if that is what is meant" if unit == "V" else ""
        raise UnitRangeError(f"{name}{where} = {worst:g} {unit} is outside {lo:g}...{hi:g} {unit}{count}{write}")
    return x
