"""What a training is: all that its bits depend on. And what becomes of checkpoints of trainings that are others.

DVC's `deps` in dvc.yaml and the digest of a checkpoint hold the same code: every module of a stage but for
`COMPUTES_NOTHING`.
"""

import hashlib
import json
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.compute.machine import select_defining
from pipeline.digests import hash_file
from pipeline.inputs import read_json
from pipeline.training.checkpoints import CheckpointFolder

PROJECT = Path(__file__).parents[2]
# What prints, logs, waits, words an error or reads values that are compared themselves: files and folders.
COMPUTES_NOTHING = (
    "pipeline/errors.py",
    "pipeline/locks.py",
    "pipeline/settings",
    "pipeline/compute/gpu_lock.py",
    "pipeline/stages/command.py",
    "pipeline/training/identity.py",
    "pipeline/training/logs.py",
    "pipeline/training/progress.py",
)
PARTS_FILE = "training.json"
KEPT_SECONDS = 14 * 24 * 3600
NAMED = 5  # differences in a line
Parts = dict[str, dict[str, Any]]


def computes(file: Path) -> bool:
    """Whether bits may depend on a file of the project, relative to its folder."""
    return file.is_relative_to("pipeline") and not any(file.is_relative_to(name) for name in COMPUTES_NOTHING)


def describe_training(
    name: str, sections: dict[str, dict[str, Any]], data: list[Path], machine: dict[str, Any]
) -> Parts:
    """All that defines a training run: parameters, data, the code that is loaded, and the kind of machine.

    Args:
        name: of the network.
        sections: of params.yaml that training reads.
        data: files.
        machine: as `pipeline.compute.machine` describes it.
    """
    files = [Path(str(getattr(module, "__file__", None))) for module in list(sys.modules.values())]
    code = {file.relative_to(PROJECT) for file in files if file.is_relative_to(PROJECT)}
    parameters = {f"{section}.{key}": value for section, keys in sections.items() for key, value in keys.items()}
    return {
        "parameters": {"network": name} | parameters,
        "data": {str(path): hash_file(path) for path in data},
        "code": {file.as_posix(): hash_file(PROJECT / file) for file in code if computes(file)},
        "machine": select_defining(machine),
    }


def digest_parts(parts: Parts) -> str:
    """The sha256 of what defines a training run."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def name_training(parts: Parts) -> tuple[str, str, str]:
    """What names a training's folders: its network, its learning, and its seed with a digest of all that defines it."""
    parameters = parts["parameters"]
    seed = f"s{parameters['train.seed']}-{digest_parts(parts)[:12]}"
    return parameters["network"], parameters["model.learning"], seed


def explain_start(checkpoints: CheckpointFolder, parts: Parts) -> str:
    """Why a training begins anew though one of its network, learning and seed has got to checkpoints: what differs.

    Args:
        checkpoints: of the training, in a folder that `name_training` names.
        parts: of the training.

    Returns:
        What differs from the latest of the others, in words; "" where the training goes on, or there are no others.
    """
    folder = checkpoints.folder
    alike = f"{folder.name.rpartition('-')[0]}-*"
    runs = [path.parent for path in folder.parent.glob(f"{alike}/step-*.checkpoint")]
    if not runs or folder in runs:
        return ""
    before: Parts = {}
    latest = runs[0]
    with suppress(ValueError, FileNotFoundError):  # it is none of these, damaged, or has just been removed
        latest = max(runs, key=lambda run: run.stat().st_mtime)
        before = read_json(latest / PARTS_FILE, *parts)
    differences = list_differences(before, parts) if before else ["what made them is not told"]
    more = f" and {len(differences) - NAMED} more" if len(differences) > NAMED else ""
    return f"{latest} is of another training: {', '.join(differences[:NAMED])}{more}"


def list_differences(before: Parts, now: Parts) -> list[str]:
    """What differs between two trainings: parameters with their values, names of data, code and the machine's."""
    differences = []
    for part, values in now.items():
        for key in sorted({*before[part], *values}):
            old, new = before[part].get(key), values.get(key)
            if old != new:
                told = f"{key} was {json.dumps(old)} and is {json.dumps(new)}"
                differences.append(told if part == "parameters" else f"other {part}, {key}")
    return differences


def remove_forgotten(folder: Path) -> None:
    """Remove the checkpoints in `folder` to which nothing was added for two weeks, and which no process holds."""
    now = time.time()
    for run in {path.parent for kind in ("step-*.checkpoint", PARTS_FILE) for path in folder.glob(f"*/{kind}")}:
        with suppress(BlockingIOError, FileNotFoundError):  # another process has it, or has removed it
            if now - max((path.stat().st_mtime for path in run.iterdir()), default=now) > KEPT_SECONDS:
                with CheckpointFolder(run, "").exclusive(_give_way):
                    shutil.rmtree(run)


def _give_way(line: str) -> None:
    raise BlockingIOError(line)
