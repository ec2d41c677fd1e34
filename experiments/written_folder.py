"""Folders that several processes may write at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.locks import hold_lock
from pipeline.outputs import written_aside


@contextmanager
def written_folder(folder: Path) -> Iterator[Path]:
    """Give a new folder that takes the place of `folder` if the block succeeds; those who write the same take turns."""
    lock = folder.with_name(f".{folder.name}.lock")
    with hold_lock(lock, f"another process that writes {folder}"), written_aside(folder) as aside:
        aside.mkdir()
        yield aside
