# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The Poisson-Boltzmann equation as an initial-value problem: u'' + (m/r) u' = F(u) by Taylor series, panel after panel.

m = 0 for planes, 1 for cylinders, 2 for spheres; lengths, u, F and the salt as in pb.pxd; a lane is one surface. The exponentials
obey (e^{-zu})' = -z u' e^{-zu}, which turns the equation into recurrences for the coefficients (J. Irvine & A. Savageau, SIAM J.
Numer. Anal. 27, 704, 1990). A panel is as long as its last coefficients allow (A. Jorba & M. Zou, Exp. Math. 14, 99, 2005).

Marches run toward the wall, from where the decaying solution is known up to its size (far from a sphere or a cylinder, the middle
of a slit), since in that direction it is the solution that dominates; at a plane they run away from the wall, with u' taken
from the first integral on every panel. `shoot` finds the size of the solution that has the wanted potential or field at
the wall by Newton's method; the derivative comes from the linearised equation, which is marched along.
"""
from ionflux.core.lanes cimport v_abs, v_any, v_copysign, v_eq, v_fma, v_ge, v_gt, v_le, v_lt, v_max, v_min, v_select, v_set, v_seti, vd, vm
from ionflux.core.pb cimport MAX_GROUPS, Field, Salt, charge, field, sums
from ionflux.core.vmath cimport v_exp, v_log

cdef enum:
    ORDER = 20
    TERMS = 21                # ORDER + 1
    MAX_PANELS = 400
    TO_THE_END = 0            # what a march is to meet: its length, |u| or |u'|
    TO_POTENTIAL = 1
    TO_FIELD = 2

cdef extern from *:
    """
    static const double ifx_reciprocal[] = {0.0, 1.0, 1.0 / 2, 1.0 / 3, 1.0 / 4, 1.0 / 5, 1.0 / 6, 1.0 / 7, 1.0 / 8, 1.0 / 9,
        1.0 / 10, 1.0 / 11, 1.0 / 12, 1.0 / 13, 1.0 / 14, 1.0 / 15, 1.0 / 16, 1.0 / 17, 1.0 / 18, 1.0 / 19, 1.0 / 20};
    #define IFX_FINE -31.0     /* 3e-14 */
    #define IFX_COARSE -17.0   /* 4e-8 */
    """
    const double *RECIPROCAL "ifx_reciprocal"
    const double FINE "IFX_FINE"
    const double COARSE "IFX_COARSE"

# Where each panel starts, its unit of length, and the coefficients there; of the lanes that have come to their end copies.
cdef struct Panels:
    int n
    vd start[MAX_PANELS + 1]
    vd unit[MAX_PANELS]
    vd a[MAX_PANELS * TERMS]

cdef struct March:
    int bend                  # m
    int inward                # r falls along the march
    int project               # u' from the first integral on every panel
    int goal
    vd length                 # from start to wall
    vd r                      # at the start
    vd target                 # of |u| or |u'|
    vd accuracy               # ln of the relative error allowed to a panel
    # state at the end
    vd s
    vd u
    vd p                      # du/ds
    vd d                      # du/d ln(size), and its derivative
    vd dp
    vm early                  # the target was met before the wall, at s
    vm failed                 # MAX_PANELS were not enough, or something became infinite


cdef inline vd dot(const vd *a, const vd *b, int n) noexcept nogil:
    """Σ a_i b_{-i}, i < n. The first b and the last a are the ones just computed; they come last, the rest need not wait for them."""
    cdef vd s0 = v_set(0.0), s1 = v_set(0.0)
    cdef int i
    for i from 1 <= i < n - 2 by 2:
        s0 = v_fma(a[i], b[-i], s0)
        s1 = v_fma(a[i + 1], b[-i - 1], s1)
    if n > 2 and n % 2:
        s0 = v_fma(a[n - 2], b[2 - n], s0)
    s0 = s0 + s1
    if n > 1:
        s0 = v_fma(a[n - 1], b[1 - n], s0)
    return v_fma(a[0], b[0], s0)


cdef inline void series(const Salt *salt, const Field *at, int bend, vd per_r, vd u, vd p, vd d, vd dp, vd L,
                        const bint linear, vd *a, vd *b) noexcept nogil:
    """Coefficients a of u and, where `linear`, b of d, in powers of (s - s_start)/L. per_r = L/r, negative where r falls."""
    cdef vd W[MAX_GROUPS][TERMS]  # e^{-zu}
    cdef vd slope[TERMS]           # n a_n
    cdef vd f[TERMS]               # L² F
    cdef vd D[TERMS]               # 1 + v Σ (w/z)(e^{-zu} - 1)
    cdef vd h[TERMS]               # Σ w z e^{-zu} over D
    cdef vd q[TERMS]               # L² F'
    cdef vd e, before = v_set(0.0), e_before = v_set(0.0), L2 = L * L, sum, more, room, inverse = v_set(1.0), turn, share
    cdef int n, k
    a[0], a[1] = u, p * L
    slope[1] = a[1]
    f[0] = L2 * charge(salt, u, at)
    more = room = v_set(0.0)
    for k in range(salt.n):
        W[k][0] = at.e[k]
        more = v_fma(salt.wz[k], W[k][0], more)
        room = v_fma(salt.c[k], W[k][0] - v_set(1.0), room)
    if salt.sized:
        inverse = v_set(1.0) / v_fma(salt.size, room, v_set(1.0))
        h[0] = more = more * inverse
        if linear:
            more = more - salt.size * f[0] * f[0] / (L2 * L2)
    if linear:
        b[0], b[1] = d, dp * L
        q[0] = L2 * more
    for n in range(TERMS - 2):
        if n > 0:
            sum = more = room = v_set(0.0)
            for k in range(salt.n):
                e = v_set(-salt.z[k] * RECIPROCAL[n]) * dot(slope + 1, W[k] + n - 1, n)
                W[k][n] = e
                sum = v_fma(salt.w[k], e, sum)
                more = v_fma(salt.wz[k], e, more)
                room = v_fma(salt.c[k], e, room)
            f[n] = -L2 * sum
            if salt.sized:
                D[n] = salt.size * room
                f[n] = (f[n] - dot(D + 1, f + n - 1, n)) * inverse
                more = (more - dot(D + 1, h + n - 1, n)) * inverse
                h[n] = more
            if linear:
                q[n] = L2 * more
                if salt.sized:
                    q[n] = q[n] - salt.size * dot(f, f + n, n + 1) / L2
        turn = v_set((n + 1.0) * -(bend + n)) * per_r
        share = v_set(RECIPROCAL[n + 1] * RECIPROCAL[n + 2])
        a[n + 2] = v_fma(turn, a[n + 1], v_fma(per_r, before, f[n])) * share
        before = f[n]
        slope[n + 2] = v_set(n + 2.0) * a[n + 2]
        if linear:
            e = dot(q, b + n, n + 1)
            b[n + 2] = v_fma(turn, b[n + 1], v_fma(per_r, e_before, e)) * share
            e_before = e


cdef inline vd value(const vd *a, vd t) noexcept nogil:
    """Σ a_n t^n by Estrin's scheme, whose chain of dependent operations is short."""
    cdef vd t2 = t * t, t4 = t2 * t2, t8 = t4 * t4
    cdef vd A = v_fma(v_fma(a[3], t, a[2]), t2, v_fma(a[1], t, a[0]))
    cdef vd B = v_fma(v_fma(a[7], t, a[6]), t2, v_fma(a[5], t, a[4]))
    cdef vd C = v_fma(v_fma(a[11], t, a[10]), t2, v_fma(a[9], t, a[8]))
    cdef vd E = v_fma(v_fma(a[15], t, a[14]), t2, v_fma(a[13], t, a[12]))
    cdef vd G = v_fma(a[20], t4, v_fma(v_fma(a[19], t, a[18]), t2, v_fma(a[17], t, a[16])))
    return v_fma(v_fma(G, t8, v_fma(E, t4, C)), t8, v_fma(B, t4, A))


