# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
# The kernels of films again for AVX-512; see _kernels_v4.pyx.
include "_films.pyx"
