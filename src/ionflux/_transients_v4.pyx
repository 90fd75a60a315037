# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
# The kernels of films in time again for AVX-512; see _kernels_v4.pyx.
include "_transients.pyx"
