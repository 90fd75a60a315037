# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Rate laws: cycles per second, and their partial derivatives with respect to what each law reads.

A law sees registers only: its strength (size times area times scale, mol/s) and its arguments. What those arguments are
made of (which ion, which side, which compartment) is the business of lowering. u is the membrane potential in units of RT/F,
c a concentration in mol/m^3, all one value per lane.

    linear      L A/RT                                     affinity A over all ions that move in one cycle (a sum; see rhs.pxd)
    ghk         P [B(zu) c_out - B(-zu) c_in]              Goldman 1943, Hodgkin & Katz 1949; B(x) = x/(e^x - 1)
    product     J_max * product of factors                 c^n and (c/(K + c))^n
"""
from ionflux.core.lanes cimport vd, v_set
from ionflux.core.tables cimport FACTOR_SATURATION


cdef inline vd law_ghk(vd P, vd c_in, vd c_out, vd b_plus, vd b_minus) noexcept nogil:
    """Inward flux; b_plus = B(zu), b_minus = B(-zu)."""
    return P * (b_plus * c_out - b_minus * c_in)


cdef inline vd law_ghk_slope(vd P, vd c_in, vd c_out, vd s_plus, vd s_minus) noexcept nogil:
    """d(flux)/d(zu); s_plus = B'(zu), s_minus = B'(-zu)."""
    return P * (s_plus * c_out + s_minus * c_in)


cdef inline vd integer_power(vd x, int n) noexcept nogil:
    """x^n for small n; negative n through the reciprocal at the end."""
    cdef int _i
    cdef vd r = v_set(1.0)
    for _i in range(n if n >= 0 else -n):
        r = r * x
    return r if n >= 0 else v_set(1.0) / r


cdef inline vd factor(int kind, int n, vd c, vd K) noexcept nogil:
    if kind == FACTOR_SATURATION:
        return integer_power(c / (K + c), n)
    return integer_power(c, n)


cdef inline vd factor_slope(int kind, int n, vd c, vd K) noexcept nogil:
    """d(factor)/dc, regular at c = 0 for n >= 1."""
    cdef vd r, s
    if n == 0:
        return v_set(0.0)
    if kind == FACTOR_SATURATION:
        r = v_set(1.0) / (K + c)
        s = c * r
        return v_set(<double> n) * integer_power(s, n - 1) * K * r * r
    return v_set(<double> n) * integer_power(c, n - 1)
