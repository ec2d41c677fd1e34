"""A training's checkpoints go to the DVC remote while it runs: a machine that dies costs epochs, not the training.

The stage writes them as ever. One training is found among those of a machine by what lies beside its checkpoints.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from execution.places import UnreachableError
from pipeline.digests import hash_file
from pipeline.settings.params import Params

INTERVAL_SECONDS = 60
PARTS_FILE = "training.json"  # as `pipeline.training.identity` writes it


class CheckpointPushes:
    """Pushes the newest checkpoint of one training, if it is a new one, a minute after the last at the earliest."""

    def __init__(self, project: Path, folder: Path, network: str, params: Params, push: Callable[[Path], object]):
        self.project = project
        self.folder = folder
        self.network = network
        self.values = describe_parameters(network, params)
        self.push = push
        self.pushed = self.find_newest()
        self.next_time = time.monotonic() + INTERVAL_SECONDS

    def follow(self, show: Callable[[str], object]) -> None:
        """To be called as the training goes on; `show` takes the line of a push that failed: it costs no training."""
        if time.monotonic() < self.next_time:
            return
        newest = self.find_newest()
        if newest and newest != self.pushed:
            try:
                self.push(newest)
                self.pushed = newest
            except UnreachableError as error:
                show(f"checkpoint not pushed: {error}")
        self.next_time = time.monotonic() + INTERVAL_SECONDS

    def find_newest(self) -> Path | None:
        """The training's newest checkpoint."""
        folders = [file.parent for file in self.folder.glob(f"{self.network}-*/{PARTS_FILE}") if self.is_beside(file)]
        return max(
            (path for folder in folders for path in folder.glob("step-*.checkpoint")), key=get_time, default=None
        )

    def is_beside(self, file: Path) -> bool:
        """Whether a file tells of a training with these parameters, and with the data and the code of the project."""
        with suppress(ValueError, KeyError, OSError):  # it is being written, or has been removed
            told = json.loads(file.read_bytes())
            files = told["data"] | told["code"]
            return told["parameters"].items() <= self.values.items() and all(
                hash_file(self.project / name) == digest for name, digest in files.items()
            )
        return False


def describe_parameters(network: str, params: Params) -> dict[str, Any]:
    """The parameters of a run, by the names that `pipeline.training.identity` gives them, and others."""
    sections = {name: keys for name, keys in params.model_dump(mode="json").items() if isinstance(keys, dict)}
    return {"network": network} | {
        f"{name}.{key}": value for name, keys in sections.items() for key, value in keys.items()
    }


def get_time(path: Path) -> float:
    """When a file was written; 0 if it has been removed."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0
