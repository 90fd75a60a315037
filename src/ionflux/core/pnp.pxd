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

The fluxes that are reported do not come from a difference of concentrations but from the potential alone (see np.pxd).
"""
from ionflux.core.lanes cimport v_abs, v_any, v_eq, v_fma, v_fnma, v_le, v_max, v_min, v_select, v_set, vd, vm
from ionflux.core.vmath cimport v_bernoulli, v_bernoulli_slope, v_exp

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
    MAX_LAYERS = 16

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
            v_bernoulli(d, &b1, &m1)
            v_bernoulli_slope(d, &s1, &t1)
        else:
            if (z if z > 0 else -z) != last:
                last = z if z > 0 else -z
                v_bernoulli(v_set(last) * du, &plus, &minus)
                v_bernoulli_slope(v_set(last) * du, &dplus, &dminus)
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


cdef inline vd newton(const Grid *grid, const Lanes *p, vd *y, vd *step, vd *tangent, vd *before, vd *store, vm *failed, int most,
                      double close, const int S) noexcept nogil:
    """Newton's method; returns how many steps each lane took.

    A step of `near` is followed by one that also has the tangent: convergence is quadratic, and that one is the last as a rule. It has
    to be within `close`; lanes that are not yet there go on. Those that are keep their tangent: nothing of a lane may depend on the
    others. before: memory for that, (n + 1, S + 1).
    """
    cdef vd worst, taken = v_set(0.0)
    cdef vd near = v_set(1e-3)
    cdef vm on = v_eq(taken, taken), coarse = on, lost
    cdef int _turn, i
    cdef bint again = False
    failed[0] = on
    for _turn in range(most):
        if not v_any(on):
            break
        if v_any(coarse & on):
            sweep(grid, p, y, step, tangent, store, 0, NULL, S)
            worst = add_step(grid, y, step, coarse & on, S)
            taken = v_select(coarse & on, taken + v_set(1.0), taken)
            lost = ~v_le(worst, v_set(1e8)) & coarse        # NaN and what runs away: given up
            on = on & ~lost
            coarse = coarse & ~v_le(worst, near)
        else:
            if again:
                for i in range((grid.n + 1) * (S + 1)):
                    before[i] = tangent[i]
            sweep(grid, p, y, step, tangent, store, 1, NULL, S)
            if again:
                for i in range((grid.n + 1) * (S + 1)):
                    tangent[i] = v_select(on, tangent[i], before[i])
            again = True
            worst = add_step(grid, y, step, on, S)
            taken = v_select(on, taken + v_set(1.0), taken)
            failed[0] = failed[0] & ~(on & v_le(worst, v_set(close)))
            on = on & ~v_le(worst, v_set(close)) & v_le(worst, v_set(1e8))
    return taken


cdef inline void fluxes(const Grid *grid, const Lanes *p, const Lanes *change, const vd *y, const vd *tangent, vd *J, vd *dJ,
                        const int S) noexcept nogil:
    """J_i from u alone and its derivative along a tangent, by T_k = r/B(d) + e^d T_{k+1}, r = 1/W. change: of W, or NULL."""
    cdef int N = S + 1, n = grid.n, k, i
    cdef vd T, dT, d, dd, r, b, m, s1, t1, e, zv, drop, dr, w, end, dend, rises
    for i in range(S):
        T = dT = rises = v_set(0.0)
        zv = v_set(grid.z[i])
        for k in range(n - 1, -1, -1):
            d = zv * (y[(k + 1) * N + S] - y[k * N + S])
            if grid.rise != NULL:
                d = d + v_set(grid.rise[i * n + k])
                rises = rises + v_set(grid.rise[i * n + k])
            dd = zv * (tangent[(k + 1) * N + S] - tangent[k * N + S])
            w = p.W[i][grid.layer[k]] * v_set(grid.mobility[i * n + k])
            r = v_set(1.0) / w
            v_bernoulli(d, &b, &m)
            v_bernoulli_slope(d, &s1, &t1)
            e = m / b
            dT = v_fma(e, v_fma(dd, T, dT), -(r * s1 * dd / (b * b)))
            if change != NULL:
                dr = change.W[i][grid.layer[k]] / p.W[i][grid.layer[k]]
                dT = v_fnma(dr, r / b, dT)
            T = v_fma(e, T, r / b)
        drop = v_fnma(zv, y[n * N + S] - y[S], -rises)
        end = y[n * N + i] * v_exp(-drop)
        J[i] = (y[i] - end) / T
        if change == NULL:
            dJ[i] = (zv * tangent[S] * end - J[i] * dT) / T
        else:
            dend = v_fma(zv * (tangent[n * N + S] - tangent[S]), end, tangent[n * N + i] * v_exp(-drop))
            dJ[i] = (tangent[i] - dend - J[i] * dT) / T
