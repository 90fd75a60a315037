# Part of _films.pyx: profiles whose potential follows from the ions.

cdef struct Work:
    vd *state
    vd *step
    vd *tangent
    vd *store
    vd *load


cdef int work_for(Work *w, int n, int N) except -1:
    """Memory for one vector of problems; `state` is what is to be freed."""
    w.state = <vd *> v_alloc(sizeof(vd) * (n + 1) * N * (6 + N))
    if w.state == NULL:
        raise MemoryError
    w.step = w.state + (n + 1) * N
    w.tangent = w.step + (n + 1) * N
    w.load = w.tangent + (n + 1) * N
    w.store = w.load + (n + 1) * N
    return 0


cdef int grid_of(Grid *grid, const double[::1] z, const int[::1] layer, const double[::1] width, const double[:, ::1] mobility,
                 const double[:, ::1] rise, int layers) except -1:
    cdef int i, k, S = <int> z.shape[0], n = <int> width.shape[0]
    if not 1 <= S <= MAX_IONS or not 1 <= layers <= MAX_LAYERS or n < 2 or layer.shape[0] != n or mobility.shape[0] != S \
            or mobility.shape[1] != n or (rise.shape[0] != 0 and rise.shape[0] != S) or rise.shape[1] != n:
        raise ValueError("arrays of films do not fit each other")
    for k in range(n):
        if not 0 <= layer[k] < layers or (k and layer[k] < layer[k - 1]):
            raise ValueError("arrays of films do not fit each other")
    grid.n, grid.layers, grid.ions = n, layers, S
    grid.layer, grid.width, grid.mobility = &layer[0], &width[0], &mobility[0, 0]
    grid.rise = &rise[0, 0] if rise.shape[0] else NULL
    for i in range(S):
        grid.z[i] = z[i]
    return 0


cdef inline void lanes_of(Lanes *lanes, const double[:, :, ::1] given, int S, Py_ssize_t row, int count) noexcept nogil:
    cdef Py_ssize_t per_row = 1 if given.shape[2] > 1 else 0
    cdef int i, j
    for j in range(<int> given.shape[0]):
        lanes.A[j] = of_rows(&given[j, 0, 0], row, count, per_row)
        lanes.X[j] = of_rows(&given[j, 1, 0], row, count, per_row)
        lanes.S[j] = of_rows(&given[j, 2, 0], row, count, per_row)
        for i in range(S):
            lanes.W[i][j] = of_rows(&given[j, 4 + i, 0], row, count, per_row)
            lanes.Q[i][j] = of_rows(&given[j, 4 + S + i, 0], row, count, per_row)


cdef inline void ends_of(vd *state, const double[:, :, ::1] ends, int n, Py_ssize_t row, int count) noexcept nogil:
    cdef int i, N = <int> ends.shape[1]
    for i in range(N):
        state[i] = of_rows(&ends[0, i, 0], row, count, 1)
        state[n * N + i] = of_rows(&ends[1, i, 0], row, count, 1)


cdef inline void profile_of(vd *state, const double[:, :, ::1] y, int first, int last, Py_ssize_t row, int count) noexcept nogil:
    """Nodes first ... last - 1 of each row's profile into lanes."""
    cdef int k, i, lane, N = <int> y.shape[1]
    for k in range(first, last):
        for i in range(N):
            for lane in range(VL):
                v_put(state + k * N + i, lane, y[row + (lane if lane < count else count - 1), i, k])


cdef inline void cold(vd *state, const Grid *grid, const double[:, :, ::1] given, const double[:, ::1] start, Py_ssize_t row,
                      int count) noexcept nogil:
    """Where to start: the drop of potential shared among the layers, in each of them its own potential on top."""
    cdef Py_ssize_t per_row = 1 if given.shape[2] > 1 else 0, start_row = 1 if start.shape[1] > 1 else 0
    cdef int i, k, n = grid.n, S = grid.ions, N = S + 1
    cdef const int *layer = grid.layer
    cdef vd shift, share, t = v_set(0.0)
    for k in range(1, n):
        share = of_rows(&given[layer[k - 1], 3, 0], row, count, per_row)
        t = t + share * v_set(grid.width[k - 1])
        shift = of_rows(&start[layer[k], 0], row, count, start_row)
        if layer[k - 1] != layer[k]:
            shift = v_set(0.5) * (shift + of_rows(&start[layer[k - 1], 0], row, count, start_row))
        state[k * N + S] = state[S] + (state[n * N + S] - state[S]) * t + shift
        for i in range(S):
            state[k * N + i] = (state[i] + (state[n * N + i] - state[i]) * t) * v_exp(-v_set(grid.z[i]) * shift)


