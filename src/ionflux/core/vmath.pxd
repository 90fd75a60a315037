# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""exp, log, expm1 and the Bernoulli function on lanes: branch-free, whole range, the same bits on every instruction set.

Every function takes any double: denormals (in and out), zeros of both signs, infinities, NaN. Errors are in units in
the last place (ulp) of the result against the exact value and are measured by tests/unit/test_vmath.py.

The polynomials are minimax fits (Remez) of the remainder that stays after the leading terms have been taken exactly,
which is what keeps full relative accuracy next to the zeros of log and expm1. Fused multiply-adds are explicit, so that
a compiler has nothing left to contract.
"""
from ionflux.core.lanes cimport (
    v_abs, v_copysign, v_fma, v_set, vd,
)


cdef extern from *:
    """
    #include "lanes.h"
    #define IFX_MAGIC 0x1.8p52   /* adding it rounds a double to an integer, which then sits in the low bits */

    /* Selections in the instructions made for them; GCC 12 builds them from several out of v_select. NaN: v_clamp returns
     * it, v_below takes `no`. v_by_sign goes by the sign bit, so that -0 and NaN take either. */
    #if IFX_VL == 8
    IFX_INLINE vd v_clamp(double lo, vd x, double hi) {
        return (vd)_mm512_max_pd((__m512d)v_set(lo), _mm512_min_pd((__m512d)v_set(hi), (__m512d)x));
    }
    IFX_INLINE vd v_below(vd x, double limit, vd yes, vd no) {
        __mmask8 below = _mm512_cmp_pd_mask((__m512d)x, (__m512d)v_set(limit), _CMP_LT_OQ);
        return (vd)_mm512_mask_blend_pd(below, (__m512d)no, (__m512d)yes);
    }
    IFX_INLINE vd v_by_sign(vd x, vd minus, vd plus) {
        return (vd)_mm512_mask_blend_pd(_mm512_movepi64_mask((__m512i)x), (__m512d)plus, (__m512d)minus);
    }
    #elif IFX_VL == 4
    IFX_INLINE vd v_clamp(double lo, vd x, double hi) {
        return (vd)_mm256_max_pd((__m256d)v_set(lo), _mm256_min_pd((__m256d)v_set(hi), (__m256d)x));
    }
    IFX_INLINE vd v_below(vd x, double limit, vd yes, vd no) { return v_select(v_lt(x, v_set(limit)), yes, no); }
    IFX_INLINE vd v_by_sign(vd x, vd minus, vd plus) {
        return (vd)_mm256_blendv_pd((__m256d)plus, (__m256d)minus, (__m256d)x);
    }
    #else
    IFX_INLINE vd v_clamp(double lo, vd x, double hi) { return v_max(v_set(lo), v_min(v_set(hi), x)); }
    IFX_INLINE vd v_below(vd x, double limit, vd yes, vd no) { return v_select(v_lt(x, v_set(limit)), yes, no); }
    IFX_INLINE vd v_by_sign(vd x, vd minus, vd plus) { return v_select(v_lt(x, v_set(0.0)), minus, plus); }
    #endif

    /* p * 2^n for z = IFX_MAGIC + n, |n| <= 2000, p near one: exact, or rounded once into the denormals. AVX-512 has an
     * instruction for it; elsewhere two factors of half the exponent each do the same. */
    IFX_INLINE vd v_scale(vd p, vd z) {
    #if IFX_VL == 8
        return (vd)_mm512_scalef_pd((__m512d)p, (__m512d)(z - v_set(IFX_MAGIC)));
    #else
        vm e = v_subi(v_bits(z), v_seti(0x4338000000000000LL - 2046));   /* n + 2046, never negative */
        vm h = v_shr(e, 1);
        return p * v_double(v_shl(h, 52)) * v_double(v_shl(v_subi(e, h), 52));
    #endif
    }

    /* x = m * 2^k with m in [3/4, 3/2), so that k = 0 next to one. What log cannot take goes into k (-inf for 0, inf for
     * inf) or into either as NaN (negative, NaN) and reaches the result through the arithmetic. */
    IFX_INLINE vd v_split(vd x, vd *k) {
    #if IFX_VL == 8
        __m512d m = _mm512_getmant_pd((__m512d)x, _MM_MANT_NORM_p75_1p5, (_MM_MANTISSA_SIGN_ENUM)3);
        *k = (vd)(_mm512_getexp_pd((__m512d)x) - _mm512_getexp_pd(m));
        return (vd)m;
    #else
        vm tiny = v_lt(x, v_set(DBL_MIN));
        vm i = v_addi(v_bits(v_select(tiny, x * v_set(0x1p54), x)), v_seti(0x0008000000000000LL));
        vd e = v_double(v_shr(i, 52) | v_seti(0x4330000000000000LL)) -
               v_select(tiny, v_set(0x1p52 + 1023 + 54), v_set(0x1p52 + 1023));
        vd odd = v_select(v_eq(x, v_set(0.0)), v_set(-HUGE_VAL), v_set((double)NAN));
        *k = v_select(v_gt(x, v_set(0.0)), v_select(v_le(x, v_set(DBL_MAX)), e, x), odd);
        return v_double(v_addi(i & v_seti(0x000fffffffffffffLL), v_seti(0x3fe8000000000000LL)));
    #endif
    }
    """
    vd v_clamp(double lo, vd x, double hi) noexcept nogil
    vd v_below(vd x, double limit, vd yes, vd no) noexcept nogil
    vd v_by_sign(vd x, vd minus, vd plus) noexcept nogil
    vd v_scale(vd p, vd z) noexcept nogil
    vd v_split(vd x, vd *k) noexcept nogil
    const double MAGIC "IFX_MAGIC"
    const double LN2_HI "0.693147180559945309417232"
    const double LN2_LO "2.31904681384629955842e-17"
    const double LOG2E "1.44269504088896340735992"


cdef inline vd v_atanh_tail(vd z) noexcept nogil:
    """P(s²) in 2 atanh s = 2s + s³ P(s²), |s| <= 1/5."""
    cdef vd w = z * z
    cdef vd p = v_fma(v_fma(v_fma(v_set(0.15368326779549207), w, v_set(0.1818635611995401)), w,
                            v_set(0.28571429394842274)), w, v_set(0.6666666666667269))
    cdef vd o = v_fma(v_fma(v_set(0.15250178260304142), w, v_set(0.22222138515784)), w, v_set(0.39999999996166574))
    return v_fma(z, o, p)


cdef inline vd v_log(vd x) noexcept nogil:
    """ln x. With f = m - 1 and s = f/(2 + f): ln m = 2 atanh s = f - s (f - s² P(s²)); |s| <= 1/5.

    The sign of LN2_LO matters: k = -inf and inf must give infinities of the same sign in both products.
    """
    cdef vd k, m = v_split(x, &k)
    cdef vd f = m - v_set(1.0)
    cdef vd s = f / (m + v_set(1.0))
    cdef vd z = s * s
    cdef vd g = v_fma(z, v_atanh_tail(z), -f)
    return v_fma(k, v_set(LN2_HI), f + v_fma(k, v_set(LN2_LO), s * g))


cdef inline vd v_log_near_one(vd s) noexcept nogil:
    """ln[(1 + s)/(1 - s)] = 2 atanh s for |s| <= 1/5, to full relative accuracy."""
    cdef vd z = s * s
    return v_fma(s * z, v_atanh_tail(z), s + s)


cdef inline vd v_exp_parts(vd x, vd *z) noexcept nogil:
    """e^r - 1 where e^x = 2^n e^r and z = MAGIC + n; beyond the clamp e^x is 0 or inf already."""
    cdef vd y = v_clamp(-746.0, x, 710.0)
    z[0] = v_fma(y, v_set(LOG2E), v_set(MAGIC))
    cdef vd n = z[0] - v_set(MAGIC)
    cdef vd r = v_fma(n, v_set(-LN2_LO), v_fma(n, v_set(-LN2_HI), y))
    cdef vd r2 = r * r
    cdef vd p = v_fma(v_fma(v_fma(v_fma(v_set(2.762628392337433e-07), r2, v_set(2.4801504569223004e-05)), r2,
                                  v_set(0.0013888888932256371)), r2, v_set(0.0416666666665741)), r2,
                      v_set(0.5000000000000006))
    cdef vd o = v_fma(v_fma(v_fma(v_fma(v_set(2.5114436055074323e-08), r2, v_set(2.7557228074703917e-06)), r2,
                                  v_set(0.0001984126990289218)), r2, v_set(0.008333333333314657)), r2,
                      v_set(0.16666666666666685))
    return v_fma(r2, v_fma(r, o, p), r)


cdef inline vd v_exp(vd x) noexcept nogil:
    """e^x."""
    cdef vd z, m = v_exp_parts(x, &z)
    return v_scale(v_set(1.0) + m, z)


cdef inline vd v_logistic(vd x) noexcept nogil:
    """1/(1 + e^x), by e^-|x| so that nothing overflows and the tail keeps its digits."""
    cdef vd e = v_exp(-v_abs(x))
    cdef vd inverse = v_set(1.0) / (v_set(1.0) + e)
    return v_by_sign(x, inverse, e * inverse)


cdef inline vd v_exp_and_rest(vd x, vd *rest) noexcept nogil:
    """e^x and 1 - e^x for x <= 0, both to full relative accuracy."""
    cdef vd z, m = v_exp_parts(x, &z)
    cdef vd power = v_scale(v_set(1.0), z)
    rest[0] = -v_fma(power, m, power - v_set(1.0))
    return v_scale(v_set(1.0) + m, z)


cdef inline vd v_expm1_parts(vd x, vd *z, vd *inv, vd *low) noexcept nogil:
    """m = (e^x - 1)/2^n as m + low, with inv = 2^-n and z = MAGIC - n.

    m = (1 - 2^-n) + h + (n-th share of ln 2's second word + r² tail), where h = x - n LN2_HI is exact: the sum of the first
    two is kept in two words, so nothing is lost where e^x - 1 is smaller than 1.
    """
    z[0] = v_fma(x, v_set(-LOG2E), v_set(MAGIC))
    cdef vd n = z[0] - v_set(MAGIC)                      # minus the exponent
    cdef vd h = v_fma(n, v_set(LN2_HI), x)
    cdef vd r = v_fma(n, v_set(LN2_LO), h)
    cdef vd r2 = r * r
    cdef vd p = v_fma(v_fma(v_fma(v_fma(v_fma(
        v_set(2.0924444114823253e-09), r2, v_set(2.7557242757508115e-07)), r2, v_set(2.480158736055582e-05)), r2,
        v_set(0.0013888888888866843)), r2, v_set(0.0416666666666667)), r2, v_set(0.5))
    cdef vd o = v_fma(v_fma(v_fma(v_fma(
        v_set(2.5109022791725147e-08), r2, v_set(2.755724424993538e-06)), r2, v_set(0.00019841269886085097)), r2,
        v_set(0.008333333333321648)), r2, v_set(0.16666666666666677))
    cdef vd w = v_fma(r2, v_fma(r, o, p), n * v_set(LN2_LO))
    inv[0] = v_scale(v_set(1.0), z[0])
    cdef vd c = v_set(1.0) - inv[0]
    cdef vd t = c + h
    cdef vd e = ((c - t) + h) + w
    cdef vd m = t + e
    low[0] = (t - m) + e
    return m


cdef inline vd v_expm1(vd x) noexcept nogil:
    """e^x - 1; beyond the clamp the result is -1 or inf already."""
    cdef vd z, inv, low
    cdef vd m = v_expm1_parts(v_clamp(-40.0, x, 710.0), &z, &inv, &low)
    return v_copysign(v_scale(m, v_set(2 * MAGIC) - z), x)


cdef inline vd v_bernoulli_range(vd x) noexcept nogil:
    """|x| where B needs it: B(1e-300) = 1 and B(760) = 0 in doubles."""
    return v_clamp(1e-300, v_abs(x), 760.0)


cdef inline void v_bernoulli(vd x, vd *b_plus, vd *b_minus) noexcept nogil:
    """B(x) = x/(e^x - 1) and B(-x) = B(x) + x from one expm1.

    Only B(|x|) is computed, B(-|x|) = B(|x|) + |x| has no cancellation. The power of two leaves the quotient last, hence
    B underflows gradually although e^x overflows before.
    """
    cdef vd z, inv, low
    cdef vd a = v_bernoulli_range(x)
    cdef vd m = v_expm1_parts(a, &z, &inv, &low)
    cdef vd small = v_scale(a / m, z)
    cdef vd large = small + v_abs(x)
    b_plus[0] = v_by_sign(x, large, small)
    b_minus[0] = v_by_sign(x, small, large)


cdef inline void v_bernoulli_slope(vd x, vd *d_plus, vd *d_minus) noexcept nogil:
    """B'(x) and B'(-x) = -1 - B'(x). The expm1 is the one of v_bernoulli: compilers merge the two when both are called.

    |x| < 1: B' = -1/2 + x P(x²), an odd minimax polynomial (B + x/2 is even).
    |x| >= 1: B' = -(m (|x| - 1) + |x| 2^-n)/m² 2^-n, a sum of positive terms, divided with one correction for the rounding
    of m and m².
    """
    cdef vd z, inv, low
    cdef vd a = v_bernoulli_range(x)
    cdef vd m = v_expm1_parts(a, &z, &inv, &low)
    cdef vd b = a - v_set(1.0)
    cdef vd top = v_fma(m, b, a * inv)
    cdef vd bottom = m * m
    cdef vd rest = v_fma(m + m, low, v_fma(m, m, -bottom))
    cdef vd u = v_set(1.0) / bottom
    cdef vd y = top * u
    cdef vd error = v_fma(b, low, v_fma(-y, rest, v_fma(-y, bottom, top)))
    cdef vd far = -v_scale(v_fma(error, u, y), z)
    cdef vd s = a * a
    cdef vd w = s * s
    cdef vd p = v_fma(v_fma(v_fma(v_set(1.8630892974769763e-10), w, v_set(2.08767066067038e-07)), w,
                            v_set(0.00019841269838888229)), w, v_set(0.16666666666666663))
    cdef vd o = v_fma(v_fma(v_fma(v_set(-4.810919402197337e-12), w, v_set(-6.34006820186806e-09)), w,
                            v_set(-6.61375646342539e-06)), w, v_set(-0.00555555555555386))
    cdef vd near = v_fma(a, v_fma(s, o, p), v_set(-0.5))
    cdef vd small = v_below(a, 1.0, near, far)      # NaN takes far
    cdef vd large = v_set(-1.0) - small
    d_plus[0] = v_by_sign(x, large, small)
    d_minus[0] = v_by_sign(x, small, large)

cdef inline vd v_phi(vd x) noexcept nogil:
    """(e^x - 1 - x)/x², 1/2 at 0: the series below 1, where the quotient would cancel."""
    cdef vd near = v_set(1.5619206968586225e-16)
    near = v_fma(near, x, v_set(2.8114572543455206e-15))
    near = v_fma(near, x, v_set(4.779477332387385e-14))
    near = v_fma(near, x, v_set(7.647163731819816e-13))
    near = v_fma(near, x, v_set(1.1470745597729725e-11))
    near = v_fma(near, x, v_set(1.6059043836821613e-10))
    near = v_fma(near, x, v_set(2.08767569878681e-09))
    near = v_fma(near, x, v_set(2.505210838544172e-08))
    near = v_fma(near, x, v_set(2.755731922398589e-07))
    near = v_fma(near, x, v_set(2.7557319223985893e-06))
    near = v_fma(near, x, v_set(2.48015873015873e-05))
    near = v_fma(near, x, v_set(0.0001984126984126984))
    near = v_fma(near, x, v_set(0.001388888888888889))
    near = v_fma(near, x, v_set(0.008333333333333333))
    near = v_fma(near, x, v_set(0.041666666666666664))
    near = v_fma(near, x, v_set(0.16666666666666666))
    near = v_fma(near, x, v_set(0.5))
    cdef vd a = v_clamp(-1e150, x, 710.0)
    cdef vd far = (v_expm1(a) - a) / (a * a)
    return v_below(v_abs(x), 1.0, near, far)


cdef inline vd v_phi_slope(vd x) noexcept nogil:
    """d/dx of v_phi: ((e^x - 1)/x - 2 phi)/x."""
    cdef vd near = v_set(1.3975079919261362e-16)
    near = v_fma(near, x, v_set(2.499073114973796e-15))
    near = v_fma(near, x, v_set(4.217185881518281e-14))
    near = v_fma(near, x, v_set(6.691268265342339e-13))
    near = v_fma(near, x, v_set(9.941312851365761e-12))
    near = v_fma(near, x, v_set(1.376489471727567e-10))
    near = v_fma(near, x, v_set(1.7664948220503776e-09))
    near = v_fma(near, x, v_set(2.08767569878681e-08))
    near = v_fma(near, x, v_set(2.2546897546897547e-07))
    near = v_fma(near, x, v_set(2.204585537918871e-06))
    near = v_fma(near, x, v_set(1.9290123456790123e-05))
    near = v_fma(near, x, v_set(0.00014880952380952382))
    near = v_fma(near, x, v_set(0.000992063492063492))
    near = v_fma(near, x, v_set(0.005555555555555556))
    near = v_fma(near, x, v_set(0.025))
    near = v_fma(near, x, v_set(0.08333333333333333))
    near = v_fma(near, x, v_set(0.16666666666666666))
    cdef vd a = v_clamp(-1e150, x, 700.0)
    cdef vd e = v_expm1(a)
    cdef vd far = (e / a - v_set(2.0) * ((e - a) / (a * a))) / a
    return v_below(v_abs(x), 1.0, near, far)
