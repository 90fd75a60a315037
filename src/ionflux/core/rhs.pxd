# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Right-hand side and Jacobian of one block of lanes: shared quantities, rates, rows; slopes, products, entries.

A block holds WV vectors per register, register i at `reg + i * WV`. WV is a compile-time constant at every call (these
functions are always inlined), so the inner loops unroll into registers of the machine.
"""
from ionflux.core.lanes cimport vd, v_set
from ionflux.core.laws cimport factor, factor_slope, law_ghk, law_ghk_slope, law_linear
from ionflux.core.tables cimport (
    LAW_COTRANSPORT, LAW_GHK, LAW_OHMIC, LAW_PRODUCT, LAW_WATER, OP_BERNOULLI, OP_LOG, OP_PRODUCT, OP_RECIPROCAL, OP_SUM, Ops, Sums, Tables,
)
from ionflux.core.vmath cimport v_bernoulli, v_bernoulli_slope, v_log

cdef enum:
    MAX_WV = 4      # vectors per block
    MAX_FACTORS = 8   # factors of one product law


cdef inline void weighted_sum(const int *index, const double *weight, int a, int b, const vd *reg, vd *out, const int WV) noexcept nogil:
    cdef vd acc[MAX_WV]
    cdef vd w
    cdef const vd *x
    cdef int i, v
    for v in range(WV):
        acc[v] = v_set(0.0)
    for i in range(a, b):
        w = v_set(weight[i])
        x = reg + index[i] * WV
        for v in range(WV):
            acc[v] = acc[v] + w * x[v]
    for v in range(WV):
        out[v] = acc[v]


cdef inline void run(const Tables *T, const Ops *ops, vd *reg, const int WV) noexcept nogil:
    """Execute a straight-line program over registers."""
    cdef int i, v, code
    cdef const vd *x
    cdef const vd *y
    cdef vd *d
    for i in range(ops.n):
        code = ops.code[i]
        d = reg + ops.dst[i] * WV
        if code == OP_SUM:
            weighted_sum(T.term_index, T.term_weight, ops.a[i], ops.b[i], reg, d, WV)
            continue
        x = reg + ops.a[i] * WV
        if code == OP_PRODUCT:
            y = reg + ops.b[i] * WV
            for v in range(WV):
                d[v] = x[v] * y[v]
        elif code == OP_RECIPROCAL:
            for v in range(WV):
                d[v] = v_set(1.0) / x[v]
        elif code == OP_LOG:
            for v in range(WV):
                d[v] = v_log(x[v])
        elif code == OP_BERNOULLI:
            for v in range(WV):
                v_bernoulli(x[v], d + v, d + WV + v)
        else:
            for v in range(WV):
                v_bernoulli_slope(x[v], d + v, d + WV + v)


cdef inline void product_rate(const Tables *T, const int *arg, int n_factor, const vd *reg, const vd *strength, vd *rate, const int WV) noexcept nogil:
    cdef int k, v
    for v in range(WV):
        rate[v] = strength[v]
    for k in range(n_factor):
        for v in range(WV):
            rate[v] = rate[v] * factor(arg[4 * k], arg[4 * k + 1], reg[arg[4 * k + 2] * WV + v], reg[arg[4 * k + 3] * WV + v])


cdef inline void product_slopes(const Tables *T, const int *arg, int n_factor, const vd *reg, const vd *strength, vd *slope, const int WV) noexcept nogil:
    """d(rate)/dc of each factor: its own slope times the others (no division, so regular at c = 0)."""
    cdef int j, k, v
    cdef vd c, K, s
    for k in range(n_factor):
        for v in range(WV):
            s = strength[v]
            for j in range(n_factor):
                c = reg[arg[4 * j + 2] * WV + v]
                K = reg[arg[4 * j + 3] * WV + v]
                if j == k:
                    s = s * factor_slope(arg[4 * j], arg[4 * j + 1], c, K)
                else:
                    s = s * factor(arg[4 * j], arg[4 * j + 1], c, K)
            slope[k * WV + v] = s


cdef inline void rates(const Tables *T, vd *reg, const int WV) noexcept nogil:
    """What mechanisms share, then the rate of each."""
    cdef int m, v, law
    cdef const int *arg
    cdef const vd *P
    cdef const vd *x
    cdef vd *r
    run(T, &T.shared, reg, WV)
    for m in range(T.n_law):
        law = T.law[m]
        arg = T.arg + T.arg_start[m]
        P = reg + T.strength[m] * WV
        r = reg + T.rate[m] * WV
        if law == LAW_OHMIC or law == LAW_COTRANSPORT or law == LAW_WATER:
            x = reg + arg[0] * WV
            for v in range(WV):
                r[v] = law_linear(P[v], x[v])
        elif law == LAW_GHK:
            for v in range(WV):
                r[v] = law_ghk(P[v], reg[arg[0] * WV + v], reg[arg[1] * WV + v], reg[arg[2] * WV + v], reg[arg[3] * WV + v])
        else:
            product_rate(T, arg, (T.arg_start[m + 1] - T.arg_start[m]) // 4, reg, P, r, WV)


cdef inline void slopes(const Tables *T, vd *reg, const int WV) noexcept nogil:
    """Partial derivatives of every rate, then the products that the Jacobian is summed from.

    Linear laws have their strength as slope and write none. GHK writes d/d(zu), d/dc_in, d/dc_out.
    """
    cdef int m, v, law
    cdef const int *arg
    cdef const vd *P
    cdef vd *d
    run(T, &T.slopes, reg, WV)
    for m in range(T.n_law):
        law = T.law[m]
        arg = T.arg + T.arg_start[m]
        P = reg + T.strength[m] * WV
        d = reg + T.slope[m] * WV
        if law == LAW_GHK:
            for v in range(WV):
                d[v] = law_ghk_slope(P[v], reg[arg[0] * WV + v], reg[arg[1] * WV + v], reg[arg[4] * WV + v], reg[arg[5] * WV + v])
                d[WV + v] = v_set(0.0) - P[v] * reg[arg[3] * WV + v]
                d[2 * WV + v] = P[v] * reg[arg[2] * WV + v]
        elif law == LAW_PRODUCT:
            product_slopes(T, arg, (T.arg_start[m + 1] - T.arg_start[m]) // 4, reg, P, d, WV)
    run(T, &T.products, reg, WV)


cdef inline void add_rows(const Tables *T, const vd *reg, vd *dydt, const int WV) noexcept nogil:
    """dydt += the rows of the right-hand side."""
    cdef vd acc[MAX_WV]
    cdef vd w
    cdef const vd *x
    cdef int r, i, v
    for r in range(T.n):
        for v in range(WV):
            acc[v] = dydt[r * WV + v]
        for i in range(T.rows.start[r], T.rows.start[r + 1]):
            w = v_set(T.rows.weight[i])
            x = reg + T.rows.index[i] * WV
            for v in range(WV):
                acc[v] = acc[v] + w * x[v]
        for v in range(WV):
            dydt[r * WV + v] = acc[v]


cdef inline void jacobian(const Tables *T, const vd *reg, vd *J, const int WV) noexcept nogil:
    """The stored entries of df/dy."""
    cdef int k
    for k in range(T.n_entry):
        weighted_sum(T.entries.index, T.entries.weight, T.entries.start[k], T.entries.start[k + 1], reg, J + k * WV, WV)
