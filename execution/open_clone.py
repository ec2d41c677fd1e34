"""Make a clone of the repository for one run, and remove it whatever happens."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dvc.config import Config, merge
from dvc.repo import Repo

from execution.clone import Clone
from execution.dvc_client import DvcSession
from execution.environment import SITE_CACHE, TEMPORARY, clone_environment, keep_to_clone
from execution.git import git_environment, run_git
from execution.guard import end_processes, remove
from execution.held_folders import make_held_folder
from execution.places import CONTAINER, REMOTE
from execution.processes import start_guard, start_script
from pipeline.errors import InputError

KEPT_SECTIONS = ("cache", "core")  # of DVC's settings
CLONES = Path(".dvc/tmp/flows/clones")
# For commits on a machine where git knows nobody.
IDENTITY = {"user.name": "Residual Attention pipeline", "user.email": "pipeline@localhost"}


@contextmanager
def open_clone(repository: Path, commit: str, *, share: bool = True, remote: str | None = None) -> Iterator[Clone]:
    """Clone the repository at a commit; at the end no process and no file of it is left.

    Args:
        repository: its folder.
        commit: that git checks out in the clone.
        share: whether the stages use the repository's cache, and keep checkpoints and TensorBoard events in its
            folders, where they outlive the clone; else all of it is in the clone, empty at first.
        remote: address of the DVC remote that stages are taken from and pushed to.

    Raises:
        InputError: git cannot clone, the repository lacks files of the commit, or it has no DVC in it.
    """
    folder, held = make_held_folder(repository / CLONES, f"{commit[:7]}-")
    guards = [] if os.environ.get(CONTAINER) else [start_guard(folder, held)]
    processes = [*guards]
    try:
        make_clone(repository, commit, folder, share)
        env = clone_environment(repository, folder, share=share)
        checkpoints = Path(env["CHECKPOINT_DIR"])
        processes.append(start_script("dvc_server.py", cwd=folder, env=env))
        sessions = [DvcSession(processes[-1])]
        if remote:
            env = git_environment() | keep_to_clone(folder) | {REMOTE: remote}
            processes.append(start_script("remote_server.py", cwd=folder, env=env))
            sessions.append(DvcSession(processes[-1]))
        yield Clone(folder, checkpoints, *sessions)
    finally:
        # The guard first: it ends a session that is at work.
        for process in processes:
            with suppress(BrokenPipeError):
                process.stdin.close()
        if not guards:
            end_processes(str(folder))
            remove(folder)
        for process in reversed(processes):
            process.wait()
        for guard in guards:
            sys.stderr.write(guard.stdout.read())
        for process in processes:
            process.stdout.close()
        os.close(held)


def make_clone(repository: Path, commit: str, folder: Path, share: bool) -> None:
    """Clone into an empty folder, with the repository's DVC settings, and with its cache or an empty one."""
    run_git(repository, "clone", "--quiet", "--origin=origin", "--no-checkout", str(repository), str(folder))
    run_git(folder, "checkout", "--quiet", "--detach", commit)
    # Git says nothing of it by its status; `git add --all` would record that they were removed.
    if missing := run_git(folder, "ls-files", "--deleted").splitlines():
        raise InputError(
            f"a run requires a repository with all files of {commit}. Received: {repository}, a partial clone without "
            f"{missing[0]}; `git -c remote.origin.partialclonefilter= fetch --refetch` completes it"
        )
    if not (folder / ".dvc").is_dir():
        raise InputError(f"a run requires a commit with DVC in it. Received: {commit}")
    (folder / TEMPORARY).mkdir(parents=True)
    for key, value in IDENTITY.items():
        run_git(folder, "config", key, run_git(folder, "config", "--get", "--default", value, key))
    with Repo(str(repository)) as repo, Config(str(folder / ".dvc"), validate=False).edit("local") as config:
        # No other section: they may hold keys, of remotes, of DVC Studio, of databases.
        merge(config, {name: section for name, section in repo.config.read("local").items() if name in KEPT_SECTIONS})
        config["cache"]["dir"] = repo.cache.local_cache_dir if share else str(folder / ".dvc/cache")
        config["core"] |= {"autostage": True, "site_cache_dir": str(folder / SITE_CACHE)}
