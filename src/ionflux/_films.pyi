import numpy as np
from numpy.typing import NDArray

KINDS: int

def isa() -> str: ...
def nernst_planck(
    u: NDArray[np.float64],
    per_volt: NDArray[np.float64],
    kinds: NDArray[np.intc],
    rise: NDArray[np.float64],
    resistance: NDArray[np.float64],
    kind_of: NDArray[np.intc],
    ends: NDArray[np.float64],
    c: NDArray[np.float64],
    T: NDArray[np.float64],
    ratio: NDArray[np.float64],
    first: int,
    last: int,
) -> None: ...
