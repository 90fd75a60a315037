"""What type checkers see of `ionflux` is what the lazy loading provides."""

from __future__ import annotations

import ast
import inspect

import ionflux as ifx
from ionflux import units


def test_imports_for_type_checkers_say_the_same_as_the_table() -> None:
    tree = ast.parse(inspect.getsource(ifx))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name != "*" and alias.asname == alias.name
    }
    assert seen | {"celsius": "units"} == ifx._HOME


def test_multipliers_are_at_the_top_as_well_and_hide_nothing() -> None:
    assert ifx.mV == 1e-3
    assert ifx.um == 1e-6
    assert ifx.hour == 3600
    assert set(units.__all__) & set(ifx.__all__) == {"celsius"}
