/* Lanes: a vector of doubles exactly as wide as the register of the instruction set this file is compiled for, and the
 * handful of operations that the kernels need on it.
 *
 *   vd   VL doubles, one per lane (AVX-512: 8, AVX2: 4, SSE2 and NEON: 2, anything else: 1)
 *   vm   a mask over the same lanes: all ones (true) or all zeros (false)
 *
 * A vector type wider than the register is kept in memory by GCC and runs several times slower, so the width follows the
 * target and the module is compiled once per instruction set. Every operation here rounds the same way on every target
 * (fma is always a fused multiply-add, by the C library where the CPU has none), which is what makes results equal to
 * the last bit across instruction sets.
 */
#ifndef IONFLUX_LANES_H
#define IONFLUX_LANES_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#if defined(__GNUC__) || defined(__clang__)
#define IFX_INLINE static inline __attribute__((always_inline))
#define IFX_VECTOR 1
#else
#define IFX_INLINE static inline
#define IFX_VECTOR 0
#endif

#if !IFX_VECTOR
#define IFX_VL 1
#elif defined(__AVX512F__) && defined(__AVX512DQ__)
#define IFX_VL 8
#elif defined(__AVX2__) && defined(__FMA__)
#define IFX_VL 4
#elif defined(__SSE2__) || defined(__aarch64__)
#define IFX_VL 2
#else
#define IFX_VL 1
#endif

#if IFX_VL > 1
typedef double vd __attribute__((vector_size(8 * IFX_VL)));
typedef long long vm __attribute__((vector_size(8 * IFX_VL)));
typedef unsigned long long vu __attribute__((vector_size(8 * IFX_VL)));
#define IFX_LANE(x, l) ((x)[l])
#else
typedef double vd;
typedef long long vm;
typedef unsigned long long vu;
#define IFX_LANE(x, l) (x)
#endif
#define IFX_EACH(l) for (int l = 0; l < IFX_VL; l++)

/* ---- constants in every lane ------------------------------------------------------------------------------------ */
#if IFX_VL == 8
IFX_INLINE vd v_set(double x) { return (vd){x, x, x, x, x, x, x, x}; }
IFX_INLINE vm v_seti(long long x) { return (vm){x, x, x, x, x, x, x, x}; }
#elif IFX_VL == 4
IFX_INLINE vd v_set(double x) { return (vd){x, x, x, x}; }
IFX_INLINE vm v_seti(long long x) { return (vm){x, x, x, x}; }
#elif IFX_VL == 2
IFX_INLINE vd v_set(double x) { return (vd){x, x}; }
IFX_INLINE vm v_seti(long long x) { return (vm){x, x}; }
#else
IFX_INLINE vd v_set(double x) { return x; }
IFX_INLINE vm v_seti(long long x) { return x; }
#endif

/* ---- the same bits seen as doubles or as integers ------------------------------------------------------------------ */
IFX_INLINE vm v_bits(vd x) { vm i; memcpy(&i, &x, sizeof i); return i; }
IFX_INLINE vd v_double(vm i) { vd x; memcpy(&x, &i, sizeof x); return x; }
IFX_INLINE vm v_shl(vm i, int n) { return (vm)((vu)i << n); }
IFX_INLINE vm v_shr(vm i, int n) { return (vm)((vu)i >> n); }   /* logical: AVX2 has no 64-bit arithmetic shift */
IFX_INLINE vm v_addi(vm a, vm b) { return (vm)((vu)a + (vu)b); }   /* wraps */
IFX_INLINE vm v_subi(vm a, vm b) { return (vm)((vu)a - (vu)b); }

/* ---- comparisons and selection; a comparison with NaN is false ------------------------------------------------------ */
#if IFX_VL > 1
IFX_INLINE vm v_lt(vd a, vd b) { return a < b; }
IFX_INLINE vm v_le(vd a, vd b) { return a <= b; }
IFX_INLINE vm v_eq(vd a, vd b) { return a == b; }
#else
IFX_INLINE vm v_lt(vd a, vd b) { return -(vm)(a < b); }
IFX_INLINE vm v_le(vd a, vd b) { return -(vm)(a <= b); }
IFX_INLINE vm v_eq(vd a, vd b) { return -(vm)(a == b); }
#endif
IFX_INLINE vm v_gt(vd a, vd b) { return v_lt(b, a); }
IFX_INLINE vm v_ge(vd a, vd b) { return v_le(b, a); }
IFX_INLINE vd v_select(vm m, vd a, vd b) { return v_double((m & v_bits(a)) | (~m & v_bits(b))); }   /* m ? a : b */
IFX_INLINE unsigned v_any(vm m) {
#if IFX_VL == 8
    return _mm512_movepi64_mask((__m512i)m);
#else
    unsigned r = 0;
    IFX_EACH(l) r |= (unsigned)(IFX_LANE(m, l) != 0) << l;
    return r;
#endif
}