cdef vd solved(Work *w, const Line *line, const Grid *grid, const Lanes *p, vd *J, vd *dJ, vm *failed, int most,
               double close) noexcept nogil:
    """Newton's method, and the fluxes. line: NULL where V is given."""
    cdef vd taken
    cdef int k
    for k in range((grid.n + 1) * (grid.ions + 1)):
        w.tangent[k] = v_set(0.0)       # of those that do not get so far
    if line != NULL:
        taken = newton_on(line, grid, p, w.state, w.step, w.tangent, w.load, w.store, failed, most, close)
    else:
        taken = newton(grid, p, w.state, w.step, w.tangent, w.load, w.store, failed, most, close)
    flows(grid, p, NULL, w.state, w.tangent, J, dJ)
    return taken


def pnp(const double[::1] z, const int[::1] layer, const double[::1] width, const double[:, ::1] mobility, const double[:, ::1] rise,
        const double[:, :, ::1] given, const double[:, :, ::1] ends, const double[:, ::1] start, const double[:, ::1] line,
        double[:, :, ::1] y, double[:, :, ::1] out, double[:, ::1] slopes, int[::1] turns, bint warm, int most, double close,
        Py_ssize_t first, Py_ssize_t last) -> None:
    """Newton's method for every row, then fluxes and their derivatives with V.

    z: (ions,). layer, width: (cells,), mobility: (ions, cells), rise: (ions, cells) or (0, cells); see pnp.Grid
    given: (layers, 3 + 2 ions + 1, rows or 1): A, X, S, share of V, then W and Q of each ion; see pnp.Lanes
    ends: (2, ions + 1, rows): b and u at the left, at the right. start: (layers, rows or 1) potential of each layer, RT/F
    line: (0, rows), or (3, rows): u at the left is unknown, and this given; see pnp_lines.Line
    y: (rows, ions + 1, cells + 1) b and u; where to start (warm) and the solution
    out: (rows, 2, ions) fluxes and derivatives with u at the left; slopes: (rows, cells + 1) du/du_left
    turns: (rows,) steps taken, negative where there was no convergence
    """
    cdef Grid grid
    cdef Py_ssize_t row, rows = y.shape[0]
    cdef int i, k, j, S = <int> z.shape[0], N = S + 1, n = <int> width.shape[0], layers = <int> given.shape[0], count, lane
    grid_of(&grid, z, layer, width, mobility, rise, layers)
    if given.shape[1] != 4 + 2 * S or ends.shape[0] != 2 or ends.shape[1] != N or ends.shape[2] != rows or start.shape[0] != layers \
            or y.shape[1] != N or y.shape[2] != n + 1 or out.shape[0] != rows or out.shape[1] != 2 or out.shape[2] != S \
            or slopes.shape[0] != rows or slopes.shape[1] != n + 1 or turns.shape[0] != rows or not 0 <= first <= last <= rows \
            or not {given.shape[2], start.shape[1]} <= {1, rows} or line.shape[0] not in (0, 3) or line.shape[1] != rows:
        raise ValueError("arrays of films do not fit each other")
    cdef Work w
    work_for(&w, n, N)
    cdef vd *state = w.state
    cdef Lanes lanes
    cdef Line on
    cdef vd J[MAX_IONS]
    cdef vd dJ[MAX_IONS]
    cdef vd taken
    cdef vm failed
    cdef bint bound = line.shape[0] != 0
    with nogil:
        for row from first <= row < last by VL:
            count = VL if last - row >= VL else <int> (last - row)
            lanes_of(&lanes, given, S, row, count)
            ends_of(state, ends, n, row, count)
            on.volt = on.current = on.target = v_set(0.0)
            if bound:
                on.volt = of_rows(&line[0, 0], row, count, 1)
                on.current = of_rows(&line[1, 0], row, count, 1)
                on.target = of_rows(&line[2, 0], row, count, 1)
            if warm:
                profile_of(state, y, 1, n, row, count)
            else:
                cold(state, &grid, given, start, row, count)
            taken = solved(&w, &on if bound else NULL, &grid, &lanes, J, dJ, &failed, most, close)
            for lane in range(count):
                keep(J, dJ, &taken, &failed, lane, S, &out[row + lane, 0, 0], &turns[row + lane])
                for k in range(n + 1):
                    slopes[row + lane, k] = v_get(w.tangent + k * N + S, lane)
                    for i in range(N):
                        y[row + lane, i, k] = v_get(state + k * N + i, lane)
    v_free(state)


