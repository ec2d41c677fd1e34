"""Folders that are held while a process works in them; making one removes those that nobody holds."""

import fcntl
import os
import tempfile
from pathlib import Path

from execution.guard import end_processes, remove
from pipeline.errors import print_error
from pipeline.locks import hold_lock


def make_held_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    """Make a folder in `parent`, and remove those that nobody holds.

    Returns:
        The folder, and a descriptor: as long as a process has it open, the folder is held.
    """
    parent.mkdir(parents=True, exist_ok=True)
    # Between its making and its holding, a folder would look like one that nobody holds.
    with hold_lock(parent.with_suffix(".lock"), "another run that makes its folder"):
        for folder in parent.iterdir():
            remove_forsaken(folder)
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return folder, descriptor


def remove_forsaken(folder: Path) -> None:
    """End the processes of a folder and remove it, unless it is held: its guard was killed too."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except (FileNotFoundError, PermissionError):  # the second: of another user
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        end_processes(str(folder))
        remove(folder)
        if not folder.exists():
            print_error(f"removed {folder}, which a killed run had left")
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)
