# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Poisson-Boltzmann at a plane: field against potential, its inverse, and the profile of salts with a closed form.

Lengths are in Debye lengths λ, potentials u = Fψ/RT, concentrations over I₂ = Σ z²c. With w_k = z_k c_k/I₂ (Σ z_k w_k = 1)

    u'' = F(u) = -Σ w_k (e^{-z_k u} - 1)              F(u) -> u where u is small
    g(u) = sgn(u) √(2 ∫F du) = |u'| toward the wall   σ = ε (RT/F)/λ · g: the Grahame equation

Ions of finite size (all of one lattice size a; Bikerman): F is divided by D = 1 + v Σ (w_k/z_k)(e^{-z_k u} - 1), v = a³ N_A I₂,
and ∫F du = ln(D)/v. Charge that the listed ions lack is taken as a uniform background that does not move; it is what the -1 in
each term stands for, and with neutral salts it is zero.

Sources: D. C. Grahame, Chem. Rev. 41, 441 (1947); J. J. Bikerman, Phil. Mag. 33, 384 (1942).
"""
from ionflux.core.lanes cimport v_abs, v_any, v_copysign, v_fma, v_gt, v_lt, v_max, v_min, v_select, v_set, v_sqrt, vd, vm
from ionflux.core.vmath cimport v_exp, v_exp_and_rest, v_expm1, v_log, v_log_near_one

cdef enum:
    MAX_GROUPS = 12           # different valences

cdef struct Salt:
    int n
    int sized
    double z[MAX_GROUPS]
    vd w[MAX_GROUPS]          # z_k c_k/I₂
    vd wz[MAX_GROUPS]         # w z: shares in I₂, their sum is one
    vd c[MAX_GROUPS]          # w/z
    vd size                   # v; read where `sized`


cdef inline vd v_log1p(vd t) noexcept nogil:
    """ln(1 + t) for t > -1: the rounding of 1 + t is put back."""
    cdef vd w = v_set(1.0) + t
    return v_log(w) + (t - (w - v_set(1.0))) / w


cdef inline vd v_asinh(vd x) noexcept nogil:
    """asinh x for 0 <= x < 1e150."""
    cdef vd x2 = x * x
    return v_log1p(x + x2 / (v_set(1.0) + v_sqrt(v_set(1.0) + x2)))


cdef inline vd exp_rest(vd y, vd e, vd one) noexcept nogil:
    """(e^y - 1 - y)/y², times `one` where `one` and e = e^y·one carry a common factor (then |y| is large)."""
    cdef vd far = (e - one - y * one) / (y * y)
    cdef vd p = v_set(7.647163731819816e-13)                             # 1/15!, then 1/14! ... 1/2!
    p = v_fma(p, y, v_set(1.1470745597729725e-11))
    p = v_fma(p, y, v_set(1.6059043836821613e-10))
    p = v_fma(p, y, v_set(2.08767569878681e-09))
    p = v_fma(p, y, v_set(2.505210838544172e-08))
    p = v_fma(p, y, v_set(2.755731922398589e-07))
    p = v_fma(p, y, v_set(2.7557319223985893e-06))
    p = v_fma(p, y, v_set(2.48015873015873e-05))
    p = v_fma(p, y, v_set(0.0001984126984126984))
    p = v_fma(p, y, v_set(0.001388888888888889))
    p = v_fma(p, y, v_set(0.008333333333333333))
    p = v_fma(p, y, v_set(0.041666666666666664))
    p = v_fma(p, y, v_set(0.16666666666666666))
    p = v_fma(p, y, v_set(0.5))
    return v_select(v_lt(v_abs(y), v_set(0.5)), p * one, far)


cdef struct Field:
    vd M                      # e^M has been taken out of h, l and `one`; not zero only beyond |zu| = 600
    vd one                    # e^{-M}
    vd h                      # ∫F du/u² of point ions
    vd l                      # F/u of point ions
    vd e[MAX_GROUPS]          # e^{-zu}, over e^M


cdef inline void sums(const Salt *salt, vd u, Field *f) noexcept nogil:
    cdef int k
    cdef vd y, p, top = v_set(600.0)
    for k in range(salt.n):
        top = v_max(v_set(-salt.z[k]) * u, top)
    f.M = top - v_set(600.0)
    f.one = v_exp(-f.M)
    f.h = f.l = v_set(0.0)
    for k in range(salt.n):
        y = v_set(-salt.z[k]) * u
        f.e[k] = v_exp(y - f.M)
        p = exp_rest(y, f.e[k], f.one) * salt.wz[k]
        f.h = f.h + p
        f.l = f.l + v_fma(y, p, salt.wz[k] * f.one)


cdef inline vd charge(const Salt *salt, vd u, const Field *f) noexcept nogil:
    """F(u), to full relative accuracy near u = 0 as well; |zu| < 600."""
    cdef vd F = u * f.l
    return F / v_fma(salt.size, f.h * u * u, v_set(1.0)) if salt.sized else F


cdef inline vd field(const Salt *salt, vd u, const Field *f, vd *slope) noexcept nogil:
    """g(u) and dg/du = F/g, regular at u = 0; whole range (e^{|zu|/2} of point ions overflows beyond |zu| = 1400)."""
    cdef vd h = f.h, l = f.l, factor = v_exp(v_set(0.5) * f.M), t, D, root
    if salt.sized:
        t = salt.size * h * u * u
        D = f.one + t
        h = v_select(v_gt(f.M, v_set(0.0)), (f.M + v_log(D)) / (salt.size * u * u),
                     v_select(v_gt(t, v_set(1e-300)), h * v_log1p(t) / t, h))
        l = l / D
        factor = v_set(1.0)
    root = v_sqrt(h + h)
    slope[0] = l / root * factor
    return u * root * factor


cdef inline vd potential_at(const Salt *salt, vd g) noexcept nogil:
    """u where the field is g, by Newton's method on ln ∫F du; lanes that have converged are left alone.

    With ions of finite size, ln(D)/v = g²/2 turns into the equation of point ions with ∫F du = (e^{v g²/2} - 1)/v.
    """
    cdef Field f
    cdef vd T = v_set(0.5) * g * g, lnT, u, step, t, gap, miss
    cdef vm busy, large
    cdef int _
    if salt.sized:
        t = salt.size * T
        lnT = v_select(v_gt(t, v_set(30.0)), t - v_log(salt.size), v_log(v_expm1(v_min(t, v_set(30.0))) / salt.size))
        T = v_select(v_gt(t, v_set(1e-300)), v_expm1(v_min(t, v_set(500.0))) / salt.size, T)
    else:
        lnT = v_log(T)
    large = v_gt(lnT, v_set(200.0))
    u = v_select(large, lnT, v_set(2.0) * v_asinh(v_sqrt(v_set(0.5) * v_min(T, v_set(1e90)))))   # exact for 1:1
    busy = v_gt(T, v_set(0.0))
    for _ in range(60):
        if not v_any(busy):
            break
        sums(salt, v_copysign(u, g), &f)
        t = f.h * u * u
        miss = (T - t) / t
        gap = v_select(large | v_gt(f.M, v_set(0.0)) | v_gt(v_abs(miss), v_set(0.5)),
                       lnT - v_log(t) - f.M, v_log1p(v_max(miss, v_set(-0.5))))
        step = v_max(gap * f.h * u / f.l, v_set(-0.75) * u)
        u = v_select(busy, u + step, u)
        busy = busy & v_gt(v_abs(step), v_set(1e-9) * u)
    return v_copysign(u, g)


# ---- salts of one sign's valences 1 and 2 with the other sign's 1: closed form ---------------------------------------------------------

# w = e^{±u} (sign by the divalent ion) as a function of E = e^{-(x + x_0)/λ}, x_0 the singularity's distance behind the wall.
#
# With a = √(c_divalent/(c_mono + c_divalent)), c_mono the ion of the other sign, and r = (1 - a)/(1 + a):
# w = (1 - E)(1 - r²E)/(1 + rE)² below the bath's potential, (1 + E/r)(1 + rE)/(1 - E)² above it.
# Source: G. Gouy, J. Phys. 9, 457 (1910), in A. A. Chernov's form of the integral, dw/dx = ∓(1 - w) √((1 - a²) w + a²) (λ = 1).
cdef struct Closed:
    vd r
    vd b                      # 1 - r²
    vd q                      # 4/(1 - a²)
    vd x0                     # in λ
    vd above                  # 1 where w > 1, else 0


cdef inline void closed_start(vd fraction, vd u0, Closed *c) noexcept nogil:
    """fraction = a²; u0 = ln w at the wall."""
    cdef vd one = v_set(1.0), a = v_sqrt(fraction)
    cdef vd w = v_exp(u0), y = v_sqrt(v_fma(one - fraction, w, fraction))
    cdef vd e0 = -v_expm1(u0) * (one - fraction) / ((one + y) * (one + y))             # (1 - y)/(1 + y), signed
    cdef vm above = v_gt(u0, v_set(0.0))
    c.r = (one - a) / (one + a)
    c.b = v_set(4.0) * a / ((one + a) * (one + a))
    c.q = v_set(4.0) / (one - fraction)
    c.above = v_select(above, one, v_set(0.0))
    cdef vd E = v_select(above, -e0, e0 / c.r)
    cdef vd rest = v_select(above, v_set(2.0) / (y + one), v_set(2.0) * (one + a) * w / ((one + y) * (y + a)))
    c.x0 = -v_select(v_lt(rest, v_set(0.5)), v_log1p(-v_min(rest, v_set(0.5))), v_log(E))


cdef inline vd closed_far(vd t, vd r, vd q, const bint above, vm *too_near) noexcept nogil:
    """ln w at t = (x + x_0)/λ where w is within 2/3 ... 3/2: from (w - 1)/(w + 1), which needs one division and loses nothing as w -> 1."""
    cdef vd one = v_set(1.0), two = v_set(2.0), E = v_exp(-t), y, s
    if above:
        y = q * E
        s = y / v_fma(two * (one - E), one - E, y)
    else:
        E = r * E
        y = q * E
        s = -y / v_fma(two * (one + E), one + E, -y)
    too_near[0] = v_gt(v_abs(s), v_set(0.2))
    return v_log_near_one(s)


cdef inline vd closed_near(vd t, vd r, vd b, vd q, const bint above) noexcept nogil:
    """ln w at any t, accurate at a strongly charged wall (E near 1), too."""
    cdef vd one = v_set(1.0), rest, E = v_exp_and_rest(-t, &rest), e, d, w, y, sum
    cdef vm near
    if above:
        d = one / (rest * rest)
        w = v_fma(E, one / r, one) * v_fma(E, r, one) * d
        y = q * E * d
    else:
        e = r * E
        d = one / ((one + e) * (one + e))
        w = rest * v_fma(E, b, rest) * d
        y = -q * e * d
    near = v_lt(v_abs(y), v_set(0.5))
    sum = one + y
    w = v_select(near, sum, w)
    # the rounding of 1 + y over w; 1/w to an eighth is enough for what is less than a unit in the last place
    d = one - w
    return v_log(w) + v_select(near, (y - (sum - one)) * v_fma(d, d, one + d), v_set(0.0))


cdef inline vd closed_value(vd t, vd r, vd b, vd q, const bint above) noexcept nogil:
    """ln w at t. Each lane takes the way that its own t asks for, so that neighbours do not matter."""
    cdef vm too_near
    cdef vd far = closed_far(t, r, q, above, &too_near)
    return v_select(too_near, closed_near(t, r, b, q, above), far) if v_any(too_near) else far
