"""Membranes in profile in a given potential: reference values, Goldman's limit, what broadcasts, what is refused."""

from __future__ import annotations

import copy
import importlib
import importlib.util
import pickle

import numpy as np
import pytest

import ionflux as ifx
from ionflux import (
    Ca,
    Cl,
    InputError,
    IonSpecies,
    K,
    Layer,
    Membrane1D,
    Na,
    ShapeError,
    Status,
    UnitRangeError,
    UnknownNameError,
    nernst_planck,
    prescribed,
)
from ionflux.constants import FARADAY, GAS_CONSTANT

approx = pytest.approx
L, T = 5e-9, 310.15
IN, OUT = {K: 140.0, Na: 12.0, Cl: 10.0, Ca: 1e-4}, {K: 5.0, Na: 145.0, Cl: 110.0, Ca: 1.8}
FILM = Membrane1D(Layer(L))


def one(z: int) -> IonSpecies:
    return IonSpecies("X", z, D=1e-9)


# ---- descriptions ------------------------------------------------------------------------------------------------------------


def layered() -> Membrane1D:
    lipid = Layer(4e-9, eps_r=2.0, D_factor=0.1, partition={K: 1e-3, Na: 4e-5, Cl: 4.5e-4}, fixed_charge=-20.0, energy={K: [0.0, 3.0, 0.0]})
    return Membrane1D([Layer(10e-9, eps_r=74.0), lipid, Layer(10e-9, D={K: 1e-9})], surface_charge=[-0.05, -0.02], T=300.0)


def test_descriptions_are_equal_by_value_and_come_back_from_text_and_pickle() -> None:
    membrane = layered()
    again = eval(repr(membrane), {"Layer": Layer, "Membrane1D": Membrane1D, **vars(ifx.species), "K": K, "Na": Na, "Cl": Cl})
    assert again == membrane == pickle.loads(pickle.dumps(membrane)) == copy.deepcopy(membrane)
    assert hash(again) == hash(membrane)
    assert membrane != membrane.replace({"T": 301.0})


def test_every_parameter_has_a_dotted_name_and_can_be_replaced() -> None:
    membrane = layered()
    for name, parameter in membrane.parameters().items():
        other = membrane.replace({name: 0.5 * parameter.value or 1e-3} if name != "T" else {name: 310.0})
        assert other != membrane
        changed = {key for key, p in other.parameters().items() if p.value != membrane.parameters()[key].value}
        assert changed == {name}
    assert membrane.replace({"layers.0.partition.K": 0.5}).layers[0].partition.of(K) == 0.5


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Layer(5.0), "5*nm"),
        (lambda: Layer(5e-9, D={K: 1.96}), "outside"),
        (lambda: Layer(5e-9, thicknes=1.0), "thickness"),
        (lambda: Layer(5e-9, partition={"K": -1.0}), "partition[K]"),
        (lambda: Membrane1D([Layer(5e-9)], surface_charge=[0.1]), "0 interfaces"),
        (lambda: Membrane1D([]), "Layer"),
        (lambda: Membrane1D(Layer(5e-9), T=37.0), "celsius(37)"),
        (lambda: layered().replace({"layers.1.fixd_charge": 1.0}), "layers.1.fixed_charge"),
    ],
)
def test_slips_are_named_with_their_remedy(make, says) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert says in str(caught.value)


# ---- reference values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("s", "value"), [(0.25, 70.04268310007997), (0.5, 33.695803390350214), (0.75, 14.811493311341536)])
def test_profile_in_a_constant_field(s, value) -> None:
    assert nernst_planck(FILM, {K: 140.0}, {K: 5.0}, -0.07, x=[s * L]).c[K][0] == approx(value, rel=1e-12)