/* ---- arithmetic ------------------------------------------------------------------------------------------------------ */
IFX_INLINE vd v_fma(vd a, vd b, vd c) {
#if IFX_VL == 8
    return (vd)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif IFX_VL == 4
    return (vd)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif IFX_VL > 1
    vd r;
    IFX_EACH(l) r[l] = __builtin_fma(a[l], b[l], c[l]);
    return r;
#else
    return fma(a, b, c);
#endif
}
IFX_INLINE vd v_fnma(vd a, vd b, vd c) { return v_fma(-a, b, c); }   /* c - a b */
IFX_INLINE vd v_sqrt(vd a) {
#if IFX_VL == 8
    return (vd)_mm512_sqrt_pd((__m512d)a);
#elif IFX_VL == 4
    return (vd)_mm256_sqrt_pd((__m256d)a);
#elif IFX_VL > 1
    vd r;
    IFX_EACH(l) r[l] = __builtin_sqrt(a[l]);
    return r;
#else
    return sqrt(a);
#endif
}
IFX_INLINE vd v_abs(vd a) { return v_double(v_bits(a) & v_seti(0x7fffffffffffffffLL)); }
IFX_INLINE vd v_copysign(vd a, vd s) {
    return v_double((v_bits(a) & v_seti(0x7fffffffffffffffLL)) | (v_bits(s) & v_seti((long long)0x8000000000000000ULL)));
}
/* a < b ? a : b and b < a ? a : b, so b where either is NaN; that is what the instructions do, too */
IFX_INLINE vd v_min(vd a, vd b) {
#if IFX_VL == 8
    return (vd)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif IFX_VL == 4
    return (vd)_mm256_min_pd((__m256d)a, (__m256d)b);
#else
    return v_select(v_lt(a, b), a, b);
#endif
}
IFX_INLINE vd v_max(vd a, vd b) {
#if IFX_VL == 8
    return (vd)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif IFX_VL == 4
    return (vd)_mm256_max_pd((__m256d)a, (__m256d)b);
#else
    return v_select(v_lt(b, a), a, b);
#endif
}
IFX_INLINE vm v_finite(vd a) { return v_le(v_abs(a), v_set(DBL_MAX)); }

/* ---- p[i] for the index of each lane ------------------------------------------------------------------------------------- */
IFX_INLINE vd v_gather(const double *p, vm i) {
#if IFX_VL == 8
    return (vd)_mm512_i64gather_pd((__m512i)i, p, 8);
#elif IFX_VL > 1
    vd r;
    IFX_EACH(l) r[l] = p[i[l]];
    return r;
#else
    return p[i];
#endif
}

/* ---- one lane of an array of vectors, as memory ---------------------------------------------------------------------- */
IFX_INLINE double v_get(const vd *a, int lane) { return ((const double *)a)[lane]; }
IFX_INLINE void v_put(vd *a, int lane, double x) { ((double *)a)[lane] = x; }

/* ---- memory aligned to the widest register, as a multiple of it ------------------------------------------------------ */
IFX_INLINE void *v_alloc(size_t bytes) {
    void *p = NULL;
    size_t padded = (bytes + 127) & ~(size_t)63;
#if defined(_WIN32)
    p = _aligned_malloc(padded, 64);
#else
    if (posix_memalign(&p, 64, padded)) p = NULL;
#endif
    if (p) memset(p, 0, padded);
    return p;
}
IFX_INLINE void v_free(void *p) {
#if defined(_WIN32)
    _aligned_free(p);
#else
    free(p);
#endif
}

/* ---- a shared counter, for work handed out one item at a time --------------------------------------------------------- */
IFX_INLINE long long v_next(long long *counter) {
#if defined(__GNUC__) || defined(__clang__)
    return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
#else
    return (*counter)++;
#endif
}
IFX_INLINE int v_peek(const int *flag) {
#if defined(__GNUC__) || defined(__clang__)
    return __atomic_load_n(flag, __ATOMIC_RELAXED);
#else
    return *(volatile const int *)flag;
#endif
}

IFX_INLINE int lowest_bit(unsigned bits) {
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctz(bits);
#else
    int i = 0;
    while (!(bits >> i & 1u)) i++;
    return i;
#endif
}

/* ---- instruction sets --------------------------------------------------------------------------------------------------- */
IFX_INLINE int ifx_cpu_level(void) {
#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
    __builtin_cpu_init();
    int v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    int v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd");
    return v4 ? 4 : v3 ? 3 : 2;
#else
    return 1;
#endif
}
#if IFX_VL == 8
#define IFX_ISA "avx512"
#elif IFX_VL == 4
#define IFX_ISA "avx2"
#elif defined(__aarch64__)
#define IFX_ISA "neon"
#elif IFX_VL == 2
#define IFX_ISA "sse2"
#else
#define IFX_ISA "scalar"
#endif
#endif
