"""Recorded runs, as their files tell them: experiments and other revisions of a repository."""

import io
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.repo.experiments.refs import ExpRefInfo
from dvc.scm import RevError, resolve_rev
from dvc_data.index import DataIndexDirError

from execution.git import run_git
from experiments.output_digests import LOCK, parse_lock
from pipeline.errors import InputError
from pipeline.params import Params, check_params
from pipeline.plain_yaml import load_plain_yaml

Content = TypeVar("Content")

# A file of a revision that git does not have, or DVC's cache.
UNREADABLE = (OSError, DvcException, DataIndexDirError)


class MissingFileError(InputError):
    """A file that a run has is not there."""


class Result(NamedTuple):
    """What a run recorded of one network.

    Keys are those of the version that ran: one that was added later is not there. The error of a split without images
    is None; so are predictions where the DVC cache does not have them.
    """

    metrics: dict[str, Any]
    details: dict[str, Any]
    timing: dict[str, Any]
    machine: dict[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame | None

    @property
    def numbers(self) -> dict[str, Any]:
        """All that was measured, by key."""
        return self.metrics | self.details | self.timing


class Run(NamedTuple):
    """A recorded run.

    Attributes:
        name: as the user gave it.
        revision: the git commit that holds the run.
        commit: that was run: the experiment's baseline, or the revision itself.
        params: of the run.
        digests: of all outputs by name, as its dvc.lock has them; it keeps those of other networks too.
        results: by network.
    """

    name: str
    revision: str
    commit: str
    params: Params
    digests: dict[str, str]
    results: dict[str, Result]

    @property
    def dataset(self) -> tuple[str, str]:
        """The data set's name and sha256."""
        details = next(iter(self.results.values())).details
        return details["dataset"], details["dataset_sha256"]


def load_run(repository: Path, name: str, commit: str | None = None) -> Run:
    """Read an experiment, or another revision, of a repository.

    Args:
        repository: its folder.
        name: of the experiment, or a revision.
        commit: that the experiment was made from, where those of several commits may have the name; DVC alone would
            take HEAD's.

    Raises:
        InputError: there is none of the name, or it holds no complete results on one data set.
    """
    revision = resolve_run(repository, name, commit)
    files = DVCFileSystem(repo=str(repository), rev=revision)
    return read_run(name, revision, find_baseline(repository, revision), files.read_bytes)


def resolve_run(repository: Path, name: str, commit: str | None = None) -> str:
    """The git commit that holds a run; the arguments are those of `load_run`.

    Raises:
        InputError: there is none.
    """
    with Repo(str(repository)) as repo:
        try:
            return resolve_rev(repo.scm, str(ExpRefInfo(commit, name)) if commit else name)
        except RevError as error:
            raise InputError(
                f"a run requires the name of an experiment or a revision. Received: {name}, {error}"
            ) from error


def find_baseline(repository: Path, revision: str) -> str:
    """The commit that an experiment was made from; a revision that is no experiment is its own."""
    references = run_git(repository, "for-each-ref", "--points-at", revision, "--format=%(refname)", "refs/exps")
    # refs/exps/<two digits>/<the others>/<name>
    for reference in references.splitlines():
        parts = reference.split("/")
        if len(parts) == 5:
            return parts[2] + parts[3]
    return revision


def read_run(name: str, revision: str, commit: str, read: Callable[[str], bytes]) -> Run:
    """Put a run together from its files; the arguments are those of `Run`, and what reads a file of the project.

    Raises:
        InputError: the files hold no complete results on one data set.
    """

    def read_file(path: str, convert: Callable[[bytes], Content]) -> Content:
        try:
            content = read(path)
        except UNREADABLE as error:
            raise MissingFileError(
                f"{name} requires the results of a complete run. Received: none in {path}"
            ) from error
        try:
            return convert(content)
        except ValueError as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{name}: {path} is required as a run writes it. Received: {reason}") from error

    content = read_file("params.yaml", lambda content: load_plain_yaml(content, name))
    params = check_params(content, f"{name}: params.yaml")
    digests = read_file(LOCK, lambda content: parse_lock(content, f"{name}: {LOCK}"))
    results = {network: read_result(network, read_file) for network in params.networks}
    data = {network: result.details["dataset_sha256"] for network, result in results.items()}
    if len(set(data.values())) > 1:
        received = "; ".join(f"{network} on {digest}" for network, digest in data.items())
        raise InputError(f"{name} requires results on one data set. Received: {received}")
    return Run(name, revision, commit, params, digests, results)


def read_result(network: str, read_file: Callable[[str, Callable[[bytes], Any]], Any]) -> Result:
    """What a run recorded of a network; `read_file` takes a path in the project and what converts the file's bytes."""
    metrics, timing, machine = (
        read_file(f"{folder}/{network}.json", parse_object) for folder in ("metrics", "timing", "machine")
    )
    details = read_file(f"details/{network}.json", partial(parse_object, keys=("dataset", "dataset_sha256")))
    history = read_file(f"history/{network}.csv", parse_table)
    try:
        # "None" and "7" may be names of classes.
        as_text = partial(parse_table, dtype=str, keep_default_na=False)
        predictions = read_file(f"predictions/{network}.csv", as_text)
    except MissingFileError:
        predictions = None
    return Result(metrics, details, timing, machine, history, predictions)


def parse_object(content: bytes, keys: Iterable[str] = ()) -> dict[str, Any]:
    """An object of JSON with these keys; a ValueError if it is none."""
    parsed = json.loads(content)
    if not isinstance(parsed, dict) or not parsed.keys() >= set(keys):
        raise ValueError(f"no object with the keys {', '.join(keys)}")
    return parsed


def parse_table(content: bytes, **options: Any) -> pd.DataFrame:
    """A table of CSV; the options are those of `pandas.read_csv`."""
    return pd.read_csv(io.BytesIO(content), **options)


def list_networks(*runs: Run) -> list[str]:
    """The networks of several runs, each once, in the order in which they come."""
    return list(dict.fromkeys(network for run in runs for network in run.results))