cdef inline vd first_derivative(const vd *a, vd t) noexcept nogil:
    """Σ n a_n t^{n-1}, even and odd terms apart."""
    cdef int n
    cdef vd t2 = t * t, odd = v_set(ORDER) * a[ORDER], even = v_set(ORDER - 1) * a[ORDER - 1]
    for n from ORDER - 2 >= n > 1 by 2:
        odd = v_fma(odd, t2, v_set(n) * a[n])
        even = v_fma(even, t2, v_set(n - 1) * a[n - 1])
    return v_fma(odd, t, even)


cdef inline vd second_derivative(const vd *a, vd t) noexcept nogil:
    cdef int n
    cdef vd s = v_set(ORDER * (ORDER - 1.0)) * a[ORDER]
    for n in range(ORDER - 1, 1, -1):
        s = v_fma(s, t, v_set(n * (n - 1.0)) * a[n])
    return s


cdef inline vd reach(const vd *a, vd accuracy) noexcept nogil:
    """How far the series holds to about e^accuracy of its first term, from its last two terms, in units of L."""
    cdef vd size = v_log(v_abs(a[0])) + accuracy
    cdef vd last = (size - v_log(v_abs(a[ORDER]) + v_set(1e-300))) * v_set(1.0 / ORDER)
    cdef vd previous = (size - v_log(v_abs(a[ORDER - 1]) + v_set(1e-300))) * v_set(1.0 / (ORDER - 1))
    return v_exp(v_min(v_min(last, previous), v_set(5.0)))


