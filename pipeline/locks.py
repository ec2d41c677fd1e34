"""Locks between processes of one machine; the system frees them when their holder ends, however it ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import print_error

POLL_SECONDS = 0.2


@contextmanager
def hold_lock(path: Path, holder: str, say: Callable[[str], object] = print_error) -> Iterator[None]:
    """Hold the lock file `path`, which is there only as long; wait while another process holds it.

    Args:
        path: the file, in any folder that can be written to.
        holder: what the other process is, for the line that says what is waited for.
        say: takes that line.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # In a common folder another user's file, who was killed, is locked too.
    lock = FileLock(path, mode=0o666, poll_interval=POLL_SECONDS, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"waiting for {holder} ({path})")
        lock.acquire()
    try:
        yield
    finally:
        # While it is held: whoever waits finds that the file has lost its name, and makes another.
        with suppress(FileNotFoundError, PermissionError):
            path.unlink()
        lock.release()
