"""Recorded runs by the names that DVC and git have for them: experiments and other revisions."""

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from dvc.api import DVCFileSystem
from dvc.repo import Repo
from dvc.repo.experiments.refs import ExpRefInfo
from dvc.scm import RevError, resolve_rev

from execution.git import run_git
from experiments.recorded_run import Run, read_run
from pipeline.errors import InputError


def load_run(repository: Path, name: str, commit: str | None = None) -> Run:
    """Read an experiment, or another revision, of a repository.

    Args:
        repository: its folder.
        name: of the experiment, or a revision.
        commit: that the experiment was made from, where those of several commits may have the name; DVC alone takes
            HEAD's, else the only one.

    Raises:
        InputError: there is none of the name, or it holds no complete results on one data set.
    """
    return load_revision(repository, name, resolve_run(repository, name, commit))


def load_revision(repository: Path, name: str, revision: str) -> Run:
    """Read the run that a git commit holds, by the name that it is to have.

    Raises:
        InputError: it holds no complete results on one data set.
    """
    files = RevisionFiles(repository, revision)
    return read_run(name, revision, find_baseline(repository, revision), files.read)


class RevisionFiles:
    """The files of a git commit, those that DVC keeps too.

    One that cannot be had is a FileNotFoundError, whatever is wrong: each kind of DVC remote has errors of its own.
    """

    def __init__(self, repository: Path, revision: str):
        self.files = DVCFileSystem(repo=str(repository), rev=revision)

    def read(self, name: str) -> bytes:
        """The content of a file."""
        with unavailable():
            content: bytes = self.files.read_bytes(name)
        return content

    def list_output(self, output: str) -> dict[str, str | None]:
        """The md5 of each file of an output, as far as DVC tells it, by its name in the project."""
        with unavailable():
            found = self.files.find(output, detail=True)
        return {name.removeprefix("/"): entry.get("md5") for name, entry in found.items()}


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn what a file's storage raises into a FileNotFoundError."""
    try:
        yield
    except Exception as error:
        raise FileNotFoundError(" ".join(str(error).split()) or type(error).__name__) from error


def resolve_run(repository: Path, name: str, commit: str | None = None) -> str:
    """The git commit that holds a run; the arguments are those of `load_run`.

    Raises:
        InputError: there is none, or several and none of HEAD.
    """
    with Repo(str(repository)) as repo:
        try:
            return resolve_rev(repo.scm, str(ExpRefInfo(commit, name)) if commit else name)
        except RevError as error:
            references = {reference: other for _, reference, other in list_recorded(repository)}
            if called := [reference for reference, other in references.items() if other == name]:
                reason = f"of other commits; give one of {', '.join(called)}"
            else:
                alike = get_close_matches(name, dict.fromkeys(references.values()))
                reason = f"alike: {', '.join(alike)}" if alike else str(error)
            raise InputError(
                f"a run requires the name of an experiment or a revision. Received: {name}, {reason}"
            ) from error


def list_recorded(repository: Path) -> list[tuple[str, str, str]]:
    """The git commits of the recorded experiments, each with its reference and its name."""
    form = "--format=%(objectname) %(refname) %(refname:lstrip=4)"
    listed = run_git(repository, "for-each-ref", form, "refs/exps/*/*/*").splitlines()
    return [(revision, reference, name) for revision, reference, name in map(str.split, listed)]


def find_baseline(repository: Path, revision: str) -> str:
    """The commit that an experiment was made from; a revision that is no experiment is its own."""
    references = run_git(repository, "for-each-ref", "--points-at", revision, "--format=%(refname)", "refs/exps")
    # refs/exps/<two digits>/<the others>/<name>
    for reference in references.splitlines():
        parts = reference.split("/")
        if len(parts) == 5:
            return parts[2] + parts[3]
    return revision
