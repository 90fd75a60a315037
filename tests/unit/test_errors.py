"""Errors say what to do, are what API users catch, and travel between processes."""

from __future__ import annotations

import copy
import pickle

import pytest

import ionflux as ifx
from ionflux import errors

EXCEPTIONS = [x for x in vars(errors).values() if isinstance(x, type) and issubclass(x, BaseException) and x.__module__ == "ionflux.errors"]


@pytest.mark.parametrize("cls", EXCEPTIONS)
def test_every_error_survives_pickle_with_what_it_carries(cls: type[BaseException]) -> None:
    error = cls("the volume diverges")
    if hasattr(error, "partial"):
        error = cls("the volume diverges", partial=[1.0, 2.0])  # type: ignore[call-arg]
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is cls
        assert str(again) == "the volume diverges"
        assert vars(again) == vars(error)


@pytest.mark.parametrize(
    ("cls", "parents"),
    [
        (ifx.InputError, (ifx.IonfluxError, ValueError)),
        (ifx.UnitRangeError, (ifx.InputError,)),
        (ifx.UnknownNameError, (ifx.InputError, KeyError)),
        (ifx.ScenarioError, (ifx.InputError,)),
        (ifx.ShapeError, (ifx.InputError,)),
        (ifx.ModelError, (ifx.IonfluxError,)),
        (ifx.ElectroneutralityError, (ifx.ModelError,)),
        (ifx.NoClosedForm, (ifx.ModelError,)),
        (ifx.SolveError, (ifx.IonfluxError, RuntimeError)),
        (ifx.ConvergenceError, (ifx.SolveError,)),
        (ifx.StepSizeError, (ifx.SolveError,)),
        (ifx.NonFiniteError, (ifx.SolveError,)),
        (ifx.NoSteadyState, (ifx.SolveError,)),
        (ifx.StorageError, (ifx.IonfluxError, OSError)),
        (ifx.MissingExtra, (ifx.IonfluxError, ImportError)),
        (ifx.Interrupted, (KeyboardInterrupt,)),
        (ifx.NotNeutralWarning, (ifx.IonfluxWarning, UserWarning)),
    ],
)
def test_errors_are_also_the_builtin_ones_that_people_catch(cls: type, parents: tuple[type, ...]) -> None:
    assert all(issubclass(cls, parent) for parent in parents)


def test_control_c_passes_through_except_exception() -> None:
    assert not issubclass(ifx.Interrupted, Exception)


def test_an_unknown_name_comes_with_the_nearest_one() -> None:
    error = ifx.UnknownNameError.among("Cell has no parameter", "nakatpase.jmax", ["leak_Na.g", "NaKATPase.J_max"])
    assert "did you mean 'NaKATPase.J_max'" in str(error)
    assert "leak_Na.g" in str(error)
    assert "mean" not in str(ifx.UnknownNameError.among("there is no ion", "Xyz", ["Na"]))


def test_status_integers_are_stable_and_each_says_what_to_do() -> None:
    names = "OK STEP_TOO_SMALL NOT_FINITE NEGATIVE_AMOUNT NO_STEADY_STATE NOT_CONVERGED CANCELLED BAD_INPUT".split()
    assert [status.name for status in ifx.Status] == names
    assert [int(status) for status in ifx.Status] == list(range(8))
    for status in ifx.Status:
        assert status.sentence.endswith(".")
        assert status is ifx.Status.OK or ":" in status.sentence
        assert pickle.loads(pickle.dumps(status)) is status
