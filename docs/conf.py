"""Sphinx configuration: `make docs`."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import matplotlib.pyplot as plt
from sphinx.application import Sphinx

import ionflux

project = "ionflux"
author = "The ionflux developers"
copyright = "The ionflux developers, MIT licence"
version = release = ionflux.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
]
exclude_patterns = ["_build"]
nitpicky = False

html_theme = "furo"
html_title = f"ionflux {release}"

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc sections state types, units and shapes
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False


def draw_gallery(app: Sphinx) -> None:
    """Run the Python of the gallery's pages; the figures that they save are those that they show."""
    plt.switch_backend("Agg")
    folder = Path(app.srcdir, "generated", "gallery")
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(folder):
        for page in sorted(Path(app.srcdir, "gallery").glob("*.md")):
            code = "\n".join(re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
            exec(compile(code, page.name, "exec"), {"__name__": "__main__"})
            plt.close("all")


def setup(app: Sphinx) -> None:
    """Draw before anything is read."""
    app.connect("builder-inited", draw_gallery)