def test_barrier_and_diffusivity_along_the_pore() -> None:
    ion = one(1)
    pore = Layer(
        L, D={ion: lambda s: 1e-9 * (1 - 0.8 * np.sin(np.pi * s) ** 2)}, energy={ion: lambda s: 6.0 * np.exp(-(((s - 0.5) / 0.1) ** 2))}
    )
    film = nernst_planck(Membrane1D(pore), {ion: 140.0}, {ion: 5.0}, -0.07, x=np.array([0.0, 0.25, 0.5, 0.75, 1.0]) * L)
    assert film.J[ion] == approx(0.025038088982848435, rel=1e-12)
    assert film.c[ion] == approx([140.0, 71.87245608148137, 0.07152082476562419, 9.56365274672903, 5.0], rel=1e-12)
    assert film.error < 1e-12


@pytest.mark.parametrize("z", [1, 2, -1, -2])
@pytest.mark.parametrize("barrier", [(-4.0, 0.3), (8.0, 0.62)])
def test_wells_and_barriers_against_quadrature_in_many_digits(z, barrier) -> None:
    mpmath = pytest.importorskip("mpmath")
    ion, (height, centre), V = one(z), barrier, 0.04
    layer = Layer(L, energy={ion: lambda s: height * np.exp(-(((s - centre) / 0.1) ** 2))})
    film = nernst_planck(Membrane1D(layer), {ion: 3.0}, {ion: 70.0}, V)
    with mpmath.workdps(30):
        v = mpmath.mpf(V) * FARADAY / (mpmath.mpf(GAS_CONSTANT) * T)

        def psi(s):
            return z * v * (1 - s) + height * mpmath.exp(-(((s - centre) / mpmath.mpf("0.1")) ** 2))

        whole = mpmath.quad(lambda s: mpmath.exp(psi(s)), [0, centre - 0.2, centre, centre + 0.2, 1])
        J = (3 * mpmath.exp(psi(0)) - 70 * mpmath.exp(psi(1))) / whole * 1e-9 / L
    assert film.J[ion] == approx(float(J), rel=1e-12)


@pytest.mark.parametrize("z", [0, 1, -2])
@pytest.mark.parametrize("V", [0.0, 0.05])
@pytest.mark.parametrize("v", [0.3, -0.02])
def test_solvent_drag_is_convection_and_diffusion(z, V, v) -> None:
    ion = one(z)
    film = nernst_planck(FILM, {ion: 20.0}, {ion: 90.0}, V, velocity=v)
    Pe = v * L / 1e-9 + z * V * FARADAY / (GAS_CONSTANT * T)
    assert film.J[ion] == approx(1e-9 / L * Pe * (20.0 - 90.0 * np.exp(-Pe)) / -np.expm1(-Pe), rel=1e-12)


# ---- laws ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 17, 201, 2000])
def test_goldman_in_a_constant_field_on_any_mesh(n) -> None:
    x = np.sort(np.concatenate([[0.0, L], L * np.random.default_rng(n).random(n)]))
    V = np.array([-0.5, -0.07, -1e-9, 0.0, 1e-15, 0.05, 2.0])
    film = nernst_planck(FILM, IN, OUT, V, x=x)
    for ion in IN:
        assert film.J[ion] == approx(ifx.ghk_flux(ion, P=ion.D / L, V=V, c_in=IN[ion], c_out=OUT[ion]), rel=1e-13, abs=0)


def test_slices_of_one_film_are_the_film() -> None:
    whole = nernst_planck(FILM, IN, OUT, -0.07)
    parts = nernst_planck(Membrane1D([Layer(1e-9), Layer(2.5e-9), Layer(1.5e-9)]), IN, OUT, -0.07)
    for ion in IN:
        assert parts.J[ion] == approx(whole.J[ion], rel=1e-13)
    assert np.count_nonzero(np.diff(parts.x) == 0) == 2  # every interface stands twice


