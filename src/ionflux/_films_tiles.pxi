# Profiles in a potential that is given: both recursions of core/np.pxd through VL rows, in tiles of VL cells.

cdef struct Given:                          # arrays of `nernst_planck`; steps from row to row are 0 where one row serves all
    Py_ssize_t n, tiles, rows, u_step, w_step, r_step, w_width, r_width, left_width, right_width, D_width
    int m, ions, fields
    int field[MAX_KINDS]                    # kinds of the same |z| and rise share their cells
    int flipped[MAX_KINDS]                  # of the opposite valence to that of its cells
    int rise_of[MAX_KINDS]
    double z[MAX_KINDS]                     # valence of the cells
    const int *kind_of
    const double *u
    const double *per_volt
    int volt_step
    const double *rise
    const double *resistance
    const double *left
    const double *right
    const double *D
    double *c
    double *J
    double *V
    int *state

cdef struct Room:                           # what a thread needs for VL rows
    Cell *cells                             # by field and node
    Steep *steep
    char *is_steep                          # by field and tile
    vd *T                                   # by kind and node
    vd *sides                               # by ion: c_left/T_0, c_right/R_n
    Outbox box                              # concentrations on their way to memory
    vd scale, u_0, u_n, most
    vd R[MAX_KINDS]
    vd total[MAX_KINDS]                     # of the further energies, by field


cdef inline vd of_width(const double *x, Py_ssize_t row, int count, Py_ssize_t width) noexcept nogil:
    """Rows of a list with one value for each row or for all."""
    if width == 1:
        return v_set(x[0])
    return v_load(x + row) if count == VL else of_rows(x, row, count, 1)


cdef inline vd steps(
    const Cell *cells, const Steep *steep, const double *shared, const vd *own, bint flipped, bint back, int q, vd x, vd *at
) noexcept nogil:
    """The recursion through q cells, from their right ends to the left or `back`; at: its values at the near ends of the cells."""
    cdef int j, k
    for j in range(q):
        k = j if back else q - 1 - j
        if back:
            at[k] = x
        if steep != NULL:
            x = ahead_steep(cells + k, steep + k, own[k] if shared == NULL else v_set(shared[k]), x, flipped)
        else:
            x = ahead(cells + k, own[k] if shared == NULL else v_set(shared[k]), x, flipped)
        if not back:
            at[k] = x
    return x


cdef inline vd stepped(
    const Cell *cells, const Steep *steep, const double *shared, const vd *own, bint flipped, bint back, int q, vd x, vd *at
) noexcept nogil:
    """The same; the compiler sees what does not change within the loop."""
    if steep != NULL:
        return steps(cells, steep, shared, own, flipped, back, q, x, at)
    if shared != NULL:
        if flipped:
            return steps(cells, NULL, shared, own, True, back, q, x, at)
        return steps(cells, NULL, shared, own, False, back, q, x, at)
    return steps(cells, NULL, NULL, own, flipped, back, q, x, at)


cdef inline const double *resistances(const Given *g, int kind, Py_ssize_t row, int count, Py_ssize_t base, int q, vd *own) noexcept nogil:
    """Of a tile: those that all rows share, or NULL and those of each row in `own`."""
    cdef const double *r = g.resistance + kind * g.r_width + row * g.r_step + base
    if g.r_step == 0:
        return r
    load_square(r, g.r_step, count, q, own)
    return NULL


cdef inline void tile_from_right(const Given *g, Room *room, Py_ssize_t row, int count, Py_ssize_t base, int q) noexcept nogil:
    """Cells base ... base + q - 1, and T at their left nodes; before it, u_0 is the potential at the node to their right."""
    cdef vd tile[8]
    cdef vd d[8]
    cdef vd own[8]
    cdef vd x, next_u = room.u_0, most = room.most
    cdef int i, j, f
    cdef Py_ssize_t n = g.n
    cdef char *is_steep
    cdef const double *u = g.u + row * g.u_step + base
    cdef const double *shared
    cdef Cell *cells
    cdef Steep *steep
    cdef vd *T
    load_square(u, g.u_step, count, q, tile)
    u += VL * g.u_step - base
    for j in range(q):
        v_prefetch(u + (base + j) * VL)                     # a part of the next rows
        most = v_max(v_abs(tile[j]), most)                  # a NaN is let through
    room.u_0, room.most = tile[0], most
    send(&room.box, g.ions * (VL + 1))                      # some of the last rows
    for i in range(g.m):
        f = g.field[i]
        cells, steep, is_steep = room.cells + f * n + base, room.steep + f * n + base, room.is_steep + f * g.tiles + base // VL
        if i == 0 or f > g.field[i - 1]:
            x = room.scale * v_set(g.z[i])
            for j in range(q - 1):
                d[j] = x * (tile[j + 1] - tile[j])
            d[q - 1] = x * (next_u - tile[q - 1])
            if g.rise_of[i] >= 0:
                load_square(g.rise + g.rise_of[i] * g.w_width + row * g.w_step + base, g.w_step, count, q, own)
                for j in range(q - 1, -1, -1):              # one order of the sum, however wide a tile is
                    d[j] = d[j] + own[j]
                    room.total[f] = room.total[f] + own[j]
            is_steep[0] = cells_of(d, q, cells, steep)
        shared = resistances(g, i, row, count, base, q, own)
        T = room.T + i * n + base
        stepped(cells, steep if is_steep[0] else NULL, shared, own, g.flipped[i], False, q, T[q], T)


