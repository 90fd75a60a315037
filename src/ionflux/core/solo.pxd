# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""One cell alone: the explicit pair with the operations of the cell, not cells, side by side in the lanes (ionflux.lowering.packing).

Registers are plain numbers, in the order that packing gave them: states (padded to whole vectors), parameters, results group by group.
Sums are added in the same order as in rhs.pxd and functions are the same, so every result has the bits that a lane of a block would
have. What a step needs beside the right-hand side (time, step, control) stays in lane 0 of a block of one vector, where march.pxd
looks for it; the other lanes are idle and count as accepted.
"""
from libc.math cimport fabs, sqrt

from ionflux.core.explicit cimport EXPLICIT_STAGES, TSIT_A, TSIT_C, TSIT_E, TSIT_H, first_stage
from ionflux.core.lanes cimport VL, v_abs, v_ge, v_get, v_gt, v_put, v_select, v_set, v_seti, vd, vm
from ionflux.core.lookup cimport look_up_one, row_load, row_store
from ionflux.core.stepper cimport Block, choose_step, control
from ionflux.core.tables cimport (
    FACTOR_SATURATION, OP_BERNOULLI, OP_EXP, OP_FACTORS, OP_GHK, OP_LOG, OP_LOG_PRODUCT, OP_LOGISTIC, OP_PHI, OP_PRODUCT, OP_SUM,
    OP_TABLE, Group, Pair, Tables,
)
from ionflux.core.vmath cimport v_bernoulli, v_by_sign, v_exp, v_log, v_phi

cdef extern from *:
    """
    /* Numbers from anywhere, `count` of them; what the other lanes get is of no interest. */
    IFX_INLINE vd pick(const double *p, const int *i, int count) {
    #if IFX_VL == 8
        __m256d low = _mm256_set_pd(p[i[3]], p[i[2]], p[i[1]], p[i[0]]);
        if (count <= 4) return (vd)_mm512_castpd256_pd512(low);
        return (vd)_mm512_insertf64x4(_mm512_castpd256_pd512(low), _mm256_set_pd(p[i[7]], p[i[6]], p[i[5]], p[i[4]]), 1);
    #else
        vd x;
        (void)count;
        IFX_EACH(l) IFX_LANE(x, l) = p[i[l]];
        return x;
    #endif
    }
    """
    vd pick(const double *p, const int *index, int count) noexcept nogil

cdef enum:
    WIDEST = 8      # groups are padded to this many lanes


cdef inline vd operand(const double *S, const int *index, int lane, int count) noexcept nogil:
    """One number for all lanes, or one for each."""
    return v_set(S[index[1]]) if index[0] else pick(S, index + 1 + lane, count - lane)


cdef inline vd argument(const Group *g, const double *weight, const double *S, int lane) noexcept nogil:
    """What an elementary function is taken of: a register, or a short sum."""
    cdef const int *index = g.index
    cdef vd x
    cdef int _t
    if g.extra == 0:
        return operand(S, index, lane, g.count)
    x = v_set(0.0)
    for _t in range(g.extra):
        x = x + row_load(weight + lane) * operand(S, index, lane, g.count)
        index += 1 + WIDEST
        weight += WIDEST
    return x


cdef inline vd exp_or_logistic(vd x, vd half) noexcept nogil:
    """e^x, or 1/(1 + e^x) where `half` is 1, as v_logistic does it: both need one exponential."""
    cdef vd e = v_exp(v_select(v_gt(half, v_set(0.5)), v_set(0.0) - v_abs(x), x))
    cdef vd inverse = v_set(1.0) / (v_set(1.0) + e)
    return v_select(v_gt(half, v_set(0.5)), v_by_sign(x, inverse, e * inverse), e)


cdef inline double product_of_factors(const double *S, const int *index, int n) noexcept nogil:
    """strength, then (kind, power, c, K) of each factor; powers as in laws.pxd."""
    cdef double out = S[index[0]], c, r
    cdef int _i, _k
    index += 1
    for _k in range(n):
        c = S[index[2]]
        if index[0] == FACTOR_SATURATION:
            c = c / (S[index[3]] + c)
        r = 1.0
        for _i in range(index[1] if index[1] >= 0 else -index[1]):
            r = r * c
        out = out * (r if index[1] >= 0 else 1.0 / r)
        index += 4
    return out


cdef inline double sum_of_pairs(const double *S, const Pair *p, const Pair *end, int plain) noexcept nogil:
    """sum of weight a b, in order; plain: all b are 1."""
    cdef double x = 0.0
    if plain:
        while p < end:
            x = x + p.weight * S[p.a]
            p += 1
    else:
        while p < end:
            x = x + p.weight * (S[p.a] * S[p.b])
            p += 1
    return x


cdef inline void run_groups(const Tables *T, double *S, const Group *g) noexcept nogil:
    """The program `rates` from this group on."""
    cdef const Group *end = T.group + T.n_group
    cdef const int *index
    cdef const double *weight
    cdef const Pair *pair
    cdef double *d
    cdef double x
    cdef vd z, a, b
    cdef int code, i, lane
    while g < end:
        d = S + g.dst
        index = g.index
        weight = g.weight
        code = g.code
        if code == OP_SUM:
            pair = T.solo_pair + g.first
            for i in range(g.count):
                x = sum_of_pairs(S, pair, pair + index[0], index[1] & 2)
                d[i] = 1.0 / x if index[1] & 1 else S[index[2]] * x
                pair += index[0]
                index += 3
        elif code == OP_PRODUCT:
            for i in range(g.count):
                d[i] = S[index[2 * i]] * S[index[2 * i + 1]]
        elif code == OP_BERNOULLI:
            for lane from 0 <= lane < g.count by VL:
                v_bernoulli(argument(g, weight, S, lane), &a, &b)
                row_store(d + lane, a)
                row_store(d + WIDEST + lane, b)
        elif code == OP_EXP:
            for lane from 0 <= lane < g.count by VL:
                row_store(d + lane, v_exp(argument(g, weight, S, lane)))
        elif code == OP_LOGISTIC:
            for lane from 0 <= lane < g.count by VL:
                row_store(d + lane, exp_or_logistic(argument(g, weight + WIDEST, S, lane), row_load(weight + lane)))
        elif code == OP_LOG_PRODUCT:
            for lane from 0 <= lane < g.count by VL:
                z = operand(S, index, lane, g.count) * operand(S, index + 1 + WIDEST, lane, g.count)
                row_store(d + lane, z)
                row_store(d + WIDEST + lane, v_log(z))
        elif code == OP_GHK:
            for i in range(g.count):
                d[i] = S[index[2]] * (S[index[3]] * S[index[1]] - S[index[4]] * S[index[0]])
                index += 5
        elif code == OP_TABLE:
            look_up_one(T.table + g.extra, S[index[0]], d)
        elif code == OP_FACTORS:
            for i in range(g.count):
                d[i] = product_of_factors(S, index + 1, index[0])
                index += 2 + 4 * index[0]
        elif code == OP_LOG:
            for lane from 0 <= lane < g.count by VL:
                row_store(d + lane, v_log(argument(g, weight, S, lane)))
        elif code == OP_PHI:
            for lane from 0 <= lane < g.count by VL:
                row_store(d + lane, v_phi(argument(g, weight, S, lane)))
        g += 1


cdef inline void rates_of_change(const Tables *T, const double *S, double *f) noexcept nogil:
    """dy/dt."""
    cdef const int *start = T.solo_rows
    cdef const Pair *p = T.solo_pair + start[0]
    cdef const Pair *end
    cdef int r
    for r in range(T.n):
        end = T.solo_pair + start[r + 1]
        f[r] = sum_of_pairs(S, p, end, start[T.n + 1 + r])
        p = end


cdef inline void next_argument(const Tables *T, double *S, const double *f, const double *y, const double *partial, double last,
                               double h) noexcept nogil:
    """y + h (partial + last dy/dt), as numbers: vectors would wait for what has just been written."""
    cdef int r
    for r in range(T.n):
        S[r] = y[r] + h * (partial[r] + last * f[r])


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


cdef inline void sum_of_stages(const double *k, const double *weight, int stages, double *out, int n) noexcept nogil:
    """sum of weight_j f_j, in order; n is the padded number of states."""
    cdef vd s
    cdef int j, r
    for r from 0 <= r < n by VL:
        s = v_set(weight[0]) * row_load(k + r)
        for j in range(1, stages):
            s = s + v_set(weight[j]) * row_load(k + j * n + r)
        row_store(out + r, s)


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
    cdef double *partial = y1 + n
    cdef double *e = partial + n
    cdef double *k = e + n
    cdef double h, t
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
        run_groups(T, S, groups)
        if not B.ramps:
            groups = T.group + T.n_fixed
        rates_of_change(T, S, k + s * n)
        if s < EXPLICIT_STAGES - 1:
            sum_of_stages(k, TSIT_A[s + 1], s, partial, n)
            next_argument(T, S, k + s * n, y, partial, TSIT_A[s + 1][s], h)
    sum_of_stages(k, TSIT_E, EXPLICIT_STAGES, e, n)
    for r from 0 <= r < n by VL:
        row_store(e + r, v_set(h) * row_load(e + r))
    for r in range(T.n):
        y1[r] = S[r]
        B.reg[r] = v_set(S[r])
    judge(T, B, y, e, rtol)
    control(B, fixed, 1)
    B.ok[0] = B.ok[0] | v_ge(B.t_end[0], v_set(1e299))      # idle lanes, see park in march.pxd


cdef inline void solo_dense_output(const Tables *T, Block *B) noexcept nogil:
    """p_2, p_3, p_4 of the step just tried, in lane 0."""
    cdef int m, r, j, n = T.solo_states
    cdef const double *k = B.solo + T.solo_size + 4 * n
    cdef double s
    for m in range(3):
        for r in range(T.n):
            s = 0.0
            for j in range(EXPLICIT_STAGES):
                s = s + TSIT_H[m][j] * k[j * n + r]
            v_put(B.p, (m * T.n + r) * VL, v_get(B.hs, 0) * s)
