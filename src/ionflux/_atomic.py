"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from .errors import StorageError


def target_of(path: str | Path, *, overwrite: bool) -> Path:
    """The path of a file that is to be written; `StorageError` where there is one that must stay."""
    target = Path(path)
    if not overwrite and target.exists():
        raise StorageError(f"{target} exists; choose another name or overwrite=True")
    return target


@contextlib.contextmanager
def atomic(target: Path) -> Iterator[Path]:
    """A scratch path in the folder of `target` that takes its place when the block ends well and vanishes when it does not."""
    # not tempfile: its files are private, and a result has the rights of any new file
    scratch = target.with_name(f".{target.stem}-{uuid.uuid4().hex}{target.suffix}")
    try:
        os.close(os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
        yield scratch
        with scratch.open("rb+") as written:
            os.fsync(written.fileno())
        scratch.replace(target)
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
