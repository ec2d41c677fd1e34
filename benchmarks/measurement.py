"""Measure two things in turn, in one run, so that their ratio holds on a machine whose speed drifts."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, TypeVar

ROOT = Path(__file__).parents[1]
Measured = TypeVar("Measured")


class Target(NamedTuple):
    """What a row should come to: its ratio, or our figure alone."""

    of: Literal["ratio", "ours"]
    sign: Literal["≥", "≤"]
    value: float


class Row(NamedTuple):
    """One line of the results.

    Attributes:
        what: is measured.
        unit: of both figures.
        against: what the other figure is of.
        pairs: (ours, other), measured one after the other; other is 0 where there is none.
        target: None for what is only told.
    """

    what: str
    unit: str
    against: str
    pairs: list[tuple[float, float]]
    target: Target | None

    @property
    def ours(self) -> float:
        """Our median."""
        return statistics.median(ours for ours, _ in self.pairs)

    @property
    def other(self) -> float:
        """The other's median."""
        return statistics.median(other for _, other in self.pairs)

    @property
    def ratios(self) -> list[float]:
        """Ours over the other, ascending."""
        return sorted(ours / other for ours, other in self.pairs if other)

    @property
    def met(self) -> bool | None:
        """Whether the target is met by the medians."""
        if self.target is None:
            return None
        value = self.ours if self.target.of == "ours" else statistics.median(self.ratios)
        return value >= self.target.value if self.target.sign == "≥" else value <= self.target.value


class Section(NamedTuple):
    """What one benchmark found: its rows, and Markdown that goes below the table, as profiles and pictures."""

    rows: list[Row]
    text: str


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
    printed, _, usage = process.stdout.decode().rstrip().rpartition("\n")
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {printed[-2000:]}")
    seconds, cpu_seconds, peak = json.loads(usage)
    kilobytes = peak / 1024 if sys.platform == "darwin" else peak
    return Usage(seconds, cpu_seconds, kilobytes * 1024 / 1e9)


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
