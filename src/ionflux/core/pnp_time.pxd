# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Poisson-Nernst-Planck in time: the finite volumes of pnp.pxd with Rodas5P. One problem a lane, each with its own time and step.

    ion i at node k         v_i db_i/dt = J_{k-1/2} - J_{k+1/2}
    charge at node k        0 = A_{k-1/2} (u_{k-1} - u_k) + A_{k+1/2} (u_{k+1} - u_k) + sum z Q_i b_i + X
    ends                    u = V(t) and 0; b held, or (closed) J = 0 outside

with v the volume times kappa. This is a differential-algebraic system of index one, of which Poisson's equation is linear and the
sums over nodes of v b change by the fluxes at the ends alone: a Rosenbrock method with the exact Jacobian keeps both to rounding,
every stage being a linear system whose fluxes leave one volume and enter the next. The same weights that make a step from the
stages add up what has passed the ends.

(v/(gamma h) - F') K = F(...) + ... is solved by blocks as in pnp.pxd, with what was eliminated kept for the eight stages.
"""
from ionflux.core.lanes cimport (
    VL, v_abs, v_any, v_finite, v_fma, v_fnma, v_ge, v_get, v_le, v_lt, v_max, v_min, v_put, v_select, v_set, v_seti, vd, vm,
)
from ionflux.core.pnp cimport MAX_IONS, MAX_LAYERS, Edge, Grid, Lanes, edge_of
from ionflux.core.vmath cimport v_bernoulli, v_exp, v_log

cdef extern from "rodas5p.h" nogil:
    const double GAMMA "RODAS_GAMMA"
    const double GUARD "RODAS_GUARD"
    const double RODAS_A[6][5]
    const double RODAS_C[8][7]
    const double RODAS_ALPHA[8]
    const double RODAS_D[8]

cdef enum:
    STAGES = 8

cdef enum Ending:
    GOING = 0
    DONE = 1
    STUCK = 2               # steps became too short, or too many
    UNDEFINED = 3           # not a number at the start

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

cdef struct March:
    Grid grid
    Lanes p
    vd v[MAX_IONS][MAX_LAYERS]  # kappa times the thickness
    bint closed
    double rtol
    # per node, (n + 1, S + 1)
    vd *y
    vd *origin                  # where the run began: errors are measured against what has changed since
    vd *u                       # of a stage, and the new state
    vd *K                       # (STAGES, n + 1, S + 1)
    vd *M                       # (n + 1, S + 1, S + 1)
    vd *G
    vd *cell                    # (n, 1 + 2 S): A, out, slope
    # per lane
    vd t, h, tried, t_new, t_end, t_start, first_step
    vd V, rate                  # of the potential on the left at t_start, and its slope
    vd moved[MAX_IONS + 1]      # largest change so far
    vd least[MAX_IONS + 1]      # error that is always allowed: rounding
    vd passed[2 * MAX_IONS]     # through the first cell, the last one
    vd passing[2 * MAX_IONS]
    vd flow[2 * MAX_IONS]
    vd slopes[4][MAX_IONS]      # back and slope of the first cell, out and slope of the last one
    vm on, ok, last
    double weight[STAGES]       # of the stages' own rates in a step


cdef inline void prepare_weights(March *m) noexcept nogil:
    """y_1 = y + sum m_j U_j = y + h sum w_i (U_i/(gamma h) - sum_j C_ij U_j/h): the w of fluxes from the m of states."""
    cdef int i, j
    cdef double w
    for j in range(STAGES - 1, -1, -1):
        w = RODAS_A[5][j] if j < 5 else 1.0
        for i in range(j + 1, STAGES):
            w += m.weight[i] * RODAS_C[i][j]
        m.weight[j] = GAMMA * w


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


cdef inline void rates(March *m, const vd *y, vd *f, vd V, const int S) noexcept nogil:
    """F at a state with V on the left; the fluxes at both ends go to m.flow."""
    cdef int n = m.grid.n, N = S + 1, k, i
    cdef vd before[MAX_IONS]
    cdef vd after[MAX_IONS]
    cdef vd A_before, A, x
    A_before = flows(&m.grid, &m.p, 0, y, y + N, before, S)
    for i in range(S):
        m.flow[i] = before[i]
        f[i] = -before[i] if m.closed else v_set(0.0)
    f[S] = V - y[S]
    for k in range(1, n):
        A = flows(&m.grid, &m.p, k, y + k * N, y + (k + 1) * N, after, S)
        x = fixed_charge(&m.grid, &m.p, k)
        x = x + A_before * (y[(k - 1) * N + S] - y[k * N + S]) + A * (y[(k + 1) * N + S] - y[k * N + S])
        for i in range(S):
            x = v_fma(at_node(&m.grid, m.p.Q[i], k), y[k * N + i], x)
            f[k * N + i] = before[i] - after[i]
            before[i] = after[i]
        f[k * N + S] = x
        A_before = A
    for i in range(S):
        m.flow[S + i] = before[i]
        f[n * N + i] = before[i] if m.closed else v_set(0.0)
    f[n * N + S] = -y[n * N + S]


cdef inline void matrix(March *m, const int S) noexcept nogil:
    """The Jacobian minus v/(gamma h), by triangles of blocks."""
    cdef int n = m.grid.n, N = S + 1, k, i, j
    cdef Edge before, after
    cdef vd inverse = v_set(1.0 / GAMMA) / m.tried, A, A_before
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
        M = m.M + k * N * N
        inner = 0 < k < n
        held = not inner and not m.closed
        if k < n:
            edge_of(&m.grid, &m.p, k, m.y + k * N, m.y + (k + 1) * N, &after, S)
            m.cell[k * (1 + 2 * S)] = after.A
            for i in range(S):
                m.cell[k * (1 + 2 * S) + 1 + i] = after.out[i]
                m.cell[k * (1 + 2 * S) + 1 + S + i] = after.slope[i]
        else:
            after.A = v_set(0.0)
            for i in range(S):
                after.out[i] = after.back[i] = after.slope[i] = v_set(0.0)
        for i in range(S):
            for j in range(S):
                M[i * N + j] = v_set(0.0)
            M[i * N + i] = v_set(-1.0) if held else v_fnma(at_node(&m.grid, m.v[i], k), inverse, -(before.back[i] + after.out[i]))
            M[i * N + S] = v_set(0.0) if held else before.slope[i] + after.slope[i]
            M[S * N + i] = at_node(&m.grid, m.p.Q[i], k) if inner else v_set(0.0)
        M[S * N + S] = -(before.A + after.A) if inner else v_set(-1.0)
        A_before, A = before.A if inner else v_set(0.0), after.A if inner else v_set(0.0)
        if held:
            out = slope = back = right = nothing
        else:
            out, slope, back, right = before.out, before.slope, after.back, after.slope
        factor_block(M, m.G + k * N * N, m.G + (k - 1) * N * N if k else NULL, A_before, out, slope, A, back, right, S)
        if k == 0:
            for i in range(S):
                m.slopes[0][i], m.slopes[1][i] = after.back[i], after.slope[i]
        if k == n:
            for i in range(S):
                m.slopes[2][i], m.slopes[3][i] = before.out[i], before.slope[i]
        before = after


cdef inline void solve(March *m, vd *x, const int S) noexcept nogil:
    cdef int n = m.grid.n, N = S + 1, k, i
    cdef vd nothing[MAX_IONS]
    cdef const vd *cell
    for i in range(S):
        nothing[i] = v_set(0.0)
    for k in range(n + 1):
        cell = m.cell + (k - 1) * (1 + 2 * S) if k else m.cell
        if k == n and not m.closed:
            forward_block(m.M + k * N * N, x + k * N, x + (k - 1) * N, v_set(0.0), nothing, nothing, S)
        else:
            forward_block(m.M + k * N * N, x + k * N, x + (k - 1) * N if k else NULL, cell[0] if k < n else v_set(0.0), cell + 1,
                          cell + 1 + S, S)
    for k in range(n - 1, -1, -1):
        back_block(m.G + k * N * N, x + k * N, x + (k + 1) * N, S)


cdef inline void stage(March *m, int s, const int S) noexcept nogil:
    """K_s, with its state in m.u; what it says to have passed the ends goes to m.passing."""
    cdef int n = m.grid.n, N = S + 1, size = (n + 1) * N, k, i, j, q
    cdef vd *K = m.K + s * size
    cdef vd g, kj, x, inverse = v_set(1.0) / m.tried
    cdef vd volume[MAX_IONS]
    cdef vd V = v_fma(m.rate, (m.t - m.t_start) + v_set(RODAS_ALPHA[s]) * m.tried, m.V)
    for q in range(size):
        if s < 6:
            x = m.y[q]
            for j in range(s):
                x = v_fma(v_set(RODAS_A[s][j]), m.K[j * size + q], x)
        else:
            x = m.u[q] + m.K[(s - 1) * size + q]
        m.u[q] = x
    rates(m, m.u, K, V, S)
    K[S] = v_fma(v_set(RODAS_D[s]) * m.tried, m.rate, K[S])
    for k in range(n + 1):
        for i in range(N):
            q = k * N + i
            x = K[q]
            if i < S:
                volume[i] = at_node(&m.grid, m.v[i], k) * inverse
                g = v_set(0.0)
                for j in range(s):
                    kj = m.K[j * size + q]
                    g = v_fma(v_set(RODAS_C[s][j]), kj, g)
                x = v_fma(volume[i], g, x)
            K[q] = -x
        if (k == 0 or k == n) and not m.closed:
            for i in range(S):
                K[k * N + i] = v_set(0.0)
    solve(m, K, S)
    if m.closed:
        return
    g = v_set(m.weight[s]) * m.tried
    for i in range(S):
        x = v_fma(m.slopes[1][i], K[N + S] - K[S], v_fnma(m.slopes[0][i], K[N + i], m.flow[i]))
        m.passing[i] = v_fma(g, x, m.passing[i])
        x = m.flow[S + i] + m.slopes[2][i] * K[(n - 1) * N + i] + m.slopes[3][i] * (K[n * N + S] - K[(n - 1) * N + S])
        m.passing[S + i] = v_fma(g, x, m.passing[S + i])


cdef inline void judge(March *m, const int S) noexcept nogil:
    """The new state in m.u, whether to accept it, and the next step.

    Of each unknown the largest error counts, against rtol times the largest change since the run began.
    """
    cdef int n = m.grid.n, N = S + 1, size = (n + 1) * N, k, i, q
    cdef const vd *K7 = m.K + 6 * size
    cdef const vd *K8 = m.K + 7 * size
    cdef vd worst = v_set(0.0), error, moved, lowest, x, f, allowed
    cdef vd now[MAX_IONS + 1]
    cdef vm bad = v_seti(0), good
    for i in range(N):
        error = moved = lowest = v_set(0.0)
        for k in range(n + 1):
            q = k * N + i
            x = m.u[q] + K8[q]
            m.u[q] = x
            error = v_max(error, v_max(v_abs(K8[q]), v_set(GUARD) * v_abs(K7[q])))
            moved = v_max(moved, v_abs(x - m.origin[q]))
            lowest = v_min(lowest, x)
            bad = bad | ~v_finite(x)
        now[i] = v_max(moved, m.moved[i])
        allowed = v_max(v_set(m.rtol) * now[i], m.least[i])
        worst = v_max(worst, error / allowed)
        if i < S:
            bad = bad | v_lt(lowest, v_set(-10.0) * allowed)
    good = v_le(worst, v_set(1.0)) & ~bad & m.on
    f = v_set(0.9) * v_exp(v_set(-0.2) * v_log(v_min(v_max(worst, v_set(1e-6)), v_set(1e6))))
    f = v_min(v_max(f, v_set(0.2)), v_set(6.0))
    f = v_select(good, f, v_min(f, v_set(0.8)))
    f = v_select(bad, v_set(0.2), f)
    x = m.tried * f
    m.h = v_select(m.on, v_select(good & m.last, v_max(m.h, x), x), m.h)
    m.ok = good
    for i in range(N):
        m.moved[i] = v_select(good, now[i], m.moved[i])
    for q in range(size):
        m.y[q] = v_select(good, m.u[q], m.y[q])
    for i in range(2 * S):
        m.passed[i] = v_select(good, m.passed[i] + m.passing[i], m.passed[i])
    m.t = v_select(good, m.t_new, m.t)


cdef inline void consistent(March *m, vm on, const int S) noexcept nogil:
    """u from the concentrations and V at the beginning of a segment, where on: elimination from the left, u at k = a_k + g_k u_{k+1}."""
    cdef int n = m.grid.n, N = S + 1, k, i
    cdef vd A_before, A, x, pivot
    cdef vd *a = m.K
    cdef vd *g = m.K + (n + 1)
    a[0], g[0] = m.V, v_set(0.0)
    A_before = m.p.A[m.grid.layer[0]] * v_set(1.0 / m.grid.width[0])
    for k in range(1, n):
        A = m.p.A[m.grid.layer[k]] * v_set(1.0 / m.grid.width[k])
        x = fixed_charge(&m.grid, &m.p, k)
        for i in range(S):
            x = v_fma(at_node(&m.grid, m.p.Q[i], k), m.y[k * N + i], x)
        pivot = v_set(1.0) / (v_fnma(A_before, g[k - 1], A_before + A))
        a[k] = v_fma(A_before, a[k - 1], x) * pivot
        g[k] = A * pivot
        A_before = A
    m.y[n * N + S] = v_select(on, v_set(0.0), m.y[n * N + S])
    for k in range(n - 1, -1, -1):
        x = v_fma(g[k], m.y[(k + 1) * N + S], a[k])
        m.y[k * N + S] = v_select(on, x, m.y[k * N + S])


cdef inline void step(March *m, const int S) noexcept nogil:
    """Try one step in every lane."""
    cdef vd rest = m.t_end - m.t
    cdef int i
    cdef int s
    m.last = v_ge(m.h * v_set(1.0000001), rest)
    m.tried = v_select(v_lt(m.h * v_set(2.0), rest), m.h, v_min(m.h, v_set(0.5) * rest))
    m.tried = v_select(m.last, rest, m.tried)
    m.tried = v_select(m.on, m.tried, v_set(1.0))
    m.t_new = v_select(m.last, m.t_end, m.t + m.tried)
    for i in range(2 * S):
        m.passing[i] = v_set(0.0)
    matrix(m, S)
    for s in range(STAGES):
        stage(m, s, S)
    judge(m, S)


cdef inline void begin(March *m, const int S) noexcept nogil:
    """What counts as rounding, from the state at the start."""
    cdef int N = S + 1, k, i
    cdef vd x
    for i in range(N):
        x = v_set(0.0) if i < S else v_set(1.0)
        for k in range(m.grid.n + 1):
            x = v_max(x, v_abs(m.y[k * N + i]))
        m.least[i] = v_max(v_set(1e-12) * x, v_set(1e-200))
        m.moved[i] = v_set(0.0)
    for i in range(2 * S):
        m.passed[i] = v_set(0.0)
