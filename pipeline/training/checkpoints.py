"""Checkpoints of a training run: named arrays and a few values, in files that are whole or are noticed not to be.

A file is the sha256 of its content in hexadecimal, a newline, and the content: NumPy's npz format with the values as
JSON in the array `values`. Nothing in it is ever unpickled. Two generations are kept.
"""

import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.errors import print_error
from pipeline.locks import hold_lock

GENERATIONS = 2
DIGEST_BYTES = 64


class Checkpoint(NamedTuple):
    """The state between two epochs.

    Attributes:
        step: how many global steps are done: the position in the data and, with the seed, the random key.
        arrays: by name: weights, optimizer, average.
        values: what JSON can say: history, seconds.
    """

    step: int
    arrays: dict[str, np.ndarray]
    values: dict[str, Any]


class CheckpointFolder:
    """The checkpoints of one run, which `run_digest` identifies; other runs' files are never taken for its own."""

    def __init__(self, folder: Path, run_digest: str):
        self.folder = folder
        self.run_digest = run_digest

    def exclusive(self, say: Callable[[str], object] = print_error) -> AbstractContextManager[None]:
        """Wait until no other process has these checkpoints, and keep others waiting; `say`: see `hold_lock`."""
        lock = self.folder.with_name(f"{self.folder.name}.lock")
        return hold_lock(lock, "the process that trains the same run", say)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint aside, flush it to the disk, give it its name, and remove all but two generations.

        Raises:
            OSError: the disk refuses; the checkpoints before this one stay.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        values = {"step": checkpoint.step, "run": self.run_digest, **checkpoint.values}
        buffer = io.BytesIO()
        as_array = np.frombuffer(json.dumps(values).encode(), np.uint8)
        np.savez(buffer, allow_pickle=False, values=as_array, **checkpoint.arrays)
        content = buffer.getbuffer()
        path = self.folder / f"step-{checkpoint.step:09d}.checkpoint"
        aside = path.with_suffix(".aside")
        try:
            with aside.open("wb") as file:
                file.write(hashlib.sha256(content).hexdigest().encode() + b"\n")
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
        self._flush_folder()
        files = self._files()
        newest = files.index(path)
        # Later ones were passed over, as damaged.
        for other in files[:newest] + files[newest + GENERATIONS :]:
            other.unlink()

    def load_latest(self) -> Checkpoint | None:
        """The newest checkpoint that is whole; a damaged one is named on standard error and passed over."""
        for path in self._files():
            try:
                return self._load(path)
            except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
                print_error(f"{path}: passed over, {error}")
        return None

    def remove(self) -> None:
        """Remove all of the run's checkpoints."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _load(self, path: Path) -> Checkpoint:
        content = path.read_bytes()
        digest, body = content[:DIGEST_BYTES], content[DIGEST_BYTES + 1 :]
        if hashlib.sha256(body).hexdigest().encode() != digest:
            raise ValueError("its content does not have the sha256 that it begins with")
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        values = json.loads(arrays.pop("values").tobytes())
        if values.pop("run") != self.run_digest:
            raise ValueError("it belongs to a run with other parameters, data or code")
        return Checkpoint(values.pop("step"), arrays, values)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.checkpoint"), reverse=True)

    def _flush_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
