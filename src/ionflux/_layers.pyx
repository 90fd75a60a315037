# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Double layers on arrays: one surface a lane. The physics is in core/pb.pxd and core/pb_march.pxd; everything is in their units.

Rows are surfaces: w is (rows, valences), everything else (rows,). Every function does the rows first ... last - 1, so that threads
can share the work; arrays of results are written in place. Built once per instruction set; results are equal to the last bit
across builds, threads and places in an array.
"""
from libc.math cimport exp, sqrt

from ionflux.core.blocks cimport v_aligned, v_fence, v_load, v_store, v_stream
from ionflux.core.lanes cimport IFX_ISA, VL, v_alloc, v_free, v_get, v_put, v_set, vd
from ionflux.core.pb cimport MAX_GROUPS, Closed, Salt, closed_start, closed_value, potential_at, sums
from ionflux.core.pb cimport Field as Sums, field as field_of
from ionflux.core.pb_march cimport FINE, TERMS, TO_THE_END, March, Panels, Shot, begin, march, shoot, value

GROUPS = MAX_GROUPS

cdef enum:
    STREAMED = 1 << 17        # elements of a result from which on it is written past the caches


def isa() -> str:
    """Instruction set this module was built for."""
    return IFX_ISA.decode()


cdef int check(const double[::1] z, const double[:, ::1] w, const double[::1] size, Py_ssize_t first, Py_ssize_t last, lengths) except -1:
    cdef Py_ssize_t n = w.shape[0]
    if not 1 <= z.shape[0] <= MAX_GROUPS or w.shape[1] != z.shape[0] or (size is not None and size.shape[0] != n) \
            or not 0 <= first <= last <= n or {n, *lengths} != {n}:
        raise ValueError("arrays of double layers do not fit each other")
    return 0


cdef inline void load_salt(Salt *salt, const double[::1] z, const double[:, ::1] w, const double[::1] size, Py_ssize_t row,
                           int count) noexcept nogil:
    """Lanes beyond the last row repeat it."""
    cdef int k, lane
    salt.n = <int> z.shape[0]
    salt.sized = size is not None
    salt.size = v_set(0.0)
    for k in range(salt.n):
        salt.z[k] = z[k]
        for lane in range(VL):
            v_put(&salt.w[k], lane, w[row + (lane if lane < count else count - 1), k])
        salt.wz[k] = salt.w[k] * v_set(z[k])
        salt.c[k] = salt.w[k] / v_set(z[k])
    if salt.sized:
        salt.size = load(size, row, count)


cdef inline vd load(const double[::1] x, Py_ssize_t row, int count) noexcept nogil:
    cdef vd a
    cdef int lane
    for lane in range(VL):
        v_put(&a, lane, x[row + (lane if lane < count else count - 1)])
    return a


cdef inline void store(double[::1] x, Py_ssize_t row, int count, vd a) noexcept nogil:
    cdef int lane
    for lane in range(count):
        x[row + lane] = v_get(&a, lane)


def field(const double[::1] z, const double[:, ::1] w, const double[::1] size, const double[::1] u, double[::1] g, double[::1] slope,
          Py_ssize_t first, Py_ssize_t last) -> None:
    """g(u) and dg/du."""
    check(z, w, size, first, last, (u.shape[0], g.shape[0], slope.shape[0]))
    cdef Salt salt
    cdef Py_ssize_t row
    cdef int count
    cdef vd here, dg
    cdef Sums at
    with nogil:
        for row from first <= row < last by VL:
            count = VL if last - row >= VL else <int> (last - row)
            load_salt(&salt, z, w, size, row, count)
            here = load(u, row, count)
            sums(&salt, here, &at)
            store(g, row, count, field_of(&salt, here, &at, &dg))
            store(slope, row, count, dg)


def potential(const double[::1] z, const double[:, ::1] w, const double[::1] size, const double[::1] g, double[::1] u, double[::1] slope,
              Py_ssize_t first, Py_ssize_t last) -> None:
    """u(g), and dg/du there unless slope is None."""
    check(z, w, size, first, last, (g.shape[0], u.shape[0], g.shape[0] if slope is None else slope.shape[0]))
    cdef Salt salt
    cdef Sums at
    cdef Py_ssize_t row
    cdef int count
    cdef vd here, dg
    with nogil:
        for row from first <= row < last by VL:
            count = VL if last - row >= VL else <int> (last - row)
            load_salt(&salt, z, w, size, row, count)
            here = potential_at(&salt, load(g, row, count))
            store(u, row, count, here)
            if slope is not None:
                sums(&salt, here, &at)
                field_of(&salt, here, &at, &dg)
                store(slope, row, count, dg)


def closed(const double[::1] fraction, const double[::1] u0, const double[::1] kappa, const double[::1] factor, const double[::1] x,
           double[:, ::1] out, Py_ssize_t first, Py_ssize_t last) -> None:
    """Profiles with a closed form: out[row] = factor ln w(kappa x); u0 = ln w at the wall, fraction as in pb.closed_start."""
    cdef Py_ssize_t row, m = x.shape[0], n = out.shape[0]
    if not 0 <= first <= last <= n or out.shape[1] != m or {fraction.shape[0], u0.shape[0], kappa.shape[0], factor.shape[0]} != {n}:
        raise ValueError("arrays of double layers do not fit each other")
    cdef Closed c
    cdef int count, lane
    cdef bint streamed = n * m >= STREAMED
    with nogil:
        for row from first <= row < last by VL:
            count = VL if last - row >= VL else <int> (last - row)
            closed_start(load(fraction, row, count), load(u0, row, count), &c)
            for lane in range(count):
                if v_get(&c.above, lane) != 0.0:
                    closed_row(&c, lane, kappa[row + lane], factor[row + lane], &x[0], m, &out[row + lane, 0], 1, streamed)
                else:
                    closed_row(&c, lane, kappa[row + lane], factor[row + lane], &x[0], m, &out[row + lane, 0], 0, streamed)
        v_fence()


cdef inline void closed_row(const Closed *c, int lane, double kappa, double factor, const double *x, Py_ssize_t m, double *out,
                            const bint above, bint streamed) noexcept nogil:
    cdef vd r = v_set(v_get(&c.r, lane)), b = v_set(v_get(&c.b, lane)), q = v_set(v_get(&c.q, lane)), x0 = v_set(v_get(&c.x0, lane))
    cdef vd k = v_set(kappa), f = v_set(factor), t
    cdef Py_ssize_t i, whole = m - m % VL
    cdef int j
    if streamed and v_aligned(out):
        for i from 0 <= i < whole by VL:
            v_stream(out + i, f * closed_value(k * v_load(x + i) + x0, r, b, q, above))
    else:
        for i from 0 <= i < whole by VL:
            v_store(out + i, f * closed_value(k * v_load(x + i) + x0, r, b, q, above))
    if whole < m:
        t = v_set(0.0)
        for j in range(<int> (m - whole)):
            v_put(&t, j, x[whole + j])
        t = f * closed_value(k * t + x0, r, b, q, above)
        for j in range(<int> (m - whole)):
            out[whole + j] = v_get(&t, j)


def find(const double[::1] z, const double[:, ::1] w, const double[::1] size, int bend, int goal, const double[:, ::1] given,
         double[:, ::1] found, int[::1] failed, Py_ssize_t first, Py_ssize_t last) -> None:
    """Solutions with |u| (goal 1) or |u'| (goal 2) as wanted at the wall; see pb_march.shoot.

    given: length of the march, r at its start, |u| or |u'| wanted, sign of u, first guess and upper bound of ln|u| at the start
    found: ln|u| at the start; u, u' toward the wall and du'/du at the wall
    """
    check(z, w, size, first, last, (given.shape[1], found.shape[1], failed.shape[0]))
    if given.shape[0] != 6 or found.shape[0] != 4:
        raise ValueError("arrays of double layers do not fit each other")
    cdef Salt salt
    cdef March m
    cdef Shot shot
    cdef Py_ssize_t row
    cdef int count, lane
    with nogil:
        for row from first <= row < last by VL:
            count = VL if last - row >= VL else <int> (last - row)
            load_salt(&salt, z, w, size, row, count)
            m.bend, m.inward, m.project, m.goal = bend, bend > 0, 0, goal
            m.length, m.r, m.target = load(given[0], row, count), load(given[1], row, count), load(given[2], row, count)
            shoot(&salt, &m, load(given[3], row, count), load(given[4], row, count), load(given[5], row, count), &shot)
            store(found[0], row, count, shot.start)
            store(found[1], row, count, shot.u)
            store(found[2], row, count, shot.p)
            store(found[3], row, count, shot.slope)
            for lane in range(count):
                failed[row + lane] = (<const long long *> &shot.failed)[lane] != 0


def profile(const double[::1] z, const double[:, ::1] w, const double[::1] size, int bend, bint outward, const double[:, ::1] given,
            const double[::1] x, double[:, ::1] out, int[::1] failed, Py_ssize_t first, Py_ssize_t last) -> None:
    """out[row] = factor u(x), x from the wall, m, ascending.

    given: length of the march, r at its start, the start, sign of u, 1/λ, factor. `outward`: a plane, the start is u at the wall;
    otherwise it is ln|u| at the far end or in the middle.
    """
    check(z, w, size, first, last, (given.shape[1], out.shape[0], failed.shape[0]))
    if out.shape[1] != x.shape[0] or given.shape[0] != 6:
        raise ValueError("arrays of double layers do not fit each other")
    cdef Salt salt
    cdef March m
    cdef Py_ssize_t row
    cdef int count, lane, k
    cdef vd skew
    cdef Panels *panels = <Panels *> v_alloc(sizeof(Panels))
    if panels == NULL:
        raise MemoryError
    with nogil:
        for row from first <= row < last by VL:
            count = VL if last - row >= VL else <int> (last - row)
            load_salt(&salt, z, w, size, row, count)
            m.bend, m.inward, m.project, m.goal = bend, bend > 0, outward, TO_THE_END
            m.length, m.r, m.target = load(given[0], row, count), load(given[1], row, count), v_set(0.0)
            m.d = m.dp = m.p = v_set(0.0)
            m.accuracy = v_set(FINE)
            if outward:
                m.u = load(given[2], row, count)
            else:
                begin(&m, load(given[2], row, count), load(given[3], row, count))
            march(&salt, &m, 0, panels)
            skew = v_set(0.0)
            for k in range(salt.n):
                skew = skew + salt.wz[k] * v_set(salt.z[k] / 6.0)
            for lane in range(count):
                failed[row + lane] = (<const long long *> &m.failed)[lane] != 0
                profile_row(panels, lane, v_get(&skew, lane), bend, outward, given[0, row + lane], given[1, row + lane],
                            given[4, row + lane], given[5, row + lane], v_get(&m.u, lane), &x[0], x.shape[0], &out[row + lane, 0])
    v_free(panels)


cdef inline double decayed(int bend, double r, double far) noexcept nogil:
    """The solution of the linear equation at r + far over that at r >= 13: e^{-r}, K₀(r) by its asymptotic series, e^{-r}/r."""
    cdef double there = r + far
    if bend == 0:
        return exp(-far)
    if bend == 2:
        return exp(-far) * r / there
    return exp(-far) * sqrt(r / there) * series_of_k0(1.0 / there) / series_of_k0(1.0 / r)


cdef inline double series_of_k0(double y) noexcept nogil:
    return 1.0 + y * (-1.0 / 8 + y * (9.0 / 128 + y * (-75.0 / 1024 + y * (3675.0 / 32768 + y * (-59535.0 / 262144)))))


cdef inline void profile_row(const Panels *panels, int lane, double skew, int bend, bint outward, double length, double r, double kappa,
                             double factor, double u_end, const double *x, Py_ssize_t m, double *out) noexcept nogil:
    """The points of one row, panel by panel, the lanes now along x.

    skew: where u is small, u (1 + skew u) decays as the solution of the linear equation does (to second order at a plane).
    """
    cdef Py_ssize_t lo = 0, hi = m
    cdef int j
    cdef double begin_s, end_s, unit, far, left, u_start = v_get(panels.a, lane)
    for j in range(panels.n):
        begin_s, end_s, unit = v_get(panels.start + j, lane), v_get(panels.start + j + 1, lane), v_get(panels.unit + j, lane)
        if begin_s >= length:
            break
        if outward:
            hi = lo
            while hi < m and kappa * x[hi] < end_s:
                hi += 1
            piece(panels.a + j * TERMS, lane, kappa / unit, -begin_s / unit, factor, x, lo, hi, m, outward, out)
            lo = hi
        else:
            if j == 0:                        # beyond the start: the solution that decays
                while hi > 0 and kappa * x[hi - 1] > length:
                    hi -= 1
                    far = kappa * x[hi] - length
                    left = decayed(bend, r, far)
                    out[hi] = factor * u_start * left * (1.0 + skew * u_start * (1.0 - left))
            lo = hi
            while lo > 0 and (length - kappa * x[lo - 1] < end_s or end_s >= length):
                lo -= 1
            piece(panels.a + j * TERMS, lane, -kappa / unit, (length - begin_s) / unit, factor, x, lo, hi, m, outward, out)
            hi = lo
    if outward:
        for lo in range(lo, m):
            left = exp(length - kappa * x[lo])
            out[lo] = factor * u_end * left * (1.0 + skew * u_end * (1.0 - left))


cdef inline void piece(const vd *a, int lane, double slope, double offset, double factor, const double *x, Py_ssize_t lo, Py_ssize_t hi,
                       Py_ssize_t m, bint outward, double *out) noexcept nogil:
    """out = factor Σ a_n t^n, t = slope x + offset. What the last vector writes too much, the panels to come write again."""
    cdef vd c[TERMS]
    cdef vd t, k = v_set(slope), o = v_set(offset), f = v_set(factor)
    cdef Py_ssize_t i
    cdef int j
    if lo >= hi:
        return
    for j in range(TERMS):
        c[j] = v_set(v_get(a + j, lane))
    if outward:
        i = lo
        while i < hi and i + VL <= m:
            v_store(out + i, f * value(c, k * v_load(x + i) + o))
            i += VL
        lo = i
    else:
        i = hi
        while i > lo and i >= VL:
            i -= VL
            v_store(out + i, f * value(c, k * v_load(x + i) + o))
        hi = i
    if lo < hi:                               # fewer than a vector, at the end of the row
        t = v_set(0.0)
        for j in range(<int> (hi - lo)):
            v_put(&t, j, x[lo + j])
        t = f * value(c, k * t + o)
        for j in range(<int> (hi - lo)):
            out[lo + j] = v_get(&t, j)
