"""By how much two versions of an output differ, in the terms of its kind."""

import io
import json
import zipfile
from typing import Any

import h5py
import numpy as np
import pandas as pd

from execution.recipe_changes import flatten
from experiments.recorded_run import parse_arrays

Arrays = dict[str, np.ndarray]


def describe_difference(name: str, recorded: bytes, received: bytes) -> str:
    """In words, for a table: the largest difference of numbers, or how many bytes differ where that says nothing."""
    words = ""
    try:
        match name.rpartition(".")[2]:
            case "json":
                words = describe_values(json.loads(recorded), json.loads(received))
            case "keras":
                words = _compare_arrays(_read_weights(recorded), _read_weights(received), "weights")
            case "npy":
                words = _compare_arrays(_read_array(recorded), _read_array(received), "values")
            case "npz":
                words = _compare_arrays(parse_arrays(recorded), parse_arrays(received), "values")
            case "csv":
                words = _compare_arrays(_read_columns(recorded), _read_columns(received), "values")
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile):
        pass  # one of them is damaged
    return words or _count_bytes(recorded, received)


def describe_values(recorded: dict[str, Any], received: dict[str, Any]) -> str:
    """The values that differ between two objects, the first three by dotted key; "" for none."""
    first, second = flatten(recorded), flatten(received)
    keys = [key for key in {**first, **second} if first.get(key) != second.get(key)]
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return "; ".join(f"{key} {_show(first.get(key), second.get(key))}" for key in keys[:3]) + more


def _show(first: object, second: object) -> str:
    """Two values; numbers with six digits where these show the difference."""
    if isinstance(first, float) and isinstance(second, float) and f"{first:.6g}" != f"{second:.6g}":
        return f"{first:.6g} → {second:.6g}"
    return f"{first} → {second}"


def _read_array(content: bytes) -> Arrays:
    return {"": np.load(io.BytesIO(content), allow_pickle=False)}


def _read_columns(content: bytes) -> Arrays:
    table = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    return {str(name): column.to_numpy() for name, column in table.items()}


def _read_weights(content: bytes) -> Arrays:
    """The weights of a `.keras` file."""
    weights: Arrays = {}

    def collect(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            weights[name] = np.asarray(item)

    with zipfile.ZipFile(io.BytesIO(content)) as file:
        stored = file.read("model.weights.h5")
    with h5py.File(io.BytesIO(stored)) as file:
        file.visititems(collect)
    return weights


def _compare_arrays(first: Arrays, second: Arrays, what: str) -> str:
    """How many values differ and by how much, "" for none."""
    shapes = [{name: array.shape for name, array in arrays.items()} for arrays in (first, second)]
    if shapes[0] != shapes[1]:
        sizes = [sum(array.size for array in arrays.values()) for arrays in (first, second)]
        return f"{sizes[0]} {what} → {sizes[1]}, of other names or shapes"
    flat = [pd.Series(np.concatenate([arrays[name].ravel() for name in first])) for arrays in (first, second)]
    changed = flat[0] != flat[1]
    if not changed.any():
        return ""
    numbers = [pd.to_numeric(values[changed], errors="coerce").astype(float) for values in flat]
    most = (numbers[0] - numbers[1]).abs().replace(np.inf, np.nan).max()
    return f"{changed.sum()} of {changed.size} {what}" + (f", by up to {most:.3g}" if most > 0 else "")


def _count_bytes(recorded: bytes, received: bytes) -> str:
    if len(recorded) != len(received):
        return f"{len(recorded)} bytes → {len(received)}"
    differing = np.frombuffer(recorded, np.uint8) != np.frombuffer(received, np.uint8)
    return f"{differing.sum()} of {len(recorded)} bytes"
