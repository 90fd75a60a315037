# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Films on arrays: one profile a lane. The physics is in core/np.pxd and core/pnp.pxd.

Rows are profiles; _films_given.pxi has those in a given potential, _films_pnp.pxi those whose potential follows from Poisson's equation.
Threads share the work by doing the rows first ... last - 1, or what the others have not yet taken; arrays of results are written in
place. _films_tables.pxi has fluxes from tables. Built once per instruction set; results are equal to the last bit across builds, threads
and places in an array.
"""
from ionflux.core.blocks cimport v_fence, v_load, v_prefetch
from ionflux.core.lanes cimport (
    IFX_ISA, VL, v_abs, v_alloc, v_any, v_eq, v_finite, v_fma, v_fnma, v_free, v_get, v_le, v_lt, v_max, v_min, v_next, v_put, v_select,
    v_set, vd, vm,
)
from ionflux.core.np cimport FAR, Cell, Steep, ahead, ahead_steep, cells_of, load_square, store_square
from ionflux.core.outbox cimport Outbox, empty, outbox, place_for, put, send
from ionflux.core.pnp cimport MAX_IONS, MAX_LAYERS, Grid, Lanes, add_step, sweep
from ionflux.core.pnp_lines cimport Line, fluxes, load_of
from ionflux.core.vmath cimport v_exp

cdef enum:
    MAX_KINDS = 16

KINDS, IONS, LAYERS = MAX_KINDS, MAX_IONS, MAX_LAYERS


def isa() -> str:
    """Instruction set this module was built for."""
    return IFX_ISA.decode()


cdef inline vd of_rows(const double *x, Py_ssize_t row, int count, Py_ssize_t stride) noexcept nogil:
    """VL values; lanes beyond the last row repeat it, stride 0: all the same."""
    cdef vd a
    cdef int lane
    for lane in range(VL):
        v_put(&a, lane, x[(row + (lane if lane < count else count - 1)) * stride])
    return a


include "_films_tiles.pxi"
include "_films_given.pxi"
include "_films_newton.pxi"
include "_films_pnp.pxi"
include "_films_tables.pxi"
