"""Benchmarks of ionflux for airspeed velocity (asv), in the shapes in which people use it."""
