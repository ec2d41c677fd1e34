"""A process that runs DVC commands."""

import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterator

from execution.git import hide_credentials
from execution.processes import Process

LAST_LINES = 20


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
