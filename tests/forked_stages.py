"""Stages as commands, each in a fork of one process that has imported TensorFlow, which takes seconds, and not used it.

Usage: python -m tests.forked_stages. A line of its input is JSON: a folder, and what follows `python -m` there. When
that has ended, its status is printed; its standard error lies beside the folder, in `<folder>.stderr`.
"""

import gc
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.tiny_repository import NETWORK, ROOT


class End(NamedTuple):
    """How a command ended."""

    status: int
    stderr: str


class Stages:
    """The process, and the stages that it runs one after another."""

    def __init__(self, process: subprocess.Popen):
        self.process = process

    def run(self, stage: str, folder: Path) -> End:
        """Run a stage in a folder, as its command does."""
        words = [f"pipeline.stages.{stage}", *([NETWORK] if stage in ("train", "evaluate") else [])]
        print(json.dumps([str(folder), *words]), file=self.process.stdin, flush=True)
        status = int(self.process.stdout.readline())
        return End(status, Path(f"{folder}.stderr").read_text())


@contextmanager
def start_stages(*tracer: object) -> Iterator[Stages]:
    """Start the process, behind the words of a tracer."""
    env = os.environ | {"PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
    env.pop("CIFAR_MIRROR", None)
    command = [*tracer, sys.executable, "-m", "tests.forked_stages"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=env, text=True, **pipes) as process:
        yield Stages(process)
        process.stdin.close()


def become(folder: str, module: str, *arguments: str) -> None:
    """Go on as the command, in its folder."""
    os.chdir(folder)
    nothing, errors = os.open(os.devnull, os.O_RDWR), os.open(f"{folder}.stderr", os.O_CREAT | os.O_WRONLY)
    for source, target in ((nothing, 0), (nothing, 1), (errors, 2)):
        os.dup2(source, target)
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.exit()


def main() -> None:
    from pipeline.compute.kernels import force_portable_kernels

    os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
    force_portable_kernels()  # they are chosen when TensorFlow is loaded
    import keras  # noqa: F401
    import matplotlib.figure  # noqa: F401
    import pandas  # noqa: F401

    from pipeline.cifar import downloads
    from pipeline.settings import params  # noqa: F401

    # As the commands, but for the times between attempts.
    downloads.BACK_OFF_SECONDS, downloads.TIMEOUT_SECONDS = 0.01, 0.3
    gc.freeze()  # or each fork, as it ends, looks for cycles in all objects, and copies them by that
    for line in sys.stdin:
        if not (process := os.fork()):
            become(*json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
