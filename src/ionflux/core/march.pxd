# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Cells through lanes: a queue of cells, segments between break points, samples, and what becomes of each cell.

A lane takes the next cell from a shared counter, carries it through its segments and hands it back; nothing depends on which
lane, block or thread a cell meets, so neither do its results. A block can stop between any two steps (`RUN_PAUSED`) and go on
later; `hand_back` writes every cell that is still under way to the job, from where it can also be resumed.
"""
from libc.math cimport INFINITY

from ionflux.core.lanes cimport VL, lowest_bit, v_any, v_get, v_le, v_next, v_peek, v_put, v_set
from ionflux.core.march_state cimport Block, accept
from ionflux.core.tables cimport Tables

cdef enum RunCode:
    RUN_DONE = 0      # the queue is empty and every lane is free
    RUN_PAUSED = 1    # the asked number of steps is done
    RUN_FULL = 2      # no room for another accepted step

cdef enum StatusCode:   # the same integers as ionflux.errors.Status
    STATUS_OK = 0
    STATUS_STEP_TOO_SMALL = 1
    STATUS_NOT_FINITE = 2
    STATUS_NEGATIVE_AMOUNT = 3
    STATUS_NOT_CONVERGED = 5
    STATUS_CANCELLED = 6
    STATUS_PENDING = 100     # internal: not yet taken from the queue

cdef struct Job:
    double rtol
    double fixed_step          # 0: adaptive
    # cells, in and out
    long long n_cells
    double *y                  # (n_cells, n)
    double *t
    double *h                  # (n_cells, 3) step to try, 0 where it is to be chosen; and what control() remembers
    int *status
    long long *steps
    long long *rejected
    long long *sample          # samples written so far
    # parameters: the same for all, those that vary, those that a schedule moves (value at the segment's start, slope)
    const double *base         # (n_par)
    int n_vary
    const int *vary_slot
    const double *vary         # (n_cells, n_vary)
    int n_segment
    const double *segment_start
    const double *segment_end
    int n_sched
    const int *sched_slot
    const double *sched        # (n_cells or 1, n_segment, n_sched, 2)
    long long sched_stride     # 0: the same for all
    # samples
    long long n_sample
    const double *sample_time
    double *out                # (n_cells, n_sample, n)
    # accepted steps of a single cell: t, t_new, y, y_new, p_2, p_3, p_4
    double *record
    long long record_size
    long long record_used
    # shared by all threads
    long long counter
    long long finished
    int cancel


cdef inline void load_segment(const Tables *T, const Job *J, Block *B, int lane, const int WV) noexcept nogil:
    """Parameters and end of the lane's current segment; the step is chosen anew."""
    cdef int i, s = B.segment[lane], width = WV * VL
    cdef const double *x = J.sched + B.cell[lane] * J.sched_stride + <long long> s * J.n_sched * 2
    v_put(B.t_start, lane, J.segment_start[s])
    v_put(B.t_end, lane, J.segment_end[s])
    for i in range(J.n_sched):
        (<double *> B.ramp)[2 * i * width + lane] = x[2 * i]
        (<double *> B.ramp)[(2 * i + 1) * width + lane] = x[2 * i + 1]
        if x[2 * i + 1] != 0.0:
            B.ramps = 1
        (<double *> B.reg)[(T.n + J.sched_slot[i]) * width + lane] = x[2 * i] + x[2 * i + 1] * (v_get(B.t, lane) - J.segment_start[s])


cdef inline void write_sample(const Tables *T, const Job *J, Block *B, int lane, const double *value, int stride) noexcept nogil:
    cdef int r, n = T.n
    cdef double *o = J.out + (B.cell[lane] * J.n_sample + B.sample[lane]) * n
    for r in range(n):
        o[r] = value[r * stride]
    B.sample[lane] += 1


cdef inline void next_sample(const Tables *T, const Job *J, Block *B, int lane) noexcept nogil:
    v_put(B.t_sample, lane, J.sample_time[B.sample[lane]] if B.sample[lane] < J.n_sample else 1e308)


cdef inline void park(const Job *J, Block *B, int lane, const int WV) noexcept nogil:
    """An idle lane repeats the last state it had, far from any end, and is never looked at."""
    B.cell[lane] = -1
    (<long long *> B.lost)[lane] = 0
    v_put(B.t, lane, 0.0)
    v_put(B.h, lane, 1.0)
    v_put(B.t_start, lane, 0.0)
    v_put(B.t_end, lane, 1e300)
    v_put(B.t_sample, lane, 1e308)
    (<long long *> B.fresh)[lane] = 0


