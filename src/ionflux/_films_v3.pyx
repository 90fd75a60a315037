# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
# The kernels of films again for AVX2 and FMA; see _kernels_v3.pyx.
include "_films.pyx"