def pnp_slopes(const double[::1] z, const int[::1] layer, const double[::1] width, const double[:, ::1] mobility,
               const double[:, ::1] rise, const double[:, :, ::1] given, const double[:, :, ::1] ends, const double[:, :, ::1] given_change,
               const double[:, :, ::1] ends_change, const double[:, :, ::1] y, double[:, ::1] out, Py_ssize_t first,
               Py_ssize_t last) -> None:
    """How fluxes move with the coefficients and the ends, by one solution of the linearised equations for every row.

    As for `pnp`; given_change, ends_change: changes of given and ends. y: solutions, (rows, ions + 1, cells + 1). out: (rows, ions)
    """
    cdef Grid grid
    cdef Py_ssize_t row, rows = y.shape[0]
    cdef int i, S = <int> z.shape[0], N = S + 1, n = <int> width.shape[0], layers = <int> given.shape[0], count, lane
    grid_of(&grid, z, layer, width, mobility, rise, layers)
    if given.shape[1] != 4 + 2 * S or given_change.shape[1] != 4 + 2 * S or given_change.shape[0] != layers or ends.shape[0] != 2 \
            or ends.shape[1] != N or ends.shape[2] != rows or ends_change.shape[0] != 2 or ends_change.shape[1] != N \
            or ends_change.shape[2] != rows or y.shape[1] != N or y.shape[2] != n + 1 or out.shape[0] != rows or out.shape[1] != S \
            or not {given.shape[2], given_change.shape[2]} <= {1, rows} or not 0 <= first <= last <= rows:
        raise ValueError("arrays of films do not fit each other")
    cdef Work w
    work_for(&w, n, N)
    cdef Lanes lanes, change
    cdef vd J[MAX_IONS]
    cdef vd dJ[MAX_IONS]
    with nogil:
        for row from first <= row < last by VL:
            count = VL if last - row >= VL else <int> (last - row)
            lanes_of(&lanes, given, S, row, count)
            lanes_of(&change, given_change, S, row, count)
            profile_of(w.state, y, 0, n + 1, row, count)
            ends_of(w.state, ends, n, row, count)
            for i in range((n + 1) * N):
                w.tangent[i] = v_set(0.0)
            ends_of(w.tangent, ends_change, n, row, count)
            slopes_of(&grid, &lanes, &change, w.state, w.step, w.tangent, w.load, w.store, J, dJ)
            for lane in range(count):
                for i in range(S):
                    out[row + lane, i] = v_get(dJ + i, lane)
    v_free(w.state)


