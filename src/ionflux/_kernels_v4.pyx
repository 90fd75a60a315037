# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
# The kernels again, compiled for AVX-512 (setup.py gives -march=x86-64-v4); see _kernels_v3.pyx.
include "_kernels.pyx"
