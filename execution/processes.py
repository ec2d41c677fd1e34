"""Files of this folder in processes of their own, which outlive a terminal's Ctrl-C."""

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import IO, Protocol, cast

from execution.guard import MARK, RUN_ID


class Process(Protocol):
    """A `subprocess.Popen` whose input and output are pipes."""

    stdin: IO[str]
    stdout: IO[str]

    def wait(self) -> int:
        """Wait for its end, and give its exit status."""


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


def start_guard(folder: Path, held: int) -> Process:
    """Start `execution.guard` for a held folder and its processes; a guard has no mark of any, and outlives them.

    Args:
        folder: that the guard removes.
        held: the descriptor by which it is held, from `make_held_folder`.
    """
    env = {name: value for name, value in os.environ.items() if name not in (MARK, RUN_ID)}
    return start_script("guard.py", str(folder), cwd=folder.parent, env=env, pass_fds=[held])
