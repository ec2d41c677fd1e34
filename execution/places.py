"""Where a run's things live: on this machine, and elsewhere, as the environment says."""

import os
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import InputError

PROJECT = Path(__file__).parents[1]
ORIGIN, FOLDER, REMOTE = VARIABLES = ("RUNS_ORIGIN", "RUNS_DIR", "RUNS_REMOTE")
CONTAINER = "RUNS_CONTAINER"  # set where a run has a container of its own, whose end ends all processes


class UnreachableError(Exception):
    """What lies elsewhere cannot be reached, or does not take what it is given; it may later."""


class Places(NamedTuple):
    """Where a run's things live.

    Attributes:
        repository: the folder whose commits are run and where experiments are recorded; DVC's cache, checkpoints,
            TensorBoard events, clones and locks of this machine are in it.
        origin: address of the git repository that commits come from and experiments go to; None where that is
            `repository` itself. It may hold a password.
        remote: address of the DVC remote that outputs are taken from and pushed to; None for none. It may hold one too.
    """

    repository: Path
    origin: str | None = None
    remote: str | None = None


def find_places() -> Places:
    """The places that the environment names; without any this project's folder, for everything.

    Raises:
        InputError: it names an origin without a folder for its mirror, or a folder without an origin.
    """
    origin, folder, remote = (os.environ.get(name) or None for name in VARIABLES)
    if bool(origin) != bool(folder):
        raise InputError(f"{ORIGIN} and {FOLDER} require each other. Received: {ORIGIN if origin else FOLDER} alone")
    if remote and "://" not in remote:
        remote = str(Path(remote).absolute())
    if not origin or not folder:
        return Places(PROJECT, None, remote)
    # Git runs in other folders than this process.
    return Places(Path(folder).absolute(), str(Path(origin).absolute()) if Path(origin).exists() else origin, remote)
