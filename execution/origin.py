"""The git repository that many machines share: commits come from it, experiments go to it.

Its address, which may hold a password, reaches git by the environment: it is in no file and on no command line of ours.
"""

import os
import re
from pathlib import Path

from execution.git import check_version, find_commit, run_git
from execution.places import FOLDER, Places, UnreachableError
from pipeline.errors import InputError
from pipeline.locks import hold_lock

NAME = "runs"  # of the origin, for git; a clone's own is called `origin`
HEAD = "refs/runs/HEAD"
MIRRORED = (f"+HEAD:{HEAD}", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
EXPERIMENTS = "refs/exps/*"
MARK = ".mirror"  # the folder is one
FULL_NAME = re.compile(r"[0-9a-f]{40}")


def bring_commit(places: Places, revision: str) -> None:
    """Have the commit that a revision of the origin means in the folder of `places`; HEAD is the origin's.

    A commit that is known by its full name and is there is not asked for. Without an origin there is nothing to bring.

    Raises:
        InputError: the folder holds something else, or there is no such commit.
        UnreachableError: the origin does not answer.
    """
    if places.origin and not (FULL_NAME.fullmatch(revision) and has_commit(places.repository, revision)):
        mirror_origin(places)


def has_commit(repository: Path, commit: str) -> bool:
    """Whether a repository, which may not be there yet, has a commit."""
    try:
        # Without the first, git would answer for a repository around the folder.
        return (repository / ".git").exists() and find_commit(repository, commit) == commit
    except InputError:
        return False


def mirror_origin(places: Places) -> None:
    """Make the folder a mirror of the origin, with its HEAD as work tree; experiments of its own it keeps.

    Raises:
        InputError: the folder holds something else.
        UnreachableError: the origin does not answer.
    """
    folder = places.repository
    with hold_lock(folder.with_name(f"{folder.name}.lock"), f"another run that fetches into {folder}"):
        begin_mirror(folder)
        # Two, as only branches and tags that the origin has no more are to go: an experiment may not yet be there.
        ask_origin(places, "fetch", "--quiet", "--prune", "--update-head-ok", NAME, *MIRRORED)
        ask_origin(places, "fetch", "--quiet", NAME, f"+{EXPERIMENTS}:{EXPERIMENTS}")
        (folder / ".git/index.lock").unlink(missing_ok=True)  # of a checkout that was killed: there is no other
        run_git(folder, "checkout", "--quiet", "--force", "--detach", HEAD)


def begin_mirror(folder: Path) -> None:
    """Make an empty repository in a folder that is a mirror's.

    Raises:
        InputError: git is too old, or the folder holds something else: a mirror's files are overwritten.
    """
    check_version()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / MARK).exists() and any(folder.iterdir()):
        raise InputError(f"{FOLDER} requires an empty folder, or one that a run has made. Received: {folder}")
    (folder / MARK).touch()
    run_git(folder, "init", "--quiet")


def list_experiments(places: Places) -> dict[str, list[str]]:
    """The git commits of the origin's experiments by name: of each name one for each commit that was run.

    Raises:
        UnreachableError: the origin does not answer.
    """
    found: dict[str, list[str]] = {}
    for line in ask_origin(places, "ls-remote", NAME if places.origin else ".", EXPERIMENTS).splitlines():
        revision, reference = line.split("\t")
        found.setdefault(reference.rpartition("/")[2], []).append(revision)
    return found


def push_reference(places: Places, reference: str) -> None:
    """Push a reference to the origin, in place of another of its name; without an origin it is where it belongs.

    Raises:
        UnreachableError: the origin does not take it.
    """
    if places.origin:
        ask_origin(places, "push", "--quiet", NAME, f"+{reference}:{reference}")


def ask_origin(places: Places, *arguments: str) -> str:
    """What a git command prints for which the origin is called `runs`.

    Raises:
        UnreachableError: it fails.
    """
    count = int(os.environ.get("GIT_CONFIG_COUNT", "0"))
    address = {f"GIT_CONFIG_KEY_{count}": f"remote.{NAME}.url", f"GIT_CONFIG_VALUE_{count}": places.origin or ""}
    env = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_COUNT": str(count + 1), **address} if places.origin else {}
    try:
        return run_git(places.repository, *arguments, env=env)
    except InputError as error:
        raise UnreachableError(str(error)) from None
