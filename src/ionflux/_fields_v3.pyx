# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
# The formulas again, compiled for AVX2 and FMA; see _kernels_v3.pyx.
include "_fields.pyx"
