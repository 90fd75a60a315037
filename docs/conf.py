"""Sphinx configuration: `make docs`."""

from __future__ import annotations

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
