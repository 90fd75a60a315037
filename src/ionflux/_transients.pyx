# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Films in time on arrays: one run a lane. The physics is in core/pnp_rates.pxd, the method in core/pnp_time.pxd.

Built once per instruction set; results are equal to the last bit across builds, threads and places in an array.
"""
from cpython.exc cimport PyErr_CheckSignals

from ionflux.core.lanes cimport IFX_ISA, VL, v_alloc, v_any, v_free, v_get, v_lt, v_peek, v_put, v_set, v_seti, vd, vm
from ionflux.core.pnp cimport MAX_IONS, MAX_LAYERS
from ionflux.core.pnp_rates cimport consistent
from ionflux.core.pnp_time cimport DONE, GOING, STAGES, STUCK, March, begin, prepare_weights, step

IONS, LAYERS = MAX_IONS, MAX_LAYERS


def isa() -> str:
    """Instruction set this module was built for."""
    return IFX_ISA.decode()


def march(const double[::1] z, const int[::1] layer, const double[::1] width, const double[:, ::1] mobility, const double[:, ::1] rise,
          const double[:, :, ::1] given, const double[:, :, ::1] start, const double[::1] stops, const double[:, :, ::1] course,
          const int[::1] slot, const int[::1] fresh, bint closed, double rtol, const double[::1] first_step, long long most,
          int[::1] cancelled, double[:, :, :, ::1] y, double[:, :, :, ::1] passed, long long[:, ::1] counts, Py_ssize_t first,
          Py_ssize_t last) -> None:
    """Runs from t = 0 through all stops, for every row.

    z: (ions,). layer, width: (cells,), mobility: (ions, cells), rise: (ions, cells) or (0, cells); see pnp.Grid
    given: (layers, 4 + 3 ions, rows or 1): A, X, S, share of V, then W, Q and v of each ion; see pnp.Lanes
    start: (rows, ions + 1, cells + 1) b and u at the beginning
    stops: (segments,) ends of segments, s, ascending; course: (segments, 2, rows or 1) V/VT at the beginning and the end of each
    slot: (segments,) where the state at the end goes, -1: nowhere; fresh: (segments,) whether V or its slope jumps at the beginning
    closed: no ion passes the ends. first_step: (rows or 1,) s. most: steps allowed. cancelled: (1,) set from outside to stop
    y: (rows, slots, ions + 1, cells + 1); slot 0 is the state just after t = 0. passed: (rows, slots, 2, ions), what has
    passed the first and the last cell since. counts: (rows, 3) steps, rejected, how it ended (see pnp_time.Ending)
    """
    cdef March m
    cdef Py_ssize_t row, rows = start.shape[0], per_row, step_row, slots = y.shape[1]
    cdef int i, k, j, S = <int> z.shape[0], N = S + 1, n = <int> width.shape[0], layers = <int> given.shape[0], count, lane
    cdef int segments = <int> stops.shape[0], _turn
    if not 1 <= S <= MAX_IONS or not 1 <= layers <= MAX_LAYERS or n < 2 or layer.shape[0] != n or mobility.shape[0] != S \
            or mobility.shape[1] != n or (rise.shape[0] != 0 and rise.shape[0] != S) or rise.shape[1] != n or given.shape[1] != 4 + 3 * S \
            or start.shape[1] != N or start.shape[2] != n + 1 or segments < 1 or course.shape[0] != segments or course.shape[1] != 2 \
            or slot.shape[0] != segments or fresh.shape[0] != segments or cancelled.shape[0] != 1 or y.shape[0] != rows or slots < 1 \
            or y.shape[2] != N or y.shape[3] != n + 1 or passed.shape[0] != rows or passed.shape[1] != slots or passed.shape[2] != 2 \
            or passed.shape[3] != S or counts.shape[0] != rows or counts.shape[1] != 3 or not 0 <= first <= last <= rows \
            or not {given.shape[2], course.shape[2], first_step.shape[0]} <= {1, rows}:
        raise ValueError("arrays of films do not fit each other")
    for k in range(n):
        if not 0 <= layer[k] < layers or (k and layer[k] < layer[k - 1]):
            raise ValueError("arrays of films do not fit each other")
    for k in range(segments):
        if not -1 <= slot[k] < slots or not stops[k] > (stops[k - 1] if k else 0.0):
            raise ValueError("arrays of films do not fit each other")
    m.film.grid.n, m.film.grid.layers, m.film.grid.ions = n, layers, S
    m.film.grid.layer, m.film.grid.width, m.film.grid.mobility = &layer[0], &width[0], &mobility[0, 0]
    m.film.grid.rise = &rise[0, 0] if rise.shape[0] else NULL
    for i in range(S):
        m.film.grid.z[i] = z[i]
    m.film.closed, m.rtol = closed, rtol
    prepare_weights(&m)
    cdef vd *memory = <vd *> v_alloc(sizeof(vd) * (n + 1) * (N * (3 + STAGES) + 2 * N * N + 1 + 2 * S))
    if memory == NULL:
        raise MemoryError
    m.y = memory
    m.origin = m.y + (n + 1) * N
    m.u = m.origin + (n + 1) * N
    m.K = m.u + (n + 1) * N
    m.film.M = m.K + STAGES * (n + 1) * N
    m.film.G = m.film.M + (n + 1) * N * N
    m.film.cell = m.film.G + (n + 1) * N * N
    cdef int segment[VL]
    cdef int going
    per_row, step_row = given.shape[2] > 1, first_step.shape[0] > 1
    try:
        for row from first <= row < last by VL:
            count = VL if last - row >= VL else <int> (last - row)
            for j in range(layers):
                m.film.p.A[j] = of_rows(&given[j, 0, 0], row, count, per_row)
                m.film.p.X[j] = of_rows(&given[j, 1, 0], row, count, per_row)
                m.film.p.S[j] = of_rows(&given[j, 2, 0], row, count, per_row)
                for i in range(S):
                    m.film.p.W[i][j] = of_rows(&given[j, 4 + i, 0], row, count, per_row)
                    m.film.p.Q[i][j] = of_rows(&given[j, 4 + S + i, 0], row, count, per_row)
                    m.film.v[i][j] = of_rows(&given[j, 4 + 2 * S + i, 0], row, count, per_row)
            for k in range(n + 1):
                for i in range(N):
                    for lane in range(VL):
                        v_put(m.y + k * N + i, lane, start[row + (lane if lane < count else count - 1), i, k])
                    m.origin[k * N + i] = m.y[k * N + i]
            begin(&m, S)
            m.first_step = of_rows(&first_step[0], row, count, step_row)
            m.t = m.t_end = m.t_start = m.tried = v_set(0.0)
            m.h = m.first_step
            m.ok = m.last = v_seti(0)
            for lane in range(VL):
                segment[lane] = 0
                if lane < count:
                    counts[row + lane, 0] = counts[row + lane, 1] = 0
                    counts[row + lane, 2] = GOING
                enter(&m, 0, lane, row + (lane if lane < count else count - 1), stops, course)
            m.on = v_lt(v_set(-1.0), v_set(0.0))
            consistent(&m.film, m.y, m.V, m.K, m.on, S)
            for lane in range(count):
                store(&m, lane, row + lane, 0, y, passed, S)
            going = count
            while going:
                with nogil:
                    for _turn in range(8):
                        if S == 1:
                            step(&m, 1)
                        elif S == 2:
                            step(&m, 2)
                        elif S == 3:
                            step(&m, 3)
                        else:
                            step(&m, S)
                        going = after(&m, segment, row, count, stops, course, slot, fresh, most, y, passed, counts, S)
                        if not going or v_peek(&cancelled[0]):
                            break
                if v_peek(&cancelled[0]):
                    return
                PyErr_CheckSignals()
    except BaseException:
        cancelled[0] = 1
        raise
    finally:
        v_free(memory)


cdef int after(March *m, int *segment, Py_ssize_t row, int count, const double[::1] stops, const double[:, :, ::1] course,
               const int[::1] slot, const int[::1] fresh, long long most, double[:, :, :, ::1] y, double[:, :, :, ::1] passed,
               long long[:, ::1] counts, int S) noexcept nogil:
    """What each lane needs after a step: store the state at a stop, enter the next segment, give up; how many go on."""
    cdef int lane, going = 0, j
    cdef vm jumped = v_seti(0)
    cdef double t, h
    for lane in range(count):
        if counts[row + lane, 2] != GOING:
            continue
        if not (<const long long *> &m.ok)[lane]:
            counts[row + lane, 1] += 1
            t, h = v_get(&m.t, lane), v_get(&m.h, lane)
            if not h > 1e-15 * t or not h > 1e-6 * v_get(&m.first_step, lane):
                counts[row + lane, 2] = STUCK
        else:
            counts[row + lane, 0] += 1
            if (<const long long *> &m.last)[lane]:
                j = segment[lane]
                if slot[j] >= 0:
                    store(m, lane, row + lane, slot[j], y, passed, S)
                j += 1
                segment[lane] = j
                if j == stops.shape[0]:
                    counts[row + lane, 2] = DONE
                else:
                    enter(m, j, lane, row + lane, stops, course)
                    if fresh[j]:
                        v_put(&m.h, lane, v_get(&m.first_step, lane))
                        (<long long *> &jumped)[lane] = -1
        if counts[row + lane, 0] + counts[row + lane, 1] >= most and counts[row + lane, 2] == GOING:
            counts[row + lane, 2] = STUCK
        if counts[row + lane, 2] == GOING:
            going += 1
    for lane in range(VL):      # lanes without a row, or at their end, stand still
        if lane >= count or counts[row + lane, 2] != GOING:
            (<long long *> &m.on)[lane] = 0
    if v_any(jumped):
        consistent(&m.film, m.y, m.V, m.K, jumped, S)
    return going


cdef void enter(March *m, int j, int lane, Py_ssize_t row, const double[::1] stops, const double[:, :, ::1] course) noexcept nogil:
    """The j-th segment."""
    cdef double begins = stops[j - 1] if j else 0.0
    cdef Py_ssize_t k = row if course.shape[2] > 1 else 0
    v_put(&m.t_start, lane, begins)
    v_put(&m.t_end, lane, stops[j])
    v_put(&m.V, lane, course[j, 0, k])
    v_put(&m.rate, lane, (course[j, 1, k] - course[j, 0, k]) / (stops[j] - begins))


cdef void store(March *m, int lane, Py_ssize_t row, int slot, double[:, :, :, ::1] y, double[:, :, :, ::1] passed, int S) noexcept nogil:
    cdef int n = m.film.grid.n, N = S + 1, i, k
    for i in range(N):
        for k in range(n + 1):
            y[row, slot, i, k] = v_get(m.y + k * N + i, lane)
    for i in range(S):
        passed[row, slot, 0, i] = v_get(m.passed + i, lane)
        passed[row, slot, 1, i] = v_get(m.passed + S + i, lane)


cdef inline vd of_rows(const double *x, Py_ssize_t row, int count, Py_ssize_t stride) noexcept nogil:
    """VL values; lanes beyond the last row repeat it, stride 0: all the same."""
    cdef vd a
    cdef int lane
    for lane in range(VL):
        v_put(&a, lane, x[(row + (lane if lane < count else count - 1)) * stride])
    return a
