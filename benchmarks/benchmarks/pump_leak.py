"""The pump-leak workload: one swelling cell for ten hours, and the same cell with ten thousand sets of parameters.

Three leaks, a pump that follows the cube of sodium, and water across one membrane; from the third to the fourth hour the pump is
blocked (ouabain). The fastest mode of the model takes 6 ms (V), the slowest hours (ions), so it is stiff by about 1e6. All of it is
stated here once: constants, inputs, the equations as plain arithmetic (for peers and for the NumPy twin), error measures and gates.

SI units. The state of the peers is y = (Na, K, Cl [mol/m3], w = volume / start volume, V [V]), with

    I_k  = g_k (V - E_k),  E_k = VT/z_k ln(out_k / in_k)                 A/m2, outward
    J_p  = pump J_max (Na / Na_out)^3                                    mol/m2/s, 3 Na out for 2 K in
    w'   = (A/w0) P_f V_w (Na + K + Cl + X/w - osmolarity outside)
    c_k' = [(A/w0) inward flux of k - c_k w'] / w
    V'   = -(I_Na + I_K + I_Cl + F J_p) / C_m
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[1] / "compare" / "data"

GAS_CONSTANT = 8.31446261815324
FARADAY = 96485.33212331002
TEMPERATURE = 310.15
THERMAL_VOLTAGE = GAS_CONSTANT * TEMPERATURE / FARADAY
AREA, VOLUME, CAPACITANCE = 7.0e-10, 1.75e-15, 0.01
NA_OUT, K_OUT, CL_OUT = 145.0, 5.0, 150.0
IMPERMEANT = 140.0
FILTRATION, WATER_VOLUME = 2.0e-5, 1.8e-5

#: what one cell of the sweep varies, by dotted name, and its value in the single cell
STRENGTHS = {"leak_Na.g": 0.1, "leak_K.g": 1.0, "leak_Cl.g": 0.5, "NaKATPase.J_max": 1.0e-4}
START = (10.0, 140.0, 10.0, 1.0, -0.07)
BLOCK_FROM, BLOCK_TO, END = 10_800.0, 14_400.0, 36_000.0
#: (from, to, pump): integrators restart at the two jumps
SEGMENTS = ((0.0, BLOCK_FROM, 1.0), (BLOCK_FROM, BLOCK_TO, 0.0), (BLOCK_TO, END, 1.0))
RTOL, ATOL = 1e-6, 1e-9

#: a time counts only while the error is below its gate
CELL_GATE, SWEEP_GATE = 1e-5, 2e-5
SWEEP_SIZE = 10_000
COMPONENTS = ("c_in.Na", "c_in.K", "c_in.Cl", "volume / start volume", "V")


def spread(n: int, stream: int) -> np.ndarray:
    """Return n evenly scattered numbers in [0, 1): the fractions of (i + 1/2) sqrt(p), p the stream-th prime; the same in any language."""
    x = (np.arange(n) + 0.5) * np.sqrt((2.0, 3.0, 5.0, 7.0)[stream])
    return x - np.floor(x)


def cell_times() -> np.ndarray:
    """Return the sample times of the single cell: a thousand, every 36 s (s)."""
    return END / 1000 * np.arange(1, 1001)


def sweep_times() -> np.ndarray:
    """Return the sample times of the sweep: every hour (s)."""
    return 3600.0 * np.arange(1, 11)


def sweep_values(n: int = SWEEP_SIZE) -> dict[str, np.ndarray]:
    """Return the parameters of n cells: each strength between 0.5 and 2 times its value in the single cell."""
    return {name: value * (0.5 + 1.5 * spread(n, j)) for j, (name, value) in enumerate(STRENGTHS.items())}


def derivatives(t, y, g_na, g_k, g_cl, j_max, pump):
    """Return dy/dt of the five states as a tuple; plain arithmetic that NumPy broadcasts and Numba compiles."""
    na, k, cl, w, v = y[0], y[1], y[2], y[3], y[4]
    i_na = g_na * (v - THERMAL_VOLTAGE * np.log(NA_OUT / na))
    i_k = g_k * (v - THERMAL_VOLTAGE * np.log(K_OUT / k))
    i_cl = g_cl * (v + THERMAL_VOLTAGE * np.log(CL_OUT / cl))
    cycles = pump * j_max * (na / NA_OUT) ** 3
    swelling = AREA / VOLUME * FILTRATION * WATER_VOLUME * (na + k + cl + IMPERMEANT / w - (NA_OUT + K_OUT + CL_OUT))
    per_volume = AREA / VOLUME
    return (
        (-per_volume * (i_na / FARADAY + 3.0 * cycles) - na * swelling) / w,
        (per_volume * (2.0 * cycles - i_k / FARADAY) - k * swelling) / w,
        (per_volume * i_cl / FARADAY - cl * swelling) / w,
        swelling,
        -(i_na + i_k + i_cl + FARADAY * cycles) / CAPACITANCE,
    )


def cell():
    """Return the single cell as an ionflux description; its impermeant charge follows from the 70 mV at the start."""
    import ionflux as ifx
    from ionflux import Cl, K, Na

    return ifx.Cell(
        area=AREA,
        volume=VOLUME,
        C_m=CAPACITANCE,
        T=TEMPERATURE,
        V=START[4],
        inside={Na: START[0], K: START[1], Cl: START[2]},
        bath=ifx.Bath({Na: NA_OUT, K: K_OUT, Cl: CL_OUT}),
        impermeant=ifx.Impermeant(c=IMPERMEANT),
        membrane=[
            ifx.Leak(Na, g=STRENGTHS["leak_Na.g"]),
            ifx.Leak(K, g=STRENGTHS["leak_K.g"]),
            ifx.Leak(Cl, g=STRENGTHS["leak_Cl.g"]),
            ifx.CubicNaKATPase(J_max=STRENGTHS["NaKATPase.J_max"]),
            ifx.Water(P_f=FILTRATION, V_w=WATER_VOLUME),
        ],
    )


def ouabain():
    """Return the schedule that blocks the pump from the third to the fourth hour."""
    import ionflux as ifx

    return {"NaKATPase.scale": ifx.pulse(BLOCK_FROM, BLOCK_TO, to=0.0)}


def observables(run) -> np.ndarray:
    """Return the five compared quantities of a Trajectory (times, 5) or a Sweep (cells, times, 5)."""
    return np.stack([run.c_in["Na"], run.c_in["K"], run.c_in["Cl"], np.asarray(run.volume) / VOLUME, run.V], axis=-1)


def cell_error(y: np.ndarray) -> float:
    """Return the largest relative error over all samples and quantities of the single cell."""
    return float(np.max(np.abs(y / np.load(DATA / "pump_leak_cell.npy") - 1.0)))


def sweep_error(y: np.ndarray) -> float:
    """Return the largest relative error over the hundred first cells of the sweep (fewer when y has fewer)."""
    n = min(100, len(y))
    return float(np.max(np.abs(y[:n] / np.load(DATA / "pump_leak_sweep.npy")[:n] - 1.0)))