def pnp_curves(const double[::1] z, const int[::1] layer, const double[::1] width, const double[:, ::1] mobility,
               const double[:, ::1] rise, const double[:, :, ::1] given, const double[:, :, ::1] ends, const double[:, ::1] start,
               const double[::1] VT, const double[::1] V, const int[::1] pivots, const int[::1] others,
               const double[:, :, ::1] weights, double[:, :, :, ::1] out, int[:, ::1] turns, int most, double close, Py_ssize_t first,
               Py_ssize_t last) -> None:
    """Whole curves I(V), the voltages of one in lanes: some of them first, the others from where those and their tangents lead.

    As for `pnp`, but rows are curves. VT: (curves,) RT/F. V: (m,). pivots, others: which voltages come first, and the rest
    weights: (2, others, pivots) of the profiles of the first and of their derivatives with V, for each of the others
    out: (curves, m, 2, ions), turns: (curves, m)
    """
    cdef Grid grid
    cdef Py_ssize_t curve, curves = out.shape[0], m = V.shape[0], p = pivots.shape[0], q = others.shape[0], at, j, block
    cdef int i, k, S = <int> z.shape[0], N = S + 1, n = <int> width.shape[0], layers = <int> given.shape[0], lane
    grid_of(&grid, z, layer, width, mobility, rise, layers)
    if given.shape[1] != 4 + 2 * S or ends.shape[0] != 2 or ends.shape[1] != N or ends.shape[2] != curves or start.shape[0] != layers \
            or VT.shape[0] != curves or p < 1 or p + q != m or weights.shape[0] != 2 or weights.shape[1] != q \
            or weights.shape[2] != p or out.shape[1] != m or out.shape[2] != 2 or out.shape[3] != S or turns.shape[0] != curves \
            or turns.shape[1] != m or not 0 <= first <= last <= curves or not {given.shape[2], start.shape[1]} <= {1, curves}:
        raise ValueError("arrays of films do not fit each other")
    for at in range(m):
        if not 0 <= (pivots[at] if at < p else others[at - p]) < m:
            raise ValueError("arrays of films do not fit each other")
    cdef Py_ssize_t size = (n + 1) * N, blocks = (p + VL - 1) // VL
    cdef Work w
    work_for(&w, n, N)
    cdef vd *known = <vd *> v_alloc(sizeof(vd) * (2 * size * blocks + 2 * p))
    if known == NULL:
        v_free(w.state)
        raise MemoryError
    cdef vd *slope = known + size * blocks      # as known, in derivatives with u at the left
    cdef vd *weight_of = slope + size * blocks
    cdef Work own = w
    cdef Lanes lanes
    cdef vd J[MAX_IONS]
    cdef vd dJ[MAX_IONS]
    cdef vd taken, value, low, a
    cdef vm failed
    cdef bint lost
    cdef const double *py
    cdef const double *pt
    with nogil:
        for curve in range(first, last):
            lanes_of(&lanes, given, S, curve, 1)
            lost = False
            for block in range(blocks):
                own.state, own.tangent = known + block * size, slope + block * size
                ends_of(own.state, ends, n, curve, 1)
                voltages_of(&own.state[S], V, pivots, block * VL, VT[curve])
                cold(own.state, &grid, given, start, curve, 1)
                taken = solved(&own, NULL, &grid, &lanes, J, dJ, &failed, most, close)
                for lane in range(VL):
                    at = block * VL + lane
                    if at < p:
                        lost = lost or (<const long long *> &failed)[lane] != 0
                        keep(J, dJ, &taken, &failed, lane, S, &out[curve, pivots[at], 0, 0], &turns[curve, pivots[at]])
            for at from 0 <= at < q by VL:
                ends_of(w.state, ends, n, curve, 1)
                voltages_of(&w.state[S], V, others, at, VT[curve])
                if lost:
                    cold(w.state, &grid, given, start, curve, 1)
                else:
                    for j in range(p):
                        for lane in range(VL):
                            i = <int> (at + lane if at + lane < q else q - 1)
                            v_put(weight_of + 2 * j, lane, weights[0, i, j])
                            v_put(weight_of + 2 * j + 1, lane, weights[1, i, j] / VT[curve])
                    for k in range(N, n * N):
                        value = v_set(0.0)
                        low = v_set(1e300)
                        for j in range(p):
                            py = <const double *> (known + (j // VL) * size + k) + j % VL
                            pt = <const double *> (slope + (j // VL) * size + k) + j % VL
                            a = v_set(py[0])
                            value = v_fma(weight_of[2 * j + 1], v_set(pt[0]), v_fma(weight_of[2 * j], a, value))
                            low = v_min(low, a)
                        # concentrations stay positive
                        w.state[k] = value if k % N == S else v_max(value, v_set(0.1) * low)
                taken = solved(&w, NULL, &grid, &lanes, J, dJ, &failed, most, close)
                for lane in range(VL):
                    if at + lane < q:
                        keep(J, dJ, &taken, &failed, lane, S, &out[curve, others[at + lane], 0, 0], &turns[curve, others[at + lane]])
    v_free(w.state)
    v_free(known)


cdef inline void voltages_of(vd *u, const double[::1] V, const int[::1] which, Py_ssize_t first, double VT) noexcept nogil:
    """u at the left in each lane; lanes beyond the last repeat it."""
    cdef int lane
    cdef Py_ssize_t at
    for lane in range(VL):
        at = first + lane if first + lane < which.shape[0] else which.shape[0] - 1
        v_put(u, lane, V[which[at]] / VT)


cdef inline void keep(const vd *J, const vd *dJ, const vd *taken, const vm *failed, int lane, int S, double *out,
                      int *turns) noexcept nogil:
    """What one lane has found."""
    cdef int i
    for i in range(S):
        out[i] = v_get(J + i, lane)
        out[S + i] = v_get(dJ + i, lane)
    turns[0] = <int> v_get(taken, lane)
    if (<const long long *> failed)[lane]:
        turns[0] = -turns[0] - 1
