# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
# The kernels again, compiled for AVX2 and FMA (setup.py gives -march=x86-64-v3). A C compiler fixes the width of its
# vectors per translation unit, so one more instruction set is one more module, from the same source. The first line is that
# of _kernels.pyx: an include does not bring the directives along.
include "_kernels.pyx"
