# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""What else the factorised Poisson-Nernst-Planck equations give: slopes of the fluxes, and solutions where not V but a line is given.

Slopes: F(y, p) = 0 moves with dy/dp = -M^-1 dF/dp. The equations are linear in the coefficients A, W, Q, X, S, so that dF/dp is F with
their changes in their place, and the fluxes move with u and with W.

A line: a u_left + b sum z J = target, with u at the left end one more unknown. A step at fixed V and the tangent along V come from the same
factorisation (bordering); the line says how much of the tangent is to be added. b = 0: V is given; a = 0: the current is, for a curve
followed past its folds (pseudo-arclength, Keller 1977) both count.
"""
from ionflux.core.lanes cimport v_abs, v_any, v_eq, v_fma, v_fnma, v_le, v_max, v_min, v_select, v_set, vd, vm
from ionflux.core.pnp cimport MAX_IONS, Edge, Grid, Lanes, add_step, edge_of, fluxes, sweep, weight

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


cdef inline void slopes(const Grid *grid, const Lanes *p, const Lanes *change, const vd *y, vd *step, vd *tangent, vd *load, vd *store,
                        vd *J, vd *dJ, const int S) noexcept nogil:
    """Fluxes and how they move with the coefficients and with the ends, whose changes are in tangent."""
    load_of(grid, p, change, y, tangent, load, S)
    sweep(grid, p, y, step, tangent, store, 1, load, S)
    fluxes(grid, p, change, y, tangent, J, dJ, S)


cdef inline vd newton_on(const Line *line, const Grid *grid, const Lanes *p, vd *y, vd *step, vd *tangent, vd *store, vm *failed, int most,
                         double close, const int S) noexcept nogil:
    """Newton's method for the profile and V together; returns how many steps each lane took. y: where to start, V among it."""
    cdef vd worst, taken = v_set(0.0), rest, slope, more
    cdef vd J[MAX_IONS]
    cdef vd along[MAX_IONS]
    cdef vd dJ[MAX_IONS]
    cdef vm on = v_eq(taken, taken)
    cdef int N = S + 1, _turn, k, i
    failed[0] = on
    for _turn in range(most):
        if not v_any(on):
            break
        sweep(grid, p, y, step, tangent, store, 1, NULL, S)
        fluxes(grid, p, NULL, y, step, J, along, S)
        fluxes(grid, p, NULL, y, tangent, J, dJ, S)
        rest, slope = v_fnma(line.volt, y[S], line.target), line.volt
        for i in range(S):
            rest = v_fnma(line.current * v_set(grid.z[i]), J[i] + along[i], rest)
            slope = v_fma(line.current * v_set(grid.z[i]), dJ[i], slope)
        more = rest / slope
        worst = v_abs(more)
        more = v_max(v_set(-2.0), v_min(v_set(2.0), more))
        for k in range(1, grid.n):
            for i in range(N):
                step[k * N + i] = v_fma(more, tangent[k * N + i], step[k * N + i])
        y[S] = v_select(on, y[S] + more, y[S])
        rest = add_step(grid, y, step, on, S)
        worst = v_select(v_le(worst, rest), rest, worst)        # NaN stays
        taken = v_select(on, taken + v_set(1.0), taken)
        failed[0] = failed[0] & ~(on & v_le(worst, v_set(close)))
        on = on & ~v_le(worst, v_set(close)) & v_le(worst, v_set(1e8))
    # the tangent of each lane where it stopped, not where the last of them did
    sweep(grid, p, y, step, tangent, store, 1, NULL, S)
    return taken
