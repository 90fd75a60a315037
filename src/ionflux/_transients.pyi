import numpy as np
from numpy.typing import NDArray

IONS: int
LAYERS: int

def isa() -> str: ...
def march(
    z: NDArray[np.float64],
    layer: NDArray[np.intc],
    width: NDArray[np.float64],
    mobility: NDArray[np.float64],
    rise: NDArray[np.float64],
    given: NDArray[np.float64],
    start: NDArray[np.float64],
    stops: NDArray[np.float64],
    course: NDArray[np.float64],
    slot: NDArray[np.intc],
    fresh: NDArray[np.intc],
    closed: bool,
    rtol: float,
    first_step: NDArray[np.float64],
    most: int,
    cancelled: NDArray[np.intc],
    y: NDArray[np.float64],
    passed: NDArray[np.float64],
    counts: NDArray[np.int64],
    first: int,
    last: int,
) -> None: ...
