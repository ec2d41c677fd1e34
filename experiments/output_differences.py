"""By how much two versions of an output differ, in the terms of its kind."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pandas as pd


def describe_difference(name: str, recorded: bytes, received: bytes) -> str:
    """In words, for a table: the largest difference of numbers, or how many bytes differ where that says nothing."""
    compare = COMPARISONS.get(name.rpartition(".")[2], lambda *_: "")
    try:
        words = compare(recorded, received)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile):  # one of them is damaged
        words = ""
    return words or _count_bytes(recorded, received)


def _compare_json(*contents: bytes) -> str:
    first, second = (_flatten(json.loads(content)) for content in contents)
    keys = [key for key in {**first, **second} if first.get(key) != second.get(key)]
    return "; ".join(f"{key} {_show(first.get(key), second.get(key))}" for key in keys[:3]) + _more(len(keys) - 3)


def _show(first: object, second: object) -> str:
    """Two values; numbers with six digits where these show the difference."""
    if isinstance(first, float) and isinstance(second, float) and f"{first:.6g}" != f"{second:.6g}":
        return f"{first:.6g} → {second:.6g}"
    return f"{first} → {second}"


def _compare_csv(*contents: bytes) -> str:
    first, second = (pd.read_csv(io.BytesIO(content), dtype=str) for content in contents)
    if first.shape != second.shape or list(first) != list(second):
        return f"{first.shape[0]} × {first.shape[1]} values → {second.shape[0]} × {second.shape[1]}"
    changed = (first.fillna("") != second.fillna("")).to_numpy()
    numbers = [table.apply(pd.to_numeric, errors="coerce").to_numpy(float) for table in (first, second)]
    return _count(changed, "values", *numbers)


def _compare_npy(*contents: bytes) -> str:
    first, second = (np.load(io.BytesIO(content), allow_pickle=False) for content in contents)
    if first.shape != second.shape:
        return f"shape {first.shape} → {second.shape}"
    return _count(first != second, "values", first, second)


def _compare_keras(*contents: bytes) -> str:
    first, second = (_read_weights(content) for content in contents)
    if {name: array.shape for name, array in first.items()} != {name: array.shape for name, array in second.items()}:
        return "other weights or shapes"
    flat = [np.concatenate([weights[name].ravel() for name in sorted(weights)]) for weights in (first, second)]
    return _count(flat[0] != flat[1], "weights", *flat)


COMPARISONS: dict[str, Callable[..., str]] = {
    "json": _compare_json,
    "csv": _compare_csv,
    "npy": _compare_npy,
    "keras": _compare_keras,
}


def _read_weights(content: bytes) -> dict[str, np.ndarray]:
    """The weights of a `.keras` file by name, float64."""
    weights: dict[str, np.ndarray] = {}

    def collect(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            weights[name] = np.asarray(item, np.float64)

    with zipfile.ZipFile(io.BytesIO(content)) as file:
        stored = file.read("model.weights.h5")
    with h5py.File(io.BytesIO(stored)) as file:
        file.visititems(collect)
    return weights


def _flatten(content: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(content, dict):
        return {prefix: content}
    parts = (_flatten(value, f"{prefix}.{key}" if prefix else key) for key, value in content.items())
    return {name: value for part in parts for name, value in part.items()}


def _count(changed: np.ndarray, what: str, first: np.ndarray, second: np.ndarray) -> str:
    """How many values differ and by how much, "" for none."""
    if not changed.any():
        return ""
    differences = np.abs(first.astype(np.float64) - second.astype(np.float64))
    finite = differences[np.isfinite(differences)]
    most = f", by up to {finite.max():.3g}" if finite.size and finite.max() else ""
    return f"{changed.sum()} of {changed.size} {what}{most}"


def _count_bytes(recorded: bytes, received: bytes) -> str:
    if len(recorded) != len(received):
        return f"{len(recorded)} bytes → {len(received)}"
    differing = np.frombuffer(recorded, np.uint8) != np.frombuffer(received, np.uint8)
    return f"{differing.sum()} of {len(recorded)} bytes"


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""
