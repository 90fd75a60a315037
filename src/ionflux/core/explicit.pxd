# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""One step of the Dormand-Prince pair for a block of lanes: for models that are not stiff, where a factorisation earns nothing.

It leaves behind what a step of Rodas5P leaves: the embedded solution plus k_8 is y_1, k_8 the error estimate. So control, acceptance,
samples and records are those of stepper.pxd.
"""
from ionflux.core.lanes cimport v_any, v_set, vd
from ionflux.core.rhs cimport MAX_WV, add_rows
from ionflux.core.stepper cimport Block, accumulate_error, choose_step, control, first_step, parameters_at
from ionflux.core.tables cimport Tables

cdef enum:
    EXPLICIT_STAGES = 7

cdef extern from "dopri5.h" nogil:
    const double DOPRI_A[7][6]
    const double DOPRI_C[7]
    const double DOPRI_L[7]
    const double DOPRI_E[7]
    const double DOPRI_H[3][7]


cdef inline void weigh(const Tables *T, Block *B, const double *weight, int stages, int into_state, const int WV) noexcept nogil:
    """sum of weight_j k_j over the stages: with the state into the state registers, or by itself into k_8."""
    cdef int j, r, v, n = T.n
    cdef vd s
    for r in range(n):
        for v in range(WV):
            s = v_set(0.0)
            for j in range(stages):
                s = s + v_set(weight[j]) * B.k[(j * n + r) * WV + v]
            if into_state:
                B.reg[r * WV + v] = B.y[r * WV + v] + s
            else:
                B.k[(7 * n + r) * WV + v] = s


cdef inline void explicit_step(const Tables *T, Block *B, double rtol, double fixed, const int WV) noexcept nogil:
    """Try one step in every lane: y_1 in the state registers, ok and the next h in the block."""
    cdef vd time[MAX_WV]
    cdef unsigned fresh = 0
    cdef int q, s, v, n = T.n
    for q in range(n * WV):
        B.reg[q] = B.y[q]
    for q in range(EXPLICIT_STAGES * n * WV):
        B.k[q] = v_set(0.0)
    for s in range(EXPLICIT_STAGES):
        if s > 0:
            weigh(T, B, DOPRI_A[s], s, 1, WV)
        if B.ramps:
            for v in range(WV):
                time[v] = B.t[v] + v_set(DOPRI_C[s]) * B.hs[v] if s > 0 else B.t[v]
            parameters_at(T, B, time, WV)
        B.run(T, &T.rates, B.reg)
        add_rows(T, B.reg, B.k + s * n * WV, 0, WV)
        if s == 0:
            for v in range(WV):
                fresh |= v_any(B.fresh[v])
            if fresh:
                first_step(T, B, rtol, WV)
            choose_step(B, fixed, WV)
        for q in range(n):
            for v in range(WV):
                B.k[(s * n + q) * WV + v] = B.hs[v] * B.k[(s * n + q) * WV + v]
    weigh(T, B, DOPRI_L, EXPLICIT_STAGES, 1, WV)
    weigh(T, B, DOPRI_E, EXPLICIT_STAGES, 0, WV)
    accumulate_error(T, B, rtol, 0.0, 0, WV)
    control(B, fixed, WV)


cdef inline void explicit_dense_output(const Tables *T, Block *B, const int WV) noexcept nogil:
    """p_2, p_3, p_4 of the step just tried."""
    cdef int m, r, j, v, n = T.n
    cdef vd s
    for r in range(n):
        for m in range(3):
            for v in range(WV):
                s = v_set(0.0)
                for j in range(EXPLICIT_STAGES):
                    s = s + v_set(DOPRI_H[m][j]) * B.k[(j * n + r) * WV + v]
                B.p[(m * n + r) * WV + v] = s
