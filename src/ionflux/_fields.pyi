import numpy as np
from numpy.typing import NDArray

KERNELS: tuple[str, ...]

def isa() -> str: ...

class Loop:
    refused: int
    def __init__(
        self,
        kernel: str,
        inputs: list[NDArray[np.float64]],
        limits: tuple[float, float],
        outputs: tuple[NDArray[np.float64], ...],
        shape: tuple[int, ...],
        order: tuple[int, ...],
        parameters: tuple[float, ...] = (),
        k: int = 0,
    ) -> None: ...
    def work(self) -> None: ...
