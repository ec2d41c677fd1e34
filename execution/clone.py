"""A clone of the repository, in which one run's stages are run, and which is removed whatever happens."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from graphlib import TopologicalSorter
from pathlib import Path

from dvc.config import merge
from dvc.exceptions import NotDvcRepoError
from dvc.repo import Repo

from execution.dvc_client import DvcError, DvcSession, start_guard, start_script
from execution.git import git_environment, run_git
from execution.guard import MARK
from execution.held_folders import make_held_folder
from pipeline.errors import InputError

CLONES = Path(".dvc/tmp/flows/clones")
LOCKS = CLONES.with_name("locks")
# What stages keep beside their outputs, and where.
FOLDERS = {"CHECKPOINT_DIR": "checkpoints", "DOWNLOAD_DIR": "data/downloads", "LOG_DIR": "logs"}
# For commits on a machine where git knows nobody.
IDENTITY = {"user.name": "Residual Attention pipeline", "user.email": "pipeline@localhost"}


class Clone:
    """A clone and the DVC session in it; `open_clone` makes them and removes them."""

    def __init__(self, folder: Path, dvc: DvcSession):
        self.folder = folder
        self.dvc = dvc

    def prepare(self, params: str) -> list[str]:
        """Put parameters into the clone, and bring its outputs from the cache as far as they were made with these.

        Committed results of stages that these parameters do not have are removed.

        Returns:
            The stages that the parameters give, each after those whose outputs it reads, as DVC's graph says.
        """
        with Repo(str(self.folder)) as repo:
            before = {out.fs_path for out in repo.index.outs}
        (self.folder / "params.yaml").write_text(params)
        with Repo(str(self.folder)) as repo:
            graph = repo.index.graph
            needs = {stage.name: [needed.name for needed in graph[stage]] for stage in graph}
            after = {out.fs_path for out in repo.index.outs}
        for path in map(Path, before - after):
            if path.is_file():
                path.unlink()
        self.dvc.run("checkout", "--allow-missing")
        return list(TopologicalSorter(needs).static_order())

    def run_stage(self, stage: str, show: Callable[[str], object]) -> None:
        """Bring one stage up to date, from the cache if it has been run before, by whatever run.

        Raises:
            DvcError: the stage fails.
        """
        printed: list[str] = []

        def take(line: str) -> None:
            printed.append(line)
            show(line)

        self.dvc.run("repro", "--single-item", stage, show=take)
        if any(line.startswith("Running stage") for line in printed):
            # DVC remembers a run whose outputs git tracks on a commit only: without it a run that breaks off later
            # would have this stage run again.
            self.dvc.run("commit", "--force", stage)

    def save_experiment(self, name: str, target: str) -> None:
        """Record the clone's files as an experiment on its commit, and push it to the repository, in place of another.

        Raises:
            DvcError: not all of DVC's stages are up to date.
        """
        changed: list[str] = []
        self.dvc.run("status", "--json", show=changed.append)
        if changed[-1:] != ["{}"]:
            raise DvcError(f"an experiment requires stages that are up to date. Received: {' '.join(changed)}")
        run_git(self.folder, "add", "--all")
        # The target only spares DVC from committing again what is up to date.
        self.dvc.run("exp", "save", "--force", "--name", name, target)
        self.dvc.run("exp", "push", "--force", "--no-cache", "origin", name)


@contextmanager
def open_clone(repository: Path, commit: str, *, share_cache: bool = True) -> Iterator[Clone]:
    """Clone the repository at a commit; at the end no process and no file of it is left.

    Checkpoints and TensorBoard events of the stages go to the repository's own folders, and outlive the clone.

    Raises:
        InputError: git cannot clone, or the repository has no DVC in it.
    """
    folder, held = make_held_folder(repository / CLONES, f"{commit[:7]}-")
    guard = start_guard(folder, "--remove", pass_fds=[held])
    session = start_script("dvc_server.py", cwd=folder, env=clone_environment(repository, folder))
    try:
        make_clone(repository, commit, folder, share_cache)
        yield Clone(folder, DvcSession(session))
    finally:
        # The guard first: it ends a session that is at work.
        for process in (guard, session):
            with suppress(BrokenPipeError):
                process.stdin.close()
        for process in (session, guard):
            process.wait()
        sys.stderr.write(guard.stdout.read().decode())
        for process in (session, guard):
            process.stdout.close()
        os.close(held)


def make_clone(repository: Path, commit: str, folder: Path, share_cache: bool) -> None:
    """Clone into an empty folder, with the repository's DVC settings, and with its cache or an empty one."""
    run_git(repository, "clone", "--quiet", "--origin=origin", "--no-checkout", str(repository), str(folder))
    run_git(folder, "checkout", "--quiet", "--detach", commit)
    for key, value in IDENTITY.items():
        if not is_set(folder, key):
            run_git(folder, "config", key, value)
    try:
        clone = Repo(str(folder))
    except NotDvcRepoError as error:
        raise InputError(f"a run requires a commit with DVC in it. Received: {commit}") from error
    with Repo(str(repository)) as repo, clone:
        cache = repo.cache.local_cache_dir if share_cache else str(folder / ".dvc/cache")
        local = repo.config.read("local")
        with clone.config.edit("local") as config:
            merge(config, local)
            config["cache"]["dir"] = cache
            config["core"]["autostage"] = True


def is_set(folder: Path, key: str) -> bool:
    """Whether git has a value of a setting."""
    command = ["git", "-C", str(folder), "config", key]
    return not subprocess.run(command, check=False, capture_output=True, env=git_environment()).returncode


def clone_environment(repository: Path, folder: Path) -> dict[str, str]:
    """The environment of a clone's processes: this process' own, with places in the repository."""
    env = git_environment()
    mirror = os.environ.get("CIFAR_MIRROR")
    if mirror and "://" not in mirror:
        env["CIFAR_MIRROR"] = str(Path(mirror).absolute())
    for name, default in FOLDERS.items():
        env[name] = str(repository / os.environ.get(name, default))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return env | {MARK: str(folder), "PATH": path, "PYTHONUNBUFFERED": "1", "DVC_NO_ANALYTICS": "1"}
