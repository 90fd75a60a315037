"""Tables of fluxes: as exact as they say between their points, downhill everywhere, and the same after a file."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ionflux as ifx
from ionflux import Ca, Cl, FluxTable, IonSpecies, K, Layer, Membrane1D, Na, nernst_planck, pnp
from ionflux._dispatch import kernels
from ionflux.lowering.flux_tables import permeability
from ionflux.lowering.program import Program
from ionflux.planck import electroneutral

approx = pytest.approx
T = 310.15
IN, OUT = {K: 140.0, Na: 12.0, Cl: 152.0}, {K: 5.0, Na: 145.0, Cl: 150.0}
VT = 8.31446261815324 * T / 96485.33212331002


def lipid() -> Membrane1D:
    """Water, a lipid membrane with charged faces, water."""
    water = Layer(10e-9, eps_r=74.0)
    core = Layer(4e-9, eps_r=2.0, D_factor=0.1, partition={K: 1e-3, Na: 4e-5, Cl: 4.5e-4})
    return Membrane1D([water, core, water], surface_charge=[-0.05, -0.02])


def rectifier() -> Membrane1D:
    """Two charged layers of opposite sign."""
    water = Layer(5e-9, eps_r=74.0)
    return Membrane1D([water, Layer(5e-9, eps_r=74.0, fixed_charge=300.0), Layer(5e-9, eps_r=74.0, fixed_charge=-300.0), water])


@pytest.fixture(scope="module")
def salt() -> FluxTable:
    """The lipid membrane between salt solutions, KCl on the left varied."""
    return lipid().table(IN, OUT, V=(-0.15, 0.15), vary={"left.K.with_Cl": (50.0, 250.0)})


# ---- accuracy ------------------------------------------------------------------------------------------------------------------


def test_fluxes_between_the_points_of_a_table_are_those_of_the_equations(salt: FluxTable) -> None:
    random = np.random.default_rng(1)
    V, c = random.uniform(-0.15, 0.15, 200), random.uniform(50.0, 250.0, 200)
    want = pnp(lipid(), {K: c, Na: 12.0, Cl: c + 12.0}, OUT, V, tol=1e-8)
    got = salt(V=V, c_in={K: c})
    assert salt.error <= salt.tol == 1e-6
    for ion in (K, Na, Cl):
        np.testing.assert_allclose(got.J[ion], want.J[ion], rtol=1e-6)  # each flux relative to itself, also near its equilibrium
    np.testing.assert_allclose(got.I, want.I, rtol=1e-6, atol=1e-6 * 96485 * np.max(np.abs(want.J[Cl])))
    np.testing.assert_allclose(got.dI_dV, want.dI_dV, rtol=1e-5)


@pytest.mark.parametrize(
    ("membrane", "ranges", "tol"),
    [
        (lipid(), {"left.K.with_Na": (100.0, 150.0), "right.K.with_Na": (2.0, 20.0)}, 1e-4),
        (rectifier(), {"right.Na.with_Cl": (100.0, 200.0)}, 1e-5),
    ],
    ids=["three variables", "rectifier"],
)
def test_any_membrane_and_any_variables(membrane: Membrane1D, ranges: dict[str, Any], tol: float) -> None:
    table = membrane.table(IN, OUT, V=(-0.1, 0.08), vary=ranges, tol=tol)
    random, n = np.random.default_rng(2), 60
    V = random.uniform(-0.1, 0.08, n)
    sides: list[dict[Any, Any]] = [dict(IN), dict(OUT)]
    asked: list[dict[Any, Any]] = [{}, {}]
    for name, (lo, hi) in ranges.items():
        side, ion, partner = name.replace("with_", "").split(".")
        which, own, other = int(side == "right"), getattr(ifx, ion), getattr(ifx, partner)
        c = random.uniform(lo, hi, n)
        sides[which][other] = sides[which][other] - own.z * (c - sides[which][own]) / other.z
        sides[which][own] = asked[which][own] = c
    want, got = pnp(membrane, *sides, V, tol=min(1e-7, tol)), table(V=V, c_in=asked[0], c_out=asked[1])
    for ion in (K, Na, Cl):
        np.testing.assert_allclose(got.J[ion], want.J[ion], rtol=tol)


@pytest.mark.parametrize("seed", range(4))
def test_the_error_of_a_table_of_a_random_membrane_is_what_it_says(seed: int) -> None:
    random = np.random.default_rng(100 + seed)
    k = {ion: 10.0 ** random.uniform(-4, 0) for ion in (K, Na, Cl)}
    core = Layer(random.uniform(1e-9, 2e-8), eps_r=random.uniform(2, 80), partition=k, fixed_charge=random.uniform(-500, 500))
    membrane = Membrane1D([Layer(8e-9), core, Layer(8e-9)], surface_charge=random.uniform(-0.05, 0.05, 2))
    c = random.uniform(5.0, 150.0, 4)
    sides = {K: c[0], Na: c[1], Cl: c[0] + c[1]}, {K: c[2], Na: c[3], Cl: c[2] + c[3]}
    tol = 10.0 ** random.uniform(-6, -4)
    table = membrane.table(*sides, V=(-0.12, 0.1), tol=tol)
    V = random.uniform(-0.12, 0.1, 40)
    got, want = table(V=V), pnp(membrane, *sides, V, tol=0.05 * tol)
    off = max(float(np.max(np.abs(got.J[ion] / want.J[ion] - 1.0))) for ion in (K, Na, Cl))
    assert off <= 1.5 * table.error + 0.05 * tol
    assert table.error <= 0.5 * tol


def test_a_constant_field_gives_goldman_back() -> None:
    film = Membrane1D(Layer(5e-9, D={K: 1e-9, Na: 2e-9, Ca: 5e-10, Cl: 1.5e-9}))
    left, right = {K: 100.0, Na: 10.0, Ca: 0.0, Cl: 110.0}, {K: 10.0, Na: 100.0, Ca: 2.0, Cl: 114.0}
    table = film.table(left, right, V=(-0.2, 0.2), vary={"right.Ca.with_Cl": (0.0, 20.0)}, level="nernst_planck", tol=1e-9)
    V, c = np.linspace(-0.2, 0.2, 41), 13.0
    got = table(V=V, c_out={"Ca": c})
    assert got.J[Ca] == approx(ifx.ghk_flux(Ca, P=0.1, V=V, c_in=0.0, c_out=c), rel=1e-9)
    assert got.J[Cl] == approx(ifx.ghk_flux(Cl, P=0.3, V=V, c_in=110.0, c_out=110.0 + 2 * c), rel=1e-9)
    assert {len(products) for products in table.terms.values()} == {1}  # nothing to learn: one product each


def test_barriers_and_functions_are_tabulated_as_well() -> None:
    barrier = Membrane1D(Layer(5e-9, energy={K: lambda s: 6.0 * np.exp(-(((s - 0.4) / 0.05) ** 2))}, D={K: lambda s: 1e-9 * (1 - 0.5 * s)}))
    table = barrier.table({K: 140.0}, {K: 5.0}, V=(-0.2, 0.2), level="nernst_planck", tol=1e-6)
    V = np.array([-0.171, -0.05, 1e-6, 0.123])
    assert table(V=V).J[K] == approx(nernst_planck(barrier, {K: 140.0}, {K: 5.0}, V).J[K], rel=1e-6)


# ---- thermodynamics ------------------------------------------------------------------------------------------------------------


def test_every_ion_flows_down_its_own_electrochemical_potential(salt: FluxTable) -> None:
    random, n = np.random.default_rng(3), 20_000
    V, c = random.uniform(-0.15, 0.15, n), random.uniform(50.0, 250.0, n)
    c_in = {K: c, Na: 10.0 ** random.uniform(-6, 3, n), Cl: 10.0 ** random.uniform(-6, 3, n)}
    c_out = {K: 10.0 ** random.uniform(-6, 3, n), Na: 10.0 ** random.uniform(-6, 3, n)}
    got = salt(V=V, c_in=c_in, c_out=c_out)
    for ion in (K, Na, Cl):
        downhill = ion.z * V / VT + np.log(c_in[ion] / c_out.get(ion, 150.0))
        assert np.all(np.sign(got.J[ion]) == np.sign(downhill))
        assert np.all(salt.permeability(V=V, c_in={K: c})[ion] > 0)


def test_nothing_flows_in_equilibrium(salt: FluxTable) -> None:
    same = {K: 100.0, Na: 20.0, Cl: 120.0}
    got = salt(V=0.0, c_in=same, c_out=same)
    assert (got.I, *got.J.values()) == (0.0, 0.0, 0.0, 0.0)
    V = ifx.nernst(K, c_in=140.0, c_out=5.0)
    alone = salt.permeability(V=V)[K] * 140.0
    assert abs(salt(V=V).J[K]) < 1e-14 * alone * 4  # four volts of RT/F between one-way fluxes


def test_neutral_blocked_and_one_sided_ions() -> None:
    urea, big = IonSpecies("urea", 0, D=1.4e-9), IonSpecies("big", -1, D=1e-10)
    membrane = Membrane1D(Layer(5e-9, eps_r=78.0, partition={big: 0.0}))
    left, right = {K: 100.0, Cl: 95.0, big: 5.0, urea: 3.0}, {Na: 20.0, Cl: 20.0, urea: 3.0}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = membrane.table(left, right, V=(-0.1, 0.1), tol=1e-5)
    assert len(table.terms[big]) == 0
    got, want = table(V=0.033), pnp(membrane, left, right, 0.033, tol=1e-8)
    for ion in (K, Na, Cl):
        assert got.J[ion] == approx(want.J[ion], rel=1e-5)
    assert (got.J[urea], got.J[big]) == (0.0, 0.0)
    assert table.permeability(V=0.033)[urea] == approx(1.4e-9 / 5e-9, rel=1e-9)
    assert table(V=0.033, c_in={urea: 5.0}).J[urea] == approx(2.0 * 1.4e-9 / 5e-9, rel=1e-9)


# ---- shape ---------------------------------------------------------------------------------------------------------------------


def test_the_conductance_is_the_derivative_of_the_current_and_continuous(salt: FluxTable) -> None:
    V, c, h = np.linspace(-0.149, 0.149, 301), {K: 77.0}, 1e-6
    slope = (salt(V=V + h, c_in=c).I - salt(V=V - h, c_in=c).I) / (2 * h)
    assert salt(V=V, c_in=c).dI_dV == approx(slope, rel=1e-7)
    pieces = salt.axes[0].coefficients.shape[1]
    edges = np.linspace(-0.15, 0.15, pieces + 1)[1:-1]
    before, after = (salt(V=edges + d, c_in=c) for d in (-1e-13, 1e-13))
    assert before.I == approx(after.I, rel=1e-9)
    assert before.dI_dV == approx(after.dI_dV, rel=1e-9)


def test_terms_are_what_a_cell_needs(salt: FluxTable) -> None:
    assert [axis.variable for axis in salt.axes] == ["V", "c_in.K"]
    assert salt.axes[1].log
    V, c = 0.0213, 97.0
    for ion, P in salt.permeability(V=V, c_in={K: c}).items():
        assert sum(f(V) * g(np.log(c)) for f, g in salt.terms[ion]) == approx(P, rel=1e-12)
        assert P > 0
    f, g = salt.terms[K][0]
    assert f(0.2) == f(0.15)  # beyond the table a permeability stays what it is
    assert g.slope(np.log(1000.0)) == 0.0
    assert f in salt.axes[0].functions


def test_arrays_broadcast_and_nan_passes(salt: FluxTable) -> None:
    got = salt(V=np.array([[-0.07], [np.nan]]), c_in={K: [100.0, 140.0, np.nan]})
    assert got.I.shape == got.J["K"].shape == got.dI_dV.shape == (2, 3)
    assert np.array_equal(np.isnan(got.I), [[False, False, True], [True, True, True]])
    one = salt(V=-0.07, c_in={"K": 140.0})
    assert isinstance(one.I, float)
    assert got.I[0, 1] == one.I
    assert salt(V=[-0.07]).I.shape == (1,)
    many = salt(V=np.full(10_000, -0.07))
    assert np.all(many.I == one.I)
    assert np.shape(salt(V=-0.07, c_in={K: [100.0, 140.0]}).J[Na]) == (2,)


# ---- files and values ------------------------------------------------------------------------------------------------------------


def test_a_table_is_the_same_after_a_file_and_a_pickle(salt: FluxTable, tmp_path: Path) -> None:
    path = salt.save(tmp_path / "lipid.npz")
    for other in (FluxTable.load(path), ifx.load(path), pickle.loads(pickle.dumps(salt))):
        assert other == salt
        assert hash(other) == hash(salt)
        assert repr(other) == repr(salt)
        assert other(V=-0.03).I == salt(V=-0.03).I
    assert salt != lipid().table(IN, OUT, V=(-0.15, 0.15), tol=1e-3)
    with pytest.raises(ifx.StorageError, match="overwrite"):
        salt.save(path, overwrite=False)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ifx.StorageError, match="no complete table"):
        ifx.load(path)
    with pytest.raises(ifx.StorageError, match="no complete table"):
        FluxTable.load(tmp_path / "nothing.npz")


def test_a_table_shows_what_it_is(salt: FluxTable) -> None:
    assert "pnp" in repr(salt)
    assert "left.K.with_Cl" in repr(salt)
    assert salt._repr_html_().startswith("<table>")
    assert "fixed_charge" not in salt.membrane
    assert "surface_charge" in salt.membrane


# ---- bad input -------------------------------------------------------------------------------------------------------------------


def test_beyond_a_table_there_is_an_error_that_says_where(salt: FluxTable) -> None:
    with pytest.raises(ifx.UnitRangeError, match=r"V\[1\] = 0.2 V is outside the table, -0.15 … 0.15 V \(1 of 3 are\)"):
        salt(V=[0.0, 0.2, 0.1])
    with pytest.raises(ifx.UnitRangeError, match=r"c_in.K = 300 mol m\^-3 is outside"):
        salt(V=0.0, c_in={K: 300.0})
    with pytest.raises(ifx.UnknownNameError, match="Ca"):
        salt(V=0.0, c_in={Ca: 1.0})
    with pytest.raises(ifx.ShapeError):
        salt(V=np.zeros(2), c_in={K: np.full(3, 100.0)})


def test_a_table_that_does_not_reach_its_own_concentrations_says_so() -> None:
    film, left, right = Membrane1D(Layer(5e-9, eps_r=78.5)), {K: 140.0, Cl: 140.0}, {K: 5.0, Cl: 5.0}
    table = film.table(left, right, V=(-0.1, 0.1), vary={"left.K.with_Cl": (1.0, 20.0)}, tol=1e-2, level="nernst_planck")
    assert np.isfinite(table(V=0.0, c_in={K: 10.0}).I)
    with pytest.raises(ifx.UnitRangeError, match=r"c_in.K = 140 mol m\^-3 is outside the table"):
        table(V=0.0)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"V": (0.1, -0.1)}, "the first end"),
        ({"V": 0.1}, "give a range"),
        ({"V": (-70.0, 70.0)}, "mV"),
        ({"level": "poisson"}, "none of"),
        ({"vary": {"left.Ca": (1.0, 2.0)}}, "Ca"),
        ({"vary": {"left.K.with_K": (1.0, 2.0)}}, "cannot keep the charge"),
        ({"vary": {"K": (1.0, 2.0)}}, "left.K"),
        ({"vary": {"left.K.with_Na": (100.0, 200.0)}}, "left.Na would have to be -48"),
        ({"vary": {"left.K": (100.0, 200.0), "left.K.with_Cl": (100.0, 200.0)}}, "twice"),
        ({"vary": dict.fromkeys(("left.K", "left.Na", "left.Cl", "right.K"), (100.0, 120.0))}, "up to three"),
        ({"tol": 1.0}, "tol"),
    ],
)
def test_questions_that_make_no_sense_are_refused(given: dict[str, Any], text: str) -> None:
    with pytest.raises(ifx.InputError, match=text):
        lipid().table(IN, OUT, **{"V": (-0.1, 0.1), **given})


def test_a_table_that_cannot_be_as_exact_as_asked_for_is_not_made() -> None:
    step = Membrane1D(Layer(5e-9, D={K: 1e-9}, energy={K: (0.0, 40.0, 0.0)}))
    with pytest.raises(ifx.ConvergenceError, match="narrow"):
        step.table({K: 100.0}, {K: 10.0}, V=(-2.0, 2.0), level="nernst_planck", tol=1e-11)
    uneven = Membrane1D(Layer(5e-9, D={K: 1e-9}, energy={K: (0.0, 1.0)}))
    with pytest.raises(ifx.InputError, match="same at both"):
        uneven.table({K: 100.0}, {K: 10.0}, V=(-0.1, 0.1), level="nernst_planck")
    with pytest.raises(ifx.InputError, match="no ion gets through"):
        Membrane1D(Layer(5e-9, partition=0.0)).table(IN, OUT, V=(-0.1, 0.1))


def test_solutions_that_are_not_neutral_are_remarked_upon_once() -> None:
    film = Membrane1D(Layer(2e-9, eps_r=78.0))
    with pytest.warns(ifx.NotNeutralWarning, match="with_Cl") as found:
        film.table({K: 100.0, Cl: 100.0}, {K: 10.0, Cl: 10.0}, V=(-0.02, 0.02), vary={"left.K": (90.0, 110.0)}, tol=1e-3)
    assert len(found) == 1


def test_a_program_of_a_cell_evaluates_a_table_to_rounding_with_its_derivatives(salt: FluxTable) -> None:
    p = Program()
    V, c, volts, outside, one = p.state(), p.state(), p.parameter(), p.parameter(), p.parameter()
    nodes = {"V": V, "c_in.K": c}
    P = {ion: permeability(p, salt, ion, nodes.__getitem__) for ion in (K, Cl)}
    assert P[K] is not None
    assert P[Cl] is not None
    p.row(V, {p.ghk(P[K], c, outside, p.product(volts, V)): 1.0})
    p.row(c, {P[Cl]: 1.0, p.product(one, P[K]): 2.0})
    tables, _ = p.finish()
    pattern = np.array(tables.pop("pattern"))
    random, n = np.random.default_rng(4), 64
    y = np.stack([random.uniform(-0.14, 0.14, n), random.uniform(51.0, 249.0, n)], axis=1)

    def rates(y: Any) -> tuple[Any, Any]:
        plan, none = kernels.Plan(tables), np.empty(0, np.intc)
        f, entries, J = np.empty((n, 2)), np.empty((n, plan.n_entry)), np.zeros((n, 2, 2))
        plan.evaluate(np.ascontiguousarray(y), np.array([1 / VT, 5.0, 1.0]), none, np.empty((n, 0)), none, np.empty((0, n)), f, entries)
        J[:, pattern[:, 0], pattern[:, 1]] = entries
        return f, J

    f, J = rates(y)
    want = salt(V=y[:, 0], c_in={K: y[:, 1]})
    known = salt.permeability(V=y[:, 0], c_in={K: y[:, 1]})
    assert -f[:, 0] == approx(want.J[K], rel=1e-10)  # a program counts into the cell
    assert f[:, 1] == approx(known[Cl] + 2.0 * known[K], rel=1e-12)
    for i, h in enumerate((1e-6, 1e-3)):
        step = np.zeros(2)
        step[i] = h
        assert J[:, :, i] == approx((rates(y + step)[0] - rates(y - step)[0]) / (2 * h), rel=1e-6, abs=1e-9 * np.max(np.abs(J[:, :, i])))


def test_a_charged_gel_without_space_charge_is_tabulated_as_well() -> None:
    gel = Membrane1D(Layer(1e-6, fixed_charge=-100.0, D_factor=0.1))
    left, right = {K: 10.0, Na: 5.0, Cl: 15.0}, {K: 100.0, Na: 20.0, Cl: 120.0}
    table = gel.table(left, right, V=(-0.05, 0.1), vary={"left.Na.with_Cl": (5.0, 30.0)}, level="electroneutral", tol=1e-4)
    V, c = np.array([-0.041, 0.0013, 0.077]), np.array([6.3, 17.0, 28.0])
    want = electroneutral(gel, {K: 10.0, Na: c, Cl: 10.0 + c}, right, V=V)
    got = table(V=V, c_in={Na: c})
    for ion in (K, Na, Cl):
        np.testing.assert_allclose(got.J[ion], want.J[ion], rtol=table.tol)