def test_layers_in_series_add_their_resistances() -> None:
    """At zero field 1/P of the membrane is the sum of L/(D k) of its layers."""
    membrane = Membrane1D([Layer(1e-9, partition=0.5), Layer(4e-9, D_factor=0.1, partition={K: 1e-3}), Layer(2e-9)])
    film = nernst_planck(membrane, {K: 100.0}, {K: 10.0}, 0.0)
    resistance = 1e-9 / (0.5 * K.D) + 4e-9 / (1e-4 * K.D) + 2e-9 / K.D
    assert film.J[K] == approx(90.0 / resistance, rel=1e-13)


def test_nothing_flows_at_equilibrium_in_whatever_landscape() -> None:
    membrane = Membrane1D([Layer(2e-9, energy={K: [0.0, 5.0, -4.0, 1.0]}), Layer(3e-9, partition={K: 1e-3, Na: 40.0})])
    film = nernst_planck(membrane, {K: 140.0, Na: 12.0}, {K: 140.0 * np.exp(-1.0) * np.exp(1.0), Na: 12.0}, 0.0)
    assert abs(film.J[Na]) < 1e-13 * Na.D * 12.0 / 5e-9
    E = ifx.nernst(Ca, c_in=1e-4, c_out=1.8)
    at_rest = nernst_planck(FILM, {Ca: 1e-4}, {Ca: 1.8}, E)
    assert abs(at_rest.J[Ca]) < 1e-13 * Ca.D * 1.8 / L


def test_ends_keep_their_relative_accuracy() -> None:
    """c = Boltzmann's profile at equilibrium, over thirty orders of magnitude."""
    V = -2.0
    c = 100.0 * np.exp(V * FARADAY / (GAS_CONSTANT * T))
    film = nernst_planck(FILM, {K: 100.0}, {K: c}, V)
    u = FARADAY * film.phi / (GAS_CONSTANT * T)
    assert film.c[K] == approx(c * np.exp(-u), rel=1e-12, abs=0)
    assert film.c[K][[0, -1]] == approx([100.0, c], rel=1e-15, abs=0)


def test_mirror_image() -> None:
    V = np.linspace(-0.2, 0.2, 9)
    a, b = nernst_planck(FILM, IN, OUT, V), nernst_planck(FILM, OUT, IN, -V)
    for ion in IN:
        assert a.J[ion] == approx(-b.J[ion], rel=1e-13, abs=1e-13 * ion.D * 140 / L)


def test_energies_beyond_the_range_of_exp() -> None:
    film = nernst_planck(FILM, {K: 140.0, Ca: 2.0}, {K: 5.0, Ca: 1.0}, np.array([25.0, -25.0]))
    for ion, a, b in ((K, 140.0, 5.0), (Ca, 2.0, 1.0)):
        assert film.J[ion] == approx(ifx.ghk_flux(ion, P=ion.D / L, V=film.V, c_in=a, c_out=b), rel=1e-12)
        assert np.all(np.isfinite(film.c[ion]))
        assert np.all(film.c[ion] > 0)


def test_a_layer_that_lets_nothing_through() -> None:
    film = nernst_planck(Membrane1D([Layer(1e-9), Layer(4e-9, partition={K: 0.0}), Layer(1e-9)]), IN, OUT, -0.07)
    assert film.J[K] == 0.0
    assert film.J[Na] == nernst_planck(Membrane1D([Layer(1e-9), Layer(4e-9), Layer(1e-9)]), IN, OUT, -0.07).J[Na]


def test_an_ion_more_changes_nothing() -> None:
    few, many = nernst_planck(FILM, {K: 140.0}, {K: 5.0}, -0.07), nernst_planck(FILM, IN, OUT, -0.07)
    assert few.J[K] == many.J[K]
    assert np.array_equal(few.c[K], many.c[K])


@pytest.mark.parametrize("V", [-0.1, 0.0, 0.06])
def test_conductance_is_the_slope_of_the_current(V) -> None:
    membrane, h = layered(), 1e-4
    I = [nernst_planck(membrane, IN, OUT, V + k * h).I for k in (-2, -1, 1, 2)]
    assert nernst_planck(membrane, IN, OUT, V).dI_dV == approx((8 * (I[2] - I[1]) - (I[3] - I[0])) / (12 * h), rel=1e-8)