cdef inline void load_cell(const Tables *T, Job *J, Block *B, int lane, long long cell, const int WV) noexcept nogil:
    cdef int i, s, width = WV * VL
    cdef const double *y = J.y + cell * T.n
    for i in range(T.n):
        (<double *> B.y)[i * width + lane] = y[i]
    for i in range(T.n_par):
        (<double *> B.reg)[(T.n + i) * width + lane] = J.base[i]
    for i in range(J.n_vary):
        (<double *> B.reg)[(T.n + J.vary_slot[i]) * width + lane] = J.vary[cell * J.n_vary + i]
    B.cell[lane] = cell
    (<long long *> B.lost)[lane] = 0
    B.steps[lane] = 0
    B.rejected[lane] = 0
    B.sample[lane] = J.sample[cell]
    v_put(B.t, lane, J.t[cell])
    v_put(B.h, lane, J.h[3 * cell])
    (<long long *> B.fresh)[lane] = -1 if J.h[3 * cell] == 0.0 else 0
    (<long long *> B.stale)[lane] = -1
    v_put(B.before, lane, J.h[3 * cell + 1] if J.h[3 * cell + 1] != 0.0 else INFINITY)
    (<long long *> B.again)[lane] = -1 if J.h[3 * cell + 2] else 0
    s = 0
    while s < J.n_segment - 1 and J.t[cell] >= J.segment_end[s]:
        s += 1
    B.segment[lane] = s
    load_segment(T, J, B, lane, WV)
    # a sample at the very start is that of the state made consistent, which the first step begins with
    while B.sample[lane] < J.n_sample and (J.sample_time[B.sample[lane]] < J.t[cell] or
                                           J.sample_time[B.sample[lane]] == J.t[cell] and not T.n_algebraic):
        write_sample(T, J, B, lane, y, 1)
    next_sample(T, J, B, lane)


cdef inline void store_cell(const Tables *T, Job *J, Block *B, int lane, int status, const int WV) noexcept nogil:
    cdef int i, width = WV * VL
    cdef long long cell = B.cell[lane]
    for i in range(T.n):
        J.y[cell * T.n + i] = (<double *> B.y)[i * width + lane]
    J.t[cell] = v_get(B.t, lane)
    J.h[3 * cell], J.h[3 * cell + 1], J.h[3 * cell + 2] = v_get(B.h, lane), v_get(B.before, lane), (<long long *> B.again)[lane]
    J.status[cell] = status
    J.steps[cell] += B.steps[lane]
    J.rejected[cell] += B.rejected[lane]
    J.sample[cell] = B.sample[lane]


cdef inline void refill(const Tables *T, Job *J, Block *B, int lane, const int WV) noexcept nogil:
    """Give a free lane the next pending cell, or park it."""
    cdef long long cell
    while True:
        cell = v_next(&J.counter)
        if cell >= J.n_cells:
            park(J, B, lane, WV)
            return
        if J.status[cell] != STATUS_PENDING:
            continue
        load_cell(T, J, B, lane, cell, WV)
        B.n_live += 1
        return


cdef inline void start(const Tables *T, Job *J, Block *B, const int WV) noexcept nogil:
    """Fill the lanes for the first time; lanes that find no cell repeat the first one."""
    cdef int lane
    B.n_live = 0
    B.ramps = 0
    for lane in range(WV * VL):
        load_cell(T, J, B, lane, 0, WV)
        refill(T, J, B, lane, WV)


cdef inline void finish(const Tables *T, Job *J, Block *B, int lane, int status, const int WV) noexcept nogil:
    store_cell(T, J, B, lane, status, WV)
    B.n_live -= 1
    v_next(&J.finished)
    refill(T, J, B, lane, WV)


cdef inline void hand_back(const Tables *T, Job *J, Block *B, int status, const int WV) noexcept nogil:
    """Store every cell under way, to be resumed or reported."""
    cdef int lane
    for lane in range(WV * VL):
        if B.cell[lane] >= 0:
            store_cell(T, J, B, lane, status, WV)
            B.cell[lane] = -1
    B.n_live = 0


cdef inline void record_step(const Tables *T, Job *J, Block *B, int lane, const int WV) noexcept nogil:
    cdef int r, n = T.n, width = WV * VL
    cdef double *o = J.record + J.record_used * (2 + 5 * n)
    o[0] = v_get(B.t, lane)
    o[1] = v_get(B.t_new, lane)
    for r in range(n):
        o[2 + r] = (<double *> B.y)[r * width + lane]
        o[2 + n + r] = (<double *> B.reg)[r * width + lane]
        o[2 + 2 * n + r] = (<double *> B.p)[r * width + lane]
        o[2 + 3 * n + r] = (<double *> B.p)[(n + r) * width + lane]
        o[2 + 4 * n + r] = (<double *> B.p)[(2 * n + r) * width + lane]
    J.record_used += 1


