# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""One cell alone: the explicit pair with the operations of the cell, not cells, side by side in the lanes (ionflux.lowering.packing).

Registers are plain numbers, where ionflux.lowering.placement put them: states (padded to whole vectors), parameters, results group by
group. Sums are added in the same order as in rhs.pxd and functions are the same, so every result has the bits that a lane of a block would
have. What a step needs beside the right-hand side (time, step, control) stays in lane 0 of a block of one vector, where march.pxd
looks for it; the other lanes are idle and count as accepted.
"""
from libc.math cimport fabs, sqrt

from ionflux.core.explicit cimport EXPLICIT_STAGES, TSIT_A, TSIT_C, TSIT_E, TSIT_H, first_stage
from ionflux.core.lanes cimport VL, v_abs, v_ge, v_get, v_gt, v_put, v_select, v_set, v_seti, vd, vm
from ionflux.core.laws cimport law_ghk
from ionflux.core.lookup cimport look_up_one, row_load, row_store
from ionflux.core.stepper cimport Block, choose_step, control
from ionflux.core.tables cimport (
    OP_BERNOULLI, OP_EXP, OP_FACTORS, OP_LOG, OP_LOGISTIC, OP_PHI, OP_RECIPROCAL, OP_SUM, OP_TABLE,
    Group, Tables,
)
from ionflux.core.vmath cimport v_bernoulli, v_by_sign, v_exp, v_log, v_phi

cdef extern from *:
    """
    /* One vector of operands: kind, four blocks, the lanes that the last two of them give, two numbers more; then eight places, and eight
     * lanes of a pair of blocks. What stands in lanes beyond those in use is of no interest. */
    #define IFX_OPERAND 24
    IFX_INLINE vd fetch_near(const double *S, const long long *o, int lane) {
    #if IFX_VL == 8
        (void)lane;
        return (vd)_mm512_permutex2var_pd(_mm512_loadu_pd(S + o[1]), _mm512_loadu_si512(o + 16), _mm512_loadu_pd(S + o[2]));
    #elif IFX_VL > 1
        vd x;
        IFX_EACH(l) x[l] = S[o[8 + lane + l]];
        return x;
    #else
        return S[o[8 + lane]];
    #endif
    }
    IFX_INLINE vd fetch(const double *S, const long long *o, int lane) {
    #if IFX_VL == 8
        if (o[0] == 2) return (vd)_mm512_i64gather_pd(_mm512_loadu_si512(o + 8), S, 8);
        if (o[0] == 1) {
            __m512i at = _mm512_loadu_si512(o + 16);
            __m512d y = _mm512_permutex2var_pd(_mm512_loadu_pd(S + o[3]), at, _mm512_loadu_pd(S + o[4]));
            return (vd)_mm512_mask_blend_pd((__mmask8)o[5], (__m512d)fetch_near(S, o, lane), y);
        }
    #endif
        return fetch_near(S, o, lane);
    }
    /* x + y where w is not 0, else x. */
    IFX_INLINE vd add_where(vd w, vd x, vd y) {
    #if IFX_VL == 8
        return (vd)_mm512_mask_add_pd((__m512d)x, _mm512_cmp_pd_mask((__m512d)w, _mm512_setzero_pd(), _CMP_NEQ_OQ), (__m512d)x, (__m512d)y);
    #else
        return v_select(v_eq(w, v_set(0.0)), x, x + y);
    #endif
    }
    """
    enum: OPERAND "IFX_OPERAND"
    vd fetch(const double *S, const long long *operand, int lane) noexcept nogil
    vd fetch_near(const double *S, const long long *operand, int lane) noexcept nogil
    vd add_where(vd w, vd x, vd y) noexcept nogil

cdef enum:
    WIDEST = 8      # groups are padded to this many lanes
    RAGGED = 4      # flags of sums beside their number of factors: some lanes have fewer terms; perhaps so, and operands from afar
    FAR = 8


cdef inline vd operand(const double *S, const long long *o, int lane, const bint far) noexcept nogil:
    return fetch(S, o, lane) if far else fetch_near(S, o, lane)


cdef inline vd terms(const Group *g, const double *S, int lane, const int factors, const bint ragged, const bint far) noexcept nogil:
    """sum of weight (a b) c, in order."""
    cdef const long long *o = g.index
    cdef const double *w = g.weight + lane
    cdef vd x = v_set(0.0), y
    cdef int _t
    for _t in range(g.extra):
        y = operand(S, o, lane, far)
        if factors > 1:
            y = y * operand(S, o + OPERAND, lane, far)
        if factors > 2:
            y = y * operand(S, o + 2 * OPERAND, lane, far)
        y = row_load(w) * y
        x = add_where(row_load(w), x, y) if ragged else x + y
        o += factors * OPERAND
        w += WIDEST
    return x


cdef inline vd sum_of_terms(const Group *g, const double *S, int lane) noexcept nogil:
    cdef int flags = g.flags
    if flags == 0:
        return v_set(0.0)
    elif flags == 1:
        return terms(g, S, lane, 1, 0, 0)
    elif flags == 2:
        return terms(g, S, lane, 2, 0, 0)
    elif flags == 3:
        return terms(g, S, lane, 3, 0, 0)
    elif flags == 1 + RAGGED:
        return terms(g, S, lane, 1, 1, 0)
    elif flags == 2 + RAGGED:
        return terms(g, S, lane, 2, 1, 0)
    elif flags == 3 + RAGGED:
        return terms(g, S, lane, 3, 1, 0)
    elif flags == 1 + FAR:
        return terms(g, S, lane, 1, 1, 1)
    elif flags == 2 + FAR:
        return terms(g, S, lane, 2, 1, 1)
    return terms(g, S, lane, 3, 1, 1)


cdef inline vd exp_or_logistic(vd x, vd half) noexcept nogil:
    """e^x, or 1/(1 + e^x) where `half` is 1, as v_logistic does it: both need one exponential."""
    cdef vd e = v_exp(v_select(v_gt(half, v_set(0.5)), v_set(0.0) - v_abs(x), x))
    cdef vd inverse = v_set(1.0) / (v_set(1.0) + e)
    return v_select(v_gt(half, v_set(0.5)), v_by_sign(x, inverse, e * inverse), e)


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


cdef inline void run_group(const Tables *T, double *S, const Group *g, int lane) noexcept nogil:
    """One group, from this lane on."""
    cdef double *d = S + g.dst + lane
    cdef int code = g.code
    cdef vd x = sum_of_terms(g, S, lane), a, b
    if code == OP_SUM:
        row_store(d, x)
    elif code == OP_TABLE:
        look_up_one(T.table + g.extra, S[g.index[0]] * S[g.index[1]] * S[g.index[2]], d)
    elif code == OP_FACTORS:
        row_store(d, product_of_factors(g, S, lane))
    elif code == OP_LOG:
        row_store(d, v_log(x))
    elif code == OP_LOGISTIC:
        row_store(d, exp_or_logistic(x, row_load(g.weight + g.extra * WIDEST + lane)))
    elif code == OP_RECIPROCAL:
        row_store(d, v_set(1.0) / x)
    elif code == OP_BERNOULLI:
        v_bernoulli(x, &a, &b)
        row_store(d, a)
        row_store(d + WIDEST, b)
    elif code == OP_EXP:
        row_store(d, v_exp(x))
    elif code == OP_PHI:
        row_store(d, v_phi(x))
    else:
        row_store(d, law_ghk(fetch(S, g.index + 2 * OPERAND, lane), fetch(S, g.index, lane), fetch(S, g.index + OPERAND, lane),
                             fetch(S, g.index + 3 * OPERAND, lane), fetch(S, g.index + 4 * OPERAND, lane)))


cdef inline void run_groups(const Tables *T, double *S, const Group *g) noexcept nogil:
    """The program `rates` from this group on, and dy/dt at its end."""
    cdef const Group *end = T.group + T.n_group
    cdef int lane
    while g < end:
        for lane from 0 <= lane < (1 if VL == WIDEST else g.count) by VL:
            run_group(T, S, g, lane)
        g += 1


cdef inline void weigh(double *S, const double *f, const double *y, const double *k, const double *weight, const int stages, double h,
                       int n) noexcept nogil:
    """y + h (sum of weight_j f_j), the last of which has just been made; the number of the others is a compile-time constant."""
    cdef vd s
    cdef int j, r
    for r from 0 <= r < n by VL:
        s = v_set(weight[0]) * row_load(k + r)
        for j in range(1, stages):
            s = s + v_set(weight[j]) * row_load(k + j * n + r)
        row_store(S + r, row_load(y + r) + v_set(h) * (s + v_set(weight[stages]) * row_load(f + r)))


cdef inline void next_argument(double *S, const double *f, const double *y, const double *k, int stages, double h, int n) noexcept nogil:
    if stages == 1:
        weigh(S, f, y, k, TSIT_A[2], 1, h, n)
    elif stages == 2:
        weigh(S, f, y, k, TSIT_A[3], 2, h, n)
    elif stages == 3:
        weigh(S, f, y, k, TSIT_A[4], 3, h, n)
    elif stages == 4:
        weigh(S, f, y, k, TSIT_A[5], 4, h, n)
    else:
        weigh(S, f, y, k, TSIT_A[6], 5, h, n)


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
    """Error and sign of lane 0, as accumulate_error in stepper.pxd; e is the error estimate of the states."""
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
    B.error[0] = v_set(sqrt(total * (1.0 / T.n_tol)))
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
    cdef vd x
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
        row_store(S + r, row_load(y + r) + v_set(h) * (v_set(TSIT_A[1][0]) * row_load(k + r)))
    for s in range(1, EXPLICIT_STAGES):
        if B.ramps:
            parameters_at(T, B, t + TSIT_C[s] * h)
        B.run_groups(T, S, groups)
        if not B.ramps:
            groups = T.group + T.n_fixed
        for r from 0 <= r < n by VL:
            row_store(k + s * n + r, row_load(S + T.solo_changes + r))
        if s < EXPLICIT_STAGES - 1:
            next_argument(S, S + T.solo_changes, y, k, s, h, n)
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
