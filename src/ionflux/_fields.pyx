# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Formulas on arrays: check ranges, release the GIL, loop over blocks of elements.

Inputs broadcast against each other and may have any memory layout; nothing is copied but the block at hand. A kernel sees blocks
only: for every input BLOCK doubles side by side, a multiple of the vector length of them in use. It is built once per
instruction set (see _kernels.pyx); results are equal to the last bit across builds, threads and places in an array.

A new formula is one function of type `Kernel` and one row in `KERNELS` (_fields_kernels.pxi), made of inline functions of core/*.pxd.
"""
from cpython.buffer cimport PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.string cimport memcpy

from ionflux.core.blocks cimport v_load, v_prefetch, v_store
from ionflux.core.lanes cimport IFX_ISA, VL, v_alloc, v_bits, v_fma, v_free, v_max, v_min, v_next, v_peek, v_set, v_seti, vd, vm
from ionflux.core.physics cimport INFINITY, donnan_root, ghk_net, ghk_root, ghk_slope, v_log_quotient
from ionflux.core.vmath cimport v_bernoulli, v_bernoulli_slope, v_log

cdef enum:
    BLOCK = 256              # elements; with the arrays of a Goldman current a block stays in the first cache
    AHEAD = 256              # how far ahead memory is asked for
    CHUNK = 64               # blocks that a thread takes at a time
    MAX_DIM = 64             # as many as NumPy has

#: What a kernel has seen of the inputs that have a range. Signs are collected by or, which is less work than two comparisons; -0 and
#: a NaN with a sign are false alarms, which the caller looks into.
cdef struct Seen:
    vm signs                 # of concentrations and of what else is not negative
    vd c_most
    vd V_least
    vd V_most

#: x[j] and y[j] are the blocks of input and output j, n <= BLOCK a multiple of VL, p constants of the call, k a count among the inputs
ctypedef void (*Kernel)(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil


def isa() -> str:
    """Instruction set this module was built for."""
    return IFX_ISA.decode()


include "_fields_kernels.pxi"
include "_fields_loop.pxi"