cdef inline void samples_of_step(const Tables *T, Job *J, Block *B, int lane, const int WV) noexcept nogil:
    """Every sample within the step just accepted; the last one of a segment is its left limit."""
    cdef int r, n = T.n, width = WV * VL
    cdef double t0 = v_get(B.t, lane), t1 = v_get(B.t_new, lane), h = v_get(B.hs, lane), theta, rest
    cdef const double *y0 = <const double *> B.y + lane
    cdef const double *y1 = <const double *> B.reg + lane
    cdef const double *p = <const double *> B.p + lane
    cdef double *o
    while B.sample[lane] < J.n_sample and J.sample_time[B.sample[lane]] <= t1:
        if J.sample_time[B.sample[lane]] == t1:
            write_sample(T, J, B, lane, (<const double *> B.reg) + lane, WV * VL)
            continue
        theta = (J.sample_time[B.sample[lane]] - t0) / h
        rest = 1.0 - theta
        o = J.out + (B.cell[lane] * J.n_sample + B.sample[lane]) * n
        for r in range(n):
            o[r] = rest * y0[r * width] + theta * (y1[r * width] + rest * (
                p[r * width] + theta * (p[(n + r) * width] + theta * p[(2 * n + r) * width])))
        B.sample[lane] += 1
    next_sample(T, J, B, lane)


cdef inline int failure(const Job *J, const Block *B, int lane) noexcept nogil:
    """Why a lane cannot go on; called where its step has vanished."""
    cdef double e = v_get(B.error, lane)
    if (<const long long *> B.lost)[lane]:
        return STATUS_NOT_CONVERGED
    if not (e <= 1e308):
        return STATUS_NOT_FINITE
    if (<const long long *> B.negative)[lane]:
        return STATUS_NEGATIVE_AMOUNT
    return STATUS_STEP_TOO_SMALL


cdef inline int march(const Tables *T, Job *J, Block *B, long long *budget, const int WV) noexcept nogil:
    """Carry all lanes on until the queue is empty, the record full, or `budget` steps of the block are done; it says how many are left."""
    cdef int lane, v, width = WV * VL
    cdef unsigned due, over, stuck, rejected, bits
    while B.n_live > 0:
        if budget[0] <= 0 or v_peek(&J.cancel):
            return RUN_PAUSED
        if J.record_size and J.record_used >= J.record_size:
            return RUN_FULL
        budget[0] -= 1
        B.step(T, B, J.rtol, J.fixed_step)
        due = 0
        over = 0
        stuck = 0
        rejected = 0
        for v in range(WV):
            due |= v_any(B.ok[v] & v_le(B.t_sample[v], B.t_new[v])) << (v * VL)
            over |= v_any(B.ok[v] & B.last[v]) << (v * VL)
            rejected |= v_any(~B.ok[v]) << (v * VL)
            # a step too small to move t; at t = 0 any is large enough, and an amount of 0 that must fall would shrink it to denormals
            stuck |= v_any(
                ~B.ok[v]
                & (v_le(B.t[v] + B.h[v] * v_set(0.25), B.t[v]) | v_le(B.h[v], v_set(1e-30) * B.t_end[v]) | B.lost[v])
            ) << (v * VL)
        if due or J.record_size:
            B.dense_output(T, B)
            bits = due
            while bits:
                lane = lowest_bit(bits)
                bits &= bits - 1
                if B.cell[lane] >= 0:
                    samples_of_step(T, J, B, lane, WV)
            if J.record_size and not rejected & 1 and B.cell[0] >= 0:
                record_step(T, J, B, 0, WV)
        accept(T, B, WV)
        for lane in range(width):
            B.steps[lane] += 1
        bits = rejected
        while bits:
            lane = lowest_bit(bits)
            bits &= bits - 1
            B.rejected[lane] += 1
        bits = over
        while bits:
            lane = lowest_bit(bits)
            bits &= bits - 1
            if B.cell[lane] < 0:
                park(J, B, lane, WV)
            elif B.segment[lane] + 1 < J.n_segment:
                B.segment[lane] += 1
                load_segment(T, J, B, lane, WV)
                (<long long *> B.fresh)[lane] = -1
                (<long long *> B.stale)[lane] = -1
                v_put(B.before, lane, INFINITY)
                (<long long *> B.again)[lane] = 0
            else:
                finish(T, J, B, lane, STATUS_OK, WV)
        bits = stuck
        while bits:
            lane = lowest_bit(bits)
            bits &= bits - 1
            if B.cell[lane] < 0:
                park(J, B, lane, WV)
            else:
                finish(T, J, B, lane, failure(J, B, lane), WV)
    return RUN_DONE
