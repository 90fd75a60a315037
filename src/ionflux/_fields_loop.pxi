# The loop over blocks of elements: broadcasting, ranges, threads.

def overlap(a, list others) -> bool:
    """Whether the memory of an array may overlap that of one of the others; plain numbers have none."""
    cdef Py_ssize_t lo, hi, first, last
    extent(a, &lo, &hi)
    for other in others:
        if type(other) is not float:
            extent(other, &first, &last)
            if first < hi and lo < last:
                return True
    return False


cdef int extent(a, Py_ssize_t *lo, Py_ssize_t *hi) except -1:
    """First byte of an array and the one after its last."""
    cdef Py_buffer seen
    cdef int d
    PyObject_GetBuffer(a, &seen, PyBUF_STRIDES)
    lo[0] = hi[0] = <Py_ssize_t> seen.buf
    for d in range(seen.ndim):
        if seen.shape[d] == 0:
            break
        if seen.strides[d] < 0:
            lo[0] += (seen.shape[d] - 1) * seen.strides[d]
        else:
            hi[0] += (seen.shape[d] - 1) * seen.strides[d]
    hi[0] += seen.itemsize
    PyBuffer_Release(&seen)
    return 0


cdef enum:
    CONSTANT = 0             # one number for all elements
    DIRECT = 1               # side by side in memory already
    GATHERED = 2             # any other layout

cdef struct Operand:
    const char *base
    int mode
    Py_ssize_t stride[MAX_DIM]


cdef inline void gather(const Operand *op, int nd, const Py_ssize_t *shape, Py_ssize_t first, Py_ssize_t m, double *to) noexcept nogil:
    """Elements first ... first + m - 1 in the order of iteration, side by side."""
    cdef Py_ssize_t at[MAX_DIM]
    cdef Py_ssize_t done = 0, run, step, i
    cdef const char *p = op.base
    cdef int d
    for d in range(nd - 1, -1, -1):
        at[d] = first % shape[d]
        first = first / shape[d]
        p += at[d] * op.stride[d]
    step = op.stride[nd - 1]
    while True:
        run = shape[nd - 1] - at[nd - 1]
        if run > m - done:
            run = m - done
        for i in range(run):
            to[done + i] = (<const double *> (p + i * step))[0]
        done += run
        if done == m:
            return
        p -= at[nd - 1] * step
        at[nd - 1] = 0
        d = nd - 2
        while True:
            at[d] += 1
            p += op.stride[d]
            if at[d] < shape[d]:
                break
            p -= shape[d] * op.stride[d]
            at[d] = 0
            d -= 1


cdef inline bint suspicious(const Seen *s, double most_c, double most_V) noexcept nogil:
    """Whether something outside its range may have been seen."""
    cdef int lane
    for lane in range(VL):
        if (<const double *> &s.c_most)[lane] > most_c or (<const double *> &s.V_most)[lane] > most_V \
                or (<const double *> &s.V_least)[lane] < -most_V or (<const long long *> &s.signs)[lane] < 0:
            return True
    return False


