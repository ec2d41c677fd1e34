"""Read what another stage wrote; a file that is missing or damaged is named in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np

from pipeline.errors import InputError

Content = TypeVar("Content")


def read_json(path: Path, *keys: str) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        InputError: there is no such file, or it holds no object with these keys.
    """
    content = _read(path, "a file of JSON", lambda: json.loads(path.read_text()))
    if isinstance(content, dict) and content.keys() >= set(keys):
        return content
    received = ", ".join(content) if isinstance(content, dict) else ""
    raise InputError(f"{path} requires an object with the keys {', '.join(keys)}. Received: {received or 'none'}")


def read_array(path: Path) -> np.ndarray:
    """The array in an `.npy` file, mapped into memory; nothing is unpickled.

    Raises:
        InputError: there is no such file, or it holds no whole array.
    """
    return _read(path, "a file with an array", lambda: np.load(path, mmap_mode="r", allow_pickle=False))


def read_arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """The arrays in an `.npz` file by name; nothing is unpickled.

    Raises:
        InputError: there is no such file, or it does not hold whole arrays, with those of these names.
    """

    def read() -> dict[str, np.ndarray]:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)

    arrays = _read(path, "a file with arrays", read)
    if not arrays.keys() >= set(names):
        raise InputError(f"{path} requires the arrays {', '.join(names)}. Received: {', '.join(arrays) or 'none'}")
    return arrays


def read_table(path: Path, **options: Any) -> Any:
    """The `pandas.DataFrame` in a CSV file; the options are those of `pandas.read_csv`.

    Raises:
        InputError: there is no such file, or it is no CSV.
    """
    import pandas as pd

    return _read(path, "a file with a table", lambda: pd.read_csv(path, **options))


def _read(path: Path, kind: str, read: Callable[[], Content]) -> Content:
    try:
        return read()
    except (OSError, ValueError, EOFError, RecursionError, BadZipFile) as error:
        raise InputError(f"{path} requires {kind}. Received: {' '.join(str(error).split())}") from error
