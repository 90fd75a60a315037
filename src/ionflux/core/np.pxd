# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Nernst-Planck in a given potential, by two recursions without a global exponential. One profile a lane.

    J = -(c' + c psi') / rho,   psi = z u + w,  rho = 1/D

is linear in c. With psi linear within each cell (d its rise, r = h rho its resistance) the resistances as seen from node k,

    T_k = e^{-psi_k} times the integral of rho e^psi from x_k to the right end,   R_k the same from the left end to x_k

obey T_k = r/B(d) + e^d T_{k+1} and R_{k+1} = r/B(-d) + e^{-d} R_k, all positive, and

    c_k = c_left T_k/T_0 + c_right R_k/R_n,   J = c_left/T_0 - c_right/R_n

keeps full relative accuracy at both ends, however small a concentration is. e^d = B(-d)/B(d) = 1 + d/B(d) gives

    T_k = (r + B(-d) T_{k+1})/B(d)                  where d < -1/2, and where d > 1/2
    T_k = T_{k+1} + (r + d T_{k+1})/B(d)            where d is small: its rounding errors do not add up along the mesh,

and 1/B(+-d) = sinh(d)/d +- (cosh(d) - 1)/d are then two short polynomials, without a division. Cells are made in tiles of VL, and a tile
in which no lane has a large d needs nothing else; the lanes of the others choose, so that the bits do not depend on the company.
A cell with r = 0 is a jump of psi.
"""
from ionflux.core.blocks cimport v_load, v_store
from ionflux.core.lanes cimport VL, v_any, v_fma, v_gt, v_le, v_max, v_select, v_set, vd, vm
from ionflux.core.vmath cimport v_bernoulli


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
    const double FAR "600.0"                # difference of energies between the ends, RT, beyond which the recursions could overflow


cdef struct Cell:
    vd inverse, inverse_back                # 1/B(d), 1/B(-d)
    vd rise                                 # d where it is small, else B(-d)


cdef struct Steep:
    vd keep                                 # 1 where d is small, else 0
    vd rise_back                            # -d where d is small, else B(d)


cdef inline bint cells_of(const vd *d, int count, Cell *cells, Steep *steep) noexcept nogil:
    """The cells of a tile; whether any lane of them needs `steep`, which is then set."""
    cdef vd w, even, odd, b, back, most = v_set(0.0), far = v_set(0.25)
    cdef vm near
    cdef Cell *c
    cdef int j
    for j in range(count):
        c = cells + j
        w = d[j] * d[j]
        most = v_max(w, most)                # a NaN is not seen, and makes the cell NaN
        even = v_fma(v_fma(v_fma(v_fma(v_fma(v_set(1.6116496514371548e-10), w, v_set(2.505194670972162e-08)), w,
                                       v_set(2.755731943362024e-06)), w, v_set(0.00019841269841146993)), w,
                           v_set(0.00833333333333336)), w, v_set(0.16666666666666666))
        odd = v_fma(v_fma(v_fma(v_fma(v_set(2.0948570635342144e-09), w, v_set(2.755716204689719e-07)), w,
                                v_set(2.4801587441957913e-05)), w, v_set(0.0013888888888845018)), w, v_set(0.041666666666666685))
        even = v_fma(even, w, v_set(1.0))
        odd = v_fma(odd, w, v_set(0.5))
        c.inverse = v_fma(d[j], odd, even)
        c.inverse_back = v_fma(-d[j], odd, even)
        c.rise = d[j]
    if not v_any(v_gt(most, far)):
        return False
    for j in range(count):
        c = cells + j
        near = v_le(d[j] * d[j], far)
        v_bernoulli(d[j], &b, &back)
        c.inverse = v_select(near, c.inverse, v_set(1.0) / b)
        c.inverse_back = v_select(near, c.inverse_back, v_set(1.0) / back)
        c.rise = v_select(near, d[j], back)
        steep[j].rise_back = v_select(near, -d[j], b)
        steep[j].keep = v_select(near, v_set(1.0), v_set(0.0))
    return True


cdef inline vd ahead(const Cell *c, vd r, vd T, bint flipped) noexcept nogil:
    """T_k = T_{k+1} + (r + d T_{k+1})/B(d); flipped: of the opposite valence. Where all lanes have a small d."""
    if flipped:
        return v_fma(c.inverse_back, v_fma(-c.rise, T, r), T)
    return v_fma(c.inverse, v_fma(c.rise, T, r), T)


cdef inline vd ahead_steep(const Cell *c, const Steep *s, vd r, vd T, bint flipped) noexcept nogil:
    """The same where some may have a large one."""
    if flipped:
        return v_fma(c.inverse_back, v_fma(s.rise_back, T, r), s.keep * T)
    return v_fma(c.inverse, v_fma(c.rise, T, r), s.keep * T)


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
