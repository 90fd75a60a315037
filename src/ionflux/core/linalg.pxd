# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Small linear algebra by lanes: LU without pivoting and its solves, in place.

M = mass/(gamma h) - J of a pump-leak cell is diagonally dominated in its stiff directions, and the order of elimination
(gates, amounts, volumes, charge) keeps every pivot away from zero; without pivoting all lanes do the same work. Up to n = 6
the matrix is dense and n a compile-time constant; above that a program made once at lowering walks the non-zeros only.
After `factorise` the matrix is to be used by `solve` only.
"""
from ionflux.core.lanes cimport vd, v_set
from ionflux.core.tables cimport Tables

cdef enum:
    MAX_DENSE = 6
    MAX_VECTORS = 4    # of a block


cdef inline void dense_factorise(vd *M, const int n, const int WV) noexcept nogil:
    """The inverses of both triangles in their places (that of L without its unit diagonal), so that a solve is two products of a
    matrix and a vector: half the time of substitutions, each of which waits for the one before.
    """
    cdef int i, j, k, v
    cdef vd f
    for v in range(WV):
        for k in range(n):
            M[(k * n + k) * WV + v] = v_set(1.0) / M[(k * n + k) * WV + v]
            for i in range(k + 1, n):
                f = M[(i * n + k) * WV + v] * M[(k * n + k) * WV + v]
                M[(i * n + k) * WV + v] = f
                for j in range(k + 1, n):
                    M[(i * n + j) * WV + v] = M[(i * n + j) * WV + v] - f * M[(k * n + j) * WV + v]
        for i in range(1, n):
            for j in range(i):
                f = M[(i * n + j) * WV + v]
                for k in range(j + 1, i):
                    f = f + M[(i * n + k) * WV + v] * M[(k * n + j) * WV + v]
                M[(i * n + j) * WV + v] = v_set(0.0) - f
        for i in range(n - 2, -1, -1):
            for j in range(n - 1, i, -1):
                f = M[(i * n + i + 1) * WV + v] * M[((i + 1) * n + j) * WV + v]
                for k in range(i + 2, j + 1):
                    f = f + M[(i * n + k) * WV + v] * M[(k * n + j) * WV + v]
                M[(i * n + j) * WV + v] = v_set(0.0) - M[(i * n + i) * WV + v] * f


cdef inline void dense_solve(const vd *M, vd *b, const int n, const int WV) noexcept nogil:
    cdef int i, j, v
    cdef vd s
    cdef vd x[MAX_DENSE]
    for v in range(WV):
        for i in range(n):
            s = b[i * WV + v]
            for j in range(i):
                s = s + M[(i * n + j) * WV + v] * b[j * WV + v]
            x[i] = s
        for i in range(n):
            s = M[(i * n + i) * WV + v] * x[i]
            for j in range(i + 1, n):
                s = s + M[(i * n + j) * WV + v] * x[j]
            b[i * WV + v] = s


cdef inline void sparse_factorise(const Tables *T, vd *M, const int WV) noexcept nogil:
    cdef int k, f, u, v
    cdef vd *d
    cdef vd *l
    cdef vd *t
    cdef const vd *s
    for k in range(T.n_solved):
        d = M + T.diagonal[k] * WV
        for v in range(WV):
            d[v] = v_set(1.0) / d[v]
        for f in range(T.pivot_start[k], T.pivot_start[k + 1]):
            l = M + T.lu_factor[f] * WV
            for v in range(WV):
                l[v] = l[v] * d[v]
            for u in range(T.lu_update_start[f], T.lu_update_start[f + 1]):
                t = M + T.lu_target[u] * WV
                s = M + T.lu_source[u] * WV
                for v in range(WV):
                    t[v] = t[v] - l[v] * s[v]


cdef inline void substitute(const int *start, const int *entry, const int *column, int i, const vd *M, const vd *b, vd *x,
                            const int WV) noexcept nogil:
    """x = b[i] - sum of M[i, j] b[j] over the columns j of one triangle."""
    cdef int p, v
    cdef const vd *m
    cdef const vd *y
    for v in range(WV):
        x[v] = b[i * WV + v]
    for p in range(start[i], start[i + 1]):
        m = M + entry[p] * WV
        y = b + column[p] * WV
        for v in range(WV):
            x[v] = x[v] - m[v] * y[v]


cdef inline void sparse_solve(const Tables *T, const vd *M, vd *b, const int WV) noexcept nogil:
    cdef int i, v
    cdef vd x[MAX_VECTORS]
    for i in range(T.n_solved):
        substitute(T.lower_start, T.lower_entry, T.lower_column, i, M, b, x, WV)
        for v in range(WV):
            b[i * WV + v] = x[v]
    for i in range(T.n_solved - 1, -1, -1):
        substitute(T.upper_start, T.upper_entry, T.upper_column, i, M, b, x, WV)
        for v in range(WV):
            b[i * WV + v] = x[v] * M[T.diagonal[i] * WV + v]


cdef inline void factorise(const Tables *T, vd *M, const int N, const int WV) noexcept nogil:
    """N is the size of the matrix where it is known at compile time, else 0."""
    if N != 0:
        dense_factorise(M, N, WV)
    elif T.dense == 4:
        dense_factorise(M, 4, WV)
    elif T.dense == 3:
        dense_factorise(M, 3, WV)
    elif T.dense == 5:
        dense_factorise(M, 5, WV)
    elif T.dense == 6:
        dense_factorise(M, 6, WV)
    else:
        sparse_factorise(T, M, WV)


cdef inline void solve(const Tables *T, const vd *M, vd *b, const int N, const int WV) noexcept nogil:
    if N != 0:
        dense_solve(M, b, N, WV)
    elif T.dense == 4:
        dense_solve(M, b, 4, WV)
    elif T.dense == 3:
        dense_solve(M, b, 3, WV)
    elif T.dense == 5:
        dense_solve(M, b, 5, WV)
    elif T.dense == 6:
        dense_solve(M, b, 6, WV)
    else:
        sparse_solve(T, M, b, WV)
