"""What can go wrong, and what to do about it.

::

    IonfluxError
        InputError (ValueError)       an argument: its message names the field, the value, the unit and the remedy
            UnitRangeError            a number that is most likely in another unit, or not finite
            UnknownNameError          a name that does not exist; the message gives the nearest one (also a KeyError)
            ScenarioError             a scenario file
            ShapeError                arrays that do not fit each other
        ModelError                    a description that contradicts itself or asks for what does not exist
            ElectroneutralityError    the charge inside does not fit the membrane potential
            NoClosedForm
        SolveError (RuntimeError)     a numerical failure; `partial` holds what was reached
            ConvergenceError, StepSizeError, NonFiniteError, NoSteadyState
        StorageError (OSError)        a result file
        MissingExtra (ImportError)    an optional package that is not installed
    Interrupted (KeyboardInterrupt)   Ctrl-C; `partial` holds what was reached

`Interrupted` stands outside `IonfluxError` on purpose: like every KeyboardInterrupt it must pass through ``except Exception``.
All of them pickle, so they travel from worker processes.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Self

__all__ = [
    "ConvergenceError",
    "ElectroneutralityError",
    "InputError",
    "Interrupted",
    "IonfluxError",
    "IonfluxWarning",
    "MissingExtra",
    "ModelError",
    "NoClosedForm",
    "NoSteadyState",
    "NonFiniteError",
    "NotNeutralWarning",
    "ScenarioError",
    "ShapeError",
    "SolveError",
    "Status",
    "StepSizeError",
    "StorageError",
    "UnitRangeError",
    "UnknownNameError",
]


class IonfluxError(Exception):
    """Every error that ionflux raises on purpose."""


class InputError(IonfluxError, ValueError):
    """An argument that ionflux cannot take."""


class UnitRangeError(InputError):
    """A number outside its plausible range, most likely a slip of units; or one that is not finite."""


class UnknownNameError(InputError, KeyError):
    """A name that does not exist. Also a KeyError, so mappings of ionflux keep the mapping protocol."""

    def __str__(self) -> str:  # KeyError would show the message in quotes
        return str(self.args[0]) if self.args else ""

    @classmethod
    def among(cls, what: str, name: object, known: Iterable[object]) -> Self:
        """Return the error that says which name `what` does not have, which one was probably meant, and which there are.

        Parameters
        ----------
        what : str
            What was searched, and for what: ``"Cell has no parameter"``.
        name : object
            The name that was asked for.
        known : iterable
            The names that exist.
        """
        import difflib

        names = [str(k) for k in known]
        folded = {k.lower(): k for k in reversed(names)}
        near = difflib.get_close_matches(str(name).lower(), list(folded), n=1, cutoff=0.5)
        meant = f" (did you mean {folded[near[0]]!r}?)" if near else ""
        shown = ", ".join(names[:40]) + (", …" if len(names) > 40 else "")
        return cls(f"{what} {str(name)!r}{meant}; it has: {shown or 'none'}")


class ScenarioError(InputError):
    """A scenario file that cannot be understood.

    Attributes
    ----------
    problems : tuple of (place, message)
        What the message tells, one by one; a place is (line, column, length) from 1, or None.
    """

    def __init__(self, message: str = "", *, problems: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class ShapeError(InputError):
    """Arrays whose shapes do not fit each other."""


class ModelError(IonfluxError):
    """A description that contradicts itself, or asks for what does not exist."""


class ElectroneutralityError(ModelError):
    """The charge inside does not fit the membrane potential: F·volume·Σzc ≠ C_m·area·V.

    Attributes
    ----------
    missing : float or None
        Charge to be added inside, mol/m³ of elementary charges.
    """

    def __init__(self, message: str = "", *, missing: float | None = None) -> None:
        super().__init__(message)
        self.missing = missing


class NoClosedForm(ModelError):  # noqa: N818  the answer, not a fault
    """The steady state of this cell has no closed form."""


class SolveError(IonfluxError, RuntimeError):
    """A numerical failure.

    Attributes
    ----------
    partial : object or None
        The result as far as it was reached.
    """

    def __init__(self, message: str = "", *, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


class ConvergenceError(SolveError):
    """An iteration did not converge."""


class StepSizeError(SolveError):
    """The step of the integration became too small."""


class NonFiniteError(SolveError):
    """A state became infinite or not a number."""


class NoSteadyState(SolveError):  # noqa: N818  the answer, not a fault
    """The model has no steady state; the message says why."""


class StorageError(IonfluxError, OSError):
    """A result could not be written or read."""


class MissingExtra(IonfluxError, ImportError):  # noqa: N818
    """An optional package is not installed; the message names the extra to install."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a computation.

    Attributes
    ----------
    partial : object or None
        The result as far as it was reached.
    """

    def __init__(self, message: str = "", *, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


class IonfluxWarning(UserWarning):
    """Every warning of ionflux."""


class NotNeutralWarning(IonfluxWarning):
    """A bath whose net charge is more than a thousandth of its ionic charge."""


class Status(IntEnum):
    """How the computation of one element of a batch ended. The integers are stable."""

    OK = 0
    STEP_TOO_SMALL = 1
    NOT_FINITE = 2
    NEGATIVE_AMOUNT = 3
    NO_STEADY_STATE = 4
    NOT_CONVERGED = 5
    CANCELLED = 6
    BAD_INPUT = 7

    @property
    def sentence(self) -> str:
        """What happened, and what to do."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.OK: "Finished.",
    Status.STEP_TOO_SMALL: "The step became too small: loosen rtol, or look for a jump or a concentration near zero at that time.",
    Status.NOT_FINITE: "A state became infinite or not a number: check the sizes, and concentrations of zero.",
    Status.NEGATIVE_AMOUNT: "An amount would become negative: give what removes that ion a rate that vanishes with it.",
    Status.NO_STEADY_STATE: "There is no steady state, the volume diverges: strengthen the pump or weaken the Na leak.",
    Status.NOT_CONVERGED: "The iteration did not converge: start nearer to the solution, or simulate for a while and start from there.",
    Status.CANCELLED: "Interrupted before the end: what was finished is kept; run it again for the rest.",
    Status.BAD_INPUT: "The parameters of this element are outside their ranges: failures() has the name and the value.",
}
