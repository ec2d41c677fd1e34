"""The environment of a clone's processes: the clone's own code, places in the repository, and nobody's keys."""

import os
import re
import sys
from pathlib import Path

from execution.git import git_environment
from execution.guard import MARK, RUN_ID
from execution.places import VARIABLES

# What stages keep beside their outputs, and where.
FOLDERS = {"CHECKPOINT_DIR": "checkpoints", "DOWNLOAD_DIR": "data/downloads", "LOG_DIR": "logs"}
# In the clone, where git ignores it and where it goes with it.
TEMPORARY, SITE_CACHE = Path(".dvc/tmp/temporary"), Path(".dvc/tmp/site")
KEYS = re.compile(
    r"^(AWS|AZURE|GOOGLE|GCP|PREFECT|SSH)_|^GIT_(SSH|ASKPASS|CONFIG_(COUNT|KEY|VALUE|PARAMETERS))|^KRB5CCNAME$"
    r"|(TOKEN|SECRET|PASSWORD|CREDENTIALS|AUTH_CONFIG|_KEY)$",
    re.IGNORECASE,
)


def clone_environment(repository: Path, folder: Path, *, share: bool) -> dict[str, str]:
    """The environment of a clone's processes: this process' own without its keys, and with other places.

    Variables that hold keys, of Prefect, clouds or others, stay out, for DVC too: it takes outputs from the cache on
    this machine and pushes to the repository beside it, so it needs no remote; and what it starts is a commit's code.

    Args:
        repository: where downloads go, and checkpoints and TensorBoard events too unless the clone shares nothing.
        folder: of the clone.
        share: whether it takes up what other runs have left.
    """
    # The addresses of places may hold passwords.
    env = {
        name: value
        for name, value in git_environment().items()
        if name == RUN_ID or not (KEYS.search(name) or name in VARIABLES)
    }
    mirror = os.environ.get("CIFAR_MIRROR")
    if mirror and "://" not in mirror:
        env["CIFAR_MIRROR"] = str(Path(mirror).absolute())
    for name, default in FOLDERS.items():
        # A download is checked by its digest, whoever made it.
        shared = share or name == "DOWNLOAD_DIR"
        env[name] = str(repository / os.environ.get(name, default) if shared else folder / default)
    # Prefect sets PYTHONPATH to the workspace, whose code a stage would run where PYTHONSAFEPATH hides the clone's.
    env.pop("PYTHONSAFEPATH", None)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return env | keep_to_clone(folder) | {"PATH": path, "PYTHONPATH": str(folder)}


def keep_to_clone(folder: Path) -> dict[str, str]:
    """The variables by which a process ends with a clone, and leaves nothing elsewhere."""
    return {
        MARK: str(folder),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(folder / TEMPORARY),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / SITE_CACHE),
    }
