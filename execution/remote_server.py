"""Take stages' outputs from the DVC remote that machines share, or push them: each line of standard input is one of it.

A line is a JSON list, `["take", STAGE]` or `["push", STAGE]`; a line of NUL and a status, 0 for done, ends its output.
With a stage's outputs goes its entry in DVC's run cache, by which another machine finds them from what they depend on.

`execution.clone` starts this file by its path, in a clone, as a process that has the keys of the remote, and its
address in RUNS_REMOTE: DVC takes it from memory. It runs nothing of the clone's; what does, has neither.
"""

import json
import os
import re
import sys
from contextlib import suppress
from typing import Any

from dvc.repo import Repo, lock_repo
from dvc.stage.cache import RunCacheNotFoundError, _get_stage_hash
from dvc_objects.fs.generic import copy

NAME = "runs"
ENTRY = re.compile(r"[0-9a-f]{64}")  # what has another name is being written
RUN_CACHE = "md5-dos2unix"  # DVC keeps it where objects of this kind are


def take(repo: Repo, stage: Any) -> None:
    """Bring a stage's outputs here if some machine has pushed them, as `dvc repro --pull` does.

    What the stage depends on is here, as it will be.
    """
    if not stage.changed():
        return
    if not stage.changed(allow_missing=True):  # dvc.lock says what is missing
        for objects in stage.get_used_objs().values():
            repo.cloud.pull(objects)
        stage.checkout(allow_missing=True)
        return
    stage.save_deps()
    copy_entries(stage, repo.cloud.get_remote_odb(hash_name=RUN_CACHE), repo.cache.legacy)
    with suppress(RunCacheNotFoundError):
        repo.stage_cache.restore(stage, pull=True)


def push(repo: Repo, stage: Any) -> None:
    """Push the outputs of a stage that is up to date, then its entries in the run cache."""
    for out in stage.outs:
        # The run cache has outputs that git tracks too, where the stage was run and not found as committed.
        out.use_cache = out.use_cache or repo.cache.local.exists(out.hash_info.value)
    for objects in stage.get_used_objs().values():
        if failed := repo.cloud.push(objects).failed:
            raise OSError(f"{len(failed)} of {len(objects)} files are not taken")
    copy_entries(stage, repo.cache.legacy, repo.cloud.get_remote_odb(hash_name=RUN_CACHE))


def copy_entries(stage: Any, source: Any, target: Any) -> None:
    """Copy a stage's entries in the run cache, for its dependencies as they are, from one object store to another."""
    key = _get_stage_hash(stage)
    folder = source.fs.join(source.path, "runs", key[:2], key)
    for path in source.fs.find(folder) if source.fs.exists(folder) else ():
        name = source.fs.name(path)
        place = target.fs.join(target.path, "runs", key[:2], key, name)
        if ENTRY.fullmatch(name) and not target.fs.exists(place):
            target.fs.makedirs(target.fs.parent(place), exist_ok=True)
            copy(source.fs, path, target.fs, place)


def serve() -> None:
    """Do what the lines say until standard input ends."""
    config = {"remote": {NAME: {"url": os.environ["RUNS_REMOTE"]}}, "core": {"remote": NAME}}
    for line in sys.stdin:
        command, name = json.loads(line)
        status = 0
        try:
            with Repo(config=config) as repo, lock_repo(repo):
                stage = next(found for found in repo.index.stages if found.name == name)
                {"take": take, "push": push}[command](repo, stage)
        except Exception as error:  # each kind of remote has its own
            print(" ".join(str(error).split()) or type(error).__name__)
            status = 1
        print(f"\0{status}", flush=True)


if __name__ == "__main__":
    serve()
