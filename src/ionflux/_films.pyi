import numpy as np
from numpy.typing import NDArray

KINDS: int
IONS: int
LAYERS: int

def isa() -> str: ...
def nernst_planck(
    u: NDArray[np.float64],
    per_volt: NDArray[np.float64],
    kinds: NDArray[np.intc],
    rise: NDArray[np.float64],
    resistance: NDArray[np.float64],
    kind_of: NDArray[np.intc],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    D: NDArray[np.float64],
    c: NDArray[np.float64],
    J: NDArray[np.float64],
    V: NDArray[np.float64],
    state: NDArray[np.intc],
    taken: NDArray[np.int64],
    streamed: bool,
) -> float: ...
def pnp(
    z: NDArray[np.float64],
    layer: NDArray[np.intc],
    width: NDArray[np.float64],
    mobility: NDArray[np.float64],
    rise: NDArray[np.float64],
    given: NDArray[np.float64],
    ends: NDArray[np.float64],
    start: NDArray[np.float64],
    line: NDArray[np.float64],
    y: NDArray[np.float64],
    out: NDArray[np.float64],
    slopes: NDArray[np.float64],
    turns: NDArray[np.intc],
    warm: bool,
    most: int,
    close: float,
    first: int,
    last: int,
) -> None: ...
def pnp_slopes(
    z: NDArray[np.float64],
    layer: NDArray[np.intc],
    width: NDArray[np.float64],
    mobility: NDArray[np.float64],
    rise: NDArray[np.float64],
    given: NDArray[np.float64],
    ends: NDArray[np.float64],
    given_change: NDArray[np.float64],
    ends_change: NDArray[np.float64],
    y: NDArray[np.float64],
    out: NDArray[np.float64],
    first: int,
    last: int,
) -> None: ...
def pnp_curves(
    z: NDArray[np.float64],
    layer: NDArray[np.intc],
    width: NDArray[np.float64],
    mobility: NDArray[np.float64],
    rise: NDArray[np.float64],
    given: NDArray[np.float64],
    ends: NDArray[np.float64],
    start: NDArray[np.float64],
    VT: NDArray[np.float64],
    V: NDArray[np.float64],
    pivots: NDArray[np.intc],
    others: NDArray[np.intc],
    weights: NDArray[np.float64],
    out: NDArray[np.float64],
    turns: NDArray[np.intc],
    most: int,
    close: float,
    first: int,
    last: int,
) -> None: ...
def flux_table_check(block: NDArray[np.float64]) -> int: ...
def flux_table(
    block: NDArray[np.float64],
    V: NDArray[np.float64],
    c_in: NDArray[np.float64] | None,
    c_out: NDArray[np.float64] | None,
    J: NDArray[np.float64],
    P: NDArray[np.float64],
    I: NDArray[np.float64],
    dI_dV: NDArray[np.float64],
) -> None: ...
def flux_table_address(held: bool) -> int: ...
