from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KERNELS: tuple[str, ...]

def isa() -> str: ...
def overlap(a: NDArray[np.float64], others: Sequence[float | NDArray[np.float64]]) -> bool: ...

class Loop:
    refused: int
    def __init__(
        self,
        kernel: str,
        inputs: Sequence[float | NDArray[np.float64]],
        limits: tuple[float, float],
        outputs: tuple[NDArray[np.float64], ...],
        shape: tuple[int, ...],
        order: tuple[int, ...],
        parameters: tuple[float, ...] = (),
        k: int = 0,
    ) -> None: ...
    def work(self) -> None: ...
