# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Poisson-Nernst-Planck in one dimension by finite volumes (Scharfetter & Gummel 1969) and Newton's method. One problem a lane.

Unknowns at node k: u = F phi/RT and b_i = c_i/kappa_i of each ion, where kappa makes b continuous across interfaces (partition). With
d = z (u_{k+1} - u_k) + dw and B(x) = x/(e^x - 1)

    flux through a cell     J = W [B(d) b_k - B(-d) b_{k+1}]                                    W = D kappa/h
    ion i at node k         J_{k-1/2} - J_{k+1/2} = 0
    charge at node k        A_{k-1/2} (u_{k-1} - u_k) + A_{k+1/2} (u_{k+1} - u_k) + sum z Q_i b_i + X = 0      A = eps RT/(F^2 h)

with half volumes of the cells on both sides in Q (times kappa) and X (with the surface charge). The Jacobian is block-tridiagonal; the
blocks beside the diagonal have only a diagonal and the column of u. Within a block the ions come first: their pivots are those of an
M-matrix, and nothing needs to be exchanged. One sweep builds the equations of a node and eliminates it; lanes that have converged are
frozen.

The fluxes that are reported do not come from a difference of concentrations but from the potential alone (see pnp_lines.pxd).
"""
from ionflux.core.lanes cimport v_abs, v_fma, v_fnma, v_le, v_max, v_min, v_select, v_set, vd, vm
from ionflux.core.vmath cimport v_below, v_bernoulli_range, v_by_sign, v_expm1_parts, v_scale

cdef extern from *:
    """
    #include "lanes.h"
    #define IFX_IONS 8
    #define IFX_M(i, j) M[(i) * (IFX_IONS + 1) + (j)]
    #define IFX_R(j, i) R[(j) * (IFX_IONS + 1) + (i)]
    #define IFX_C (S + 3)      /* columns of what is stored for a node */

    #if defined(__GNUC__) && !defined(__clang__)
    #define IFX_UNROLL _Pragma("GCC unroll 12")
    #elif defined(__clang__)
    #define IFX_UNROLL _Pragma("unroll")
    #else
    #define IFX_UNROLL
    #endif
    #define IFX_NAME(name) name##_unrolled
    #include "node_blocks.h"
    #undef IFX_NAME
    #define IFX_NAME(name) name##_looped
    #pragma push_macro("IFX_UNROLL")
    #undef IFX_UNROLL
    #define IFX_UNROLL
    #include "node_blocks.h"
    #pragma pop_macro("IFX_UNROLL")
    #undef IFX_NAME
    #if defined(__GNUC__)
    #define IFX_KNOWN(S) __builtin_constant_p(S)
    #else
    #define IFX_KNOWN(S) 0
    #endif
    IFX_INLINE void take_left(vd *M, vd *r, const vd *old, vd A, const vd *out, const vd *slope, const int S) {
        if (IFX_KNOWN(S)) take_left_unrolled(M, r, old, A, out, slope, S);
        else take_left_looped(M, r, old, A, out, slope, S);
    }
    IFX_INLINE void eliminate(vd *M, vd *R, vd *G, vd A, const vd *back, const vd *slope, const int S, const int columns) {
        if (IFX_KNOWN(S)) eliminate_unrolled(M, R, G, A, back, slope, S, columns);
        else eliminate_looped(M, R, G, A, back, slope, S, columns);
    }
    IFX_INLINE void substitute(const vd *G, int column, const vd *right, vd *step, const int S) {
        if (IFX_KNOWN(S)) substitute_unrolled(G, column, right, step, S);
        else substitute_looped(G, column, right, step, S);
    }
    """
    void take_left(vd *M, vd *r, const vd *old, vd A, const vd *out, const vd *slope, const int S) noexcept nogil
    void eliminate(vd *M, vd *R, vd *G, vd A, const vd *back, const vd *slope, const int S, const int columns) noexcept nogil
    void substitute(const vd *G, int column, const vd *right, vd *step, const int S) noexcept nogil

cdef enum:
    MAX_IONS = 8
    MAX_LAYERS = 50       # not a power of two: what ions have in one layer lies in different sets of the cache

cdef struct Grid:
    int n                       # cells
    int layers, ions
    const int *layer            # (n,) of each cell
    const double *width         # (n,) of each cell over that of its layer
    const double *mobility      # (ions, n) D over the layer's D, divided by width
    const double *rise          # (ions, n) of the further energy, or NULL
    double z[MAX_IONS]

cdef struct Lanes:
    vd A[MAX_LAYERS]                    # eps RT/(F^2 c0) over the thickness
    vd W[MAX_IONS][MAX_LAYERS]          # D kappa over the thickness
    vd Q[MAX_IONS][MAX_LAYERS]          # z kappa times the thickness
    vd X[MAX_LAYERS]                    # fixed charge/c0 times the thickness
    vd S[MAX_LAYERS]                    # surface charge/(F c0) on the right of each layer

cdef struct Edge:
    vd A
    vd flow[MAX_IONS]           # J
    vd out[MAX_IONS]            # W B(d), what leaves the left node
    vd back[MAX_IONS]           # W B(-d)
    vd slope[MAX_IONS]          # dJ/d(u right)


cdef inline void bernoulli_of(vd x, vd *plus, vd *minus, vd *dplus, vd *dminus) noexcept nogil:
    """B(x), B(-x), B'(x), B'(-x) with one division: B' = (1 - B(-|x|))/expm1 |x| from 1 on, where 1 - B(-|x|) has lost nothing.

    To a few units in the last place, which is more than what a Jacobian needs.
    """
    cdef vd z, inv, low, r, s, w, p, o, small, large
    cdef vd a = v_bernoulli_range(x)
    r = v_set(1.0) / v_expm1_parts(a, &z, &inv, &low)
    small = v_scale(a * r, z)
    large = small + v_abs(x)
    plus[0] = v_by_sign(x, large, small)
    minus[0] = v_by_sign(x, small, large)
    # below 1 the odd polynomial of vmath.v_bernoulli_slope
    s = a * a
    w = s * s
    p = v_fma(v_fma(v_fma(v_set(1.8630892974769763e-10), w, v_set(2.08767066067038e-07)), w,
                    v_set(0.00019841269838888229)), w, v_set(0.16666666666666663))
    o = v_fma(v_fma(v_fma(v_set(-4.810919402197337e-12), w, v_set(-6.34006820186806e-09)), w,
                    v_set(-6.61375646342539e-06)), w, v_set(-0.00555555555555386))
    small = v_below(a, 1.0, v_fma(a, v_fma(s, o, p), v_set(-0.5)), v_scale((v_set(1.0) - large) * r, z))
    large = v_set(-1.0) - small
    dplus[0] = v_by_sign(x, large, small)
    dminus[0] = v_by_sign(x, small, large)


cdef inline void edge_of(const Grid *grid, const Lanes *p, int k, const vd *left, const vd *right, Edge *e, const int S) noexcept nogil:
    """The cell right of node k. left, right: b_1 ... b_S, u."""
    cdef int i, layer = grid.layer[k]
    cdef vd du = right[S] - left[S], w, d, plus, minus, dplus, dminus, b1, m1, s1, t1
    cdef double z, last = 0.0
    e.A = p.A[layer] * v_set(1.0 / grid.width[k])
    plus = minus = dplus = dminus = v_set(0.0)
    for i in range(S):
        z = grid.z[i]
        w = p.W[i][layer] * v_set(grid.mobility[i * grid.n + k])
        if grid.rise != NULL:
            d = v_fma(v_set(z), du, v_set(grid.rise[i * grid.n + k]))
            bernoulli_of(d, &b1, &m1, &s1, &t1)
        else:
            if (z if z > 0 else -z) != last:
                last = z if z > 0 else -z
                bernoulli_of(v_set(last) * du, &plus, &minus, &dplus, &dminus)
            if z == 0.0:
                b1, m1, s1, t1 = v_set(1.0), v_set(1.0), v_set(-0.5), v_set(-0.5)
            elif z > 0:
                b1, m1, s1, t1 = plus, minus, dplus, dminus
            else:
                b1, m1, s1, t1 = minus, plus, dminus, dplus
        e.out[i] = w * b1
        e.back[i] = w * m1
        e.flow[i] = v_fnma(e.back[i], right[i], e.out[i] * left[i])
        # d/dd of B(d) b_k - B(-d) b_{k+1} = B'(d) b_k + B'(-d) b_{k+1}
        e.slope[i] = v_set(z) * w * v_fma(s1, left[i], t1 * right[i])


cdef inline vd weight(const Grid *grid, const vd *per_layer, int k) noexcept nogil:
    """Half of the cells on both sides of node k."""
    return v_fma(per_layer[grid.layer[k - 1]], v_set(0.5 * grid.width[k - 1]),
                 per_layer[grid.layer[k]] * v_set(0.5 * grid.width[k]))


cdef inline void sweep(const Grid *grid, const Lanes *p, const vd *y, vd *step, vd *tangent, vd *store, const bint both, const vd *load,
                       const int S) noexcept nogil:
    """One Newton step for all inner nodes and, both, the change of the solution with u at the left end or with what `load` stands for.

    y: (n + 1, S + 1). store: (n + 1, (S + 1)(S + 3)) for the eliminated blocks. step, tangent: (n + 1, S + 1)
    load: (n + 1, S + 1) right-hand sides; tangent then holds the changes of the ends. NULL: 1 in u at the left
    """
    cdef int n = grid.n, N = S + 1, C = S + 3, k, i, j, size = (S + 1) * (S + 3)
    cdef Edge before, after
    cdef vd M[MAX_IONS + 1][MAX_IONS + 1]
    cdef vd R[MAX_IONS + 3][MAX_IONS + 1]           # columns: N of the block to the right, then the right-hand sides
    cdef vd f, x
    cdef vd *G
    cdef const vd *old
    edge_of(grid, p, 0, y, y + N, &before, S)
    for k in range(1, n):
        edge_of(grid, p, k, y + k * N, y + (k + 1) * N, &after, S)
        G = store + k * size
        # equations F = 0 at this node: M (own) + L (left) + U (right) = -F
        x = weight(grid, p.X, k)
        if grid.layer[k - 1] != grid.layer[k]:
            x = x + p.S[grid.layer[k - 1]]
        x = x + before.A * (y[(k - 1) * N + S] - y[k * N + S]) + after.A * (y[(k + 1) * N + S] - y[k * N + S])
        for i in range(S):
            f = weight(grid, p.Q[i], k)
            x = v_fma(f, y[k * N + i], x)
            M[S][i] = f
            for j in range(S):
                M[i][j] = v_set(0.0)
            M[i][i] = -(before.back[i] + after.out[i])
            M[i][S] = before.slope[i] + after.slope[i]
            R[N][i] = after.flow[i] - before.flow[i]
        M[S][S] = -(before.A + after.A)
        R[N][S] = -x
        if both and load != NULL:
            for i in range(N):
                R[N + 1][i] = load[k * N + i]
        elif both:
            for i in range(S):
                R[N + 1][i] = before.slope[i] if k == 1 else v_set(0.0)
            R[N + 1][S] = -before.A if k == 1 else v_set(0.0)
        if k > 1:
            take_left(&M[0][0], &R[N][0], store + (k - 1) * size, before.A, before.out, before.slope, S)
            if both:
                old = store + (k - 1) * size
                R[N + 1][S] = v_fnma(before.A, old[S * C + N + 1], R[N + 1][S])
                for i in range(S):
                    R[N + 1][i] = v_fnma(before.out[i], old[i * C + N + 1], v_fma(before.slope[i], old[S * C + N + 1], R[N + 1][i]))
        eliminate(&M[0][0], &R[0][0], G, after.A, after.back, after.slope, S, N + 2 if both else N + 1)
        before = after
    for i in range(N):
        step[i] = step[n * N + i] = v_set(0.0)
    for k in range(n - 1, 0, -1):
        substitute(store + k * size, N, step + (k + 1) * N, step + k * N, S)
    if both:
        if load == NULL:
            for i in range(N):
                tangent[i] = tangent[n * N + i] = v_set(0.0)
            tangent[S] = v_set(1.0)
            for k in range(n - 1, 0, -1):
                substitute(store + k * size, N + 1, tangent + (k + 1) * N, tangent + k * N, S)
            return
        # the load has the ends in it already
        for i in range(N):
            tangent[(n - 1) * N + i] = (store + (n - 1) * size)[i * C + N + 1]
        for k in range(n - 2, 0, -1):
            substitute(store + k * size, N + 1, tangent + (k + 1) * N, tangent + k * N, S)


cdef inline vd add_step(const Grid *grid, vd *y, const vd *step, vm on, const int S) noexcept nogil:
    """y + step with |du| <= 2 and b kept positive, where on; returns the largest |du|, NaN where there is one."""
    cdef int N = S + 1, k, i
    cdef vd worst = v_set(0.0), new
    for k in range(1, grid.n):
        new = step[k * N + S]
        worst = v_select(v_le(v_abs(new), worst), worst, v_abs(new))
        new = y[k * N + S] + v_max(v_set(-2.0), v_min(v_set(2.0), new))
        y[k * N + S] = v_select(on, new, y[k * N + S])
        for i in range(S):
            new = v_max(y[k * N + i] + step[k * N + i], v_set(0.1) * y[k * N + i])
            y[k * N + i] = v_select(on, new, y[k * N + i])
    return worst
