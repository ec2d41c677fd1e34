"""Stage `preprocess`: the three splits as uint8 arrays, and the mean image of the training split."""

import hashlib
from pathlib import Path

import matplotlib.image
import numpy as np

from pipeline.cifar.layouts import LAYOUTS, Records, decode_records
from pipeline.cifar.splits import choose_validation_images, mean_image
from pipeline.errors import InputError
from pipeline.inputs import read_json
from pipeline.outputs import write_json, written_aside
from pipeline.params import load_params
from pipeline.stages.command import run
from pipeline.stages.paths import PREPARED, RAW


def preprocess() -> None:
    """Read data/raw/<dataset>/ and write data/prepared/.

    Each split is `<split>-images.npy`, uint8 (n, 32, 32, 3), and `<split>-<name>.npy`, int64 (n,), for `label`,
    `index` (the position in the data set's training or test files) and, for CIFAR-100, `coarse_label`.
    """
    params = load_params()
    raw = RAW / params.download.dataset
    manifest = read_json(raw / "manifest.json", "dataset", "sha256", "layout", "classes", "files")
    layout = LAYOUTS[manifest["layout"]]
    training = read_files(raw, layout.train_files, manifest)
    test = read_files(raw, layout.test_files, manifest)
    for records, words in ((training, "training"), (test, "test")):
        check_classes(records.labels, manifest["classes"], words)
    settings = params.preprocess
    validation = choose_validation_images(training.labels, settings.validation_images, settings.seed)
    train = np.setdiff1d(np.arange(len(training.labels)), validation)
    splits = {
        "train": (training, train),
        "validation": (training, validation),
        "test": (test, np.arange(len(test.labels))),
    }
    mean = mean_image(training.images[train])
    with written_aside(PREPARED) as folder:
        folder.mkdir()
        for split, (records, positions) in splits.items():
            write_split(folder, split, records, positions)
        np.save(folder / "mean.npy", mean)
        # By default the version of Matplotlib would be written, and would move the digest of the data.
        metadata = {"Software": "residual-attention-cifar"}
        matplotlib.image.imsave(folder / "mean.png", mean.round().astype(np.uint8), metadata=metadata)
        write_json(
            folder / "statistics.json",
            {
                "dataset": manifest["dataset"],
                "sha256": manifest["sha256"],
                "classes": manifest["classes"],
                "images": {split: len(positions) for split, (_, positions) in splits.items()},
                "images_per_class": {
                    split: np.bincount(records.labels[positions], minlength=len(manifest["classes"])).tolist()
                    for split, (records, positions) in splits.items()
                },
                "training_files_channel_means": training.images.mean(axis=(0, 1, 2)).tolist(),
                "train_channel_means": mean.mean(axis=(0, 1), dtype=np.float64).tolist(),
            },
        )
    counts = ", ".join(f"{len(positions)} {split}" for split, (_, positions) in splits.items())
    print(f"{PREPARED}: {counts} images")


def read_files(raw: Path, names: tuple[str, ...], manifest: dict) -> Records:
    """Decode files of the manifest one after another.

    Raises:
        InputError: a file is not what the manifest says, or an image has a class that the data set does not name.
    """
    layout = LAYOUTS[manifest["layout"]]
    parts = []
    for name in names:
        content = (raw / name).read_bytes()
        received = hashlib.sha256(content).hexdigest()
        if received != manifest["files"][name]["sha256"]:
            required = manifest["files"][name]["sha256"]
            raise InputError(f"{raw / name} requires sha256 {required}. Received: {received}")
        parts.append(decode_records(content, layout, len(manifest["classes"]), name))
    images, labels, coarse_labels = zip(*parts, strict=True)
    return Records(
        np.concatenate(images),
        np.concatenate(labels),
        None if coarse_labels[0] is None else np.concatenate(coarse_labels),
    )


def check_classes(labels: np.ndarray, classes: list[str], words: str) -> None:
    """Refuse a class without images: its errors would be of nothing.

    Raises:
        InputError: a class has none; `words` says of which images.
    """
    empty = np.flatnonzero(np.bincount(labels, minlength=len(classes)) == 0)
    if len(empty):
        named = ", ".join(classes[label] for label in empty)
        raise InputError(f"the data set requires {words} images of every class. Received: none of {named}")


def write_split(folder: Path, split: str, records: Records, positions: np.ndarray) -> None:
    """Write the images at `positions` and what is known of them as arrays."""
    np.save(folder / f"{split}-images.npy", records.images[positions])
    np.save(folder / f"{split}-label.npy", records.labels[positions])
    np.save(folder / f"{split}-index.npy", positions.astype(np.int64))
    if records.coarse_labels is not None:
        np.save(folder / f"{split}-coarse_label.npy", records.coarse_labels[positions])


if __name__ == "__main__":
    run(preprocess)
