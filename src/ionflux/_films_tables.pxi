# Fluxes from packed tables on arrays; part of _films.pyx. The formula is that of include/ionflux_flux_table.h, as in any other program.
from ionflux.core.flux_table cimport (
    ifx_flux_table, ifx_flux_table_array, ifx_flux_table_check, ifx_flux_table_held, ifx_flux_table_ions,
)


def flux_table_check(const double[::1] block) -> int:
    """0 if the block is a table that can be evaluated; see the header."""
    return ifx_flux_table_check(&block[0] if block.shape[0] else NULL, block.shape[0])


def flux_table(const double[::1] block, const double[::1] V, const double[:, ::1] c_in, const double[:, ::1] c_out, double[:, ::1] J,
               double[:, ::1] P, double[::1] I, double[::1] dI_dV) -> None:
    """Fluxes, permeabilities, current and its derivative with V at n states.

    block: a table that has been checked. V: (n,). c_in, c_out: (ions, n), or None for the concentrations of the table
    J, P: (ions, n) and I, dI_dV: (n,), written in place
    """
    cdef Py_ssize_t n = V.shape[0], ions = ifx_flux_table_ions(&block[0]) if block.shape[0] > 2 and block[2] == block.shape[0] else 0
    if ions == 0 or J.shape[0] != ions or P.shape[0] != ions or not (J.shape[1] == P.shape[1] == I.shape[0] == dI_dV.shape[0] == n) \
            or (c_in is not None and (c_in.shape[0] != ions or c_in.shape[1] != n)) \
            or (c_out is not None and (c_out.shape[0] != ions or c_out.shape[1] != n)):
        raise ValueError("arrays of a table do not fit each other")
    if n == 0:
        return
    cdef const double *inside = NULL
    cdef const double *outside = NULL
    if c_in is not None:
        inside = &c_in[0, 0]
    if c_out is not None:
        outside = &c_out[0, 0]
    with nogil:
        ifx_flux_table_array(&block[0], n, n, &V[0], inside, outside, &J[0, 0], &P[0, 0], &I[0], &dI_dV[0], NULL)


cdef int one_state(const double *block, double V, const double *c_in, const double *c_out, double *J, double *I,
                   double *dI_dV) noexcept nogil:
    return ifx_flux_table(block, V, c_in, c_out, J, I, dI_dV)


cdef int one_state_held(const double *block, double V, const double *c_in, const double *c_out, double *J, double *I,
                        double *dI_dV) noexcept nogil:
    return ifx_flux_table_held(block, V, c_in, c_out, J, I, dI_dV)


def flux_table_address(bint held) -> int:
    """Where the compiled function for one state is, for programs that call functions by their address."""
    return <size_t> &one_state_held if held else <size_t> &one_state
