import numpy as np
from numpy.typing import NDArray

GROUPS: int

def isa() -> str: ...
def field(
    z: NDArray[np.float64],
    w: NDArray[np.float64],
    size: NDArray[np.float64] | None,
    u: NDArray[np.float64],
    g: NDArray[np.float64],
    slope: NDArray[np.float64],
    first: int,
    last: int,
) -> None: ...
def potential(
    z: NDArray[np.float64],
    w: NDArray[np.float64],
    size: NDArray[np.float64] | None,
    g: NDArray[np.float64],
    u: NDArray[np.float64],
    slope: NDArray[np.float64] | None,
    first: int,
    last: int,
) -> None: ...
def closed(
    fraction: NDArray[np.float64],
    u0: NDArray[np.float64],
    kappa: NDArray[np.float64],
    factor: NDArray[np.float64],
    x: NDArray[np.float64],
    out: NDArray[np.float64],
    first: int,
    last: int,
) -> None: ...
def find(
    z: NDArray[np.float64],
    w: NDArray[np.float64],
    size: NDArray[np.float64] | None,
    bend: int,
    goal: int,
    given: NDArray[np.float64],
    found: NDArray[np.float64],
    failed: NDArray[np.intc],
    first: int,
    last: int,
) -> None: ...
def profile(
    z: NDArray[np.float64],
    w: NDArray[np.float64],
    size: NDArray[np.float64] | None,
    bend: int,
    outward: bool,
    given: NDArray[np.float64],
    x: NDArray[np.float64],
    out: NDArray[np.float64],
    failed: NDArray[np.intc],
    first: int,
    last: int,
) -> None: ...
