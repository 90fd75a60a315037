"""Slow, readable twins of the models, written from the published equations and never from the kernels."""
