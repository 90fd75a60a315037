# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Systems of equations by blocks, one block of ions and potential for each node, as triangles that serve several right-hand sides.

The same elimination as in pnp.pxd, which has one right-hand side and keeps nothing. One system a lane.
"""
from ionflux.core.lanes cimport vd
from ionflux.core.pnp cimport MAX_IONS

cdef extern from *:
    """
    #define IFX_T(M, i, j) M[(i) * (S + 1) + (j)]

    /* The block of a node, with the one before eliminated, as its triangles (inverses of pivots in the diagonal), and
     * G = M^-1 (block on the right). The block on the left has rows of ions (.. out_i .., -slope_i) and of charge (.., A), that on
     * the right (.. back_i .., -slope_i) and (.., A). */
    IFX_INLINE void factor_block(vd *M, vd *G, const vd *old, vd A, const vd *out, const vd *slope, vd A_right, const vd *back,
                                 const vd *slope_right, const int S) {
        if (old) {
            IFX_UNROLL for (int j = 0; j <= S; j++) {
                vd last = IFX_T(old, S, j);
                IFX_T(M, S, j) = v_fnma(A, last, IFX_T(M, S, j));
                IFX_UNROLL for (int i = 0; i < S; i++)
                    IFX_T(M, i, j) = v_fnma(out[i], IFX_T(old, i, j), v_fma(slope[i], last, IFX_T(M, i, j)));
            }
        }
        IFX_UNROLL for (int q = 0; q <= S; q++) {
            vd inverse = v_set(1.0) / IFX_T(M, q, q);
            IFX_T(M, q, q) = inverse;
            IFX_UNROLL for (int i = q + 1; i <= S; i++) {
                vd f = IFX_T(M, i, q) * inverse;
                IFX_T(M, i, q) = f;
                IFX_UNROLL for (int j = q + 1; j <= S; j++) IFX_T(M, i, j) = v_fnma(f, IFX_T(M, q, j), IFX_T(M, i, j));
            }
        }
        IFX_UNROLL for (int j = 0; j <= S; j++) {
            vd x[IFX_IONS + 1];
            IFX_UNROLL for (int i = 0; i <= S; i++)
                x[i] = j < S ? (i == j ? back[i < S ? i : 0] : v_set(0.0)) : (i < S ? -slope_right[i] : A_right);
            IFX_UNROLL for (int q = j < S ? j : 0; q <= S; q++)
                IFX_UNROLL for (int i = q + 1; i <= S; i++) x[i] = v_fnma(IFX_T(M, i, q), x[q], x[i]);
            IFX_UNROLL for (int q = S; q >= 0; q--) {
                vd f = x[q];
                IFX_UNROLL for (int i = q + 1; i <= S; i++) f = v_fnma(IFX_T(M, q, i), x[i], f);
                x[q] = f * IFX_T(M, q, q);
                IFX_T(G, q, j) = x[q];
            }
        }
    }
    /* x = M^-1 (x - block on the left times what the node before has) */
    IFX_INLINE void forward_block(const vd *M, vd *x, const vd *before, vd A, const vd *out, const vd *slope, const int S) {
        vd r[IFX_IONS + 1];
        if (S < 1) return; /* there are ions; a compiler that does not know it warns */
        IFX_UNROLL for (int i = 0; i <= S; i++) r[i] = x[i];
        if (before) {
            vd last = before[S];
            r[S] = v_fnma(A, last, r[S]);
            IFX_UNROLL for (int i = 0; i < S; i++) r[i] = v_fnma(out[i], before[i], v_fma(slope[i], last, r[i]));
        }
        IFX_UNROLL for (int q = 0; q < S; q++)
            IFX_UNROLL for (int i = q + 1; i <= S; i++) r[i] = v_fnma(IFX_T(M, i, q), r[q], r[i]);
        IFX_UNROLL for (int q = S; q >= 0; q--) {
            vd f = r[q];
            IFX_UNROLL for (int i = q + 1; i <= S; i++) f = v_fnma(IFX_T(M, q, i), r[i], f);
            r[q] = f * IFX_T(M, q, q);
            x[q] = r[q];
        }
    }
    IFX_INLINE void back_block(const vd *G, vd *x, const vd *right, const int S) {
        IFX_UNROLL for (int i = 0; i <= S; i++) {
            vd f = x[i];
            IFX_UNROLL for (int j = 0; j <= S; j++) f = v_fnma(IFX_T(G, i, j), right[j], f);
            x[i] = f;
        }
    }
    """
    void factor_block(vd *M, vd *G, const vd *old, vd A, const vd *out, const vd *slope, vd A_right, const vd *back,
                      const vd *slope_right, const int S) noexcept nogil
    void forward_block(const vd *M, vd *x, const vd *before, vd A, const vd *out, const vd *slope, const int S) noexcept nogil
    void back_block(const vd *G, vd *x, const vd *right, const int S) noexcept nogil
