# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Vectors of lanes for the kernels; see lanes.h for what each operation means.

`vd` and `vm` are declared as plain numbers so that Cython passes arithmetic through; the C compiler sees the vector
type. A literal must be put in every lane explicitly: `v_set(2.0) * x`, never `2.0 * x`.
"""

cdef extern from "lanes.h" nogil:
    ctypedef double vd
    ctypedef long long vm
    enum: VL "IFX_VL"
    const char *IFX_ISA

    vd v_set(double x) noexcept
    vm v_seti(long long x) noexcept
    vm v_bits(vd x) noexcept
    vd v_double(vm i) noexcept
    vm v_shl(vm i, int n) noexcept
    vm v_shr(vm i, int n) noexcept
    vm v_addi(vm a, vm b) noexcept
    vm v_subi(vm a, vm b) noexcept
    vm v_lt(vd a, vd b) noexcept
    vm v_le(vd a, vd b) noexcept
    vm v_eq(vd a, vd b) noexcept
    vm v_gt(vd a, vd b) noexcept
    vm v_ge(vd a, vd b) noexcept
    vd v_select(vm m, vd a, vd b) noexcept
    unsigned v_any(vm m) noexcept
    vd v_fma(vd a, vd b, vd c) noexcept
    vd v_fnma(vd a, vd b, vd c) noexcept
    vd v_sqrt(vd a) noexcept
    vd v_abs(vd a) noexcept
    vd v_copysign(vd a, vd s) noexcept
    vd v_min(vd a, vd b) noexcept
    vd v_max(vd a, vd b) noexcept
    vm v_finite(vd a) noexcept
    vd v_gather(const double *p, vm i) noexcept
    double v_get(const vd *a, int lane) noexcept
    void v_put(vd *a, int lane, double x) noexcept
    void *v_alloc(size_t n_bytes) noexcept
    void v_free(void *p) noexcept
    long long v_next(long long *counter) noexcept
    int v_peek(const int *flag) noexcept
    int lowest_bit(unsigned bits) noexcept
    int ifx_cpu_level() noexcept
