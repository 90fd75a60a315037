# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Poisson-Nernst-Planck in time: the system of pnp_rates.pxd with Rodas5P. One run a lane, each with its own time and step.

A Rosenbrock method with the exact Jacobian keeps charge and amounts to rounding: every stage is a linear system whose fluxes leave one
volume and enter the next. The same weights that make a step from the stages add up what has passed the ends.
"""
from ionflux.core.lanes cimport (
    v_abs, v_finite, v_fma, v_fnma, v_ge, v_le, v_lt, v_max, v_min, v_select, v_set, v_seti, vd, vm,
)
from ionflux.core.pnp cimport MAX_IONS
from ionflux.core.pnp_rates cimport Film, at_node, matrix, rates, solve
from ionflux.core.vmath cimport v_exp, v_log

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

cdef struct March:
    Film film
    double rtol
    # per node, (n + 1, S + 1)
    vd *y
    vd *origin                  # where the run began: errors are measured against what has changed since
    vd *u                       # of a stage, and the new state
    vd *K                       # (STAGES, n + 1, S + 1)
    # per lane
    vd t, h, tried, t_new, t_end, t_start, first_step
    vd V, rate                  # of the potential on the left at t_start, and its slope
    vd moved[MAX_IONS + 1]      # largest change so far
    vd least[MAX_IONS + 1]      # error that is always allowed: rounding
    vd passed[2 * MAX_IONS]     # through the first cell, the last one
    vd passing[2 * MAX_IONS]
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


cdef inline void stage(March *m, int s, const int S) noexcept nogil:
    """K_s, with its state in m.u; what it says to have passed the ends goes to m.passing."""
    cdef int n = m.film.grid.n, N = S + 1, size = (n + 1) * N, k, i, j, q
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
    rates(&m.film, m.u, K, V, S)
    K[S] = v_fma(v_set(RODAS_D[s]) * m.tried, m.rate, K[S])
    for k in range(n + 1):
        for i in range(N):
            q = k * N + i
            x = K[q]
            if i < S:
                volume[i] = at_node(&m.film.grid, m.film.v[i], k) * inverse
                g = v_set(0.0)
                for j in range(s):
                    kj = m.K[j * size + q]
                    g = v_fma(v_set(RODAS_C[s][j]), kj, g)
                x = v_fma(volume[i], g, x)
            K[q] = -x
        if (k == 0 or k == n) and not m.film.closed:
            for i in range(S):
                K[k * N + i] = v_set(0.0)
    solve(&m.film, K, S)
    if m.film.closed:
        return
    g = v_set(m.weight[s]) * m.tried
    for i in range(S):
        x = v_fma(m.film.slopes[1][i], K[N + S] - K[S], v_fnma(m.film.slopes[0][i], K[N + i], m.film.flow[i]))
        m.passing[i] = v_fma(g, x, m.passing[i])
        x = m.film.flow[S + i] + m.film.slopes[2][i] * K[(n - 1) * N + i] + m.film.slopes[3][i] * (K[n * N + S] - K[(n - 1) * N + S])
        m.passing[S + i] = v_fma(g, x, m.passing[S + i])


cdef inline void judge(March *m, const int S) noexcept nogil:
    """The new state in m.u, whether to accept it, and the next step.

    Of each unknown the largest error counts, against rtol times the largest change since the run began.
    """
    cdef int n = m.film.grid.n, N = S + 1, size = (n + 1) * N, k, i, q
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
    matrix(&m.film, m.y, v_set(1.0 / GAMMA) / m.tried, S)
    for s in range(STAGES):
        stage(m, s, S)
    judge(m, S)


cdef inline void begin(March *m, const int S) noexcept nogil:
    """What counts as rounding, from the state at the start."""
    cdef int N = S + 1, k, i
    cdef vd x
    for i in range(N):
        x = v_set(0.0) if i < S else v_set(1.0)
        for k in range(m.film.grid.n + 1):
            x = v_max(x, v_abs(m.y[k * N + i]))
        m.least[i] = v_max(v_set(1e-12) * x, v_set(1e-200))
        m.moved[i] = v_set(0.0)
    for i in range(2 * S):
        m.passed[i] = v_set(0.0)
