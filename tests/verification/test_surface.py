"""Charged faces in a cell: GHK laws see the concentrations at the faces and the drop between them, all else the solutions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import ionflux as ifx
from ionflux import Ca, Cl, K, Na
from ionflux._dispatch import kernels
from ionflux.lowering import lower

SURFACES = [
    ifx.ChargedSurface(-0.05, -0.02, 3e-9),
    ifx.ChargedSurface(0.01, -0.1, 4e-9, eps_membrane=3.0),
    ifx.ChargedSurface(0.0, 0.0, 3e-9),
]


def cell(surface: ifx.ChargedSurface | None, **more: Any) -> ifx.Cell:
    """GHK leaks for ions of three valences, an impermeant on each side, and one ohmic leak."""
    return ifx.Cell(
        area=7e-10,
        volume=1.75e-15,
        C_m=0.01,
        V=more.pop("V", -0.06),
        inside={Na: 12.0, K: 140.0, Cl: 8.0, Ca: 1e-3},
        bath=ifx.Bath({Na: 140.0, K: 5.0, Cl: 129.0, Ca: 2.0}, impermeant=ifx.Impermeant(z=-1.0, c=20.0)),
        impermeant=ifx.Impermeant(c=130.0),
        membrane=[*(ifx.Leak(i, P=1e-9) for i in (Na, K, Cl, Ca)), ifx.Leak(K, g=0.5, label="ohmic"), ifx.Water(P_f=1e-5)],
        surface=surface,
        **more,
    )


def bilayer(model: ifx.Cell, seen: Any, i: int = 0) -> Any:
    """The membrane by itself, at the state of a run."""
    z = model.start.impermeants[0][0]
    inside = ifx.Bath({ion: float(seen.c_in[ion][i]) for ion in model.ions}, impermeant=ifx.Impermeant(z=z, c=float(seen.c_impermeant[i])))
    s = model.surface
    assert s is not None
    return ifx.charged_bilayer(
        inside=inside,
        outside=model.bath,
        sigma_in=s.sigma_in,
        sigma_out=s.sigma_out,
        V=float(seen.V[i]),
        thickness=s.thickness,
        eps_membrane=s.eps_membrane,
        T=model.T,
    )


@pytest.mark.filterwarnings("ignore::ionflux.NotNeutralWarning")  # 1e-5 of the ions inside are on the membrane
@pytest.mark.parametrize("surface", SURFACES, ids=repr)
@pytest.mark.parametrize("potential", ["charge", "electroneutral"])
def test_faces_are_those_of_the_membrane_by_itself(surface: ifx.ChargedSurface, potential: str) -> None:
    model = cell(surface, potential=potential, V=-0.06 if potential == "charge" else None)
    run = model.simulate(600.0, schedule={"leak_K.scale": ifx.step(300, to=2)}, at=[0.0, 300.0, 600.0], rtol=1e-8)
    for i, scale in enumerate((1.0, 1.0, 2.0)):
        alone = bilayer(model, run, i)
        assert run._look("psi_in")[i] == pytest.approx(alone.psi_in, abs=2e-9)
        assert run._look("psi_out")[i] == pytest.approx(alone.psi_out, abs=2e-9)
        for ion in model.ions:
            want = alone.ghk_current(ion, 1e-9) * (scale if ion == K else 1.0)
            assert run.current[f"leak_{ion.name}"][i] == pytest.approx(want, rel=1e-6, abs=1e-9)
        assert run.current["ohmic"][i] == pytest.approx(0.5 * (run.V[i] - run.E[K][i]), rel=1e-12)
    assert run.audit.ok


def test_analytic_jacobian_matches_finite_differences() -> None:
    lowered = lower(cell(SURFACES[1], outside_volume=2e-14, activity="davies"))
    base = np.array(lowered.parameters(lowered.defaults), dtype=float)
    y = np.array(lowered.initial(lowered.defaults), dtype=float)
    _, J = lowered.derivatives(y[None], base)
    for j in range(len(y)):
        h = 1e-6 * max(abs(y[j]), 1e-20)
        up, down = (lowered.derivatives((y + s * h * np.eye(len(y))[j])[None], base)[0][0] for s in (1, -1))
        scale = np.max(np.abs(J[0]) * np.abs(y)[None, :], axis=1) / abs(y[j])
        assert np.all(np.abs((up - down) / (2 * h) - J[0][:, j]) <= 1e-7 * scale)


def test_a_sweep_over_surface_charge_equals_single_cells() -> None:
    sigma = np.linspace(-0.08, 0.02, 21)
    swept = ifx.sweep(cell(SURFACES[0]), {"surface.sigma_in": sigma}, until=300.0)
    assert not swept.failures()
    one = cell(SURFACES[0]).replace({"surface.sigma_in": float(sigma[7])}).simulate(300.0, at=[300.0])
    assert swept.V[7] == one.V[0]


def test_charge_on_the_inner_face_lowers_the_drop_and_speeds_cations_out() -> None:
    at = {s: cell(ifx.ChargedSurface(s, 0.0, 3e-9)).simulate(1e-6, at=[0.0]) for s in (0.0, -0.05)}
    assert at[-0.05].current["leak_K"][0] > at[0.0].current["leak_K"][0] > 0


def test_there_is_no_closed_form_and_other_things_are_refused() -> None:
    with pytest.raises(ifx.NoClosedForm, match="charged"):
        replace(ifx.preset("kay2017"), surface=SURFACES[0]).closed_form()
    with pytest.raises(ifx.InputError, match="ChargedSurface"):
        cell("smooth")  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "ulps"), [("phi", 4), ("phi_slope", 64)])
def test_the_mean_excess_of_an_exponential_is_exact_near_zero_and_far(name: str, ulps: float) -> None:
    """The slope serves Newton only."""
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.uniform(-1.2, 1.2, 400), rng.uniform(-600, 600, 400), [0.0, 1.0, -1.0, 1e-8, -1e-8]])
    got = np.empty_like(x)
    kernels.vmath(name, x, got)
    with mp.workprec(400):
        for a, y in zip(map(mp.mpf, map(float, x)), got, strict=True):
            phi = (mp.exp(a) - 1 - a) / a**2 if a else mp.mpf(1) / 2
            want = phi if name == "phi" else (((mp.exp(a) - 1) / a - 2 * phi) / a if a else mp.mpf(1) / 6)
            assert abs(mp.mpf(float(y)) - want) <= ulps * mp.mpf(float(np.spacing(float(want)))), float(a)
    hostile = np.array([np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324])
    out = np.empty_like(hostile)
    kernels.vmath(name, hostile, out)
    assert np.isnan(out[0])
    assert not np.any(np.isnan(out[1:]))


@pytest.mark.filterwarnings("ignore::ionflux.NotNeutralWarning")
@pytest.mark.parametrize("more", [{}, {"outside_volume": 1e-13}, {"activity": "davies"}, {"activity": "davies", "outside_volume": 1e-13}])
def test_the_valence_of_the_impermeant_outside_screens_as_it_is_swept(more: dict[str, Any]) -> None:
    """It enters no charge balance, only the ionic strength and the layer outside."""
    model = cell(SURFACES[0], **more)
    z = np.array([-3.0, -1.0, 0.0])
    swept = ifx.sweep(model, {"bath.impermeant.z": z}, until=1.0, at=[1.0])
    for i, valence in enumerate(z):
        one = model.replace({"bath.impermeant.z": float(valence)}).simulate(1.0, at=[1.0])
        assert swept._look("psi_out")[i, 0] == one._look("psi_out")[0]
        assert swept.E[K][i, 0] == one.E[K][0]
    K_out = np.array([2.0, 9.0])
    at = ifx.sweep(model, {"bath.K": K_out}, until=1.0, at=[1.0])
    assert at.V[1, 0] == model.replace({"bath.K": 9.0}).simulate(1.0, at=[1.0]).V[0]
    assert np.all(np.diff(swept._look("psi_out")[:, 0]) < 0)  # the less screening, the deeper
