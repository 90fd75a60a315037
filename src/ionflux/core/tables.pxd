# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The flat tables that a model is lowered to.

A model is data: which ions move, how many per cycle, by which rate law. Lowering turns that data into the lists below, and
the kernels walk them. Everything a right-hand side needs lives in one file of *registers* (`vd` each, one value per lane):

    [0, n)              states: amounts (mol), volumes (m^3), membrane charges (mol of elementary charge), gates, algebraic
                        potentials (V); last the counters, integrals over time that no rate reads
    [n, n + n_par)      parameters, one value per cell, changed at the break points of a schedule
    [n + n_par, ...)    what the mechanisms share (concentrations, logarithms, V, affinities, Bernoulli pairs), the rates,
                        their derivatives, and the products that the Jacobian is summed from

A `Program` is a straight line of `Op`s over registers: `rates` is run at every evaluation, `slopes` where the Jacobian is
wanted. Rows (dy/dt) and entries (of the Jacobian) are constant sparse sums over registers, so a kernel gathers and never
scatters, and a conserved total is conserved because its rows hold the same rate with opposite integers.
"""

cdef enum OpCode:   # the same integers as ionflux.lowering.operations.Op
    OP_SUM              # dst = sum of weight * register over terms a ... b
    OP_LINEAR           # dst = reg[c] * sum of weight * register over terms a ... b: a strength times an affinity
    OP_PRODUCT          # dst = reg[a] * reg[b]
    OP_RECIPROCAL       # dst = 1 / reg[a]
    OP_LOG              # dst = ln reg[a]
    OP_BERNOULLI        # dst, dst + 1 = B(reg[a]), B(-reg[a])
    OP_BERNOULLI_SLOPE  # dst, dst + 1 = B'(reg[a]), B'(-reg[a])
    OP_GHK              # dst = the Goldman-Hodgkin-Katz flux: c_in a, c_out b, permeability c, Bernoulli pair d
    OP_GHK_SLOPES       # dst ... dst + 2 = its derivatives by zu, c_in, c_out; slopes of the pair at e
    OP_FACTORS          # dst = reg[c] * product of the factors a ... b
    OP_FACTOR_SLOPES    # dst ... = its derivatives by the concentration of each factor
    OP_EXP              # dst = exp reg[a]
    OP_PHI              # dst = (e^x - 1 - x)/x^2 of x = reg[a]
    OP_PHI_SLOPE        # dst = its derivative
    OP_LOG_PRODUCT      # dst = reg[a] * reg[b], reg[c] = its logarithm
    OP_TABLE            # dst ... = functions of reg[a], tabulated together: table number `extra`
    OP_TABLE_SLOPES     # dst ... = their derivatives
    OP_LOGISTIC         # dst = 1/(1 + e^x) of x = reg[a]

cdef enum FactorCode:   # the same integers as ionflux.mechanisms.FactorKind
    FACTOR_POWER         # c^n
    FACTOR_SATURATION    # (c / (K + c))^n

cdef struct Op:
    int code
    int dst
    int a
    int b
    int c
    int d
    int e
    int extra            # 1: the slopes of GHK and of factors end with the derivative by the strength c; number of a table
    # 32 bytes. Registers stand as byte offsets, ranges as indices

cdef struct Program:
    int n
    const Op *op

cdef struct Term:        # weight * register
    int at
    int unused
    double weight

cdef struct Factor:      # registers of c and K
    int kind
    int power
    int c
    int K

cdef enum:
    MAX_SEGMENTS = 8     # as in ionflux.piecewise
    DEGREE = 5

cdef struct Table:       # functions of one variable on one grid; see ionflux.piecewise
    int n_segment
    int n                # functions
    double lo[MAX_SEGMENTS]       # start of each segment
    double scale[MAX_SEGMENTS]    # pieces per unit of x
    double first[MAX_SEGMENTS]    # first and last piece that may be taken
    double last[MAX_SEGMENTS]
    double row[MAX_SEGMENTS]      # where piece 0 stands, in rows
    const double *coefficient     # (rows, DEGREE + 1, functions), and some numbers more

cdef struct Group:       # of ionflux.lowering.placement
    int code
    int count
    int shape            # of sums, see operands.h
    int extra            # of sums, see operands.h; factors, or which table
    int after            # where in `index` the two operands stand that multiply a function's result, or 0
    int start            # where the vector is that sums begin with: 0, or what parameters alone make of their first terms
    int dst
    const long long *index
    const double *weight
    const double *weight_after

cdef struct Sums:        # value[i] = the terms from start[i] to start[i + 1]
    const int *start
    const Term *term

cdef struct Tables:
    int n                  # states
    int n_solved           # of these, the unknowns of the implicit system: all but the counters, which come last
    int n_algebraic        # rows without a time derivative
    int n_par              # parameters
    int n_reg              # registers
    int n_entry            # stored entries of the Jacobian: those of the matrix, then those of the counters' rows
    int n_matrix           # of these, entries of the matrix, fill-in included
    int n_tol              # rows of the error norm: the solved states, then the amounts that the charge balance replaces
    int dense              # n_solved where the matrix is stored whole (row by row), 0 where it is sparse
    Program rates          # what mechanisms share, and their rates
    Program slopes         # derivatives of the rates, and the products that the Jacobian is summed from
    const Term *term       # of the sums in both
    const Factor *factor
    const Table *table
    # the same for one cell alone; see solo.pxd
    int solo_states        # their number, padded
    int solo_one           # where the number 1 is
    int solo_size          # numbers
    int n_group
    int n_fixed            # of these, what parameters alone make
    const Group *group
    int solo_changes       # where dy/dt is
    const int *solo_value  # (n_tol) where the values that tolerances refer to are
    const int *solo_atol   # (n_tol) and the absolute tolerances
    # dy/dt and Jacobian
    Sums rows
    Sums entries
    const double *mass     # (n) 1, or 0 for an algebraic row
    # tolerance: sqrt(mean((error / (reg[atol] + rtol |y|))^2)); rows beyond n_solved hold sums of the states' errors
    const int *tol_atol    # (n_tol) register of the absolute tolerance
    const double *tol_rtol    # (n_tol) factor on the relative tolerance: 1, or 0 where only the absolute one counts
    const int *tol_value   # (n_tol) register whose magnitude the relative tolerance refers to (rows beyond n_solved)
    const int *tol_positive   # (n_tol) 1 where the value must not become negative
    Sums tol_sums          # for the rows beyond n_solved
    # rows of the counters: positions of their entries, and the columns of these
    const int *counter_start  # (n - n_solved + 1)
    const int *counter_entry
    const int *counter_column
    # sparse elimination: for pivot k the rows below it, for each of them the updates
    const int *diagonal    # (n_solved) position of M[k, k]
    const int *entry_row   # (n_matrix)
    const int *pivot_start    # (n_solved + 1) into lu_factor
    const int *lu_factor   # position of M[i, k]
    const int *lu_update_start    # into the two lists below, one more than lu_factor
    const int *lu_target   # position of M[i, j]
    const int *lu_source   # position of M[k, j]
    const int *lower_start    # (n_solved + 1) forward substitution: positions and columns
    const int *lower_entry
    const int *lower_column
    const int *upper_start    # (n_solved + 1) back substitution
    const int *upper_entry
    const int *upper_column
