"""Results stay as they are: nothing can be set once they are made, and those of solvers are equal where all their numbers are."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = ["Frozen", "Solved"]


class Frozen:
    """Base of what cannot be changed after `__init__`. What is found when somebody asks is remembered, under names with an underscore."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        make = cls.__init__

        @functools.wraps(make)
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            make(self, *args, **kwargs)
            if type(self) is cls:  # not while a subclass is still at it
                vars(self)["_made"] = True

        cls.__init__ = init  # type: ignore[method-assign]

    def __setattr__(self, name: str, value: object) -> None:
        if "_made" in vars(self) and not name.startswith("_"):
            raise AttributeError(f"{type(self).__name__}.{name} cannot be set: a result stays as it is")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted: a result stays as it is")


class Solved(Frozen):
    """Base of results of solvers. Two are equal if all that they tell is; NaN is equal to itself."""

    def _told(self) -> Iterable[Any]:
        """Arrays and hashable things."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return type(self) is type(other) and isinstance(other, Solved) and all(map(_same, self._told(), other._told()))

    def __hash__(self) -> int:
        """Of what is quickly told: of an array the shape and how it begins."""
        return hash(tuple((x.shape, (x.ravel()[:8] + 0).tobytes()) if isinstance(x, np.ndarray) else x for x in self._told()))

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def _same(one: Any, other: Any) -> bool:
    return np.array_equal(one, other, equal_nan=True) if isinstance(one, np.ndarray) else bool(one == other)
