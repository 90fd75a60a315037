# Profiles in a potential that is given: who does which rows, with which arrays. The recursions are in _films_tiles.pxi.

cdef enum:
    PIECE = 8                               # times VL rows are what a thread takes at a time

cdef void drain(const Given *g, Room *room, long long *taken, double *most, bint streamed) noexcept nogil:
    """Pieces of the rows until none is left; `most` becomes the largest potential seen."""
    cdef Py_ssize_t row, last, size = g.ions * g.n
    cdef int count, lane
    cdef vd seen = v_set(0.0)
    while True:
        row = v_next(taken) * PIECE * VL
        if row >= g.rows:
            break
        last = min(row + PIECE * VL, g.rows)
        while row < last:
            count = VL if last - row >= VL else <int> (last - row)
            for lane in range(VL):
                v_put(&room.scale, lane, g.per_volt[(row + (lane if lane < count else count - 1)) * g.volt_step])
            from_the_right(g, room, row, count)
            seen = v_max(room.most, seen)
            whole(g, room, row, count)
            if streamed:
                empty(&room.box)
                from_the_left(g, room, row, count, place_for(&room.box, g.c + row * size))
                put(&room.box, g.c + row * size, count * size)
            else:
                from_the_left(g, room, row, count, g.c + row * size)
            row += VL
    empty(&room.box)
    v_fence()
    for lane in range(VL):
        most[0] = max(most[0], v_get(&seen, lane))


def nernst_planck(const double[:, ::1] u, const double[::1] per_volt, const int[:, ::1] kinds, const double[:, :, ::1] rise,
                  const double[:, :, ::1] resistance, const int[::1] kind_of, const double[:, ::1] left, const double[:, ::1] right,
                  const double[:, ::1] D, double[:, :, ::1] c, double[:, ::1] J, double[::1] V, int[::1] state, long long[::1] taken,
                  bint streamed) -> float:
    """Profiles in a potential that is linear within each cell; a row of one is shared by all. Any number of threads may call with the same.

    u: (rows or 1, n) potential, V. per_volt: (rows or 1,) F/RT
    kinds: (kinds, 3) what ions share: |z|, flipped (z < 0), which of `rise` (-1: none)
    rise: (rises, rows or 1, n - 1) rise of the further energy in each cell, RT. resistance: (kinds, rows or 1, n - 1) h D/D(x)
    kind_of: (ions,); left, right: (ions, rows or 1) concentrations at the ends; D: (ions, rows or 1)
    c: (rows, ions, n); J: (rows, ions); V: (rows,) between the ends
    state: (rows,) not zero where doubles do not reach as far as the energies or what is given is not finite
    taken: (1,) zero at the start, counts the pieces that threads have taken. streamed: c is not read again soon

    Returns the largest |u| that was seen; NaN does not count.
    """
    cdef Given g
    cdef Room room
    cdef Py_ssize_t n = u.shape[1], rows = c.shape[0]
    cdef int m = <int> kinds.shape[0], ions = <int> kind_of.shape[0], i, j
    cdef double most = 0.0
    if not 1 <= m <= MAX_KINDS or n < 2 or kinds.shape[1] != 3 or c.shape[2] != n or c.shape[1] != ions or J.shape[0] != rows \
            or J.shape[1] != ions or V.shape[0] != rows or state.shape[0] != rows or taken.shape[0] != 1 \
            or resistance.shape[0] != m or resistance.shape[2] != n - 1 or rise.shape[2] != n - 1 \
            or not {left.shape[0], right.shape[0], D.shape[0]} == {ions} \
            or not {u.shape[0], per_volt.shape[0], rise.shape[1], resistance.shape[1], left.shape[1], right.shape[1],
                    D.shape[1]} <= {1, rows}:
        raise ValueError("arrays of films do not fit each other")
    for i in range(m):
        if not -1 <= kinds[i, 2] < rise.shape[0]:
            raise ValueError("arrays of films do not fit each other")
    for i in range(ions):
        if not 0 <= kind_of[i] < m:
            raise ValueError("arrays of films do not fit each other")
    if rows == 0 or ions == 0:
        return most
    g.n, g.tiles, g.rows, g.m, g.ions, g.fields = n, (n - 1) // VL + 1, rows, m, ions, 0
    g.u_step, g.volt_step = n if u.shape[0] > 1 else 0, per_volt.shape[0] > 1
    g.w_step, g.r_step = n - 1 if rise.shape[1] > 1 else 0, n - 1 if resistance.shape[1] > 1 else 0
    g.w_width, g.r_width = rise.shape[1] * (n - 1), resistance.shape[1] * (n - 1)
    g.left_width, g.right_width, g.D_width = left.shape[1], right.shape[1], D.shape[1]
    g.u, g.per_volt, g.kind_of = &u[0, 0], &per_volt[0], &kind_of[0]
    g.resistance, g.rise = &resistance[0, 0, 0], &rise[0, 0, 0] if rise.shape[0] else NULL
    g.left, g.right, g.D = &left[0, 0], &right[0, 0], &D[0, 0]
    g.c, g.J, g.V, g.state = &c[0, 0, 0], &J[0, 0], &V[0], &state[0]
    for i in range(m):
        # a flipped kind is a valence of -|z|: with a rise of its own it has its own cells, in which the sign is already
        g.flipped[i] = kinds[i, 1] != 0 and kinds[i, 2] < 0
        g.z[i] = -kinds[i, 0] if kinds[i, 1] != 0 and kinds[i, 2] >= 0 else kinds[i, 0]
        g.rise_of[i] = kinds[i, 2]
        g.field[i] = -1
        for j in range(i):
            if kinds[i, 0] == kinds[j, 0] and kinds[i, 2] == kinds[j, 2] and (kinds[i, 2] < 0 or kinds[i, 1] == kinds[j, 1]):
                g.field[i] = g.field[j]
        if g.field[i] < 0:
            g.field[i] = g.fields
            g.fields += 1
    room.cells = <Cell *> v_alloc(sizeof(Cell) * n * g.fields)
    room.steep = <Steep *> v_alloc(sizeof(Steep) * n * g.fields)
    room.is_steep = <char *> v_alloc(g.tiles * g.fields)
    room.T = <vd *> v_alloc(sizeof(vd) * n * m)
    room.sides = <vd *> v_alloc(sizeof(vd) * 2 * ions)
    if outbox(&room.box, VL * ions * n if streamed else 0) and room.cells != NULL and room.steep != NULL and room.is_steep != NULL \
            and room.T != NULL and room.sides != NULL:
        with nogil:
            drain(&g, &room, &taken[0], &most, streamed)
    else:
        most = -1.0
    v_free(room.cells)
    v_free(room.steep)
    v_free(room.is_steep)
    v_free(room.T)
    v_free(room.sides)
    v_free(room.box.block)
    if most < 0.0:
        raise MemoryError
    return most