cdef inline void march(const Salt *salt, March *m, const bint linear, Panels *keep) noexcept nogil:
    """From u, p (and d, dp) at s = 0 to the wall or the target; panels are kept where `keep` is not NULL."""
    cdef vd own[TERMS]
    cdef vd b[TERMS]
    cdef vd *a = own
    cdef vd L, tau, rest, per_r, slope, meet, miss, step, scale, side = v_copysign(v_set(1.0), m.u)
    cdef vm busy = v_gt(m.length, v_set(0.0)), over, done, open
    cdef int panel = 0, _
    cdef Field at
    m.s = v_set(0.0)
    m.early = m.failed = v_seti(0)
    while panel < MAX_PANELS and v_any(busy):
        sums(salt, m.u, &at)
        if m.project:
            m.p = -field(salt, m.u, &at, &slope)
        L = v_set(1.0) / (v_set(1.0) + v_abs(m.p))
        per_r = v_set(0.0)
        if m.bend:
            per_r = -L / (m.r - m.s) if m.inward else L / (m.r + m.s)
        if keep != NULL:
            a = keep.a + panel * TERMS
            keep.start[panel] = m.s
            keep.unit[panel] = L
        series(salt, &at, m.bend, per_r, m.u, m.p, m.d, m.dp, L, linear, a, b)
        tau = v_min(reach(a, m.accuracy), v_set(0.4) / v_max(v_abs(per_r), v_set(1e-30)))
        rest = (m.length - m.s) / L
        done = busy & v_le(rest, tau)
        tau = v_min(tau, rest)
        if m.goal != TO_THE_END:
            meet = side * (value(a, tau) if m.goal == TO_POTENTIAL else first_derivative(a, tau) / L)
            over = busy & v_gt(meet, m.target)
            if v_any(over):
                open = over
                step = tau
                for _ in range(30):
                    if m.goal == TO_POTENTIAL:
                        miss = side * value(a, step) - m.target
                        slope = side * first_derivative(a, step)
                    else:
                        miss = side * first_derivative(a, step) - m.target * L
                        slope = side * second_derivative(a, step)
                    scale = v_max(v_min(miss / slope, step), v_set(0.0))
                    step = v_select(open, step - scale, step)
                    open = open & v_gt(scale, v_set(4e-16) * step)
                    if not v_any(open):
                        break
                tau = v_select(over, step, tau)
                m.early = m.early | over
                done = done | over
        tau = v_select(busy, tau, v_set(0.0))
        m.u = value(a, tau)
        m.p = v_select(busy, first_derivative(a, tau) / L, m.p)
        if linear:
            m.d = v_select(busy, value(b, tau), m.d)
            m.dp = v_select(busy, first_derivative(b, tau) / L, m.dp)
        m.s = m.s + tau * L
        panel += 1
        busy = busy & ~done & v_le(v_abs(m.u), v_set(1e300))
        m.failed = m.failed | v_le(v_abs(m.u), v_set(1e300)) ^ v_seti(-1)
    m.failed = m.failed | busy
    if keep != NULL:
        keep.start[panel] = v_max(m.s, m.length)
        keep.n = panel


# Input: bend, inward, goal, length, r, target. Output: ln|u| at the start, u and u' at the wall, du'/du there; sign is the wall's.
cdef struct Shot:
    vd size
    vd u
    vd p
    vd slope
    vd start                  # ln|u| at the start of the march
    vm failed


