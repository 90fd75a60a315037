# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Tabulated functions: the piece that each lane is on, and the polynomials there. Their form is that of ionflux.piecewise.

Any x is safe: the piece is clamped to those there are, so that NaN and infinities come out as themselves or as NaN.
"""
from ionflux.core.lanes cimport (
    VL, v_addi, v_bits, v_fma, v_gather, v_ge, v_max, v_min, v_select, v_set, v_seti, v_subi, vd, vm,
)
from ionflux.core.tables cimport DEGREE, Table
from ionflux.core.vmath cimport MAGIC

cdef extern from *:
    """
    #include "lanes.h"
    /* Numbers that stand side by side, wherever they begin. */
    IFX_INLINE vd row_load(const double *p) { vd x; memcpy(&x, p, sizeof x); return x; }
    IFX_INLINE void row_store(double *p, vd x) { memcpy(p, &x, sizeof x); }
    """
    vd row_load(const double *p) noexcept nogil
    void row_store(double *p, vd x) noexcept nogil


cdef inline vm find(const Table *t, vd x, vd *s, vd *scale) noexcept nogil:
    """Where the coefficients of the piece of each lane begin, where on it x is (-1/2 ... 1/2), and pieces per unit of x."""
    cdef vd lo = v_set(t.lo[0]), first = v_set(t.first[0]), last = v_set(t.last[0]), row = v_set(t.row[0]), u, k
    cdef vm beyond
    cdef int j
    scale[0] = v_set(t.scale[0])
    for j in range(1, t.n_segment):
        beyond = v_ge(x, v_set(t.lo[j]))
        lo = v_select(beyond, v_set(t.lo[j]), lo)
        first = v_select(beyond, v_set(t.first[j]), first)
        last = v_select(beyond, v_set(t.last[j]), last)
        row = v_select(beyond, v_set(t.row[j]), row)
        scale[0] = v_select(beyond, v_set(t.scale[j]), scale[0])
    u = (x - lo) * scale[0]
    # in this order min and max take the second where u is not a number; adding MAGIC rounds
    k = v_max(first, v_min(u - v_set(0.5), last)) + v_set(MAGIC) - v_set(MAGIC)
    s[0] = u - (k + v_set(0.5))
    return v_subi(v_bits((k + row) * v_set(<double> (t.n * (DEGREE + 1))) + v_set(MAGIC)), v_bits(v_set(MAGIC)))


cdef inline vd polynomial(const Table *t, const double *c, vd s) noexcept nogil:
    """Functions side by side at one s."""
    cdef vd p = row_load(c + DEGREE * t.n)
    cdef int k
    for k in range(1, DEGREE + 1):
        p = v_fma(p, s, row_load(c + (DEGREE - k) * t.n))
    return p


cdef inline void look_up(const Table *t, vd x, vd *out, const int WV) noexcept nogil:
    """Values of all functions of the table, to out, out + WV, ...

    Lane by lane with the functions side by side, then turned round: far fewer loads from anywhere than function by function.
    """
    cdef vd s, scale
    cdef vd turned[VL]
    cdef vm at = find(t, x, &s, &scale)
    cdef vm first
    cdef const double *c
    cdef int i, j, lane
    for lane in range(VL):
        (<long long *> &first)[lane] = lane * VL
    for i from 0 <= i < t.n by VL:
        for lane in range(VL):
            c = t.coefficient + (<long long *> &at)[lane] + i
            turned[lane] = polynomial(t, c, v_set((<double *> &s)[lane]))
        for j in range(i, min(i + VL, t.n)):
            out[j * WV] = v_gather(<const double *> turned + (j - i), first)


cdef inline void look_up_one(const Table *t, double x, double *out) noexcept nogil:
    """Values of all functions at one x, side by side; up to a vector of numbers beyond them is overwritten. As `find`, with numbers."""
    cdef double u, k
    cdef const double *c
    cdef int i, j, at = 0
    for j in range(1, t.n_segment):
        at = j if x >= t.lo[j] else at
    u = (x - t.lo[at]) * t.scale[at]
    k = u - 0.5
    k = k if k < t.last[at] else t.last[at]
    k = t.first[at] if k < t.first[at] else k
    k = k + MAGIC - MAGIC
    c = t.coefficient + <long long> ((k + t.row[at]) * <double> (t.n * (DEGREE + 1)))
    for i from 0 <= i < t.n by VL:
        row_store(out + i, polynomial(t, c + i, v_set(u - (k + 0.5))))


cdef inline void look_up_slopes(const Table *t, vd x, vd *out, const int WV) noexcept nogil:
    """Their derivatives."""
    cdef vd s, scale, p
    cdef vm at = find(t, x, &s, &scale)
    cdef const double *c = t.coefficient
    cdef int i, k
    for i in range(t.n):
        p = v_set(<double> DEGREE) * v_gather(c + DEGREE * t.n + i, at)
        for k in range(1, DEGREE):
            p = v_fma(p, s, v_set(<double> (DEGREE - k)) * v_gather(c + (DEGREE - k) * t.n + i, at))
        out[i * WV] = p * scale
