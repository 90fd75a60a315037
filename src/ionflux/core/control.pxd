# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""How far a step goes: the first one of a segment, the end of a segment, the error of a step, and what follows from it.

The same for all methods of integration; only arithmetic and selections by mask.
"""
from ionflux.core.lanes cimport (
    v_abs, v_bits, v_double, v_finite, v_ge, v_le, v_lt, v_max, v_min, v_select, v_set, v_seti, v_shl, v_shr, v_sqrt, vd, vm,
)
from ionflux.core.march_state cimport Block
from ionflux.core.rhs cimport MAX_WV, weighted_sum
from ionflux.core.tables cimport Tables, Term


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
