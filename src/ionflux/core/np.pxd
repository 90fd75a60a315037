# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Nernst-Planck in a given potential, by two recursions without a global exponential. One profile a lane.

    J = -(c' + c psi') / rho,   psi = z u + w,  rho = 1/D

is linear in c. With psi linear within each cell (d its rise, r = h rho its resistance) the resistances as seen from node k,

    T_k = e^{-psi_k} times the integral of rho e^psi from x_k to the right end,   R_k the same from the left end to x_k

obey T_k = r/B(d) + e^d T_{k+1} and R_{k+1} = r/B(-d) + e^{-d} R_k, all positive, and

    c_k = c_left T_k/T_0 + c_right R_k/R_n,   J = c_left/T_0 - c_right/R_n

keeps full relative accuracy at both ends, however small a concentration is. e^d = B(-d)/B(d) = 1 + d/B(d); where d is small the second
form is used: its rounding errors do not add up along the mesh. A cell with r = 0 is a jump of psi.
"""
from ionflux.core.blocks cimport v_load, v_store
from ionflux.core.lanes cimport VL, v_abs, v_fma, v_set, vd
from ionflux.core.vmath cimport v_below, v_bernoulli


cdef extern from *:
    """
    #include "lanes.h"
    /* x[i][l] <-> x[l][i]: VL vectors seen as a square matrix */
    #if IFX_VL == 8
    IFX_INLINE void v_transpose(vd *x) {
        __m512d a[8], b[8];
        for (int i = 0; i < 8; i += 2) {
            a[i] = _mm512_unpacklo_pd((__m512d)x[i], (__m512d)x[i + 1]);
            a[i + 1] = _mm512_unpackhi_pd((__m512d)x[i], (__m512d)x[i + 1]);
        }
        for (int i = 0; i < 8; i += 4)
            for (int j = 0; j < 2; j++) {
                b[i + j] = _mm512_shuffle_f64x2(a[i + j], a[i + j + 2], 0x88);
                b[i + j + 2] = _mm512_shuffle_f64x2(a[i + j], a[i + j + 2], 0xdd);
            }
        for (int i = 0; i < 4; i++) {
            x[i] = (vd)_mm512_shuffle_f64x2(b[i], b[i + 4], 0x88);
            x[i + 4] = (vd)_mm512_shuffle_f64x2(b[i], b[i + 4], 0xdd);
        }
    }
    #elif IFX_VL == 4
    IFX_INLINE void v_transpose(vd *x) {
        __m256d a = _mm256_unpacklo_pd((__m256d)x[0], (__m256d)x[1]), b = _mm256_unpackhi_pd((__m256d)x[0], (__m256d)x[1]);
        __m256d c = _mm256_unpacklo_pd((__m256d)x[2], (__m256d)x[3]), d = _mm256_unpackhi_pd((__m256d)x[2], (__m256d)x[3]);
        x[0] = (vd)_mm256_permute2f128_pd(a, c, 0x20);
        x[1] = (vd)_mm256_permute2f128_pd(b, d, 0x20);
        x[2] = (vd)_mm256_permute2f128_pd(a, c, 0x31);
        x[3] = (vd)_mm256_permute2f128_pd(b, d, 0x31);
    }
    #elif IFX_VL == 2
    IFX_INLINE void v_transpose(vd *x) {
        double t = x[0][1];
        x[0][1] = x[1][0];
        x[1][0] = t;
    }
    #else
    IFX_INLINE void v_transpose(vd *x) { (void)x; }
    #endif
    """
    void v_transpose(vd *x) noexcept nogil


cdef struct Cell:
    vd keep                                 # 1 where d is small, else 0
    vd inverse, growth                      # 1/B(d); e^d - keep
    vd inverse_back, growth_back            # the same of -d


cdef inline void cell_of(vd d, Cell *c) noexcept nogil:
    cdef vd b, back, near = v_set(1.0), far = v_set(0.0)
    v_bernoulli(d, &b, &back)
    c.inverse = v_set(1.0) / b
    c.inverse_back = v_set(1.0) / back
    c.keep = v_below(v_abs(d), 0.5, near, far)
    c.growth = v_below(v_abs(d), 0.5, d, back) * c.inverse
    c.growth_back = v_below(v_abs(d), 0.5, -d, b) * c.inverse_back


cdef inline vd ahead(const Cell *c, vd r, vd T, bint flipped) noexcept nogil:
    """T_k = r/B(d) + e^d T_{k+1}; flipped: of the opposite valence."""
    if flipped:
        return v_fma(c.keep, T, v_fma(c.growth_back, T, r * c.inverse_back))
    return v_fma(c.keep, T, v_fma(c.growth, T, r * c.inverse))


cdef inline vd behind(const Cell *c, vd r, vd R, bint flipped) noexcept nogil:
    """R_{k+1} = r/B(-d) + e^{-d} R_k."""
    return ahead(c, r, R, not flipped)


cdef inline void load_square(const double *x, Py_ssize_t row_stride, int rows, int columns, vd *out) noexcept nogil:
    """out[i] = column i of VL rows, stride 0 for one row that all lanes share. Rows beyond the last repeat it, columns are zero."""
    cdef int i, j, row
    if rows == VL and columns == VL and row_stride != 0:
        for i in range(VL):
            out[i] = v_load(x + i * row_stride)
        v_transpose(out)
    else:
        for j in range(VL):
            for i in range(VL):
                row = i if i < rows else rows - 1
                (<double *> (out + j))[i] = x[row * row_stride + j] if j < columns else 0.0


cdef inline void store_square(vd *x, double *out, Py_ssize_t row_stride, int rows, int columns) noexcept nogil:
    """The other way round; x is overwritten."""
    cdef int i, j
    if rows == VL and columns == VL:
        v_transpose(x)
        for i in range(VL):
            v_store(out + i * row_stride, x[i])
    else:
        for j in range(columns):
            for i in range(rows):
                out[i * row_stride + j] = (<double *> (x + j))[i]
