/* The blocks of one node of pnp.pxd: included twice, with loops unrolled for numbers of ions that are known where this is inlined, and as
 * loops for all others: unrolled as well, these alone took the compiler minutes. */
/* The blocks of one node; S is a constant where these are inlined, so everything stays in registers.
 * The equations of the node before are taken out. Its block on the left of this one: rows of ions (.. out_i .., -slope_i),
 * the row of charge (.. , A). */
IFX_INLINE void IFX_NAME(take_left)(vd *M, vd *r, const vd *old, vd A, const vd *out, const vd *slope, const int S) {
    IFX_UNROLL for (int j = 0; j <= S + 1; j++) {
        vd last = old[S * IFX_C + j];
        vd *to = j <= S ? &IFX_M(S, j) : &r[S];
        *to = v_fnma(A, last, *to);
        IFX_UNROLL for (int i = 0; i < S; i++) {
            to = j <= S ? &IFX_M(i, j) : &r[i];
            *to = v_fnma(out[i], old[i * IFX_C + j], v_fma(slope[i], last, *to));
        }
    }
}
/* G = M^-1 (block on the right | right-hand sides), ions first, then u. The block on the right has rows of ions
 * (.. back_i .., -slope_i) and the row of charge (.. , A): a column of an ion begins with zeros. */
IFX_INLINE void IFX_NAME(eliminate)(vd *M, vd *R, vd *G, vd A, const vd *back, const vd *slope, const int S, const int columns) {
    vd inverse[IFX_IONS + 1];
    IFX_UNROLL for (int j = 0; j < S; j++) {
        IFX_UNROLL for (int i = j; i <= S; i++) IFX_R(j, i) = v_set(0.0);
        IFX_R(j, j) = back[j];
        IFX_R(S, j) = -slope[j];
    }
    IFX_R(S, S) = A;
    IFX_UNROLL for (int q = 0; q <= S; q++) {
        inverse[q] = v_set(1.0) / IFX_M(q, q);
        IFX_UNROLL for (int i = q + 1; i <= S; i++) {
            vd f = IFX_M(i, q) * inverse[q];
            IFX_M(i, q) = f;
            IFX_UNROLL for (int j = q + 1; j <= S; j++) IFX_M(i, j) = v_fnma(f, IFX_M(q, j), IFX_M(i, j));
        }
    }
    IFX_UNROLL for (int j = 0; j < columns; j++) {
        IFX_UNROLL for (int q = j < S ? j : 0; q <= S; q++)
            IFX_UNROLL for (int i = q + 1; i <= S; i++) IFX_R(j, i) = v_fnma(IFX_M(i, q), IFX_R(j, q), IFX_R(j, i));
        IFX_UNROLL for (int q = S; q >= 0; q--) {
            vd f = j < S && q < j ? v_set(0.0) : IFX_R(j, q);
            IFX_UNROLL for (int i = q + 1; i <= S; i++) f = v_fnma(IFX_M(q, i), IFX_R(j, i), f);
            f = f * inverse[q];
            IFX_R(j, q) = f;
            G[q * IFX_C + j] = f;
        }
    }
}
/* step = g - G (step of the node on the right); g is the given column */
IFX_INLINE void IFX_NAME(substitute)(const vd *G, int column, const vd *right, vd *step, const int S) {
    IFX_UNROLL for (int i = 0; i <= S; i++) {
        vd f = G[i * IFX_C + column];
        IFX_UNROLL for (int j = 0; j <= S; j++) f = v_fnma(G[i * IFX_C + j], right[j], f);
        step[i] = f;
    }
}
