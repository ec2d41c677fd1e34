"""Checkpoints of a training run: named arrays and a few values, in files that are whole or are noticed not to be.

A file is the sha256 of its content in hexadecimal, a newline, and the content: NumPy's npz format with the values as
JSON in the array `values`. Nothing in it is ever unpickled. Two generations are kept.
"""

import fcntl
import hashlib
import io
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

GENERATIONS = 2
DIGEST_BYTES = 64


class Checkpoint(NamedTuple):
    """The state after an epoch.

    Attributes:
        epoch: how many epochs are complete.
        arrays: by name.
        values: what JSON can say: history, seconds.
    """

    epoch: int
    arrays: dict[str, np.ndarray]
    values: dict[str, Any]


class CheckpointFolder:
    """The checkpoints of one run, which `run_digest` identifies; other runs' files are never taken for its own."""

    def __init__(self, folder: Path, run_digest: str):
        self.folder = folder
        self.run_digest = run_digest

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Wait until no other process has these checkpoints, and keep others waiting."""
        while True:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"{self.folder}: waiting for the process that trains the same run", file=sys.stderr)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            # The other one removes the folder when it is done.
            if self.folder.exists() and os.path.samestat(os.fstat(descriptor), self.folder.stat()):
                break
            os.close(descriptor)
        try:
            yield
        finally:
            os.close(descriptor)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint aside, flush it to the disk, give it its name, and remove all but two generations."""
        self.folder.mkdir(parents=True, exist_ok=True)
        values = {"epoch": checkpoint.epoch, "run": self.run_digest, **checkpoint.values}
        buffer = io.BytesIO()
        as_array = np.frombuffer(json.dumps(values).encode(), np.uint8)
        np.savez(buffer, allow_pickle=False, values=as_array, **checkpoint.arrays)
        content = buffer.getbuffer()
        path = self._path(checkpoint.epoch)
        aside = path.with_suffix(".aside")
        with aside.open("wb") as file:
            file.write(hashlib.sha256(content).hexdigest().encode() + b"\n")
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        self._flush_folder()
        for old in self._files()[GENERATIONS:]:
            old.unlink()

    def load_latest(self) -> Checkpoint | None:
        """The newest checkpoint that is whole; a damaged one is named on standard error and passed over."""
        for path in self._files():
            try:
                return self._load(path)
            except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
                print(f"{path}: passed over, {error}", file=sys.stderr)
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
        return Checkpoint(values.pop("epoch"), arrays, values)

    def _path(self, epoch: int) -> Path:
        return self.folder / f"epoch-{epoch:06d}.checkpoint"

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("epoch-*.checkpoint"), reverse=True)

    def _flush_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
