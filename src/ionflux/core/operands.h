/* One cell alone: vectors of operands and sums of them, as ionflux.lowering.placement lists them. Included by solo.pxd after lanes.h.
 *
 * An operand is IFX_OPERAND integers: kind, four blocks, the lanes that the last two of them give, two numbers more; then eight places, and
 * eight lanes of a pair of blocks. What stands in lanes beyond those in use is of no interest.
 */
#ifndef IONFLUX_OPERANDS_H
#define IONFLUX_OPERANDS_H

#include "lanes.h"

#define IFX_OPERAND 24
#define IFX_WIDEST 8      /* groups are padded to this many lanes */
#define IFX_LONGEST 5     /* terms of a sum that is unrolled */

/* From two blocks. */
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

/* From four. */
IFX_INLINE vd fetch_far(const double *S, const long long *o, int lane) {
#if IFX_VL == 8
    __m512d y = _mm512_permutex2var_pd(_mm512_loadu_pd(S + o[3]), _mm512_loadu_si512(o + 16), _mm512_loadu_pd(S + o[4]));
    return (vd)_mm512_mask_blend_pd((__mmask8)o[5], (__m512d)fetch_near(S, o, lane), y);
#else
    return fetch_near(S, o, lane);
#endif
}

/* From anywhere. */
IFX_INLINE vd fetch(const double *S, const long long *o, int lane) {
#if IFX_VL == 8
    if (o[0] == 2) return (vd)_mm512_i64gather_pd(_mm512_loadu_si512(o + 8), S, 8);
    if (o[0] == 1) return fetch_far(S, o, lane);
#endif
    return fetch_near(S, o, lane);
}

enum { IFX_NEAR, IFX_FAR, IFX_ANYWHERE };

/* x + weight ((a b) c) + ..., in order; where a sum has fewer terms than its neighbours it adds -0 * 1, which changes no bit.
 * `far` has a bit for each operand that comes from four blocks. */
IFX_INLINE vd terms(vd x, const double *S, const long long *o, const double *w, int lane, const int factors, const int n, const int kind,
                    int far) {
#if defined(__GNUC__)
#pragma GCC unroll 8
#endif
    for (int t = 0; t < n; t++) {
        vd y = v_set(1.0), weight, c;
#if defined(__GNUC__)
#pragma GCC unroll 3
#endif
        for (int k = 0; k < factors; k++) {
            if (kind == IFX_ANYWHERE) c = fetch(S, o, lane);
            else if (kind == IFX_FAR && (far >> (factors * t + k) & 1)) c = fetch_far(S, o, lane);
            else c = fetch_near(S, o, lane);
            y = k ? y * c : c;
            o += IFX_OPERAND;
        }
        memcpy(&weight, w + lane, sizeof weight);
        x = x + weight * y;
        w += IFX_WIDEST;
    }
    return x;
}

/* The sums of a group of `shape` from x on: where there are few terms a code for each number of factors and terms, `extra` telling which operands come
 * from four blocks; where they are more, or from anywhere, loops over `extra` terms. */
IFX_INLINE vd sum_of_terms(vd x, int shape, int extra, const double *S, const long long *o, const double *w, int lane) {
#define IFX_SUM(KIND, FACTORS, N) case (3 * KIND + FACTORS - 1) * IFX_LONGEST + N: \
    return terms(x, S, o, w, lane, FACTORS, N, KIND, extra);
#define IFX_SUMS(KIND, FACTORS) \
    IFX_SUM(KIND, FACTORS, 1) IFX_SUM(KIND, FACTORS, 2) IFX_SUM(KIND, FACTORS, 3) IFX_SUM(KIND, FACTORS, 4) IFX_SUM(KIND, FACTORS, 5)
    switch (shape) {
        case 0: return x;
        IFX_SUMS(IFX_NEAR, 1)
        IFX_SUMS(IFX_NEAR, 2)
        IFX_SUMS(IFX_NEAR, 3)
        IFX_SUMS(IFX_FAR, 1)
        IFX_SUMS(IFX_FAR, 2)
        IFX_SUMS(IFX_FAR, 3)
        case 6 * IFX_LONGEST + 1: return terms(x, S, o, w, lane, 1, extra, IFX_ANYWHERE, 0);
        case 6 * IFX_LONGEST + 2: return terms(x, S, o, w, lane, 2, extra, IFX_ANYWHERE, 0);
        default: return terms(x, S, o, w, lane, 3, extra, IFX_ANYWHERE, 0);
    }
#undef IFX_SUMS
#undef IFX_SUM
}

#endif
