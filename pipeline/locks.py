"""Locks between processes of one machine; the system frees them when their holder ends, however it ends."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def hold_lock(path: Path, holder: str) -> Iterator[None]:
    """Hold the lock file `path`, which is there only as long; wait while another process holds it.

    Args:
        path: the file, in any folder that can be written to.
        holder: what the other process is, for the line on standard error that says what is waited for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        # To read only, so that another user's file in a common folder will do.
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o666)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"waiting for {holder} ({path})", file=sys.stderr, flush=True)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(path, descriptor):
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return
        finally:
            os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file still has its name: a holder removes it, and whoever comes later locks a new one."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
