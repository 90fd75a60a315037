# The flat tables of a model, and the right-hand side at many states at once.

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


cdef const Table *lookups(list keep, tables):
    """Grids and coefficients of what is tabulated, one entry per list of functions."""
    if not tables:
        return NULL
    memory = np.zeros(len(tables) * sizeof(Table), dtype=np.uint8)
    cdef unsigned char[::1] raw = memory
    cdef Table *t = <Table *> &raw[0]
    cdef Table *one
    cdef int i, j
    keep.append(memory)
    for i, (grid, coefficients) in enumerate(tables):
        one = t + i
        rows = 2 + sum(last + (1 if k < len(grid) - 1 else 0) for k, (_, _, _, last, _) in enumerate(grid))
        if not 1 <= len(grid) <= MAX_SEGMENTS or np.ndim(coefficients) != 3 or np.shape(coefficients)[0] != rows \
                or np.shape(coefficients)[2] < 1 or np.shape(coefficients)[1] != DEGREE + 1:
            raise ValueError("a table has no grid, or not the coefficients of its grid")
        one.n_segment, one.n = len(grid), np.shape(coefficients)[2]
        for j, (lo, scale, first, last, row) in enumerate(grid):
            one.lo[j], one.scale[j], one.first[j], one.last[j], one.row[j] = lo, scale, first, last, row
        one.coefficient = reals(keep, np.append(np.ravel(coefficients), np.zeros(16)))
    return t


cdef aligned(numbers, dtype):
    """A copy that begins a line of the cache: a vector across two lines costs twice."""
    memory = np.zeros(np.size(numbers) + 8, dtype=dtype)
    copy = memory[-memory.ctypes.data // 8 % 8:][:np.size(numbers)]
    copy[:] = numbers
    return copy


cdef const Group *groups(list keep, dict arrays):
    """What one cell alone walks through."""
    numbers, weights = aligned(arrays["solo_index"], np.int64), aligned(arrays["solo_weight"], np.float64)
    cdef const long long[::1] all_index = numbers
    cdef const double[::1] all_weights = weights
    cdef const long long *index = &all_index[0]
    cdef const double *weight = &all_weights[0]
    cdef Py_ssize_t i, count = len(arrays["solo_groups"])
    memory = np.zeros(max(count, 1) * sizeof(Group), dtype=np.uint8)
    cdef unsigned char[::1] raw = memory
    cdef Group *g = <Group *> &raw[0]
    keep += [memory, numbers, weights]
    for i in range(count):
        g[i].code, g[i].count, g[i].start, g[i].dst, g[i].shape, g[i].extra, g[i].after, at, at_weight, at_after = (
            arrays["solo_groups"][i].tolist())
        g[i].index = index + <Py_ssize_t> at
        g[i].weight = weight + <Py_ssize_t> at_weight
        g[i].weight_after = weight + <Py_ssize_t> at_after
    return g


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
    T.table = lookups(keep, arrays["tables"])
    T.solo_states, T.solo_one, T.solo_size, T.n_fixed = arrays["solo_sizes"]
    T.n_group = len(arrays["solo_groups"])
    T.group = groups(keep, arrays)
    T.solo_changes = arrays["solo_changes"]
    T.solo_value = ints(keep, arrays["solo_values"][:arrays["n_tol"]])
    T.solo_atol = ints(keep, arrays["solo_values"][arrays["n_tol"]:])
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
            add_rows(T, reg, d, 0, WV)
            for i in range(T.n):
                scatter(f + first * T.n + i, <double *> d + i * width, T.n, count, width)
        if J != NULL:
            runner(T, &T.slopes, reg)
            jacobian(T, reg, e, 0, WV)
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
