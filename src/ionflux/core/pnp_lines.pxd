# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Fluxes of a solution of the Poisson-Nernst-Planck equations, their slopes, and solutions where not V but a line is given.

Fluxes follow from the potential alone (see np.pxd): what a difference of concentrations would lose is not lost.

Slopes: F(y, p) = 0 moves with dy/dp = -M^-1 dF/dp. The equations are linear in the coefficients A, W, Q, X, S, so that dF/dp is F with
their changes in their place, and the fluxes move with u and with W.

A line: a u_left + b sum z J = target, with u at the left end one more unknown. A step at fixed V and the tangent along V come from the same
factorisation (bordering); the line says how much of the tangent is to be added. b = 0: V is given; a = 0: the current is, for a curve
followed past its folds (pseudo-arclength, Keller 1977) both count.
"""
from ionflux.core.lanes cimport v_fma, v_fnma, v_set, vd
from ionflux.core.pnp cimport MAX_IONS, MAX_LAYERS, Edge, Grid, Lanes, bernoulli_of, edge_of, weight
from ionflux.core.vmath cimport v_exp

cdef struct Line:
    vd volt                     # a
    vd current                  # b, of the sum of z J
    vd target


cdef inline void load_of(const Grid *grid, const Lanes *p, const Lanes *change, const vd *y, const vd *ends, vd *load,
                         const int S) noexcept nogil:
    """-dF of each inner node for the changes of the coefficients and of the ends; ends: (n + 1, S + 1), only the first and last count."""
    cdef int n = grid.n, N = S + 1, k, i
    cdef Edge edge, moved
    cdef vd flow, x
    for k in range(1, n):
        x = weight(grid, change.X, k)
        if grid.layer[k - 1] != grid.layer[k]:
            x = x + change.S[grid.layer[k - 1]]
        for i in range(S):
            x = v_fma(weight(grid, change.Q[i], k), y[k * N + i], x)
            load[k * N + i] = v_set(0.0)
        load[k * N + S] = -x
    for k in range(n):
        edge_of(grid, p, k, y + k * N, y + (k + 1) * N, &edge, S)
        edge_of(grid, change, k, y + k * N, y + (k + 1) * N, &moved, S)
        x = moved.A * (y[(k + 1) * N + S] - y[k * N + S])       # what comes from the right into the charge of node k
        if k == 0:
            x = v_fnma(edge.A, ends[S], x)
        if k == n - 1:
            x = v_fma(edge.A, ends[n * N + S], x)
        for i in range(S):
            flow = moved.flow[i]
            if k == 0:
                flow = v_fma(edge.out[i], ends[i], v_fnma(edge.slope[i], ends[S], flow))
            if k == n - 1:
                flow = v_fnma(edge.back[i], ends[n * N + i], v_fma(edge.slope[i], ends[n * N + S], flow))
            if k > 0:
                load[k * N + i] = load[k * N + i] + flow
            if k < n - 1:
                load[(k + 1) * N + i] = load[(k + 1) * N + i] - flow
        if k > 0:
            load[k * N + S] = load[k * N + S] - x
        if k < n - 1:
            load[(k + 1) * N + S] = load[(k + 1) * N + S] + x


cdef inline void fluxes(const Grid *grid, const Lanes *p, const Lanes *change, const vd *y, const vd *tangent, vd *J, vd *dJ,
                        const int S) noexcept nogil:
    """J_i from u alone and its derivative along a tangent, by T_k = r/B(d) + e^d T_{k+1}, r = 1/W. change: of W, or NULL."""
    cdef int N = S + 1, n = grid.n, k, i
    cdef vd T[MAX_IONS]
    cdef vd dT[MAX_IONS]
    cdef vd rises[MAX_IONS]
    cdef vd resist[MAX_IONS][MAX_LAYERS]
    cdef vd du, ddu, d, dd, r, m, s1, plus, minus, dplus, dminus, over, under, f, zv, drop, end, dend
    cdef double z, last
    cdef bint same = grid.rise == NULL
    plus = minus = dplus = dminus = over = under = v_set(0.0)
    for i in range(S):
        T[i] = dT[i] = rises[i] = v_set(0.0)
        for k in range(grid.layers):
            resist[i][k] = v_set(1.0) / p.W[i][k]
    for k in range(n - 1, -1, -1):
        du = y[(k + 1) * N + S] - y[k * N + S]
        ddu = tangent[(k + 1) * N + S] - tangent[k * N + S]
        last = 0.0
        for i in range(S):
            z = grid.z[i]
            d = v_set(z) * du
            if not same:
                d = d + v_set(grid.rise[i * n + k])
                rises[i] = rises[i] + v_set(grid.rise[i * n + k])
            if not same or (z if z > 0 else -z) != last:
                last = z if z > 0 else -z
                bernoulli_of(d if not same else v_set(last) * du, &plus, &minus, &dplus, &dminus)
                over, under = v_set(1.0) / plus, v_set(1.0) / minus
            if same and z == 0.0:
                m, s1, f = v_set(1.0), v_set(-0.5), v_set(1.0)
            elif not same or z > 0:
                m, s1, f = minus, dplus, over
            else:
                m, s1, f = plus, dminus, under
            # f = 1/B(d), m f = e^d
            r = f * v_set(1.0 / grid.mobility[i * n + k]) * resist[i][grid.layer[k]]
            dd = v_set(z) * ddu
            m = m * f
            dT[i] = v_fma(m, v_fma(dd, T[i], dT[i]), -(r * s1 * dd * f))
            if change != NULL:
                dT[i] = v_fnma(change.W[i][grid.layer[k]] * resist[i][grid.layer[k]], r, dT[i])
            T[i] = v_fma(m, T[i], r)
    for i in range(S):
        zv = v_set(grid.z[i])
        drop = v_fnma(zv, y[n * N + S] - y[S], -rises[i])
        end = y[n * N + i] * v_exp(-drop)
        J[i] = (y[i] - end) / T[i]
        if change == NULL:
            dJ[i] = (zv * tangent[S] * end - J[i] * dT[i]) / T[i]
        else:
            dend = v_fma(zv * (tangent[n * N + S] - tangent[S]), end, tangent[n * N + i] * v_exp(-drop))
            dJ[i] = (tangent[i] - dend - J[i] * dT[i]) / T[i]
