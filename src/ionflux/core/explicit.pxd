# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""One step of the pair of Tsitouras for a block of lanes: for models that are not stiff, where a factorisation earns nothing.

The stages are rates of change (a step of Rodas5P keeps multiples of h instead). The last of them, taken at y_1, is the first of the next
step, so a step costs six evaluations; only lanes whose parameters or state have changed in between (`stale`) make their block evaluate
the first one again, which gives the other lanes the bits that they had. Control, acceptance, samples and records are those of every method.
"""
from ionflux.core.control cimport accumulate_error, choose_step, control, first_step
from ionflux.core.lanes cimport v_any, v_select, v_set, v_seti, vd
from ionflux.core.march_state cimport Block, parameters_at
from ionflux.core.rhs cimport MAX_WV, add_rows
from ionflux.core.tables cimport Tables

cdef enum:
    EXPLICIT_STAGES = 7

cdef extern from "tsit5.h" nogil:
    const double TSIT_A[7][6]
    const double TSIT_C[7]
    const double TSIT_E[7]
    const double TSIT_H[3][7]


cdef inline void weigh(const Tables *T, Block *B, const double *weight, const int stages, const int N, const int WV) noexcept nogil:
    """y + h sum of weight_j f_j into the state registers; the number of stages is a compile-time constant.

    The last f comes alone at the end: everything else can be there before it is. Not so for y_1, which then would be rounded twice.
    """
    cdef int j, r, v, n = N if N else T.n
    cdef vd s, last
    for r in range(n):
        for v in range(WV):
            s = v_set(0.0)
            for j in range(stages - 1):
                s = s + v_set(weight[j]) * B.k[(j * n + r) * WV + v]
            last = B.k[((stages - 1) * n + r) * WV + v]
            if stages == EXPLICIT_STAGES - 1:
                B.reg[r * WV + v] = B.y[r * WV + v] + B.hs[v] * (s + v_set(weight[stages - 1]) * last)
            else:
                B.reg[r * WV + v] = B.y[r * WV + v] + B.hs[v] * s + B.hs[v] * v_set(weight[stages - 1]) * last


cdef inline void stage_argument(const Tables *T, Block *B, int s, const int N, const int WV) noexcept nogil:
    if s == 1:
        weigh(T, B, TSIT_A[1], 1, N, WV)
    elif s == 2:
        weigh(T, B, TSIT_A[2], 2, N, WV)
    elif s == 3:
        weigh(T, B, TSIT_A[3], 3, N, WV)
    elif s == 4:
        weigh(T, B, TSIT_A[4], 4, N, WV)
    elif s == 5:
        weigh(T, B, TSIT_A[5], 5, N, WV)
    else:
        weigh(T, B, TSIT_A[6], 6, N, WV)


cdef inline void evaluate_stage(const Tables *T, Block *B, int s, const vd *time, const int N, const int WV) noexcept nogil:
    """f_s at the states in the registers."""
    cdef int q, n = N if N else T.n
    cdef vd *f = B.k + s * n * WV
    if B.ramps:
        parameters_at(T, B, time, WV)
    for q in range(n * WV):
        f[q] = v_set(0.0)
    B.run(T, &T.rates, B.reg)
    add_rows(T, B.reg, f, N, WV)


cdef inline void first_stage(const Tables *T, Block *B, double rtol, const int N, const int WV) noexcept nogil:
    """f_1: what the last step ended with, or anew."""
    cdef unsigned stale = 0, fresh = 0
    cdef int q, r, v, n = N if N else T.n
    for v in range(WV):
        stale |= v_any(B.stale[v])
        fresh |= v_any(B.fresh[v])
    if not stale:
        for r in range(n):
            for v in range(WV):
                B.k[r * WV + v] = v_select(B.ok[v], B.k[(6 * n + r) * WV + v], B.k[r * WV + v])
        return
    for q in range(n * WV):
        B.reg[q] = B.y[q]
    evaluate_stage(T, B, 0, B.t, N, WV)
    for v in range(WV):
        B.stale[v] = v_seti(0)
    if fresh:
        first_step(T, B, rtol, WV)


cdef inline void explicit_step(const Tables *T, Block *B, double rtol, double fixed, const int N, const int WV) noexcept nogil:
    """Try one step in every lane: y_1 in the state registers, ok and the next h in the block."""
    cdef vd time[MAX_WV]
    cdef vd e
    cdef int j, r, s, v, n = N if N else T.n
    first_stage(T, B, rtol, N, WV)
    choose_step(B, fixed, WV)
    for s in range(1, EXPLICIT_STAGES):
        stage_argument(T, B, s, N, WV)
        for v in range(WV):
            time[v] = B.t[v] + v_set(TSIT_C[s]) * B.hs[v]
        evaluate_stage(T, B, s, time, N, WV)
    for r in range(n):
        for v in range(WV):
            e = v_set(TSIT_E[0]) * B.k[r * WV + v]
            for j in range(1, EXPLICIT_STAGES):
                e = e + v_set(TSIT_E[j]) * B.k[(j * n + r) * WV + v]
            B.k[(7 * n + r) * WV + v] = B.hs[v] * e
    accumulate_error(T, B, rtol, 0.0, N, WV)
    control(B, fixed, 1, WV)


cdef inline void explicit_dense_output(const Tables *T, Block *B, const int WV) noexcept nogil:
    """p_2, p_3, p_4 of the step just tried."""
    cdef int m, r, j, v, n = T.n
    cdef vd s
    for r in range(n):
        for m in range(3):
            for v in range(WV):
                s = v_set(0.0)
                for j in range(EXPLICIT_STAGES):
                    s = s + v_set(TSIT_H[m][j]) * B.k[(j * n + r) * WV + v]
                B.p[(m * n + r) * WV + v] = B.hs[v] * s
