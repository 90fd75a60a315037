# Part of _films.pyx: what needs many steps for a problem. The loops over nodes are compiled for the usual numbers of ions, once.

cdef void swept(const Grid *grid, const Lanes *p, const vd *y, vd *step, vd *tangent, vd *store, bint both, const vd *load) noexcept nogil:
    if grid.ions == 3 and both:
        sweep(grid, p, y, step, tangent, store, 1, load, 3)
    elif grid.ions == 3:
        sweep(grid, p, y, step, tangent, store, 0, NULL, 3)
    elif grid.ions == 2 and both:
        sweep(grid, p, y, step, tangent, store, 1, load, 2)
    elif grid.ions == 2:
        sweep(grid, p, y, step, tangent, store, 0, NULL, 2)
    else:
        sweep(grid, p, y, step, tangent, store, both, load, grid.ions)


cdef void flows(const Grid *grid, const Lanes *p, const Lanes *change, const vd *y, const vd *tangent, vd *J, vd *dJ) noexcept nogil:
    if grid.ions == 3:
        fluxes(grid, p, change, y, tangent, J, dJ, 3)
    else:
        fluxes(grid, p, change, y, tangent, J, dJ, grid.ions)


cdef void settle(const Grid *grid, vd *tangent, const vd *fresh, vm on) noexcept nogil:
    """A lane that has come to its end keeps the tangent it had there: it must not depend on how long others take."""
    cdef int k
    for k in range((grid.n + 1) * (grid.ions + 1)):
        tangent[k] = v_select(on, fresh[k], tangent[k])


cdef vd newton(const Grid *grid, const Lanes *p, vd *y, vd *step, vd *tangent, vd *spare, vd *store, vm *failed, int most,
               double close) noexcept nogil:
    """Newton's method; returns how many steps each lane took.

    A step of `near` is followed by one that also has the tangent: convergence is quadratic, and that one is the last as a rule. It has
    to be within `close`; lanes that are not yet there go on.
    """
    cdef vd worst, taken = v_set(0.0)
    cdef vd near = v_set(1e-3)
    cdef vm on = v_eq(taken, taken), coarse = on, lost
    cdef int _turn, S = grid.ions
    failed[0] = on
    for _turn in range(most):
        if not v_any(on):
            break
        if v_any(coarse & on):
            swept(grid, p, y, step, tangent, store, 0, NULL)
            worst = add_step(grid, y, step, coarse & on, S)
            taken = v_select(coarse & on, taken + v_set(1.0), taken)
            lost = ~v_le(worst, v_set(1e8)) & coarse        # NaN and what runs away: given up
            on = on & ~lost
            coarse = coarse & ~v_le(worst, near)
        else:
            swept(grid, p, y, step, spare, store, 1, NULL)
            settle(grid, tangent, spare, on)
            worst = add_step(grid, y, step, on, S)
            taken = v_select(on, taken + v_set(1.0), taken)
            failed[0] = failed[0] & ~(on & v_le(worst, v_set(close)))
            on = on & ~v_le(worst, v_set(close)) & v_le(worst, v_set(1e8))
    return taken


cdef void slopes_of(const Grid *grid, const Lanes *p, const Lanes *change, const vd *y, vd *step, vd *tangent, vd *load, vd *store,
                    vd *J, vd *dJ) noexcept nogil:
    """Fluxes and how they move with the coefficients and with the ends, whose changes are in tangent."""
    load_of(grid, p, change, y, tangent, load, grid.ions)
    swept(grid, p, y, step, tangent, store, 1, load)
    flows(grid, p, change, y, tangent, J, dJ)


cdef vd newton_on(const Line *line, const Grid *grid, const Lanes *p, vd *y, vd *step, vd *tangent, vd *spare, vd *store, vm *failed,
                  int most, double close) noexcept nogil:
    """Newton's method for the profile and V together; returns how many steps each lane took. y: where to start, V among it."""
    cdef vd worst, taken = v_set(0.0), rest, slope, more
    cdef vd J[MAX_IONS]
    cdef vd along[MAX_IONS]
    cdef vd dJ[MAX_IONS]
    cdef vm on = v_eq(taken, taken)
    cdef int S = grid.ions, N = S + 1, _turn, k, i
    failed[0] = on
    for _turn in range(most):
        if not v_any(on):
            break
        swept(grid, p, y, step, spare, store, 1, NULL)
        settle(grid, tangent, spare, on)
        flows(grid, p, NULL, y, step, J, along)
        flows(grid, p, NULL, y, spare, J, dJ)
        rest, slope = v_fnma(line.volt, y[S], line.target), line.volt
        for i in range(S):
            rest = v_fnma(line.current * v_set(grid.z[i]), J[i] + along[i], rest)
            slope = v_fma(line.current * v_set(grid.z[i]), dJ[i], slope)
        more = rest / slope
        worst = v_abs(more)
        more = v_max(v_set(-2.0), v_min(v_set(2.0), more))
        for k in range(1, grid.n):
            for i in range(N):
                step[k * N + i] = v_fma(more, spare[k * N + i], step[k * N + i])
        y[S] = v_select(on, y[S] + more, y[S])
        rest = add_step(grid, y, step, on, S)
        worst = v_select(v_le(worst, rest), rest, worst)        # NaN stays
        taken = v_select(on, taken + v_set(1.0), taken)
        failed[0] = failed[0] & ~(on & v_le(worst, v_set(close)))
        on = on & ~v_le(worst, v_set(close)) & v_le(worst, v_set(1e8))
    return taken
