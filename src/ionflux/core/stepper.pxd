# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""One step of Rodas5P for a block of lanes, each with its own time and step.

Every lane carries its own t, h and end of segment; a rejected lane keeps its state while the others move on. Only arithmetic
and selections by mask here; whatever needs a decision for one lane (a sample, a break point, the next cell) is in march.pxd.
"""
from ionflux.core.control cimport accumulate_error, choose_step, control, first_step
from ionflux.core.lanes cimport v_abs, v_any, v_le, v_select, v_set, v_seti, vd, vm
from ionflux.core.linalg cimport factorise, solve
from ionflux.core.march_state cimport Block, parameters_at
from ionflux.core.rhs cimport MAX_WV, add_rows, jacobian
from ionflux.core.tables cimport Tables
from ionflux.core.vmath cimport v_clamp

cdef enum:
    STAGES = 8

cdef extern from "rodas5p.h" nogil:
    const double RODAS_GAMMA
    const double GUARD "RODAS_GUARD"
    const double RODAS_A[6][5]
    const double RODAS_C[8][7]
    const double RODAS_ALPHA[8]
    const double RODAS_D[8]
    const double RODAS_H[3][8]


cdef inline void time_slope(const Tables *T, Block *B, const int WV) noexcept nogil:
    """df/dt of moving parameters by a central difference over h/128, leaving the registers as they were at (t, y)."""
    cdef vd time[MAX_WV]
    cdef vd *f
    cdef int side, q, r, v
    for side in range(3):
        for v in range(WV):
            time[v] = B.t[v] + v_set(0.00390625 if side == 0 else (-0.00390625 if side == 1 else 0.0)) * B.hs[v]
        parameters_at(T, B, time, WV)
        B.run(T, &T.rates, B.reg)
        f = B.k + (STAGES - 1 - side) * T.n * WV
        for q in range(T.n * WV):
            f[q] = v_set(0.0)
        add_rows(T, B.reg, f, 0, WV)
    f = B.k + (STAGES - 2) * T.n * WV
    for r in range(T.n):
        for v in range(WV):
            B.f_t[r * WV + v] = (f[(T.n + r) * WV + v] - f[r * WV + v]) * v_set(128.0) / B.hs[v]


cdef inline void consistent(const Tables *T, Block *B, const int WV) noexcept nogil:
    """Solve the algebraic rows of fresh lanes for the algebraic states, the others held: Newton with steps of 50 mV at most.

    The rows of the other states become those of the identity, so the same factorisation serves. What depends on the states
    must be evaluated again afterwards. A lane that has arrived stays there, however long its neighbours take.
    """
    cdef vd dx, x
    cdef vm going[MAX_WV]
    cdef unsigned left
    cdef int _i, q, r, v
    cdef vd *f = B.k
    for v in range(WV):
        going[v] = B.fresh[v]
    for _i in range(60):
        B.run(T, &T.rates, B.reg)
        B.run(T, &T.slopes, B.reg)
        jacobian(T, B.reg, B.M, 1, WV)
        for q in range(T.n_matrix):
            if T.mass[T.entry_row[q]] != 0.0:
                for v in range(WV):
                    B.M[q * WV + v] = v_set(0.0)
        for q in range(T.n * WV):
            f[q] = v_set(0.0)
        add_rows(T, B.reg, f, 0, WV)
        for r in range(T.n_solved):
            if T.mass[r] != 0.0:
                for v in range(WV):
                    B.M[T.diagonal[r] * WV + v] = v_set(1.0)
                    f[r * WV + v] = v_set(0.0)
        factorise(T, B.M, 0, WV)
        solve(T, B.M, f, 0, WV)
        for v in range(WV):
            B.lost[v] = v_seti(0)
        for r in range(T.n_solved):
            if T.mass[r] != 0.0:
                continue
            for v in range(WV):
                x = B.y[r * WV + v]
                dx = v_clamp(-0.05, f[r * WV + v], 0.05)
                B.lost[v] = B.lost[v] | (going[v] & ~v_le(v_abs(dx), v_set(1e-12) + v_set(1e-14) * v_abs(x)))
                x = v_select(going[v], x + dx, x)
                B.y[r * WV + v] = x
                B.reg[r * WV + v] = x
        left = 0
        for v in range(WV):
            going[v] = B.lost[v]
            left |= v_any(going[v])
        if not left:
            return


cdef inline void combine(const Tables *T, Block *B, const vd *inverse_h, const int s, const int N, const int WV) noexcept nogil:
    """u_s into the state registers and (1/h) sum C_sj k_j into k_s; s is a compile-time constant, so both sums unroll."""
    cdef vd u, g, kj
    cdef int r, j, v, n = N if N else T.n
    cdef vd *ks = B.k + s * n * WV
    for r in range(n):
        for v in range(WV):
            u = B.reg[r * WV + v] if s >= 6 else B.y[r * WV + v]
            g = v_set(0.0)
            for j in range(s):
                kj = B.k[(j * n + r) * WV + v]
                if s < 6:
                    u = u + v_set(RODAS_A[s][j]) * kj
                elif j == s - 1:
                    u = u + kj
                g = g + v_set(RODAS_C[s][j]) * kj
            B.reg[r * WV + v] = u
            ks[r * WV + v] = inverse_h[v] * v_set(T.mass[r]) * g


cdef inline void prepare_stage(const Tables *T, Block *B, const vd *inverse_h, int s, const int N, const int WV) noexcept nogil:
    if s == 1:
        combine(T, B, inverse_h, 1, N, WV)
    elif s == 2:
        combine(T, B, inverse_h, 2, N, WV)
    elif s == 3:
        combine(T, B, inverse_h, 3, N, WV)
    elif s == 4:
        combine(T, B, inverse_h, 4, N, WV)
    elif s == 5:
        combine(T, B, inverse_h, 5, N, WV)
    elif s == 6:
        combine(T, B, inverse_h, 6, N, WV)
    else:
        combine(T, B, inverse_h, 7, N, WV)


cdef inline void add_time_slope(const Tables *T, Block *B, int s, const int WV) noexcept nogil:
    """k_s += h d_s f_t."""
    cdef int r, v
    for r in range(T.n):
        for v in range(WV):
            B.k[(s * T.n + r) * WV + v] = B.k[(s * T.n + r) * WV + v] + v_set(RODAS_D[s]) * B.hs[v] * B.f_t[r * WV + v]


cdef inline void iteration_matrix(const Tables *T, Block *B, const vd *inverse_h, const int N, const int WV) noexcept nogil:
    """M = mass/(gamma h) - J at the state and parameters in the registers, factorised."""
    cdef int r, v
    B.run(T, &T.slopes, B.reg)
    jacobian(T, B.reg, B.M, 1, WV)
    for r in range(T.n_solved):
        for v in range(WV):
            B.M[T.diagonal[r] * WV + v] = B.M[T.diagonal[r] * WV + v] + v_set(T.mass[r] / RODAS_GAMMA) * inverse_h[v]
    factorise(T, B.M, N, WV)


cdef inline void count(const Tables *T, Block *B, vd *k, const int WV) noexcept nogil:
    """The stage of the counters: nothing depends on them, so k_c = gamma h (right-hand side + J_c k) once k is solved."""
    cdef vd acc[MAX_WV]
    cdef const vd *m
    cdef const vd *x
    cdef int c, p, v
    for c in range(T.n - T.n_solved):
        for v in range(WV):
            acc[v] = k[(T.n_solved + c) * WV + v]
        for p in range(T.counter_start[c], T.counter_start[c + 1]):
            m = B.M + T.counter_entry[p] * WV
            x = k + T.counter_column[p] * WV
            for v in range(WV):
                acc[v] = acc[v] - m[v] * x[v]
        for v in range(WV):
            k[(T.n_solved + c) * WV + v] = v_set(RODAS_GAMMA) * B.hs[v] * acc[v]


cdef inline void step(const Tables *T, Block *B, double rtol, double fixed, const int N, const int WV) noexcept nogil:
    """Try one step in every lane: y_1 in the state registers, ok and the next h in the block.

    One loop over the stages, so that the right-hand side is compiled once and stays in the instruction cache. N is the number
    of states where it is known at compile time, else 0.
    """
    cdef vd inverse_h[MAX_WV]
    cdef vd time[MAX_WV]
    cdef unsigned fresh = 0
    cdef int q, s, v, n = N if N else T.n
    for v in range(WV):
        inverse_h[v] = v_set(0.0)       # until the first stage has chosen h
    for q in range(n * WV):
        B.reg[q] = B.y[q]
        B.k[q] = v_set(0.0)
    for s in range(STAGES):
        if s > 0:
            prepare_stage(T, B, inverse_h, s, N, WV)
        if B.ramps:
            for v in range(WV):
                time[v] = B.t[v] + v_set(RODAS_ALPHA[s]) * B.hs[v] if s > 0 else B.t[v]
            parameters_at(T, B, time, WV)
        if s == 0:
            for v in range(WV):
                fresh |= v_any(B.fresh[v])
            if fresh and T.n_algebraic:
                B.make_consistent(T, B)
                for q in range(n * WV):
                    B.k[q] = v_set(0.0)
        B.run(T, &T.rates, B.reg)
        add_rows(T, B.reg, B.k + s * n * WV, N, WV)
        if s == 0:
            if fresh:
                first_step(T, B, rtol, WV)
            choose_step(B, fixed, WV)
            for v in range(WV):
                inverse_h[v] = v_set(1.0) / B.hs[v]
            if B.ramps:
                time_slope(T, B, WV)
            iteration_matrix(T, B, inverse_h, N, WV)
        if B.ramps:
            add_time_slope(T, B, s, WV)
        solve(T, B.M, B.k + s * n * WV, N, WV)
        if N == 0 and n > T.n_solved:
            count(T, B, B.k + s * n * WV, WV)
    accumulate_error(T, B, rtol, GUARD, N, WV)
    control(B, fixed, 0, WV)
    if T.n_algebraic:
        for v in range(WV):
            B.ok[v] = B.ok[v] & ~B.lost[v]


cdef inline void dense_output(const Tables *T, Block *B, const int WV) noexcept nogil:
    """p_2, p_3, p_4 of the step just tried."""
    cdef int m, r, j, v, n = T.n
    cdef vd s
    for r in range(n):
        for m in range(3):
            for v in range(WV):
                s = v_set(0.0)
                for j in range(STAGES):
                    s = s + v_set(RODAS_H[m][j]) * B.k[(j * n + r) * WV + v]
                B.p[(m * n + r) * WV + v] = s
