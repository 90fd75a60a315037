"""Multipliers to write and to read units: ``-65*mV``, ``140*mM``, ``V / mV``. Everything in ionflux is SI.

Each name is the size of that unit in SI, a plain float, so writing it costs nothing and any array can be multiplied by it. Concentrations
are in mol/m³, which is mM, so ``mM`` is 1. Decimal literals are correctly rounded: no name here is the rounded result of another operation.

There is no multiplier for degrees Celsius: see `celsius`.
"""

from __future__ import annotations

from .constants import celsius

__all__ = [  # noqa: RUF022  in groups, as below
    "celsius",
    "V", "mV", "uV",
    "M", "mM", "uM", "nM", "pM",
    "m", "cm", "mm", "um", "nm", "pm", "angstrom",
    "m2", "cm2", "mm2", "um2", "nm2", "m3", "cm3", "mm3", "um3", "nm3",
    "L", "dL", "mL", "uL", "nL", "pL", "fL", "aL",
    "s", "ms", "us", "ns", "minute", "hour", "day",
    "A", "mA", "uA", "nA", "pA", "fA",
    "S", "mS", "uS", "nS", "pS", "fS",
    "farad", "mF", "uF", "nF", "pF", "fF",
    "mol", "mmol", "umol", "nmol", "pmol", "fmol", "amol",
    "coulomb", "mC", "uC", "nC", "pC", "fC",
    "Pa", "kPa", "MPa", "J", "kJ",
    "Hz", "kHz",
    "per_ms", "per_minute", "per_hour",
    "mS_per_cm2", "uS_per_cm2", "nS_per_cm2", "pS_per_um2", "S_per_cm2", "S_per_m2",
    "A_per_cm2", "mA_per_cm2", "uA_per_cm2", "nA_per_cm2", "pA_per_um2", "A_per_m2",
    "uF_per_cm2", "F_per_m2", "uC_per_cm2",
    "cm_per_s", "um_per_s", "nm_per_s", "cm2_per_s",
    "mol_per_m2_s", "nmol_per_cm2_s", "pmol_per_cm2_s",
    "mM_per_s", "mM_per_ms", "uM_per_s", "kJ_per_mol",
]  # fmt: skip

# potential, V
V, mV, uV = 1.0, 1e-3, 1e-6

# concentration, mol/m^3
M, mM, uM, nM, pM = 1e3, 1.0, 1e-3, 1e-6, 1e-9

# length, m; area, m^2; volume, m^3
m, cm, mm, um, nm, pm, angstrom = 1.0, 1e-2, 1e-3, 1e-6, 1e-9, 1e-12, 1e-10
m2, cm2, mm2, um2, nm2 = 1.0, 1e-4, 1e-6, 1e-12, 1e-18
m3, cm3, mm3, um3, nm3 = 1.0, 1e-6, 1e-9, 1e-18, 1e-27
L, dL, mL, uL, nL, pL, fL, aL = 1e-3, 1e-4, 1e-6, 1e-9, 1e-12, 1e-15, 1e-18, 1e-21

# time, s
s, ms, us, ns = 1.0, 1e-3, 1e-6, 1e-9
minute, hour, day = 60.0, 3600.0, 86400.0

# current, A; conductance, S; capacitance, F (spelled out: F is the Faraday constant); amount, mol; charge, C
A, mA, uA, nA, pA, fA = 1.0, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15
S, mS, uS, nS, pS, fS = 1.0, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15
farad, mF, uF, nF, pF, fF = 1.0, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15
mol, mmol, umol, nmol, pmol, fmol, amol = 1.0, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15, 1e-18
coulomb, mC, uC, nC, pC, fC = 1.0, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15

# pressure, Pa; energy, J; frequency and rate, 1/s (1/60 and 1/3600 are the nearest doubles)
Pa, kPa, MPa = 1.0, 1e3, 1e6
J, kJ = 1.0, 1e3
Hz, kHz = 1.0, 1e3
per_ms, per_minute, per_hour = 1e3, 1 / 60, 1 / 3600

# per area: S/m^2, A/m^2, F/m^2, C/m^2
S_per_m2, S_per_cm2, mS_per_cm2, uS_per_cm2, nS_per_cm2, pS_per_um2 = 1.0, 1e4, 1e1, 1e-2, 1e-5, 1.0
A_per_m2, A_per_cm2, mA_per_cm2, uA_per_cm2, nA_per_cm2, pA_per_um2 = 1.0, 1e4, 1e1, 1e-2, 1e-5, 1.0
F_per_m2, uF_per_cm2, uC_per_cm2 = 1.0, 1e-2, 1e-2

# permeability, m/s; diffusivity, m^2/s; flux, mol m^-2 s^-1; rates of concentration, mol m^-3 s^-1; energy per amount, J/mol
cm_per_s, um_per_s, nm_per_s, cm2_per_s = 1e-2, 1e-6, 1e-9, 1e-4
mol_per_m2_s, nmol_per_cm2_s, pmol_per_cm2_s = 1.0, 1e-5, 1e-8
mM_per_s, mM_per_ms, uM_per_s = 1.0, 1e3, 1e-3
kJ_per_mol = 1e3
