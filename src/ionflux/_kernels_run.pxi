# A queue of cells and its workers.

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
    cdef tuple samples

    def __init__(self, Plan plan, dict arrays, double rtol, double fixed_step=0.0, bint explicit=False):
        cdef Job *J = &self.J
        if explicit and plan.narrow.n_algebraic:
            raise ValueError("Run: an explicit method cannot solve algebraic rows")
        self.explicit = explicit
        cdef double[:, ::1] y = arrays["y"]
        cdef double[::1] t = arrays["t"]
        cdef double[:, ::1] h = arrays["h"]
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
                or h.shape[1] != 3 or {len(t), h.shape[0], len(status), len(steps), len(rejected), len(sample)} != {n} \
                or (J.n_vary and vary.shape[0] != n) or len(arrays["vary_slot"]) != J.n_vary \
                or len(arrays["sched_slot"]) != J.n_sched or sched.shape[0] not in (1, n) or sched.shape[3] != 2 \
                or len(arrays["segment_start"]) != J.n_segment or len(arrays["segment_end"]) != J.n_segment \
                or (J.n_sample and (out.shape[0] != n or out.shape[1] != J.n_sample or out.shape[2] != plan.n)):
            raise ValueError("Run: arrays do not fit the plan")
        for name in ("vary_slot", "sched_slot"):
            for slot in arrays[name]:
                if not 0 <= slot < plan.n_par:
                    raise ValueError("Run: no such parameter")
        J.y, J.t, J.h, J.status = &y[0, 0], &t[0], &h[0, 0], &status[0]
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
        self.keep += [y, t, h, status, steps, rejected, sample, vary, sched]
        self.samples = (times, out)
        self._point_record()

    def again(self, const double[::1] start, const double[::1] times, double[:, :, ::1] out):
        """Begin anew with one cell at another start and with other samples; everything else stays."""
        cdef Job *J = &self.J
        cdef int i
        if J.n_cells != 1 or start.shape[0] != self.plan.n or out.shape[0] != 1 or out.shape[1] != times.shape[0] \
                or out.shape[2] != self.plan.n or times.shape[0] == 0:
            raise ValueError("Run: arrays do not fit the plan")
        for i in range(self.plan.n):
            J.y[i] = start[i]
        J.t[0] = J.h[0] = J.h[1] = J.h[2] = 0.0
        J.status[0] = STATUS_PENDING
        J.steps[0] = J.rejected[0] = J.sample[0] = 0
        J.counter = J.finished = 0
        J.cancel = 0
        J.n_sample, J.sample_time, J.out = times.shape[0], &times[0], &out[0, 0, 0]
        self.samples = (times, out)

    def rest(self) -> None:
        """Let go of the samples; only `again` may follow."""
        self.J.n_sample, self.J.out, self.J.n_cells = 0, NULL, 1
        self.samples = None
        self.arrays["out"] = self.arrays["sample_time"] = None

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

        Every so many steps, which take about 10 ms, signals are checked and `poll()` is called, both with the GIL held; what
        either raises cancels the run, stores every cell under way (status CANCELLED, time and state reached) and is raised again.
        """
        cdef int WV = MAX_WV if wide else 1
        cdef const Tables *T = &self.plan.wide if wide else &self.plan.narrow
        cdef int n = T.n, code
        cdef bint solo = self.explicit and not wide and self.J.n_cells == 1
        cdef size_t numbers = T.solo_size + (3 + EXPLICIT_STAGES) * T.solo_states if solo else 0
        cdef long long budget = max(1, 60000 // (WV * (T.n_reg + 30 * n + 2 * T.n_entry)))
        cdef long long left = budget
        cdef Block *B = <Block *> v_alloc(sizeof(Block))
        cdef size_t lanes = (T.n_reg + (STAGES + 5) * n + T.n_entry + 2 * self.J.n_sched) * WV
        cdef vd *memory = <vd *> v_alloc(lanes * sizeof(vd) + numbers * sizeof(double))
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
        B.solo = <double *> (B.ramp + 2 * self.J.n_sched * WV)
        choose(T, B, self.explicit, wide, solo)
        B.n_sched, B.sched_slot = self.J.n_sched, self.J.sched_slot
        try:
            start(T, &self.J, B, WV)
            while True:
                with nogil:
                    code = march(T, &self.J, B, &left, 1) if WV == 1 else march(T, &self.J, B, &left, MAX_WV)
                if code == RUN_DONE or self.J.cancel:
                    break
                if code == RUN_FULL:  # no poll: these come after the same steps whether they are recorded or not
                    self._next_record()
                    continue
                left = budget
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
