# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The compiled engine: check arrays, release the GIL, loop, report a status per cell.

The physics and the numerics are in core/*.pxd; this module only owns memory and talks to Python. It is built once per
instruction set from this one source and chosen at import (see _dispatch.py); results are equal to the last bit across builds.
"""
from cpython.exc cimport PyErr_CheckSignals
from libc.string cimport memset

from ionflux.core.explicit cimport EXPLICIT_STAGES, explicit_dense_output, explicit_step
from ionflux.core.lanes cimport IFX_ISA, VL, ifx_cpu_level, v_alloc, v_free, v_get, v_put, v_set, vd
from ionflux.core.march cimport RUN_DONE, RUN_FULL, STATUS_CANCELLED, STATUS_PENDING, Job, hand_back, march, start
from ionflux.core.march_state cimport Block
from ionflux.core.rhs cimport MAX_WV, Runner, add_rows, jacobian, run
from ionflux.core.solo cimport run_groups, solo_dense_output, solo_step
from ionflux.core.stepper cimport STAGES, consistent, dense_output, step
from ionflux.core.tables cimport (
    DEGREE, MAX_SEGMENTS, OP_FACTOR_SLOPES, OP_FACTORS, OP_LINEAR, OP_SUM, Factor, Group, Op, Program, Table, Tables, Term,
)
from ionflux.core.vmath cimport v_bernoulli, v_bernoulli_slope, v_exp, v_expm1, v_log, v_logistic, v_phi, v_phi_slope

import numpy as np

PENDING = STATUS_PENDING


cdef extern from *:
    """
    #ifndef __VERSION__
    #define __VERSION__ "unknown"
    #endif
    #if defined(__GNUC__) && !defined(__clang__)
    #define IFX_COMPILER "GCC " __VERSION__
    #else
    #define IFX_COMPILER __VERSION__
    #endif
    #ifndef IFX_BUILD_FLAGS
    #define IFX_BUILD_FLAGS "unknown"
    #endif
    """
    const char *IFX_COMPILER
    const char *IFX_BUILD_FLAGS  # setup.py defines it


def compiler() -> str:
    """Compiler that built this module."""
    return IFX_COMPILER.decode()


def build_flags() -> str:
    """Flags it was given."""
    return IFX_BUILD_FLAGS.decode()


def isa() -> str:
    """Instruction set this module was built for."""
    return IFX_ISA.decode()


def vector_length() -> int:
    """Doubles per vector register."""
    return VL


def cpu_level() -> int:
    """x86-64 level that this processor and its operating system support (2, 3, 4), or 1 elsewhere."""
    return ifx_cpu_level()


include "_kernels_methods.pxi"
include "_kernels_plan.pxi"
include "_kernels_run.pxi"


def vmath(str name, const double[::1] x, double[::1] out) -> None:
    """Functions of the kernels on an array: exp, log, expm1, bernoulli and its slope (of x and of -x), phi and its slope, logistic."""
    cdef Py_ssize_t i, m = x.shape[0]
    cdef int which = (
        "exp", "log", "expm1", "bernoulli", "bernoulli_minus", "bernoulli_slope", "bernoulli_slope_minus", "phi", "phi_slope",
        "logistic",
    ).index(name)
    cdef vd a[1]
    cdef vd b[2]
    cdef int lane
    if out.shape[0] != m:
        raise ValueError("vmath: x and out differ in length")
    with nogil:
        for i from 0 <= i < m by VL:
            for lane in range(VL):
                v_put(a, lane, x[i + lane] if i + lane < m else 1.0)
            if which == 0:
                b[0] = v_exp(a[0])
            elif which == 1:
                b[0] = v_log(a[0])
            elif which == 2:
                b[0] = v_expm1(a[0])
            elif which < 5:
                v_bernoulli(a[0], b, b + 1)
            elif which < 7:
                v_bernoulli_slope(a[0], b, b + 1)
            elif which == 7:
                b[0] = v_phi(a[0])
            elif which == 8:
                b[0] = v_phi_slope(a[0])
            else:
                b[0] = v_logistic(a[0])
            for lane in range(VL):
                if i + lane < m:
                    out[i + lane] = (<double *> (b + (1 if which == 4 or which == 6 else 0)))[lane]
