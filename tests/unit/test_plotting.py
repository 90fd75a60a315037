"""Figures say what they show in units, tell ions apart by one colour each, and leave the reader's own settings alone."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ionflux as ifx
from ionflux import plotting
from ionflux._draw import IONS, new_axes, spread
from ionflux.results import Trajectory
from ionflux.units import hour, minute

matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def run() -> Trajectory:
    schedule = {"NaKATPase.scale": [ifx.step(10 * minute, to=0.0), ifx.ramp(30 * minute, 2 * hour, to=1.0)]}
    return ifx.preset("dusterwald2018").simulate(3 * hour, schedule=schedule)


@pytest.fixture
def axes() -> Any:
    return new_axes(4, 2, window=False)


@pytest.mark.parametrize("name", plotting.PANELS)
def test_each_panel_draws_on_the_axes_it_is_given_and_names_its_unit(name: str, run: Trajectory, axes: Any) -> None:
    ax = axes[0, 0]
    assert plotting.PANELS[name](run, ax) is ax
    assert ax.lines
    assert ax.get_xlabel() == "time (h)"
    assert "(" in ax.get_ylabel() or ax.get_ylabel() == "volume, w / w₀"


def test_numbers_are_shown_in_the_unit_of_the_label(run: Trajectory, axes: Any) -> None:
    ax = plotting.plot_voltage(run, axes[0, 0])
    t, V = ax.lines[0].get_data()
    assert ax.get_ylabel() == "membrane potential (mV)"
    assert t[-1] == pytest.approx(3.0)
    assert V[-1] == pytest.approx(1e3 * run.V[-1])
    ax = plotting.plot_currents(run, axes[0, 1])
    pump = next(line for line in ax.lines if line.get_label() == "NaKATPase")
    assert ax.get_ylabel() == "outward current (mA/m²)"
    assert pump.get_ydata()[-1] == pytest.approx(1e3 * run.current["NaKATPase"][-1])


def test_driving_forces_are_v_minus_e_and_the_audit_stays_below_its_bound(run: Trajectory, axes: Any) -> None:
    ax = plotting.plot_driving_forces(run, axes[0, 0])
    potassium = next(line for line in ax.lines if line.get_label() == "K⁺")
    assert potassium.get_ydata()[-1] == pytest.approx(1e3 * (run.V[-1] - run.E["K"][-1]))
    ax = plotting.plot_audit(run, axes[0, 1])
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert lines.keys() == {"charge", "impermeant", "bound"}
    assert max(lines["charge"][-1], lines["impermeant"][-1]) == pytest.approx(run.audit.worst, rel=1.0)
    assert np.all(lines["charge"] < lines["bound"])
    ax.figure.draw_without_rendering()
    heights = {text.get_text(): text.xyann[1] + text.xy[1] for text in ax.texts}
    assert heights["bound"] > 0.8 > 0.5 > heights["charge"]


def test_electrodes_are_among_the_currents(axes: Any) -> None:
    cell = ifx.preset("dusterwald2018")
    clamped = cell.replace({"membrane": [*cell.membrane, ifx.VoltageClamp(-0.05)]}).simulate(10.0)
    pushed = cell.replace({"membrane": [*cell.membrane, ifx.CurrentClamp(1e-12)]}).simulate(10.0)
    for run, name in ((clamped, "VoltageClamp"), (pushed, "CurrentClamp")):
        ax = plotting.plot_currents(run, axes.flat[0])
        assert name in {line.get_label() for line in ax.lines}


def test_an_ion_has_the_same_colour_in_every_panel(run: Trajectory, axes: Any) -> None:
    seen = {}
    for ax, draw, name in zip(
        axes.flat, (plotting.plot_concentrations, plotting.plot_reversals, plotting.plot_currents), ("K⁺", "E K⁺", "leak_K"), strict=False
    ):
        draw(run, ax)
        seen[name] = next(line.get_color() for line in ax.lines if line.get_label() == name)
    assert len(set(seen.values())) == 1


def test_the_overview_fills_its_axes_and_hides_the_rest(run: Trajectory, axes: Any) -> None:
    assert plotting.overview(run, axes, panels=["V", "c_in", "atp"]) is axes
    assert [ax.get_visible() for ax in axes.flat] == [True] * 3 + [False] * 5


def test_line_names_do_not_overlap(run: Trajectory, axes: Any) -> None:
    plotting.overview(run, axes)
    figure = axes[0, 0].figure
    figure.draw_without_rendering()
    for ax in axes.flat:
        boxes = [text.get_window_extent() for text in ax.texts]
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                assert min(a.y1, b.y1) - max(a.y0, b.y0) < 1.0 or min(a.x1, b.x1) - max(a.x0, b.x0) < 0.0, ax.get_ylabel()


def test_jumps_of_a_schedule_are_drawn_upright(run: Trajectory, axes: Any) -> None:
    ax = plotting.plot_atp(run, axes[0, 0])
    t, atp = ax.lines[0].get_data()
    falling = np.flatnonzero(np.diff(atp) < -0.5 * atp[0])
    assert len(falling) == 1
    assert (t[falling + 1] - t[falling])[0] * hour < 1e-6


def test_grey_marks_what_was_scheduled(run: Trajectory, axes: Any) -> None:
    mesh = plotting.plot_voltage(run, axes[0, 0]).collections[0]
    depth = np.asarray(mesh.get_array()).ravel()
    assert (depth.min(), depth.max()) == (0.0, 1.0)
    free = run.cell.simulate(1.0)
    assert not plotting.plot_voltage(free, axes[0, 1]).collections


def test_a_rigid_cell_has_no_volume_to_show(run: Trajectory) -> None:
    rigid = ifx.Cell(
        area=run.cell.area, volume=run.cell.volume, C_m=run.cell.C_m, T=run.cell.T, inside=run.cell.inside, bath=run.cell.bath,
        impermeant=run.cell.impermeant, membrane=[m for m in run.cell.membrane if not isinstance(m, ifx.Water)], V=run.cell.V,
    )  # fmt: skip
    labels = {ax.get_ylabel() for ax in plotting.overview(rigid.simulate(60.0), new_axes(4, 2, window=False)).flat if ax.get_visible()}
    assert "volume, w / w₀" not in labels
    assert "membrane potential (mV)" in labels


def test_an_ion_that_is_absent_has_no_reversal_potential_and_breaks_no_figure() -> None:
    cell = ifx.Cell.sphere(
        5e-6, C_m=0.01, V=-0.05, inside={ifx.K: 140.0, ifx.Li: 0.0}, bath=ifx.Bath({ifx.K: 5.0, ifx.Li: 0.0, ifx.Cl: 5.0}),
        impermeant=ifx.Impermeant(c=140.0), membrane=[ifx.Leak(ifx.K, g=1.0), ifx.Leak(ifx.Li, P=1e-9)],
    )  # fmt: skip
    grid = plotting.overview(cell.simulate(1.0), new_axes(4, 2, window=False))
    grid[0, 0].figure.draw_without_rendering()
    assert {text.get_text() for text in grid[0, 1].texts} == {"V", "E K⁺"}


def test_unknown_panels_and_too_few_axes_are_refused(run: Trajectory) -> None:
    with pytest.raises(ifx.UnknownNameError, match="volume"):
        plotting.overview(run, panels=["volum"])
    with pytest.raises(ifx.InputError, match="do not fit"):
        plotting.overview(run, new_axes(1, 2, window=False))
    with pytest.raises(ifx.InputError, match="side"):
        plotting.plot_concentrations(run, side="left")


def test_a_run_plots_itself_and_leaves_the_readers_settings_alone(run: Trajectory) -> None:
    before = dict(matplotlib.rcParams)
    grid = run.plot()
    assert dict(matplotlib.rcParams) == before
    assert grid.shape == (4, 2)
    matplotlib.pyplot.close(grid[0, 0].figure)


@pytest.mark.slow
def test_a_picture_is_written_without_a_display_or_pyplot(tmp_path: Path) -> None:
    code = f"""
