"""Stage `evaluate`: errors of a trained model on all three splits. The test set is used here and nowhere else."""

from pathlib import Path

import numpy as np

from pipeline.compute.backend import check_libraries, set_up_backend
from pipeline.compute.gpu_lock import hold_gpus
from pipeline.errors import InputError
from pipeline.inputs import read_array
from pipeline.outputs import write_json, written_aside
from pipeline.settings.params import Params
from pipeline.stages.command import run_for_network
from pipeline.stages.paths import MEAN, PROJECT, TFRECORDS


def evaluate(name: str, params: Params) -> None:
    """Evaluate models/<name>/model.keras.

    Writes metrics/<name>.json (the three errors in percent, null for an empty validation split), details/<name>.json
    (losses, calibration, parameters, errors per class, and the error with mirror images: of the mean of what the model
    says of an image and of its mirror image) and predictions/<name>.csv (the test images, in order: actual and
    predicted class, and the predicted class' probability).
    """
    check_libraries(PROJECT, params.compute.backend)
    hold_gpus(params.compute.device, 1)
    device = set_up_backend(**params.compute.model_dump() | {"devices": 1})
    print(f"{name}: evaluating with {params.compute.backend} on {device}")
    import pandas as pd

    from pipeline.cifar.batches import load_index, load_split
    from pipeline.evaluation import metrics
    from pipeline.model.loading import load_classifier
    from pipeline.model.network import build_network
    from pipeline.model.prediction import predict

    index = load_index(TFRECORDS)
    network = build_network(name, classes=len(index["classes"]), **params.model.model_dump())
    classifier = load_classifier(network, read_array(MEAN), Path("models", name, "model.keras"))
    errors: dict[str, float | None] = {}
    losses: dict[str, float | None] = {}
    for split_name in ("train", "validation", "test"):
        split = load_split(TFRECORDS, split_name)
        errors[f"{split_name}_error_percent"] = losses[f"{split_name}_loss"] = None
        if len(split.labels):
            print(f"{name}: {len(split.labels)} {split_name} images")
            probabilities = predict(classifier, split.images, params.evaluate.batch_size)
            if not np.isfinite(probabilities).all():
                raise InputError(f"{name} requires finite probabilities of {split_name} images. Received: others")
            errors[f"{split_name}_error_percent"] = metrics.error_percent(probabilities, split.labels)
            losses[f"{split_name}_loss"] = metrics.log_loss(probabilities, split.labels)
    # `split` and `probabilities` are now those of the test set.
    mirrored = predict(classifier, split.images[:, :, ::-1], params.evaluate.batch_size)
    class_errors = metrics.errors_per_class_percent(probabilities, split.labels)
    details = {
        "dataset": index["dataset"],
        "dataset_sha256": index["sha256"],
        "parameters": sum(int(np.prod(weight.shape)) for weight in classifier.trainable_weights),
        **losses,
        "test_calibration_error_percent": metrics.calibration_error_percent(probabilities, split.labels),
        "test_error_percent_with_mirror_images": metrics.error_percent(probabilities + mirrored, split.labels),
        "test_error_percent_per_class": dict(zip(index["classes"], class_errors, strict=True)),
    }
    classes = np.array(index["classes"])
    predictions = pd.DataFrame(
        {
            "actual": classes[split.labels],
            "predicted": classes[probabilities.argmax(axis=1)],
            "probability": probabilities.max(axis=1).round(6),
        }
    )
    with written_aside(Path("predictions", f"{name}.csv")) as file:
        predictions.to_csv(file, index_label="index")
    write_json(Path("details", f"{name}.json"), details)
    write_json(Path("metrics", f"{name}.json"), errors)
    print(f"{name}: test error {errors['test_error_percent']:.2f} %")


if __name__ == "__main__":
    run_for_network(evaluate)
