# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Poisson-Nernst-Planck in time: the finite volumes of pnp.pxd as a differential-algebraic system. One problem a lane.

    ion i at node k         v_i db_i/dt = J_{k-1/2} - J_{k+1/2}
    charge at node k        0 = A_{k-1/2} (u_{k-1} - u_k) + A_{k+1/2} (u_{k+1} - u_k) + sum z Q_i b_i + X
    ends                    u = V(t) and 0; b held, or (closed) J = 0 outside

with v the volume times kappa. It has index one, Poisson's equation is linear, and the sums over nodes of v b change by the fluxes at the
ends alone. (v/(gamma h) - F') K = ... is solved by blocks, with what was eliminated kept for several right-hand sides.
"""
from ionflux.core.lanes cimport v_fma, v_fnma, v_select, v_set, vd, vm
from ionflux.core.pnp cimport MAX_IONS, MAX_LAYERS, Edge, Grid, Lanes, edge_of
from ionflux.core.pnp_blocks cimport back_block, factor_block, forward_block
from ionflux.core.vmath cimport v_bernoulli

cdef struct Film:
    Grid grid
    Lanes p
    vd v[MAX_IONS][MAX_LAYERS]  # kappa times the thickness
    bint closed
    vd *M                       # (n + 1, S + 1, S + 1)
    vd *G
    vd *cell                    # (n, 1 + 2 S): A, out, slope
    vd flow[2 * MAX_IONS]       # through the first cell, the last one
    vd slopes[4][MAX_IONS]      # back and slope of the first cell, out and slope of the last one


cdef inline vd at_node(const Grid *grid, const vd *per_layer, int k) noexcept nogil:
    """Half of the cells on both sides of node k; at an end there is one."""
    cdef vd x = v_set(0.0)
    if k > 0:
        x = per_layer[grid.layer[k - 1]] * v_set(0.5 * grid.width[k - 1])
    if k < grid.n:
        x = v_fma(per_layer[grid.layer[k]], v_set(0.5 * grid.width[k]), x)
    return x


cdef inline vd fixed_charge(const Grid *grid, const Lanes *p, int k) noexcept nogil:
    cdef vd x = at_node(grid, p.X, k)
    if grid.layer[k - 1] != grid.layer[k]:
        x = x + p.S[grid.layer[k - 1]]
    return x


cdef inline vd flows(const Grid *grid, const Lanes *p, int k, const vd *left, const vd *right, vd *flow, const int S) noexcept nogil:
    """J of each ion through the cell right of node k; returns A."""
    cdef int i, layer = grid.layer[k]
    cdef vd du = right[S] - left[S], w, b1, m1, plus, minus
    cdef double z, last = 0.0
    plus = minus = v_set(0.0)
    for i in range(S):
        z = grid.z[i]
        w = p.W[i][layer] * v_set(grid.mobility[i * grid.n + k])
        if grid.rise != NULL:
            v_bernoulli(v_fma(v_set(z), du, v_set(grid.rise[i * grid.n + k])), &b1, &m1)
        else:
            if (z if z > 0 else -z) != last:
                last = z if z > 0 else -z
                v_bernoulli(v_set(last) * du, &plus, &minus)
            if z == 0.0:
                b1 = m1 = v_set(1.0)
            elif z > 0:
                b1, m1 = plus, minus
            else:
                b1, m1 = minus, plus
        flow[i] = v_fnma(w * m1, right[i], (w * b1) * left[i])
    return p.A[layer] * v_set(1.0 / grid.width[k])


cdef inline void rates(Film *film, const vd *y, vd *f, vd V, const int S) noexcept nogil:
    """F at a state with V on the left; the fluxes at both ends go to film.flow."""
    cdef int n = film.grid.n, N = S + 1, k, i
    cdef vd before[MAX_IONS]
    cdef vd after[MAX_IONS]
    cdef vd A_before, A, x
    A_before = flows(&film.grid, &film.p, 0, y, y + N, before, S)
    for i in range(S):
        film.flow[i] = before[i]
        f[i] = -before[i] if film.closed else v_set(0.0)
    f[S] = V - y[S]
    for k in range(1, n):
        A = flows(&film.grid, &film.p, k, y + k * N, y + (k + 1) * N, after, S)
        x = fixed_charge(&film.grid, &film.p, k)
        x = x + A_before * (y[(k - 1) * N + S] - y[k * N + S]) + A * (y[(k + 1) * N + S] - y[k * N + S])
        for i in range(S):
            x = v_fma(at_node(&film.grid, film.p.Q[i], k), y[k * N + i], x)
            f[k * N + i] = before[i] - after[i]
            before[i] = after[i]
        f[k * N + S] = x
        A_before = A
    for i in range(S):
        film.flow[S + i] = before[i]
        f[n * N + i] = before[i] if film.closed else v_set(0.0)
    f[n * N + S] = -y[n * N + S]


cdef inline void matrix(Film *film, const vd *y, vd inverse, const int S) noexcept nogil:
    """The Jacobian at y minus v/(gamma h), by triangles of blocks. inverse : 1/(gamma h)."""
    cdef int n = film.grid.n, N = S + 1, k, i, j
    cdef Edge before, after
    cdef vd A, A_before
    cdef vd nothing[MAX_IONS]
    cdef vd *M
    cdef vd *out
    cdef vd *slope
    cdef vd *back
    cdef vd *right
    cdef bint inner, held
    for i in range(S):
        nothing[i] = before.out[i] = before.back[i] = before.slope[i] = before.flow[i] = v_set(0.0)
    before.A = v_set(0.0)
    after = before
    for k in range(n + 1):
        M = film.M + k * N * N
        inner = 0 < k < n
        held = not inner and not film.closed
        if k < n:
            edge_of(&film.grid, &film.p, k, y + k * N, y + (k + 1) * N, &after, S)
            film.cell[k * (1 + 2 * S)] = after.A
            for i in range(S):
                film.cell[k * (1 + 2 * S) + 1 + i] = after.out[i]
                film.cell[k * (1 + 2 * S) + 1 + S + i] = after.slope[i]
        else:
            after.A = v_set(0.0)
            for i in range(S):
                after.out[i] = after.back[i] = after.slope[i] = v_set(0.0)
        for i in range(S):
            for j in range(S):
                M[i * N + j] = v_set(0.0)
            M[i * N + i] = v_set(-1.0) if held else v_fnma(at_node(&film.grid, film.v[i], k), inverse, -(before.back[i] + after.out[i]))
            M[i * N + S] = v_set(0.0) if held else before.slope[i] + after.slope[i]
            M[S * N + i] = at_node(&film.grid, film.p.Q[i], k) if inner else v_set(0.0)
        M[S * N + S] = -(before.A + after.A) if inner else v_set(-1.0)
        A_before, A = before.A if inner else v_set(0.0), after.A if inner else v_set(0.0)
        if held:
            out = slope = back = right = nothing
        else:
            out, slope, back, right = before.out, before.slope, after.back, after.slope
        factor_block(M, film.G + k * N * N, film.G + (k - 1) * N * N if k else NULL, A_before, out, slope, A, back, right, S)
        if k == 0:
            for i in range(S):
                film.slopes[0][i], film.slopes[1][i] = after.back[i], after.slope[i]
        if k == n:
            for i in range(S):
                film.slopes[2][i], film.slopes[3][i] = before.out[i], before.slope[i]
        before = after


cdef inline void solve(Film *film, vd *x, const int S) noexcept nogil:
    """What the last `matrix` makes of x, (n + 1, S + 1), in place."""
    cdef int n = film.grid.n, N = S + 1, k, i
    cdef vd nothing[MAX_IONS]
    cdef const vd *cell
    for i in range(S):
        nothing[i] = v_set(0.0)
    for k in range(n + 1):
        cell = film.cell + (k - 1) * (1 + 2 * S) if k else film.cell
        if k == n and not film.closed:
            forward_block(film.M + k * N * N, x + k * N, x + (k - 1) * N, v_set(0.0), nothing, nothing, S)
        else:
            forward_block(film.M + k * N * N, x + k * N, x + (k - 1) * N if k else NULL, cell[0] if k < n else v_set(0.0), cell + 1,
                          cell + 1 + S, S)
    for k in range(n - 1, -1, -1):
        back_block(film.G + k * N * N, x + k * N, x + (k + 1) * N, S)


cdef inline void consistent(Film *film, vd *y, vd V, vd *work, vm on, const int S) noexcept nogil:
    """u from the concentrations and V on the left, where on: elimination from the left, u at k = a_k + g_k u_{k+1}.

    y : (n + 1, S + 1), its last column is what changes. work : 2 (n + 1) numbers
    """
    cdef int n = film.grid.n, N = S + 1, k, i
    cdef vd A_before, A, x, pivot
    cdef vd *a = work
    cdef vd *g = work + (n + 1)
    a[0], g[0] = V, v_set(0.0)
    A_before = film.p.A[film.grid.layer[0]] * v_set(1.0 / film.grid.width[0])
    for k in range(1, n):
        A = film.p.A[film.grid.layer[k]] * v_set(1.0 / film.grid.width[k])
        x = fixed_charge(&film.grid, &film.p, k)
        for i in range(S):
            x = v_fma(at_node(&film.grid, film.p.Q[i], k), y[k * N + i], x)
        pivot = v_set(1.0) / (v_fnma(A_before, g[k - 1], A_before + A))
        a[k] = v_fma(A_before, a[k - 1], x) * pivot
        g[k] = A * pivot
        A_before = A
    y[n * N + S] = v_select(on, v_set(0.0), y[n * N + S])
    for k in range(n - 1, -1, -1):
        x = v_fma(g[k], y[(k + 1) * N + S], a[k])
        y[k * N + S] = v_select(on, x, y[k * N + S])
