"""Imports point downwards only: whoever reads a module needs to know only what lies below it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ionflux

PACKAGE = Path(ionflux.__file__).parent

#: from the ground up; a module imports from rows above its own in this table, never from its own row or below
LAYERS = (
    {"_version", "_text", "errors", "quantities", "_kernels"},
    {"_atomic", "_dispatch", "_extras", "arclength", "constants", "progress", "sharing"},
    {"_config", "solvent", "units"},
    {"fields", "frozen"},
    {"species"},
    # formulas on arrays
    {"_broadcast", "piecewise"},
    {"sampling"},
    {"electrochem", "film", "ghk", "panels"},
    {"neutrality"},
    {"neutral_guesses"},
    {"neutral_profiles", "refining"},
    # descriptions: pure data
    {"landscapes"},
    {"baths", "mechanisms", "membranes", "schedules", "surfaces"},
    {"activities", "junctions"},
    {"pitzer_equations"},
    {"cells"},
    {"conditions", "noise", "starts"},
    {"_rebuild", "preset_library"},
    # the only place that knows both the objects and the arrays
    {"lowering"},
    {"evaluation"},
    # verbs and what they return
    {"by_name"},
    {"energy"},
    {"back_solving", "balance", "closed_forms", "observation"},
    {"protocols"},
    {"kept", "kernel_arrays"},
    {"methods"},
    {"audit", "events"},
    {"results"},
    {"cell_runs", "rests"},
    {"simulation"},
    {"steady", "sweeps"},
    {"all_rests"},
    # double layers
    {"double_layers"},
    # membranes in profile
    {"profiles", "stacks", "flux_axes"},
    {"extrapolation", "meshes", "slices", "flux_blocks", "flux_files"},
    {"flux_tables"},
    {"scaling"},
    {"volumes"},
    {"curves", "sensitivities"},
    {"elements", "planck", "prescribed"},
    {"collocation"},
    {"folds", "poisson"},
    {"iv_curves", "flux_states"},
    {"tabulation"},
    {"levels"},
    {"comparison"},
    {"courses", "profile_runs", "spectra"},
    {"marching"},
    {"refinement"},
    {"run_audits"},
    {"small_signals", "transients"},
    # results as data, and what people see
    {"records"},
    {"publications"},
    {"citations", "datasets"},
    {"_draw", "files", "scenarios", "tables"},
    {"stimuli"},
    {"formula_plots", "layer_plots", "plotting", "profile_plots", "run_plots"},
    {"demo"},
    {"cli"},
    {"shell"},
    {"commands"},
    {"__main__", "__init__"},
)
HEIGHT = {module: height for height, layer in enumerate(LAYERS) for module in layer}

#: methods whose code lies above them: imported inside the method, when it is called, or for its types only
UPWARDS = {
    "energy": {"observation"},
    "levels": {"profile_plots", "_draw"},
    "profiles": {"comparison", "levels", "profile_plots", "_draw", "sensitivities"},
    "iv_curves": {"profile_plots", "_draw"},
    "flux_tables": {"profile_plots", "_draw"},
    "flux_files": {"flux_tables"},
    "membranes": {"flux_tables", "tabulation"},
    "profile_runs": {"run_plots", "_draw"},
    "spectra": {"run_plots", "_draw"},
    "audit": {"results", "tables"},
    "evaluation": {"plotting"},
    "mechanisms": {"evaluation"},
    "cells": {"all_rests", "back_solving", "rests", "results", "simulation", "steady"},
    "kept": {"citations", "files", "records", "tables"},
    "results": {"plotting"},
    "double_layers": {"layer_plots", "_draw"},
    "cli": {"commands"},  # only once typer is known to be there
}

#: pure data: no arrays, no kernels
DESCRIPTIONS = {
    "constants", "errors", "units", "solvent", "fields", "species", "baths", "landscapes", "mechanisms", "membranes", "schedules", "cells",
    "preset_library",
}  # fmt: skip

#: packages of an extra that a module may import at its head, because it is itself imported only when asked for
EXTRAS = {"commands": {"typer"}, "shell": {"typer"}, "scenarios": {"pydantic", "pydantic_core"}}


@dataclass(frozen=True)
class Import:
    """One import: `module` imports `target` (of this package, or the name of another package) at `line`."""

    module: str
    target: str
    own: bool
    line: int
    deferred: bool  # inside a function, or for type checkers only


def name_of(path: Path) -> str:
    """Return the node of the graph that a file belongs to; a subpackage is one node."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imports_of(path: Path) -> Iterator[Import]:
    """Yield every import of a file, also those inside functions and under TYPE_CHECKING."""
    depth = len(path.relative_to(PACKAGE).parts) - 1

    def targets(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, bool]]:
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif node.level == 0:
            dotted = [node.module or ""] if node.module != "ionflux" else [f"ionflux.{alias.name}" for alias in node.names]
        else:
            inside = path.relative_to(PACKAGE).parts[: depth - node.level + 1]
            base = [*inside, *(node.module or "").split(".")] if node.module else list(inside)
            dotted = [".".join(["ionflux", *base])] if base else [f"ionflux.{alias.name}" for alias in node.names]
        for name in dotted:
            first, _, rest = name.partition(".")
            yield (rest.split(".")[0] if first == "ionflux" and rest else first), first == "ionflux"

    def walk(node: ast.AST, deferred: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                continue  # which imports nothing, and is most of a file
            if isinstance(child, ast.Import | ast.ImportFrom):
                for target, own in targets(child):
                    yield Import(name_of(path), target, own, child.lineno, deferred)
            else:
                later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
                typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
                yield from walk(child, deferred or later or typing)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), False)


FILES = sorted(PACKAGE.rglob("*.py"))
IMPORTS = [found for path in FILES for found in imports_of(path)]
OWN = [found for found in IMPORTS if found.own and found.target != found.module]


def test_every_module_has_a_place_in_the_table() -> None:
    modules = {name_of(path) for path in FILES} - {"core"}
    assert modules <= set(HEIGHT), f"give {modules - set(HEIGHT)} a row in LAYERS"


def test_imports_point_downwards() -> None:
    def allowed(found: Import) -> bool:
        below = HEIGHT.get(found.target, -1) < HEIGHT.get(found.module, 0)
        return below or (found.deferred and found.target in UPWARDS.get(found.module, ()))

    upwards = [found for found in OWN if not allowed(found)]
    assert upwards == []


def test_no_exception_to_the_table_has_become_superfluous() -> None:
    used = {(found.module, found.target) for found in OWN if found.deferred}
    assert {(module, target) for module, targets in UPWARDS.items() for target in targets} <= used


def test_descriptions_know_neither_arrays_nor_kernels() -> None:
    heads = [found for found in IMPORTS if found.module in DESCRIPTIONS and not found.deferred]
    assert [found for found in heads if found.target in ("numpy", "scipy", "_kernels", "_dispatch", "lowering")] == []


def test_compiled_modules_are_reached_through_the_dispatch_only() -> None:
    compiled = ("_kernels", "_fields", "_layers", "_films", "_transients")
    assert {found.module for found in OWN if found.target.startswith(compiled)} <= {"_dispatch"}


def test_at_the_head_of_a_module_only_numpy_comes_from_outside() -> None:
    foreign = [f for f in IMPORTS if not f.own and not f.deferred and f.target not in sys.stdlib_module_names and f.target != "numpy"]
    assert [found for found in foreign if found.target not in EXTRAS.get(found.module, ())] == []
