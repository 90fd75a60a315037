# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""One step of Rodas5P for a block of lanes, each with its own time and step.

Every lane carries its own t, h and end of segment; a rejected lane keeps its state while the others move on. Only arithmetic
and selections by mask here; whatever needs a decision for one lane (a sample, a break point, the next cell) is in march.pxd.
"""
from ionflux.core.lanes cimport (
    VL, v_abs, v_any, v_bits, v_double, v_finite, v_ge, v_le, v_lt, v_max, v_min, v_select, v_set, v_seti, v_shl, v_shr, v_sqrt, vd,
    vm,
)
from ionflux.core.linalg cimport factorise, solve
from ionflux.core.rhs cimport MAX_WV, Runner, add_rows, jacobian, weighted_sum
from ionflux.core.tables cimport Group, Tables, Term
from ionflux.core.vmath cimport v_clamp

cdef enum:
    STAGES = 8
    MAX_LANES = 32

cdef extern from "rodas5p.h" nogil:
    const double RODAS_GAMMA
    const double GUARD "RODAS_GUARD"
    const double RODAS_A[6][5]
    const double RODAS_C[8][7]
    const double RODAS_ALPHA[8]
    const double RODAS_D[8]
    const double RODAS_H[3][8]

cdef struct Block:
    # per lane
    vd t[MAX_WV]           # time of the state
    vd h[MAX_WV]           # step to try
    vd hs[MAX_WV]          # step tried
    vd t_new[MAX_WV]       # time after it
    vd t_end[MAX_WV]       # end of the segment
    vd t_start[MAX_WV]     # start of the segment
    vd t_sample[MAX_WV]    # next sample
    vd error[MAX_WV]       # mean square of error/tolerance
    vd before[MAX_WV]      # of the step accepted before 1/(h error^(-1/10)), infinite if there is none
    vm again[MAX_WV]       # the step tried before was rejected
    vm fresh[MAX_WV]       # the step is to be chosen: first of a segment
    vm stale[MAX_WV]       # state or parameters are not those that the last stage was evaluated with
    vm last[MAX_WV]        # this step ends the segment
    vm ok[MAX_WV]          # accepted
    vm negative[MAX_WV]    # an amount became negative
    vm lost[MAX_WV]        # the algebraic rows of a fresh lane have no solution near
    # per row and lane
    vd *reg                # (n_reg)
    vd *y                  # (n)
    vd *k                  # (STAGES, n)
    vd *M                  # (n_entry)
    vd *p                  # (3, n) dense output
    vd *f_t                # (n) df/dt at constant state
    vd *ramp               # (n_sched, 2) value at the start of the segment, slope
    double *solo           # one cell alone: registers, state before and after, work space, stages; see solo.pxd
    Runner run
    vd (*run_groups)(const Tables *, double *, const Group *) noexcept nogil      # of one cell alone
    void (*make_consistent)(const Tables *, Block *) noexcept nogil
    void (*step)(const Tables *, Block *, double, double) noexcept nogil
    void (*dense_output)(const Tables *, Block *) noexcept nogil
    int n_sched
    const int *sched_slot
    int ramps              # some lane has a parameter that moves within its segment
    # bookkeeping
    long long cell[MAX_LANES]
    int segment[MAX_LANES]
    long long sample[MAX_LANES]
    long long steps[MAX_LANES]
    long long rejected[MAX_LANES]
    int n_live


cdef inline void parameters_at(const Tables *T, Block *B, const vd *time, const int WV) noexcept nogil:
    """Scheduled parameters at a time within the segment."""
    cdef int i, v
    for i in range(B.n_sched):
        for v in range(WV):
            B.reg[(T.n + B.sched_slot[i]) * WV + v] = B.ramp[2 * i * WV + v] + B.ramp[(2 * i + 1) * WV + v] * (time[v] - B.t_start[v])


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


cdef inline void first_step(const Tables *T, Block *B, double rtol, const int WV) noexcept nogil:
    """h = |y|/|f| / 100 in the norm of the tolerances, for lanes that start a segment; 0 where f is not finite.

    Algebraic states have no rate of change and do not count.
    """
    cdef vd size[MAX_WV]
    cdef vd speed[MAX_WV]
    cdef vd inverse, a, b
    cdef int r, v
    for v in range(WV):
        size[v] = v_set(0.0)
        speed[v] = v_set(0.0)
    for r in range(T.n_solved):
        if T.mass[r] == 0.0:
            continue
        for v in range(WV):
            inverse = v_set(1.0) / (B.reg[T.tol_atol[r] * WV + v] + v_set(rtol * T.tol_rtol[r]) * v_abs(B.y[r * WV + v]))
            a = B.y[r * WV + v] * inverse
            b = B.k[r * WV + v] * inverse
            size[v] = size[v] + a * a
            speed[v] = speed[v] + b * b
    for v in range(WV):
        a = v_set(0.01) * v_sqrt(size[v] / v_max(speed[v], v_set(1e-300)))
        a = v_min(v_max(a, v_set(1e-12) * (B.t_end[v] - B.t[v])), v_set(0.1) * (B.t_end[v] - B.t[v]))
        a = v_select(v_finite(speed[v]), a, v_set(0.0))
        B.h[v] = v_select(B.fresh[v], a, B.h[v])
        B.fresh[v] = v_seti(0)


cdef inline void choose_step(Block *B, double fixed, const int WV) noexcept nogil:
    """The step tried: h, stretched or halved so that the segment ends without a sliver."""
    cdef vd rest, h
    cdef int v
    for v in range(WV):
        rest = B.t_end[v] - B.t[v]
        h = B.h[v] if fixed == 0.0 else v_set(fixed)
        B.last[v] = v_ge(h * v_set(1.0000001), rest)
        h = v_select(v_lt(h * v_set(2.0), rest), h, v_min(h, v_set(0.5) * rest)) if fixed == 0.0 else h
        B.hs[v] = v_select(B.last[v], rest, h)
        B.t_new[v] = v_select(B.last[v], B.t_end[v], B.t[v] + B.hs[v])


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


cdef inline void accumulate_error(const Tables *T, Block *B, double rtol, const double guard, const int N, const int WV) noexcept nogil:
    """Mean square of error/(atol + rtol |y|); leaves y_1 in the state registers (guard 0: it is there), notes negative ones.

    The error of a state is |k_8|, or guard |k_7| where that is larger: steps too long for the asymptotics of the method, on
    which k_8 happens to pass through zero, are not taken for accurate ones.
    """
    cdef vd total[MAX_WV]
    cdef vd e[MAX_WV]
    cdef vd lower[MAX_WV]
    cdef vd y0, y1, q, size
    cdef int r, v
    cdef const Term *first
    cdef const Term *end
    cdef int n = N if N else T.n
    cdef int solved = N if N else T.n_solved
    cdef const vd *k7 = B.k + 6 * n * WV
    cdef const vd *k8 = B.k + 7 * n * WV
    cdef const vd *value
    for v in range(WV):
        total[v] = v_set(0.0)
        B.negative[v] = v_seti(0)
    if guard != 0.0:
        for r in range(solved, n):
            for v in range(WV):
                B.reg[r * WV + v] = B.reg[r * WV + v] + k8[r * WV + v]
    for r in range(solved):
        for v in range(WV):
            y0 = B.y[r * WV + v]
            y1 = B.reg[r * WV + v] + k8[r * WV + v] if guard != 0.0 else B.reg[r * WV + v]
            B.reg[r * WV + v] = y1
            # k_8 comes second: v_max then returns it where it is not a number
            size = v_max(v_set(guard) * v_abs(k7[r * WV + v]), v_abs(k8[r * WV + v])) if guard != 0.0 else k8[r * WV + v]
            q = size / (B.reg[T.tol_atol[r] * WV + v] + v_set(rtol * T.tol_rtol[r]) * v_max(v_abs(y0), v_abs(y1)))
            # y_1 - y_1 is 0, or NaN where y_1 is infinite and its own size would hide any error
            total[v] = total[v] + q * q + (y1 - y1)
        if T.tol_positive[r]:
            for v in range(WV):
                B.negative[v] = B.negative[v] | v_lt(B.reg[r * WV + v], v_set(0.0))
    for r in range(solved, T.n_tol):
        for v in range(WV):
            e[v] = v_set(0.0)
        first = T.tol_sums.term + T.tol_sums.start[r - solved]
        end = T.tol_sums.term + T.tol_sums.start[r - solved + 1]
        weighted_sum(first, end, k8, e, WV)
        for v in range(WV):
            lower[v] = v_set(0.0)
        if guard != 0.0:
            weighted_sum(first, end, k7, lower, WV)
        value = B.reg + T.tol_value[r] * WV
        for v in range(WV):
            size = v_max(v_set(guard) * v_abs(lower[v]), v_abs(e[v])) if guard != 0.0 else e[v]
            q = size / (B.reg[T.tol_atol[r] * WV + v] + v_set(rtol * T.tol_rtol[r]) * v_abs(value[v]))
            total[v] = total[v] + q * q
            if T.tol_positive[r]:
                B.negative[v] = B.negative[v] | v_lt(value[v] + e[v] if guard != 0.0 else value[v], v_set(0.0))
    for v in range(WV):
        B.error[v] = total[v] * v_set(1.0 / T.n_tol)


cdef inline vd inverse_tenth_root(vd x) noexcept nogil:
    """x^(-1/10) to about 0.6 %, enough for a step size: a guess from the exponent's bits, then a Newton step.

    The high half of the bits of a double is an affine function of its logarithm; halves are exact in double arithmetic. The guess is made
    5 % too small, which is where it errs least.
    """
    cdef vd b = v_double(v_shr(v_bits(x), 32) | v_seti(0x4330000000000000)) - v_set(4503599627370496.0)
    cdef vd g = v_set(1.1 * 1072693248.0 - 0.05 * 1048576.0) - v_set(0.1) * b
    cdef vd y = v_double(v_shl(v_bits(g + v_set(4503599627370496.0)), 32))
    cdef vd y2 = y * y, y4 = y2 * y2
    return y * (v_set(1.1) - (v_set(0.1) * x) * (y4 * y4 * y2))


cdef inline void control(Block *B, double fixed, const bint predicting, const int WV) noexcept nogil:
    """Accept or reject, and the next step: a share of h error^(-1/5), between a fifth and six times the last.

    Predicting, the error is taken to go on growing as it did from the step before to this one, and no step grows after a rejected one:
    in front of a spike steps shrink for dozens of steps, and each would be rejected once. Source: K. Gustafsson, ACM Trans. Math. Softw.
    20, 496 (1994). The next step waits for what is computed here, so there is no root of the mean square and no division before it.
    """
    cdef vd f, h, root
    cdef vm good
    cdef int v
    for v in range(WV):
        good = v_le(B.error[v], v_set(1.0)) & ~B.negative[v]
        if fixed != 0.0:
            B.ok[v] = v_seti(-1)
            continue
        root = inverse_tenth_root(v_min(v_max(B.error[v], v_set(1e-12)), v_set(1e12)))
        f = v_set(0.93 if predicting else 0.95) * root
        if predicting:
            f = v_select(good, v_min(f * (B.hs[v] * B.before[v] * root), f), f)
            B.before[v] = v_select(good, v_set(1.0) / (B.hs[v] * v_min(root, v_set(2.5))), B.before[v])
        f = v_min(v_max(f, v_set(0.2)), v_set(6.0))
        f = v_select(good, f, v_min(f, v_set(0.9 if predicting else 0.8)))
        if predicting:
            f = v_select(good & B.again[v], v_min(f, v_set(1.0)), f)
            B.again[v] = ~good
        f = v_select(v_finite(B.error[v]) & ~B.negative[v], f, v_set(0.2))
        h = B.hs[v] * f
        B.h[v] = v_select(good & B.last[v], v_max(B.h[v], h), h)
        B.ok[v] = good


cdef inline void step(const Tables *T, Block *B, double rtol, double fixed, const int N, const int WV) noexcept nogil:
    """Try one step in every lane: y_1 in the state registers, ok and the next h in the block.

    One loop over the stages, so that the right-hand side is compiled once and stays in the instruction cache. N is the number
    of states where it is known at compile time, else 0.
    """
    cdef vd inverse_h[MAX_WV]
    cdef vd time[MAX_WV]
    cdef unsigned fresh = 0
    cdef int q, s, v, n = N if N else T.n
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


cdef inline void accept(const Tables *T, Block *B, const int WV) noexcept nogil:
    """Take over the new state and time where the step was accepted."""
    cdef int r, v
    for r in range(T.n):
        for v in range(WV):
            B.y[r * WV + v] = v_select(B.ok[v], B.reg[r * WV + v], B.y[r * WV + v])
    for v in range(WV):
        B.t[v] = v_select(B.ok[v], B.t_new[v], B.t[v])


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
