"""A recorded run, as its files tell it."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd
from dvc.exceptions import DvcException

from pipeline.errors import InputError
from pipeline.params import Params, check_params
from pipeline.plain_yaml import load_plain_yaml

Read = Callable[[str], str]  # the text of a file by its path in the project
Content = TypeVar("Content")

# What pages say of a network, by folder.
KEYS = {
    "metrics": ("train_error_percent", "validation_error_percent", "test_error_percent"),
    "details": ("dataset", "dataset_sha256", "parameters"),
    "timing": ("train_minutes",),
    "machine": ("device", "processor", "libraries"),
}


class Result(NamedTuple):
    """What a run recorded of one network.

    The error of a split without images is None; so are predictions where the DVC cache does not have them.
    """

    metrics: dict[str, Any]
    details: dict[str, Any]
    timing: dict[str, Any]
    machine: dict[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame | None


class Run(NamedTuple):
    """A recorded run.

    Attributes:
        name: as the user gave it.
        revision: the git commit that holds the run.
        commit: that was run: the experiment's baseline, or the revision itself.
        params: of the run.
        results: by network.
    """

    name: str
    revision: str
    commit: str
    params: Params
    results: dict[str, Result]

    @property
    def dataset(self) -> tuple[str, str]:
        """The data set's name and sha256."""
        details = next(iter(self.results.values())).details
        return details["dataset"], details["dataset_sha256"]


def read_run(name: str, revision: str, commit: str, read_text: Read) -> Run:
    """Put a run together from its files; the arguments are those of `Run`, and what reads a file.

    Raises:
        InputError: the files hold no complete results on one data set.
    """

    def read(path: str) -> str:
        try:
            return read_text(path)
        except (OSError, UnicodeDecodeError, DvcException) as error:
            raise InputError(f"{name} requires the results of a complete run. Received: none in {path}") from error

    params = check_params(load_plain_yaml(read("params.yaml").encode(), name), f"{name}: params.yaml")
    results = {network: read_result(name, network, read) for network in params.networks}
    digests = {network: result.details["dataset_sha256"] for network, result in results.items()}
    if len(set(digests.values())) > 1:
        received = "; ".join(f"{network} on {digest}" for network, digest in digests.items())
        raise InputError(f"{name} requires results on one data set. Received: {received}")
    return Run(name, revision, commit, params, results)


def read_folder(name: str, folder: Path, revision: str, commit: str) -> Run:
    """Read a run whose files lie in a folder; the rest is as of `read_run`."""
    return read_run(name, revision, commit, lambda path: (folder / path).read_text(encoding="utf-8"))


def read_result(name: str, network: str, read: Read) -> Result:
    """What a run recorded of a network; the arguments are the run's name, the network's, and what reads a file.

    Raises:
        InputError: a file is not what a run writes, or not there, but for the predictions.
    """

    def read_object(folder: str) -> dict[str, Any]:
        source = f"{folder}/{network}.json"
        content = parse(f"{name}: {source}", read(source), json.loads)
        if not isinstance(content, dict) or not content.keys() >= set(KEYS[folder]):
            raise InputError(f"{name}: {source} requires the keys {', '.join(KEYS[folder])}. Received: others")
        return content

    metrics, details, timing, machine = (read_object(folder) for folder in KEYS)
    source = f"history/{network}.csv"
    history = parse(f"{name}: {source}", read(source), read_table)
    source = f"predictions/{network}.csv"
    try:
        text = read(source)
    except InputError:
        return Result(metrics, details, timing, machine, history, None)
    # "None" and "7" may be names of classes.
    predictions = parse(f"{name}: {source}", text, lambda text: read_table(text, dtype=str, keep_default_na=False))
    return Result(metrics, details, timing, machine, history, predictions)


def read_table(text: str, **options: Any) -> pd.DataFrame:
    """A table from the text of a CSV file; the options are those of `pandas.read_csv`."""
    return pd.read_csv(io.StringIO(text), **options)


def parse(source: str, text: str, convert: Callable[[str], Content]) -> Content:
    """What a file's text says.

    Raises:
        InputError: the file is damaged.
    """
    try:
        return convert(text)
    except ValueError as error:
        raise InputError(
            f"{source} is required as a run writes it. Received: {' '.join(str(error).split())}"
        ) from error


def list_networks(*runs: Run) -> list[str]:
    """The networks of several runs, each once, in the order in which they come."""
    return list(dict.fromkeys(network for run in runs for network in run.results))
