# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The flat tables that a model is lowered to.

A model is data: which ions move, how many per cycle, by which rate law. Lowering turns that data into the lists below, and
the kernels walk them. Everything a right-hand side needs lives in one file of *registers* (`vd` each, one value per lane):

    [0, n)              states: amounts (mol), volumes (m^3), membrane charges (mol of elementary charge), gates
    [n, n + n_par)      parameters, one value per cell, changed at the break points of a schedule
    [n + n_par, ...)    what the mechanisms share (concentrations, logarithms, V, affinities, Bernoulli pairs), the rates,
                        their derivatives, and the products that the Jacobian is summed from

`Ops` is a straight-line program over registers: `shared` is run at every evaluation, `slopes` and `products` only where the
Jacobian is wanted. Rows (dy/dt) and entries (of the Jacobian) are constant sparse sums over registers, so a kernel gathers
and never scatters, and a conserved total is conserved because its rows hold the same rate with opposite integers.
"""

cdef enum OpCode:
    OP_SUM          # dst = sum of weight * register          a: first term, b: one past the last
    OP_PRODUCT      # dst = reg[a] * reg[b]
    OP_RECIPROCAL   # dst = 1 / reg[a]
    OP_LOG          # dst = ln reg[a]
    OP_BERNOULLI    # dst = B(reg[a]), dst + 1 = B(-reg[a])
    OP_BERNOULLI_SLOPE  # dst = B'(reg[a]), dst + 1 = B'(-reg[a])

cdef enum LawCode:   # the same integers as ionflux.mechanisms.Law; OHMIC and COTRANSPORT are both linear in the affinity
    LAW_OHMIC
    LAW_GHK
    LAW_COTRANSPORT
    LAW_PRODUCT
    LAW_WATER

cdef enum FactorCode:   # the same integers as ionflux.mechanisms.FactorKind
    FACTOR_POWER         # c^n
    FACTOR_SATURATION    # (c / (K + c))^n

cdef struct Sums:          # value[i] = sum over k in [start[i], start[i + 1]) of weight[k] * reg[index[k]]
    const int *start
    const int *index
    const double *weight

cdef struct Ops:
    int n
    const int *code
    const int *dst
    const int *a
    const int *b

cdef struct Tables:
    int n                  # states
    int n_par              # parameters
    int n_reg              # registers
    int n_law              # mechanisms
    int n_entry            # stored entries of the Jacobian, fill-in included
    int n_tol              # rows of the error norm: the states, then the amounts that the charge balance replaces
    int dense              # n where the matrix is stored whole (row by row), 0 where it is sparse
    # what is shared, and what only the Jacobian needs
    Ops shared
    Ops slopes
    Ops products
    const int *term_index
    const double *term_weight
    # mechanisms: law, register of the rate, of its strength, arguments, first register of the derivatives
    const int *law
    const int *rate
    const int *strength
    const int *arg_start
    const int *arg         # registers; for a factor: kind, power, register of c, register of K
    const int *slope
    # dy/dt and Jacobian
    Sums rows
    Sums entries
    const double *mass     # (n) 1, or 0 for an algebraic row
    # tolerance: sqrt(mean((error / (reg[atol] + rtol |y|))^2)); rows beyond n hold sums of the states' errors
    const int *tol_atol    # (n_tol) register of the absolute tolerance
    const double *tol_rtol    # (n_tol) factor on the relative tolerance: 1, or 0 where only the absolute one counts
    const int *tol_value   # (n_tol) register whose magnitude the relative tolerance refers to (rows beyond n)
    const int *tol_positive   # (n_tol) 1 where the value must not become negative
    Sums tol_sums          # for the rows beyond n
    # sparse elimination: for pivot k the rows below it, for each of them the updates
    const int *diagonal    # (n) position of M[k, k]
    const int *entry_row   # (n_entry)
    const int *pivot_start    # (n + 1) into lu_factor
    const int *lu_factor   # position of M[i, k]
    const int *lu_update_start    # into the two lists below, one more than lu_factor
    const int *lu_target   # position of M[i, j]
    const int *lu_source   # position of M[k, j]
    const int *lower_start    # (n + 1) forward substitution: positions and columns
    const int *lower_entry
    const int *lower_column
    const int *upper_start    # (n + 1) back substitution
    const int *upper_entry
    const int *upper_column
