"""Evaluate a trained model and compare it with its record: `python -m pipeline.check results/cifar10-cpu-arl`."""

import argparse
import sys
from pathlib import Path

import numpy as np

from pipeline.cifar.layouts import FILE_LAYOUTS, read_images
from pipeline.compute.backend import check_libraries
from pipeline.errors import InputError, ended_plainly, print_error
from pipeline.evaluation.metrics import error_percent
from pipeline.inputs import read_array, read_json
from pipeline.settings.params import Params
from pipeline.stages.command import hold_stage
from pipeline.stages.download import download
from pipeline.stages.paths import PROJECT_FILE, RAW
from pipeline.stages.preprocess import load_labels
from pipeline.trained.classifier import open_classifier


def main() -> None:
    """The command; its status is 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a run's folder with its model, such as results/cifar10-cpu-arl, or .")
    parser.add_argument("--network", help="one of the run's; otherwise its first one")
    arguments = parser.parse_args()
    with ended_plainly():
        sys.exit(not check(arguments.run, arguments.network))


def check(folder: Path, name: str | None) -> bool:
    """Compare the error and all probabilities of a model on the test images with those recorded, and print both.

    On a CPU of the kind that results are promised on, they are the same to the bit.

    Raises:
        InputError: there is no such model, it is damaged, or the test images are others.
    """
    classifier = open_classifier(folder, name)
    try:
        check_libraries(PROJECT_FILE, classifier.params.compute.backend)
    except InputError as others:
        print_error(f"warning: bits may differ: {others}")
    name = classifier.name
    recorded = read_array(folder / "predictions" / f"{name}.npy")
    recorded_error = read_json(folder / "metrics" / f"{name}.json", "test_error_percent")["test_error_percent"]
    sha256 = read_json(folder / "details" / f"{name}.json", "dataset_sha256")["dataset_sha256"]
    images, labels = load_test_images(classifier.params, sha256)
    print(f"{name} of {folder}: {len(images)} test images")
    probabilities = classifier.predict(images)
    error = error_percent(probabilities, labels)
    print(f"test error {error:.2f} %, recorded {recorded_error:.2f} %")
    difference = describe_difference(recorded, probabilities)
    print(difference or f"all {len(images)} predictions are the recorded ones, to the bit")
    return error == recorded_error and not difference


def describe_difference(recorded: np.ndarray, probabilities: np.ndarray) -> str:
    """In words how what a model says differs from its record, float16 (n, classes); "" for not at all.

    Raises:
        InputError: the record is of other images or classes.
    """
    if probabilities.shape != recorded.shape:
        raise InputError(f"the record requires predictions {probabilities.shape}. Received: {recorded.shape}")
    received = probabilities.astype(recorded.dtype)
    differing = int((received != recorded).any(axis=1).sum())
    if not differing:
        return ""
    others = int((received.argmax(axis=1) != recorded.argmax(axis=1)).sum())
    largest = np.abs(received.astype(float) - recorded.astype(float)).max()
    return f"{differing} of {len(recorded)} predictions differ, by up to {largest:.2g}; {others} have another class"


def load_test_images(params: Params, sha256: str) -> tuple[np.ndarray, np.ndarray]:
    """The test images of a run's data set, uint8 (n, 32, 32, 3), and their classes; downloaded if need be.

    Raises:
        InputError: they cannot be had, or are not those of the data set with this digest.
    """
    raw = RAW / params.download.dataset
    with hold_stage(download.__name__):
        if not (raw / "manifest.json").exists():
            download(params)
    manifest = read_json(raw / "manifest.json", "sha256", "layout", "classes", "files")
    if manifest["sha256"] != sha256:
        raise InputError(f"{raw} requires the data set with sha256 {sha256}. Received: {manifest['sha256']}")
    layout = FILE_LAYOUTS[manifest["layout"]]
    labels = load_labels(raw, layout.test_files, manifest)[:, -1]
    parts = [images for file in layout.test_files for images in read_images(raw / file, layout)]
    return np.concatenate(parts), labels


if __name__ == "__main__":
    main()
