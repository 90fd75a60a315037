"""Write tests/data/spiking_runs.json: long runs of the spiking twins, too slow to repeat in a test (minutes; the same numbers every time).

    python tests/reference/tabulate.py [name ...]

Each run has the preset's symbols (SI), its protocol, and what it gave: states at times, spike times, levels passed. Units SI: V in volts,
concentrations mol/m^3, times s, volumes m^3.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from reference.courses import Course, integrate
from reference.hodgkin_huxley import HodgkinHuxley
from reference.hubel_dahlem import HubelDahlem
from reference.seizures import Seizures
from reference.swelling_neuron import Swelling

FILE = Path(__file__).parents[1] / "data" / "spiking_runs.json"
ABOUT = "Runs of the twins in tests/reference at tight tolerances (1e-10 to 1e-11), SI. Written by tests/reference/tabulate.py."
Run = dict[str, Any]


def columns(rows: list[dict[str, float]], units: dict[str, float]) -> dict[str, list[float]]:
    return {name: [float(f"{row[name] * unit:.11g}") for row in rows] for name, unit in units.items()}


def seconds(times: Any) -> list[float]:
    return [round(float(t) * 1e-3, 10) for t in times]


# ---- Huebel & Dahlem ------------------------------------------------------------------------------------------------------------


def depolarisation(symbols: Run, protocol: list[tuple[float, dict[str, float]]], times: list[float], **own: Any) -> Run:
    """`protocol`: (end in s, what differs until then: rho and stimulus in uA/cm^2)."""
    model = HubelDahlem(**own)
    course = model.run([(end * 1e3, changes) for end, changes in protocol])
    at = [model.seen(y) for y in course.at([t * 1e3 for t in times])]
    K_out = lambda t, y: model.seen(y)["K_e"]  # noqa: E731
    levels = seconds(course.crossings(K_out, 20.0))
    highest = int(np.argmax([K_out(0.0, y) for y in course.y]))
    return {
        "preset": "hubel2014",
        "symbols": symbols,
        "protocol": [[end, {k: v * 0.01 for k, v in changes.items()}] for end, changes in protocol],
        "t": times,
        **columns(at, {"V": 1e-3, "K_e": 1.0, "Na": 1.0, "K": 1.0, "Cl": 1.0, "dK": 1.0}),
        "K_e passes 20": [levels[0], levels[-1]] if levels else [],
        "highest K_e": [round(course.t[highest] * 1e-3, 2), round(K_out(0.0, course.y[highest]), 6)],
        "spikes": len(course.crossings(lambda t, y: y[0], 0.0, +1)),
    }


OFF = [(20.0, {}), (29.5, {"rho": 0.0}), (100.0, {})]
STRUCK = [(20.0, {}), (20.5, {"stimulus": 100.0}), (95.0, {})]


def branch_end() -> Run:
    """When the depolarised branch loses its stability, and when it ends: an integrator leaves it in between.

    The spreading depolarisation creeps along a branch of fixed points of (V, n), which attracts for a minute (by a factor of e^-82000),
    then repels by a Hopf bifurcation and ends seconds later. The solution stays on it to the end; rounding leaves it earlier. An L-stable
    method with long steps damps what the branch repels, and follows.
    """
    out = {}
    for name, parts in (("off", OFF), ("stimulus", STRUCK)):
        model = HubelDahlem()
        y = model.run([(end * 1e3, changes) for end, changes in parts[:-1]] + [(40e3, {})], rtol=1e-9).last
        course = integrate([(80e3, lambda t, y, model=model: model.rhs(y))], y, rtol=1e-7, atol=1e-9, method="Radau")

        def growth(t: float, y: Any, model: HubelDahlem = model) -> float:
            fast = np.zeros((2, 2))
            for j, d in enumerate((1e-4, 1e-7)):
                ends = [np.array(model.rhs(np.where(np.arange(5) == j, y + s * d, y)))[:2] for s in (1, -1)]
                fast[:, j] = (ends[0] - ends[1]) / (2 * d)
            return float(np.linalg.eigvals(fast).real.max())

        end = float(course.crossings(lambda t, y: y[0], -40.0, -1)[0])
        times = np.linspace(20e3, end - 500, 400)
        rates = np.array([growth(t, y) for t, y in zip(times, course.at(times), strict=True)])
        turn = int(np.nonzero(rates > 0)[0][0])
        lost = np.interp(0.0, rates[turn - 1 : turn + 1], times[turn - 1 : turn + 1])
        out[name] = {"loses stability": round(40 + lost * 1e-3, 2), "ends": round(40 + end * 1e-3, 1)}
    return {"preset": "hubel2014", "symbols": {"buffer": "glia"}, **out}


# ---- Barreto & Cressman ---------------------------------------------------------------------------------------------------------


def seizure(symbols: Run, until: float, own: Run, start: list[float] | None = None) -> Run:
    model = Seizures(**own)
    y0 = model.start() if start is None else np.array(start)
    course = model.run(until * 1e3, y0)
    times = [float(t) for t in np.arange(1.0, until + 0.5)]
    at = [model.seen(y) for y in course.at([t * 1e3 for t in times])]
    return {
        "preset": "barreto_cressman2011",
        "symbols": symbols,
        "start": dict(zip(("V", "n", "h", "K_e", "Na", "Ca"), [y0[0] * 1e-3, *y0[1:]], strict=False)),
        "t": times,
        **columns(at, {"K_e": 1.0, "Na": 1.0, "Ca": 1.0}),
        "spikes": seconds(course.crossings(lambda t, y: y[0], 0.0, +1)),
    }


# ---- Hodgkin & Huxley -----------------------------------------------------------------------------------------------------------


def axon(symbols: Run, protocol: list[tuple[float, float]], **own: float) -> Run:
    """`protocol`: (end in ms, uA/cm^2 until then), from rest."""
    model = HodgkinHuxley(**own)
    course = model.run(protocol, rtol=1e-12)
    times = [float(t) for t in np.linspace(0.0, protocol[-1][0], 6)[1:]]
    at = [dict(zip("Vmhn", y, strict=True)) for y in course.at(times)]
    return {
        "preset": "hodgkin_huxley1952",
        "symbols": symbols,
        "protocol": [[round(end * 1e-3, 6), current * 0.01] for end, current in protocol],
        "t": seconds(times),
        **columns(at, {"V": 1e-3, "m": 1.0, "h": 1.0, "n": 1.0}),
        "spikes": seconds(model.spikes(course)),
        "turns": [[round(t * 1e-3, 9), round(V * 1e-3, 9)] for t, V in model.turns(course, protocol)][:6],
    }


# ---- Dijkstra -------------------------------------------------------------------------------------------------------------------


def swelling(symbols: Run, protocol: list[tuple[float, dict[str, float]]], times: list[float], rtol: float = 1e-9, **own: float) -> Run:
    """`protocol`: (end in s, what differs until then), from rest at full pump."""
    model = Swelling(**own)
    course: Course = model.run([(end * 1e3, changes) for end, changes in protocol], y0=model.rest(), rtol=rtol)
    at = [model.seen(y) for y in course.at([t * 1e3 for t in times])]
    spikes = seconds(course.crossings(lambda t, y: y[0], 0.0, +1))
    return {
        "preset": "dijkstra2016",
        "symbols": symbols,
        "protocol": protocol,
        "t": times,
        **columns(at, {"V": 1e-3, "Na": 1.0, "K": 1.0, "Cl": 1.0, "w": 1e-15}),
        "spikes": len(spikes),
        "first and last spike": [spikes[0], spikes[-1]] if spikes else [],
    }


W7 = {"K_b": 8.0, "gamma": 0.0445, "eps": 1.333, "G": 66.666, "calcium": False, "g_AHP": 0.0}
RUNS: dict[str, Callable[[], Run]] = {
    "m4.glia": lambda: depolarisation({"buffer": "glia"}, OFF, [20.0, 24.0, 28.0, 35.0, 60.0, 90.0, 100.0]),
    "m4.off8": lambda: depolarisation({"buffer": "glia"}, [(20.0, {}), (28.0, {"rho": 0.0}), (40.0, {})], [28.0, 40.0]),
    "m4.off5": lambda: depolarisation({"buffer": "glia"}, [(20.0, {}), (25.0, {"rho": 0.0}), (40.0, {})], [25.0, 40.0]),
    "m4.bath": lambda: depolarisation({"buffer": "bath"}, OFF, [28.0, 35.0, 60.0, 90.0], buffer="bath"),
    "m4.closed": lambda: depolarisation({"buffer": None}, OFF, [28.0, 35.0, 60.0, 100.0], buffer=None),
    "m4.stimulus": lambda: depolarisation({"buffer": "glia"}, STRUCK, [20.2, 20.5, 27.0, 60.0, 90.0]),
    "m4.dynamic": lambda: depolarisation({"buffer": "glia", "h": "dynamic"}, OFF, [28.0, 35.0, 60.0, 90.0], dynamic=True),
    "m4.other": lambda: depolarisation(
        {"buffer": "bath", "rho": 0.0525, "g_Cl": 0.5, "K_b": 5.0},
        [(5.0, {}), (17.0, {"rho": 1.0}), (60.0, {})], [5.0, 12.0, 30.0, 60.0], buffer="bath", rho=5.25, g_Cl=0.05, K_b=5.0,
    ),
    "m4.branch": branch_end,
    "m8.w7": lambda: seizure({"bath.K": 8.0}, 5.0, W7),
    "m8.burst": lambda: seizure({"bath.K": 8.0}, 5.0, {"K_b": 8.0}),
    "m8.other": lambda: seizure({"bath.K": 10.0, "rho": 1.0, "G": 50.0, "eps": 1.0}, 4.0, {"K_b": 10.0, "rho": 1.0, "G": 50.0, "eps": 1.0}),
    "m12.step": lambda: axon({}, [(1000.0, 10.0)]),
    "m12.pulse": lambda: axon({}, [(1.0, 20.0), (20.0, 0.0)]),
    "m12.warm": lambda: axon({"T": 291.65}, [(1.0, 20.0), (10.0, 0.0)], celsius=18.5),
    "m12.other": lambda: axon(
        {"E_L": -0.052, "g_K": 300.0, "C": 0.015}, [(5.0, 0.0), (105.0, 15.0), (120.0, -5.0)], E_L=-52.0, g_K=30.0, C=1.5
    ),
    "m11.stopped": lambda: swelling({}, [(600.0, {"s": 0.0})], [20.0, 60.0, 300.0, 600.0]),
    "m11.no Cl gate": lambda: swelling({"P_Cl_gated": 0.0}, [(600.0, {"s": 0.0})], [20.0, 300.0, 600.0], P_ClG=0.0),
    "m11.no Na gate": lambda: swelling({"P_Na_gated": 0.0}, [(3600.0, {"s": 0.0}), (5400.0, {})], [60.0, 600.0, 3600.0, 5400.0], P_NaG=0.0),
    "m11.restored": lambda: swelling(
        {}, [(900.0, {"s": 0.0}), (1800.0, {}), (3600.0, {"P_NaG": 0.0}), (4500.0, {})], [900.0, 1800.0, 3600.0, 4500.0], rtol=1e-8
    ),
}  # fmt: skip


def main(names: list[str]) -> None:
    found = {name: RUNS[name]() for name in (names or RUNS)}
    kept = (json.loads(FILE.read_text())["runs"] if FILE.exists() else {}) | found
    lines = [f"  {json.dumps(name)}: {json.dumps(kept[name])}" for name in RUNS if name in kept]
    FILE.write_text(f'{{\n "about": {json.dumps(ABOUT)},\n "runs": {{\n' + ",\n".join(lines) + "\n }\n}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
