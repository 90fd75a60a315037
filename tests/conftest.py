"""Settings for all tests. Plain `pytest` leaves out what is marked slow, hosts or soak (addopts in pyproject.toml)."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib: no test opens a window

from hypothesis import settings

# The same examples every time, so that a red build is the change's fault; `--hypothesis-profile=explore` draws new ones.
settings.register_profile("ionflux", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("explore", deadline=None, print_blob=True, max_examples=1000)
settings.load_profile("ionflux")


# The collector looks at all there is when a file of tests has ended, and then leaves it alone: to look again and again at what stays to the
# end, as it would, takes a tenth of all time.
gc.set_threshold(700, 10, 1000)


def settle() -> None:
    gc.collect()
    gc.freeze()


def pytest_collection_finish() -> None:
    settle()


@pytest.fixture(scope="module", autouse=True)
def _settled() -> Iterator[None]:
    yield
    settle()


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository; tests of what is shipped, written or built skip without it."""
    folder = Path(__file__).resolve().parents[1]
    if not (folder / "setup.py").is_file():
        pytest.skip("not in the repository")
    return folder
