# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The formulas of electrochemistry on lanes. x = zFV/RT, V = phi(inside) - phi(outside), fluxes outward, c in mol/m^3.

    Nernst               ln(a_out/a_in)
    Goldman              P [B(-x) c_in - B(x) c_out]                 B(x) = x/(e^x - 1)
    Goldman's voltage    the u at which the currents of all ions add up to zero
    Donnan               the y at which sum z c e^(-zy) + X = 0

The two roots are found in the same way. Each is where two sums of positive terms balance, one falling and one rising with the
unknown; in the logarithms of the sums the equation is a straight line when all valences are the same size and nearly straight
otherwise, so Newton's method converges in a few steps. A bracket makes it safe where it is not straight enough, and where a sum has
under- or overflowed. Lanes that have converged are frozen: a result depends on its own inputs only.
"""
from ionflux.core.blocks cimport v_load
from ionflux.core.lanes cimport (
    v_abs, v_any, v_eq, v_finite, v_fma, v_fnma, v_ge, v_gt, v_le, v_lt, v_max, v_min, v_select, v_set, v_sqrt, vd, vm,
)
from ionflux.core.vmath cimport v_bernoulli, v_bernoulli_slope, v_exp, v_expm1, v_log

cdef extern from "<math.h>" nogil:
    const double INFINITY
    const double NAN

cdef enum:
    MAX_STEPS = 200          # bisection alone needs 64


cdef inline vd v_log_quotient(vd a, vd b) noexcept nogil:
    """ln(a/b) for a, b >= 0 to full relative accuracy, also where a is near b: ln q + (a - qb)/a, q the rounded quotient."""
    cdef vd q = a / b
    cdef vd ln = v_log(q)
    return ln + v_select(v_finite(ln), v_fnma(q, b, a) / a, v_set(0.0))


cdef inline vd ghk_net(vd P, vd x, vd c_in, vd c_out) noexcept nogil:
    """Goldman 1943, Hodgkin & Katz 1949: net outward flux."""
    cdef vd b_plus, b_minus
    v_bernoulli(x, &b_plus, &b_minus)
    return P * v_fma(b_minus, c_in, -(b_plus * c_out))


cdef inline vd ghk_slope(vd P, vd x, vd c_in, vd c_out) noexcept nogil:
    """d(net outward flux)/dx = -P [B'(-x) c_in + B'(x) c_out], never negative."""
    cdef vd d_plus, d_minus
    v_bernoulli_slope(x, &d_plus, &d_minus)
    return P * v_fma(-d_minus, c_in, -(d_plus * c_out))


cdef inline vd bracketed(vd old, vd step, vd lo, vd hi, vd *last) noexcept nogil:
    """Newton's point old - step where it does not leave the bracket, of which old is an end, and where the step is less than half of
    the last one (between two slopes Newton's method can go to and fro); else the middle of the bracket.
    """
    cdef vd new = old - step
    new = v_select(v_ge(new, lo) & v_le(new, hi) & v_le(v_abs(step), v_set(0.5) * last[0]), new, v_set(0.5) * (lo + hi))
    last[0] = v_abs(new - old)
    return new


cdef inline vd ghk_root(const double *const *x, Py_ssize_t i, const double *z, int k) noexcept nogil:
    """u = FV/RT at zero total current. Ion j has P, c_e, c_n at x[3j], x[3j + 1], x[3j + 2] and |z| = z[j]; c_e is on the side
    from which it carries positive charge outwards (inside for cations), c_n on the other.

    Outward and inward charge E = sum P|z| B(-|z|u) c_e, N = sum P|z| B(|z|u) c_n. +inf where nothing can carry charge outwards,
    -inf where nothing can carry it inwards, NaN where both are so.
    """
    cdef vd E = v_set(0.0), N = v_set(0.0), dE, dN, s, w, a, e, n, b_plus, b_minus, d_plus, d_minus, new, f, u, small
    cdef vd last = v_set(INFINITY)
    cdef vd lo = v_set(-1500.0), hi = v_set(1500.0)   # double precision has no ratio of currents beyond e^1500
    cdef vm active, moving
    cdef int j, _step
    for j in range(k):
        w = v_load(x[3 * j] + i) * v_set(z[j])
        E = v_fma(w, v_load(x[3 * j + 1] + i), E)
        N = v_fma(w, v_load(x[3 * j + 2] + i), N)
    u = v_log(N / E)                                   # exact for |z| = 1
    active = v_gt(E, v_set(0.0)) & v_gt(N, v_set(0.0)) & v_finite(E) & v_finite(N)
    u = v_select(active, v_max(lo, v_min(hi, u)), u)
    for _step in range(MAX_STEPS):
        if not v_any(active):
            break
        E = N = dE = dN = v_set(0.0)
        for j in range(k):
            a = v_set(z[j])
            s = a * u
            w = v_load(x[3 * j] + i) * a
            e = w * v_load(x[3 * j + 1] + i)
            n = w * v_load(x[3 * j + 2] + i)
            v_bernoulli(s, &b_plus, &b_minus)
            v_bernoulli_slope(s, &d_plus, &d_minus)
            E = v_fma(e, b_minus, E)
            N = v_fma(n, b_plus, N)
            dE = v_fma(-(e * a), d_minus, dE)
            dN = v_fma(n * a, d_plus, dN)
        f = E - N
        lo = v_select(active & v_lt(f, v_set(0.0)), u, lo)
        hi = v_select(active & v_gt(f, v_set(0.0)), u, hi)
        new = bracketed(u, v_log(E / N) / (dE / E - dN / N), lo, hi, &last)
        small = v_set(1e-13) * v_max(v_set(1.0), v_abs(u))
        moving = active & ~v_eq(f, v_set(0.0))
        active = moving & v_gt(v_abs(new - u), small)
        u = v_select(moving, new, u)
    return u


cdef inline vd donnan_root(const double *const *x, Py_ssize_t i, const double *z, int k) noexcept nogil:
    """y = F(phi_gel - phi_bath)/RT with sum z c e^(-zy) + X = 0. Ion j has its c at x[j] and its valence z[j]; X is x[k].

    Near y = 0 the last step is Newton's on the sum itself, in expm1: y keeps its relative accuracy however small X is.
    """
    cdef vd X = v_load(x[k] + i)
    cdef vd zero = v_set(0.0), one = v_set(1.0)
    cdef vd lo = v_set(-1500.0), hi = v_set(1500.0), A, N, dA, dN, f, df, c, e, zj, y, new, small, half = zero, last = v_set(INFINITY)
    cdef vm active, found, moving
    cdef int j, _step
    A = v_max(X, zero)
    N = v_max(-X, zero)
    for j in range(k):
        c = v_load(x[j] + i)
        if z[j] > 0:
            A = A + v_set(z[j]) * c
        else:
            N = N - v_set(z[j]) * c
        half = half + v_abs(v_set(z[j])) * c
    y = v_log(A / N)                                   # where only one of them is zero, an infinity of the right sign
    active = v_gt(A, zero) & v_gt(N, zero) & v_finite(A) & v_finite(N) & v_gt(half, zero) & v_eq(X, X)
    found = active
    # X against half the bath's charge: exact for a salt of two ions of the same |z| = 1
    half = X / half
    new = v_log(v_abs(half) + v_select(v_lt(v_abs(half), v_set(1e150)), v_sqrt_1p(half), v_abs(half)))
    new = v_max(lo, v_min(hi, v_select(v_lt(X, zero), -new, new)))
    y = v_select(active, new, y)
    for _step in range(MAX_STEPS):
        if not v_any(active):
            break
        A = v_max(X, zero)
        N = v_max(-X, zero)
        dA = dN = zero
        for j in range(k):
            zj = v_set(z[j])
            e = zj * v_load(x[j] + i) * v_exp(-zj * y)
            if z[j] > 0:
                A = A + e
                dA = v_fnma(zj, e, dA)
            else:
                N = N - e
                dN = v_fma(zj, e, dN)
        f = A - N
        lo = v_select(active & v_gt(f, zero), y, lo)
        hi = v_select(active & v_lt(f, zero), y, hi)
        new = bracketed(y, v_log(A / N) / (dA / A - dN / N), lo, hi, &last)
        small = v_set(1e-13) * v_max(one, v_abs(y))
        moving = active & ~v_eq(f, zero)
        active = moving & v_gt(v_abs(new - y), small)
        y = v_select(moving, new, y)
    f = X
    for j in range(k):
        f = v_fma(v_set(z[j]), v_load(x[j] + i), f)
    df = zero
    for j in range(k):
        zj = v_set(z[j])
        c = zj * v_load(x[j] + i)
        e = v_expm1(-zj * y)
        f = v_fma(c, e, f)
        df = v_fnma(zj * c, e + one, df)
    new = y - f / df
    return v_select(found & v_finite(new) & v_lt(v_abs(y), one), new, y)


cdef inline vd v_sqrt_1p(vd h) noexcept nogil:
    """sqrt(1 + h^2)."""
    return v_sqrt(v_fma(h, h, v_set(1.0)))
