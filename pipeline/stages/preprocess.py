"""Stage `preprocess`: the three splits as uint8 arrays, and the mean image of the training split."""

from collections.abc import Iterable
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from pipeline.cifar.duplicates import count_duplicates, hash_images
from pipeline.cifar.label_noise import draw_noisy_labels
from pipeline.cifar.layouts import FILE_LAYOUTS, read_images, read_labels
from pipeline.cifar.splits import choose_validation_images
from pipeline.digests import hash_file
from pipeline.errors import InputError
from pipeline.inputs import read_json
from pipeline.outputs import write_json, written_aside
from pipeline.settings.params import Params
from pipeline.settings.sections import Preprocess
from pipeline.stages.command import run
from pipeline.stages.paths import PREPARED, RAW


def preprocess(params: Params) -> None:
    """Read data/raw/<dataset>/ and write data/prepared/.

    Each split is `<split>-images.npy`, uint8 (n, 32, 32, 3), and `<split>-<name>.npy`, int64 (n,), for `label`,
    `index` (the position in the data set's training or test files) and, for CIFAR-100, `coarse_label`. With label noise
    the training split's own label is its `clean_label`, and its `label` may be wrong.
    """
    raw = RAW / params.download.dataset
    manifest = read_json(raw / "manifest.json", "dataset", "sha256", "layout", "classes", "files")
    layout = FILE_LAYOUTS[manifest["layout"]]
    training = load_labels(raw, layout.train_files, manifest)
    test = load_labels(raw, layout.test_files, manifest)
    for labels, words in ((training, "training"), (test, "test")):
        check_classes(labels[:, -1], manifest["classes"], words)
    settings = params.preprocess
    validation = choose_validation_images(training[:, -1], settings.validation_images, settings.seed)
    train = np.setdiff1d(np.arange(len(training)), validation)
    sources = (
        (layout.train_files, training, {"train": train, "validation": validation}),
        (layout.test_files, test, {"test": np.arange(len(test))}),
    )
    written: dict[str, Written] = {}
    counts: dict[str, list[int]] = {}
    with written_aside(PREPARED) as folder:
        folder.mkdir()
        for names, labels, splits in sources:
            images = chain.from_iterable(read_images(raw / name, layout) for name in names)
            written |= write_images(folder, images, splits)
            for split, positions in splits.items():
                write_integers(folder, split, labels[positions], positions)
                counts[split] = np.bincount(labels[positions, -1], minlength=len(manifest["classes"])).tolist()
        sums = {split: images.total for split, images in written.items()}
        mean = (sums["train"] / len(train)).astype(np.float32)
        np.save(folder / "mean.npy", mean)
        Image.fromarray(mean.round().astype(np.uint8)).save(folder / "mean.png")
        statistics = {name: manifest[name] for name in ("dataset", "sha256", "classes")} | {
            "images": {split: sum(numbers) for split, numbers in counts.items()},
            "images_per_class": counts,
            "training_files_channel_means": average_channels(sums["train"] + sums["validation"], len(training)),
            "train_channel_means": average_channels(sums["train"], len(train)),
            "duplicates": count_duplicates({split: images.digests for split, images in written.items()}),
        }
        if settings.label_noise:
            classes = len(manifest["classes"])
            statistics["wrong_train_labels"] = add_label_noise(folder, training[:, -1], train, classes, settings)
        write_json(folder / "statistics.json", statistics)
    for name, words in (("images", "images"), ("duplicates", "of these twice")):
        print(f"{PREPARED}: {', '.join(f'{number} {key}' for key, number in statistics[name].items())} {words}")
    if "wrong_train_labels" in statistics:
        print(f"{PREPARED}: {statistics['wrong_train_labels']} of {len(train)} training labels are wrong")


def average_channels(total: np.ndarray, images: int) -> list[float]:
    """The mean of each channel, from the sum of images, int64 (32, 32, 3)."""
    return (total.sum(axis=(0, 1)) / (images * 32 * 32)).tolist()


