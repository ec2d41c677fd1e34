"""A flow run ends with what launched it for Prefect.

Prefect ends the process that it started: with a command of the user's own that is its shell, not the flow below it. And
a worker that is killed ends nothing. What is left would go on unseen.
"""

import atexit
import os
import signal
import sys
import threading
import time
from functools import cache
from itertools import takewhile
from multiprocessing import parent_process

import psutil

from execution.guard import RUN_ID, end_processes, has_mark

# On a busy machine the clone takes half a minute to go, and Prefect's client asks a busy server six times in a minute.
GRACE_SECONDS = 120


@cache
def end_with_launcher() -> None:
    """From now on, end this process when one of its launchers ends; a run by hand has none, and outlives its shell."""
    if launchers := find_launchers():
        threading.Thread(target=follow, args=(launchers,), daemon=True).start()


def find_launchers() -> list[psutil.Process]:
    """The ancestors of this process up to the one that launched the flow run for Prefect; none for a run by hand.

    What is launched for a run has the run's id in its environment; the launcher, a worker or a runner, has not.
    `flow.serve` launches without it, by multiprocessing.
    """
    ancestors = psutil.Process().parents()
    if run_id := os.environ.get(RUN_ID):
        wrappers = list(takewhile(lambda process: has_mark(process, RUN_ID, run_id), ancestors))
        return ancestors[: len(wrappers) + 1]
    return ancestors[:1] if parent_process() else []


def follow(launchers: list[psutil.Process]) -> None:
    """Wait until one of the launchers has ended, and end the flow run: first so that it can tell Prefect."""
    while all(map(lives, launchers)):
        time.sleep(1)
    if not lives(launchers[-1]):
        stop_printing()
    if run_id := os.environ.get(RUN_ID):
        atexit.register(end_processes, run_id, RUN_ID)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    if run_id:
        end_processes(run_id, RUN_ID)
    os.kill(os.getpid(), signal.SIGKILL)


def stop_printing() -> None:
    """Print nowhere from now on: its reader is gone, and a line more would end this process before it tells Prefect."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


def lives(process: psutil.Process) -> bool:
    """Whether a process has not ended; one that has may be there still, until its parent asks for its exit status."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
