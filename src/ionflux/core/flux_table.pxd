# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Fluxes through a membrane from a packed table; include/ionflux_flux_table.h says what is what.

The compiler of a module that cimports this needs the folder `ionflux.get_include()`.
"""

cdef extern from "ionflux_flux_table.h" nogil:
    enum:
        IFX_FLUX_TABLE_OK
        IFX_FLUX_TABLE_NOT_FINITE
        IFX_FLUX_TABLE_OUTSIDE
        IFX_FLUX_TABLE_NEGATIVE
        IFX_FLUX_TABLE_NO_TABLE

    int ifx_flux_table_check(const double *block, size_t length) noexcept
    int ifx_flux_table_ions(const double *block) noexcept
    int ifx_flux_table_find(const double *block, const char *name) noexcept
    int ifx_flux_table(const double *block, double V, const double *c_in, const double *c_out, double *J, double *I,
                       double *dI_dV) noexcept
    int ifx_flux_table_held(const double *block, double V, const double *c_in, const double *c_out, double *J, double *I,
                            double *dI_dV) noexcept
    Py_ssize_t ifx_flux_table_array(const double *block, size_t n, size_t ld, const double *V, const double *c_in, const double *c_out,
                                    double *J, double *P, double *I, double *dI_dV, unsigned char *status) noexcept