cdef class Loop:
    """One formula on arrays that broadcast; any number of threads may call `work`."""

    cdef Kernel kernel
    cdef int n_in
    cdef int n_out
    cdef int k
    cdef int nd
    cdef readonly int refused    # 1 once something that may be outside its range has been seen
    cdef long long taken     # chunks handed out
    cdef Py_ssize_t size
    cdef Py_ssize_t shape[MAX_DIM]
    cdef Operand *op
    cdef double **out
    cdef double *p
    cdef double *number      # inputs that are plain numbers
    cdef double most_c
    cdef double most_V
    cdef object keep

    def __cinit__(self):
        self.op = NULL
        self.out = NULL
        self.p = NULL
        self.number = NULL

    def __dealloc__(self):
        v_free(self.op)
        v_free(self.out)
        v_free(self.p)
        v_free(self.number)

    def __init__(self, str kernel, list inputs, tuple limits, tuple outputs, tuple shape, tuple order, tuple parameters=(), int k=0):
        """See `ionflux._broadcast.evaluate`, which makes the arguments.

        Parameters
        ----------
        inputs : list of floats and of float64 arrays, aligned and native
        limits : the largest concentration and |potential|; what is beyond, and negative concentrations, stop the loop (`refused`)
        outputs : arrays of `shape`, C-contiguous once their axes are in `order`
        shape, order : the common shape, and its axes in the order of iteration
        parameters, k : constants of the kernel
        """
        cdef int j, d, axis, nd = <int> len(shape)
        cdef Py_ssize_t stride, expected
        cdef Py_buffer seen
        cdef Py_ssize_t full[MAX_DIM]
        cdef bint same, contiguous
        if nd > MAX_DIM:
            raise ValueError("too many dimensions")
        self.kernel = TABLE[KERNELS.index(kernel)]
        self.n_in, self.n_out, self.k = <int> len(inputs), <int> len(outputs), k
        self.most_c, self.most_V = limits
        self.keep = (inputs, outputs)
        self.size = 1
        for d in range(nd):
            full[d] = shape[order[d]]
            self.size *= full[d]
        self.op = <Operand *> v_alloc(self.n_in * sizeof(Operand))
        self.out = <double **> v_alloc(self.n_out * sizeof(double *))
        self.p = <double *> v_alloc((len(parameters) + 1) * sizeof(double))
        self.number = <double *> v_alloc(self.n_in * sizeof(double))
        if self.op == NULL or self.out == NULL or self.p == NULL or self.number == NULL:
            raise MemoryError
        for j in range(len(parameters)):
            self.p[j] = parameters[j]
        # the arrays stay alive in `keep`; a buffer is the quick way to their address and strides
        for j in range(self.n_out):
            PyObject_GetBuffer(outputs[j], &seen, PyBUF_STRIDES | PyBUF_WRITABLE)
            self.out[j] = <double *> seen.buf
            PyBuffer_Release(&seen)
        for j in range(self.n_in):
            if type(inputs[j]) is float:
                self.number[j] = inputs[j]
                self.op[j].base = <const char *> (self.number + j)
                continue             # all strides are 0
            PyObject_GetBuffer(inputs[j], &seen, PyBUF_STRIDES)
            self.op[j].base = <const char *> seen.buf
            for d in range(nd):
                axis = <int> order[d] - (nd - seen.ndim)
                self.op[j].stride[d] = 0 if axis < 0 or seen.shape[axis] == 1 else seen.strides[axis]
            PyBuffer_Release(&seen)
        # neighbouring axes that every input walks through as one are one
        self.nd = 0
        for d in range(nd):
            if full[d] == 1:
                continue
            same = self.nd > 0
            for j in range(self.n_in):
                same = same and self.op[j].stride[self.nd - 1] == self.op[j].stride[d] * full[d]
            if same:
                self.shape[self.nd - 1] *= full[d]
            else:
                self.shape[self.nd] = full[d]
                self.nd += 1
            for j in range(self.n_in):
                self.op[j].stride[self.nd - 1] = self.op[j].stride[d]
        for j in range(self.n_in):
            contiguous, same, expected = True, True, sizeof(double)
            for d in range(self.nd - 1, -1, -1):
                stride = self.op[j].stride[d]
                same = same and stride == 0
                contiguous = contiguous and stride == expected
                expected *= self.shape[d]
            self.op[j].mode = CONSTANT if same else DIRECT if contiguous else GATHERED

    def work(self) -> None:
        """Evaluate chunks until none is left, or until an input is outside its range. Call it from as many threads as are wanted."""
        cdef double *memory
        cdef const double **x
        cdef double **y
        memory = <double *> v_alloc((self.n_in + self.n_out) * (BLOCK * sizeof(double) + sizeof(double *)))
        if memory == NULL:
            raise MemoryError
        x = <const double **> (memory + (self.n_in + self.n_out) * BLOCK)
        y = <double **> (x + self.n_in)
        with nogil:
            self._walk(memory, x, y)
            v_free(memory)

    cdef void _walk(self, double *memory, const double **x, double **y) noexcept nogil:
        cdef Py_ssize_t first, last, i, m, n
        cdef Py_ssize_t longest = BLOCK if self.size >= BLOCK else (self.size + VL - 1) / VL * VL
        cdef int j, lane
        cdef double *own
        cdef Seen seen
        seen.signs = v_seti(0)
        seen.V_least = v_set(INFINITY)
        seen.V_most = seen.c_most = v_set(-INFINITY)
        for j in range(self.n_in):
            if self.op[j].mode == CONSTANT:
                own = memory + j * BLOCK
                for i in range(longest):
                    own[i] = (<const double *> self.op[j].base)[0]
                x[j] = own
        while True:
            first = v_next(&self.taken) * CHUNK * BLOCK
            if first >= self.size or v_peek(&self.refused):
                break
            last = first + CHUNK * BLOCK if self.size - first > CHUNK * BLOCK else self.size
            i = first
            while i < last:
                m = BLOCK if last - i > BLOCK else last - i
                n = (m + VL - 1) / VL * VL
                for j in range(self.n_in):
                    if self.op[j].mode == CONSTANT:
                        continue
                    if self.op[j].mode == DIRECT and m == n:
                        x[j] = <const double *> self.op[j].base + i
                        continue
                    own = memory + j * BLOCK
                    if self.op[j].mode == DIRECT:
                        memcpy(own, <const double *> self.op[j].base + i, m * sizeof(double))
                    else:
                        gather(&self.op[j], self.nd, self.shape, i, m, own)
                    for lane in range(m, n):
                        own[lane] = own[m - 1]
                    x[j] = own
                for j in range(self.n_out):
                    y[j] = self.out[j] + i if m == n else memory + (self.n_in + j) * BLOCK
                self.kernel(x, y, n, self.p, self.k, &seen)
                if m != n:
                    for j in range(self.n_out):
                        memcpy(self.out[j] + i, y[j], m * sizeof(double))
                i += m
            if self.most_c < INFINITY and suspicious(&seen, self.most_c, self.most_V):
                self.refused = 1
