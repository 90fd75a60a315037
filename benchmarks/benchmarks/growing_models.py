"""Models of growing size for the cost of one step: more ions, more mechanisms of each law."""

from __future__ import annotations

from . import pump_leak as model

#: name -> (ions beyond Na, K, Cl, in neutral pairs; ohmic leaks added; GHK leaks added; cotransporters added)
SIZES = {
    "3 ions, 5 mechanisms": (0, 0, 0, 0),
    "3 ions, 10 mechanisms (5 leaks more)": (0, 5, 0, 0),
    "3 ions, 10 mechanisms (5 GHK more)": (0, 0, 5, 0),
    "3 ions, 20 mechanisms": (0, 9, 4, 2),
    "7 ions, 11 mechanisms": (4, 1, 1, 0),
    "7 ions, 20 mechanisms": (4, 5, 4, 2),
    "11 ions, 16 mechanisms": (8, 1, 1, 1),
    "15 ions, 24 mechanisms": (12, 2, 3, 2),
}


def grown(name):
    """Return the pump-leak cell with the additions of that row; every added ion has a leak of its own, so that none stands still.

    Added ions are dilute and their leaks small: the cell stays near the one it grew from, so steps and not behaviour are compared.
    """
    import ionflux as ifx
    from ionflux import Cl, K, Na

    ions, leaks, ghk, cotransporters = SIZES[name]
    extra = [ifx.IonSpecies(f"X{i}", +1 if i % 2 else -1) for i in range(ions)]
    base = model.cell()
    membrane = list(base.membrane)
    membrane += [ifx.Leak(ion, g=0.02 + 0.001 * i) for i, ion in enumerate(extra)]
    membrane += [ifx.Leak((Na, K, Cl)[i % 3], g=0.001 * (1 + i), label=f"more_{i}") for i in range(leaks)]
    membrane += [ifx.Leak((K, Na, Cl)[i % 3], P=1e-11 * (1 + i), label=f"ghk_{i}") for i in range(ghk)]
    pairs = (ifx.KCC2, ifx.NKCC1)
    membrane += [pairs[i % 2](g=0.01, label=f"cotransporter_{i}") for i in range(cotransporters)]
    inside = {Na: 10.0, K: 140.0, Cl: 10.0} | dict.fromkeys(extra, 1.0)
    bath = {Na: 145.0, K: 5.0, Cl: 150.0} | dict.fromkeys(extra, 1.0)
    return ifx.Cell(
        area=model.AREA,
        volume=model.VOLUME,
        C_m=model.CAPACITANCE,
        T=model.TEMPERATURE,
        V=model.START[4],
        inside=inside,
        bath=ifx.Bath(bath),
        impermeant=ifx.Impermeant(),
        membrane=membrane,
    )


def nanoseconds_per_step(cell, cells=2048, repeats=3):
    """Return the time that compiled code takes for a one-thread sweep, over the steps that its cells tried (ns)."""
    import ionflux as ifx

    near = {"NaKATPase.J_max": model.STRENGTHS["NaKATPase.J_max"] * (1.0 + 1e-3 * model.spread(cells, 0))}
    at = model.sweep_times()

    def sweep():
        return ifx.sweep(cell, vary=near, until=model.END, schedule=model.ouabain(), at=at, threads=1)

    runs = [sweep() for _ in range(repeats + 1)]
    if runs[0].failures():
        raise RuntimeError(f"{len(runs[0].failures())} of {cells} cells failed: {runs[0]!r}")
    return 1e9 * min(run.stats.seconds / (run.stats.steps + run.stats.rejected) for run in runs[1:])
