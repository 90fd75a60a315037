"""The twins and the reference numbers check each other, without the package."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from drawn import first
from reference import models
from reference.pump_leak import (
    IONS,
    PumpLeak,
    Rest,
    charge_rest,
    closed_form,
    eigenvalues,
    exact,
    fluxes,
    growth,
    largest_pump,
    pump_of_minimal_volume,
)
from reference.transients import charge_gap, integrate

ROWS = models.reference("m1_m2")["entries"]
TWINS = {"kay2017": models.kay2017, "dusterwald2018": models.dusterwald2018}
START = {
    "kay2017": (models.KAY_START, models.KAY_VOLUME),
    "dusterwald2018": (models.DUSTERWALD_START, models.DUSTERWALD_VOLUME),
}


def rest_quantity(p: PumpLeak, rest: Rest, w0: float, quantity: str) -> Any:
    E = rest.E(exact(p))
    return {
        "V": rest.V,
        "[Na]_in": rest.c["Na"],
        "[K]_in": rest.c["K"],
        "[Cl]_in": rest.c["Cl"],
        "impermeant concentration": rest.X,
        "volume / initial volume": rest.w / w0,
        "E_Na": E["Na"],
        "E_K": E["K"],
        "E_Cl": E["Cl"],
        "V - E_Cl": rest.V - E["Cl"],
        "pump current density J": rest.j * p.F,
    }[quantity]


RESTS = [r for r in ROWS if r["form"] in ("closed", "steady")]


@pytest.mark.parametrize("row", first(20, RESTS), ids=lambda r: r["id"])
def test_twin_reproduces_the_rest(row: dict[str, Any]) -> None:
    with mp.workdps(30):
        p = TWINS[row["preset"]](**row["overrides"])
        rest = closed_form(p)
        assert rest is not None
        if row["form"] == "steady":
            rest = charge_rest(p, rest)
        got = rest_quantity(p, rest, START[row["preset"]][1], row["quantity"])
    assert float(got) == pytest.approx(row["value"], rel=row["rtol"])


def test_twin_reproduces_the_spectrum_and_the_step_of_m1() -> None:
    values = {r["id"]: r for r in ROWS}
    p = models.kay2017()
    with mp.workdps(40):
        closed = closed_form(p)
        assert closed is not None
        rest = charge_rest(p, closed)
        for i, s in enumerate(eigenvalues(p, rest)):
            row = values[f"m1.eig.{i}"]
            assert float(mp.re(s)) == pytest.approx(row["value"], rel=row["rtol"])
    assert 0.005 / sum(p.g.values()) == pytest.approx(values["m1.step.predicted"]["value"], rel=values["m1.step.predicted"]["rtol"])
    start = ({k: float(rest.c[k] * rest.w) for k in IONS}, float(rest.w), float(rest.V))
    run = integrate(p.but(j_max=0.0), start, [0.02])
    row = values["m1.step.20ms"]
    assert float(run.V[0, 0] - start[2]) == pytest.approx(row["value"], rel=row["rtol"])


def test_twin_reproduces_the_transient_of_m1_and_keeps_the_charge() -> None:
    p = models.kay2017()
    runs = [integrate(p, models.start_of(p, *START["kay2017"]), [100.0, 1000.0, 3000.0], q=q) for q in (0.1, 0.05)]
    np.testing.assert_allclose(runs[0].V, runs[1].V, rtol=1e-10)
    assert charge_gap(p, runs[1]) < 1e-11
    for row in ROWS:
        if row["form"] == "transient":
            i = [100, 1000, 3000].index(int(row["id"].split(".")[2].removesuffix("s")))
            got = runs[1].V[0, i] if row["quantity"] == "V" else runs[1].w[0, i] / models.KAY_VOLUME
            assert float(got) == pytest.approx(row["value"], rel=1e-7)


def bench(cells: int | None, times: list[float], q: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(cells, times, 5) samples of the bench: pump off from 3 h to 4 h."""
    p, state = models.ouabain_bench(**({} if cells is None else models.sweep_sizes(cells)))
    out = []
    for a, b, pump in ((0.0, 10800.0, 1.0), (10800.0, 14400.0, 0.0), (14400.0, 36000.0, 1.0)):
        inside = [t - a for t in times if a < t <= b]
        run = integrate(p.but(j_max=p.j_max * pump), state, [*inside, *([b - a] if b - a not in inside else [])], q=q, longest=400.0 * q)
        state = run.state(-1)
        out += [np.stack([*(run.c[k][:, i] for k in IONS), run.w[:, i] / models.BENCH_VOLUME, run.V[:, i]], -1) for i in range(len(inside))]
    return np.stack(out, axis=1)


def test_twin_reproduces_the_ouabain_bench_to_1e_9() -> None:
    data = models.reference("ouabain_bench")
    got = bench(None, data["t"], 0.1)[0]
    np.testing.assert_allclose(got, data["cell"], rtol=1e-9)


def test_twin_reproduces_the_sweep_to_1e_9() -> None:
    data = models.reference("ouabain_bench")
    np.testing.assert_allclose(bench(20, data["sweep_t"], 0.1), data["sweep"], rtol=1e-9)


def test_rest_of_the_twin_balances_to_thirty_digits() -> None:
    with mp.workdps(40):
        for p in (models.kay2017(), models.dusterwald2018(), models.dusterwald2018(g_NKCC1=0.02)):
            closed = closed_form(p)
            assert closed is not None
            rest = charge_rest(p, closed)
            flux = fluxes(exact(p), rest.c, rest.V, mp.mp)
            for k in IONS:
                net, largest = sum(f.get(k, 0) for f in flux.values()), max(abs(f.get(k, 0)) for f in flux.values())
                assert abs(net) <= mp.mpf(10) ** -30 * largest


def test_limits_of_the_pump_bracket_the_states_of_m1() -> None:
    p = models.kay2017()
    P_star, P_max = float(pump_of_minimal_volume(p)), float(largest_pump(p))

    def volume(P: float) -> float:
        rest = closed_form(models.kay2017(P=P))
        return float("inf") if rest is None else float(rest.w)

    assert volume(P_star) < min(volume(0.99 * P_star), volume(1.01 * P_star))
    assert volume(P_max * (1 - 1e-9)) < float("inf") == volume(P_max * (1 + 1e-9))
    assert float(growth(p, 0.0)) == 0.0
    assert closed_form(models.kay2017(P=0.0)) is None
