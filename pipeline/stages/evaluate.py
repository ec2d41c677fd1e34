"""Stage `evaluate`: errors of a trained model on all three splits. The test set is used here and nowhere else."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.compute.backend import check_libraries, set_up_backend
from pipeline.compute.gpu_lock import hold_gpus
from pipeline.errors import InputError
from pipeline.evaluation import metrics
from pipeline.inputs import read_array
from pipeline.outputs import write_array, write_arrays, write_json, written_aside
from pipeline.settings.params import Params
from pipeline.settings.sections import Attention
from pipeline.stages.command import run_for_network
from pipeline.stages.paths import MEAN, PROJECT_FILE, TFRECORDS

CLASSES_WITH_MASKS = 10  # of each, one image's masks are kept


def evaluate(name: str, params: Params) -> None:
    """Evaluate models/<name>/model.keras.

    Writes, of the test images in their order:

    - metrics/<name>.json: the errors of the three splits in percent, null for an empty validation split.
    - details/<name>.json: losses, calibration, parameters, errors per class; the errors of the mean of what the model
      says of two views of an image (it and its mirror image) and of six (these, moved by a pixel either way too); each
      stage's mean absolute response; and with label noise the train error by the clean labels, where that in
      metrics and the train loss are by those that were trained on.
    - predictions/<name>.csv: actual and predicted class, and the predicted class' probability.
    - predictions/<name>.npy: the probabilities of all classes, float16 (n, classes).
    - masks/<name>.npz: the soft masks by module, see `scale_masks`, of the first image of each of the first ten
      classes; `numbers` has their places among the test images, and `pixels` the images.
    """
    check_libraries(PROJECT_FILE, params.compute.backend)
    hold_gpus(params.compute.device, 1)
    device = set_up_backend(**params.compute.model_dump() | {"devices": 1})
    print(f"{name}: evaluating with {params.compute.backend} on {device}")
    from pipeline.cifar.batches import load_index, load_split, subtract_mean
    from pipeline.model.loading import load_classifier
    from pipeline.model.network import build_network
    from pipeline.model.prediction import list_views, predict
    from pipeline.model.probes import measure_responses, read_masks

    index, mean, batch_size = load_index(TFRECORDS), read_array(MEAN), params.evaluate.batch_size
    network = build_network(name, classes=len(index["classes"]), **params.model.model_dump())
    classifier = load_classifier(network, mean, Path("models", name, "model.keras"))
    errors: dict[str, float | None] = {}
    losses: dict[str, float | None] = {}
    clean_errors: dict[str, float] = {}
    for split_name in ("train", "validation", "test"):
        split = load_split(TFRECORDS, split_name)
        errors[f"{split_name}_error_percent"] = losses[f"{split_name}_loss"] = None
        if len(split.labels):
            print(f"{name}: {len(split.labels)} {split_name} images")
            probabilities = predict(classifier, split.images, batch_size)
            if not np.isfinite(probabilities).all():
                raise InputError(f"{name} requires finite probabilities of {split_name} images. Received: others")
            errors[f"{split_name}_error_percent"] = metrics.error_percent(probabilities, split.labels)
            losses[f"{split_name}_loss"] = metrics.log_loss(probabilities, split.labels)
            if split.clean_labels is not None:
                error = metrics.error_percent(probabilities, split.clean_labels)
                clean_errors[f"{split_name}_error_percent_by_clean_labels"] = error
    # `split` and `probabilities` are now those of the test set.
    views = [probabilities, *(predict(classifier, view, batch_size) for view in list_views(split.images)[1:])]
    images = subtract_mean(split.images, mean)
    responses = measure_responses(network, images, batch_size)
    class_errors = metrics.errors_per_class_percent(probabilities, split.labels)
    details = {
        "dataset": index["dataset"],
        "dataset_sha256": index["sha256"],
        "parameters": sum(int(np.prod(weight.shape)) for weight in classifier.trainable_weights),
        **losses,
        **clean_errors,
        "test_calibration_error_percent": metrics.calibration_error_percent(probabilities, split.labels),
        "test_error_percent_with_mirror_images": metrics.error_percent(np.sum(views[:2], axis=0), split.labels),
        "test_error_percent_with_six_views": metrics.error_percent(np.sum(views, axis=0), split.labels),
        "test_error_percent_per_class": dict(zip(index["classes"], class_errors, strict=True)),
        "mean_absolute_response": {stage: math.fsum(each.tolist()) / len(each) for stage, each in responses.items()},
    }
    first = np.unique(split.labels, return_index=True)[1][:CLASSES_WITH_MASKS]
    masks = read_masks(network, images[first], batch_size)
    write_predictions(name, probabilities, split.labels, index["classes"])
    pictured = {"numbers": first, "pixels": split.images[first]}
    write_arrays(Path("masks", f"{name}.npz"), pictured | scale_masks(masks, params.model.attention))
    write_json(Path("details", f"{name}.json"), details)
    write_json(Path("metrics", f"{name}.json"), errors)
    print(f"{name}: test error {errors['test_error_percent']:.2f} %")


def scale_masks(masks: dict[str, np.ndarray], attention: Attention) -> dict[str, np.ndarray]:
    """Values from 0 to 1 as uint8 from 0 to 255; those of channel attention, from -1 to 1, as int8 from -127 to 127."""
    scale, kind = (127, np.int8) if attention == "channel" else (255, np.uint8)
    return {module: (scale * mask).round().astype(kind) for module, mask in masks.items()}


def write_predictions(name: str, probabilities: np.ndarray, labels: np.ndarray, classes: list[str]) -> None:
    """Write what a model says of each image: as a table, and all of it as an array."""
    import pandas as pd

    names = np.array(classes)
    table: dict[str, Any] = {
        "actual": names[labels],
        "predicted": names[probabilities.argmax(axis=1)],
        "probability": probabilities.max(axis=1).round(6),
    }
    with written_aside(Path("predictions", f"{name}.csv")) as file:
        pd.DataFrame(table).to_csv(file, index_label="index")
    write_array(Path("predictions", f"{name}.npy"), probabilities.astype(np.float16))


if __name__ == "__main__":
    run_for_network(evaluate)
