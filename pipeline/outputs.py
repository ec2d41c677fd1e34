"""Outputs appear whole or not at all: they are written aside, then renamed."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Give a place beside `path` to write a file or a folder to; it takes the name `path` if the block succeeds.

    What an earlier attempt left aside is removed first; what is at `path` stays until the new output is complete.
    """
    aside, before = (path.with_name(f".{path.name}.{word}") for word in ("aside", "before.aside"))
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove(aside)
    try:
        yield aside
        aside.lstat()  # a block that wrote nothing must not cost what is there
        _remove(before)
        if path.is_dir():
            # A folder cannot be replaced in one step, and must never be seen half removed.
            path.replace(before)
        aside.replace(path)
    finally:
        if before.exists() and not path.exists():
            before.replace(path)
        _remove(before)
        _remove(aside)


def require_space(folder: Path, size_bytes: int) -> None:
    """See that a folder's disk has room, for libraries that crash where it has none.

    Raises:
        OSError: it has not.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, size_bytes)


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON; non-finite numbers are refused, because JSON has none."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array in NumPy's format."""
    with written_aside(path) as aside, aside.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays by name in NumPy's format npz, not compressed: equal arrays give equal bytes."""
    with written_aside(path) as aside, aside.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
