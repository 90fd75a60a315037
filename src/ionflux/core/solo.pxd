# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""One cell alone: the explicit pair with the operations of the cell, not cells, side by side in the lanes (ionflux.lowering.packing).

Registers are plain numbers, where ionflux.lowering.placement put them: states (padded to whole vectors), parameters, results group by
group. Sums are added in the same order as in rhs.pxd and functions are the same, so every result has the bits that a lane of a block would
have. What a step needs beside the right-hand side (time, step, control) stays in lane 0 of a block of one vector, where march.pxd
looks for it; the other lanes are idle and count as accepted.
"""
from libc.math cimport fabs

from ionflux.core.control cimport choose_step, control
from ionflux.core.explicit cimport EXPLICIT_STAGES, TSIT_A, TSIT_C, TSIT_E, TSIT_H, first_stage
from ionflux.core.lanes cimport VL, v_ge, v_get, v_gt, v_put, v_select, v_set, v_seti, vd, vm
from ionflux.core.laws cimport law_ghk
from ionflux.core.lookup cimport look_up_one, row_load, row_store
from ionflux.core.march_state cimport Block
from ionflux.core.tables cimport (
    OP_BERNOULLI, OP_EXP, OP_FACTORS, OP_LOG, OP_LOGISTIC, OP_PHI, OP_RECIPROCAL, OP_SUM, OP_TABLE,
    Group, Tables,
)
from ionflux.core.vmath cimport v_bernoulli, v_exp, v_log, v_logistic, v_phi

cdef extern from "operands.h" nogil:
    enum:
        OPERAND "IFX_OPERAND"
        WIDEST "IFX_WIDEST"
    vd fetch(const double *S, const long long *operand, int lane) noexcept
    vd fetch_near(const double *S, const long long *operand, int lane) noexcept
    vd sum_of_terms(vd x, int shape, int n, const double *S, const long long *operand, const double *weight, int lane) noexcept


cdef inline vd product_of_factors(const Group *g, const double *S, int lane) noexcept nogil:
    """strength, times each factor's powers as in laws.pxd."""
    cdef const long long *o = g.index
    cdef const double *w = g.weight + lane
    cdef vd c, r, t, out = fetch(S, o, lane)
    cdef int _i, _k, most, kinds
    o += OPERAND
    for _k in range(g.extra):
        most, kinds = o[6], o[7]
        c = fetch(S, o, lane)
        o += OPERAND
        if kinds & 1:
            c = v_select(v_gt(row_load(w + WIDEST), v_set(0.5)), c / (fetch(S, o, lane) + c), c)
            o += OPERAND
        r, t = c, v_set(1.5)
        for _i in range(1, most):
            r = v_select(v_gt(row_load(w), t), r * c, r)
            t = t + v_set(1.0)
        if kinds & 2:
            r = v_select(v_gt(row_load(w + 2 * WIDEST), v_set(0.5)), v_set(1.0) / r, r)
        out = out * r
        w += 3 * WIDEST
    return out


cdef inline vd scaled(const Group *g, const double *S, vd x, int lane) noexcept nogil:
    """A function's result times what parameters it meets: weight ((a x) b)."""
    cdef const long long *o = g.index + g.after
    if g.after:
        x = fetch_near(S, o, lane) * x * fetch_near(S, o + OPERAND, lane) * row_load(g.weight_after + lane)
    return x


cdef inline vd run_group(const Tables *T, double *S, const Group *g, int lane) noexcept nogil:
    """One group, from this lane on; what it made."""
    cdef double *d = S + g.dst + lane
    cdef int code = g.code
    cdef vd x = sum_of_terms(row_load(S + g.start + lane), g.shape, g.extra, S, g.index, g.weight, lane), a, b
    if code == OP_SUM:
        row_store(d, x)
    elif code == OP_TABLE:
        look_up_one(T.table + g.extra, S[g.index[0]] * S[g.index[1]] * S[g.index[2]], d)
    elif code == OP_FACTORS:
        row_store(d, product_of_factors(g, S, lane))
    elif code == OP_LOG:
        row_store(d, scaled(g, S, v_log(x), lane))
    elif code == OP_LOGISTIC:
        row_store(d, scaled(g, S, v_logistic(x), lane))
    elif code == OP_RECIPROCAL:
        row_store(d, scaled(g, S, v_set(1.0) / x, lane))
    elif code == OP_BERNOULLI:
        v_bernoulli(x, &a, &b)
        row_store(d, a)
        row_store(d + WIDEST, b)
    elif code == OP_EXP:
        row_store(d, scaled(g, S, v_exp(x), lane))
    elif code == OP_PHI:
        row_store(d, scaled(g, S, v_phi(x), lane))
    else:
        row_store(d, law_ghk(fetch(S, g.index + 2 * OPERAND, lane), fetch(S, g.index, lane), fetch(S, g.index + OPERAND, lane),
                             fetch(S, g.index + 3 * OPERAND, lane), fetch(S, g.index + 4 * OPERAND, lane)))
    return x


