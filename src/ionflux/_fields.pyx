# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Formulas on arrays: check ranges, release the GIL, loop over blocks of elements.

Inputs broadcast against each other and may have any memory layout; nothing is copied but the block at hand. A kernel sees blocks
only: for every input BLOCK doubles side by side, a multiple of the vector length of them in use. It is built once per
instruction set (see _kernels.pyx); results are equal to the last bit across builds, threads and places in an array.

A new formula is one function of type `Kernel` here, made of inline functions of core/*.pxd, and one row in `KERNELS`.
"""
from libc.stdint cimport uintptr_t
from libc.string cimport memcpy

from ionflux.core.blocks cimport v_aligned, v_fence, v_load, v_prefetch, v_store, v_stream
from ionflux.core.lanes cimport IFX_ISA, VL, v_alloc, v_bits, v_fma, v_free, v_max, v_min, v_next, v_peek, v_set, v_seti, vd, vm
from ionflux.core.physics cimport INFINITY, donnan_root, ghk_net, ghk_root, ghk_slope, v_log_quotient
from ionflux.core.vmath cimport v_bernoulli, v_bernoulli_slope, v_log

cdef enum:
    BLOCK = 256              # elements; with the arrays of a Goldman current a block stays in the first cache
    AHEAD = 256              # how far ahead memory is asked for
    CHUNK = 64               # blocks that a thread takes at a time
    MAX_DIM = 64             # as many as NumPy has
    STREAMED = 1 << 17       # elements of a result from which on it is written past the caches

#: What a kernel has seen of the inputs that have a range. Signs are collected by or, which is less work than two comparisons; -0 and
#: a NaN with a sign are false alarms, which the caller looks into.
cdef struct Seen:
    vm signs                 # of concentrations and of what else is not negative
    vd c_most
    vd V_least
    vd V_most

#: x[j] and y[j] are the blocks of input and output j, n <= BLOCK a multiple of VL, p constants of the call, k a count among the inputs
ctypedef void (*Kernel)(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil


def isa() -> str:
    """Instruction set this module was built for."""
    return IFX_ISA.decode()


# ---- kernels ---------------------------------------------------------------------------------------------------------------------

cdef inline vd see_P(const double *x, Seen *s) noexcept nogil:
    """Load a number that is not negative."""
    cdef vd a = v_load(x)
    v_prefetch(x + AHEAD)
    s.signs = s.signs | v_bits(a)
    return a


cdef inline vd see_c(const double *x, Seen *s) noexcept nogil:
    """Load a concentration."""
    cdef vd a = see_P(x, s)
    s.c_most = v_max(a, s.c_most)            # the second where either is NaN
    return a


cdef inline vd see_V(const double *x, Seen *s) noexcept nogil:
    """Load a potential."""
    cdef vd a = v_load(x)
    v_prefetch(x + AHEAD)
    s.V_least = v_min(a, s.V_least)
    s.V_most = v_max(a, s.V_most)
    return a


cdef void k_nernst(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """x: c_in, c_out, gamma_in, gamma_out, RT/zF."""
    # pointers in variables of their own, here and below: the compiler cannot know that a store leaves the array of pointers alone
    cdef const double *c_in = x[0]
    cdef const double *c_out = x[1]
    cdef const double *g_in = x[2]
    cdef const double *g_out = x[3]
    cdef const double *VT = x[4]
    cdef double *E = y[0]
    cdef Py_ssize_t i
    cdef Seen s = seen[0]
    cdef vd a_in, a_out
    for i from 0 <= i < n by VL:
        a_in = see_c(c_in + i, &s) * see_P(g_in + i, &s)
        a_out = see_c(c_out + i, &s) * see_P(g_out + i, &s)
        v_store(E + i, v_load(VT + i) * v_log_quotient(a_out, a_in))
    seen[0] = s


cdef struct Film:
    const double *P
    const double *V
    const double *c_in
    const double *c_out
    const double *scale      # zF/RT


cdef inline void film(const Film *f, Py_ssize_t i, Seen *s, vd *P, vd *u, vd *c_in, vd *c_out) noexcept nogil:
    """What the Goldman kernels read."""
    P[0] = see_P(f.P + i, s)
    u[0] = see_V(f.V + i, s) * v_load(f.scale + i)
    c_in[0] = see_c(f.c_in + i, s)
    c_out[0] = see_c(f.c_out + i, s)


cdef void k_ghk(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """p: 1 for a flux, zF for a current."""
    cdef Film f = Film(x[0], x[1], x[2], x[3], x[4])
    cdef double *J = y[0]
    cdef Py_ssize_t i
    cdef Seen s = seen[0]
    cdef vd P, u, c_in, c_out, size = v_set(p[0])
    for i from 0 <= i < n by VL:
        film(&f, i, &s, &P, &u, &c_in, &c_out)
        v_store(J + i, ghk_net(P * size, u, c_in, c_out))
    seen[0] = s


cdef void k_ghk_conductance(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """p: zF."""
    cdef Film f = Film(x[0], x[1], x[2], x[3], x[4])
    cdef double *g = y[0]
    cdef Py_ssize_t i
    cdef Seen s = seen[0]
    cdef vd P, u, c_in, c_out, size = v_set(p[0])
    for i from 0 <= i < n by VL:
        film(&f, i, &s, &P, &u, &c_in, &c_out)
        v_store(g + i, ghk_slope(P * size * v_load(f.scale + i), u, c_in, c_out))
    seen[0] = s


cdef void k_one_way(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """y: efflux, influx."""
    cdef Film f = Film(x[0], x[1], x[2], x[3], x[4])
    cdef double *efflux = y[0]
    cdef double *influx = y[1]
    cdef Py_ssize_t i
    cdef Seen s = seen[0]
    cdef vd P, u, c_in, c_out, b_plus, b_minus
    for i from 0 <= i < n by VL:
        film(&f, i, &s, &P, &u, &c_in, &c_out)
        v_bernoulli(u, &b_plus, &b_minus)
        v_store(efflux + i, P * b_minus * c_in)
        v_store(influx + i, P * b_plus * c_out)
    seen[0] = s


cdef void k_ghk_voltage_1(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """All |z| = 1. x: P, c_e, c_n of each ion (see ghk_root), at last RT/F."""
    cdef Py_ssize_t i
    cdef int j
    cdef Seen s = seen[0]
    cdef vd E, N, P
    for i from 0 <= i < n by VL:
        E = N = v_set(0.0)
        for j in range(k):
            P = see_P(x[3 * j] + i, &s)
            E = E + P * see_c(x[3 * j + 1] + i, &s)
            N = N + P * see_c(x[3 * j + 2] + i, &s)
        v_store(y[0] + i, v_load(x[3 * k] + i) * v_log(N / E))
    seen[0] = s


cdef void k_ghk_voltage(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """x as above; p: |z| of each ion."""
    cdef Py_ssize_t i
    cdef int j
    cdef Seen s = seen[0]
    for i from 0 <= i < n by VL:
        for j in range(k):
            see_P(x[3 * j] + i, &s)
            see_c(x[3 * j + 1] + i, &s)
            see_c(x[3 * j + 2] + i, &s)
        v_store(y[0] + i, v_load(x[3 * k] + i) * ghk_root(x, i, p, k))
    seen[0] = s


cdef inline void membrane(const double *const *x, double *const *y, Py_ssize_t n, const double *p, const int k, Seen *seen) noexcept nogil:
    cdef Py_ssize_t i
    cdef int j
    cdef Seen s = seen[0]
    cdef vd E, N, P, in_, out, b_plus, b_minus, F = v_set(p[0])
    for i from 0 <= i < n by VL:
        v_bernoulli(see_V(x[3 * k] + i, &s) * v_load(x[3 * k + 1] + i), &b_plus, &b_minus)
        E = N = v_set(0.0)
        for j in range(k):
            P = see_P(x[3 * j] + i, &s)
            in_ = P * see_c(x[3 * j + 1] + i, &s)
            out = P * see_c(x[3 * j + 2] + i, &s)
            E = E + in_
            N = N + out
            v_store(y[j + 1] + i, F * v_fma(b_minus, in_, -(b_plus * out)))
        v_store(y[0] + i, v_load(x[3 * k + 2] + i) * v_log(N / E))
    seen[0] = s


cdef void k_membrane(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """All |z| = 1. x: P, c_e, c_n of each ion (see ghk_root), V, F/RT, RT/F; p: F; y: voltage of zero current, current of each ion."""
    if k == 2:
        membrane(x, y, n, p, 2, seen)
    elif k == 3:
        membrane(x, y, n, p, 3, seen)
    elif k == 4:
        membrane(x, y, n, p, 4, seen)
    else:
        membrane(x, y, n, p, k, seen)


cdef void k_donnan(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    """x: c of each ion, then X; p: z of each ion; y: F(phi_gel - phi_bath)/RT."""
    cdef Py_ssize_t i
    cdef int j
    cdef Seen s = seen[0]
    for i from 0 <= i < n by VL:
        for j in range(k):
            see_c(x[j] + i, &s)
        v_store(y[0] + i, donnan_root(x, i, p, k))
    seen[0] = s


cdef void k_bernoulli(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    cdef Py_ssize_t i
    cdef vd minus, plus
    for i from 0 <= i < n by VL:
        v_bernoulli(v_load(x[0] + i), &plus, &minus)
        v_store(y[0] + i, plus)


cdef void k_bernoulli_slope(const double *const *x, double *const *y, Py_ssize_t n, const double *p, int k, Seen *seen) noexcept nogil:
    cdef Py_ssize_t i
    cdef vd minus, plus
    for i from 0 <= i < n by VL:
        v_bernoulli_slope(v_load(x[0] + i), &plus, &minus)
        v_store(y[0] + i, plus)


KERNELS = (
    "nernst", "ghk", "ghk_conductance", "one_way", "ghk_voltage_1", "ghk_voltage", "membrane", "donnan", "bernoulli", "bernoulli_slope",
)
cdef Kernel *TABLE = [k_nernst, k_ghk, k_ghk_conductance, k_one_way, k_ghk_voltage_1, k_ghk_voltage, k_membrane, k_donnan, k_bernoulli,
                      k_bernoulli_slope]


# ---- the loop --------------------------------------------------------------------------------------------------------------------

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
    cdef double most_c
    cdef double most_V
    cdef object keep

    def __cinit__(self):
        self.op = NULL
        self.out = NULL
        self.p = NULL

    def __dealloc__(self):
        v_free(self.op)
        v_free(self.out)
        v_free(self.p)

    def __init__(self, str kernel, list inputs, tuple limits, tuple outputs, tuple shape, tuple order, tuple parameters=(), int k=0):
        """See `ionflux._broadcast.evaluate`, which makes the arguments.

        Parameters
        ----------
        inputs : list of float64 arrays, aligned and native
        limits : the largest concentration and |potential|; what is beyond, and negative concentrations, stop the loop (`refused`)
        outputs : arrays of `shape`, C-contiguous once their axes are in `order`
        shape, order : the common shape, and its axes in the order of iteration
        parameters, k : constants of the kernel
        """
        cdef int j, d, axis, nd = <int> len(shape), own
        cdef Py_ssize_t stride, expected
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
        if self.op == NULL or self.out == NULL or self.p == NULL:
            raise MemoryError
        for j in range(len(parameters)):
            self.p[j] = parameters[j]
        for j in range(self.n_out):
            self.out[j] = <double *> <uintptr_t> outputs[j].ctypes.data
        for j in range(self.n_in):
            self.op[j].base = <const char *> <uintptr_t> inputs[j].ctypes.data
            strides, lengths = inputs[j].strides, inputs[j].shape
            own = <int> len(lengths)
            for d in range(nd):
                axis = order[d] - (nd - own)
                self.op[j].stride[d] = 0 if axis < 0 or lengths[axis] == 1 else strides[axis]
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
        cdef Py_ssize_t first, last, i, m, n, at
        cdef Py_ssize_t lead = self._lead()
        cdef int j, lane
        cdef bint spill, stream = self.size >= STREAMED
        cdef double *own
        cdef Seen seen
        seen.signs = v_seti(0)
        seen.V_least = v_set(INFINITY)
        seen.V_most = seen.c_most = v_set(-INFINITY)
        for j in range(self.n_in):
            if self.op[j].mode == CONSTANT:
                own = memory + j * BLOCK
                for i in range(BLOCK):
                    own[i] = (<const double *> self.op[j].base)[0]
                x[j] = own
        while True:
            first = v_next(&self.taken) * CHUNK * BLOCK - lead
            if first >= self.size or v_peek(&self.refused):
                break
            last = first + CHUNK * BLOCK if self.size - first > CHUNK * BLOCK else self.size
            i = first
            while i < last:
                m = BLOCK if last - i > BLOCK else last - i
                if i < 0:                        # the short block at the beginning
                    m += i
                    i = 0
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
                    spill = m != n or (stream and v_aligned(self.out[j] + i))
                    y[j] = memory + (self.n_in + j) * BLOCK if spill else self.out[j] + i
                self.kernel(x, y, n, self.p, self.k, &seen)
                for j in range(self.n_out):
                    if m != n:
                        memcpy(self.out[j] + i, y[j], m * sizeof(double))
                    elif y[j] != self.out[j] + i:
                        for at from 0 <= at < n by VL:
                            v_stream(self.out[j] + i + at, v_load(y[j] + at))
                i += m
            if self.most_c < INFINITY and suspicious(&seen, self.most_c, self.most_V):
                self.refused = 1
        if stream:
            v_fence()

    cdef Py_ssize_t _lead(self) noexcept nogil:
        """By how much the first block is shorter, so that the result is written at multiples of the size of a vector from then on."""
        if self.size < STREAMED:
            return 0
        return (<uintptr_t> self.out[0] % (VL * sizeof(double))) / sizeof(double)
