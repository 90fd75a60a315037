# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Films on arrays: one profile a lane. The physics is in core/np.pxd and core/pnp.pxd.

Rows are profiles; _films_pnp.pxi has those whose potential follows from Poisson's equation. Every function does the rows
first ... last - 1, so that threads can share the work; arrays of results are written in place. Built once per instruction set; results
are equal to the last bit across builds, threads and places in an array.
"""
from ionflux.core.lanes cimport (
    IFX_ISA, VL, v_abs, v_alloc, v_any, v_eq, v_fma, v_fnma, v_free, v_get, v_le, v_max, v_min, v_put, v_select, v_set, vd, vm,
)
from ionflux.core.np cimport Cell, ahead, behind, cell_of, load_square, store_square
from ionflux.core.pnp cimport MAX_IONS, MAX_LAYERS, Grid, Lanes, add_step, sweep
from ionflux.core.pnp_lines cimport Line, fluxes, load_of
from ionflux.core.vmath cimport v_below, v_exp

cdef enum:
    MAX_KINDS = 16

KINDS, IONS, LAYERS = MAX_KINDS, MAX_IONS, MAX_LAYERS


def isa() -> str:
    """Instruction set this module was built for."""
    return IFX_ISA.decode()


def nernst_planck(const double[:, ::1] u, const double[::1] per_volt, const int[:, ::1] kinds, const double[:, :, ::1] rise,
                  const double[:, :, ::1] resistance, const int[::1] kind_of, const double[:, :, ::1] ends, double[:, :, ::1] c,
                  double[:, ::1] T, double[:, ::1] ratio, Py_ssize_t first, Py_ssize_t last) -> None:
    """Profiles in a potential that is linear within each cell; a row of one is shared by all profiles.

    u: (rows or 1, n) potential, V. per_volt: (rows or 1,) F/RT
    kinds: (kinds, 3) what ions share: |z|, flipped (z < 0), which of `rise` (-1: none)
    rise: (rises, rows or 1, n - 1) rise of the further energy in each cell, RT. resistance: (kinds, rows or 1, n - 1) h/D in some unit
    kind_of: (ions,); ends: (rows or 1, ions, 2) concentrations at x = 0 and at the right end
    c: (rows, ions, n). T: (rows, kinds) resistance of the whole as seen from the side of the higher energy; ratio: (rows, kinds)
    psi(left) - psi(right): the flux is (c_left - c_right e^-ratio)/T where it is positive, else (c_left e^ratio - c_right)/T
    """
    cdef Py_ssize_t n = u.shape[1], rows = c.shape[0], row, base
    cdef int m = <int> kinds.shape[0], ions = <int> kind_of.shape[0]
    if not 0 <= first <= last <= rows or not 1 <= m <= MAX_KINDS or n < 2 or kinds.shape[1] != 3 or c.shape[2] != n \
            or c.shape[1] != ions or ends.shape[1] != ions or ends.shape[2] != 2 or resistance.shape[0] != m \
            or resistance.shape[2] != n - 1 or rise.shape[2] != n - 1 or T.shape[1] != m or ratio.shape[1] != m \
            or T.shape[0] != rows or ratio.shape[0] != rows \
            or not {u.shape[0], per_volt.shape[0], rise.shape[1], resistance.shape[1], ends.shape[0]} <= {1, rows}:
        raise ValueError("arrays of films do not fit each other")
    cdef int i, j, q, count, width
    for i in range(m):
        if not -1 <= kinds[i, 2] < rise.shape[0]:
            raise ValueError("arrays of films do not fit each other")
    for i in range(ions):
        if not 0 <= kind_of[i] < m:
            raise ValueError("arrays of films do not fit each other")
    # kinds of the same |z| and rise share their Bernoulli functions
    cdef int field[MAX_KINDS]
    cdef int fields = 0
    for i in range(m):
        field[i] = -1
        for j in range(i):
            if kinds[i, 0] == kinds[j, 0] and kinds[i, 2] == kinds[j, 2] and (kinds[i, 2] < 0 or kinds[i, 1] == kinds[j, 1]):
                field[i] = field[j]
        if field[i] < 0:
            field[i] = fields
            fields += 1
    # a flipped kind is a valence of -|z|: with a rise of its own it has its own cells, in which the sign is already
    cdef int flipped[MAX_KINDS]
    cdef double z[MAX_KINDS]
    for i in range(m):
        flipped[i] = kinds[i, 1] != 0 and kinds[i, 2] < 0
        z[i] = -kinds[i, 0] if kinds[i, 1] != 0 and kinds[i, 2] >= 0 else kinds[i, 0]
    cdef Cell *cells = <Cell *> v_alloc(sizeof(Cell) * n * fields)
    cdef vd *left = <vd *> v_alloc(sizeof(vd) * n * m)
    cdef vd *sides = <vd *> v_alloc(sizeof(vd) * 2 * ions)
    if cells == NULL or left == NULL or sides == NULL:
        v_free(cells)
        v_free(left)
        v_free(sides)
        raise MemoryError
    cdef Py_ssize_t u_stride = n if u.shape[0] > 1 else 0, r_stride = n - 1 if resistance.shape[1] > 1 else 0
    cdef Py_ssize_t w_stride = n - 1 if rise.shape[1] > 1 else 0, c_stride = ions * n, r_of, w_of
    r_of, w_of = resistance.shape[1] * (n - 1), rise.shape[1] * (n - 1)
    cdef vd tile[8]
    cdef vd rs[MAX_KINDS][8]
    cdef vd Rs[MAX_KINDS][8]
    cdef vd total[MAX_KINDS]
    cdef vd from_left[MAX_KINDS]
    cdef vd from_right[MAX_KINDS]
    cdef vd R[MAX_KINDS]
    cdef vd scale, next_u, u_end, cl, cr, d, w, drop, x
    cdef const double *pu
    cdef const double *pr
    cdef const double *pw
    with nogil:
        for row from first <= row < last by VL:
            count = VL if last - row >= VL else <int> (last - row)
            scale = v_set(0.0)
            pu = &u[0, 0] + row * u_stride
            for j in range(VL):
                v_put(&scale, j, per_volt[row + (j if j < count else count - 1) if per_volt.shape[0] > 1 else 0])
            for i in range(m):
                left[(n - 1) * m + i] = v_set(0.0)
                total[i] = v_set(0.0)
            # from the right: cells and T
            width = <int> ((n - 1) % VL)
            base = n - 1
            load_square(pu + n - 1, u_stride, count, 1, tile)
            next_u = tile[0]
            u_end = next_u
            while base > 0:
                if base == n - 1 and width:
                    base -= width
                    q = width
                else:
                    base -= VL
                    q = VL
                load_square(pu + base, u_stride, count, q, tile)
                for i in range(m):
                    pr = &resistance[0, 0, 0] + i * r_of + row * r_stride + base
                    if r_stride:
                        load_square(pr, r_stride, count, q, rs[i])
                    else:
                        for j in range(q):
                            rs[i][j] = v_set(pr[j])
                for i in range(m):
                    if i and field[i] <= field[i - 1]:      # its cells are there already
                        continue
                    if kinds[i, 2] >= 0:
                        pw = &rise[0, 0, 0] + kinds[i, 2] * w_of + row * w_stride + base
                        if w_stride:
                            load_square(pw, w_stride, count, q, Rs[0])
                        else:
                            for j in range(q):
                                Rs[0][j] = v_set(pw[j])
                    for j in range(q - 1, -1, -1):
                        d = scale * v_set(z[i]) * ((tile[j + 1] if j < q - 1 else next_u) - tile[j])
                        if kinds[i, 2] >= 0:
                            d = d + Rs[0][j]
                            total[field[i]] = total[field[i]] + Rs[0][j]
                        cell_of(d, cells + (base + j) * fields + field[i])
                for i in range(m):
                    x = left[(base + q) * m + i]
                    for j in range(q - 1, -1, -1):
                        x = ahead(cells + (base + j) * fields + field[i], rs[i][j], x, flipped[i])
                        left[(base + j) * m + i] = x
                next_u = tile[0]
            # T_0 and R_n = T_0 e^{psi_0 - psi_n}
            for i in range(m):
                drop = scale * v_set(-z[i] if flipped[i] else z[i]) * (next_u - u_end) - total[field[i]]
                x = left[i]
                from_left[i] = v_set(1.0) / x
                from_right[i] = v_set(1.0) / (x * v_exp(drop))
                R[i] = v_set(0.0)
                w = v_below(drop, 0.0, v_set(1.0) / from_right[i], x)
                for j in range(count):
                    T[row + j, i] = v_get(&w, j)
                    ratio[row + j, i] = v_get(&drop, j)
            for i in range(ions):
                sides[2 * i] = load_end(ends, row, count, i, 0) * from_left[kind_of[i]]
                sides[2 * i + 1] = load_end(ends, row, count, i, 1) * from_right[kind_of[i]]
            # from the left: R and the profiles
            base = 0
            while base < n:
                q = VL if n - base >= VL else <int> (n - base)
                for i in range(m):
                    pr = &resistance[0, 0, 0] + i * r_of + row * r_stride + base
                    width = q if base + q < n else q - 1         # cells that begin here
                    if r_stride:
                        load_square(pr, r_stride, count, width, rs[i])
                    else:
                        for j in range(width):
                            rs[i][j] = v_set(pr[j])
                    x = R[i]
                    for j in range(q):
                        Rs[i][j] = x
                        if j < width:
                            x = behind(cells + (base + j) * fields + field[i], rs[i][j], x, flipped[i])
                    R[i] = x
                for i in range(ions):
                    j = kind_of[i]
                    cl = sides[2 * i]
                    cr = sides[2 * i + 1]
                    for width in range(q):
                        tile[width] = cl * left[(base + width) * m + j] + cr * Rs[j][width]
                    store_square(tile, &c[row, i, base], c_stride, count, q)
                base += q
    v_free(cells)
    v_free(left)
    v_free(sides)


cdef inline vd load_end(const double[:, :, ::1] ends, Py_ssize_t row, int count, int ion, int side) noexcept nogil:
    cdef vd a
    cdef int lane
    cdef Py_ssize_t stride = 1 if ends.shape[0] > 1 else 0
    for lane in range(VL):
        v_put(&a, lane, ends[(row + (lane if lane < count else count - 1)) * stride, ion, side])
    return a


cdef inline vd of_rows(const double *x, Py_ssize_t row, int count, Py_ssize_t stride) noexcept nogil:
    """VL values; lanes beyond the last row repeat it, stride 0: all the same."""
    cdef vd a
    cdef int lane
    for lane in range(VL):
        v_put(&a, lane, x[(row + (lane if lane < count else count - 1)) * stride])
    return a


include "_films_newton.pxi"
include "_films_pnp.pxi"