def load_labels(raw: Path, names: tuple[str, ...], manifest: dict) -> np.ndarray:
    """The labels in files of the manifest, one after another, int64 (n, 1 or 2); the class is the last of a row.

    Raises:
        InputError: a file is not what the manifest says, or an image has a class that the data set does not name.
    """
    parts = []
    for name in names:
        required, received = manifest["files"][name]["sha256"], hash_file(raw / name)
        if received != required:
            raise InputError(f"{raw / name} requires sha256 {required}. Received: {received}")
        parts.append(read_labels(raw / name, FILE_LAYOUTS[manifest["layout"]], len(manifest["classes"])))
    return np.concatenate(parts)


def check_classes(labels: np.ndarray, classes: list[str], words: str) -> None:
    """Refuse a class without images: its errors would be of nothing.

    Raises:
        InputError: a class has none; `words` says of which images.
    """
    empty = np.flatnonzero(np.bincount(labels, minlength=len(classes)) == 0)
    if len(empty):
        named = ", ".join(classes[label] for label in empty)
        raise InputError(f"the data set requires {words} images of every class. Received: none of {named}")


class Written(NamedTuple):
    """What is known of the images of a split that were written.

    Attributes:
        total: their sum, int64 (32, 32, 3).
        digests: as `pipeline.cifar.duplicates.hash_images` gives them, (n,).
    """

    total: np.ndarray
    digests: np.ndarray


def write_images(folder: Path, parts: Iterable[np.ndarray], splits: dict[str, np.ndarray]) -> dict[str, Written]:
    """Write `<split>-images.npy` of images that are never all in memory.

    Args:
        folder: where to.
        parts: all images in order, uint8 (any number, 32, 32, 3).
        splits: the positions of each split's images, ascending.
    """
    sums = {split: np.zeros((32, 32, 3), np.int64) for split in splits}
    digests: dict[str, list[np.ndarray]] = {split: [] for split in splits}
    with ExitStack() as stack:
        files = {split: stack.enter_context((folder / f"{split}-images.npy").open("wb")) for split in splits}
        for split, positions in splits.items():
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(positions), 32, 32, 3)}
            np.lib.format.write_array_header_1_0(files[split], header)
        start = 0
        for images in parts:
            for split, positions in splits.items():
                first, last = np.searchsorted(positions, [start, start + len(images)])
                chosen = images[positions[first:last] - start]
                files[split].write(chosen)
                sums[split] += chosen.sum(axis=0, dtype=np.uint32)
                digests[split].append(hash_images(chosen))
            start += len(images)
    return {split: Written(sums[split], np.concatenate(digests[split])) for split in splits}


def write_integers(folder: Path, split: str, labels: np.ndarray, positions: np.ndarray) -> None:
    """Write what is known of the images at `positions`, whose labels are int64 (n, 1 or 2), as arrays."""
    np.save(folder / f"{split}-label.npy", labels[:, -1])
    np.save(folder / f"{split}-index.npy", positions.astype(np.int64))
    if labels.shape[1] == 2:
        np.save(folder / f"{split}-coarse_label.npy", labels[:, 0])


def add_label_noise(folder: Path, labels: np.ndarray, positions: np.ndarray, classes: int, settings: Preprocess) -> int:
    """Keep the training split's labels as its clean ones, and write noisy labels in their place.

    Args:
        folder: where they are.
        labels: of all training files, int64 (n,).
        positions: of the training split's images among them.
        classes: how many there are.
        settings: the noise, and the seed that it is drawn from.

    Returns:
        How many of the training split's labels are wrong.
    """
    noisy = draw_noisy_labels(labels, classes, settings.label_noise, settings.seed)[positions]
    (folder / "train-label.npy").rename(folder / "train-clean_label.npy")
    np.save(folder / "train-label.npy", noisy)
    return int((noisy != labels[positions]).sum())


if __name__ == "__main__":
    run(preprocess)
