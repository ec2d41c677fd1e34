"""A trained model to ask: of a published run, or of what has just been trained.

>>> from pipeline.trained.classifier import open_classifier
>>> classifier = open_classifier("results/cifar10-cpu-arl")
>>> probabilities = classifier.predict(images)
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.compute.backend import set_up_backend
from pipeline.compute.gpu_lock import hold_gpus
from pipeline.errors import InputError
from pipeline.inputs import read_json
from pipeline.settings.params import Params, read_recorded_params

if TYPE_CHECKING:
    import keras

CLASSES = "test_error_percent_per_class"  # which details have, with all classes in order
MEAN_LAYER = "subtract_mean"
IMAGE_SHAPE = (32, 32, 3)
HOW_TO_GET = "`dvc exp apply <name>` brings a recorded run's into the project's folder"
MOST_BYTES = 2**26  # of a configuration; Attention-92's has 0.6 MB


class Classifier(NamedTuple):
    """A trained network.

    Attributes:
        name: of the network, such as "attention-56".
        classes: their names, in the order of the probabilities.
        params: of the run that trained it.
        network: from mean-subtracted images to logits.
        model: from raw images to probabilities.
        mean: float32 (32, 32, 3), what is subtracted.
    """

    name: str
    classes: list[str]
    params: Params
    network: keras.Model
    model: keras.Model
    mean: np.ndarray

    def predict(self, images: np.ndarray) -> np.ndarray:
        """The probabilities of the classes, float32 (n, classes), for one or more images, uint8 (n, 32, 32, 3)."""
        from pipeline.model.prediction import predict

        return predict(self.model, images, self._count_at_once(images))

    def read_masks(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The soft masks by module, as `pipeline.model.probes.read_masks`, of images, uint8 (n, 32, 32, 3), n ≥ 1."""
        from pipeline.cifar.batches import subtract_mean
        from pipeline.model.probes import read_masks

        return read_masks(self.network, subtract_mean(images, self.mean), self._count_at_once(images))

    def _count_at_once(self, images: np.ndarray) -> int:
        """As many as in evaluation, so that bits are its; fewer where there are fewer.

        Raises:
            InputError: there are none.
        """
        if not len(images):
            raise InputError("one image or more is required. Received: none")
        return min(self.params.evaluate.batch_size, len(images))


def open_classifier(folder: Path | str, name: str | None = None) -> Classifier:
    """Open a trained model, and set the process up for it: before Keras is imported, and for one kind of run.

    Args:
        folder: with params.yaml, details/ and models/: one of results/, or the project's own.
        name: of the network; the first of the run's networks where none is given.

    Raises:
        InputError: the folder has no such model, or the file is not one of this network.
    """
    folder = Path(folder)
    try:
        params = read_recorded_params((folder / "params.yaml").read_bytes(), f"{folder}/params.yaml")
    except OSError as error:
        raise InputError(
            f"a trained model requires the folder of a run. Received: {folder}, {error.strerror}"
        ) from error
    name = name or params.networks[0]
    path = folder / "models" / name / "model.keras"
    if not path.is_file():
        there = ", ".join(sorted(found.parent.name for found in folder.glob("models/*/model.keras"))) or "none"
        raise InputError(f"{folder} requires the model of {name}. Received: {there}; {HOW_TO_GET}")
    classes = list(read_json(folder / "details" / f"{name}.json", CLASSES)[CLASSES])
    # What a GPU has trained, a CPU can be asked.
    device = "any" if params.compute.device == "gpu" else params.compute.device
    hold_gpus(device, 1)
    set_up_backend(**params.compute.model_dump() | {"device": device, "devices": 1})
    from pipeline.model.loading import load_classifier
    from pipeline.model.network import build_network

    mean = read_mean(path)
    network = build_network(name, classes=len(classes), **params.model.model_dump())
    return Classifier(name, classes, params, network, load_classifier(network, mean, path), mean)


def read_mean(path: Path) -> np.ndarray:
    """The mean image that a saved model subtracts, float32 (32, 32, 3); nothing else of its configuration is used.

    Raises:
        InputError: it is no model that the project saved.
    """
    try:
        with zipfile.ZipFile(path) as file:
            entry = file.getinfo("config.json")
            if entry.file_size > MOST_BYTES or entry.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{entry.file_size} bytes of configuration, compression {entry.compress_type}")
            layers = json.loads(file.read(entry))["config"]["layers"]
        (mean,) = [layer["config"]["mean"] for layer in layers if layer["name"] == MEAN_LAYER]
        return np.array(mean, np.float32).reshape(IMAGE_SHAPE)
    # A RuntimeError: it is encrypted, or nested too deeply.
    except (OSError, EOFError, ValueError, LookupError, TypeError, RuntimeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} requires a saved model. Received: {' '.join(str(error).split())}") from error
