/* What the headers of ionflux compute with: exp, log and the Bernoulli function without libm, for C99 and C++11.
 *
 * No name of libm is used, because a mod file of NEURON makes macros of them; errno stays as it is. Every function is a few sums and
 * products that round the same way wherever a compiler neither contracts a*b + c nor is told to be fast (-ffast-math). They are good to
 * 2.5 units in the last place, the derivative of B to 6.
 */
#ifndef IONFLUX_NUMBERS_H
#define IONFLUX_NUMBERS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define IFX_NUMBERS_INLINE static inline __attribute__((always_inline, unused))
#else
#define IFX_NUMBERS_INLINE static inline
#endif

IFX_NUMBERS_INLINE double ifx_double(uint64_t ifx_i) {
    double ifx_x;
    memcpy(&ifx_x, &ifx_i, sizeof ifx_x);
    return ifx_x;
}

IFX_NUMBERS_INLINE uint64_t ifx_bits(double ifx_x) {
    uint64_t ifx_i;
    memcpy(&ifx_i, &ifx_x, sizeof ifx_i);
    return ifx_i;
}

IFX_NUMBERS_INLINE double ifx_nan(void) { return ifx_double(UINT64_C(0x7ff8000000000000)); }

/* By the bits: a compiler that has been told that every number is finite leaves this alone. */
IFX_NUMBERS_INLINE int ifx_finite(double ifx_x) {
    return (ifx_bits(ifx_x) & UINT64_C(0x7ff0000000000000)) != UINT64_C(0x7ff0000000000000);
}

/* ln x of a positive number, not denormal. x = m 2^k, m near one: ln m = 2 atanh f with f = (m - 1)/(m + 1), |f| < 0.172. */
IFX_NUMBERS_INLINE double ifx_log(double ifx_x) {
    const uint64_t ifx_root = UINT64_C(0x3fe6a09e667f3bcd); /* sqrt(1/2) */
    const uint64_t ifx_i = ifx_bits(ifx_x) - ifx_root;
    const double ifx_k = (double)((int)((ifx_i + (UINT64_C(1) << 62)) >> 52) - 1024);
    const double ifx_m = ifx_double((ifx_i & UINT64_C(0x000fffffffffffff)) + ifx_root);
    const double ifx_f = (ifx_m - 1.0) / (ifx_m + 1.0), ifx_w = ifx_f * ifx_f, ifx_q = ifx_w * ifx_w;
    const double ifx_a = 2.0 / 3 + ifx_q * (2.0 / 7 + ifx_q * (2.0 / 11 + ifx_q * (2.0 / 15 + ifx_q * (2.0 / 19))));
    const double ifx_b = 2.0 / 5 + ifx_q * (2.0 / 9 + ifx_q * (2.0 / 13 + ifx_q * (2.0 / 17 + ifx_q * (2.0 / 21))));
    /* ln 2 in two words, the first so short that its product is exact */
    return ifx_k * 0.6931471803691238 + (2.0 * ifx_f + (ifx_k * 1.9082149292705877e-10 + ifx_f * (ifx_w * (ifx_a + ifx_w * ifx_b))));
}

/* B(x) and B(-x), |x| < 1e9, from that of |x|, in which nothing cancels. e^|x| = 2^n e^r, e^|x| - 1 = 2^n m. */
IFX_NUMBERS_INLINE void ifx_bernoulli(double ifx_x, double *ifx_ahead, double *ifx_back) {
    /* without conditions, so that compilers take several x at once */
    const double ifx_size = ifx_double(ifx_bits(ifx_x) & UINT64_C(0x7fffffffffffffff)), ifx_a = ifx_size + 1e-300; /* B(1e-300) = 1 */
    const double ifx_up = 0.5 * (ifx_size + ifx_x), ifx_down = 0.5 * (ifx_size - ifx_x);
    const int ifx_all = (int)(ifx_a * 1.4426950408889634 + 0.5), ifx_n = ifx_all < 2000 ? ifx_all : 2000, ifx_half = ifx_n >> 1; /* B = 0 */
    /* 2^-n in two factors, and last, so that B underflows gradually */
    const double ifx_p = ifx_double((uint64_t)(uint32_t)(1023 - ifx_half) << 52);
    const double ifx_q = ifx_double((uint64_t)(uint32_t)(1023 - ifx_n + ifx_half) << 52);
    const double ifx_r = (ifx_a - ifx_n * 0.6931471803691238) - ifx_n * 1.9082149292705877e-10, ifx_w = ifx_r * ifx_r;
    const double ifx_e = 1.0 / 2 + ifx_w * (1.0 / 24 + ifx_w * (1.0 / 720 + ifx_w * (1.0 / 40320 + ifx_w * (1.0 / 3628800 +
                         ifx_w * (1.0 / 479001600)))));
    const double ifx_o = 1.0 / 6 + ifx_w * (1.0 / 120 + ifx_w * (1.0 / 5040 + ifx_w * (1.0 / 362880 + ifx_w * (1.0 / 39916800 +
                         ifx_w * (1.0 / 6227020800.0)))));
    const double ifx_m = (1.0 - ifx_p * ifx_q) + (ifx_r + ifx_w * (ifx_e + ifx_r * ifx_o));
    const double ifx_B = ifx_a / ifx_m * ifx_p * ifx_q;
    *ifx_ahead = ifx_B + ifx_down;
    *ifx_back = ifx_B + ifx_up;
}

/* B'(x) and B'(-x) from what ifx_bernoulli found. Below one from B = 1 - x/2 + x^2/12 - x^4/720 ..., Bernoulli's numbers. */
IFX_NUMBERS_INLINE void ifx_bernoulli_slopes(double ifx_x, double ifx_ahead, double ifx_back, double *ifx_dahead, double *ifx_dback) {
    const double ifx_size = ifx_x < 0.0 ? -ifx_x : ifx_x, ifx_a = ifx_size > 1e-300 ? ifx_size : 1e-300;
    const double ifx_B = ifx_x < 0.0 ? ifx_back : ifx_ahead, ifx_C = ifx_x < 0.0 ? ifx_ahead : ifx_back;
    const double ifx_b = ifx_a * ifx_a, ifx_c = ifx_b * ifx_b;
    const double ifx_f = 1.0 / 6 + ifx_c * (1.0 / 5040 + ifx_c * (1.0 / 4790016 + ifx_c * (1.0 / 5337446400.0 +
                         ifx_c * (43867.0 / 283838567620608000.0 + ifx_c * (77683.0 / 640959092699627520000.0)))));
    const double ifx_g = 1.0 / 180 + ifx_c * (1.0 / 151200 + ifx_c * (691.0 / 108972864000.0 + ifx_c * (3617.0 / 666913927680000.0 +
                         ifx_c * (174611.0 / 40142883134914560000.0))));
    const double ifx_near = ifx_a * (ifx_f - ifx_b * ifx_g) - 0.5, ifx_far = ifx_B / ifx_a * (1.0 - ifx_C);
    const double ifx_small = ifx_a < 1.0 ? ifx_near : ifx_far, ifx_large = -1.0 - ifx_small;
    *ifx_dahead = ifx_x < 0.0 ? ifx_large : ifx_small;
    *ifx_dback = ifx_x < 0.0 ? ifx_small : ifx_large;
}

#endif
