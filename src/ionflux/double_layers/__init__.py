"""Screened layers at charged surfaces, and the charged membrane between two of them.

`screening` makes rows of a batch, `diffuse` solves the layer in each geometry (`strong_walls` where charge is beyond what marching
resolves), `surface_laws` ties potential and charge (Stern layer, regulation), `solving` and `bilayers` hold the public calls, `results`
what they return.
"""

from __future__ import annotations

from .bilayers import ChargedBilayer, charged_bilayer
from .results import DoubleLayer
from .solving import double_layer, gating_shift

__all__ = ["ChargedBilayer", "DoubleLayer", "charged_bilayer", "double_layer", "gating_shift"]
