"""Save a model so that equal weights give equal bytes."""

import json
import re
import tempfile
import zipfile
from pathlib import Path

import keras

from pipeline.model import tensorflow_layers
from pipeline.outputs import require_space

FIXED_DATE = (1980, 1, 1, 0, 0, 0)


def save_model(model: keras.Model, path: Path) -> None:
    """Write a `.keras` file without times and memory addresses: Keras' entries, sorted, stored, with a fixed date."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        require_space(Path(folder), 2 * bound_size(model))
        original = Path(folder, "model.keras")
        model.save(original)
        with zipfile.ZipFile(original) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
            for name in sorted(source.namelist()):
                content = source.read(name)
                if name == "config.json":
                    content = _name_public_layers(_number_shared_objects(content))
                if name == "metadata.json":
                    metadata = json.loads(content)
                    metadata.pop("date_saved", None)
                    content = json.dumps(metadata, sort_keys=True).encode()
                entry = zipfile.ZipInfo(name, FIXED_DATE)
                entry.external_attr = 0o644 << 16
                target.writestr(entry, content)


def bound_size(model: keras.Model) -> int:
    """Bytes that no saved model of these weights exceeds: 4 a value, and what HDF5 and Keras say of an array.

    HDF5 crashes on a full disk, so that there has to be room before it begins.
    """
    return 4 * model.count_params() + 16384 * len(model.weights)


def _number_shared_objects(config: bytes) -> bytes:
    """Replace the addresses by which Keras says that layers share an object by numbers in order of appearance."""
    numbers: dict[bytes, int] = {}
    return re.sub(
        rb'("shared_object_id": )(\d+)',
        lambda match: match[1] + str(numbers.setdefault(match[2], len(numbers))).encode(),
        config,
    )


def _name_public_layers(config: bytes) -> bytes:
    """Give the project's own versions of Keras' layers as Keras' layers, which plain Keras can load."""

    def rename(item: dict) -> dict:
        if item.get("module") == tensorflow_layers.__name__:
            return {**item, "module": "keras.layers", "registered_name": None}
        return item

    return json.dumps(json.loads(config, object_hook=rename)).encode()
