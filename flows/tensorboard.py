"""Open TensorBoard on what is there: trainings' own events, and all recorded runs. `python -m flows.tensorboard`."""

import argparse
import os
import sys

from execution.environment import FOLDERS
from execution.places import PROJECT
from experiments.tensorboard_events import list_runs, write_events
from experiments.written_folder import written_folder
from flows.plain_errors import PLAIN_ERRORS
from pipeline.errors import ended_plainly

RECORDED = "recorded"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("options", nargs="*", help="of TensorBoard itself, after --, such as -- --port 6007")
    options = parser.parse_args().options
    logs = PROJECT / os.environ.get("LOG_DIR", FOLDERS["LOG_DIR"])
    with ended_plainly(plain=PLAIN_ERRORS), written_folder(logs / RECORDED) as folder:
        write_events(folder, list_runs(PROJECT))
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logs), *options]
    os.execv(command[0], command)  # noqa: S606 – no shell is meant


if __name__ == "__main__":
    main()
