from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

PENDING: int

def compiler() -> str: ...
def build_flags() -> str: ...
def isa() -> str: ...
def vector_length() -> int: ...
def cpu_level() -> int: ...
def vmath(name: str, x: NDArray[np.float64], out: NDArray[np.float64]) -> None: ...

class Plan:
    n: int
    n_par: int
    n_reg: int
    n_entry: int
    def __init__(self, arrays: dict[str, Any]) -> None: ...
    def evaluate(
        self,
        y: NDArray[np.float64],
        base: NDArray[np.float64],
        vary_slot: NDArray[np.intc],
        vary: NDArray[np.float64],
        want: NDArray[np.intc],
        registers: NDArray[np.float64],
        dydt: NDArray[np.float64] | None = None,
        entries: NDArray[np.float64] | None = None,
    ) -> None: ...

class Run:
    plan: Plan
    arrays: dict[str, Any]
    full_records: list[NDArray[np.float64]]
    def __init__(self, plan: Plan, arrays: dict[str, Any], rtol: float, fixed_step: float = 0.0, explicit: bool = False) -> None: ...
    explicit: bool
    @property
    def recorded(self) -> int: ...
    @property
    def finished(self) -> int: ...
    def cancel(self) -> None: ...
    def work(self, wide: bool, poll: Callable[[], Any] | None = None) -> None: ...
