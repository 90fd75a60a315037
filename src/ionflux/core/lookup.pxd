# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Tabulated functions: the piece that each lane is on, and the polynomials there. Their form is that of ionflux.piecewise.

Any x is safe: the piece is clamped to those there are, so that NaN and infinities come out as themselves or as NaN.
"""
from ionflux.core.lanes cimport (
    v_addi, v_bits, v_fma, v_gather, v_ge, v_max, v_min, v_select, v_set, v_seti, v_subi, vd, vm,
)
from ionflux.core.tables cimport DEGREE, Table
from ionflux.core.vmath cimport MAGIC


cdef inline vm find(const Table *t, vd x, vd *s, vd *scale) noexcept nogil:
    """The row of the piece of each lane, where on it x is (-1/2 ... 1/2), and pieces per unit of x."""
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
    return v_subi(v_bits(k + row + v_set(MAGIC)), v_bits(v_set(MAGIC)))


cdef inline vm times(vm i, int n) noexcept nogil:
    """i n, for small n."""
    cdef int _j
    cdef vm sum = v_seti(0)
    for _j in range(n):
        sum = v_addi(sum, i)
    return sum


cdef inline void look_up(const Table *t, vd x, vd *out, const int WV) noexcept nogil:
    """Values of all functions of the table, to out, out + WV, ..."""
    cdef vd s, scale, p
    cdef vm at = times(find(t, x, &s, &scale), t.n * (DEGREE + 1))
    cdef const double *c = t.coefficient
    cdef int i, k
    for i in range(t.n):
        p = v_gather(c + DEGREE, at)
        for k in range(1, DEGREE + 1):
            p = v_fma(p, s, v_gather(c + (DEGREE - k), at))
        out[i * WV] = p
        c += DEGREE + 1


cdef inline void look_up_slopes(const Table *t, vd x, vd *out, const int WV) noexcept nogil:
    """Their derivatives."""
    cdef vd s, scale, p
    cdef vm at = times(find(t, x, &s, &scale), t.n * (DEGREE + 1))
    cdef const double *c = t.coefficient
    cdef int i, k
    for i in range(t.n):
        p = v_set(<double> DEGREE) * v_gather(c + DEGREE, at)
        for k in range(1, DEGREE):
            p = v_fma(p, s, v_set(<double> (DEGREE - k)) * v_gather(c + (DEGREE - k), at))
        out[i * WV] = p * scale
        c += DEGREE + 1
