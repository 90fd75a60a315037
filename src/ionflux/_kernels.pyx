# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The compiled engine: check arrays, release the GIL, loop, report a status per cell.

The physics and the numerics are in core/*.pxd; this module only owns memory and talks to Python. It is built once per
instruction set from this one source and chosen at import (see _dispatch.py); results are equal to the last bit across builds.
"""
from cpython.exc cimport PyErr_CheckSignals
from libc.string cimport memset

from ionflux.core.explicit cimport explicit_dense_output, explicit_step
from ionflux.core.lanes cimport IFX_ISA, VL, ifx_cpu_level, v_alloc, v_free, v_get, v_put, v_set, vd
from ionflux.core.march cimport RUN_DONE, RUN_FULL, STATUS_CANCELLED, STATUS_PENDING, Job, hand_back, march, start
from ionflux.core.rhs cimport MAX_WV, Runner, add_rows, jacobian, run
from ionflux.core.stepper cimport STAGES, Block, consistent
from ionflux.core.tables cimport OP_FACTOR_SLOPES, OP_FACTORS, OP_LINEAR, OP_SUM, Factor, Op, Program, Tables, Term
from ionflux.core.vmath cimport v_bernoulli, v_bernoulli_slope, v_exp, v_expm1, v_log

import numpy as np

PENDING = STATUS_PENDING


cdef extern from *:
    """
    #ifndef __VERSION__
    #define __VERSION__ "unknown"
    #endif
    #if defined(__GNUC__) && !defined(__clang__)
    #define IFX_COMPILER "GCC " __VERSION__
    #else
    #define IFX_COMPILER __VERSION__
    #endif
    #ifndef IFX_BUILD_FLAGS
    #define IFX_BUILD_FLAGS "unknown"
    #endif
    """
    const char *IFX_COMPILER
    const char *IFX_BUILD_FLAGS  # setup.py defines it


def compiler() -> str:
    """Compiler that built this module."""
    return IFX_COMPILER.decode()


def build_flags() -> str:
    """Flags it was given."""
    return IFX_BUILD_FLAGS.decode()


def isa() -> str:
    """Instruction set this module was built for."""
    return IFX_ISA.decode()


def vector_length() -> int:
    """Doubles per vector register."""
    return VL


def cpu_level() -> int:
    """x86-64 level that this processor and its operating system support (2, 3, 4), or 1 elsewhere."""
    return ifx_cpu_level()


cdef const int *ints(list keep, x):
    cdef const int[::1] a = np.ascontiguousarray(x, dtype=np.intc).reshape(-1)
    keep.append(a)
    return &a[0] if a.shape[0] else NULL


cdef const double *reals(list keep, x):
    cdef const double[::1] a = np.ascontiguousarray(x, dtype=np.float64).reshape(-1)
    keep.append(a)
    return &a[0] if a.shape[0] else NULL


cdef const Term *terms(list keep, index, weight, size):
    """Weights and registers, these as byte offsets."""
    table = np.zeros(len(index), dtype=np.dtype([("at", np.intc), ("unused", np.intc), ("weight", np.float64)]))
    table["at"], table["weight"] = np.asarray(index) * size, weight
    return <const Term *> ints(keep, table.view(np.intc)) if len(index) else NULL


cdef const Op *operations(list keep, ops, size):
    """Operations with registers as byte offsets; a and b of sums and factors are ranges and stay."""
    scaled = np.array(ops, dtype=np.intc).reshape(-1, 8)
    ranges = np.isin(scaled[:, 0], (OP_SUM, OP_LINEAR, OP_FACTORS, OP_FACTOR_SLOPES))
    scaled[:, [1, 4, 5, 6]] *= size
    scaled[~ranges, 2:4] *= size
    return <const Op *> ints(keep, scaled)


cdef int fill(Tables *T, list keep, dict arrays, size) except -1:
    """The tables for one width of block; size is that of a register in bytes."""
    for name in ("n", "n_solved", "n_algebraic", "n_par", "n_reg", "n_entry", "n_matrix", "n_tol", "dense"):
        if int(arrays[name]) < 0:
            raise ValueError(f"table {name} is negative")
    if arrays["n_reg"] * size > 2**31 - 1:
        raise ValueError("the model has too many registers")
    T.n, T.n_par, T.n_reg = arrays["n"], arrays["n_par"], arrays["n_reg"]
    T.n_solved, T.n_algebraic, T.n_matrix = arrays["n_solved"], arrays["n_algebraic"], arrays["n_matrix"]
    T.n_entry, T.n_tol, T.dense = arrays["n_entry"], arrays["n_tol"], arrays["dense"]
    T.rates.n, T.slopes.n = len(arrays["rates"]), len(arrays["slopes"])
    T.rates.op = operations(keep, arrays["rates"], size)
    T.slopes.op = operations(keep, arrays["slopes"], size)
    T.factor = <const Factor *> ints(keep, np.asarray(arrays["factors"]) * np.array([1, 1, size, size]))
    T.term = terms(keep, arrays["term_index"], arrays["term_weight"], size)
    T.rows.start = ints(keep, arrays["rows_start"])
    T.rows.term = terms(keep, arrays["rows_index"], arrays["rows_weight"], size)
    T.entries.start = ints(keep, arrays["entries_start"])
    T.entries.term = terms(keep, arrays["entries_index"], arrays["entries_weight"], size)
    T.tol_sums.start = ints(keep, arrays["tol_start"])
    T.tol_sums.term = terms(keep, arrays["tol_index"], arrays["tol_weight"], size)
    T.mass = reals(keep, arrays["mass"])
    T.tol_rtol = reals(keep, arrays["tol_rtol"])
    T.tol_atol = ints(keep, arrays["tol_atol"])
    T.tol_value = ints(keep, arrays["tol_value"])
    T.tol_positive = ints(keep, arrays["tol_positive"])
    T.counter_start = ints(keep, arrays["counter_start"])
    T.counter_entry = ints(keep, arrays["counter_entry"])
    T.counter_column = ints(keep, arrays["counter_column"])
    T.diagonal = ints(keep, arrays["diagonal"])
    T.entry_row = ints(keep, arrays["entry_row"])
    T.pivot_start = ints(keep, arrays["pivot_start"])
    T.lu_factor = ints(keep, arrays["lu_factor"])
    T.lu_update_start = ints(keep, arrays["lu_update_start"])
    T.lu_target = ints(keep, arrays["lu_target"])
    T.lu_source = ints(keep, arrays["lu_source"])
    T.lower_start = ints(keep, arrays["lower_start"])
    T.lower_entry = ints(keep, arrays["lower_entry"])
    T.lower_column = ints(keep, arrays["lower_column"])
    T.upper_start = ints(keep, arrays["upper_start"])
    T.upper_entry = ints(keep, arrays["upper_entry"])
    T.upper_column = ints(keep, arrays["upper_column"])
    return 0


cdef void run_narrow(const Tables *T, const Program *program, vd *reg) noexcept nogil:
    run(T, program, reg, 1)


cdef void run_wide(const Tables *T, const Program *program, vd *reg) noexcept nogil:
    run(T, program, reg, MAX_WV)


cdef void consistent_narrow(const Tables *T, Block *B) noexcept nogil:
    consistent(T, B, 1)


cdef void consistent_wide(const Tables *T, Block *B) noexcept nogil:
    consistent(T, B, MAX_WV)


cdef void explicit_narrow(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    explicit_step(T, B, rtol, fixed, 1)


cdef void explicit_wide(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    explicit_step(T, B, rtol, fixed, MAX_WV)


cdef void explicit_output_narrow(const Tables *T, Block *B) noexcept nogil:
    explicit_dense_output(T, B, 1)


cdef void explicit_output_wide(const Tables *T, Block *B) noexcept nogil:
    explicit_dense_output(T, B, MAX_WV)


cdef class Plan:
    """The flat tables of a model (core/tables.pxd), checked once; immutable and free to share between threads."""

    cdef Tables narrow     # one vector a register
    cdef Tables wide       # MAX_WV of them
    cdef list keep
    cdef readonly int n
    cdef readonly int n_par
    cdef readonly int n_reg
    cdef readonly int n_entry

    def __init__(self, dict arrays):
        self.keep = []
        fill(&self.narrow, self.keep, arrays, sizeof(vd))
        fill(&self.wide, self.keep, arrays, MAX_WV * sizeof(vd))
        self.n, self.n_par, self.n_reg, self.n_entry = arrays["n"], arrays["n_par"], arrays["n_reg"], arrays["n_entry"]

    def evaluate(self, const double[:, ::1] y, const double[::1] base, const int[::1] vary_slot, const double[:, ::1] vary,
                 const int[::1] want, double[:, ::1] registers, double[:, ::1] dydt=None, double[:, ::1] entries=None):
        """Right-hand side, Jacobian and registers at many states at once.

        Parameters
        ----------
        y : (m, n) states; base : (n_par,) parameters; vary_slot, vary : (v,), (m, v) parameters that differ from row to row
        want, registers : (w,), (w, m) registers to read and where to
        dydt, entries : (m, n), (m, n_entry) or None
        """
        cdef Py_ssize_t m = y.shape[0]
        cdef int wide = 1 if m <= VL else MAX_WV
        cdef vd *work
        if y.shape[1] != self.n or base.shape[0] != self.n_par or vary.shape[1] != vary_slot.shape[0] \
                or (vary_slot.shape[0] and vary.shape[0] != m) or registers.shape[1] != m or registers.shape[0] != want.shape[0] \
                or (dydt is not None and (dydt.shape[0] != m or dydt.shape[1] != self.n)) \
                or (entries is not None and (entries.shape[0] != m or entries.shape[1] != self.n_entry)):
            raise ValueError("evaluate: arrays do not fit the plan")
        for i in range(want.shape[0]):
            if not 0 <= want[i] < self.n_reg:
                raise ValueError("evaluate: no such register")
        work = <vd *> v_alloc((self.n_reg + self.n + self.n_entry) * wide * sizeof(vd))
        if work == NULL:
            raise MemoryError
        cdef double *f = &dydt[0, 0] if dydt is not None and m else NULL
        cdef double *J = &entries[0, 0] if entries is not None and m else NULL
        cdef const int *slot = &vary_slot[0] if vary_slot.shape[0] else NULL
        cdef const double *vp = &vary[0, 0] if vary_slot.shape[0] and m else NULL
        cdef const int *wp = &want[0] if want.shape[0] else NULL
        cdef double *rp = &registers[0, 0] if want.shape[0] and m else NULL
        cdef const double *yp = &y[0, 0] if m else NULL
        cdef int n_vary = <int> vary_slot.shape[0], n_want = <int> want.shape[0]
        with nogil:
            if wide == 1:
                evaluate_rows(&self.narrow, work, m, yp, &base[0], n_vary, slot, vp, n_want, wp, rp, f, J, run_narrow, 1)
            else:
                evaluate_rows(&self.wide, work, m, yp, &base[0], n_vary, slot, vp, n_want, wp, rp, f, J, run_wide, MAX_WV)
            v_free(work)


cdef inline void evaluate_rows(const Tables *T, vd *work, Py_ssize_t m, const double *y, const double *base, int n_vary, const int *slot,
                               const double *vary, int n_want, const int *want, double *registers, double *f, double *J,
                               Runner runner, const int WV) noexcept nogil:
    cdef vd *reg = work
    cdef vd *d = work + T.n_reg * WV
    cdef vd *e = d + T.n * WV
    cdef double *x = <double *> reg
    cdef int width = WV * VL
    cdef Py_ssize_t first
    cdef int lane, i, v, count
    for i in range(T.n_par):
        for v in range(WV):
            reg[(T.n + i) * WV + v] = v_set(base[i])
    for first from 0 <= first < m by width:
        count = width if m - first >= width else <int> (m - first)
        for i in range(T.n):
            gather(x + i * width, y + first * T.n + i, T.n, count, width)
        if n_vary:
            for lane in range(count):
                for i in range(n_vary):
                    x[(T.n + slot[i]) * width + lane] = vary[(first + lane) * n_vary + i]
        runner(T, &T.rates, reg)
        if f != NULL:
            for i in range(T.n * WV):
                d[i] = v_set(0.0)
            add_rows(T, reg, d, WV)
            for i in range(T.n):
                scatter(f + first * T.n + i, <double *> d + i * width, T.n, count, width)
        if J != NULL:
            runner(T, &T.slopes, reg)
            jacobian(T, reg, e, WV)
            for i in range(T.n_entry):
                scatter(J + first * T.n_entry + i, <double *> e + i * width, T.n_entry, count, width)
        for i in range(n_want):
            scatter(registers + i * m + first, x + want[i] * width, 1, count, width)


cdef inline void gather(double *lanes, const double *column, int stride, int count, const int width) noexcept nogil:
    """A column of rows into the lanes of a register; lanes beyond the last row repeat it."""
    cdef int lane
    if count == width:
        for lane in range(width):
            lanes[lane] = column[0]
            column += stride
    else:
        for lane in range(width):
            lanes[lane] = column[(lane if lane < count else count - 1) * stride]


cdef inline void scatter(double *column, const double *lanes, int stride, int count, const int width) noexcept nogil:
    cdef int lane
    if count == width:
        for lane in range(width):
            column[0] = lanes[lane]
            column += stride
    else:
        for lane in range(count):
            column[lane * stride] = lanes[lane]


cdef class Run:
    """A queue of cells to integrate; workers (one per thread) take cells from it. Arrays are owned by the caller's dict and
    updated in place: y, t, h, status, steps, rejected, sample, out; `record` grows as needed.
    """

    cdef Job J
    cdef readonly Plan plan
    cdef readonly dict arrays
    cdef readonly list full_records
    cdef readonly bint explicit
    cdef list keep

    def __init__(self, Plan plan, dict arrays, double rtol, double fixed_step=0.0, bint explicit=False):
        cdef Job *J = &self.J
        if explicit and plan.narrow.n_algebraic:
            raise ValueError("Run: an explicit method cannot solve algebraic rows")
        self.explicit = explicit
        cdef double[:, ::1] y = arrays["y"]
        cdef double[::1] t = arrays["t"], h = arrays["h"]
        cdef int[::1] status = arrays["status"]
        cdef long long[::1] steps = arrays["steps"], rejected = arrays["rejected"], sample = arrays["sample"]
        cdef const double[:, ::1] vary = arrays["vary"]
        cdef const double[:, :, :, ::1] sched = arrays["sched"]
        cdef const double[::1] times = arrays["sample_time"]
        cdef double[:, :, ::1] out = arrays["out"]
        self.plan, self.arrays, self.full_records, self.keep = plan, arrays, [], []
        memset(J, 0, sizeof(Job))
        J.rtol, J.fixed_step = rtol, fixed_step
        J.n_cells = y.shape[0]
        J.n_vary = <int> vary.shape[1]
        J.n_segment, J.n_sched = <int> sched.shape[1], <int> sched.shape[2]
        J.n_sample = times.shape[0]
        n = J.n_cells
        if n == 0 or y.shape[1] != plan.n or len(arrays["base"]) != plan.n_par or J.n_segment == 0 \
                or {len(t), len(h), len(status), len(steps), len(rejected), len(sample)} != {n} \
                or (J.n_vary and vary.shape[0] != n) or len(arrays["vary_slot"]) != J.n_vary \
                or len(arrays["sched_slot"]) != J.n_sched or sched.shape[0] not in (1, n) or sched.shape[3] != 2 \
                or len(arrays["segment_start"]) != J.n_segment or len(arrays["segment_end"]) != J.n_segment \
                or (J.n_sample and (out.shape[0] != n or out.shape[1] != J.n_sample or out.shape[2] != plan.n)):
            raise ValueError("Run: arrays do not fit the plan")
        for name in ("vary_slot", "sched_slot"):
            for slot in arrays[name]:
                if not 0 <= slot < plan.n_par:
                    raise ValueError("Run: no such parameter")
        J.y, J.t, J.h, J.status = &y[0, 0], &t[0], &h[0], &status[0]
        J.steps, J.rejected, J.sample = &steps[0], &rejected[0], &sample[0]
        J.base = reals(self.keep, arrays["base"])
        J.vary_slot = ints(self.keep, arrays["vary_slot"])
        J.vary = &vary[0, 0] if J.n_vary else NULL
        J.segment_start = reals(self.keep, arrays["segment_start"])
        J.segment_end = reals(self.keep, arrays["segment_end"])
        J.sched_slot = ints(self.keep, arrays["sched_slot"])
        J.sched = &sched[0, 0, 0, 0] if J.n_sched else NULL
        J.sched_stride = J.n_segment * J.n_sched * 2 if sched.shape[0] == n and n > 1 else 0
        J.sample_time = &times[0] if J.n_sample else NULL
        J.out = &out[0, 0, 0] if J.n_sample else NULL
        self.keep += [y, t, h, status, steps, rejected, sample, vary, sched, times, out]
        self._point_record()

    cdef _point_record(self):
        cdef double[:, ::1] record = self.arrays["record"]
        if record.shape[0] and (record.shape[1] != 2 + 5 * self.plan.n or self.J.n_cells != 1):
            raise ValueError("Run: the record of accepted steps does not fit")
        self.J.record = &record[0, 0] if record.shape[0] else NULL
        self.J.record_size = record.shape[0]

    cdef _next_record(self):
        """Put a full record aside and begin another, larger one: nothing that was written is copied."""
        full = self.arrays["record"]
        self.full_records.append(full)
        self.arrays["record"] = np.empty((min(2 * len(full), 16384), full.shape[1]))
        self.J.record_used = 0
        self._point_record()

    @property
    def recorded(self) -> int:
        """Accepted steps in `record`, after those in `full_records`."""
        return self.J.record_used

    @property
    def finished(self) -> int:
        """Cells that have come to an end."""
        return self.J.finished

    def cancel(self) -> None:
        """Ask every worker to stop after its current step."""
        self.J.cancel = 1

    def work(self, bint wide, poll=None) -> None:
        """Integrate until the queue is empty or the run is cancelled; call it from as many threads as there are cores.

        About every 10 ms signals are checked and `poll()` is called, both with the GIL held; what either raises cancels the
        run, stores every cell under way (status CANCELLED, time and state reached) and is raised again.
        """
        cdef int WV = MAX_WV if wide else 1
        cdef const Tables *T = &self.plan.wide if wide else &self.plan.narrow
        cdef int n = T.n, code
        cdef long long budget = max(1, 60000 // (WV * (T.n_reg + 30 * n + 2 * T.n_entry)))
        cdef Block *B = <Block *> v_alloc(sizeof(Block))
        cdef vd *memory = <vd *> v_alloc((T.n_reg + (STAGES + 5) * n + T.n_entry + 2 * self.J.n_sched) * WV * sizeof(vd))
        if B == NULL or memory == NULL:
            v_free(B)
            v_free(memory)
            raise MemoryError
        B.reg = memory
        B.y = B.reg + T.n_reg * WV
        B.k = B.y + n * WV
        B.p = B.k + STAGES * n * WV
        B.f_t = B.p + 3 * n * WV
        B.M = B.f_t + n * WV
        B.ramp = B.M + T.n_entry * WV
        B.run = run_narrow if WV == 1 else run_wide
        B.make_consistent = consistent_narrow if WV == 1 else consistent_wide
        B.other_step = NULL
        if self.explicit:
            B.other_step = explicit_narrow if WV == 1 else explicit_wide
            B.other_dense_output = explicit_output_narrow if WV == 1 else explicit_output_wide
        B.n_sched, B.sched_slot = self.J.n_sched, self.J.sched_slot
        try:
            start(T, &self.J, B, WV)
            while True:
                with nogil:
                    code = march(T, &self.J, B, budget, 1) if WV == 1 else march(T, &self.J, B, budget, MAX_WV)
                if code == RUN_DONE or self.J.cancel:
                    break
                if code == RUN_FULL:
                    self._next_record()
                PyErr_CheckSignals()
                if poll is not None:
                    if self.J.n_cells == 1 and B.cell[0] == 0:
                        self.J.t[0] = v_get(B.t, 0)
                    poll()
        except BaseException:
            self.J.cancel = 1
            raise
        finally:
            hand_back(T, &self.J, B, STATUS_CANCELLED, WV)
            v_free(B)
            v_free(memory)


def vmath(str name, const double[::1] x, double[::1] out) -> None:
    """Elementary functions of the kernels on an array: exp, log, expm1, bernoulli and its slope, of x and of -x."""
    cdef Py_ssize_t i, m = x.shape[0]
    cdef int which = ("exp", "log", "expm1", "bernoulli", "bernoulli_minus", "bernoulli_slope", "bernoulli_slope_minus").index(name)
    cdef vd a[1]
    cdef vd b[2]
    cdef int lane
    if out.shape[0] != m:
        raise ValueError("vmath: x and out differ in length")
    with nogil:
        for i from 0 <= i < m by VL:
            for lane in range(VL):
                v_put(a, lane, x[i + lane] if i + lane < m else 1.0)
            if which == 0:
                b[0] = v_exp(a[0])
            elif which == 1:
                b[0] = v_log(a[0])
            elif which == 2:
                b[0] = v_expm1(a[0])
            elif which < 5:
                v_bernoulli(a[0], b, b + 1)
            else:
                v_bernoulli_slope(a[0], b, b + 1)
            for lane in range(VL):
                if i + lane < m:
                    out[i + lane] = (<double *> (b + (1 if which == 4 or which == 6 else 0)))[lane]
