"""Locks between processes of one machine; the system frees them when their holder ends, however it ends."""

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def print_error(line: str) -> None:
    """Print a line on standard error."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def hold_lock(path: Path, holder: str, say: Callable[[str], object] = print_error) -> Iterator[None]:
    """Hold the lock file `path`, which is there only as long; wait while another process holds it.

    Args:
        path: the file, in any folder that can be written to.
        holder: what the other process is, for the line that says what is waited for.
        say: takes that line.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = _open_lock(path)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"waiting for {holder} ({path})")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(path, descriptor):
                try:
                    yield
                finally:
                    # In a common folder the file of another user, who was killed, has to stay.
                    with suppress(FileNotFoundError, PermissionError):
                        path.unlink()
                return
        finally:
            os.close(descriptor)


def _open_lock(path: Path) -> int:
    """Open a lock file that every user can lock; it is made where there is none.

    In a common folder it may be another user's: Linux then refuses to open it to write, or with O_CREAT.
    """
    while True:
        with suppress(FileNotFoundError):
            try:
                return os.open(path, os.O_RDWR)  # as NFS requires it
            except PermissionError:
                return os.open(path, os.O_RDONLY)
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            os.fchmod(descriptor, 0o644)
            return descriptor


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file still has its name: a holder removes it, and whoever comes later locks a new one."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
