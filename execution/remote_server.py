"""Take stages' outputs from the DVC remote that machines share, or push them: each line of standard input is one of it.

A line is a JSON list; a line of NUL and a status, 0 for done, ends its output.

- `["take", STAGE]` or, of a training, `["take", STAGE, FOLDER]`, where the machine's checkpoints are;
- `["keep", STAGE, FILE]`: a checkpoint, while the stage is at work;
- `["push", STAGE]`.

With a stage's outputs goes its entry in DVC's run cache, by which another machine finds them from what they depend on.
Checkpoints go by the same digest.

`execution.open_clone` starts this file by its path, in a clone, as a process that has the keys of the remote, and its
address in RUNS_REMOTE: DVC takes it from memory. It runs nothing of the clone's; what does, has neither.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from dvc.repo import Repo, lock_repo
from dvc.stage.cache import RunCacheNotFoundError, _get_stage_hash  # the digest has no public name
from dvc_objects.fs.generic import copy
from dvc_objects.fs.local import localfs
from dvc_objects.fs.utils import as_atomic

NAME = "runs"
ENTRY = re.compile(r"[0-9a-f]{64}")  # what has another name is being written
RUN_CACHE = "md5-dos2unix"  # DVC keeps it where objects of this kind are
CHECKPOINT = re.compile(r"step-[0-9]+\.checkpoint")


def take(repo: Repo, stage: Any, checkpoints: str | None = None) -> None:
    """Bring a stage's outputs here if some machine has pushed them, as `dvc repro --pull` does; else its checkpoints.

    What the stage depends on is here, as it will be.
    """
    if not stage.changed():
        return
    remote = repo.cloud.get_remote_odb(hash_name=RUN_CACHE)
    if not stage.changed(allow_missing=True):  # dvc.lock says what is missing
        for objects in stage.get_used_objs().values():
            repo.cloud.pull(objects)
        if stage.outs_cached():
            stage.checkout()
            return
    else:
        stage.save_deps()
        copy_entries(stage, remote, repo.cache.legacy)
        with suppress(RunCacheNotFoundError):
            repo.stage_cache.restore(stage, pull=True)
            return
    if checkpoints:
        take_checkpoints(stage, remote, Path(checkpoints))


def take_checkpoints(stage: Any, remote: Any, folder: Path) -> None:
    """Bring the checkpoints that are ahead of this machine's; each training on a kind of machine has a folder."""
    for path in find_files(remote.fs, name_checkpoints(stage, remote)):
        training, name = remote.fs.parts(path)[-2:]
        own = [file.name for file in (folder / training).glob("step-*.checkpoint")]
        if CHECKPOINT.fullmatch(name) and name > max(own, default=""):
            copy(remote.fs, path, localfs, str(folder / training / name))
            print(f"another machine has got to {training}/{name}")


def keep(repo: Repo, stage: Any, file: str) -> None:
    """Push a checkpoint, in place of those before it; one that its training has removed by now is nothing any more."""
    if not Path(file).exists():
        return
    stage.save_deps()
    remote = repo.cloud.get_remote_odb(hash_name=RUN_CACHE)
    fs, (training, name) = remote.fs, Path(file).parts[-2:]
    folder = fs.join(name_checkpoints(stage, remote), training)
    with as_atomic(fs, fs.join(folder, name), create_parents=True) as aside:
        copy(localfs, file, fs, aside)
    for path in find_files(fs, folder):
        if fs.name(path) < name:
            fs.remove(path)


def push(repo: Repo, stage: Any) -> None:
    """Push the outputs of a stage that is up to date, then its entries in the run cache."""
    for out in stage.outs:
        # The run cache has outputs that git tracks too, where the stage was run and not found as committed.
        out.use_cache = out.use_cache or repo.cache.local.exists(out.hash_info.value)
    for objects in stage.get_used_objs().values():
        if failed := repo.cloud.push(objects).failed:
            raise OSError(f"{len(failed)} of {len(objects)} files are not taken")
    remote = repo.cloud.get_remote_odb(hash_name=RUN_CACHE)
    copy_entries(stage, repo.cache.legacy, remote)
    checkpoints = name_checkpoints(stage, remote)
    try:
        if remote.fs.exists(checkpoints):
            remote.fs.remove(checkpoints, recursive=True)
    except OSError as error:  # all that matters is there
        print(f"checkpoints that nobody needs any more stay: {error}")


def copy_entries(stage: Any, source: Any, target: Any) -> None:
    """Copy a stage's entries in the run cache, for its dependencies as they are, from one object store to another."""
    key = _get_stage_hash(stage)
    folder = source.fs.join(source.path, "runs", key[:2], key)
    for path in find_files(source.fs, folder):
        name = source.fs.name(path)
        place = target.fs.join(target.path, "runs", key[:2], key, name)
        if ENTRY.fullmatch(name) and not target.fs.exists(place):
            target.fs.makedirs(target.fs.parent(place), exist_ok=True)
            copy(source.fs, path, target.fs, place)


def name_checkpoints(stage: Any, remote: Any) -> str:
    """The folder of a stage's checkpoints, for its dependencies as they are."""
    return str(remote.fs.join(remote.path, "checkpoints", _get_stage_hash(stage)))


def find_files(fs: Any, folder: str) -> list[str]:
    """The files in a folder, in order; none where there is no such folder."""
    return sorted(fs.find(folder)) if fs.exists(folder) else []


COMMANDS: dict[str, Callable[..., None]] = {"take": take, "keep": keep, "push": push}


def serve() -> None:
    """Do what the lines say until standard input ends."""
    config = {"remote": {NAME: {"url": os.environ["RUNS_REMOTE"]}}, "core": {"remote": NAME}}
    for line in sys.stdin:
        command, name, *paths = json.loads(line)
        status = 0
        try:
            # While a stage is at work, DVC waits for its lock for seconds only, and the stage would fail.
            with Repo(config=config) as repo, nullcontext() if command == "keep" else lock_repo(repo):
                stage = next(found for found in repo.index.stages if found.name == name)
                COMMANDS[command](repo, stage, *paths)
        except Exception as error:  # each kind of remote has its own
            print(" ".join(str(error).split()) or type(error).__name__)
            status = 1
        print(f"\0{status}", flush=True)


if __name__ == "__main__":
    serve()
