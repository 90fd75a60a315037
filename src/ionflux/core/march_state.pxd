# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""A block of lanes: what cells under way carry from step to step, each with its own time and step.

A step (stepper.pxd, explicit.pxd, solo.pxd) tries to carry every lane on; march.pxd decides what becomes of it.
"""
from ionflux.core.lanes cimport v_select, v_set, vd, vm
from ionflux.core.rhs cimport MAX_WV, Runner
from ionflux.core.tables cimport Group, Tables

cdef enum:
    MAX_LANES = 32

cdef struct Block:
    # per lane
    vd t[MAX_WV]           # time of the state
    vd h[MAX_WV]           # step to try
    vd hs[MAX_WV]          # step tried
    vd t_new[MAX_WV]       # time after it
    vd t_end[MAX_WV]       # end of the segment
    vd t_start[MAX_WV]     # start of the segment
    vd t_sample[MAX_WV]    # next sample
    vd error[MAX_WV]       # mean square of error/tolerance
    vd before[MAX_WV]      # of the step accepted before 1/(h error^(-1/10)), infinite if there is none
    vm again[MAX_WV]       # the step tried before was rejected
    vm fresh[MAX_WV]       # the step is to be chosen: first of a segment
    vm stale[MAX_WV]       # state or parameters are not those that the last stage was evaluated with
    vm last[MAX_WV]        # this step ends the segment
    vm ok[MAX_WV]          # accepted
    vm negative[MAX_WV]    # an amount became negative
    vm lost[MAX_WV]        # the algebraic rows of a fresh lane have no solution near
    # per row and lane
    vd *reg                # (n_reg)
    vd *y                  # (n)
    vd *k                  # (STAGES, n)
    vd *M                  # (n_entry)
    vd *p                  # (3, n) dense output
    vd *f_t                # (n) df/dt at constant state
    vd *ramp               # (n_sched, 2) value at the start of the segment, slope
    double *solo           # one cell alone: registers, state before and after, work space, stages; see solo.pxd
    Runner run
    vd (*run_groups)(const Tables *, double *, const Group *) noexcept nogil      # of one cell alone
    void (*make_consistent)(const Tables *, Block *) noexcept nogil
    void (*step)(const Tables *, Block *, double, double) noexcept nogil
    void (*dense_output)(const Tables *, Block *) noexcept nogil
    int n_sched
    const int *sched_slot
    int ramps              # some lane has a parameter that moves within its segment
    # bookkeeping
    long long cell[MAX_LANES]
    int segment[MAX_LANES]
    long long sample[MAX_LANES]
    long long steps[MAX_LANES]
    long long rejected[MAX_LANES]
    int n_live


cdef inline void parameters_at(const Tables *T, Block *B, const vd *time, const int WV) noexcept nogil:
    """Scheduled parameters at a time within the segment."""
    cdef int i, v
    for i in range(B.n_sched):
        for v in range(WV):
            B.reg[(T.n + B.sched_slot[i]) * WV + v] = B.ramp[2 * i * WV + v] + B.ramp[(2 * i + 1) * WV + v] * (time[v] - B.t_start[v])


cdef inline void accept(const Tables *T, Block *B, const int WV) noexcept nogil:
    """Take over the new state and time where the step was accepted."""
    cdef int r, v
    for r in range(T.n):
        for v in range(WV):
            B.y[r * WV + v] = v_select(B.ok[v], B.reg[r * WV + v], B.y[r * WV + v])
    for v in range(WV):
        B.t[v] = v_select(B.ok[v], B.t_new[v], B.t[v])