cdef inline void begin(March *m, vd size, vd sign) noexcept nogil:
    """The linear solution, e^{-r}/r or K₀(r), far from the wall, or the middle. What it neglects decays by e^{-2s} more than u grows."""
    cdef vd y = v_set(1.0) / m.r, tilt = v_set(0.0)
    m.u = m.d = v_copysign(v_exp(size), sign)
    if m.bend == 1:      # K₁/K₀ by its asymptotic series
        tilt = y * v_fma(v_fma(v_fma(v_set(-25.0 / 128), y, v_set(0.125)), y, v_set(-0.125)), y, v_set(0.5))
    elif m.bend == 2:
        tilt = y
    m.p = m.u * (v_set(1.0) + tilt) if m.inward else v_set(0.0)
    m.dp = m.p


cdef inline void shoot(const Salt *salt, March *m, vd sign, vd guess, vd highest, Shot *shot) noexcept nogil:
    """guess and highest: of ln|u| at the start."""
    cdef vd size = v_min(guess, highest), lo = v_set(-1e4), hi = highest, step, q, dq, rise, along, new
    cdef vd lead, miss, slope, u, p, reached, margin, before = v_set(100.0)
    cdef vm busy = v_gt(m.target, v_set(0.0)), inside, fine
    cdef int _
    cdef Field at
    shot.failed = ~busy
    m.accuracy = v_set(COARSE)
    for _ in range(60):
        begin(m, size, sign)
        march(salt, m, 1, NULL)
        sums(salt, m.u, &at)
        along = charge(salt, m.u, &at)
        if m.bend:
            along = along + v_set(m.bend) * m.p / (m.r - m.s)
        q, dq, rise = (m.u, m.d, m.p) if m.goal == TO_POTENTIAL else (m.p, m.dp, along)
        lead = m.length - m.s
        # Newton's step for ln s where the target was met before the wall, for the logarithm of what was to be met there otherwise
        step = v_select(m.early, v_log(m.s / m.length) * m.s * rise / dq, v_log(m.target / v_abs(q)) * q / dq)
        step = v_max(v_min(step, v_set(8.0)), v_set(-8.0))
        # Put right to first order for what is still missed. At a strongly charged wall that is much: u' changes within 1/u'.
        slope = m.dp / m.d
        miss = v_copysign(m.target, q) - q
        u, p = m.u, m.p
        if m.goal == TO_POTENTIAL:
            p = p + v_select(m.early, lead * (along - slope * m.p), slope * miss)
        else:
            u = u + v_select(m.early, lead * (m.p - along / slope), miss / slope)
        shot.u = v_select(busy, u, shot.u)
        shot.p = v_select(busy, p, shot.p)
        shot.slope = v_select(busy, slope, shot.slope)
        shot.start = v_select(busy, size + step, shot.start)
        shot.failed = v_select_mask(busy, m.failed, shot.failed)
        reached = v_abs(step) * (v_set(1.0) + v_abs(m.p))
        fine = v_lt(m.accuracy, v_set(COARSE))
        busy = busy & ~m.failed & ~(fine & (v_lt(reached, v_set(1e-8)) | v_lt(v_abs(step), v_set(1e-13))))
        if not v_any(busy):
            break
        margin = v_select(fine, v_set(1e-10), v_set(1e-3))      # which side of the root a size is on is only known so well
        hi = v_select(busy & m.early, v_min(hi, size + margin), hi)
        lo = v_select(busy & ~m.early, v_max(lo, size - margin), lo)
        new = size + step
        # a step that leaves the bracket, or is not much shorter than the one before, is no step of a Newton iteration that converges
        inside = v_gt(new, lo) & v_lt(new, hi) & (v_lt(v_abs(step), v_set(0.5) * before) | v_lt(v_abs(step), v_set(1e-3)))
        before = v_select(inside, v_abs(step), v_set(16.0))
        new = v_select(inside, new, v_set(0.5) * (v_max(lo, hi - v_set(20.0)) + hi))
        m.accuracy = v_select(fine | v_lt(v_abs(step), v_set(1e-2)), v_set(FINE), v_set(COARSE))
        size = v_select(busy, new, size)
    shot.failed = shot.failed | busy


cdef inline vm v_select_mask(vm m, vm a, vm b) noexcept nogil:
    return (m & a) | (~m & b)
