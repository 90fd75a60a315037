# The kernels of formulas, and their table: one function of type `Kernel` each.

cdef inline vd see_P(const double *x, Seen *s) noexcept nogil:
    """Load a number that is not negative."""
    cdef vd a = v_load(x)
    v_prefetch(x + AHEAD)
    s.signs = s.signs | v_bits(a)
    return a


cdef inline vd see_c(const double *x, Seen *s) noexcept nogil:
    """Load a concentration."""
    cdef vd a = see_P(x, s)
    s.c_most = v_max(a, s.c_most)            # the second where either is NaN
    return a


cdef inline vd see_V(const double *x, Seen *s) noexcept nogil:
    """Load a potential."""
    cdef vd a = v_load(x)
    v_prefetch(x + AHEAD)
    s.V_least = v_min(a, s.V_least)
    s.V_most = v_max(a, s.V_most)
    return a


cdef void k_nernst(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """x: c_in, c_out, gamma_in, gamma_out, RT/zF."""
    # pointers in variables of their own, here and below: the compiler cannot know that a store leaves the array of pointers alone
    cdef const double *c_in = x[0]
    cdef const double *c_out = x[1]
    cdef const double *g_in = x[2]
    cdef const double *g_out = x[3]
    cdef const double *VT = x[4]
    cdef double *E = y[0]
    cdef Py_ssize_t i
    cdef Seen s = seen[0]
    cdef vd a_in, a_out
    for i from 0 <= i < n by VL:
        a_in = see_c(c_in + i, &s) * see_P(g_in + i, &s)
        a_out = see_c(c_out + i, &s) * see_P(g_out + i, &s)
        v_store(E + i, v_load(VT + i) * v_log_quotient(a_out, a_in))
    seen[0] = s


cdef struct Film:
    const double *P
    const double *V
    const double *c_in
    const double *c_out
    const double *scale      # zF/RT


cdef inline void film(const Film *f, Py_ssize_t i, Seen *s, vd *P, vd *u, vd *c_in, vd *c_out) noexcept nogil:
    """What the Goldman kernels read."""
    P[0] = see_P(f.P + i, s)
    u[0] = see_V(f.V + i, s) * v_load(f.scale + i)
    c_in[0] = see_c(f.c_in + i, s)
    c_out[0] = see_c(f.c_out + i, s)


cdef void k_ghk(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """p: 1 for a flux, zF for a current."""
    cdef Film f = Film(x[0], x[1], x[2], x[3], x[4])
    cdef double *J = y[0]
    cdef Py_ssize_t i
    cdef Seen s = seen[0]
    cdef vd P, u, c_in, c_out, size = v_set(p[0])
    for i from 0 <= i < n by VL:
        film(&f, i, &s, &P, &u, &c_in, &c_out)
        v_store(J + i, ghk_net(P * size, u, c_in, c_out))
    seen[0] = s


cdef void k_ghk_conductance(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """p: zF."""
    cdef Film f = Film(x[0], x[1], x[2], x[3], x[4])
    cdef double *g = y[0]
    cdef Py_ssize_t i
    cdef Seen s = seen[0]
    cdef vd P, u, c_in, c_out, size = v_set(p[0])
    for i from 0 <= i < n by VL:
        film(&f, i, &s, &P, &u, &c_in, &c_out)
        v_store(g + i, ghk_slope(P * size * v_load(f.scale + i), u, c_in, c_out))
    seen[0] = s


cdef void k_one_way(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """y: efflux, influx."""
    cdef Film f = Film(x[0], x[1], x[2], x[3], x[4])
    cdef double *efflux = y[0]
    cdef double *influx = y[1]
    cdef Py_ssize_t i
    cdef Seen s = seen[0]
    cdef vd P, u, c_in, c_out, b_plus, b_minus
    for i from 0 <= i < n by VL:
        film(&f, i, &s, &P, &u, &c_in, &c_out)
        v_bernoulli(u, &b_plus, &b_minus)
        v_store(efflux + i, P * b_minus * c_in)
        v_store(influx + i, P * b_plus * c_out)
    seen[0] = s


cdef void k_ghk_voltage_1(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """All |z| = 1. x: P, c_e, c_n of each ion (see ghk_root), at last RT/F."""
    cdef Py_ssize_t i
    cdef int j
    cdef Seen s = seen[0]
    cdef vd E, N, P
    for i from 0 <= i < n by VL:
        E = N = v_set(0.0)
        for j in range(k):
            P = see_P(x[3 * j] + i, &s)
            E = E + P * see_c(x[3 * j + 1] + i, &s)
            N = N + P * see_c(x[3 * j + 2] + i, &s)
        v_store(y[0] + i, v_load(x[3 * k] + i) * v_log(N / E))
    seen[0] = s


cdef void k_ghk_voltage(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """x as above; p: |z| of each ion."""
    cdef Py_ssize_t i
    cdef int j
    cdef Seen s = seen[0]
    for i from 0 <= i < n by VL:
        for j in range(k):
            see_P(x[3 * j] + i, &s)
            see_c(x[3 * j + 1] + i, &s)
            see_c(x[3 * j + 2] + i, &s)
        v_store(y[0] + i, v_load(x[3 * k] + i) * ghk_root(x, i, p, k))
    seen[0] = s


cdef inline void membrane(const double *const *x, double *const *y, Py_ssize_t n, const double *p, const int k, Seen *seen) noexcept nogil:
    cdef Py_ssize_t i
    cdef int j
    cdef Seen s = seen[0]
    cdef vd E, N, P, in_, out, b_plus, b_minus, F = v_set(p[0])
    for i from 0 <= i < n by VL:
        v_bernoulli(see_V(x[3 * k] + i, &s) * v_load(x[3 * k + 1] + i), &b_plus, &b_minus)
        E = N = v_set(0.0)
        for j in range(k):
            P = see_P(x[3 * j] + i, &s)
            in_ = P * see_c(x[3 * j + 1] + i, &s)
            out = P * see_c(x[3 * j + 2] + i, &s)
            E = E + in_
            N = N + out
            v_store(y[j + 1] + i, F * v_fma(b_minus, in_, -(b_plus * out)))
        v_store(y[0] + i, v_load(x[3 * k + 2] + i) * v_log(N / E))
    seen[0] = s


cdef void k_membrane(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """All |z| = 1. x: P, c_e, c_n of each ion (see ghk_root), V, F/RT, RT/F; p: F; y: voltage of zero current, current of each ion."""
    if k == 2:
        membrane(x, y, n, p, 2, seen)
    elif k == 3:
        membrane(x, y, n, p, 3, seen)
    elif k == 4:
        membrane(x, y, n, p, 4, seen)
    else:
        membrane(x, y, n, p, k, seen)


cdef void k_donnan(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """x: c of each ion, then X; p: z of each ion; y: F(phi_gel - phi_bath)/RT."""
    cdef Py_ssize_t i
    cdef int j
    cdef Seen s = seen[0]
    for i from 0 <= i < n by VL:
        for j in range(k):
            see_c(x[j] + i, &s)
        v_store(y[0] + i, donnan_root(x, i, p, k))
    seen[0] = s


cdef void k_bernoulli(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    cdef Py_ssize_t i
    cdef vd minus, plus
    for i from 0 <= i < n by VL:
        v_bernoulli(v_load(x[0] + i), &plus, &minus)
        v_store(y[0] + i, plus)


cdef void k_bernoulli_slope(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    cdef Py_ssize_t i
    cdef vd minus, plus
    for i from 0 <= i < n by VL:
        v_bernoulli_slope(v_load(x[0] + i), &plus, &minus)
        v_store(y[0] + i, plus)


KERNELS = (
    "nernst", "ghk", "ghk_conductance", "one_way", "ghk_voltage_1", "ghk_voltage", "membrane", "donnan", "bernoulli", "bernoulli_slope",
)
cdef Kernel *TABLE = [k_nernst, k_ghk, k_ghk_conductance, k_one_way, k_ghk_voltage_1, k_ghk_voltage, k_membrane, k_donnan, k_bernoulli,
                      k_bernoulli_slope]
