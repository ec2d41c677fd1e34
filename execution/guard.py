"""End a folder's processes and remove the folder when standard input ends, however that came about.

Usage: guard.py FOLDER. Whoever started the processes holds the other end of standard input: it closes on
purpose, and when its holder dies, by whatever signal. A folder's processes are those that have it in their environment
variable RUN_FOLDER: also those in process groups or sessions of their own, whose parents have died.

`execution.processes` starts this file by its path, without the project's packages.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import psutil

GRACE_SECONDS = 5
KILL_ATTEMPTS = 10
MARK = "RUN_FOLDER"
# The mark that Prefect gives to all that it starts for a run.
RUN_ID = "PREFECT__FLOW_RUN_ID"


def has_mark(process: psutil.Process, mark: str, value: str) -> bool:
    """Whether a process was started with this value of an environment variable."""
    try:
        return process.environ().get(mark) == value
    except psutil.Error:  # ended by now, or another user's
        return False


def find_processes(value: str, mark: str = MARK) -> list[psutil.Process]:
    """The other processes that have a mark: a folder's, unless another mark is given."""
    others = (process for process in psutil.process_iter() if process.pid != os.getpid())
    return [process for process in others if has_mark(process, mark, value)]


def end_processes(value: str, mark: str = MARK) -> None:
    """Ask the processes with a mark to end, and kill those that have not after five seconds."""
    asked = find_processes(value, mark)
    for process in asked:
        send(process, signal.SIGTERM)
    psutil.wait_procs(asked, timeout=GRACE_SECONDS)
    for _ in range(KILL_ATTEMPTS):
        if not (remaining := find_processes(value, mark)):
            return
        for process in remaining:
            send(process, signal.SIGKILL)
        psutil.wait_procs(remaining, timeout=1)


def send(process: psutil.Process, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended by now."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def remove(folder: Path) -> None:
    """Remove a folder; a git that is still ending may write to it a moment longer."""
    for _ in range(KILL_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.5)
    print(f"error: {folder} could not be removed", file=sys.stderr)


if __name__ == "__main__":
    (folder,) = sys.argv[1:]
    sys.stdin.read()
    end_processes(folder)
    remove(Path(folder))
