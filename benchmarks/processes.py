"""Processes that are measured: two sides in turn in one run, so that a ratio holds on a machine whose speed drifts."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TypeVar

ROOT = Path(__file__).parents[1]
Measured = TypeVar("Measured")


class Usage(NamedTuple):
    """What a process and its children took; memory is that of the largest one."""

    seconds: float
    cpu_seconds: float
    peak_gigabytes: float


def measure_command(command: Iterable[str], cwd: Path, env: Mapping[str, str] | None = None) -> Usage:
    """Run a command to its end.

    Raises:
        RuntimeError: it fails; the message ends with what it printed last.
    """
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.usage", *command],
        cwd=cwd, env=project_environment(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    printed = process.stdout.decode().rstrip()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {printed[-2000:]}")
    usage = printed.rpartition("\n")[2]
    return Usage(*json.loads(usage))


def run_module(module: str, *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """What `python -m module arguments` prints.

    Raises:
        RuntimeError: it fails; the message ends with what it printed last.
    """
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=cwd, env=project_environment(env), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
    return done.stdout


def add_up(usages: Iterable[Usage]) -> Usage:
    """What processes took that ran one after another."""
    seconds, cpu_seconds, peaks = zip(*usages, strict=True)
    return Usage(sum(seconds), sum(cpu_seconds), max(peaks))


def choose(name: str, pairs: list[tuple[Usage, Usage]]) -> list[tuple[float, float]]:
    """One figure of each."""
    return [(getattr(ours, name), getattr(other, name)) for ours, other in pairs]


def measure_in_turn(
    rounds: int, ours: Callable[[], Measured], other: Callable[[], Measured]
) -> list[tuple[Measured, Measured]]:
    """Measure both `rounds` times; each goes first in turn."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            second = other()
            pairs.append((ours(), second))
        else:
            first = ours()
            pairs.append((first, other()))
    return pairs


class Contender:
    """A process that has got ready, and then measures one round whenever it is asked to."""

    def __init__(self, module: str, *arguments: str, env: Mapping[str, str] | None = None):
        """Start `python -m module arguments`, whose main function calls `answer`."""
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=project_environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def measure(self) -> dict[str, float]:
        """What the next round gives.

        Raises:
            RuntimeError: the process has died; the message ends with what it printed last.
        """
        assert self.process.stdin
        assert self.process.stdout
        with suppress(BrokenPipeError):  # it has died: its output ends, too
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise RuntimeError(f"a contender died: {self.errors.read().decode()[-2000:]}")
        return json.loads(line)

    def __enter__(self) -> "Contender":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.communicate()
        self.errors.close()


def answer(measure_round: Callable[[], dict[str, float]]) -> None:
    """Be a contender: measure a round for each line of standard input."""
    for _ in sys.stdin:
        print(json.dumps(measure_round()), flush=True)


def project_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment in which commands find this project's packages and programs, wherever they run."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    ours = {"PYTHONPATH": str(ROOT), "PATH": path, "DVC_NO_ANALYTICS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return {**os.environ, **ours, **(more or {})}
