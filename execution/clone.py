"""A clone of the repository, in which one run's stages are run, and which is removed whatever happens."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path

from dvc.config import Config, merge
from dvc.repo import Repo

from execution.checkpoints import STAGE as TRAINING
from execution.checkpoints import CheckpointPushes
from execution.dvc_client import DvcError, DvcSession, start_guard, start_script
from execution.environment import SITE_CACHE, TEMPORARY, clone_environment, keep_to_clone
from execution.git import find_commit, git_environment, name_reference, run_git
from execution.guard import end_processes, remove
from execution.held_folders import make_held_folder
from execution.places import CONTAINER, REMOTE, UnreachableError
from pipeline.errors import InputError
from pipeline.settings.params import read_recorded_params

CLONES = Path(".dvc/tmp/flows/clones")
# For commits on a machine where git knows nobody.
IDENTITY = {"user.name": "Residual Attention pipeline", "user.email": "pipeline@localhost"}


class Clone:
    """A clone and the sessions in it, of DVC and of a DVC remote; `open_clone` makes them and removes them.

    Stages keep checkpoints in the folder `checkpoints`.
    """

    def __init__(self, folder: Path, checkpoints: Path, dvc: DvcSession, remote: DvcSession | None = None):
        self.folder = folder
        self.checkpoints = checkpoints
        self.dvc = dvc
        self.remote = remote

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

    def take_results(self, reference: str) -> None:
        """Begin with what the repository's git reference records: a run again keeps the times that it measured."""
        run_git(self.folder, "fetch", "--quiet", "origin", reference)
        run_git(self.folder, "restore", "--source=FETCH_HEAD", "--staged", "--worktree", "--", ".", ":!.dvc")

    def run_stage(self, stage: str, show: Callable[[str], object]) -> None:
        """Bring one stage up to date, from the cache or the remote if it has been run before, by whatever run.

        Raises:
            DvcError: the stage fails.
            UnreachableError: the remote does not answer.
        """
        pushes = self.take_stage(stage, show)
        printed: list[str] = []

        def take(line: str) -> None:
            printed.append(line)
            show(line)
            if pushes:
                pushes.follow(show)

        self.dvc.run("repro", "--single-item", stage, show=take)
        if any(line.startswith("Running stage") for line in printed):
            # DVC remembers a run whose outputs git tracks on a commit only: without it a run that breaks off later
            # would have this stage run again.
            self.dvc.run("commit", "--force", stage)

    def take_stage(self, stage: str, show: Callable[[str], object]) -> CheckpointPushes | None:
        """Take a stage from the remote; of a training, which is to be run, take what another machine has got to.

        Returns:
            What pushes the training's checkpoints.
        """
        kind, _, network = stage.partition("@")
        if not self.remote or kind != TRAINING:
            self.ask_remote("take", stage)
            return None
        self.ask_remote("take", stage, self.checkpoints, show=show)
        params = read_recorded_params((self.folder / "params.yaml").read_text(), stage)
        return CheckpointPushes(self.checkpoints, network, params, partial(self.ask_remote, "keep", stage))

    def push_stage(self, stage: str) -> None:
        """Push the outputs of a stage that is up to date to the remote, in place of its checkpoints.

        Raises:
            UnreachableError: the remote does not answer, or does not take all of them.
        """
        self.ask_remote("push", stage)

    def ask_remote(self, command: str, stage: str, *paths: Path, show: Callable[[str], object] | None = None) -> None:
        """Have `execution.remote_server` do a command, where there is a remote; `show` takes what it prints."""
        try:
            if self.remote:
                self.remote.run(command, stage, *map(str, paths), show=show)
        except DvcError as error:
            reason = str(error).splitlines()[-1]
            raise UnreachableError(f"{stage} requires a DVC remote that answers. Received: {reason}") from None

    def save_experiment(self, name: str, target: str) -> str:
        """Record the clone's files as an experiment on its commit, and push it to the repository, in place of another.

        Returns:
            The git commit that holds it.

        Raises:
            DvcError: not all of DVC's stages are up to date.
        """
        with Repo(str(self.folder)) as repo:
            changed = repo.status()
        if changed:
            raise DvcError(f"an experiment requires stages that are up to date. Received: {json.dumps(changed)}")
        run_git(self.folder, "add", "--all")
        # The target only spares DVC from committing again what is up to date.
        self.dvc.run("exp", "save", "--force", "--name", name, target)
        self.dvc.run("exp", "push", "--force", "--no-cache", "origin", name)
        return find_commit(self.folder, name_reference(find_commit(self.folder, "HEAD"), name))


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
    guards = [] if os.environ.get(CONTAINER) else [start_guard(folder, "--remove", pass_fds=[held])]
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
            sys.stderr.write(guard.stdout.read().decode())
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
        merge(config, repo.config.read("local"))
        config["cache"]["dir"] = repo.cache.local_cache_dir if share else str(folder / ".dvc/cache")
        config["core"] |= {"autostage": True, "site_cache_dir": str(folder / SITE_CACHE)}
