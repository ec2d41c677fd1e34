"""A clone of the repository, in which one run's stages are run; `execution.open_clone` makes it and removes it."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path

from dvc.repo import Repo

from execution.checkpoints import CheckpointPushes
from execution.dvc_client import DvcError, DvcSession
from execution.git import find_commit, name_reference, run_git
from execution.places import UnreachableError
from pipeline.settings.params import read_recorded_params

TRAINING = "train"  # the stage


class Clone:
    """A clone and the sessions in it, of DVC and of a DVC remote.

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
            stages = [stage.name for stage in TopologicalSorter(repo.index.graph.adj).static_order()]
            after = {out.fs_path for out in repo.index.outs}
        for path in map(Path, before - after):
            if path.is_file():
                path.unlink()
        self.dvc.run("checkout", "--allow-missing")
        return stages

    def remove_outputs(self) -> dict[str, str]:
        """Remove the outputs of all stages, and give the digest that dvc.lock has of each by its name, "" for none."""
        with Repo(str(self.folder)) as repo:
            outputs = {Path(out.fs_path): out.hash_info.value or "" for out in repo.index.outs}
            root = repo.root_dir
        for path in outputs:
            if path.is_dir():
                shutil.rmtree(path)
            path.unlink(missing_ok=True)
        return {path.relative_to(root).as_posix(): digest for path, digest in sorted(outputs.items())}

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
        keep = partial(self.ask_remote, "keep", stage)
        return CheckpointPushes(self.folder, self.checkpoints, network, params, keep)

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
