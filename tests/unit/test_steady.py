"""Rests: what is held, what totals are given, several of them, none of them; and leaks that make a rest."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import KCC2, Bath, Cell, Cl, CubicNaKATPase, Impermeant, K, Leak, LinearNaKATPase, Mechanism, Na, NaKATPase, Water
from ionflux.fields import param
from ionflux.mechanisms import Law, mechanism, saturation

IONS = (Na, K, Cl)
LEAKS = (Leak(Na, g=0.1), Leak(K, g=1.0), Leak(Cl, g=0.5))


@mechanism
class Greedy(Mechanism):
    """Uptake of Na that Na inside speeds up, J = J_max ([Na]/(K + [Na]))^6: positive feedback, for two rests."""

    law = Law.PRODUCT
    moves = {Na: +1}
    strength = "J_max"
    thermodynamics = "published"
    factors = (saturation("c_in.Na", "K_half", 6),)

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-3, doc="uptake at saturation")
    K_half: float = param("mol m^-3", 15.0, lo=0.1, hi=200, doc="half-saturation")


def make(*more: Any, **changes: Any) -> Cell:
    given: dict[str, Any] = {
        "area": 7e-10,
        "volume": 1.75e-15,
        "C_m": 0.01,
        "V": -0.07,
        "inside": {Na: 10.0, K: 140.0, Cl: 10.0},
        "bath": Bath({Na: 145.0, K: 5.0, Cl: 150.0}),
        "impermeant": Impermeant(c=140.0),
        "membrane": [*LEAKS, *(more or (NaKATPase(J_max=1e-6),))],
    }
    return Cell(**{**given, **changes})


def assert_budget_closed(rest: Any, ions: Any = IONS) -> None:
    for ion in ions:
        moved = rest.budget[ion]
        assert abs(sum(moved.values())) <= 1e-11 * max(map(abs, moved.values())) + 1e-20, ion


# ------------------------------------------------------------------------------------------------------------------ one rest


@pytest.mark.parametrize("water", [(), (Water(P_f=2e-5),), (Water(instant=True),)], ids=["rigid", "in time", "at once"])
@pytest.mark.parametrize(
    "pump", [NaKATPase(J_max=1e-6), CubicNaKATPase(J_max=1e-4), LinearNaKATPase(k=5e-9)], ids=lambda p: type(p).__name__
)
def test_at_rest_every_ion_is_balanced(pump: Any, water: Any) -> None:
    rest = make(pump, KCC2(g=0.1), *water).steady_state()
    assert_budget_closed(rest)
    assert rest.stable
    assert rest.residual < 1e-9
    assert set(rest.budget[K]) == {"leak_K", "NaKATPase", "KCC2"}
    assert sum(float(rest.current[m.name]) for m in rest.cell.mechanisms) == pytest.approx(0.0, abs=1e-12)


@mechanism
class Supply(Mechanism):
    """ATP made at a constant rate, moving nothing across the membrane."""

    law = Law.PRODUCT
    moves = {}
    uses = {"ATP": -1}
    strength = "J"
    thermodynamics = "published"

    J: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="ATP made")


@mechanism
class Hungry(Mechanism):
    """A pump that ATP drives: J = J_max ATP/(K + ATP)."""

    law = Law.PRODUCT
    moves = {Na: -3, K: +2}
    uses = {"ATP": 1}
    strength = "J_max"
    thermodynamics = "irreversible"
    factors = (saturation("c_in.ATP", "K_ATP", 1),)

    J_max: float = param("mol m^-2 s^-1", lo=0, hi=1e-4, doc="cycles at saturation")
    K_ATP: float = param("mol m^-3", 0.5, lo=1e-3, hi=10, doc="half-saturation by ATP")


def test_pools_come_to_rest_where_what_is_made_is_spent() -> None:
    """J_max ATP/(K + ATP) = J, so ATP = K J/(J_max - J), from far away."""
    cell = make(Hungry(J_max=4e-7), Supply(J=1e-7), pools=[ifx.Pool("ATP", 3.0)])
    rest = cell.steady_state()
    assert rest.c_in["ATP"] == pytest.approx(0.5 / 3, rel=1e-10)
    assert rest.atp == pytest.approx(1e-7 * cell.area, rel=1e-10)  # what is used; the supply is no use
    assert rest.stable
    assert_budget_closed(rest)
    assert float(rest.resting().simulate(10.0).c_in["ATP"][-1]) == pytest.approx(0.5 / 3, rel=1e-8)


def test_a_rest_is_a_start_that_stays() -> None:
    cell = make(NaKATPase(J_max=1e-6), Water(P_f=2e-5))
    rest = cell.steady_state()
    resting = rest.resting()
    assert resting.start.V == pytest.approx(rest.V, abs=1e-12)
    run = resting.simulate(1e5)
    assert float(np.ptp(run.V)) < 1e-8
    for ion in IONS:
        assert float(np.ptp(run.c_in[ion])) < 1e-7 * rest.c_in[ion]
    assert resting.steady_state().V == pytest.approx(rest.V, abs=1e-12)


@pytest.mark.parametrize("water", [(), (Water(P_f=2e-5),)], ids=["rigid", "in time"])
def test_the_limit_without_a_capacitor_for_cells_without_a_formula(water: Any) -> None:
    """Of a Goldman cell: charge inside vanishes, and it is the rest of the cell that is electroneutral by construction."""
    leaks = [Leak(Na, P=1e-9), Leak(K, P=1e-8), Leak(Cl, P=5e-9), NaKATPase(J_max=2e-6), *water]
    limit = make(membrane=leaks).steady_state(electroneutral=True)
    neutral = make(membrane=leaks, V=None, potential="electroneutral")
    [(z, n)] = make(membrane=leaks).start.impermeants
    charge = sum(ion.z * limit.amount[ion] for ion in IONS) + z * n
    assert abs(charge) <= 1e-12 * sum(limit.amount[ion] for ion in IONS)
    # its impermeant differs by the charge that V took at the start: some 1e-5
    rest = neutral.steady_state()
    assert limit.V == pytest.approx(rest.V, abs=1e-5)
    assert limit.c_in[K] == pytest.approx(rest.c_in[K], rel=1e-4)
    with_capacitor = make(membrane=leaks).steady_state()
    assert 0 < abs(with_capacitor.V - limit.V) < 1e-4


# -------------------------------------------------------------------------------------------------------- what is held or given


def test_held_concentrations_stay_and_the_others_come_to_rest() -> None:
    cell = make()
    rest = cell.steady_state(hold=["c_in.K"])
    assert rest.c_in[K] == pytest.approx(140.0, rel=1e-13)
    assert_budget_closed(rest, (Na, Cl))
    assert rest.V < cell.steady_state().V - 1e-5
    run = cell.replace({"hold": ("c_in.K",)}).simulate(1e5, at=[1e5], rtol=1e-10)
    assert float(run.V[0]) == pytest.approx(rest.V, abs=1e-9)
    with pytest.raises(ifx.UnknownNameError):
        cell.steady_state(hold=["c_in.Ca"])


def test_a_held_volume_is_that_of_a_rigid_cell() -> None:
    held = make(NaKATPase(J_max=1e-6), Water(P_f=2e-5)).steady_state(hold="volume")
    rigid = make().steady_state()
    assert held.volume == rigid.volume == 1.75e-15
    assert held.V == pytest.approx(rigid.V, abs=1e-12)


def test_totals_of_a_closed_system_are_kept() -> None:
    cell = make(outside_volume=5e-15)
    rest = cell.steady_state()
    start = cell.start
    for ion in IONS:
        total = rest.c_in[ion] * rest.volume + rest.c_out[ion] * rest.volume_out
        assert total == pytest.approx(start.amount[ion] + start.amount_out[ion], rel=1e-12)
    total = 1.3 * (start.amount[K] + start.amount_out[K])
    more = cell.steady_state(totals={K: total})
    assert more.c_in[K] * more.volume + more.c_out[K] * more.volume_out == pytest.approx(total, rel=1e-12)
    assert more.V > rest.V + 1e-3
    assert_budget_closed(more)
    # and of an ion that has no way out of an infinite bath's cell
    sealed = make(membrane=[Leak(K, g=1.0), Leak(Cl, g=0.5)])
    for ion in (Na,):
        kept = sealed.steady_state()
        assert kept.amount[ion] == pytest.approx(sealed.start.amount[ion], rel=1e-12)
        other = sealed.steady_state(totals={ion: 2 * sealed.start.amount[ion]})
        assert other.amount[ion] == pytest.approx(2 * sealed.start.amount[ion], rel=1e-12)
        assert other.V > kept.V


def test_the_total_of_the_ion_that_the_charge_gives_is_kept_too() -> None:
    """K is the most abundant ion, so its amount is no state; where it cannot leave, its total is given like any other."""
    sealed = make(membrane=[Leak(Na, g=1.0), Leak(Cl, g=0.5)])
    kept = sealed.steady_state()
    assert kept.amount[K] == pytest.approx(sealed.start.amount[K], rel=1e-12)
    less = sealed.steady_state(totals={K: 0.9 * sealed.start.amount[K]})
    assert less.amount[K] == pytest.approx(0.9 * sealed.start.amount[K], rel=1e-10)
    for ion in (Na, Cl):
        assert less.E[ion] == pytest.approx(less.V, abs=1e-9)


def test_totals_that_make_no_sense_are_refused() -> None:
    cell = make(outside_volume=5e-15)
    with pytest.raises(ifx.UnknownNameError):
        cell.steady_state(totals={"Ca": 1e-13})
    with pytest.raises(ifx.InputError, match="must be positive"):
        cell.steady_state(totals={K: -1e-13})


def test_eigenvalues_of_a_closed_system_leave_out_what_is_conserved() -> None:
    """Na, K and Cl have three amounts inside, and outside the rest of three totals: no eigenvalue is zero."""
    closed, open_ = make(outside_volume=5e-15).steady_state(), make().steady_state()
    assert len(closed.eigenvalues) == len(open_.eigenvalues) == 3
    assert np.all(np.real(closed.eigenvalues) < -1e-6)
    sealed = make(membrane=[Leak(K, g=1.0), Leak(Cl, g=0.5)]).steady_state()
    assert len(sealed.eigenvalues) == 2  # K and Cl; Na cannot move
    assert sealed.stable
    pools = (ifx.Pool("ATP", 3.0), ifx.Pool("ADP", 1.0), ifx.Pool("Pi", 1.0))
    resting = make(membrane=LEAKS, pools=pools).steady_state()
    assert len(resting.eigenvalues) == 3  # nothing spends ATP
    assert resting.c_in["ATP"] == pytest.approx(3.0, rel=1e-12)


@pytest.mark.parametrize("how", ["g", "scale"])
def test_an_ion_whose_ways_are_all_shut_stays_as_it_is(how: str) -> None:
    """As if they were not there: a leak of size 0, a transporter that is blocked."""
    whole = ifx.preset("dusterwald2018")
    shut = whole.replace({f"leak_Cl.{how}": 0.0, f"KCC2.{how}": 0.0}).steady_state()
    without = whole.replace({"membrane": [m for m in whole.membrane if m.name not in ("leak_Cl", "KCC2")]}).steady_state()
    assert shut.V == pytest.approx(without.V, rel=1e-10)
    assert shut.amount[Cl] == pytest.approx(whole.start.c_in[Cl] * whole.volume, rel=1e-12)
    np.testing.assert_allclose(shut.eigenvalues, without.eigenvalues, rtol=1e-6)
    assert shut.stable


# ------------------------------------------------------------------------------------------------------------- none of them


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (lambda: ifx.preset("kay2017").replace({"NaKATPase.scale": 0.0}), "the volume diverges"),
        (lambda: make(Water(P_f=1e-4)), "the volume diverges"),
        (lambda: make(ifx.CurrentClamp(1e-14)), "an electrode without a carrier does that"),
        (lambda: make(NaKATPase(J_max=1e-6), pools=[ifx.Pool("ATP", 3.0)]), "ATP"),
    ],
    ids=["formula", "followed in time", "electrode", "ATP runs out"],
)
def test_why_there_is_no_rest(cell: Any, reason: str) -> None:
    with pytest.raises(ifx.NoSteadyState, match=reason):
        cell().steady_state()


# ------------------------------------------------------------------------------------------------------------ several of them


def greedy(J: float, sodium: float = 10.0) -> Cell:
    return make(LinearNaKATPase(k=5e-9), Greedy(J_max=J), inside={Na: sodium, K: 150.0 - sodium, Cl: 10.0})


def rests_by_scanning(cell: Cell) -> list[tuple[float, float]]:
    """(V, [Na]) of all rests below 60 mV: K and Cl are eliminated by hand, the charge gives V by bisection, Na is scanned."""
    F, VT, k, g = cell.faraday, cell.thermal_voltage, 5e-9, {"Na": 0.1, "K": 1.0, "Cl": 0.5}
    J = cell.parameters()["Greedy.J_max"].value
    [(z, n)] = cell.start.impermeants

    def V_of(c: Any) -> Any:
        low, high = 0 * c - 0.3, 0 * c + 0.3
        for _ in range(80):
            V = 0.5 * (low + high)
            K_in = 5.0 * np.exp(-(V - 2 * k * c * F / g["K"]) / VT)  # g (V - E_K) = 2 F k [Na]
            charge = c + K_in - 150.0 * np.exp(V / VT) + z * n / cell.volume - cell.C_m * cell.area * V / (F * cell.volume)
            low, high = np.where(charge > 0, V, low), np.where(charge > 0, high, V)
        return 0.5 * (low + high)

    def gain(c: Any) -> Any:
        return g["Na"] / F * (VT * np.log(145.0 / c) - V_of(c)) - 3 * k * c + J * (c / (15.0 + c)) ** 6

    grid = np.geomspace(0.5, 400.0, 1500)
    rate = gain(grid)
    found = []
    for i in np.flatnonzero(np.sign(rate[:-1]) != np.sign(rate[1:])):
        low, high = grid[i], grid[i + 1]
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if np.sign(gain(middle)) == np.sign(rate[i]) else (low, middle)
        found.append((V_of(low), low))
    return [x for x in found if x[0] < 0.06]


@functools.cache
def scanned(J: float) -> list[tuple[float, float]]:
    return rests_by_scanning(greedy(J))


@pytest.mark.parametrize("J", [1e-6, 3.3e-6, 4e-6])
def test_all_rests_are_found_and_none_is_invented(J: float) -> None:
    want = scanned(J)
    got = greedy(J).steady_states()
    assert [rest.c_in[Na] for rest in got] == pytest.approx([c for _, c in want], rel=1e-8)
    assert [rest.V for rest in got] == pytest.approx([V for V, _ in want], abs=1e-10)
    # every second one of a one-parameter family is unstable
    assert [rest.stable for rest in got] == [i % 2 == 0 for i in range(len(want))]
    for rest in got:
        assert_budget_closed(rest)


def test_the_greedy_cell_has_three_rests() -> None:
    assert [len(scanned(J)) for J in (1e-6, 4e-6)] == [1, 3]


@pytest.mark.parametrize("sodium", [12.0, 20.0, 27.0, 33.0, 45.0])
def test_of_several_rests_the_cell_takes_the_one_that_it_runs_into(sodium: float) -> None:
    """On either side of the unstable one; never that one itself."""
    cell = greedy(4e-6, sodium)
    rest = cell.steady_state()
    end = cell.simulate(1e6, at=[1e6])
    assert rest.stable
    assert rest.c_in[Na] == pytest.approx(float(end.c_in[Na][0]), rel=1e-5)


def test_a_range_without_a_rest_has_none() -> None:
    assert greedy(4e-6).steady_states(between=(-0.15, -0.1)) == ()
    with pytest.raises(ifx.InputError, match="steady_states: between"):
        greedy(4e-6).steady_states(between=(0.1, -0.1))
    with pytest.raises(ifx.InputError, match="VoltageClamp"):
        make(ifx.VoltageClamp(-0.05)).steady_states()


# ------------------------------------------------------------------------------------------------------------ leaks from a rest


@pytest.mark.parametrize("form", ["g", "P"])
@pytest.mark.parametrize("potential", ["charge", "electroneutral", "current"])
def test_solved_leaks_make_the_start_a_rest(form: str, potential: str) -> None:
    leaks = [Leak(ion, **{form: 0.0}) for ion in IONS]
    neutral = potential == "electroneutral"
    cell = make(membrane=[*leaks, NaKATPase(J_max=1e-6), KCC2(g=0.1)], potential=potential, V=None if neutral else -0.07)
    solved = cell.solve_leaks(V=-0.065)
    rates = solved.steady_state()
    assert rates.V == pytest.approx(-0.065, abs=1e-10)
    for ion in IONS:
        assert rates.c_in[ion] == pytest.approx(solved.inside[ion], rel=1e-9)
    assert rates.stable
    sizes = {name: p.value for name, p in solved.parameters().items() if name.startswith("leak_") and name.endswith(form)}
    assert all(size > 0 for size in sizes.values())


def test_only_the_leaks_asked_for_change() -> None:
    cell = make()
    solved = cell.solve_leaks(for_=[Na, "K"])
    old, new = cell.parameters(), solved.parameters()
    assert new["leak_Cl.g"].value == old["leak_Cl.g"].value
    for ion in (Na, K):
        assert new[f"leak_{ion.name}.g"].value != old[f"leak_{ion.name}.g"].value
    seen = solved.simulate(1e-6, at=[0.0])
    for ion in (Na, K):
        flows = [float(f[ion][0]) for f in seen.flux.values() if ion.name in f]
        assert abs(sum(flows)) <= 1e-12 * max(map(abs, flows))


def test_an_ion_at_equilibrium_keeps_the_leak_it_has() -> None:
    """Chloride that nothing transports: any leak is right at its equilibrium, and none anywhere else."""
    V = -0.07
    for off, g in ((1.0, 0.5), (1.2, 0.0)):
        passive = make(NaKATPase(J_max=1e-6))
        Cl_in = off * passive.bath[Cl] * np.exp(V / passive.thermal_voltage)
        solved = passive.replace({"V": V, "inside.Cl": Cl_in, "leak_Cl.g": 0.5}).solve_leaks(V=V)
        assert solved.parameters()["leak_Cl.g"].value == g
        assert solved.steady_state().V == pytest.approx(V, abs=1e-9)


def test_leaks_that_cannot_be_solved_are_named() -> None:
    with pytest.raises(ifx.InputError, match="exactly one leak for Na, and there are 0"):
        make(membrane=[Leak(K, g=1.0), NaKATPase(J_max=1e-6)]).solve_leaks(for_=[Na])
    with pytest.raises(ifx.InputError, match="exactly one leak for K, and there are 2"):
        make(Leak(K, g=0.1, label="other"), NaKATPase(J_max=1e-6)).solve_leaks()
    with pytest.raises(ifx.UnknownNameError):
        make().solve_leaks(for_=["Ca"])
    with pytest.raises(ifx.ModelError, match=r"no leak_K makes this a rest: the other mechanisms move K into the cell.*inwards"):
        make().solve_leaks(V=-0.12)
    with pytest.raises(ifx.InputError, match="is blocked"):
        make(membrane=[Leak(Na, g=0.1, scale=0.0), Leak(K, g=1.0), NaKATPase(J_max=1e-6)]).solve_leaks(for_=[Na])
