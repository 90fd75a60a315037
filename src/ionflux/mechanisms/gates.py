"""Gates: what opens and closes a channel, as data.

A gate is a number x between 0 and 1, the probability that one of `power` equal parts of a channel is open, and follows

    dx/dt = α (1 − x) − β x        `alpha`, `beta`
    dx/dt = (x∞ − x)/τ             `inf`, `tau`
    x = α/(α + β), or x = x∞       at once: `instant=True`, or `inf` without `tau`
    x = f(another gate)            `slaved`, `of="HHK.n"`

where α, β, x∞, τ are numbers, `Rate`, or any function of the potential (V) or of what `of` names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from math import exp, expm1, inf, isfinite, log
from typing import Any, TypeAlias

from ionflux.errors import InputError
from ionflux.fields import Described, about, check_name, described, param, plain
from ionflux.species import TEMPERATURE

Course: TypeAlias = "float | Rate | Callable[[float], float]"

#: what a function of the potential is sampled over, V
VOLTAGES = (-0.25, 0.25)


@described
class Rate(Described):
    """(A + B·x)/(C + exp((x + D)/F)): every rate of Hodgkin and Huxley; x is the potential, V, or what the gate follows.

    Cells take rates that follow V from tables with an error below 1e-12 of the value within 1 V of zero, where they are smooth
    enough for that.

    Where numerator and denominator vanish together the value is their limit, B F x′/(1 − eˣ′)-like: no hole, and no jump in the slope.

    Parameters
    ----------
    A : float
        1/s.
    B : float
        1/s per unit of x (per V).
    C : float
        Pure number; −1, 0 or 1 as a rule.
    D, F : float
        In the unit of x (V). F may be negative, not zero.

    Raises
    ------
    InputError
        F = 0; or the denominator vanishes where the numerator does not: the rate would be infinite there.

    Source: the form of A. L. Hodgkin & A. F. Huxley, J. Physiol. 117, 500 (1952), as NeuroML, GENESIS and others write it.

    Examples
    --------
    >>> alpha_n = Rate(-550.0, -1e4, -1.0, 0.055, -0.010)  # 0.01 (V + 55)/(1 - exp(-(V + 55)/10)) per ms and mV
    >>> round(alpha_n(-0.055), 6), round(alpha_n(-0.065), 6)
    (100.0, 58.197671)
    """

    A: float = field(kw_only=False, metadata=about("1", lo=-1e12, hi=1e12, doc="constant of the numerator"))
    B: float = field(kw_only=False, default=0.0, metadata=about("1", lo=-1e12, hi=1e12, doc="slope of the numerator"))
    C: float = field(kw_only=False, default=0.0, metadata=about("1", lo=-1e6, hi=1e6, doc="constant of the denominator"))
    D: float = field(kw_only=False, default=0.0, metadata=about("1", lo=-1e6, hi=1e6, doc="minus the place"))
    F: float = field(kw_only=False, default=1.0, metadata=about("1", lo=-1e6, hi=1e6, doc="width"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.F:
            raise InputError(f"{self!r}: F = 0; it is the width of the exponential, 10*mV")
        if self.C < 0 and self.B * self.F == 0 and not self.A == 0:
            raise InputError(f"{self!r} is infinite at x = {self.pole:g}, where its denominator vanishes; C must not be negative")
        if self.C < 0 and abs(self.A + self.B * self.pole) > 1e-9 * (abs(self.A) + abs(self.B * self.pole)):
            raise InputError(
                f"{self!r} is infinite at x = {self.pole:g}: its denominator vanishes there and its numerator does not; "
                f"write A = {-self.B * self.pole:g}"
            )

    @property
    def pole(self) -> float:
        """Where the denominator vanishes; NaN where it does not."""
        return self.F * log(-self.C) - self.D if self.C < 0 else float("nan")

    @property
    def negative(self) -> bool:
        """Whether it is below zero at every x: most likely with the wrong sign."""
        return self.B * self.F < 0 if self.C < 0 else self.B == 0 and self.A < 0

    def __call__(self, x: float) -> float:
        """Return the rate at one x."""
        if self.C < 0:
            z = (x - self.pole) / self.F
            return -self.B * self.F / self.C * (1.0 - 0.5 * z if abs(z) < 1e-8 else z / expm1(z) if z < 700 else 0.0)
        y = (x + self.D) / self.F
        e = exp(min(y, 700.0))
        below = self.C + e
        return (self.A + self.B * x) / below if below else inf


@described
class Gate(Described):
    """One kind of gate of a channel, see the head of this module.

    Parameters
    ----------
    name : str
        ``"m"``.
    power : int
        How many of them a channel has: it conducts in proportion to x^power. 0: it is only followed by others, and may be any number.
    alpha, beta : number, Rate, function, or name of a parameter of the channel, 1/s
        Opening and closing rate.
    inf, tau : number, Rate or function; pure number, s
        Steady value and time constant. `inf` without `tau` is reached at once.
    slaved : number, Rate or function
        x as a function of what `of` names, at once.
    of : str
        What these follow: ``"V"``; a concentration, ``"c_in.Ca"``; another gate, ``"HHK.n"``, or ``".n"`` of the same channel; the driving
        force on an ion as ``"V-E.K"`` (V) or ``"drive.K"`` (times F/RT).
    drive : str, optional
        Name of a parameter of the channel that multiplies `alpha`: a transmitter.
    instant : bool
        With `alpha` and `beta`: x = α/(α + β) at every moment.
    q10, T_ref : float
        Rates are multiplied by q10^((T − T_ref)/10 K); T_ref is the temperature that they were measured at, K.
    between : (float, float), optional
        What a function is sampled over: default −0.25 … 0.25 V, 0 … 1 of a gate; for a concentration it must be given. Beyond it the
        function goes on as a straight line.
    error : float
        Of the sampling, in parts of the largest value.
    breaks : sequence of float
        Where a function has a kink or a jump.

    Raises
    ------
    InputError
        Parts that do not go together, negative numbers, a `Rate` for alpha, beta or tau that is negative everywhere, q10 without T_ref.

    Examples
    --------
    >>> n = Gate("n", 4, alpha=Rate(-550.0, -1e4, -1.0, 0.055, -0.010), beta=Rate(125.0, 0.0, 0.0, 0.065, 0.080), q10=3, T_ref=279.45)
    >>> round(n.steady(-0.065), 6)
    0.317677
    """

    name: str = field(kw_only=False)
    power: int = field(kw_only=False, default=1)
    alpha: Any = None
    beta: Any = None
    inf: Any = None
    tau: Any = None
    slaved: Any = None
    of: str = "V"
    drive: str | None = None
    instant: bool = False
    q10: float = param("1", 1.0, lo=0.1, hi=20.0, doc="factor on the rates for 10 K")
    T_ref: float | None = param("K", None, lo=TEMPERATURE.lo, hi=TEMPERATURE.hi, doc="temperature of the rates")
    between: Any = None
    error: float = param("1", 1e-9, lo=1e-13, hi=1e-2, doc="error of sampling, in parts of the largest value")
    breaks: Any = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name(self.name, "Gate.name")
        if type(self.power) is not int or not 0 <= self.power <= 12:
            raise InputError(f"Gate({self.name!r}).power = {self.power!r}; it is a whole number from 0 to 12")
        given = tuple(n for n in ("alpha", "beta", "inf", "tau", "slaved") if getattr(self, n) is not None)
        if given not in (("alpha", "beta"), ("inf",), ("inf", "tau"), ("slaved",)):
            raise InputError(
                f"Gate({self.name!r}) has {', '.join(f'{n}=' for n in given) or 'nothing that moves it'}; give alpha= and beta=, or "
                "inf= and tau=, or inf= alone (at once), or slaved="
            )
        for n in given:
            value = getattr(self, n)
            if isinstance(value, str) and n in ("alpha", "beta"):
                check_name(value, f"Gate({self.name!r}).{n}")
            elif isinstance(value, Rate) and value.negative and n in ("alpha", "beta", "tau"):
                raise InputError(f"Gate({self.name!r}).{n} = {value!r} is negative everywhere; change the signs of A and B")
            elif not isinstance(value, Rate) and not callable(value):
                number = plain(value, "1", f"Gate({self.name!r}).{n}")
                if not isfinite(number) or number < 0 or (n == "tau" and number == 0):
                    raise InputError(f"Gate({self.name!r}).{n} = {number:g}; it is a positive number{', s' if n == 'tau' else ''}")
                if number > 1 and n in ("inf", "slaved") and self.power:
                    raise InputError(f"Gate({self.name!r}).{n} = {number:g}; what opens a channel is a probability, 0 … 1")
                object.__setattr__(self, n, number)
        if self.alpha == self.beta == 0.0:
            raise InputError(f"Gate({self.name!r}): alpha and beta are both 0, so it would never move; a gate that stands still is inf=0.5")
        if self.q10 != 1.0 and self.T_ref is None:
            raise InputError(f"Gate({self.name!r}): q10 = {self.q10:g} needs T_ref=, the temperature of the rates, celsius(22); or q10=1")
        if self.drive is not None and self.alpha is None:
            raise InputError(f"Gate({self.name!r}): drive={self.drive!r} multiplies alpha=; give alpha= and beta=")
        object.__setattr__(self, "breaks", tuple(plain(b, "1", f"Gate({self.name!r}).breaks") for b in self.breaks))
        if self.between is not None:
            object.__setattr__(self, "between", tuple(plain(b, "1", f"Gate({self.name!r}).between") for b in self.between))
            if len(self.between) != 2 or not self.between[0] < self.between[1]:
                raise InputError(f"Gate({self.name!r}).between = {self.between!r}; write (lowest, highest)")
        if self.of.startswith("c_") and self.between is None and any(self.sampled(n) for n in given):
            raise InputError(f"Gate({self.name!r}): a function of {self.of} is sampled, and needs between=(lowest, highest), mol/m³")

    def sampled(self, part: str) -> bool:
        """Whether this part (``"alpha"``) is a function that is sampled to a table."""
        value = getattr(self, part)
        return callable(value) and not isinstance(value, Rate)

    @property
    def at_once(self) -> bool:
        """Whether x has no time course of its own."""
        return self.instant or self.slaved is not None or (self.inf is not None and self.tau is None)

    @property
    def span(self) -> tuple[float, float]:
        """What functions are sampled over."""
        if self.between is not None:
            return (self.between[0], self.between[1])
        return VOLTAGES if self.of == "V" or self.of.startswith("V-E") else (-10.0, 10.0) if self.of.startswith("drive") else (0.0, 1.0)

    def steady(self, x: float) -> float:
        """Return the value at rest, x the potential (V) or what the gate follows."""
        if self.alpha is not None:
            a, b = value_at(self.alpha, x), value_at(self.beta, x)
            return a / (a + b)
        return value_at(self.inf if self.inf is not None else self.slaved, x)


def value_at(course: Course, x: float) -> float:
    """Return a number, a `Rate` or a function at x."""
    return float(course(x)) if callable(course) else float(course)


def as_gates(given: Any, what: str) -> tuple[Gate, ...]:
    """Return gates as a tuple; refuse what is none, and two of one name."""
    gates = (given,) if isinstance(given, Gate) else tuple(given)
    names: Mapping[str, int] = {}
    for gate in gates:
        if not isinstance(gate, Gate):
            raise InputError(f'{what}: {gate!r} is no Gate; write Gate("m", 3, alpha=..., beta=...)')
        if gate.name in names:
            raise InputError(f"{what}: two gates are called {gate.name!r}; give another name")
        names = {**names, gate.name: 1}
    return gates


__all__ = ["Gate", "Rate", "as_gates"]
