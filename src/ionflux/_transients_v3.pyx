# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
# The kernels of films in time again for AVX2 and FMA; see _kernels_v3.pyx.
include "_transients.pyx"