cdef inline void from_the_right(const Given *g, Room *room, Py_ssize_t row, int count) noexcept nogil:
    """Cells, and T at every node."""
    cdef vd tile[8]
    cdef Py_ssize_t n = g.n, base = (n - 1) // VL * VL
    cdef int i, rest = <int> ((n - 1) % VL)
    load_square(g.u + row * g.u_step + n - 1, g.u_step, count, 1, tile)
    room.u_0 = room.u_n = tile[0]
    room.most = v_max(v_abs(tile[0]), v_set(0.0))
    for i in range(g.m):
        room.T[i * n + n - 1] = v_set(0.0)
        room.total[i] = v_set(0.0)
    if rest:
        tile_from_right(g, room, row, count, base, rest)
    while base > 0:
        base -= VL
        tile_from_right(g, room, row, count, base, VL)


cdef inline void whole(const Given *g, Room *room, Py_ssize_t row, int count) noexcept nogil:
    """Fluxes, from the resistance seen from the side of the higher energy: neither exponential overflows there."""
    cdef vd by_left[MAX_KINDS]
    cdef vd by_right[MAX_KINDS]
    cdef vd small[MAX_KINDS]
    cdef vd high[MAX_KINDS]
    cdef vd drops[MAX_KINDS]
    cdef vd x, drop, a, b, J, fall = room.u_0 - room.u_n
    cdef vm fine = v_finite(v_set(0.0))
    cdef int i, j, lane
    for i in range(g.m):
        drop = room.scale * v_set(-g.z[i] if g.flipped[i] else g.z[i]) * fall - room.total[g.field[i]]
        x = v_exp(drop)
        by_left[i] = v_set(1.0) / room.T[i * g.n]
        by_right[i] = v_set(1.0) / (room.T[i * g.n] * x)
        high[i] = v_select(v_lt(drop, v_set(0.0)), by_right[i], by_left[i])
        small[i] = v_exp(-v_abs(drop))
        drops[i] = drop
        fine = fine & v_lt(v_abs(drop), v_set(FAR)) & v_finite(v_set(1.0) / high[i])
    for i in range(g.ions):
        j = g.kind_of[i]
        a = of_width(g.left + i * g.left_width, row, count, g.left_width)
        b = of_width(g.right + i * g.right_width, row, count, g.right_width)
        room.sides[2 * i] = a * by_left[j]
        room.sides[2 * i + 1] = b * by_right[j]
        x = v_select(v_lt(drops[j], v_set(0.0)), v_fma(a, small[j], -b), v_fma(-b, small[j], a))
        J = of_width(g.D + i * g.D_width, row, count, g.D_width) * high[j] * x
        fine = fine & v_finite(J)
        for lane in range(count):
            g.J[(row + lane) * g.ions + i] = v_get(&J, lane)
    for lane in range(count):
        g.V[row + lane] = v_get(&fall, lane)
        g.state[row + lane] = (<const long long *> &fine)[lane] == 0


cdef inline void tile_from_left(
    const Given *g, Room *room, Py_ssize_t row, int count, Py_ssize_t base, int nodes, int inside, double *to
) noexcept nogil:
    """R and the concentrations at `nodes` nodes from `base` on, where `inside` cells begin: as many, or one less at the right end."""
    cdef vd tile[8]
    cdef vd own[8]
    cdef vd Rs[MAX_KINDS][8]
    cdef vd x, a, b
    cdef int i, j, f
    cdef Py_ssize_t n = g.n
    cdef const double *shared
    cdef Steep *steep
    cdef vd *T
    for i in range(g.m):
        f = g.field[i]
        steep = room.steep + f * n + base if room.is_steep[f * g.tiles + base // VL] else NULL
        shared = resistances(g, i, row, count, base, inside, own)
        x = stepped(room.cells + f * n + base, steep, shared, own, not g.flipped[i], True, inside, room.R[i], Rs[i])
        if inside < nodes:
            Rs[i][nodes - 1] = x
        room.R[i] = x
    for i in range(g.ions):
        f = g.kind_of[i]
        T = room.T + f * n + base
        a, b = room.sides[2 * i], room.sides[2 * i + 1]
        for j in range(nodes):
            tile[j] = v_fma(b, Rs[f][j], a * T[j])
        store_square(tile, to + i * n + base, g.ions * n, count, nodes)


cdef inline void from_the_left(const Given *g, Room *room, Py_ssize_t row, int count, double *to) noexcept nogil:
    """R, and the concentrations; rows of `to` follow each other as those of c do."""
    cdef Py_ssize_t n = g.n, base = 0
    cdef int i, rest = <int> ((n - 1) % VL)
    for i in range(g.m):
        room.R[i] = v_set(0.0)
    while base + VL < n:
        tile_from_left(g, room, row, count, base, VL, VL, to)
        base += VL
    tile_from_left(g, room, row, count, base, rest + 1, rest, to)
