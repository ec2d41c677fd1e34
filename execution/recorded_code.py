"""The code of an experiment: that of its commit, or edited."""

from pathlib import Path
from typing import Any

from dvc.dvcfile import LOCK_FILE
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from execution.git import list_changed, list_committed, read_committed

# In an experiment's commit, what made it; no output of DVC's.
PLAN = "plan.json"


def parse_lock(content: bytes) -> dict[str, str]:
    """The digests of all outputs by name, from the content of a dvc.lock; a ValueError if it is damaged."""
    try:
        lock: Any = YAML(typ="safe").load(content)
        return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage["outs"]}
    except (YAMLError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error


def list_edited(repository: Path, commit: str, revision: str) -> list[str]:
    """The files in which an experiment differs from its commit that are no parameters and no outputs.

    A damaged dvc.lock, which does not tell the outputs, is the only one.

    Args:
        repository: that has both.
        commit: that the experiment was made from.
        revision: the git commit that holds it.
    """
    there = LOCK_FILE in list_committed(repository, revision, ".")
    try:
        outputs = parse_lock(read_committed(repository, revision, LOCK_FILE).encode()) if there else {}
    except ValueError:
        return [LOCK_FILE]
    # DVC keeps its own arguments in the last one.
    made = ("params.yaml", LOCK_FILE, PLAN, *outputs, ".dvc/tmp/repro.dat")
    changed = map(Path, list_changed(repository, commit, revision))
    return [path.as_posix() for path in changed if not any(path.is_relative_to(name) for name in made)]
