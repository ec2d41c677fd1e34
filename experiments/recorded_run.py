"""A recorded run, as its files tell it."""

import io
import json
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from dvc.dvcfile import LOCK_FILE

from execution.recorded_code import parse_lock
from pipeline.errors import InputError
from pipeline.settings.params import Params, read_recorded_params

Content = TypeVar("Content")


class MissingFileError(InputError):
    """A file that a run has is not there."""


class Result(NamedTuple):
    """What a run recorded of one network.

    Keys are those of the version that ran: one that was added later is not there. The error of a split without images
    is None; so are predictions and masks where the DVC cache does not have them.
    """

    metrics: dict[str, Any]
    details: dict[str, Any]
    timing: dict[str, Any]
    machine: dict[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame | None
    masks: dict[str, np.ndarray] | None

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


def read_run(name: str, revision: str, commit: str, read: Callable[[str], bytes]) -> Run:
    """Put a run together from its files; the arguments are those of `Run`, and what reads a file of the project.

    Raises:
        InputError: the files hold no complete results on one data set.
    """

    def read_file(path: str, parse: Callable[[bytes], Content]) -> Content:
        try:
            content = read(path)
        except OSError as error:
            raise MissingFileError(
                f"{name} requires the results of a complete run. Received: none in {path} ({error})"
            ) from error
        try:
            return parse(content)
        except ValueError as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{name}: {path} is required as a run writes it. Received: {reason}") from error

    text = read_file("params.yaml", bytes.decode)
    params = read_recorded_params(text, f"{name}: params.yaml")
    digests = read_file(LOCK_FILE, parse_lock)
    results = {network: read_result(network, read_file) for network in params.networks}
    data = {network: result.details["dataset_sha256"] for network, result in results.items()}
    if len(set(data.values())) > 1:
        received = "; ".join(f"{network} on {digest}" for network, digest in data.items())
        raise InputError(f"{name} requires results on one data set. Received: {received}")
    return Run(name, revision, commit, params, digests, results)


def read_result(network: str, read_file: Callable[[str, Callable[[bytes], Any]], Any]) -> Result:
    """What a run recorded of a network; `read_file` takes a path in the project and what parses the file."""
    metrics, timing, machine = (
        read_file(f"{folder}/{network}.json", parse_object) for folder in ("metrics", "timing", "machine")
    )
    details = read_file(f"details/{network}.json", partial(parse_object, keys=("dataset", "dataset_sha256")))
    history = read_file(f"history/{network}.csv", parse_table)
    # "None" and "7" may be names of classes.
    parse_text = partial(parse_table, dtype=str, keep_default_na=False)
    predictions, masks = None, None
    with suppress(MissingFileError):
        predictions = read_file(f"predictions/{network}.csv", parse_text)
    with suppress(MissingFileError):
        masks = read_file(f"masks/{network}.npz", parse_arrays)
    return Result(metrics, details, timing, machine, history, predictions, masks)


def parse_object(content: bytes, keys: Iterable[str] = ()) -> dict[str, Any]:
    """An object of JSON with these keys; a ValueError if it is none."""
    try:
        parsed = json.loads(content)
    except RecursionError as error:
        raise ValueError(str(error)) from error
    if not isinstance(parsed, dict) or not parsed.keys() >= set(keys):
        raise ValueError(f"no object with the keys {', '.join(keys)}")
    return parsed


def parse_table(content: bytes, **options: Any) -> pd.DataFrame:
    """A table of CSV; the options are those of `pandas.read_csv`."""
    return pd.read_csv(io.BytesIO(content), **options)


def parse_arrays(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of an npz file by name; nothing is unpickled. A ValueError if it is none."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return dict(file)
    except (EOFError, OSError, RuntimeError, BadZipFile, zlib.error) as error:
        raise ValueError(str(error)) from error


def list_networks(*runs: Run) -> list[str]:
    """The networks of several runs, each once, in the order in which they come."""
    return list(dict.fromkeys(network for run in runs for network in run.results))
