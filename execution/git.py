"""The repository that runs come from and go back to, through git."""

import os
import re
import subprocess
from pathlib import Path

from pipeline.errors import InputError

LOCATIONS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX")


def git_environment() -> dict[str, str]:
    """The environment without what a git hook sets, which would lead git to the hook's repository."""
    return {name: value for name, value in os.environ.items() if name not in LOCATIONS}


def hide_credentials(text: str) -> str:
    """A text without the names, passwords and tokens in its addresses."""
    return re.sub(r"(?<=://)[^/@\s]+@", "…@", text)


def run_git(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    """What a git command prints, without newlines at its end; `env` adds to its environment.

    Raises:
        InputError: there is no git, it refuses, or what it prints is not UTF-8; the reason is part of the message.
    """
    # Without optional locks, a look at the status never stands in the way of the user's own git.
    command = ["git", "--no-optional-locks", "-c", "core.quotePath=false", "-C", str(folder), *arguments]
    env = git_environment() | (env or {})
    try:
        done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=env)
    except FileNotFoundError:
        path = os.environ.get("PATH", os.defpath)
        raise InputError(f"a flow requires git on the PATH. Received: none in {path}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"git {' '.join(arguments)} requires text in UTF-8. Received: {error}") from None
    if done.returncode:
        reason = hide_credentials(" ".join(done.stderr.split())) or f"exit status {done.returncode}"
        raise InputError(f"git {arguments[0]} requires a repository that it can use. Received: {reason}")
    return done.stdout.rstrip("\n")


def check_version() -> None:
    """See that git knows what is asked of it.

    Raises:
        InputError: it is older than 2.31, from which on it takes configuration from the environment.
    """
    version = run_git(Path(), "version")
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < (2, 31):
        raise InputError(f"a flow requires git 2.31 or later. Received: {version}")


def check_repository(folder: Path) -> None:
    """See that runs can be made from the repository in `folder` and be recorded in it.

    Raises:
        InputError: git is too old, or there is no work tree, or no complete history.
    """
    check_version()
    if not (folder / ".git").exists():
        raise InputError(f"a flow requires a git work tree. Received: {folder}, which has no .git")
    if run_git(folder, "rev-parse", "--is-shallow-repository") == "true":
        raise InputError(
            f"a flow requires a full clone, as DVC's experiments do. Received: a shallow one, {folder}; "
            "`git fetch --unshallow` completes it"
        )


def find_commit(folder: Path, revision: str) -> str:
    """The full name of the commit that a revision means.

    Raises:
        InputError: it means none.
    """
    try:
        return run_git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except InputError:
        raise InputError(f"commit requires a revision of {folder}. Received: {revision}") from None


def check_name(folder: Path, name: str) -> None:
    """See that a name can be an experiment's, and means nothing else to git.

    Raises:
        InputError: git does not allow it, or a branch or a tag has it, which DVC would take for the experiment.
    """
    run_git(folder, "check-ref-format", f"refs/exps/{name}")
    references = [f"refs/heads/{name}", f"refs/tags/{name}"]
    # Git lists what lies below these names, too.
    if set(references) & set(run_git(folder, "for-each-ref", "--format=%(refname)", *references).split()):
        raise InputError(f"an experiment requires a name that no branch or tag has. Received: {name}")


def name_reference(commit: str, experiment: str) -> str:
    """The git reference that DVC gives an experiment of a commit."""
    return f"refs/exps/{commit[:2]}/{commit[2:]}/{experiment}"


def describe_uncommitted(folder: Path, names: int = 10) -> str:
    """The files that differ from HEAD or that git does not know, which a run of a commit leaves out; "" for none."""
    files = [line[3:] for line in run_git(folder, "status", "--porcelain").splitlines()]
    others = f" and {len(files) - names} more" if len(files) > names else ""
    return ", ".join(files[:names]) + others


def read_committed(folder: Path, commit: str, path: str) -> str:
    """The text of a file as committed, with one newline at its end."""
    return run_git(folder, "show", f"{commit}:{path}") + "\n"


def list_committed(folder: Path, commit: str, path: str) -> list[str]:
    """The names of the files in a folder as committed, "." for the uppermost; none where there is no such folder."""
    return [Path(name).name for name in run_git(folder, "ls-tree", "--name-only", commit, f"{path}/").splitlines()]


def list_changed(folder: Path, first: str, second: str) -> list[str]:
    """The paths of the files that differ between two commits."""
    return run_git(folder, "diff", "--name-only", "-z", "--no-renames", first, second).split("\0")[:-1]


def list_recipes(folder: Path, commit: str) -> list[str]:
    """The names of the recipes of a commit."""
    return list_yaml(folder, commit, "recipes")


def list_yaml(folder: Path, commit: str, path: str) -> list[str]:
    """The names of the YAML files in a committed folder, without their ending; none where there is no such one."""
    return sorted(Path(name).stem for name in list_committed(folder, commit, path) if name.endswith(".yaml"))


def check_ancestor(folder: Path, commit: str, name: str) -> None:
    """See that whoever has HEAD has the commit of a run; `name` is the run's.

    Raises:
        InputError: HEAD's history does not contain it.
    """
    try:
        run_git(folder, "merge-base", "--is-ancestor", commit, "HEAD")
    except InputError:
        received = f"{name}, of {commit}"
        raise InputError(f"a published run requires a commit that HEAD contains. Received: {received}") from None