def test_the_flux_through_every_cell_is_the_same() -> None:
    assert nernst_planck(layered(), IN, OUT, -0.07).audit.flux < 1e-13


# ---- potentials given ------------------------------------------------------------------------------------------------------------


def test_a_function_and_its_many_values_agree_with_the_drop_of_a_dielectric() -> None:
    x = np.linspace(0.0, L, 101)
    direct = nernst_planck(FILM, IN, OUT, -0.07, x=x)
    points = nernst_planck(FILM, IN, OUT, potential=-0.07 * (1 - x / L), x=x)
    function = nernst_planck(FILM, IN, OUT, potential=lambda at: -0.07 * (1 - at / L), x=x)
    for ion in IN:
        assert points.J[ion] == approx(direct.J[ion], rel=1e-13)
        assert function.J[ion] == approx(direct.J[ion], rel=1e-13)
        assert function.c[ion] == approx(direct.c[ion], rel=1e-12)
    assert function.V == approx(-0.07, rel=1e-15)


def workload(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Bent potentials and solutions, the same on every machine."""

    def kron(j: int) -> np.ndarray:
        x = (np.arange(n) + 0.5) * np.sqrt((2.0, 3, 5, 7, 11, 13, 17, 19, 23)[j])
        return x - np.floor(x)

    s = np.arange(201) / 200
    V, A, B = -0.1 + 0.2 * kron(0), -0.1 + 0.3 * kron(1), -0.05 + 0.1 * kron(2)
    phi = V[:, None] * (1 - s) + A[:, None] * np.sin(np.pi * s) ** 2 + B[:, None] * np.sin(2 * np.pi * s)
    left = np.array([100.0, 5, 5]) + np.array([60.0, 25, 25]) * np.array([kron(j) for j in (3, 4, 5)]).T
    right = np.array([2.0, 100, 90]) + np.array([8.0, 60, 60]) * np.array([kron(j) for j in (6, 7, 8)]).T
    return s * L, phi, left, right


IONS = [IonSpecies("K", 1, D=1.96e-9), IonSpecies("Na", 1, D=1.33e-9), IonSpecies("Cl", -1, D=2.03e-9)]


def test_ten_thousand_bent_potentials_in_one_call() -> None:
    x, phi, left, right = workload(100)
    film = nernst_planck(FILM, dict(zip(IONS, left.T, strict=True)), dict(zip(IONS, right.T, strict=True)), potential=phi, x=x)
    assert [film.J[ion][0] for ion in IONS] == approx([8.882973601593e-01, -1.043117989317e-02, -3.473085401046e02], rel=1e-9)
    assert [film.c[ion][0, 100] for ion in IONS] == approx([4.795488584396e-01, 1.208974480243e-01, 5.033067615469e04], rel=1e-9)


BUILDS = [
    importlib.import_module(f"ionflux.{name}")
    for name, level in {"_films": 0, "_films_v3": 3, "_films_v4": 4}.items()
    if importlib.util.find_spec(f"ionflux.{name}") is not None and ifx._kernels.cpu_level() >= level
]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_batch_is_its_rows_bit_by_bit_with_any_build_and_number_of_threads(monkeypatch, streamed) -> None:
    """Also where a row has steep cells and its neighbours have none, and whether or not results go past the caches."""
    x, phi, left, right = workload(67)
    phi[[5, 30, 31]] *= 40.0
    velocity = np.where(np.arange(67) % 3 == 0, 0.0, 0.05)
    membrane = Membrane1D([Layer(2e-9), Layer(3e-9, partition={"K": 0.1}, D_factor=0.5)])
    monkeypatch.setattr(prescribed, "_STREAMED", 0 if streamed else 1 << 60)
    monkeypatch.setattr(prescribed, "_FEW", 16)

    def run(rows, **more):
        sides = [dict(zip(IONS, side[rows].T, strict=True)) for side in (left, right)]
        return nernst_planck(membrane, *sides, potential=phi[rows], x=x, velocity=velocity[rows], **more)

    whole = run(slice(None))
    for build in BUILDS:
        monkeypatch.setattr(prescribed, "films", build)
        again = run(slice(None), threads=2)
        for ion in IONS:
            assert np.array_equal(again.c[ion], whole.c[ion])
            assert np.array_equal(again.J[ion], whole.J[ion])
        for row in (0, 13, 30, 66):
            single = run(row)
            assert all(np.array_equal(single.c[ion], whole.c[ion][row]) and single.J[ion] == whole.J[ion][row] for ion in IONS)


@pytest.mark.parametrize("first", [0, 1, 3])
def test_results_go_exactly_where_they_belong(monkeypatch, first) -> None:
    """Wherever in a line of the cache that begins; nothing beside it is touched."""
    monkeypatch.setattr(prescribed, "_STREAMED", 0)
    x, phi, left, right = workload(19)
    memory = np.full(19 * 3 * 201 + 8, np.nan)
    out = memory[first : first + 19 * 3 * 201].reshape(19, 3, 201)
    sides = [dict(zip(IONS, side.T, strict=True)) for side in (left, right)]
    nernst_planck(FILM, *sides, potential=phi, x=x, out=out)
    film = nernst_planck(FILM, *sides, potential=phi, x=x)
    assert all(np.array_equal(out[:, i], film.c[ion]) for i, ion in enumerate(IONS))
    assert np.all(np.isnan(memory[:first]))
    assert np.all(np.isnan(memory[first + out.size :]))


# ---- batches ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["layers.1.thickness", "layers.1.partition.K", "layers.0.D.Na", "layers.1.D_factor", "layers.2.eps_r", "T", "left.K", "right.Cl"],
)
def test_a_varied_parameter_gives_what_a_changed_membrane_gives(name) -> None:
    membrane, factors = layered(), np.array([0.9, 1.0, 1.05])
    side, _, ion = name.partition(".")
    sides = {"left": IN, "right": OUT}
    if side in sides:
        start = {one.name: c for one, c in sides[side].items()}[ion]
    else:
        start = {"layers.0.D.Na": Na.D, "layers.2.eps_r": 70.0}.get(name) or membrane.parameters()[name].value
    batch = nernst_planck(membrane, IN, OUT, -0.05, vary={name: start * factors})
    for row, factor in enumerate(factors):
        if side in sides:
            changed = {
                key: {**c, **({one: start * factor for one in c if one.name == ion} if key == side else {})} for key, c in sides.items()
            }
            single = nernst_planck(membrane, changed["left"], changed["right"], -0.05)
        else:
            single = nernst_planck(membrane.replace({name: start * factor}), IN, OUT, -0.05)
        for each in IN:
            assert batch.J[each][row] == approx(single.J[each], rel=1e-12)
        assert np.broadcast_to(batch.x, (3, batch.x.shape[-1]))[row] == approx(single.x, rel=1e-12)
        assert batch.dI_dV[row] == approx(single.dI_dV, rel=1e-11)


def test_voltages_concentrations_and_parameters_broadcast() -> None:
    V, c = np.linspace(-0.1, 0.1, 4)[:, None], np.array([3.0, 5.0, 8.0])
    film = nernst_planck(FILM, IN, {**OUT, K: c}, V)
    assert film.shape == (4, 3)
    assert film.c[K].shape == (4, 3, 51)
    assert film.I.shape == film.status.shape == (4, 3)
    assert np.all(film.status == Status.OK)
    assert film.J["K"][2, 1] == approx(nernst_planck(FILM, IN, OUT, float(V[2, 0])).J[K], rel=1e-13)


@pytest.mark.parametrize("threads", [1, 2])
def test_among_many_potentials_one_that_cannot_be_is_named(threads) -> None:
    phi = np.zeros((2000, 41))
    phi[1234, 3] = np.nan
    film = nernst_planck(FILM, IN, OUT, potential=phi, threads=threads)
    assert np.flatnonzero(film.status != Status.OK).tolist() == [1234]
    phi[1777, 5] = -70.0
    with pytest.raises(UnitRangeError, match=r"potential\[1777, 5\]"):
        nernst_planck(FILM, IN, OUT, potential=phi, threads=threads)


def test_results_can_be_written_where_one_wants() -> None:
    out = np.empty((2, 4, 51))
    film = nernst_planck(FILM, IN, OUT, np.array([0.0, 0.1]), out=out)
    assert np.shares_memory(film.c[K], out)
    with pytest.raises(ShapeError):
        nernst_planck(FILM, IN, OUT, np.array([0.0, 0.1]), out=np.empty((2, 4, 50)))


def test_between_places() -> None:
    film = nernst_planck(FILM, IN, OUT, -0.07)
    at = nernst_planck(FILM, IN, OUT, -0.07, x=[1.2345e-9])
    assert film.at(1.2345e-9).c[K][0] == approx(at.c[K][0], rel=1e-7)
    assert film.at([0.0, 1.2345e-9]).phi[1] == approx(at.phi[0], rel=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: nernst_planck(FILM, IN, OUT), InputError, "exactly one"),
        (lambda: nernst_planck(FILM, IN, OUT, 0.0, potential=[0.0, 1.0]), InputError, "exactly one"),
        (lambda: nernst_planck(FILM, IN, OUT, -70.0), UnitRangeError, "70*mV"),
        (lambda: nernst_planck(FILM, IN, OUT, 0.0, x=[0.0, 6e-9]), InputError, "reaches from"),
        (lambda: nernst_planck(FILM, IN, OUT, potential=np.zeros(4), x=[0.0, 1e-9, 5e-9]), ShapeError, "3 of them"),
        (lambda: nernst_planck(FILM, IN, OUT, potential=np.zeros(2), x=[0.0, 4e-9]), InputError, "must be given from 0"),
        (lambda: nernst_planck(FILM, {K: -1.0}, OUT, 0.0), UnitRangeError, "left[K]"),
        (lambda: nernst_planck(FILM, {"K": 1.0}, OUT, 0.0), InputError, "no ion"),
        (lambda: nernst_planck(FILM, {IonSpecies("Q", 1): 1.0}, {}, 0.0), InputError, "no diffusivity"),
        (lambda: nernst_planck(FILM, IN, OUT, 0.0, vary={"layers.0.thicknes": [1e-9]}), UnknownNameError, "layers.0.thickness"),
        (lambda: nernst_planck(FILM, IN, OUT, [0.0, 0.1], vary={"left.K": [1.0, 2.0, 3.0]}), ShapeError, "broadcast"),
        (lambda: nernst_planck(Layer(5e-9), IN, OUT, 0.0), InputError, "Membrane1D"),
    ],
)
def test_what_cannot_be_is_refused(call, error, says) -> None:
    with pytest.raises(error) as caught:
        call()
    assert says in str(caught.value)


def test_places_asked_for_are_the_places_given() -> None:
    """Also behind an interface, between panels of a function."""
    bath, layer = Layer(2e-9, eps_r=80.0), Layer(4e-9, D={"K": lambda s: 1e-9 * (1 + s)})
    at = np.array([2e-9, 3.1e-9, 5.3e-9])
    few = nernst_planck(Membrane1D([bath, layer]), {K: 140.0}, {K: 5.0}, -0.07, x=at)
    many = nernst_planck(Membrane1D([bath, layer]), {K: 140.0}, {K: 5.0}, -0.07, x=np.sort(np.concatenate([at, np.linspace(0, 6e-9, 77)])))
    assert few.x == pytest.approx(at, rel=1e-15)
    assert few.c[K] == pytest.approx(many.c[K][np.searchsorted(many.x, at * (1 - 1e-12))], rel=1e-12)
