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
from ionflux.core.lanes cimport v_abs, v_any, v_fma, v_fnma, v_ge, v_gt, v_le, v_lt, v_max, v_min, v_select, v_set, vd, vm
from ionflux.core.vmath cimport v_bernoulli, v_bernoulli_slope, v_exp

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


cdef inline void sweep(const Grid *grid, const Lanes *p, const vd *y, vd *step, vd *store, bint tangent, const int S) noexcept nogil:
    """One Newton step (or, tangent, the change of the solution with u at the left end) for all inner nodes.

    y: (n + 1, S + 1). store: (n + 1, (S + 1)(S + 2)) for the eliminated blocks. step: (n + 1, S + 1)
    """
    cdef int n = grid.n, N = S + 1, k, i, j, q, size = (S + 1) * (S + 2)
    cdef Edge before, after
    cdef vd M[MAX_IONS + 1][MAX_IONS + 1]
    cdef vd R[MAX_IONS + 2][MAX_IONS + 1]           # columns: N of the block to the right, then the right-hand side
    cdef vd inverse[MAX_IONS + 1]
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
        if tangent:
            for i in range(S):
                R[N][i] = before.slope[i] if k == 1 else v_set(0.0)
            R[N][S] = -before.A if k == 1 else v_set(0.0)
        if k > 1:
            # left: ion row (.. out_i .., -slope_i), charge row (.. , A)
            old = store + (k - 1) * size
            for j in range(N):
                M[S][j] = v_fnma(before.A, old[S * (N + 1) + j], M[S][j])
                for i in range(S):
                    M[i][j] = v_fnma(before.out[i], old[i * (N + 1) + j], v_fma(before.slope[i], old[S * (N + 1) + j], M[i][j]))
            R[N][S] = v_fnma(before.A, old[S * (N + 1) + N], R[N][S])
            for i in range(S):
                R[N][i] = v_fnma(before.out[i], old[i * (N + 1) + N], v_fma(before.slope[i], old[S * (N + 1) + N], R[N][i]))
        for j in range(S):
            for i in range(N):
                R[j][i] = v_set(0.0)
            R[j][j] = after.back[j]
            R[S][j] = -after.slope[j]
        R[S][S] = after.A
        # ions first, then u
        for q in range(N):
            inverse[q] = v_set(1.0) / M[q][q]
            for i in range(q + 1, N):
                f = M[i][q] * inverse[q]
                M[i][q] = f
                for j in range(q + 1, N):
                    M[i][j] = v_fnma(f, M[q][j], M[i][j])
        for j in range(N + 1):
            for q in range(N):
                for i in range(q + 1, N):
                    R[j][i] = v_fnma(M[i][q], R[j][q], R[j][i])
            for q in range(N - 1, -1, -1):
                f = R[j][q]
                for i in range(q + 1, N):
                    f = v_fnma(M[q][i], R[j][i], f)
                R[j][q] = f * inverse[q]
            for i in range(N):
                G[i * (N + 1) + j] = R[j][i]
        before = after
    for i in range(N):
        step[i] = v_set(0.0)
        step[n * N + i] = v_set(0.0)
    if tangent:
        step[S] = v_set(1.0)
    for k in range(n - 1, 0, -1):
        G = store + k * size
        for i in range(N):
            f = G[i * (N + 1) + N]
            for j in range(N):
                f = v_fnma(G[i * (N + 1) + j], step[(k + 1) * N + j], f)
            step[k * N + i] = f


cdef inline vd newton(const Grid *grid, const Lanes *p, vd *y, vd *step, vd *store, vm *active, int most, double close,
                      const int S) noexcept nogil:
    """Newton's method with |du| <= 2 and b kept positive; returns how many steps each lane took, active is left where it failed."""
    cdef int N = S + 1, k, i, _turn
    cdef vd worst, taken = v_set(0.0), new
    cdef vm on = active[0]
    for _turn in range(most):
        if not v_any(on):
            break
        sweep(grid, p, y, step, store, 0, S)
        worst = v_set(0.0)
        for k in range(1, grid.n):
            new = step[k * N + S]
            worst = v_select(v_le(v_abs(new), worst), worst, v_abs(new))        # NaN stays
            new = y[k * N + S] + v_max(v_set(-2.0), v_min(v_set(2.0), new))
            y[k * N + S] = v_select(on, new, y[k * N + S])
            for i in range(S):
                new = y[k * N + i] + step[k * N + i]
                new = v_max(new, v_set(0.1) * y[k * N + i])
                y[k * N + i] = v_select(on, new, y[k * N + i])
        taken = v_select(on, taken + v_set(1.0), taken)
        on = on & ~v_le(worst, v_set(close))
        on = on & v_le(worst, v_set(1e8))           # NaN and what runs away: given up
        active[0] = v_select_mask(v_le(worst, v_set(close)), active[0])
    return taken


cdef inline vm v_select_mask(vm done, vm active) noexcept nogil:
    return active & ~done


cdef inline void fluxes(const Grid *grid, const Lanes *p, const vd *y, const vd *tangent, vd *J, vd *dJ, const int S) noexcept nogil:
    """J_i from u alone and its derivative along a tangent, by T_k = r/B(d) + e^d T_{k+1}, r = 1/W."""
    cdef int N = S + 1, k, i
    cdef vd T, dT, d, dd, r, b, m, s1, t1, e, zv, drop, w, end, rises
    for i in range(S):
        T = dT = rises = v_set(0.0)
        zv = v_set(grid.z[i])
        for k in range(grid.n - 1, -1, -1):
            d = zv * (y[(k + 1) * N + S] - y[k * N + S])
            if grid.rise != NULL:
                d = d + v_set(grid.rise[i * grid.n + k])
                rises = rises + v_set(grid.rise[i * grid.n + k])
            dd = zv * (tangent[(k + 1) * N + S] - tangent[k * N + S])
            w = p.W[i][grid.layer[k]] * v_set(grid.mobility[i * grid.n + k])
            r = v_set(1.0) / w
            v_bernoulli(d, &b, &m)
            v_bernoulli_slope(d, &s1, &t1)
            e = m / b
            dT = v_fma(e, v_fma(dd, T, dT), -(r * s1 * dd / (b * b)))
            T = v_fma(e, T, r / b)
        drop = v_fnma(zv, y[grid.n * N + S] - y[S], -rises)
        end = y[grid.n * N + i] * v_exp(-drop)
        J[i] = (y[i] - end) / T
        dJ[i] = (zv * tangent[S] * end - J[i] * dT) / T
