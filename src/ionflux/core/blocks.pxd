# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Vectors of lanes to and from plain arrays of doubles at any address.

`v_stream` writes past the caches (x86-64): for results larger than the caches, which nobody reads again soon, it saves the
read of every line that is about to be overwritten. Its address must be a multiple of the size of a vector; `v_fence` makes
what was streamed visible to other threads. `v_prefetch` asks for a line of memory (which need not exist) before it is read: the
processor does so by itself, but not across the border of a page.
"""
from ionflux.core.lanes cimport vd


cdef extern from *:
    """
    #include "lanes.h"
    IFX_INLINE vd v_load(const double *p) { vd x; memcpy(&x, p, sizeof x); return x; }
    IFX_INLINE void v_store(double *p, vd x) { memcpy(p, &x, sizeof x); }
    #if IFX_VL == 8
    IFX_INLINE void v_stream(double *p, vd x) { _mm512_stream_pd(p, (__m512d)x); }
    IFX_INLINE void v_fence(void) { _mm_sfence(); }
    #elif IFX_VL == 4
    IFX_INLINE void v_stream(double *p, vd x) { _mm256_stream_pd(p, (__m256d)x); }
    IFX_INLINE void v_fence(void) { _mm_sfence(); }
    #elif IFX_VL == 2 && defined(__SSE2__)
    IFX_INLINE void v_stream(double *p, vd x) { _mm_stream_pd(p, (__m128d)x); }
    IFX_INLINE void v_fence(void) { _mm_sfence(); }
    #else
    IFX_INLINE void v_stream(double *p, vd x) { memcpy(p, &x, sizeof x); }
    IFX_INLINE void v_fence(void) { }
    #endif
    #if defined(__GNUC__) || defined(__clang__)
    IFX_INLINE void v_prefetch(const double *p) { __builtin_prefetch(p, 0, 3); }
    #else
    IFX_INLINE void v_prefetch(const double *p) { (void)p; }
    #endif
    IFX_INLINE int v_aligned(const double *p) { return ((uintptr_t)p & (8 * IFX_VL - 1)) == 0; }
    """
    vd v_load(const double *p) noexcept nogil
    void v_store(double *p, vd x) noexcept nogil
    void v_stream(double *p, vd x) noexcept nogil
    void v_fence() noexcept nogil
    void v_prefetch(const double *p) noexcept nogil
    int v_aligned(const double *p) noexcept nogil