import sys, ionflux as ifx
from ionflux.plotting import save_overview
save_overview(ifx.preset("dusterwald2018").simulate(60.0), {str(tmp_path / "run.png")!r})
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "run.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert [p.name for p in tmp_path.iterdir()] == ["run.png"]


def test_without_matplotlib_the_extra_is_named(run: Trajectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ifx.MissingExtra, match=r"matplotlib.*pip install 'ionflux\[app\]'"):
        run.plot()


@given(st.lists(st.floats(-1.0, 2.0), min_size=1, max_size=12), st.floats(0.01, 0.3))
def test_labels_are_moved_apart_and_no_further(places: list[float], gap: float) -> None:
    wanted = sorted(places)
    moved = spread(wanted, gap)
    assert all(b - a >= gap - 1e-9 for a, b in pairwise(moved))
    assert sum(moved) == pytest.approx(sum(wanted), abs=1e-9)
    if all(b - a > gap for a, b in pairwise(wanted)):
        assert moved == pytest.approx(wanted)


# ---- membranes in profile


@pytest.fixture(scope="module")
def film() -> tuple[ifx.Membrane1D, Any, Any]:
    water = ifx.Layer(5e-9, eps_r=74.0)
    lipid = ifx.Layer(4e-9, eps_r=2.0, partition=1e-3)
    salts = ({ifx.K: 140.0, ifx.Na: 10.0, ifx.Cl: 150.0}, {ifx.K: 5.0, ifx.Na: 145.0, ifx.Cl: 150.0})
    return ifx.Membrane1D([water, lipid, water], surface_charge=[-0.02, -0.01]), *salts


