# The functions that the blocks call, once per width of block; the steps of Rodas5P also once per number of states that has its own
# (N > 0 is known at compile time, 0 takes any).

cdef void run_narrow(const Tables *T, const Program *program, vd *reg) noexcept nogil:
    run(T, program, reg, 1)


cdef void run_wide(const Tables *T, const Program *program, vd *reg) noexcept nogil:
    run(T, program, reg, MAX_WV)


cdef void consistent_narrow(const Tables *T, Block *B) noexcept nogil:
    consistent(T, B, 1)


cdef void output_narrow(const Tables *T, Block *B) noexcept nogil:
    dense_output(T, B, 1)


cdef void explicit_narrow(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    explicit_step(T, B, rtol, fixed, 0, 1)


cdef void explicit_output_narrow(const Tables *T, Block *B) noexcept nogil:
    explicit_dense_output(T, B, 1)


cdef void step_narrow(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    step(T, B, rtol, fixed, 0, 1)


cdef void step_narrow_3(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    step(T, B, rtol, fixed, 3, 1)


cdef void step_narrow_4(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    step(T, B, rtol, fixed, 4, 1)


cdef void step_narrow_5(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    step(T, B, rtol, fixed, 5, 1)


cdef void step_narrow_6(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    step(T, B, rtol, fixed, 6, 1)


cdef void consistent_wide(const Tables *T, Block *B) noexcept nogil:
    consistent(T, B, MAX_WV)


cdef void output_wide(const Tables *T, Block *B) noexcept nogil:
    dense_output(T, B, MAX_WV)


cdef void explicit_wide(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    explicit_step(T, B, rtol, fixed, 0, MAX_WV)


cdef void explicit_wide_5(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    explicit_step(T, B, rtol, fixed, 5, MAX_WV)


cdef void explicit_output_wide(const Tables *T, Block *B) noexcept nogil:
    explicit_dense_output(T, B, MAX_WV)


cdef void step_wide(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    step(T, B, rtol, fixed, 0, MAX_WV)


cdef void step_wide_3(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    step(T, B, rtol, fixed, 3, MAX_WV)


cdef void step_wide_4(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    step(T, B, rtol, fixed, 4, MAX_WV)


cdef void step_wide_5(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    step(T, B, rtol, fixed, 5, MAX_WV)


cdef void step_wide_6(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    step(T, B, rtol, fixed, 6, MAX_WV)


cdef vd groups_solo(const Tables *T, double *S, const Group *g) noexcept nogil:
    return run_groups(T, S, g)


cdef void explicit_solo(const Tables *T, Block *B, double rtol, double fixed) noexcept nogil:
    solo_step(T, B, rtol, fixed)


cdef void explicit_output_solo(const Tables *T, Block *B) noexcept nogil:
    solo_dense_output(T, B)


cdef void choose(const Tables *T, Block *B, bint explicit, bint wide, bint solo) noexcept:
    """The functions for this model, method and width."""
    cdef int N = T.n if T.n == T.dense else 0     # with counters the number of states is not that of the matrix
    B.run = run_wide if wide else run_narrow
    B.make_consistent = consistent_wide if wide else consistent_narrow
    B.dense_output = output_wide if wide else output_narrow
    B.run_groups = groups_solo
    if solo:
        B.step = explicit_solo
        B.dense_output = explicit_output_solo
    elif explicit:
        B.step = (explicit_wide_5 if N == 5 else explicit_wide) if wide else explicit_narrow
        B.dense_output = explicit_output_wide if wide else explicit_output_narrow
    elif N == 3:
        B.step = step_wide_3 if wide else step_narrow_3
    elif N == 4:
        B.step = step_wide_4 if wide else step_narrow_4
    elif N == 5:
        B.step = step_wide_5 if wide else step_narrow_5
    elif N == 6:
        B.step = step_wide_6 if wide else step_narrow_6
    else:
        B.step = step_wide if wide else step_narrow
