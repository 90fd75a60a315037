"""The Na/K pump as a ring of four lumped states, with detailed balance; mM, volts (inside minus outside), cycles per second of one pump.

    1 -> 2  3 Na bind inside, MgATP phosphorylates (ADP leaves on the way back)     alpha_1
    2 -> 3  3 Na leave to the outside                                               alpha_2
    3 -> 4  2 K bind outside, Pi leaves                                             alpha_3
    4 -> 1  2 K leave to the inside, ATP binds                                      alpha_4

Binding is at equilibrium within a lumped state; the first Na of each side sits in the field. The rate is the difference of the two cyclic
products over the sum of the sixteen spanning trees of the ring (King & Altman).

M. Pan, P. J. Gawthrop, J. Cursons, K. Tran & E. J. Crampin (2020), re-parameterising J. R. Terkildsen, E. J. Crampin & N. P. Smith, Am. J.
Physiol. Heart Circ. Physiol. 293, H3036 (2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, prod


@dataclass(frozen=True)
class PumpCycle:
    K_Nai1: float = 579.7295
    K_Nai2: float = 5.6399
    K_Nae1: float = 0.0349
    K_Nae2: float = 1.0617e4
    K_Ki: float = 1.6795e4
    K_Ke: float = 1.0817
    K_ATP: float = 140.3709
    Delta: float = -0.0550
    forward: tuple[float, float, float, float] = (1423.2, 11565.0, 194.4506, 30630.0)
    backward: tuple[float, float, float, float] = (225.9048, 36355.0, 2.8104e5, 1.5740e6)
    T: float = 310.0
    R: float = 8.314
    F: float = 96485.0

    def rates(
        self, *, V: float, Na_in: float, Na_out: float, K_in: float, K_out: float, MgATP: float, ADP: float, Pi: float, H: float
    ) -> tuple[list[float], list[float]]:
        u = self.F * V / (self.R * self.T)
        i1, i2 = Na_in / (self.K_Nai1 * exp(self.Delta * u)), Na_in / self.K_Nai2
        e1, e2 = Na_out / (self.K_Nae1 * exp((1 + self.Delta) * u)), Na_out / self.K_Nae2
        ki, ke, atp = K_in / self.K_Ki, K_out / self.K_Ke, MgATP / self.K_ATP
        D_i = i1 * i2**2 + (1 + i2) ** 2 + (1 + ki) ** 2 - 1
        D_e = e1 * e2**2 + (1 + e2) ** 2 + (1 + ke) ** 2 - 1
        f, b = self.forward, self.backward
        return (
            [f[0] * i1 * i2**2 / D_i, f[1], f[2] * ke**2 / D_e, f[3] * atp / (1 + atp)],
            [b[0] * ADP, b[1] * e1 * e2**2 / D_e, b[2] * Pi * H / (1 + atp), b[3] * ki**2 / D_i],
        )

    def rate(self, **at: float) -> float:
        up, down = self.rates(**at)
        trees = 0.0
        for root in range(4):
            for cut in range(4):  # a tree lacks one edge of the ring: states before the gap walk back to the root, those after it on
                steps = 1.0
                for k in range(1, 4):
                    state = (root + k) % 4
                    steps *= down[(state - 1) % 4] if k <= cut else up[state]
                trees += steps
        return (prod(up) - prod(down)) / trees

    def affinity(self, **at: float) -> float:
        """Of one cycle, J/mol."""
        up, down = self.rates(**at)
        return self.R * self.T * log(prod(up) / prod(down))


def free_phosphate(total: float, *, K_in: float, Na_in: float, H: float) -> float:
    """Pi that is neither protonated nor bound to K or Na, mM."""
    return total / (1 + K_in / 292 + H / 10 ** (3 - 6.77) + Na_in / 224)
