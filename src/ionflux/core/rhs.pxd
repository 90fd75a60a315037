# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The programs of a model over one block of lanes, its right-hand side and its Jacobian.

A block holds WV vectors per register, register i at `reg + i * WV`. WV is a compile-time constant at every call (these
functions are always inlined), so the inner loops unroll into registers of the machine. `run` alone is compiled as a function
of its own, once per width, and passed on as a `Runner`: it is walked at every stage and has to stay in the instruction cache.
"""
from ionflux.core.lanes cimport v_set, vd
from ionflux.core.laws cimport factor, factor_slope, law_ghk, law_ghk_slope
from ionflux.core.lookup cimport look_up, look_up_slopes
from ionflux.core.tables cimport (
    OP_BERNOULLI, OP_BERNOULLI_SLOPE, OP_EXP, OP_FACTORS, OP_GHK, OP_GHK_SLOPES, OP_LINEAR, OP_LOG, OP_LOG_PRODUCT, OP_PHI,
    OP_LOGISTIC, OP_PHI_SLOPE, OP_PRODUCT, OP_RECIPROCAL, OP_TABLE, OP_TABLE_SLOPES, Factor, Op, Program, Tables, Term,
)
from ionflux.core.vmath cimport v_bernoulli, v_bernoulli_slope, v_exp, v_log, v_logistic, v_phi, v_phi_slope

cdef enum:
    MAX_WV = 4      # vectors per block

ctypedef void (*Runner)(const Tables *, const Program *, vd *) noexcept nogil


cdef inline vd *at(const vd *reg, int offset) noexcept nogil:
    """A register by its byte offset."""
    return <vd *> (<char *> reg + offset)


cdef inline void weighted_sum(const Term *term, const Term *end, const vd *reg, vd *acc, const int WV) noexcept nogil:
    """acc += sum of weight * register, in order."""
    cdef vd w
    cdef const vd *x
    cdef int v
    while term < end:
        w = v_set(term.weight)
        x = at(reg, term.at)
        for v in range(WV):
            acc[v] = acc[v] + w * x[v]
        term += 1


cdef inline void product_of_factors(const Tables *T, const Op *op, const vd *reg, vd *out, const int WV) noexcept nogil:
    cdef const Factor *f
    cdef int k, v
    for v in range(WV):
        out[v] = at(reg, op.c)[v]
    for k in range(op.a, op.b):
        f = T.factor + k
        for v in range(WV):
            out[v] = out[v] * factor(f.kind, f.power, at(reg, f.c)[v], at(reg, f.K)[v])


cdef inline void slopes_of_factors(const Tables *T, const Op *op, const vd *reg, vd *out, const int WV) noexcept nogil:
    """For each factor its own slope times the others: no division, so regular at c = 0."""
    cdef const Factor *f
    cdef int j, k, v
    cdef vd s
    for k in range(op.a, op.b):
        for v in range(WV):
            s = at(reg, op.c)[v]
            for j in range(op.a, op.b):
                f = T.factor + j
                if j == k:
                    s = s * factor_slope(f.kind, f.power, at(reg, f.c)[v], at(reg, f.K)[v])
                else:
                    s = s * factor(f.kind, f.power, at(reg, f.c)[v], at(reg, f.K)[v])
            out[(k - op.a) * WV + v] = s
    if op.extra:
        for v in range(WV):
            s = v_set(1.0)
            for j in range(op.a, op.b):
                f = T.factor + j
                s = s * factor(f.kind, f.power, at(reg, f.c)[v], at(reg, f.K)[v])
            out[(op.b - op.a) * WV + v] = s


cdef inline void ghk_slopes(const Op *op, const vd *reg, vd *out, const int WV) noexcept nogil:
    cdef int v
    cdef vd P
    for v in range(WV):
        P = at(reg, op.c)[v]
        out[v] = law_ghk_slope(P, at(reg, op.a)[v], at(reg, op.b)[v], at(reg, op.e)[v], at(reg, op.e)[WV + v])
        out[WV + v] = v_set(0.0) - P * at(reg, op.d)[WV + v]
        out[2 * WV + v] = P * at(reg, op.d)[v]
        if op.extra:
            out[3 * WV + v] = law_ghk(v_set(1.0), at(reg, op.a)[v], at(reg, op.b)[v], at(reg, op.d)[v], at(reg, op.d)[WV + v])


cdef inline void run(const Tables *T, const Program *program, vd *reg, const int WV) noexcept nogil:
    """Execute a program, most frequent operations first."""
    cdef const Op *op = program.op
    cdef const Op *end = program.op + program.n
    cdef const vd *x
    cdef vd acc[MAX_WV]
    cdef vd *d
    cdef int v, code
    while op < end:
        code = op.code
        d = at(reg, op.dst)
        if code <= OP_LINEAR:
            for v in range(WV):
                acc[v] = v_set(0.0)
            weighted_sum(T.term + op.a, T.term + op.b, reg, acc, WV)
            if code == OP_LINEAR:
                for v in range(WV):
                    d[v] = at(reg, op.c)[v] * acc[v]
            else:
                for v in range(WV):
                    d[v] = acc[v]
        elif code == OP_PRODUCT:
            for v in range(WV):
                d[v] = at(reg, op.a)[v] * at(reg, op.b)[v]
        elif code == OP_LOG_PRODUCT:
            for v in range(WV):
                acc[v] = at(reg, op.a)[v] * at(reg, op.b)[v]
                d[v] = acc[v]
                at(reg, op.c)[v] = v_log(acc[v])
        elif code == OP_LOG:
            for v in range(WV):
                d[v] = v_log(at(reg, op.a)[v])
        elif code == OP_RECIPROCAL:
            for v in range(WV):
                d[v] = v_set(1.0) / at(reg, op.a)[v]
        elif code == OP_BERNOULLI:
            for v in range(WV):
                v_bernoulli(at(reg, op.a)[v], d + v, d + WV + v)
        elif code == OP_GHK:
            x = at(reg, op.d)
            for v in range(WV):
                d[v] = law_ghk(at(reg, op.c)[v], at(reg, op.a)[v], at(reg, op.b)[v], x[v], x[WV + v])
        elif code == OP_FACTORS:
            product_of_factors(T, op, reg, d, WV)
        elif code == OP_EXP:
            for v in range(WV):
                d[v] = v_exp(at(reg, op.a)[v])
        elif code == OP_TABLE:
            for v in range(WV):
                look_up(T.table + op.extra, at(reg, op.a)[v], d + v, WV)
        elif code == OP_LOGISTIC:
            for v in range(WV):
                d[v] = v_logistic(at(reg, op.a)[v])
        elif code == OP_PHI:
            for v in range(WV):
                d[v] = v_phi(at(reg, op.a)[v])
        elif code == OP_PHI_SLOPE:
            for v in range(WV):
                d[v] = v_phi_slope(at(reg, op.a)[v])
        elif code == OP_BERNOULLI_SLOPE:
            for v in range(WV):
                v_bernoulli_slope(at(reg, op.a)[v], d + v, d + WV + v)
        elif code == OP_TABLE_SLOPES:
            for v in range(WV):
                look_up_slopes(T.table + op.extra, at(reg, op.a)[v], d + v, WV)
        elif code == OP_GHK_SLOPES:
            ghk_slopes(op, reg, d, WV)
        else:
            slopes_of_factors(T, op, reg, d, WV)
        op += 1


cdef inline void add_rows(const Tables *T, const vd *reg, vd *dydt, const int N, const int WV) noexcept nogil:
    """dydt += the rows of the right-hand side; N is their number where it is known at compile time, else 0."""
    cdef vd acc[MAX_WV]
    cdef int r, v
    for r in range(N if N else T.n):
        for v in range(WV):
            acc[v] = dydt[r * WV + v]
        weighted_sum(T.rows.term + T.rows.start[r], T.rows.term + T.rows.start[r + 1], reg, acc, WV)
        for v in range(WV):
            dydt[r * WV + v] = acc[v]


cdef inline void jacobian(const Tables *T, const vd *reg, vd *J, const int negative, const int WV) noexcept nogil:
    """The stored entries of df/dy, or of minus that; the slopes must be in the registers."""
    cdef vd acc[MAX_WV]
    cdef int k, v
    for k in range(T.n_entry):
        for v in range(WV):
            acc[v] = v_set(0.0)
        weighted_sum(T.entries.term + T.entries.start[k], T.entries.term + T.entries.start[k + 1], reg, acc, WV)
        for v in range(WV):
            J[k * WV + v] = v_set(0.0) - acc[v] if negative else acc[v]
