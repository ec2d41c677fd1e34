"""Load weights from a saved model that is not trusted: no configuration, no code, no array but the model's own."""

import shutil
import tempfile
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np

from pipeline.errors import InputError
from pipeline.model.network import build_classifier
from pipeline.model.saving import bound_size
from pipeline.outputs import require_space


def load_classifier(network: keras.Model, mean: np.ndarray, path: Path) -> keras.Model:
    """Make a classifier of a network that was built from parameters, with the weights of a saved one.

    Args:
        network: see `build_classifier`, as `mean`.
        mean: see there.
        path: the `.keras` file, of which weights are taken only: no code comes from it.

    Raises:
        InputError: the file is not a model of this network.
    """
    classifier = build_classifier(network, mean)
    load_weights(classifier, path)
    return classifier


def load_weights(model: keras.Model, path: Path) -> None:
    """Load the weights of a `.keras` file into a model that was built from parameters.

    Raises:
        InputError: it is no such file, or its arrays are not the model's in name, shape and type; the model stays.
    """
    with tempfile.TemporaryDirectory() as folder:
        received, required = (Path(folder, f"{name}.weights.h5") for name in ("received", "required"))
        require_space(Path(folder), 2 * bound_size(model))
        model.save_weights(required)
        try:
            _extract_weights(path, received, 2 * required.stat().st_size)
            found = describe_arrays(received)
        except (KeyError, OSError, RuntimeError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(f"{path} requires a saved model. Received: {' '.join(str(error).split())}") from error
        expected = describe_arrays(required)
        for name in sorted({**expected, **found}):
            required_array, received_array = expected.get(name, "none"), found.get(name, "none")
            if required_array != received_array:
                raise InputError(f"{path} requires the array {name}: {required_array}. Received: {received_array}")
        model.load_weights(received)


def _extract_weights(path: Path, target: Path, limit: int) -> None:
    """Write the weights' file in a `.keras` file to `target`, or raise ValueError if it is compressed or too large."""
    with zipfile.ZipFile(path) as file:
        entry = file.getinfo("model.weights.h5")
        if entry.file_size > limit or entry.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{entry.file_size} bytes of weights, compression {entry.compress_type}")
        with file.open(entry) as source, target.open("wb") as extracted:
            shutil.copyfileobj(source, extracted)


def describe_arrays(path: Path) -> dict[str, str]:
    """The arrays of an HDF5 file by name: shape and type; links are left out.

    Raises:
        OSError: it is no such file.
        ValueError: an array is kept in another file.
    """
    arrays = {}

    def describe(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise ValueError(f"{name}, which is kept in another file")
            arrays[name] = f"{item.dtype} {item.shape}"

    with h5py.File(path) as file:
        file.visititems(describe)
    return arrays
