"""A process that runs DVC commands, and scripts that outlive a terminal's Ctrl-C."""

import contextlib
import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, Protocol, cast

from execution.git import hide_credentials
from execution.guard import MARK, RUN_ID

LAST_LINES = 20


class Process(Protocol):
    """A `subprocess.Popen` whose input and output are pipes."""

    stdin: IO[str]
    stdout: IO[str]

    def wait(self) -> int:
        """Wait for its end, and give its exit status."""


class DvcError(Exception):
    """A DVC command failed; the message ends with the last lines that it and its stage printed."""


class DvcSession:
    """The other side of `dvc_server.py` or `remote_server.py`, in a process that `start_script` started."""

    def __init__(self, process: Process):
        self.commands = process.stdin
        self.lines = (line.rstrip() for line in process.stdout if line.strip())
        self.status: str | None = "0"  # of the last command; None while it is at work

    def run(self, *arguments: str, show: Callable[[str], object] | None = None) -> None:
        """Run a command of that file; `show` gets each line as it is printed.

        Raises:
            DvcError: the command fails.
        """
        # A `show` that raised has left the rest of its command.
        deque(self.read_command(), maxlen=0)
        self.status = None
        printed = []
        # A session that has died has no lines, and fails below.
        with contextlib.suppress(BrokenPipeError):
            self.commands.write(f"{json.dumps(arguments)}\n")
            self.commands.flush()
        for line in self.read_command():
            printed.append(line)
            if show:
                show(line)
        if not self.status:
            printed.append("its process has ended")
        if self.status != "0":
            last = "\n".join(printed[-LAST_LINES:])
            raise DvcError(f"dvc {' '.join(arguments)} failed; its last lines:\n{last}")

    def read_command(self) -> Iterator[str]:
        """The lines of the command that is at work, as they come, until it has ended."""
        while self.status is None:
            line = next(self.lines, "\0")
            if line.startswith("\0"):
                self.status = line[1:]
            else:
                yield hide_credentials(line)


def start_script(
    name: str, *arguments: str, cwd: Path, env: dict[str, str] | None = None, pass_fds: Collection[int] = ()
) -> Process:
    """Start a file of this folder in a session of its own, where a terminal's Ctrl-C does not reach it."""
    command = [sys.executable, "-P", str(Path(__file__).with_name(name)), *arguments]
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        pass_fds=pass_fds,
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    return cast(Process, process)


def start_guard(folder: Path, *options: str, pass_fds: Collection[int] = ()) -> Process:
    """Start `execution.guard` for a folder's processes; a guard has no mark of any, and outlives them."""
    env = {name: value for name, value in os.environ.items() if name not in (MARK, RUN_ID)}
    return start_script("guard.py", str(folder), *options, cwd=folder.parent, env=env, pass_fds=pass_fds)
