# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""Results on their way to memory, past the caches, while the next ones are computed.

What has been computed in a piece lies in `block` and belongs to some place in a large array that nobody reads again soon. `send` takes a
few vectors of it along at a time, so that memory and arithmetic are busy together; before the next piece is put into the block, `empty`
takes what is left. The piece lies in the block as it does in lines of the cache at its destination: whole vectors go to whole vectors.
"""
from ionflux.core.blocks cimport v_load, v_stream
from ionflux.core.lanes cimport VL, v_alloc


cdef struct Outbox:
    double *block
    const double *waiting                   # what is still there,
    double *bound                           # where it belongs
    Py_ssize_t still


cdef inline bint outbox(Outbox *box, Py_ssize_t size) noexcept nogil:
    """Room for pieces of `size` numbers; false where there is no memory for it. Its block is to be freed by `v_free`."""
    box.block = <double *> v_alloc(sizeof(double) * size + 64)
    box.still = 0
    return box.block != NULL


cdef inline double *place_for(Outbox *box, const double *destination) noexcept nogil:
    """Where to put a piece together."""
    return box.block + (<size_t> destination & 63) // sizeof(double)


cdef inline void _singly(Outbox *box, bint to_the_next_vector) noexcept nogil:
    while box.still and not (to_the_next_vector and <size_t> box.bound % (VL * sizeof(double)) == 0):
        box.bound[0] = box.waiting[0]
        box.bound += 1
        box.waiting += 1
        box.still -= 1


cdef inline void put(Outbox *box, double *destination, Py_ssize_t size) noexcept nogil:
    """The piece is complete; the box was empty."""
    box.waiting, box.bound, box.still = place_for(box, destination), destination, size
    _singly(box, True)


cdef inline void send(Outbox *box, Py_ssize_t most) noexcept nogil:
    """At most so many vectors."""
    cdef Py_ssize_t k, count = min(most, box.still // VL)
    for k in range(count):
        v_stream(box.bound + k * VL, v_load(box.waiting + k * VL))
    box.bound += count * VL
    box.waiting += count * VL
    box.still -= count * VL


cdef inline void empty(Outbox *box) noexcept nogil:
    """All that is left. `v_fence` makes it visible to other threads."""
    send(box, box.still)
    _singly(box, False)