def test_a_profile_and_a_curve_are_drawn_in_the_units_of_their_labels(film: Any, axes: Any) -> None:
    profile, curve = ifx.pnp(*film, -0.07), ifx.pnp_iv(*film, [-0.1, 0.0, 0.05])
    ax = profile.plot(axes[0, 0])
    x, c = ax.lines[0].get_data()
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("place (nm): inside → outside", "concentration (mM)", "log")
    assert x[-1] == pytest.approx(14.0)
    assert c[0] == pytest.approx(140.0)
    other = next(twin for twin in ax.figure.axes if twin.get_ylabel() == "potential (mV)")
    assert other.lines[0].get_ydata()[0] == pytest.approx(-70.0)
    ax = curve.plot(axes[0, 1])
    V, I = ax.lines[-1].get_data()
    assert V == pytest.approx([-100.0, 0.0, 50.0])
    assert list(I) == list(curve.I)


def test_a_table_draws_what_each_ion_carries_in_the_colour_of_the_ion(film: Any, axes: Any) -> None:
    table = film[0].table(*film[1:], V=(-0.1, 0.05), tol=1e-3)
    ax = table.plot(axes[0, 0])
    shown = {line.get_label(): line for line in ax.lines}
    assert shown["all"].get_ydata() == pytest.approx(sum(shown[name].get_ydata() for name in ("K", "Na", "Cl")))
    assert shown["K"].get_color() == IONS["K"]
    assert ax.get_xlim() == pytest.approx((-100.0, 50.0))


def test_batches_say_that_they_are_not_one_figure(film: Any) -> None:
    many = {"surface_charge.0": np.array([0.0, -0.01])}
    for thing in (ifx.pnp(*film, -0.07, vary=many), ifx.pnp_iv(*film, [0.0], vary=many)):
        with pytest.raises(ifx.InputError, match="batch of shape"):
            thing.plot()


def test_levels_are_drawn_by_how_far_they_are_from_the_full_equations(film: Any) -> None:
    levels = ifx.pnp(*film, -0.07).compare_levels()
    ax = levels.plot(new_axes(window=False)[0, 0])
    names = [text.get_text() for text in ax.get_xticklabels()]
    assert names == [name for name, level in levels.items() if level.applicable and name != "pnp"]
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([levels[name].difference for name in names])
    assert ax.get_yscale() == "log"
    many = ifx.compare_levels(*film, [-0.07, 0.0])
    with pytest.raises(ifx.InputError, match="batch of shape"):
        many.plot()
