"""Open TensorBoard on what is there: trainings' own events, and all recorded runs. `python -m flows.tensorboard`."""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from execution.environment import FOLDERS
from execution.git import PROJECT, run_git
from experiments.experiment import load_run
from experiments.published_overview import load_all
from experiments.recorded_run import Run
from experiments.tensorboard_events import write_events
from flows.command_line import run_command
from pipeline.errors import InputError
from pipeline.locks import print_error
from pipeline.outputs import written_aside

RECORDED = "recorded"


def list_runs(repository: Path) -> Iterator[Run]:
    """The published runs, then the experiments that are not among them; those that cannot be read are named."""
    published = [run for run, _ in load_all(repository)]
    yield from published
    listed = run_git(repository, "for-each-ref", "--format=%(objectname) %(refname:lstrip=4)", "refs/exps/*/*/*")
    known = {run.revision for run in published}
    for revision, name in map(str.split, listed.splitlines()):
        if revision not in known:
            try:
                yield load_run(repository, revision)._replace(name=name)
            except InputError as error:
                print_error(f"passed over: {error}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("options", nargs="*", help="of TensorBoard itself, after --, such as -- --port 6007")
    options = parser.parse_args().options
    logs = PROJECT / os.environ.get("LOG_DIR", FOLDERS["LOG_DIR"])

    def write() -> None:
        with written_aside(logs / RECORDED) as aside:
            write_events(aside, list_runs(PROJECT))

    run_command(write)
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logs), *options]
    os.execv(command[0], command)  # noqa: S606 – no shell is meant


if __name__ == "__main__":
    main()