cdef inline vd run_groups(const Tables *T, double *S, const Group *g) noexcept nogil:
    """The program `rates` from this group on, and dy/dt at its end; the last vector of it."""
    cdef const Group *end = T.group + T.n_group
    cdef int lane
    cdef vd x = v_set(0.0)
    while g < end:
        for lane from 0 <= lane < (1 if VL == WIDEST else g.count) by VL:
            x = run_group(T, S, g, lane)
        g += 1
    return x


cdef inline vd change(const vd last, const double *S, int changes, int r, int n) noexcept nogil:
    """dy/dt of the states from r on, as the groups have just made it: the last vector has not left the register."""
    return last if VL == WIDEST and r + VL >= n else row_load(S + changes + r)


cdef inline void weigh(double *S, const vd last, int changes, const double *y, const double *k, const double *weight, const int stages,
                       double h, int n) noexcept nogil:
    """As in explicit.pxd: y + h sum of weight_j f_j, the last of which has just been made."""
    cdef vd s, f
    cdef int j, r
    for r from 0 <= r < n by VL:
        s = v_set(0.0)
        for j in range(stages - 1):
            s = s + v_set(weight[j]) * row_load(k + j * n + r)
        f = change(last, S, changes, r, n)
        if stages == EXPLICIT_STAGES - 1:
            row_store(S + r, row_load(y + r) + v_set(h) * (s + v_set(weight[stages - 1]) * f))
        else:
            row_store(S + r, row_load(y + r) + v_set(h) * s + v_set(h) * v_set(weight[stages - 1]) * f)


cdef inline void next_argument(double *S, const vd last, int changes, const double *y, const double *k, int stages, double h,
                               int n) noexcept nogil:
    if stages == 2:
        weigh(S, last, changes, y, k, TSIT_A[2], 2, h, n)
    elif stages == 3:
        weigh(S, last, changes, y, k, TSIT_A[3], 3, h, n)
    elif stages == 4:
        weigh(S, last, changes, y, k, TSIT_A[4], 4, h, n)
    elif stages == 5:
        weigh(S, last, changes, y, k, TSIT_A[5], 5, h, n)
    else:
        weigh(S, last, changes, y, k, TSIT_A[6], 6, h, n)


cdef inline void parameters_at(const Tables *T, Block *B, double time) noexcept nogil:
    """Scheduled parameters at a time within the segment."""
    cdef int i
    for i in range(B.n_sched):
        B.solo[T.solo_states + B.sched_slot[i]] = v_get(B.ramp, 2 * i * VL) + v_get(B.ramp, (2 * i + 1) * VL) * (time - v_get(B.t_start, 0))


cdef inline void refresh(const Tables *T, Block *B, double *y) noexcept nogil:
    """State and parameters anew, from lane 0."""
    cdef int i
    for i in range(T.n):
        y[i] = B.solo[i] = v_get(B.y, i * VL)
    for i in range(T.n_par):
        B.solo[T.solo_states + i] = v_get(B.reg, (T.n + i) * VL)
    B.solo[T.solo_one] = 1.0


