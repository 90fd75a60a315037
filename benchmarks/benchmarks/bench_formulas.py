"""Formulas on arrays: against NumPy, one thread against two, and what a call costs at all; the workload of compare/w1.py."""

from __future__ import annotations

import numpy as np

from .clock import ratio

SIZES = (1, 64, 4096, 100_000, 1_000_000)


def membranes(n):
    """Return permeabilities, concentrations on both sides by ion, and V of n membranes, the same on every machine."""
    from ionflux import Cl, K, Na

    x = np.arange(n) + 0.5

    def spread(low, high, prime):
        return low + (high - low) * (x * np.sqrt(prime) % 1.0)

    c_in = {K: spread(100.0, 160.0, 2.0), Na: spread(5.0, 30.0, 3.0), Cl: spread(4.0, 20.0, 5.0)}
    P = {K: spread(5e-9, 15e-9, 7.0), Na: spread(5e-10, 1e-8, 11.0), Cl: spread(5e-10, 1e-8, 13.0)}
    return P, c_in, {K: 4.0, Na: 145.0, Cl: 110.0}, spread(-0.12, 0.08, 17.0)


def plain(P, c_in, c_out, V):
    """The same in NumPy: potential without current, and currents outward."""
    from ionflux import Cl, K, Na
    from ionflux.constants import BODY_TEMPERATURE, FARADAY, GAS_CONSTANT

    VT = GAS_CONSTANT * BODY_TEMPERATURE / FARADAY
    inward = P[K] * c_out[K] + P[Na] * c_out[Na] + P[Cl] * c_in[Cl]
    voltage = VT * np.log(inward / (P[K] * c_in[K] + P[Na] * c_in[Na] + P[Cl] * c_out[Cl]))
    u = V / VT
    with np.errstate(divide="ignore", invalid="ignore"):
        b = np.where(u == 0, 1.0, u / np.expm1(u))
    a = b + u
    cations = [P[ion] * FARADAY * (a * c_in[ion] - b * c_out[ion]) for ion in (K, Na)]
    return voltage, *cations, P[Cl] * FARADAY * (a * c_out[Cl] - b * c_in[Cl])


class Goldman:
    """Three currents and the potential without current."""

    params = (SIZES,)
    param_names = ("membranes",)

    def setup(self, n):
        import ionflux as ifx

        self.P, self.c_in, self.c_out, self.V = membranes(n)
        self.membrane = ifx.ghk_membrane
        self.out = self.at_once(None)

    def at_once(self, out, threads=1):
        return self.membrane(self.P, V=self.V, c_in=self.c_in, c_out=self.c_out, out=out, threads=threads)

    def time_ghk_membrane(self, n):
        self.at_once(self.out)

    def track_over_numpy(self, n):
        return ratio(lambda: self.at_once(self.out), lambda: plain(self.P, self.c_in, self.c_out, self.V))

    track_over_numpy.unit = "ratio"


class Threads:
    """Two threads against one."""

    params = ((1_000_000,),)
    param_names = ("membranes",)
    setup = Goldman.setup
    at_once = Goldman.at_once

    def track_two_over_one(self, n):
        return ratio(lambda: self.at_once(self.out, 2), lambda: self.at_once(self.out))

    track_two_over_one.unit = "ratio"


class OneNumber:
    """A formula of plain numbers: the price of the door."""

    def setup(self):
        import ionflux as ifx
        from ionflux import K

        self.call = lambda: ifx.nernst(K, c_in=140.0, c_out=5.0)

    def time_nernst(self):
        self.call()


class Solutions:
    """A Donnan equilibrium and a liquid junction of five ions."""

    def setup(self):
        import ionflux as ifx
        from ionflux import Ca, Cl, K, Na

        self.bath = {Na: 145.0, K: 5.0, Ca: 2.0, Cl: 154.0}
        self.pipette = {K: 140.0, Na: 10.0, Cl: 20.0, ifx.Gluconate: 130.0}
        self.donnan, self.junction = ifx.donnan, ifx.liquid_junction

    def time_donnan(self):
        self.donnan(self.bath, -100.0)

    def time_liquid_junction(self):
        self.junction(self.pipette, self.bath)