cdef inline void judge(const Tables *T, Block *B, const double *y, const double *e, double rtol) noexcept nogil:
    """Error and sign of lane 0, as accumulate_error in control.pxd; e is the error estimate of the states."""
    cdef const double *S = B.solo
    cdef double total = 0.0, a, b, q, size
    cdef vm negative = v_seti(0)
    cdef int r, t
    for r in range(T.n_solved):
        a, b = fabs(y[r]), fabs(S[r])
        size = b if not (b < a) else a          # as v_max: the second where either is not a number
        q = e[r] / (S[T.solo_atol[r]] + rtol * T.tol_rtol[r] * size)
        total = total + q * q + (S[r] - S[r])
        if T.tol_positive[r] and S[r] < 0.0:
            negative = v_seti(-1)
    for r in range(T.n_solved, T.n_tol):
        size = 0.0
        for t in range(T.tol_sums.start[r - T.n_solved], T.tol_sums.start[r - T.n_solved + 1]):
            size = size + T.tol_sums.term[t].weight * e[T.tol_sums.term[t].at // <int> sizeof(vd)]
        b = S[T.solo_value[r]]
        q = size / (S[T.solo_atol[r]] + rtol * T.tol_rtol[r] * fabs(b))
        total = total + q * q
        if T.tol_positive[r] and b < 0.0:
            negative = v_seti(-1)
    B.error[0] = v_set(total * (1.0 / T.n_tol))
    B.negative[0] = negative


cdef inline void solo_step(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    """Try one step: y_1 in lane 0 of the state registers, ok and the next h in the block."""
    cdef int r, s, n = T.solo_states
    cdef double *S = B.solo
    cdef double *y = S + T.solo_size
    cdef double *y1 = y + n
    cdef double *e = y1 + n
    cdef double *k = e + n
    cdef double h, t
    cdef vd x, last
    cdef const Group *groups = T.group if B.ramps else T.group + T.n_fixed     # what parameters alone make stays
    if (<const long long *> B.stale)[0]:
        first_stage(T, B, rtol, 0, 1)
        refresh(T, B, y)
        groups = T.group
        for r in range(T.n):
            k[r] = v_get(B.k, r * VL)
    elif (<const long long *> B.ok)[0]:
        for r from 0 <= r < n by VL:
            row_store(y + r, row_load(y1 + r))
            row_store(k + r, row_load(k + 6 * n + r))
    choose_step(B, fixed, 1)
    h, t = v_get(B.hs, 0), v_get(B.t, 0)
    for r from 0 <= r < n by VL:
        row_store(S + r, row_load(y + r) + v_set(h) * v_set(TSIT_A[1][0]) * row_load(k + r))
    for s in range(1, EXPLICIT_STAGES):
        if B.ramps:
            parameters_at(T, B, t + TSIT_C[s] * h)
        last = B.run_groups(T, S, groups)
        if not B.ramps:
            groups = T.group + T.n_fixed
        if s < EXPLICIT_STAGES - 1:
            next_argument(S, last, T.solo_changes, y, k, s + 1, h, n)
        for r from 0 <= r < n by VL:
            row_store(k + s * n + r, change(last, S, T.solo_changes, r, n))
    for r from 0 <= r < n by VL:
        x = v_set(TSIT_E[0]) * row_load(k + r)
        for s in range(1, EXPLICIT_STAGES):
            x = x + v_set(TSIT_E[s]) * row_load(k + s * n + r)
        row_store(e + r, v_set(h) * x)
    for r in range(T.n):
        y1[r] = S[r]
        B.reg[r] = v_set(S[r])
    judge(T, B, y, e, rtol)
    control(B, fixed, 1, 1)
    B.ok[0] = B.ok[0] | v_ge(B.t_end[0], v_set(1e299))      # idle lanes, see park in march.pxd


cdef inline void solo_dense_output(const Tables *T, Block *B) noexcept nogil:
    """p_2, p_3, p_4 of the step just tried, in lane 0."""
    cdef int i, j, m, r, n = T.solo_states
    cdef const double *k = B.solo + T.solo_size + 3 * n
    cdef double some[WIDEST]
    cdef vd s
    for m in range(3):
        for r from 0 <= r < n by VL:
            s = v_set(0.0)
            for j in range(EXPLICIT_STAGES):
                s = s + v_set(TSIT_H[m][j]) * row_load(k + j * n + r)
            row_store(some, v_set(v_get(B.hs, 0)) * s)
            for i in range(r, min(r + VL, T.n)):
                v_put(B.p, (m * T.n + i) * VL, some[i - r])
